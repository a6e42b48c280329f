package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const holder, second = "13800138000", "13800138030"

// mergeSite has 张三, who holds the identity, and a second account of the same person.
func mergeSite(t *testing.T) *apptest.Platform {
	t.Helper()
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(holder, "张三", 2)
	p.Persona(second, "", 0)
	return p
}

// toMerge walks from the refused proof to the page that names the other account.
func toMerge(t *testing.T, p *apptest.Platform, b *walk.Browser) {
	t.Helper()
	page := submit(t, b, p.URL+"/proofing?ial=1", map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002X"})
	if page.Status != http.StatusConflict || !page.Has("merge-begin") || strings.Contains(page.Text, "138****8000") {
		t.Fatalf("%d: %s", page.Status, page.Text)
	}
	if err := b.Open(context.Background(), p.URL+"/merge"); err != nil {
		t.Fatal(err)
	}
}

func press(t *testing.T, b *walk.Browser, fields map[string]string) *walk.Page {
	t.Helper()
	if err := b.Submit(context.Background(), fields); err != nil {
		t.Fatal(err)
	}
	return b.Page
}

func ownerOf(t *testing.T, p *apptest.Platform, identifier string) idp.Account {
	t.Helper()
	a, err := p.App.Accounts.ByIdentifier(context.Background(), parsed(t, identifier))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTwoAccountsOfOnePersonBecomeOne(t *testing.T) {
	p := mergeSite(t)
	first, absorbed := ownerOf(t, p, holder), ownerOf(t, p, second)
	portal := p.Client(idp.Client{ClientID: "portal"})
	elsewhere := p.SignIn(second)
	answer := p.Redeem(portal, p.Code(elsewhere, portal, nil).Get("code"), nil)
	if answer.Status != http.StatusOK {
		t.Fatal(answer.Text)
	}
	b := p.SignIn(second)
	toMerge(t, p, b)
	if page := press(t, b, map[string]string{"merge-identifier": holder, "merge-password": "Wrong-password-1", "merge-by-password": "1"}); page.Status != http.StatusUnauthorized || !page.Has("merge-submit") {
		t.Errorf("a wrong password: %d %s", page.Status, page.Text)
	}
	page := press(t, b, map[string]string{"merge-identifier": holder, "merge-password": apptest.Password, "merge-by-password": "1"})
	if page.Status != http.StatusOK || !page.Has("merge-confirm") || !strings.Contains(page.TextOf("merge-plan"), "138****8000") || !strings.Contains(page.TextOf("merge-plan"), "138****8030") {
		t.Fatalf("%d: %s", page.Status, page.Text)
	}
	if ownerOf(t, p, second).ID != absorbed.ID {
		t.Fatal("it merged before the person agreed")
	}
	if page = press(t, b, map[string]string{"merge-confirm": "1"}); page.Status != http.StatusOK || !page.Has("merge-done") {
		t.Fatalf("%d: %s", page.Status, page.Text)
	}
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !strings.Contains(b.Page.TextOf("identity"), "中级实名") {
		t.Errorf("the person is not in the account that goes on: %v %s", err, b.Page.Text)
	}
	for _, identifier := range []string{holder, second} {
		if got := ownerOf(t, p, identifier).ID; got != first.ID {
			t.Errorf("%s leads to %s", identifier, got)
		}
	}
	if refreshed := p.Refresh(portal, answer.String("refresh_token")); refreshed.Status != http.StatusBadRequest || refreshed.String("error") != "invalid_grant" {
		t.Errorf("a token of the absorbed account: %d %s", refreshed.Status, refreshed.Text)
	}
	if err := elsewhere.Open(context.Background(), p.URL+"/me"); err != nil || elsewhere.Page.URL.Path != "/login" {
		t.Errorf("a session of the absorbed account lives on: %s", elsewhere.Page.URL)
	}
	// The old password opens nothing; the number opens the one account with its password.
	if again := p.SignIn(second); !strings.Contains(again.Page.TextOf("identity"), "张*") {
		t.Errorf("signed in with the second number: %s", again.Page.Text)
	}
	if text := inboxText(t, p, holder, "已并入"); text == "" {
		t.Error("the person was not told")
	}
	if strings.Contains(p.Log.String(), "11010519491231002X") {
		t.Error("the log holds the number")
	}
}

// inboxText waits for a message to somebody that holds a text.
func inboxText(t *testing.T, p *apptest.Platform, to, part string) string {
	t.Helper()
	for range 150 {
		answer := p.Get("/sandbox/inbox?to="+to, "")
		messages, _ := answer.Body["messages"].([]any)
		for _, one := range messages {
			if message, _ := one.(map[string]any); strings.Contains(message["text"].(string), part) {
				return message["text"].(string)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ""
}

func TestMergeByCodeFromTheAccountThatStays(t *testing.T) {
	p := mergeSite(t)
	b := p.SignIn(holder)
	if err := b.Open(context.Background(), p.URL+"/merge"); err != nil {
		t.Fatal(err)
	}
	if page := press(t, b, map[string]string{"merge-identifier": second, "merge-by-code": "1"}); !page.Has("otp-code") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if page := press(t, b, map[string]string{"otp-code": "000000"}); page.Status != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", page.Status)
	}
	if page := press(t, b, map[string]string{"otp-code": inbox(t, p, second)}); !page.Has("merge-confirm") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	stolen := b.Page.Hidden("merge-ticket")
	// What shows control of the other account is worth nothing in another session.
	p.Persona("13800138031", "", 0)
	thief := p.SignIn("13800138031")
	if err := thief.Open(context.Background(), p.URL+"/merge"); err != nil {
		t.Fatal(err)
	}
	if answer := postAs(t, p, thief, "/merge/confirm", "merge-ticket="+stolen); answer.Status != http.StatusUnauthorized {
		t.Errorf("a ticket of another session: %d", answer.Status)
	}
	for _, forged := range []string{"", "x", stolen + "x", "A" + stolen} {
		if answer := postAs(t, p, b, "/merge/confirm", "merge-ticket="+forged); answer.Status != http.StatusUnauthorized {
			t.Errorf("ticket %q: %d", forged, answer.Status)
		}
	}
	if page := press(t, b, map[string]string{"merge-confirm": "1"}); !page.Has("merge-done") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if ownerOf(t, p, second).ID != ownerOf(t, p, holder).ID {
		t.Error("they are two still")
	}
}

// TestMergeIsNoWayAroundASecondFactor (identity.md 7 rule 8): the password of an account does not open it by merging either.
func TestMergeIsNoWayAroundASecondFactor(t *testing.T) {
	p := mergeSite(t)
	addTOTP(t, p, p.SignIn(holder))
	b := p.SignIn(second)
	toMerge(t, p, b)
	page := press(t, b, map[string]string{"merge-identifier": holder, "merge-password": apptest.Password, "merge-by-password": "1"})
	if page.Status != http.StatusConflict || page.Has("merge-confirm") || !strings.Contains(page.Text, "第二重验证") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	if ownerOf(t, p, second).ID == ownerOf(t, p, holder).ID {
		t.Error("they are one")
	}
}

// postAs sends a form with the cookies of a browser.
func postAs(t *testing.T, p *apptest.Platform, b *walk.Browser, path, form string) apptest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	b.Lend(request)
	return p.Do(request)
}

func TestMergeNeedsAFreshLogin(t *testing.T) {
	p := mergeSite(t)
	b := p.SignIn(holder)
	p.Advance(6 * time.Minute)
	if err := b.Open(context.Background(), p.URL+"/merge"); err != nil {
		t.Fatal(err)
	}
	if b.Page.Status != http.StatusUnauthorized || !b.Page.Has("merge-login") {
		t.Errorf("%d %s", b.Page.Status, b.Page.Text)
	}
	if answer := postAs(t, p, b, "/merge", "merge-identifier="+second+"&merge-password="+apptest.Password); answer.Status != http.StatusUnauthorized {
		t.Errorf("%d", answer.Status)
	}
	nobody := walk.New(nil)
	if err := nobody.Open(context.Background(), p.URL+"/merge"); err != nil || nobody.Page.URL.Path != "/login" {
		t.Errorf("nobody: %v %s", err, nobody.Page.URL)
	}
}

func parsed(t *testing.T, text string) subject.Identifier {
	t.Helper()
	identifier, err := subject.ParseIdentifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return identifier
}
