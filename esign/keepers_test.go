package esign_test

import (
	"archive/zip"
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ownCode is the organisation of the sample application.
const ownCode = "11990000MB7QX0015W"

func named(name string, seals ...string) esign.Keeper {
	return esign.Keeper{Actor: "account:" + name, Seals: seals, Until: sealtest.Start.AddDate(1, 0, 0)}
}

// keeperActs are what a keeper does with a seal in use, each under a key of its own.
func keeperActs(t *testing.T, w *sealtest.World, seal esign.Seal) map[string]func(ctx context.Context) error {
	document := sealtest.Document(t, 1)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("a.ofd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(document); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := sealtest.Request(seal, document)
	made := func(ctx context.Context) esign.Seal {
		a := sealtest.SampleApplication(77)
		w.Keepers.GivesUp(ownCode)
		s, err := w.Service.Apply(sealtest.Keeper, a)
		if err == nil {
			s, err = w.Service.Approve(sealtest.Reviewer, s.ID)
		}
		if err == nil {
			s, err = w.Service.Make(sealtest.Maker, s.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	waits := made(context.Background())
	w.PutRule(t, seal.ID, sealtest.RemoteRule)
	remote, _ := w.Remote(t, seal, document)
	remote.Key = "key-remote"
	return map[string]func(ctx context.Context) error{
		"stamp":  func(ctx context.Context) error { _, _, err := w.Service.Stamp(ctx, r); return err },
		"remote": func(ctx context.Context) error { _, _, err := w.Service.Stamp(ctx, remote); return err },
		"material": func(ctx context.Context) error {
			_, err := w.Service.Material(ctx, seal.ID)
			return err
		},
		"trial": func(ctx context.Context) error {
			_, err := w.Service.PreviewStamp(ctx, seal.ID, document, r.Places)
			return err
		},
		"request": func(ctx context.Context) error {
			_, err := w.Service.RequestUse(ctx, esign.UseOrder{SealID: seal.ID, Document: document, Places: r.Places, Purpose: r.Purpose, Key: "ask"})
			return err
		},
		"batch": func(ctx context.Context) error {
			_, err := w.Service.OpenBatch(ctx, esign.BatchRequest{SealID: seal.ID, Archive: archive.Bytes(), Places: r.Places, Purpose: r.Purpose, Key: "batch"})
			return err
		},
		"rule": func(ctx context.Context) error {
			_, err := w.Service.ProposeRule(ctx, seal.ID, 2, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleKeeper, Approvals: 1, Hours: 24, Uses: 1})
			return err
		},
		"apply": func(ctx context.Context) error {
			_, err := w.Service.Apply(ctx, sealtest.SampleApplication(78))
			return err
		},
		"activate": func(ctx context.Context) error { _, err := w.Service.Activate(ctx, waits.ID); return err },
	}
}

// Who may do what with the seals of an organisation, by whom it named.
func TestOnlyNamedKeepersUseTheSealsOfAnOrganisationThatNamedSome(t *testing.T) {
	const area = "370000000000/370300000000/"
	rests := named("keeper")
	rests.Rests = true
	inArea := func(actor, path string) context.Context {
		return reqctx.With(context.Background(), reqctx.Request{ID: "req", Actor: reqctx.Actor{ID: actor, Rights: []reqctx.Right{{Role: esign.RoleKeeper, Area: path}}}})
	}
	for name, test := range map[string]struct {
		as    context.Context
		names func(k *sealtest.Keepers)
		want  fault.Code
	}{
		"nobody was ever named":         {sealtest.Keeper, func(*sealtest.Keepers) {}, ""},
		"named":                         {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, named("other"), named("keeper")) }, ""},
		"not named":                     {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, named("other")) }, fault.SealNotKeeper},
		"nobody is left":                {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode) }, fault.SealNoKeeper},
		"named by another organisation": {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(heirCode, named("other")) }, ""},
		"named for other seals":         {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper", "37030000000099")) }, fault.SealNoKeeper},
		"another one keeps this seal":   {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper", "37030000000099"), named("other")) }, fault.SealNotKeeper},
		"named for these seals": {sealtest.Keeper, func(k *sealtest.Keepers) {
			k.Names(ownCode, named("keeper", "37030000000001", "37030000000077", "37030000000078"))
		}, ""},
		"the account was recovered":          {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, rests) }, fault.RecoveryRest},
		"one of two namings rests":           {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, rests, named("keeper")) }, ""},
		"a service client is no person":      {sealtest.As("client:keeper", esign.RoleKeeper), func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper")) }, fault.SealNotKeeper},
		"nobody known is nobody's equal":     {sealtest.As("client:keeper", esign.RoleKeeper), func(k *sealtest.Keepers) { k.Names(ownCode, esign.Keeper{Actor: "gone:x"}) }, fault.SealNotKeeper},
		"named without the role":             {sealtest.Reviewer, func(k *sealtest.Keepers) { k.Names(ownCode, named("reviewer")) }, fault.Forbidden},
		"named, keeper of the area":          {inArea("staff:keeper", area), func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper")) }, ""},
		"not named, keeper of the area":      {inArea("staff:keeper", area), func(k *sealtest.Keepers) { k.Names(ownCode, named("other")) }, fault.SealNotKeeper},
		"named, but keeper of another area":  {inArea("staff:keeper", "370000000000/370200000000/"), func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper")) }, fault.NotFound},
		"named, and the naming was given up": {sealtest.Keeper, func(k *sealtest.Keepers) { k.Names(ownCode, named("other")); k.GivesUp(ownCode) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := sealtest.NewWorld(t, sealtest.NewTwin())
			cfg := w.Config()
			cfg.Areas = func(context.Context, string) (string, error) { return area, nil }
			var err error
			if w.Service, err = esign.New(cfg); err != nil {
				t.Fatal(err)
			}
			seal := w.Active(t, sealtest.SampleApplication(1))
			acts := keeperActs(t, w, seal)
			test.names(w.Keepers)
			for act, do := range acts {
				want := test.want
				if act == "apply" && want == fault.NotFound {
					want = fault.OutsideArea
				}
				if err := do(test.as); fault.CodeOf(err) != want {
					t.Errorf("%s: %v, want %q", act, err, want)
				}
			}
			if test.want == "" || test.want == fault.NotFound || test.want == fault.Forbidden {
				return
			}
			if f := fault.From(acts["stamp"](test.as)); test.want != fault.RecoveryRest && f.Params["organisation"] != seal.Owner {
				t.Errorf("the refusal names %v", f.Params)
			}
			// Stopping waits for nobody.
			if _, err := w.Service.Suspend(test.as, seal.ID, "查核"); err != nil {
				t.Errorf("suspend: %v", err)
			}
			if _, err := w.Service.ReportLost(test.as, seal.ID, esign.Ending{Reason: "遗失"}); err != nil {
				t.Errorf("report lost: %v", err)
			}
		})
	}
}

// Whoever took the place of an organisation says who keeps its seals, once the day has come and once it says anything.
func TestTheNamingOfASuccessorCounts(t *testing.T) {
	heir, second := esign.Party{Name: "示例市市场监督管理总局", Code: heirCode}, esign.Party{Name: "示例市标准局", Code: "91350200M000100Y48"}
	for name, test := range map[string]struct {
		heirs []esign.Party
		since time.Duration
		names func(k *sealtest.Keepers)
		want  fault.Code
	}{
		"the heir named somebody else":         {[]esign.Party{heir}, -time.Hour, func(k *sealtest.Keepers) { k.Names(heirCode, named("other")) }, fault.SealNotKeeper},
		"the heir named the keeper":            {[]esign.Party{heir}, -time.Hour, func(k *sealtest.Keepers) { k.Names(ownCode, named("other")); k.Names(heirCode, named("keeper")) }, ""},
		"the one before named, the heir not":   {[]esign.Party{heir}, -time.Hour, func(k *sealtest.Keepers) { k.Names(ownCode, named("other")) }, fault.SealNotKeeper},
		"the one before has nobody left":       {[]esign.Party{heir}, -time.Hour, func(k *sealtest.Keepers) { k.Names(ownCode) }, fault.SealNoKeeper},
		"the one before no longer counts":      {[]esign.Party{heir}, -time.Hour, func(k *sealtest.Keepers) { k.Names(ownCode, named("keeper")); k.Names(heirCode, named("other")) }, fault.SealNotKeeper},
		"the day is to come":                   {[]esign.Party{heir}, time.Hour, func(k *sealtest.Keepers) { k.Names(heirCode, named("other")) }, ""},
		"the second of two heirs named":        {[]esign.Party{heir, second}, -time.Hour, func(k *sealtest.Keepers) { k.Names(second.Code, named("keeper")) }, ""},
		"of two heirs, each named another one": {[]esign.Party{heir, second}, -time.Hour, func(k *sealtest.Keepers) { k.Names(heirCode, named("other")); k.Names(second.Code, named("keeper")) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := sealtest.NewWorld(t, sealtest.NewTwin())
			seal := w.Active(t, sealtest.SampleApplication(1))
			p := renaming(w, ownerOf(seal), test.heirs...)
			p.Since = w.Now().Add(test.since)
			recorded(t, w, p)
			test.names(w.Keepers)
			_, _, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
			wantCode(t, err, test.want)
		})
	}
}

// Who keeps a seal keeps the one that takes its place, from the application on.
func TestWhoKeepsASealKeepsItsReplacement(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	old := w.Active(t, sealtest.SampleApplication(1))
	w.Keepers.Names(ownCode, named("keeper", old.Code))
	a := sealtest.SampleApplication(2)
	_, err := w.Service.Apply(sealtest.Keeper, a)
	wantCode(t, err, fault.SealNoKeeper)
	a.Replaces = old.ID
	next := w.Active(t, a)
	if _, _, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(next, sealtest.Document(t, 1))); err != nil {
		t.Error(err)
	}
	_, _, err = w.Service.Stamp(sealtest.Other, sealtest.Request(next, sealtest.Document(t, 1)))
	wantCode(t, err, fault.SealNotKeeper)
}

// A naming that ends while a document is sealed releases nothing; the same key seals it once the keeper is named again. What was sealed before
// is given again to whoever sealed it.
func TestANamingThatEndsMeanwhileReleasesNothing(t *testing.T) {
	twin := sealtest.NewTwin()
	w := sealtest.NewWorld(t, twin)
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Keepers.Names(ownCode, named("keeper"))
	r := sealtest.Request(seal, sealtest.Document(t, 1))
	w.Steps.FailBefore = func(_ int, name string) bool {
		if name == "store plan" {
			w.Keepers.Names(ownCode, named("other"))
		}
		return false
	}
	_, document, err := w.Service.Stamp(sealtest.Keeper, r)
	wantCode(t, err, fault.SealNotKeeper)
	if len(document) > 0 {
		t.Error("a document was released")
	}
	if stamp, err := twin.StampByKey(context.Background(), "staff:keeper", r.Key); err != nil || stamp.State != esign.Abandoned {
		t.Errorf("%+v %v", stamp, err)
	}
	w.Steps.FailBefore = nil
	w.Keepers.Names(ownCode, named("keeper"))
	first, document, err := w.Service.Stamp(sealtest.Keeper, r)
	if err != nil {
		t.Fatal(err)
	}
	w.Keepers.Names(ownCode)
	again, same, err := w.Service.Stamp(sealtest.Keeper, r)
	if err != nil || again.ID != first.ID || !bytes.Equal(document, same) {
		t.Errorf("%+v %v", again, err)
	}
	r.Key = "another"
	_, _, err = w.Service.Stamp(sealtest.Keeper, r)
	wantCode(t, err, fault.SealNoKeeper)
}

// Nobody passes while it cannot be told who is named, whichever question is not answered; the same key goes on afterwards.
func TestSilenceAboutKeepersIsNoPass(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Keepers.Names(ownCode, named("keeper"))
	r := sealtest.Request(seal, sealtest.Document(t, 1))
	for _, question := range []string{"keepers naming", "keepers human"} {
		for nth := 1; nth <= 2; nth++ { // before anything is done, and before it is stored
			r.Key = question + string(rune('0'+nth))
			asked := 0
			w.Steps.FailBefore = func(_ int, name string) bool {
				if name == question {
					asked++
				}
				return name == question && (nth == 1 || asked > map[string]int{"keepers naming": 1, "keepers human": 2}[question])
			}
			_, document, err := w.Service.Stamp(sealtest.Keeper, r)
			wantCode(t, err, fault.Unavailable)
			if len(document) > 0 {
				t.Errorf("%s: a document was released", r.Key)
			}
			w.Steps.FailBefore = nil
			if _, _, err := w.Service.Stamp(sealtest.Keeper, r); err != nil {
				t.Errorf("%s, once it answers: %v", r.Key, err)
			}
		}
	}
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "keepers naming" }
	if _, err := w.Service.Suspend(sealtest.Other, seal.ID, "查核"); err != nil {
		t.Errorf("stopping waited for an answer: %v", err)
	}
}

// "Another keeper" who approves is one of those whom the organisation named; refusing and taking back is open to every keeper of the area.
func TestAnotherKeeperWhoApprovesIsNamed(t *testing.T) {
	rule := always
	rule.Approver = esign.RoleKeeper
	a := newApproving(t, rule)
	u := a.ask(sealtest.Document(t, 1), "one")
	a.Keepers.Names(ownCode, named("keeper"))
	agree := esign.UseDecision{Agree: true, Digest: u.Digest}
	_, err := a.Service.DecideUse(sealtest.Other, u.ID, agree)
	wantCode(t, err, fault.SealNotKeeper)
	a.Keepers.Names(ownCode, named("keeper"), named("other"))
	if _, err := a.Service.DecideUse(sealtest.Other, u.ID, agree); err != nil {
		t.Fatal(err)
	}
	a.Keepers.Names(ownCode, named("other"))
	_, _, err = a.Service.StampApproved(sealtest.Keeper, u.ID, u.NextKey(), nil)
	wantCode(t, err, fault.SealNotKeeper)
	a.Keepers.Names(ownCode)
	if _, err := a.Service.WithdrawUse(sealtest.Other, u.ID, "不再需要"); err != nil {
		t.Errorf("taking back: %v", err)
	}
	a.Keepers.GivesUp(ownCode)
	two := a.ask(sealtest.Document(t, 2), "two")
	a.Keepers.Names(ownCode)
	if _, err := a.Service.DecideUse(sealtest.Other, two.ID, esign.UseDecision{Digest: two.Digest, Reason: "不符"}); err != nil {
		t.Errorf("refusing: %v", err)
	}
}

// Another room of the platform seals by its own review, whoever is named.
func TestAnotherRoomIsNoKeeper(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Keepers.Names(ownCode)
	if _, _, err := w.Service.StampFor(context.Background(), "system:elicense", sealtest.Request(seal, sealtest.Document(t, 1))); err != nil {
		t.Error(err)
	}
}

// The page of a seal names its keepers, and says whether the caller is one.
func TestStaffSeeWhoIsNamed(t *testing.T) {
	w := sealtest.NewWorld(t, sealtest.NewTwin())
	seal := w.Active(t, sealtest.SampleApplication(1))
	if got, err := w.Service.NamedFor(sealtest.Keeper, seal); err != nil || got.By != "" || got.Refusal != nil || len(got.Keepers) > 0 {
		t.Errorf("%+v %v", got, err)
	}
	w.Keepers.Names(ownCode, named("keeper"), named("zhao", "37030000000099"))
	for _, as := range []struct {
		ctx  context.Context
		want fault.Code
	}{{sealtest.Keeper, ""}, {sealtest.Other, fault.SealNotKeeper}} {
		got, err := w.Service.NamedFor(as.ctx, seal)
		if err != nil || got.By != seal.Owner || fault.CodeOf(got.Refusal) != as.want || len(got.Keepers) != 1 || got.Keepers[0].Name != "k*" || !got.Keepers[0].Until.Equal(sealtest.Start.AddDate(1, 0, 0)) {
			t.Errorf("%+v %v", got, err)
		}
	}
	for _, question := range []string{"keepers naming", "keepers human", "keepers name"} {
		w.Steps.FailBefore = func(_ int, name string) bool { return name == question }
		_, err := w.Service.NamedFor(sealtest.Keeper, seal)
		wantCode(t, err, fault.Unavailable)
	}
}
