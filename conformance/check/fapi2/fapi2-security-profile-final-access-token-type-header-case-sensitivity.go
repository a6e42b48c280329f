package fapi2

import (
	"context"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// schemeCase is RFC 9110 11.1: the word before an access token may be written in any case.
var schemeCase = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-access-token-type-header-case-sensitivity",
	Title:     "the word before an access token may be written in any case",
	Citation:  check.Citation{Standard: "RFC 9110", Clause: "11.1"},
	Scope:     "resource request",
	Effective: "2022-06-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			tokens := t.Login(ctx, t.Browser(), t.Ask(c))
			scheme := "Bearer"
			if c.DPoP {
				scheme = "DPoP"
			}
			for _, word := range []string{strings.ToLower(scheme), strings.ToUpper(scheme), otherCase(scheme)} {
				t.Taken("the word "+word, t.ResourceAs(ctx, c, http.MethodGet, t.Userinfo(c), word, tokens.Access))
			}
		}, party.FAPI)
	},
}
