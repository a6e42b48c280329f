package idphttp

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ReviewRecord is a case that waits for reviewers, on the wire: nothing of the person.
type ReviewRecord struct {
	ID        string    `json:"id" doc:"Identifier of the case"`
	Kind      string    `json:"kind" enum:"manual_review,guardian_consent,sample" doc:"What is looked at: what a person handed in, a guardian's consent, or an automatic pass once more"`
	Step      string    `json:"step" enum:"first,further" doc:"first: nobody decided yet"`
	CreatedAt time.Time `json:"created_at" doc:"When it was handed in or drawn"`
	DueAt     time.Time `json:"due_at" doc:"By when it is to be decided"`
	Overdue   bool      `json:"overdue" doc:"It is past its due time"`
	Own       bool      `json:"own" doc:"It is about the caller, who may not look at it"`
}

// ReviewDetail is one case, masked, for somebody who may decide on it.
type ReviewDetail struct {
	ReviewRecord
	Version   string        `json:"version" doc:"State of the case as it was read; a decision names it"`
	Level     int           `json:"level" doc:"Level (ial) that it is about"`
	Document  string        `json:"document" doc:"Kind of document"`
	Relation  string        `json:"relation,omitempty" doc:"What the guardian says to be to the child"`
	Decisions int           `json:"decisions" doc:"How many decided; what and who is not told, so that everybody looks for oneself"`
	Fields    []ReviewField `json:"fields" doc:"What can be opened, masked"`
	Pass      *ReviewedPass `json:"pass,omitempty" doc:"The automatic pass that is looked at again"`
}

// ReviewField is a field of a case.
type ReviewField struct {
	Field string `json:"field" doc:"Name, for open-proofing-review-field; photo-N is the picture N of get-proofing-review-picture"`
	Value string `json:"value" doc:"Masked; of a picture its form and size"`
}

// ReviewedPass is the automatic pass behind a second look.
type ReviewedPass struct {
	Method   string `json:"method" doc:"Method that passed"`
	Source   string `json:"source" doc:"Source that passed it"`
	Evidence string `json:"evidence" doc:"SM3 digest of what was asked and answered"`
}

type (
	reviewList struct {
		Body struct {
			Items []ReviewRecord `json:"items" doc:"Entries of this page, those that are due first"`
			Next  string         `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
		}
	}
	reviewAnswer  struct{ Body ReviewDetail }
	openedField   struct{ Body ReviewField }
	decidedAnswer struct {
		Body struct {
			State string `json:"state" enum:"waiting,granted,refused,confirmed,failed,passed" doc:"waiting: others decide too; passed: decided, and the level follows in a moment; confirmed and failed are of second looks"`
		}
	}
	reviewPicture struct {
		Type    string `header:"Content-Type" doc:"image/jpeg or image/png"`
		NoSniff string `header:"X-Content-Type-Options"`
		Policy  string `header:"Content-Security-Policy"`
		As      string `header:"Content-Disposition"`
		Body    []byte
	}
)

func reviewOperation(id, method, path, summary string) huma.Operation {
	o := mandateOperation(id, method, "proofing-reviews"+path, summary)
	o.Tags, o.DefaultStatus = []string{"reviews"}, http.StatusOK
	return o
}

// reviewing is asReviewer for the API: the same role and the same human.
func (s *Server) reviewing(ctx context.Context) (context.Context, proofing.Reviewer, error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return ctx, proofing.Reviewer{}, fault.New(fault.Unauthenticated)
	case actor.Machine():
		return ctx, proofing.Reviewer{}, fault.New(fault.StaffOnly)
	case !actor.Has(idp.RoleProofingReviewer):
		return ctx, proofing.Reviewer{}, fault.New(fault.Forbidden)
	}
	reviewer, err := s.Reviewer(ctx)
	return reqctx.Using(ctx, idp.RoleProofingReviewer), reviewer, err
}

func reviewRecord(item proofing.ReviewItem, reviewer proofing.Reviewer) ReviewRecord {
	r := ReviewRecord{ID: item.ID, Kind: item.Method, Step: "first", CreatedAt: item.CreatedAt, DueAt: item.DueAt, Overdue: item.Overdue, Own: reviewer.Account != "" && item.AccountID == reviewer.Account}
	if item.State == proofing.Manual2 {
		r.Step = "further"
	}
	return r
}

// ReasonOfOpening goes with every look at something that is masked.
type ReasonOfOpening struct {
	Reason string `json:"reason" minLength:"2" maxLength:"200" doc:"Why; goes into the audit record before anything is shown, and holds no personal data"`
}

// RegisterReviews adds what reviewers do to the API: the same service and rules as the pages below /review.
func (s *Server) RegisterReviews(api huma.API) {
	huma.Register(api, reviewOperation("list-proofing-reviews", http.MethodGet, "", "待审核的实名申请 Cases that wait for reviewers, those that are due first"), func(ctx context.Context, in *struct {
		Kind    string `query:"kind" enum:"manual_review,guardian_consent,sample" doc:"Only this kind"`
		Overdue bool   `query:"overdue" doc:"Only those past their due time"`
		After   string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
	}) (*reviewList, error) {
		ctx, reviewer, err := s.reviewing(ctx)
		if err != nil {
			return nil, err
		}
		mark, err := readMark(in.After)
		if err != nil {
			return nil, err
		}
		items, next, err := s.reviewPage(ctx, in.Kind, in.Overdue, mark, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &reviewList{}
		out.Body.Items, out.Body.Next = make([]ReviewRecord, len(items)), next
		for i, item := range items {
			out.Body.Items[i] = reviewRecord(item, reviewer)
		}
		return out, nil
	})
	huma.Register(api, reviewOperation("get-proofing-review", http.MethodGet, "/{id}", "审核件详情 One case, masked, for somebody who may decide on it"), func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the case"`
	}) (*reviewAnswer, error) {
		ctx, reviewer, err := s.reviewing(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.Proofing.ReviewCase(ctx, reviewer, in.ID)
		if err != nil {
			return nil, err
		}
		d := ReviewDetail{ReviewRecord: reviewRecord(view.ReviewItem, reviewer), Version: view.Version(), Level: int(view.Wanted), Document: view.Document, Relation: view.Relation, Decisions: view.Reviews, Fields: []ReviewField{}}
		for _, f := range view.Fields {
			d.Fields = append(d.Fields, ReviewField(f))
		}
		if view.Sampled != nil {
			pass := ReviewedPass(*view.Sampled)
			d.Pass = &pass
		}
		return &reviewAnswer{d}, nil
	})
	huma.Register(api, reviewOperation("open-proofing-review-field", http.MethodPost, "/{id}/fields/{field}", "打开一项 Read one field of a case; audited first"), func(ctx context.Context, in *struct {
		ID    string `path:"id" maxLength:"64" doc:"Identifier of the case"`
		Field string `path:"field" enum:"name,number,birth,child_name,child_number,guardian_name,guardian_number" doc:"Field of the case"`
		Body  ReasonOfOpening
	}) (*openedField, error) {
		ctx, reviewer, err := s.reviewing(ctx)
		if err != nil {
			return nil, err
		}
		value, _, err := s.Proofing.OpenField(ctx, reviewer, in.ID, in.Field, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &openedField{ReviewField{in.Field, value}}, nil
	})
	pictures := reviewOperation("get-proofing-review-picture", http.MethodPost, "/{id}/pictures/{n}", "打开照片 Read one picture of a case, of at most 2 MiB; audited first")
	pictures.Responses = map[string]*huma.Response{"200": {Description: "The picture", Content: map[string]*huma.MediaType{"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}, "image/png": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	huma.Register(api, pictures, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" doc:"Identifier of the case"`
		N    int    `path:"n" minimum:"1" maximum:"3" doc:"Number of the picture, from 1"`
		Body ReasonOfOpening
	}) (*reviewPicture, error) {
		ctx, reviewer, err := s.reviewing(ctx)
		if err != nil {
			return nil, err
		}
		media, picture, err := s.Proofing.OpenField(ctx, reviewer, in.ID, fmt.Sprintf("photo-%d", in.N), in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &reviewPicture{Type: media, NoSniff: "nosniff", Policy: "sandbox; default-src 'none'", As: "attachment", Body: bytes.Clone(picture)}, nil
	})
	huma.Register(api, reviewOperation("decide-proofing-review", http.MethodPost, "/{id}/decision", "审核意见 Decide on a case as it was read; two people who agree settle it"), func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" doc:"Identifier of the case"`
		Body struct {
			Decision string `json:"decision" enum:"pass,refuse,doubt" doc:"refuse is for what was handed in, doubt for second looks"`
			Code     string `json:"reason_code,omitempty" enum:"consistent,unreadable,mismatch,altered,expired,not_the_person,relation,other" doc:"Why; needed with refuse and doubt. What passes is consistent"`
			Reason   string `json:"reason" minLength:"2" maxLength:"200" doc:"In words; goes into the audit record and holds no personal data"`
			Version  string `json:"version" minLength:"1" maxLength:"32" doc:"Version of the case that was read"`
		}
	}) (*decidedAnswer, error) {
		ctx, reviewer, err := s.reviewing(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.Proofing.ReviewCase(ctx, reviewer, in.ID)
		if err != nil {
			return nil, err
		}
		sample := view.Method == proofing.Sample
		if in.Body.Decision == "refuse" && sample || in.Body.Decision == "doubt" && !sample {
			return nil, fault.New(fault.ReviewKind).WithField("decision", fault.ReviewKind)
		}
		state, err := s.Proofing.Decide(ctx, reviewer, in.ID, proofing.Decision{Approve: in.Body.Decision == "pass", Code: in.Body.Code, Reason: in.Body.Reason, Seen: in.Body.Version})
		if err != nil {
			return nil, err
		}
		out := &decidedAnswer{}
		out.Body.State = decidedState(state, sample)
		return out, nil
	})
}

// decidedState is what came of a decision, in the words of the API.
func decidedState(state proofing.State, sample bool) string {
	switch {
	case state == proofing.Granted && sample:
		return "confirmed"
	case state == proofing.Rejected && sample:
		return "failed"
	case state == proofing.Granted:
		return "granted"
	case state == proofing.Rejected:
		return "refused"
	case state == proofing.Passed:
		return "passed"
	}
	return "waiting"
}
