// Package strictjson refuses JSON that two readers may read differently, which encoding/json lets pass: a member that stands
// twice, half a surrogate pair, bytes that are no UTF-8 (RFC 8259 4 and 8; RFC 7493, I-JSON), and what no caller needs: NUL in
// a text, numbers of hundreds of digits, deep nesting. It decodes nothing.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a document (security rule R11); its length is bounded by whoever reads it.
const (
	MaxDepth   = 64
	MaxNumber  = 64   // characters
	MaxMembers = 1000 // of one object: what decodes into a map takes many times its length
)

// ErrSyntax is wrapped by every refusal that is not of a name.
var ErrSyntax = errors.New("not JSON as RFC 7493 has it")

// Check reads one document. The error names no value, a name at most.
func Check(raw []byte) error { return check(raw, false) }

// CheckLower is Check of a document whose names are of lower-case letters, digits and strokes: for decoders that fold the case of names.
func CheckLower(raw []byte) error { return check(raw, true) }

// Bounds judges nothing but the bounds of this package, at the first place that passes one, and reads no further: so that who decodes
// a document again, or is to refuse a hostile one, pays for what lies before that place only. What it lets pass need not be JSON.
func Bounds(raw []byte) error {
	var members []int // of each object or list that is not closed yet
	for at := 0; at < len(raw); at++ {
		switch c := raw[at]; c {
		case '{', '[':
			if len(members) == MaxDepth {
				return fmt.Errorf("%w: nested deeper than %d", ErrSyntax, MaxDepth)
			}
			members = append(members, 0)
		case '}', ']':
			members = members[:max(len(members)-1, 0)]
		case ':': // one for each member, and nowhere else outside a text
			if top := len(members) - 1; top >= 0 {
				if members[top]++; members[top] > MaxMembers {
					return fmt.Errorf("%w: more than %d members in an object", ErrSyntax, MaxMembers)
				}
			}
		case '"':
			at = endOfText(raw, at)
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			begin := at
			for at+1 < len(raw) && strings.IndexByte("-+.eE0123456789", raw[at+1]) >= 0 {
				if at++; at-begin == MaxNumber {
					return fmt.Errorf("%w: a number of more than %d characters", ErrSyntax, MaxNumber)
				}
			}
		}
	}
	return nil
}

// endOfText is where the text that begins at this place ends, or the end of the document.
func endOfText(raw []byte, at int) int {
	for at++; at < len(raw); at++ {
		next := bytes.IndexByte(raw[at:], '"')
		if next < 0 {
			break
		}
		strokes := 0
		for raw[at+next-strokes-1] == '\\' { // the opening quotation mark ends this
			strokes++
		}
		if at += next; strokes%2 == 0 {
			return at
		}
	}
	return len(raw)
}

func check(raw []byte, lower bool) error {
	if err := Bounds(raw); err != nil {
		return err
	}
	if !utf8.Valid(raw) {
		return fmt.Errorf("%w: not UTF-8", ErrSyntax)
	}
	if !json.Valid(raw) { // from here on the grammar holds, and the scanner below may rely on it
		return fmt.Errorf("%w: the grammar is not kept", ErrSyntax)
	}
	s := scanner{raw: raw, lower: lower}
	return s.run()
}

type scanner struct {
	raw   []byte
	lower bool // names may have no capitals
	at    int
	open  []level
}

// level is an object or list that is not closed yet.
type level struct {
	names map[string]struct{} // nil in a list
	value bool                // the next text is a value and no name
}

func (s *scanner) run() error {
	for s.at < len(s.raw) {
		switch c := s.raw[s.at]; c {
		case '{', '[':
			l := level{value: c == '['}
			if c == '{' {
				l.names = map[string]struct{}{}
			}
			s.open = append(s.open, l)
			s.at++
		case '}', ']':
			s.open = s.open[:len(s.open)-1]
			s.at++
		case ':', ',':
			if top := &s.open[len(s.open)-1]; top.names != nil {
				top.value = c == ':'
			}
			s.at++
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		default:
			s.at++ // blanks, numbers and the three words
		}
	}
	return nil
}

// text passes over a text, and notes it when it is a name.
func (s *scanner) text() error {
	begin, escaped := s.at, false
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] != '\\' {
			continue
		}
		escaped = true
		if s.at++; s.raw[s.at] != 'u' {
			continue
		}
		unit := hex(s.raw[s.at+1 : s.at+5])
		s.at += 4
		switch {
		case unit == 0:
			return fmt.Errorf("%w: NUL in a text", ErrSyntax)
		case 0xdc00 <= unit && unit < 0xe000:
			return fmt.Errorf("%w: half a surrogate pair", ErrSyntax)
		case 0xd800 <= unit && unit < 0xdc00:
			if rest := s.raw[s.at+1:]; len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || hex(rest[2:6])>>10 != 0xdc00>>10 {
				return fmt.Errorf("%w: half a surrogate pair", ErrSyntax)
			}
			s.at += 6
		}
	}
	s.at++
	if len(s.open) == 0 {
		return nil
	}
	top := &s.open[len(s.open)-1]
	if top.names == nil || top.value {
		return nil
	}
	name := string(s.raw[begin+1 : s.at-1])
	if escaped {
		if err := json.Unmarshal(s.raw[begin:s.at], &name); err != nil {
			return fmt.Errorf("%w: %w", ErrSyntax, err)
		}
	}
	if s.lower && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Errorf("there is no member %.64q", name)
	}
	if _, twice := top.names[name]; twice {
		return fmt.Errorf("member %.64q stands twice", name)
	}
	top.names[name] = struct{}{}
	return nil
}

// hex reads four digits that the grammar has let pass.
func hex(digits []byte) (unit rune) {
	for _, c := range digits {
		unit <<= 4
		switch {
		case c <= '9':
			unit |= rune(c - '0')
		default:
			unit |= rune(c|0x20-'a') + 10
		}
	}
	return unit
}
