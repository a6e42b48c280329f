package idphttp

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// MandateRecord is a mandate on the wire. Persons are masked, as on the pages.
type MandateRecord struct {
	ID          string     `json:"mandate_id" doc:"Identifier, as in tokens"`
	Side        string     `json:"side" enum:"principal,agent,other" doc:"Which side the caller is; other for who manages the organisation, or passed it on"`
	Principal   string     `json:"principal_name" doc:"For whom: masked name of a person, name of an organisation"`
	Agent       string     `json:"agent_name" doc:"Masked name of the person who acts"`
	Kind        string     `json:"kind" enum:"relative,family,elder_helper,village_helper,guardian,guardian_limited,legal_representative,administrator,agent,license_keeper,seal_keeper" doc:"Kind of mandate; under seal_keeper nobody acts: it says who keeps seals of the organisation"`
	State       string     `json:"state" enum:"proposed,active,refused,revoked,expired,ended" doc:"State now"`
	Waiting     bool       `json:"waiting" doc:"The caller is asked to confirm"`
	Items       []string   `json:"items" doc:"Codes of service items, of a license_keeper codes of types of licences and, behind purpose:, of purposes, of a seal_keeper codes of seals; * is all"`
	DetailTypes []string   `json:"authorization_details_types" doc:"Kinds of authorization_details that may be asked for"`
	Rights      []string   `json:"rights" doc:"view, fill, submit, collect, present, lend, manage"`
	MaxClass    int        `json:"max_data_class" minimum:"1" maximum:"3" doc:"1: name and tier; 2: also contacts; 3: also the number of the identity document"`
	Frozen      bool       `json:"frozen" doc:"Only view and fill hold until a new legal representative confirms"`
	Delegable   bool       `json:"delegable" doc:"May be passed on once"`
	Depth       int        `json:"depth" doc:"1, or 2 for one that was passed on"`
	NotBefore   time.Time  `json:"not_before" doc:"From when it holds"`
	NotAfter    time.Time  `json:"not_after" doc:"Until when"`
	EndedAt     *time.Time `json:"ended_at,omitempty" doc:"When it was ended"`
}

// MandateTerms are what a mandate is asked to be.
type MandateTerms struct {
	Kind        string    `json:"kind,omitempty" enum:"relative,family,elder_helper,village_helper,guardian_limited,administrator,agent,license_keeper,seal_keeper" doc:"Kind of mandate; not when one is passed on"`
	Name        string    `json:"name" minLength:"1" maxLength:"64" doc:"Verified name of the other person"`
	Identifier  string    `json:"identifier" minLength:"1" maxLength:"200" doc:"Mobile number or e-mail address of the other person"`
	Items       []string  `json:"items" minItems:"1" maxItems:"50" doc:"Codes of service items, of a license_keeper codes of types of licences and, behind purpose:, of purposes, of a seal_keeper codes of seals (14 digits); * alone is all"`
	DetailTypes []string  `json:"authorization_details_types,omitempty" maxItems:"50" doc:"Kinds of authorization_details that may be asked for"`
	Rights      []string  `json:"rights,omitempty" maxItems:"7" doc:"Absent: the kind's default"`
	MaxClass    int       `json:"max_data_class,omitempty" minimum:"0" maximum:"3" doc:"Absent: 1"`
	Delegable   bool      `json:"delegable,omitempty" doc:"May be passed on once"`
	NotAfter    time.Time `json:"not_after,omitzero" doc:"Absent: the kind's default"`
}

// MandateUseRecord is one sign-in under a mandate.
type MandateUseRecord struct {
	ClientID string    `json:"client_id" doc:"Where"`
	Name     string    `json:"client_name" doc:"Its name"`
	At       time.Time `json:"at" doc:"When"`
	Page     string    `json:"page,omitempty" enum:"look,present,consent,level" doc:"What was done at pages of the platform: looked, showed a licence, agreed as guardian to a proof of who the child is, saw its result; absent for a sign-in"`
}

// OrganisationRecord is an organisation for who manages it.
type OrganisationRecord struct {
	ID     string `json:"organisation_id" doc:"Identifier"`
	Name   string `json:"name" doc:"Name in the register"`
	Code   string `json:"unified_social_credit_code" doc:"GB 32100"`
	IAL    int    `json:"ial" doc:"How surely it is known"`
	Frozen bool   `json:"frozen" doc:"Waits for a new legal representative to confirm its agents"`
}

type mandateAnswer struct {
	Body MandateRecord
}

type mandateList struct {
	Body struct {
		Items []MandateRecord `json:"items" doc:"Entries of this page"`
		Next  string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

type useList struct {
	Body struct {
		Items []MandateUseRecord `json:"items" doc:"Entries of this page"`
		Next  string             `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

type organisationAnswer struct {
	Body OrganisationRecord
}

// MandatePaging is exported because the framework passes over embedded types that are not.
type MandatePaging struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
}

// MandatePath names a mandate.
type MandatePath struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the mandate"`
}

// OrganisationPath names an organisation.
type OrganisationPath struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the organisation"`
}

// mandateCaller is the person who calls for itself. Somebody who acts for another neither gives nor ends mandates of that one.
func mandateCaller(ctx context.Context) (mandate.By, error) {
	actor := reqctx.From(ctx).Actor
	account, person := strings.CutPrefix(actor.ID, "account:")
	switch {
	case actor.ID == "":
		return mandate.By{}, fault.New(fault.Unauthenticated)
	case !person, actor.ActingFor != "", !slices.Contains(actor.Scopes, idp.ScopeMandates):
		return mandate.By{}, fault.New(fault.Forbidden)
	}
	return mandate.By{Account: account, SignedInAt: actor.SignedInAt}, nil
}

func mandateOperation(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/" + path, Summary: summary, Tags: []string{"mandates"}, DefaultStatus: http.StatusOK,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			ctx.SetHeader("Cache-Control", "no-store")
			next(ctx)
		}}}
}

// RegisterMandates adds the operations of mandates, organisations and children to the API.
func (s *Server) RegisterMandates(api huma.API) {
	s.registerServiceItems(api)
	s.registerKeepers(api)
	s.registerElders(api)
	huma.Register(api, mandateOperation("list-mandates", http.MethodGet, "mandates", "授权列表 List the mandates of one side, the newest first"), func(ctx context.Context, in *struct {
		MandatePaging
		Side         string `query:"side" enum:"principal,agent" default:"principal" doc:"principal: those that were given; agent: those under which the caller may act"`
		Organisation string `query:"organisation_id" maxLength:"64" doc:"Those of an organisation that the caller manages"`
	}) (*mandateList, error) {
		return s.listMandates(ctx, in.Side, in.Organisation, in.After, in.Limit)
	})
	huma.Register(api, mandateOperation("give-mandate", http.MethodPost, "mandates", "发出授权 Let somebody act for the caller, or for an organisation that it manages; the other person confirms"), func(ctx context.Context, in *struct {
		Body struct {
			MandateTerms
			Organisation string `json:"organisation_id,omitempty" maxLength:"64" doc:"For an organisation; absent: for the caller"`
		}
	}) (*mandateAnswer, error) {
		return s.make(ctx, in.Body.MandateTerms, func(by mandate.By, agent string, t mandate.Terms) (mandate.Mandate, error) {
			principal := by.Account
			if in.Body.Organisation != "" {
				principal = in.Body.Organisation
			}
			return s.Mandates.Give(ctx, by, principal, agent, t)
		})
	})
	huma.Register(api, mandateOperation("ask-for-mandate", http.MethodPost, "mandates/requests", "申请代办 Ask to act for somebody, who confirms"), func(ctx context.Context, in *struct{ Body MandateTerms }) (*mandateAnswer, error) {
		return s.make(ctx, in.Body, func(by mandate.By, principal string, t mandate.Terms) (mandate.Mandate, error) {
			if t.Kind == mandate.GuardianLimited {
				return s.Mandates.AskToLookOn(ctx, by, principal)
			}
			return s.Mandates.Ask(ctx, by, principal, t)
		})
	})
	huma.Register(api, mandateOperation("get-mandate", http.MethodGet, "mandates/{id}", "授权详情 One mandate"), func(ctx context.Context, in *MandatePath) (*mandateAnswer, error) {
		return s.oneMandate(ctx, in.ID)
	})
	huma.Register(api, mandateOperation("list-mandate-uses", http.MethodGet, "mandates/{id}/uses", "授权使用记录 Sign-ins under a mandate, the newest first"), func(ctx context.Context, in *struct {
		MandatePath
		MandatePaging
	}) (*useList, error) {
		return s.listUses(ctx, in.ID, in.After, in.Limit)
	})
	huma.Register(api, mandateOperation("accept-mandate", http.MethodPost, "mandates/{id}/acceptance", "接受授权 Confirm a mandate that was proposed"), func(ctx context.Context, in *MandatePath) (*mandateAnswer, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			err = s.Mandates.Accept(ctx, by, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return s.oneMandate(ctx, in.ID)
	})
	huma.Register(api, mandateOperation("end-mandate", http.MethodPost, "mandates/{id}/termination", "终止授权 End or refuse a mandate, at once"), func(ctx context.Context, in *MandatePath) (*mandateAnswer, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			err = s.Mandates.Stop(ctx, by.Account, in.ID, "wish")
		}
		if err != nil {
			return nil, err
		}
		return s.oneMandate(ctx, in.ID)
	})
	huma.Register(api, mandateOperation("pass-on-mandate", http.MethodPost, "mandates/{id}/delegations", "转授权 Pass a part of a mandate on, where it allows that"), func(ctx context.Context, in *struct {
		MandatePath
		Body MandateTerms
	}) (*mandateAnswer, error) {
		return s.make(ctx, in.Body, func(by mandate.By, agent string, t mandate.Terms) (mandate.Mandate, error) {
			return s.Mandates.PassOn(ctx, by, in.ID, agent, t)
		})
	})
	huma.Register(api, mandateOperation("found-organisation", http.MethodPost, "organisations", "登记单位 Make the account of an organisation; for its legal representative"), func(ctx context.Context, in *struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"120" doc:"As in the register"`
			Code string `json:"unified_social_credit_code" minLength:"1" maxLength:"40" doc:"GB 32100"`
		}
	}) (*organisationAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		o, err := s.Mandates.Found(ctx, by, in.Body.Name, in.Body.Code)
		if err != nil {
			return nil, err
		}
		return s.oneOrganisation(ctx, o)
	})
	huma.Register(api, mandateOperation("get-organisation", http.MethodGet, "organisations/{id}", "单位详情 One organisation, for who manages it"), func(ctx context.Context, in *OrganisationPath) (*organisationAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		return s.managedOrganisation(ctx, by.Account, in.ID)
	})
	huma.Register(api, mandateOperation("confirm-organisation-agents", http.MethodPost, "organisations/{id}/confirmation", "确认现有人员 End the freeze after a change of the legal representative"), func(ctx context.Context, in *OrganisationPath) (*organisationAnswer, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			err = s.Mandates.Thaw(ctx, by, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return s.managedOrganisation(ctx, by.Account, in.ID)
	})
	huma.Register(api, mandateOperation("stop-organisation-agent", http.MethodPost, "organisations/{id}/departures", "一键停用 End all that the person of a mandate may do for the organisation"), func(ctx context.Context, in *struct {
		OrganisationPath
		Body struct {
			MandateID string `json:"mandate_id" minLength:"1" maxLength:"64" doc:"One of the person's mandates"`
		}
	}) (*struct {
		Body struct {
			Ended int `json:"ended" doc:"How many mandates were ended"`
		}
	}, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		m, err := s.Mandates.Visible(ctx, by.Account, in.Body.MandateID)
		if err == nil && m.Principal != in.ID {
			err = fault.New(fault.NotFound)
		}
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Ended int `json:"ended" doc:"How many mandates were ended"`
			}
		}{}
		out.Body.Ended, err = s.Mandates.StopAgent(ctx, by.Account, in.ID, m.Agent)
		return out, err
	})
	huma.Register(api, mandateOperation("add-child", http.MethodPost, "children", "添加孩子 Agree as guardian of a child below 14: its account is opened and the caller acts for it"), func(ctx context.Context, in *struct {
		Body struct {
			Name     string `json:"name" minLength:"1" maxLength:"64" doc:"Name of the child"`
			Number   string `json:"citizen_id_number" minLength:"1" maxLength:"40" doc:"GB 11643"`
			Relation string `json:"relation" enum:"parent,grandparent,sibling,other" doc:"What the caller is to the child"`
			Consent  string `json:"consent" minLength:"1" maxLength:"64" doc:"Version of the text that the caller was shown and agreed to, as the page for guardians names it"`
		}
	}) (*mandateAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.Mandates.MayConsent(ctx, by); err != nil {
			return nil, err
		}
		if s.Proofing.GuardianWay().Review { // two people look at pictures, which the page takes
			return nil, fault.New(fault.GuardianPage)
		}
		made, _, err := s.Proofing.Consent(ctx, by.Account, proofing.Child{Name: in.Body.Name, Number: in.Body.Number, Relation: in.Body.Relation, Consent: in.Body.Consent}, nil)
		if err != nil {
			return nil, err
		}
		return s.oneMandate(ctx, made)
	})
}

// make finds the other person and makes a mandate with it.
func (s *Server) make(ctx context.Context, in MandateTerms, then func(by mandate.By, other string, t mandate.Terms) (mandate.Mandate, error)) (*mandateAnswer, error) {
	by, err := mandateCaller(ctx)
	if err != nil {
		return nil, err
	}
	rights, ok := mandate.RightsOf(in.Rights)
	if !ok {
		return nil, fault.New(fault.MandateTerms).WithField("rights", fault.MandateTerms)
	}
	other, err := s.Mandates.FindAgent(ctx, by, in.Name, in.Identifier)
	if err != nil {
		return nil, err
	}
	m, err := then(by, other, mandate.Terms{Kind: mandate.Kind(in.Kind), Items: in.Items, DetailTypes: in.DetailTypes, Rights: rights, MaxClass: in.MaxClass, Delegable: in.Delegable, Until: in.NotAfter})
	if err != nil {
		return nil, err
	}
	return s.oneMandate(ctx, m.ID)
}

func (s *Server) mandateRecord(ctx context.Context, m mandate.Mandate, viewer string) (MandateRecord, error) {
	state := m.StateAt(s.Now())
	r := MandateRecord{ID: m.ID, Side: "other", Kind: string(m.Kind), State: string(state), Waiting: state == mandate.Proposed && m.WaitsFor(viewer), Items: m.Items, DetailTypes: append([]string{}, m.DetailTypes...),
		Rights: []string{}, MaxClass: m.MaxClass, Frozen: !m.FrozenAt.IsZero(), Delegable: m.Delegable, Depth: m.Depth, NotBefore: m.NotBefore, NotAfter: m.NotAfter}
	for _, right := range m.Rights {
		r.Rights = append(r.Rights, string(right))
	}
	if !m.EndedAt.IsZero() {
		r.EndedAt = &m.EndedAt
	}
	switch viewer {
	case m.Principal:
		r.Side = mandate.SidePrincipal
	case m.Agent:
		r.Side = mandate.SideAgent
	}
	for account, name := range map[string]*string{m.Principal: &r.Principal, m.Agent: &r.Agent} {
		person, err := s.Accounts.Person(ctx, account)
		if err != nil {
			return r, err
		}
		*name = sideName(account, person)
	}
	return r, nil
}

func (s *Server) oneMandate(ctx context.Context, id string) (*mandateAnswer, error) {
	by, err := mandateCaller(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.Mandates.Visible(ctx, by.Account, id)
	if err != nil {
		return nil, err
	}
	shown, err := s.mandateRecord(ctx, m, by.Account)
	return &mandateAnswer{Body: shown}, err
}

func (s *Server) listMandates(ctx context.Context, side, organisation, after string, limit int) (*mandateList, error) {
	by, err := mandateCaller(ctx)
	if err != nil {
		return nil, err
	}
	of := by.Account
	if organisation != "" {
		kinds, err := s.Mandates.Appoints(ctx, by.Account, organisation)
		if err != nil {
			return nil, err
		}
		if len(kinds) == 0 {
			return nil, fault.New(fault.NotFound)
		}
		of, side = organisation, mandate.SidePrincipal
	}
	page, next, err := s.Mandates.Page(ctx, of, side, after, limit)
	if err != nil {
		return nil, err
	}
	out := &mandateList{}
	out.Body.Items, out.Body.Next = []MandateRecord{}, next
	for _, m := range page {
		shown, err := s.mandateRecord(ctx, m, by.Account)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, shown)
	}
	return out, nil
}

func (s *Server) listUses(ctx context.Context, id, after string, limit int) (*useList, error) {
	by, err := mandateCaller(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.Mandates.Visible(ctx, by.Account, id)
	if err != nil {
		return nil, err
	}
	page, next, err := s.Mandates.Uses(ctx, m, after, limit)
	if err != nil {
		return nil, err
	}
	out := &useList{}
	out.Body.Items, out.Body.Next = []MandateUseRecord{}, next
	for _, use := range page {
		shown := MandateUseRecord{ClientID: use.ClientID, Name: use.ClientID, At: use.At, Page: use.What}
		if client, ok := s.party(use.ClientID); ok {
			shown.Name = client.ClientName
		}
		out.Body.Items = append(out.Body.Items, shown)
	}
	return out, nil
}

func (s *Server) managedOrganisation(ctx context.Context, by, id string) (*organisationAnswer, error) {
	kinds, err := s.Mandates.Appoints(ctx, by, id)
	if err == nil && len(kinds) == 0 {
		err = fault.New(fault.NotFound)
	}
	if err != nil {
		return nil, err
	}
	o, err := s.Mandates.Organisation(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.oneOrganisation(ctx, o)
}

func (s *Server) oneOrganisation(ctx context.Context, o mandate.Organisation) (*organisationAnswer, error) {
	named, err := s.Accounts.Person(ctx, o.ID)
	return &organisationAnswer{Body: OrganisationRecord{ID: o.ID, Name: named.Name, Code: named.IDNumber, IAL: int(named.IAL), Frozen: !o.FrozenAt.IsZero()}}, err
}
