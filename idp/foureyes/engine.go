package foureyes

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Config of the engine.
type Config struct {
	Store  Store
	Sealer Sealer
	Now    func() time.Time
	Rand   io.Reader
	// Human names the human behind an actor by a keyed hash, so that two accounts of one person count once; empty where none is
	// known. nil knows none.
	Human func(ctx context.Context, actor string) (string, error)
}

// Sealer seals what is proposed under the key of the object that it is about, so that what concerns a person is unreadable when
// the person is forgotten.
type Sealer interface {
	SealAbout(ctx context.Context, objectType, objectID string, plaintext []byte, place string) (keyID string, sealed []byte, err error)
	UnsealAbout(ctx context.Context, objectType, objectID, keyID string, sealed []byte, place string) ([]byte, error)
}

// Engine opens and decides proposals.
type Engine struct {
	cfg   Config
	kinds map[string]Kind
}

// New returns an engine without kinds.
func New(cfg Config) *Engine { return &Engine{cfg, map[string]Kind{}} }

// Register adds kinds; called while the program is put together, before anybody proposes.
func (e *Engine) Register(kinds ...Kind) {
	for _, k := range kinds {
		if _, known := e.kinds[k.Name]; known || k.Name == "" || k.Role == "" || k.Execute == nil {
			panic("foureyes: kind " + k.Name + " is there twice or not whole") // a mistake of assembly
		}
		k.Needed = max(k.Needed, 1)
		if k.Life == 0 {
			k.Life = Life
		}
		e.kinds[k.Name] = k
	}
}

// Wish is what somebody proposes.
type Wish struct {
	Kind                 string
	ObjectType, ObjectID string
	Version, Area        string
	Subject              string // actor of the account that it is about; may be empty
	Human                string // whom it is about, where no account stands for this human yet
	Machine              string // who proposes, when it is no person: then one approval more is needed
	Payload              any
	// Once names what is proposed once, however often it is asked for, such as a message that comes again; empty for everything else.
	Once string
}

// envelope is what is sealed. The salt keeps the digest, which everybody in the console sees, from telling a payload that can
// be guessed, such as a number.
type envelope struct {
	Salt    []byte          `json:"salt"`
	Payload json.RawMessage `json:"payload"`
}

// canonical is JSON with sorted members and without spaces, whatever wrote it.
func canonical(value any) ([]byte, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// digestOf binds a payload to everything that is decided with it.
func digestOf(p Proposal, salt, payload []byte) string {
	parts := [][]byte{[]byte("yinxin-proposal-1"), salt, payload}
	for _, word := range []string{p.ID, p.Kind, p.ObjectType, p.ObjectID, p.Version, p.Role, p.Area, p.Origin, p.Subject, strconv.Itoa(p.Needed),
		p.CreatedAt.UTC().Format(time.RFC3339Nano), p.ExpiresAt.UTC().Format(time.RFC3339Nano)} {
		parts = append(parts, []byte(word))
	}
	return hex.EncodeToString(digest.SumParts(parts...))
}

// Draft makes a proposal that the caller stores together with something else, with its record.
func (e *Engine) Draft(ctx context.Context, w Wish) (Proposal, audit.Record, error) {
	kind, ok := e.kinds[w.Kind]
	if !ok {
		return Proposal{}, audit.Record{}, fmt.Errorf("foureyes: kind %q is not registered", w.Kind)
	}
	now := e.cfg.Now().UTC().Truncate(time.Microsecond)
	p := Proposal{ID: ident.New(e.cfg.Rand, "prop"), Kind: w.Kind, State: Open, ObjectType: w.ObjectType, ObjectID: w.ObjectID, Version: w.Version, Role: kind.Role, Area: w.Area,
		Origin: w.Machine, Reason: reqctx.From(ctx).Reason, Needed: kind.Needed, CreatedAt: now, ExpiresAt: now.Add(kind.Life)}
	if w.Once != "" {
		p.ID = "prop_" + hex.EncodeToString(digest.SumParts([]byte("yinxin-proposal-once"), []byte(w.Kind), []byte(w.Once))[:16])
	}
	if w.Machine != "" {
		p.Needed++
	} else {
		person, err := e.person(ctx, PartProposed, now)
		if err != nil {
			return p, audit.Record{}, err
		}
		p.Origin, p.People = person.Actor, []Person{person}
	}
	p.Subject = w.Human
	if w.Subject != "" {
		var err error
		if p.Subject, err = e.human(ctx, w.Subject); err != nil {
			return p, audit.Record{}, err
		}
	}
	if p.Subject != "" {
		if slices.ContainsFunc(p.People, func(one Person) bool { return one.Human == p.Subject }) {
			return p, audit.Record{}, fault.New(fault.ProposalSelf)
		}
	}
	payload, err := canonical(w.Payload)
	if err != nil {
		return p, audit.Record{}, err
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(e.cfg.Rand, salt); err != nil {
		return p, audit.Record{}, err
	}
	p.Digest = digestOf(p, salt, payload)
	plaintext, err := json.Marshal(envelope{salt, payload})
	if err != nil {
		return p, audit.Record{}, err
	}
	if p.KeyID, p.Sealed, err = e.cfg.Sealer.SealAbout(ctx, p.ObjectType, p.ObjectID, plaintext, place(p)); err != nil {
		return p, audit.Record{}, err
	}
	return p, audit.With(e.event(ctx, "proposal.opened", p)), nil
}

// Propose opens a proposal.
func (e *Engine) Propose(ctx context.Context, w Wish) (Proposal, error) {
	p, record, err := e.Draft(ctx, w)
	if err != nil {
		return p, err
	}
	if err := e.cfg.Store.PutProposal(ctx, p, record); err != nil {
		return p, fmt.Errorf("store proposal: %w", err)
	}
	return p, nil
}

func (e *Engine) human(ctx context.Context, actor string) (string, error) {
	if e.cfg.Human != nil {
		if human, err := e.cfg.Human(ctx, actor); err != nil || human != "" {
			return human, err
		}
	}
	return actor, nil
}

func (e *Engine) person(ctx context.Context, part string, at time.Time) (Person, error) {
	actor := reqctx.From(ctx).Actor.ID
	if actor == "" {
		return Person{}, fault.New(fault.ProposalSelf) // nobody is nobody else
	}
	human, err := e.human(ctx, actor)
	return Person{Human: human, Actor: actor, Part: part, At: at}, err
}

func (e *Engine) event(ctx context.Context, kind string, p Proposal) audit.Event {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "anonymous"
	}
	details := map[string]string{"proposal": p.ID, "kind": p.Kind, "digest": p.Digest, "role": p.Role}
	if p.Area != "" {
		details["area"] = p.Area
	}
	return audit.Event{Type: kind, At: e.cfg.Now().UTC(), Actor: actor, ActingFor: request.Actor.ActingFor, ObjectType: p.ObjectType, ObjectID: p.ObjectID, RequestID: request.ID, Reason: request.Reason, Details: request.Told(details)}
}

// Find reads a proposal; one whose time is over is told as expired.
func (e *Engine) Find(ctx context.Context, id string) (Proposal, error) {
	p, err := e.cfg.Store.Proposal(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return p, fault.New(fault.NotFound)
	}
	if err != nil {
		return p, fault.Wrap(err, fault.Unavailable)
	}
	return e.aged(p), nil
}

func (e *Engine) aged(p Proposal) Proposal {
	if p.State == Open && !e.cfg.Now().Before(p.ExpiresAt) {
		p.State = Expired
	}
	return p
}

// Page lists proposals; next is empty on the last page.
func (e *Engine) Page(ctx context.Context, q Query) (page []Proposal, next string, err error) {
	limit := q.Limit
	q.Limit, q.At = limit+1, e.cfg.Now().UTC()
	if page, err = e.cfg.Store.Proposals(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	for i := range page {
		page[i] = e.aged(page[i])
	}
	return page, next, nil
}

// Waiting counts what the current actor may decide now, up to a bound of the store.
func (e *Engine) Waiting(ctx context.Context) (int, error) {
	q := e.Mine(ctx)
	if len(q.Reach) == 0 {
		return 0, nil
	}
	n, err := e.cfg.Store.CountProposals(ctx, q)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	return n, nil
}

// Mine selects what the current actor may decide now by role and area, and nobody else has taken. Without a right its reach
// is empty, which a caller must not ask the store with.
func (e *Engine) Mine(ctx context.Context) Query {
	actor := reqctx.From(ctx).Actor
	q := Query{States: []string{Open}, Free: actor.ID, At: e.cfg.Now().UTC()}
	for _, right := range actor.Rights {
		q.Reach = append(q.Reach, Reach{right.Role, right.Area})
	}
	return q
}

// place is what a sealed payload is bound to.
func place(p Proposal) string { return "proposal/" + p.ID }

// Payload opens the payload of a proposal that waits, and shows that it is the one of its digest.
func (e *Engine) Payload(ctx context.Context, p Proposal) (json.RawMessage, error) {
	plaintext, err := e.cfg.Sealer.UnsealAbout(ctx, p.ObjectType, p.ObjectID, p.KeyID, p.Sealed, place(p))
	if err != nil {
		return nil, fmt.Errorf("open proposal: %w", err)
	}
	var inside envelope
	if err := json.Unmarshal(plaintext, &inside); err != nil {
		return nil, fmt.Errorf("open proposal: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(digestOf(p, inside.Salt, inside.Payload)), []byte(p.Digest)) != 1 {
		return nil, fault.New(fault.ProposalChanged)
	}
	return inside.Payload, nil
}

// open reads a proposal that the current actor may decide, with the digest that was read.
func (e *Engine) open(ctx context.Context, id, digest string) (Proposal, Kind, error) {
	p, err := e.Find(ctx, id)
	if err != nil {
		return p, Kind{}, err
	}
	kind, ok := e.kinds[p.Kind]
	if !ok {
		return p, kind, fmt.Errorf("foureyes: kind %q is not registered", p.Kind)
	}
	switch {
	case !reqctx.From(ctx).Actor.HasIn(kind.Role, p.Area):
		return p, kind, fault.New(fault.Forbidden)
	case p.State == Expired:
		return p, kind, e.expire(ctx, p)
	case p.State != Open:
		return p, kind, fault.New(fault.ProposalClosed)
	case subtle.ConstantTimeCompare([]byte(digest), []byte(p.Digest)) != 1:
		return p, kind, fault.New(fault.ProposalChanged)
	}
	return p, kind, nil
}

// expire writes down that the time of a proposal is over; it was over before that.
func (e *Engine) expire(ctx context.Context, p Proposal) error {
	stored := p
	stored.State = Expired
	err := e.cfg.Store.Close(ctx, p.ID, Expired, "", e.cfg.Now().UTC(), audit.With(e.event(ctx, "proposal.expired", stored)))
	if err != nil && !errors.Is(err, ErrConflict) { // it stands as expired already
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.ProposalExpired)
}

// Approve adds the current actor to those who stand behind a proposal, and executes it when they are enough. digest is that
// of what was read. Nobody counts twice, and nobody decides on the own case.
func (e *Engine) Approve(ctx context.Context, id, digest string) (Proposal, error) {
	p, kind, err := e.open(ctx, id, digest)
	if err != nil {
		return p, err
	}
	at := e.cfg.Now().UTC()
	person, err := e.person(ctx, PartApproved, at)
	if err != nil {
		return p, err
	}
	if slices.ContainsFunc(p.People, func(one Person) bool { return one.Human == person.Human || one.Actor == person.Actor }) || p.Subject != "" && p.Subject == person.Human {
		return p, fault.New(fault.ProposalSelf)
	}
	about := p.ObjectID // an actor, or the account whose legal identity may have become known since it was proposed
	if p.ObjectType == "account" {
		about = "account:" + p.ObjectID
	}
	if human, err := e.human(ctx, about); err != nil {
		return p, err
	} else if human == person.Human {
		return p, fault.New(fault.ProposalSelf)
	}
	payload, err := e.Payload(ctx, p)
	if err != nil {
		return p, err
	}
	if kind.Version != nil {
		version, err := kind.Version(ctx, p.ObjectID)
		if err != nil {
			return p, err
		}
		if version != p.Version {
			return p, fault.New(fault.ProposalChanged)
		}
	}
	next := p
	next.People = append(slices.Clone(p.People), person)
	s := Settlement{ID: p.ID, Digest: p.Digest, Approvals: p.Approvals(), Person: person, At: at}
	if next.Approvals() < p.Needed {
		s.Record = audit.With(e.event(ctx, "proposal.approved", p))
		return next, told(e.cfg.Store.Vote(ctx, s))
	}
	executed := e.event(ctx, "proposal.executed", p)
	executed.Details["people"] = strings.Join(next.Actors(), " ")
	s.Record = audit.With(executed)
	if err := told(kind.Execute(ctx, next, payload, s)); err != nil {
		return p, err
	}
	next.State, next.DecidedAt, next.DecidedBy, next.Sealed = Executed, at, person.Actor, nil
	return next, nil
}

// told turns the errors of a store into faults.
func told(err error) error {
	switch {
	case errors.Is(err, ErrConflict):
		return fault.Wrap(err, fault.ProposalClosed)
	case errors.Is(err, ErrSelf):
		return fault.Wrap(err, fault.ProposalSelf)
	}
	return err
}

// Refuse closes a proposal without a change. Who may approve may refuse, the proposer too.
func (e *Engine) Refuse(ctx context.Context, id, digest string) (Proposal, error) {
	p, _, err := e.open(ctx, id, digest)
	if err != nil {
		return p, err
	}
	return e.close(ctx, p, Refused, "proposal.refused")
}

// Withdraw takes back a proposal; only who proposed it may.
func (e *Engine) Withdraw(ctx context.Context, id string) (Proposal, error) {
	p, err := e.Find(ctx, id)
	switch actor := reqctx.From(ctx).Actor.ID; {
	case err != nil:
		return p, err
	case actor == "" || actor != p.Origin:
		return p, fault.New(fault.Forbidden)
	case p.State == Expired:
		return p, e.expire(ctx, p)
	case p.State != Open:
		return p, fault.New(fault.ProposalClosed)
	}
	return e.close(ctx, p, Withdrawn, "proposal.withdrawn")
}

func (e *Engine) close(ctx context.Context, p Proposal, state, what string) (Proposal, error) {
	next := p
	next.State, next.DecidedAt, next.DecidedBy, next.Sealed = state, e.cfg.Now().UTC(), reqctx.From(ctx).Actor.ID, nil
	err := e.cfg.Store.Close(ctx, p.ID, state, next.DecidedBy, next.DecidedAt, audit.With(e.event(ctx, what, p)))
	return next, told(err)
}

// Claim takes a proposal out of the lists of the others for ClaimLife; taking it again begins anew.
func (e *Engine) Claim(ctx context.Context, id string) (Proposal, error) {
	return e.claim(ctx, id, true)
}

// Release gives back a proposal that the current actor took.
func (e *Engine) Release(ctx context.Context, id string) (Proposal, error) {
	return e.claim(ctx, id, false)
}

func (e *Engine) claim(ctx context.Context, id string, take bool) (Proposal, error) {
	p, err := e.Find(ctx, id)
	if err != nil {
		return p, err
	}
	p, _, err = e.open(ctx, id, p.Digest)
	if err != nil {
		return p, err
	}
	actor, at := reqctx.From(ctx).Actor.ID, e.cfg.Now().UTC()
	what, holder, until := "proposal.released", "", time.Time{}
	if take {
		what, holder, until = "proposal.claimed", actor, at.Add(ClaimLife)
	}
	err = e.cfg.Store.Claim(ctx, id, actor, holder, at, until, audit.With(e.event(ctx, what, p)))
	if errors.Is(err, ErrConflict) {
		return p, fault.Wrap(err, fault.ProposalClaimed)
	}
	p.ClaimedBy, p.ClaimedUntil = holder, until
	return p, err
}
