package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
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
	return a.sealPayload(ctx, m, messagePlace)
}

// sealPayload seals what lies in the outbox, for a place in it.
func (a *App) sealPayload(ctx context.Context, content any, place string) ([]byte, error) {
	cipher, err := a.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return nil, err
	}
	plaintext, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	sealed, err := cipher.Seal(ctx, plaintext, []byte(place))
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealedMessage{cipher.KeyID(), sealed})
}

func (a *App) openPayload(ctx context.Context, payload []byte, content any, place string) error {
	var s sealedMessage
	if err := json.Unmarshal(payload, &s); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	cipher, err := a.ring.Cipher(ctx, keys.UsageFieldCipher, s.KeyID)
	if err != nil {
		return err
	}
	plaintext, err := cipher.Open(ctx, s.Sealed, []byte(place))
	if err != nil {
		return fmt.Errorf("open message: %w", err)
	}
	return json.Unmarshal(plaintext, content)
}

// deliverMessage is the outbox handler of messages to an address that somebody just typed.
func (a *App) deliverMessage(ctx context.Context, d outbox.Delivery) error {
	var m authn.Message
	if err := a.openPayload(ctx, d.Payload, &m, messagePlace); err != nil {
		return err
	}
	locale, err := a.localeOf(ctx, m)
	if err != nil {
		return err
	}
	return a.deliver(ctx, d, channel.Message{Kind: m.Kind, To: m.To, Template: m.Template, Locale: locale, Until: m.Until,
		Params: map[string]string{"code": m.Code, "minutes": strconv.Itoa(m.Minutes)}})
}

// localeOf is the language of the account that an address belongs to, else that of the page where it was typed. It is asked
// here and not where the code is made, where the time it takes would tell whether there is an account.
func (a *App) localeOf(ctx context.Context, m authn.Message) (string, error) {
	kind := subject.IdentifierKind(m.Kind)
	if m.Kind == channel.Voice { // a call to a mobile number
		kind = subject.Mobile
	}
	account, err := a.Accounts.ByIdentifier(ctx, subject.Identifier{Kind: kind, Value: m.To})
	if errors.Is(err, idp.ErrNotFound) || err == nil && account.Locale == "" {
		return m.Locale, nil
	}
	return account.Locale, err
}

// deliver sends a message by the channel of its kind. What no attempt can deliver is given up at once: a code that expired
// is of no use to anybody.
func (a *App) deliver(ctx context.Context, d outbox.Delivery, m channel.Message) error {
	_, err := a.send(ctx, d, m)
	return err
}

// send is deliver with the receipt.
func (a *App) send(ctx context.Context, d outbox.Delivery, m channel.Message) (channel.Receipt, error) {
	m.ID = d.ID
	receipt, err := a.channels.Send(ctx, m)
	if channel.Hopeless(err) {
		err = fmt.Errorf("%w: %w", outbox.ErrGiveUp, err)
	}
	return receipt, err
}

// postForm sends a back-channel logout token.
func (a *App) postForm(ctx context.Context, address string, form url.Values) (int, error) {
	answer, err := a.outbound.Do(ctx, http.MethodPost, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(strings.TrimSpace(form.Encode())))
	if err != nil {
		return 0, err
	}
	return answer.Status, nil
}
