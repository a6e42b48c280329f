package elicense

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Detail is a licence with its values, for staff and for its holder.
type Detail struct {
	License
	Values catalog.Values
}

// Find gives a licence to staff and to its holder. Everybody else gets the answer of one that is not there.
func (s *Service) Find(ctx context.Context, id string) (Detail, error) {
	d, err := s.find(ctx, id)
	if err == nil && byApplication(ctx, d.License) {
		err = s.noteUse(ctx, s.use(ctx, d.License, UseRead, slices.Sorted(maps.Keys(d.Values)), ""), "license.read_for_holder")
	}
	if err != nil {
		return Detail{}, err
	}
	return d, nil
}

func (s *Service) find(ctx context.Context, id string) (Detail, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return Detail{}, fault.New(fault.Unauthenticated)
	}
	l, err := s.cfg.Store.Find(ctx, id)
	l = l.heldBy(actor)
	if err == nil && !actor.Reaches(l.Area, roles...) && !isHolder(actor, l) {
		err = ErrNotFound
	}
	if err != nil {
		return Detail{}, storeFault(err, "find licence")
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return Detail{}, storeFault(err, "read values")
	}
	return Detail{l, values}, nil
}

func isHolder(actor reqctx.Actor, l License) bool {
	account := holder(actor)
	return l.State == StateActive && account != "" && (l.HolderRef == account || slices.Contains(l.CoHolders, account))
}

// heldBy is a licence as one of its holders has it: each has a wallet, codes, papers, a ledger and a freeze of their own. For anybody else it is as it was.
func (l License) heldBy(actor reqctx.Actor) License {
	if account := holder(actor); slices.Contains(l.CoHolders, account) {
		l.HolderRef = account
	}
	return l
}

// holders are the accounts of all who hold a licence.
func (l License) holders() []string {
	if l.HolderRef == "" || slices.Contains(l.CoHolders, l.HolderRef) {
		return l.CoHolders
	}
	return append([]string{l.HolderRef}, l.CoHolders...)
}

// steps on the way of a licence that wait for somebody. Who entered an application mends it, and does not review it.
var steps = []reqctx.Step[State, License]{{State: StateInReview, Role: RoleReviewer, Barred: License.enteredBy},
	{State: StateReturned, Role: RoleClerk, Barred: func(l License, actor string) bool { return !l.enteredBy(actor) }}, {State: StateApproved, Role: RoleIssuer}}

// Waiting counts, among as many as the limit of each state, the licences with which the actor may take the next step.
func (s *Service) Waiting(ctx context.Context, limit int) ([]reqctx.Waiting[State], error) {
	return reqctx.CountWaiting(reqctx.From(ctx).Actor, steps, func(areas []string, state State) ([]License, error) {
		page, _, err := s.list(ctx, Filter{State: string(state), Areas: areas, Limit: limit})
		return page, err
	})
}

// List gives staff a page of the register.
func (s *Service) List(ctx context.Context, filter Filter) (page []License, next string, err error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	filter.Areas = actor.Reach(roles...)
	return s.list(ctx, filter)
}

// FindByLicenseID finds a licence by its identifier, for staff.
func (s *Service) FindByLicenseID(ctx context.Context, licenseID string) (License, error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return License{}, err
	}
	l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
	if err == nil && !actor.Reaches(l.Area, roles...) {
		l, err = License{}, ErrNotFound
	}
	return l, storeFault(err, "find licence")
}

// Mine gives a person a page of the licences in their wallet (卡包).
func (s *Service) Mine(ctx context.Context, after string, limit int) (page []License, next string, err error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return nil, "", fault.New(fault.Unauthenticated)
	}
	if !strings.HasPrefix(holder(actor), "account:") { // an application or a member of staff has no wallet, which an empty one would not say
		return nil, "", fault.New(fault.Forbidden)
	}
	return s.heldList(ctx, Filter{State: string(StateActive), HolderRef: holder(actor), After: after, Limit: limit})
}

// heldList is list for a holder, who has all of them, as heldBy tells.
func (s *Service) heldList(ctx context.Context, filter Filter) ([]License, string, error) {
	page, next, err := s.list(ctx, filter)
	for i := range page {
		page[i].HolderRef = filter.HolderRef
	}
	return page, next, err
}

func (s *Service) list(ctx context.Context, filter Filter) ([]License, string, error) {
	if filter.Limit == 0 {
		filter.Limit = 50
	}
	if filter.Limit < 1 || filter.Limit > 200 {
		return nil, "", fault.New(fault.Invalid).WithField("limit", fault.LicenseFieldForm)
	}
	page, next, err := s.cfg.Store.List(ctx, filter)
	return page, next, storeFault(err, "list licences")
}

// Events gives the status history of a licence to staff.
func (s *Service) Events(ctx context.Context, id, after string, limit int) (page []StatusEvent, next string, err error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	l, err := s.cfg.Store.Find(ctx, id)
	if err == nil && !actor.Reaches(l.Area, roles...) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, "", storeFault(err, "find licence")
	}
	page, err = s.cfg.Store.Events(ctx, id, after, limit+1)
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, storeFault(err, "list status events")
}

// Claim delivers the licences of a proven holder code that have no account yet to the account, and gives how many. The
// identity room calls it, through internal/app, after proofing.
func (s *Service) Claim(ctx context.Context, account, codeType, code string) (int, error) {
	key, err := s.LookupKey(ctx, codeType, code)
	if err != nil {
		return 0, storeFault(err, "hash holder code")
	}
	now := s.now()
	e := s.event(ctx, "license.claimed", account, now)
	e.ObjectType = "account"
	n, err := s.cfg.Store.Bind(ctx, key, account, audit.With(e))
	return n, storeFault(err, "bind licences")
}

// Follow gives the licences of an account to the one that it became part of. View tokens and the card of the account
// that is gone end: they were made under its key. Doing it again changes nothing.
func (s *Service) Follow(ctx context.Context, from, to string) error {
	if from == "" || to == "" || from == to {
		return fault.New(fault.Invalid)
	}
	e := s.event(ctx, "license.holder_merged", to, s.now(), "absorbed", from)
	e.ObjectType = "account"
	if _, err := s.cfg.Store.Follow(ctx, from, to, audit.With(e)); err != nil {
		return storeFault(err, "rebind licences")
	}
	return s.Forget(ctx, from)
}

// Forget drops what the room keeps of the account of a holder that was erased: its offline code card ends, and the bond of its licences, its view tokens and
// its key. The register stays, because it is the issuing authorities'; whoever proves the holder's code later is given the
// licences anew. Doing it again changes nothing.
func (s *Service) Forget(ctx context.Context, account string) error {
	if _, err := s.RevokeCard(ctx, account); err != nil {
		return err
	}
	if err := s.cfg.Cards.UnbindCards(ctx, account); err != nil {
		return storeFault(err, "unbind cards")
	}
	e := s.event(ctx, "license.holder_forgotten", account, s.now())
	e.ObjectType = "account"
	if _, err := s.cfg.Store.Unbind(ctx, account, audit.With(e)); err != nil {
		return storeFault(err, "unbind licences")
	}
	provider := s.cfg.Keys.Provider()
	list, err := provider.List(ctx, keys.UsageHolder, account)
	if err != nil {
		return storeFault(err, "find holder's key")
	}
	for _, info := range list {
		if info.State == keys.Destroyed {
			continue
		}
		if err := provider.Destroy(ctx, info.ID); err != nil && !errors.Is(err, keys.ErrDestroyed) {
			return storeFault(err, "destroy holder's key")
		}
	}
	return nil
}

// Sweep does what is due: it finishes what crashes left, ends suspensions, tells holders of ends, publishes lists and forgets expired tokens.
// Call it at start and every few seconds; it is safe on several nodes.
func (s *Service) Sweep(ctx context.Context) error {
	_, recovered := s.Recover(ctx)
	_, resumed := s.ResumeDue(ctx)
	_, dropped := s.cfg.Store.DropExpired(ctx, s.now().Add(-presentationKeep))
	if dropped == nil {
		_, dropped = s.cfg.Store.DropUses(ctx, s.now().Add(-keepUses), 1000)
	}
	_, reminded := s.RemindDue(ctx)
	for _, err := range []error{recovered, resumed, s.Refresh(ctx), storeFault(dropped, "drop expired tokens"), reminded, s.FlushVerified(ctx), s.KeepFigures(ctx)} {
		if err != nil {
			return err
		}
	}
	return nil
}
