package adminhttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const membersURL = "/admin/staff"

// membersPart is the accounts of staff.
func (s *Server) membersPart() part {
	return part{
		local: true,
		api:   s.membersAPI,
		pages: map[string]pageFunc{"GET " + membersURL: s.membersPage, "GET " + membersURL + "/new": s.memberForm, "POST " + membersURL: s.memberMake, "GET " + membersURL + "/{id}": s.memberPage, "POST " + membersURL + "/{id}/{action}": s.memberAct,
			"GET " + membersURL + "/{id}/binding": s.memberBindForm, "POST " + membersURL + "/{id}/binding": s.memberBind,
			"GET " + membersURL + "/{id}/link": s.memberLinkForm, "POST " + membersURL + "/{id}/link": s.memberLink, "POST " + membersURL + "/{id}/links/{source}/removal": s.memberUnlink},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-staff", Label: s.Renderer.Text(r, "admin.staff"), Text: s.Renderer.Text(r, "admin.staff.text"), URL: membersURL}, nil
		},
	}
}

func memberURL(id string) string { return membersURL + "/" + url.PathEscape(id) }

func (s *Server) membersPage(w http.ResponseWriter, r *http.Request) error {
	text, query := func(key string) string { return s.Renderer.Text(r, key) }, r.URL.Query()
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	area, login, state := bounded(query.Get("area")), bounded(query.Get("login")), query.Get("state")
	wanted, unbound := state, state == "unbound"
	if state == "all" || unbound {
		wanted = ""
	}
	list, err := s.listMembers(r.Context(), area, login, wanted, unbound, after, pageSize)
	page := web.Page{Title: text("admin.staff")}
	shown := state
	if shown == "" {
		shown = "all"
	}
	body := web.AdminListPage{Intro: text("admin.staff.text"), SignInURL: s.signInAny(r), None: text("admin.staff.none"), NoneText: text("admin.staff.none.text"),
		Links: []web.Link{{Label: text("admin.rights"), URL: rightsURL}, {Label: text("admin.departments"), URL: departmentsURL}}, FilterURL: membersURL,
		Filter: []web.FormField{{Name: "login", Label: text("admin.staff.login"), Value: login, Optional: true, Max: 64}, {Name: "area", Label: text("admin.area"), Hint: text("admin.area.hint"), Value: area, Optional: true, Max: 12},
			{Name: "state", Label: text("admin.staff.state"), Kind: "select", Value: shown, Options: s.words(r, "admin.staff.state.", "all", "new", "active", "suspended", "closed", "unbound")}},
		Table: web.Table{Caption: text("admin.staff"), Columns: []web.Column{{Label: text("admin.staff.name")}, {Label: text("admin.staff.login")}, {Label: text("admin.staff.department")}}}}
	if anywhere(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.NewURL, body.NewLabel = membersURL+"/new", text("admin.staff.new")
	}
	if ok, err := s.asked(r, &page, err, map[string]string{"code": "area"}); err != nil {
		return err
	} else if ok {
		for _, one := range list.Body.Items {
			body.Table.Rows = append(body.Table.Rows, web.Row{URL: memberURL(one.ID), Cells: []string{one.Name, one.Login, orDash(one.Department)}, Status: "staff_" + one.State})
		}
		filter := url.Values{"area": {area}, "login": {login}, "state": {shown}}
		paged(r, &body.Table, membersURL+"?"+filter.Encode(), after, list.Body.Next)
	}
	page.Body = body
	return s.show(w, r, statusOf(err), "admin-list", page)
}

func (s *Server) memberForm(w http.ResponseWriter, r *http.Request) error {
	return s.showMemberForm(w, r, nil, nil)
}

func (s *Server) showMemberForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := anywhere(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminFormPage{Back: web.Link{Label: text("admin.staff"), URL: membersURL}, Name: text("admin.staff.new"), Advisory: text("admin.staff.advice"), SignInURL: s.signInAny(r), Action: membersURL, Submit: text("admin.staff.new"), Fields: s.personFields(r, typed)}
	page := web.Page{Title: text("admin.staff.new"), Self: membersURL + "/new"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, personErrors)
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

// memberProposal is a form on which a change of an account of staff is proposed.
type memberProposal struct {
	name, advice string
	address      func(id string) string
	errors       map[string]string // inputs by the words of a refusal
	fill         func(one MemberRecord, body *web.AdminFormPage)
}

// showMemberProposal shows such a form to whoever may propose it.
func (s *Server) showMemberProposal(w http.ResponseWriter, r *http.Request, refusal error, p memberProposal) error {
	one, err := s.member(r.Context(), r.PathValue("id"))
	if err == nil && !s.administers(r, one.ID) {
		err = fault.New(fault.Forbidden)
	}
	if err != nil {
		return err
	}
	body := web.AdminFormPage{Back: web.Link{Label: one.Name, URL: memberURL(one.ID)}, Name: p.name, Advisory: p.advice, SignInURL: s.signInAny(r), Action: p.address(one.ID), Submit: s.Renderer.Text(r, "admin.staff.propose")}
	p.fill(one, &body)
	page := web.Page{Title: p.name, Self: p.address(one.ID), Body: body}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, p.errors)
	}
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

// personErrors name the inputs of personFields.
var personErrors = map[string]string{"reason": inputReason, "login": "login", "name": "name", "department": "department", "number": "number"}

// personFields ask who somebody is and where; the login name comes first.
func (s *Server) personFields(r *http.Request, typed url.Values) []web.FormField {
	text, value := func(key string) string { return s.Renderer.Text(r, key) }, func(name string) string { return bounded(typed.Get(name)) }
	var kinds []web.Option
	for _, kind := range s.Accounts.Documents().Kinds() {
		kinds = append(kinds, web.Option{Value: kind.Kind, Label: kind.Name(s.Renderer.Locale(r))})
	}
	document := value("document")
	if document == "" {
		document = "citizen_id"
	}
	return []web.FormField{
		{Name: "login", Label: text("admin.staff.login"), Hint: text("admin.staff.login.hint"), Value: value("login"), Max: 64},
		{Name: "name", Label: text("admin.staff.name"), Value: value("name"), Max: 60},
		{Name: "department", Label: text("admin.staff.department"), Hint: text("admin.staff.department.hint"), Value: value("department"), Optional: true, Max: 64},
		{Name: "document", Label: text("admin.staff.document"), Kind: "select", Value: document, Options: kinds},
		{Name: "number", Label: text("admin.staff.number"), Hint: text("admin.staff.number.hint"), Max: 40},
		{Name: "nationality", Label: text("admin.staff.nationality"), Hint: text("admin.staff.nationality.hint"), Value: value("nationality"), Optional: true, Max: 3},
		{Name: inputReason, Label: text("action.reason"), Hint: text("admin.right.reason.hint"), Value: value(inputReason), Max: maxReason},
	}
}

func (s *Server) memberMake(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	made, err := s.makeMember(r.Context(), NewMember{Login: typed.Get("login"), Name: typed.Get("name"), Department: typed.Get("department"), Document: typed.Get("document"), Number: typed.Get("number"), Nationality: typed.Get("nationality")}, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showMemberForm(w, r, typed, err) }, memberURL(made.ID))
}

func (s *Server) memberPage(w http.ResponseWriter, r *http.Request) error {
	return s.showMember(w, r, nil, refused{})
}

// showMember is an account, with the code that was just given out, this once.
func (s *Server) showMember(w http.ResponseWriter, r *http.Request, code *EnrolmentCode, was refused) error {
	one, err := s.member(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, memberURL(one.ID)
	bound := text("admin.staff.bound.no")
	if one.Bound {
		bound = text("admin.staff.bound.yes")
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.staff"), URL: membersURL}, Name: one.Name, Under: one.Login, Status: "staff_" + one.State, SignInURL: s.signInAny(r),
		Facts:   []web.ShownField{{Label: text("admin.right.holder"), Value: "staff:" + one.ID}, {Label: text("admin.staff.department"), Value: orDash(one.Department)}, {Label: text("admin.staff.bound"), Value: bound}, {Label: text("admin.staff.made"), Value: one.MadeBy}},
		EditURL: rightsURL + "?" + url.Values{"holder": {"staff:" + one.ID}}.Encode(), EditLabel: text("admin.rights")}
	switch {
	case code != nil:
		body.Facts = append([]web.ShownField{{Label: text("admin.staff.code"), Value: code.Code}}, body.Facts...)
	case one.CodeUntil != nil:
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.staff.code"), Value: s.Renderer.Text(r, "admin.staff.code.waits", "at", when(*one.CodeUntil))})
	}
	if len(one.Sources) > 0 {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.staff.source"), Value: strings.Join(one.Sources, " ")})
	}
	if s.administers(r, one.ID) {
		if !one.Bound && one.State != string(staff.MemberClosed) {
			body.Links = append(body.Links, web.Link{Label: text("admin.staff.bind"), URL: bindURL(one.ID)})
		}
		if one.State == string(staff.MemberActive) && len(s.StaffSources.Sources()) > 0 {
			body.Links = append(body.Links, web.Link{Label: text("admin.staff.link"), URL: linkURL(one.ID)})
		}
		add := func(word string, danger bool) {
			body.Actions = append(body.Actions, web.StateAction{ID: "staff-" + word, Label: text("admin.staff." + word), URL: address + "/" + word, Effect: text("admin.staff." + word + ".effect"), Danger: danger})
		}
		switch staff.MemberState(one.State) {
		case staff.MemberNew:
			body.Actions = append(body.Actions, web.StateAction{ID: "staff-code", Label: text("admin.staff.code.issue"), URL: address + "/code", Effect: text("admin.staff.code.effect")})
		case staff.MemberActive:
			add("suspend", true)
			add("reset", true)
		case staff.MemberSuspended:
			add("resume", false)
			add("reset", true)
		}
		for _, source := range one.Sources {
			body.Actions = append(body.Actions, web.StateAction{ID: "staff-unlink-" + source, Label: s.Renderer.Text(r, "admin.staff.unlink", "source", source), URL: address + "/links/" + url.PathEscape(source) + "/removal"})
		}
		if one.State != string(staff.MemberClosed) {
			add("close", true)
		}
	}
	page := web.Page{Title: text("admin.staff"), Self: address}
	if code != nil {
		page.Notice = &web.Notice{Tone: "success", Title: text("admin.staff.code") + " " + code.Code, Text: s.Renderer.Text(r, "admin.staff.code.until", "at", when(code.Until))}
	}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// administers tells whether the buttons are shown; the service judges.
func (s *Server) administers(r *http.Request, id string) bool {
	m, err := s.Members.Member(r.Context(), id)
	return err == nil && reqctx.From(r.Context()).Actor.HasIn(idp.RoleSecurityAdmin, m.Path)
}

func (s *Server) memberAct(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, action := r.PathValue("id"), r.PathValue("action")
	if action == "code" {
		code, err := s.issueCode(r.Context(), id, typed.Get(inputReason))
		if err == nil {
			return s.showMember(w, r, &code, refused{})
		}
		if mendable(err) {
			return s.showMember(w, r, nil, refused{err, "staff-code", typed.Get(inputReason)})
		}
		return err
	}
	word, ok := map[string]string{"suspend": "suspension", "resume": "resumption", "reset": "reset", "close": "closure"}[action]
	if !ok {
		return fault.New(fault.NotFound)
	}
	_, err = s.changeMember(r.Context(), id, word, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error {
		return s.showMember(w, r, nil, refused{err, "staff-" + action, typed.Get(inputReason)})
	}, memberURL(id))
}
