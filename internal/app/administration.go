package app

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/adminhttp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation/oidc"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/web"
)

// administration joins what administrators work with.
func (a *App) administration() *adminhttp.Server {
	sources := oidc.New(a.outbound, a.opts.Now)
	return adminhttp.New(adminhttp.Config{Site: a.site(), Ring: a.ring, Accounts: a.Accounts, AccountAdmin: a.accountAdmin(), Sessions: a.identity.Sessions, Tokens: a.identity.Tokens,
		Grants: oauth.NewAdmin(a.identity.Engine, a.store), Notes: a.store, Certificates: a.certificates, Proofing: a.identity.Proofing, Corrections: a.identity.Corrections,
		Engine: a.fourEyes, Staff: a.Staff, Members: a.Members, StaffSources: a.bridges.staff, Mergers: a.identity.Mergers, Messages: a.store.MessageFigures, Words: a.vocabulary, Imports: imports{a}, Clients: a.clientAdmin,
		Registrations: a.Registration, Refusals: a.refusals, Disputes: a.disputes, Organisations: a.inquiry, Deletions: a.deletions,
		Peers:   adminhttp.Peers{Upstreams: a.bridges.sources, CAS: a.bridges.casServices, Tickets: a.bridges.tickets, Checks: a.store, ByTwo: a.cfg.peersByTwo(), WordsTwo: a.cfg.wordsByTwo(), CheckUpstream: sources.Check},
		Receipt: outboxdb.New(a.db).Receipt, PartyName: a.identity.PartyName, Now: a.opts.Now})
}

// accountAdmin lists, suspends and resumes accounts; the person is told as of any other change of the account.
func (a *App) accountAdmin() *idp.AccountAdmin {
	return idp.NewAccountAdmin(idp.AccountAdminConfig{Store: a.store, Accounts: a.Accounts, Now: a.opts.Now, Notices: func(key, accountID, what string) ([]audit.Message, error) {
		return authn.Notices(key, authn.Notice{AccountID: accountID, What: what})
	}})
}

// site is what the pages of every room have in common. Whether a page is a console, where staff work, tells its path.
func (a *App) site() web.Site {
	return web.Site{Renderer: a.pages, Identity: a.actingIdentity, LoginURL: func(next string) string {
		if page, _, _ := strings.Cut(next, "?"); staffhttp.Console(page) {
			return staffhttp.LoginURL(next)
		}
		return idphttp.LoginURL(next)
	}, Keep: func(w http.ResponseWriter, r *http.Request, page string) (string, error) {
		if staffhttp.Console(r.URL.Path) {
			return a.staffPages.Keep(w, r, page)
		}
		return "", nil // the pages of citizens keep theirs on the way to their login
	}, Exported: a.noteListExport}
}

// noteListExport puts on record that somebody took a list along as a file. What was looked for stays out: it may be about a person.
func (a *App) noteListExport(ctx context.Context, list string, rows int) error {
	err := a.store.Note(ctx, audit.With(idp.Event(ctx, a.opts.Now(), "list.exported", "list", list, map[string]string{"rows": strconv.Itoa(rows)})))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// actingIdentity is who acts by the session of the page's realm, for the head of every page, those of errors too.
func (a *App) actingIdentity(r *http.Request) web.Identity {
	if staffhttp.Console(r.URL.Path) {
		return a.staffPages.Identity(r)
	}
	return a.identity.Identity(r)
}
