package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/counterhttp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// openCounter joins the counter (窗口助办) with the rooms that it needs.
func (a *App) openCounter() error {
	var passkeys counter.Passkeys
	if a.identity.Passkeys != nil {
		passkeys = a.identity.Passkeys
	}
	service, err := counter.New(counter.Config{Passkeys: passkeys, Accounts: a.Accounts, Store: a.store, Codes: a.identity.Codes, Calls: a.readsCounterCode, Mandates: a.Mandates, Cards: counterCards{a.sealing.licenses}, Licenses: counterLicenses{a.sealing.licenses}, Throttle: a.store, Ring: a.ring,
		Deletions: a.deletions, Exports: a.exports, Archive: a.identity.Archive, Now: a.opts.Now, Rand: a.opts.Rand, Wake: a.wake,
		Farewell: func(ctx context.Context, accountID string) (audit.Record, error) {
			return a.identity.Sessions.Farewell(ctx, accountID)
		}})
	if err != nil {
		return err
	}
	a.identity.Passes, a.moveCounters = service.Enter, service.MoveDepartment
	a.counter = counterhttp.New(counterhttp.Config{Site: a.site(), Issuer: a.cfg.Issuer, Counter: service, Who: a.clerk, Second: a.secondClerk, Check: a.checkPaper, AreaOf: a.Staff.AreaOf, Encode: a.sealMessage, Now: a.opts.Now})
	return nil
}

// clerk is who acts at the counter: the member of staff who is signed in, with the roles held now.
func (a *App) clerk(ctx context.Context) (counter.Clerk, error) {
	current, m, ok := staffhttp.Of(ctx)
	if !ok {
		return counter.Clerk{}, nil
	}
	actor := reqctx.From(ctx).Actor
	return a.clerkOf(ctx, m, actor, current.AAL, actor.SignedInAt)
}

// clerkOf is a member of staff with the human behind the account, whom the counter does not let serve itself.
func (a *App) clerkOf(ctx context.Context, m staff.Member, actor reqctx.Actor, aal int, at time.Time) (counter.Clerk, error) {
	citizen, err := a.Members.Citizen(ctx, m)
	return counter.Clerk{ID: m.Actor(), Human: m.Human, Account: citizen, Roles: actor.Roles, Rights: actor.Rights, AAL: aal, Signed: at}, err
}

// secondClerk checks password and authenticator of a colleague who stands by, without a session.
func (a *App) secondClerk(ctx context.Context, identifier, password, code, source string) (counter.Clerk, error) {
	login, err := a.staffPages.Password.Login(ctx, identifier, password, source)
	if err != nil {
		return counter.Clerk{}, err
	}
	if err := a.staffPages.Ways.CheckTOTP(ctx, login.AccountID, code); err != nil {
		return counter.Clerk{}, err
	}
	login = authn.Combine(login, authn.ByTOTP)
	m, err := a.Members.Member(ctx, login.AccountID)
	if err != nil {
		return counter.Clerk{}, err
	}
	actor, err := a.Staff.Actor(ctx, reqctx.Actor{ID: m.Actor(), Roles: m.Roles})
	if err != nil {
		return counter.Clerk{}, err
	}
	return a.clerkOf(ctx, m, actor, int(login.AAL), login.At)
}

// counterCards lets the counter print offline code cards of the licence room.
type counterCards struct{ licenses *elicense.Service }

// Issue implements counter.Cards.
func (c counterCards) Issue(ctx context.Context, o counter.CardOrder) (counter.CardPrint, error) {
	printed, err := c.licenses.IssueCard(ctx, elicense.CardRequest{HolderRef: "account:" + o.Account, MaskedName: o.MaskedName, Level: o.Level, Order: o.Act, Attempt: o.Attempt})
	if err != nil {
		return counter.CardPrint{}, err
	}
	return counter.CardPrint{ID: printed.ID, Code: printed.Code, IssuedAt: printed.IssuedAt, ExpiresAt: printed.ExpiresAt}, nil
}

// End implements counter.Cards.
func (c counterCards) End(ctx context.Context, account string, until time.Time) (bool, error) {
	return c.licenses.RevokeCardUntil(ctx, "account:"+account, until)
}

// counterLicenses lets a clerk print copies of licences: the licence room sees the clerk acting for the holder.
type counterLicenses struct{ licenses *elicense.Service }

func asHolder(ctx context.Context, account string) context.Context {
	actor := reqctx.From(ctx).Actor
	return reqctx.WithActor(ctx, reqctx.Actor{ID: actor.ID, ActingFor: "account:" + account})
}

// List implements counter.Licenses.
func (c counterLicenses) List(ctx context.Context, account string) (all []counter.LicenseCopy, err error) {
	for after := ""; ; {
		page, next, err := c.licenses.Mine(asHolder(ctx, account), after, 50)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			title := l.LicenseID
			if kind := c.licenses.TypeOf(l); kind != nil {
				title = kind.Name[reqctx.From(ctx).Locale]
				if title == "" {
					title = kind.Name["zh-CN"]
				}
			}
			all = append(all, counter.LicenseCopy{ID: l.ID, Title: title})
		}
		if after = next; after == "" || len(all) >= 200 {
			return all, nil
		}
	}
}

// File implements counter.Licenses.
func (c counterLicenses) File(ctx context.Context, account, id string) (string, []byte, error) {
	return c.licenses.Document(asHolder(ctx, account), id)
}

// checkPaper judges the code on a paper, as /verify does.
func (a *App) checkPaper(ctx context.Context, text string) (web.CounterChecked, error) {
	result, err := a.sealing.licenses.VerifyCode(ctx, text)
	if err != nil {
		return web.CounterChecked{}, err
	}
	locale := reqctx.From(ctx).Locale
	found := web.CounterChecked{Code: result.Code, Verdict: string(result.Verdict), Text: result.Message[locale]}
	if found.Text == "" {
		found.Text = result.Message["zh-CN"]
	}
	if result.Verdict != verify.Invalid { // what a forged or ended paper says is of no use
		if code, err := presentation.Decode(text); err == nil {
			for _, f := range a.sealing.licenses.ViewFields(code.View, locale) {
				found.Fields = append(found.Fields, web.ShownField{Label: f.Label, Value: f.Value})
			}
		}
	}
	return found, nil
}

// AddCounterTerminal registers a terminal, as an administrator does; for programs that make a platform of their own.
func (a *App) AddCounterTerminal(ctx context.Context, name, readerKey string) (id, code string, err error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:setup"})
	t, code, err := a.counter.Counter.AddTerminal(ctx, "system:setup", name, readerKey, "", "")
	return t.ID, code, err
}

// offlineCards are the cards of the licence room, which opens after the identity room.
type offlineCards struct{ app *App }

// OfflineCard implements idphttp.OfflineCards.
func (c offlineCards) OfflineCard(ctx context.Context, account string) (issued, expires time.Time, ok bool, err error) {
	card, ok, err := c.app.sealing.licenses.CardOf(ctx, "account:"+account)
	return card.IssuedAt, card.ExpiresAt, ok, err
}

// LoseOfflineCard implements idphttp.OfflineCards.
func (c offlineCards) LoseOfflineCard(ctx context.Context, account string) error {
	_, err := c.app.sealing.licenses.RevokeCard(ctx, "account:"+account)
	return err
}

// endCardOf ends the offline code card of an account that is no more.
func (a *App) endCardOf(ctx context.Context, accountID string) error {
	_, err := a.sealing.licenses.RevokeCard(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:accounts"}), "account:"+accountID)
	return err
}

// endClosed ends what was printed for a person whose account was closed, which is for good, and the mandates of both sides with what was
// passed on from them. An organisation's end with what its register told (mandate.Service.Deregister).
func (a *App) endClosed(ctx context.Context, d outbox.Delivery) error {
	var message idp.AccountMessage
	if err := json.Unmarshal(d.Payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	if err := a.endCardOf(ctx, message.AccountID); err != nil || mandate.IsOrganisation(message.AccountID) {
		return err
	}
	return a.Mandates.EndAll(ctx, message.AccountID, "closed")
}

// endOfLife ends what others do for a person who died, the offline code card, and what the person did as staff.
func (a *App) endOfLife(ctx context.Context, d outbox.Delivery) error {
	var message idp.AccountMessage
	if err := json.Unmarshal(d.Payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	if err := a.endCardOf(ctx, message.AccountID); err != nil {
		return err
	}
	if err := a.Members.Stop(reqctx.WithActor(ctx, reqctx.Actor{ID: "system:register"}), message.AccountID); err != nil {
		return err
	}
	return a.endMandates(ctx, d)
}
