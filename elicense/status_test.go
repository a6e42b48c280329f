package elicense_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func order(operation elicense.Operation, to string) elicense.StatusChange {
	return elicense.StatusChange{Operation: operation, To: to, LegalBasis: "行政许可法第七十条", DecisionNumber: "示市监注〔2026〕1号"}
}

func TestRevocationIsOneWrite(t *testing.T) {
	w, twin := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	records := len(twin.Records())
	revoked, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, ""))
	if err != nil || revoked.Status != "cancelled" || revoked.Bits != statuslist.Ended {
		t.Fatalf("%+v %v", revoked, err)
	}
	written := twin.Records()[records:]
	if len(written) != 1 || len(written[0].Events) != 1 || written[0].Events[0].Type != "license.status.cancelled" || written[0].Events[0].Reason != "行政许可法第七十条" {
		t.Fatalf("%+v", written)
	}
	var topics []string
	for _, m := range written[0].Messages {
		topics = append(topics, m.Topic)
	}
	if !slices.Equal(topics, []string{elicense.TopicStatus, elicense.TopicPublish}) {
		t.Errorf("messages %v", topics)
	}
	events, next, err := w.Service.Events(licensetest.Issuer, l.ID, "", 2)
	if err != nil || next != "" || len(events) != 2 || events[0].From != "valid" || events[0].To != "cancelled" || events[0].DecisionNumber != "示市监注〔2026〕1号" {
		t.Errorf("%+v %v", events, err)
	}
	if page, next, err := w.Service.Events(licensetest.Issuer, l.ID, "", 1); err != nil || len(page) != 1 || next != page[0].ID || page[0] != events[0] {
		t.Errorf("a page of one: %+v %q %v", page, next, err)
	}
	// The message that went with it publishes the list.
	if err := w.Service.HandlePublish(context.Background(), written[0].Messages[1].Payload); err != nil {
		t.Fatal(err)
	}
	p, err := w.Service.Published(context.Background(), strconv.FormatUint(l.List, 10))
	if err != nil {
		t.Fatal(err)
	}
	list, err := statuslist.Open(p.Content)
	if err != nil {
		t.Fatal(err)
	}
	name, document, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	result := licensefile.Verify(name, document, w.Options(t, list))
	if result.Verdict != verify.Invalid || result.Code != "V10" || result.License.Status != "revoked" {
		t.Errorf("%+v", result)
	}
	again, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, ""))
	if err != nil || again.Revision != revoked.Revision {
		t.Errorf("revoke again: %v", err)
	}
	_, err = w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Resumption, ""))
	wantCode(t, err, fault.LicenseState)
	_, err = w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, "withdrawn"))
	wantCode(t, err, fault.LicenseState)
}

func TestStatusChangesThatAreRefused(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	draft, _, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		ctx    context.Context
		id     string
		change func(*elicense.StatusChange)
		code   fault.Code
	}{
		{"without the role", licensetest.Reviewer, l.ID, func(*elicense.StatusChange) {}, fault.Forbidden},
		{"anonymous", context.Background(), l.ID, func(*elicense.StatusChange) {}, fault.Unauthenticated},
		{"not there", licensetest.Issuer, "lic_x", func(*elicense.StatusChange) {}, fault.NotFound},
		{"not issued", licensetest.Issuer, draft.ID, func(*elicense.StatusChange) {}, fault.LicenseState},
		{"no legal basis", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.LegalBasis = "" }, fault.LicenseReason},
		{"no decision", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.DecisionNumber = "" }, fault.LicenseReason},
		{"effective in the future", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.EffectiveAt = licensetest.Start.Add(time.Hour) }, fault.LicenseReason},
		{"effective before it was issued", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.EffectiveAt = licensetest.Start.AddDate(0, 0, -2) }, fault.LicenseState},
		{"revocation with an end", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.Until = licensetest.Start.Add(time.Hour) }, fault.LicenseReason},
		{"operation and status differ", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.To = "suspended" }, fault.Invalid},
		{"unknown status", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.To = "burnt" }, fault.Invalid},
		{"unknown operation", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.Operation = "burning" }, fault.Invalid},
		{"resume what is in force", licensetest.Issuer, l.ID, func(c *elicense.StatusChange) { c.Operation, c.To = elicense.Resumption, "restricted" }, fault.Invalid},
	} {
		c := order(elicense.Revocation, "")
		test.change(&c)
		_, err := w.Service.ChangeStatus(test.ctx, test.id, c)
		if fault.CodeOf(err) != test.code {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSuspensionEndsByItself(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	c := order(elicense.Suspension, "")
	c.Until = w.Now().Add(48 * time.Hour)
	suspended, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, c)
	if err != nil || suspended.Status != "suspended" || suspended.Bits != statuslist.NotUsable {
		t.Fatal(suspended.Status, err)
	}
	if status, _ := w.List(t, l.List).Lookup(l.Index); status != statuslist.NotUsable {
		t.Error("the list does not show it")
	}
	w.Advance(47 * time.Hour)
	if n, err := w.Service.ResumeDue(context.Background()); n != 0 || err != nil {
		t.Errorf("too early: %d %v", n, err)
	}
	w.Advance(time.Hour)
	if n, err := w.Service.ResumeDue(context.Background()); n != 1 || err != nil {
		t.Errorf("at the end: %d %v", n, err)
	}
	after, err := w.Store.Find(context.Background(), l.ID)
	if err != nil || after.Status != "valid" || after.Bits != statuslist.InForce || !after.StatusUntil.IsZero() {
		t.Errorf("%+v %v", after, err)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Suspension, "restricted")); err != nil {
		t.Error(err)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Resumption, "")); err != nil {
		t.Error(err)
	}
}

func TestNewVersionReplacesTheOld(t *testing.T) {
	w, _ := newWorld(t)
	old := w.Issued(t, licensetest.SampleApplication("B1"))
	a := licensetest.SampleApplication("B2")
	a.Replaces = old.ID
	a.Fields["domicile"] = "示例市西城区长安街1号"
	rival := a
	rival.BusinessNumber = "B3"
	first, second := w.Approved(t, a), w.Approved(t, rival)
	issued, err := w.Service.Issue(licensetest.Issuer, first.ID)
	if err != nil || issued.Version != 2 || !strings.Contains(issued.LicenseID, ".002.") {
		t.Fatalf("%+v %v", issued, err)
	}
	oldID, newID := strings.Split(old.LicenseID, "."), strings.Split(issued.LicenseID, ".")
	if oldID[7] != newID[7] {
		t.Error("the serial changed")
	}
	before, err := w.Store.Find(context.Background(), old.ID)
	if err != nil || before.Status != "superseded" || before.ReplacedBy != issued.ID || before.Bits != statuslist.Replaced {
		t.Errorf("%+v %v", before, err)
	}
	_, err = w.Service.Issue(licensetest.Issuer, second.ID)
	wantCode(t, err, fault.LicenseState)
	d, err := w.Service.Find(licensetest.Issuer, issued.ID)
	if err != nil || d.Values.First("replaces") != old.LicenseID {
		t.Errorf("%v", err)
	}
	name, document, err := w.Service.Document(licensetest.Issuer, old.ID)
	if err != nil {
		t.Fatal(err)
	}
	if result := licensefile.Verify(name, document, w.Options(t, w.List(t, old.List))); result.Code != "V13" || result.License.Status != "superseded" {
		t.Errorf("%s", result.Code)
	}
	a.BusinessNumber = "B4"
	_, _, err = w.Service.Apply(licensetest.Clerk, a)
	wantCode(t, err, fault.LicenseState)
}

func TestPublishedObjectsAreRefreshed(t *testing.T) {
	w, _ := newWorld(t)
	ctx := context.Background()
	if err := w.Service.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	numbers := func() (list []uint64) {
		for _, name := range []string{"1", elicense.NameDelta, elicense.NameKeys} {
			p, err := w.Service.Published(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, p.Number)
		}
		return list
	}
	if got := numbers(); !slices.Equal(got, []uint64{1, 1, 1}) {
		t.Fatal(got)
	}
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); !slices.Equal(got, []uint64{1, 1, 1}) {
		t.Errorf("published without need: %v", got)
	}
	w.Advance(time.Hour)
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); !slices.Equal(got, []uint64{1, 2, 1}) {
		t.Errorf("after an hour: %v", got)
	}
	w.Advance(12 * time.Hour)
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); !slices.Equal(got, []uint64{2, 3, 2}) {
		t.Errorf("after thirteen: %v", got)
	}
	p, err := w.Service.Published(ctx, elicense.NameKeys)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := presentation.OpenBundle(p.Content)
	if err != nil || len(bundle.Keys) != 1 {
		t.Fatalf("%+v %v", bundle, err)
	}
	trust, _ := w.Trust(ctx)
	if _, err := bundle.Judge(trust); err != nil {
		t.Error(err)
	}
	_, err = w.Service.Published(ctx, "../1")
	wantCode(t, err, fault.NotFound)
	if err := w.Service.HandlePublish(ctx, []byte("x")); err == nil {
		t.Error("a broken order is taken")
	}
}

// stale is a store on which another node publishes first, a number of times.
type stale struct {
	elicense.Store
	times int
}

func (s *stale) Publish(ctx context.Context, p elicense.Published, entries []elicense.LogEntry, record audit.Record) error {
	if s.times > 0 {
		s.times--
		return elicense.ErrStale
	}
	return s.Store.Publish(ctx, p, entries, record)
}

func TestAListOvertakenByAnotherNodeIsMadeAgain(t *testing.T) {
	w, twin := newWorld(t)
	w.Store = &stale{twin, 3}
	w.Restart(t)
	if err := w.Service.PublishList(context.Background(), 1); err != nil {
		t.Error(err)
	}
	w.Store = &stale{twin, 100}
	w.Restart(t)
	wantCode(t, w.Service.PublishList(context.Background(), 1), fault.Unavailable)
}
