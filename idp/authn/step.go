package authn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// StepKind tells steps apart: the handle of one kind is worthless for another.
type StepKind string

// Kinds of steps.
const (
	StepSecond StepKind = "second" // a login that waits for the second factor
)

// StepRow is a step as it is stored: the handle only as a keyed hash, the rest sealed.
type StepRow struct {
	Hash      []byte
	Kind      StepKind
	Browser   []byte // keyed hash of the browser's handle
	KeyID     string
	Sealed    []byte
	ExpiresAt time.Time
}

// StepStore keeps steps; idpdb implements it.
type StepStore interface {
	PutStep(ctx context.Context, s StepRow) error
	// Step reads a live step of the browser; idp.ErrNotFound for every other.
	Step(ctx context.Context, hash []byte, kind StepKind, browser []byte, now time.Time) (StepRow, error)
	// TakeStep is Step, and the step is used from then on.
	TakeStep(ctx context.Context, hash []byte, kind StepKind, browser []byte, now time.Time) (StepRow, error)
}

// Steps keeps what the server must know between two pages of a login. A step belongs to the browser that began it, lives
// minutes and is used once.
type Steps struct {
	store StepStore
	ring  *keys.Ring
	now   func() time.Time
	rand  io.Reader
}

// NewSteps returns the service.
func NewSteps(store StepStore, ring *keys.Ring, now func() time.Time, rand io.Reader) *Steps {
	return &Steps{store, ring, now, rand}
}

// Begin stores a step and gives its handle.
func (s *Steps) Begin(ctx context.Context, kind StepKind, browser []byte, body any, life time.Duration) (string, error) {
	handle := ident.Secret(s.rand, 24)
	return handle, s.BeginAt(ctx, kind, browser, handle, body, life)
}

// BeginAt is Begin with a handle that the caller made, of 24 random octets, because it had to be told on before.
func (s *Steps) BeginAt(ctx context.Context, kind StepKind, browser []byte, handle string, body any, life time.Duration) error {
	row, err := s.row(ctx, kind, browser, handle, body, life)
	if err != nil {
		return err
	}
	if err := s.store.PutStep(ctx, row); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// row is a step with a handle that the caller chose.
func (s *Steps) row(ctx context.Context, kind StepKind, browser []byte, handle string, body any, life time.Duration) (StepRow, error) {
	hash, err := s.hash(ctx, kind, handle)
	if err != nil {
		return StepRow{}, err
	}
	plaintext, err := json.Marshal(body)
	if err != nil {
		return StepRow{}, err
	}
	cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return StepRow{}, fault.Wrap(err, fault.Unavailable)
	}
	sealed, err := cipher.Seal(ctx, plaintext, place(kind, hash))
	return StepRow{Hash: hash, Kind: kind, Browser: browser, KeyID: cipher.KeyID(), Sealed: sealed, ExpiresAt: s.now().UTC().Add(life)}, err
}

// SealedText is a text that nobody reads where it lies, as in the outbox.
type SealedText struct {
	KeyID  string `json:"key_id"`
	Sealed []byte `json:"sealed"`
}

const textPlace = "notice/text"

func (s *Steps) seal(ctx context.Context, text string) (*SealedText, error) {
	cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	sealed, err := cipher.Seal(ctx, []byte(text), []byte(textPlace))
	return &SealedText{cipher.KeyID(), sealed}, err
}

// Open reads the code of a notice, for whoever sends it.
func (s *Steps) Open(ctx context.Context, text SealedText) (string, error) {
	cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, text.KeyID)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	plaintext, err := cipher.Open(ctx, text.Sealed, []byte(textPlace))
	return string(plaintext), err
}

// Look reads a step and leaves it; fault.StepLost when it is not there, not this browser's, used or late.
func (s *Steps) Look(ctx context.Context, kind StepKind, browser []byte, handle string, body any) error {
	return s.read(ctx, kind, browser, handle, body, s.store.Step)
}

// Take reads a step that nobody can use again.
func (s *Steps) Take(ctx context.Context, kind StepKind, browser []byte, handle string, body any) error {
	return s.read(ctx, kind, browser, handle, body, s.store.TakeStep)
}

type readStep func(ctx context.Context, hash []byte, kind StepKind, browser []byte, now time.Time) (StepRow, error)

func (s *Steps) read(ctx context.Context, kind StepKind, browser []byte, handle string, body any, read readStep) error {
	if handle == "" || len(handle) > 64 {
		return fault.New(fault.StepLost)
	}
	hash, err := s.hash(ctx, kind, handle)
	if err != nil {
		return err
	}
	row, err := read(ctx, hash, kind, browser, s.now())
	if errors.Is(err, idp.ErrNotFound) {
		return fault.New(fault.StepLost)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, row.KeyID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	plaintext, err := cipher.Open(ctx, row.Sealed, place(kind, hash))
	if err != nil {
		return fmt.Errorf("open step: %w", err)
	}
	return json.Unmarshal(plaintext, body)
}

func place(kind StepKind, hash []byte) []byte {
	return append([]byte("step/"+string(kind)+"/"), hash...)
}

func (s *Steps) hash(ctx context.Context, kind StepKind, handle string) ([]byte, error) {
	mac, err := s.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("step"), []byte(kind), []byte(handle))
}
