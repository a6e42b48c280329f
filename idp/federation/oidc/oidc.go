// Package oidc is the client side of OpenID Connect for upstream sources: code flow with PKCE (RFC 7636), the checks of
// Core 3.1.3.7 on the ID token, the issuer in the answer (RFC 9207) and Back-Channel Logout 1.0 section 2.6.
//
// Everything that the source says is hostile until it is checked: its metadata must name the registered issuer, tokens
// must bear a registered algorithm, and all of it is fetched through one bounded client.
package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Fetcher sends requests; *outbound.Client is one (security rule R9).
type Fetcher interface {
	Do(ctx context.Context, method, address string, header http.Header, body []byte) (*outbound.Answer, error)
}

// Lives of what is kept of a source, and the tolerance for its clock.
const (
	keepMetadata = 10 * time.Minute
	refetchAfter = 30 * time.Second // an unknown key may make us ask again, but not more often
	leeway       = 10 * time.Second
	maxAge       = 10 * time.Minute // between the iat of a token and now
)

// Provider implements federation.Provider.
type Provider struct {
	fetch Fetcher
	now   func() time.Time
	mutex sync.Mutex
	known map[string]*peer // by issuer
}

// New returns a provider.
func New(fetch Fetcher, now func() time.Time) *Provider {
	return &Provider{fetch: fetch, now: now, known: map[string]*peer{}}
}

// metadata of OpenID Connect Discovery 1.0 that we use.
type metadata struct {
	Issuer           string   `json:"issuer"`
	Authorization    string   `json:"authorization_endpoint"`
	Token            string   `json:"token_endpoint"`
	UserInfo         string   `json:"userinfo_endpoint"`
	Keys             string   `json:"jwks_uri"`
	GMKeys           string   `json:"gm_jwks_uri"`
	EndSession       string   `json:"end_session_endpoint"`
	IssuerInResponse bool     `json:"authorization_response_iss_parameter_supported"`
	AuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
}

// peer is what is kept of a source.
type peer struct {
	metadata  metadata
	fetchedAt time.Time
	keys      jose.KeySet
	keysAt    time.Time
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", federation.ErrRefused, fmt.Errorf(format, args...))
}

// get reads a JSON document of a source.
func (p *Provider) get(ctx context.Context, address string, header http.Header, into any) ([]byte, error) {
	answer, err := p.fetch.Do(ctx, http.MethodGet, address, header, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", federation.ErrSilent, err)
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answered %d", federation.ErrSilent, address, answer.Status)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Body, into); err != nil {
			return nil, refused("read %s: %w", address, err)
		}
	}
	return answer.Body, nil
}

// meta is the metadata of a source.
func (p *Provider) meta(ctx context.Context, s federation.Source) (metadata, error) {
	m, _, err := p.metadata(ctx, s)
	return m, err
}

// metadata is fetched anew after ten minutes; asked says that it was.
func (p *Provider) metadata(ctx context.Context, s federation.Source) (m metadata, asked bool, err error) {
	p.mutex.Lock()
	kept := p.known[s.Issuer]
	p.mutex.Unlock()
	if kept != nil && p.now().Sub(kept.fetchedAt) < keepMetadata {
		return kept.metadata, false, nil
	}
	if _, err := p.get(ctx, s.Issuer+"/.well-known/openid-configuration", nil, &m); err != nil {
		return m, true, err
	}
	scheme, _, _ := strings.Cut(s.Issuer, "://")
	if m.Issuer != s.Issuer {
		return m, true, refused("metadata is of another issuer")
	}
	for _, address := range []string{m.Authorization, m.Token, m.Keys} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != scheme {
			return m, true, refused("metadata holds an address that is no secure one")
		}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	next := &peer{metadata: m, fetchedAt: p.now()}
	if old := p.known[s.Issuer]; old != nil && old.metadata.Keys == m.Keys && old.metadata.GMKeys == m.GMKeys {
		next.keys, next.keysAt = old.keys, old.keysAt
	}
	p.known[s.Issuer] = next
	return m, true, nil
}

// keySet is the source's keys; fresh asks again, though not more often than every 30 s.
func (p *Provider) keySet(ctx context.Context, s federation.Source, m metadata, fresh bool) (jose.KeySet, error) {
	p.mutex.Lock()
	kept := p.known[s.Issuer]
	set, age := kept.keys, p.now().Sub(kept.keysAt)
	p.mutex.Unlock()
	if age < refetchAfter || !fresh && age < keepMetadata {
		return set, nil
	}
	var all []jose.Key
	addresses := []string{m.Keys}
	if m.GMKeys != "" && slices.Contains(s.Algorithms, string(jose.SM2SM3)) {
		addresses = append(addresses, m.GMKeys)
	}
	for _, address := range addresses {
		raw, err := p.get(ctx, address, nil, nil)
		if err != nil {
			return set, err
		}
		one, err := jose.ParseKeySet(raw, true)
		if err != nil {
			return set, refused("read key set: %w", err)
		}
		all = append(all, one.Keys()...)
	}
	set, err := jose.NewKeySet(all...)
	if err != nil {
		return set, refused("read key set: %w", err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	kept.keys, kept.keysAt = set, p.now()
	return set, nil
}

// Begin implements federation.Provider: the authorization request.
func (p *Provider) Begin(ctx context.Context, s federation.Source, a federation.Attempt) (string, bool, error) {
	m, asked, err := p.metadata(ctx, s)
	if err != nil {
		return "", asked, err
	}
	challenge := sha256.Sum256([]byte(a.Verifier))
	target, err := url.Parse(m.Authorization)
	if err != nil {
		return "", asked, refused("authorization endpoint: %w", err)
	}
	q := target.Query()
	for name, value := range map[string]string{"response_type": "code", "client_id": s.ClientID, "redirect_uri": a.RedirectURI, "scope": s.Scope, "state": a.State, "nonce": a.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256"} {
		q.Set(name, value)
	}
	if a.Fresh {
		q.Set("prompt", "login")
		q.Set("max_age", "0")
	}
	target.RawQuery = q.Encode()
	return target.String(), asked, nil
}

// Leave implements federation.Provider: RP-Initiated Logout 1.0 section 2 with us as the relying party.
func (p *Provider) Leave(ctx context.Context, s federation.Source, hint, back, state string) (string, error) {
	m, err := p.meta(ctx, s)
	if err != nil || m.EndSession == "" {
		return "", err
	}
	scheme, _, _ := strings.Cut(s.Issuer, "://")
	target, err := url.Parse(m.EndSession)
	if err != nil || target.Host == "" || target.User != nil || target.Fragment != "" || target.Scheme != "https" && target.Scheme != scheme {
		return "", refused("end_session_endpoint is no secure address")
	}
	q := target.Query()
	q.Set("client_id", s.ClientID)
	q.Set("post_logout_redirect_uri", back)
	q.Set("state", state)
	if hint != "" {
		q.Set("id_token_hint", hint)
	}
	target.RawQuery = q.Encode()
	return target.String(), nil
}

// maxCode bounds what is sent on as a code.
const maxCode = 4 << 10

// Finish implements federation.Provider: from the answer in the browser to an identity.
func (p *Provider) Finish(ctx context.Context, s federation.Source, secret string, a federation.Attempt, answer url.Values) (federation.Identity, error) {
	m, err := p.meta(ctx, s)
	if err != nil {
		return federation.Identity{}, err
	}
	switch issuer := answer.Get("iss"); {
	case issuer != s.Issuer && (issuer != "" || m.IssuerInResponse):
		return federation.Identity{}, refused("the answer is of another issuer") // mix-up, RFC 9207
	case answer.Get("error") != "":
		return federation.Identity{}, refused("the source answered %.64q", answer.Get("error"))
	case answer.Get("code") == "" || len(answer.Get("code")) > maxCode:
		return federation.Identity{}, refused("no code")
	}
	tokens, err := p.redeem(ctx, s, m, secret, a, answer.Get("code"))
	if err != nil {
		return federation.Identity{}, err
	}
	token, err := p.verify(ctx, s, m, tokens.IDToken, "")
	if err != nil {
		return federation.Identity{}, err
	}
	identity, err := p.read(s, a, token, tokens.AccessToken)
	if err != nil {
		return federation.Identity{}, err
	}
	identity.Hint = tokens.IDToken
	if s.UserInfo {
		err = p.userInfo(ctx, s, m, tokens.AccessToken, &identity)
	}
	return identity, err
}

type tokenAnswer struct {
	IDToken     string `json:"id_token"`
	AccessToken string `json:"access_token"`
}

func (p *Provider) redeem(ctx context.Context, s federation.Source, m metadata, secret string, a federation.Attempt, code string) (t tokenAnswer, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.RedirectURI}, "code_verifier": {a.Verifier}}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	switch basic := len(m.AuthMethods) == 0 || slices.Contains(m.AuthMethods, "client_secret_basic"); {
	case secret == "":
		form.Set("client_id", s.ClientID)
	case basic:
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s.ClientID)+":"+url.QueryEscape(secret))))
	default:
		form.Set("client_id", s.ClientID)
		form.Set("client_secret", secret)
	}
	answer, err := p.fetch.Do(ctx, http.MethodPost, m.Token, header, []byte(form.Encode()))
	switch {
	case err != nil:
		return t, fmt.Errorf("%w: token endpoint: %w", federation.ErrSilent, err)
	case answer.Status >= http.StatusInternalServerError:
		return t, fmt.Errorf("%w: token endpoint answered %d", federation.ErrSilent, answer.Status)
	case answer.Status != http.StatusOK:
		return t, refused("token endpoint answered %d", answer.Status)
	}
	if err := json.Unmarshal(answer.Body, &t); err != nil || t.IDToken == "" {
		return t, refused("token endpoint gave no ID token")
	}
	return t, nil
}

// verify checks a token's signature and the claims that every token of the source has. A key that is not known makes us
// ask for the key set once more.
func (p *Provider) verify(ctx context.Context, s federation.Source, m metadata, raw, typ string) (*jose.Token, error) {
	policy := jose.Policy{Type: typ, Issuer: s.Issuer, Audience: s.ClientID, Now: p.now(), Leeway: leeway}
	for _, algorithm := range s.Algorithms {
		policy.Algorithms = append(policy.Algorithms, jose.Algorithm(algorithm))
	}
	set, err := p.keySet(ctx, s, m, false)
	if err != nil {
		return nil, err
	}
	token, err := jose.Verify(raw, set, policy)
	if errors.Is(err, jose.ErrKey) || errors.Is(err, jose.ErrSignature) {
		if set, err = p.keySet(ctx, s, m, true); err != nil {
			return nil, err
		}
		token, err = jose.Verify(raw, set, policy)
	}
	if err != nil {
		return nil, refused("token: %w", err)
	}
	if at := token.Claims.IssuedAt; at.IsZero() || p.now().Sub(at) > maxAge {
		return nil, refused("token: iat is missing or too old")
	}
	var party struct {
		AZP *string `json:"azp"`
	}
	if err := token.Decode(&party); err != nil {
		return nil, refused("token: %w", err)
	}
	if party.AZP != nil && *party.AZP != s.ClientID || party.AZP == nil && len(token.Claims.Audience) > 1 {
		return nil, refused("token: azp")
	}
	return token, nil
}

// maxSubject is OpenID Connect Core section 2.
const maxSubject = 255

func (p *Provider) read(s federation.Source, a federation.Attempt, token *jose.Token, accessToken string) (federation.Identity, error) {
	var claims map[string]any
	if err := token.Decode(&claims); err != nil {
		return federation.Identity{}, refused("ID token: %w", err)
	}
	i := federation.Identity{Subject: token.Claims.Subject, SID: text(claims, "sid"), ACR: text(claims, "acr"), AMR: words(claims, "amr"), Evidence: digest.Hex(token.Payload)}
	hash, bound := claims["at_hash"]
	switch _, logout := claims["events"]; {
	case logout:
		return i, refused("ID token: it is another kind of token")
	case subtle.ConstantTimeCompare([]byte(text(claims, "nonce")), []byte(a.Nonce)) != 1:
		return i, refused("ID token: nonce")
	case i.Subject == "" || len(i.Subject) > maxSubject:
		return i, refused("ID token: sub")
	case bound && hash != jose.HalfHash(token.Header.Algorithm, accessToken):
		return i, refused("ID token: at_hash")
	}
	if at, ok := claims["auth_time"].(float64); ok && at > 0 && at < 253402300799 {
		i.AuthTime = time.Unix(int64(at), 0).UTC()
	}
	if a.Fresh && i.AuthTime.IsZero() {
		return i, refused("ID token: auth_time is missing although max_age was asked for")
	}
	take(&i, s, claims)
	return i, nil
}

// userInfo adds claims that the ID token does not hold; it must be of the same subject.
func (p *Provider) userInfo(ctx context.Context, s federation.Source, m metadata, accessToken string, i *federation.Identity) error {
	var claims map[string]any
	if _, err := p.get(ctx, m.UserInfo, http.Header{"Authorization": {"Bearer " + accessToken}}, &claims); err != nil {
		return err
	}
	if text(claims, "sub") != i.Subject {
		return refused("userinfo is of another subject")
	}
	take(i, s, claims)
	return nil
}

// take reads what the registration names.
func take(i *federation.Identity, s federation.Source, claims map[string]any) {
	for name, into := range map[string]*string{s.LevelClaim: &i.Level, s.NameClaim: &i.Name, s.NumberClaim: &i.Number} {
		if value := text(claims, name); value != "" {
			*into = value
		}
	}
}

// text is a claim as a word: texts, and whole numbers as their digits.
func text(claims map[string]any, name string) string {
	switch v := claims[name].(type) {
	case string:
		return v
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return ""
}

// maxWords bounds what is read of a list of words.
const maxWords = 20

// words is a claim that lists words; what is none is left out.
func words(claims map[string]any, name string) (all []string) {
	list, _ := claims[name].([]any)
	for _, one := range list[:min(len(list), maxWords)] {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

// Logout implements federation.Provider: Back-Channel Logout 1.0 section 2.6.
func (p *Provider) Logout(ctx context.Context, s federation.Source, _ string, form url.Values) (federation.Ended, error) {
	raw := form.Get("logout_token")
	m, err := p.meta(ctx, s)
	if err != nil {
		return federation.Ended{}, err
	}
	token, err := p.verify(ctx, s, m, raw, "logout+jwt")
	if errors.Is(err, jose.ErrType) { // the type is only recommended: events and nonce tell it from an ID token
		token, err = p.verify(ctx, s, m, raw, "")
	}
	if err != nil {
		return federation.Ended{}, err
	}
	var claims struct {
		SID    string                     `json:"sid"`
		Events map[string]json.RawMessage `json:"events"`
	}
	var members map[string]json.RawMessage
	if err := errors.Join(token.Decode(&claims), token.Decode(&members)); err != nil {
		return federation.Ended{}, refused("logout token: %w", err)
	}
	_, hasNonce := members["nonce"]
	_, isLogout := claims.Events["http://schemas.openid.net/event/backchannel-logout"]
	ended := federation.Ended{Subject: token.Claims.Subject, SID: claims.SID, JTI: token.Claims.JTI, Expires: token.Claims.Expires}
	switch {
	case !isLogout:
		return ended, refused("logout token: no logout event")
	case hasNonce:
		return ended, refused("logout token: it has a nonce")
	case ended.JTI == "":
		return ended, refused("logout token: no jti")
	case ended.Subject == "" && ended.SID == "":
		return ended, refused("logout token: neither sub nor sid")
	}
	return ended, nil
}
