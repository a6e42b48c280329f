package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// backchannelDiscovery is OpenID Connect Back-Channel Logout 1.0 2.1: the metadata says that clients are told of a logout.
var backchannelDiscovery = check.Rule{
	ID:        "oidc/oidcc-backchannel-logout-discovery-endpoint-verification",
	Title:     "the metadata says that clients are told of a logout",
	Citation:  check.Citation{Standard: "OpenID Connect Back-Channel Logout 1.0", Clause: "2.1"},
	Scope:     "metadata",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		if !t.Metadata.True("backchannel_logout_supported") {
			t.Skip("the metadata does not name backchannel_logout_supported")
		}
		t.Holds("backchannel_logout_session_supported", t.Metadata.True("backchannel_logout_session_supported"), "it is %v", t.Metadata["backchannel_logout_session_supported"])
		t.Holds("end_session_endpoint is an https address", isAddress(t.Metadata.Text("end_session_endpoint")), "it is %q", t.Metadata.Text("end_session_endpoint"))
	},
}
