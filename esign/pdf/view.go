package pdf

import (
	"bytes"
)

// view is the file as one of its revisions shows it: the octets up to its end and the cross-references that it knows.
type view struct {
	file     *File
	data     []byte
	sections []*section // newest first
}

// trailerValue is a value of the newest trailer. Root and Info of older ones do not count: every trailer repeats them.
func (v *view) trailerValue(key Name) Object { return v.sections[0].trailer.Get(key) }

// entry finds the newest entry of an object; it is free where there is none.
func (v *view) entry(number int) entry {
	v.file.left.tokens -= 1 + len(v.sections)/8
	for _, s := range v.sections {
		if e, ok := s.find(number); ok && (e.kind != entryFree || s.hybrid == nil) {
			return e
		}
		if s.hybrid != nil {
			if e, ok := s.hybrid.find(number); ok {
				return e
			}
			if e, ok := s.find(number); ok {
				return e
			}
		}
	}
	return entry{}
}

// load reads an indirect object; one that is free or unknown is null (ISO 32000-1 7.3.10).
func (v *view) load(ref Ref) (Object, error) {
	e := v.entry(ref.Number)
	if v.file.left.tokens < 0 {
		return nil, refuse(CodeLimit, 0, "too much to read")
	}
	switch {
	case e.kind == entryFree:
		return nil, nil
	case e.kind == entryPacked:
		if ref.Generation != 0 {
			return nil, nil
		}
		return v.packedObject(ref.Number, e)
	case int(e.generation) != ref.Generation:
		return nil, nil
	}
	object, _, err := v.plainObject(ref.Number, e)
	return object, err
}

// plainObject reads the object at an entry's offset, and tells where it ends.
func (v *view) plainObject(number int, e entry) (Object, int, error) {
	p := &parser{data: v.data, at: e.at, left: v.file.left}
	id, object, err := p.indirect(v)
	if err != nil {
		return nil, 0, err
	}
	if id.Number != number || id.Generation != int(e.generation) {
		return nil, 0, refuse(CodeStructure, number, "object %d %d stands in its place", id.Number, id.Generation)
	}
	return object, p.at, nil
}

// resolve follows references to a value.
func (v *view) resolve(object Object) (Object, error) {
	for range 16 {
		ref, ok := object.(Ref)
		if !ok {
			return object, nil
		}
		var err error
		if object, err = v.load(ref); err != nil {
			return nil, err
		}
	}
	return nil, refuse(CodeStructure, 0, "references go round in a circle")
}

// dict resolves to a dictionary, nil when it is none.
func (v *view) dict(object Object) (*Dict, error) {
	value, err := v.resolve(object)
	if err != nil {
		return nil, err
	}
	d, _ := value.(*Dict)
	return d, nil
}

// catalog is the document catalogue, nil when there is none.
func (v *view) catalog() (*Dict, error) { return v.dict(v.trailerValue("Root")) }

// indirect reads "N G obj … endobj". lengths resolves the length of a stream; without it, the length must stand in place.
func (p *parser) indirect(lengths *view) (Ref, Object, error) {
	number, _ := p.natural()
	generation, ok := p.natural()
	if !ok || !p.keyword("obj") {
		return Ref{}, nil, p.malformed("no object")
	}
	id := Ref{number, generation}
	object, err := p.object()
	if err != nil {
		return id, nil, err
	}
	if dict, ok := object.(*Dict); ok && p.keyword("stream") {
		if object, err = p.stream(dict, lengths); err != nil {
			return id, nil, err
		}
	}
	if !p.keyword("endobj") {
		return id, nil, refuse(CodeStructure, number, "no endobj at %d", p.at)
	}
	return id, object, nil
}

// stream takes the octets of a stream (ISO 32000-1 7.3.8); its length must be right.
func (p *parser) stream(dict *Dict, lengths *view) (Object, error) {
	switch {
	case bytes.HasPrefix(p.data[p.at:], []byte("\r\n")):
		p.at += 2
	case bytes.HasPrefix(p.data[p.at:], []byte("\n")), bytes.HasPrefix(p.data[p.at:], []byte("\r")):
		p.at++
	}
	if dict.Duplicate {
		return nil, p.malformed("a key stands twice in a stream's dictionary")
	}
	begin := p.at
	value := dict.Get("Length")
	if ref, ok := value.(Ref); ok && lengths != nil {
		var err error
		if value, err = lengths.lengthOf(ref, lengths.entry(ref.Number)); err != nil {
			return nil, err
		}
	}
	length, ok := value.(int)
	if !ok || length < 0 || length > len(p.data)-begin {
		return nil, p.malformed("length of a stream")
	}
	p.at = begin + length
	if !p.keyword("endstream") {
		return nil, refuse(CodeStructure, 0, "a stream does not end where its length says, at %d", p.at)
	}
	return &Stream{dict, p.data[begin : begin+length]}, nil
}

// lengthOf reads the number that a stream's length refers to. It is never a stream itself, so that reading cannot recur.
func (v *view) lengthOf(ref Ref, e entry) (Object, error) {
	if e.kind == entryPacked {
		if v.file.lengths++; v.file.lengths > 1 { // the object stream's own length is in an object stream
			v.file.lengths--
			return nil, refuse(CodeStructure, ref.Number, "length of a stream")
		}
		defer func() { v.file.lengths-- }()
		return v.packedObject(ref.Number, e)
	}
	if e.kind != entryPlain || int(e.generation) != ref.Generation {
		return nil, refuse(CodeStructure, ref.Number, "length of a stream")
	}
	p := &parser{data: v.data, at: e.at, left: v.file.left}
	number, _ := p.natural()
	generation, _ := p.natural()
	if number != ref.Number || generation != ref.Generation || !p.keyword("obj") {
		return nil, refuse(CodeStructure, ref.Number, "length of a stream")
	}
	length, ok := p.natural()
	if !ok || !p.keyword("endobj") {
		return nil, refuse(CodeStructure, ref.Number, "length of a stream")
	}
	return length, nil
}
