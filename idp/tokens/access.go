package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// opaquePrefix begins every opaque access token, so that a scanner of leaked secrets knows it.
const opaquePrefix = "yxa_"

// accessClaims are the claims of an access token (RFC 9068 2.2), signed or stored. gid, sid and parents are ours: they say
// with what the token ends.
type accessClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience []string        `json:"aud"`
	ClientID string          `json:"client_id"`
	IssuedAt int64           `json:"iat"`
	Expires  int64           `json:"exp"`
	JTI      string          `json:"jti"`
	Scope    string          `json:"scope,omitempty"`
	AuthTime int64           `json:"auth_time,omitempty"`
	ACR      string          `json:"acr,omitempty"`
	AMR      []string        `json:"amr,omitempty"`
	IAL      *int            `json:"ial,omitempty"`
	Partner  string          `json:"partner_level,omitempty"` // ial in the word of the client
	Details  json.RawMessage `json:"authorization_details,omitempty"`
	Binding  oauth.Binding   `json:"cnf,omitzero"`
	Actor    *oauth.Actor    `json:"act,omitempty"`
	Userinfo []string        `json:"userinfo_claims,omitempty"` // asked for one by one at userinfo; names only
	Mandate  string          `json:"mandate_id,omitempty"`
	GrantID  string          `json:"gid,omitempty"`
	SID      string          `json:"sid,omitempty"`
	Parents  []string        `json:"parents,omitempty"`
}

// AccessToken implements oauth.AccessMinter: an RFC 9068 JWT in the algorithm of the client's registration, or an opaque
// token where the client asks for that; at most ten minutes. Tokens of people die with their grant.
func (s *Service) AccessToken(ctx context.Context, m oauth.Mint) (oauth.Minted, error) {
	now := s.now()
	session := m.Session
	c := accessClaims{
		Issuer: s.issuer, Subject: session.Subject, Audience: m.Audience, ClientID: m.Client.ClientID, IssuedAt: now.Unix(), Expires: now.Add(min(m.Life, oauth.AccessLife)).Unix(),
		JTI: ident.New(s.rand, "at"), Scope: strings.Join(m.Scopes, " "), Details: session.Details, Binding: session.Binding, Actor: session.Actor, Userinfo: session.UserinfoClaims, GrantID: m.GrantID, Parents: session.Parents,
	}
	if c.Subject == "" {
		c.Subject = m.Client.ClientID // client credentials: the client acts for itself (RFC 9068 2.2)
	}
	if session.AccountID != "" {
		c.SID, c.AuthTime, c.ACR, c.AMR = session.SID, session.AuthTime.Unix(), subject.AAL(session.AAL).URN(), session.Methods
	}
	ial, err := s.toldIAL(ctx, m)
	if err != nil {
		return oauth.Minted{}, err
	}
	c.IAL = ial
	if ial != nil {
		c.Partner = m.Client.PartnerLevels.Word(*ial)
	}
	released, err := s.claimsOfToken(ctx, m, ial)
	if err != nil {
		return oauth.Minted{}, err
	}
	if session.Mandate != nil {
		c.Mandate = session.Mandate.ID
		if c.Details, err = session.AllDetails(); err != nil {
			return oauth.Minted{}, err
		}
	}
	if m.Client.AccessTokenFormat == idp.FormatOpaque {
		minted, err := s.opaque(ctx, m.Client.ClientID, c)
		minted.Released = released
		return minted, err
	}
	algorithm := jose.Algorithm(m.Client.AccessTokenAlg)
	if algorithm == "" {
		algorithm = jose.ES256
	}
	token, err := s.sign(ctx, m.Client, algorithm, typeAccess, c)
	return oauth.Minted{Token: token, JTI: c.JTI, Released: released}, err
}

func (s *Service) opaque(ctx context.Context, clientID string, c accessClaims) (oauth.Minted, error) {
	token := opaquePrefix + ident.Secret(s.rand, 32)
	hash, err := oauth.OpaqueHash(ctx, s.ring, token)
	if err != nil {
		return oauth.Minted{}, fault.Wrap(err, fault.Unavailable)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return oauth.Minted{}, err
	}
	return oauth.Minted{Token: token, JTI: c.JTI, Opaque: &oauth.OpaqueRecord{Hash: hash, ClientID: clientID, Claims: body, ExpiresAt: time.Unix(c.Expires, 0).UTC()}}, nil
}

// Access is a judged access token.
type Access struct {
	JTI      string
	ClientID string
	Subject  string
	Audience []string
	Scopes   []string
	Expires  time.Time
	IssuedAt time.Time
	AuthTime time.Time // zero for client credentials
	ACR      string
	AMR      []string
	IAL      *int // nil where it is not told
	Parents  []string
	Details  json.RawMessage
	Binding  oauth.Binding
	Actor    *oauth.Actor
	Userinfo []string           // claims asked for one by one
	Grant    *oauth.GrantRecord // nil for client credentials
	// AccountVersion of the account behind the grant, when it was read.
	AccountVersion int64
	// Consent is the version of the consent that the grant stands on, when it was read; Withheld are the claims that the person
	// does not give.
	Consent  int64
	Withheld []string
	Terms    string // of that consent, where something is passed on
	// Mandate under which that account acts for the subject, as it is now; nil for the person itself.
	Mandate          *mandate.Mandate
	PrincipalVersion int64
}

// Principal is the account that the subject stands for; empty for client credentials.
func (a Access) Principal() string {
	switch {
	case a.Mandate != nil:
		return a.Mandate.Principal
	case a.Grant != nil:
		return a.Grant.AccountID
	}
	return ""
}

// Errors of judging.
var ErrToken = errors.New("tokens: not an active access token")

// Judge verifies an access token and that neither it nor its grant nor the account behind it has ended.
func (s *Service) Judge(ctx context.Context, token string) (Access, error) {
	c, err := s.read(ctx, token)
	if err != nil {
		return Access{}, err
	}
	a := Access{JTI: c.JTI, ClientID: c.ClientID, Subject: c.Subject, Audience: c.Audience, Scopes: strings.Fields(c.Scope), Expires: time.Unix(c.Expires, 0).UTC(),
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ACR: c.ACR, AMR: c.AMR, IAL: c.IAL, Parents: c.Parents, Details: c.Details, Binding: c.Binding, Actor: c.Actor, Userinfo: c.Userinfo}
	if c.AuthTime != 0 {
		a.AuthTime = time.Unix(c.AuthTime, 0).UTC()
	}
	if _, enabled := s.clients.Find(a.ClientID); !enabled {
		return Access{}, fmt.Errorf("%w: the client is not enabled", ErrToken)
	}
	standing, err := s.store.Standing(ctx, c.GrantID, append([]string{c.JTI}, c.Parents...)...)
	if err != nil {
		return Access{}, fault.Wrap(err, fault.Unavailable)
	}
	switch {
	case standing.TokenRevoked:
		return Access{}, fmt.Errorf("%w: it was revoked", ErrToken)
	case c.GrantID == "":
		return a, nil
	case !standing.Known, !standing.Grant.RevokedAt.IsZero(), standing.Account != idp.AccountActive:
		return Access{}, fmt.Errorf("%w: its grant or account has ended", ErrToken)
	}
	if standing.Grant.MandateID != c.Mandate || !standing.MayAct(c.Mandate, s.now()) {
		return Access{}, fmt.Errorf("%w: its mandate has ended", ErrToken)
	}
	a.Grant, a.AccountVersion, a.Consent, a.Withheld, a.Terms = &standing.Grant, standing.Version, standing.ConsentVersion, standing.Withheld, standing.Terms
	if c.Mandate != "" {
		a.Mandate, a.PrincipalVersion = &standing.Mandate, standing.PrincipalVersion
	}
	return a, nil
}

// read verifies a signed token or finds an opaque one. What a token says never changes, so it is kept for the next time;
// whether it still holds is asked each time.
func (s *Service) read(ctx context.Context, token string) (accessClaims, error) {
	set, before, err := s.allKeys(ctx)
	if err != nil {
		return accessClaims{}, err
	}
	if c, ok := before.get(token); ok && s.now().Unix() < c.Expires {
		return c, nil
	}
	var c accessClaims
	if strings.HasPrefix(token, opaquePrefix) {
		c, err = s.find(ctx, token)
	} else {
		c, err = s.verify(token, set)
	}
	if err != nil {
		return accessClaims{}, err
	}
	before.put(token, c)
	return c, nil
}

// find reads an opaque token.
func (s *Service) find(ctx context.Context, token string) (accessClaims, error) {
	var c accessClaims
	hash, err := oauth.OpaqueHash(ctx, s.ring, token)
	if err != nil {
		return c, fault.Wrap(err, fault.Unavailable)
	}
	stored, err := s.store.Opaque(ctx, hash)
	if errors.Is(err, oauth.ErrNotFound) || err == nil && !s.now().Before(stored.ExpiresAt) {
		return c, fmt.Errorf("%w: not known or expired", ErrToken)
	}
	if err != nil {
		return c, fault.Wrap(err, fault.Unavailable)
	}
	return c, json.Unmarshal(stored.Claims, &c)
}

// verify checks a signed token.
func (s *Service) verify(token string, set jose.KeySet) (accessClaims, error) {
	var c accessClaims
	policy := jose.Policy{Algorithms: []jose.Algorithm{jose.ES256, jose.SM2SM3}, Type: typeAccess, Issuer: s.issuer, Now: s.now()}
	var unread error
	if _, err := s.verifyOwn(token, set, policy, func(t *jose.Token) string {
		unread = t.Decode(&c)
		return c.ClientID
	}); err != nil || unread != nil {
		return accessClaims{}, fmt.Errorf("%w: %w", ErrToken, errors.Join(err, unread))
	}
	return c, nil
}

// Presented is how an access token came to a protected resource: values only.
type Presented struct {
	Scheme      string // of the Authorization header
	Token       string
	Proof       oauth.Proof // method, address and DPoP headers
	Certificate string      // x5t#S256 of the certificate that the caller holds, empty without one
}

// Accept judges a token at a resource of our own: it must be meant for us (O-42), come in the scheme of its binding and
// with the key that it is bound to (RFC 9449 7.1, RFC 8705 3; O-63, O-64).
func (s *Service) Accept(ctx context.Context, p Presented) (Access, error) {
	a, err := s.Judge(ctx, p.Token)
	if err != nil {
		return Access{}, err
	}
	if !slices.Contains(a.Audience, s.issuer) {
		return Access{}, fmt.Errorf("%w: it is for another resource server", ErrToken)
	}
	return a, s.CheckSender(ctx, a.Binding, p)
}

// CheckSender asks for the key that a token is bound to.
func (s *Service) CheckSender(ctx context.Context, b oauth.Binding, p Presented) error {
	dpop := strings.EqualFold(p.Scheme, "DPoP")
	switch {
	case b.JKT == "" && dpop:
		return fmt.Errorf("%w: it is not bound to a key of DPoP", ErrToken)
	case b.JKT != "" && !dpop:
		return fmt.Errorf("%w: a bound token came as a bearer token", ErrToken)
	case b.X5T != "" && !oauth.SameThumbprint(b.X5T, p.Certificate):
		return fmt.Errorf("%w: the certificate is another", ErrToken)
	case b.JKT == "":
		return nil
	}
	p.Proof.AccessToken = p.Token
	jkt, err := s.proofs.Check(ctx, p.Proof)
	if err != nil {
		return err
	}
	if jkt == "" {
		return &oauth.Error{Code: "invalid_dpop_proof", Description: "the proof is missing", Status: 401}
	}
	if !oauth.SameThumbprint(b.JKT, jkt) {
		return fmt.Errorf("%w: the key is another", ErrToken)
	}
	return nil
}
