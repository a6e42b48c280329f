package idpdb

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// How long rows stay after their end. A used code or token must be known for as long as somebody may bring it again;
// counters of a day must outlive the day.
const (
	keepCodes    = 24 * time.Hour
	keepCounters = 48 * time.Hour
	keepReceipts = 90 * 24 * time.Hour
	keepInbox    = 7 * 24 * time.Hour
	keepSessions = 30 * 24 * time.Hour
	keepUses     = 3 * 365 * 24 * time.Hour // for as long as audit rows: both sides may ask what was done
	keepShared   = 366 * 24 * time.Hour     // the longest days of an alert, and one
	keepDeferred = 7 * 24 * time.Hour       // many times the longest pause: what is still due was tried again by then
	keepMarks    = time.Minute              // what must not come again: a clock that is set back a little must not revive it
)

// Purge deletes what ended long enough ago to decide nothing any more: one-time values, flows, counters, sessions and the
// grants that no token of theirs can revive. Accounts, proofs, consents and audit rows are not its business.
func (s *Store) Purge(ctx context.Context, now time.Time) (deleted int64, err error) {
	before := func(keep time.Duration) int64 { return sqldb.Micros(now.Add(-keep)) }
	for _, rows := range []struct {
		table, key, condition string
		before                int64
	}{
		{"idp_flow", "id", "expires_at < $1", before(keepCodes)},
		{"idp_authorization_code", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_refresh_token", "hash", "expires_at < $1", before(0)},
		{"idp_revoked_token", "jti", "until_at < $1", before(keepMarks)},
		{"idp_pushed_request", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_request_object", "hash", "until_at < $1", before(keepMarks)},
		{"idp_used_assertion", "hash", "until_at < $1", before(keepMarks)},
		{"idp_used_proof", "hash", "until_at < $1", before(keepMarks)},
		{"idp_device", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_opaque_token", "hash", "expires_at < $1", before(0)},
		{"idp_known_device", "id", "seen_at < $1", before(authn.DeviceLife)},
		{"idp_qr", "id", "expires_at < $1", before(keepCodes)},
		{"idp_step", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_credential", "id", "state = 'pending' AND created_at < $1", before(keepCodes)},
		{"idp_staff_credential", "id", "state = 'pending' AND created_at < $1", before(keepCodes)},
		{"idp_staff_token", "id", "expires_at < $1", before(keepCodes)},
		{"idp_code", "id", "created_at < $1", before(keepCounters)},
		{"idp_throttle", "scope, key", "started_at < $1 AND scope NOT LIKE '" + proofing.ScopeShared + "%'", before(keepCounters)},
		{"idp_throttle", "scope, key", "started_at < $1", before(keepShared)},
		{"idp_deferred", "job, row_id", "retry_at < $1", before(keepDeferred)},
		{"idp_message_receipt", "id", "at < $1", before(keepReceipts)},
		{"idp_message_report", "provider, reference", "at < $1", before(keepReceipts)},
		{"idp_message_answer", "provider, id", "at < $1", before(keepReceipts)},
		{"idp_phone_request", "id", "created_at < $1 AND (mandate_id = '' OR NOT EXISTS (SELECT 1 FROM idp_mandate WHERE idp_mandate.id = idp_phone_request.mandate_id AND idp_mandate.state = 'active'))", before(keepReceipts)},
		{"idp_message_fallback", "id", "until_at < $1", before(0)},
		{"idp_export", "account_id", "until_at < $1", before(0)},
		{"idp_inbox", "id", "at < $1", before(keepInbox)},
		// A session stays as long as its grants: who is suspended loses grants by sessions.
		{"idp_session", "id", "last_seen < $1 AND NOT EXISTS (SELECT 1 FROM idp_grant WHERE idp_grant.sid = idp_session.id)", before(keepSessions)},
		{"idp_party", "sid, client_id", "at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_party.sid)", before(keepSessions)},
		{"idp_mandate_party", "mandate_id, sid, client_id", "at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_mandate_party.sid)", before(keepSessions)},
		{"idp_acting", "sid, client_id", "at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_acting.sid)", before(keepSessions)},
		{"idp_mandate_use", "principal, mandate_id, at, id", "at < $1", before(keepUses)},
		{"idp_cas_ticket", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_cas_proxy_ticket", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_cas_granting", "hash", "expires_at < $1", before(0)},
		{"idp_cas_login", "hash", "at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_cas_login.sid)", before(keepSessions)},
		{"idp_bridge_ticket", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_bridge_token", "hash", "expires_at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_bridge_token.sid)", before(0)},
		{"idp_bridge_nonce", "hash", "expires_at < $1", before(keepMarks)},
		{"idp_upstream_intent", "hash", "expires_at < $1", before(keepCodes)},
		{"idp_upstream_logout", "hash", "expires_at < $1", before(keepMarks)},
		{"idp_upstream_session", "sid", "at < $1 AND NOT EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_upstream_session.sid)", before(keepSessions)},
		// A visit holds the document until its end at the latest, and a reading its nonce for as long as a message may come again.
		{"idp_counter_visit", "id", "expires_at < $1", before(0)},
		{"idp_counter_reading", "terminal_id, nonce", "expires_at < $1", before(keepMarks)},
		{"idp_counter_held", "act_id", "until_at < $1", before(0)},
		{"idp_counter_pass", "account_id", "expires_at < $1", before(keepCodes)},
		{"idp_refused_request", "client_id, parameter, received", "last_at < $1", before(idp.KeepRefusals)},
		{"idp_release", "account_id, id", "last_at < $1 AND NOT EXISTS (SELECT 1 FROM idp_dispute WHERE idp_dispute.account_id = idp_release.account_id AND idp_dispute.release_id = idp_release.id)", before(idp.KeepReleases)},
		{"idp_grant", "id", "created_at < $1 AND NOT EXISTS (SELECT 1 FROM idp_refresh_token WHERE idp_refresh_token.grant_id = idp_grant.id)", before(keepSessions)},
	} {
		n, err := s.db.Purge(ctx, rows.table, rows.key, rows.condition, rows.before)
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}
