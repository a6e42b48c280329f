package idp

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// A person may hold several documents, and each finds the same account. What two documents tell makes no two persons one by
// itself: evidence that looked at the person stands behind both, or two people decide.

const (
	// BesideLevel is what evidence of either document must reach before they are taken for one person's without people: a face,
	// reviewers, or a counter looked at the person. Name and number, also with a telephone, are known to others.
	BesideLevel subject.IAL = 3
	// MaxDocuments of one account, retired ones too.
	MaxDocuments = 8
	// documentTries in a day: wishes of an account to add a document.
	documentTries = 5
	scopeDocument = "document-added"
)

// DocumentAdded is the correction that adds a document which the account's person holds too.
const DocumentAdded = "document_added"

// HeldDocument is a document of an account, opened for that person.
type HeldDocument struct {
	Ref     string // by which the person's own pages name it: its keyed hash
	Who     Identity
	AddedAt time.Time // zero: not known, for the first one
	Retired time.Time // zero: it is in use
	Level   subject.IAL
	At      time.Time // of the newest evidence about it
	Told    bool      // tokens tell this one: the evidence in force is about it
}

// StoredDocument is one as it is stored, with its newest evidence.
type StoredDocument struct {
	Lookup  []byte
	Leads   bool // it was proved last
	AddedAt time.Time
	Retired time.Time
	Proof   Proof // none when nothing was kept
}

// DocumentChange adds a document to an account, or retires one.
type DocumentChange struct {
	AccountID string
	Lookup    []byte
	Proof     *Proof // about a document that is added; it gives no level of its own
	At        time.Time
}

// DocumentStore keeps the documents of accounts; idpdb implements it. Each change is one transaction.
type DocumentStore interface {
	// Documents are those of an account, the one that leads first, with all evidence about each.
	Documents(ctx context.Context, accountID string) ([]StoredDocument, []Proof, error)
	// RetireDocument ends the levels that stand on a document; another one leads then. ErrConflict when it is the last in use, or
	// not the account's.
	RetireDocument(ctx context.Context, c DocumentChange, record audit.Record) error
	// AddDocument puts a document beside those of an account. One that another account holds becomes a finding that lets the two
	// be merged. ErrBound when it was somebody else's before a correction, ErrConflict when the account has it or is full.
	AddDocument(ctx context.Context, c DocumentChange, cause Cause, record audit.Record) error
	// OnePerson reports whether two people found that two accounts are one person's.
	OnePerson(ctx context.Context, a, b string) (bool, error)
	Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error)
}

// factsOf are what an identity tells.
func factsOf(who Identity) subject.Facts {
	return subject.Facts{Kind: who.Type, Number: who.Number, Nationality: who.Nationality, Name: who.Name, Birth: who.Birth}
}

// beside reports whether evidence may put a document beside the one that an account holds in force: both by a level that looked
// at the person, not weaker than what is there, and nothing that they tell differs.
func (s *Accounts) beside(ctx context.Context, a Account, p Proof, who Identity) bool {
	held := a.InForce(s.now())
	if held == nil || held.IAL < BesideLevel || p.IAL < held.IAL {
		return false
	}
	has, err := s.openIdentity(ctx, a, *held)
	return err == nil && s.documents().OnePerson(factsOf(has), factsOf(who))
}

// openIdentity opens what evidence proved.
func (s *Accounts) openIdentity(ctx context.Context, a Account, p Proof) (who Identity, err error) {
	plaintext, err := s.openFor(ctx, a, p.KeyID, p.Sealed, identityPlace(a.ID))
	if err != nil {
		return who, fmt.Errorf("open identity: %w", err)
	}
	return who, json.Unmarshal(plaintext, &who)
}

// DocumentsOf are the documents of an account, those in use first.
func (s *Corrections) DocumentsOf(ctx context.Context, accountID string) ([]HeldDocument, error) {
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	stored, proofs, err := s.cfg.Store.Documents(ctx, accountID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now()
	inForce := a.InForce(now)
	var all []HeldDocument
	for _, d := range stored {
		if d.Proof.ID == "" {
			continue // nothing is kept of which it could be shown
		}
		one := HeldDocument{Ref: hex.EncodeToString(d.Lookup), AddedAt: d.AddedAt, Retired: d.Retired, At: d.Proof.At}
		if one.Who, err = s.cfg.Accounts.openIdentity(ctx, a, d.Proof); err != nil {
			return nil, err
		}
		if one.Who.Type == NetworkID {
			continue // no document
		}
		for _, p := range proofs {
			if !bytes.Equal(p.Lookup, d.Lookup) {
				continue
			}
			if p.Until.IsZero() || now.Before(p.Until) {
				one.Level = max(one.Level, p.IAL)
			}
			one.Told = one.Told || inForce != nil && p.ID == inForce.ID
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(x, y HeldDocument) int { return x.Retired.Compare(y.Retired) })
	return all, nil
}

// RetireDocument takes a document of an account out of use: levels that stand on it end, tokens tell another one, and its number
// goes on leading to this account. fault.DocumentLast when no other is in use.
func (s *Corrections) RetireDocument(ctx context.Context, accountID, ref string) error {
	lookup, err := hex.DecodeString(ref)
	if err != nil || len(lookup) == 0 {
		return fault.New(fault.NotFound)
	}
	stored, _, err := s.cfg.Store.Documents(ctx, accountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	i := slices.IndexFunc(stored, func(d StoredDocument) bool { return bytes.Equal(d.Lookup, lookup) && d.Retired.IsZero() })
	if i < 0 {
		return fault.New(fault.NotFound)
	}
	now := s.cfg.Now().UTC()
	message, err := NewAccountMessage(TopicDocuments, accountID, now)
	if err != nil {
		return err
	}
	err = s.cfg.Store.RetireDocument(ctx, DocumentChange{AccountID: accountID, Lookup: lookup, At: now},
		audit.With(event(ctx, now, "identity.document_retired", "account", accountID, nil)).And(message))
	if errors.Is(err, ErrConflict) {
		return fault.Wrap(err, fault.DocumentLast)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return nil
}

// NewDocument is what somebody says of a further document of the own.
type NewDocument struct {
	Kind, Name, Number, Nationality, Birth, Expires string
}

// AskDocument is the wish of a person to hold a further document under the own account. The source of its kind compares it at
// once, where there is one; then two people decide, who see both documents. Whether another account holds it is not told.
// fault.ProofingMismatch, fault.ProofingSilent, fault.CorrectionUnproven without an identity in force.
func (s *Corrections) AskDocument(ctx context.Context, accountID string, in NewDocument) error {
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now().UTC()
	if held := a.InForce(now); held == nil {
		return fault.New(fault.CorrectionUnproven)
	}
	who, err := s.readDocument(in)
	if err != nil {
		return err
	}
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return err
	}
	stored, _, err := s.cfg.Store.Documents(ctx, accountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if slices.ContainsFunc(stored, func(d StoredDocument) bool { return bytes.Equal(d.Lookup, lookup) }) {
		return fault.New(fault.DocumentHeld)
	}
	if len(stored) == 0 || len(stored) >= MaxDocuments {
		return fault.New(fault.DocumentMany)
	}
	for _, key := range [][]byte{[]byte(accountID), lookup} {
		tries, err := s.cfg.Store.Count(ctx, scopeDocument, key, 24*time.Hour, now)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if tries > documentTries {
			return fault.New(fault.ProofingTooOften)
		}
	}
	confirmed, err := s.cfg.Confirm.Confirm(ctx, who, "")
	switch {
	case fault.CodeOf(err) == fault.ProofingKind: // nobody answers for it here; the people who decide look at the document
	case err != nil:
		return err
	case !confirmed.Match:
		return fault.New(fault.ProofingMismatch)
	}
	_, err = s.put(ctx, DocumentAdded, accountID, "person", who, Cause{})
	return err
}

// readDocument brings what was typed into canonical form; faults name the fields of the form.
func (s *Corrections) readDocument(in NewDocument) (who Identity, err error) {
	refused := fault.New(fault.Invalid)
	kind, ok := s.cfg.Accounts.Documents().Find(in.Kind)
	if !ok {
		return who, refused.WithField("document", fault.ProofingKind)
	}
	who = Identity{Type: kind.Kind}
	if who.Name, err = subject.ParsePersonName(in.Name); err != nil {
		refused.WithField("proofing-name", fault.ProofingName)
	}
	document, err := kind.Parse(in.Number, in.Nationality)
	switch {
	case errors.Is(err, subject.ErrNationality):
		refused.WithField("proofing-nationality", fault.ProofingNationality)
	case err != nil:
		refused.WithField("proofing-number", fault.ProofingNumber)
	}
	who.Number = document.Number
	if kind.Nationality == subject.NationalityAsked {
		who.Nationality = document.Nationality
	}
	today := s.cfg.Now().In(legalTime).Format(time.DateOnly)
	switch day, err := subject.ParseDay(in.Birth); {
	case !document.Birth.IsZero():
		if kind.Kind != subject.CitizenID {
			who.Birth = document.Birth.Format(time.DateOnly)
		}
	case !kind.AsksBirth:
	case err != nil || day.Year() < 1850 || day.Format(time.DateOnly) > today:
		refused.WithField("proofing-birth", fault.ProofingBirth)
	default:
		who.Birth = day.Format(time.DateOnly)
	}
	if kind.Expires {
		switch day, err := subject.ParseDay(in.Expires); {
		case err != nil:
			refused.WithField("proofing-expires", fault.ProofingExpiry)
		case day.Format(time.DateOnly) < today:
			refused.WithField("proofing-expires", fault.ProofingExpired)
		default:
			who.Expires = day.Format(time.DateOnly)
		}
	}
	if len(refused.Fields) > 0 {
		return who, refused
	}
	return who, nil
}

// addDocument carries out what two people decided.
func (s *Corrections) addDocument(ctx context.Context, p foureyes.Proposal, who Identity, cause Cause) error {
	a, err := s.cfg.Accounts.Account(ctx, p.ObjectID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now().UTC()
	// The evidence is what they decided; it gives no level, so that a document counts for nothing until it is proved.
	proof := Proof{Method: MethodCorrection, Source: p.ID, At: now, Until: now, Evidence: p.Digest}
	if proof, err = s.cfg.Accounts.PrepareProof(ctx, a, proof, who); err != nil {
		return err
	}
	message, err := NewAccountMessage(TopicDocuments, p.ObjectID, now)
	if err != nil {
		return err
	}
	details := map[string]string{"reason": DocumentAdded, "people": strings.Join(p.Actors(), " ")}
	err = s.cfg.Store.AddDocument(ctx, DocumentChange{AccountID: p.ObjectID, Lookup: proof.Lookup, Proof: &proof, At: now}, cause,
		audit.With(event(ctx, now, "identity.document_added", "account", p.ObjectID, details)).And(message))
	if errors.Is(err, ErrBound) {
		return fault.Wrap(err, fault.IdentityBound)
	}
	if err == nil {
		s.cfg.Wake()
	}
	return err
}
