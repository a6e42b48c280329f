package fapi2

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// scopeOrder is RFC 6749 3.3: the order of scopes does not matter.
var scopeOrder = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-other-scope-order-succeeds",
	Title:     "the order of scopes does not matter",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.3"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			names := strings.Fields(t.Ask(c).Params.Get("scope"))
			slices.Reverse(names)
			succeeds(ctx, t, "scopes in another order", t.Ask(c, "scope", strings.Join(names, " ")))
		}, party.FAPI)
	},
}
