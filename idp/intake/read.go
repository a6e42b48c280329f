package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Mapping says where a file has what. Without one the columns have our names.
type Mapping struct {
	// Columns: our name of a value → the column or member of the file.
	Columns map[string]string `yaml:"columns" json:"columns,omitempty"`
	// Values: our name of a value → the file's word → ours, for instance document_type: {"01": citizen_id}.
	Values map[string]map[string]string `yaml:"values" json:"values,omitempty"`
	// Hash puts a bare digest and its salt together.
	Hash HashMapping `yaml:"hash" json:"hash,omitzero" required:"false"`
	// Created is the layout of the time of registration as Go writes it; RFC 3339, "2006-01-02 15:04:05" or a date when empty.
	Created string `yaml:"created_layout" json:"created_layout,omitempty"`
	// Encoding of a CSV file: utf-8 (default) or gb18030.
	Encoding string `yaml:"encoding" json:"encoding,omitempty"`
	// Comma of a CSV file; "," when empty, "tab" for a tabulator.
	Comma string `yaml:"comma" json:"comma,omitempty"`
}

// HashMapping describes a bare digest.
type HashMapping struct {
	Algorithm string `yaml:"algorithm" json:"algorithm,omitempty"` // md5, sha1, sha256, sha512, sm3
	Salt      string `yaml:"salt" json:"salt,omitempty"`           // column of the salt; no salt when empty
	Layout    string `yaml:"layout" json:"layout,omitempty"`       // salt+password (default) or password+salt
}

// fields of a record by our names.
var fields = []string{"external_id", "mobile", "email", "password_hash", "name", "document_type", "document_number", "nationality", "level", "created"}

// Check reports every fault of a mapping.
func (m Mapping) Check() error {
	var faults []error
	known := func(name string) bool {
		for _, f := range fields {
			if f == name {
				return true
			}
		}
		return false
	}
	for name := range m.Columns {
		if !known(name) {
			faults = append(faults, fmt.Errorf("columns: %q is not known; use %s", name, strings.Join(fields, ", ")))
		}
	}
	for name := range m.Values {
		if !known(name) {
			faults = append(faults, fmt.Errorf("values: %q is not known", name))
		}
	}
	switch m.Hash.Algorithm {
	case "", "md5", "sha1", "sha256", "sha512", "sm3":
	default:
		faults = append(faults, fmt.Errorf("hash.algorithm: %q is not known", m.Hash.Algorithm))
	}
	if m.Hash.Layout != "" && m.Hash.Layout != "salt+password" && m.Hash.Layout != "password+salt" {
		faults = append(faults, errors.New("hash.layout: must be salt+password or password+salt"))
	}
	if m.Encoding != "" && m.Encoding != "utf-8" && m.Encoding != "gb18030" {
		faults = append(faults, errors.New("encoding: must be utf-8 or gb18030"))
	}
	if m.Comma != "" && m.Comma != "tab" && (len(m.Comma) != 1 || strings.ContainsAny(m.Comma, "\"\r\n")) {
		faults = append(faults, errors.New("comma: must be one character or tab"))
	}
	return errors.Join(faults...)
}

func (m Mapping) column(name string) string {
	if column := m.Columns[name]; column != "" {
		return column
	}
	return name
}

// record takes the values of a row.
func (m Mapping) record(row int, value func(column string) string) Record {
	get := func(name string) string {
		text := strings.TrimSpace(value(m.column(name)))
		if ours, ok := m.Values[name][text]; ok {
			return ours
		}
		return text
	}
	r := Record{Row: row, ExternalID: get("external_id"), Mobile: get("mobile"), Email: get("email"), PasswordHash: get("password_hash"), Name: get("name"),
		DocumentType: get("document_type"), DocumentNumber: get("document_number"), Nationality: get("nationality"), Level: get("level"), Created: get("created")}
	if m.Hash.Algorithm != "" && r.PasswordHash != "" {
		salt, word := "", m.Hash.Algorithm
		if m.Hash.Salt != "" {
			salt = value(m.Hash.Salt)
		}
		if m.Hash.Layout == "password+salt" {
			word += "_ps"
		}
		r.PasswordHash = word + "$" + salt + "$" + strings.ToLower(r.PasswordHash)
	}
	return r
}

// NewReader reads a file of the format csv or json (an array of objects, or one object a line).
func NewReader(in io.Reader, format string, m Mapping) (Reader, error) {
	r, err := newReader(in, format, m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return r, nil
}

func newReader(in io.Reader, format string, m Mapping) (Reader, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if m.Encoding == "gb18030" {
		in = simplifiedchinese.GB18030.NewDecoder().Reader(in)
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	if mark, err := buffered.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		buffered.Discard(3)
	}
	switch format {
	case "csv":
		return newCSV(buffered, m)
	case "json":
		return newJSON(buffered, m)
	}
	return nil, fmt.Errorf("format %q is not known; use csv or json", format)
}

// maxLine bounds what is read of one row.
const maxLine = 64 << 10

// csvReader reads RFC 4180, except that no row goes over a line: an unclosed quotation mark spoils its own row and does
// not swallow the file.
type csvReader struct {
	lines   *bufio.Scanner
	comma   byte
	mapping Mapping
	columns map[string]int
	row     int
}

func newCSV(in io.Reader, m Mapping) (Reader, error) {
	c := &csvReader{lines: bufio.NewScanner(in), comma: ',', mapping: m, columns: map[string]int{}}
	c.lines.Buffer(make([]byte, 0, 4096), maxLine)
	if m.Comma == "tab" {
		c.comma = '\t'
	} else if m.Comma != "" {
		c.comma = m.Comma[0]
	}
	line, err := c.line()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	header, ok := splitLine(line, c.comma)
	if !ok {
		return nil, errors.New("the header is no line of CSV")
	}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := c.columns[name]; twice {
			return nil, fmt.Errorf("the header names column %d twice", i+1)
		}
		c.columns[name] = i
	}
	for name, column := range m.Columns {
		if _, ok := c.columns[column]; !ok {
			return nil, fmt.Errorf("the file has no column for %s", name)
		}
	}
	if _, ok := c.columns[m.Hash.Salt]; m.Hash.Salt != "" && !ok {
		return nil, errors.New("the file has no column of salts")
	}
	if _, ok := c.columns[m.column("external_id")]; !ok {
		return nil, errors.New("the file has no column external_id; name it in the mapping")
	}
	return c, nil
}

// line is the next one that is not empty.
func (c *csvReader) line() (string, error) {
	for c.lines.Scan() {
		if text := strings.TrimSuffix(c.lines.Text(), "\r"); text != "" {
			return text, nil
		}
	}
	if errors.Is(c.lines.Err(), bufio.ErrTooLong) {
		return "", fmt.Errorf("%w: after row %d: a line is longer than 64 KiB", ErrUnreadable, c.row)
	}
	if c.lines.Err() != nil {
		return "", fmt.Errorf("after row %d: %w", c.row, c.lines.Err())
	}
	return "", io.EOF
}

// Next implements Reader.
func (c *csvReader) Next() (Record, error) {
	line, err := c.line()
	if err != nil {
		return Record{}, err
	}
	c.row++
	values, ok := splitLine(line, c.comma)
	if !ok || len(values) != len(c.columns) {
		return Record{Row: c.row, Broken: true}, nil
	}
	return c.mapping.record(c.row, func(column string) string {
		if i, ok := c.columns[column]; ok {
			return values[i]
		}
		return ""
	}), nil
}

// splitLine splits one line of RFC 4180; false when quotation marks are out of place.
func splitLine(line string, comma byte) (values []string, ok bool) {
	for {
		if !strings.HasPrefix(line, `"`) {
			value, rest, more := strings.Cut(line, string(comma))
			if strings.Contains(value, `"`) {
				return nil, false
			}
			values = append(values, value)
			if !more {
				return values, true
			}
			line = rest
			continue
		}
		var value strings.Builder
		for line = line[1:]; ; {
			inside, rest, closed := strings.Cut(line, `"`)
			value.WriteString(inside)
			if !closed {
				return nil, false
			}
			if line = rest; !strings.HasPrefix(line, `"`) {
				break
			}
			value.WriteByte('"')
			line = line[1:]
		}
		values = append(values, value.String())
		if line == "" {
			return values, true
		}
		if line[0] != comma {
			return nil, false
		}
		line = line[1:]
	}
}

type jsonReader struct {
	in      *json.Decoder
	mapping Mapping
	array   bool
	row     int
}

func newJSON(in *bufio.Reader, m Mapping) (Reader, error) {
	for {
		b, err := in.Peek(1)
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		if !bytes.ContainsAny(b, " \t\r\n") {
			break
		}
		in.Discard(1)
	}
	first, _ := in.Peek(1)
	if first[0] != '[' && first[0] != '{' {
		return nil, errors.New("neither a list nor objects of JSON")
	}
	decoder := json.NewDecoder(in)
	decoder.UseNumber()
	j := &jsonReader{in: decoder, mapping: m, array: first[0] == '['}
	if j.array {
		if _, err := decoder.Token(); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// Next implements Reader.
func (j *jsonReader) Next() (Record, error) {
	if !j.in.More() {
		if j.array {
			if _, err := j.in.Token(); err != nil { // not the end of the list: the file was cut
				return Record{}, fmt.Errorf("%w: after row %d: the file ends before its list does", ErrUnreadable, j.row)
			}
		}
		return Record{}, io.EOF
	}
	j.row++
	var raw json.RawMessage
	if err := j.in.Decode(&raw); err != nil {
		return Record{}, fmt.Errorf("%w: row %d cannot be read as JSON", ErrUnreadable, j.row) // the decoder's words may repeat a value
	}
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if len(raw) > maxLine || decoder.Decode(&members) != nil || members == nil {
		return Record{Row: j.row, Broken: true}, nil
	}
	broken := false
	r := j.mapping.record(j.row, func(column string) string {
		switch v := members[column].(type) {
		case nil:
			return ""
		case string:
			return v
		case json.Number:
			return v.String()
		case bool:
			return strconv.FormatBool(v)
		}
		broken = true
		return ""
	})
	r.Broken = broken
	return r, nil
}
