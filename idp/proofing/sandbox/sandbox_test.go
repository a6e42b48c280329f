package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func ask(t *testing.T, name, number, mobile string) (status int, result string) {
	t.Helper()
	return askAbout(t, sandbox.Persona{Name: name, Number: number, Mobile: mobile})
}

func askAbout(t *testing.T, p sandbox.Persona) (status int, result string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"request_id": "case_1", "name": p.Name, "id_type": p.Document(), "id_number": p.Number, "nationality": p.Nationality,
		"birth_date": p.Birth, "expires_on": p.Expires, "mobile": p.Mobile})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	w := httptest.NewRecorder()
	sandbox.Handler("token", time.Millisecond).ServeHTTP(w, r)
	var answer struct {
		RequestID string `json:"request_id"`
		Result    string `json:"result"`
		Simulated bool   `json:"simulated"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err == nil && (answer.RequestID != "case_1" || !answer.Simulated) {
		t.Errorf("answer %s", w.Body)
	}
	return w.Code, answer.Result
}

func TestEveryPersonaIsWellFormedAndAnswers(t *testing.T) {
	seen, kinds := map[string]bool{}, map[string]int{}
	for _, p := range sandbox.Personas {
		number, err := subject.DefaultDocuments().Parse(p.Document(), p.Number, p.Nationality)
		if err != nil || number.Number != p.Number || seen[p.Number] {
			t.Errorf("%s: number %s: %v", p.Name, p.Number, err)
		}
		kind, _ := subject.DefaultDocuments().Find(p.Document())
		if born := number.Birth.Format("2006-01-02"); kind.AsksBirth != (p.Birth != "" && p.Kind != subject.HMTResidencePermit) || p.Birth != "" && !number.Birth.IsZero() && p.Birth != born || kind.Expires != (p.Expires != "") {
			t.Errorf("%s: what the form asks for: %+v", p.Name, p)
		}
		kinds[p.Document()]++
		if name, err := subject.ParsePersonName(p.Name); err != nil || name != p.Name {
			t.Errorf("%s: %v", p.Name, err)
		}
		if identifier, err := subject.ParseIdentifier(p.Mobile); p.Mobile != "" && (err != nil || identifier.Value != p.Mobile || seen[p.Mobile]) {
			t.Errorf("%s: mobile %s: %v", p.Name, p.Mobile, err)
		}
		seen[p.Number], seen[p.Mobile] = true, true
		want := map[string]string{"own": "match", "none": "match", "other": "mobile_mismatch"}
		if strings.Contains(p.Note, "refused") {
			want = map[string]string{"own": "refused", "none": "refused", "other": "refused"}
		} else if p.Mobile == "" {
			want["own"] = "match" // asked without a number
		}
		for mobile, result := range map[string]string{p.Mobile: want["own"], "": want["none"], "+8613999999999": want["other"]} {
			asked := p
			asked.Mobile = mobile
			if _, got := askAbout(t, asked); got != result {
				t.Errorf("%s with mobile %q: %s, want %s", p.Name, mobile, got, result)
			}
		}
		for what, change := range map[string]func(*sandbox.Persona){
			"name": func(q *sandbox.Persona) { q.Name = "无此人" }, "nationality": func(q *sandbox.Persona) { q.Nationality = "BRA" },
			"birth": func(q *sandbox.Persona) { q.Birth = "1900-01-01" }, "expiry": func(q *sandbox.Persona) { q.Expires = "2031-01-01" },
			"kind": func(q *sandbox.Persona) { q.Kind = "library_card" },
		} {
			other := p
			change(&other)
			if _, got := askAbout(t, other); got != "mismatch" {
				t.Errorf("another %s with the number of %s: %s", what, p.Name, got)
			}
		}
	}
	for _, kind := range sandbox.Kinds() {
		if kinds[kind] == 0 {
			t.Errorf("nobody in the register has a %s", kind)
		}
	}
	if _, got := ask(t, "张三", "99990019800101001X", ""); got != "mismatch" {
		t.Errorf("the name of one with the number of another: %s", got)
	}
}

func TestMagicNames(t *testing.T) {
	const number = "11010519491231002X"
	if status, result := ask(t, simulated.NameBroken, number, ""); status != http.StatusInternalServerError || result != "" {
		t.Errorf("broken: %d %s", status, result)
	}
	if status, result := ask(t, simulated.NameGarbage, number, ""); status != http.StatusOK || result != "" {
		t.Errorf("garbage: %d %s", status, result)
	}
	if _, result := ask(t, simulated.NameSlow, number, ""); result != "" {
		t.Errorf("slow: %s", result)
	}
}

func TestOnlyQuestionsWithTheTokenAreAnswered(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"GET":         httptest.NewRequest(http.MethodGet, "/", nil),
		"no token":    httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")),
		"other token": httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")),
		"no JSON":     httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=张三")),
	} {
		switch name {
		case "other token":
			r.Header.Set("Authorization", "Bearer other")
		case "no JSON", "GET":
			r.Header.Set("Authorization", "Bearer token")
		}
		w := httptest.NewRecorder()
		sandbox.Handler("token", 0).ServeHTTP(w, r)
		if w.Code < 400 || w.Code > 499 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// TestHabit14TheTableOfTheGuideIsComplete: integrators read docs/integration/sandbox.md, not this package.
func TestHabit14TheTableOfTheGuideIsComplete(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	guide := string(content)
	for _, p := range sandbox.Personas {
		mobile := strings.TrimPrefix(p.Mobile, "+86")
		if mobile == "" {
			mobile = "–"
		}
		if row := fmt.Sprintf("| %s | %s | %s | %s", p.Name, p.Number, mobile, p.Note); !strings.Contains(guide, row) {
			t.Errorf("the guide has no row %q", row)
		}
	}
	if rows := strings.Count(guide, "\n| "); rows < len(sandbox.Personas)+6 {
		t.Errorf("%d rows", rows)
	}
	for _, name := range []string{simulated.NameSlow, simulated.NameBroken, simulated.NameGarbage} {
		if !strings.Contains(guide, "the name "+name) {
			t.Errorf("the guide does not tell of %s", name)
		}
	}
}
