package fapi2

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// happyFlow is FAPI 2.0 Security Profile 5.3.2.2: a pushed request gives a code, bound tokens and a verifiable ID token.
var happyFlow = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-happy-flow",
	Title:     "a pushed request gives a code, bound tokens and a verifiable ID token",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.2"},
	Scope:     "code flow",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c)
			if c.RedirectWithQuery() != "" {
				r = r.With("redirect_uri", c.RedirectWithQuery())
			}
			l := t.Authorize(ctx, t.Browser(), r)
			t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
			t.Holds("the push tells request_uri and its life", l.Pushed != nil && l.Pushed.Status == http.StatusCreated && lifeOf(l.Pushed.Body) > 0 && lifeOf(l.Pushed.Body) < 600, "it was answered %s with expires_in %v", l.Pushed.Said(), l.Pushed.Body["expires_in"])
			t.Right("state, issuer and address of the answer", t.CheckAnswer(r, l))
			answer := t.Redeem(ctx, r, l.Values.Get("code"))
			t.Taken("the code is redeemed", answer)
			tokens, err := t.CheckTokens(ctx, r, answer)
			t.Right("the token response and its ID token", err)
			algorithm, _ := party.Header(tokens.ID)["alg"].(string)
			t.Holds("the ID token is signed with an algorithm of the profile", slices.Contains(strong, algorithm) || strings.HasPrefix(algorithm, "SGD_"), "it is %q", algorithm)
			used(ctx, t, c, tokens)
		}, party.FAPI)
	},
}
