package esign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

func newWorld(t testing.TB) (*sealtest.World, *sealtest.Twin) {
	t.Helper()
	twin := sealtest.NewTwin()
	return sealtest.NewWorld(t, twin), twin
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != code {
		t.Errorf("got %v (%v), want %s", got, err, code)
	}
}

func hasField(err error, name string) bool {
	return slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return f.Name == name })
}

func events(records []audit.Record) (types []string) {
	for _, r := range records {
		for _, e := range r.Events {
			types = append(types, e.Type)
		}
	}
	return types
}

func TestNewNeedsEveryDependency(t *testing.T) {
	w, _ := newWorld(t)
	for name, drop := range map[string]func(*esign.Config){
		"store": func(c *esign.Config) { c.Store = nil }, "keys": func(c *esign.Config) { c.Keys = nil }, "authority": func(c *esign.Config) { c.Authority = nil },
		"blobs": func(c *esign.Config) { c.Blobs = nil }, "trust": func(c *esign.Config) { c.Trust = nil }, "now": func(c *esign.Config) { c.Now = nil }, "rand": func(c *esign.Config) { c.Rand = nil },
	} {
		cfg := w.Config()
		drop(&cfg)
		if _, err := esign.New(cfg); err == nil {
			t.Errorf("without %s", name)
		}
	}
}

func TestLifeOfASeal(t *testing.T) {
	w, twin := newWorld(t)
	s, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(1))
	if err != nil || s.State != esign.Applied || s.Applicant != "staff:keeper" || s.Name != "示例市市场监督管理局行政审批专用章" || len(s.SES) != 0 {
		t.Fatalf("%+v %v", s, err)
	}
	if s, err = w.Service.Approve(sealtest.Reviewer, s.ID); err != nil || s.State != esign.Approved || s.Reviewer != "staff:reviewer" {
		t.Fatalf("%+v %v", s, err)
	}
	w.Advance(time.Hour)
	if s, err = w.Service.Make(sealtest.Maker, s.ID); err != nil || s.State != esign.Made || s.Maker != "staff:maker" {
		t.Fatalf("%+v %v", s, err)
	}
	if !s.ValidFrom.Equal(w.Now()) || !s.ValidTo.Equal(w.Now().AddDate(5, 0, 0)) {
		t.Errorf("the years asked for begin when it is made: %v to %v", s.ValidFrom, s.ValidTo)
	}
	if picture, err := png.Decode(bytes.NewReader(s.Picture)); err != nil || picture.Bounds().Dx() < 900 {
		t.Errorf("picture: %v", err)
	}
	options, _ := w.Trust(t.Context())
	if report := verify.Verify("a.esl", s.SES, options); report.Verdict != verify.Valid {
		t.Errorf("%s %v", report.Code, report.Reasons)
	}
	parsed, err := ses.ParseSealStrict(s.SES)
	if err != nil || parsed.ESID != s.Code || parsed.Property.Name != s.Name || parsed.Picture.WidthMM != 42 || !parsed.ListsSigner(s.SignerCert) {
		t.Errorf("%+v %v", parsed, err)
	}
	if certificate, err := pki.ParseCertificate(s.SignerCert); err != nil || !strings.Contains(certificate.Subject.String(), s.Code) || !strings.Contains(certificate.Subject.String(), s.OwnerCode+s.Owner) {
		t.Errorf("signer's certificate: %v %v", certificate.Subject, err)
	}
	for i, step := range []struct {
		state esign.State
		do    func() (esign.Seal, error)
	}{
		{esign.Active, func() (esign.Seal, error) { return w.Service.Activate(sealtest.Keeper, s.ID) }},
		{esign.Suspended, func() (esign.Seal, error) { return w.Service.Suspend(sealtest.Keeper, s.ID, "遗失") }},
		{esign.Active, func() (esign.Seal, error) { return w.Service.Resume(sealtest.Reviewer, s.ID) }},
		{esign.Revoked, func() (esign.Seal, error) { return w.Service.Revoke(sealtest.Reviewer, s.ID, "机构撤并") }},
	} {
		after, err := step.do()
		if err != nil || after.State != step.state {
			t.Fatalf("step %d: %+v %v", i, after, err)
		}
		if stopped := step.state == esign.Suspended; stopped != (after.StoppedBy == "staff:keeper") || (step.state == esign.Active) != (after.StatusReason == "") {
			t.Errorf("step %d: stopped by %q for %q", i, after.StoppedBy, after.StatusReason)
		}
	}
	if got := events(twin.Records()); !slices.Equal(got, []string{"seal.applied", "seal.approved", "seal.made", "seal.active", "seal.suspended", "seal.active", "seal.revoked"}) {
		t.Error(got)
	}
	last := twin.Records()[6].Events[0]
	if last.Actor != "staff:reviewer" || last.Reason != "机构撤并" || last.ObjectID != s.ID || last.RequestID != "req" || !last.At.Equal(w.Now()) {
		t.Errorf("%+v", last)
	}
}

// TestTransitions tries every operation in every state.
func TestTransitions(t *testing.T) {
	w, twin := newWorld(t)
	operations := map[string]func(id string) (esign.Seal, error){
		"approve":  func(id string) (esign.Seal, error) { return w.Service.Approve(sealtest.Other, id) },
		"make":     func(id string) (esign.Seal, error) { return w.Service.Make(sealtest.Other, id) },
		"activate": func(id string) (esign.Seal, error) { return w.Service.Activate(sealtest.Other, id) },
		"suspend":  func(id string) (esign.Seal, error) { return w.Service.Suspend(sealtest.Other, id, "r") },
		"resume":   func(id string) (esign.Seal, error) { return w.Service.Resume(sealtest.Other, id) },
		"revoke":   func(id string) (esign.Seal, error) { return w.Service.Revoke(sealtest.Other, id, "r") },
	}
	allowed := map[esign.State]map[string]esign.State{
		esign.Applied:   {"approve": esign.Approved, "revoke": esign.Revoked},
		esign.Approved:  {"make": esign.Made, "revoke": esign.Revoked},
		esign.Made:      {"activate": esign.Active, "revoke": esign.Revoked},
		esign.Active:    {"suspend": esign.Suspended, "revoke": esign.Revoked},
		esign.Suspended: {"resume": esign.Active, "revoke": esign.Revoked},
		esign.Revoked:   {},
	}
	made := w.Active(t, sealtest.SampleApplication(1))
	n := 1
	for state, ways := range allowed {
		for name, do := range operations {
			n++
			fresh, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(n))
			if err != nil {
				t.Fatal(err)
			}
			twin.Corrupt(fresh.ID, func(s *esign.Seal) {
				s.State, s.Reviewer, s.Maker, s.StoppedBy, s.SES, s.SignerCert = state, "staff:reviewer", "staff:maker", "staff:keeper", made.SES, made.SignerCert
			})
			after, err := do(fresh.ID)
			if to, ok := ways[name]; ok {
				if err != nil || after.State != to {
					t.Errorf("%s %s: %s %v", name, state, after.State, err)
				}
				continue
			}
			wantCode(t, err, fault.SealState)
			if kept, _ := w.Service.Find(sealtest.Keeper, fresh.ID); kept.State != state {
				t.Errorf("%s %s: refused, and now %s", name, state, kept.State)
			}
		}
	}
	for name, do := range operations {
		for _, id := range []string{"seal_none", "", "a\x00b", strings.Repeat("x", 65)} {
			if _, err := do(id); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s %q: %v", name, id, err)
			}
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	w, _ := newWorld(t)
	operations := []struct {
		name, role string
		do         func(ctx context.Context) error
	}{
		{"apply", esign.RoleKeeper, func(ctx context.Context) error {
			_, err := w.Service.Apply(ctx, esign.Application{})
			return err
		}},
		{"approve", esign.RoleReviewer, func(ctx context.Context) error { _, err := w.Service.Approve(ctx, "seal_none"); return err }},
		{"make", esign.RoleMaker, func(ctx context.Context) error { _, err := w.Service.Make(ctx, "seal_none"); return err }},
		{"activate", esign.RoleKeeper, func(ctx context.Context) error { _, err := w.Service.Activate(ctx, "seal_none"); return err }},
		{"suspend", esign.RoleKeeper, func(ctx context.Context) error { _, err := w.Service.Suspend(ctx, "seal_none", "r"); return err }},
		{"resume", esign.RoleReviewer, func(ctx context.Context) error { _, err := w.Service.Resume(ctx, "seal_none"); return err }},
		{"revoke", esign.RoleReviewer, func(ctx context.Context) error { _, err := w.Service.Revoke(ctx, "seal_none", "r"); return err }},
		{"stamp", esign.RoleKeeper, func(ctx context.Context) error {
			_, _, err := w.Service.Stamp(ctx, esign.StampRequest{})
			return err
		}},
	}
	for _, o := range operations {
		wantCode(t, o.do(context.Background()), fault.Unauthenticated)
		for _, role := range []string{"", esign.RoleKeeper, esign.RoleReviewer, esign.RoleMaker} {
			code := fault.CodeOf(o.do(sealtest.As("staff:x", role)))
			if (code == fault.Forbidden) != (role != o.role) {
				t.Errorf("%s as %q: %s", o.name, role, code)
			}
		}
	}
}

// TestX15StepsNeedDifferentPeople: applicant, reviewer and maker are three people, and who suspended does not resume.
func TestX15StepsNeedDifferentPeople(t *testing.T) {
	w, _ := newWorld(t)
	every := []string{esign.RoleKeeper, esign.RoleReviewer, esign.RoleMaker}
	keeper, reviewer := sealtest.As("staff:keeper", every...), sealtest.As("staff:reviewer", every...)
	s, err := w.Service.Apply(keeper, sealtest.SampleApplication(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Approve(keeper, s.ID)
	wantCode(t, err, fault.SealSamePerson)
	if _, err = w.Service.Approve(reviewer, s.ID); err != nil {
		t.Fatal(err)
	}
	for _, who := range []context.Context{keeper, reviewer} {
		_, err = w.Service.Make(who, s.ID)
		wantCode(t, err, fault.SealSamePerson)
	}
	if n := w.Keys.Signed(keys.UsageSealMaker); n != 0 {
		t.Errorf("the maker's key signed %d times for people who may not make it", n)
	}
	if _, err = w.Service.Make(sealtest.Maker, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Service.Activate(keeper, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Service.Suspend(reviewer, s.ID, "异常用印"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Resume(reviewer, s.ID)
	wantCode(t, err, fault.SealSamePerson)
	if _, err = w.Service.Resume(sealtest.Other, s.ID); err != nil {
		t.Error(err)
	}
}

func TestApplicationsThatAreRefused(t *testing.T) {
	w, twin := newWorld(t)
	for _, test := range []struct {
		name   string
		change func(*esign.Application)
		field  string
	}{
		{"no code", func(a *esign.Application) { a.Code = "" }, "seal_id"},
		{"13 digits", func(a *esign.Application) { a.Code = "3703000000001" }, "seal_id"},
		{"15 digits", func(a *esign.Application) { a.Code = "370300000000011" }, "seal_id"},
		{"letters", func(a *esign.Application) { a.Code = "3703000000000A" }, "seal_id"},
		{"digits of another script", func(a *esign.Application) { a.Code = "３７０３０００００００００１" }, "seal_id"},
		{"code and line end", func(a *esign.Application) { a.Code = "37030000000001\n" }, "seal_id"},
		{"no owner", func(a *esign.Application) { a.Owner = "" }, "owner"},
		{"blank owner", func(a *esign.Application) { a.Owner = " 　" }, "owner"},
		{"long owner", func(a *esign.Application) { a.Owner = strings.Repeat("局", 31) }, "owner"},
		{"control character", func(a *esign.Application) { a.Owner = "示例\x00局" }, "owner"},
		{"line end", func(a *esign.Application) { a.Owner = "示例\n局" }, "owner"},
		{"writing turned around", func(a *esign.Application) { a.Owner = "示例\u202e局" }, "owner"},
		{"broken UTF-8", func(a *esign.Application) { a.Owner = "示例\xff" }, "owner"},
		{"characters that cannot be drawn", func(a *esign.Application) { a.Owner = "示例\U0002F9F4局" }, "owner"},
		{"mistyped owner code", func(a *esign.Application) { a.OwnerCode = "11990000MB7QX0015X" }, "owner_code"},
		{"owner code in small letters", func(a *esign.Application) { a.OwnerCode = "11990000mb7qx0015w" }, "owner_code"},
		{"long line", func(a *esign.Application) { a.Line = strings.Repeat("章", 13) }, "line"},
		{"control character in the line", func(a *esign.Application) { a.Line = "专用\x1b章" }, "line"},
		{"too small", func(a *esign.Application) { a.DiameterMM = 19.9 }, "diameter_mm"},
		{"too large", func(a *esign.Application) { a.DiameterMM = 60.1 }, "diameter_mm"},
		{"negative", func(a *esign.Application) { a.DiameterMM = -42 }, "diameter_mm"},
		{"no number", func(a *esign.Application) { a.DiameterMM = math.NaN() }, "diameter_mm"},
		{"infinite", func(a *esign.Application) { a.DiameterMM = math.Inf(1) }, "diameter_mm"},
		{"negative years", func(a *esign.Application) { a.Years = -1 }, "years"},
		{"too many years", func(a *esign.Application) { a.Years = 11 }, "years"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := sealtest.SampleApplication(1)
			test.change(&a)
			_, err := w.Service.Apply(sealtest.Keeper, a)
			wantCode(t, err, fault.SealUnfit)
			if fields := fault.From(err).Fields; len(fields) != 1 || fields[0].Name != test.field {
				t.Errorf("fields %v", fields)
			}
		})
	}
	_, err := w.Service.Apply(sealtest.Keeper, esign.Application{DiameterMM: 5, Years: 99, OwnerCode: "x"})
	for _, field := range []string{"seal_id", "owner", "owner_code", "diameter_mm", "years"} {
		if !hasField(err, field) {
			t.Errorf("all faults are told at once, but not %s: %v", field, fault.From(err).Fields)
		}
	}
	if got := events(twin.Records()); len(got) != 0 {
		t.Errorf("refused applications left %v", got)
	}
}

func TestApplicationsThatAreTaken(t *testing.T) {
	w, _ := newWorld(t)
	bare := esign.Application{Code: "37030000000002", Owner: " 示例局 "}
	s, err := w.Service.Apply(sealtest.Keeper, bare)
	if err != nil || s.Owner != "示例局" || s.Name != "示例局" || !s.ValidTo.Equal(s.ValidFrom.AddDate(5, 0, 0)) {
		t.Errorf("%+v %v", s, err)
	}
	_, err = w.Service.Apply(sealtest.Keeper, bare)
	wantCode(t, err, fault.SealCodeTaken)
	if !hasField(err, "seal_id") {
		t.Error("the field is not named")
	}
	if found, err := w.Service.FindByCode(sealtest.Keeper, bare.Code); err != nil || found.ID != s.ID {
		t.Errorf("%v %v", found.ID, err)
	}
	for _, code := range []string{"", "37030000000003", "x"} {
		_, err := w.Service.FindByCode(sealtest.Keeper, code)
		wantCode(t, err, fault.NotFound)
	}
}

func TestReasonsOfStops(t *testing.T) {
	w, _ := newWorld(t)
	s := w.Active(t, sealtest.SampleApplication(1))
	for _, reason := range []string{"", "  ", strings.Repeat("因", 201), "a\nb", "a\u202eb", "\xff"} {
		_, suspend := w.Service.Suspend(sealtest.Keeper, s.ID, reason)
		_, revoke := w.Service.Revoke(sealtest.Reviewer, s.ID, reason)
		for _, err := range []error{suspend, revoke} {
			wantCode(t, err, fault.SealReason)
			if !hasField(err, "reason") {
				t.Errorf("%q: the field is not named", reason)
			}
		}
	}
	if _, err := w.Service.Suspend(sealtest.Keeper, s.ID, strings.Repeat("因", 200)); err != nil {
		t.Error(err)
	}
}

// TestMakingCanFailAndGoOn: whatever was away when a seal was made, it stays approved, and the next try uses the same key.
func TestMakingCanFailAndGoOn(t *testing.T) {
	w, _ := newWorld(t)
	s, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Service.Approve(sealtest.Reviewer, s.ID); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		fail func()
		mend func()
		code fault.Code
	}{
		{"key provider away", func() { w.Keys.Down = func(keys.Usage) error { return keys.ErrUnavailable } }, func() { w.Keys.Down = nil }, fault.Unavailable},
		{"K-07 answer of another key", func() {
			w.Keys.Answer = func(usage keys.Usage, message, signature []byte) []byte {
				return slices.Concat(signature[:len(signature)-1], []byte{signature[len(signature)-1] ^ 1})
			}
		}, func() { w.Keys.Answer = nil }, fault.Unavailable},
		{"authority away", func() { w.IssueError = errors.New("connection refused") }, func() { w.IssueError = nil }, fault.Unavailable},
		{"authority refuses", func() { w.IssueError = fmt.Errorf("%w: name", pki.ErrTemplate) }, func() { w.IssueError = nil }, fault.Internal},
		{"trust away", func() { w.TrustError = errors.New("no CRL") }, func() { w.TrustError = nil }, fault.Unavailable},
		{"the seal made would not verify", func() { w.NoRoot = true }, func() { w.NoRoot = false }, fault.Internal},
		{"store away", func() {
			w.Steps.FailBefore = func(_ int, name string) bool { return name == "store update" }
		}, func() { w.Steps.FailBefore = nil }, fault.Unavailable},
	} {
		test.fail()
		_, err := w.Service.Make(sealtest.Maker, s.ID)
		test.mend()
		if got := fault.CodeOf(err); got != test.code {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
		if kept, _ := w.Service.Find(sealtest.Maker, s.ID); kept.State != esign.Approved || len(kept.SES) != 0 {
			t.Errorf("%s: now %s", test.name, kept.State)
		}
	}
	if s, err = w.Service.Make(sealtest.Maker, s.ID); err != nil {
		t.Fatal(err)
	}
	if made, err := w.Keys.List(t.Context(), keys.UsageSealSigner, ""); err != nil || len(made) != 1 || made[0].ID != s.KeyID {
		t.Errorf("%d keys for one seal, %v", len(made), err)
	}
}

// TestSealEndsWithItsCertificate: a certificate that ends sooner than the years asked for ends the seal, too.
func TestSealEndsWithItsCertificate(t *testing.T) {
	w, _ := newWorld(t)
	end := w.Now().AddDate(2, 0, 0)
	w.Template = func(c *pki.CertificateTemplate) {
		if c.Profile == pki.ProfileSealSigner {
			c.NotAfter = end
		}
	}
	s := w.Active(t, sealtest.SampleApplication(1))
	if parsed, err := ses.ParseSeal(s.SES); err != nil || !s.ValidTo.Equal(end) || !parsed.Property.ValidEnd.Equal(end) {
		t.Errorf("ends %v, %v", s.ValidTo, err)
	}
}

// TestSignersCertificateMustFit: a certificate that may not sign makes no seal.
func TestSignersCertificateMustFit(t *testing.T) {
	w, _ := newWorld(t)
	w.Template = func(c *pki.CertificateTemplate) {
		if c.Profile == pki.ProfileSealSigner {
			c.Profile = pki.ProfileIssuingCA
		}
	}
	s, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Service.Approve(sealtest.Reviewer, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Service.Make(sealtest.Maker, s.ID); err == nil {
		t.Error("a seal over a CA's certificate was made")
	}
}

func TestTwoPeopleAtOnce(t *testing.T) {
	w, twin := newWorld(t)
	s, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(1))
	if err != nil {
		t.Fatal(err)
	}
	codes := make(chan fault.Code, 8)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			_, err := w.Service.Approve(sealtest.As(fmt.Sprint("staff:", n), esign.RoleReviewer), s.ID)
			codes <- fault.CodeOf(err)
		})
	}
	group.Wait()
	close(codes)
	approved := 0
	for code := range codes {
		switch code {
		case "":
			approved++
		case fault.Conflict, fault.SealState:
		default:
			t.Errorf("unexpected %s", code)
		}
	}
	if got := events(twin.Records()); approved != 1 || len(got) != 2 {
		t.Errorf("%d approvals, events %v", approved, got)
	}
	w.Store = changedMeanwhile{twin}
	w.Restart(t)
	_, err = w.Service.Revoke(sealtest.Reviewer, s.ID, "r")
	wantCode(t, err, fault.Conflict)
}

// changedMeanwhile is a store on which somebody else is always faster.
type changedMeanwhile struct{ esign.Store }

func (changedMeanwhile) UpdateSeal(context.Context, esign.Seal, esign.State, audit.Record) error {
	return esign.ErrChanged
}

func TestListOfSeals(t *testing.T) {
	w, _ := newWorld(t)
	for _, n := range []int{3, 1, 2} {
		if _, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(n)); err != nil {
			t.Fatal(err)
		}
	}
	first, next, err := w.Service.List(sealtest.Keeper, "", "", 2)
	if err != nil || len(first) != 2 || next != "37030000000002" {
		t.Fatalf("%d %q %v", len(first), next, err)
	}
	second, next, err := w.Service.List(sealtest.Keeper, "", next, 2)
	if err != nil || len(second) != 1 || next != "" || second[0].Code != "37030000000003" {
		t.Errorf("%+v %q %v", second, next, err)
	}
	if one, next, err := w.Service.List(sealtest.Keeper, "", "", 0); err != nil || len(one) != 1 || next == "" {
		t.Errorf("%d %q %v", len(one), next, err)
	}
	for _, cursor := range []string{"x", "3703000000000", "' OR 1=1 --"} {
		_, _, err := w.Service.List(sealtest.Keeper, "", cursor, 2)
		wantCode(t, err, fault.Malformed)
	}
}

// TestX10SealsRestAfterARecovery: whoever took an account over by its telephone uses no seal for a day, and may stop one.
func TestX10SealsRestAfterARecovery(t *testing.T) {
	w, _ := newWorld(t)
	s := w.Active(t, sealtest.SampleApplication(1))
	request := reqctx.From(sealtest.Keeper)
	request.Actor.RestsUntil = w.Now().Add(time.Hour)
	keeper := reqctx.With(t.Context(), request)
	_, _, err := w.Service.Stamp(keeper, sealtest.Request(s, sealtest.Document(t, 1)))
	wantCode(t, err, fault.RecoveryRest)
	_, err = w.Service.Apply(keeper, sealtest.SampleApplication(2))
	wantCode(t, err, fault.RecoveryRest)
	if _, err := w.Service.Suspend(keeper, s.ID, "lost"); err != nil {
		t.Errorf("a keeper who recovered stops no seal: %v", err)
	}
	request = reqctx.From(sealtest.Reviewer)
	request.Actor.RestsUntil = w.Now().Add(time.Hour)
	_, err = w.Service.Resume(reqctx.With(t.Context(), request), s.ID)
	wantCode(t, err, fault.RecoveryRest)
}

// TestF06StoreAway: a store that does not answer is told as 503, in every operation.
func TestF06StoreAway(t *testing.T) {
	w, _ := newWorld(t)
	s := w.Active(t, sealtest.SampleApplication(1))
	w.Store = away{w.Store}
	w.Restart(t)
	for name, do := range map[string]func() error{
		"apply":        func() error { _, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(2)); return err },
		"suspend":      func() error { _, err := w.Service.Suspend(sealtest.Keeper, s.ID, "r"); return err },
		"find":         func() error { _, err := w.Service.Find(sealtest.Keeper, s.ID); return err },
		"find by code": func() error { _, err := w.Service.FindByCode(sealtest.Keeper, s.Code); return err },
		"list":         func() error { _, _, err := w.Service.List(sealtest.Keeper, "", "", 1); return err },
		"uses":         func() error { _, _, err := w.Service.Stamps(sealtest.Keeper, s.ID, "", "", 1); return err },
		"sweep":        func() error { _, err := w.Service.Recover(t.Context()); return err },
	} {
		if err := do(); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errAway = errors.New("connection refused")

type away struct{ esign.Store }

func (away) AddSeal(context.Context, esign.Seal, audit.Record) error { return errAway }
func (away) Seal(context.Context, string) (esign.Seal, error)        { return esign.Seal{}, errAway }
func (away) SealByCode(context.Context, string) (esign.Seal, error)  { return esign.Seal{}, errAway }
func (away) Seals(context.Context, []string, esign.State, string, int) ([]esign.Seal, error) {
	return nil, errAway
}
func (away) PlannedBefore(context.Context, time.Time, int) ([]esign.Stamp, error) {
	return nil, errAway
}
