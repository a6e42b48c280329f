package idpdb_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func TestRequestsAreUsedOnceAndForgotten(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			store, ctx := idpdb.New(engine.Open(t)), context.Background()
			now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
			record := audit.With(idp.Event(ctx, now, "request.pushed", "client", "c", nil))
			request := oauth.PushedRequest{Hash: []byte("hash"), ClientID: "c", Params: url.Values{"resource": {"https://a", "https://b"}}, ExpiresAt: now.Add(time.Minute)}
			if err := store.PutPushedRequest(ctx, request, record); err != nil {
				t.Fatal(err)
			}
			got, err := store.PushedRequest(ctx, request.Hash)
			if err != nil || got.ClientID != "c" || len(got.Params["resource"]) != 2 || !got.ExpiresAt.Equal(request.ExpiresAt) || !got.UsedAt.IsZero() {
				t.Fatalf("%+v, %v", got, err)
			}
			var won, seen atomic.Int64
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if err := store.UsePushedRequest(ctx, request.Hash, now.Add(10*time.Minute)); err == nil {
						won.Add(1)
					} else if !errors.Is(err, oauth.ErrConsumed) {
						t.Error(err)
					}
					if err := store.SeeRequestObject(ctx, []byte("serial"), now.Add(time.Minute)); err == nil {
						seen.Add(1)
					} else if !errors.Is(err, oauth.ErrConsumed) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if won.Load() != 1 || seen.Load() != 1 {
				t.Errorf("%d uses, %d objects", won.Load(), seen.Load())
			}
			if _, err := store.Purge(ctx, now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if _, err := store.PushedRequest(ctx, request.Hash); err != nil {
				t.Errorf("forgotten too early: %v", err)
			}
			if _, err := store.Purge(ctx, now.Add(25*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if _, err := store.PushedRequest(ctx, request.Hash); !errors.Is(err, oauth.ErrNotFound) {
				t.Errorf("kept for ever: %v", err)
			}
			if err := store.SeeRequestObject(ctx, []byte("serial"), now.Add(time.Minute)); err != nil {
				t.Errorf("the serial is kept for ever: %v", err)
			}
		})
	}
}
