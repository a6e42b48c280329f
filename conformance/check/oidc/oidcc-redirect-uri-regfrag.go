package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// redirectFragment is OpenID Connect Dynamic Client Registration 1.0 2: an address with a fragment cannot be registered.
var redirectFragment = check.Rule{
	ID:        "oidc/oidcc-redirect-uri-regfrag",
	Title:     "an address with a fragment cannot be registered",
	Citation:  check.Citation{Standard: "OpenID Connect Dynamic Client Registration 1.0", Clause: "2"},
	Scope:     "registration",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Refused("an address with a fragment", registers(ctx, t, map[string]any{"redirect_uris": []string{"https://conformance.example/cb#fragment"}}), "invalid_redirect_uri", "invalid_client_metadata")
	},
}
