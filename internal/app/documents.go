package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// legalTime is that of China.
var legalTime = time.FixedZone("Asia/Shanghai", 8*3600)

// openDocuments reads what was applied about kinds of identity documents.
func (a *App) openDocuments(ctx context.Context) error {
	a.kinds = registry.New[idp.DocumentOverride](idp.DocumentKindsKind, a.store, a.ring, a.opts.Now)
	return a.kinds.Refresh(ctx)
}

// documents is the built-in table with what was applied.
func (a *App) documents() subject.Documents {
	table := subject.DefaultDocuments()
	if a.kinds == nil {
		return table
	}
	for _, applied := range a.kinds.All() {
		if next, err := table.With(applied.DocumentOverride); err == nil { // it was checked when it was applied
			table = next
		}
	}
	return table
}

// documentCode is what the gateway of the authority calls a kind.
func (a *App) documentCode(kind string) string {
	row, _ := a.documents().Find(kind)
	return row.Codes[a.cfg.Authority.Codes]
}

// deliverExpiryNotice tells a person that the document behind the level ends soon. Name and number of the document are not
// in the message.
func (a *App) deliverExpiryNotice(ctx context.Context, d outbox.Delivery) error {
	notice, matters, err := a.Accounts.Expiring(ctx, d.Payload)
	if err != nil || !matters {
		return err
	}
	person, err := a.Accounts.Person(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	kind, _ := a.documents().Find(person.IDType)
	last := notice.Ends.Add(-1).In(legalTime)
	text := fmt.Sprintf("【%s】您的“%s”将于 %s 到期，之后实名等级会降低。请换领后重新认证。", a.cfg.Operator.Name, kind.Name("zh-CN"), last.Format("2006年1月2日"))
	return a.tell(ctx, d.ID, person, "document-expiry", text, map[string]any{"document": kind.Kind, "date": last.Format("2006-01-02")})
}

// tell sends a text to the first address of a person, the mobile number before the mail address; nobody is told who has none.
func (a *App) tell(ctx context.Context, id string, person idp.Person, template, text string, params map[string]any) error {
	m := authn.Message{To: person.Mobile, Kind: "mobile", Template: template}
	if m.To == "" {
		m.To, m.Kind = person.Email, "email"
	}
	if m.To == "" || person.State == idp.AccountClosed {
		return nil
	}
	return a.send(ctx, id, m, text, params)
}

// mergers makes one account of two.
func (a *App) mergers() *idp.Mergers {
	return idp.NewMergers(idp.MergersConfig{Accounts: a.Accounts, Store: a.store, Clients: a.Clients, Ring: a.ring, Now: a.opts.Now, Wake: a.wake})
}

// deliverMergeNotice tells a person that an account became part of this one. Licences and seals follow the legal identity,
// which the account that goes on holds, so no other room has to move anything.
func (a *App) deliverMergeNotice(ctx context.Context, d outbox.Delivery) error {
	var merged idp.MergedMessage
	if err := json.Unmarshal(d.Payload, &merged); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	person, err := a.Accounts.Person(ctx, merged.Survivor)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【%s】您的另一个账号已并入本账号。如非本人操作，请立即拨打 %s。", a.cfg.Operator.Name, a.cfg.Operator.Hotline)
	return a.tell(ctx, d.ID, person, "account-merged", text, map[string]any{})
}
