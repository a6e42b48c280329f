package idptest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func counters(t *testing.T, s Store) {
	count := func(scope, key string, at time.Time) int {
		t.Helper()
		n, err := s.Count(ctx, scope, []byte(key), time.Minute, at)
		must(t, err)
		return n
	}
	counted := func(at time.Time) int {
		t.Helper()
		n, err := s.Counted(ctx, "a", []byte("k"), time.Minute, at)
		must(t, err)
		return n
	}
	if n := counted(Start); n != 0 {
		t.Errorf("before the first try: %d", n)
	}
	for i := 1; i <= 3; i++ {
		if n := count("a", "k", Start.Add(time.Duration(i)*10*time.Second)); n != i {
			t.Errorf("try %d counts as %d", i, n)
		}
	}
	if n := counted(Start.Add(59 * time.Second)); n != 3 {
		t.Errorf("read: %d", n)
	}
	if count("b", "k", Start) != 1 || count("a", "other", Start) != 1 {
		t.Error("counters run together")
	}
	// The span begins with the first try: further ones do not make it longer.
	if n := counted(Start.Add(70 * time.Second)); n != 0 {
		t.Errorf("after the span: %d", n)
	}
	if n := count("a", "k", Start.Add(70*time.Second)); n != 1 {
		t.Errorf("the first of the next span counts as %d", n)
	}
	must(t, s.Clear(ctx, "a", []byte("k")))
	if n := counted(Start.Add(71 * time.Second)); n != 0 {
		t.Errorf("after clearing: %d", n)
	}
	must(t, s.Clear(ctx, "a", []byte("none")))
	count("a", "k", Start.Add(80*time.Second))
	count("a", "k", Start.Add(80*time.Second))
	for i, want := range []int{1, 0, 0} { // never below none
		must(t, s.Uncount(ctx, "a", []byte("k")))
		if n := counted(Start.Add(81 * time.Second)); n != want {
			t.Errorf("%d taken back: %d are left", i+1, n)
		}
	}
	must(t, s.Uncount(ctx, "a", []byte("none")))
	if n := count("a", "k", Start.Add(82*time.Second)); n != 1 {
		t.Errorf("counted again: %d", n)
	}
}

func countersInParallel(t *testing.T, s Store) {
	var seen sync.Map
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			n, err := s.Count(ctx, "a", []byte("k"), time.Minute, Start)
			if err != nil {
				t.Error(err)
			}
			if _, twice := seen.LoadOrStore(n, true); twice {
				t.Errorf("two tries count as %d", n)
			}
		})
	}
	group.Wait()
	if n, err := s.Counted(ctx, "a", []byte("k"), time.Minute, Start); err != nil || n != 40 {
		t.Errorf("%d %v", n, err)
	}
}

// questionAnsweredOnce: of right answers to one question at one moment one lets its form through, on whatever node they arrive.
func questionAnsweredOnce(t *testing.T, s Store) {
	w := NewWorld(t, s)
	for range authn.WorkAfter {
		_, err := s.Count(ctx, "login-source", []byte("192.0.2.1"), authn.LoginSpan, w.Clock.Now())
		must(t, err)
	}
	browser := []byte("browser")
	h, err := w.Login.HurdlesFor(ctx, w.Steps, browser, "192.0.2.1", "en")
	must(t, err)
	var passed atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			switch err := w.Login.CheckHurdles(ctx, w.Steps, browser, "192.0.2.1", authn.Effort{QuestionStep: h.Question.Step, Answer: h.Question.Digits}); {
			case err == nil:
				passed.Add(1)
			case fault.CodeOf(err) != fault.QuestionNeeded:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d of 20 answers to one question passed", passed.Load())
	}
}

func sessionRow(sid, account string, seen time.Time) session.Session {
	return session.Session{ID: sid, AccountID: account, AAL: 1, Methods: []string{"pwd", "otp"}, AuthTime: Start, CreatedAt: Start, LastSeen: seen, Device: "Firefox", Address: "192.0.2.1"}
}

func putSession(t testing.TB, s Store, sid, account string, seen time.Time) {
	t.Helper()
	must(t, s.PutSession(ctx, []byte("hash of "+sid), sessionRow(sid, account, seen), record("login.succeeded")))
}

func sessions(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	putSession(t, s, "sid_1", a.ID, Start)
	putSession(t, s, "sid_2", a.ID, Start.Add(time.Minute))
	putSession(t, s, "sid_3", a.ID, Start.Add(-time.Hour))
	putSession(t, s, "sid_4", b.ID, Start)
	got, err := s.Session(ctx, []byte("hash of sid_1"))
	must(t, err)
	want := sessionRow("sid_1", a.ID, Start)
	want.AccountVersion = 1
	same(t, got, want)
	must(t, s.TouchSession(ctx, "sid_1", Start.Add(5*time.Minute)))
	must(t, s.TouchSession(ctx, "sid_1", Start.Add(2*time.Minute))) // a slow request does not turn the clock back
	if got, _ = s.Session(ctx, []byte("hash of sid_1")); !got.LastSeen.Equal(Start.Add(5 * time.Minute)) {
		t.Errorf("last seen %s", got.LastSeen)
	}
	live, err := s.SessionsOf(ctx, a.ID, Start.Add(-time.Hour))
	must(t, err)
	if len(live) != 2 || live[0].ID != "sid_1" || live[1].ID != "sid_2" {
		t.Errorf("live %+v", live)
	}
	if err := s.PutSession(ctx, []byte("hash of sid_1"), sessionRow("sid_9", b.ID, Start), record("login.succeeded")); err == nil {
		t.Error("two sessions have one secret")
	}
	// A further login in the same browser: the same session under a new secret, and the old one opens nothing.
	again := sessionRow("sid_2", a.ID, Start.Add(time.Hour))
	again.CreatedAt, again.AuthTime, again.Methods = again.LastSeen, again.LastSeen, []string{"pwd"}
	must(t, s.RenewSession(ctx, []byte("new hash"), again, record("login.succeeded")))
	got, err = s.Session(ctx, []byte("new hash"))
	must(t, err)
	again.AccountVersion = 1
	same(t, got, again)
	if _, err := s.Session(ctx, []byte("hash of sid_2")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("the old secret: %v", err)
	}
	again.AccountID = b.ID
	if err := s.RenewSession(ctx, []byte("of another"), again, record("login.succeeded")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a session was renewed for another account: %v", err)
	}
	must(t, s.EndSession(ctx, "sid_1", Start, record("session.ended")))
	for sid, live := range map[string]bool{"sid_1": false, "sid_2": true, "sid_9": false} {
		if got, err := s.SessionByID(ctx, sid); live != (err == nil && got.ID == sid) || !live && !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s by its id: %+v, %v", sid, got, err)
		}
	}
	if err := s.RenewSession(ctx, []byte("of an ended one"), sessionRow("sid_1", a.ID, Start), record("login.succeeded")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("an ended session was renewed: %v", err)
	}
}

func parties(t *testing.T, s Store) {
	for i, client := range []string{"b", "a", "b"} {
		must(t, s.AddParty(ctx, session.Party{SID: "sid_1", ClientID: client, Subject: fmt.Sprint("subject of ", client), At: Start.Add(time.Duration(i) * time.Second)}))
	}
	must(t, s.AddParty(ctx, session.Party{SID: "sid_2", ClientID: "c", Subject: "x", At: Start}))
	got, err := s.Parties(ctx, "sid_1")
	must(t, err)
	same(t, got, []session.Party{{SID: "sid_1", ClientID: "a", Subject: "subject of a", At: Start.Add(time.Second)}, {SID: "sid_1", ClientID: "b", Subject: "subject of b", At: Start.Add(2 * time.Second)}})
	for _, left := range [][2]string{{"sid_1", "a"}, {"sid_1", "a"}, {"sid_2", "b"}, {"sid_none", "b"}} { // those that are none change nothing
		must(t, s.LeaveParty(ctx, left[0], left[1], Start, record("session.left")))
	}
	got, err = s.Parties(ctx, "sid_1")
	must(t, err)
	same(t, got, []session.Party{{SID: "sid_1", ClientID: "b", Subject: "subject of b", At: Start.Add(2 * time.Second)}})
}

func sessionEndsOnce(t *testing.T, s Store) {
	a := put(t, s, 1)
	putSession(t, s, "sid_1", a.ID, Start)
	putSession(t, s, "sid_2", a.ID, Start)
	var ended atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			switch err := s.EndSession(ctx, "sid_1", Start, record("session.ended")); {
			case err == nil:
				ended.Add(1)
			case !errors.Is(err, idp.ErrNotFound):
				t.Errorf("end: %v", err)
			}
		})
	}
	group.Wait()
	if ended.Load() != 1 {
		t.Errorf("it ended %d times", ended.Load())
	}
	if _, err := s.Session(ctx, []byte("hash of sid_1")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("an ended session is found: %v", err)
	}
	if live, err := s.SessionsOf(ctx, a.ID, Start.Add(-time.Hour)); err != nil || len(live) != 1 || live[0].ID != "sid_2" {
		t.Errorf("live %+v %v", live, err)
	}
}

func sessionsByPage(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	for i, seen := range []time.Duration{0, 2, 1, 2, 1} {
		putSession(t, s, fmt.Sprint("sid_", i), a.ID, Start.Add(seen*time.Minute))
	}
	putSession(t, s, "sid_9", b.ID, Start)
	must(t, s.EndSession(ctx, "sid_3", Start.Add(time.Hour), record("session.ended")))
	var seen []string
	for behind := (session.Mark{}); ; {
		page, err := s.SessionPage(ctx, a.ID, behind, 2)
		must(t, err)
		for _, v := range page {
			seen = append(seen, v.ID)
			if v.EndedAt.IsZero() == (v.ID == "sid_3") {
				t.Errorf("%s ended at %s", v.ID, v.EndedAt)
			}
			behind = session.Mark{LastSeen: v.LastSeen, ID: v.ID}
		}
		if len(page) < 2 {
			break
		}
	}
	if want := "[sid_1 sid_3 sid_2 sid_4 sid_0]"; fmt.Sprint(seen) != want {
		t.Errorf("%v, want %s", seen, want)
	}
	got, err := s.AnySession(ctx, "sid_3")
	must(t, err)
	want := sessionRow("sid_3", a.ID, Start.Add(2*time.Minute))
	want.EndedAt, want.AccountVersion = Start.Add(time.Hour), 1
	same(t, got, want)
	if _, err := s.AnySession(ctx, "sid_none"); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a session that never was: %v", err)
	}
	must(t, s.SetState(ctx, b.ID, idp.AccountClosed, Start.Add(time.Hour), record("account.closed")))
	if got, err := s.AnySession(ctx, "sid_9"); err != nil || !got.EndedAt.Equal(Start.Add(time.Hour)) {
		t.Errorf("the session of a closed account: %+v, %v", got, err)
	}
}

func inbox(t *testing.T, s Store) {
	message := func(to, code string, at time.Time) authn.InboxMessage {
		return authn.InboxMessage{ID: "msg_" + code, To: to, Text: "code " + code, Code: code, At: at, Answers: map[string]string{"2": "voice"}[code]}
	}
	must(t, s.PutInbox(ctx, "msg_1", message("a", "1", Start)))
	must(t, s.PutInbox(ctx, "msg_1", message("a", "delivered again", Start)))
	must(t, s.PutInbox(ctx, "msg_2", message("a", "2", Start.Add(time.Second))))
	must(t, s.PutInbox(ctx, "msg_3", message("b", "3", Start.Add(time.Minute))))
	got, err := s.Inbox(ctx, "a", 10)
	must(t, err)
	same(t, got, []authn.InboxMessage{message("a", "2", Start.Add(time.Second)), message("a", "1", Start)})
	if all, err := s.Inbox(ctx, "", 2); err != nil || len(all) != 2 || all[0].Code != "3" {
		t.Errorf("all %+v %v", all, err)
	}
	if none, err := s.Inbox(ctx, "nobody", 2); err != nil || none == nil || len(none) != 0 {
		t.Errorf("none %+v %v", none, err)
	}
}
