package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// paperOf judges a card as anybody does.
func paperOf(t *testing.T, p *apptest.Platform, code string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+"/api/v1/verifications", strings.NewReader(`{"code":"`+code+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	found := regexp.MustCompile(`"code":"(V\d\d)"`).FindStringSubmatch(p.Do(request).Text)
	if len(found) != 2 {
		return ""
	}
	return found[1]
}

// TestCardsEndWithTheAccount: closed, erased, merged into another, or dead: the paper says so everywhere.
func TestCardsEndWithTheAccount(t *testing.T) {
	url := database(t)
	p := apptest.Start(t, url)
	d := newDesk(t, p)
	ctx := context.Background()
	db, err := sqldb.Open(ctx, sqldb.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tell := func(topic string, payload any) {
		t.Helper()
		body, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		record := audit.With(audit.Event{Type: "test.told", At: p.Now(), Actor: "system:test", ObjectType: "account", ObjectID: "test"}).And(audit.Message{Topic: topic, Key: "test", Payload: body})
		if err := auditdb.Apply(ctx, db, record); err != nil {
			t.Fatal(err)
		}
	}
	card := func(number string, person counter.Card) (account, code string) {
		t.Helper()
		code = d.served(number, person, counter.ActRegister, counter.ActPass, counter.ActCard).TextOf("counter-card-code")
		d.post("/counter/end", nil)
		if got := paperOf(t, p, code); got != "V00" {
			t.Fatalf("a fresh card: %s", got)
		}
		return d.account(person), code
	}
	someone := func(number string) counter.Card {
		c := stranger
		c.Number = number
		return c
	}
	gone := func(what, code string) {
		t.Helper()
		eventually(t, what+": the card holds", func() bool { return paperOf(t, p, code) == "V10" })
	}
	closed, first := card("A1", someone("110101199003070118"))
	if err := p.App.Accounts.SetState(ctx, closed, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	absorbed, second := card("A2", someone("110101199003070214"))
	dead, third := card("A3", someone("110101199003070310"))
	erased, fourth := card("A4", stranger)
	survivor := d.account(stranger)
	if got := paperOf(t, p, first); got != "V00" {
		t.Errorf("a suspension is no end: %s", got)
	}
	if err := p.App.Accounts.SetState(ctx, closed, idp.AccountClosed, "test"); err != nil {
		t.Fatal(err)
	}
	gone("closed", first)
	tell(idp.TopicMerged, idp.MergedMessage{Survivor: survivor, Absorbed: absorbed, At: p.Now()})
	gone("merged", second)
	tell(idp.TopicDeceased, idp.AccountMessage{AccountID: dead, At: p.Now()})
	gone("dead", third)
	tell(idp.TopicErased, idp.ErasedNotice{AccountID: erased})
	gone("erased", fourth)
	n := -1
	if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_card WHERE holder_ref = $1", "account:"+erased).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d cards name the account that was erased: %v", n, err)
	}
}

// paper hands in the scan of the signed form.
func (d *desk) paper(visit string, scan []byte) *walk.Page {
	d.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file := func() error {
		if err := form.WriteField("visit", visit); err != nil {
			return err
		}
		part, err := form.CreateFormFile("counter-scan", "form.pdf")
		if err == nil {
			_, err = part.Write(scan)
		}
		if err == nil {
			err = form.Close()
		}
		return err
	}
	if err := file(); err != nil {
		d.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, d.p.URL+"/counter/paper", &body)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if err := d.clerk.Send(request); err != nil {
		d.t.Fatal(err)
	}
	return d.clerk.Page
}

// holderOfLicence is 张三, whose licence the sandbox's authority issues.
var holderOfLicence = counter.Card{Kind: subject.CitizenID, Name: "张三", Number: "11010519491231002X", Birth: "1949-12-31", From: "2020-03-01", To: "long_term"}

// issued lets an authority with a seal issue the sample licence to 张三 and returns its document.
func issued(t *testing.T, p *apptest.Platform) (id string, document []byte) {
	t.Helper()
	return issuedTo(t, p, holderOfLicence.Name, "111", holderOfLicence.Number)
}

// issuedTo is issued to a holder with a code of a type (GB/T 36903 annex A).
func issuedTo(t *testing.T, p *apptest.Platform, holder, codeType, holderCode string) (id string, document []byte) {
	t.Helper()
	const code = "11100000MB03271699001"
	kind, ok := catalog.Find(code)
	if !ok {
		t.Fatal("the type of licence is not in the catalogue")
	}
	clients := map[string]idp.Client{}
	call := func(role, method, path, body string) apptest.Answer {
		t.Helper()
		c, known := clients[role]
		if !known {
			c = p.Client(idp.Client{ClientID: "desk-" + strings.ReplaceAll(role, "_", "-"), GrantTypes: []string{"client_credentials"}, Scope: role})
			clients[role] = c
		}
		answer := adminCall(t, p, c, method, "/api/v1/"+path, body)
		if answer.Status >= 300 {
			t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Text)
		}
		return answer
	}
	authority, authorityCode := kind.Sample.First(catalog.KeyAuthority), kind.Sample.First(catalog.KeyAuthorityCode)
	seal := call(esign.RoleKeeper, http.MethodPost, "seals", fmt.Sprintf(`{"seal_id":"37030000001721","owner":%q,"owner_code":%q,"line":"不动产登记专用章"}`, authority, authorityCode)).String("id")
	call(esign.RoleReviewer, http.MethodPost, "seals/"+seal+"/approval", "")
	call(esign.RoleMaker, http.MethodPost, "seals/"+seal+"/making", "")
	call(esign.RoleKeeper, http.MethodPost, "seals/"+seal+"/activation", "")
	if err := p.App.Apply(context.Background(), app.Manifest{Authorities: []app.Issuer{{Code: authorityCode, Name: authority, Seal: "37030000001721", Types: []string{code}}}}); err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, f := range kind.Fields {
		if f.Own && kind.Sample.First(f.Key) != "" {
			fields[f.Key] = kind.Sample.First(f.Key)
		}
	}
	application := map[string]any{"business_number": "counter-1", "license_type_code": code, "issuing_authority_code": authorityCode, "effective_date": kind.Sample.First(catalog.KeyEffectiveDate), "fields": fields,
		"holders": []map[string]string{{"name": holder, "code_type": codeType, "code": holderCode}}}
	if kind.NumberKey == "" {
		application["license_number"] = kind.Sample.First(catalog.KeyLicenseNumber)
	}
	body, err := json.Marshal(application)
	if err != nil {
		t.Fatal(err)
	}
	id = call(elicense.RoleClerk, http.MethodPost, "licenses", string(body)).String("id")
	call(elicense.RoleReviewer, http.MethodPost, "licenses/"+id+"/review", `{"decision":"approve"}`)
	call(elicense.RoleIssuer, http.MethodPost, "licenses/"+id+"/issuance", "")
	return id, []byte(call(elicense.RoleIssuer, http.MethodGet, "licenses/"+id+"/file", "").Text)
}

// TestSignedFormAndCopies: a person without a phone signs a form; the digest of its scan stands on the acts, and the copy of the
// licence is the document itself, to be had by this clerk in this visit and by nobody afterwards.
func TestSignedFormAndCopies(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(holder, holderOfLicence.Name, 2)
	id, document := issued(t, p)
	wallet := p.SignIn(holder)
	eventually(t, "the licence does not come to its holder", func() bool {
		open(t, wallet, p.URL+"/me")
		return strings.Contains(wallet.Page.Source, "/me/licenses/"+id+"/present")
	})
	ask := func(number string) string {
		t.Helper()
		d.put(holderOfLicence)
		d.call(number)
		d.post("/counter/plan", url.Values{"visit": {d.clerk.Page.Hidden("visit")}, "counter-act": {counter.ActLicense, counter.ActCard}, "counter-way": {counter.ByPaper}})
		page := d.open("/counter/visit")
		if !page.Has("counter-scan") || !strings.Contains(page.Source, "print-only") || !strings.Contains(page.TextOf("counter-asked"), "打印证照副本") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		return page.Hidden("visit")
	}
	visit := ask("A1")
	if page := d.open("/counter/copy/" + id); page.Status != http.StatusConflict {
		t.Errorf("a copy without a word: %d", page.Status)
	}
	for what, scan := range map[string][]byte{"nothing": nil, "too little": []byte("form"), "too much": bytes.Repeat([]byte("x"), counter.MaxScan+1)} {
		if page := d.paper(visit, scan); page.Status != http.StatusUnprocessableEntity && page.Status != http.StatusRequestEntityTooLarge || page.Has("counter-perform") {
			t.Errorf("%s: %d %s", what, page.Status, page.Text)
		}
	}
	if page := d.paper("cvs_other", bytes.Repeat([]byte("signed form "), 200)); page.Has("counter-perform") {
		t.Error("the form of another visit was taken")
	}
	d.open("/counter/visit")
	scan := bytes.Repeat([]byte("%PDF signed form "), 200)
	if page := d.paper(visit, scan); !page.Has("counter-perform") || !strings.Contains(page.Text, "在纸上签字确认") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	page := press(t, d.clerk, map[string]string{"counter-perform": "1"})
	if !strings.Contains(page.TextOf("counter-receipt"), "打印证照副本 · 已办理") || !page.Has("counter-copies") || !strings.Contains(page.Source, "/counter/copy/"+id) {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	code := page.TextOf("counter-card-code")
	if page := d.open("/counter/copy/" + id); page.Status != http.StatusOK || page.Source != string(document) || len(document) < 1000 {
		t.Errorf("the copy: %d, %d of %d octets", page.Status, len(page.Source), len(document))
	}
	if page := d.open("/counter/copy/lic_none"); page.Status != http.StatusNotFound {
		t.Errorf("a licence that is none: %d", page.Status)
	}
	api := p.Client(idp.Client{ClientID: "queue", GrantTypes: []string{"client_credentials"}, Scope: counter.RoleSupervisor})
	acts := adminCall(t, p, api, http.MethodGet, "/api/v1/counter-acts", "").Text
	if n := strings.Count(acts, `"agreed_by":"paper:`+digest.Hex(scan)+`"`); n != 2 {
		t.Errorf("%d acts name the form: %s", n, acts)
	}
	d.post("/counter/end", nil)
	if page := d.open("/counter/copy/" + id); page.Status == http.StatusOK {
		t.Error("a copy after the visit")
	}
	d.served("A2", stranger, counter.ActRegister)
	if page := d.open("/counter/copy/" + id); page.Status == http.StatusOK {
		t.Error("a copy in the visit of another person")
	}
	if got := paperOf(t, p, code); got != "V00" {
		t.Errorf("the card: %s", got)
	}
	if events := audited(t, p, "counter.license_copy"); len(events) != 1 || events[0].Details["by_role"] != counter.RoleClerk {
		t.Errorf("what the clerk did does not tell by which right: %+v", events)
	}
}

// TestRefusedActIsTriedAgain: the register is silent; the clerk presses again, and what is left over the supervisor tries from
// the queue, by page or by API.
func TestRefusedActIsTriedAgain(t *testing.T) {
	register := &steered{silent: true, guardian: true}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.silent = true })
		d := newDesk(t, p)
		p.Persona(bossMobile, "周四", 0, counter.RoleSupervisor)
		boss, _ := strongStaff(t, p, bossMobile)
		d.served("B1", stranger, counter.ActRegister, counter.ActRaise)
		d.post("/counter/end", nil)
		family := func(number, child string) *walk.Page {
			d.put(stranger)
			d.call(number)
			d.post("/counter/plan", url.Values{"visit": {d.clerk.Page.Hidden("visit")}, "counter-act": {counter.ActFamily}, "counter-way": {counter.ByScreen}, "counter-child-name": {"王小小"}, "counter-child-number": {child}})
			d.agree()
			d.open("/counter/visit")
			return press(t, d.clerk, map[string]string{"counter-perform": "1"})
		}
		page := family("B2", "11010120180307431X")
		if !page.Has("counter-again") || !strings.Contains(page.TextOf("counter-receipt"), "未办成") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page = press(t, d.clerk, map[string]string{"counter-again": "1"}); !page.Has("counter-again") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		register.set(func(r *steered) { r.silent = false })
		if page = press(t, d.clerk, map[string]string{"counter-again": "1"}); page.Has("counter-again") || !strings.Contains(page.TextOf("counter-receipt"), "设置亲情账号 · 已办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		d.post("/counter/end", nil)
		register.set(func(r *steered) { r.silent = true })
		family("B3", "110101201803078118")
		d.post("/counter/end", nil)
		api := p.Client(idp.Client{ClientID: "queue", GrantTypes: []string{"client_credentials"}, Scope: counter.RoleSupervisor})
		id := ""
		for _, item := range adminCall(t, p, api, http.MethodGet, "/api/v1/counter-acts", "").Body["items"].([]any) {
			if act := item.(map[string]any); act["retriable"] == true {
				id = act["id"].(string)
				if act["failure"] != "YX-AUTH-714" || act["outcome"] != "failed" {
					t.Errorf("%v", act)
				}
			}
		}
		if id == "" {
			t.Fatal("nothing can be tried again")
		}
		address := p.URL + "/counter/queue/" + id
		if page := submit(t, boss, address, map[string]string{"act-retry": "1"}); page.Status != http.StatusServiceUnavailable || !page.Has("act-retry") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		register.set(func(r *steered) { r.silent = false })
		p.Advance(5 * time.Minute) // the visit is over long ago; the person's word stands for a day
		if page := submit(t, boss, address, map[string]string{"act-retry": "1"}); page.Status != http.StatusOK || !strings.Contains(page.TextOf("counter-receipt"), "设置亲情账号 · 已办理") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if answer := adminCall(t, p, api, http.MethodPost, "/api/v1/counter-acts/"+id+"/retry", ""); answer.Status != http.StatusConflict || answer.String("code") != "YX-CTR-040" {
			t.Errorf("%d %s", answer.Status, answer.Text)
		}
		if live, err := p.App.Mandates.Live(context.Background(), d.account(stranger)); err != nil || len(live) != 2 {
			t.Errorf("%+v %v", live, err)
		}
	})
}

// TestHelperIsInvitedAndConfirmsAtTheDesk: both are there: the elder sees on the screen whom the invitation is for, and the
// helper confirms as the next number.
func TestHelperIsInvitedAndConfirmsAtTheDesk(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(knownMobile, known.Name, 1)
	d.served("A1", stranger, counter.ActRegister, counter.ActRaise)
	d.post("/counter/end", nil)
	d.put(stranger)
	d.call("A2")
	form := url.Values{"visit": {d.clerk.Page.Hidden("visit")}, "counter-act": {counter.ActHelper}, "counter-way": {counter.ByScreen}, "counter-helper-name": {known.Name}, "counter-helper-to": {"13700137999"}}
	if page := d.post("/counter/plan", form); page.Status != http.StatusUnprocessableEntity || !page.Has("counter-helper-to-error") {
		t.Fatalf("a number that nobody has: %d %s", page.Status, page.Text)
	}
	form.Set("counter-helper-to", knownMobile)
	if page := d.post("/counter/plan", form); !strings.Contains(page.TextOf("counter-asked"), "李* 为您代办") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if err := d.screen.Open(context.Background(), p.URL+"/counter/screen"); err != nil || !strings.Contains(d.screen.Page.TextOf("counter-asked"), "李* 为您代办 · 长辈帮手 · 查看 代填 · 至 ") {
		t.Fatalf("%v %s", err, d.screen.Page.Text)
	}
	d.agree()
	d.open("/counter/visit")
	if page := press(t, d.clerk, map[string]string{"counter-perform": "1"}); !strings.Contains(page.TextOf("counter-receipt"), "邀请长辈帮手 · 已办理") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	d.post("/counter/end", nil)
	page := d.served("A3", known, counter.ActAccept)
	if !strings.Contains(page.TextOf("counter-receipt"), "确认待本人同意的代办 · 已办理") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if live, err := p.App.Mandates.Live(context.Background(), d.account(known)); err != nil || len(live) != 1 || live[0].Principal != d.account(stranger) {
		t.Errorf("%+v %v", live, err)
	}
}
