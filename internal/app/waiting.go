package app

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// waiting is what waits in every room for the member of staff who is signed in. Each room counts by its own rules: the roles and areas
// that are held, without what is one's own case.
func (a *App) waiting(r *http.Request) (all []staffhttp.Waiting, err error) {
	ctx, actor := r.Context(), reqctx.From(r.Context()).Actor
	add := func(what, address string, n int) {
		all = append(all, staffhttp.Waiting{What: what, URL: address, Count: n})
	}
	if actor.HoldsAnywhere(idp.RoleSecurityAdmin) {
		n, err := a.fourEyes.Waiting(ctx)
		if err != nil {
			return nil, err
		}
		add("proposals", "/admin/inbox", n)
		if n, err = a.admin.WaitingRegistrations(ctx, staffhttp.MaxWaiting); err != nil {
			return nil, err
		}
		add("registrations", "/admin/registrations", n)
		disputes, err := a.admin.WaitingDisputes(ctx, staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		add("disputes", "/admin/disputes?state=open&due=overdue", disputes.Overdue)
		if actor.Has(idp.RoleSecurityAdmin) {
			add("disputes.platform", "/admin/disputes?state=escalated", disputes.Escalated)
		}
	}
	if actor.HoldsAnywhere(idp.RoleProofingReviewer) {
		reviewer, err := a.reviewer(ctx)
		if err != nil {
			return nil, err
		}
		items, err := a.identity.Proofing.ReviewQueue(ctx, proofing.QueueQuery{Limit: staffhttp.MaxWaiting})
		if err != nil {
			return nil, err
		}
		n := 0
		for _, item := range items {
			if reviewer.Account == "" || item.AccountID != reviewer.Account {
				n++
			}
		}
		add("reviews", "/review", n)
	}
	if actor.HoldsAnywhere(counter.RoleSupervisor) {
		by, err := a.clerk(ctx)
		if err != nil {
			return nil, err
		}
		acts, _, err := a.counter.Counter.Queue(ctx, by, counter.ReviewOpen, "", staffhttp.MaxWaiting)
		if err != nil && fault.CodeOf(err) != fault.CounterLogin { // a login that is too weak for the counter is told of there
			return nil, err
		}
		n := 0
		for _, act := range acts {
			if !act.Of(by) {
				n++
			}
		}
		add("acts", "/counter/queue", n)
	}
	seals, err := a.sealing.seals.Waiting(ctx, staffhttp.MaxWaiting)
	if err != nil {
		return nil, err
	}
	for _, w := range seals {
		add("seal."+string(w.State), "/seal?state="+string(w.State), w.Count)
	}
	if actor.HoldsAnywhere(esign.RoleReviewer) {
		n, err := a.sealing.seals.WaitingSuccessions(ctx, staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		add("seal.successions", "/seal/successions?state=proposed", n)
	}
	if actor.HoldsAnywhere(esign.RoleApprover) || actor.HoldsAnywhere(esign.RoleKeeper) {
		n, err := a.sealing.seals.WaitingUses(ctx, staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		add("seal.uses", "/seal/requests?state=requested", n)
	}
	flagged, looks, err := a.sealing.seals.WaitingFlags(ctx, staffhttp.MaxWaiting)
	if err != nil {
		return nil, err
	}
	if looks {
		add("seal.flags", "/seal/flags?state=open", flagged)
	}
	forgeries, known, err := a.sealing.forgeries.Waiting(ctx, staffhttp.MaxWaiting)
	if err != nil {
		return nil, err
	}
	if known {
		add("forgeries", licensehttp.ForgeriesPath+"?state=received", forgeries)
	}
	if actor.Reaches("", elicense.RoleTypes) {
		proposed, err := a.sealing.licenses.ProposedTypes(ctx, "", staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, v := range proposed {
			if v.ProposedBy != actor.ID { // whoever proposed it does not confirm it
				n++
			}
		}
		add("license.types", licensehttp.TypesProposedURL, n)
	}
	licenses, err := a.sealing.licenses.Waiting(ctx, staffhttp.MaxWaiting)
	if err != nil {
		return nil, err
	}
	for _, w := range licenses {
		add("license."+string(w.State), "/license?state="+string(w.State), w.Count)
	}
	if actor.HoldsAnywhere(elicense.RoleReviewer) {
		n, err := a.sealing.licenses.WaitingAppeals(ctx, staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		add("license.appeals", licensehttp.AppealsOpenURL, n)
	}
	for _, state := range []elicense.BatchState{elicense.BatchInReview, elicense.BatchApproved} {
		role := elicense.RoleReviewer
		if state == elicense.BatchApproved {
			role = elicense.RoleIssuer
		}
		if !actor.HoldsAnywhere(role) {
			continue
		}
		batches, _, err := a.sealing.licenses.ListBatches(ctx, elicense.BatchFilter{State: state, Limit: staffhttp.MaxWaiting})
		if err != nil {
			return nil, err
		}
		n := 0
		for _, b := range batches {
			if actor.Reaches(b.Area, role) && (role != elicense.RoleReviewer || b.Entrant != actor.ID) { // nobody reviews what they uploaded
				n++
			}
		}
		add("batches."+string(state), licensehttp.BatchesPath+"?state="+string(state), n)
	}
	if actor.HoldsAnywhere(elicense.RoleOrders) {
		orders, _, err := a.sealing.licenses.Orders(ctx, elicense.OrderProposed, "", staffhttp.MaxWaiting)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, o := range orders {
			if o.ProposedBy != actor.ID { // nobody confirms what they entered
				n++
			}
		}
		add("license.orders", licensehttp.OrdersPath+"?state="+string(elicense.OrderProposed), n)
	}
	return all, nil
}
