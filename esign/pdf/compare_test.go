package pdf

import (
	"slices"
	"strings"
	"testing"
)

// bare is a walker over nothing: references of either side lead nowhere.
func bare() *walker {
	f := &File{left: &budget{tokens: 1000}}
	v := &view{file: f}
	return &walker{file: f, signature: &Signature{End: 10}, old: v, new: v, seen: map[step]bool{}, out: &Changes{}}
}

// TestValuesAreComparedByTheirRole: what is refused of two values in object 3, word for word.
func TestValuesAreComparedByTheirRole(t *testing.T) {
	const noSignature = "something was added that is no signature"
	for _, c := range []struct {
		role          role
		before, after string // "" for none
		refused       []string
	}{
		{plain, "7", "7", nil}, {plain, "7", "8", []string{"3: changed"}}, {plain, "", "()", []string{"3: changed"}}, {plain, "()", "()", nil}, {plain, "(a)", "<61>", nil}, {plain, "", "", nil},
		{plain, "true", "[]", []string{"3: changed"}}, {plain, "<<>>", "[]", []string{"3: changed"}}, {plain, "[]", "<<>>", []string{"3: changed"}}, {plain, "7", "<</A 1>>", []string{"3: changed"}},
		{plain, "<</A<</B 1>>>>", "<</A<</B 2>>>>", []string{"3: changed /A"}}, {plain, "<</A[1 2]>>", "<</A[3 4]>>", []string{"3: changed /A"}}, {plain, "<</A 1/B 1>>", "<</B 2/A 2>>", []string{"3: changed /A", "3: changed /B"}},
		{plain, "<</Type/Page/LastModified(a)>>", "<</Type/Page/LastModified(b)>>", nil}, {plain, "<</Type/Page/Annots[]>>", "<</Type/Page/Annots[<<>>]>>", []string{"3: " + noSignature}},
		// Readers differ in which value of a key that stands twice they take.
		{plain, "<</A 1/A 2/B 5>>", "<</B 5/A 1/A 2>>", nil}, {plain, "<</A 1/A 2>>", "<</A 3/A 2>>", []string{"3: changed"}}, {plain, "<</A 1/A 2>>", "<</A 1/A 3>>", []string{"3: changed /A"}},
		{plain, "<</A 1/A 2>>", "<</A 2>>", []string{"3: changed"}}, {plain, "<</A 2>>", "<</A 1/A 2>>", []string{"3: changed"}}, {plain, "<</A 1/A 2/B 5>>", "<</A 2/B 1/B 5>>", []string{"3: changed"}},
		{annotationList, "", "", nil}, {annotationList, "[]", "", nil}, {annotationList, "", "[]", nil}, {annotationList, "[1]", "[1]", nil}, {annotationList, "", "7", []string{"3: changed"}}, {annotationList, "7", "", []string{"3: changed"}},
		{annotationList, "7", "[]", []string{"3: changed"}}, {annotationList, "[]", "7", []string{"3: changed"}}, {annotationList, "[1]", "[]", []string{"3: changed"}}, {annotationList, "[1]", "[2]", []string{"3: changed"}},
		{annotationList, "[]", "[<<>>]", []string{"3: " + noSignature}}, {fieldList, "[]", "[5 0 R]", []string{"5: " + noSignature}},
		{form, "<<>>", "<<>>", nil}, {form, "", "<<>>", []string{"3: changed"}}, {form, "<<>>", "", []string{"3: changed"}}, {form, "7", "7", []string{"3: changed"}},
		{form, "<</SigFlags 1>>", "<</SigFlags 3>>", nil}, {form, "<</DA(a)>>", "<<>>", []string{"3: changed /DA"}}, {form, "<</Fields[]>>", "<</Fields 7>>", []string{"3: changed /Fields"}},
	} {
		read := func(text string) Object {
			if text == "" {
				return nil
			}
			o, _, err := object(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return o
		}
		w := bare()
		if err := w.values(Ref{3, 0}, read(c.before), read(c.after), c.role, 0); err != nil || !slices.Equal(w.out.Refused, c.refused) {
			t.Errorf("role %d, %s for %s: %q %v, want %q", c.role, c.after, c.before, w.out.Refused, err, c.refused)
		}
	}
	w := bare()
	w.refuse(0, "of none")
	w.refuse(1, "of %s", "one")
	if !slices.Equal(w.out.Refused, []string{"of none", "1: of one"}) {
		t.Errorf("%q", w.out.Refused)
	}
}

// TestComparingIsBounded: the last step that may be made and the last level that is looked at, and one more of each, however they are met.
func TestComparingIsBounded(t *testing.T) {
	w := bare()
	w.file.left.tokens = 1
	if err := w.values(Ref{}, 7, 7, plain, 0); err != nil {
		t.Errorf("the last step: %v", err)
	}
	w = bare()
	if err := w.values(Ref{}, 7, 7, plain, 4*maxDepth); err != nil {
		t.Errorf("the last level: %v", err)
	}
	if err := w.values(Ref{}, 7, 7, plain, 4*maxDepth+1); !limited(err) || !strings.Contains(err.Error(), "nested") {
		t.Errorf("one level more: %v", err)
	}
	dict := &Dict{Keys: []Name{"A"}, Values: map[Name]Object{"A": 1}}
	twice := &Dict{Keys: []Name{"A"}, Values: map[Name]Object{"A": 1}, Duplicate: true, shadowed: Array{Name("A"), 2}}
	ref := Ref{5, 0}
	later := map[Ref]*Signature{ref: {End: 20}}
	for name, c := range map[string]struct {
		tokens int // that are left for it
		step   func(w *walker) error
	}{
		"a value":      {0, func(w *walker) error { return w.values(Ref{}, 7, 7, plain, 0) }},
		"a dictionary": {1, func(w *walker) error { return w.values(Ref{}, dict, dict, plain, 0) }},
		"a key that stands twice": {0, func(w *walker) error {
			return w.dicts(Ref{}, twice, twice, func(Name) (role, bool) { return plain, false }, 0)
		}},
		"a list":                   {1, func(w *walker) error { return w.values(Ref{}, Array{1}, Array{1}, plain, 0) }},
		"a list of fields":         {1, func(w *walker) error { return w.values(Ref{}, Array{1}, Array{1}, fieldList, 0) }},
		"a field that came":        {1, func(w *walker) error { return w.values(Ref{}, Array{}, Array{ref}, fieldList, 0) }},
		"a picture that came":      {1, func(w *walker) error { return w.values(Ref{}, Array{}, Array{ref}, annotationList, 0) }},
		"a reference that is gone": {1, func(w *walker) error { return w.values(Ref{}, ref, nil, plain, 0) }},
		"an object that is gone":   {1, func(w *walker) error { return w.pair(step{old: ref}, false) }},
	} {
		w := bare()
		w.signed, w.file.left.tokens = later, c.tokens
		if name == "a picture that came" {
			w.pictures = later
		}
		if name == "an object that is gone" { // the signed revision had it, in an object stream that is too large to open now
			w.old = &view{file: w.file, sections: []*section{{trailer: &Dict{}, entries: []entry{{number: 5, kind: entryPacked, at: 6}, {number: 6, kind: entryPlain}}}}, data: []byte("6 0 obj<</Type/ObjStm/N 1/First 4/Length 9>>stream\n5 0 (abc)endstream endobj")}
			w.file.left.tokens = 100
		}
		if err := c.step(w); !limited(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheStrictestCertificationCounts of those that the signed revision has, in whatever order they are found.
func TestTheStrictestCertificationCounts(t *testing.T) {
	for _, c := range []struct {
		signatures []*Signature
		level      int
	}{
		{nil, 0}, {[]*Signature{{End: 5}}, 0}, {[]*Signature{{Certifies: 2, End: 5}}, 2}, {[]*Signature{{Certifies: 2, End: 10}}, 2}, {[]*Signature{{Certifies: 2, End: 11}}, 0}, {[]*Signature{{Certifies: 2, End: 5, Fault: &Error{}}}, 0},
		{[]*Signature{{Certifies: 3, End: 5}, {Certifies: 1, End: 6}, {Certifies: 2, End: 7}}, 1}, {[]*Signature{{Certifies: 1, End: 5}, {Certifies: 2, End: 6}, {End: 7}}, 1},
	} {
		if level := bare().certification(c.signatures); level != c.level {
			t.Errorf("%+v: %d", c.signatures, level)
		}
	}
}

// TestOnlyTail: what may stand between updates.
func TestOnlyTail(t *testing.T) {
	for text, good := range map[string]bool{
		"": true, " \n": true, "% a comment": true, "startxref 7": true, "startxref\n7\n%%EOF\nstartxref 9 %%EOF\n": true, "startxref": false, "startxref %%EOF\n": false, "startxref x": false, "startxref 7x": false, "startxref 7 x": false, "xref": false,
	} {
		if onlyTail([]byte(text)) != good {
			t.Errorf("%q: %t", text, !good)
		}
	}
}
