package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestOnePersonAsksAnother: somebody who is signed in asks, the holder opens the code of the request, signs in, sees who asks and what is shown, and answers; the
// asker's form alone takes the answer and shows the fields.
func TestOnePersonAsksAnother(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	const other = "13800138004"
	p.Persona(mobile, "", 0)
	p.Persona(other, "李四", 2)
	holder := p.SignIn(mobile)
	submit(t, holder, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	id, _ := issued(t, p)
	eventually(t, "the licence is not delivered", func() bool {
		open(t, holder, p.URL+"/me/licenses")
		return strings.Contains(holder.Page.Source, id)
	})
	asker := p.SignIn(other)
	page := submit(t, asker, p.URL+"/verify/ask", map[string]string{"profile": "m", "purpose_code": "04", "ask-name": "1"})
	text := asker.Page.URL.Query().Get("ask")
	challenge := page.Hidden("verify-challenge")
	if page.Status != http.StatusOK || text == "" || challenge == "" || !strings.Contains(page.Text, "李*") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	address := p.URL + "/me/license-requests?ask=" + url.QueryEscape(text)
	stranger := walk.New(nil)
	open(t, stranger, address)
	if path := stranger.Page.URL.Path; path != "/login" || !strings.Contains(stranger.Page.URL.RawQuery+stranger.Page.Source, "license-requests") {
		t.Errorf("who is not signed in is led to %s", stranger.Page.URL)
	}
	open(t, holder, address)
	if !strings.Contains(holder.Page.Text, "李*") || !strings.Contains(holder.Page.Text, "住房公积金业务") || !strings.Contains(holder.Page.Source, "/me/licenses/"+id+"/answer?") {
		t.Fatalf("the holder reads %s", holder.Page.Text)
	}
	open(t, holder, p.URL+"/me/licenses/"+id+"/answer?ask="+url.QueryEscape(text))
	if !strings.Contains(holder.Page.Text, "对方将看到") {
		t.Fatalf("%s", holder.Page.Text)
	}
	submit(t, holder, p.URL+"/me/licenses/"+id+"/answer?ask="+url.QueryEscape(text), map[string]string{"answer-show": "1"})
	code := holder.Page.TextOf("presentation-code")
	if !strings.HasPrefix(code, "LZ1:") {
		t.Fatalf("the code is %q: %d %s", code, holder.Page.Status, holder.Page.Text)
	}
	if a := call(t, p, http.MethodPost, "/api/v1/verifications", "", map[string]any{"code": code, "challenge": "AAAAAAAAAAA"}); a.Status != http.StatusOK || !strings.Contains(a.Text, `"V41"`) || strings.Contains(a.Text, `"shown"`) {
		t.Errorf("at another asker: %d %s", a.Status, a.Text)
	}
	a := call(t, p, http.MethodPost, "/api/v1/verifications", "", map[string]any{"code": code, "challenge": challenge})
	if a.Status != http.StatusOK || !strings.Contains(a.Text, `"V00"`) || !strings.Contains(a.Text, `"shown"`) {
		t.Errorf("at the asker: %d %s", a.Status, a.Text)
	}
	made := call(t, p, http.MethodPost, "/api/v1/license-requests", "", map[string]any{"profile": "m"})
	if made.Status != http.StatusOK || made.String("who") != "" || made.String("request") == "" {
		t.Errorf("by nobody: %d %s", made.Status, made.Text)
	}
}
