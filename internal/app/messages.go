package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/keys"
)

// sealedMessage is how a message lies in the outbox: neither number nor code is readable there.
type sealedMessage struct {
	KeyID  string `json:"key_id"`
	Sealed []byte `json:"sealed"`
}

const messagePlace = "outbox/message"

func (a *App) sealMessage(ctx context.Context, m authn.Message) ([]byte, error) {
	cipher, err := a.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return nil, err
	}
	plaintext, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	sealed, err := cipher.Seal(ctx, plaintext, []byte(messagePlace))
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealedMessage{cipher.KeyID(), sealed})
}

func (a *App) openMessage(ctx context.Context, payload []byte) (authn.Message, error) {
	var s sealedMessage
	var m authn.Message
	if err := json.Unmarshal(payload, &s); err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	cipher, err := a.ring.Cipher(ctx, keys.UsageFieldCipher, s.KeyID)
	if err != nil {
		return m, err
	}
	plaintext, err := cipher.Open(ctx, s.Sealed, []byte(messagePlace))
	if err != nil {
		return m, fmt.Errorf("open message: %w", err)
	}
	return m, json.Unmarshal(plaintext, &m)
}

// text is what the person reads: sender first, never a link (experience.md 4.1).
func (a *App) text(m authn.Message) string {
	if m.Locale == "en" {
		return fmt.Sprintf("[%s] Code %s, valid for %d minutes. Staff will never ask you for it.", a.cfg.Operator.Name, m.Code, m.Minutes)
	}
	return fmt.Sprintf("【%s】验证码 %s，%d分钟内有效。工作人员不会向您索要。", a.cfg.Operator.Name, m.Code, m.Minutes)
}

// deliverMessage is the outbox handler of messages: the HTTP template provider, or the simulated inbox of the sandbox.
func (a *App) deliverMessage(ctx context.Context, d outbox.Delivery) error {
	m, err := a.openMessage(ctx, d.Payload)
	if err != nil {
		return err
	}
	return a.send(ctx, d.ID, m, a.text(m), map[string]any{"code": m.Code, "minutes": m.Minutes})
}

// send gives a message to the provider, or to the simulated inbox of the sandbox.
func (a *App) send(ctx context.Context, id string, m authn.Message, text string, params map[string]any) error {
	if a.cfg.Messages.URL == "" {
		return a.store.PutInbox(ctx, id, authn.InboxMessage{To: m.To, Text: text, Code: m.Code, At: a.opts.Now().UTC()})
	}
	body, err := json.Marshal(map[string]any{"id": id, "to": m.To, "kind": m.Kind, "template": m.Template, "text": text, "params": params})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if a.cfg.Messages.TokenFile != "" {
		token, err := ReadSecret(a.cfg.Messages.TokenFile)
		if err != nil {
			return err
		}
		header.Set("Authorization", "Bearer "+token)
	}
	answer, err := a.outbound.Do(ctx, http.MethodPost, a.cfg.Messages.URL, header, body)
	if err != nil {
		return err
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("the message provider answered %d", answer.Status)
	}
	return nil
}

// inbox is the simulated inbox; there is none outside the sandbox.
func (a *App) inbox() idphttp.Inbox {
	if !a.cfg.Sandbox || a.cfg.Messages.URL != "" {
		return nil
	}
	return a.store
}

// postForm sends a back-channel logout token.
func (a *App) postForm(ctx context.Context, address string, form url.Values) (int, error) {
	answer, err := a.outbound.Do(ctx, http.MethodPost, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(strings.TrimSpace(form.Encode())))
	if err != nil {
		return 0, err
	}
	return answer.Status, nil
}
