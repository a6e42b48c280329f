package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// book is a register that answers by name, each time with the next of its answers.
type book struct {
	answers map[string][]reconcile.Result
	asked   int
	ids     map[string]bool
}

func (b *book) Ask(_ context.Context, q reconcile.Question) (reconcile.Result, error) {
	b.asked++
	if b.ids == nil {
		b.ids = map[string]bool{}
	}
	if b.ids[q.RequestID] || q.IDNumber == "" || (q.IDType == "passport") != (q.Nationality != "") {
		return "", errors.New("a question came twice or names nobody")
	}
	b.ids[q.RequestID] = true
	all := b.answers[q.Name]
	if len(all) == 0 {
		return reconcile.Confirmed, nil
	}
	if len(all) > 1 {
		b.answers[q.Name] = all[1:]
	}
	if all[0] == reconcile.NoAnswer {
		return "", errors.New("silent")
	}
	return all[0], nil
}

func reconciler(d *desk, b *book, change func(*reconcile.Config)) *reconcile.Service {
	engine := foureyes.New(foureyes.Config{Store: d.store, Sealer: d.Accounts, Now: d.Clock.Now, Rand: ident.System(), Human: d.Accounts.Human})
	corrections := idp.NewCorrections(idp.CorrectionsConfig{Accounts: d.Accounts, Store: d.store, Engine: engine, Confirm: d.Proofing, Now: d.Clock.Now, Rand: ident.System()})
	cfg := reconcile.Config{Store: d.store, Accounts: d.Accounts, Gone: corrections.Gone, Register: b, Now: d.Clock.Now, Rand: ident.System(), Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Policy: reconcile.Policy{reconcile.Changed: {reconcile.Notice, reconcile.Decay}, reconcile.Deceased: {reconcile.Suspend}}}
	if change != nil {
		change(&cfg)
	}
	return reconcile.New(cfg)
}

func (d *desk) prove(t *testing.T, n int, name string) string {
	t.Helper()
	a := register(t, d, fmt.Sprintf("139%08d", n))
	if err := d.Accounts.Prove(context.Background(), a.ID, idp.Proof{IAL: 1, Method: "id_card", Source: "s", At: d.Clock.Now(), Evidence: "e"}, name, "citizen_id", fmt.Sprintf("number-%d", n)); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func (d *desk) level(t *testing.T, id string) (idp.AccountState, int) {
	t.Helper()
	p, err := d.Accounts.Person(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.State, int(p.IAL)
}

func TestEachResultIsFollowedByItsPolicyAndSilenceByNothing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		fine, changed, dead, unknown, silent, torn := d.prove(t, 1, "在册"), d.prove(t, 2, "更名"), d.prove(t, 3, "已故"), d.prove(t, 4, "查无"), d.prove(t, 5, "沉默"), d.prove(t, 6, "反复")
		register(t, d, "13900000007") // never proofed: nobody to ask about
		b := &book{answers: map[string][]reconcile.Result{"更名": {reconcile.Changed}, "已故": {reconcile.Deceased}, "查无": {reconcile.Unknown}, "沉默": {reconcile.NoAnswer}, "反复": {reconcile.Deceased, reconcile.Confirmed}}}
		var reported []string
		report := func(f reconcile.Finding) error {
			reported = append(reported, fmt.Sprintf("%s %v", f.Result, f.Actions))
			return nil
		}
		want := []string{"changed [notice decay]", "deceased [suspend]", "no_answer []", "no_answer []", "unknown []"}
		dry, err := reconciler(d, b, nil).Pass(ctx, reconcile.Options{DryRun: true, Report: report})
		slices.Sort(reported)
		if err != nil || dry.Actions != 2 || !slices.Equal(reported, want) || d.counts(t, "idp_reconcile_run") != 0 || d.counts(t, "outbox_message") != 0 {
			t.Fatalf("%v %+v %v", err, dry, reported)
		}
		if state, level := d.level(t, dead); state != idp.AccountActive || level != 1 {
			t.Fatal("a dry run did something")
		}
		b.answers["反复"], reported = []reconcile.Result{reconcile.Deceased, reconcile.Confirmed}, nil
		run, err := reconciler(d, b, nil).Pass(ctx, reconcile.Options{Report: report})
		slices.Sort(reported)
		if err != nil || run.State != reconcile.Finished || run.Actions != 2 || run.Counts[reconcile.Confirmed] != 1 || run.Counts[reconcile.NoAnswer] != 2 || !slices.Equal(reported, want) {
			t.Fatalf("%v %+v %v", err, run, reported)
		}
		for id, want := range map[string]string{fine: "active 1", changed: "active 0", dead: "suspended 1", unknown: "active 1", silent: "active 1", torn: "active 1"} {
			if state, level := d.level(t, id); fmt.Sprintf("%s %d", state, level) != want {
				t.Errorf("%s %d, want %s", state, level, want)
			}
		}
		findings, err := d.store.Findings(ctx, run.ID, "", 10)
		if err != nil || len(findings) != 5 {
			t.Errorf("%v %v", findings, err)
		}
		stored, ok, err := d.store.LastRun(ctx)
		if err != nil || !ok || fmt.Sprint(stored.Counts) != fmt.Sprint(run.Counts) || stored.Actions != 2 {
			t.Errorf("%+v %v", stored, err)
		}
		var payload string
		if err := d.db.Read().QueryRowContext(ctx, "SELECT payload FROM outbox_message WHERE topic = 'reconcile.notice'").Scan(&payload); err != nil {
			t.Fatal(err)
		}
		if id, err := reconcile.Notified([]byte(payload)); err != nil || id != changed {
			t.Errorf("%s %v", id, err)
		}
		// Confirmed and silent people are never touched, whatever the policy says.
		hostile := reconciler(d, b, func(c *reconcile.Config) {
			c.Policy = reconcile.Policy{reconcile.Confirmed: {reconcile.Suspend}, reconcile.NoAnswer: {reconcile.Suspend}}
		})
		if run, err := hostile.Pass(ctx, reconcile.Options{}); err != nil || run.Actions != 0 {
			t.Errorf("%+v %v", run, err)
		}
		if broken, err := breaks(d); err != nil || broken != 0 {
			t.Errorf("%d breaks, %v", broken, err)
		}
	})
}

func TestRunThatWouldTouchManyHalts(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		for n := range 8 {
			d.prove(t, n, "已故")
		}
		b := &book{answers: map[string][]reconcile.Result{"已故": {reconcile.Deceased}}}
		s := reconciler(d, b, func(c *reconcile.Config) { c.MaxActions = 3 })
		run, err := s.Pass(ctx, reconcile.Options{})
		if !errors.Is(err, reconcile.ErrHalted) || run.Actions != 3 {
			t.Fatalf("%+v %v", run, err)
		}
		if due, err := s.Due(ctx, time.Hour); err != nil || due {
			t.Errorf("a halted run goes on by itself: %v", err)
		}
		if _, err := s.Pass(ctx, reconcile.Options{}); !errors.Is(err, reconcile.ErrHalted) {
			t.Errorf("%v", err)
		}
		run, err = s.Pass(ctx, reconcile.Options{Resume: true})
		if !errors.Is(err, reconcile.ErrHalted) || run.Actions != 6 {
			t.Errorf("%+v %v", run, err)
		}
		run, err = s.Pass(ctx, reconcile.Options{Resume: true})
		if err != nil || run.Actions != 8 || run.State != reconcile.Finished || run.Counts[reconcile.Deceased] != 8 {
			t.Errorf("%+v %v", run, err)
		}
	})
}

func TestSilentRegisterStopsTheRunForNow(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		for n := range 15 {
			d.prove(t, n, "沉默")
		}
		b := &book{answers: map[string][]reconcile.Result{"沉默": {reconcile.NoAnswer}}}
		s := reconciler(d, b, nil)
		if run, err := s.Pass(ctx, reconcile.Options{}); !errors.Is(err, reconcile.ErrSilent) || b.asked != 10 || run.State != reconcile.Running {
			t.Fatalf("%+v %v, asked %d times", run, err, b.asked)
		}
		if due, err := s.Due(ctx, time.Hour); err != nil || !due {
			t.Errorf("it does not go on: %v", err)
		}
		b.answers = nil
		run, err := s.Pass(ctx, reconcile.Options{})
		if err != nil || run.Counts[reconcile.NoAnswer] != 10 || run.Counts[reconcile.Confirmed] != 5 {
			t.Errorf("%+v %v", run, err)
		}
		if due, err := s.Due(ctx, time.Hour); err != nil || due {
			t.Errorf("due at once again: %v", err)
		}
		d.Clock.Advance(time.Hour)
		if due, err := s.Due(ctx, time.Hour); err != nil || !due {
			t.Errorf("not due: %v", err)
		}
	})
}

func TestRunOfTwoProcessesIsCarriedOnByOne(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		for n := range 3 {
			d.prove(t, n, "在册")
		}
		other := reconciler(d, &book{}, nil)
		first := true
		s := reconciler(d, &book{}, func(c *reconcile.Config) {
			c.Pause = func(ctx context.Context, _ time.Duration) error {
				if first { // meanwhile another process finishes the same run
					first = false
					if _, err := other.Pass(ctx, reconcile.Options{}); err != nil {
						t.Error(err)
					}
				}
				return nil
			}
		})
		if _, err := s.Pass(ctx, reconcile.Options{}); !errors.Is(err, reconcile.ErrMoved) {
			t.Errorf("%v", err)
		}
		bounded, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := reconciler(d, &book{}, nil).Pass(bounded, reconcile.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestReconcilePolicyWords(t *testing.T) {
	if err := (reconcile.Policy{reconcile.Changed: {reconcile.Notice}, reconcile.Unknown: {reconcile.Decay}}).Check(); err != nil {
		t.Error(err)
	}
	err := reconcile.Policy{reconcile.NoAnswer: {reconcile.Suspend}, reconcile.Changed: {"delete"}}.Check()
	if err == nil || !strings.Contains(err.Error(), `follow "no_answer"`) || !strings.Contains(err.Error(), `"delete" is no action`) {
		t.Errorf("%v", err)
	}
}

// TestWhoIsGoneEndsAsByTheEventOfARegister: a comparison that finds a death, or the end of an organisation, lets no mandate live, and
// one administrator alone does not bring the account back.
func TestWhoIsGoneEndsAsByTheEventOfARegister(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		const code = "91350100M000100Y43"
		dead, holding, foreign := d.prove(t, 1, "已故"), d.prove(t, 2, "销号"), register(t, d, "13900000003")
		office, proof, err := d.Accounts.Draft(ctx, "org", idp.Proof{IAL: 1, Method: "organisation_register", Source: "register", At: d.Clock.Now()}, "已注销有限公司", idp.IDTypeUSCC, code)
		if err != nil {
			t.Fatal(err)
		}
		holder := d.prove(t, 4, "法人代表")
		now := d.Clock.Now()
		if err := d.store.PutOrganisation(ctx, mandate.Organisation{ID: office.ID, Representative: holder, State: mandate.Registered, CheckedAt: now, CreatedAt: now}, office, proof,
			mandate.Mandate{ID: "mdt_office", Principal: office.ID, Agent: holder, Kind: mandate.LegalRepresentative, Items: []string{mandate.AllItems}, State: mandate.Active, NotBefore: now, NotAfter: now.AddDate(1, 0, 0), CreatedAt: now, PrincipalAt: now, AgentAt: now},
			audit.With(idp.Event(ctx, now, "organisation.founded", "account", office.ID, nil))); err != nil {
			t.Fatal(err)
		}
		if err := d.Accounts.ProveIdentity(ctx, foreign.ID, idp.Proof{IAL: 1, Method: "document", Source: "s", At: d.Clock.Now(), Evidence: "e"}, idp.Identity{Name: "SMITH JOHN", Type: "passport", Number: "L898902C3", Nationality: "GBR"}); err != nil {
			t.Fatal(err)
		}
		b := &book{answers: map[string][]reconcile.Result{"已故": {reconcile.Deceased}, "已注销有限公司": {reconcile.Deceased}, "销号": {reconcile.Changed}}}
		s := reconciler(d, b, func(c *reconcile.Config) {
			c.Policy = reconcile.Policy{reconcile.Changed: {reconcile.Decay}, reconcile.Deceased: {reconcile.Suspend}}
		})
		run, err := s.Pass(ctx, reconcile.Options{})
		if err != nil || run.Counts[reconcile.NoAnswer] != 0 {
			t.Fatalf("%+v %v", run, err)
		}
		var hold string
		if err := d.db.Read().QueryRowContext(ctx, "SELECT hold FROM idp_account WHERE id = $1", dead).Scan(&hold); err != nil || hold != idp.HoldDeceased {
			t.Errorf("held by %q, %v", hold, err)
		}
		if state, _ := d.level(t, holding); state != idp.AccountActive {
			t.Errorf("%s", state)
		}
		for topic, want := range map[string]string{idp.TopicDeceased: dead, idp.TopicOrganization: code, reconcile.TopicNotice: holding} {
			var n int
			if err := d.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1 AND payload LIKE $2", topic, "%"+want+"%").Scan(&n); err != nil || n != 1 {
				t.Errorf("%s: %d messages about %s, %v", topic, n, want, err)
			}
		}
		if state, _ := d.level(t, office.ID); state != idp.AccountSuspended {
			t.Errorf("the organisation is %s", state)
		}
	})
}
