package app_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const (
	formTyped    = "尚未提交任何内容" // what a page says that came back with what was typed
	secretTyped  = "typed-and-secret"
	staffExpires = session.StaffIdle + time.Minute
)

// secretInputs are inputs that consoles have for secrets, and some that they might have one day.
var secretInputs = []string{"login-password", "password", "password-now", "password-new", "otp-code", "pass-code", "enrol-code", "counter-code", "pin", "passphrase", "secret", "client_secret", "token", "signature"}

// activeSeal makes a seal of an office that can be used.
func activeSeal(t *testing.T, p *apptest.Platform, number string) (id string) {
	t.Helper()
	call := func(role, path, body string) apptest.Answer {
		t.Helper()
		c := p.Client(idp.Client{ClientID: "kept-" + strings.ReplaceAll(role, "_", "-") + "-" + number, GrantTypes: []string{"client_credentials"}, Scope: role})
		answer := adminCall(t, p, c, http.MethodPost, "/api/v1/"+path, body)
		if answer.Status >= 300 {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Text)
		}
		return answer
	}
	id = call(esign.RoleKeeper, "seals", fmt.Sprintf(`{"seal_id":%q,"owner":"某局","owner_code":%q,"line":"审批专用章"}`, number, company)).String("id")
	call(esign.RoleReviewer, "seals/"+id+"/approval", "")
	call(esign.RoleMaker, "seals/"+id+"/making", "")
	call(esign.RoleKeeper, "seals/"+id+"/activation", "")
	return id
}

// keptFormOf signs a member in, lets the session end by its age and sends a form, which leads to the login.
func keptFormOf(t *testing.T, p *apptest.Platform, login, path, contentType string, body []byte) *walk.Browser {
	t.Helper()
	b := p.SignInStaff(login)
	p.Advance(staffExpires)
	sendForm(t, p, b, path, contentType, body)
	if !b.Page.Has("login-identifier") {
		t.Fatalf("the form led to %s: %s", b.Page.URL, b.Page.Text)
	}
	if next := b.Page.URL.Query().Get("next"); !strings.Contains(next, "kept=") {
		t.Fatalf("the form is not kept: %s", b.Page.URL)
	}
	return b
}

// staffAgain signs in at the login that a form led to.
func staffAgain(t *testing.T, b *walk.Browser, login string) {
	t.Helper()
	if err := b.Submit(context.Background(), map[string]string{"login-identifier": login, "login-password": apptest.Password}); err != nil {
		t.Fatal(err)
	}
}

// shows tells whether a page came back with anything that was typed.
func shows(b *walk.Browser, typed ...string) bool {
	for _, text := range append(typed, formTyped) {
		if strings.Contains(b.Page.Source, text) {
			return true
		}
	}
	return false
}

func urlencodedForm(pairs ...string) []byte {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	for _, input := range secretInputs {
		form.Set(input, secretTyped)
	}
	return []byte(form.Encode())
}

const urlencodedType = "application/x-www-form-urlencoded"

// TestA29FormOfTheSealCentreComesBack: the form with a document comes back with all its text, typed before the file and after it, and names the
// document, which has to be picked again. It is the form of one seal and no other's.
func TestA29FormOfTheSealCentreComesBack(t *testing.T) {
	const keeper, document, purpose, item = "13800139211", "关于某事的批复.ofd", "行政审批", "A-2026-17"
	p := apptest.Start(t, database(t))
	p.Persona(keeper, "张三", 3, esign.RoleKeeper)
	one, other := activeSeal(t, p, "37030000001901"), activeSeal(t, p, "37030000001902")

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write(form.WriteField("stamp-kind", "keyword"))
	write(form.WriteField("stamp-text", "签发人"))
	for _, input := range secretInputs {
		write(form.WriteField(input, secretTyped))
	}
	part, err := form.CreateFormFile("stamp-file", `C:\文件\`+document)
	write(err)
	_, err = part.Write(bytes.Repeat([]byte("document "), 400_000)) // larger than any form without one
	write(err)
	write(form.WriteField("stamp-item", item))
	write(form.WriteField("stamp-purpose", purpose))
	write(form.Close())

	b := keptFormOf(t, p, keeper, "/seal/"+one+"/stamps", form.FormDataContentType(), body.Bytes())
	if address := b.Page.URL.String(); strings.Contains(address, item) || strings.Contains(address, "stamp-") {
		t.Errorf("what was typed stands in the address: %s", address)
	}
	staffAgain(t, b, keeper)
	if b.Page.URL.Path != "/seal/"+one {
		t.Fatalf("after the login: %s: %s", b.Page.URL, b.Page.Text)
	}
	for input, want := range map[string]string{"stamp-text": "签发人", "stamp-item": item, "stamp-purpose": purpose} {
		if got := b.Page.Attribute(input, "value"); got != want {
			t.Errorf("%s is %q, want %q", input, got, want)
		}
	}
	if !strings.Contains(b.Page.Source, `<option value="keyword" selected`) {
		t.Error("the kind of place that was chosen is lost")
	}
	if !strings.Contains(b.Page.Text, formTyped) || !strings.Contains(b.Page.Text, "请重新选择："+document) || strings.Contains(b.Page.Text, `C:\`) {
		t.Errorf("the page does not name the document alone: %s", b.Page.Text)
	}
	if strings.Contains(b.Page.Source, secretTyped) {
		t.Error("a secret came back")
	}
	kept := b.Page.URL.String()
	openPage(t, p, b, strings.TrimPrefix(strings.Replace(kept, one, other, 1), p.URL))
	if !b.Page.Has("stamp-purpose") || shows(b, purpose, item, document) {
		t.Error("the form of another seal shows what was typed")
	}
}

// TestA29FormsOfASealsLifeComeBack: an application for a replacement still says whose place it takes, and a loss since when.
func TestA29FormsOfASealsLifeComeBack(t *testing.T) {
	const keeper = "13800139212"
	p := apptest.Start(t, database(t))
	p.Persona(keeper, "张三", 3, esign.RoleKeeper)
	one := activeSeal(t, p, "37030000001903")

	form := url.Values{"replaces": {one}, "seal-owner": {"示例市新名称局"}, "seal-number": {"37030000001904"}, "seal-years": {"3"}}
	b := keptFormOf(t, p, keeper, "/seal/new", urlencodedType, []byte(form.Encode()))
	staffAgain(t, b, keeper)
	if b.Page.URL.Path != "/seal/new" || b.Page.Attribute("seal-owner", "value") != "示例市新名称局" || !strings.Contains(b.Page.Source, `name="replaces" value="`+one+`"`) {
		t.Errorf("the application for a replacement: %s %s", b.Page.URL, b.Page.Text)
	}

	form = url.Values{"reason": {"密码钥匙遗失"}, "seal-lose-since-year": {"2026"}, "seal-lose-since-month": {"11"}, "seal-lose-since-day": {"9"}}
	b = keptFormOf(t, p, keeper, "/seal/"+one+"/lose", urlencodedType, []byte(form.Encode()))
	staffAgain(t, b, keeper)
	if b.Page.URL.Path != "/seal/"+one || b.Page.Attribute("seal-lose-reason", "value") != "密码钥匙遗失" || b.Page.Attribute("seal-lose-since-day", "value") != "9" {
		t.Errorf("the report of a loss: %s %s", b.Page.URL, b.Page.Text)
	}
}

// TestA29FormOfTerminalsComesBack: a form of the counter's own administration comes back to its page, and to nobody and nowhere else, within
// half an hour.
func TestA29FormOfTerminalsComesBack(t *testing.T) {
	const (
		one, other, ends, loses = "13800139221", "13800139222", "13800139223", "13800139224"
		page, action            = "/counter/terminals/new", "/counter/terminals"
		name, reason            = "九号窗口", "新开窗口的原因"
	)
	p := apptest.Start(t, database(t))
	for _, login := range []string{one, other, ends} {
		p.Persona(login, "工作人员", 3, idp.RoleSystemAdmin)
	}
	p.Persona(loses, "工作人员", 3, idp.RoleSystemAdmin, esign.RoleKeeper)
	body := urlencodedForm("terminal-name", name, "reason", reason)
	send := func(login string) (b *walk.Browser, kept string) {
		t.Helper()
		b = keptFormOf(t, p, login, action, urlencodedType, body)
		return b, b.Page.URL.Query().Get("next")
	}
	filled := func(why string, b *walk.Browser) {
		t.Helper()
		if b.Page.URL.Path != page || b.Page.Attribute("terminal-name", "value") != name || b.Page.Attribute("reason", "value") != reason || !strings.Contains(b.Page.Text, formTyped) {
			t.Errorf("%s: %s: %s", why, b.Page.URL, b.Page.Text)
		}
		if strings.Contains(b.Page.Source, secretTyped) {
			t.Errorf("%s: a secret came back", why)
		}
	}
	empty := func(why string, b *walk.Browser, input string) {
		t.Helper()
		if !b.Page.Has(input) || shows(b, name, reason) {
			t.Errorf("%s: %d %s: %s", why, b.Page.Status, b.Page.URL, b.Page.Text)
		}
	}

	b, kept := send(one)
	staffAgain(t, b, one)
	filled("after the login", b)
	openPage(t, p, b, action)
	if shows(b, name) {
		t.Error("the form was sent by itself")
	}
	_, handle, _ := strings.Cut(kept, "?")
	openPage(t, p, b, "/admin/clients/new?"+handle) // which has a reason too
	empty("another page", b, "reason")
	openPage(t, p, b, kept)
	filled("the page again", b)
	stranger := p.SignInStaff(one)
	openPage(t, p, stranger, kept)
	empty("another browser", stranger, "terminal-name")
	p.StaffLogin(b, other)
	openPage(t, p, b, kept)
	empty("another member in the same browser", b, "terminal-name")
	if err := b.Open(t.Context(), p.URL+kept); err != nil {
		t.Fatal(err)
	}
	p.StaffLogin(b, one)
	openPage(t, p, b, kept)
	filled("the member again", b)

	// The half hour runs from when the form was sent; a login does not lengthen it.
	b, kept = send(one)
	p.Advance(29 * time.Minute)
	p.StaffLogin(b, one)
	openPage(t, p, b, kept)
	filled("within half an hour", b)
	p.Advance(2 * time.Minute)
	openPage(t, p, b, kept)
	empty("after half an hour", b, "terminal-name")
	b, _ = send(one)
	p.Advance(31 * time.Minute)
	p.StaffLogin(b, one)
	if shows(b, name, reason) {
		t.Errorf("half an hour later the login leads to %s: %s", b.Page.URL, b.Page.Text)
	}

	// A right that was taken away since, while the page is open to the member still.
	b, _ = send(loses)
	if err := p.App.Apply(t.Context(), app.Manifest{Staff: []app.Staff{{Login: loses, Roles: []string{idp.RoleSystemAdmin}}}}); err != nil {
		t.Fatal(err)
	}
	staffAgain(t, b, loses)
	empty("a right was taken away", b, "terminal-name")
	// A right that ended by its day.
	until := p.Now().Add(staffExpires + 10*time.Minute)
	if err := p.App.Apply(t.Context(), app.Manifest{Areas: []staff.Area{{Code: "330000", Name: "浙江省"}}, Staff: []app.Staff{{Login: ends, Roles: []string{idp.RoleSystemAdmin}, Rights: []app.StaffRight{{Role: esign.RoleKeeper, Area: "330000", Until: until}}}}}); err != nil {
		t.Fatal(err)
	}
	b, kept = send(ends)
	staffAgain(t, b, ends)
	filled("while the right lasts", b)
	p.Advance(11 * time.Minute)
	openPage(t, p, b, kept)
	empty("a right ended", b, "terminal-name")
	// All of them.
	b, _ = send(ends)
	if err := p.App.Apply(t.Context(), app.Manifest{Staff: []app.Staff{{Login: ends, Roles: []string{}}}}); err != nil {
		t.Fatal(err)
	}
	staffAgain(t, b, ends)
	if b.Page.Has("terminal-name") || shows(b, name, reason) {
		t.Errorf("who has no right any more came to %s: %s", b.Page.URL, b.Page.Text)
	}
}

// TestA29FormOfASuspendedMemberIsNotKept: who was suspended since has nothing kept, also where the end of the session did not reach the node
// that judges it.
func TestA29FormOfASuspendedMemberIsNotKept(t *testing.T) {
	for name, test := range map[string]struct{ suspended, sessionOpen, kept bool }{
		"at work":                        {false, true, true},
		"suspended":                      {true, false, false},
		"suspended, with a session open": {true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			const login = "13800139231"
			p := apptest.Start(t, database(t))
			p.Persona(login, "张三", 3, idp.RoleSystemAdmin)
			b := p.SignInStaff(login)
			p.Advance(staffExpires)
			id := memberOf(t, p, login).ID
			admin := reqctx.WithActor(t.Context(), reqctx.Actor{ID: "client:ops", Rights: reqctx.Everywhere(idp.RoleSecurityAdmin)})
			if test.suspended {
				if _, err := p.App.Members.Suspend(admin, id); err != nil {
					t.Fatal(err)
				}
			}
			if test.sessionOpen {
				db := testkit.OpenDatabase(t, p.Config.Database.URL)
				if err := db.Apply(t.Context(), nil, sqldb.Step{Query: "UPDATE idp_session SET ended_at = 0 WHERE account_id = $1", Args: []any{id}}); err != nil {
					t.Fatal(err)
				}
			}
			sendForm(t, p, b, "/counter/terminals", urlencodedType, urlencodedForm("terminal-name", "九号窗口", "reason", "新窗口"))
			if kept := strings.Contains(b.Page.URL.String(), "kept"); kept != test.kept {
				t.Errorf("the form is kept: %v, at %s", kept, b.Page.URL)
			}
		})
	}
}

// TestA29FormsOfOfficesComeBack: the rule of a seal, a definition as long as its form takes it, and a new licence, of which only what the form of
// its type declares is kept.
func TestA29FormsOfOfficesComeBack(t *testing.T) {
	const keeper, admin, clerk = "13800139241", "13800139242", "13800139243"
	p := apptest.Start(t, database(t))
	p.Persona(keeper, "张三", 3, esign.RoleKeeper)
	p.Persona(admin, "李四", 3, idp.RoleSystemAdmin)
	p.Persona(clerk, "王五", 3, elicense.RoleClerk)
	seal, kind := activeSeal(t, p, "37030000001903"), catalog.Types()[0]
	definition := "name: 市平台\n" + strings.Repeat("# 一行说明\n", 1700) // near 32768 characters, more octets
	for name, row := range map[string]struct {
		login, path string
		typed       []string
		page        string
		shows       map[string]string // by input
		says        []string
	}{
		"rule": {keeper, "/seal/rules/" + seal + "/proposal", []string{"version", "7", "rule-when", string(esign.WhenPurposes), "rule-purposes", "行政审批\n公文印发", "rule-hours", "12"}, "/seal/rules/" + seal,
			map[string]string{"rule-hours": "12"}, []string{"公文印发", `<option value="purposes" selected`, `name="version" value="7"`}},
		"definition": {admin, "/admin/peers/upstream/new", []string{"id", "city", "definition", definition, "reason", "新接市平台"}, "/admin/peers/upstream/new",
			map[string]string{"id": "city", "reason": "新接市平台"}, []string{"name: 市平台", strings.Repeat("# 一行说明\n", 1699)}},
		"licence": {clerk, licensehttp.FormPath, []string{"type", kind.Code, "business_number", "A-2026-18", "anything", "not-declared"}, licensehttp.FormPath,
			map[string]string{"business_number": "A-2026-18"}, nil},
	} {
		b := keptFormOf(t, p, row.login, row.path, urlencodedType, urlencodedForm(row.typed...))
		staffAgain(t, b, row.login)
		if b.Page.URL.Path != row.page || !strings.Contains(b.Page.Text, formTyped) {
			t.Errorf("%s: %s: %s", name, b.Page.URL, b.Page.Text)
			continue
		}
		for input, want := range row.shows {
			if got := b.Page.Attribute(input, "value"); got != want {
				t.Errorf("%s: %s is %q, want %q", name, input, got, want)
			}
		}
		for _, want := range row.says {
			if !strings.Contains(b.Page.Source, want) {
				t.Errorf("%s: %.40q is lost", name, want)
			}
		}
		if strings.Contains(b.Page.Source, secretTyped) || strings.Contains(b.Page.Source, "not-declared") {
			t.Errorf("%s: what is not to be kept came back", name)
		}
	}
}
