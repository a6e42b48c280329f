package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// imported is an account with a number and an address, made by an import, whose person is signed in.
func imported(t *testing.T, p *apptest.Platform, number, address string) *walk.Browser {
	t.Helper()
	system := adminToken(t, p, idp.RoleSystemAdmin)
	started := call(t, p, http.MethodPost, "/api/v1/account-imports", system, map[string]any{"reason": "旧门户下线", "source": "old", "format": "csv",
		"content": "external_id,mobile,email,password_hash\nu" + number + "," + number + "," + address + ",md5$salt$a71dbbbf5271f1d7303eaa90c3ea791c\n"})
	eventually(t, "the end of the import", func() bool {
		return p.Get("/api/v1/account-imports/"+started.String("id"), system).String("state") == "finished"
	})
	b := walk.New(nil)
	if page := submit(t, b, p.URL+"/login", map[string]string{"login-identifier": number, "login-password": "Password-1"}); page.URL.Path != "/me" {
		t.Fatalf("%d %s %s", page.Status, page.URL, started.Text)
	}
	return b
}

// TestReceiptsOfMessages: what a provider reports of an SMS is taken from the provider alone, counted once, shown as figures without anybody's name,
// and a notice that did not arrive goes on by mail.
func TestReceiptsOfMessages(t *testing.T) {
	var mutex sync.Mutex
	var taken []string // templates, in order
	carrier := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m map[string]string
		json.NewDecoder(r.Body).Decode(&m)
		mutex.Lock()
		defer mutex.Unlock()
		taken = append(taken, m["message"])
		if strings.HasSuffix(m["to"], "404") {
			io.WriteString(w, `{"code":404}`)
			return
		}
		io.WriteString(w, `{"code":0,"id":"serial-`+m["to"][1:]+`"}`)
	}))
	defer carrier.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a-secret-of-receipts\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Channels.SMS = []channel.ProviderSettings{{Name: "carrier", HTTP: channel.HTTPSettings{URL: carrier.URL, Body: map[string]any{"to": "{to}", "message": "{message}"},
		Success:  channel.Success{Field: "code", Values: []string{"0"}, Refused: []string{"404"}, Reference: "id"},
		Receipts: channel.ReceiptSettings{Secret: secret, Reference: "id", State: "state", Delivered: []string{"DELIVRD"}, Failed: []string{"UNDELIV"}, Answer: "ok"}}}}
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(carrier.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	report := func(path, body string) apptest.Answer {
		t.Helper()
		r, _ := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return p.Do(r)
	}
	const hook = "/hooks/messages/carrier/a-secret-of-receipts"
	const failed = `{"id":"serial-8613900000801","state":"UNDELIV"}`
	for path, want := range map[string]int{"/hooks/messages/carrier": http.StatusNotFound, "/hooks/messages/carrier/another-secret-of": http.StatusNotFound, "/hooks/messages/nobody/a-secret-of-receipts": http.StatusNotFound} {
		if a := report(path, failed); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Text)
		}
	}
	if a := report(hook, `{"id":1}`); a.Status != http.StatusBadRequest {
		t.Errorf("no report: %d", a.Status)
	}
	if a := report(hook, "["+strings.Repeat(" ", channel.MaxReportBody)+"]"); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body too large: %d", a.Status)
	}
	asks := func(b *walk.Browser, template string) {
		t.Helper()
		mutex.Lock()
		before := len(taken)
		mutex.Unlock()
		if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		eventually(t, "an SMS of "+template, func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			return len(taken) > before && taken[len(taken)-1] == template
		})
	}
	b := imported(t, p, "13900000801", "person@example.gov.cn")
	asks(b, channel.TemplateExport)
	if a := report(hook, failed); a.Status != http.StatusOK || a.Text != "ok" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if text := messageTo(t, p, "person@example.gov.cn", "副本"); !strings.Contains(text, "副本") {
		t.Errorf("the mail says %q", text)
	}
	for range 2 {
		report(hook, failed)
		report(hook, `{"id":"serial-8613900000801","state":"DELIVRD"}`)
	}
	report(hook, `[{"id":"serial-of-nothing","state":"ENROUTE"}]`)
	metrics := metricsOf(t, p)
	for _, want := range []string{`yinxin_message_receipts_total{provider="carrier",state="failed"} 1`, `yinxin_message_receipts_total{provider="carrier",state="unknown"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(metrics, `receipts_total{provider="carrier",state="delivered"}`) {
		t.Error("a report that came later counts")
	}
	if n := len(audited(t, p, "notice.by_mail_instead")); n != 1 {
		t.Errorf("%d notices went on", n)
	}
	// A recipient whom the provider refuses is told by mail at once.
	other := imported(t, p, "13900000404", "other@example.gov.cn")
	asks(other, channel.TemplateExport)
	if text := messageTo(t, p, "other@example.gov.cn", "副本"); !strings.Contains(text, "副本") {
		t.Errorf("the mail says %q", text)
	}
	auditor := adminToken(t, p, idp.RoleAuditAdmin)
	var figures []map[string]any
	eventually(t, "the figures of both providers", func() bool { // a mail is in the inbox before its receipt is kept
		figures = items(t, p.Get("/api/v1/message-figures", auditor))
		found := map[string]map[string]any{}
		for _, f := range figures {
			found[f["provider"].(string)] = f
		}
		carrier, simulated := found["carrier"], found["simulated"]
		return carrier != nil && carrier["failed"] == 1.0 && carrier["refused"] == 1.0 && carrier["delivered"] == 0.0 && carrier["day"] == channel.Day(p.Now()) &&
			simulated != nil && simulated["delivered"] == simulated["sent"]
	})
	if a := p.Get("/api/v1/message-figures?after=x", auditor); a.Status != http.StatusBadRequest {
		t.Errorf("another cursor: %d", a.Status)
	}
	if page := p.Get("/api/v1/message-figures?limit=1", auditor); len(items(t, page)) != 1 || len(items(t, p.Get("/api/v1/message-figures?after="+page.String("next"), auditor))) != len(figures)-1 {
		t.Errorf("%s", page.Text)
	}
	p.Persona("13800138051", "", 0, idp.RoleAuditAdmin)
	console := p.SignInStaff("13800138051")
	if err := console.Open(context.Background(), p.URL+"/admin/messages"); err != nil || !strings.Contains(console.Page.Text, "carrier") || strings.Contains(console.Page.Text, "13900000801") {
		t.Errorf("%v %s", err, console.Page.Text)
	}
	if log := p.Log.String(); strings.Contains(log, "a-secret-of-receipts") || strings.Contains(log, "13900000801") || strings.Contains(log, "serial-86") {
		t.Error("the log holds the secret or a number")
	}
}
