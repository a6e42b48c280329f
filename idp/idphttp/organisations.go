package idphttp

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// managed are the organisations in which a person appoints others.
func (s *Server) managed(ctx context.Context, account string) (links []web.Link, err error) {
	live, err := s.Mandates.Live(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, m := range live {
		address := "/me/organisations/" + m.Principal
		if !mandate.IsOrganisation(m.Principal) || !m.Has(mandate.Manage) || slices.ContainsFunc(links, func(l web.Link) bool { return l.URL == address }) {
			continue
		}
		organisation, err := s.Accounts.Person(ctx, m.Principal)
		if err != nil {
			return nil, err
		}
		links = append(links, web.Link{Label: organisation.Name, URL: address})
	}
	return links, nil
}

func (s *Server) organisationForm(w http.ResponseWriter, r *http.Request) error {
	if _, ok, err := s.signedInAccount(w, r); !ok {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "organisation-found", web.Page{Identity: s.Identity(r), Body: web.OrganisationFoundPage{}})
}

func (s *Server) organisationFound(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	name, code := r.PostFormValue("organisation-name"), r.PostFormValue("organisation-code")
	made, err := s.Mandates.Found(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, name, code)
	if err == nil {
		return see(w, r, "/me/organisations/"+made.ID)
	}
	return s.Pages.Page(w, r, fault.MetaOf(fault.CodeOf(err)).Status, "organisation-found", web.Page{Identity: s.Identity(r), Errors: s.failed(w, r, err, ""), Body: web.OrganisationFoundPage{Name: name, Code: code}})
}

func (s *Server) organisationPage(w http.ResponseWriter, r *http.Request) error {
	return s.showOrganisation(w, r, http.StatusOK, nil)
}

// showOrganisation is for those who manage it; for everybody else there is none.
func (s *Server) showOrganisation(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	kinds, err := s.Mandates.Appoints(ctx, current.AccountID, id)
	if err != nil {
		return err
	}
	if len(kinds) == 0 {
		return fault.New(fault.NotFound)
	}
	organisation, err := s.Mandates.Organisation(ctx, id)
	if err != nil {
		return err
	}
	named, err := s.Accounts.Person(ctx, id)
	if err != nil {
		return err
	}
	address := "/me/organisations/" + id
	body := web.OrganisationPage{Name: named.Name, Code: named.IDNumber, Tier: int(named.IAL), Role: string(mandate.Administrator), Frozen: !organisation.FrozenAt.IsZero(), AppointURL: "/me/mandates/new?" + url.Values{"for": {id}}.Encode()}
	head := slices.Contains(kinds, mandate.Administrator)
	if head {
		body.Role = string(mandate.LegalRepresentative)
		body.ThawURL = address + "/thaw"
		if err := s.offerOrganisationWays(r, &body, address); err != nil {
			return err
		}
	}
	if err := s.showKeepers(r, current.AccountID, id, &body); err != nil {
		return err
	}
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := s.Mandates.Page(ctx, id, mandate.SidePrincipal, after, mandatesOnPage)
	if err != nil {
		return err
	}
	for _, m := range page {
		item, err := s.mandateItem(ctx, m, id)
		if err != nil {
			return err
		}
		item.Waiting = false
		agent := web.OrganisationAgent{MandateItem: item, Agent: m.Agent}
		if state := m.StateAt(s.Now()); (state == mandate.Active || state == mandate.Proposed) && (m.Kind == mandate.Staff || m.Kind == mandate.LicenseKeeper || m.Kind == mandate.SealKeeper || m.Kind == mandate.Administrator && head) {
			agent.StopURL = address + "/stop"
		}
		body.Agents = append(body.Agents, agent)
	}
	body.MoreURL = pagemark.Onward(r, address, next)
	return s.Pages.Page(w, r, status, "organisation", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

func (s *Server) organisationStop(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	_, err = s.Mandates.StopAgent(r.Context(), current.AccountID, r.PathValue("id"), r.PostFormValue("organisation-agent"))
	return s.afterOrganisation(w, r, err)
}

func (s *Server) organisationThaw(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.signedInAccount(w, r)
	if !ok {
		return err
	}
	return s.afterOrganisation(w, r, s.Mandates.Thaw(r.Context(), mandate.By{Account: current.AccountID, SignedInAt: current.AuthTime}, r.PathValue("id")))
}

func (s *Server) afterOrganisation(w http.ResponseWriter, r *http.Request, err error) error {
	status := fault.MetaOf(fault.CodeOf(err)).Status
	switch {
	case err == nil:
		return see(w, r, "/me/organisations/"+r.PathValue("id"))
	case status >= http.StatusInternalServerError:
		return err
	}
	return s.showOrganisation(w, r, status, s.failed(w, r, err, ""))
}
