package openplatform

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// KindRegistration is the kind of proposals that put an application which registered itself into use, or take its change.
const KindRegistration = "client.registration"

// Two is what decisions by two people need.
type Two struct {
	Engine *foureyes.Engine
	// Asked: decisions of administrators that let an application be used take two people; those of a file do not.
	Asked bool
	// Area is the path of the area of a department; empty for one that the tree does not know.
	Area func(ctx context.Context, department string) (string, error)
}

// ByTwo gives the service the engine, which knows its kind from then on; called while the program is put together.
func (s *Service) ByTwo(two Two) {
	s.two = two
	two.Engine.Register(foureyes.Kind{Name: KindRegistration, Role: idp.RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Execute: s.execute, Version: func(ctx context.Context, id string) (string, error) {
		w, err := s.Get(ctx, id)
		return w.version(), err
	}})
}

// version tells what was read from every other state of the client and of its change that waits.
func (w Waiting) version() string {
	return hex.EncodeToString(digest.SumParts([]byte("registration-version"), w.body, w.Pending))
}

// registrationOrder is a decision with what it was made about, so that the digest of the proposal binds both.
type registrationOrder struct {
	State string `json:"state"`
	Body  []byte `json:"body"`
}

// Propose decides on what was read: at once where one person may, or by a proposal that somebody else approves.
func (s *Service) Propose(ctx context.Context, w Waiting, state string) (*foureyes.Proposal, error) {
	if !s.two.Asked || !slices.Contains(usable, state) {
		return nil, s.Settle(ctx, w, state)
	}
	next, _, _, changes, err := w.decision(state)
	if err != nil || !changes {
		return nil, err
	}
	order := registrationOrder{State: state}
	if order.Body, err = json.Marshal(next); err != nil {
		return nil, err
	}
	area, err := s.two.Area(ctx, w.Client.Department)
	if err != nil {
		return nil, err
	}
	p, err := s.two.Engine.Propose(ctx, foureyes.Wish{Kind: KindRegistration, ObjectType: "client", ObjectID: w.ClientID, Version: w.version(), Area: area, Payload: order})
	return &p, err
}

// execute makes the decision that two people want, on the registration that they saw.
func (s *Service) execute(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	order, err := readOrder(payload)
	if err != nil {
		return err
	}
	w, err := s.Get(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	next, _, _, changes, err := w.decision(order.State)
	if err != nil {
		return err
	}
	body, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if w.version() != p.Version || !changes || string(body) != string(order.Body) {
		return fault.New(fault.ProposalChanged)
	}
	return s.settle(ctx, w, order.State, &settlement)
}

func readOrder(payload []byte) (order registrationOrder, err error) {
	if err = json.Unmarshal(payload, &order); err != nil {
		err = fmt.Errorf("read decision on a registration: %w", err)
	}
	return order, err
}

// Wants is the decision of a proposal that waits, with the client as it is and as it would be.
func (s *Service) Wants(ctx context.Context, p foureyes.Proposal) (state string, before, after idp.Client, err error) {
	payload, err := s.two.Engine.Payload(ctx, p)
	if err != nil {
		return "", before, after, err
	}
	order, err := readOrder(payload)
	if err != nil {
		return "", before, after, err
	}
	w, err := s.Get(ctx, p.ObjectID)
	if err == nil {
		err = json.Unmarshal(order.Body, &after)
	}
	return order.State, w.Client, after, err
}
