package mandate

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// cursor and readCursor carry a mark through an answer.
func cursor(m Mark) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(m.At.UnixMicro(), 10) + " " + m.ID))
}

func readCursor(text string) (Mark, error) {
	if text == "" {
		return Mark{}, nil
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Mark{}, fault.Wrap(err, fault.Malformed)
	}
	at, id, _ := strings.Cut(string(content), " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Mark{}, fault.Wrap(err, fault.Malformed)
	}
	return Mark{time.UnixMicro(micros).UTC(), id}, nil
}

// Page lists the mandates of one side, the newest first; next is empty on the last page.
func (s *Service) Page(ctx context.Context, account, side, after string, limit int) (page []Mandate, next string, err error) {
	behind, err := readCursor(after)
	if err != nil {
		return nil, "", err
	}
	list := s.cfg.Store.MandatesByPrincipal
	if side == SideAgent {
		list = s.cfg.Store.MandatesByAgent
	}
	if page, err = list(ctx, account, behind, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = cursor(Mark{page[limit-1].CreatedAt, page[limit-1].ID})
	}
	return page, next, nil
}

// Uses lists the sign-ins under a mandate for one of its sides.
func (s *Service) Uses(ctx context.Context, m Mandate, after string, limit int) (page []Use, next string, err error) {
	behind, err := readCursor(after)
	if err != nil {
		return nil, "", err
	}
	if page, err = s.cfg.Store.MandateUses(ctx, m.Principal, m.ID, behind, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = cursor(Mark{page[limit-1].At, page[limit-1].ID})
	}
	return page, next, nil
}

// Acting is the mandate under which a session goes on at a client; nil for the person itself. ok is false when nobody chose
// since a moment, or what was chosen has ended.
func (s *Service) Acting(ctx context.Context, sid, agent, clientID string, since time.Time) (m *Mandate, ok bool, err error) {
	id, at, ok, err := s.cfg.Store.Acting(ctx, sid, clientID)
	if err == nil && !ok && clientID != "" {
		id, at, ok, err = s.cfg.Store.Acting(ctx, sid, "")
	}
	if err != nil {
		return nil, false, fault.Wrap(err, fault.Unavailable)
	}
	if ok = ok && !at.Before(since); !ok || id == "" {
		return nil, ok, nil
	}
	chosen, err := s.Of(ctx, agent, id)
	if fault.CodeOf(err) == fault.NotFound || err == nil && (chosen.Agent != agent || !chosen.Live(s.cfg.Now())) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if err := s.rested(ctx, agent); fault.CodeOf(err) == fault.RecoveryRest {
		return nil, true, nil
	} else if err != nil {
		return nil, false, err
	}
	return &chosen, true, nil
}

// Usable are the mandates under which an agent may act now, the last used first: none for a day after the account was recovered or got
// another contact.
func (s *Service) Usable(ctx context.Context, agent string) ([]Mandate, error) {
	live, err := s.Live(ctx, agent)
	if err != nil || len(live) == 0 {
		return nil, err
	}
	if err := s.rested(ctx, agent); fault.CodeOf(err) == fault.RecoveryRest {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(live, Mandate.hereOnly), nil
}

// rested refuses an account that was recovered without a counter, or got another contact, within the day.
func (s *Service) rested(ctx context.Context, account string) error {
	person, err := s.cfg.People.Person(ctx, account)
	if err == nil && !idp.RestsUntil(person.RecoveredAt, s.cfg.Now()).IsZero() {
		return fault.New(fault.RecoveryRest)
	}
	return err
}

// Choose lets a session go on as somebody at a client; nil is the person itself. fault.RecoveryRest while the account rests.
func (s *Service) Choose(ctx context.Context, sid, agent, clientID string, m *Mandate) error {
	now := s.cfg.Now().UTC()
	var principal, id string
	if m != nil {
		if m.Agent != agent || !m.Live(now) || m.hereOnly() {
			return fault.New(fault.MandateState)
		}
		if err := s.rested(ctx, agent); err != nil {
			return err
		}
		principal, id = m.Principal, m.ID
	}
	e := idp.Event(ctx, now, "acting.chosen", "account", agent, map[string]string{"sid": sid, "client": clientID, "mandate": id})
	e.ActingFor = principal
	if err := s.cfg.Store.SetActing(ctx, sid, clientID, principal, id, now, audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// Appoints are the kinds of agents that a person may appoint for an organisation.
func (s *Service) Appoints(ctx context.Context, by, organisation string) (kinds []Kind, err error) {
	live, err := s.Live(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, own := range live {
		if own.Principal != organisation || !own.Has(Manage) {
			continue
		}
		if own.Kind == LegalRepresentative {
			return []Kind{Staff, Administrator, LicenseKeeper, SealKeeper}, nil
		}
		kinds = []Kind{Staff, LicenseKeeper, SealKeeper}
	}
	return kinds, nil
}

// mayAppoint: whoever manages an organisation appoints its agents, never beyond what it may do itself; administrators are
// appointed by the legal representative alone (M-03).
func (s *Service) mayAppoint(ctx context.Context, by string, m Mandate) error {
	live, err := s.Live(ctx, by)
	if err != nil {
		return err
	}
	for _, own := range live {
		if own.Principal != m.Principal || !own.Has(Manage) {
			continue
		}
		if m.Kind == Administrator && own.Kind != LegalRepresentative {
			continue
		}
		wider := own
		wider.NotAfter = m.NotAfter // an appointment may outlast its administrator, who was in office when it was made
		if m.Within(wider) {
			return nil
		}
		return fault.New(fault.MandateTerms)
	}
	return fault.New(fault.Forbidden)
}

// Open are the mandates of an account on either side that hold, will hold or wait for an answer; at most maxLive.
func (s *Service) Open(ctx context.Context, account string) (open []Mandate, err error) {
	now := s.cfg.Now()
	for _, side := range []string{SidePrincipal, SideAgent} {
		for after := ""; ; {
			page, next, err := s.Page(ctx, account, side, after, endPage)
			if err != nil {
				return nil, err
			}
			for _, m := range page {
				if state := m.StateAt(now); state == Active || state == Proposed {
					open = append(open, m)
				}
			}
			if after = next; next == "" || len(open) >= maxLive {
				break
			}
		}
	}
	return open, nil
}
