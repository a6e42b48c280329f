package party

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Request is what a client asks at the authorization endpoint.
type Request struct {
	Client   Client
	Params   url.Values
	Verifier string
}

// random is a text of at least 128 random bits.
func (t *Trial) random() string {
	raw := make([]byte, 24)
	_, err := t.Rand.Read(raw)
	t.Need("randomness", err == nil, "%v", err)
	return encode(raw)
}

// Ask makes a complete request with PKCE, state and nonce; changes are pairs of name and value, an empty value takes the
// parameter away.
func (t *Trial) Ask(c Client, changes ...string) Request {
	r := Request{Client: c, Verifier: t.random() + t.random()}
	sum := sha256.Sum256([]byte(r.Verifier))
	scope := c.Scope
	if !slices.Contains(strings.Fields(scope), "openid") {
		scope = strings.TrimSpace("openid " + scope)
	}
	r.Params = url.Values{"response_type": {"code"}, "client_id": {c.ClientID}, "redirect_uri": {c.RedirectURIs[0]}, "scope": {scope}, "state": {t.random()}, "nonce": {t.random()},
		"code_challenge": {encode(sum[:])}, "code_challenge_method": {"S256"}}
	return r.With(changes...)
}

// With is the request with changes as in Ask.
func (r Request) With(changes ...string) Request {
	r.Params = maps.Clone(r.Params)
	for i := 0; i+1 < len(changes); i += 2 {
		if r.Params.Del(changes[i]); changes[i+1] != "" {
			r.Params.Set(changes[i], changes[i+1])
		}
	}
	return r
}

// Nonce of the request.
func (r Request) Nonce() string { return r.Params.Get("nonce") }

// Pushes reports whether the client's requests go to the pushed endpoint.
func (c Client) Pushes() bool { return c.FAPI() || c.RequirePushed }

// Object is the request as a signed request object (RFC 9101) in the client's key; changes go to its claims.
func (t *Trial) Object(r Request, changes Changes) string {
	return t.ObjectBy(r.Client.Key(), nil, r, changes)
}

// ObjectBy is Object with another key or header.
func (t *Trial) ObjectBy(key Key, header Changes, r Request, changes Changes) string {
	t.Need("the client has a key", key.Signer != nil, "client %s has none in the file", r.Client.ClientID)
	now := t.Now().Unix()
	claims := map[string]any{"iss": r.Client.ClientID, "aud": t.Issuer, "iat": now, "nbf": now, "exp": now + 240, "jti": t.random()}
	for name := range r.Params {
		claims[name] = r.Params.Get(name)
	}
	token, err := t.sign(key, header.apply(map[string]any{"alg": string(key.Algorithm), "kid": key.ID, "typ": "oauth-authz-req+jwt"}), changes.apply(claims))
	t.Need("the request object can be signed", err == nil, "%v", err)
	return token
}

// Push sends the request to the pushed endpoint, as a signed object where the client signs; the options change how.
func (t *Trial) Push(ctx context.Context, r Request, options ...Option) Answer {
	form := maps.Clone(r.Params)
	if r.Client.Signs() {
		form = url.Values{"request": {t.Object(r, nil)}, "client_id": {r.Client.ClientID}}
	}
	return t.PushForm(ctx, r.Client, form, options...)
}

// PushForm sends a form to the pushed endpoint.
func (t *Trial) PushForm(ctx context.Context, c Client, form url.Values, options ...Option) Answer {
	t.Has("pushed_authorization_request_endpoint")
	return t.Post(ctx, "pushed_authorization_request_endpoint", c, form, append([]Option{WithoutProof}, options...)...)
}

// PushedQuery is what goes to the authorization endpoint after a push.
func PushedQuery(c Client, pushed Answer) url.Values {
	return url.Values{"client_id": {c.ClientID}, "request_uri": {pushed.String("request_uri")}}
}

// AuthorizationURL is the authorization endpoint with parameters.
func (t *Trial) AuthorizationURL(query url.Values) string { return t.authorizationURL(query.Encode()) }

func (t *Trial) authorizationURL(query string) string {
	endpoint := t.Has("authorization_endpoint")
	if strings.Contains(endpoint, "?") {
		return endpoint + "&" + query
	}
	return endpoint + "?" + query
}

// Authorize takes a request through the server's pages in the browser. A client that must push pushes first.
func (t *Trial) Authorize(ctx context.Context, b *Browser, r Request, options ...Option) Landing {
	query := r.Params
	var pushed *Answer
	if r.Client.Pushes() {
		answer := t.Push(ctx, r, options...)
		pushed = &answer
		if !answer.OK() {
			return Landing{Pushed: pushed, Values: url.Values{}}
		}
		query = PushedQuery(r.Client, answer)
	}
	l := t.Follow(ctx, b, r.Client, query)
	l.Pushed = pushed
	return l
}

// Follow takes a query to the authorization endpoint and through the server's pages.
func (t *Trial) Follow(ctx context.Context, b *Browser, c Client, query url.Values) Landing {
	return t.FollowText(ctx, b, c, query.Encode())
}

// FollowText is Follow with a query as it is to be sent.
func (t *Trial) FollowText(ctx context.Context, b *Browser, c Client, query string) Landing {
	t.Look(ctx, b, t.authorizationURL(query))
	return t.open(ctx, c, t.walk(ctx, b, false))
}

// Deny is Authorize with a person who refuses.
func (t *Trial) Deny(ctx context.Context, b *Browser, r Request) Landing {
	query := r.Params
	if r.Client.Pushes() {
		answer := t.Push(ctx, r)
		t.Need("the request is pushed", answer.OK(), "%s", answer.Said())
		query = PushedQuery(r.Client, answer)
	}
	t.Look(ctx, b, t.AuthorizationURL(query))
	return t.open(ctx, r.Client, t.walk(ctx, b, true))
}

// Posted is Authorize with the request in the body of a POST.
func (t *Trial) Posted(ctx context.Context, b *Browser, r Request) Landing {
	address, err := url.Parse(t.Has("authorization_endpoint"))
	if err == nil {
		err = b.open(ctx, http.MethodPost, address, r.Params, nil)
	}
	t.Need("the browser posts the request", err == nil, "%v", err)
	return t.open(ctx, r.Client, t.walk(ctx, b, false))
}

// Watch is Authorize with a browser that does nothing on the page where it ends.
func (t *Trial) Watch(ctx context.Context, b *Browser, r Request) Landing {
	query := r.Params
	if r.Client.Pushes() {
		answer := t.Push(ctx, r)
		t.Need("the request is pushed", answer.OK(), "%s", answer.Said())
		query = PushedQuery(r.Client, answer)
	}
	return t.open(ctx, r.Client, t.Look(ctx, b, t.AuthorizationURL(query)))
}

// open takes a signed answer (JARM) apart. One that does not verify ends the rule.
func (t *Trial) open(ctx context.Context, c Client, l Landing) Landing {
	if !l.Values.Has("response") {
		return l
	}
	l.Response = l.Values.Get("response")
	claims, err := t.verifyResponse(ctx, c, l)
	t.Need("the signed answer verifies", err == nil, "%v", err)
	l.Values = url.Values{}
	for name, value := range claims {
		if text, ok := value.(string); ok && name != "aud" {
			l.Values.Set(name, text)
		}
	}
	return l
}

func (t *Trial) verifyResponse(ctx context.Context, c Client, l Landing) (map[string]any, error) {
	verified, err := t.verify(ctx, l.Response, jose.Policy{Algorithms: algorithms(c.AuthorizationAlg, t.Metadata.List("authorization_signing_alg_values_supported")), AlsoType: "oauth-authz-resp+jwt",
		Issuer: t.Issuer, Audience: c.ClientID})
	if err != nil {
		return nil, err
	}
	if len(l.Values) != 1 {
		return nil, fmt.Errorf("beside response came %d parameters", len(l.Values)-1)
	}
	var claims map[string]any
	return claims, verified.Decode(&claims)
}

// algorithms a client takes: the registered one, else those of the metadata that can be verified.
func algorithms(registered string, offered []string) []jose.Algorithm {
	if registered != "" {
		offered = []string{registered}
	}
	var list []jose.Algorithm
	for _, known := range []jose.Algorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA, jose.SM2SM3} {
		if slices.Contains(offered, string(known)) {
			list = append(list, known)
		}
	}
	if len(list) == 0 {
		list = []jose.Algorithm{jose.RS256} // OpenID Connect Core 2: the default
	}
	return list
}

// CheckAnswer says what is wrong with an answer that carries a code: state, issuer (RFC 9207), address.
func (t *Trial) CheckAnswer(r Request, l Landing) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if l.Target == nil {
		return errors.New("it came to " + l.Said())
	}
	if !sameAddress(l, r.Params.Get("redirect_uri")) {
		fault("it went to another address than the request named")
	}
	if l.Values.Get("state") != r.Params.Get("state") {
		fault("state is %q, sent was %q", l.Values.Get("state"), r.Params.Get("state"))
	}
	if iss := l.Values.Get("iss"); iss != t.Issuer && (iss != "" || t.Metadata.True("authorization_response_iss_parameter_supported") || r.Client.FAPI()) {
		fault("iss is %q, the issuer is %q", iss, t.Issuer)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Values)) {
		if n := len(l.Values[name]); n != 1 {
			fault("%s came %d times", name, n)
		}
	}
	for _, name := range []string{"access_token", "id_token", "token_type"} {
		if l.Values.Has(name) {
			fault("%s came by way of the browser", name)
		}
	}
	if (l.Mode == "fragment") != (r.Params.Get("response_mode") == "fragment") {
		fault("it came in the %s", l.Mode)
	}
	return errors.Join(faults...)
}

// sameAddress: the answer is added to the address that was registered, whose own query is kept (RFC 6749 3.1.2).
func sameAddress(l Landing, registered string) bool {
	want, err := url.Parse(registered)
	if err != nil {
		return false
	}
	for name, values := range want.Query() {
		if l.Mode == "query" && !slices.Equal(l.Values[name], values) {
			return false
		}
	}
	return want.Scheme == l.Target.Scheme && want.Host == l.Target.Host && want.EscapedPath() == l.Target.EscapedPath()
}

// Code takes a request through a browser and returns the code; the rule ends when there is none or the answer is wrong.
func (t *Trial) Code(ctx context.Context, b *Browser, r Request, options ...Option) string {
	return t.CodeOf(r, t.Authorize(ctx, b, r, options...))
}

// CodeOf is the code of a landing; the rule ends when there is none or the answer is wrong.
func (t *Trial) CodeOf(r Request, l Landing) string {
	t.Need("the request leads to a code", l.Values.Get("code") != "", "%s", l.Said())
	err := t.CheckAnswer(r, l)
	t.Need("the answer is right", err == nil, "%v", err)
	return l.Values.Get("code")
}
