package proofing

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

// What many identities may share.
const (
	SharedPhone = "phone"
	SharedFace  = "face"
)

// KindSharedUse is the kind of the proposal that tells security administrators of it.
const KindSharedUse = "proofing.shared_use"

// SharedUse is one telephone number, or one face, behind as many identities as the policy names. Neither it nor they stand in it.
type SharedUse struct {
	What       string `json:"what"`       // SharedPhone or SharedFace
	Identities int    `json:"identities"` // so far
	Days       int    `json:"days"`       // within which they were counted
	Case       string `json:"case"`       // the one that reached the number, and its account
	AccountID  string `json:"account_id"`
}

// Alerts tells staff that something is used for many identities. It refuses nothing: a family has one telephone.
type Alerts interface {
	SharedUse(ctx context.Context, u SharedUse) error
}

// Scopes of the counters behind alerts. They last for the days of the policy.
const (
	ScopeShared = "shared-" // begins all of them
	scopeSeen   = ScopeShared + "seen-"
	scopeCount  = ScopeShared + "count-"
	scopeTold   = ScopeShared + "told-"
	ScopeFaces  = scopeCount + SharedFace // one row for each face that a service names
)

// Bounds of the policy's alerts.
const (
	mostAlertAt   = 1000
	mostAlertDays = 365
)

// alerting are the methods at which something is counted.
var alerting = map[string]string{Carrier: SharedPhone, BankCard: SharedPhone, Face: SharedFace}

// alertOf is when a method alerts: at how many identities within how many days; none is 0. What a row leaves out is as in the policy that is
// built in.
func alertOf(level Level) (at, days int) {
	rows := DefaultPolicy()
	if i := slices.IndexFunc(rows, func(l Level) bool { return l.Method == level.Method }); i >= 0 {
		at, days = rows[i].AlertAt, rows[i].AlertDays
	}
	if level.AlertAt != 0 {
		at = max(level.AlertAt, 0)
	}
	if level.AlertDays != 0 {
		days = level.AlertDays
	}
	return at, days
}

// noteShared counts an identity with what a method looked at, each once in the days of the policy and by keyed hashes alone, and tells
// staff once in that time. Nothing that fails here stops a person: what was not told is told with the next identity.
func (s *Service) noteShared(ctx context.Context, c Case, level Level, value string, who idp.Identity) {
	what, at, days := alerting[level.Method], 0, 0
	if what != "" {
		at, days = alertOf(level)
	}
	if s.cfg.Alerts == nil || value == "" || who.Number == "" || at == 0 {
		return
	}
	identity, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return
	}
	key, err := s.cfg.Accounts.Lookup(ctx, ScopeShared+what, value)
	if err != nil {
		return
	}
	pair, err := s.cfg.Accounts.Lookup(ctx, scopeSeen+what, hex.EncodeToString(key)+hex.EncodeToString(identity))
	if err != nil {
		return
	}
	now, span := s.cfg.Now().UTC(), time.Duration(days)*24*time.Hour
	count := func(scope string, key []byte) int {
		n, err := s.cfg.Store.Count(ctx, scope+what, key, span, now)
		if err != nil {
			return 0
		}
		return n
	}
	if count(scopeSeen, pair) != 1 {
		return
	}
	n := count(scopeCount, key)
	if n < at || count(scopeTold, key) != 1 {
		return
	}
	if err := s.cfg.Alerts.SharedUse(ctx, SharedUse{What: what, Identities: n, Days: days, Case: c.ID, AccountID: c.AccountID}); err != nil {
		_ = s.cfg.Store.Uncount(context.WithoutCancel(ctx), scopeTold+what, key)
	}
}
