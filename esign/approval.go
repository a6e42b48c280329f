package esign

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// UseState of a request for the use of a seal.
type UseState string

// States of requests: requested → approved | refused | withdrawn | expired, approved → used | withdrawn | expired.
const (
	UseRequested UseState = "requested"
	UseApproved  UseState = "approved"
	UseRefused   UseState = "refused"
	UseWithdrawn UseState = "withdrawn"
	UseExpired   UseState = "expired"
	UseUsed      UseState = "used" // every use that it allows is taken
)

// UseStates are all of them.
var UseStates = []UseState{UseRequested, UseApproved, UseRefused, UseWithdrawn, UseExpired, UseUsed}

// UseApproval is one person's approval.
type UseApproval struct {
	By     string
	Digest string
	At     time.Time
}

// UseRequest asks others to allow a use of a seal: on this document, at these places, for this purpose, by this requester, and nothing else.
type UseRequest struct {
	ID        string
	SealID    string
	State     UseState
	Requester string
	Key       string // idempotency key of the requester
	SourceSM3 string
	File      string // name of the document
	Remote    bool   // the document stays with the requester; SourceSM3 is the digest that is signed of it
	Kept      bool   // the document was given and lies in the document store, for the approver to see, until it is removed
	Item      string
	Purpose   string
	Places    []Place
	Rule      int64  // number of the rule under which it is decided; another one in force ends it
	Approver  string // role
	Needed    int    // approvals
	Hours     int    // how long the approval lasts from the last one
	Uses      int
	Left      int    // uses that are not taken
	Digest    string // SM3 of what is decided about
	Approvals []UseApproval
	DecidedBy string // who refused, withdrew or approved last
	Reason    string // of a refusal or withdrawal
	CreatedAt time.Time
	ExpiresAt time.Time // until then it waits for approvals, or is used
	DecidedAt time.Time
	RemovedAt time.Time // when the document left the store; zero while it lies there, and where it was not given

	// Of the seal, as lists show them; a store fills them in.
	SealName string
	Area     string
}

// UseQuery selects requests, the newest first.
type UseQuery struct {
	Areas     []string
	State     UseState // empty is any
	SealID    string   // empty is any
	Approvers []string // roles, with Areas; empty is any
	After     Position
	Now       time.Time // for expiry, which a row may not tell yet
	Limit     int
}

// Errors of stores.
var (
	// ErrUnapproved: the request does not allow a use, or no further one.
	ErrUnapproved = errors.New("esign: no approval to take")
	// ErrRule: another rule came into force meanwhile.
	ErrRule = errors.New("esign: the rule of the seal changed")
)

// Uses keeps rules of seals and requests for their use. PlanStamp and TakeOver take a use of the request that Stamp.Approval names, in their own
// transaction and under the rule number that the stamp names: ErrUnapproved, ErrRule. A stamp that is abandoned gives its use back.
type Uses interface {
	// SealRule is the rule of a seal; one with the seal's id alone where none was set.
	SealRule(ctx context.Context, sealID string) (SealRule, error)
	// PutSealRule stores it in place of the version given; ErrChanged. It holds off stamps of the seal until it is stored.
	PutSealRule(ctx context.Context, rule SealRule, version int64, record audit.Record) error
	// AddUse stores a request while its seal is in use; ErrInactive, ErrExists when the requester used the key before.
	AddUse(ctx context.Context, u UseRequest, record audit.Record) error
	Use(ctx context.Context, id string) (UseRequest, error)
	UseByKey(ctx context.Context, requester, key string) (UseRequest, error)
	UseRequests(ctx context.Context, q UseQuery) ([]UseRequest, error)
	// UsesByID gives those of the requests that are there.
	UsesByID(ctx context.Context, ids []string) ([]UseRequest, error)
	// UsesOf gives the requests of a requester for a document and a seal, approved and not over by now, the one that ends first first.
	UsesOf(ctx context.Context, sealID, requester, sourceSM3 string, now time.Time, limit int) ([]UseRequest, error)
	// ApproveUse adds an approval to a request that waits with so many, under the digest, not over by now, while its seal is in use and the rule is
	// still in force; u says how it stands afterwards. ErrChanged, ErrInactive, ErrRule; ErrExists when the person approved before.
	ApproveUse(ctx context.Context, u UseRequest, a UseApproval, before int, record audit.Record) error
	// EndUse moves a request from a state to a final one with its reason; ErrChanged when it is not in that state any more.
	EndUse(ctx context.Context, u UseRequest, from UseState, record audit.Record) error
	// UsesOver lists requests that wait or are approved and whose time was over by now, oldest first.
	UsesOver(ctx context.Context, now time.Time, limit int) ([]UseRequest, error)
	// UsesKept lists requests whose documents are still kept though they ended by then and no planned stamp names them. One that is used ends
	// when its approval would have, since an abandoned stamp gives its use back until then.
	UsesKept(ctx context.Context, ended time.Time, limit int) ([]UseRequest, error)
	// DocumentsHeld gives those of the addresses where a stamp keeps its result, or where a request keeps its document that UsesKept would not list.
	DocumentsHeld(ctx context.Context, addresses []string, ended time.Time) ([]string, error)
	// RemoveUseDocument notes in a request that its document is kept no more, at RemovedAt; ErrChanged when that is noted.
	RemoveUseDocument(ctx context.Context, u UseRequest, record audit.Record) error
}

// requestLife is how long a request waits for its approvals.
const requestLife = 7 * 24 * time.Hour

// maxFile is how long the name of a document may be, in characters.
const maxFile = 100

// TopicUse tells of a change of a request: UseNotice.
const TopicUse = "seal.use_changed"

// UseNotice is the payload of TopicUse. Used says that a use was taken, be it not the last one.
type UseNotice struct {
	Request string   `json:"request"`
	Seal    string   `json:"seal"`
	State   UseState `json:"state"`
}

// UseOrder asks for the use of a seal. With the document the approver sees it; without, its SM3 is all that is known of it.
type UseOrder struct {
	SealID   string
	Document []byte
	SM3      string // hex; of the document, when that is not given
	Remote   bool   // the document stays with the requester, and SM3 is the digest that is signed of it
	File     string
	Places   []Place
	Item     string
	Purpose  string
	Key      string // idempotency key
}

// subject is SM3 of what is decided about, each part with its length.
func (u UseRequest) subject() string {
	places, err := json.Marshal(u.Places)
	if err != nil {
		return "" // a number that is none: no digest is the same
	}
	parts := []string{"yinxin seal use 1", u.ID, u.SealID, u.Requester, u.SourceSM3, u.File, strconv.FormatBool(u.Kept), u.Item, u.Purpose, string(places), strconv.FormatInt(u.Rule, 10), u.Approver,
		strconv.Itoa(u.Needed), strconv.Itoa(u.Hours), strconv.Itoa(u.Uses), strconv.FormatInt(u.CreatedAt.UnixMicro(), 10)}
	if u.Remote { // requests of before have no such part
		parts = append(parts, "remote")
	}
	octets := make([][]byte, len(parts))
	for i, part := range parts {
		octets[i] = []byte(part)
	}
	return hex.EncodeToString(digest.SumParts(octets...))
}

// sameOrder tells whether two requests were asked for in the same words.
func (u UseRequest) sameOrder(o UseRequest) bool {
	return u.SealID == o.SealID && u.SourceSM3 == o.SourceSM3 && u.File == o.File && u.Kept == o.Kept && u.Item == o.Item && u.Purpose == o.Purpose && u.Remote == o.Remote && prepare.SamePlaces(u.Places, o.Places)
}

// at is the request as it stands at a time: what is over is expired, whether the sweep came by or not.
func (u UseRequest) at(now time.Time) UseRequest {
	if (u.State == UseRequested || u.State == UseApproved) && !now.Before(u.ExpiresAt) {
		u.State = UseExpired
	}
	return u
}

// RequestUse asks for the use of a seal. Whatever speaks against the stamp is told at once when the document is given.
func (s *Service) RequestUse(ctx context.Context, o UseOrder) (UseRequest, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return UseRequest{}, err
	}
	seal, err := s.find(ctx, o.SealID)
	if err == nil {
		ctx, err = seal.in(ctx, RoleKeeper)
	}
	if err != nil {
		return UseRequest{}, err
	}
	wanted, err := s.wantedUse(actor.ID, o)
	if err != nil {
		return UseRequest{}, err
	}
	if earlier, err := s.earlierUse(ctx, wanted); err != nil || earlier.ID != "" {
		return earlier, err
	}
	if err := s.keeps(ctx, actor.ID, seal); err != nil {
		return UseRequest{}, err
	}
	if seal.State != Active {
		return UseRequest{}, fault.New(fault.SealSuspended)
	}
	rule, err := s.ruleOf(ctx, seal.ID)
	if err == nil {
		err = rule.Rule.mayRemote(wanted.Remote)
	}
	if err != nil {
		return UseRequest{}, err
	}
	if wanted.Kept {
		if _, err := s.prepare(ctx, Stamp{SealID: seal.ID, Places: o.Places}, handedOver(o.Document)); err != nil {
			return UseRequest{}, err
		}
		if _, err := s.cfg.Blobs.Put(ctx, o.Document); err != nil {
			return UseRequest{}, unavailable(fmt.Errorf("store document: %w", err))
		}
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	r := rule.Rule
	wanted.ID, wanted.CreatedAt, wanted.ExpiresAt = ident.New(s.cfg.Rand, "use"), now, now.Add(requestLife)
	wanted.Rule, wanted.Approver, wanted.Needed, wanted.Hours, wanted.Uses, wanted.Left = rule.Number, r.Approver, r.Approvals, r.Hours, r.Uses, r.Uses
	wanted.Digest, wanted.SealName, wanted.Area = wanted.subject(), seal.Name, seal.Area
	switch err := s.cfg.Store.AddUse(ctx, wanted, s.told(ctx, wanted, "")); {
	case errors.Is(err, ErrExists):
		earlier, err := s.earlierUse(ctx, wanted)
		if err == nil && earlier.ID == "" {
			err = fault.New(fault.Conflict)
		}
		return earlier, err
	case errors.Is(err, ErrInactive):
		return UseRequest{}, fault.Wrap(err, fault.SealSuspended)
	case err != nil:
		return UseRequest{}, unavailable(err)
	}
	return wanted, nil
}

// wantedUse is the request that an order asks for, if it has the right form.
func (s *Service) wantedUse(requester string, o UseOrder) (UseRequest, error) {
	stamp, err := s.wanted(requester, StampRequest{SealID: o.SealID, Document: o.Document, Places: o.Places, Item: o.Item, Purpose: o.Purpose, Key: o.Key})
	if err != nil {
		return UseRequest{}, err
	}
	wrong := fault.New(fault.Invalid)
	u := UseRequest{SealID: o.SealID, State: UseRequested, Requester: requester, Key: o.Key, SourceSM3: stamp.SourceSM3, File: o.File, Kept: len(o.Document) > 0, Item: o.Item, Purpose: o.Purpose, Places: o.Places, Remote: o.Remote}
	given, err := hex.DecodeString(o.SM3)
	switch {
	case !u.Kept && (err != nil || len(given) != digest.Size), u.Kept && o.SM3 != "" && !strings.EqualFold(o.SM3, u.SourceSM3):
		wrong.WithField("sm3", fault.SealField)
	case !u.Kept:
		u.SourceSM3 = hex.EncodeToString(given)
	}
	if u.Kept && u.Remote {
		wrong.WithField("document", fault.SealRemoteDigest)
	}
	if !plain(o.File, maxFile) {
		wrong.WithField("file", fault.SealField)
	}
	if len(o.Places) > MaxPlaces {
		wrong.WithField("places", fault.StampPlace)
	}
	for _, place := range o.Places {
		if member := place.Foreign(); member != "" {
			wrong.WithField(member, fault.StampPlace)
		}
	}
	if len(wrong.Fields) > 0 {
		return u, wrong
	}
	return u, nil
}

// earlierUse is what a key led to before.
func (s *Service) earlierUse(ctx context.Context, wanted UseRequest) (UseRequest, error) {
	u, err := s.cfg.Store.UseByKey(ctx, wanted.Requester, wanted.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return UseRequest{}, nil
	case err != nil:
		return UseRequest{}, unavailable(err)
	case !u.sameOrder(wanted):
		return UseRequest{}, fault.New(fault.StampKeyReused)
	}
	return u.at(s.cfg.Now()), nil
}

// told is the record of a change of a request: its audit event, and the message that tells of it.
func (s *Service) told(ctx context.Context, u UseRequest, reason string) audit.Record {
	e := s.event(ctx, "seal.use."+string(u.State), "seal_use", u.ID, map[string]string{"seal": u.SealID, "requester": u.Requester, "source": u.SourceSM3, "remote": strconv.FormatBool(u.Remote), "digest": u.Digest, "approvals": strconv.Itoa(len(u.Approvals)), "item": u.Item})
	e.Reason = reason
	payload, _ := json.Marshal(UseNotice{Request: u.ID, Seal: u.SealID, State: u.State}) // plain texts
	return audit.With(e).And(audit.Message{Topic: TopicUse, Key: u.ID, Payload: payload})
}

// FindUse reads a request about a seal of the own areas.
func (s *Service) FindUse(ctx context.Context, id string) (UseRequest, error) {
	if err := Staff(ctx); err != nil {
		return UseRequest{}, err
	}
	if id == "" || !plain(id, maxID) {
		return UseRequest{}, fault.New(fault.NotFound)
	}
	u, err := s.cfg.Store.Use(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !reqctx.From(ctx).Actor.Reaches(u.Area, roles...):
		return UseRequest{}, fault.New(fault.NotFound)
	case err != nil:
		return UseRequest{}, unavailable(err)
	}
	return u.at(s.cfg.Now()), nil
}

// Uses lists the requests about seals of the own areas, newest first, after a cursor. next is empty on the last page.
func (s *Service) Uses(ctx context.Context, state UseState, sealID, after string, limit int) (page []UseRequest, next string, err error) {
	position, err := parsePosition(after)
	if err != nil {
		return nil, "", err
	}
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	if sealID != "" {
		if _, err := s.Find(ctx, sealID); err != nil {
			return nil, "", err
		}
	}
	limit = min(max(limit, 1), maxPage)
	now := s.cfg.Now()
	page, err = s.cfg.Store.UseRequests(ctx, UseQuery{Areas: actor.Reach(roles...), State: state, SealID: sealID, After: position, Now: now, Limit: limit + 1})
	if err != nil {
		return nil, "", unavailable(err)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = strconv.FormatInt(last.CreatedAt.UnixMicro(), 10) + "." + last.ID
	}
	for i := range page {
		page[i] = page[i].at(now)
	}
	return page, next, nil
}

// WaitingUses counts, among the newest ones, the requests on which the actor may decide.
func (s *Service) WaitingUses(ctx context.Context, limit int) (n int, err error) {
	actor := reqctx.From(ctx).Actor
	for _, role := range []string{RoleApprover, RoleKeeper} {
		areas := actor.Reach(role)
		if len(areas) == 0 {
			continue
		}
		page, err := s.cfg.Store.UseRequests(ctx, UseQuery{Areas: areas, State: UseRequested, Approvers: []string{role}, Now: s.cfg.Now(), Limit: limit})
		if err != nil {
			return 0, unavailable(err)
		}
		for _, u := range page {
			if u.MayDecide(actor) == nil {
				n++
			}
		}
	}
	return min(n, limit), nil
}

// MayDecide tells why somebody may not decide on a request: a person with its role for the area of the seal, who did not ask for it and has not
// approved it yet. A service client is no person.
func (u UseRequest) MayDecide(actor reqctx.Actor) error {
	switch {
	case actor.Machine(), !actor.Reaches(u.Area, u.Approver):
		return fault.New(fault.Forbidden)
	case actor.ID == u.Requester, slices.ContainsFunc(u.Approvals, func(a UseApproval) bool { return a.By == actor.ID }):
		return fault.New(fault.SealUseSamePerson)
	}
	return nil
}

// UseDecision is what somebody decides who read a request.
type UseDecision struct {
	Agree  bool
	Digest string // of what was read
	Reason string // of a refusal
}

// DecideUse approves or refuses a request. An approval is about exactly what was read: the digest is computed anew from what is stored.
func (s *Service) DecideUse(ctx context.Context, id string, d UseDecision) (UseRequest, error) {
	actor, err := rested(require(ctx, RoleApprover, RoleKeeper))
	if err == nil && actor.Machine() {
		err = fault.New(fault.Forbidden)
	}
	if err != nil {
		return UseRequest{}, err
	}
	u, err := s.FindUse(ctx, id)
	if err == nil {
		err = u.MayDecide(actor)
	}
	if err == nil && !d.Agree {
		err = needReason(d.Reason)
	}
	if err != nil {
		return UseRequest{}, err
	}
	if u.State != UseRequested {
		return UseRequest{}, fault.New(fault.SealUseState)
	}
	if !strings.EqualFold(d.Digest, u.Digest) || u.subject() != u.Digest {
		return UseRequest{}, fault.New(fault.SealUseDigest)
	}
	if d.Agree && u.Approver == RoleKeeper { // "another keeper" is one of those whom the organisation named
		if err := s.keepsByID(ctx, actor.ID, u.SealID); err != nil {
			return UseRequest{}, err
		}
	}
	ctx = reqctx.UsingIn(ctx, u.Area, u.Approver)
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	u.DecidedBy, u.DecidedAt = actor.ID, now
	if !d.Agree {
		u.State, u.Reason = UseRefused, d.Reason
		return u, s.useFault(s.cfg.Store.EndUse(ctx, u, UseRequested, s.told(ctx, u, d.Reason)))
	}
	before := len(u.Approvals)
	a := UseApproval{By: actor.ID, Digest: u.Digest, At: now}
	u.Approvals = append(slices.Clone(u.Approvals), a)
	if len(u.Approvals) >= u.Needed {
		u.State, u.ExpiresAt = UseApproved, now.Add(time.Duration(u.Hours)*time.Hour)
	}
	record := s.told(ctx, u, "")
	record.Events[0].Type = "seal.use.approved" // also the first of two, whose number the details tell
	return u, s.useFault(s.cfg.Store.ApproveUse(ctx, u, a, before, record))
}

// useFault is what a store's refusal of a change of a request means.
func (s *Service) useFault(err error) error {
	switch {
	case errors.Is(err, ErrExists):
		return fault.Wrap(err, fault.SealUseSamePerson)
	case errors.Is(err, ErrInactive):
		return fault.Wrap(err, fault.SealSuspended)
	case errors.Is(err, ErrChanged), errors.Is(err, ErrRule):
		return fault.Wrap(err, fault.SealUseState)
	}
	return unavailable(err)
}

// WithdrawUse takes a request back, or an approval that was not used up. Its requester may, and whoever may approve it takes back an approval.
// Withdrawing is stopping, so nobody has to rest before it.
func (s *Service) WithdrawUse(ctx context.Context, id, reason string) (UseRequest, error) {
	actor, err := require(ctx, RoleKeeper, RoleApprover)
	if err != nil {
		return UseRequest{}, err
	}
	u, err := s.FindUse(ctx, id)
	if err != nil {
		return UseRequest{}, err
	}
	if !u.MayWithdraw(actor) {
		return UseRequest{}, fault.New(fault.Forbidden)
	}
	if err := needReason(reason); err != nil {
		return UseRequest{}, err
	}
	from := u.State
	if from != UseRequested && from != UseApproved {
		return UseRequest{}, fault.New(fault.SealUseState)
	}
	role := RoleKeeper
	if actor.ID != u.Requester {
		role = u.Approver
	}
	ctx = reqctx.UsingIn(ctx, u.Area, role)
	u.State, u.Reason, u.DecidedBy, u.DecidedAt = UseWithdrawn, reason, actor.ID, s.cfg.Now().UTC().Truncate(time.Microsecond)
	return u, s.useFault(s.cfg.Store.EndUse(ctx, u, from, s.told(ctx, u, reason)))
}

// MayWithdraw tells whether somebody may take a request or its approval back.
func (u UseRequest) MayWithdraw(actor reqctx.Actor) bool {
	return actor.ID == u.Requester || u.State == UseApproved && !actor.Machine() && actor.Reaches(u.Area, u.Approver)
}

// ExpireUses ends requests whose time is over, so that the trail tells it. They were of no use before that already.
func (s *Service) ExpireUses(ctx context.Context) (ended int, err error) {
	const batch = 100
	for {
		now := s.cfg.Now().UTC().Truncate(time.Microsecond)
		over, err := s.cfg.Store.UsesOver(ctx, now, batch)
		if err != nil {
			return ended, unavailable(err)
		}
		before := ended
		for _, u := range over {
			from := u.State
			u.State, u.DecidedBy, u.DecidedAt = UseExpired, "system:esign", now
			err := s.cfg.Store.EndUse(ctx, u, from, s.told(ctx, u, ""))
			if errors.Is(err, ErrChanged) {
				continue
			}
			if err != nil {
				return ended, unavailable(err)
			}
			ended++
		}
		if len(over) < batch || ended == before {
			return ended, nil
		}
	}
}

// UseDocument gives the document of a request while it waits or is approved, to its requester and to those who may decide.
func (s *Service) UseDocument(ctx context.Context, id string) (UseRequest, []byte, error) {
	u, err := s.FindUse(ctx, id)
	if err != nil {
		return u, nil, err
	}
	actor := reqctx.From(ctx).Actor
	if actor.ID != u.Requester && !actor.Reaches(u.Area, u.Approver) {
		return u, nil, fault.New(fault.Forbidden)
	}
	if !u.Kept || u.State != UseRequested && u.State != UseApproved {
		return u, nil, fault.New(fault.NotFound)
	}
	document, err := s.cfg.Blobs.Get(ctx, u.SourceSM3)
	if err != nil {
		return u, nil, unavailable(fmt.Errorf("read document: %w", err))
	}
	if digest.Hex(document) != u.SourceSM3 {
		return u, nil, fault.Wrap(errors.New("the stored document is another one"), fault.Internal)
	}
	return u, document, nil
}

// UsePlaces tells where a request would draw the seal on its document, after every check that needs no key.
func (s *Service) UsePlaces(ctx context.Context, u UseRequest, document []byte) ([]Appearance, error) {
	j, err := s.prepare(ctx, Stamp{SealID: u.SealID, Places: u.Places}, handedOver(document))
	if err != nil {
		return nil, err
	}
	return j.shown, nil
}

// NextKey is the idempotency key of the next use of a request.
func (u UseRequest) NextKey() string { return u.ID + "." + strconv.Itoa(u.Left) }

// StampApproved carries out an approved request of the own, on its kept document or on the one given. The same key leads to the same result.
func (s *Service) StampApproved(ctx context.Context, id, key string, document []byte) (Stamp, []byte, error) {
	u, err := s.FindUse(ctx, id)
	if err == nil && u.Requester != reqctx.From(ctx).Actor.ID {
		err = fault.New(fault.Forbidden)
	}
	if err == nil && !strings.HasPrefix(key, u.ID+".") {
		err = fault.New(fault.Malformed)
	}
	if err == nil && !u.RemovedAt.IsZero() {
		return s.stampedBefore(ctx, u, key)
	}
	if err == nil && u.Kept {
		if document, err = s.cfg.Blobs.Get(ctx, u.SourceSM3); err != nil {
			err = unavailable(fmt.Errorf("read document: %w", err))
		}
	}
	if err != nil {
		return Stamp{}, nil, err
	}
	return s.Stamp(ctx, StampRequest{SealID: u.SealID, Document: document, Places: u.Places, Item: u.Item, Purpose: u.Purpose, ExpectedSM3: u.SourceSM3, Approval: u.ID, Key: key})
}

// ApprovalsOf gives the requests behind uses of seals, by their ids.
func (s *Service) ApprovalsOf(ctx context.Context, stamps []Stamp) (map[string]UseRequest, error) {
	var ids []string
	for _, stamp := range stamps {
		if stamp.Approval != "" && !slices.Contains(ids, stamp.Approval) {
			ids = append(ids, stamp.Approval)
		}
	}
	found := map[string]UseRequest{}
	if len(ids) == 0 {
		return found, nil
	}
	all, err := s.cfg.Store.UsesByID(ctx, ids)
	if err != nil {
		return nil, unavailable(err)
	}
	for _, u := range all {
		found[u.ID] = u.at(s.cfg.Now())
	}
	return found, nil
}
