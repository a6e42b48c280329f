package oidc

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// keyRotation is OpenID Connect Core 1.0 10.1.1: after a client has changed its keys, the new ones count and the old ones do not.
var keyRotation = check.Rule{
	ID:        "oidc/oidcc-refresh-token-rp-key-rotation",
	Title:     "after a client has changed its keys, the new ones count and the old ones do not",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "10.1.1"},
	Scope:     "client authentication",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("token_endpoint_auth_methods_supported", "private_key_jwt")
		first, second := t.NewKey(), t.NewKey()
		members := func(key party.Key) map[string]any {
			return map[string]any{"client_name": "Conformance", "redirect_uris": []string{"https://conformance.example/rotating/cb"}, "grant_types": []string{"authorization_code", "refresh_token"},
				"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256", "jwks": t.PublicSet(key)}
		}
		registered := t.Register(ctx, members(first))
		t.Taken("a registration with a key", registered)
		defer t.Unregister(ctx, registered)
		c := party.Registered(registered, first)
		tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c))
		if tokens.Refresh == "" {
			t.Skip("no refresh token is issued")
		}
		change := members(second)
		change["client_id"] = c.ClientID
		if a := t.Update(ctx, registered, change); !a.OK() || a.Status == http.StatusAccepted {
			t.Skip("a registration cannot be changed at once: %s", a.Said())
		}
		t.Refused("an assertion by the old key", t.Refresh(ctx, c, tokens.Refresh), "invalid_client")
		t.Taken("an assertion by the new key", t.Refresh(ctx, c, tokens.Refresh, party.AssertionBy(second, nil)))
	},
}
