package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const (
	rightCode = "91999900MA0000023H"
	thirdCode = "91999900MA0000031C"
)

// code is the code of the organisation as it stands, with its level.
func (x *inquiry) code() (string, int) {
	x.t.Helper()
	o, err := x.App.Accounts.Person(x.t.Context(), x.id)
	if err != nil {
		x.t.Fatal(err)
	}
	return o.IDNumber, int(o.IAL)
}

// propose proposes another code by the form and returns the address of the correction.
func (x *inquiry) propose(code string) string {
	x.t.Helper()
	if got := formStatus(x.t, x.Platform, x.one, x.page+"/correction", url.Values{"code": {code}, "reason": {"登记机关证明 3 号"}}); got != http.StatusOK || !strings.HasPrefix(x.one.Page.URL.Path, "/admin/corrections/") {
		x.t.Fatalf("%d %s", got, x.one.Page.Text)
	}
	return x.one.Page.URL.Path
}

// TestAnOrganisationsCodeIsCorrectedByTwo: what stands on the account stays, the level is what the register says under the new code, and
// nobody registers the old one.
func TestAnOrganisationsCodeIsCorrectedByTwo(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		x := startInquiry(t, p, register)
		agent := x.appoint()
		register.set(func(r *steered) { r.unknown = company })
		x.look()
		for name, form := range map[string]url.Values{
			"no code":           {"reason": {"证明"}},
			"a wrong character": {"code": {rightCode[:17] + "0"}, "reason": {"证明"}},
			"the same":          {"code": {company}, "reason": {"证明"}},
			"no reason":         {"code": {rightCode}},
		} {
			openPage(t, p, x.one, x.page+"/correction")
			if got := formStatus(t, p, x.one, x.page+"/correction", form); got != http.StatusUnprocessableEntity || !strings.Contains(x.one.Page.Source, `value="`+form.Get("code")+`"`) {
				t.Errorf("%s: %d %s", name, got, x.one.Page.Text)
			}
		}
		other := x.propose(thirdCode)
		item := x.propose(rightCode)
		if !strings.Contains(x.one.Page.Text, rightCode) {
			t.Errorf("the proposal does not tell the code: %s", x.one.Page.Text)
		}
		approve := func(item string, want int) {
			t.Helper()
			if page := submit(t, x.two, p.URL+item, map[string]string{"correction-approve": "1", "reason": "核对无误"}); page.Status != want {
				t.Fatalf("%d, want %d: %s", page.Status, want, page.Text)
			}
		}
		if page := submit(t, x.one, p.URL+item, map[string]string{"correction-approve": "1", "reason": "核对无误"}); page.Status != http.StatusForbidden {
			t.Errorf("by one alone: %d", page.Status)
		}
		register.set(func(r *steered) { r.silent = true })
		approve(item, http.StatusServiceUnavailable)
		register.set(func(r *steered) { r.silent, r.state = false, mandate.Deregistered })
		approve(item, http.StatusConflict)
		if code, level := x.code(); code != company || level != 3 {
			t.Fatalf("a refused approval changed something: %s %d", code, level)
		}
		register.set(func(r *steered) { r.state = mandate.Registered })
		approve(item, http.StatusOK)
		if code, level := x.code(); code != rightCode || level != 3 {
			t.Errorf("code %s, level %d", code, level)
		}
		if there, _ := x.lists("unknown"); there {
			t.Error("the register knows it by its new code, and it waits all the same")
		}
		approve(other, http.StatusPreconditionFailed) // it was about the code from before
		for _, who := range []string{x.head, agent} {
			if live, err := p.App.Mandates.Live(t.Context(), who); err != nil || len(live) != 1 || live[0].Principal != x.id {
				t.Errorf("mandates: %v %v", live, err)
			}
		}
		for _, who := range []string{boss, clerk} {
			if inboxText(t, p, who, "代码或名称已更正") == "" {
				t.Errorf("%s was not told", who)
			}
		}
		if events := audited(t, p, "identity.changed"); len(events) != 1 || events[0].ObjectID != x.id || events[0].Details["level"] != "of the register" || events[0].Reason != "核对无误" {
			t.Errorf("on record: %+v", events)
		}
		register.set(func(r *steered) { r.unknown = "" })
		_, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市青禾商贸有限公司", company)
		wantFault(t, "the old code opens a second account", err, fault.OrganisationFormer)
		if o, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市青禾商贸有限公司", rightCode); err != nil || o.ID != x.id {
			t.Errorf("the new code: %+v %v", o, err)
		}
		// Another organisation has the old code in truth, which two people say.
		answer := call(t, p, http.MethodPost, "/api/v1/identity-corrections", adminToken(t, p, idp.RoleSecurityAdmin), map[string]any{"kind": idp.NumberReleased, "account_id": x.id, "id_number": company, "reason": "登记机关证明 4 号"})
		if answer.Status != http.StatusCreated {
			t.Fatal(answer.Text)
		}
		x.signIn()
		approve("/admin/corrections/"+answer.String("id"), http.StatusOK)
		if o, err := p.App.Mandates.Found(t.Context(), by(p, x.head), "示例市云杉科技有限公司", company); err != nil || o.ID == x.id {
			t.Errorf("after its release: %+v %v", o, err)
		}
	})
}

// TestACorrectedCodeThatTheRegisterDoesNotKnow: the level ends, the organisation stands in doubt under the new code, and has the level
// again when the register knows it.
func TestACorrectedCodeThatTheRegisterDoesNotKnow(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		x := startInquiry(t, p, register)
		register.set(func(r *steered) { r.unknown = rightCode })
		item := x.propose(rightCode)
		if page := submit(t, x.two, p.URL+item, map[string]string{"correction-approve": "1", "reason": "核对无误"}); page.Status != http.StatusOK {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if code, level := x.code(); code != rightCode || level != 0 {
			t.Errorf("code %s, level %d", code, level)
		}
		if there, text := x.lists("unknown"); !there || !strings.Contains(text, rightCode) {
			t.Errorf("it does not wait under the new code: %s", text)
		}
		_, err := p.App.Mandates.Give(t.Context(), by(p, x.head), x.id, accountOf(t, p, firstAdmin).ID, mandate.Terms{Kind: mandate.Staff, Items: []string{"tax"}})
		wantFault(t, "a mandate without a level", err, fault.MandateLevel)
		register.set(func(r *steered) { r.unknown, r.representative = "", "别人" })
		x.propose(thirdCode) // a level 0 identity can be corrected too
		register.set(func(r *steered) { r.representative = "钱法人" })
		x.look()
		if code, level := x.code(); code != rightCode || level != 3 {
			t.Errorf("after the register knows it: code %s, level %d", code, level)
		}
	})
}

// TestTwoCorrectionsAtOnceAreOne: both were proposed about the same code, and the second finds another.
func TestTwoCorrectionsAtOnceAreOne(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		x := startInquiry(t, p, register)
		token := adminToken(t, p, idp.RoleSecurityAdmin)
		items := []string{x.propose(rightCode), x.propose(thirdCode)}
		answers := make([]apptest.Answer, len(items))
		var wait sync.WaitGroup
		for i, item := range items {
			wait.Go(func() {
				answers[i] = call(t, p, http.MethodPost, strings.Replace(item, "/admin/corrections", "/api/v1/identity-corrections", 1)+"/decision", token, map[string]any{"approve": true, "reason": "核对无误"})
			})
		}
		wait.Wait()
		done := 0
		for i, answer := range answers {
			switch answer.Status {
			case http.StatusOK:
				done++
				if code, _ := x.code(); code != []string{rightCode, thirdCode}[i] {
					t.Errorf("the code is %s", code)
				}
			case http.StatusConflict, http.StatusPreconditionFailed:
				if page := submit(t, x.two, p.URL+items[i], map[string]string{"correction-approve": "1", "reason": "核对无误"}); page.Status != http.StatusPreconditionFailed {
					t.Errorf("approved afterwards: %d", page.Status)
				}
			default:
				t.Errorf("%d %s", answer.Status, answer.Text)
			}
		}
		if done != 1 {
			t.Errorf("%d corrections were made", done)
		}
		if n := len(audited(t, p, "identity.changed")); n != 1 {
			t.Errorf("%d changes on record", n)
		}
	})
}
