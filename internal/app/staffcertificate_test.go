package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ukeys are an authority, its files for the configuration, and the certificates that it gave out.
type ukeys struct {
	t       *testing.T
	folder  string
	root    *pki.Certificate
	rootKey *sm2.PrivateKey
	now     time.Time
}

// ukey is a certificate with its key, as it lies in a U 盾.
type ukey struct {
	certificate *pki.Certificate
	key         *sm2.PrivateKey
}

func newUkeys(t *testing.T) *ukeys {
	t.Helper()
	u := &ukeys{t: t, folder: t.TempDir(), now: time.Now().UTC().Truncate(time.Second), rootKey: newSM2(t)}
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "机构根"}, NotBefore: u.now.AddDate(-1, 0, 0), NotAfter: u.now.AddDate(9, 0, 0)}, nil, u.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	u.root = root
	u.file("trust.pem", root.EncodePEM())
	u.revoke()
	return u
}

func newSM2(t *testing.T) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (u *ukeys) file(name string, content []byte) string {
	u.t.Helper()
	path := filepath.Join(u.folder, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		u.t.Fatal(err)
	}
	return path
}

// settings is the login of the configuration with this authority.
func (u *ukeys) settings() app.Login {
	return app.Login{CertificateTrustFile: filepath.Join(u.folder, "trust.pem"), CertificateCRLFiles: []string{filepath.Join(u.folder, "authority.crl")}, CertificateHardware: true}
}

func (u *ukeys) revoke(serials ...*big.Int) {
	u.t.Helper()
	template := pki.CRLTemplate{Number: big.NewInt(int64(1 + len(serials))), ThisUpdate: u.now.Add(-time.Hour), NextUpdate: u.now.AddDate(1, 0, 0)}
	for _, serial := range serials {
		template.Entries = append(template.Entries, pki.CRLEntry{Serial: serial, RevokedAt: u.now.Add(-time.Minute)})
	}
	list, err := pki.MakeCRL(rand.Reader, template, u.root, u.rootKey)
	if err != nil {
		u.t.Fatal(err)
	}
	u.file("authority.crl", list.EncodePEM())
}

func (u *ukeys) issue(name string) ukey {
	u.t.Helper()
	key := newSM2(u.t)
	certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, Subject: pki.Subject{CommonName: name}, PublicKey: &key.PublicKey, NotBefore: u.now.AddDate(0, -1, 0), NotAfter: u.now.AddDate(1, 0, 0)}, u.root, u.rootKey)
	if err != nil {
		u.t.Fatal(err)
	}
	return ukey{certificate, key}
}

// answer signs the challenge of the page.
func (k ukey) answer(t *testing.T, page *walk.Page) map[string]string {
	t.Helper()
	signature, err := k.key.Sign(rand.Reader, []byte(page.TextOf("certificate-challenge")), sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"certificate": string(k.certificate.EncodePEM()), "signature": base64.StdEncoding.EncodeToString(signature)}
}

func opened(t *testing.T, b *walk.Browser, address string) *walk.Page {
	t.Helper()
	open(t, b, address)
	return b.Page
}

// show opens a page of certificates and answers it.
func (k ukey) show(t *testing.T, b *walk.Browser, address string) *walk.Page {
	t.Helper()
	return press(t, b, k.answer(t, opened(t, b, address)))
}

// toSecondStep walks an enrolment to where the second factor is added.
func toSecondStep(t *testing.T, p *apptest.Platform, login, code string) *walk.Browser {
	t.Helper()
	b := walk.New(nil)
	submit(t, b, p.URL+"/staff/enrol", map[string]string{"login-identifier": login, "enrol-code": code})
	if page := press(t, b, map[string]string{"password-new": apptest.Password}); page.URL.Path != "/staff/enrol/second" {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	return b
}

// TestStaffSignInByCertificate: a U 盾 is the second factor of an enrolment and a way in, for one account of staff, in this realm only;
// what the citizens' page judges is judged here too.
func TestStaffSignInByCertificate(t *testing.T) {
	u := newUkeys(t)
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Login, cfg.Staff.SecondFactor = u.settings(), true
	p, ctx := apptest.StartWith(t, cfg), context.Background()
	codes, err := p.App.ApplyForCodes(ctx, app.Manifest{Staff: []app.Staff{
		{Login: "a001", Name: "王芳", Document: app.StaffDocument{Number: "110101199003074311"}, Roles: []string{idp.RoleSystemAdmin}},
		{Login: "a002", Name: "李强", Document: app.StaffDocument{Number: "11010119900307109X"}, Roles: []string{idp.RoleAuditAdmin}},
	}})
	if err != nil || len(codes) != 2 {
		t.Fatalf("%v %d", err, len(codes))
	}
	fang, qiang := u.issue("王芳"), u.issue("李强")
	b := toSecondStep(t, p, "a001", codes[0].Code)
	enrol := p.URL + strings.ReplaceAll(b.Page.Attribute("certificate-add", "href"), "&amp;", "&")
	if page := press(t, b, nil); page.Status < 400 { // no code
		t.Errorf("enrolled without a factor: %s", page.URL)
	}
	wrong := fang
	wrong.key = newSM2(t)
	if page := wrong.show(t, b, enrol); page.Status != http.StatusUnauthorized || !page.Has("certificate-challenge") {
		t.Errorf("another key: %d %s", page.Status, page.Text)
	}
	if page := fang.show(t, b, enrol); page.URL.Path != "/staff/login" || !strings.Contains(page.Text, "账号已启用") {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	b = toSecondStep(t, p, "a002", codes[1].Code)
	if page := fang.show(t, b, p.URL+b.Page.Attribute("certificate-add", "href")); page.Status != fault.MetaOf(fault.CredentialKnown).Status || !page.Has("certificate-challenge") {
		t.Errorf("the certificate of another account: %d %s", page.Status, page.Text)
	}
	if page := press(t, b, qiang.answer(t, b.Page)); page.URL.Path != "/staff/login" {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	in := func(k ukey) *walk.Browser {
		t.Helper()
		b := walk.New(nil)
		if page := k.show(t, b, p.URL+"/staff/login/certificate?next=%2Fadmin%2Fkeys"); page.URL.Path != "/admin/keys" || page.Status != http.StatusOK {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		return b
	}
	p.Advance(time.Minute)
	b = in(fang)
	if page := opened(t, b, p.URL+"/staff/security"); !strings.Contains(page.Text, "数字证书") || !page.Has("certificate-add") {
		t.Errorf("%s", page.Text)
	}
	removal := "remove-" + strings.Split(strings.SplitN(b.Page.Source, `id="remove-`, 2)[1], `"`)[0]
	if page := press(t, b, map[string]string{removal: "1"}); page.Status != fault.MetaOf(fault.CredentialLast).Status {
		t.Errorf("the last factor goes: %d %s", page.Status, page.Text)
	}
	if page := fang.show(t, b, p.URL+"/staff/security/certificate"); page.Status != fault.MetaOf(fault.CredentialKnown).Status {
		t.Errorf("bound twice: %d %s", page.Status, page.Text)
	}
	second := u.issue("王芳")
	if page := second.show(t, b, p.URL+"/staff/security/certificate"); page.URL.Path != "/staff/security" || page.Status != http.StatusOK {
		t.Errorf("a second one: %d %s", page.Status, page.Text)
	}
	t.Run("after the password", func(t *testing.T) {
		b := walk.New(nil)
		if p.StaffLogin(b, "a001"); b.Page.URL.Path != "/staff/login/second" || b.Page.Has("otp-code") || !b.Page.Has("second-certificate") {
			t.Fatalf("%s: %s", b.Page.URL, b.Page.Text)
		}
		if page := fang.show(t, b, p.URL+b.Page.Attribute("second-certificate", "href")); page.URL.Path != "/staff" {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
	t.Run("of one realm only", func(t *testing.T) {
		if page := fang.show(t, walk.New(nil), p.URL+"/login/certificate"); page.Status != http.StatusUnauthorized {
			t.Errorf("it signs a citizen in: %d %s", page.Status, page.URL)
		}
		p.Persona(mobile, "李四", 2)
		home, own := p.SignIn(mobile), u.issue("李四")
		if page := own.show(t, home, p.URL+"/me/security/certificate"); !page.Has("recovery-codes") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page := own.show(t, home, p.URL+"/staff/login/certificate"); page.Status != http.StatusUnauthorized {
			t.Errorf("a citizen's certificate signs staff in: %d %s", page.Status, page.URL)
		}
		// A step and a signature of one realm say nothing in the other, in one browser too.
		citizen := opened(t, home, p.URL+"/login/certificate")
		foreign, step := fang.answer(t, citizen), citizen.Hidden("step")
		staffPage := opened(t, home, p.URL+"/staff/login/certificate")
		if !strings.HasPrefix(staffPage.TextOf("certificate-challenge"), "yinxin-staff-certificate/1 ") {
			t.Errorf("%s", staffPage.TextOf("certificate-challenge"))
		}
		if page := press(t, home, map[string]string{"certificate": foreign["certificate"], "signature": foreign["signature"]}); page.Status != http.StatusUnauthorized {
			t.Errorf("a signature of the other realm: %d %s", page.Status, page.URL)
		}
		if page := press(t, home, map[string]string{"certificate": foreign["certificate"], "signature": foreign["signature"], "step": step}); page.Status != fault.MetaOf(fault.StepLost).Status {
			t.Errorf("a step of the other realm: %d %s", page.Status, page.URL)
		}
	})
	t.Run("of a suspended account", func(t *testing.T) {
		m := memberOf(t, p, "a002")
		admin := reqctx.WithActor(ctx, reqctx.Actor{ID: "client:ops", Rights: reqctx.Everywhere(idp.RoleSecurityAdmin)})
		if _, err := p.App.Members.Suspend(admin, m.ID); err != nil {
			t.Fatal(err)
		}
		if page := qiang.show(t, walk.New(nil), p.URL+"/staff/login/certificate"); page.Status != http.StatusUnauthorized {
			t.Errorf("%d %s", page.Status, page.URL)
		}
	})
	t.Run("revoked", func(t *testing.T) {
		u.revoke(fang.certificate.Serial)
		p.Advance(2 * time.Minute)
		if page := fang.show(t, walk.New(nil), p.URL+"/staff/login/certificate"); page.Status != http.StatusUnauthorized {
			t.Errorf("%d %s", page.Status, page.URL)
		}
		if page := second.show(t, walk.New(nil), p.URL+"/staff/login/certificate"); page.URL.Path != "/staff" {
			t.Errorf("the other one: %d %s", page.Status, page.Text)
		}
	})
	t.Run("without a list that can be read", func(t *testing.T) {
		u.file("authority.crl", []byte("no list"))
		p.Advance(2 * time.Minute)
		if page := second.show(t, walk.New(nil), p.URL+"/staff/login/certificate"); page.Status != http.StatusServiceUnavailable {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
}
