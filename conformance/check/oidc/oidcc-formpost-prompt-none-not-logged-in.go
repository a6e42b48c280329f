package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// formPostError is OAuth 2.0 Form Post Response Mode 2: an error comes by form as well.
var formPostError = check.Rule{
	ID:        "oidc/oidcc-formpost-prompt-none-not-logged-in",
	Title:     "an error comes by form as well",
	Citation:  check.Citation{Standard: "OAuth 2.0 Form Post Response Mode", Clause: "2"},
	Scope:     "authorization response",
	Effective: "2015-04-27",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("response_modes_supported", "form_post")
		r := t.Ask(t.Client(party.Ordinary), "response_mode", "form_post", "prompt", "none")
		l := t.Watch(ctx, t.NewBrowser(), r)
		t.Denied("a silent request of nobody", r, l, errorsOfSilence...)
		t.Holds("it comes by a form", l.Mode == "form_post", "it comes by %s", l.Mode)
	},
}
