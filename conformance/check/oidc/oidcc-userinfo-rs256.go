package oidc

import (
	"context"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// userinfoRS256 is OpenID Connect Core 1.0 5.3.2: userinfo is signed for a client that is registered so.
var userinfoRS256 = check.Rule{
	ID:        "oidc/oidcc-userinfo-rs256",
	Title:     "userinfo is signed for a client that is registered so",
	Citation:  check.Citation{Standard: "OpenID Connect Core 1.0", Clause: "5.3.2"},
	Scope:     "userinfo",
	Effective: "2014-11-08",
	Probe: func(ctx context.Context, t *party.Trial) {
		for _, c := range t.With.Clients {
			if c.UserinfoAlg == "" || c.ClientSecret == "" {
				continue
			}
			tokens := t.Login(ctx, t.NewBrowser(), t.Ask(c))
			a := t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access)
			t.Taken("userinfo answers", a)
			t.Require("the answer is a JWT", strings.HasPrefix(a.Header.Get("Content-Type"), "application/jwt"), "it is %q", a.Header.Get("Content-Type"))
			t.Holds("it is signed with the registered algorithm", party.Header(a.Text)["alg"] == c.UserinfoAlg, "alg is %v", party.Header(a.Text)["alg"])
			claims, err := t.VerifySigned(ctx, c, a.Text, "userinfo+jwt", c.UserinfoAlg)
			t.Right("it verifies, from the issuer and for the client", err)
			t.Holds("it is about the subject of the ID token", claims["sub"] == tokens.Text("sub"), "they differ")
			return
		}
		t.Skip("no client with userinfo_signed_response_alg is in the file")
	},
}
