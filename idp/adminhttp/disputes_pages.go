package adminhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	disputesURL    = "/admin/disputes"
	maxDisputeText = 1000 // characters
	dueOverdue     = "overdue"
)

func disputeURL(id string) string { return disputesURL + "/" + url.PathEscape(id) }

// disputesPart is what people ask about the use of their data: all of it for the platform, and of a department its own.
func (s *Server) disputesPart() part {
	return part{
		local: true,
		api:   s.disputesAPI,
		pages: map[string]pageFunc{"GET /admin/disputes": s.disputesPage, "GET /admin/disputes/{id}": s.disputePage, "POST /admin/disputes/{id}/answer": s.disputeAnswer,
			"GET /admin/disputes/{id}/correction": s.disputeCorrection, "POST /admin/disputes/{id}/correction": s.disputeCorrect},
		place: func(r *http.Request) (web.AdminPlace, error) {
			if _, _, err := s.desk(r.Context(), watchers...); err != nil {
				if code := fault.CodeOf(err); code == fault.Forbidden || code == fault.NotFound {
					err = nil
				}
				return web.AdminPlace{}, err
			}
			n, err := s.WaitingDisputes(r.Context(), pageSize)
			return web.AdminPlace{ID: "admin-disputes", Label: s.Renderer.Text(r, "admin.disputes"), Text: s.Renderer.Text(r, "admin.disputes.text"), URL: disputesURL, Waiting: n.Overdue + n.Escalated}, err
		},
	}
}

func (s *Server) disputesPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	query := r.URL.Query()
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state, due := query.Get("state"), query.Get("due")
	if !slices.Contains(idp.DisputeStates, idp.DisputeState(state)) {
		state = ""
	}
	if due != dueOverdue {
		due = ""
	}
	page, next, err := s.listDisputes(r.Context(), state, due != "", after, pageSize)
	if err != nil {
		return err
	}
	states := []web.Option{{Label: text("admin.dispute.state.all")}}
	for _, one := range idp.DisputeStates {
		states = append(states, web.Option{Value: string(one), Label: text("status.dispute_" + string(one))})
	}
	body := web.AdminListPage{Intro: text("admin.disputes.text"), None: text("admin.disputes.none"), NoneText: text("admin.disputes.none.text"), FilterURL: disputesURL,
		Filter: []web.FormField{{Name: "state", Label: text("admin.dispute.state"), Kind: web.InputSelect, Value: state, Options: states},
			{Name: "due", Label: text("admin.dispute.due"), Kind: web.InputSelect, Value: due, Options: []web.Option{{Label: text("admin.dispute.due.all")}, {Value: dueOverdue, Label: text("admin.dispute.due.overdue")}}}},
		Table: web.Table{Caption: text("admin.disputes"), Columns: []web.Column{{Label: text("admin.dispute.opened")}, {Label: text("admin.client.name")}, {Label: text("admin.client.department")}, {Label: text("admin.dispute.due")}}}}
	for _, d := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: disputeURL(d.ID), Cells: []string{when(d.OpenedAt), s.PartyName(d.ClientID), orDash(d.Department), s.dueText(r, d)}, Status: "dispute_" + d.State})
	}
	paged(r, &body.Table, disputesURL+"?"+url.Values{"state": {state}, "due": {due}}.Encode(), after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.disputes"), Body: body})
}

// dueText is when an answer is due, in words where it should have come; a dash where none is waited for.
func (s *Server) dueText(r *http.Request, d DisputeRecord) string {
	switch {
	case d.Overdue:
		return s.Renderer.Text(r, "admin.dispute.overdue", "at", when(d.DueAt), "n", strconv.Itoa(int(s.Now().Sub(d.DueAt).Hours()/24)+1))
	case d.is.Waits():
		return when(d.DueAt)
	}
	return "—"
}

func (s *Server) disputePage(w http.ResponseWriter, r *http.Request) error {
	return s.showDispute(w, r, refused{})
}

func (s *Server) showDispute(w http.ResponseWriter, r *http.Request, was refused) error {
	d, err := s.dispute(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.disputes"), URL: disputesURL}, Name: s.PartyName(d.ClientID), Under: d.ID, Status: "dispute_" + d.State, SignInURL: s.signInAny(r),
		Facts: []web.ShownField{{Label: text("admin.client.department"), Value: orDash(d.Department)}, {Label: text("admin.dispute.opened"), Value: when(d.OpenedAt)}, {Label: text("admin.dispute.due"), Value: s.dueText(r, d)}}}
	if d.AnsweredBy != "" {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.dispute.answered_by"), Value: text("admin.dispute.author." + d.AnsweredBy)})
	}
	if d.EscalatedAt != nil {
		how := "admin.dispute.escalated.person"
		if d.Raised {
			how = "admin.dispute.escalated.overdue"
		}
		body.Facts = append(body.Facts, web.ShownField{Label: text(how), Value: when(*d.EscalatedAt)})
	}
	if d.CorrectedAt != nil {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.dispute.corrected"), Value: when(*d.CorrectedAt)})
	}
	if one := d.Release; one != nil {
		body.Sections = append(body.Sections, web.AdminSection{ID: "dispute-release", Title: text("admin.dispute.release"), Facts: []web.ShownField{{Label: text("admin.client.name"), Value: orDash(one.Application)},
			{Label: text("records.first"), Value: when(one.First)}, {Label: text("records.claims"), Value: orDash(strings.Join(one.Claims, " "))}, {Label: text("records.purpose"), Value: orDash(one.Purpose)}}})
	}
	messages := web.AdminSection{ID: "dispute-messages", Title: text("admin.dispute.messages")}
	for _, m := range d.Messages {
		messages.Facts = append(messages.Facts, web.ShownField{Label: text("admin.dispute.author."+m.Author) + " · " + when(m.At), Value: m.Text})
	}
	body.Sections = append(body.Sections, messages)
	if _, _, err := s.desk(r.Context(), idp.RoleSecurityAdmin); err == nil {
		if d.desk.MayAnswer(d.is) {
			body.Actions = []web.StateAction{{ID: "dispute-answer", Label: text("admin.dispute.answer"), URL: disputeURL(d.ID) + "/answer", Effect: text("admin.dispute.answer.effect"), Max: maxDisputeText, Text: text("admin.dispute.answer.text")}}
		}
		if d.desk.MayCorrect(d.is) {
			body.Links = []web.Link{{Label: text("admin.dispute.correction"), URL: disputeURL(d.ID) + "/correction"}}
		}
	}
	page := web.Page{Title: text("admin.disputes"), Self: disputeURL(d.ID)}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// disputeAnswer takes the answer from the one text that a form of administration has.
func (s *Server) disputeAnswer(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err = s.answerDispute(r.Context(), id, typed.Get(inputReason))
	if fault.CodeOf(err) == fault.DisputeText {
		err = fault.New(fault.DisputeText).WithField("reason", fault.DisputeText)
	}
	return settled(w, r, err, func(err error) error {
		return s.showDispute(w, r, refused{err, "dispute-answer", typed.Get(inputReason)})
	}, disputeURL(id))
}

func (s *Server) disputeCorrection(w http.ResponseWriter, r *http.Request) error {
	return s.showCorrectionOfDispute(w, r, url.Values{}, nil)
}

// showCorrectionOfDispute is the form by which the platform steps in after an answer of a department.
func (s *Server) showCorrectionOfDispute(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := holds(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	d, err := s.dispute(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if refusal == nil && !d.desk.MayCorrect(d.is) {
		return fault.New(fault.DisputeState)
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminFormPage{Back: web.Link{Label: d.ID, URL: disputeURL(d.ID)}, Name: text("admin.dispute.correction"), Advisory: text("admin.dispute.correction.text"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Action: disputeURL(d.ID) + "/correction", Submit: text("admin.dispute.correction.submit"), Fields: []web.FormField{
			{Name: "kind", Label: text("admin.dispute.act"), Kind: web.InputSelect, Value: bounded(typed.Get("kind")), Options: s.words(r, "admin.dispute.act.", disputeSendBack, disputeCorrect)},
			{Name: "text", Label: text("admin.dispute.correction.words"), Kind: web.InputLongText, Value: bounded(typed.Get("text")), Max: maxDisputeText},
			{Name: inputReason, Label: text("action.reason"), Hint: text("admin.correction.reason.hint"), Value: bounded(typed.Get(inputReason)), Max: maxReason}}}
	page := web.Page{Title: text("admin.dispute.correction"), Self: disputeURL(d.ID) + "/correction"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason, "text": "text"})
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) disputeCorrect(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err = s.correctDispute(r.Context(), id, typed.Get("kind"), typed.Get("text"), typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showCorrectionOfDispute(w, r, typed, err) }, disputeURL(id))
}
