package app

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/keys"
)

func (a *App) openOutbox() {
	handlers := map[string]outbox.Handler{
		authn.TopicMessage:           a.deliverMessage,
		authn.TopicNotice:            a.deliverNotice,
		oauth.TopicReplay:            a.deliverReplayNotice,
		reconcile.TopicNotice:        a.deliverReconcileNotice,
		idp.TopicExpiry:              a.deliverExpiryNotice,
		idp.TopicMerged:              a.deliverMergeNotice,
		idp.TopicRekeyed:             a.deliverIdentityNotice(channel.TemplateIdentityChanged),
		idp.TopicOrganizationRekeyed: a.deliverOfficeCorrected,
		idp.TopicDocuments:           a.deliverIdentityNotice(channel.TemplateDocuments),
		idp.TopicLevelsEnded:         a.deliverIdentityNotice(channel.TemplateDocumentEnded),
		idp.TopicMobileReassigned:    a.deliverIdentityNotice(channel.TemplateMobileReassigned),
		idp.TopicRevived:             a.deliverIdentityNotice(channel.TemplateAccountRevived),
		idp.TopicDeceased:            a.endOfLife,
		idp.TopicClosed:              a.endClosed,
		idp.TopicOrganization:        a.endOrganisation,
		idp.TopicDeletion:            a.deliverDeletionNotice,
		idp.TopicErased:              a.deliverErased,
		idp.TopicExport:              func(ctx context.Context, d outbox.Delivery) error { return a.exports.Make(ctx, d.Payload) },
		idp.TopicExportReady:         a.deliverExportNotice,
		idp.TopicDisputeAnswered:     a.deliverIdentityNotice(channel.TemplateDisputeAnswered),
		idp.TopicDisputeMoved:        a.deliverIdentityNotice(channel.TemplateDisputeMoved),
		mandate.TopicNotice:          a.deliverMandateNotice,
		mandate.TopicPhoneCode:       a.deliverElderCode,
		mandate.TopicPhoneAsk:        a.deliverElderQuestion,
		mandate.TopicRestored:        a.deliverIdentityNotice(channel.TemplateOrganisationRestored),
		proofing.TopicReviewed:       a.deliverReviewNotice,
		proofing.TopicShared:         sharedUses{a}.tell,
		channel.TopicFallback:        a.deliverFallback,

		proofing.TopicCertificateEnded: a.deliverCertificateEnded,
		proofing.TopicSampleFailed:     a.deliverSampleFailed,

		proofing.TopicCertificateUnwatched: a.deliverCertificateUnwatched,

		proofing.TopicRetry: func(ctx context.Context, d outbox.Delivery) error { return a.identity.Proofing.Retry(ctx, d.Payload) },
		session.TopicLogout: func(ctx context.Context, d outbox.Delivery) error {
			return a.identity.DeliverLogout(a.postForm)(ctx, d.Payload)
		},
	}
	a.bridges.handlers(a, handlers)
	a.sealing.handlers(handlers)
	a.worker = outbox.New(outbox.Config{Queue: outboxdb.New(a.db), Handlers: handlers, Now: a.opts.Now, Log: a.opts.Log})
}

// beside runs a duty again and again until ctx ends, beside the others, because it takes long or waits for somebody outside.
func (a *App) beside(ctx context.Context, pause time.Duration, name string, duty func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := duty(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "regular duty failed", "duty", name, "error", err)
		}
	}
}

// background keeps snapshots fresh until ctx ends: a change by another node is seen within five seconds.
func (a *App) background(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.Clients.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of clients failed", "error", err)
		}
		if err := a.refusals.Flush(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refused requests were not written", "error", err)
		}
		if err := a.ledger.Flush(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "repeated releases were not written", "error", err)
		}
		if err := a.Details.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of authorization details types failed", "error", err)
		}
		if err := a.vocabulary.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of scopes and claims failed", "error", err)
		}
		if err := a.demands.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of demands failed", "error", err)
		}
		if err := a.levels.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of the policy of proofing failed", "error", err)
		}
		if err := a.kinds.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of kinds of documents failed", "error", err)
		}
		if err := a.bridges.refresh(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "refresh of partners failed", "error", err)
		}
		if n%2 == 0 {
			a.ring.Refresh()
		}
		if n%turnTicks == 0 {
			a.turnKeys(ctx)
			a.expireMandates(ctx)
			a.askElders(ctx)
			a.overdueDisputes(ctx)
		}
		if n%purgeTicks == purgeTicks-1 {
			a.purge(ctx)
		}
		a.watchCertificates(ctx)
		a.rights(ctx)
		a.sealing.tick(ctx)
	}
}

// turnTicks is the number of ticks of two seconds between looks at the ages of keys: a minute.
const turnTicks = 30

// turnKeys lets the token keys take turns.
func (a *App) turnKeys(ctx context.Context) {
	turns, err := a.ring.Turn(ctx, keys.UsageToken, keys.TokenRotation, a.opts.Now())
	for _, turn := range turns {
		a.opts.Log.InfoContext(ctx, "key took its turn", "key", turn.Key.ID, "algorithm", turn.Key.Spec.Algorithm, "state", turn.Move)
	}
	if err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "turn of keys failed", "error", err)
	}
}

// purgeTicks is the number of ticks of two seconds between purges: an hour.
const purgeTicks = 1800

// purge deletes rows that decide nothing any more, and documents that nothing needs.
func (a *App) purge(ctx context.Context) {
	documents := func(ctx context.Context, _ time.Time) (int64, error) {
		n, err := a.sealing.seals.RemoveUseDocuments(ctx)
		return int64(n), err
	}
	forgeries := func(ctx context.Context, _ time.Time) (int64, error) {
		n, err := a.SweepForgeries(ctx)
		return int64(n), err
	}
	for name, run := range map[string]func(context.Context, time.Time) (int64, error){"identity": a.store.Purge, "outbox": outboxdb.New(a.db).Purge, "documents of seal uses": documents, "reports of forgeries": forgeries} {
		deleted, err := run(ctx, a.opts.Now())
		if err != nil && ctx.Err() == nil {
			a.opts.Log.WarnContext(ctx, "purge failed", "rows", name, "error", err)
		} else if deleted > 0 {
			a.opts.Log.InfoContext(ctx, "purged", "rows", name, "deleted", deleted)
		}
	}
}
