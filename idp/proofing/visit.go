package proofing

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Begin opens a visit to the page of another service and returns its address; back makes the address to return to. A service that
// does not answer keeps nobody waiting, since nothing was submitted yet: fault.ProofingAway, and the person takes another way.
func (s *Service) Begin(ctx context.Context, accountID string, in Submission, back func(caseID string) string) (address string, err error) {
	level, q, err := s.check(ctx, accountID, in)
	if err != nil {
		return "", err
	}
	return s.begin(ctx, accountID, level, q, in, back)
}

func (s *Service) begin(ctx context.Context, accountID string, level Level, q Query, in Submission, back func(caseID string) string) (address string, err error) {
	m, ok := s.method(level.Method)
	if !ok || m.Remote == nil {
		return "", fault.New(fault.NotFound)
	}
	c, err := s.open(ctx, accountID, level, &q)
	if err != nil {
		return "", err
	}
	started, err := m.Remote.Begin(ctx, q, back(c.ID))
	if err != nil {
		return "", fault.Wrap(err, fault.ProofingAway)
	}
	q.Handle, c.State = started.Handle, Collecting
	if err := s.put(ctx, c, q, in); err != nil {
		return "", err
	}
	return started.URL, nil
}

// Return asks for the result of a visit when the person came back; what the person's browser says of it counts nothing.
// fault.ProofingPending when there is none yet.
func (s *Service) Return(ctx context.Context, accountID, caseID string) (subject.IAL, error) {
	c, err := s.cfg.Store.Case(ctx, caseID)
	if errors.Is(err, idp.ErrNotFound) || err == nil && c.AccountID != accountID {
		return 0, fault.New(fault.NotFound)
	}
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	switch c.State {
	case Granted:
		return c.Wanted, nil
	case Collecting, Waiting:
	default:
		return 0, fault.New(fault.ProofingElsewhere)
	}
	q, err := s.unseal(ctx, c)
	if err != nil {
		return 0, err
	}
	level, ok := s.row(c.Method)
	if !ok || level.IAL != c.Wanted {
		return 0, fault.New(fault.ProofingAway)
	}
	return s.ask(ctx, c, q, level)
}

// late reports whether a visit took longer than it may.
func (s *Service) late(c Case) bool {
	limit := visitAtMost
	if c.Method == Face {
		limit = faceAtMost
	}
	return s.cfg.Now().Sub(c.CreatedAt) > limit
}

// visiting leaves a case without a result open for as long as a visit may last.
func (s *Service) visiting(ctx context.Context, c Case) error {
	if !s.late(c) {
		return fault.New(fault.ProofingPending)
	}
	if err := s.cfg.Store.SetCaseState(ctx, c.ID, c.State, Rejected, audit.With(s.event(ctx, c, "proofing.not_finished"))); err != nil {
		return fmt.Errorf("close case: %w", err)
	}
	return fault.New(fault.ProofingElsewhere)
}
