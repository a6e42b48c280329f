// Package foureyes is the one engine for what one person proposes and another decides (四眼原则): corrections of legal
// identities, appointments of staff and applications of clients.
//
// A proposal holds a payload, sealed, and the SM3 digest of everything that is decided about: kind, object with its version,
// area, role, proposer, time and payload. Whoever approves names the digest of what was read. The kind's own store makes the
// change and settles the proposal in one transaction ([Settlement]), so that it happens once or not at all.
//
// A person counts once, whatever the account: people are compared by a keyed hash of the human behind the account. The
// package knows neither pages nor SQL, nor what a kind changes.
package foureyes

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

// States of a proposal. Only an open one is decided.
const (
	Open      = "open"
	Executed  = "executed"
	Refused   = "refused"
	Withdrawn = "withdrawn"
	Expired   = "expired"
)

// States are all of them.
var States = []string{Open, Executed, Refused, Withdrawn, Expired}

// Life is how long a proposal waits unless its kind says otherwise.
const Life = 30 * 24 * time.Hour

// ClaimLife is how long somebody who took a proposal keeps it from the lists of the others.
const ClaimLife = 30 * time.Minute

// Parts that a person has in a proposal.
const (
	PartProposed = "proposed"
	PartApproved = "approved"
)

// Person is somebody who stands behind a proposal.
type Person struct {
	Human string // keyed hash of the human being, or the actor where none is known
	Actor string
	Part  string
	At    time.Time
}

// Proposal is what waits for another person, or did.
type Proposal struct {
	ID, Kind, State      string
	ObjectType, ObjectID string
	Version              string // of the object when it was proposed; empty where there is none
	Role, Area           string // who may approve: somebody with the role for the area
	Origin               string // who proposed it: an actor
	Reason               string // machine word or legal basis
	Subject              string // human whom it is about: never one of those who decide; may be empty
	Needed               int    // approvals that it takes beside the proposer
	People               []Person
	Digest               string // hex SM3 of what is decided about
	KeyID                string
	Sealed               []byte // payload; empty once decided
	CreatedAt, ExpiresAt time.Time
	DecidedAt            time.Time
	DecidedBy            string
	ClaimedBy            string
	ClaimedUntil         time.Time
}

// Approvals are how many have approved.
func (p Proposal) Approvals() (n int) {
	for _, person := range p.People {
		if person.Part == PartApproved {
			n++
		}
	}
	return n
}

// Actors are the actors of those who stand behind it.
func (p Proposal) Actors() (all []string) {
	for _, person := range p.People {
		all = append(all, person.Actor)
	}
	return all
}

// Settlement is the last approval. A store writes it in the transaction of the change that it allows, before the change:
// ErrConflict when the proposal is not open, not what was read or expired, ErrSelf when the human has a part in it already.
type Settlement struct {
	ID, Digest string
	Approvals  int // before this one
	Person     Person
	At         time.Time
	Record     audit.Record
}

// Query selects proposals, the newest first.
type Query struct {
	States []string
	Kinds  []string // empty is every kind
	Reach  []Reach  // empty is everywhere
	Free   string   // leaves out what somebody other than this actor has taken
	At     time.Time
	After  string // id of the last one of the page before
	Limit  int
}

// Reach is a role in an area and all below it; the empty area is everywhere.
type Reach struct{ Role, Area string }

// Errors of stores.
var (
	ErrNotFound = errors.New("foureyes: no such proposal")
	ErrConflict = errors.New("foureyes: it changed meanwhile")
	ErrSelf     = errors.New("foureyes: the person has a part in it already")
)

// Store keeps proposals; idpdb implements it. Each change is one transaction with its record.
type Store interface {
	// PutProposal stores a proposal; ErrConflict when it is there.
	PutProposal(ctx context.Context, p Proposal, record audit.Record) error
	Proposal(ctx context.Context, id string) (Proposal, error)
	Proposals(ctx context.Context, q Query) ([]Proposal, error)
	CountProposals(ctx context.Context, q Query) (int, error)
	// Vote adds an approval that is not the last one; errors as Settlement tells.
	Vote(ctx context.Context, s Settlement) error
	// Close ends an open proposal without a change; ErrConflict.
	Close(ctx context.Context, id, state, by string, at time.Time, record audit.Record) error
	// Claim gives an open proposal to an actor until a time, or back to everybody when the actor is empty; ErrConflict when
	// somebody else than by holds it at the time.
	Claim(ctx context.Context, id, by, actor string, at, until time.Time, record audit.Record) error
}

// Kind is what can be proposed.
type Kind struct {
	Name string
	Role string // who approves
	// Needed approvals of a proposal of a person; one that a machine made takes one more. Zero is one.
	Needed int
	Life   time.Duration // zero is Life
	// Version is that of the object now; nil where the change itself notices. A proposal for another version is dead.
	Version func(ctx context.Context, objectID string) (string, error)
	// Execute makes the change in one transaction with the settlement.
	Execute func(ctx context.Context, p Proposal, payload []byte, s Settlement) error
}
