package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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

// noticeTexts are what people are told of their accounts. {name} is the name of a way to sign in.
var noticeTexts = map[string]string{
	authn.NoticeAdded:        "您的账号新添加了登录方式“{name}”。如非本人操作，请立即登录并在“登录方式”中移除。",
	authn.NoticeRemoved:      "您账号的登录方式“{name}”已移除。如非本人操作，请立即登录核对。",
	authn.NoticeFlagged:      "您的登录方式“{name}”可能被复制，已停用。请登录后移除，并重新添加。",
	authn.NoticeRecoveryUsed: "有人用备用码登录了您的账号。如非本人操作，请立即登录并重新生成备用码。",
	authn.NoticeDevice:       "您的账号在新设备“{name}”上登录。如非本人操作，请打开本站“不是我”页面，输入 {code}，7天内有效。工作人员不会向您索要。",
	authn.NoticeRecovered:    "您的账号已通过找回重设密码，其他登录已全部退出。如非本人操作，请立即再次找回并核对登录方式。",
	authn.NoticeNotMe:        "您已报告不是本人的登录，该设备已退出。请登录后核对登录方式，并更改密码。",
	authn.NoticeRecoveryNew:  "您账号的备用码已重新生成，旧的全部作废。如非本人操作，请立即登录核对。",
}

// deliverNotice tells a person over one channel what happened to the account; who has no such contact is told over the
// other.
func (a *App) deliverNotice(ctx context.Context, d outbox.Delivery) error {
	var notice authn.Notice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	text, ok := noticeTexts[notice.What]
	if !ok {
		return fmt.Errorf("notice %q has no text", notice.What)
	}
	person, err := a.Accounts.Person(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	m := authn.Message{To: person.Mobile, Kind: "mobile", Template: notice.What}
	if notice.Channel == "email" {
		m.To, m.Kind = person.Email, "email"
	}
	if m.To == "" || person.State == idp.AccountClosed {
		return nil // nobody to tell
	}
	if notice.Code != nil {
		if m.Code, err = a.identity.Steps.Open(ctx, *notice.Code); err != nil {
			return fmt.Errorf("open code of notice: %w", err)
		}
	}
	text = "【" + a.cfg.Operator.Name + "】" + strings.NewReplacer("{name}", notice.Name, "{code}", m.Code).Replace(text)
	return a.send(ctx, d.ID, m, text, map[string]any{"name": notice.Name, "code": m.Code})
}
