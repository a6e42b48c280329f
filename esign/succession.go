package esign

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Party is an organisation as seals name it.
type Party struct {
	Name string
	Code string // unified social credit code; empty for one that has none
}

// SuccessionKind is how an organisation was succeeded.
type SuccessionKind string

// Kinds of successions.
const (
	Renamed SuccessionKind = "renamed"
	Merged  SuccessionKind = "merged"
	Split   SuccessionKind = "split"
)

// SuccessionKinds are all kinds, in their order.
var SuccessionKinds = []SuccessionKind{Renamed, Merged, Split}

var listKinds = map[SuccessionKind]sealstatus.Kind{Renamed: sealstatus.Renamed, Merged: sealstatus.Merged, Split: sealstatus.Split}

// SuccessionState of a succession.
type SuccessionState string

// States of a succession. Proposed waits for a reviewer; recorded is told to verifiers; all others are final.
const (
	SuccessionProposed  SuccessionState = "proposed"
	SuccessionRecorded  SuccessionState = "recorded"
	SuccessionRefused   SuccessionState = "refused"
	SuccessionWithdrawn SuccessionState = "withdrawn"
	SuccessionAnnulled  SuccessionState = "annulled" // it was wrong
)

// SuccessionStates are all states, in their order.
var SuccessionStates = []SuccessionState{SuccessionProposed, SuccessionRecorded, SuccessionRefused, SuccessionWithdrawn, SuccessionAnnulled}

// Succession says who took the place of an organisation that has seals (decision record 0016).
type Succession struct {
	ID         string
	Owner      Party // as its seals name it
	Kind       SuccessionKind
	Heirs      []Party
	Since      time.Time // when it took effect
	Order      string    // the document that says so
	SealsEnd   time.Time // when seals of the organisation that are left end; zero leaves that to reviewers
	SealsEnded bool      // that was done
	Area       string    // of the organisation's seals
	State      SuccessionState
	ProposedBy string
	ProposedAt time.Time
	DecidedBy  string // who decided last
	DecidedAt  time.Time
	Reason     string // of whoever refused, withdrew or annulled it
	RecordedBy string // of one that was annulled: who had recorded it
	RecordedAt time.Time
}

// SuccessionQuery asks for a page of successions.
type SuccessionQuery struct {
	Areas []string
	State SuccessionState // any when empty
	After Position        // of the page before
	Limit int
}

// Successions keeps successions; sealdb implements it.
type Successions interface {
	// AddSuccession stores a proposal; ErrExists when another one of the same organisation waits or is recorded.
	AddSuccession(ctx context.Context, s Succession, record audit.Record) error
	Succession(ctx context.Context, id string) (Succession, error)
	// SuccessionOf gives the recorded one of an organisation; ErrNotFound.
	SuccessionOf(ctx context.Context, owner Party) (Succession, error)
	// SuccessionPage lists successions, newest first.
	SuccessionPage(ctx context.Context, q SuccessionQuery) ([]Succession, error)
	// UpdateSuccession stores state, decision and SealsEnded if its state is still the one given; ErrChanged.
	UpdateSuccession(ctx context.Context, s Succession, from SuccessionState, record audit.Record) error
	// SuccessionsDue lists recorded ones whose SealsEnd has come and whose seals were not ended, oldest end first.
	SuccessionsDue(ctx context.Context, now time.Time, limit int) ([]Succession, error)
	// SealsOfOwner lists the seals of an organisation by code, after a code.
	SealsOfOwner(ctx context.Context, owner Party, after string, limit int) ([]Seal, error)
	// SealsSucceeded lists by code the seals of areas that are in use though their organisation was succeeded by then, and that have no
	// replacement under way.
	SealsSucceeded(ctx context.Context, areas []string, at time.Time, after string, limit int) ([]Seal, error)
	// SucceededOwners gives the organisations of the seals with codes from one to another that have a recorded succession, by code of the
	// seal.
	SucceededOwners(ctx context.Context, from, to string) (map[string]Party, error)
}

// Bounds of successions.
const (
	maxHeirs      = 10
	maxOrder      = 100
	maxSteps      = 16 // successions behind each other
	maxEndsAfter  = 366 * 24 * time.Hour
	successionKey = "succession"
)

// Wire names of what a succession says.
const (
	fieldKind     = "kind"
	fieldHeirs    = "heirs"
	fieldSince    = "since"
	fieldOrder    = "order"
	fieldSealsEnd = "seals_end"
)

// ProposeSuccession says who took the place of an organisation. It tells nobody before a reviewer records it.
func (s *Service) ProposeSuccession(ctx context.Context, p Succession) (Succession, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return Succession{}, err
	}
	p = p.trimmed()
	if err := p.check(s.now()); err != nil {
		return Succession{}, err
	}
	seals, err := s.cfg.Store.SealsOfOwner(ctx, p.Owner, "", 1)
	if err != nil {
		return Succession{}, unavailable(err)
	}
	if len(seals) == 0 || !actor.Reaches(seals[0].Area, roles...) {
		return Succession{}, fault.New(fault.SuccessionNoSeal).WithField(fieldOwner, fault.SuccessionNoSeal)
	}
	area := seals[0].Area
	if !actor.Reaches(area, RoleKeeper) {
		return Succession{}, fault.New(fault.OutsideArea).WithField(fieldOwner, fault.OutsideArea)
	}
	ctx = reqctx.UsingIn(ctx, area, RoleKeeper)
	if err := s.noCircle(ctx, p); err != nil {
		return Succession{}, err
	}
	p.ID, p.Area, p.State, p.ProposedBy, p.ProposedAt = ident.New(s.cfg.Rand, "succession"), area, SuccessionProposed, actor.ID, s.now()
	p.SealsEnded, p.DecidedBy, p.DecidedAt, p.Reason = false, "", time.Time{}, ""
	err = s.cfg.Store.AddSuccession(ctx, p, audit.With(s.event(ctx, "seal.succession_proposed", successionKey, p.ID, p.told())))
	if errors.Is(err, ErrExists) {
		return Succession{}, fault.Wrap(err, fault.SuccessionExists).WithField(fieldOwner, fault.SuccessionExists)
	}
	return p, unavailable(err)
}

func (p Succession) trimmed() Succession {
	trim := func(o Party) Party { return Party{strings.TrimSpace(o.Name), strings.TrimSpace(o.Code)} }
	p.Owner, p.Order = trim(p.Owner), strings.TrimSpace(p.Order)
	heirs := make([]Party, len(p.Heirs))
	for i, heir := range p.Heirs {
		heirs[i] = trim(heir)
	}
	p.Heirs, p.Since, p.SealsEnd = heirs, p.Since.UTC().Truncate(time.Second), p.SealsEnd.UTC().Truncate(time.Second)
	return p
}

func (o Party) right() bool {
	return o.Name != "" && plain(o.Name, maxOwner) && (o.Code == "" || isUSCC(o.Code))
}

// check tells all that is wrong at once.
func (p Succession) check(now time.Time) error {
	heirs := len(p.Heirs) > 0 && len(p.Heirs) <= maxHeirs && (p.Kind == Split || len(p.Heirs) == 1)
	for i, heir := range p.Heirs {
		heirs = heirs && heir.right() && heir != p.Owner && !slices.Contains(p.Heirs[:i], heir) && (p.Kind != Renamed || heir.Code == p.Owner.Code || heir.Name != p.Owner.Name)
	}
	unfit := fault.New(fault.SuccessionUnfit)
	for _, one := range []struct {
		field string
		right bool
	}{
		{fieldOwner, p.Owner.right()},
		{fieldKind, slices.Contains(SuccessionKinds, p.Kind)},
		{fieldHeirs, heirs},
		{fieldSince, p.Since.Unix() > 0 && !p.Since.After(now.Add(maxEndsAfter))},
		{fieldOrder, p.Order != "" && plain(p.Order, maxOrder)},
		{fieldSealsEnd, p.SealsEnd.IsZero() || !p.SealsEnd.Before(p.Since) && !p.SealsEnd.After(p.Since.Add(maxEndsAfter)) && p.SealsEnd.After(now.Add(-24*time.Hour))},
	} {
		if !one.right {
			unfit.WithField(one.field, fault.SealField)
		}
	}
	if len(unfit.Fields) > 0 {
		return unfit
	}
	return nil
}

// told are the details of a succession for the audit trail; names of organisations are public.
func (p Succession) told() map[string]string {
	details := map[string]string{"owner": p.Owner.Name, "kind": string(p.Kind), "heirs": strings.Join(p.heirNames(), "、"), "since": p.Since.Format(time.RFC3339), "order": p.Order}
	if !p.SealsEnd.IsZero() {
		details["seals_end"] = p.SealsEnd.Format(time.RFC3339)
	}
	return details
}

func (p Succession) heirNames() []string {
	names := make([]string, len(p.Heirs))
	for i, heir := range p.Heirs {
		names[i] = heir.Name
	}
	return names
}

// noCircle refuses a succession after which an organisation would succeed itself.
func (s *Service) noCircle(ctx context.Context, p Succession) error {
	for _, heir := range p.Heirs {
		steps, err := s.lineage(ctx, heir)
		if err != nil {
			return err
		}
		for _, step := range steps {
			if slices.Contains(step.parties, p.Owner) {
				return fault.New(fault.SuccessionCircle).WithField(fieldHeirs, fault.SuccessionCircle)
			}
		}
	}
	return nil
}

// FindSuccession reads one of the own area.
func (s *Service) FindSuccession(ctx context.Context, id string) (Succession, error) {
	if err := Staff(ctx); err != nil {
		return Succession{}, err
	}
	if id == "" || !plain(id, maxID) {
		return Succession{}, fault.New(fault.NotFound)
	}
	p, err := s.cfg.Store.Succession(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !reqctx.From(ctx).Actor.Reaches(p.Area, roles...):
		return Succession{}, fault.New(fault.NotFound)
	}
	return p, unavailable(err)
}

// SuccessionList gives a page of the successions of the own areas, newest first, after a cursor. next is empty on the last page.
func (s *Service) SuccessionList(ctx context.Context, state SuccessionState, after string, limit int) (page []Succession, next string, err error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	q := SuccessionQuery{Areas: actor.Reach(roles...), State: state, Limit: min(max(limit, 1), maxPage) + 1}
	if after != "" {
		at, id, _ := strings.Cut(after, ".")
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil || id == "" || !plain(id, maxID) {
			return nil, "", fault.New(fault.Malformed)
		}
		q.After = Position{time.Unix(seconds, 0).UTC(), id}
	}
	if page, err = s.cfg.Store.SuccessionPage(ctx, q); err != nil {
		return nil, "", unavailable(err)
	}
	if len(page) == q.Limit {
		page = page[:q.Limit-1]
		last := page[len(page)-1]
		next = strconv.FormatInt(last.ProposedAt.Unix(), 10) + "." + last.ID
	}
	return page, next, nil
}

// WaitingSuccessions counts, among as many as the limit, the proposals that the actor may decide.
func (s *Service) WaitingSuccessions(ctx context.Context, limit int) (int, error) {
	actor := reqctx.From(ctx).Actor
	areas := actor.Reach(RoleReviewer)
	if len(areas) == 0 {
		return 0, nil
	}
	page, err := s.cfg.Store.SuccessionPage(ctx, SuccessionQuery{Areas: areas, State: SuccessionProposed, Limit: limit})
	n := 0
	for _, p := range page {
		if p.ProposedBy != actor.ID {
			n++
		}
	}
	return n, unavailable(err)
}

// Decisions about a succession.
const (
	Record   = "record"   // a reviewer who did not propose it
	Refuse   = "refuse"   // a reviewer who did not propose it
	Withdraw = "withdraw" // whoever proposed it
	Annul    = "annul"    // a reviewer who did not record it
)

var decisions = map[string]struct {
	role     string
	from, to SuccessionState
}{
	Record:   {RoleReviewer, SuccessionProposed, SuccessionRecorded},
	Refuse:   {RoleReviewer, SuccessionProposed, SuccessionRefused},
	Withdraw: {RoleKeeper, SuccessionProposed, SuccessionWithdrawn},
	Annul:    {RoleReviewer, SuccessionRecorded, SuccessionAnnulled},
}

// MayDecide tells whether somebody may take a decision about a succession as it stands now.
func (p Succession) MayDecide(actor reqctx.Actor, decision string) error {
	d, ok := decisions[decision]
	switch {
	case !ok:
		return fault.New(fault.NotFound)
	case !actor.Reaches(p.Area, d.role):
		return fault.New(fault.Forbidden)
	case p.State != d.from:
		return fault.New(fault.SuccessionState)
	case decision == Withdraw && actor.ID != p.ProposedBy:
		return fault.New(fault.Forbidden)
	case decision != Withdraw && (actor.ID == p.ProposedBy || decision == Annul && actor.ID == p.DecidedBy):
		return fault.New(fault.SealSamePerson)
	}
	return nil
}

// DecideSuccession records, refuses, withdraws or annuls a succession. What is recorded or annulled is told to verifiers: the lists of the
// organisation's seals are ordered anew in the same change.
func (s *Service) DecideSuccession(ctx context.Context, id, decision, reason string) (Succession, error) {
	actor, err := require(ctx, roles...)
	if decision == Record {
		actor, err = rested(actor, err)
	}
	if err != nil {
		return Succession{}, err
	}
	p, err := s.FindSuccession(ctx, id)
	if err != nil {
		return Succession{}, err
	}
	if err := p.MayDecide(actor, decision); err != nil {
		return Succession{}, err
	}
	d := decisions[decision]
	if decision == Record {
		reason = ""
		if err := s.noCircle(ctx, p); err != nil { // another one may have been recorded since
			return Succession{}, err
		}
	} else if err := needReason(reason); err != nil {
		return Succession{}, err
	}
	ctx = reqctx.UsingIn(ctx, p.Area, d.role)
	if decision == Annul {
		p.RecordedBy, p.RecordedAt = p.DecidedBy, p.DecidedAt
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Reason = d.to, actor.ID, s.now(), reason
	event := s.event(ctx, "seal.succession_"+string(d.to), successionKey, p.ID, p.told())
	event.Reason = reason
	record := audit.With(event)
	if decision == Record || decision == Annul {
		if record, err = s.ordersAround(ctx, p, record); err != nil {
			return Succession{}, err
		}
	}
	err = s.cfg.Store.UpdateSuccession(ctx, p, d.from, record)
	if errors.Is(err, ErrChanged) {
		return Succession{}, fault.Wrap(err, fault.Conflict)
	}
	return p, unavailable(err)
}

// ordersAround adds the messages that publish the lists of all seals whose entries a succession changes: those of its organisation, and of
// all that it succeeded itself.
func (s *Service) ordersAround(ctx context.Context, p Succession, record audit.Record) (audit.Record, error) {
	if s.cfg.Lists == nil {
		return record, nil
	}
	divisions, err := s.cfg.Lists.Divisions(ctx)
	if err != nil {
		return record, unavailable(err)
	}
	own := map[string]bool{}
	for after := ""; ; {
		page, err := s.cfg.Store.SealsOfOwner(ctx, p.Owner, after, maxPage)
		if err != nil {
			return record, unavailable(err)
		}
		for _, seal := range page {
			division, _ := sealstatus.DivisionOf(seal.Code)
			own[division], after = true, seal.Code
		}
		if len(page) < maxPage {
			break
		}
	}
	for _, division := range divisions {
		earlier, err := s.cfg.Store.SucceededOwners(ctx, division+"00000000", division+"99999999")
		if err != nil {
			return record, unavailable(err)
		}
		if !own[division] && len(earlier) == 0 {
			continue
		}
		record = record.And(publication(division))
	}
	return record, nil
}

// lineStep is who stands in the place of an organisation from a moment on.
type lineStep struct {
	from    time.Time
	kind    SuccessionKind
	parties []Party
}

// lineage follows the recorded successions of an organisation: at each step the whole of those who stand in its place.
func (s *Service) lineage(ctx context.Context, owner Party) ([]lineStep, error) {
	standing := []Party{owner}
	ahead := map[Party]*Succession{}
	var steps []lineStep
	since := time.Time{}
	for range maxSteps {
		next, at := Succession{}, -1
		for i, party := range standing {
			known, asked := ahead[party]
			if !asked {
				p, err := s.cfg.Store.SuccessionOf(ctx, party)
				if err == nil {
					known = &p
				} else if !errors.Is(err, ErrNotFound) {
					return nil, unavailable(err)
				}
				ahead[party] = known
			}
			if known != nil && (at < 0 || known.Since.Before(next.Since)) {
				next, at = *known, i
			}
		}
		if at < 0 {
			break
		}
		if since.Before(next.Since) { // whoever was there before its own beginning was renamed at once
			since = next.Since
		}
		heirs := slices.DeleteFunc(slices.Clone(next.Heirs), func(heir Party) bool { return slices.Contains(standing, heir) })
		standing = slices.Concat(standing[:at], heirs, standing[at+1:])
		if len(standing) == 0 || len(standing) > maxHeirs*2 {
			break
		}
		steps = append(steps, lineStep{since, next.Kind, slices.Clone(standing)})
	}
	return steps, nil
}

// became are the steps of an organisation as lists have them.
func (s *Service) became(ctx context.Context, owner Party) ([]sealstatus.Became, error) {
	steps, err := s.lineage(ctx, owner)
	if err != nil {
		return nil, err
	}
	var all []sealstatus.Became
	for _, step := range steps {
		names := make([]string, len(step.parties))
		for i, party := range step.parties {
			names[i] = party.Name
		}
		all = append(all, sealstatus.Became{From: step.from, Kind: listKinds[step.kind], Names: names})
	}
	return all, nil
}

// tellSuccessions adds to entries with codes from one to another what became of their organisations.
func (s *Service) tellSuccessions(ctx context.Context, seals []sealstatus.Seal, from, to string) error {
	owners, err := s.cfg.Store.SucceededOwners(ctx, from, to)
	if err != nil || len(owners) == 0 {
		return err
	}
	known := map[Party][]sealstatus.Became{}
	for i := range seals {
		owner, ok := owners[seals[i].Code]
		if !ok {
			continue
		}
		if _, ok := known[owner]; !ok {
			if known[owner], err = s.became(ctx, owner); err != nil {
				return err
			}
		}
		if len(known[owner]) > 0 {
			seals[i].Owner, seals[i].Became = owner.Name, known[owner]
		}
	}
	return nil
}

// inherits tells whether an organisation stands in the place of another one by now.
func (s *Service) inherits(ctx context.Context, heir, owner Party) (bool, error) {
	steps, err := s.lineage(ctx, owner)
	if err != nil {
		return false, err
	}
	for _, step := range steps {
		if !step.from.After(s.now()) && slices.Contains(step.parties, heir) {
			return true, nil
		}
	}
	return false, nil
}

// SuccessorOf gives the recorded succession of a seal's organisation; false while it goes on under its name, also where the day is to come.
func (s *Service) SuccessorOf(ctx context.Context, seal Seal) (Succession, bool, error) {
	p, err := s.cfg.Store.SuccessionOf(ctx, seal.party())
	if errors.Is(err, ErrNotFound) {
		return p, false, nil
	}
	return p, err == nil && !p.Since.After(s.now()), unavailable(err)
}

func (seal Seal) party() Party { return Party{seal.Owner, seal.OwnerCode} }

// EndSucceeded ends the seals of organisations that were succeeded, where the succession says when. What was reported lost waits for its
// reviewer, who knows since when. Call it every few seconds, on any number of nodes.
func (s *Service) EndSucceeded(ctx context.Context) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:esign-succession"})
	due, err := s.cfg.Store.SuccessionsDue(ctx, s.now(), maxPage)
	if err != nil {
		return unavailable(err)
	}
	var failures []error
	for _, p := range due {
		failures = append(failures, s.endSeals(ctx, p))
	}
	return errors.Join(failures...)
}

func (s *Service) endSeals(ctx context.Context, p Succession) error {
	for after := ""; ; {
		page, err := s.cfg.Store.SealsOfOwner(ctx, p.Owner, after, maxPage)
		if err != nil {
			return unavailable(err)
		}
		for _, seal := range page {
			after = seal.Code
			if seal.State == Revoked || seal.Cause == CauseLost {
				continue
			}
			seen := seal
			event := s.turn(ctx, &seal, Revoked, Ending{Reason: p.Order})
			// A loss that is reported meanwhile leaves the state as it was and must not be covered up.
			if _, err := s.moved(seal, s.cfg.Store.AmendSeal(ctx, seal, seen, s.orders(seal, audit.With(event)))); err != nil {
				return err // tried again at the next call
			}
		}
		if len(page) < maxPage {
			break
		}
	}
	p.SealsEnded = true
	err := s.cfg.Store.UpdateSuccession(ctx, p, SuccessionRecorded, audit.With(s.event(ctx, "seal.succession_seals_ended", successionKey, p.ID, nil)))
	if errors.Is(err, ErrChanged) {
		return nil // annulled meanwhile, or another node was quicker
	}
	return unavailable(err)
}
