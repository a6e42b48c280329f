package licensefile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Mismatch is one place where page text, metadata, machine file and register do not say the same.
type Mismatch struct {
	Where string // page | metadata | machine | index | identifier
	Key   string // element or item; never a value
}

// InconsistentError lists what does not agree.
type InconsistentError struct{ Mismatches []Mismatch }

// Error names places, not values.
func (e *InconsistentError) Error() string {
	places := make([]string, len(e.Mismatches))
	for i, m := range e.Mismatches {
		places[i] = m.Where + ":" + m.Key
	}
	return "licensefile: page text, metadata and register do not agree: " + strings.Join(places, ", ")
}

// CheckConsistency compares a file of ours with the register: the machine file, the metadata of DocInfo and the page text
// must say the same, the identifier must be well made, and nothing else may be written on the pages. Errors are
// *InconsistentError, or those of Read.
func CheckConsistency(p *ofd.Package, register catalog.Values) error {
	return CheckConsistencyWith(catalog.Default(), p, register)
}

// CheckConsistencyWith is CheckConsistency with a catalogue.
func CheckConsistencyWith(c *catalog.Catalog, p *ofd.Package, register catalog.Values) error {
	l, err := ReadWith(c, p)
	if err != nil {
		return err
	}
	return l.compare(p, register)
}

func (l *License) compare(p *ofd.Package, register catalog.Values) error {
	if !l.Ours || l.Type == nil {
		return fmt.Errorf("%w: not a file of this platform", ErrNoLicense)
	}
	var found []Mismatch
	add := func(where, key string) { found = append(found, Mismatch{where, key}) }
	if id, err := catalog.ParseID(l.ID); err != nil || id.TypeCode != l.TypeCode || id.IssuerCode != register.First(catalog.KeyAuthorityCode) || id.Version != register.First(catalog.KeyVersion) {
		add("identifier", catalog.KeyLicenseID)
	}
	for _, key := range unionKeys(l.Values, register) {
		if !slices.Equal(l.Values[key], register[key]) {
			add("machine", key)
		}
	}
	for _, key := range unionKeys(l.custom, register) {
		if _, named := pinyinOf(l.Type, key); named && !slices.Equal(l.custom[key], register[key]) {
			add("metadata", key)
		}
	}
	pages, err := l.comparePages(p, register)
	if err != nil {
		return err
	}
	if found = append(found, pages...); len(found) > 0 {
		return &InconsistentError{found}
	}
	return nil
}

func unionKeys(a, b catalog.Values) []string {
	var keys []string
	for key := range a {
		keys = append(keys, key)
	}
	for key := range b {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// pinyinOf is the name under which DocInfo holds an element; false when it has none there.
func pinyinOf(t *catalog.Type, key string) (string, bool) {
	if f, ok := t.Field(key); ok {
		return f.Pinyin, f.Pinyin != ""
	}
	e, _ := catalog.Default().Element(key)
	return e.Pinyin, e.Pinyin != ""
}

// CustomDatas are the metadata of DocInfo for the values, in the order of the type's fields and of the common elements.
func CustomDatas(t *catalog.Type, values catalog.Values) []ofd.CustomData {
	var list []ofd.CustomData
	done := map[string]bool{}
	add := func(key string) {
		if name, ok := pinyinOf(t, key); ok && !done[key] {
			for _, value := range values[key] {
				list = append(list, ofd.CustomData{Name: name, Value: value})
			}
		}
		done[key] = true
	}
	for _, f := range t.Fields {
		add(f.Key)
	}
	for _, e := range catalog.Default().Elements() {
		add(e.Key)
	}
	return list
}

// squeeze drops white space, which lines of a page do not keep.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// comparePages checks that every bound item shows the register's value, that fixed texts are the template's, and that
// nothing else is written on the pages.
func (l *License) comparePages(p *ofd.Package, register catalog.Values) ([]Mismatch, error) {
	index, err := readIndex(p)
	if err != nil {
		return nil, err
	}
	itemOf := map[string]string{} // object → item
	for _, entry := range index {
		for _, object := range entry.objects {
			if _, twice := itemOf[object]; twice {
				return []Mismatch{{"index", entry.item}}, nil
			}
			itemOf[object] = entry.item
		}
	}
	shown, loose, hidden, err := pageTexts(p, itemOf)
	if err != nil {
		return nil, err
	}
	var found []Mismatch
	for _, item := range l.Type.Bound() {
		if shown[item.ID] != squeeze(l.Type.Display(item, register)) {
			found = append(found, Mismatch{"page", item.ID})
		}
		delete(shown, item.ID)
	}
	for _, id := range sortedKeys(shown) {
		found = append(found, Mismatch{"index", id})
	}
	if hidden || !slices.Equal(loose, fixedTexts(l.Type, register, loose)) {
		found = append(found, Mismatch{"page", "other_text"})
	}
	pictures, err := l.comparePictures(p, register, itemOf)
	return append(found, pictures...), err
}

// comparePictures checks that the photo that the register names, and no other picture, is drawn on the pages: at its place, whole, and from a file with
// its digest. Files are compared as octets; no picture is decoded.
func (l *License) comparePictures(p *ofd.Package, register catalog.Values, itemOf map[string]string) ([]Mismatch, error) {
	photo, named := l.Type.PhotoOf(register)
	item, on, _ := l.Type.PhotoItem()
	found, other := false, p.Current().Annotated()
	for n, page := range p.Current().Pages {
		pictures, err := p.Pictures(page)
		if err != nil {
			return nil, err
		}
		for _, picture := range pictures {
			if !named || found || n != on || itemOf[picture.ObjectID] != item.ID || !drawnAs(picture, item.PlacePhoto(photo)) {
				other = true
				continue
			}
			content, err := p.Read(picture.File)
			if found = err == nil && len(content) == photo.Octets && digest.Hex(content) == photo.SM3; !found { // also what leads nowhere
				other = true
			}
		}
	}
	var list []Mismatch
	if found != named {
		list = append(list, Mismatch{"page", item.ID})
	}
	if other {
		list = append(list, Mismatch{"page", "other_picture"})
	}
	return list, nil
}

// drawnAs tells whether a picture is whole and stands where it belongs, to a hundredth of a millimetre.
func drawnAs(picture ofd.Picture, at catalog.PhotoPlace) bool {
	near := func(found []float64, want ...float64) bool {
		return slices.EqualFunc(found, want, func(x, y float64) bool { return x-y < 0.01 && y-x < 0.01 })
	}
	return picture.Plain && near(picture.Boundary, at.XMM, at.YMM, at.WidthMM, at.HeightMM) && near(picture.Matrix, at.PictureWidthMM, 0, 0, at.PictureHeightMM, at.LeftMM, at.TopMM)
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// pageTexts gives the text shown for each item, and the sorted texts that belong to no item.
func pageTexts(p *ofd.Package, itemOf map[string]string) (shown map[string]string, loose []string, hidden bool, err error) {
	shown = map[string]string{}
	for _, page := range p.Current().Pages {
		runs, err := p.PageText(page)
		if err != nil {
			return nil, nil, false, err
		}
		for _, run := range runs {
			hidden = hidden || run.Hidden
			if item, ok := itemOf[run.ObjectID]; ok {
				shown[item] += squeeze(run.Value)
			} else {
				loose = append(loose, squeeze(run.Value))
			}
		}
	}
	slices.Sort(loose)
	return shown, loose, hidden, nil
}

// fixedTexts are the texts that the template writes itself, sorted. Title and labels of annex pages may be there or not,
// any number of times: as often as in what was found. Words for a missing photo stand where it is missing.
func fixedTexts(t *catalog.Type, register catalog.Values, found []string) []string {
	var list []string
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			if item.Kind == catalog.ItemText && item.Bind == "" || item.Kind == catalog.ItemPhoto && item.Text != "" && register.First(item.Bind) == "" {
				list = append(list, squeeze(item.Text))
			}
		}
	}
	optional := map[string]bool{squeeze(t.Face.Annex.Title): true, squeeze(t.Face.Annex.Note): true}
	for _, item := range t.Bound() {
		if item.Overflow == catalog.OverflowAnnex {
			optional[squeeze(t.Label(item.Bind, "zh-CN"))] = true
		}
	}
	count := map[string]int{}
	for _, text := range list {
		count[text]++
	}
	for _, text := range found {
		if count[text] > 0 {
			count[text]--
		} else if optional[text] {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

type indexEntry struct {
	item    string
	objects []string
}

// readIndex reads the data index: the custom tag that says which page objects show which item.
func readIndex(p *ofd.Package) ([]indexEntry, error) {
	tree, err := indexTree(p)
	if err != nil {
		return nil, err
	}
	var list []indexEntry
	for _, element := range tree.All("Element") {
		entry := indexEntry{item: element.AttrOr("Item", "")}
		for _, ref := range element.All("ObjectRef") {
			entry.objects = append(entry.objects, ref.Value())
		}
		list = append(list, entry)
	}
	return list, nil
}

// indexTree follows the list of custom tags; what leads nowhere names nothing.
func indexTree(p *ofd.Package) (*ofd.Node, error) {
	document := p.Current()
	root, _ := p.Tree(document.Root)
	list, _ := ofd.Resolve(document.Root, root.Child("CustomTags").Value())
	tags, _ := p.Tree(list)
	for _, tag := range tags.All("CustomTag") {
		if tag.AttrOr("TypeID", "") != IndexTypeID {
			continue
		}
		file, _ := ofd.Resolve(list, tag.Child("FileLoc").Value())
		if tree, err := p.Tree(file); err == nil {
			return tree, nil
		}
		break
	}
	return nil, fmt.Errorf("%w: no data index", ErrMachine)
}
