package app_test

import (
	"context"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestWhoPassesAMandateOn: its agent alone, to another person than the two who stand in it, and only while it holds.
func TestWhoPassesAMandateOn(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx, m := context.Background(), p.App.Mandates
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		p.Persona(third, "王五", 2)
		p.Persona(clerk, "孙经办", 2)
		a, b, c, d := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, accountOf(t, p, third).ID, accountOf(t, p, clerk).ID
		parent := give(t, p, a, b, mandate.Terms{Items: []string{"pension", "tax"}, Rights: []mandate.Right{mandate.View}, Delegable: true})
		part := mandate.Terms{Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}}
		for name, test := range map[string]struct {
			by, agent string
			want      fault.Code
		}{
			"the principal":    {a, c, fault.Forbidden},
			"somebody else":    {c, d, fault.NotFound},
			"to oneself":       {b, b, fault.MandateAgent},
			"to whom it is of": {b, a, fault.MandateAgent},
		} {
			_, err := m.PassOn(ctx, by(p, test.by), parent.ID, test.agent, part)
			wantFault(t, name, err, test.want)
		}
		child, err := m.PassOn(ctx, by(p, b), parent.ID, c, part)
		if err != nil {
			t.Fatal(err)
		}
		ended(t, m.Accept(ctx, by(p, c), child.ID))
		waits, err := m.PassOn(ctx, by(p, b), parent.ID, d, part)
		if err != nil {
			t.Fatal(err)
		}
		other := give(t, p, a, c, mandate.Terms{Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
		for name, test := range map[string]struct {
			by, id string
			want   fault.Code
		}{
			"the principal sees what was passed on": {a, child.ID, ""},
			"who passed it on":                      {b, child.ID, ""},
			"who passed it on, while it waits":      {b, waits.ID, ""},
			"whom it was passed on to":              {c, child.ID, ""},
			"not what it was passed on from":        {c, parent.ID, fault.NotFound},
			"nor what another was given":            {c, waits.ID, fault.NotFound},
			"nor what the principal gave another":   {b, other.ID, fault.NotFound},
			"and somebody else nothing":             {d, child.ID, fault.NotFound},
		} {
			_, err := m.Visible(ctx, test.by, test.id)
			wantFault(t, name, err, test.want)
			if test.want != "" {
				wantFault(t, name+", to end it", m.Stop(ctx, test.by, test.id, "wish"), test.want)
			}
		}
		ended(t, m.Stop(ctx, a, parent.ID, "wish"))
		_, err = m.PassOn(ctx, by(p, b), parent.ID, d, part)
		wantFault(t, "what has ended", err, fault.MandateState)
	})
}

// TestWhoSeesTheMandatesOfAnOrganisation: whoever manages it sees and ends those whom they may appoint; the legal representative all;
// others their own.
func TestWhoSeesTheMandatesOfAnOrganisation(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
		ctx, m := context.Background(), p.App.Mandates
		p.Persona(boss, "钱法人", 3)
		p.Persona(clerk, "孙经办", 2)
		p.Persona(newBoss, "张三", 3)
		p.Persona(helper, "李四", 2)
		p.Persona(third, "王五", 2)
		head, admin, second, staff, keeper := accountOf(t, p, boss).ID, accountOf(t, p, clerk).ID, accountOf(t, p, newBoss).ID, accountOf(t, p, helper).ID, accountOf(t, p, third).ID
		o, err := m.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company)
		if err != nil {
			t.Fatal(err)
		}
		appoint := func(agent string, terms mandate.Terms) string {
			t.Helper()
			one, err := m.Give(ctx, by(p, head), o.ID, agent, terms)
			if err != nil {
				t.Fatal(err)
			}
			ended(t, m.Accept(ctx, by(p, agent), one.ID))
			return one.ID
		}
		manage := mandate.Terms{Kind: mandate.Administrator, Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Manage}}
		first, other := appoint(admin, manage), appoint(second, manage)
		operator := appoint(staff, mandate.Terms{Kind: mandate.Staff, Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
		looks := appoint(keeper, mandate.Terms{Kind: mandate.Staff, Items: []string{"tax"}, Rights: []mandate.Right{mandate.View}})
		for name, test := range map[string]struct {
			by, id string
			want   fault.Code
		}{
			"the representative sees an administrator": {head, first, ""},
			"and an operator":                          {head, operator, ""},
			"an administrator its own":                 {admin, first, ""},
			"an operator too":                          {admin, operator, ""},
			"but no other administrator":               {admin, other, fault.Forbidden},
			"an operator its own":                      {staff, operator, ""},
			"and nobody else's":                        {staff, looks, fault.NotFound},
			"nor an administrator's":                   {staff, first, fault.NotFound},
		} {
			_, err := m.Visible(ctx, test.by, test.id)
			wantFault(t, name, err, test.want)
			if test.want != "" {
				wantFault(t, name+", to end it", m.Stop(ctx, test.by, test.id, "wish"), test.want)
			}
		}
		ended(t, m.Stop(ctx, admin, operator, "wish"))
		ended(t, m.Stop(ctx, head, first, "wish"))
		_, err = m.Visible(ctx, admin, looks)
		wantFault(t, "an administrator of before", err, fault.NotFound)
	})
}
