package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// uiLocales is OpenID Connect Core 1.0 15.1: ui_locales causes no error, in a language that is offered or not.
var uiLocales = check.Rule{
	ID:        "oidc/oidcc-ui-locales",
	Title:     "ui_locales causes no error, in a language that is offered or not",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "15.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		c := t.Client(party.Ordinary)
		for _, language := range append([]string{"se"}, t.Metadata.List("ui_locales_supported")...) {
			succeeds(ctx, t, "a request with ui_locales="+language, t.Ask(c, "ui_locales", language))
		}
	},
}
