package adminhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// OrganisationInDoubt is an organisation that its register does not know, or ended.
type OrganisationInDoubt struct {
	ID         string     `json:"id" doc:"Its account"`
	Name       string     `json:"name" doc:"Its name, as it was registered here"`
	Code       string     `json:"unified_social_credit_code" doc:"GB 32100"`
	Doubt      string     `json:"doubt" enum:"none,unknown,kept,ended" doc:"unknown: people look; kept: they did; ended: it can be brought back; none: the register knows it"`
	State      string     `json:"register_state" enum:"registered,deregistered,revoked" doc:"What the register said last"`
	CheckedAt  time.Time  `json:"checked_at" doc:"When the register was asked last"`
	UnknownAt  *time.Time `json:"unknown_since,omitempty" doc:"Since when the register does not know it under code and name"`
	Looks      int        `json:"looks" doc:"How often the register was asked since"`
	KeptUntil  *time.Time `json:"kept_until,omitempty" doc:"Until when people looked themselves"`
	KeptReason string     `json:"kept_reason,omitempty" doc:"What they found"`
}

// PathOrganisation names an organisation.
type PathOrganisation struct {
	ID string `path:"id" maxLength:"64" doc:"Account of the organisation"`
}

const (
	tagOrganisations = "organisations-in-doubt"
	noDoubt          = "none"
)

func (s *Server) organisationsAPI(api huma.API) {
	huma.Register(api, operation(tagOrganisations, "list-organisations-in-doubt", get, "organisations-in-doubt", "登记存疑的单位 Organisations that the register does not know, those first that have been the longest, or that it ended", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Doubt string `query:"doubt" enum:"unknown,kept,ended" default:"unknown" doc:"Why they stand here"`
	}) (*listing[OrganisationInDoubt], error) {
		records, next, err := s.listOrganisations(ctx, in.Doubt, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagOrganisations, "get-organisation-in-doubt", get, "organisations-in-doubt/{id}", "单位的登记情况 How one organisation stands", http.StatusOK), func(ctx context.Context, in *PathOrganisation) (*tagged[OrganisationInDoubt], error) {
		return answer(s.organisation(ctx, in.ID))
	})
	huma.Register(api, operation(tagOrganisations, "keep-organisation", post, "organisations-in-doubt/{id}/confirmation", "人工核实单位仍有效 Say that people looked and the organisation is still there, until a day", http.StatusOK), func(ctx context.Context, in *struct {
		PathOrganisation
		Body struct {
			Reason
			Until time.Time `json:"until" doc:"When it is looked at again, within a year"`
		}
	}) (*tagged[OrganisationInDoubt], error) {
		return answer(s.keepOrganisation(ctx, in.ID, in.Body.Reason.Reason, in.Body.Until))
	})
	huma.Register(api, operation(tagOrganisations, "propose-organisation-correction", post, "organisations-in-doubt/{id}/correction", "提议更正单位代码或名称 Propose another code or name for an organisation; another administrator approves the correction", http.StatusCreated), func(ctx context.Context, in *struct {
		PathOrganisation
		Body struct {
			Reason
			Code string `json:"unified_social_credit_code,omitempty" maxLength:"64" doc:"The correct code; empty if only the name is wrong"`
			Name string `json:"name,omitempty" maxLength:"480" doc:"The correct name; empty if only the code is wrong"`
		}
	}) (*tagged[CorrectionRecord], error) {
		return answer(s.correctOrganisation(ctx, in.ID, in.Body.Code, in.Body.Name, in.Body.Reason.Reason))
	})
	for _, one := range []struct{ word, id, kind, summary string }{
		{"closure", "propose-organisation-closure", mandate.KindClose, "提议关闭单位 Propose to end an organisation that the register does not know; another administrator approves it in the inbox"},
		{"restoration", "propose-organisation-restoration", mandate.KindRestore, "提议恢复单位 Propose to bring back an organisation that the register ended in error; another administrator approves it in the inbox"},
	} {
		huma.Register(api, operation(tagOrganisations, one.id, post, "organisations-in-doubt/{id}/"+one.word, one.summary, http.StatusAccepted), func(ctx context.Context, in *struct {
			PathOrganisation
			Body struct{ Reason }
		}) (*tagged[InboxRecord], error) {
			return answer(s.proposeOrganisation(ctx, one.kind, in.ID, in.Body.Reason.Reason))
		})
	}
}

func (s *Server) organisationRecord(ctx context.Context, o mandate.Organisation) (OrganisationInDoubt, error) {
	r := OrganisationInDoubt{ID: o.ID, Doubt: noDoubt, State: string(o.State), CheckedAt: o.CheckedAt, Looks: o.UnknownLooks, KeptReason: o.KeptReason}
	if doubt := o.Doubt(s.Now()); doubt != "" {
		r.Doubt = string(doubt)
	}
	if !o.UnknownAt.IsZero() {
		r.UnknownAt = &o.UnknownAt
	}
	if !o.KeptUntil.IsZero() {
		r.KeptUntil = &o.KeptUntil
	}
	person, err := s.Accounts.Person(ctx, o.ID)
	if err != nil {
		return r, fault.Wrap(err, fault.Unavailable)
	}
	r.Name, r.Code = person.Name, person.IDNumber
	return r, nil
}

func (s *Server) listOrganisations(ctx context.Context, doubt, after string, limit int) (records []OrganisationInDoubt, next string, err error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, "", err
	}
	page, next, err := s.Organisations.Page(ctx, mandate.Doubt(doubt), after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, o := range page {
		r, err := s.organisationRecord(ctx, o)
		if err != nil {
			return nil, "", err
		}
		records = append(records, r)
	}
	return records, next, nil
}

func (s *Server) organisation(ctx context.Context, id string) (OrganisationInDoubt, error) {
	if err := holds(ctx, watchers...); err != nil {
		return OrganisationInDoubt{}, err
	}
	o, err := s.Organisations.Find(ctx, id)
	if err != nil {
		return OrganisationInDoubt{}, err
	}
	return s.organisationRecord(ctx, o)
}

// correctOrganisation proposes a correction like any other: of the code with or without the name, or of the name alone.
func (s *Server) correctOrganisation(ctx context.Context, id, code, name, reason string) (CorrectionRecord, error) {
	kind := idp.NumberChanged
	if code == "" && name != "" {
		kind = idp.NameChanged
	}
	if err := s.changer(ctx, idp.RoleSecurityAdmin); err != nil {
		return CorrectionRecord{}, err
	}
	if _, err := s.Organisations.Find(ctx, id); err != nil { // an organisation, and no person
		return CorrectionRecord{}, err
	}
	return s.proposeCorrection(ctx, ProposedCorrection{Kind: kind, AccountID: id, Number: code, Name: name}, reason)
}

func (s *Server) keepOrganisation(ctx context.Context, id, reason string, until time.Time) (OrganisationInDoubt, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return OrganisationInDoubt{}, err
	}
	if err := s.Organisations.Keep(ctx, id, until); err != nil {
		return OrganisationInDoubt{}, err
	}
	return s.organisation(ctx, id)
}

func (s *Server) proposeOrganisation(ctx context.Context, kind, id, reason string) (InboxRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return InboxRecord{}, err
	}
	p, err := s.Organisations.Propose(ctx, kind, id)
	return inboxRecord(p, s.Now()), err
}
