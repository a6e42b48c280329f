package idp

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Rekey gives an account another identity.
type Rekey struct {
	AccountID string
	Version   int64  // of the account that the change was judged by
	Old, New  []byte // lookups; equal when only the name is another
	Proof     *Proof // confirms the new identity; nil ends every level
	Beside    bool   // the level in force stands on another document, and nothing but the levels of this one ends
	Office    *OfficeAnswer
	Reason    string
	At        time.Time
}

// judged is what the sources said of the identity that a Rekey gives.
type judged struct {
	proof   *Proof
	office  *OfficeAnswer // of an organisation
	beside  bool
	details map[string]string // for the audit record
}

// rekeyNewest is rekey of the identity that an account proved last, by a proposal. One that was made about another identity is dead, so
// that of two proposals the second cannot undo the first.
func (s *Corrections) rekeyNewest(ctx context.Context, p foureyes.Proposal, who Identity, cause Cause) error {
	a, err := s.cfg.Accounts.Account(ctx, p.ObjectID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	before, err := s.identityOf(ctx, a)
	if err != nil {
		return err
	}
	if version, err := s.versionOf(ctx, before); err != nil {
		return err
	} else if p.Version != "" && p.Version != version { // proposals of earlier releases name none
		return fault.New(fault.ProposalChanged)
	}
	return s.rekey(ctx, a, before, who, Correction{p}.What(), cause, strings.Join(p.Actors(), " "))
}

// identityVersion is the version of the identity that an account proved last.
func (s *Corrections) identityVersion(ctx context.Context, accountID string) (string, error) {
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	who, err := s.identityOf(ctx, a)
	if err != nil {
		return "", err
	}
	return s.versionOf(ctx, who)
}

// versionOf is another one whenever number or name is. It stands on a keyed hash, so that it tells neither.
func (s *Corrections) versionOf(ctx context.Context, who Identity) (string, error) {
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	return hex.EncodeToString(digest.SumParts(lookup, []byte(who.Name)))[:16], err
}

// rekey gives an account another identity in place of one that it has. The level in force is kept only if it stands on that one
// and the source confirms the new one.
func (s *Corrections) rekey(ctx context.Context, a Account, before, who Identity, reason string, cause Cause, people string) error {
	now := s.cfg.Now().UTC()
	change := Rekey{AccountID: a.ID, Version: a.Version, Reason: reason, At: now}
	var err error
	if change.Old, err = s.cfg.Accounts.IdentityLookup(ctx, before); err != nil {
		return err
	}
	if change.New, err = s.cfg.Accounts.IdentityLookup(ctx, who); err != nil {
		return err
	}
	judge := s.judgePerson
	if who.Type == IDTypeUSCC {
		judge = s.judgeOrganization
	}
	j, err := judge(ctx, a, who, change.Old, now)
	if err != nil {
		return err
	}
	change.Proof, change.Office, change.Beside = j.proof, j.office, j.beside
	j.details["reason"] = reason
	if people != "" {
		j.details["people"] = people
	}
	messages, err := s.rekeyed(ctx, a.ID, who, now)
	if err != nil {
		return err
	}
	err = s.cfg.Store.Rekey(ctx, change, cause, audit.With(event(ctx, now, "identity.changed", "account", a.ID, j.details)).And(messages...))
	if errors.Is(err, ErrBound) {
		return fault.Wrap(err, fault.IdentityBound)
	}
	if err == nil {
		s.cfg.Wake()
	}
	return err
}

// rekeyed are the messages to everybody who has to know.
func (s *Corrections) rekeyed(ctx context.Context, accountID string, who Identity, at time.Time) ([]audit.Message, error) {
	if who.Type == IDTypeUSCC {
		return s.officeTold(ctx, accountID, at)
	}
	message, err := NewAccountMessage(TopicRekeyed, accountID, at)
	return []audit.Message{message}, err
}

// judgePerson asks the source about a person's new identity, where a level stands on the old one.
func (s *Corrections) judgePerson(ctx context.Context, a Account, who Identity, old []byte, now time.Time) (judged, error) {
	j := judged{details: map[string]string{"level": "ended"}}
	held := a.InForce(now)
	if held == nil {
		return j, nil
	}
	has, err := s.cfg.Accounts.openIdentity(ctx, a, *held)
	if err != nil {
		return j, err
	}
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, has)
	if err != nil {
		return j, err
	}
	if j.beside = !bytes.Equal(lookup, old); j.beside {
		j.details["level"] = "of another document"
		return j, nil
	}
	mobile := ""
	if held.IAL >= 2 {
		person, err := s.cfg.Accounts.Open(ctx, a)
		if err != nil {
			return j, err
		}
		mobile = person.Mobile
	}
	confirmed, err := s.cfg.Confirm.Confirm(ctx, who, mobile)
	switch code := fault.CodeOf(err); {
	case code == fault.ProofingKind: // nobody can confirm it online
		return j, nil
	case err != nil:
		return j, err
	case !confirmed.Match:
		return j, nil
	}
	p := Proof{IAL: held.IAL, Method: held.Method, Source: confirmed.Source, At: now, Until: held.Until, Evidence: confirmed.Evidence}
	if p, err = s.cfg.Accounts.PrepareProof(ctx, a, p, who); err != nil {
		return j, err
	}
	j.proof = &p
	j.details["level"], j.details["evidence"], j.details["source"] = "kept", p.Evidence, p.Source
	return j, nil
}
