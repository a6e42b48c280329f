package oidc

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// scopeAll is OpenID Connect Core 1.0 5.4: all scopes can be asked for at once.
var scopeAll = check.Rule{
	ID:        "oidc/oidcc-scope-all",
	Title:     "all scopes can be asked for at once",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.4"},
	Scope:     "scope",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		var names []string
		for _, name := range []string{"profile", "email", "address", "phone"} {
			if slices.Contains(t.Metadata.List("scopes_supported"), name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			t.Skip("the metadata names no scope of OpenID Connect Core 5.4")
		}
		scopes(ctx, t, names...)
	},
}
