package licensetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Built-in types with rules.
const (
	FoodPermit = "11980000MB7QX1050L001"
	TaxProof   = "11980000MB7QX10189001"
)

// Administrators who publish types, one proposing and one confirming.
var (
	Proposer  = As("staff:admin", elicense.RoleTypes)
	Confirmer = As("staff:second", elicense.RoleTypes)
	Reviewer2 = As("staff:reviewer2", elicense.RoleReviewer)
	Reviewer3 = As("staff:reviewer3", elicense.RoleReviewer)
)

// NewRuledWorld is a world whose authority issues the built-in types with rules, with real letters and two people for a type.
func NewRuledWorld(t testing.TB, store elicense.Store) *World {
	t.Helper()
	w := NewWorld(t, store)
	w.RealLetters, w.TypesByTwo = true, true
	w.Restart(t)
	if err := w.Service.PutAuthority(As("system:test"), elicense.Authority{Code: AuthorityCode, Name: AuthorityName, SealID: SealID, TypeCodes: []string{BusinessLicense, RealEstateTitle, FoodPermit, TaxProof}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// Rules publishes the next version of a type whose rules the edit changed, and switches them on.
func (w *World) Rules(t testing.TB, code string, edit func(rules map[string]any)) {
	t.Helper()
	w.PublishRules(t, code, edit)
	w.SwitchOn(t, code)
}

// PublishRules publishes the next version of a type whose rules the edit changed. Nothing is chosen for quality control unless the edit says so.
func (w *World) PublishRules(t testing.TB, code string, edit func(rules map[string]any)) {
	t.Helper()
	files := w.EditedRules(t, code, edit)
	v, _, err := w.Service.PublishType(Proposer, files)
	if err == nil && w.TypesByTwo {
		_, err = w.Service.ConfirmType(Confirmer, v.ID, v.Template)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// EditedRules is the next version of a type with changed rules.
func (w *World) EditedRules(t testing.TB, code string, edit func(rules map[string]any)) map[string][]byte {
	t.Helper()
	types := w.Service.Types().Versions(code)
	newest := types[len(types)-1]
	files := newest.Files()
	var rules map[string]any
	if err := json.Unmarshal(files[catalog.FileRules], &rules); err != nil {
		t.Fatal(err)
	}
	rules["sample_per_mille"] = 0
	if edit != nil {
		edit(rules)
	}
	content, err := json.MarshalIndent(rules, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	files[catalog.FileRules] = content
	return elicense.WithVersion(files, newest.Row.Version+1, catalog.Day(w.Now()))
}

// SwitchOn switches the rules of a type on.
func (w *World) SwitchOn(t testing.TB, code string) {
	t.Helper()
	if _, err := w.Service.SwitchRules(Reviewer, AuthorityCode, code, elicense.SwitchPropose, "试运行已满"); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Service.SwitchRules(Reviewer2, AuthorityCode, code, elicense.SwitchConfirm, ""); err != nil || !got.On {
		t.Fatalf("%+v %v", got, err)
	}
}

// FoodApplication asks for a food business permit of the holder of SampleApplication, which its rules approve while that licence is in force.
func FoodApplication(businessNumber string) elicense.Application {
	a := ownFields(FoodPermit, businessNumber)
	held := SampleApplication("")
	a.Holders, a.EffectiveDate, a.ExpiringDate = held.Holders, "20261124", "20311123"
	a.Fields["business_form"], a.Fields["legal_representative"] = "食品销售经营者", held.Fields["legal_representative"]
	return a
}

// TaxApplication asks for a proof of taxes, which its rules approve for a person who is proven highly enough.
func TaxApplication(businessNumber string) elicense.Application {
	a := ownFields(TaxProof, businessNumber)
	t, _ := catalog.Find(TaxProof)
	a.Holders = []elicense.Holder{{Name: t.Sample.First(catalog.KeyHolderName), CodeType: "111", Code: t.Sample.First(catalog.KeyHolderCode)}}
	return a
}

func ownFields(code, businessNumber string) elicense.Application {
	t, _ := catalog.Find(code)
	a := elicense.Application{BusinessNumber: businessNumber, TypeCode: code, AuthorityCode: AuthorityCode, LicenseNumber: "示例" + businessNumber, HolderRef: Holder, Fields: map[string]string{}}
	for _, f := range t.Fields {
		if f.Own {
			a.Fields[f.Key] = t.Sample.First(f.Key)
		}
	}
	return a
}

// RunRulingCrash fails the service before and after every store step of an application that rules approve and around its seal, restarts it, lets the sweep
// run, and asks again: there is one ruling, one licence, and it is in force.
func RunRulingCrash(t *testing.T, open func(t testing.TB) elicense.Store) {
	points := []string{"seal before", "seal after"}
	for step := 1; step <= 5; step++ {
		points = append(points, fmt.Sprintf("store before %d", step), fmt.Sprintf("store after %d", step))
	}
	crashes := 0
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			faulty := &Faulty{Store: open(t)}
			w := NewRuledWorld(t, faulty)
			w.Issued(t, SampleApplication("B0"))
			w.Rules(t, FoodPermit, nil)
			base, crashed := faulty.Steps(), false
			hit := func(name string) bool {
				if crashed || point != name {
					return false
				}
				crashed = true
				return true
			}
			faulty.FailBefore = func(step int, _ string) bool { return hit(fmt.Sprintf("store before %d", step-base)) }
			faulty.FailAfter = func(step int, _ string) bool { return hit(fmt.Sprintf("store after %d", step-base)) }
			w.Sealer.FailBefore = func() bool { return hit("seal before") }
			w.Sealer.FailAfter = func() bool { return hit("seal after") }
			first, _, err := w.Service.Apply(Clerk, FoodApplication("B1"))
			if err == nil && first.State != elicense.StateActive && first.State != elicense.StateApproved && first.State != elicense.StateMade && first.State != elicense.StateSealed {
				t.Errorf("answered with %s", first.State)
			}
			if crashed {
				crashes++
			}
			w.Restart(t)
			if err := w.Service.RefreshTypes(ctx); err != nil {
				t.Fatal(err)
			}
			w.Advance(2 * time.Minute)
			if _, err := w.Service.Recover(ctx); err != nil {
				t.Fatalf("sweep: %v", err)
			}
			again, _, err := w.Service.Apply(Clerk, FoodApplication("B1"))
			if err != nil || again.State != elicense.StateActive || first.ID != "" && again.ID != first.ID {
				t.Fatalf("after the crash %+v %v", again, err)
			}
			if r, err := w.Service.Ruling(Clerk, again.ID); err != nil || r.Outcome != catalog.OutcomeApprove {
				t.Errorf("ruling %+v %v", r, err)
			}
			if page, _, err := w.Service.Rulings(Clerk, elicense.RulingFilter{}); err != nil || len(page) != 1 {
				t.Errorf("%d rulings, %v", len(page), err)
			}
		})
	}
	if crashes < 10 {
		t.Errorf("only %d of the points crashed: the steps are not met any more", crashes)
	}
}

// RunRulingRace lets fifty callers enter one application that rules approve: one decision is made, and one licence is issued.
func RunRulingRace(t *testing.T, store elicense.Store) {
	w := NewRuledWorld(t, store)
	w.Issued(t, SampleApplication("B0"))
	w.Rules(t, FoodPermit, nil)
	ids := make(chan string, 50)
	for range cap(ids) {
		go func() {
			l, _, err := w.Service.Apply(Clerk, FoodApplication("B1"))
			if code := fault.CodeOf(err); err != nil {
				t.Errorf("%s: %v", code, err)
			}
			ids <- l.ID
		}()
	}
	one := ""
	for range cap(ids) {
		id := <-ids
		if one == "" {
			one = id
		}
		if id != one {
			t.Errorf("applied as %s and as %s", one, id)
		}
	}
	w.Advance(2 * time.Minute)
	if _, err := w.Service.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	l, err := w.Service.Find(Clerk, one)
	if err != nil || l.State != elicense.StateActive || l.Reviewer != "rule:"+FoodPermit+"/2" {
		t.Errorf("%s by %q, %v", l.State, l.Reviewer, err)
	}
	if page, _, err := w.Service.Rulings(Clerk, elicense.RulingFilter{}); err != nil || len(page) != 1 || page[0].Outcome != catalog.OutcomeApprove {
		t.Errorf("rulings %+v %v", page, err)
	}
	if page, _, err := w.Service.List(Clerk, elicense.Filter{TypeCode: FoodPermit}); err != nil || len(page) != 1 {
		t.Errorf("%d licences, %v", len(page), err)
	}
}
