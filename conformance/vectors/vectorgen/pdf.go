package vectorgen

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specPDF = "ISO 32000-1"
	reserve = 3072 // octets of a value
)

// pdfObjects are the bodies of a document by number. Files are put together here by hand, so that they share nothing with the
// writer of the product.
type pdfObjects map[int]string

// pdfPage is a document of one page.
func pdfPage() pdfObjects {
	return pdfObjects{
		1: "<</Type/Catalog/Pages 2 0 R>>",
		2: "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
		3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
		4: pdfStream("Amount 100"),
		5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	}
}

func pdfStream(text string) string {
	content := "BT /F 24 Tf 72 700 Td (" + text + ") Tj ET"
	return fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content)
}

func pdfFile(objects pdfObjects, trailer string) []byte {
	return pdfSection([]byte("%PDF-1.7\n"), objects, "0 1\n0000000000 65535 f\r\n", "/Root 1 0 R"+trailer)
}

// pdfUpdate adds an incremental update behind a file.
func pdfUpdate(data []byte, objects pdfObjects) []byte {
	return pdfSection(slices.Clone(data), objects, "", fmt.Sprintf("/Root 1 0 R/Prev %d", pdfStart(data)))
}

func pdfStart(data []byte) int {
	start := 0
	for _, c := range data[bytes.LastIndex(data, []byte("startxref\n"))+len("startxref\n"):] {
		if c < '0' || c > '9' {
			break
		}
		start = start*10 + int(c-'0')
	}
	return start
}

func pdfSection(out []byte, objects pdfObjects, rows, trailer string) []byte {
	for _, number := range slices.Sorted(maps.Keys(objects)) {
		rows += fmt.Sprintf("%d 1\n%010d 00000 n\r\n", number, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, objects[number])
	}
	return fmt.Appendf(slices.Clone(out), "xref\n%strailer\n<</Size 40%s>>\nstartxref\n%d\n%%%%EOF\n", rows, trailer, len(out))
}

// pdfSigning says how a file is signed; the zero value signs it well.
type pdfSigning struct {
	number    int    // of the value and, one above, of its field
	more      string // into the dictionary of the signature
	catalog   string // into the catalogue
	field     string // into the field
	others    string // fields that are there already
	subFilter string
	objects   pdfObjects // that the update has besides
	ranged    func(parts [4]int) string
	value     func(signed []byte) []byte
}

// message signs octets with the signer of the world.
func (w *world) message(signed []byte) []byte {
	return must(pki.MakeSignedData(pki.SignedDataTemplate{}, signed, w.signer, signFunc(w.signerKey)))
}

// pdfSigned adds a signature as an update.
func (w *world) pdfSigned(data []byte, s pdfSigning) []byte {
	if s.number == 0 {
		s.number = 10
	}
	if s.value == nil {
		s.value = w.message
	}
	if s.subFilter == "" {
		s.subFilter = "ETSI.CAdES.detached"
	}
	if s.field == "" {
		s.field = "/Rect[0 0 0 0]"
	}
	const room = "                                        " // of the range
	objects := pdfObjects{
		1:            fmt.Sprintf("<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[%s%d 0 R]>>%s>>", s.others, s.number+1, s.catalog),
		3:            fmt.Sprintf("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[%s%d 0 R]>>", s.others, s.number+1),
		s.number:     fmt.Sprintf("<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/%s/M(D:20260601000000Z)/ByteRange%s/Contents<%s>%s>>", s.subFilter, room, strings.Repeat("0", 2*reserve), s.more),
		s.number + 1: fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(S%d)/V %d 0 R/P 3 0 R/F 132%s>>", s.number, s.number, s.field),
	}
	maps.Copy(objects, s.objects)
	out := pdfUpdate(data, objects)
	begin := len(data) + bytes.Index(out[len(data):], []byte("/Contents<")) + len("/Contents")
	parts := [4]int{0, begin, begin + 2*reserve + 2, len(out) - begin - 2*reserve - 2}
	text := fmt.Sprintf("[%d %d %d %d]", parts[0], parts[1], parts[2], parts[3])
	if s.ranged != nil {
		text = s.ranged(parts)
	}
	copy(out[len(data)+bytes.Index(out[len(data):], []byte("/ByteRange"))+len("/ByteRange"):], text)
	hex.Encode(out[begin+1:], s.value(slices.Concat(out[:begin], out[parts[2]:])))
	return out
}

// pdfWriter writes the pdf area.
type pdfWriter struct {
	*writer
	world *world
}

func writePDF(w *writer) {
	p := &pdfWriter{w, newWorld()}
	p.structure()
	p.actions()
	p.streams()
	p.signatures()
	p.twoSignatures()
	p.changes()
	p.certified()
	p.values()
	p.faults()
}

func (p *pdfWriter) one(rule, name, spec, clause, expect, code, note string, file []byte, more ...field) {
	p.add(entry{rule: rule, name: name, spec: spec, clause: clause, expect: expect, code: code, made: made, note: note, fields: append([]field{{"file", file}, {"root", p.world.root.Raw}}, more...)})
}

func swap(data []byte, from, to string) []byte {
	if !bytes.Contains(data, []byte(from)) {
		panic("vector: no " + from)
	}
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}

func (p *pdfWriter) structure() {
	good := p.world.pdfSigned(pdfFile(pdfPage(), ""), pdfSigning{})
	p.one("structure", "good", specPDF, "7.5", "accept", "", "cross-reference tables", good)
	p.one("structure", "unsigned", specPDF, "7.5", "undecided", "unsigned", "no signature at all", pdfFile(pdfPage(), ""))
	p.one("structure", "encrypted", specPDF, "7.6", "undecided", "pdf_encrypted", "encryption dictionary in the trailer", pdfFile(pdfPage(), "/Encrypt<</Filter/Standard>>"))
	for _, one := range []struct {
		name, note string
		file       []byte
	}{
		{"no-header", "header is missing", good[len("%PDF-1.7\n"):]},
		{"startxref", "last startxref names no section", append(good[:bytes.LastIndex(good, []byte("startxref"))], "startxref\n3\n%%EOF\n"...)},
		{"other-object", "another object stands at the offset of the catalogue", swap(slices.Clone(good), "1 0 obj", "7 0 obj")},
		{"circle", "Prev names its own section", pdfSection(slices.Clone(pdfFile(pdfPage(), "")), nil, "", fmt.Sprintf("/Root 1 0 R/Prev %d", len(pdfFile(pdfPage(), ""))))},
		{"length", "Length of the content is one octet short", pdfFile(func() pdfObjects {
			o := pdfPage()
			o[1], o[8] = "<</Type/Catalog/Pages 2 0 R/AcroForm 8 0 R>>", strings.Replace(pdfStream("x"), "/Length 3", "/Length 2", 1)
			return o
		}(), "")},
		{"field-circle", "a field is its own kid", pdfFile(func() pdfObjects {
			o := pdfPage()
			o[1], o[8] = "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[8 0 R]>>>>", "<</FT/Sig/T(a)/Kids[8 0 R]>>"
			return o
		}(), "")},
	} {
		p.one("structure", one.name, specPDF, "7.5", "refuse", "pdf_structure", one.note, one.file)
	}
}

// actions of the places that have some (D-18); none of them changes a verdict.
func (p *pdfWriter) actions() {
	const outside = "<</S/URI/URI(https://outside.example/)>>"
	form := func(more string) string {
		return "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3" + more + ">>>>"
	}
	for _, one := range []struct {
		name, code, note string
		signing          pdfSigning
	}{
		{"inside", "", "places of the file, when it is opened and in its outline", pdfSigning{catalog: "/OpenAction[3 0 R/Fit]/Outlines<</First 20 0 R>>", objects: pdfObjects{20: "<</Title(a)/A<</S/GoTo/D[3 0 R/Fit]>>>>"}}},
		{"opened", "external_reference", "an action when the file is opened", pdfSigning{catalog: "/OpenAction " + outside}},
		{"outline", "external_reference", "an action of an item of the outline", pdfSigning{catalog: "/Outlines<</First 20 0 R>>", objects: pdfObjects{20: "<</Title(a)/Next 21 0 R>>", 21: "<</Title(b)/A " + outside + ">>"}}},
		{"field", "external_reference", "an action of a field that no page shows", pdfSigning{objects: pdfObjects{1: form("/Fields[11 0 R 20 0 R]"), 20: "<</FT/Tx/T(a)/AA<</K " + outside + ">>>>"}}},
		{"xfa", "external_reference", "a form in XFA", pdfSigning{objects: pdfObjects{1: form("/XFA(x)/Fields[11 0 R]")}}},
	} {
		p.one("actions", one.name, specPDF, "12.6", "accept", one.code, one.note, p.world.pdfSigned(pdfFile(pdfPage(), ""), one.signing))
	}
	added := pdfUpdate(p.world.pdfSigned(pdfFile(pdfPage(), ""), pdfSigning{}), pdfObjects{1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[11 0 R]>>/OpenAction " + outside + ">>"})
	p.one("actions", "added", specPDF, "12.6", "refuse", "changed_after", "an action behind the signature", added)
}

// pdfPacked is the document of one page with its dictionaries in an object stream and a cross-reference stream, neither of
// them compressed; change may write another row into the cross-references, and more goes into the object stream's dictionary.
func pdfPacked(change func(rows [][3]int), more string, packed []byte) []byte {
	objects, out := pdfPage(), []byte("%PDF-1.7\n")
	rows := make([][3]int, 10)
	head, body := "", ""
	for i, number := range []int{1, 2, 3, 5} {
		head += fmt.Sprintf("%d %d ", number, len(body))
		body += objects[number] + " "
		rows[number] = [3]int{2, 8, i}
	}
	content := []byte(head + body)
	if packed != nil {
		content = packed
	}
	rows[4] = [3]int{1, len(out), 0}
	out = fmt.Appendf(out, "4 0 obj\n%s\nendobj\n", objects[4])
	rows[8] = [3]int{1, len(out), 0}
	out = fmt.Appendf(out, "8 0 obj\n<</Type/ObjStm/N 4/First %d/Length %d%s>>\nstream\n%s\nendstream\nendobj\n", len(head), len(content), more, content)
	rows[9] = [3]int{1, len(out), 0}
	if change != nil {
		change(rows)
	}
	var table []byte
	for _, row := range rows {
		table = append(table, byte(row[0]), byte(row[1]>>16), byte(row[1]>>8), byte(row[1]), byte(row[2]))
	}
	start := len(out)
	return fmt.Appendf(out, "9 0 obj\n<</Type/XRef/W[1 3 1]/Size 10/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(table), table, start)
}

// streams: objects and cross-references in streams. The update that signs has a table, which the standard allows.
func (p *pdfWriter) streams() {
	packed := func(change func(rows [][3]int), more string, content []byte) []byte {
		return p.world.pdfSigned(pdfPacked(change, more, content), pdfSigning{})
	}
	p.one("object_streams", "good", specPDF, "7.5.7", "accept", "", "object stream and cross-reference stream", packed(nil, "", nil))
	for _, one := range []struct {
		name, code, note string
		file             []byte
	}{
		{"index", "pdf_structure", "pages at another index of the object stream", packed(func(rows [][3]int) { rows[2][2] = 0 }, "", nil)},
		{"inside-itself", "pdf_structure", "object stream said to be inside itself", packed(func(rows [][3]int) { rows[8] = [3]int{2, 8, 0} }, "", nil)},
		{"filter", "pdf_structure", "object stream under a filter that no writer uses for it", packed(nil, "/Filter/ASCIIHexDecode", nil)},
		{"cut", "pdf_structure", "compressed object stream is cut off", packed(nil, "/Filter/FlateDecode", []byte{0x78, 0x9c, 0x4b})},
	} {
		p.one("object_streams", one.name, specPDF, "7.5.7", "refuse", one.code, one.note, one.file)
	}
}

// twoSignatures: the second does not heal the first, nor the first the second.
func (p *pdfWriter) twoSignatures() {
	first := p.world.pdfSigned(pdfFile(pdfPage(), ""), pdfSigning{})
	second := pdfSigning{number: 20, others: "11 0 R "}
	p.one("two_signatures", "good", specPDF, "12.8.1", "accept", "", "two signatures", p.world.pdfSigned(first, second))
	broken := second
	broken.value = func([]byte) []byte { return p.world.message([]byte("another file")) }
	p.one("two_signatures", "second-broken", specPDF, "12.8.1", "refuse", "DIGEST_MISMATCH", "second has the value of another file", p.world.pdfSigned(first, broken))
	p.one("two_signatures", "first-broken", specPDF, "12.8.1", "refuse", "DIGEST_MISMATCH", "first is of other content, second is over all", p.world.pdfSigned(swap(slices.Clone(first), "Amount 100", "Amount 900"), second))
	p.one("two_signatures", "removed", specPDF, "12.8.1", "refuse", "changed_after", "first is taken out of the form, second is over all", p.world.pdfSigned(first, pdfSigning{number: 20}))
}

// signatures: value and range (D-26, D-28).
func (p *pdfWriter) signatures() {
	base := pdfFile(pdfPage(), "")
	good := p.world.pdfSigned(base, pdfSigning{})
	begin := bytes.Index(good, []byte("/Contents<")) + len("/Contents")
	end := begin + 2*reserve + 2
	contents := func(instead string) []byte {
		return slices.Concat(good[:begin], fmt.Appendf(nil, "%-*s", end-begin, instead), good[end:])
	}
	p.one("contents", "good", specPDF, "12.8.1", "accept", "", "value and range", good)
	for _, one := range []struct {
		name, note string
		file       []byte
	}{
		{"absent", "no Contents", swap(slices.Clone(good), "/Contents<", "/Nothing0<")},
		{"null", "Contents is null", contents(" null")},
		{"empty", "Contents is empty", contents("<>")},
		{"zeros", "Contents is zeros", contents("<" + strings.Repeat("0", 2*reserve) + ">")},
		{"twice", "Contents stands twice", p.world.pdfSigned(base, pdfSigning{more: "/Contents<00>"})},
		{"no-range", "no ByteRange", swap(slices.Clone(good), "/ByteRange", "/BytesRang")},
		{"null-range", "ByteRange is null", p.world.pdfSigned(base, pdfSigning{ranged: func([4]int) string { return " null" }})},
		{"empty-range", "ByteRange is empty", p.world.pdfSigned(base, pdfSigning{ranged: func([4]int) string { return "[]" }})},
		{"range-twice", "ByteRange stands twice", p.world.pdfSigned(base, pdfSigning{more: "/ByteRange[0 1 2 3]"})},
	} {
		p.one("contents", one.name, specPDF, "12.8.1", "refuse", "pdf_contents", one.note, one.file)
	}
	p.one("byte_range", "good", specPDF, "12.8.1", "accept", "", "everything but the value", good)
	for _, one := range []struct {
		name, note string
		parts      func(r [4]int) []int
	}{
		{"begins-later", "first octet is not signed", func(r [4]int) []int { return []int{1, r[1] - 1, r[2], r[3]} }},
		{"gap-wider", "gap begins one octet before the value", func(r [4]int) []int { return []int{0, r[1] - 1, r[2], r[3]} }},
		{"gap-longer", "gap ends one octet behind the value", func(r [4]int) []int { return []int{0, r[1], r[2] + 1, r[3] - 1} }},
		{"gap-narrower", "delimiters of the value are signed", func(r [4]int) []int { return []int{0, r[1] + 1, r[2] - 1, r[3] + 1} }},
		{"overlap", "parts overlap", func(r [4]int) []int { return []int{0, r[2], r[1], r[3]} }},
		{"beyond", "second part leaves the file", func(r [4]int) []int { return []int{0, r[1], r[2], r[3] + 1} }},
		{"short", "second part ends before the end-of-file mark", func(r [4]int) []int { return []int{0, r[1], r[2], r[3] - 5} }},
		{"negative", "negative length", func(r [4]int) []int { return []int{0, r[1], r[2], -1} }},
		{"three-parts", "three parts", func(r [4]int) []int { return []int{0, r[1], r[2], 1, r[2] + 2, r[3] - 2} }},
	} {
		ranged := func(r [4]int) string { return strings.ReplaceAll(fmt.Sprint(one.parts(r)), ",", "") }
		p.one("byte_range", one.name, specPDF, "12.8.1", "refuse", "byte_range", one.note, p.world.pdfSigned(base, pdfSigning{ranged: ranged}))
	}
	p.one("byte_range", "space", specPDF, "12.8.1", "refuse", "byte_range", "space between the digits of the value", contents("<"+strings.Repeat(" ", 2)+string(good[begin+1:end-3])+">"))
	behind := slices.Clone(good)
	copy(behind[end-9:], "deadbeef")
	p.one("byte_range", "behind", specPDF, "12.8.1", "refuse", "byte_range", "octets behind the value in Contents", behind)
	// The dictionary is copied into an update, its value stays behind: signature wrapping.
	at := bytes.Index(good, []byte("10 0 obj\n")) + len("10 0 obj\n")
	copied := string(good[at : at+bytes.Index(good[at:], []byte("\nendobj"))])
	p.one("byte_range", "copied", specPDF, "12.8.1", "refuse", "byte_range", "signature dictionary copied into an update that changes the page", pdfUpdate(good, pdfObjects{10: copied, 4: pdfStream("Amount 999")}))
}

// changes: what comes behind a signature (D-27, D-29).
func (p *pdfWriter) changes() {
	shadow := pdfPage()
	shadow[3] = "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
	shadow[6] = pdfStream("Amount 999")
	good := p.world.pdfSigned(pdfFile(shadow, ""), pdfSigning{})
	catalog := func(more string) string {
		return "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[11 0 R]>>" + more + ">>"
	}
	page := func(contents, annotations string) string {
		return "<</Type/Page/Parent 2 0 R/Contents " + contents + "/Resources<</Font<</F 5 0 R>>>>/Annots[11 0 R" + annotations + "]>>"
	}
	for _, one := range []struct {
		name, note string
		file       []byte
	}{
		{"nothing", "nothing", good},
		{"blank", "line ends behind the file", append(slices.Clone(good), "\n\n"...)},
		{"dss", "certificates for verification (DSS)", pdfUpdate(good, pdfObjects{1: catalog("/DSS 20 0 R"), 20: "<</Type/DSS>>"})},
		{"same", "an object written once more", pdfUpdate(good, pdfObjects{5: "<</BaseFont /Helvetica /Type /Font /Subtype /Type1>>"})},
		{"second", "a second signature", p.world.pdfSigned(good, pdfSigning{number: 20, others: "11 0 R "})},
	} {
		p.one("changed_after", "kept-"+one.name, specPDF, "7.5.6", "accept", "", one.note, one.file)
	}
	for _, one := range []struct {
		name, note string
		file       []byte
	}{
		{"content", "content of the page replaced", pdfUpdate(good, pdfObjects{4: pdfStream("Amount 999")})},
		{"bare-object", "object without a cross-reference", append(slices.Clone(good), "4 0 obj\n"+pdfStream("Amount 999")+"\nendobj\n"...)},
		{"bare-trailer", "object and trailer without a cross-reference", append(slices.Clone(good), "4 0 obj\n"+pdfStream("Amount 999")+"\nendobj\ntrailer\n<</Size 40/Root 1 0 R>>\n"...)},
		{"hidden-object", "object in an update that no cross-reference names", pdfUpdate(append(slices.Clone(good), "4 0 obj\n"+pdfStream("Amount 999")+"\nendobj\n"...), pdfObjects{30: "null"})},
		{"other-catalogue", "another catalogue", swap(pdfUpdate(good, pdfObjects{20: catalog("/OpenAction<</S/JavaScript/JS(x)>>")}), "/Root 1 0 R/Prev "+fmt.Sprint(pdfStart(good)), "/Root 20 0 R/Prev "+fmt.Sprint(pdfStart(good)))},
		{"page-switched", "page shows an object that was signed and never shown", pdfUpdate(good, pdfObjects{3: page("6 0 R", "")})},
		{"font", "font replaced", pdfUpdate(good, pdfObjects{5: "<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>"})},
		{"annotation", "annotation added", pdfUpdate(good, pdfObjects{3: page("4 0 R", " 20 0 R"), 20: "<</Type/Annot/Subtype/FreeText/Rect[70 690 300 730]/Contents(Amount 999)>>"})},
		{"empty-field", "signature field without a signature added", pdfUpdate(good, pdfObjects{1: strings.Replace(catalog(""), "11 0 R", "11 0 R 20 0 R", 1), 3: page("4 0 R", " 20 0 R"), 20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(B)/Rect[70 690 300 730]>>"})},
		{"attachment", "attachment added", pdfUpdate(good, pdfObjects{1: catalog("/Names<</EmbeddedFiles<</Names[(a) 20 0 R]>>>>"), 20: "<</Type/Filespec>>"})},
		{"between", "content replaced, then a second signature over all", p.world.pdfSigned(good, pdfSigning{number: 20, others: "11 0 R ", objects: pdfObjects{4: pdfStream("Amount 999")}})},
		{"renamed", "signature moved to a field of another name", pdfUpdate(good, pdfObjects{11: "<</Type/Annot/Subtype/Widget/FT/Sig/T(S99)/V 10 0 R/P 3 0 R/F 132/Rect[0 0 0 0]>>"})},
		{"replaced", "signature replaced by another one in its field", p.world.pdfSigned(good, pdfSigning{number: 10, field: "/Rect[0 0 0 0]/X 1"})},
		{"taken-away", "signature taken out of the form", pdfUpdate(good, pdfObjects{1: "<</Type/Catalog/Pages 2 0 R>>"})},
	} {
		p.one("changed_after", one.name, specPDF, "7.5.6", "refuse", "changed_after", one.note, one.file)
	}
	missing := pdfPage()
	missing[3] = "<</Type/Page/Parent 2 0 R/Contents[4 0 R 7 0 R]/Resources<</Font<</F 5 0 R>>>>>>"
	signed := p.world.pdfSigned(pdfFile(missing, ""), pdfSigning{objects: pdfObjects{3: strings.Replace(missing[3], ">>>>>>", ">>>>/Annots[11 0 R]>>", 1)}})
	p.one("changed_after", "kept-missing", specPDF, "7.5.6", "accept", "", "page names an object that is not there", signed)
	p.one("changed_after", "missing-appears", specPDF, "7.5.6", "refuse", "changed_after", "object that the page names and that was missing appears", pdfUpdate(signed, pdfObjects{7: pdfStream("and more")}))
}

// certified: what a certification permits (D-30).
func (p *pdfWriter) certified() {
	base := pdfFile(pdfPage(), "")
	certify := func(level int) []byte {
		return p.world.pdfSigned(base, pdfSigning{catalog: "/Perms<</DocMDP 10 0 R>>",
			more: fmt.Sprintf("/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P %d>>>>]", level)})
	}
	second := pdfSigning{number: 20, others: "11 0 R ", catalog: "/Perms<</DocMDP 10 0 R>>"}
	sneaky := second
	sneaky.field = "/Rect[70 690 300 730]/AP<</N 22 0 R>>"
	sneaky.objects = pdfObjects{22: strings.Replace(pdfStream("Amount 999"), "<<", "<</Type/XObject/Subtype/Form/BBox[0 0 230 40]", 1)}
	annotation := pdfObjects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[11 0 R 20 0 R]>>",
		20: "<</Type/Annot/Subtype/FreeText/Rect[70 690 300 730]/Contents(Amount 999)>>"}
	for level := 1; level <= 3; level++ {
		p.one("docmdp", fmt.Sprintf("good-%d", level), specPDF, "12.8.2.2", "accept", "", fmt.Sprintf("certified at level %d", level), certify(level))
		p.one("docmdp", fmt.Sprintf("annotation-%d", level), specPDF, "12.8.2.2", "refuse", "docmdp", fmt.Sprintf("annotation over content certified at level %d", level), pdfUpdate(certify(level), annotation))
	}
	p.one("docmdp", "second", specPDF, "12.8.2.2", "accept", "", "signature that shows nothing behind level 2", p.world.pdfSigned(certify(2), second))
	p.one("docmdp", "second-1", specPDF, "12.8.2.2", "refuse", "docmdp", "signature behind level 1", p.world.pdfSigned(certify(1), second))
	p.one("docmdp", "sneaky", specPDF, "12.8.2.2", "refuse", "docmdp", "signature that shows something behind level 2", p.world.pdfSigned(certify(2), sneaky))
	p.one("docmdp", "content", specPDF, "12.8.2.2", "refuse", "docmdp", "content replaced behind level 3", pdfUpdate(certify(3), pdfObjects{4: pdfStream("Amount 999")}))
}

// values: what is signed, by whom.
func (p *pdfWriter) values() {
	base := pdfFile(pdfPage(), "")
	w := p.world
	good := w.pdfSigned(base, pdfSigning{})
	other := func([]byte) []byte { return w.message([]byte("another file")) }
	p.one("value", "good", "GB/T 35275-2017", "8.1", "accept", "", "SM2 with SM3 in CMS", good)
	p.one("value", "gm", "GB/T 35275-2017", "8.1", "accept", "", "content types of GB/T 35275", w.pdfSigned(base, pdfSigning{subFilter: "adbe.pkcs7.detached", value: func(signed []byte) []byte {
		return must(pki.MakeSignedData(pki.SignedDataTemplate{GM: true, SigningTime: stampedAt}, signed, w.signer, signFunc(w.signerKey)))
	}}))
	p.one("value", "content-changed", "GB/T 35275-2017", "8.1", "refuse", "DIGEST_MISMATCH", "one octet of the page changed", swap(slices.Clone(good), "Amount 100", "Amount 900"))
	p.one("value", "other-file", "GB/T 35275-2017", "8.1", "refuse", "DIGEST_MISMATCH", "value of another file", w.pdfSigned(base, pdfSigning{value: other}))
	p.one("value", "other-key", "GB/T 35275-2017", "8.1", "refuse", "SIG_VALUE", "signed with another key", w.pdfSigned(base, pdfSigning{value: func(signed []byte) []byte {
		message := w.message(signed)
		value := must(w.makerKey.Sign(nil, []byte("x"), nil))
		return replace(message, ".1.0.4.0.5", der.EncodeOctetString(value))
	}}))
	p.one("value", "sha1", "GB/T 35275-2017", "8.1", "refuse", "weak_digest", "SubFilter adbe.pkcs7.sha1", w.pdfSigned(base, pdfSigning{subFilter: "adbe.pkcs7.sha1"}))
	p.one("value", "no-message", "GB/T 35275-2017", "8.1", "refuse", "SIG_FORMAT", "value is an empty SEQUENCE", w.pdfSigned(base, pdfSigning{value: func([]byte) []byte { return []byte{0x30, 0} }}))
	seal := func(hash func(signed []byte) []byte) func([]byte) []byte {
		return func(signed []byte) []byte {
			return w.signature(w.seal(nil), func(i *ses.SignatureInfo) { i.DataHash, i.PropertyInfo = hash(signed), "/ByteRange" })
		}
	}
	p.one("seal", "good", "GB/T 38540-2020", "7.3", "accept", "", "SES_Signature with dataHash of the range", w.pdfSigned(base, pdfSigning{subFilter: "Yinxin.SES.detached", value: seal(digest.Sum)}))
	p.one("seal", "other-name", "GB/T 38540-2020", "7.3", "accept", "", "SES_Signature under the name of PKCS #7", w.pdfSigned(base, pdfSigning{subFilter: "adbe.pkcs7.detached", value: seal(digest.Sum)}))
	p.one("seal", "data-hash", "GB/T 38540-2020", "7.3", "refuse", "DIGEST_MISMATCH", "dataHash of something else", w.pdfSigned(base, pdfSigning{value: seal(func([]byte) []byte { return digest.Sum(nil) })}))
	p.one("trust", "trusted", "GB/T 38540-2020", "7.3", "accept", "", "root is trusted", good)
	p.one("trust", "untrusted", "GB/T 38540-2020", "7.3", "undecided", "untrusted_root", "root is not trusted", good, field{"untrusted", []byte{1}})
}
