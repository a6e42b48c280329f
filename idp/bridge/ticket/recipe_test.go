package ticket

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func recipe(t *testing.T, r Recipe) Recipe {
	t.Helper()
	if field, why := r.Normalize(); field != "" {
		t.Fatalf("%s: %s", field, why)
	}
	return r
}

// Known answers: md5 and HMAC-SM3 computed with openssl (printf TEXT | openssl dgst -md5; -mac HMAC -macopt key:SECRET -sm3).
func TestRecipesHaveKnownAnswers(t *testing.T) {
	parameters := map[string]string{"ticket": "T1", "redirect_url": "https://old.gov.cn/sso?a=1&b=2", "timestamp": "1795608000", "nonce": "n1", "sign": "left out"}
	for name, test := range map[string]struct {
		recipe             Recipe
		text, secret, sign string
	}{
		"HMAC-SM3, sorted pairs": {Recipe{Algorithm: HMACSM3}, "nonce=n1&redirect_url=https://old.gov.cn/sso?a=1&b=2&ticket=T1&timestamp=1795608000", "a shared secret!",
			"53b25aea38d75cdb80aa95e7d36632714bf0c7a0998bbd81136063f382ae8547"},
		"MD5, values in order, secret in front": {Recipe{Algorithm: MD5, Form: "values", Joiner: "|", Order: []string{"ticket", "redirect_url", "timestamp", "nonce"}, Secret: "prepend", Encoding: "HEX"},
			"T1|https://old.gov.cn/sso?a=1&b=2|1795608000|n1", "a shared secret!", "32636A428D80FD856C3FA7BAFEA773C2"},
		"MD5, key as last pair": {Recipe{Algorithm: MD5}, "nonce=n1&redirect_url=https://old.gov.cn/sso?a=1&b=2&ticket=T1&timestamp=1795608000", "a shared secret!", "95f9bcb25853d9e0095f74d3b01e3fd0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recipe(t, test.recipe)
			text, err := r.Text(parameters, "redirect_url", "ticket")
			if err != nil || text != test.text {
				t.Fatalf("text is %q, %v", text, err)
			}
			if sign, err := r.Sign(text, test.secret); err != nil || sign != test.sign {
				t.Errorf("signature is %s, want %s, %v", sign, test.sign, err)
			}
		})
	}
}

func TestSignaturesAreJudged(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := pki.EncodeSM2Key(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Recipe{
		"HMAC-SM3": {Algorithm: HMACSM3, Encoding: "base64"}, "MD5": {Algorithm: MD5}, "SM2": {Algorithm: SM2, PublicKey: hex.EncodeToString(point)},
		"ordered": {Algorithm: HMACSM3, Form: "values", Joiner: ",", Order: []string{"ticket", "timestamp", "nonce"}, TimeForm: "compact"},
		"millis":  {Algorithm: HMACSM3, TimeForm: "millis"},
	} {
		t.Run(name, func(t *testing.T) {
			r := recipe(t, r)
			sign := func(parameters map[string]string) map[string]string {
				text, err := r.Text(parameters, "", "ticket")
				if err != nil {
					t.Fatal(err)
				}
				if r.Algorithm != SM2 {
					if parameters[r.Parameter], err = r.Sign(text, "a shared secret!"); err != nil {
						t.Fatal(err)
					}
					return parameters
				}
				signature, err := key.Sign(rand.Reader, []byte(text), sm2.DefaultSM2SignerOpts)
				if err != nil {
					t.Fatal(err)
				}
				parameters[r.Parameter] = base64.StdEncoding.EncodeToString(signature)
				return parameters
			}
			at := func(moment time.Time) map[string]string {
				return sign(map[string]string{"ticket": "T1", "nonce": "n", "timestamp": r.FormatTime(moment)})
			}
			if err := r.Verify(at(now), "a shared secret!", now, "", "ticket"); err != nil {
				t.Fatalf("a good one: %v", err)
			}
			bad := map[string]func(p map[string]string){
				"no signature":     func(p map[string]string) { delete(p, "sign") },
				"empty signature":  func(p map[string]string) { p["sign"] = "" },
				"changed ticket":   func(p map[string]string) { p["ticket"] = "T2" },
				"changed time":     func(p map[string]string) { p["timestamp"] = r.FormatTime(now.Add(time.Minute)) },
				"changed nonce":    func(p map[string]string) { p["nonce"] = "m" },
				"no nonce":         func(p map[string]string) { delete(p, "nonce") },
				"no ticket":        func(p map[string]string) { delete(p, "ticket") },
				"joiner in ticket": func(p map[string]string) { p["ticket"] = "T1" + r.Joiner + "x" },
				"too old":          func(p map[string]string) { maps.Copy(p, at(now.Add(-Window-2*time.Second))) },
				"from the future":  func(p map[string]string) { maps.Copy(p, at(now.Add(Window+2*time.Second))) },
			}
			for name, change := range bad {
				p := at(now)
				change(p)
				if err := r.Verify(p, "a shared secret!", now, "", "ticket"); !errors.Is(err, ErrSignature) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if r.Algorithm == SM2 {
				return
			}
			for _, secret := range []string{"", "another secret!!"} {
				if err := r.Verify(at(now), secret, now, "", "ticket"); !errors.Is(err, ErrSignature) {
					t.Errorf("secret %q: %v", secret, err)
				}
			}
			blank := recipe(t, r)
			p := at(now)
			text, _ := blank.Text(p, "", "ticket")
			p["sign"], _ = blank.Sign(text, "")
			if err := r.Verify(p, "", now, "", "ticket"); !errors.Is(err, ErrSignature) {
				t.Errorf("a bridge without a secret takes a signature with none: %v", err)
			}
		})
	}
}

func TestRegistrationsThatCannotBe(t *testing.T) {
	good := func() Bridge {
		return Bridge{Registration: bridge.Registration{ID: "old", URLs: []string{"https://old.gov.cn/sso"}}, Signature: Recipe{Algorithm: HMACSM3}, Secret: "a shared secret!"}
	}
	for name, change := range map[string]func(*Bridge){
		"no algorithm":               func(b *Bridge) { b.Signature.Algorithm = "" },
		"none":                       func(b *Bridge) { b.Signature.Algorithm = "none" },
		"MD5 without responsibility": func(b *Bridge) { b.Signature.Algorithm = MD5 },
		"ticket in the query":        func(b *Bridge) { b.Response = "query" },
		"order without the nonce":    func(b *Bridge) { b.Signature.Order = []string{"ticket", "redirect_url", "access_token", "timestamp"} },
		"order without the ticket":   func(b *Bridge) { b.Signature.Order = []string{"redirect_url", "access_token", "timestamp", "nonce"} },
		"order without the address":  func(b *Bridge) { b.Signature.Order = []string{"ticket", "access_token", "timestamp", "nonce"} },
		"values without order":       func(b *Bridge) { b.Signature.Form = "values" },
		"SM2 without a key":          func(b *Bridge) { b.Signature.Algorithm = SM2 },
		"short secret":               func(b *Bridge) { b.Secret = "short" },
		"same calls":                 func(b *Bridge) { b.ExchangeCall, b.UserCall = "x", "x" },
		"same parameters":            func(b *Bridge) { b.TicketParameter, b.TokenParameter = "x", "x" },
		"call that is a path":        func(b *Bridge) { b.ExchangeCall = "a/b" },
		"half a level table":         func(b *Bridge) { b.Levels = map[string]string{"0": "L0"} },
		"field that is no name":      func(b *Bridge) { b.Fields = map[string]string{"name": "a b"} },
		"time":                       func(b *Bridge) { b.Signature.TimeForm = "moon" },
		"encoding":                   func(b *Bridge) { b.Signature.Encoding = "rot13" },
	} {
		b := good()
		change(&b)
		if err := b.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := good()
	if err := b.Normalize(); err != nil || b.TicketParameter != "ticket" || b.Response != ByPost || b.ExchangeCall != "token" {
		t.Errorf("good: %+v, %v", b, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("T1", "n", "1795608000", "00ff", uint8(0))
	f.Add("a&b", "", "x", "", uint8(1))
	f.Fuzz(func(t *testing.T, ticket, nonce, moment, sign string, kind uint8) {
		r := Recipe{Algorithm: []string{HMACSM3, MD5}[kind%2], TimeForm: []string{"seconds", "millis", "compact"}[kind%3], Encoding: []string{"hex", "HEX", "base64"}[kind%3]}
		if field, _ := r.Normalize(); field != "" {
			return
		}
		p := map[string]string{"ticket": ticket, "nonce": nonce, "timestamp": moment, "sign": sign}
		if r.Verify(p, "a shared secret!", now, "", "ticket") == nil {
			t.Fatalf("a stranger's signature holds: %v", p)
		}
	})
}
