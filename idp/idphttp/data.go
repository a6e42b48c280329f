package idphttp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/subtle"
	"net/http"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/lockedzip"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	dataPath      = "/me/data"
	exportPath    = "/me/data/export"
	exportFile    = "/me/data/export.json"
	signatureFile = "/me/data/export.json.jws"
	documentFile  = "/me/data/export.ofd"
	archiveFile   = "/me/data/export.zip"
)

// dataRoutes are the pages of the copy of one's data.
func (s *Server) dataRoutes(page func(pattern string, handler func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+dataPath, s.dataPage)
	page("POST "+cardLossPath, s.cardLoss)
	page("POST "+exportPath, s.exportAsk)
	page("POST "+exportPath+"/destruction", s.exportDestroy)
	page("GET "+exportFile, s.exportContent)
	page("GET "+signatureFile, s.exportSignature)
	page("GET "+documentFile, s.exportDocument)
	page("POST "+archiveFile, s.exportArchive)
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
	body.Sections, body.Done, body.Of = s.exportChoices(r, refusal != nil), e.Done, cmp.Or(len(e.Sections), len(s.Exports.Sections()))
	if e.State == idp.ExportReady {
		body.FileURL, body.SignatureURL, body.DestroyURL = exportFile, signatureFile, exportPath+"/destruction"
		body.ArchiveURL, body.MinPassphrase, body.MaxPassphrase = archiveFile, lockedzip.MinPassphrase, lockedzip.MaxPassphrase
		if e.Document.Digest != "" {
			body.DocumentURL, body.DocumentSize, body.DocumentSM3 = documentFile, e.Document.Size, e.Document.Digest
		}
	}
	if !s.recently(current) {
		body.SignInURL = LoginURL(dataPath)
	}
	page, status := web.Page{Identity: s.Identity(r), Self: dataPath, Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.Pages.FieldErrors(r, refusal, map[string]string{"passphrase": "data-passphrase", "passphrase_again": "data-passphrase-again", "sections": "data-sections"}), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "data", page)
}

// exportChoices are the parts that a copy may hold: all ticked, or as they were sent.
func (s *Server) exportChoices(r *http.Request, again bool) (all []web.DataSection) {
	chosen := again && r.PostFormValue("data-choose") != ""
	for _, name := range s.Exports.Sections() {
		all = append(all, web.DataSection{Name: name, Ticked: !chosen || slices.Contains(r.PostForm["data-section"], name)})
	}
	return all
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
	if err := s.rested(r.Context(), current.AccountID); fault.CodeOf(err) == fault.RecoveryRest {
		return s.showData(w, r, current, err)
	} else if err != nil {
		return err
	}
	wanted := r.PostForm["data-section"]
	if r.PostFormValue("data-choose") != "" && len(wanted) == 0 {
		return s.showData(w, r, current, fault.New(fault.ExportSections).WithField("sections", fault.ExportSections))
	}
	if _, err := s.Exports.Request(r.Context(), current.AccountID, wanted...); fault.CodeOf(err) == fault.ExportBusy || fault.CodeOf(err) == fault.ExportSections {
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

// fresh is the session of a person who signed in just now; without one the answer is given already.
func (s *Server) fresh(w http.ResponseWriter, r *http.Request) (current session.Session, ok bool, err error) {
	current, ok, err = s.signedInAccount(w, r)
	if err == nil && ok && !s.recently(current) {
		return current, false, s.showData(w, r, current, fault.New(fault.LoginNotFresh))
	}
	if err == nil && ok {
		if err = s.rested(r.Context(), current.AccountID); fault.CodeOf(err) == fault.RecoveryRest {
			return current, false, s.showData(w, r, current, err)
		}
	}
	return current, ok, err
}

// rested refuses an account that was recovered, or got another contact, within the day: whoever took it carries nothing away before its
// person had a day to answer what all channels told. A counter, where the person stands with the own document, is open.
func (s *Server) rested(ctx context.Context, accountID string) error {
	account, err := s.Accounts.Account(ctx, accountID)
	if err == nil && !idp.RestsUntil(account.RecoveredAt, s.Now()).IsZero() {
		return fault.New(fault.RecoveryRest)
	}
	return err
}

// fetched is a form of the copy of a person who signed in just now; without one the answer is given already.
func (s *Server) fetched(w http.ResponseWriter, r *http.Request, form idp.ExportForm) (e idp.Export, content []byte, ok bool, err error) {
	current, ok, err := s.fresh(w, r)
	if err != nil || !ok {
		return e, nil, false, err
	}
	e, content, err = s.Exports.Fetch(r.Context(), current.AccountID, form)
	return e, content, err == nil, err
}

// handOut answers with a file that is kept nowhere on the way.
func handOut(w http.ResponseWriter, kind, name string, content []byte) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, err := w.Write(content)
	return err
}

func (s *Server) exportContent(w http.ResponseWriter, r *http.Request) error {
	e, content, ok, err := s.fetched(w, r, idp.ExportJSON)
	if err != nil || !ok {
		return err
	}
	return handOut(w, "application/json", e.ID+".json", content)
}

func (s *Server) exportDocument(w http.ResponseWriter, r *http.Request) error {
	e, content, ok, err := s.fetched(w, r, idp.ExportOFD)
	if err != nil || !ok {
		return err
	}
	return handOut(w, documentType, e.ID+".ofd", content)
}

// documentType is the media type of OFD.
const documentType = "application/ofd"

func (s *Server) exportSignature(w http.ResponseWriter, r *http.Request) error {
	e, content, ok, err := s.fetched(w, r, idp.ExportJSON)
	if err != nil || !ok {
		return err
	}
	signature, err := s.Tokens.SignExport(r.Context(), e, content)
	if err != nil {
		return err
	}
	return handOut(w, "application/jose", e.ID+".json.jws", []byte(signature+"\n"))
}

// exportArchive gives all forms in one archive that the passphrase of the form opens.
func (s *Server) exportArchive(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.fresh(w, r)
	if err != nil || !ok {
		return err
	}
	passphrase, again := r.PostFormValue("data-passphrase"), r.PostFormValue("data-passphrase-again")
	if subtle.ConstantTimeCompare([]byte(passphrase), []byte(again)) != 1 {
		return s.showData(w, r, current, fault.New(fault.PassphraseDiffers).WithField("passphrase_again", fault.PassphraseDiffers))
	}
	e, archive, err := s.Archive(r.Context(), current.AccountID, passphrase)
	if fault.CodeOf(err) == fault.PassphraseUnfit {
		return s.showData(w, r, current, err)
	}
	if err != nil {
		return err
	}
	return handOut(w, archiveType, e.ID+".zip", archive)
}

const archiveType = "application/zip"

// Archive makes the archive of a copy. The passphrase lives for this call alone: it is neither stored nor logged, and whoever
// forgets it fetches the copy again.
func (s *Server) Archive(ctx context.Context, accountID, passphrase string) (idp.Export, []byte, error) {
	if err := lockedzip.Check(passphrase); err != nil {
		return idp.Export{}, nil, fault.Wrap(err, fault.PassphraseUnfit).WithField("passphrase", fault.PassphraseUnfit)
	}
	e, forms, err := s.Exports.FetchAll(ctx, accountID)
	if err != nil {
		return e, nil, err
	}
	signature, err := s.Tokens.SignExport(ctx, e, forms[idp.ExportJSON])
	if err != nil {
		return e, nil, err
	}
	files := []lockedzip.File{{Name: e.ID + ".json", Content: forms[idp.ExportJSON]}, {Name: e.ID + ".json.jws", Content: []byte(signature + "\n")}}
	if document := forms[idp.ExportOFD]; document != nil {
		files = append(files, lockedzip.File{Name: e.ID + ".ofd", Content: document})
	}
	var out bytes.Buffer
	err = lockedzip.Write(&out, passphrase, e.ReadyAt.In(chinaTime), s.Rand, files...)
	return e, out.Bytes(), err
}
