package idp

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// oneAccount is a store of one account that counts how often it was read.
type oneAccount struct {
	AccountStore
	account Account
	reads   int
	fails   error
}

func (o *oneAccount) Account(context.Context, string) (Account, error) {
	o.reads++
	return o.account, o.fails
}

func TestAnAccountIsKeptUntilItsVersionIsAnother(t *testing.T) {
	ctx, now := context.Background(), time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	store := &oneAccount{account: Account{ID: "acc_1", State: AccountActive, Version: 7, PasswordHash: "$hash"}}
	s := NewAccounts(AccountsConfig{Store: store, Now: func() time.Time { return now }})
	read := func(version int64, reads int) Account {
		t.Helper()
		a, err := s.AccountAt(ctx, "acc_1", version)
		if err != nil || store.reads != reads || a.PasswordHash != "" {
			t.Errorf("version %d: %d reads, want %d, %v", version, store.reads, reads, err)
		}
		return a
	}
	read(7, 1)
	read(7, 1)
	read(0, 2) // nothing is known of the version
	store.account.Version, store.account.State = 8, AccountSuspended
	if a := read(8, 3); a.State != AccountSuspended {
		t.Errorf("an old account was given: %+v", a)
	}
	now = now.Add(recentLife)
	read(8, 4)
	store.fails = errors.New("no database")
	if _, err := s.AccountAt(ctx, "acc_2", 1); err == nil {
		t.Error("a failure was kept")
	}
}

func TestWhatIsKeptOfAccountsIsBounded(t *testing.T) {
	var r recentAccounts
	now := time.Now()
	for i := range 2 * maxRecent {
		r.put(Account{ID: fmt.Sprint(i), Version: 1}, now)
	}
	if len(r.all) > maxRecent {
		t.Errorf("%d accounts are kept", len(r.all))
	}
	if _, ok := r.get(fmt.Sprint(2*maxRecent-1), 1, now); !ok {
		t.Error("the last one was not kept")
	}
}
