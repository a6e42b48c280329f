package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// simulatedName is the provider of a sandbox in receipts and metrics.
const simulatedName = "simulated"

// openChannels makes the channels of the configuration; in the sandbox the simulated inbox stands for a kind that has none.
func (a *App) openChannels(catalogue *i18n.Catalogue, roots *tls.Config) error {
	settings, err := channelsOf(a.cfg, channelParts{outbound: a.outbound, roots: roots, now: a.opts.Now, rand: a.opts.Rand})
	if err != nil {
		return err
	}
	if a.cfg.Sandbox {
		simulated := channel.Entry{Name: simulatedName, Reports: true, Answers: true, Provider: &channel.Simulator{Keep: a.keepInInbox, Answer: a.simulatedReply, Report: func(ctx context.Context, reference, state string) {
			if err := a.takeReports(ctx, []channel.Report{{Provider: simulatedName, Reference: reference, State: state, At: a.opts.Now().UTC()}}); err != nil {
				a.opts.Log.WarnContext(ctx, "simulated report was not stored", "error", err)
			}
		}}}
		if len(settings.SMS) == 0 {
			settings.SMS, a.simulated = []channel.Entry{simulated}, true
			if isDefault(a.cfg.Channels.Countries) { // nothing costs anything
				settings.Countries = channel.Everywhere
			}
		}
		if len(settings.Mail) == 0 {
			settings.Mail, a.simulated = []channel.Entry{simulated}, true
		}
		if len(settings.Voice) == 0 {
			settings.Voice, a.simulated = []channel.Entry{simulated}, true
		}
	}
	settings.Catalogue, settings.Ledger, settings.Now, settings.Log, settings.Observe = catalogue, a.store, a.opts.Now, a.opts.Log, a.metrics.message
	a.channels = channel.New(settings)
	return nil
}

func isDefault(countries channel.Countries) bool {
	return len(countries) == 0 || fmt.Sprint(countries) == fmt.Sprint(channel.DefaultCountries)
}

// channelParts are what providers are made of.
type channelParts struct {
	outbound *outbound.Client
	roots    *tls.Config
	now      func() time.Time
	rand     io.Reader
}

// channelsOf reads the secrets and makes the providers.
func channelsOf(cfg Config, parts channelParts) (channel.Config, error) {
	out := channel.Config{Platform: cfg.Operator.Name, Hotline: cfg.Operator.Hotline, Countries: cfg.Channels.Countries}
	s := cfg.Channels
	if cfg.Messages.URL != "" {
		one := ownProtocol(cfg.Messages)
		s.SMS, s.Mail = []channel.ProviderSettings{one}, []channel.ProviderSettings{one}
	}
	if len(out.Countries) == 0 {
		out.Countries = channel.DefaultCountries
	}
	for _, kind := range []struct {
		name     string
		settings []channel.ProviderSettings
		entries  *[]channel.Entry
	}{{channel.Mobile, s.SMS, &out.SMS}, {channel.Email, s.Mail, &out.Mail}, {channel.Voice, s.Voice, &out.Voice}} {
		for _, p := range kind.settings {
			entry, err := entryOf(cfg, kind.name, p, parts)
			if err != nil {
				return out, fmt.Errorf("channel %s: %w", p.Name, err)
			}
			*kind.entries = append(*kind.entries, entry)
		}
	}
	return out, nil
}

func entryOf(cfg Config, kind string, p channel.ProviderSettings, parts channelParts) (channel.Entry, error) {
	entry := channel.Entry{Name: p.Name, Cost: p.Cost, Ceiling: p.Ceiling, Countries: p.Countries}
	secretFile := p.HTTP.Secret
	if p.SMTP.Host != "" {
		secretFile = p.SMTP.Password
	}
	secret := ""
	if secretFile != "" {
		var err error
		if secret, err = ReadSecret(secretFile); err != nil {
			return entry, err
		}
	}
	if p.SMTP.Host != "" {
		if p.SMTP.FromName == "" {
			p.SMTP.FromName = cfg.Operator.Name
		}
		entry.Provider = channel.NewSMTP(channel.SMTPConfig{Settings: p.SMTP, Password: secret, Dialer: parts.outbound, TLS: parts.roots, Now: parts.now, Rand: parts.rand})
		return entry, nil
	}
	provider := channel.NewHTTP(channel.HTTPConfig{Settings: p.HTTP, Secret: secret, Client: parts.outbound, Now: parts.now, Rand: parts.rand})
	entry.Provider, entry.Carries = provider, provider.Carries()
	if p.HTTP.Receipts.Configured() {
		secret, err := ReadSecret(p.HTTP.Receipts.Secret)
		if err != nil {
			return entry, err
		}
		if entry.Receipts, err = channel.NewReceipts(p.Name, kind, p.HTTP.Receipts, secret, parts.now); err != nil {
			return entry, err
		}
	}
	return entry, nil
}

// ownProtocol describes the protocol of `messages` in the words of a provider.
func ownProtocol(m Messages) channel.ProviderSettings {
	http := channel.HTTPSettings{URL: m.URL, Secret: m.TokenFile,
		Body: map[string]any{"id": "{id}", "to": "{to}", "kind": "{kind}", "template": "{message}", "locale": "{locale}", "text": "{text}", "subject": "{subject}", "mail": "{mail}",
			"params": channel.ParamsValue}}
	if m.TokenFile != "" {
		http.Headers = map[string]string{"Authorization": "Bearer {secret}"}
	}
	return channel.ProviderSettings{Name: "messages", HTTP: http}
}

// keepInInbox stores what the simulated provider took. Only a one-time code goes into the code of the inbox, which programs
// read; other codes, such as that of a notice about a new device, are in the text.
func (a *App) keepInInbox(ctx context.Context, l channel.Letter) error {
	text := l.Text.Text
	if l.Kind == channel.Email {
		text = l.Subject + "\n\n" + l.Body
	}
	code := ""
	if l.Template == channel.TemplateCode || l.Template == channel.TemplateCounterCode || l.Template == channel.TemplateElderCode {
		code = l.Filled["code"]
	}
	m := authn.InboxMessage{ID: l.ID, To: l.To, Text: text, Code: code, At: a.opts.Now().UTC()}
	if channel.Answered(l.Template) {
		m.Answers = l.Kind
	}
	return a.store.PutInbox(ctx, l.ID, m)
}

// inbox is the simulated inbox; there is none where every message has a real provider.
func (a *App) inbox() idphttp.Inbox {
	if !a.simulated {
		return nil
	}
	return a.store
}

// reaches tells the codes whether messages of a kind go out at all, and to an address.
func (a *App) reaches(kind, value string) (offered, allowed bool) {
	return a.channels.Offers(kind), a.channels.Reaches(kind, value)
}

// readsAloud reports whether a code can be read aloud over a mobile number.
func (a *App) readsAloud(to string) bool { return a.channels.Reaches(channel.Voice, to) }

// readsCounterCode is readsAloud for the code by which a citizen agrees at a counter: a provider's own templates may lack its text.
func (a *App) readsCounterCode(to string) bool {
	return a.channels.Carries(channel.Voice, channel.TemplateCounterCode) && a.readsAloud(to)
}

// offersCodes reports whether anybody can get a code.
func (a *App) offersCodes() bool {
	return a.channels.Offers(channel.Mobile) || a.channels.Offers(channel.Email)
}

// codeSources limits codes where they cost something.
func (a *App) codeSources() authn.SourceLimits {
	if a.cfg.Sandbox && a.cfg.Channels.Empty() && a.cfg.Messages.URL == "" {
		return authn.SourceLimits{}
	}
	limits := authn.SourceLimits{Store: a.store, PerAddress: a.cfg.Channels.PerAddress, PerNetwork: a.cfg.Channels.PerNetwork}
	if limits.PerAddress == 0 {
		limits.PerAddress, limits.PerNetwork = channel.DefaultPerAddress, channel.DefaultPerNetwork
	}
	return limits
}
