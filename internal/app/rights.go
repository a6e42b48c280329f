package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
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
	person, err := a.Accounts.Person(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	m := authn.Message{To: person.Mobile, Kind: "mobile", Template: "deletion"}
	if m.To == "" {
		m.To, m.Kind = person.Email, "email"
	}
	if m.To == "" {
		return nil // nobody to tell
	}
	due := notice.DueAt.In(time.FixedZone("UTC+8", 8*60*60)).Format("1月2日15:04")
	text := fmt.Sprintf("【%s】您已申请注销账号，%s前登录即可撤回。如非本人操作，请尽快登录撤回并修改密码。", a.cfg.Operator.Name, due)
	if notice.Final {
		m.Template = "deletion_final"
		text = fmt.Sprintf("【%s】您的账号将于%s注销，此前登录仍可撤回。", a.cfg.Operator.Name, due)
	}
	return a.send(ctx, d.ID, m, text, map[string]any{"due_at": notice.DueAt})
}

// deliverErased is where other rooms hear that an account was erased. Licences stay with the authority that issued them; they
// name the holder by the identifier of an account behind which nobody stands any more.
func (a *App) deliverErased(context.Context, outbox.Delivery) error { return nil }
