package pdf

import (
	"bytes"
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

// TestObjectStreamsAreReadInTheirRevision: one stream is decoded once, and each revision reads what it has of it.
func TestObjectStreamsAreReadInTheirRevision(t *testing.T) {
	const members = "6 0 obj<</Type/ObjStm/N 1/First 4/Length "
	at := func(entries ...entry) []*section { return []*section{{trailer: &Dict{}, entries: entries}} }
	packedAt, stream := entry{number: 5, kind: entryPacked, at: 6}, entry{number: 6, kind: entryPlain}
	data := []byte(members + "6>>stream\n5 0 /Aendstream endobj 7 0 obj 6 endobj 7 0 obj 23 endobj /B endstream endobj")
	end := bytes.Index(data, []byte("endobj")) + len("endobj")
	f := &File{data: data, left: &budget{tokens: 1000, decoded: 1000}, packed: map[[2]int]*packedObjects{}}
	for i, size := range []int{end, end, len(data), end - 1} {
		v := &view{file: f, data: data[:size], sections: at(packedAt, stream)}
		before := f.left.tokens
		object, err := v.load(Ref{5, 0})
		if spent := before - f.left.tokens; i > 0 && size >= end && spent != 3 { // two entries and the object
			t.Errorf("%d octets: %d tokens", size, spent)
		}
		if size >= end && (err != nil || object != Name("A")) || size < end && err == nil {
			t.Errorf("%d octets: %v %v", size, object, err)
		}
	}
	if f.left.decoded != 1000-6 {
		t.Errorf("decoded more than once: %d left", f.left.decoded)
	}
	// Of a length that is referred to, each revision has its own.
	data = []byte(members + "7 0 R>>stream\n5 0 /Aendstream endobj 7 0 obj 6 endobj 7 0 obj 58 endobj endstream endobj")
	f = &File{data: data, left: &budget{tokens: 1000, decoded: 1000}, packed: map[[2]int]*packedObjects{}}
	short, long := bytes.Index(data, []byte("7 0 obj 6")), bytes.Index(data, []byte("7 0 obj 58"))
	if content := bytes.Index(data, []byte("5 0 /A")); content+58 != bytes.LastIndex(data, []byte("endstream")) {
		t.Fatalf("the longer one is %d", bytes.LastIndex(data, []byte("endstream"))-content)
	}
	for _, c := range []struct {
		length  int
		name    Name
		decoded int
	}{{short, "A", 6}, {short, "A", 6}, {long, "Aendstream", 64}, {long, "Aendstream", 64}, {short, "A", 70}} {
		v := &view{file: f, data: data, sections: at(packedAt, stream, entry{number: 7, kind: entryPlain, at: c.length})}
		if object, err := v.load(Ref{5, 0}); err != nil || object != c.name || f.left.decoded != 1000-c.decoded {
			t.Errorf("length at %d: %v %v, %d left", c.length, object, err, f.left.decoded)
		}
	}
}

// TestLengthsThatAreReferredTo: of a stream without octets, by an object that says 0.
func TestLengthsThatAreReferredTo(t *testing.T) {
	for _, c := range []struct {
		object string
		entry  entry
		good   bool
	}{
		{"7 0 obj 0 endobj", entry{kind: entryPlain}, true}, {"7 0 obj 0 endobj", entry{kind: entryFree}, false}, {"7 0 obj 0 endobj", entry{kind: entryPlain, generation: 1}, false},
		{"7 1 obj 0 endobj", entry{kind: entryPlain}, false}, {"8 0 obj 0 endobj", entry{kind: entryPlain}, false}, {"7 0 object 0 endobj", entry{kind: entryPlain}, false}, {"7 0 0 endobj", entry{kind: entryPlain}, false},
		{"7 0 obj endobj", entry{kind: entryPlain}, false}, {"7 0 obj 0", entry{kind: entryPlain}, false}, {"7 0 obj 0 0 endobj", entry{kind: entryPlain}, false}, {"", entry{kind: entryPlain}, false},
	} {
		const stream = "6 0 obj<</Length 7 0 R>>stream\nendstream endobj "
		c.entry.number, c.entry.at = 7, len(stream)
		f := &File{left: &budget{tokens: 1000}}
		v := &view{file: f, data: []byte(stream + c.object), sections: []*section{{trailer: &Dict{}, entries: []entry{{number: 6, kind: entryPlain}, c.entry}}}}
		if _, err := v.load(Ref{6, 0}); (err == nil) != c.good {
			t.Errorf("%s of %+v: %v", c.object, c.entry, err)
		}
	}
}

// TestBoundsArePassedOn: what could not be read because a bound was met is not told from what is broken by anything else.
func TestBoundsArePassedOn(t *testing.T) {
	const container = "6 0 obj<</Type/ObjStm/N 1/First 4/Length 9>>stream\n5 0 12345endstream endobj "
	const stream = "8 0 obj<</Length 5 0 R>>stream\nendstream endobj"
	sections := []*section{{trailer: &Dict{}, entries: []entry{{number: 5, kind: entryPacked, at: 6}, {number: 6, kind: entryPlain}, {number: 8, kind: entryPlain, at: len(container)}}}}
	for _, c := range []struct {
		number, tokens, decoded int
		limited                 bool
	}{{5, 100, 9, false}, {5, 100, 8, true}, {8, 100, 8, true}, {9, 1, 0, false}, {9, 0, 0, true}, {6, 1, 0, true}} {
		f := &File{left: &budget{tokens: c.tokens, decoded: c.decoded}, packed: map[[2]int]*packedObjects{}}
		v := &view{file: f, data: []byte(container + stream), sections: sections}
		if _, err := v.load(Ref{c.number, 0}); limited(err) != c.limited || c.number != 8 && (err != nil) != c.limited {
			t.Errorf("object %d of %d tokens and %d octets: %v", c.number, c.tokens, c.decoded, err)
		}
	}
}

// TestACommentEndsWithItsLine: at a line feed, or at a carriage return alone (ISO 32000-1 7.2.4).
func TestACommentEndsWithItsLine(t *testing.T) {
	for _, text := range []string{"%c\n7", "%c\r7", "%c\r\n7", "%\r%\n7"} {
		p := &parser{data: []byte(text), left: &budget{tokens: 100}}
		if n, ok := p.natural(); !ok || n != 7 {
			t.Errorf("%q: %d %v", text, n, ok)
		}
	}
}
