package mandate

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// A helper may ask an elder who has a telephone and no screen (experience specification 3.7, decision 0017). A first call reads out a code,
// which the helper types: it shows that the two are in contact and gives nothing. The elder's own yes is the answer to a second call, or to
// an SMS, at a time that the helper does not choose.

// PhoneState of a request.
type PhoneState string

// States. A request about a number is open while it is one of the first two.
const (
	PhoneCode      PhoneState = "code"    // for the code that the first call read out
	PhoneWaiting   PhoneState = "waiting" // for the elder's own yes
	PhoneConfirmed PhoneState = "confirmed"
	PhoneRefused   PhoneState = "refused"
	PhoneEnded     PhoneState = "ended"
)

// Reasons of an end.
const (
	reasonCode      = "code"      // it was not typed, or wrongly
	reasonSilence   = "silence"   // no answer
	reasonWithdrawn = "withdrawn" // by the helper
	reasonUnfit     = "unfit"     // one of the two may not now
	reasonFull      = "full"      // as many helpers as are allowed
	reasonNo        = "no"        // of the elder
)

// PhoneRequest is a helper's request to an elder.
type PhoneRequest struct {
	ID          string
	Agent       string // the helper's account
	Principal   string // the elder's; empty where nobody is asked
	Lookup      []byte // of the number
	KeyID       string
	Sealed      []byte // name and number as typed, for the helper (PhonePlace)
	Items       []string
	NotAfter    time.Time // of the mandate
	State       PhoneState
	CodeMAC     []byte
	Tries       int
	CodeUntil   time.Time
	Channel     string // by which the elder is asked: a kind of package channel
	CreatedAt   time.Time
	AskAt       time.Time // when the elder is asked; zero before the code was right
	AskedAt     time.Time // and was; zero: not yet
	AnswerUntil time.Time
	EndedAt     time.Time
	Reason      string
	MandateID   string // once it is confirmed
}

// over is why time ended the request; empty while it goes on.
func (r PhoneRequest) over(now time.Time) string {
	switch {
	case r.State == PhoneCode && !now.Before(r.CodeUntil):
		return reasonCode
	case r.State == PhoneWaiting && !r.AskedAt.IsZero() && !now.Before(r.AnswerUntil):
		return reasonSilence
	}
	return ""
}

// StateAt is the state at a moment: what time ended has ended, whether or not that was written down yet.
func (r PhoneRequest) StateAt(now time.Time, tries int) PhoneState {
	if r.State == PhoneCode && r.Tries >= tries || r.over(now) != "" {
		return PhoneEnded
	}
	return r.State
}

// PhonePlace is what the sealed part of a request is bound to.
func PhonePlace(id string) string { return "phone-request/" + id }

// PhoneTyped is the sealed part.
type PhoneTyped struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// PhoneWord is what somebody answered.
type PhoneWord string

// Words. Whatever is none of them is nothing.
const (
	PhoneYes  PhoneWord = "yes"
	PhoneNo   PhoneWord = "no"
	PhoneStop PhoneWord = "stop"
)

// PhoneAnswer is an answer as a provider told it.
type PhoneAnswer struct {
	Provider  string
	ID        string // the provider's own number of the answer: each counts once
	Channel   string // a kind of package channel: of a call or an SMS
	Reference string // of a call: the provider's number of it
	Number    string // of an SMS: who answered, E.164; not kept
	Lookup    []byte // of that number
	Word      PhoneWord
	At        time.Time // when it was first told
}

// Outbox topics of requests by telephone.
const (
	TopicPhoneCode = "mandate.phone_code" // a sealed PhoneCall
	TopicPhoneAsk  = "mandate.phone_ask"  // a PhoneQuestion
)

// PhoneCall is the first call. It is sealed in the outbox, since it holds the code.
type PhoneCall struct {
	Request string    `json:"request"`
	To      string    `json:"to"`
	Code    string    `json:"code"`
	Minutes int       `json:"minutes"`
	Channel string    `json:"channel"`
	Agent   string    `json:"agent"`
	Elder   string    `json:"elder"` // account, whose language is spoken
	Until   time.Time `json:"until"`
}

// PhoneQuestion is the second one; the number is read when it is placed.
type PhoneQuestion struct {
	Request string    `json:"request"`
	Until   time.Time `json:"until"`
}

// EventTelephone is the event of the notice that tells the elder how to end what its yes began.
const EventTelephone = "telephone"

// Errors of stores of requests.
var (
	ErrBusy  = errors.New("mandate: a request about the number is open")
	ErrUnfit = errors.New("mandate: one of the two may not now")
	ErrNo    = errors.New("mandate: the number said no to this helper")
)

// PhoneStore keeps requests and answers; idpdb implements it. Each change is one transaction with its audit record.
type PhoneStore interface {
	// PutPhoneRequest stores a request; ErrBusy while another about the number is open, ErrNo when the number refused this helper since a
	// moment, ErrFull when the helper holds or asks for as many as are allowed (0: any number), ErrMoved when the helper is not active.
	PutPhoneRequest(ctx context.Context, r PhoneRequest, since time.Time, most int, record audit.Record) error
	// PhoneRequest reads a request of a helper; idp.ErrNotFound.
	PhoneRequest(ctx context.Context, agent, id string) (PhoneRequest, error)
	// OpenPhoneRequest reads the one about a number that is open, or whose end was not written down yet; idp.ErrNotFound.
	OpenPhoneRequest(ctx context.Context, lookup []byte) (PhoneRequest, error)
	// PhoneRequests lists those of a helper, the newest first.
	PhoneRequests(ctx context.Context, agent string, behind Mark, limit int) ([]PhoneRequest, error)
	// PhoneQuestionOf reads a request that the elder is asked about; idp.ErrNotFound when it does not wait.
	PhoneQuestionOf(ctx context.Context, id string) (PhoneRequest, error)
	// TryPhoneCode counts a try of the code, and lets the request wait for the elder when the hash is right. right and dead (over, used
	// up) are never both true.
	TryPhoneCode(ctx context.Context, r PhoneRequest, mac []byte, most int, now time.Time, record audit.Record) (right, dead bool, err error)
	// PhoneFit reports whether a number is the principal's for longer than since, whose account is active and neither recovered nor lost a
	// number since then.
	PhoneFit(ctx context.Context, principal string, lookup []byte, since time.Time) (bool, error)
	// DuePhoneRequests are those whose elder is to be asked, OverPhoneRequests those whose time is over; neither is put off, and the longest
	// due stand first.
	DuePhoneRequests(ctx context.Context, now time.Time, limit int) ([]PhoneRequest, error)
	OverPhoneRequests(ctx context.Context, now time.Time, limit int) ([]PhoneRequest, error)
	// AskedPhone notes that the elder is asked; ErrMoved when that was noted, or the request does not wait any more.
	AskedPhone(ctx context.Context, id string, at, until time.Time, record audit.Record) error
	// PlacePhone notes the message that asks, by whose receipt the answer is known.
	PlacePhone(ctx context.Context, id, message string) error
	// EndPhone ends an open request; ErrMoved when it is open no more. by is the answer that did it, or nil.
	EndPhone(ctx context.Context, id string, state PhoneState, reason string, at time.Time, by *PhoneAnswer, record audit.Record) error
	// PutPhoneAnswer stores an answer, once, and gives it back as it was first stored; settled when it did what it does.
	PutPhoneAnswer(ctx context.Context, a PhoneAnswer) (first PhoneAnswer, settled bool, err error)
	// UnsettledPhoneAnswers are answers to calls since a moment of which a request waits.
	UnsettledPhoneAnswers(ctx context.Context, since time.Time, limit int) ([]PhoneAnswer, error)
	// PhoneAsked finds the request that an answer is about: by the call, or by the number; idp.ErrNotFound.
	PhoneAsked(ctx context.Context, a PhoneAnswer) (PhoneRequest, error)
	// ConfirmPhone stores the mandate that an answer gives: ErrMoved when the request does not wait for it, ErrUnfit when one of the two may
	// not now (since as in PhoneFit), ErrFull and the others as PutMandate.
	ConfirmPhone(ctx context.Context, r PhoneRequest, m Mandate, b Bounds, a PhoneAnswer, since time.Time, record audit.Record) error
	// PhoneMandates are the mandates of a principal that such requests made and that have not ended.
	PhoneMandates(ctx context.Context, principal string) ([]Mandate, error)
	// PhoneHolder is the account that a number belongs to; idp.ErrNotFound.
	PhoneHolder(ctx context.Context, lookup []byte) (account string, err error)
}

// PhoneAccounts is what requests ask of the accounts.
type PhoneAccounts interface {
	Lookup(ctx context.Context, kind, value string) ([]byte, error)
	Seal(ctx context.Context, accountID string, plaintext []byte, place string) (keyID string, sealed []byte, err error)
	Unseal(ctx context.Context, accountID, keyID string, sealed []byte, place string) ([]byte, error)
}

// PhoneConfig lets elders confirm by telephone.
type PhoneConfig struct {
	Policy   PhonePolicy
	Store    PhoneStore
	Accounts PhoneAccounts
	MAC      func(ctx context.Context, parts ...[]byte) ([]byte, error) // keyed hash of codes
	// Ways are the channels by which a number is told the code and asked; ask is empty where no provider takes answers.
	Ways   func(number string) (code, ask string)
	Offers func() bool                                               // whether any number can be asked
	Seal   func(ctx context.Context, call PhoneCall) ([]byte, error) // for the outbox
	Note   func(step string)                                         // counts steps; nil counts none
}

// ByPhone reports whether elders can confirm by telephone here.
func (s *Service) ByPhone() bool { return s.cfg.Phone != nil && s.cfg.Phone.Offers() }

// PhonePolicy are the bounds of such requests.
func (s *Service) PhonePolicy() PhonePolicy {
	if s.cfg.Phone == nil {
		return PhoneByDefault
	}
	return s.cfg.Phone.Policy
}

func (s *Service) noted(step string) {
	if s.cfg.Phone.Note != nil {
		s.cfg.Phone.Note(step)
	}
}

// phoneEvent is an audit event about a request. Neither number nor name is in it.
func (s *Service) phoneEvent(ctx context.Context, r PhoneRequest, kind string, more map[string]string) audit.Event {
	details := map[string]string{"agent": r.Agent, "principal": r.Principal, "by": r.Channel}
	for name, value := range more {
		details[name] = value
	}
	e := idp.Event(ctx, s.cfg.Now().UTC(), "mandate.telephone_"+kind, "phone_request", r.ID, details)
	if e.Actor == "anonymous" { // a provider's call or the clock
		e.Actor = "system:telephone"
	}
	return e
}

func phoneFault(err error) error {
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	case errors.Is(err, ErrBusy), errors.Is(err, ErrNo):
		return fault.Wrap(err, fault.PhoneAskBusy)
	case errors.Is(err, ErrFull):
		return fault.Wrap(err, fault.MandateLimit)
	case errors.Is(err, ErrMoved):
		return fault.Wrap(err, fault.PhoneAskOver)
	}
	return fault.Wrap(err, fault.Unavailable)
}
