// Package trusted is the register of authorities that the platform vouches for, beyond its own, and the trust list that says so to others
// (design contract 3.3, decision record 0015). The format is package trustlist's; storage is keysdb's.
package trusted

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Published is the list as it was signed last.
type Published struct {
	Number     uint64
	Content    []byte
	IssuedAt   time.Time
	NextUpdate time.Time
}

// Errors of stores.
var (
	// ErrNone: nothing is published yet.
	ErrNone = errors.New("trusted: no list is published")
	// ErrStale: a list with this number or a higher one is published already, or another event of the authority was written meanwhile.
	ErrStale = errors.New("trusted: somebody was faster")
)

// Store keeps the register; keysdb implements it.
type Store interface {
	// Authorities gives all with their histories, in the order of their digests.
	Authorities(ctx context.Context) ([]trustlist.Authority, error)
	// AddEvent adds the event with the number to an authority, which is new with number 1; ErrStale when the number is taken.
	AddEvent(ctx context.Context, a trustlist.Authority, number int, e trustlist.Event, at time.Time, record audit.Record) error
	// TrustList gives the published list; ErrNone.
	TrustList(ctx context.Context) (Published, error)
	PublishTrustList(ctx context.Context, p Published, record audit.Record) error
	// SeeTrustList remembers the number of a list of another publisher and gives the highest that was seen, which may be this one.
	SeeTrustList(ctx context.Context, uri string, number uint64) (highest uint64, err error)
}

// Config of the register.
type Config struct {
	Store Store
	Keys  *keys.Ring
	// Chain gives the certificates of the key that signs lists, its own first.
	Chain func(ctx context.Context, key keys.Info) ([][]byte, error)
	// Own are the platform's own roots, which its list names first.
	Own func() []*pki.Certificate
	// Carried gives further signed objects for the list; nil has none.
	Carried   func(ctx context.Context) ([][]byte, error)
	URI       string // address of the list
	Publisher string // name for people
	Now       func() time.Time
}

// Register is the service.
type Register struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Register, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Chain == nil || cfg.Own == nil || cfg.URI == "" || cfg.Publisher == "" || cfg.Now == nil {
		return nil, errors.New("trusted: a dependency is missing")
	}
	return &Register{cfg}, nil
}

// listLife is how long a list is good for; it is replaced at half of it, and at every change.
const listLife = 24 * time.Hour

// ErrAuthority is a file from which no authority can be taken.
var ErrAuthority = errors.New("neither PEM, DER nor PKCS #7 (P7B) with certificates of authorities")

// ParseAuthorities reads the certificates of a file as vendors give them: PEM, DER or P7B (PEM or DER). Each must be a CA's. Errors wrap
// ErrAuthority.
func ParseAuthorities(content []byte) ([]*pki.Certificate, error) {
	all, err := pki.ParseCertificates(content)
	if err != nil {
		octets := content
		if block, _ := pem.Decode(content); block != nil && strings.HasPrefix(block.Type, "PKCS") {
			octets = block.Bytes
		}
		message, problem := pki.ParseSignedData(octets)
		if problem != nil || len(message.Certificates) == 0 {
			return nil, fmt.Errorf("%w: %w", ErrAuthority, err)
		}
		all = message.Certificates
	}
	for _, certificate := range all {
		if !certificate.IsCA {
			return nil, fmt.Errorf("%w: %s is no authority", ErrAuthority, certificate.Subject)
		}
	}
	return all, nil
}

// Entry is what the operator says of an authority.
type Entry struct {
	Certificate *pki.Certificate
	Name        string // the certificate's own when empty
	Uses        []trustlist.Use
	From        time.Time        // begin of the first grant; the certificate's own when zero
	WithdrawnAt time.Time        // zero while it is granted
	Reason      trustlist.Reason // of the withdrawal
}

// Apply brings the register to what the operator says, and tells whether anything changed. History is only added to: other uses hold from
// now, a withdrawal from the moment given. What the operator no longer names stays as it was, since documents of then are still judged.
func (r *Register) Apply(ctx context.Context, entries []Entry) (changed bool, err error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:configuration"})
	for _, e := range entries {
		for range 5 { // nodes that start together write the same
			var one bool
			if one, err = r.apply(ctx, e); !errors.Is(err, ErrStale) {
				changed = changed || one
				break
			}
		}
		if err != nil {
			return changed, fmt.Errorf("authority %s: %w", e.Certificate.Subject, err)
		}
	}
	return changed, nil
}

func (r *Register) apply(ctx context.Context, e Entry) (bool, error) {
	known, err := r.cfg.Store.Authorities(ctx)
	if err != nil {
		return false, err
	}
	a := trustlist.Authority{Certificate: e.Certificate, Name: e.Name}
	if a.Name == "" {
		a.Name = e.Certificate.Subject.String()
	}
	for _, have := range known {
		if have.Certificate.Equal(e.Certificate) {
			a.History = have.History
		}
	}
	now := r.cfg.Now().UTC().Truncate(time.Second)
	uses := []trustlist.Use{}
	for _, use := range trustlist.Uses {
		if slices.Contains(e.Uses, use) {
			uses = append(uses, use)
		}
	}
	changed := false
	add := func(event trustlist.Event) error {
		event.From = event.From.UTC().Truncate(time.Second)
		record := r.event(ctx, "trust.authority", a.Digest(), map[string]string{"name": a.Name, "uses": join(event.Uses), "reason": string(event.Reason), "from": event.From.Format(time.RFC3339)})
		if err := r.cfg.Store.AddEvent(ctx, a, len(a.History)+1, event, now, record); err != nil {
			return err
		}
		a.History, changed = append(slices.Clone(a.History), event), true
		return nil
	}
	if len(a.History) == 0 {
		from := e.From
		if from.IsZero() {
			from = e.Certificate.NotBefore
		}
		if err := add(trustlist.Event{From: from, Uses: uses}); err != nil {
			return false, err
		}
	}
	last := a.History[len(a.History)-1]
	switch {
	case e.WithdrawnAt.IsZero() && !slices.Equal(last.Uses, uses):
		from := now
		if !from.After(last.From) {
			from = last.From.Add(time.Second)
		}
		err = add(trustlist.Event{From: from, Uses: uses})
	case !e.WithdrawnAt.IsZero() && (len(last.Uses) > 0 || last.Reason != e.Reason):
		if !e.WithdrawnAt.After(last.From) {
			return changed, fmt.Errorf("withdrawn_at lies before what the register has of %s", last.From.Format(time.RFC3339))
		}
		err = add(trustlist.Event{From: e.WithdrawnAt, Reason: e.Reason})
	}
	return changed, err
}

func join(uses []trustlist.Use) string {
	words := make([]string, len(uses))
	for i, use := range uses {
		words[i] = string(use)
	}
	return strings.Join(words, " ")
}

func (r *Register) event(ctx context.Context, kind, id string, details map[string]string) audit.Record {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "system:trust"
	}
	return audit.With(audit.Event{Type: kind, At: r.cfg.Now(), Actor: actor, ObjectType: "trust_list", ObjectID: id, RequestID: request.ID, Details: details})
}

// Authorities are those that the operator imported, with their histories.
func (r *Register) Authorities(ctx context.Context) ([]trustlist.Authority, error) {
	return r.cfg.Store.Authorities(ctx)
}

// all adds the own roots, which are trusted for everything since they began.
func (r *Register) all(ctx context.Context) ([]trustlist.Authority, error) {
	var all []trustlist.Authority
	for _, root := range r.cfg.Own() {
		all = append(all, trustlist.Authority{Certificate: root, Name: r.cfg.Publisher, History: []trustlist.Event{{From: root.NotBefore.UTC(), Uses: trustlist.Uses}}})
	}
	imported, err := r.cfg.Store.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range imported {
		if !slices.ContainsFunc(all, func(own trustlist.Authority) bool { return own.Certificate.Equal(a.Certificate) }) {
			all = append(all, a)
		}
	}
	return all, nil
}

// Refresh publishes the list when there is none, when it says something else than the register, or when it has lived half its life. Call
// it at start and every few seconds.
func (r *Register) Refresh(ctx context.Context) error {
	before, err := r.cfg.Store.TrustList(ctx)
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	list := trustlist.List{URI: r.cfg.URI, Publisher: r.cfg.Publisher}
	if list.Authorities, err = r.all(ctx); err != nil {
		return err
	}
	if r.cfg.Carried != nil {
		if list.Carried, err = r.cfg.Carried(ctx); err != nil {
			return err
		}
	}
	now := r.cfg.Now().UTC().Truncate(time.Second)
	if have, err := trustlist.Open(before.Content); err == nil && same(have, &list) && now.Before(before.NextUpdate.Add(-listLife/2)) {
		return nil
	}
	list.Number, list.Issued, list.NextUpdate = before.Number+1, now, now.Add(listLife)
	spec := keys.Spec{Usage: keys.UsageTrustList, Algorithm: keys.SM2}
	info, err := r.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return err
	}
	signer, err := r.cfg.Keys.Signer(ctx, spec)
	if err != nil {
		return err
	}
	chain, err := r.cfg.Chain(ctx, info)
	if err != nil {
		return err
	}
	content, err := list.Sign(chain, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
	if err != nil {
		return err
	}
	p := Published{Number: list.Number, Content: content, IssuedAt: list.Issued, NextUpdate: list.NextUpdate}
	err = r.cfg.Store.PublishTrustList(ctx, p, r.event(ctx, "trust.list_published", "own", map[string]string{"number": strconv.FormatUint(p.Number, 10), "key": info.ID}))
	if errors.Is(err, ErrStale) {
		return nil // another node published; what it lacks, the next look finds
	}
	return err
}

// same tells whether two lists say the same, apart from number and times.
func same(have, want *trustlist.List) bool {
	if have.URI != want.URI || have.Publisher != want.Publisher || len(have.Authorities) != len(want.Authorities) || !slices.EqualFunc(have.Carried, want.Carried, bytes.Equal) {
		return false
	}
	for _, a := range want.Authorities {
		if !slices.ContainsFunc(have.Authorities, func(b trustlist.Authority) bool { return equal(a, b) }) {
			return false
		}
	}
	return true
}

func equal(a, b trustlist.Authority) bool {
	return a.Certificate.Equal(b.Certificate) && a.Name == b.Name && slices.EqualFunc(a.History, b.History, func(x, y trustlist.Event) bool {
		return x.From.Equal(y.From) && slices.Equal(x.Uses, y.Uses) && x.Reason == y.Reason
	})
}

// Current gives the published list to anybody; ErrNone.
func (r *Register) Current(ctx context.Context) (Published, error) {
	return r.cfg.Store.TrustList(ctx)
}

// Peer takes the list of another publisher: its form, its signature, and that no higher number of its address was seen on any node
// (trustlist.ErrOlder). Whether its signer is trusted is judged at each use.
func (r *Register) Peer(ctx context.Context, content []byte) (*trustlist.List, error) {
	list, err := trustlist.Open(content)
	if err != nil {
		return nil, err
	}
	highest, err := r.cfg.Store.SeeTrustList(ctx, list.URI, list.Number)
	if err != nil {
		return nil, err
	}
	if highest > list.Number {
		return nil, fmt.Errorf("%w: number %d, seen %d", trustlist.ErrOlder, list.Number, highest)
	}
	return list, nil
}
