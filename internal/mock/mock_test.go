package mock_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/mock"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// start runs a mock until the test ends and gives its report.
func start(t *testing.T, o mock.Options) mock.Report {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	o.Stdout, o.Stderr, o.Log = write, io.Discard, slog.New(slog.DiscardHandler)
	done := make(chan error, 1)
	go func() {
		err := mock.Run(ctx, o)
		write.CloseWithError(err)
		done <- err
	}()
	line, err := bufio.NewReader(read).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the mock ended with %v", err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("the mock left %v, %v", left, err)
		}
	})
	var report mock.Report
	if err := json.Unmarshal(line, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func open(t *testing.T, b *walk.Browser, address string) {
	t.Helper()
	if err := b.Open(context.Background(), address); err != nil {
		t.Fatal(err)
	}
}

func submit(t *testing.T, b *walk.Browser, fields map[string]string) {
	t.Helper()
	if err := b.Submit(context.Background(), fields); err != nil {
		t.Fatal(err)
	}
}

func follow(t *testing.T, b *walk.Browser, id string) {
	t.Helper()
	address, ok := b.Page.Link(id)
	if !ok {
		t.Fatalf("no link %s on %s: %s", id, b.Page.URL, b.Page.Text)
	}
	open(t, b, address)
}

// Each peer signs a person in, one login does for all, and one logout ends them all: also the province's.
func TestPeersOfTheMockSignInAndOut(t *testing.T) {
	report := start(t, mock.Options{})
	b := walk.New(nil)
	open(t, b, report.Peers.CAS)
	follow(t, b, "login")
	if !strings.Contains(b.Page.Text, "省统一身份认证平台") {
		t.Fatalf("no button of the province: %s", b.Page.Text)
	}
	open(t, b, report.Issuer+"/federation/province/start?flow="+b.Page.URL.Query().Get("flow"))
	var upper mock.Person
	for _, p := range report.Personas {
		if p.At == report.Peers.Upstream {
			upper = p
		}
	}
	submit(t, b, map[string]string{"login-identifier": upper.Identifier, "login-password": upper.Password})
	submit(t, b, map[string]string{"consent": "allow"}) // at the province
	submit(t, b, map[string]string{"consent": "allow"}) // here
	if !strings.HasPrefix(b.Page.URL.String(), report.Peers.CAS) || b.Page.TextOf("field-name") != upper.Name || b.Page.TextOf("field-ial") != "2" {
		t.Fatalf("CAS ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	open(t, b, report.Peers.Ticket)
	follow(t, b, "login")
	submit(t, b, map[string]string{"consent": "allow"})
	submit(t, b, map[string]string{"ticket": b.Page.Hidden("ticket")})
	if !strings.HasPrefix(b.Page.URL.String(), report.Peers.Ticket) || b.Page.TextOf("field-name") != upper.Name || b.Page.TextOf("field-ial") != "L2" {
		t.Fatalf("the ticket ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	open(t, b, report.Peers.Upstream+"/logout")
	submit(t, b, map[string]string{"logout-confirm": "1"})
	for _, portal := range []string{report.Peers.CAS, report.Peers.Ticket} {
		for n := 0; ; n++ {
			if open(t, b, portal); b.Page.Has("signed-out") {
				break
			}
			if n == 100 {
				t.Fatalf("%s was not told of the province's logout", portal)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func TestMockStaysOnLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "nonsense"} {
		if err := mock.Run(context.Background(), mock.Options{Listen: address, Stdout: io.Discard, Stderr: io.Discard}); err == nil {
			t.Errorf("it listened on %s", address)
		}
	}
}

// The province also plays a platform that knows tickets alone.
func TestMockSignsInByATicketOfTheCity(t *testing.T) {
	report := start(t, mock.Options{})
	b := walk.New(nil)
	open(t, b, report.Issuer+"/federation/city/start")
	for _, p := range report.Personas {
		if p.At == report.Peers.Upstream {
			submit(t, b, map[string]string{"login-identifier": p.Identifier, "login-password": p.Password})
		}
	}
	submit(t, b, map[string]string{"consent": "allow"})
	submit(t, b, map[string]string{"ticket": b.Page.Hidden("ticket")})
	if b.Page.URL.String() != report.Issuer+"/me" || !strings.Contains(b.Page.TextOf("identity"), "中级实名") {
		t.Fatalf("the ticket ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	open(t, b, report.Peers.Upstream+"/logout")
	submit(t, b, map[string]string{"logout-confirm": "1"})
	for n := 0; ; n++ {
		if open(t, b, report.Issuer+"/me"); b.Page.Has("login-password") {
			break
		}
		if n == 100 {
			t.Fatal("the city's logout did not arrive")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestChannelsAnswer: the simulated provider and mail server are where the report says, and take nothing from strangers.
func TestChannelsAnswer(t *testing.T) {
	c := start(t, mock.Options{}).Channels
	if !c.Simulator || !strings.Contains(c.MailRoot, "BEGIN CERTIFICATE") || c.SMSSecret == "" || c.MailPassword == "" {
		t.Fatalf("%+v", c)
	}
	answer, err := http.Post(c.SMS, "application/json", strings.NewReader(`{"template":"T","phone":"13900139000","params":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned message: %d", answer.StatusCode)
	}
	client, err := smtp.Dial(c.Mail)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(c.MailRoot)) {
		t.Fatal("the root cannot be read")
	}
	if err := client.StartTLS(&tls.Config{RootCAs: roots, ServerName: "localhost"}); err != nil {
		t.Fatal(err)
	}
	if err := client.Mail("a@example.cn"); err == nil {
		t.Error("it takes mail from who did not authenticate")
	}
	if err := client.Auth(smtp.PlainAuth("", c.MailUser, c.MailPassword, "localhost")); err != nil {
		t.Error(err)
	}
	if answer, err = http.Get(c.Messages); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if content, err := io.ReadAll(answer.Body); err != nil || strings.TrimSpace(string(content)) != "[]" {
		t.Errorf("%s %v", content, err)
	}
}
