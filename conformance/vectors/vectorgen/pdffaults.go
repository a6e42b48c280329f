package vectorgen

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/adler32"
	"maps"
	"slices"
	"strings"
)

// pdfCrossed is a file of objects with one cross-reference stream, behind what begins it. Those of packed are the members of the object
// stream 8, in their order.
func pdfCrossed(begin string, objects pdfObjects, packed ...int) []byte {
	out := []byte("%PDF-1.7\n" + begin)
	rows := make([][3]int, 40)
	for _, number := range slices.Sorted(maps.Keys(objects)) {
		rows[number] = [3]int{1, len(out), 0}
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", number, objects[number])
	}
	for i, number := range packed {
		rows[number] = [3]int{2, 8, i}
	}
	rows[39] = [3]int{1, len(out), 0}
	var table []byte
	for _, row := range rows {
		table = append(table, byte(row[0]), byte(row[1]>>16), byte(row[1]>>8), byte(row[1]), byte(row[2]))
	}
	start := len(out)
	return fmt.Appendf(out, "39 0 obj\n<</Type/XRef/W[1 3 1]/Size 40/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(table), table, start)
}

// pdfMember is the object stream of one member.
func pdfMember(more, length string, content []byte) string {
	return fmt.Sprintf("<</Type/ObjStm/N 1/First 5%s/Length %s>>\nstream\n%s\nendstream", more, length, content)
}

// pdfValueInStream is a file whose signature stands in an object stream, by itself or in its field; Contents is at the offset of the stream
// where the file has a gap of digits that no reader looks at.
func (w *world) pdfValueInStream(inField bool) []byte {
	const at = 400
	blank := "<" + strings.Repeat("0", 2*reserve) + ">"
	begin := "%" + strings.Repeat(" ", at-len("%PDF-1.7\n%")) + blank + "\n"
	const field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(S11)/P 3 0 R/F 132/Rect[0 0 0 0]/V"
	number, before, behind := 10, "", ""
	objects := pdfPage()
	objects[1] = "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[11 0 R]>>>>"
	objects[3] = strings.Replace(objects[3], "/Contents", "/Annots[11 0 R]/Contents", 1)
	if inField {
		number, before, behind = 11, field, ">>"
	} else {
		objects[11] = field + " 10 0 R>>"
	}
	const parts = "[0 00000 00000 00000]"
	dictionary := before + "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20260601000000Z)/ByteRange" + parts + "/Contents"
	inside := fmt.Sprintf("%d 0 ", number) + strings.Repeat(" ", at-len("10 0 ")-len(dictionary)) + dictionary + blank + ">>" + behind
	objects[8] = pdfMember("", fmt.Sprint(len(inside)), []byte(inside))
	out := pdfCrossed(begin, objects, number)
	end := at + len(blank)
	out = swap(out, parts, fmt.Sprintf("[0 %05d %05d %05d]", at, end, len(out)-end))
	value := []byte(hex.EncodeToString(w.message(slices.Concat(out[:at], out[end:]))))
	copy(out[bytes.LastIndex(out, []byte(blank))+1:], value)
	return out
}

// faults are files that a reader of signatures has taken once for what they are not.
func (p *pdfWriter) faults() {
	w := p.world
	p.one("byte_range", "value-in-stream", specPDF, "12.8.1", "refuse", "byte_range", "signature dictionary in an object stream", w.pdfValueInStream(false))
	p.one("byte_range", "field-in-stream", specPDF, "12.8.1", "refuse", "byte_range", "field in an object stream with its signature dictionary in it", w.pdfValueInStream(true))

	// Readers differ in which of two equal keys they take.
	twice := func(first string) string {
		return "<</Type/Page/Parent 2 0 R/Contents " + first + " 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[11 0 R]>>"
	}
	base := pdfPage()
	base[6], base[7] = pdfStream(""), pdfStream("Amount 999")
	signed := w.pdfSigned(pdfFile(base, ""), pdfSigning{objects: pdfObjects{3: twice("6")}})
	p.one("changed_after", "kept-key-twice", specPDF, "7.3.7", "accept", "", "page has Contents twice, and was signed so", signed)
	p.one("changed_after", "key-twice", specPDF, "7.3.7", "refuse", "changed_after", "first of two Contents of the page replaced", pdfUpdate(signed, pdfObjects{3: twice("7")}))

	certified := w.pdfSigned(pdfFile(pdfPage(), ""), pdfSigning{catalog: "/Perms<</DocMDP 10 0 R>>", more: "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P 2>>>>]"})
	for name, rectangle := range map[string]string{"five-numbers": "[70 690 300 730 0]", "no-array": "7", "texts": "[70 690(300)(730)]"} {
		p.one("docmdp", "area-"+name, specPDF, "12.8.2.2", "refuse", "docmdp", "signature behind level 2 whose Rect is "+rectangle,
			w.pdfSigned(certified, pdfSigning{number: 20, others: "11 0 R ", catalog: "/Perms<</DocMDP 10 0 R>>", field: "/Rect " + rectangle}))
	}

	for name, reference := range map[string]string{"no-array": "<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P 2>>>>", "number": "[7]"} {
		odd := w.pdfSigned(pdfFile(pdfPage(), ""), pdfSigning{catalog: "/Perms<</DocMDP 10 0 R>>", more: "/Reference" + reference})
		p.one("docmdp", "reference-"+name, specPDF, "12.8.1", "refuse", "docmdp", "signature behind one whose Reference is "+reference, w.pdfSigned(odd, pdfSigning{number: 20, others: "11 0 R ", catalog: "/Perms<</DocMDP 10 0 R>>"}))
	}

	// The font's name is the last member of an object stream, whose length an object of its own says.
	named := pdfPage()
	named[5] = "<</Type/Font/Subtype/Type1/BaseFont 9 0 R>>"
	const member = "9 0  /Helvetica"
	named[8], named[7] = pdfMember("", "7 0 R", []byte(member+"endstream")), fmt.Sprint(len(member))
	referred := w.pdfSigned(pdfCrossed("", named, 9), pdfSigning{})
	p.one("object_streams", "length", specPDF, "7.5.7", "accept", "", "length of the object stream is an object of its own", referred)
	p.one("object_streams", "length-changed", specPDF, "7.5.7", "refuse", "changed_after", "length of the object stream changed behind the signature", pdfUpdate(referred, pdfObjects{7: fmt.Sprint(len(member + "endstream\n"))}))

	// An object that was signed stands in a stream beyond every bound, and an update takes it away.
	large := pdfPage()
	font := large[5]
	delete(large, 5)
	packed := pdfDeflated("5 0  "+font, 25<<20)
	large[8] = pdfMember("/Filter/FlateDecode", fmt.Sprint(len(packed)), packed)
	beyond := w.pdfSigned(pdfCrossed("", large, 5), pdfSigning{})
	removed := fmt.Appendf(slices.Clone(beyond), "xref\n5 1\n0000000000 00001 f\r\ntrailer\n<</Size 40/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", pdfStart(beyond), len(beyond))
	p.one("object_streams", "beyond-bounds", specPDF, "7.5.7", "refuse", "pdf_limit", "object taken away that stands in an object stream of 25 MiB", removed)
}

// pdfDeflated is a text with zero octets behind it, which are white space (ISO 32000-1 7.2.2), as RFC 1950 packs them: the text as it is.
func pdfDeflated(text string, zeros int) []byte {
	compressed, plain := deflateZeros(zeros)
	out := binary.LittleEndian.AppendUint16([]byte{0x78, 0x01, 0}, uint16(len(text)))
	out = binary.LittleEndian.AppendUint16(out, ^uint16(len(text)))
	out = append(append(out, text...), compressed...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(append([]byte(text), plain...)))
}
