// Package sandbox is the simulated authority: an HTTP server that answers the protocol of docs/integration/authority.md
// for documented personas and magic inputs, so that integrators reach every branch without a register. It knows no real
// person: every number in it is made up and has a division code that is not in use, or is a published example.
package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Persona is a made-up person of the register.
type Persona struct {
	Name   string
	Number string
	Mobile string // number in the person's own name
	Note   string
}

// Personas is the register. docs/integration/sandbox.md shows it.
var Personas = []Persona{
	{"张三", "11010519491231002X", "+8613800138000", "the ordinary case"},
	{"李四", "99990019800101001X", "+8613800138001", "second ordinary case"},
	{"王小明", "999900201503120037", "+8613800138002", "a minor"},
	{"欧阳春晓", "999900199105050029", "+8613800138003", "compound surname"},
	{"阿依古丽·买买提", "999900198807070046", "+8613800138004", "a name with ·"},
	{"𬭎锋", "999900197606060058", "+8613800138005", "a rare character"},
	{"张三", "999900196002020069", "+8613800138006", "the same name as another"},
	{"赵奶奶", "999900193510010023", "", "an elder without a phone"},
	{"钱法人", "999900197903030074", "+8613800138008", "legal representative"},
	{"孙经办", "999900199212120088", "+8613800138009", "agent of an organisation"},
	{"周已故", "999900195001010091", "+8613800138010", "deceased: refused"},
	{"吴冻结", "999900198404040109", "+8613800138011", "frozen: refused"},
}

// Magic names steer the answer whatever the number is.
const (
	NameSlow    = "超时"
	NameBroken  = "故障"
	NameGarbage = "乱码"
)

// Handler answers POST requests that carry the token.
func Handler(token string, slow time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "simulated authority: POST with the token", http.StatusUnauthorized)
			return
		}
		var q struct {
			RequestID string `json:"request_id"`
			Name      string `json:"name"`
			IDNumber  string `json:"id_number"`
			Mobile    string `json:"mobile"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil {
			http.Error(w, "simulated authority: not JSON", http.StatusBadRequest)
			return
		}
		switch q.Name {
		case NameSlow:
			select {
			case <-time.After(slow):
			case <-r.Context().Done():
			}
			return
		case NameBroken:
			http.Error(w, "simulated failure", http.StatusInternalServerError)
			return
		case NameGarbage:
			w.Write([]byte(`{"request_id": "` + q.RequestID + `", "result": tru`))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"request_id": q.RequestID, "result": judge(q.Name, q.IDNumber, q.Mobile), "simulated": true})
	})
}

func judge(name, number, mobile string) string {
	for _, p := range Personas {
		if p.Number != number || p.Name != name {
			continue
		}
		switch {
		case strings.Contains(p.Note, "refused"):
			return "refused"
		case mobile != "" && mobile != p.Mobile:
			return "mobile_mismatch"
		}
		return "match"
	}
	return "mismatch"
}
