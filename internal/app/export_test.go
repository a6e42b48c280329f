package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/digest"
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
		operatorSeal(t, p)

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

		// The same for people: under the seal of the operator, as anybody verifies it; nothing of it lies in the document store.
		open(t, b, p.URL+"/me/data/export.ofd")
		document := []byte(b.Page.Source)
		if b.Page.Status != http.StatusOK {
			t.Fatalf("the document answered %d: %s", b.Page.Status, b.Page.Text)
		}
		judged := verified(t, p, document)
		if judged.Verdict != verify.Valid || judged.Code != "V00" || len(judged.Signatures) != 1 || judged.Signatures[0].Seal.SealID != apptest.OperatorSeal || !judged.Coverage.Complete {
			t.Errorf("the document is %s %s: %+v", judged.Verdict, judged.Code, judged.Reasons)
		}
		shown := textOf(t, document)
		for _, want := range []string{"个人数据副本", "李四", mobile, "市场监管", digest.Hex([]byte(content))[32:], "使用记录", "手机号", "正常", "演示用户", "居民身份证", "密码", "办理所需"} {
			if !strings.Contains(shown, want) {
				t.Errorf("%q is not in the document", want)
			}
		}
		for _, never := range []string{"王五", other, "active", "mobile", "citizen_id", "pwd", "needed", "phone_number"} {
			if strings.Contains(shown, ">"+never) {
				t.Errorf("the document names somebody else, or a code instead of a word: %q", never)
			}
		}
		noBlobHolds(t, p, digest.Hex(document))

		// All of it in an archive that a passphrase opens, which is written nowhere.
		const passphrase = "lantern-orbit-pear-42"
		locked := func(one, again string) apptest.Answer {
			return postForm(t, p, b, "/me/data/export.zip", url.Values{"data-passphrase": {one}, "data-passphrase-again": {again}})
		}
		for name, a := range map[string]apptest.Answer{"short": locked("short", "short"), "two different": locked(passphrase, passphrase+"x"), "none": locked("", "")} {
			if a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Text, passphrase) || !strings.Contains(a.Text, "data-passphrase") {
				t.Errorf("%s: %d %s", name, a.Status, a.Text)
			}
		}
		sealed := locked(passphrase, passphrase)
		archive, err := zip.NewReader(strings.NewReader(sealed.Text), int64(len(sealed.Text)))
		if err != nil || sealed.Status != http.StatusOK || sealed.Header.Get("Content-Type") != "application/zip" || sealed.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("the archive answered %d: %v", sealed.Status, err)
		}
		if len(archive.File) != 3 || archive.File[0].Flags&1 == 0 || archive.File[0].UncompressedSize64 != uint64(len(content)) || archive.File[2].UncompressedSize64 != uint64(len(document)) {
			t.Errorf("the archive holds %+v", archive.File)
		}
		if strings.Contains(p.Log.String(), passphrase) {
			t.Error("the passphrase stands in the log")
		}

		// Nobody else, and not with a login that is old.
		stranger := p.SignIn(other)
		open(t, stranger, file)
		if stranger.Page.Status != http.StatusNotFound {
			t.Errorf("somebody without a copy was answered %d: %s", stranger.Page.Status, stranger.Page.Text)
		}
		p.Advance(6 * time.Minute)
		for _, one := range []string{file, p.URL + "/me/data/export.ofd"} {
			open(t, b, one)
			if b.Page.Status != http.StatusForbidden || strings.Contains(b.Page.Source, mobile) {
				t.Errorf("an old login fetched %s: %d", one, b.Page.Status)
			}
		}
		if a := locked(passphrase, passphrase); a.Status != http.StatusForbidden {
			t.Errorf("an old login fetched the archive: %d", a.Status)
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

// operatorSeal brings the seal of the operator into use.
func operatorSeal(t *testing.T, p *apptest.Platform) {
	t.Helper()
	id := ""
	for _, step := range []struct{ role, path, body string }{
		{esign.RoleKeeper, "seals", `{"seal_id":"` + apptest.OperatorSeal + `","owner":"一网通办","owner_code":"11370300MB0000000H"}`},
		{esign.RoleReviewer, "/approval", ""}, {esign.RoleMaker, "/making", ""}, {esign.RoleKeeper, "/activation", ""},
	} {
		path := "/api/v1/" + step.path
		if id != "" {
			path = "/api/v1/seals/" + id + step.path
		}
		c := p.Client(idp.Client{ClientID: "seal-" + strings.ReplaceAll(step.role, "_", "-"), GrantTypes: []string{"client_credentials"}, Scope: step.role})
		a := adminCall(t, p, c, http.MethodPost, path, step.body)
		if a.Status >= 300 {
			t.Fatalf("%s: %d %s", path, a.Status, a.Text)
		}
		if id == "" {
			id = a.String("id")
		}
	}
}

// verified is what anybody is told who asks the platform about a document.
func verified(t *testing.T, p *apptest.Platform, document []byte) verify.Result {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "copy.ofd")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(document)
	w.Close()
	request, err := http.NewRequest(http.MethodPost, p.URL+"/api/v1/verifications", &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	a := p.Do(request)
	var report verify.Report
	if err := json.Unmarshal([]byte(a.Text), &report); err != nil || len(report.Results) != 1 {
		t.Fatalf("%d %s: %v", a.Status, a.Text, err)
	}
	return report.Results[0]
}

// textOf is the text of all pages of a document.
func textOf(t *testing.T, document []byte) string {
	t.Helper()
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range p.Names() {
		if strings.HasSuffix(f, "/Content.xml") {
			content, err := p.Read(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
	}
	return all.String()
}

// noBlobHolds looks for a document in the document store.
func noBlobHolds(t *testing.T, p *apptest.Platform, address string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.Config.Blob.Dir, address[:2], address)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the document store holds %s: %v", address, err)
	}
}

func postForm(t *testing.T, p *apptest.Platform, b *walk.Browser, path string, form url.Values) apptest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", p.URL)
	b.Lend(request)
	return p.Do(request)
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
		// Without the seal of the operator there is no document, and the archive holds the rest.
		if a := p.Get("/api/v1/me/export/document", token); a.Status != http.StatusNotFound {
			t.Errorf("the document answered %d", a.Status)
		}
		archive := func(passphrase string) apptest.Answer {
			return call(t, p, http.MethodPost, "/api/v1/me/export/archive", token, map[string]any{"passphrase": passphrase})
		}
		if a := archive("short"); a.Status != http.StatusUnprocessableEntity || a.String("code") != "YX-RGT-168" {
			t.Errorf("a short passphrase: %d %s", a.Status, a.Text)
		}
		if a := archive("lantern-orbit-pear-42"); a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(a.Text, "PK") || strings.Contains(a.Text, "李四") {
			t.Errorf("the archive answered %d", a.Status)
		}
		p.Advance(6 * time.Minute)
		if a := archive("lantern-orbit-pear-42"); a.Status != http.StatusForbidden {
			t.Errorf("an old login fetched the archive: %d", a.Status)
		}
		if a := p.Get("/api/v1/me/export/file", token); a.Status != http.StatusForbidden || a.String("code") != "YX-RGT-105" {
			t.Errorf("an old login fetched the copy: %d %s", a.Status, a.Text)
		}
		if a := p.Get("/api/v1/me/records", token); a.Status != http.StatusOK {
			t.Errorf("the ledger needs a fresh login: %d %s", a.Status, a.Text)
		}
	})
}
