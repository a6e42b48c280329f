package channel_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// said reads the next line of an outside server.
func said(t *testing.T, lines *bufio.Scanner, into any) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("the server said no more: %v", lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), into); err != nil {
		t.Fatalf("%v: %s", err, lines.Text())
	}
}

// TestMailServerOfOthersReadsOurMail sends to aiosmtpd, which demands STARTTLS and authentication, and compares what the
// e-mail package of Python reads.
func TestMailServerOfOthersReadsOurMail(t *testing.T) {
	certificate, key := selfSigned(t)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	folder := t.TempDir()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile := write("cert.pem", "CERTIFICATE", certificate.Raw), write("key.pem", "PRIVATE KEY", pkcs8)
	for mechanism, leftOut := range map[string]string{"PLAIN": "LOGIN", "LOGIN": "PLAIN"} {
		t.Run(mechanism, func(t *testing.T) {
			lines := testkit.StartPythonPeer(t, "mailserver.py", certFile, keyFile, "sender", "p@ss wörd", leftOut)
			var server struct{ Port int }
			said(t, lines, &server)
			provider := func(password string) *channel.SMTPProvider {
				return channel.NewSMTP(channel.SMTPConfig{Password: password, TLS: &tls.Config{RootCAs: pool}, Now: func() time.Time { return start }, Rand: ident.System(),
					Settings: channel.SMTPSettings{Host: "localhost", Port: server.Port, From: "noreply@example.gov.cn", FromName: "示例市一网通办", User: "sender"},
					Dialer:   outbound.New(outbound.Config{Allowed: []string{net.JoinHostPort("localhost", strconv.Itoa(server.Port))}})})
			}
			reference, err := provider("p@ss wörd").Send(ctx, mailLetter())
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				TLS       bool       `json:"tls"`
				Mechanism string     `json:"mechanism"`
				MailFrom  string     `json:"mail_from"`
				RcptTo    []string   `json:"rcpt_to"`
				From      [][]string `json:"from"`
				To        []string   `json:"to"`
				Subject   string     `json:"subject"`
				MessageID string     `json:"message_id"`
				Date      time.Time  `json:"date"`
				Body      string     `json:"body"`
				Defects   []string   `json:"defects"`
			}
			said(t, lines, &got)
			if !got.TLS || got.Mechanism != mechanism || got.MailFrom != "noreply@example.gov.cn" || !slices.Equal(got.RcptTo, []string{"zhang@example.cn"}) {
				t.Errorf("the envelope: %+v", got)
			}
			if len(got.From) != 1 || !slices.Equal(got.From[0], []string{"示例市一网通办", "noreply@example.gov.cn"}) || !slices.Equal(got.To, got.RcptTo) ||
				got.Subject != "示例市一网通办：验证码" || got.MessageID != reference || !got.Date.Equal(start) || len(got.Defects) > 0 {
				t.Errorf("the headers: %+v", got)
			}
			if got.Body != "您的验证码是 482913。\r\n\r\n.一行以点开头\r\n" {
				t.Errorf("the body: %q", got.Body)
			}
			if _, err := provider("wrong").Send(ctx, mailLetter()); !errors.Is(err, channel.ErrUnsent) {
				t.Errorf("a wrong password: %v", err)
			}
			unknown := mailLetter()
			unknown.To = "nobody@example.cn"
			if _, err := provider("p@ss wörd").Send(ctx, unknown); !errors.Is(err, channel.ErrRefused) {
				t.Errorf("an unknown mailbox: %v", err)
			}
		})
	}
}
