package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// assertionAudiencePush is FAPI 2.0 Security Profile 5.3.2.1 item 8: the pushed endpoint is not the audience of an assertion.
var assertionAudiencePush = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails",
	Title:     "the pushed endpoint is not the audience of an assertion",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.3.2.1 item 8"},
	Scope:     "client authentication",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		assertions(ctx, t, "the pushed endpoint", func(t *party.Trial) party.Changes {
			return party.Changes{"aud": t.Has("pushed_authorization_request_endpoint")}
		})
	},
}
