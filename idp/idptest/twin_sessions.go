package idptest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// PutCase implements proofing.Store.
func (t *Twin) PutCase(_ context.Context, c proofing.Case, shared *proofing.Sharing, record audit.Record) error {
	return t.change(record, func() error {
		if _, there := t.cases[c.ID]; there {
			return errors.New("idptest: a case of this id is there")
		}
		if _, there := t.accounts[c.AccountID]; !there {
			return errors.New("idptest: the case belongs to no account")
		}
		t.cases[c.ID], t.caseOrder = c, append(t.caseOrder, c.ID)
		return t.countSharing(shared)
	})
}

// CountSharing implements proofing.Store.
func (t *Twin) CountSharing(_ context.Context, shared *proofing.Sharing) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.countSharing(shared)
}

func (t *Twin) countSharing(shared *proofing.Sharing) error {
	told, err := shared.Count(t.count)
	if err == nil && len(told.Events) > 0 {
		t.records = append(t.records, told)
	}
	return err
}

// Case implements proofing.Store.
func (t *Twin) Case(_ context.Context, id string) (proofing.Case, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, ok := t.cases[id]
	if !ok {
		return proofing.Case{ID: id}, idp.ErrNotFound
	}
	return c, nil
}

// OpenCase implements proofing.Store.
func (t *Twin) OpenCase(_ context.Context, accountID, method string) (proofing.Case, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, id := range slices.Backward(t.caseOrder) {
		if c := t.cases[id]; c.AccountID == accountID && c.Method == method && slices.Contains(proofing.Open, c.State) {
			return c, nil
		}
	}
	return proofing.Case{}, idp.ErrNotFound
}

// CasesOpen implements proofing.Store.
func (t *Twin) CasesOpen(_ context.Context, accountID string, limit int) (all []proofing.Case, _ error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, id := range slices.Backward(t.caseOrder) {
		if c := t.cases[id]; c.AccountID == accountID && slices.Contains(proofing.Open, c.State) && len(all) < limit {
			all = append(all, c)
		}
	}
	return all, nil
}

// SetCaseState implements proofing.Store.
func (t *Twin) SetCaseState(_ context.Context, id string, from, to proofing.State, record audit.Record) error {
	return t.change(record, func() error {
		c, ok := t.cases[id]
		if !ok || c.State != from {
			return idp.ErrNotFound
		}
		if c.State = to; to == proofing.Granted || to == proofing.Rejected || to == proofing.Withdrawn {
			c.Sealed = []byte{}
		}
		t.cases[id] = c
		return nil
	})
}

// PutSession implements session.Store.
func (t *Twin) PutSession(_ context.Context, hash []byte, s session.Session, record audit.Record) error {
	return t.change(record, func() error {
		for _, have := range t.sessions {
			if have.ID == s.ID || bytes.Equal(have.hash, hash) {
				return errors.New("idptest: a session of this id or secret is there")
			}
		}
		t.sessions = append(t.sessions, &storedSession{Session: s, hash: bytes.Clone(hash)})
		return nil
	})
}

// RenewSession implements session.Store.
func (t *Twin) RenewSession(_ context.Context, hash []byte, s session.Session, record audit.Record) error {
	return t.change(record, func() error {
		for _, have := range t.sessions {
			if have.ID == s.ID && have.AccountID == s.AccountID && !have.ended {
				have.Session, have.hash = s, bytes.Clone(hash)
				return nil
			}
		}
		return idp.ErrNotFound
	})
}

// Session implements session.Store.
func (t *Twin) Session(_ context.Context, hash []byte) (session.Session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.sessions {
		if bytes.Equal(s.hash, hash) && !s.ended {
			return t.withVersion(s.Session), nil
		}
	}
	return session.Session{}, idp.ErrNotFound
}

// SessionByID implements session.Store.
func (t *Twin) SessionByID(_ context.Context, sid string) (session.Session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.sessions {
		if s.ID == sid && !s.ended {
			return t.withVersion(s.Session), nil
		}
	}
	return session.Session{}, idp.ErrNotFound
}

// withVersion adds the version of the account as it stands now.
func (t *Twin) withVersion(s session.Session) session.Session {
	s.AccountVersion = t.accounts[s.AccountID].Version
	return s
}

// TouchSession implements session.Store.
func (t *Twin) TouchSession(_ context.Context, id string, at time.Time) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.sessions {
		if s.ID == id && s.LastSeen.Before(at) {
			s.LastSeen = at
		}
	}
	return nil
}

// AddParty implements session.Store.
func (t *Twin) AddParty(_ context.Context, p session.Party) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for i, have := range t.parties {
		if have.SID == p.SID && have.ClientID == p.ClientID {
			t.parties[i].At = p.At
			return nil
		}
	}
	t.parties = append(t.parties, p)
	return nil
}

// Parties implements session.Store.
func (t *Twin) Parties(_ context.Context, sid string) ([]session.Party, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []session.Party
	for _, p := range t.parties {
		if p.SID == sid {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b session.Party) int { return a.At.Compare(b.At) })
	return all, nil
}

// LeaveParty implements session.Store; the twin keeps no grants.
func (t *Twin) LeaveParty(_ context.Context, sid, clientID string, _ time.Time, record audit.Record) error {
	return t.change(record, func() error {
		t.parties = slices.DeleteFunc(t.parties, func(p session.Party) bool { return p.SID == sid && p.ClientID == clientID })
		return nil
	})
}

// EndSession implements session.Store; the twin keeps no grants.
func (t *Twin) EndSession(_ context.Context, sid string, at time.Time, record audit.Record) error {
	return t.change(record, func() error {
		for _, s := range t.sessions {
			if s.ID == sid && !s.ended {
				s.ended, s.at = true, at
				return nil
			}
		}
		return idp.ErrNotFound
	})
}

// SessionsOf implements session.Store.
func (t *Twin) SessionsOf(_ context.Context, accountID string, since time.Time) ([]session.Session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []session.Session
	for _, s := range t.sessions {
		if s.AccountID == accountID && !s.ended && s.LastSeen.After(since) {
			all = append(all, t.withVersion(s.Session))
		}
	}
	slices.SortStableFunc(all, func(a, b session.Session) int { return b.LastSeen.Compare(a.LastSeen) })
	return all[:min(len(all), 50)], nil
}

// AnySession implements session.AdminStore.
func (t *Twin) AnySession(_ context.Context, sid string) (session.Session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.sessions {
		if s.ID == sid {
			return t.withVersion(s.shown()), nil
		}
	}
	return session.Session{}, idp.ErrNotFound
}

// SessionPage implements session.AdminStore.
func (t *Twin) SessionPage(_ context.Context, accountID string, behind session.Mark, limit int) ([]session.Session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	order := func(a, b session.Session) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
	}
	var all []session.Session
	for _, s := range t.sessions {
		if s.AccountID == accountID && (behind == session.Mark{} || order(session.Session{LastSeen: behind.LastSeen, ID: behind.ID}, s.Session) < 0) {
			all = append(all, t.withVersion(s.shown()))
		}
	}
	slices.SortFunc(all, order)
	return all[:min(len(all), limit)], nil
}

// shown is a session with its end.
func (s *storedSession) shown() session.Session {
	v := s.Session
	v.EndedAt = s.at
	return v
}

// PutInbox implements Store.
func (t *Twin) PutInbox(_ context.Context, id string, m authn.InboxMessage) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if _, there := t.inbox[id]; !there {
		t.inbox[id] = m
	}
	return nil
}

// Inbox implements Store.
func (t *Twin) Inbox(_ context.Context, to string, limit int) ([]authn.InboxMessage, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	type entry struct {
		id string
		authn.InboxMessage
	}
	var found []entry
	for id, m := range t.inbox {
		if to == "" || m.To == to {
			found = append(found, entry{id, m})
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.id, b.id)) })
	all := []authn.InboxMessage{}
	for _, e := range found[:min(len(found), limit)] {
		e.ID = e.id
		all = append(all, e.InboxMessage)
	}
	return all, nil
}
