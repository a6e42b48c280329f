package pdf

import (
	"bytes"
	"compress/zlib"
	"io"
)

// packedObjects is an object stream after its filter (ISO 32000-1 7.5.7).
type packedObjects struct {
	content []byte
	numbers []int
	offsets []int
	end     int  // behind its endobj
	fixed   bool // its length stands in place, so that every revision which reaches to its end has the same
}

// packedObject reads an object out of an object stream.
func (v *view) packedObject(number int, e entry) (Object, error) {
	container := v.entry(e.at)
	if container.kind != entryPlain || container.generation != 0 {
		return nil, refuse(CodeStructure, number, "object stream %d is not there", e.at)
	}
	packed, err := v.open(e.at, container)
	if err != nil {
		return nil, err
	}
	index := int(e.generation)
	if index >= len(packed.numbers) || packed.numbers[index] != number {
		return nil, refuse(CodeStructure, number, "not at its place in object stream %d", e.at)
	}
	p := &parser{data: packed.content, at: packed.offsets[index], left: v.file.left}
	return p.object()
}

// open decodes an object stream once for all revisions that show the same octets in it: a length that is referred to may be another one
// in each.
func (v *view) open(number int, e entry) (*packedObjects, error) {
	place := [2]int{number, e.at}
	known := v.file.packed[place]
	if known != nil && known.fixed && known.end <= len(v.data) {
		return known, nil
	}
	object, end, err := v.plainObject(number, e)
	if err != nil {
		return nil, err
	}
	if known != nil && known.end == end {
		return known, nil
	}
	stream, ok := object.(*Stream)
	if !ok || stream.Dict.Get("Type") != Name("ObjStm") {
		return nil, refuse(CodeStructure, number, "no object stream")
	}
	count, _ := stream.Dict.Get("N").(int)
	first, _ := stream.Dict.Get("First").(int)
	content, err := v.file.decode(stream)
	if err != nil {
		return nil, err
	}
	if first < 0 || first > len(content) {
		return nil, refuse(CodeStructure, number, "header of the object stream")
	}
	_, fixed := stream.Dict.Get("Length").(int)
	packed := &packedObjects{content: content, end: end, fixed: fixed}
	p := &parser{data: content[:first], left: v.file.left}
	for range count {
		v.file.left.tokens-- // which the object notices; the header ends before there could be too many
		id, _ := p.natural()
		offset, ok := p.natural()
		if !ok || offset > len(content)-first {
			return nil, refuse(CodeStructure, number, "header of the object stream")
		}
		packed.numbers, packed.offsets = append(packed.numbers, id), append(packed.offsets, first+offset)
	}
	v.file.packed[place] = packed
	return packed, nil
}

// decode applies the filters of object and cross-reference streams: FlateDecode or none, with a PNG predictor or none.
func (f *File) decode(stream *Stream) ([]byte, error) {
	filter, parameters := stream.Dict.Get("Filter"), stream.Dict.Get("DecodeParms")
	if list, ok := filter.(Array); ok {
		switch len(list) {
		case 0:
			filter = nil
		case 1:
			filter = list[0]
			if many, _ := parameters.(Array); len(many) == 1 {
				parameters = many[0]
			}
		default:
			return nil, refuse(CodeStructure, 0, "several filters on a structural stream")
		}
	}
	content := stream.Raw
	switch filter {
	case nil:
		if f.left.decoded -= len(content); f.left.decoded < 0 {
			return nil, refuse(CodeLimit, 0, "streams are too large")
		}
		return content, nil
	case Name("FlateDecode"), Name("Fl"):
		var err error
		if content, err = f.inflate(content); err != nil {
			return nil, err
		}
	default:
		return nil, refuse(CodeStructure, 0, "filter %v on a structural stream", filter)
	}
	dict, _ := parameters.(*Dict)
	predictor, ok := dict.Get("Predictor").(int)
	if !ok || predictor == 1 {
		return content, nil
	}
	columns, ok := dict.Get("Columns").(int)
	if !ok {
		columns = 1
	}
	colours, bits := dict.Get("Colors"), dict.Get("BitsPerComponent")
	if predictor < 10 || predictor > 15 || columns < 1 || columns > 1<<16 || colours != nil && colours != 1 || bits != nil && bits != 8 {
		return nil, refuse(CodeStructure, 0, "predictor of a structural stream")
	}
	return unpredict(content, columns)
}

func (f *File) inflate(content []byte) ([]byte, error) {
	reader, err := zlib.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, refuse(CodeStructure, 0, "a stream cannot be inflated")
	}
	out, err := io.ReadAll(io.LimitReader(reader, int64(f.left.decoded)+1))
	if f.left.decoded -= len(out); f.left.decoded < 0 {
		return nil, refuse(CodeLimit, 0, "streams are too large")
	}
	if err != nil {
		return nil, refuse(CodeStructure, 0, "a stream cannot be inflated")
	}
	return out, nil
}

// unpredict undoes the PNG predictors with one octet a pixel (RFC 2083 6), in place.
func unpredict(content []byte, columns int) ([]byte, error) {
	if len(content)%(columns+1) != 0 {
		return nil, refuse(CodeStructure, 0, "rows of a predictor")
	}
	above := make([]byte, columns)
	out := content[:0]
	for at := 0; at < len(content); at += columns + 1 {
		kind, row := content[at], content[at+1:at+1+columns]
		for i := range row {
			var left, corner byte
			if i > 0 {
				left, corner = row[i-1], above[i-1]
			}
			switch kind {
			case 0:
			case 1:
				row[i] += left
			case 2:
				row[i] += above[i]
			case 3:
				row[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				row[i] += paeth(left, above[i], corner)
			default:
				return nil, refuse(CodeStructure, 0, "rows of a predictor")
			}
		}
		out = append(out, row...)
		above = out[len(out)-columns:]
	}
	return out, nil
}

// paeth is the predictor of RFC 2083 6.6.
func paeth(left, above, corner byte) byte {
	estimate := int(left) + int(above) - int(corner)
	toLeft, toAbove, toCorner := distance(estimate, left), distance(estimate, above), distance(estimate, corner)
	switch {
	case toLeft <= toAbove && toLeft <= toCorner:
		return left
	case toAbove <= toCorner:
		return above
	}
	return corner
}

func distance(a int, b byte) int { return max(a-int(b), int(b)-a) }
