package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// newCertificateWatch ends levels with the certificates behind them; certificates is nil without a trust list.
func (a *App) newCertificateWatch(certificates *authn.Certificates) *proofing.CertificateWatch {
	cfg := proofing.CertificateWatchConfig{Store: a.store, Policy: a.proofingPolicy, Now: a.opts.Now, Wake: a.wake}
	if certificates != nil {
		cfg.Revocations = certificates
	}
	return proofing.NewCertificateWatch(cfg)
}

// proofingPolicy is the policy of proofing in force.
func (a *App) proofingPolicy() []proofing.Level {
	return proofing.With(proofing.DefaultPolicy(), a.levels.All()...)
}

// watchCertificates looks at the certificates behind levels when it is time.
func (a *App) watchCertificates(ctx context.Context) {
	if a.revocationLists != nil && a.revocationLists.changed() {
		a.certificates.Soon()
	}
	ended, err := a.certificates.Due(reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:certificates"}}))
	if err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "certificates behind levels were not looked at", "error", err)
	}
	if ended > 0 {
		a.opts.Log.InfoContext(ctx, "certificates behind levels ended", "ended", ended)
	}
}

// CheckCertificates looks at them now; tests call it.
func (a *App) CheckCertificates(ctx context.Context) (ended int, err error) {
	return a.certificates.Pass(ctx)
}

// deliverCertificateEnded tells a person that the level ended with the certificate behind it; of an organisation its legal
// representative is told.
func (a *App) deliverCertificateEnded(ctx context.Context, d outbox.Delivery) error {
	var m proofing.CertificateEndedMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	whom := m.AccountID
	if mandate.IsOrganisation(whom) {
		o, err := a.Mandates.Organisation(ctx, whom)
		if fault.CodeOf(err) == fault.NotFound || err == nil && o.Representative == "" {
			return nil // nobody to tell
		}
		if err != nil {
			return err
		}
		whom = o.Representative
	}
	account, err := a.Accounts.Account(ctx, whom)
	if err != nil {
		return err
	}
	template := channel.TemplateCertificateRevoked
	if m.State == proofing.CertificateExpired {
		template = channel.TemplateCertificateExpired
	}
	return a.notify(ctx, d, account, template, nil)
}
