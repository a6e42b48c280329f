// Package channel brings messages to people: it renders the named template in the person's language, tries the configured
// providers of SMS, calls or mail in their order, and keeps the account of what was sent and what it cost.
//
// It decides neither who is told nor when: a change leaves its message in the outbox, and the outbox comes again while a
// delivery fails. A provider that answered late may have delivered all the same, so a person may get the same message
// twice; no two of them differ.
package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/i18n"
)

// Kinds of addresses, as package subject names them, and Voice: a call to a mobile number that reads a code aloud, for whoever does not read
// a text message.
const (
	Mobile = "mobile"
	Email  = "email"
	Voice  = "voice"
)

// Message to a person.
type Message struct {
	ID       string // the same for every attempt
	Kind     string // Mobile, Email or Voice
	To       string // E.164 or an address
	Template string
	Locale   string
	Params   map[string]string
	Until    time.Time // when it is of no more use; zero is always of use
}

// Text is a rendered message.
type Text struct {
	Text    string // of an SMS, or what a call says
	Digits  string // of a call: the code digit by digit, as Text holds it
	Subject string // of a mail
	Body    string // of a mail
	Parts   int    // of an SMS: what is paid
}

// Letter is what a provider gets.
type Letter struct {
	Message
	Text
	Filled map[string]string // the parameters as rendered: cleaned and clipped
}

// Provider carries messages of one kind.
type Provider interface {
	// Send hands a message over. ErrRefused is the last word on this recipient; any other error lets the next provider try.
	// ErrUnsent says that it was certainly not sent, so that nothing is paid.
	Send(ctx context.Context, l Letter) (reference string, err error)
}

// Errors of a delivery.
var (
	// ErrRefused: a provider knows that this recipient cannot be reached; nobody tries again.
	ErrRefused = errors.New("channel: the recipient cannot be reached")
	// ErrUnsent: the provider took nothing.
	ErrUnsent = errors.New("channel: not sent")
	// ErrExpired: the message is of no more use.
	ErrExpired = errors.New("channel: the message is of no more use")
	// ErrNotAllowed: policy sends nothing to this country.
	ErrNotAllowed = errors.New("channel: no messages go to this country")
	// ErrNone: no provider of this kind is configured, or none for this message.
	ErrNone = errors.New("channel: no provider for this message")
	// ErrCeiling: what may be spent on the day is spent.
	ErrCeiling = errors.New("channel: the day's ceiling is reached")
	// errPaused: the provider was silent and is left alone for a while.
	errPaused = errors.New("channel: provider is paused")
)

// Hopeless reports whether another attempt cannot help.
func Hopeless(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrExpired) || errors.Is(err, ErrNotAllowed)
}

// Receipt tells what became of a message. The recipient stands in none.
type Receipt struct {
	ID        string
	Kind      string
	Template  string
	Provider  string
	State     string // Sent or Refused
	Reference string // of the provider
	Parts     int
	At        time.Time
}

// States of receipts.
const (
	Sent    = "sent"
	Refused = "refused"
)

// Ledger keeps receipts and the day's account; idpdb implements it.
type Ledger interface {
	// Reserve adds the cost to the provider's day if the sum stays at or below the ceiling; a ceiling of zero is none. day is
	// written 2006-01-02.
	Reserve(ctx context.Context, day, provider string, cost, ceiling int64) (ok bool, err error)
	// Release takes back the cost of what was certainly not sent.
	Release(ctx context.Context, day, provider string, cost int64) error
	// PutReceipt stores what became of a message; the same id is stored once.
	PutReceipt(ctx context.Context, r Receipt) error
	// Settled reports whether a message has its receipt.
	Settled(ctx context.Context, id string) (bool, error)
}

// Entry is a provider with its place in the order, its price and its countries.
type Entry struct {
	Name      string
	Provider  Provider
	Cost      int64           // of one part of an SMS, or of one mail
	Ceiling   int64           // of a day; 0 is none
	Countries Countries       // of an SMS provider; empty serves all that policy allows
	Carries   map[string]bool // names of the templates it has; nil carries all
	Receipts  *Receipts       // reads what it reports later; nil takes no reports
	Reports   bool            // reports come, also where nothing is read: of the simulated provider
	Answers   bool            // answers come, as above
	breaker   *breaker
}

// Config of the channels.
type Config struct {
	Catalogue *i18n.Catalogue
	Platform  string // who speaks: stands in front of every SMS
	Hotline   string
	SMS       []Entry // in the order in which they are tried
	Mail      []Entry
	Voice     []Entry
	Countries Countries // to which SMS and calls go at all
	Ledger    Ledger    // nil keeps no account
	Now       func() time.Time
	Log       *slog.Logger
	// Observe is told each outcome of a provider: sent, refused, failed, paused, ceiling; nil is nobody.
	Observe func(provider, outcome string, cost int64)
}

// Channels sends messages.
type Channels struct{ cfg Config }

// New returns the channels.
func New(cfg Config) *Channels {
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int64) {}
	}
	for _, entries := range [][]Entry{cfg.SMS, cfg.Mail, cfg.Voice} {
		for i := range entries {
			entries[i].breaker = &breaker{}
		}
	}
	return &Channels{cfg}
}

// Offers reports whether messages of a kind can be sent at all.
func (c *Channels) Offers(kind string) bool { return len(c.entries(kind)) > 0 }

// Reaches reports whether policy sends to an address.
func (c *Channels) Reaches(kind, to string) bool {
	return c.Offers(kind) && (kind == Email || c.cfg.Countries.Allows(to))
}

// Carries reports whether some provider of a kind has a template.
func (c *Channels) Carries(kind, template string) bool {
	return slices.ContainsFunc(c.entries(kind), func(e Entry) bool { return e.carries(template) })
}

// carries reports whether an entry has a template. What is to be answered goes to providers alone that tell answers.
func (e Entry) carries(template string) bool {
	return (e.Carries == nil || e.Carries[template]) && (!answered[template] || e.TellsAnswers())
}

// TellsAnswers reports whether a provider tells what people answered.
func (e Entry) TellsAnswers() bool { return e.Answers || e.Receipts != nil && e.Receipts.Answers() }

func (c *Channels) entries(kind string) []Entry {
	switch kind {
	case Mobile:
		return c.cfg.SMS
	case Email:
		return c.cfg.Mail
	case Voice:
		return c.cfg.Voice
	}
	return nil
}

// Providers names the providers of a kind in their order.
func (c *Channels) Providers(kind string) []string {
	var names []string
	for _, e := range c.entries(kind) {
		names = append(names, e.Name)
	}
	return names
}

// Receipts reads the calls of a provider; nil for one that reports nothing.
func (c *Channels) Receipts(provider string) *Receipts {
	for _, e := range slices.Concat(c.cfg.SMS, c.cfg.Mail, c.cfg.Voice) {
		if e.Name == provider && e.Receipts != nil {
			return e.Receipts
		}
	}
	return nil
}

// Reports says whether a provider reports what became of what it took.
func (c *Channels) Reports(provider string) bool {
	return slices.ContainsFunc(slices.Concat(c.cfg.SMS, c.cfg.Mail, c.cfg.Voice), func(e Entry) bool {
		return e.Name == provider && (e.Receipts != nil && e.Receipts.Reports() || e.Reports)
	})
}

// Send renders a message and gives it to the first provider that takes it.
func (c *Channels) Send(ctx context.Context, m Message) (Receipt, error) {
	return c.send(ctx, m, c.entries(m.Kind))
}

// SendBy is Send with one provider alone, for an operator's test.
func (c *Channels) SendBy(ctx context.Context, provider string, m Message) (Receipt, error) {
	return c.send(ctx, m, slices.DeleteFunc(slices.Clone(c.entries(m.Kind)), func(e Entry) bool { return e.Name != provider }))
}

func (c *Channels) send(ctx context.Context, m Message, entries []Entry) (Receipt, error) {
	now := c.cfg.Now()
	if !m.Until.IsZero() && !now.Before(m.Until) {
		return Receipt{}, ErrExpired
	}
	if m.Kind != Email && !c.cfg.Countries.Allows(m.To) {
		return Receipt{}, ErrNotAllowed
	}
	if c.cfg.Ledger != nil {
		if settled, err := c.cfg.Ledger.Settled(ctx, m.ID); err != nil || settled {
			return Receipt{ID: m.ID, State: Sent}, err // a worker died between delivery and its own receipt
		}
	}
	letter, err := c.letter(m)
	if err != nil {
		return Receipt{}, err
	}
	failures := []error{ErrNone}
	for _, e := range entries {
		if m.Kind != Email && !e.carries(m.Template) || m.Kind == Email && e.Carries != nil && !e.Carries[m.Template] || m.Kind != Email && len(e.Countries) > 0 && !e.Countries.Allows(m.To) {
			continue
		}
		receipt, err := c.try(ctx, e, letter, now)
		if err == nil {
			return receipt, nil
		}
		if errors.Is(err, ErrRefused) {
			return receipt, err
		}
		if len(failures) == 1 && failures[0] == ErrNone {
			failures = nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", e.Name, err))
	}
	return Receipt{}, errors.Join(failures...)
}

// try asks one provider. What it costs is reserved before and taken back only when nothing was sent for sure, so that the
// ceiling holds also when a provider answers too late.
func (c *Channels) try(ctx context.Context, e Entry, l Letter, now time.Time) (Receipt, error) {
	if !e.breaker.allow(now) {
		c.cfg.Observe(e.Name, "paused", 0)
		return Receipt{}, errPaused
	}
	cost, day := e.Cost*int64(max(l.Parts, 1)), Day(now)
	if c.cfg.Ledger != nil {
		ok, err := c.cfg.Ledger.Reserve(ctx, day, e.Name, cost, e.Ceiling)
		if err != nil {
			return Receipt{}, fmt.Errorf("reserve cost: %w", err) // no account, no message
		}
		if !ok {
			c.cfg.Observe(e.Name, "ceiling", 0)
			return Receipt{}, ErrCeiling
		}
	}
	reference, err := e.Provider.Send(ctx, l)
	receipt := Receipt{ID: l.ID, Kind: l.Kind, Template: l.Template, Provider: e.Name, State: Sent, Reference: referenceOf(reference), Parts: l.Parts, At: now}
	switch {
	case err == nil:
		e.breaker.answered()
		c.cfg.Observe(e.Name, "sent", cost)
	case errors.Is(err, ErrRefused):
		e.breaker.answered()
		receipt.State = Refused
		c.cfg.Observe(e.Name, "refused", 0)
	default:
		e.breaker.silent(now)
		c.cfg.Observe(e.Name, "failed", 0)
		if c.cfg.Ledger != nil && errors.Is(err, ErrUnsent) {
			if failure := c.cfg.Ledger.Release(context.WithoutCancel(ctx), day, e.Name, cost); failure != nil {
				c.cfg.Log.WarnContext(ctx, "cost of a message that was not sent stays in the account", "provider", e.Name, "error", failure)
			}
		}
		return Receipt{}, err
	}
	if c.cfg.Ledger != nil {
		if failure := c.cfg.Ledger.PutReceipt(context.WithoutCancel(ctx), receipt); failure != nil { // it was sent: trying again would send it twice
			c.cfg.Log.WarnContext(ctx, "receipt of a message was not stored", "provider", e.Name, "error", failure)
		}
	}
	return receipt, err
}

// Day is the account's day of a moment, in the time of Beijing.
func Day(at time.Time) string { return at.In(beijing).Format(time.DateOnly) }

var beijing = time.FixedZone("UTC+8", 8*60*60)

func (c *Channels) letter(m Message) (Letter, error) {
	t, known := templates[m.Template]
	if !known {
		return Letter{}, fmt.Errorf("channel: template %q is not known", m.Template)
	}
	filled := t.fill(m.Params)
	filled["platform"], filled["hotline"] = clip(clean(c.cfg.Platform), MaxPlatform), clip(clean(c.cfg.Hotline), maxHotline)
	if m.Kind == Voice && !t.Spoken {
		return Letter{}, fmt.Errorf("channel: template %q is not read aloud", m.Template)
	}
	digits := spoken(filled["code"], m.Locale)
	pairs := append(make([]string, 0, 2*len(filled)+2), "digits", digits)
	for name, value := range filled {
		pairs = append(pairs, name, value)
	}
	key := "message." + t.Name
	text := Text{Text: c.cfg.Catalogue.Text(m.Locale, key+".text", pairs...)}
	if m.Kind == Voice {
		text = Text{Text: c.cfg.Catalogue.Text(m.Locale, key+".voice", pairs...), Digits: digits, Parts: 1}
	} else if m.Kind == Email {
		text.Subject, text.Body = c.cfg.Catalogue.Text(m.Locale, key+".subject", pairs...), c.cfg.Catalogue.Text(m.Locale, key+".mail", pairs...)
	} else {
		text.Parts = Parts(text.Text)
	}
	delete(filled, "platform")
	delete(filled, "hotline")
	return Letter{Message: m, Text: text, Filled: filled}, nil
}

// Render is the text of a message as a person reads it.
func (c *Channels) Render(m Message) (Text, error) {
	l, err := c.letter(m)
	return l.Text, err
}

// localeOr takes our languages alone; providers have templates for those.
func localeOr(locale string) string {
	if slices.Contains(i18n.Locales(), locale) {
		return locale
	}
	return i18n.Chinese
}

// spoken is a code with a pause between its digits, so that a voice reads them one by one and not as a number of thousands.
func spoken(code, locale string) string {
	pause := "，"
	if localeOr(locale) == i18n.English {
		pause = ", "
	}
	return strings.Join(strings.Split(code, ""), pause)
}

// national is a number without its country code where that is 86, and without "+" elsewhere, as carriers here write it.
func national(to string) string {
	if rest, ok := strings.CutPrefix(to, "+86"); ok {
		return rest
	}
	return strings.TrimPrefix(to, "+")
}
