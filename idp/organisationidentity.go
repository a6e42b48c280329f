package idp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// MethodCorrection is the method of evidence that carries the corrected identity of an organisation while its register does not
// confirm it: of level 0, so that the organisation is asked about again under the new code and nothing else stands on it.
const MethodCorrection = "correction"

// sourceAdministration tells such evidence from that of a document which people added (AskDocument): the source of that is their proposal.
const sourceAdministration = "administration"

// OfficeAnswer is what the register of organisations says of a corrected identity.
type OfficeAnswer struct {
	Known  bool        // code and name belong together, and the organisation is registered
	Level  subject.IAL // that the register gives it; 0 where it is not known, or the legal representative is another
	Method string
	Confirmation
}

// Offices is what correcting an organisation asks of the room that keeps organisations.
type Offices interface {
	// RepresentativeOf is the account of whoever represents an organisation that is registered; fault.NotFound, fault.OrganisationEnded.
	RepresentativeOf(ctx context.Context, id string) (string, error)
	// AskOffice asks the register about an organisation under another code or name; fault.RegisterSilent, and fault.OrganisationEnded
	// where the register has it as one that is no more.
	AskOffice(ctx context.Context, id string, who Identity) (OfficeAnswer, error)
	// ActFor are the accounts that act for an organisation now, its representative too.
	ActFor(ctx context.Context, id string) ([]string, error)
}

// OrganizationNotice is the payload of TopicOrganizationRekeyed: to one account that acts for the organisation.
type OrganizationNotice struct {
	Account      string    `json:"account"`
	Organization string    `json:"organization"`
	At           time.Time `json:"at"`
}

// nextOrganization is next for an organisation, which has no nationality and whose code does not end (GB 32100).
func nextOrganization(who Identity, change Change) (Identity, error) {
	if change.Name != "" {
		if who.Name = subject.ParseOrganisationName(change.Name); who.Name == "" {
			return who, fault.New(fault.Invalid).WithField("name", fault.ProofingName)
		}
	}
	if change.Number != "" {
		code, err := subject.ParseUSCC(change.Number)
		if err != nil {
			return who, fault.Wrap(err, fault.Invalid).WithField("number", fault.OrganisationCode)
		}
		who.Number = string(code)
	}
	return who, nil
}

// subjectOf is the account of the human whom a correction is about: of an organisation, whoever represents it.
func (s *Corrections) subjectOf(ctx context.Context, accountID string, who Identity) (string, error) {
	if who.Type != IDTypeUSCC {
		return accountID, nil
	}
	if s.cfg.Offices == nil {
		return "", fault.New(fault.NotFound)
	}
	return s.cfg.Offices.RepresentativeOf(ctx, accountID)
}

// judgeOrganization asks the register about an organisation's new code or name, whatever its level: it stands in doubt or not by the
// answer. Levels that stood on a transfer or a certificate end, since both named the old code or name.
func (s *Corrections) judgeOrganization(ctx context.Context, a Account, who Identity, _ []byte, now time.Time) (judged, error) {
	answer, err := s.cfg.Offices.AskOffice(ctx, a.ID, who)
	if err != nil {
		return judged{}, err
	}
	p := Proof{Method: MethodCorrection, Source: sourceAdministration, At: now, Evidence: answer.Evidence}
	j := judged{office: &answer, details: map[string]string{"level": "ended", "evidence": answer.Evidence, "source": answer.Source}}
	if answer.Known && answer.Level > 0 {
		p.IAL, p.Method, p.Source = answer.Level, answer.Method, answer.Source
		j.details["level"] = "of the register"
	}
	p, err = s.cfg.Accounts.PrepareProof(ctx, a, p, who)
	j.proof = &p
	return j, err
}

// officeTold are messages to all who act for an organisation: it has no address of its own.
func (s *Corrections) officeTold(ctx context.Context, id string, at time.Time) ([]audit.Message, error) {
	accounts, err := s.cfg.Offices.ActFor(ctx, id)
	if err != nil {
		return nil, err
	}
	all := make([]audit.Message, 0, len(accounts))
	for _, account := range accounts {
		payload, err := json.Marshal(OrganizationNotice{account, id, at})
		if err != nil {
			return nil, err
		}
		all = append(all, audit.Message{Topic: TopicOrganizationRekeyed, Key: id, Payload: payload})
	}
	return all, nil
}
