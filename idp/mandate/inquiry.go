package mandate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// What two security administrators decide about an organisation.
const (
	KindClose   = "organisation.close"   // the register does not know it, and it is no more
	KindRestore = "organisation.restore" // the register was wrong: it is still there
)

// Doubt is why an organisation stands in the queue of people.
type Doubt string

// Doubts.
const (
	DoubtUnknown Doubt = "unknown" // the register does not know it under code and name
	DoubtKept    Doubt = "kept"    // nor does it, but people looked themselves, and again by a day
	DoubtEnded   Doubt = "ended"   // the register ended it; it can be brought back
)

// Doubts are all of them.
var Doubts = []Doubt{DoubtUnknown, DoubtKept, DoubtEnded}

// MaxKept is how far ahead people may answer for an organisation that the register does not know.
const MaxKept = 366 * day

// Doubt of an organisation now; empty for none.
func (o Organisation) Doubt(now time.Time) Doubt {
	switch {
	case o.State != Registered:
		return DoubtEnded
	case o.UnknownAt.IsZero():
		return ""
	case now.Before(o.KeptUntil):
		return DoubtKept
	}
	return DoubtUnknown
}

// DoubtQuery selects organisations in doubt, those first that have been the longest, and of ended ones by identifier.
type DoubtQuery struct {
	Doubt  Doubt
	At     time.Time
	Behind time.Time // UnknownAt of the last one of the page before
	After  string    // its identifier
	Limit  int
}

// InquiryStore keeps what people decide about organisations in doubt; idpdb implements it.
type InquiryStore interface {
	OrganisationsInDoubt(ctx context.Context, q DoubtQuery) ([]Organisation, error)
	// KeepOrganisation notes that people looked themselves; ErrMoved when the register knows it again.
	KeepOrganisation(ctx context.Context, o Organisation, record audit.Record) error
	// RestoreOrganisation opens the account of an ended organisation again; its mandates stay ended. ErrMoved when it is not ended.
	RestoreOrganisation(ctx context.Context, o Organisation, at time.Time, s foureyes.Settlement, record audit.Record) error
}

// InquiryConfig holds what Inquiry needs.
type InquiryConfig struct {
	Store         InquiryStore
	Organisations OrganisationStore
	Mandates      *Service // by which organisations end
	Engine        *foureyes.Engine
	Now           func() time.Time
	Wake          func() // tells the outbox that something is due
}

// Inquiry is what people do about organisations that the register does not know, or ended in error.
type Inquiry struct{ cfg InquiryConfig }

// NewInquiry returns the service, whose kinds the engine knows from then on.
func NewInquiry(cfg InquiryConfig) *Inquiry {
	s := &Inquiry{cfg}
	for kind, execute := range map[string]func(context.Context, foureyes.Proposal, []byte, foureyes.Settlement) error{KindClose: s.close, KindRestore: s.restore} {
		cfg.Engine.Register(foureyes.Kind{Name: kind, Role: idp.RoleSecurityAdmin, Version: s.version, Execute: execute})
	}
	return s
}

// version is that of what two people decide about: another answer of the register makes it another.
func (s *Inquiry) version(ctx context.Context, id string) (string, error) {
	o, err := s.Find(ctx, id)
	return versionOf(o), err
}

func versionOf(o Organisation) string {
	return string(o.State) + " " + strconv.FormatInt(o.UnknownAt.UnixMicro(), 10)
}

// Find reads an organisation.
func (s *Inquiry) Find(ctx context.Context, id string) (Organisation, error) {
	o, err := s.cfg.Organisations.Organisation(ctx, id)
	if errors.Is(err, idp.ErrNotFound) {
		return o, fault.New(fault.NotFound)
	}
	if err != nil {
		return o, fault.Wrap(err, fault.Unavailable)
	}
	return o, nil
}

// Page lists organisations in doubt; next is empty on the last page.
func (s *Inquiry) Page(ctx context.Context, doubt Doubt, after string, limit int) (page []Organisation, next string, err error) {
	q := DoubtQuery{Doubt: doubt, At: s.cfg.Now().UTC(), Limit: limit + 1}
	if after != "" {
		micros, id, _ := strings.Cut(after, "-")
		at, err := strconv.ParseInt(micros, 10, 64)
		if err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
		q.Behind, q.After = time.UnixMicro(at).UTC(), id
	}
	if page, err = s.cfg.Store.OrganisationsInDoubt(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = strconv.FormatInt(max(last.UnknownAt.UnixMicro(), 0), 10) + "-" + last.ID
	}
	return page, next, nil
}

// Keep notes that people looked themselves and found the organisation still there, until a day within MaxKept. The reason
// of the request is what the queue shows.
func (s *Inquiry) Keep(ctx context.Context, id string, until time.Time) error {
	o, err := s.Find(ctx, id)
	now := s.cfg.Now().UTC()
	switch {
	case err != nil:
		return err
	case o.State != Registered || o.UnknownAt.IsZero():
		return fault.New(fault.OrganisationKnown)
	case !until.After(now) || until.After(now.Add(MaxKept)):
		return fault.New(fault.Invalid).WithField("until", fault.OrganisationUntil)
	}
	o.KeptUntil, o.KeptReason = until.UTC(), reqctx.From(ctx).Reason
	err = s.cfg.Store.KeepOrganisation(ctx, o, audit.With(idp.Event(ctx, now, "organisation.kept", "account", id, map[string]string{"until": o.KeptUntil.Format(time.RFC3339)})))
	return s.told(err)
}

// Propose opens a proposal of KindClose or KindRestore. Whoever represents the organisation decides nothing about it.
func (s *Inquiry) Propose(ctx context.Context, kind, id string) (foureyes.Proposal, error) {
	o, err := s.Find(ctx, id)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	if ended := o.State != Registered; kind == KindRestore && !ended || kind == KindClose && (ended || o.UnknownAt.IsZero()) {
		return foureyes.Proposal{}, fault.New(fault.OrganisationKnown)
	}
	return s.cfg.Engine.Propose(ctx, foureyes.Wish{Kind: kind, ObjectType: "account", ObjectID: id, Version: versionOf(o), Subject: "account:" + o.Representative, Payload: map[string]string{"organisation": id}})
}

// close ends an organisation as its register does, with all its mandates, in the change that settles the proposal.
func (s *Inquiry) close(ctx context.Context, p foureyes.Proposal, _ []byte, settlement foureyes.Settlement) error {
	o, err := s.Find(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	if versionOf(o) != p.Version {
		return fault.New(fault.OrganisationKnown)
	}
	return s.cfg.Mandates.dissolve(ctx, o, Deregistered, &settlement, audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "organisation.closed", "account", o.ID, nil)))
}

// restore opens the account again. The mandates stay ended: the legal representative registers the organisation anew, which takes the
// register, and gives out others.
func (s *Inquiry) restore(ctx context.Context, p foureyes.Proposal, _ []byte, settlement foureyes.Settlement) error {
	o, err := s.Find(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	message, err := idp.NewAccountMessage(TopicRestored, o.Representative, now)
	if err != nil {
		return fmt.Errorf("make message: %w", err)
	}
	record := audit.With(idp.Event(ctx, now, "organisation.restored", "account", o.ID, map[string]string{"state": string(o.State)})).And(message)
	return s.told(s.cfg.Store.RestoreOrganisation(ctx, o, now, settlement, record))
}

// TopicRestored is the outbox topic that tells the representative; the message is an idp.AccountMessage.
const TopicRestored = "organisation.restored"

func (s *Inquiry) told(err error) error {
	switch {
	case err == nil:
		s.cfg.Wake()
		return nil
	case errors.Is(err, ErrMoved):
		return fault.Wrap(err, fault.OrganisationKnown)
	case errors.Is(err, foureyes.ErrConflict), errors.Is(err, foureyes.ErrSelf):
		return err
	}
	return fault.Wrap(err, fault.Unavailable)
}
