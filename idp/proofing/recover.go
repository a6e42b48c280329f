package proofing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Recovery by proving oneself again (experience specification 3.5): whoever has neither password nor number nor passkey left shows by a
// way of the policy (recover in its row) who they are. It gives no evidence and no level: the account stays what it was, and it must have
// been proved before, at level 2 or more and at no more than the way gives, so that nobody gets into more than was shown. Nothing is
// stored of it but counters and audit lines; what a visit must know lies sealed with the browser that began it. Whether there is an account
// is told to nobody: a mismatch, no account and one that may not be recovered so have one answer.

// Limits of recoveries in a day: about one document, and from one address (an IPv6 address counts as its /64).
const (
	RecoveryTries         = 5
	RecoveryTriesOfSource = 50
	scopeRecoverIdentity  = "recover-identity"
	scopeRecoverSource    = "recover-source"
	recoverVisitAtMost    = 15 * time.Minute // A-17; a face has five minutes
)

// recoverable are the methods that may recover an account, if the policy says so: those that answer while the person waits. A certificate
// signs in by itself, and reviewers take days.
var recoverable = []string{Carrier, BankCard, Face, NetworkID}

// leastRecovered is the lowest level of an account that is recovered by a proof: below it nobody but a source of names was ever asked.
const leastRecovered subject.IAL = 2

// Recovering is a visit that shall recover an account. The caller keeps it sealed to the browser.
type Recovering struct {
	Query  Query       `json:"query"`
	Method string      `json:"method"`
	Level  subject.IAL `json:"level"`
	At     time.Time   `json:"at"`
}

// RecoveryOffers are the ways by which accounts are recovered with a kind of document.
func (s *Service) RecoveryOffers(kind subject.DocumentKind) (all []Offer) {
	for _, level := range s.policy() {
		if !level.Recover || level.IAL < leastRecovered || !level.allows(kind) || !slices.Contains(recoverable, level.Method) {
			continue
		}
		m, ok := s.method(level.Method)
		if !ok && level.Method == Carrier {
			m = Method{Word: Carrier}
		} else if !ok {
			continue
		}
		m.Mobile = m.Mobile || level.Method == Carrier
		if source := s.sourceFor(level.Method, kind.Kind); source == nil || !source.Knows(kind.Kind) {
			continue
		}
		all = append(all, Offer{Method: m, Level: level})
	}
	return all
}

// RecoveryOffer finds one; fault.NotFound.
func (s *Service) RecoveryOffer(kind subject.DocumentKind, word string) (Offer, error) {
	for _, offer := range s.RecoveryOffers(kind) {
		if offer.Method.Word == word {
			return offer, nil
		}
	}
	return Offer{}, fault.New(fault.NotFound)
}

// Recover asks a source that answers at once, and gives the account of whoever it confirms. fault.RecoveryNotProved says no more than
// that this way opens nothing; a source that is silent is never shown so: fault.RecoverySilent.
func (s *Service) Recover(ctx context.Context, in Submission) (accountID string, err error) {
	offer, q, err := s.recovery(ctx, in)
	if err != nil {
		return "", err
	}
	if offer.Method.Remote != nil {
		return "", fault.New(fault.Invalid) // it leads elsewhere first
	}
	v, err := s.recoveryBegun(ctx, offer, q, in)
	if err != nil {
		return "", err
	}
	return s.recovered(ctx, v, s.sourceFor(v.Method, q.IDType))
}

// RecoverBegin opens a visit to the page of another service. The address to return to holds what the caller needs to find the visit again;
// the browser that begins never sees it, so that a page that was sent on to somebody else opens nothing for the sender.
func (s *Service) RecoverBegin(ctx context.Context, in Submission, back string) (v Recovering, address string, err error) {
	offer, q, err := s.recovery(ctx, in)
	if err != nil {
		return v, "", err
	}
	if offer.Method.Remote == nil {
		return v, "", fault.New(fault.NotFound)
	}
	if v, err = s.recoveryBegun(ctx, offer, q, in); err != nil {
		return v, "", err
	}
	started, err := offer.Method.Remote.Begin(ctx, v.Query, back)
	if err != nil {
		return v, "", fault.Wrap(err, fault.ProofingAway)
	}
	v.Query.Handle = started.Handle
	return v, started.URL, nil
}

// RecoverReturn asks what came of a visit; fault.ProofingPending while there is no result and time is left.
func (s *Service) RecoverReturn(ctx context.Context, v Recovering) (accountID string, err error) {
	level, ok := s.row(v.Method)
	m, offered := s.method(v.Method)
	if !ok || !offered || !level.Recover || level.IAL != v.Level || m.Remote == nil { // the configuration changed meanwhile
		return "", fault.New(fault.ProofingAway)
	}
	return s.recovered(ctx, v, m.Remote)
}

// recovery reads the form of a way.
func (s *Service) recovery(ctx context.Context, in Submission) (offer Offer, q Query, err error) {
	if in.Kind == "" {
		in.Kind = subject.CitizenID
	}
	kind, ok := s.cfg.Accounts.Documents().Find(in.Kind)
	if !ok {
		return offer, q, fault.New(fault.ProofingKind)
	}
	if offer, err = s.RecoveryOffer(kind, in.Method); err != nil {
		return offer, q, err
	}
	if offer.Method.Notice != "" && in.Consent != offer.Method.Notice {
		return offer, q, fault.New(fault.ProofingConsent).WithField(fieldConsent, fault.ProofingConsent)
	}
	refused := fault.New(fault.Invalid)
	q.IDType = kind.Kind
	s.readIdentity(ctx, kind, in, &q, refused)
	if offer.Method.Card {
		if q.Card, err = ParseCard(in.Card); err != nil {
			refused.WithField(fieldCard, fault.ProofingCardNumber)
		}
	}
	if offer.Method.Mobile {
		s.readMobile(in.Mobile, &q, refused)
		if in.Mobile == "" { // no account's own number stands in for it
			refused.WithField(fieldMobile, fault.IdentifierInvalid)
		}
	}
	if len(refused.Fields) > 0 {
		return offer, q, refused
	}
	// Whoever is below the age has no login of their own to come back to; the number itself tells the age.
	return offer, q, s.oldEnough(offer.Level, bornOn(q.identity()))
}

// recoveryBegun counts a try before anything is asked, so that parallel ones count as well, and writes down that it began.
func (s *Service) recoveryBegun(ctx context.Context, offer Offer, q Query, in Submission) (v Recovering, err error) {
	now := s.cfg.Now().UTC()
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, q.identity())
	if err != nil {
		return v, err
	}
	for _, limit := range []struct {
		scope string
		key   []byte
		n     int
	}{{scopeRecoverSource, []byte(reqctx.From(ctx).Source()), RecoveryTriesOfSource}, {scopeRecoverIdentity, lookup, RecoveryTries}} {
		tries, err := s.cfg.Store.Count(ctx, limit.scope, limit.key, triesSpan, now)
		if err != nil {
			return v, fault.Wrap(err, fault.Unavailable) // no counter, no question (R6)
		}
		if tries > limit.n {
			return v, fault.New(fault.ProofingTooOften)
		}
	}
	q.RequestID = ident.New(s.cfg.Rand, "case")
	v = Recovering{Query: q, Method: offer.Method.Word, Level: offer.Level.IAL, At: now}
	details := map[string]string{}
	if in.Consent != "" {
		details["version"] = in.Consent
	}
	return v, s.noteRecovery(ctx, v, "recovery.begun", audit.Succeeded, details)
}

// recovered asks and judges. The account is looked for whatever the source says, so that the answer takes its time in either case.
func (s *Service) recovered(ctx context.Context, v Recovering, source Source) (accountID string, err error) {
	limit := recoverVisitAtMost
	if v.Method == Face {
		limit = faceAtMost
	}
	late := s.cfg.Now().Sub(v.At) > limit
	answer, err := source.Ask(ctx, v.Query)
	holder, standing, other := s.recoverableAccount(ctx, v)
	switch {
	case other != nil:
		return "", other
	case err != nil:
		return "", fault.Wrap(err, fault.RecoverySilent)
	case answer.Verdict == Pending && !late:
		return "", fault.New(fault.ProofingPending)
	}
	why := string(answer.Verdict)
	switch {
	case late:
		why = "late"
	case answer.Verdict == Match && standing:
		return holder, s.noteRecovery(ctx, v, "recovery.proved", audit.Succeeded, map[string]string{"evidence": answer.Digest})
	case answer.Verdict == Match:
		why = "nothing to recover"
	}
	if err := s.noteRecovery(ctx, v, "recovery.refused", audit.Refused, map[string]string{"why": why}); err != nil {
		return "", err
	}
	return "", fault.New(fault.RecoveryNotProved)
}

// recoverableAccount is the account that holds the identity, and whether this way may recover it: active, proved as this very person, by
// evidence in force that is no better than the way gives, and one that somebody signed in to before. A child that its guardian added has
// no login to come back to.
func (s *Service) recoverableAccount(ctx context.Context, v Recovering) (id string, standing bool, err error) {
	who := v.Query.identity()
	id, err = s.cfg.Accounts.ByDocument(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fault.Wrap(err, fault.Unavailable)
	}
	account, err := s.cfg.Accounts.Account(ctx, id)
	if err != nil {
		return "", false, fault.Wrap(err, fault.Unavailable)
	}
	person, err := s.cfg.Accounts.Open(ctx, account)
	if err != nil {
		return "", false, err
	}
	held := identityOf(person)
	table := s.cfg.Accounts.Documents()
	switch {
	case account.State != idp.AccountActive:
	case person.IAL < leastRecovered || person.IAL > v.Level:
	case held.Type != who.Type || table.LookupKey(held.Type, held.Number, held.Nationality) != table.LookupKey(who.Type, who.Number, who.Nationality):
	case !subject.SameName(held.Name, who.Name):
	case account.PasswordHash == "" && len(account.Contacts) == 0:
	default:
		return id, true, nil
	}
	return id, false, nil
}

// noteRecovery writes an audit line at the account that the identity belongs to, if there is one.
func (s *Service) noteRecovery(ctx context.Context, v Recovering, kind string, result audit.Result, details map[string]string) error {
	id, err := s.cfg.Accounts.ByDocument(ctx, v.Query.identity())
	if errors.Is(err, idp.ErrNotFound) {
		id, err = "unknown", nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	details["method"], details["case"] = v.Method, v.Query.RequestID
	e := idp.Event(ctx, s.cfg.Now(), kind, "account", id, details)
	e.Result = result
	if err := s.cfg.Store.Note(ctx, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
