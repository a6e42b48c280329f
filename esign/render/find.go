package render

import (
	"math"
	"slices"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// Char is a character of a page where it stands, in millimetres from the top left corner.
type Char struct {
	Rune   rune
	Box    ofd.Box
	Object string // ID of its TextObject
	Line   int    // from 0, in reading order

	run      int
	vertical bool
}

// Text gives the characters of a page in reading order: lines from top to bottom, in a line from left to right; columns of
// vertical text as they are written. Words of seals are none of the page. What a letter looks like is up to the font in
// the document: the code says what it is called.
func (d *Document) Text(number int) ([]Char, error) {
	page, err := d.page(number, false)
	if err != nil {
		return nil, err
	}
	return arrange(page.chars), nil
}

// Text is Document.Text of a page that is at hand.
func (p *Page) Text() []Char { return arrange(p.chars) }

// stretch of characters that one TextCode writes.
type row struct {
	chars          []Char
	x, top, bottom float64
}

// beside tells whether two rows are parts of one line.
func (r row) beside(other row) bool {
	a, b := r.bottom-r.top, other.bottom-other.top
	return max(a, b) < 3*min(a, b) && math.Abs(r.top+r.bottom-other.top-other.bottom)/2 < 0.4*min(a, b)
}

func arrange(chars []Char) []Char {
	var rows []row
	for i := 0; i < len(chars); {
		j := i
		r := row{x: math.Inf(1), top: math.Inf(1), bottom: math.Inf(-1)}
		for j < len(chars) && chars[j].run == chars[i].run {
			box := chars[j].Box
			r.x, r.top, r.bottom = min(r.x, box.X), min(r.top, box.Y), max(r.bottom, box.Y+box.Height)
			j++
		}
		r.chars = chars[i:j]
		rows = append(rows, r)
		i = j
	}
	slices.SortStableFunc(rows, func(a, b row) int { return compare(a.top+a.bottom, b.top+b.bottom) })
	// A row joins the line of the first when both are about as high and their middles lie close.
	var out []Char
	line := 0
	for i := 0; i < len(rows); line++ {
		j := i + 1
		for j < len(rows) && rows[i].beside(rows[j]) {
			j++
		}
		same := slices.Clone(rows[i:j])
		slices.SortStableFunc(same, func(a, b row) int { return compare(a.x, b.x) })
		start := len(out)
		for _, r := range same {
			out = append(out, r.chars...)
		}
		// Letters that are positioned one by one, or several objects that interleave, are put in order once more.
		part := out[start:]
		if horizontal(part) {
			slices.SortStableFunc(part, func(a, b Char) int { return compare(a.Box.X, b.Box.X) })
		}
		for k := range part {
			part[k].Line = line
		}
		out = append(out[:start], once(part)...)
		i = j
	}
	return out
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// horizontal: the characters of a line stand beside each other.
func horizontal(chars []Char) bool {
	for _, c := range chars {
		if c.vertical || math.Abs(c.Box.Y+c.Box.Height/2-chars[0].Box.Y-chars[0].Box.Height/2) > chars[0].Box.Height {
			return false
		}
	}
	return true
}

// once drops a character that is drawn twice at one place, as writers do for bold.
func once(chars []Char) []Char {
	out := chars[:0]
	for _, c := range chars {
		if n := len(out); n > 0 && out[n-1].Rune == c.Rune && math.Abs(out[n-1].Box.X-c.Box.X) < 0.2*c.Box.Width &&
			math.Abs(out[n-1].Box.Y-c.Box.Y) < 0.2*c.Box.Height {
			continue
		}
		out = append(out, c)
	}
	return out
}

// Match is where a text stands: a box for each line it runs over.
type Match struct {
	Boxes []ofd.Box
	Chars []Char
}

// maxKeyword is the longest text that is looked for, in characters.
const maxKeyword = 200

// Find looks for the nth occurrence of a text, counted from 1; white space on either side does not count, and a text may
// run over several objects and lines. Occurrences do not overlap.
func Find(chars []Char, text string, nth int) (Match, bool) {
	var wanted []rune
	for _, r := range text {
		if !isBlank(r) {
			wanted = append(wanted, r)
		}
	}
	if len(wanted) == 0 || len(wanted) > maxKeyword || nth < 1 {
		return Match{}, false
	}
	solid := make([]Char, 0, len(chars))
	for _, c := range chars {
		if !isBlank(c.Rune) {
			solid = append(solid, c)
		}
	}
	for i := 0; i+len(wanted) <= len(solid); i++ {
		same := true
		for k, r := range wanted {
			if solid[i+k].Rune != r {
				same = false
				break
			}
		}
		if !same {
			continue
		}
		if nth--; nth == 0 {
			return matchOf(solid[i : i+len(wanted)]), true
		}
		i += len(wanted) - 1
	}
	return Match{}, false
}

func matchOf(chars []Char) Match {
	m := Match{Chars: slices.Clone(chars)}
	for i, c := range chars {
		if i == 0 || c.Line != chars[i-1].Line {
			m.Boxes = append(m.Boxes, c.Box)
			continue
		}
		last := &m.Boxes[len(m.Boxes)-1]
		right, bottom := max(last.X+last.Width, c.Box.X+c.Box.Width), max(last.Y+last.Height, c.Box.Y+c.Box.Height)
		last.X, last.Y = min(last.X, c.Box.X), min(last.Y, c.Box.Y)
		last.Width, last.Height = right-last.X, bottom-last.Y
	}
	return m
}
