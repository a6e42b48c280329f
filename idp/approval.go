package idp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// States of a client that registered itself. One that an administrator applied has none and is live.
const (
	StateApplied   = "applied"   // waits; nobody can use it
	StateSandbox   = "sandbox"   // where the platform is a sandbox it can be used, elsewhere not
	StateLive      = "live"      // approved
	StateSuspended = "suspended" // stopped
	StateRefused   = "refused"   // somebody looked at it and said no
	StateRetired   = "retired"   // ended for good; never an approval state
)

// ErrConflict is answered when somebody else changed something meanwhile.
var ErrConflict = errors.New("idp: changed meanwhile")

// ErrRetired is answered for a client that ended for good.
var ErrRetired = errors.New("idp: client is retired")

// State is what a client is now, in one word.
func (c StoredClient) State() string {
	switch {
	case !c.RetiredAt.IsZero():
		return StateRetired
	case c.Disabled:
		return StateSuspended
	case c.ApprovalState == "":
		return StateLive
	}
	return c.ApprovalState
}

// usable reports whether a client may be used; sandbox says whether the platform is one.
func (c Client) usable(sandbox bool) bool {
	return !c.Disabled && (slices.Contains([]string{"", StateLive}, c.ApprovalState) || sandbox && c.ApprovalState == StateSandbox)
}

// Reviewed reports whether somebody has looked at the client's name and addresses.
func (c Client) Reviewed() bool { return c.ApprovalState == "" || c.ApprovalState == StateLive }

// AllowSandbox lets clients in the state sandbox be used.
func (c *Clients) AllowSandbox(allowed bool) { c.sandbox = allowed }

// Any returns a client whatever its state.
func (c *Clients) Any(id string) (StoredClient, bool) {
	client, ok := c.snapshot.Load().clients[id]
	return client, ok
}

// Stored reads a client from the store, with the form in which it lies there; ErrNotFound.
func (c *Clients) Stored(ctx context.Context, id string) (Client, []byte, error) {
	body, err := c.store.ClientBody(ctx, id)
	if err != nil {
		return Client{}, nil, err
	}
	var client Client
	return client, body, json.Unmarshal(body, &client)
}

// SecretMAC is the keyed hash under which a client's secret is stored.
func (c *Clients) SecretMAC(ctx context.Context, id, secret string) ([]byte, error) {
	return c.secretMAC(ctx, id, secret)
}
