package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestAHolderFreezesLicences: a code that was shown is refused once its holder froze the licence, the holder is told, the card has nothing to use, and
// an old login ends no freeze.
func TestAHolderFreezesLicences(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(mobile, "", 0)
	b := p.SignIn(mobile)
	submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	id, _ := issued(t, p)
	c := p.Client(idp.Client{ClientID: "wallet", ClientName: "随身办", Scope: "openid licenses"})
	token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
	eventually(t, "the licence is not delivered", func() bool { return p.Get("/api/v1/licenses/"+id, token).Status == http.StatusOK })
	shown := call(t, p, http.MethodPost, "/api/v1/licenses/"+id+"/presentations", token, map[string]any{})
	freeze := func(path string) apptest.Answer {
		return call(t, p, http.MethodPost, "/api/v1/me/license-freezes"+path, token, map[string]any{"license": id})
	}
	if a := freeze(""); a.Status != http.StatusOK {
		t.Fatalf("the freeze answered %d %s", a.Status, a.Text)
	}
	if a := call(t, p, http.MethodPost, "/api/v1/verifications", "", map[string]any{"code": shown.String("code")}); a.Status != http.StatusConflict || a.String("code") != "YX-LIC-467" {
		t.Errorf("the scan answered %d %s", a.Status, a.Text)
	}
	if a := p.Get("/api/v1/licenses/"+id, token); a.Status != http.StatusConflict {
		t.Errorf("an application reads it: %d", a.Status)
	}
	if openPage(t, p, b, "/me"); !strings.Contains(b.Page.Text, "已冻结用证") || strings.Contains(b.Page.Text, "授权使用") {
		t.Errorf("the card can be used: %s", b.Page.Text)
	}
	if inboxText(t, p, mobile, "您的证照已冻结用证") == "" {
		t.Error("the holder is not told")
	}
	if a := freeze("/end"); a.Status != http.StatusNoContent {
		t.Errorf("the end answered %d %s", a.Status, a.Text)
	}
	if a := call(t, p, http.MethodPost, "/api/v1/verifications", "", map[string]any{"code": shown.String("code")}); a.Status != http.StatusOK {
		t.Errorf("the scan answered %d %s", a.Status, a.Text)
	}
	freeze("")
	p.Advance(6 * time.Minute)
	if a := freeze("/end"); a.Status != http.StatusForbidden || a.String("code") != "YX-RGT-105" {
		t.Errorf("an old login: %d %s", a.Status, a.Text)
	}
}
