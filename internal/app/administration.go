package app

import (
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/adminhttp"
	"github.com/yinxin-gov/yinxin/idp/federation/oidc"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/web"
)

// administration joins what administrators work with.
func (a *App) administration() *adminhttp.Server {
	sources := oidc.New(a.outbound, a.opts.Now)
	return adminhttp.New(adminhttp.Config{Site: a.site(), Ring: a.ring, Accounts: a.Accounts, Sessions: a.identity.Sessions, Tokens: a.identity.Tokens,
		Grants: oauth.NewAdmin(a.identity.Engine, a.store), Notes: a.store, Certificates: a.certificates, Proofing: a.identity.Proofing, Corrections: a.identity.Corrections, Engine: a.fourEyes, Staff: a.Staff, Members: a.Members, Mergers: a.identity.Mergers, Words: a.vocabulary, Imports: imports{a}, Clients: idp.NewClientAdmin(a.Clients, a.opts.Rand), Registrations: a.Registration, Refusals: a.refusals, Disputes: a.disputes, Deletions: a.deletions, Peers: adminhttp.Peers{Upstreams: a.bridges.sources, CAS: a.bridges.casServices, Tickets: a.bridges.tickets, Checks: a.store, CheckUpstream: sources.Check},
		Receipt: outboxdb.New(a.db).Receipt, PartyName: a.identity.PartyName, Now: a.opts.Now})
}

// site is what the pages of every room have in common. Whether a page is a console, where staff work, tells its path.
func (a *App) site() web.Site {
	return web.Site{Renderer: a.pages, Identity: func(r *http.Request) web.Identity {
		if staffhttp.Console(r.URL.Path) {
			return a.staffPages.Identity(r)
		}
		return a.identity.Identity(r)
	}, LoginURL: func(next string) string {
		if page, _, _ := strings.Cut(next, "?"); staffhttp.Console(page) {
			return staffhttp.LoginURL(next)
		}
		return idphttp.LoginURL(next)
	}}
}
