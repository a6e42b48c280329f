package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// channelFindings tell which messages can go out, and what is not offered because one cannot.
func channelFindings(cfg Config) []Finding {
	settings, err := channelsOf(cfg, channelParts{outbound: outbound.New(outbound.Config{}), now: time.Now, rand: rand.Reader})
	if err != nil {
		return []Finding{{"channels", "fail", err.Error(), "mend the secret file of this provider"}}
	}
	var all []Finding
	for _, kind := range []struct {
		name, what string
		entries    []channel.Entry
	}{{"sms", "codes to mobile numbers", settings.SMS}, {"mail", "codes to e-mail addresses", settings.Mail}} {
		switch {
		case len(kind.entries) > 0:
			all = append(all, entriesFinding(kind.name, kind.entries))
		case cfg.Sandbox:
			all = append(all, Finding{kind.name, "warn", "simulated: messages lie in the inbox", "name a provider in channels." + kind.name + " for real use"})
		default:
			all = append(all, Finding{kind.name, "warn", "no provider, so " + kind.what + " are not offered", "name a provider in channels." + kind.name})
		}
	}
	if len(settings.Voice) > 0 { // nothing is missing without one: the code comes by SMS
		all = append(all, entriesFinding(channel.Voice, settings.Voice))
	}
	if !cfg.Sandbox && len(settings.SMS)+len(settings.Mail) == 0 {
		all = append(all, Finding{"registration", "warn", "nobody can register or sign in by a code", "name a provider in channels.sms or channels.mail"})
	}
	return all
}

// entriesFinding names the providers in their order and the messages that none of them carries.
func entriesFinding(kind string, entries []channel.Entry) Finding {
	var names, missing []string
	for _, e := range entries {
		name := e.Name
		if e.Ceiling > 0 {
			name += fmt.Sprintf(" (at most %d a day)", e.Ceiling)
		}
		names = append(names, name)
	}
	for _, t := range channel.Templates() {
		carried := kind == channel.Voice && !t.Spoken || channel.ForElders(t.Name) && !slices.ContainsFunc(entries, channel.Entry.TellsAnswers)
		for _, e := range entries {
			carried = carried || e.Carries == nil || e.Carries[t.Name]
		}
		if !carried {
			missing = append(missing, t.Name)
		}
	}
	if len(missing) > 0 {
		return Finding{kind, "fail", "no provider has a template for " + strings.Join(missing, ", "), "add it to templates of a provider"}
	}
	return Finding{kind, "ok", strings.Join(names, ", then "), ""}
}

// SendTest sends the test message by every provider that serves the address, one after the other, and says what each
// answered. It keeps no account and no receipt, so it works before there is a database.
func SendTest(ctx context.Context, cfg Config, to string, now func() time.Time) Diagnosis {
	var d Diagnosis
	add := func(name, state, detail, fix string) {
		d.Findings = append(d.Findings, Finding{"send " + name, state, detail, fix})
	}
	identifier, err := subject.ParseIdentifier(to)
	if err != nil {
		add("test", "fail", "this is neither a mobile number nor an e-mail address", "give a number such as 13800138000 or an address")
		return d
	}
	roots, err := outboundTLS(cfg.Outbound.CAFile)
	if err != nil {
		add("test", "fail", err.Error(), "mend outbound.ca_file")
		return d
	}
	settings, err := channelsOf(cfg, channelParts{outbound: outbound.New(outbound.Config{Allowed: cfg.Outbound.Allowed, TLS: roots}), roots: roots, now: now, rand: rand.Reader})
	if err != nil {
		add("test", "fail", err.Error(), "mend the secret file of this provider")
		return d
	}
	if settings.Catalogue, err = i18n.New(i18n.Config{}); err != nil {
		add("test", "fail", err.Error(), "this binary is damaged; install it again")
		return d
	}
	settings.Now, settings.Log = now, slog.New(slog.DiscardHandler)
	channels := channel.New(settings)
	kinds := []string{string(identifier.Kind)}
	if identifier.Kind == subject.Mobile {
		kinds = append(kinds, channel.Voice)
	}
	for _, kind := range kinds {
		for _, name := range channels.Providers(kind) {
			began := now()
			receipt, err := channels.SendBy(ctx, name, channel.Message{ID: ident.New(rand.Reader, "test"), Kind: kind, To: identifier.Value, Template: channel.TemplateTest, Locale: i18n.Chinese})
			if err != nil {
				add(name, "fail", err.Error(), "see docs/operations/channels.md for what each answer means")
				continue
			}
			detail := fmt.Sprintf("taken after %d ms", now().Sub(began).Milliseconds())
			if receipt.Reference != "" {
				detail += ", reference " + receipt.Reference
			}
			add(name, "ok", detail, "")
		}
	}
	if len(d.Findings) == 0 {
		add("test", "fail", "no provider carries messages to such an address", "name one in channels")
	}
	return d
}
