package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	dataPath      = "/me/data"
	exportPath    = "/me/data/export"
	exportFile    = "/me/data/export.json"
	signatureFile = "/me/data/export.json.jws"
)

// dataRoutes are the pages of the copy of one's data.
func (s *Server) dataRoutes(page func(pattern string, handler func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+dataPath, s.dataPage)
	page("POST "+exportPath, s.exportAsk)
	page("POST "+exportPath+"/destruction", s.exportDestroy)
	page("GET "+exportFile, s.exportContent)
	page("GET "+signatureFile, s.exportSignature)
}

func (s *Server) dataPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.showData(w, r, current, nil)
}

func (s *Server) showData(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	e, err := s.Exports.Of(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	body := web.DataPage{Action: exportPath, DeletionURL: "/me/data/deletion", State: string(e.State), RequestedAt: e.RequestedAt, Until: e.Until, Size: e.Size, SM3: e.Digest}
	if e.State == idp.ExportReady {
		body.FileURL, body.SignatureURL, body.DestroyURL = exportFile, signatureFile, exportPath+"/destruction"
	}
	if !s.recently(current) {
		body.SignInURL = LoginURL(dataPath)
	}
	page, status := web.Page{Identity: s.Identity(r), Self: dataPath, Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.Pages.FieldErrors(r, refusal, nil), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "data", page)
}

// exportAsk begins a copy; whoever takes all data away has signed in just now.
func (s *Server) exportAsk(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if !s.recently(current) {
		return s.showData(w, r, current, fault.New(fault.LoginNotFresh))
	}
	if _, err := s.Exports.Request(r.Context(), current.AccountID); fault.CodeOf(err) == fault.ExportBusy {
		return s.showData(w, r, current, err)
	} else if err != nil {
		return err
	}
	return see(w, r, dataPath)
}

// exportDestroy needs no new login: it only takes something away from whoever would fetch it.
func (s *Server) exportDestroy(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if err := s.Exports.Drop(r.Context(), current.AccountID); err != nil {
		return err
	}
	return see(w, r, dataPath)
}

// fetched is the copy of a person who signed in just now; without one the answer is given already.
func (s *Server) fetched(w http.ResponseWriter, r *http.Request) (e idp.Export, content []byte, ok bool, err error) {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return e, nil, false, err
	}
	if !s.recently(current) {
		return e, nil, false, s.showData(w, r, current, fault.New(fault.LoginNotFresh))
	}
	if e, content, err = s.Exports.Fetch(r.Context(), current.AccountID); err != nil {
		return e, nil, false, err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	return e, content, true, nil
}

func (s *Server) exportContent(w http.ResponseWriter, r *http.Request) error {
	e, content, ok, err := s.fetched(w, r)
	if err != nil || !ok {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.ID+`.json"`)
	_, err = w.Write(content)
	return err
}

func (s *Server) exportSignature(w http.ResponseWriter, r *http.Request) error {
	e, content, ok, err := s.fetched(w, r)
	if err != nil || !ok {
		return err
	}
	signature, err := s.Tokens.SignExport(r.Context(), e, content)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jose")
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.ID+`.json.jws"`)
	_, err = w.Write([]byte(signature + "\n"))
	return err
}
