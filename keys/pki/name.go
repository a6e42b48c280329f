package pki

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Name is a distinguished name, attributes in the order of the certificate (RFC 5280 4.1.2.4).
type Name struct {
	Raw        []byte // DER as received; names are compared by these octets
	Attributes []Attribute
}

// Attribute is one attribute of a name. Set counts the relative distinguished names, so that attributes of one
// multi-valued RDN share a number.
type Attribute struct {
	Type string // dotted OID
	Text string
	Raw  []byte // the value as received
	Set  int
}

// attributeNames are the short names that String prints; those of RFC 4514 first, then what Chinese seals use.
var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C",
	"2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
	"2.5.4.5": "serialNumber", "2.5.4.4": "SN", "2.5.4.42": "GN", "2.5.4.12": "title",
	"1.2.840.113549.1.9.1": "emailAddress",
}

// maxAttributes bounds a name.
const maxAttributes = 64

// parseName reads a Name.
func parseName(reader *der.Reader, value der.Value) (Name, error) {
	name := Name{Raw: value.Raw}
	sets, err := reader.Sequence(value)
	if err != nil {
		return name, fmt.Errorf("%w: name: %w", ErrCertificate, err)
	}
	for i, set := range sets {
		pairs, err := reader.SetOf(set, "RDN", maxAttributes)
		if err != nil {
			return name, fmt.Errorf("%w: name: %w", ErrCertificate, err)
		}
		for _, pair := range pairs {
			fields, err := reader.Members(pair, "attribute", 2, 2)
			if err != nil {
				return name, fmt.Errorf("%w: name: %w", ErrCertificate, err)
			}
			if len(name.Attributes) == maxAttributes {
				return name, fmt.Errorf("%w: name: %w: more than %d attributes", ErrCertificate, der.ErrLimit, maxAttributes)
			}
			attribute := Attribute{Raw: fields[1].Raw, Set: i}
			if attribute.Type, err = reader.OID(fields[0]); err != nil {
				return name, fmt.Errorf("%w: name: %w", ErrCertificate, err)
			}
			if attribute.Text, err = reader.Text(fields[1]); err != nil {
				attribute.Text = "#" + hex.EncodeToString(fields[1].Raw)
			}
			name.Attributes = append(name.Attributes, attribute)
		}
	}
	return name, nil
}

// First returns the text of the first attribute of the type, empty when there is none.
func (n Name) First(oid string) string {
	for _, attribute := range n.Attributes {
		if attribute.Type == oid {
			return attribute.Text
		}
	}
	return ""
}

// CommonName is the first CN: the seal code in seal certificates (seal.md section 8).
func (n Name) CommonName() string { return n.First("2.5.4.3") }

// Organization is the first O.
func (n Name) Organization() string { return n.First("2.5.4.10") }

// String prints the name in the order of RFC 4514, last RDN first, in UTF-8: "CN=…,O=…,C=CN". Types without a short name
// print as dotted OID with their text.
func (n Name) String() string {
	var text strings.Builder
	for i := len(n.Attributes) - 1; i >= 0; {
		first := i
		for first > 0 && n.Attributes[first-1].Set == n.Attributes[i].Set {
			first--
		}
		for j := first; j <= i; j++ {
			if text.Len() > 0 {
				if j == first {
					text.WriteByte(',')
				} else {
					text.WriteByte('+')
				}
			}
			attribute := n.Attributes[j]
			short, ok := attributeNames[attribute.Type]
			if !ok {
				short = attribute.Type
			}
			text.WriteString(short)
			text.WriteByte('=')
			text.WriteString(escapeDN(attribute.Text))
		}
		i = first - 1
	}
	return text.String()
}

// escapeDN escapes a value as RFC 4514 2.4 asks; text beyond ASCII stays readable, control characters do not.
func escapeDN(text string) string {
	var out strings.Builder
	last := len(text) - 1
	for i, char := range text {
		switch {
		case strings.ContainsRune(`"+,;<>\`, char), char == '#' && i == 0 && !isHexDump(text), char == ' ' && (i == 0 || i == last):
			out.WriteByte('\\')
			out.WriteRune(char)
		case char < 0x20 || char == 0x7f:
			fmt.Fprintf(&out, `\%02x`, char)
		case char >= 0x80 && char < 0xa0 || isBidiControl(char):
			for _, octet := range []byte(string(char)) {
				fmt.Fprintf(&out, `\%02x`, octet)
			}
		default:
			out.WriteRune(char)
		}
	}
	return out.String()
}

// isHexDump tells whether a value that begins with # was printed as its octets.
func isHexDump(text string) bool {
	_, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	return err == nil
}

// isBidiControl tells the characters that reorder text on a screen, so that a name cannot show as another.
func isBidiControl(char rune) bool {
	return char >= 0x202a && char <= 0x202e || char >= 0x2066 && char <= 0x2069 || char == 0x200e || char == 0x200f
}
