// Package openplatform lets departments register their applications themselves: dynamic registration (RFC 7591, OpenID
// Connect Dynamic Client Registration 1.0) and its management (RFC 7592), opened by initial access tokens and behind
// approval. What an application may be is decided by the token that opened its registration and by the signed statement
// that came along; what it is allowed to do stays within them.
//
//	initial access token → metadata (and statement) → applied → sandbox → live → suspended
//
// It knows no HTTP and no SQL.
package openplatform

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/keys"
)

// InitialAccess is a token that opens registration (RFC 7591 3). An administrator writes it; only its keyed hash is kept.
type InitialAccess struct {
	Name              string    `json:"name" yaml:"name"`
	Token             string    `json:"-" yaml:"token"` // only on its way in; at least 32 characters
	Department        string    `json:"department" yaml:"department"`
	Sector            string    `json:"sector" yaml:"sector"`
	Purpose           string    `json:"purpose" yaml:"purpose"`
	Scope             string    `json:"scope" yaml:"scope"`                                               // the most that its clients may ask for
	MaxIAL            int       `json:"max_ial" yaml:"max_ial"`                                           // 0: not bounded
	RequirePKCE       *bool     `json:"require_pkce,omitempty" yaml:"require_pkce"`                       // nil is true; its confidential clients outside FAPI may go without (O-12)
	TokenAudience     bool      `json:"token_endpoint_audience,omitempty" yaml:"token_endpoint_audience"` // its clients outside FAPI may mean an assertion for the token endpoint (O-30)
	State             string    `json:"state" yaml:"state"`                                               // of its clients: applied (default), sandbox, live
	StatementRequired bool      `json:"software_statement_required" yaml:"software_statement_required"`   // without a signed statement nothing is registered
	Uses              int       `json:"uses" yaml:"uses"`                                                 // how many clients; 0 is one
	ExpiresAt         time.Time `json:"expires_at" yaml:"expires_at"`
	Revoked           bool      `json:"revoked" yaml:"revoked"`
}

// StatementIssuer signs software statements (RFC 7591 2.3).
type StatementIssuer struct {
	Issuer string          `json:"issuer" yaml:"issuer"`
	JWKS   idp.KeyDocument `json:"jwks" yaml:"jwks"`
}

// Decision of an administrator on a registered client.
type Decision struct {
	ClientID string `yaml:"client_id"`
	State    string `yaml:"state"` // sandbox, live, suspended, refused
}

// Registration is what is kept beside a client that registered itself.
type Registration struct {
	ClientID  string
	TokenMAC  []byte // keyed hash of the registration access token
	Initial   string // name of the token that opened it
	Pending   []byte // the client as it would be after a change that waits for approval; empty without one
	CreatedAt time.Time
}

// Change of a client that registered itself.
type Change struct {
	ClientID            string
	Was, Body           []byte
	WasPending, Pending []byte
	End                 time.Time            // not zero: client and registration end for good
	Settlement          *foureyes.Settlement // of the proposal that allows it; nil where none is asked for
}

// WaitingRow is a registration with its stored client.
type WaitingRow struct {
	Registration
	Body []byte
}

// Errors of the store.
var (
	ErrNotFound = errors.New("openplatform: not found")
	ErrSpent    = errors.New("openplatform: initial access token is used up, expired or revoked")
)

// Store keeps registrations; idpdb implements it. Each method is one transaction with its audit record.
type Store interface {
	ApplyInitialAccess(ctx context.Context, t InitialAccess, hash []byte, record audit.Record) error
	// InitialAccess finds a token by its hash, whatever its state; ErrNotFound.
	InitialAccess(ctx context.Context, hash []byte) (InitialAccess, error)
	InitialAccessByName(ctx context.Context, name string) (InitialAccess, error)
	// Register consumes one use of the token by a conditional update (ErrSpent) and stores the client with its
	// registration.
	Register(ctx context.Context, initialHash []byte, now time.Time, clientID string, body, secretMAC []byte, r Registration, record audit.Record) error
	// Registration answers ErrNotFound also for one that has ended.
	Registration(ctx context.Context, clientID string) (Registration, error)
	// ChangeClient replaces the stored client and what waits for approval, if both are still as they were read; otherwise
	// ErrConflict of idp is answered.
	ChangeClient(ctx context.Context, change Change, record audit.Record) error
	// WaitingRegistrations lists applied clients and those with a change that waits, by identifier behind after.
	WaitingRegistrations(ctx context.Context, after string, limit int) ([]WaitingRow, error)
	ApplyStatementIssuer(ctx context.Context, name string, body []byte, record audit.Record) error
	StatementIssuer(ctx context.Context, name string) ([]byte, error)
}

// Config of the service.
type Config struct {
	Issuer  string
	Store   Store
	Clients *idp.Clients
	Ring    *keys.Ring
	Words   *idp.LiveVocabulary // nil is what is built in
	// Names that only this site may bear, besides the platform's own.
	Names []string
	// CheckAddress judges an address that the platform will call, before it is stored (O-28, O-29).
	CheckAddress func(address string) error
	Now          func() time.Time
	Rand         io.Reader
}

// Service registers applications.
type Service struct {
	cfg Config
	two Two
}

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

func (s *Service) hash(ctx context.Context, kind string, parts ...string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, err
	}
	inputs := [][]byte{[]byte(kind)}
	for _, part := range parts {
		inputs = append(inputs, []byte(part))
	}
	return mac.Sum(ctx, inputs...)
}
