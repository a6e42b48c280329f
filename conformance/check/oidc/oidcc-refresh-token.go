package oidc

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// refreshToken is OpenID Connect Core 1.0 12: a refresh token gives tokens for the same subject, to its own client alone.
var refreshToken = check.Rule{
	ID:        "oidc/oidcc-refresh-token",
	Title:     "a refresh token gives tokens for the same subject, to its own client alone",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "12"},
	Scope:     "refresh token",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary, party.Refreshes)
		r := t.Ask(c)
		tokens := t.Login(ctx, t.NewBrowser(), r)
		if tokens.Refresh == "" {
			t.Skip("no refresh token is issued")
		}
		other := t.Another(c, party.Ordinary)
		t.Refused("another client", t.Refresh(ctx, other, tokens.Refresh), "invalid_grant", "invalid_client")
		t.Refused("a token that was not issued", t.Refresh(ctx, c, tokens.Refresh+"x"), "invalid_grant")
		answer := t.Refresh(ctx, c, tokens.Refresh)
		t.Taken("the client itself", answer)
		if answer.String("id_token") != "" {
			claims, err := t.CheckIDToken(ctx, r.With("nonce", party.NonceOf(answer.String("id_token"))), answer.String("id_token"), answer.String("access_token"))
			t.Right("the ID token", err)
			t.Holds("subject and audience are the same", claims["sub"] == tokens.Text("sub"), "they changed")
			t.Holds("a nonce, if there is one, is the first", claims["nonce"] == nil || claims["nonce"] == r.Nonce(), "it is %v", claims["nonce"])
			t.Holds("auth_time is that of the login", claims["auth_time"] == tokens.Claims["auth_time"], "it was %v and is %v", tokens.Claims["auth_time"], claims["auth_time"])
		}
		a := t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), answer.String("access_token"))
		t.Taken("the new access token", a)
		t.Holds("it is for the same subject", a.String("sub") == tokens.Text("sub"), "it changed")
	},
}
