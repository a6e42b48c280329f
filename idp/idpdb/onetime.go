package idpdb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// UseAssertion notes a client assertion; oauth.ErrConsumed when it was noted before.
func (s *Store) UseAssertion(ctx context.Context, hash []byte, until time.Time) error {
	return s.useOnce(ctx, "INSERT INTO idp_used_assertion (hash, until_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, until)
}

// UseProof notes a DPoP proof; oauth.ErrConsumed when it was noted before.
func (s *Store) UseProof(ctx context.Context, hash []byte, until time.Time) error {
	return s.useOnce(ctx, "INSERT INTO idp_used_proof (hash, until_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, until)
}

func (s *Store) useOnce(ctx context.Context, statement string, hash []byte, until time.Time) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		first, err := sqldb.ExecOne(ctx, tx, statement, hash, sqldb.Micros(until))
		if err == nil && !first {
			return oauth.ErrConsumed
		}
		return err
	})
}

// purgeBatch bounds one sweep, so that it never holds the writer for long.
const purgeBatch = 2000

// PurgeUsed forgets what can no longer be presented: assertions, proofs, opaque
// tokens and marks of access tokens whose end has passed.
func (s *Store) PurgeUsed(ctx context.Context, now time.Time) error {
	for _, table := range []struct{ name, key, end string }{
		{"idp_used_assertion", "hash", "until_at"}, {"idp_used_proof", "hash", "until_at"}, {"idp_revoked_token", "jti", "until_at"}, {"idp_opaque_token", "hash", "expires_at"}, {"idp_device", "hash", "expires_at"},
	} {
		statement := fmt.Sprintf("DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s < $1 ORDER BY %[3]s LIMIT $2)", table.name, table.key, table.end)
		if err := s.db.Write(ctx, func(tx sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, statement, sqldb.Micros(now), purgeBatch)
			return err
		}); err != nil {
			return fmt.Errorf("purge %s: %w", table.name, err)
		}
	}
	return nil
}
