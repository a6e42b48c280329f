package pdf

import (
	"bytes"
	"slices"
)

// kinds of cross-reference entries (ISO 32000-1 7.5.8.3).
const (
	entryFree = iota
	entryPlain
	entryPacked
)

// entry says where an object stands: at an offset, or at an index of an object stream.
type entry struct {
	number     int32
	kind       uint8
	generation uint16 // index inside the object stream for a packed one
	at         int    // offset, or number of the object stream
}

// section is one cross-reference table or stream with its trailer.
type section struct {
	at, end  int // from "xref" or the object number to behind the trailer or endobj
	stream   bool
	trailer  *Dict
	entries  []entry // sorted by number
	hybrid   *section
	previous int // -1 for none
}

func (s *section) find(number int) (entry, bool) {
	at, ok := slices.BinarySearchFunc(s.entries, int32(number), func(e entry, n int32) int { return int(e.number) - int(n) })
	if !ok {
		return entry{}, false
	}
	return s.entries[at], true
}

// File is a PDF file whose cross-references hold together.
type File struct {
	data     []byte
	limits   Limits
	left     *budget
	sections []*section                // newest first
	packed   map[[2]int]*packedObjects // by number and offset
	lengths  int                       // lengths of streams being looked up in object streams
	tail     int                       // behind the last %%EOF
	latest   *view
}

// Open reads the cross-references of a file. Errors are *Error.
func Open(data []byte, limits Limits) (*File, error) {
	if limits == (Limits{}) {
		limits = DefaultLimits()
	}
	if len(data) > limits.Bytes {
		return nil, refuse(CodeLimit, 0, "%d octets", len(data))
	}
	if !bytes.HasPrefix(data, []byte("%PDF-")) {
		return nil, refuse(CodeStructure, 0, "no header")
	}
	f := &File{data: data, limits: limits, left: &budget{limits.Tokens, limits.Decoded, limits.Entries}, packed: map[[2]int]*packedObjects{}}
	start, tail, err := lastStart(data, 0)
	if err != nil {
		return nil, err
	}
	f.tail = tail
	if err := f.readSections(start); err != nil {
		return nil, err
	}
	f.latest = &view{file: f, data: data, sections: f.sections}
	if f.latest.trailerValue("Encrypt") != nil {
		return nil, refuse(CodeEncrypted, 0, "the file is encrypted")
	}
	if _, ok := f.latest.trailerValue("Root").(Ref); !ok {
		return nil, refuse(CodeStructure, 0, "the trailer names no catalogue")
	}
	catalog, err := f.latest.catalog()
	if err != nil {
		return nil, err
	}
	if catalog == nil {
		return nil, refuse(CodeStructure, 0, "there is no catalogue")
	}
	return f, nil
}

// Version is the version of the header.
func (f *File) Version() string {
	p := parser{data: f.data[:min(len(f.data), 16)], at: 5}
	return p.word()
}

// Revisions counts the cross-reference sections: one, and one more for each update (two for a linearized file).
func (f *File) Revisions() int { return len(f.sections) }

// Unfinished tells that objects stand behind the last end of file: an update that was cut off, or something hidden there.
func (f *File) Unfinished() bool { return bytes.Contains(f.data[f.tail:], []byte(" obj")) }

// lastStart finds the last startxref behind an offset: the offset that it names and where its end-of-file mark ends.
func lastStart(data []byte, from int) (start, tail int, err error) {
	at := bytes.LastIndex(data[from:], []byte("startxref"))
	if at < 0 {
		return 0, 0, refuse(CodeStructure, 0, "no startxref")
	}
	at += from
	p := parser{data: data, at: at + len("startxref"), left: &budget{}}
	start, _ = p.natural() // where there is none, no end of file follows either
	if start >= at {
		return 0, 0, refuse(CodeStructure, 0, "startxref names no offset")
	}
	for p.at < len(data) && isSpace(data[p.at]) {
		p.at++
	}
	if !bytes.HasPrefix(data[p.at:], []byte("%%EOF")) {
		return 0, 0, refuse(CodeStructure, 0, "no end-of-file mark behind startxref")
	}
	return start, p.at + len("%%EOF"), nil
}

// readSections follows the chain of cross-reference sections from the newest.
func (f *File) readSections(start int) error {
	seen := map[int]bool{}
	for at := start; at >= 0; {
		if seen[at] {
			return refuse(CodeStructure, 0, "cross-reference sections go round in a circle")
		}
		seen[at] = true
		if len(f.sections) >= f.limits.Sections {
			return refuse(CodeLimit, 0, "too many cross-reference sections")
		}
		s, err := f.readSection(at, true)
		if err != nil {
			return err
		}
		f.sections = append(f.sections, s)
		at = s.previous
	}
	return nil
}

func (f *File) readSection(at int, table bool) (*section, error) {
	p := &parser{data: f.data, at: min(at, len(f.data)), left: f.left}
	p.space()
	s := &section{at: p.at, previous: -1}
	var err error
	if p.keyword("xref") {
		if !table {
			return nil, refuse(CodeStructure, 0, "XRefStm names no stream")
		}
		err = f.readTable(p, s)
	} else {
		err = f.readStream(p, s)
	}
	if err != nil {
		return nil, err
	}
	s.end = p.at
	slices.SortStableFunc(s.entries, func(a, b entry) int { return int(a.number) - int(b.number) })
	for i := 1; i < len(s.entries); i++ {
		if s.entries[i].number == s.entries[i-1].number {
			return nil, refuse(CodeStructure, int(s.entries[i].number), "twice in one cross-reference section")
		}
	}
	if s.trailer.Duplicate {
		return nil, refuse(CodeStructure, 0, "a key stands twice in a trailer")
	}
	switch previous := s.trailer.Get("Prev").(type) {
	case nil:
	case int:
		if previous < 0 {
			return nil, refuse(CodeStructure, 0, "Prev is outside the file")
		}
		s.previous = previous
	default:
		return nil, refuse(CodeStructure, 0, "Prev is no offset")
	}
	if hybrid := s.trailer.Get("XRefStm"); hybrid != nil && !s.stream {
		offset, ok := hybrid.(int)
		if !ok || offset < 0 {
			return nil, refuse(CodeStructure, 0, "XRefStm is no offset")
		}
		if s.hybrid, err = f.readSection(offset, false); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (f *File) add(s *section, number, kind, at, generation int) error {
	if f.left.entries--; f.left.entries < 0 {
		return refuse(CodeLimit, 0, "too many cross-reference entries")
	}
	if number > maxNumber || generation > 65535 || generation < 0 || at < 0 {
		return refuse(CodeStructure, 0, "cross-reference entry out of bounds")
	}
	s.entries = append(s.entries, entry{int32(number), uint8(kind), uint16(generation), at})
	return nil
}

// readTable reads a cross-reference table and its trailer (ISO 32000-1 7.5.4).
func (f *File) readTable(p *parser, s *section) error {
	for !p.keyword("trailer") {
		first, _ := p.natural()
		count, ok := p.natural()
		if !ok {
			return p.malformed("cross-reference table")
		}
		for i := range count {
			offset, _ := p.natural()
			generation, ok := p.natural()
			if !ok {
				return p.malformed("cross-reference entry")
			}
			kind := entryFree
			switch {
			case p.keyword("n"):
				kind = entryPlain
			case p.keyword("f"):
			default:
				return p.malformed("cross-reference entry")
			}
			if offset == 0 { // some writers mark what is not there so
				kind = entryFree
			}
			if err := f.add(s, first+i, kind, offset, generation); err != nil {
				return err
			}
		}
	}
	object, err := p.object()
	if err != nil {
		return err
	}
	trailer, ok := object.(*Dict)
	if !ok {
		return p.malformed("trailer")
	}
	s.trailer = trailer
	return nil
}

// readStream reads a cross-reference stream (ISO 32000-1 7.5.8).
func (f *File) readStream(p *parser, s *section) error {
	_, object, err := p.indirect(nil)
	if err != nil {
		return err
	}
	stream, ok := object.(*Stream)
	if !ok || stream.Dict.Get("Type") != Name("XRef") {
		return refuse(CodeStructure, 0, "no cross-reference section at %d", s.at)
	}
	s.stream, s.trailer = true, stream.Dict
	size, ok := stream.Dict.Get("Size").(int)
	if !ok || size < 0 {
		return refuse(CodeStructure, 0, "cross-reference stream without Size")
	}
	index := []int{0, size}
	if listed := stream.Dict.Get("Index"); listed != nil {
		if index, ok = integers(listed); !ok || len(index)%2 != 0 {
			return refuse(CodeStructure, 0, "Index of a cross-reference stream")
		}
	}
	widths, _ := integers(stream.Dict.Get("W"))
	if len(widths) != 3 {
		return refuse(CodeStructure, 0, "W of a cross-reference stream")
	}
	width := 0
	for _, w := range widths {
		if w < 0 || w > 8 {
			return refuse(CodeStructure, 0, "W of a cross-reference stream")
		}
		width += w
	}
	if width == 0 {
		return refuse(CodeStructure, 0, "W of a cross-reference stream")
	}
	rows, err := f.decode(stream)
	if err != nil {
		return err
	}
	for i := 0; i < len(index); i += 2 {
		first, count := index[i], index[i+1]
		if first < 0 || count < 0 || count > len(rows)/width {
			return refuse(CodeStructure, 0, "cross-reference stream is too short")
		}
		for j := range count {
			row := rows[:width]
			rows = rows[width:]
			fields := [3]int{1, 0, 0}
			for k, w := range widths {
				if w > 0 {
					fields[k] = 0
				}
				for _, c := range row[:w] {
					fields[k] = fields[k]<<8 | int(c)
				}
				row = row[w:]
			}
			if fields[0] > entryPacked { // of a later version: as good as null (7.5.8.3)
				fields = [3]int{entryFree, 0, 0}
			}
			if fields[0] == entryFree {
				fields[2] = 0
			}
			if err := f.add(s, first+j, fields[0], fields[1], fields[2]); err != nil {
				return err
			}
		}
	}
	return nil
}
