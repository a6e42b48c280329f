package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Changes says what happened to the file behind a signature.
type Changes struct {
	Added      bool     // there are later revisions
	Signatures []string // fields that were signed later
	Visible    bool     // one of them shows something on a page
	Refused    []string // what was changed and may not be, in words with object numbers
	Code       string   // CodeChanged or CodeDocMDP when something is refused
}

// Changes compares the revision that a signature signs with the file as it is now, object by object from the trailer on.
// What may be added behind a signature is a further signature with its field, its widget and what verifies it (DSS), and
// metadata; everything else is a change (D-27, D-29). Behind a certification a new field that shows something is refused
// as well, and one that permits nothing refuses every signature (D-30). signatures are those of Signatures.
func (f *File) Changes(s *Signature, signatures []*Signature) (Changes, error) {
	var out Changes
	if s.Fault != nil || onlyBlank(f.data[s.End:]) {
		return out, nil
	}
	out.Added = true
	w := &walker{file: f, signature: s, old: s.revision, new: f.latest, seen: map[step]bool{}, out: &out, signed: map[Ref]*Signature{}, pictures: map[Ref]*Signature{}, before: s.before}
	for _, other := range signatures {
		if other.Fault == nil {
			w.signed[other.field] = other
			for _, ref := range other.stamps {
				w.pictures[ref] = other
			}
		}
	}
	if err := w.compare(); err != nil {
		return out, err
	}
	if len(out.Refused) > 0 {
		out.Code = CodeChanged
		if w.certification(signatures) > 0 {
			out.Code = CodeDocMDP
		}
	}
	return out, nil
}

// certification is the strictest permission of the signed revision, 0 when nobody certified it.
func (w *walker) certification(signatures []*Signature) int {
	var levels []int
	for _, one := range signatures {
		if one.Fault == nil && one.Certifies > 0 && one.End <= w.signature.End {
			levels = append(levels, one.Certifies)
		}
	}
	if len(levels) == 0 {
		return 0
	}
	return slices.Min(levels)
}

// role is what the walk makes of a value.
type role uint8

const (
	plain role = iota
	form
	fieldList
	annotationList
)

// step is a pair of objects that were compared already.
type step struct {
	old, new Ref
	role     role
}

// walker compares two revisions. Direct objects are compared at once, indirect ones wait in a queue, so that neither long
// chains nor circles matter.
type walker struct {
	file      *File
	signature *Signature
	old, new  *view
	seen      map[step]bool
	queue     []step
	out       *Changes
	signed    map[Ref]*Signature // fields with a signature that can be judged
	pictures  map[Ref]*Signature // further pictures of such signatures
	before    map[Ref]bool       // signature fields of the signed revision, and whether they were signed then
}

const (
	maxRefused  = 20
	changedWord = "changed"
)

func (w *walker) refuse(number int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if number > 0 {
		text = fmt.Sprintf("%d: %s", number, text)
	}
	if len(w.out.Refused) < maxRefused && !slices.Contains(w.out.Refused, text) {
		w.out.Refused = append(w.out.Refused, text)
	}
}

func (w *walker) compare() error {
	if err := w.accounted(); err != nil {
		return err
	}
	root, ok := w.old.trailerValue("Root").(Ref)
	if !ok {
		return refuse(CodeStructure, 0, "the trailer of the signed revision names no catalogue")
	}
	now := w.new.trailerValue("Root").(Ref) // Open has seen to it
	w.visit(root, now, plain)
	for len(w.queue) > 0 && len(w.out.Refused) < maxRefused {
		next := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		if err := w.pair(next, next == step{root, now, plain}); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) visit(old, now Ref, r role) {
	next := step{old, now, r}
	if !w.seen[next] {
		w.seen[next] = true
		w.queue = append(w.queue, next)
	}
}

// pair compares two indirect objects.
func (w *walker) pair(s step, catalog bool) error {
	before, err := w.old.load(s.old)
	if limited(err) {
		return err // else what the signed revision could not show was nothing
	}
	after, err := w.new.load(s.new)
	if err != nil {
		return err
	}
	if catalog {
		return w.catalogs(s.new.Number, before, after)
	}
	return w.values(s.new, before, after, s.role, 0)
}

// catalogs compares the document catalogues: the form has rules of its own, and DSS, extensions and metadata show nothing.
func (w *walker) catalogs(number int, before, after Object) error {
	old, ok1 := before.(*Dict)
	now, ok2 := after.(*Dict)
	if !ok1 || !ok2 {
		return refuse(CodeStructure, number, "no catalogue")
	}
	return w.dicts(Ref{number, 0}, old, now, func(key Name) (role, bool) {
		if key == "AcroForm" {
			return form, true
		}
		return plain, !slices.Contains([]Name{"DSS", "Extensions", "Metadata", "Version"}, key)
	}, 0)
}

// dicts compares key by key; of says by which role, and whether at all.
func (w *walker) dicts(at Ref, old, now *Dict, of func(key Name) (role, bool), depth int) error {
	if old.Duplicate || now.Duplicate { // readers differ in which of its values counts, so that all do
		if err := w.values(at, old.shadowed, now.shadowed, plain, depth+1); err != nil {
			return err
		}
	}
	keys := slices.Concat(old.Keys, now.Keys)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		r, compared := of(key)
		if !compared {
			continue
		}
		refused := len(w.out.Refused)
		if err := w.values(at, old.Get(key), now.Get(key), r, depth+1); err != nil {
			return err
		}
		if last := len(w.out.Refused) - 1; last >= refused && depth == 0 && strings.HasSuffix(w.out.Refused[last], changedWord) {
			w.out.Refused[last] += " /" + string(key)
		}
	}
	return nil
}

// values compares two values that stand in an object.
func (w *walker) values(at Ref, before, after Object, r role, depth int) error {
	if w.file.left.tokens--; w.file.left.tokens < 0 {
		return refuse(CodeLimit, 0, "too much to compare")
	}
	if depth > 4*maxDepth {
		return refuse(CodeLimit, 0, "objects are nested too deep")
	}
	oldRef, ok1 := before.(Ref)
	newRef, ok2 := after.(Ref)
	if ok1 && ok2 {
		w.visit(oldRef, newRef, r)
		return nil
	}
	if ok1 {
		value, err := w.old.resolve(oldRef)
		if limited(err) {
			return err
		}
		before = value
	}
	if ok2 {
		value, err := w.new.resolve(newRef)
		if err != nil {
			return err
		}
		after, at = value, newRef
	}
	switch r {
	case form:
		return w.forms(at, before, after, depth)
	case fieldList, annotationList:
		return w.lists(at, before, after, r, depth)
	}
	return w.same(at, before, after, depth)
}

// same compares two direct values.
func (w *walker) same(at Ref, before, after Object, depth int) error {
	switch now := after.(type) {
	case *Dict:
		old, ok := before.(*Dict)
		if !ok {
			break
		}
		return w.typed(at, old, now, depth)
	case *Stream:
		old, ok := before.(*Stream)
		if !ok || !bytes.Equal(old.Raw, now.Raw) {
			break
		}
		return w.dicts(at, old.Dict, now.Dict, func(key Name) (role, bool) { return plain, key != "Length" }, depth)
	case Array:
		old, ok := before.(Array)
		if !ok || len(old) != len(now) {
			break
		}
		for i := range now {
			if err := w.values(at, old[i], now[i], plain, depth+1); err != nil {
				return err
			}
		}
		return nil
	case String:
		if old, ok := before.(String); ok && bytes.Equal(old.Octets, now.Octets) {
			return nil
		}
	default:
		if before == after { // null, booleans, numbers and names
			return nil
		}
	}
	w.refuse(at.Number, changedWord)
	return nil
}

// typed compares dictionaries by the rules of what they are: a page may get widgets of new signatures, an empty signature
// field may be signed.
func (w *walker) typed(at Ref, old, now *Dict, depth int) error {
	switch {
	case old.Get("Type") == Name("Page") && now.Get("Type") == Name("Page"):
		return w.dicts(at, old, now, func(key Name) (role, bool) {
			if key == "Annots" {
				return annotationList, true
			}
			return plain, key != "LastModified"
		}, depth)
	case depth == 0 && w.newlySigned(at):
		w.allow(at, now)
		return w.dicts(at, old, now, func(key Name) (role, bool) {
			return plain, !slices.Contains([]Name{"V", "AP", "AS", "F", "M", "MK", "DA"}, key)
		}, depth)
	}
	return w.dicts(at, old, now, func(Name) (role, bool) { return plain, true }, depth)
}

// newlySigned tells an empty signature field that now has a signature which can be judged and was made later.
func (w *walker) newlySigned(at Ref) bool {
	signed, isField := w.before[at]
	later := w.signed[at]
	return isField && !signed && later != nil && later.End > w.signature.End
}

// forms compares the form, which both have: the signature stands in it. Fields may be added by the rules of lists.
func (w *walker) forms(at Ref, before, after Object, depth int) error {
	old, ok1 := before.(*Dict)
	now, ok2 := after.(*Dict)
	if !ok1 || !ok2 {
		w.refuse(at.Number, changedWord)
		return nil
	}
	return w.dicts(at, old, now, func(key Name) (role, bool) {
		if key == "Fields" {
			return fieldList, true
		}
		return plain, key != "SigFlags"
	}, depth)
}

// lists compares fields of a form or annotations of a page: what was there stays in its order, what came belongs to a new
// signature: its field, or on a page one of its further pictures.
func (w *walker) lists(at Ref, before, after Object, r role, depth int) error {
	now, ok1 := after.(Array)
	old, ok2 := before.(Array)
	if !ok1 && after != nil || !ok2 && before != nil || len(now) < len(old) {
		w.refuse(at.Number, changedWord)
		return nil
	}
	for i, item := range now {
		if i < len(old) {
			if err := w.values(at, old[i], item, plain, depth+1); err != nil {
				return err
			}
			continue
		}
		ref, ok := item.(Ref)
		if !ok {
			w.refuse(at.Number, "something was added that is no signature")
			continue
		}
		if r == annotationList {
			if allowed, err := w.pictured(ref); err != nil {
				return err
			} else if allowed {
				continue
			}
		}
		if err := w.added(ref); err != nil {
			return err
		}
	}
	return nil
}

// added judges a new field or annotation: it is the field of a later signature, its own widget, and does nothing.
func (w *walker) added(ref Ref) error {
	later := w.signed[ref]
	_, known := w.before[ref]
	if later == nil || known || later.End <= w.signature.End {
		w.refuse(ref.Number, "something was added that is no signature")
		return nil
	}
	dict, err := w.new.dict(ref)
	if err != nil {
		return err
	}
	for _, key := range []Name{"A", "AA", "Kids", "Parent"} {
		if dict.Get(key) != nil {
			w.refuse(ref.Number, "the field of a new signature has /%s", key)
			return nil
		}
	}
	if kind := dict.Get("Subtype"); kind != nil && kind != Name("Widget") {
		w.refuse(ref.Number, "the field of a new signature is no widget")
		return nil
	}
	level := w.certification(w.all())
	if level > 0 && later.Visible { // the sneaky signature: a picture over certified content
		w.refuse(ref.Number, "a visible signature was added to a certified document")
		return nil
	}
	w.allow(ref, dict)
	return nil
}

func (w *walker) all() []*Signature {
	var out []*Signature
	for _, one := range w.signed {
		out = append(out, one)
	}
	return out
}

// allow notes a signature that was added; a certification that permits no change permits none.
func (w *walker) allow(ref Ref, dict *Dict) {
	later := w.signed[ref]
	if w.certification(w.all()) == 1 && later.Type != docTimeStamp {
		w.refuse(ref.Number, "the certification permits no further signature")
		return
	}
	if !slices.Contains(w.out.Signatures, later.Field) {
		w.out.Signatures = append(w.out.Signatures, later.Field)
	}
	w.out.Visible = w.out.Visible || later.Visible
}

// accounted demands that everything behind the signed revision belongs to an update that the file knows: objects of its
// cross-references, the sections themselves and ends of file. Readers that repair would find anything else (D-27).
func (w *walker) accounted() error {
	end := w.signature.End
	type extent struct{ begin, end int }
	var extents []extent
	newer := w.file.sections[:len(w.file.sections)-len(w.old.sections)]
	for _, s := range newer {
		for _, one := range []*section{s, s.hybrid} {
			if one == nil {
				continue
			}
			if one.at < end {
				w.refuse(0, "a later revision has its cross-references inside the signed one")
				return nil
			}
			extents = append(extents, extent{one.at, one.end})
			for _, e := range one.entries {
				if e.kind != entryPlain || e.at < end {
					continue
				}
				_, objectEnd, err := w.new.plainObject(int(e.number), e)
				if err != nil {
					return err
				}
				extents = append(extents, extent{e.at, objectEnd})
			}
		}
	}
	slices.SortFunc(extents, func(a, b extent) int { return a.begin - b.begin })
	at := end
	for _, one := range append(extents, extent{len(w.file.data), len(w.file.data)}) {
		if !onlyTail(w.file.data[min(at, one.begin):one.begin]) {
			w.refuse(0, "something stands at %d that belongs to no revision", at)
			return nil
		}
		at = max(at, one.end)
	}
	return nil
}

// onlyTail tells whether nothing but white space, comments and startxref with an offset stands in the octets.
func onlyTail(data []byte) bool {
	p := parser{data: data}
	for {
		p.space()
		if p.at == len(data) {
			return true
		}
		if !p.keyword("startxref") {
			return false
		}
		if _, ok := p.natural(); !ok {
			return false
		}
	}
}
