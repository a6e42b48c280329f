package fapi2

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// signedAnswer is FAPI 2.0 Message Signing 5.4: a signed answer names issuer, audience and a near end, in the registered algorithm, also when it is an error.
var signedAnswer = check.Rule{
	ID:        "fapi2/fapi2-jarm-response",
	Title:     "a signed answer names issuer, audience and a near end, in the registered algorithm, also when it is an error",
	Citation:  check.Citation{Standard: "FAPI 2.0 Message Signing", Clause: "5.4"},
	Scope:     "authorization response",
	Effective: "2025-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			judge := func(l party.Landing) {
				t.Require("the answer is signed", l.Response != "", "%s", l.Said())
				claims := party.Payload(l.Response) // issuer, audience and signature are verified on the way
				end, _ := claims["exp"].(float64)
				life := time.Unix(int64(end), 0).Sub(t.Now())
				t.Holds("it ends within ten minutes", life > 0 && life <= 10*time.Minute, "exp is %s from now", life.Round(time.Second))
				t.Holds("it is signed with the registered algorithm", party.Header(l.Response)["alg"] == c.AuthorizationAlg, "alg is %v", party.Header(l.Response)["alg"])
			}
			r := t.Ask(c)
			l := t.Authorize(ctx, t.Browser(), r)
			t.For("code", func(*party.Trial) {
				judge(l)
				t.Right("code, state and issuer in it", t.CheckAnswer(r, l))
			})
			r = t.Ask(c, "prompt", "none")
			l = t.Watch(ctx, t.NewBrowser(), r)
			t.For("error", func(*party.Trial) {
				judge(l)
				t.Denied("a silent request of nobody", r, l, "login_required", "interaction_required")
			})
		}, party.FAPI, party.Answered)
	},
}
