package adminhttp

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// HoldRecord is a legal hold: while it lies on an account nothing of it is erased.
type HoldRecord struct {
	ID         string     `json:"id" doc:"Identifier"`
	AccountID  string     `json:"account_id" doc:"Account on which it lies"`
	Reason     string     `json:"reason" doc:"Why"`
	PlacedBy   string     `json:"placed_by" doc:"Who placed it"`
	PlacedAt   time.Time  `json:"placed_at" doc:"When"`
	Until      time.Time  `json:"until" doc:"When it ends by itself"`
	ReleasedAt *time.Time `json:"released_at,omitempty" doc:"When it was ended before its time"`
	State      string     `json:"state" enum:"in_force,ended" doc:"Whether it holds now"`
}

// PathHold names a hold.
type PathHold struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the hold"`
}

const tagHolds = "holds"

func (s *Server) holdRecord(h idp.Hold) HoldRecord {
	r := HoldRecord{ID: h.ID, AccountID: h.AccountID, Reason: h.Reason, PlacedBy: h.PlacedBy, PlacedAt: h.PlacedAt, Until: h.Until, State: "ended"}
	if !h.ReleasedAt.IsZero() {
		r.ReleasedAt = &h.ReleasedAt
	}
	if h.InForce(s.Now()) {
		r.State = "in_force"
	}
	return r
}

// holdsPart is the legal holds.
func (s *Server) holdsPart() part {
	return part{
		api:   s.holdsAPI,
		pages: map[string]pageFunc{"GET /admin/holds": s.holdsPage, "POST /admin/holds": s.holdPlace, "GET /admin/holds/{id}": s.holdPage, "POST /admin/holds/{id}/release": s.holdRelease},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-holds", "admin.holds", "admin.holds.text", "/admin/holds"), nil
		},
	}
}

func (s *Server) holdsAPI(api huma.API) {
	huma.Register(api, operation(tagHolds, "list-holds", get, "holds", "法定保全列表 List legal holds, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		Account string `query:"account" maxLength:"64" doc:"Only those of this account"`
	}) (*listing[HoldRecord], error) {
		records, next, err := s.listHolds(ctx, in.Account, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return listed(records, next), nil
	})
	huma.Register(api, operation(tagHolds, "place-hold", post, "holds", "设置法定保全 Place a legal hold; nothing of the account is erased while it lasts", http.StatusCreated), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			AccountID string    `json:"account_id" minLength:"1" maxLength:"64" doc:"Account"`
			Until     time.Time `json:"until" doc:"When it ends by itself, within five years"`
		}
	}) (*tagged[HoldRecord], error) {
		return answer(s.placeHold(ctx, in.Body.AccountID, in.Body.Reason.Reason, in.Body.Until))
	})
	huma.Register(api, operation(tagHolds, "release-hold", post, "holds/{id}/release", "解除法定保全 End a hold before its time", http.StatusOK), func(ctx context.Context, in *struct {
		PathHold
		Body struct{ Reason }
	}) (*tagged[HoldRecord], error) {
		return answer(s.releaseHold(ctx, in.ID, in.Body.Reason.Reason))
	})
}

func (s *Server) listHolds(ctx context.Context, account, after string, limit int) (records []HoldRecord, next string, err error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, "", err
	}
	page, next, err := s.Deletions.Holds(ctx, account, after, limit)
	for _, h := range page {
		records = append(records, s.holdRecord(h))
	}
	return records, next, err
}

func (s *Server) placeHold(ctx context.Context, account, reason string, until time.Time) (HoldRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return HoldRecord{}, err
	}
	h, err := s.Deletions.PlaceHold(ctx, account, reason, reqctx.From(ctx).Actor.ID, until)
	return s.holdRecord(h), err
}

func (s *Server) releaseHold(ctx context.Context, id, reason string) (HoldRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return HoldRecord{}, err
	}
	h, err := s.Deletions.ReleaseHold(ctx, id)
	return s.holdRecord(h), err
}

func holdURL(id string) string { return "/admin/holds/" + url.PathEscape(id) }

func (s *Server) holdsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showHolds(w, r, url.Values{}, nil)
}

func (s *Server) showHolds(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := s.listHolds(r.Context(), "", after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.holds.text"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin), None: text("admin.holds.none"), NoneText: text("admin.holds.none.text"),
		Table: web.Table{Caption: text("admin.holds"), Columns: []web.Column{{Label: text("admin.account")}, {Label: text("action.reason")}, {Label: text("admin.hold.until")}}}}
	if holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.FilterURL, body.FilterPost, body.FilterName = "/admin/holds", true, text("admin.hold.place")
		body.Filter = []web.FormField{{Name: "account", Label: text("admin.account"), Value: bounded(typed.Get("account")), Max: 64}, {Name: "reason", Label: text("action.reason"), Value: bounded(typed.Get("reason")), Max: maxReason},
			{Name: "until", Label: text("admin.hold.until"), Kind: "date"}}
	}
	for _, h := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: holdURL(h.ID), Cells: []string{h.AccountID, h.Reason, when(h.Until)}, Status: "hold_" + h.State})
	}
	paged(r, &body.Table, "/admin/holds", after, next)
	shown := web.Page{Title: text("admin.holds"), Self: "/admin/holds", Body: body}
	if refusal != nil {
		shown.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": "reason"})
	}
	return s.show(w, r, statusOf(refusal), "admin-list", shown)
}

func (s *Server) holdPlace(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	until, err := time.ParseInLocation(time.DateOnly, typedDay(typed, "until"), chinaTime)
	if err != nil {
		return s.showHolds(w, r, typed, fault.New(fault.HoldTime))
	}
	h, err := s.placeHold(r.Context(), typed.Get("account"), typed.Get("reason"), until.AddDate(0, 0, 1))
	if fault.CodeOf(err) == fault.NotFound || mendable(err) {
		return s.showHolds(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, holdURL(h.ID))
}

func (s *Server) holdPage(w http.ResponseWriter, r *http.Request) error {
	return s.showHold(w, r, refused{})
}

func (s *Server) showHold(w http.ResponseWriter, r *http.Request, was refused) error {
	if err := holds(r.Context(), watchers...); err != nil {
		return err
	}
	stored, err := s.Deletions.Hold(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h, text := s.holdRecord(stored), func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.holds"), URL: "/admin/holds"}, Name: h.AccountID, Under: h.ID, Status: "hold_" + h.State, SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("action.reason"), Value: h.Reason}, {Label: text("admin.hold.placed"), Value: when(h.PlacedAt)}, {Label: text("admin.hold.until"), Value: when(h.Until)}}}
	if h.State == "in_force" && holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.Actions = []web.StateAction{{ID: "hold-release", Label: text("admin.hold.release"), URL: holdURL(h.ID) + "/release", Effect: text("admin.hold.release.effect"), Danger: true}}
	}
	page := web.Page{Title: text("admin.holds"), Self: holdURL(h.ID)}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func (s *Server) holdRelease(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err = s.releaseHold(r.Context(), id, typed.Get("reason"))
	return settled(w, r, err, func(err error) error { return s.showHold(w, r, refused{err, "hold-release", typed.Get("reason")}) }, holdURL(id))
}
