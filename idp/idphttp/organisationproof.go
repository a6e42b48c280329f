package idphttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// organisationProofPages are the ways to raise the level of an organisation; its legal representative alone goes them.
func (s *Server) organisationProofPages(page func(string, func(http.ResponseWriter, *http.Request) error)) {
	page("GET /me/organisations/{id}/transfer", s.transferPage)
	page("POST /me/organisations/{id}/transfer", s.transferAnswer)
	page("POST /me/organisations/{id}/cases/{case}/withdrawal", s.transferWithdraw)
	page("GET /me/organisations/{id}/certificate", s.organisationCertificatePage)
	page("POST /me/organisations/{id}/certificate", s.organisationCertificate)
}

// representative is who is signed in, if that person is the legal representative of the organisation of the path.
func (s *Server) representative(w http.ResponseWriter, r *http.Request) (by mandate.By, name string, ok bool, err error) {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return by, "", false, err
	}
	by = mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}
	if err := s.Mandates.Represents(r.Context(), by, r.PathValue("id")); err != nil {
		return by, "", false, err
	}
	named, err := s.Accounts.Person(r.Context(), r.PathValue("id"))
	return by, named.Name, err == nil, err
}

func (s *Server) transferPage(w http.ResponseWriter, r *http.Request) error {
	_, name, ok, err := s.representative(w, r)
	if !ok {
		return err
	}
	return s.showTransfer(w, r, name, nil)
}

func (s *Server) showTransfer(w http.ResponseWriter, r *http.Request, name string, refusal error) error {
	ways, err := s.Proofing.OrganisationWays(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if ways.Transfer == 0 {
		return fault.New(fault.NotFound)
	}
	var failures []web.FieldError
	status := http.StatusOK
	if refusal != nil {
		if status = fault.MetaOf(fault.CodeOf(refusal)).Status; status >= http.StatusInternalServerError {
			return refusal
		}
		failures = s.failed(w, r, refusal, "")
	}
	address := "/me/organisations/" + r.PathValue("id")
	return s.Pages.Page(w, r, status, "organisation-transfer", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.OrganisationTransferPage{Name: name, Reaches: int(ways.Transfer),
		Waiting: ways.Waiting, Sent: ways.Sent, Until: ways.Until, Account: r.PostFormValue("transfer-account"), Action: address + "/transfer", BackURL: address, Open: s.openTransfer(r, ways, address)}})
}

func (s *Server) transferAnswer(w http.ResponseWriter, r *http.Request) error {
	_, name, ok, err := s.representative(w, r)
	if !ok {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	if amount := r.PostFormValue("transfer-amount"); amount != "" {
		if _, err := s.Proofing.ConfirmTransfer(ctx, id, amount); err != nil {
			return s.showTransfer(w, r, name, err)
		}
		return see(w, r, "/me/organisations/"+id)
	}
	if err := s.Proofing.OrderTransfer(ctx, id, r.PostFormValue("transfer-account")); err != nil && fault.CodeOf(err) != fault.ProofingSilent {
		return s.showTransfer(w, r, name, err)
	}
	return see(w, r, "/me/organisations/"+id+"/transfer")
}

// openTransfer is the transfer under way, which can be taken back.
func (s *Server) openTransfer(r *http.Request, ways proofing.OrganisationWays, address string) []web.OpenCase {
	if ways.Case == "" {
		return nil
	}
	return []web.OpenCase{{Label: s.Pages.Text(r, "proofing.method."+proofing.OrganisationTransfer), Note: s.Pages.Text(r, "transfer.open.note"), At: ways.Since, Action: withdrawalURL(address, ways.Case)}}
}

// transferWithdraw needs no new login: it only takes something back. The page that follows says so of this very case.
func (s *Server) transferWithdraw(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	ctx, id, open := r.Context(), r.PathValue("id"), r.PathValue("case")
	if err := s.Mandates.InOffice(ctx, current.AccountID, id); err != nil {
		return err
	}
	if err := s.Proofing.WithdrawTransfer(ctx, id, open); err != nil && fault.CodeOf(err) != fault.Conflict {
		return err
	}
	return see(w, r, "/me/organisations/"+id+"?"+url.Values{"withdrawn": {open}}.Encode())
}

func (s *Server) organisationCertificatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showOrganisationCertificate(w, r, nil)
}

func (s *Server) showOrganisationCertificate(w http.ResponseWriter, r *http.Request, refusal error) error {
	by, name, ok, err := s.representative(w, r)
	if !ok {
		return err
	}
	ways, err := s.Proofing.OrganisationWays(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if ways.Certificate == 0 || s.Certificates == nil {
		return fault.New(fault.NotFound)
	}
	address := "/me/organisations/" + r.PathValue("id")
	return s.showHolder(w, r, by.Account, r.PathValue("id"), refusal, web.CertificatePage{Action: address + "/certificate", BackURL: address, Shows: "organisation", Held: name})
}

func (s *Server) organisationCertificate(w http.ResponseWriter, r *http.Request) error {
	by, _, ok, err := s.representative(w, r)
	if !ok {
		return err
	}
	if s.Certificates == nil {
		return fault.New(fault.NotFound)
	}
	held, err := s.shownCertificate(r, by.Account, r.PathValue("id"))
	if err == nil {
		_, err = s.Proofing.CertifyOrganisation(r.Context(), r.PathValue("id"), proofing.Shown{Certificate: held.Certificate, Authority: held.Authority, Evidence: held.Evidence})
	}
	if err != nil {
		return s.showOrganisationCertificate(w, r, err)
	}
	return see(w, r, "/me/organisations/"+r.PathValue("id"))
}

// offerOrganisationWays adds the ways that would raise the level of an organisation to its page, and what is under way or was taken back.
func (s *Server) offerOrganisationWays(r *http.Request, body *web.OrganisationPage, address string) error {
	ways, err := s.Proofing.OrganisationWays(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if int(ways.Transfer) > body.Tier {
		body.TransferURL = address + "/transfer"
	}
	if int(ways.Certificate) > body.Tier && s.Certificates != nil {
		body.CertificateURL = address + "/certificate"
	}
	body.Open = s.openTransfer(r, ways, address)
	if withdrawn := r.URL.Query().Get("withdrawn"); withdrawn != "" {
		body.Withdrawn, err = s.Proofing.TransferWithdrawn(r.Context(), r.PathValue("id"), withdrawn)
	}
	return err
}
