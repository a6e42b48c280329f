package staffhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

const apiTag = "staff-tokens"

// TokenRecord is a token of staff on the wire; its secret was shown once.
type TokenRecord struct {
	ID        string    `json:"id" doc:"Identifier, stt_…; audit records name it as by_token"`
	Name      string    `json:"name" doc:"What it is for"`
	Roles     []string  `json:"roles" doc:"Roles that it carries, as far as its holder has them"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it ends: 15 minutes after the login behind it"`
	Current   bool      `json:"current" doc:"It is the one of this call"`
}

type tokenList struct {
	Body struct {
		Items []TokenRecord `json:"items" doc:"Entries of this page, the newest first"`
		Next  string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

// holder is the member of staff who calls.
func holder(ctx context.Context) (id string, err error) {
	_, m, ok := Of(ctx)
	switch {
	case ok:
		return m.ID, nil
	case reqctx.From(ctx).Actor.ID == "":
		return "", fault.New(fault.Unauthenticated)
	}
	return "", fault.New(fault.StaffOnly)
}

func noStore(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(ctx)
}

// Register adds the operations about one's own tokens. None makes one: a token comes from a login and never from another token.
func (s *Server) Register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-staff-tokens", Method: http.MethodGet, Path: "/api/v1/staff-tokens", Summary: "本人的接口令牌 Own tokens of staff that work", Tags: []string{apiTag},
		Middlewares: huma.Middlewares{noStore}}, func(ctx context.Context, in *struct {
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"50" default:"50" doc:"Entries on a page"`
	}) (*tokenList, error) {
		id, err := holder(ctx)
		if err != nil {
			return nil, err
		}
		all, err := s.Tokens.List(ctx, id)
		if err != nil {
			return nil, err
		}
		out, found := &tokenList{}, in.After == ""
		out.Body.Items = []TokenRecord{}
		for _, t := range all {
			if !found {
				found = t.ID == in.After
				continue
			}
			if len(out.Body.Items) == in.Limit {
				out.Body.Next = out.Body.Items[in.Limit-1].ID
				break
			}
			out.Body.Items = append(out.Body.Items, TokenRecord{t.ID, t.Name, t.Roles, t.CreatedAt, t.ExpiresAt, t.ID == reqctx.From(ctx).StaffToken})
		}
		return out, nil
	})
	huma.Register(api, huma.Operation{OperationID: "revoke-staff-token", Method: http.MethodPost, Path: "/api/v1/staff-tokens/{id}/revocation", Summary: "撤销本人的接口令牌 End one of the own tokens of staff", Tags: []string{apiTag},
		DefaultStatus: http.StatusNoContent, Middlewares: huma.Middlewares{noStore}}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the token"`
	}) (*struct{}, error) {
		id, err := holder(ctx)
		if err != nil {
			return nil, err
		}
		return nil, s.Tokens.Revoke(ctx, id, in.ID)
	})
}
