package licensehttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// RulingsPath is the list of decisions by rule (秒批).
const RulingsPath = "/license/rulings"

// AppealsOpenURL lists the appeals that wait.
const AppealsOpenURL = appealsPath + "?state=" + string(elicense.AppealOpen)

const (
	appealsPath  = RulingsPath + "/appeals"
	switchesPath = RulingsPath + "/rules"
)

func rulingURL(license string) string { return RulingsPath + "/items/" + url.PathEscape(license) }

func switchURL(authority, typeCode string) string {
	return switchesPath + "/" + url.PathEscape(authority) + "/" + url.PathEscape(typeCode)
}

// rulingPages are the pages on which staff read decisions by rule, switch rules and decide about appeals.
func (p *Pages) rulingPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + RulingsPath:                               p.rulingList,
		"GET " + RulingsPath + "/items/{id}":               p.rulingDetail,
		"POST " + RulingsPath + "/items/{id}/claim":        p.appealStep("appeal-claim", func(r *http.Request) error { return claimed(p.Service.ClaimAppeal(r.Context(), r.PathValue("id"))) }),
		"POST " + RulingsPath + "/items/{id}/grant":        p.appealStep("appeal-grant", p.appealDecision(true)),
		"POST " + RulingsPath + "/items/{id}/uphold":       p.appealStep("appeal-uphold", p.appealDecision(false)),
		"GET " + appealsPath:                               p.appealList,
		"GET " + switchesPath:                              p.switchList,
		"GET " + switchesPath + "/{authority}/{type}":      p.switchDetail,
		"POST " + switchesPath + "/{authority}/{type}/off": p.switchStep("rules-off", elicense.SwitchOff),
		"POST " + switchesPath + "/{authority}/{type}/on":  p.switchStep("rules-on", elicense.SwitchPropose),
		"POST " + switchesPath + "/{authority}/{type}/ok":  p.switchStep("rules-confirm", elicense.SwitchConfirm),
	}
}

func claimed(_ elicense.Appeal, err error) error { return err }

// rulingTypeName is the name of a type in the language of the page, by its code.
func (p *Pages) rulingTypeName(code, locale string) string {
	if t, err := p.Service.TypePackage(code); err == nil {
		return t.Name.In(locale)
	}
	return code
}

func (p *Pages) reasonsIn(r elicense.Ruling, codes []string, locale string) string {
	var words []string
	for _, code := range codes {
		words = append(words, p.Service.ReasonWords(r, code).In(locale))
	}
	return strings.Join(words, "；")
}

func (p *Pages) rulingLinks(text func(string) string, here string) (links []web.Link) {
	for _, link := range []web.Link{{Label: text("ruling.list"), URL: RulingsPath}, {Label: text("ruling.appeals"), URL: AppealsOpenURL}, {Label: text("ruling.switches"), URL: switchesPath}} {
		if !strings.HasPrefix(link.URL, here) || here == RulingsPath && link.URL != RulingsPath {
			links = append(links, link)
		}
	}
	return links
}

// conditionIn says what a condition of a type asks for: field, licence, values and bounds.
func (p *Pages) conditionIn(r *http.Request, t *catalog.Type, c catalog.Condition) string {
	locale := p.Renderer.Locale(r)
	var parts []string
	if c.Field != "" {
		parts = append(parts, t.Label(c.Field, locale))
	}
	if c.Type != "" {
		parts = append(parts, p.rulingTypeName(c.Type, locale))
	}
	if c.Of != "" {
		of := c.Of
		if other, err := p.Service.TypePackage(c.Type); err == nil {
			of = other.Label(c.Of, locale)
		}
		parts = append(parts, of)
	}
	if len(c.Values) > 0 {
		parts = append(parts, strings.Join(c.Values, "、"))
	}
	if c.Min != nil {
		parts = append(parts, "≥ "+strconv.Itoa(*c.Min)+c.Unit)
	}
	if c.Max != nil {
		parts = append(parts, "≤ "+strconv.Itoa(*c.Max)+c.Unit)
	}
	if c.Days > 0 {
		parts = append(parts, p.Renderer.Text(r, "ruling.days", "n", strconv.Itoa(c.Days)))
	}
	return strings.Join(parts, " · ")
}

// choice is a filter of a list: all, or one of the words.
func choice(r *http.Request, name, label string, text func(string) string, prefix string, values ...string) web.FormField {
	field := web.FormField{Name: name, Label: label, Kind: web.InputSelect, Options: []web.Option{{Label: text("page.all")}}}
	for _, value := range values {
		field.Options = append(field.Options, web.Option{Value: value, Label: text(prefix + value)})
		if r.URL.Query().Get(name) == value {
			field.Value = value
		}
	}
	return field
}

func (p *Pages) rulingList(w http.ResponseWriter, r *http.Request) error {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	filter := choice(r, "outcome", text("ruling.outcome"), text, "ruling.outcome.", string(catalog.OutcomeApprove), string(catalog.OutcomeRefer), string(catalog.OutcomeRefuse))
	page, next, err := p.Service.Rulings(r.Context(), elicense.RulingFilter{Outcome: filter.Value, After: after, Limit: pageSize})
	if err != nil {
		return err
	}
	t := web.Table{Caption: text("ruling.list"), Plain: true, Columns: []web.Column{{Label: text("licence.type")}, {Label: text("ruling.outcome")}, {Label: text("ruling.reasons")}, {Label: text("ruling.decided_at")}}}
	for _, one := range page {
		t.Rows = append(t.Rows, web.Row{URL: rulingURL(one.License), Cells: []string{p.rulingTypeName(one.TypeCode, locale), text("ruling.outcome." + string(one.Outcome)), orDash(p.reasonsIn(one, one.Reasons, locale)), dateTime(one.DecidedAt)}})
	}
	t.NextURL = pagemark.Onward(r, RulingsPath+"?"+url.Values{"outcome": {filter.Value}}.Encode(), next)
	body := web.AdminListPage{Intro: text("ruling.lead"), Links: p.rulingLinks(text, RulingsPath), Filter: []web.FormField{filter}, FilterURL: RulingsPath, Table: t, None: text("ruling.none"), NoneText: text("ruling.none.text")}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: t.Caption, Body: body})
}

func (p *Pages) appealList(w http.ResponseWriter, r *http.Request) error {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	filter := choice(r, "state", text("issuer.state"), text, "ruling.appeal.", string(elicense.AppealOpen), string(elicense.AppealGranted), string(elicense.AppealUpheld))
	page, next, err := p.Service.Appeals(r.Context(), elicense.AppealFilter{State: filter.Value, After: after, Limit: pageSize})
	if err != nil {
		return err
	}
	t := web.Table{Caption: text("ruling.appeals"), Plain: true, Columns: []web.Column{{Label: text("licence.type")}, {Label: text("issuer.state")}, {Label: text("ruling.appeal.filed_at")}, {Label: text("ruling.appeal.claimed_by")}}}
	for _, a := range page {
		t.Rows = append(t.Rows, web.Row{URL: rulingURL(a.License), Cells: []string{p.rulingTypeName(a.TypeCode, locale), text("ruling.appeal." + string(a.State)), dateTime(a.FiledAt), orDash(a.ClaimedBy)}})
	}
	t.NextURL = pagemark.Onward(r, appealsPath+"?"+url.Values{"state": {filter.Value}}.Encode(), next)
	body := web.AdminListPage{Intro: text("ruling.appeals.lead"), Links: p.rulingLinks(text, appealsPath), Filter: []web.FormField{filter}, FilterURL: appealsPath, Table: t, None: text("ruling.appeals.none"), NoneText: text("ruling.appeals.none.text")}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: t.Caption, Body: body})
}

func (p *Pages) rulingDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showRuling(w, r, "", nil)
}

// showRuling shows a decision with its conditions and its appeal; tried is the action that was refused.
func (p *Pages) showRuling(w http.ResponseWriter, r *http.Request, tried string, refusal error) error {
	d, err := p.Service.Ruling(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !d.Staff {
		return fault.New(fault.NotFound)
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("ruling.list"), URL: RulingsPath}, Name: p.rulingTypeName(d.TypeCode, locale), Links: []web.Link{{Label: text("ruling.application"), URL: "/license/" + url.PathEscape(d.License)}}}
	body.Facts = []web.ShownField{
		{Label: text("ruling.outcome"), Value: text("ruling.outcome." + string(d.Outcome))}, {Label: text("ruling.reasons"), Value: orDash(p.reasonsIn(d.Ruling, d.Reasons, locale))}, {Label: text("ruling.decided_at"), Value: dateTime(d.DecidedAt)},
		{Label: text("ruling.version"), Value: strconv.Itoa(d.TypeVersion)}, {Label: text("ruling.set_by"), Value: strings.Join(d.SetBy, "、")}, {Label: text("license.field.authority"), Value: d.AuthorityCode},
	}
	t := web.Table{Caption: text("ruling.conditions"), Plain: true, Columns: []web.Column{{Label: text("ruling.condition")}, {Label: text("ruling.truth")}, {Label: text("ruling.evidence")}}}
	for _, c := range d.Conditions {
		evidence := orDash(c.Evidence)
		if c.Digest {
			evidence = text("ruling.digest") + " " + c.Evidence[:12] + "…"
		}
		t.Rows = append(t.Rows, web.Row{Cells: []string{c.ID + " · " + text("ruling.fact."+c.Fact), text("ruling.truth." + string(c.Truth)), evidence}})
	}
	body.Sections = []web.AdminSection{{ID: "ruling-conditions", Title: t.Caption, Text: text("ruling.conditions.text"), Table: &t}}
	if d.Appeal != nil {
		section, actions, err := p.appealSection(r, text)
		if err != nil {
			return err
		}
		body.Sections, body.Actions = append(body.Sections, section), actions
	}
	w.Header().Set("Cache-Control", "private, no-store")
	return p.afterRefusal(w, r, web.Page{Title: text("ruling.list"), Self: rulingURL(d.License)}, body, tried, refusal)
}

// appealSection shows the appeal of a ruling, with the steps that the actor may take.
func (p *Pages) appealSection(r *http.Request, text func(string) string) (section web.AdminSection, actions []web.StateAction, err error) {
	d, err := p.Service.FindAppeal(r.Context(), r.PathValue("id"))
	if err != nil {
		return section, nil, err
	}
	section = web.AdminSection{ID: "ruling-appeal", Title: text("ruling.appeal"), Facts: []web.ShownField{
		{Label: text("issuer.state"), Value: text("ruling.appeal." + string(d.State))}, {Label: text("ruling.appeal.text"), Value: d.Text}, {Label: text("ruling.appeal.filed_at"), Value: dateTime(d.FiledAt)},
		{Label: text("ruling.appeal.claimed_by"), Value: orDash(d.ClaimedBy)}, {Label: text("ruling.appeal.decided_by"), Value: orDash(d.DecidedBy)}, {Label: text("ruling.appeal.reason"), Value: orDash(d.Reason)},
	}}
	actor := reqctx.From(r.Context()).Actor
	if d.State != elicense.AppealOpen || !actor.Reaches(d.License.Area, elicense.RoleReviewer) {
		return section, nil, nil
	}
	if d.Barred {
		section.Text = text("ruling.appeal.barred")
		return section, nil, nil
	}
	at := rulingURL(d.License.ID)
	if d.ClaimedBy != actor.ID {
		return section, []web.StateAction{{ID: "appeal-claim", Label: text("ruling.action.claim"), URL: at + "/claim", Effect: text("ruling.effect.claim"), NoReason: true}}, nil
	}
	return section, []web.StateAction{
		{ID: "appeal-grant", Label: text("ruling.action.grant"), URL: at + "/grant", Effect: text("ruling.effect.grant")},
		{ID: "appeal-uphold", Label: text("ruling.action.uphold"), URL: at + "/uphold", Effect: text("ruling.effect.uphold")},
	}, nil
}

func (p *Pages) appealDecision(grant bool) func(r *http.Request) error {
	return func(r *http.Request) error {
		return claimed(p.Service.DecideAppeal(r.Context(), r.PathValue("id"), grant, strings.TrimSpace(r.PostForm.Get("reason"))))
	}
}

// afterRefusal shows a page whose action was refused for what was typed, with that action opened; without a refusal it is the page alone.
func (p *Pages) afterRefusal(w http.ResponseWriter, r *http.Request, page web.Page, body web.AdminDetailPage, tried string, refusal error) error {
	status := http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"reason": tried + "-reason"})
		reopened(body.Actions, tried, r.PostForm.Get("reason"), page.Errors[0].Message)
	}
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

func (p *Pages) appealStep(action string, do func(r *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := typedForm(w, r); err != nil {
			return err
		}
		err := do(r)
		if fault.CodeOf(err) == fault.Invalid {
			return p.showRuling(w, r, action, err)
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, rulingURL(r.PathValue("id")), http.StatusSeeOther)
		return nil
	}
}

func (p *Pages) switchList(w http.ResponseWriter, r *http.Request) error {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	query := r.URL.Query()
	if authority, code := strings.TrimSpace(query.Get("authority")), query.Get("type"); authority != "" && code != "" {
		http.Redirect(w, r, switchURL(authority, code), http.StatusSeeOther)
		return nil
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.RuleSwitches(r.Context(), after, pageSize)
	if err != nil {
		return err
	}
	types := web.FormField{Name: "type", Label: text("licence.type"), Kind: web.InputSelect}
	for _, t := range p.Service.Types().Types() {
		if t.Rules != nil && !p.Service.Types().Retired(t.Code) {
			types.Options = append(types.Options, web.Option{Value: t.Code, Label: t.Name.In(locale)})
		}
	}
	t := web.Table{Caption: text("ruling.switches"), Plain: true, Columns: []web.Column{{Label: text("license.field.authority")}, {Label: text("licence.type")}, {Label: text("issuer.state")}, {Label: text("ruling.switch.changed_at")}}}
	for _, one := range page {
		t.Rows = append(t.Rows, web.Row{URL: switchURL(one.AuthorityCode, one.TypeCode), Cells: []string{one.AuthorityCode, p.rulingTypeName(one.TypeCode, locale), text(switchWord(one)), dateTime(one.ChangedAt)}})
	}
	t.NextURL = pagemark.Onward(r, switchesPath, next)
	body := web.AdminListPage{Intro: text("ruling.switches.lead"), Links: p.rulingLinks(text, switchesPath), Filter: []web.FormField{{Name: "authority", Label: text("license.field.authority"), Max: 18}, types}, FilterURL: switchesPath, FilterName: text("ruling.switch.open"),
		Table: t, None: text("ruling.switches.none"), NoneText: text("ruling.switches.none.text")}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: t.Caption, Body: body})
}

func switchWord(w elicense.RuleSwitch) string {
	switch {
	case w.On:
		return "ruling.switch.on"
	case w.ProposedBy != "":
		return "ruling.switch.proposed"
	}
	return "ruling.switch.off"
}

func (p *Pages) switchDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showSwitch(w, r, "", nil)
}

// showSwitch shows what the rules of a type ask for, and whether they are on; tried is the action that was refused.
func (p *Pages) showSwitch(w http.ResponseWriter, r *http.Request, tried string, refusal error) error {
	s, t, err := p.Service.RuleSwitch(r.Context(), r.PathValue("authority"), r.PathValue("type"))
	if err != nil {
		return err
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	at := switchURL(s.AuthorityCode, s.TypeCode)
	body := web.AdminDetailPage{Back: web.Link{Label: text("ruling.switches"), URL: switchesPath}, Name: t.Name.In(locale), Under: s.AuthorityCode}
	body.Facts = []web.ShownField{{Label: text("issuer.state"), Value: text(switchWord(s))}, {Label: text("ruling.switch.proposed_by"), Value: orDash(s.ProposedBy)}, {Label: text("ruling.switch.on_by"), Value: orDash(strings.Join(s.OnBy, "、"))},
		{Label: text("ruling.switch.reason"), Value: orDash(s.Reason)}, {Label: text("ruling.version"), Value: strconv.Itoa(t.Row.Version)}, {Label: text("ruling.ceiling"), Value: strconv.Itoa(t.Rules.DailyCeiling)},
		{Label: text("ruling.sample"), Value: strconv.Itoa(t.Rules.SamplePerMille) + "‰"}, {Label: text("ruling.appeal_days"), Value: strconv.Itoa(t.Rules.AppealDays)}}
	conditions := web.Table{Caption: text("ruling.conditions"), Plain: true, Columns: []web.Column{{Label: text("ruling.condition")}, {Label: text("ruling.bounds")}, {Label: text("ruling.reasons")}, {Label: text("ruling.effect")}}}
	for _, c := range t.Rules.Conditions {
		reason, _ := t.Rules.Reason(c.Reason)
		effect := catalog.EffectRefer
		if reason.Effect != "" {
			effect = reason.Effect
		}
		conditions.Rows = append(conditions.Rows, web.Row{Cells: []string{c.ID + " · " + text("ruling.fact."+c.Fact), orDash(p.conditionIn(r, t, c)), reason.Words.In(locale), text("ruling.outcome." + string(effect))}})
	}
	body.Sections = []web.AdminSection{{ID: "rule-conditions", Title: conditions.Caption, Text: text("ruling.conditions.all"), Table: &conditions}}
	actor := reqctx.From(r.Context()).Actor
	reviews, issues := len(actor.Reach(elicense.RoleReviewer)) > 0, len(actor.Reach(elicense.RoleIssuer)) > 0
	if (s.On || s.ProposedBy != "") && (reviews || issues) {
		body.Actions = append(body.Actions, web.StateAction{ID: "rules-off", Label: text("ruling.action.off"), URL: at + "/off", Effect: text("ruling.effect.off"), Danger: true})
	}
	if !s.On && reviews {
		if s.ProposedBy == "" {
			body.Actions = append(body.Actions, web.StateAction{ID: "rules-on", Label: text("ruling.action.propose"), URL: at + "/on", Effect: text("ruling.effect.propose")})
		} else if s.ProposedBy != actor.ID {
			body.Actions = append(body.Actions, web.StateAction{ID: "rules-confirm", Label: text("ruling.action.confirm"), URL: at + "/ok", Effect: text("ruling.effect.confirm"), NoReason: true})
		}
	}
	slices.Reverse(body.Actions) // what ends something stands last
	return p.afterRefusal(w, r, web.Page{Title: text("ruling.switches"), Self: at}, body, tried, refusal)
}

func (p *Pages) switchStep(action string, step elicense.SwitchStep) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := typedForm(w, r); err != nil {
			return err
		}
		s, err := p.Service.SwitchRules(r.Context(), r.PathValue("authority"), r.PathValue("type"), step, strings.TrimSpace(r.PostForm.Get("reason")))
		if fault.CodeOf(err) == fault.Invalid {
			return p.showSwitch(w, r, action, err)
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, switchURL(s.AuthorityCode, s.TypeCode), http.StatusSeeOther)
		return nil
	}
}
