package forgery

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Object is a licence or seal of a register.
type Object struct {
	Kind       Kind
	ID         string // row key
	Identifier string
	Department string
	Area       string
}

// Blobs stores sealed documents.
type Blobs interface {
	Put(ctx context.Context, content []byte) (address string, err error)
	Get(ctx context.Context, address string) ([]byte, error)
	Remove(ctx context.Context, address string, since time.Time) (gone bool, err error)
}

// Config of the service. Every member but Wake is needed.
type Config struct {
	Store Store
	Blobs Blobs
	Keys  *keys.Ring
	// Find looks an identifier up in the registers of licences and seals; false for one that none knows.
	Find func(ctx context.Context, identifier string) (Object, bool, error)
	// Judge verifies a document as the platform does.
	Judge func(ctx context.Context, document []byte) (verify.Result, error)
	// Barred reports whether an actor has a part in a licence or seal.
	Barred func(ctx context.Context, kind Kind, object string, actor reqctx.Actor) (bool, error)
	// Admit counts a report for the source of the request, AdmitQuestion a question about a receipt: fault.TooManyRequests. AdmitContact counts a report
	// for a contact, by its keyed hash.
	Admit         func(ctx context.Context, withFile bool) error
	AdmitQuestion func(ctx context.Context) error
	AdmitContact  func(ctx context.Context, contact string) (bool, error)
	// Keep is how long after its decision a case keeps what reporters wrote.
	Keep time.Duration
	Now  func() time.Time
	Rand io.Reader
	Wake func() // tells the outbox that something is due
}

// Service is the room. It is safe for use by many goroutines.
type Service struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Blobs == nil || cfg.Keys == nil || cfg.Find == nil || cfg.Judge == nil || cfg.Barred == nil || cfg.Admit == nil || cfg.AdmitQuestion == nil || cfg.AdmitContact == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, errors.New("forgery: a dependency is missing")
	}
	if cfg.Keep <= 0 {
		return nil, errors.New("forgery: Keep must be set")
	}
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	return &Service{cfg}, nil
}

// now is the moment of a change: UTC, whole microseconds, as stores keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// KeepDays is how many days after a decision what reporters wrote goes.
func (s *Service) KeepDays() int { return int(s.cfg.Keep / (24 * time.Hour)) }

// Topics of outbox messages; payloads are Messages.
const (
	TopicReported = "forgery.reported"
	TopicDecided  = "forgery.decided"
	TopicNotice   = "notice.forgery_decided" // to one reporter
)

// Message names what it is about, and nothing that anybody wrote.
type Message struct {
	Case    string    `json:"case"`
	Telling string    `json:"telling,omitempty"`
	At      time.Time `json:"at"`
}

func (s *Service) message(topic, caseID string, at time.Time) (audit.Message, error) {
	return newMessage(topic, Message{Case: caseID, At: at})
}

func newMessage(topic string, m Message) (audit.Message, error) {
	payload, err := json.Marshal(m)
	if err != nil {
		return audit.Message{}, fault.Wrap(err, fault.Internal)
	}
	return audit.Message{Topic: topic, Key: m.Case, Payload: payload}, nil
}

// event is an audit event about a case; details hold machine words and identifiers of ours alone.
func (s *Service) event(ctx context.Context, kind, caseID string, at time.Time, details ...string) audit.Event {
	request := reqctx.From(ctx)
	e := audit.Event{Type: kind, At: at, Actor: request.Actor.ID, ActingFor: request.Actor.ActingFor, ObjectType: "forgery", ObjectID: caseID, RequestID: request.ID}
	for i := 0; i+1 < len(details); i += 2 {
		if details[i+1] == "" {
			continue
		}
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[details[i]] = details[i+1]
	}
	e.Details = request.Told(e.Details)
	return e
}

// hash is HMAC-SM3 over the parts in hex: of what must be found and not read.
func (s *Service) hash(ctx context.Context, parts ...string) (string, error) {
	mac, err := s.cfg.Keys.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	list := [][]byte{[]byte("forgery")}
	for _, part := range parts {
		list = append(list, []byte(part))
	}
	sum, err := mac.Sum(ctx, list...)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return hex.EncodeToString(sum), nil
}

// seal closes text for a place; open opens it again.
func (s *Service) seal(ctx context.Context, plain []byte, place string) (Sealed, error) {
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return Sealed{}, fault.Wrap(err, fault.Unavailable)
	}
	octets, err := cipher.Seal(ctx, plain, []byte("lic_forgery|"+place))
	if err != nil {
		return Sealed{}, fault.Wrap(err, fault.Unavailable)
	}
	return Sealed{cipher.KeyID(), octets}, nil
}

func (s *Service) open(ctx context.Context, sealed Sealed, place string) ([]byte, error) {
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, sealed.Key)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	plain, err := cipher.Open(ctx, sealed.Octet, []byte("lic_forgery|"+place))
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal)
	}
	return plain, nil
}
