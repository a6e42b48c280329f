package ofd

import (
	"cmp"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// survey is what one file of a package says of fonts, of text that is set in them, and of what lies outside the package. It is taken while the file is
// read for the walk, since trees of large pages are not kept.
type survey struct {
	fonts   map[string]*FontUse // that the file defines, by ID; the last one counts, as for those who draw
	text    map[string]*setText // by the ID of the font
	outside []string
}

// setText is the text that is set in one font: the letters, and those that CGTransform draws by a glyph of its own.
type setText struct {
	letters map[rune]bool
	drawn   map[Drawn]bool
}

// Drawn is a letter, or the letters of a ligature, with a glyph that is drawn for it.
type Drawn struct {
	Letters string
	Glyph   uint16
}

// FontUse is a font with the text that documents set in it.
type FontUse struct {
	ID      string
	Name    string
	Path    string // of its program; empty where the package has none
	Letters []rune // distinct, in no order, as what is drawn
	Drawn   []Drawn
}

// part is a file of a document that sets text, with the resource files of its own.
type part struct {
	path      string
	resources []string
}

// Bounds of what a survey keeps of a whole package, letters and glyphs that differ and places outside, of how often letters are taken into a document, and
// of a ligature.
const (
	maxSurveyed = 200_000
	maxMerged   = 1_000_000
	maxOutside  = 100
	maxLigature = 64
)

// isPart takes a file with text into the document that is being walked.
func (p *Package) isPart(one part) {
	if !p.parts[one.path] {
		p.parts[one.path] = true
		p.document.parts = append(p.document.parts, one)
	}
}

// survey looks at the tree of a file, once.
func (p *Package) survey(path string, tree *Node) {
	if p.surveys[path] != nil {
		return
	}
	s := &survey{text: map[string]*setText{}}
	p.surveys[path] = s
	s.visit(p, path, tree)
}

func (s *survey) visit(p *Package, path string, n *Node) {
	switch n.Name {
	case "TextObject":
		s.textObject(p, n)
	case "URI", "GotoA", "Movie", "Sound": // actions of GB/T 33190-2016 14
		target := n.AttrOr("URI", n.AttrOr("AttachID", n.AttrOr("ResourceID", "")))
		s.leads(p, n.Name+" "+Shown(n.AttrOr("Base", "")+target)+" "+path)
	case "MultiMedia":
		if kind := n.AttrOr("Type", ""); kind == "Audio" || kind == "Video" {
			s.leads(p, kind+" "+Shown(n.Child("MediaFile").Value())+" "+path)
		}
	}
	for _, c := range n.Children {
		s.visit(p, path, c)
	}
}

func (s *survey) leads(p *Package, where string) {
	if p.leading++; p.leading <= maxOutside {
		s.outside = append(s.outside, where)
	}
}

// textObject notes the letters of an object, and where CGTransform draws them by glyphs (11.4.1): one for one, or as a ligature.
func (s *survey) textObject(p *Package, object *Node) {
	id := object.AttrOr("Font", "")
	text := s.text[id]
	if text == nil {
		text = &setText{map[rune]bool{}, map[Drawn]bool{}}
		s.text[id] = text
	}
	var letters []rune
	for _, code := range object.All("TextCode") {
		letters = append(letters, []rune(CodeText(code.Text))...)
	}
	drawn := make([]bool, len(letters)) // by CGTransform; letters whose glyph cannot be read are drawn by their codes
	note := func(letters []rune, field string) bool {
		glyph, err := strconv.ParseUint(field, 10, 16)
		if err != nil {
			return false
		}
		if one := (Drawn{string(letters), uint16(glyph)}); p.room(text.drawn[one]) {
			text.drawn[one] = true
		}
		return true
	}
	for _, transform := range object.All("CGTransform") {
		at, err := strconv.Atoi(transform.AttrOr("CodePosition", ""))
		count, err2 := strconv.Atoi(transform.AttrOr("CodeCount", "1"))
		if err != nil || err2 != nil || at < 0 || count < 1 || at >= len(letters) {
			continue
		}
		glyphs := strings.Fields(transform.Child("Glyphs").Value())
		of := letters[at:]
		of = of[:min(count, len(of))]
		switch {
		case len(glyphs) == count:
			for i := range of {
				drawn[at+i] = note(of[i:i+1], glyphs[i]) || drawn[at+i]
			}
		case len(of) > maxLigature:
			p.Unsurveyed = true
		default:
			read := len(glyphs) > 0
			for _, glyph := range glyphs {
				read = note(of, glyph) && read
			}
			for i := range of {
				drawn[at+i] = read || drawn[at+i]
			}
		}
	}
	for i, letter := range letters {
		if !drawn[i] && p.room(text.letters[letter]) {
			text.letters[letter] = true
		}
	}
}

// room tells whether one more may be kept; what is known takes no room.
func (p *Package) room(known bool) bool {
	if known {
		return true
	}
	if p.surveyed >= maxSurveyed {
		p.Unsurveyed = true
		return false
	}
	p.surveyed++
	return true
}

// CodeText is the text of a TextCode without the line breaks that writers put around it for their own eyes.
func CodeText(text string) string {
	if strings.ContainsAny(text, "\r\n") {
		text = strings.Trim(text, " \t\r\n")
	}
	return strings.Map(func(r rune) rune { return max(r, ' ') }, text)
}

// Outside lists what leads out of the package, or plays: URI actions, actions on other files, sound and film, each with its target and the file that
// holds it. Nothing of it is ever followed.
func (p *Package) Outside() []string {
	var all []string
	for _, s := range p.surveys {
		all = append(all, s.outside...)
	}
	sort.Strings(all)
	return all
}

// Shown is a text of a file as a report may hold it: on one line, without characters that hide or move others, and short.
func Shown(text string) string {
	const most = 120
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, strings.TrimSpace(text)))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// define notes the fonts of a resource file, with the files of their programs by the locations that name them.
func (s *survey) define(tree *Node, files map[string]string) {
	s.fonts = map[string]*FontUse{}
	for _, font := range tree.Child("Fonts").All("Font") {
		id := font.AttrOr("ID", "")
		s.fonts[id] = &FontUse{ID: id, Name: font.AttrOr("FontName", font.AttrOr("FamilyName", "")), Path: files[strings.TrimSpace(font.Child("FontFile").Value())]}
	}
}

// fontIn is the font of an ID in resource files of which the last counts.
func (p *Package) fontIn(files []string, id string) *FontUse {
	for i := len(files) - 1; i >= 0; i-- {
		if s := p.surveys[files[i]]; s != nil && s.fonts[id] != nil {
			return s.fonts[id]
		}
	}
	return nil
}

// FontUses lists the fonts in which the documents set text, by the path of the program and the ID. The font of a text is that of the page's own resources
// before that of the document; one that nobody defines is listed without a name.
func (p *Package) FontUses() []FontUse {
	texts, undefined := map[*FontUse]*setText{}, map[string]*FontUse{}
	merged := 0
	for _, document := range p.Documents {
		for _, part := range document.parts {
			s := p.surveys[part.path]
			if s == nil { // a resource file that is missing
				continue
			}
			for id, text := range s.text {
				if merged += 1 + len(part.resources) + len(document.resources) + len(text.letters) + len(text.drawn); merged > maxMerged {
					p.Unsurveyed = true
					break
				}
				if len(text.letters) == 0 && len(text.drawn) == 0 {
					continue
				}
				font := p.fontIn(part.resources, id)
				if font == nil {
					font = p.fontIn(document.resources, id)
				}
				if font == nil {
					font = undefined[id]
				}
				if font == nil {
					font = &FontUse{ID: id}
					undefined[id] = font
				}
				all := texts[font]
				if all == nil {
					all = &setText{map[rune]bool{}, map[Drawn]bool{}}
					texts[font] = all
				}
				for letter := range text.letters {
					all.letters[letter] = true
				}
				for one := range text.drawn {
					all.drawn[one] = true
				}
			}
		}
	}
	var uses []FontUse
	for font, text := range texts {
		use := *font
		for letter := range text.letters {
			use.Letters = append(use.Letters, letter)
		}
		for one := range text.drawn {
			use.Drawn = append(use.Drawn, one)
		}
		uses = append(uses, use)
	}
	sort.Slice(uses, func(i, k int) bool {
		a, b := uses[i], uses[k]
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.ID, b.ID), strings.Compare(a.Name, b.Name)) < 0
	})
	return uses
}
