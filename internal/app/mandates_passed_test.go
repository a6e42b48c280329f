package app_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// passedOn is a mandate of two steps: elder to helper, and from the helper to a third person.
type passedOn struct {
	*apptest.Platform
	portal       idp.Client
	agent        *walk.Browser
	above, below mandate.Mandate
}

func passOn(t *testing.T, p *apptest.Platform) passedOn {
	t.Helper()
	ctx := context.Background()
	for _, person := range []struct{ phone, name string }{{elder, "赵奶奶"}, {helper, "李四"}, {third, "王五"}} {
		p.Persona(person.phone, person.name, 2)
	}
	middle, last := accountOf(t, p, helper).ID, accountOf(t, p, third).ID
	w := passedOn{Platform: p, portal: p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true}), agent: p.SignIn(third)}
	w.above = give(t, p, accountOf(t, p, elder).ID, middle, mandate.Terms{Rights: []mandate.Right{mandate.View}, Delegable: true})
	below, err := p.App.Mandates.PassOn(ctx, by(p, middle), w.above.ID, last, mandate.Terms{Items: []string{"social-security"}, Rights: []mandate.Right{mandate.View}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.Mandates.Accept(ctx, by(p, last), below.ID); err != nil {
		t.Fatal(err)
	}
	w.below = below
	return w
}

func (w passedOn) issue() apptest.Answer {
	return w.Redeem(w.portal, w.code(), nil)
}

func (w passedOn) code() string {
	return w.Code(w.agent, w.portal, url.Values{"acting_for": {w.below.ID}}).Get("code")
}

// stands compares every place that judges the mandate, but for those that end a grant by asking.
func (w passedOn) stands(t *testing.T, when, access string, want bool) {
	t.Helper()
	ctx := context.Background()
	if w.Active(w.portal, access) != want {
		t.Errorf("%s: introspection does not say %v", when, want)
	}
	if a := w.Get("/userinfo", access); (a.Status == http.StatusOK) != want {
		t.Errorf("%s: userinfo answers %d", when, a.Status)
	}
	m, err := w.App.Mandates.Here(ctx, w.below.Agent, w.below.ID, mandate.View)
	if (err == nil) != want || !want && fault.CodeOf(err) != fault.ActingOver {
		t.Errorf("%s: own pages: %v", when, err)
	}
	if err := w.App.Mandates.UseHere(ctx, w.below, mandate.UseLook, m.ID, nil); (err == nil) != want || !want && fault.CodeOf(err) != fault.ActingOver {
		t.Errorf("%s: use at own pages: %v", when, err)
	}
	live, err := w.App.Mandates.Live(ctx, w.below.Agent)
	if err != nil || (len(live) == 1) != want {
		t.Errorf("%s: %d to choose from, %v", when, len(live), err)
	}
	back, err := w.agent.OpenUntil(ctx, w.URL+"/authorize?"+apptest.AuthorizeQuery(w.portal, url.Values{"acting_for": {w.below.ID}, "prompt": {"none"}}).Encode(), w.portal.RedirectURIs[0])
	if err != nil || back == nil || (back.Query().Get("code") != "") != want {
		t.Errorf("%s: another code: %v, %v", when, back, err)
	}
}

// TestPassedOnMandateRestsWhileTheAgentInTheMiddleIsSuspended: nothing holds under it until the suspension is over, and what was asked for
// meanwhile is refused.
func TestPassedOnMandateRestsWhileTheAgentInTheMiddleIsSuspended(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx, w := context.Background(), passOn(t, p)
		first, second := w.issue(), w.issue()
		access := first.String("access_token")
		w.stands(t, "before", access, true)
		waiting := w.code()
		ended(t, p.App.Accounts.SetState(ctx, w.above.Agent, idp.AccountSuspended, "test"))
		w.stands(t, "suspended", access, false)
		if a := p.Refresh(w.portal, second.String("refresh_token")); a.Status != http.StatusBadRequest || a.String("error") != "invalid_grant" {
			t.Errorf("refresh: %d %s", a.Status, a.Text)
		}
		if a := p.Redeem(w.portal, waiting, nil); a.Status != http.StatusBadRequest || a.String("error") != "invalid_grant" {
			t.Errorf("a code that waited: %d %s", a.Status, a.Text)
		}
		ended(t, p.App.Accounts.SetState(ctx, w.above.Agent, idp.AccountActive, "test"))
		w.stands(t, "afterwards", access, true)
	})
}

// TestPassedOnMandateEndsWithWhatIsAboveIt: for good, with the mandate or the account of the agent in the middle.
func TestPassedOnMandateEndsWithWhatIsAboveIt(t *testing.T) {
	for name, end := range map[string]func(p *apptest.Platform, w passedOn) error{
		"the mandate above": func(p *apptest.Platform, w passedOn) error {
			return p.App.Mandates.Stop(context.Background(), w.above.Principal, w.above.ID, "wish")
		},
		"the account in the middle": func(p *apptest.Platform, w passedOn) error {
			return p.App.Accounts.SetState(context.Background(), w.above.Agent, idp.AccountClosed, "test")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, p *apptest.Platform) {
				w := passOn(t, p)
				access := w.issue().String("access_token")
				ended(t, end(p, w))
				w.stands(t, "ended", access, false)
				for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
					m, err := p.App.Mandates.Of(context.Background(), w.below.Agent, w.below.ID)
					if err == nil && m.State == mandate.Ended {
						return
					}
					if time.Now().After(deadline) {
						t.Fatalf("what was passed on is %s, %v", m.State, err)
					}
				}
			})
		})
	}
}
