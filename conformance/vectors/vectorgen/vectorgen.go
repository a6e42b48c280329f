// Package vectorgen writes the vectors of the conformance rules. It computes SM2 by itself with schoolbook arithmetic, so
// that the vectors share nothing with the implementation under test, and it is deterministic: keys follow from labels,
// numbers of signatures from key and message, times are fixed.
//
// The values that standards publish are typed in from the standards' annexes. Test keys are worthless outside tests.
package vectorgen

import (
	"fmt"
	"sort"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// writer collects the files of an area.
type writer struct {
	area  string
	files map[string]string
}

// entry is one vector to write: what the header says and the fields in their order.
type entry struct {
	rule, name   string // the file is <rule>-<name>
	spec, clause string
	expect, code string
	made, note   string
	fields       []field
	texts        []string // fields to write as they are
}

type field struct {
	name  string
	value []byte
}

func (w *writer) add(e entry) {
	vector := vectors.Vector{Rule: w.area + "/" + e.rule, Spec: e.spec, Clause: e.clause, Expect: e.expect, Code: e.code, Made: e.made, Note: e.note,
		Fields: map[string][]byte{}}
	var order []string
	for _, f := range e.fields {
		vector.Fields[f.name] = f.value
		order = append(order, f.name)
	}
	path := fmt.Sprintf("%s/%s-%s%s", w.area, e.rule, e.name, vectors.Extension)
	if _, twice := w.files[path]; twice {
		panic("vector twice: " + path)
	}
	w.files[path] = vectors.Format(vector, order, e.texts...)
}

// Files returns the content of every vector file by its path below vectors/.
func Files() map[string]string {
	files := map[string]string{}
	for area, write := range map[string]func(*writer){"sm": writeSM, "seal": writeSeal, "ofd": writeOFD, "pdf": writePDF, "jose-gm": writeJOSE, "tsp": writeTSP, "license": writeLicense} {
		write(&writer{area: area, files: files})
	}
	return files
}

// Names returns the paths of Files, sorted.
func Names(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
