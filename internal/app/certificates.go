package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
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
	account, found, err := a.toldFor(ctx, m.AccountID)
	if err != nil || !found {
		return err
	}
	template := channel.TemplateCertificateRevoked
	switch m.State {
	case proofing.CertificateExpired:
		template = channel.TemplateCertificateExpired
	case proofing.CertificateUnwatched:
		template = channel.TemplateCertificateUnwatchedEnd
	}
	return a.notify(ctx, d, account, template, nil)
}

// deliverCertificateUnwatched tells when a level ends of whose certificate an earlier release kept nothing.
func (a *App) deliverCertificateUnwatched(ctx context.Context, d outbox.Delivery) error {
	var m proofing.CertificateUnwatchedMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, found, err := a.toldFor(ctx, m.AccountID)
	if err != nil || !found {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateCertificateUnwatched, map[string]string{"date": m.Ends.In(legalTime).Format(time.DateOnly)})
}

// toldFor is who is told of what became of an account: a person oneself, for an organisation its legal representative; found is false where
// there is nobody.
func (a *App) toldFor(ctx context.Context, accountID string) (account idp.Account, found bool, err error) {
	if mandate.IsOrganisation(accountID) {
		o, err := a.Mandates.Organisation(ctx, accountID)
		if fault.CodeOf(err) == fault.NotFound || err == nil && o.Representative == "" {
			return account, false, nil
		}
		if err != nil {
			return account, false, err
		}
		accountID = o.Representative
	}
	account, err = a.Accounts.Account(ctx, accountID)
	return account, err == nil, err
}

// deliverSampleFailed tells that a second look took a level back; for an organisation its legal representative is told which.
func (a *App) deliverSampleFailed(ctx context.Context, d outbox.Delivery) error {
	var m idp.AccountMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	account, found, err := a.toldFor(ctx, m.AccountID)
	if err != nil || !found {
		return err
	}
	if !mandate.IsOrganisation(m.AccountID) {
		return a.notify(ctx, d, account, channel.TemplateSampleFailed, nil)
	}
	office, err := a.Accounts.Person(ctx, m.AccountID)
	if err != nil {
		return err
	}
	return a.notify(ctx, d, account, channel.TemplateOfficeSampleFailed, map[string]string{"name": office.Name})
}
