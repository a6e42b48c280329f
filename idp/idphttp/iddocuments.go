package idphttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const documentsPath = "/me/documents"

// documentRoutes are the pages of the documents that a person holds.
func (s *Server) documentRoutes(page func(pattern string, handler func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+documentsPath, s.documentsPage)
	page("POST "+documentsPath, s.documentAsk)
	page("POST "+documentsPath+"/{ref}/retirement", s.documentRetire)
}

func (s *Server) documentsPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	return s.showDocuments(w, r, current, nil)
}

func (s *Server) showDocuments(w http.ResponseWriter, r *http.Request, current session.Session, refusal error) error {
	held, err := s.Corrections.DocumentsOf(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	table, locale := s.Accounts.Documents(), reqctx.From(r.Context()).Locale
	fresh := s.recently(current)
	body := web.DocumentsPage{Asked: r.URL.Query().Get("asked") != "" && refusal == nil, MergeURL: "/merge", Known: person.IAL > 0 && person.IDNumber != ""}
	inUse := 0
	for _, d := range held {
		if d.Retired.IsZero() {
			inUse++
		}
	}
	for _, d := range held {
		one := web.HeldDocument{Ref: d.Ref, Number: subject.MaskID(d.Who.Number), Expires: d.Who.Expires, Level: int(d.Level), Told: d.Told, Retired: d.Retired}
		if kind, ok := table.Find(d.Who.Type); ok {
			one.Kind = kind.Name(locale)
		}
		if one.Retired.IsZero() && inUse > 1 && fresh {
			one.RetireURL = documentsPath + "/" + d.Ref + "/retirement"
		}
		body.Documents = append(body.Documents, one)
	}
	kind, chosen := table.Find(r.FormValue("document"))
	for _, other := range table.Kinds() {
		body.Kinds = append(body.Kinds, web.ProofingKind{Name: other.Name(locale), URL: documentsPath + "?" + url.Values{"document": {other.Kind}}.Encode() + "#add", Chosen: chosen && other.Kind == kind.Kind})
	}
	body.Action = documentsPath
	if !fresh {
		body.SignInURL = LoginURL(documentsPath)
	}
	if chosen && fresh {
		for _, offer := range s.Proofing.FurtherOffers(person, kind) {
			body.Ways = append(body.Ways, web.ProofingMethod{ID: offer.Method.Word, URL: wayURL(offer.Method.Word, kind.Kind, "", true), Reaches: int(offer.Level.IAL), Minutes: minutesOf[offer.Method.Word]})
		}
	}
	if body.Adding = chosen && fresh && body.Known; body.Adding {
		body.Kind, body.Hidden = kind.Name(locale), hidden("document", kind.Kind)
		body.Name, body.Number = r.PostFormValue("proofing-name"), r.PostFormValue("proofing-number")
		s.askFields(r, &body.ProofingPage, kind)
		body.AskZone = false
	}
	page, status := web.Page{Identity: s.Identity(r), Self: documentsPath, Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "documents", page)
}

// documentAsk takes the wish for a further document; whoever has the session of somebody else adds none.
func (s *Server) documentAsk(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if !s.recently(current) {
		return s.showDocuments(w, r, current, fault.New(fault.LoginNotFresh))
	}
	err = s.Corrections.AskDocument(r.Context(), current.AccountID, idp.NewDocument{Kind: r.PostFormValue("document"), Name: r.PostFormValue("proofing-name"), Number: r.PostFormValue("proofing-number"),
		Nationality: r.PostFormValue("proofing-nationality"), Birth: r.PostFormValue("proofing-birth"), Expires: r.PostFormValue("proofing-expires")})
	return s.documentAnswer(w, r, current, err, documentsPath+"?asked=1")
}

func (s *Server) documentRetire(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if err != nil || !ok {
		return err
	}
	if !s.recently(current) {
		return s.showDocuments(w, r, current, fault.New(fault.LoginNotFresh))
	}
	return s.documentAnswer(w, r, current, s.Corrections.RetireDocument(r.Context(), current.AccountID, r.PathValue("ref")), documentsPath)
}

func (s *Server) documentAnswer(w http.ResponseWriter, r *http.Request, current session.Session, err error, next string) error {
	switch code := fault.CodeOf(err); {
	case err == nil:
		return see(w, r, next)
	case code != fault.NotFound && (fault.MetaOf(code).Status < http.StatusInternalServerError || code == fault.ProofingSilent):
		return s.showDocuments(w, r, current, err)
	}
	return err
}
