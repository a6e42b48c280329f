package adminhttp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// formMembers are what people change on the page; the rest is changed by the API or a file.
var formMembers = []string{"client_name", "department", "purpose", "redirect_uris", "post_logout_redirect_uris", "scope", "max_ial", "statutory_basis", "preferred_upstream", "profile", idp.ClaimRecipients}

func sortedNames(members map[string]any) []string { return slices.Sorted(maps.Keys(members)) }

// typedOf is a definition as the inputs of the form show it.
func typedOf(d ClientDefinition) url.Values {
	typed := url.Values{"client_name": {d.ClientName}, "department": {d.Department}, "purpose": {d.Purpose}, "redirect_uris": {strings.Join(d.RedirectURIs, "\n")}, "post_logout_redirect_uris": {strings.Join(d.PostLogoutRedirectURIs, "\n")},
		"scope": {d.Scope}, "max_ial": {strconv.Itoa(d.MaxIAL)}, "statutory_basis": {d.StatutoryBasis}, "preferred_upstream": {d.PreferredUpstream}, "profile": {profileText(d.Profile)}}
	putRows(typed, d.Recipients)
	return typed
}

// take lays what was typed over a definition; members that the form does not show stay.
func (d *ClientDefinition) take(typed url.Values) (err error) {
	d.ClientName, d.Department, d.Purpose = strings.TrimSpace(typed.Get("client_name")), strings.TrimSpace(typed.Get("department")), strings.TrimSpace(typed.Get("purpose"))
	d.RedirectURIs, d.PostLogoutRedirectURIs = strings.Fields(typed.Get("redirect_uris")), strings.Fields(typed.Get("post_logout_redirect_uris"))
	d.Scope, d.StatutoryBasis = strings.Join(strings.Fields(typed.Get("scope")), " "), strings.TrimSpace(typed.Get("statutory_basis"))
	d.PreferredUpstream = strings.TrimSpace(typed.Get("preferred_upstream"))
	if profile := typed.Get("profile"); profile != profileText(d.Profile) {
		d.Profile = profile
	}
	if d.MaxIAL, err = strconv.Atoi(typed.Get("max_ial")); err != nil || d.MaxIAL < 0 || d.MaxIAL > 4 {
		return fault.New(fault.ClientMetadata, "field", "max_ial", "why", "0 to 4")
	}
	return d.takeRecipients(typed)
}

func (s *Server) clientNew(w http.ResponseWriter, r *http.Request) error {
	return s.showClientForm(w, r, "", "", typedOf(ClientDefinition{}), nil)
}

func (s *Server) clientEdit(w http.ResponseWriter, r *http.Request) error {
	c, _, err := s.client(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showClientForm(w, r, c.ClientID, etag(c), typedOf(c.Definition), nil)
}

func (s *Server) showClientForm(w http.ResponseWriter, r *http.Request, id, version string, typed url.Values, refusal error) error {
	if err := anywhere(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminFormPage{Back: web.Link{Label: text("admin.clients"), URL: "/admin/clients"}, Name: text("admin.client.new"), Advisory: text("admin.client.new.text"), Action: "/admin/clients/new", Submit: text("admin.save"), SignInURL: s.signInAny(r)}
	if id != "" {
		body.Back, body.Name, body.Advisory, body.Action = web.Link{Label: id, URL: clientURL(id)}, text("admin.edit"), text("admin.client.edit.text"), clientURL(id)+"/edit"
		body.Hidden = []web.Hidden{{Name: "version", Value: version}}
	} else {
		body.Fields = append(body.Fields, web.FormField{Name: "client_id", Label: text("admin.client.id"), Hint: text("admin.client.id.hint"), Value: bounded(typed.Get("client_id")), Max: 128})
	}
	var levels, profiles []web.Option
	for level := range 5 {
		levels = append(levels, web.Option{Value: strconv.Itoa(level), Label: ialText(level, text("admin.client.max_ial.any"))})
	}
	for _, profile := range []string{idp.ProfileDefault, idp.ProfileFAPI2, idp.ProfileFAPI2MS} {
		profiles = append(profiles, web.Option{Value: profile, Label: profile})
	}
	for _, f := range []web.FormField{
		{Name: "client_name", Label: text("admin.client.name"), Max: 60}, {Name: "department", Label: text("admin.client.department"), Max: 200, Optional: true}, {Name: "purpose", Label: text("admin.client.purpose"), Max: 500, Optional: true},
		{Name: "redirect_uris", Label: text("admin.client.redirects"), Hint: text("admin.client.lines"), Kind: web.InputLongText, Optional: true, Max: 4096}, {Name: "post_logout_redirect_uris", Label: text("admin.client.after_logout"), Hint: text("admin.client.lines"), Kind: web.InputLongText, Optional: true, Max: 4096},
		{Name: "scope", Label: text("admin.scopes"), Max: 1000, Optional: true}, {Name: "max_ial", Label: text("admin.client.max_ial"), Kind: web.InputSelect, Options: levels},
		{Name: "statutory_basis", Label: text("admin.client.basis"), Max: 500, Optional: true}, {Name: "preferred_upstream", Label: text("admin.client.upstream"), Hint: text("admin.client.upstream.hint"), Max: 64, Optional: true}, {Name: "profile", Label: text("admin.client.profile"), Kind: web.InputSelect, Options: profiles}, {Name: inputReason, Label: text("action.reason"), Max: maxReason},
	} {
		f.Value = bounded(typed.Get(f.Name))
		body.Fields = append(body.Fields, f)
	}
	last := len(body.Fields) - 1 // the reason stands below the rows
	body.Fields, body.Closing = body.Fields[:last], body.Fields[last:]
	open := keptRows(r, typed)
	rows, err := s.recipientFields(r, typed)
	if err != nil {
		return err
	}
	rows.Open = rows.Open || open || typed.Has(rows.MoreName())
	body.Rows = rows
	if n := rowCount(typed); n > 0 {
		body.Hidden = append(body.Hidden, web.Hidden{Name: inputRows, Value: strconv.Itoa(n)})
	}
	page := web.Page{Title: body.Name, Self: body.Action}
	if refusal != nil {
		_, inputs, _ := typedRecipients(typed)
		inputs["reason"], inputs["department"] = inputReason, "department"
		page.Errors = s.rowErrors(r, s.Renderer.FieldErrors(r, refusal, inputs))
		rows.Open = rows.Open || slices.ContainsFunc(page.Errors, func(e web.FieldError) bool { return e.Field == rows.ID })
		f := fault.From(refusal)
		if field := f.Params["field"]; len(f.Fields) == 0 && f.Code == fault.ClientMetadata && (slices.Contains(formMembers, field) || field == "client_id") {
			page.Errors[0].Field = field
		}
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) clientCreate(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	if typed.Has(web.FormRows{ID: rowsID}.MoreName()) {
		return s.showClientForm(w, r, "", "", moreRows(typed), nil)
	}
	var d ClientDefinition
	var made ClientOutcome
	if err = d.take(typed); err == nil {
		made, err = s.createClient(r.Context(), typed.Get("client_id"), d, typed.Get(inputReason))
	}
	if mendable(err) {
		return s.showClientForm(w, r, "", "", typed, err)
	}
	if err != nil {
		return err
	}
	return s.showSecret(w, r, made)
}

func (s *Server) clientChange(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	c, _, err := s.client(r.Context(), id)
	if err != nil {
		return err
	}
	if typed.Has(web.FormRows{ID: rowsID}.MoreName()) {
		return s.showClientForm(w, r, id, typed.Get("version"), moreRows(typed), nil)
	}
	var made ClientOutcome
	if err = c.Definition.take(typed); err == nil {
		made, err = s.putClient(r.Context(), id, typed.Get("version"), c.Definition, typed.Get(inputReason))
	}
	return settled(w, r, err, func(err error) error { return s.showClientForm(w, r, id, typed.Get("version"), typed, err) }, made.url(id))
}

// url is where a change of a client leads on: to the proposal that waits, or to the client.
func (r ClientOutcome) url(id string) string {
	if r.Proposal != "" {
		return inboxItemURL(r.Proposal)
	}
	return clientURL(id)
}

// showSecret shows a secret once: it stands in this answer alone, which no cache keeps.
func (s *Server) showSecret(w http.ResponseWriter, r *http.Request, made ClientOutcome) error {
	if made.Secret == "" {
		return see(w, r, made.url(made.ClientID))
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: made.ClientID, URL: clientURL(made.ClientID)}, Name: text("admin.client.secret.new"), Under: text("admin.client.secret.once"),
		Facts: []web.ShownField{{Label: text("admin.client.id"), Value: made.ClientID}, {Label: text("admin.secret"), Value: made.Secret}}}
	page := web.Page{Title: text("admin.clients"), Self: clientURL(made.ClientID)}
	if made.Proposal != "" {
		body.EditURL, body.EditLabel = made.url(made.ClientID), text("admin.client.proposal")
		if made.State == stateProposed {
			body.Back = web.Link{Label: text("admin.clients"), URL: "/admin/clients"}
		}
		page.Notice = &web.Notice{Tone: "info", Title: text("admin.client.waits"), Text: text("admin.client.waits.secret")}
	}
	page.Body = body
	w.Header().Set("Cache-Control", "no-store")
	return s.show(w, r, http.StatusOK, "admin-detail", page)
}

func (s *Server) secretPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSecretForm(w, r, url.Values{"overlap_hours": {"24"}}, nil)
}

func (s *Server) showSecretForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := anywhere(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	text, id := func(key string) string { return s.Renderer.Text(r, key) }, r.PathValue("id")
	if _, _, err := s.client(r.Context(), id); err != nil {
		return err
	}
	var hours []web.Option
	for _, n := range []int{0, 1, 4, 12, int(idp.MaxOverlap / time.Hour)} {
		hours = append(hours, web.Option{Value: strconv.Itoa(n), Label: strconv.Itoa(n)})
	}
	page := web.Page{Title: text("admin.client.secret.rotate"), Self: clientURL(id) + "/secret", Body: web.AdminFormPage{Back: web.Link{Label: id, URL: clientURL(id)}, Name: text("admin.client.secret.rotate"), Advisory: text("admin.client.secret.text"), Action: clientURL(id) + "/secret",
		SignInURL: s.signInAny(r), Submit: text("admin.client.secret.rotate"), Danger: true, Fields: []web.FormField{{Name: "overlap_hours", Label: text("admin.client.secret.hours"), Kind: web.InputSelect, Options: hours, Value: typed.Get("overlap_hours")},
			{Name: inputReason, Label: text("action.reason"), Value: bounded(typed.Get(inputReason)), Max: maxReason}}}}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason})
	}
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) secretRotate(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(typed.Get("overlap_hours"))
	if err != nil || hours < 0 || hours > 24 {
		hours = -1
	}
	made, err := s.rotateSecret(r.Context(), r.PathValue("id"), hours, typed.Get(inputReason))
	if mendable(err) {
		return s.showSecretForm(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	return s.showSecret(w, r, made)
}
