package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// What Apply did to a client.
const (
	AppliedCreated   = "created"
	AppliedChanged   = "changed"
	AppliedUnchanged = "unchanged"
)

// AppliedClient tells what Apply did to a client.
type AppliedClient struct {
	ClientID string
	Outcome  string
	Members  []string // of the registration that changed, client_secret among them
	State    string   // of StoredClient.State
}

// Apply registers or changes clients; the same list again changes nothing. A list says what a client is and not whether it may
// be used: one that waits for a decision, was refused, stays in the sandbox or was suspended stays so unless the list says
// `state: live`. All are checked before the first is stored.
func (c *Clients) Apply(ctx context.Context, clients []Client) error {
	_, err := c.ApplyEach(ctx, clients)
	return err
}

// ApplyEach is Apply and tells what it did, also to those before one that failed.
func (c *Clients) ApplyEach(ctx context.Context, clients []Client) (applied []AppliedClient, err error) {
	for i := range clients {
		if err := c.judge(ctx, &clients[i]); err != nil {
			return nil, err
		}
		switch {
		case clients[i].GivenState != "" && clients[i].GivenState != StateLive:
			return nil, refuseMetadata("state", "only live; other states are decided by administrators")
		case clients[i].GivenState == StateLive && clients[i].Disabled:
			return nil, refuseMetadata("state", "not together with disabled")
		}
	}
	for _, client := range clients {
		one, err := c.applyOne(ctx, client)
		if err != nil {
			return applied, err
		}
		applied = append(applied, one)
	}
	return applied, c.Refresh(ctx)
}

func (c *Clients) applyOne(ctx context.Context, client Client) (AppliedClient, error) {
	change := ClientChange{ClientID: client.ClientID, Record: func(int64) audit.Record {
		return audit.With(event(ctx, c.now(), "client.applied", "client", client.ClientID, nil))
	}}
	var mac []byte
	if client.ClientSecret != "" {
		var err error
		if mac, err = c.secretMAC(ctx, client.ClientID, client.ClientSecret); err != nil {
			return AppliedClient{}, err
		}
	}
	for range 5 { // whoever changes the client meanwhile is not overwritten unread
		done, err := c.replace(ctx, change, client, mac)
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrTaken) {
			return done, err
		}
	}
	return AppliedClient{}, fault.Wrap(ErrConflict, fault.AdminChanged)
}

// replace puts a client in the place of what lies there now, whose state it keeps.
func (c *Clients) replace(ctx context.Context, change ClientChange, client Client, mac []byte) (done AppliedClient, err error) {
	done = AppliedClient{ClientID: client.ClientID, Outcome: AppliedCreated}
	stored, err := c.store.Client(ctx, client.ClientID)
	known := err == nil
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return done, fmt.Errorf("store client: %w", err)
	case !stored.RetiredAt.IsZero():
		return done, fault.Wrap(ErrRetired, fault.ClientRetired)
	case known:
		var was Client
		if err := json.Unmarshal(stored.Body, &was); err != nil {
			return done, fmt.Errorf("read client %s: %w", client.ClientID, err)
		}
		client.keepState(was)
		change.Was, done.Outcome = stored.Body, AppliedChanged
	}
	done.State = StoredClient{Client: client}.State()
	if change.Body, err = json.Marshal(client); err != nil {
		return done, err
	}
	if mac != nil && !bytes.Equal(mac, stored.SecretMAC) {
		change.SecretMAC = mac
	}
	if known {
		if done.Members, err = changedMembers(stored.Body, change.Body); err != nil {
			return done, err
		}
		if change.SecretMAC != nil {
			done.Members = append(done.Members, "client_secret")
		}
		if bytes.Equal(stored.Body, change.Body) && change.SecretMAC == nil {
			done.Outcome = AppliedUnchanged
			return done, nil
		}
	}
	if err := c.store.WriteClient(ctx, change); err != nil {
		return done, fmt.Errorf("store client: %w", err)
	}
	return done, nil
}

// keepState takes over what administrators decided about the client that lies there. One that registered itself stays known as
// such, so that its own changes wait for approval as before.
func (c *Client) keepState(was Client) {
	c.ApprovalState = was.ApprovalState
	switch {
	case c.GivenState != StateLive:
		c.Disabled = c.Disabled || was.Disabled
	case c.ApprovalState != "":
		c.ApprovalState = StateLive
	}
}

// changedMembers names the members of two registrations that differ.
func changedMembers(before, after []byte) ([]string, error) {
	var old, new map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(before, &old), json.Unmarshal(after, &new)); err != nil {
		return nil, err
	}
	var changed []string
	for name, value := range new {
		if !bytes.Equal(value, old[name]) {
			changed = append(changed, name)
		}
		delete(old, name)
	}
	for name := range old {
		changed = append(changed, name)
	}
	slices.Sort(changed)
	return changed, nil
}
