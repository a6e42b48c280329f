package idphttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// recoverWays are the ways by which somebody may prove again who they are, whatever document they hold.
func (s *Server) recoverWays() (all []web.ProofingMethod) {
	seen := map[string]bool{}
	for _, kind := range s.Accounts.Documents().Kinds() {
		for _, offer := range s.Proofing.RecoveryOffers(kind) {
			word := offer.Method.Word
			if seen[word] {
				continue
			}
			seen[word] = true
			all = append(all, web.ProofingMethod{ID: word, URL: recoverWayURL(word, kind.Kind), Reaches: int(offer.Level.IAL), Minutes: minutesOf[word]})
		}
	}
	return all
}

func recoverWayURL(word, document string) string {
	address := recoverPath + "/proof/" + word
	if document != subject.CitizenID {
		address += "?" + url.Values{"document": {document}}.Encode()
	}
	return address
}

// recoverOffer is the way that the address names, with the kind of document that the form names.
func (s *Server) recoverOffer(r *http.Request, word string) (offer proofing.Offer, kind subject.DocumentKind, err error) {
	named := r.FormValue("document")
	if named == "" {
		named = subject.CitizenID
	}
	kind, ok := s.Accounts.Documents().Find(named)
	if !ok {
		return offer, kind, fault.New(fault.ProofingKind)
	}
	offer, err = s.Proofing.RecoveryOffer(kind, word)
	return offer, kind, err
}

func (s *Server) recoverProofPage(w http.ResponseWriter, r *http.Request) error {
	offer, kind, err := s.recoverOffer(r, r.PathValue("method"))
	if err != nil {
		return err
	}
	return s.showRecoverProof(w, r, offer, kind, nil)
}

func (s *Server) showRecoverProof(w http.ResponseWriter, r *http.Request, offer proofing.Offer, kind subject.DocumentKind, refusal error) error {
	s.browser(w, r)
	var failures []web.FieldError
	status, m := http.StatusOK, offer.Method
	if refusal != nil {
		failures, status = s.failed(w, r, refusal, ""), fault.MetaOf(fault.CodeOf(refusal)).Status
	}
	locale := reqctx.From(r.Context()).Locale
	body := web.RecoverProofPage{ProofingWayPage: web.ProofingWayPage{Way: m.Word, Reaches: int(offer.Level.IAL), AskIdentity: true, Recovering: true, AskCard: m.Card, Notice: m.Notice, OtherURL: recoverPath}}
	body.Action, body.Hidden, body.Kind = recoverPath+"/proof/"+m.Word, hidden("document", kind.Kind), kind.Name(locale)
	body.Name, body.Number = r.PostFormValue("proofing-name"), r.PostFormValue("proofing-number")
	body.AskMobile, body.Mobile = m.Mobile, r.PostFormValue("proofing-mobile")
	s.askFields(r, &body.ProofingPage, kind)
	for _, other := range s.Accounts.Documents().Kinds() {
		if _, err := s.Proofing.RecoveryOffer(other, m.Word); err == nil {
			body.Kinds = append(body.Kinds, web.ProofingKind{Name: other.Name(locale), URL: recoverWayURL(m.Word, other.Kind), Chosen: other.Kind == kind.Kind})
		}
	}
	page := web.Page{Title: s.Pages.Text(r, "recover.proof.title", "way", s.Pages.Text(r, "proofing.method."+m.Word)), Errors: failures}
	if m.Remote != nil {
		body.Host = strings.TrimPrefix(strings.TrimPrefix(m.Remote.Origin(), "https://"), "http://")
		page.Callbacks = []string{m.Remote.Origin() + "/"} // browsers hold the way there to form-action
	}
	page.Body = body
	return s.Pages.Page(w, r, status, "recover-proof", page)
}

// recoverVisit is a visit to another service that shall recover an account, sealed to the browser that began it.
type recoverVisit struct {
	Visit proofing.Recovering `json:"visit"`
	Kind  string              `json:"kind"`
}

func (s *Server) recoverProofAnswer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	offer, kind, err := s.recoverOffer(r, r.PathValue("method"))
	if err != nil {
		return err
	}
	in := typedIdentity(r)
	in.Method, in.Kind = offer.Method.Word, kind.Kind
	in.Card, in.Consent = r.PostFormValue("proofing-card"), r.PostFormValue("proofing-consent")
	again := func(refusal error) error {
		code := fault.CodeOf(refusal)
		if fault.MetaOf(code).Status >= http.StatusInternalServerError && code != fault.RecoverySilent && code != fault.ProofingAway {
			return refusal
		}
		return s.showRecoverProof(w, r, offer, kind, refusal)
	}
	browser, err := s.browserHash(ctx, s.browser(w, r))
	if err != nil {
		return err
	}
	if offer.Method.Remote == nil {
		accountID, err := s.Proofing.Recover(ctx, in)
		if err != nil {
			return again(err)
		}
		return s.recoverProved(w, r, browser, accountID)
	}
	// The handle stands in the address to return to alone: this browser learns it only when its person comes back from the service.
	handle := ident.Secret(s.Rand, 24)
	visit, address, err := s.Proofing.RecoverBegin(ctx, in, s.Issuer+recoverPath+"/return?"+url.Values{"step": {handle}}.Encode())
	if err != nil {
		return again(err)
	}
	if err := s.Steps.BeginAt(ctx, authn.StepRecoverVisit, browser, handle, recoverVisit{visit, kind.Kind}, recoverLife); err != nil {
		return err
	}
	return see(w, r, address)
}

// recoverReturn is where a service leads back to. What the browser says of the result counts nothing; the visit is used up by any result.
func (s *Server) recoverReturn(w http.ResponseWriter, r *http.Request) error {
	ctx, handle := r.Context(), r.FormValue("step")
	browser, err := s.browserHash(ctx, s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	var v recoverVisit
	if err := s.Steps.Look(ctx, authn.StepRecoverVisit, browser, handle, &v); err != nil {
		return err
	}
	accountID, refusal := s.Proofing.RecoverReturn(ctx, v.Visit)
	switch fault.CodeOf(refusal) {
	case fault.ProofingPending:
		return s.showRecoverOutcome(w, r, v, web.ProofingPending)
	case fault.RecoverySilent:
		return s.showRecoverOutcome(w, r, v, web.ProofingWaiting)
	case fault.RecoveryNotProved:
	default:
		if refusal != nil {
			return refusal
		}
	}
	var used recoverVisit
	if err := s.Steps.Take(ctx, authn.StepRecoverVisit, browser, handle, &used); err != nil {
		return err // another request was first with the same result
	}
	if refusal == nil {
		return s.recoverProved(w, r, browser, accountID)
	}
	r.Form.Set("document", v.Kind)
	offer, kind, err := s.recoverOffer(r, v.Visit.Method)
	if err != nil {
		return refusal
	}
	return s.showRecoverProof(w, r, offer, kind, refusal)
}

func (s *Server) showRecoverOutcome(w http.ResponseWriter, r *http.Request, v recoverVisit, outcome string) error {
	body := web.RecoverProofPage{ProofingWayPage: web.ProofingWayPage{Way: v.Visit.Method, OtherURL: recoverPath}, Outcome: outcome, AgainURL: r.URL.RequestURI()}
	return s.Pages.Page(w, r, http.StatusOK, "recover-proof", web.Page{Title: s.Pages.Text(r, "page.recover"), Body: body})
}

// recoverProved lets in whoever was proved: as far as that proof goes, and past the second factor of the account if it has one.
func (s *Server) recoverProved(w http.ResponseWriter, r *http.Request, browser []byte, accountID string) error {
	return s.recoverOn(w, r, browser, idp.Login{AccountID: accountID, AAL: authn.ByProving.AAL(), Methods: authn.ByProving.AMR(), At: s.Now().UTC()})
}
