package prepare

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

// PlaceKind tells how it is found where a seal is drawn.
type PlaceKind string

// Kinds of places.
const (
	OnPages  PlaceKind = "pages"    // one spot on one page (单页) or the same on many (多页同位)
	Straddle PlaceKind = "straddle" // in slices along one edge of the pages (骑缝)
	Keyword  PlaceKind = "keyword"  // over a text of the document (关键字)
)

// Edge of a page, for seals that straddle pages.
type Edge string

// Edges.
const (
	EdgeRight  Edge = "right"
	EdgeLeft   Edge = "left"
	EdgeTop    Edge = "top"
	EdgeBottom Edge = "bottom"
)

// Place says where a seal is drawn. Millimetres count from the top left corner of the page; which members mean something depends on the
// kind, and the others have to be zero.
type Place struct {
	Kind PlaceKind `json:"kind"`
	// Pages names pages as people write them: "1", "2-5,8", "odd", "even", "all"; empty means all but in OnPages, which wants it.
	Pages string `json:"pages,omitempty"`
	// XMM and YMM are the top left corner of the seal (OnPages), or how far its middle lies to the right of and below the middle of the text
	// (Keyword).
	XMM float64 `json:"x_mm,omitempty"`
	YMM float64 `json:"y_mm,omitempty"`

	Edge     Edge     `json:"edge,omitempty"`      // Straddle
	PerSet   int      `json:"per_set,omitempty"`   // Straddle: the most pages that one seal is cut over, 2 to 100; 0 is DefaultPerSet
	AlongMM  *float64 `json:"along_mm,omitempty"`  // Straddle: from the start of the edge (its top or left end) to the seal; nil is the middle of the edge
	MarginMM float64  `json:"margin_mm,omitempty"` // Straddle: from the edge to the slice, 0 to 20
	Duplex   bool     `json:"duplex,omitempty"`    // Straddle, left or right: two pages are one sheet of paper, and both its sides carry its slice

	Text string `json:"text,omitempty"` // Keyword
	Nth  int    `json:"nth,omitempty"`  // Keyword: which occurrence in the pages, from 1; 0 is every one
}

// At is the place of one seal on one page, from 1; millimetres from its top left corner.
func At(page int, xMM, yMM float64) Place {
	return Place{Kind: OnPages, Pages: strconv.Itoa(page), XMM: xMM, YMM: yMM}
}

// Bounds of what one stamp draws.
const (
	DefaultPerSet  = 20 // of a seal 40 mm wide, a slice of 2 mm
	MaxPlaces      = 10
	MaxAppearances = 2000 // of the seal in all places together

	maxPerSet   = 100
	maxMarginMM = 20
	minSliceMM  = 0.5
	maxPagesLen = 200 // characters that name pages
	maxKeyword  = 100 // characters
	maxMoveMM   = 300 // from a text to its seal
	maxSearched = 500 // pages that are searched for one text
)

// Appearance is the seal drawn once: its whole picture fills Box, and only Clip of it, counted from the corner of Box, is seen (GB/T
// 33190-2016 18.2.3); nil is all.
type Appearance struct {
	Page int
	Box  ofd.Box
	Clip *ofd.Box
	Text *ofd.Box // where the text stands that this appearance belongs to
}

// SamePlaces tells whether places are named in the same words.
func SamePlaces(a, b []Place) bool {
	return slices.EqualFunc(a, b, func(p, q Place) bool {
		along := p.AlongMM == nil && q.AlongMM == nil || p.AlongMM != nil && q.AlongMM != nil && *p.AlongMM == *q.AlongMM
		p.AlongMM, q.AlongMM = nil, nil
		return along && p == q
	})
}

// unfit is a fault of one member of a place.
func unfit(member string, reason Reason) error { return &Error{Reason: reason, Field: member} }

// mostPages bounds page numbers that are named without a document.
const mostPages = 100_000

// CheckForm refuses places that no document could have; a fault names the member.
func CheckForm(places []Place) error {
	if len(places) > MaxPlaces {
		return unfit("places", PlaceWrong)
	}
	for _, p := range places {
		if member := p.Foreign(); member != "" {
			return unfit(member, PlaceWrong)
		}
		if p.Kind != OnPages && p.Kind != Straddle && p.Kind != Keyword {
			return unfit("kind", PlaceWrong)
		}
		if _, err := pageNumbers(p.Pages, mostPages); err != nil {
			return err
		}
		if !OneLine(p.Text, maxKeyword) {
			return unfit("text", TextWrong)
		}
	}
	return nil
}

// setting is what places are found in.
type setting struct {
	pages         []ofd.Page
	width, height float64                               // of the seal, mm
	text          func(page int) ([]render.Char, error) // characters of a page, from 1
}

// lay finds where the seal is drawn. A fault names the member, in front of it the place when there are several: "places[1].text".
func lay(places []Place, in setting) ([]Appearance, error) {
	if len(places) > MaxPlaces {
		return nil, unfit("places", PlaceWrong)
	}
	var all []Appearance
	for i, p := range places {
		some, err := p.lay(in)
		if err == nil && len(all)+len(some) > MaxAppearances {
			err = unfit("page", PlaceWrong)
		}
		if err != nil {
			if wrong, ok := errors.AsType[*Error](err); ok && len(places) > 1 && wrong.Field != "" {
				wrong.Field = fmt.Sprintf("places[%d].%s", i, wrong.Field)
			}
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (p Place) lay(in setting) ([]Appearance, error) {
	if member := p.Foreign(); member != "" {
		return nil, unfit(member, PlaceWrong)
	}
	pages, err := pageNumbers(p.Pages, len(in.pages))
	if err != nil {
		return nil, err
	}
	switch p.Kind {
	case OnPages:
		return p.onPages(in, pages)
	case Straddle:
		return p.straddle(in, pages)
	case Keyword:
		return p.keyword(in, pages)
	}
	return nil, unfit("kind", PlaceWrong)
}

// Foreign names a member that means nothing in this kind of place: whoever set it expects something that would not happen.
func (p Place) Foreign() string {
	switch {
	case p.Kind != Keyword && p.Text != "":
		return "text"
	case p.Kind != Keyword && p.Nth != 0:
		return "nth"
	case p.Kind != Straddle && p.Edge != "":
		return "edge"
	case p.Kind != Straddle && p.PerSet != 0:
		return "per_set"
	case p.Kind != Straddle && p.AlongMM != nil:
		return "along_mm"
	case p.Kind != Straddle && p.MarginMM != 0:
		return "margin_mm"
	case p.Kind != Straddle && p.Duplex:
		return "duplex"
	case p.Kind == Straddle && p.XMM != 0:
		return "x_mm"
	case p.Kind == Straddle && p.YMM != 0:
		return "y_mm"
	case p.Kind == OnPages && p.Pages == "":
		return "page"
	}
	return ""
}

// whole tells which member keeps a whole seal from lying on a page (security row D-14); "" when it lies there. Written so that NaN is outside, too.
func whole(box, area ofd.Box) string {
	if !(box.X >= 0 && box.X+box.Width <= area.Width) {
		return "x_mm"
	}
	if !(box.Y >= 0 && box.Y+box.Height <= area.Height) {
		return "y_mm"
	}
	return ""
}

func (p Place) onPages(in setting, pages []int) ([]Appearance, error) {
	box := ofd.Box{X: p.XMM, Y: p.YMM, Width: in.width, Height: in.height}
	var all []Appearance
	for _, page := range pages {
		if member := whole(box, in.pages[page-1].Area); member != "" {
			return nil, unfit(member, PlaceWrong)
		}
		all = append(all, Appearance{Page: page, Box: box})
	}
	return all, nil
}

// slice is a page that carries a part of a seal: part number of parts, counted from the left or the top of the seal.
type slice struct {
	page          int
	number, parts int
	edge          Edge
}

// straddle cuts the seal over the pages. Fanned out, the pages of a set show it whole: along the right and the lower edge the first page
// carries the first slice, along the left and the upper one the last (the same pile turned over).
func (p Place) straddle(in setting, pages []int) ([]Appearance, error) {
	slices, err := p.cut(pages)
	if err != nil {
		return nil, err
	}
	if !(p.MarginMM >= 0 && p.MarginMM <= maxMarginMM) {
		return nil, unfit("margin_mm", PlaceWrong)
	}
	upright := p.Edge == EdgeLeft || p.Edge == EdgeRight
	var all []Appearance
	for _, s := range slices {
		area := in.pages[s.page-1].Area
		// across is the way from the edge into the page, along the way that the edge runs.
		across, along, length := in.width, in.height, area.Height
		if !upright {
			across, along, length = in.height, in.width, area.Width
		}
		part := across / float64(s.parts)
		if part < minSliceMM {
			return nil, unfit("per_set", PlaceWrong)
		}
		start := (length - along) / 2
		if p.AlongMM != nil {
			start = *p.AlongMM
		}
		if !(start >= 0 && start+along <= length) {
			return nil, unfit("along_mm", PlaceWrong)
		}
		cut := part * float64(s.number)
		box, clip := ofd.Box{X: start, Y: start, Width: in.width, Height: in.height}, ofd.Box{Width: in.width, Height: in.height}
		depth := area.Width
		switch s.edge {
		case EdgeRight:
			box.X, clip.X, clip.Width = area.Width-p.MarginMM-part-cut, cut, part
		case EdgeLeft:
			box.X, clip.X, clip.Width = p.MarginMM-cut, cut, part
		case EdgeBottom:
			box.Y, clip.Y, clip.Height, depth = area.Height-p.MarginMM-part-cut, cut, part, area.Height
		case EdgeTop:
			box.Y, clip.Y, clip.Height, depth = p.MarginMM-cut, cut, part, area.Height
		}
		if !(part+p.MarginMM <= depth) {
			return nil, unfit("margin_mm", PlaceWrong)
		}
		all = append(all, Appearance{Page: s.page, Box: box, Clip: &clip})
	}
	return all, nil
}

// cut deals the pages into sets of nearly the same size, none greater than PerSet, and gives each page its slice.
func (p Place) cut(pages []int) ([]slice, error) {
	opposite := map[Edge]Edge{EdgeLeft: EdgeRight, EdgeRight: EdgeLeft, EdgeTop: "", EdgeBottom: ""}
	back, known := opposite[p.Edge]
	if !known {
		return nil, unfit("edge", PlaceWrong)
	}
	if p.Duplex && back == "" {
		return nil, unfit("duplex", PlaceWrong) // which edge of the back it would be depends on how the sheet is turned
	}
	most := p.PerSet
	if most == 0 {
		most = DefaultPerSet
	}
	if most < 2 || most > maxPerSet {
		return nil, unfit("per_set", PlaceWrong)
	}
	var sheets [][]int // the pages of each sheet
	for _, page := range pages {
		if n := len(sheets); p.Duplex && n > 0 && (sheets[n-1][0]-1)/2 == (page-1)/2 {
			sheets[n-1] = append(sheets[n-1], page)
			continue
		}
		sheets = append(sheets, []int{page})
	}
	if len(sheets) < 2 {
		return nil, unfit("page", PagesTooFew)
	}
	sets := (len(sheets) + most - 1) / most
	var all []slice
	for set := range sets {
		part := sheets[set*len(sheets)/sets : (set+1)*len(sheets)/sets]
		for i, sheet := range part {
			for _, page := range sheet {
				edge := p.Edge
				if p.Duplex && page%2 == 0 {
					edge = back
				}
				number := i
				if edge == EdgeLeft || edge == EdgeTop {
					number = len(part) - 1 - i
				}
				all = append(all, slice{page: page, number: number, parts: len(part), edge: edge})
			}
		}
	}
	return all, nil
}

// keyword puts the middle of the seal over the middle of the text, moved by XMM and YMM, and back onto the page where it would leave it.
func (p Place) keyword(in setting, pages []int) ([]Appearance, error) {
	if strings.TrimSpace(p.Text) == "" || !OneLine(p.Text, maxKeyword) {
		return nil, unfit("text", TextWrong)
	}
	if p.Nth < 0 {
		return nil, unfit("nth", TextWrong)
	}
	if !(p.XMM >= -maxMoveMM && p.XMM <= maxMoveMM) {
		return nil, unfit("x_mm", PlaceWrong)
	}
	if !(p.YMM >= -maxMoveMM && p.YMM <= maxMoveMM) {
		return nil, unfit("y_mm", PlaceWrong)
	}
	if len(pages) > maxSearched {
		return nil, unfit("page", TextWrong)
	}
	var all []Appearance
	seen := 0
	for _, page := range pages {
		chars, err := in.text(page)
		if err != nil {
			wrong := &Error{Reason: TextWrong, Field: "text", Err: err}
			if errors.Is(err, errNoText) {
				wrong.Reason = TextInPDF
			}
			return nil, wrong
		}
		for nth := 1; ; nth++ {
			match, found := render.Find(chars, p.Text, nth)
			if !found {
				break
			}
			if seen++; p.Nth != 0 && seen != p.Nth {
				continue
			}
			hit := match.Boxes[0]
			area := in.pages[page-1].Area
			box := ofd.Box{X: hit.X + hit.Width/2 - in.width/2 + p.XMM, Y: hit.Y + hit.Height/2 - in.height/2 + p.YMM, Width: in.width, Height: in.height}
			box.X, box.Y = max(0, min(box.X, area.Width-in.width)), max(0, min(box.Y, area.Height-in.height))
			if member := whole(box, area); member != "" { // a page that is smaller than the seal
				return nil, unfit("page", PlaceWrong)
			}
			all = append(all, Appearance{Page: page, Box: box, Text: &hit})
			if seen == p.Nth || len(all) > MaxAppearances {
				return all, nil
			}
		}
	}
	if len(all) == 0 {
		return nil, unfit("text", TextWrong)
	}
	return all, nil
}

// pageNumbers reads "1", "2-5,8", "odd", "even" and "all" for a document of n pages; the numbers come in order, each once.
func pageNumbers(text string, n int) ([]int, error) {
	wrong := unfit("page", PlaceWrong)
	if utf8.RuneCountInString(text) > maxPagesLen {
		return nil, wrong
	}
	named := make([]bool, n+1)
	// People type with an input method on: digits, commas and dashes of full width mean the same.
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '，' || r == '、':
			return ','
		case r == '－' || r == '–' || r == '~' || r == '～':
			return '-'
		}
		return r
	}, strings.ToLower(text))
	switch text = strings.TrimSpace(text); text {
	case "", "all":
		text = "1-" + strconv.Itoa(n)
	case "odd", "even":
		first := 1
		if text == "even" {
			first = 2
		}
		for page := first; page <= n; page += 2 {
			named[page] = true
		}
		if first > n {
			return nil, wrong
		}
		text = ""
	}
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			break
		}
		from, to, ranged := strings.Cut(part, "-")
		first, err := strconv.Atoi(strings.TrimSpace(from))
		last := first
		if err == nil && ranged {
			last, err = strconv.Atoi(strings.TrimSpace(to))
		}
		if err != nil || first < 1 || last < first || last > n {
			return nil, wrong
		}
		for page := first; page <= last; page++ {
			named[page] = true
		}
	}
	var all []int
	for page, yes := range named {
		if yes {
			all = append(all, page)
		}
	}
	return all, nil
}
