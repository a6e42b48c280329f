package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

func post(t *testing.T, p *apptest.Platform, b *walk.Browser, path string) apptest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", p.URL)
	b.Lend(request)
	return p.Do(request)
}

// TestExportOfOnesOwnData: asked for with a fresh login, made in the background, told, signed, fetched with a fresh login only,
// destroyed after a week or at once; what it holds is the person's and nobody else's.
func TestExportOfOnesOwnData(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(mobile, "李四", 2)
		other := "+8613800138022"
		p.Persona(other, "王五", 2)
		c := p.Client(idp.Client{ClientID: "portal", ClientName: "市场监管", Scope: "openid profile phone"})
		b := p.SignIn(mobile)
		p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		file := p.URL + "/me/data/export.json"

		open(t, b, p.URL+"/me/data")
		if !b.Page.Has("data-submit") {
			t.Fatalf("the page offers nothing: %s", b.Page.Text)
		}
		p.Advance(6 * time.Minute)
		if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusForbidden || !strings.Contains(a.Text, "data-signin") {
			t.Fatalf("an old login was enough: %d", a.Status)
		}
		b = p.SignIn(mobile)
		if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusSeeOther {
			t.Fatalf("the request answered %d: %s", a.Status, a.Text)
		}
		if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusConflict {
			t.Errorf("a second request at once answered %d", a.Status)
		}
		eventually(t, "the copy is not told of", func() bool { return told(p, mobile, "副本已备好") })
		open(t, b, p.URL+"/me/data")
		if !b.Page.Has("data-file") || !b.Page.Has("data-signature") || !b.Page.Has("data-destroy") {
			t.Fatalf("the copy cannot be fetched: %s", b.Page.Text)
		}
		open(t, b, file)
		content := b.Page.Source
		var copied struct {
			Schema     string         `json:"schema"`
			Issuer     string         `json:"issuer"`
			Incomplete []string       `json:"incomplete_sections"`
			Sections   map[string]any `json:"sections"`
		}
		if err := json.Unmarshal([]byte(content), &copied); err != nil || copied.Schema != idp.ExportSchema || copied.Issuer != p.URL || len(copied.Incomplete) != 0 {
			t.Fatalf("%v: %s", err, content)
		}
		for _, section := range []string{"account", "sign_in", "consents", "records", "questions", "mandates", "licenses"} {
			if copied.Sections[section] == nil {
				t.Errorf("section %s is missing", section)
			}
		}
		for _, want := range []string{"李四", mobile, "市场监管", `"consent_version": 1`} {
			if !strings.Contains(content, want) {
				t.Errorf("%q is not in the copy: %s", want, content)
			}
		}
		for _, never := range []string{"王五", other, "$argon2", "key_id", "sealed"} {
			if strings.Contains(content, never) {
				t.Errorf("%q is in the copy", never)
			}
		}
		open(t, b, file+".jws")
		claims := apptest.Claims(t, strings.TrimSpace(b.Page.Source))
		if sum := sha256.Sum256([]byte(content)); claims["sha-256"] != hex.EncodeToString(sum[:]) || claims["iss"] != p.URL || claims["schema"] != idp.ExportSchema {
			t.Errorf("the signature is over %v", claims)
		}

		// Nobody else, and not with a login that is old.
		stranger := p.SignIn(other)
		open(t, stranger, file)
		if stranger.Page.Status != http.StatusNotFound {
			t.Errorf("somebody without a copy was answered %d: %s", stranger.Page.Status, stranger.Page.Text)
		}
		p.Advance(6 * time.Minute)
		open(t, b, file)
		if b.Page.Status != http.StatusForbidden || strings.Contains(b.Page.Source, mobile) {
			t.Errorf("an old login fetched the copy: %d", b.Page.Status)
		}
		account, err := p.App.Accounts.ByIdentifier(ctx, identifierOf(t, mobile))
		if err != nil {
			t.Fatal(err)
		}
		if a := post(t, p, b, "/me/data/export/destruction"); a.Status != http.StatusSeeOther {
			t.Errorf("the destruction answered %d", a.Status)
		}
		b = p.SignIn(mobile)
		open(t, b, file)
		if b.Page.Status != http.StatusNotFound {
			t.Errorf("the copy of %s is there after its destruction: %d", account.ID, b.Page.Status)
		}
		if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusSeeOther {
			t.Fatalf("after the destruction the request answered %d: %s", a.Status, a.Text)
		}
		eventually(t, "the second copy is not made", func() bool {
			open(t, b, file)
			return b.Page.Status == http.StatusOK
		})
		p.Advance(7*24*time.Hour + time.Minute)
		b = p.SignIn(mobile)
		open(t, b, file)
		if b.Page.Status != http.StatusNotFound {
			t.Errorf("the copy can be fetched after a week: %d", b.Page.Status)
		}
	})
}

// TestOwnDataOverTheAPI: the ledger and the copy with the scope of their own, and with no other.
func TestOwnDataOverTheAPI(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		c := p.Client(idp.Client{ClientID: "wallet", ClientName: "随身办", Scope: "openid profile my_data"})
		redeem := func() string { return p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token") }
		token := redeem()
		if a := p.Get("/api/v1/me/records?limit=1", token); a.Status != http.StatusOK || !strings.Contains(a.Text, `"client_name":"随身办"`) || !strings.Contains(a.Text, `"channel":"token"`) || strings.Contains(a.Text, "李四") {
			t.Errorf("the ledger answered %d %s", a.Status, a.Text)
		}
		if a := p.Get("/api/v1/me/export", token); a.Status != http.StatusNotFound {
			t.Errorf("without a copy: %d %s", a.Status, a.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/me/export", token, nil); a.Status != http.StatusAccepted || a.String("state") != "waiting" {
			t.Fatalf("the request answered %d %s", a.Status, a.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/me/export", token, nil); a.Status != http.StatusConflict || a.String("code") != "YX-RGT-108" {
			t.Errorf("the second request answered %d %s", a.Status, a.Text)
		}
		eventually(t, "the copy is not made", func() bool { return p.Get("/api/v1/me/export", token).String("state") == "ready" })
		a := p.Get("/api/v1/me/export/file", token)
		if a.Status != http.StatusOK || a.String("schema") != idp.ExportSchema || !strings.Contains(a.Text, "李四") || apptest.Claims(t, a.Header.Get("Yinxin-Signature"))["sm3"] != p.Get("/api/v1/me/export", token).String("sm3") {
			t.Errorf("the file answered %d %s %q", a.Status, a.Text, a.Header.Get("Yinxin-Signature"))
		}
		p.Advance(6 * time.Minute)
		if a := p.Get("/api/v1/me/export/file", token); a.Status != http.StatusForbidden || a.String("code") != "YX-RGT-105" {
			t.Errorf("an old login fetched the copy: %d %s", a.Status, a.Text)
		}
		if a := p.Get("/api/v1/me/records", token); a.Status != http.StatusOK {
			t.Errorf("the ledger needs a fresh login: %d %s", a.Status, a.Text)
		}
	})
}
