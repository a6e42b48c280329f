package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox"
)

// openRegister is the configured register; the sandbox answers itself over its own HTTP address when none is named.
func (a *App) openRegister() (mandate.Register, error) {
	if a.opts.Register != nil {
		return a.opts.Register, nil
	}
	settings := register.Config{Name: "register", URL: a.cfg.Register.URL, Client: a.outbound, Now: a.opts.Now, Note: a.metrics.source}
	switch {
	case settings.URL == "" && a.cfg.Sandbox:
		token := ident.Secret(a.opts.Rand, 24)
		address, client, err := a.serveSimulated(register.Simulated(token, slowAnswer))
		if err != nil {
			return nil, err
		}
		settings.Name, settings.URL, settings.Token, settings.Client = "sandbox", address, token, client
	case settings.URL == "":
		return register.None{}, nil
	case a.cfg.Register.TokenFile != "":
		token, err := ReadSecret(a.cfg.Register.TokenFile)
		if err != nil {
			return nil, err
		}
		settings.Token = token
	}
	return register.New(settings), nil
}

func newMandates(a *App, sessions *session.Service, registers mandate.Register, founding func() (needs, gives subject.IAL)) *mandate.Service {
	return mandate.New(mandate.Config{Phone: a.elders(), Founding: founding, FamilyMost: a.cfg.Family.Max, Store: a.store, People: a.Accounts, Throttle: a.store, Organisations: a.store, Family: a.store, Relatives: a.store, Here: a.store, Keepers: a.store, Accounts: a.Accounts, Register: registers, Items: a.items, Now: a.opts.Now, Rand: a.opts.Rand, Wake: a.wake,
		Farewell: func(parties []mandate.Party) ([]audit.Message, error) {
			all := make([]session.Party, len(parties))
			for i, p := range parties {
				all[i] = session.Party{SID: p.SID, ClientID: p.ClientID, Subject: p.Subject, MandateID: p.Mandate}
			}
			return sessions.Messages(all)
		}})
}

// expireMandates writes down what time ended; whoever judges a token asks for the time by itself.
func (a *App) expireMandates(ctx context.Context) {
	if n, err := a.Mandates.Expire(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "expired mandates were not ended", "error", err)
	} else if n > 0 {
		a.opts.Log.InfoContext(ctx, "mandates expired", "ended", n)
	}
	if _, err := a.Mandates.Warn(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "nobody was told of guardians' links that end", "error", err)
	}
	if _, err := a.Mandates.RecheckDue(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "organisations were not checked", "error", err)
	}
}

// deliverMandateNotice tells one side of a mandate what became of it. Names and addresses are read now, so that none lies in
// the outbox.
func (a *App) deliverMandateNotice(ctx context.Context, d outbox.Delivery) error {
	var notice mandate.Notice
	if err := json.Unmarshal(d.Payload, &notice); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	if mandate.IsOrganisation(notice.Account) {
		return nil // its agents see it on their page
	}
	account, err := a.Accounts.Account(ctx, notice.Account)
	if err != nil {
		return err
	}
	if notice.Event == mandate.EventRelative {
		who, err := a.sideName(ctx, notice.Agent)
		if err != nil {
			return err
		}
		return a.notify(ctx, d, account, channel.TemplateRelative, map[string]string{"who": who})
	}
	if notice.Event == mandate.EventTelephone {
		return a.notifyElder(ctx, d, account, notice)
	}
	whom, err := a.sideName(ctx, notice.Principal)
	if err != nil {
		return err
	}
	who, err := a.sideName(ctx, notice.Agent)
	if err != nil {
		return err
	}
	for i, code := range notice.Items {
		notice.Items[i] = a.itemName(account.Locale, code)
	}
	items := strings.Join(notice.Items, "、")
	if notice.Kind == mandate.SealKeeper { // which seals stands on the page
		items = a.texts.Text(account.Locale, "mandate.items.keeping")
	} else if items == mandate.AllItems {
		items = a.texts.Text(account.Locale, "mandate.items.all")
	} else if len(notice.Items) > 2 {
		items = a.texts.Text(account.Locale, "mandate.items.many", "first", notice.Items[0], "n", strconv.Itoa(len(notice.Items)))
	}
	return a.notify(ctx, d, account, channel.MandateTemplate(notice.Event), map[string]string{"who": who, "whom": whom, "items": items, "until": notice.Until.In(legalTime).Format(time.DateOnly)})
}

// endMandates ends what somebody who died gave and was given.
func (a *App) endMandates(ctx context.Context, d outbox.Delivery) error {
	var m idp.AccountMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return a.Mandates.EndAll(ctx, m.AccountID, "deceased")
}

// endOrganisation ends the mandates of an organisation that its register deregistered.
func (a *App) endOrganisation(ctx context.Context, d outbox.Delivery) error {
	var m idp.OrganizationMessage
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	return a.Mandates.Deregister(ctx, m.Code)
}

// sideName is how one side of a mandate is named to the other.
func (a *App) sideName(ctx context.Context, account string) (string, error) {
	person, err := a.Accounts.Person(ctx, account)
	if err != nil || mandate.IsOrganisation(account) {
		return person.Name, err
	}
	return subject.MaskName(person.Name), nil
}
