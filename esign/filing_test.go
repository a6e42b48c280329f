package esign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// A seal that is made is put on file once, by a reviewer who neither applied for it nor made it; where the house asks for that, it comes
// into use only then.
func TestFilingOfASeal(t *testing.T) {
	w, twin := newWorld(t)
	cfg := w.Config()
	cfg.FilingRequired = true
	strict, err := esign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	receipt := esign.Filing{Number: "37-2026-000017", Authority: "示例市公安局", On: w.Now().Add(-24 * time.Hour)}
	s, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.File(sealtest.Reviewer, s.ID, receipt)
	wantCode(t, err, fault.SealState) // not made yet
	for _, step := range []func() (esign.Seal, error){
		func() (esign.Seal, error) { return w.Service.Approve(sealtest.Reviewer, s.ID) },
		func() (esign.Seal, error) { return w.Service.Make(sealtest.Maker, s.ID) },
	} {
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
	_, err = strict.Activate(sealtest.Keeper, s.ID)
	wantCode(t, err, fault.SealUnfiled)
	_, err = w.Service.File(sealtest.Keeper, s.ID, receipt)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.File(sealtest.As("staff:keeper", esign.RoleReviewer), s.ID, receipt)
	wantCode(t, err, fault.SealSamePerson)
	_, err = w.Service.File(sealtest.As("staff:maker", esign.RoleReviewer), s.ID, receipt)
	wantCode(t, err, fault.SealSamePerson)
	for name, wrong := range map[string]func(f *esign.Filing){
		"number":    func(f *esign.Filing) { f.Number = "37 2026" },
		"long":      func(f *esign.Filing) { f.Number = strings.Repeat("1", 33) },
		"authority": func(f *esign.Filing) { f.Authority = "" },
		"control":   func(f *esign.Filing) { f.Authority = "示例市\n公安局" },
		"tomorrow":  func(f *esign.Filing) { f.On = w.Now().Add(24 * time.Hour) },
		"no day":    func(f *esign.Filing) { f.On = time.Time{} },
	} {
		f := receipt
		wrong(&f)
		_, err := w.Service.File(sealtest.Reviewer, s.ID, f)
		if fault.CodeOf(err) != fault.SealFiling || len(fault.From(err).Fields) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	before := len(twin.Records())
	filed, err := w.Service.File(sealtest.Reviewer, s.ID, receipt)
	if err != nil || filed.State != esign.Made || filed.Filing.Number != receipt.Number || filed.Filing.By != "staff:reviewer" || filed.Change != nil {
		t.Fatalf("%+v %v", filed, err)
	}
	if got := twin.Records()[before:]; len(got) != 1 || got[0].Events[0].Type != "seal.filed" || got[0].Events[0].Details["number"] != receipt.Number || got[0].Events[0].Actor != "staff:reviewer" {
		t.Errorf("recorded: %+v", got)
	}
	_, err = w.Service.File(sealtest.Reviewer, s.ID, receipt)
	wantCode(t, err, fault.SealFiled)
	if active, err := strict.Activate(sealtest.Keeper, s.ID); err != nil || active.Filing.Number != receipt.Number {
		t.Errorf("%+v %v", active, err)
	}
}
