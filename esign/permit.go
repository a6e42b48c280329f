package esign

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// permit finds what allows a use under the rule of its seal, and notes it in the stamp that is wanted; named is the request that the caller names.
// platform is a room of the platform with a review of its own.
func (s *Service) permit(ctx context.Context, wanted, earlier *Stamp, named string, platform bool) error {
	rule, err := s.ruleOf(ctx, wanted.SealID)
	if err != nil {
		return err
	}
	wanted.Rule = rule.Number
	if err := rule.Rule.mayRemote(wanted.Remote != ""); err != nil {
		return err
	}
	if named != "" {
		return s.permitBy(ctx, wanted, earlier, named)
	}
	if earlier.Approval != "" {
		// What was begun goes on under its request; one that gave its use back may find another one.
		if err := s.permitBy(ctx, wanted, earlier, earlier.Approval); err == nil || earlier.State == Planned {
			return err
		}
	}
	switch {
	case !rule.Rule.needs(wanted.Purpose), platform && rule.Rule.Platform:
		return nil
	case platform:
		return fault.New(fault.SealUseUnapproved)
	}
	const most = 20
	now := s.cfg.Now()
	all, err := s.cfg.Store.UsesOf(ctx, wanted.SealID, wanted.Requester, wanted.SourceSM3, now, most)
	if err != nil {
		return unavailable(err)
	}
	for _, u := range all {
		if u.allows(*wanted) == nil && u.usable(*wanted, now) {
			wanted.Approval = u.ID
			return nil
		}
	}
	return fault.New(fault.SealUseUnapproved)
}

func (s *Service) permitBy(ctx context.Context, wanted, earlier *Stamp, named string) error {
	if !plain(named, maxID) {
		return fault.New(fault.SealUseOther).WithField("approval", fault.SealUseOther)
	}
	u, err := s.cfg.Store.Use(ctx, named)
	switch {
	case errors.Is(err, ErrNotFound):
		return fault.New(fault.SealUseOther).WithField("approval", fault.SealUseOther)
	case err != nil:
		return unavailable(err)
	}
	if err := u.allows(*wanted); err != nil {
		return err
	}
	taken := earlier.State == Planned && earlier.Approval == u.ID // by this very stamp
	if !taken && !u.usable(*wanted, s.cfg.Now()) || u.Rule != wanted.Rule {
		return fault.New(fault.SealUseState)
	}
	wanted.Approval = u.ID
	return nil
}

// allows tells how a stamp differs from what was approved (security row K-06).
func (u UseRequest) allows(wanted Stamp) error {
	other := fault.New(fault.SealUseOther)
	for _, one := range []struct {
		field string
		same  bool
	}{
		{"approval", u.Requester == wanted.Requester && u.SealID == wanted.SealID},
		{"places", prepare.SamePlaces(u.Places, wanted.Places)}, {"purpose", u.Purpose == wanted.Purpose}, {"item", u.Item == wanted.Item},
		{"value", wanted.Value == SealValue}, // nobody was asked about another form
		{"remote", u.Remote == (wanted.Remote != "")},
	} {
		if !one.same {
			other.WithField(one.field, fault.SealUseOther)
		}
	}
	switch {
	case u.Requester == wanted.Requester && u.SourceSM3 != wanted.SourceSM3:
		return fault.New(fault.DocumentNotApproved)
	case len(other.Fields) > 0:
		return other
	}
	return nil
}

// usable tells whether a use is left at a time, for what the approvers read and under the rule that is in force.
func (u UseRequest) usable(wanted Stamp, now time.Time) bool {
	if u.at(now).State != UseApproved || u.Left < 1 || u.Rule != wanted.Rule || u.subject() != u.Digest || len(u.Approvals) < u.Needed {
		return false
	}
	return !slices.ContainsFunc(u.Approvals, func(a UseApproval) bool { return a.Digest != u.Digest || a.By == u.Requester })
}

// consumed adds to the record of a plan that a use of its request is taken with it.
func (s *Service) consumed(ctx context.Context, stamp Stamp, record audit.Record) audit.Record {
	if stamp.Approval == "" {
		return record
	}
	payload, _ := json.Marshal(UseNotice{Request: stamp.Approval, Seal: stamp.SealID, State: UseUsed})
	record.Events = append(record.Events, s.event(ctx, "seal.use.taken", "seal_use", stamp.Approval, map[string]string{"seal": stamp.SealID, "stamp": stamp.ID, "source": stamp.SourceSM3}))
	return record.And(audit.Message{Topic: TopicUse, Key: stamp.Approval, Payload: payload})
}
