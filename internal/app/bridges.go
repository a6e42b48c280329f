package app

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// bridges are the partners that are no OAuth clients, and their services.
type bridges struct {
	casServices *cas.Services
	cas         *cas.Server
}

func openBridges(ctx context.Context, a *App) (*bridges, error) {
	o := a.opts
	b := &bridges{casServices: registry.New[cas.Service](cas.Kind, a.store, a.ring, o.Now)}
	b.cas = cas.New(cas.Config{Store: a.store, Services: b.casServices, Ring: a.ring, Now: o.Now, Rand: o.Rand, Wake: a.wake})
	return b, b.refresh(ctx)
}

// refresh sees what other nodes changed.
func (b *bridges) refresh(ctx context.Context) error {
	return b.casServices.Refresh(ctx)
}

// services are what the endpoints call.
func (b *bridges) services() idphttp.Bridges { return idphttp.Bridges{CAS: b.cas} }

// logoutMessages go to the portals behind bridges when a session ends.
func (b *bridges) logoutMessages(ctx context.Context, sid string) ([]audit.Message, error) {
	return b.cas.LogoutMessages(ctx, sid)
}

func (b *bridges) handlers(a *App, all map[string]outbox.Handler) {
	all[cas.TopicLogout] = func(ctx context.Context, d outbox.Delivery) error {
		return a.identity.DeliverCASLogout(a.postForm)(ctx, d.Payload)
	}
}

// apply registers the partners of a manifest.
func (b *bridges) apply(ctx context.Context, m Manifest) error {
	return b.casServices.Apply(ctx, m.CASServices)
}
