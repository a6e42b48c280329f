package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// StaffPath is where the pages of sources of staff stand.
const StaffPath = "/staff/login/upstream/"

// KindStaffLink is the kind of proposals that link an account of staff to a subject of a source.
const KindStaffLink = "staff.link"

// maxSubject bounds what an administrator types (OpenID Connect Core section 2).
const maxSubject = 255

// Staff is what the realm of staff brings. A source signs in whom it is linked to and nobody else: no account is made by it, and it
// tells neither names nor levels. A link is made by the member, who is signed in with both factors, or by two administrators.
type Staff struct {
	Members *staff.Members
	Store   StaffStore
	Engine  *foureyes.Engine
}

// StaffStore keeps the links of staff; idpdb implements it. Each method is one transaction.
type StaffStore interface {
	// LinkedAccount answers idp.ErrNotFound when nobody is linked.
	LinkedAccount(ctx context.Context, sourceID string, lookup []byte) (id string, err error)
	// PutStaffLink links an account together with the settlement of its proposal, which may be nil; ErrLinked when the subject or the
	// account has a link there, idp.ErrNotFound when the account is not active.
	PutStaffLink(ctx context.Context, sourceID string, lookup []byte, id string, at time.Time, settlement *foureyes.Settlement, record audit.Record) error
	Links(ctx context.Context, id string) ([]Link, error)
	Unlink(ctx context.Context, id, sourceID string, record audit.Record) error
}

// member finds the member of staff whom an answer of a source names, or links the one who asked for it. The source is always asked for
// a new login; one that is older was none.
func (s *Service) member(ctx context.Context, source Source, intent Intent, current string, r Result) (string, error) {
	if s.cfg.Now().Sub(r.Login.At) > IntentLife {
		return "", fault.New(fault.UpstreamRefused)
	}
	linked, err := s.cfg.Staff.Store.LinkedAccount(ctx, source.ID, r.Origin.Lookup)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	known := err == nil
	if intent.Purpose == PurposeLink {
		switch {
		case current == "" || current != intent.AccountID: // another member is here now
			return "", fault.New(fault.UpstreamRefused)
		case known && linked != current:
			return "", fault.New(fault.StaffLinked)
		case known:
			return linked, nil
		}
		return current, s.putStaffLink(ctx, source.ID, r.Origin.Lookup, current, nil, "self")
	}
	if !known {
		return "", fault.New(fault.StaffLinkNeeded)
	}
	account, err := s.cfg.Staff.Members.Account(ctx, linked)
	if err != nil {
		return "", err
	}
	if account.State != idp.AccountActive {
		return "", fault.New(fault.UpstreamRefused)
	}
	return linked, nil
}

func (s *Service) putStaffLink(ctx context.Context, sourceID string, lookup []byte, id string, settlement *foureyes.Settlement, by string) error {
	now := s.cfg.Now().UTC()
	e := idp.Event(ctx, now, "staff.linked", "staff", id, map[string]string{"source": sourceID, "by": by})
	err := s.cfg.Staff.Store.PutStaffLink(ctx, sourceID, lookup, id, now, settlement, audit.With(e))
	switch {
	case errors.Is(err, ErrLinked):
		return fault.Wrap(err, fault.StaffLinked)
	case errors.Is(err, idp.ErrNotFound):
		return fault.Wrap(err, fault.StaffState)
	}
	return err
}

// StaffLinks lists the links of a member of staff.
func (s *Service) StaffLinks(ctx context.Context, id string) ([]Link, error) {
	all, err := s.cfg.Staff.Store.Links(ctx, id)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

// StaffUnlink takes a link back. It is no way in of its own account, so that it may always go.
func (s *Service) StaffUnlink(ctx context.Context, id, sourceID string) error {
	err := s.cfg.Staff.Store.Unlink(ctx, id, sourceID, audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "staff.unlinked", "staff", id, map[string]string{"source": sourceID})))
	if errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.NotFound)
	}
	return err
}

// RemoveStaffLink takes a link away by an administrator of the area; one is enough to take away.
func (s *Service) RemoveStaffLink(ctx context.Context, id, sourceID string) error {
	if _, err := s.administered(ctx, id); err != nil {
		return err
	}
	return s.StaffUnlink(ctx, id, sourceID)
}

func (s *Service) administered(ctx context.Context, id string) (staff.Member, error) {
	m, err := s.cfg.Staff.Members.Member(ctx, id)
	if err == nil && !reqctx.From(ctx).Actor.HasIn(idp.RoleSecurityAdmin, m.Path) {
		err = staff.Refusal(ctx, m.Path)
	}
	return m, err
}

// StaffLink is a link that somebody proposes.
type StaffLink struct {
	Source  string `json:"source"`
	Subject string `json:"subject"`
	// Version of the source's registration: another one may know somebody else by the subject.
	Version string `json:"version"`
}

func (s *Service) registerLinks() {
	s.cfg.Staff.Engine.Register(foureyes.Kind{Name: KindStaffLink, Role: idp.RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Version: s.linkVersion, Execute: s.executeLink})
}

// linkVersion tells an account of staff from one that was enrolled anew, suspended or moved since. The object is an actor.
func (s *Service) linkVersion(ctx context.Context, actor string) (string, error) {
	m, err := s.cfg.Staff.Members.Member(ctx, strings.TrimPrefix(actor, "staff:"))
	return fmt.Sprintf("%s/%d/%s", m.State, m.CredentialsAt.UnixMicro(), m.Path), err
}

// ProposeStaffLink asks for a link of somebody else's account; another administrator of the area approves it.
func (s *Service) ProposeStaffLink(ctx context.Context, id, sourceID, subject string) (foureyes.Proposal, error) {
	m, err := s.administered(ctx, id)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	if m.State != staff.MemberActive {
		return foureyes.Proposal{}, fault.New(fault.StaffState)
	}
	if subject = strings.TrimSpace(subject); subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.ContainsFunc(subject, unicode.IsControl) {
		return foureyes.Proposal{}, fault.New(fault.Invalid).WithField("subject", fault.StaffSubject)
	}
	source, err := s.linkable(ctx, sourceID)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	version, err := s.linkVersion(ctx, m.Actor())
	if err != nil {
		return foureyes.Proposal{}, err
	}
	return s.cfg.Staff.Engine.Propose(ctx, foureyes.Wish{Kind: KindStaffLink, ObjectType: "staff", ObjectID: m.Actor(), Version: version, Area: m.Path, Subject: m.Actor(), Payload: StaffLink{sourceID, subject, source}})
}

// linkable is the version of a source of staff that is in use.
func (s *Service) linkable(ctx context.Context, sourceID string) (version string, err error) {
	known, err := s.cfg.Sources.Known(ctx, sourceID)
	if fault.CodeOf(err) == fault.NotFound || err == nil && !s.Knows(sourceID) {
		return "", fault.New(fault.Invalid).WithField("source", fault.UpstreamUnknown)
	}
	return known.Version(), err
}

// executeLink makes the link that two people want, for the source and the account that they saw.
func (s *Service) executeLink(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	var wanted StaffLink
	if err := json.Unmarshal(payload, &wanted); err != nil {
		return fmt.Errorf("read link of staff: %w", err)
	}
	m, err := s.administered(ctx, strings.TrimPrefix(p.ObjectID, "staff:"))
	if err != nil {
		return err
	}
	version, err := s.linkable(ctx, wanted.Source)
	if err != nil {
		return err
	}
	if version != wanted.Version {
		return fault.New(fault.ProposalChanged)
	}
	origin, err := s.origin(ctx, wanted.Source, wanted.Subject, "")
	if err != nil {
		return err
	}
	return s.putStaffLink(ctx, wanted.Source, origin.Lookup, m.ID, &settlement, strings.Join(p.Actors(), " "))
}

// WantedStaffLink is the link of a proposal that waits.
func (s *Service) WantedStaffLink(ctx context.Context, p foureyes.Proposal) (w StaffLink, err error) {
	payload, err := s.cfg.Staff.Engine.Payload(ctx, p)
	if err != nil {
		return w, err
	}
	return w, json.Unmarshal(payload, &w)
}
