package sealhttp

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// Pages serves the pages of seal keepers, reviewers and makers. It stands behind the edge, which knows who is signed in
// and refuses forms from other origins.
type Pages struct {
	web.Site
	Service *esign.Service
	// Rand makes the idempotency keys of the forms.
	Rand io.Reader
	// Faces draw the letters of documents that bring no fonts, in the preview before stamping.
	Faces render.Faces
}

const (
	pageSize = 30
	maxForm  = 64 << 10 // a form without a file
)

// Routes adds the pages.
func (p *Pages) Routes(mux *http.ServeMux) {
	p.Handle(mux, map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /seal":                        p.list,
		"GET /seal/new":                    p.form,
		"POST /seal/new":                   p.submit,
		"GET /seal/{id}":                   p.detail,
		"POST /seal/{id}/{action}":         p.action,
		"POST /seal/{id}/stamps":           p.stamp,
		"GET /seal/{id}/stamps/{key}":      p.result,
		"GET /seal/{id}/stamps/{key}/file": p.download,

		"GET /seal/requests":                     p.uses,
		"GET /seal/requests/{request}":           p.useDetail,
		"GET /seal/request-files/{request}":      p.useFile,
		"POST /seal/requests/{request}/{action}": p.useAction,
		"GET /seal/rules/{id}":                   p.ruleForm,
		"POST /seal/rules/{id}/proposal":         p.proposeRule, // below its form, so that a login leads back to it
		"POST /seal/{id}/rule-approve":           p.approveRule,
		"POST /seal/{id}/rule-refuse":            p.refuseRule,

		"GET /seal/logs/{id}":           p.log,
		"GET /seal/flags":               p.flagList,
		"GET /seal/flags/{flags}":       p.flagDay,
		"POST /seal/flags/{flags}/look": p.look,

		"GET /seal/successions":                        p.successionList,
		"GET /seal/successions/new":                    p.successionForm,
		"POST /seal/successions/new":                   p.proposeSuccession,
		"GET /seal/successions/{succession}":           p.succession,
		"POST /seal/successions/{succession}/{action}": p.decideSuccession,
	})
}

// filters of the list, in their order.
var filters = []esign.State{esign.Applied, esign.Approved, esign.Made, esign.Active, esign.EndingSoon, esign.Succeeded, esign.Suspended, esign.Revoked, esign.PersonalSeals, esign.Unconfirmed}

// stateWord is the word that pages have for a seal's state.
func stateWord(state esign.State) string {
	switch state {
	case esign.Made:
		return "seal_made"
	case esign.Revoked:
		return "cancelled"
	case esign.EndingSoon:
		return "ending_soon"
	case esign.Succeeded:
		return "owner_succeeded"
	case esign.PersonalSeals:
		return "seal_personal"
	case esign.Unconfirmed:
		return "seal_unconfirmed"
	}
	return string(state)
}

// rowWord is that of a seal: an application that waits for its person is not one that waits for a reviewer.
func rowWord(seal esign.Seal) string {
	if seal.Awaits() {
		return stateWord(esign.Unconfirmed)
	}
	return stateWord(seal.State)
}

// inState is the address of a list in one state, or in all.
func inState(address, state string) string {
	if state == "" {
		return address
	}
	return address + "?" + url.Values{"state": {state}}.Encode()
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(filters, esign.State(state)) {
		state = ""
	}
	seals, next, err := p.Service.List(r.Context(), esign.State(state), after, pageSize)
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	options := []web.Option{{Label: text("page.all")}}
	for _, one := range filters {
		options = append(options, web.Option{Value: string(one), Label: text("status." + stateWord(one))})
	}
	body := web.SealListPage{UsesURL: requestsPath, SuccessionsURL: successionsPath, FlagsURL: flagsPath, Filter: web.FormField{Name: "state", Label: text("seal.state"), Kind: web.InputSelect, Options: options, Value: state}, Table: web.Table{
		Caption: p.Renderer.Text(r, "seal.list"),
		Columns: []web.Column{{Label: text("seal.name")}, {Label: text("seal.id")}, {Label: text("seal.valid_to")}},
	}}
	if len(reqctx.From(r.Context()).Actor.Reach(esign.RoleKeeper)) > 0 {
		body.MakeURL, body.PersonalURL = "/seal/new", personalURL
	}
	for _, s := range seals {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: "/seal/" + s.ID, Cells: []string{s.Name, s.Code, s.ValidTo.In(chinaTime).Format("2006-01-02")}, Status: rowWord(s), Kind: "seal"})
	}
	body.Table.NextURL = pagemark.Onward(r, inState("/seal", state), next)
	if after != "" {
		body.Table.PrevURL = inState("/seal", state)
	}
	if body.Table.NextURL+body.Table.PrevURL == "" {
		body.Table.Total = len(seals)
	}
	return p.Page(w, r, http.StatusOK, "seal", web.Page{Body: body})
}

// inputReplaces is the seal whose place another takes: in the address of the form, and hidden in it.
const inputReplaces = "replaces"

// Names of the inputs of an application, by the wire names of what they hold.
var applicationInputs = map[string]string{
	"replaces": inputReplaces, "seal_id": "seal-number", "owner": "seal-owner", "owner_code": "seal-owner-code", "line": "seal-line", "diameter_mm": "seal-diameter", "years": "seal-years",
	"person": "seal-person", "person_login": "seal-person-login", "office": "seal-office", "basis": "seal-basis", "layout": "seal-layout", "filling": "seal-filling", "height_mm": "seal-height",
}

// inputKind tells the form of a personal seal: in the address, and hidden in it.
const (
	inputSealKind = "seal-kind"
	personalURL   = "/seal/new?" + inputSealKind + "=" + kindPersonal
)

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	typed := url.Values{applicationInputs["years"]: {"5"}}
	if id := cmp.Or(r.URL.Query().Get(inputReplaces), web.Typed(r).Get(inputReplaces)); id != "" {
		old, err := p.Service.Find(r.Context(), id)
		if err != nil {
			return err
		}
		for wire, value := range map[string]string{"owner": old.Owner, "owner_code": old.OwnerCode, "line": old.Line, "replaces": old.ID, "person": old.Bearer.Name, "office": old.Bearer.Office,
			"layout": string(old.Bearer.Layout), "filling": string(old.Bearer.Filling)} {
			typed.Set(applicationInputs[wire], value)
		}
		if old.DiameterMM != 0 {
			text := strconv.FormatFloat(old.DiameterMM, 'f', -1, 64)
			typed.Set(applicationInputs["diameter_mm"], text)
			typed.Set(applicationInputs["height_mm"], text)
		}
		if old.Personal() {
			typed.Set(inputSealKind, kindPersonal)
		}
	}
	if cmp.Or(r.URL.Query().Get(inputSealKind), web.Typed(r).Get(inputSealKind)) == kindPersonal && typed.Get(inputSealKind) == "" {
		typed.Set(inputSealKind, kindPersonal)
		typed.Set(applicationInputs["filling"], string(sealimage.FillSeal)) // with it, most names fill a square evenly
	}
	return p.application(w, r, http.StatusOK, typed, nil, nil)
}

// keeper refuses everybody but seal keepers.
func keeper(r *http.Request) error {
	if err := esign.Staff(r.Context()); err != nil {
		return err
	}
	if len(reqctx.From(r.Context()).Actor.Reach(esign.RoleKeeper)) == 0 {
		return fault.New(fault.Forbidden)
	}
	return nil
}

// drawnSeal is a picture that an application would give, and its size in millimetres.
type drawnSeal struct {
	png           []byte
	width, height int
}

// personalFields are the inputs of an application for a personal seal, between those of the organisation and those of every seal.
func (p *Pages) personalFields(r *http.Request) []web.FormField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	var layouts, fillings []web.Option
	for _, l := range sealimage.Layouts {
		layouts = append(layouts, web.Option{Value: string(l), Label: text("seal.layout." + string(l))})
	}
	for _, f := range sealimage.Fillings {
		fillings = append(fillings, web.Option{Value: string(f), Label: text("seal.filling." + string(f))})
	}
	return []web.FormField{
		{Name: applicationInputs["person"], Label: text("seal.person"), Hint: text("seal.person.hint"), Max: 16},
		{Name: applicationInputs["person_login"], Label: text("seal.person_login"), Hint: text("seal.person_login.hint"), Optional: true, Max: 128},
		{Name: applicationInputs["office"], Label: text("seal.office"), Hint: text("seal.office.hint"), Optional: true, Max: 30},
		{Name: applicationInputs["basis"], Label: text("seal.basis"), Hint: text("seal.basis.hint"), Max: 100},
		{Name: applicationInputs["layout"], Label: text("seal.layout"), Kind: web.InputSelect, Options: layouts},
		{Name: applicationInputs["filling"], Label: text("seal.filling"), Kind: web.InputSelect, Options: fillings},
		{Name: applicationInputs["height_mm"], Label: text("seal.height"), Hint: text("seal.height.hint"), Optional: true, Max: 2},
	}
}

func (p *Pages) application(w http.ResponseWriter, r *http.Request, status int, typed url.Values, drawn *drawnSeal, refusal error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	fields := []web.FormField{
		{Name: applicationInputs["owner"], Label: text("seal.owner"), Hint: text("seal.owner.hint"), Max: 30},
		{Name: applicationInputs["owner_code"], Label: text("seal.owner_code"), Optional: true, Max: 18},
		{Name: applicationInputs["line"], Label: text("seal.line"), Hint: text("seal.line.hint"), Optional: true, Max: 12},
		{Name: applicationInputs["seal_id"], Label: text("seal.id"), Hint: text("seal.id.hint"), Max: 14},
		{Name: applicationInputs["diameter_mm"], Label: text("seal.diameter"), Hint: text("seal.diameter.hint"), Optional: true, Max: 5},
		{Name: applicationInputs["years"], Label: text("seal.years"), Hint: text("seal.years.hint"), Max: 2},
	}
	body := web.SealMakePage{Action: "/seal/new", Advisory: text("seal.form.advisory")}
	page := web.Page{}
	if typed.Get(inputSealKind) == kindPersonal {
		fields[0].Hint, fields[1].Optional, fields[1].Hint = text("seal.owner.hint.personal"), false, text("seal.owner_code.hint.personal")
		fields = slices.Concat(fields[:2], p.personalFields(r), []web.FormField{fields[3], fields[5]})
		body.Advisory, body.Hidden = text("seal.form.advisory.personal"), []web.Hidden{{Name: inputSealKind, Value: kindPersonal}}
		page.Title = text("seal.make.personal")
	}
	for i := range fields {
		fields[i].Value = bounded(typed.Get(fields[i].Name))
	}
	body.Fields = fields
	if drawn != nil {
		body.Preview, body.PreviewWidthMM, body.PreviewHeightMM = drawn.png, drawn.width, drawn.height
	}
	if old, err := p.Service.Find(r.Context(), bounded(typed.Get(inputReplaces))); err == nil {
		body.Replaces, body.Hidden = &web.Link{Label: old.Name + " " + old.Code, URL: "/seal/" + old.ID}, append(body.Hidden, web.Hidden{Name: inputReplaces, Value: old.ID})
		body.BackURL = body.Replaces.URL
	} else if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	page.Body = body
	if refusal != nil {
		labels := map[string]string{}
		for _, f := range fields {
			labels[f.Name] = f.Label
		}
		page.Errors = p.labelled(r, p.Renderer.FieldErrors(r, refusal, applicationInputs), labels)
	}
	return p.Page(w, r, status, "seal-make", page)
}

// labelled begins each error with the label of its input, because several inputs may be wrong in the same way.
func (p *Pages) labelled(r *http.Request, all []web.FieldError, labels map[string]string) []web.FieldError {
	for i, e := range all {
		if label := labels[e.Field]; label != "" {
			all[i].Message = p.Renderer.Text(r, "seal.field.error", "label", label, "message", e.Message)
		}
	}
	return all
}

func (p *Pages) submit(w http.ResponseWriter, r *http.Request) error {
	if err := keeper(r); err != nil {
		return err
	}
	if err := readForm(w, r); err != nil {
		return err
	}
	typed := func(wire string) string { return strings.TrimSpace(r.PostForm.Get(applicationInputs[wire])) }
	a := esign.Application{Code: typed("seal_id"), Owner: typed("owner"), OwnerCode: typed("owner_code"), Line: typed("line"), DiameterMM: number(typed("diameter_mm")), Years: -1, Replaces: typed("replaces")}
	if years, err := strconv.Atoi(typed("years")); err == nil && years > 0 {
		a.Years = years
	}
	if r.PostForm.Get(inputSealKind) == kindPersonal {
		a.Line, a.DiameterMM = "", number(typed("height_mm"))
		a.Personal = &esign.PersonalApplication{Login: typed("person_login"), Name: typed("person"), Office: typed("office"), Basis: typed("basis"), Layout: sealimage.Layout(typed("layout")), Filling: sealimage.Filling(typed("filling"))}
	}
	var seal esign.Seal
	var err error
	if r.PostForm.Get("seal-preview") != "" {
		drawn := &drawnSeal{}
		if drawn.png, drawn.width, drawn.height, err = p.Service.PreviewApplication(r.Context(), a); err == nil {
			return p.application(w, r, http.StatusOK, r.PostForm, drawn, nil)
		}
	} else {
		seal, err = p.Service.Apply(r.Context(), a)
	}
	if mendable(err) {
		return p.application(w, r, fault.MetaOf(fault.CodeOf(err)).Status, r.PostForm, nil, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/seal/"+seal.ID, http.StatusSeeOther)
	return nil
}

// readForm reads a form without a file.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	return nil
}

// mendable tells whether a refusal is shown on the form, with what was typed, and not on a page of its own.
func mendable(err error) bool {
	switch fault.CodeOf(err) {
	case "", fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.NotFound:
		return false
	}
	return true
}

// number reads a length in millimetres. What is none is a number that no bound lets pass.
func number(text string) float64 {
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return v
}

func bounded(text string) string {
	if len(text) > 4096 {
		return ""
	}
	return text
}
