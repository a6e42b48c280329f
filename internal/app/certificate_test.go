package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"math/big"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/idp/proofing/certificate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ownNumber is that of 李四 in the sandbox's register, and ownMobile the mobile number.
const (
	ownNumber = "99990019800101001X"
	ownMobile = "13800138001"
)

// TestCertificateLogin binds a certificate on the pages and signs in with it, typed and as files, against the files of the
// configuration; once it stands on the revocation list it opens nothing.
func TestCertificateLogin(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	now := time.Now().UTC().Truncate(time.Second)
	newKey := func() *sm2.PrivateKey {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	rootKey, key := newKey(), newKey()
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "机构根"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(9, 0, 0)}, nil, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	own, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, Subject: pki.Subject{CommonName: "李四", OrganizationalUnit: "SF" + ownNumber}, PublicKey: &key.PublicKey, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0)}, root, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	crl := func(entries ...pki.CRLEntry) []byte {
		list, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(int64(1 + len(entries))), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.AddDate(1, 0, 0), Entries: entries}, root, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		return list.EncodePEM()
	}
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Login = app.Login{CertificateTrustFile: file("trust.pem", root.EncodePEM()), CertificateCRLFiles: []string{file("authority.crl", crl())}, CertificateHardware: true}
	cfg.Proofing.Certificates = []certificate.Authority{{Issuer: root.Subject.String(), Hardware: true, Number: []certificate.Place{{Attribute: "2.5.4.11", Prefix: "SF"}}}}
	p := apptest.StartWith(t, cfg)
	p.Persona(ownMobile, "李四", 2)
	ctx := context.Background()
	answer := func(b *walk.Browser) map[string]string {
		t.Helper()
		signature, err := key.Sign(rand.Reader, []byte(b.Page.TextOf("certificate-challenge")), sm2.DefaultSM2SignerOpts)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"certificate": string(own.EncodePEM()), "signature": base64.StdEncoding.EncodeToString(signature)}
	}
	b := p.SignIn(ownMobile)
	if err := b.Open(ctx, p.URL+"/me/security/certificate"); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(ctx, answer(b)); err != nil || !b.Page.Has("recovery-codes") {
		t.Fatalf("binding: %v, %s", err, b.Page.Text)
	}
	t.Run("as a proof of who one is", func(t *testing.T) {
		page := func(b *walk.Browser) *walk.Page {
			t.Helper()
			if err := b.Open(ctx, p.URL+"/proofing/certificate"); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(ctx, answer(b)); err != nil {
				t.Fatal(err)
			}
			return b.Page
		}
		p.Persona("13800138000", "张三", 2)
		other := p.SignIn("13800138000")
		if got := page(other); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text, "不是您已核验的身份") {
			t.Errorf("somebody else's certificate: %d %s", got.Status, got.Text)
		}
		if tier := tierOf(t, p, other); !strings.Contains(tier, "中级实名") {
			t.Errorf("%s", tier)
		}
		if got := page(b); !got.Has("proofing-outcome") {
			t.Errorf("the own certificate: %d %s", got.Status, got.Text)
		}
		if tier := tierOf(t, p, b); !strings.Contains(tier, "现场") {
			t.Errorf("%s", tier)
		}
	})
	t.Run("typed", func(t *testing.T) {
		b := walk.New(nil)
		if err := b.Open(ctx, p.URL+"/login/certificate"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, answer(b)); err != nil || !b.Page.Has("identity") {
			t.Fatalf("%v, %s", err, b.Page.Text)
		}
	})
	t.Run("as files", func(t *testing.T) {
		b := walk.New(nil)
		if err := b.Open(ctx, p.URL+"/login/certificate"); err != nil {
			t.Fatal(err)
		}
		given := answer(b)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		form.WriteField("step", b.Page.Hidden("step"))
		for _, name := range []string{"certificate", "signature"} {
			part, err := form.CreateFormFile(name+"-file", name)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(part, given[name])
		}
		form.Close()
		request, _ := http.NewRequest(http.MethodPost, p.URL+"/login/certificate", &body)
		request.Header.Set("Content-Type", form.FormDataContentType())
		request.Header.Set("Origin", p.URL)
		b.Lend(request)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/me" {
			t.Errorf("%d to %s", response.StatusCode, response.Header.Get("Location"))
		}
	})
	t.Run("revoked", func(t *testing.T) {
		file("authority.crl", crl(pki.CRLEntry{Serial: own.Serial, RevokedAt: now.Add(-time.Minute)}))
		p.Advance(2 * time.Minute)
		b := walk.New(nil)
		if err := b.Open(ctx, p.URL+"/login/certificate"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, answer(b)); err != nil || b.Page.Status != http.StatusUnauthorized {
			t.Fatalf("%v, %d %s", err, b.Page.Status, b.Page.Text)
		}
	})
	t.Run("a list that cannot be read is an outage", func(t *testing.T) {
		file("authority.crl", []byte("no list"))
		p.Advance(2 * time.Minute)
		b := walk.New(nil)
		if err := b.Open(ctx, p.URL+"/login/certificate"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, answer(b)); err != nil || b.Page.Status != http.StatusServiceUnavailable {
			t.Fatalf("%v, %d %s", err, b.Page.Status, b.Page.Text)
		}
	})
}

func TestLoginFilesThatDoNotHoldStopTheStart(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, login := range map[string]app.Login{
		"no metadata file":  {PasskeyMetadataFile: filepath.Join(folder, "none")},
		"broken metadata":   {PasskeyMetadataFile: broken},
		"no trust file":     {CertificateTrustFile: filepath.Join(folder, "none")},
		"broken trust file": {CertificateTrustFile: broken},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := apptest.NewConfig(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), t.TempDir())
			cfg.Issuer, cfg.Login = "http://localhost:1", login
			if platform, err := app.New(context.Background(), cfg, app.Options{Migrate: true}); err == nil {
				platform.Close()
				t.Error("it started")
			}
		})
	}
}
