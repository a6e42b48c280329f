package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/softkeys"
)

// The model says in a few lines what codes, families of refresh tokens and access tokens are; a seeded walk drives the
// real engine over a real database beside it and compares every answer (O-14 to O-18, O-35 to O-38).
// YINXIN_MODEL_STEPS makes the walk longer, YINXIN_MODEL_SEED repeats one.

// world is the engine under test. Everything in memory is made anew by restart.
type world struct {
	t      *testing.T
	db     *sqldb.DB
	store  *idpdb.Store
	now    time.Time
	engine *oauth.Engine
	tokens *tokens.Service
	client []idp.StoredClient

	people   map[string]*person
	families []*family
	serial   int
}

type person struct {
	active      bool
	credentials time.Time
	consent     map[string]bool // by client
}

// family is what the model knows of a grant.
type family struct {
	account, client, sid string
	authTime             time.Time
	code                 string
	codeEnds             time.Time
	redeemed, dead       bool
	gone                 bool // its session has ended
	refresh              []*refresh
	access               []access
}

type refresh struct {
	token     string
	usedAt    time.Time // zero: not used
	successor *refresh
}

type access struct {
	token string
	ends  time.Time
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	w := &world{t: t, db: db, store: idpdb.New(db), now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), people: map[string]*person{}}
	w.restart()
	ctx := context.Background()
	for _, id := range []string{"portal", "other"} {
		c := idp.Client{ClientID: id, ClientSecret: "a-secret-of-tests-" + id, RedirectURIs: []string{"https://" + id + ".gov.cn/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid profile"}
		w.must(idp.NewClients(w.store, w.ring(), w.clock).Apply(ctx, []idp.Client{c}))
	}
	w.restart()
	for _, id := range []string{"acc-1", "acc-2"} {
		w.must(w.store.CreateAccount(ctx, idp.Account{ID: id, State: idp.AccountActive, CreatedAt: w.now, UpdatedAt: w.now}, w.record()))
		w.people[id] = &person{active: true, consent: map[string]bool{}}
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time { return w.now }

func (w *world) record() audit.Record {
	return audit.With(audit.Event{Type: "test", At: w.now, Actor: "test", ObjectType: "grant", ObjectID: "g"})
}

func (w *world) ring() *keys.Ring {
	provider, err := softkeys.New(context.Background(), softkeys.Config{Store: keysdb.New(w.db), Passphrase: "a passphrase of tests", Now: w.clock, Rand: ident.System()})
	w.must(err)
	return keys.NewRing(provider)
}

// restart throws away everything that a process holds in memory.
func (w *world) restart() {
	ring := w.ring()
	clients := idp.NewClients(w.store, ring, w.clock)
	w.must(clients.Refresh(context.Background()))
	accounts := idp.NewAccounts(idp.AccountsConfig{Store: w.store, Ring: ring, Now: w.clock, Rand: ident.System()})
	proofs := oauth.NewProofs(oauth.ProofsConfig{Ring: ring, Store: w.store, Now: w.clock})
	w.tokens = tokens.New(tokens.Config{Issuer: "https://id.gov.cn", Ring: ring, Clients: clients, People: accounts, Store: w.store, Proofs: proofs, Now: w.clock, Rand: ident.System()})
	w.engine = oauth.New(oauth.Config{Issuer: "https://id.gov.cn", Store: w.store, Clients: clients, Ring: ring, Minter: w.tokens, Now: w.clock, Rand: ident.System()})
	w.client = nil
	for _, id := range []string{"portal", "other"} {
		if c, ok := clients.Find(id); ok {
			w.client = append(w.client, c)
		}
	}
}

// open signs a person in, with consent, and asks for a code.
func (w *world) open(account string, client idp.StoredClient) {
	ctx := context.Background()
	w.serial++
	f := &family{account: account, client: client.ClientID, sid: fmt.Sprintf("sid-%d", w.serial), authTime: w.now}
	w.must(w.store.PutSession(ctx, []byte(f.sid), session.Session{ID: f.sid, AccountID: account, AAL: 1, AuthTime: w.now, CreatedAt: w.now, LastSeen: w.now}, w.record()))
	w.must(w.store.SaveConsent(ctx, account, client.ClientID, []string{"openid", "profile"}, w.now, w.record()))
	w.people[account].consent[client.ClientID] = true
	code, err := w.engine.Authorize(ctx, oauth.CodeRequest{Client: client.Client, RedirectURI: client.RedirectURIs[0], Scopes: []string{"openid", "profile"},
		Session: oauth.Session{AccountID: account, Subject: "sub-" + account, SID: f.sid, AAL: 1, AuthTime: w.now}})
	w.must(err)
	f.code, f.codeEnds = code, w.now.Add(oauth.CodeLife)
	w.families = append(w.families, f)
}

func (w *world) redeem(f *family, client idp.StoredClient) (oauth.Issued, error) {
	return w.engine.RedeemCode(context.Background(), oauth.Exchange{Client: client, Form: url.Values{"grant_type": {"authorization_code"}, "code": {f.code}, "redirect_uri": {"https://" + f.client + ".gov.cn/cb"}}})
}

func (w *world) refresh(token string, client idp.StoredClient) (oauth.Issued, error) {
	return w.engine.Refresh(context.Background(), oauth.Exchange{Client: client, Form: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}})
}

// ground: account, credentials and, for a refresh, consent allow the grant to be used.
func (w *world) ground(f *family, again bool) bool {
	p := w.people[f.account]
	return !f.dead && !f.gone && p.active && !p.credentials.After(f.authTime) && (!again || p.consent[f.client])
}

func (w *world) note(f *family, issued oauth.Issued) {
	f.access = append(f.access, access{issued.AccessToken, w.now.Truncate(time.Second).Add(oauth.AccessLife)})
}

// refused checks that an answer is invalid_grant and nothing else.
func (w *world) refused(what string, err error) {
	w.t.Helper()
	if refusal, ok := errors.AsType[*oauth.Error](err); !ok || refusal.Code != "invalid_grant" {
		w.t.Fatalf("%s: answer is %v", what, err)
	}
}

func (w *world) stepRedeem(f *family, client idp.StoredClient) {
	w.t.Helper()
	issued, err := w.redeem(f, client)
	switch {
	case f.redeemed:
		w.refused("O-14 code used before", err)
		f.dead = true
	case client.ClientID != f.client, !w.now.Before(f.codeEnds), !w.ground(f, false):
		w.refused("code that may not be redeemed", err)
	default:
		if err != nil || issued.RefreshToken == "" {
			w.t.Fatalf("a good code: %v", err)
		}
		f.redeemed, f.refresh = true, []*refresh{{token: issued.RefreshToken}}
		w.note(f, issued)
	}
}

// stepRedeemAtOnce: one of many wins, and the others end what it got (O-16).
func (w *world) stepRedeemAtOnce(f *family) {
	w.t.Helper()
	good := !f.redeemed && w.now.Before(f.codeEnds) && w.ground(f, false)
	won := 0
	for _, a := range w.together(8, func() (oauth.Issued, error) { return w.redeem(f, w.clientOf(f)) }) {
		if a.err == nil {
			won++
			w.note(f, a.issued)
			f.redeemed, f.refresh = true, []*refresh{{token: a.issued.RefreshToken}}
		} else {
			w.refused("O-16 code at once", a.err)
		}
	}
	if good && won != 1 || !good && won != 0 {
		w.t.Fatalf("O-16: %d redemptions won, good code: %v", won, good)
	}
	if f.redeemed {
		f.dead = true
	}
}

func (w *world) stepRefresh(f *family, r *refresh, client idp.StoredClient) {
	w.t.Helper()
	issued, err := w.refresh(r.token, client)
	honest := !r.usedAt.IsZero() && w.now.Sub(r.usedAt) <= oauth.GraceTime && r.successor.usedAt.IsZero()
	switch {
	case client.ClientID != f.client:
		w.refused("O-38 token of another client", err)
	case !r.usedAt.IsZero() && !honest:
		w.refused("O-35 token used before", err)
		f.dead = true
	case !w.ground(f, true):
		w.refused("O-37 refresh without ground", err)
	case err != nil:
		w.t.Fatalf("a good refresh token: %v", err)
	case honest:
		if issued.RefreshToken != r.successor.token {
			w.t.Fatal("O-36: another successor")
		}
		w.note(f, issued)
	default:
		r.usedAt, r.successor = w.now, &refresh{token: issued.RefreshToken}
		f.refresh = append(f.refresh, r.successor)
		w.note(f, issued)
	}
}

// stepRefreshAtOnce: every honest parallel refresh gets the same successor (O-36).
func (w *world) stepRefreshAtOnce(f *family) {
	w.t.Helper()
	r := f.refresh[len(f.refresh)-1]
	good := w.ground(f, true)
	successor := ""
	for _, a := range w.together(8, func() (oauth.Issued, error) { return w.refresh(r.token, w.clientOf(f)) }) {
		switch {
		case !good:
			w.refused("refresh at once without ground", a.err)
		case a.err != nil:
			w.t.Fatalf("O-36 refresh at once: %v", a.err)
		case successor != "" && successor != a.issued.RefreshToken:
			w.t.Fatal("O-36: two successors")
		default:
			successor = a.issued.RefreshToken
			w.note(f, a.issued)
		}
	}
	if good {
		r.usedAt, r.successor = w.now, &refresh{token: successor}
		f.refresh = append(f.refresh, r.successor)
	}
}

func (w *world) clientOf(f *family) idp.StoredClient {
	return w.client[slices.IndexFunc(w.client, func(c idp.StoredClient) bool { return c.ClientID == f.client })]
}

type outcome struct {
	issued oauth.Issued
	err    error
}

func (w *world) together(n int, call func() (oauth.Issued, error)) []outcome {
	all := make([]outcome, n)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() { all[i].issued, all[i].err = call() })
	}
	group.Wait()
	return all
}

// checkAccess compares every kept access token of a family with the model (O-42, A-30).
func (w *world) checkAccess(f *family) {
	w.t.Helper()
	for _, a := range f.access[max(0, len(f.access)-3):] {
		_, err := w.tokens.Judge(context.Background(), a.token)
		alive := !f.dead && !f.gone && w.people[f.account].active && w.now.Before(a.ends)
		if alive && err != nil || !alive && !errors.Is(err, tokens.ErrToken) {
			w.t.Fatalf("access token: %v, alive in the model: %v", err, alive)
		}
	}
}

func (w *world) endFamilies(which func(f *family) bool) {
	for _, f := range w.families {
		if which(f) {
			f.dead = f.dead || f.redeemed
		}
	}
}

func (w *world) logout(f *family) {
	w.t.Helper()
	if err := w.store.EndSession(context.Background(), f.sid, w.now, w.record()); err != nil && !errors.Is(err, idp.ErrNotFound) {
		w.t.Fatal(err)
	}
	f.gone = true
}

// step does one random thing.
func (w *world) step(random *rand.Rand) string {
	ctx := context.Background()
	account := []string{"acc-1", "acc-2"}[random.IntN(2)]
	p := w.people[account]
	if len(w.families) == 0 || random.IntN(8) == 0 {
		if p.active {
			w.open(account, w.client[random.IntN(2)])
		}
		return "open"
	}
	// The last few are the interesting ones.
	f := w.families[max(0, len(w.families)-1-random.IntN(4))]
	defer w.checkAccess(f)
	client := w.clientOf(f)
	if random.IntN(12) == 0 {
		client = w.client[random.IntN(2)]
	}
	switch n := random.IntN(80); {
	case n < 40 && len(f.refresh) == 0, n == 40:
		w.stepRedeem(f, client)
		return "redeem"
	case n < 40:
		w.stepRefresh(f, f.refresh[max(0, len(f.refresh)-1-random.IntN(3))], client)
		return "refresh"
	case n < 44 && len(f.refresh) > 0:
		w.stepRefreshAtOnce(f)
		return "refresh at once"
	case n == 44:
		w.stepRedeemAtOnce(f)
		return "redeem at once"
	case n == 45 && len(f.refresh) > 0:
		_, err := w.engine.Revoke(ctx, w.clientOf(f), f.refresh[random.IntN(len(f.refresh))].token)
		w.must(err)
		f.dead = true
		return "revoke"
	case n == 46:
		w.logout(f)
		return "logout"
	case n == 47, n < 54 && !p.active: // nobody stays suspended for long
		p.active = !p.active
		state := map[bool]idp.AccountState{true: idp.AccountActive, false: idp.AccountSuspended}[p.active]
		w.must(w.store.SetState(ctx, account, state, w.now, w.record()))
		for _, other := range w.families {
			if !p.active && other.account == account && !other.gone {
				w.logout(other) // whoever is suspended is signed out everywhere
			}
		}
		return "state of account"
	case n == 48:
		w.must(w.store.SetPassword(ctx, account, "x", w.now, w.record()))
		p.credentials = w.now
		return "password"
	case n == 49:
		w.must(w.engine.WithdrawConsent(ctx, f.account, f.client))
		w.people[f.account].consent[f.client] = false
		w.endFamilies(func(other *family) bool { return other.account == f.account && other.client == f.client })
		return "withdraw"
	case n == 50:
		w.restart()
		return "restart"
	}
	w.now = w.now.Add([]time.Duration{time.Millisecond, time.Millisecond, time.Second, time.Second, 4 * time.Second, 6 * time.Second, 30 * time.Second, 4 * time.Minute}[random.IntN(8)])
	return "clock"
}

func environment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func TestModelOfCodesAndFamilies(t *testing.T) {
	steps, seed := environment("YINXIN_MODEL_STEPS", 500), environment("YINXIN_MODEL_SEED", 7)
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			w, random := newWorld(t, engine.Open(t)), rand.New(rand.NewPCG(uint64(seed), 1))
			var last []string
			defer func() {
				if t.Failed() {
					t.Logf("seed %d, last steps %v", seed, last)
				}
			}()
			for n := range steps {
				last = append(last[max(0, len(last)-30):], fmt.Sprintf("%d: %s", n, w.step(random)))
			}
		})
	}
}
