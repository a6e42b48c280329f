package idphttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// RegisterEventInput is an event of a register on the wire.
type RegisterEventInput struct {
	ID         string `json:"id" minLength:"1" maxLength:"100" doc:"Identifier that the register gives; an event is taken once"`
	Type       string `json:"type" enum:"deceased,death_reverted,number_changed,name_changed,document_revoked,document_lost,organization_deregistered,mobile_reassigned" doc:"What happened"`
	OccurredOn string `json:"occurred_on,omitempty" maxLength:"10" doc:"Day on which it happened, YYYY-MM-DD"`
	Name       string `json:"name,omitempty" maxLength:"480" doc:"Name as the register has it; an event whose name is another than ours changes nothing"`
	Document   *struct {
		Type        string `json:"id_type" maxLength:"64" doc:"Kind of document"`
		Number      string `json:"id_number" maxLength:"64" doc:"Number before the event; 15 digits are compared as 18"`
		Nationality string `json:"nationality,omitempty" maxLength:"3" doc:"ISO 3166-1 alpha-3, where the kind needs one"`
	} `json:"document,omitempty" doc:"Whom it is about"`
	NewNumber    string `json:"new_number,omitempty" maxLength:"64" doc:"number_changed: the number from now on"`
	NewName      string `json:"new_name,omitempty" maxLength:"480" doc:"name_changed: the name from now on"`
	Organization string `json:"unified_social_credit_code,omitempty" maxLength:"18" doc:"organization_deregistered: which one"`
	Mobile       string `json:"mobile,omitempty" maxLength:"32" doc:"mobile_reassigned: the number that is somebody else's since occurred_on"`
}

// RegisterEventResult is the answer to one event.
type RegisterEventResult struct {
	ID      string `json:"id" doc:"The event"`
	Outcome string `json:"outcome" enum:"accepted,duplicate,refused,later" doc:"accepted does not tell whether the person has an account; later: send it again"`
	Code    string `json:"code,omitempty" doc:"Why it was refused or must come again"`
}

func noStore(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(ctx)
}

// Register adds the operations of registers and of departments.
func (s *Server) Register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "post-register-events", Method: http.MethodPost, Path: "/api/v1/register-events", Tags: []string{"registers"}, DefaultStatus: http.StatusOK, Middlewares: huma.Middlewares{noStore},
		Summary: "登记事件 Events of a register about people: deceased, number or name changed, document revoked or lost, mobile number reassigned"}, func(ctx context.Context, in *struct {
		Body struct {
			Events []RegisterEventInput `json:"events" minItems:"1" maxItems:"100" doc:"In the order in which they happened"`
		}
	}) (*struct {
		Body struct {
			Results []RegisterEventResult `json:"results" doc:"One for each event, in the same order"`
		}
	}, error) {
		actor := reqctx.From(ctx).Actor
		if actor.ID == "" {
			return nil, fault.New(fault.Unauthenticated)
		}
		client, isClient := strings.CutPrefix(actor.ID, "client:")
		if !isClient || !actor.Has(idp.RoleRegisterFeed) {
			return nil, fault.New(fault.Forbidden)
		}
		events := make([]idp.RegisterEvent, 0, len(in.Body.Events))
		for _, one := range in.Body.Events {
			e := idp.RegisterEvent{ID: one.ID, Type: one.Type, OccurredOn: one.OccurredOn, Name: one.Name, NewNumber: one.NewNumber, NewName: one.NewName, Organization: one.Organization, Mobile: one.Mobile}
			if one.Document != nil {
				e.Document.Type, e.Document.Number, e.Document.Nationality = one.Document.Type, one.Document.Number, one.Document.Nationality
			}
			events = append(events, e)
		}
		out := &struct {
			Body struct {
				Results []RegisterEventResult `json:"results" doc:"One for each event, in the same order"`
			}
		}{}
		for _, r := range s.Corrections.Take(ctx, client, events) {
			out.Body.Results = append(out.Body.Results, RegisterEventResult{r.ID, r.Outcome, string(r.Code)})
		}
		return out, nil
	})
	huma.Register(api, huma.Operation{OperationID: "get-subject", Method: http.MethodGet, Path: "/api/v1/subjects/{sub}", Tags: []string{"registers"}, DefaultStatus: http.StatusOK, Middlewares: huma.Middlewares{noStore},
		Summary: "查询合并后的 sub The subject by which a department knows a person now, after two accounts became one"}, func(ctx context.Context, in *struct {
		Sub string `path:"sub" minLength:"1" maxLength:"128" doc:"Subject that the department knew"`
	}) (*struct {
		Body struct {
			Sub    string `json:"sub" doc:"Subject now; the one asked for when it did not change"`
			Merged bool   `json:"merged" doc:"Whether the account of the one asked for became part of another"`
		}
	}, error) {
		actor := reqctx.From(ctx).Actor
		if actor.ID == "" {
			return nil, fault.New(fault.Unauthenticated)
		}
		client, isClient := strings.CutPrefix(actor.ID, "client:")
		if !isClient {
			return nil, fault.New(fault.Forbidden)
		}
		out := &struct {
			Body struct {
				Sub    string `json:"sub" doc:"Subject now; the one asked for when it did not change"`
				Merged bool   `json:"merged" doc:"Whether the account of the one asked for became part of another"`
			}
		}{}
		var err error
		out.Body.Sub, out.Body.Merged, err = s.Mergers.CurrentSubject(ctx, client, in.Sub)
		return out, err
	})
}
