package adminhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const tagClients = "clients"

// stoppers take a client out of use: whoever watches must be able to do so at once.
var stoppers = []string{idp.RoleSystemAdmin, idp.RoleSecurityAdmin}

// ClientSummary is a client in a list.
type ClientSummary struct {
	ClientID   string `json:"client_id" doc:"Identifier of the client"`
	Name       string `json:"client_name" doc:"Name of the client"`
	Department string `json:"department" doc:"Organisation behind it"`
	State      string `json:"state" enum:"live,suspended,retired,applied,sandbox,refused" doc:"Only live ones can be used, and sandbox ones where the platform is a sandbox"`
	Profile    string `json:"profile" doc:"default, fapi2 or fapi2_ms"`
}

// ClientRecord is a client on the wire; a secret never comes out.
type ClientRecord struct {
	ClientID       string           `json:"client_id" doc:"Identifier of the client"`
	State          string           `json:"state" enum:"live,suspended,retired,applied,sandbox,refused,proposed" doc:"Only live ones can be used, and sandbox ones where the platform is a sandbox; proposed: a new one that waits for a second person"`
	Approval       string           `json:"approval_state,omitempty" doc:"Of a client that registered itself; it stands behind a suspension"`
	HasSecret      bool             `json:"has_secret" doc:"Whether a secret is stored"`
	OldSecretUntil *time.Time       `json:"old_secret_until,omitempty" doc:"Until when the secret before is taken too"`
	RetiredAt      *time.Time       `json:"retired_at,omitempty" doc:"When it ended for good"`
	Definition     ClientDefinition `json:"definition" doc:"Its registration, as in files of admin apply"`
}

// ClientOutcome is a client after a change, or as it is while the change waits for a second person.
type ClientOutcome struct {
	ClientRecord
	Secret   string `json:"client_secret,omitempty" doc:"Shown now and never again; of use once the proposal is approved, where there is one"`
	Proposal string `json:"proposal,omitempty" doc:"Proposal in the inbox that a second person decides on; absent for a change that is made"`
}

// clientAnswer is tagged by the record alone, as it is read later; its status tells whether something waits.
type clientAnswer struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the client, for If-Match"`
	Body   ClientOutcome
}

// PathClient names a client.
type PathClient struct {
	ID string `path:"id" maxLength:"128" doc:"Identifier of the client"`
}

func (s *Server) clientsAPI(api huma.API) {
	huma.Register(api, operation(tagClients, "list-clients", get, "clients", "应用列表 List clients by identifier", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State      string `query:"state" enum:"live,suspended,retired,applied,sandbox,refused" doc:"Only those in this state"`
		Department string `query:"department" maxLength:"200" doc:"Only those of this organisation"`
		Text       string `query:"q" maxLength:"100" doc:"Part of identifier, name or department"`
	}) (*listing[ClientSummary], error) {
		page, next, err := s.listClients(ctx, idp.ClientQuery{State: in.State, Department: in.Department, Text: in.Text, After: in.After, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		return listed(page, next), nil
	})
	huma.Register(api, operation(tagClients, "get-client", get, "clients/{id}", "应用详情 Get a client", http.StatusOK), func(ctx context.Context, in *PathClient) (*tagged[ClientRecord], error) {
		r, _, err := s.client(ctx, in.ID)
		return answer(r, err)
	})
	huma.Register(api, operation(tagClients, "create-client", post, "clients", "登记应用 Register a client; its secret is shown once. 202: a second person decides", http.StatusCreated), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			ClientID   string           `json:"client_id" minLength:"1" maxLength:"128" doc:"Identifier, which stays"`
			Definition ClientDefinition `json:"definition" doc:"Registration, as in files of admin apply, without a secret"`
		}
	}) (*clientAnswer, error) {
		return clientAnswered(http.StatusCreated)(s.createClient(ctx, in.Body.ClientID, in.Body.Definition, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagClients, "put-client", http.MethodPut, "clients/{id}", "修改应用 Change a client; secret and state stay. 202: a second person decides", http.StatusOK), func(ctx context.Context, in *struct {
		PathClient
		IfMatch string `header:"If-Match" maxLength:"80" doc:"ETag of what was read"`
		Body    struct {
			Reason
			Definition ClientDefinition `json:"definition" doc:"Whole registration; it replaces the one before, so that what is left out is taken away"`
		}
	}) (*clientAnswer, error) {
		return clientAnswered(http.StatusOK)(s.putClient(ctx, in.ID, in.IfMatch, in.Body.Definition, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagClients, "rotate-client-secret", post, "clients/{id}/secret", "轮换应用密钥 Make a new secret, which is shown once. 202: a second person decides", http.StatusOK), func(ctx context.Context, in *struct {
		PathClient
		Body struct {
			Reason
			Hours int `json:"overlap_hours" minimum:"0" maximum:"24" doc:"How long the secret before is taken too; 0 ends it at once"`
		}
	}) (*clientAnswer, error) {
		return clientAnswered(http.StatusOK)(s.rotateSecret(ctx, in.ID, in.Body.Hours, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagClients, "list-refused-requests", get, "clients/{id}/refused-requests", "被拒绝的登录请求 What requests named otherwise than it is registered, in the last 14 days", http.StatusOK), func(ctx context.Context, in *PathClient) (*listing[RefusedRequest], error) {
		all, err := s.refusedRequests(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return listed(all, ""), nil
	})
	for _, step := range []struct {
		name, chinese, english string
		do                     func(ctx context.Context, id, reason string) (ClientOutcome, error)
	}{
		{"suspension", "停用应用", "Take a client out of use; its grants stay", s.suspendClient}, {"resumption", "恢复应用", "Put a client into use again. 202: a second person decides", s.resumeClient},
		{"retirement", "永久停用应用", "End a client for good, with all its grants", s.retireClient},
	} {
		huma.Register(api, operation(tagClients, step.name+"-of-client", post, "clients/{id}/"+step.name, step.chinese+" "+step.english, http.StatusOK), func(ctx context.Context, in *struct {
			PathClient
			Body struct{ Reason }
		}) (*clientAnswer, error) {
			return clientAnswered(http.StatusOK)(step.do(ctx, in.ID, in.Body.Reason.Reason))
		})
	}
}

func clientAnswered(done int) func(ClientOutcome, error) (*clientAnswer, error) {
	return func(r ClientOutcome, err error) (*clientAnswer, error) {
		if err != nil {
			return nil, err
		}
		if r.Proposal != "" {
			done = http.StatusAccepted
		}
		return &clientAnswer{Status: done, ETag: etag(r.ClientRecord), Body: r}, nil
	}
}

func (s *Server) listClients(ctx context.Context, q idp.ClientQuery) (all []ClientSummary, next string, err error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return nil, "", err
	}
	if q.Within, err = s.within(ctx, idp.AdminRoles...); err != nil {
		return nil, "", err
	}
	page, next := s.Clients.Page(q)
	for _, c := range page {
		all = append(all, ClientSummary{ClientID: c.ClientID, Name: c.ClientName, Department: c.Department, State: c.State(), Profile: profileOf(c.Client)})
	}
	return all, next, nil
}

func profileOf(c idp.Client) string {
	if c.Profile == "" {
		return idp.ProfileDefault
	}
	return c.Profile
}

// client reads one of the own areas; one of another area is not there.
func (s *Server) client(ctx context.Context, id string) (r ClientRecord, v idp.ClientVersion, err error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return r, v, err
	}
	if v, err = s.Clients.Read(ctx, id); err != nil {
		return r, v, err
	}
	if ok, err := s.reaches(ctx, v.Department, idp.AdminRoles...); err != nil {
		return r, idp.ClientVersion{}, err
	} else if !ok {
		return r, idp.ClientVersion{}, fault.New(fault.NotFound)
	}
	r = ClientRecord{ClientID: v.ClientID, State: v.State(), Approval: v.ApprovalState, HasSecret: v.HasSecret() && len(v.SecretMAC) > 0, RetiredAt: moment(v.RetiredAt)}
	if s.Now().Before(v.OldUntil) {
		r.OldSecretUntil = &v.OldUntil
	}
	r.Definition, err = converted[ClientDefinition](v.Client)
	return r, v, err
}

// after is the outcome of a change of a client.
func (s *Server) after(ctx context.Context, id string, waits *foureyes.Proposal, err error) (r ClientOutcome, _ error) {
	if err != nil {
		return r, err
	}
	if waits != nil {
		r.Proposal = waits.ID
	}
	r.ClientRecord, _, err = s.client(ctx, id)
	if waits != nil && fault.CodeOf(err) == fault.NotFound {
		r.ClientRecord, err = ClientRecord{ClientID: id, State: stateProposed}, nil
	}
	return r, err
}

// stateProposed is that of a client which does not exist yet.
const stateProposed = "proposed"

func (s *Server) createClient(ctx context.Context, id string, definition ClientDefinition, reason string) (r ClientOutcome, err error) {
	if ctx, err = s.changeIn(ctx, reason, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	client, err := converted[idp.Client](definition)
	if err != nil {
		return r, err
	}
	if err := s.gives(ctx, client.Department, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	client.ClientID = strings.TrimSpace(id)
	secret, waits, err := s.Clients.Create(ctx, client)
	r, err = s.after(ctx, client.ClientID, waits, err)
	if r.Secret = secret; waits != nil && err == nil {
		r.Definition = definition
	}
	return r, err
}

func (s *Server) putClient(ctx context.Context, id, ifMatch string, definition ClientDefinition, reason string) (r ClientOutcome, err error) {
	ctx, before, was, err := s.clientToChange(ctx, id, reason, idp.RoleSystemAdmin)
	if err != nil {
		return r, err
	}
	if err := unchanged(ifMatch, before); err != nil {
		return r, err
	}
	client, err := converted[idp.Client](definition)
	if err != nil {
		return r, err
	}
	if err := s.gives(ctx, client.Department, idp.RoleSystemAdmin); err != nil {
		return r, err
	}
	waits, err := s.Clients.Change(ctx, was, client)
	return s.after(ctx, id, waits, err)
}

func (s *Server) rotateSecret(ctx context.Context, id string, hours int, reason string) (r ClientOutcome, err error) {
	ctx, _, was, err := s.clientToChange(ctx, id, reason, idp.RoleSystemAdmin)
	if err != nil {
		return r, err
	}
	secret, waits, err := s.Clients.Rotate(ctx, was, time.Duration(hours)*time.Hour)
	r, err = s.after(ctx, id, waits, err)
	r.Secret = secret
	return r, err
}

// clientToChange reads a client that somebody with one of the roles for its area is about to change.
func (s *Server) clientToChange(ctx context.Context, id, reason string, roles ...string) (context.Context, ClientRecord, idp.ClientVersion, error) {
	ctx, err := s.changeIn(ctx, reason, roles...)
	if err != nil {
		return ctx, ClientRecord{}, idp.ClientVersion{}, err
	}
	r, v, err := s.client(ctx, id)
	if err == nil {
		ctx, err = s.changeOf(ctx, reason, v.Department, roles...)
	}
	return ctx, r, v, err
}

func (s *Server) suspendClient(ctx context.Context, id, reason string) (ClientOutcome, error) {
	return s.moveClient(ctx, id, reason, stoppers, func(ctx context.Context, v idp.ClientVersion) (*foureyes.Proposal, error) {
		return s.Clients.Disable(ctx, v, true)
	})
}

// resumeClient puts back what was taken out of use; what waits for a decision, or was refused, needs the decision.
func (s *Server) resumeClient(ctx context.Context, id, reason string) (ClientOutcome, error) {
	return s.moveClient(ctx, id, reason, stoppers, func(ctx context.Context, v idp.ClientVersion) (*foureyes.Proposal, error) {
		if !v.Disabled && v.ApprovalState == idp.StateSuspended {
			return nil, fault.New(fault.ClientMetadata, "field", "approval_state", "why", "decide on its registration instead")
		}
		return s.Clients.Disable(ctx, v, false)
	})
}

func (s *Server) retireClient(ctx context.Context, id, reason string) (ClientOutcome, error) {
	return s.moveClient(ctx, id, reason, []string{idp.RoleSystemAdmin}, func(ctx context.Context, v idp.ClientVersion) (*foureyes.Proposal, error) {
		return nil, s.Clients.Retire(ctx, v)
	})
}

func (s *Server) moveClient(ctx context.Context, id, reason string, roles []string, move func(context.Context, idp.ClientVersion) (*foureyes.Proposal, error)) (r ClientOutcome, err error) {
	ctx, _, was, err := s.clientToChange(ctx, id, reason, roles...)
	if err != nil {
		return r, err
	}
	waits, err := move(ctx, was)
	return s.after(ctx, id, waits, err)
}

// RefusedRequest is what requests of a client named otherwise than it is registered.
type RefusedRequest struct {
	Parameter   string    `json:"parameter" enum:"redirect_uri,client_id" doc:"Parameter that did not match"`
	Received    string    `json:"received" doc:"Its value, at most 300 octets, without fragment and without values that may be secret"`
	Registered  []string  `json:"registered" doc:"What is registered now"`
	Count       int64     `json:"count" doc:"How often"`
	First       time.Time `json:"first_at" doc:"First time"`
	Last        time.Time `json:"last_at" doc:"Last time"`
	SupportCode string    `json:"support_code" doc:"On the last page that a person saw, or in the last answer"`
}

func (s *Server) refusedRequests(ctx context.Context, id string) (all []RefusedRequest, err error) {
	_, v, err := s.client(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := s.Refusals.List(ctx, id)
	for _, r := range list {
		registered := v.RedirectURIs
		if r.Parameter == "client_id" {
			registered = []string{v.ClientID}
		}
		all = append(all, RefusedRequest{r.Parameter, r.Received, orEmpty(registered), r.Count, r.First, r.Last, r.SupportCode})
	}
	return all, err
}
