package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/keys"
)

// elderPlace is what the first call to an elder is bound to in the outbox.
const elderPlace = "outbox/phone-request"

// elders lets elders confirm by telephone, where a provider takes their answers.
func (a *App) elders() *mandate.PhoneConfig {
	return &mandate.PhoneConfig{Policy: mandate.PhoneByDefault, Store: a.store, Accounts: a.Accounts,
		MAC: func(ctx context.Context, parts ...[]byte) ([]byte, error) {
			mac, err := a.ring.MAC(ctx, keys.UsageLookup)
			if err != nil {
				return nil, err
			}
			return mac.Sum(ctx, parts...)
		},
		Ways: func(number string) (code, ask string) {
			return a.elderWay(channel.TemplateElderCode, number), a.elderWay(channel.TemplateElderAsk, number)
		},
		Offers: func() bool {
			return a.elderWay(channel.TemplateElderCode, "") != "" && a.elderWay(channel.TemplateElderAsk, "") != ""
		},
		Seal: func(ctx context.Context, call mandate.PhoneCall) ([]byte, error) {
			return a.sealPayload(ctx, call, elderPlace)
		},
		Note: func(step string) { a.metrics.elders.WithLabelValues(step).Inc() }}
}

// elderWay is the kind of channel by which a template goes to a number, a call before an SMS; an empty number is any.
func (a *App) elderWay(template, number string) string {
	for _, kind := range []string{channel.Voice, channel.Mobile} {
		if a.channels.Carries(kind, template) && (number == "" || a.channels.Reaches(kind, number)) {
			return kind
		}
	}
	return ""
}

// askElders lets elders be asked whose time has come.
func (a *App) askElders(ctx context.Context) {
	if _, err := a.Mandates.AskElders(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "elders were not asked by telephone", "error", err)
	}
}

// elderNamed is how a helper is named to an elder: masked, and in a call with a word for what is masked, since a voice reads no asterisk.
func (a *App) elderNamed(ctx context.Context, kind, helper string) (string, error) {
	person, err := a.Accounts.Person(ctx, helper)
	if err != nil {
		return "", err
	}
	name := subject.MaskName(person.Name)
	if kind == channel.Voice {
		name = strings.ReplaceAll(name, "*", "某")
	}
	return name, nil
}

// deliverElderCode places the first call.
func (a *App) deliverElderCode(ctx context.Context, d outbox.Delivery) error {
	var call mandate.PhoneCall
	if err := a.openPayload(ctx, d.Payload, &call, elderPlace); err != nil {
		return err
	}
	account, err := a.Accounts.Account(ctx, call.Elder)
	if err != nil {
		return err
	}
	who, err := a.elderNamed(ctx, call.Channel, call.Agent)
	if err != nil {
		return err
	}
	return a.deliver(ctx, d, channel.Message{Kind: call.Channel, To: call.To, Template: channel.TemplateElderCode, Locale: account.Locale, Until: call.Until,
		Params: map[string]string{"who": who, "code": call.Code, "minutes": strconv.Itoa(call.Minutes)}})
}

// deliverElderQuestion places the second one, or the SMS. The message is noted before it leaves, and answers that come before its receipt are
// settled afterwards.
func (a *App) deliverElderQuestion(ctx context.Context, d outbox.Delivery) error {
	var question mandate.PhoneQuestion
	if err := json.Unmarshal(d.Payload, &question); err != nil {
		return fmt.Errorf("read question: %w", err)
	}
	r, ok, err := a.Mandates.PhoneQuestion(ctx, question.Request)
	if err != nil || !ok {
		return err
	}
	if err := a.Mandates.PlacePhone(ctx, r, d.ID); err != nil {
		if fault.CodeOf(err) == fault.PhoneAskOver {
			return nil
		}
		return err
	}
	account, err := a.Accounts.Account(ctx, r.Principal)
	if err != nil {
		return err
	}
	elder, err := a.Accounts.Open(ctx, account)
	if err != nil {
		return err
	}
	who, err := a.elderNamed(ctx, r.Channel, r.Agent)
	if err != nil {
		return err
	}
	err = a.deliver(ctx, d, channel.Message{Kind: r.Channel, To: elder.Mobile, Template: channel.TemplateElderAsk, Locale: account.Locale, Until: question.Until,
		Params: map[string]string{"who": who, "until": r.NotAfter.In(legalTime).Format(time.DateOnly)}})
	return errors.Join(err, a.Mandates.SettleAnswers(ctx))
}

// notifyElder tells an elder what its yes began and how to end it.
func (a *App) notifyElder(ctx context.Context, d outbox.Delivery, account idp.Account, notice mandate.Notice) error {
	who, err := a.elderNamed(ctx, channel.Mobile, notice.Agent)
	if err != nil {
		return err
	}
	template := channel.TemplateElderActivePlain
	if a.channels.Carries(channel.Mobile, channel.TemplateElderActive) {
		template = channel.TemplateElderActive
	}
	return a.notify(ctx, d, account, template, map[string]string{"who": who, "until": notice.Until.In(legalTime).Format(time.DateOnly)})
}

// takeReplies takes what people answered; each counts once.
func (a *App) takeReplies(ctx context.Context, replies []channel.Reply) error {
	for _, r := range replies {
		if err := a.Mandates.Answered(ctx, mandate.PhoneAnswer{Provider: r.Provider, ID: r.ID, Channel: r.Kind, Reference: r.Reference, Number: r.From, Word: mandate.PhoneWord(r.Word)}); err != nil {
			return fmt.Errorf("take answer: %w", err)
		}
	}
	return nil
}

// simulatedReply is what a magic number of the sandbox answers.
func (a *App) simulatedReply(ctx context.Context, l channel.Letter, reference, word string) {
	if err := a.takeReplies(ctx, []channel.Reply{simulated(l.Kind, "answer-"+l.ID, reference, l.To, word)}); err != nil {
		a.opts.Log.WarnContext(ctx, "simulated answer was not taken", "error", err)
	}
}

func simulated(kind, id, reference, from, word string) channel.Reply {
	r := channel.Reply{Provider: simulatedName, ID: id, Kind: kind, Word: word}
	if kind == channel.Voice {
		r.Reference = reference
	} else {
		r.From = from
	}
	return r
}

// answerInbox answers a message of the simulated inbox as its person would: by a key, or by an SMS.
func (a *App) answerInbox(ctx context.Context, id, text string) error {
	m, err := a.store.InboxMessage(ctx, id)
	if errors.Is(err, idp.ErrNotFound) || err == nil && m.Answers == "" {
		return fault.New(fault.NotFound)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return a.takeReplies(ctx, []channel.Reply{simulated(m.Answers, ident.New(a.opts.Rand, "ans"), channel.SimulatedReference(id), m.To, channel.WordOf(m.Answers, text))})
}
