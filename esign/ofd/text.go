package ofd

import (
	"math"
	"strconv"
	"strings"
)

// TextRun is one TextCode of a page: what it says and where its first character stands, in millimetres.
type TextRun struct {
	ObjectID string
	Value    string
	X, Y     float64
	Size     float64
	Font     string // ID of the font resource
	Hidden   bool   // Visible="false" or no area
}

// PageText gives the text of a page as it is drawn: templates first, then the page, each in the order of its objects.
// Positions are those of plain text objects; a CTM is applied, composite objects are walked.
func (p *Package) PageText(page Page) ([]TextRun, error) {
	var runs []TextRun
	for _, path := range append(append([]string(nil), page.Templates...), page.Path) {
		if !p.Has(path) {
			continue
		}
		tree, failure := p.tree(path)
		if failure != nil {
			return nil, failure
		}
		for _, layer := range tree.Child("Content").All("Layer") {
			runs = appendText(runs, layer)
		}
	}
	return runs, nil
}

func appendText(runs []TextRun, holder *Node) []TextRun {
	for _, node := range holder.Children {
		switch node.Name {
		case "TextObject":
			runs = appendObject(runs, node)
		case "PageBlock":
			runs = appendText(runs, node)
		}
	}
	return runs
}

func appendObject(runs []TextRun, object *Node) []TextRun {
	boundary := floats(object.AttrOr("Boundary", ""))
	matrix := floats(object.AttrOr("CTM", ""))
	if len(boundary) != 4 {
		boundary = []float64{0, 0, 0, 0}
	}
	if len(matrix) != 6 {
		matrix = []float64{1, 0, 0, 1, 0, 0}
	}
	size := floats(object.AttrOr("Size", ""))
	var x, y float64
	for _, code := range object.All("TextCode") {
		if v := floats(code.AttrOr("X", "")); len(v) == 1 {
			x = v[0]
		}
		if v := floats(code.AttrOr("Y", "")); len(v) == 1 {
			y = v[0]
		}
		run := TextRun{ObjectID: object.AttrOr("ID", ""), Value: code.Text, Font: object.AttrOr("Font", ""),
			X: boundary[0] + matrix[0]*x + matrix[2]*y + matrix[4], Y: boundary[1] + matrix[1]*x + matrix[3]*y + matrix[5]}
		if len(size) == 1 {
			run.Size = size[0]
		}
		run.Hidden = !isTrue(object.AttrOr("Visible", "true")) || boundary[2] <= 0 || boundary[3] <= 0 || run.Size <= 0 || object.AttrOr("Alpha", "255") == "0"
		runs = append(runs, run)
	}
	return runs
}

// floats reads an ST_Array of numbers; anything that is not finite gives nil.
func floats(text string) []float64 {
	var all []float64
	for _, field := range strings.Fields(text) {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		all = append(all, v)
	}
	return all
}

// Attachment finds an attachment of the current document by its name.
func (p *Package) Attachment(name string) ([]byte, bool) {
	document := p.current()
	list, _, _ := p.locate(document.Root, document.tree.Child("Attachments").Value())
	tree, _ := p.tree(list) // nil where the list leads nowhere, which then names nothing
	for _, attachment := range tree.All("Attachment") {
		if attachment.AttrOr("Name", "") != name {
			continue
		}
		path, _, _ := p.locate(list, attachment.Child("FileLoc").Value())
		content, err := p.Read(path) // what leads nowhere is not in the package
		return content, err == nil
	}
	return nil, false
}
