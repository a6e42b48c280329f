package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// inquiry is an organisation, its register, and two security administrators.
type inquiry struct {
	*apptest.Platform
	t        *testing.T
	register *steered
	one, two *walk.Browser
	id, page string
	head     string // account of its legal representative
}

const (
	firstAdmin  = "13800138046"
	secondAdmin = "13800138047"
)

func startInquiry(t *testing.T, p *apptest.Platform, register *steered) *inquiry {
	t.Helper()
	register.set(func(r *steered) { r.representative, r.state, r.unknown = "钱法人", mandate.Registered, "" })
	p.Persona(boss, "钱法人", 3)
	p.Persona(firstAdmin, "周一", 2, idp.RoleSecurityAdmin)
	p.Persona(secondAdmin, "吴二", 2, idp.RoleSecurityAdmin)
	x := &inquiry{Platform: p, t: t, register: register, head: accountOf(t, p, boss).ID}
	o, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市青禾商贸有限公司", company)
	if err != nil {
		t.Fatal(err)
	}
	x.id, x.page = o.ID, "/admin/organisations/"+o.ID
	x.signIn()
	return x
}

func (x *inquiry) signIn() {
	x.t.Helper()
	x.one, x.two = x.SignInStaff(firstAdmin), x.SignInStaff(secondAdmin)
}

// look asks the register a day later.
func (x *inquiry) look() {
	x.t.Helper()
	x.Advance(25 * time.Hour)
	_, _ = x.App.Mandates.RecheckDue(x.t.Context()) // an unknown one is told as a failure of the look, for the log
	x.signIn()
}

// lists tells whether the organisation stands in a list, and the text of the page.
func (x *inquiry) lists(doubt string) (bool, string) {
	x.t.Helper()
	openPage(x.t, x.Platform, x.one, "/admin/organisations?doubt="+doubt)
	return strings.Contains(x.one.Page.Source, x.page), x.one.Page.TextOf("main")
}

// decide has the second administrator approve what the first one proposed by a form of the organisation's page.
func (x *inquiry) decide(act string) {
	x.t.Helper()
	if got := formStatus(x.t, x.Platform, x.one, x.page+"/"+act, url.Values{"reason": {"登记机关书面答复"}}); got != http.StatusOK || !strings.HasPrefix(x.one.Page.URL.Path, "/admin/inbox/") {
		x.t.Fatalf("%s: %d %s", act, got, x.one.Page.Text)
	}
	item := x.one.Page.URL.Path
	digest := regexp.MustCompile(`name="digest" value="([0-9a-f]+)"`)
	approve := func(b *walk.Browser) int {
		openPage(x.t, x.Platform, b, item)
		if !strings.Contains(b.Page.Text, "示例市青禾商贸有限公司") {
			x.t.Errorf("the proposal does not tell what it is about: %s", b.Page.Text)
		}
		return formStatus(x.t, x.Platform, b, item+"/approve", url.Values{"digest": {digest.FindStringSubmatch(b.Page.Source + `name="digest" value="00"`)[1]}, "reason": {"同意"}})
	}
	if got := approve(x.one); got != http.StatusForbidden {
		x.t.Errorf("%s by one alone: %d", act, got)
	}
	if got := approve(x.two); got != http.StatusOK {
		x.t.Fatalf("%s: %d %s", act, got, x.two.Page.Text)
	}
}

// appoint gives the organisation a clerk who acts for it.
func (x *inquiry) appoint() string {
	x.t.Helper()
	x.Persona(clerk, "孙经办", 2)
	agent := accountOf(x.t, x.Platform, clerk).ID
	m, err := x.App.Mandates.Give(x.t.Context(), by(x.Platform, x.head), x.id, agent, mandate.Terms{Kind: mandate.Staff, Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
	if err == nil {
		err = x.App.Mandates.Accept(x.t.Context(), by(x.Platform, agent), m.ID)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return agent
}

// mandates are the states of all that was given in the name of the organisation.
func (x *inquiry) mandates() (states []mandate.State) {
	x.t.Helper()
	page, _, err := x.App.Mandates.Page(x.t.Context(), x.id, mandate.SidePrincipal, "", 50)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, m := range page {
		states = append(states, m.State)
	}
	return states
}

func (x *inquiry) state() idp.AccountState {
	x.t.Helper()
	a, err := x.App.Accounts.Account(x.t.Context(), x.id)
	if err != nil {
		x.t.Fatal(err)
	}
	return a.State
}

// TestOrganisationsUnknownToTheRegister: one stands in the queue from the first look on, leaves it while people answer for it, closes by
// itself when the register knows it again, and ends by two.
func TestOrganisationsUnknownToTheRegister(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		x := startInquiry(t, p, register)
		if there, _ := x.lists("unknown"); there {
			t.Fatal("one that the register knows is in the queue")
		}
		if got := formStatus(t, p, x.one, x.page+"/closure", url.Values{"reason": {"x"}}); got != http.StatusConflict {
			t.Errorf("the end of one that the register knows: %d", got)
		}
		register.set(func(r *steered) { r.unknown = company })
		x.look()
		x.look()
		there, text := x.lists("unknown")
		if !there || !strings.Contains(text, company) || !strings.Contains(text, " 2 ") {
			t.Fatalf("after two looks: %s", text)
		}
		day := p.Now().Add(10 * 24 * time.Hour)
		for want, form := range map[int]url.Values{
			http.StatusUnprocessableEntity: {"until-year": {"2020"}, "until-month": {"1"}, "until-day": {"2"}, "reason": {"已去函核实"}},
			http.StatusOK:                  {"until-year": {day.Format("2006")}, "until-month": {day.Format("1")}, "until-day": {day.Format("2")}, "reason": {"已去函核实"}},
		} {
			if want == http.StatusOK {
				openPage(t, p, x.one, x.page+"/confirmation")
			}
			if got := formStatus(t, p, x.one, x.page+"/confirmation", form); got != want {
				t.Fatalf("%v: %d, want %d: %s", form, got, want, x.one.Page.Text)
			}
		}
		if there, _ := x.lists("unknown"); there {
			t.Error("people answered for it, and it waits all the same")
		}
		if there, _ := x.lists("kept"); !there {
			t.Error("it is nowhere")
		}
		if openPage(t, p, x.one, x.page); !strings.Contains(x.one.Page.Text, "已去函核实") {
			t.Errorf("%s", x.one.Page.Text)
		}
		for range 10 {
			x.look()
		}
		if there, _ := x.lists("unknown"); !there {
			t.Error("the day is over, and it does not wait again")
		}
		register.set(func(r *steered) { r.unknown = "" })
		x.look()
		for _, doubt := range []string{"unknown", "kept"} {
			if there, _ := x.lists(doubt); there {
				t.Error("the register knows it again, and it stands under " + doubt)
			}
		}
		register.set(func(r *steered) { r.unknown = company })
		x.appoint()
		x.look()
		x.decide("closure")
		if o, err := p.App.Mandates.Organisation(t.Context(), x.id); err != nil || o.State != mandate.Deregistered || x.state() != idp.AccountClosed {
			t.Errorf("the account is %s, the organisation %+v, %v", x.state(), o, err)
		}
		if states := x.mandates(); len(states) != 2 || slices.ContainsFunc(states, func(s mandate.State) bool { return s != mandate.Ended }) {
			t.Errorf("mandates after the end: %v", states)
		}
		for _, who := range []string{boss, clerk} {
			if inboxText(t, p, who, "终止") == "" {
				t.Errorf("%s was not told of the end", who)
			}
		}
		if live, err := p.App.Mandates.Live(t.Context(), x.head); err != nil || len(live) != 0 {
			t.Errorf("mandates go on: %v %v", live, err)
		}
		for kind, want := range map[string]int{"organisation.unknown": 2, "organisation.known_again": 1, "organisation.kept": 1, "organisation.closed": 1} {
			if got := len(audited(t, p, kind)); got != want {
				t.Errorf("%s is on record %d times, want %d", kind, got, want)
			}
		}
	})
}

// TestOrganisationsEndedInErrorComeBackByTwo: the account opens again and its representative is told; no mandate does.
func TestOrganisationsEndedInErrorComeBackByTwo(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		x := startInquiry(t, p, register)
		if got := formStatus(t, p, x.one, x.page+"/restoration", url.Values{"reason": {"x"}}); got != http.StatusConflict {
			t.Errorf("one that is not ended comes back: %d", got)
		}
		register.set(func(r *steered) { r.state = mandate.Deregistered })
		x.look()
		if x.state() != idp.AccountClosed {
			t.Fatalf("the account is %s", x.state())
		}
		if there, _ := x.lists("ended"); !there {
			t.Fatal("it is not in the list of ended ones")
		}
		register.set(func(r *steered) { r.state = mandate.Registered })
		_, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市青禾商贸有限公司", company)
		wantFault(t, "founding it before", err, fault.OrganisationEnded)
		x.decide("restoration")
		if x.state() != idp.AccountActive {
			t.Errorf("the account is %s", x.state())
		}
		if inboxText(t, p, boss, "单位账号已恢复") == "" {
			t.Error("the representative was not told")
		}
		if live, err := p.App.Mandates.Live(t.Context(), x.head); err != nil || len(live) != 0 {
			t.Errorf("mandates came back: %v %v", live, err)
		}
		if events := audited(t, p, "organisation.restored"); len(events) != 1 || events[0].Reason != "同意" || events[0].ObjectID != x.id {
			t.Errorf("%v", events)
		}
		if o, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市青禾商贸有限公司", company); err != nil || o.ID != x.id {
			t.Errorf("registering it anew: %+v %v", o, err)
		}
		x.look()
		if x.state() != idp.AccountActive {
			t.Errorf("after the next look the account is %s", x.state())
		}
	})
}

// TestAnAccountWithoutContactsIsToldOnItsPage: whom no message reaches reads it at every login, until a contact is there again; who has
// another contact was told over that.
func TestAnAccountWithoutContactsIsToldOnItsPage(t *testing.T) {
	const mail = "li@example.gov.cn"
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	account, other := accountOf(t, p, mobile), identifierOf(t, mail)
	if err := p.App.Accounts.ChangeContact(t.Context(), account.ID, nil, other); err != nil {
		t.Fatal(err)
	}
	without := func(kind string) { // as if the account had never had one of the kind
		t.Helper()
		db, err := sqldb.Open(t.Context(), sqldb.Config{URL: p.Config.Database.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Apply(t.Context(), nil, sqldb.Step{Query: "DELETE FROM idp_contact WHERE account_id = $1 AND kind = $2", Args: []any{account.ID, kind}},
			sqldb.Step{Query: "UPDATE idp_account SET version = version + 1 WHERE id = $1", Args: []any{account.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	p.Advance(48 * time.Hour)
	event := map[string]any{"events": []map[string]any{{"id": "e-1", "type": "mobile_reassigned", "mobile": mobile, "occurred_on": p.Now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)}}}
	if answer := call(t, p, http.MethodPost, "/api/v1/register-events", adminToken(t, p, idp.RoleRegisterFeed), event); answer.Status != http.StatusOK || !strings.Contains(answer.Text, "accepted") {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if inboxText(t, p, mail, "已由他人使用") == "" {
		t.Error("not told over the other contact")
	}
	b := p.SignIn(mail)
	if openPage(t, p, b, "/me"); b.Page.Has("me-contact-taken") {
		t.Error("told that there is no contact, although there is one")
	}
	without(string(other.Kind))
	for range 2 { // it lasts
		if openPage(t, p, b, "/me"); !strings.Contains(b.Page.TextOf("me-contact-taken"), "已由他人使用") {
			t.Fatalf("%s", b.Page.Text)
		}
	}
	if err := p.App.Accounts.ChangeContact(t.Context(), account.ID, nil, other); err != nil {
		t.Fatal(err)
	}
	if openPage(t, p, b, "/me"); b.Page.Has("me-contact-taken") {
		t.Error("told although there is a contact again")
	}
}
