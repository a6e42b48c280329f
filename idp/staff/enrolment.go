package staff

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Refusal is how somebody is refused who does not decide in an area: to whoever administers nothing there, what is in it is not there
// (I-01).
func Refusal(ctx context.Context, path string) error {
	actor := reqctx.From(ctx).Actor
	if slices.ContainsFunc(idp.AdminRoles, func(role string) bool { return actor.HasIn(role, path) }) {
		return fault.New(fault.Forbidden)
	}
	return fault.New(fault.NotFound)
}

// reachable finds an account that the actor administers.
func (s *Members) reachable(ctx context.Context, id string) (Member, error) {
	m, err := s.Member(ctx, id)
	if err != nil {
		return m, err
	}
	if !reqctx.From(ctx).Actor.HasIn(idp.RoleSecurityAdmin, m.Path) {
		return Member{}, Refusal(ctx, m.Path)
	}
	return m, nil
}

// IssueCode gives out the code with which a new account is enrolled, once; a code before it is dead. Whoever made the account, or
// opened it for a new enrolment, gives out no code for it, under no other account either: two people stand behind each way in.
func (s *Members) IssueCode(ctx context.Context, id string) (code string, until time.Time, err error) {
	m, err := s.reachable(ctx, id)
	if err != nil {
		return "", until, err
	}
	own, err := s.sameHuman(ctx, reqctx.From(ctx).Actor.ID, m.MadeBy)
	if err != nil {
		return "", until, err
	}
	about, err := s.sameHuman(ctx, reqctx.From(ctx).Actor.ID, m.Actor())
	if err != nil {
		return "", until, err
	}
	if own || about {
		return "", until, fault.New(fault.ProposalSelf)
	}
	return s.issue(ctx, m)
}

// FileCode is IssueCode for the operator's file.
func (s *Members) FileCode(ctx context.Context, m Member) (code string, until time.Time, err error) {
	return s.issue(ctx, m)
}

func (s *Members) issue(ctx context.Context, m Member) (code string, until time.Time, err error) {
	if m.State != MemberNew {
		return "", until, fault.New(fault.StaffNotNew)
	}
	if len(m.Human) == 0 {
		return "", until, fault.New(fault.StaffUnbound)
	}
	digits := ident.Digits(s.cfg.Rand, enrolCode)
	if m.EnrolHash, err = s.codeHash(ctx, m.ID, digits); err != nil {
		return "", until, err
	}
	m.UpdatedAt = s.cfg.Now().UTC()
	m.EnrolUntil, m.EnrolTries = m.UpdatedAt.Add(EnrolLife), 0
	if err := s.told(s.cfg.Store.SaveMember(ctx, m, audit.With(s.event(ctx, "staff.code_issued", m)))); err != nil {
		return "", until, err
	}
	return digits[:4] + "-" + digits[4:8] + "-" + digits[8:], m.EnrolUntil, nil
}

func (s *Members) codeHash(ctx context.Context, id, digits string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("staff-enrol"), []byte(id), []byte(digits))
}

// CheckCode finds the account that a code enrols, without using it up; fault.EnrolCode for every other, after a counted try.
func (s *Members) CheckCode(ctx context.Context, login, code string) (Member, error) {
	canonical, _ := CanonicalLogin(login)
	m, err := s.cfg.Store.MemberByLogin(ctx, canonical)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return m, fault.Wrap(err, fault.Unavailable)
	}
	given, hashing := s.codeHash(ctx, m.ID, code)
	if hashing != nil {
		return m, hashing
	}
	if err == nil {
		tried, err := s.cfg.Store.TryEnrolment(ctx, m.ID, s.cfg.Now())
		if err != nil {
			return m, fault.Wrap(err, fault.Unavailable)
		}
		if tried && len(m.EnrolHash) > 0 && subtle.ConstantTimeCompare(given, m.EnrolHash) == 1 {
			return m, nil
		}
	}
	return Member{}, fault.New(fault.EnrolCode)
}

// FinishEnrolment makes the account active. code is the hash that CheckCode found.
func (s *Members) FinishEnrolment(ctx context.Context, m Member, passwordHash string) error {
	now := s.cfg.Now().UTC()
	e := s.event(ctx, "staff.enrolled", m)
	e.Actor = m.Actor()
	err := s.cfg.Store.FinishEnrolment(ctx, m.ID, m.EnrolHash, passwordHash, now, audit.With(e))
	if errors.Is(err, ErrConflict) {
		return fault.Wrap(err, fault.EnrolCode)
	}
	return err
}

// Reset opens an account for a new enrolment: its password, second factors and sessions end at once. Another administrator gives out
// the code.
func (s *Members) Reset(ctx context.Context, id string) (Member, error) {
	return s.change(ctx, id, "staff.reset", func(m *Member) bool {
		fits := m.State != MemberClosed
		m.State, m.PasswordHash, m.MadeBy, m.EnrolHash = MemberNew, "", reqctx.From(ctx).Actor.ID, nil
		return fits
	})
}
