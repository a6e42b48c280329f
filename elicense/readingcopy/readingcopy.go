// Package readingcopy writes licences for reading (阅读件): as a web page that a screen reader follows, and as plain text. Both come from the template of
// the face and the values in the register, in the order of the face and with its labels, and not from the pages of the sealed file; what stands on a page
// stands here, and nothing more. A reading copy carries no seal and proves nothing, and says so.
//
// It is a leaf: no I/O, no clock. Equal input gives equal octets. Verifiers do not need it.
package readingcopy

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Errors. Callers compare with errors.Is.
var (
	ErrValues   = errors.New("readingcopy: values are refused, or the photo is another one than they name")
	ErrLanguage = errors.New("readingcopy: the face has no words in this language")
)

// Facts are what a copy says of the licence beside its face.
type Facts struct {
	Status    string    // code of the status at the moment (license.md 6)
	At        time.Time // the moment
	VerifyURL string    // where the identifier and files are verified
	Photo     []byte    // the picture that the values name, a JPEG; nil where they name none
}

// Copy is what a licence says, in the order in which it is read.
type Copy struct {
	Language string
	Title    string
	Blocks   []Block

	values string // language of the values; empty where it is that of the copy
	facts  Facts
	status string
	id     string
}

// Block is one of: a paragraph of the face, the photo with its label, a value with its label, several values with one label, or a table with a row for each holder.
type Block struct {
	Paragraph string
	Label     string
	Value     string   // of one value
	Values    []string // of several
	Columns   []string // of a table
	Rows      [][]string
	Photo     []byte // Value says where to see it, for what is read as text
}

// Read reads a face with its values. Errors wrap ErrValues or ErrLanguage.
func Read(t *catalog.Type, values catalog.Values, language string, facts Facts) (*Copy, error) {
	if !slices.Contains(t.Languages(), language) || frames[language] == nil {
		return nil, fmt.Errorf("%w: %q", ErrLanguage, language)
	}
	if err := t.CheckValues(values); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValues, err)
	}
	if photo, named := t.PhotoOf(values); named != (facts.Photo != nil) || named && photo.SM3 != digest.Hex(facts.Photo) {
		return nil, ErrValues
	}
	c := &Copy{Language: language, Title: t.Name.In(language), facts: facts, status: facts.Status, id: values.First(catalog.KeyLicenseID)}
	if language != catalog.Original {
		c.values = catalog.Original
	}
	if status, ok := catalog.Default().Status(facts.Status); ok {
		c.status = status.Name.In(language)
	}
	rows := table(t, values)
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			switch {
			case item.Kind == catalog.ItemPhoto:
				c.Blocks = append(c.Blocks, c.photo(t.LabelIn(item, language)))
			case item.Kind != catalog.ItemText || item.LabelOf != "":
				// A QR code is the address at the end; a label stands with its value.
			case item.ID == "title":
				c.Title = t.DisplayIn(item, values, language)
			case item.Bind == "":
				c.Blocks = append(c.Blocks, Block{Paragraph: t.DisplayIn(item, values, language)})
			default:
				c.Blocks = append(c.Blocks, bound(t, item, values, language, rows)...)
			}
		}
	}
	return c, nil
}

// photo is the block of the picture, or of what is said where there is none.
func (c *Copy) photo(label string) Block {
	if c.facts.Photo == nil {
		return Block{Label: label, Value: c.word("photo_none")}
	}
	return Block{Label: label, Value: c.word("photo_there"), Photo: c.facts.Photo}
}

// table are the items whose values belong together row by row: those that show several values, as many as there are holders.
func table(t *catalog.Type, values catalog.Values) (list []catalog.FaceItem) {
	n := len(values[catalog.KeyHolderName])
	for _, item := range t.Bound() {
		element, common := catalog.Default().Element(item.Bind)
		if item.Form == catalog.FormSplit && n > 1 && len(values[item.Bind]) == n && common && element.Repeated {
			list = append(list, item)
		}
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

func bound(t *catalog.Type, item catalog.FaceItem, values catalog.Values, language string, rows []catalog.FaceItem) []Block {
	same := func(other catalog.FaceItem) bool { return other.ID == item.ID }
	if i := slices.IndexFunc(rows, same); i > 0 {
		return nil // a column of the table that stands where its first one does
	} else if i == 0 {
		b := Block{}
		for _, column := range rows {
			b.Columns = append(b.Columns, t.LabelIn(column, language))
		}
		for n := range values[item.Bind] {
			var row []string
			for _, column := range rows {
				row = append(row, values[column.Bind][n])
			}
			b.Rows = append(b.Rows, row)
		}
		return []Block{b}
	}
	b := Block{Label: t.LabelIn(item, language)}
	if list := values[item.Bind]; item.Form == catalog.FormSplit && len(list) > 1 {
		b.Values = slices.Clone(list)
	} else if b.Value = t.DisplayIn(item, values, language); b.Value == "" {
		return nil // nothing stands on the page either
	}
	return []Block{b}
}

//go:embed words.json
var wordsFile []byte

// frames are the words around a licence, by language.
var frames = func() map[string]map[string]string {
	var all map[string]map[string]string
	if err := json.Unmarshal(wordsFile, &all); err != nil {
		panic(err) // built in
	}
	return all
}()

// chinaTime is the zone of moments on licences.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

func (c *Copy) word(key string) string { return frames[c.Language][key] }

// moment is when the status was asked.
func (c *Copy) moment() string {
	return c.facts.At.In(chinaTime).Format("2006-01-02 15:04") + " " + c.word("zone")
}

func (c *Copy) address() string { return c.facts.VerifyURL + "?license_id=" + c.id }

// Notice are the sentences that every copy for reading carries, whatever its form: what it is, the status, and where the original is verified.
func (c *Copy) Notice() []string {
	return []string{c.word("notice"), c.word("status") + c.word("colon") + c.status + c.word("open") + c.moment() + c.word("close"), c.word("id") + c.word("colon") + c.id, c.word("verify") + c.word("colon") + c.address()}
}

//go:embed page.html
var pageFile string

//go:embed page.css
var styleFile string

var page = template.Must(template.New("page").Parse(pageFile))

// Style is the style sheet of the page, which stands in it: a policy names it by its digest.
func Style() string { return styleFile }

// photoAddress is a picture that stands in the page (RFC 2397).
func photoAddress(photo []byte) template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(photo)) //nolint:gosec // letters, digits, plus and slash
}

// part is a run of blocks of one kind, since a list of values is one element.
type part struct {
	Paragraph string
	Values    []Block
	Table     *Block
}

// HTML is the copy as a web page: no script, no picture but the photo, which stands in it, and nothing that is fetched from elsewhere.
func (c *Copy) HTML() ([]byte, error) {
	var parts []part
	for _, b := range c.Blocks {
		switch {
		case b.Paragraph != "":
			parts = append(parts, part{Paragraph: b.Paragraph})
		case b.Columns != nil:
			parts = append(parts, part{Table: &b})
		case len(parts) > 0 && parts[len(parts)-1].Values != nil:
			last := &parts[len(parts)-1]
			last.Values = append(last.Values, b)
		default:
			parts = append(parts, part{Values: []Block{b}})
		}
	}
	var out bytes.Buffer
	err := page.Execute(&out, map[string]any{
		"Copy": c, "Parts": parts, "Photo": photoAddress, "Number": func(n int) int { return n + 1 }, "Words": frames[c.Language], "Values": c.values, "Style": template.CSS(styleFile), //nolint:gosec // built in
		"Status": c.status, "Moment": c.moment(), "At": c.facts.At.UTC().Format(time.RFC3339), "ID": c.id, "Address": c.address(),
	})
	return out.Bytes(), err
}

// Text is the copy as plain text in UTF-8: a line for each value, its label before it, and rows of holders as columns that stand below each other where
// letters are of even width and those of East Asia twice as wide (UAX 11).
func (c *Copy) Text() []byte {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\n") }
	line(c.Title)
	line(strings.Repeat("=", width(c.Title)))
	line(c.word("notice"))
	line("")
	for _, block := range c.Blocks {
		switch {
		case block.Paragraph != "":
			line("")
			line(block.Paragraph)
			line("")
		case block.Columns != nil:
			c.columns(&b, block)
		case block.Values != nil:
			line(block.Label + c.word("colon"))
			for i, value := range block.Values {
				line("  " + strconv.Itoa(i+1) + ". " + value)
			}
		default:
			line(block.Label + c.word("colon") + block.Value)
		}
	}
	line("")
	line(c.word("heading"))
	line(strings.Repeat("-", width(c.word("heading"))))
	for _, sentence := range c.Notice()[1:] {
		line(sentence)
	}
	line(c.word("how"))
	return []byte(squeeze(b.String()))
}

// squeeze leaves one empty line of several.
func squeeze(text string) string {
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return text
}

func (c *Copy) columns(b *strings.Builder, block Block) {
	rows := append([][]string{block.Columns}, block.Rows...)
	widest := make([]int, len(block.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widest[i] = max(widest[i], width(cell))
		}
	}
	number := width(c.word("row"))
	for n, row := range rows {
		first := c.word("row")
		if n > 0 {
			first = strconv.Itoa(n)
		}
		out := pad(first, max(number, 3))
		for i, cell := range row {
			out += "  " + pad(cell, widest[i])
		}
		b.WriteString(strings.TrimRight(out, " ") + "\n")
	}
}

func pad(text string, to int) string { return text + strings.Repeat(" ", max(0, to-width(text))) }

// width is how many columns a text takes.
func width(text string) (columns int) {
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), r >= 0x3000 && r <= 0x303f, r >= 0xff01 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6:
			columns += 2
		default:
			columns++
		}
	}
	return columns
}
