package idphttp

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	childrenPath = "/me/children"
	newChildPath = childrenPath + "/new"
)

// childPages are the pages on which a guardian opens the account of a child below 14.
func (s *Server) childPages(mux *http.ServeMux, page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+newChildPath, s.childForm)
	mux.HandleFunc("POST "+childrenPath, func(w http.ResponseWriter, r *http.Request) { // pictures may go with it
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		if err := s.childAdd(w, r); err != nil {
			s.Pages.Error(w, r, err)
		}
	})
}

func (s *Server) childForm(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return s.toLogin(w, r, newChildPath)
	}
	return s.showChild(w, r, current, nil)
}

func (s *Server) showChild(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	way := s.Proofing.GuardianWay()
	body := web.ChildPage{Action: childrenPath, Name: r.PostFormValue("child-name"), Number: r.PostFormValue("child-number"), Relation: r.PostFormValue("child-relation"),
		Relations: proofing.Relations, Photos: way.Review, Notice: proofing.GuardianNotice, Closed: !way.Offered}
	if person.IAL < way.Holds {
		body.Needs, body.RaiseURL = int(way.Holds), proofingPath+"?ial="+strconv.Itoa(int(way.Holds))
	} else if s.Now().Sub(current.AuthTime) > mandate.FreshLogin {
		body.SignInURL = LoginURL(newChildPath)
	}
	waiting, open, err := s.Proofing.WaitingConsent(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	if body.Waiting = open; open {
		body.DueAt = waiting.DueAt
	}
	page, status := web.Page{Identity: s.Identity(r), Body: body}, http.StatusOK
	if refusal != nil && fault.CodeOf(refusal) != fault.ProofingSilent { // that one is the notice of what waits
		page.Errors, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "child", page)
}

func (s *Server) childAdd(w http.ResponseWriter, r *http.Request) error {
	if err := withPictures(r); err != nil {
		return err
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return s.toLogin(w, r, newChildPath)
	}
	var pictures [][]byte
	if r.MultipartForm != nil {
		if pictures, err = readPictures(r, "child-photo"); err != nil {
			return err
		}
	}
	child := proofing.Child{Name: r.PostFormValue("child-name"), Number: r.PostFormValue("child-number"), Relation: r.PostFormValue("child-relation"), Consent: r.PostFormValue("child-consent")}
	by := mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	if err = s.Mandates.MayConsent(r.Context(), by); err == nil {
		var made string
		if made, _, err = s.Proofing.Consent(r.Context(), by.Account, child, pictures); err == nil && made != "" {
			return see(w, r, "/me/mandates/"+made)
		}
	}
	if err == nil || fault.CodeOf(err) == fault.ProofingSilent {
		return see(w, r, newChildPath) // which says what waits
	}
	if fault.MetaOf(fault.CodeOf(err)).Status >= http.StatusInternalServerError {
		return err
	}
	return s.showChild(w, r, current, err)
}

// withPictures reads a form that may carry pictures, all of it in memory: nothing of them is written to a disk before it is sealed.
func withPictures(r *http.Request) error {
	err := r.ParseMultipartForm(maxUpload)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.Wrap(err, fault.TooLarge, "limit", strconv.Itoa(maxUpload>>20)+" MiB")
	}
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return fault.Wrap(err, fault.Malformed)
	}
	return nil
}

// readPictures reads the files of an input; a browser sends an empty part when nothing was chosen.
func readPictures(r *http.Request, name string) (pictures [][]byte, err error) {
	for _, header := range r.MultipartForm.File[name] {
		picture, err := readPicture(header)
		if err != nil {
			return nil, fault.Wrap(err, fault.Malformed)
		}
		if len(picture) > 0 {
			pictures = append(pictures, picture)
		}
	}
	return pictures, nil
}
