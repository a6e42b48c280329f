package oauth_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// The model says in plain values what codes, families of refresh tokens and access tokens are; rapid drives the real engine
// over a real database beside it, with faults, deaths and races, and compares every answer (O-14 to O-18, O-35 to O-41).
//
// YINXIN_MODEL_STEPS makes the walk longer, YINXIN_MODEL_SEED repeats one. A violation is shrunk, and rapid tells the seed
// that repeats it: -rapid.seed=N.

// stepsOfCheck is the middle length of one check, which begins with new people.
const stepsOfCheck = 60

// machine is one check: the process, and what the model knows.
type machine struct {
	*process
	people   []*person
	logins   []*login
	powers   []*power
	families []*family
	enabled  map[string]bool
	touched  *family
}

func TestModelOfCodesAndFamilies(t *testing.T) {
	steps := environment("YINXIN_MODEL_STEPS", 2500)
	setFlag(t, "rapid.steps", stepsOfCheck)
	setFlag(t, "rapid.checks", 2*steps/stepsOfCheck+20) // lengths vary; the walk ends when it is long enough
	setFlag(t, "rapid.seed", environment("YINXIN_MODEL_SEED", 0))
	setFlag(t, "rapid.nofailfile", 1) // the seed says it all
	for _, engine := range testkit.Databases(t) {
		t.Run(engine.Name, func(t *testing.T) {
			p := newProcess(t, engine)
			began, made, failed := time.Now(), 0, false
			rapid.Check(t, func(t *rapid.T) {
				if made >= steps && !failed {
					return
				}
				done := false
				defer func() { failed = failed || !done }()
				m := newMachine(t, p)
				m.walk(t, &made)
				done = true
			})
			if made < steps {
				t.Errorf("%d of %d steps: the time did not suffice", made, steps)
			}
			events, breaks, err := auditdb.Verify(context.Background(), p.db.Read())
			if err != nil || len(breaks) > 0 {
				t.Errorf("chain of audit events: %v, %v", breaks, err)
			}
			t.Logf("%d steps, %.0f a second, %d audit events", made, float64(made)/time.Since(began).Seconds(), events)
		})
	}
}

func environment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// setFlag sets a flag of rapid unless the command line does.
func setFlag(t *testing.T, name string, value int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, strconv.Itoa(value)); err != nil {
		t.Fatal(err)
	}
}

func newMachine(t *rapid.T, p *process) *machine {
	people, err := p.fresh(2)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{process: p, people: people, enabled: map[string]bool{}}
	for _, id := range modelClients {
		m.enabled[id] = true
	}
	return m
}

// walk takes steps of all kinds, each as often as it is worth.
func (m *machine) walk(t *rapid.T, made *int) {
	actions := map[string]func(*rapid.T){"": m.check}
	for _, a := range []struct {
		name   string
		weight int
		run    func(*rapid.T)
	}{
		{"authorize", 9, m.authorize}, {"redeem", 13, m.redeem}, {"refresh", 26, m.renew}, {"storm of redemptions", 6, m.stormOfRedemptions}, {"storm of refreshes", 4, m.stormOfRefreshes},
		{"end", 9, m.endSomething}, {"revoke access", 2, m.revokeAccess}, {"reopen", 3, m.reopen}, {"consent", 2, m.consentAgain}, {"appoint", 5, m.appoint}, {"client", 3, m.switchClient},
		{"clock", 12, m.clockForward}, {"clock back", 2, m.clockBack}, {"days", 1, m.days}, {"purge", 2, m.purge}, {"fault", 7, m.fault}, {"restart", 1, m.restartNow},
		{"judge", 3, m.judgeAll}, {"strangers", 2, m.strangers},
	} {
		for n := range a.weight {
			actions[fmt.Sprintf("%s %d", a.name, n)] = func(t *rapid.T) {
				m.touched = nil
				a.run(t)
				*made++
			}
		}
	}
	t.Repeat(actions)
	m.store.arm(faultNone, 0)
	m.judgeAll(t)
	for _, f := range m.families {
		m.checkTrail(t, f)
	}
	m.now = m.now.Add(61 * 24 * time.Hour)
	if _, err := m.store.Purge(context.Background(), m.now); err != nil {
		t.Fatal(err)
	}
}

// check holds after every step.
func (m *machine) check(t *rapid.T) {
	f := m.touched
	if f == nil {
		return
	}
	live, err := m.number("SELECT COUNT(*) FROM idp_refresh_token WHERE grant_id = $1 AND used_at = 0", f.grant)
	if err != nil {
		t.Fatal(err)
	}
	if live > 1 {
		t.Fatalf("O-36: %d live refresh tokens in one family", live)
	}
	m.judge(t, f, f.access[max(0, len(f.access)-3):])
}

// judge compares access tokens with the model (O-42, A-30).
func (m *machine) judge(t *rapid.T, f *family, list []*access) {
	for _, a := range list {
		got, err := m.tokens.Judge(context.Background(), a.token)
		switch want := m.stateOf(f, a); {
		case err != nil && !errors.Is(err, tokens.ErrToken):
			t.Fatalf("judging an access token: %v", err)
		case want == active && err != nil:
			t.Fatalf("an access token that lives: %v", err)
		case want == inactive && err == nil:
			t.Fatalf("an access token of something ended is active: %+v", f)
		case err == nil && (!slices.Equal(got.Scopes, a.scopes) || got.Grant.ID != f.grant || got.ClientID != f.client):
			t.Fatalf("an access token says %v of %s, %s; it should be %v of %s, %s", got.Scopes, got.Grant.ID, got.ClientID, a.scopes, f.grant, f.client)
		}
	}
}

func (m *machine) judgeAll(t *rapid.T) {
	for _, f := range m.families {
		m.judge(t, f, f.access)
	}
}

// checkTrail: every change of a family that was answered has its audit event, and who was replayed was told once.
func (m *machine) checkTrail(t *rapid.T, f *family) {
	count := func(kind string) int {
		n, err := m.number("SELECT COUNT(*) FROM audit_event WHERE object_type = 'grant' AND object_id = $1 AND type = $2", f.grant, kind)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	opened := 0
	if f.redeemed {
		opened = 1
	}
	if n := count("code.issued"); n != 1 {
		t.Fatalf("a code has %d events", n)
	}
	if n := count("grant.opened"); n != opened {
		t.Fatalf("O-14: %d grants came of a code, %d by the model", n, opened)
	}
	if n := count("grant.rotated"); n != f.rotations {
		t.Fatalf("%d rotations have %d events", f.rotations, n)
	}
	if n := count("grant.replay_detected"); n < f.replays || n > 0 && f.replays == 0 && !f.vague {
		t.Fatalf("%d replays have %d events", f.replays, n)
	}
	notices, err := m.number("SELECT COUNT(*) FROM outbox_message WHERE topic = $1 AND key = $2", oauth.TopicReplay, f.grant)
	if err != nil || notices > 1 || !f.vague && (notices == 1) != f.notified {
		t.Fatalf("O-35: %d notices, by the model %v, %v", notices, f.notified, err)
	}
}

// refused checks that an answer is the error and nothing else.
func refused(t *rapid.T, code, what string, err error) {
	if refusal, ok := errors.AsType[*oauth.Error](err); !ok || refusal.Code != code {
		t.Fatalf("%s: the answer is %v, not %s", what, err, code)
	}
}

// unavailable: the answer tells the caller to try again.
func unavailable(err error) bool {
	refusal, ok := errors.AsType[*oauth.Error](err)
	return ok && refusal.Status == 503 || !ok && errors.Is(err, sqldb.ErrUnavailable)
}

// attempt runs an operation. Where a fault came in its way it is open: done or not done. A death takes the answer with it,
// a failing store must be told (O-40).
func (m *machine) attempt(t *rapid.T, call func(ctx context.Context) error) (err error, open bool) {
	err = call(context.Background())
	return err, m.struck(t, err)
}

func (m *machine) struck(t *rapid.T, err error) bool {
	hit, dead := m.store.hit, m.store.isDead()
	m.store.hit = faultNone
	if !dead && hit == faultNone {
		return false
	}
	if err == nil {
		t.Fatal("something is answered as done that was not stored to its end")
	}
	if !dead {
		if !unavailable(err) {
			t.Fatalf("O-40: the store failed and the answer is %v", err)
		}
		return true
	}
	if err := m.restart(); err != nil {
		t.Fatal(err)
	}
	return true
}
