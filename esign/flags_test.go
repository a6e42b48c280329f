package esign_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// TestUnusual is the rule behind flags.
func TestUnusual(t *testing.T) {
	const night, volume, person, device, refusal = esign.FlagNight, esign.FlagVolume, esign.FlagNewPerson, esign.FlagNewDevice, esign.FlagAfterRefusal
	china := time.FixedZone("", 8*60*60)
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 11, 24, hour, minute, second, 0, china).UTC()
	}
	usual := esign.Habits{Hour: 1, Day: 1, Known: true, KnownDevice: true}
	seen := func(change func(*esign.Habits)) esign.Habits {
		h := usual
		change(&h)
		return h
	}
	counts := func(hour, day, busiestHour, busiestDay int) esign.Habits {
		return seen(func(h *esign.Habits) {
			h.Hour, h.Day, h.BusiestHour, h.BusiestDay = hour, day, busiestHour, busiestDay
		})
	}
	byPerson := esign.Occasion{At: at(12, 0, 0), Person: true, Counts: true}
	when := func(moment time.Time) esign.Occasion { return esign.Occasion{At: moment, Person: true, Counts: true} }
	for name, one := range map[string]struct {
		hours  esign.WorkHours
		use    esign.Occasion
		seen   esign.Habits
		want   []esign.Flag
		volume esign.Volume
	}{
		"as always":                      {use: byPerson, seen: usual},
		"before seven":                   {use: when(at(6, 59, 59)), seen: usual, want: []esign.Flag{night}},
		"at seven":                       {use: when(at(7, 0, 0)), seen: usual},
		"just before nine":               {use: when(at(20, 59, 59)), seen: usual},
		"at nine":                        {use: when(at(21, 0, 0)), seen: usual, want: []esign.Flag{night}},
		"an application at night":        {use: esign.Occasion{At: at(3, 0, 0), Counts: true}, seen: usual},
		"other hours":                    {hours: esign.WorkHours{From: 9 * time.Hour, To: 17*time.Hour + 30*time.Minute}, use: when(at(17, 30, 0)), seen: usual, want: []esign.Flag{night}},
		"another zone":                   {hours: esign.WorkHours{Zone: time.FixedZone("", 6*60*60)}, use: when(at(8, 59, 0)), seen: usual, want: []esign.Flag{night}},
		"around the clock":               {hours: esign.WorkHours{To: 24 * time.Hour}, use: when(at(0, 0, 0)), seen: usual},
		"floor of an hour":               {use: byPerson, seen: counts(20, 20, 0, 0)},
		"above the floor":                {use: byPerson, seen: counts(21, 21, 6, 0), want: []esign.Flag{volume}, volume: esign.Volume{Hour: 21, HourLimit: 20}},
		"three times the busiest":        {use: byPerson, seen: counts(30, 30, 10, 60)},
		"more than three times":          {use: byPerson, seen: counts(31, 31, 10, 60), want: []esign.Flag{volume}, volume: esign.Volume{Hour: 31, HourLimit: 30}},
		"floor of a day":                 {use: byPerson, seen: counts(1, 100, 9, 33)},
		"above the floor of a day":       {use: byPerson, seen: counts(1, 101, 9, 33), want: []esign.Flag{volume}, volume: esign.Volume{Day: 101, DayLimit: 100}},
		"three times a busy day":         {use: byPerson, seen: counts(1, 120, 9, 40)},
		"both":                           {use: byPerson, seen: counts(200, 400, 9, 40), want: []esign.Flag{volume}, volume: esign.Volume{Hour: 200, HourLimit: 27, Day: 400, DayLimit: 120}},
		"volume that is not judged":      {use: esign.Occasion{At: at(12, 0, 0), Person: true}, seen: counts(200, 400, 0, 0)},
		"the first use of all":           {use: byPerson, seen: seen(func(h *esign.Habits) { h.Known = false })},
		"somebody new":                   {use: byPerson, seen: seen(func(h *esign.Habits) { h.Known, h.Others = false, true }), want: []esign.Flag{person}},
		"somebody new from a new device": {use: byPerson, seen: seen(func(h *esign.Habits) { h.Known, h.KnownDevice, h.Others = false, false, true }), want: []esign.Flag{person}},
		"a new device":                   {use: byPerson, seen: seen(func(h *esign.Habits) { h.KnownDevice = false }), want: []esign.Flag{device}},
		"after a refusal":                {use: byPerson, seen: seen(func(h *esign.Habits) { h.Refused = true }), want: []esign.Flag{refusal}},
		"approved after a refusal":       {use: esign.Occasion{At: at(12, 0, 0), Person: true, Counts: true, Approved: true}, seen: seen(func(h *esign.Habits) { h.Refused = true })},
		"everything":                     {use: when(at(23, 0, 0)), seen: esign.Habits{Hour: 50, Day: 1, Others: true, Refused: true}, want: []esign.Flag{night, volume, person, refusal}, volume: esign.Volume{Hour: 50, HourLimit: 20}},
	} {
		if got := one.hours.Unusual(one.use, one.seen); !slices.Equal(got.Flags, one.want) || got.Volume != one.volume {
			t.Errorf("%s: %+v, want %v %+v", name, got, one.want, one.volume)
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]esign.Day{"1970-01-01": 0, "2026-11-24": 20781, "1969-12-31": -1} {
		if got, err := esign.ParseDay(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %d %v", text, got, err)
		}
	}
	if _, err := esign.ParseDay("24.11.2026"); err == nil {
		t.Error("that is no day")
	}
}

// from is somebody at a browser.
func from(ctx context.Context, address, browser string) context.Context {
	r := reqctx.From(ctx)
	r.ClientIP, r.UserAgent = address, browser
	return reqctx.With(ctx, r)
}

// flagWorld is a world with a seal in use and a stamp at a time.
type flagWorld struct {
	*sealtest.World
	twin *sealtest.Twin
	seal esign.Seal
	n    int
}

func newFlagWorld(t *testing.T) *flagWorld {
	twin := sealtest.NewTwin()
	w := &flagWorld{World: sealtest.NewWorld(t, twin), twin: twin}
	w.seal = w.Active(t, sealtest.SampleApplication(1))
	return w
}

func (w *flagWorld) request(t *testing.T) esign.StampRequest {
	w.n++
	r := sealtest.Request(w.seal, sealtest.Document(t, 1))
	r.Key = fmt.Sprintf("flag-key-%d", w.n)
	return r
}

// stamp gives the flags of a use.
func (w *flagWorld) stamp(t *testing.T, ctx context.Context) string {
	t.Helper()
	w.Advance(time.Millisecond)
	if _, _, err := w.Service.Stamp(ctx, w.request(t)); err != nil {
		t.Fatal(err)
	}
	return w.last(t)
}

// last are the flags of the newest use.
func (w *flagWorld) last(t *testing.T) string {
	t.Helper()
	page, _, err := w.Service.Stamps(sealtest.Keeper, w.seal.ID, "", "", 1)
	if err != nil || len(page) != 1 {
		t.Fatal(err)
	}
	var words []string
	for _, flag := range page[0].Flags {
		words = append(words, string(flag))
	}
	return strings.Join(words, " ")
}

// messages counts those about flagged uses.
func (w *flagWorld) messages() (n int) {
	for _, r := range w.twin.Records() {
		for _, m := range r.Messages {
			if m.Topic == esign.TopicFlagged {
				n++
			}
		}
	}
	return n
}

func TestUsesAreFlagged(t *testing.T) {
	const firefox, chrome = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"
	w := newFlagWorld(t)
	desk := from(sealtest.Keeper, "192.0.2.1", firefox)
	token := func() context.Context {
		r := reqctx.From(desk)
		r.StaffToken = "token_1"
		return reqctx.With(desk, r)
	}()
	for _, one := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"the first of all", desk, ""},
		{"again", desk, ""},
		{"after an update of the browser", from(sealtest.Keeper, "192.0.2.77", strings.ReplaceAll(firefox, "140", "141")), ""},
		{"another browser", from(sealtest.Keeper, "192.0.2.1", chrome), "new_device"},
		{"that one again", from(sealtest.Keeper, "192.0.2.1", chrome), ""},
		{"another network", from(sealtest.Keeper, "198.51.100.1", firefox), "new_device"},
		{"a network of IPv6", from(sealtest.Keeper, "2001:db8:1:2::3", firefox), "new_device"},
		{"that network again", from(sealtest.Keeper, "2001:db8:1:9::4", firefox), ""},
		{"a program with a token", token, "new_device"},
		{"that program again", token, ""},
		{"somebody else", from(sealtest.Other, "192.0.2.1", firefox), "new_person"},
		{"an application", sealtest.As("client:system", esign.RoleKeeper), "new_person"},
		{"the application again", sealtest.As("client:system", esign.RoleKeeper), ""},
	} {
		if got := w.stamp(t, one.ctx); got != one.want {
			t.Errorf("%s: %q, want %q", one.name, got, one.want)
		}
	}
	if n := w.messages(); n != 1 {
		t.Errorf("%d messages on one day", n)
	}
	w.Advance(12 * time.Hour) // 21:30 in China
	if got := w.stamp(t, desk); got != "night" {
		t.Errorf("at night: %q", got)
	}
	if got := w.stamp(t, sealtest.As("client:system", esign.RoleKeeper)); got != "" {
		t.Errorf("an application at night: %q", got)
	}
}

// What the platform seals by itself or for citizens is not judged; what a member of staff does there is, apart from how much it is.
func TestFlagsOfOtherRooms(t *testing.T) {
	w := newFlagWorld(t)
	w.Advance(12 * time.Hour)
	for name, one := range map[string]struct {
		ctx  context.Context
		by   string
		want string
	}{
		"the platform":        {context.Background(), "", ""},
		"a duty":              {sealtest.As("system:delivery", "license_clerk"), "", ""},
		"a citizen":           {sealtest.Person, "", ""},
		"a member of staff":   {sealtest.As("staff:issuer", "license_issuer"), "staff:issuer", "night"},
		"an account of staff": {sealtest.As("account:issuer", "license_issuer"), "account:issuer", "night"},
	} {
		for range 2 {
			stamp, _, err := w.Service.StampFor(one.ctx, "system:elicense", w.request(t))
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := w.twin.StampByKey(t.Context(), stamp.Requester, stamp.Key)
			if err != nil || got.By != one.by || got.Requester != "system:elicense" || slices.Contains(got.Flags, esign.FlagNight) != (one.want == "night") || slices.Contains(got.Flags, esign.FlagVolume) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	}
	w = newFlagWorld(t)
	for range esign.HourFloor + 1 {
		if _, _, err := w.Service.StampFor(sealtest.As("staff:issuer", "license_issuer"), "system:elicense", w.request(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.last(t); got != "" {
		t.Errorf("many licences: %q", got)
	}
}

func TestManyUsesAreFlagged(t *testing.T) {
	w := newFlagWorld(t)
	var group sync.WaitGroup
	requests := make([]esign.StampRequest, esign.HourFloor+3)
	for i := range requests {
		requests[i] = w.request(t)
	}
	for _, r := range requests {
		group.Go(func() {
			if _, _, err := w.Service.Stamp(sealtest.Keeper, r); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	page, _, err := w.Service.Stamps(sealtest.Keeper, w.seal.ID, esign.FlagVolume, "", 10)
	if err != nil || len(page) != 3 {
		t.Fatalf("%d of %d flagged, %v", len(page), len(requests), err)
	}
	var counted []int
	for _, s := range page {
		counted = append(counted, s.Volume.Hour)
	}
	slices.Sort(counted)
	if !slices.Equal(counted, []int{21, 22, 23}) || page[0].Volume.HourLimit != esign.HourFloor || w.messages() != 1 {
		t.Errorf("%v, %d messages", counted, w.messages())
	}
	if _, _, err := w.Service.Stamps(sealtest.Keeper, w.seal.ID, "odd", "", 10); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("an unknown flag: %v", err)
	}
}

// A use that was begun by day and is carried out at night is one at night.
func TestFlagsOfAUseThatGoesOn(t *testing.T) {
	w := newFlagWorld(t)
	r := w.request(t)
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "store settle" }
	if _, _, err := w.Service.Stamp(sealtest.Keeper, r); err == nil {
		t.Fatal("it was stored")
	}
	w.Steps.FailBefore = nil
	if got := w.last(t); got != "" {
		t.Fatalf("by day: %q", got)
	}
	w.Advance(12 * time.Hour)
	for range 2 { // the second time is the same result
		if _, _, err := w.Service.Stamp(sealtest.Keeper, r); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.last(t); got != "night" || w.messages() != 1 {
		t.Errorf("%q, %d messages", got, w.messages())
	}
	if n := len(w.twin.AllStamps()); n != 1 {
		t.Errorf("%d uses", n)
	}
}

func TestAfterARefusal(t *testing.T) {
	a := newApproving(t, esign.Rule{When: esign.WhenPurposes, Purposes: []string{"合同"}, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1})
	w := &flagWorld{World: a.World, twin: a.twin, seal: a.seal}
	wish := func(key string) esign.UseRequest {
		order := a.order(sealtest.Document(t, 1), key)
		order.Purpose = "签订合同"
		u, err := w.Service.RequestUse(sealtest.Keeper, order)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := wish("wish-key-1")
	if _, err := w.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Digest: u.Digest, Reason: "事由不明"}); err != nil {
		t.Fatal(err)
	}
	approved := a.approve(wish("wish-key-2"))
	w.Advance(time.Hour)
	if _, _, err := w.Service.StampApproved(sealtest.Keeper, approved.ID, approved.NextKey(), nil); err != nil {
		t.Fatal(err)
	}
	if got := w.last(t); got != "" {
		t.Errorf("under an approval: %q", got)
	}
	w.Advance(time.Second)
	if got := w.stamp(t, sealtest.Keeper); got != "after_refusal" {
		t.Errorf("in other words: %q", got)
	}
	if got := w.stamp(t, sealtest.Other); got != "new_person" {
		t.Errorf("somebody else: %q", got)
	}
}

func TestLookingAtFlags(t *testing.T) {
	w := newFlagWorld(t)
	w.Advance(12 * time.Hour)
	w.stamp(t, sealtest.Keeper)
	w.stamp(t, sealtest.Other)
	auditor, second, reviewer := sealtest.As("staff:auditor", esign.RoleAuditor), sealtest.As("staff:second", esign.RoleKeeper), sealtest.Reviewer
	page, next, err := w.Service.FlagDays(auditor, esign.FlagsOpen, "", 10)
	if err != nil || len(page) != 1 || next != "" || page[0].Uses != 2 || page[0].Day.String() != "2026-11-24" || page[0].SealName != w.seal.Name {
		t.Fatalf("%+v %q %v", page, next, err)
	}
	id := page[0].ID()
	uses, _, err := w.Service.FlaggedStamps(auditor, id, "", 10)
	if err != nil || len(uses) != 2 {
		t.Fatalf("%d uses, %v", len(uses), err)
	}
	for name, one := range map[string]struct {
		ctx  context.Context
		want fault.Code
	}{
		"nobody": {context.Background(), fault.Unauthenticated}, "a citizen": {sealtest.Person, fault.Forbidden}, "a clerk": {sealtest.As("staff:clerk", "license_clerk"), fault.Forbidden},
		"a reviewer": {reviewer, ""}, "an approver": {sealtest.Approver, ""}, "a keeper": {second, ""},
	} {
		if _, err := w.Service.FindFlags(one.ctx, id); fault.CodeOf(err) != one.want {
			t.Errorf("%s reads: %v, want %s", name, err, one.want)
		}
	}
	for name, one := range map[string]struct {
		ctx  context.Context
		id   string
		uses int
		note string
		want fault.Code
	}{
		"nobody":                  {context.Background(), id, 2, "已核实", fault.Unauthenticated},
		"a reviewer":              {reviewer, id, 2, "已核实", fault.Forbidden},
		"who made one of them":    {sealtest.Keeper, id, 2, "已核实", fault.SealFlagsOwn},
		"who made the other":      {sealtest.Other, id, 2, "已核实", fault.SealFlagsOwn},
		"the same human":          {sealtest.As("account:keeper", esign.RoleAuditor), id, 2, "已核实", fault.SealFlagsOwn},
		"an auditor who made one": {sealtest.As("staff:keeper", esign.RoleAuditor), id, 2, "已核实", fault.SealFlagsOwn},
		"an application":          {sealtest.As("client:x", esign.RoleKeeper), id, 2, "已核实", fault.Forbidden},
		"without a note":          {auditor, id, 2, " ", fault.SealReason},
		"who saw fewer":           {auditor, id, 1, "已核实", fault.SealFlagsChanged},
		"no such day":             {auditor, w.seal.ID + ".2026-11-23", 2, "已核实", fault.NotFound},
		"no day at all":           {auditor, "x", 2, "已核实", fault.NotFound},
	} {
		if _, err := w.Service.LookAtFlags(one.ctx, one.id, one.uses, one.note); fault.CodeOf(err) != one.want {
			t.Errorf("%s: %v, want %s", name, err, one.want)
		}
	}
	if n, known, err := w.Service.WaitingFlags(sealtest.Keeper, 10); err != nil || !known || n != 0 {
		t.Errorf("waits for who made them: %d %v %v", n, known, err)
	}
	if n, known, err := w.Service.WaitingFlags(auditor, 10); err != nil || !known || n != 1 {
		t.Errorf("waits for the auditor: %d %v %v", n, known, err)
	}
	if _, known, _ := w.Service.WaitingFlags(reviewer, 10); known {
		t.Error("waits for a reviewer")
	}
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "keepers human" }
	if _, err := w.Service.LookAtFlags(auditor, id, 2, "已核实"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("nobody knows who is who: %v", err)
	}
	if _, _, err := w.Service.WaitingFlags(auditor, 10); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("waiting while nobody knows who is who: %v", err)
	}
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "store look at flags" }
	if _, err := w.Service.LookAtFlags(auditor, id, 2, "已核实"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("a store that is away: %v", err)
	}
	w.Steps.FailBefore = nil
	resting := reqctx.From(second)
	resting.Actor.RestsUntil = w.Now().Add(time.Hour)
	if _, err := w.Service.LookAtFlags(reqctx.With(second, resting), id, 2, "已核实"); fault.CodeOf(err) != fault.RecoveryRest {
		t.Errorf("an account that rests: %v", err)
	}
	d, err := w.Service.LookAtFlags(second, id, 2, "加班办理，已核实")
	if err != nil || d.Waits() || d.By != "staff:second" {
		t.Fatalf("%+v %v", d, err)
	}
	records := w.twin.Records()
	last := records[len(records)-1].Events[0]
	if last.Type != "seal.flags.looked_at" || last.Actor != "staff:second" || last.ObjectID != id || last.Reason != "加班办理，已核实" || last.Details["uses"] != "2" {
		t.Errorf("%+v", last)
	}
	if _, err := w.Service.LookAtFlags(auditor, id, 2, "已核实"); fault.CodeOf(err) != fault.SealFlagsChanged {
		t.Errorf("looked at before: %v", err)
	}
	if n := w.messages(); n != 1 {
		t.Fatalf("%d messages", n)
	}
	w.stamp(t, sealtest.Keeper) // and what comes afterwards waits anew
	if page, _, err := w.Service.FlagDays(auditor, esign.FlagsOpen, "", 10); err != nil || len(page) != 1 || page[0].Looked != 2 || page[0].Uses != 3 || w.messages() != 2 {
		t.Errorf("%+v, %d messages, %v", page, w.messages(), err)
	}
}

// The areas of flags are those of their seals.
func TestFlagsOfAnotherArea(t *testing.T) {
	w := newFlagWorld(t)
	w.twin.Corrupt(w.seal.ID, func(s *esign.Seal) { s.Area = "37/01/" })
	w.Advance(12 * time.Hour)
	w.stamp(t, sealtest.Keeper)
	id := w.seal.ID + ".2026-11-24"
	in := func(area string) context.Context {
		r := reqctx.From(sealtest.As("staff:auditor"))
		r.Actor.Rights = []reqctx.Right{{Role: esign.RoleAuditor, Area: area}}
		return reqctx.With(context.Background(), r)
	}
	for area, want := range map[string]fault.Code{"37/": "", "37/01/": "", "37/02/": fault.NotFound} {
		if _, err := w.Service.FindFlags(in(area), id); fault.CodeOf(err) != want {
			t.Errorf("find in %s: %v, want %q", area, err, want)
		}
		if _, _, err := w.Service.FlaggedStamps(in(area), id, "", 5); fault.CodeOf(err) != want {
			t.Errorf("uses in %s: %v, want %q", area, err, want)
		}
		page, _, err := w.Service.FlagDays(in(area), "", "", 5)
		if err != nil || (len(page) == 1) != (want == "") {
			t.Errorf("list in %s: %d, %v", area, len(page), err)
		}
	}
	if _, err := w.Service.LookAtFlags(in("37/02/"), id, 1, "已核实"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("look: %v", err)
	}
}

// Where the organisation named keepers, they alone look as keepers, and they are told.
func TestFlagsOfANamedKeeper(t *testing.T) {
	w := newFlagWorld(t)
	w.Keepers.Names(w.seal.OwnerCode, named("keeper"), named("second"))
	w.Advance(12 * time.Hour)
	w.stamp(t, sealtest.Keeper)
	id := w.seal.ID + ".2026-11-24"
	for actor, want := range map[string]fault.Code{"staff:third": fault.SealNotKeeper, "staff:keeper": fault.SealFlagsOwn, "staff:second": ""} {
		if _, err := w.Service.LookAtFlags(sealtest.As(actor, esign.RoleKeeper), id, 1, "已核实"); fault.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", actor, err, want)
		}
	}
	var payload []byte
	for _, r := range w.twin.Records() {
		for _, m := range r.Messages {
			if m.Topic == esign.TopicFlagged {
				payload = m.Payload
			}
		}
	}
	d, keepers, err := w.Service.FlagKeepers(t.Context(), payload)
	if err != nil || len(keepers) != 2 || d.SealName != w.seal.Name || d.Day.String() != "2026-11-24" {
		t.Errorf("%+v %v %v", d, keepers, err)
	}
	if strings.Contains(string(payload), "keeper") {
		t.Errorf("%s names a person", payload)
	}
}
