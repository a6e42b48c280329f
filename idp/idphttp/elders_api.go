package idphttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp/mandate"
)

// ElderRequestRecord is a request that an elder confirms by telephone, for its helper. What was typed is masked.
type ElderRequestRecord struct {
	ID        string    `json:"request_id" doc:"Identifier"`
	Name      string    `json:"name" doc:"Name as typed, masked"`
	Number    string    `json:"mobile" doc:"Number as typed, masked"`
	State     string    `json:"state" enum:"code,waiting,confirmed,refused,ended" doc:"code: for the code that the elder heard; waiting: for the elder's own yes"`
	Items     []string  `json:"items" doc:"Codes of service items; * is all"`
	NotAfter  time.Time `json:"not_after" doc:"Until when the mandate would hold"`
	TriesLeft int       `json:"tries_left" doc:"Of the code"`
	CodeUntil time.Time `json:"code_until" doc:"Until when the code can be typed"`
	CreatedAt time.Time `json:"created_at" doc:"When it was asked"`
	MandateID string    `json:"mandate_id,omitempty" doc:"Once the elder agreed"`
}

type elderAnswer struct{ Body ElderRequestRecord }

type elderList struct {
	Body struct {
		Items []ElderRequestRecord `json:"items" doc:"Entries of this page"`
		Next  string               `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

// ElderRequestPath names a request.
type ElderRequestPath struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the request"`
}

// registerElders adds the operations of requests that an elder confirms by telephone.
func (s *Server) registerElders(api huma.API) {
	huma.Register(api, mandateOperation("ask-elder-by-telephone", http.MethodPost, "telephone-requests", "长辈电话确认 Ask to help an elder who confirms by telephone; the same answer whether or not there is such an elder"), func(ctx context.Context, in *struct {
		Body struct {
			Name     string    `json:"name" minLength:"1" maxLength:"64" doc:"Verified name of the elder"`
			Mobile   string    `json:"mobile" minLength:"1" maxLength:"32" doc:"The elder's own mobile number"`
			Items    []string  `json:"items" minItems:"1" maxItems:"50" doc:"Codes of service items; * alone is all"`
			NotAfter time.Time `json:"not_after,omitzero" doc:"Absent: 30 days; 90 days at most"`
		}
	}) (*elderAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		r, err := s.Mandates.AskByPhone(ctx, by, in.Body.Name, in.Body.Mobile, mandate.Terms{Items: in.Body.Items, Until: in.Body.NotAfter})
		return s.elderRecordOf(ctx, r, err)
	})
	huma.Register(api, mandateOperation("list-telephone-requests", http.MethodGet, "telephone-requests", "长辈电话确认列表 List the caller's requests that elders confirm by telephone, the newest first"), func(ctx context.Context, in *struct{ MandatePaging }) (*elderList, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		page, next, err := s.Mandates.PhoneRequests(ctx, by.Account, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &elderList{}
		out.Body.Items, out.Body.Next = []ElderRequestRecord{}, next
		for _, r := range page {
			record, err := s.elderRecord(ctx, r)
			if err != nil {
				return nil, err
			}
			out.Body.Items = append(out.Body.Items, record)
		}
		return out, nil
	})
	huma.Register(api, mandateOperation("get-telephone-request", http.MethodGet, "telephone-requests/{id}", "长辈电话确认详情 One request that an elder confirms by telephone"), func(ctx context.Context, in *ElderRequestPath) (*elderAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		r, err := s.Mandates.PhoneRequest(ctx, by.Account, in.ID)
		return s.elderRecordOf(ctx, r, err)
	})
	huma.Register(api, mandateOperation("type-telephone-code", http.MethodPost, "telephone-requests/{id}/code", "填写长辈听到的码 Type the code that the elder heard; it shows contact and gives nothing yet"), func(ctx context.Context, in *struct {
		ElderRequestPath
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"12" doc:"Six digits"`
		}
	}) (*elderAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		r, err := s.Mandates.TypePhoneCode(ctx, by, in.ID, digitsOf(in.Body.Code))
		return s.elderRecordOf(ctx, r, err)
	})
	huma.Register(api, mandateOperation("end-telephone-request", http.MethodPost, "telephone-requests/{id}/termination", "撤回电话确认 Take a request back"), func(ctx context.Context, in *ElderRequestPath) (*elderAnswer, error) {
		by, err := mandateCaller(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.Mandates.WithdrawPhoneRequest(ctx, by, in.ID); err != nil {
			return nil, err
		}
		r, err := s.Mandates.PhoneRequest(ctx, by.Account, in.ID)
		return s.elderRecordOf(ctx, r, err)
	})
}

func (s *Server) elderRecordOf(ctx context.Context, r mandate.PhoneRequest, err error) (*elderAnswer, error) {
	if err != nil {
		return nil, err
	}
	record, err := s.elderRecord(ctx, r)
	return &elderAnswer{record}, err
}

func (s *Server) elderRecord(ctx context.Context, r mandate.PhoneRequest) (ElderRequestRecord, error) {
	item, err := s.elderRequest(ctx, r)
	return ElderRequestRecord{ID: r.ID, Name: item.Name, Number: item.Number, State: item.State, Items: r.Items, NotAfter: r.NotAfter, TriesLeft: s.Mandates.PhonePolicy().CodeTries - r.Tries,
		CodeUntil: r.CodeUntil, CreatedAt: r.CreatedAt, MandateID: r.MandateID}, err
}
