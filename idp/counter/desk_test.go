package counter_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
)

var errRoom = errors.New("the other room does not answer")

// room stands for the licence room: it refuses before or loses the answer after it did what it was asked.
type room struct {
	mutex        sync.Mutex
	before       error
	after        error
	live         []counter.CardOrder // one at most, as there
	issued       int
	ended        []time.Time
	wait, begins chan struct{}
}

func (r *room) Issue(_ context.Context, o counter.CardOrder) (counter.CardPrint, error) {
	if r.begins != nil {
		r.begins <- struct{}{}
		<-r.wait
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.before != nil {
		return counter.CardPrint{}, r.before
	}
	if len(r.live) > 0 && r.live[0].Act == o.Act && r.live[0].Attempt >= o.Attempt {
		return counter.CardPrint{}, fault.New(fault.Conflict)
	}
	r.live, r.issued = []counter.CardOrder{o}, r.issued+1
	return counter.CardPrint{ID: "card", Code: "LZ1:" + o.Act, IssuedAt: idptest.Start}, r.after
}

func (r *room) End(_ context.Context, _ string, until time.Time) (bool, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.before != nil {
		return false, r.before
	}
	r.live, r.ended = nil, append(r.ended, until)
	return true, r.after
}

func (r *room) List(context.Context, string) ([]counter.LicenseCopy, error) {
	return []counter.LicenseCopy{{ID: "lic", Title: "执照"}}, r.before
}

func (r *room) File(context.Context, string, string) (string, []byte, error) {
	return "lic.ofd", []byte("ofd"), nil
}

// register answers as it is told.
type register struct {
	silent bool
	match  bool
}

func (*register) Name() string { return "register" }

func (*register) Organisation(context.Context, mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	return mandate.OrganisationAnswer{}, mandate.ErrSilent
}

func (r *register) Guardian(context.Context, mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	if r.silent {
		return mandate.GuardianAnswer{}, mandate.ErrSilent
	}
	return mandate.GuardianAnswer{Match: r.match, Digest: "digest"}, nil
}

// desk is the counter over a real database, with clerks, a supervisor, and a room and a register that can be told to fail.
type desk struct {
	*testing.T
	*counter.Service
	world    *idptest.World
	store    *idpdb.Store
	db       *sqldb.DB
	mandates *mandate.Service
	room     *room
	register *register
	terminal counter.Terminal
	farewell error // of mandates that end
	blockers []idp.Blocker
	exports  *idp.Exports
}

func (d *desk) newExports() *idp.Exports {
	d.exports = idp.NewExports(idp.ExportsConfig{Store: d.store, Accounts: d.world.Accounts, Sections: []idp.Section{{Name: "account", Read: func(ctx context.Context, id string) (any, bool, error) {
		held, err := d.world.Accounts.Held(ctx, id)
		return held, false, err
	}}}, Now: d.world.Clock.Now, Rand: ident.System(), Wake: func() {},
		Document: func(context.Context, idp.Export, []byte) ([]byte, error) { return []byte("sealed document"), nil }})
	return d.exports
}

// Stands and GuardiansOf ask the mandates, as the platform does.
func (d *desk) Stands(ctx context.Context, child, guardian string) error {
	return d.mandates.Decides(ctx, child, guardian)
}

func (d *desk) GuardiansOf(ctx context.Context, child string) ([]string, error) {
	return d.mandates.GuardiansOf(ctx, child)
}

var (
	clerk = func(w *idptest.World) counter.Clerk {
		return counter.Clerk{ID: "staff:clerk", Human: []byte("human of clerk"), Roles: []string{counter.RoleClerk}, AAL: 2, Signed: w.Clock.Now()}
	}
	second = func(w *idptest.World) counter.Clerk {
		return counter.Clerk{ID: "staff:second", Human: []byte("human of second"), Roles: []string{counter.RoleClerk}, AAL: 2, Signed: w.Clock.Now()}
	}
	boss = func(w *idptest.World) counter.Clerk {
		return counter.Clerk{ID: "staff:boss", Human: []byte("human of boss"), Roles: []string{counter.RoleSupervisor}, AAL: 2, Signed: w.Clock.Now()}
	}
	otherBoss = func(w *idptest.World) counter.Clerk {
		return counter.Clerk{ID: "staff:other", Human: []byte("human of other"), Roles: []string{counter.RoleSupervisor}, AAL: 2, Signed: w.Clock.Now()}
	}
)

var wang = counter.Card{Kind: subject.CitizenID, Name: "王小明", Number: "110101199003072316", Birth: "1990-03-07", From: "2020-03-01", To: "2040-03-01"}

func onDesk(t *testing.T, run func(d *desk)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			store := idpdb.New(db)
			w := idptest.NewWorld(t, store)
			d := &desk{T: t, world: w, store: store, db: db, room: &room{}, register: &register{match: true}}
			d.mandates = mandate.New(mandate.Config{Store: store, People: w.Accounts, Throttle: store, Organisations: store, Family: store, Accounts: w.Accounts, Register: d.register, Now: w.Clock.Now, Rand: ident.System(), Wake: func() {},
				Farewell: func([]mandate.Party) ([]audit.Message, error) { return nil, d.farewell }})
			var err error
			d.Service, err = counter.New(counter.Config{Accounts: w.Accounts, Store: store, Codes: w.Codes, Mandates: d.mandates, Cards: d.room, Licenses: d.room, Throttle: store, Ring: w.Ring, Now: w.Clock.Now, Rand: ident.System(),
				Deletions: idp.NewDeletions(idp.DeletionsConfig{Store: store, Accounts: w.Accounts, Blockers: func(context.Context, string) ([]idp.Blocker, error) { return d.blockers, nil }, Guardians: d, Now: w.Clock.Now, Rand: ident.System()}),
				Exports:   d.newExports(),
				Archive: func(ctx context.Context, account, passphrase string) (idp.Export, []byte, error) {
					e, files, err := d.exports.FetchAll(ctx, account)
					return e, append([]byte(passphrase+"/"), files[idp.ExportJSON]...), err
				},
				Farewell: func(context.Context, string) (audit.Record, error) { return audit.Record{}, nil }})
			d.must(err)
			terminal, code, err := d.AddTerminal(context.Background(), "operator:admin", "3", "", "", "")
			d.must(err)
			d.terminal, _, err = d.Enrol(context.Background(), code, "test")
			d.must(err)
			if d.terminal.ID != terminal.ID {
				t.Fatal(d.terminal)
			}
			run(d)
		})
	}
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) want(err error, code fault.Code) {
	d.Helper()
	if fault.CodeOf(err) != code {
		d.Errorf("%v, want %s", err, code)
	}
}

// person makes an account of a document at level 1.
func (d *desk) person(mobile string, card counter.Card) string {
	d.Helper()
	ctx := context.Background()
	a, err := d.world.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: mobile})
	d.must(err)
	d.must(d.world.Accounts.Prove(ctx, a.ID, idp.Proof{IAL: 1, Method: "test", Source: "test", At: d.world.Clock.Now()}, card.Name, card.Kind, card.Number))
	return a.ID
}

// agreed is an open visit in which the person agreed to what was ordered.
func (d *desk) agreed(card counter.Card, order counter.Order) counter.Visit {
	d.Helper()
	ctx := context.Background()
	v, err := d.Typed(ctx, clerk(d.world), second(d.world), d.terminal, "A1", card)
	d.must(err)
	return d.asked(v, order)
}

func (d *desk) asked(v counter.Visit, order counter.Order) counter.Visit {
	d.Helper()
	ctx := context.Background()
	order.Way = counter.ByScreen
	v, err := d.Plan(ctx, clerk(d.world), v, order)
	d.must(err)
	d.must(d.Answer(ctx, d.terminal, v.ID, v.AskedAt, true))
	v, err = d.Current(ctx, clerk(d.world), d.terminal)
	d.must(err)
	return v
}

// act is the one act of a kind in a visit.
func (d *desk) act(v counter.Visit, kind string) counter.Act {
	d.Helper()
	acts, err := d.store.Acts(context.Background(), v.ID)
	d.must(err)
	for _, a := range acts {
		if a.Kind == kind {
			return a
		}
	}
	d.Fatalf("no act %s among %+v", kind, acts)
	return counter.Act{}
}

func (d *desk) count(query string, args ...any) (n int) {
	d.Helper()
	d.must(d.db.Read().QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

var noRecord audit.Record

func noted(a counter.Act) audit.Record {
	return audit.With(audit.Event{Type: "counter.again", At: a.At, Actor: "staff:boss", ObjectType: "account", ObjectID: a.Account})
}
