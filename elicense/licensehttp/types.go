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

// TypesPath is the catalogue of licence types (证照目录).
const TypesPath = "/license/types"

// proposedFilter asks the catalogue for versions that wait for a decision.
const proposedFilter = string(elicense.TypeProposed)

// TypesProposedURL lists versions that wait for a decision.
const TypesProposedURL = TypesPath + "?state=" + proposedFilter

func typeURL(code string) string { return TypesPath + "/codes/" + url.PathEscape(code) }

func proposalURL(id string) string { return TypesPath + "/proposals/" + url.PathEscape(id) }

func (p *Pages) typePages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + TypesPath:                              p.typeList,
		"GET " + TypesPath + "/codes/{code}":            p.typeDetail,
		"POST " + TypesPath + "/codes/{code}/retire":    p.typeRetire,
		"GET " + TypesPath + "/proposals/{id}":          p.typeProposal,
		"GET " + TypesPath + "/proposals/{id}/sample":   p.typeSample,
		"POST " + TypesPath + "/proposals/{id}/confirm": p.typeConfirm,
		"POST " + TypesPath + "/proposals/{id}/refuse":  p.typeRefuse,
	}
}

// readsTypes is who sees the catalogue: whoever works with licences, and who decides on types.
func readsTypes(r *http.Request) bool {
	actor := reqctx.From(r.Context()).Actor
	return slices.ContainsFunc([]string{elicense.RoleClerk, elicense.RoleReviewer, elicense.RoleIssuer, elicense.RoleTypes}, actor.HoldsAnywhere)
}

func decidesTypes(r *http.Request) bool {
	return reqctx.From(r.Context()).Actor.Reaches("", elicense.RoleTypes)
}

func (p *Pages) typeList(w http.ResponseWriter, r *http.Request) error {
	if !readsTypes(r) {
		return forbidden(r)
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminListPage{Intro: text("type.list.lead"), None: text("type.list.none"), NoneText: text("type.list.none.text")}
	var err error
	if r.URL.Query().Get("state") == proposedFilter {
		body.Links = []web.Link{{Label: text("type.list"), URL: TypesPath}}
		body.Table, err = p.proposals(r)
	} else {
		if decidesTypes(r) {
			body.Links = []web.Link{{Label: text("type.proposals"), URL: TypesProposedURL}, {Label: text("type.drafts"), URL: TypeDraftsPath}}
		}
		body.Table = p.typeTable(r)
	}
	if err != nil {
		return err
	}
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: body.Table.Caption, Body: body})
}

// typeTable has one row a code: the version in force, or the newest where none is yet.
func (p *Pages) typeTable(r *http.Request) web.Table {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("type.list"), Columns: []web.Column{{Label: text("type.name")}, {Label: text("licence.type")}, {Label: text("type.kind")}, {Label: text("type.class")}, {Label: text("type.version"), Number: true}}}
	all := p.Service.TypeVersions("")
	for i, one := range all {
		if i > 0 && all[i-1].Type.Code == one.Type.Code {
			continue
		}
		for _, other := range all[i:] {
			if other.Type.Code == one.Type.Code && (other.Standing == elicense.TypeInForce || other.Standing == elicense.TypeRetired) {
				one = other
				break
			}
		}
		t.Rows = append(t.Rows, web.Row{URL: typeURL(one.Type.Code), Status: standingWord(one.Standing),
			Cells: []string{one.Type.Name.In(locale), one.Type.Code, entryName(catalog.ListKinds, one.Type.Row.Kind, locale), entryName(catalog.ListClasses, one.Type.Row.Class, locale), strconv.Itoa(one.Type.Row.Version)}})
	}
	return t
}

func (p *Pages) proposals(r *http.Request) (web.Table, error) {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	t := web.Table{Caption: text("type.proposals"), Columns: []web.Column{{Label: text("type.name")}, {Label: text("licence.type")}, {Label: text("type.version"), Number: true}, {Label: text("type.proposed_by")}, {Label: text("type.proposed_at")}}}
	after, err := pagemark.After(r)
	if err != nil {
		return t, err
	}
	page, err := p.Service.ProposedTypes(r.Context(), after, pageSize)
	if err != nil {
		return t, err
	}
	for _, v := range page {
		name := v.Code
		if read, err := v.Type(); err == nil { // what cannot be read is told on its page
			name = read.Name.In(locale)
		}
		t.Rows = append(t.Rows, web.Row{URL: proposalURL(v.ID), Status: "type_" + string(v.State), Cells: []string{name, v.Code, strconv.Itoa(v.Version), v.ProposedBy, dateTime(v.ProposedAt)}})
	}
	if len(page) == pageSize {
		t.NextURL = pagemark.Onward(r, TypesProposedURL, page[len(page)-1].ID)
	}
	return t, nil
}

// standingWord is the state word of a version that is or was in use.
func standingWord(standing elicense.TypeStanding) string { return "type_" + string(standing) }

func entryName(list catalog.List, code, locale string) string {
	return catalog.Default().EntryName(list, code, locale)
}

func (p *Pages) typeDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showType(w, r, web.StateAction{}, nil)
}

// showType shows the versions of a code; retire is what was typed, where it was refused.
func (p *Pages) showType(w http.ResponseWriter, r *http.Request, retire web.StateAction, refusal error) error {
	if !readsTypes(r) {
		return forbidden(r)
	}
	versions := p.Service.TypeVersions(r.PathValue("code"))
	if len(versions) == 0 || r.PathValue("code") == "" {
		return fault.New(fault.NotFound)
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	shown := versions[0]
	if i := slices.IndexFunc(versions, func(one elicense.ListedType) bool {
		return one.Standing == elicense.TypeInForce || one.Standing == elicense.TypeRetired
	}); i >= 0 {
		shown = versions[i]
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("type.list"), URL: TypesPath}, Name: shown.Type.Name.In(locale), Under: shown.Type.Code, Status: standingWord(shown.Standing), Facts: p.typeFacts(r, shown.Type), Sections: p.typeSections(r, shown.Type),
		Links: []web.Link{{Label: text("type.package"), URL: typeURL(shown.Type.Code) + "/package"}}}
	history := web.Table{Caption: text("type.versions"), Columns: []web.Column{{Label: text("type.version"), Number: true}, {Label: text("type.effective")}, {Label: text("type.template")}}}
	for _, one := range versions {
		history.Rows = append(history.Rows, web.Row{Status: standingWord(one.Standing), Cells: []string{strconv.Itoa(one.Type.Row.Version), dayShown(one.Type.Row.EffectiveDate), one.Type.TemplateID()}})
	}
	body.Sections = append(body.Sections, web.AdminSection{ID: "type-versions", Title: text("type.versions"), Text: text("type.versions.text"), Table: &history})
	page, status := web.Page{Title: text("type.list"), Self: typeURL(shown.Type.Code)}, http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"reason": "type-retire-reason"})
		retire.Error, retire.Open = page.Errors[0].Message, true
	}
	if decidesTypes(r) {
		body.Actions = []web.StateAction{{ID: "type-draft", Label: text("type.draft.begin"), URL: typeURL(shown.Type.Code) + "/draft", Effect: text("type.draft.begin.effect"), NoReason: true}}
	}
	if shown.Standing == elicense.TypeInForce && decidesTypes(r) {
		retire.ID, retire.Label, retire.URL, retire.Effect, retire.Danger = "type-retire", text("type.retire"), typeURL(shown.Type.Code)+"/retire", text("type.retire.effect"), true
		body.Actions = append(body.Actions, retire)
	}
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

func dayShown(day string) string {
	if len(day) != 8 {
		return day
	}
	return day[:4] + "-" + day[4:6] + "-" + day[6:]
}

func (p *Pages) typeFacts(r *http.Request, t *catalog.Type) []web.ShownField {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	names := func(list catalog.List, codes []string) string {
		var all []string
		for _, code := range codes {
			all = append(all, entryName(list, code, locale))
		}
		return strings.Join(all, "、")
	}
	var holders, items []string
	for _, code := range t.HolderCodeTypes {
		entry, _ := catalog.Default().HolderCodeType(code)
		holders = append(holders, entry.Name.In(locale))
	}
	for _, item := range t.Row.RelatedItems {
		items = append(items, item.Name+" "+item.Code)
	}
	facts := []web.ShownField{
		{Label: text("type.version"), Value: strconv.Itoa(t.Row.Version)}, {Label: text("type.effective"), Value: dayShown(t.Row.EffectiveDate)},
		{Label: text("type.authority"), Value: t.Authority.Name + " (" + entryName(catalog.ListLevels, t.Authority.Level, locale) + ")"},
		{Label: text("type.kind"), Value: entryName(catalog.ListKinds, t.Row.Kind, locale)}, {Label: text("type.class"), Value: entryName(catalog.ListClasses, t.Row.Class, locale)},
		{Label: text("type.levels"), Value: names(catalog.ListLevels, t.Row.IssuingLevels)}, {Label: text("type.holders"), Value: strings.Join(holders, "、")},
		{Label: text("type.validity"), Value: strings.Join(t.Row.Validity, "、")}, {Label: text("type.sharing"), Value: entryName(catalog.ListSharing, t.Row.Sharing, locale)},
		{Label: text("type.items"), Value: orDash(strings.Join(items, "、"))}, {Label: text("type.basis"), Value: strings.Join(t.Row.LegalBasis, "；")}, {Label: text("type.template"), Value: t.TemplateID()},
	}
	if t.Row.ParentType != "" {
		facts = append(facts, web.ShownField{Label: text("type.parent"), Value: t.Row.ParentType})
	}
	if t.Row.Example {
		facts = append(facts, web.ShownField{Label: text("type.example"), Value: text("type.example.text")})
	}
	return facts
}

// typeSections are the fields of a version, and what each view of a licence shows of them.
func (p *Pages) typeSections(r *http.Request, t *catalog.Type) []web.AdminSection {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	fields := web.Table{Caption: text("type.fields"), Plain: true, Columns: []web.Column{{Label: text("type.field.number"), Number: true}, {Label: text("type.field.label")}, {Label: text("type.field.key")}, {Label: text("type.field.kind")}, {Label: text("type.field.required")}, {Label: text("type.field.masking")}}}
	for _, f := range t.Fields {
		required := text("type.no")
		if f.Required {
			required = text("type.yes")
		}
		fields.Rows = append(fields.Rows, web.Row{Cells: []string{strconv.Itoa(f.Number), f.Label.In(locale), f.Key, text("type.field.kind." + string(f.Kind)), required, text("type.masking." + string(f.Masking))}})
	}
	views := web.AdminSection{ID: "type-views", Title: text("type.views"), Text: text("type.views.text")}
	for _, name := range []string{"p", "m", "f", "a"} {
		var keys []string
		for _, key := range t.Profiles[name] {
			keys = append(keys, t.Label(key, locale))
		}
		views.Facts = append(views.Facts, web.ShownField{Label: text("type.view." + name), Value: orDash(strings.Join(keys, "、"))})
	}
	return []web.AdminSection{{ID: "type-fields", Title: text("type.fields"), Table: &fields}, views}
}

func (p *Pages) typeRetire(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	err = p.Service.RetireType(r.Context(), r.PathValue("code"), strings.TrimSpace(typed.Get("reason")))
	if fault.CodeOf(err) == fault.Invalid {
		return p.showType(w, r, web.StateAction{Reason: bounded(typed.Get("reason"))}, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, typeURL(r.PathValue("code")), http.StatusSeeOther)
	return nil
}

func (p *Pages) typeProposal(w http.ResponseWriter, r *http.Request) error {
	return p.showProposal(w, r, web.StateAction{}, nil)
}

// showProposal shows what a version is and changes; refuse is what was typed, where it was refused.
func (p *Pages) showProposal(w http.ResponseWriter, r *http.Request, refuse web.StateAction, refusal error) error {
	v, c, err := p.Service.ProposedType(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("type.proposals"), URL: TypesProposedURL}, Name: c.Type.Name.In(locale), Under: c.Type.Code, Status: "type_" + string(v.State),
		Links: []web.Link{{Label: text("type.sample"), URL: proposalURL(v.ID) + "/sample"}}, Hidden: []web.Hidden{{Name: web.InputVersion, Value: v.Template}},
		Facts: append([]web.ShownField{{Label: text("type.proposed_by"), Value: v.ProposedBy}, {Label: text("type.proposed_at"), Value: dateTime(v.ProposedAt)}}, p.typeFacts(r, c.Type)...), Sections: append([]web.AdminSection{p.changes(r, c)}, p.typeSections(r, c.Type)...)}
	if v.State != elicense.TypeProposed {
		body.Facts = append(body.Facts, web.ShownField{Label: text("type.decided_by"), Value: v.DecidedBy}, web.ShownField{Label: text("type.decided_at"), Value: dateTime(v.DecidedAt)}, web.ShownField{Label: text("type.reason"), Value: orDash(v.Reason)})
	}
	page, status := web.Page{Title: text("type.proposals"), Self: proposalURL(v.ID)}, http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"reason": "type-refuse-reason"})
		refuse.Error, refuse.Open = page.Errors[0].Message, true
	}
	if v.State == elicense.TypeProposed {
		if v.ProposedBy != reqctx.From(r.Context()).Actor.ID {
			body.Actions = append(body.Actions, web.StateAction{ID: "type-confirm", Label: text("type.confirm"), URL: proposalURL(v.ID) + "/confirm", Effect: text("type.confirm.effect"), NoReason: true})
		}
		refuse.ID, refuse.Label, refuse.URL, refuse.Effect, refuse.Danger = "type-refuse", text("type.refuse"), proposalURL(v.ID)+"/refuse", text("type.refuse.effect"), true
		body.Actions = append(body.Actions, refuse)
	}
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

// changes tells what a version changes of the one before; what shows more or asks less says so in its own column.
func (p *Pages) changes(r *http.Request, c elicense.CheckedType) web.AdminSection {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	section := web.AdminSection{ID: "type-changes", Title: text("type.changes")}
	if c.Against == nil {
		section.Text = text("type.changes.first")
		return section
	}
	section.Text = p.Renderer.Text(r, "type.changes.text", "version", strconv.Itoa(c.Against.Row.Version))
	t := web.Table{Caption: text("type.changes"), Plain: true, Columns: []web.Column{{Label: text("type.change.laxer")}, {Label: text("type.change")}, {Label: text("type.change.object")}, {Label: text("type.change.from")}, {Label: text("type.change.to")}}}
	for _, one := range c.Changes {
		laxer := ""
		if one.Looser {
			laxer = text("type.change.is_laxer")
		}
		object, value := p.changed(r, c, one.Object)
		t.Rows = append(t.Rows, web.Row{Cells: []string{laxer, text("type.change." + one.What), object, orDash(value(one.From)), orDash(value(one.To))}})
	}
	section.Table = &t
	return section
}

// changed names what a change is about in the words of the page: a field and what of it, a view or a predicate by its keys, or a member of the
// package, which whoever reads packages knows by its name.
func (p *Pages) changed(r *http.Request, c elicense.CheckedType, object string) (name string, value func(string) string) {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	label := func(key string) string {
		if f, ok := c.Type.Field(key); ok {
			return f.Label.In(locale)
		}
		return c.Against.Label(key, locale)
	}
	as := func(value string) string { return value }
	what, key, _ := strings.Cut(object, " ")
	key, of, _ := strings.Cut(key, " ")
	switch what {
	case "field":
		name = p.Renderer.Text(r, "type.change.field", "field", label(key))
		switch of {
		case "":
			return name, as
		case "masking":
			as = func(value string) string { return text("type.masking." + value) }
		case "required":
			as = func(value string) string {
				if value == "true" {
					return text("type.yes")
				}
				return text("type.no")
			}
		}
		return name + " · " + text("type.change.of."+of), as
	case "view":
		return text("type.view." + key), func(keys string) string {
			var names []string
			for _, key := range strings.Fields(keys) {
				names = append(names, label(key))
			}
			return strings.Join(names, "、")
		}
	}
	return object, as
}

// typeSample draws the first page of the sample that the package brings, sealed with a seal that says of itself that it is a test.
func (p *Pages) typeSample(w http.ResponseWriter, r *http.Request) error {
	picture, err := p.Service.TypePreview(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Disposition", "inline")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(picture) // a caller that went away is no fault of ours
	return nil
}

func (p *Pages) typeConfirm(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	v, err := p.Service.ConfirmType(r.Context(), r.PathValue("id"), typed.Get(web.InputVersion))
	if err != nil {
		return err
	}
	http.Redirect(w, r, typeURL(v.Code), http.StatusSeeOther)
	return nil
}

func (p *Pages) typeRefuse(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	_, err = p.Service.RefuseType(r.Context(), r.PathValue("id"), typed.Get(web.InputVersion), strings.TrimSpace(typed.Get("reason")))
	if fault.CodeOf(err) == fault.Invalid {
		return p.showProposal(w, r, web.StateAction{Reason: bounded(typed.Get("reason"))}, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, TypesProposedURL, http.StatusSeeOther)
	return nil
}
