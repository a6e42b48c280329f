package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestA20MandateOpensItsOperationsAlone: a token of somebody who acts for another calls what the mandate has the right for, whatever its
// scopes are; the same person's own token calls all of it.
func TestA20MandateOpensItsOperationsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "trusted", Scope: "openid profile mandates licenses my_data", ActingFor: true})
		p.Persona(elder, "赵奶奶", 2)
		p.Persona(helper, "李四", 2)
		m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{})
		b := p.SignIn(helper)
		token := func(whom string) string {
			return p.Redeem(c, p.Code(b, c, url.Values{"acting_for": {whom}}).Get("code"), nil).String("access_token")
		}
		acting, own := token(m.ID), token("self")
		for _, call := range []struct {
			method, path string
			open         bool // to a mandate of viewing and submitting
		}{
			{http.MethodGet, "/api/v1/me/licenses", true},
			{http.MethodGet, "/api/v1/licenses/none", true},
			{http.MethodPost, "/api/v1/licenses/none/presentations", false},
			{http.MethodGet, "/api/v1/mandates", false},
			{http.MethodGet, "/api/v1/me/records", false},
			{http.MethodGet, "/api/v1/license-types", false},
		} {
			body := map[string]string{http.MethodPost: "{}"}[call.method]
			refused := func(token string) bool {
				answer := raw(t, p, call.method, call.path, token, body)
				return answer.Status == http.StatusForbidden && strings.Contains(answer.Header.Get("WWW-Authenticate"), "insufficient_scope")
			}
			if refused(acting) == call.open {
				t.Errorf("%s %s under a mandate: open is %t", call.method, call.path, !call.open)
			}
			if refused(own) {
				t.Errorf("%s %s is refused to the person", call.method, call.path)
			}
		}
	})
}
