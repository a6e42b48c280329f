package inspect

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
)

// PDF shows what can be told of a PDF document (ISO 32000) by looking for its marks, without following its objects:
// objects in compressed streams stay unseen.
type PDF struct {
	Version    string         `json:"version"`   // of the header
	Revisions  int            `json:"revisions"` // ends of file: one, and one more for each incremental update
	Linearized bool           `json:"linearized,omitempty"`
	Encrypted  bool           `json:"encrypted,omitempty"`
	Signatures []PDFSignature `json:"signatures"`
}

// PDFSignature shows a signature dictionary (ISO 32000-1 12.8).
type PDFSignature struct {
	SubFilter string  `json:"sub_filter,omitempty"`
	ByteRange []int64 `json:"byte_range"` // offsets and lengths that are signed
	Covers    string  `json:"covers"`     // whole_file, earlier_revision, or malformed
	Value     *File   `json:"contents,omitempty"`
	Fault     string  `json:"fault,omitempty"`
}

// maxPDFSignatures bounds what is shown.
const maxPDFSignatures = 64

var (
	pdfHeader    = regexp.MustCompile(`^%PDF-(\d\.\d)`)
	pdfByteRange = regexp.MustCompile(`/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]`)
	pdfSubFilter = regexp.MustCompile(`/SubFilter\s*/([A-Za-z0-9.]+)`)
)

// tryPDF takes everything that begins like a PDF.
func tryPDF(file *File, input []byte) bool {
	if !bytes.HasPrefix(input, []byte("%PDF-")) {
		return false
	}
	file.Format = FormatPDF
	file.Notes = append(file.Notes, "shown by its marks; objects in compressed streams are not read")
	shown := &PDF{Revisions: bytes.Count(input, []byte("%%EOF")), Encrypted: bytes.Contains(input, []byte("/Encrypt")), Signatures: []PDFSignature{}}
	if header := pdfHeader.FindSubmatch(input); header != nil {
		shown.Version = string(header[1])
	}
	if at := bytes.Index(input, []byte("/Linearized")); at >= 0 && at < 1024 {
		shown.Linearized = true
		shown.Revisions = max(shown.Revisions-1, 1) // a linearized file has an end of file of its own for the first page
	}
	for _, place := range pdfByteRange.FindAllSubmatchIndex(input, maxPDFSignatures) {
		shown.Signatures = append(shown.Signatures, showPDFSignature(input, place))
	}
	file.PDF = shown
	return true
}

func showPDFSignature(input []byte, place []int) PDFSignature {
	shown := PDFSignature{Covers: "malformed"}
	for i := 2; i < len(place); i += 2 {
		number, err := strconv.ParseInt(string(input[place[i]:place[i+1]]), 10, 64)
		if err != nil {
			shown.Fault = "a number of the range is too large"
			return shown
		}
		shown.ByteRange = append(shown.ByteRange, number)
	}
	// The dictionary lies around the range: its object begins before and ends behind it.
	begin := max(bytes.LastIndex(input[:place[0]], []byte(" obj")), 0)
	end := len(input)
	if at := bytes.Index(input[place[1]:], []byte("endobj")); at >= 0 {
		end = place[1] + at
	}
	if name := pdfSubFilter.FindSubmatch(input[begin:end]); name != nil {
		shown.SubFilter = string(name[1])
	}
	r, size := shown.ByteRange, int64(len(input))
	if r[0] != 0 || r[1] > size || r[2] < r[1] || r[2] > size || r[3] > size-r[2] {
		shown.Fault = "the range is not inside the file"
		return shown
	}
	shown.Covers = "earlier_revision"
	if r[2]+r[3] == size {
		shown.Covers = "whole_file"
	}
	// Between the two parts stands the value as <hex>, filled up with zeros.
	gap := bytes.Trim(input[r[1]:r[2]], " \r\n\t")
	if len(gap) < 2 || gap[0] != '<' || gap[len(gap)-1] != '>' {
		shown.Covers, shown.Fault = "malformed", "the gap of the range is not the value"
		return shown
	}
	value := make([]byte, hex.DecodedLen(len(gap)-2))
	if _, err := hex.Decode(value, gap[1:len(gap)-1]); err != nil {
		shown.Covers, shown.Fault = "malformed", "the value is not hexadecimal"
		return shown
	}
	contents := inspectStructure("Contents", derValue(value))
	shown.Value = &contents
	return shown
}

// derValue cuts the filling off behind a DER value.
func derValue(octets []byte) []byte {
	if len(octets) < 2 {
		return octets
	}
	length, header := int(octets[1]), 2
	if length >= 0x80 {
		count := length & 0x7f
		if count == 0 || count > 4 || len(octets) < 2+count {
			return octets
		}
		length, header = 0, 2+count
		for _, octet := range octets[2:header] {
			length = length<<8 | int(octet)
		}
	}
	if length < 0 || length > len(octets)-header {
		return octets
	}
	return octets[:header+length]
}
