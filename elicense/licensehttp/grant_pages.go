package licensehttp

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// grantPages are the pages of grants of use: those of a holder, and the record of a copy for whoever has its code.
func (p *Pages) grantPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /me" + grantsPath:                       p.grantList,
		"POST /me" + grantsPath + "/{id}/revocation": p.grantRevoke,
		"GET /me" + grantsPath + "/new":              p.grantChoose,
		"GET /me/licenses/{id}/grant":                p.grantForm,
		"POST /me/licenses/{id}/grant":               p.grantSubmit,
		"GET /verify/copies/{id}":                    p.copyRecord,
	}
}

const (
	grantsPath = "/license-grants" // behind what base gives
	grantsPage = 20

	inputGrantee  = "grantee"
	inputReceiver = "receiver" // the name of the office as the person saw it
	inputPurpose  = "purpose_code"
)

func (p *Pages) grantList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.GrantsOf(r.Context(), after, grantsPage)
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	path, back := base(r)
	body := web.LicenseGrantsPage{Back: back, EndURL: path + grantsPath + "/end", NextURL: pagemark.Onward(r, path+grantsPath, next)}
	for _, g := range page {
		row := web.LicenseGrantRow{
			ID: g.ID, License: g.TypeCode, Receiver: p.Service.GranteeName(r.Context(), g.Grantee), Purpose: purposeName(g.Purpose, locale), Mode: string(g.Mode), Kind: string(g.Kind), State: p.Service.GrantState(g),
			Item: g.Item, CaseNumber: g.CaseNumber, Uses: g.Uses, Used: g.Uses - g.Left, CreatedAt: g.CreatedAt, ExpiresAt: g.Expires, UsedAt: pointer(g.UsedAt),
		}
		if t, ok := p.Service.Types().Find(g.TypeCode); ok {
			row.License = t.Name.In(locale)
			for _, key := range g.Fields {
				row.Fields = append(row.Fields, t.Label(key, locale))
			}
		}
		if row.State == elicense.StateAwaiting {
			row.WaitsUntil = &g.DecideBy
		}
		if (row.State == "open" || row.State == elicense.StateAwaiting) && (g.Mode == elicense.GrantHolder || g.Mode == elicense.GrantDelegate) {
			row.RevokeURL = path + grantsPath + "/" + g.ID + "/revocation"
		}
		if back != nil && g.Mandate != "" {
			name, acts, err := p.Acting.Agent(r, g.Actor)
			if err != nil {
				return err
			}
			if row.Giver = name; !acts {
				row.Left = g.Actor
			}
		}
		body.Grants = append(body.Grants, row)
	}
	shown := web.Page{Body: body}
	if back != nil { // by default it is the person's own
		shown.Title = p.Renderer.Text(r, "license.grants.for")
	}
	return p.Page(w, r, http.StatusOK, "license-grants", shown)
}

func purposeName(code, locale string) string {
	for _, purpose := range elicense.Purposes() {
		if purpose.Code == code {
			return purpose.Name.In(locale)
		}
	}
	return code
}

func (p *Pages) grantRevoke(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Service.RevokeGrant(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	path, _ := base(r)
	http.Redirect(w, r, path+grantsPath, http.StatusSeeOther)
	return nil
}

// grantChoose is where an application sends a person who is to grant it the use of a licence: the licences in force, of the type that it names, each
// leading to its form.
func (p *Pages) grantChoose(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	page, next, err := p.Service.Grantable(r.Context(), query.Get("license_type_code"), after, grantsPage)
	if err != nil {
		return err
	}
	grantee, err := p.Service.Grantee(r.Context(), query.Get(inputGrantee))
	if err != nil && !errors.Is(err, elicense.ErrNotFound) {
		return err
	}
	locale := p.Renderer.Locale(r)
	body := web.LicenseChoosePage{Receiver: grantee.Name, NextURL: pagemark.Onward(r, "/me"+grantsPath+"/new?"+url.Values{inputGrantee: query[inputGrantee], inputPurpose: query[inputPurpose], "license_type_code": query["license_type_code"]}.Encode(), next)}
	wanted := url.Values{}
	for _, name := range []string{inputGrantee, inputPurpose} {
		if value := query.Get(name); value != "" {
			wanted.Set(name, value)
		}
	}
	for _, l := range page {
		body.Licenses = append(body.Licenses, web.Link{Label: typeName(p.Service, l, locale) + " · " + l.LicenseID, URL: "/me/licenses/" + url.PathEscape(l.ID) + "/grant?" + wanted.Encode()})
	}
	return p.Page(w, r, http.StatusOK, "license-choose", web.Page{Body: body})
}

// grantForm may be told for whom and what for, by the application that sent the person here.
func (p *Pages) grantForm(w http.ResponseWriter, r *http.Request) error {
	return p.showGrant(w, r, elicense.GrantRequest{Grantee: bounded(r.URL.Query().Get(inputGrantee)), Purpose: bounded(r.URL.Query().Get(inputPurpose)), Hours: 24, Kind: elicense.GrantFields}, nil)
}

func (p *Pages) showGrant(w http.ResponseWriter, r *http.Request, typed elicense.GrantRequest, problem error) error {
	d, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	text := func(key string) string { return p.Renderer.Text(r, key) }
	body := web.LicenseGrantPage{
		Card: card(p.Service, d.License, d.Values, locale), Action: r.URL.Path,
		Grantee: web.FormField{Name: inputGrantee, Label: text("license.grant.grantee"), Hint: text("license.grant.grantee.hint"), Value: typed.Grantee, Max: 100},
		Purpose: web.FormField{Name: inputPurpose, Label: text("license.grant.purpose"), Kind: "select", Value: typed.Purpose},
		Kind:    web.FormField{Name: "kind", Label: text("license.grant.kind"), Kind: "select", Value: string(typed.Kind)},
		Hours:   web.FormField{Name: "hours", Label: text("license.grant.hours"), Kind: "select", Value: strconv.Itoa(typed.Hours)},
	}
	_, body.Back = base(r)
	for _, purpose := range p.Service.LendablePurposes(r.Context(), d.License) {
		body.Purpose.Options = append(body.Purpose.Options, web.Option{Value: purpose.Code, Label: purpose.Name.In(locale)})
	}
	if len(body.Purpose.Options) == 0 {
		return fault.New(fault.GrantBeyond)
	}
	switch grantee, err := p.Service.Grantee(r.Context(), typed.Grantee); {
	case err == nil:
		body.Receiver, body.OtherURL = grantee.Name, r.URL.Path
		body.Hidden = []web.Hidden{{Name: inputGrantee, Value: typed.Grantee}, {Name: inputReceiver, Value: grantee.Name}}
	case !errors.Is(err, elicense.ErrNotFound):
		return err
	}
	if !p.Service.FreshForGrant(reqctx.From(r.Context()).Actor) && p.LoginURL != nil {
		body.LoginURL = p.LoginURL(r.URL.RequestURI())
	}
	for _, kind := range []elicense.GrantKind{elicense.GrantFields, elicense.GrantCopy} {
		body.Kind.Options = append(body.Kind.Options, web.Option{Value: string(kind), Label: text("license.grant.kind." + string(kind))})
	}
	for _, hours := range []string{"1", "24", "72", "168", "720"} {
		body.Hours.Options = append(body.Hours.Options, web.Option{Value: hours, Label: text("license.grant.hours." + hours)})
	}
	if t := p.Service.TypeOf(d.License); t != nil {
		ticked := map[string]bool{}
		for _, key := range typed.Fields {
			ticked[key] = true
		}
		for _, profile := range []string{"p", "f"} {
			for _, key := range t.Profiles[profile] {
				body.Fields = append(body.Fields, web.GrantField{Key: key, Label: t.Label(key, locale), Ticked: ticked[key]})
			}
		}
	}
	page, status := web.Page{Body: body}, http.StatusOK
	if problem != nil {
		page.Errors, status = p.Renderer.FieldErrors(r, problem, nil), fault.MetaOf(fault.CodeOf(problem)).Status
	}
	return p.Page(w, r, status, "license-grant", page)
}

func (p *Pages) grantSubmit(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	hours, err := strconv.Atoi(r.PostForm.Get("hours"))
	if err != nil {
		hours = -1 // which the service refuses
	}
	typed := elicense.GrantRequest{Kind: elicense.GrantKind(r.PostForm.Get("kind")), Grantee: strings.TrimSpace(r.PostForm.Get(inputGrantee)), Purpose: r.PostForm.Get(inputPurpose), Hours: hours}
	if typed.Kind != elicense.GrantCopy { // a copy shows the whole face, whatever was ticked
		typed.Fields = r.PostForm["fields"]
	}
	grantee, err := p.Service.Grantee(r.Context(), typed.Grantee)
	if err == nil && grantee.Name != r.PostForm.Get(inputReceiver) { // nobody grants to an office by its code alone, without having seen its name
		return p.showGrant(w, r, typed, nil)
	}
	if err != nil && !errors.Is(err, elicense.ErrNotFound) { // which the service tells at the input
		return err
	}
	g, err := p.Service.Grant(r.Context(), r.PathValue("id"), typed)
	switch code := fault.CodeOf(err); {
	case code == fault.Invalid || code == fault.LoginNotFresh:
		return p.showGrant(w, r, typed, err)
	case err != nil:
		return err
	}
	path, _ := base(r)
	http.Redirect(w, r, path+grantsPath+"#"+g.ID, http.StatusSeeOther)
	return nil
}

// copyRecord is where the code on an annotated copy leads to.
func (p *Pages) copyRecord(w http.ResponseWriter, r *http.Request) error {
	c, err := p.Service.CopyRecord(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	body := web.LicenseCopyPage{ID: c.ID, License: c.TypeCode, Receiver: c.Receiver, Maker: c.Maker, Purpose: purposeName(c.Purpose, locale), Grant: c.Grant, State: c.State, CreatedAt: c.CreatedAt, ExpiresAt: c.Expires}
	if t, ok := p.Service.Types().Find(c.TypeCode); ok {
		body.License = t.Name.In(locale)
	}
	return p.Page(w, r, http.StatusOK, "license-copy", web.Page{Body: body})
}
