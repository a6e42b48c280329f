package oidc

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// acrValues is OpenID Connect Core 1.0 3.1.2.1: acr_values are a wish: the login succeeds, with one of them where that can be.
var acrValues = check.Rule{
	ID:        "oidc/oidcc-ensure-request-with-acr-values-succeeds",
	Title:     "acr_values are a wish: the login succeeds, with one of them where that can be",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "3.1.2.1"},
	Scope:     "authorization request",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		values := t.Metadata.List("acr_values_supported")
		if len(values) == 0 {
			values = []string{"1", "2"}
		}
		tokens := succeeds(ctx, t, "a request with acr_values", t.Ask(t.Client(party.Ordinary), "acr_values", strings.Join(values, " ")))
		t.Should("acr is one of them", slices.Contains(values, tokens.Text("acr")), "it is %q", tokens.Text("acr"))
	},
}
