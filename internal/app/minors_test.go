package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestChildBelowFourteenIsLedToTheGuardian: the page of registration says who registers a child, and a child that registered by
// itself proves nothing: it is told the way, and nothing was asked of a source or kept.
func TestChildBelowFourteenIsLedToTheGuardian(t *testing.T) {
	ctx := context.Background()
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	visitor := walk.New(nil)
	if err := visitor.Open(ctx, p.URL+"/register"); err != nil || !visitor.Page.Has("register-guardian") || !strings.Contains(visitor.Page.TextOf("register-minor"), "未满 14 周岁") || !strings.Contains(visitor.Page.TextOf("register-minor"), "窗口") {
		t.Fatalf("%v %s", err, visitor.Page.Text)
	}
	if err := visitor.Open(ctx, p.URL+"/login/code"); err != nil || visitor.Page.Has("register-guardian") {
		t.Errorf("signing in by code speaks of registering: %v", err)
	}
	const phone = "13800138061"
	p.Persona(phone, "", 0)
	b := p.SignIn(phone)
	page := submit(t, b, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "李小宝", "proofing-number": "999900202006070010"})
	if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "监护人登录自己的账号") || !strings.Contains(page.Text, "窗口") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	account := ownerOf(t, p, phone)
	if len(account.Proofs) != 0 {
		t.Errorf("the child proved %+v", account.Proofs)
	}
	// The guardian's way goes on afterwards: the number belongs to nobody.
	if _, err := p.App.Accounts.ByIdentity(ctx, "citizen_id", "999900202006070010"); err == nil {
		t.Error("the number was bound")
	}
}
