package fapi2

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// refreshToken is FAPI 2.0 Security Profile 5.3.2.1: a refresh token gives bound tokens to its own client alone.
var refreshToken = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-refresh-token",
	Title:     "a refresh token gives bound tokens to its own client alone",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1"},
	Scope:     "refresh token",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI)
			r := t.Ask(c)
			tokens := t.Login(ctx, t.Browser(), r)
			if tokens.Refresh == "" {
				t.Skip("no refresh token is issued")
			}
			t.Refused("another client", t.Refresh(ctx, other, tokens.Refresh), "invalid_grant", "invalid_client")
			t.Refused("no client authentication", t.Refresh(ctx, c, tokens.Refresh, party.Anonymous, party.WithoutCertificate, party.NamedAs(c.ClientID)), badClient...)
			if c.DPoP {
				t.Refused("no proof", t.Refresh(ctx, c, tokens.Refresh, party.WithoutProof), badProof...)
			}
			answer := t.Refresh(ctx, c, tokens.Refresh)
			t.Taken("the client itself", answer)
			fresh, err := t.CheckTokens(ctx, r.With("nonce", party.NonceOf(answer.String("id_token")), "scope", scopeOf(answer)), answer)
			t.Right("the token response", err)
			t.Taken("the new access token", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), fresh.Access))
		}, party.FAPI, party.Refreshes)
	},
}
