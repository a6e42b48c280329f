package adminhttp

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// RegistrationRecord is a client that registered itself, with what a decision would change.
type RegistrationRecord struct {
	ClientID   string       `json:"client_id" doc:"Identifier of the client"`
	Name       string       `json:"client_name" doc:"Name of the client"`
	Department string       `json:"department" doc:"Organisation whose token opened the registration"`
	State      string       `json:"state" enum:"applied,sandbox,live,suspended,refused" doc:"State of its approval"`
	Kind       string       `json:"kind" enum:"application,change,none" doc:"What waits: a new application, or a change of one"`
	Initial    string       `json:"initial_access_token" doc:"Name of the token that opened it"`
	CreatedAt  time.Time    `json:"created_at" doc:"When it registered"`
	Changes    []Difference `json:"changes" doc:"What would become another by a decision for live; every member of a new application"`
}

// Difference is one member of a registration that would change.
type Difference struct {
	Field  string          `json:"field" doc:"Member of the registration"`
	Stored json.RawMessage `json:"stored,omitempty" doc:"Its value now; absent for none"`
	Wanted json.RawMessage `json:"wanted,omitempty" doc:"Its value afterwards; absent for none"`
}

// RegistrationOutcome is a registration after a decision, or as it is while the decision waits for a second person.
type RegistrationOutcome struct {
	RegistrationRecord
	Proposal string `json:"proposal,omitempty" doc:"Proposal in the inbox that a second person decides on; absent for a decision that is made"`
}

// registrationAnswer is tagged by the record alone; its status tells whether something waits.
type registrationAnswer struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the registration, for If-Match"`
	Body   RegistrationOutcome
}

const tagRegistrations = "registrations"

func (s *Server) registrationsAPI(api huma.API) {
	huma.Register(api, operation(tagRegistrations, "list-registrations", get, "registrations", "待审批的应用 List applications and changes that wait for a decision", http.StatusOK), func(ctx context.Context, in *Paging) (*listing[RegistrationRecord], error) {
		records, next, err := s.listRegistrations(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagRegistrations, "get-registration", get, "registrations/{id}", "应用的注册申请 Get what a client that registered itself asks for", http.StatusOK), func(ctx context.Context, in *PathClient) (*tagged[RegistrationRecord], error) {
		r, _, err := s.registration(ctx, in.ID)
		return answer(r, err)
	})
	huma.Register(api, operation(tagRegistrations, "decide-registration", post, "registrations/{id}/decision", "审批应用 Decide on what was read; live takes a change that waits, refused drops it. 202: a second person decides", http.StatusOK), func(ctx context.Context, in *struct {
		PathClient
		IfMatch string `header:"If-Match" maxLength:"80" doc:"ETag of what was read, so that nothing is decided unseen"`
		Body    struct {
			Reason
			State string `json:"state" enum:"live,sandbox,suspended,refused" doc:"Decision"`
		}
	}) (*registrationAnswer, error) {
		r, err := s.decide(ctx, in.ID, in.IfMatch, in.Body.State, in.Body.Reason.Reason)
		if err != nil {
			return nil, err
		}
		status := http.StatusOK
		if r.Proposal != "" {
			status = http.StatusAccepted
		}
		return &registrationAnswer{status, etag(r.RegistrationRecord), r}, nil
	})
}

// WaitingRegistrations counts, up to the limit, the registrations that wait for a decision of the administrator.
func (s *Server) WaitingRegistrations(ctx context.Context, limit int) (int, error) {
	records, _, err := s.listRegistrations(ctx, "", limit)
	return len(records), err
}

func (s *Server) listRegistrations(ctx context.Context, after string, limit int) (records []RegistrationRecord, next string, err error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return nil, "", err
	}
	within, err := s.within(ctx, idp.AdminRoles...)
	if err != nil {
		return nil, "", err
	}
	for { // what others decide is passed over, so that every page but the last is full
		page, more, err := s.Registrations.Waits(ctx, after, limit)
		if err != nil {
			return nil, "", err
		}
		for _, w := range page {
			if within != nil && !within[w.Client.Department] {
				continue
			}
			if len(records) == limit {
				return records, records[limit-1].ClientID, nil
			}
			r, err := registrationRecord(w)
			if err != nil {
				return nil, "", err
			}
			records = append(records, r)
		}
		if after = more; after == "" {
			return records, "", nil
		}
	}
}

func (s *Server) registration(ctx context.Context, id string) (r RegistrationRecord, w openplatform.Waiting, err error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return r, w, err
	}
	if w, err = s.Registrations.Get(ctx, id); err != nil {
		return r, w, err
	}
	if ok, err := s.reaches(ctx, w.Client.Department, idp.AdminRoles...); err != nil {
		return r, openplatform.Waiting{}, err
	} else if !ok {
		return r, openplatform.Waiting{}, fault.New(fault.NotFound)
	}
	r, err = registrationRecord(w)
	return r, w, err
}

func registrationRecord(w openplatform.Waiting) (r RegistrationRecord, err error) {
	r = RegistrationRecord{ClientID: w.ClientID, Name: w.Client.ClientName, Department: w.Client.Department, State: w.Client.ApprovalState, Kind: "none", Initial: w.Initial, CreatedAt: w.CreatedAt}
	stored, wanted := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	switch {
	case w.Wanted != nil:
		r.Kind = "change"
		if stored, err = membersOf(w.Client); err == nil {
			wanted, err = membersOf(*w.Wanted)
		}
	case w.Client.ApprovalState == idp.StateApplied:
		r.Kind = "application"
		wanted, err = membersOf(w.Client)
	}
	r.Changes = differences(stored, wanted)
	return r, err
}

// differences are the members that are not the same in two registrations, by name.
func differences(stored, wanted map[string]json.RawMessage) []Difference {
	all := []Difference{}
	names := maps.Clone(stored)
	maps.Copy(names, wanted)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if string(stored[name]) != string(wanted[name]) {
			all = append(all, Difference{name, stored[name], wanted[name]})
		}
	}
	return all
}

// membersOf are the members of a registration that say something.
func membersOf(c idp.Client) (map[string]json.RawMessage, error) {
	definition, err := converted[ClientDefinition](c)
	if err != nil {
		return nil, err
	}
	return converted[map[string]json.RawMessage](definition)
}

// decide settles what the administrator read and nothing else.
func (s *Server) decide(ctx context.Context, id, ifMatch, state, reason string) (r RegistrationOutcome, err error) {
	if ctx, err = s.changeIn(ctx, reason, idp.RoleSecurityAdmin); err != nil {
		return r, err
	}
	read, w, err := s.registration(ctx, id)
	if err != nil {
		return r, err
	}
	if ctx, err = s.changeOf(ctx, reason, w.Client.Department, idp.RoleSecurityAdmin); err != nil {
		return r, err
	}
	if err := unchanged(ifMatch, read); err != nil {
		return r, err
	}
	waits, err := s.Registrations.Propose(ctx, w, state)
	if err != nil {
		return r, err
	}
	if waits != nil {
		r.Proposal = waits.ID
	}
	r.RegistrationRecord, _, err = s.registration(ctx, id)
	return r, err
}
