// Package catalog holds the licence types (证照目录, GB/T 36902-2018) and what belongs to each: fields, face template,
// view profiles, freshness of status, and the identifier of GB/T 36904-2018.
//
// A type is data: a package of five files (FileNames) with schema, row of the catalogue, face, sample and tests, and one with rules where applications
// may be decided at once (FileRules), checked and tested when it is read. Some are built in, as folders types/<code>/; others are published by whoever runs the platform (With).
// A type has versions; a licence is judged and shown by the one it was made by.
// Code lists and field names live in data files too (lists/), because the printed standards were not at hand and a bought
// copy must be able to correct them without a change of code. Go code names elements by our own keys only; the English
// and pinyin names of GB/T 36903-2018 are looked up.
//
// The package is a leaf: no I/O beyond the embedded files, no clock, no mutable state. It draws nothing (see licenseface)
// and judges no files (see licensefile).
package catalog

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed types lists
var embedded embed.FS

// ErrType wraps every fault found in a type folder.
var ErrType = errors.New("catalog: licence type is refused")

// ErrList wraps every fault found in a code list.
var ErrList = errors.New("catalog: code list is refused")

// Catalog is a checked set of licence types with the code lists they refer to. It is read-only and safe to share.
type Catalog struct {
	elements    []Element
	elementBy   map[string]*Element // our key, English or pinyin name
	holderCodes []CodeName
	statuses    []LicenseStatus
	lists       map[List][]Entry
	builtIn     map[string][]func() (*Type, error) // by code, a version each; read when first asked for
	further     map[string][]*Type                 // versions beside them, by code
	retired     map[string]int
	day         string // versions effective on it are in force; empty: all
}

var shared = sync.OnceValues(func() (*Catalog, error) { return begin(embedded, true, nil) })

// Default is the catalogue that is built in. A type is read when it is first asked for, and without its tests: a verifier in a browser waits for
// one and not for all. It panics when the built-in data is faulty, which the tests exclude.
func Default() *Catalog {
	c, err := shared()
	if err != nil {
		panic(err)
	}
	return c
}

// Types lists the built-in licence types by code.
func Types() []*Type { return Default().Types() }

// Find returns the built-in type of the code.
func Find(code string) (*Type, bool) { return Default().Find(code) }

// Load reads a catalogue from a tree with the folders lists/ and types/<code>/, and tests every type. Errors wrap ErrType or ErrList and name
// the file and the value at fault.
func Load(tree fs.FS) (*Catalog, error) {
	c, err := begin(tree, false, rulesExamined)
	if err != nil {
		return nil, err
	}
	for _, code := range c.Codes() {
		var earlier []*Type
		for _, read := range c.builtIn[code] {
			t, err := read()
			if err == nil {
				err = t.CheckAgainst(earlier)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", code, err)
			}
			earlier = append(earlier, t)
		}
	}
	return c, nil
}

// begin reads the lists. The types of a tree that was tested are only decoded later.
func begin(tree fs.FS, tested bool, rules *rulesExam) (*Catalog, error) {
	c := &Catalog{elementBy: map[string]*Element{}, lists: map[List][]Entry{}, builtIn: map[string][]func() (*Type, error){}}
	if err := c.loadLists(tree); err != nil {
		return nil, err
	}
	folders, err := fs.ReadDir(tree, "types")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	}
	for _, folder := range folders { // by name, so that versions are in their order
		code, _, _ := strings.Cut(folder.Name(), ".")
		c.builtIn[code] = append(c.builtIn[code], sync.OnceValues(func() (*Type, error) { return c.loadType(tree, folder.Name(), tested, rules) }))
	}
	if len(c.builtIn) == 0 {
		return nil, fmt.Errorf("%w: no types", ErrType)
	}
	return c, nil
}

// Types lists the types in force by code.
func (c *Catalog) Types() (list []*Type) {
	for _, code := range c.Codes() {
		if t, ok := c.Find(code); ok {
			list = append(list, t)
		}
	}
	return list
}

// Find returns the version in force of the code (证照类型代码).
func (c *Catalog) Find(code string) (*Type, bool) {
	for _, t := range slices.Backward(c.Versions(code)) {
		if c.day == "" || t.Row.EffectiveDate <= c.day {
			return t, true
		}
	}
	return nil, false
}

// Versions lists the versions of a code, oldest first, those that are not effective yet included. A version whose number a built-in one has too comes
// after it.
func (c *Catalog) Versions(code string) (list []*Type) {
	for _, read := range c.builtIn[code] {
		t, err := read()
		if err != nil {
			panic(err) // Load reads all, and Default is of what the tests read
		}
		list = append(list, t)
	}
	for _, t := range c.further[code] {
		if !slices.ContainsFunc(list, func(known *Type) bool { return bytes.Equal(known.Digest, t.Digest) }) {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(x, y *Type) int { return x.Row.Version - y.Row.Version })
	return list
}

// Codes lists the codes of which any version is known, also one that is not effective yet.
func (c *Catalog) Codes() []string {
	codes := slices.Collect(maps.Keys(c.builtIn))
	for code := range c.further {
		if _, ok := c.builtIn[code]; !ok {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// Elements lists the metadata elements common to all types, in the order of license.md 4.
func (c *Catalog) Elements() []Element { return slices.Clone(c.elements) }

// Element finds a common metadata element by our key, by its English or by its pinyin name.
func (c *Catalog) Element(name string) (Element, bool) {
	e, ok := c.elementBy[name]
	if !ok {
		return Element{}, false
	}
	return *e, true
}

// HolderCodeTypes lists the holder code types (持证主体代码类型, GB/T 36903-2018 annex A).
func (c *Catalog) HolderCodeTypes() []CodeName { return slices.Clone(c.holderCodes) }

// HolderCodeType returns the name of a holder code type.
func (c *Catalog) HolderCodeType(code string) (CodeName, bool) {
	for _, entry := range c.holderCodes {
		if entry.Code == code {
			return entry, true
		}
	}
	return CodeName{}, false
}

// Statuses lists the statuses a licence in force can come to have.
func (c *Catalog) Statuses() []LicenseStatus { return slices.Clone(c.statuses) }

// Status returns the status of the code.
func (c *Catalog) Status(code string) (LicenseStatus, bool) {
	for _, entry := range c.statuses {
		if entry.Code == code {
			return entry, true
		}
	}
	return LicenseStatus{}, false
}

func (c *Catalog) loadLists(tree fs.FS) error {
	if err := readJSON(tree, "lists/elements.json", &c.elements); err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	for i := range c.elements {
		e := &c.elements[i]
		if e.Key == "" || e.English == "" || !e.Label.complete() || !e.Kind.known() {
			return fmt.Errorf("%w: element %d %q is incomplete", ErrList, i, e.Key)
		}
		for _, name := range e.names() {
			if _, taken := c.elementBy[name]; taken {
				return fmt.Errorf("%w: element name %q is taken", ErrList, name)
			}
			c.elementBy[name] = e
		}
	}
	if err := readJSON(tree, "lists/holder_code_types.json", &c.holderCodes); err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	for _, entry := range c.holderCodes {
		if len(entry.Code) != 3 || !entry.Name.complete() || !entry.Category.known() {
			return fmt.Errorf("%w: holder code type %q", ErrList, entry.Code)
		}
	}
	for _, name := range listNames {
		var entries []Entry
		if err := readJSON(tree, "lists/"+string(name)+".json", &entries); err != nil {
			return fmt.Errorf("%w: %w", ErrList, err)
		}
		for _, entry := range entries {
			if entry.Code == "" || !entry.Name.complete() || c.has(name, entry.Code) {
				return fmt.Errorf("%w: %s: entry %q", ErrList, name, entry.Code)
			}
			c.lists[name] = append(c.lists[name], entry)
		}
	}
	if err := readJSON(tree, "lists/statuses.json", &c.statuses); err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	for _, entry := range c.statuses {
		if entry.Code == "" || !entry.Name.complete() || entry.Bits > 3 || (entry.Code == StatusValid) != (entry.Bits == 0) {
			return fmt.Errorf("%w: status %q", ErrList, entry.Code)
		}
		for _, next := range entry.Next {
			if _, ok := c.Status(next); !ok {
				return fmt.Errorf("%w: status %q leads to unknown %q", ErrList, entry.Code, next)
			}
		}
	}
	return nil
}

// loadType reads the folder of a version of a built-in type: the code, with a point and the number of the version behind it for those after the first.
func (c *Catalog) loadType(tree fs.FS, name string, tested bool, rules *rulesExam) (*Type, error) {
	files := map[string][]byte{}
	folder := path.Join("types", name)
	entries, err := fs.ReadDir(tree, folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	}
	for _, entry := range entries {
		if files[entry.Name()], err = fs.ReadFile(tree, path.Join(folder, entry.Name())); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrType, err)
		}
	}
	t, err := c.read(files, tested, rules)
	if err != nil {
		return nil, err
	}
	want := t.Code
	if t.Row.Version > 1 {
		want += "." + strconv.Itoa(t.Row.Version)
	}
	if name != want {
		return nil, fmt.Errorf("%w: version %d of code %q in folder %q", ErrType, t.Row.Version, t.Code, name)
	}
	t.BuiltIn = true
	return t, nil
}

// readJSON decodes one file strictly.
func readJSON(tree fs.FS, name string, into any) error {
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	if err := decodeJSON(content, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
