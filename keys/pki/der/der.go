// Package der reads ASN.1 values (ITU-T X.690) as slices of the received octets, within stated bounds, and writes DER.
//
// Nothing is ever re-encoded on reading: every [Value] points into the input, so that callers hash what was received
// (design decision 9). Whatever is not DER but occurs in files of real vendors is tolerated under a name and listed as a
// [Deviation]; [Reader.Strict] refuses it instead. The package is a leaf: no I/O, no clock, no state.
//
// Not for: schema-driven decoding, private keys, or ASN.1 types that seals and certificates do not use.
package der

import (
	"errors"
	"fmt"
	"slices"
)

// Bounds of security rule R11.
const (
	MaxDepth = 32      // nesting of constructed values
	MaxBytes = 4 << 20 // octets of one input
)

// Errors of reading. ErrLimit is a stated bound; all others mean that the octets are not what they should be.
var (
	ErrSyntax = errors.New("der: malformed encoding")
	ErrLimit  = errors.New("der: bound exceeded")
	ErrNotDER = errors.New("der: encoding is not DER")
	ErrType   = errors.New("der: unexpected type")
)

// Deviation is the name of a tolerated departure from DER or from the structure's definition.
type Deviation string

// Deviations of the encoding itself.
const (
	LengthNotMinimal  Deviation = "length_not_minimal"  // X.690 10.1: length in more octets than needed
	LengthIndefinite  Deviation = "length_indefinite"   // X.690 10.1: end-of-contents form
	StringConstructed Deviation = "string_constructed"  // X.690 10.2: string in segments
	IntegerPadded     Deviation = "integer_padded"      // X.690 8.3.2: redundant leading octet
	BooleanNotFF      Deviation = "boolean_not_ff"      // X.690 11.1: TRUE other than 0xFF
	BitsNotMinimal    Deviation = "bits_not_minimal"    // X.690 11.2: unused bits set or trailing zero bits of a named list
	TimeNotZulu       Deviation = "time_not_zulu"       // X.690 11.7, 11.8: offset, missing seconds or trailing fraction zeros
	DefaultEncoded    Deviation = "default_encoded"     // X.690 11.5: a value equal to its DEFAULT is written out
	StringCharacters  Deviation = "string_characters"   // characters outside the string type's alphabet
	OIDNotMinimal     Deviation = "oid_arc_not_minimal" // X.690 8.19.2: padded arc
)

// Classes of tags.
const (
	Universal   = 0
	Application = 1
	Context     = 2
	Private     = 3
)

// Universal tags in use.
const (
	TagBoolean         = 1
	TagInteger         = 2
	TagBitString       = 3
	TagOctetString     = 4
	TagNull            = 5
	TagOID             = 6
	TagEnumerated      = 10
	TagUTF8String      = 12
	TagSequence        = 16
	TagSet             = 17
	TagNumericString   = 18
	TagPrintableString = 19
	TagT61String       = 20
	TagIA5String       = 22
	TagUTCTime         = 23
	TagGeneralizedTime = 24
	TagVisibleString   = 26
	TagUniversalString = 28
	TagBMPString       = 30
)

// Value is one encoded value inside the input.
type Value struct {
	Class       int
	Tag         int
	Constructed bool
	Raw         []byte // identifier, length and content as received
	Content     []byte // content octets, without end-of-contents octets
	Indefinite  bool   // received in the end-of-contents form
	depth       int
}

// Is reports a universal tag.
func (v Value) Is(tag int) bool { return v.Class == Universal && v.Tag == tag }

// IsContext reports a context-specific tag.
func (v Value) IsContext(tag int) bool { return v.Class == Context && v.Tag == tag }

// Reader reads values and collects what it tolerated. The zero Reader tolerates named deviations (interop mode).
type Reader struct {
	Strict     bool // refuse every deviation with ErrNotDER
	deviations []Deviation
	free       []Value // room for children, so that a certificate of sixty small lists is not sixty allocations
}

// room is how many values are allocated at once.
const room = 32

// Deviations returns what was tolerated so far, each name once, in the order met.
func (r *Reader) Deviations() []Deviation { return append([]Deviation(nil), r.deviations...) }

// Tolerate notes a deviation, or refuses it in strict mode. Parsers of structures use it for their own names too.
func (r *Reader) Tolerate(name Deviation) error {
	if r.Strict {
		return fmt.Errorf("%w: %s", ErrNotDER, name)
	}
	for _, have := range r.deviations {
		if have == name {
			return nil
		}
	}
	r.deviations = append(r.deviations, name)
	return nil
}

// Parse reads the one value that fills the input and walks the whole tree, so that bounds and lengths hold everywhere
// before anybody looks inside.
func (r *Reader) Parse(input []byte) (Value, error) {
	if len(input) > MaxBytes {
		return Value{}, fmt.Errorf("%w: %d octets, at most %d", ErrLimit, len(input), MaxBytes)
	}
	value, rest, err := r.next(input, 0)
	if err != nil {
		return Value{}, err
	}
	if len(rest) != 0 {
		return Value{}, fmt.Errorf("%w: %d octets after the value", ErrSyntax, len(rest))
	}
	if err := r.walk(value); err != nil {
		return Value{}, err
	}
	return value, nil
}

// walk visits every value of the tree.
func (r *Reader) walk(value Value) error {
	if !value.Constructed {
		return nil
	}
	rest := value.Content
	for len(rest) > 0 {
		child, after, err := r.next(rest, value.depth+1)
		if err != nil {
			return err
		}
		if err := r.walk(child); err != nil {
			return err
		}
		rest = after
	}
	return nil
}

// Children returns the values inside a constructed value.
func (r *Reader) Children(value Value) ([]Value, error) {
	if !value.Constructed {
		return nil, fmt.Errorf("%w: value of tag %d is primitive", ErrType, value.Tag)
	}
	children := r.free[:0]
	rest := value.Content
	for len(rest) > 0 {
		child, after, err := r.next(rest, value.depth+1)
		if err != nil {
			return nil, err
		}
		if len(children) == cap(children) { // what stood in the room stays there for its callers
			children = append(make([]Value, 0, max(room, 2*len(children))), children...)
		}
		children = append(children, child)
		rest = after
	}
	r.free = children[len(children):]
	return slices.Clip(children), nil
}

// Sequence returns the members of a SEQUENCE.
func (r *Reader) Sequence(value Value) ([]Value, error) {
	if !value.Is(TagSequence) {
		return nil, typeError("SEQUENCE", value)
	}
	return r.Children(value)
}

// Members returns the members of a SEQUENCE of a stated number of them; name is what the structure is called in errors.
func (r *Reader) Members(value Value, name string, least, most int) ([]Value, error) {
	members, err := r.Sequence(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(members) < least || len(members) > most {
		return nil, fmt.Errorf("%w: %d members of %s", ErrSyntax, len(members), name)
	}
	return members, nil
}

// List returns what stands inside a constructed value, at most so many values.
func (r *Reader) List(value Value, name string, most int) ([]Value, error) {
	items, err := r.Children(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(items) > most {
		return nil, fmt.Errorf("%w: %d values in %s", ErrLimit, len(items), name)
	}
	return items, nil
}

// SetOf returns the values of a SET OF, at most so many.
func (r *Reader) SetOf(value Value, name string, most int) ([]Value, error) {
	if !value.Is(TagSet) {
		return nil, fmt.Errorf("%s: %w", name, typeError("SET", value))
	}
	return r.List(value, name, most)
}

// Explicit returns the one value inside an explicit context tag.
func (r *Reader) Explicit(value Value) (Value, error) {
	children, err := r.Children(value)
	if err != nil {
		return Value{}, err
	}
	if len(children) != 1 {
		return Value{}, fmt.Errorf("%w: explicit tag holds %d values", ErrSyntax, len(children))
	}
	return children[0], nil
}

// next reads one value from the front of the input.
func (r *Reader) next(input []byte, depth int) (Value, []byte, error) {
	if depth > MaxDepth {
		return Value{}, nil, fmt.Errorf("%w: nesting deeper than %d", ErrLimit, MaxDepth)
	}
	if len(input) < 2 {
		return Value{}, nil, fmt.Errorf("%w: value is cut short", ErrSyntax)
	}
	value := Value{Class: int(input[0] >> 6), Constructed: input[0]&0x20 != 0, Tag: int(input[0] & 0x1f), depth: depth}
	position := 1
	if value.Tag == 0x1f {
		tag, used, err := readHighTag(input[1:])
		if err != nil {
			return Value{}, nil, err
		}
		value.Tag, position = tag, 1+used
	}
	if value.Class == Universal && value.Tag == 0 {
		return Value{}, nil, fmt.Errorf("%w: reserved tag 0", ErrSyntax)
	}
	if value.Class == Universal && (value.Tag == TagSequence || value.Tag == TagSet) && !value.Constructed {
		return Value{}, nil, fmt.Errorf("%w: primitive SEQUENCE or SET", ErrSyntax)
	}
	if position >= len(input) {
		return Value{}, nil, fmt.Errorf("%w: length is missing", ErrSyntax)
	}
	if input[position] == 0x80 {
		return r.nextIndefinite(value, input, position+1)
	}
	length, used, minimal, err := readLength(input[position:])
	if err != nil {
		return Value{}, nil, err
	}
	position += used
	if length > len(input)-position {
		return Value{}, nil, fmt.Errorf("%w: length %d runs past the end", ErrSyntax, length)
	}
	if !minimal {
		if err := r.Tolerate(LengthNotMinimal); err != nil {
			return Value{}, nil, err
		}
	}
	value.Raw, value.Content = input[:position+length], input[position:position+length]
	return value, input[position+length:], nil
}

// nextIndefinite reads a value in the end-of-contents form (X.690 8.1.3.6).
func (r *Reader) nextIndefinite(value Value, input []byte, start int) (Value, []byte, error) {
	if !value.Constructed {
		return Value{}, nil, fmt.Errorf("%w: indefinite length of a primitive value", ErrSyntax)
	}
	if err := r.Tolerate(LengthIndefinite); err != nil {
		return Value{}, nil, err
	}
	rest := input[start:]
	for {
		if len(rest) >= 2 && rest[0] == 0 && rest[1] == 0 {
			end := len(input) - len(rest)
			value.Content, value.Raw, value.Indefinite = input[start:end], input[:end+2], true
			return value, rest[2:], nil
		}
		_, after, err := r.next(rest, value.depth+1)
		if err != nil {
			return Value{}, nil, err
		}
		rest = after
	}
}

// readHighTag reads a tag number of more than one octet; numbers above 2^20 do not occur and are refused.
func readHighTag(input []byte) (tag, used int, err error) {
	for used < len(input) && used < 3 {
		octet := input[used]
		if used == 0 && octet == 0x80 {
			return 0, 0, fmt.Errorf("%w: padded tag", ErrSyntax)
		}
		tag = tag<<7 | int(octet&0x7f)
		used++
		if octet&0x80 == 0 {
			if tag < 0x1f {
				return 0, 0, fmt.Errorf("%w: tag in more octets than needed", ErrSyntax)
			}
			return tag, used, nil
		}
	}
	return 0, 0, fmt.Errorf("%w: tag number too large", ErrSyntax)
}

// readLength reads a definite length; minimal tells whether it is the DER form.
func readLength(input []byte) (length, used int, minimal bool, err error) {
	first := input[0]
	if first < 0x80 {
		return int(first), 1, true, nil
	}
	count := int(first & 0x7f)
	if count > 8 || count > len(input)-1 {
		return 0, 0, false, fmt.Errorf("%w: length of %d octets", ErrSyntax, count)
	}
	long := uint64(0) // holds the eight octets
	for _, octet := range input[1 : 1+count] {
		long = long<<8 | uint64(octet)
	}
	if long > MaxBytes {
		return 0, 0, false, fmt.Errorf("%w: length above %d", ErrLimit, MaxBytes)
	}
	return int(long), 1 + count, input[1] != 0 && long >= 0x80, nil
}

func typeError(want string, have Value) error {
	return fmt.Errorf("%w: want %s, have class %d tag %d", ErrType, want, have.Class, have.Tag)
}
