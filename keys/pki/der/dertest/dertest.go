// Package dertest changes encoded values for tests the way a forger or a careless maker would: one element of the tree is written
// otherwise while everything around it stays in step. It is for tests only; what it makes follows no standard on purpose.
package dertest

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// element is one value. Strings that hold a value in turn, as certificates inside OCTET STRING do, are opened.
type element struct {
	tag     []byte
	lead    []byte     // unused bits of a BIT STRING that holds values
	content []byte     // of an element that holds no others
	members []*element // nil in an element that holds no others
	length  form
}

// form is how a length is written.
type form int

const (
	shortest   form = iota
	longer          // one octet more than needed (X.690 10.1 forbids it in DER)
	indefinite      // X.690 8.1.3.6, with the end-of-contents octets
	tooLong         // one more than there is
	tooShort        // one less than there is
)

// Mutate changes one element and says how. The same draws give the same octets for the same input. An input that cannot be taken
// apart, or that no draw changes, comes back as it is, with an empty class.
func Mutate(random *rand.Rand, input []byte) (output []byte, class string) {
	for range 20 {
		top, ok := parse(input, 0)
		if !ok || len(top) == 0 {
			return input, ""
		}
		class := classes[random.IntN(len(classes))]
		list := all(top, nil)
		class.change(random, list[random.IntN(len(list))], list)
		if output := class.after(encode(top)); !bytes.Equal(output, input) {
			return output, class.name
		}
	}
	return input, ""
}

type changeClass struct {
	name   string
	change func(random *rand.Rand, chosen *element, list []*element)
	behind []byte // octets behind the value
}

func (c changeClass) after(encoded []byte) []byte { return append(encoded, c.behind...) }

// classes are in the order of the draws: a new one goes to the end, and every kept number changes then.
var classes = []changeClass{
	{name: "tag", change: func(random *rand.Rand, chosen *element, _ []*element) { chosen.tag[0] ^= 1 << random.IntN(8) }},
	{name: "length", change: func(random *rand.Rand, chosen *element, _ []*element) {
		chosen.length = []form{longer, indefinite, tooLong, tooShort}[random.IntN(4)]
	}},
	{name: "octet", change: func(random *rand.Rand, chosen *element, _ []*element) {
		if len(chosen.content) > 0 {
			chosen.content[random.IntN(len(chosen.content))] ^= 1 << random.IntN(8)
		}
	}},
	{name: "integer", change: func(random *rand.Rand, _ *element, list []*element) {
		chosen := oneOf(random, list, 0x02)
		if chosen == nil || len(chosen.content) == 0 {
			return
		}
		switch random.IntN(5) {
		case 0:
			chosen.content = append([]byte{0}, chosen.content...)
		case 1:
			chosen.content = append([]byte{0xff}, chosen.content...)
		case 2:
			chosen.content = []byte{0}
		case 3:
			chosen.content = nil
		default:
			chosen.content[len(chosen.content)-1]++
		}
	}},
	{name: "boolean", change: func(random *rand.Rand, _ *element, list []*element) {
		if chosen := oneOf(random, list, 0x01); chosen != nil {
			chosen.content = []byte{byte(random.IntN(3))}
		}
	}},
	{name: "bits", change: func(random *rand.Rand, _ *element, list []*element) {
		if chosen := oneOf(random, list, 0x03); chosen != nil && chosen.members == nil && len(chosen.content) > 0 {
			chosen.content[0] = byte(random.IntN(9))
		} else if chosen != nil && chosen.members != nil {
			chosen.lead = []byte{byte(random.IntN(9))}
		}
	}},
	{name: "drop", change: func(random *rand.Rand, chosen *element, _ []*element) {
		if n := len(chosen.members); n > 0 {
			at := random.IntN(n)
			chosen.members = slices.Delete(chosen.members, at, at+1)
		}
	}},
	{name: "double", change: func(random *rand.Rand, chosen *element, _ []*element) {
		if n := len(chosen.members); n > 0 {
			at := random.IntN(n)
			chosen.members = slices.Insert(chosen.members, at, chosen.members[at])
		}
	}},
	{name: "order", change: func(random *rand.Rand, chosen *element, _ []*element) {
		if n := len(chosen.members); n > 1 {
			a, b := random.IntN(n), random.IntN(n)
			chosen.members[a], chosen.members[b] = chosen.members[b], chosen.members[a]
		}
	}},
	{name: "exchange", change: func(random *rand.Rand, chosen *element, list []*element) {
		// Two elements of one tag that do not lie inside each other: two certificates, two signature values, two names.
		other := oneOf(random, list, chosen.tag[0])
		if other != nil && !slices.Contains(all([]*element{chosen}, nil), other) && !slices.Contains(all([]*element{other}, nil), chosen) {
			*chosen, *other = *other, *chosen
		}
	}},
	{name: "empty", change: func(_ *rand.Rand, chosen *element, _ []*element) {
		chosen.content = nil
		if chosen.members != nil {
			chosen.members = []*element{}
		}
	}},
	{name: "behind", change: func(*rand.Rand, *element, []*element) {}, behind: []byte{0}},
}

// oneOf draws one of the elements with the tag, nil when there is none.
func oneOf(random *rand.Rand, list []*element, tag byte) *element {
	var with []*element
	for _, e := range list {
		if e.tag[0] == tag {
			with = append(with, e)
		}
	}
	if len(with) == 0 {
		return nil
	}
	return with[random.IntN(len(with))]
}

func all(list, found []*element) []*element {
	for _, e := range list {
		found = all(e.members, append(found, e))
	}
	return found
}

// parse takes apart values that stand one behind the other and leave nothing over.
func parse(input []byte, depth int) ([]*element, bool) {
	list := []*element{}
	for len(input) > 0 {
		e, rest, ok := parseOne(input, depth)
		if !ok {
			return nil, false
		}
		list, input = append(list, e), rest
	}
	return list, true
}

func parseOne(input []byte, depth int) (e *element, rest []byte, ok bool) {
	if len(input) < 2 || input[0]&0x1f == 0x1f || depth > 32 {
		return nil, nil, false
	}
	size, at := int(input[1]), 2
	if size >= 0x80 {
		count := size & 0x7f
		if count == 0 || count > 3 || len(input) < 2+count {
			return nil, nil, false
		}
		size, at = 0, 2+count
		for _, octet := range input[2:at] {
			size = size<<8 | int(octet)
		}
	}
	if size > len(input)-at {
		return nil, nil, false
	}
	content := input[at : at+size]
	e = &element{tag: []byte{input[0]}, content: slices.Clone(content)}
	switch {
	case input[0]&0x20 != 0:
		if e.members, ok = parse(content, depth+1); !ok {
			return nil, nil, false
		}
		e.content = nil
	case input[0] == 0x04 && size > 0:
		if inner, ok := parse(content, depth+1); ok {
			e.members, e.content = inner, nil
		}
	case input[0] == 0x03 && size > 1 && content[0] == 0:
		if inner, ok := parse(content[1:], depth+1); ok {
			e.lead, e.members, e.content = []byte{0}, inner, nil
		}
	}
	return e, input[at+size:], true
}

func encode(list []*element) []byte {
	var out []byte
	for _, e := range list {
		content := e.content
		if e.members != nil {
			content = append(slices.Clone(e.lead), encode(e.members)...)
		}
		out = append(out, e.tag...)
		out = append(out, e.length.encode(len(content))...)
		out = append(out, content...)
		if e.length == indefinite {
			out = append(out, 0, 0)
		}
	}
	return out
}

func (f form) encode(size int) []byte {
	switch f {
	case indefinite:
		return []byte{0x80}
	case tooLong:
		size++
	case tooShort:
		size = max(size-1, 0)
	}
	var octets []byte
	for left := size; left > 0; left >>= 8 {
		octets = append([]byte{byte(left)}, octets...)
	}
	switch {
	case f == longer && size < 0x80:
		return []byte{0x81, byte(size)}
	case f == longer:
		octets = append([]byte{0}, octets...)
	case size < 0x80:
		return []byte{byte(size)}
	}
	return append([]byte{0x80 | byte(len(octets))}, octets...)
}
