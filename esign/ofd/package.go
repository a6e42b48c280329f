package ofd

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// Package is an opened OFD. It is not changed by reading and may be read by one goroutine at a time.
type Package struct {
	Documents    []*Document
	Signatures   []*Signature // of all documents, in the order of their lists
	Faults       []*Error     // what makes the package invalid though it can be shown in part
	Dangling     []string     // reached but not there
	CaseMismatch map[string]string
	Deviations   []Deviation
	// Unknown tells for each file that the walk read the first element that the schema does not know and that stands before one it knows.
	Unknown   []Deviation
	Namespace string
	// Bodies is the number of DocBody elements of OFD.xml.
	Bodies int

	data    []byte
	limits  Limits
	entries []*entry
	exact   map[string]*entry
	folded  map[string]*entry
	roles   map[string]Role
	trees   map[string]*Node
	pages   map[string]*pageFacts
	used    map[string]bool   // resource files that were read
	unknown map[string]string // what Unknown is made of; nil once the package is open
	xmlRead int64             // octets of XML parsed so far
	xmlKept int64             // octets of XML whose trees are kept
	steps   int               // locations followed so far

	// Unsurveyed tells that the package sets more text than FontUses keeps.
	Unsurveyed bool
	surveys    map[string]*survey // by file
	document   *Document          // that is being walked,
	parts      map[string]bool    // and whether a file is among its parts
	surveyed   int
	leading    int // places outside, those that were not kept included
}

// Bounds of what one package may make its reader do. A large real document follows some ten thousand locations; the trees
// of small files are kept, those of large pages are parsed again when asked for.
const (
	maxSteps = 300_000
	keepXML  = 4 << 20
)

// Document is one version of a document body.
type Document struct {
	Body           int    // DocBody, from 0
	Root           string // path of Document.xml
	Current        bool   // what OFD.xml or the current version shows
	Info           Info
	PageArea       Box
	Pages          []Page
	SignaturesPath string // of the body; empty without signatures
	tree           *Node
	resources      []string // files of its own resources, of which the last counts
	parts          []part   // files that set text, once each
}

// Info is DocInfo of GB/T 33190-2016 7.4.
type Info struct {
	DocID, Title, Author, Creator, CreationDate, ModDate string
	CustomDatas                                          []CustomData
}

// CustomData is a name and value of DocInfo.
type CustomData struct{ Name, Value string }

// Page is a page of a document.
type Page struct {
	ID        string
	Path      string // absolute; may be dangling
	Area      Box
	Templates []string // paths of the templates it uses
}

// PagesOf are the numbers, from 1, of the pages that are drawn from one of the files: their own content, or a template that they use. Fonts and
// pictures belong to the whole document and count for none.
func (d *Document) PagesOf(paths []string) []int {
	var numbers []int
	for i, page := range d.Pages {
		if slices.Contains(paths, page.Path) || slices.ContainsFunc(page.Templates, func(t string) bool { return slices.Contains(paths, t) }) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// Open reads a package. A refusal is an *Error; what is broken but can be told in part is in Faults.
func Open(data []byte, limits Limits) (*Package, error) {
	entries, failure := readZip(data, limits)
	if failure != nil {
		return nil, failure
	}
	p := &Package{data: data, limits: limits, entries: entries, exact: map[string]*entry{}, folded: map[string]*entry{},
		roles: map[string]Role{}, trees: map[string]*Node{}, pages: map[string]*pageFacts{}, used: map[string]bool{}, surveys: map[string]*survey{}, unknown: map[string]string{}, CaseMismatch: map[string]string{}}
	for _, e := range entries {
		if !e.isDir {
			p.exact["/"+e.name] = e
			p.folded[fold("/"+e.name)] = e
		}
	}
	if failure := p.walk(); failure != nil {
		return nil, failure
	}
	sort.Strings(p.Dangling)
	p.Dangling = slices.Compact(p.Dangling)
	for _, path := range slices.Sorted(maps.Keys(p.unknown)) {
		p.Unknown = append(p.Unknown, Deviation{"element_unknown", path, p.unknown[path]})
	}
	p.unknown = nil
	return p, nil
}

// Names lists the files of the package as absolute paths, in the order of the central directory.
func (p *Package) Names() []string {
	names := make([]string, 0, len(p.entries))
	for _, e := range p.entries {
		if !e.isDir {
			names = append(names, "/"+e.name)
		}
	}
	return names
}

// Has reports whether the package holds the file, names compared exactly.
func (p *Package) Has(path string) bool { return p.exact[path] != nil }

// Unpack reads a ZIP that need not be an OFD package, by the same one reading and within the same limits; see readZip. Paths are absolute,
// in the order of the central directory. Errors are *Error.
func Unpack(data []byte, limits Limits) ([]File, error) {
	entries, failure := readZip(data, limits)
	if failure != nil {
		return nil, failure
	}
	files := make([]File, 0, len(entries))
	for _, e := range entries {
		if e.isDir {
			return nil, refuse(CodeStructure, e.name, "is a folder")
		}
		content, failure := e.read()
		if failure != nil {
			return nil, failure
		}
		files = append(files, File{Path: "/" + e.name, Content: content})
	}
	return files, nil
}

// Read gives the octets of a file exactly as stored.
func (p *Package) Read(path string) ([]byte, error) {
	e := p.exact[path]
	if e == nil {
		return nil, refuse(CodePath, path, "is not in the package")
	}
	content, failure := e.read()
	if failure != nil {
		return nil, failure
	}
	return content, nil
}

// Find gives the path under which a file is stored: itself, or the one name that differs in case only.
func (p *Package) Find(path string) (string, bool) {
	if p.exact[path] != nil {
		return path, true
	}
	if e := p.folded[fold(path)]; e != nil {
		return "/" + e.name, true
	}
	return "", false
}

// RoleOf tells how the file is reached; a file that nothing reaches is Extra.
func (p *Package) RoleOf(path string) Role {
	if role, ok := p.roles[path]; ok {
		return role
	}
	return Extra
}

// Tree reads an XML file of the package, once.
func (p *Package) Tree(path string) (*Node, error) {
	node, failure := p.tree(path)
	if failure != nil {
		return nil, failure
	}
	return node, nil
}

func (p *Package) tree(path string) (*Node, *Error) {
	if node, ok := p.trees[path]; ok {
		return node, nil
	}
	e := p.exact[path]
	if e == nil {
		return nil, refuse(CodePath, path, "is not in the package")
	}
	content, failure := e.read()
	if failure != nil {
		return nil, failure
	}
	if p.xmlRead += int64(len(content)); p.xmlRead > p.limits.XMLTotal {
		return nil, refuse(CodeBounds, path, "more than %d octets of XML in all", p.limits.XMLTotal)
	}
	node, failure := ParseXML(path, content, p.limits)
	if failure != nil {
		return nil, failure
	}
	if failure := plainLocations(path, node); failure != nil {
		return nil, failure
	}
	if node := unknownBefore(node); node != nil && p.unknown != nil {
		p.unknown[path] = clip(node.Name)
	}
	if p.xmlKept+int64(len(content)) <= keepXML {
		p.xmlKept += int64(len(content))
		p.trees[path] = node
	}
	return node, nil
}

// locations are the elements whose text is a path or a check value.
var locations = []string{"DocRoot", "Signatures", "SignedValue", "BaseLoc", "FileLoc", "SchemaLoc", "File", "FontFile", "MediaFile", "PublicRes",
	"DocumentRes", "PageRes", "Annotations", "Attachments", "CustomTags", "Extensions", "ExtendData", "CheckValue", "SignedValueLoc"}

// plainLocations refuses a path that is written with a comment or CDATA inside, since readers differ in which part of
// such a text they take (D-12).
func plainLocations(path string, node *Node) *Error {
	if node.Tainted && len(node.Children) == 0 && slices.Contains(locations, node.Name) {
		return refuse(CodeXML, path, "a comment or CDATA inside %s", node.Name)
	}
	for _, child := range node.Children {
		if failure := plainLocations(path, child); failure != nil {
			return failure
		}
	}
	return nil
}

// step counts one location that is followed.
func (p *Package) step(holder string) *Error {
	if p.steps++; p.steps > maxSteps {
		return refuse(CodeBounds, holder, "more than %d locations", maxSteps)
	}
	return nil
}

// locate resolves an ST_Loc and finds the file; found is false when it dangles, which is recorded, and beside a failure.
func (p *Package) locate(holder, location string) (path string, found bool, failure *Error) {
	if failure := p.step(holder); failure != nil {
		return "", false, failure
	}
	if strings.Contains(location, `\`) {
		p.Deviations = append(p.Deviations, Deviation{"path_backslash", holder, clip(location)})
	}
	wanted, failure := Resolve(holder, location)
	if failure != nil {
		return "", false, failure
	}
	stored, ok := p.Find(wanted)
	if !ok {
		p.Dangling = append(p.Dangling, wanted)
		return wanted, false, nil
	}
	if stored != wanted {
		p.CaseMismatch[wanted] = stored
	}
	return stored, true, nil
}

// mark gives a file its role; visible wins over container and material, since what can be seen must be covered.
func (p *Package) mark(path string, role Role) {
	if p.roles[path] == Visible {
		return
	}
	p.roles[path] = role
}
