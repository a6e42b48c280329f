package idphttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp/mandate"
)

// RelativeRecord is a declared relative as the caller sees it.
type RelativeRecord struct {
	ID          string     `json:"relative_id" doc:"Identifier"`
	Name        string     `json:"name" doc:"Masked name of the other person"`
	Relation    string     `json:"relation" enum:"spouse,parent,child,sibling,grandparent,grandchild,in_law,kin" doc:"What the other person is to the caller"`
	State       string     `json:"state" enum:"declared,confirmed" doc:"declared waits for the other person"`
	Waiting     bool       `json:"waiting" doc:"The caller is asked to confirm"`
	CreatedAt   time.Time  `json:"created_at" doc:"When it was declared"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty" doc:"When it was confirmed"`
}

type relativeList struct {
	Body struct {
		Items []RelativeRecord `json:"items" doc:"All that are declared or confirmed; there are twenty at most"`
	}
}

// RelativePath names a declaration.
type RelativePath struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the declaration"`
}

// RegisterRelatives adds the operations of declared relatives to the API.
func (s *Server) RegisterRelatives(api huma.API) {
	huma.Register(api, mandateOperation("list-relatives", http.MethodGet, "relatives", "亲属 List the caller's declared relatives"), func(ctx context.Context, _ *struct{}) (*relativeList, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		return s.relativesOf(ctx, by)
	})
	huma.Register(api, mandateOperation("declare-relative", http.MethodPost, "relatives", "登记亲属 Declare a relative, who confirms it"), func(ctx context.Context, in *struct {
		Body struct {
			Name       string `json:"name" minLength:"1" maxLength:"64" doc:"Verified name of the other person"`
			Identifier string `json:"identifier" minLength:"1" maxLength:"200" doc:"Mobile number or e-mail address of the other person"`
			Relation   string `json:"relation" enum:"spouse,parent,child,sibling,grandparent,grandchild,in_law,kin" doc:"What the other person is to the caller"`
		}
	}) (*relativeList, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		other, err := s.Mandates.FindAgent(ctx, by, in.Body.Name, in.Body.Identifier)
		if err == nil {
			_, err = s.Mandates.Declare(ctx, by, other, in.Body.Relation)
		}
		if err != nil {
			return nil, err
		}
		return s.relativesOf(ctx, by)
	})
	huma.Register(api, mandateOperation("confirm-relative", http.MethodPost, "relatives/{id}/confirmation", "确认亲属 Confirm a declaration"), func(ctx context.Context, in *RelativePath) (*relativeList, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			err = s.Mandates.ConfirmRelative(ctx, by, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return s.relativesOf(ctx, by)
	})
	huma.Register(api, mandateOperation("end-relative", http.MethodPost, "relatives/{id}/termination", "撤销亲属登记 Take a declaration back or refuse it; family mandates of the two end"), func(ctx context.Context, in *RelativePath) (*relativeList, error) {
		by, err := mandateCaller(ctx)
		if err == nil {
			err = s.Mandates.EndRelative(ctx, by.Account, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return s.relativesOf(ctx, by)
	})
}

func (s *Server) relativesOf(ctx context.Context, by mandate.By) (*relativeList, error) {
	all, err := s.Mandates.Relatives(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	out := &relativeList{}
	out.Body.Items = []RelativeRecord{}
	for _, one := range all {
		other, word := one.Seen(by.Account)
		person, err := s.Accounts.Person(ctx, other)
		if err != nil {
			return nil, err
		}
		shown := RelativeRecord{ID: one.ID, Name: displayName(person), Relation: word, State: string(one.State), Waiting: one.WaitsFor(by.Account), CreatedAt: one.CreatedAt}
		if !one.ConfirmedAt.IsZero() {
			shown.ConfirmedAt = &one.ConfirmedAt
		}
		out.Body.Items = append(out.Body.Items, shown)
	}
	return out, nil
}
