package der

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxOIDArcs bounds an object identifier; the longest in use have 12 arcs.
const maxOIDArcs = 64

// Integer reads an INTEGER of any size.
func (r *Reader) Integer(value Value) (*big.Int, error) {
	return r.number("INTEGER", TagInteger, value)
}

// number reads INTEGER and ENUMERATED, which differ in their tag alone (X.690 8.4).
func (r *Reader) number(name string, tag int, value Value) (*big.Int, error) {
	if !value.Is(tag) || value.Constructed {
		return nil, typeError(name, value)
	}
	content := value.Content
	if len(content) == 0 {
		return nil, fmt.Errorf("%w: empty %s", ErrSyntax, name)
	}
	if len(content) > 1 && (content[0] == 0 && content[1] < 0x80 || content[0] == 0xff && content[1] >= 0x80) {
		if err := r.Tolerate(IntegerPadded); err != nil {
			return nil, err
		}
	}
	number := new(big.Int).SetBytes(content)
	if content[0] >= 0x80 {
		number.Sub(number, new(big.Int).Lsh(big.NewInt(1), uint(8*len(content))))
	}
	return number, nil
}

// Int reads an INTEGER between -2^31 and 2^31-1.
func (r *Reader) Int(value Value) (int, error) { return r.small("INTEGER", TagInteger, value) }

// Enumerated reads an ENUMERATED between -2^31 and 2^31-1.
func (r *Reader) Enumerated(value Value) (int, error) {
	return r.small("ENUMERATED", TagEnumerated, value)
}

func (r *Reader) small(name string, tag int, value Value) (int, error) {
	number, err := r.number(name, tag, value)
	if err != nil {
		return 0, err
	}
	if !number.IsInt64() || number.Int64() != int64(int32(number.Int64())) {
		return 0, fmt.Errorf("%w: %s of %d bits", ErrLimit, name, number.BitLen())
	}
	return int(number.Int64()), nil
}

// Boolean reads a BOOLEAN.
func (r *Reader) Boolean(value Value) (bool, error) {
	if !value.Is(TagBoolean) || len(value.Content) != 1 {
		return false, typeError("BOOLEAN", value)
	}
	switch value.Content[0] {
	case 0:
		return false, nil
	case 0xff:
		return true, nil
	}
	return true, r.Tolerate(BooleanNotFF)
}

// OID reads an OBJECT IDENTIFIER in dotted form.
func (r *Reader) OID(value Value) (string, error) {
	if !value.Is(TagOID) || value.Constructed {
		return "", typeError("OBJECT IDENTIFIER", value)
	}
	if len(value.Content) == 0 || value.Content[len(value.Content)-1]&0x80 != 0 {
		return "", fmt.Errorf("%w: OBJECT IDENTIFIER is cut short", ErrSyntax)
	}
	text := make([]byte, 0, 64) // on the stack: most are shorter
	var arc uint64
	started, arcs := false, 0
	for _, octet := range value.Content {
		if !started && octet == 0x80 {
			if err := r.Tolerate(OIDNotMinimal); err != nil {
				return "", err
			}
		}
		if arc > 1<<55 {
			return "", fmt.Errorf("%w: arc of an OBJECT IDENTIFIER", ErrLimit)
		}
		arc, started = arc<<7|uint64(octet&0x7f), true
		if octet&0x80 != 0 {
			continue
		}
		if arcs++; arcs > maxOIDArcs {
			return "", fmt.Errorf("%w: OBJECT IDENTIFIER of more than %d arcs", ErrLimit, maxOIDArcs)
		}
		if arcs == 1 {
			first := min(arc/40, 2)
			text = strconv.AppendUint(text, first, 10)
			arc -= 40 * first
		}
		text = strconv.AppendUint(append(text, '.'), arc, 10)
		arc, started = 0, false
	}
	return string(text), nil
}

// OctetString reads an OCTET STRING; segments of a constructed one are joined in a copy.
func (r *Reader) OctetString(value Value) ([]byte, error) {
	if !value.Is(TagOctetString) {
		return nil, typeError("OCTET STRING", value)
	}
	return r.segments(value)
}

// segments joins a constructed string.
func (r *Reader) segments(value Value) ([]byte, error) {
	if !value.Constructed {
		return value.Content, nil
	}
	if err := r.Tolerate(StringConstructed); err != nil {
		return nil, err
	}
	children, err := r.Children(value)
	if err != nil {
		return nil, err
	}
	var joined []byte
	for _, child := range children {
		if !child.Is(TagOctetString) {
			return nil, typeError("OCTET STRING segment", child)
		}
		part, err := r.segments(child)
		if err != nil {
			return nil, err
		}
		joined = append(joined, part...)
	}
	return joined, nil
}

// BitString reads a BIT STRING that holds whole octets.
func (r *Reader) BitString(value Value) ([]byte, error) {
	if !value.Is(TagBitString) || value.Constructed {
		return nil, typeError("BIT STRING", value)
	}
	if len(value.Content) == 0 || value.Content[0] != 0 {
		return nil, fmt.Errorf("%w: BIT STRING does not hold whole octets", ErrSyntax)
	}
	return value.Content[1:], nil
}

// NamedBits reads a BIT STRING of a named list, bit 0 first in the result's lowest bit; at most 32 bits.
func (r *Reader) NamedBits(value Value) (uint32, error) {
	if !value.Is(TagBitString) || value.Constructed {
		return 0, typeError("BIT STRING", value)
	}
	content := value.Content
	if len(content) == 0 || content[0] > 7 || len(content) == 1 && content[0] != 0 || len(content) > 5 {
		return 0, fmt.Errorf("%w: BIT STRING of named bits", ErrSyntax)
	}
	unused, bits := int(content[0]), uint32(0)
	for i, octet := range content[1:] {
		for bit := range 8 {
			if octet&(0x80>>bit) != 0 {
				bits |= 1 << (8*i + bit)
			}
		}
	}
	if len(content) > 1 {
		last := content[len(content)-1]
		if last<<(7-unused)&0x80 == 0 || last&byte(1<<unused-1) != 0 {
			if err := r.Tolerate(BitsNotMinimal); err != nil {
				return 0, err
			}
			bits &^= 0xffffffff << (8*(len(content)-1) - unused)
		}
	}
	return bits, nil
}

// Text reads any of the character string types as UTF-8.
func (r *Reader) Text(value Value) (string, error) {
	if value.Class != Universal || value.Constructed {
		return "", typeError("character string", value)
	}
	content := value.Content
	switch value.Tag {
	case TagUTF8String:
		if !utf8.Valid(content) {
			return strings.ToValidUTF8(string(content), "�"), r.Tolerate(StringCharacters)
		}
		return string(content), nil
	case TagPrintableString, TagIA5String, TagNumericString, TagVisibleString:
		return r.ascii(value.Tag, content)
	case TagT61String:
		// T.61 is read as UTF-8 or Latin-1, as every certificate reader does.
		if utf8.Valid(content) {
			return string(content), nil
		}
		runes := make([]rune, len(content))
		for i, octet := range content {
			runes[i] = rune(octet)
		}
		return string(runes), nil
	case TagBMPString:
		if len(content)%2 != 0 {
			return "", fmt.Errorf("%w: BMPString of odd length", ErrSyntax)
		}
		units := make([]uint16, len(content)/2)
		for i := range units {
			units[i] = uint16(content[2*i])<<8 | uint16(content[2*i+1])
		}
		return string(utf16.Decode(units)), nil
	case TagUniversalString:
		if len(content)%4 != 0 {
			return "", fmt.Errorf("%w: UniversalString of odd length", ErrSyntax)
		}
		var text strings.Builder
		for i := 0; i < len(content); i += 4 {
			text.WriteRune(rune(content[i])<<24 | rune(content[i+1])<<16 | rune(content[i+2])<<8 | rune(content[i+3]))
		}
		return text.String(), nil
	}
	return "", typeError("character string", value)
}

// ascii reads a 7-bit string type; octets beyond it are taken as UTF-8 (real vendors write Chinese there) and named.
func (r *Reader) ascii(tag int, content []byte) (string, error) {
	for _, octet := range content {
		if octet < 0x80 && (tag != TagPrintableString || printable(octet)) && (tag != TagNumericString || octet == ' ' || octet >= '0' && octet <= '9') {
			continue
		}
		return strings.ToValidUTF8(string(content), "�"), r.Tolerate(StringCharacters)
	}
	return string(content), nil
}

// printable tells the alphabet of PrintableString; '*' and '&' and '@' and '_' are outside it.
func printable(octet byte) bool {
	switch {
	case octet >= 'a' && octet <= 'z', octet >= 'A' && octet <= 'Z', octet >= '0' && octet <= '9':
		return true
	}
	return strings.IndexByte(" '()+,-./:=?", octet) >= 0
}

// Time reads a UTCTime (two-digit year, 1950 to 2049) or a GeneralizedTime as a UTC moment.
func (r *Reader) Time(value Value) (time.Time, error) {
	if value.Constructed || !value.Is(TagUTCTime) && !value.Is(TagGeneralizedTime) {
		return time.Time{}, typeError("UTCTime or GeneralizedTime", value)
	}
	text := string(value.Content)
	generalized := value.Is(TagGeneralizedTime)
	strictLayout := "060102150405Z"
	layouts := []string{"060102150405Z0700", "0601021504Z0700"}
	if generalized {
		strictLayout = "20060102150405Z"
		layouts = []string{"20060102150405Z0700", "20060102150405.999999999Z0700", "200601021504Z0700", "2006010215Z0700"}
		if strings.Contains(text, ".") && !strings.HasSuffix(text, "0Z") { // a comma, which time.Parse takes too, is not DER
			if moment, err := time.Parse("20060102150405.999999999Z", text); err == nil {
				return moment.UTC(), nil
			}
		}
	}
	moment, err := time.Parse(strictLayout, text)
	if err != nil || len(text) != len(strictLayout) { // time.Parse takes a fraction that the layout does not name
		for _, layout := range layouts {
			if moment, err = time.Parse(layout, text); err == nil {
				break
			}
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: time %q", ErrSyntax, text)
		}
		if err := r.Tolerate(TimeNotZulu); err != nil {
			return time.Time{}, err
		}
	}
	moment = moment.UTC()
	if !generalized && moment.Year() >= 2050 {
		moment = moment.AddDate(-100, 0, 0)
	}
	return moment, nil
}
