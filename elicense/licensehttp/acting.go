package licensehttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// Acting judges pages on which somebody acts for another; the identity room implements it.
type Acting interface {
	// Act judges that who is signed in may do an operation for the principal of the mandate in the address ({mandate}), as it is at this
	// moment; the request that comes back acts for that one.
	Act(r *http.Request, operation string) (*http.Request, error)
	// UseLicense refuses a kind of licence that the mandate does not open, and puts on record that one is shown, before it is; again
	// is the next step of a showing that is on record.
	UseLicense(r *http.Request, licenseID, typeCode string, again bool) error
	// Under judges the mandate in the address for the pages on which licences are lent, frozen and accounted for, and tells how far it goes. Looking
	// at a page is on record before it is shown; a change is judged again, and put on record, in its own write.
	Under(r *http.Request) (*http.Request, web.ActingExtent, error)
	// Agent names an actor who acts for the principal of the mandate that Under judged, or did, and tells whether it does now.
	Agent(r *http.Request, actor string) (name string, acts bool, err error)
}

// actingPages are the pages of holders for whom somebody acts.
func (p *Pages) actingPages() map[string]func(http.ResponseWriter, *http.Request) error {
	const here = "/me/acting/{mandate}"
	pages := map[string]func(http.ResponseWriter, *http.Request) error{"GET " + here + "/licenses/{id}/present": p.presentFor}
	for pattern, page := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /license-grants":                  p.grantList,
		"POST /license-grants/{id}/revocation": p.grantRevoke,
		"POST /license-grants/end":             p.grantEndAll,
		"GET /licenses/{id}/grant":             p.grantForm,
		"POST /licenses/{id}/grant":            p.grantSubmit,
		"GET /license-freezes":                 p.freezeList,
		"POST /license-freezes":                p.freezeSubmit,
		"POST /license-freezes/end":            p.unfreezeSubmit,
		"GET /license-uses":                    p.useList,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		pages[method+" "+here+path] = p.under(page)
	}
	return pages
}

type extentKey struct{}

// under makes a page of a holder one of somebody who acts for a holder.
func (p *Pages) under(page func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		r, e, err := p.Acting.Under(r)
		if err != nil {
			return err
		}
		ctx := elicense.WithBehalf(r.Context(), elicense.Behalf{Mandate: e.Mandate, Principal: e.Principal, Agent: e.Agent, Manages: e.Manages, Lends: e.Lends})
		return page(w, r.WithContext(context.WithValue(ctx, extentKey{}, e)))
	}
}

// base is where the pages of a wallet stand, and the way back to where they are led to from; nil for oneself.
func base(r *http.Request) (path string, back *web.Link) {
	e, acts := r.Context().Value(extentKey{}).(web.ActingExtent)
	if !acts {
		return "/me", nil
	}
	path = "/me/acting/" + url.PathEscape(e.Mandate)
	return path, &web.Link{Label: e.Name, URL: path}
}

// grantEndAll ends what somebody gave who may have left.
func (p *Pages) grantEndAll(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	if _, err := p.Service.RevokeGrantsOf(r.Context(), r.PostForm.Get("giver")); err != nil {
		return err
	}
	path, _ := base(r)
	http.Redirect(w, r, path+grantsPath, http.StatusSeeOther)
	return nil
}

// useList is the ledger of an organisation.
func (p *Pages) useList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.UsesFor(r.Context(), after, grantsPage)
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	path, back := base(r)
	body := web.LicenseUsesPage{Back: back, NextURL: pagemark.Onward(r, path+"/license-uses", next)}
	for _, u := range page {
		row := web.LicenseUseRow{License: u.TypeCode, Number: u.LicenseID, Kind: string(u.Kind), At: u.Last, Count: u.Count}
		if receiver, ok := strings.CutPrefix(u.Receiver, "urn:yinxin:receiver:"); ok {
			row.Receiver = p.Renderer.Text(r, "records.receiver."+receiver)
		} else {
			row.Receiver = p.Service.GranteeName(r.Context(), u.Receiver)
		}
		if t, ok := p.Service.Types().Find(u.TypeCode); ok {
			row.License = t.Name.In(locale)
			for _, key := range u.Fields {
				row.Fields = append(row.Fields, t.Label(key, locale))
			}
		}
		if u.Agent != "" {
			if row.Agent, _, err = p.Acting.Agent(r, u.Agent); err != nil {
				return err
			}
		}
		body.Uses = append(body.Uses, row)
	}
	return p.Page(w, r, http.StatusOK, "license-uses", web.Page{Body: body})
}

// presentFor is present by somebody who acts for the holder. The mandate is judged for every step of the code.
func (p *Pages) presentFor(w http.ResponseWriter, r *http.Request) error {
	r, err := p.Acting.Act(r, "present-license")
	if err != nil {
		return err
	}
	d, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.Acting.UseLicense(r, d.ID, d.TypeCode, r.URL.Query().Get("p") != ""); err != nil {
		return err
	}
	return p.present(w, r)
}

// stopURL is where the end of a showing leads: to whom somebody acts for; empty for oneself.
func (p *Pages) stopURL(r *http.Request) string {
	if m := r.PathValue("mandate"); m != "" {
		return "/me/acting/" + url.PathEscape(m)
	}
	return ""
}

// CardsFor are a page of the licences of whom the actor acts for, of the kinds that the mandate opens: title, state and validity, and
// neither holder nor number.
func CardsFor(ctx context.Context, service *elicense.Service, list web.ActingLicenses) (cards []web.LicenseCard, next string, err error) {
	page, next, err := service.Mine(ctx, list.After, 50)
	if err != nil {
		return nil, "", err
	}
	locale := reqctx.From(ctx).Locale
	for _, l := range page {
		if !list.Covers(l.TypeCode) {
			continue
		}
		d, err := service.Find(ctx, l.ID)
		if err != nil {
			return nil, "", err
		}
		c := card(service, d.License, d.Values, locale)
		all, one, err := service.UseFrozen(ctx, l)
		if err != nil {
			return nil, "", err
		}
		c.Holder, c.Number = "", ""
		if c.Frozen = all || one; !c.Frozen && l.Status == catalog.StatusValid {
			if list.Show {
				c.PresentURL = list.Base + l.ID + "/present"
			}
			if list.Lends(l.TypeCode) {
				c.GrantURL = list.Base + l.ID + "/grant"
			}
		}
		cards = append(cards, c)
	}
	return cards, next, nil
}
