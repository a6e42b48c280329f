package channel

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Dialer opens the connection to a mail server; package outbound implements it.
type Dialer interface {
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// SMTPConfig of a provider.
type SMTPConfig struct {
	Settings SMTPSettings // checked
	Password string       // content of password_file
	Dialer   Dialer
	TLS      *tls.Config // roots of the operator; nil is the system's
	Now      func() time.Time
	Rand     io.Reader
}

// SMTPProvider sends mail through one server. A connection carries one mail: codes are few and a kept connection is one
// more thing that may be half dead when a person waits.
type SMTPProvider struct{ cfg SMTPConfig }

// NewSMTP returns the provider.
func NewSMTP(cfg SMTPConfig) *SMTPProvider {
	cfg.Settings.setDefaults()
	return &SMTPProvider{cfg}
}

// smtpTime bounds a whole exchange; the outbox gives a delivery 25 s for all providers together.
const smtpTime = 10 * time.Second

// Send implements Provider. An answer of 5xx to the recipient is the last word on it (RFC 5321 4.2.1); everything until the
// end of DATA was certainly not sent, what breaks after it may have been.
func (p *SMTPProvider) Send(ctx context.Context, l Letter) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, smtpTime)
	defer cancel()
	id := "<" + ident.Secret(p.cfg.Rand, 16) + "@" + p.hello() + ">"
	content, err := p.compose(l, id)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	client, stop, err := p.connect(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	defer client.Close()
	defer stop()
	if err := client.Mail(p.cfg.Settings.From); err != nil {
		return "", fmt.Errorf("%w: sender: %w", ErrUnsent, plain(err))
	}
	if err := client.Rcpt(l.To); err != nil {
		if answer, ok := errors.AsType[*textproto.Error](err); ok && (answer.Code == 550 || answer.Code == 551 || answer.Code == 553) {
			return "", ErrRefused // no such mailbox here
		}
		return "", fmt.Errorf("%w: recipient: %w", ErrUnsent, plain(err))
	}
	w, err := client.Data()
	if err != nil {
		return "", fmt.Errorf("%w: data: %w", ErrUnsent, plain(err))
	}
	if _, err := w.Write(content); err != nil {
		return "", fmt.Errorf("%w: data: %w", ErrUnsent, plain(err)) // without its final dot it is no mail (RFC 5321 4.1.1.4)
	}
	if err := w.Close(); err != nil {
		if answer, ok := errors.AsType[*textproto.Error](err); ok {
			return "", fmt.Errorf("%w: data: status %d", ErrUnsent, answer.Code)
		}
		return "", fmt.Errorf("end of data: %w", plain(err)) // perhaps it was taken
	}
	client.Quit() // it was taken; how the server says goodbye changes nothing
	return id, nil
}

// plain keeps the status of an answer and drops its words, which may repeat the address.
func plain(err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("status %d", answer.Code)
	}
	return err
}

// connect dials, greets, protects the line and authenticates. stop ends the watch on ctx.
func (p *SMTPProvider) connect(ctx context.Context) (client *smtp.Client, stop func() bool, err error) {
	s := p.cfg.Settings
	conn, err := p.cfg.Dialer.Dial(ctx, net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return nil, nil, fmt.Errorf("dial: %w", err)
	}
	watch := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		if err != nil {
			watch()
			conn.Close()
		}
	}()
	settings := &tls.Config{}
	if p.cfg.TLS != nil {
		settings = p.cfg.TLS.Clone()
	}
	settings.ServerName, settings.MinVersion = s.Host, tls.VersionTLS12
	if s.TLS == "tls" {
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, nil, fmt.Errorf("TLS: %w", err)
		}
		conn = secure
	}
	if client, err = smtp.NewClient(conn, s.Host); err != nil {
		return nil, nil, fmt.Errorf("greeting: %w", plain(err))
	}
	if err := client.Hello(p.hello()); err != nil {
		return nil, nil, fmt.Errorf("greeting: %w", plain(err))
	}
	if s.TLS == "starttls" {
		if offered, _ := client.Extension("STARTTLS"); !offered { // a stripped offer must not lead to plain text (RFC 3207 6)
			return nil, nil, errors.New("the server offers no STARTTLS")
		}
		if err := client.StartTLS(settings); err != nil {
			return nil, nil, fmt.Errorf("STARTTLS: %w", plain(err))
		}
	}
	if s.User != "" {
		if err := p.authenticate(client); err != nil {
			return nil, nil, fmt.Errorf("authentication: %w", plain(err))
		}
	}
	return client, watch, nil
}

func (p *SMTPProvider) authenticate(client *smtp.Client) error {
	s := p.cfg.Settings
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	for _, m := range mechanisms {
		switch m {
		case "PLAIN":
			return client.Auth(smtp.PlainAuth("", s.User, p.cfg.Password, s.Host))
		case "LOGIN":
			return client.Auth(&loginAuth{user: s.User, password: p.cfg.Password, loopback: isLoopback(s.Host)})
		}
	}
	return errors.New("the server offers neither PLAIN nor LOGIN")
}

// loginAuth is the mechanism LOGIN, which has no RFC and which many servers here offer alone.
type loginAuth struct {
	user, password string
	loopback       bool
}

func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !a.loopback {
		return "", nil, errors.New("no TLS")
	}
	return "LOGIN", nil, nil
}

func (a *loginAuth) Next(question []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch strings.ToLower(strings.TrimSuffix(strings.TrimSpace(string(question)), ":")) {
	case "username":
		return []byte(a.user), nil
	case "password":
		return []byte(a.password), nil
	}
	return nil, errors.New("unexpected question")
}

func (p *SMTPProvider) hello() string {
	if p.cfg.Settings.Hello != "" {
		return p.cfg.Settings.Hello
	}
	_, domain, _ := strings.Cut(p.cfg.Settings.From, "@")
	return domain
}

// compose writes the mail (RFC 5322, 2045). Nothing that comes from outside reaches a header line as it is: addresses have
// the form of package subject, texts are encoded words (RFC 2047), and the body is base64.
func (p *SMTPProvider) compose(l Letter, id string) ([]byte, error) {
	if !mailAddress.MatchString(l.To) {
		return nil, errors.New("the recipient is no address")
	}
	from := "<" + p.cfg.Settings.From + ">"
	if name := clean(p.cfg.Settings.FromName); name != "" {
		from = encodedWord(name) + " " + from
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"From", from}, {"To", "<" + l.To + ">"}, {"Subject", encodedWord(clean(l.Subject))}, {"Date", p.cfg.Now().Format(time.RFC1123Z)}, {"Message-ID", id},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"},
		{"Content-Language", localeOr(l.Locale)}, {"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"},
	} {
		if strings.ContainsAny(strings.ReplaceAll(line[1], "\r\n ", ""), "\r\n\x00") {
			return nil, errors.New("a header would break")
		}
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(strings.ReplaceAll(l.Body, "\r\n", "\n"), "\n", "\r\n") + "\r\n"))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n")
	return []byte(b.String()), nil
}

// encodedWord folds between encoded words, so that no line grows too long.
func encodedWord(text string) string {
	encoded := mime.BEncoding.Encode("utf-8", text)
	if encoded == text { // plain ASCII: quote what means something in a phrase
		return mime.QEncoding.Encode("utf-8", quoteless(text))
	}
	return strings.ReplaceAll(encoded, "?= =?", "?=\r\n =?")
}

// quoteless drops what would need quoting in a phrase of plain ASCII.
func quoteless(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"\<>@,;:()`, r) {
			return ' '
		}
		return r
	}, text)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
