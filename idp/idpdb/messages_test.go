package idpdb_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/internal/channel"
)

var _ channel.Ledger = (*idpdb.Store)(nil)

// TestA05CeilingHoldsAgainstManyAtOnce: parallel sendings never pass a ceiling together.
func TestA05CeilingHoldsAgainstManyAtOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		var group sync.WaitGroup
		var granted atomic.Int64
		for range 40 {
			group.Go(func() {
				ok, err := d.store.Reserve(ctx, "2026-11-26", "a", 45, 450)
				if err != nil {
					t.Error(err)
				}
				if ok {
					granted.Add(1)
				}
			})
		}
		group.Wait()
		if cost, messages, err := d.store.Spent(ctx, "2026-11-26", "a"); err != nil || granted.Load() != 10 || cost != 450 || messages != 10 {
			t.Errorf("%d granted, %d for %d, %v", granted.Load(), cost, messages, err)
		}
		if err := d.store.Release(ctx, "2026-11-26", "a", 45); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			day, provider string
			cost, ceiling int64
			want          bool
		}{{"2026-11-26", "a", 46, 450, false}, {"2026-11-26", "a", 45, 450, true}, {"2026-11-26", "a", 1, 450, false}, {"2026-11-26", "a", 1, 0, true}, {"2026-11-26", "b", 451, 450, false}, {"2026-11-26", "b", 450, 450, true}, {"2026-11-27", "a", 450, 450, true}} {
			if ok, err := d.store.Reserve(ctx, test.day, test.provider, test.cost, test.ceiling); err != nil || ok != test.want {
				t.Errorf("%+v: %v %v", test, ok, err)
			}
		}
	})
}

func TestReceiptsAreKeptOnceAndPurged(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		r := channel.Receipt{ID: "msg_1", Kind: channel.Mobile, Template: "code", Provider: "a", State: channel.Sent, Reference: "7", Parts: 1, At: d.Clock.Now()}
		if settled, err := d.store.Settled(ctx, "msg_1"); err != nil || settled {
			t.Errorf("%v %v", settled, err)
		}
		for _, provider := range []string{"a", "b"} {
			again := r
			again.Provider = provider
			if err := d.store.PutReceipt(ctx, again); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := d.store.Receipt(ctx, "msg_1"); err != nil || got != r {
			t.Errorf("%+v %v", got, err)
		}
		if settled, err := d.store.Settled(ctx, "msg_1"); err != nil || !settled {
			t.Errorf("%v %v", settled, err)
		}
		for _, step := range []struct {
			after time.Duration
			want  error
		}{{89 * 24 * time.Hour, nil}, {91 * 24 * time.Hour, idp.ErrNotFound}} {
			if _, err := d.store.Purge(ctx, d.Clock.Now().Add(step.after)); err != nil {
				t.Fatal(err)
			}
			if _, err := d.store.Receipt(ctx, "msg_1"); !errors.Is(err, step.want) {
				t.Errorf("after %s: %v", step.after, err)
			}
		}
	})
}

func TestLanguageOfAnAccount(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		a := register(t, d, "13900000001")
		if a.Locale != "" {
			t.Errorf("made without a page, and in %s", a.Locale)
		}
		if err := d.store.SetLocale(ctx, a.ID, "en"); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Accounts.Account(ctx, a.ID); err != nil || got.Locale != "en" {
			t.Errorf("%+v %v", got, err)
		}
	})
}
