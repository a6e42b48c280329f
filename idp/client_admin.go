package idp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// MaxOverlap is how long a secret may work on after another took its place.
const MaxOverlap = 24 * time.Hour

// ClientAdminConfig holds what ClientAdmin needs.
type ClientAdminConfig struct {
	Clients *Clients
	Engine  *foureyes.Engine
	Rand    io.Reader // makes secrets
	// Two asks two people for what others rely on; see plainMembers.
	Two bool
	// Area is the path of the area of a department; empty for one that the tree does not know.
	Area func(ctx context.Context, department string) (string, error)
}

// ClientAdmin is what administrators do with single clients. It writes through the store of the registry, with the checks of
// Apply, so that a file of `admin apply` and an administrator mean the same client.
type ClientAdmin struct {
	cfg     ClientAdminConfig
	clients *Clients
}

// NewClientAdmin returns the service, whose kind the engine knows from then on.
func NewClientAdmin(cfg ClientAdminConfig) *ClientAdmin {
	a := &ClientAdmin{cfg, cfg.Clients}
	cfg.Engine.Register(foureyes.Kind{Name: KindClient, Role: RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Execute: a.execute, Version: func(ctx context.Context, id string) (string, error) {
		v, err := a.stored(ctx, id)
		return v.version(), err
	}})
	return a
}

// ClientQuery selects clients; empty members select all.
type ClientQuery struct {
	State      string          // a word of StoredClient.State
	Department string          // as it is registered
	Within     map[string]bool // departments; nil is not bounded
	Text       string          // part of identifier, name or department, whatever its case
	After      string          // identifier of the last one of the page before
	Limit      int
}

func (q ClientQuery) wants(c StoredClient) bool {
	if q.State != "" && c.State() != q.State || q.Department != "" && c.Department != q.Department || c.ClientID <= q.After || q.Within != nil && !q.Within[c.Department] {
		return false
	}
	text := strings.ToLower(q.Text)
	return text == "" || slices.ContainsFunc([]string{c.ClientID, c.ClientName, c.Department}, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}

// Page lists clients by identifier; next is empty on the last page. It reads the snapshot, which is at most two seconds old.
func (a *ClientAdmin) Page(q ClientQuery) (page []StoredClient, next string) {
	for _, client := range a.clients.snapshot.Load().clients {
		if q.wants(client) {
			page = append(page, client)
		}
	}
	slices.SortFunc(page, func(a, b StoredClient) int { return strings.Compare(a.ClientID, b.ClientID) })
	if len(page) > q.Limit {
		page = page[:q.Limit]
		next = page[q.Limit-1].ClientID
	}
	return page, next
}

// ClaimTitle is what people call a claim, where its definition says so.
func (a *ClientAdmin) ClaimTitle(claim, locale string) string {
	known, _ := a.clients.words.Load().Claim(claim)
	return known.Title[locale]
}

// ClientVersion is a client with the form in which it lay there when it was read.
type ClientVersion struct {
	StoredClient
	body []byte
}

// Read reads a client from the store, whatever its state; fault.NotFound.
func (a *ClientAdmin) Read(ctx context.Context, id string) (ClientVersion, error) {
	stored, err := a.clients.store.Client(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return ClientVersion{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return ClientVersion{}, fault.Wrap(err, fault.Unavailable)
	}
	client, err := stored.read()
	return ClientVersion{client, stored.Body}, err
}

// Events of changes of clients.
const (
	clientCreated   = "client.created"
	clientChanged   = "client.changed"
	clientRotated   = "client.secret_rotated"
	clientResumed   = "client.resumed"
	clientSuspended = "client.suspended"
)

// Create registers a client under an identifier that is free: fault.Conflict otherwise. The secret, when it has one, is made
// here and known to nobody afterwards. Where two people decide, a proposal comes back, and the secret is of use once it is approved.
func (a *ClientAdmin) Create(ctx context.Context, client Client) (secret string, waits *foureyes.Proposal, err error) {
	client.ClientSecret, client.ApprovalState, client.Disabled = "", "", false
	if err := a.judge(ctx, &client, ClientVersion{}); err != nil {
		return "", nil, err
	}
	if known, err := a.stored(ctx, client.ClientID); err != nil {
		return "", nil, err
	} else if known.body != nil {
		return "", nil, fault.New(fault.Conflict)
	}
	order := clientOrder{Event: clientCreated}
	if client.HasSecret() {
		if secret, order.SecretMAC, err = a.newSecret(ctx, client.ClientID); err != nil {
			return "", nil, err
		}
	}
	waits, err = a.settle(ctx, ClientVersion{}, client, order, true)
	return secret, waits, err
}

func (a *ClientAdmin) newSecret(ctx context.Context, id string) (secret string, mac []byte, err error) {
	secret = "yxs_" + ident.Secret(a.cfg.Rand, 32)
	mac, err = a.clients.secretMAC(ctx, id, secret)
	return secret, mac, err
}

// Change puts a whole registration in the place of one that was read. Secrets and state stay as they are.
func (a *ClientAdmin) Change(ctx context.Context, was ClientVersion, client Client) (*foureyes.Proposal, error) {
	client.ClientID, client.ClientSecret, client.ApprovalState, client.Disabled = was.ClientID, "", was.ApprovalState, was.Disabled
	if err := a.judge(ctx, &client, was); err != nil {
		return nil, err
	}
	body, err := json.Marshal(client)
	if err != nil || string(body) == string(was.body) {
		return nil, err
	}
	heavy, err := weighty(was.body, body)
	if err != nil {
		return nil, err
	}
	return a.settle(ctx, was, client, clientOrder{Event: clientChanged}, heavy)
}

// Rotate makes a new secret. The one before is taken for the overlap, at most MaxOverlap; zero ends it at once. A secret that
// was itself in its overlap ends.
func (a *ClientAdmin) Rotate(ctx context.Context, was ClientVersion, overlap time.Duration) (secret string, waits *foureyes.Proposal, err error) {
	if err := a.alive(was); err != nil {
		return "", nil, err
	}
	if err := refuseAdministrator(was); err != nil {
		return "", nil, err
	}
	switch {
	case !was.HasSecret():
		return "", nil, refuseMetadata("token_endpoint_auth_method", "the client has no secret")
	case overlap < 0 || overlap > MaxOverlap:
		return "", nil, fault.New(fault.Invalid).WithField("overlap_hours", fault.Invalid)
	}
	order := clientOrder{Event: clientRotated, Overlap: overlap}
	if secret, order.SecretMAC, err = a.newSecret(ctx, was.ClientID); err != nil {
		return "", nil, err
	}
	waits, err = a.settle(ctx, was, was.Client, order, true)
	return secret, waits, err
}

// Disable takes a client out of use, or puts it back; its grants stay. One that registered itself and waits for a decision, or
// was refused, is not put into use this way. One person is enough to stop.
func (a *ClientAdmin) Disable(ctx context.Context, was ClientVersion, disabled bool) (*foureyes.Proposal, error) {
	if err := a.alive(was); err != nil {
		return nil, err
	}
	if was.Disabled == disabled {
		return nil, nil
	}
	order := clientOrder{Event: clientResumed}
	if disabled {
		order.Event = clientSuspended
	}
	client := was.Client
	client.Disabled = disabled
	return a.settle(ctx, was, client, order, !disabled)
}

// Retire ends a client for good, with all its grants and its registration, in one transaction. Retiring it again does nothing.
func (a *ClientAdmin) Retire(ctx context.Context, was ClientVersion) error {
	if !was.RetiredAt.IsZero() {
		return nil
	}
	client := was.Client
	client.Disabled = true
	return a.write(ctx, ClientChange{ClientID: was.ClientID, Was: was.body, RetiredAt: a.clients.now().UTC()}, client, "client.retired", nil)
}

// refuseGained refuses roles of staff among the scopes that a client is to have more than before: they come by a file of admin
// apply only, so that who registers clients is not by that everything else too.
func refuseGained(client Client, had []string) error {
	for _, scope := range client.Scopes() {
		if IsRole(scope) && !slices.Contains(had, scope) {
			return refuseMetadata("scope", scope+" is a role of staff; a client gets one by a file of admin apply only")
		}
	}
	return nil
}

// refuseAdministrator refuses changes of a client that holds a role of administration: whoever sets its keys or sees its secret
// would hold that role beside the own one, which nobody may (CheckRoles).
func refuseAdministrator(was ClientVersion) error {
	if slices.ContainsFunc(was.Scopes(), func(scope string) bool { return slices.Contains(AdminRoles, scope) }) {
		return refuseMetadata("scope", "the client is an administrator; it is changed by a file of admin apply only")
	}
	return nil
}

func (a *ClientAdmin) alive(was ClientVersion) error {
	if !was.RetiredAt.IsZero() {
		return fault.New(fault.ClientRetired)
	}
	return nil
}

func (a *ClientAdmin) write(ctx context.Context, change ClientChange, client Client, kind string, details map[string]string) (err error) {
	if change.Body, err = json.Marshal(client); err != nil {
		return err
	}
	change.Record = func(grants int64) audit.Record {
		if grants > 0 {
			details = map[string]string{"grants": strconv.FormatInt(grants, 10)}
		}
		return audit.With(event(ctx, a.clients.now(), kind, "client", change.ClientID, details))
	}
	err = a.clients.store.WriteClient(ctx, change)
	switch {
	case errors.Is(err, ErrConflict):
		return fault.Wrap(err, fault.AdminChanged)
	case errors.Is(err, ErrTaken):
		return fault.Wrap(err, fault.Conflict)
	case err != nil:
		return fault.Wrap(err, fault.Unavailable)
	}
	return a.clients.Refresh(ctx)
}
