package counter

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// A person without a phone has the same rights over the own data as everybody: a copy, and the deletion of the account, by the services
// that the pages use. A guardian of a child below 14 asks for the child's.

// deletions are the acts that begin or end a cool-off; each agreement is an act of its own.
var deletions = []string{ActChildUndelete, ActChildDelete, ActUndelete, ActDelete}

// BlockedError is fault.DeletionBlocked with what has to be settled first.
type BlockedError struct {
	error
	Blockers []idp.Blocker
}

// Unwrap gives the fault.
func (e BlockedError) Unwrap() error { return e.error }

// offeredRights are the acts of this file that make sense for the person of a visit, with the deletion that waits.
func (s *Service) offeredRights(ctx context.Context, account string) (all []string, err error) {
	one, err := s.cfg.Deletions.Of(ctx, account)
	if err != nil {
		return nil, err
	}
	all = append(all, ActData, ActDataPaper)
	live, err := s.cfg.Mandates.Live(ctx, account)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(live, func(m mandate.Mandate) bool { return m.Kind == mandate.Guardian && m.Agent == account }) {
		all = append(all, ActChildUndelete, ActChildDelete)
	}
	if one.State == idp.DeletionWaiting {
		return append(all, ActUndelete), nil
	}
	return append(all, ActDelete), nil
}

// planRights finds the child that is meant and refuses what something stands in the way of, before the person is asked.
func (s *Service) planRights(ctx context.Context, v Visit, acts []string, order Order, d *document) error {
	d.Ward = nil
	for _, kind := range []string{ActChildDelete, ActChildUndelete} {
		if !slices.Contains(acts, kind) {
			continue
		}
		if d.Ward != nil || slices.Contains(acts, ActFamily) || slices.Contains(acts, ActGuardian) { // the form names one child, for one purpose
			return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
		}
		child, err := s.wardOf(ctx, v.Account, order.Child)
		if err != nil {
			return err
		}
		d.Ward = &Other{Account: child, Name: subject.MaskName(order.Child.Name), Acts: true, Kind: mandate.Guardian}
	}
	var blockers []idp.Blocker
	var err error
	switch {
	case slices.Contains(acts, ActDelete):
		blockers, err = s.cfg.Deletions.Blockers(ctx, v.Account)
	case slices.Contains(acts, ActChildDelete):
		blockers, err = s.cfg.Deletions.BlockersFor(ctx, d.Ward.Account)
	}
	if err == nil && len(blockers) > 0 {
		err = BlockedError{fault.New(fault.DeletionBlocked).WithField("counter-acts", fault.DeletionBlocked), blockers}
	}
	return err
}

// wardOf finds the account of a child below 14 for whom the person decides. That nobody has the number, that the name is another and that
// somebody else decides are one answer.
func (s *Service) wardOf(ctx context.Context, guardian string, child Child) (string, error) {
	who, err := s.childNamed(ctx, guardian, child)
	if err != nil {
		return "", err
	}
	unknown := fault.New(fault.ChildMismatch).WithField("counter-child-number", fault.ChildMismatch)
	account, err := s.cfg.Accounts.ByDocument(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return "", unknown
	}
	if err != nil {
		return "", err
	}
	person, err := s.cfg.Accounts.Person(ctx, account)
	if err != nil {
		return "", err
	}
	switch err = s.cfg.Mandates.Decides(ctx, account, guardian); {
	case fault.CodeOf(err) == fault.WardOver || err == nil && person.Name != who.Name:
		return "", unknown
	case err != nil:
		return "", err
	}
	return account, nil
}

// actingFor tells in audit records that what the clerk does is done for the person who stands here.
func actingFor(ctx context.Context, account string) context.Context {
	actor := reqctx.From(ctx).Actor
	actor.ActingFor = "account:" + account
	return reqctx.WithActor(ctx, actor)
}

// erasure begins or ends a cool-off. What came about since the person agreed, by an attempt whose answer was lost or by the person, stays
// as it is.
func (s *Service) erasure(ctx context.Context, t task, out *Result) error {
	account, guardian := t.act.Account, ""
	if t.act.Kind == ActChildDelete || t.act.Kind == ActChildUndelete {
		if len(t.Others) == 0 {
			return fault.New(fault.Invalid).WithField("counter-acts", fault.CounterActs)
		}
		account, guardian = t.Others[0].Account, t.act.Account
	}
	ctx = actingFor(ctx, t.act.Account)
	before, err := s.cfg.Deletions.Of(ctx, account)
	if err != nil {
		return err
	}
	since := before.RequestedAt.After(t.agreedAt)
	switch t.act.Kind {
	case ActDelete, ActChildDelete:
		if !since && guardian == "" {
			before, err = s.cfg.Deletions.Request(ctx, account)
		} else if !since {
			before, err = s.cfg.Deletions.RequestFor(ctx, account, guardian)
		}
		if err == nil && before.State == idp.DeletionWaiting {
			out.Ends = before.DueAt
		}
	case ActUndelete:
		if before.State == idp.DeletionWaiting && !since {
			err = s.cfg.Deletions.Undo(ctx, account)
		}
	case ActChildUndelete:
		if before.State == idp.DeletionWaiting && !since {
			err = s.cfg.Deletions.UndoFor(ctx, account, guardian)
		} else if before.State == "" {
			err = fault.New(fault.Conflict)
		}
	}
	return err
}

// copyData asks for a copy; one that is being made, or was made within the hour, is the one to be handed over.
func (s *Service) copyData(ctx context.Context, account string) error {
	_, err := s.cfg.Exports.Request(actingFor(ctx, account), account)
	if fault.CodeOf(err) == fault.ExportBusy {
		return nil
	}
	return err
}

// Ways in which a copy is handed over.
const (
	FormArchive = "zip" // encrypted under a passphrase of the person
	FormPaper   = "ofd" // for people to read, printed by the clerk
)

// handedBy is the act that a way needs.
var handedBy = map[string]string{FormArchive: ActData, FormPaper: ActDataPaper}

// Handing is the copy of a visit: how it stands, and the ways in which it may be handed over still.
type Handing struct {
	Export idp.Export
	Asked  bool // in this visit
	Open   []string
}

// Handing tells what there is to hand over to the person of a visit.
func (s *Service) Handing(ctx context.Context, by Clerk, v Visit) (h Handing, err error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return h, err
	}
	if v.Account == "" || !v.Agreed(ActData) && !v.Agreed(ActDataPaper) {
		return h, nil
	}
	if err := s.impartial(ctx, by, v.Account); err != nil {
		return h, err
	}
	if h.Export, err = s.cfg.Exports.Of(ctx, v.Account); err != nil {
		return h, err
	}
	done, err := s.cfg.Store.Acts(ctx, v.ID)
	if err != nil {
		return h, storeFault(err)
	}
	for _, form := range []string{FormArchive, FormPaper} {
		kind := handedBy[form]
		asked := slices.ContainsFunc(done, func(a Act) bool { return a.Kind == kind && a.Target == "" && a.Outcome == OutcomeDone })
		handed := slices.ContainsFunc(done, func(a Act) bool { return a.Kind == kind && a.Target == h.Export.ID })
		h.Asked = h.Asked || v.Agreed(kind) && asked
		if v.Agreed(kind) && asked && !handed && h.Export.State == idp.ExportReady && (form == FormArchive || h.Export.Document.Digest != "") {
			h.Open = append(h.Open, form)
		}
	}
	return h, nil
}

// HandOver gives the copy to the person who stands here, once in each way that the person agreed to. It is an act of its own with the digest
// of what was handed over; the passphrase lives for this call alone.
func (s *Service) HandOver(ctx context.Context, by Clerk, v Visit, form, passphrase string) (e idp.Export, content []byte, err error) {
	h, err := s.Handing(ctx, by, v)
	if err != nil {
		return e, nil, err
	}
	switch {
	case !v.Agreed(handedBy[form]):
		return e, nil, fault.New(fault.CounterAgreement)
	case !slices.Contains(h.Open, form):
		return e, nil, fault.New(fault.CounterHanded)
	}
	as := actingFor(ctx, v.Account)
	if form == FormArchive {
		e, content, err = s.cfg.Archive(as, v.Account, passphrase)
	} else {
		e, content, err = s.cfg.Exports.Fetch(as, v.Account, idp.ExportOFD)
	}
	if err != nil {
		return e, nil, err
	}
	a := s.act(v, handedBy[form], e.ID, digest.Hex(content), OutcomeDone)
	if err := s.store(ctx, v, Change{Act: a}, audit.Record{}); err != nil {
		if fault.CodeOf(err) == fault.CounterDone {
			err = fault.Wrap(err, fault.CounterHanded) // the other window was faster
		}
		return e, nil, err
	}
	return e, content, nil
}

// askedOn tells two agreements of one visit apart, where doing something again is another act.
func askedOn(v Visit) string {
	return "asked_" + strconv.FormatInt(v.AskedAt.Truncate(time.Microsecond).UnixMicro(), 10)
}
