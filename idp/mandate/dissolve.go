package mandate

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Dissolution ends an organisation with everything that was given in its name.
type Dissolution struct {
	Organisation Organisation // as it was judged
	Version      int64        // of its account, as it was judged
	State        RegisterState
	Mandates     []string // all that are proposed or active, of which Record tells both sides
	By           string   // actor
	At           time.Time
	Settlement   *foureyes.Settlement // of the proposal that allows it; nil where a register tells
}

// dissolveTries bounds how often an end that something came before is judged anew.
const dissolveTries = 5

// dissolve closes the account of an organisation and ends all its mandates in one change: whoever ends one, a register or two people,
// comes here. Once more changes nothing. record is what the caller adds.
func (s *Service) dissolve(ctx context.Context, o Organisation, state RegisterState, settlement *foureyes.Settlement, record audit.Record) error {
	for try := 1; ; try++ {
		d, told, err := s.dissolution(ctx, o, state)
		if err != nil {
			return err
		}
		if len(told.Events) == 0 && o.State == state && settlement == nil {
			return nil // told twice
		}
		d.Settlement = settlement
		told.Events = append(told.Events, idp.Event(ctx, d.At, "organisation.ended", "account", o.ID, map[string]string{"state": string(state), "mandates": strconv.Itoa(len(d.Mandates))}))
		told.Events, told.Messages = append(told.Events, record.Events...), append(told.Messages, record.Messages...)
		err = s.cfg.Organisations.EndOrganisation(ctx, d, told)
		switch {
		case err == nil:
			s.cfg.Wake()
			return nil
		case errors.Is(err, foureyes.ErrConflict), errors.Is(err, foureyes.ErrSelf):
			return err
		case !errors.Is(err, ErrMoved):
			return fault.Wrap(err, fault.Unavailable)
		case try == dissolveTries:
			return fault.Wrap(err, fault.Conflict)
		}
		now, err := s.Organisation(ctx, o.ID)
		if err != nil {
			return err
		}
		if settlement != nil && (now.State != o.State || !now.UnknownAt.Equal(o.UnknownAt)) {
			return fault.New(fault.OrganisationKnown) // what the two decided about is another by now
		}
		o = now
	}
}

// dissolution is what ends and who is told, as it stands now.
func (s *Service) dissolution(ctx context.Context, o Organisation, state RegisterState) (Dissolution, audit.Record, error) {
	d := Dissolution{Organisation: o, State: state, By: "system:register", At: s.cfg.Now().UTC()}
	if actor := reqctx.From(ctx).Actor.ID; actor != "" {
		d.By = actor
	}
	var record audit.Record
	account, err := s.cfg.Accounts.Account(ctx, o.ID) // before the mandates: whatever is given afterwards makes it another version
	if err != nil {
		return d, record, fault.Wrap(err, fault.Unavailable)
	}
	d.Version = account.Version
	if account.State != idp.AccountClosed {
		if record, err = s.cfg.Accounts.StateRecord(ctx, o.ID, idp.AccountClosed, string(state), d.At); err != nil {
			return d, record, err
		}
	}
	for behind := (Mark{}); ; {
		page, err := s.cfg.Store.MandatesByPrincipal(ctx, o.ID, behind, endPage)
		if err != nil {
			return d, record, fault.Wrap(err, fault.Unavailable)
		}
		for _, m := range page {
			behind = Mark{m.CreatedAt, m.ID}
			if m.State != Proposed && m.State != Active {
				continue
			}
			d.Mandates = append(d.Mandates, m.ID)
			told, err := s.endRecord(ctx, m, Ended, string(state))
			if err != nil {
				return d, record, err
			}
			record.Events, record.Messages = append(record.Events, told.Events...), append(record.Messages, told.Messages...)
		}
		if len(page) < endPage {
			return d, record, nil
		}
	}
}

// endRecord is what the end of one mandate leaves: the event, both sides told, and the parties of the sessions under it.
func (s *Service) endRecord(ctx context.Context, m Mandate, state State, reason string) (audit.Record, error) {
	record, err := s.record(ctx, m, string(state))
	if err != nil {
		return record, err
	}
	record.Events[0].Reason = reason
	parties, err := s.cfg.Store.MandateParties(ctx, m.ID)
	if err != nil {
		return record, fault.Wrap(err, fault.Unavailable)
	}
	messages, err := s.cfg.Farewell(parties)
	return record.And(messages...), err
}

// Deregister ends the organisation with a unified social credit code, because a register tells that it is no more. One that has no
// account here is nobody's concern.
func (s *Service) Deregister(ctx context.Context, uscc string) error {
	id, err := s.cfg.Accounts.ByIdentity(ctx, IDTypeUSCC, uscc)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	o, err := s.Organisation(ctx, id)
	if err != nil {
		return err
	}
	return s.dissolve(ctx, o, Deregistered, nil, s.knownAgain(ctx, o, Deregistered))
}
