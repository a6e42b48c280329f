package render_test

import (
	"math"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
)

func textAt(id string, x, y float64, attributes, deltas, value string) string {
	return `<TextObject ID="` + id + `" Boundary="` + ofd.Box{X: x, Y: y, Width: 40, Height: 8}.String() + `" Font="F2" Size="4" ` + attributes + `><TextCode X="0" Y="4" ` + deltas + `>` + value + `</TextCode></TextObject>`
}

func TestTextIsInReadingOrder(t *testing.T) {
	cases := map[string]struct{ layer, want string }{
		"one object":                     {textAt("1", 5, 5, ``, `DeltaX="4"`, "甲乙丙"), "甲乙丙"},
		"lines from top to bottom":       {textAt("1", 5, 25, ``, `DeltaX="4"`, "下行") + textAt("2", 5, 5, ``, `DeltaX="4"`, "上行"), "上行下行"},
		"objects of a line by place":     {textAt("1", 30, 5, ``, `DeltaX="4"`, "右") + textAt("2", 5, 5.2, ``, `DeltaX="4"`, "左"), "左右"},
		"a letter an object":             {textAt("1", 9, 5, ``, ``, "乙") + textAt("2", 5, 5, ``, ``, "甲") + textAt("3", 13, 5, ``, ``, "丙"), "甲乙丙"},
		"written from right to left":     {textAt("1", 20, 5, ``, `DeltaX="-4"`, "丙乙甲"), "甲乙丙"},
		"bold by drawing twice":          {textAt("1", 5, 5, ``, `DeltaX="4"`, "甲乙") + textAt("2", 5.1, 5, ``, `DeltaX="4"`, "甲乙"), "甲乙"},
		"down the page":                  {textAt("1", 5, 5, `ReadDirection="90"`, `DeltaY="4"`, "甲乙丙"), "甲乙丙"},
		"lines beside a column":          {textAt("1", 5, 5, `ReadDirection="90"`, `DeltaY="4"`, "竖排文字") + textAt("2", 40, 14, ``, `DeltaX="4"`, "下") + textAt("3", 30, 10, ``, `DeltaX="4"`, "上中"), "上中竖排文字下"},
		"what is not drawn is not found": {textAt("1", 5, 5, `Visible="false"`, `DeltaX="4"`, "甲乙") + textAt("2", 5, 5, `Fill="false"`, `DeltaX="4"`, "丙"), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			chars, err := sample{layer: c.layer}.open(t, render.Options{}).Text(1)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, char := range chars {
				got.WriteRune(char.Rune)
			}
			if got.String() != c.want {
				t.Errorf("%q, want %q", got.String(), c.want)
			}
		})
	}
}

func near(a, b ofd.Box) bool {
	return math.Abs(a.X-b.X) < 0.3 && math.Abs(a.Y-b.Y) < 0.7 && math.Abs(a.Width-b.Width) < 0.5 && math.Abs(a.Height-b.Height) < 0.5
}

func TestFind(t *testing.T) {
	layer := textAt("1", 5, 5, ``, `DeltaX="4"`, "盖章处 甲") + textAt("2", 25, 5, ``, `DeltaX="4"`, "方盖") +
		textAt("3", 5, 15, ``, `DeltaX="4"`, "章处") + textAt("4", 5, 25, `CTM="2 0 0 2 0 0"`, `DeltaX="4"`, "aaa")
	chars, err := sample{layer: layer}.open(t, render.Options{}).Text(1)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		text  string
		nth   int
		boxes []ofd.Box
	}{
		"inside an object":    {"章处", 1, []ofd.Box{{X: 9, Y: 5.6, Width: 8, Height: 4}}},
		"over two objects":    {"甲方", 1, []ofd.Box{{X: 21, Y: 5.6, Width: 8, Height: 4}}},
		"blanks do not count": {" 处甲 ", 1, []ofd.Box{{X: 13, Y: 5.6, Width: 12, Height: 4}}},
		"over two lines":      {"盖章处", 2, []ofd.Box{{X: 29, Y: 5.6, Width: 4, Height: 4}, {X: 5, Y: 15.6, Width: 8, Height: 4}}},
		"under a matrix":      {"a", 1, []ofd.Box{{X: 5, Y: 26.2, Width: 4.5, Height: 8}}},
		"none so often":       {"盖章处", 3, nil},
		"not there":           {"丁", 1, nil},
		"nothing":             {" ", 1, nil},
		"not a count":         {"甲", 0, nil},
		"do not overlap":      {"aa", 2, nil},
		"too long":            {strings.Repeat("a", 500), 1, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, ok := render.Find(chars, c.text, c.nth)
			if ok != (c.boxes != nil) || len(m.Boxes) != len(c.boxes) {
				t.Fatalf("%v %+v, want %v", ok, m.Boxes, c.boxes)
			}
			for i, box := range c.boxes {
				if !near(m.Boxes[i], box) {
					t.Errorf("box %d: %+v, want %+v", i, m.Boxes[i], box)
				}
			}
		})
	}
}

// TestFindInAVendorInvoice: what people look for in real files.
func TestFindInAVendorInvoice(t *testing.T) {
	page := vectorPage(t, "docs/kinggrid-999.ofd", 1, render.Options{})
	m, ok := render.Find(page.Text(), "价税合计(大写)", 1)
	if !ok {
		m, ok = render.Find(page.Text(), "价税合计（大写）", 1)
	}
	if !ok || len(m.Boxes) != 1 || m.Boxes[0].X < 10 || m.Boxes[0].X > 50 || m.Boxes[0].Y < 90 || m.Boxes[0].Y > 110 {
		t.Errorf("%v %+v", ok, m.Boxes)
	}
}
