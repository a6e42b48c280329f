package adminhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// DisputeRecord is a question of a person about what a client received.
type DisputeRecord struct {
	ID          string           `json:"id" doc:"Identifier"`
	ClientID    string           `json:"client_id" doc:"Client that received it"`
	Department  string           `json:"department,omitempty" doc:"Department that received it and answers; absent: the platform answers"`
	ReleaseID   string           `json:"release_id" doc:"Line of the person's ledger"`
	State       string           `json:"state" enum:"open,answered,closed,escalated" doc:"open waits for an answer; escalated for one of the platform"`
	AnsweredBy  string           `json:"answered_by,omitempty" enum:"department,platform" doc:"Whose answer stands"`
	OpenedAt    time.Time        `json:"opened_at" doc:"When it was asked"`
	DueAt       time.Time        `json:"due_at" doc:"When an answer is due"`
	Overdue     bool             `json:"overdue" doc:"An answer should have come"`
	EscalatedAt *time.Time       `json:"escalated_at,omitempty" doc:"When the platform was asked"`
	Raised      bool             `json:"raised" doc:"It went to the platform by itself, because no answer came"`
	CorrectedAt *time.Time       `json:"corrected_at,omitempty" doc:"When the platform sent an answer back or put its own in its place"`
	Release     *DisputeRelease  `json:"release,omitempty" doc:"What it is about; not in lists"`
	Messages    []DisputeContent `json:"messages,omitempty" doc:"Not in lists"`

	desk idp.Desk
	is   idp.Dispute
}

// DisputeRelease is the line that a question is about: names of claims and never values.
type DisputeRelease struct {
	Application string    `json:"application" doc:"Name of the application, as it was then"`
	Claims      []string  `json:"claims" doc:"What it received"`
	Purpose     string    `json:"purpose" doc:"What for"`
	First       time.Time `json:"first_at" doc:"First time on that day"`
	Last        time.Time `json:"last_at" doc:"Last time on that day"`
	Count       int64     `json:"count" doc:"How often"`
}

// DisputeContent is one message.
type DisputeContent struct {
	Author string    `json:"author" enum:"person,department,platform" doc:"Whose words they are"`
	Text   string    `json:"text" doc:"What was written"`
	At     time.Time `json:"at" doc:"When"`
}

// PathDispute names a dispute.
type PathDispute struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the dispute"`
}

const tagDisputes = "disputes"

// What the platform does about an answer of a department.
const (
	disputeSendBack = "send_back"
	disputeCorrect  = "correct"
)

func (s *Server) disputeRecord(d idp.Dispute, desk idp.Desk) DisputeRecord {
	r := DisputeRecord{ID: d.ID, ClientID: d.ClientID, Department: d.Department, ReleaseID: d.ReleaseID, State: string(d.State), AnsweredBy: d.AnsweredBy, OpenedAt: d.OpenedAt, DueAt: d.DueAt,
		Overdue: d.Overdue(s.Now()), Raised: !d.RaisedAt.IsZero(), desk: desk, is: d}
	if !d.EscalatedAt.IsZero() {
		r.EscalatedAt = &d.EscalatedAt
	}
	if !d.CorrectedAt.IsZero() {
		r.CorrectedAt = &d.CorrectedAt
	}
	for _, m := range d.Messages {
		r.Messages = append(r.Messages, DisputeContent{m.Author, m.Text, m.At})
	}
	return r
}

func (s *Server) disputesAPI(api huma.API) {
	huma.Register(api, operation(tagDisputes, "list-disputes", get, "disputes", "使用疑问列表 List questions of people about the use of their data, what waits longest first; of a department its own", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State   string `query:"state" enum:"open,answered,closed,escalated" doc:"Only those in this state"`
		Overdue bool   `query:"overdue" doc:"Only those whose answer should have come"`
	}) (*listing[DisputeRecord], error) {
		records, next, err := s.listDisputes(ctx, in.State, in.Overdue, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagDisputes, "get-dispute", get, "disputes/{id}", "使用疑问详情 One question with its messages", http.StatusOK), func(ctx context.Context, in *PathDispute) (*tagged[DisputeRecord], error) {
		return answer(s.dispute(ctx, in.ID))
	})
	huma.Register(api, operation(tagDisputes, "answer-dispute", post, "disputes/{id}/answer", "答复疑问 Answer the person, for the own department or the platform; the text is what the person reads", http.StatusOK), func(ctx context.Context, in *struct {
		PathDispute
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"1000" doc:"Answer, as the person reads it"`
		}
	}) (*tagged[DisputeRecord], error) {
		return answer(s.answerDispute(ctx, in.ID, in.Body.Text))
	})
	huma.Register(api, operation(tagDisputes, "correct-dispute", post, "disputes/{id}/correction", "退回或更正单位答复 Send an answer of a department back, or put the platform's words in its place; once", http.StatusOK), func(ctx context.Context, in *struct {
		PathDispute
		Body struct {
			Reason
			Act  string `json:"act" enum:"send_back,correct" doc:"send_back: the department answers anew"`
			Text string `json:"text" minLength:"1" maxLength:"1000" doc:"What the person and the department read"`
		}
	}) (*tagged[DisputeRecord], error) {
		return answer(s.correctDispute(ctx, in.ID, in.Body.Act, in.Body.Text, in.Body.Reason.Reason))
	})
}

// desk is for whom the caller speaks about questions of people: the platform by a role that is held everywhere, else the own department
// if a right reaches its area. It answers the area for the audit record.
func (s *Server) desk(ctx context.Context, roles ...string) (idp.Desk, string, error) {
	if holds(ctx, roles...) == nil {
		return idp.Desk{}, "", nil
	}
	if err := anywhere(ctx, roles...); err != nil {
		return idp.Desk{}, "", err
	}
	actor := reqctx.From(ctx).Actor
	id, isStaff := strings.CutPrefix(actor.ID, "staff:")
	if !isStaff {
		return idp.Desk{}, "", fault.New(fault.Forbidden)
	}
	m, err := s.Members.Member(ctx, id)
	if err != nil {
		return idp.Desk{}, "", err
	}
	path, err := s.Clients.Area(ctx, m.Department)
	if err != nil {
		return idp.Desk{}, "", err
	}
	if m.Department == "" || path == "" || !actor.Reaches(path, roles...) {
		return idp.Desk{}, "", fault.New(fault.Forbidden)
	}
	return idp.Desk{Department: m.Department}, path, nil
}

// WaitingDisputes counts, up to a bound, what the caller was told of: overdue answers of the own department, and what waits for the platform.
func (s *Server) WaitingDisputes(ctx context.Context, bound int) (n idp.DisputeCount, err error) {
	desk, _, err := s.desk(ctx, idp.RoleSecurityAdmin)
	if err != nil {
		if code := fault.CodeOf(err); code == fault.Forbidden || code == fault.NotFound {
			err = nil // no matter of this member
		}
		return n, err
	}
	if n, err = s.Disputes.Waiting(ctx, desk.Department, bound); desk.Department != "" {
		n.Escalated = 0
	}
	return n, err
}

func (s *Server) listDisputes(ctx context.Context, state string, overdue bool, after string, limit int) (records []DisputeRecord, next string, err error) {
	desk, _, err := s.desk(ctx, watchers...)
	if err != nil {
		return nil, "", err
	}
	q := idp.DisputeQuery{Department: desk.Department, State: idp.DisputeState(state), Limit: limit}
	if overdue {
		q.Overdue = s.Now()
	}
	page, next, err := s.Disputes.Page(ctx, q, after)
	for _, d := range page {
		records = append(records, s.disputeRecord(d, desk))
	}
	return records, next, err
}

func (s *Server) dispute(ctx context.Context, id string) (DisputeRecord, error) {
	desk, _, err := s.desk(ctx, watchers...)
	if err != nil {
		return DisputeRecord{}, err
	}
	d, err := s.Disputes.Get(ctx, id)
	if err == nil && !desk.Sees(d) {
		err = fault.New(fault.NotFound)
	}
	if err != nil {
		return DisputeRecord{}, err
	}
	record := s.disputeRecord(d, desk)
	one, err := s.Disputes.Release(ctx, d.AccountID, d.ReleaseID)
	if err == nil {
		record.Release = &DisputeRelease{one.Name, one.Claims, one.Purpose, one.First, one.Last, one.Count}
	} else if fault.CodeOf(err) == fault.NotFound { // lines of licences end with the licence
		err = nil
	}
	return record, err
}

func (s *Server) answerDispute(ctx context.Context, id, text string) (DisputeRecord, error) {
	desk, area, err := s.desk(ctx, idp.RoleSecurityAdmin)
	if err := s.fresh(ctx, err); err != nil {
		return DisputeRecord{}, err
	}
	if _, err := s.Disputes.Answer(reqctx.UsingIn(ctx, area, idp.RoleSecurityAdmin), id, desk, text); err != nil {
		return DisputeRecord{}, err
	}
	return s.dispute(ctx, id)
}

func (s *Server) correctDispute(ctx context.Context, id, act, text, reason string) (DisputeRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return DisputeRecord{}, err
	}
	switch act {
	case disputeSendBack:
		_, err = s.Disputes.SendBack(ctx, id, text)
	case disputeCorrect:
		_, err = s.Disputes.Correct(ctx, id, text)
	default:
		err = fault.New(fault.Malformed)
	}
	if err != nil {
		return DisputeRecord{}, err
	}
	return s.dispute(ctx, id)
}
