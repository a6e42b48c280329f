package esign_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// personalActive takes an application that somebody else makes for Official to a seal in use.
func personalActive(t testing.TB, w *sealtest.World, n int) esign.Seal {
	t.Helper()
	seal, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(n, "official"))
	for _, step := range []struct {
		as context.Context
		do func(context.Context, string) (esign.Seal, error)
	}{{sealtest.Official, w.Service.Confirm}, {sealtest.Reviewer, w.Service.Approve}, {sealtest.Maker, w.Service.Make}, {sealtest.Official, w.Service.Activate}} {
		if err != nil {
			t.Fatal(err)
		}
		seal, err = step.do(step.as, seal.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func answers(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

// TestX15PersonalSeal: the way of a personal seal, its data, and its certificate.
func TestX15PersonalSeal(t *testing.T) {
	twin := sealtest.NewTwin()
	w := sealtest.NewWorld(t, twin)
	seal := personalActive(t, w, 1)
	if !seal.Personal() || seal.Name != "王小明（示例市市场监督管理局）" || seal.Bearer.ConfirmedBy != "staff:official" || seal.Bearer.Account != "staff:official" {
		t.Errorf("%+v", seal.Bearer)
	}
	parsed, err := ses.ParseSeal(seal.SES)
	if err != nil || parsed.Property.Type != ses.TypePerson || parsed.Property.Name != seal.Name || parsed.Picture.WidthMM != 18 || parsed.Picture.HeightMM != 18 {
		t.Errorf("%+v %v", parsed, err)
	}
	certificate, err := pki.ParseCertificate(seal.SignerCert)
	if err != nil || certificate.Subject.String() != "CN=王小明,OU=局长,O=11990000MB7QX0015W 示例市市场监督管理局,C=CN" {
		t.Errorf("%v %v", certificate.Subject, err)
	}
	other := w.Active(t, sealtest.SampleApplication(2))
	if second, err := ses.ParseSeal(other.SES); err != nil || second.Property.Type != ses.TypeOrganisation || other.KeyID == seal.KeyID {
		t.Errorf("a seal of the organisation: %+v %v", second, err)
	}
	_, document, err := w.Service.Stamp(sealtest.Official, sealtest.Request(seal, sealtest.Document(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	report := w.Verify(t, document)
	if report.Verdict != verify.Valid || report.Code != "V00" || len(report.Signatures) != 1 || report.Signatures[0].Seal.Type != ses.TypePerson ||
		!slices.ContainsFunc(report.Reasons, func(r verify.Reason) bool { return r.Code == "seal_personal" }) {
		t.Errorf("%s %s %+v", report.Verdict, report.Code, report.Reasons)
	}
	var kinds []string
	for _, record := range twin.Records() {
		for _, e := range record.Events {
			if e.ObjectID == seal.ID {
				kinds = append(kinds, e.Type+" "+e.Actor)
			}
			for _, detail := range e.Details {
				if detail == sealtest.PersonName {
					t.Errorf("the audit record %s holds the name", e.Type)
				}
			}
		}
	}
	if !slices.Equal(kinds, []string{"seal.applied staff:keeper", "seal.confirmed staff:official", "seal.approved staff:reviewer", "seal.made staff:maker", "seal.active staff:official"}) {
		t.Errorf("events %v", kinds)
	}
}

// TestPersonalSealInAStrip: the picture may be wider than high, and is stamped so.
func TestPersonalSealInAStrip(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	a := sealtest.PersonalApplication(1, "")
	a.Personal.Layout, a.Personal.Filling, a.DiameterMM = sealimage.Strip, "", 10
	seal, err := w.Service.Apply(sealtest.Official, a)
	if err != nil {
		t.Fatal(err)
	}
	if width, height := w.Service.SizeOf(seal); width != 25 || height != 10 {
		t.Errorf("%d × %d", width, height)
	}
	for _, step := range []struct {
		as context.Context
		do func(context.Context, string) (esign.Seal, error)
	}{{sealtest.Reviewer, w.Service.Approve}, {sealtest.Maker, w.Service.Make}, {sealtest.Official, w.Service.Activate}} {
		if seal, err = step.do(step.as, seal.ID); err != nil {
			t.Fatal(err)
		}
	}
	if width, height := w.Service.SizeOf(seal); width != 25 || height != 10 {
		t.Errorf("made: %d × %d", width, height)
	}
	shown, err := w.Service.PreviewStamp(sealtest.Official, seal.ID, sealtest.Document(t, 1), []esign.Place{esign.At(1, 20, 20)})
	if err != nil || len(shown) != 1 || shown[0].Box.Width != 25 || shown[0].Box.Height != 10 {
		t.Errorf("%+v %v", shown, err)
	}
}

// TestWhoConfirms: an application by others waits for its person; by the person it does not.
func TestWhoConfirms(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(1, "official"))
	if err != nil || !seal.Awaits() {
		t.Fatalf("%+v %v", seal.Bearer, err)
	}
	waiting := func(ctx context.Context, state esign.State) int {
		t.Helper()
		list, err := w.Service.Waiting(ctx, 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			if one.State == state {
				return one.Count
			}
		}
		return 0
	}
	if waiting(sealtest.Official, esign.Unconfirmed) != 1 || waiting(sealtest.Keeper, esign.Unconfirmed) != 0 || waiting(sealtest.Reviewer, esign.Applied) != 0 {
		t.Error("it waits for the person alone")
	}
	_, err = w.Service.Approve(sealtest.Reviewer, seal.ID)
	answers(t, "unconfirmed", err, fault.SealUnconfirmed)
	for name, as := range map[string]context.Context{"the applicant": sealtest.Keeper, "another keeper": sealtest.Other} {
		_, err = w.Service.Confirm(as, seal.ID)
		answers(t, name, err, fault.SealNotOwn)
		_, err = w.Service.Decline(as, seal.ID, "不是我")
		answers(t, name+" declines", err, fault.SealNotOwn)
	}
	_, err = w.Service.Confirm(sealtest.As("staff:official", esign.RoleReviewer), seal.ID)
	answers(t, "without the role", err, fault.Forbidden)
	// The same human by the account of a citizen is the person, too.
	seal, err = w.Service.Confirm(sealtest.As("account:official", esign.RoleKeeper), seal.ID)
	if err != nil || seal.Awaits() || seal.Bearer.ConfirmedBy != "account:official" || !seal.Bearer.ConfirmedAt.Equal(w.Now()) {
		t.Fatalf("%+v %v", seal.Bearer, err)
	}
	if waiting(sealtest.Official, esign.Unconfirmed) != 0 || waiting(sealtest.Reviewer, esign.Applied) != 1 {
		t.Error("it waits for reviewers")
	}
	_, err = w.Service.Confirm(sealtest.Official, seal.ID)
	answers(t, "twice", err, fault.SealState)
	_, err = w.Service.Decline(sealtest.Official, seal.ID, "晚了")
	answers(t, "declined after", err, fault.SealState)
	for name, as := range map[string]context.Context{"staff:official": sealtest.As("staff:official", esign.RoleReviewer), "account:official": sealtest.As("account:official", esign.RoleReviewer), "staff:keeper": sealtest.As("staff:keeper", esign.RoleReviewer)} {
		_, err = w.Service.Approve(as, seal.ID)
		answers(t, name+" reviews", err, fault.SealSamePerson)
	}
	if seal, err = w.Service.Approve(sealtest.Reviewer, seal.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Make(sealtest.As("staff:official", esign.RoleMaker), seal.ID)
	answers(t, "the person makes", err, fault.SealSamePerson)

	own, err := w.Service.Apply(sealtest.Official, sealtest.PersonalApplication(2, ""))
	if err != nil || own.Awaits() || own.Bearer.ConfirmedBy != "staff:official" {
		t.Errorf("for oneself: %+v %v", own.Bearer, err)
	}
	_, err = w.Service.Confirm(sealtest.Official, w.Active(t, sealtest.SampleApplication(3)).ID)
	answers(t, "a seal of the organisation in use", err, fault.SealState)
	plain, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(4))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Confirm(sealtest.Official, plain.ID)
	answers(t, "an application of the organisation", err, fault.SealState)
	_, err = w.Service.Decline(sealtest.Official, plain.ID, "x")
	answers(t, "that is declined", err, fault.SealState)

	unwanted, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(5, "official"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Decline(sealtest.Official, unwanted.ID, " ")
	answers(t, "without a reason", err, fault.SealReason)
	if unwanted, err = w.Service.Decline(sealtest.Official, unwanted.ID, "不需要"); err != nil || unwanted.State != esign.Revoked || unwanted.StatusReason != "不需要" {
		t.Errorf("%+v %v", unwanted, err)
	}
}

// TestOfTwoWhoConfirmOne: two windows of the person; one confirmation is on record.
func TestOfTwoWhoConfirmOne(t *testing.T) {
	twin := sealtest.NewTwin()
	w := sealtest.NewWorld(t, twin)
	seal, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(1, "official"))
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			switch _, err := w.Service.Confirm(sealtest.Official, seal.ID); fault.CodeOf(err) {
			case "":
				done.Add(1)
			case fault.Conflict, fault.SealState:
			default:
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	n := 0
	for _, record := range twin.Records() {
		for _, e := range record.Events {
			if e.Type == "seal.confirmed" {
				n++
			}
		}
	}
	if done.Load() != 1 || n != 1 {
		t.Errorf("%d confirmations, %d events", done.Load(), n)
	}
}

// TestOnlyThePersonUsesAPersonalSeal: whatever a keeper does with a seal, whoever the organisation named.
func TestOnlyThePersonUsesAPersonalSeal(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal := personalActive(t, w, 1)
	document := sealtest.Document(t, 1)
	order := sealtest.Request(seal, document)
	acts := map[string]func(ctx context.Context) error{
		"stamp":    func(ctx context.Context) error { _, _, err := w.Service.Stamp(ctx, order); return err },
		"material": func(ctx context.Context) error { _, err := w.Service.Material(ctx, seal.ID); return err },
		"trial": func(ctx context.Context) error {
			_, err := w.Service.PreviewStamp(ctx, seal.ID, document, order.Places)
			return err
		},
		"request": func(ctx context.Context) error {
			_, err := w.Service.RequestUse(ctx, esign.UseOrder{SealID: seal.ID, Document: document, Places: order.Places, Purpose: order.Purpose, Key: "ask"})
			return err
		},
		"rule": func(ctx context.Context) error {
			_, err := w.Service.ProposeRule(ctx, seal.ID, 0, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1, Remote: true})
			return err
		},
	}
	w.Keepers.Names(ownCode, named("keeper"))
	for name, act := range acts {
		answers(t, name, act(sealtest.Keeper), fault.SealNotOwn)
		answers(t, name+" by another", act(sealtest.Other), fault.SealNotOwn)
	}
	answers(t, "stamp by the person", acts["stamp"](sealtest.Official), "")
	answers(t, "trial by the person", acts["trial"](sealtest.Official), "")
	answers(t, "rule by the person", acts["rule"](sealtest.Official), "")
	// A rule for which another keeper would have to approve can never be met.
	_, refusal := w.Service.ProposeRule(sealtest.Official, seal.ID, 1, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleKeeper, Approvals: 1, Hours: 24, Uses: 1})
	if f := fault.From(refusal); f.Code != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "approver" {
		t.Errorf("rule: %v", refusal)
	}
	_, _, err := w.Service.StampFor(context.Background(), "system:elicense", sealtest.Request(seal, sealtest.Document(t, 2)))
	answers(t, "another room", err, fault.SealNotOwn)
	for name, test := range map[string]struct {
		as   context.Context
		want fault.Code
	}{"the person": {sealtest.Official, ""}, "a keeper": {sealtest.Keeper, fault.SealNotOwn}} {
		if n, err := w.Service.NamedFor(test.as, seal); err != nil || fault.CodeOf(n.Refusal) != test.want || n.By != "" || len(n.Keepers) != 0 {
			t.Errorf("%s: %+v %v", name, n, err)
		}
	}
	if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "疑似遗失"); err != nil {
		t.Errorf("stopping is open to every keeper: %v", err)
	}
}

// TestWhoIsNoPerson: one answer for whoever is not of the organisation, under that name.
func TestWhoIsNoPerson(t *testing.T) {
	for name, c := range map[string]struct {
		login  string
		change func(*esign.Person)
		typed  string
	}{
		"unknown login":              {"nobody", nil, sealtest.PersonName},
		"another name":               {"official", nil, "李明"},
		"suspended":                  {"official", func(p *esign.Person) { p.Works = false }, sealtest.PersonName},
		"of another organisation":    {"official", func(p *esign.Person) { p.Organisation = "11990000MB7QX0023R" }, sealtest.PersonName},
		"of none":                    {"official", func(p *esign.Person) { p.Organisation = "" }, sealtest.PersonName},
		"whose name nobody knows":    {"official", func(p *esign.Person) { p.Name = "" }, sealtest.PersonName},
		"oneself, with another name": {"", nil, sealtest.PersonName},
	} {
		t.Run(name, func(t *testing.T) {
			w := sealtest.NewWorld(t, sealtest.NewTwin())
			if c.change != nil {
				w.People.Change(c.login, c.change)
			}
			a := sealtest.PersonalApplication(1, c.login)
			a.Personal.Name = c.typed
			_, err := w.Service.Apply(sealtest.Keeper, a)
			if f := fault.From(err); f.Code != fault.SealPerson || len(f.Fields) != 1 || f.Fields[0].Name != "person" {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("without the room that knows", func(t *testing.T) {
		w := sealtest.NewWorld(t, sealtest.NewTwin())
		cfg := w.Config()
		cfg.People = nil
		service, err := esign.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = service.Apply(sealtest.Keeper, sealtest.PersonalApplication(1, "official"))
		answers(t, "apply", err, fault.SealPerson)
		seal := personalActive(t, w, 2)
		_, _, err = service.Stamp(sealtest.Official, sealtest.Request(seal, sealtest.Document(t, 1)))
		answers(t, "stamp", err, fault.Unavailable)
		_, err = service.Suspend(sealtest.Keeper, seal.ID, "x")
		answers(t, "suspend", err, "")
		_, err = service.Resume(sealtest.Reviewer, seal.ID)
		answers(t, "resume", err, fault.Unavailable)
	})
}

// TestPersonalApplicationFields: all that is wrong is told at once, and what cannot be drawn by the name.
func TestPersonalApplicationFields(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	fields := func(change func(*esign.Application)) (names []string) {
		t.Helper()
		a := sealtest.PersonalApplication(1, "official")
		change(&a)
		_, err := w.Service.Apply(sealtest.Keeper, a)
		if code := fault.CodeOf(err); code != fault.SealUnfit {
			t.Errorf("%v", err)
		}
		for _, f := range fault.From(err).Fields {
			names = append(names, f.Name)
		}
		slices.Sort(names)
		_, _, _, again := w.Service.PreviewApplication(sealtest.Keeper, a)
		if fault.CodeOf(again) != fault.CodeOf(err) || len(fault.From(again).Fields) != len(names) {
			t.Errorf("the preview says %v", again)
		}
		return names
	}
	for name, c := range map[string]struct {
		change func(*esign.Application)
		want   []string
	}{
		"no organisation":     {func(a *esign.Application) { a.OwnerCode = "" }, []string{"owner_code"}},
		"a line":              {func(a *esign.Application) { a.Line = "专用章" }, []string{"line"}},
		"no name":             {func(a *esign.Application) { a.Personal.Name = " " }, []string{"person"}},
		"long name":           {func(a *esign.Application) { a.Personal.Name = "一二三四五六七八九十一二三四五六七" }, []string{"person"}},
		"no basis":            {func(a *esign.Application) { a.Personal.Basis = "" }, []string{"basis"}},
		"office of two lines": {func(a *esign.Application) { a.Personal.Office = "局\n长" }, []string{"office"}},
		"login of two lines":  {func(a *esign.Application) { a.Personal.Login = "a\nb" }, []string{"person_login"}},
		"round":               {func(a *esign.Application) { a.Personal.Layout = "round" }, []string{"layout"}},
		"filled otherwise":    {func(a *esign.Application) { a.Personal.Filling = "x" }, []string{"filling"}},
		"too small":           {func(a *esign.Application) { a.DiameterMM = 11 }, []string{"height_mm"}},
		"too large":           {func(a *esign.Application) { a.DiameterMM = 31 }, []string{"height_mm"}},
		"half a millimetre":   {func(a *esign.Application) { a.DiameterMM = 18.5 }, []string{"height_mm"}},
		"several":             {func(a *esign.Application) { a.Code, a.Personal.Basis, a.Personal.Layout = "1", "", "" }, []string{"basis", "layout", "seal_id"}},
		"does not fit":        {func(a *esign.Application) { a.Personal.Name = "一二三四五六七" }, []string{"person"}},
	} {
		if got := fields(c.change); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	picture, width, height, err := w.Service.PreviewApplication(sealtest.Keeper, sealtest.PersonalApplication(1, "official"))
	if err != nil || len(picture) == 0 || width != 18 || height != 18 {
		t.Errorf("%d octets, %d × %d, %v", len(picture), width, height, err)
	}
	if _, width, _, err = w.Service.PreviewApplication(sealtest.Keeper, sealtest.SampleApplication(1)); err != nil || width != 42 {
		t.Errorf("%d %v", width, err)
	}
	_, _, _, err = w.Service.PreviewApplication(sealtest.Reviewer, sealtest.SampleApplication(1))
	answers(t, "a reviewer", err, fault.Forbidden)
}

// TestAPersonWhoLeavesSealsNoMore: refused at once, stopped by the message, and resumed only while it is right again.
func TestAPersonWhoLeavesSealsNoMore(t *testing.T) {
	for name, change := range map[string]func(*esign.Person){
		"closed or suspended":  func(p *esign.Person) { p.Works = false },
		"another organisation": func(p *esign.Person) { p.Organisation = "11990000MB7QX0023R" },
		"another name":         func(p *esign.Person) { p.Name = "王晓明" },
		"forgotten":            nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := sealtest.NewWorld(t, sealtest.NewTwin())
			seal, other := personalActive(t, w, 1), w.Active(t, sealtest.SampleApplication(2))
			if err := w.Service.PersonChanged(t.Context(), "staff:official"); err != nil {
				t.Fatal(err)
			}
			if still, err := w.Service.Find(sealtest.Keeper, seal.ID); err != nil || still.State != esign.Active {
				t.Fatalf("stopped without a reason: %v", err)
			}
			before, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(3, "official"))
			if err == nil {
				before, err = w.Service.Confirm(sealtest.Official, before.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			if change == nil {
				w.People.Forget("official")
			} else {
				w.People.Change("official", change)
			}
			_, _, err = w.Service.Stamp(sealtest.Official, sealtest.Request(seal, sealtest.Document(t, 1)))
			answers(t, "stamp", err, fault.SealPersonLeft)
			_, err = w.Service.Approve(sealtest.Reviewer, before.ID)
			answers(t, "approve", err, fault.SealPersonLeft)
			for range 2 { // a message may come twice
				if err := w.Service.PersonChanged(t.Context(), "staff:official"); err != nil {
					t.Fatal(err)
				}
			}
			stopped, err := w.Service.Find(sealtest.Keeper, seal.ID)
			if err != nil || stopped.State != esign.Suspended || stopped.StoppedBy != "system:esign-personal" || stopped.StatusReason == "" {
				t.Errorf("%+v %v", stopped, err)
			}
			if still, err := w.Service.Find(sealtest.Keeper, other.ID); err != nil || still.State != esign.Active {
				t.Errorf("another seal was stopped: %v", err)
			}
			_, err = w.Service.Resume(sealtest.Reviewer, seal.ID)
			answers(t, "resume", err, fault.SealPersonLeft)
			w.People.Change("official", func(p *esign.Person) {
				*p = esign.Person{Account: "staff:official", Name: sealtest.PersonName, Organisation: ownCode, Works: true}
			})
			if _, err := w.Service.Resume(sealtest.Reviewer, seal.ID); err != nil {
				t.Errorf("back again: %v", err)
			}
			if _, err := w.Service.Approve(sealtest.Reviewer, before.ID); err != nil {
				t.Error(err)
			}
			w.People.Change("official", func(p *esign.Person) { p.Works = false })
			_, err = w.Service.Make(sealtest.Maker, before.ID)
			answers(t, "make", err, fault.SealPersonLeft)
		})
	}
}

// TestAPersonWhoLeavesInMidStamp releases nothing.
func TestAPersonWhoLeavesInMidStamp(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal := personalActive(t, w, 1)
	w.Steps.FailBefore = func(_ int, name string) bool {
		if name == "store plan" {
			w.People.Change("official", func(p *esign.Person) { p.Works = false })
		}
		return false
	}
	_, document, err := w.Service.Stamp(sealtest.Official, sealtest.Request(seal, sealtest.Document(t, 1)))
	answers(t, "stamp", err, fault.SealPersonLeft)
	if document != nil {
		t.Error("a document came out")
	}
}

// TestSilenceAboutPeopleLetsNobodyPass: whatever fails is 503, and stopping waits for nobody.
func TestSilenceAboutPeopleLetsNobodyPass(t *testing.T) {
	for _, step := range []string{"people person", "people human"} {
		t.Run(step, func(t *testing.T) {
			w := sealtest.NewWorld(t, sealtest.NewTwin())
			seal := personalActive(t, w, 1)
			w.Steps.FailBefore = func(_ int, name string) bool { return name == step }
			_, _, err := w.Service.Stamp(sealtest.As("account:official", esign.RoleKeeper), sealtest.Request(seal, sealtest.Document(t, 1)))
			answers(t, "stamp", err, fault.Unavailable)
			_, err = w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(2, "official"))
			answers(t, "apply", err, fault.Unavailable)
			if _, err := w.Service.NamedFor(sealtest.As("account:official", esign.RoleKeeper), seal); fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("who keeps it: %v", err)
			}
			if step == "people person" {
				if err := w.Service.PersonChanged(t.Context(), "staff:official"); fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("message: %v", err)
				}
			}
			if still, err := w.Service.Find(sealtest.Keeper, seal.ID); err != nil || still.State != esign.Active {
				t.Errorf("stopped on silence: %v", err)
			}
			if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "遗失"); err != nil {
				t.Errorf("suspend: %v", err)
			}
		})
	}
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	personalActive(t, w, 1)
	w.People.Forget("official")
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "store update" }
	if err := w.Service.PersonChanged(t.Context(), "staff:official"); !errors.Is(err, sealtest.ErrCrash) {
		t.Errorf("a store that fails: %v", err)
	}
}

// TestAPersonalSealIsReplacedByOneOfTheSamePerson: a change of name, never somebody else and never a seal of the organisation.
func TestAPersonalSealIsReplacedByOneOfTheSamePerson(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	old := personalActive(t, w, 1)
	organisation := w.Active(t, sealtest.SampleApplication(2))
	for name, c := range map[string]struct {
		as       context.Context
		a        esign.Application
		replaces string
		want     fault.Code
	}{
		"by the organisation": {sealtest.Keeper, sealtest.SampleApplication(10), old.ID, fault.SealReplacesPerson},
		"of the organisation": {sealtest.Keeper, sealtest.PersonalApplication(11, "official"), organisation.ID, fault.SealReplacesPerson},
		"of somebody else": {sealtest.Keeper, func() esign.Application {
			a := sealtest.PersonalApplication(12, "other")
			a.Personal.Name = "李明"
			return a
		}(), old.ID, fault.SealReplacesPerson},
	} {
		c.a.Replaces = c.replaces
		_, err := w.Service.Apply(c.as, c.a)
		if f := fault.From(err); f.Code != c.want || len(f.Fields) != 1 || f.Fields[0].Name != "replaces" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.People.Change("official", func(p *esign.Person) { p.Name = "王晓明" })
	a := sealtest.PersonalApplication(13, "")
	a.Personal.Name, a.Replaces = "王晓明", old.ID
	seal, err := w.Service.Apply(sealtest.Official, a)
	for _, step := range []struct {
		as context.Context
		do func(context.Context, string) (esign.Seal, error)
	}{{sealtest.Reviewer, w.Service.Approve}, {sealtest.Maker, w.Service.Make}, {sealtest.Official, w.Service.Activate}} {
		if err != nil {
			t.Fatal(err)
		}
		seal, err = step.do(step.as, seal.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if old, err = w.Service.Find(sealtest.Keeper, old.ID); err != nil || old.State != esign.Revoked || old.Cause != esign.CauseReplaced {
		t.Errorf("%+v %v", old, err)
	}
}

// TestPersonalSealsAreListed: the two lists that are no state.
func TestPersonalSealsAreListed(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	w.Active(t, sealtest.SampleApplication(1))
	active := personalActive(t, w, 2)
	waits, err := w.Service.Apply(sealtest.Keeper, sealtest.PersonalApplication(3, "official"))
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[esign.State][]string{esign.PersonalSeals: {active.Code, waits.Code}, esign.Unconfirmed: {waits.Code}} {
		page, next, err := w.Service.List(sealtest.Reviewer, state, "", 9)
		var codes []string
		for _, s := range page {
			codes = append(codes, s.Code)
		}
		if err != nil || next != "" || !slices.Equal(codes, want) {
			t.Errorf("%s: %v %v", state, codes, err)
		}
	}
	if page, next, err := w.Service.List(sealtest.Reviewer, esign.PersonalSeals, "", 1); err != nil || len(page) != 1 || next != active.Code {
		t.Errorf("a page: %d %q %v", len(page), next, err)
	}
	elsewhere := reqctx.With(context.Background(), reqctx.Request{Actor: reqctx.Actor{ID: "staff:x", Rights: []reqctx.Right{{Role: esign.RoleKeeper, Area: "99/"}}}})
	if page, _, err := w.Service.List(elsewhere, esign.PersonalSeals, "", 9); err != nil || len(page) != 0 {
		t.Errorf("of another area: %d %v", len(page), err)
	}
}
