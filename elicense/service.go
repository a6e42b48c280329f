package elicense

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Config of the service. Every member but IssueLease, LogDelay, Witnesses with AskWitness, HolderLevel, HolderAccount, and TypesByTwo is needed.
type Config struct {
	Store        Store
	Cards        CardStore
	Blobs        Blobs
	Sealer       Sealer
	Keys         *keys.Ring
	Certificates Certificates
	Trust        Trust
	Maker        Maker
	Grantees     Grantees
	// Evidence adds to what files are judged by: trust lists, the register of seals. nil adds nothing.
	Evidence func(ctx context.Context, o *verify.Options) error
	// Published puts the lists that are published in the place of what only this platform knows, for the seals of a document; nil leaves
	// all as it is. TimeStamp is the time-stamping authority of packages of evidence; nil has none.
	Published func(ctx context.Context, o *verify.Options, seals []string) error
	TimeStamp func(ctx context.Context, octets []byte) (token []byte, err error)
	// Lists are what the platform publishes beside the lists of this room, trust lists and status lists of seals, for verifiers elsewhere;
	// nil has none.
	Lists func(ctx context.Context) ([]TrustFile, error)
	// Publisher names the platform for people elsewhere; BaseURL when empty.
	Publisher string
	// Fetch gets the package of another platform; nil reaches nobody.
	Fetch func(ctx context.Context, address string) ([]byte, error)
	// BaseURL is the issuer address without a slash at its end; status lists stand below BaseURL/status/.
	BaseURL string
	// IssueLease is how long one call has a licence for itself while it is made and sealed; 20 seconds when zero. After a
	// crash nobody touches the licence for that long.
	IssueLease time.Duration
	// LogDelay is the least time between two checkpoints of the transparency log; 10 seconds when zero.
	LogDelay time.Duration
	// Witnesses are asked to countersign each checkpoint (CollectCosignatures), over AskWitness.
	Witnesses  []LogWitness
	AskWitness AskWitness
	// Areas is the path of the area of an authority; empty for one that the tree does not know. nil knows none.
	Areas func(ctx context.Context, authorityCode string) (string, error)
	// HolderLevel is how highly whoever has the code is proven here, 0 for somebody whom nobody proved; rules ask for it (秒批). nil does not know.
	HolderLevel func(ctx context.Context, codeType, code string) (int, error)
	// HolderAccount is the account of who proved the code here, empty for nobody; the consent of co-owners asks for it. nil knows nobody.
	HolderAccount func(ctx context.Context, codeType, code string) (string, error)
	// TypesByTwo asks two administrators for a version of a licence type.
	TypesByTwo bool
	Now        func() time.Time
	Rand       io.Reader
}

// Service is the licence room. It is safe for use by many goroutines.
type Service struct {
	cfg      Config
	memo     pki.Memo // of signatures that were verified
	types    types
	listing  sync.Map // client_id or account of everybody whose list is under way on this node
	regions  regionMemo
	bundle   bundleMemo
	verified tally
	drawing  chan struct{} // a place for each page that is being drawn

	witnesses []witnessing // of cfg.Witnesses
}

// New checks the configuration.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Cards == nil || cfg.Blobs == nil || cfg.Sealer == nil || cfg.Keys == nil || cfg.Certificates == nil || cfg.Trust == nil || cfg.Maker == nil || cfg.Grantees == nil || cfg.Now == nil || cfg.Rand == nil || len(cfg.Witnesses) > 0 && cfg.AskWitness == nil {
		return nil, errors.New("elicense: a dependency is missing")
	}
	if cfg.BaseURL == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		return nil, errors.New("elicense: BaseURL must be set and not end in a slash")
	}
	if cfg.Publisher == "" {
		cfg.Publisher = cfg.BaseURL
	}
	if cfg.IssueLease == 0 {
		cfg.IssueLease = 20 * time.Second
	}
	if cfg.LogDelay == 0 {
		cfg.LogDelay = 10 * time.Second
	}
	return &Service{cfg: cfg, drawing: make(chan struct{}, maxEditionDrawings)}, nil
}

// statusBase is the address below which status lists stand.
func (s *Service) statusBase() string { return s.cfg.BaseURL + "/status/" }

// now is the moment of a change: UTC, whole microseconds, as stores keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// roles of the room.
var roles = []string{RoleClerk, RoleReviewer, RoleIssuer}

// in judges a licence that somebody wants to do something with: one of another area is not there, and the role must reach this one.
// The context that comes back names the right that does, for audit records.
func (l License) in(ctx context.Context, role string) (context.Context, error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case !actor.Reaches(l.Area, roles...):
		return ctx, fault.New(fault.NotFound)
	case !actor.Reaches(l.Area, role):
		return ctx, fault.New(fault.Forbidden)
	}
	return reqctx.UsingIn(ctx, l.Area, role), nil
}

// areaOf is the path of the area of an authority.
func (s *Service) areaOf(ctx context.Context, code string) (string, error) {
	if s.cfg.Areas == nil {
		return "", nil
	}
	return s.cfg.Areas(ctx, code)
}

// MoveAuthority gives the licences of an authority the area in which it is now. Only assembly calls it.
func (s *Service) MoveAuthority(ctx context.Context, code, area string) error {
	e := s.event(ctx, "license.authority_moved", code, s.now(), "area", area)
	e.ObjectType = "authority"
	return storeFault(s.cfg.Store.MoveAuthority(ctx, code, area, audit.With(e)), "move licences")
}

// require answers Unauthenticated or Forbidden unless the actor holds one of the roles, be it in a part only.
func require(ctx context.Context, roles ...string) (reqctx.Actor, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return actor, fault.New(fault.Unauthenticated)
	}
	if len(actor.Reach(roles...)) == 0 {
		return actor, fault.New(fault.Forbidden)
	}
	return actor, nil
}

// event is an audit event about a licence.
func (s *Service) event(ctx context.Context, kind, id string, at time.Time, details ...string) audit.Event {
	request := reqctx.From(ctx)
	e := audit.Event{Type: kind, At: at, Actor: request.Actor.ID, ActingFor: request.Actor.ActingFor, ObjectType: "license", ObjectID: id, RequestID: request.ID}
	if e.Actor == "" {
		e.Actor = "system:elicense"
	}
	for i := 0; i+1 < len(details); i += 2 {
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[details[i]] = details[i+1]
	}
	e.Details = request.Told(e.Details)
	return e
}

// Topics of outbox messages.
const (
	TopicIssued    = "license.issued"         // to holder and subscribers: Notice
	TopicStatus    = "license.status_changed" // to holder and subscribers: Notice
	TopicPublish   = "license.status_publish" // to this service: HandlePublish
	TopicPresented = "license.presented"      // to the holder: a code was scanned, or scanned again: Notice
)

// Notice is the payload of messages to people and systems.
type Notice struct {
	License   string    `json:"license"` // row key
	LicenseID string    `json:"license_id"`
	TypeCode  string    `json:"license_type_code"`
	HolderRef string    `json:"holder_ref,omitempty"`
	Event     string    `json:"event"` // issued | status | scanned | scanned_again
	Status    string    `json:"status"`
	At        time.Time `json:"at"`
}

func notice(topic, event string, l License, at time.Time) audit.Message {
	payload, err := json.Marshal(Notice{License: l.ID, LicenseID: l.LicenseID, TypeCode: l.TypeCode, HolderRef: l.HolderRef, Event: event, Status: l.Status, At: at})
	if err != nil {
		panic(err) // strings and a time only
	}
	return audit.Message{Topic: topic, Key: l.ID, Payload: payload}
}

// storeFault turns errors of stores and providers into faults: what is not there is NotFound for everybody alike.
func storeFault(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	case errors.Is(err, ErrStale):
		return fault.Wrap(err, fault.Conflict)
	case errors.Is(err, keys.ErrUnavailable):
		return fault.Wrap(err, fault.Unavailable)
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// seal encrypts the values of a licence, bound to its row.
func (s *Service) seal(ctx context.Context, id string, values catalog.Values) (ciphertext []byte, keyID string, err error) {
	return s.sealAt(ctx, dataPlace(id), values)
}

// sealAt encrypts values, bound to their place.
func (s *Service) sealAt(ctx context.Context, place []byte, values catalog.Values) (ciphertext []byte, keyID string, err error) {
	plain, err := json.Marshal(values)
	if err != nil {
		return nil, "", fmt.Errorf("encode values: %w", err)
	}
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return nil, "", err
	}
	ciphertext, err = cipher.Seal(ctx, plain, place)
	return ciphertext, cipher.KeyID(), err
}

func dataPlace(id string) []byte { return []byte("lic_license|data|" + id) }

// values decrypts the values of a licence.
func (s *Service) values(ctx context.Context, l License) (catalog.Values, error) {
	return s.openAt(ctx, l.DataKey, dataPlace(l.ID), l.Data)
}

// openAt decrypts values of a place.
func (s *Service) openAt(ctx context.Context, key string, place, data []byte) (catalog.Values, error) {
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, key)
	if err != nil {
		return nil, fmt.Errorf("find key of values: %w", err)
	}
	plain, err := cipher.Open(ctx, data, place)
	if err != nil {
		return nil, fmt.Errorf("decrypt values: %w", err)
	}
	var values catalog.Values
	if err := json.Unmarshal(plain, &values); err != nil {
		return nil, fmt.Errorf("decode values: %w", err)
	}
	return values, nil
}

// LookupKey is the keyed hash under which licences of a holder code are found. Callers that know a proven code (the
// identity room, after proofing) use it with Claim.
func (s *Service) LookupKey(ctx context.Context, codeType, code string) (string, error) {
	return s.hash(ctx, "holder", codeType, code)
}

// hash is HMAC-SM3 over the parts in hex: index values of what must not be stored in the clear.
func (s *Service) hash(ctx context.Context, parts ...string) (string, error) {
	mac, err := s.cfg.Keys.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return "", err
	}
	list := [][]byte{[]byte("elicense")}
	for _, part := range parts {
		list = append(list, []byte(part))
	}
	sum, err := mac.Sum(ctx, list...)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum), nil
}
