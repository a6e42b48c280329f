package counter

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Events that a reader's bridge tells.
const (
	EventCard    = "card"    // a card lies on the reader and was read
	EventRemoved = "removed" // it is gone
)

// Bounds of a message.
const (
	MaxMessage = 4 << 10
	minNonce   = 16
	maxNonce   = 64
	LongTerm   = "long_term" // of a card without an end
)

// ReaderPurpose stands before the octets that the bridge signs, so that a signature for something else is none here.
const ReaderPurpose = "yinxin-reader/1\n"

// Card is what a reader read. All members are as printed in the chip; what they mean is checked by check.
type Card struct {
	Kind        string `json:"kind"` // of the table of documents
	Name        string `json:"name"`
	Number      string `json:"number"`
	Nationality string `json:"nationality,omitempty"` // ISO 3166-1 alpha-3, where the kind needs one
	Birth       string `json:"birth,omitempty"`       // YYYY-MM-DD
	From        string `json:"valid_from"`            // YYYY-MM-DD
	To          string `json:"valid_to"`              // YYYY-MM-DD, or "long_term"
}

// Message of a reader's bridge (docs/integration/counter-reader.md).
type Message struct {
	Terminal string    `json:"terminal"`
	Nonce    string    `json:"nonce"` // 16 to 64 random octets, unpadded base64url; never used twice
	At       time.Time `json:"at"`
	Event    string    `json:"event"`
	Card     *Card     `json:"card,omitempty"`
}

// ErrMessage is wrapped by every error of ParseMessage.
var ErrMessage = errors.New("counter: not a message of a reader")

// ParseMessage reads a message strictly: unknown and repeated members, trailing octets and parts that do not belong to the
// event are refused.
func ParseMessage(body []byte) (Message, error) {
	var m Message
	if len(body) > MaxMessage {
		return m, fmt.Errorf("%w: too long", ErrMessage)
	}
	if err := strictjson.CheckLower(body); err != nil {
		return m, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(m.Nonce)
	switch {
	case err != nil || len(nonce) < minNonce || len(nonce) > maxNonce:
		return m, fmt.Errorf("%w: nonce", ErrMessage)
	case m.Terminal == "" || len(m.Terminal) > 64:
		return m, fmt.Errorf("%w: terminal", ErrMessage)
	case m.At.IsZero() || m.At.Year() < 2000 || m.At.Year() > 9000:
		return m, fmt.Errorf("%w: time", ErrMessage)
	case m.Event != EventCard && m.Event != EventRemoved:
		return m, fmt.Errorf("%w: event", ErrMessage)
	case (m.Event == EventCard) != (m.Card != nil):
		return m, fmt.Errorf("%w: a card goes with its event", ErrMessage)
	}
	return m, nil
}

// check brings a card into the form of a legal identity: number and check digit (ISO 7064 MOD 11-2), rules of names, dates.
func (c Card) check(documents subject.Documents, now time.Time) (idp.Identity, error) {
	who := idp.Identity{Type: c.Kind}
	document, err := documents.Parse(c.Kind, c.Number, c.Nationality)
	if err != nil {
		return who, fault.Wrap(err, fault.CounterCard).WithField("counter-number", fault.ProofingNumber)
	}
	who.Number, who.Nationality = document.Number, document.Nationality
	if who.Name, err = subject.ParsePersonName(c.Name); err != nil {
		return who, fault.Wrap(err, fault.CounterCard).WithField("counter-name", fault.ProofingName)
	}
	birth := document.Birth
	if c.Birth != "" {
		told, err := subject.ParseDay(c.Birth)
		if err != nil || !birth.IsZero() && !told.Equal(birth) || told.After(now) {
			return who, fault.Wrap(err, fault.CounterCard).WithField("counter-birth", fault.ProofingBirth)
		}
		birth = told
	}
	if !birth.IsZero() && who.Type != subject.CitizenID {
		who.Birth = birth.Format(time.DateOnly) // a citizen's stands in the number
	}
	from, err := subject.ParseDay(c.From)
	if err != nil || from.After(now.In(legalTime)) {
		return who, fault.Wrap(err, fault.CounterCard).WithField("counter-from", fault.CounterCardDates)
	}
	if c.To == LongTerm {
		return who, nil
	}
	to, err := subject.ParseDay(c.To)
	if err != nil || !to.After(from) {
		return who, fault.Wrap(err, fault.CounterCard).WithField("counter-to", fault.CounterCardDates)
	}
	if !now.Before(endOf(to)) {
		return who, fault.New(fault.ProofingExpired).WithField("counter-to", fault.ProofingExpired)
	}
	who.Expires = to.Format(time.DateOnly)
	return who, nil
}

var legalTime = time.FixedZone("CST", 8*3600)

// endOf is the end of a day in Beijing.
func endOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, legalTime)
}

// Receive takes a message of a reader. signature is r‖s over ReaderPurpose and the octets of the body, by the key that was
// registered with the terminal. What a stranger sends, sends late or sends twice is refused alike.
func (s *Service) Receive(ctx context.Context, body, signature []byte) error {
	m, err := ParseMessage(body)
	if err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	t, err := s.cfg.Store.Terminal(ctx, m.Terminal)
	if errors.Is(err, idp.ErrNotFound) {
		return fault.New(fault.CounterReader)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	now := s.now()
	if !t.RevokedAt.IsZero() || t.EnrolledAt.IsZero() || !signedBy(t.ReaderKey, body, signature) || m.At.Before(now.Add(-ClockSkew)) || m.At.After(now.Add(ClockSkew)) {
		return fault.New(fault.CounterReader)
	}
	r := Reading{Terminal: t.ID, Digest: digest.Hex(body), ReadAt: now, Expires: now.Add(ReadingLife), Sealed: []byte{}}
	if r.Nonce, err = s.hash(ctx, "nonce", t.ID, m.Nonce); err != nil {
		return err
	}
	if m.Event == EventRemoved {
		err = s.cfg.Store.PutRemoval(ctx, r, func(visit string) audit.Record {
			return audit.With(s.event(ctx, "counter.visit_ended", "visit", visit, "reason", EndCard, "terminal", t.ID))
		})
	} else if r.KeyID, r.Sealed, err = s.sealCard(ctx, t.ID, *m.Card); err == nil {
		err = s.cfg.Store.PutReading(ctx, r)
	}
	if errors.Is(err, ErrNonce) {
		return fault.Wrap(err, fault.CounterReader)
	}
	return storeFault(err)
}

func signedBy(point, body, signature []byte) bool {
	if len(point) == 0 {
		return false
	}
	key, err := pki.ParseSM2Key(point)
	if err != nil {
		return false
	}
	der, err := pki.SM2SignatureFromRaw(signature)
	if err != nil {
		return false
	}
	_, err = pki.VerifySM2(key, nil, append([]byte(ReaderPurpose), body...), der, pki.FormDER)
	return err == nil
}

func (s *Service) sealCard(ctx context.Context, terminal string, card Card) (keyID string, sealed []byte, err error) {
	plaintext, err := json.Marshal(card)
	if err != nil {
		return "", nil, err
	}
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable)
	}
	sealed, err = cipher.Seal(ctx, plaintext, []byte("counter/reading/"+terminal))
	return cipher.KeyID(), sealed, err
}

func (s *Service) openCard(ctx context.Context, r Reading) (card Card, err error) {
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, r.KeyID)
	if err != nil {
		return card, fault.Wrap(err, fault.Unavailable)
	}
	plaintext, err := cipher.Open(ctx, r.Sealed, []byte("counter/reading/"+r.Terminal))
	if err != nil {
		return card, fmt.Errorf("open reading: %w", err)
	}
	return card, json.Unmarshal(plaintext, &card)
}
