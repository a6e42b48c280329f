package pdf

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Signature is a signed signature field (ISO 32000-1 12.7.4.5, 12.8.1).
type Signature struct {
	Field     string // fully qualified name
	Type      string // Sig or DocTimeStamp
	SubFilter string
	Value     []byte    // Contents without the zeros behind the DER value
	ByteRange [4]int    // two parts of offset and length
	End       int       // where the revision that it signs ends
	Time      time.Time // M; zero when absent or unreadable
	Name      string
	Reason    string
	Location  string
	Page      int        // counted from 1; 0 when the field stands on none
	Rect      [4]float64 // left, bottom, right, top in points
	PageBox   [4]float64 // visible area of that page
	Visible   bool       // it shows something somewhere: the rectangle of the widget, or of a further picture, has an area
	Hidden    bool       // the annotation's flags keep it from being shown
	Shown     []Shown    // every place at which it shows something, the widget's first
	Certifies int        // permissions of a certification (DocMDP) 1 to 3, 0 for none
	Fault     *Error     // why the signature says nothing about the file

	field, value Ref
	stamps       []Ref // further pictures
	revision     *view
	before       map[Ref]bool // signature fields of the signed revision, and whether they were signed then
}

// Whole tells that everything up to the end of the file is signed, except the value itself.
func (s *Signature) Whole(f *File) bool { return s.Fault == nil && onlyBlank(f.data[s.End:]) }

// Signed are the octets that the signature is over.
func (s *Signature) Signed(f *File) []byte {
	r := s.ByteRange
	return slices.Concat(f.data[:r[1]], f.data[r[2]:r[2]+r[3]])
}

// field is a terminal field of a form.
type field struct {
	ref     Ref
	name    string
	kind    Name
	dict    *Dict
	value   Object
	widgets []Ref
}

const (
	maxFields = 20_000
	maxNames  = 32 // levels of a form
)

// fields walks the form (ISO 32000-1 12.7.3) and returns its terminal fields that are referred to.
func (v *view) fields() ([]field, error) {
	catalog, err := v.catalog()
	if err != nil {
		return nil, err
	}
	form, err := v.dict(catalog.Get("AcroForm"))
	if form == nil {
		return nil, err
	}
	if form.Duplicate || catalog.Duplicate {
		return nil, refuse(CodeStructure, 0, "a key stands twice in the catalogue or the form")
	}
	top, err := v.resolve(form.Get("Fields"))
	if err != nil {
		return nil, err
	}
	list, _ := top.(Array)
	var out []field
	seen := map[Ref]bool{}
	var walk func(item Object, parent field, level int) error
	walk = func(item Object, parent field, level int) error {
		ref, ok := item.(Ref)
		if !ok {
			return refuse(CodeStructure, 0, "a field of the form is not an indirect object")
		}
		if seen[ref] || level > maxNames || len(seen) > maxFields {
			return refuse(CodeStructure, ref.Number, "the form is too large or goes round in a circle")
		}
		seen[ref] = true
		dict, err := v.dict(ref)
		if dict == nil {
			return err
		}
		one := field{ref: ref, name: parent.name, kind: parent.kind, dict: dict, value: parent.value, widgets: []Ref{ref}}
		if kind, ok := dict.Get("FT").(Name); ok {
			one.kind = kind
		}
		if value, has := dict.Values["V"]; has {
			one.value = value
		}
		label, err := v.resolve(dict.Get("T"))
		if err != nil {
			return err
		}
		if text, ok := label.(String); ok {
			one.name = strings.TrimPrefix(parent.name+"."+textOf(text), ".")
		}
		below, err := v.resolve(dict.Get("Kids"))
		if err != nil {
			return err
		}
		kids, _ := below.(Array)
		named := false
		for _, kid := range kids {
			child, err := v.dict(kid)
			if err != nil {
				return err
			}
			named = named || child.Get("T") != nil
		}
		if named {
			for _, kid := range kids {
				if err := walk(kid, one, level+1); err != nil {
					return err
				}
			}
			return nil
		}
		if len(kids) > 0 { // widgets of one field
			one.widgets = nil
			for _, kid := range kids {
				if ref, ok := kid.(Ref); ok {
					one.widgets = append(one.widgets, ref)
				}
			}
		}
		out = append(out, one)
		return nil
	}
	for _, item := range list {
		if err := walk(item, field{}, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Signatures lists the signed signature fields of the file in the order in which they were added. A field that claims a
// signature and has none that can be used has a Fault; an error means that the file does not hold together.
func (f *File) Signatures() ([]*Signature, error) {
	fields, err := f.latest.fields()
	if err != nil {
		return nil, err
	}
	var out []*Signature
	var pages *pageList
	for _, one := range fields {
		if one.kind != "Sig" || one.value == nil {
			continue
		}
		if len(out) >= f.limits.Signatures {
			return nil, refuse(CodeLimit, 0, "too many signatures")
		}
		if pages == nil {
			if pages, err = f.latest.pages(); err != nil {
				return nil, err
			}
		}
		s := &Signature{Field: one.name, field: one.ref}
		if err := f.readSignature(s, one, pages); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b *Signature) int { return a.End - b.End })
	for i, s := range out {
		for _, other := range out[:i] {
			if s.Fault == nil && other.Fault == nil && s.ByteRange == other.ByteRange {
				s.Fault = refuse(CodeRange, s.field.Number, "two fields have one signature")
			}
		}
	}
	return out, nil
}

// readSignature reads the dictionary of a signature. Faults of the signature are its own; errors are those of the file.
func (f *File) readSignature(s *Signature, one field, pages *pageList) error {
	v := f.latest
	dict, err := v.dict(one.value)
	if err != nil {
		return err
	}
	if err := f.place(s, one, pages); err != nil {
		return err
	}
	if dict == nil {
		s.Fault = refuse(CodeContents, one.ref.Number, "the field's value is no signature dictionary")
		return nil
	}
	s.value, _ = one.value.(Ref)
	if s.value != (Ref{}) && v.entry(s.value.Number).kind != entryPlain {
		s.Fault = refuse(CodeRange, s.value.Number, "the signature stands in an object stream")
		return nil
	}
	s.describe(dict)
	if s.Fault = s.readRange(f, dict, one); s.Fault != nil {
		return nil
	}
	s.Certifies, err = v.certifies(dict)
	if err != nil {
		return err
	}
	var failure *Error
	if s.revision, failure = f.revisionAt(s.End); failure != nil {
		s.Fault = failure
		return nil
	}
	// What is signed must be this field with this value: a signature that a later update moved to another field, or a
	// copy of the dictionary, is none (D-27).
	before, err := s.revision.fields()
	if err != nil {
		return err
	}
	s.before = map[Ref]bool{}
	for _, field := range before {
		if field.kind == "Sig" {
			s.before[field.ref] = field.value != nil
		}
	}
	if !slices.ContainsFunc(before, func(b field) bool {
		if b.ref != one.ref || b.kind != "Sig" || b.name != one.name {
			return false
		}
		known, _ := s.revision.dict(b.value)
		contents, _ := known.Get("Contents").(String) // at 0, where no value stands, when there is none
		return contents.Begin == s.ByteRange[1]
	}) {
		s.Fault = refuse(CodeChanged, one.ref.Number, "the signed revision does not have this signature in this field")
	}
	return nil
}

func (s *Signature) describe(dict *Dict) {
	s.Type = "Sig"
	if kind, ok := dict.Get("Type").(Name); ok {
		s.Type = string(kind)
	}
	if name, ok := dict.Get("SubFilter").(Name); ok {
		s.SubFilter = string(name)
	}
	for key, target := range map[Name]*string{"Name": &s.Name, "Reason": &s.Reason, "Location": &s.Location} {
		if text, ok := dict.Get(key).(String); ok {
			*target = textOf(text)
		}
	}
	if text, ok := dict.Get("M").(String); ok {
		s.Time = parseDate(string(text.Octets))
	}
}

// readRange judges range and value (D-26, D-28): two parts that are everything up to the end of a revision except one
// string, which is this dictionary's Contents, in hexadecimal, at that very place.
func (s *Signature) readRange(f *File, dict *Dict, one field) *Error {
	number := one.ref.Number
	if dict.Duplicate || one.dict.Duplicate {
		return refuse(CodeContents, number, "a key stands twice in the signature or its field")
	}
	contents, _ := dict.Get("Contents").(String)
	if len(bytes.Trim(contents.Octets, "\x00")) == 0 {
		return refuse(CodeContents, number, "there is no Contents")
	}
	parts, _ := integers(dict.Get("ByteRange"))
	if len(parts) == 0 {
		return refuse(CodeContents, number, "there is no ByteRange that is a list of integers")
	}
	if len(parts) != 4 {
		return refuse(CodeRange, number, "ByteRange has %d numbers", len(parts))
	}
	text := "<" + hex.EncodeToString(contents.Octets) + ">"
	switch {
	case parts[0] != 0:
		return refuse(CodeRange, number, "ByteRange does not begin with the file")
	case contents.Begin != parts[1] || parts[2] != parts[1]+len(text):
		return refuse(CodeRange, number, "ByteRange leaves out %d to %d, Contents stands at %d to %d", parts[1], parts[2], contents.Begin, contents.End)
	case parts[3] < 0 || parts[3] > len(f.data)-parts[2]:
		return refuse(CodeRange, number, "the second part of ByteRange leaves the file")
	case !strings.EqualFold(string(f.data[parts[1]:parts[2]]), text):
		// Something stands between the digits, or Contents was read in an object stream, whose octets have places of their own.
		return refuse(CodeRange, number, "Contents does not stand at %d as hexadecimal digits alone", parts[1])
	}
	copy(s.ByteRange[:], parts)
	s.End = parts[2] + parts[3]
	value, padding := cutDER(contents.Octets)
	if len(bytes.Trim(padding, "\x00")) > 0 {
		return refuse(CodeRange, number, "something stands behind the value in Contents")
	}
	s.Value = value
	return nil
}

// cutDER parts a DER value from what is behind it.
func cutDER(octets []byte) (value, rest []byte) {
	if len(octets) < 2 {
		return octets, nil
	}
	length, header := int(octets[1]), 2
	if length >= 0x80 {
		count := length & 0x7f
		if count == 0 || count > 4 || len(octets) < 2+count {
			return octets, nil // no definite length: the reader of the value decides
		}
		length, header = 0, 2+count
		for _, octet := range octets[2:header] {
			length = length<<8 | int(octet)
		}
	}
	end := min(header+length, len(octets))
	return octets[:end], octets[end:]
}

// certifies reads the permissions of a certification (ISO 32000-1 12.8.2.2). What is not understood permits nothing, as 1 does: another reader
// may find a certification in it.
func (v *view) certifies(dict *Dict) (int, error) {
	object, err := v.resolve(dict.Get("Reference"))
	if err != nil {
		return 0, err
	}
	list, ok := object.(Array)
	if object != nil && !ok {
		return 1, nil
	}
	for _, item := range list {
		reference, err := v.dict(item)
		if err != nil {
			return 0, err
		}
		method, err := v.resolve(reference.Get("TransformMethod"))
		if err != nil {
			return 0, err
		}
		if name, ok := method.(Name); ok && name != "DocMDP" {
			continue
		} else if !ok {
			return 1, nil
		}
		parameters, err := v.dict(reference.Get("TransformParams"))
		if err != nil {
			return 0, err
		}
		switch level := parameters.Get("P").(type) {
		case nil:
			return 2, nil
		case int:
			if level == 2 || level == 3 {
				return level, nil
			}
		}
		return 1, nil
	}
	return 0, nil
}

// revisionAt is the file as it was when it ended at an offset. It must have been a file of its own, and the sections
// that it knew must be those that the file knows now.
func (f *File) revisionAt(end int) (*view, *Error) {
	data := f.data[:end]
	const window = 2048                                   // startxref stands in the last 1024 octets (ISO 32000-1 annex H)
	start, tail, _ := lastStart(data, max(0, end-window)) // 0 without one, and no file begins with white space alone
	if !onlyBlank(data[tail:]) {
		return nil, refuse(CodeRange, 0, "what is signed does not end with a revision")
	}
	for i, s := range f.sections {
		p := parser{data: f.data, at: start}
		p.space()
		if s.at != p.at {
			continue
		}
		for _, known := range f.sections[i:] {
			if known.end > end || known.hybrid != nil && known.hybrid.end > end {
				return nil, refuse(CodeRange, 0, "cross-references of the signed revision stand behind it")
			}
		}
		return &view{file: f, data: data, sections: f.sections[i:]}, nil
	}
	return nil, refuse(CodeChanged, 0, "the file does not go back to the signed revision")
}

// onlyBlank tells whether nothing but white space stands in the octets.
func onlyBlank(data []byte) bool {
	for _, c := range data {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// Flags of an annotation (ISO 32000-1 12.5.3).
const (
	flagHidden = 1 << 1
	flagNoView = 1 << 5
)

// place finds where the field's first widget and the further pictures of the signature stand.
func (f *File) place(s *Signature, one field, pages *pageList) error {
	for _, ref := range one.widgets {
		widget, err := f.latest.dict(ref)
		if err != nil {
			return err
		}
		if widget == nil {
			continue
		}
		s.Page = pages.number[ref]
		if page, _ := widget.Get("P").(Ref); s.Page == 0 {
			s.Page = pages.number[page]
		}
		if s.Page > 0 {
			page, err := f.latest.dict(pages.refs[s.Page-1])
			if err != nil {
				return err
			}
			if s.PageBox, err = f.latest.pageBox(page); limited(err) {
				return err // else it has none, and nothing is said of it
			}
		}
		flags, _ := widget.Get("F").(int)
		s.Hidden = flags&(flagHidden|flagNoView) != 0
		rect, known, err := f.latest.box(widget.Get("Rect"))
		if err != nil {
			return err
		}
		s.Rect = rect
		if err := f.show(s, widget, rect, s.Page, pages); err != nil {
			return err
		}
		s.Visible = s.Visible || !known && widget.Get("Rect") != nil // a viewer may make something of what is no rectangle
		return f.showsMore(s, widget, pages)
	}
	return nil
}

// box reads a rectangle and puts its corners in order; false when it is none.
func (v *view) box(object Object) ([4]float64, bool, error) {
	object, err := v.resolve(object)
	list, _ := object.(Array)
	if len(list) != 4 {
		return [4]float64{}, false, err
	}
	var out [4]float64
	for i, item := range list {
		item, err = v.resolve(item)
		switch value := item.(type) {
		case int:
			out[i] = float64(value)
		case Real:
			out[i] = float64(value)
		default:
			return [4]float64{}, false, err
		}
	}
	return [4]float64{min(out[0], out[2]), min(out[1], out[3]), max(out[0], out[2]), max(out[1], out[3])}, true, nil
}

// hasArea tells that something can be seen in a rectangle.
func hasArea(box [4]float64) bool { return box[2] > box[0] && box[3] > box[1] }

const maxPages = 20_000

// pageList numbers the pages, and the annotations by the page on which they stand.
type pageList struct {
	number   map[Ref]int
	refs     []Ref
	geometry map[int]geometry // of those that were asked for
}

func (v *view) pages() (*pageList, error) {
	out := &pageList{number: map[Ref]int{}, geometry: map[int]geometry{}}
	err := v.eachPage(func(number int, ref Ref, page *Dict) error {
		out.refs = append(out.refs, ref)
		out.number[ref] = number
		object, err := v.resolve(page.Get("Annots"))
		if err != nil {
			return err
		}
		list, _ := object.(Array)
		for _, item := range list {
			if annotation, ok := item.(Ref); ok {
				out.number[annotation] = number
			}
		}
		return nil
	})
	return out, err
}

// eachPage walks the page tree (ISO 32000-1 7.7.3).
func (v *view) eachPage(visit func(number int, ref Ref, page *Dict) error) error {
	seen, number := map[Ref]bool{}, 0
	var walk func(item Object, level int) error
	walk = func(item Object, level int) error {
		ref, ok := item.(Ref)
		if !ok {
			return refuse(CodeStructure, 0, "a page is not an indirect object")
		}
		if seen[ref] || level > maxDepth || len(seen) > 2*maxPages {
			return refuse(CodeStructure, 0, "the tree of pages is too large or goes round in a circle")
		}
		seen[ref] = true
		node, err := v.dict(ref)
		if err != nil {
			return err
		}
		if node == nil {
			return refuse(CodeStructure, ref.Number, "a page is missing")
		}
		if node.Get("Kids") == nil {
			number++
			return visit(number, ref, node)
		}
		object, err := v.resolve(node.Get("Kids"))
		if err != nil {
			return err
		}
		kids, _ := object.(Array)
		for _, kid := range kids {
			if err := walk(kid, level+1); err != nil {
				return err
			}
		}
		return nil
	}
	catalog, err := v.catalog()
	if err != nil {
		return err
	}
	return walk(catalog.Get("Pages"), 0)
}

// textOf reads a text string (ISO 32000-1 7.9.2): UTF-16 with its mark, UTF-8 with its mark, else Latin letters.
func textOf(s String) string {
	switch octets := s.Octets; {
	case bytes.HasPrefix(octets, []byte("\xfe\xff")):
		return utf16Text(octets[2:])
	case bytes.HasPrefix(octets, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(octets[3:]), "\ufffd")
	default:
		out := make([]rune, 0, len(octets))
		for _, c := range octets {
			out = append(out, rune(c))
		}
		return string(out)
	}
}

// parseDate reads D:YYYYMMDDHHmmSSOHH'mm' (ISO 32000-1 7.9.4); without a zone it is UTC+8, as elsewhere.
func parseDate(text string) time.Time {
	text = strings.TrimPrefix(text, "D:")
	digits := 0
	for digits < len(text) && digits < 14 && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits != 14 {
		return time.Time{}
	}
	zone := strings.ReplaceAll(text[14:], "'", "")
	offset := 8 * 3600
	switch {
	case zone == "":
	case zone[0] == 'Z':
		offset = 0
	case len(zone) == 3 || len(zone) == 5:
		hours, err1 := strconv.Atoi(zone[1:3])
		minutes, err2 := 0, error(nil)
		if len(zone) == 5 {
			minutes, err2 = strconv.Atoi(zone[3:])
		}
		if err1 != nil || err2 != nil || zone[0] != '+' && zone[0] != '-' || hours > 23 || minutes > 59 {
			return time.Time{}
		}
		if offset = hours*3600 + minutes*60; zone[0] == '-' {
			offset = -offset
		}
	default:
		return time.Time{}
	}
	moment, _ := time.ParseInLocation("20060102150405", text[:14], time.FixedZone("", offset)) // zero when there is no such day
	return moment.UTC()
}

func utf16Text(octets []byte) string {
	units := make([]uint16, 0, len(octets)/2)
	for i := 0; i+1 < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	return string(utf16.Decode(units))
}
