package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// firstLevel is somebody at the first level: 张三 of the sandbox's register.
func firstLevel(t *testing.T, p *apptest.Platform) *walk.Browser {
	t.Helper()
	p.Persona("13800138000", "", 0)
	b := p.SignIn("13800138000")
	if page := submit(t, b, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002X"}); !page.Has("proofing-outcome") {
		t.Fatal(page.Text)
	}
	return b
}

func tierOf(t *testing.T, p *apptest.Platform, b *walk.Browser) string {
	t.Helper()
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil {
		t.Fatal(err)
	}
	return b.Page.TextOf("identity")
}

func TestBankCardOnThePages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		b := firstLevel(t, p)
		if err := b.Open(context.Background(), p.URL+"/proofing"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"银行卡", "刷脸", "国家网络身份认证", "人工审核", "窗口"} {
			if !strings.Contains(b.Page.Text, want) {
				t.Errorf("the choice has no %s: %s", want, b.Page.Text)
			}
		}
		way := p.URL + "/proofing/bank_card"
		card := sandbox.Cards["11010519491231002X"]
		page := submit(t, b, way, map[string]string{"proofing-card": "1234"})
		if page.Status != http.StatusUnprocessableEntity || !page.Has("proofing-card-error") || page.Has("proofing-number") || !strings.Contains(page.TextOf("proofing-held"), "张*") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if page := submit(t, b, way, map[string]string{"proofing-card": sandbox.CardBroken}); !strings.Contains(page.Text, "核验来源暂时没有回应") {
			t.Errorf("X-08 a silent bank: %s", page.Text)
		}
		if page := submit(t, b, way, map[string]string{"proofing-card": "6222999900000000024"}); page.Status != http.StatusUnprocessableEntity || !page.Has("proofing-card-error") || strings.Contains(page.Source, "6222999900000000024") {
			t.Errorf("another's card: %d %s", page.Status, page.Text)
		}
		submit(t, b, way, map[string]string{"proofing-card": card})
		if tier := tierOf(t, p, b); !strings.Contains(tier, "中级实名") {
			t.Errorf("%s", tier)
		}
		for _, secret := range []string{card, card[4:], sandbox.CardBroken} {
			if strings.Contains(p.Log.String(), secret) {
				t.Error("a card stands in the log")
			}
		}
		if !strings.Contains(metricsOf(t, p), `yinxin_source_questions_total{outcome="answered",source="sandbox"}`) {
			t.Error("questions are not counted")
		}
	})
}

func TestX07FaceOnThePages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		b := firstLevel(t, p)
		c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile"})
		asked := url.Values{"claims": {`{"id_token":{"ial":{"essential":true,"value":3}}}`}}
		if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, asked).Encode()); err != nil || !strings.HasSuffix(b.Page.URL.Path, "/proofing") {
			t.Fatalf("%v, on %s", err, b.Page.URL)
		}
		flow := b.Page.URL.Query().Get("flow")
		if err := b.Open(ctx, p.URL+"/proofing/face?flow="+flow); err != nil {
			t.Fatal(err)
		}
		if !b.Page.Has("proofing-agree") || !b.Page.Has("proofing-decline") || b.Page.Attribute("proofing-agree", "class") != "button" || b.Page.Attribute("proofing-decline", "class") != "button secondary" ||
			!strings.Contains(b.Page.Text, "不保存") || !strings.Contains(b.Page.Header.Get("Content-Security-Policy"), " http://127.0.0.1:") {
			t.Errorf("%s\n%s", b.Page.Text, b.Page.Header)
		}
		if err := b.Submit(ctx, map[string]string{"proofing-consent": "face-2026-11"}); err != nil || !b.Page.Has("visit-match") {
			t.Fatalf("%v: %s %s", err, b.Page.URL, b.Page.Text)
		}
		target, err := b.SubmitUntil(ctx, map[string]string{"result": "match"}, c.RedirectURIs[0])
		if err == nil && target == nil && b.Page.Has("consent-allow") {
			target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
		}
		if err != nil || target == nil {
			t.Fatalf("%v, on %s: %s", err, b.Page.URL, b.Page.Text)
		}
		answer := p.Redeem(c, target.Query().Get("code"), nil)
		if claims := apptest.Claims(t, answer.String("id_token")); claims["ial"] != 3.0 {
			t.Errorf("%v", claims)
		}
	})
}

// TestA25VisitBelongsToItsAccount: the transaction of another user is nobody's.
func TestA25VisitBelongsToItsAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		b := firstLevel(t, p)
		submit(t, b, p.URL+"/proofing/face", map[string]string{"proofing-consent": "face-2026-11"})
		if err := b.Submit(ctx, map[string]string{"result": "pending"}); err != nil || !strings.Contains(b.Page.Text, "还没有结果") || b.Page.Status != http.StatusOK {
			t.Fatalf("%v %d %s", err, b.Page.Status, b.Page.Text)
		}
		address := b.Page.URL.String()
		p.Persona("13800138001", "", 0)
		other := p.SignIn("13800138001")
		if err := other.Open(ctx, address); err != nil || other.Page.Status != http.StatusNotFound {
			t.Errorf("another account: %v %d", err, other.Page.Status)
		}
		if page := submit(t, b, p.URL+"/proofing/face", map[string]string{"proofing-consent": "face-2025-01"}); page.Has("visit-match") || page.Status != http.StatusUnprocessableEntity {
			t.Errorf("consent to an old text: %d %s", page.Status, page.URL)
		}
	})
}

func TestNetworkIdentityOnPagesAndInClaims(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona("13800138022", "", 0)
		b := p.SignIn("13800138022")
		submit(t, b, p.URL+"/proofing/network_id", map[string]string{"proofing-consent": "network-id-2026-11"})
		if err := b.Submit(ctx, map[string]string{"result": "match", "key": "net-of-a-person"}); err != nil || !strings.Contains(b.Page.Text, "高级实名") {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		for _, path := range []string{"/me", "/proofing", "/me/security", "/me/mandates"} {
			if err := b.Open(ctx, p.URL+path); err != nil || b.Page.Status != http.StatusOK {
				t.Errorf("%s: %v %d %s", path, err, b.Page.Status, b.Page.Text)
			}
		}
		c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile identity"})
		answer := p.Redeem(c, p.Code(b, c, url.Values{"claims": {`{"id_token":{"ial":{"essential":true,"value":3},"verified_claims":{"verification":{"trust_framework":{"value":"cn_yinxin"}},"claims":{"name":null}}}}`}}).Get("code"), nil)
		claims := apptest.Claims(t, answer.String("id_token"))
		verified, _ := claims["verified_claims"].(map[string]any)
		verification, _ := verified["verification"].(map[string]any)
		inner, _ := verified["claims"].(map[string]any)
		if claims["ial"] != 3.0 || claims["name"] != nil || len(inner) != 0 || verification["evidence"] == nil {
			t.Errorf("%v", claims)
		}
		if info := p.Get("/userinfo", answer.String("access_token")); info.Status != http.StatusOK || info.Body["name"] != nil || info.Body["id_document_number"] != nil || info.Body["id_document_type"] != nil {
			t.Errorf("%d %s", info.Status, info.Text)
		}
		_, err := p.App.Mandates.Found(ctx, by(p, accountOf(t, p, "13800138022").ID), "示例市青禾商贸有限公司", company)
		wantFault(t, "somebody without a name founds", err, fault.MandateLevel)
		if strings.Contains(p.Log.String(), "net-of-a-person") {
			t.Error("the key stands in the log")
		}
	})
}

func TestPolicyOfProofingIsApplied(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		b := firstLevel(t, p)
		policy := func(rows ...proofing.Level) app.Manifest { return app.Manifest{Policies: app.Policies{Proofing: rows}} }
		for name, row := range map[string]proofing.Level{"no such method": {Method: "palm", IAL: 1}, "more than a card shows": {Method: "bank_card", IAL: 3}} {
			if err := p.App.Apply(ctx, policy(row)); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := b.Open(ctx, p.URL+"/proofing/face"); err != nil || b.Page.Status != http.StatusOK {
			t.Fatalf("%v %d", err, b.Page.Status)
		}
		applied(t, p, policy(proofing.Level{Method: "face", IAL: 3, Holds: 1, GuardianBelow: 14, Off: true}, proofing.Level{Method: "network_id", IAL: 3, Off: true}, proofing.Level{Method: "manual_review", IAL: 3, Off: true}))
		if err := b.Open(ctx, p.URL+"/proofing/face"); err != nil || b.Page.Status != http.StatusNotFound {
			t.Errorf("a way that is off: %v %d", err, b.Page.Status)
		}
		// The third level is out of reach now, and nobody is led to a page that leads nowhere.
		c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile"})
		asked := url.Values{"claims": {`{"id_token":{"ial":{"essential":true,"value":3}}}`}}
		if got := p.Code(b, c, asked).Get("error"); got != "unmet_authentication_requirements" {
			t.Errorf("error %q", got)
		}
	})
}

// handsIn posts the form of a manual review.
func handsIn(t *testing.T, p *apptest.Platform, b *walk.Browser, fields map[string]string, pictures ...[]byte) apptest.Answer {
	t.Helper()
	return postPictures(t, p, b, "/proofing/manual_review", "proofing-photo", fields, pictures)
}

// postPictures posts a form with pictures in the name of who is signed in.
func postPictures(t *testing.T, p *apptest.Platform, b *walk.Browser, path, input string, fields map[string]string, pictures [][]byte) apptest.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		w.WriteField(name, value)
	}
	for _, picture := range pictures {
		part, err := w.CreateFormFile(input, "picture.png")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(picture)
	}
	w.Close()
	request, err := http.NewRequest(http.MethodPost, p.URL+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Origin", p.URL)
	b.Lend(request)
	return p.Do(request)
}

func TestManualReviewOnThePages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		p.Persona("13800138021", "", 0)
		b := p.SignIn("13800138021")
		fields := map[string]string{"document": "taiwan_permit", "proofing-name": "林台新", "proofing-number": "12345678", "proofing-birth": "1979-02-28", "proofing-expires": "2035-12-31"}
		if a := handsIn(t, p, b, fields); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "proofing-photo-error") {
			t.Errorf("without a picture: %d %s", a.Status, a.Text)
		}
		if a := handsIn(t, p, b, fields, bytes.Repeat([]byte("x"), 3*proofing.MaxPhoto+1<<20)); a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("too large: %d", a.Status)
		}
		if a := handsIn(t, p, b, fields, picture.Bytes()); a.Status != http.StatusOK || !strings.Contains(a.Text, "等待人工审核") {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		if err := b.Open(ctx, p.URL+"/review"); err != nil || b.Page.URL.Path != "/staff/login" {
			t.Errorf("a citizen at the queue: %d", b.Page.Status)
		}
		for i, identifier := range []string{"13800138031", "13800138032"} {
			p.Persona(identifier, "", 0, "proofing_reviewer")
			r := p.SignInStaff(identifier)
			if err := r.Open(ctx, p.URL+"/review"); err != nil || !r.Page.Has("review-queue") {
				t.Fatalf("%v %d %s", err, r.Page.Status, r.Page.Text)
			}
			at := strings.Index(r.Page.Source, "/review/case_")
			address := p.URL + r.Page.Source[at:at+strings.IndexByte(r.Page.Source[at:], '"')]
			if err := r.Open(ctx, address); err != nil || strings.Contains(r.Page.Source, "林台新") || strings.Contains(r.Page.Source, "12345678") {
				t.Errorf("what was handed in is not masked: %s", r.Page.Text)
			}
			if i == 0 {
				if err := r.Submit(ctx, map[string]string{"field": "photo-1", "reason": "核对照片"}); err != nil || !strings.Contains(r.Page.Source, `src="data:image/png;base64,`) {
					t.Errorf("%v %s", err, r.Page.Text)
				}
			}
			if page := submit(t, r, address, map[string]string{"decision": "approve", "reason": ""}); page.Status != http.StatusUnprocessableEntity || !page.Has("reason-error") {
				t.Errorf("without a reason: %d", page.Status)
			}
			if page := submit(t, r, address, map[string]string{"decision": "approve", "reason": "照片与信息一致"}); page.Status != http.StatusOK || page.URL.Path != "/review" {
				t.Errorf("%d %s %s", page.Status, page.URL, page.Text)
			}
		}
		if tier := tierOf(t, p, b); !strings.Contains(tier, "高级实名") {
			t.Errorf("%s", tier)
		}
		if text := messageTo(t, p, "13800138021", "人工审核"); !strings.Contains(text, "人工审核") {
			t.Errorf("the person was told %q", text)
		}
	})
}

// TestATransferIsTakenBack: the legal representative sees what is under way on both pages and takes it back, with a login of any age; account
// and amount are gone at once, the page says so, the amount that arrived proves nothing, and nobody else finds the case.
func TestATransferIsTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		applied(t, p, app.Manifest{Policies: app.Policies{Proofing: []proofing.Level{{Method: proofing.OrganisationRegister, IAL: 3, Holds: 1}, {Method: proofing.OrganisationTransfer, IAL: 2, Days: 1095}}}})
		p.Persona(boss, "钱法人", 1)
		b := p.SignIn(boss)
		if page := submit(t, b, p.URL+"/me/organisations/new", map[string]string{"organisation-name": "示例市青禾商贸有限公司", "organisation-code": company}); !page.Has("organisation-transfer") || page.Has("open-cases") {
			t.Fatalf("%s %s", page.URL, page.Text)
		}
		home := b.Page.URL.String()
		page := submit(t, b, home+"/transfer", map[string]string{"transfer-account": "9999 0000 1234 5678"})
		if !page.Has("transfer-amount") || !page.Has("open-cases") || !strings.Contains(page.Text, "撤回后到账的金额不能用于核验") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		form := page
		_, rest, _ := strings.Cut(p.Get("/sandbox/inbox?to=9999000012345678", "").Text, `"code":"`)
		amount, _, _ := strings.Cut(rest, `"`)
		p.Advance(mandate.FreshLogin + time.Minute)
		open(t, b, home)
		at := strings.Index(b.Page.Source, home[len(p.URL):]+"/cases/")
		if at < 0 || b.Page.Has("transfer-withdrawn") {
			t.Fatalf("what is under way is not shown: %s", b.Page.Text)
		}
		path, _, _ := strings.Cut(b.Page.Source[at:], `"`)
		post := func(b *walk.Browser) (int, string) {
			t.Helper()
			request, err := http.NewRequest(http.MethodPost, p.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", p.URL)
			b.Lend(request)
			a := p.Do(request)
			return a.Status, a.Header.Get("Location")
		}
		p.Persona(clerk, "孙经办", 3)
		if status, _ := post(p.SignIn(clerk)); status != http.StatusNotFound {
			t.Errorf("somebody else: %d", status)
		}
		status, onward := post(b)
		if status != http.StatusSeeOther {
			t.Fatalf("%d", status)
		}
		open(t, b, p.URL+strings.TrimPrefix(onward, p.URL))
		if !b.Page.Has("transfer-withdrawn") || b.Page.Has("open-cases") || !strings.Contains(b.Page.Text, "打款申请已撤回") || !strings.Contains(b.Page.Text, "初级实名") {
			t.Errorf("the page does not say so: %s", b.Page.Text)
		}
		open(t, b, home+"?withdrawn=case_none")
		if b.Page.Has("transfer-withdrawn") {
			t.Error("a case that is not there was taken back")
		}
		db := databaseOf(t, p)
		for what, query := range map[string]string{"open": "SELECT COUNT(*) FROM idp_case WHERE state <> 'withdrawn' OR LENGTH(sealed) > 0", "events": "SELECT 1 - COUNT(*) FROM audit_event WHERE type = 'proofing.withdrawn'"} {
			var n int
			if err := db.Read().QueryRowContext(ctx, query).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
		if status, _ := post(b); status != http.StatusConflict {
			t.Errorf("twice: %d", status)
		}
		b = p.SignIn(boss)
		open(t, b, home+"/transfer")
		if b.Page.Has("transfer-amount") || !b.Page.Has("transfer-account") {
			t.Errorf("the amount is still asked for: %s", b.Page.Text)
		}
		b.Page = form
		if page := press(t, b, map[string]string{"transfer-amount": amount}); page.Status != http.StatusConflict {
			t.Errorf("the amount %q afterwards: %d %s", amount, page.Status, page.Text)
		}
		open(t, b, home)
		if !strings.Contains(b.Page.Text, "初级实名") {
			t.Errorf("it proved something: %s", b.Page.Text)
		}
	})
}

// TestTransferToAnOrganisation: where policy lets a representative of the first level make an organisation, it has that level, and the
// amount that arrived at its bank raises it.
func TestTransferToAnOrganisation(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		applied(t, p, app.Manifest{Policies: app.Policies{Proofing: []proofing.Level{{Method: proofing.OrganisationRegister, IAL: 3, Holds: 1}, {Method: proofing.OrganisationTransfer, IAL: 2, Days: 1095, Sample: 1000}}}})
		p.Persona(boss, "钱法人", 1)
		b := p.SignIn(boss)
		if page := submit(t, b, p.URL+"/me/organisations/new", map[string]string{"organisation-name": "示例市青禾商贸有限公司", "organisation-code": company}); !page.Has("organisation-transfer") || !strings.Contains(page.Text, "初级实名") {
			t.Fatalf("%s %s", page.URL, page.Text)
		}
		home := b.Page.URL.String()
		p.Persona(clerk, "孙经办", 3)
		stranger := p.SignIn(clerk)
		if err := stranger.Open(ctx, home+"/transfer"); err != nil || stranger.Page.Status != http.StatusNotFound {
			t.Errorf("another person: %v %d", err, stranger.Page.Status)
		}
		if page := submit(t, b, home+"/transfer", map[string]string{"transfer-account": sandbox.AccountOther}); page.Status != http.StatusUnprocessableEntity || !page.Has("transfer-account-error") {
			t.Errorf("an account in another name: %d %s", page.Status, page.Text)
		}
		page := submit(t, b, home+"/transfer", map[string]string{"transfer-account": "9999 0000 1234 5678"})
		if !page.Has("transfer-amount") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		told := p.Get("/sandbox/inbox?to=9999000012345678", "")
		_, rest, _ := strings.Cut(told.Text, `"code":"`)
		amount, _, _ := strings.Cut(rest, `"`)
		if page := submit(t, b, home+"/transfer", map[string]string{"transfer-amount": "0.01"}); page.Status != http.StatusUnprocessableEntity || !page.Has("transfer-amount-error") {
			t.Errorf("a wrong amount: %d %s", page.Status, page.Text)
		}
		if page := submit(t, b, home+"/transfer", map[string]string{"transfer-amount": amount}); page.Has("organisation-transfer") || !strings.Contains(page.Text, "中级实名") {
			t.Errorf("the amount %q: %s %s", amount, page.URL, page.Text)
		}
		// The pass is drawn; two reviewers doubt it by their tokens, and the legal representative is told.
		for i, want := range []string{"waiting", "failed"} {
			reviewer := fmt.Sprintf("1380013805%d", i)
			p.Persona(reviewer, "", 0, idp.RoleProofingReviewer)
			token := staffToken(t, p, p.SignInStaff(reviewer), idp.RoleProofingReviewer)
			waiting := items(t, call(t, p, http.MethodGet, "/api/v1/proofing-reviews?kind=sample", token, nil))
			if len(waiting) != 1 {
				t.Fatalf("%d samples wait", len(waiting))
			}
			at := "/api/v1/proofing-reviews/" + waiting[0]["id"].(string)
			one := call(t, p, http.MethodGet, at, token, nil)
			if pass, _ := one.Body["pass"].(map[string]any); one.String("document") != "unified_social_credit_code" || pass["method"] != proofing.OrganisationTransfer || strings.Contains(one.Text, "青禾") {
				t.Fatalf("%d %s", one.Status, one.Text)
			}
			decision := map[string]string{"decision": "refuse", "reason_code": "mismatch", "reason": "开户行查无此户", "version": one.String("version")}
			if a := call(t, p, http.MethodPost, at+"/decision", token, decision); a.String("code") != string(fault.ReviewKind) {
				t.Errorf("a sample is doubted, not refused: %s", a.Text)
			}
			decision["decision"] = "doubt"
			if a := call(t, p, http.MethodPost, at+"/decision", token, decision); a.Status != http.StatusOK || a.String("state") != want {
				t.Fatalf("%d %s", a.Status, a.Text)
			}
		}
		if err := b.Open(ctx, home); err != nil || !strings.Contains(b.Page.Text, "初级实名") {
			t.Errorf("%v %s", err, b.Page.Text)
		}
		if text := messageTo(t, p, boss, "人工复核未能确认"); !strings.Contains(text, "示例市") {
			t.Errorf("the representative was told %q", text)
		}
		if strings.Contains(p.Log.String(), "9999000012345678") {
			t.Error("the account stands in the log")
		}
	})
}
