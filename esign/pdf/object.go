package pdf

import (
	"bytes"
	"strconv"
	"strings"
)

// Object is nil (null), bool, int, Real, Name, String, Array, *Dict, *Stream or Ref (ISO 32000-1 7.3).
type Object any

// Real is a number with a fraction.
type Real float64

// Name is a name without its solidus, escapes resolved.
type Name string

// String is a string with its place in the octets it was read from, delimiters included.
type String struct {
	Octets     []byte
	Hex        bool
	Begin, End int
}

// Array is an array.
type Array []Object

// Ref is an indirect reference.
type Ref struct{ Number, Generation int }

// Dict is a dictionary. Duplicate tells that a key stood twice, which readers resolve in different ways.
type Dict struct {
	Keys      []Name // in the order of the file
	Values    map[Name]Object
	Duplicate bool
	shadowed  Array // keys that stood twice and the values that a later one took the place of, in the order of the file
}

// Get is the value of a key; a nil dictionary has none.
func (d *Dict) Get(key Name) Object {
	if d == nil {
		return nil
	}
	return d.Values[key]
}

// Stream is a stream; Raw are its octets before any filter.
type Stream struct {
	Dict *Dict
	Raw  []byte
}

// budget is what is left of the limits while a file is read.
type budget struct{ tokens, decoded, entries int }

// parser reads objects from octets; it never looks beyond them.
type parser struct {
	data  []byte
	at    int
	left  *budget
	depth int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func isRegular(c byte) bool { return !isSpace(c) && !isDelimiter(c) }

// spend takes the time of octets that are no tokens off what is left; object notices when nothing is.
func (p *parser) spend(octets int) {
	if p.left != nil {
		p.left.tokens -= octets / 32
	}
}

// space passes over white space and comments.
func (p *parser) space() {
	begin := p.at
	defer func() { p.spend(p.at - begin) }()
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case isSpace(c):
			p.at++
		case c == '%':
			for p.at < len(p.data) && p.data[p.at] != '\n' && p.data[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

func (p *parser) malformed(what string) error {
	return refuse(CodeStructure, 0, "%s at %d", what, p.at)
}

// word reads regular characters.
func (p *parser) word() string {
	begin := p.at
	for p.at < len(p.data) && isRegular(p.data[p.at]) {
		p.at++
	}
	return string(p.data[begin:p.at])
}

// keyword takes a word if it comes next, and tells whether it did.
func (p *parser) keyword(want string) bool {
	p.space()
	end := p.at + len(want)
	if end > len(p.data) || string(p.data[p.at:end]) != want || end < len(p.data) && isRegular(p.data[end]) {
		return false
	}
	p.at = end
	return true
}

// natural takes an unsigned integer if one comes next.
func (p *parser) natural() (int, bool) {
	p.space()
	begin, value := p.at, 0
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' && p.at-begin < 12 {
		value = value*10 + int(p.data[p.at]-'0')
		p.at++
	}
	if p.at == begin || p.at < len(p.data) && isRegular(p.data[p.at]) {
		p.at = begin
		return 0, false
	}
	return value, true
}

// object reads one object.
func (p *parser) object() (Object, error) {
	p.space()
	if p.left.tokens--; p.left.tokens < 0 {
		return nil, refuse(CodeLimit, 0, "too much to read")
	}
	if p.at >= len(p.data) {
		return nil, p.malformed("end of data")
	}
	switch c := p.data[p.at]; {
	case c == '/':
		return p.name()
	case c == '(':
		return p.literal()
	case c == '<' && p.at+1 < len(p.data) && p.data[p.at+1] == '<':
		return p.dict()
	case c == '<':
		return p.hex()
	case c == '[':
		return p.array()
	case c >= '0' && c <= '9':
		return p.numberOrRef()
	case c == '+' || c == '-' || c == '.':
		return p.number()
	case isRegular(c):
		begin := p.at
		switch p.word() {
		case "null":
			return nil, nil
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		p.at = begin
	}
	return nil, p.malformed("no object")
}

func (p *parser) numberOrRef() (Object, error) {
	begin := p.at
	if number, ok := p.natural(); ok {
		after := p.at
		if generation, ok := p.natural(); ok && p.keyword("R") {
			if number <= 0 || number > maxNumber || generation > 65535 {
				return nil, p.malformed("reference out of bounds")
			}
			return Ref{number, generation}, nil
		}
		p.at = after
		return number, nil
	}
	p.at = begin
	return p.number()
}

func (p *parser) number() (Object, error) {
	text := p.word()
	if value, err := strconv.Atoi(text); err == nil && len(text) < 20 {
		return value, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	// It reads exponents and words such as Inf as well, all of which have letters, and nothing else that is not written so here.
	if err != nil || len(text) > 64 || strings.ContainsFunc(text, func(r rune) bool { return r > '9' }) {
		return nil, p.malformed("malformed number")
	}
	return Real(value), nil
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func (p *parser) name() (Object, error) {
	p.at++
	text := p.word()
	if len(text) > 127*3 {
		return nil, p.malformed("name is too long")
	}
	if !bytes.Contains([]byte(text), []byte("#")) {
		return Name(text), nil
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '#' && i+2 < len(text) {
			high, ok1 := unhex(text[i+1])
			low, ok2 := unhex(text[i+2])
			if ok1 && ok2 {
				out = append(out, high<<4|low)
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return Name(out), nil
}

// literal reads a string in parentheses (ISO 32000-1 7.3.4.2).
func (p *parser) literal() (Object, error) {
	begin, nesting := p.at, 0
	var out []byte
	for p.at < len(p.data) {
		c := p.data[p.at]
		p.at++
		switch c {
		case '(':
			if nesting++; nesting > 1 {
				out = append(out, c)
			}
		case ')':
			if nesting--; nesting == 0 {
				p.spend(p.at - begin)
				return String{Octets: out, Begin: begin, End: p.at}, nil
			}
			out = append(out, c)
		case '\\':
			out = p.escaped(out)
		default:
			out = append(out, c)
		}
	}
	return nil, p.malformed("string does not end")
}

func (p *parser) escaped(out []byte) []byte {
	if p.at >= len(p.data) {
		return out
	}
	c := p.data[p.at]
	p.at++
	if at := bytes.IndexByte([]byte("nrtbf"), c); at >= 0 {
		return append(out, "\n\r\t\b\f"[at])
	}
	switch {
	case c == '\r':
		if p.at < len(p.data) && p.data[p.at] == '\n' {
			p.at++
		}
		return out
	case c == '\n':
		return out
	case c >= '0' && c <= '7':
		value := int(c - '0')
		for i := 0; i < 2 && p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '7'; i++ {
			value = value*8 + int(p.data[p.at]-'0')
			p.at++
		}
		return append(out, byte(value))
	}
	return append(out, c)
}

func (p *parser) hex() (Object, error) {
	begin := p.at
	digits, _, closed := bytes.Cut(p.data[p.at+1:], []byte(">"))
	if !closed {
		return nil, p.malformed("string does not end")
	}
	p.at += len(digits) + 2
	p.spend(len(digits))
	out := make([]byte, 0, (len(digits)+1)/2)
	var high byte
	half := false
	for _, c := range digits {
		if isSpace(c) {
			continue
		}
		value, ok := unhex(c)
		if !ok {
			return nil, p.malformed("string is not hexadecimal")
		}
		if half {
			out = append(out, high<<4|value)
		}
		high, half = value, !half
	}
	if half {
		out = append(out, high<<4)
	}
	return String{Octets: out, Hex: true, Begin: begin, End: p.at}, nil
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return refuse(CodeLimit, 0, "objects are nested too deep")
	}
	return nil
}

const (
	maxDepth  = 64
	maxNumber = 8_388_607 // ISO 32000-1 annex C
)

func (p *parser) array() (Object, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	p.at++
	out := Array{}
	for {
		if p.space(); p.at < len(p.data) && p.data[p.at] == ']' {
			p.at++
			p.depth--
			return out, nil
		}
		item, err := p.object()
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
}

func (p *parser) dict() (Object, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	p.at += 2
	out := &Dict{Values: map[Name]Object{}}
	for {
		p.space()
		if bytes.HasPrefix(p.data[p.at:], []byte(">>")) {
			p.at += 2
			p.depth--
			return out, nil
		}
		if p.at >= len(p.data) || p.data[p.at] != '/' {
			return nil, p.malformed("dictionary key")
		}
		key, err := p.name()
		if err != nil {
			return nil, err
		}
		value, err := p.object()
		if err != nil {
			return nil, err
		}
		if before, twice := out.Values[key.(Name)]; twice {
			out.Duplicate, out.shadowed = true, append(out.shadowed, key, before)
		} else {
			out.Keys = append(out.Keys, key.(Name))
		}
		out.Values[key.(Name)] = value
	}
}

// integers reads an array of integers written out in place.
func integers(object Object) ([]int, bool) {
	list, ok := object.(Array)
	if !ok {
		return nil, false
	}
	out := make([]int, 0, min(len(list), 4096))
	for _, one := range list {
		value, ok := one.(int)
		if !ok {
			return nil, false
		}
		out = append(out, value)
	}
	return out, true
}
