package licensehttp

import (
	"context"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
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
}

// actingPages are the pages of holders for whom somebody acts.
func (p *Pages) actingPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{"GET /me/acting/{mandate}/licenses/{id}/present": p.presentFor}
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
		if !all && !one && list.Base != "" && l.Status == catalog.StatusValid {
			c.PresentURL = list.Base + l.ID + "/present"
		}
		cards = append(cards, c)
	}
	return cards, next, nil
}
