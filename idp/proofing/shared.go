package proofing

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// What many identities may share.
const (
	SharedPhone = "phone"
	SharedFace  = "face"
	// SharedSource is one network address from which the numbers of many are asked about (security row A-26).
	SharedSource = "source"
)

// Numbers of identities that may be asked about from one address in a day before staff are told.
const (
	sourceAlertAt   = 20
	sourceAlertDays = 1
)

// KindSharedUse is the kind of the proposal that tells security administrators of it.
const KindSharedUse = "proofing.shared_use"

// SharedUse is one telephone number, one face or one network address behind as many identities as the policy names. Neither it nor they stand in it.
type SharedUse struct {
	What       string `json:"what"`       // SharedPhone, SharedFace or SharedSource
	Identities int    `json:"identities"` // so far
	Days       int    `json:"days"`       // within which they were counted
	Case       string `json:"case"`       // the one that reached the number, and its account
	AccountID  string `json:"account_id"`
}

// TopicShared is the outbox topic of what staff are told: a SharedUse. It refuses nothing: a family has one telephone.
const TopicShared = "proofing.shared"

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

// Sharing is an identity beside what a method looked at, both as keyed hashes. Stores count it in the transaction of the case.
type Sharing struct {
	key, pair []byte // what was looked at; the same with the identity
	alertAt   int    // identities
	span      time.Duration
	use       SharedUse
	event     audit.Event
}

// Count counts an identity once in the days of the policy by the counters of a transaction, and gives what has to be stored with them: the event
// and the message to staff where the number of the policy is reached, once in that time. Nil counts nothing.
func (n *Sharing) Count(count func(scope string, key []byte, span time.Duration, now time.Time) (int, error)) (record audit.Record, err error) {
	if n == nil {
		return record, nil
	}
	now := n.event.At
	if times, err := count(scopeSeen+n.use.What, n.pair, n.span, now); err != nil || times != 1 {
		return record, err
	}
	use := n.use
	if use.Identities, err = count(scopeCount+use.What, n.key, n.span, now); err != nil || use.Identities < n.alertAt {
		return record, err
	}
	if told, err := count(scopeTold+use.What, n.key, n.span, now); err != nil || told != 1 {
		return record, err
	}
	payload, err := json.Marshal(use)
	if err != nil {
		return record, err
	}
	event := n.event
	event.Details = map[string]string{"what": use.What, "identities": strconv.Itoa(use.Identities), "days": strconv.Itoa(use.Days), "case": use.Case}
	return audit.With(event).And(audit.Message{Topic: TopicShared, Key: use.Case + "/" + use.What, Payload: payload}), nil
}

// sharing is what is counted of a case; nil where its method or the policy counts nothing.
func (s *Service) sharing(ctx context.Context, c Case, level Level, value string, who idp.Identity) (*Sharing, error) {
	what, at, days := alerting[level.Method], 0, 0
	if what != "" {
		at, days = alertOf(level)
	}
	if at == 0 {
		return nil, nil
	}
	return s.sharingOf(ctx, c, what, at, days, value, who)
}

// sharingOf counts identities behind a value; nil where nothing is counted, and where one of the two is not known.
func (s *Service) sharingOf(ctx context.Context, c Case, what string, at, days int, value string, who idp.Identity) (*Sharing, error) {
	if !s.cfg.CountShared || value == "" || who.Number == "" {
		return nil, nil
	}
	identity, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.Accounts.Lookup(ctx, ScopeShared+what, value)
	if err != nil {
		return nil, err
	}
	pair, err := s.cfg.Accounts.Lookup(ctx, scopeSeen+what, hex.EncodeToString(key)+hex.EncodeToString(identity))
	if err != nil {
		return nil, err
	}
	return &Sharing{key: key, pair: pair, alertAt: at, span: time.Duration(days) * 24 * time.Hour, use: SharedUse{What: what, Days: days, Case: c.ID, AccountID: c.AccountID},
		event: idp.Event(ctx, s.cfg.Now().UTC(), "proofing.shared_use", "account", c.AccountID, nil)}, nil
}

// noteSource counts the number of a new case on the address from which it is asked about: whoever looks for people by their numbers does it
// from few. It refuses nobody, since a service hall has one address; without the counter nothing is asked.
func (s *Service) noteSource(ctx context.Context, c Case, who idp.Identity) error {
	shared, err := s.sharingOf(ctx, c, SharedSource, sourceAlertAt, sourceAlertDays, reqctx.From(ctx).Source(), who)
	if err != nil || shared == nil {
		return err
	}
	if err := s.cfg.Store.CountSharing(ctx, shared); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// noteFace counts the face that a service named before the level is given: a case that dies in between is asked about again, and an identity
// counts once. Without the counter the level waits.
func (s *Service) noteFace(ctx context.Context, c Case, level Level, answer Answer, who idp.Identity) error {
	shared, err := s.sharing(ctx, c, level, answer.Face, who)
	if err != nil || shared == nil {
		return err
	}
	if err := s.cfg.Store.CountSharing(ctx, shared); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
