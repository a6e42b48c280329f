package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registrationPolicy is OpenID Connect Dynamic Client Registration 1.0 2: the address of a policy can be registered.
var registrationPolicy = check.Rule{
	ID:        "oidc/oidcc-registration-policy-uri",
	Title:     "the address of a policy can be registered",
	Citation:  check.Citation{Standard: "OpenID Connect Dynamic Client Registration 1.0", Clause: "2"},
	Scope:     "registration",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		linkRegistered(ctx, t, "policy_uri")
	},
}
