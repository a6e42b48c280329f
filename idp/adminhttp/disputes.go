package adminhttp

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// DisputeRecord is a question of a person about what a client received.
type DisputeRecord struct {
	ID        string           `json:"id" doc:"Identifier"`
	ClientID  string           `json:"client_id" doc:"Client that received it"`
	ReleaseID string           `json:"release_id" doc:"Line of the person's ledger"`
	State     string           `json:"state" enum:"open,answered,closed,escalated" doc:"open waits for an answer; escalated for one of the platform"`
	OpenedAt  time.Time        `json:"opened_at" doc:"When it was asked"`
	DueAt     time.Time        `json:"due_at" doc:"When an answer is due"`
	Messages  []DisputeContent `json:"messages,omitempty" doc:"Not in lists"`
}

// DisputeContent is one message.
type DisputeContent struct {
	Author string    `json:"author" enum:"person,department" doc:"Who wrote it"`
	Text   string    `json:"text" doc:"What was written"`
	At     time.Time `json:"at" doc:"When"`
}

// PathDispute names a dispute.
type PathDispute struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the dispute"`
}

const tagDisputes = "disputes"

func disputeRecord(d idp.Dispute) DisputeRecord {
	r := DisputeRecord{ID: d.ID, ClientID: d.ClientID, ReleaseID: d.ReleaseID, State: string(d.State), OpenedAt: d.OpenedAt, DueAt: d.DueAt}
	for _, m := range d.Messages {
		r.Messages = append(r.Messages, DisputeContent{m.Author, m.Text, m.At})
	}
	return r
}

// disputesPart is what people ask about the use of their data.
func (s *Server) disputesPart() part {
	return part{
		api:   s.disputesAPI,
		pages: map[string]pageFunc{"GET /admin/disputes": s.disputesPage, "GET /admin/disputes/{id}": s.disputePage, "POST /admin/disputes/{id}/answer": s.disputeAnswer},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-disputes", "admin.disputes", "admin.disputes.text", "/admin/disputes"), nil
		},
	}
}

func (s *Server) disputesAPI(api huma.API) {
	huma.Register(api, operation(tagDisputes, "list-disputes", get, "disputes", "使用疑问列表 List questions of people about the use of their data", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State string `query:"state" enum:"open,answered,closed,escalated" doc:"Only those in this state"`
	}) (*listing[DisputeRecord], error) {
		records, next, err := s.listDisputes(ctx, in.State, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagDisputes, "get-dispute", get, "disputes/{id}", "使用疑问详情 One question with its messages", http.StatusOK), func(ctx context.Context, in *PathDispute) (*tagged[DisputeRecord], error) {
		return answer(s.dispute(ctx, in.ID))
	})
	huma.Register(api, operation(tagDisputes, "answer-dispute", post, "disputes/{id}/answer", "答复疑问 Answer the person; the text is what the person reads", http.StatusOK), func(ctx context.Context, in *struct {
		PathDispute
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"1000" doc:"Answer, as the person reads it"`
		}
	}) (*tagged[DisputeRecord], error) {
		return answer(s.answerDispute(ctx, in.ID, in.Body.Text))
	})
}

func (s *Server) listDisputes(ctx context.Context, state, after string, limit int) (records []DisputeRecord, next string, err error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, "", err
	}
	page, next, err := s.Disputes.Page(ctx, idp.DisputeQuery{State: idp.DisputeState(state), Limit: limit}, after)
	for _, d := range page {
		records = append(records, disputeRecord(d))
	}
	return records, next, err
}

func (s *Server) dispute(ctx context.Context, id string) (DisputeRecord, error) {
	if err := holds(ctx, watchers...); err != nil {
		return DisputeRecord{}, err
	}
	d, err := s.Disputes.Get(ctx, id)
	return disputeRecord(d), err
}

func (s *Server) answerDispute(ctx context.Context, id, text string) (DisputeRecord, error) {
	if err := s.changer(ctx, idp.RoleSecurityAdmin); err != nil {
		return DisputeRecord{}, err
	}
	if _, err := s.Disputes.Answer(ctx, id, text); err != nil {
		return DisputeRecord{}, err
	}
	return s.dispute(ctx, id)
}

func disputeURL(id string) string { return "/admin/disputes/" + url.PathEscape(id) }

func (s *Server) disputesPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after := r.URL.Query().Get("after")
	page, next, err := s.listDisputes(r.Context(), "", after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.disputes.text"), None: text("admin.disputes.none"), NoneText: text("admin.disputes.none.text"),
		Table: web.Table{Caption: text("admin.disputes"), Columns: []web.Column{{Label: text("admin.dispute.opened")}, {Label: text("admin.client.name")}, {Label: text("admin.dispute.due")}}}}
	for _, d := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: disputeURL(d.ID), Cells: []string{when(d.OpenedAt), s.PartyName(d.ClientID), when(d.DueAt)}, Status: "dispute_" + d.State})
	}
	paged(&body.Table, "/admin/disputes", after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.disputes"), Body: body})
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
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.disputes"), URL: "/admin/disputes"}, Name: s.PartyName(d.ClientID), Under: d.ID, Status: "dispute_" + d.State,
		SignInURL: s.signInURL(r, idp.RoleSecurityAdmin), Facts: []web.ShownField{{Label: text("admin.dispute.opened"), Value: when(d.OpenedAt)}, {Label: text("admin.dispute.due"), Value: when(d.DueAt)}}}
	messages := web.AdminSection{ID: "dispute-messages", Title: text("admin.dispute.messages")}
	for _, m := range d.Messages {
		messages.Facts = append(messages.Facts, web.ShownField{Label: text("admin.dispute.author."+m.Author) + " · " + when(m.At), Value: m.Text})
	}
	body.Sections = []web.AdminSection{messages}
	if holds(r.Context(), idp.RoleSecurityAdmin) == nil && (d.State == string(idp.DisputeOpen) || d.State == string(idp.DisputeEscalated)) {
		body.Actions = []web.StateAction{{ID: "dispute-answer", Label: text("admin.dispute.answer"), URL: disputeURL(d.ID) + "/answer", Effect: text("admin.dispute.answer.effect")}}
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
	_, err = s.answerDispute(r.Context(), id, typed.Get("reason"))
	if fault.CodeOf(err) == fault.DisputeText {
		err = fault.New(fault.DisputeText).WithField("reason", fault.DisputeText)
	}
	return settled(w, r, err, func(err error) error { return s.showDispute(w, r, refused{err, "dispute-answer", typed.Get("reason")}) }, disputeURL(id))
}
