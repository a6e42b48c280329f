package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

func registerFreezes(to huma.API, a *api) {
	huma.Register(to, operation("list-my-license-freezes", http.MethodGet, "/api/v1/me/license-freezes", "List what the signed-in holder lets nobody use for now"), a.freezes)
	huma.Register(to, operation("freeze-my-licenses", http.MethodPost, "/api/v1/me/license-freezes", "Let nobody use a licence of the signed-in holder, or none of them; its status stays"), a.freeze)
	huma.Register(to, operation("unfreeze-my-licenses", http.MethodPost, "/api/v1/me/license-freezes/end", "Let a licence, or all, be used again; asks for a login of the last five minutes"), a.unfreeze)
}

// LicenseFreezeOrder says what is frozen.
type LicenseFreezeOrder struct {
	License string `json:"license,omitempty" maxLength:"64" doc:"id of the licence; without it all licences of the holder, those that come later included"`
}

// LicenseFreeze is a freeze.
type LicenseFreeze struct {
	License   string    `json:"license,omitempty" doc:"id of the licence; absent for all"`
	LicenseID string    `json:"license_id,omitempty"`
	TypeCode  string    `json:"license_type_code,omitempty"`
	FrozenAt  time.Time `json:"frozen_at"`
}

// LicenseFreezeList is a page of freezes.
type LicenseFreezeList struct {
	Items []LicenseFreeze `json:"items"`
	Next  string          `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type freezesOutput struct{ Body LicenseFreezeList }

func (a *api) freezes(ctx context.Context, in *typesInput) (*freezesOutput, error) {
	page, next, err := a.service.FreezesOf(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &freezesOutput{LicenseFreezeList{Items: []LicenseFreeze{}, Next: next}}
	for _, f := range page {
		out.Body.Items = append(out.Body.Items, LicenseFreeze{f.License, f.LicenseID, f.TypeCode, f.At})
	}
	return out, nil
}

type freezeInput struct{ Body LicenseFreezeOrder }

type freezeOutput struct{ Body LicenseFreeze }

func (a *api) freeze(ctx context.Context, in *freezeInput) (*freezeOutput, error) {
	f, err := a.service.FreezeUse(ctx, in.Body.License)
	if err != nil {
		return nil, err
	}
	return &freezeOutput{LicenseFreeze{f.License, f.LicenseID, f.TypeCode, f.At}}, nil
}

func (a *api) unfreeze(ctx context.Context, in *freezeInput) (*struct{}, error) {
	return nil, a.service.UnfreezeUse(ctx, in.Body.License)
}

// freezePages are the pages on which a holder freezes the use of licences.
func (p *Pages) freezePages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /me" + freezesPath:           p.freezeList,
		"POST /me" + freezesPath:          p.freezeSubmit,
		"POST /me" + freezesPath + "/end": p.unfreezeSubmit,
	}
}

const (
	freezesPath = "/license-freezes" // behind what base gives
	freezesPage = 20
)

func (p *Pages) freezeList(w http.ResponseWriter, r *http.Request) error {
	return p.showFreezes(w, r, nil)
}

func (p *Pages) showFreezes(w http.ResponseWriter, r *http.Request, problem error) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	ctx, locale := r.Context(), p.Renderer.Locale(r)
	first, _, err := p.Service.FreezesOf(ctx, "", 1) // that of all stands first
	if err != nil {
		return err
	}
	page, next, err := p.Service.Mine(ctx, after, freezesPage)
	if err != nil {
		return err
	}
	path, back := base(r)
	path += freezesPath
	body := web.LicenseFreezesPage{Back: back, Action: path, EndURL: path + "/end", NextURL: pagemark.Onward(r, path, next)}
	if len(first) == 1 && first[0].License == "" {
		body.AllAt = &first[0].At
	}
	for _, l := range page {
		_, frozen, err := p.Service.UseFrozen(ctx, l)
		if err != nil {
			return err
		}
		body.Licenses = append(body.Licenses, web.LicenseFreezeRow{ID: l.ID, Title: typeName(p.Service, l, locale), Number: l.LicenseID, Frozen: frozen})
	}
	if !p.Service.FreshForGrant(reqctx.From(ctx).Actor) && p.LoginURL != nil {
		body.LoginURL = p.LoginURL(path)
	}
	status, shown := http.StatusOK, web.Page{Body: body}
	if problem != nil {
		shown.Errors, status = p.Renderer.FieldErrors(r, problem, nil), fault.MetaOf(fault.CodeOf(problem)).Status
	}
	return p.Page(w, r, status, "license-freezes", shown)
}

func (p *Pages) freezeSubmit(w http.ResponseWriter, r *http.Request) error {
	return p.freezeAct(w, r, func(ctx context.Context, license string) error {
		_, err := p.Service.FreezeUse(ctx, license)
		return err
	})
}

func (p *Pages) unfreezeSubmit(w http.ResponseWriter, r *http.Request) error {
	return p.freezeAct(w, r, p.Service.UnfreezeUse)
}

// allLicenses stands in forms for all licences, so that a form that lost its input says nothing.
const allLicenses = "all"

// freezeAct takes a form about one licence or about all.
func (p *Pages) freezeAct(w http.ResponseWriter, r *http.Request, act func(ctx context.Context, license string) error) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	license := r.PostForm.Get("license")
	switch license {
	case "":
		return fault.New(fault.Malformed)
	case allLicenses:
		license = ""
	}
	switch err := act(r.Context(), license); {
	case fault.CodeOf(err) == fault.LoginNotFresh:
		return p.showFreezes(w, r, err)
	case err != nil:
		return err
	}
	path, _ := base(r)
	http.Redirect(w, r, path+freezesPath, http.StatusSeeOther)
	return nil
}
