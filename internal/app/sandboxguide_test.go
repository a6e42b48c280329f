package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// guide is docs/integration/sandbox.md: its tables by the first cell of their heads, in the order of the page.
type guide struct {
	t      *testing.T
	tables map[string][][]string
}

func readGuide(t *testing.T) *guide {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	g := &guide{t, map[string][][]string{}}
	head := ""
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "| ") {
			if !strings.HasPrefix(line, "|") {
				head = ""
			}
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.Trim(strings.TrimSpace(cell), "`"))
		}
		if head == "" {
			head = strings.Join(cells[:min(3, len(cells))], ", ")
			continue
		}
		g.tables[head] = append(g.tables[head], cells)
	}
	return g
}

// rows of the table whose head begins so; none is a fault.
func (g *guide) rows(head string) (all [][]string) {
	g.t.Helper()
	for name, rows := range g.tables {
		if strings.HasPrefix(name, head) {
			all = append(all, rows...)
		}
	}
	if len(all) == 0 {
		g.t.Errorf("the guide has no table %q", head)
	}
	return all
}

// simulatedAnswer asks a simulated source as its client does; empty is silence.
func simulatedAnswer(t *testing.T, source http.Handler, question map[string]any) string {
	t.Helper()
	if question["request_id"] == nil {
		question["request_id"] = "case_1"
	}
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
	r.Header.Set("Authorization", "Bearer token")
	w := httptest.NewRecorder()
	source.ServeHTTP(w, r)
	var answer struct {
		Result any    `json:"result"`
		State  string `json:"state"`
	}
	if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &answer) != nil {
		return ""
	}
	result, _ := answer.Result.(string)
	return strings.TrimSpace(result + " " + answer.State)
}

var unset = strings.NewReplacer("–", "")

// TestHabit14EveryRowOfTheSandboxGuideHolds: each persona, magic name, card, account, organisation, child and address of
// docs/integration/sandbox.md is given to the simulated service, which does what the row says; and the guide leaves none out.
func TestHabit14EveryRowOfTheSandboxGuideHolds(t *testing.T) {
	g := readGuide(t)
	authority, bank, transfers, registers := sandbox.Handler("token", 0), sandbox.Bank("token", 0), sandbox.Transfers("token", 0, func(string, string, int) {}), register.Simulated("token", 0)
	same := func(what string, rows [][]string, have int) {
		t.Helper()
		if len(rows) != have {
			t.Errorf("the guide has %d %s, the sandbox %d", len(rows), what, have)
		}
	}

	personas := g.rows("name, number, mobile")
	same("personas", personas, len(sandbox.Personas))
	for _, row := range personas {
		question := map[string]any{"name": row[0], "id_number": row[1], "id_type": subject.CitizenID}
		if mobile := unset.Replace(row[2]); mobile != "" {
			question["mobile"] = "+86" + mobile
		}
		if len(row) > 4 {
			question["id_type"], question["nationality"], question["birth_date"], question["expires_on"] = row[4], unset.Replace(row[5]), row[6], row[7]
		}
		want := "match"
		if strings.Contains(row[3], "refused") {
			want = "refused"
		}
		if got := simulatedAnswer(t, authority, question); got != want {
			t.Errorf("persona %v: %q, want %q", row, got, want)
		}
		if want == "match" {
			question["name"] = "别人"
			if got := simulatedAnswer(t, authority, question); got != "mismatch" {
				t.Errorf("another name with the number of %s: %q", row[0], got)
			}
			question["name"], question["mobile"] = row[0], "+8613900000000"
			if got := simulatedAnswer(t, authority, question); got != "mobile_mismatch" {
				t.Errorf("another mobile number with %s: %q", row[0], got)
			}
		}
	}
	silent := 0
	for _, row := range g.rows("input, outcome") {
		if name, ok := strings.CutPrefix(row[0], "the name "); ok {
			silent++
			for what, source := range map[string]http.Handler{"authority": authority, "register": registers, "bank": bank, "carrier": sandbox.Carrier("token", 0)} {
				if got := simulatedAnswer(t, source, map[string]any{"name": name, "id_number": "11010519491231002X"}); got != "" {
					t.Errorf("the %s answers %q to the name %s", what, got, name)
				}
			}
		}
	}
	if silent != 3 {
		t.Errorf("the guide has %d magic names", silent)
	}

	cards := g.rows("card, what")
	same("cards", cards, len(sandbox.Cards)+3+1)
	numberInBrackets := regexp.MustCompile(`^(?:that of )?(\S+?)(?: \((\w+)\))?$`)
	for _, row := range cards {
		question, want := map[string]any{"card": row[0], "name": "张三", "id_number": "11010519491231002X", "mobile": "+8613800138000"}, ""
		switch {
		case row[0] == "any other":
			question["card"], want = "6222999900000099999", "card_mismatch"
		case !strings.HasPrefix(row[1], "silent"):
			found := numberInBrackets.FindStringSubmatch(row[1])
			at := slices.IndexFunc(sandbox.Personas, func(p sandbox.Persona) bool {
				return found != nil && p.Name == found[1] && (found[2] == "" || p.Number == found[2])
			})
			if at < 0 {
				t.Errorf("card %v is nobody's", row)
				continue
			}
			p := sandbox.Personas[at]
			question["name"], question["id_number"], question["mobile"], want = p.Name, p.Number, p.Mobile, "match"
		}
		question["id_type"] = subject.CitizenID
		if got := simulatedAnswer(t, bank, question); got != want {
			t.Errorf("card %v: %q, want %q", row, got, want)
		}
		if strings.Contains(row[1], "a minute later") {
			question["recall"] = true
			if got := simulatedAnswer(t, bank, question); got != "match" {
				t.Errorf("card %v asked about again: %q", row, got)
			}
		}
	}

	for _, row := range g.rows("account, what") {
		account, want := row[0], row[1]
		if account == "any other" {
			account = "9999000000001"
		}
		if strings.HasPrefix(want, "silent") {
			want = ""
		}
		if got := simulatedAnswer(t, transfers, map[string]any{"account": account, "amount_fen": 12}); got != want {
			t.Errorf("account %v: %q", row, got)
		}
	}

	organisations := g.rows("code, name, legal representative")
	same("organisations", organisations, len(register.Organisations))
	for _, row := range organisations {
		holder := numberInBrackets.FindStringSubmatch(row[2])
		at := slices.IndexFunc(register.Organisations, func(o register.SimulatedOrganisation) bool {
			return o.Code == row[0] && holder != nil && o.HolderName == holder[1] && (holder[2] == "" || o.HolderID == holder[2])
		})
		if at < 0 {
			t.Errorf("organisation %v is not in the register", row)
			continue
		}
		question := map[string]any{"kind": "organisation", "unified_social_credit_code": row[0], "name": row[1], "holder_name": holder[1], "holder_id_number": register.Organisations[at].HolderID}
		want := "match " + map[string]string{"registered": "registered", "deregistered": "deregistered", "revoked": "revoked"}[row[3]]
		if got := simulatedAnswer(t, registers, question); got != want {
			t.Errorf("organisation %v: %q, want %q", row, got, want)
		}
	}
	children := g.rows("name, number, guardians")
	same("children", children, len(register.Children))
	for _, row := range children {
		for guardian := range strings.SplitSeq(row[2], ", ") {
			found := numberInBrackets.FindStringSubmatch(guardian)
			at := slices.IndexFunc(sandbox.Personas, func(p sandbox.Persona) bool {
				return found != nil && p.Name == found[1] && (found[2] == "" || p.Number == found[2])
			})
			if at < 0 {
				t.Errorf("guardian %q of %s is no persona", guardian, row[0])
				continue
			}
			p := sandbox.Personas[at]
			if got := simulatedAnswer(t, registers, map[string]any{"kind": "guardian", "name": row[0], "id_number": row[1], "holder_name": p.Name, "holder_id_number": p.Number, "relation": "parent"}); got != "match" {
				t.Errorf("%s as guardian of %s: %q", guardian, row[0], got)
			}
		}
	}
	messages(t, g)
}

// messages: each magic address fails as its row says, and no other number does.
func messages(t *testing.T, g *guide) {
	t.Helper()
	rows := g.rows("mobile number, mail to")
	magic := map[string]bool{}
	outcome := func(to string) string {
		kept := 0
		s := &channel.Simulator{Keep: func(context.Context, channel.Letter) error { kept++; return nil }}
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // whoever is slow is given up at once
		letter := channel.Letter{Message: channel.Message{ID: "msg_1", To: to}}
		_, err := s.Send(ctx, letter)
		switch {
		case errors.Is(err, channel.ErrRefused):
			return "refused"
		case errors.Is(err, context.Canceled):
			return "slow"
		case errors.Is(err, channel.ErrUnsent):
			if _, err := s.Send(ctx, letter); err == nil && kept == 1 {
				return "flaky"
			}
		case err == nil && kept == 0:
			return "lost"
		case err == nil && kept == 1:
			return ""
		}
		return fmt.Sprint(err)
	}
	for _, row := range rows {
		word, _, _ := strings.Cut(row[1], "@")
		magic[row[0]] = true
		for _, to := range []string{"+86" + row[0], word + "@example.cn"} {
			if got := outcome(to); got != word {
				t.Errorf("%s: %q, want %q", to, got, word)
			}
		}
	}
	for n := range 1000 {
		number := fmt.Sprintf("13800138%03d", n)
		if got := outcome("+86" + number); (got != "") != magic[number] {
			t.Errorf("%s: %q, in the guide: %v", number, got, magic[number])
		}
	}
}
