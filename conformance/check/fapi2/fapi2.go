// Package fapi2 holds the rules for the FAPI 2.0 Security Profile and for FAPI 2.0 Message Signing, one file a rule, named
// as the module of the OpenID Foundation's suite that tries the same. A rule runs for each client that it applies to, so
// one run covers the ways of client authentication, of binding tokens and of signing that the file of clients holds.
// The rules are written from the standards.
package fapi2

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		discovery, happyFlow, userRejects, withoutState, withoutNonce, nonce64, longNonce, longState, scopeOrder,
		claimsParameter, essentialACR, schemeCase, proofLife, proofBefore, proofAfter, mismatchedJKT, mismatchedProof,
		mismatchedJKTAtToken, proofAtPush, jktBinding, differentNonce, differentState, stateOnlyOutside, registeredRedirect,
		redirectNeeded, objectRedirectNeeded, pushNeeded, responseTypeIDToken, responseTypeToken, clientID, holderOfKey,
		certificateOfKey, codeOfAnother, codeReuse, codeExpired, assertionRS256, assertionNeeded, assertionExpired,
		assertionAudience, assertionSubject, assertionSignature, proofs, refreshToken, requestURIVisited, requestURIReuse,
		requestURIExpired, assertionAhead, assertionFarAhead, requestURIOfAnother, pushOfURI, objectOfURI, pushMethod,
		pkceNeeded, verifierNeeded, verifierWrong, pkcePlain, pushedOnly, assertionAudienceList, assertionAudiencePush,
		assertionAudienceToken, objectAudienceList, objectNoEnd, objectNoBegin, objectExpired, objectAudience, objectIssuer,
		objectLongLife, objectOldBegin, objectAhead, objectRS256, objectUnsigned, objectSignature, objectKey, signedNeeded,
		signedAnswer, signedIntrospection, introspection, transport,
	}
}

// Errors with which a request may be refused where it is pushed, or later at the authorization endpoint.
var (
	badObject = []string{"invalid_request_object", "invalid_request", "access_denied", "invalid_request_uri"}
	badClient = []string{"invalid_client", "invalid_request"}
	badType   = []string{"unsupported_response_type", "invalid_request", "unauthorized_client"}
	badProof  = []string{"invalid_dpop_proof", "invalid_grant", "invalid_request", "invalid_token"}
)

// strong are the algorithms that the profile allows (5.4.1).
var strong = []string{"PS256", "ES256", "EdDSA"}

// lifeOf is expires_in of a body.
func lifeOf(body map[string]any) int {
	seconds, _ := body["expires_in"].(float64)
	return int(seconds)
}

// scopeOf is a scope for which a token response is to be judged: with openid where it holds an ID token.
func scopeOf(a party.Answer) string {
	if a.String("id_token") == "" {
		return "none"
	}
	return "openid"
}

// succeeds runs a whole login with a request and uses the access token.
func succeeds(ctx context.Context, t *party.Trial, name string, r party.Request, options ...party.Option) party.Tokens {
	l := t.Authorize(ctx, t.Browser(), r, options...)
	t.Require(name, l.Values.Get("code") != "", "%s", l.Said())
	tokens := t.Tokens(ctx, r, t.CodeOf(r, l))
	used(ctx, t, r.Client, tokens)
	return tokens
}

// used asks userinfo with the access token.
func used(ctx context.Context, t *party.Trial, c party.Client, tokens party.Tokens) {
	a := t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access)
	t.Need("the access token is good", a.OK(), "%s", a.Said())
	t.Need("userinfo is about the subject of the ID token", a.String("sub") == tokens.Text("sub"), "they differ")
}

// refused runs a request that must not lead to a code.
func refused(ctx context.Context, t *party.Trial, name string, r party.Request, codes ...string) {
	t.NotAuthorized(name, t.Authorize(ctx, t.Browser(), r), codes...)
}

// granted is a code that is ready to be redeemed, with its request.
func granted(ctx context.Context, t *party.Trial, c party.Client, options ...party.Option) (party.Request, string) {
	r := t.Ask(c)
	return r, t.Code(ctx, t.Browser(), r, options...)
}

// object pushes a request object that has been made as the rule wants it; it must not lead to a code.
func object(ctx context.Context, t *party.Trial, name string, c party.Client, token string) {
	l := pushedObject(ctx, t, c, token)
	t.NotAuthorized(name, l, badObject...)
}

func pushedObject(ctx context.Context, t *party.Trial, c party.Client, token string) party.Landing {
	answer := t.PushForm(ctx, c, map[string][]string{"request": {token}, "client_id": {c.ClientID}})
	if !answer.OK() {
		return party.Landing{Pushed: &answer, Values: map[string][]string{}}
	}
	l := t.Follow(ctx, t.Browser(), c, party.PushedQuery(c, answer))
	l.Pushed = &answer
	return l
}

// claimsOfObject tries request objects with changed claims, for every client that signs.
func claimsOfObject(ctx context.Context, t *party.Trial, tries func(now int64) map[string]party.Changes) {
	t.Each(func(t *party.Trial, c party.Client) {
		all := tries(t.Now().Unix())
		for _, name := range slices.Sorted(maps.Keys(all)) {
			object(ctx, t, name, c, t.Object(t.Ask(c), all[name]))
		}
	}, party.FAPI, party.Signing)
}

// assertions tries client assertions with changed claims at the pushed endpoint, for every client that has some.
func assertions(ctx context.Context, t *party.Trial, name string, changes func(t *party.Trial) party.Changes) {
	t.Each(func(t *party.Trial, c party.Client) {
		t.Refused(name, t.Push(ctx, t.Ask(c), party.WithAssertion(changes(t))), badClient...)
	}, party.FAPI, party.KeyAuth)
}

// assertionsOfTokens tries client assertions with changed claims at the token endpoint.
func assertionsOfTokens(ctx context.Context, t *party.Trial, name string, changes func(t *party.Trial) party.Changes) {
	t.Each(func(t *party.Trial, c party.Client) {
		r, code := granted(ctx, t, c)
		t.Refused(name, t.Redeem(ctx, r, code, party.WithAssertion(changes(t))), badClient...)
	}, party.FAPI, party.KeyAuth)
}

// shifted runs a flow in which every proof is made by a clock that is off by some seconds.
func shifted(ctx context.Context, t *party.Trial, seconds int64) {
	t.Each(func(t *party.Trial, c party.Client) {
		key, iat := t.ProofKey(c), party.Changes{"iat": t.Now().Unix() + seconds}
		r, code := granted(ctx, t, c, party.WithProof(key, iat))
		tokens := t.Tokens(ctx, r, code, party.WithProof(key, iat))
		t.Taken("the resource takes the proof", t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access, party.WithProof(key, iat)))
	}, party.FAPI, party.BoundDPoP)
}

// otherCase changes the case of every second letter.
func otherCase(word string) string {
	var b strings.Builder
	for i, r := range word {
		if i%2 == 0 {
			b.WriteString(strings.ToLower(string(r)))
		} else {
			b.WriteString(strings.ToUpper(string(r)))
		}
	}
	return b.String()
}
