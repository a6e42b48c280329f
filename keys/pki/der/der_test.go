package der

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// nested wraps a value in n constructed values.
func nested(n int) []byte {
	value := []byte{0x05, 0x00}
	for range n {
		value = EncodeSequence(value)
	}
	return value
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name  string
		input []byte
		want  error
	}{
		{"empty", nil, ErrSyntax},
		{"one octet", []byte{0x30}, ErrSyntax},
		{"content cut short", []byte{0x30, 5, 1}, ErrSyntax},
		{"trailing octet", []byte{0x30, 0, 0}, ErrSyntax},
		{"inner value past the outer end", unhex(t, "3003 0405 00"), ErrSyntax},
		{"S-15 length of 4 GiB", unhex(t, "3084ffffffff"), ErrLimit},
		{"S-15 length of 8 octets", unhex(t, "3088ffffffffffffffff"), ErrLimit},
		{"length of 9 octets", unhex(t, "3089000000000000000000"), ErrSyntax},
		{"length octet 0xff", unhex(t, "30ff"), ErrSyntax},
		{"S-15 depth 10,000", bytes.Repeat([]byte{0x30, 0x80}, 10_000), ErrLimit},
		{"depth 33", nested(MaxDepth + 1), ErrLimit},
		{"input above 4 MiB", make([]byte, MaxBytes+1), ErrLimit},
		{"reserved tag 0", []byte{0, 0}, ErrSyntax},
		{"primitive SEQUENCE", []byte{0x10, 0}, ErrSyntax},
		{"indefinite primitive", unhex(t, "0480 0000"), ErrSyntax},
		{"indefinite without end", unhex(t, "3080 0500"), ErrSyntax},
		{"tag number without end", unhex(t, "3fffffff7f00"), ErrSyntax},
		{"tag number in long form", unhex(t, "1f0500"), ErrSyntax},
		{"padded tag number", unhex(t, "1f802000"), ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := (&Reader{}).Parse(test.input); !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
		})
	}
	if _, err := (&Reader{}).Parse(nested(MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", MaxDepth, err)
	}
}

func TestHugeInputsAreCheap(t *testing.T) {
	input := bytes.Repeat([]byte{0x30, 0x80}, 2_000_000)
	allocated := testing.AllocsPerRun(1, func() {
		if _, err := (&Reader{}).Parse(input); !errors.Is(err, ErrLimit) {
			t.Errorf("error = %v", err)
		}
	})
	if allocated > 100 {
		t.Errorf("%.0f allocations for an input that is refused", allocated)
	}
}

func TestDeviationsAreNamed(t *testing.T) {
	boolean := func(r *Reader, v Value) error { _, err := r.Boolean(v); return err }
	integer := func(r *Reader, v Value) error { _, err := r.Integer(v); return err }
	octets := func(r *Reader, v Value) error { _, err := r.OctetString(v); return err }
	bits := func(r *Reader, v Value) error { _, err := r.NamedBits(v); return err }
	text := func(r *Reader, v Value) error { _, err := r.Text(v); return err }
	moment := func(r *Reader, v Value) error { _, err := r.Time(v); return err }
	oid := func(r *Reader, v Value) error { _, err := r.OID(v); return err }
	sequence := func(r *Reader, v Value) error { _, err := r.Sequence(v); return err }
	tests := []struct {
		name  string
		input string
		read  func(*Reader, Value) error
		want  Deviation
	}{
		{"S-05 long-form length", "308103020101", sequence, LengthNotMinimal},
		{"S-05 padded length", "30820003020101", sequence, LengthNotMinimal},
		{"S-05 indefinite length", "30800201010000", sequence, LengthIndefinite},
		{"S-05 padded integer", "02020001", integer, IntegerPadded},
		{"S-05 padded negative integer", "0202ffff", integer, IntegerPadded},
		{"boolean 0x01", "010101", boolean, BooleanNotFF},
		{"string in segments", "24060401aa0401bb", octets, StringConstructed},
		{"key usage 00c0", "030200c0", bits, BitsNotMinimal},
		{"unused bits set", "030207c0", bits, BitsNotMinimal},
		{"Chinese in IA5String", "1606e794b5e5ad90", text, StringCharacters},
		{"at sign in PrintableString", "130161" + "", text, ""},
		{"underscore in PrintableString", "13015f", text, StringCharacters},
		{"letter in NumericString", "120161", text, StringCharacters},
		{"broken UTF-8", "0c01ff", text, StringCharacters},
		{"time with offset", "1711" + hex.EncodeToString([]byte("200422100000+0800")), moment, TimeNotZulu},
		{"time without seconds", "170b" + hex.EncodeToString([]byte("2004221000Z")), moment, TimeNotZulu},
		{"fraction with a trailing zero", "1812" + hex.EncodeToString([]byte("20200422100000.50Z")), moment, TimeNotZulu},
		{"fraction", "1811" + hex.EncodeToString([]byte("20200422100000.5Z")), moment, ""},
		{"fraction in UTCTime", "170f" + hex.EncodeToString([]byte("200422100000.5Z")), moment, TimeNotZulu},
		{"padded arc", "06032a8001", oid, OIDNotMinimal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			input := unhex(t, test.input)
			run := func(reader *Reader) error {
				value, err := reader.Parse(input)
				if err != nil {
					return err
				}
				return test.read(reader, value)
			}
			interop, strict := &Reader{}, &Reader{Strict: true}
			if err := run(interop); err != nil {
				t.Fatalf("interop: %v", err)
			}
			err := run(strict)
			if test.want == "" {
				if err != nil || len(interop.Deviations()) != 0 {
					t.Errorf("strict %v, deviations %v", err, interop.Deviations())
				}
				return
			}
			if len(interop.Deviations()) != 1 || interop.Deviations()[0] != test.want {
				t.Errorf("deviations %v, want %s", interop.Deviations(), test.want)
			}
			if !errors.Is(err, ErrNotDER) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestTypesRefuse(t *testing.T) {
	reader := &Reader{}
	parse := func(input string) Value {
		value, err := reader.Parse(unhex(t, input))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		return value
	}
	for name, failed := range map[string]error{
		"empty INTEGER":            second(reader.Integer(parse("0200"))),
		"INTEGER of another type":  second(reader.Integer(parse("0401aa"))),
		"Int of 33 bits":           second(reader.Int(parse("02050100000000"))),
		"BOOLEAN of two octets":    second(reader.Boolean(parse("0102ffff"))),
		"empty OID":                second(reader.OID(parse("0600"))),
		"OID cut short":            second(reader.OID(parse("06022a86"))),
		"S-15 huge arc":            second(reader.OID(parse("060b2affffffffffffffffff7f"))),
		"S-15 huge OID":            second(reader.OID(parse("0650" + strings.Repeat("2a", 0x50)))),
		"BIT STRING with a rest":   second(reader.BitString(parse("030201fe"))),
		"empty BIT STRING":         second(reader.BitString(parse("0300"))),
		"named bits, 8 unused":     second(reader.NamedBits(parse("03020880"))),
		"named bits, 5 octets":     second(reader.NamedBits(parse("0306000000000001"))),
		"segment of another type":  second(reader.OctetString(parse("2403020101"))),
		"BMPString of odd length":  second(reader.Text(parse("1e0100"))),
		"text of another type":     second(reader.Text(parse("0401aa"))),
		"month 13":                 second(reader.Time(parse("170d" + hex.EncodeToString([]byte("201301000000Z"))))),
		"time of another type":     second(reader.Time(parse("0401aa"))),
		"members of a primitive":   second(reader.Children(parse("0401aa"))),
		"SEQUENCE of another type": second(reader.Sequence(parse("3100"))),
		"two values in a tag":      second(reader.Explicit(parse("a00405000500"))),
	} {
		if failed == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestUTCTimeCentury(t *testing.T) {
	for text, year := range map[string]int{"491231235959Z": 2049, "500101000000Z": 1950, "991231235959Z": 1999} {
		reader := &Reader{Strict: true}
		value, err := reader.Parse(append([]byte{TagUTCTime, 13}, text...))
		if err != nil {
			t.Fatal(err)
		}
		if moment, err := reader.Time(value); err != nil || moment.Year() != year {
			t.Errorf("%s is %s, %v; want year %d", text, moment, err, year)
		}
	}
}

func TestTextTypes(t *testing.T) {
	for input, want := range map[string]string{
		"1e047535 5b50":                 "电子",
		"1c08 00007535 00005b50":        "电子",
		"1401e9":                        "é",
		"0c06e794b5e5ad90":              "电子",
		"1a0161":                        "a",
		"12023120":                      "1 ",
		"1e0ad83ddc00" + "004100420043": "\U0001f400ABC",
	} {
		reader := &Reader{}
		value, err := reader.Parse(unhex(t, input))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		if have, err := reader.Text(value); err != nil || have != want {
			t.Errorf("%s is %q, %v; want %q", input, have, err, want)
		}
	}
}

func TestEncodersRoundTrip(t *testing.T) {
	for _, number := range []int64{0, 1, 127, 128, 255, 256, -1, -127, -128, -129, -32768, -32769, 1 << 40} {
		reader := &Reader{Strict: true}
		value, err := reader.Parse(EncodeInteger(big.NewInt(number)))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := reader.Integer(value); err != nil || back.Int64() != number {
			t.Errorf("%d comes back as %v, %v", number, back, err)
		}
	}
	for _, dotted := range []string{"1.2.156.10197.1.501", "2.5.29.15", "0.9.2342.19200300.100.1.25", "2.999.1"} {
		encoded, err := EncodeOID(dotted)
		if err != nil {
			t.Fatal(err)
		}
		reader := &Reader{Strict: true}
		value, err := reader.Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := reader.OID(value); err != nil || back != dotted {
			t.Errorf("%s comes back as %s, %v", dotted, back, err)
		}
	}
	for _, dotted := range []string{"", "1", "3.1", "1.40", "1.2.", "1.02", "1.-2", "1.2.x"} {
		if _, err := EncodeOID(dotted); err == nil {
			t.Errorf("%q is taken for an object identifier", dotted)
		}
	}
	if _, err := EncodeText(TagIA5String, "电"); err == nil {
		t.Error("Chinese fits IA5String")
	}
	if _, err := EncodeText(TagPrintableString, "a_b"); err == nil {
		t.Error("underscore fits PrintableString")
	}
	if _, err := EncodeText(TagUTF8String, "\xff"); err == nil {
		t.Error("broken UTF-8 is encoded")
	}
	if _, err := EncodeGeneralizedTime(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("year 10000 is encoded")
	}
	for _, length := range []int{0, 127, 128, 255, 256, 70000} {
		reader := &Reader{Strict: true}
		value, err := reader.Parse(EncodeOctetString(make([]byte, length)))
		if err != nil || len(value.Content) != length {
			t.Errorf("%d octets: %v", length, err)
		}
	}
}

// FuzzReader checks that no input makes a reader crash, and that a strict reading leaves no deviation.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"3006020101020101", "30800201010000", "24060401aa0401bb", "030200c0", "a00405000500", "3084ffffffff"} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		interop, strict := &Reader{}, &Reader{Strict: true}
		value, err := interop.Parse(input)
		if err != nil {
			if _, strictErr := strict.Parse(input); strictErr == nil {
				t.Fatal("strict takes what interop refuses")
			}
			return
		}
		if !bytes.Equal(value.Raw, input) {
			t.Fatal("value is not the input")
		}
		visit(interop, value)
		if _, err := strict.Parse(input); err == nil && len(strict.Deviations()) != 0 {
			t.Fatal("strict reading tolerated something")
		}
	})
}

func visit(reader *Reader, value Value) {
	reader.Integer(value)
	reader.Boolean(value)
	reader.OID(value)
	reader.OctetString(value)
	reader.BitString(value)
	reader.NamedBits(value)
	reader.Text(value)
	reader.Time(value)
	children, err := reader.Children(value)
	if err != nil {
		return
	}
	for _, child := range children {
		visit(reader, child)
	}
}

// TestChildrenStayWhatTheyWere: lists share room, and none of them, nor what somebody adds to one, changes another.
func TestChildrenStayWhatTheyWere(t *testing.T) {
	list := func(n int) []byte {
		content := bytes.Repeat([]byte{0x02, 0x01, 0x00}, n)
		for i := range n {
			content[3*i+2] = byte(i)
		}
		return append([]byte{0x30, byte(len(content))}, content...)
	}
	var reader Reader
	var lists [][]Value
	for _, n := range []int{1, 5, 0, 20, 30, 33, 2, 40, 7} {
		value, err := reader.Parse(list(n))
		if err != nil {
			t.Fatal(err)
		}
		children, err := reader.Children(value)
		if err != nil || len(children) != n {
			t.Fatalf("%d: %d %v", n, len(children), err)
		}
		lists = append(lists, children)
		_ = append(children, Value{Content: []byte{0xff}})
	}
	for _, children := range lists {
		for i, child := range children {
			if len(child.Content) != 1 || child.Content[0] != byte(i) {
				t.Errorf("value %d of %d: %x", i, len(children), child.Content)
			}
		}
	}
}
