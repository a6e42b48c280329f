package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// formPostServer is OAuth 2.0 Form Post Response Mode 2: an answer by form holds what an answer by address holds.
var formPostServer = check.Rule{
	ID:        "oidc/oidcc-formpost-server",
	Title:     "an answer by form holds what an answer by address holds",
	Citation:  check.Citation{Standard: "OAuth 2.0 Form Post Response Mode", Clause: "2"},
	Scope:     "authorization response",
	Effective: "2015-04-27",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("response_modes_supported", "form_post")
		r := t.Ask(t.Client(party.Ordinary), "response_mode", "form_post")
		l := t.Authorize(ctx, t.NewBrowser(), r)
		t.Require("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
		t.Holds("it comes by a form", l.Mode == "form_post", "it comes by %s", l.Mode)
		t.Right("state, issuer and address of the answer", t.CheckAnswer(r, l))
		t.Tokens(ctx, r, t.CodeOf(r, l))
	},
}
