package oauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// GrantMark is a place in a list of grants: the last one of the page before. The zero value is the beginning.
type GrantMark struct {
	CreatedAt time.Time
	ID        string
}

// GrantQuery selects grants of an account, of a client, or of both.
type GrantQuery struct {
	AccountID, ClientID string
	Behind              GrantMark
	Limit               int
}

// AdminStore is what administrators ask of grants; idpdb implements it.
type AdminStore interface {
	// Grant answers ErrNotFound.
	Grant(ctx context.Context, id string) (GrantRecord, error)
	// GrantPage lists grants, the newest first.
	GrantPage(ctx context.Context, q GrantQuery) ([]GrantRecord, error)
	// Family reads refresh tokens of a grant without their hashes: the one that can be used first, then those used last.
	Family(ctx context.Context, grantID string, limit int) ([]RefreshRecord, error)
	LiveGrants(ctx context.Context, clientID string) (int64, error)
	// RevokeGrantsOf ends at most limit grants of a client in one transaction with the record of how many they were; nothing is
	// stored when there were none.
	RevokeGrantsOf(ctx context.Context, clientID string, limit int, at time.Time, record func(n int64) audit.Record) (int64, error)
	ConsentInForce(ctx context.Context, accountID, clientID string) (idp.Consent, error)
}

// Admin shows grants to administrators and ends them.
type Admin struct {
	engine *Engine
	store  AdminStore
}

// NewAdmin returns the service.
func NewAdmin(engine *Engine, store AdminStore) *Admin { return &Admin{engine, store} }

// GrantDetail is a grant with what is known of its tokens. Nothing in it is secret.
type GrantDetail struct {
	GrantRecord
	Scopes   []string  // of its refresh tokens, else what the person allowed the client
	Binding  Binding   // sender constraint of its refresh tokens
	LastUse  time.Time // when a refresh token was last exchanged; the beginning when none was
	Expires  time.Time // of the refresh token that can be used; zero without one
	Rotated  int       // how often it was exchanged, at most familyShown
	Consents []string
}

// familyShown bounds how much of a family is read.
const familyShown = 100

// Page lists grants, the newest first; next is empty on the last page.
func (a *Admin) Page(ctx context.Context, q GrantQuery, after string) (page []GrantRecord, next string, err error) {
	if q.AccountID == "" && q.ClientID == "" {
		return nil, "", fault.New(fault.Invalid)
	}
	if after != "" {
		if q.Behind.CreatedAt, q.Behind.ID, err = idp.ReadPagePlace(after); err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
	}
	limit := q.Limit
	q.Limit++
	if page, err = a.store.GrantPage(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = idp.PagePlace(last.CreatedAt, last.ID)
	}
	return page, next, nil
}

// Grant is one grant with its family.
func (a *Admin) Grant(ctx context.Context, id string) (GrantDetail, error) {
	record, err := a.store.Grant(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return GrantDetail{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return GrantDetail{}, fault.Wrap(err, fault.Unavailable)
	}
	return a.Describe(ctx, record)
}

// Describe adds to a grant what is known of its tokens.
func (a *Admin) Describe(ctx context.Context, record GrantRecord) (GrantDetail, error) {
	d := GrantDetail{GrantRecord: record, LastUse: record.CreatedAt}
	family, err := a.store.Family(ctx, record.ID, familyShown)
	if err != nil {
		return d, fault.Wrap(err, fault.Unavailable)
	}
	for i, token := range family {
		if i == 0 {
			d.Scopes, d.Binding = token.Request.GrantedScopes, token.Request.Session.Binding
		}
		if token.UsedAt.IsZero() {
			d.Expires = token.ExpiresAt
			continue
		}
		d.Rotated++
		if token.UsedAt.After(d.LastUse) {
			d.LastUse = token.UsedAt
		}
	}
	agreed, err := a.store.ConsentInForce(ctx, cmp.Or(record.MandateID, record.AccountID), record.ClientID)
	if err != nil {
		return d, fault.Wrap(err, fault.Unavailable)
	}
	d.Consents = agreed.Scopes
	if len(family) == 0 {
		d.Scopes = d.Consents
	}
	return d, nil
}

// End ends a grant with all its tokens. Ending it again does nothing.
func (a *Admin) End(ctx context.Context, id string) error {
	record, err := a.store.Grant(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return fault.New(fault.NotFound)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if !record.RevokedAt.IsZero() {
		return nil
	}
	return a.outward(a.engine.endGrant(ctx, id))
}

// Live counts the grants of a client that EndAll would end.
func (a *Admin) Live(ctx context.Context, clientID string) (int64, error) {
	n, err := a.store.LiveGrants(ctx, clientID)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable)
	}
	return n, nil
}

// endBatch is how many grants end in one transaction: enough to be done soon, and few enough to let logins pass between.
const endBatch = 1000

// EndAll ends every grant of a client, when they are still as many as the administrator was told: fault.AdminConfirm
// otherwise. It goes in batches, each with its audit record; one that fails leaves the rest, and doing it again ends them.
func (a *Admin) EndAll(ctx context.Context, clientID string, confirmed int64) (ended int64, err error) {
	live, err := a.Live(ctx, clientID)
	if err != nil {
		return 0, err
	}
	if live != confirmed {
		return 0, fault.New(fault.AdminConfirm)
	}
	for {
		now := a.engine.cfg.Now().UTC()
		n, err := a.store.RevokeGrantsOf(ctx, clientID, endBatch, now, func(n int64) audit.Record {
			return audit.With(idp.Event(ctx, now, "client.grants_revoked", "client", clientID, map[string]string{"grants": fmt.Sprint(n)}))
		})
		ended += n
		if err != nil {
			return ended, fault.Wrap(err, fault.Unavailable)
		}
		if n < endBatch {
			return ended, nil
		}
	}
}

// RefreshToken finds the grant of a refresh token by its value; ErrNotFound. active tells whether it can be used.
func (a *Admin) RefreshToken(ctx context.Context, token string) (record RefreshRecord, grant GrantRecord, active bool, err error) {
	hash, err := a.engine.hash(ctx, "refresh", token)
	if err == nil {
		record, err = a.engine.cfg.Store.Refresh(ctx, hash)
	}
	if errors.Is(err, ErrNotFound) {
		return record, grant, false, err
	}
	if err == nil {
		grant, err = a.store.Grant(ctx, record.GrantID)
	}
	if errors.Is(err, ErrNotFound) {
		return record, GrantRecord{ID: record.GrantID, ClientID: record.Request.ClientID, AccountID: record.Request.Session.AccountID}, false, nil
	}
	if err != nil {
		return record, grant, false, fault.Wrap(err, fault.Unavailable)
	}
	return record, grant, record.UsedAt.IsZero() && grant.RevokedAt.IsZero() && a.engine.cfg.Now().Before(record.ExpiresAt), nil
}

// EndToken marks an access token that stands on no grant.
func (a *Admin) EndToken(ctx context.Context, jti, clientID string, until time.Time) error {
	now := a.engine.cfg.Now().UTC()
	return a.outward(a.engine.cfg.Store.RevokeToken(ctx, jti, until, audit.With(idp.Event(ctx, now, "token.revoked", "token", jti, map[string]string{"client": clientID}))))
}

// outward turns an OAuth error, which is for clients, into a fault.
func (a *Admin) outward(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable)
}
