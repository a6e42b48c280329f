package fapi2

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// certificateOfKey is RFC 8705 3: a token that is bound to a certificate is good with that certificate alone.
var certificateOfKey = check.Rule{
	ID:        "fapi2/fapi2-ensure-mtls-holder-of-key-required",
	Title:     "a token that is bound to a certificate is good with that certificate alone",
	Citation:  check.Citation{Standard: "RFC 8705", Clause: "3"},
	Scope:     "resource request",
	Effective: "2020-02-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			other := t.Another(c, party.FAPI, party.BoundTLS)
			tokens := t.Login(ctx, t.Browser(), t.Ask(c))
			t.Taken("its own certificate", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access))
			t.Refused("no certificate", t.Resource(ctx, c, http.MethodGet, t.Metadata.Endpoint("userinfo_endpoint", true), tokens.Access, party.WithoutCertificate))
			t.Refused("the certificate of another client", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access, party.WithCertificateOf(other)), "invalid_token")
		}, party.FAPI, party.BoundTLS)
	},
}
