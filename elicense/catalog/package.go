package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Files of a type package.
const (
	FileType   = "type.json"      // schema, both sets of names, masking, view profiles, predicates
	FileRow    = "catalogue.json" // row of the catalogue
	FileFace   = "face.json"      // template of the pages
	FileSample = "sample.json"    // data of a licence that can be made
	FileTests  = "tests.json"     // what is accepted, refused and shown
)

// FileNames are the files of a package: all of them, and no other but FileRules.
var FileNames = []string{FileRow, FileFace, FileSample, FileTests, FileType}

// Bounds of a package.
const (
	MaxFile        = 256 << 10 // octets of a file
	maxVersion     = 9999
	maxItems       = 50
	maxFields      = 100
	maxPredicates  = 50
	maxNumber      = 255 // what a presentation code can name
	maxPages       = 8
	maxFaceItems   = 300
	maxTests       = 100
	maxLabel       = 60
	maxValueRunes  = 10000
	maxHolders     = 200
	maxFreshHours  = 30 * 24
	maxJSONNesting = 12
)

// FaultCode classes what is wrong in a package.
type FaultCode string

// Codes.
const (
	FaultFiles  FaultCode = "package_files"     // a file is missing, unknown, too large or no UTF-8
	FaultJSON   FaultCode = "package_json"      // no JSON, or members that are not defined
	FaultType   FaultCode = "package_type"      // schema
	FaultRow    FaultCode = "package_catalogue" // row of the catalogue
	FaultFace   FaultCode = "package_face"      // template of the pages
	FaultSample FaultCode = "package_sample"
	FaultTests  FaultCode = "package_tests"
	FaultReuse  FaultCode = "package_numbers" // does not go with earlier versions
)

// Fault is one thing that is wrong in a package.
type Fault struct {
	File  string
	Place string // such as fields[3]; empty for the whole file
	Line  int    // from 1; 0 where it cannot be told
	Code  FaultCode
	Text  string
}

// Error is one line: file, line, place, what is wrong and the code.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Place != "" {
		b.WriteString(": " + f.Place)
	}
	fmt.Fprintf(&b, ": %s (%s)", f.Text, f.Code)
	return b.String()
}

// Faults lists the faults of a package in an error of Read, in the order of its files.
func Faults(err error) (list []*Fault) {
	switch e := err.(type) { //nolint:errorlint // every kind of wrapping is walked here
	case nil:
	case *Fault:
		list = []*Fault{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			list = append(list, Faults(one)...)
		}
	case interface{ Unwrap() error }:
		list = Faults(e.Unwrap())
	}
	return list
}

// placed says where in a file an error lies.
type placed struct {
	place string
	err   error
}

func (p *placed) Error() string { return p.place + ": " + p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

func at(place string, err error) error {
	if err == nil {
		return nil
	}
	return &placed{place, err}
}

func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// faultsIn turns an error of a check into the faults of a file.
func faultsIn(file string, content []byte, code FaultCode, err error) (list []error) {
	var walk func(prefix string, err error)
	walk = func(prefix string, err error) {
		switch e := err.(type) { //nolint:errorlint // every kind of wrapping is walked here
		case nil:
		case *placed:
			if prefix != "" {
				prefix += "."
			}
			walk(prefix+e.place, e.err)
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				walk(prefix, one)
			}
		default:
			list = append(list, &Fault{File: file, Place: prefix, Line: lineOf(content, prefix), Code: code, Text: err.Error()})
		}
	}
	walk("", err)
	return list
}

// lineOf is the line of a place in JSON that was read; 0 for none.
func lineOf(content []byte, place string) int {
	if place == "" {
		return 0
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	offset := int64(0)
	for _, step := range strings.FieldsFunc(place, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		opening, err := decoder.Token()
		if err != nil {
			return 0
		}
		if !enter(decoder, opening, step) {
			break
		}
		offset = decoder.InputOffset()
	}
	rest := content[offset:]
	offset += int64(len(rest) - len(bytes.TrimLeft(rest, " \t\r\n:,")))
	return 1 + bytes.Count(content[:offset], []byte{'\n'})
}

// enter moves a decoder before the member or element of the name in what was opened.
func enter(decoder *json.Decoder, opening json.Token, name string) bool {
	for i := 0; decoder.More(); i++ {
		found := opening == json.Delim('[') && strconv.Itoa(i) == name
		if opening == json.Delim('{') {
			key, err := decoder.Token()
			if err != nil {
				return false
			}
			found = key == name
		}
		if found {
			return true
		}
		var skipped json.RawMessage
		if opening != json.Delim('{') && opening != json.Delim('[') || decoder.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// Read checks the files of a package and gives its type. What is wrong is told all at once, as far as one thing does not hide another:
// errors wrap ErrType and hold *Fault values, see Faults. The files are kept as they are.
func (c *Catalog) Read(files map[string][]byte) (*Type, error) {
	return c.read(files, false, rulesExamined)
}

// ReadToVerify is Read for verifiers, who decide about no application: rules are decoded and not examined, so that programs for verifiers are without what
// examines them. Whoever publishes a package used Read.
func (c *Catalog) ReadToVerify(files map[string][]byte) (*Type, error) {
	return c.read(files, false, nil)
}

// read leaves out, for files that were tested, the shape of their JSON, the sample and the tests.
func (c *Catalog) read(files map[string][]byte, tested bool, rules *rulesExam) (*Type, error) {
	if faults := checkFiles(files); len(faults) > 0 {
		return nil, refused(faults)
	}
	t := &Type{catalog: c, files: maps.Clone(files)}
	var faults []error
	parts := []part{{FileType, t}, {FileRow, &t.Row}, {FileFace, &t.Face}, {FileSample, &t.Sample}, {FileTests, &t.Tests}}
	if _, ok := files[FileRules]; ok {
		t.Rules = &Rules{}
		parts = append(parts, part{FileRules, t.Rules})
	}
	for _, part := range parts {
		if fault := decodeFile(part.file, files[part.file], part.into, tested); fault != nil {
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return nil, refused(faults)
	}
	if faults = faultsIn(FileType, files[FileType], FaultType, t.check()); len(faults) > 0 {
		return nil, refused(faults) // face and data are judged by the schema
	}
	faults = append(faultsIn(FileRow, files[FileRow], FaultRow, t.checkRow()), faultsIn(FileFace, files[FileFace], FaultFace, t.checkFace())...)
	if t.Rules != nil && rules != nil {
		faults = append(faults, faultsIn(FileRules, files[FileRules], FaultRules, rules.check(t))...)
	}
	if !tested {
		faults = append(faults, faultsIn(FileSample, files[FileSample], FaultSample, t.checkSample())...)
	}
	if len(faults) == 0 && !tested {
		tried := t.runTests()
		if rules != nil {
			tried = errors.Join(tried, rules.try(t))
		}
		faults = faultsIn(FileTests, files[FileTests], FaultTests, tried)
	}
	if len(faults) > 0 {
		return nil, refused(faults)
	}
	var contents [][]byte
	for _, name := range t.FileNames() {
		contents = append(contents, []byte(name), files[name])
	}
	t.Digest, t.faceDigest = digest.SumParts(contents...), faceDigest(t.Face)
	return t, nil
}

// part is a file of a package with what it is decoded into.
type part struct {
	file string
	into any
}

// FileNames are the files of the type's package in the order of its digest.
func (t *Type) FileNames() []string {
	if t.Rules == nil {
		return FileNames
	}
	return append(slices.Clone(FileNames), FileRules)
}

func refused(faults []error) error { return fmt.Errorf("%w: %w", ErrType, errors.Join(faults...)) }

// Files are the files of the type's package.
func (t *Type) Files() map[string][]byte {
	files := map[string][]byte{}
	for name, content := range t.files {
		files[name] = bytes.Clone(content)
	}
	return files
}

func checkFiles(files map[string][]byte) (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		switch {
		case !slices.Contains(FileNames, name) && name != FileRules:
			faults = append(faults, &Fault{File: name, Code: FaultFiles, Text: "is no file of a package"})
		case len(content) > MaxFile:
			faults = append(faults, &Fault{File: name, Code: FaultFiles, Text: fmt.Sprintf("is larger than %d KiB", MaxFile>>10)})
		case !utf8.Valid(content):
			faults = append(faults, &Fault{File: name, Code: FaultFiles, Text: "is no UTF-8"})
		}
	}
	for _, name := range FileNames {
		if _, ok := files[name]; !ok {
			faults = append(faults, &Fault{File: name, Code: FaultFiles, Text: "is missing"})
		}
	}
	return faults
}

// decodeFile decodes strictly and says on which line it stopped.
func decodeFile(name string, content []byte, into any, tested bool) error {
	if !tested {
		if fault := checkShape(name, content); fault != nil {
			return fault
		}
	}
	err := decodeJSON(content, into)
	if err == nil {
		return nil
	}
	fault := &Fault{File: name, Code: FaultJSON, Text: strings.TrimPrefix(err.Error(), "json: ")}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		fault.Line = 1 + bytes.Count(content[:min(int(syntax.Offset), len(content))], []byte{'\n'})
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		fault.Place = kind.Field
		fault.Line = 1 + bytes.Count(content[:min(int(kind.Offset), len(content))], []byte{'\n'})
	} else if member, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if i := bytes.Index(content, []byte(member)); i >= 0 {
			fault.Line = 1 + bytes.Count(content[:i], []byte{'\n'})
		}
	}
	return fault
}

// checkShape refuses what a decoder would take without a word: members that stand twice, and nesting without end.
func checkShape(name string, content []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	var open []map[string]bool // members of the objects that are open; nil for a list
	key := false               // the next token is the name of a member
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // the end, or told by the decoder of the value
		}
		line := 1 + bytes.Count(content[:decoder.InputOffset()], []byte{'\n'})
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(open) >= maxJSONNesting {
				return &Fault{File: name, Line: line, Code: FaultJSON, Text: "is nested too deeply"}
			}
			if token == json.Delim('{') {
				open = append(open, map[string]bool{})
			} else {
				open = append(open, nil)
			}
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if member, ok := token.(string); ok && key {
				if open[len(open)-1][member] {
					return &Fault{File: name, Line: line, Code: FaultJSON, Text: fmt.Sprintf("member %q stands twice", member)}
				}
				open[len(open)-1][member] = true
				key = false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// decodeJSON decodes strictly: unknown members and anything after the value are faults.
func decodeJSON(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("content after the value")
	}
	return nil
}

func (t *Type) checkSample() error {
	var faults []error
	for _, single := range ValueErrors(t.CheckValues(t.Sample)) {
		faults = append(faults, at(single.Key, errors.New(string(single.Reason))))
	}
	id, err := ParseID(t.Sample.First(KeyLicenseID))
	switch {
	case err != nil:
		faults = append(faults, at(KeyLicenseID, err))
	case id.TypeCode != t.Code || id.IssuerCode != t.Sample.First(KeyAuthorityCode) || id.Version != t.Sample.First(KeyVersion):
		faults = append(faults, at(KeyLicenseID, errors.New("does not name type, issuer and version of the sample")))
	}
	for key, want := range map[string]string{KeyTypeCode: t.Code, KeyName: t.Name["zh-CN"]} {
		if t.Sample.First(key) != want {
			faults = append(faults, at(key, errors.New("is not that of the type")))
		}
	}
	return errors.Join(faults...)
}

// WithRow gives the files of a package with another value of a text member of the catalogue's row, such as effective_date; the package is
// read anew to be of use.
func WithRow(files map[string][]byte, member, value string) map[string][]byte {
	quoted, err := json.Marshal(value)
	if err != nil {
		panic(err) // a string
	}
	next := maps.Clone(files)
	pattern := regexp.MustCompile(`("` + regexp.QuoteMeta(member) + `"\s*:\s*)"(?:[^"\\]|\\.)*"`)
	next[FileRow] = pattern.ReplaceAll(files[FileRow], append([]byte("${1}"), bytes.ReplaceAll(quoted, []byte("$"), []byte("$$"))...))
	return next
}
