package counterhttp

import (
	"context"
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

const tag = "counter"

var messageType = reflect.TypeFor[counter.Message]()

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/" + path, Summary: summary, Tags: []string{tag}, DefaultStatus: status,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			ctx.SetHeader("Cache-Control", "no-store")
			next(ctx)
		}}}
}

// TerminalRecord is a terminal on the wire.
type TerminalRecord struct {
	ID         string     `json:"id" doc:"Identifier of the terminal; a reader names it in its messages"`
	Name       string     `json:"name" doc:"Name for people"`
	Reader     bool       `json:"reader" doc:"The key of a card reader is registered"`
	Screen     bool       `json:"screen" doc:"A second screen is joined"`
	Department string     `json:"department,omitempty" doc:"Department whose counter it is; absent is the platform's own"`
	CreatedAt  time.Time  `json:"created_at" doc:"When it was registered"`
	EnrolledAt *time.Time `json:"enrolled_at,omitempty" doc:"When it was put into service"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty" doc:"When it was taken out of service"`
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func terminalRecord(t counter.Terminal) TerminalRecord {
	return TerminalRecord{ID: t.ID, Name: t.Name, Reader: len(t.ReaderKey) > 0, Screen: t.Screen, Department: t.Department, CreatedAt: t.CreatedAt, EnrolledAt: moment(t.EnrolledAt), RevokedAt: moment(t.RevokedAt)}
}

// NewTerminalRecord is a terminal with the code that puts it into service.
type NewTerminalRecord struct {
	TerminalRecord
	Code string `json:"code" doc:"Typed at the terminal itself within 15 minutes, once; shown this once"`
}

// Paging is exported, as all embedded inputs, because the framework passes over embedded types that are not.
type Paging struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
}

type listing[T any] struct {
	Body struct {
		Items []T    `json:"items" doc:"Entries of this page"`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

type single[T any] struct{ Body T }

// ReadingInput is a message of a reader's bridge; its octets are what is signed.
type ReadingInput struct {
	Signature string `header:"Yinxin-Reader-Signature" required:"true" maxLength:"100" doc:"SM2 signature r‖s in unpadded base64url, over \"yinxin-reader/1\\n\" and the octets of the body"`
	RawBody   []byte
}

// Register adds the operations.
func (s *Server) Register(api huma.API) {
	s.registerQueue(api)
	reading := operation("deliver-counter-reading", http.MethodPost, "counter-readings", "读卡器消息 A reader tells that a card was read or removed; authenticated by its signature", http.StatusNoContent)
	reading.MaxBodyBytes = counter.MaxMessage + 1
	reading.SkipValidateBody = true // the signed octets are read strictly by the counter
	reading.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, messageType)}}}
	huma.Register(api, reading, func(ctx context.Context, in *ReadingInput) (*struct{}, error) {
		signature, err := base64.RawURLEncoding.Strict().DecodeString(in.Signature)
		if err != nil {
			return nil, fault.Wrap(err, fault.CounterReader)
		}
		return nil, s.Counter.Receive(ctx, in.RawBody, signature)
	})
	huma.Register(api, operation("list-counter-terminals", http.MethodGet, "counter-terminals", "窗口终端 Terminals of the counter, the newest first", http.StatusOK), func(ctx context.Context, in *struct{ Paging }) (*listing[TerminalRecord], error) {
		if err := administrators(ctx, idp.AdminRoles...); err != nil {
			return nil, err
		}
		page, next, err := s.Counter.Terminals(ctx, reqctx.From(ctx).Actor.Reach(idp.AdminRoles...), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &listing[TerminalRecord]{}
		out.Body.Items, out.Body.Next = []TerminalRecord{}, next
		for _, t := range page {
			out.Body.Items = append(out.Body.Items, terminalRecord(t))
		}
		return out, nil
	})
	huma.Register(api, operation("add-counter-terminal", http.MethodPost, "counter-terminals", "登记窗口终端 Register a terminal", http.StatusCreated), func(ctx context.Context, in *struct {
		Body struct {
			Name       string `json:"name" minLength:"1" maxLength:"40" doc:"Name for people"`
			ReaderKey  string `json:"reader_key,omitempty" maxLength:"100" doc:"SM2 public key of the reader's bridge: 65 octets, unpadded base64url; absent without a reader"`
			Department string `json:"department,omitempty" maxLength:"64" doc:"Identifier of the department whose counter it is; absent is the platform's own"`
			Reason     string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; goes into the audit record and holds no personal data"`
		}
	}) (*single[NewTerminalRecord], error) {
		t, code, err := s.addTerminal(ctx, in.Body.Name, in.Body.ReaderKey, in.Body.Department, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &single[NewTerminalRecord]{NewTerminalRecord{terminalRecord(t), code}}, nil
	})
	huma.Register(api, operation("revoke-counter-terminal", http.MethodPost, "counter-terminals/{id}/revocation", "停用窗口终端 Take a terminal out of service", http.StatusNoContent), func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" doc:"Identifier of the terminal"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; goes into the audit record and holds no personal data"`
		}
	}) (*struct{}, error) {
		return nil, s.revokeTerminal(ctx, in.ID, in.Body.Reason)
	})
}

// ActRecord is what a clerk did, on the wire.
type ActRecord struct {
	ID         string     `json:"id" doc:"Identifier of the act"`
	Kind       string     `json:"kind" enum:"register,raise,reset_login,pass,card,card_end,family,helper,guardian,mandate_join,mandate_end,license_copy,data_copy,data_paper,child_deletion_undo,child_deletion,deletion_undo,deletion" doc:"What was done"`
	VisitID    string     `json:"visit_id" doc:"Visit in which it was done"`
	TerminalID string     `json:"terminal_id" doc:"Where"`
	Clerk      string     `json:"clerk" doc:"Who did it"`
	Second     string     `json:"second_clerk,omitempty" doc:"Who stood beside it when the document was typed"`
	Entry      string     `json:"entry" enum:"reader,typed" doc:"How the document came in"`
	AccountID  string     `json:"account_id" doc:"For whom"`
	Target     string     `json:"target,omitempty" doc:"What it was done to, where that is not the account"`
	AgreedBy   string     `json:"agreed_by" doc:"How the person agreed"`
	Evidence   string     `json:"evidence,omitempty" doc:"SM3 digest"`
	Outcome    string     `json:"outcome" enum:"done,begun,failed" doc:"How it ended"`
	Failure    string     `json:"failure,omitempty" doc:"Error code with which the other service refused it"`
	Attempt    int        `json:"attempt" doc:"How often it was tried, counted from 1"`
	RetriedBy  string     `json:"retried_by,omitempty" doc:"The supervisor who tried it again"`
	Retriable  bool       `json:"retriable" doc:"It can be tried again, for a day after the person agreed"`
	At         time.Time  `json:"at" doc:"When"`
	Review     string     `json:"review" enum:"open,seen,flagged" doc:"Whether a supervisor looked at it"`
	Reviewer   string     `json:"reviewer,omitempty" doc:"Who looked at it"`
	Reason     string     `json:"review_reason,omitempty" doc:"What is wrong with it"`
	ReviewedAt *time.Time `json:"reviewed_at,omitempty" doc:"When"`
}

func actRecord(a counter.Act, now time.Time) ActRecord {
	return ActRecord{ID: a.ID, Kind: a.Kind, VisitID: a.Visit, TerminalID: a.Terminal, Clerk: a.Clerk, Second: a.Second, Entry: a.Entry, AccountID: a.Account, Target: a.Target, AgreedBy: a.AgreedBy, Evidence: a.Evidence,
		Outcome: a.Outcome, Failure: a.Failure, Attempt: a.Attempt, RetriedBy: a.RetriedBy, Retriable: a.Retriable(now), At: a.At, Review: a.Review, Reviewer: a.Reviewer, Reason: a.ReviewReason, ReviewedAt: moment(a.ReviewedAt)}
}

// RetriedRecord is an act that was tried again, with what is to be printed.
type RetriedRecord struct {
	ActRecord
	CardCode string     `json:"card_code,omitempty" doc:"Offline code card (LZ1:…), to be printed; shown this once"`
	CardEnds *time.Time `json:"card_expires_at,omitempty" doc:"Until when the card holds"`
}

// supervisor is who calls: a service client that stands for the role, which proves itself with each token, or a member of staff as in
// the console.
func (s *Server) supervisor(ctx context.Context) (counter.Clerk, error) {
	actor := reqctx.From(ctx).Actor
	if actor.Machine() {
		return counter.Clerk{ID: actor.ID, Roles: actor.Roles, Rights: actor.Rights, AAL: 2}, nil
	}
	return s.Who(ctx)
}

func (s *Server) registerQueue(api huma.API) {
	huma.Register(api, operation("list-counter-acts", http.MethodGet, "counter-acts", "窗口办理记录 What clerks did, the oldest first, for supervisors", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Review string `query:"review" enum:"open,seen,flagged" default:"open" doc:"Of which state"`
	}) (*listing[ActRecord], error) {
		by, err := s.supervisor(ctx)
		if err != nil {
			return nil, err
		}
		acts, next, err := s.Counter.Queue(ctx, by, in.Review, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &listing[ActRecord]{}
		out.Body.Items, out.Body.Next = []ActRecord{}, next
		for _, a := range acts {
			out.Body.Items = append(out.Body.Items, actRecord(a, s.Now()))
		}
		return out, nil
	})
	huma.Register(api, operation("review-counter-act", http.MethodPost, "counter-acts/{id}/review", "主管核查 Note that an act was looked at, or flag it", http.StatusOK), func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" doc:"Identifier of the act"`
		Body struct {
			Flag   bool   `json:"flag" doc:"true says that something is wrong with it"`
			Reason string `json:"reason,omitempty" maxLength:"200" doc:"What is wrong; a flag needs it. No personal data"`
		}
	}) (*single[ActRecord], error) {
		by, err := s.supervisor(ctx)
		if err != nil {
			return nil, err
		}
		a, err := s.Counter.Review(ctx, by, in.ID, in.Body.Flag, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &single[ActRecord]{actRecord(a, s.Now())}, nil
	})
	huma.Register(api, operation("retry-counter-act", http.MethodPost, "counter-acts/{id}/retry", "再次办理 Try an act again that another service refused or did not answer", http.StatusOK), func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the act"`
	}) (*single[RetriedRecord], error) {
		by, err := s.supervisor(ctx)
		if err != nil {
			return nil, err
		}
		done, err := s.Counter.Retry(ctx, by, in.ID)
		if err != nil {
			return nil, err
		}
		out := RetriedRecord{ActRecord: actRecord(done.Acts[0], s.Now())}
		if done.Card != nil {
			out.CardCode, out.CardEnds = done.Card.Code, moment(done.Card.ExpiresAt)
		}
		return &single[RetriedRecord]{out}, nil
	})
}

// administrators refuses whoever holds none of the roles, be it in a part only; the area of each terminal is judged besides.
func administrators(ctx context.Context, roles ...string) error {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return fault.New(fault.Unauthenticated)
	}
	if len(actor.Reach(roles...)) == 0 {
		return fault.New(fault.Forbidden)
	}
	return nil
}

// administer refuses whoever may not change terminals, and carries the reason into the audit record.
func (s *Server) administer(ctx context.Context, reason string) (context.Context, string, error) {
	if err := administrators(ctx, idp.RoleSystemAdmin); err != nil {
		return ctx, "", err
	}
	actor := reqctx.From(ctx).Actor
	if !actor.Fresh(s.Now()) {
		return ctx, "", fault.New(fault.AdminStale)
	}
	reason = strings.TrimSpace(reason)
	if n := len([]rune(reason)); n == 0 || n > 200 {
		return ctx, "", fault.New(fault.AdminReason).WithField("reason", fault.AdminReason)
	}
	return reqctx.WithReason(ctx, reason), actor.ID, nil
}

func (s *Server) addTerminal(ctx context.Context, name, key, department, reason string) (counter.Terminal, string, error) {
	ctx, by, err := s.administer(ctx, reason)
	if err != nil {
		return counter.Terminal{}, "", err
	}
	area := ""
	if department = strings.TrimSpace(department); department != "" {
		if area, err = s.AreaOf(ctx, department); err != nil {
			return counter.Terminal{}, "", err
		}
	}
	if !reqctx.From(ctx).Actor.Reaches(area, idp.RoleSystemAdmin) || department != "" && area == "" {
		return counter.Terminal{}, "", fault.New(fault.OutsideArea).WithField("terminal-department", fault.OutsideArea)
	}
	return s.Counter.AddTerminal(reqctx.UsingIn(ctx, area, idp.RoleSystemAdmin), by, name, strings.TrimSpace(key), department, area)
}

// terminal reads one of the own area; one of another area is not there.
func (s *Server) terminal(ctx context.Context, id string) (counter.Terminal, error) {
	t, err := s.Counter.Terminal(ctx, id)
	if err == nil && !reqctx.From(ctx).Actor.Reaches(t.Area, idp.AdminRoles...) {
		return counter.Terminal{}, fault.New(fault.NotFound)
	}
	return t, err
}

func (s *Server) revokeTerminal(ctx context.Context, id, reason string) error {
	ctx, by, err := s.administer(ctx, reason)
	if err != nil {
		return err
	}
	t, err := s.terminal(ctx, id)
	if err != nil {
		return err
	}
	if !reqctx.From(ctx).Actor.Reaches(t.Area, idp.RoleSystemAdmin) {
		return fault.New(fault.Forbidden)
	}
	return s.Counter.RevokeTerminal(reqctx.UsingIn(ctx, t.Area, idp.RoleSystemAdmin), id, by)
}
