package elicense_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

var (
	admin  = licensetest.As("staff:admin", elicense.RoleTypes)
	second = licensetest.As("staff:second", elicense.RoleTypes)
)

func typeWorld(t *testing.T, byTwo bool) *licensetest.World {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	w.RealLetters, w.TypesByTwo = true, byTwo
	w.Restart(t)
	return w
}

func outsideApplication(number string) elicense.Application {
	return elicense.Application{BusinessNumber: number, TypeCode: licensetest.OutsideType, AuthorityCode: licensetest.AuthorityCode, LicenseNumber: "城保第1号", HolderRef: licensetest.Holder,
		Holders: []elicense.Holder{{Name: "赵秀英", CodeType: "111", Code: "990102195806070025"}}, EffectiveDate: "20261101", ExpiringDate: "20270930",
		Fields: map[string]string{"household_size": "3人", "covered_members": "2人", "category": "城市最低生活保障", "monthly_amount": "1840元", "address": "示例市东城区建设路6号"}}
}

// TestTypeFromOutside takes a type from its package to a licence that is made, shown and judged, through a newer version and to its end.
func TestTypeFromOutside(t *testing.T) {
	w := typeWorld(t, true)
	s := w.Service
	v, c, err := s.PublishType(admin, licensetest.Outside(t))
	if err != nil || v.State != elicense.TypeProposed || c.Against != nil || c.Trial.Result.Code != "V00" || len(c.Trial.Preview) == 0 {
		t.Fatalf("%+v %v", v.State, err)
	}
	if again, _, err := s.PublishType(admin, licensetest.Outside(t)); err != nil || again.ID != v.ID {
		t.Errorf("the same package again: %+v %v", again, err)
	}
	if _, ok := s.Types().Find(licensetest.OutsideType); ok {
		t.Error("a proposal is in force")
	}
	if _, err := s.ConfirmType(admin, v.ID, v.Template); fault.CodeOf(err) != fault.LicenseFourEyes {
		t.Errorf("confirmed by whoever proposed it: %v", err)
	}
	if _, err := s.ConfirmType(second, v.ID, "another"); fault.CodeOf(err) != fault.TypeState {
		t.Errorf("confirmed without having read it: %v", err)
	}
	if _, err := s.ConfirmType(licensetest.Clerk, v.ID, v.Template); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("confirmed without the role: %v", err)
	}
	if v, err = s.ConfirmType(second, v.ID, v.Template); err != nil || v.State != elicense.TypePublished {
		t.Fatal(err)
	}
	if _, err := s.ConfirmType(second, v.ID, v.Template); fault.CodeOf(err) != fault.TypeState {
		t.Errorf("confirmed twice: %v", err)
	}
	if err := s.PutAuthority(admin, elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.OutsideType}}); err != nil {
		t.Fatal(err)
	}
	first := w.Issued(t, outsideApplication("T1"))
	judgeOutside(t, w, first, true)

	// Another node sees it when it refreshes, and the first node sees what that one does.
	w.Restart(t)
	other := w.Service
	if err := other.RefreshTypes(context.Background()); err != nil {
		t.Fatal(err)
	}
	newer := licensetest.Outside(t, `"version": 1,`, `"version": 2,`, `"20260101"`, `"20261201"`, `{"number": 17, "key": "monthly_amount", "english": "monthlyAmount", "pinyin": "KZ_YBZJE", "label": {"zh-CN": "月保障金额", "en": "Monthly amount"}, "kind": "text", "required": true, "masking": "hide"`,
		`{"number": 17, "key": "monthly_amount", "english": "monthlyAmount", "pinyin": "KZ_YBZJE", "label": {"zh-CN": "月保障金额", "en": "Monthly amount"}, "kind": "text", "required": true, "masking": "none"`)
	v2, c, err := other.PublishType(second, newer)
	if err != nil || c.Against == nil || !slices.ContainsFunc(c.Changes, func(one catalog.Change) bool { return one.Object == "field monthly_amount masking" && one.Looser }) {
		t.Fatalf("%+v %v", c.Changes, err)
	}
	if _, err := other.ConfirmType(admin, v2.ID, v2.Template); err != nil {
		t.Fatal(err)
	}
	if err := s.RefreshTypes(context.Background()); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.Types().Find(licensetest.OutsideType); now.Row.Version != 1 || len(s.Types().Versions(licensetest.OutsideType)) != 2 {
		t.Error("a version is in force before its day")
	}
	w.Advance(10 * 24 * time.Hour)
	if err := errors.Join(s.RefreshTypes(context.Background()), s.Refresh(context.Background())); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.Types().Find(licensetest.OutsideType); now.Row.Version != 2 {
		t.Error("a version is not in force on its day")
	}
	if of := s.TypeOf(first); of == nil || of.Row.Version != 1 {
		t.Error("a licence is shown by another version than it was made by")
	}
	judgeOutside(t, w, first, true)

	if _, _, err := s.PublishType(admin, newer); fault.CodeOf(err) != fault.TypePackage {
		t.Errorf("a version twice: %v", err)
	}
	if err := s.RetireType(admin, licensetest.OutsideType, "项目取消"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Apply(licensetest.Clerk, outsideApplication("T2")); fault.CodeOf(err) != fault.TypeRetired {
		t.Errorf("a licence of a retired type: %v", err)
	}
	if err := s.RetireType(admin, licensetest.OutsideType, "项目取消"); fault.CodeOf(err) != fault.TypeState {
		t.Errorf("retired twice: %v", err)
	}
	judgeOutside(t, w, first, true)
}

// judgeOutside judges a licence here, and as somebody does who has the files for verifiers, with and without the packages of types.
func judgeOutside(t *testing.T, w *licensetest.World, l elicense.License, valid bool) {
	t.Helper()
	if err := errors.Join(w.Service.RefreshTypes(context.Background()), w.Service.Refresh(context.Background())); err != nil {
		t.Fatal(err)
	}
	document, err := w.Blobs.Get(context.Background(), l.File)
	if err != nil {
		t.Fatal(err)
	}
	if result, err := w.Service.VerifyFile(context.Background(), "a.ofd", document); err != nil || (result.Code == "V00") != valid {
		t.Errorf("here: %s %+v %v", result.Code, result.Reasons, err)
	}
	trust, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.Service.TrustFiles(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	options := licensefile.Options{}
	options.Roots, options.Intermediates, options.CRLs, options.At = trust.Roots, trust.Intermediates, trust.CRLs, w.Now()
	known := func(want bool) {
		unknown := slices.ContainsFunc(licensefile.Verify("a.ofd", document, options).Reasons, func(r verify.Reason) bool { return r.Code == "license_data_unknown" })
		if unknown == want {
			t.Errorf("with %d packages: unknown %v", len(options.Types), unknown)
		}
	}
	known(false)
	for _, file := range files {
		if p, err := typepackage.Open(file.Content); err == nil {
			options.Types = append(options.Types, p)
		}
	}
	known(true)
	// A package of evidence carries the package of the type.
	packed, _, err := w.Service.PackEvidence(licensetest.As("system:test"), "a.ofd", document)
	if err == nil && !bytes.Contains(packed, []byte("license-types/")) {
		t.Error("the package of evidence lacks the type")
	}
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if read, err := licensefile.ReadWith(w.Service.Types(), p); err != nil || read.Type.Row.Version != 1 {
		t.Errorf("%+v %v", read, err)
	}
}

func TestTypePackagesThatAreRefused(t *testing.T) {
	w := typeWorld(t, false)
	s := w.Service
	for name, files := range map[string]map[string][]byte{
		"nothing":                nil,
		"a draft":                licensetest.Outside(t, `"status": "published"`, `"status": "draft"`),
		"built-in version again": catalog.Types()[0].Files(),
		"sample without letters": licensetest.Outside(t, "建设路", "𠮷祥路"),
	} {
		if _, _, err := s.PublishType(admin, files); fault.CodeOf(err) != fault.TypePackage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.PublishType(licensetest.Clerk, licensetest.Outside(t)); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("without the role: %v", err)
	}
	if _, err := s.CheckType(admin, licensetest.Outside(t, `"status": "published"`, `"status": "draft"`)); err != nil {
		t.Errorf("a draft may be checked: %v", err)
	}
	part := reqctx.With(context.Background(), reqctx.Request{Actor: reqctx.Actor{ID: "staff:part", Rights: []reqctx.Right{{Role: elicense.RoleTypes, Area: "3301"}}}})
	for who, ctx := range map[string]context.Context{"nobody": context.Background(), "a clerk": licensetest.Clerk, "an administrator of a part": part} {
		if _, err := s.CheckType(ctx, licensetest.Outside(t)); err == nil {
			t.Errorf("%s has a package tried", who)
		}
	}
	v, _, err := s.PublishType(admin, licensetest.Outside(t, `"20260101"`, `"20270101"`))
	if err != nil || v.State != elicense.TypePublished {
		t.Fatalf("where one is enough: %s %v", v.State, err)
	}
	if _, _, err := s.PublishType(admin, licensetest.Outside(t, `"version": 1,`, `"version": 2,`)); fault.CodeOf(err) != fault.TypePackage || len(catalog.Faults(err)) != 1 {
		t.Errorf("effective before the version before it: %v", err)
	}
	if err := s.RetireType(admin, licensetest.OutsideType, ""); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("retired without a reason: %v", err)
	}
	if err := s.RetireType(admin, "11980000MB7QX10264778", "r"); fault.CodeOf(err) != fault.LicenseTypeUnknown {
		t.Errorf("an unknown type: %v", err)
	}
}

// TestRefusedProposal: what is refused leaves its number, and whoever proposed it may take it back.
func TestRefusedProposal(t *testing.T) {
	w := typeWorld(t, true)
	s := w.Service
	v, _, err := s.PublishType(admin, licensetest.Outside(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.PublishType(second, licensetest.Outside(t, "月保障金额", "每月保障金额")); fault.CodeOf(err) != fault.TypeState {
		t.Errorf("another package of the number: %v", err)
	}
	if list, err := s.ProposedTypes(second, "", 10); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if got, c, err := s.ProposedType(second, v.ID); err != nil || got.Template != v.Template || c.Type.Code != licensetest.OutsideType {
		t.Errorf("%v %v", got, err)
	}
	if _, err := s.RefuseType(admin, v.ID, v.Template, ""); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := s.RefuseType(admin, v.ID, v.Template, "有误"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ConfirmType(second, v.ID, v.Template); fault.CodeOf(err) != fault.TypeState {
		t.Errorf("confirmed what was refused: %v", err)
	}
	if _, _, err := s.PublishType(second, licensetest.Outside(t, "月保障金额", "每月保障金额")); err != nil {
		t.Errorf("the number again: %v", err)
	}
}
