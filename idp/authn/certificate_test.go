package authn_test

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// certificateWorld is a world with an authority whose certificates log people in.
type certificateWorld struct {
	*idptest.World
	twin    *idptest.Twin
	service *authn.Certificates
	account idp.Account
	root    *pki.Certificate
	rootKey *sm2.PrivateKey
	trust   authn.CertificateTrust
	outage  error
}

func sm2Key(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func authority(t testing.TB, name string) (*pki.Certificate, *sm2.PrivateKey) {
	t.Helper()
	key := sm2Key(t)
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: name}, NotBefore: idptest.Start.AddDate(-1, 0, 0), NotAfter: idptest.Start.AddDate(10, 0, 0)}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return root, key
}

func certificates(t testing.TB) *certificateWorld {
	t.Helper()
	twin := idptest.NewTwin()
	w := &certificateWorld{World: idptest.NewWorld(t, twin), twin: twin}
	w.root, w.rootKey = authority(t, "机构根")
	w.trust.Roots = pki.NewPool(w.root)
	w.revoke(t)
	w.service = authn.NewCertificates(authn.CertificatesConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer,
		Trust: func(context.Context) (authn.CertificateTrust, error) { return w.trust, w.outage }})
	w.account = w.Account(t, "13800138000", "")
	return w
}

// revoke makes the list of the authority anew, with these certificates on it.
func (w *certificateWorld) revoke(t testing.TB, revoked ...*pki.Certificate) {
	t.Helper()
	template := pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: idptest.Start.Add(-time.Hour), NextUpdate: idptest.Start.AddDate(1, 0, 0)}
	for _, c := range revoked {
		template.Entries = append(template.Entries, pki.CRLEntry{Serial: c.Serial, RevokedAt: idptest.Start.Add(-time.Minute)})
	}
	list, err := pki.MakeCRL(rand.Reader, template, w.root, w.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	w.trust.CRLs = []*pki.CRL{list}
}

func (w *certificateWorld) issue(t testing.TB, from, to time.Time) (*pki.Certificate, *sm2.PrivateKey) {
	t.Helper()
	key := sm2Key(t)
	c, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, Subject: pki.Subject{CommonName: "李四"}, PublicKey: &key.PublicKey, NotBefore: from, NotAfter: to}, w.root, w.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func (w *certificateWorld) valid(t testing.TB) (*pki.Certificate, *sm2.PrivateKey) {
	return w.issue(t, idptest.Start.AddDate(0, -1, 0), idptest.Start.AddDate(1, 0, 0))
}

// encryption is the certificate of the pair that is for encryption.
func (w *certificateWorld) encryption(t testing.TB) (*pki.Certificate, *sm2.PrivateKey) {
	t.Helper()
	key := sm2Key(t)
	parent, err := smx509.ParseCertificate(w.root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(77), Subject: parent.Subject, NotBefore: idptest.Start.AddDate(0, -1, 0), NotAfter: idptest.Start.AddDate(1, 0, 0),
		KeyUsage: smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment}
	raw, err := smx509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, w.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pki.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func sign(t testing.TB, key *sm2.PrivateKey, text string) []byte {
	t.Helper()
	signature, err := key.Sign(rand.Reader, []byte(text), sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func (w *certificateWorld) enrol(t testing.TB, c *pki.Certificate, key *sm2.PrivateKey) ([]string, error) {
	t.Helper()
	challenge, err := w.service.BeginEnrolment(t.Context(), browserOne, w.account.ID)
	if err != nil {
		t.Fatal(err)
	}
	return w.service.Enrol(t.Context(), browserOne, w.account.ID, "U 盾", authn.CertificateAnswer{Step: challenge.Step, Certificate: c.EncodePEM(), Signature: sign(t, key, challenge.Text)})
}

func (w *certificateWorld) login(t testing.TB, c *pki.Certificate, key *sm2.PrivateKey) (idp.Login, error) {
	t.Helper()
	challenge, err := w.service.BeginLogin(t.Context(), browserOne, "flow_1")
	if err != nil {
		t.Fatal(err)
	}
	return w.service.Login(t.Context(), browserOne, "flow_1", authn.CertificateAnswer{Step: challenge.Step, Certificate: c.EncodePEM(), Signature: sign(t, key, challenge.Text)})
}

func TestCertificateIsBoundAndLogsIn(t *testing.T) {
	w := certificates(t)
	c, key := w.valid(t)
	if _, err := w.login(t, c, key); fault.CodeOf(err) != fault.CertificateRefused {
		t.Errorf("before it was bound: %v", err)
	}
	codes, err := w.enrol(t, c, key)
	if err != nil || len(codes) != authn.RecoveryCodes || len(w.twin.Messages(authn.TopicNotice)) != 2 {
		t.Fatalf("%v, %d codes, %d notices", err, len(codes), len(w.twin.Messages(authn.TopicNotice)))
	}
	for range 2 {
		login, err := w.login(t, c, key)
		if err != nil || login.AccountID != w.account.ID || login.AAL != 2 || !slices.Equal(login.Methods, []string{"swk", "pin"}) {
			t.Fatalf("%+v %v", login, err)
		}
	}
	t.Run("forms of the answer", func(t *testing.T) {
		for name, form := range map[string]func(certificate, signature []byte) ([]byte, []byte){
			"DER": func(c, s []byte) ([]byte, []byte) { return c, s },
			"Base64": func(c, s []byte) ([]byte, []byte) {
				return []byte(base64.StdEncoding.EncodeToString(c)), []byte(base64.StdEncoding.EncodeToString(s))
			},
			"hex signature": func(c, s []byte) ([]byte, []byte) { return c, []byte(hex.EncodeToString(s) + "\r\n") },
			"64 octets, r‖s": func(c, s []byte) ([]byte, []byte) {
				raw, _ := pki.SM2SignatureToRaw(s)
				return c, []byte(hex.EncodeToString(raw))
			},
		} {
			challenge, err := w.service.BeginLogin(t.Context(), browserOne, "")
			if err != nil {
				t.Fatal(err)
			}
			answer := authn.CertificateAnswer{Step: challenge.Step}
			answer.Certificate, answer.Signature = form(c.Raw, sign(t, key, challenge.Text))
			if _, err := w.service.Login(t.Context(), browserOne, "", answer); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("a second account", func(t *testing.T) {
		w.account = w.Account(t, "13900139000", "")
		if _, err := w.enrol(t, c, key); fault.CodeOf(err) != fault.CredentialKnown {
			t.Errorf("%v", err)
		}
	})
	t.Run("hwk only when the configuration says so", func(t *testing.T) {
		hard := authn.NewCertificates(authn.CertificatesConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer, Hardware: true, Trust: func(context.Context) (authn.CertificateTrust, error) { return w.trust, nil }})
		challenge, _ := hard.BeginLogin(t.Context(), browserOne, "")
		login, err := hard.Login(t.Context(), browserOne, "", authn.CertificateAnswer{Step: challenge.Step, Certificate: c.Raw, Signature: sign(t, key, challenge.Text)})
		if err != nil || !slices.Equal(login.Methods, []string{"hwk", "pin"}) {
			t.Errorf("%+v %v", login, err)
		}
	})
}

func TestHostileCertificates(t *testing.T) {
	for name, hostile := range map[string]struct {
		make func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey)
		want fault.Code
	}{
		"expired": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			return w.issue(t, idptest.Start.AddDate(0, -6, 0), idptest.Start.Add(-time.Second))
		}, fault.CertificateRefused},
		"not yet valid": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			return w.issue(t, idptest.Start.Add(time.Minute), idptest.Start.AddDate(1, 0, 0))
		}, fault.CertificateRefused},
		"revoked": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			c, key := w.valid(t)
			w.revoke(t, c)
			return c, key
		}, fault.CertificateRefused},
		"without a revocation list": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			w.trust.CRLs = nil
			return w.valid(t)
		}, fault.CertificateRefused},
		"the encryption certificate of the pair": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) { return w.encryption(t) }, fault.CertificateRefused},
		"an authority that is not trusted": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			w.root, w.rootKey = authority(t, "机构根") // of the same name
			return w.valid(t)
		}, fault.CertificateRefused},
		"the root itself": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) { return w.root, w.rootKey }, fault.CertificateRefused},
		"a root that may sign too": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			key := sm2Key(t)
			template := &smx509.Certificate{SerialNumber: big.NewInt(78), Subject: pkix.Name{CommonName: "根"}, NotBefore: idptest.Start.AddDate(0, -1, 0), NotAfter: idptest.Start.AddDate(1, 0, 0),
				IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageDigitalSignature}
			raw, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			c, err := pki.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			w.trust.Roots = pki.NewPool(w.root, c)
			return c, key
		}, fault.CertificateRefused},
		"another key": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			c, _ := w.valid(t)
			return c, sm2Key(t)
		}, fault.CertificateRefused},
		"an outage of the trust list": {func(t *testing.T, w *certificateWorld) (*pki.Certificate, *sm2.PrivateKey) {
			w.outage = errors.New("down")
			return w.valid(t)
		}, fault.Unavailable},
	} {
		t.Run(name+", binding", func(t *testing.T) {
			w := certificates(t)
			c, key := hostile.make(t, w)
			if _, err := w.enrol(t, c, key); fault.CodeOf(err) != hostile.want {
				t.Errorf("%v", err)
			}
			if all, _, _ := w.Ways.List(t.Context(), w.account.ID); len(all) != 0 {
				t.Error("it was bound")
			}
		})
		t.Run(name+", logging in", func(t *testing.T) {
			w := certificates(t)
			c, key := hostile.make(t, w)
			if _, err := w.login(t, c, key); fault.CodeOf(err) != hostile.want {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("revoked after it was bound", func(t *testing.T) {
		w := certificates(t)
		c, key := w.valid(t)
		if _, err := w.enrol(t, c, key); err != nil {
			t.Fatal(err)
		}
		w.revoke(t, c)
		if _, err := w.login(t, c, key); fault.CodeOf(err) != fault.CertificateRefused {
			t.Errorf("%v", err)
		}
		if !slices.Contains(w.twin.Events(), "login.failed") {
			t.Error("not audited")
		}
	})
}

func TestCertificateChallenges(t *testing.T) {
	w := certificates(t)
	c, key := w.valid(t)
	if _, err := w.enrol(t, c, key); err != nil {
		t.Fatal(err)
	}
	begin := func() (authn.CertificateChallenge, authn.CertificateAnswer) {
		challenge, err := w.service.BeginLogin(t.Context(), browserOne, "flow_1")
		if err != nil {
			t.Fatal(err)
		}
		return challenge, authn.CertificateAnswer{Step: challenge.Step, Certificate: c.Raw, Signature: sign(t, key, challenge.Text)}
	}
	login := func(browser []byte, flow string, answer authn.CertificateAnswer) error {
		_, err := w.service.Login(t.Context(), browser, flow, answer)
		return err
	}
	_, answer := begin()
	if err := login(browserTwo, "flow_1", answer); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("another browser: %v", err)
	}
	if err := login(browserOne, "flow_1", answer); err != nil {
		t.Errorf("its own: %v", err)
	}
	if err := login(browserOne, "flow_1", answer); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("replayed: %v", err)
	}
	fresh, _ := begin()
	answer.Step = fresh.Step
	if err := login(browserOne, "flow_1", answer); fault.CodeOf(err) != fault.CertificateRefused {
		t.Errorf("an old signature under a new challenge: %v", err)
	}
	_, answer = begin()
	if err := login(browserOne, "flow_2", answer); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("another login in progress: %v", err)
	}
	_, answer = begin()
	w.Clock.Advance(5*time.Minute + time.Second)
	if err := login(browserOne, "flow_1", answer); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("late: %v", err)
	}
	enrolment, err := w.service.BeginEnrolment(t.Context(), browserOne, w.account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := login(browserOne, "", authn.CertificateAnswer{Step: enrolment.Step, Certificate: c.Raw, Signature: sign(t, key, enrolment.Text)}); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("a challenge of an enrolment: %v", err)
	}
	mallory := w.Account(t, "13900139000", "")
	if _, err := w.service.Enrol(t.Context(), browserOne, mallory.ID, "", authn.CertificateAnswer{Step: enrolment.Step, Certificate: c.Raw, Signature: sign(t, key, enrolment.Text)}); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("another account's enrolment: %v", err)
	}
	if enrolment, err = w.service.BeginEnrolment(t.Context(), browserOne, w.account.ID); err != nil {
		t.Fatal(err)
	}
	for n, want := range []fault.Code{"", fault.StepLost} {
		next, nextKey := w.valid(t)
		if _, err := w.service.Enrol(t.Context(), browserOne, w.account.ID, "", authn.CertificateAnswer{Step: enrolment.Step, Certificate: next.Raw, Signature: sign(t, nextKey, enrolment.Text)}); fault.CodeOf(err) != want {
			t.Errorf("certificate %d by one challenge: %v", n, err)
		}
	}
	// Neither is a step of one realm one of another, nor would its text be.
	staff := authn.NewCertificates(authn.CertificatesConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer, Realm: "staff", Trust: func(context.Context) (authn.CertificateTrust, error) { return w.trust, nil }})
	theirs, answer := begin()
	if _, err := staff.Login(t.Context(), browserOne, "flow_1", answer); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("a step of citizens in the realm of staff: %v", err)
	}
	ours, err := staff.BeginLogin(t.Context(), browserOne, "flow_1")
	if err != nil || strings.Fields(ours.Text)[0] == strings.Fields(theirs.Text)[0] {
		t.Errorf("texts of both realms begin alike: %q %q %v", ours.Text, theirs.Text, err)
	}
	if err := w.Accounts.SetState(t.Context(), w.account.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	_, answer = begin()
	if err := login(browserOne, "flow_1", answer); fault.CodeOf(err) != fault.CertificateRefused {
		t.Errorf("a suspended account: %v", err)
	}
}

// TestCertificateSourceIsBounded: refused certificates count on the source as wrong passwords do, at a login and where a holder shows one.
func TestCertificateSourceIsBounded(t *testing.T) {
	w := certificates(t)
	c, key := w.valid(t)
	if _, err := w.enrol(t, c, key); err != nil {
		t.Fatal(err)
	}
	for range authn.SourceTries {
		if _, err := w.login(t, c, sm2Key(t)); fault.CodeOf(err) != fault.CertificateRefused {
			t.Fatal(err)
		}
	}
	if _, err := w.login(t, c, key); fault.CodeOf(err) != fault.LoginLocked {
		t.Errorf("a login: %v", err)
	}
	challenge, err := w.service.BeginHolder(t.Context(), browserOne, w.account.ID, "org_1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", authn.CertificateAnswer{Step: challenge.Step, Certificate: c.Raw, Signature: sign(t, key, challenge.Text)}); fault.CodeOf(err) != fault.LoginLocked {
		t.Errorf("a holder: %v", err)
	}
}

func FuzzCertificateAnswers(f *testing.F) {
	w := certificates(f)
	c, key := w.valid(f)
	f.Add(c.EncodePEM(), []byte("MEUCIQ=="))
	f.Add(c.Raw, sign(f, key, "x"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----"), []byte{})
	f.Fuzz(func(t *testing.T, certificate, signature []byte) {
		challenge, err := w.service.BeginLogin(t.Context(), browserOne, "")
		if err != nil {
			t.Fatal(err)
		}
		if login, err := w.service.Login(t.Context(), browserOne, "", authn.CertificateAnswer{Step: challenge.Step, Certificate: certificate, Signature: signature}); err == nil {
			t.Fatalf("signed in %+v", login)
		}
	})
}

// TestHolderOfACertificate: what is shown belongs to one account, one purpose, one browser and one moment, and is judged as a login.
func TestHolderOfACertificate(t *testing.T) {
	w := certificates(t)
	c, key := w.valid(t)
	answer := func(challenge authn.CertificateChallenge) authn.CertificateAnswer {
		return authn.CertificateAnswer{Step: challenge.Step, Certificate: c.EncodePEM(), Signature: sign(t, key, challenge.Text)}
	}
	begin := func() authn.CertificateChallenge {
		challenge, err := w.service.BeginHolder(t.Context(), browserOne, w.account.ID, "org_1")
		if err != nil {
			t.Fatal(err)
		}
		return challenge
	}
	given := answer(begin())
	held, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", given)
	if err != nil || !held.Equal(c) || len(held.Evidence) != 64 {
		t.Fatalf("%+v %v", held, err)
	}
	again, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", answer(begin()))
	if err != nil || again.Evidence == held.Evidence {
		t.Errorf("the evidence does not hang on the challenge: %v", err)
	}
	for name, call := range map[string]func() error{
		"used before": func() error {
			_, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", given)
			return err
		},
		"another account": func() error {
			_, err := w.service.Holder(t.Context(), browserOne, "acc_other", "org_1", answer(begin()))
			return err
		},
		"another purpose": func() error {
			_, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_2", answer(begin()))
			return err
		},
		"another browser": func() error {
			_, err := w.service.Holder(t.Context(), []byte("other"), w.account.ID, "org_1", answer(begin()))
			return err
		},
		"a challenge of a login": func() error {
			challenge, err := w.service.BeginLogin(t.Context(), browserOne, "")
			if err != nil {
				return err
			}
			_, err = w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", answer(challenge))
			return err
		},
		"as a login": func() error { _, err := w.service.Login(t.Context(), browserOne, "", answer(begin())); return err },
	} {
		if err := call(); fault.CodeOf(err) != fault.StepLost {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong := answer(begin())
	wrong.Signature = sign(t, key, "another text")
	if _, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", wrong); fault.CodeOf(err) != fault.CertificateRefused {
		t.Errorf("another text signed: %v", err)
	}
	w.revoke(t, c)
	if _, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", answer(begin())); fault.CodeOf(err) != fault.CertificateRefused {
		t.Errorf("revoked: %v", err)
	}
	w.outage = errors.New("no list")
	if _, err := w.service.Holder(t.Context(), browserOne, w.account.ID, "org_1", answer(begin())); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("an outage: %v", err)
	}
}
