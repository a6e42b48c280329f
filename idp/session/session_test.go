package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

var ctx = context.Background()

func login(account string) idp.Login {
	return idp.Login{AccountID: account, AAL: 1, Methods: []string{"pwd"}, At: idptest.Start}
}

func start(t *testing.T, w *idptest.World, account string) (session.Session, string) {
	t.Helper()
	s, secret, err := w.Sessions.Start(ctx, login(account), "Firefox", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return s, secret
}

// live reports whether the secret is that of a session.
func live(t *testing.T, w *idptest.World, secret string) bool {
	t.Helper()
	_, ok, err := w.Sessions.Current(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestO51EveryLoginMakesANewSecretAndId(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	seen := map[string]bool{}
	for range 50 {
		s, secret := start(t, w, "acc_1")
		if len(secret) < 43 || strings.Contains(secret, s.ID) || seen[secret] || seen[s.ID] {
			t.Fatalf("secret %q, id %q", secret, s.ID)
		}
		seen[secret], seen[s.ID] = true, true
		got, ok, err := w.Sessions.Current(ctx, secret)
		if err != nil || !ok || got.ID != s.ID || got.AccountID != "acc_1" || got.AAL != 1 || fmt.Sprint(got.Methods) != "[pwd]" || !got.AuthTime.Equal(idptest.Start) || got.Device != "Firefox" || got.Address != "192.0.2.1" {
			t.Fatalf("%+v %v %v", got, ok, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", twin.Records()), secret) {
			t.Fatal("the secret stands in the audit record")
		}
	}
}

func TestOnlyTheSecretItselfFindsASession(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	s, secret := start(t, w, "acc_1")
	for name, other := range map[string]string{"none": "", "the id": s.ID, "cut": secret[:len(secret)-1], "longer": secret + "A", "upper case": strings.ToUpper(secret), "preset by an attacker": "attacker-chosen-value-0123456789"} {
		if live(t, w, other) {
			t.Errorf("%s found the session", name)
		}
	}
	if !live(t, w, secret) {
		t.Error("the secret itself does not")
	}
}

func TestA29IdleForAnHourEnds(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	_, secret := start(t, w, "acc_1")
	for range 5 { // use keeps it alive
		w.Clock.Advance(session.IdleLife - time.Second)
		if !live(t, w, secret) {
			t.Fatal("ended although it was used")
		}
	}
	w.Clock.Advance(session.IdleLife + time.Second)
	if live(t, w, secret) {
		t.Error("lives after an idle hour")
	}
	w.Clock.Advance(-time.Hour)
	if !live(t, w, secret) {
		t.Error("looking at an idle session must not change it")
	}
}

func TestA29ADayEndsItHoweverBusy(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	_, secret := start(t, w, "acc_1")
	for range 48 {
		w.Clock.Advance(30 * time.Minute)
		if !live(t, w, secret) {
			t.Fatal("ended before its day was over")
		}
	}
	w.Clock.Advance(time.Second)
	if live(t, w, secret) {
		t.Error("lives longer than a day")
	}
	if list, err := w.Sessions.Live(ctx, "acc_1"); err != nil || len(list) != 0 {
		t.Errorf("the person's page still shows it: %+v %v", list, err)
	}
}

func TestUseIsWrittenDownAtMostOnceAMinute(t *testing.T) {
	faulty := &idptest.Faulty{Store: idptest.NewTwin()}
	w := idptest.NewWorld(t, faulty)
	_, secret := start(t, w, "acc_1")
	before := faulty.Steps()
	for range 100 {
		w.Clock.Advance(time.Second)
		live(t, w, secret)
	}
	if n := faulty.Steps() - before; n != 1 {
		t.Errorf("%d writes in 100 s", n)
	}
}

// recorder keeps the hash under which the last session was stored.
type recorder struct {
	*idptest.Twin
	hash []byte
}

func (r *recorder) PutSession(ctx context.Context, hash []byte, s session.Session, record audit.Record) error {
	r.hash = hash
	return r.Twin.PutSession(ctx, hash, s, record)
}

// TestA29RealmsOfSessions: a secret of one realm is none in the other, nobody begins a session in a realm that is not the own one, and a
// row of the other realm is no session whatever its secret is.
func TestA29RealmsOfSessions(t *testing.T) {
	store := &recorder{Twin: idptest.NewTwin()}
	w := idptest.NewWorld(t, store)
	staff := session.New(session.Config{Store: store, Ring: w.Ring, Clients: w.Clients, Realm: session.Staff, Now: w.Clock.Now, Rand: ident.System()})
	_, citizen := start(t, w, "acc_1")
	citizenHash := store.hash
	work, secret, err := staff.Start(ctx, login("stf_1"), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := staff.Current(ctx, citizen); ok || live(t, w, secret) {
		t.Error("a secret opens both realms")
	}
	if _, _, err := staff.Start(ctx, login("acc_1"), "", ""); err == nil {
		t.Error("a citizen in the realm of staff")
	}
	if _, _, err := w.Sessions.Start(ctx, login("stf_1"), "", ""); err == nil {
		t.Error("staff in the realm of citizens")
	}
	if _, ok, _ := w.Sessions.ByID(ctx, work.ID); ok {
		t.Error("a session of staff is one of a citizen by its sid")
	}
	var secrets []string
	var hashes [][]byte
	for _, realm := range []session.Realm{session.Citizens, session.Staff} { // both make the same secret
		kept := &recorder{Twin: idptest.NewTwin()}
		same := session.New(session.Config{Store: kept, Ring: w.Ring, Clients: w.Clients, Realm: realm, Now: w.Clock.Now, Rand: strings.NewReader(strings.Repeat("z", 512))})
		_, made, err := same.Start(ctx, login(realm.Prefix+"1"), "", "")
		if err != nil {
			t.Fatal(err)
		}
		secrets, hashes = append(secrets, made), append(hashes, kept.hash)
	}
	if secrets[0] != secrets[1] || bytes.Equal(hashes[0], hashes[1]) {
		t.Error("one secret has one hash in both realms")
	}
	forged := session.Session{ID: "sid_forged", AccountID: "stf_1", AuthTime: w.Clock.Now(), CreatedAt: w.Clock.Now(), LastSeen: w.Clock.Now()}
	if err := store.Twin.EndSession(ctx, mustSession(t, w, citizen).ID, w.Clock.Now(), audit.With(idp.Event(ctx, w.Clock.Now(), "x", "account", "x", nil))); err != nil {
		t.Fatal(err)
	}
	if err := store.Twin.PutSession(ctx, append([]byte{}, citizenHash...), forged, audit.With(idp.Event(ctx, w.Clock.Now(), "x", "account", "x", nil))); err == nil && live(t, w, citizen) {
		t.Error("a row of staff is a session of a citizen")
	}
	w.Clock.Advance(session.StaffIdle + time.Second)
	if _, ok, _ := staff.Current(ctx, secret); ok {
		t.Error("goes on unused")
	}
}

// TestA29FormerSessions: whose a session was is told of one that is over by its time, in its own realm, and of no other.
func TestA29FormerSessions(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	staff := session.New(session.Config{Store: twin, Ring: w.Ring, Clients: w.Clients, Realm: session.Staff, Now: w.Clock.Now, Rand: ident.System()})
	s, secret := start(t, w, "acc_1")
	ended, endedSecret := start(t, w, "acc_2")
	if _, err := w.Sessions.End(ctx, ended.ID, ended.AccountID); err != nil {
		t.Fatal(err)
	}
	_, work, err := staff.Start(ctx, login("stf_1"), "", "")
	if err != nil {
		t.Fatal(err)
	}
	former := func(service *session.Service, secret string) string {
		t.Helper()
		id, err := service.Former(ctx, secret)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if got := former(w.Sessions, secret); got != "" {
		t.Errorf("one that goes on: %q", got)
	}
	w.Clock.Advance(session.IdleLife + time.Second)
	for name, test := range map[string]struct {
		service      *session.Service
		secret, want string
	}{
		"its own": {w.Sessions, secret, s.AccountID}, "of staff": {staff, work, "stf_1"}, "in the other realm": {staff, secret, ""}, "of staff in the other realm": {w.Sessions, work, ""},
		"one that somebody ended": {w.Sessions, endedSecret, ""}, "none": {w.Sessions, "", ""}, "unknown": {w.Sessions, "x", ""},
	} {
		if got := former(test.service, test.secret); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func mustSession(t *testing.T, w *idptest.World, secret string) session.Session {
	t.Helper()
	s, ok, err := w.Sessions.Current(ctx, secret)
	if err != nil || !ok {
		t.Fatal(err)
	}
	return s
}

func TestStoreThatFailsIsNoSignOutAndNoSignIn(t *testing.T) {
	faulty := &idptest.Faulty{Store: idptest.NewTwin()}
	w := idptest.NewWorld(t, faulty)
	_, secret := start(t, w, "acc_1")
	faulty.FailBefore = func(int, string) bool { return true }
	w.Clock.Advance(2 * time.Minute)
	if _, ok, err := w.Sessions.Current(ctx, secret); ok || fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("%v %v", ok, err)
	}
	if _, secret, err := w.Sessions.Start(ctx, login("acc_1"), "", ""); err == nil || secret != "" {
		t.Errorf("a session that was not stored has the secret %q", secret)
	}
}

func clients(t *testing.T, w *idptest.World) {
	t.Helper()
	var all []idp.Client
	for _, id := range []string{"a", "b", "silent", "gone"} {
		c := idp.Client{ClientID: id, ClientSecret: "secret-of-tests-0123", RedirectURIs: []string{"https://" + id + ".example.gov.cn/cb"}}
		if id != "silent" {
			c.BackchannelLogoutURI = "https://" + id + ".example.gov.cn/logout"
		}
		all = append(all, c)
	}
	if err := w.Clients.Apply(ctx, all); err != nil {
		t.Fatal(err)
	}
}

func TestLogoutTellsEveryPartyThroughTheOutbox(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	clients(t, w)
	s, secret := start(t, w, "acc_1")
	_, other := start(t, w, "acc_1")
	for _, client := range []string{"a", "b", "a", "silent", "unknown"} {
		if err := w.Sessions.Joined(ctx, session.Party{SID: s.ID, ClientID: client, Subject: "subject at " + client}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Second)
	}
	woken := w.Woken()
	parties, err := w.Sessions.End(ctx, s.ID, "acc_1")
	if err != nil || len(parties) != 4 {
		t.Fatalf("%+v %v", parties, err)
	}
	if live(t, w, secret) || !live(t, w, other) {
		t.Error("the session lives, or another one ended")
	}
	told := map[string]session.LogoutMessage{}
	for _, m := range twin.Messages(session.TopicLogout) {
		var payload session.LogoutMessage
		if err := json.Unmarshal(m.Payload, &payload); err != nil {
			t.Fatal(err)
		}
		if m.Key != s.ID+"/"+payload.ClientID {
			t.Errorf("key %s", m.Key)
		}
		told[payload.ClientID] = payload
	}
	if len(told) != 2 || told["a"] != (session.LogoutMessage{ClientID: "a", Subject: "subject at a", SID: s.ID}) || told["b"].Subject != "subject at b" {
		t.Errorf("told %+v", told)
	}
	if w.Woken() == woken {
		t.Error("the outbox was not woken")
	}
	if _, err := w.Sessions.End(ctx, s.ID, "acc_1"); err != nil {
		t.Errorf("ending it again: %v", err)
	}
	if n := len(twin.Messages(session.TopicLogout)); n != 2 {
		t.Errorf("F-12 %d messages after a second logout", n)
	}
	if events := strings.Join(twin.Events(), " "); strings.Count(events, "session.ended") != 1 {
		t.Errorf("events %s", events)
	}
}

// TestEndAndMessagesAreOneChange: a crash leaves either a live session and no message, or both done.
func TestEndAndMessagesAreOneChange(t *testing.T) {
	for _, after := range []bool{false, true} {
		twin := idptest.NewTwin()
		faulty := &idptest.Faulty{Store: twin}
		w := idptest.NewWorld(t, faulty)
		clients(t, w)
		s, secret := start(t, w, "acc_1")
		if err := w.Sessions.Joined(ctx, session.Party{SID: s.ID, ClientID: "a", Subject: "x"}); err != nil {
			t.Fatal(err)
		}
		crash := func(_ int, name string) bool { return name == "end session" }
		if after {
			faulty.FailAfter = crash
		} else {
			faulty.FailBefore = crash
		}
		if _, err := w.Sessions.End(ctx, s.ID, "acc_1"); fault.CodeOf(err) != fault.Unavailable || !errors.Is(err, idptest.ErrCrash) {
			t.Errorf("%v", err)
		}
		faulty.FailBefore, faulty.FailAfter = nil, nil
		if messages := len(twin.Messages(session.TopicLogout)); live(t, w, secret) == after || (messages == 1) != after {
			t.Errorf("after %v: live %v, %d messages", after, live(t, w, secret), messages)
		}
		if _, err := w.Sessions.End(ctx, s.ID, "acc_1"); err != nil {
			t.Error(err)
		}
		if messages := len(twin.Messages(session.TopicLogout)); live(t, w, secret) || messages != 1 {
			t.Errorf("in the end: live %v, %d messages", live(t, w, secret), messages)
		}
	}
}

func TestPersonSeesItsLiveSessions(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	idle, _ := start(t, w, "acc_1")
	w.Clock.Advance(50 * time.Minute)
	ended, _ := start(t, w, "acc_1")
	used, secret := start(t, w, "acc_1")
	last, _ := start(t, w, "acc_1")
	start(t, w, "acc_2")
	w.Clock.Advance(20 * time.Minute)
	if _, err := w.Sessions.End(ctx, ended.ID, "acc_1"); err != nil {
		t.Fatal(err)
	}
	live(t, w, secret)
	list, err := w.Sessions.Live(ctx, "acc_1")
	if err != nil || len(list) != 2 || list[0].ID != used.ID || list[1].ID != last.ID {
		t.Errorf("%+v %v (idle is %s)", list, err, idle.ID)
	}
}

func TestA30SuspendedAccountIsSignedOutEverywhere(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	a := w.Account(t, "13800138000", "")
	_, one := start(t, w, a.ID)
	_, two := start(t, w, a.ID)
	if err := w.Accounts.SetState(ctx, a.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	if live(t, w, one) || live(t, w, two) {
		t.Error("a suspended account is signed in")
	}
}

func TestPagesAndEndsOfAnAccount(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	for range 5 {
		start(t, w, "acc_1")
		w.Clock.Advance(time.Minute)
	}
	_, other := start(t, w, "acc_2")
	w.Clock.Advance(session.IdleLife - 2*time.Minute) // the first ones have expired, the others not
	seen, states := map[string]bool{}, map[string]int{}
	for after, pages := "", 0; ; pages++ {
		page, next, err := w.Sessions.Page(ctx, "acc_1", after, 2)
		if err != nil || len(page) > 2 || pages > 3 {
			t.Fatalf("%d on page %d, %v", len(page), pages, err)
		}
		for _, v := range page {
			if seen[v.ID] {
				t.Errorf("%s stands twice", v.ID)
			}
			seen[v.ID] = true
			states[v.StateAt(w.Clock.Now())]++
		}
		if after = next; after == "" {
			break
		}
	}
	if len(seen) != 5 || states[session.StateExpired] == 0 || states[session.StateActive] == 0 {
		t.Errorf("%d sessions in states %v", len(seen), states)
	}
	for _, bad := range []string{"!", "bm9uZQ", "eCB5"} {
		if _, _, err := w.Sessions.Page(ctx, "acc_1", bad, 2); fault.CodeOf(err) != fault.Malformed {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	if record, err := w.Sessions.Farewell(ctx, "acc_1"); err != nil || len(record.Events) != 5 {
		t.Errorf("farewell of %d sessions, %v", len(record.Events), err)
	}
	for _, want := range []int{5, 0} { // expired ones too, and each once
		if ended, err := w.Sessions.EndAll(ctx, "acc_1"); err != nil || ended != want {
			t.Errorf("%d ended, want %d, %v", ended, want, err)
		}
	}
	if !live(t, w, other) {
		t.Error("the session of another ended")
	}
	if _, err := w.Sessions.Any(ctx, "sid_none"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a session that never was: %v", err)
	}
}
