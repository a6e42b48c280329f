package licensetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(have string) bool { return have == one })
}

// holdersOf are the accounts of all who hold the licence of a grant; the mutex is held.
func (t *Twin) holdersOf(g elicense.Grant) []string {
	l := t.licenses[g.License]
	accounts := slices.Clone(l.CoHolders)
	if len(accounts) > 0 && l.HolderRef != "" {
		accounts = append(accounts, l.HolderRef)
	}
	if g.HolderRef != "" && !slices.Contains(accounts, g.HolderRef) {
		accounts = append(accounts, g.HolderRef)
	}
	return accounts
}

// followConsents gives what an account is asked to another one; the mutex is held.
func (t *Twin) followConsents(from, to string) {
	for key, c := range t.consents {
		if _, there := t.consents[c.Grant+"\x00"+to]; c.Account == from && !there {
			delete(t.consents, key)
			c.Account = to
			t.consents[c.Grant+"\x00"+to] = c
		}
	}
}

// dropConsents forgets an account as a co-owner; the mutex is held.
func (t *Twin) dropConsents(account string) {
	for key, c := range t.consents {
		g := t.grants[c.Grant]
		if c.Account == account && c.Answer == elicense.ConsentAgreed && g.RevokedAt.IsZero() {
			g.RevokedAt = g.CreatedAt
			t.grants[c.Grant] = g
		}
		if c.Account == account || g.HolderRef == account {
			delete(t.consents, key)
		}
	}
}

// FindConsent implements elicense.Consents.
func (t *Twin) FindConsent(_ context.Context, grant, account string) (elicense.Consent, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, ok := t.consents[grant+"\x00"+account]
	if !ok {
		return c, elicense.ErrNotFound
	}
	return c, nil
}

// ListConsents implements elicense.Consents.
func (t *Twin) ListConsents(_ context.Context, account, after string, limit int) (page []elicense.Consent, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	page = slices.DeleteFunc(slices.Collect(maps.Values(t.consents)), func(c elicense.Consent) bool { return c.Account != account })
	slices.SortFunc(page, func(a, b elicense.Consent) int {
		if c := b.AskedAt.Compare(a.AskedAt); c != 0 {
			return c
		}
		return strings.Compare(b.Grant, a.Grant)
	})
	if after != "" {
		i := slices.IndexFunc(page, func(c elicense.Consent) bool { return c.Grant == after })
		if i < 0 {
			return nil, "", nil
		}
		page = page[i+1:]
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Grant
	}
	return page, next, nil
}

// AnswerConsent implements elicense.Consents.
func (t *Twin) AnswerConsent(_ context.Context, grant, account string, answer elicense.ConsentAnswer, now time.Time, record func(elicense.Grant) audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		key := grant + "\x00" + account
		g, c := t.grants[grant], t.consents[key]
		waits := g.ID != "" && g.State(now) == elicense.StateAwaiting
		switch {
		case c.Grant == "":
			return nil
		case answer == elicense.ConsentAgreed && waits && c.Answer == elicense.ConsentAsked:
			if g.Awaits--; g.Awaits == 0 {
				g.Expires = g.Expires.Add(now.Sub(g.CreatedAt))
			}
		case answer == elicense.ConsentRefused && waits && c.Answer == elicense.ConsentAsked, answer == elicense.ConsentWithdrawn && g.RevokedAt.IsZero() && c.Answer == elicense.ConsentAgreed:
			g.RevokedAt = now
		default:
			return nil
		}
		r := record(copyGrant(g))
		if err := needEvent(r); err != nil {
			return err
		}
		c.Answer, c.AnsweredAt, done = answer, now, true
		t.grants[grant], t.consents[key] = g, c
		t.records = append(t.records, r)
		return nil
	})
	return done && err == nil, err
}
