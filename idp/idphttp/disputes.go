package idphttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

func recordURL(id string) string { return "/me/records/" + url.PathEscape(id) }

// recordPage is one line of the ledger with the question about it.
func (s *Server) recordPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.showRecord(w, r, current, nil)
}

func (s *Server) showRecord(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	one, err := s.Disputes.Release(r.Context(), current.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := s.Disputes.About(r.Context(), current.AccountID, one.ID)
	if err != nil {
		return err
	}
	body := web.RecordPage{Record: s.shownRecord(r, one), Action: recordURL(one.ID), State: string(d.State), Final: d.Final(), Raised: !d.RaisedAt.IsZero(), DueAt: d.DueAt, MayWrite: d.State == "" || s.Disputes.MayReply(d),
		MayClose: d.State != "" && d.State != idp.DisputeClosed, MayEscalate: s.Disputes.MayEscalate(d)}
	if d.State == idp.DisputeAnswered && d.AnsweredBy == idp.AuthorPlatform {
		body.State = "answered_platform"
	}
	for _, m := range d.Messages {
		body.Messages = append(body.Messages, web.DisputeMessage{Author: m.Author, Text: m.Text, At: m.At})
	}
	page, status := web.Page{Identity: s.Identity(r), Self: recordURL(one.ID)}, http.StatusOK
	body.Text = web.Typed(r).Get("text")
	if refusal != nil {
		body.Text = r.PostFormValue("text")
		page.Errors, status = s.Pages.FieldErrors(r, refusal, map[string]string{"text": "text"}), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	page.Body = body
	return s.Pages.Page(w, r, status, "record", page)
}

// recordAct asks, asks again, closes or escalates.
func (s *Server) recordAct(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	ctx, release := r.Context(), r.PathValue("id")
	d, err := s.Disputes.About(ctx, current.AccountID, release)
	if err != nil {
		return err
	}
	switch action := r.PostFormValue("action"); {
	case action == "ask" && d.State == "":
		_, err = s.Disputes.Open(ctx, current.AccountID, release, r.PostFormValue("text"))
	case action == "ask":
		_, err = s.Disputes.Reply(ctx, d, r.PostFormValue("text"))
	case action == "close":
		_, err = s.Disputes.Close(ctx, d)
	case action == "escalate":
		_, err = s.Disputes.Escalate(ctx, d)
	default:
		err = fault.New(fault.Malformed)
	}
	switch fault.CodeOf(err) {
	case fault.DisputeText, fault.DisputeState, fault.Conflict:
		return s.showRecord(w, r, current, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, recordURL(release))
}
