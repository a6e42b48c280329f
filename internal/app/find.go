package app

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// supportCodes have the form of those that the edge gives out.
var supportCodes = regexp.MustCompile(`^[0-9A-Z]{8}$`)

// find looks in every room for what a member of staff typed. Each room decides what the member may see; what it refuses, and what is not there, is
// not found.
func (a *App) find(r *http.Request, text string) (all []staffhttp.Found, err error) {
	ctx := r.Context()
	unseen := func(err error) bool {
		code := fault.CodeOf(err)
		return code == fault.NotFound || code == fault.Forbidden
	}
	clients, err := a.admin.FindClients(ctx, text)
	if err != nil && !unseen(err) {
		return nil, err
	}
	for _, c := range clients {
		all = append(all, staffhttp.Found{What: "client", Name: c.Label, URL: c.URL})
	}
	seal, err := a.sealing.seals.FindByCode(ctx, text)
	if err == nil {
		seal, err = a.sealing.seals.Find(ctx, seal.ID)
	}
	switch {
	case err == nil:
		all = append(all, staffhttp.Found{What: "seal", Name: seal.Name + " " + seal.Code, URL: "/seal/" + seal.ID})
	case !unseen(err):
		return nil, err
	}
	license, err := a.sealing.licenses.FindByLicenseID(ctx, text)
	switch {
	case err == nil:
		all = append(all, staffhttp.Found{What: "license", Name: license.LicenseID, URL: "/license/" + license.ID})
	case !unseen(err):
		return nil, err
	}
	reported, err := a.sealing.forgeries.ByReceipt(ctx, text)
	switch {
	case err == nil:
		all = append(all, staffhttp.Found{What: "forgery", Name: reported.ID, URL: licensehttp.ForgeryURL(reported.ID)})
	case !unseen(err):
		return nil, err
	}
	if code := strings.ToUpper(text); supportCodes.MatchString(code) {
		refused, err := a.admin.FindRefused(ctx, code)
		if err != nil && !unseen(err) {
			return nil, err
		}
		for _, c := range refused {
			all = append(all, staffhttp.Found{What: "refused", Name: c.Label, URL: c.URL})
		}
	}
	return all, nil
}
