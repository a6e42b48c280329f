package adminhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// anywhere refuses whoever holds none of the roles, not even in a part. What belongs to an area is judged besides.
func anywhere(ctx context.Context, roles ...string) error {
	return held(ctx, reqctx.Actor.HoldsAnywhere, roles)
}

// changeIn is change for what the service judges by area.
func (s *Server) changeIn(ctx context.Context, reason string, roles ...string) (context.Context, error) {
	return s.begin(ctx, anywhere(ctx, roles...), reason, roles)
}

// reach is the path of an area that the administrator may look at; without an area it is the widest of the own rights.
func (s *Server) reach(ctx context.Context, code string) (string, error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return "", err
	}
	actor := reqctx.From(ctx).Actor
	if code == "" {
		path, found := "", false
		for _, right := range actor.Rights {
			for _, role := range idp.AdminRoles {
				if right.Role == role && (!found || len(right.Area) < len(path)) {
					path, found = right.Area, true
				}
			}
		}
		return path, nil
	}
	area, err := s.Staff.Area(ctx, code)
	if err != nil {
		return "", err
	}
	for _, role := range idp.AdminRoles {
		if actor.HasIn(role, area.Path) {
			return area.Path, nil
		}
	}
	return "", fault.New(fault.Forbidden)
}

// AreaRecord is an area on the wire.
type AreaRecord struct {
	Code   string `json:"code" doc:"Twelve digits: GB/T 2260, township, village"`
	Parent string `json:"parent,omitempty" doc:"Area above; absent for a province"`
	Name   string `json:"name" doc:"Name in common use"`
	Level  int    `json:"level" doc:"1 province, 2 city, 3 county, 4 township, 5 village"`
}

// DepartmentRecord is a department on the wire.
type DepartmentRecord struct {
	ID    string `json:"id" doc:"Unified social credit code, or a word of the operator"`
	Name  string `json:"name" doc:"Its name"`
	Area  string `json:"area" doc:"Code of its area"`
	Ended bool   `json:"ended" doc:"It owns nothing new"`
}

// RightRecord is a right of a member of staff on the wire.
type RightRecord struct {
	ID        string     `json:"id" doc:"Identifier of the right"`
	Holder    string     `json:"holder" doc:"Who holds it"`
	Role      string     `json:"role" doc:"Role"`
	Area      string     `json:"area,omitempty" doc:"Area in which and below which it holds; absent is everywhere"`
	State     string     `json:"state" enum:"active,over,ended" doc:"over: its day has come; ended: somebody took it away"`
	From      time.Time  `json:"from" doc:"Since when"`
	Until     *time.Time `json:"until,omitempty" doc:"When it is over"`
	GrantedBy string     `json:"granted_by" doc:"Who stands behind it"`
	Proposal  string     `json:"proposal,omitempty" doc:"Proposal that gave it; absent for one of a file of the operator"`
	Reason    string     `json:"reason,omitempty" doc:"Why it was given"`
	EndedAt   *time.Time `json:"ended_at,omitempty" doc:"When it was taken away"`
	EndedBy   string     `json:"ended_by,omitempty" doc:"Who took it away"`
}

// WantedRight is a right that is proposed.
type WantedRight struct {
	Holder string    `json:"holder" minLength:"1" maxLength:"80" doc:"Who is to hold it: staff:… or a login name"`
	Role   string    `json:"role" minLength:"1" maxLength:"40" doc:"Role"`
	Area   string    `json:"area,omitempty" maxLength:"12" doc:"Code of the area; absent is everywhere"`
	Until  time.Time `json:"until" doc:"When it is over, three years from now at most"`
}

const tagStaff = "staff"

func (s *Server) staffAPI(api huma.API) {
	huma.Register(api, operation(tagStaff, "list-areas", get, "areas", "行政区划 Areas right below another, by code", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Parent string `query:"parent" maxLength:"12" doc:"Area above; absent lists the provinces"`
	}) (*listing[AreaRecord], error) {
		return s.listAreas(ctx, in.Parent, in.After, in.Limit)
	})
	huma.Register(api, operation(tagStaff, "list-departments", get, "departments", "部门 Departments of an area and below, by identifier", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Area string `query:"area" maxLength:"12" doc:"Area; absent is that of the own rights"`
	}) (*listing[DepartmentRecord], error) {
		return s.listDepartments(ctx, in.Area, in.After, in.Limit)
	})
	huma.Register(api, operation(tagStaff, "list-staff-rights", get, "staff-rights", "人员权限 Rights of staff in an area and below, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Area   string `query:"area" maxLength:"12" doc:"Area; absent is that of the own rights"`
		Holder string `query:"holder" maxLength:"80" doc:"Only of this member of staff: staff:… or a login name"`
		Live   bool   `query:"live" doc:"Only those in force"`
	}) (*listing[RightRecord], error) {
		return s.listRights(ctx, in.Area, in.Holder, in.Live, in.After, in.Limit)
	})
	huma.Register(api, operation(tagStaff, "propose-staff-right", post, "staff-rights", "提名权限 Propose a right within the own area; another administrator approves it in the inbox", http.StatusAccepted), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			WantedRight
		}
	}) (*tagged[InboxRecord], error) {
		return answer(s.proposeRight(ctx, in.Body.WantedRight, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagStaff, "get-staff-right", get, "staff-rights/{id}", "权限详情 One right", http.StatusOK), func(ctx context.Context, in *PathRight) (*tagged[RightRecord], error) {
		return answer(s.right(ctx, in.ID))
	})
	huma.Register(api, operation(tagStaff, "end-staff-right", post, "staff-rights/{id}/end", "收回权限 Take a right away at once", http.StatusOK), func(ctx context.Context, in *struct {
		PathRight
		Body struct{ Reason }
	}) (*tagged[RightRecord], error) {
		return answer(s.endRight(ctx, in.ID, in.Body.Reason.Reason))
	})
}

// PathRight names a right.
type PathRight struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the right"`
}

func (s *Server) listAreas(ctx context.Context, parent, after string, limit int) (*listing[AreaRecord], error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil { // where places lie is no secret of a county
		return nil, err
	}
	if parent != "" {
		above, err := s.Staff.Area(ctx, parent)
		if err != nil {
			return nil, err
		}
		parent = above.Code
	}
	page, next, err := s.Staff.Areas(ctx, parent, after, limit)
	return recorded(page, next, err, func(a staff.Area) (AreaRecord, error) { return AreaRecord{a.Code, a.Parent, a.Name, a.Level}, nil })
}

func (s *Server) listDepartments(ctx context.Context, area, after string, limit int) (*listing[DepartmentRecord], error) {
	path, err := s.reach(ctx, area)
	if err != nil {
		return nil, err
	}
	page, next, err := s.Staff.Departments(ctx, path, after, limit)
	return recorded(page, next, err, func(d staff.Department) (DepartmentRecord, error) {
		return DepartmentRecord{d.ID, d.Name, d.Area, d.Ended}, nil
	})
}

func (s *Server) rightRecord(r staff.Right) RightRecord {
	record := RightRecord{ID: r.ID, Holder: r.Holder, Role: r.Role, Area: r.Area, State: "active", From: r.From, GrantedBy: r.GrantedBy, Proposal: r.Proposal, Reason: r.Reason, EndedBy: r.EndedBy}
	if !r.Until.IsZero() {
		record.Until = &r.Until
	}
	switch {
	case !r.EndedAt.IsZero():
		record.State, record.EndedAt = "ended", &r.EndedAt
	case !r.At(s.Now()):
		record.State = "over"
	}
	return record
}

func (s *Server) listRights(ctx context.Context, area, holder string, live bool, after string, limit int) (*listing[RightRecord], error) {
	path, err := s.reach(ctx, area)
	if err != nil {
		return nil, err
	}
	if holder, err = s.holderOf(ctx, holder); err != nil {
		return nil, err
	}
	page, next, err := s.Staff.Page(ctx, staff.Query{Path: path, Holder: holder, Live: live, After: after, Limit: limit})
	return recorded(page, next, err, func(r staff.Right) (RightRecord, error) { return s.rightRecord(r), nil })
}

func (s *Server) right(ctx context.Context, id string) (RightRecord, error) {
	if err := anywhere(ctx, idp.AdminRoles...); err != nil {
		return RightRecord{}, err
	}
	r, err := s.Staff.Right(ctx, id)
	if err != nil {
		return RightRecord{}, err
	}
	for _, role := range idp.AdminRoles {
		if reqctx.From(ctx).Actor.HasIn(role, r.Path) {
			return s.rightRecord(r), nil
		}
	}
	return RightRecord{}, fault.New(fault.NotFound) // as one that is not there
}

func (s *Server) proposeRight(ctx context.Context, in WantedRight, reason string) (InboxRecord, error) {
	return s.proposed(ctx, reason, func(ctx context.Context) (foureyes.Proposal, error) {
		holder, err := s.holderOf(ctx, in.Holder)
		if err != nil {
			return foureyes.Proposal{}, err
		}
		return s.Staff.Propose(ctx, staff.Wanted{Holder: holder, Role: in.Role, Area: in.Area, Until: in.Until})
	})
}

// proposed is what a security administrator puts into the inbox, for the reason that was given.
func (s *Server) proposed(ctx context.Context, reason string, propose func(context.Context) (foureyes.Proposal, error)) (InboxRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return InboxRecord{}, err
	}
	p, err := propose(ctx)
	if err != nil {
		return InboxRecord{}, err
	}
	return inboxRecord(p, s.Now()), nil
}

func (s *Server) endRight(ctx context.Context, id, reason string) (RightRecord, error) {
	ctx, err := s.changeIn(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return RightRecord{}, err
	}
	r, err := s.Staff.End(ctx, id)
	if err != nil {
		return RightRecord{}, err
	}
	return s.rightRecord(r), nil
}

// mayRead refuses whoever neither decides on a proposal, nor audits its area, nor made it. To administrators of other areas it is not there.
func mayRead(ctx context.Context, p foureyes.Proposal) error {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return fault.New(fault.Unauthenticated)
	case actor.ID == p.Origin, actor.HasIn(p.Role, p.Area), actor.HasIn(idp.RoleAuditAdmin, p.Area):
		return nil
	}
	return staff.Refusal(ctx, p.Area)
}
