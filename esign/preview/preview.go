// Package preview draws what a judged document shows to the person who asked for the verdict: pages as pictures with the places of the
// seals, from octets that a signature binds and from nothing else (experience.md 3.12). It joins esign/verify, which judges, and
// esign/render, which draws, for the pages of the server and for the browser alike.
//
// It is a leaf: no I/O, no clock, no state that changes. It judges nothing: whoever shows a page puts the verdict above it.
package preview

import (
	"errors"
	"slices"
	"strconv"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Why pages, or one page, are not shown.
const (
	ReasonFormat   = "format"   // no OFD, or one that cannot be opened
	ReasonUnsigned = "unsigned" // no signature binds any content
	ReasonChanged  = "changed"  // a file that it needs is bound by no signature that counts
	ReasonBroken   = "broken"   // it cannot be read
	ReasonLarge    = "large"    // it costs more than a preview may
)

// Limits bound one preview, in octets of the pictures.
type Limits struct {
	Pages      int
	PageBytes  int // of one page
	TotalBytes int // of all
}

// DefaultLimits are those of one answer of the server: a page of a licence takes some 170 KB and the picture of its seal.
func DefaultLimits() Limits { return Limits{Pages: 10, PageBytes: 1500 << 10, TotalBytes: 5 << 20} }

// dpi is how finely a page is drawn whose vectors are too large.
const dpi = 96

// Document is a judged document ready to be drawn. It may be used by one goroutine at a time.
type Document struct {
	Reason string // why nothing of it is shown; empty otherwise
	Pages  int    // that it has
	// Others is the number of further documents in the same file, which are not shown.
	Others int

	drawn  *render.Document
	p      *ofd.Package
	body   int
	bound  []bool // by signature: it counts for what is shown
	report []verify.Signature
}

// Page is one page.
type Page struct {
	Number int     `json:"number"`
	Reason string  `json:"reason,omitempty"` // why it is not shown; only Number is set then
	Width  float64 `json:"width_mm"`
	Height float64 `json:"height_mm"`
	// SVG is the page without style attributes, for use inside an HTML document; PNG the same as pixels where vectors are too large.
	SVG   string `json:"svg,omitempty"`
	PNG   []byte `json:"png,omitempty"`
	Marks []Mark `json:"marks"`
	Notes []Note `json:"notes"`
}

// Mark is the place of a seal on a page, in millimetres from its top left corner, as far as it is not clipped away.
type Mark struct {
	Signature int    `json:"signature"` // of the report, counted from 1
	ID        string `json:"id"`
	Seal      string `json:"seal"` // its name
	Verdict   string `json:"verdict"`
	// Drawn is false for a seal whose signature does not hold or counts for less than another one's: its place is marked and its picture left out.
	Drawn  bool    `json:"drawn"`
	X      float64 `json:"x_mm"`
	Y      float64 `json:"y_mm"`
	Width  float64 `json:"width_mm"`
	Height float64 `json:"height_mm"`
}

// Note says how often something is not drawn as the document asks, in the kinds that people are told of.
type Note struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Kinds of notes. Others are "omitted", for what is not in the picture at all, and "different".
var noteKinds = map[render.Code]string{
	render.FontReplaced: "font", render.FontBroken: "font", render.AnnotationHidden: "annotation", render.SealHidden: "seal", render.Invisible: "invisible",
	render.PictureFormat: "picture", render.PictureMissing: "picture", render.PictureBroken: "picture", render.PictureLarge: "picture", render.MediaKind: "picture",
	render.GlyphMissing: "letter",
}

// Open prepares a document for its report, which must be of the same octets. It never fails: what cannot be shown has a Reason.
func Open(data []byte, report verify.Result, faces render.Faces) *Document {
	d := &Document{Reason: ReasonFormat, report: report.Signatures}
	if report.Format != "ofd" {
		return d
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil || len(p.Documents) == 0 {
		return d
	}
	d.p, d.Reason = p, ReasonUnsigned
	signed := d.bind()
	if len(signed) == 0 {
		return d
	}
	current := render.Current(p)
	d.body, d.Others = p.Documents[current].Body, max(0, p.Bodies-1)
	d.drawn, err = render.Open(p, render.Options{
		Limits: limits(), Document: current, Faces: faces,
		Signed: func(path string) bool { return signed[path] },
		Seal:   d.draws,
	})
	if err != nil {
		d.Reason = reasonOf(err)
		return d
	}
	d.Reason, d.Pages = "", d.drawn.Pages()
	return d
}

// limits are tighter than those of other uses: nobody is signed in who asks for a preview.
func limits() render.Limits {
	l := render.DefaultLimits()
	l.Objects, l.Segments, l.Characters, l.OutputBytes, l.Work = 20_000, 120_000, 30_000, 4<<20, 60_000_000
	return l
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, render.ErrUnsigned):
		return ReasonChanged
	case errors.Is(err, render.ErrBroken), errors.Is(err, render.ErrPage):
		return ReasonBroken
	}
	return ReasonLarge
}

// bind finds the files whose octets are what was signed. Only signatures of the best verdict that the document has count: what a stranger
// added under a signature of its own is not shown among what a trusted one signed.
func (d *Document) bind() map[string]bool {
	d.bound = make([]bool, len(d.p.Signatures))
	if len(d.report) != len(d.p.Signatures) {
		return nil // a report of something else
	}
	best := len(ranks)
	for i := range d.report {
		if holds(d.report[i]) {
			best = min(best, rank(d.report[i].Verdict))
		}
	}
	signed := map[string]bool{}
	for i, s := range d.p.Signatures {
		if r := d.report[i]; holds(r) && rank(r.Verdict) == best {
			d.bound[i] = true
			for _, path := range matched(s, r.References) {
				signed[path] = true
			}
		}
	}
	return signed
}

var ranks = []verify.Verdict{verify.Valid, verify.Indeterminate, verify.Invalid}

func rank(v verify.Verdict) int {
	if at := slices.Index(ranks, v); at >= 0 {
		return at
	}
	return len(ranks) - 1
}

// holds tells whether the mathematics of a signature is right: its value is the signer's, over the list of files as it stands.
func holds(s verify.Signature) bool {
	passed := map[string]bool{}
	for _, c := range s.Checks {
		switch c.Name {
		case "sig_format", "sig_value", "data_hash":
			if c.Status != verify.Passed {
				return false
			}
			passed[c.Name] = true
		}
	}
	return len(passed) == 3
}

// matched are the files whose digest is the signed one. A report that counts otherwise than this is not understood, and nothing counts.
func matched(s *ofd.Signature, r *verify.References) []string {
	if s.Fault != nil || r == nil {
		return nil
	}
	var paths []string
	for _, reference := range s.References {
		if reference.Fault == nil && !slices.Contains(r.Mismatched, reference.Path) {
			paths = append(paths, reference.Path)
		}
	}
	if len(paths) != r.Matched {
		return nil
	}
	return paths
}

// draws tells whether the picture of a seal is shown: never one of a signature that is invalid.
func (d *Document) draws(s *ofd.Signature) bool {
	i := slices.Index(d.p.Signatures, s)
	return i >= 0 && d.bound[i] && d.report[i].Verdict != verify.Invalid
}

// Page draws a page, counted from 1; prefix begins every id in its SVG, title names it.
func (d *Document) Page(number int, prefix, title string, pageBytes int) Page {
	out := Page{Number: number, Marks: []Mark{}, Notes: []Note{}}
	if d.Reason != "" {
		out.Reason = d.Reason
		return out
	}
	page, err := d.drawn.Page(number)
	if err != nil {
		out.Reason = reasonOf(err)
		return out
	}
	svg, err := page.SVG(render.SVGOptions{Prefix: prefix, Title: title, Inline: true})
	switch {
	case err == nil && len(svg) <= pageBytes:
		out.SVG = string(svg)
	case err == nil || errors.Is(err, render.ErrOutput):
		if out.PNG, err = page.PNG(dpi); err != nil || len(out.PNG) > pageBytes {
			return Page{Number: number, Reason: ReasonLarge, Marks: []Mark{}, Notes: []Note{}}
		}
	default:
		out.Reason = reasonOf(err)
		return out
	}
	out.Width, out.Height = page.Width, page.Height
	out.Marks, out.Notes = d.marks(page), notes(page.Findings())
	return out
}

// maxMarks bounds the places on one page.
const maxMarks = 60

// marks are the places of the seals whose description is what was signed.
func (d *Document) marks(page *render.Page) []Mark {
	marks := []Mark{}
	for i, s := range d.p.Signatures {
		if !holds(d.report[i]) || s.Document < 0 || s.Document >= len(d.p.Documents) || d.p.Documents[s.Document].Body != d.body {
			continue
		}
		for _, stamp := range s.Stamps {
			if stamp.Fault != nil || stamp.PageRef != page.ID || len(marks) == maxMarks {
				continue
			}
			box := shown(stamp)
			box.X, box.Y = box.X-page.Area.Physical.X, box.Y-page.Area.Physical.Y
			left, top := max(box.X, 0), max(box.Y, 0)
			right, bottom := min(box.X+box.Width, page.Width), min(box.Y+box.Height, page.Height)
			if right <= left || bottom <= top {
				continue
			}
			m := Mark{Signature: i + 1, ID: s.ID, Verdict: string(d.report[i].Verdict), Drawn: d.draws(s), X: left, Y: top, Width: right - left, Height: bottom - top}
			if seal := d.report[i].Seal; seal != nil {
				m.Seal = seal.Name
			}
			marks = append(marks, m)
		}
	}
	return marks
}

// shown is the part of a stamp that its clip leaves.
func shown(stamp ofd.Stamp) ofd.Box {
	box := stamp.Boundary
	if c := stamp.Clip; c != nil {
		left, top := max(c.X, 0), max(c.Y, 0)
		box = ofd.Box{X: box.X + left, Y: box.Y + top, Width: min(c.X+c.Width, box.Width) - left, Height: min(c.Y+c.Height, box.Height) - top}
	}
	return box
}

// notes sums the findings up by kind, the omitted first.
func notes(findings []render.Finding) []Note {
	list := []Note{}
	for _, f := range findings {
		kind, known := noteKinds[f.Code]
		switch {
		case !known && f.Omitted:
			kind = "omitted"
		case !known:
			kind = "different"
		}
		if at := slices.IndexFunc(list, func(n Note) bool { return n.Kind == kind }); at >= 0 {
			list[at].Count += f.Count
			continue
		}
		list = append(list, Note{Kind: kind, Count: f.Count})
	}
	return list
}

// First draws pages from the first on as far as the limits go. stop is asked before each page; nil never stops. prefix begins every id,
// title gives the name of a page.
func (d *Document) First(l Limits, prefix string, title func(number int) string, stop func() bool) []Page {
	var pages []Page
	left := l.TotalBytes
	for number := 1; number <= min(d.Pages, l.Pages) && left > 0; number++ {
		if stop != nil && stop() {
			break
		}
		page := d.Page(number, prefix+strconv.Itoa(number), title(number), min(l.PageBytes, left))
		if page.Reason == ReasonLarge && left < l.PageBytes {
			break // this answer is full
		}
		left -= len(page.SVG) + len(page.PNG)*4/3
		pages = append(pages, page)
	}
	return pages
}
