package idphttp

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const proofingPath = "/proofing"

// proofingPages are the ways beside name and number.
func (s *Server) proofingPages(mux *http.ServeMux, page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+proofingPath+"/{method}", s.wayPage)
	page("POST "+proofingPath+"/{method}", s.wayAnswer)
	page("GET "+proofingPath+"/return/{case}", s.wayReturn)
	mux.HandleFunc("POST "+proofingPath+"/"+proofing.ManualReview, s.reviewUpload)
	s.reviewPages(page)
}

// minutesOf is about how long a way takes.
var minutesOf = map[string]int{proofing.BankCard: 2, proofing.Face: 2, proofing.NetworkID: 2, proofing.ManualReview: 5, proofing.Certificate: 5}

func wayURL(method, document, flow string, further bool) string {
	q := url.Values{}
	if further {
		q.Set("further", "1")
	}
	if document != "" && document != subject.CitizenID {
		q.Set("document", document)
	}
	if flow != "" {
		q.Set("flow", flow)
	}
	address := proofingPath + "/" + method
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

// offerWays adds the ways beside name and number to the choice; what is not there for this person says why.
func (s *Server) offerWays(r *http.Request, body *web.ProofingPage, person idp.Person, kind subject.DocumentKind, flow string) {
	for _, offer := range s.Proofing.Offers(person, kind) {
		if offer.Level.IAL <= person.IAL {
			continue
		}
		way := web.ProofingMethod{ID: offer.Method.Word, URL: wayURL(offer.Method.Word, kind.Kind, flow, false), Reaches: int(offer.Level.IAL), Minutes: minutesOf[offer.Method.Word]}
		if offer.Why != "" {
			way.Disabled = s.Pages.FieldErrors(r, fault.New(offer.Why), nil)[0].Message
		}
		body.Methods = append(body.Methods, way)
	}
}

// otherWays reports whether there is one for a person that asks no source about what is typed, so that mismatches do not close it.
func (s *Server) otherWays(r *http.Request, person idp.Person) bool {
	kind, ok := s.Accounts.Documents().Find(chosenKind(r, person))
	return ok && slices.ContainsFunc(s.Proofing.Offers(person, kind), func(offer proofing.Offer) bool {
		return offer.Why == "" && offer.Method.Source == nil && offer.Level.IAL > person.IAL
	})
}

// wayFor is what the pages of a way need: who is signed in, and the way as it stands for that person.
type wayFor struct {
	flow      string
	Flow      authflow.Flow
	client    idp.Client
	accountID string
	person    idp.Person
	kind      subject.DocumentKind
	offer     proofing.Offer
	further   bool // a document beside the one that is held
	fresh     bool // of the login
}

var errSignIn = errors.New("idphttp: nobody is signed in")

// prover is who proves something, and for which login in progress; errSignIn when nobody is signed in.
func (s *Server) prover(r *http.Request) (v wayFor, err error) {
	if v.flow, v.Flow, v.client, err = s.optionalFlow(r); err != nil {
		return v, err
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return v, err
	}
	if !ok {
		return v, errSignIn
	}
	v.accountID, v.further, v.fresh = current.AccountID, r.FormValue("further") != "", s.recently(current)
	v.person, err = s.Accounts.Person(r.Context(), current.AccountID)
	return v, err
}

func (s *Server) way(r *http.Request) (v wayFor, err error) {
	if v, err = s.prover(r); err != nil {
		return v, err
	}
	table := s.Accounts.Documents()
	ok := false
	if v.kind, ok = table.Find(chosenKind(r, v.person)); !ok {
		v.kind, _ = table.Find(subject.CitizenID)
	}
	word := r.PathValue("method")
	if word == "" {
		word = proofing.ManualReview // the path of the upload has no variable
	}
	if v.further && !v.fresh { // whoever has the session of somebody else adds no document
		return v, fault.New(fault.LoginNotFresh)
	}
	if v.further {
		v.offer, err = s.Proofing.FurtherOffer(v.person, v.kind, word)
	} else {
		v.offer, err = s.Proofing.Offer(v.person, v.kind, word)
	}
	return v, err
}

func (s *Server) wayPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.way(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, r.URL.RequestURI())
	}
	if code := fault.CodeOf(err); v.further && (code == fault.ProofingKind || code == fault.LoginNotFresh) {
		return see(w, r, documentsPath) // which offers what there is
	}
	if code := fault.CodeOf(err); code == fault.ProofingFirst || code == fault.ProofingKind {
		return s.showProofing(w, r, fault.MetaOf(code).Status, s.failed(w, r, err, ""))
	}
	if err != nil {
		return err
	}
	return s.showWay(w, r, v, nil)
}

// showCertificateWay is the way by certificate, on the page that all challenges of certificates have.
func (s *Server) showCertificateWay(w http.ResponseWriter, r *http.Request, v wayFor, refusal error) error {
	body := web.CertificatePage{Action: proofingPath + "/" + proofing.Certificate, Hidden: hidden("flow", v.flow, "document", v.kind.Kind), BackURL: proofingPath, Shows: "person"}
	if v.flow != "" {
		body.BackURL += "?" + url.Values{"flow": {v.flow}}.Encode()
	}
	if v.offer.Held {
		body.Held = s.Pages.Text(r, "proofing.held", "name", subject.MaskName(v.person.Name), "number", subject.MaskID(v.person.IDNumber))
	}
	return s.showHolder(w, r, v.accountID, proofing.Certificate, refusal, body)
}

func (s *Server) showWay(w http.ResponseWriter, r *http.Request, v wayFor, refusal error) error {
	if v.offer.Method.Reader != nil {
		return s.showCertificateWay(w, r, v, refusal)
	}
	var failures []web.FieldError
	status := http.StatusOK
	if refusal != nil {
		failures, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	m := v.offer.Method
	body := web.ProofingWayPage{Way: m.Word, Reaches: int(v.offer.Level.IAL), AskCard: m.Card, Photos: m.Review, Notice: m.Notice, OtherURL: "/proofing", AskIdentity: !v.offer.Held && !m.Nameless}
	body.Action, body.App, body.Current, body.Needed, body.Minutes = proofingPath+"/"+m.Word, v.client.ClientName, int(v.person.IAL), int(v.Flow.IAL), minutesOf[m.Word]
	if v.flow != "" {
		body.OtherURL += "?" + url.Values{"flow": {v.flow}}.Encode()
	}
	body.Kind = v.kind.Name(reqctx.From(r.Context()).Locale)
	body.Hidden = hidden("flow", v.flow, "document", v.kind.Kind)
	if v.further {
		body.Hidden, body.OtherURL, body.Further = append(body.Hidden, hidden("further", "1")...), documentsPath+"?"+url.Values{"document": {v.kind.Kind}}.Encode()+"#add", true
	}
	if v.offer.Held {
		body.HeldName, body.HeldNumber = subject.MaskName(v.person.Name), subject.MaskID(v.person.IDNumber)
	} else if body.AskIdentity {
		body.Name, body.Number = r.PostFormValue("proofing-name"), r.PostFormValue("proofing-number")
		s.askFields(r, &body.ProofingPage, v.kind)
		for _, other := range s.Accounts.Documents().Kinds() {
			if v.further {
				break // chosen on the page before
			}
			body.Kinds = append(body.Kinds, web.ProofingKind{Name: other.Name(reqctx.From(r.Context()).Locale), URL: wayURL(m.Word, other.Kind, v.flow, false), Chosen: other.Kind == v.kind.Kind})
		}
	}
	body.AskMobile, body.Mobile = m.Mobile, r.PostFormValue("proofing-mobile")
	frames := callbacks(v.Flow.RedirectURI)
	if m.Remote != nil {
		body.Host = strings.TrimPrefix(strings.TrimPrefix(m.Remote.Origin(), "https://"), "http://")
		frames = append(frames, m.Remote.Origin()+"/") // browsers hold the way there to form-action
	}
	if m.Review {
		c, waiting, err := s.Proofing.WaitingReview(r.Context(), v.accountID)
		if err != nil {
			return err
		}
		body.Waiting, body.DueAt = waiting, c.DueAt
	}
	return s.Pages.Page(w, r, status, "proofing-way", web.Page{Title: s.Pages.Text(r, "proofing.method."+m.Word), Identity: s.Identity(r), Errors: failures, Callbacks: frames, Body: body})
}

// typedIdentity is what a form with name and document holds.
func typedIdentity(r *http.Request) proofing.Submission {
	return proofing.Submission{Name: r.PostFormValue("proofing-name"), Number: r.PostFormValue("proofing-number"), Mobile: r.PostFormValue("proofing-mobile"),
		Nationality: r.PostFormValue("proofing-nationality"), Birth: r.PostFormValue("proofing-birth"), Expires: r.PostFormValue("proofing-expires"), MRZ: r.PostFormValue("proofing-mrz")}
}

func submitted(r *http.Request, v wayFor) proofing.Submission {
	in := typedIdentity(r)
	in.Method, in.Kind, in.Further = v.offer.Method.Word, v.kind.Kind, v.further
	in.Card, in.Consent = r.PostFormValue("proofing-card"), r.PostFormValue("proofing-consent")
	return in
}

func (s *Server) wayAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := withFiles(r); err != nil { // also the fields that say which login this is for
		return err
	}
	v, err := s.way(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, proofingPath+"/"+r.PathValue("method"))
	}
	if err != nil {
		return err
	}
	again := func(refusal error) error { return s.showWay(w, r, v, refusal) }
	if v.offer.Method.Reader != nil {
		held, err := s.shownCertificate(r, v.accountID, proofing.Certificate)
		if err != nil {
			return again(err)
		}
		level, err := s.Proofing.Certify(r.Context(), v.accountID, submitted(r, v), proofing.Shown{Certificate: held.Certificate, Authority: held.Authority, Evidence: held.Evidence})
		return s.wayResult(w, r, v, level, err, again)
	}
	if v.offer.Method.Remote == nil {
		level, err := s.Proofing.Submit(r.Context(), v.accountID, submitted(r, v))
		return s.wayResult(w, r, v, level, err, again)
	}
	address, err := s.Proofing.Begin(r.Context(), v.accountID, submitted(r, v), func(id string) string {
		back := s.Issuer + proofingPath + "/return/" + url.PathEscape(id)
		switch {
		case v.flow != "":
			back += "?" + url.Values{"flow": {v.flow}}.Encode()
		case v.further:
			back += "?further=1"
		}
		return back
	})
	if err != nil {
		return s.wayResult(w, r, v, 0, err, again)
	}
	return see(w, r, address)
}

// wayReturn is where a service leads back to.
func (s *Server) wayReturn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.prover(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, r.URL.RequestURI())
	}
	if err != nil {
		return err
	}
	level, err := s.Proofing.Return(r.Context(), v.accountID, r.PathValue("case"))
	if fault.CodeOf(err) == fault.NotFound {
		return err
	}
	return s.wayResult(w, r, v, level, err, nil)
}

// wayResult tells what came of a way, or shows its form again; nil has none.
func (s *Server) wayResult(w http.ResponseWriter, r *http.Request, v wayFor, level subject.IAL, err error, again func(refusal error) error) error {
	result := web.ProofingResultPage{Outcome: web.ProofingDone, Tier: int(level), TriesLeft: -1, At: s.Now(), RetryURL: proofingPath}
	if v.client.ClientName != "" {
		result.Continue = &web.Link{Label: v.client.ClientName, URL: onward(v.flow)}
		result.RetryURL += "?" + url.Values{"flow": {v.flow}}.Encode()
	}
	status := http.StatusOK
	switch code := fault.CodeOf(err); {
	case err == nil && v.flow != "":
		return see(w, r, onward(v.flow))
	case err == nil:
		person, err := s.Accounts.Person(r.Context(), v.accountID)
		if err != nil {
			return err
		}
		result.Source = person.IALSource
		if v.further {
			result.Continue = &web.Link{Label: s.Pages.Text(r, "page.documents"), URL: documentsPath}
		}
	case code == fault.ProofingSilent:
		result.Outcome = web.ProofingWaiting
	case code == fault.ProofingPending:
		result.Outcome, result.RetryURL = web.ProofingPending, r.URL.RequestURI()
	case code == fault.ProofingElsewhere:
		result.Outcome = web.ProofingFailed
	case code == fault.ProofingMismatch:
		result.Outcome, result.TriesLeft = web.ProofingMismatch, proofing.TriesLeft(err)
		if result.TriesLeft == 0 {
			if s.otherWays(r, v.person) {
				result.OtherURL = result.RetryURL
			}
			result.RetryURL = ""
		}
	case code == fault.IdentityBound && (v.person.IAL == 0 || v.further): // told to whoever proved it, and to nobody else
		result.Outcome, result.MergeURL, status = web.ProofingBound, "/merge", http.StatusConflict
	case again != nil && (fault.MetaOf(code).Status < http.StatusInternalServerError || code == fault.ProofingAway):
		return again(err)
	default:
		return err
	}
	if result.Outcome != web.ProofingDone {
		result.Tier = int(v.person.IAL)
	}
	return s.Pages.Page(w, r, status, "proofing-result", web.Page{Identity: s.Identity(r), Body: result})
}

// maxUpload bounds a form with pictures.
const maxUpload = proofing.MaxPhotos*proofing.MaxPhoto + 256<<10

// reviewUpload takes pictures for the reviewers. Nothing of them is written to a disk before it is sealed.
func (s *Server) reviewUpload(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := s.takeUpload(w, r); err != nil {
		s.Pages.Error(w, r, err)
	}
}

func (s *Server) takeUpload(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseMultipartForm(maxUpload); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return fault.Wrap(err, fault.TooLarge, "limit", strconv.Itoa(maxUpload>>20)+" MiB")
		}
		return fault.Wrap(err, fault.Malformed)
	}
	v, err := s.way(r)
	if errors.Is(err, errSignIn) {
		return s.toLogin(w, r, proofingPath+"/"+proofing.ManualReview)
	}
	if err != nil {
		return err
	}
	pictures, err := readPictures(r, "proofing-photo")
	if err != nil {
		return err
	}
	c, err := s.Proofing.Apply(r.Context(), v.accountID, submitted(r, v), pictures)
	if err != nil {
		return s.wayResult(w, r, v, 0, err, func(refusal error) error { return s.showWay(w, r, v, refusal) })
	}
	return s.Pages.Page(w, r, http.StatusOK, "proofing-result", web.Page{Identity: s.Identity(r), Body: web.ProofingResultPage{Outcome: web.ProofingReviewed, Tier: int(v.person.IAL), TriesLeft: -1, At: c.DueAt}})
}

func readPicture(header *multipart.FileHeader) ([]byte, error) {
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, proofing.MaxPhoto+1))
}
