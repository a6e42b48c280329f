package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sheet"
	"github.com/yinxin-gov/yinxin/esign/typeface"
)

func sample(lines int) sheet.Sheet {
	s := sheet.Sheet{ID: "exp_1", Title: "个人数据副本", Author: "一网通办", Created: "2026-11-26", Cut: "其余部分从略", Page: func(n int) string { return fmt.Sprintf("第 %d 页", n) },
		Front: []sheet.Line{{Label: "编号", Text: "exp_1"}, {}, {Text: strings.Repeat("本文件供您阅读和留存，", 20)}}}
	section := sheet.Section{Title: "使用记录"}
	for i := range lines {
		section.Lines = append(section.Lines, sheet.Line{Level: i % 7, Label: "第 " + strconv.Itoa(i) + " 项"}, sheet.Line{Level: 1, Label: "用途", Text: "不动产登记 " + strings.Repeat("very-long-word", i%9)},
			sheet.Line{Level: 2, Label: strings.Repeat("很长的标签", 6), Text: "值"})
	}
	s.Sections = []sheet.Section{section, {Title: "空"}}
	return s
}

func build(t *testing.T, s sheet.Sheet, pages int) (*ofd.Package, string, bool) {
	t.Helper()
	document, cut, err := sheet.Build(s, typeface.Sans(), pages)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := sheet.Build(s, typeface.Sans(), pages)
	if err != nil || !bytes.Equal(document, again) {
		t.Fatal("the same sheet makes another document", err)
	}
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range p.Names() {
		if strings.HasSuffix(name, "/Content.xml") {
			content, err := p.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
	}
	return p, all.String(), cut
}

var box = regexp.MustCompile(`TextObject ID="\d+" Boundary="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"`)

// Everything stands on the page, and nothing in the place that the front page leaves for the seal.
func TestLinesStandOnTheirPages(t *testing.T) {
	p, text, cut := build(t, sample(300), 100)
	if cut || len(p.Current().Pages) < 5 {
		t.Fatalf("%d pages, cut %t", len(p.Current().Pages), cut)
	}
	front, _, _ := strings.Cut(text, "</ofd:Page>")
	for page, content := range map[string]string{"front": front, "all": text} {
		for _, found := range box.FindAllStringSubmatch(content, -1) {
			var v [4]float64
			for i := range v {
				v[i], _ = strconv.ParseFloat(found[i+1], 64)
			}
			if v[0] < 20 || v[0]+v[2] > sheet.Width-20 || v[1]+v[3] > sheet.Height-5 {
				t.Errorf("%s: %s leaves the page", page, found[0])
			}
			if page == "front" && v[1]+v[3] > sheet.SealY && v[1] < sheet.SealY+50 {
				t.Errorf("%s stands where the seal goes", found[0])
			}
		}
	}
	for i := range 300 {
		if !strings.Contains(text, fmt.Sprintf(">第 %d 项<", i)) {
			t.Errorf("line %d is missing", i)
		}
	}
}

func TestSheetsAreBounded(t *testing.T) {
	p, text, cut := build(t, sample(2000), 7)
	if !cut || len(p.Current().Pages) != 7 || strings.Count(text, "其余部分从略") != 1 || strings.Contains(text, "第 1999 项") {
		t.Errorf("%d pages, cut %t", len(p.Current().Pages), cut)
	}
	if _, _, err := sheet.Build(sheet.Sheet{}, typeface.Sans(), 1); !errors.Is(err, sheet.ErrEmpty) {
		t.Error(err)
	}
	if _, _, err := sheet.Build(sample(1), typeface.Sans(), 0); !errors.Is(err, sheet.ErrEmpty) {
		t.Error(err)
	}
}

// A character that the face lacks is spelled, and what is no character of a line is neither lost nor breaks the file.
func TestCharactersThatCannotBeDrawn(t *testing.T) {
	s := sample(0)
	s.Sections[0].Lines = []sheet.Line{{Label: "姓名", Text: "李𪚥\x00\u202e<b>&"}, {Text: "一\n二"}}
	_, text, _ := build(t, s, 9)
	for _, want := range []string{"李[U+2A6A5][U+0000][U+202E]&lt;b&gt;&amp;", "一 二"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there: %s", want, text)
		}
	}
}
