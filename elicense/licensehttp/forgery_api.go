package licensehttp

import (
	"context"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const tagForgeries = "forgeries"

// ForgeryReportOrder is the JSON form of a report, which brings no file.
type ForgeryReportOrder struct {
	Code       string `json:"code,omitempty" maxLength:"3" doc:"Verdict code that was shown, V20"`
	Identifier string `json:"identifier,omitempty" maxLength:"200" doc:"Of the licence or seal that it claims to be"`
	SM3        string `json:"sm3,omitempty" maxLength:"64" doc:"Of the file, in hex"`
	Where      string `json:"where,omitempty" maxLength:"500" doc:"Where it was met"`
	Address    string `json:"address,omitempty" maxLength:"2000" doc:"Web address, http or https. It is kept as text and never fetched"`
	Contact    string `json:"contact,omitempty" maxLength:"254" doc:"Mobile number or e-mail address that is told of the decision"`
}

// ForgeryReceipt is what a reporter gets.
type ForgeryReceipt struct {
	Receipt      string    `json:"receipt" doc:"24 characters in groups of four; shown once"`
	ContactTaken bool      `json:"contact_taken" doc:"false where none was given, or it stands in too many reports of the day"`
	ReceivedAt   time.Time `json:"received_at"`
	KeptDays     int       `json:"kept_days" doc:"How many days after the decision contact, words and file are erased"`
}

// ForgeryStateOrder asks about a receipt.
type ForgeryStateOrder struct {
	Receipt string `json:"receipt" minLength:"1" maxLength:"64" doc:"As it was given, strokes or not"`
}

// ForgeryReportState is what a receipt tells.
type ForgeryReportState struct {
	State      string     `json:"state" enum:"received,taken,decided"`
	Decision   string     `json:"decision,omitempty" enum:"genuine,forged,not_ours" doc:"Of a decided one"`
	Words      string     `json:"words,omitempty" doc:"Public words of the decision"`
	Joined     bool       `json:"joined" doc:"Others reported the same thing, and one decision answers all"`
	ReceivedAt time.Time  `json:"received_at"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
}

// ForgeryCase is a case as staff see it.
type ForgeryCase struct {
	ID          string     `json:"id"`
	Mark        string     `json:"mark" doc:"Of what a decision is about; the decision names it"`
	State       string     `json:"state" enum:"received,taken,decided"`
	Decision    string     `json:"decision,omitempty" enum:"genuine,forged,not_ours,duplicate"`
	Kind        string     `json:"kind" enum:"license,seal,unknown" doc:"What it claims to be, where a register knows it"`
	Object      string     `json:"object,omitempty" doc:"id of the licence or seal"`
	Identifier  string     `json:"identifier,omitempty" doc:"That it claims"`
	Department  string     `json:"department,omitempty" doc:"Unified social credit code of whose licence or seal it claims to be"`
	SM3         string     `json:"sm3,omitempty"`
	OwnCode     string     `json:"own_code,omitempty" doc:"Verdict code of the platform's own judgement of the file"`
	ToldCode    string     `json:"told_code,omitempty" doc:"Verdict code that the first reporter was shown; nobody checked it"`
	HasFile     bool       `json:"has_file"`
	Reports     int64      `json:"reports" doc:"How many reported it"`
	TakenBy     string     `json:"taken_by,omitempty"`
	Words       string     `json:"words,omitempty" doc:"Public words of the decision"`
	DuplicateOf string     `json:"duplicate_of,omitempty" doc:"Case to which its reports moved"`
	CreatedAt   time.Time  `json:"created_at"`
	LastAt      time.Time  `json:"last_at" doc:"Of the last report"`
	DecidedAt   *time.Time `json:"decided_at,omitempty"`
}

// ForgeryDetail is one case with its reports.
type ForgeryDetail struct {
	ForgeryCase
	Note    string          `json:"note,omitempty" doc:"Of the decider, for staff"`
	Similar []ForgeryCase   `json:"similar" doc:"Other cases of the same file or identifier, the newest ones"`
	Items   []ForgeryReport `json:"items" doc:"Its reports, newest first"`
	Next    string          `json:"next,omitempty" doc:"Cursor of the next page of reports, as after"`
}

// ForgeryReport is one report of a case.
type ForgeryReport struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	ToldCode string    `json:"told_code,omitempty" doc:"Verdict code that the reporter was shown"`
	Where    string    `json:"where,omitempty"`
	Address  string    `json:"address,omitempty" doc:"As it was typed; never follow it"`
	Contact  string    `json:"contact,omitempty" doc:"Masked"`
	Joined   string    `json:"joined,omitempty" doc:"Duplicate with which it came"`
}

// ForgeryCaseList is a page of cases.
type ForgeryCaseList struct {
	Items []ForgeryCase `json:"items"`
	Next  string        `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

// ForgeryDecisionOrder decides a case that the caller took.
type ForgeryDecisionOrder struct {
	Decision    string `json:"decision" enum:"genuine,forged,not_ours,duplicate"`
	Words       string `json:"words,omitempty" maxLength:"500" doc:"What reporters read; not of a duplicate"`
	Note        string `json:"note,omitempty" maxLength:"1000" doc:"What staff read"`
	DuplicateOf string `json:"duplicate_of,omitempty" maxLength:"64" doc:"Of a duplicate: the case that stands for both"`
	Seen        string `json:"seen" minLength:"1" maxLength:"64" doc:"mark of the case that was read"`
}

type (
	forgeryOutput[T any] struct {
		CacheControl string `header:"Cache-Control"`
		Body         T
	}
	// PathForgery names a case.
	PathForgery struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the case"`
	}
)

func private[T any](body T, err error) (*forgeryOutput[T], error) {
	if err != nil {
		return nil, err
	}
	return &forgeryOutput[T]{"private, no-store", body}, nil
}

func forgeryCase(c forgery.Case) ForgeryCase {
	return ForgeryCase{ID: c.ID, Mark: c.Mark(), State: string(c.State), Decision: string(c.Decision), Kind: string(c.Kind), Object: c.Object, Identifier: c.Identifier, Department: c.Department, SM3: c.SM3, OwnCode: c.Own, ToldCode: c.Told,
		HasFile: c.File != "", Reports: c.Count, TakenBy: c.TakenBy, Words: c.Words, DuplicateOf: c.DuplicateOf, CreatedAt: c.CreatedAt, LastAt: c.LastAt, DecidedAt: pointer(c.DecidedAt)}
}

func forgeryCases(all []forgery.Case) []ForgeryCase {
	list := []ForgeryCase{}
	for _, c := range all {
		list = append(list, forgeryCase(c))
	}
	return list
}

// RegisterForgeries adds the operations of reports of suspected forgeries.
func RegisterForgeries(to huma.API, service *forgery.Service) {
	registerForgeryReports(to, service)
	registerForgeryDecisions(to, service)
}

func forgeryOperation(id, method, path, summary string) huma.Operation {
	op := operation(id, method, path, summary)
	op.Tags = []string{tagForgeries}
	return op
}

// registerForgeryReports adds what anybody may call.
func registerForgeryReports(to huma.API, service *forgery.Service) {
	op := forgeryOperation("report-forgery", http.MethodPost, "/api/v1/forgery-reports", "Report a suspected forgery; no login")
	op.Description = "Answers a receipt by which get-forgery-report-state tells what became of it. A file is judged by the platform itself, kept sealed and erased after the decision; without one the verdict is what the reporter tells. " +
		"Reports of the same file, identifier or address are decided once. 429 for one address that reports too often."
	op.MaxBodyBytes = maxForgeryForm
	op.SkipValidateBody = true // either of two types; read strictly below
	parts := map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "At most 20 MB; with send_file"}, "send_file": {Type: huma.TypeString, Enum: []any{"1"}, Description: "The file goes with the report"}}
	for _, name := range []string{"code", "identifier", "sm3", "where", "address", "contact"} {
		parts[name] = &huma.Schema{Type: huma.TypeString, Description: "As in the JSON form"}
	}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json":    {Schema: huma.SchemaFromType(to.OpenAPI().Components.Schemas, schemaTypeOf[ForgeryReportOrder]())},
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: parts}},
	}}
	huma.Register(to, op, func(ctx context.Context, in *verificationInput) (*forgeryOutput[ForgeryReceipt], error) {
		r, err := forgeryReport(in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		given, err := service.Receive(ctx, r)
		return private(ForgeryReceipt{Receipt: given.Receipt, ContactTaken: r.Contact != "" && !given.Unreached, ReceivedAt: given.At, KeptDays: service.KeepDays()}, err)
	})
	ask := forgeryOperation("get-forgery-report-state", http.MethodPost, "/api/v1/forgery-report-states", "Ask by its receipt what became of a report; no login")
	ask.Description = "A receipt has no place in an address, so it is asked for by POST. 429 for one address that asks too often."
	huma.Register(to, ask, func(ctx context.Context, in *struct{ Body ForgeryStateOrder }) (*forgeryOutput[ForgeryReportState], error) {
		s, err := service.Status(ctx, in.Body.Receipt)
		return private(ForgeryReportState{string(s.State), string(s.Decision), s.Words, s.Joined, s.At, pointer(s.DecidedAt)}, err)
	})
}

func forgeryReport(contentType string, body []byte) (forgery.Report, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return readReportBody(contentType, body)
	}
	if len(body) > maxJSON {
		return forgery.Report{}, fault.New(fault.TooLarge, "limit", "64 KiB")
	}
	var order ForgeryReportOrder
	if err := decodeStrictly(body, &order); err != nil {
		return forgery.Report{}, err
	}
	return forgery.Report{Code: order.Code, Identifier: order.Identifier, SM3: order.SM3, Where: order.Where, Address: order.Address, Contact: order.Contact}, nil
}

// registerForgeryDecisions adds what staff call.
func registerForgeryDecisions(to huma.API, service *forgery.Service) {
	huma.Register(to, forgeryOperation("list-forgeries", http.MethodGet, "/api/v1/forgeries", "List cases of suspected forgeries in the own area, newest first"), func(ctx context.Context, in *struct {
		State string `query:"state" enum:"received,taken,decided" doc:"Only those in this state"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}) (*forgeryOutput[ForgeryCaseList], error) {
		page, next, err := service.List(ctx, forgery.State(in.State), in.After, in.Limit)
		return private(ForgeryCaseList{forgeryCases(page), next}, err)
	})
	huma.Register(to, forgeryOperation("get-forgery", http.MethodGet, "/api/v1/forgeries/{id}", "Read one case with its reports; not for who has a part in the licence or seal"), func(ctx context.Context, in *struct {
		PathForgery
		After string `query:"after" maxLength:"400" doc:"Cursor of the page of reports before; it holds for the same caller and path"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}) (*forgeryOutput[ForgeryDetail], error) {
		return private(forgeryDetail(ctx, service, in.ID, in.After, in.Limit))
	})
	huma.Register(to, forgeryOperation("take-forgery", http.MethodPost, "/api/v1/forgeries/{id}/take", "Become the one who decides a case, or take it over"), func(ctx context.Context, in *PathForgery) (*forgeryOutput[ForgeryCase], error) {
		c, err := service.Take(ctx, in.ID)
		return private(forgeryCase(c), err)
	})
	huma.Register(to, forgeryOperation("decide-forgery", http.MethodPost, "/api/v1/forgeries/{id}/decision", "Decide a case that the caller took; final"), func(ctx context.Context, in *struct {
		PathForgery
		Body ForgeryDecisionOrder
	}) (*forgeryOutput[ForgeryCase], error) {
		o := in.Body
		c, err := service.Decide(ctx, in.ID, forgery.Order{Decision: forgery.Decision(o.Decision), Words: o.Words, Note: o.Note, DuplicateOf: o.DuplicateOf, Seen: o.Seen})
		return private(forgeryCase(c), err)
	})
	huma.Register(to, forgeryOperation("open-forgery-contact", http.MethodPost, "/api/v1/forgeries/{id}/contacts/{report}", "Read how to reach a reporter; recorded with the reason"), func(ctx context.Context, in *struct {
		PathForgery
		Report string `path:"report" maxLength:"64" doc:"Identifier of the report"`
		Body   struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; no personal data"`
		}
	}) (*forgeryOutput[ForgeryContact], error) {
		contact, err := service.Contact(ctx, in.ID, in.Report, in.Body.Reason)
		return private(ForgeryContact{contact}, err)
	})
	file := forgeryOperation("get-forgery-file", http.MethodGet, "/api/v1/forgeries/{id}/file", "Download the file that goes with a case; recorded. It may be hostile")
	file.Responses = map[string]*huma.Response{"200": {Description: "The file as it came", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	huma.Register(to, file, func(ctx context.Context, in *PathForgery) (*sealedReportOutput, error) {
		content, err := service.File(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &sealedReportOutput{"application/octet-stream", attachment(in.ID + ".bin"), "private, no-store", content}, nil
	})
}

// ForgeryContact is how to reach a reporter.
type ForgeryContact struct {
	Contact string `json:"contact" doc:"Mobile number or e-mail address"`
}

func forgeryDetail(ctx context.Context, service *forgery.Service, id, after string, limit int) (ForgeryDetail, error) {
	d, err := service.Find(ctx, id)
	if err != nil {
		return ForgeryDetail{}, err
	}
	tellings, next, err := service.Tellings(ctx, id, after, limit)
	out := ForgeryDetail{ForgeryCase: forgeryCase(d.Case), Note: d.Note, Similar: forgeryCases(d.Similar), Items: []ForgeryReport{}, Next: next}
	for _, t := range tellings {
		out.Items = append(out.Items, ForgeryReport{ID: t.ID, At: t.At, ToldCode: t.Told, Where: t.Said.Where, Address: t.Said.Address, Contact: t.Contact, Joined: t.Joined})
	}
	return out, err
}
