package elicense_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func ruledWorld(t *testing.T) (*licensetest.World, *licensetest.Twin) {
	t.Helper()
	twin := licensetest.NewTwin()
	return licensetest.NewRuledWorld(t, twin), twin
}

func apply(t *testing.T, w *licensetest.World, a elicense.Application) elicense.License {
	t.Helper()
	l, _, err := w.Service.Apply(licensetest.Clerk, a)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func recorded(records []audit.Record, kind string) (list []audit.Event) {
	for _, r := range records {
		for _, e := range r.Events {
			if e.Type == kind {
				list = append(list, e)
			}
		}
	}
	return list
}

// TestRulesAreOffUntilTwoSwitchThemOn: the rules of a built-in type decide nothing by themselves.
func TestRulesAreOffUntilTwoSwitchThemOn(t *testing.T) {
	w, _ := ruledWorld(t)
	w.Issued(t, licensetest.SampleApplication("B0"))
	l := apply(t, w, licensetest.FoodApplication("B1"))
	if _, err := w.Service.Ruling(licensetest.Clerk, l.ID); l.State != elicense.StateInReview || fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%s, %v", l.State, err)
	}
	s := w.Service
	step := func(ctx context.Context, step elicense.SwitchStep, reason string) fault.Code {
		_, err := s.SwitchRules(ctx, licensetest.AuthorityCode, licensetest.FoodPermit, step, reason)
		return fault.CodeOf(err)
	}
	for _, test := range []struct {
		name   string
		ctx    context.Context
		step   elicense.SwitchStep
		reason string
		want   fault.Code
		on     bool
	}{
		{"nobody", context.Background(), elicense.SwitchPropose, "x", fault.Unauthenticated, false},
		{"a clerk", licensetest.Clerk, elicense.SwitchPropose, "x", fault.Forbidden, false},
		{"an issuer", licensetest.Issuer, elicense.SwitchPropose, "x", fault.Forbidden, false},
		{"without a reason", licensetest.Reviewer, elicense.SwitchPropose, "", fault.Invalid, false},
		{"off when it is", licensetest.Reviewer, elicense.SwitchOff, "x", "", false},
		{"nothing to confirm", licensetest.Reviewer2, elicense.SwitchConfirm, "", fault.RuleSwitchState, false},
		{"no such step", licensetest.Reviewer2, "on", "x", fault.RuleSwitchState, false},
		{"proposed", licensetest.Reviewer, elicense.SwitchPropose, "x", "", false},
		{"proposed twice", licensetest.Reviewer2, elicense.SwitchPropose, "x", fault.RuleSwitchState, false},
		{"confirmed by who proposed", licensetest.Reviewer, elicense.SwitchConfirm, "", fault.LicenseFourEyes, false},
		{"taken back", licensetest.Issuer, elicense.SwitchOff, "x", "", false},
		{"nothing to confirm again", licensetest.Reviewer2, elicense.SwitchConfirm, "", fault.RuleSwitchState, false},
		{"proposed again", licensetest.Reviewer, elicense.SwitchPropose, "x", "", false},
		{"confirmed", licensetest.Reviewer2, elicense.SwitchConfirm, "", "", true},
		{"off by one", licensetest.Issuer, elicense.SwitchOff, "规则有误", "", false},
	} {
		if got := step(test.ctx, test.step, test.reason); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
		if got, _, err := s.RuleSwitch(licensetest.Clerk, licensetest.AuthorityCode, licensetest.FoodPermit); err != nil || got.On != test.on {
			t.Errorf("%s: %+v %v", test.name, got, err)
		}
	}
	if _, _, err := s.RuleSwitch(licensetest.Clerk, licensetest.AuthorityCode, licensetest.BusinessLicense); fault.CodeOf(err) != fault.TypeRulesNone {
		t.Errorf("a type without rules: %v", err)
	}
	if list, _, err := s.RuleSwitches(licensetest.Clerk, "", 0); err != nil || len(list) != 1 || list[0].Reason != "规则有误" {
		t.Errorf("listed %+v %v", list, err)
	}
	if l := apply(t, w, licensetest.FoodApplication("B2")); l.State != elicense.StateInReview {
		t.Errorf("decided although it is off: %s", l.State)
	}
}

func TestRulesApproveAndTheLicenceIsIssued(t *testing.T) {
	w, twin := ruledWorld(t)
	w.Issued(t, licensetest.SampleApplication("B0"))
	w.Rules(t, licensetest.FoodPermit, nil)
	before := len(twin.Records())
	l := apply(t, w, licensetest.FoodApplication("B1"))
	ruler := "rule:" + licensetest.FoodPermit + "/2"
	if l.State != elicense.StateActive || l.Reviewer != ruler || l.Issuer != ruler || l.Entrant != "staff:clerk" {
		t.Fatalf("%s by %q and %q", l.State, l.Reviewer, l.Issuer)
	}
	r, err := w.Service.Ruling(licensetest.Clerk, l.ID)
	if err != nil || r.Outcome != catalog.OutcomeApprove || len(r.Reasons) != 0 || len(r.Conditions) != 7 || r.TypeVersion != 2 || !r.Staff {
		t.Fatalf("%+v %v", r, err)
	}
	if want := []string{"staff:admin", "staff:second", "staff:reviewer", "staff:reviewer2"}; !slices.Equal(r.SetBy, want) {
		t.Errorf("set by %v", r.SetBy)
	}
	for _, c := range r.Conditions {
		digested := len(c.Evidence) == 64
		if c.Truth != catalog.Holds || c.Digest != digested || strings.Contains(c.Evidence, "启明") {
			t.Errorf("condition %+v", c)
		}
	}
	records := twin.Records()[before:]
	if ruled, issued := recorded(records, "license.ruled"), recorded(records, "license.issued"); len(ruled) != 1 || len(issued) != 1 || ruled[0].Actor != ruler || ruled[0].Details["entered_by"] != "staff:clerk" || ruled[0].Details["outcome"] != "approve" {
		t.Errorf("ruled %+v, issued %+v", ruled, issued)
	}
	if again := apply(t, w, licensetest.FoodApplication("B1")); again.ID != l.ID || again.LicenseID != l.LicenseID {
		t.Errorf("entered again: %+v", again)
	}
	own, err := w.Service.Ruling(licensetest.Person, l.ID)
	if err != nil || own.Conditions != nil || own.SetBy != nil || own.Staff {
		t.Errorf("the holder sees %+v %v", own, err)
	}
	if _, err := w.Service.Ruling(licensetest.As("account:other"), l.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := w.Service.Appeal(licensetest.Person, l.ID, "x"); fault.CodeOf(err) != fault.AppealNone {
		t.Errorf("an appeal against an approval: %v", err)
	}
}

// TestRulesReferWhatTheyDoNotApprove: each of them goes to a person, and a person can approve it.
func TestRulesReferWhatTheyDoNotApprove(t *testing.T) {
	bare := func(map[string]any) {}
	for name, test := range map[string]struct {
		rules    func(map[string]any)
		prepare  func(t *testing.T, w *licensetest.World)
		edit     func(a *elicense.Application)
		reasons  []string
		notByTwo bool
	}{
		"another form of business":         {edit: func(a *elicense.Application) { a.Fields["business_form"] = "餐饮服务经营者" }, reasons: []string{"FORM"}},
		"nothing to compare with":          {edit: func(a *elicense.Application) { a.Holders[0].Code = "91990000MA7QX010XH" }, reasons: []string{"NO-LICENSE", catalog.ReasonUnknown}},
		"a permit on its way":              {prepare: func(t *testing.T, w *licensetest.World) { apply(t, w, licensetest.FoodApplication("B9")) }, reasons: []string{"HAS-PERMIT"}},
		"chosen for quality control":       {rules: func(r map[string]any) { r["sample_per_mille"] = 999 }, reasons: []string{"sample"}},
		"one person published the version": {notByTwo: true, reasons: []string{"publisher"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := ruledWorld(t)
			if test.notByTwo {
				w.TypesByTwo = false
				w.Restart(t)
			}
			w.Issued(t, licensetest.SampleApplication("B0"))
			if test.rules == nil {
				test.rules = bare
			}
			w.Rules(t, licensetest.FoodPermit, test.rules)
			if test.prepare != nil {
				test.prepare(t, w)
			}
			for n := 1; ; n++ { // one in a thousand is not chosen where 999 are
				a := licensetest.FoodApplication(fmt.Sprint("B1", n))
				if test.edit != nil {
					test.edit(&a)
				}
				l := apply(t, w, a)
				if l.State == elicense.StateActive && name == "chosen for quality control" && n < 4 {
					if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{To: "cancelled", LegalBasis: "x", DecisionNumber: "x"}); err != nil {
						t.Fatal(err)
					}
					continue
				}
				r, err := w.Service.Ruling(licensetest.Clerk, l.ID)
				if err != nil || r.Outcome != catalog.OutcomeRefer || !reflect.DeepEqual(r.Reasons, test.reasons) || l.State != elicense.StateInReview || l.Reviewer != "" {
					t.Fatalf("%s by %q: %+v %v", l.State, l.Reviewer, r, err)
				}
				for _, code := range r.Reasons {
					if words := w.Service.ReasonWords(r.Ruling, code); words["zh-CN"] == "" || words["zh-CN"] == code || words["en"] == "" || words["zh-Hant"] == "" {
						t.Errorf("words of %s: %v", code, words)
					}
				}
				if l, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", l.Revision); err != nil || l.State != elicense.StateApproved {
					t.Errorf("a person approves: %s %v", l.State, err)
				}
				break
			}
		})
	}
}

// TestFactsThatCannotBeFoundOut: a source that fails or is not there never approves.
func TestFactsThatCannotBeFoundOut(t *testing.T) {
	w, _ := ruledWorld(t)
	w.Rules(t, licensetest.TaxProof, nil)
	for n, test := range []struct {
		name    string
		levels  func(context.Context, string, string) (int, error)
		outcome catalog.Outcome
		reasons []string
	}{
		{"no source", nil, catalog.OutcomeRefer, []string{catalog.ReasonUnknown}},
		{"a source that fails", func(context.Context, string, string) (int, error) { return 4, errors.New("away") }, catalog.OutcomeRefer, []string{catalog.ReasonUnknown}},
		{"nobody proved the code", func(context.Context, string, string) (int, error) { return 0, nil }, catalog.OutcomeRefer, []string{"LEVEL"}},
		{"proven", func(_ context.Context, codeType, code string) (int, error) {
			if codeType != "111" || code != "990102198603120030" {
				return 0, nil
			}
			return 2, nil
		}, catalog.OutcomeApprove, nil},
	} {
		w.Levels = test.levels
		w.Restart(t)
		if err := w.Service.RefreshTypes(context.Background()); err != nil {
			t.Fatal(err)
		}
		l := apply(t, w, licensetest.TaxApplication(fmt.Sprint("T", n)))
		if r, err := w.Service.Ruling(licensetest.Clerk, l.ID); err != nil || r.Outcome != test.outcome || !reflect.DeepEqual(r.Reasons, test.reasons) {
			t.Errorf("%s: %+v %v", test.name, r, err)
		}
	}
}

// TestAHolderOfManyLicencesIsForAPerson: what stands behind the bound may be what a rule asks for, and nobody is refused for it.
func TestAHolderOfManyLicencesIsForAPerson(t *testing.T) {
	w, _ := ruledWorld(t)
	w.Rules(t, licensetest.FoodPermit, nil)
	for n := range 21 {
		if n == 20 {
			l := apply(t, w, licensetest.FoodApplication("F20"))
			if r, err := w.Service.Ruling(licensetest.Clerk, l.ID); err != nil || r.Outcome != catalog.OutcomeApprove {
				t.Fatalf("with 20: %+v %v", r, err)
			}
		}
		w.Issued(t, licensetest.SampleApplication(fmt.Sprint("B", n)))
	}
	l := apply(t, w, licensetest.FoodApplication("F21"))
	if r, err := w.Service.Ruling(licensetest.Clerk, l.ID); err != nil || r.Outcome != catalog.OutcomeRefer || !slices.Contains(r.Reasons, catalog.ReasonUnknown) || slices.Contains(r.Reasons, "NO-LICENSE") {
		t.Errorf("with 21: %+v %v", r, err)
	}
}

func provenWorld(t *testing.T, edit func(map[string]any)) *licensetest.World {
	t.Helper()
	w, _ := ruledWorld(t)
	w.Levels = func(context.Context, string, string) (int, error) { return 3, nil }
	w.Restart(t)
	w.Rules(t, licensetest.TaxProof, edit)
	return w
}

func TestCeilingOfADay(t *testing.T) {
	w := provenWorld(t, func(r map[string]any) { r["daily_ceiling"] = 2 })
	outcome := func(n int) string {
		r, err := w.Service.Ruling(licensetest.Clerk, apply(t, w, licensetest.TaxApplication(fmt.Sprint("T", n))).ID)
		if err != nil {
			t.Fatal(err)
		}
		return string(r.Outcome) + strings.Join(r.Reasons, " ")
	}
	for n, want := range []string{"approve", "approve", "referceiling"} {
		if got := outcome(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	w.Advance(14*time.Hour + 29*time.Minute) // 23:59 in Beijing
	if got := outcome(3); got != "referceiling" {
		t.Errorf("before midnight: %s", got)
	}
	w.Advance(time.Minute)
	if got := outcome(4); got != "approve" {
		t.Errorf("the next day: %s", got)
	}
}

// TestSampleIsOfTheApplication: about the share that the rules say goes to a person, and the same application always does.
func TestSampleIsOfTheApplication(t *testing.T) {
	w := provenWorld(t, func(r map[string]any) {
		r["sample_per_mille"] = 500
	})
	counts := map[catalog.Outcome]int{}
	for n := range 40 {
		if n%10 == 9 { // the rules take ten applications within 30 days
			w.Advance(31 * 24 * time.Hour)
		}
		l := apply(t, w, licensetest.TaxApplication(fmt.Sprint("T", n)))
		r, err := w.Service.Ruling(licensetest.Clerk, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		counts[r.Outcome]++
		if again := apply(t, w, licensetest.TaxApplication(fmt.Sprint("T", n))); again.State != l.State {
			t.Errorf("%s, then %s", l.State, again.State)
		}
	}
	if counts[catalog.OutcomeApprove] == 0 || counts[catalog.OutcomeRefer] == 0 || len(counts) != 2 {
		t.Errorf("counts %v", counts)
	}
}

// refusedFood is an application that rules refused, because the business licence is over.
func refusedFood(t *testing.T) (*licensetest.World, *licensetest.Twin, elicense.License) {
	t.Helper()
	w, twin := ruledWorld(t)
	held := licensetest.SampleApplication("B0")
	held.ExpiringDate = "20261125"
	w.Issued(t, held)
	w.Rules(t, licensetest.FoodPermit, nil)
	w.Advance(72 * time.Hour)
	a := licensetest.FoodApplication("B1")
	a.EffectiveDate = "20261127"
	l := apply(t, w, a)
	if l.State != elicense.StateRejected {
		t.Fatalf("state %s", l.State)
	}
	return w, twin, l
}

func messages(records []audit.Record, topic string) (list []string) {
	for _, r := range records {
		for _, m := range r.Messages {
			if m.Topic == topic {
				list = append(list, string(m.Payload))
			}
		}
	}
	return list
}

func TestRefusalAndAppeal(t *testing.T) {
	w, twin, l := refusedFood(t)
	s := w.Service
	own, err := s.Ruling(licensetest.Person, l.ID)
	if err != nil || own.Outcome != catalog.OutcomeRefuse || !slices.Equal(own.Reasons, []string{"NO-LICENSE"}) || !own.AppealTo.Equal(w.Now().AddDate(0, 0, 60)) || own.Appeal != nil {
		t.Fatalf("%+v %v", own, err)
	}
	if told := messages(twin.Records(), elicense.TopicRuled); len(told) != 1 || !strings.Contains(told[0], `"event":"refused"`) || !strings.Contains(told[0], licensetest.Holder) {
		t.Errorf("told %v", told)
	}
	if _, err := s.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", 0); fault.CodeOf(err) != fault.LicenseState {
		t.Errorf("reviewed after all: %v", err)
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		text string
		want fault.Code
	}{
		"nobody":           {context.Background(), "x", fault.Unauthenticated},
		"somebody else":    {licensetest.As("account:other"), "x", fault.NotFound},
		"a reviewer":       {licensetest.Reviewer3, "x", fault.Forbidden},
		"no words":         {licensetest.Person, " \n", fault.Invalid},
		"too many words":   {licensetest.Person, strings.Repeat("字", elicense.MaxAppealRunes+1), fault.Invalid},
		"of no such thing": {licensetest.Person, "x", ""},
	} {
		id := l.ID
		if test.want == "" {
			id, test.want = "lic_none", fault.NotFound
		}
		if _, err := s.Appeal(test.ctx, id, test.text); fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	const words = "营业执照已换发,尚未归集,请核对。"
	a, err := s.Appeal(licensetest.Person, l.ID, words)
	if err != nil || a.State != elicense.AppealOpen || strings.Contains(string(a.Data), "营业执照") {
		t.Fatalf("%+v %v", a, err)
	}
	if again, err := s.Appeal(licensetest.Person, l.ID, words); err != nil || again.ID != a.ID {
		t.Errorf("the same again: %+v %v", again, err)
	}
	if _, err := s.Appeal(licensetest.Person, l.ID, "another"); fault.CodeOf(err) != fault.AppealMade {
		t.Errorf("another one: %v", err)
	}
	if _, err := s.Appeal(licensetest.Clerk, l.ID, words); fault.CodeOf(err) != fault.AppealMade {
		t.Errorf("by the office too: %v", err)
	}
	if list, _, err := s.Appeals(licensetest.Reviewer3, elicense.AppealFilter{State: string(elicense.AppealOpen)}); err != nil || len(list) != 1 {
		t.Errorf("listed %+v %v", list, err)
	}
	if d, err := s.FindAppeal(licensetest.Reviewer3, l.ID); err != nil || d.Text != words || d.Barred || d.Ruling.ID != own.ID {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := s.FindAppeal(licensetest.Reviewer, l.ID); err != nil || !d.Barred {
		t.Errorf("who switched the rules on: %+v %v", d, err)
	}
	if len(recorded(twin.Records(), "license.appeal_read")) != 2 {
		t.Error("reading an appeal is not on record")
	}
	if _, err := s.FindAppeal(licensetest.Person, l.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the holder reads the staff's view: %v", err)
	}
	decide := func(ctx context.Context, grant bool, reason string) fault.Code {
		_, err := s.DecideAppeal(ctx, l.ID, grant, reason)
		return fault.CodeOf(err)
	}
	claim := func(ctx context.Context) fault.Code {
		_, err := s.ClaimAppeal(ctx, l.ID)
		return fault.CodeOf(err)
	}
	r4 := licensetest.As("staff:reviewer4", elicense.RoleReviewer)
	for _, test := range []struct {
		name      string
		got, want fault.Code
	}{
		{"decided without a claim", decide(licensetest.Reviewer3, true, "x"), fault.AppealState},
		{"claimed by a clerk", claim(licensetest.Clerk), fault.Forbidden},
		{"claimed by who proposed the switch", claim(licensetest.Reviewer), fault.AppealOwnRule},
		{"claimed by who confirmed it", claim(licensetest.Reviewer2), fault.AppealOwnRule},
		{"claimed by who published the version", claim(licensetest.As("staff:admin", elicense.RoleReviewer)), fault.AppealOwnRule},
		{"claimed by who entered it", claim(licensetest.As("staff:clerk", elicense.RoleReviewer)), fault.AppealOwnRule},
		{"claimed by who made it", claim(licensetest.As(licensetest.Holder, elicense.RoleReviewer)), fault.AppealOwnRule},
		{"claimed", claim(licensetest.Reviewer3), ""},
		{"claimed by another one", claim(r4), fault.AppealState},
		{"decided by another one", decide(r4, true, "x"), fault.AppealState},
		{"without a reason", decide(licensetest.Reviewer3, true, ""), fault.Invalid},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s", test.name, test.got)
		}
	}
	w.Advance(time.Hour)
	if got := decide(licensetest.Reviewer3, true, "x"); got != fault.AppealState {
		t.Errorf("decided after the claim ended: %s", got)
	}
	if got := claim(r4); got != "" {
		t.Errorf("claimed when the other claim ended: %s", got)
	}
	if done, err := s.DecideAppeal(r4, l.ID, true, "执照已核对"); err != nil || done.State != elicense.AppealGranted || done.DecidedBy != "staff:reviewer4" {
		t.Fatalf("%+v %v", done, err)
	}
	if got := decide(r4, false, "x"); got != fault.AppealState {
		t.Errorf("decided again: %s", got)
	}
	told := messages(twin.Records(), elicense.TopicRuled)
	if len(told) != 2 || !strings.Contains(told[1], elicense.NoticeAppealGranted) {
		t.Errorf("told %v", told)
	}
	issued, err := s.Issue(licensetest.Issuer, l.ID)
	if err != nil || issued.State != elicense.StateActive || issued.Reviewer != "staff:reviewer4" || issued.Issuer != "staff:issuer" {
		t.Errorf("%+v %v", issued, err)
	}
	if own, err := s.Ruling(licensetest.Person, l.ID); err != nil || own.Appeal == nil || own.Appeal.State != elicense.AppealGranted {
		t.Errorf("%+v %v", own, err)
	}
}

func TestAppealThatIsUpheldOrLate(t *testing.T) {
	w, twin, l := refusedFood(t)
	a, err := w.Service.Appeal(licensetest.Clerk, l.ID, "x") // the office for the applicant
	if err != nil || a.FiledBy != "staff:clerk" {
		t.Fatalf("%+v %v", a, err)
	}
	if _, err := w.Service.ClaimAppeal(licensetest.Reviewer3, l.ID); err != nil {
		t.Fatal(err)
	}
	if done, err := w.Service.DecideAppeal(licensetest.Reviewer3, l.ID, false, "执照已过期"); err != nil || done.State != elicense.AppealUpheld {
		t.Fatalf("%+v %v", done, err)
	}
	if got, err := w.Service.Find(licensetest.Clerk, l.ID); err != nil || got.State != elicense.StateRejected {
		t.Errorf("%s %v", got.State, err)
	}
	if told := messages(twin.Records(), elicense.TopicRuled); len(told) != 2 || !strings.Contains(told[1], elicense.NoticeAppealUpheld) {
		t.Errorf("told %v", told)
	}
	w, _, l = refusedFood(t)
	w.Advance(60 * 24 * time.Hour)
	if _, err := w.Service.Appeal(licensetest.Person, l.ID, "x"); fault.CodeOf(err) != fault.AppealLate {
		t.Errorf("late: %v", err)
	}
}

// TestApprovedThatCannotBeMade: characters that the face lacks leave an application with an issuer, and the sweep lets it be.
func TestApprovedThatCannotBeMade(t *testing.T) {
	w, twin := ruledWorld(t)
	w.Issued(t, licensetest.SampleApplication("B0"))
	w.Rules(t, licensetest.FoodPermit, nil)
	a := licensetest.FoodApplication("B1")
	a.Fields["premises"] = "𠮷路1号"
	l := apply(t, w, a)
	if l.State != elicense.StateApproved || !l.LeaseUntil.IsZero() {
		t.Errorf("%s, lease until %v", l.State, l.LeaseUntil)
	}
	if events := recorded(twin.Records(), "license.issue.referred"); len(events) != 1 || events[0].Details["code"] != string(fault.LicenseUndrawable) {
		t.Errorf("%+v", events)
	}
	w.Advance(time.Hour)
	if n, err := w.Service.Recover(context.Background()); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestRulingSurvivesCrashes(t *testing.T) {
	licensetest.RunRulingCrash(t, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}

func TestOneDecisionForFiftyCallers(t *testing.T) {
	licensetest.RunRulingRace(t, licensetest.NewTwin())
}
