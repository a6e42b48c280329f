package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestURIUnsigned is OpenID Connect Core 1.0 6.2: an address of a request object is refused by a server that does not fetch.
var requestURIUnsigned = check.Rule{
	ID:        "oidc/oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
	Title:     "an address of a request object is refused by a server that does not fetch",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "6.2"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		if supported, told := t.Metadata["request_uri_parameter_supported"].(bool); supported || !told {
			t.Skip("the server fetches request objects; the runner has no public address to serve one")
		}
		r := t.Ask(t.Client(party.Ordinary), "request_uri", "https://conformance.example/object")
		t.NotAuthorized("a request_uri", t.Authorize(ctx, t.NewBrowser(), r), "request_uri_not_supported", "invalid_request_uri", "invalid_request")
	},
}
