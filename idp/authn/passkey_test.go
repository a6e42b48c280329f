package authn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const issuer = "https://id.example.gov.cn"

// softKey is an authenticator in software that says what the test wants.
type softKey struct {
	id      []byte
	key     *ecdsa.PrivateKey
	handle  []byte
	counter uint32
	// What is said; changed by hostile tests.
	origin, rp, kind string
	flags            byte
	cross            bool
	challenge        string // in place of the one that was asked
}

const (
	flagPresent, flagVerified, flagEligible, flagState, flagData = 1, 4, 8, 16, 64
)

func newSoftKey(t *testing.T) *softKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	return &softKey{id: id, key: key, origin: issuer, rp: "id.example.gov.cn", flags: flagPresent | flagVerified}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// options are those that both ceremonies have.
type options struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
	AuthenticatorSelection struct {
		ResidentKey      string `json:"residentKey"`
		UserVerification string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	UserVerification string `json:"userVerification"`
	RPID             string `json:"rpId"`
	Attestation      string `json:"attestation"`
	Exclude          []struct {
		ID string `json:"id"`
	} `json:"excludeCredentials"`
}

func readOptions(t *testing.T, given any) (o options) {
	t.Helper()
	text, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (k *softKey) client(kind, challenge string) []byte {
	if k.kind != "" {
		kind = k.kind
	}
	if k.challenge != "" {
		challenge = k.challenge
	}
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": k.origin, "crossOrigin": k.cross})
	return text
}

func (k *softKey) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(k.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], flags), k.counter)
}

func (k *softKey) create(t *testing.T, o options) []byte {
	t.Helper()
	k.handle, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	point, err := k.key.PublicKey.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	xy := point.Bytes()[1:]
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: xy[:32], -3: xy[32:]})
	if err != nil {
		t.Fatal(err)
	}
	data := append(k.data(k.flags|flagData), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(k.id))), k.id...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, public...)})
	if err != nil {
		t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": b64(k.client("webauthn.create", o.Challenge)), "attestationObject": b64(object)})
}

func (k *softKey) get(t *testing.T, o options) []byte {
	t.Helper()
	client, data := k.client("webauthn.get", o.Challenge), k.data(k.flags)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(k.handle)})
}

func (k *softKey) answer(response map[string]any) []byte {
	text, _ := json.Marshal(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response})
	return text
}

type passkeyWorld struct {
	*idptest.World
	twin    *idptest.Twin
	keys    *authn.Passkeys
	account idp.Account
}

var browserOne, browserTwo = []byte("browser one"), []byte("browser two")

func passkeys(t testing.TB) *passkeyWorld {
	t.Helper()
	twin := idptest.NewTwin()
	w := &passkeyWorld{World: idptest.NewWorld(t, twin), twin: twin}
	var err error
	if w.keys, err = authn.NewPasskeys(authn.PasskeysConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer, Name: "一网通办"}); err != nil {
		t.Fatal(err)
	}
	w.account = w.Account(t, "13800138000", "")
	return w
}

func (w *passkeyWorld) register(t *testing.T, k *softKey) (codes []string, err error) {
	t.Helper()
	given, step, err := w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "138****8000")
	if err != nil {
		t.Fatal(err)
	}
	return w.keys.FinishRegistration(t.Context(), w.account.ID, browserOne, step, "钥匙", k.create(t, readOptions(t, given)))
}

func (w *passkeyWorld) login(t *testing.T, k *softKey) (idp.Login, error) {
	t.Helper()
	given, step, err := w.keys.BeginLogin(t.Context(), browserOne)
	if err != nil {
		t.Fatal(err)
	}
	return w.keys.FinishLogin(t.Context(), browserOne, step, k.get(t, readOptions(t, given)))
}

func TestPasskeyRegistersAndLogsIn(t *testing.T) {
	w := passkeys(t)
	given, _, err := w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "138****8000")
	if err != nil {
		t.Fatal(err)
	}
	if o := readOptions(t, given); o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" || o.Attestation != "none" || o.User.ID == "" || strings.Contains(o.User.ID, w.account.ID) {
		t.Errorf("options: %+v", o)
	}
	if given, _, _ := w.keys.BeginLogin(t.Context(), browserOne); readOptions(t, given).UserVerification != "required" || readOptions(t, given).RPID != "id.example.gov.cn" {
		t.Errorf("options: %+v", readOptions(t, given))
	}
	k := newSoftKey(t)
	k.flags |= flagEligible | flagState
	codes, err := w.register(t, k)
	if err != nil || len(codes) != authn.RecoveryCodes {
		t.Fatalf("%v, %d codes", err, len(codes))
	}
	if got := len(w.twin.Messages(authn.TopicNotice)); got != 2 {
		t.Errorf("%d notices", got)
	}
	for range 2 { // a counter that stays 0 is an authenticator without one
		login, err := w.login(t, k)
		if err != nil || login.AccountID != w.account.ID || login.AAL != 2 || !slices.Equal(login.Methods, []string{"swk", "user"}) {
			t.Fatalf("%+v %v", login, err)
		}
	}
	if _, err := w.register(t, k); fault.CodeOf(err) != fault.CredentialKnown {
		t.Errorf("the same passkey again: %v", err)
	}
	if given, _, err = w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "138****8000"); err != nil {
		t.Fatal(err)
	}
	if o := readOptions(t, given); len(o.Exclude) != 1 || o.Exclude[0].ID != b64(k.id) {
		t.Errorf("an authenticator is not told which of its passkeys are known: %+v", o.Exclude)
	}
}

// TestA09ToA13HostilePasskeys: each lie is refused, whichever ceremony it is told in.
func TestA09ToA13HostilePasskeys(t *testing.T) {
	for name, lie := range map[string]func(k *softKey){
		"A-09 foreign origin":    func(k *softKey) { k.origin = "https://id.example.com" },
		"A-09 sub-domain":        func(k *softKey) { k.origin = "https://x.id.example.gov.cn" },
		"A-09 http":              func(k *softKey) { k.origin = "http://id.example.gov.cn" },
		"A-09 another port":      func(k *softKey) { k.origin = "https://id.example.gov.cn:8443" },
		"A-09 wrong rpIdHash":    func(k *softKey) { k.rp = "example.gov.cn" },
		"A-10 another challenge": func(k *softKey) { k.challenge = b64(make([]byte, 32)) },
		"A-11 UV=0":              func(k *softKey) { k.flags = flagPresent },
		"A-11 UP=0":              func(k *softKey) { k.flags = flagVerified },
		"A-11 cross origin":      func(k *softKey) { k.cross = true },
		"A-11 type swapped":      func(k *softKey) { k.kind = "webauthn.wrong" },
		"BS without BE is a lie": func(k *softKey) { k.flags |= flagState },
	} {
		t.Run(name+", registering", func(t *testing.T) {
			w, k := passkeys(t), newSoftKey(t)
			lie(k)
			if _, err := w.register(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
				t.Errorf("%v", err)
			}
			if all, _, _ := w.Ways.List(t.Context(), w.account.ID); len(all) != 0 {
				t.Error("it was stored")
			}
		})
		t.Run(name+", logging in", func(t *testing.T) {
			w, k := passkeys(t), newSoftKey(t)
			if _, err := w.register(t, k); err != nil {
				t.Fatal(err)
			}
			lie(k)
			if _, err := w.login(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
				t.Errorf("%v", err)
			}
			if !slices.Contains(w.twin.Events(), "login.failed") {
				t.Error("not audited")
			}
		})
	}
	t.Run("the types of the two ceremonies", func(t *testing.T) {
		w, k := passkeys(t), newSoftKey(t)
		k.kind = "webauthn.get"
		if _, err := w.register(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
		k.kind = ""
		if _, err := w.register(t, k); err != nil {
			t.Fatal(err)
		}
		k.kind = "webauthn.create"
		if _, err := w.login(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
	})
}

func TestA10PasskeyChallenges(t *testing.T) {
	w, k := passkeys(t), newSoftKey(t)
	if _, err := w.register(t, k); err != nil {
		t.Fatal(err)
	}
	given, step, err := w.keys.BeginLogin(t.Context(), browserOne)
	if err != nil {
		t.Fatal(err)
	}
	response := k.get(t, readOptions(t, given))
	finish := func(browser []byte, step string) error {
		_, err := w.keys.FinishLogin(t.Context(), browser, step, response)
		return err
	}
	if err := finish(browserTwo, step); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("another browser: %v", err)
	}
	if err := finish(browserOne, step); err != nil {
		t.Fatalf("its own: %v", err)
	}
	if err := finish(browserOne, step); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("used again: %v", err)
	}
	_, other, _ := w.keys.BeginLogin(t.Context(), browserOne)
	if err := finish(browserOne, other); fault.CodeOf(err) != fault.PasskeyRefused {
		t.Errorf("another challenge of the same browser: %v", err)
	}
	_, late, _ := w.keys.BeginLogin(t.Context(), browserOne)
	w.Clock.Advance(5*time.Minute + time.Second)
	if err := finish(browserOne, late); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("late: %v", err)
	}
	given, registration, _ := w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "x")
	if err := finish(browserOne, registration); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("a challenge of a registration: %v", err)
	}
	register := func(browser []byte, k *softKey) error {
		_, err := w.keys.FinishRegistration(t.Context(), w.account.ID, browser, registration, "", k.create(t, readOptions(t, given)))
		return err
	}
	if err := register(browserTwo, newSoftKey(t)); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("registered in another browser: %v", err)
	}
	if err := register(browserOne, newSoftKey(t)); err != nil {
		t.Fatalf("its own: %v", err)
	}
	if err := register(browserOne, newSoftKey(t)); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("a second passkey by the challenge of the first: %v", err)
	}
}

func TestA12PasskeyCounter(t *testing.T) {
	for name, counter := range map[string]uint32{"stays": 7, "falls": 6, "falls to 0": 0} {
		t.Run(name, func(t *testing.T) {
			w, k := passkeys(t), newSoftKey(t)
			k.counter = 5
			if _, err := w.register(t, k); err != nil {
				t.Fatal(err)
			}
			k.counter = 7
			if _, err := w.login(t, k); err != nil {
				t.Fatal(err)
			}
			k.counter = counter
			if _, err := w.login(t, k); fault.CodeOf(err) != fault.PasskeyCloned {
				t.Errorf("%v", err)
			}
			if !slices.Contains(w.twin.Events(), "credential.flagged") {
				t.Error("not audited")
			}
			k.counter = 100
			if _, err := w.login(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
				t.Errorf("a flagged passkey: %v", err)
			}
		})
	}
}

func TestA13PasskeysOfOthers(t *testing.T) {
	w, k := passkeys(t), newSoftKey(t)
	if _, err := w.register(t, k); err != nil {
		t.Fatal(err)
	}
	t.Run("unknown", func(t *testing.T) {
		stranger := newSoftKey(t)
		stranger.handle = k.handle
		if _, err := w.login(t, stranger); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
	})
	t.Run("known id, another key", func(t *testing.T) {
		stranger := newSoftKey(t)
		stranger.id, stranger.handle = k.id, k.handle
		if _, err := w.login(t, stranger); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
	})
	t.Run("another handle", func(t *testing.T) {
		other := *k
		other.handle = []byte("somebody else's handle, 32 octets")
		if _, err := w.login(t, &other); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
		other.handle = nil
		if _, err := w.login(t, &other); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("no handle: %v", err)
		}
	})
	t.Run("another account finishes the registration", func(t *testing.T) {
		mallory, fresh := w.Account(t, "13900139000", ""), newSoftKey(t)
		given, step, _ := w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "x")
		if _, err := w.keys.FinishRegistration(t.Context(), mallory.ID, browserOne, step, "", fresh.create(t, readOptions(t, given))); fault.CodeOf(err) != fault.StepLost {
			t.Errorf("%v", err)
		}
	})
	t.Run("a suspended account", func(t *testing.T) {
		if err := w.Accounts.SetState(t.Context(), w.account.ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.login(t, k); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Errorf("%v", err)
		}
	})
}

// TestPasskeySourceIsBounded: refused passkeys count on the source as wrong passwords do.
func TestPasskeySourceIsBounded(t *testing.T) {
	w, k := passkeys(t), newSoftKey(t)
	if _, err := w.register(t, k); err != nil {
		t.Fatal(err)
	}
	for range authn.SourceTries {
		if _, err := w.login(t, newSoftKey(t)); fault.CodeOf(err) != fault.PasskeyRefused {
			t.Fatal(err)
		}
	}
	if _, err := w.login(t, k); fault.CodeOf(err) != fault.LoginLocked {
		t.Errorf("the source is not locked: %v", err)
	}
	w.Clock.Advance(authn.LoginSpan + time.Second)
	if _, err := w.login(t, k); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestPasskeyPolicy(t *testing.T) {
	config := func(issuer, metadata string) error {
		_, err := authn.NewPasskeys(authn.PasskeysConfig{Issuer: issuer, Name: "x", Metadata: []byte(metadata)})
		return err
	}
	if err := config("https://192.0.2.7", ""); !errors.Is(err, authn.ErrNoDomain) {
		t.Errorf("an address: %v", err)
	}
	for _, broken := range []string{"{", "[]", `{"nextUpdate":"soon"}`, `{"nextUpdate":"2027-01-01","entries":[{"aaguid":"x","metadataStatement":{"upv":7}}]}`} {
		if err := config(issuer, broken); err == nil {
			t.Errorf("metadata %s were taken", broken)
		}
	}
	// With metadata an authenticator that attests nothing is refused: its model is not in the file.
	w := passkeys(t)
	strict, err := authn.NewPasskeys(authn.PasskeysConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer, Name: "x", Metadata: []byte(`{"nextUpdate":"2027-01-01","no":1,"entries":[]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w.keys = strict
	given, _, _ := strict.BeginRegistration(t.Context(), w.account.ID, browserOne, "x")
	if readOptions(t, given).Attestation != "direct" {
		t.Error("attestation is not asked for")
	}
	if _, err := w.register(t, newSoftKey(t)); fault.CodeOf(err) != fault.PasskeyRefused {
		t.Errorf("an unknown model: %v", err)
	}
}

func FuzzPasskeyAnswers(f *testing.F) {
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`))
	f.Add([]byte("{}"))
	w := passkeys(f)
	f.Fuzz(func(t *testing.T, response []byte) {
		_, step, err := w.keys.BeginLogin(t.Context(), browserOne)
		if err != nil {
			t.Fatal(err)
		}
		if login, err := w.keys.FinishLogin(t.Context(), browserOne, step, response); err == nil {
			t.Fatalf("%q signed in %+v", response, login)
		}
	})
}
