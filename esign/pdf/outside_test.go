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
	chain := "<</S/Launch/F(x)>>"
	for range 40 {
		chain = "<</S/GoTo/D[3 0 R/Fit]/Next " + chain + ">>"
	}
	circle := pdftest.Objects{9: "9 0 R", 10: "<</S/URI/URI(https://evil.invalid/)>>"}
	outline := pdftest.Objects{ // two items, of which the first has one below it
		9:  "<</Type/Outlines/First 10 0 R/Last 11 0 R/AA<</O<</S/Movie>>>>>>",
		10: "<</Title(a)/Parent 9 0 R/Next 11 0 R/First 12 0 R/A<</S/Launch/F(cmd.exe)>>>>",
		11: "<</Title(b)/Parent 9 0 R/Prev 10 0 R/A<</S/URI/URI(https://evil.invalid/)>>>>",
		12: "<</Title(c)/Parent 10 0 R/A<</S/GoToR/F(b.pdf)>>>>",
	}
	long := strings.Repeat("x", 120)
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
		"many after each other":    {link(chain), []string{"Launch page 1"}},
		"a kind by a reference":    {link("<</S 9 0 R>>").With(pdftest.Objects{9: "/Launch"}), []string{"Launch page 1"}},
		"a target by a reference":  {link("<</S/URI/URI 9 0 R>>").With(pdftest.Objects{9: "(https://evil.invalid/)"}), []string{"URI https://evil.invalid/ page 1"}},
		"a long target":            {link("<</S/URI/URI(" + long + "y)>>"), []string{"URI " + long + " page 1"}},
		"twice at one place":       {page("/AA<</O<</S/Movie>>/C<</S/Movie>>>>"), []string{"Movie page 1"}},
		"names without scripts":    {catalog("/Names<</Dests<</Names[]>>>>"), nil},
		"an annotation of none":    {page("/Annots[null 99 0 R 7]"), nil},
		"no annotations":           {page("/Annots 7/AA 7"), nil},
		"behind what is broken":    {page("/AA<</O 9 0 R>>/Annots[9 0 R<</A 9 0 R>><</A 10 0 R>>]").With(circle), []string{"URI https://evil.invalid/ page 1", "…"}},
		"before a broken page":     {catalog("/OpenAction 10 0 R").With(circle).With(pdftest.Objects{2: "<</Type/Pages/Kids[9 0 R]/Count 1>>"}), []string{"URI https://evil.invalid/ catalog", "…"}},
		"of an annotation's event": {page("/Annots[<</Type/Annot/Subtype/Widget/Rect[0 0 1 1]/AA<</E<</S/Sound>>>>>>]"), []string{"Sound page 1"}},
		"an outline":               {catalog("/Outlines 9 0 R").With(outline), []string{"GoToR outline", "Launch outline", "Movie outline", "URI https://evil.invalid/ outline"}},
		"an outline of places":     {catalog("/Outlines 9 0 R").With(pdftest.Objects{9: "<</First 10 0 R>>", 10: "<</Dest[3 0 R/Fit]/A<</S/GoTo/D[3 0 R/Fit]>>>>"}), nil},
		"an outline in a circle":   {catalog("/Outlines<</First 10 0 R>>").With(pdftest.Objects{10: "<</First 11 0 R>>", 11: "<</A<</S/Launch>>/First 11 0 R/Next 10 0 R>>"}), []string{"Launch outline"}},
		"an outline that breaks":   {catalog("/Outlines<</First 9 0 R/Next 10 0 R>>").With(pdftest.Objects{9: "9 0 R", 10: "<</A<</S/Launch>>>>"}), []string{"Launch outline", "…"}},
		"a field's event":          {catalog("/AcroForm<</Fields[9 0 R]>>").With(pdftest.Objects{9: "<</T(a)/FT/Tx/AA<</K<</S/JavaScript/JS(x)>>>>>>"}), []string{"JavaScript form"}},
		"a field below one":        {catalog("/AcroForm<</Fields[null 9 0 R]>>").With(pdftest.Objects{9: "<</T(a)/Kids[7 10 0 R]>>", 10: "<</T(b)/A<</S/SubmitForm>>/Kids[9 0 R]>>"}), []string{"SubmitForm form"}},
		"a field on a page":        {catalog("/AcroForm<</Fields[9 0 R]>>").With(page("/Annots[9 0 R]")).With(pdftest.Objects{9: "<</T(a)/A<</S/Launch>>/Kids[10 0 R]>>", 10: "<</A<</S/Movie>>>>"}), []string{"Launch page 1", "Movie form"}},
		"an action that is shown":  {catalog("/AcroForm<</Fields[<</A 9 0 R>>]>>").With(page("/Annots[9 0 R]")).With(pdftest.Objects{9: "<</S/Launch>>"}), []string{"Launch form"}},
		"fields without a number":  {catalog("/AcroForm<</Fields[<</A<</S/Launch>>>><</A<</S/Movie>>>>]>>"), []string{"Launch form", "Movie form"}},
		"a form in XFA":            {catalog("/AcroForm<</XFA[(template)9 0 R]/Fields[]>>").With(pdftest.Objects{9: "<<>>"}), []string{"XFA form"}},
		"no form in XFA":           {catalog("/AcroForm<</XFA 9 0 R/Fields 7>>/Outlines 7").With(pdftest.Objects{9: "null"}), nil},
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
	opened := func(objects pdftest.Objects) []string {
		f, err := pdf.Open(pdftest.Table(pdftest.Plain().With(objects), "/Root 1 0 R"), pdf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return f.Outside()
	}
	for _, c := range []struct {
		links, others int // annotations with an action that leads outside, and without
		want          int
		more          bool
	}{{100, 0, 100, false}, {101, 0, 100, true}, {1, 4999, 1, false}, {1, 5000, 1, true}} {
		var annotations strings.Builder
		for n := range c.links {
			fmt.Fprintf(&annotations, "<</A<</S/URI/URI(https://evil.invalid/%05d)>>>>", n)
		}
		got := opened(page("/Annots[" + annotations.String() + strings.Repeat("null ", c.others) + "]"))
		if more := len(got) > c.want; more != c.more || len(got) < c.want || more && !slices.Equal(got[c.want:], []string{"…"}) {
			t.Errorf("%d and %d annotations: %d places", c.links, c.others, len(got))
		}
	}
	loop := pdftest.Objects{9: "<</S/GoTo/Next[" + strings.Repeat("9 0 R ", 16) + "]>>", 10: "<</Subtype/Link/A<</S/URI/URI(https://evil.invalid/)>>>>"}
	if got := opened(page("/AA<</O 9 0 R>>/Annots[10 0 R]").With(loop)); !slices.Equal(got, []string{"URI https://evil.invalid/ page 1"}) {
		t.Errorf("behind an action that comes after itself: %q", got)
	}
	for n, want := range map[int][]string{9_999: nil, 10_000: {"…"}} {
		wide := pdftest.Objects{9: "<</S/GoTo/Next[" + strings.Repeat("<</S/GoTo>>", n) + "]>>"}
		if got := opened(page("/AA<</O 9 0 R>>").With(wide)); !slices.Equal(got, want) {
			t.Errorf("%d actions after one: %q", n, got)
		}
	}
	for n, want := range map[int][]string{19_998: {"Launch form"}, 19_999: {"Launch form", "…"}} { // and one for the outline that there is not
		fields := pdftest.Objects{9: "[" + strings.Repeat("null ", n) + "]"}
		if got := opened(catalog("/AcroForm<</Fields[<</A<</S/Launch>>/Kids 9 0 R>>]>>").With(fields)); !slices.Equal(got, want) {
			t.Errorf("%d fields below one: %q", n, got)
		}
	}
	wide := pdftest.Objects{9: "[" + strings.Repeat("<</Kids 10 0 R>>", 10_000) + "]", 10: "[" + strings.Repeat("null ", 50_000) + "]"}
	if got := opened(catalog("/AcroForm<</Fields 9 0 R>>").With(wide)); !slices.Equal(got, []string{"…"}) {
		t.Errorf("fields of one long list: %q", got)
	}
}
