package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// steered is a register that answers as the test says.
type steered struct {
	mutex          sync.Mutex
	representative string
	state          mandate.RegisterState
	unknown        string // code of the one organisation that it does not know
	silent         bool
	guardian       bool
}

func (r *steered) set(change func(r *steered)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	change(r)
}

func (*steered) Name() string { return "steered" }

func (r *steered) Organisation(_ context.Context, q mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.silent {
		return mandate.OrganisationAnswer{}, mandate.ErrSilent
	}
	if string(q.USCC) == r.unknown {
		return mandate.OrganisationAnswer{}, nil
	}
	return mandate.OrganisationAnswer{Known: true, Representative: q.RepresentativeName == r.representative, State: r.state, Digest: "digest"}, nil
}

func (r *steered) Guardian(context.Context, mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.silent {
		return mandate.GuardianAnswer{}, mandate.ErrSilent
	}
	return mandate.GuardianAnswer{Match: r.guardian, Digest: "digest"}, nil
}

func onBothWith(t *testing.T, register mandate.Register, test func(t *testing.T, p *apptest.Platform)) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			test(t, apptest.StartOn(t, apptest.NewConfig(t, engine.OpenURL(t), t.TempDir()), app.Options{Register: register}))
		})
	}
}

func by(p *apptest.Platform, account string) mandate.By {
	return mandate.By{Account: account, SignedInAt: p.Now()}
}

func wantFault(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

const (
	company = "91999900MA0000015N"
	boss    = "13800138008"
	clerk   = "13800138009"
	newBoss = "13800138000"
)

// otherOrganisation is one of somebody else.
func otherOrganisation(t *testing.T, p *apptest.Platform, register *steered) string {
	t.Helper()
	const owner = "13800138066"
	p.Persona(owner, "周旁人", 3)
	register.set(func(r *steered) { r.representative = "周旁人" })
	defer register.set(func(r *steered) { r.representative = "钱法人" })
	o, err := p.App.Mandates.Found(t.Context(), by(p, accountOf(t, p, owner).ID), "示例市云杉科技有限公司", thirdCode)
	if err != nil {
		t.Fatal(err)
	}
	return o.ID
}

// TestM03OrganisationLife: founding by the legal representative, appointments within one's own rights, tokens for the
// organisation, a change of the legal representative, and deregistration.
func TestM03OrganisationLife(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
		ctx, m := context.Background(), p.App.Mandates
		portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile identity", ActingFor: true})
		p.Persona(boss, "钱法人", 3)
		p.Persona(clerk, "孙经办", 2)
		p.Persona(newBoss, "张三", 3)
		p.Persona(helper, "李四", 2)
		head, agent, next, other := accountOf(t, p, boss).ID, accountOf(t, p, clerk).ID, accountOf(t, p, newBoss).ID, accountOf(t, p, helper).ID

		_, err := m.Found(ctx, by(p, agent), "示例市青禾商贸有限公司", company)
		wantFault(t, "ial 2 founds", err, fault.MandateLevel)
		_, err = m.Found(ctx, by(p, next), "示例市青禾商贸有限公司", company)
		wantFault(t, "another than the representative", err, fault.OrganisationMismatch)
		_, err = m.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company[:17]+"0")
		wantFault(t, "a code with a wrong check character", err, fault.OrganisationCode)
		o, err := m.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company)
		if err != nil {
			t.Fatal(err)
		}
		again, err := m.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company)
		if err != nil || again.ID != o.ID {
			t.Errorf("founding twice: %+v, %v", again, err)
		}
		named, err := p.App.Accounts.Person(ctx, o.ID)
		if err != nil || named.IDNumber != company || named.IAL != 3 || named.IDType != mandate.IDTypeUSCC {
			t.Errorf("the organisation is %+v, %v", named, err)
		}

		terms := func(kind mandate.Kind, rights ...mandate.Right) mandate.Terms {
			return mandate.Terms{Kind: kind, Items: []string{"tax"}, Rights: rights, MaxClass: mandate.ClassIdentity}
		}
		_, err = m.Give(ctx, by(p, agent), o.ID, other, terms(mandate.Staff, mandate.View))
		wantFault(t, "M-03 somebody without an office appoints", err, fault.Forbidden)
		_, err = m.Give(ctx, by(p, head), o.ID, agent, terms(mandate.Staff, mandate.Manage))
		wantFault(t, "M-03 an operator who may appoint", err, fault.MandateTerms)
		administrator, err := m.Give(ctx, by(p, head), o.ID, agent, terms(mandate.Administrator, mandate.View, mandate.Submit, mandate.Manage))
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, "M-03 another accepts", m.Accept(ctx, by(p, other), administrator.ID), fault.NotFound)
		ended(t, m.Accept(ctx, by(p, agent), administrator.ID))
		_, err = m.Give(ctx, by(p, agent), o.ID, other, terms(mandate.Administrator, mandate.View))
		wantFault(t, "M-03 an administrator makes another", err, fault.Forbidden)
		_, err = m.Give(ctx, by(p, agent), o.ID, other, terms(mandate.Staff, mandate.View, mandate.Collect))
		wantFault(t, "M-03 an administrator gives what it has not", err, fault.MandateTerms)
		wider := terms(mandate.Staff, mandate.View)
		wider.Items = []string{mandate.AllItems}
		_, err = m.Give(ctx, by(p, agent), o.ID, other, wider)
		wantFault(t, "M-03 an administrator gives more items", err, fault.MandateTerms)
		staff, err := m.Give(ctx, by(p, agent), o.ID, other, terms(mandate.Staff, mandate.View, mandate.Submit))
		if err != nil {
			t.Fatal(err)
		}
		ended(t, m.Accept(ctx, by(p, other), staff.ID))
		wantFault(t, "M-03 an administrator stops the representative", firstError(m.StopAgent(ctx, agent, o.ID, head)), "")
		if live, err := m.Live(ctx, head); err != nil || len(live) != 1 {
			t.Fatalf("the representative's office: %+v, %v", live, err)
		}

		_, err = m.StopAgent(ctx, other, o.ID, agent)
		wantFault(t, "M-03 an operator stops an administrator", err, fault.Forbidden)
		second, err := m.Give(ctx, by(p, head), o.ID, next, terms(mandate.Administrator, mandate.View, mandate.Manage))
		if err != nil {
			t.Fatal(err)
		}
		ended(t, m.Accept(ctx, by(p, next), second.ID))
		_, err = m.StopAgent(ctx, agent, o.ID, next)
		wantFault(t, "M-03 an administrator stops another", err, fault.Forbidden)
		if n, err := m.StopAgent(ctx, head, o.ID, next); err != nil || n != 1 {
			t.Errorf("the representative stops an administrator: %d, %v", n, err)
		}
		elsewhere := otherOrganisation(t, p, register)
		_, err = m.Give(ctx, by(p, agent), elsewhere, other, terms(mandate.Staff, mandate.View))
		wantFault(t, "M-03 an administrator appoints in another organisation", err, fault.Forbidden)
		_, err = m.StopAgent(ctx, agent, elsewhere, other)
		wantFault(t, "M-03 an administrator stops somebody of another organisation", err, fault.Forbidden)

		b := p.SignIn(helper)
		issued := p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {staff.ID}}).Get("code"), nil)
		claims := apptest.Claims(t, issued.String("id_token"))
		if claims["name"] != "示例市青禾商贸有限公司" || claims["id_document_number"] != company || claims["ial"] != 2.0 || claims["act"] == nil {
			t.Errorf("for the organisation: %v", claims)
		}

		// Silence changes nothing.
		register.set(func(r *steered) { r.silent = true })
		wantFault(t, "silence", m.Recheck(ctx, o.ID), fault.RegisterSilent)
		if !p.Active(portal, issued.String("access_token")) {
			t.Error("silence of the register ended a token")
		}
		// Another legal representative: the office ends, the others look on.
		register.set(func(r *steered) { r.silent, r.representative = false, "张三" })
		ended(t, m.Recheck(ctx, o.ID))
		if p.Active(portal, issued.String("access_token")) {
			t.Error("a token with rights from before the change is active")
		}
		if live, err := m.Live(ctx, head); err != nil || len(live) != 0 {
			t.Errorf("the old representative's office: %+v, %v", live, err)
		}
		frozen := p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {staff.ID}}).Get("code"), nil)
		if got := actionsOf(t, frozen.String("access_token")); got != "view" {
			t.Errorf("while frozen: %q", got)
		}
		_, err = m.Give(ctx, by(p, agent), o.ID, next, terms(mandate.Staff, mandate.View))
		wantFault(t, "a frozen administrator appoints", err, fault.Forbidden)
		wantFault(t, "the old representative confirms", m.Thaw(ctx, by(p, head), o.ID), fault.Forbidden)
		if _, err = m.Found(ctx, by(p, next), "示例市青禾商贸有限公司", company); err != nil {
			t.Fatal(err)
		}
		if n, err := m.StopAgent(ctx, next, o.ID, agent); err != nil || n != 1 {
			t.Errorf("the new representative stops an administrator: %d, %v", n, err)
		}
		ended(t, m.Thaw(ctx, by(p, next), o.ID))
		thawed := p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {staff.ID}}).Get("code"), nil)
		if got := actionsOf(t, thawed.String("access_token")); got != "view submit" {
			t.Errorf("after the confirmation: %q", got)
		}
		// Deregistration ends all.
		register.set(func(r *steered) { r.state = mandate.Deregistered })
		ended(t, m.Recheck(ctx, o.ID))
		if p.Active(portal, thawed.String("access_token")) {
			t.Error("a token of a deregistered organisation is active")
		}
		if a := p.Refresh(portal, thawed.String("refresh_token")); a.Status != http.StatusBadRequest {
			t.Errorf("refresh: %d %s", a.Status, a.Text)
		}
		for _, account := range []string{next, other} {
			if live, err := m.Live(ctx, account); err != nil || len(live) != 0 {
				t.Errorf("mandates of a deregistered organisation: %+v, %v", live, err)
			}
		}
		_, err = m.Found(ctx, by(p, next), "示例市青禾商贸有限公司", company)
		wantFault(t, "founding what is deregistered", err, fault.OrganisationEnded)
	})
}

// TestAnUnknownOrganisationKeepsNoOtherFromItsCheck: the register no longer knows the code of the one whose turn is first, and another
// was deregistered. That one ends all the same, and the unknown one waits for people and gives way for a day.
func TestAnUnknownOrganisationKeepsNoOtherFromItsCheck(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.representative, r.state, r.unknown = "钱法人", mandate.Registered, "" })
		ctx, m := context.Background(), p.App.Mandates
		p.Persona(boss, "钱法人", 3)
		head := accountOf(t, p, boss).ID
		unknown, err := m.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company)
		if err != nil {
			t.Fatal(err)
		}
		p.Advance(time.Second)
		gone, err := m.Found(ctx, by(p, head), "示例市白云商贸有限公司", "91999900MA0000023H")
		if err != nil {
			t.Fatal(err)
		}
		register.set(func(r *steered) { r.state, r.unknown = mandate.Deregistered, company })
		p.Advance(25 * time.Hour)
		n, err := m.RecheckDue(ctx)
		if n != 2 || err != nil {
			t.Errorf("checked %d, %v", n, err)
		}
		looks := func() int {
			o, err := m.Organisation(ctx, unknown.ID)
			if err != nil || o.UnknownAt.IsZero() {
				t.Errorf("the unknown one: %+v, %v", o, err)
			}
			return o.UnknownLooks
		}
		if n := looks(); n != 1 {
			t.Errorf("%d looks", n)
		}
		live, err := m.Live(ctx, head)
		if err != nil || len(live) != 1 || live[0].Principal != unknown.ID {
			t.Errorf("mandates left: %+v, %v", live, err)
		}
		if o, err := m.Organisation(ctx, gone.ID); err != nil || o.State != mandate.Deregistered {
			t.Errorf("the deregistered one: %+v, %v", o, err)
		}
		if n, err := m.RecheckDue(ctx); n != 0 || err != nil {
			t.Errorf("at once again: %d, %v", n, err)
		}
		p.Advance(25 * time.Hour)
		if n, err := m.RecheckDue(ctx); n != 1 || err != nil || looks() != 2 {
			t.Errorf("the unknown one is not asked about the day after: %d, %v", n, err)
		}
	})
}

func firstError(_ int, err error) error { return err }

// actionsOf are the rights that a token tells.
func actionsOf(t *testing.T, token string) string {
	t.Helper()
	details, _ := apptest.Claims(t, token)["authorization_details"].([]any)
	for _, entry := range details {
		if object, _ := entry.(map[string]any); object["type"] == "mandate" {
			return strings.Join(texts(object["actions"]), " ")
		}
	}
	return ""
}

// TestFamily: a child below 14 has an account that guardians alone act for; at 14 they look on, at 18 the link is over; two
// guardians and no third.
func TestFamily(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.guardian = true })
		ctx, m := context.Background(), p.App.Mandates
		p.Persona(helper, "李四", 2)
		p.Persona(newBoss, "张三", 2)
		p.Persona(third, "王五", 2)
		one, two, three := accountOf(t, p, helper).ID, accountOf(t, p, newBoss).ID, accountOf(t, p, third).ID
		const name, number = "李小宝", "999900202006070010"

		register.set(func(r *steered) { r.guardian = false })
		_, err := m.AddChild(ctx, by(p, one), name, number)
		wantFault(t, "no guardian", err, fault.ChildMismatch)
		register.set(func(r *steered) { r.guardian = true })
		_, err = m.AddChild(ctx, by(p, one), name, "99990019800101001X")
		wantFault(t, "no child", err, fault.ChildAge)
		_, err = m.AddChild(ctx, mandate.By{Account: one, SignedInAt: p.Now().Add(-time.Hour)}, name, number)
		wantFault(t, "an old login", err, fault.MandateLogin)
		link, err := m.AddChild(ctx, by(p, one), name, number)
		if err != nil {
			t.Fatal(err)
		}
		second, err := m.AddChild(ctx, by(p, two), name, number)
		if err != nil || second.Principal != link.Principal {
			t.Fatalf("the second guardian: %+v, %v", second, err)
		}
		_, err = m.AddChild(ctx, by(p, three), name, number)
		wantFault(t, "a third guardian", err, fault.MandateLimit)
		if again, err := m.AddChild(ctx, by(p, one), name, number); err != nil || again.ID != link.ID {
			t.Errorf("adding twice: %+v, %v", again, err)
		}
		child, err := p.App.Accounts.Account(ctx, link.Principal)
		if err != nil || len(child.Contacts) != 0 || child.PasswordHash != "" {
			t.Errorf("the child can log in: %+v, %v", child, err)
		}
		kindAt := func(age string) (kind mandate.Kind) {
			live, err := m.Live(ctx, one)
			if err != nil || len(live) > 1 {
				t.Fatalf("%s: %+v, %v", age, live, err)
			}
			for _, l := range live {
				kind = l.Kind
			}
			return kind
		}
		until := func(year int, month time.Month, day, hour int) {
			p.Advance(time.Date(year, month, day, hour, 0, 0, 0, time.FixedZone("", 8*3600)).Sub(p.Now()))
		}
		if kind := kindAt("below 14"); kind != mandate.Guardian {
			t.Errorf("below 14: %q", kind)
		}
		until(2034, 6, 6, 23)
		if kind := kindAt("the evening before 14"); kind != mandate.Guardian {
			t.Errorf("the evening before 14: %q", kind)
		}
		until(2034, 6, 7, 1)
		if kind := kindAt("14"); kind != mandate.GuardianLimited {
			t.Errorf("at 14: %q", kind)
		}
		until(2038, 5, 1, 0)
		if n, err := m.Warn(ctx); err != nil || n != 0 {
			t.Errorf("warned too early: %d, %v", n, err)
		}
		until(2038, 5, 9, 0)
		if n, err := m.Warn(ctx); err != nil || n != 2 {
			t.Errorf("30 days before: %d, %v", n, err)
		}
		if n, err := m.Warn(ctx); err != nil || n != 0 {
			t.Errorf("warned twice: %d, %v", n, err)
		}
		until(2038, 6, 7, 1)
		if kind := kindAt("18"); kind != "" {
			t.Errorf("at 18: %q", kind)
		}
		if n, err := m.Expire(ctx); err != nil || n != 4 {
			t.Errorf("written down as over: %d, %v", n, err)
		}
	})
}

// TestHelperAsks: an elder's helper asks, the elder confirms, and the rights stay with looking on and filling in.
func TestHelperAsks(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx, m := context.Background(), p.App.Mandates
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	old, young := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID
	_, err := m.Ask(ctx, by(p, young), old, mandate.Terms{Kind: mandate.ElderHelper, Items: []string{"pension"}, Rights: []mandate.Right{mandate.Collect}})
	wantFault(t, "a helper who collects", err, fault.MandateTerms)
	asked, err := m.Ask(ctx, by(p, young), old, mandate.Terms{Kind: mandate.ElderHelper, Items: []string{"pension"}})
	if err != nil || len(asked.Rights) != 2 || asked.Has(mandate.Submit) {
		t.Fatalf("%+v, %v", asked, err)
	}
	wantFault(t, "the helper confirms for the elder", m.Accept(ctx, by(p, young), asked.ID), fault.Forbidden)
	ended(t, m.Accept(ctx, by(p, old), asked.ID))
	if live, err := m.Live(ctx, young); err != nil || len(live) != 1 {
		t.Errorf("%+v, %v", live, err)
	}
}

// TestPassingOn: once, never wider or longer, and it ends with what it was passed on from.
func TestPassingOn(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx, m := context.Background(), p.App.Mandates
	portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	p.Persona(third, "王五", 2)
	a, b, c := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, accountOf(t, p, third).ID
	closed := give(t, p, a, b, mandate.Terms{})
	_, err := m.PassOn(ctx, by(p, b), closed.ID, c, mandate.Terms{Items: []string{"social-security"}})
	wantFault(t, "passing on what may not be", err, fault.Forbidden)
	parent := give(t, p, a, b, mandate.Terms{Items: []string{"pension", "tax"}, Rights: []mandate.Right{mandate.View, mandate.Submit}, Delegable: true})
	for name, terms := range map[string]mandate.Terms{
		"more items":  {Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View}},
		"more rights": {Items: []string{"tax"}, Rights: []mandate.Right{mandate.View, mandate.Collect}},
		"longer":      {Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}, Until: parent.NotAfter.Add(time.Second)},
		"more data":   {Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}, MaxClass: mandate.ClassContact},
	} {
		_, err := m.PassOn(ctx, by(p, b), parent.ID, c, terms)
		wantFault(t, name, err, fault.MandateTerms)
	}
	child, err := m.PassOn(ctx, by(p, b), parent.ID, c, mandate.Terms{Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, m.Accept(ctx, by(p, c), child.ID))
	_, err = m.PassOn(ctx, by(p, c), child.ID, b, mandate.Terms{Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
	wantFault(t, "passing on twice", err, fault.Forbidden)
	issued := p.Redeem(portal, p.Code(p.SignIn(third), portal, url.Values{"acting_for": {child.ID}}).Get("code"), nil)
	firstAgent := subjectOf(t, p, p.SignIn(helper), portal)
	if chain := actorOf(t, issued.String("access_token")); len(chain) != 2 || chain[1] != firstAgent {
		t.Errorf("actors %v, the first agent is %s", chain, firstAgent)
	}
	ended(t, m.Stop(ctx, b, parent.ID, "wish"))
	if p.Active(portal, issued.String("access_token")) {
		t.Error("what was passed on outlives what it was passed on from")
	}
	if live, err := m.Live(ctx, c); err != nil || len(live) != 0 {
		t.Errorf("%+v, %v", live, err)
	}
}

// TestExchangeKeepsWhoActs: a gateway acts for the agent, who acts for the principal; the other department knows all three by
// names of its own, and the end of the mandate ends the gateway's token too.
func TestExchangeKeepsWhoActs(t *testing.T) {
	p := apptest.Start(t, database(t))
	const gateway, records = "https://api.gov.cn/gateway", "https://api.gov.cn/records"
	gate := machine(p, "gateway", func(c *idp.Client) {
		c.GrantTypes = append(c.GrantTypes, idp.GrantTokenExchange)
		c.Scope, c.Resources, c.TokenExchangeAudience = "profile", []string{gateway}, []string{records}
	})
	server := machine(p, "records", func(c *idp.Client) {
		c.Scope, c.Sector, c.Resources = "profile", "records department", []string{records}
	})
	portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", Audience: []string{gateway}, ActingFor: true})
	there := p.Client(idp.Client{ClientID: "records-portal", Scope: "openid profile", Sector: "records department", ActingFor: true})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{})
	b := p.SignIn(helper)
	principalThere, agentThere := subjectOf(t, p, p.SignIn(elder), there), subjectOf(t, p, b, there)
	given := p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil).String("access_token")
	got := exchange(p, gate, given, "audience", records)
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Text)
	}
	token := got.String("access_token")
	claims, chain := apptest.Claims(t, token), actorOf(t, token)
	if claims["sub"] != principalThere || len(chain) != 2 || chain[0] != "gateway" || chain[1] != agentThere || claims["mandate_id"] != m.ID || actionsOf(t, token) != "view submit" {
		t.Errorf("sub %v, actors %v, mandate %v, actions %q", claims["sub"], chain, claims["mandate_id"], actionsOf(t, token))
	}
	if !p.Active(server, token) {
		t.Fatal("the exchanged token is not active")
	}
	ended(t, p.App.Mandates.Stop(context.Background(), m.Principal, m.ID, "wish"))
	if p.Active(server, token) {
		t.Error("the exchanged token outlives the mandate")
	}
	if a := exchange(p, gate, given, "audience", records); a.Status != http.StatusBadRequest {
		t.Errorf("an exchange after the end: %d", a.Status)
	}
}
