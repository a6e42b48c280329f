package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// formPostRedirect is OAuth 2.0 Form Post Response Mode 2: no form leads to an address that is not registered.
var formPostRedirect = check.Rule{
	ID:        "oidc/oidcc-formpost-ensure-registered-redirect-uri",
	Title:     "no form leads to an address that is not registered",
	Citation:  check.Citation{Standard: "OAuth 2.0 Form Post Response Mode", Clause: "2"},
	Scope:     "authorization response",
	Effective: "2015-04-27",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Offers("response_modes_supported", "form_post")
		c := t.Client(party.Ordinary)
		t.ShownOnPage("a longer path", t.Authorize(ctx, t.NewBrowser(), t.Ask(c, "response_mode", "form_post", "redirect_uri", c.RedirectURIs[0]+"/other")))
	},
}
