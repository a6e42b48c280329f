package pdf_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
)

// TestD18ActionsOfPDF: what leads out of a file, runs a program or plays is found wherever it hangs, and never costs more than its bounds.
func TestD18ActionsOfPDF(t *testing.T) {
	catalog := func(more string) pdftest.Objects {
		return pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R" + more + ">>"}
	}
	page := func(more string) pdftest.Objects {
		return pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>" + more + ">>"}
	}
	link := func(action string) pdftest.Objects {
		return page("/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/A " + action + ">>]")
	}
	chain := "<</S/Named/N/NextPage>>"
	for range 40 {
		chain = "<</S/GoTo/D[3 0 R/Fit]/Next " + chain + ">>"
	}
	for name, c := range map[string]struct {
		objects pdftest.Objects
		want    []string
	}{
		"nothing":                  {pdftest.Objects{}, nil},
		"a place in the file":      {catalog("/OpenAction[3 0 R/Fit]"), nil},
		"going there":              {link("<</S/GoTo/D[3 0 R/Fit]>>"), nil},
		"a script when opened":     {catalog("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), []string{"JavaScript catalog"}},
		"a script by name":         {catalog("/Names<</JavaScript<</Names[]>>>>"), []string{"JavaScript catalog"}},
		"when it is closed":        {catalog("/AA<</WC<</S/URI/URI(https://evil.invalid/)>>>>"), []string{"URI https://evil.invalid/ catalog"}},
		"when a page is shown":     {page("/AA<</O<</S/SubmitForm/F(x)>>>>"), []string{"SubmitForm page 1"}},
		"a link":                   {link("<</S/URI/URI(http://evil.invalid/a)>>"), []string{"URI http://evil.invalid/a page 1"}},
		"a program":                {link("<</S/Launch/F(cmd.exe)>>"), []string{"Launch page 1"}},
		"another file":             {link("<</S/GoToR/F(b.pdf)>>"), []string{"GoToR page 1"}},
		"after another action":     {link("<</S/GoTo/D[3 0 R/Fit]/Next[<</S/Named/N/NextPage>><</S/Launch/F(x)>>]>>"), []string{"Launch page 1"}},
		"by a reference":           {link("9 0 R").With(pdftest.Objects{9: "<</S/Movie/Next 9 0 R>>"}), []string{"Movie page 1"}},
		"many after each other":    {link(chain), nil},
		"of an annotation's event": {page("/Annots[<</Type/Annot/Subtype/Widget/Rect[0 0 1 1]/AA<</E<</S/Sound>>>>>>]"), []string{"Sound page 1"}},
	} {
		f, err := pdf.Open(pdftest.Table(pdftest.Plain().With(c.objects), "/Root 1 0 R"), pdf.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := f.Outside(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	var annotations strings.Builder
	for n := range 6000 {
		fmt.Fprintf(&annotations, "<</A<</S/URI/URI(https://evil.invalid/%05d%s)>>>>", n, strings.Repeat("x", 200))
	}
	f, err := pdf.Open(pdftest.Table(pdftest.Plain().With(page("/Annots["+annotations.String()+"]")), "/Root 1 0 R"), pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Outside(); len(got) != 101 || got[100] != "…" || len(got[0]) > 140 {
		t.Errorf("%d places, the first of %d octets", len(got), len(got[0]))
	}
	loop := pdftest.Objects{9: "<</S/GoTo/Next[" + strings.Repeat("9 0 R ", 16) + "]>>", 10: "<</Subtype/Link/A<</S/URI/URI(https://evil.invalid/)>>>>"}
	f, err = pdf.Open(pdftest.Table(pdftest.Plain().With(page("/AA<</O 9 0 R>>/Annots[10 0 R]")).With(loop), "/Root 1 0 R"), pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Outside(); !slices.Equal(got, []string{"URI https://evil.invalid/ page 1"}) {
		t.Errorf("behind an action that comes after itself: %q", got)
	}
	wide := pdftest.Objects{9: "<</S/GoTo/Next[" + strings.Repeat("<</S/GoTo>>", 10_001) + "]>>"}
	f, err = pdf.Open(pdftest.Table(pdftest.Plain().With(page("/AA<</O 9 0 R>>")).With(wide), "/Root 1 0 R"), pdf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Outside(); !slices.Equal(got, []string{"…"}) {
		t.Errorf("more actions than are looked at: %q", got)
	}
}
