package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// encryptionKey is the pair of keys of a GM partner: what it registers, and the private half of the one to encrypt for.
func encryptionKey(t testing.TB, signing clientKey) (idp.KeyDocument, *jose.SoftDecrypter) {
	t.Helper()
	private, err := jose.NewDecrypter("enc-1", bytes.Repeat([]byte{0x42}, 32))
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	pair := strings.TrimSuffix(string(document(t, signing)), "]}") + "," + string(jwk) + "]}"
	return idp.KeyDocument(pair), private
}

func TestEncryptedIDTokensAndUserinfo(t *testing.T) {
	for _, encoding := range []jose.KeyEncoding{"", jose.KeyASN1} {
		t.Run("key encoding "+string(encoding), func(t *testing.T) {
			ctx := context.Background()
			o := newTokenPortal(t)
			cfg := apptest.NewConfig(t, engines(t)[0].OpenURL(t), t.TempDir())
			cfg.Outbound.Allowed = []string{strings.TrimPrefix(o.URL, "http://")}
			p := apptest.StartWith(t, cfg)
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			key := newClientKey(t, jose.SM2SM3)
			pair, private := encryptionKey(t, key)
			c := p.Client(idp.Client{ClientID: "sealed", IDTokenAlg: "SGD_SM3_SM2", ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"}, BackchannelLogoutURI: o.URL + "/out",
				TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: idp.TokenSettings{JWKS: pair, TokenEndpointAuthAlg: "SGD_SM3_SM2"},
				RequestSettings: idp.RequestSettings{IDTokenKeyWrap: "SGD_SM2_3", UserinfoKeyWrap: "SGD_SM2_3", UserinfoAlg: "ES256", SM2KeyEncoding: string(encoding)}})
			// open decrypts and verifies what was signed inside.
			open := func(token, algorithm, typ string) (string, *jose.Token) {
				t.Helper()
				got, err := jose.Decrypt(ctx, token, []jose.Decrypter{private}, jose.DecryptPolicy{Nested: true, KeyEncoding: encoding})
				if err != nil {
					t.Fatal(err)
				}
				verified, err := jose.Verify(string(got.Plaintext), published(t, p, algorithm), jose.Policy{Algorithms: []jose.Algorithm{jose.Algorithm(algorithm)}, Type: typ, Issuer: p.URL, Audience: c.ClientID, Now: p.Now(), NoExpiry: true})
				if err != nil {
					t.Fatal(err)
				}
				return string(got.Plaintext), verified
			}
			issued := p.Post("/token", idp.Client{}, asserted(redemption(c, p.Code(b, c, nil).Get("code")), key.sign(t, "JWT", assertionClaims(p, c.ClientID))))
			if issued.Status != http.StatusOK {
				t.Fatalf("%d %s", issued.Status, issued.Text)
			}
			hint, id := open(issued.String("id_token"), "SGD_SM3_SM2", "JWT")
			if apptest.Claims(t, hint)["at_hash"] != jose.HalfHash(jose.SM2SM3, issued.String("access_token")) {
				t.Error("at_hash is not that of the access token")
			}
			info := p.Get("/userinfo", issued.String("access_token"))
			if info.Status != http.StatusOK || info.Header.Get("Content-Type") != "application/jwt" {
				t.Fatalf("%d %q %s", info.Status, info.Header.Get("Content-Type"), info.Text)
			}
			if _, verified := open(info.Text, "ES256", "userinfo+jwt"); verified.Claims.Subject != id.Claims.Subject {
				t.Errorf("userinfo is of %s", verified.Claims.Subject)
			}
			for _, test := range []struct{ name, hint, want string }{{"what was inside", hint, ""}, {"the encrypted token", issued.String("id_token"), "invalid_request"}} {
				a := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}, "id_token_hint": {test.hint}}))
				location, err := url.Parse(a.Header.Get("Location"))
				if got := location.Query().Get("error"); err != nil || test.want != "" && got != test.want || test.want == "" && got != "login_required" {
					t.Errorf("%s as hint: %s", test.name, a.Header.Get("Location"))
				}
			}
			if err := b.Open(ctx, p.URL+"/logout?"+url.Values{"id_token_hint": {hint}}.Encode()); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(30 * time.Second); len(o.told()) == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no logout token came")
				}
			}
			if _, verified := open(o.told()[0], "SGD_SM3_SM2", "logout+jwt"); verified.Claims.Subject != id.Claims.Subject {
				t.Errorf("logout token is of %s", verified.Claims.Subject)
			}
			discovered := p.Get("/.well-known/openid-configuration", "")
			for name, want := range map[string]string{"id_token_encryption_alg_values_supported": "SGD_SM2_3", "id_token_encryption_enc_values_supported": "SGD_SM4_GCM",
				"userinfo_encryption_alg_values_supported": "SGD_SM2_3", "userinfo_encryption_enc_values_supported": "SGD_SM4_GCM"} {
				if list, _ := discovered.Body[name].([]any); len(list) != 1 || list[0] != want {
					t.Errorf("%s is %v", name, discovered.Body[name])
				}
			}
		})
	}
}

func TestEncryptionThatCannotBeRegistered(t *testing.T) {
	key := newClientKey(t, jose.SM2SM3)
	pair, _ := encryptionKey(t, key)
	client := func(change func(*idp.Client)) idp.Client {
		c := idp.Client{ClientID: "sealed", RedirectURIs: []string{"https://a.gov.cn/cb"}, IDTokenAlg: "SGD_SM3_SM2", TokenSettings: idp.TokenSettings{JWKS: pair},
			RequestSettings: idp.RequestSettings{IDTokenKeyWrap: "SGD_SM2_3", IDTokenEncryption: "SGD_SM4_GCM", UserinfoKeyWrap: "SGD_SM2_3", UserinfoAlg: "SGD_SM3_SM2"}}
		change(&c)
		return c
	}
	good := client(func(*idp.Client) {})
	if err := good.Normalize(); err != nil || good.UserinfoEncryption != "SGD_SM4_GCM" {
		t.Fatal(err, good.UserinfoEncryption)
	}
	for name, change := range map[string]func(*idp.Client){
		"RSA":                     func(c *idp.Client) { c.IDTokenKeyWrap = "RSA-OAEP-256" },
		"AES":                     func(c *idp.Client) { c.IDTokenEncryption = "A128GCM" },
		"enc alone":               func(c *idp.Client) { c.IDTokenKeyWrap = "" },
		"userinfo in another alg": func(c *idp.Client) { c.UserinfoKeyWrap = "SGD_SM9_3" },
		"userinfo without signed": func(c *idp.Client) { c.UserinfoAlg = "" },
		"another key encoding":    func(c *idp.Client) { c.SM2KeyEncoding = "der" },
		"J-12 a key to encrypt for without encryption": func(c *idp.Client) {
			c.IDTokenKeyWrap, c.IDTokenEncryption, c.UserinfoKeyWrap = "", "", ""
		},
		"no keys":                 func(c *idp.Client) { c.JWKS = nil },
		"keys elsewhere":          func(c *idp.Client) { c.JWKS, c.JWKSURI = nil, "https://a.gov.cn/jwks" },
		"only a key to sign with": func(c *idp.Client) { c.JWKS = document(t, key) },
		"one key for both": func(c *idp.Client) {
			c.JWKS = idp.KeyDocument(strings.NewReplacer(`"use":"sig"`, `"use":"enc"`, "SGD_SM3_SM2", "SGD_SM2_3", key.id, "enc-2").Replace(string(document(t, key))))
			c.JWKS = idp.KeyDocument(strings.TrimSuffix(string(c.JWKS), "]}") + "," + strings.TrimPrefix(string(document(t, key)), `{"keys":[`))
		},
		"FAPI": func(c *idp.Client) { c.Profile, c.IDTokenAlg, c.UserinfoAlg = idp.ProfileFAPI2, "ES256", "ES256" },
	} {
		t.Run(name, func(t *testing.T) {
			c := client(change)
			if err := c.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("answer is %v", err)
			}
		})
	}
}
