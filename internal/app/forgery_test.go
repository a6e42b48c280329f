package app_test

import (
	"bytes"
	"context"
	"io"
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
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const whoReported = "13800138777"

var (
	receiptShown = regexp.MustCompile(`id="forgery-receipt">([0-9A-Z-]{29})<`)
	caseLink     = regexp.MustCompile(`/license/forgeries/cases/(fgc_[0-9a-z]+)`)
	tellingLink  = regexp.MustCompile(`/contact/(fgt_[0-9a-z]+)`)
)

// reportForm sends the form of a report as a browser without scripts does.
func reportForm(t *testing.T, p *apptest.Platform, path string, file []byte, texts ...string) apptest.Answer {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for i := 0; i+1 < len(texts); i += 2 {
		if err := w.WriteField(texts[i], texts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "新证照.ofd")
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+path, &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept-Language", "zh-CN")
	return p.Do(request)
}

// stateOf asks the page about a receipt.
func stateOf(t *testing.T, p *apptest.Platform, receipt string) *walk.Page {
	t.Helper()
	b := walk.New(nil)
	return submit(t, b, p.URL+"/verify/report/status", map[string]string{"receipt": receipt})
}

// reviewersOfTwo makes reviewers of the department of the sample licence, and of another one.
func reviewersOfTwo(t *testing.T, p *apptest.Platform) (a, b *walk.Browser) {
	t.Helper()
	kind, _ := catalog.Find("11100000MB03271699001")
	m := app.Manifest{Areas: []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}},
		Departments: []staff.Department{{ID: kind.Sample.First(catalog.KeyAuthorityCode), Name: "某登记中心", Area: "330102"}, {ID: company, Name: "拱墅某局", Area: "330105"}}}
	until := p.Now().Add(300 * 24 * time.Hour)
	for login, area := range map[string]string{"13800138311": "330102", "13800138312": "330105"} {
		p.Persona(login, "工作人员", 2, elicense.RoleReviewer)
		m.Staff = append(m.Staff, app.Staff{Login: login, Roles: []string{}, Rights: []app.StaffRight{{Role: elicense.RoleReviewer, Area: area, Until: until}, {Role: esign.RoleReviewer, Area: area, Until: until}}})
	}
	if err := p.App.Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return p.SignInStaff("13800138311"), p.SignInStaff("13800138312")
}

// TestForgeryJourney: a changed licence is checked and reported without a login and without scripts, the department that it claims decides, another
// one sees nothing of it, and the receipt tells what became of it.
func TestForgeryJourney(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		_, document := issued(t, p)
		mine, others := reviewersOfTwo(t, p)
		changed := ofdtest.Edit(t, document, func(path string, content []byte) []byte {
			if strings.HasSuffix(path, "/Content.xml") {
				return append(content, ' ')
			}
			return content
		})
		checked := uploaded(t, p, "/verify", "verify-file", "a.ofd", changed)
		link := regexp.MustCompile(`id="verify-forgery" href="([^"]+)"`).FindStringSubmatch(checked.Text)
		if link == nil || !strings.Contains(checked.Text, "V20") {
			t.Fatalf("the result does not lead to the report: %s", checked.Text)
		}
		anybody := walk.New(nil)
		openPage(t, p, anybody, strings.ReplaceAll(link[1], "&amp;", "&"))
		sm3, identifier := anybody.Page.Hidden("sm3"), anybody.Page.Attribute("identifier", "value")
		if anybody.Page.Hidden("code") != "V20" || sm3 != digest.Hex(changed) || !strings.HasPrefix(identifier, "1.2.156.") {
			t.Fatalf("%q %q", sm3, identifier)
		}

		// What is wrong comes back with what was typed, as text.
		const hostile, address = `<script>alert(1)</script>"'`, `https://fake.example/"onmouseover="x`
		typed := []string{"code", "V20", "sm3", sm3, "identifier", identifier, "where", hostile, "address", address, "send_file", "1"}
		wrong := reportForm(t, p, "/verify/report/send", changed, append(typed, "contact", "无")...)
		if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Text, `href="#contact"`) || !strings.Contains(wrong.Text, "&lt;script&gt;alert(1)&lt;/script&gt;") || strings.Contains(wrong.Text, hostile) || !strings.Contains(wrong.Text, identifier) || !strings.Contains(wrong.Text, `value="1" checked`) {
			t.Errorf("%d %s", wrong.Status, wrong.Text)
		}
		sent := reportForm(t, p, "/verify/report/send", changed, append(typed, "contact", whoReported)...)
		shown := receiptShown.FindStringSubmatch(sent.Text)
		if sent.Status != http.StatusOK || shown == nil || !strings.Contains(sent.Header.Get("Cache-Control"), "no-store") {
			t.Fatalf("%d %s", sent.Status, sent.Text)
		}
		receipt := shown[1]
		if page := stateOf(t, p, receipt); !strings.Contains(page.TextOf("forgery-status"), "待受理") {
			t.Error(page.Text)
		}
		if page := stateOf(t, p, "0000-0000"); page.Status != http.StatusNotFound || !page.Has("receipt-error") || page.Attribute("receipt", "value") != "0000-0000" {
			t.Errorf("%d %s", page.Status, page.Text)
		}

		// The department decides.
		openPage(t, p, mine, "/staff")
		if !strings.Contains(mine.Page.Text, "待受理的疑似伪造举报 1") {
			t.Errorf("not in the inbox: %s", mine.Page.Text)
		}
		openPage(t, p, mine, "/license/forgeries?state=received")
		found := caseLink.FindStringSubmatch(mine.Page.Source)
		if found == nil || !strings.Contains(mine.Page.Text, "V20，平台核验") {
			t.Fatalf("%s", mine.Page.Text)
		}
		at := "/license/forgeries/cases/" + found[1]
		openPage(t, p, others, "/license/forgeries")
		if caseLink.MatchString(others.Page.Source) {
			t.Error("another department sees the report")
		}
		for _, path := range []string{at, at + "/file"} {
			if err := others.Open(t.Context(), p.URL+path); err != nil || others.Page.Status != http.StatusNotFound {
				t.Errorf("%s for another department: %d", path, others.Page.Status)
			}
		}
		search := "/staff/search?" + url.Values{"q": {receipt}}.Encode()
		openPage(t, p, mine, search)
		if !strings.Contains(mine.Page.Source, at) {
			t.Error("the search does not know the receipt")
		}
		if openPage(t, p, others, search); caseLink.MatchString(others.Page.Source) {
			t.Error("the search of another department knows the receipt")
		}
		openPage(t, p, mine, "/license/forgeries?format=csv")
		if !strings.Contains(mine.Page.Source, found[1]) || strings.Contains(mine.Page.Source, "8777") {
			t.Errorf("%s", mine.Page.Source)
		}
		openPage(t, p, mine, at)
		page := mine.Page
		for _, want := range []string{"138****8777", hostile, address, "受理"} {
			if !strings.Contains(page.Text, want) {
				t.Errorf("%q is not on the page of the case", want)
			}
		}
		if strings.Contains(page.Source, hostile) || strings.Contains(page.Source, `href="https://fake`) || strings.Contains(page.Source, `"onmouseover`) {
			t.Error("what somebody wrote is markup on the page of the case")
		}
		telling := tellingLink.FindStringSubmatch(page.Source)[1]
		if page = submit(t, mine, p.URL+at, map[string]string{"contact-" + telling: "1", "reason": ""}); page.Status != http.StatusUnprocessableEntity || strings.Contains(page.Text, whoReported) {
			t.Errorf("opened without a reason: %d", page.Status)
		}
		if page = submit(t, mine, p.URL+at, map[string]string{"contact-" + telling: "1", "reason": "核实细节"}); !strings.Contains(page.Text, "+86"+whoReported) {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if page = submit(t, mine, p.URL+at, map[string]string{"forgery-take": "1"}); !page.Has("decision") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page = submit(t, mine, p.URL+at, map[string]string{"forgery-decide": "1", "decision": "forged", "words": "", "note": "已移送"}); page.Status != http.StatusUnprocessableEntity || !page.Has("words-error") || !strings.Contains(page.Source, "已移送") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if page = submit(t, mine, p.URL+at, map[string]string{"forgery-decide": "1", "decision": "forged", "words": "照面姓名被改动", "note": "已移送"}); page.Status != http.StatusOK || page.Has("decision") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if page := stateOf(t, p, strings.ToLower(receipt)); page.TextOf("forgery-words") != "照面姓名被改动" || !strings.Contains(page.TextOf("forgery-status"), "伪造") || strings.Contains(page.Text, "已移送") {
			t.Error(page.Text)
		}
		eventually(t, "the reporter is not told", func() bool {
			return strings.Contains(p.Get("/sandbox/inbox?to=%2B86"+whoReported, "").Text, "疑似伪造已有结果")
		})
		request, err := http.NewRequest(http.MethodGet, p.URL+at+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		mine.Lend(request)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if content, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(content, changed) || answer.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%v %d octets, %v", err, len(content), answer.Header)
		}
		p.Advance(181 * 24 * time.Hour)
		if n, err := p.App.SweepForgeries(t.Context()); n != 1 || err != nil {
			t.Errorf("%d erased: %v", n, err)
		}
		// That no contact stands in log and audit record says the canary.
		if log := p.Log.String(); strings.Contains(log, receipt) || strings.Contains(log, "fake.example") {
			t.Error("X-27: the log holds what somebody wrote")
		}
	})
}

// TestForgeryAtTheAPI: programs report and ask without a token, members of staff decide, and nobody who has a part in a seal does.
func TestForgeryAtTheAPI(t *testing.T) {
	p := apptest.Start(t, database(t))
	issued(t, p) // under the seal 37030000001721
	post := func(path, token string, body any) apptest.Answer {
		t.Helper()
		return call(t, p, http.MethodPost, path, token, body)
	}
	given := post("/api/v1/forgery-reports", "", map[string]any{"identifier": "37030000001721", "where": "公告栏", "contact": whoReported})
	if given.Status != http.StatusOK || given.Body["contact_taken"] != true || given.Body["kept_days"] != float64(180) || len(given.String("receipt")) != 29 {
		t.Fatalf("%d %s", given.Status, given.Text)
	}
	for name, row := range map[string]struct {
		body any
		want fault.Code
	}{"nothing": {map[string]any{}, fault.Invalid}, "unknown member": {map[string]any{"identifier": "1", "verdict": "V20"}, fault.Malformed}, "no address": {map[string]any{"address": "ftp://a"}, fault.Invalid}} {
		if a := post("/api/v1/forgery-reports", "", row.body); a.String("code") != string(row.want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Text)
		}
	}
	if a := uploaded(t, p, "/api/v1/forgery-reports", "file", "a.ofd", []byte("x")); a.String("code") != string(fault.Invalid) {
		t.Errorf("a file without its tick: %d %s", a.Status, a.Text)
	}
	if a := uploaded(t, p, "/api/v1/forgery-reports", "file", "a.ofd", make([]byte, 20<<20+1)); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of more than 20 MB: %d %s", a.Status, a.Text)
	}
	if a := post("/api/v1/forgery-report-states", "", map[string]any{"receipt": given.String("receipt")}); a.String("state") != "received" {
		t.Errorf("%d %s", a.Status, a.Text)
	}

	tokens := map[string]string{}
	people := map[string][]string{"13800138321": {esign.RoleReviewer}, "13800138322": {esign.RoleReviewer, esign.RoleKeeper}}
	for login, roles := range people {
		p.Persona(login, "工作人员", 2, roles...)
		b, _ := strongStaff(t, p, login)
		tokens[login] = staffToken(t, p, b, esign.RoleReviewer)
		if len(roles) > 1 { // a token holds some of the roles; who keeps the seal keeps it with either
			tokens[login+" both"] = tokens[login]
			openPage(t, p, b, "/license/forgeries")
			link := caseLink.FindString(b.Page.Source)
			if err := b.Open(t.Context(), p.URL+link); err != nil || link == "" || b.Page.Status != http.StatusForbidden || !strings.Contains(b.Page.Text, string(fault.ForgeryConflict)) {
				t.Errorf("a keeper of the seal reads the report: %d %s", b.Page.Status, b.Page.Text)
			}
		}
	}
	reviewer := tokens["13800138321"]
	list := call(t, p, http.MethodGet, "/api/v1/forgeries?state=received", reviewer, nil)
	items, _ := list.Body["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%d %s", list.Status, list.Text)
	}
	one := items[0].(map[string]any)
	at := "/api/v1/forgeries/" + one["id"].(string)
	if one["kind"] != "seal" || one["has_file"] != false || strings.Contains(list.Text, "8777") {
		t.Errorf("%v", one)
	}
	detail := call(t, p, http.MethodGet, at, reviewer, nil)
	if detail.Status != http.StatusOK {
		t.Fatalf("%d %s", detail.Status, detail.Text)
	}
	telling := detail.Body["items"].([]any)[0].(map[string]any)
	if telling["contact"] != "138****8777" || telling["where"] != "公告栏" {
		t.Errorf("%v", telling)
	}
	if a := post(at+"/contacts/"+telling["id"].(string), reviewer, map[string]any{"reason": "核实"}); a.String("contact") != "+86"+whoReported {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	client := adminToken(t, p, esign.RoleReviewer)
	if a := call(t, p, http.MethodGet, at, client, nil); a.Status != http.StatusOK {
		t.Errorf("a service client does not read: %d", a.Status)
	}
	for name, path := range map[string]string{"take": at + "/take", "decide": at + "/decision", "contact": at + "/contacts/" + telling["id"].(string)} {
		if a := post(path, client, map[string]any{"decision": "forged", "words": "x", "seen": "x", "reason": "x"}); a.String("code") != string(fault.StaffOnly) {
			t.Errorf("a service client may %s: %d %s", name, a.Status, a.Text)
		}
	}
	decision := map[string]any{"decision": "genuine", "words": "印章属实", "seen": detail.String("mark")}
	if a := post(at+"/decision", reviewer, decision); a.String("code") != string(fault.ForgeryState) {
		t.Errorf("decided without being taken: %d %s", a.Status, a.Text)
	}
	taken := post(at+"/take", reviewer, nil)
	decision["seen"] = taken.String("mark")
	if a := post(at+"/decision", reviewer, decision); a.String("decision") != "genuine" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := post("/api/v1/forgery-report-states", "", map[string]any{"receipt": given.String("receipt")}); a.String("decision") != "genuine" || a.String("words") != "印章属实" {
		t.Errorf("%d %s", a.Status, a.Text)
	}

	// One source is bounded, and so is what one contact is written about.
	var last apptest.Answer
	for range 10 {
		last = post("/api/v1/forgery-reports", "", map[string]any{"identifier": "1", "contact": whoReported})
		if last.Status == http.StatusTooManyRequests {
			break
		}
	}
	if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", last.Status, last.Text)
	}
	p.Advance(61 * time.Minute)
	if a := post("/api/v1/forgery-reports", "", map[string]any{"identifier": "2", "contact": whoReported}); a.Status != http.StatusOK || a.Body["contact_taken"] != false {
		t.Errorf("%d %s", a.Status, a.Text)
	}
}

// TestForgeryIsNotDecidedByWhoApprovedTheSeal: people who took a step in the life of a seal are barred without keeping it.
func TestForgeryIsNotDecidedByWhoApprovedTheSeal(t *testing.T) {
	p, ctx := apptest.Start(t, database(t)), context.Background()
	keeper := adminToken(t, p, esign.RoleKeeper)
	seal := call(t, p, http.MethodPost, "/api/v1/seals", keeper, map[string]any{"seal_id": "37030000001722", "owner": "某局", "owner_code": company}).String("id")
	for _, login := range []string{"13800138331", "13800138332"} {
		p.Persona(login, "工作人员", 2, esign.RoleReviewer)
	}
	approver, other := p.SignInStaff("13800138331"), p.SignInStaff("13800138332")
	submit(t, approver, p.URL+"/seal/"+seal, map[string]string{"seal-approve": "1"})
	if a := call(t, p, http.MethodPost, "/api/v1/forgery-reports", "", map[string]any{"identifier": "37030000001722"}); a.Status != http.StatusOK {
		t.Fatal(a.Text)
	}
	openPage(t, p, approver, "/license/forgeries")
	link := caseLink.FindString(approver.Page.Source)
	if err := approver.Open(ctx, p.URL+link); err != nil || approver.Page.Status != http.StatusForbidden {
		t.Errorf("who approved the seal reads the report: %v %d %s", err, approver.Page.Status, approver.Page.Text)
	}
	openPage(t, p, other, link)
}
