package idp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// ledgerTwin keeps lines in memory and can fail.
type ledgerTwin struct {
	idp.LedgerStore
	lines map[string]idp.Release
	saves int
	fails error
}

func (l *ledgerTwin) SaveReleases(_ context.Context, releases []idp.Release) error {
	l.saves++
	if l.fails != nil {
		return l.fails
	}
	for _, r := range releases {
		if before, there := l.lines[r.ID]; there {
			r.Count += before.Count
			r.First = before.First
		}
		l.lines[r.ID] = r
	}
	return nil
}

func (l *ledgerTwin) only(t *testing.T) idp.Release {
	t.Helper()
	if len(l.lines) != 1 {
		t.Fatalf("%d lines", len(l.lines))
	}
	for _, r := range l.lines {
		return r
	}
	return idp.Release{}
}

func told(client idp.Client, account, grant string, channel idp.Channel, claims []string, consent int64, at time.Time) idp.Release {
	return idp.BuiltinVocabulary().Release(idp.Told{Client: client, AccountID: account, GrantID: grant, Channel: channel, Claims: claims, Consent: consent}, at)
}

func TestLedgerCountsOnLinesByBatches(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	store := &ledgerTwin{lines: map[string]idp.Release{}}
	ledger := idp.NewLedger(store, func() time.Time { return now })
	client := idp.Client{ClientID: "c", ClientName: "市场监管", Purpose: "办理登记"}
	note := func() {
		t.Helper()
		if err := ledger.Note(told(client, "acc", "grant", idp.ChannelUserinfo, []string{"sub", "name"}, 1, now)); err != nil {
			t.Fatal(err)
		}
	}
	note()
	for range 5 {
		now = now.Add(time.Minute)
		note()
	}
	if store.saves != 0 {
		t.Errorf("an answer waited for the database: %d", store.saves)
	}
	store.fails = errors.New("the database does not answer")
	if ledger.Flush(context.Background()) == nil {
		t.Error("a failed flush is no error")
	}
	note()
	store.fails = nil
	if err := ledger.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := store.only(t); r.Count != 7 || !r.Last.Equal(now) || r.Purpose != "办理登记" || r.Basis.Consent != 1 || store.saves != 2 {
		t.Errorf("the line is %+v, after %d saves", r, store.saves)
	}
	now = now.Add(24 * time.Hour)
	note()
	if err := ledger.Flush(context.Background()); err != nil || len(store.lines) != 2 {
		t.Errorf("the next day has no line of its own: %v, %d", err, len(store.lines))
	}
	note()
	ledger.Forget("acc")
	if err := ledger.Flush(context.Background()); err != nil || store.saves != 3 {
		t.Errorf("a line of an account that was erased was written: %v", err)
	}
}

func TestLedgerFailsClosed(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	store := &ledgerTwin{fails: errors.New("down"), lines: map[string]idp.Release{}}
	ledger := idp.NewLedger(store, func() time.Time { return now })
	client, n := idp.Client{ClientID: "c"}, 0
	one := func(account int) error {
		return ledger.Note(told(client, fmt.Sprint("acc", account), "grant", idp.ChannelUserinfo, nil, 1, now))
	}
	var err error
	for ; err == nil && n < 100_000; n++ {
		err = one(n)
	}
	if fault.CodeOf(err) != fault.Unavailable {
		t.Fatalf("what can no longer be held was told: %v after %d", err, n)
	}
	if ledger.Flush(context.Background()) == nil {
		t.Error("a failed flush is no error")
	}
	if err := one(0); err != nil {
		t.Errorf("a line that is held counts no more: %v", err)
	}
	store.fails = nil
	if err := ledger.Flush(context.Background()); err != nil || len(store.lines) != n-1 {
		t.Errorf("%d of %d lines were written: %v", len(store.lines), n-1, err)
	}
	if err := one(n); err != nil {
		t.Errorf("after the database is back: %v", err)
	}
}

func TestReleaseNamesTheBasisOfWhatWasGiven(t *testing.T) {
	now := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	client := idp.Client{ClientID: "c", Purpose: "登记", AllowedClaims: []idp.AllowedClaim{{Claim: "name", Purpose: "核对姓名"}, {Claim: "id_document_number", Purpose: "核对产权人", LegalBasis: "《条例》第十六条"}}}
	for _, test := range []struct {
		claims  []string
		purpose string
		consent int64
		law     []string
	}{
		{[]string{"sub", "name"}, "核对姓名", 3, nil},
		{[]string{"id_document_number"}, "核对产权人", 0, []string{"《条例》第十六条"}},
		{[]string{"name", "id_document_number", "name"}, "核对产权人；核对姓名", 3, []string{"《条例》第十六条"}},
		{[]string{"sub"}, "登记", 3, nil},
	} {
		r := told(client, "acc", "grant", idp.ChannelToken, test.claims, 3, now)
		if r.Purpose != test.purpose || r.Basis.Consent != test.consent || !slices.Equal(r.Basis.Statutes, test.law) || !slices.IsSorted(r.Claims) {
			t.Errorf("%v: %+v", test.claims, r)
		}
	}
	a := told(client, "acc", "grant", idp.ChannelToken, []string{"name"}, 1, now)
	for name, b := range map[string]idp.Release{
		"another person":  told(client, "acc2", "grant", idp.ChannelToken, []string{"name"}, 1, now),
		"another grant":   told(client, "acc", "grant2", idp.ChannelToken, []string{"name"}, 1, now),
		"another channel": told(client, "acc", "grant", idp.ChannelUserinfo, []string{"name"}, 1, now),
		"another consent": told(client, "acc", "grant", idp.ChannelToken, []string{"name"}, 2, now),
		"another day":     told(client, "acc", "grant", idp.ChannelToken, []string{"name"}, 1, now.Add(24*time.Hour)),
	} {
		if a.ID == b.ID {
			t.Errorf("%s counts on the same line", name)
		}
	}
}
