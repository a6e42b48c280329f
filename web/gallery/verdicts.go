package gallery

import (
	"embed"
	"strings"

	"github.com/yinxin-gov/yinxin/web"
)

//go:embed reports/*.json
var reports embed.FS

// verdicts are the verification pages: the form and one page for each report in reports/.
func verdicts() []Sample {
	samples := []Sample{
		{Name: "verify", Template: "verify", Page: web.Page{Body: web.VerifyPage{}}},
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
		body, err := web.NewVerifyResult(raw, "zh-CN")
		if err != nil {
			panic(err) // a report of ours that cannot be shown is a fault of this package
		}
		samples = append(samples, Sample{Name: "verify-" + strings.TrimSuffix(entry.Name(), ".json"), Template: "verify-result", Page: web.Page{Body: body}})
	}
	return samples
}
