package fapi2

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// objectSignature is RFC 9101 6.2: a request object whose signature does not verify is refused.
var objectSignature = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-ensure-request-object-with-invalid-signature-fails",
	Title:     "a request object whose signature does not verify is refused",
	Citation:  check.Citation{Standard: "RFC 9101", Clause: "6.2"},
	Scope:     "request object",
	Effective: "2021-08-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			object(ctx, t, "an object with a changed signature", c, party.Spoiled(t.Object(t.Ask(c), nil)))
		}, party.FAPI, party.Signing)
	},
}
