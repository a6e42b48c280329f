package sealhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
)

// PartyRecord is an organisation on the wire.
type PartyRecord struct {
	Name string `json:"name" minLength:"1" maxLength:"30" doc:"Name"`
	Code string `json:"code,omitempty" maxLength:"18" doc:"Unified social credit code; absent for one that has none"`
}

// SuccessionOrder says who took the place of an organisation.
type SuccessionOrder struct {
	Owner    PartyRecord   `json:"owner" doc:"The organisation, as its seals name it"`
	Kind     string        `json:"kind" enum:"renamed,merged,split" doc:"How it was succeeded"`
	Heirs    []PartyRecord `json:"heirs" minItems:"1" maxItems:"10" doc:"Who stands in its place: one, and with split up to 10"`
	Since    time.Time     `json:"since" doc:"When that took effect"`
	Order    string        `json:"order" minLength:"1" maxLength:"100" doc:"Document that says so"`
	SealsEnd time.Time     `json:"seals_end,omitempty" doc:"When seals of the organisation that are left end, within a year; absent leaves that to reviewers"`
}

// SuccessionRecord is a succession on the wire.
type SuccessionRecord struct {
	ID         string        `json:"id" doc:"Identifier"`
	State      string        `json:"state" enum:"proposed,recorded,refused,withdrawn,annulled" doc:"How it stands; only a recorded one is told to verifiers"`
	Owner      PartyRecord   `json:"owner" doc:"The organisation, as its seals name it"`
	Kind       string        `json:"kind" enum:"renamed,merged,split" doc:"How it was succeeded"`
	Heirs      []PartyRecord `json:"heirs" doc:"Who stands in its place"`
	Since      time.Time     `json:"since" doc:"When that took effect"`
	Order      string        `json:"order" doc:"Document that says so"`
	SealsEnd   time.Time     `json:"seals_end,omitzero" doc:"When seals that are left end"`
	SealsEnded bool          `json:"seals_ended" doc:"That was done"`
	ProposedBy string        `json:"proposed_by" doc:"Who proposed it"`
	ProposedAt time.Time     `json:"proposed_at" doc:"When"`
	DecidedBy  string        `json:"decided_by,omitempty" doc:"Who decided last"`
	DecidedAt  time.Time     `json:"decided_at,omitzero" doc:"When"`
	Reason     string        `json:"reason,omitempty" doc:"Why it was refused, withdrawn or annulled"`
	RecordedBy string        `json:"recorded_by,omitempty" doc:"With state annulled: who had recorded it"`
	RecordedAt time.Time     `json:"recorded_at,omitzero" doc:"When"`
}

func partyRecord(o esign.Party) PartyRecord { return PartyRecord{o.Name, o.Code} }

func (o PartyRecord) party() esign.Party { return esign.Party{Name: o.Name, Code: o.Code} }

func successionRecord(p esign.Succession) SuccessionRecord {
	heirs := []PartyRecord{}
	for _, heir := range p.Heirs {
		heirs = append(heirs, partyRecord(heir))
	}
	return SuccessionRecord{ID: p.ID, State: string(p.State), Owner: partyRecord(p.Owner), Kind: string(p.Kind), Heirs: heirs, Since: p.Since, Order: p.Order, SealsEnd: p.SealsEnd, SealsEnded: p.SealsEnded,
		ProposedBy: p.ProposedBy, ProposedAt: p.ProposedAt, DecidedBy: p.DecidedBy, DecidedAt: p.DecidedAt, Reason: p.Reason, RecordedBy: p.RecordedBy, RecordedAt: p.RecordedAt}
}

type (
	successionAnswer struct{ Body SuccessionRecord }
	successionPage   struct {
		Body struct {
			Successions []SuccessionRecord `json:"successions" doc:"Successions, newest first"`
			Next        string             `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
		}
	}
	// SuccessionPathID is exported, because the framework passes over embedded types that are not.
	SuccessionPathID struct {
		ID string `path:"id" doc:"Identifier of the succession"`
	}
)

func answerSuccession(p esign.Succession, err error) (*successionAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &successionAnswer{successionRecord(p)}, nil
}

// registerSuccessions adds what organisations of seals became.
func registerSuccessions(api huma.API, service *esign.Service) {
	operation := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/seal-successions" + path, Summary: summary, Tags: []string{"seals"}, DefaultStatus: status, Middlewares: huma.Middlewares{noStore}}
	}
	huma.Register(api, operation("propose-succession", http.MethodPost, "", "提出机构承继 Say who took the place of an organisation", http.StatusCreated), func(ctx context.Context, in *struct{ Body SuccessionOrder }) (*successionAnswer, error) {
		b := in.Body
		p := esign.Succession{Owner: b.Owner.party(), Kind: esign.SuccessionKind(b.Kind), Since: b.Since, Order: b.Order, SealsEnd: b.SealsEnd}
		for _, heir := range b.Heirs {
			p.Heirs = append(p.Heirs, heir.party())
		}
		return answerSuccession(service.ProposeSuccession(ctx, p))
	})
	huma.Register(api, operation("list-successions", http.MethodGet, "", "机构承继列表 List successions of organisations", http.StatusOK), func(ctx context.Context, in *struct {
		State string `query:"state" enum:"proposed,recorded,refused,withdrawn,annulled" doc:"Only those in this state"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Successions on a page"`
	}) (*successionPage, error) {
		page, next, err := service.SuccessionList(ctx, esign.SuccessionState(in.State), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &successionPage{}
		out.Body.Next, out.Body.Successions = next, []SuccessionRecord{}
		for _, p := range page {
			out.Body.Successions = append(out.Body.Successions, successionRecord(p))
		}
		return out, nil
	})
	huma.Register(api, operation("get-succession", http.MethodGet, "/{id}", "机构承继详情 One succession", http.StatusOK), func(ctx context.Context, in *SuccessionPathID) (*successionAnswer, error) {
		return answerSuccession(service.FindSuccession(ctx, in.ID))
	})
	huma.Register(api, operation("decide-succession", http.MethodPost, "/{id}/decision", "审核机构承继 Record, refuse, withdraw or annul a succession", http.StatusOK), func(ctx context.Context, in *struct {
		SuccessionPathID
		Body struct {
			Decision string `json:"decision" enum:"record,refuse,withdraw,annul" doc:"record and refuse: a reviewer who did not propose it; withdraw: whoever proposed it; annul, of a recorded one: a reviewer who did not record it"`
			Reason   string `json:"reason,omitempty" maxLength:"200" doc:"Why; required unless it is recorded"`
		}
	}) (*successionAnswer, error) {
		return answerSuccession(service.DecideSuccession(ctx, in.ID, in.Body.Decision, in.Body.Reason))
	})
}
