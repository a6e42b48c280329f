package idp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// KindClient is the kind of proposals that register a client, change what others rely on, make a secret or put a client into use.
const KindClient = "client.change"

// plainMembers of a registration tell how its owner is reached and read. Everything else says to whom something is sent, what it
// gets or what it proves itself by, and takes two people; so does a member that is added later and not named here.
var plainMembers = []string{"client_uri", "contacts", "logo_uri", "policy_uri", "software_id", "software_version", "tos_uri"}

// clientOrder is what a proposal would do. Octets, because a registration is compared as it is stored.
type clientOrder struct {
	Event     string        `json:"event"`
	Body      []byte        `json:"body"`
	SecretMAC []byte        `json:"secret_mac,omitempty"`
	Overlap   time.Duration `json:"overlap,omitempty"`
}

// settle makes a change at once, or opens the proposal for it where two people decide.
func (a *ClientAdmin) settle(ctx context.Context, was ClientVersion, client Client, order clientOrder, weighty bool) (*foureyes.Proposal, error) {
	if !a.cfg.Two || !weighty {
		return nil, a.write(ctx, order.change(was, client.ClientID, a.clients.now()), client, order.Event, order.details())
	}
	var err error
	if order.Body, err = json.Marshal(client); err != nil {
		return nil, err
	}
	area, err := a.reach(ctx, was, client)
	if err != nil {
		return nil, err
	}
	p, err := a.cfg.Engine.Propose(ctx, foureyes.Wish{Kind: KindClient, ObjectType: "client", ObjectID: client.ClientID, Version: was.version(), Area: area, Payload: order})
	return &p, err
}

// reach is the area that holds the department of a client before and after a change; who decides must reach both.
func (a *ClientAdmin) reach(ctx context.Context, was ClientVersion, client Client) (string, error) {
	after, err := a.Area(ctx, client.Department)
	if err != nil || was.ClientID == "" || was.Department == client.Department {
		return after, err
	}
	before, err := a.Area(ctx, was.Department)
	return commonArea(before, after), err
}

// commonArea is the path of the lowest area that holds both; empty is everywhere.
func commonArea(one, other string) string {
	end := 0
	for i := range min(len(one), len(other)) {
		if one[i] != other[i] {
			break
		}
		if one[i] == '/' {
			end = i + 1
		}
	}
	return one[:end]
}

// Area is the path of the area of a department; empty for one that the tree does not know, which rights without a bound reach only.
func (a *ClientAdmin) Area(ctx context.Context, department string) (string, error) {
	if a.cfg.Area == nil || department == "" {
		return "", nil
	}
	return a.cfg.Area(ctx, department)
}

func (o clientOrder) change(was ClientVersion, id string, now time.Time) ClientChange {
	change := ClientChange{ClientID: id, Was: was.body, SecretMAC: o.SecretMAC}
	if o.Overlap > 0 && len(was.SecretMAC) > 0 {
		change.OldUntil = now.Add(o.Overlap).UTC()
	}
	return change
}

func (o clientOrder) details() map[string]string {
	if o.Event != clientRotated {
		return nil
	}
	return map[string]string{"overlap": o.Overlap.String()}
}

// version tells a stored client with its secret from every other state of it; empty for one that does not exist.
func (v ClientVersion) version() string {
	if v.body == nil {
		return ""
	}
	return hex.EncodeToString(digest.SumParts([]byte("client-version"), v.body, v.SecretMAC))
}

// stored is a client as it lies there now; the zero version where none does.
func (a *ClientAdmin) stored(ctx context.Context, id string) (ClientVersion, error) {
	v, err := a.Read(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return ClientVersion{}, nil
	}
	return v, err
}

// execute makes the change that two people want, on the client that they saw.
func (a *ClientAdmin) execute(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	order, client, err := readOrder(payload)
	if err != nil {
		return err
	}
	was, err := a.stored(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	if was.version() != p.Version || client.ClientID != p.ObjectID {
		return fault.New(fault.ProposalChanged)
	}
	if err := a.judge(ctx, &client, was); err != nil { // the words may have changed since it was proposed
		return err
	}
	change := order.change(was, client.ClientID, a.clients.now())
	change.Settlement = &settlement
	return a.write(ctx, change, client, order.Event, order.details())
}

func readOrder(payload []byte) (order clientOrder, client Client, err error) {
	if err = json.Unmarshal(payload, &order); err == nil {
		err = json.Unmarshal(order.Body, &client)
	}
	if err != nil {
		err = fmt.Errorf("read change of client: %w", err)
	}
	return order, client, err
}

// judge checks a registration that is to lie where another one lies, or none.
func (a *ClientAdmin) judge(ctx context.Context, client *Client, was ClientVersion) error {
	if err := a.alive(was); err != nil {
		return err
	}
	if err := a.clients.judge(ctx, client); err != nil {
		return err
	}
	if err := refuseAdministrator(was); err != nil {
		return err
	}
	return refuseGained(*client, was.Scopes())
}

// WantedClient is what a proposal would make of a client.
type WantedClient struct {
	Event         string // of the audit record
	Before, After Client // Before is empty for a new one
	NewSecret     bool
}

// Wants is what a proposal that waits would do.
func (a *ClientAdmin) Wants(ctx context.Context, p foureyes.Proposal) (w WantedClient, err error) {
	payload, err := a.cfg.Engine.Payload(ctx, p)
	if err != nil {
		return w, err
	}
	order, client, err := readOrder(payload)
	if err != nil {
		return w, err
	}
	was, err := a.stored(ctx, p.ObjectID)
	return WantedClient{Event: order.Event, Before: was.Client, After: client, NewSecret: len(order.SecretMAC) > 0}, err
}

// weighty reports whether a change touches more than plain members.
func weighty(before, after []byte) (bool, error) {
	changed, err := changedMembers(before, after)
	return slices.ContainsFunc(changed, func(name string) bool { return !slices.Contains(plainMembers, name) }), err
}
