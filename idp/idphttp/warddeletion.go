package idphttp

import (
	"net/http"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// wardDeletionPages are the pages on which a guardian of a child below 14 asks for the deletion of the child's account, takes that back, or
// objects to what the other guardian asked for. They lie below the guardian's mandate, which is judged at each step.
func (s *Server) wardDeletionPages(page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+actingPath+"/{mandate}/deletion", s.wardDeletion)
	page("POST "+actingPath+"/{mandate}/deletion", s.wardDeletionAsk)
	page("POST "+actingPath+"/{mandate}/deletion/undo", s.wardDeletionUndo)
}

func (h *here) deletionURL() string { return h.url() + "/deletion" }

// guards reports whether the mandate is that of a guardian who decides for the child.
func (h *here) guards() bool {
	return h.mandate.Kind == mandate.Guardian && h.mandate.Has(mandate.Submit)
}

func (s *Server) wardDeletion(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	if err := s.useHere(r, mandate.UseLook, "deletion"); err != nil {
		return err
	}
	return s.showWardDeletion(w, r, h, nil)
}

func (s *Server) showWardDeletion(w http.ResponseWriter, r *http.Request, h *here, refusal error) error {
	child := h.mandate.Principal
	one, err := s.Deletions.Of(r.Context(), child)
	if err != nil {
		return err
	}
	body := web.WardDeletionPage{Name: displayName(h.principal), BackURL: h.url(), Action: h.deletionURL(), UndoURL: h.deletionURL() + "/undo"}
	if one.State == idp.DeletionWaiting {
		body.DueAt, body.Own = one.DueAt, one.Guardian == h.current.AccountID
	} else {
		blockers, err := s.Deletions.BlockersFor(r.Context(), child)
		if err != nil {
			return err
		}
		for _, b := range blockers {
			link := web.Link{Label: s.Pages.Text(r, "ward.deletion.blocker."+b.Kind)}
			if b.Kind == idp.BlockerCase {
				link.URL = h.wardURL()
			}
			if !slices.Contains(body.Blockers, link) { // guardians read what kind of thing it is, not with whom
				body.Blockers = append(body.Blockers, link)
			}
		}
		if !s.recently(h.current) {
			body.SignInURL = LoginURL(h.deletionURL())
		}
	}
	for _, k := range idp.KeptRecords {
		body.Kept = append(body.Kept, web.KeptRecord{ID: k.ID, Citation: k.Citation, Years: k.Years})
	}
	page, status := web.Page{Title: s.Pages.Text(r, "ward.deletion", "name", body.Name), Identity: s.Identity(r), Self: h.deletionURL(), Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.Pages.FieldErrors(r, refusal, nil), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "ward-deletion", page)
}

// wardDeletionAsk wants a login of the last five minutes, as one's own deletion does.
func (s *Server) wardDeletionAsk(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	if !s.recently(h.current) {
		return s.showWardDeletion(w, r, h, fault.New(fault.LoginNotFresh))
	}
	if err := s.useHere(r, mandate.UseDeletion, "asked"); err != nil {
		return err
	}
	_, err = s.Deletions.RequestFor(r.Context(), h.mandate.Principal, h.current.AccountID)
	switch fault.CodeOf(err) {
	case fault.DeletionBlocked, fault.Conflict:
		return s.showWardDeletion(w, r, h, err)
	}
	if err != nil {
		return err
	}
	s.Wake()
	return see(w, r, h.deletionURL())
}

// wardDeletionUndo needs no new login: it only takes something back.
func (s *Server) wardDeletionUndo(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	if err := s.useHere(r, mandate.UseDeletion, "stopped"); err != nil {
		return err
	}
	if err := s.Deletions.UndoFor(r.Context(), h.mandate.Principal, h.current.AccountID); err != nil && fault.CodeOf(err) != fault.Conflict {
		return err
	}
	s.Wake()
	return see(w, r, h.deletionURL())
}
