// Package tokens mints and judges the platform's tokens: ID tokens, access tokens (RFC 9068) and logout tokens, each with
// a type of its own so that none passes for another. The algorithm follows the client's registration, never a header.
package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Types of tokens.
const (
	typeAccess = "at+jwt"
	typeID     = "JWT"
	typeLogout = "logout+jwt"
	typeExport = "personal-data+jwt"       // of a copy of a person's data
	typeAnswer = "token-introspection+jwt" // RFC 9701
)

const idTokenLife = 10 * time.Minute

// Service mints and judges.
type Service struct {
	issuer  string
	ring    *keys.Ring
	clients *idp.Clients
	people  idp.People
	store   oauth.Store
	proofs  *oauth.Proofs
	ledger  *idp.Ledger
	details *idp.Details
	words   *idp.LiveVocabulary
	now     func() time.Time
	rand    io.Reader
	sets    keySets
}

// Config of the service.
type Config struct {
	Issuer  string
	Ring    *keys.Ring
	Clients *idp.Clients
	People  idp.People
	Store   oauth.Store
	Proofs  *oauth.Proofs
	Ledger  *idp.Ledger         // writes down what introspection tells; nil writes nothing
	Details *idp.Details        // kinds of authorization_details; nil knows none
	Words   *idp.LiveVocabulary // nil is what is built in
	Now     func() time.Time
	Rand    io.Reader
}

// New returns the service.
func New(cfg Config) *Service {
	return &Service{issuer: cfg.Issuer, ring: cfg.Ring, clients: cfg.Clients, people: cfg.People, store: cfg.Store, proofs: cfg.Proofs, ledger: cfg.Ledger, details: cfg.Details, words: cfg.Words, now: cfg.Now, rand: cfg.Rand}
}

// keyFor is the kind of key behind a JWS algorithm.
var keyFor = map[jose.Algorithm]keys.Algorithm{jose.ES256: keys.P256, jose.RS256: keys.RSA2048, jose.PS256: keys.RSAPSS, jose.SM2SM3: keys.SM2}

// sign signs for a client, in the encoding that it registered.
func (s *Service) sign(ctx context.Context, client idp.Client, algorithm jose.Algorithm, typ string, claims any) (string, error) {
	kind, ok := keyFor[algorithm]
	if !ok {
		return "", fmt.Errorf("sign token: algorithm %s", algorithm)
	}
	signer, err := s.ring.Signer(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: kind})
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return jose.SignAs(ctx, signer, algorithm, client.SignatureEncoding(), typ, payload)
}

// verifyOwn verifies a token of ours, in the one encoding that is registered for the client it was signed for; owner tells
// which that is.
func (s *Service) verifyOwn(token string, set jose.KeySet, policy jose.Policy, owner func(*jose.Token) string) (*jose.Token, error) {
	verified, err := jose.Verify(token, set, policy)
	encoding := jose.SignatureRaw
	if errors.Is(err, jose.ErrSignature) {
		policy.Algorithms, policy.SM2Encoding, encoding = []jose.Algorithm{jose.SM2SM3}, jose.SignatureDER, jose.SignatureDER
		var second error
		if verified, second = jose.Verify(token, set, policy); second == nil {
			err = nil
		}
	}
	if err != nil {
		return nil, err
	}
	if client, _ := s.clients.Find(owner(verified)); verified.Header.Algorithm == jose.SM2SM3 && client.SignatureEncoding() != encoding {
		return nil, jose.ErrSignature
	}
	return verified, nil
}

// EnsureKeys makes the signing keys at start, so that they are published before their first use.
func (s *Service) EnsureKeys(ctx context.Context) error {
	for _, kind := range keyFor {
		if _, err := s.ring.Ensure(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: kind}); err != nil {
			return err
		}
	}
	return nil
}

// IDToken is OpenID Connect Core 2 for a client.
func (s *Service) IDToken(ctx context.Context, client idp.Client, session oauth.Session, scopes []string, accessToken string) (string, error) {
	claims, err := s.Claims(ctx, Subject{session.AccountID, session.AccountVersion, session.Mandate, session.PrincipalVersion, session.Actor}, s.words.Load().Withholding(client, session.Withheld), scopes, session.WantsClaims)
	if err != nil {
		return "", err
	}
	if passed := client.PassedOn(session.Agreement(), slices.Collect(maps.Keys(claims))); passed != nil {
		claims[idp.ClaimRecipients] = passed
	}
	now := s.now()
	algorithm := jose.Algorithm(client.IDTokenAlg)
	if session.Mandate != nil {
		if claims["authorization_details"], err = session.AllDetails(); err != nil {
			return "", err
		}
	}
	claims["iss"], claims["sub"], claims["aud"] = s.issuer, session.Subject, client.ClientID
	claims["iat"], claims["exp"], claims["auth_time"] = now.Unix(), now.Add(idTokenLife).Unix(), session.AuthTime.Unix()
	claims["acr"], claims["amr"], claims["sid"] = subject.AAL(session.AAL).URN(), session.Methods, session.ShownSID()
	claims["at_hash"] = jose.HalfHash(algorithm, accessToken)
	if session.Nonce != "" {
		claims["nonce"] = session.Nonce
	}
	token, err := s.sign(ctx, client, algorithm, typeID, claims)
	if err != nil || client.IDTokenKeyWrap == "" {
		return token, err
	}
	return s.encrypt(client, token)
}

// encrypt wraps a signed token for the client's registered key (RFC 7519 section 5.2): the first one with use enc.
func (s *Service) encrypt(client idp.Client, token string) (string, error) {
	_, keys, err := jose.ParseKeyPairs(client.JWKS)
	if err != nil || len(keys) == 0 {
		return "", fmt.Errorf("encrypt token of client %s: %w", client.ClientID, errors.Join(jose.ErrKey, err))
	}
	return jose.Encrypt(s.rand, keys[0], jose.EncryptOptions{ContentType: "JWT", KeyEncoding: jose.KeyEncoding(client.SM2KeyEncoding)}, []byte(token))
}

// PersonClaims are the claims about a person that the scopes and the claims parameter allow, as the vocabulary has them.
// ial is never mixed with acr; evidence stands in verified_claims (OpenID Identity Assurance).
func (s *Service) PersonClaims(p idp.Person, client idp.Client, scopes, wanted []string) map[string]any {
	words := s.words.Load()
	claims := map[string]any{}
	words.Give(claims, &p, client, scopes, wanted, s.now)
	if slices.Contains(wanted, evidenceClaim) {
		if evidence := evidenceOf(words, &p, client, claims); evidence != nil {
			claims[evidenceClaim] = evidence
		}
	}
	return claims
}

const evidenceClaim = "verified_claims"

// evidenceOf tells how surely the person is known and by what, within what the client may know.
func evidenceOf(words *idp.Vocabulary, p *idp.Person, client idp.Client, claims map[string]any) map[string]any {
	rule, ok := words.Claim(evidenceClaim)
	ial := words.ShownIAL(client, int(p.IAL))
	if rule.MaxIAL > 0 {
		ial = min(ial, rule.MaxIAL)
	}
	if !ok || ial == 0 || ial < rule.IAL || !client.MayHave(evidenceClaim) {
		return nil
	}
	inner := map[string]any{}
	if name, ok := claims["name"]; ok {
		inner["name"] = name
	}
	verification := map[string]any{"trust_framework": "cn_yinxin", "assurance_level": subject.IAL(ial).URN()}
	if ial == int(p.IAL) { // method, source and time of a higher level would tell of it
		verification["time"] = p.IALAt.UTC().Format(time.RFC3339)
		verification["evidence"] = []map[string]any{{"type": idp.EvidenceType(p.IALMethod), "check_details": []map[string]any{{"check_method": p.IALMethod, "organization": p.IALSource}}}}
	}
	return map[string]any{"verification": verification, "claims": inner}
}

// LogoutToken is OpenID Connect Back-Channel Logout 1.0 section 2.4, encrypted where ID tokens are (section 2.6).
func (s *Service) LogoutToken(ctx context.Context, client idp.Client, sub, sid string) (string, error) {
	now := s.now()
	token, err := s.sign(ctx, client, jose.Algorithm(client.IDTokenAlg), typeLogout, map[string]any{
		"iss": s.issuer, "sub": sub, "aud": client.ClientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": ident.New(s.rand, "lo"), "sid": sid,
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
	if err != nil || client.IDTokenKeyWrap == "" {
		return token, err
	}
	return s.encrypt(client, token)
}

// Hint reads an id_token_hint: one of ours, expired or not, and tells whose it is.
func (s *Service) Hint(ctx context.Context, hint string) (clientID, sub, sid string, err error) {
	set, _, err := s.allKeys(ctx)
	if err != nil {
		return "", "", "", err
	}
	policy := jose.Policy{Algorithms: []jose.Algorithm{jose.ES256, jose.RS256, jose.PS256, jose.SM2SM3}, Type: typeID, Issuer: s.issuer, Now: s.now(), NoExpiry: true}
	token, err := s.verifyOwn(hint, set, policy, func(t *jose.Token) string {
		if len(t.Claims.Audience) != 1 {
			return ""
		}
		return t.Claims.Audience[0]
	})
	if err != nil || len(token.Claims.Audience) != 1 {
		return "", "", "", errors.Join(ErrToken, err)
	}
	var claims struct {
		SID string `json:"sid"`
	}
	if err := token.Decode(&claims); err != nil {
		return "", "", "", err
	}
	return token.Claims.Audience[0], token.Claims.Subject, idp.OwnSID(claims.SID), nil
}
