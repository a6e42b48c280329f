package mandate

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Service is what corrections of organisations ask.
var _ idp.Offices = (*Service)(nil)

// registerMethod is the way by which the register gives an organisation its level.
const registerMethod = "organisation_register"

// RepresentativeOf implements idp.Offices.
func (s *Service) RepresentativeOf(ctx context.Context, id string) (string, error) {
	o, err := s.Organisation(ctx, id)
	if err == nil && o.State != Registered {
		err = fault.New(fault.OrganisationEnded)
	}
	return o.Representative, err
}

// AskOffice implements idp.Offices.
func (s *Service) AskOffice(ctx context.Context, id string, who idp.Identity) (a idp.OfficeAnswer, err error) {
	account, err := s.RepresentativeOf(ctx, id)
	if err != nil {
		return a, err
	}
	representative, err := s.cfg.People.Person(ctx, account)
	if err != nil {
		return a, err
	}
	answer, err := s.question(ctx, who.Number, who.Name, representative)
	if err != nil {
		return a, err
	}
	a.Method, a.Source, a.Evidence = registerMethod, s.cfg.Register.Name(), answer.Digest
	if !answer.Known {
		return a, nil
	}
	if answer.State != Registered {
		return a, fault.New(fault.OrganisationEnded)
	}
	a.Known, a.Match = true, answer.Representative
	if answer.Representative {
		_, gives := s.cfg.Founding()
		a.Level = min(gives, representative.IAL)
	}
	return a, nil
}

// ActFor implements idp.Offices.
func (s *Service) ActFor(ctx context.Context, id string) (accounts []string, err error) {
	o, err := s.Organisation(ctx, id)
	if err != nil {
		return nil, err
	}
	agents, err := s.agentsOf(ctx, id, func(m Mandate) bool { return m.InForce(s.cfg.Now()) && m.Agent != o.Representative })
	return append([]string{o.Representative}, agents...), err
}

// regain gives an organisation that lost its level by a correction what the register gives.
func (s *Service) regain(ctx context.Context, organisation, representative idp.Person, answer OrganisationAnswer) error {
	_, gives := s.cfg.Founding()
	level := min(gives, representative.IAL)
	if level < minIAL {
		return nil
	}
	return s.cfg.Accounts.Prove(ctx, organisation.AccountID, idp.Proof{IAL: level, Method: registerMethod, Source: s.cfg.Register.Name(), At: s.cfg.Now().UTC(), Evidence: answer.Digest},
		organisation.Name, organisation.IDType, organisation.IDNumber)
}
