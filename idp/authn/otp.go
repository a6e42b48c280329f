package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Purpose of a one-time code; a code for one is worthless for another (A-04, O-59).
type Purpose string

// Purposes.
const (
	PurposeRegister Purpose = "register"
	PurposeLogin    Purpose = "login"
	PurposeRecover  Purpose = "recover"
	PurposeCounter  Purpose = "counter" // a citizen agrees to what a clerk is about to do
	// A contact is to take the place of another: the code shows control of the one that goes, and of the one that comes.
	PurposeContactOld Purpose = "contact-old"
	PurposeContactNew Purpose = "contact-new"
)

// Limits of codes, named so that the operators' guide can list them.
const (
	CodeDigits   = 6
	CodeLife     = 10 * time.Minute
	CodeTries    = 5 // evaluated tries in all
	resendPause  = time.Minute
	perHour      = 5
	perDay       = 10
	topicMessage = "message.send"
)

// Challenge is a stored code.
type Challenge struct {
	ID        string
	Lookup    []byte // who it was sent to
	Purpose   Purpose
	Browser   []byte // keyed hash of the browser's handle
	CodeMAC   []byte
	ExpiresAt time.Time
}

// Outcome of a try.
type Outcome int

// Outcomes.
const (
	Right Outcome = iota
	Wrong         // counted
	Dead          // used, expired, tried too often, or unknown
)

// CodeStore keeps challenges; idpdb implements it.
type CodeStore interface {
	// PutCode stores a challenge in place of the older ones of the same lookup and purpose, if fewer than the limits were
	// asked for; an OftenError when not.
	PutCode(ctx context.Context, c Challenge, limits []Limit, now time.Time, record audit.Record) error
	// TryCode counts a try and consumes the code when the hash is right; one conditional update decides.
	TryCode(ctx context.Context, id string, lookup []byte, purpose Purpose, browser, mac []byte, now time.Time) (Outcome, error)
}

// Limit is at most N in a span of time.
type Limit struct {
	N    int
	Span time.Duration
}

// ErrTooOften is what an OftenError is.
var ErrTooOften = errors.New("authn: codes were asked for too often")

// OftenError is answered by PutCode: as many codes as a limit allows were asked for, and the next one may be from Until on.
type OftenError struct{ Until time.Time }

func (e *OftenError) Error() string {
	return ErrTooOften.Error() + ", the next from " + e.Until.Format(time.RFC3339)
}

// Is makes it an ErrTooOften.
func (e *OftenError) Is(target error) bool { return target == ErrTooOften }

// Codes sends and checks one-time codes.
type Codes struct {
	store    CodeStore
	accounts *idp.Accounts
	ring     *keys.Ring
	reaches  func(kind, value string) (offered, allowed bool)
	sources  SourceLimits
	now      func() time.Time
	rand     io.Reader
}

// CodesConfig holds what Codes needs.
type CodesConfig struct {
	Store    CodeStore
	Accounts *idp.Accounts
	Ring     *keys.Ring
	Reaches  func(kind, value string) (offered, allowed bool) // whether messages go to an address; nil: to all
	Sources  SourceLimits
	Now      func() time.Time
	Rand     io.Reader
}

// NewCodes returns the service.
func NewCodes(cfg CodesConfig) *Codes {
	return &Codes{store: cfg.Store, accounts: cfg.Accounts, ring: cfg.Ring, reaches: cfg.Reaches, sources: cfg.Sources, now: cfg.Now, rand: cfg.Rand}
}

// Message is what the outbox carries to the sender.
type Message struct {
	To       string `json:"to"`
	Kind     string `json:"kind"` // "mobile", "email" or "voice"
	Template string `json:"template"`
	Code     string `json:"code"`
	Minutes  int    `json:"minutes"`
	Locale   string `json:"locale"`
	// Until is when the message is of no more use.
	Until time.Time `json:"until,omitzero"`
}

// InboxMessage is a message of the simulated inbox, in the form of its contract (design contract 3.1).
type InboxMessage struct {
	ID   string    `json:"id"`
	To   string    `json:"to"`
	Text string    `json:"text"`
	Code string    `json:"code"`
	At   time.Time `json:"at"`
	// Answers is by what the person answers it, "voice" or "mobile"; empty where there is nothing to answer.
	Answers string `json:"answers,omitempty"`
}

// TopicMessage is the outbox topic of messages.
const TopicMessage = topicMessage

// Encoder seals a message for the outbox, so that the code and the number are not readable there.
type Encoder func(ctx context.Context, m Message) ([]byte, error)

// Send makes a code and leaves its message in the outbox. browser binds the code to the browser that asked.
func (c *Codes) Send(ctx context.Context, identifier subject.Identifier, purpose Purpose, browser, locale string, encode Encoder) (challengeID string, err error) {
	return c.send(ctx, identifier, string(identifier.Kind), purpose, browser, locale, encode)
}

// kindVoice is a call to a mobile number, as package channel names it.
const kindVoice = "voice"

// Call is Send by a call that reads the code aloud, for whoever cannot read a text message. It is a code like any other: it takes the place
// of the one before, under the same limits.
func (c *Codes) Call(ctx context.Context, identifier subject.Identifier, purpose Purpose, browser, locale string, encode Encoder) (challengeID string, err error) {
	if identifier.Kind != subject.Mobile {
		return "", fault.New(fault.CodeNoCall)
	}
	return c.send(ctx, identifier, kindVoice, purpose, browser, locale, encode)
}

func (c *Codes) send(ctx context.Context, identifier subject.Identifier, kind string, purpose Purpose, browser, locale string, encode Encoder) (challengeID string, err error) {
	if err := c.reachable(identifier, kind); err != nil {
		return "", err
	}
	lookup, mac, err := c.keyed(ctx, identifier)
	if err != nil {
		return "", err
	}
	now := c.now().UTC()
	if err := c.sources.count(ctx, now); err != nil {
		return "", err
	}
	code := ident.Digits(c.rand, CodeDigits)
	challenge := Challenge{ID: ident.New(c.rand, "otp"), Lookup: lookup, Purpose: purpose, ExpiresAt: now.Add(CodeLife)}
	if challenge.CodeMAC, err = mac.Sum(ctx, []byte("otp"), []byte(challenge.ID), []byte(code)); err != nil {
		return "", err
	}
	if challenge.Browser, err = mac.Sum(ctx, []byte("otp-browser"), []byte(browser)); err != nil {
		return "", err
	}
	template := "code"
	if purpose == PurposeCounter { // the usual text says that nobody asks for the code
		template = "counter-code"
	}
	payload, err := encode(ctx, Message{To: identifier.Value, Kind: kind, Template: template, Code: code, Minutes: int(CodeLife / time.Minute), Locale: locale, Until: challenge.ExpiresAt})
	if err != nil {
		return "", err
	}
	record := audit.With(idp.Event(ctx, now, "code.sent", "challenge", challenge.ID, map[string]string{"purpose": string(purpose), "by": kind})).
		And(audit.Message{Topic: topicMessage, Key: challenge.ID, Payload: payload})
	limits := []Limit{{1, resendPause}, {perHour, time.Hour}, {perDay, 24 * time.Hour}}
	var often *OftenError
	if err := c.store.PutCode(ctx, challenge, limits, now, record); errors.As(err, &often) {
		return "", tooOften(often, now)
	} else if err != nil {
		return "", fmt.Errorf("store code: %w", err)
	}
	return challenge.ID, nil
}

// tooOften says when a code may be asked for again. Whoever used up the codes of an hour or a day is not told to come back in a minute.
func tooOften(often *OftenError, now time.Time) error {
	wait := often.Until.Sub(now)
	seconds := int((wait + time.Second - 1) / time.Second)
	switch {
	case wait <= resendPause:
		return fault.Wrap(often, fault.CodeTooOften).After(seconds)
	case wait <= 2*time.Hour:
		return fault.Wrap(often, fault.CodesOfHourUsed, "m", strconv.Itoa(int((wait+time.Minute-1)/time.Minute))).After(seconds)
	}
	return fault.Wrap(often, fault.CodesOfDayUsed, "h", strconv.Itoa(int((wait+time.Hour-1)/time.Hour))).After(seconds)
}

// Check evaluates a code. A wrong one and a dead one are answered alike.
func (c *Codes) Check(ctx context.Context, challengeID string, identifier subject.Identifier, purpose Purpose, browser, code string) error {
	lookup, mac, err := c.keyed(ctx, identifier)
	if err != nil {
		return err
	}
	codeMAC, err := mac.Sum(ctx, []byte("otp"), []byte(challengeID), []byte(code))
	if err != nil {
		return err
	}
	browserMAC, err := mac.Sum(ctx, []byte("otp-browser"), []byte(browser))
	if err != nil {
		return err
	}
	outcome, err := c.store.TryCode(ctx, challengeID, lookup, purpose, browserMAC, codeMAC, c.now())
	if err != nil {
		return fmt.Errorf("check code: %w", err)
	}
	if outcome != Right {
		return fault.New(fault.CodeWrong)
	}
	return nil
}

func (c *Codes) keyed(ctx context.Context, identifier subject.Identifier) ([]byte, keys.MAC, error) {
	lookup, err := c.accounts.Lookup(ctx, string(identifier.Kind), identifier.Value)
	if err != nil {
		return nil, nil, err
	}
	mac, err := c.ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Unavailable)
	}
	return lookup, mac, nil
}
