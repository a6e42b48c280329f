// Package sealhttp is the HTTP side of seals: operations under /api/v1/seals.
package sealhttp

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// SealRecord is a seal on the wire.
type SealRecord struct {
	ID        string        `json:"id" doc:"Our identifier"`
	SealID    string        `json:"seal_id" doc:"Seal code (esID), 14 digits"`
	Name      string        `json:"name" doc:"Name of the seal"`
	Owner     string        `json:"owner" doc:"Organisation that the seal stands for"`
	OwnerCode string        `json:"owner_code" doc:"Unified social credit code of the owner"`
	Kind      string        `json:"kind" enum:"organisation,personal" doc:"personal: the seal of a person, who alone uses it"`
	Person    *PersonRecord `json:"person,omitempty" doc:"With kind personal: whose it is"`
	State     string        `json:"state" enum:"applied,approved,made,active,suspended,revoked" doc:"State of the seal"`
	Reason    string        `json:"status_reason,omitempty" doc:"Why it was suspended or revoked; with cause replaced, the code of the seal that took its place"`
	Cause     string        `json:"cause,omitempty" enum:"lost,replaced" doc:"How a revoked seal ended, an ordinary end when absent; lost for a suspended one whose loss is reported and not decided"`
	LostAt    time.Time     `json:"lost_at,omitzero" doc:"With cause lost: when it was last known to be in the right hands, where that was said"`
	Replaces  string        `json:"replaces,omitempty" doc:"Seal (id) whose place this one takes"`
	Filing    *FilingRecord `json:"filing,omitempty" doc:"That it is on file with the authority for seals"`
	// ReplacedBy is looked up for one seal only.
	ReplacedBy string    `json:"replaced_by,omitempty" doc:"Seal (id) that takes the place of this one, or is to take it; not in lists"`
	NamedBy    string    `json:"keepers_named_by,omitempty" doc:"Organisation that named the keepers of its seals: nobody else uses this one; absent where it named nobody; not in lists"`
	ValidFrom  time.Time `json:"valid_from" doc:"Begin of validity"`
	ValidTo    time.Time `json:"valid_to" doc:"End of validity"`

	Keepers []KeeperRecord `json:"keepers,omitempty" doc:"With keepers_named_by: who is named for this seal"`
}

// FilingRecord is the filing of a seal on the wire.
type FilingRecord struct {
	Number    string `json:"number" minLength:"1" maxLength:"32" doc:"Number of the receipt: letters, digits, hyphens, brackets"`
	Authority string `json:"authority" minLength:"1" maxLength:"60" doc:"Authority that gave it"`
	FiledOn   string `json:"filed_on" format:"date" doc:"Day of the receipt"`
}

func record(s esign.Seal) SealRecord {
	out := bareRecord(s)
	if f := s.Filing; f.Number != "" {
		out.Filing = &FilingRecord{f.Number, f.Authority, f.On.In(chinaTime).Format(time.DateOnly)}
	}
	return out
}

func bareRecord(s esign.Seal) SealRecord {
	return SealRecord{ID: s.ID, SealID: s.Code, Name: s.Name, Kind: kindOf(s), Person: personRecord(s), Owner: s.Owner, OwnerCode: s.OwnerCode, State: string(s.State), Reason: s.StatusReason, Cause: string(s.Cause), LostAt: s.LostAt, Replaces: s.Replaces,
		ValidFrom: s.ValidFrom, ValidTo: s.ValidTo}
}

// SealApplication asks for a seal.
type SealApplication struct {
	SealID     string  `json:"seal_id" pattern:"^[0-9]{14}$" doc:"Seal code: division code and serial number" example:"37030000001721"`
	Owner      string  `json:"owner" minLength:"1" maxLength:"30" doc:"Name around the seal; for a personal one, where the person works" example:"示例市市场监督管理局"`
	OwnerCode  string  `json:"owner_code" maxLength:"18" doc:"Unified social credit code of the owner"`
	Line       string  `json:"line,omitempty" maxLength:"12" doc:"Line along the bottom" example:"行政审批专用章"`
	DiameterMM float64 `json:"diameter_mm,omitempty" doc:"Diameter in millimetres; by the kind of seal when absent"`
	Years      int     `json:"years,omitempty" minimum:"0" maximum:"10" doc:"Years of validity; 5 when absent"`
	PersonalFields
	Replaces string `json:"replaces,omitempty" maxLength:"64" doc:"Seal (id) of the same organisation, and of the same person, whose place this one takes: when it is put into use, that one ends as replaced"`
}

// StampOrder asks for a seal on a document.
type StampOrder struct {
	Document string `json:"document" contentEncoding:"base64" doc:"OFD or PDF document, Base64; its octets tell which"`
	SM3      string `json:"sm3,omitempty" doc:"SM3 of the document that was approved, hex"`
	Where
	Value   string `json:"value,omitempty" enum:"seal,cms,gbt35275" doc:"What is put into the document: seal, a seal signature of GB/T 38540, when absent. In PDF only: cms or gbt35275, a message signed by the signer of the seal (CAdES, or GB/T 35275), which has no seal in it"`
	Item    string `json:"item,omitempty" doc:"Service item"`
	Purpose string `json:"purpose" minLength:"1" maxLength:"200" doc:"Why the seal is used"`

	Approval string `json:"approval,omitempty" maxLength:"64" doc:"Request that was approved (request-seal-use); one that fits is found when absent and the rule of the seal asks for one"`
}

// Where is the place of a seal in an order: a page with the corner of the seal, or places.
type Where struct {
	Page   *int         `json:"page,omitempty" minimum:"0" doc:"Page from 1; 0 for an invisible seal; absent with places"`
	XMM    float64      `json:"x_mm,omitempty" doc:"Left edge in millimetres, with page"`
	YMM    float64      `json:"y_mm,omitempty" doc:"Top edge in millimetres, with page"`
	Places []StampPlace `json:"places,omitempty" maxItems:"10" doc:"Instead of page: where the one signature draws the seal"`
}

// StampTrial asks where a seal would be drawn.
type StampTrial struct {
	Document string `json:"document" contentEncoding:"base64" doc:"OFD or PDF document, Base64; its octets tell which"`
	Where
	Value string `json:"value,omitempty" enum:"seal,cms,gbt35275" doc:"As for stamp-document"`
}

// StampRecord is a use of a seal on the wire.
type StampRecord struct {
	ID        string       `json:"id" doc:"Identifier of the stamp"`
	State     string       `json:"state" enum:"planned,stored,abandoned" doc:"How far it came"`
	Requester string       `json:"requester" doc:"Who asked"`
	Purpose   string       `json:"purpose" doc:"Why"`
	SourceSM3 string       `json:"source_sm3" doc:"SM3 of the document before; with remote, the digest that was signed"`
	ResultSM3 string       `json:"result_sm3,omitempty" doc:"SM3 of the document after; with remote, of the value"`
	Page      int          `json:"page" doc:"Page of a seal on one page; 0 otherwise"`
	Places    []StampPlace `json:"places,omitempty" doc:"Where it is drawn; absent for an invisible seal"`
	Value     string       `json:"value" enum:"seal,cms,gbt35275" doc:"What is put into the document"`
	Remote    bool         `json:"remote,omitempty" doc:"The document stayed with the requester, and nobody here saw it"`
	Property  string       `json:"property,omitempty" doc:"With remote: what was signed of it, as the requester says"`
	At        time.Time    `json:"at" doc:"When it was asked for"`

	Approval  string              `json:"approval,omitempty" doc:"Request under which it was allowed; absent where none was needed"`
	Approvals []UseApprovalRecord `json:"approvals,omitempty" doc:"Who approved that, in a list of uses"`

	By     string        `json:"by,omitempty" doc:"In a list of uses: who was behind it, where a procedure of the platform is the requester; absent where nobody is known"`
	Flags  []string      `json:"flags,omitempty" doc:"In a list of uses: how it is unlike the others of the seal. They stop nothing. night: a person outside the hours of work; volume: far more than usual in an hour or a day; new_person: somebody who did not use this seal within 180 days, though others had; new_device: from a browser and network, or with a token of staff, from where they never did; after_refusal: without an approval, within a day of one that was refused to the requester"`
	Volume *VolumeRecord `json:"volume,omitempty" doc:"With flag volume: how many it was one of"`
}

// VolumeRecord says how many uses made a use one of many.
type VolumeRecord struct {
	Hour      int `json:"hour,omitempty" doc:"Uses in its hour up to it, where those are too many"`
	HourLimit int `json:"hour_limit,omitempty" doc:"As many are not unusual for the seal: three times its busiest hour of the 30 days before, and never less than 20"`
	Day       int `json:"day,omitempty" doc:"Uses on its day up to it, where those are too many"`
	DayLimit  int `json:"day_limit,omitempty" doc:"As many are not unusual for the seal: three times its busiest day of the 30 days before, and never less than 100"`
}

func stampRecord(s esign.Stamp) StampRecord {
	return StampRecord{s.ID, string(s.State), s.Requester, s.Purpose, s.SourceSM3, s.ResultSM3, onePage(s.Places), placesRecord(s.Places), valueName(s.Value), s.Remote != "", s.Remote, s.CreatedAt, s.Approval, nil, "", nil, nil}
}

// loggedRecord is a use with what a list of uses tells besides. The answer to a stamp tells none of that, since the same key gives the same answer.
func loggedRecord(s esign.Stamp, approvals []UseApprovalRecord) StampRecord {
	out := stampRecord(s)
	out.Approvals, out.Flags = approvals, flagWords(s.Flags)
	if s.By != s.Requester {
		out.By = s.By
	}
	if s.Volume != (esign.Volume{}) {
		v := VolumeRecord(s.Volume)
		out.Volume = &v
	}
	return out
}

// valueSeal is what a seal signature is called on the wire.
const valueSeal = "seal"

func valueName(v esign.ValueKind) string { return cmp.Or(string(v), valueSeal) }

func valueNamed(name string) esign.ValueKind {
	if name == valueSeal {
		return esign.SealValue
	}
	return esign.ValueKind(name)
}

type (
	one struct{ Body SealRecord }
	// PathID is exported, because the framework passes over embedded types that are not.
	PathID struct {
		ID string `path:"id" doc:"Identifier of the seal"`
	}
	reasonInput struct {
		PathID
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Legal or practical reason"`
		}
	}
)

type filingInput struct {
	PathID
	Body FilingRecord
}

type lossInput struct {
	PathID
	Body struct {
		Reason string    `json:"reason" minLength:"1" maxLength:"200" doc:"What happened"`
		LostAt time.Time `json:"lost_at,omitempty" doc:"When the seal was last known to be in the right hands; now when absent"`
	}
}

type endInput struct {
	PathID
	Body struct {
		Reason string    `json:"reason" minLength:"1" maxLength:"200" doc:"Legal or practical reason"`
		Cause  string    `json:"cause,omitempty" enum:"lost,replaced" doc:"How it ended, as the status list says it; an ordinary end when absent"`
		LostAt time.Time `json:"lost_at,omitempty" doc:"With cause lost: when the seal was last known to be in the right hands; now when absent. What was sealed after it proves nothing"`
	}
}

// MaxDocument bounds a document to be stamped (security rule R11), as Base64.
const MaxDocument = 70 << 20

// uploadTime is how long a document may take to arrive; the framework's five seconds suit small bodies.
const uploadTime = time.Minute

// Register adds the operations.
func Register(api huma.API, service *esign.Service) {
	operation := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/seals" + path, Summary: summary, Tags: []string{"seals"}, DefaultStatus: status, Middlewares: huma.Middlewares{noStore}}
	}
	huma.Register(api, operation("apply-for-seal", http.MethodPost, "", "申请印章 Apply for a seal", http.StatusCreated), func(ctx context.Context, in *struct{ Body SealApplication }) (*one, error) {
		if err := esign.Staff(ctx); err != nil { // before anything is told of the body
			return nil, err
		}
		a, err := in.Body.application()
		if err != nil {
			return nil, err
		}
		return answer(service.Apply(ctx, a))
	})
	huma.Register(api, operation("list-seals", http.MethodGet, "", "印章列表 List seals", http.StatusOK), func(ctx context.Context, in *struct {
		State string `query:"state" enum:"applied,approved,made,active,suspended,revoked,ending,succeeded,personal,unconfirmed" doc:"Only those in this state; personal: seals of people, in any state; unconfirmed: applications for one that wait for their person; ending: in use, for 60 days at most, and not replaced; succeeded: in use and not replaced, though the organisation was renamed, merged or split"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Seals on a page"`
	}) (*struct {
		Body struct {
			Seals []SealRecord `json:"seals" doc:"Seals in the order of their identifiers"`
			Next  string       `json:"next,omitempty" doc:"Cursor of the next page"`
		}
	}, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		seals, next, err := service.List(ctx, esign.State(in.State), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Seals []SealRecord `json:"seals" doc:"Seals in the order of their identifiers"`
				Next  string       `json:"next,omitempty" doc:"Cursor of the next page"`
			}
		}{}
		out.Body.Next, out.Body.Seals = next, []SealRecord{}
		for _, s := range seals {
			out.Body.Seals = append(out.Body.Seals, record(s))
		}
		return out, nil
	})
	huma.Register(api, operation("get-seal", http.MethodGet, "/{id}", "印章详情 One seal", http.StatusOK), func(ctx context.Context, in *PathID) (*one, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		seal, err := service.Find(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &one{record(seal)}
		if err := nameKeepers(ctx, service, seal, &out.Body); err != nil {
			return nil, err
		}
		switch other, err := service.Replacement(ctx, in.ID); {
		case err == nil:
			out.Body.ReplacedBy = other.ID
		case fault.CodeOf(err) != fault.NotFound:
			return nil, err
		}
		return out, nil
	})
	huma.Register(api, operation("get-seal-image", http.MethodGet, "/{id}/image", "印章图像 Picture of a seal", http.StatusOK), func(ctx context.Context, in *PathID) (*pngBody, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		seal, err := service.Find(ctx, in.ID)
		if err == nil && len(seal.Picture) == 0 {
			err = fault.New(fault.NotFound)
		}
		if err != nil {
			return nil, err
		}
		return &pngBody{"image/png", seal.Picture}, nil
	})
	for _, step := range []struct {
		id, path, summary string
		run               func(ctx context.Context, id string) (esign.Seal, error)
	}{
		{"approve-seal", "/{id}/approval", "审核印章 Approve an application", service.Approve},
		{"make-seal", "/{id}/making", "制作印章 Make a seal", service.Make},
		{"activate-seal", "/{id}/activation", "启用印章 Put a seal into use", service.Activate},
		{"resume-seal", "/{id}/resumption", "恢复印章 Resume a seal", service.Resume},
	} {
		huma.Register(api, operation(step.id, http.MethodPost, step.path, step.summary, http.StatusOK), func(ctx context.Context, in *PathID) (*one, error) {
			return answer(step.run(ctx, in.ID))
		})
	}
	huma.Register(api, operation("suspend-seal", http.MethodPost, "/{id}/suspension", "停用印章 Suspend a seal", http.StatusOK), func(ctx context.Context, in *reasonInput) (*one, error) {
		return answer(service.Suspend(ctx, in.ID, in.Body.Reason))
	})
	huma.Register(api, operation("file-seal", http.MethodPost, "/{id}/filing", "登记印章备案 Enter the filing of a seal", http.StatusOK), func(ctx context.Context, in *filingInput) (*one, error) {
		on, err := time.ParseInLocation(time.DateOnly, in.Body.FiledOn, chinaTime)
		if err != nil {
			on = time.Time{} // refused with whatever else is wrong
		}
		return answer(service.File(ctx, in.ID, esign.Filing{Number: in.Body.Number, Authority: in.Body.Authority, On: on}))
	})
	huma.Register(api, operation("report-seal-lost", http.MethodPost, "/{id}/loss", "印章挂失 Report a seal lost", http.StatusOK), func(ctx context.Context, in *lossInput) (*one, error) {
		return answer(service.ReportLost(ctx, in.ID, esign.Ending{Reason: in.Body.Reason, LostAt: in.Body.LostAt}))
	})
	huma.Register(api, operation("revoke-seal", http.MethodPost, "/{id}/revocation", "注销印章 Revoke a seal", http.StatusOK), func(ctx context.Context, in *endInput) (*one, error) {
		b := in.Body
		return answer(service.End(ctx, in.ID, esign.Ending{Reason: b.Reason, Cause: esign.Cause(b.Cause), LostAt: b.LostAt}))
	})
	registerStamps(api, service, operation)
}

// noStore keeps answers out of caches: they are for staff only (security row I-23).
func noStore(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(ctx)
}

func registerStamps(api huma.API, service *esign.Service, operation func(id, method, path, summary string, status int) huma.Operation) {
	stamping := operation("stamp-document", http.MethodPost, "/{id}/stamps", "加盖印章 Seal a document", http.StatusCreated)
	stamping.Description = "Seals an OFD or PDF document; the answer is of the same kind. In a PDF, places are counted from the top left corner of the page as it is shown, and no place is found by a text (YX-SEAL-422)."
	stamping.MaxBodyBytes, stamping.BodyReadTimeout = MaxDocument, uploadTime
	huma.Register(api, stamping, func(ctx context.Context, in *struct {
		PathID
		Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same result again"`
		Body StampOrder
	}) (*struct {
		Body struct {
			Stamp    StampRecord `json:"stamp" doc:"The use of the seal"`
			Document string      `json:"document" contentEncoding:"base64" doc:"Sealed document, Base64"`
		}
	}, error) {
		if err := esign.MayStamp(ctx); err != nil { // before anything is told of the document
			return nil, err
		}
		document, where, err := in.Body.Where.read(in.Body.Document)
		if err != nil {
			return nil, err
		}
		stamp, sealed, err := service.Stamp(ctx, esign.StampRequest{SealID: in.ID, Document: document, Places: where, Item: in.Body.Item, Purpose: in.Body.Purpose, ExpectedSM3: in.Body.SM3, Approval: in.Body.Approval, Value: valueNamed(in.Body.Value), Key: in.Key})
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Stamp    StampRecord `json:"stamp" doc:"The use of the seal"`
				Document string      `json:"document" contentEncoding:"base64" doc:"Sealed document, Base64"`
			}
		}{}
		out.Body.Stamp, out.Body.Document = stampRecord(stamp), base64.StdEncoding.EncodeToString(sealed)
		return out, nil
	})
	trial := operation("preview-stamp", http.MethodPost, "/{id}/stamps/preview", "试排印章位置 Where a seal would be drawn", http.StatusOK)
	trial.Description = "Looks for the places as stamp-document does, with every check that needs no key. Nothing is signed or kept."
	trial.MaxBodyBytes, trial.BodyReadTimeout = MaxDocument, uploadTime
	huma.Register(api, trial, func(ctx context.Context, in *struct {
		PathID
		Body StampTrial
	}) (*struct {
		Body struct {
			Appearances []AppearanceRecord `json:"appearances" doc:"The seal as often as it would be drawn, by places and pages; at most 2,000"`
		}
	}, error) {
		if err := esign.MayStamp(ctx); err != nil {
			return nil, err
		}
		document, where, err := in.Body.Where.read(in.Body.Document)
		if err != nil {
			return nil, err
		}
		all, err := service.TryStamp(ctx, esign.StampRequest{SealID: in.ID, Document: document, Places: where, Value: valueNamed(in.Body.Value)})
		if err != nil {
			return nil, err
		}
		out := &struct {
			Body struct {
				Appearances []AppearanceRecord `json:"appearances" doc:"The seal as often as it would be drawn, by places and pages; at most 2,000"`
			}
		}{}
		out.Body.Appearances = appearanceRecords(all)
		return out, nil
	})
	registerPersonal(api, service, operation)
	registerRemote(api, service, operation)
	registerBatches(api, service, operation)
	registerUses(api, service, operation)
	registerSuccessions(api, service)
	registerFlags(api, service)
	huma.Register(api, operation("list-stamps", http.MethodGet, "/{id}/stamps", "用印记录 Uses of a seal", http.StatusOK), func(ctx context.Context, in *struct {
		PathID
		Flag  string `query:"flag" enum:"any,night,volume,new_person,new_device,after_refusal" doc:"Only those with this flag, or with any"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Stamps on a page"`
	}) (*stampPage, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		stamps, next, err := service.Stamps(ctx, in.ID, esign.Flag(in.Flag), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return stampList(ctx, service, stamps, next)
	})
}

// stampPage is a page of uses.
type stampPage struct {
	Body struct {
		Stamps []StampRecord `json:"stamps" doc:"Uses, newest first"`
		Next   string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

// stampList is a page of uses with those who approved them.
func stampList(ctx context.Context, service *esign.Service, stamps []esign.Stamp, next string) (*stampPage, error) {
	behind, err := service.ApprovalsOf(ctx, stamps)
	if err != nil {
		return nil, err
	}
	out := &stampPage{}
	out.Body.Stamps, out.Body.Next = []StampRecord{}, next
	for _, s := range stamps {
		var approvals []UseApprovalRecord
		if u, ok := behind[s.Approval]; ok {
			approvals = approvalRecords(u.Approvals)
		}
		out.Body.Stamps = append(out.Body.Stamps, loggedRecord(s, approvals))
	}
	return out, nil
}

func answer(s esign.Seal, err error) (*one, error) {
	if err != nil {
		return nil, err
	}
	return &one{record(s)}, nil
}
