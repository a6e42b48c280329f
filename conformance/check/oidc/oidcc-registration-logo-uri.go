package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registrationLogo is OpenID Connect Dynamic Client Registration 1.0 2: a logo can be registered.
var registrationLogo = check.Rule{
	ID:        "oidc/oidcc-registration-logo-uri",
	Title:     "a logo can be registered",
	Citation:  check.Citation{Standard: "OpenID Connect Dynamic Client Registration 1.0", Clause: "2"},
	Scope:     "registration",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		linkRegistered(ctx, t, "logo_uri")
	},
}
