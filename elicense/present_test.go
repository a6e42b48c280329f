package elicense_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

func TestPresentAndScan(t *testing.T) {
	w, twin := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(shown.Code, "LZ1:") || len(shown.Code) > 600 || shown.Profile != "m" {
		t.Errorf("%d characters, profile %s", len(shown.Code), shown.Profile)
	}
	if shown.StepEnds.Sub(w.Now()) > 15*time.Second || !shown.StepEnds.After(w.Now()) {
		t.Errorf("step ends %v", shown.StepEnds)
	}
	if !slices.ContainsFunc(shown.Fields, func(f elicense.ShownField) bool { return f.Key == "legal_representative" && f.Value == "张*" }) {
		t.Errorf("%v", shown.Fields)
	}
	result, err := w.Service.VerifyCode(context.Background(), shown.Code)
	if err != nil || result.Verdict != verify.Valid || result.Code != "V00" || result.License.Status != "valid" || result.License.StatusSource != "online" || result.Format != "presentation" {
		t.Fatalf("%+v %v", result, err)
	}
	t.Run("L-02 second scan", func(t *testing.T) {
		_, err := w.Service.VerifyCode(context.Background(), shown.Code)
		wantCode(t, err, fault.CodeConsumed)
		_, err = w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: shown.ID})
		wantCode(t, err, fault.CodeConsumed)
		var notices []string
		for _, r := range twin.Records() {
			for _, m := range r.Messages {
				var n elicense.Notice
				if m.Topic == elicense.TopicPresented && json.Unmarshal(m.Payload, &n) == nil && n.HolderRef == licensetest.Holder {
					notices = append(notices, n.Event)
				}
			}
		}
		if !slices.Equal(notices, []string{"scanned", "scanned_again"}) {
			t.Errorf("the holder heard %v", notices)
		}
	})
}

func TestL02ManyScannersAtOnce(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var valid, consumed atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			result, err := w.Service.VerifyCode(context.Background(), shown.Code)
			switch {
			case err == nil && result.Verdict == verify.Valid:
				valid.Add(1)
			case fault.CodeOf(err) == fault.CodeConsumed:
				consumed.Add(1)
			}
		})
	}
	group.Wait()
	if valid.Load() != 1 || consumed.Load() != 15 {
		t.Errorf("%d valid, %d consumed", valid.Load(), consumed.Load())
	}
}

func TestTheCodeRotates(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	first, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(15 * time.Second)
	second, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: first.ID})
	if err != nil || second.Code == first.Code || second.ID != first.ID {
		t.Fatalf("%v", err)
	}
	w.Advance(45 * time.Second)
	_, err = w.Service.VerifyCode(context.Background(), first.Code)
	wantCode(t, err, fault.CodeExpired) // L-01
	third, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: first.ID})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := w.Service.VerifyCode(context.Background(), third.Code); err != nil || result.Verdict != verify.Valid {
		t.Errorf("%v %v", result.Code, err)
	}
	fresh, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(11 * time.Minute)
	_, err = w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: fresh.ID})
	wantCode(t, err, fault.CodeExpired)
}

func TestWhoMayPresent(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	other := w.Issued(t, licensetest.SampleApplication("B2"))
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		ctx  context.Context
		id   string
		r    elicense.PresentRequest
		code fault.Code
	}{
		{"anonymous", context.Background(), l.ID, elicense.PresentRequest{}, fault.Unauthenticated},
		{"somebody else", licensetest.As("account:other"), l.ID, elicense.PresentRequest{}, fault.NotFound},
		{"staff", licensetest.Issuer, l.ID, elicense.PresentRequest{}, fault.NotFound},
		{"not there", licensetest.Person, "lic_x", elicense.PresentRequest{}, fault.NotFound},
		{"unknown profile", licensetest.Person, l.ID, elicense.PresentRequest{Profile: "x"}, fault.Invalid},
		{"odd challenge", licensetest.Person, l.ID, elicense.PresentRequest{Challenge: []byte("short")}, fault.Invalid},
		{"presentation of another licence", licensetest.Person, other.ID, elicense.PresentRequest{Presentation: shown.ID}, fault.NotFound},
		{"unknown presentation", licensetest.Person, l.ID, elicense.PresentRequest{Presentation: "prs_x"}, fault.NotFound},
	} {
		_, err := w.Service.Present(test.ctx, test.id, test.r)
		if fault.CodeOf(err) != test.code {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Suspension, "")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	wantCode(t, err, fault.LicenseState)
}

func TestL05RevokedAfterTheCodeWasShown(t *testing.T) {
	for operation, want := range map[elicense.Operation]string{elicense.Revocation: "V10", elicense.Suspension: "V11"} {
		w, _ := newWorld(t)
		l := w.Issued(t, licensetest.SampleApplication("B1"))
		shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(operation, "")); err != nil {
			t.Fatal(err)
		}
		result, err := w.Service.VerifyCode(context.Background(), shown.Code)
		if err != nil || result.Verdict != verify.Invalid || result.Code != want {
			t.Errorf("%s: %s %v", operation, result.Code, err)
		}
	}
}

// evidence opens what the platform publishes, as an offline verifier carries it.
func evidence(t *testing.T, w *licensetest.World) licensefile.Options {
	t.Helper()
	ctx := context.Background()
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	keys, err := w.Service.Published(ctx, elicense.NameKeys)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := presentation.OpenBundle(keys.Content)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Service.Published(ctx, elicense.NameDelta)
	if err != nil {
		t.Fatal(err)
	}
	delta, err := statuslist.OpenDelta(p.Content)
	if err != nil {
		t.Fatal(err)
	}
	options := w.Options(t)
	options.Bundles, options.Deltas = []*presentation.Bundle{bundle}, []*statuslist.Delta{delta}
	options.Consumed = func([16]byte) bool { return false }
	return options
}

func TestCodeOffline(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	options := evidence(t, w)
	text := []byte(shown.Code + "\n")
	if result := licensefile.Verify("code.txt", text, options); result.Verdict != verify.Valid || result.Code != "V00" || result.License.StatusSource != "list" {
		t.Errorf("%+v", result)
	}
	for _, test := range []struct {
		name   string
		change func(*licensefile.Options)
		want   string
		verb   verify.Verdict
	}{
		{"L-08 no keys", func(o *licensefile.Options) { o.Bundles = nil }, "V24", verify.Indeterminate},
		{"L-08 no status", func(o *licensefile.Options) { o.Deltas = nil }, "V01", verify.Indeterminate},
		{"no replay cache and no challenge", func(o *licensefile.Options) { o.Consumed = nil }, "V01", verify.Indeterminate},
		{"another root", func(o *licensefile.Options) { o.Roots = nil }, "V24", verify.Indeterminate},
		{"consumed in this venue", func(o *licensefile.Options) { o.Consumed = func([16]byte) bool { return true } }, "V41", verify.Invalid},
		{"challenge not answered", func(o *licensefile.Options) { o.Challenge = []byte("12345678") }, "V41", verify.Invalid},
		{"L-01 a minute later", func(o *licensefile.Options) { o.At = o.At.Add(time.Minute) }, "V12", verify.Invalid},
	} {
		changed := options
		test.change(&changed)
		if result := licensefile.Verify("code.txt", text, changed); result.Verdict != test.verb || result.Code != test.want {
			t.Errorf("%s: %s %s", test.name, result.Verdict, result.Code)
		}
	}
	// A change of status reaches offline verifiers with the next delta.
	w.Advance(time.Second)
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, "")); err != nil {
		t.Fatal(err)
	}
	if err := w.Service.HandlePublish(context.Background(), []byte(`{"list":1}`)); err != nil {
		t.Fatal(err)
	}
	if result := licensefile.Verify("code.txt", text, evidence(t, w)); result.Verdict != verify.Indeterminate || result.Code != "V01" || result.License.Status != "unknown" {
		t.Errorf("in the delta: %s %s", result.Verdict, result.Code)
	}
}

func TestL04OddCodesOnline(t *testing.T) {
	w, _ := newWorld(t)
	for name, text := range map[string]string{"empty": "", "address": "https://evil.example/v/1", "megabytes": "LZ1:" + strings.Repeat("A", 1<<20), "damaged": "LZ1:ABC"} {
		if _, err := w.Service.VerifyCode(context.Background(), text); fault.CodeOf(err) != fault.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestL03ForeignCodeOnline(t *testing.T) {
	w, _ := newWorld(t)
	other, _ := newWorld(t)
	l := other.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := other.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.Service.VerifyCode(context.Background(), shown.Code)
	if err != nil || result.Verdict != verify.Invalid || result.Code != "V41" || result.License != nil {
		t.Errorf("%+v %v", result, err)
	}
	if result, err := other.Service.VerifyFile(context.Background(), "code.txt", []byte(shown.Code+"\n")); err != nil || result.Verdict != verify.Valid {
		t.Errorf("code in a file: %+v %v", result, err)
	}
}

// TestL10GuessesAtOnce: of guesses about one number that all come at once, from as many addresses, no more are judged than one after the other,
// and what is right is taken back.
func TestL10GuessesAtOnce(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	for i := range 60 {
		if result, err := w.Service.Lookup(withIP(licensetest.As(""), fmt.Sprintf("203.0.113.%d", i)), l.LicenseID, "003B"); err != nil || result.Code != "V00" {
			t.Fatalf("right ones count: %v", err)
		}
	}
	var judged, limited atomic.Int64
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			switch _, err := w.Service.Lookup(withIP(licensetest.As(""), fmt.Sprintf("198.51.%d.%d", i/100, i%100)), l.LicenseID, "wrong"); fault.CodeOf(err) {
			case "":
				judged.Add(1)
			case fault.LookupLimited:
				limited.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if judged.Load() != 50 || limited.Load() != 150 {
		t.Errorf("%d judged, %d refused", judged.Load(), limited.Load())
	}
}

func TestL10Lookup(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	from := func(ip string) context.Context {
		ctx := licensetest.As("")
		return withIP(ctx, ip)
	}
	result, err := w.Service.Lookup(from("192.0.2.7"), l.LicenseID, "003B")
	if err != nil || result.Verdict != verify.Valid || result.Code != "V00" || result.License.StatusSource != "online" {
		t.Fatalf("%+v %v", result, err)
	}
	wrong, err := w.Service.Lookup(from("192.0.2.7"), l.LicenseID, "0016")
	if err != nil || wrong.Code != "V40" || wrong.License != nil {
		t.Fatalf("%+v %v", wrong, err)
	}
	absent, err := w.Service.Lookup(from("192.0.2.7"), "1.2.156.3005.2.x", "003B")
	a, _ := json.Marshal(wrong)
	b, _ := json.Marshal(absent)
	if err != nil || string(a) != string(b) {
		t.Errorf("the answers differ: %s %s", a, b)
	}
	for range 3 {
		if _, err := w.Service.Lookup(from("192.0.2.7"), l.LicenseID, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.Service.Lookup(from("192.0.2.7"), l.LicenseID, "003B")
	wantCode(t, err, fault.LookupLimited)
	if fault.From(err).RetryAfter == 0 {
		t.Error("no Retry-After")
	}
	if result, err := w.Service.Lookup(from("192.0.2.8"), l.LicenseID, "003B"); err != nil || result.Code != "V00" {
		t.Errorf("another caller: %v", err)
	}
	w.Advance(11 * time.Minute)
	if result, err := w.Service.Lookup(from("192.0.2.7"), l.LicenseID, "003B"); err != nil || result.Code != "V00" {
		t.Errorf("after the window: %v", err)
	}
	for i := range 6 { // addresses of one line of IPv6 are one caller
		_, err = w.Service.Lookup(from(fmt.Sprintf("2001:db8:1:2:%x::1", i)), "1.2.156.3005.2.x", "003B")
	}
	wantCode(t, err, fault.LookupLimited)
	if _, err := w.Service.Lookup(from("2001:db8:1:3::1"), l.LicenseID, "003B"); err != nil {
		t.Errorf("another line: %v", err)
	}
	for i := range 60 {
		_, err = w.Service.Lookup(from("198.51.100."+string(rune('0'+i/5))), l.LicenseID, "wrong")
		if fault.CodeOf(err) == fault.LookupLimited {
			break
		}
	}
	wantCode(t, err, fault.LookupLimited) // by number, from many addresses
	_, err = w.Service.Lookup(from("203.0.113.1"), strings.Repeat("1", 300), "003B")
	wantCode(t, err, fault.Invalid)
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, "")); err != nil {
		t.Fatal(err)
	}
	w.Advance(11 * time.Minute)
	if result, err := w.Service.Lookup(from("192.0.2.7"), l.LicenseID, "003B"); err != nil || result.Code != "V10" || result.License.Status != "revoked" {
		t.Errorf("revoked: %+v %v", result, err)
	}
}

func TestWallet(t *testing.T) {
	w, _ := newWorld(t)
	a := licensetest.SampleApplication("B1")
	a.HolderRef = ""
	l := w.Issued(t, a)
	if page, _, err := w.Service.Mine(licensetest.Person, "", 0); err != nil || len(page) != 0 {
		t.Fatal(page, err)
	}
	if n, err := w.Service.Claim(context.Background(), licensetest.Holder, "001", "91990000MA7QX00016"); n != 0 || err != nil {
		t.Errorf("another code: %d %v", n, err)
	}
	if n, err := w.Service.Claim(context.Background(), licensetest.Holder, "001", "91990000MA7QX0003B"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := w.Service.Claim(context.Background(), "account:thief", "001", "91990000MA7QX0003B"); n != 0 || err != nil {
		t.Errorf("claimed twice: %d %v", n, err)
	}
	page, next, err := w.Service.Mine(licensetest.Person, "", 0)
	if err != nil || len(page) != 1 || page[0].ID != l.ID || next != "" {
		t.Fatal(page, next, err)
	}
	for name, ctx := range map[string]context.Context{"somebody else": licensetest.As("account:other")} {
		if _, err := w.Service.Find(ctx, l.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := w.Service.Document(ctx, l.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.Service.Find(context.Background(), l.ID)
	wantCode(t, err, fault.Unauthenticated)
	_, _, err = w.Service.List(licensetest.Person, elicense.Filter{})
	wantCode(t, err, fault.Forbidden)
	_, _, err = w.Service.Events(licensetest.Person, l.ID, "", 50)
	wantCode(t, err, fault.Forbidden)
	_, _, err = w.Service.List(licensetest.Clerk, elicense.Filter{Limit: 201})
	wantCode(t, err, fault.Invalid)
	_, _, err = w.Service.Mine(context.Background(), "", 0)
	wantCode(t, err, fault.Unauthenticated)
}

// TestX12AnErasedHolderIsForgotten: the bond of the licences, the view tokens and the holder's key go; the register stays, the
// licence verifies, and whoever proves the code later has the licence again.
func TestX12AnErasedHolderIsForgotten(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	live := func() (n int) {
		list, err := w.Keys.Provider().List(context.Background(), keys.UsageHolder, licensetest.Holder)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			if info.State != keys.Destroyed {
				n++
			}
		}
		return n
	}
	if live() != 1 {
		t.Fatalf("%d keys of the holder", live())
	}
	for range 2 { // the message may come twice
		if err := w.Service.Forget(context.Background(), licensetest.Holder); err != nil {
			t.Fatal(err)
		}
	}
	if live() != 0 {
		t.Errorf("%d keys of the holder live on", live())
	}
	if page, _, err := w.Service.Mine(licensetest.Person, "", 10); err != nil || len(page) != 0 {
		t.Errorf("the wallet still holds %d licences: %v", len(page), err)
	}
	if _, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the licence can be shown: %v", err)
	}
	if result, err := w.Service.VerifyCode(context.Background(), shown.Code); err == nil && result.Verdict == verify.Valid {
		t.Errorf("a code of the person who was erased is still good: %+v", result)
	}
}
