// Package facedesign changes the face of a licence type (证照照面) and tries it with data: items are added, copied, moved and deleted, what comes
// out is written as face.json of a package, and pages are drawn as they will be issued, by the maker and the renderer of licences and by
// nothing else. What may stand on a face is for elicense/catalog to say, and is not judged here.
//
// It is a leaf: no I/O, no clock. It is apart from the catalogue, since verifiers change no faces.
package facedesign

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

// Errors. Callers compare with errors.Is.
var (
	ErrFace = errors.New("facedesign: the face cannot be read")
	ErrNone = errors.New("facedesign: there is no such page or item")
)

// Read decodes face.json; members that are not defined are refused. Errors wrap ErrFace.
func Read(content []byte) (face catalog.Face, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&face); err != nil {
		return catalog.Face{}, fmt.Errorf("%w: %w", ErrFace, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return catalog.Face{}, fmt.Errorf("%w: content after the value", ErrFace)
	}
	return face, nil
}

// member is a member of an object that is being written.
type member struct {
	name  string
	value any
	empty bool // it is left out
}

func text(name, value string) member { return member{name, value, value == ""} }

func length(name string, value float64) member { return member{name, value, value == 0} }

// object writes members in their order on one line. Numbers are written without an exponent, since people read them.
func object(out *bytes.Buffer, members ...member) {
	out.WriteByte('{')
	first := true
	for _, m := range members {
		if m.empty {
			continue
		}
		if !first {
			out.WriteString(", ")
		}
		first = false
		out.WriteString(strconv.Quote(m.name) + ": ")
		switch value := m.value.(type) {
		case float64:
			out.WriteString(strconv.FormatFloat(value, 'f', -1, 64))
		case int:
			out.WriteString(strconv.Itoa(value))
		case bool:
			out.WriteString(strconv.FormatBool(value))
		case string:
			out.Write(quoted(value))
		}
	}
	out.WriteByte('}')
}

func quoted(value string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a string
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// Write encodes a face as face.json, an item a line and without the members that hold nothing, so that two versions can be compared by eye.
func Write(face catalog.Face) []byte {
	var out bytes.Buffer
	out.WriteString("{\n  \"pages\": [")
	for n, page := range face.Pages {
		out.WriteString(comma(n) + "\n    {\n      \"width_mm\": " + number(page.WidthMM) + ", \"height_mm\": " + number(page.HeightMM) + ",\n      \"items\": [")
		for i, item := range page.Items {
			out.WriteString(comma(i) + "\n        ")
			object(&out, text("kind", string(item.Kind)), text("layer", item.Layer), text("id", item.ID), text("bind", item.Bind), text("form", string(item.Form)), text("join", item.Join),
				member{name: "x_mm", value: item.XMM}, member{name: "y_mm", value: item.YMM}, member{name: "width_mm", value: item.WidthMM}, member{name: "height_mm", value: item.HeightMM},
				text("text", item.Text), text("label_of", item.LabelOf), text("font", item.Font), length("size_mm", item.SizeMM), length("min_size_mm", item.MinSizeMM), length("leading_mm", item.LeadingMM), length("spacing_mm", item.SpacingMM),
				text("align", item.Align), text("overflow", string(item.Overflow)), member{"middle", item.Middle, !item.Middle}, length("stroke_mm", item.StrokeMM), text("color", item.Color), text("fill", item.Fill), text("fit", string(item.Fit)))
		}
		out.WriteString("\n      ]\n    }")
	}
	out.WriteString("\n  ],\n  \"annex\": ")
	a := face.Annex
	object(&out, length("width_mm", a.WidthMM), length("height_mm", a.HeightMM), length("margin_mm", a.MarginMM), length("size_mm", a.SizeMM), text("title", a.Title), text("note", a.Note))
	out.WriteString(",\n  \"seals\": [")
	for i, slot := range face.Seals {
		out.WriteString(comma(i))
		object(&out, member{name: "page", value: slot.Page}, member{name: "x_mm", value: slot.XMM}, member{name: "y_mm", value: slot.YMM}, member{name: "width_mm", value: slot.WidthMM}, member{name: "height_mm", value: slot.HeightMM})
	}
	out.WriteString("]")
	writeWords(&out, face)
	out.WriteString("\n}\n")
	return out.Bytes()
}

// writeWords writes the fixed words in other languages, a word a line, in the order in which they stand on the face.
func writeWords(out *bytes.Buffer, face catalog.Face) {
	if len(face.Words) == 0 {
		return
	}
	var order []string
	for _, p := range face.Pages {
		for _, item := range p.Items {
			order = append(order, item.Text)
		}
	}
	order = append(order, face.Annex.Title, face.Annex.Note)
	out.WriteString(",\n  \"words\": {")
	for n, language := range slices.Sorted(maps.Keys(face.Words)) {
		words := maps.Clone(face.Words[language])
		out.WriteString(comma(n))
		if n > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(string(quoted(language)) + ": {")
		written := 0
		for _, text := range append(slices.Clone(order), slices.Sorted(maps.Keys(words))...) {
			if word, ok := words[text]; ok {
				out.WriteString(comma(written) + "\n    " + string(quoted(text)) + ": " + string(quoted(word)))
				delete(words, text)
				written++
			}
		}
		out.WriteString("\n  }")
	}
	out.WriteByte('}')
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// page is a page that is there, counted from 0.
func page(face *catalog.Face, n int) (*catalog.FacePage, error) {
	if n < 0 || n >= len(face.Pages) {
		return nil, ErrNone
	}
	return &face.Pages[n], nil
}

func item(face *catalog.Face, n, i int) (*catalog.FacePage, error) {
	p, err := page(face, n)
	if err != nil || i < 0 || i >= len(p.Items) {
		return nil, ErrNone
	}
	return p, nil
}

// Ink is the colour of what is added.
const Ink = "#1F1A17"

// Add puts an item of a kind at the end of a page, in its middle, and gives its index. A text waits for what it shows: bind is the key of a
// value, or empty for a fixed text.
func Add(face *catalog.Face, n int, kind catalog.ItemKind, bind, words string) (int, error) {
	p, err := page(face, n)
	if err != nil {
		return 0, err
	}
	added := catalog.FaceItem{Kind: kind, Color: Ink}
	switch kind {
	case catalog.ItemText:
		added.Font, added.SizeMM, added.WidthMM, added.HeightMM = "sans", 4, min(60, p.WidthMM/2), 7
		if bind == "" {
			added.Text = words
			break
		}
		added.Bind, added.Form, added.Overflow, added.ID = bind, catalog.FormPlain, catalog.OverflowShrink, freeID(face, bind)
	case catalog.ItemLine:
		added.WidthMM, added.StrokeMM = min(60, p.WidthMM/2), 0.25
	case catalog.ItemRect:
		added.WidthMM, added.HeightMM, added.StrokeMM = min(60, p.WidthMM/2), 20, 0.25
	case catalog.ItemPhoto:
		added.WidthMM, added.HeightMM, added.StrokeMM, added.Bind, added.ID = 26, 32, 0.25, bind, freeID(face, "photo")
	case catalog.ItemQR:
		added.WidthMM, added.HeightMM, added.ID = 25, 25, freeID(face, "verify_code")
	default:
		return 0, fmt.Errorf("%w: kind %q", ErrNone, kind)
	}
	added.XMM, added.YMM = Round((p.WidthMM-added.WidthMM)/2), Round((p.HeightMM-added.HeightMM)/2)
	p.Items = append(p.Items, added)
	return len(p.Items) - 1, nil
}

// Copy puts a copy of an item behind it, a little beside it, and gives its index. It has an id of its own.
func Copy(face *catalog.Face, n, i int) (int, error) {
	p, err := item(face, n, i)
	if err != nil {
		return 0, err
	}
	const beside = 5
	made := p.Items[i]
	if made.ID != "" {
		made.ID = freeID(face, made.ID)
	}
	made.LabelOf = "" // what it names has a label
	made.XMM, made.YMM = Round(max(0, min(made.XMM+beside, p.WidthMM-made.WidthMM))), Round(max(0, min(made.YMM+beside, p.HeightMM-made.HeightMM)))
	p.Items = slices.Insert(p.Items, i+1, made)
	return i + 1, nil
}

// Delete takes an item away.
func Delete(face *catalog.Face, n, i int) error {
	p, err := item(face, n, i)
	if err != nil {
		return err
	}
	gone := p.Items[i]
	p.Items = slices.Delete(p.Items, i, i+1)
	if gone.ID != "" {
		relabel(face, gone.ID, "")
	}
	dropWords(face, gone.Text)
	return nil
}

// relabel lets labels of an item name another id, or nothing.
func relabel(face *catalog.Face, from, to string) {
	for n := range face.Pages {
		for i := range face.Pages[n].Items {
			if item := &face.Pages[n].Items[i]; item.LabelOf == from {
				item.LabelOf = to
			}
		}
	}
}

// dropWords forgets the words of a fixed text in other languages once it stands on the face no more.
func dropWords(face *catalog.Face, text string) {
	if text == "" || slices.Contains(face.Text(), text) {
		return
	}
	for _, words := range face.Words {
		delete(words, text)
	}
}

// Changed keeps what hangs on an item that was edited: labels follow its id, and words in other languages its fixed text. A word that is empty is taken
// away.
func Changed(face *catalog.Face, was, now catalog.FaceItem, words map[string]string) {
	if was.ID != "" && was.ID != now.ID {
		relabel(face, was.ID, now.ID)
	}
	if was.Text != now.Text {
		dropWords(face, was.Text)
	}
	if now.Text == "" {
		return
	}
	for language, word := range words {
		if word == "" {
			delete(face.Words[language], now.Text)
			continue
		}
		if face.Words == nil {
			face.Words = catalog.Words{}
		}
		if face.Words[language] == nil {
			face.Words[language] = map[string]string{}
		}
		face.Words[language][now.Text] = word
	}
}

// Reorder moves an item before (-1) or behind (1) its neighbour and gives its index; of one layer, what comes later lies above. At an end
// nothing changes.
func Reorder(face *catalog.Face, n, i, by int) (int, error) {
	p, err := item(face, n, i)
	if err != nil {
		return 0, err
	}
	to := i + by
	if to < 0 || to >= len(p.Items) {
		return i, nil
	}
	p.Items[i], p.Items[to] = p.Items[to], p.Items[i]
	return to, nil
}

// freeID is an id that no item of the face has: the wanted one, or one with a number behind it.
func freeID(face *catalog.Face, want string) string {
	taken := map[string]bool{}
	for _, p := range face.Pages {
		for _, item := range p.Items {
			taken[item.ID] = true
		}
	}
	base := want
	if stem, digits, ok := cutLast(want, "_"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		base = stem // of a copy another copy
	}
	for n := 2; taken[want]; n++ {
		want = base + "_" + strconv.Itoa(n)
	}
	return want
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// Round is a length in hundredths of a millimetre, as finely as a face is made.
func Round(mm float64) float64 { return math.Round(mm*100) / 100 }

// Key is a value that a text may show.
type Key struct {
	Key   string       `json:"key"`
	Label catalog.Text `json:"label"`
}

// Keys are the values that the texts of a face may show: the fields of type.json, whatever else is wrong with it, behind them the common
// elements that are no fields of it.
func Keys(typeFile []byte) []Key {
	var declared struct {
		Fields []Key `json:"fields"`
	}
	_ = json.Unmarshal(typeFile, &declared) // what cannot be read is told by the catalogue
	known := map[string]bool{}
	var keys []Key
	for _, f := range declared.Fields {
		if f.Key == "" || known[f.Key] {
			continue
		}
		known[f.Key] = true
		if e, ok := catalog.Default().Element(f.Key); ok && len(f.Label) == 0 {
			f.Label = e.Label
		}
		keys = append(keys, f)
	}
	for _, e := range catalog.Default().Elements() {
		if !e.CopyOnly && !known[e.Key] {
			keys = append(keys, Key{e.Key, e.Label})
		}
	}
	return keys
}

// Archive packs the files of a package as typepackage.ReadZIP reads them. Equal files give equal octets.
func Archive(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}
