package idphttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// wardPages are the pages on which the guardian of a child below 14 agrees to a proof of who the child is. They lie below the guardian's
// mandate, so that it is judged at each step.
func (s *Server) wardPages(mux *http.ServeMux, page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET "+actingPath+"/{mandate}/proofing", s.wardChoice)
	page("GET "+actingPath+"/{mandate}/proofing/{method}", s.wardForm)
	page("GET "+actingPath+"/{mandate}/proofing/return/{case}", s.wardReturn)
	mux.HandleFunc("POST "+actingPath+"/{mandate}/proofing/{method}", func(w http.ResponseWriter, r *http.Request) { // pictures may go with it
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		if err := s.wardAnswer(w, r); err != nil {
			s.Pages.Error(w, r, err)
		}
	})
}

// ward is acts for a guardian of a child below 14; nobody else decides for another how it is proved who that one is.
func (s *Server) ward(w http.ResponseWriter, r *http.Request) (*http.Request, *here, error) {
	r, h, err := s.acts(w, r, mandate.Submit)
	if err == nil && h != nil && h.mandate.Kind != mandate.Guardian {
		err = fault.New(fault.ActingRight)
	}
	return r, h, err
}

func (h *here) wardURL() string { return h.url() + "/proofing" }

// wardOf names the two, and the session in which the guardian agrees.
func (h *here) wardOf() proofing.Ward {
	return proofing.Ward{Child: h.mandate.Principal, Guardian: h.current.AccountID, SID: h.current.ID}
}

// levelURL is where a guardian proves who the child is; empty where nothing is open for that.
func (s *Server) levelURL(h *here) string {
	if h.mandate.Kind != mandate.Guardian || !h.mandate.Has(mandate.Submit) || len(s.Proofing.WardOffers(h.principal)) == 0 {
		return ""
	}
	return h.wardURL()
}

// wardBody is what choice and consent have in common.
func (s *Server) wardBody(h *here, back string) web.WardPage {
	body := web.WardPage{Name: displayName(h.principal), Tier: int(h.principal.IAL), TierUntil: h.principal.IALUntil, BackURL: h.url(), ChoiceURL: h.wardURL()}
	if way := s.Proofing.GuardianWay(); h.agent.IAL < way.Holds {
		body.Needs, body.RaiseURL = int(way.Holds), proofingPath+"?ial="+strconv.Itoa(int(way.Holds))
	} else if !s.recently(h.current) {
		body.SignInURL = LoginURL(back)
	}
	return body
}

func (s *Server) wardChoice(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	if err := s.useHere(r, mandate.UseLook, "proofing", "name", "ial"); err != nil {
		return err
	}
	body := s.wardBody(h, h.wardURL())
	open, err := s.Proofing.WardOpenCases(r.Context(), h.wardOf())
	if err != nil {
		return err
	}
	body.Open = openCases(open, h.wardURL(), func(method string) string { return s.Pages.Text(r, "ward.method."+method) })
	for _, offer := range s.Proofing.WardOffers(h.principal) {
		word := offer.Method.Word
		body.Methods = append(body.Methods, web.ProofingMethod{ID: word, URL: h.wardURL() + "/" + word, Reaches: int(offer.Level.IAL), Minutes: minutesOf[word]})
	}
	return s.Pages.Page(w, r, http.StatusOK, "ward", web.Page{Identity: s.Identity(r), Body: body})
}

func (s *Server) wardForm(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	return s.showWard(w, r, h, nil)
}

func (s *Server) showWard(w http.ResponseWriter, r *http.Request, h *here, refusal error) error {
	offer, err := s.Proofing.WardOffer(h.principal, r.PathValue("method"))
	if err != nil {
		return see(w, r, h.wardURL()) // which offers what there is
	}
	m := offer.Method
	body := s.wardBody(h, h.wardURL()+"/"+m.Word)
	body.Way, body.Action, body.Notice, body.Reaches, body.Minutes, body.Photos = m.Word, h.wardURL()+"/"+m.Word, m.Notice, int(offer.Level.IAL), minutesOf[m.Word], m.Review
	var frames []string
	if m.Remote != nil {
		body.Host = strings.TrimPrefix(strings.TrimPrefix(m.Remote.Origin(), "https://"), "http://")
		frames = append(frames, m.Remote.Origin()+"/") // browsers hold the way there to form-action
	}
	if m.Review {
		c, waiting, err := s.Proofing.WaitingReview(r.Context(), h.mandate.Principal)
		if err != nil {
			return err
		}
		body.Waiting, body.DueAt = waiting, c.DueAt
	}
	page, status := web.Page{Title: s.Pages.Text(r, "ward.method."+m.Word), Identity: s.Identity(r), Callbacks: frames, Body: body}, http.StatusOK
	if refusal != nil {
		page.Errors, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	return s.Pages.Page(w, r, status, "ward-way", page)
}

// wardAnswer takes the consent and begins the case of the child. It wants a login of the last five minutes.
func (s *Server) wardAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := withPictures(r); err != nil {
		return err
	}
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	err = s.wardBegin(w, r, h)
	switch code := fault.CodeOf(err); {
	case err == nil:
		return nil
	case code == fault.ActingOver || code == fault.NotFound:
		return err
	case fault.MetaOf(code).Status >= http.StatusInternalServerError && code != fault.ProofingAway:
		return err
	}
	return s.showWard(w, r, h, err)
}

func (s *Server) wardBegin(w http.ResponseWriter, r *http.Request, h *here) error {
	if !s.recently(h.current) {
		return fault.New(fault.LoginNotFresh)
	}
	ctx := r.Context()
	if err := s.Mandates.MayConsent(ctx, mandate.By{Account: h.current.AccountID, SignedInAt: h.current.AuthTime}); err != nil {
		return err
	}
	offer, err := s.Proofing.WardOffer(h.principal, r.PathValue("method"))
	if err != nil {
		return err
	}
	in := proofing.Submission{Method: offer.Method.Word, Consent: r.PostFormValue("proofing-consent")}
	if in.Consent == offer.Method.Notice { // nothing is on record as agreed to that was not
		if err := s.useHere(r, mandate.UseConsent, offer.Method.Word, idp.ClaimWardProof); err != nil {
			return err
		}
	}
	if offer.Method.Remote == nil {
		var pictures [][]byte
		if r.MultipartForm != nil {
			if pictures, err = readPictures(r, "proofing-photo"); err != nil {
				return err
			}
		}
		c, err := s.Proofing.WardApply(ctx, h.wardOf(), in, pictures)
		if err != nil {
			return err
		}
		return s.wardResult(w, r, h, web.ProofingResultPage{Outcome: web.ProofingReviewed, Tier: int(h.principal.IAL), At: c.DueAt})
	}
	address, err := s.Proofing.WardBegin(ctx, h.wardOf(), in, func(id string) string {
		return s.Issuer + h.wardURL() + "/return/" + url.PathEscape(id)
	})
	if err != nil {
		return err
	}
	return see(w, r, address)
}

// wardReturn is where a service leads back to: the session of the guardian who agreed.
func (s *Server) wardReturn(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.ward(w, r)
	if err != nil || h == nil {
		return err
	}
	level, err := s.Proofing.WardReturn(r.Context(), h.wardOf(), r.PathValue("case"))
	result := web.ProofingResultPage{Outcome: web.ProofingDone, Tier: int(level), At: s.Now()}
	switch code := fault.CodeOf(err); {
	case err == nil:
		child, err := s.Accounts.Person(r.Context(), h.mandate.Principal)
		if err != nil {
			return err
		}
		result.Source = child.IALSource
	case code == fault.ProofingSilent:
		result.Outcome = web.ProofingWaiting // never shown as a mismatch
	case code == fault.ProofingPending:
		result.Outcome, result.RetryURL = web.ProofingPending, r.URL.RequestURI()
	case code == fault.ProofingElsewhere:
		result.Outcome = web.ProofingFailed
	default:
		return err
	}
	if err := s.useHere(r, mandate.UseLevel, r.PathValue("case"), "ial"); err != nil {
		return err
	}
	return s.wardResult(w, r, h, result)
}

// wardResult tells the guardian what came of it.
func (s *Server) wardResult(w http.ResponseWriter, r *http.Request, h *here, result web.ProofingResultPage) error {
	result.TriesLeft, result.Ward = -1, displayName(h.principal)
	if result.RetryURL == "" && result.Outcome == web.ProofingFailed {
		result.RetryURL = h.wardURL()
	}
	result.Continue = &web.Link{Label: s.Pages.Text(r, "acting.for", "name", result.Ward), URL: h.url()}
	return s.Pages.Page(w, r, http.StatusOK, "proofing-result", web.Page{Title: s.Pages.Text(r, "ward.result", "name", result.Ward), Identity: s.Identity(r), Body: result})
}
