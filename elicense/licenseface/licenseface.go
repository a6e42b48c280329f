// Package licenseface makes the unsealed licence file, and the same pages as a PDF for reading: pages drawn from the face template of a licence type (证照照面),
// with subset fonts embedded, metadata, machine file and data index inside (GB/T 36905-2018, GB/T 33190-2016).
//
// Equal input gives equal octets. Making is apart from judging (licensefile), since the verifier in a browser must stay
// free of fonts.
//
// It is a leaf: no I/O, no clock. Sealing is not done here.
package licenseface

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/pdfpage"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Errors of Build.
var (
	ErrValues   = errors.New("licenseface: values are refused")
	ErrTypeface = errors.New("licenseface: no such typeface")
	ErrOverflow = errors.New("licenseface: a text does not fit its box")
	ErrLanguage = errors.New("licenseface: the face has no words in this language")
)

// UndrawableError names characters that the typeface does not hold. They are reported instead of drawn as empty boxes.
type UndrawableError struct {
	Item       string
	Characters string
}

// Error is for logs and reports.
func (e *UndrawableError) Error() string {
	return fmt.Sprintf("licenseface: item %q holds %d characters that cannot be drawn", e.Item, len([]rune(e.Characters)))
}

// Typeface is a built-in face of letters.
type Typeface interface {
	// Name and Family are written into the document.
	Name() string
	Family() string
	// Advance is the width of a character in parts of the size; false when the face does not hold it.
	Advance(r rune) (float64, bool)
	// Subset is a TrueType file with the characters of the text and no others.
	Subset(text string) ([]byte, error)
}

// Config of a Maker.
type Config struct {
	Faces map[string]Typeface // by the names that templates use; BuiltIn when nil
	// VerifyAddress is what the QR code leads to; the identifier is appended as query value license_id.
	VerifyAddress string
}

// BuiltIn are the built-in faces by the names that templates use.
func BuiltIn() map[string]Typeface {
	return map[string]Typeface{"sans": typeface.Sans(), "serif_bold": typeface.Serif()}
}

// Maker makes licence files. It is read-only and safe to share.
type Maker struct{ cfg Config }

// New checks that the built-in types can be drawn with the faces; others are checked with Check.
func New(cfg Config) (*Maker, error) {
	if cfg.VerifyAddress == "" {
		return nil, fmt.Errorf("%w: no address for the QR code", ErrValues)
	}
	if cfg.Faces == nil {
		cfg.Faces = BuiltIn()
	}
	m := &Maker{cfg: cfg}
	for _, t := range catalog.Types() {
		if err := m.Check(t); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Check makes sure that the faces hold what the template of a type writes itself: its fixed texts, and on annex pages their title and the
// labels of values that go there. Errors wrap ErrTypeface, ErrOverflow or are *UndrawableError.
func (m *Maker) Check(t *catalog.Type) error {
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			if item.Kind == catalog.ItemPhoto && item.Text != "" {
				item = placeholder(item)
			}
			if item.Kind != catalog.ItemText {
				continue
			}
			for _, language := range t.Languages()[1:] {
				if err := m.checkWords(t, item, language); err != nil {
					return err
				}
			}
			if _, ok := m.cfg.Faces[item.Font]; !ok {
				return fmt.Errorf("%w: %q of type %s", ErrTypeface, item.Font, t.Code)
			}
			texts := []string{item.Text}
			if item.Overflow == catalog.OverflowAnnex {
				texts = []string{t.Face.Annex.Title, t.Face.Annex.Note, t.Label(item.Bind, "zh-CN")}
			}
			for _, text := range texts {
				line, err := m.measure(item, text, item.SizeMM)
				if err != nil {
					return err
				}
				if item.Bind == "" && line.width > item.WidthMM {
					return fmt.Errorf("%w: %q", ErrOverflow, text)
				}
			}
		}
	}
	return nil
}

// checkValues judges the values, and that the photo is the picture that they name.
func checkValues(t *catalog.Type, values catalog.Values, photo []byte) error {
	if err := t.CheckValues(values); err != nil {
		return fmt.Errorf("%w: %w", ErrValues, err)
	}
	if named, ok := t.PhotoOf(values); ok != (photo != nil) || ok && named.SM3 != digest.Hex(photo) {
		return fmt.Errorf("%w: another photo than they name", ErrValues)
	}
	return nil
}

// Build makes the unsealed file. The photo is the picture that the values name, nil where they name none. Errors wrap ErrValues, ErrOverflow or are
// *UndrawableError.
func (m *Maker) Build(t *catalog.Type, values catalog.Values, photo []byte, status licensefile.StatusEntry) ([]byte, error) {
	if err := checkValues(t, values, photo); err != nil {
		return nil, err
	}
	machine, err := licensefile.EncodeMachine(t, values, status)
	if err != nil {
		return nil, err
	}
	id := values.First(catalog.KeyLicenseID)
	created := values.First(catalog.KeyCreatedAt)
	b := &ofd.Builder{
		Info: ofd.Info{
			DocID: hex.EncodeToString(digest.Sum([]byte(id))[:16]), Title: values.First(catalog.KeyName), Author: values.First(catalog.KeyAuthority),
			Creator: "Yinxin", CreationDate: created[:4] + "-" + created[4:6] + "-" + created[6:8], CustomDatas: licensefile.CustomDatas(t, values),
		},
		Attachments: []ofd.BuildAttachment{{Name: licensefile.MachineName, Format: "json", Content: machine, Hidden: true}},
	}
	d, err := m.lay(t, values, photo, catalog.Original, nil)
	if err != nil {
		return nil, err
	}
	b.Fonts, b.Images = d.files, d.images
	for _, page := range d.pages {
		built := ofd.BuildPage{Width: page.Width, Height: page.Height}
		for _, item := range page.Items {
			built.Objects = append(built.Objects, item.Object)
		}
		b.Pages = append(b.Pages, built)
	}
	files, err := b.Files() // hands out the ids that the data index needs
	if err != nil {
		return nil, err
	}
	shown, err := d.index(files)
	if err != nil {
		return nil, err
	}
	b.Tags = []ofd.BuildTag{{TypeID: licensefile.IndexTypeID, Content: licensefile.EncodeIndex(t, shown)}}
	again, err := b.Files()
	if err != nil {
		return nil, err
	}
	return ofd.Pack(again)
}

// PDF makes the pages as PDF, from the layout that Build writes as OFD: in the words of one of the face's languages, and with the sentences of the notice in a
// strip below each page, since a PDF is a copy for reading that bears no seal. Errors wrap ErrValues, ErrLanguage, ErrOverflow or pdfpage.ErrPage, or are
// *UndrawableError.
func (m *Maker) PDF(t *catalog.Type, values catalog.Values, photo []byte, language string, notice []string) ([]byte, error) {
	if err := checkValues(t, values, photo); err != nil {
		return nil, err
	}
	if !slices.Contains(t.Languages(), language) {
		return nil, fmt.Errorf("%w: %q", ErrLanguage, language)
	}
	d, err := m.lay(t, values, photo, language, notice)
	if err != nil {
		return nil, err
	}
	return pdfpage.Write(pdfpage.Document{Title: d.title, Author: values.First(catalog.KeyAuthority), Language: language, Fonts: d.files, Images: d.images, Pages: d.pages})
}

// drawing is the layout of one licence, which is written as OFD or as PDF.
type drawing struct {
	maker       *Maker
	licenseType *catalog.Type
	values      catalog.Values
	language    string
	title       string
	pages       []pdfpage.Page
	files       []ofd.BuildFont          // of the fonts
	images      []ofd.BuildImage         // the photo
	fonts       []string                 // names in the order of files
	used        map[string]map[rune]bool // characters by face
	shown       []shownItem
	annexes     []annex
	block       int // the last one
}

type shownItem struct {
	item catalog.FaceItem
	at   []place
}

type place struct {
	page int // from 0
	id   *int
}

type annex struct {
	item catalog.FaceItem
	rest string
	of   int // in shown
}

func (d *drawing) font(name string) int {
	if i := slices.Index(d.fonts, name); i >= 0 {
		return i
	}
	d.fonts = append(d.fonts, name)
	d.used[name] = map[rune]bool{}
	return len(d.fonts) - 1
}

var layers = []string{"background", "", "body", "foreground"}

// lay puts the licence on pages.
func (m *Maker) lay(t *catalog.Type, values catalog.Values, photo []byte, language string, notice []string) (*drawing, error) {
	d := &drawing{maker: m, licenseType: t, values: values, language: language, title: t.Name.In(language), used: map[string]map[rune]bool{}}
	if photo != nil {
		d.images = []ofd.BuildImage{{Format: "JPEG", File: photo}}
	}
	address := m.cfg.VerifyAddress + "?license_id=" + values.First(catalog.KeyLicenseID)
	for n, page := range t.Face.Pages {
		d.pages = append(d.pages, pdfpage.Page{Width: page.WidthMM, Height: page.HeightMM})
		items := slices.Clone(page.Items)
		slices.SortStableFunc(items, func(x, y catalog.FaceItem) int { return slices.Index(layers, x.Layer) - slices.Index(layers, y.Layer) })
		for _, item := range items {
			objects, err := d.item(n, item, address)
			if err != nil {
				return nil, err
			}
			tag, of := pdfpage.Paragraph, ""
			if item.ID == "title" {
				tag, d.title = pdfpage.Heading, t.DisplayIn(item, values, language)
			}
			if item.Bind != "" && language != catalog.Original {
				of = catalog.Original
			}
			if item.Kind == catalog.ItemPhoto {
				tag, of = pdfpage.Figure, ""
			}
			d.put(tag, of, objects...)
		}
	}
	if err := d.drawAnnexes(); err != nil {
		return nil, err
	}
	if err := d.drawNotice(notice); err != nil {
		return nil, err
	}
	for _, name := range d.fonts {
		face := m.cfg.Faces[name]
		var text []rune
		for r := range d.used[name] {
			text = append(text, r)
		}
		slices.Sort(text)
		file, err := face.Subset(string(text))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTypeface, err)
		}
		d.files = append(d.files, ofd.BuildFont{Name: face.Name(), Family: face.Family(), File: file})
	}
	return d, nil
}

// put adds what is one block to the last page.
func (d *drawing) put(tag pdfpage.Tag, language string, objects ...ofd.Object) {
	d.block++
	page := &d.pages[len(d.pages)-1]
	for _, object := range objects {
		one := pdfpage.Item{Object: object, Tag: tag, Block: d.block, Language: language}
		if _, is := object.(ofd.Image); is {
			f, _ := d.licenseType.PhotoField()
			one.Alt = f.Label.In(d.language)
		} else if tag == pdfpage.Figure { // words where it is missing
			one.Tag = pdfpage.Paragraph
		}
		page.Items = append(page.Items, one)
	}
}

func (d *drawing) item(page int, item catalog.FaceItem, address string) ([]ofd.Object, error) {
	switch item.Kind {
	case catalog.ItemLine, catalog.ItemRect:
		return shape(item), nil
	case catalog.ItemQR:
		object, err := qrPath(item, address)
		if err != nil {
			return nil, err
		}
		return []ofd.Object{object}, nil
	case catalog.ItemPhoto:
		return d.photo(page, item)
	}
	text := d.licenseType.DisplayIn(item, d.values, d.language)
	if item.Bind == "" {
		if d.language != catalog.Original {
			return d.translated(item, text)
		}
		lines, err := d.maker.measure(item, text, item.SizeMM)
		if err != nil {
			return nil, err
		}
		if lines.width > item.WidthMM {
			return nil, fmt.Errorf("%w: %q", ErrOverflow, text)
		}
		return []ofd.Object{d.line(item, lines, item.XMM, item.YMM, item.WidthMM, nil)}, nil
	}
	return d.bound(page, item, text)
}

// index turns what was drawn into the data index, with the ids that encoding gave.
func (d *drawing) index(files []ofd.File) ([]licensefile.Shown, error) {
	pages, err := pageIDs(files)
	if err != nil {
		return nil, err
	}
	var list []licensefile.Shown
	for _, entry := range d.shown {
		shown := licensefile.Shown{Item: entry.item}
		for _, at := range entry.at {
			shown.Objects = append(shown.Objects, licensefile.ObjectRef{Page: pages[at.page], Object: *at.id})
		}
		list = append(list, shown)
	}
	return list, nil
}

func pageIDs(files []ofd.File) ([]int, error) {
	for _, file := range files {
		if !strings.HasSuffix(file.Path, "/Document.xml") {
			continue
		}
		tree, failure := ofd.ParseXML(file.Path, file.Content, ofd.DefaultLimits())
		if failure != nil {
			return nil, failure
		}
		var ids []int
		for _, page := range tree.Child("Pages").All("Page") {
			id, err := strconv.Atoi(page.AttrOr("ID", ""))
			if err != nil {
				return nil, fmt.Errorf("licenseface: page id: %w", err)
			}
			ids = append(ids, id)
		}
		return ids, nil
	}
	return nil, errors.New("licenseface: no Document.xml")
}
