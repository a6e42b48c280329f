package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// responseTypeMissing is RFC 6749 3.1.1: a request without response_type is refused.
var responseTypeMissing = check.Rule{
	ID:        "oidc/oidcc-response-type-missing",
	Title:     "a request without response_type is refused",
	Citation:  check.Citation{Standard: "RFC 6749", Clause: "3.1.1"},
	Scope:     "authorization request",
	Effective: "2012-10-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		r := t.Ask(t.Client(party.Ordinary), "response_type", "")
		t.NotAuthorized("a request without response_type", t.Authorize(ctx, t.NewBrowser(), r), "unsupported_response_type", "invalid_request")
	},
}
