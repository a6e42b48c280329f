package sealhttp

import (
	"cmp"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	inputRequest = "stamp-request" // the button of the form for stamping that asks for an approval
	requestsPath = "/seal/requests"
)

func requestURL(id string) string { return requestsPath + "/" + url.PathEscape(id) }

// uses lists requests for the use of seals.
func (p *Pages) uses(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(esign.UseStates, esign.UseState(state)) {
		state = ""
	}
	all, next, err := p.Service.Uses(r.Context(), esign.UseState(state), "", after, pageSize)
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	options := []web.Option{{Label: text("page.all")}}
	for _, one := range esign.UseStates {
		options = append(options, web.Option{Value: string(one), Label: text("status.use_" + string(one))})
	}
	body := web.SealUsesPage{Filter: web.FormField{Name: "state", Label: text("seal.state"), Kind: web.InputSelect, Options: options, Value: state},
		Table: web.Table{Caption: text("use.list"), Columns: []web.Column{{Label: text("stamp.purpose")}, {Label: text("use.seal")}, {Label: text("use.requester")}, {Label: text("use.asked")}}}}
	for _, u := range all {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: requestURL(u.ID), Cells: []string{u.Purpose, u.SealName, u.Requester, minute(u)}, Status: "use_" + string(u.State)})
	}
	body.Table.NextURL = pagemark.Onward(r, inState(requestsPath, state), next)
	if after != "" {
		body.Table.PrevURL = inState(requestsPath, state)
	}
	return p.Page(w, r, http.StatusOK, "seal-requests", web.Page{Body: body})
}

func minute(u esign.UseRequest) string { return u.CreatedAt.In(chinaTime).Format("2006-01-02 15:04") }

// askUse is the button of the form for stamping that asks for an approval of what the form says.
func (p *Pages) askUse(r *http.Request, form url.Values, document []byte, name string) (esign.UseRequest, error) {
	request, err := stampRequest(r.PathValue("id"), form, document, true)
	if err != nil {
		return esign.UseRequest{}, err
	}
	return p.Service.RequestUse(r.Context(), esign.UseOrder{SealID: request.SealID, Document: document, File: shortName(name), Places: request.Places, Item: request.Item, Purpose: request.Purpose, Key: request.Key})
}

// shortName is the name of an uploaded file as a request keeps it.
func shortName(name string) string {
	name = strings.ToValidUTF8(path.Base("/"+name), "")
	if name == "/" {
		return ""
	}
	if runes := []rune(name); len(runes) > 100 {
		name = string(runes[len(runes)-100:]) // the end holds the kind of file
	}
	return name
}

// tried is what somebody pressed on the page of a request, and why it was refused.
type tried struct {
	refusal error
	action  string
	reason  string
	key     string // of the stamp, when the same may be sent again
}

func (p *Pages) useDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showUse(w, r, http.StatusOK, tried{})
}

// showUse writes the page of a request: exactly what is decided about, with the document where it was given.
func (p *Pages) showUse(w http.ResponseWriter, r *http.Request, status int, a tried) error {
	u, err := p.Service.FindUse(r.Context(), r.PathValue("request"))
	if err != nil {
		return err
	}
	actor := reqctx.From(r.Context()).Actor
	body := web.SealUsePage{Seal: u.SealName, SealURL: "/seal/" + u.SealID, Status: "use_" + string(u.State), Facts: p.useFacts(r, u), SM3: u.SourceSM3, Unseen: !u.Kept && u.State == esign.UseRequested, Remote: u.Remote, History: p.useHistory(r, u),
		Hidden: []web.Hidden{{Name: "digest", Value: u.Digest}}, UsesLeft: u.Left, ExpiresAt: u.ExpiresAt, RemovedAt: u.RemovedAt}
	open := u.State == esign.UseRequested || u.State == esign.UseApproved
	for _, place := range u.Places {
		body.Places = append(body.Places, p.place(r, place))
	}
	if u.Kept && open && (actor.ID == u.Requester || actor.Reaches(u.Area, u.Approver)) {
		if err := p.useSheet(r, u, &body); err != nil {
			return err
		}
	}
	if u.State == esign.UseApproved && actor.ID == u.Requester && !u.Remote { // there the document is not sent here
		body.StampURL, body.StampFile, body.StampKey = requestURL(u.ID)+"/stamp", !u.Kept, []web.Hidden{{Name: inputKey, Value: cmp.Or(a.key, u.NextKey())}}
	}
	act := func(name string, danger, reason bool) {
		body.Actions = append(body.Actions, web.StateAction{ID: "use-" + name, Label: p.Renderer.Text(r, "use.action."+name), URL: requestURL(u.ID) + "/" + name, Effect: p.Renderer.Text(r, "use.effect."+name), Danger: danger, NoReason: !reason})
	}
	if u.State == esign.UseRequested && u.MayDecide(actor) == nil {
		act("approve", false, false)
		act("refuse", true, true)
	}
	if open && u.MayWithdraw(actor) {
		act("withdraw", true, true)
	}
	page := web.Page{Self: requestURL(u.ID)}
	if a.refusal != nil {
		page.Errors = p.Renderer.FieldErrors(r, a.refusal, map[string]string{"reason": "use-" + a.action + "-reason", "document": inputFile})
		for i := range body.Actions {
			if action := &body.Actions[i]; action.ID == "use-"+a.action && !action.NoReason {
				action.Reason, action.Error = a.reason, messageOf(page.Errors, action.ID+"-reason")
			}
		}
	}
	page.Body = body
	return p.Page(w, r, status, "seal-request", page)
}

func (p *Pages) useFacts(r *http.Request, u esign.UseRequest) (facts []web.ShownField) {
	text := func(key string, params ...string) string { return p.Renderer.Text(r, key, params...) }
	for _, one := range []struct{ label, value string }{
		{"stamp.purpose", u.Purpose}, {"stamp.item", u.Item}, {"use.file", u.File}, {"use.requester", u.Requester}, {"use.asked", minute(u)}, {"use.approver", text("rule.approver." + u.Approver)},
		{"use.approvals", text("use.approvals.of", "n", strconv.Itoa(len(u.Approvals)), "needed", strconv.Itoa(u.Needed))},
		{"use.lasts", text("use.lasts.of", "hours", strconv.Itoa(u.Hours), "uses", strconv.Itoa(u.Uses))},
	} {
		if one.value != "" {
			facts = append(facts, web.ShownField{Label: text(one.label), Value: one.value})
		}
	}
	if u.State == esign.UseApproved {
		facts = append(facts, web.ShownField{Label: text("use.until"), Value: u.ExpiresAt.In(chinaTime).Format("2006-01-02 15:04")}, web.ShownField{Label: text("use.left"), Value: strconv.Itoa(u.Left)})
	}
	return facts
}

func (p *Pages) useHistory(r *http.Request, u esign.UseRequest) []web.HistoryItem {
	all := []web.HistoryItem{{At: u.CreatedAt, Text: p.Renderer.Text(r, "use.history.requested"), Actor: u.Requester}}
	for _, a := range u.Approvals {
		all = append(all, web.HistoryItem{At: a.At, Text: p.Renderer.Text(r, "use.history.approved"), Actor: a.By})
	}
	switch u.State {
	case esign.UseRefused, esign.UseWithdrawn:
		all = append(all, web.HistoryItem{At: u.DecidedAt, Text: p.Renderer.Text(r, "use.history."+string(u.State)), Actor: u.DecidedBy, Detail: u.Reason})
	case esign.UseExpired:
		all = append(all, web.HistoryItem{At: u.ExpiresAt, Text: p.Renderer.Text(r, "use.history.expired")})
	}
	slices.Reverse(all)
	return all
}

// useSheet draws a page of the document of a request, the first one with the seal unless another one is asked for.
func (p *Pages) useSheet(r *http.Request, u esign.UseRequest, body *web.SealUsePage) error {
	_, document, err := p.Service.UseDocument(r.Context(), u.ID)
	if err != nil {
		return err
	}
	seal, err := p.Service.Find(r.Context(), u.SealID)
	if err != nil {
		return err
	}
	all, err := p.Service.UsePlaces(r.Context(), u, document)
	if err != nil {
		if why := p.Renderer.FieldErrors(r, err, nil); len(why) > 0 {
			body.Problem = why[0].Message
		}
	}
	number := 1
	if len(all) > 0 {
		number = all[0].Page
	}
	if asked, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && asked > 0 {
		number = asked
	}
	sheet := &web.StampPreview{Picture: seal.Picture}
	sheet.WidthMM, sheet.HighMM = p.Service.SizeOf(seal)
	if err := p.sheet(sheet, document, number, p.Renderer.Text(r, "use.shown")); err != nil {
		return fault.New(fault.NotFound) // there is no such page; the document opened when it was given
	}
	for _, a := range all {
		if a.Page == number {
			sheet.Here = append(sheet.Here, seen(a))
		}
	}
	body.Sheet, body.FileURL = sheet, "/seal/request-files/"+url.PathEscape(u.ID)
	if number > 1 {
		body.PrevURL = requestURL(u.ID) + "?page=" + strconv.Itoa(number-1)
	}
	if number < sheet.Total {
		body.NextURL = requestURL(u.ID) + "?page=" + strconv.Itoa(number+1)
	}
	return nil
}

// useFile sends the document of a request.
func (p *Pages) useFile(w http.ResponseWriter, r *http.Request) error {
	u, document, err := p.Service.UseDocument(r.Context(), r.PathValue("request"))
	if err != nil {
		return err
	}
	h := w.Header()
	format := esign.FormatOf(document)
	h.Set("Content-Type", format.MediaType())
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": u.ID + "." + string(format)}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(document) // a caller that went away is no fault of ours
	return nil
}

// useAction decides on a request, takes it back, or carries it out.
func (p *Pages) useAction(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	id, action := r.PathValue("request"), r.PathValue("action")
	if action == "stamp" {
		return p.useStamp(w, r, id)
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	reason, read := strings.TrimSpace(r.PostForm.Get("reason")), r.PostForm.Get("digest")
	var err error
	switch action {
	case "approve":
		_, err = p.Service.DecideUse(r.Context(), id, esign.UseDecision{Agree: true, Digest: read})
	case "refuse":
		_, err = p.Service.DecideUse(r.Context(), id, esign.UseDecision{Digest: read, Reason: reason})
	case "withdraw":
		_, err = p.Service.WithdrawUse(r.Context(), id, reason)
	default:
		return fault.New(fault.NotFound)
	}
	if mendable(err) {
		return p.showUse(w, r, fault.MetaOf(fault.CodeOf(err)).Status, tried{refusal: err, action: action, reason: bounded(reason)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, requestURL(id), http.StatusSeeOther)
	return nil
}

func (p *Pages) useStamp(w http.ResponseWriter, r *http.Request, id string) error {
	form, document, _, err := readUpload(w, r)
	if err != nil {
		return err
	}
	key := form.Get(inputKey)
	stamp, _, err := p.Service.StampApproved(r.Context(), id, key, document)
	if mendable(err) {
		a := tried{refusal: err}
		if fault.MetaOf(fault.CodeOf(err)).Retryable {
			a.key = key
		}
		return p.showUse(w, r, fault.MetaOf(fault.CodeOf(err)).Status, a)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, resultURL(stamp.SealID, stamp.Key), http.StatusSeeOther)
	return nil
}

// Names of the inputs of a rule, by their wire names.
var ruleInputs = map[string]string{"when": "rule-when", "purposes": "rule-purposes", "approver": "rule-approver", "approvals": "rule-approvals", "hours": "rule-hours", "uses": "rule-uses", "platform": "rule-platform", "remote": "rule-remote"}

// ruleForm is the form for a change of a seal's rule, which shows the one that waits or is in force.
func (p *Pages) ruleForm(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	have, err := p.Service.RuleOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	rule := have.Rule
	if have.Waiting != nil {
		rule = have.Waiting.Rule
	}
	typed := url.Values{"version": {strconv.FormatInt(have.Version, 10)}}
	for name, value := range map[string]string{"when": string(rule.When), "purposes": strings.Join(rule.Purposes, "\n"), "approver": rule.Approver, "approvals": strconv.Itoa(rule.Approvals), "hours": strconv.Itoa(rule.Hours),
		"uses": strconv.Itoa(rule.Uses), "platform": strconv.FormatBool(rule.Platform), "remote": strconv.FormatBool(rule.Remote)} {
		typed.Set(ruleInputs[name], value)
	}
	return p.rulePage(w, r, http.StatusOK, typed, nil)
}

func (p *Pages) rulePage(w http.ResponseWriter, r *http.Request, status int, typed url.Values, refusal error) error {
	seal, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	choices := func(family string, values ...string) (all []web.Option) {
		for _, value := range values {
			all = append(all, web.Option{Value: value, Label: text(family + value)})
		}
		return all
	}
	fields := []web.FormField{
		{Name: ruleInputs["when"], Label: text("rule.when"), Kind: web.InputSelect, Options: choices("rule.when.", string(esign.WhenNever), string(esign.WhenAlways), string(esign.WhenPurposes), string(esign.WhenExcept))},
		{Name: ruleInputs["purposes"], Label: text("rule.purposes"), Hint: text("rule.purposes.hint"), Kind: web.InputLongText, Optional: true, Max: 4000},
		{Name: ruleInputs["approver"], Label: text("rule.approver"), Kind: web.InputSelect, Options: choices("rule.approver.", esign.RoleApprover, esign.RoleKeeper)},
		{Name: ruleInputs["approvals"], Label: text("rule.approvals"), Kind: web.InputSelect, Options: choices("rule.approvals.", "1", "2")},
		{Name: ruleInputs["hours"], Label: text("rule.hours"), Hint: text("rule.hours.hint"), Max: 3},
		{Name: ruleInputs["uses"], Label: text("rule.uses"), Hint: text("rule.uses.hint"), Max: 3},
		{Name: ruleInputs["platform"], Label: text("rule.platform"), Kind: web.InputSelect, Options: []web.Option{{Value: "false", Label: text("rule.platform.no")}, {Value: "true", Label: text("rule.platform.yes")}}},
		{Name: ruleInputs["remote"], Label: text("rule.remote"), Hint: text("rule.remote.hint"), Kind: web.InputSelect, Options: []web.Option{{Value: "false", Label: text("rule.remote.no")}, {Value: "true", Label: text("rule.remote.yes")}}},
	}
	labels := map[string]string{}
	for i := range fields {
		fields[i].Value, labels[fields[i].Name] = bounded(typed.Get(fields[i].Name)), fields[i].Label
	}
	page := web.Page{Body: web.SealRulePage{Seal: seal.Name, BackURL: "/seal/" + seal.ID, Action: "/seal/rules/" + seal.ID + "/proposal", Hidden: []web.Hidden{{Name: "version", Value: bounded(typed.Get("version"))}}, Fields: fields}}
	if refusal != nil {
		page.Errors = p.labelled(r, p.Renderer.FieldErrors(r, refusal, ruleInputs), labels)
	}
	return p.Page(w, r, status, "seal-rule", page)
}

// proposeRule lets the rule of the form wait for a reviewer.
func (p *Pages) proposeRule(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	form, version, err := ruleVersion(w, r)
	if err != nil {
		return err
	}
	typed := func(wire string) string { return strings.TrimSpace(form.Get(ruleInputs[wire])) }
	whole := func(wire string) int {
		n, err := strconv.Atoi(typed(wire))
		if err != nil {
			return -1
		}
		return n
	}
	rule := esign.Rule{When: esign.When(typed("when")), Approver: typed("approver"), Approvals: whole("approvals"), Hours: whole("hours"), Uses: whole("uses"), Platform: typed("platform") == "true", Remote: typed("remote") == "true"}
	for line := range strings.Lines(form.Get(ruleInputs["purposes"])) {
		if line = strings.TrimSpace(line); line != "" && utf8.ValidString(line) {
			rule.Purposes = append(rule.Purposes, line)
		}
	}
	_, err = p.Service.ProposeRule(r.Context(), r.PathValue("id"), version, rule)
	if mendable(err) {
		return p.rulePage(w, r, fault.MetaOf(fault.CodeOf(err)).Status, form, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/seal/"+url.PathEscape(r.PathValue("id"))+"#seal-rule", http.StatusSeeOther)
	return nil
}

func ruleVersion(w http.ResponseWriter, r *http.Request) (url.Values, int64, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, 0, fault.Wrap(err, fault.Malformed)
	}
	version, err := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	if err == nil && version < 0 {
		err = errors.New("a version below zero")
	}
	if err != nil {
		return nil, 0, fault.Wrap(err, fault.Malformed)
	}
	return r.PostForm, version, nil
}

func (p *Pages) approveRule(w http.ResponseWriter, r *http.Request) error {
	return p.decideRule(w, r, true, "rule-approve")
}

func (p *Pages) refuseRule(w http.ResponseWriter, r *http.Request) error {
	return p.decideRule(w, r, false, "rule-refuse")
}

func (p *Pages) decideRule(w http.ResponseWriter, r *http.Request, agree bool, action string) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	form, version, err := ruleVersion(w, r)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(form.Get("reason"))
	_, err = p.Service.DecideRule(r.Context(), r.PathValue("id"), version, agree, reason)
	if mendable(err) {
		return p.show(w, r, fault.MetaOf(fault.CodeOf(err)).Status, asked{refusal: err, action: action, reason: bounded(reason)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/seal/"+url.PathEscape(r.PathValue("id"))+"#seal-rule", http.StatusSeeOther)
	return nil
}

// ruleShown is the rule on the page of a seal.
func (p *Pages) ruleShown(r *http.Request, seal esign.Seal, have esign.SealRule) *web.SealRuleShown {
	actor := reqctx.From(r.Context()).Actor
	shown := &web.SealRuleShown{Facts: p.ruleFacts(r, have.Rule), Hidden: []web.Hidden{{Name: "version", Value: strconv.FormatInt(have.Version, 10)}}}
	if have.DecidedBy != "" {
		shown.Facts = append(shown.Facts, web.ShownField{Label: p.Renderer.Text(r, "rule.waiting.by"), Value: have.Proposer}, web.ShownField{Label: p.Renderer.Text(r, "rule.decided"), Value: have.DecidedBy})
	}
	if seal.State != esign.Revoked && actor.Reaches(seal.Area, esign.RoleKeeper) {
		shown.EditURL = "/seal/rules/" + seal.ID
	}
	if w := have.Waiting; w != nil {
		shown.Waiting = append(p.ruleFacts(r, w.Rule), web.ShownField{Label: p.Renderer.Text(r, "rule.waiting.by"), Value: w.By})
		if actor.Reaches(seal.Area, esign.RoleReviewer) && actor.ID != w.By {
			for _, one := range []struct {
				name   string
				danger bool
			}{{"approve", false}, {"refuse", true}} {
				shown.Actions = append(shown.Actions, web.StateAction{ID: "seal-rule-" + one.name, Label: p.Renderer.Text(r, "rule.action."+one.name), URL: "/seal/" + seal.ID + "/rule-" + one.name,
					Effect: p.Renderer.Text(r, "rule.effect."+one.name), Danger: one.danger, NoReason: !one.danger})
			}
		}
	}
	return shown
}

func (p *Pages) ruleFacts(r *http.Request, rule esign.Rule) []web.ShownField {
	text := func(key string, params ...string) string { return p.Renderer.Text(r, key, params...) }
	remote := "rule.remote.no"
	if rule.Remote {
		remote = "rule.remote.yes"
	}
	facts := []web.ShownField{{Label: text("rule.when"), Value: text("rule.when." + string(rule.When))}, {Label: text("rule.remote"), Value: text(remote)}}
	if rule.When == esign.WhenNever {
		return facts
	}
	if len(rule.Purposes) > 0 {
		facts = append(facts, web.ShownField{Label: text("rule.purposes"), Value: strings.Join(rule.Purposes, text("page.list_gap"))})
	}
	platform := "rule.platform.no"
	if rule.Platform {
		platform = "rule.platform.yes"
	}
	return append(facts, web.ShownField{Label: text("rule.approver"), Value: text("rule.approver." + rule.Approver)}, web.ShownField{Label: text("rule.approvals"), Value: text("rule.approvals." + strconv.Itoa(rule.Approvals))},
		web.ShownField{Label: text("use.lasts"), Value: text("use.lasts.of", "hours", strconv.Itoa(rule.Hours), "uses", strconv.Itoa(rule.Uses))}, web.ShownField{Label: text("rule.platform"), Value: text(platform)})
}
