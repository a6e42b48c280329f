package app

import (
	"context"
	"errors"
	"net/http"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/federation/oidc"
	"github.com/yinxin-gov/yinxin/idp/federation/ticketbridge"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/keys"
)

// bridges are the partners that are no OAuth clients, and their services.
type bridges struct {
	casServices *cas.Services
	cas         *cas.Server
	tickets     *ticket.Bridges
	ticket      *ticket.Server
	sources     *federation.Sources
	federation  *federation.Service
	providers   map[string]federation.Provider
	staff       *federation.Service // sources of staff
	fetch       func(ctx context.Context, address string) (int, error)
}

func openBridges(ctx context.Context, a *App) (*bridges, error) {
	o := a.opts
	b := &bridges{casServices: registry.New[cas.Service](cas.Kind, a.store, a.ring, o.Now)}
	b.fetch = func(ctx context.Context, address string) (int, error) {
		answer, err := a.outbound.Do(ctx, http.MethodGet, address, nil, nil)
		if err != nil {
			return 0, err
		}
		return answer.Status, nil
	}
	b.tickets = registry.New[ticket.Bridge](ticket.Kind, a.store, a.ring, o.Now)
	b.ticket = ticket.New(ticket.Config{Store: a.store, Bridges: b.tickets, Ring: a.ring, Now: o.Now, Rand: o.Rand})
	b.cas = cas.New(cas.Config{Store: a.store, Services: b.casServices, Ring: a.ring, Now: o.Now, Rand: o.Rand, Wake: a.wake})
	b.sources = registry.New[federation.Source](federation.Kind, a.store, a.ring, o.Now)
	b.providers = map[string]federation.Provider{federation.ProtocolOIDC: oidc.New(a.outbound, o.Now),
		federation.ProtocolTicket: ticketbridge.New(ticketbridge.Config{Fetch: a.outbound, Sign: a.signForSource, Now: o.Now, Rand: o.Rand})}
	b.federation = b.federationOf(a, nil)
	return b, b.refresh(ctx)
}

// federationOf is the service of sources of a realm, nil for people.
func (b *bridges) federationOf(a *App, realm *federation.Staff) *federation.Service {
	return federation.New(federation.Config{Issuer: a.cfg.Issuer, Store: a.store, Sources: b.sources, Accounts: a.Accounts, Ring: a.ring, Now: a.opts.Now, Rand: a.opts.Rand, Wake: a.wake, Providers: b.providers, Staff: realm})
}

// signForSource signs a request to an upper platform with the SM2 key of our tokens, which stands at gm_jwks_uri. What it
// signs begins with the name of a parameter and holds an equals sign before any dot, as no token does.
func (a *App) signForSource(ctx context.Context, text []byte) ([]byte, error) {
	signer, err := a.ring.Signer(ctx, keys.Spec{Usage: keys.UsageToken, Algorithm: keys.SM2})
	if err != nil {
		return nil, err
	}
	return signer.SignMessage(ctx, text)
}

// byTwo says whether two people decide on the partners.
func (b *bridges) byTwo(two registry.Two) {
	b.casServices.ByTwo(two)
	b.tickets.ByTwo(two)
	b.sources.ByTwo(two)
}

// refresh sees what other nodes changed.
func (b *bridges) refresh(ctx context.Context) error {
	return errors.Join(b.casServices.Refresh(ctx), b.tickets.Refresh(ctx), b.sources.Refresh(ctx))
}

// clients are the portals as the pages see them.
func (b *bridges) clients() (all []idp.Client) {
	for _, service := range b.casServices.All() {
		all = append(all, service.Client(cas.Kind))
	}
	for _, one := range b.tickets.All() {
		all = append(all, one.Client(ticket.Kind))
	}
	return all
}

// services are what the endpoints call.
func (b *bridges) services() idphttp.Bridges {
	return idphttp.Bridges{CAS: b.cas, Ticket: b.ticket, Federation: b.federation, StaffFederation: b.staff, Fetch: b.fetch}
}

// logoutMessages go to the portals behind bridges when a session ends.
func (b *bridges) logoutMessages(ctx context.Context, sid string) ([]audit.Message, error) {
	all, err := b.cas.LogoutMessages(ctx, sid)
	if err != nil {
		return nil, err
	}
	tickets, err := b.ticket.LogoutMessages(ctx, sid)
	return append(all, tickets...), err
}

func (b *bridges) handlers(a *App, all map[string]outbox.Handler) {
	all[cas.TopicLogout] = func(ctx context.Context, d outbox.Delivery) error {
		return a.identity.DeliverCASLogout(a.postForm)(ctx, d.Payload)
	}
	all[federation.TopicLogout] = func(ctx context.Context, d outbox.Delivery) error {
		return a.endUpstreamSessions(ctx, d.Payload)
	}
	all[ticket.TopicLogout] = func(ctx context.Context, d outbox.Delivery) error {
		return a.identity.DeliverTicketLogout(a.postForm)(ctx, d.Payload)
	}
}

// endUpstreamSessions ends the sessions that a source asked to end, and with each of them its relying parties are told. A session is
// ended by the service of its realm.
func (a *App) endUpstreamSessions(ctx context.Context, payload []byte) error {
	refs, err := a.bridges.federation.SessionsToEnd(ctx, payload)
	for _, ref := range refs {
		sessions := a.identity.Sessions
		if a.staffSessions.Holds(ref.AccountID) {
			sessions = a.staffSessions
		}
		_, failed := sessions.End(ctx, ref.SID, ref.AccountID)
		err = errors.Join(err, failed)
	}
	return err
}

// apply registers the partners of a manifest.
func (b *bridges) apply(ctx context.Context, m Manifest) error {
	if err := b.casServices.Apply(ctx, m.CASServices); err != nil {
		return err
	}
	if err := b.tickets.Apply(ctx, m.TicketBridges); err != nil {
		return err
	}
	return b.sources.Apply(ctx, m.Upstreams)
}
