package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys"
)

// eventually waits for what a worker does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func identifierOf(t *testing.T, text string) subject.Identifier {
	t.Helper()
	identifier, err := subject.ParseIdentifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return identifier
}

// open walks to a page.
func open(t *testing.T, b *walk.Browser, address string) {
	t.Helper()
	if err := b.Open(context.Background(), address); err != nil {
		t.Fatal(err)
	}
}

func told(p *apptest.Platform, to, text string) bool {
	return strings.Contains(p.Get("/sandbox/inbox?to="+to, "").Text, text)
}

// TestWhatStandsInTheWayOfADeletionLeadsToWhereItIsSettled: one line for each mandate and organisation, with who is on the other side.
func TestWhatStandsInTheWayOfADeletionLeadsToWhereItIsSettled(t *testing.T) {
	register := &steered{}
	p := apptest.StartOn(t, apptest.NewConfig(t, database(t), t.TempDir()), app.Options{Register: register})
	register.set(func(r *steered) { r.representative, r.state = "李四", mandate.Registered })
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 3)
	relatives, agent := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID
	given, received := give(t, p, agent, relatives, mandate.Terms{}), give(t, p, relatives, agent, mandate.Terms{})
	o, err := p.App.Mandates.Found(context.Background(), by(p, agent), "示例市青禾商贸有限公司", company)
	if err != nil {
		t.Fatal(err)
	}
	b := p.SignIn(helper)
	open(t, b, p.URL+"/me/data/deletion")
	for _, want := range []string{`href="/me/mandates/` + given.ID + `"`, `href="/me/mandates/` + received.ID + `"`, `href="/me/organisations/` + o.ID + `"`, "赵*", "示例市青禾商贸有限公司"} {
		if !strings.Contains(b.Page.Source, want) {
			t.Errorf("no %s on the page: %s", want, b.Page.Text)
		}
	}
	if strings.Contains(b.Page.Text, "赵奶奶") || b.Page.Has("deletion-submit") {
		t.Errorf("a whole name, or the way on: %s", b.Page.Text)
	}
}

// TestX12DeletionWithCoolOff: a new login, seven days in which one press undoes it, a final notice, and then nothing is left
// that tells who the person was, in copies of the rows neither.
func TestX12DeletionWithCoolOff(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(mobile, "李四", 2)
		c := p.Client(idp.Client{ClientID: "portal"})
		b := p.SignIn(mobile)
		page := p.URL + "/me/data/deletion"
		open(t, b, page)
		if !b.Page.Has("deletion-submit") {
			t.Fatalf("the page offers nothing: %s", b.Page.Text)
		}
		p.Advance(6 * time.Minute)
		if err := b.Submit(ctx, map[string]string{}); err != nil {
			t.Fatal(err)
		}
		open(t, b, page)
		if b.Page.Has("deletion-submit") || b.Page.Has("deletion-undo") || !b.Page.Has("deletion-signin") {
			t.Fatalf("an old login was enough: %s", b.Page.Text)
		}
		ask := func() {
			b = p.SignIn(mobile)
			request, err := http.NewRequest(http.MethodPost, page, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", p.URL)
			b.Lend(request)
			if answer := p.Do(request); answer.Status != http.StatusSeeOther {
				t.Fatalf("the request answered %d: %s", answer.Status, answer.Text)
			}
			open(t, b, page)
			if !b.Page.Has("deletion-undo") {
				t.Fatalf("there is nothing to undo: %s", b.Page.Text)
			}
		}
		ask()
		undo, err := http.NewRequest(http.MethodPost, page+"/undo", nil)
		if err != nil {
			t.Fatal(err)
		}
		undo.Header.Set("Origin", p.URL)
		b.Lend(undo)
		p.Do(undo)
		p.Advance(8 * 24 * time.Hour)
		time.Sleep(3 * time.Second)
		ask() // the account is there
		tokens := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		sub := apptest.Claims(t, tokens.String("id_token"))["sub"]
		identifier := identifierOf(t, mobile)
		before, err := p.App.Accounts.ByIdentifier(ctx, identifier)
		if err != nil || before.DataKey.IsZero() {
			t.Fatalf("the account has no key of its own: %v", err)
		}
		p.Advance(6*24*time.Hour + time.Hour)
		eventually(t, "no final notice", func() bool { return told(p, mobile, "此前登录仍可撤回") })
		if _, err := p.App.Accounts.Person(ctx, before.ID); err != nil {
			t.Fatalf("erased before its time: %v", err)
		}
		p.Advance(25 * time.Hour)
		eventually(t, "the account is not erased", func() bool {
			a, err := p.App.Accounts.Account(ctx, before.ID)
			return err == nil && a.State == idp.AccountErased
		})
		after, err := p.App.Accounts.Account(ctx, before.ID)
		if err != nil || len(after.Contacts)+len(after.Proofs) > 0 || after.PasswordHash != "" || !after.DataKey.IsZero() {
			t.Errorf("something is left: %+v, %v", after, err)
		}
		if _, err := p.App.Accounts.ByIdentifier(ctx, identifier); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("the number still finds somebody: %v", err)
		}
		backup := before // as a copy of the rows has it, whose keys were not copied with it
		backup.DataKey = keys.DataKey{}
		if _, err := p.App.Accounts.Open(ctx, backup); !errors.Is(err, keys.ErrDestroyed) {
			t.Errorf("a copy of the rows can be opened: %v", err)
		}
		if p.Active(c, tokens.String("access_token")) {
			t.Error("a token of the account is active")
		}
		if answer := p.Refresh(c, tokens.String("refresh_token")); answer.Status != http.StatusBadRequest {
			t.Errorf("refresh answered %d", answer.Status)
		}
		open(t, b, p.URL+"/me")
		if !b.Page.Has("login-submit") {
			t.Error("the session of the account goes on")
		}
		p.Persona(mobile, "李四", 2)
		again := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
		if apptest.Claims(t, again.String("id_token"))["sub"] == sub {
			t.Error("M-02 the subject of an erased account was given again")
		}
		if err := p.App.Accounts.SetState(ctx, before.ID, idp.AccountActive, "try"); err == nil {
			t.Error("a tombstone was brought back")
		}
	})
}
