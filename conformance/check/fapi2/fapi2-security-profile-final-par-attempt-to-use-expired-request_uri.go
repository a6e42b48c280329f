package fapi2

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// requestURIExpired is RFC 9126 2.2: a pushed request ends when it was said to.
var requestURIExpired = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-attempt-to-use-expired-request_uri",
	Title:     "a pushed request ends when it was said to",
	Citation:  check.Citation{Standard: "RFC 9126", Clause: "2.2"},
	Scope:     "authorization request",
	Effective: "2021-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.FAPI)
		pushed := t.Push(ctx, t.Ask(c))
		t.Need("the request is pushed", pushed.OK(), "%s", pushed.Said())
		t.Wait(ctx, time.Duration(lifeOf(pushed.Body)+1)*time.Second)
		t.NotAuthorized("a pushed request that has ended", t.Follow(ctx, t.NewBrowser(), c, party.PushedQuery(c, pushed)), "invalid_request_uri", "invalid_request")
	},
}
