package proofing

import (
	"context"
	"errors"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Withdrawable are the states of cases that can be taken back. What was decided is carried out.
var Withdrawable = []State{Collecting, SourceCheck, Waiting, Manual1, Manual2}

// maxOpen bounds the cases that a page lists.
const maxOpen = 20

// OpenCases are the cases of a person that can be taken back, the newest first; of a guardian's own account those for a consent too.
func (s *Service) OpenCases(ctx context.Context, accountID string) ([]Case, error) {
	return s.withdrawable(ctx, accountID, "")
}

// WardOpenCases are those of a child to which a guardian agreed.
func (s *Service) WardOpenCases(ctx context.Context, w Ward) ([]Case, error) {
	return s.withdrawable(ctx, w.Child, w.Guardian)
}

func (s *Service) withdrawable(ctx context.Context, accountID, guardian string) ([]Case, error) {
	all, err := s.cfg.Store.CasesOpen(ctx, accountID, maxOpen)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return slices.DeleteFunc(all, func(c Case) bool { return !takenBackBy(c, accountID, guardian) }), nil
}

// takenBackBy reports whether a case is one that a person, or the guardian who agreed to it, may take back. A second look that a sample
// drew is nobody's.
func takenBackBy(c Case, accountID, guardian string) bool {
	return c.AccountID == accountID && c.Guardian == guardian && c.Method != Sample && slices.Contains(Withdrawable, c.State)
}

// Withdraw takes back one open case of a person: what was submitted is forgotten, no level is given, and an answer that comes later finds the
// case closed. Tries stay counted. fault.Conflict when it is decided.
func (s *Service) Withdraw(ctx context.Context, accountID, caseID string) error {
	return s.withdraw(ctx, accountID, "", caseID, func(c Case) bool { return c.Method != Sample })
}

// WardWithdraw is Withdraw by the guardian who agreed, in any session: it only takes something back. Nobody else learns that there is such a
// case.
func (s *Service) WardWithdraw(ctx context.Context, w Ward, caseID string) error {
	return s.withdraw(ctx, w.Child, w.Guardian, caseID, func(c Case) bool { return c.Method != Sample })
}

// WithdrawTransfer takes back the transfer of an organisation: account and amount are forgotten, and an amount that arrives afterwards proves
// nothing. Orders of the day stay counted. Whoever asks has shown to stand for it; the callers judge that.
func (s *Service) WithdrawTransfer(ctx context.Context, id, caseID string) error {
	return s.withdraw(ctx, id, "", caseID, isTransfer)
}

// TransferWithdrawn reports whether a case is a transfer of an organisation that was taken back.
func (s *Service) TransferWithdrawn(ctx context.Context, id, caseID string) (bool, error) {
	c, err := s.cfg.Store.Case(ctx, caseID)
	if errors.Is(err, idp.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(err, fault.Unavailable)
	}
	return c.AccountID == id && isTransfer(c) && c.State == Withdrawn, nil
}

func isTransfer(c Case) bool { return c.Method == OrganisationTransfer }

func (s *Service) withdraw(ctx context.Context, accountID, guardian, caseID string, fits func(Case) bool) error {
	c, err := s.cfg.Store.Case(ctx, caseID)
	if errors.Is(err, idp.ErrNotFound) || err == nil && (c.AccountID != accountID || c.Guardian != guardian || !fits(c)) {
		return fault.New(fault.NotFound)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if !takenBackBy(c, accountID, guardian) {
		return fault.New(fault.CaseDecided)
	}
	e := s.event(ctx, c, "proofing.withdrawn")
	if guardian != "" {
		e.Details["guardian"] = guardian
	}
	if isTransfer(c) { // the actor is a person, who stands for the organisation
		e.ActingFor = c.AccountID
	}
	err = s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Withdrawn, audit.With(e))
	if errors.Is(err, idp.ErrNotFound) { // it went on at this moment
		return fault.Wrap(err, fault.Conflict)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
