package oauth_test

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// ender is one of the things that end a family, or a part of what it stands on.
type ender struct {
	name  string
	run   func(ctx context.Context) error
	apply func()
	done  string // a query that counts one row when it happened
	args  []any
}

func (m *machine) endWhere(which func(f *family) bool) {
	for _, f := range m.families {
		if which(f) {
			f.end()
		}
	}
}

func (m *machine) logout(l *login) {
	l.ended = true
	m.endWhere(func(f *family) bool { return f.login == l })
}

func (m *machine) logoutOf(f *family) ender {
	return ender{"logout", func(ctx context.Context) error {
		_, err := m.sessions.End(ctx, f.sid, f.person.id)
		return err
	}, func() { m.logout(f.login) }, "SELECT COUNT(*) FROM idp_session WHERE id = $1 AND ended_at <> 0", []any{f.sid}}
}

func (m *machine) stopOf(who *person, state idp.AccountState) ender {
	if who.state == idp.AccountClosed { // and stays so
		state = idp.AccountClosed
	}
	return ender{"account " + string(state), func(ctx context.Context) error {
		return m.store.SetState(ctx, who.id, state, m.now, m.record("account.state", who.id))
	}, func() {
		who.state = state
		for _, l := range m.logins {
			if l.person == who {
				m.logout(l)
			}
		}
	}, "SELECT COUNT(*) FROM idp_account WHERE id = $1 AND state = $2", []any{who.id, state}}
}

func (m *machine) passwordOf(f *family) ender {
	who := f.person
	return ender{"password", func(ctx context.Context) error {
		return m.store.SetPassword(ctx, who.id, "hash", m.now, m.record("password.changed", who.id))
	}, func() {
		if m.now.After(who.credentials) { // a clock that was set back revives nothing
			who.credentials = m.now
		}
	}, "SELECT COUNT(*) FROM idp_account WHERE id = $1 AND credentials_at = $2", []any{who.id, m.now.UnixMicro()}}
}

func (m *machine) withdrawalOf(f *family) ender {
	id := f.client
	under, given := f.consents()
	return ender{"withdrawal", func(ctx context.Context) error { return m.engine.WithdrawConsent(ctx, under, id) }, func() {
		given[id] = false
		stands := func(f *family) bool {
			its, _ := f.consents()
			return its == under && f.client == id
		}
		for _, f := range m.families {
			f.codeDead = f.codeDead || stands(f)
		}
		m.endWhere(stands)
	}, "SELECT COUNT(*) FROM idp_client WHERE client_id = $2 AND NOT EXISTS (SELECT 1 FROM idp_consent WHERE account_id = $1 AND client_id = $2)", []any{under, id}}
}

func (m *machine) endOfMandate(f *family) ender {
	p := f.power
	return ender{"end of mandate", func(ctx context.Context) error {
		return m.store.EndMandate(ctx, p.principal.id, p.id, mandate.End{State: mandate.Revoked, At: m.now, By: p.agent.id}, m.record("mandate.revoked", p.id))
	}, func() {
		p.ended = true
		m.endWhere(func(f *family) bool { return f.power == p })
	}, "SELECT COUNT(*) FROM idp_mandate WHERE id = $1 AND state <> 'active'", []any{p.id}}
}

func (m *machine) revocationOf(t *rapid.T, f *family) ender {
	r := pickRefresh(t, f)
	client := idp.StoredClient{Client: modelClient(f.client)}
	return ender{"revocation", func(ctx context.Context) error {
		known, err := m.engine.Revoke(ctx, client, r.token)
		if err == nil && known == r.gone {
			return fmt.Errorf("a refresh token is known: %v", known)
		}
		return err
	}, func() {
		if !r.gone {
			f.end()
		}
	}, "SELECT COUNT(*) FROM idp_grant WHERE id = $1 AND revoked_at <> 0", []any{f.grant}}
}

// endSomething ends a session, an account's use, credentials, consent or a family.
func (m *machine) endSomething(t *rapid.T) {
	f := m.pick(t, func(f *family) bool { return true })
	kind := one(t, "kind", "logout", "suspend", "close", "password", "password", "withdraw", "revoke", "mandate", "mandate")
	if kind == "revoke" && !hasRefresh(f) || kind == "mandate" && (f.power == nil || f.power.ended) {
		t.Skip()
	}
	e := m.enderOf(t, kind, f)
	err, open := m.attempt(t, e.run)
	m.ended(t, e, err, open)
	m.settleAll(t)
}

func (m *machine) enderOf(t *rapid.T, kind string, f *family) ender {
	switch kind {
	case "logout":
		return m.logoutOf(f)
	case "suspend":
		return m.stopOf(f.person, idp.AccountSuspended)
	case "close":
		return m.stopOf(f.person, idp.AccountClosed)
	case "password":
		return m.passwordOf(f)
	case "withdraw":
		return m.withdrawalOf(f)
	case "mandate":
		if f.power == nil || f.power.ended {
			return m.logoutOf(f)
		}
		return m.endOfMandate(f)
	case "principal":
		if f.power == nil {
			return m.stopOf(f.person, idp.AccountSuspended)
		}
		return m.stopOf(f.power.principal, idp.AccountSuspended)
	}
	return m.revocationOf(t, f)
}

// ended takes the outcome of an ender into the model; where a fault struck the database tells.
func (m *machine) ended(t *rapid.T, e ender, err error, open bool) {
	if !open && err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	if err != nil {
		n, err := m.number(e.done, e.args...)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	e.apply()
}

// settleAll compares the ends of all grants with the model: all that had to end did, and nothing else.
func (m *machine) settleAll(t *rapid.T) {
	for _, f := range m.families {
		standing, err := m.store.Store.Standing(context.Background(), f.grant)
		if err != nil {
			t.Fatal(err)
		}
		if standing.Known && f.revoked == standing.Grant.RevokedAt.IsZero() {
			t.Fatalf("a grant of %s is ended: %v, by the model %v", f.client, !f.revoked, f.revoked)
		}
	}
}

type outcome struct {
	issued oauth.Issued
	err    error
}

// storm runs a call many times side by side, and perhaps something that ends what the calls stand on among them; in an order
// that rapid draws, or as the machine will have it.
func (m *machine) storm(t *rapid.T, e *ender, call func(ctx context.Context) (oauth.Issued, error)) (all []outcome, ended error, open bool) {
	n := one(t, "calls", 2, 3, 4, 6)
	if e != nil && rapid.Bool().Draw(t, "one call") {
		n = 1 // the others of a storm would end the family and hide that this one outlived its ground
	}
	led := rapid.IntRange(1, 4).Draw(t, "led") > 1
	if !led && rarely(t, "many", 6) {
		n = 50
	}
	all = make([]outcome, n)
	var calls []func(ctx context.Context)
	for i := range all {
		calls = append(calls, func(ctx context.Context) { all[i].issued, all[i].err = call(ctx) })
	}
	if e != nil {
		calls = append(calls, func(ctx context.Context) { ended = e.run(ctx) })
	}
	if led {
		interleave(t, calls)
	} else {
		atOnce(calls)
	}
	hit, dead := m.store.hit, m.store.isDead()
	m.store.hit = faultNone
	if dead {
		if err := m.restart(); err != nil {
			t.Fatal(err)
		}
	}
	return all, ended, dead || hit != faultNone
}

// among draws what ends the ground of a storm, every other time nothing.
func (m *machine) among(t *rapid.T, f *family, kinds ...string) *ender {
	if rapid.Bool().Draw(t, "alone") {
		return nil
	}
	if f.power != nil { // such families are few
		kinds = append(kinds, "mandate", "mandate", "mandate", "principal")
	}
	e := m.enderOf(t, one(t, "kind", kinds...), f)
	return &e
}

// stormOfRedemptions: one of many wins, and the others end what it got (O-16).
func (m *machine) stormOfRedemptions(t *rapid.T) {
	f := m.pick(t, func(f *family) bool { return f.codeGood(m.now) || f == m.families[len(m.families)-1] })
	client, ok := m.present(t, f.client)
	if !ok {
		return
	}
	key := keyOf(f.client)
	good, replay := f.codeGood(m.now), f.redeemed && !f.codeGone
	e := m.among(t, f, "logout", "suspend", "password", "withdraw", "withdraw")
	all, ended, open := m.storm(t, e, func(ctx context.Context) (oauth.Issued, error) {
		return m.engine.RedeemCode(ctx, m.exchange(client, f, key))
	})
	won := 0
	for _, a := range all {
		if a.err == nil {
			if won++; won > 1 || !good {
				t.Fatalf("O-16: redemption %d of a code that was good: %v", won, good)
			}
			m.began(t, f, a.issued, nil, key)
		} else if !open || !unavailable(a.err) {
			refused(t, "invalid_grant", "O-16 code at once", a.err)
		}
	}
	if open || e != nil {
		m.settle(t, f, settling{begin: good, end: true, key: key})
		if e != nil {
			m.ended(t, *e, ended, open)
		}
	} else {
		if good && won != 1 {
			t.Fatal("O-16: nobody redeemed a good code")
		}
		if good || replay {
			f.replayed()
		}
	}
	m.settleAll(t)
}

// stormOfRefreshes: every honest parallel refresh gets the same successor (O-36).
func (m *machine) stormOfRefreshes(t *rapid.T) {
	f := m.pick(t, hasRefresh)
	known := f.known()
	r := known[len(known)-1]
	client, ok := m.present(t, f.client)
	if !ok || r.gone {
		t.Skip()
	}
	used, honest, keeps := !r.usedAt.IsZero(), r.honest(m.now), f.client == clientFAPI
	good := f.ground(m.now) && (honest || !used && m.now.Before(r.ends))
	replay := used && !honest
	e := m.among(t, f, "logout", "suspend", "password", "withdraw", "revoke")
	all, ended, open := m.storm(t, e, func(ctx context.Context) (oauth.Issued, error) {
		return m.engine.Refresh(ctx, refreshing(client, r.token, f.key))
	})
	for _, a := range all {
		switch {
		case a.err == nil && !good:
			t.Fatal("a refresh without ground")
		case a.err == nil:
			m.renewed(t, f, r, a.issued.RefreshToken)
			m.note(t, f, a.issued, modelScopes)
		case open && unavailable(a.err):
		case good && !open && e == nil:
			t.Fatalf("O-36 refresh at once: %v", a.err)
		default:
			refused(t, "invalid_grant", "refresh at once", a.err)
		}
	}
	if open || e != nil {
		m.settle(t, f, settling{end: replay || e != nil, rotates: good && !keeps, token: r})
		if e != nil {
			m.ended(t, *e, ended, open)
		}
	} else if replay {
		f.replayed()
	}
	m.settleAll(t)
}
