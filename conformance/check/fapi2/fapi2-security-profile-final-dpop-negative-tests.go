package fapi2

import (
	"context"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// proofs is RFC 9449 4.3: a proof that is wrong in any way is refused with the access token that it goes with.
var proofs = check.Rule{
	ID:        "fapi2/fapi2-security-profile-final-dpop-negative-tests",
	Title:     "a proof that is wrong in any way is refused with the access token that it goes with",
	Citation:  check.Citation{Standard: "RFC 9449", Clause: "4.3"},
	Scope:     "DPoP proof",
	Effective: "2023-09-01",
	Probe: func(ctx context.Context, t *party.Trial) {
		t.Each(func(t *party.Trial, c party.Client) {
			tokens, key, address := t.Login(ctx, t.Browser(), t.Ask(c)), t.ProofKey(c), t.Userinfo(c)
			ask := func(claims party.Changes, options ...party.Option) party.Answer {
				return t.Resource(ctx, c, http.MethodGet, address, tokens.Access, append([]party.Option{party.WithProof(key, claims)}, options...)...)
			}
			now := t.Now().Unix()
			for _, one := range []struct {
				name   string
				claims party.Changes
			}{
				{"no jti", party.Changes{"jti": nil}}, {"no htm", party.Changes{"htm": nil}}, {"no htu", party.Changes{"htu": nil}}, {"no iat", party.Changes{"iat": nil}}, {"no ath", party.Changes{"ath": nil}},
				{"another method", party.Changes{"htm": "PUT"}}, {"another address", party.Changes{"htu": "https://other.conformance.example/"}}, {"ath of another token", party.Changes{"ath": strings.Repeat("A", 43)}},
				{"an hour ahead", party.Changes{"iat": now + 3600}}, {"an hour old", party.Changes{"iat": now - 3600}},
			} {
				t.Refused(one.name, ask(one.claims), badProof...)
			}
			for _, one := range []struct {
				name   string
				header party.Changes
			}{
				{"no typ", party.Changes{"typ": nil}}, {"typ of another token", party.Changes{"typ": "at+jwt"}}, {"no key", party.Changes{"jwk": nil}}, {"unsigned", party.Changes{"alg": "none"}},
				{"the key of somebody else", party.Changes{"jwk": t.PublicKey(t.NewKey())}}, {"a private key", party.Changes{"jwk": t.PrivateKey(key)}},
			} {
				t.Refused(one.name, ask(nil, party.ProofHeader(one.header)), badProof...)
			}
			t.Refused("a proof of another key", t.Resource(ctx, c, http.MethodGet, address, tokens.Access, party.WithProof(t.NewKey(), nil)), badProof...)
			t.Refused("no proof", t.Resource(ctx, c, http.MethodGet, address, tokens.Access, party.WithoutProof), badProof...)
			t.Refused("a bound token as a bearer token", t.ResourceAs(ctx, c, http.MethodGet, address, "Bearer", tokens.Access, party.WithoutProof), badProof...)
			t.Taken("members that nobody knows", ask(party.Changes{"extra": "x"}, party.ProofHeader(party.Changes{"extra": "x"})))
			t.Taken("htu with a query", ask(party.Changes{"htu": address + "?a=b"}))
			jti := t.NewKey().ID
			t.Taken("a jti for the first time", ask(party.Changes{"jti": jti}))
			t.Should("a jti for the second time is refused", !ask(party.Changes{"jti": jti}).OK(), "it is taken")
			t.Taken("a good proof afterwards", ask(nil))
		}, party.FAPI, party.BoundDPoP)
	},
}
