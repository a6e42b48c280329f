package idpdb_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestPurgeKeepsWhatStillDecides: of each table one row is long over and one still counts; the second stays.
func TestPurgeKeepsWhatStillDecides(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) int64 { return sqldb.Micros(now.Add(-d)) }
	const day = 24 * time.Hour
	rows := []struct {
		table, insert string
		over, counts  []any
	}{
		{"idp_flow", "(id, browser, body, created_at, expires_at, finished_at) VALUES ($1, $2, '{}', 0, $3, 0)", []any{"over", []byte("b"), ago(25 * time.Hour)}, []any{"counts", []byte("b"), ago(23 * time.Hour)}},
		{"idp_authorization_code", "(hash, request, expires_at, used_at) VALUES ($1, '{}', $2, 0)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_refresh_token", "(hash, grant_id, request, expires_at, used_at) VALUES ($1, $2, '{}', $3, 1)", []any{[]byte("over"), "ended", ago(time.Second)}, []any{[]byte("counts"), "used", ago(-time.Second)}},
		{"idp_revoked_token", "(jti, until_at) VALUES ($1, $2)", []any{"over", ago(2 * time.Minute)}, []any{"counts", ago(30 * time.Second)}},
		{"idp_pushed_request", "(hash, client_id, params, expires_at, used_at) VALUES ($1, 'c', '', $2, 0)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_request_object", "(hash, until_at) VALUES ($1, $2)", []any{[]byte("over"), ago(2 * time.Minute)}, []any{[]byte("counts"), ago(30 * time.Second)}},
		{"idp_used_assertion", "(hash, until_at) VALUES ($1, $2)", []any{[]byte("over"), ago(2 * time.Minute)}, []any{[]byte("counts"), ago(30 * time.Second)}},
		{"idp_used_proof", "(hash, until_at) VALUES ($1, $2)", []any{[]byte("over"), ago(2 * time.Minute)}, []any{[]byte("counts"), ago(30 * time.Second)}},
		{"idp_device", "(hash, user_hash, client_id, request, state, grant_id, interval_ms, polled_at, expires_at) VALUES ($1, $1, 'c', '{}', 'waiting', '', 0, 0, $2)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_opaque_token", "(hash, client_id, claims, expires_at) VALUES ($1, 'c', '{}', $2)", []any{[]byte("over"), ago(time.Second)}, []any{[]byte("counts"), ago(-time.Second)}},
		{"idp_code", "(id, lookup, purpose, browser, code_mac, created_at, expires_at, tries, used_at) VALUES ($1, $2, 'login', $2, $2, $3, $3, 0, 0)", []any{"over", []byte("b"), ago(49 * time.Hour)}, []any{"counts", []byte("b"), ago(25 * time.Hour)}},
		{"idp_staff_token", "(id, hash, holder, sid, name, roles, signed_in_at, created_at, expires_at, revoked_at) VALUES ($1, $2, 'stf_1', 'sid_1', 'n', 'r', 0, 0, $3, 0)", []any{"over", []byte("over"), ago(25 * time.Hour)}, []any{"counts", []byte("counts"), ago(23 * time.Hour)}},
		{"idp_throttle", "(scope, key, started_at, tries) VALUES ('login', $1, $2, 9)", []any{[]byte("over"), ago(49 * time.Hour)}, []any{[]byte("counts"), ago(25 * time.Hour)}},
		{"idp_message_report", "(provider, reference, state, at) VALUES ('p', $1, 'failed', $2)", []any{"over", ago(91 * day)}, []any{"counts", ago(89 * day)}},
		{"idp_message_fallback", "(id, provider, reference, account_id, key_id, sealed, until_at) VALUES ($1, 'p', 'r', 'a', 'k', $2, $3)", []any{"over", []byte("b"), ago(time.Second)}, []any{"counts", []byte("b"), ago(-time.Second)}},
		{"idp_inbox", "(id, recipient, text, code, at) VALUES ($1, 'r', 't', 'c', $2)", []any{"over", ago(8 * day)}, []any{"counts", ago(6 * day)}},
		{"idp_session", "(id, hash, account_id, aal, methods, auth_time, created_at, last_seen, device, address, ended_at) VALUES ($1, $2, 'a', 1, 'pwd', 0, 0, $3, '', '', 0)",
			[]any{"over", []byte("over"), ago(31 * day)}, []any{"counts", []byte("counts"), ago(31 * day)}},
		{"idp_party", "(sid, client_id, subject, at) VALUES ($1, 'c', 's', $2)", []any{"over", ago(31 * day)}, []any{"counts", ago(31 * day)}},
		{"idp_cas_ticket", "(hash, service_id, url, sid, account_id, fresh, expires_at, used_at) VALUES ($1, 's', 'u', 'i', 'a', TRUE, $2, 1)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_cas_login", "(hash, sid, service_id, url, key_id, sealed, at) VALUES ($1, $2, 's', 'u', 'k', $1, $3)", []any{[]byte("over"), "over", ago(31 * day)}, []any{[]byte("counts"), "counts", ago(31 * day)}},
		{"idp_bridge_ticket", "(hash, bridge_id, url, sid, account_id, expires_at, used_at) VALUES ($1, 'b', 'u', 'i', 'a', $2, 1)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_bridge_token", "(hash, bridge_id, sid, account_id, expires_at) VALUES ($1, 'b', $2, 'a', $3)", []any{[]byte("over"), "over", ago(time.Second)}, []any{[]byte("counts"), "counts", ago(time.Second)}},
		{"idp_bridge_nonce", "(hash, expires_at) VALUES ($1, $2)", []any{[]byte("over"), ago(2 * time.Minute)}, []any{[]byte("counts"), ago(30 * time.Second)}},
		{"idp_upstream_intent", "(hash, upstream_id, browser, purpose, account_id, flow, fresh, expires_at, used_at) VALUES ($1, 'u', $1, 'login', '', '', FALSE, $2, 1)", []any{[]byte("over"), ago(25 * time.Hour)}, []any{[]byte("counts"), ago(23 * time.Hour)}},
		{"idp_upstream_logout", "(hash, expires_at) VALUES ($1, $2)", []any{[]byte("over"), ago(2 * time.Minute)}, []any{[]byte("counts"), ago(30 * time.Second)}},
		{"idp_upstream_session", "(sid, account_id, upstream_id, lookup, upstream_sid, at) VALUES ($1, 'a', 'u', $2, $2, $3)", []any{"over", []byte("l"), ago(31 * day)}, []any{"counts", []byte("l"), ago(31 * day)}},
		{"idp_refused_request", "(client_id, parameter, received, seen, first_at, last_at, support_code) VALUES ('c', 'redirect_uri', $1, 1, 0, $2, 's')", []any{"over", ago(15 * day)}, []any{"counts", ago(13 * day)}},
		{"idp_grant", "(id, client_id, account_id, sid, created_at, revoked_at) VALUES ($1, 'c', 'a', $3, $2, 0)", []any{"ended", ago(31 * day), "s"}, []any{"used", ago(31 * day), "counts"}},
	}
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx := context.Background()
			db := engine.Open(t)
			for _, row := range rows {
				for _, values := range [][]any{row.over, row.counts} {
					if err := db.Write(ctx, func(tx sqldb.Tx) error {
						_, err := tx.ExecContext(ctx, "INSERT INTO "+row.table+" "+row.insert, values...)
						return err
					}); err != nil {
						t.Fatalf("%s: %v", row.table, err)
					}
				}
			}
			deleted, err := idpdb.New(db).Purge(ctx, now)
			if err != nil || deleted != int64(len(rows)) {
				t.Errorf("deleted %d of %d, %v", deleted, len(rows), err)
			}
			for _, row := range rows {
				var left int
				if err := db.Read().QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s", row.table)).Scan(&left); err != nil || left != 1 {
					t.Errorf("%s: %d rows left, %v", row.table, left, err)
				}
			}
			if again, err := idpdb.New(db).Purge(ctx, now); again != 0 || err != nil {
				t.Errorf("the second purge deleted %d, %v", again, err)
			}
		})
	}
}
