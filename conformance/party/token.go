package party

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// call is one request to an endpoint that authenticates its client.
type call struct {
	anonymous   bool
	assertion   Changes
	header      Changes
	key         Key
	proof       bool
	proofKey    Key
	proofClaims Changes
	proofHeader Changes
	certificate *tls.Certificate
	as          string // client_id of the form, when it is another one
	accept      string
}

// Option changes how a client calls an endpoint.
type Option func(*call)

// Options of Post.
var (
	Anonymous          Option = func(c *call) { c.anonymous = true }
	WithoutProof       Option = func(c *call) { c.proof = false }
	WithoutCertificate Option = func(c *call) { c.certificate = nil }
)

// WithAssertion changes the claims of the client's assertion.
func WithAssertion(changes Changes) Option { return func(c *call) { c.assertion = changes } }

// AssertionBy signs the client's assertion with a key and header members.
func AssertionBy(key Key, header Changes) Option {
	return func(c *call) { c.key, c.header = key, header }
}

// WithProof sends a DPoP proof of a key with changed claims.
func WithProof(key Key, claims Changes) Option {
	return func(c *call) { c.proof, c.proofKey, c.proofClaims = true, key, claims }
}

// ProofHeader changes the header of the proof.
func ProofHeader(changes Changes) Option { return func(c *call) { c.proofHeader = changes } }

// WithCertificateOf shows the certificate of another client.
func WithCertificateOf(other Client) Option {
	return func(c *call) { c.certificate = other.certificate }
}

// NamedAs sends another client_id.
func NamedAs(clientID string) Option { return func(c *call) { c.as = clientID } }

// Accepting asks for another form of answer than JSON.
func Accepting(form string) Option { return func(c *call) { c.accept = form } }

// NewKey makes an ES256 key.
func (t *Trial) NewKey() Key {
	key, err := newECKey(t.Rand, t.random())
	t.Need("a key can be made", err == nil, "%v", err)
	return key
}

// ProofKey is the key of the client's DPoP proofs in this rule.
func (t *Trial) ProofKey(c Client) Key {
	if t.proofs[c.ClientID].Signer == nil {
		t.proofs[c.ClientID] = t.NewKey()
	}
	return t.proofs[c.ClientID]
}

// Post sends a form as a client: with its authentication, its certificate and, where its tokens are bound to a key, a
// proof. A server that asks for a nonce in proofs gets one.
func (t *Trial) Post(ctx context.Context, endpoint string, c Client, form url.Values, options ...Option) Answer {
	k := call{key: c.Key(), proof: c.DPoP, certificate: c.certificate}
	if k.proof {
		k.proofKey = t.ProofKey(c)
	}
	for _, option := range options {
		option(&k)
	}
	address := t.Metadata.Endpoint(endpoint, k.certificate != nil)
	t.Need("the metadata names "+endpoint, address != "", "it does not")
	answer := t.post(ctx, address, c, maps.Clone(form), k)
	if k.proof && t.keepNonce(address, answer) && answer.String("error") == "use_dpop_nonce" {
		answer = t.post(ctx, address, c, maps.Clone(form), k)
	}
	return answer
}

func (t *Trial) keepNonce(address string, answer Answer) bool {
	if nonce := answer.Header.Get("DPoP-Nonce"); nonce != "" {
		t.nonces[origin(address)] = nonce
		return true
	}
	return false
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

func (t *Trial) post(ctx context.Context, address string, c Client, form url.Values, k call) Answer {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	if !k.anonymous {
		t.authenticate(c, form, header, k)
	}
	if k.as != "" {
		form.Set("client_id", k.as)
	}
	if k.accept != "" {
		header.Set("Accept", k.accept)
	}
	if k.proof {
		header.Set("DPoP", t.Proof(k.proofKey, http.MethodPost, address, "", k.proofClaims, k.proofHeader))
	}
	answer, err := t.send(ctx, k.certificate, http.MethodPost, address, header, strings.NewReader(form.Encode()))
	t.Need(pathOf(address)+" answers", err == nil, "%v", err)
	return answer
}

func (t *Trial) authenticate(c Client, form url.Values, header http.Header, k call) {
	switch c.Method {
	case "client_secret_basic":
		request := http.Request{Header: header}
		request.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
		return
	case "client_secret_post":
		form.Set("client_secret", c.ClientSecret)
	case "private_key_jwt":
		if !form.Has("client_assertion") {
			form.Set("client_assertion", t.Assertion(c, k.key, k.header, k.assertion))
			form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		}
	}
	form.Set("client_id", c.ClientID)
}

// Assertion is a client assertion (RFC 7523) with changed claims and header.
func (t *Trial) Assertion(c Client, key Key, header, changes Changes) string {
	t.Need("the client has a key", key.Signer != nil, "client %s has none in the file", c.ClientID)
	now := t.Now().Unix()
	token, err := t.sign(key, header.apply(map[string]any{"alg": string(key.Algorithm), "kid": key.ID}),
		changes.apply(map[string]any{"iss": c.ClientID, "sub": c.ClientID, "aud": t.Issuer, "iat": now, "nbf": now, "exp": now + 60, "jti": t.random()}))
	t.Need("the assertion can be signed", err == nil, "%v", err)
	return token
}

// Proof is a DPoP proof (RFC 9449 4.2); token is the access token that it goes with, if any.
func (t *Trial) Proof(key Key, method, address, token string, claims, header Changes) string {
	jwk, err := key.jwk()
	t.Need("the proof key can be written", err == nil, "%v", err)
	content := map[string]any{"jti": t.random(), "htm": method, "htu": address, "iat": t.Now().Unix()}
	if nonce := t.nonces[origin(address)]; nonce != "" {
		content["nonce"] = nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		content["ath"] = encode(sum[:])
	}
	proof, err := t.sign(key, header.apply(map[string]any{"typ": "dpop+jwt", "alg": string(key.Algorithm), "jwk": jwk}), claims.apply(content))
	t.Need("the proof can be signed", err == nil, "%v", err)
	return proof
}

// Redeem exchanges a code of a request.
func (t *Trial) Redeem(ctx context.Context, r Request, code string, options ...Option) Answer {
	return t.RedeemAs(ctx, r.Client, r, code, options...)
}

// RedeemAs is Redeem by a client that need not be the request's.
func (t *Trial) RedeemAs(ctx context.Context, c Client, r Request, code string, options ...Option) Answer {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.Params.Get("redirect_uri")}}
	if r.Params.Has("code_challenge") && r.Verifier != "" {
		form.Set("code_verifier", r.Verifier)
	}
	return t.Post(ctx, "token_endpoint", c, form, options...)
}

// Refresh exchanges a refresh token.
func (t *Trial) Refresh(ctx context.Context, c Client, token string, options ...Option) Answer {
	return t.Post(ctx, "token_endpoint", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, options...)
}

// Tokens of a flow that went well.
type Tokens struct {
	Access, Refresh, ID string
	Claims              map[string]any // of the ID token, verified
	Answer              Answer
}

// Text is a claim that is a text.
func (t Tokens) Text(name string) string { return Metadata(t.Claims).Text(name) }

// AuthTime is the claim auth_time in seconds, 0 without one.
func (t Tokens) AuthTime() int64 {
	value, _ := t.Claims["auth_time"].(float64)
	return int64(value)
}

// Login runs a whole flow: code, tokens, verified ID token. The rule ends when a part of it is wrong.
func (t *Trial) Login(ctx context.Context, b *Browser, r Request) Tokens {
	return t.Tokens(ctx, r, t.Code(ctx, b, r))
}

// Tokens redeems a code and verifies what comes; the rule ends when something is wrong.
func (t *Trial) Tokens(ctx context.Context, r Request, code string, options ...Option) Tokens {
	answer := t.Redeem(ctx, r, code, options...)
	t.Need("the code is redeemed", answer.OK(), "%s", answer.Said())
	tokens, err := t.CheckTokens(ctx, r, answer)
	t.Need("the token response is right", err == nil, "%v", err)
	return tokens
}

// CheckTokens says what is wrong with a token response (RFC 6749 5.1) and the ID token in it.
func (t *Trial) CheckTokens(ctx context.Context, r Request, a Answer) (Tokens, error) {
	tokens := Tokens{Access: a.String("access_token"), Refresh: a.String("refresh_token"), ID: a.String("id_token"), Answer: a}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	want := "bearer"
	if r.Client.DPoP {
		want = "dpop"
	}
	if !strings.EqualFold(a.String("token_type"), want) {
		fault("token_type is %q", a.String("token_type"))
	}
	if tokens.Access == "" {
		fault("there is no access_token")
	}
	if life, ok := a.Body["expires_in"]; ok {
		if seconds, number := life.(float64); !number || seconds <= 0 {
			fault("expires_in is %v", life)
		}
	}
	if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		fault("Cache-Control is %q, not no-store", a.Header.Get("Cache-Control"))
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		fault("Content-Type is %q", a.Header.Get("Content-Type"))
	}
	if slices.Contains(strings.Fields(r.Params.Get("scope")), "openid") {
		claims, err := t.CheckIDToken(ctx, r, tokens.ID, tokens.Access)
		tokens.Claims = claims
		if err != nil {
			faults = append(faults, err)
		}
	}
	return tokens, errors.Join(faults...)
}

// CheckIDToken verifies an ID token as OpenID Connect Core 3.1.3.7 asks a client to.
func (t *Trial) CheckIDToken(ctx context.Context, r Request, token, access string) (map[string]any, error) {
	if token == "" {
		return nil, errors.New("there is no id_token")
	}
	verified, err := t.verify(ctx, token, jose.Policy{Algorithms: algorithms(r.Client.IDTokenAlg, t.Metadata.List("id_token_signing_alg_values_supported")), Issuer: t.Issuer, Audience: r.Client.ClientID})
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	var claims map[string]any
	if err := verified.Decode(&claims); err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("ID token: "+format, args...))
	}
	text := func(name string) string { value, _ := claims[name].(string); return value }
	if verified.Claims.IssuedAt.IsZero() {
		fault("there is no iat")
	} else if age := t.Now().Sub(verified.Claims.IssuedAt); age > 5*time.Minute {
		fault("iat is %s old", age.Round(time.Second))
	}
	if sub := text("sub"); sub == "" || len(sub) > 255 {
		fault("sub has %d characters", len(sub))
	}
	if text("nonce") != r.Nonce() {
		fault("nonce is %q, sent was %q", text("nonce"), r.Nonce())
	}
	if azp := text("azp"); azp != "" && azp != r.Client.ClientID || azp == "" && len(verified.Claims.Audience) > 1 {
		fault("azp is %q", azp)
	}
	if _, there := claims["at_hash"]; there && text("at_hash") != jose.HalfHash(verified.Header.Algorithm, access) {
		fault("at_hash is not that of the access token")
	}
	if value, there := claims["auth_time"]; there || r.Params.Has("max_age") {
		if seconds, number := value.(float64); !number || time.Unix(int64(seconds), 0).After(t.Now().Add(10*time.Second)) {
			fault("auth_time is %v", value)
		}
	}
	for _, name := range []string{"acr", "sid"} {
		if value, there := claims[name]; there && text(name) == "" {
			fault("%s is %v", name, value)
		}
	}
	if value, there := claims["amr"]; there {
		if list, ok := value.([]any); !ok || slices.ContainsFunc(list, func(v any) bool { _, isText := v.(string); return !isText }) {
			fault("amr is %v", value)
		}
	}
	return claims, errors.Join(faults...)
}

// Resource asks a protected resource with an access token: method, address, and the options that concern a proof or certificate.
func (t *Trial) Resource(ctx context.Context, c Client, method, address, token string, options ...Option) Answer {
	scheme := "Bearer"
	if c.DPoP {
		scheme = "DPoP"
	}
	return t.ResourceAs(ctx, c, method, address, scheme, token, options...)
}

// ResourceAs is Resource with another word before the token.
func (t *Trial) ResourceAs(ctx context.Context, c Client, method, address, scheme, token string, options ...Option) Answer {
	k := call{proof: c.DPoP, certificate: c.certificate}
	if k.proof {
		k.proofKey = t.ProofKey(c)
	}
	for _, option := range options {
		option(&k)
	}
	ask := func() Answer {
		header := http.Header{"Accept": {"application/json"}}
		if scheme != "" {
			header.Set("Authorization", scheme+" "+token)
		}
		if k.proof {
			header["Dpop"] = []string{t.Proof(k.proofKey, method, address, token, k.proofClaims, k.proofHeader)}
		}
		var body io.Reader
		answer, err := t.send(ctx, k.certificate, method, address, header, body)
		t.Need(pathOf(address)+" answers", err == nil, "%v", err)
		return answer
	}
	answer := ask()
	if k.proof && t.keepNonce(address, answer) && errorOf(answer.Header.Get("WWW-Authenticate")) == "use_dpop_nonce" {
		answer = ask()
	}
	return answer
}

// Userinfo is the address of the userinfo endpoint for a client.
func (t *Trial) Userinfo(c Client) string {
	t.Has("userinfo_endpoint")
	return t.Metadata.Endpoint("userinfo_endpoint", c.certificate != nil)
}

// PostToken sends an access token in a form (RFC 6750 2.2).
func (t *Trial) PostToken(ctx context.Context, address, token string) Answer {
	answer, err := t.send(ctx, nil, http.MethodPost, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, strings.NewReader(url.Values{"access_token": {token}}.Encode()))
	t.Need(pathOf(address)+" answers", err == nil, "%v", err)
	return answer
}

// Call sends any request without a client's authentication.
func (t *Trial) Call(ctx context.Context, method, address string, header http.Header, body string) Answer {
	answer, err := t.send(ctx, nil, method, address, header, strings.NewReader(body))
	t.Need(pathOf(address)+" answers", err == nil, "%v", err)
	return answer
}

// VerifySigned verifies a signed answer of an endpoint, such as that of userinfo or introspection.
func (t *Trial) VerifySigned(ctx context.Context, c Client, token, typ, algorithm string) (map[string]any, error) {
	verified, err := t.verify(ctx, strings.TrimSpace(token), jose.Policy{Algorithms: algorithms(algorithm, nil), AlsoType: typ, Issuer: t.Issuer, Audience: c.ClientID, NoExpiry: true})
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, verified.Decode(&claims)
}

var errorWord = regexp.MustCompile(`error="([^"]*)"`)

// errorOf is the error that a WWW-Authenticate header names (RFC 6750 3).
func errorOf(header string) string {
	if found := errorWord.FindStringSubmatch(header); found != nil {
		return found[1]
	}
	return ""
}
