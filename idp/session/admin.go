package session

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// States of a session as administrators see it. An expired one was never ended: its parties were not told.
const (
	StateActive  = "active"
	StateExpired = "expired"
	StateEnded   = "ended"
)

// Mark is a place in the list of an account's sessions: the last one of the page before. The zero value is the beginning.
type Mark struct {
	LastSeen time.Time
	ID       string
}

// AdminStore reads sessions for administrators, ended ones too for as long as they are kept.
type AdminStore interface {
	AnySession(ctx context.Context, sid string) (Session, error)
	// SessionPage lists the sessions of an account behind the mark, the last used first.
	SessionPage(ctx context.Context, accountID string, behind Mark, limit int) ([]Session, error)
}

// StateAt is the state of a session.
func (v Session) StateAt(now time.Time) string {
	switch {
	case !v.EndedAt.IsZero():
		return StateEnded
	case Citizens.live(v, now), Staff.live(v, now):
		return StateActive
	}
	return StateExpired
}

// Any finds a session by its sid, an ended one too.
func (s *Service) Any(ctx context.Context, sid string) (Session, error) {
	session, err := s.cfg.Store.AnySession(ctx, sid)
	if errors.Is(err, idp.ErrNotFound) {
		return session, fault.New(fault.NotFound)
	}
	if err != nil {
		return session, fault.Wrap(err, fault.Unavailable)
	}
	return session, nil
}

// Page lists sessions of an account, the last used first; next is empty on the last page.
func (s *Service) Page(ctx context.Context, accountID, after string, limit int) (page []Session, next string, err error) {
	var behind Mark
	if after != "" {
		if behind.LastSeen, behind.ID, err = idp.ReadPagePlace(after); err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
	}
	if page, err = s.cfg.Store.SessionPage(ctx, accountID, behind, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = idp.PagePlace(last.LastSeen, last.ID)
	}
	return page, next, nil
}

// endPage is how many sessions are read at once when all of an account end.
const endPage = 100

// EndAll ends every session of an account, each as End does, and tells how many there were.
func (s *Service) EndAll(ctx context.Context, accountID string) (ended int, err error) {
	err = s.unended(ctx, accountID, func(v Session) error {
		ended++
		_, err := s.End(ctx, v.ID, accountID)
		return err
	})
	return ended, err
}

// Farewell is what must be stored beside a change that ends every session of an account: an event for each, and the
// messages to its parties.
func (s *Service) Farewell(ctx context.Context, accountID string) (all audit.Record, err error) {
	now := s.cfg.Now().UTC()
	err = s.unended(ctx, accountID, func(v Session) error {
		record, _, err := s.farewell(ctx, v.ID, accountID, now)
		all.Events, all.Messages = append(all.Events, record.Events...), append(all.Messages, record.Messages...)
		return err
	})
	return all, err
}

// unended visits the sessions of an account that were not ended, those that expired among them: a party may keep its own
// session for longer than we keep ours.
func (s *Service) unended(ctx context.Context, accountID string, visit func(Session) error) error {
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.SessionPage(ctx, accountID, behind, endPage)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		for _, v := range page {
			behind = Mark{v.LastSeen, v.ID}
			if v.EndedAt.IsZero() {
				if err := visit(v); err != nil {
					return err
				}
			}
		}
		if len(page) < endPage {
			return nil
		}
	}
}

// Notices are the messages that the end of a session sends, or sent.
func (s *Service) Notices(ctx context.Context, v Session) ([]audit.Message, error) {
	record, _, err := s.farewell(ctx, v.ID, v.AccountID, s.cfg.Now())
	return record.Messages, err
}
