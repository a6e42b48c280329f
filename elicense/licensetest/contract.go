package licensetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// RunStore is the contract of elicense.Store. open gives a fresh, empty store.
func RunStore(t *testing.T, open func(t testing.TB) elicense.Store) {
	for name, run := range map[string]func(*testing.T, elicense.Store){
		"create once":          createOnce,
		"create in parallel":   createInParallel,
		"find and keep":        findAndKeep,
		"update":               update,
		"update in parallel":   updateInParallel,
		"update two rows":      updateTwoRows,
		"unique entries":       uniqueEntries,
		"lists and cursors":    listsAndCursors,
		"licences of areas":    licensesOfAreas,
		"unfinished and due":   unfinishedAndDue,
		"bind":                 bind,
		"authorities":          authorities,
		"published":            published,
		"status entries":       statusEntries,
		"presentations":        presentations,
		"consume in parallel":  consumeInParallel,
		"failures":             countFailures,
		"no audit, no change":  noAuditNoChange,
		"refused change":       refusedChange,
		"what is not there":    notThere,
		"holders are replaced": replaceHolders,
		"uses":                 uses,
		"grants":               grants,
		"copies":               copies,
		"redeem in parallel":   redeemInParallel,
		"links of copies":      copyLinks,
		"held by a code":       heldByCode,
		"freezes":              freezes,
		"papers":               papers,
		"papers at once":       papersAtOnce,
		"a freeze stops uses":  freezeStopsUses,
		"a mandate that ended": mandateEnded,
		"freeze and use":       freezeAndUse,
		"orders":               orders,
		"uses under an order":  usesUnderOrder,
		"order and its end":    orderAndItsEnd,
		"reminders":            reminders,
		"figures":              figures,
		"co-holders":           coHolders,
		"consents":             consents,
		"consents in parallel": consentsInParallel,
		"regions":              regions,
		"log entries":          logEntries,
		"log in parallel":      logInParallel,
		"log of older":         logOfOlder,
		"log checkpoints":      logCheckpoints,
		"types":                typeVersions,
		"drafts of types":      typeDrafts,
		"batches are kept":     batchKeep,
		"batches change":       batchChange,
		"batches end":          batchEnd,
		"rows are finished":    batchFinish,
		"batches in lists":     batchLists,
		"imports are kept":     importsKeep,
		"imports stand apart":  importsApart,
		"imports and holders":  importsFollowHolders,
		"rulings":              rulings,
		"rulings in parallel":  rulingsInParallel,
		"rulings in lists":     rulingLists,
		"switches of rules":    ruleSwitches,
		"appeals":              appeals,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

var ctx = context.Background()

// Row is a licence for store tests.
func Row(n int) elicense.License {
	at := Start.Add(time.Duration(n) * time.Second)
	return elicense.License{
		ID: fmt.Sprintf("lic_%04d", n), BusinessNumber: fmt.Sprint("B", n), AuthorityCode: AuthorityCode, RequestDigest: "d", TypeCode: BusinessLicense, Version: 1,
		State: elicense.StateInReview, HolderKeys: []string{"key2", fmt.Sprint("own", n)}, DataKey: "k", Data: []byte{0, 1, 2}, Photo: "p", PhotoKey: "pk", Entrant: "staff:a", CreatedAt: at, UpdatedAt: at,
	}
}

// Record is an audit record for store tests.
func Record(kind string) audit.Record { return record(kind) }

func record(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: Start, Actor: "system:test", ObjectType: "license", ObjectID: "x"})
}

func create(t *testing.T, s elicense.Store, l elicense.License) elicense.License {
	t.Helper()
	stored, created, err := s.Create(ctx, l, record("created"))
	if err != nil || !created {
		t.Fatalf("create %s: %v %v", l.ID, created, err)
	}
	return stored
}

func change(t *testing.T, s elicense.Store, id string, edit func(*elicense.License)) elicense.License {
	t.Helper()
	rows, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		edit(rows[0])
		return elicense.Change{Record: record("changed")}, nil
	}, id)
	if err != nil {
		t.Fatalf("update %s: %v", id, err)
	}
	return rows[0]
}

func createOnce(t *testing.T, s elicense.Store) {
	first := create(t, s, Row(1))
	if first.Revision != 1 {
		t.Errorf("revision %d", first.Revision)
	}
	again := Row(2)
	again.BusinessNumber = "B1"
	stored, created, err := s.Create(ctx, again, record("created"))
	if err != nil || created || stored.ID != first.ID || len(stored.HolderKeys) != 2 {
		t.Errorf("%+v %v %v", stored, created, err)
	}
	if _, err := s.Find(ctx, again.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the second row is there: %v", err)
	}
	again.AuthorityCode = "11990000MB7QX0023P"
	create(t, s, again) // the number of another authority
}

func createInParallel(t *testing.T, s elicense.Store) {
	var created atomic.Int32
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			l := Row(i)
			l.BusinessNumber = "same"
			_, first, err := s.Create(ctx, l, record("created"))
			if err != nil {
				t.Errorf("create: %v", err)
			}
			if first {
				created.Add(1)
			}
		})
	}
	group.Wait()
	if created.Load() != 1 {
		t.Errorf("%d rows for one business number", created.Load())
	}
}

func findAndKeep(t *testing.T, s elicense.Store) {
	l := Row(1)
	l.LicenseID, l.SealID, l.HolderRef, l.List, l.Index, l.Bits = "1.2", "seal", "account:a", 3, 77, statuslist.NotUsable
	l.State, l.Status, l.Unsealed, l.File, l.Reviewer, l.Issuer, l.Note, l.Replaces, l.ReplacedBy = elicense.StateActive, "suspended", "u", "f", "r", "i", "n", "lic_a", "lic_b"
	l.LeaseUntil, l.IssuedAt, l.StatusAt, l.StatusUntil = Start.Add(1), Start.Add(2*time.Microsecond), Start.Add(time.Hour), Start.Add(2*time.Hour)
	l.LeaseUntil = Start.Add(time.Microsecond)
	create(t, s, l)
	got, err := s.Find(ctx, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	l.Revision = 1
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", l) {
		t.Errorf("got  %+v\nwant %+v", got, l)
	}
	if byID, err := s.FindByLicenseID(ctx, "1.2"); err != nil || byID.ID != l.ID {
		t.Errorf("by identifier: %v", err)
	}
	if list, err := s.FindByLicenseIDs(ctx, []string{"absent", "1.2", ""}); err != nil || len(list) != 1 || list[0].ID != l.ID || list[0].HolderRef != l.HolderRef || len(list[0].HolderKeys) != 0 {
		t.Errorf("by identifiers: %+v %v", list, err)
	}
	if list, err := s.FindByLicenseIDs(ctx, nil); err != nil || len(list) != 0 {
		t.Errorf("by no identifiers: %+v %v", list, err)
	}
	for _, n := range []int{4, 3} {
		next := Row(n)
		next.Replaces = l.ID
		create(t, s, next)
	}
	if list, err := s.Renewals(ctx, l.ID, 5); err != nil || len(list) != 2 || list[0].ID != "lic_0003" || list[1].ID != "lic_0004" || len(list[0].HolderKeys) != 0 {
		t.Errorf("that replace it: %+v %v", list, err)
	}
	if list, err := s.Renewals(ctx, l.ID, 1); err != nil || len(list) != 1 || list[0].ID != "lic_0003" {
		t.Errorf("the first of them: %+v %v", list, err)
	}
	if list, err := s.Renewals(ctx, "", 5); err != nil || len(list) != 0 {
		t.Errorf("that replace nothing: %+v %v", list, err)
	}
	got.Data[0], got.HolderKeys[0] = 9, "changed"
	if again, _ := s.Find(ctx, l.ID); again.Data[0] != 0 || again.HolderKeys[0] != "key2" {
		t.Error("the store hands out its own memory")
	}
}

func update(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	rows, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].State, rows[0].LicenseID, rows[0].List, rows[0].Index = elicense.StateActive, "1.2", 1, 5
		rows[0].Photo, rows[0].PhotoKey = "q", "qk"
		return elicense.Change{Record: record("changed"), Events: []elicense.StatusEvent{
			{ID: "e1", License: "lic_0001", To: "valid", LegalBasis: "l", DecisionNumber: "d", Actor: "a", EffectiveAt: Start, RecordedAt: Start},
			{ID: "e2", License: "lic_0001", From: "valid", To: "suspended", EffectiveAt: Start, Until: Start.Add(time.Hour), RecordedAt: Start},
		}}, nil
	}, "lic_0001")
	if err != nil || rows[0].Revision != 2 || rows[0].State != elicense.StateActive {
		t.Fatalf("%+v %v", rows, err)
	}
	got, err := s.Find(ctx, "lic_0001")
	if err != nil || got.Revision != 2 || got.Index != 5 || got.Photo != "q" || got.PhotoKey != "qk" || !slices.Equal(got.HolderKeys, []string{"key2", "own1"}) {
		t.Errorf("%+v %v", got, err)
	}
	events, err := s.Events(ctx, "lic_0001", "", 10)
	if err != nil || len(events) != 2 || events[1].ID != "e1" || events[1].LegalBasis != "l" || !events[0].Until.Equal(Start.Add(time.Hour)) || !events[1].Until.IsZero() {
		t.Errorf("%+v %v", events, err)
	}
	for after, want := range map[string]string{"": "e2", "e2": "e1", "e1": "", "e3": ""} {
		page, err := s.Events(ctx, "lic_0001", after, 1)
		if err != nil || len(page) > 1 || (len(page) == 1) != (want != "") || want != "" && page[0].ID != want {
			t.Errorf("after %q: %+v %v", after, page, err)
		}
	}
}

func updateInParallel(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	var group sync.WaitGroup
	var done atomic.Int32
	for range 8 {
		group.Go(func() {
			for {
				_, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
					rows[0].Version++
					return elicense.Change{Record: record("changed")}, nil
				}, "lic_0001")
				if errors.Is(err, elicense.ErrStale) {
					continue // told so, and nothing stored
				}
				if err != nil {
					t.Errorf("update: %v", err)
					return
				}
				done.Add(1)
				return
			}
		})
	}
	group.Wait()
	if got, err := s.Find(ctx, "lic_0001"); err != nil || got.Version != 9 || got.Revision != 9 || done.Load() != 8 {
		t.Errorf("version %d revision %d after %d changes: %v", got.Version, got.Revision, done.Load(), err)
	}
}

func updateTwoRows(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	create(t, s, Row(2))
	both := func(fail error) error {
		_, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
			if rows[0].ID != "lic_0002" || rows[1].ID != "lic_0001" {
				t.Errorf("order %s %s", rows[0].ID, rows[1].ID)
			}
			rows[0].Note, rows[1].Note = "a", "b"
			return elicense.Change{Record: record("changed")}, fail
		}, "lic_0002", "lic_0001")
		return err
	}
	failure := errors.New("no")
	if err := both(failure); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if l, _ := s.Find(ctx, "lic_0002"); l.Note != "" {
		t.Error("a refused change is stored")
	}
	if err := both(nil); err != nil {
		t.Fatal(err)
	}
	one, _ := s.Find(ctx, "lic_0001")
	two, _ := s.Find(ctx, "lic_0002")
	if one.Note != "b" || two.Note != "a" {
		t.Errorf("%q %q", one.Note, two.Note)
	}
}

func uniqueEntries(t *testing.T, s elicense.Store) {
	for n := 1; n <= 2; n++ {
		create(t, s, Row(n))
	}
	change(t, s, "lic_0001", func(l *elicense.License) { l.LicenseID, l.List, l.Index = "1.2.1", 1, 5 })
	for name, edit := range map[string]func(*elicense.License){
		"identifier":   func(l *elicense.License) { l.LicenseID, l.List, l.Index = "1.2.1", 1, 6 },
		"status entry": func(l *elicense.License) { l.LicenseID, l.List, l.Index = "1.2.2", 1, 5 },
	} {
		_, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
			edit(rows[0])
			return elicense.Change{Record: record("changed")}, nil
		}, "lic_0002")
		if !errors.Is(err, elicense.ErrEntryTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	change(t, s, "lic_0002", func(l *elicense.License) { l.LicenseID, l.List, l.Index = "1.2.2", 2, 5 })
	if lists, err := s.Lists(ctx); err != nil || !slices.Equal(lists, []uint64{1, 2}) {
		t.Errorf("%v %v", lists, err)
	}
}

func listsAndCursors(t *testing.T, s elicense.Store) {
	for n := range 7 {
		l := Row(n)
		if n%2 == 0 {
			l.HolderRef, l.State, l.Status = "account:a", elicense.StateActive, "valid"
		}
		if n == 6 {
			l.CreatedAt = Row(5).CreatedAt // same moment: the row key decides
		}
		create(t, s, l)
	}
	var seen []string
	after := ""
	for range 10 {
		page, next, err := s.List(ctx, elicense.Filter{Limit: 3, After: after})
		if err != nil || len(page) > 3 {
			t.Fatal(len(page), err)
		}
		for _, l := range page {
			seen = append(seen, l.ID)
		}
		if after = next; next == "" {
			break
		}
	}
	if !slices.Equal(seen, []string{"lic_0006", "lic_0005", "lic_0004", "lic_0003", "lic_0002", "lic_0001", "lic_0000"}) {
		t.Errorf("%v", seen)
	}
	for name, test := range map[string]struct {
		filter elicense.Filter
		want   int
	}{
		"holder":    {elicense.Filter{HolderRef: "account:a"}, 4},
		"state":     {elicense.Filter{State: "in_review"}, 3},
		"status":    {elicense.Filter{Status: "valid", State: "active"}, 4},
		"type":      {elicense.Filter{TypeCode: RealEstateTitle}, 0},
		"authority": {elicense.Filter{AuthorityCode: AuthorityCode}, 7},
		"none":      {elicense.Filter{HolderRef: "account:b"}, 0},
	} {
		test.filter.Limit = 50
		if page, next, err := s.List(ctx, test.filter); err != nil || len(page) != test.want || next != "" {
			t.Errorf("%s: %d %q %v", name, len(page), next, err)
		}
	}
}

func licensesOfAreas(t *testing.T, s elicense.Store) {
	const county, other = "330000000000/330102000000/", "330000000000/330105000000/"
	for n, area := range []string{"", county, county + "330102001000/", other} {
		l := Row(n)
		l.Area = area
		if n == 1 {
			l.AuthorityCode = "11330102MB1234567X"
		}
		create(t, s, l)
	}
	count := func(areas ...string) int {
		t.Helper()
		page, _, err := s.List(ctx, elicense.Filter{Areas: areas, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		return len(page)
	}
	for _, row := range []struct {
		areas []string
		want  int
	}{{nil, 4}, {[]string{""}, 4}, {[]string{county}, 2}, {[]string{other}, 1}, {[]string{county + "330102001000/", other}, 2}, {[]string{}, 0}} {
		if got := count(row.areas...); got != row.want {
			t.Errorf("%q: %d, want %d", row.areas, got, row.want)
		}
	}
	if page, _, err := s.List(ctx, elicense.Filter{Areas: []string{county}, State: string(elicense.StateActive), Limit: 50}); err != nil || len(page) != 0 {
		t.Errorf("with another filter: %d %v", len(page), err)
	}
	for range 2 {
		if err := s.MoveAuthority(ctx, "11330102MB1234567X", other, record("license.authority_moved")); err != nil {
			t.Fatal(err)
		}
	}
	if count(other) != 2 || count(county) != 1 {
		t.Errorf("after the move: %d and %d", count(other), count(county))
	}
}

func unfinishedAndDue(t *testing.T, s elicense.Store) {
	states := []elicense.State{elicense.StateMade, elicense.StateSealed, elicense.StateApproved, elicense.StateMade} // the approved one by rule
	byPerson := Row(8)
	byPerson.State = elicense.StateApproved
	create(t, s, byPerson)
	for n, state := range states {
		l := Row(n)
		l.State, l.LeaseUntil = state, Start.Add(time.Minute)
		if n == 3 {
			l.LeaseUntil = Start.Add(time.Hour)
		}
		create(t, s, l)
	}
	active := Row(9)
	active.State, active.StatusUntil = elicense.StateActive, Start.Add(time.Minute)
	create(t, s, active)
	for at, want := range map[time.Duration]int{time.Minute - time.Microsecond: 0, time.Minute: 3, time.Hour: 4} {
		if list, err := s.Unfinished(ctx, Start.Add(at), 10); err != nil || len(list) != want {
			t.Errorf("unfinished at %v: %d %v", at, len(list), err)
		}
	}
	if list, err := s.Unfinished(ctx, Start.Add(time.Hour), 1); err != nil || len(list) != 1 {
		t.Errorf("limit: %d %v", len(list), err)
	}
	for at, want := range map[time.Duration]int{time.Second: 0, time.Minute: 1} {
		if list, err := s.Due(ctx, Start.Add(at), 10); err != nil || len(list) != want {
			t.Errorf("due at %v: %d %v", at, len(list), err)
		}
	}
}

func bind(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	create(t, s, Row(2))
	taken := Row(3)
	taken.HolderRef = "account:b"
	create(t, s, taken)
	if n, err := s.Bind(ctx, "own1", "account:a", record("bound")); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := s.Bind(ctx, "key2", "account:c", record("bound")); n != 3 || err != nil {
		t.Fatal(n, err) // the others have an account, beside which it holds them
	}
	for id, want := range map[string]string{"lic_0001": "account:a", "lic_0002": "account:c", "lic_0003": "account:b"} {
		if l, err := s.Find(ctx, id); err != nil || l.HolderRef != want {
			t.Errorf("%s: %s %v", id, l.HolderRef, err)
		}
	}
	if n, err := s.Bind(ctx, "nobody", "account:a", record("bound")); n != 0 || err != nil {
		t.Error(n, err)
	}
	if n, err := s.Unbind(ctx, "account:a", record("forgotten")); n != 1 || err != nil {
		t.Error(n, err)
	}
	for id, want := range map[string]string{"lic_0001": "", "lic_0002": "account:c", "lic_0003": "account:b"} {
		if l, err := s.Find(ctx, id); err != nil || l.HolderRef != want {
			t.Errorf("after the holder was forgotten, %s: %s %v", id, l.HolderRef, err)
		}
	}
	for _, holder := range []string{"account:a", "account:nobody", ""} {
		if n, err := s.Unbind(ctx, holder, record("forgotten")); n != 0 || err != nil {
			t.Errorf("%q: %d %v", holder, n, err)
		}
	}
	if n, err := s.Bind(ctx, "own1", "account:d", record("bound")); n != 1 || err != nil {
		t.Error("a licence whose holder was forgotten cannot be claimed anew", n, err)
	}
	for _, c := range []struct {
		from string
		want int
	}{{"account:d", 1}, {"account:d", 0}, {"account:nobody", 0}, {"", 0}} {
		if n, err := s.Follow(ctx, c.from, "account:b", record("merged")); n != c.want || err != nil {
			t.Errorf("%q follows: %d %v", c.from, n, err)
		}
	}
	for id, want := range map[string]string{"lic_0001": "account:b", "lic_0002": "account:c", "lic_0003": "account:b"} {
		if l, err := s.Find(ctx, id); err != nil || l.HolderRef != want {
			t.Errorf("after the holder became another, %s: %s %v", id, l.HolderRef, err)
		}
	}
}

func authorities(t *testing.T, s elicense.Store) {
	a := elicense.Authority{Code: "c", Name: "n", SealID: "s", TypeCodes: []string{"x", "y"}}
	for range 2 {
		if err := s.PutAuthority(ctx, a, record("put")); err != nil {
			t.Fatal(err)
		}
		got, err := s.FindAuthority(ctx, "c")
		if err != nil || got.Name != a.Name || !slices.Equal(got.TypeCodes, a.TypeCodes) {
			t.Fatalf("%+v %v", got, err)
		}
		a.Name, a.TypeCodes = "m", []string{"z"}
	}
}

func published(t *testing.T, s elicense.Store) {
	p := elicense.Published{Name: "1", Number: 1, Content: []byte{0, 255}, IssuedAt: Start, NextUpdate: Start.Add(time.Hour)}
	if err := s.Publish(ctx, p, nil, record("published")); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(ctx, p, nil, record("published")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("same number: %v", err)
	}
	p.Number, p.Content = 2, []byte{1}
	if err := s.Publish(ctx, p, nil, record("published")); err != nil {
		t.Fatal(err)
	}
	p.Number = 1
	if err := s.Publish(ctx, p, nil, record("published")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("lower number: %v", err)
	}
	got, err := s.FindPublished(ctx, "1")
	if err != nil || got.Number != 2 || !bytes.Equal(got.Content, []byte{1}) || !got.NextUpdate.Equal(Start.Add(time.Hour)) || !got.IssuedAt.Equal(Start) {
		t.Errorf("%+v %v", got, err)
	}
}

func statusEntries(t *testing.T, s elicense.Store) {
	for n, bits := range []statuslist.Status{statuslist.InForce, statuslist.Ended, statuslist.Replaced} {
		l := Row(n)
		l.LicenseID, l.List, l.Index, l.Bits = fmt.Sprint("id", n), 1, uint32(100-n), bits
		create(t, s, l)
	}
	got, err := s.Entries(ctx, 1)
	if err != nil || !slices.Equal(got, []elicense.Entry{{Index: 98, Status: statuslist.Replaced}, {Index: 99, Status: statuslist.Ended}}) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := s.Entries(ctx, 2); err != nil || len(got) != 0 {
		t.Errorf("%v %v", got, err)
	}
}

func showing(n int, license string) elicense.Presentation {
	return elicense.Presentation{
		ID: fmt.Sprint("prs", n), PIDKey: fmt.Sprint("pid", n), ShortID: [8]byte{byte(n)}, License: license, HolderRef: "account:a", Profile: "m", View: []byte{1}, Signature: []byte{2},
		HolderKey: "key", IssuedAt: Start, ExpiresAt: Start.Add(10 * time.Minute),
		Asked: []byte{8: byte(n)}[1:],
	}
}

// everyPage lists page by page, to the end.
func everyPage[T any](t *testing.T, list func(after string) ([]T, string, error)) (all []T) {
	t.Helper()
	after := ""
	for range 9 {
		page, next, err := list(after)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if after = next; next == "" {
			return all
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func idsOf[T any](all []T, id func(T) string) (ids []string) {
	for _, one := range all {
		ids = append(ids, id(one))
	}
	return ids
}

func presentations(t *testing.T, s elicense.Store) {
	for n := 1; n <= 2; n++ {
		create(t, s, Row(n))
		if err := s.AddPresentation(ctx, showing(n, Row(n).ID), record("minted")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.FindPresentation(ctx, "prs1")
	if err != nil || fmt.Sprint(got) != fmt.Sprint(showing(1, Row(1).ID)) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = s.FindScanned(ctx, "pid2"); err != nil || got.ID != "prs2" {
		t.Errorf("%+v %v", got, err)
	}
	if ids, err := s.ChangedShortIDs(ctx, Start); err != nil || len(ids) != 0 {
		t.Errorf("%v %v", ids, err)
	}
	change(t, s, Row(1).ID, func(l *elicense.License) { l.Bits, l.StatusAt = statuslist.Ended, Start.Add(time.Second) })
	change(t, s, Row(2).ID, func(l *elicense.License) { l.StatusAt = Start.Add(time.Second) }) // suspended and resumed
	if ids, err := s.ChangedShortIDs(ctx, Start); err != nil || len(ids) != 2 {
		t.Errorf("%v %v", ids, err)
	}
	if ids, err := s.ChangedShortIDs(ctx, Start.Add(time.Second)); err != nil || len(ids) != 0 {
		t.Errorf("issued before: %v %v", ids, err)
	}
	first, err := s.Consume(ctx, "pid1", Start.Add(time.Minute), usedBy("account:a", "luse_1", Start), record("scanned"))
	if err != nil || !first {
		t.Fatal(first, err)
	}
	if got, err := s.FindPresentation(ctx, "prs1"); err != nil || !got.UsedAt.Equal(Start.Add(time.Minute)) {
		t.Errorf("%v %v", got.UsedAt, err)
	}
	for _, key := range []string{"pid1", "pid9"} {
		if first, err := s.Consume(ctx, key, Start, usedBy("account:a", "luse_1", Start), record("scanned")); err != nil || first {
			t.Errorf("%s: %v %v", key, first, err)
		}
	}
	for before, want := range map[time.Duration]int{10 * time.Minute: 0} {
		if n, err := s.DropExpired(ctx, Start.Add(before)); err != nil || n != want {
			t.Errorf("dropped %d %v", n, err)
		}
	}
	if n, err := s.DropExpired(ctx, Start.Add(11*time.Minute)); err != nil || n != 2 {
		t.Errorf("dropped %d %v", n, err)
	}
}

func consumeInParallel(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	if err := s.AddPresentation(ctx, showing(1, Row(1).ID), record("minted")); err != nil {
		t.Fatal(err)
	}
	var firsts atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			first, err := s.Consume(ctx, "pid1", Start, usedBy("account:a", "luse_1", Start), record("scanned"))
			if err != nil {
				t.Errorf("consume: %v", err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	group.Wait()
	if firsts.Load() != 1 {
		t.Errorf("%d were first", firsts.Load())
	}
}

func noAuditNoChange(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	none := audit.Record{}
	if _, _, err := s.Create(ctx, Row(2), none); err == nil {
		t.Error("created without audit")
	}
	if _, err := s.Find(ctx, Row(2).ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("stored without audit: %v", err)
	}
	_, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].Note = "x"
		return elicense.Change{}, nil
	}, Row(1).ID)
	if l, _ := s.Find(ctx, Row(1).ID); err == nil || l.Note != "" {
		t.Errorf("updated without audit: %v", err)
	}
	if err := s.Note(ctx, none); err == nil {
		t.Error("noted nothing")
	}
	if err := s.Note(ctx, record("noted")); err != nil {
		t.Error(err)
	}
}

func refusedChange(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	failure := errors.New("no")
	rows, err := s.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].Note = "x"
		return elicense.Change{Record: record("changed")}, failure
	}, Row(1).ID)
	if !errors.Is(err, failure) || rows != nil {
		t.Errorf("%v %v", rows, err)
	}
	if l, _ := s.Find(ctx, Row(1).ID); l.Note != "" || l.Revision != 1 {
		t.Error("a refused change is stored")
	}
}

func notThere(t *testing.T, s elicense.Store) {
	for name, call := range map[string]func() error{
		"find":            func() error { _, err := s.Find(ctx, "x"); return err },
		"identifier":      func() error { _, err := s.FindByLicenseID(ctx, "x"); return err },
		"no identifier":   func() error { _, err := s.FindByLicenseID(ctx, ""); return err },
		"authority":       func() error { _, err := s.FindAuthority(ctx, "x"); return err },
		"published":       func() error { _, err := s.FindPublished(ctx, "x"); return err },
		"presentation":    func() error { _, err := s.FindPresentation(ctx, "x"); return err },
		"scanned":         func() error { _, err := s.FindScanned(ctx, "x"); return err },
		"update":          func() error { _, err := s.Update(ctx, nil, "x"); return err },
		"update, one of2": func() error { _, err := s.Update(ctx, nil, "x", "y"); return err },
	} {
		if err := call(); !errors.Is(err, elicense.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	create(t, s, Row(1)) // a row without identifier is not found by none
	if _, err := s.FindByLicenseID(ctx, ""); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("empty identifier: %v", err)
	}
	if lists, err := s.Lists(ctx); err != nil || len(lists) != 0 {
		t.Errorf("%v %v", lists, err)
	}
	if _, _, err := s.List(ctx, elicense.Filter{Limit: 1, After: "x"}); err != nil && !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("odd cursor: %v", err)
	}
}

func replaceHolders(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	change(t, s, Row(1).ID, func(l *elicense.License) { l.HolderKeys = []string{"new"} })
	if l, err := s.Find(ctx, Row(1).ID); err != nil || !slices.Equal(l.HolderKeys, []string{"new"}) {
		t.Errorf("%v %v", l.HolderKeys, err)
	}
	if n, err := s.Bind(ctx, "own1", "account:a", record("bound")); n != 0 || err != nil {
		t.Errorf("the old key still binds: %d %v", n, err)
	}
}
