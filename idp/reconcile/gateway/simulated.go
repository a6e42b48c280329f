package gateway

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
)

// Simulated is the register of a sandbox over the personas of the simulated authority, behind the same protocol. Its magic
// names are those of the authority; "更名" as a name is one that was changed.
func Simulated(token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "simulated register: POST with the token", http.StatusUnauthorized)
			return
		}
		var q question
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil {
			http.Error(w, "simulated register: not JSON", http.StatusBadRequest)
			return
		}
		if q.Name == sandbox.NameSlow || q.Name == sandbox.NameBroken || q.Name == sandbox.NameGarbage {
			http.Error(w, "simulated failure", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"request_id": q.RequestID, "result": judge(q), "simulated": true})
	})
}

func judge(q question) reconcile.Result {
	if strings.HasPrefix(q.IDNumber, "persona-") { // made up for a persona that is in no register
		return reconcile.Confirmed
	}
	for _, p := range sandbox.Personas {
		switch {
		case p.Number != q.IDNumber:
		case strings.HasPrefix(p.Note, "deceased"):
			return reconcile.Deceased
		case p.Name != q.Name:
			return reconcile.Changed
		default:
			return reconcile.Confirmed
		}
	}
	return reconcile.Unknown
}
