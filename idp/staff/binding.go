package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// KindBinding is the kind of proposals that bind an account of a former release to its human.
const KindBinding = "staff.binding"

// objectMember is the object of a binding: no actor, because an account without a human stands for nobody yet.
const objectMember = "staff-account"

// Binding is whom an account that waits for its person is to belong to. Of the document only the keyed hash is in it.
type Binding struct {
	Login      string `json:"login"`
	Name       string `json:"name"`
	Department string `json:"department"`
	Path       string `json:"path"`
	Document   string `json:"document"` // kind
	Human      []byte `json:"human"`
}

func (s *Members) registerBindings() {
	s.cfg.Engine.Register(foureyes.Kind{Name: KindBinding, Role: idp.RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Version: s.bindingVersion, Execute: s.executeBinding})
}

func (s *Members) bindingVersion(ctx context.Context, id string) (string, error) {
	m, err := s.Member(ctx, id)
	return strconv.FormatInt(m.Version, 10), err
}

// ProposeBinding asks to bind an account that is bound to nobody to a human, by document, with its 工号 and name; what is left out stays.
// Another security administrator approves it. Rights that the account holds come into force with it.
func (s *Members) ProposeBinding(ctx context.Context, id string, spec Spec) (foureyes.Proposal, error) {
	m, err := s.unbound(ctx, id)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	if spec.Login == "" {
		spec.Login = m.Login
	} else if spec.Login, err = checkLogin(spec.Login); err != nil {
		return foureyes.Proposal{}, err
	}
	if spec.Department == "" {
		spec.Department = m.Department
	}
	next := m
	if err := s.fill(ctx, &next, spec); err != nil { // judges name, department and document
		return foureyes.Proposal{}, err
	}
	b := Binding{Login: spec.Login, Name: strings.Join(strings.Fields(spec.Name), " "), Department: next.Department, Path: next.Path, Document: spec.Document.Type, Human: next.Human}
	if err := s.bindable(ctx, m, b); err != nil {
		return foureyes.Proposal{}, err
	}
	about, err := s.humanKey(ctx, b.Human)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	return s.cfg.Engine.Propose(ctx, foureyes.Wish{Kind: KindBinding, ObjectType: objectMember, ObjectID: m.ID, Version: strconv.FormatInt(m.Version, 10), Area: m.Path, Human: about, Payload: b})
}

// unbound is an account without a human that the actor administers.
func (s *Members) unbound(ctx context.Context, id string) (Member, error) {
	m, err := s.reachable(ctx, id)
	if err == nil && (len(m.Human) > 0 || m.State == MemberClosed) {
		err = fault.New(fault.StaffBound)
	}
	return m, err
}

// bindable refuses what another account has, and a department outside the actor's area.
func (s *Members) bindable(ctx context.Context, m Member, b Binding) error {
	if !reqctx.From(ctx).Actor.HasIn(idp.RoleSecurityAdmin, b.Path) {
		return fault.New(fault.Forbidden)
	}
	if other, err := s.cfg.Store.MemberByLogin(ctx, b.Login); err == nil && other.ID != m.ID {
		return s.told(ErrLogin)
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	_, err := s.cfg.Store.MemberByHuman(ctx, b.Human)
	switch {
	case err == nil:
		return s.told(ErrHuman)
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return fault.Wrap(err, fault.Unavailable)
}

// executeBinding binds the account that two people want, as they saw it. Who proposed it gives out no code for it.
func (s *Members) executeBinding(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	var b Binding
	if err := json.Unmarshal(payload, &b); err != nil {
		return fmt.Errorf("read binding: %w", err)
	}
	m, err := s.unbound(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	if strconv.FormatInt(m.Version, 10) != p.Version {
		return fault.New(fault.ProposalChanged)
	}
	if err := s.bindable(ctx, m, b); err != nil {
		return err
	}
	m.Login, m.MadeBy, m.EnrolHash, m.UpdatedAt = b.Login, p.Origin, nil, settlement.At
	if err := s.place(ctx, &m, b.Department); err != nil {
		return err
	}
	if m.Path != b.Path {
		return fault.New(fault.ProposalChanged) // the department moved meanwhile
	}
	if err := s.sealName(ctx, &m, b.Name); err != nil {
		return err
	}
	m.Human = b.Human
	err = s.cfg.Store.BindMember(ctx, m, &settlement, s.changed(ctx, "staff.bound", m))
	if errors.Is(err, ErrConflict) {
		return fault.Wrap(err, fault.ProposalChanged)
	}
	if errors.Is(err, foureyes.ErrConflict) || errors.Is(err, foureyes.ErrSelf) {
		return err
	}
	return s.told(err)
}

// WantedBinding is the binding of a proposal that waits.
func (s *Members) WantedBinding(ctx context.Context, p foureyes.Proposal) (b Binding, err error) {
	payload, err := s.cfg.Engine.Payload(ctx, p)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(payload, &b)
}
