package safecsv_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

func TestI19CellsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "张三": "张三", "a=b": "a=b", "'x": "'x", "1-2": "1-2",
		"=1+2": "'=1+2", "+8613800138000": "'+8613800138000", "-1": "'-1", "@sum": "'@sum", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "＠x": "'＠x", "＋1": "'＋1", "－1": "'－1",
	} {
		if got := safecsv.Cell(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	var out bytes.Buffer
	w := safecsv.New(&out)
	if err := errors.Join(w.Write("=HYPERLINK(\"http://x\",\"y\")", "甲,乙", "-"), w.Flush()); err != nil {
		t.Fatal(err)
	}
	line, err := csv.NewReader(&out).Read()
	if err != nil || !slices.Equal(line, []string{"'=HYPERLINK(\"http://x\",\"y\")", "甲,乙", "'-"}) {
		t.Errorf("%q %v", line, err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestErrorsAreTold(t *testing.T) {
	w := safecsv.New(full{})
	if err := errors.Join(w.Write("a"), w.Flush()); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}
