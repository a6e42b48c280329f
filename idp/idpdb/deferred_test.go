package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// breaking is a store in which rows whose identifiers begin with "bad" cannot be changed.
type breaking struct{ *idpdb.Store }

var errStuck = errors.New("this row cannot be changed")

func bad(id string) error {
	if strings.HasPrefix(id, "bad") {
		return errStuck
	}
	return nil
}

func (b breaking) EndMandate(ctx context.Context, principal, id string, e mandate.End, record audit.Record) error {
	if err := bad(id); err != nil {
		return err
	}
	return b.Store.EndMandate(ctx, principal, id, e, record)
}

func (b breaking) Warned(ctx context.Context, principal, id string, at time.Time, record audit.Record) error {
	if err := bad(id); err != nil {
		return err
	}
	return b.Store.Warned(ctx, principal, id, at, record)
}

// silentRegister answers about nobody whose code it is told not to know.
type silentRegister struct {
	silent map[string]bool
	asked  []string
}

func (*silentRegister) Name() string { return "register" }
func (*silentRegister) Guardian(context.Context, mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	return mandate.GuardianAnswer{}, errors.New("silence")
}
func (r *silentRegister) Organisation(_ context.Context, q mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	r.asked = append(r.asked, string(q.USCC))
	if r.silent[string(q.USCC)] {
		return mandate.OrganisationAnswer{}, errors.New("silence")
	}
	return mandate.OrganisationAnswer{Known: true, State: mandate.Registered, Representative: true}, nil
}

// mandateStore is all that the mandates need of the store.
type mandateStore interface {
	mandate.Store
	mandate.OrganisationStore
	mandate.FamilyStore
	mandate.Throttle
}

func mandates(w *idptest.World, store mandateStore, register mandate.Register) *mandate.Service {
	return mandate.New(mandate.Config{Store: store, People: w.Accounts, Throttle: store, Organisations: store, Family: store, Accounts: w.Accounts, Register: register, Now: w.Clock.Now, Rand: ident.System(), Wake: func() {},
		Farewell: func([]mandate.Party) ([]audit.Message, error) { return nil, nil }})
}

// TestMandatesThatCannotBeEndedKeepNoOthersAlive: more than a page of the oldest ones fails each time.
func TestMandatesThatCannotBeEndedKeepNoOthersAlive(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx, w := context.Background(), idptest.NewWorld(t, s)
		elder, helper := w.Account(t, "13800138101", "").ID, w.Account(t, "13800138102", "").ID
		put := func(id string, kind mandate.Kind, end time.Time) {
			m := proposal(id)
			m.Principal, m.Agent, m.Kind, m.State, m.NotBefore, m.CreatedAt, m.NotAfter = elder, helper, kind, mandate.Active, w.Clock.Now(), w.Clock.Now(), end
			must(t, s.PutMandate(ctx, m, mandate.Bounds{}, record()))
		}
		end := w.Clock.Now().Add(time.Hour)
		for i := range 110 {
			put(fmt.Sprintf("bad_%03d", i), mandate.GuardianLimited, end)
		}
		put("good", mandate.GuardianLimited, end.Add(time.Minute))
		service := mandates(w, breaking{s}, nil)
		if n, err := service.Warn(ctx); n != 1 || !errors.Is(err, errStuck) {
			t.Errorf("%d are warned: %v", n, err)
		}
		w.Clock.Advance(2 * time.Hour)
		if n, err := service.Expire(ctx); n != 1 || !errors.Is(err, errStuck) {
			t.Errorf("%d are ended: %v", n, err)
		}
		if m, err := s.MandateOf(ctx, elder, "good"); err != nil || m.State != mandate.Expired {
			t.Errorf("%s, %v", m.State, err)
		}
		for job, n := range map[string]int{mandate.JobWarn: 110, mandate.JobExpire: 110} {
			if got := counted(t, db, "SELECT COUNT(*) FROM idp_deferred WHERE job = $1", job); got != n {
				t.Errorf("%s: %d are put off", job, got)
			}
		}
		if due, err := s.DueMandates(ctx, w.Clock.Now(), 500); err != nil || len(due) != 0 {
			t.Errorf("%d come again at once, %v", len(due), err)
		}
		w.Clock.Advance(idp.FirstPause)
		if due, err := s.DueMandates(ctx, w.Clock.Now(), 500); err != nil || len(due) != 110 {
			t.Errorf("%d come again after the first pause, %v", len(due), err)
		}
		service = mandates(w, s, nil) // what was mended is done
		if n, err := service.Expire(ctx); n != 110 || err != nil {
			t.Errorf("%d are ended when nothing fails: %v", n, err)
		}
	})
}

// TestPausesGrowAndAreForgottenByACheck: a row is put off for longer each time, once for two processes that fail together, and stands behind
// what was due before it.
func TestPausesGrowAndAreForgottenByACheck(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		pause := func() time.Duration {
			return time.Duration(counted(t, db, "SELECT pause FROM idp_deferred WHERE job = $1 AND row_id = 'org'", mandate.JobRecheck)) * time.Microsecond
		}
		now := at
		for want := idp.FirstPause; ; want = min(2*want, idp.LongestPause) {
			must(t, s.Defer(ctx, mandate.JobRecheck, "org", now))
			must(t, s.Defer(ctx, mandate.JobRecheck, "org", now)) // the other process
			if got := pause(); got != want {
				t.Fatalf("a pause of %s instead of %s", got, want)
			}
			if now = now.Add(want); now.After(at.Add(48 * time.Hour)) {
				break
			}
		}
		must(t, s.Checked(ctx, "org", mandate.Registered, now, audit.Record{}))
		if n := counted(t, db, "SELECT COUNT(*) FROM idp_deferred"); n != 0 {
			t.Error("a check that succeeded leaves the pause of the failures")
		}
		must(t, s.Defer(ctx, mandate.JobExpire, "mdt", at))
		for _, test := range []struct{ days, left int }{{6, 1}, {8, 0}} {
			if _, err := s.Purge(ctx, at.AddDate(0, 0, test.days)); err != nil {
				t.Fatal(err)
			}
			if n := counted(t, db, "SELECT COUNT(*) FROM idp_deferred"); n != test.left {
				t.Errorf("%d rows after %d days", n, test.days)
			}
		}
	})
}

// TestOrganisationsOfWhichTheRegisterIsSilentKeepNoOthersUnchecked: more than a turn of them, and each silence ends the turn.
func TestOrganisationsOfWhichTheRegisterIsSilentKeepNoOthersUnchecked(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx, w := context.Background(), idptest.NewWorld(t, s)
		boss := w.Account(t, "13800138111", "").ID
		must(t, w.Accounts.ProveIdentity(ctx, boss, idp.Proof{IAL: 3, Method: "face", Source: "register", At: w.Clock.Now()}, idp.Identity{Name: "张三", Type: "citizen_id", Number: citizenNumber(t, "11010119800101001")}))
		register := &silentRegister{silent: map[string]bool{}}
		found := func(code string, silent bool) string {
			a, p, err := w.Accounts.Draft(ctx, "org", idp.Proof{IAL: 1, Method: "organisation_register", Source: "register", At: w.Clock.Now()}, "某某公司"+code, mandate.IDTypeUSCC, code)
			must(t, err)
			must(t, s.PutOrganisation(ctx, mandate.Organisation{ID: a.ID, Representative: boss, State: mandate.Registered, CheckedAt: w.Clock.Now(), CreatedAt: w.Clock.Now()}, a, p,
				mandate.Mandate{ID: ident.New(ident.System(), "mdt"), Principal: a.ID, Agent: boss, Depth: 1, Kind: mandate.LegalRepresentative, Items: []string{mandate.AllItems}, State: mandate.Active, NotBefore: w.Clock.Now(), NotAfter: w.Clock.Now().AddDate(10, 0, 0), CreatedAt: w.Clock.Now()}, record()))
			register.silent[code] = silent
			return a.ID
		}
		for i := range 25 {
			found(fmt.Sprintf("911101010000%05dX", i), true)
		}
		w.Clock.Advance(time.Second)
		good := found("91110101000099999X", false)
		w.Clock.Advance(24*time.Hour + time.Second)
		due := w.Clock.Now().Add(-time.Second)
		service := mandates(w, breaking{s}, register)
		checked := func() bool {
			o, err := s.Organisation(ctx, good)
			must(t, err)
			return o.CheckedAt.After(due)
		}
		for i := 0; !checked(); i++ {
			if i > 40 {
				t.Fatal("an organisation that the register knows was not checked")
			}
			if n, err := service.RecheckDue(ctx); n == 0 && err == nil {
				t.Error("silence is told to nobody")
			}
			w.Clock.Advance(idp.LongestPause) // all that failed are due again
		}
		if n := counted(t, db, "SELECT COUNT(*) FROM idp_organisation WHERE checked_at > 0"); n != 26 {
			t.Errorf("%d organisations", n)
		}
	})
}

// refusing is a store that ends no certificates of people whose evidence stands in it.
type refusing struct {
	*idpdb.Store
	evidence map[string]bool
}

func (r refusing) EndCertificate(ctx context.Context, e proofing.EndedCertificate, record audit.Record) error {
	if r.evidence[e.AccountID] {
		return errStuck
	}
	return r.Store.EndCertificate(ctx, e, record)
}

// TestOneCertificateThatCannotBeEndedKeepsNoOther: neither among the revoked nor among those whose time is over.
func TestOneCertificateThatCannotBeEndedKeepsNoOther(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		ctx := context.Background()
		broken, revoked := w.shows(t, "a1"), w.shows(t, "a2")
		late := w.shows(t, "a3")
		watch := w.over(refusing{w.store, map[string]bool{broken: true}})
		w.lists.revoked["a1"], w.lists.revoked["a2"] = 1, 1
		if n, err := watch.Pass(ctx); n != 1 || !errors.Is(err, errStuck) {
			t.Errorf("%d ended: %v", n, err)
		}
		w.holds(t, revoked, 1)
		w.holds(t, broken, 4)
		w.Clock.Advance(370 * 24 * time.Hour)
		w.lists.silence = "expired"
		if n, err := watch.Pass(ctx); n != 1 || !errors.Is(err, errStuck) {
			t.Errorf("%d ended: %v", n, err)
		}
		if n := w.count(t, "SELECT COUNT(*) FROM idp_proof_certificate WHERE account_id = $1 AND state = $2", late, proofing.CertificateExpired); n != 1 {
			t.Error("a certificate whose time is over is watched on behind one that cannot be ended")
		}
		w.lists.silence = ""
		delete(w.lists.revoked, "a1")
		w.Clock.Advance(idp.FirstPause)
		if n, err := w.watch.Pass(ctx); n != 1 || err != nil {
			t.Errorf("%d ended when nothing fails: %v", n, err)
		}
	})
}
