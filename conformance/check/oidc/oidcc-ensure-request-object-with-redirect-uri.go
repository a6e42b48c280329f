package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestObjectRedirect is OpenID Connect Core 1.0 6.1: a request object says where the answer goes, or an error is shown.
var requestObjectRedirect = check.Rule{
	ID:        "oidc/oidcc-ensure-request-object-with-redirect-uri",
	Title:     "a request object says where the answer goes, or an error is shown",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "6.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		var c party.Client
		for _, one := range t.With.Clients {
			if one.RequestObjectAlg != "" && !one.FAPI() && one.Key().Signer != nil {
				c = one
			}
		}
		if c.ClientID == "" {
			t.Skip("no client with request_object_signing_alg and a key is in the file")
		}
		r := t.Ask(c)
		outside := r.With("request", t.Object(r, nil), "redirect_uri", "https://other.conformance.example/cb")
		l := t.Authorize(ctx, t.NewBrowser(), outside)
		if l.Values.Has("code") {
			t.Right("the answer goes where the object says", t.CheckAnswer(r, l))
			return
		}
		t.ShownOnPage("an address outside that is not registered", l)
	},
}
