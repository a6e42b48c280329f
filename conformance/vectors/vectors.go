// Package vectors carries the test files of the conformance rules: plain text with a small header (rule, spec, clause,
// expect, note), one deviation a file, embedded so that they run anywhere and can be read by any other implementation.
//
// A file has header lines "# name: value", then fields "name encoding value" with encoding hex, text or base64; a line
// that begins with two spaces continues the field before it. The files are written by package vectorgen; a test requires
// that it writes exactly what is committed.
package vectors

import (
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
)

//go:generate go run ./write

//go:embed sm seal ofd pdf jose-gm tsp license
var files embed.FS

// ErrFormat tells a vector file that cannot be read.
var ErrFormat = errors.New("vectors: malformed file")

// Expectations.
const (
	ExpectAccept    = "accept"
	ExpectRefuse    = "refuse"
	ExpectUndecided = "undecided" // the verdict indeterminate
)

// Vector is one test file.
type Vector struct {
	Name   string // path below vectors/, without the extension
	Rule   string // ID of the rule it is for
	Spec   string
	Clause string
	Expect string // accept, refuse or undecided
	Code   string // reason code that a refusal, or deviation that an acceptance, must name; empty for any
	Made   string // date of the object, YYYY-MM-DD; empty when it has none
	Note   string // the one deviation
	Fields map[string][]byte
}

// Load returns the vectors of an area, sorted by name.
func Load(area string) ([]Vector, error) {
	entries, err := fs.ReadDir(files, area)
	if err != nil {
		return nil, fmt.Errorf("vectors of %s: %w", area, err)
	}
	var list []Vector
	for _, entry := range entries {
		name := path.Join(area, entry.Name())
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		vector, err := Parse(strings.TrimSuffix(name, Extension), string(content))
		if err != nil {
			return nil, err
		}
		list = append(list, vector)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, nil
}

// Extension of vector files.
const Extension = ".vec"

// Parse reads a vector file. Errors wrap ErrFormat.
func Parse(name, content string) (Vector, error) {
	vector := Vector{Name: name, Fields: map[string][]byte{}}
	field, encoding, text := "", "", ""
	flush := func() error {
		if field == "" {
			return nil
		}
		octets, err := decode(encoding, text)
		if err != nil {
			return fmt.Errorf("%w: %s: field %s: %w", ErrFormat, name, field, err)
		}
		if _, twice := vector.Fields[field]; twice {
			return fmt.Errorf("%w: %s: field %s twice", ErrFormat, name, field)
		}
		vector.Fields[field] = octets
		return nil
	}
	for _, line := range strings.Split(content, "\n") {
		switch {
		case strings.HasPrefix(line, "# "):
			if err := vector.header(line[2:]); err != nil {
				return Vector{}, err
			}
		case strings.HasPrefix(line, "  "):
			text += line[2:]
		case line == "":
		default:
			if err := flush(); err != nil {
				return Vector{}, err
			}
			parts := strings.SplitN(line, " ", 3)
			if len(parts) < 2 {
				return Vector{}, fmt.Errorf("%w: %s: line %q", ErrFormat, name, line)
			}
			field, encoding, text = parts[0], parts[1], ""
			if len(parts) == 3 {
				text = parts[2]
			}
		}
	}
	if err := flush(); err != nil {
		return Vector{}, err
	}
	if vector.Rule == "" || vector.Spec == "" || vector.Clause == "" || vector.Note == "" || !slices.Contains([]string{ExpectAccept, ExpectRefuse, ExpectUndecided}, vector.Expect) {
		return Vector{}, fmt.Errorf("%w: %s: header is not complete", ErrFormat, name)
	}
	return vector, nil
}

// header takes one header line.
func (v *Vector) header(line string) error {
	key, value, found := strings.Cut(line, ": ")
	if !found {
		return fmt.Errorf("%w: %s: header %q", ErrFormat, v.Name, line)
	}
	switch key {
	case "rule":
		v.Rule = value
	case "spec":
		v.Spec = value
	case "clause":
		v.Clause = value
	case "made":
		v.Made = value
	case "note":
		v.Note = value
	case "expect":
		v.Expect, v.Code, _ = strings.Cut(value, " ")
	default:
		return fmt.Errorf("%w: %s: header %q", ErrFormat, v.Name, key)
	}
	return nil
}

func decode(encoding, text string) ([]byte, error) {
	switch encoding {
	case "hex":
		return hex.DecodeString(text)
	case "base64":
		return base64.StdEncoding.DecodeString(text)
	case "text":
		return []byte(text), nil
	}
	return nil, fmt.Errorf("encoding %q", encoding)
}

// lineLength keeps files readable.
const lineLength = 116

// Format writes a vector as file content. Fields are written in the order given; values are hex up to 160 octets, Base64
// beyond; those named in texts are written as they are where they are printable.
func Format(vector Vector, order []string, texts ...string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# rule: %s\n# spec: %s\n# clause: %s\n", vector.Rule, vector.Spec, vector.Clause)
	fmt.Fprintf(&out, "# expect: %s\n", strings.TrimSpace(vector.Expect+" "+vector.Code))
	if vector.Made != "" {
		fmt.Fprintf(&out, "# made: %s\n", vector.Made)
	}
	fmt.Fprintf(&out, "# note: %s\n\n", vector.Note)
	for _, field := range order {
		value := vector.Fields[field]
		if slices.Contains(texts, field) && printable(value) {
			fmt.Fprintf(&out, "%s text", field)
			writeFolded(&out, string(value))
			continue
		}
		if len(value) <= 160 {
			fmt.Fprintf(&out, "%s hex", field)
			writeFolded(&out, hex.EncodeToString(value))
			continue
		}
		fmt.Fprintf(&out, "%s base64", field)
		writeFolded(&out, base64.StdEncoding.EncodeToString(value))
	}
	return out.String()
}

func printable(value []byte) bool {
	return !slices.ContainsFunc(value, func(octet byte) bool { return octet < ' ' || octet > '~' })
}

// writeFolded writes a value behind its field name, or on lines of its own when it is long.
func writeFolded(out *strings.Builder, text string) {
	if len(text) <= lineLength-20 {
		fmt.Fprintf(out, " %s\n", text)
		return
	}
	out.WriteByte('\n')
	for len(text) > 0 {
		part := text[:min(lineLength, len(text))]
		fmt.Fprintf(out, "  %s\n", part)
		text = text[len(part):]
	}
}
