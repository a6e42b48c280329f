package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const relativesPath = "/me/relatives"

// relativePages are where people declare relatives, confirm it and take it back.
func (s *Server) relativePages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET "+relativesPath, s.relativesPage)
	page("POST "+relativesPath, s.relativeDeclare)
	page("POST "+relativesPath+"/{id}/confirmation", s.relativeConfirm)
	page("POST "+relativesPath+"/{id}/end", s.relativeEnd)
}

func (s *Server) relativesPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.showRelatives(w, r, current, nil)
}

func (s *Server) showRelatives(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	all, err := s.Mandates.Relatives(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	body := web.RelativesPage{Action: relativesPath, Name: r.PostFormValue("mandate-name"), To: r.PostFormValue("mandate-to"), Word: r.PostFormValue("relative-word"), Words: mandate.Relations, GiveURL: "/me/mandates/new?mandate-kind=" + string(mandate.Family)}
	for _, one := range all {
		other, word := one.Seen(current.AccountID)
		person, err := s.Accounts.Person(r.Context(), other)
		if err != nil {
			return err
		}
		item := web.RelativeItem{Name: displayName(person), Word: word, Since: one.CreatedAt, Confirmed: one.State == mandate.Confirmed, EndURL: relativesPath + "/" + one.ID + "/end"}
		if one.WaitsFor(current.AccountID) {
			item.ConfirmURL = relativesPath + "/" + one.ID + "/confirmation"
		}
		body.Relatives = append(body.Relatives, item)
	}
	page, status := web.Page{Identity: s.Identity(r), Self: relativesPath, Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "relatives", page)
}

func (s *Server) relativeDeclare(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	by := mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	other, err := s.Mandates.FindAgent(r.Context(), by, r.PostFormValue("mandate-name"), r.PostFormValue("mandate-to"))
	if err == nil {
		_, err = s.Mandates.Declare(r.Context(), by, other, r.PostFormValue("relative-word"))
	}
	return s.relativeAnswer(w, r, current, err)
}

func (s *Server) relativeConfirm(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.relativeAnswer(w, r, current, s.Mandates.ConfirmRelative(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, r.PathValue("id")))
}

func (s *Server) relativeEnd(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.relativeAnswer(w, r, current, s.Mandates.EndRelative(r.Context(), current.AccountID, r.PathValue("id")))
}

func (s *Server) relativeAnswer(w http.ResponseWriter, r *http.Request, current session.Session, err error) error {
	switch status := fault.MetaOf(fault.CodeOf(err)).Status; {
	case err == nil:
		return see(w, r, relativesPath)
	case status == http.StatusNotFound || status >= http.StatusInternalServerError:
		return err
	}
	return s.showRelatives(w, r, current, err)
}
