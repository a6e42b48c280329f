package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestURIOfAnother is RFC 9126 2.2: a pushed request is no good for another client.
var requestURIOfAnother = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client",
	Title:     "a pushed request is no good for another client",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "2.2"},
	Scope:     "authorization request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI)
			pushed := t.Push(ctx, t.Ask(c))
			t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
			t.NotAuthorized("the request_uri of another client", t.Follow(ctx, t.NewBrowser(), other, party.PushedQuery(other, pushed)), "invalid_request", "invalid_request_uri", "invalid_request_object")
		}, party.FAPI)
	},
}
