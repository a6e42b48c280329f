package adminhttp

import (
	"net/http"
	"net/url"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	rightsURL      = "/admin/rights"
	areasURL       = "/admin/areas"
	departmentsURL = "/admin/departments"
)

// staffPart is who may do what and where.
func (s *Server) staffPart() part {
	return part{
		local: true,
		api:   s.staffAPI,
		pages: map[string]pageFunc{"GET /admin/rights": s.rightsPage, "GET /admin/rights/new": s.rightForm, "POST /admin/rights": s.rightPropose, "GET /admin/rights/{id}": s.rightPage, "POST /admin/rights/{id}/end": s.rightEnd,
			"GET /admin/areas": s.areasPage, "GET /admin/departments": s.departmentsPage},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-rights", Label: s.Renderer.Text(r, "admin.rights"), Text: s.Renderer.Text(r, "admin.rights.text"), URL: rightsURL}, nil
		},
	}
}

func rightURL(id string) string { return rightsURL + "/" + url.PathEscape(id) }

func (s *Server) rightsPage(w http.ResponseWriter, r *http.Request) error {
	text, query := func(key string) string { return s.Renderer.Text(r, key) }, r.URL.Query()
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	area, holder, state := bounded(query.Get("area")), bounded(query.Get("holder")), query.Get("state")
	if state != "all" {
		state = "live"
	}
	list, err := s.listRights(r.Context(), area, holder, state == "live", after, pageSize)
	page := web.Page{Title: text("admin.rights")}
	body := web.AdminListPage{Intro: text("admin.rights.text"), SignInURL: s.signInAny(r), None: text("admin.rights.none"), NoneText: text("admin.rights.none.text"),
		Links: []web.Link{{Label: text("admin.areas"), URL: areasURL}, {Label: text("admin.departments"), URL: departmentsURL}}, FilterURL: rightsURL,
		Filter: []web.FormField{{Name: "area", Label: text("admin.area"), Hint: text("admin.area.hint"), Value: area, Optional: true, Max: 12}, {Name: "holder", Label: text("admin.right.holder"), Value: holder, Optional: true, Max: 80},
			{Name: "state", Label: text("admin.right.state"), Kind: "select", Value: state, Options: s.words(r, "admin.right.state.", "live", "all")}},
		Table: web.Table{Caption: text("admin.rights"), Columns: []web.Column{{Label: text("admin.right.holder")}, {Label: text("admin.right.role")}, {Label: text("admin.area")}, {Label: text("admin.right.until")}}}}
	if anywhere(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.NewURL, body.NewLabel = rightsURL+"/new", text("admin.right.new")
	}
	if ok, err := s.asked(r, &page, err, map[string]string{"code": "area"}); err != nil {
		return err
	} else if ok {
		for _, one := range list.Body.Items {
			name, err := s.areaName(r, one.Area)
			if err != nil {
				return err
			}
			body.Table.Rows = append(body.Table.Rows, web.Row{URL: rightURL(one.ID), Cells: []string{one.Holder, text("role." + one.Role), name, untilText(one.Until)}, Status: "right_" + one.State})
		}
		filter := url.Values{"area": {area}, "holder": {holder}, "state": {state}}
		paged(r, &body.Table, rightsURL+"?"+filter.Encode(), after, list.Body.Next)
	}
	page.Body = body
	return s.show(w, r, statusOf(err), "admin-list", page)
}

// untilText is the last day of a right, as it was entered.
func untilText(until *time.Time) string {
	if until == nil {
		return "—"
	}
	return until.Add(-time.Second).In(chinaTime).Format(time.DateOnly)
}

func (s *Server) rightForm(w http.ResponseWriter, r *http.Request) error {
	return s.showRightForm(w, r, r.URL.Query(), nil)
}

func (s *Server) showRightForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := anywhere(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	text, value := func(key string) string { return s.Renderer.Text(r, key) }, func(name string) string { return bounded(typed.Get(name)) }
	body := web.AdminFormPage{Back: web.Link{Label: text("admin.rights"), URL: rightsURL}, Name: text("admin.right.new"), Advisory: text("admin.right.advice"), SignInURL: s.signInAny(r), Action: rightsURL, Submit: text("admin.right.propose"),
		Fields: []web.FormField{
			{Name: "holder", Label: text("admin.right.holder"), Hint: text("admin.right.holder.hint"), Value: value("holder"), Max: 80},
			{Name: "role", Label: text("admin.right.role"), Kind: "select", Value: value("role"), Options: s.words(r, "role.", staff.Appointable()...)},
			{Name: "area", Label: text("admin.area"), Hint: text("admin.right.area.hint"), Value: value("area"), Optional: true, Max: 12},
			{Name: "until", Label: text("admin.right.until"), Hint: text("admin.right.until.hint"), Value: value("until"), Max: 10},
			{Name: inputReason, Label: text("action.reason"), Hint: text("admin.right.reason.hint"), Value: value(inputReason), Max: maxReason},
		}}
	page := web.Page{Title: text("admin.right.new"), Self: rightsURL + "/new"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason, "role": "role", "code": "area", "until": "until"})
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) rightPropose(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	// The day is the last one, in China. One that cannot be read is the zero time, which the service refuses.
	until, _ := time.ParseInLocation(time.DateOnly, typed.Get("until"), chinaTime)
	if !until.IsZero() {
		until = until.AddDate(0, 0, 1)
	}
	item, err := s.proposeRight(r.Context(), WantedRight{Holder: typed.Get("holder"), Role: typed.Get("role"), Area: typed.Get("area"), Until: until}, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showRightForm(w, r, typed, err) }, inboxItemURL(item.ID))
}

func (s *Server) rightPage(w http.ResponseWriter, r *http.Request) error {
	return s.showRight(w, r, refused{})
}

func (s *Server) showRight(w http.ResponseWriter, r *http.Request, was refused) error {
	one, err := s.right(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, rightURL(one.ID)
	area, err := s.areaName(r, one.Area)
	if err != nil {
		return err
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.rights"), URL: rightsURL}, Name: text("role." + one.Role), Under: one.Holder, Status: "right_" + one.State, SignInURL: s.signInAny(r),
		Facts: []web.ShownField{{Label: text("admin.area"), Value: area}, {Label: text("admin.right.from"), Value: when(one.From)}, {Label: text("admin.right.until"), Value: untilText(one.Until)},
			{Label: text("admin.right.granted"), Value: one.GrantedBy}, {Label: text("action.reason"), Value: orDash(one.Reason)}}}
	if one.EndedAt != nil {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.right.ended"), Value: when(*one.EndedAt) + " · " + one.EndedBy})
	}
	if one.Proposal != "" {
		body.EditURL, body.EditLabel = inboxItemURL(one.Proposal), text("admin.right.proposal")
	}
	if one.State == "active" && s.endable(r, one) {
		body.Actions = []web.StateAction{{ID: "right-end", Label: text("admin.right.end"), URL: address + "/end", Effect: text("admin.right.end.effect"), Danger: true}}
	}
	page := web.Page{Title: text("admin.rights"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// endable tells whether the button is shown; the service judges.
func (s *Server) endable(r *http.Request, one RightRecord) bool {
	if one.Area == "" {
		return reqctx.From(r.Context()).Actor.HasIn(idp.RoleSecurityAdmin, "")
	}
	area, err := s.Staff.Area(r.Context(), one.Area)
	return err == nil && reqctx.From(r.Context()).Actor.HasIn(idp.RoleSecurityAdmin, area.Path)
}

func (s *Server) rightEnd(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err = s.endRight(r.Context(), id, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showRight(w, r, refused{err, "right-end", typed.Get(inputReason)}) }, rightURL(id))
}

func (s *Server) areasPage(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	text, parent := func(key string) string { return s.Renderer.Text(r, key) }, bounded(r.URL.Query().Get("parent"))
	list, err := s.listAreas(r.Context(), parent, after, pageSize)
	if fault.CodeOf(err) == fault.AreaUnknown || fault.CodeOf(err) == fault.Invalid {
		err = fault.Wrap(err, fault.NotFound)
	}
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.areas.text"), None: text("admin.areas.none"), NoneText: text("admin.areas.none.text"),
		Table: web.Table{Caption: text("admin.areas"), Columns: []web.Column{{Label: text("admin.area.name")}, {Label: text("admin.area.code")}, {Label: text("admin.area.level")}}}}
	if parent != "" {
		name, err := s.areaName(r, parent)
		if err != nil {
			return err
		}
		above, err := s.Staff.Area(r.Context(), parent)
		if err != nil {
			return err
		}
		body.Intro = name
		body.Links = []web.Link{{Label: text("admin.area.above"), URL: areasURL + "?" + url.Values{"parent": {above.Parent}}.Encode()}, {Label: text("admin.departments"), URL: departmentsURL + "?" + url.Values{"area": {above.Code}}.Encode()},
			{Label: text("admin.rights"), URL: rightsURL + "?" + url.Values{"area": {above.Code}}.Encode()}}
	}
	for _, a := range list.Body.Items {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: areasURL + "?" + url.Values{"parent": {a.Code}}.Encode(), Cells: []string{a.Name, a.Code, text("admin.area.level." + string(rune('0'+a.Level)))}})
	}
	paged(r, &body.Table, areasURL+"?"+url.Values{"parent": {parent}}.Encode(), after, list.Body.Next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.areas"), Body: body})
}

func (s *Server) departmentsPage(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	text, area := func(key string) string { return s.Renderer.Text(r, key) }, bounded(r.URL.Query().Get("area"))
	list, err := s.listDepartments(r.Context(), area, after, pageSize)
	page := web.Page{Title: text("admin.departments")}
	body := web.AdminListPage{Intro: text("admin.departments.text"), None: text("admin.departments.none"), NoneText: text("admin.areas.none.text"), FilterURL: departmentsURL,
		Filter: []web.FormField{{Name: "area", Label: text("admin.area"), Hint: text("admin.area.hint"), Value: area, Optional: true, Max: 12}},
		Table:  web.Table{Caption: text("admin.departments"), Plain: true, Columns: []web.Column{{Label: text("admin.department.name")}, {Label: text("admin.department.id")}, {Label: text("admin.area")}}}}
	if ok, err := s.asked(r, &page, err, map[string]string{"code": "area"}); err != nil {
		return err
	} else if ok {
		for _, d := range list.Body.Items {
			name, err := s.areaName(r, d.Area)
			if err != nil {
				return err
			}
			body.Table.Rows = append(body.Table.Rows, web.Row{Cells: []string{d.Name, d.ID, name}})
		}
		paged(r, &body.Table, departmentsURL+"?"+url.Values{"area": {area}}.Encode(), after, list.Body.Next)
	}
	page.Body = body
	return s.show(w, r, statusOf(err), "admin-list", page)
}
