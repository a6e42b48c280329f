package sandbox

import (
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp/source/simulated"
)

// Magic bank accounts of organisations steer the answer of the simulated bank; any other takes the transfer.
const (
	AccountOther   = "9999000000404" // stands in another name
	AccountRefused = "9999000000409"
	AccountBroken  = "9999000000500" // silent
	AccountSlow    = "9999000000408" // silent for longer than anybody waits
)

// Transfers is the simulated bank of organisations. arrived is told what arrives at an account; the same order arrives once for each
// time it is given, as the amount is the same.
func Transfers(token string, slow time.Duration, arrived func(requestID, account string, fen int)) http.Handler {
	type order struct {
		RequestID string `json:"request_id"`
		Account   string `json:"account"`
		Fen       int    `json:"amount_fen"`
	}
	return simulated.Handler(simulated.Source{What: "bank", Token: token, Slow: slow}, func(q order, r *http.Request) map[string]any {
		switch q.Account {
		case AccountOther:
			return map[string]any{"result": "account_mismatch"}
		case AccountRefused:
			return map[string]any{"result": "refused"}
		case AccountSlow:
			select {
			case <-time.After(slow):
			case <-r.Context().Done():
			}
			return nil
		case AccountBroken:
			return nil
		}
		arrived(q.RequestID, q.Account, q.Fen)
		return map[string]any{"result": "ordered"}
	})
}
