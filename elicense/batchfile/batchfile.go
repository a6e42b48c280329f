// Package batchfile reads what batches of licences are made of: CSV (RFC 4180; UTF-8 with or without a mark, or GB 18030) or one JSON
// object a line; or a ZIP of documents (archive.go). It knows columns and cells and no licences. A row that cannot be read is handed over as broken; a file that could mean
// two things is refused whole.
package batchfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Bounds of a file (security rule R11). What does not fit goes into several.
const (
	MaxOctets  = 20 << 20
	MaxRows    = 20_000  // of a batch
	MaxListed  = 100_000 // of a list of licences to check, whose rows are short
	MaxColumns = 100
	MaxCell    = 16 << 10 // octets
	MaxLine    = 64 << 10
)

// Format of a file.
type Format string

// Formats.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
	Archive   Format = "zip" // of documents, each of which is a row; see Documents
)

// Encoding of a CSV file.
type Encoding string

// Encodings. Auto takes what is valid UTF-8 for UTF-8 and the rest for GB 18030.
const (
	Auto    Encoding = "auto"
	UTF8    Encoding = "utf-8"
	GB18030 Encoding = "gb18030"
)

// Separator stands between the values of a cell that holds several, such as the names of several holders.
const Separator = "|"

// Errors. None of them repeats what the file holds.
var (
	ErrFormat   = errors.New("batchfile: neither csv nor jsonl")
	ErrEncoding = errors.New("batchfile: the encoding is not the one that was named")
	ErrHeader   = errors.New("batchfile: the header has no name for a column, or one twice")
	ErrSyntax   = errors.New("batchfile: it cannot be read as rows")
	ErrEmpty    = errors.New("batchfile: it has no rows")
	ErrTooLarge = errors.New("batchfile: it has too many rows, columns or octets")
)

// Row is a row of a file.
type Row struct {
	Line   int      // where it begins, from 1
	Cells  []string // one for each column, without space around; nil in a broken row
	Broken bool     // it has another number of cells, or a cell or the row is too long or no text
	File   []byte   // the document of the row; nil in a file of rows
}

// Table is a file.
type Table struct {
	Columns []string
	Rows    []Row
}

var mark = []byte("\xef\xbb\xbf")

// Read reads a file of at most MaxRows.
func Read(content []byte, format Format, encoding Encoding) (Table, error) {
	return ReadUpTo(MaxRows, content, format, encoding)
}

// ReadUpTo is Read for so many rows.
func ReadUpTo(most int, content []byte, format Format, encoding Encoding) (Table, error) {
	if len(content) > MaxOctets {
		return Table{}, ErrTooLarge
	}
	text, err := decode(content, encoding)
	if err != nil {
		return Table{}, err
	}
	var t Table
	switch format {
	case CSV:
		t, err = readCSV(text, most)
	case JSONLines:
		t, err = readLines(text, most)
	default:
		err = ErrFormat
	}
	if err == nil && (len(t.Rows) == 0 || len(t.Columns) == 0) {
		err = ErrEmpty
	}
	if err != nil {
		return Table{}, err
	}
	return t, nil
}

func decode(content []byte, encoding Encoding) ([]byte, error) {
	marked := bytes.HasPrefix(content, mark)
	content = bytes.TrimPrefix(content, mark)
	valid := utf8.Valid(content)
	switch {
	case encoding == GB18030 && marked, encoding == UTF8 && !valid, marked && !valid, !slices.Contains([]Encoding{Auto, UTF8, GB18030}, encoding):
		return nil, ErrEncoding
	case encoding == GB18030, !valid:
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return nil, ErrEncoding
		}
		content = decoded
	}
	if bytes.IndexByte(content, 0) >= 0 { // UTF-16, or no text at all
		return nil, ErrEncoding
	}
	return content, nil
}

func readCSV(text []byte, most int) (Table, error) {
	if !bytes.ContainsRune(text, '\n') { // line ends of old spreadsheets
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return Table{}, ErrEmpty
	}
	if err != nil {
		return Table{}, fmt.Errorf("%w: the header", ErrSyntax)
	}
	var t Table
	for _, name := range header {
		if err := t.addColumn(name); err != nil {
			return Table{}, err
		}
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			// A quotation mark out of place: where the row ends is a guess, and so is every row after it.
			return Table{}, fmt.Errorf("%w: line %d", ErrSyntax, parse.StartLine)
		}
		if err != nil {
			return Table{}, ErrSyntax
		}
		line, _ := in.FieldPos(0)
		if err := t.addRow(line, cells, most); err != nil {
			return Table{}, err
		}
	}
}

func (t *Table) addColumn(name string) error {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || len(name) > 200 || slices.Contains(t.Columns, name):
		return ErrHeader
	case len(t.Columns) == MaxColumns:
		return ErrTooLarge
	}
	t.Columns = append(t.Columns, name)
	return nil
}

// addRow adds a row, of so many at most; one without content, as spreadsheets leave them at the end, is none.
func (t *Table) addRow(line int, cells []string, most int) error {
	r, size, empty := Row{Line: line}, 0, true
	for i, cell := range cells {
		size += len(cell)
		cells[i] = strings.TrimSpace(cell)
		empty = empty && cells[i] == ""
		r.Broken = r.Broken || len(cell) > MaxCell
	}
	if empty && len(cells) <= len(t.Columns) {
		return nil
	}
	if len(t.Rows) == most {
		return ErrTooLarge
	}
	if r.Broken = r.Broken || size > MaxLine || len(cells) != len(t.Columns); !r.Broken {
		r.Cells = cells
	}
	t.Rows = append(t.Rows, r)
	return nil
}

// readLines reads objects whose members are texts or lists of texts. Columns are the names of members in the order of their coming.
func readLines(text []byte, most int) (Table, error) {
	var t Table
	var objects []map[string]string // nil for a broken one
	var lines []int
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		if raw = bytes.TrimSpace(raw); len(raw) == 0 {
			continue
		}
		if len(objects) == most {
			return Table{}, ErrTooLarge
		}
		names, values := object(raw)
		for _, name := range names {
			if slices.Contains(t.Columns, name) {
				continue
			}
			if err := t.addColumn(name); err != nil {
				return Table{}, err
			}
		}
		objects, lines = append(objects, values), append(lines, number)
	}
	for i, values := range objects {
		var cells []string // of another number than there are columns in a broken row
		for _, column := range t.Columns {
			if values != nil {
				cells = append(cells, values[column])
			}
		}
		if values == nil {
			t.Rows = append(t.Rows, Row{Line: lines[i], Broken: true})
			continue
		}
		if err := t.addRow(lines[i], cells, most); err != nil {
			return Table{}, err
		}
	}
	return t, nil
}

// object reads one line; nothing when it is no object of texts, or names a member twice.
func object(raw []byte) (names []string, values map[string]string) {
	if len(raw) > MaxLine {
		return nil, nil
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	if token, err := in.Token(); err != nil || token != json.Delim('{') {
		return nil, nil
	}
	values = map[string]string{}
	for in.More() {
		token, err := in.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, nil
		}
		if _, twice := values[name]; twice || name != strings.TrimSpace(name) {
			return nil, nil
		}
		var value any
		if in.Decode(&value) != nil {
			return nil, nil
		}
		if values[name], ok = cell(value); !ok {
			return nil, nil
		}
		names = append(names, name)
	}
	if _, err := in.Token(); err != nil {
		return nil, nil
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, nil
	}
	return names, values
}

func cell(value any) (string, bool) {
	list, several := value.([]any)
	if !several {
		text, ok := value.(string)
		return text, ok
	}
	var parts []string
	for _, one := range list {
		text, ok := one.(string)
		if !ok || strings.Contains(text, Separator) {
			return "", false
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, Separator), true
}
