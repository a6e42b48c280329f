package licensehttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// ForgeriesPath is the list of reports of suspected forgeries.
const ForgeriesPath = "/license/forgeries"

// tellingPage is how many reports of a case stand on its page.
const tellingPage = 10

// ForgeryURL is the page of a case.
func ForgeryURL(id string) string { return ForgeriesPath + "/cases/" + url.PathEscape(id) }

// forgeryWord is the state word of a case: its decision once there is one.
func forgeryWord(c forgery.Case) string {
	if c.State == forgery.Decided {
		return "forgery_" + string(c.Decision)
	}
	return "forgery_" + string(c.State)
}

// judgedAs is the verdict of a case and whose it is.
func (p *Pages) judgedAs(r *http.Request, c forgery.Case) string {
	switch {
	case c.Own != "":
		return p.Renderer.Text(r, "forgery.own", "verdict", p.Renderer.Word(r, "verify.banner.", c.Own), "code", c.Own)
	case c.Told != "":
		return p.Renderer.Text(r, "forgery.told", "verdict", p.Renderer.Word(r, "verify.banner.", c.Told), "code", c.Told)
	}
	return "—"
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

func (p *Pages) forgeryList(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := forgery.State(r.URL.Query().Get("state"))
	if !slices.Contains(forgery.States, state) {
		state = ""
	}
	page, next, err := p.Forgeries.List(r.Context(), state, after, pageSize)
	if err != nil {
		return err
	}
	filter := web.FormField{Name: "state", Label: text("page.status"), Kind: web.InputSelect, Value: string(state), Options: []web.Option{{Label: text("page.all")}}}
	for _, one := range forgery.States {
		filter.Options = append(filter.Options, web.Option{Value: string(one), Label: text("forgery.state." + string(one))})
	}
	body := web.AdminListPage{Intro: text("forgery.list.lead"), None: text("forgery.list.none"), NoneText: text("forgery.list.none.text"), FilterURL: ForgeriesPath, Filter: []web.FormField{filter}}
	body.Table = p.forgeryTable(r, page)
	body.Table.NextURL = pagemark.Onward(r, ForgeriesPath+"?"+url.Values{"state": {string(state)}}.Encode(), next)
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("forgery.list"), Body: body})
}

func (p *Pages) forgeryTable(r *http.Request, page []forgery.Case) web.Table {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("forgery.list"), Columns: []web.Column{{Label: text("forgery.received")}, {Label: text("forgery.kind")}, {Label: text("forgery.identifier")}, {Label: text("report.verdict")}, {Label: text("forgery.count"), Number: true}}}
	for _, c := range page {
		t.Rows = append(t.Rows, web.Row{URL: ForgeryURL(c.ID), Status: forgeryWord(c),
			Cells: []string{dateTime(c.CreatedAt), text("forgery.kind." + string(c.Kind)), orDash(c.Identifier), p.judgedAs(r, c), strconv.FormatInt(c.Count, 10)}})
	}
	return t
}

// caseForm is what was typed on the page of a case, why it was refused, and what was opened.
type caseForm struct {
	action  string // decision, or the telling whose contact was asked for
	typed   url.Values
	refusal error
	contact string // opened
	wrong   string // what is wrong with the reason for opening it
}

func (p *Pages) forgeryCase(w http.ResponseWriter, r *http.Request) error {
	return p.showForgeryCase(w, r, caseForm{})
}

func (p *Pages) showForgeryCase(w http.ResponseWriter, r *http.Request, form caseForm) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	d, err := p.Forgeries.Find(r.Context(), id)
	if err != nil {
		return err
	}
	tellings, older, err := p.Forgeries.Tellings(r.Context(), id, after, tellingPage)
	if err != nil {
		return err
	}
	text := func(key string, params ...string) string { return p.Renderer.Text(r, key, params...) }
	page, status := web.Page{Title: text("forgery.list"), Self: ForgeryURL(id)}, http.StatusOK
	if form.refusal != nil {
		status = fault.MetaOf(fault.CodeOf(form.refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, form.refusal, map[string]string{"decision": "decision", "words": "words", "note": "note", "duplicate_of": "duplicate_of", "reason": "contact-" + form.action + "-reason"})
		form.wrong = page.Errors[0].Message
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("forgery.list"), URL: ForgeriesPath}, Name: text("forgery.case"), Under: d.ID, Status: forgeryWord(d.Case), Hidden: []web.Hidden{{Name: web.InputVersion, Value: d.Mark()}}, Facts: p.forgeryFacts(r, d), Links: p.forgeryLinks(r, d.Case)}
	for i, t := range tellings {
		body.Sections = append(body.Sections, p.tellingSection(r, d.Case, t, i, form))
	}
	if older != "" {
		body.Links = append(body.Links, web.Link{Label: text("forgery.older"), URL: pagemark.Onward(r, ForgeryURL(id), older)})
	}
	if len(d.Similar) > 0 {
		similar := p.forgeryTable(r, d.Similar)
		similar.Caption = text("forgery.similar")
		body.Sections = append(body.Sections, web.AdminSection{ID: "forgery-similar", Title: text("forgery.similar"), Text: text("forgery.similar.text"), Table: &similar})
	}
	body.Actions = p.forgeryActions(r, d, form)
	page.Body = body
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, status, "admin-detail", page)
}

func (p *Pages) forgeryFacts(r *http.Request, d forgery.Detail) []web.ShownField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	facts := []web.ShownField{
		{Label: text("report.verdict"), Value: p.judgedAs(r, d.Case)}, {Label: text("forgery.kind"), Value: text("forgery.kind." + string(d.Kind))}, {Label: text("forgery.identifier"), Value: orDash(d.Identifier)},
		{Label: text("verify.sm3"), Value: orDash(d.SM3)}, {Label: text("forgery.count"), Value: strconv.FormatInt(d.Count, 10)}, {Label: text("forgery.received"), Value: dateTime(d.CreatedAt)}, {Label: text("forgery.last"), Value: dateTime(d.LastAt)},
	}
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, web.ShownField{Label: text(key), Value: value})
		}
	}
	add("forgery.taken_by", d.TakenBy)
	if d.State == forgery.Decided {
		add("forgery.decided_at", dateTime(d.DecidedAt))
		add("forgery.words", d.Words)
		add("forgery.note", d.Note)
		add("forgery.duplicate_of", d.DuplicateOf)
	}
	return facts
}

// forgeryLinks lead to what a reviewer may do elsewhere: a decision changes nothing of a licence or seal.
func (p *Pages) forgeryLinks(r *http.Request, c forgery.Case) (links []web.Link) {
	if c.File != "" {
		links = append(links, web.Link{Label: p.Renderer.Text(r, "forgery.file.open"), URL: ForgeryURL(c.ID) + "/file"})
	}
	switch c.Kind {
	case forgery.License:
		links = append(links, web.Link{Label: p.Renderer.Text(r, "forgery.to.license"), URL: "/license/" + url.PathEscape(c.Object)})
	case forgery.Seal:
		links = append(links, web.Link{Label: p.Renderer.Text(r, "forgery.to.seal"), URL: "/seal/" + url.PathEscape(c.Object)})
	}
	if c.DuplicateOf != "" {
		links = append(links, web.Link{Label: p.Renderer.Text(r, "forgery.to.head"), URL: ForgeryURL(c.DuplicateOf)})
	}
	return links
}

// tellingSection is one report. What people wrote is text: an address is no link.
func (p *Pages) tellingSection(r *http.Request, c forgery.Case, t forgery.Shown, i int, form caseForm) web.AdminSection {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	section := web.AdminSection{ID: "telling-" + strconv.Itoa(i+1), Title: p.Renderer.Text(r, "forgery.telling", "at", dateTime(t.At))}
	add := func(key, value string) {
		if value != "" {
			section.Facts = append(section.Facts, web.ShownField{Label: text(key), Value: value})
		}
	}
	add("forgery.telling.verdict", t.Told)
	add("forgery.where", t.Said.Where)
	add("forgery.address", t.Said.Address)
	add("forgery.telling.joined", t.Joined)
	if t.Contact == "" {
		add("forgery.telling.contact", text("forgery.contact.none"))
		return section
	}
	contact := t.Contact
	if form.action == t.ID && form.contact != "" {
		contact = form.contact + " " + text("review.opened")
	}
	add("forgery.telling.contact", contact)
	action := web.StateAction{ID: "contact-" + t.ID, Label: text("forgery.contact.open"), URL: ForgeryURL(c.ID) + "/contact/" + url.PathEscape(t.ID), Effect: text("forgery.contact.effect")}
	if form.action == t.ID && form.refusal != nil {
		action.Reason, action.Open, action.Error = bounded(form.typed.Get("reason")), true, form.wrong
	}
	section.Actions = []web.StateAction{action}
	return section
}

// forgeryActions are what the actor may do next.
func (p *Pages) forgeryActions(r *http.Request, d forgery.Detail, form caseForm) (actions []web.StateAction) {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	mine := d.State == forgery.Taken && d.TakenBy == reqctx.From(r.Context()).Actor.ID
	switch {
	case d.State == forgery.Decided:
		return nil
	case !mine:
		take := web.StateAction{ID: "forgery-take", Label: text("forgery.take"), URL: ForgeryURL(d.ID) + "/take", Effect: text("forgery.take.effect"), NoReason: true}
		if d.State == forgery.Taken {
			take.Label, take.Effect = text("forgery.take_over"), text("forgery.take_over.effect")
		}
		return []web.StateAction{take}
	}
	decisions := []web.Option{{Label: text("forgery.decision.choose")}}
	for _, one := range forgery.Decisions {
		decisions = append(decisions, web.Option{Value: string(one), Label: text("forgery.decision." + string(one))})
	}
	heads := []web.Option{{Label: text("forgery.duplicate.none")}}
	for _, c := range d.Similar {
		if c.Decision != forgery.Duplicate {
			heads = append(heads, web.Option{Value: c.ID, Label: dateTime(c.CreatedAt) + " · " + p.Renderer.Word(r, "status.", forgeryWord(c)) + " · " + orDash(c.Identifier)})
		}
	}
	return []web.StateAction{{ID: "forgery-decide", Label: text("forgery.decide"), URL: ForgeryURL(d.ID) + "/decision", Effect: text("forgery.decide.effect"), NoReason: true, Open: form.action == "decision", Fields: []web.FormField{
		{Name: "decision", Label: text("forgery.decision"), Kind: web.InputSelect, Value: bounded(form.typed.Get("decision")), Options: decisions},
		{Name: "words", Label: text("forgery.words"), Hint: text("forgery.words.hint"), Kind: web.InputLongText, Value: bounded(form.typed.Get("words")), Max: forgery.MaxWords},
		{Name: "note", Label: text("forgery.note"), Hint: text("forgery.note.hint"), Kind: web.InputLongText, Value: bounded(form.typed.Get("note")), Max: forgery.MaxNote, Optional: true},
		{Name: "duplicate_of", Label: text("forgery.duplicate_of"), Hint: text("forgery.duplicate_of.hint"), Kind: web.InputSelect, Value: bounded(form.typed.Get("duplicate_of")), Options: heads, Optional: true},
	}}}
}

func (p *Pages) forgeryTake(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Forgeries.Take(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	http.Redirect(w, r, ForgeryURL(r.PathValue("id")), http.StatusSeeOther)
	return nil
}

func (p *Pages) forgeryDecide(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	_, err = p.Forgeries.Decide(r.Context(), r.PathValue("id"), forgery.Order{Decision: forgery.Decision(typed.Get("decision")), Words: typed.Get("words"), Note: typed.Get("note"), DuplicateOf: typed.Get("duplicate_of"), Seen: typed.Get(web.InputVersion)})
	if fault.CodeOf(err) == fault.Invalid {
		return p.showForgeryCase(w, r, caseForm{action: "decision", typed: typed, refusal: err})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, ForgeryURL(r.PathValue("id")), http.StatusSeeOther)
	return nil
}

func typedForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxJSON)
	if err := r.ParseForm(); err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	return r.PostForm, nil
}

// forgeryContact shows how to reach a reporter in this answer alone.
func (p *Pages) forgeryContact(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	form := caseForm{action: r.PathValue("n"), typed: typed}
	form.contact, err = p.Forgeries.Contact(r.Context(), r.PathValue("id"), form.action, typed.Get("reason"))
	if fault.CodeOf(err) == fault.ForgeryReason {
		form.refusal = err
	} else if err != nil {
		return err
	}
	return p.showForgeryCase(w, r, form)
}

// forgeryFile sends the document of a case as octets that no browser shows: it may be hostile.
func (p *Pages) forgeryFile(w http.ResponseWriter, r *http.Request) error {
	content, err := p.Forgeries.File(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachment(strings.TrimPrefix(r.PathValue("id"), "fgc_")+".bin"))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content) // a caller that went away is no fault of ours
	return nil
}
