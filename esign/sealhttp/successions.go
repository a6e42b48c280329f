package sealhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const successionsPath = "/seal/successions"

func successionURL(id string) string { return successionsPath + "/" + url.PathEscape(id) }

// successionList is the page of all successions of the own areas.
func (p *Pages) successionList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(esign.SuccessionStates, esign.SuccessionState(state)) {
		state = ""
	}
	page, next, err := p.Service.SuccessionList(r.Context(), esign.SuccessionState(state), after, pageSize)
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	options := []web.Option{{Label: text("page.all")}}
	for _, one := range esign.SuccessionStates {
		options = append(options, web.Option{Value: string(one), Label: text("status.succession_" + string(one))})
	}
	body := web.AdminListPage{Intro: text("succession.lead"), None: text("succession.none"), NoneText: text("succession.none.text"), FilterURL: successionsPath,
		Filter: []web.FormField{{Name: "state", Label: text("seal.state"), Kind: web.InputSelect, Options: options, Value: state}},
		Table:  web.Table{Caption: text("page.seal-successions"), Columns: []web.Column{{Label: text("succession.owner")}, {Label: text("succession.kind")}, {Label: text("succession.heirs")}, {Label: text("succession.since")}}}}
	if len(reqctx.From(r.Context()).Actor.Reach(esign.RoleKeeper)) > 0 {
		body.NewURL, body.NewLabel = successionsPath+"/new", text("succession.new")
	}
	for _, one := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: successionURL(one.ID), Cells: []string{one.Owner.Name, text("succession.kind." + string(one.Kind)), heirNames(one), dayOf(one.Since)}, Status: "succession_" + string(one.State)})
	}
	body.Table.NextURL = pagemark.Onward(r, inState(successionsPath, state), next)
	if after != "" {
		body.Table.PrevURL = inState(successionsPath, state)
	}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("page.seal-successions"), Body: body})
}

func heirNames(one esign.Succession) string {
	names := make([]string, len(one.Heirs))
	for i, heir := range one.Heirs {
		names[i] = heir.Name
	}
	return strings.Join(names, "、")
}

// Inputs of a succession, by the wire names of what they hold.
var successionInputs = map[string]string{
	"owner": "succession-owner", "owner_code": "succession-owner-code", "kind": "succession-kind", "heirs": "succession-heirs", "since": "succession-since", "order": "succession-order", "seals_end": "succession-seals-end",
}

func (p *Pages) successionForm(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	typed := url.Values{}
	if id := r.URL.Query().Get("seal"); id != "" {
		seal, err := p.Service.Find(r.Context(), id)
		if err != nil {
			return err
		}
		typed.Set(successionInputs["owner"], seal.Owner)
		typed.Set(successionInputs["owner_code"], seal.OwnerCode)
	}
	return p.proposal(w, r, http.StatusOK, typed, nil)
}

// proposal writes the form of a succession.
func (p *Pages) proposal(w http.ResponseWriter, r *http.Request, status int, typed url.Values, refusal error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	var kinds []web.Option
	for _, kind := range esign.SuccessionKinds {
		kinds = append(kinds, web.Option{Value: string(kind), Label: text("succession.kind." + string(kind))})
	}
	fields := []web.FormField{
		{Name: successionInputs["owner"], Label: text("succession.owner"), Hint: text("succession.owner.hint"), Max: 30},
		{Name: successionInputs["owner_code"], Label: text("seal.owner_code"), Optional: true, Max: 18},
		{Name: successionInputs["kind"], Label: text("succession.kind"), Kind: web.InputSelect, Options: kinds},
		{Name: successionInputs["heirs"], Label: text("succession.heirs"), Hint: text("succession.heirs.hint"), Kind: web.InputLongText, Max: 600},
		{Name: successionInputs["since"], Label: text("succession.since"), Kind: web.InputDate},
		{Name: successionInputs["order"], Label: text("succession.order"), Hint: text("succession.order.hint"), Max: 100},
		{Name: successionInputs["seals_end"], Label: text("succession.seals_end"), Hint: text("succession.seals_end.hint"), Kind: web.InputDate, Optional: true},
	}
	for i, field := range fields {
		fields[i].Value = bounded(typed.Get(field.Name))
		if field.Kind == web.InputDate {
			fields[i].Value = web.DateShown(typed, field.Name)
		}
	}
	page := web.Page{Title: text("succession.new"), Self: successionsPath + "/new", Body: web.AdminFormPage{Back: web.Link{Label: text("page.seal-successions"), URL: successionsPath}, Name: text("succession.new"), Advisory: text("succession.advisory"),
		Action: successionsPath + "/new", Fields: fields, Submit: text("succession.submit")}}
	if refusal != nil {
		labels := map[string]string{}
		for _, field := range fields {
			labels[field.Name] = field.Label
		}
		page.Errors = p.labelled(r, p.Renderer.FieldErrors(r, refusal, successionInputs), labels)
	}
	return p.Page(w, r, status, "admin-form", page)
}

func (p *Pages) proposeSuccession(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	typed := func(wire string) string { return strings.TrimSpace(r.PostForm.Get(successionInputs[wire])) }
	one := esign.Succession{Owner: esign.Party{Name: typed("owner"), Code: typed("owner_code")}, Kind: esign.SuccessionKind(typed("kind")), Heirs: heirsTyped(typed("heirs")), Order: typed("order"),
		Since: dayTyped(r.PostForm, successionInputs["since"]), SealsEnd: dayTyped(r.PostForm, successionInputs["seals_end"])}
	one, err := p.Service.ProposeSuccession(r.Context(), one)
	if mendable(err) {
		return p.proposal(w, r, fault.MetaOf(fault.CodeOf(err)).Status, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, successionURL(one.ID), http.StatusSeeOther)
	return nil
}

// dayTyped is the beginning of a day that was typed, zero for none. What is no day is a time that no succession takes.
func dayTyped(form url.Values, name string) time.Time {
	typed := web.DateTyped(form, name)
	if typed == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation("20060102", typed, chinaTime)
	if err != nil {
		return never
	}
	return at
}

// heirsTyped reads one organisation a line: its name, and behind a space or comma its code where it has one.
func heirsTyped(text string) (heirs []esign.Party) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		heir := esign.Party{Name: line}
		if cut := strings.LastIndexAny(line, " ,，\t　"); cut >= 0 {
			if code := strings.TrimLeft(line[cut:], " ,，\t　"); len(code) == 18 && !strings.ContainsFunc(code, func(r rune) bool { return r > 'Z' }) {
				heir = esign.Party{Name: strings.TrimRight(line[:cut], " ,，\t　"), Code: code}
			}
		}
		heirs = append(heirs, heir)
	}
	return heirs
}

// successionSteps are the buttons of a succession in their order.
var successionSteps = []struct {
	decision string
	danger   bool
	reason   bool
}{{"record", false, false}, {"refuse", true, true}, {"withdraw", true, true}, {"annul", true, true}}

func (p *Pages) succession(w http.ResponseWriter, r *http.Request) error {
	return p.showSuccession(w, r, http.StatusOK, tried{})
}

func (p *Pages) showSuccession(w http.ResponseWriter, r *http.Request, status int, a tried) error {
	one, err := p.Service.FindSuccession(r.Context(), r.PathValue("succession"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return p.Renderer.Text(r, key) }, successionURL(one.ID)
	body := web.AdminDetailPage{Back: web.Link{Label: text("page.seal-successions"), URL: successionsPath}, Name: one.Owner.Name, Under: one.Owner.Code, Status: "succession_" + string(one.State)}
	heirs := make([]string, len(one.Heirs))
	for i, heir := range one.Heirs {
		heirs[i] = strings.TrimSpace(heir.Name + " " + heir.Code)
	}
	for _, fact := range []web.ShownField{{Label: text("succession.kind"), Value: text("succession.kind." + string(one.Kind))}, {Label: text("succession.heirs"), Value: strings.Join(heirs, "；")},
		{Label: text("succession.since"), Value: dayOf(one.Since)}, {Label: text("succession.order"), Value: one.Order}, {Label: text("succession.seals_end"), Value: dayOf(one.SealsEnd)},
		{Label: text("succession.proposed_by"), Value: one.ProposedBy + " · " + since(one.ProposedAt)}, {Label: text("succession.recorded_by"), Value: strings.TrimSuffix(one.RecordedBy+" · "+since(one.RecordedAt), " · ")},
		{Label: text("succession.decided_by"), Value: strings.TrimSuffix(one.DecidedBy+" · "+since(one.DecidedAt), " · ")}, {Label: text("action.reason"), Value: one.Reason}} {
		if fact.Value != "" {
			body.Facts = append(body.Facts, fact)
		}
	}
	for _, step := range successionSteps {
		if one.MayDecide(reqctx.From(r.Context()).Actor, step.decision) == nil {
			body.Actions = append(body.Actions, web.StateAction{ID: "succession-" + step.decision, Label: text("succession.action." + step.decision), URL: address + "/" + step.decision, Effect: text("succession.effect." + step.decision), Danger: step.danger, NoReason: !step.reason})
		}
	}
	page := web.Page{Title: text("page.seal-successions"), Self: address}
	if a.refusal != nil {
		page.Errors = p.Renderer.FieldErrors(r, a.refusal, map[string]string{"reason": "succession-" + a.action + "-reason"})
		for i := range body.Actions {
			if action := &body.Actions[i]; action.ID == "succession-"+a.action && !action.NoReason {
				action.Reason, action.Error, action.Open = a.reason, messageOf(page.Errors, action.ID+"-reason"), true
			}
		}
	}
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

func (p *Pages) decideSuccession(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	for _, step := range successionSteps {
		if step.decision == r.PathValue("action") {
			return p.takeSuccession(w, r, step.decision, strings.TrimSpace(r.PostForm.Get("reason")))
		}
	}
	return fault.New(fault.NotFound)
}

func (p *Pages) takeSuccession(w http.ResponseWriter, r *http.Request, decision, reason string) error {
	id := r.PathValue("succession")
	_, err := p.Service.DecideSuccession(r.Context(), id, decision, reason)
	if mendable(err) {
		return p.showSuccession(w, r, fault.MetaOf(fault.CodeOf(err)).Status, tried{refusal: err, action: decision, reason: bounded(reason)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, successionURL(id), http.StatusSeeOther)
	return nil
}

// succeeded tells on the page of a seal who took the place of its organisation; empty while it goes on under its name.
func (p *Pages) succeeded(r *http.Request, seal esign.Seal) (string, error) {
	one, ok, err := p.Service.SuccessorOf(r.Context(), seal)
	if err != nil || !ok {
		return "", err
	}
	return p.Renderer.Text(r, "succession.line", "kind", p.Renderer.Text(r, "succession.kind."+string(one.Kind)), "heirs", heirNames(one), "day", dayOf(one.Since)), nil
}
