// Package oidc holds the rules for an OpenID Provider as a relying party meets it, one file a rule, named as the module
// of the OpenID Foundation's suite that tries the same: OpenID Connect Core, Discovery, Dynamic Client Registration, Form
// Post Response Mode and the three ways of logout. The rules are written from the standards.
package oidc

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/party"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		server, responseTypeMissing, idTokenSignature, idTokenRS256, idTokenUnsigned, userinfoGet, userinfoPostHeader,
		userinfoPostBody, userinfoRS256, withoutNonce, scopeProfile, scopeEmail, scopeAddress, scopePhone, scopeAll,
		alternateOrder, displayPage, displayPopup, promptLogin, promptNoneNotLoggedIn, promptNoneLoggedIn, maxAge1,
		maxAge10000, unknownParameter, idTokenHint, loginHint, uiLocales, claimsLocales, acrValues, codeReuse,
		codeReuse30Seconds, registeredRedirect, redirectQueryOK, redirectQueryMismatch, redirectQueryAdded, redirectNeeded,
		postRequest, clientSecretPost, requestURIUnsigned, unsignedRequestObject, requestObjectRedirect, claimsEssential,
		refreshToken, keyRotation, assertionAudience, validPKCE, discovery, redirectFragment, registrationLogo,
		registrationPolicy, registrationTerms, registrationSectorBad, logoutDiscovery, logout, logoutNoState,
		logoutBadAddress, logoutQueryAdded, logoutModifiedHint, logoutBadHint, logoutNoHint, logoutNoParams, logoutNoAddress,
		logoutOnlyState, backchannelDiscovery, backchannelLogout, frontchannelDiscovery, frontchannelLogout, formPostServer,
		formPostError, formPostRedirect,
	}
}

// errorsOfSilence are the answers to a request that may not show a page and cannot do without (OpenID Connect Core
// 3.1.2.6).
var errorsOfSilence = []string{"login_required", "interaction_required", "account_selection_required", "consent_required"}

// succeeds runs a whole login with a request.
func succeeds(ctx context.Context, t *party.Trial, name string, r party.Request) party.Tokens {
	l := t.Authorize(ctx, t.NewBrowser(), r)
	t.Require(name, l.Values.Get("code") != "", "%s", l.Said())
	return t.Tokens(ctx, r, t.CodeOf(r, l))
}

// told asks userinfo and holds its answer to the ID token.
func told(ctx context.Context, t *party.Trial, c party.Client, tokens party.Tokens) map[string]any {
	answer := t.Resource(ctx, c, http.MethodGet, t.Userinfo(c), tokens.Access)
	t.Taken("userinfo answers", answer)
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/jwt") {
		claims, err := t.VerifySigned(ctx, c, answer.Text, "userinfo+jwt", c.UserinfoAlg)
		t.Require("the signed answer verifies", err == nil, "%v", err)
		answer.Body = claims
	}
	t.Holds("userinfo is about the subject of the ID token", answer.String("sub") == tokens.Text("sub") && tokens.Text("sub") != "", "they differ")
	return answer.Body
}

// scopeClaims are the claims of OpenID Connect Core 5.4 with the kind that 5.1 gives them.
var scopeClaims = map[string]map[string]string{
	"profile": {"name": "text", "family_name": "text", "given_name": "text", "middle_name": "text", "nickname": "text", "preferred_username": "text", "profile": "text", "picture": "text",
		"website": "text", "gender": "text", "birthdate": "text", "zoneinfo": "text", "locale": "text", "updated_at": "number"},
	"email":   {"email": "text", "email_verified": "truth"},
	"phone":   {"phone_number": "text", "phone_number_verified": "truth"},
	"address": {"address": "object"},
}

// scopes asks for scopes and judges the claims that come with them.
func scopes(ctx context.Context, t *party.Trial, names ...string) {
	wants := []party.Want{party.Ordinary}
	for _, name := range names {
		t.Offers("scopes_supported", name)
		wants = append(wants, party.Scope(name))
	}
	c := t.Client(wants...)
	tokens := succeeds(ctx, t, "the request is granted", t.Ask(c, "scope", "openid "+strings.Join(names, " ")))
	claims := told(ctx, t, c, tokens)
	for _, name := range names {
		some := false
		for _, claim := range slices.Sorted(maps.Keys(scopeClaims[name])) {
			kind := scopeClaims[name][claim]
			value, there := claims[claim]
			if !there {
				continue
			}
			some = true
			t.Holds("claim "+claim+" is of its kind", kindOf(value) == kind, "it is a %s, not a %s", kindOf(value), kind)
		}
		t.Should("a claim comes with the scope "+name, some, "the person in the file has none that may be told")
	}
}

func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		if v == "" {
			return "empty text"
		}
		return "text"
	case bool:
		return "truth"
	case float64:
		return "number"
	case map[string]any:
		return "object"
	}
	return "value of another kind"
}

// twice logs in, lets time pass, and asks again in the same browser.
func twice(ctx context.Context, t *party.Trial, first, pause string, again func(before party.Tokens) []string) (before, after party.Tokens, l party.Landing) {
	c, b := t.Client(party.Ordinary), t.NewBrowser()
	var change []string
	if first != "" {
		change = []string{"max_age", first}
	}
	before = t.Login(ctx, b, t.Ask(c, change...))
	d, err := time.ParseDuration(pause)
	t.Need("the pause is one", err == nil, "%v", err)
	t.Wait(ctx, d)
	r := t.Ask(c, again(before)...)
	l = t.Authorize(ctx, b, r)
	t.Require("the second request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
	after = t.Tokens(ctx, r, t.CodeOf(r, l))
	t.Holds("the subject is the same", before.Text("sub") == after.Text("sub"), "it changed")
	return before, after, l
}

// silentlyTheSame holds a second answer to the first: nobody was asked and nothing about the login changed.
func silentlyTheSame(t *party.Trial, before, after party.Tokens, l party.Landing) {
	t.Holds("nobody was asked", !l.SignedIn && !l.Consented, "a page was shown")
	t.Holds("auth_time is that of the login", before.AuthTime() == after.AuthTime(), "it was %d and is %d", before.AuthTime(), after.AuthTime())
}

// askedAgain holds a second answer to a login that was done anew.
func askedAgain(t *party.Trial, before, after party.Tokens, l party.Landing) {
	t.Holds("the person had to sign in again", l.SignedIn, "nobody was asked")
	if before.AuthTime() != 0 && after.AuthTime() != 0 {
		t.Holds("auth_time is later", after.AuthTime() > before.AuthTime(), "it was %d and is %d", before.AuthTime(), after.AuthTime())
	}
}

// signedIn is a browser with a session of the client.
func signedIn(ctx context.Context, t *party.Trial, c party.Client) (*party.Browser, party.Tokens) {
	b := t.NewBrowser()
	return b, t.Login(ctx, b, t.Ask(c))
}

// loggedOutTo judges a logout that must lead back to the client with the parameters given.
func loggedOutTo(ctx context.Context, t *party.Trial, more url.Values) {
	c := t.Client(party.Ordinary, party.LogsOut)
	b, tokens := signedIn(ctx, t, c)
	params := url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}}
	for name, values := range more {
		params[name] = values
	}
	cameBack(t, t.Logout(ctx, b, params), c.PostLogoutRedirectURIs[0], more)
	t.SignedOut(ctx, b, c)
}

func cameBack(t *party.Trial, l party.Landing, address string, want url.Values) {
	came := ""
	if l.Target != nil {
		bare := *l.Target
		bare.RawQuery = ""
		came = bare.String()
	}
	t.Holds("the browser comes back to the client", came == address, "%s", l.Said())
	t.Holds("state comes back as it was sent", l.Values.Get("state") == want.Get("state") && l.Values.Has("state") == want.Has("state"), "state is %q, sent was %q", l.Values.Get("state"), want.Get("state"))
}

// staysAtLogout judges a logout whose address must not be followed.
func staysAtLogout(ctx context.Context, t *party.Trial, params func(party.Client, party.Tokens) url.Values) {
	c := t.Client(party.Ordinary, party.LogsOut)
	b, tokens := signedIn(ctx, t, c)
	l := t.Logout(ctx, b, params(c, tokens))
	t.Holds("the browser is not sent on", l.Target == nil && (l.Page == nil || l.Page.Refresh == "" || strings.HasPrefix(l.Page.Refresh, "/")), "%s", l.Said())
}

// endsSession judges a logout that names no address: the session ends and the browser stays.
func endsSession(ctx context.Context, t *party.Trial, params func(party.Tokens) url.Values) {
	c := t.Client(party.Ordinary)
	b, tokens := signedIn(ctx, t, c)
	l := t.Logout(ctx, b, params(tokens))
	t.Holds("the browser stays at the server", l.Target == nil && l.Page != nil && l.Page.Status == http.StatusOK, "%s", l.Said())
	t.SignedOut(ctx, b, c)
}

// registers sends a registration with members added to a usable one; the client is taken away afterwards.
func registers(ctx context.Context, t *party.Trial, more map[string]any) party.Answer {
	members := map[string]any{"client_name": "Conformance", "redirect_uris": []string{"https://conformance.example/registered/cb"}, "grant_types": []string{"authorization_code", "refresh_token"}}
	for name, value := range more {
		members[name] = value
	}
	return t.Register(ctx, members)
}

// linkRegistered judges an address of a registration that people are to see.
func linkRegistered(ctx context.Context, t *party.Trial, member string) {
	const address = "https://conformance.example/document"
	a := registers(ctx, t, map[string]any{member: address})
	t.Taken("the registration is taken", a)
	defer t.Unregister(ctx, a)
	t.Holds(member+" is registered as it was sent", a.String(member) == address, "it is %q", a.String(member))
	c := party.Registered(a)
	l := t.Watch(ctx, t.NewBrowser(), t.Ask(c))
	t.Holds("the login page is shown", l.Page != nil && l.Page.Status == http.StatusOK, "%s", l.Said())
	t.Should("the page shows it", l.Page != nil && strings.Contains(l.Page.Source, address), "the login page does not; a consent page may")
	succeeds(ctx, t, "the client can be used", t.Ask(c))
}

// isAddress reports whether a text is an absolute https address, or http on loopback for a server under test.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()))
}
