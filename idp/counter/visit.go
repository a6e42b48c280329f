package counter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Why a visit ended.
const (
	EndClerk    = "clerk"
	EndNext     = "next_number"
	EndCard     = "card_removed"
	EndTime     = "time"
	EndTerminal = "terminal"
)

// needsWord are the acts to which the citizen must agree: all that change something or show something of the person.
var needsWord = []string{ActRegister, ActRaise, ActReset, ActPass, ActCard, ActNoCard, ActFamily, ActHelper, ActGuardian, ActAccept, ActMandate, ActLicense, ActData, ActDataPaper,
	ActChildUndelete, ActChildDelete, ActUndelete, ActDelete}

// Acts in the order in which they are offered and done: a level needs an account, a card the level, a pass comes after the
// reset that ends passes.
var Acts = needsWord

// paper is an identity as a visit holds it, with what was typed for the acts.
type document struct {
	Who   idp.Identity `json:"who"`
	Phone string       `json:"phone,omitempty"` // canonical; of a new account
	Child *Child       `json:"child,omitempty"` // to be added to the family
	// Of mandates that are proposed or confirmed here.
	Helper *Other  `json:"helper,omitempty"`
	Minor  *Other  `json:"minor,omitempty"`
	Joins  []Other `json:"joins,omitempty"`
	// Ward is the child below 14 for whom the person asks.
	Ward *Other `json:"ward,omitempty"`
}

func place(v Visit) []byte { return []byte("counter/visit/" + v.ID) }

func (s *Service) sealDocument(ctx context.Context, v *Visit, d document) error {
	plaintext, err := json.Marshal(d)
	if err != nil {
		return err
	}
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	v.KeyID = cipher.KeyID()
	v.Sealed, err = cipher.Seal(ctx, plaintext, place(*v))
	return err
}

func (s *Service) document(ctx context.Context, v Visit) (d document, err error) {
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, v.KeyID)
	if err != nil {
		return d, fault.Wrap(err, fault.Unavailable)
	}
	plaintext, err := cipher.Open(ctx, v.Sealed, place(v))
	if err != nil {
		return d, fmt.Errorf("open visit: %w", err)
	}
	return d, json.Unmarshal(plaintext, &d)
}

// Call begins a visit with the card that lies on the reader; the visit before ends.
func (s *Service) Call(ctx context.Context, by Clerk, t Terminal, number string) (Visit, error) {
	v, err := s.begin(by, t, number, EntryReader)
	if err != nil {
		return v, err
	}
	r, err := s.cfg.Store.NewestReading(ctx, t.ID, s.now())
	if err != nil {
		return v, storeFault(err)
	}
	card, err := s.openCard(ctx, r)
	if err != nil {
		return v, err
	}
	v.Digest = r.Digest
	if err := s.admit(ctx, &v, card, by); err != nil {
		return v, err
	}
	return v, storeFault(s.cfg.Store.OpenVisit(ctx, v, r.Nonce, s.now(), s.opened(ctx, v)))
}

// Typed begins a visit for a person whose card cannot be read. second is another clerk, who signed for it with the own
// login just now.
func (s *Service) Typed(ctx context.Context, by, second Clerk, t Terminal, number string, card Card) (Visit, error) {
	v, err := s.begin(by, t, number, EntryTyped)
	if err != nil {
		return v, err
	}
	if err := s.clerk(second, RoleClerk); err != nil {
		return v, err
	}
	if second.ID == by.ID || bytes.Equal(second.Human, by.Human) || second.Account != "" && second.Account == by.Account || s.now().Sub(second.Signed) > 5*time.Minute {
		return v, fault.New(fault.CounterSecond)
	}
	v.SecondClerk = second.ID
	plaintext, err := json.Marshal(card)
	if err != nil {
		return v, err
	}
	sum, err := s.hash(ctx, "typed", string(plaintext))
	if err != nil {
		return v, err
	}
	v.Digest = fmt.Sprintf("%x", sum)
	if err := s.admit(ctx, &v, card, by, second); err != nil {
		return v, err
	}
	return v, storeFault(s.cfg.Store.OpenVisit(ctx, v, nil, s.now(), s.opened(ctx, v)))
}

func (s *Service) begin(by Clerk, t Terminal, number, entry string) (Visit, error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return Visit{}, err
	}
	number, ok := oneLine(number, 12)
	if !ok {
		return Visit{}, fault.New(fault.Invalid).WithField("counter-called", fault.CounterNumber)
	}
	now := s.now()
	return Visit{ID: ident.New(s.cfg.Rand, "cvs"), Terminal: t.ID, Clerk: by.ID, Entry: entry, Called: number, OpenedAt: now, ExpiresAt: now.Add(VisitLife)}, nil
}

// admit checks the document and finds whose account it is; it is of none of the clerks, and nobody's to whom a mandate binds one.
func (s *Service) admit(ctx context.Context, v *Visit, card Card, clerks ...Clerk) error {
	who, err := card.check(s.cfg.Accounts.Documents(), s.now())
	if err != nil {
		return err
	}
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return err
	}
	for _, by := range clerks {
		if bytes.Equal(lookup, by.Human) { // the own card, with or without an account
			return fault.New(fault.CounterSelf)
		}
	}
	v.Account, err = s.cfg.Accounts.ByDocument(ctx, who)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return err
	}
	for _, by := range clerks {
		if err := s.impartial(ctx, by, v.Account); err != nil {
			return err
		}
	}
	return s.sealDocument(ctx, v, document{Who: who})
}

// impartial refuses a clerk who would serve the own account or that of somebody with whom a mandate is declared.
func (s *Service) impartial(ctx context.Context, by Clerk, account string) error {
	if account == "" || by.Account == "" {
		return nil
	}
	if account == by.Account {
		return fault.New(fault.CounterSelf)
	}
	for _, pair := range [][2]string{{by.Account, account}, {account, by.Account}} {
		live, err := s.cfg.Mandates.Live(ctx, pair[0])
		if err != nil {
			return err
		}
		for _, m := range live {
			if m.Principal == pair[1] {
				return fault.New(fault.CounterSelf)
			}
		}
	}
	return nil
}

func (s *Service) opened(ctx context.Context, v Visit) func(ended string) audit.Record {
	return func(ended string) audit.Record {
		record := audit.With(s.event(ctx, "counter.visit_opened", "visit", v.ID, "terminal", v.Terminal, "entry", v.Entry, "second_clerk", v.SecondClerk, "account", v.Account))
		if ended != "" {
			record.Events = append(record.Events, s.event(ctx, "counter.visit_ended", "visit", ended, "reason", EndNext, "terminal", v.Terminal))
		}
		return record
	}
}

// Current is the open visit of a terminal, for the clerk who opened it; fault.CounterVisit when there is none.
func (s *Service) Current(ctx context.Context, by Clerk, t Terminal) (Visit, error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return Visit{}, err
	}
	v, err := s.cfg.Store.VisitAt(ctx, t.ID, s.now())
	if errors.Is(err, idp.ErrNotFound) || err == nil && v.Clerk != by.ID {
		return Visit{}, fault.New(fault.CounterVisit)
	}
	return v, storeFault(err)
}

// Shown is what a clerk and the citizen see of a visit.
type Shown struct {
	Visit
	Name    string // masked
	Number  string // masked as for reviewers
	Kind    string
	Expires string
	Phone   string // masked; where codes go
	Calls   bool   // a call can read them aloud there
	Level   subject.IAL
	Offered []string // acts that make sense for this person
	Wanted  []string // those that are ticked at first
	Ways    []string // in which the person may agree
	// Details are what an act is about beside the person: to whom the person agrees.
	Details map[string][]Detail
	Ends    time.Time // of the cool-off of a deletion that waits; zero where none does
}

// Show tells what is known of the person of a visit. Nothing of the past is among it: history needs the person's own login.
func (s *Service) Show(ctx context.Context, v Visit) (Shown, error) {
	d, err := s.document(ctx, v)
	if err != nil {
		return Shown{}, err
	}
	out := Shown{Visit: v, Name: subject.MaskName(d.Who.Name), Number: subject.MaskIDForReviewer(d.Who.Number), Kind: d.Who.Type, Expires: d.Who.Expires}
	phone := d.Phone
	if v.Account != "" {
		person, err := s.cfg.Accounts.Person(ctx, v.Account)
		if err != nil {
			return out, err
		}
		out.Level = person.IAL
		if person.Mobile != "" {
			phone = person.Mobile
		}
		deletion, err := s.cfg.Deletions.Of(ctx, v.Account)
		if err != nil {
			return out, err
		}
		if deletion.State == idp.DeletionWaiting {
			out.Ends = deletion.DueAt
		}
	}
	out.Ways = []string{ByScreen}
	if phone != "" || v.Account == "" {
		out.Ways = append(out.Ways, BySMS)
	}
	out.Ways = append(out.Ways, ByPaper)
	if phone != "" {
		out.Phone = subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: phone})
		out.Calls = s.cfg.Calls(phone)
	}
	out.Details = detailsOf(v, d)
	if v.AskedBy == "" {
		has, err := s.hasPasskey(ctx, v.Account)
		if err != nil {
			return out, err
		}
		if has {
			out.Ways = append(out.Ways, ByPasskey)
		}
	}
	if v.AskedBy == "" {
		out.Offered, out.Wanted, err = s.offered(ctx, v, out.Level)
	}
	return out, err
}

// offered are the acts that make sense for a person, and those that are ticked at first.
func (s *Service) offered(ctx context.Context, v Visit, level subject.IAL) (all, first []string, err error) {
	all, first = offered(v, level)
	if v.Account == "" {
		return all, first, nil
	}
	waiting, err := s.waiting(ctx, v.Account)
	if err == nil && len(waiting) > 0 {
		all = append(all, ActAccept)
	}
	if err != nil {
		return all, first, err
	}
	rights, err := s.offeredRights(ctx, v.Account)
	return append(all, rights...), first, err
}

func offered(v Visit, level subject.IAL) (all, first []string) {
	if v.Account == "" {
		all = append(all, ActRegister)
		first = append(first, ActRegister)
	}
	if v.reaches() > level {
		all = append(all, ActRaise)
		first = append(first, ActRaise)
	}
	if v.Account != "" {
		all = append(all, ActReset)
	}
	all = append(all, ActPass, ActCard)
	if len(first) > 0 {
		first = append(first, ActCard)
	}
	if v.Account != "" {
		all = append(all, ActNoCard, ActFamily, ActHelper, ActGuardian, ActMandate, ActLicense)
	}
	return all, first
}

// reaches is the level that a visit can give: the chip of a card read by a registered reader and looked at by a clerk is
// level 4, what two clerks typed is a manual review by two (identity.md 2.4).
func (v Visit) reaches() subject.IAL {
	if v.Entry == EntryReader {
		return 4
	}
	return 3
}

// Child is who is added to the family of the person (亲情账号).
type Child struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// Order is what a clerk asks the citizen to agree to.
type Order struct {
	Acts  []string
	Way   string // of agreement
	Phone string // of a new account; may be empty
	Child Child  // for ActFamily, ActGuardian, ActChildDelete and ActChildUndelete
	// HelperName and HelperTo name the helper of ActHelper, as in a mandate that is given online.
	HelperName, HelperTo string
}

// Plan asks the citizen to agree to acts, in a way of agreement. What was agreed before is forgotten.
func (s *Service) Plan(ctx context.Context, by Clerk, v Visit, order Order) (Visit, error) {
	acts, phone, way := order.Acts, order.Phone, order.Way
	if err := s.clerk(by, RoleClerk); err != nil {
		return v, err
	}
	now := s.now()
	shown, err := s.Show(ctx, v)
	if err == nil {
		shown.Offered, _, err = s.offered(ctx, v, shown.Level)
	}
	if err != nil {
		return v, err
	}
	var ordered []string
	for _, kind := range Acts {
		if slices.Contains(acts, kind) {
			ordered = append(ordered, kind)
		}
	}
	for _, kind := range acts {
		if !slices.Contains(shown.Offered, kind) {
			return v, fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
		}
	}
	if len(ordered) == 0 || v.Account == "" && !slices.Contains(ordered, ActRegister) {
		return v, fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
	}
	if !slices.Contains([]string{ByScreen, BySMS, ByPasskey, ByPaper}, way) {
		return v, fault.New(fault.Invalid).WithField("counter-way", fault.CounterWay)
	}
	if way == ByPasskey {
		if has, err := s.hasPasskey(ctx, v.Account); err != nil || !has {
			return v, fault.Wrap(err, fault.Invalid).WithField("counter-way", fault.CounterWay)
		}
	}
	d, err := s.document(ctx, v)
	if err != nil {
		return v, err
	}
	if v.Account == "" {
		d.Phone = ""
		if strings.TrimSpace(phone) != "" {
			identifier, err := subject.ParseIdentifier(phone)
			if err != nil || identifier.Kind != subject.Mobile {
				return v, fault.New(fault.Invalid).WithField("counter-phone", fault.IdentifierInvalid)
			}
			if way != BySMS {
				return v, fault.New(fault.Invalid).WithField("counter-phone", fault.CounterPhoneCode) // nobody showed that it is the person's
			}
			if _, err := s.cfg.Accounts.ByIdentifier(ctx, identifier); err == nil {
				return v, fault.New(fault.CounterPhone).WithField("counter-phone", fault.CounterPhone)
			} else if !errors.Is(err, idp.ErrNotFound) {
				return v, err
			}
			d.Phone = identifier.Value
		}
	}
	d.Child = nil
	if slices.Contains(ordered, ActFamily) {
		name, err := subject.ParsePersonName(order.Child.Name)
		if err != nil {
			return v, fault.Wrap(err, fault.ProofingName).WithField("counter-child-name", fault.ProofingName)
		}
		number, err := subject.ParseCitizenID(order.Child.Number)
		if err != nil {
			return v, fault.Wrap(err, fault.ProofingNumber).WithField("counter-child-number", fault.ProofingNumber)
		}
		d.Child = &Child{name, string(number)}
	}
	if err := s.planMandates(ctx, v, ordered, order, &d); err != nil {
		return v, err
	}
	if err := s.planRights(ctx, v, ordered, order, &d); err != nil {
		return v, err
	}
	if err := s.sealDocument(ctx, &v, d); err != nil {
		return v, err
	}
	v.Acts, v.AskedBy, v.AskedAt, v.AgreedAt, v.Agreement = ordered, way, now, time.Time{}, ""
	err = s.cfg.Store.Plan(ctx, v, now, audit.With(s.event(ctx, "counter.asked", "visit", v.ID, "acts", strings.Join(ordered, " "), "way", way)))
	return v, storeFault(err)
}

// Asked is what the second screen of a terminal shows: the open visit, if something is asked there.
func (s *Service) Asked(ctx context.Context, t Terminal) (shown Shown, asks bool, err error) {
	v, err := s.cfg.Store.VisitAt(ctx, t.ID, s.now())
	if errors.Is(err, idp.ErrNotFound) {
		return shown, false, nil
	}
	if err != nil {
		return shown, false, storeFault(err)
	}
	if shown, err = s.Show(ctx, v); err != nil {
		return shown, false, err
	}
	return shown, (v.AskedBy == ByScreen || v.AskedBy == ByPasskey) && v.AgreedAt.IsZero() && len(v.Acts) > 0, nil
}

// Answer is the citizen's word at the second screen, to what the screen showed: asked is the moment of that question.
func (s *Service) Answer(ctx context.Context, t Terminal, visit string, asked time.Time, agrees bool) error {
	v, err := s.askedAt(ctx, t, visit, asked)
	if err != nil {
		return err
	}
	if v.AskedBy != ByScreen && (v.AskedBy != ByPasskey || agrees) { // who is asked for a passkey may still say no
		return fault.New(fault.CounterVisit)
	}
	return s.agree(ctx, v, ByScreen, agrees)
}

// askedAt is the visit with the question of a moment.
func (s *Service) askedAt(ctx context.Context, t Terminal, visit string, asked time.Time) (Visit, error) {
	v, err := s.cfg.Store.VisitAt(ctx, t.ID, s.now())
	if errors.Is(err, idp.ErrNotFound) || err == nil && (v.ID != visit || !v.AskedAt.Equal(asked)) {
		return v, fault.New(fault.CounterVisit)
	}
	return v, storeFault(err)
}

func (s *Service) agree(ctx context.Context, v Visit, agreement string, agrees bool) error {
	now := s.now()
	if !agrees {
		return storeFault(s.cfg.Store.Decline(ctx, v.ID, v.AskedAt, now, audit.With(s.event(ctx, "counter.declined", "visit", v.ID, "way", v.AskedBy, "account", v.Account))))
	}
	record := audit.With(s.event(ctx, "counter.agreed", "visit", v.ID, "way", v.AskedBy, "acts", strings.Join(v.Acts, " "), "agreement", agreement, "account", v.Account))
	return storeFault(s.cfg.Store.Agree(ctx, v.ID, v.AskedAt, agreement, now, record))
}

// End ends the visit of a terminal; none is no error.
func (s *Service) End(ctx context.Context, by Clerk, t Terminal) error {
	v, err := s.Current(ctx, by, t)
	if fault.CodeOf(err) == fault.CounterVisit {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.cfg.Store.EndVisit(ctx, v.ID, EndClerk, s.now(), audit.With(s.event(ctx, "counter.visit_ended", "visit", v.ID, "reason", EndClerk, "terminal", t.ID)))
	if errors.Is(err, ErrVisitOver) {
		return nil
	}
	return storeFault(err)
}

// Replan takes back what was asked of the citizen.
func (s *Service) Replan(ctx context.Context, by Clerk, v Visit) error {
	if err := s.clerk(by, RoleClerk); err != nil {
		return err
	}
	v.Acts, v.AskedBy, v.AskedAt = nil, "", time.Time{}
	return storeFault(s.cfg.Store.Plan(ctx, v, s.now(), audit.With(s.event(ctx, "counter.taken_back", "visit", v.ID))))
}

// Documents are the kinds of documents that the counter knows.
func (s *Service) Documents() []subject.DocumentKind { return s.cfg.Accounts.Documents().Kinds() }
