// Package oauth is the one door to fosite: the state machine of the authorization code, PKCE, refresh and client
// credentials grants runs in there; parsing of requests, client authentication, tokens, storage and errors are ours. No
// type of fosite leaves this package.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Error is an OAuth error answer (RFC 6749 4.1.2.1 and 5.2). The cause is for logs.
type Error struct {
	Code        string
	Description string
	Status      int
	cause       error
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("oauth: %s: %s: %v", e.Code, e.Description, e.cause)
	}
	return fmt.Sprintf("oauth: %s: %s", e.Code, e.Description)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// NewError makes an error answer.
func NewError(status int, code, description string) *Error {
	return &Error{Code: code, Description: description, Status: status}
}

// Refusal is an error answer that goes back to the client by redirect (RFC 6749 section 4.1.2.1).
func Refusal(code, description string) *Error { return NewError(http.StatusFound, code, description) }

// Session is what a grant carries from login to tokens. It is stored as JSON with a version.
type Session struct {
	Version     int       `json:"v"`
	AccountID   string    `json:"account,omitempty"`
	Subject     string    `json:"sub,omitempty"`
	SID         string    `json:"sid,omitempty"`
	AAL         int       `json:"aal,omitempty"`
	Methods     []string  `json:"amr,omitempty"`
	AuthTime    time.Time `json:"auth_time,omitzero"`
	Nonce       string    `json:"nonce,omitempty"`
	WantsClaims []string  `json:"claims,omitempty"` // asked for in the ID token
	Audience    []string  `json:"aud,omitempty"`

	UserinfoClaims []string        `json:"userinfo_claims,omitempty"`       // asked for at userinfo
	Resources      []string        `json:"resources,omitempty"`             // asked for at authorization (RFC 8707); empty: all
	Details        json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396
	DPoPJKT        string          `json:"dpop_jkt,omitempty"`              // key that the code is bound to (RFC 9449 10)

	Binding Binding `json:"cnf,omitzero"` // key that the tokens are bound to
	Actor   *Actor  `json:"act,omitempty"`
	// Mandate under which the account acts for the subject; nil for the person itself. AccountID stays the person who logged in.
	Mandate *mandate.Mandate `json:"mandate,omitempty"`
	// Parents are the identifiers of the tokens that were exchanged for this one, the nearest first: it ends with each.
	Parents []string `json:"parents,omitempty"`
	// ToldIAL bounds the level of proofing that an exchanged token tells: that of the token before it, nil if that told none.
	ToldIAL *int `json:"-"`

	// Withheld are the claims that the person does not give; a refresh reads them anew.
	Withheld         []string `json:"withheld,omitempty"`
	Terms            string   `json:"terms,omitempty"`   // of that consent, where something is passed on; see idp.RecipientTerms
	Consent          int64    `json:"consent,omitempty"` // version of the consent that the grant stands on
	AccountVersion   int64    `json:"-"`                 // of the account when this was read; 0 is not known
	PrincipalVersion int64    `json:"-"`                 // of the principal of the mandate
}

// Principal is the account that the subject stands for: who logged in, or whom that person acts for.
func (s Session) Principal() string {
	if s.Mandate != nil {
		return s.Mandate.Principal
	}
	return s.AccountID
}

// Agreement is what the person said about the client.
func (s Session) Agreement() idp.Agreement {
	return idp.Agreement{Version: s.Consent, Withheld: s.Withheld, Terms: s.Terms}
}

// AllDetails is authorization_details with the extent of the mandate, as tokens tell them.
func (s Session) AllDetails() (json.RawMessage, error) {
	if s.Mandate == nil {
		return s.Details, nil
	}
	objects := []json.RawMessage{s.Mandate.Detail()}
	if len(s.Details) > 0 {
		list, err := idp.ReadDetails(s.Details)
		if err != nil {
			return nil, err
		}
		asked, err := idp.WriteDetails(slices.DeleteFunc(list, func(d idp.Detail) bool { return d.Type == idp.DetailMandate })) // of an exchanged token
		if err != nil {
			return nil, err
		}
		var others []json.RawMessage
		if err := json.Unmarshal(asked, &others); err != nil {
			return nil, err
		}
		objects = append(others, objects...)
	}
	return json.Marshal(objects)
}

// ShownSID is the sid that the relying party knows the session by.
func (s Session) ShownSID() string {
	if s.Mandate != nil {
		return idp.ActingSID(s.SID, s.Mandate.ID)
	}
	return s.SID
}

// Actor is who acts for the subject (RFC 8693 4.1), the latest outermost.
type Actor struct {
	Subject string `json:"sub"`
	IAL     *int   `json:"ial,omitempty"` // how surely somebody who acts under a mandate is known
	Actor   *Actor `json:"act,omitempty"`
}

// Depth is the length of the chain.
func (a *Actor) Depth() int {
	if a == nil {
		return 0
	}
	return 1 + a.Actor.Depth()
}

// SessionVersion of newly stored sessions.
const SessionVersion = 1

// Request is the stored form of a grant's request.
type Request struct {
	GrantID       string    `json:"id"`
	ClientID      string    `json:"client_id"`
	RedirectURI   string    `json:"redirect_uri,omitempty"`
	Challenge     string    `json:"code_challenge,omitempty"`
	RequestedAt   time.Time `json:"requested_at"`
	GrantedScopes []string  `json:"scopes"`
	Session       Session   `json:"session"`
}

// CodeRecord is a stored authorization code: its keyed hash only.
type CodeRecord struct {
	Hash      []byte
	Request   Request
	IssuedAt  time.Time // not read back
	ExpiresAt time.Time
	UsedAt    time.Time
	Standing  Standing // of account, session and consent, when it was read
}

// RefreshRecord is a stored refresh token.
type RefreshRecord struct {
	Hash      []byte
	GrantID   string
	Request   Request
	ExpiresAt time.Time
	UsedAt    time.Time
	Successor []byte   // hash of the token that took its place
	Standing  Standing // of its grant, when it was read
}

// GrantRecord is a family of tokens.
type GrantRecord struct {
	ID        string
	ClientID  string
	AccountID string
	SID       string
	CreatedAt time.Time
	RevokedAt time.Time
	Principal string // for whom the account acts, and under which mandate; empty for the person itself
	MandateID string
}

// Redemption consumes a code, refresh token or device code and stores what takes its place, in one transaction.
type Redemption struct {
	Grant       GrantRecord
	CodeHash    []byte
	RefreshHash []byte
	DeviceHash  []byte
	NewRefresh  *RefreshRecord
	Opaque      *OpaqueRecord
	Releases    []idp.Release // what leaves with the tokens, for the ledgers of those whose data it is
	RevokeGrant string
	At          time.Time
	// Unasked: the code needed no consent, so that there is none which the grant stands on.
	Unasked bool
}

// OpaqueRecord is a stored access token of the opaque kind: its keyed hash and the claims that a signed one would hold.
type OpaqueRecord struct {
	Hash      []byte
	ClientID  string
	Claims    []byte // JSON
	ExpiresAt time.Time
}

// Standing is what must hold whenever a token of a grant is used, read at once.
type Standing struct {
	Grant         GrantRecord
	Known         bool // the grant is there; without, only TokenRevoked holds
	Account       idp.AccountState
	CredentialsAt time.Time
	Version       int64 // of the account
	Consented     []string
	// ConsentVersion is 0 without consent; Withheld are the claims that the person does not give.
	ConsentVersion int64
	Withheld       []string
	Terms          string // of the consent where something is passed on; see idp.RecipientTerms
	SessionEnded   bool   // of codes and AccountStanding only: a grant ends with its session anyway
	TokenRevoked   bool
	// Mandate of the grant as it is now, how its principal stands, whether who passed it on may act under its own, and since when the account
	// of who acts rests.
	Mandate          mandate.Mandate
	Principal        idp.AccountState
	PrincipalVersion int64
	Backed           bool
	AgentRecovered   time.Time
}

// MayAct reports whether the mandate of a grant still holds; true for a person who acts for itself.
func (s Standing) MayAct(mandateID string, now time.Time) bool {
	return mandateID == "" || s.Mandate.ID == mandateID && mandate.Standing{Mandate: s.Mandate, Principal: s.Principal, Backed: s.Backed, AgentRecovered: s.AgentRecovered}.Holds(now)
}

// Errors of stores.
var (
	ErrNotFound = errors.New("oauth: not found")
	ErrConsumed = errors.New("oauth: used already")
	ErrEnded    = errors.New("oauth: the session or the consent has ended")
)

// Store keeps codes, refresh tokens and grants; idpdb implements it.
type Store interface {
	// SaveCode stores a code, and that the session of its person signed in to the client.
	SaveCode(ctx context.Context, c CodeRecord, record audit.Record) error
	Code(ctx context.Context, hash []byte) (CodeRecord, error)
	// Refresh reads a refresh token and how its grant stands.
	Refresh(ctx context.Context, hash []byte) (RefreshRecord, error)
	// Redeem answers ErrConsumed when the code or token was used before, and ErrEnded when the session or the consent that a
	// new grant stands on has ended; the row count of one conditional update each decides.
	Redeem(ctx context.Context, r Redemption, record audit.Record) error
	// Standing reads how a grant and the account behind it stand, and whether one of the access tokens was marked. An
	// unknown grant is no error.
	Standing(ctx context.Context, grantID string, jtis ...string) (Standing, error)
	// AccountStanding is Standing of an account and a session whose grant does not exist yet.
	AccountStanding(ctx context.Context, accountID, sid string) (Standing, error)
	SaveOpaque(ctx context.Context, o OpaqueRecord, record audit.Record) error
	// Opaque answers ErrNotFound for what is not known; the caller judges the end.
	Opaque(ctx context.Context, hash []byte) (OpaqueRecord, error)
	// Note stores an audit record that belongs to no other change.
	Note(ctx context.Context, record audit.Record) error
	DeviceStore
	// RevokeGrant ends a family. The events of the record are stored in any case, its messages only when this ended it.
	RevokeGrant(ctx context.Context, id string, at time.Time, record audit.Record) error
	// WithdrawConsent forgets what a person allowed a client and ends the grants that stood on it.
	WithdrawConsent(ctx context.Context, accountID, clientID string, at time.Time, record audit.Record) error
	// RevokeToken marks an access token by its id until its end.
	RevokeToken(ctx context.Context, jti string, until time.Time, record audit.Record) error
}

// Mint asks for an access token.
type Mint struct {
	GrantID  string // empty where no person stands behind it
	Client   idp.Client
	Session  Session
	Scopes   []string
	Audience []string      // resource servers; the issuer itself among them where its own API may be called
	Life     time.Duration // at most
}

// Minted is an access token; the record is to be stored with whatever else the grant changes.
type Minted struct {
	Token  string
	JTI    string
	Opaque *OpaqueRecord
	// Released are the names of the claims about a person that leave with it and with its ID token.
	Released []string
}

// AccessMinter makes access tokens.
type AccessMinter interface {
	AccessToken(ctx context.Context, m Mint) (Minted, error)
}
