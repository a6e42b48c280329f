package elicense_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestM2AnAnswerPassesAtTheAskerAlone: what is shown to one request is valid there, and at another asker invalid without being used up.
func TestM2AnAnswerPassesAtTheAskerAlone(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	ask, text, err := w.Service.NewAsk(context.Background(), "04", "m", "李*")
	if err != nil || ask.Who != "李*" || ask.Profile != "m" {
		t.Fatalf("%+v %v", ask, err)
	}
	other, _, err := w.Service.NewAsk(context.Background(), "", "", "")
	if err != nil || other.Profile != "m" || other.Nonce == ask.Nonce {
		t.Fatalf("%+v %v", other, err)
	}
	preview, err := w.Service.PreviewAnswer(licensetest.Person, l.ID, text, "zh-CN")
	if err != nil || preview.Ask != ask || len(preview.Fields) == 0 {
		t.Fatalf("%+v %v", preview, err)
	}
	shown, read, err := w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	if err != nil || read != ask || len(shown.Fields) != len(preview.Fields) {
		t.Fatalf("%+v %v", shown, err)
	}
	for i, f := range shown.Fields {
		if f != preview.Fields[i] {
			t.Errorf("%+v was told as %+v", f, preview.Fields[i])
		}
	}
	judge := func(code string, challenge []byte) verify.Result {
		t.Helper()
		result, err := w.Service.VerifyAnswer(context.Background(), code, challenge)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if r := judge(shown.Code, other.Nonce[:]); r.Verdict != verify.Invalid || r.Code != "V41" || len(r.License.Shown) != 0 {
		t.Errorf("at another asker: %s %s %+v", r.Verdict, r.Code, r.License)
	}
	if r := judge(shown.Code, ask.Nonce[:]); r.Verdict != verify.Valid || r.Code != "V00" || len(r.License.Shown) != len(shown.Fields) || r.License.Shown[0].Value != shown.Fields[0].Value {
		t.Errorf("at the asker: %s %s %+v", r.Verdict, r.Code, r.License)
	}
	_, err = w.Service.VerifyAnswer(context.Background(), shown.Code, ask.Nonce[:])
	wantCode(t, err, fault.CodeConsumed)
	// A code that answers nobody does not pass at somebody who asked.
	plain, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r := judge(plain.Code, ask.Nonce[:]); r.Code != "V41" {
		t.Errorf("a code without a request: %s", r.Code)
	}
	_, err = w.Service.VerifyAnswer(context.Background(), plain.Code, ask.Nonce[:7])
	wantCode(t, err, fault.Invalid)
}

// TestM2AnAnswerIsJudgedWithoutANetwork: with the challenge of its request it is valid, with another one invalid, and without any it may be a forwarded picture.
func TestM2AnAnswerIsJudgedWithoutANetwork(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	ask, text, err := w.Service.NewAsk(context.Background(), "", "m", "")
	if err != nil {
		t.Fatal(err)
	}
	shown, _, err := w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		challenge []byte
		want      string
		fields    int
	}{
		"of this request": {ask.Nonce[:], "valid V00", len(shown.Fields)}, "of another one": {make([]byte, 8), "invalid V41", 0}, "nobody asked": {nil, "indeterminate V01", len(shown.Fields)},
	} {
		options := evidence(t, w)
		options.Challenge, options.Consumed = c.challenge, nil // without a memory of codes that were shown
		r := licensefile.Verify("code.txt", []byte(shown.Code), options)
		if got := string(r.Verdict) + " " + r.Code; got != c.want || len(r.License.Shown) != c.fields {
			t.Errorf("%s: %s %+v", name, got, r.License)
		}
	}
}

// TestAnAnswerGoesOnBehindTheEndOfItsRequest: what was begun in time is shown again with the current step; nothing new is.
func TestAnAnswerGoesOnBehindTheEndOfItsRequest(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	ask, text, err := w.Service.NewAsk(context.Background(), "", "p", "")
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(5 * time.Minute)
	shown, _, err := w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	if err != nil {
		t.Fatalf("in its last moment: %v", err)
	}
	w.Advance(time.Minute)
	_, _, err = w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	wantCode(t, err, fault.AskOver)
	_, err = w.Service.PreviewAnswer(licensetest.Person, l.ID, text, "en")
	wantCode(t, err, fault.AskOver)
	again, _, err := w.Service.ShowAnswer(licensetest.Person, l.ID, text, shown.ID)
	if err != nil || again.ID != shown.ID {
		t.Fatal(err)
	}
	if r, err := w.Service.VerifyAnswer(context.Background(), again.Code, ask.Nonce[:]); err != nil || r.Code != "V00" {
		t.Errorf("%s %v", r.Code, err)
	}
	ordinary, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Service.ShowAnswer(licensetest.Person, l.ID, text, ordinary.ID)
	wantCode(t, err, fault.NotFound) // it would answer behind the end of the request, and nobody would be named in the audit trail
	_, other, err := w.Service.NewAsk(context.Background(), "", "p", "")
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Service.ShowAnswer(licensetest.Person, l.ID, other, "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Service.ShowAnswer(licensetest.Person, l.ID, text, answer.ID)
	wantCode(t, err, fault.NotFound)
	_, err = w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: answer.ID})
	wantCode(t, err, fault.NotFound)
}

func TestRequestsThatAreNone(t *testing.T) {
	w, _ := newWorld(t)
	_, text, err := w.Service.NewAsk(context.Background(), "", "", strings.Repeat("名", 200))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := w.Service.ReadAsk(context.Background(), " "+w.Service.AskURL(text)+"\n"); err != nil || len(a.Who) > 130 || !strings.HasSuffix(a.Who, "名…") {
		t.Errorf("a link with a long name: %q %v", a.Who, err)
	}
	octets, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range octets {
		changed := append([]byte(nil), octets...)
		changed[i] ^= 1
		if _, err := w.Service.ReadAsk(context.Background(), base64.RawURLEncoding.EncodeToString(changed)); fault.CodeOf(err) != fault.AskMalformed {
			t.Fatalf("octet %d changed: %v", i, err)
		}
	}
	foreign, _ := newWorld(t)
	_, theirs, err := foreign.Service.NewAsk(context.Background(), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "of another platform": theirs, "cut": text[:len(text)-4], "longer": text + "AAAA", "no base64": "*" + text, "padded": text + "=", "a code": "LZ1:ABC", "a link elsewhere": "https://evil.example/me/license-requests?ask=" + text, "too long": strings.Repeat("A", 401), "short": "AAAA",
	} {
		if _, err := w.Service.ReadAsk(context.Background(), bad); fault.CodeOf(err) != fault.AskMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct{ purpose, profile string }{{"99", "m"}, {"04", "a"}, {"04", "x"}, {"04", "mp"}, {"04", "m,"}} {
		if _, _, err := w.Service.NewAsk(context.Background(), c.purpose, c.profile, ""); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestWhoMayAnswer: the holder, with a licence in force that has the view, and not while it is frozen.
func TestWhoMayAnswer(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	_, text, err := w.Service.NewAsk(context.Background(), "", "m", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		code fault.Code
	}{"nobody": {context.Background(), fault.Unauthenticated}, "somebody else": {freshAs("account:other", w.Now()), fault.NotFound}, "staff": {licensetest.Issuer, fault.Forbidden}} {
		_, err := w.Service.PreviewAnswer(c.ctx, l.ID, text, "en")
		wantCode(t, err, c.code)
		if _, _, err := w.Service.ShowAnswer(c.ctx, l.ID, text, ""); err == nil {
			t.Errorf("%s answers", name)
		}
	}
	if _, err := w.Service.FreezeUse(licensetest.Person, l.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	wantCode(t, err, fault.LicenseFrozen)
	if err := w.Service.UnfreezeUse(licensetest.FreshPerson(w.Now()), l.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Suspension, "")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.PreviewAnswer(licensetest.Person, l.ID, text, "en")
	wantCode(t, err, fault.LicenseState)
	_, _, err = w.Service.ShowAnswer(licensetest.Person, l.ID, text, "")
	wantCode(t, err, fault.LicenseState)
}
