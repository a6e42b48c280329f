package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// matterTree are the departments that settle one matter together.
var matterTree = app.Manifest{Areas: []staff.Area{{Code: "330000", Name: "浙江省"}}, Departments: []staff.Department{
	{ID: "dept-fund", Name: "示例省住房公积金中心", Area: "330000"}, {ID: "dept-social", Name: "示例省社会保险局", Area: "330000"}, {ID: "dept-tax", Name: "示例省税务局", Area: "330000"}}}

// matterClient passes claims on to two departments by consent, and to the tax office by law.
func matterClient() idp.Client {
	passed := func(claim, purpose, law string) idp.PassedClaim {
		return idp.PassedClaim{Claim: claim, Purpose: purpose, LegalBasis: law, RetentionDays: 365}
	}
	return idp.Client{ClientID: "matter", ClientName: "开办企业一件事", Department: "dept-hall", Purpose: "办理开办企业", Scope: "openid profile phone", Recipients: []idp.Recipient{
		{Department: "dept-fund", Claims: []idp.PassedClaim{passed("name", "开立缴存账户", ""), passed("phone_number", "通知开户结果", "")}},
		{Department: "dept-social", Claims: []idp.PassedClaim{passed("name", "参保登记", "")}},
		{Department: "dept-tax", Claims: []idp.PassedClaim{passed("name", "税务登记", "《示例征收条例》第十五条")}}}}
}

// passedTo are the recipients that an answer names, with their claims.
func passedTo(t *testing.T, answer map[string]any) string {
	t.Helper()
	content, err := json.Marshal(answer["recipients"])
	var list []struct {
		Department, Name string
		Claims           []string
	}
	if err == nil {
		err = json.Unmarshal(content, &list)
	}
	if err != nil || list == nil {
		t.Fatalf("recipients are %s: %v", content, err)
	}
	var all []string
	for _, one := range list {
		if one.Name == "" {
			t.Errorf("%s has no name", one.Department)
		}
		all = append(all, one.Department+":"+strings.Join(one.Claims, "+"))
	}
	return strings.Join(all, " ")
}

// TestOneConsentForSeveralDepartments: each department is asked for by itself, without scripts; what was allowed is told to the client,
// stands in the ledger and is withdrawn by itself, on another node within five seconds; only what grows is asked again.
func TestOneConsentForSeveralDepartments(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx := context.Background()
			p := apptest.Start(t, engine.OpenURL(t))
			if err := p.App.Apply(ctx, matterTree); err != nil {
				t.Fatal(err)
			}
			c := p.Client(matterClient())
			other := apptest.StartWith(t, p.Config) // a second node on the same database
			other.URL = "http://" + other.Listen
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			if !asked(t, p, b, c) {
				t.Fatalf("nobody was asked: %s", b.Page.URL)
			}
			for _, want := range []string{"示例省住房公积金中心", "示例省社会保险局", "示例省税务局", "李*", "138****8021", "用于开立缴存账户", "保存 365 天", "《示例征收条例》第十五条", "依法转给"} {
				if !strings.Contains(b.Page.Text, want) {
					t.Errorf("%q is missing: %s", want, b.Page.Text)
				}
			}
			if !b.Page.Has("recipient-dept-fund") || !b.Page.Has("recipient-dept-social") || b.Page.Has("recipient-dept-tax") {
				t.Error("not each department that may be refused has a box, or the law has one")
			}
			code := codeWith(t, p, b, c, map[string]string{"recipient": "dept-fund"})
			tokens := p.Redeem(c, code, nil)
			const allowed = "dept-fund:name+phone_number dept-tax:name"
			if got := passedTo(t, apptest.Claims(t, tokens.String("id_token"))); got != allowed {
				t.Errorf("the ID token says %s", got)
			}
			access := tokens.String("access_token")
			told := func(want string) {
				t.Helper()
				deadline := time.Now().Add(5 * time.Second)
				for {
					userinfo, introspection := other.Get("/userinfo", access), other.Post("/introspect", c, url.Values{"token": {access}})
					if userinfo.Status == http.StatusOK && introspection.Status == http.StatusOK {
						one, two := passedTo(t, userinfo.Body), passedTo(t, introspection.Body)
						if one == want && two == want {
							return
						}
						if time.Now().After(deadline) {
							t.Fatalf("userinfo says %s, introspection %s, want %s", one, two, want)
						}
					} else if time.Now().After(deadline) {
						t.Fatalf("userinfo %d, introspection %d", userinfo.Status, introspection.Status)
					}
					time.Sleep(100 * time.Millisecond)
				}
			}
			told(allowed)
			if asked(t, p, b, c) {
				t.Error("what was answered is asked again")
			}

			set := func(department, give string) int {
				t.Helper()
				request, err := http.NewRequest(http.MethodPost, p.URL+"/me/consents?client=matter", strings.NewReader(url.Values{"recipient": {department}, "give": {give}}.Encode()))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Origin", p.URL)
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				b.Lend(request)
				return p.Do(request).Status
			}
			if status := set("dept-fund", "0"); status != http.StatusSeeOther {
				t.Fatalf("the withdrawal answered %d", status)
			}
			told("dept-tax:name")
			if refreshed := p.Refresh(c, tokens.String("refresh_token")); passedTo(t, apptest.Claims(t, refreshed.String("id_token"))) != "dept-tax:name" {
				t.Errorf("after a refresh the ID token says %v", refreshed.Body)
			} else {
				access = refreshed.String("access_token")
			}
			for department, want := range map[string]int{"dept-tax": http.StatusUnprocessableEntity, "dept-none": http.StatusUnprocessableEntity, "dept-social": http.StatusSeeOther} {
				if status := set(department, "0"); status != want {
					t.Errorf("withdrawing %s answered %d", department, status)
				}
			}
			set("dept-fund", "1")
			told(allowed)
			if asked(t, p, b, c) {
				t.Error("a withdrawal that was taken back is asked again")
			}
			open(t, b, p.URL+"/me/consents?client=matter")
			for _, want := range []string{"转给示例省住房公积金中心", "转给：示例省住房公积金中心", "未同意转给：示例省社会保险局", "第 3 版", "依法转给"} {
				if !strings.Contains(b.Page.Text, want) {
					t.Errorf("%q is missing at /me: %s", want, b.Page.Text)
				}
			}
			eventually(t, "no line of userinfo", func() bool { // it is written every two seconds
				open(t, b, p.URL+"/me/records")
				return strings.Contains(b.Page.Text, "应用查询")
			})
			for _, want := range []string{"示例省住房公积金中心", "开立缴存账户；通知开户结果", "由该应用转交", "《示例征收条例》第十五条"} {
				if !strings.Contains(b.Page.Text, want) {
					t.Errorf("%q is missing in the ledger: %s", want, b.Page.Text)
				}
			}
			if strings.Contains(b.Page.Text, "示例省社会保险局") {
				t.Error("the ledger names a department that was refused")
			}

			grown := matterClient()
			grown.Recipients[1].Claims[0].Purpose = "统计"
			c = p.Client(grown)
			if !asked(t, p, b, c) {
				t.Fatal("another purpose of a department is not asked")
			}
			silent, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}}).Encode(), c.RedirectURIs[0])
			if err != nil || silent == nil || silent.Query().Get("error") != "consent_required" {
				t.Errorf("prompt=none: %v, %v", silent, err)
			}
			tokens = p.Redeem(c, codeWith(t, p, b, c, map[string]string{"recipient": "dept-tax"}), nil) // a tick that is no box
			if got := passedTo(t, apptest.Claims(t, tokens.String("id_token"))); got != "dept-tax:name" {
				t.Errorf("after all were refused the ID token says %s", got)
			}
			alone := p.Client(idp.Client{ClientID: "alone"})
			if answer := p.Redeem(alone, p.Code(b, alone, nil).Get("code"), nil); apptest.Claims(t, answer.String("id_token"))["recipients"] != nil {
				t.Error("a client without recipients is told some")
			}
		})
	}
}

// TestRecipientsAreDepartmentsOfTheTree: nobody else is one, and not what has ended.
func TestRecipientsAreDepartmentsOfTheTree(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := matterClient()
	c.ClientSecret, c.RedirectURIs = "secret-of-tests-0123", []string{"https://matter.example.gov.cn/cb"}
	if err := p.App.Apply(context.Background(), app.Manifest{Clients: []idp.Client{c}}); err == nil {
		t.Error("a department that nobody knows is a recipient")
	}
	ended := matterTree
	ended.Clients = []idp.Client{c}
	ended.Departments = append([]staff.Department{}, matterTree.Departments...)
	ended.Departments[0].Ended = true
	if err := p.App.Apply(context.Background(), ended); err == nil {
		t.Error("a department that has ended is a recipient")
	}
	ended.Departments[0].Ended = false
	if err := p.App.Apply(context.Background(), ended); err != nil {
		t.Errorf("departments and a client of one file: %v", err)
	}
}

// TestRecipientsAreEnteredInTheForm: rows of the page are the recipients of the API; a wrong row loses nothing, an empty one takes away, a
// form without rows leaves them, and whoever decides reads what comes and goes.
func TestRecipientsAreEnteredInTheForm(t *testing.T) {
	onEngines(t, func(t *testing.T, database string) {
		cfg := apptest.NewConfig(t, database, t.TempDir())
		two := true
		cfg.Staff.ClientsByTwo = &two
		p := apptest.StartWith(t, cfg)
		apply(t, p, matterTree)
		b, ctx, edit := admin(p, idp.RoleSystemAdmin), context.Background(), p.URL+"/admin/clients/matter/edit"
		c := matterClient()
		c.RedirectURIs, c.Recipients, c.ClientSecret = []string{"https://matter.gov.cn/cb"}, nil, "secret-of-tests-0123"
		apply(t, p, app.Manifest{Clients: []idp.Client{c}})
		row := func(n, department, claims, purpose, basis, law, days string) map[string]string {
			at := "recipients-" + n + "-"
			return map[string]string{at + "department": department, at + "claims": claims, at + "purpose": purpose, at + "basis": basis, at + "law": law, at + "days": days}
		}
		fill := func(rows ...map[string]string) map[string]string {
			all := map[string]string{"reason": "办一件事", "admin-submit": "1"}
			for _, one := range rows {
				for name, value := range one {
					all[name] = value
				}
			}
			return all
		}
		open(t, b, edit)
		if strings.Contains(b.Page.Source, `id="recipients" open`) || !b.Page.Has("recipients") || !b.Page.Has("recipients-3-days") || b.Page.Has("recipients-4-days") || !strings.Contains(b.Page.Source, `<option value="dept-tax">示例省税务局</option>`) {
			t.Fatalf("the empty form: %s", b.Page.Source)
		}

		// What the form alone can say wrong, then what the registration says wrong, all rows at once.
		wrong := fill(row("1", "dept-none", "name email", "开立缴存账户", "consent", "", "365"), row("2", "dept-tax", "name", "", "law", "", "never"), row("3", "dept-social", "", "参保登记", "consent", "", "30"))
		submit(t, b, edit, wrong)
		if b.Page.Status != http.StatusUnprocessableEntity || b.Page.Attribute("recipients-2-law", "aria-invalid") != "true" || b.Page.Attribute("recipients-1-law", "aria-invalid") != "" {
			t.Fatalf("a law without citation: %d %s", b.Page.Status, b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"recipients-2-law": "《示例征收条例》第十五条", "admin-submit": "1"}); err != nil {
			t.Fatal(err)
		}
		marked := map[string]string{"recipients-2-purpose": "用途须填写", "recipients-2-days": "1 至 36500", "recipients-3-claims": "1 至 32 个信息项"}
		for input, want := range marked {
			if !strings.Contains(b.Page.TextOf(input+"-error"), want) || b.Page.Attribute(input, "aria-invalid") != "true" {
				t.Errorf("%s says %q", input, b.Page.TextOf(input+"-error"))
			}
		}
		for input, want := range map[string]string{"recipients-1-department": "dept-none", "recipients-1-claims": "name email", "recipients-2-law": "《示例征收条例》第十五条", "recipients-2-days": "never", "recipients-3-purpose": "参保登记", "reason": "办一件事"} {
			if got := b.Page.Attribute(input, "value"); got != want {
				t.Errorf("%s lost %q: %q", input, want, got)
			}
		}
		if !strings.Contains(b.Page.Source, `id="recipients" open`) {
			t.Error("the rows are closed over what is wrong")
		}
		if err := b.Submit(ctx, fill(map[string]string{"recipients-2-purpose": "税务登记", "recipients-2-days": "3650", "recipients-3-claims": "name"})); err != nil {
			t.Fatal(err)
		}
		if got := b.Page.TextOf("recipients-1-claims-error"); !strings.Contains(got, "email") || b.Page.Attribute("recipients-1-department", "aria-invalid") != "" {
			t.Errorf("a claim that the client does not get: %q", got)
		}
		if err := b.Submit(ctx, fill(map[string]string{"recipients-1-claims": "name、phone_number"})); err != nil {
			t.Fatal(err)
		}
		if got := b.Page.TextOf("recipients-1-department-error"); !strings.Contains(got, "在用部门") {
			t.Errorf("a department that is not there: %q", got)
		}

		// More rows lose nothing and change nothing; the same department takes another row for other terms.
		if err := b.Submit(ctx, map[string]string{"recipients-1-department": "dept-fund", "recipients-more": "1"}); err != nil || !b.Page.Has("recipients-6-days") || b.Page.Attribute("recipients-1-department", "value") != "dept-fund" || b.Page.Attribute("reason", "value") != "办一件事" || len(b.Page.TextOf("recipients-1-department-error")) > 0 {
			t.Fatalf("%v: %s", err, b.Page.Text)
		}
		if err := b.Submit(ctx, fill(row("5", "dept-social", "phone_number", "通知参保结果", "consent", "", "30"))); err != nil || !strings.HasPrefix(b.Page.URL.Path, "/admin/inbox/") {
			t.Fatalf("%v: no proposal: %s", err, b.Page.Text)
		}
		for _, want := range []string{"示例省住房公积金中心 · dept-fund", "姓名 · name", "手机号 · phone_number", "通知参保结果", "《示例征收条例》第十五条", "本人同意", "3650", "增加"} {
			if !strings.Contains(b.Page.Text, want) {
				t.Errorf("the proposal does not say %q: %s", want, b.Page.Text)
			}
		}
		if strings.Contains(b.Page.Text, "legal_basis") {
			t.Error("the proposal shows members of the API")
		}
		second, proposal := admin(p, idp.RoleSecurityAdmin), b.Page.URL.String()
		approve := func() {
			t.Helper()
			if submit(t, second, proposal, map[string]string{"reason": "已核对", "proposal-approve": "1"}); second.Page.Status != http.StatusOK {
				t.Fatalf("%d %s", second.Page.Status, second.Page.Text)
			}
		}
		approve()
		stored := func() []idp.Recipient {
			t.Helper()
			var record struct {
				Definition struct{ Recipients []idp.Recipient }
			}
			if err := json.Unmarshal([]byte(p.Get("/api/v1/clients/matter", adminToken(t, p, idp.RoleAuditAdmin)).Text), &record); err != nil {
				t.Fatal(err)
			}
			return record.Definition.Recipients
		}
		passed := func(claim, purpose, law string, days int) idp.PassedClaim {
			return idp.PassedClaim{Claim: claim, Purpose: purpose, LegalBasis: law, RetentionDays: days}
		}
		want := []idp.Recipient{{Department: "dept-fund", Name: "示例省住房公积金中心", Claims: []idp.PassedClaim{passed("name", "开立缴存账户", "", 365), passed("phone_number", "开立缴存账户", "", 365)}},
			{Department: "dept-tax", Name: "示例省税务局", Claims: []idp.PassedClaim{passed("name", "税务登记", "《示例征收条例》第十五条", 3650)}},
			{Department: "dept-social", Name: "示例省社会保险局", Claims: []idp.PassedClaim{passed("name", "参保登记", "", 30), passed("phone_number", "通知参保结果", "", 30)}}}
		if got := stored(); !reflect.DeepEqual(got, want) {
			t.Fatalf("stored %+v", got)
		}

		// What stands is filled in, and saving it as it is changes nothing.
		open(t, b, p.URL+"/admin/clients/matter")
		if !strings.Contains(b.Page.Text, "示例省税务局 · dept-tax") || strings.Contains(b.Page.Text, "legal_basis") {
			t.Errorf("the page of the client: %s", b.Page.Text)
		}
		submit(t, b, edit, fill())
		if b.Page.URL.Path != "/admin/clients/matter" || !reflect.DeepEqual(stored(), want) {
			t.Errorf("saving what stood led to %s: %+v", b.Page.URL, stored())
		}
		// A form of the release before has no rows: nothing is taken away.
		open(t, b, edit)
		if b.Page.Attribute("recipients-1-claims", "value") != "name phone_number" || !b.Page.Has("recipients-7-days") {
			t.Errorf("what stands is not filled in: %s", b.Page.Source)
		}
		old := url.Values{"version": {b.Page.Hidden("version")}, "client_name": {c.ClientName}, "department": {c.Department}, "purpose": {c.Purpose}, "redirect_uris": {c.RedirectURIs[0]}, "scope": {c.Scope}, "max_ial": {"0"}, "profile": {"default"}, "reason": {"旧表单"}}
		sendForm(t, p, b, "/admin/clients/matter/edit", "application/x-www-form-urlencoded", []byte(old.Encode()))
		if b.Page.URL.Path != "/admin/clients/matter" || !reflect.DeepEqual(stored(), want) {
			t.Errorf("a form without rows led to %s %s: %+v", b.Page.URL, b.Page.Text, stored())
		}
		// An emptied row is taken away, and the proposal says so.
		if submit(t, b, edit, fill(row("2", "", "", "", "law", "", ""))); !strings.Contains(b.Page.Text, "取消") || !strings.Contains(b.Page.Text, "不变") {
			t.Fatalf("%s", b.Page.Text)
		}
		proposal = b.Page.URL.String()
		approve()
		if got := stored(); len(got) != 2 || got[1].Department != "dept-social" {
			t.Errorf("stored %+v", got)
		}
	})
}
