package batchfile_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
)

func gb(text string) string {
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return encoded
}

var want = batchfile.Table{Columns: []string{"业务编号", "名称"}, Rows: []batchfile.Row{{Line: 2, Cells: []string{"B1", "甲,\"乙\"\n丙"}}, {Line: 4, Cells: []string{"B2", ""}}}}

func TestWhatAFileMeans(t *testing.T) {
	const plain = "业务编号,名称\nB1,\"甲,\"\"乙\"\"\n丙\"\nB2,\n"
	for name, test := range map[string]struct {
		content  string
		encoding batchfile.Encoding
	}{
		"UTF-8":                 {plain, batchfile.Auto},
		"with a mark":           {"\ufeff" + plain, batchfile.Auto},
		"with a mark, named":    {"\ufeff" + plain, batchfile.UTF8},
		"GB 18030":              {gb(plain), batchfile.Auto},
		"GB 18030, named":       {gb(plain), batchfile.GB18030},
		"CR LF":                 {strings.ReplaceAll(plain, "\n", "\r\n"), batchfile.Auto},
		"space around":          {" 业务编号 ,名称\n B1,\"甲,\"\"乙\"\"\n丙\"\nB2,  \n", batchfile.Auto},
		"empty lines at an end": {plain + ",\n\n,\n", batchfile.Auto},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := batchfile.Read([]byte(test.content), batchfile.CSV, test.encoding)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	got, err := batchfile.Read([]byte("业务编号,名称\rB1,甲\r"), batchfile.CSV, batchfile.Auto)
	if err != nil || len(got.Rows) != 1 || got.Rows[0].Cells[1] != "甲" {
		t.Errorf("old line ends: %+v %v", got, err)
	}
	lines := "{\"业务编号\":\"B1\",\"名称\":\"甲,\\\"乙\\\"\\n丙\"}\n\n\n{\"业务编号\":\"B2\"}\n"
	got, err = batchfile.Read([]byte(lines), batchfile.JSONLines, batchfile.Auto)
	want := want
	want.Rows = []batchfile.Row{{Line: 1, Cells: want.Rows[0].Cells}, {Line: 4, Cells: want.Rows[1].Cells}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("lines: %+v %v", got, err)
	}
	got, err = batchfile.Read([]byte(`{"a":["x","y"]}`), batchfile.JSONLines, batchfile.UTF8)
	if err != nil || got.Rows[0].Cells[0] != "x|y" {
		t.Errorf("a list: %+v %v", got, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	many := "a\n" + strings.Repeat("x\n", batchfile.MaxRows+1)
	for name, test := range map[string]struct {
		content  string
		format   batchfile.Format
		encoding batchfile.Encoding
		want     error
	}{
		"no format":                {"a\n1", "xlsx", batchfile.Auto, batchfile.ErrFormat},
		"no encoding":              {"a\n1", batchfile.CSV, "big5", batchfile.ErrEncoding},
		"GB 18030 named UTF-8":     {gb("甲\n乙\n"), batchfile.CSV, batchfile.UTF8, batchfile.ErrEncoding},
		"a mark named GB 18030":    {"\ufeff甲\n乙\n", batchfile.CSV, batchfile.GB18030, batchfile.ErrEncoding},
		"a mark before no UTF-8":   {"\ufeffa\n\xff\n", batchfile.CSV, batchfile.Auto, batchfile.ErrEncoding},
		"no text":                  {"a\n\xff\xff\n", batchfile.CSV, batchfile.Auto, batchfile.ErrEncoding},
		"UTF-16":                   {"a\x00\n\x001\x00", batchfile.CSV, batchfile.Auto, batchfile.ErrEncoding},
		"no column":                {"[1]\n{", batchfile.JSONLines, batchfile.Auto, batchfile.ErrEmpty},
		"nothing":                  {"", batchfile.CSV, batchfile.Auto, batchfile.ErrEmpty},
		"a header alone":           {"a,b\n", batchfile.CSV, batchfile.Auto, batchfile.ErrEmpty},
		"a column twice":           {"a, a\n1,2\n", batchfile.CSV, batchfile.Auto, batchfile.ErrHeader},
		"a column without a name":  {"a,\n1,2\n", batchfile.CSV, batchfile.Auto, batchfile.ErrHeader},
		"an open quotation mark":   {"a\n\"1\n2\n", batchfile.CSV, batchfile.Auto, batchfile.ErrSyntax},
		"a quotation mark inside":  {"a\n1\"2\"\n", batchfile.CSV, batchfile.Auto, batchfile.ErrSyntax},
		"a header that is no line": {"\"a\n", batchfile.CSV, batchfile.Auto, batchfile.ErrSyntax},
		"too many rows":            {many, batchfile.CSV, batchfile.Auto, batchfile.ErrTooLarge},
		"too many columns":         {strings.TrimSuffix(numbered(batchfile.MaxColumns+1), ",") + "\n1\n", batchfile.CSV, batchfile.Auto, batchfile.ErrTooLarge},
		"too many octets":          {strings.Repeat("a", batchfile.MaxOctets+1), batchfile.CSV, batchfile.Auto, batchfile.ErrTooLarge},
		"too many lines":           {strings.Repeat("{\"a\":\"b\"}\n", batchfile.MaxRows+1), batchfile.JSONLines, batchfile.Auto, batchfile.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := batchfile.Read([]byte(test.content), test.format, test.encoding); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("c" + strings.Repeat("x", i) + ",")
	}
	return b.String()
}

func TestABrokenRowStopsNoOther(t *testing.T) {
	long := strings.Repeat("x", batchfile.MaxCell+1)
	got, err := batchfile.Read([]byte("a,b\n1,2\n1\n1,2,3\n,,3\n"+long+",1\n3,4\n"), batchfile.CSV, batchfile.Auto)
	if err != nil || broken(got) != ".xxxx." {
		t.Errorf("%s %v", broken(got), err)
	}
	got, err = batchfile.Read([]byte(`{"a":"1"}
[1]
{"a":1}
{"a":"1","a":"2"}
{"a":"1"} {"a":"2"}
{"a":["x|y"]}
{"a":"1"
{" a":"1"}
{"a":"`+long+`"}
{"a":"`+strings.Repeat("x", batchfile.MaxLine)+`"}
{"a":"2"}`), batchfile.JSONLines, batchfile.Auto)
	if err != nil || broken(got) != ".xxxxxxxxx." {
		t.Errorf("%s %v", broken(got), err)
	}
}

func broken(t batchfile.Table) (marks string) {
	for _, r := range t.Rows {
		switch {
		case r.Broken && r.Cells == nil:
			marks += "x"
		case !r.Broken && len(r.Cells) == len(t.Columns):
			marks += "."
		default:
			marks += "?"
		}
	}
	return marks
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), true)
	f.Add([]byte("\ufeffa\r1\r"), true)
	f.Add([]byte(gb("甲\n乙\n")), true)
	f.Add([]byte(`{"a":["x"]}`), false)
	f.Fuzz(func(t *testing.T, content []byte, asCSV bool) {
		format := batchfile.JSONLines
		if asCSV {
			format = batchfile.CSV
		}
		table, err := batchfile.Read(content, format, batchfile.Auto)
		if err != nil {
			return
		}
		line := 0
		for _, r := range table.Rows {
			if r.Line <= line {
				t.Fatalf("line %d after %d", r.Line, line)
			}
			line = r.Line
			if r.Broken != (len(r.Cells) != len(table.Columns)) {
				t.Fatalf("%+v", r)
			}
			for _, c := range r.Cells {
				if !utf8.ValidString(c) || strings.TrimSpace(c) != c {
					t.Fatalf("cell %q", c)
				}
			}
		}
	})
}

func TestFilesOfSoManyRows(t *testing.T) {
	for _, format := range []batchfile.Format{batchfile.CSV, batchfile.JSONLines} {
		file := func(rows int) []byte {
			if format == batchfile.CSV {
				return []byte("a\n" + strings.Repeat("x\n", rows))
			}
			return []byte(strings.Repeat("{\"a\":\"x\"}\n", rows))
		}
		if table, err := batchfile.ReadUpTo(batchfile.MaxListed, file(batchfile.MaxListed), format, batchfile.Auto); err != nil || len(table.Rows) != batchfile.MaxListed {
			t.Errorf("%s: %d rows, %v", format, len(table.Rows), err)
		}
		if _, err := batchfile.ReadUpTo(batchfile.MaxListed, file(batchfile.MaxListed+1), format, batchfile.Auto); !errors.Is(err, batchfile.ErrTooLarge) {
			t.Errorf("%s: one more: %v", format, err)
		}
		if _, err := batchfile.ReadUpTo(2, file(3), format, batchfile.Auto); !errors.Is(err, batchfile.ErrTooLarge) {
			t.Errorf("%s: three of two: %v", format, err)
		}
	}
}
