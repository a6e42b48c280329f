package licensetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
)

// figures: what is counted of the register and of verifications is what a list with the same filter gives.
func figures(t *testing.T, s elicense.Store) {
	const mine, other = "330000000000/330102000000/", "440000000000/"
	const authority, elsewhere = "11330102MB1234567X", "11440300MB1234567Y"
	for n, row := range []struct {
		authority, area, typeCode, status string
		state                             elicense.State
		ends                              int64
		issued                            time.Duration
	}{
		{authority, mine, "T1", "valid", elicense.StateActive, 20261124, 0},
		{authority, mine, "T1", "valid", elicense.StateActive, 20261123, time.Hour},
		{authority, mine, "T2", "valid", elicense.StateActive, 20261224, 2 * time.Hour},
		{authority, mine, "T2", "suspended", elicense.StateActive, 20261224, 2 * time.Hour},
		{authority, mine, "T2", "", elicense.StateMade, 0, 2 * time.Hour},
		{elsewhere, other, "T1", "valid", elicense.StateActive, -1, 2 * time.Hour},
	} {
		l := Row(n)
		l.AuthorityCode, l.Area, l.TypeCode = row.authority, row.area, row.typeCode
		create(t, s, l)
		change(t, s, l.ID, func(l *elicense.License) {
			l.State, l.Status, l.Ends, l.IssuedAt = row.state, row.status, row.ends, Start.Add(row.issued)
		})
	}
	today, ends := int64(20261124), [3]int64{20261223, 20261224, 20270222}
	counts := func(f elicense.FigureFilter, by elicense.Dimension, want ...elicense.LicenseCount) {
		t.Helper()
		got, err := s.CountLicenses(ctx, f, by, today, ends)
		slices.SortFunc(got, func(a, b elicense.LicenseCount) int { return strings.Compare(a.Key+a.Status, b.Key+b.Status) })
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %s:\n%+v, want\n%+v %v", f, by, got, want, err)
		}
	}
	t1 := elicense.LicenseCount{Key: "T1", Status: "valid", N: 2, Past: 1, Ending: [3]int64{1, 1, 1}}
	suspended, t2 := elicense.LicenseCount{Key: "T2", Status: "suspended", N: 1, Ending: [3]int64{0, 1, 1}}, elicense.LicenseCount{Key: "T2", Status: "valid", N: 1, Ending: [3]int64{0, 1, 1}}
	counts(elicense.FigureFilter{Areas: []string{mine}}, elicense.ByType, t1, suspended, t2)
	counts(elicense.FigureFilter{Division: "33"}, elicense.ByType, t1, suspended, t2)
	counts(elicense.FigureFilter{AuthorityCode: authority, TypeCode: "T1"}, elicense.ByDivision, elicense.LicenseCount{Key: "330102", Status: "valid", N: 2, Past: 1, Ending: [3]int64{1, 1, 1}})
	counts(elicense.FigureFilter{Areas: []string{other}}, elicense.ByAuthority, elicense.LicenseCount{Key: elsewhere, Status: "valid", N: 1, Unread: 1})
	counts(elicense.FigureFilter{Areas: []string{}}, elicense.ByAuthority)
	if got, err := s.CountIssued(ctx, elicense.FigureFilter{Areas: []string{""}}, elicense.ByAuthority, Start.Add(time.Hour), Start.Add(2*time.Hour+time.Second)); err != nil || !reflect.DeepEqual(got, map[string]int64{authority: 3, elsewhere: 1}) {
		t.Errorf("issued: %v %v", got, err)
	}
	for name, row := range map[string]struct {
		filter elicense.Filter
		want   int
	}{
		"division": {elicense.Filter{Division: "3301"}, 5}, "in force": {elicense.Filter{ValidOn: today, Status: "valid"}, 3}, "ending": {elicense.Filter{EndsFrom: today, EndsTill: ends[1]}, 3},
		"issued": {elicense.Filter{IssuedFrom: Start, IssuedTill: Start.Add(time.Hour)}, 1}, "both": {elicense.Filter{IssuedFrom: Start, IssuedTill: Start.Add(3 * time.Hour), Division: "44"}, 1},
	} {
		row.filter.Limit = 50
		if page, _, err := s.List(ctx, row.filter); err != nil || len(page) != row.want {
			t.Errorf("list by %s: %d, want %d %v", name, len(page), row.want, err)
		}
	}

	unread, err := s.UnreadEnds(ctx, 9)
	if err != nil || len(unread) != 1 || unread[0].AuthorityCode != elsewhere {
		t.Fatalf("unread: %+v %v", unread, err)
	}
	for _, end := range []int64{20261201, 20270101} { // the second finds it read
		if err := s.SetEnds(ctx, unread[0].ID, end); err != nil {
			t.Fatal(err)
		}
	}
	counts(elicense.FigureFilter{Areas: []string{other}}, elicense.ByAuthority, elicense.LicenseCount{Key: elsewhere, Status: "valid", N: 1, Ending: [3]int64{1, 1, 1}})

	key := func(day int64, channel elicense.Channel, verdict, code, typeCode, authority, area string, n int64) elicense.VerifiedCount {
		return elicense.VerifiedCount{VerifiedKey: elicense.VerifiedKey{Day: day, Channel: channel, Verdict: verdict, Code: code, TypeCode: typeCode, AuthorityCode: authority}, Area: area, N: n}
	}
	for range 2 { // counts are added to those that are there
		if err := s.AddVerified(ctx, []elicense.VerifiedCount{
			key(20261030, elicense.ChannelPage, "valid", "V00", "T1", authority, mine, 1), key(20261124, elicense.ChannelPage, "valid", "V00", "T1", authority, mine, 3),
			key(20261124, elicense.ChannelNumber, "indeterminate", "V40", "", "", "", 2), key(20261124, elicense.ChannelAPI, "invalid", "V20", "T2", elsewhere, other, 5),
		}); err != nil {
			t.Fatal(err)
		}
	}
	verified := func(f elicense.FigureFilter, by elicense.Dimension, from int64, want string) {
		t.Helper()
		got, err := s.CountVerified(ctx, f, by, from, 20261124)
		if text := fmt.Sprint(got); err != nil || text != want {
			t.Errorf("%+v %s: %s, want %s %v", f, by, text, want, err)
		}
	}
	all := elicense.FigureFilter{Areas: []string{""}}
	verified(all, elicense.ByChannel, 20261101, "map[api:map[invalid:10] number:map[indeterminate:4] page:map[valid:6]]")
	verified(all, elicense.ByCode, 20261124, "map[V00:map[valid:6] V20:map[invalid:10] V40:map[indeterminate:4]]")
	verified(elicense.FigureFilter{Areas: []string{mine}}, elicense.ByDay, 20260101, "map[20261030:map[valid:2] 20261124:map[valid:6]]")
	verified(all, elicense.ByMonth, 20260101, "map[202610:map[valid:2] 202611:map[indeterminate:4 invalid:10 valid:6]]")
	verified(elicense.FigureFilter{TypeCode: "T1"}, elicense.ByYear, 20260101, "map[2026:map[valid:8]]")
	verified(elicense.FigureFilter{AuthorityCode: elsewhere}, elicense.ByDivision, 20260101, "map[440300:map[invalid:10]]")
	verified(all, elicense.ByType, 20261101, "map[:map[indeterminate:4] T1:map[valid:6] T2:map[invalid:10]]")
	if err := s.MoveAuthority(ctx, elsewhere, mine, record("license.authority_moved")); err != nil {
		t.Fatal(err)
	}
	verified(elicense.FigureFilter{Areas: []string{mine}}, elicense.ByYear, 20260101, "map[2026:map[invalid:10 valid:8]]")
	if err := s.DropVerified(ctx, 20261101); err != nil {
		t.Fatal(err)
	}
	verified(all, elicense.ByYear, 20260101, "map[2026:map[indeterminate:4 invalid:10 valid:6]]")
}
