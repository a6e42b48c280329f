package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

func one[T any](t *rapid.T, label string, list ...T) T { return rapid.SampledFrom(list).Draw(t, label) }

// rarely draws true once in n.
func rarely(t *rapid.T, label string, n int) bool { return rapid.IntRange(1, n).Draw(t, label) == n }

// pick chooses a family, a young one as a rule, for which a condition holds.
func (m *machine) pick(t *rapid.T, which func(f *family) bool) *family {
	var fit []*family
	for _, f := range m.families {
		if which(f) {
			fit = append(fit, f)
		}
	}
	if len(fit) == 0 {
		t.Skip()
	}
	if !rarely(t, "old", 8) {
		fit = fit[max(0, len(fit)-3):]
	}
	m.touched = one(t, "family", fit...)
	return m.touched
}

// present finds a client as its authentication does: a disabled one gets no further.
func (m *machine) present(t *rapid.T, id string) (idp.StoredClient, bool) {
	c, ok := m.clients.Find(id)
	if ok != m.enabled[id] {
		t.Fatalf("client %s is enabled: %v, by the model %v", id, ok, m.enabled[id])
	}
	return c, ok
}

func keyOf(client string) string {
	if client == clientApp || client == clientFAPI {
		return "key-of-" + client
	}
	return ""
}

func (m *machine) authorize(t *rapid.T) {
	who, id := one(t, "who", m.people...), one(t, "client", modelClients...)
	client, ok := m.present(t, id)
	if !ok || !who.active() {
		t.Skip()
	}
	var at *login
	for _, l := range m.logins { // the newest that the browser still has
		if l.person == who && !l.ended && m.now.Sub(l.authTime).Abs() < 30*time.Minute {
			at = l
		}
	}
	if at == nil || rarely(t, "login", 3) {
		at = &login{person: who, authTime: m.now}
		err, open := m.attempt(t, func(ctx context.Context) error {
			s, _, err := m.sessions.Start(ctx, idp.Login{AccountID: who.id, AAL: subject.AAL(1), At: m.now}, "", "")
			at.sid = s.ID
			return err
		})
		if open {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		m.logins = append(m.logins, at)
	}
	f := &family{login: at, client: id, codeEnds: m.now.Add(oauth.CodeLife)}
	session := oauth.Session{AccountID: who.id, Subject: "sub-" + who.id, SID: at.sid, AAL: 1, AuthTime: at.authTime}
	for _, p := range m.powers {
		if p.agent == who && p.holds(m.now) && rapid.Bool().Draw(t, "acts") {
			f.power, session.Subject, session.Actor = p, "sub-"+p.principal.id, &oauth.Actor{Subject: "sub-" + who.id}
			stored := p.stored()
			session.Mandate = &stored
			break
		}
	}
	if under, given := f.consents(); !given[id] && !m.giveConsent(t, under, given, id) {
		return
	}
	if id == clientFAPI || id == clientApp && rapid.Bool().Draw(t, "bound") {
		session.DPoPJKT, f.boundKey = keyOf(id), keyOf(id)
	}
	err, open := m.attempt(t, func(ctx context.Context) (err error) {
		f.code, err = m.engine.Authorize(ctx, oauth.CodeRequest{Client: client.Client, RedirectURI: redirectOf(id), Scopes: modelScopes, Challenge: modelChallenge(), Session: session})
		return err
	})
	if open {
		return // the browser never saw it
	}
	if err != nil {
		t.Fatalf("a code for somebody signed in: %v", err)
	}
	f.hash, f.grant = m.store.code, m.store.grantID
	m.families = append(m.families, f)
	m.touched = f
}

// giveConsent stores a consent under an account or a mandate.
func (m *machine) giveConsent(t *rapid.T, under string, given map[string]bool, client string) bool {
	m.now = m.now.Add(time.Microsecond) // nobody gives consent, withdraws it and gives it again within one
	err, open := m.attempt(t, func(ctx context.Context) error {
		return m.store.GiveConsent(ctx, under, client, m.now, m.record("consent.given", under))
	})
	if !open && err != nil {
		t.Fatal(err)
	}
	agreed, err := m.store.ConsentInForce(context.Background(), under, client)
	stored := agreed.Scopes
	if err != nil || !open && len(stored) == 0 {
		t.Fatalf("consent is %v, %v", stored, err)
	}
	given[client] = len(stored) > 0
	return given[client]
}

func (m *machine) exchange(client idp.StoredClient, f *family, key string) oauth.Exchange {
	return oauth.Exchange{Client: client, Binding: oauth.Binding{JKT: key},
		Form: url.Values{"grant_type": {"authorization_code"}, "code": {f.code}, "redirect_uri": {redirectOf(f.client)}, "code_verifier": {modelVerifier}}}
}

// redeem brings a code: right, or with one thing wrong (O-14, O-15, O-17, O-18).
func (m *machine) redeem(t *rapid.T) {
	f := m.pick(t, func(f *family) bool { return true })
	id, key := f.client, keyOf(f.client)
	wrong := one(t, "wrong", "", "", "", "", "", "", "client", "redirect_uri", "no redirect_uri", "verifier", "no verifier", "key")
	if wrong == "client" {
		id = one(t, "other", modelClients...)
	}
	client, ok := m.present(t, id)
	if !ok {
		return
	}
	x := m.exchange(client, f, key)
	good := f.codeGood(m.now) && id == f.client
	switch wrong {
	case "redirect_uri":
		x.Form.Set("redirect_uri", redirectOf(f.client)+"/")
		good = false
	case "no redirect_uri":
		x.Form.Del("redirect_uri")
		good = false
	case "verifier":
		x.Form.Set("code_verifier", modelVerifier+"x")
		good = false
	case "no verifier":
		x.Form.Del("code_verifier")
		good = false
	case "key":
		key = "another-key"
		x.Binding.JKT = key
		good = good && f.boundKey == ""
	}
	// A code whose client is disabled is as good as unknown: its grant sleeps until the client is enabled again.
	replay := f.redeemed && !f.codeGone && m.enabled[f.client]
	var issued oauth.Issued
	err, open := m.attempt(t, func(ctx context.Context) (err error) {
		issued, err = m.engine.RedeemCode(ctx, x)
		return err
	})
	switch {
	case open:
		m.settle(t, f, settling{begin: good, end: replay, key: key})
	case replay:
		refused(t, "invalid_grant", "O-14 code used before", err)
		f.replayed()
	case !good:
		refused(t, "invalid_grant", "code that may not be redeemed, wrong is "+wrong, err)
	default:
		m.began(t, f, issued, err, key)
	}
}

// began takes the tokens of a code.
func (m *machine) began(t *rapid.T, f *family, issued oauth.Issued, err error, key string) {
	if err != nil || issued.RefreshToken == "" || issued.GrantID != f.grant {
		t.Fatalf("a good code: %+v, %v", issued, err)
	}
	f.begin(issued.RefreshToken, key, m.now)
	m.note(t, f, issued, modelScopes)
}

func (m *machine) note(t *rapid.T, f *family, issued oauth.Issued, scopes []string) {
	if !slices.Equal(issued.Scopes, scopes) {
		t.Fatalf("O-38: scopes %v, not %v", issued.Scopes, scopes)
	}
	from := m.now.Truncate(time.Second)
	f.access = append(f.access, &access{token: issued.AccessToken, from: from, ends: from.Add(oauth.AccessLife), scopes: scopes, opaque: f.client == clientOpaque})
}

func refreshing(client idp.StoredClient, token, key string) oauth.Exchange {
	return oauth.Exchange{Client: client, Binding: oauth.Binding{JKT: key}, Form: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}}
}

func hasRefresh(f *family) bool { return len(f.known()) > 0 }

func pickRefresh(t *rapid.T, f *family) *refresh {
	known := f.known()
	return one(t, "token", known[max(0, len(known)-3):]...)
}

// renew brings a refresh token: right, or with one thing wrong (O-35 to O-38).
func (m *machine) renew(t *rapid.T) {
	f := m.pick(t, hasRefresh)
	known := f.known()
	r := known[len(known)-1]
	if rarely(t, "older", 4) {
		r = pickRefresh(t, f)
	}
	id, key, scopes, wider := f.client, f.key, modelScopes, false
	wrong := one(t, "wrong", "", "", "", "", "", "", "", "", "client", "wider", "narrower", "key")
	if wrong == "client" {
		id = one(t, "other", modelClients...)
	}
	client, ok := m.present(t, id)
	if !ok {
		return
	}
	if wrong == "key" {
		key = "another-key"
	}
	x := refreshing(client, r.token, key)
	switch wrong {
	case "wider":
		x.Form.Set("scope", "openid admin")
		wider = true
	case "narrower":
		scopes = []string{"openid"}
		x.Form.Set("scope", "openid")
	}
	used, honest, keeps := !r.usedAt.IsZero(), r.honest(m.now), f.client == clientFAPI
	keyFits := f.client != clientApp || key == f.key
	replay := id == f.client && !r.gone && !wider && used && !honest && !keeps
	good := id == f.client && !r.gone && !wider && f.ground(m.now) && keyFits && (honest || !used && m.now.Before(r.ends))
	var issued oauth.Issued
	err, open := m.attempt(t, func(ctx context.Context) (err error) {
		issued, err = m.engine.Refresh(ctx, x)
		return err
	})
	switch {
	case open:
		m.settle(t, f, settling{end: replay, rotates: good && !keeps, token: r})
	case id != f.client, r.gone:
		refused(t, "invalid_grant", "O-38 token of another client or of nobody", err)
	case wider:
		refused(t, "invalid_scope", "O-38 wider scope", err)
	case replay:
		refused(t, "invalid_grant", "O-35 token used before", err)
		f.replayed()
	case !good:
		refused(t, "invalid_grant", "O-37 refresh without ground, wrong is "+wrong, err)
	default:
		if err != nil {
			t.Fatalf("a good refresh token: %v", err)
		}
		m.renewed(t, f, r, issued.RefreshToken)
		m.note(t, f, issued, scopes)
	}
}

// renewed takes the refresh token that an answer holds.
func (m *machine) renewed(t *rapid.T, f *family, r *refresh, token string) {
	switch {
	case f.client == clientFAPI:
		if token != "" {
			t.Fatal("a token that does not rotate has a successor")
		}
	case r.usedAt.IsZero():
		f.rotate(r, token, m.now)
	case r.successor.token == "":
		r.successor.token = token // the answer that held it was lost
	case r.successor.token != token:
		t.Fatal("O-36: another successor")
	}
}

// settling says what an operation whose outcome is open may have done.
type settling struct {
	begin, end, rotates bool
	key                 string
	token               *refresh
}

// settle reads what became of an operation whose outcome is open, and checks that it is all or nothing, that nothing else
// happened and that what was answered before is there.
func (m *machine) settle(t *rapid.T, f *family, may settling) {
	ctx := context.Background()
	f.vague = true
	standing, err := m.store.Store.Standing(ctx, f.grant)
	if err != nil {
		t.Fatal(err)
	}
	if !f.codeGone {
		code, err := m.store.Store.Code(ctx, f.hash)
		used := !code.UsedAt.IsZero()
		switch {
		case err != nil:
			t.Fatal(err)
		case used != standing.Known:
			t.Fatalf("half a redemption: code used %v, grant there %v", used, standing.Known)
		case f.redeemed && !used:
			t.Fatal("a redemption that was answered is not there")
		case used && !f.redeemed && !may.begin:
			t.Fatal("a code was redeemed that may not be")
		case used && !f.redeemed:
			f.begin("", may.key, m.now)
		}
	}
	ended := !standing.Grant.RevokedAt.IsZero()
	switch {
	case standing.Known && f.revoked && !ended:
		t.Fatalf("a grant that ended lives: %+v", f)
	case ended && !f.revoked && !may.end:
		t.Fatalf("a grant ended for no reason: %+v", f)
	}
	f.revoked = f.revoked || ended
	if r := may.token; r != nil && !r.gone {
		m.settleToken(t, f, r, may.rotates)
	}
}

func (m *machine) settleToken(t *rapid.T, f *family, r *refresh, may bool) {
	hash, err := m.hash("refresh", r.token)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := m.store.Store.Refresh(context.Background(), hash)
	used := !stored.UsedAt.IsZero()
	switch {
	case err != nil:
		t.Fatal(err)
	case !used && !r.usedAt.IsZero():
		t.Fatal("a rotation that was answered is not there")
	case used && r.usedAt.IsZero() && !may:
		t.Fatal("a token was rotated that may not be")
	case used && r.usedAt.IsZero():
		if _, err := m.store.Store.Refresh(context.Background(), stored.Successor); err != nil {
			t.Fatalf("half a rotation: %v", err)
		}
		f.rotate(r, "", m.now)
	}
}

// revokeAccess marks one access token, as the revocation endpoint does.
func (m *machine) revokeAccess(t *rapid.T) {
	f := m.pick(t, func(f *family) bool { return len(f.access) > 0 })
	a := one(t, "access", f.access...)
	judged, err := m.tokens.Judge(context.Background(), a.token)
	if errors.Is(err, tokens.ErrToken) {
		return // nothing to revoke
	}
	if err != nil {
		t.Fatal(err)
	}
	err, open := m.attempt(t, func(ctx context.Context) error {
		return m.store.RevokeToken(ctx, judged.JTI, judged.Expires, m.record("token.revoked", judged.JTI))
	})
	if !open && err != nil {
		t.Fatal(err)
	}
	standing, err := m.store.Store.Standing(context.Background(), f.grant, judged.JTI)
	if err != nil || !open && !standing.TokenRevoked {
		t.Fatalf("revoked is %v, %v", standing.TokenRevoked, err)
	}
	a.revoked = standing.TokenRevoked
}

func (m *machine) reopen(t *rapid.T) {
	who := one(t, "who", m.people...)
	if who.state != idp.AccountSuspended { // what is closed stays closed
		t.Skip()
	}
	m.setState(t, who, idp.AccountActive)
}

func (m *machine) setState(t *rapid.T, who *person, state idp.AccountState) {
	err, open := m.attempt(t, func(ctx context.Context) error {
		return m.store.SetState(ctx, who.id, state, m.now, m.record("account.state", who.id))
	})
	if !open && err != nil {
		t.Fatal(err)
	}
	account, err := m.store.Store.Account(context.Background(), who.id)
	if err != nil || !open && account.State != state {
		t.Fatalf("state is %v, %v", account.State, err)
	}
	who.state = account.State
}

func (m *machine) consentAgain(t *rapid.T) {
	who, client := one(t, "who", m.people...), one(t, "client", modelClients...)
	if len(m.powers) > 0 && rapid.Bool().Draw(t, "acting") {
		p := one(t, "mandate", m.powers...)
		m.giveConsent(t, p.id, p.consent, client)
		return
	}
	m.giveConsent(t, who.id, who.consent, client)
}

// stored is the mandate as the store has it.
func (p *power) stored() mandate.Mandate {
	return mandate.Mandate{Principal: p.principal.id, ID: p.id, Agent: p.agent.id, Depth: 1, Kind: mandate.Relative, Items: []string{"item-1"}, Rights: []mandate.Right{mandate.View}, State: mandate.Active,
		NotBefore: p.from, NotAfter: p.ends, CreatedAt: p.from, PrincipalAt: p.from, AgentAt: p.from}
}

// appoint lets one person act for the other.
func (m *machine) appoint(t *rapid.T) {
	principal, agent := m.people[0], m.people[1]
	if rapid.Bool().Draw(t, "the other way") {
		principal, agent = agent, principal
	}
	if !principal.active() || !agent.active() {
		t.Skip()
	}
	m.serial++
	p := &power{id: fmt.Sprintf("mdt-%d", m.serial), principal: principal, agent: agent, from: m.now, consent: map[string]bool{}}
	p.ends = m.now.Add(one(t, "for", 5*time.Minute, 3*time.Hour, 40*24*time.Hour, 40*24*time.Hour))
	err, open := m.attempt(t, func(ctx context.Context) error {
		return m.store.PutMandate(ctx, p.stored(), mandate.Bounds{}, m.record("mandate.proposed", p.id))
	})
	if !open && err != nil {
		t.Fatal(err)
	}
	n, err := m.number("SELECT COUNT(*) FROM idp_mandate WHERE id = $1", p.id)
	if err != nil || !open && n != 1 {
		t.Fatalf("%d mandates are stored, %v", n, err)
	}
	if n == 1 {
		m.powers = append(m.powers, p)
	}
}

func (m *machine) switchClient(t *rapid.T) {
	id := one(t, "client", modelClients...)
	if m.enabled[id] && !rarely(t, "disable", 3) {
		for other, enabled := range m.enabled {
			if !enabled && (m.enabled[id] || other < id) {
				id = other // nobody stays disabled for long
			}
		}
	}
	c := modelClient(id)
	if c.Disabled = m.enabled[id]; !c.Disabled {
		c.GivenState = idp.StateLive
	}
	err, open := m.attempt(t, func(ctx context.Context) error { return m.clients.Apply(ctx, []idp.Client{c}) })
	if open {
		_, m.enabled[id] = m.clients.Find(id)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.enabled[id] = !m.enabled[id]
}

func (m *machine) clockForward(t *rapid.T) {
	m.now = m.now.Add(one(t, "by", time.Millisecond, 300*time.Millisecond, time.Second, time.Second, 4*time.Second, 5*time.Second, 6*time.Second, 30*time.Second, time.Minute, 4*time.Minute, 3*time.Hour))
}

// clockBack is what a time server does to a clock that runs fast.
func (m *machine) clockBack(t *rapid.T) {
	m.now = m.now.Add(-one(t, "by", time.Millisecond, 500*time.Millisecond, 2*time.Second))
}

func (m *machine) days(t *rapid.T) {
	m.now = m.now.Add(one[time.Duration](t, "days", 2, 16, 29, 31) * 24 * time.Hour)
}

func (m *machine) purge(t *rapid.T) {
	if _, err := m.store.Purge(context.Background(), m.now); err != nil {
		t.Fatal(err)
	}
	m.purged()
}

func (m *machine) fault(t *rapid.T) {
	kinds := []fault{faultFails, faultBefore, faultAfter, faultAfter}
	if m.db.Dialect() == sqldb.PostgreSQL {
		kinds = append(kinds, faultKilled)
	}
	m.store.arm(one(t, "fault", kinds...), rapid.IntRange(0, 2).Draw(t, "skip"))
}

func (m *machine) restartNow(t *rapid.T) {
	if err := m.restart(); err != nil {
		t.Fatal(err)
	}
}

// strangers: a token that was changed is none (O-39), and nobody learns of a token that is not theirs (O-41).
func (m *machine) strangers(t *rapid.T) {
	f := m.pick(t, func(f *family) bool { return len(f.access) > 0 })
	a, ctx := f.access[len(f.access)-1], context.Background()
	at := rapid.IntRange(0, len(a.token)-1).Draw(t, "at")
	for _, other := range []string{a.token[:at], a.token + "A", swapCase(a.token, at)} {
		if other == a.token {
			continue
		}
		if _, err := m.tokens.Judge(ctx, other); !errors.Is(err, tokens.ErrToken) {
			t.Fatalf("O-39: a changed token: %v", err)
		}
	}
	id := one(t, "reader", modelClients...)
	answer, err := m.tokens.Introspect(ctx, modelClient(id), a.token)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := answer["active"] == true, m.stateOf(f, a); got && (id != f.client || want == inactive) || !got && (len(answer) != 1 || id == f.client && want == active) {
		t.Fatalf("O-41: %s learns %v of a token of %s", id, answer, f.client)
	}
	if known, err := m.engine.Revoke(ctx, idp.StoredClient{Client: modelClient(id)}, "yxr_nobody"); known || err != nil {
		t.Fatalf("O-40: an unknown token is revoked: %v, %v", known, err)
	}
}

// swapCase changes the case of one letter.
func swapCase(text string, at int) string {
	letter := text[at : at+1]
	if upper := strings.ToUpper(letter); upper != letter {
		return text[:at] + upper + text[at+1:]
	}
	return text[:at] + strings.ToLower(letter) + text[at+1:]
}
