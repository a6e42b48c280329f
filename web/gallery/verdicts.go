package gallery

import (
	"embed"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/web"
)

//go:embed reports/*.json
var reports embed.FS

//go:embed sheets/sheet.svg
var sheet string

var sealOf = regexp.MustCompile(`<g class="ofd-seal">.*</g>`)

// page is one page as the renderer of documents writes it.
func page(number int, verdict string, drawn bool) web.ShownPage {
	prefix := "r0p" + strconv.Itoa(number)
	out := web.ShownPage{Number: number, Width: 210, Height: 297, SVG: template.HTML(strings.NewReplacer("ID-", prefix+"-", "TITLE", "第 "+strconv.Itoa(number)+" 页").Replace(sheet))}
	if !drawn {
		out.SVG = template.HTML(sealOf.ReplaceAllString(string(out.SVG), ""))
	}
	if number == 1 {
		out.Marks = []web.SealMark{{Signature: 1, Seal: "示例市市场监督管理局登记专用章", Verdict: verdict, Drawn: drawn, X: 140, Y: 205, Width: 42, Height: 42}}
	}
	return out
}

// documents are what the files of some reports show.
func documents() map[string]*web.ShownDocument {
	valid := &web.ShownDocument{Total: 14, Pages: []web.ShownPage{page(1, "valid", true), page(2, "valid", true)}}
	valid.Pages[0].Notes = []web.PageNote{{Kind: "font", Count: 2}}
	revoked := &web.ShownDocument{Total: 1, Pages: []web.ShownPage{page(1, "valid", true)}}
	tampered := &web.ShownDocument{Total: 2, Others: 1, Pages: []web.ShownPage{page(1, "invalid", false), {Number: 2, Reason: "changed"}}}
	for _, kind := range []string{"seal", "annotation", "invisible", "picture", "letter", "omitted", "different"} {
		tampered.Pages[0].Notes = append(tampered.Pages[0].Notes, web.PageNote{Kind: kind, Count: 1})
	}
	return map[string]*web.ShownDocument{
		"valid": valid, "revoked": revoked, "tampered": tampered, "untrusted": {Total: 1, Pages: []web.ShownPage{page(1, "indeterminate", true)}},
		"unsealed": {Reason: "unsigned"}, "unreadable": {Reason: "format"}, "stale": {Reason: "busy"},
	}
}

// verdicts are the verification pages: the form and one page for each report in reports/.
func verdicts(locale string) []Sample {
	samples := []Sample{
		{Name: "verify", Template: "verify", Page: web.Page{Body: web.VerifyPage{ReportURL: "/verify/report"}}},
		{Name: "verify-error", Template: "verify", Status: 422, Page: web.Page{Body: web.VerifyPage{Number: "1.2.156.3005.2"}, Errors: []web.FieldError{{Field: "verify-file", Message: "请选择文件"}, {Field: "verify-check", Message: "请填写 4 位"}}}},
	}
	entries, err := reports.ReadDir("reports")
	if err != nil {
		panic(err) // the folder is embedded
	}
	for _, entry := range entries {
		raw, err := reports.ReadFile("reports/" + entry.Name())
		if err != nil {
			panic(err)
		}
		body, err := web.NewVerifyResult(raw, locale)
		if err != nil {
			panic(err) // a report of ours that cannot be shown is a fault of this package
		}
		if entry.Name() == "valid.json" {
			body.Held = "key_example.AAAA"
		}
		body.OfferForgeryReport("/verify/report")
		body.Results[0].Shown = documents()[strings.TrimSuffix(entry.Name(), ".json")]
		samples = append(samples, Sample{Name: "verify-" + strings.TrimSuffix(entry.Name(), ".json"), Template: "verify-result", Page: web.Page{Body: body}})
	}
	return samples
}
