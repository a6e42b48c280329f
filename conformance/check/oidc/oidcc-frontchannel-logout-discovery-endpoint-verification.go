package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// frontchannelDiscovery is OpenID Connect Front-Channel Logout 1.0 3: the metadata says that clients are told of a logout by frames.
var frontchannelDiscovery = check.Rule{
	ID:        "oidc/oidcc-frontchannel-logout-discovery-endpoint-verification",
	Title:     "the metadata says that clients are told of a logout by frames",
	Citation:  check.Citation{Standard: "OpenID Connect Front-Channel Logout 1.0", Clause: "3"},
	Scope:     "metadata",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		if !t.Metadata.True("frontchannel_logout_supported") {
			t.Skip("the metadata does not name frontchannel_logout_supported")
		}
		t.Holds("frontchannel_logout_session_supported", t.Metadata.True("frontchannel_logout_session_supported"), "it is %v", t.Metadata["frontchannel_logout_session_supported"])
		t.Holds("end_session_endpoint is an https address", isAddress(t.Metadata.Text("end_session_endpoint")), "it is %q", t.Metadata.Text("end_session_endpoint"))
	},
}
