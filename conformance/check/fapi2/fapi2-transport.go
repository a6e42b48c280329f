package fapi2

import (
	"context"
	"crypto/tls"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// transport is FAPI 2.0 Security Profile 5.2: endpoints speak TLS 1.2 or newer, with the suites of RFC 9325 alone.
var transport = check.Rule{
	ID:        "fapi2/fapi2-transport",
	Title:     "endpoints speak TLS 1.2 or newer, with the suites of RFC 9325 alone",
	Citation:  check.Citation{Standard: "FAPI 2.0 Security Profile", Clause: "5.2"},
	Scope:     "endpoint",
	Effective: "2025-02-22",
	Probe: func(ctx context.Context, t *party.Trial) {
		old := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		for _, name := range []string{"token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint"} {
			address := t.Has(name)
			err := t.Handshake(ctx, address, tls.VersionTLS13)
			t.Require(name+" speaks TLS", err == nil, "%v", err)
			t.Holds(name+" refuses TLS 1.1", t.Handshake(ctx, address, tls.VersionTLS11, old...) != nil, "it agrees to it")
			for _, suite := range old {
				t.Holds(name+" refuses "+tls.CipherSuiteName(suite), t.Handshake(ctx, address, tls.VersionTLS12, suite) != nil, "it agrees to it")
			}
		}
	},
}
