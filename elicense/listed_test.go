package elicense_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

var lister = licensetest.Application(licensetest.Portal, elicense.RoleUser)

func listed(t *testing.T, w *licensetest.World, ctx context.Context, rows ...elicense.Listed) []string {
	t.Helper()
	list, err := w.Service.BeginList(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer list.End()
	answers, err := list.Check(ctx, rows)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, a := range answers {
		if a.Err != nil {
			words = append(words, string(fault.CodeOf(a.Err)))
			continue
		}
		words = append(words, a.Result.Code)
	}
	return words
}

func TestL10ListOfLicences(t *testing.T) {
	w, twin, l := held(t)
	other := licensetest.SampleApplication("B2")
	other.HolderRef = ""
	withoutAccount := w.Issued(t, other)
	right := elicense.Listed{LicenseID: l.LicenseID, Check: "003b"}
	got := listed(t, w, lister, right, elicense.Listed{LicenseID: withoutAccount.LicenseID, Check: "003B"}, elicense.Listed{LicenseID: "1.2.156.3005.2.none", Check: "003B"}, right,
		elicense.Listed{Check: "003B"}, elicense.Listed{LicenseID: "x", Check: "03B"}, elicense.Listed{LicenseID: strings.Repeat("1", 201), Check: "003B"}, elicense.Listed{LicenseID: "y", Check: "003B", Broken: true})
	want := []string{"V00", "V00", "V40", "YX-LIC-436", "YX-LIC-437", "YX-LIC-437", "YX-LIC-437", "YX-LIC-437"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: licensetest.Holder, Till: w.Now().Add(time.Hour), Limit: 10})
	if err != nil || len(uses) != 1 || uses[0].Kind != elicense.UseNumber || uses[0].Receiver != licensetest.Portal || uses[0].Count != 1 {
		t.Errorf("what the holder sees: %+v %v", uses, err)
	}
	if n := eventsOf(twin, "license.list.checked"); n != 1 {
		t.Errorf("%d events", n)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "b", DecisionNumber: "n"}); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, w, lister, right); got[0] != "V10" {
		t.Errorf("a revoked licence: %v", got)
	}
}

func TestL10GuessingWithLists(t *testing.T) {
	w, _, l := held(t)
	guess, right := elicense.Listed{LicenseID: l.LicenseID, Check: "9999"}, elicense.Listed{LicenseID: l.LicenseID, Check: "003B"}
	for range 3 * 5 { // what was known is taken back, in the day of the application and in the minutes of the number
		if got := listed(t, w, lister, right); got[0] != "V00" {
			t.Fatal(got)
		}
	}
	for range 5 {
		if got := listed(t, w, lister, guess); got[0] != "V40" {
			t.Fatal(got)
		}
	}
	if got := listed(t, w, lister, right); got[0] != "YX-VER-429" {
		t.Errorf("a right guess behind five wrong ones: %v", got)
	}
	if got := listed(t, w, licensetest.Application(licensetest.OtherPortal, elicense.RoleUser), right); got[0] != "V00" {
		t.Errorf("another application: %v", got)
	}
	w.Advance(24*time.Hour + time.Second)
	if got := listed(t, w, lister, right); got[0] != "V00" {
		t.Errorf("a day later: %v", got)
	}
	// The number is bounded for everybody together, lists and single questions alike.
	for i := range 50 {
		if _, err := w.Service.Lookup(withIP(licensetest.As(""), fmt.Sprintf("198.51.100.%d", i)), l.LicenseID, "9999"); err != nil {
			t.Fatal(i, err)
		}
	}
	if got := listed(t, w, lister, right); got[0] != "YX-VER-429" {
		t.Errorf("behind fifty guesses of others: %v", got)
	}
}

func TestL10ListsOfGuesses(t *testing.T) {
	w, _, l := held(t)
	guesses := make([]elicense.Listed, elicense.ListedPage)
	for page := range 10 {
		for i := range guesses {
			guesses[i] = elicense.Listed{LicenseID: fmt.Sprintf("1.2.156.3005.2.%d.%d", page, i), Check: "0000"}
		}
		if got := listed(t, w, lister, guesses...); got[0] != "V40" || got[len(got)-1] != "V40" {
			t.Fatalf("page %d: %s, %s", page, got[0], got[len(got)-1])
		}
	}
	if got := listed(t, w, lister, elicense.Listed{LicenseID: l.LicenseID, Check: "003B"}); got[0] != "YX-VER-429" {
		t.Errorf("behind 5,000 wrong rows: %v", got)
	}
	w.Advance(24*time.Hour + time.Second)
	if got := listed(t, w, lister, elicense.Listed{LicenseID: l.LicenseID, Check: "003B"}); got[0] != "V00" {
		t.Errorf("a day later: %v", got)
	}
}

func TestWhoAsksForLists(t *testing.T) {
	w, _ := newWorld(t)
	for name, c := range map[string]struct {
		ctx  context.Context
		code fault.Code
	}{
		"nobody":            {context.Background(), fault.Unauthenticated},
		"without the role":  {portal, fault.Forbidden},
		"a member of staff": {licensetest.As("staff:x", elicense.RoleUser), fault.Forbidden},
		"for a person":      {reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder, Client: licensetest.Portal}), fault.Forbidden},
		"an application":    {lister, ""},
	} {
		list, err := w.Service.BeginList(c.ctx)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			list.End()
		}
	}
	first, err := w.Service.BeginList(lister)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.BeginList(lister); fault.CodeOf(err) != fault.TooManyRequests {
		t.Errorf("two at a time: %v", err)
	}
	another, err := w.Service.BeginList(licensetest.Application(licensetest.OtherPortal, elicense.RoleUser))
	if err != nil {
		t.Fatal(err)
	}
	another.End()
	first.End()
	if again, err := w.Service.BeginList(lister); err != nil {
		t.Error(err)
	} else {
		again.End()
	}
}

// TestR6NoCounterNoList: whatever of a page cannot be counted, read or noted, nothing of it is answered.
func TestR6NoCounterNoList(t *testing.T) {
	store := &lookupStore{Store: licensetest.NewTwin(), calls: map[string]int{}}
	w := licensetest.NewWorld(t, store)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	rows := []elicense.Listed{{LicenseID: l.LicenseID, Check: "003B"}, {LicenseID: "1.2.156.3005.2.none", Check: "003B"}}
	for _, broken := range []string{"failures1", "fail1", "fail2", "fail3", "find1", "pardon1", "note1", ""} {
		store.broken, store.calls = broken, map[string]int{}
		list, err := w.Service.BeginList(lister)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := list.Check(lister, rows)
		list.End()
		if broken == "" && err != nil || broken != "" && (err == nil || answers != nil) {
			t.Errorf("%q: %v %v", broken, answers, err)
		}
	}
}

func (s *lookupStore) NoteUse(ctx context.Context, uses []elicense.Use, record audit.Record) error {
	if err := s.step("note"); err != nil {
		return err
	}
	return s.Store.NoteUse(ctx, uses, record)
}

func (s *lookupStore) FindByLicenseIDs(ctx context.Context, licenseIDs []string) ([]elicense.License, error) {
	if err := s.step("find"); err != nil {
		return nil, err
	}
	return s.Store.FindByLicenseIDs(ctx, licenseIDs)
}

func TestReadingLists(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		format  batchfile.Format
		want    []elicense.Listed
		code    fault.Code
	}{
		"CSV":             {"check,license_id\r\n003B,1.2.3\r\n", batchfile.CSV, []elicense.Listed{{Line: 2, LicenseID: "1.2.3", Check: "003B"}}, ""},
		"Chinese":         {"备注,证照标识,后四位\n张三,1.2.3,003B\n", batchfile.CSV, []elicense.Listed{{Line: 2, LicenseID: "1.2.3", Check: "003B", Ref: "张三"}}, ""},
		"JSON lines":      {`{"license_id":"1.2.3","check":"003B","ref":"7"}`, batchfile.JSONLines, []elicense.Listed{{Line: 1, LicenseID: "1.2.3", Check: "003B", Ref: "7"}}, ""},
		"a broken row":    {"license_id,check\n1.2.3\n", batchfile.CSV, []elicense.Listed{{Line: 2, Broken: true}}, ""},
		"without checks":  {"license_id,ref\n1.2.3,x\n", batchfile.CSV, nil, fault.Invalid},
		"without numbers": {"check,ref\n003B,x\n", batchfile.CSV, nil, fault.Invalid},
		"nothing":         {"", batchfile.CSV, nil, fault.BatchFile},
	} {
		got, err := elicense.ReadList([]byte(c.content), c.format, batchfile.Auto)
		if !slices.Equal(got, c.want) || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if _, err := elicense.ReadList(make([]byte, batchfile.MaxOctets+1), batchfile.CSV, batchfile.Auto); fault.CodeOf(err) != fault.TooLarge {
		t.Error(err)
	}
}
