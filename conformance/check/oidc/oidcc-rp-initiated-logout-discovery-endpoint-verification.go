package oidc

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// logoutDiscovery is OpenID Connect RP-Initiated Logout 1.0 2.1: the metadata names where a client ends a session.
var logoutDiscovery = check.Rule{
	ID:        "oidc/oidcc-rp-initiated-logout-discovery-endpoint-verification",
	Title:     "the metadata names where a client ends a session",
	Citation:  check.Citation{Standard: "OpenID Connect RP-Initiated Logout 1.0", Clause: "2.1"},
	Scope:     "metadata",
	Effective: "2022-09-12",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Holds("end_session_endpoint is an https address", isAddress(t.Has("end_session_endpoint")), "it is %q", t.Metadata.Text("end_session_endpoint"))
	},
}
