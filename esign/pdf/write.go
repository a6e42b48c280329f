package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/emmansun/gmsm/sm3"
)

// Errors of writing.
var (
	ErrLocked    = errors.New("pdf: a certification permits no further signature")
	ErrUnknown   = errors.New("pdf: no such page")
	ErrTaken     = errors.New("pdf: there is a field of this name")
	ErrFaulty    = errors.New("pdf: the file has a signature that does not hold together and cannot be signed")
	ErrInput     = errors.New("pdf: the request is refused")
	ErrReserve   = errors.New("pdf: the value is larger than its reserve")
	ErrSelfCheck = errors.New("pdf: what was written does not read as it should")
	ErrTooLarge  = errors.New("pdf: the file would be larger than what is read")
	ErrXFA       = fmt.Errorf("%w: forms of XFA are not signed", ErrInput)
)

// Names of what a value is (SubFilter). No registered name exists for SES_Signature in PDF; ours is documented in
// docs/design/pdf.md, and readers, ours too, tell the value by its shape.
const (
	SubFilterCAdES = "ETSI.CAdES.detached"
	SubFilterPKCS7 = "adbe.pkcs7.detached"
	SubFilterSES   = "Yinxin.SES.detached"
	// SubFilterTimestamp makes a document time stamp (ISO 32000-2 12.8.5): the value is a token over the file.
	SubFilterTimestamp = "ETSI.RFC3161"
)

// SignatureRequest says what signature is added.
type SignatureRequest struct {
	Field     string // name; the first free SignatureN when empty
	SubFilter string
	Time      time.Time
	Name      string
	Reason    string
	Location  string
	Page      int      // counted from 1; where the picture stands
	Box       Box      // where it stands on the page
	Clip      *Box     // what is seen of it, from the corner of Box; nil is all
	Picture   *Picture // nil for a signature that shows nothing
	// More are further places of the picture. A signature field has one widget, so they are annotations of type Stamp that the field
	// names and the signature covers.
	More    []Drawing
	Reserve int // octets kept free for the value; 16 KiB when zero
	Certify int // 1 to 3 certify the document and permit nothing, forms, or forms and annotations (DocMDP)
}

// Box is a place on a page in millimetres from its top left corner.
type Box struct{ X, Y, Width, Height float64 }

// Pending is a file with a signature that waits for its value.
type Pending struct {
	data       []byte
	begin, end int // Contents with its delimiters
	file       *File
	field      string
	earlier    []*Signature
	order      int // where the range goes
}

const (
	defaultReserve = 16 << 10
	maxReserve     = 2 << 20
	pointsPerMM    = 72 / 25.4
)

// update collects the objects of an incremental update.
type update struct {
	file    *File
	next    int
	objects map[Ref][]byte
}

func (u *update) add(body []byte) Ref {
	ref := Ref{u.next, 0}
	u.next++
	u.objects[ref] = body
	return ref
}

// AddSignature prepares an update that adds a signature over the whole file (ISO 32000-1 7.5.6, 12.8.1). All octets of the
// file stay; the cross-references of the update have the form that the file has. A file that is not clean is not signed.
func (f *File) AddSignature(r SignatureRequest) (*Pending, error) {
	earlier, err := f.mayBeSigned(r)
	if err != nil {
		return nil, err
	}
	u := &update{file: f, objects: map[Ref][]byte{}}
	for _, s := range f.sections {
		size, _ := s.trailer.Get("Size").(int)
		u.next = max(u.next, size)
		for _, e := range s.entries {
			u.next = max(u.next, int(e.number)+1)
		}
	}
	if u.next > maxNumber-16-2*maxStamps {
		return nil, fmt.Errorf("%w: no free object numbers", ErrInput)
	}
	if r.Field, err = f.freeName(r.Field); err != nil {
		return nil, err
	}
	if r.Reserve == 0 {
		r.Reserve = defaultReserve
	}
	if r.Reserve < 64 || r.Reserve > maxReserve {
		return nil, fmt.Errorf("%w: a reserve of %d octets", ErrInput, r.Reserve)
	}
	value := u.add(nil)
	u.objects[value] = []byte(r.dictionary())
	if err := u.place(r, value); err != nil {
		return nil, err
	}
	return u.finish(r, value, earlier)
}

// mayBeSigned refuses what must not be signed before any key is used (D-31).
func (f *File) mayBeSigned(r SignatureRequest) ([]*Signature, error) {
	if r.Certify < 0 || r.Certify > 3 || r.SubFilter == "" || len(r.More) > maxStamps || len(r.More) > 0 && r.Picture == nil {
		return nil, ErrInput
	}
	if !onlyBlank(f.data[f.tail:]) {
		return nil, fmt.Errorf("%w: something stands behind the end of the file", ErrFaulty)
	}
	earlier, err := f.Signatures()
	if err != nil {
		return nil, err
	}
	if r.Certify > 0 && len(earlier) > 0 {
		return nil, fmt.Errorf("%w: a certification comes first", ErrInput)
	}
	for _, s := range earlier {
		switch {
		case s.Fault != nil:
			return nil, fmt.Errorf("%w: %w", ErrFaulty, s.Fault)
		case s.Certifies == 1 && r.SubFilter != SubFilterTimestamp, s.Certifies > 0 && r.Picture != nil:
			return nil, ErrLocked
		}
	}
	return earlier, nil
}

func (f *File) freeName(wanted string) (string, error) {
	fields, err := f.latest.fields()
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, one := range fields {
		taken[one.name] = true
	}
	if taken[wanted] {
		return "", ErrTaken
	}
	for n := 1; wanted == ""; n++ {
		if name := "Signature" + strconv.Itoa(n); !taken[name] {
			wanted = name
		}
	}
	if strings.Contains(wanted, ".") { // a full stop parts the levels of a name
		return "", fmt.Errorf("%w: field name %q", ErrInput, wanted)
	}
	return wanted, nil
}

const docTimeStamp = "DocTimeStamp"

// rangeWidth is what ByteRange takes with its brackets, for files of up to 100 GB; the numbers come in when they are known.
const rangeWidth = 40

func (r SignatureRequest) dictionary() string {
	var b strings.Builder
	kind := "Sig"
	if r.SubFilter == SubFilterTimestamp {
		kind = docTimeStamp
	}
	fmt.Fprintf(&b, "<</Type/%s/Filter/Adobe.PPKLite/SubFilter/%s/ByteRange%s/Contents<%s>", kind, escapeName(Name(r.SubFilter)), strings.Repeat(" ", rangeWidth), strings.Repeat("0", 2*r.Reserve))
	if !r.Time.IsZero() {
		fmt.Fprintf(&b, "/M(D:%s)", r.Time.UTC().Format("20060102150405Z"))
	}
	for _, one := range []struct{ key, value string }{{"Name", r.Name}, {"Reason", r.Reason}, {"Location", r.Location}} {
		if one.value != "" {
			b.WriteString("/" + one.key)
			b.Write(textString(one.value))
		}
	}
	if r.Certify > 0 {
		fmt.Fprintf(&b, "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P %d>>>>]", r.Certify)
	}
	b.WriteString(">>")
	return b.String()
}

// place adds the field, which is its own widget, and its further pictures to their pages, and the field to the form.
func (u *update) place(r SignatureRequest, value Ref) error {
	d, err := u.newDrawing(r)
	if err != nil {
		return err
	}
	look := "/Rect[0 0 0 0]"
	places := r.drawings()
	if len(places) > 0 {
		if look, err = d.look(places[0]); err != nil {
			return err
		}
		more, err := d.stamps(places[1:])
		if err != nil {
			return err
		}
		look += more
	}
	page := max(r.Page, 1)
	field := u.add(nil)
	u.objects[field] = fmt.Appendf(nil, "<</Type/Annot/Subtype/Widget/FT/Sig/T%s/V %d 0 R/F 132%s/P %d %d R>>",
		textString(r.Field), value.Number, look, d.refs[page].Number, d.refs[page].Generation)
	d.put(page, field)
	if err := d.flush(); err != nil {
		return err
	}
	return u.form(r, field, value)
}

// longer is a list of a dictionary with more behind it, and the object in which the list stands alone, none when it has no such.
func (u *update) longer(dict *Dict, key Name, items ...Object) (Array, Ref, error) {
	value, err := u.file.latest.resolve(dict.Get(key))
	if err != nil {
		return nil, Ref{}, err
	}
	list, ok := value.(Array)
	if value != nil && !ok {
		return nil, Ref{}, fmt.Errorf("%w: %s is no list", ErrFaulty, key)
	}
	own, _ := dict.Get(key).(Ref)
	if value == nil {
		own = Ref{}
	}
	if _, taken := u.objects[own]; taken {
		return nil, Ref{}, fmt.Errorf("%w: two lists are one", ErrFaulty)
	}
	return append(slices.Clone(list), items...), own, nil
}

// with is the dictionary with another value for a key.
func (d *Dict) with(key Name, value Object) *Dict {
	out := &Dict{Keys: slices.Clone(d.Keys), Values: map[Name]Object{}, Duplicate: d.Duplicate, shadowed: d.shadowed}
	for k, v := range d.Values {
		out.Values[k] = v
	}
	if !slices.Contains(out.Keys, key) {
		out.Keys = append(out.Keys, key)
	}
	out.Values[key] = value
	return out
}

// form adds the field to the form, or a form to the catalogue.
func (u *update) form(r SignatureRequest, field, value Ref) error {
	v := u.file.latest
	root := v.trailerValue("Root").(Ref)
	catalog, err := v.catalog()
	if err != nil {
		return err
	}
	form, err := v.dict(catalog.Get("AcroForm"))
	if err != nil {
		return err
	}
	own, indirect := catalog.Get("AcroForm").(Ref)
	if form == nil {
		form, indirect = &Dict{Values: map[Name]Object{}}, false
	}
	if form.Get("XFA") != nil {
		return ErrXFA
	}
	changed := form.with("SigFlags", 3)
	list, listed, err := u.longer(form, "Fields", field)
	if err != nil {
		return err
	}
	if listed != (Ref{}) {
		u.objects[listed] = encode(nil, list)
	} else {
		changed = changed.with("Fields", list)
	}
	after := catalog
	if r.Certify > 0 {
		permissions, err := v.dict(catalog.Get("Perms"))
		if err != nil {
			return err
		}
		if permissions == nil {
			permissions = &Dict{Values: map[Name]Object{}}
		}
		after = after.with("Perms", permissions.with("DocMDP", value))
	}
	if indirect {
		u.objects[own] = encode(nil, changed)
	} else {
		after = after.with("AcroForm", changed)
	}
	if after != catalog {
		u.objects[root] = encode(nil, after)
	}
	return nil
}

// pageBox is the visible area of a page, inherited from the nodes above it (ISO 32000-1 7.7.3.4).
func (v *view) pageBox(page *Dict) ([4]float64, error) {
	for _, key := range []Name{"CropBox", "MediaBox"} {
		node := page
		for level := 0; node != nil && level < maxDepth; level++ {
			box, _, err := v.box(node.Get(key))
			if err != nil || hasArea(box) {
				return box, err
			}
			if node, err = v.dict(node.Get("Parent")); err != nil {
				return [4]float64{}, err
			}
		}
	}
	return [4]float64{}, refuse(CodeStructure, 0, "a page has no size")
}

// finish writes the update behind the file.
func (u *update) finish(r SignatureRequest, value Ref, earlier []*Signature) (*Pending, error) {
	f := u.file
	newest := f.sections[0]
	out := slices.Clone(f.data)
	if c := out[len(out)-1]; c != '\n' && c != '\r' {
		out = append(out, '\n')
	}
	refs := make([]Ref, 0, len(u.objects))
	for ref := range u.objects {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b Ref) int { return a.Number - b.Number })
	offsets := map[Ref]int{}
	p := &Pending{file: f, field: r.Field, earlier: earlier}
	for _, ref := range refs {
		offsets[ref] = len(out)
		out = fmt.Appendf(out, "%d %d obj\n", ref.Number, ref.Generation)
		if ref == value {
			head := bytes.Index(u.objects[ref], []byte("/Contents<")) + len("/Contents")
			p.begin = len(out) + head
			p.end = p.begin + 2*r.Reserve + 2
			p.order = len(out) + head - len("/Contents") - rangeWidth
		}
		out = append(out, u.objects[ref]...)
		out = append(out, "\nendobj\n"...)
	}
	start := len(out)
	if newest.stream {
		out = u.crossStream(out, newest, refs, offsets, start)
	} else {
		out = u.crossTable(out, newest, refs, offsets)
	}
	out = fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", start)
	if len(out) > f.limits.Bytes {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, len(out))
	}
	copy(out[p.order:], fmt.Sprintf("[0 %d %d %d]", p.begin, p.end, len(out)-p.end))
	p.data = out
	return p, nil
}

// previous is what the section before is called in Prev.
func (u *update) previous() int { return u.file.sections[0].at }

// trailer are the entries that every trailer repeats. The second half of ID changes with the file.
func (u *update) trailer(newest *section, size int) []byte {
	d := &Dict{Values: map[Name]Object{}}
	d = d.with("Size", size).with("Root", newest.trailer.Get("Root")).with("Prev", u.previous())
	if info := newest.trailer.Get("Info"); info != nil {
		d = d.with("Info", info)
	}
	if id, _ := newest.trailer.Get("ID").(Array); len(id) == 2 {
		sum := sm3.Sum(u.file.data)
		d = d.with("ID", Array{id[0], String{Octets: sum[:16], Hex: true}})
	}
	inside := encode(nil, d)
	return inside[2 : len(inside)-2]
}

func (u *update) crossTable(out []byte, newest *section, refs []Ref, offsets map[Ref]int) []byte {
	out = append(out, "xref\n"...)
	for i := 0; i < len(refs); {
		last := i
		for last+1 < len(refs) && refs[last+1].Number == refs[last].Number+1 {
			last++
		}
		out = fmt.Appendf(out, "%d %d\n", refs[i].Number, last-i+1)
		for ; i <= last; i++ {
			out = fmt.Appendf(out, "%010d %05d n\r\n", offsets[refs[i]], refs[i].Generation)
		}
	}
	return fmt.Appendf(out, "trailer\n<<%s>>\n", u.trailer(newest, u.next))
}

func (u *update) crossStream(out []byte, newest *section, refs []Ref, offsets map[Ref]int, start int) []byte {
	self := Ref{u.next, 0}
	refs = append(refs, self)
	offsets[self] = start
	var rows []byte
	index := ""
	for i := 0; i < len(refs); {
		last := i
		for last+1 < len(refs) && refs[last+1].Number == refs[last].Number+1 {
			last++
		}
		index += fmt.Sprintf("%d %d ", refs[i].Number, last-i+1)
		for ; i <= last; i++ {
			at := offsets[refs[i]]
			rows = append(rows, 1, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), byte(refs[i].Generation>>8), byte(refs[i].Generation))
		}
	}
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/XRef/W[1 4 2]/Index[%s]/Length %d%s>>\nstream\n", self.Number, strings.TrimSpace(index), len(rows), u.trailer(newest, u.next+1))
	out = append(out, rows...)
	return append(out, "\nendstream\nendobj\n"...)
}

// Parts are the two parts of the octets that the value must be over; they are the file's own and not to be changed.
func (p *Pending) Parts() [2][]byte { return [2][]byte{p.data[:p.begin], p.data[p.end:]} }

// Signed are the octets that the value must be over.
func (p *Pending) Signed() []byte { return slices.Concat(p.data[:p.begin], p.data[p.end:]) }

// Complete puts the value in, reads the result as a stranger would, and gives the whole file: the new signature covers
// everything, and what was signed before still stands.
func (p *Pending) Complete(value []byte) ([]byte, error) {
	if 2*len(value) > p.end-p.begin-2 {
		return nil, fmt.Errorf("%w: %d octets", ErrReserve, len(value))
	}
	out := slices.Clone(p.data)
	hex.Encode(out[p.begin+1:], value)
	return out, p.check(out, value)
}

func (p *Pending) check(out, value []byte) error {
	f, err := Open(out, p.file.limits)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	signatures, err := f.Signatures()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	if len(signatures) != len(p.earlier)+1 {
		return fmt.Errorf("%w: %d signatures", ErrSelfCheck, len(signatures))
	}
	for i, s := range signatures {
		if s.Fault != nil {
			return fmt.Errorf("%w: %w", ErrSelfCheck, s.Fault)
		}
		if i < len(p.earlier) {
			after, err := f.Changes(s, signatures)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrSelfCheck, err)
			}
			if len(after.Refused) == 0 {
				continue
			}
			if before, _ := p.file.Changes(p.earlier[i], p.earlier); len(before.Refused) == 0 { // it stood until now
				return fmt.Errorf("%w: %s", ErrSelfCheck, after.Refused[0])
			}
			continue
		}
		if s.Field != p.field || !s.Whole(f) || !bytes.Equal(s.Value, value) {
			return fmt.Errorf("%w: the signature does not cover the file", ErrSelfCheck)
		}
	}
	return nil
}

// encode writes an object; strings are written in hexadecimal.
func encode(out []byte, object Object) []byte {
	switch value := object.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, value)
	case int:
		return strconv.AppendInt(out, int64(value), 10)
	case Real:
		return append(out, decimal(float64(value))...)
	case Name:
		return append(append(out, '/'), escapeName(value)...)
	case String:
		out = append(out, '<')
		out = hex.AppendEncode(out, value.Octets)
		return append(out, '>')
	case Ref:
		return fmt.Appendf(out, "%d %d R", value.Number, value.Generation)
	case Array:
		out = append(out, '[')
		for i, item := range value {
			if i > 0 {
				out = append(out, ' ')
			}
			out = encode(out, item)
		}
		return append(out, ']')
	case *Dict:
		out = append(out, "<<"...)
		for _, item := range value.shadowed { // keys and values, which keep their place before those that count
			out = append(encode(out, item), ' ')
		}
		for _, key := range value.Keys {
			out = append(encode(out, key), ' ')
			out = encode(out, value.Values[key])
		}
		return append(out, ">>"...)
	}
	return append(out, "null"...)
}

// decimal writes a number without an exponent.
func decimal(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

func escapeName(name Name) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c > ' ' && c < 0x7f && c != '#' && !isDelimiter(c) {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "#%02X", name[i])
	}
	return b.String()
}

// textString writes a text string: plain letters as they are, everything else in UTF-16 (ISO 32000-1 7.9.2.2).
func textString(text string) []byte {
	plain := !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`()\`, r) })
	if plain {
		return []byte("(" + text + ")")
	}
	octets := []byte{0xfe, 0xff}
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = append(octets, byte(unit>>8), byte(unit))
	}
	return encode(nil, String{Octets: octets})
}
