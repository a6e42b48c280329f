package gateway

import (
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
)

// Simulated is the register of a sandbox over the personas of the simulated authority, behind the same protocol. Its magic
// names are those of the authority; "更名" as a name is one that was changed.
func Simulated(token string) http.Handler {
	return simulated.Handler(simulated.Source{What: "register", Token: token}, func(q question, _ *http.Request) map[string]any {
		return map[string]any{"result": judge(q)}
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
