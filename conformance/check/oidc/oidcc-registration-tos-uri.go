package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registrationTerms is OpenID Connect Dynamic Client Registration 1.0 2: the address of terms of service can be registered.
var registrationTerms = check.Rule{
	ID:        "oidc/oidcc-registration-tos-uri",
	Title:     "the address of terms of service can be registered",
	Citation:  check.Citation{Standard: "OpenID Connect Dynamic Client Registration 1.0", Clause: "2"},
	Scope:     "registration",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		linkRegistered(ctx, t, "tos_uri")
	},
}
