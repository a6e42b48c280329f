package preview_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/preview"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// desk judges and draws what a world sealed.
type desk struct{ w *ofdtest.World }

func (k desk) judge(data []byte) verify.Result {
	return verify.Verify("a.ofd", data, verify.Options{Roots: pki.NewPool(k.w.Root.Cert), Intermediates: pki.NewPool(k.w.Issuing.Cert), At: ofdtest.Now})
}

func newDesk(t *testing.T) desk { return desk{ofdtest.New(t)} }

func title(n int) string { return fmt.Sprintf("page %d", n) }

func first(d *preview.Document) []preview.Page {
	return d.First(preview.DefaultLimits(), "p", title, nil)
}

// paper has two pages and an annotation on the first, all of which a seal covers.
func paper(t *testing.T) []byte {
	t.Helper()
	b := ofd.Builder{Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef", Title: "样例"}}
	for n := range 2 {
		b.Pages = append(b.Pages, ofd.BuildPage{Width: 210, Height: 297, Objects: []ofd.Object{ofd.Path{Boundary: ofd.Box{X: 20, Y: float64(30 + n), Width: 60, Height: 10}, Data: "M 0 0 L 60 0 L 60 10 C"}}})
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if !strings.HasSuffix(f.Path, "/Document.xml") {
			continue
		}
		files[i].Content = []byte(strings.Replace(string(f.Content), "</ofd:Pages>", "</ofd:Pages><ofd:Annotations>Annots.xml</ofd:Annotations>", 1))
		folder := strings.TrimSuffix(f.Path, "Document.xml")
		p, err := ofd.Open(ofdtest.Pack(t, files), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		space := `xmlns:ofd="` + p.Namespace + `"`
		return ofdtest.Pack(t, append(files,
			ofd.File{Path: folder + "Annots.xml", Content: []byte(`<ofd:Annotations ` + space + `><ofd:Page PageID="` + p.Documents[0].Pages[0].ID + `"><ofd:FileLoc>Annot.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>`)},
			ofd.File{Path: folder + "Annot.xml", Content: []byte(`<ofd:PageAnnot ` + space + `><ofd:Annot ID="900" Type="Stamp"><ofd:Appearance Boundary="100 100 50 50"><ofd:PathObject ID="901" Boundary="0 0 50 50" Fill="true" Stroke="false"><ofd:FillColor Value="1 2 3"/><ofd:AbbreviatedData>M 0 0 L 50 0 L 50 50 C</ofd:AbbreviatedData></ofd:PathObject></ofd:Appearance></ofd:Annot></ofd:PageAnnot>`)}))
	}
	t.Fatal("no document")
	return nil
}

// ink is the colour of the annotation in SVG.
const ink = "#010203"

func has(p preview.Page, kind string) bool {
	return slices.ContainsFunc(p.Notes, func(n preview.Note) bool { return n.Kind == kind && n.Count > 0 })
}

func TestSealedPagesAreShownWithTheirSeal(t *testing.T) {
	k := newDesk(t)
	data := k.w.Sealed(t, ofdtest.Sealing{Document: paper(t)})
	report := k.judge(data)
	if report.Verdict != verify.Valid {
		t.Fatalf("%+v", report)
	}
	d := preview.Open(data, report, render.Faces{})
	pages := first(d)
	if d.Reason != "" || d.Pages != 2 || len(pages) != 2 || d.Others != 0 {
		t.Fatalf("%+v", d)
	}
	one := pages[0]
	if !strings.HasPrefix(one.SVG, "<svg") || strings.Contains(one.SVG, "style=") || !strings.Contains(one.SVG, "ofd-seal") || !strings.Contains(one.SVG, ink) || !strings.Contains(one.SVG, "page 1") || has(one, "annotation") {
		t.Errorf("%.600s", one.SVG)
	}
	want := preview.Mark{Signature: 1, ID: report.Signatures[0].ID, Seal: report.Signatures[0].Seal.Name, Verdict: "valid", Drawn: true, X: 120, Y: 200, Width: 42, Height: 42}
	if len(one.Marks) != 1 || one.Marks[0] != want {
		t.Errorf("%+v", one.Marks)
	}
	if len(pages[1].Marks) != 0 || strings.Contains(pages[1].SVG, "ofd-seal") || pages[1].Reason != "" {
		t.Errorf("%+v", pages[1].Marks)
	}
}

// TestD15WhatWasChangedIsNotShown: the page that was changed is not drawn, the other one is; the seal of a signature that does not hold never.
func TestD15WhatWasChangedIsNotShown(t *testing.T) {
	k := newDesk(t)
	sealed := k.w.Sealed(t, ofdtest.Sealing{Document: paper(t)})
	p, err := ofd.Open(sealed, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	second := p.Documents[0].Pages[1].Path
	data := ofdtest.Edit(t, sealed, ofdtest.Replace(second, "20 31 60 10", "20 41 60 10"))
	report := k.judge(data)
	if report.Code != "V20" {
		t.Fatalf("%+v", report)
	}
	pages := first(preview.Open(data, report, render.Faces{}))
	if len(pages) != 2 || pages[0].SVG == "" || pages[1].Reason != preview.ReasonChanged || pages[1].SVG != "" || pages[1].PNG != nil {
		t.Fatalf("%+v", pages)
	}
	if strings.Contains(pages[0].SVG, "ofd-seal") || !has(pages[0], "seal") || len(pages[0].Marks) != 1 || pages[0].Marks[0].Drawn || pages[0].Marks[0].Verdict != "invalid" {
		t.Errorf("the seal of a signature that does not hold is shown: %+v", pages[0].Marks)
	}
}

func TestUnsignedAnnotationsAreHiddenAndTold(t *testing.T) {
	k := newDesk(t)
	data := ofdtest.Edit(t, k.w.Sealed(t, ofdtest.Sealing{Document: paper(t)}), func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "/Annot.xml") {
			return []byte(strings.Replace(string(content), "100 100 50 50", "90 100 50 50", 1))
		}
		return content
	})
	pages := first(preview.Open(data, k.judge(data), render.Faces{}))
	if len(pages) != 2 || pages[0].SVG == "" || strings.Contains(pages[0].SVG, ink) || !has(pages[0], "annotation") {
		t.Errorf("%+v", pages)
	}
}

// TestOnlyTheBestSignaturesCount: what a stranger adds under a signature of its own is not shown among what a trusted one signed.
func TestOnlyTheBestSignaturesCount(t *testing.T) {
	k, stranger := newDesk(t), ofdtest.New(t)
	note := func(request *ofd.SignatureRequest) { request.Stamps[0].Boundary.X = 20 }
	data := stranger.Sealed(t, ofdtest.Sealing{Document: k.w.Sealed(t, ofdtest.Sealing{Document: paper(t)}), Request: note})
	report := k.judge(data)
	if len(report.Signatures) != 2 || report.Signatures[0].Verdict != verify.Valid || report.Signatures[1].Verdict != verify.Indeterminate {
		t.Fatalf("%+v", report)
	}
	pages := first(preview.Open(data, report, render.Faces{}))
	if len(pages) != 2 || len(pages[0].Marks) != 2 || !pages[0].Marks[0].Drawn || pages[0].Marks[1].Drawn || !has(pages[0], "seal") {
		t.Fatalf("%+v", pages[0])
	}
	// The same for a file that only the stranger's signature covers.
	reference := regexp.MustCompile(`<ofd:Reference FileRef="[^"]*/Annot.xml">.*?</ofd:Reference>`)
	without := k.w.Sealed(t, ofdtest.Sealing{Document: paper(t), Describe: func(d string) string { return reference.ReplaceAllString(d, "") }})
	both := stranger.Sealed(t, ofdtest.Sealing{Document: without, Request: note})
	report = k.judge(both)
	if !report.Coverage.Complete || report.Signatures[0].Verdict != verify.Valid {
		t.Fatalf("%+v", report)
	}
	if pages = first(preview.Open(both, report, render.Faces{})); pages[0].SVG == "" || strings.Contains(pages[0].SVG, ink) || !has(pages[0], "annotation") {
		t.Errorf("an annotation that only a stranger signed is shown: %+v", pages[0].Notes)
	}
	// Alone, a stranger's document is shown: the verdict above it says that nobody knows who sealed it.
	alone := stranger.Sealed(t, ofdtest.Sealing{Document: paper(t)})
	pages = first(preview.Open(alone, k.judge(alone), render.Faces{}))
	if len(pages) != 2 || pages[0].SVG == "" || len(pages[0].Marks) != 1 || !pages[0].Marks[0].Drawn || pages[0].Marks[0].Verdict != "indeterminate" {
		t.Errorf("%+v", pages)
	}
}

// TestWhatNothingBindsIsNotShown: unsealed documents, false signature values, lists that were changed, reports of something else.
func TestWhatNothingBindsIsNotShown(t *testing.T) {
	k := newDesk(t)
	sealed := k.w.Sealed(t, ofdtest.Sealing{Document: paper(t)})
	false1 := k.w.Sealed(t, ofdtest.Sealing{Document: paper(t), Value: func(value []byte) []byte {
		value = slices.Clone(value)
		value[len(value)-1] ^= 1
		return value
	}})
	description := ofdtest.Edit(t, sealed, func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "/Signature.xml") {
			return []byte(strings.Replace(string(content), "120 200", "10 200", 1))
		}
		return content
	})
	foreign := k.judge(sealed)
	foreign.Signatures = nil
	for name, one := range map[string]struct {
		data   []byte
		report verify.Result
		reason string
	}{
		"no signature":         {paper(t), k.judge(paper(t)), preview.ReasonUnsigned},
		"false value":          {false1, k.judge(false1), preview.ReasonUnsigned},
		"changed description":  {description, k.judge(description), preview.ReasonUnsigned},
		"report of another":    {sealed, foreign, preview.ReasonUnsigned},
		"no OFD":               {[]byte("%PDF-1.7"), k.judge([]byte("%PDF-1.7")), preview.ReasonFormat},
		"cut":                  {sealed[:len(sealed)/2], k.judge(sealed[:len(sealed)/2]), preview.ReasonFormat},
		"another Document.xml": {rooted(t, sealed), k.judge(rooted(t, sealed)), preview.ReasonChanged},
	} {
		d := preview.Open(one.data, one.report, render.Faces{})
		if d.Reason != one.reason || len(first(d)) != 0 || d.Page(1, "p", "", 1<<20).SVG != "" {
			t.Errorf("%s: %q", name, d.Reason)
		}
	}
}

// rooted changes Document.xml without changing what it means.
func rooted(t *testing.T, data []byte) []byte {
	return ofdtest.Edit(t, data, func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "/Document.xml") {
			return append(content, ' ')
		}
		return content
	})
}

func TestPreviewsAreBounded(t *testing.T) {
	k := newDesk(t)
	b := ofd.Builder{Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef"}}
	for range 30 {
		b.Pages = append(b.Pages, ofd.BuildPage{Width: 210, Height: 297})
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	data := k.w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Pack(t, files)})
	d := preview.Open(data, k.judge(data), render.Faces{})
	if pages := first(d); len(pages) != preview.DefaultLimits().Pages || d.Pages != 30 {
		t.Errorf("%d of %d pages", len(pages), d.Pages)
	}
	asked := 0
	if pages := d.First(preview.DefaultLimits(), "p", title, func() bool { asked++; return asked > 3 }); len(pages) != 3 {
		t.Errorf("%d pages after the time was over", len(pages))
	}
	whole := d.Page(1, "p", "", 1<<20)
	octets, budget := 0, 2*len(whole.SVG)+1
	for _, page := range d.First(preview.Limits{Pages: 30, PageBytes: 1 << 20, TotalBytes: budget}, "p", title, nil) {
		if octets += len(page.SVG) + len(page.PNG)*4/3; page.Reason != "" {
			t.Errorf("%+v", page)
		}
	}
	if octets == 0 || octets > budget {
		t.Errorf("%d octets, %d allowed", octets, budget)
	}
	// What is too large as vectors is drawn as pixels, what is too large as both is told.
	if page := d.Page(1, "p", "", len(whole.SVG)-1); page.SVG != "" || len(page.PNG) > len(whole.SVG) || page.PNG == nil && page.Reason != preview.ReasonLarge {
		t.Errorf("%+v", page)
	}
	if page := d.Page(1, "p", "", 10); page.Reason != preview.ReasonLarge || page.SVG != "" || page.PNG != nil {
		t.Errorf("%+v", page)
	}
	if page := d.Page(31, "p", "", 1<<20); page.Reason != preview.ReasonBroken {
		t.Errorf("%+v", page)
	}
}
