package licensefile_test

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

func TestLinesOfACopyAreBroken(t *testing.T) {
	for _, c := range []struct {
		text string
		room float64
		want []string
	}{
		{"", 10, []string{""}},
		{"甲乙", 10, []string{"甲乙"}}, // to the edge
		{"甲乙", 9.9, []string{"甲", "乙"}},
		{"甲乙丙", 10, []string{"甲乙", "丙"}},
		{"甲", 1, []string{"甲"}},     // wider than the room: alone, and without an empty line before it
		{"abc", 9, []string{"abc"}}, // Latin letters take 0.6
		{"abc", 8.9, []string{"ab", "c"}},
	} {
		if got := licensefile.Wrap(c.text, 5, c.room); !slices.Equal(got, c.want) {
			t.Errorf("%q in %v: %q", c.text, c.room, got)
		}
	}
	for r, want := range map[rune]float64{'a': 3, 0x1FFF: 3, 0x2000: 5, '甲': 5} {
		if got := licensefile.Step(r, 5); got != want {
			t.Errorf("%U: %v", r, got)
		}
	}
}

func TestTheFirstFileThatIsAnotherIsNamed(t *testing.T) {
	p, err := ofd.Open(ofdtest.Document(t), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	files := ofdtest.Files(t)
	with := func(path string, content []byte) []ofd.File {
		return append(slices.Clone(files), ofd.File{Path: path, Content: content})
	}
	without := func(path string) []ofd.File {
		return slices.DeleteFunc(slices.Clone(files), func(f ofd.File) bool { return f.Path == path })
	}
	for name, c := range map[string]struct {
		made []ofd.File
		want string
	}{
		"all":                {files, ""},
		"one is missing":     {with("/x", nil), "/x"},
		"two are missing":    {append(with("/y", nil), ofd.File{Path: "/x"}, ofd.File{Path: "/z"}), "/x"},
		"one was not made":   {without(ofdtest.PageXML), ofdtest.PageXML},
		"one says otherwise": {append(without(ofdtest.PageXML), ofd.File{Path: ofdtest.PageXML, Content: []byte("x")}), ofdtest.PageXML},
	} {
		for range 10 { // whatever the order of a map
			if got := licensefile.Same(p, c.made); got != c.want {
				t.Fatalf("%s: %q, not %q", name, got, c.want)
			}
		}
	}
}
