package idpdb

import (
	"context"
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
	return s.db.Apply(ctx, nil, one(oauth.ErrConsumed, statement, hash, sqldb.Micros(until)))
}
