package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/netregion"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// deliverReplayNotice tells a person that a code or token of theirs was used twice and that the application was signed
// out for it (O-35). The address is read when the notice is sent, so that none lies in the outbox.
func (a *App) deliverReplayNotice(ctx context.Context, d outbox.Delivery) error {
	var notice oauth.ReplayNotice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	account, err := a.Accounts.Account(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	name := notice.ClientID
	if client, ok := a.Clients.Find(notice.ClientID); ok {
		name = client.ClientName
	}
	return a.notify(ctx, d, account, channel.TemplateReplay, map[string]string{"app": name})
}

// notify sends a notice to a person in the language of the account, by SMS if there is a mobile number that messages reach,
// else by mail.
func (a *App) notify(ctx context.Context, d outbox.Delivery, account idp.Account, template string, params map[string]string) error {
	person, err := a.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	m := channel.Message{Kind: channel.Mobile, To: person.Mobile, Template: template, Locale: account.Locale, Params: params}
	if m.To == "" || person.Email != "" && !a.channels.Reaches(channel.Mobile, m.To) {
		m.Kind, m.To = channel.Email, person.Email
	}
	if m.To == "" || person.State == idp.AccountClosed {
		return nil // nobody to tell
	}
	receipt, err := a.send(ctx, d, m)
	other := m.Kind == channel.Mobile && person.Email != "" && a.channels.Offers(channel.Email) && channel.FallsBack(template)
	refused := errors.Is(err, channel.ErrRefused)
	if !other || err != nil && !refused || err == nil && (receipt.Reference == "" || !a.channels.Reports(receipt.Provider)) {
		return err
	}
	// The SMS may turn out not to arrive, or was refused: the notice goes on by mail then, as a message of its own.
	f, failure := a.fallback(ctx, d.ID, account.ID, template, params)
	if failure != nil {
		return failure
	}
	if refused {
		return a.store.SendFallback(ctx, f, a.opts.Now().UTC())
	}
	f.Provider, f.Reference = receipt.Provider, receipt.Reference
	return a.store.PutFallback(ctx, f)
}

// deliverNotice tells a person over one channel what happened to the account; who has no such contact is told over the
// other.
func (a *App) deliverNotice(ctx context.Context, d outbox.Delivery) error {
	var notice authn.Notice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	account, err := a.Accounts.Account(ctx, notice.AccountID)
	if err != nil {
		return err
	}
	person, err := a.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	m := channel.Message{Kind: channel.Mobile, To: person.Mobile, Template: notice.What, Locale: account.Locale, Params: map[string]string{"name": notice.Name}}
	if place := (netregion.Region{Name: notice.Place, English: notice.PlaceEnglish}).In(account.Locale); place != "" {
		m.Params["name"] = notice.Name + "·" + place
	}
	if notice.Channel == "email" {
		m.Kind, m.To = channel.Email, person.Email
	}
	if m.To == "" || person.State == idp.AccountClosed {
		return nil // nobody to tell
	}
	if notice.Code != nil {
		if m.Params["code"], err = a.identity.Steps.Open(ctx, *notice.Code); err != nil {
			return fmt.Errorf("open code of notice: %w", err)
		}
	}
	return a.deliver(ctx, d, m)
}
