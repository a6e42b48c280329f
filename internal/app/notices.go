package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// deliverReplayNotice tells a person that a code or token of theirs was used twice and that the application was signed
// out for it (O-35). The address is read when the notice is sent, so that none lies in the outbox.
func (a *App) deliverReplayNotice(ctx context.Context, d outbox.Delivery) error {
	var notice oauth.ReplayNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	person, err := a.Accounts.Person(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	m := authn.Message{To: person.Mobile, Kind: "mobile", Template: "replay"}
	if m.To == "" {
		m.To, m.Kind = person.Email, "email"
	}
	if m.To == "" || person.State == idp.AccountClosed {
		return nil // nobody to tell
	}
	name := notice.ClientID
	if client, ok := a.Clients.Find(notice.ClientID); ok {
		name = client.ClientName
	}
	text := fmt.Sprintf("【%s】您在“%s”的登录凭据被重复使用，为保护您的账号已将其退出。如非本人操作，请修改密码并查看登录记录。", a.cfg.Operator.Name, name)
	return a.send(ctx, d.ID, m, text, map[string]any{"app": name})
}
