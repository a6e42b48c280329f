package license

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

func load(t *testing.T) []vectors.Vector {
	t.Helper()
	list, err := vectors.Load("license")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestGoldenVectorsCoverTheCodes: every V-code that a file, a package or a code can have is asked for, with its reasons. V40 is of look-ups by
// number, which no vector holds.
func TestGoldenVectorsCoverTheCodes(t *testing.T) {
	asked, golden := map[string]int{}, 0
	for _, v := range load(t) {
		name, content := Object(v)
		if name == "" {
			continue
		}
		golden++
		asked[string(v.Fields["verdict"])]++
		if len(content) == 0 || Golden(v) == "" {
			t.Errorf("%s has no object or no golden report", v.Name)
		}
	}
	for _, code := range []string{"V00", "V01", "V10", "V11", "V12", "V13", "V14", "V20", "V21", "V22", "V23", "V24", "V25", "V26", "V30", "V31", "V41"} {
		if asked[code] == 0 {
			t.Errorf("no vector asks for %s", code)
		}
	}
	if golden < 60 {
		t.Errorf("%d golden vectors", golden)
	}
}

// TestAReportThatIsNotTheGoldenOneFails: another V-code, a reason more, a reason less, or trust that cannot be read.
func TestAReportThatIsNotTheGoldenOneFails(t *testing.T) {
	list := load(t)
	at := slices.IndexFunc(list, func(v vectors.Vector) bool { return v.Name == "license/data-good" })
	if got := judge(list[at]); !got.Accepted || got.Code != "" {
		t.Fatalf("%+v", got)
	}
	for name, change := range map[string]func(map[string][]byte){
		"another V-code": func(f map[string][]byte) { f["verdict"] = []byte("V01") },
		"a reason more":  func(f map[string][]byte) { f["reasons"] = append(slices.Clone(f["reasons"]), " more"...) },
		"a reason less":  func(f map[string][]byte) { f["reasons"] = []byte("font_unbound") },
		"another moment": func(f map[string][]byte) { f["at"] = []byte("2026-12-03T00:00:00Z") },
		"no moment":      func(f map[string][]byte) { f["at"] = []byte("soon") },
		"no list":        func(f map[string][]byte) { f["status_list"] = []byte("none") },
	} {
		v := list[at]
		v.Fields = map[string][]byte{}
		for field, content := range list[at].Fields {
			v.Fields[field] = content
		}
		change(v.Fields)
		if got := judge(v); got.Accepted || got.Code != "report_differs" && got.Code != "vector" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
