package idptest

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
)

// Start is the time at which worlds begin.
var Start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// Clock is moved by the test.
type Clock struct {
	mutex sync.Mutex
	at    time.Time
}

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

// World is the rooms of people over a store, with real keys, a cheap password hash and a source that the test steers.
type World struct {
	Clock     *Clock
	Store     Store
	Keys      *keystest.Twin
	Ring      *keys.Ring
	Accounts  *idp.Accounts
	Clients   *idp.Clients
	Passwords *authn.Passwords
	Login     *authn.PasswordLogin
	Codes     *authn.Codes
	Ways      *authn.Ways
	Steps     *authn.Steps
	Devices   *authn.Devices
	QR        *authn.QR
	Source    *Source
	Proofing  *proofing.Service
	Sessions  *session.Service
	Woken     func() int // how often the outbox was woken

	mutex sync.Mutex
	sent  []authn.Message
}

// Cost of password hashes in worlds.
var Cost = authn.Cost{MemoryKiB: 64, Passes: 1}

// NewWorld returns a world over the store.
func NewWorld(t testing.TB, store Store) *World {
	t.Helper()
	w := &World{Clock: &Clock{at: Start}, Store: store, Source: &Source{}}
	w.Keys = keystest.NewTwin(w.Clock.Now)
	w.Ring = keys.NewRing(w.Keys)
	random := ident.System()
	w.Accounts = idp.NewAccounts(idp.AccountsConfig{Store: store, Ring: w.Ring, Now: w.Clock.Now, Rand: random})
	w.Clients = idp.NewClients(&clientTwin{bodies: map[string]idp.StoredBody{}}, w.Ring, w.Clock.Now)
	var err error
	if w.Passwords, err = authn.NewPasswords(random, 4, Cost); err != nil {
		t.Fatal(err)
	}
	w.Login = authn.NewPasswordLogin(w.Accounts, w.Passwords, store, w.Clock.Now)
	w.Codes = authn.NewCodes(authn.CodesConfig{Store: store, Accounts: w.Accounts, Ring: w.Ring, Now: w.Clock.Now, Rand: random})
	w.Ways = authn.NewWays(authn.WaysConfig{Store: store, Throttle: store, Ring: w.Ring, Sealer: w.Accounts, Now: w.Clock.Now, Rand: random, Issuer: "一网通办"})
	w.Steps = authn.NewSteps(store, w.Ring, w.Clock.Now, random)
	w.Devices = authn.NewDevices(authn.DevicesConfig{Store: store, Throttle: store, Steps: w.Steps, Ring: w.Ring, Now: w.Clock.Now, Rand: random})
	w.QR = authn.NewQR(authn.QRConfig{Store: store, Throttle: store, Accounts: w.Accounts, Ring: w.Ring, Now: w.Clock.Now, Rand: random})
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: store, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: random})
	var mutex sync.Mutex
	woken := 0
	w.Woken = func() int {
		mutex.Lock()
		defer mutex.Unlock()
		return woken
	}
	w.Sessions = session.New(session.Config{Store: store, Ring: w.Ring, Clients: w.Clients, Now: w.Clock.Now, Rand: random, Wake: func() {
		mutex.Lock()
		defer mutex.Unlock()
		woken++
	}})
	return w
}

// Encode implements authn.Encoder: what is sent is kept for Sent.
func (w *World) Encode(_ context.Context, m authn.Message) ([]byte, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.sent = append(w.sent, m)
	return json.Marshal(map[string]string{"sealed": "message"})
}

// Sent are the messages made so far.
func (w *World) Sent() []authn.Message {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return append([]authn.Message(nil), w.sent...)
}

// Code is the newest code sent to somebody.
func (w *World) Code(t testing.TB, to string) string {
	t.Helper()
	for all := w.Sent(); len(all) > 0; all = all[:len(all)-1] {
		if last := all[len(all)-1]; last.To == to {
			return last.Code
		}
	}
	t.Fatalf("nothing was sent to %s", to)
	return ""
}

// Identifier reads a mobile number or an address.
func Identifier(t testing.TB, text string) subject.Identifier {
	t.Helper()
	identifier, err := subject.ParseIdentifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return identifier
}

// Account makes an account with a password; none when it is empty.
func (w *World) Account(t testing.TB, identifier, password string) idp.Account {
	t.Helper()
	ctx := context.Background()
	a, err := w.Accounts.Create(ctx, Identifier(t, identifier))
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		hash, err := w.Passwords.Hash(ctx, password)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Accounts.SetPassword(ctx, a.ID, hash); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// Source is an authoritative source that answers as the test wants.
type Source struct {
	Unknown map[string]bool // kinds of documents that it does not know; set before use

	mutex   sync.Mutex
	answer  func(q proofing.Query) (proofing.Answer, error)
	queries []proofing.Query
}

// Answers sets how the source answers from now on; without it everything matches.
func (s *Source) Answers(answer func(q proofing.Query) (proofing.Answer, error)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.answer = answer
}

// Queries are the questions so far.
func (s *Source) Queries() []proofing.Query {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]proofing.Query(nil), s.queries...)
}

// Name implements proofing.Source.
func (s *Source) Name() string { return "register" }

// Knows implements proofing.Source.
func (s *Source) Knows(kind string) bool { return !s.Unknown[kind] }

// Ask implements proofing.Source.
func (s *Source) Ask(_ context.Context, q proofing.Query) (proofing.Answer, error) {
	s.mutex.Lock()
	s.queries = append(s.queries, q)
	answer := s.answer
	s.mutex.Unlock()
	if answer == nil {
		return proofing.Answer{Verdict: proofing.Match, Digest: "digest of " + q.RequestID}, nil
	}
	return answer(q)
}

// clientTwin keeps the clients of a world.
type clientTwin struct {
	idp.ClientStore // what worlds do not use
	mutex           sync.Mutex
	bodies          map[string]idp.StoredBody
	revision        int64
}

func (c *clientTwin) Client(_ context.Context, clientID string) (idp.StoredBody, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	body, ok := c.bodies[clientID]
	if !ok {
		return body, idp.ErrNotFound
	}
	return body, nil
}

func (c *clientTwin) WriteClient(_ context.Context, change idp.ClientChange) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now, known := c.bodies[change.ClientID]
	switch {
	case known && change.Was == nil:
		return idp.ErrTaken
	case !bytes.Equal(now.Body, change.Was):
		return idp.ErrConflict
	}
	now.Body = change.Body
	if change.SecretMAC != nil {
		now.SecretMAC = change.SecretMAC
	}
	c.bodies[change.ClientID] = now
	c.revision++
	return nil
}

func (c *clientTwin) Clients(_ context.Context, limit int) (map[string]idp.StoredBody, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	all := map[string]idp.StoredBody{}
	for id, body := range c.bodies {
		if len(all) < limit {
			all[id] = body
		}
	}
	return all, nil
}

func (c *clientTwin) ClientRevision(context.Context) (int64, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.revision, nil
}
