package channel_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// post is a mail server (RFC 5321) with faults: answers by command, and a cut of the line.
type post struct {
	listener net.Listener
	tls      *tls.Config
	roots    *tls.Config
	implicit bool
	auth     string            // mechanisms after TLS; empty offers none
	plain    bool              // offers no STARTTLS
	answers  map[string]string // by command, in place of the good one; "cut" closes the line

	mutex sync.Mutex
	mails []string
	seen  []string // commands, with "TLS " in front under TLS
	auths []string
}

func newPost(t *testing.T, change func(*post)) *post {
	t.Helper()
	p := &post{answers: map[string]string{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	p.roots = &tls.Config{RootCAs: pool}
	p.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if change != nil {
		change(p)
	}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.listener.Close() })
	go func() {
		for {
			conn, err := p.listener.Accept()
			if err != nil {
				return
			}
			go p.talk(conn)
		}
	}()
	return p
}

func (p *post) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	secure := false
	if p.implicit {
		conn, secure = tls.Server(conn, p.tls), true
	}
	lines := bufio.NewReader(conn)
	say := func(text string) { io.WriteString(conn, text+"\r\n") }
	fault := func(command string) bool {
		answer, ok := p.answers[command]
		if ok && answer != "cut" {
			say(answer)
		} else if ok {
			conn.Close()
		}
		return ok
	}
	if fault("greeting") {
		return
	}
	say("220 localhost ESMTP")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		command, rest, _ := strings.Cut(line, " ")
		p.mutex.Lock()
		mark := ""
		if secure {
			mark = "TLS "
		}
		p.seen = append(p.seen, mark+line)
		p.mutex.Unlock()
		command = strings.ToUpper(command)
		if fault(command) {
			continue
		}
		switch command {
		case "EHLO":
			say("250-localhost")
			if !p.plain && !secure {
				say("250-STARTTLS")
			}
			if secure && p.auth != "" {
				say("250-AUTH " + p.auth)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			conn, secure = tls.Server(conn, p.tls), true
			lines = bufio.NewReader(conn)
		case "AUTH":
			mechanism, first, _ := strings.Cut(rest, " ")
			if mechanism == "LOGIN" {
				for _, question := range []string{"Username:", "Password:"} {
					say("334 " + base64.StdEncoding.EncodeToString([]byte(question)))
					answer, _ := lines.ReadString('\n')
					first += " " + strings.TrimSpace(answer)
				}
			}
			p.mutex.Lock()
			p.auths = append(p.auths, mechanism+" "+strings.TrimSpace(first))
			p.mutex.Unlock()
			say("235 fine")
		case "MAIL", "RCPT", "NOOP":
			say("250 fine")
		case "DATA":
			say("354 go")
			if p.answers["body"] == "cut" {
				lines.ReadString('\n')
				return
			}
			var content strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				content.WriteString(strings.TrimPrefix(line, "."))
			}
			if fault("end") {
				continue
			}
			p.mutex.Lock()
			p.mails = append(p.mails, content.String())
			p.mutex.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what")
		}
	}
}

func (p *post) commands() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return strings.Join(p.seen, "\n")
}

func (p *post) provider(change func(*channel.SMTPConfig)) *channel.SMTPProvider {
	port := p.listener.Addr().(*net.TCPAddr).Port
	cfg := channel.SMTPConfig{Settings: channel.SMTPSettings{Host: "localhost", Port: port, From: "noreply@example.gov.cn", FromName: "示例市一网通办"}, Dialer: outbound.New(outbound.Config{Allowed: []string{net.JoinHostPort("localhost", strconv.Itoa(port))}}),
		TLS: p.roots, Now: func() time.Time { return start }, Rand: ident.System()}
	if change != nil {
		change(&cfg)
	}
	return channel.NewSMTP(cfg)
}

func mailLetter() channel.Letter {
	m := code("msg_1")
	m.Kind, m.To = channel.Email, "zhang@example.cn"
	return channel.Letter{Message: m, Text: channel.Text{Subject: "示例市一网通办：验证码", Body: "您的验证码是 482913。\n\n.一行以点开头"}, Filled: m.Params}
}

func TestMailGoesUnderTLSAndReadsAsWritten(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*post)
		client func(*channel.SMTPConfig)
		auth   string
	}{
		"STARTTLS":               {nil, nil, ""},
		"TLS from the beginning": {func(p *post) { p.implicit = true }, func(c *channel.SMTPConfig) { c.Settings.TLS = "tls" }, ""},
		"PLAIN":                  {func(p *post) { p.auth = "PLAIN LOGIN" }, func(c *channel.SMTPConfig) { c.Settings.User, c.Password = "u", "p" }, "PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00u\x00p"))},
		"LOGIN":                  {func(p *post) { p.auth = "LOGIN" }, func(c *channel.SMTPConfig) { c.Settings.User, c.Password = "u", "p" }, "LOGIN dQ== cA=="},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, test.server)
			reference, err := p.provider(test.client).Send(ctx, mailLetter())
			if err != nil || len(p.mails) != 1 {
				t.Fatalf("%v, %d mails", err, len(p.mails))
			}
			parsed, err := mail.ReadMessage(strings.NewReader(p.mails[0]))
			if err != nil {
				t.Fatal(err)
			}
			decoder := new(mime.WordDecoder)
			subject, err := decoder.DecodeHeader(parsed.Header.Get("Subject"))
			if err != nil || subject != "示例市一网通办：验证码" {
				t.Errorf("%q %v", subject, err)
			}
			from, err := parsed.Header.AddressList("From")
			if err != nil || from[0].Name != "示例市一网通办" || from[0].Address != "noreply@example.gov.cn" {
				t.Errorf("%v %v", from, err)
			}
			if to, err := parsed.Header.AddressList("To"); err != nil || to[0].Address != "zhang@example.cn" {
				t.Errorf("%v %v", to, err)
			}
			body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, parsed.Body))
			if err != nil || string(body) != "您的验证码是 482913。\r\n\r\n.一行以点开头\r\n" {
				t.Errorf("%q %v", body, err)
			}
			if parsed.Header.Get("Message-Id") != reference || parsed.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("%v", parsed.Header)
			}
			if date, err := parsed.Header.Date(); err != nil || !date.Equal(start) {
				t.Errorf("%v %v", date, err)
			}
			for line := range strings.SplitSeq(p.commands(), "\n") {
				if strings.Contains(line, "MAIL") && !strings.HasPrefix(line, "TLS ") {
					t.Errorf("in clear: %s", line)
				}
			}
			if test.auth != "" && (len(p.auths) != 1 || p.auths[0] != test.auth) {
				t.Errorf("%v", p.auths)
			}
		})
	}
}

// TestF09FaultsOfMailServers: what was certainly not sent is told from what may have been, and from a mailbox that is not
// there.
func TestF09FaultsOfMailServers(t *testing.T) {
	open, unsent := errOpen, channel.ErrUnsent
	for name, test := range map[string]struct {
		fault, answer string
		want          error
	}{
		"greylisting":                 {"RCPT", "451 4.7.1 zhang@example.cn greylisted", unsent},
		"no such mailbox":             {"RCPT", "550 5.1.1 no zhang@example.cn here", channel.ErrRefused},
		"relaying denied":             {"RCPT", "554 5.7.1 relay", unsent},
		"sender is not welcome":       {"MAIL", "550 5.7.1 no", unsent},
		"busy":                        {"greeting", "421 busy", unsent},
		"cut at the greeting":         {"greeting", "cut", unsent},
		"cut at EHLO":                 {"EHLO", "cut", unsent},
		"STARTTLS refused":            {"STARTTLS", "454 no", unsent},
		"cut in the middle of data":   {"body", "cut", open},
		"content is not welcome":      {"end", "554 5.7.1 spam zhang@example.cn", unsent},
		"cut after the last line":     {"end", "cut", open},
		"quota":                       {"end", "452 4.2.2 full", unsent},
		"no data":                     {"DATA", "451 later", unsent},
		"an answer that is no answer": {"MAIL", "hello", unsent},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, func(p *post) { p.answers[test.fault] = test.answer })
			_, err := p.provider(nil).Send(ctx, mailLetter())
			if err == nil || test.want == open && (errors.Is(err, channel.ErrUnsent) && test.fault != "body" || errors.Is(err, channel.ErrRefused)) || test.want != open && !errors.Is(err, test.want) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), "zhang@") {
				t.Errorf("the address stands in the error: %v", err)
			}
			if len(p.mails) != 0 {
				t.Error("it was taken")
			}
		})
	}
}

func TestMailNeverFallsBackToPlainText(t *testing.T) {
	stripped := newPost(t, func(p *post) { p.plain = true })
	strange := newPost(t, nil)
	other := newPost(t, nil)
	bare := newPost(t, func(p *post) { p.auth = "CRAM-MD5" })
	for name, test := range map[string]struct {
		p      *post
		change func(*channel.SMTPConfig)
	}{
		"the offer was stripped":      {stripped, nil},
		"a root that is not known":    {strange, func(c *channel.SMTPConfig) { c.TLS = other.roots }},
		"another name":                {strange, func(c *channel.SMTPConfig) { c.Settings.Host = "mail.example" }},
		"no mechanism that both know": {bare, func(c *channel.SMTPConfig) { c.Settings.User, c.Password = "u", "p" }},
	} {
		provider := test.p.provider(func(c *channel.SMTPConfig) {
			c.Dialer = fixed{test.p.listener.Addr().String()}
			if test.change != nil {
				test.change(c)
			}
		})
		if _, err := provider.Send(ctx, mailLetter()); !errors.Is(err, channel.ErrUnsent) {
			t.Errorf("%s: %v", name, err)
		}
		if seen := test.p.commands(); strings.Contains(seen, "MAIL") || strings.Contains(seen, "AUTH") {
			t.Errorf("%s: %s", name, seen)
		}
	}
}

// fixed dials one address, whatever the name.
type fixed struct{ address string }

func (f fixed) Dial(ctx context.Context, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", f.address)
}

func TestMailServerOnAnInnerAddressNeedsPermission(t *testing.T) {
	p := newPost(t, nil)
	provider := p.provider(func(c *channel.SMTPConfig) { c.Dialer = outbound.New(outbound.Config{}) })
	if _, err := provider.Send(ctx, mailLetter()); !errors.Is(err, outbound.ErrRefused) || p.commands() != "" {
		t.Errorf("%v", err)
	}
}

func TestSilentMailServerIsLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := newPost(t, nil)
	provider := p.provider(func(c *channel.SMTPConfig) { c.Dialer = fixed{listener.Addr().String()} })
	bounded, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := provider.Send(bounded, mailLetter()); !errors.Is(err, channel.ErrUnsent) || time.Since(began) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestI09HeadersCannotBeInjected: whatever stands in a subject, a name or an address stays in its own header.
func TestI09HeadersCannotBeInjected(t *testing.T) {
	for _, evil := range []string{"a\r\nBcc: victim@example.cn", "a\nBcc: victim@example.cn", "a\rBcc: x", "\r\n\r\nbody", "a\x00b", "=?utf-8?B?DQpCY2M6IHhAeS5jbg==?=", "\u2028Bcc: x", strings.Repeat("很长", 200), `"><@,;:()`} {
		p := newPost(t, nil)
		l := mailLetter()
		l.Subject = evil
		if _, err := p.provider(func(c *channel.SMTPConfig) { c.Settings.FromName = evil }).Send(ctx, l); err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
		parsed, err := mail.ReadMessage(strings.NewReader(p.mails[0]))
		if err != nil || parsed.Header.Get("Bcc") != "" || len(parsed.Header) != 11 {
			t.Errorf("%q: %v %v", evil, parsed, err)
			continue
		}
		if from, err := parsed.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Address != "noreply@example.gov.cn" {
			t.Errorf("%q: %v %v", evil, from, err)
		}
		for line := range strings.SplitSeq(p.mails[0], "\r\n") {
			if len(line) > 200 {
				t.Errorf("%q: a line of %d octets", evil, len(line))
			}
		}
		for _, to := range []string{"zhang@example.cn\r\nDATA", "a@b.cn> <c@d.cn", "a b@c.cn", ""} {
			l := mailLetter()
			l.To = to
			if _, err := p.provider(nil).Send(ctx, l); !errors.Is(err, channel.ErrUnsent) {
				t.Errorf("%q is written to: %v", to, err)
			}
		}
	}
}
