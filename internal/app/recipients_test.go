package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
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
	for _, engine := range testkit.Databases(t) {
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
