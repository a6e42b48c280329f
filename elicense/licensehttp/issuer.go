package licensehttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/formfile"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const pageSize = 30

// workStates are the states of the filter before a licence is in force, in their order.
var workStates = []elicense.State{elicense.StateInReview, elicense.StateReturned, elicense.StateApproved, elicense.StateMade, elicense.StateSealed, elicense.StateRejected, elicense.StateTakenBack}

func (p *Pages) issuerList(w http.ResponseWriter, r *http.Request) error {
	locale, query := p.Renderer.Locale(r), r.URL.Query()
	body := web.IssuerListPage{Query: bounded(query.Get("q")), Status: bounded(query.Get("status")), ListURL: "/license", Links: []web.Link{{Label: p.Renderer.Text(r, "batch.list"), URL: BatchesPath}, {Label: p.Renderer.Text(r, "ruling.list"), URL: RulingsPath}, {Label: p.Renderer.Text(r, "statistics.title"), URL: StatisticsPath}, {Label: p.Renderer.Text(r, "lists.title"), URL: ListsPath}},
		State: web.FormField{Name: "state", Label: p.Renderer.Text(r, "issuer.state"), Kind: web.InputSelect, Options: []web.Option{{Label: p.Renderer.Text(r, "page.all")}}}}
	for _, state := range workStates {
		body.State.Options = append(body.State.Options, web.Option{Value: string(state), Label: p.Renderer.Text(r, "status."+workWord(state))})
		if query.Get("state") == string(state) {
			body.State.Value = string(state)
		}
	}
	for _, s := range catalog.Default().Statuses() {
		body.Statuses = append(body.Statuses, s.Code)
	}
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleClerk)) > 0 {
		for _, t := range p.Service.Types().Types() {
			if p.Service.Types().Retired(t.Code) {
				continue
			}
			body.Types = append(body.Types, web.Link{Label: t.Name.In(locale), URL: FormPath + "?" + url.Values{inputType: {t.Code}}.Encode()})
		}
	}
	narrowed := drilled(query)
	for _, name := range drillNames {
		if value := narrowed.Get(name); value != "" {
			body.Hidden = append(body.Hidden, web.Hidden{Name: name, Value: value})
			body.Narrowed = append(body.Narrowed, web.ShownField{Label: p.Renderer.Text(r, "statistics.drill."+name), Value: p.drillWord(name, value, locale)})
			body.AllURL = "/license"
		}
	}
	rows, next, err := p.rows(r, body, narrowed)
	if err != nil {
		return err
	}
	body.Table = web.Table{
		Caption: p.Renderer.Text(r, "page.issuer"),
		Columns: []web.Column{{Label: p.Renderer.Text(r, "license.field.business_number")}, {Label: p.Renderer.Text(r, "licence.type")}, {Label: p.Renderer.Text(r, "licence.id")}},
	}
	for _, l := range rows {
		name := typeName(p.Service, l, locale)
		if l.ByHolder() {
			name = p.Renderer.Text(r, "license.by_holder", "type", name)
		}
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: "/license/" + l.ID, Cells: []string{l.BusinessNumber, name, l.LicenseID}, Status: stateWord(l), Kind: "license"})
	}
	narrowed.Set("status", body.Status)
	narrowed.Set("state", body.State.Value)
	body.Table.NextURL = pagemark.Onward(r, "/license?"+narrowed.Encode(), next)
	return p.Page(w, r, http.StatusOK, "issuer", web.Page{Body: body})
}

func (p *Pages) rows(r *http.Request, body web.IssuerListPage, narrowed url.Values) ([]elicense.License, string, error) {
	if number := strings.TrimSpace(body.Query); number != "" {
		l, err := p.Service.FindByLicenseID(r.Context(), number)
		if fault.CodeOf(err) == fault.NotFound {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", err
		}
		return []elicense.License{l}, "", nil
	}
	after, err := pagemark.After(r)
	if err != nil {
		return nil, "", err
	}
	filter := drillFilter(narrowed)
	filter.Status, filter.After, filter.Limit = body.Status, after, pageSize
	if body.State.Value != "" {
		filter.State = body.State.Value
	}
	return p.Service.List(r.Context(), filter)
}

func (p *Pages) issuerForm(w http.ResponseWriter, r *http.Request) error {
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleClerk)) == 0 {
		return forbidden(r)
	}
	t, ok := p.Service.Types().Find(r.URL.Query().Get(inputType))
	if !ok {
		return fault.New(fault.NotFound)
	}
	return p.form(w, r, http.StatusOK, t, url.Values{}, nil)
}

func forbidden(r *http.Request) error {
	if reqctx.From(r.Context()).Actor.ID == "" {
		return fault.New(fault.Unauthenticated)
	}
	return fault.New(fault.Forbidden)
}

// Names of the inputs beside the type's own fields.
const (
	inputType       = "type" // hidden: which form it is
	inputBusiness   = "business_number"
	inputAuthority  = "issuing_authority_code"
	inputHolder     = catalog.KeyHolderName
	inputHolderType = catalog.KeyHolderType
	inputHolderCode = catalog.KeyHolderCode
	inputNumber     = catalog.KeyLicenseNumber
	inputFrom       = catalog.KeyEffectiveDate
	inputUntil      = catalog.KeyExpiringDate
)

// formFields are the inputs of the form for a licence of a type, empty.
func formFields(t *catalog.Type, locale string, text func(key string) string) []web.FormField {
	fields := []web.FormField{
		{Name: inputBusiness, Label: text("license.field.business_number"), Max: 64},
		{Name: inputAuthority, Label: text("license.field.authority"), Max: 18},
		{Name: inputHolder, Label: text("license.field.holder_name"), Max: 100},
	}
	kinds := web.FormField{Name: inputHolderType, Label: text("license.field.holder_code_type"), Kind: web.InputSelect}
	for _, code := range t.HolderCodeTypes {
		entry, _ := catalog.Default().HolderCodeType(code)
		kinds.Options = append(kinds.Options, web.Option{Value: code, Label: entry.Name.In(locale)})
	}
	fields = append(fields, kinds, web.FormField{Name: inputHolderCode, Label: text("license.field.holder_code"), Max: 64})
	if t.NumberKey == "" {
		fields = append(fields, web.FormField{Name: inputNumber, Label: text("licence.number"), Max: 60})
	}
	for _, f := range t.Fields {
		if !f.Own {
			continue
		}
		field := web.FormField{Name: f.Key, Label: f.Label.In(locale), Optional: !f.Required, Max: f.MaxRunes, Kind: web.InputText}
		switch {
		case f.Kind == catalog.KindDate:
			field.Kind = web.InputDate
		case f.Kind == catalog.KindPhoto:
			field.Name, field.Kind, field.Max, field.Options = photoInput(f), web.InputFile, 0, []web.Option{{Value: "image/jpeg"}, {Value: "image/png"}}
		case f.MaxRunes > 200:
			field.Kind = web.InputLongText
		}
		fields = append(fields, field)
	}
	fields = append(fields,
		web.FormField{Name: inputFrom, Label: text("license.field.effective_date"), Kind: web.InputDate, Optional: true},
		web.FormField{Name: inputUntil, Label: text("license.field.expiring_date"), Hint: text("license.field.expiring_date.hint"), Kind: web.InputDate, Optional: true})
	return fields
}

// photoInput is the name of the input that takes the file of a photo.
func photoInput(f catalog.Field) string { return f.Key + "-file" }

// FormPath is where the form for a new licence stands and is sent to.
const FormPath = "/license/new"

// FormInputs are the names of the inputs that the form for a new licence has for any built-in type, but for files, which no form keeps.
func FormInputs() []string {
	all := []string{inputType}
	for _, t := range catalog.Types() {
		for _, field := range formFields(t, "", func(string) string { return "" }) {
			switch field.Kind {
			case web.InputFile:
				continue
			case web.InputDate:
				all = append(all, field.Name+"-year", field.Name+"-month", field.Name+"-day")
				continue
			}
			all = append(all, field.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request, status int, t *catalog.Type, typed url.Values, refusal error) error {
	locale := p.Renderer.Locale(r)
	text := func(key string) string { return p.Renderer.Text(r, key) }
	fields := formFields(t, locale, text)
	ids := map[string]string{}
	for i := range fields {
		ids[fields[i].Name] = fields[i].Name
		if fields[i].Kind == web.InputFile {
			f, _ := t.PhotoField()
			fields[i].Hint = p.Renderer.Text(r, "license.field.photo.hint", "width", strconv.Itoa(f.Photo.WidthPX), "height", strconv.Itoa(f.Photo.HeightPX))
			ids[f.Key] = fields[i].Name
			continue
		}
		fields[i].Value = bounded(typed.Get(fields[i].Name))
		if fields[i].Kind == web.InputDate {
			fields[i].Value = web.DateShown(typed, fields[i].Name)
		}
	}
	page := web.Page{Body: web.IssuerFormPage{
		Action: FormPath, Hidden: []web.Hidden{{Name: inputType, Value: t.Code}}, Type: t.Name.In(locale), Fields: fields, Submit: text("license.form.submit"), Advisory: text("license.form.advisory"),
	}}
	if refusal != nil {
		page.Errors = p.Renderer.FieldErrors(r, refusal, ids)
	}
	return p.Page(w, r, status, "issuer-form", page)
}

func (p *Pages) issuerSubmit(w http.ResponseWriter, r *http.Request) error {
	const most = maxJSON + licensephoto.MaxOctets
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if err := formfile.Parse(r, most); err != nil {
		return err
	}
	t, ok := p.Service.Types().Find(r.PostForm.Get(inputType))
	if !ok {
		return fault.New(fault.LicenseTypeUnknown)
	}
	form := r.PostForm
	a := elicense.Application{
		BusinessNumber: form.Get(inputBusiness), TypeCode: t.Code, AuthorityCode: form.Get(inputAuthority), LicenseNumber: form.Get(inputNumber), Fields: map[string]string{},
		Holders:       []elicense.Holder{{Name: form.Get(inputHolder), CodeType: form.Get(inputHolderType), Code: form.Get(inputHolderCode)}},
		EffectiveDate: web.DateTyped(form, inputFrom), ExpiringDate: web.DateTyped(form, inputUntil),
	}
	for _, f := range t.Fields {
		switch {
		case !f.Own:
		case f.Kind == catalog.KindPhoto:
			var err error
			if a.Photo, err = formfile.Read(r, f.Key, licensephoto.MaxOctets+1); err != nil {
				return err
			}
		case f.Kind == catalog.KindDate:
			a.Fields[f.Key] = web.DateTyped(form, f.Key)
		default:
			a.Fields[f.Key] = form.Get(f.Key)
		}
	}
	l, _, err := p.Service.Apply(r.Context(), a)
	if code := fault.CodeOf(err); slices.Contains([]fault.Code{fault.LicenseValues, fault.Invalid, fault.LicenseAuthority, fault.LicenseBusinessNumber}, code) {
		return p.form(w, r, fault.MetaOf(code).Status, t, form, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/license/"+l.ID, http.StatusSeeOther)
	return nil
}

func (p *Pages) issuerDetail(w http.ResponseWriter, r *http.Request) error {
	d, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	events, older, err := p.Service.Events(r.Context(), d.ID, after, 50)
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	body := web.IssuerDetailPage{Hidden: []web.Hidden{{Name: web.InputVersion, Value: strconv.FormatInt(d.Revision, 10)}}, Card: card(p.Service, d.License, d.Values, locale), LicenseID: d.LicenseID, Actions: p.actions(r, d.License)}
	if t := p.Service.TypeOf(d.License); t != nil {
		for _, f := range t.Fields {
			if value := strings.Join(d.Values[f.Key], "、"); value != "" && f.Kind != catalog.KindPhoto {
				body.Fields = append(body.Fields, web.ShownField{Label: f.Label.In(locale), Value: value})
			}
		}
	}
	if body.Photos, err = p.photos(r, d.License); err != nil {
		return err
	}
	if d.ByHolder() {
		body.Card.Title = p.Renderer.Text(r, "license.by_holder", "type", body.Card.Title)
	}
	if body.Changes, err = p.versionChanges(r, d); err != nil {
		return err
	}
	body.OlderURL = pagemark.Onward(r, "/license/"+d.ID, older)
	for _, e := range events {
		body.History = append(body.History, web.HistoryItem{At: e.RecordedAt, Text: p.Renderer.Text(r, "status."+e.To), Actor: e.Actor, Detail: strings.Trim(e.LegalBasis+" "+e.DecisionNumber, " ")})
	}
	if d.State == elicense.StateActive {
		body.DownloadURL = "/license/" + d.ID + "/file"
		body.Card.Reading = readings(p.Service, d.License, body.DownloadURL, locale)
	}
	return p.Page(w, r, http.StatusOK, "issuer-detail", web.Page{Body: body})
}

// photos are the picture of the holder and, while somebody decides about it, that of the version that it replaces.
func (p *Pages) photos(r *http.Request, l elicense.License) (list []web.Photo, err error) {
	add := func(id, label string) error {
		content, err := p.Service.Photo(r.Context(), id)
		if code := fault.CodeOf(err); code == fault.PhotoNone || code == fault.NotFound {
			return nil
		}
		if err == nil {
			list = append(list, web.Photo{JPEG: content, Label: p.Renderer.Text(r, label)})
		}
		return err
	}
	if l.Photo != "" {
		err = add(l.ID, "license.photo")
	}
	if err == nil && l.Replaces != "" && l.State != elicense.StateActive {
		err = add(l.Replaces, "license.photo.before")
	}
	return list, err
}

// versionChanges shows what an application changes of the version that it replaces, side by side; nil of another one.
func (p *Pages) versionChanges(r *http.Request, d elicense.Detail) (*web.Table, error) {
	if d.State == elicense.StateActive {
		return nil, nil
	}
	list, err := p.Service.Changes(r.Context(), d)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	text, t := func(key string) string { return p.Renderer.Text(r, key) }, p.Service.TypeOf(d.License)
	table := web.Table{Caption: text("license.changes"), Plain: true, Columns: []web.Column{{Label: text("license.changes.field")}, {Label: text("license.changes.before"), Wide: true}, {Label: text("license.changes.after"), Wide: true}}}
	for _, c := range list {
		table.Rows = append(table.Rows, web.Row{Cells: []string{t.Label(c.Key, p.Renderer.Locale(r)), orDash(c.Before), c.After}})
	}
	return &table, nil
}

// action is a change that the page of a licence offers.
type action struct {
	name, label, effect string
	role                string
	danger              bool
	offered             func(l elicense.License) bool
	do                  func(p *Pages, r *http.Request, id, reason string) error
}

func inState(states ...elicense.State) func(elicense.License) bool {
	return func(l elicense.License) bool { return slices.Contains(states, l.State) }
}

func mayBecome(status string) func(elicense.License) bool {
	return func(l elicense.License) bool {
		current, ok := catalog.Default().Status(l.Status)
		return ok && l.State == elicense.StateActive && slices.Contains(current.Next, status)
	}
}

func reviewAs(decision elicense.Decision) func(*Pages, *http.Request, string, string) error {
	return func(p *Pages, r *http.Request, id, reason string) error {
		_, err := p.Service.Review(r.Context(), id, decision, reason, revision(r.PostForm))
		return err
	}
}

// become changes the status. The reason holds legal basis and decision number, separated by a semicolon.
func become(operation elicense.Operation, status string) func(*Pages, *http.Request, string, string) error {
	return func(p *Pages, r *http.Request, id, reason string) error {
		basis, number, _ := strings.Cut(strings.ReplaceAll(reason, "；", ";"), ";")
		_, err := p.Service.ChangeStatus(r.Context(), id, elicense.StatusChange{Operation: operation, To: status, LegalBasis: strings.TrimSpace(basis), DecisionNumber: strings.TrimSpace(number)})
		return err
	}
}

var actions = []action{
	{"approve", "license.action.approve", "license.effect.approve", elicense.RoleReviewer, false, inState(elicense.StateInReview), reviewAs(elicense.Approve)},
	{"return", "license.action.return", "license.effect.return", elicense.RoleReviewer, false, inState(elicense.StateInReview), reviewAs(elicense.Return)},
	{"reject", "license.action.reject", "license.effect.reject", elicense.RoleReviewer, true, inState(elicense.StateInReview), reviewAs(elicense.Reject)},
	{"issue", "license.action.issue", "license.effect.issue", elicense.RoleIssuer, false, inState(elicense.StateApproved, elicense.StateMade, elicense.StateSealed), func(p *Pages, r *http.Request, id, _ string) error {
		_, err := p.Service.Issue(r.Context(), id)
		return err
	}},
	{"suspend", "license.action.suspend", "license.effect.pause", elicense.RoleIssuer, false, mayBecome("suspended"), become(elicense.Suspension, "suspended")},
	{"resume", "license.action.resume", "license.effect.pause", elicense.RoleIssuer, false, mayBecome(catalog.StatusValid), become(elicense.Resumption, catalog.StatusValid)},
	{"cancel", "license.action.cancel", "license.effect.final", elicense.RoleIssuer, true, mayBecome("cancelled"), become(elicense.Revocation, "cancelled")},
	{"withdraw", "license.action.withdraw", "license.effect.final", elicense.RoleIssuer, true, mayBecome("withdrawn"), become(elicense.Revocation, "withdrawn")},
	{"revoke", "license.action.revoke", "license.effect.final", elicense.RoleIssuer, true, mayBecome("revoked"), become(elicense.Revocation, "revoked")},
}

func (p *Pages) actions(r *http.Request, l elicense.License) []web.StateAction {
	actor := reqctx.From(r.Context()).Actor
	var list []web.StateAction
	for _, a := range actions {
		if a.offered(l) && actor.Reaches(l.Area, a.role) {
			list = append(list, web.StateAction{ID: "license-" + a.name, Label: p.Renderer.Text(r, a.label), URL: "/license/" + l.ID + "/" + a.name, Effect: p.Renderer.Text(r, a.effect), Danger: a.danger})
		}
	}
	return list
}

func (p *Pages) issuerAction(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxJSON)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	for _, a := range actions {
		if a.name != r.PathValue("action") {
			continue
		}
		if err := a.do(p, r, r.PathValue("id"), strings.TrimSpace(r.PostForm.Get("reason"))); err != nil {
			return err
		}
		http.Redirect(w, r, "/license/"+r.PathValue("id"), http.StatusSeeOther)
		return nil
	}
	return fault.New(fault.NotFound)
}
