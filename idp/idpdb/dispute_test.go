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
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// stuckDisputes is a store that cannot change one of its disputes.
type stuckDisputes struct {
	idp.DisputeStore
	id string
}

var errRowStuck = errors.New("broken row")

func (f stuckDisputes) RemindDispute(ctx context.Context, d idp.Dispute, at time.Time, record audit.Record) error {
	if d.ID == f.id {
		return errRowStuck
	}
	return f.DisputeStore.RemindDispute(ctx, d, at, record)
}

func (f stuckDisputes) ChangeDispute(ctx context.Context, d idp.Dispute, m *idp.DisputeMessage, record audit.Record) error {
	if d.ID == f.id {
		return errRowStuck
	}
	return f.DisputeStore.ChangeDispute(ctx, d, m, record)
}

// TestDisputesInOrderAndOverdue: what waits stands first by its day, the rest behind it by age; pages lose nothing; filters hold; and the
// steps of overdue ones are taken once, whatever one of the rows does.
func TestDisputesInOrderAndOverdue(t *testing.T) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx, now := context.Background(), time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
			store := idpdb.New(engine.Open(t))
			told := audit.With(idp.Event(ctx, now, "dispute.opened", "dispute", "dsp_1", nil))
			add := func(id, department string, state idp.DisputeState, opened, due time.Duration) {
				t.Helper()
				d := idp.Dispute{ID: id, AccountID: "acc_" + id, ReleaseID: "rel_1", ClientID: "portal", Department: department, State: idp.DisputeOpen, OpenedAt: now.Add(opened), DueAt: now.Add(due), ChangedAt: now.Add(opened), Version: 1}
				err := store.OpenDispute(ctx, d, idp.DisputeMessage{Author: idp.AuthorPerson, KeyID: "k", Sealed: []byte{1}, At: now}, told)
				if err == nil && state != idp.DisputeOpen {
					d.State = state
					err = store.ChangeDispute(ctx, d, nil, told)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			day := 24 * time.Hour
			add("closed-new", "land", idp.DisputeClosed, -1*day, -60*day)
			add("closed-old", "land", idp.DisputeClosed, -90*day, -80*day)
			add("coming", "land", idp.DisputeOpen, -10*day, 4*day)
			add("overdue-2", "tax", idp.DisputeOpen, -17*day, -2*day)
			add("overdue-1", "land", idp.DisputeOpen, -16*day, -1*day)
			add("overdue-3", "land", idp.DisputeEscalated, -18*day, -3*day)
			add("answered", "land", idp.DisputeAnswered, -30*day, -3*day)
			service := func(s idp.DisputeStore) *idp.Disputes {
				return idp.NewDisputes(idp.DisputesConfig{Store: s, Now: func() time.Time { return now }})
			}
			list := func(q idp.DisputeQuery) string {
				t.Helper()
				var all []string
				q.Limit = 2
				for after := ""; ; {
					page, next, err := service(store).Page(ctx, q, after)
					if err != nil || len(all) > 20 {
						t.Fatalf("%v %v", all, err)
					}
					for _, d := range page {
						all = append(all, d.ID)
					}
					if after = next; after == "" {
						return strings.Join(all, " ")
					}
				}
			}
			for want, q := range map[string]idp.DisputeQuery{
				"overdue-3 overdue-2 overdue-1 coming closed-new answered closed-old": {},
				"overdue-3 overdue-1 coming closed-new answered closed-old":           {Department: "land"},
				"overdue-3 overdue-2 overdue-1":                                       {Overdue: now},
				"overdue-2 overdue-1 coming":                                          {State: idp.DisputeOpen},
				"overdue-1":                                                           {State: idp.DisputeOpen, Department: "land", Overdue: now},
				"overdue-2":                                                           {AccountID: "acc_overdue-2"},
			} {
				if got := list(q); got != want {
					t.Errorf("%+v: %s, want %s", q, got, want)
				}
			}
			moves := func(s idp.DisputeStore, want int, fails bool) {
				t.Helper()
				n, err := service(s).Overdue(ctx)
				if n != want || errors.Is(err, errRowStuck) != fails || err != nil && !fails {
					t.Errorf("moved %d, want %d: %v", n, want, err)
				}
			}
			count := func(department, want string) {
				t.Helper()
				if n, err := service(store).Waiting(ctx, department, 100); err != nil || fmt.Sprint(n) != want {
					t.Errorf("%q waits %v, want %s: %v", department, n, want, err)
				}
			}
			count("", "{0 1}")
			moves(stuckDisputes{store, "overdue-1"}, 1, true) // the other one is told of all the same
			count("", "{1 1}")
			moves(store, 1, false)
			moves(store, 0, false)
			count("land", "{1 1}")
			count("tax", "{1 0}")
			now = now.Add(idp.DefaultRaiseAfter - time.Second)
			moves(store, 1, false) // the one that was coming is overdue by now
			now = now.Add(time.Second)
			moves(stuckDisputes{store, "overdue-1"}, 1, true)
			moves(store, 1, false)
			moves(store, 0, false)
			count("", "{1 3}")
			raised, err := store.Dispute(ctx, "overdue-2")
			if err != nil || raised.State != idp.DisputeEscalated || !raised.RaisedAt.Equal(now) || !raised.EscalatedAt.Equal(now) || !raised.DueAt.Equal(now.Add(idp.AnswerTime)) || !raised.RemindedAt.IsZero() {
				t.Errorf("%+v %v", raised, err)
			}
			if page, err := store.Disputes(ctx, idp.DisputeQuery{AccountID: "acc_answered", Limit: 1}); err != nil || len(page) != 1 || !page[0].RaisedAt.IsZero() {
				t.Errorf("an answered one moved: %+v %v", page, err)
			}
			if err := store.ChangeDispute(ctx, idp.Dispute{ID: "overdue-2", Version: 1, State: idp.DisputeClosed}, nil, told); !errors.Is(err, idp.ErrConflict) {
				t.Errorf("an old version: %v", err)
			}
		})
	}
}

// TestQuestionOfAnotherDepartmentIsNotThere: to a desk of another department a question is not there, whatever it asks to do with it.
func TestQuestionOfAnotherDepartmentIsNotThere(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx, p := context.Background(), newPair(t, open(t))
		line := idp.BuiltinVocabulary().Release(idp.Told{Client: idp.Client{ClientID: "portal", Department: "land"}, AccountID: p.other.ID, GrantID: "grant_1", Channel: idp.ChannelToken, Claims: []string{"sub"}, Consent: 1}, p.Clock.Now())
		must(t, p.store.SaveReleases(ctx, []idp.Release{line}))
		disputes := idp.NewDisputes(idp.DisputesConfig{Store: p.store, Accounts: p.Accounts, Now: p.Clock.Now, Rand: ident.System()})
		asked, err := disputes.Open(ctx, p.other.ID, line.ID, "为什么查询？")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := disputes.Answer(ctx, asked.ID, idp.Desk{Department: "tax"}, "经核实"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("answered by another department: %v", err)
		}
		if d, err := disputes.Answer(ctx, asked.ID, idp.Desk{Department: "land"}, "经核实"); err != nil || d.State != idp.DisputeAnswered {
			t.Errorf("answered by the department: %+v %v", d, err)
		}
	})
}
