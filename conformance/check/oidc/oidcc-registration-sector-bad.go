package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// registrationSectorBad is OpenID Connect Dynamic Client Registration 1.0 5: a sector document that does not name the addresses is not taken.
var registrationSectorBad = check.Rule{
	ID:        "oidc/oidcc-registration-sector-bad",
	Title:     "a sector document that does not name the addresses is not taken",
	Citation:  check.Citation{Standard: "OpenID Connect Dynamic Client Registration 1.0", Clause: "5"},
	Scope:     "registration",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		a := registers(ctx, t, map[string]any{"subject_type": "pairwise", "sector_identifier_uri": "https://conformance.example/sector.json"})
		t.Refused("a sector document that cannot be read", a, "invalid_client_metadata", "invalid_redirect_uri")
	},
}
