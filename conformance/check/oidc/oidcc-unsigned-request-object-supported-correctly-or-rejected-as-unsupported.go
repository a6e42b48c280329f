package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// unsignedRequestObject is OpenID Connect Core 1.0 6.1: an unsigned request object is used or refused, never passed over.
var unsignedRequestObject = check.Rule{
	ID:        "oidc/oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
	Title:     "an unsigned request object is used or refused, never passed over",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "6.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		r := t.Ask(t.Client(party.Ordinary))
		inside := r.With("state", "inside-the-object")
		object := t.ObjectBy(t.NewKey(), party.Changes{"alg": "none", "kid": nil, "typ": nil}, inside, party.Changes{"exp": nil, "nbf": nil, "iat": nil, "jti": nil})
		l := t.Authorize(ctx, t.NewBrowser(), r.With("request", object))
		if l.Values.Has("code") {
			t.Holds("the object is used", l.Values.Get("state") == "inside-the-object", "state is that of the parameters outside")
			return
		}
		t.NotAuthorized("an unsigned request object", l, "request_not_supported", "invalid_request_object")
	},
}
