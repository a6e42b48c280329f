package idphttp

import (
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// recentLogin is how old a login may be for what cannot be undone, and for taking data away.
const recentLogin = 5 * time.Minute

// recently reports whether the person signed in just now.
func (s *Server) recently(current session.Session) bool {
	return s.Now().Sub(current.AuthTime) <= recentLogin
}

// deletionRoutes are the pages of deletion.
func (s *Server) deletionRoutes(page func(pattern string, handler func(http.ResponseWriter, *http.Request) error)) {
	page("GET /me/data/deletion", s.deletionPage)
	page("POST /me/data/deletion", s.deletionAsk)
	page("POST /me/data/deletion/undo", s.deletionUndo)
}

func (s *Server) deletionPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.showDeletion(w, r, current, nil)
}

// showDeletion lists what stands in the way, what happens and what the law makes us keep.
func (s *Server) showDeletion(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	one, err := s.Deletions.Of(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	body := web.DeletionPage{}
	if one.State == idp.DeletionWaiting {
		body.DueAt = one.DueAt
	} else {
		blockers, err := s.Deletions.Blockers(r.Context(), current.AccountID)
		if err != nil {
			return err
		}
		for _, b := range blockers {
			label := s.Pages.Text(r, "deletion.blocker."+b.Kind)
			if b.Name != "" {
				label = s.Pages.Text(r, "deletion.blocker.with", "what", label, "name", b.Name)
			}
			body.Blockers = append(body.Blockers, web.Link{Label: label, URL: b.URL})
		}
		if !s.recently(current) {
			body.SignInURL = LoginURL("/me/data/deletion")
		}
	}
	for _, k := range idp.KeptRecords {
		body.Kept = append(body.Kept, web.KeptRecord{ID: k.ID, Citation: k.Citation, Years: k.Years})
	}
	page, status := web.Page{Identity: s.Identity(r), Self: "/me/data/deletion", Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.Pages.FieldErrors(r, refusal, nil), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "deletion", page)
}

func (s *Server) deletionAsk(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if !s.recently(current) {
		return s.showDeletion(w, r, current, fault.New(fault.LoginNotFresh))
	}
	_, err = s.Deletions.Request(r.Context(), current.AccountID)
	switch fault.CodeOf(err) {
	case fault.DeletionBlocked, fault.Conflict:
		return s.showDeletion(w, r, current, err)
	}
	if err != nil {
		return err
	}
	s.Wake()
	return see(w, r, "/me/data/deletion")
}

// deletionUndo needs no new login: it only takes something back.
func (s *Server) deletionUndo(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if err := s.Deletions.Undo(r.Context(), current.AccountID); err != nil && fault.CodeOf(err) != fault.Conflict {
		return err
	}
	return see(w, r, "/me/data/deletion")
}
