package adminhttp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// MemberRecord is an account of staff on the wire. Nothing of the person's document is in it.
type MemberRecord struct {
	ID         string     `json:"id" doc:"Identifier; staff:<id> holds rights"`
	Login      string     `json:"login" doc:"工号 Login name"`
	Name       string     `json:"name" doc:"Name that is shown"`
	Department string     `json:"department,omitempty" doc:"Identifier of the department; absent is the platform itself"`
	State      string     `json:"state" enum:"new,active,suspended,closed" doc:"new: waits for its enrolment"`
	Bound      bool       `json:"bound" doc:"Whether the human behind it is known; if not, it carries no right"`
	Roles      []string   `json:"roles,omitempty" doc:"Roles that a file of the operator gave, everywhere"`
	MadeBy     string     `json:"made_by" doc:"Who made it, or opened it for a new enrolment: somebody else gives out the code"`
	CodeUntil  *time.Time `json:"code_until,omitempty" doc:"Until when the code that was given out holds"`
	Sources    []string   `json:"sources,omitempty" doc:"Of a single account: upstream sources of staff that it is linked to"`
	CreatedAt  time.Time  `json:"created_at" doc:"Since when"`
}

// NewMember is an account of staff that is opened.
type NewMember struct {
	Login       string `json:"login" minLength:"1" maxLength:"64" doc:"工号 Login name; no mobile number"`
	Name        string `json:"name" minLength:"1" maxLength:"60" doc:"Name of the person"`
	Department  string `json:"department,omitempty" maxLength:"64" doc:"Identifier of the department"`
	Document    string `json:"document,omitempty" maxLength:"40" doc:"Kind of identity document; citizen_id when absent"`
	Number      string `json:"number" minLength:"1" maxLength:"40" doc:"Its number, of which only a keyed hash is kept"`
	Nationality string `json:"nationality,omitempty" maxLength:"3" doc:"ISO 3166-1 alpha-3, where the kind needs one"`
}

// PathMember names an account of staff.
type PathMember struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the account"`
}

// EnrolmentCode is shown once.
type EnrolmentCode struct {
	Code  string    `json:"code" doc:"启用码 One-time code for /staff/enrol"`
	Until time.Time `json:"until" doc:"When it ends"`
}

func (s *Server) membersAPI(api huma.API) {
	s.memberLinksAPI(api)
	s.memberBindingAPI(api)
	huma.Register(api, operation(tagStaff, "list-staff", get, "staff", "工作人员 Accounts of staff of an area and below, by identifier", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Area    string `query:"area" maxLength:"12" doc:"Area; absent is that of the own rights"`
		Login   string `query:"login" maxLength:"64" doc:"Only the one with this login name"`
		State   string `query:"state" enum:",new,active,suspended,closed" doc:"Only those of a state"`
		Unbound bool   `query:"unbound" doc:"Only those that are bound to nobody"`
	}) (*listing[MemberRecord], error) {
		return s.listMembers(ctx, in.Area, in.Login, in.State, in.Unbound, in.After, in.Limit)
	})
	huma.Register(api, operation(tagStaff, "make-staff", post, "staff", "新建工作人员账号 Open an account of staff in the own area; another administrator gives out its code", http.StatusCreated), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			NewMember
		}
	}) (*tagged[MemberRecord], error) {
		return answer(s.makeMember(ctx, in.Body.NewMember, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagStaff, "get-staff", get, "staff/{id}", "工作人员详情 One account of staff", http.StatusOK), func(ctx context.Context, in *PathMember) (*tagged[MemberRecord], error) {
		return answer(s.member(ctx, in.ID))
	})
	huma.Register(api, operation(tagStaff, "issue-staff-code", post, "staff/{id}/enrolment-code", "发放启用码 Give out the code of an account that waits for its enrolment, never by who made it", http.StatusCreated), func(ctx context.Context, in *struct {
		PathMember
		Body struct{ Reason }
	}) (*tagged[EnrolmentCode], error) {
		return answer(s.issueCode(ctx, in.ID, in.Body.Reason.Reason))
	})
	for _, one := range []struct{ word, id, summary string }{
		{"suspension", "suspend-staff", "停用 Suspend an account of staff at once"},
		{"resumption", "resume-staff", "恢复 Let a suspended account of staff work on"},
		{"reset", "reset-staff", "重置 Open an account of staff for a new enrolment; password, second factors and sessions end"},
		{"closure", "close-staff", "注销 End an account of staff for good"},
	} {
		huma.Register(api, operation(tagStaff, one.id, post, "staff/{id}/"+one.word, one.summary, http.StatusOK), func(ctx context.Context, in *struct {
			PathMember
			Body struct{ Reason }
		}) (*tagged[MemberRecord], error) {
			return answer(s.changeMember(ctx, in.ID, one.word, in.Body.Reason.Reason))
		})
	}
}

func (s *Server) memberRecord(ctx context.Context, m staff.Member) (MemberRecord, error) {
	name, err := s.Members.Name(ctx, m)
	record := MemberRecord{ID: m.ID, Login: m.Login, Name: name, Department: m.Department, State: string(m.State), Bound: len(m.Human) > 0, Roles: m.Roles, MadeBy: m.MadeBy, CreatedAt: m.CreatedAt}
	if m.Enrols(s.Now()) {
		record.CodeUntil = &m.EnrolUntil
	}
	return record, err
}

func (s *Server) listMembers(ctx context.Context, area, login, state string, unbound bool, after string, limit int) (*listing[MemberRecord], error) {
	path, err := s.reach(ctx, area)
	if err != nil {
		return nil, err
	}
	canonical, _ := staff.CanonicalLogin(login)
	if login != "" && canonical == "" {
		return listed[MemberRecord](nil, ""), nil
	}
	page, next, err := s.Members.Page(ctx, staff.MemberQuery{Path: path, Login: canonical, State: staff.MemberState(state), Unsure: unbound, After: after, Limit: limit})
	return recorded(page, next, err, func(m staff.Member) (MemberRecord, error) { return s.memberRecord(ctx, m) })
}

func (s *Server) member(ctx context.Context, id string) (MemberRecord, error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return MemberRecord{}, err
	}
	m, err := s.Members.Member(ctx, id)
	if err != nil {
		return MemberRecord{}, err
	}
	for _, role := range idp.AdminRoles {
		if reqctx.From(ctx).Actor.HasIn(role, m.Path) {
			return s.wholeMember(ctx, m)
		}
	}
	return MemberRecord{}, fault.New(fault.NotFound) // as one that is not there
}

func (s *Server) makeMember(ctx context.Context, in NewMember, reason string) (MemberRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return MemberRecord{}, err
	}
	m, err := s.Members.Make(ctx, staff.Spec{Login: in.Login, Name: in.Name, Department: strings.TrimSpace(in.Department), Document: documentOf(in.Document, in.Number, in.Nationality)})
	if err != nil {
		return MemberRecord{}, err
	}
	return s.memberRecord(ctx, m)
}

func (s *Server) issueCode(ctx context.Context, id, reason string) (EnrolmentCode, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return EnrolmentCode{}, err
	}
	code, until, err := s.Members.IssueCode(ctx, id)
	return EnrolmentCode{code, until}, err
}

func (s *Server) changeMember(ctx context.Context, id, word, reason string) (MemberRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return MemberRecord{}, err
	}
	change, ok := map[string]func(context.Context, string) (staff.Member, error){"suspension": s.Members.Suspend, "resumption": s.Members.Resume, "reset": s.Members.Reset, "closure": s.Members.Close}[word]
	if !ok {
		return MemberRecord{}, fault.New(fault.NotFound)
	}
	m, err := change(ctx, id)
	if err != nil {
		return MemberRecord{}, err
	}
	return s.memberRecord(ctx, m)
}

// holderOf is a holder as a person types it: an actor, or the login name of a member of staff.
func (s *Server) holderOf(ctx context.Context, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Contains(text, ":") {
		return text, nil
	}
	m, err := s.Members.ByLogin(ctx, text)
	if errors.Is(err, staff.ErrNotFound) {
		return "", fault.New(fault.StaffUnknown)
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return m.Actor(), nil
}
