package orderform

import (
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

const form = "multipart/form-data; boundary=b"

func part(name, more, content string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content + "\r\n"
}

func TestFormsOfTwoParts(t *testing.T) {
	const end = "--b--\r\n"
	order, file := part("order", "", `{"item":"a"}`), part("file", `; filename="名.csv"`, "x,y")
	for name, c := range map[string]struct {
		media, body string
		code        fault.Code
	}{
		"order and file":           {form, order + file + end, ""},
		"file and order":           {form, file + order + end, ""},
		"an empty file":            {form, order + part("file", "", "") + end, ""},
		"no form":                  {"application/json", "{}", fault.UnsupportedMedia},
		"no boundary":              {"multipart/form-data", order + file + end, fault.UnsupportedMedia},
		"no media type":            {"", order + file + end, fault.UnsupportedMedia},
		"no order":                 {form, file + end, fault.Malformed},
		"no file":                  {form, order + end, fault.Malformed},
		"order twice":              {form, order + order + file + end, fault.Malformed},
		"file twice":               {form, order + file + file + end, fault.Malformed},
		"another part":             {form, order + file + part("x", "", "y") + end, fault.Malformed},
		"cut off":                  {form, order + "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx", fault.Malformed},
		"an order of other names":  {form, part("order", "", `{"other":1}`) + file + end, fault.Malformed},
		"an order in other case":   {form, part("order", "", `{"Item":"a"}`) + file + end, fault.Malformed},
		"a member twice":           {form, part("order", "", `{"item":"a","item":"b"}`) + file + end, fault.Malformed},
		"an order that is no JSON": {form, part("order", "", `{`) + file + end, fault.Malformed},
		"an order beyond bounds":   {form, part("order", "", `{"item":"`+strings.Repeat("a", MaxOrder)+`"}`) + file + end, fault.Malformed},
	} {
		var into struct {
			Item string `json:"item"`
		}
		got, err := Read(c.media, []byte(c.body), &into)
		if err != nil && c.code != "" && fault.CodeOf(err) == c.code {
			continue
		}
		if err != nil || c.code != "" || into.Item != "a" || name != "an empty file" && (got.Name != "名.csv" || string(got.Content) != "x,y") {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}
