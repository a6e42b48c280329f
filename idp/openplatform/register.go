package openplatform

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// Registered is the answer of a registration (RFC 7591 3.2.1). Secret and Token are shown once.
type Registered struct {
	Client   idp.Client
	Secret   string // empty without one, and whenever it was shown before
	Token    string // registration access token
	IssuedAt time.Time
	Pending  bool // a change waits for approval
}

// unavailable is an answer that may be better later.
func unavailable(err error) error { return fault.Wrap(err, fault.Unavailable) }

var (
	errToken = oauth.NewError(http.StatusUnauthorized, "invalid_token", "the access token does not open this")
	errSpent = oauth.NewError(http.StatusUnauthorized, "invalid_token", "the initial access token is used up or has expired")
)

// Register makes a client of a JSON document of metadata.
func (s *Service) Register(ctx context.Context, initialToken string, document []byte) (Registered, error) {
	hash, err := s.hash(ctx, "initial-access", initialToken)
	if err != nil {
		return Registered{}, unavailable(err)
	}
	initial, err := s.cfg.Store.InitialAccess(ctx, hash)
	if errors.Is(err, ErrNotFound) || initialToken == "" {
		return Registered{}, errToken
	}
	if err != nil {
		return Registered{}, unavailable(err)
	}
	if initial.Revoked || !s.cfg.Now().Before(initial.ExpiresAt) {
		return Registered{}, errSpent
	}
	client, err := s.read(ctx, initial, document)
	if err != nil {
		return Registered{}, err
	}
	client.ClientID, client.ApprovalState = ident.New(s.cfg.Rand, "app"), initial.State
	if err := s.check(&client); err != nil {
		return Registered{}, err
	}
	now := s.cfg.Now().UTC()
	answer := Registered{Client: client, Token: "yxg_" + ident.Secret(s.cfg.Rand, 32), IssuedAt: now}
	var secretMAC []byte
	if client.HasSecret() {
		answer.Secret = "yxs_" + ident.Secret(s.cfg.Rand, 32)
		if secretMAC, err = s.cfg.Clients.SecretMAC(ctx, client.ClientID, answer.Secret); err != nil {
			return Registered{}, unavailable(err)
		}
	}
	registration := Registration{ClientID: client.ClientID, Initial: initial.Name, CreatedAt: now}
	if registration.TokenMAC, err = s.hash(ctx, "registration-access", client.ClientID, answer.Token); err != nil {
		return Registered{}, unavailable(err)
	}
	body, err := json.Marshal(client)
	if err != nil {
		return Registered{}, err
	}
	record := audit.With(idp.Event(ctx, now, "client.registered", "client", client.ClientID, map[string]string{"initial": initial.Name, "state": client.ApprovalState}))
	err = s.cfg.Store.Register(ctx, hash, now, client.ClientID, body, secretMAC, registration, record)
	if errors.Is(err, ErrSpent) {
		return Registered{}, errSpent
	}
	if err != nil {
		return Registered{}, unavailable(err)
	}
	return answer, s.cfg.Clients.Refresh(ctx)
}

// read takes a document of metadata apart. What only an administrator decides comes from the initial token, whatever the
// document says; what the statement says stands above the document (RFC 7591 2.3).
func (s *Service) read(ctx context.Context, initial InitialAccess, document []byte) (idp.Client, error) {
	var client idp.Client
	var more struct {
		Statement string `json:"software_statement"`
		Sector    string `json:"sector_identifier_uri"`
	}
	if !strings.HasPrefix(strings.TrimSpace(string(document)), "{") || strictjson.Check(document) != nil || json.Unmarshal(document, &client) != nil || json.Unmarshal(document, &more) != nil {
		return client, metadataError("invalid_client_metadata", "the body is no JSON object of client metadata")
	}
	if more.Sector != "" {
		return client, metadataError("invalid_client_metadata", "sector_identifier_uri: the sector is that of the department")
	}
	if more.Statement != "" {
		if err := s.readStatement(ctx, more.Statement, &client); err != nil {
			return client, err
		}
	} else if initial.StatementRequired {
		return client, metadataError("invalid_software_statement", "a software statement is required")
	}
	allowed := strings.Fields(initial.Scope)
	if client.Scope == "" {
		client.Scope = initial.Scope
	}
	words := s.cfg.Words.Load()
	scopes := slices.DeleteFunc(strings.Fields(client.Scope), func(scope string) bool {
		return !slices.Contains(allowed, scope) || !words.MayRegister(scope)
	})
	if len(scopes) == 0 {
		return client, metadataError("invalid_client_metadata", "scope: nothing of what is asked for can be had")
	}
	client.Scope = strings.Join(scopes, " ")
	client.ClientID, client.ClientSecret, client.Department, client.Sector, client.Purpose, client.MaxIAL = "", "", initial.Department, initial.Sector, initial.Purpose, initial.MaxIAL
	client.StatutoryBasis, client.PortalURL, client.Disabled, client.Audience, client.RequirePKCE = "", "", false, nil, nil
	client.TokenEndpointAudience, client.Resources, client.TokenExchangeAudience, client.TokenExchangeClients, client.AuthorizationDetails = false, nil, nil, nil, nil
	client.AllowedClaims, client.Recipients, client.PartnerLevels, client.PreferredUpstream = nil, nil, nil, ""
	if !client.FAPI() {
		client.RequirePKCE, client.TokenEndpointAudience = initial.RequirePKCE, initial.TokenAudience
	}
	return client, nil
}

// check is the registration's own, then what a registration by itself must pass besides.
func (s *Service) check(client *idp.Client) error {
	if err := client.Normalize(); err != nil {
		return translate(err)
	}
	if err := s.cfg.Words.Load().CheckClient(*client); err != nil {
		return translate(err)
	}
	if err := idp.CheckOwnName(client.ClientName, s.cfg.Names...); err != nil {
		return metadataError("invalid_client_metadata", "client_name: "+err.Error())
	}
	for field, address := range map[string]string{"jwks_uri": client.JWKSURI, "backchannel_logout_uri": client.BackchannelLogoutURI} {
		if address == "" {
			continue
		}
		if err := s.cfg.CheckAddress(address); err != nil {
			return metadataError("invalid_client_metadata", field+": the address is not one that may be called")
		}
	}
	return nil
}

func metadataError(code, why string) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, code, why)
}

// translate says a fault of a registration in the words of RFC 7591 3.2.2.
func translate(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.ClientMetadata {
		return err
	}
	code := "invalid_client_metadata"
	if f.Params["field"] == "redirect_uris" {
		code = "invalid_redirect_uri"
	}
	return metadataError(code, f.Params["field"]+": "+f.Params["why"])
}

// Types and algorithms of software statements.
var statementAlgs = []jose.Algorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.SM2SM3}

// readStatement verifies a software statement and lays its metadata over the client's.
func (s *Service) readStatement(ctx context.Context, statement string, client *idp.Client) error {
	issuer, _, err := jose.PeekIssuer(statement)
	if err != nil {
		return metadataError("invalid_software_statement", "the statement cannot be read")
	}
	body, err := s.cfg.Store.StatementIssuer(ctx, issuer)
	if errors.Is(err, ErrNotFound) {
		return metadataError("unapproved_software_statement", "nobody here knows the issuer of the statement")
	}
	if err != nil {
		return unavailable(err)
	}
	var known StatementIssuer
	if err := json.Unmarshal(body, &known); err != nil {
		return err
	}
	set, err := jose.ParseKeySet(known.JWKS, false)
	if err != nil {
		return fmt.Errorf("read keys of statement issuer: %w", err)
	}
	// A statement may live as long as its software, so that its end is optional; one that has ended is refused.
	token, err := jose.Verify(statement, set, jose.Policy{Algorithms: statementAlgs, AlsoType: "software-statement+jwt", Issuer: issuer, Now: s.cfg.Now(), Leeway: oauth.ClockLeeway, NoExpiry: true})
	if err != nil || !token.Claims.Expires.IsZero() && !s.cfg.Now().Before(token.Claims.Expires.Add(oauth.ClockLeeway)) {
		return metadataError("invalid_software_statement", "the statement does not verify or has expired")
	}
	if err := token.Decode(client); err != nil {
		return metadataError("invalid_software_statement", "the statement holds metadata of a wrong type")
	}
	return nil
}

// open finds the client that a registration access token manages.
func (s *Service) open(ctx context.Context, clientID, token string) (Registration, idp.Client, []byte, error) {
	registration, err := s.cfg.Store.Registration(ctx, clientID)
	if errors.Is(err, ErrNotFound) {
		return registration, idp.Client{}, nil, errToken
	}
	if err != nil {
		return registration, idp.Client{}, nil, unavailable(err)
	}
	mac, err := s.hash(ctx, "registration-access", clientID, token)
	if err != nil {
		return registration, idp.Client{}, nil, unavailable(err)
	}
	if token == "" || subtle.ConstantTimeCompare(mac, registration.TokenMAC) != 1 {
		return registration, idp.Client{}, nil, errToken
	}
	client, body, err := s.cfg.Clients.Stored(ctx, clientID)
	if err != nil {
		return registration, client, nil, unavailable(err)
	}
	return registration, client, body, nil
}

// Read is the registration as it stands (RFC 7592 2.1); the secret is never shown again (O-34).
func (s *Service) Read(ctx context.Context, clientID, token string) (Registered, error) {
	registration, client, _, err := s.open(ctx, clientID, token)
	return Registered{Client: client, Token: token, IssuedAt: registration.CreatedAt, Pending: len(registration.Pending) > 0}, err
}

// Change replaces the metadata (RFC 7592 2.2). While a client is live only its keys and contacts change at once; all else
// waits for approval, and the client goes on as it was.
func (s *Service) Change(ctx context.Context, clientID, token string, document []byte) (Registered, error) {
	registration, current, was, err := s.open(ctx, clientID, token)
	if err != nil {
		return Registered{}, err
	}
	if current.Disabled || current.ApprovalState == idp.StateSuspended || current.ApprovalState == idp.StateRefused { // a change must not undo what an administrator did
		return Registered{}, oauth.NewError(http.StatusForbidden, "access_denied", "the client is suspended or refused")
	}
	initial, err := s.cfg.Store.InitialAccessByName(ctx, registration.Initial)
	if err != nil {
		return Registered{}, unavailable(err)
	}
	if err := s.checkChange(ctx, current, document); err != nil {
		return Registered{}, err
	}
	next, err := s.read(ctx, initial, document)
	if err != nil {
		return Registered{}, err
	}
	next.ClientID, next.ApprovalState = current.ClientID, current.ApprovalState
	// What an administrator decided since stays; the document cannot change it.
	keepDecided(&next, current)
	if err := s.check(&next); err != nil {
		return Registered{}, err
	}
	if next.HasSecret() != current.HasSecret() {
		return Registered{}, metadataError("invalid_client_metadata", "token_endpoint_auth_method: a client keeps having, or not having, a secret")
	}
	body, pending, waits := next, []byte(nil), current.ApprovalState == idp.StateLive && initial.State != idp.StateLive && !onlyKeysDiffer(current, next)
	if waits {
		if pending, err = json.Marshal(next); err != nil {
			return Registered{}, err
		}
		body = current
	}
	changed, err := json.Marshal(body)
	if err != nil {
		return Registered{}, err
	}
	now := s.cfg.Now().UTC()
	record := audit.With(idp.Event(ctx, now, "client.changed", "client", clientID, map[string]string{"waits": fmt.Sprint(waits)}))
	if err := s.cfg.Store.ChangeClient(ctx, Change{ClientID: clientID, Was: was, Body: changed, WasPending: registration.Pending, Pending: pending}, record); err != nil {
		return Registered{}, changeError(err)
	}
	return Registered{Client: body, Token: token, IssuedAt: registration.CreatedAt, Pending: waits}, s.cfg.Clients.Refresh(ctx)
}

// keepDecided lays over a registration what administrators alone decide.
func keepDecided(next *idp.Client, current idp.Client) {
	next.Audience, next.AuthorizationDetails = current.Audience, current.AuthorizationDetails
	next.Department, next.Sector, next.Purpose, next.StatutoryBasis = current.Department, current.Sector, current.Purpose, current.StatutoryBasis
	next.MaxIAL, next.AllowedClaims, next.Recipients, next.PartnerLevels = current.MaxIAL, current.AllowedClaims, current.Recipients, current.PartnerLevels
	next.PreferredUpstream = current.PreferredUpstream
	next.Resources, next.TokenExchangeAudience, next.TokenExchangeClients = current.Resources, current.TokenExchangeAudience, current.TokenExchangeClients
	next.PortalURL, next.Disabled = current.PortalURL, current.Disabled
}

// checkChange is RFC 7592 2.2: the document names its client, and none of what only the server says; a secret in it must
// be the one that the client has.
func (s *Service) checkChange(ctx context.Context, current idp.Client, document []byte) error {
	var named map[string]json.RawMessage
	if strictjson.Check(document) != nil || json.Unmarshal(document, &named) != nil {
		return metadataError("invalid_client_metadata", "the body is no JSON object of client metadata")
	}
	for _, name := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		if _, ok := named[name]; ok {
			return metadataError("invalid_client_metadata", name+" is not the client's to say")
		}
	}
	var id, secret string
	if json.Unmarshal(named["client_id"], &id) != nil || id != current.ClientID {
		return metadataError("invalid_client_metadata", "client_id is missing or another")
	}
	if raw, ok := named["client_secret"]; ok {
		stored, found := s.cfg.Clients.Any(current.ClientID)
		if json.Unmarshal(raw, &secret) != nil || !found {
			return metadataError("invalid_client_metadata", "client_secret is another")
		}
		right, err := s.cfg.Clients.CheckSecret(ctx, stored, secret)
		if err != nil {
			return unavailable(err)
		}
		if !right {
			return metadataError("invalid_client_metadata", "client_secret is another")
		}
	}
	return nil
}

// onlyKeysDiffer: keys and contacts rotate without approval.
func onlyKeysDiffer(a, b idp.Client) bool {
	for _, c := range []*idp.Client{&a, &b} {
		c.JWKS, c.JWKSURI, c.Contacts = nil, "", nil
	}
	one, errA := json.Marshal(a)
	two, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(one) == string(two)
}

// Delete ends a client with its registration (RFC 7592 2.3); its tokens end with it, since they are judged by whether the
// client is enabled.
func (s *Service) Delete(ctx context.Context, clientID, token string) error {
	registration, client, was, err := s.open(ctx, clientID, token)
	if err != nil {
		return err
	}
	client.Disabled = true
	body, err := json.Marshal(client)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	record := audit.With(idp.Event(ctx, now, "client.deleted", "client", clientID, nil))
	if err := s.cfg.Store.ChangeClient(ctx, Change{ClientID: clientID, Was: was, Body: body, WasPending: registration.Pending, End: now}, record); err != nil {
		return changeError(err)
	}
	return s.cfg.Clients.Refresh(ctx)
}

func changeError(err error) error {
	if errors.Is(err, idp.ErrConflict) {
		return oauth.NewError(http.StatusConflict, "conflict", "somebody else changed the client meanwhile")
	}
	return unavailable(err)
}
