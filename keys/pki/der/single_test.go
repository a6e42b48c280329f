package der

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// read parses octets and reads them with a reader, strictly or not.
func read[T any](t testing.TB, octets []byte, strict bool, as func(*Reader, Value) (T, error)) (T, *Reader, error) {
	t.Helper()
	reader := &Reader{Strict: strict}
	value, err := reader.Parse(octets)
	if err != nil {
		var none T
		return none, reader, err
	}
	have, err := as(reader, value)
	return have, reader, err
}

func timed(tag byte, text string) []byte { return append([]byte{tag, byte(len(text))}, text...) }

// TestTagsAndLengthsAtTheirEdges: the last form that is taken and the first that is not.
func TestTagsAndLengthsAtTheirEdges(t *testing.T) {
	filled := func(length int, header string) []byte { return append(unhex(t, header), make([]byte, length)...) }
	for name, c := range map[string]struct {
		input      []byte
		class, tag int
		want       error
	}{
		"tag 31":                             {unhex(t, "bf1f020500"), Context, 31, nil},
		"tag 30 in two octets":               {append(unhex(t, "bf1e"), bytes.Repeat([]byte{5, 0}, 15)...), 0, 0, ErrSyntax},
		"tag 128":                            {unhex(t, "bf8100020500"), Context, 128, nil},
		"tag 16384, zeros inside":            {unhex(t, "bf818000020500"), Context, 16384, nil},
		"tag of four octets":                 {unhex(t, "bf81808000020500"), 0, 0, ErrSyntax},
		"high tag without a length":          {unhex(t, "1f1f"), 0, 0, ErrSyntax},
		"primitive of context tag 16":        {unhex(t, "9000"), Context, TagSequence, nil},
		"primitive SET":                      {unhex(t, "1100"), 0, 0, ErrSyntax},
		"end of contents that has a length":  {unhex(t, "30800001"), 0, 0, ErrSyntax},
		"length octets cut short":            {unhex(t, "308201"), 0, 0, ErrSyntax},
		"length of nine octets":              {filled(128, "0489000000000000000080"), 0, 0, ErrSyntax},
		"length of eight octets":             {filled(128, "04880000000000000080"), Universal, TagOctetString, nil},
		"4 MiB in all":                       {filled(MaxBytes-5, "04833ffffb"), Universal, TagOctetString, nil},
		"one octet more":                     {filled(MaxBytes-4, "04833ffffc"), 0, 0, ErrLimit},
		"length of 4 MiB that is not there":  {unhex(t, "048340000000"), 0, 0, ErrSyntax},
		"length above that is not there":     {unhex(t, "048340000100"), 0, 0, ErrLimit},
		"length that would pass 64 bits":     {unhex(t, "04880000010000000000"), 0, 0, ErrLimit},
		"explicit tag of the private class":  {unhex(t, "e0020500"), Private, 0, nil},
		"tag of the application class above": {unhex(t, "7f1f020500"), Application, 31, nil},
	} {
		value, err := (&Reader{}).Parse(c.input)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && (value.Class != c.class || value.Tag != c.tag) {
			t.Errorf("%s: class %d tag %d", name, value.Class, value.Tag)
		}
	}
}

// TestTypesAreNotMistaken: a value of another class, another tag or in segments is of another type, whatever its content.
func TestTypesAreNotMistaken(t *testing.T) {
	for _, class := range []int{Universal, Application, Context, Private} {
		value := Value{Class: class, Tag: TagInteger}
		if value.Is(TagInteger) != (class == Universal) || value.IsContext(TagInteger) != (class == Context) || value.Is(TagNull) || value.IsContext(TagNull) {
			t.Errorf("class %d", class)
		}
	}
	integer := func(r *Reader, v Value) error { return second(r.Integer(v)) }
	small := func(r *Reader, v Value) error { return second(r.Int(v)) }
	oid := func(r *Reader, v Value) error { return second(r.OID(v)) }
	octets := func(r *Reader, v Value) error { return second(r.OctetString(v)) }
	whole := func(r *Reader, v Value) error { return second(r.BitString(v)) }
	named := func(r *Reader, v Value) error { return second(r.NamedBits(v)) }
	text := func(r *Reader, v Value) error { return second(r.Text(v)) }
	moment := func(r *Reader, v Value) error { return second(r.Time(v)) }
	children := func(r *Reader, v Value) error { return second(r.Children(v)) }
	explicit := func(r *Reader, v Value) error { return second(r.Explicit(v)) }
	for name, c := range map[string]struct {
		input string
		read  func(*Reader, Value) error
		want  error
	}{
		"INTEGER of the context class":    {"820105", integer, ErrType},
		"INTEGER in segments":             {"2203020101", integer, ErrType},
		"Int of a string":                 {"0401aa", small, ErrType},
		"Int of 2^64+5":                   {"0209010000000000000005", small, ErrLimit},
		"Int of 2^31":                     {"02050080000000", small, ErrLimit},
		"Int of -2^31-1":                  {"0205ff7fffffff", small, ErrLimit},
		"OID of a string":                 {"04032a0304", oid, ErrType},
		"OID in segments":                 {"26020500", oid, ErrType},
		"OCTET STRING of a text":          {"0c0141", octets, ErrType},
		"segment of a segment":            {"240424020500", octets, ErrType},
		"BIT STRING of a string":          {"040200aa", whole, ErrType},
		"BIT STRING in segments":          {"2304030200aa", whole, ErrType},
		"named bits of a string":          {"040205a0", named, ErrType},
		"named bits in segments":          {"2304030205a0", named, ErrType},
		"no octet of named bits":          {"0300", named, ErrSyntax},
		"no named bits but unused ones":   {"030107", named, ErrSyntax},
		"UniversalString of three octets": {"1c03000041", text, ErrSyntax},
		"text of the context class":       {"8c0141", text, ErrType},
		"text in segments":                {"2c030c0141", text, ErrType},
		"time as a text":                  {hex.EncodeToString(timed(TagIA5String, "200422100000Z")), moment, ErrType},
		"time in segments":                {"370f" + hex.EncodeToString(timed(TagUTCTime, "200422100000Z")), moment, ErrType},
		"members of a primitive":          {"04020500", children, ErrType},
		"explicit tag that is primitive":  {"80020500", explicit, ErrType},
		"empty explicit tag":              {"a000", explicit, ErrSyntax},
	} {
		reader := &Reader{}
		value, err := reader.Parse(unhex(t, c.input))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.read(reader, value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for input, want := range map[string]bool{"010100": false, "0101ff": true, "010101": true} {
		if have, _, err := read(t, unhex(t, input), false, (*Reader).Boolean); err != nil || have != want {
			t.Errorf("BOOLEAN %s: %v, %v", input, have, err)
		}
	}
	for _, input := range []string{"0401ff", "0102ffff", "0100"} {
		if have, _, err := read(t, unhex(t, input), false, (*Reader).Boolean); !errors.Is(err, ErrType) || have {
			t.Errorf("BOOLEAN %s: %v, %v", input, have, err)
		}
	}
}

// TestMembersAreReadAgain: a strict reader refuses what another one walked through, and a value that nobody walked through is read with care.
func TestMembersAreReadAgain(t *testing.T) {
	value, err := (&Reader{}).Parse(unhex(t, "3004 02810101"))
	if err != nil {
		t.Fatal(err)
	}
	if members, err := (&Reader{Strict: true}).Children(value); !errors.Is(err, ErrNotDER) || members != nil {
		t.Errorf("%v, %v", members, err)
	}
	broken := Value{Tag: TagOctetString, Constructed: true, Content: []byte{4}}
	if octets, err := (&Reader{}).OctetString(broken); !errors.Is(err, ErrSyntax) {
		t.Errorf("%x, %v", octets, err)
	}
}

// TestNumbersAtTheirEdges: integers, object identifiers and named bits.
func TestNumbersAtTheirEdges(t *testing.T) {
	for input, want := range map[string]int{"0a0101": 1, "0a01ff": -1, "0a047fffffff": 1<<31 - 1} {
		if have, _, err := read(t, unhex(t, input), true, (*Reader).Enumerated); err != nil || have != want {
			t.Errorf("%s: %d, %v", input, have, err)
		}
		if have, _, err := read(t, unhex(t, input), false, (*Reader).Int); !errors.Is(err, ErrType) { // neither is the other
			t.Errorf("INTEGER %s: %d, %v", input, have, err)
		}
	}
	if have, _, err := read(t, unhex(t, "020101"), false, (*Reader).Enumerated); !errors.Is(err, ErrType) {
		t.Errorf("ENUMERATED 020101: %d, %v", have, err)
	}
	if have, _, err := read(t, unhex(t, "0a0500ffffffff"), false, (*Reader).Enumerated); !errors.Is(err, ErrLimit) {
		t.Errorf("ENUMERATED of 40 bits: %d, %v", have, err)
	}
	for input, want := range map[string]int{"020102": 2, "02047fffffff": 1<<31 - 1, "020480000000": -1 << 31} {
		if have, _, err := read(t, unhex(t, input), true, (*Reader).Int); err != nil || have != want {
			t.Errorf("%s: %d, %v", input, have, err)
		}
	}
	for input, want := range map[string]uint32{"030100": 0, "030205a0": 5, "03020780": 1, "0303078080": 0x101, "03050001020381": 0x81c04080} {
		have, _, err := read(t, unhex(t, input), true, (*Reader).NamedBits)
		if err != nil || have != want {
			t.Errorf("%s: %x, %v", input, have, err)
		}
		if back := EncodeNamedBits(want); !bytes.Equal(back, unhex(t, input)) {
			t.Errorf("%x is written %x", want, back)
		}
	}
	arcs := func(first byte, arc uint64) []byte {
		content := appendArc([]byte{first}, arc)
		return append([]byte{TagOID, byte(len(content))}, content...)
	}
	for name, c := range map[string]struct {
		input []byte
		want  string
		err   error
	}{
		"zeros inside an arc":   {arcs(0x2a, 16384), "1.2.16384", nil},
		"arc of 2^62":           {arcs(0x2a, 1<<62), "1.2.4611686018427387904", nil},
		"arc of 2^62 and 127":   {arcs(0x2a, 1<<62+127), "1.2.4611686018427388031", nil},
		"arc above":             {arcs(0x2a, 1<<62+128), "", ErrLimit},
		"64 arcs":               {append([]byte{TagOID, 64}, bytes.Repeat([]byte{1}, 64)...), "0" + strings.Repeat(".1", 64), nil},
		"65 arcs":               {append([]byte{TagOID, 65}, bytes.Repeat([]byte{1}, 65)...), "", ErrLimit},
		"first arc at its edge": {unhex(t, "06014f"), "1.39", nil},
		"second arc above 39":   {unhex(t, "060150"), "2.0", nil},
	} {
		if have, _, err := read(t, c.input, true, (*Reader).OID); have != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %s, %v", name, have, err)
		}
	}
	for dotted, good := range map[string]bool{
		"2.5": true, "1.39": true, "1.40": false, "2.40": true, "1.2.72057594037927935": true, "1.2.72057594037927936": false,
		"1.2" + strings.Repeat(".1", maxOIDArcs-2): true, "1.2" + strings.Repeat(".1", maxOIDArcs-1): false,
	} {
		encoded, err := EncodeOID(dotted)
		if (err == nil) != good || err != nil && !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v", dotted, err)
		}
		if good {
			if back, _, err := read(t, encoded, true, (*Reader).OID); err != nil || back != dotted {
				t.Errorf("%s comes back as %s, %v", dotted, back, err)
			}
		}
	}
	for _, value := range []bool{false, true} {
		if back, _, err := read(t, EncodeBoolean(value), true, (*Reader).Boolean); err != nil || back != value {
			t.Errorf("%v comes back as %v, %v", value, back, err)
		}
	}
}

// TestAlphabets: each octet of the string types that have one (X.680 41.2 and 41.4), on reading and on writing.
func TestAlphabets(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	alphabets := map[int]string{TagPrintableString: letters + "0123456789 '()+,-./:=?", TagNumericString: " 0123456789"}
	for octet := range 256 {
		for _, tag := range []int{TagPrintableString, TagNumericString, TagIA5String, TagVisibleString} {
			alphabet, listed := alphabets[tag]
			want := octet < 0x80 && (!listed || strings.IndexByte(alphabet, byte(octet)) >= 0)
			_, reader, err := read(t, []byte{byte(tag), 1, byte(octet)}, false, (*Reader).Text)
			if err != nil || (len(reader.Deviations()) == 0) != want {
				t.Errorf("tag %d octet %#x: %v, %v", tag, octet, reader.Deviations(), err)
			}
			if tag != TagPrintableString && tag != TagIA5String {
				continue
			}
			if _, err := EncodeText(tag, string(rune(octet))); (err == nil) != want || err != nil && !errors.Is(err, ErrType) {
				t.Errorf("tag %d octet %#x is written: %v", tag, octet, err)
			}
		}
	}
	for _, text := range []string{"电子", "a_b", ""} {
		encoded, err := EncodeText(TagUTF8String, text)
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err := read(t, encoded, true, (*Reader).Text); err != nil || back != text {
			t.Errorf("%q comes back as %q, %v", text, back, err)
		}
	}
	if have, _, err := read(t, unhex(t, "1403e794b5"), true, (*Reader).Text); err != nil || have != "电" {
		t.Errorf("UTF-8 in a T61String: %q, %v", have, err)
	}
}

// TestTimesAtTheirEdges: years that both forms can say, and fractions.
func TestTimesAtTheirEdges(t *testing.T) {
	for text, c := range map[string]struct {
		year, nanoseconds int
		strict            bool
	}{
		"20500101000000Z":             {2050, 0, true},
		"20491231235959Z":             {2049, 0, true},
		"20200422100000.5Z":           {2020, 5e8, true},
		"20200422100000.123456789Z":   {2020, 123456789, true},
		"20200422100000,5Z":           {2020, 5e8, false}, // X.690 11.7.4: a full stop
		"20200422100000.5+0000":       {2020, 5e8, false},
		"20200422100000.05Z":          {2020, 5e7, true},
		"20200422100000.0Z":           {2020, 0, false},
		"2020042210Z":                 {2020, 0, false},
		"202004221000+0800":           {2020, 0, false},
		"20200422100000.50000000001Z": {2020, 5e8, true},
	} {
		for _, strict := range []bool{false, true} {
			moment, reader, err := read(t, timed(TagGeneralizedTime, text), strict, (*Reader).Time)
			switch {
			case strict && !c.strict:
				if !errors.Is(err, ErrNotDER) {
					t.Errorf("%s: %v", text, err)
				}
			case err != nil || moment.Year() != c.year || moment.Nanosecond() != c.nanoseconds || (len(reader.Deviations()) == 0) != c.strict:
				t.Errorf("%s: %v, %v, %v", text, moment, reader.Deviations(), err)
			}
		}
	}
	for _, text := range []string{"20200422100000.Z", "20200422100000.5", "20200422100000", "20200422100000.5ZZ", "20200230000000Z", ""} {
		if moment, _, err := read(t, timed(TagGeneralizedTime, text), false, (*Reader).Time); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v, %v", text, moment, err)
		}
	}
	for year, good := range map[int]bool{-1: false, 0: true, 9999: true, 10000: false} {
		moment := time.Date(year, 1, 2, 3, 4, 5, 678900000, time.UTC)
		for form, encode := range map[string]func(time.Time) ([]byte, error){"20060102150405.9999Z": EncodeFractionalTime, "20060102150405Z": EncodeGeneralizedTime} {
			encoded, err := encode(moment)
			if (err == nil) != good || err != nil && !errors.Is(err, ErrSyntax) {
				t.Errorf("year %d: %v", year, err)
			}
			if want := timed(TagGeneralizedTime, moment.Format(form)); good && !bytes.Equal(encoded, want) {
				t.Errorf("year %d is written %q, want %q", year, encoded, want)
			}
		}
	}
}

// TestDeviationsAreNamedOnce: each name once, in the order met.
func TestDeviationsAreNamedOnce(t *testing.T) {
	for input, want := range map[string]string{
		"300c 02810101 02810101 02810102":          "[length_not_minimal]",
		"048200800" + strings.Repeat("0", 2*128-1): "[length_not_minimal]",
		"04818000" + strings.Repeat("0", 2*127):    "[]",
		"04817f00" + strings.Repeat("0", 2*126):    "[length_not_minimal]",
	} {
		reader := &Reader{}
		if _, err := reader.Parse(unhex(t, input)); err != nil || fmt.Sprint(reader.Deviations()) != want {
			t.Errorf("%.12s: %v, %v", input, reader.Deviations(), err)
		}
	}
	for input, want := range map[string]int64{"0202ff80": -128, "0202007f": 127} {
		have, reader, err := read(t, unhex(t, input), false, (*Reader).Integer)
		if err != nil || have.Cmp(big.NewInt(want)) != 0 || fmt.Sprint(reader.Deviations()) != "[integer_padded]" {
			t.Errorf("%s: %v, %v, %v", input, have, reader.Deviations(), err)
		}
	}
}

// TestNumbersOfMembers: as many as there may be, one more and one less, and another type, each under the name of the structure.
func TestNumbersOfMembers(t *testing.T) {
	pair := func(r *Reader, v Value) ([]Value, error) { return r.Members(v, "Pair", 1, 2) }
	list := func(r *Reader, v Value) ([]Value, error) { return r.List(v, "Pair", 2) }
	set := func(r *Reader, v Value) ([]Value, error) { return r.SetOf(v, "Pair", 2) }
	for name, c := range map[string]struct {
		input string
		read  func(*Reader, Value) ([]Value, error)
		count int
		want  error
	}{
		"no member":          {"3000", pair, 0, ErrSyntax},
		"one":                {"30020500", pair, 1, nil},
		"two":                {"300405000500", pair, 2, nil},
		"three":              {"3006050005000500", pair, 0, ErrSyntax},
		"SET for SEQUENCE":   {"31020500", pair, 0, ErrType},
		"list of none":       {"a000", list, 0, nil},
		"list of two":        {"a00405000500", list, 2, nil},
		"list of three":      {"a006050005000500", list, 0, ErrLimit},
		"list that is flat":  {"80020500", list, 0, ErrType},
		"set of two":         {"310405000500", set, 2, nil},
		"set of three":       {"3106050005000500", set, 0, ErrLimit},
		"SEQUENCE for a SET": {"30020500", set, 0, ErrType},
	} {
		have, _, err := read(t, unhex(t, c.input), true, c.read)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || len(have) != c.count || err != nil && !strings.Contains(err.Error(), "Pair") {
			t.Errorf("%s: %d, %v", name, len(have), err)
		}
	}
}
