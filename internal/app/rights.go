package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

const (
	resealBatch = 100
	resealPause = 24 * time.Hour // between passes over accounts of earlier releases
)

// rights performs deletions that are due, and brings fields of earlier releases under keys of their accounts.
func (a *App) rights(ctx context.Context) {
	if err := a.deletions.Step(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "a deletion was not performed", "error", err)
	}
	now := a.opts.Now()
	if now.Before(a.resealAt) {
		return
	}
	next, err := a.Accounts.Reseal(ctx, a.store, a.resealAfter, resealBatch)
	if err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "fields were not sealed anew", "error", err)
	}
	if a.resealAfter = next; next == "" {
		a.resealAt = now.Add(resealPause)
	}
}

// deliverDeletionNotice tells a person that the account will be deleted; the address is read when the notice is sent.
func (a *App) deliverDeletionNotice(ctx context.Context, d outbox.Delivery) error {
	var notice idp.DeletionNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	account, err := a.Accounts.Account(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	if notice.Guardian != "" {
		return a.tellOfChild(ctx, d, notice)
	}
	template := channel.TemplateDeletion
	if notice.Final {
		template = channel.TemplateDeletionFinal
	}
	return a.notify(ctx, d, account, template, map[string]string{"date": notice.DueAt.In(legalTime).Format("01-02 15:04")})
}

// tellOfChild tells a guardian what became of the wish to delete a child's account. Once that is done there is no name any more.
func (a *App) tellOfChild(ctx context.Context, d outbox.Delivery, notice idp.DeletionNotice) error {
	guardian, err := a.Accounts.Account(ctx, notice.Guardian)
	if err != nil {
		return err
	}
	whom, err := a.sideName(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	template := channel.TemplateChildDeletion
	switch {
	case notice.Done:
		template = channel.TemplateChildDeleted
	case notice.Stopped:
		template = channel.TemplateChildKept
	case notice.Final:
		template = channel.TemplateChildDeletionFinal
	}
	return a.notify(ctx, d, guardian, template, map[string]string{"whom": whom, "date": notice.DueAt.In(legalTime).Format("01-02 15:04")})
}

// maxBlockers bounds the mandates that stand in the way of a deletion one by one; the rest is one line that leads to all.
const maxBlockers = 20

// deletionBlockers are the mandates that a person must end before the account is deleted, since the other side relies on them: each with
// who is on the other side and where it ends.
func (a *App) deletionBlockers(ctx context.Context, accountID string) ([]idp.Blocker, error) {
	open, err := a.Mandates.Open(ctx, accountID)
	if err != nil {
		return nil, err
	}
	var all []idp.Blocker
	for _, m := range open {
		if len(all) == maxBlockers {
			return append(all, idp.Blocker{Kind: "mandate", URL: "/me/mandates"}), nil
		}
		b, other := idp.Blocker{Kind: "mandate", URL: "/me/mandates/" + m.ID}, m.Principal
		if m.Principal == accountID {
			other = m.Agent
		}
		if m.Principal == accountID && (m.Kind == mandate.Guardian || m.Kind == mandate.GuardianLimited) {
			b.Kind = idp.BlockerGuardian
		} else if mandate.IsOrganisation(m.Principal) && (m.Kind == mandate.LegalRepresentative || m.Kind == mandate.Administrator) {
			b.Kind, b.URL = "organization", "/me/organisations/"+m.Principal
		}
		if b.Name, err = a.sideName(ctx, other); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}
