package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// pushOfURI is RFC 9126 2.1: a request_uri cannot be pushed.
var pushOfURI = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param",
	Title:     "a request_uri cannot be pushed",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "2.1"},
	Scope:     "pushed request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			r := t.Ask(c, "request_uri", "urn:ietf:params:oauth:request_uri:bwc4JK-ESC0w8acc191e-Y1LTC2")
			t.Refused("a push with request_uri", t.PushForm(ctx, c, r.Params), "invalid_request", "invalid_request_object", "invalid_request_uri")
		}, party.FAPI, party.Plain)
	},
}
