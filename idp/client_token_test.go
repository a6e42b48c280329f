package idp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

const jwks = `{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

func TestTokenSettingsOfARegistration(t *testing.T) {
	keyed := func(change func(c *idp.Client)) idp.Client {
		c := idp.Client{ClientID: "app", RedirectURIs: []string{"https://ok.gov.cn/cb"}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT,
			TokenSettings: idp.TokenSettings{JWKS: idp.KeyDocument(jwks)}}
		change(&c)
		return c
	}
	fapi := func(change func(c *idp.Client)) idp.Client {
		return keyed(func(c *idp.Client) { c.Profile = idp.ProfileFAPI2; change(c) })
	}
	off := false
	for name, client := range map[string]idp.Client{
		"no keys":              keyed(func(c *idp.Client) { c.JWKS = nil }),
		"keys in two places":   keyed(func(c *idp.Client) { c.JWKSURI = "https://ok.gov.cn/jwks" }),
		"a secret beside keys": keyed(func(c *idp.Client) { c.ClientSecret = "a-secret-of-tests" }),
		"J-12 private key": keyed(func(c *idp.Client) {
			c.JWKS = idp.KeyDocument(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]}`)
		}),
		"J-12 symmetric key":       keyed(func(c *idp.Client) { c.JWKS = idp.KeyDocument(`{"keys":[{"kty":"oct","k":"AAAA"}]}`) }),
		"J-02 symmetric algorithm": keyed(func(c *idp.Client) { c.TokenEndpointAuthAlg = "HS256" }),
		"J-01 no algorithm":        keyed(func(c *idp.Client) { c.TokenEndpointAuthAlg = "none" }),
		"algorithm without key method": keyed(func(c *idp.Client) {
			c.TokenEndpointAuthMethod, c.TokenEndpointAuthAlg = idp.AuthSelfSignedTLS, "ES256"
		}),
		"certificate without name": keyed(func(c *idp.Client) { c.TokenEndpointAuthMethod = idp.AuthTLS }),
		"certificate with two names": keyed(func(c *idp.Client) {
			c.TokenEndpointAuthMethod, c.TLSSanDNS, c.TLSSubjectDN = idp.AuthTLS, "a.cn", "CN=a"
		}),
		"name of a certificate, other method":   keyed(func(c *idp.Client) { c.TLSSanDNS = "a.cn" }),
		"address of a certificate":              keyed(func(c *idp.Client) { c.TokenEndpointAuthMethod, c.TLSSanIP = idp.AuthTLS, "a.cn" }),
		"two ways of binding":                   keyed(func(c *idp.Client) { c.DPoPBound, c.CertificateBound = true, true }),
		"access tokens of another form":         keyed(func(c *idp.Client) { c.AccessTokenFormat = "saml" }),
		"access tokens with another algorithm":  keyed(func(c *idp.Client) { c.AccessTokenAlg = "HS256" }),
		"SM2 signatures in hexadecimal":         keyed(func(c *idp.Client) { c.SM2SignatureEncoding = "hex" }),
		"signed introspection without one":      keyed(func(c *idp.Client) { c.IntrospectionAlg = "none" }),
		"resource with a fragment":              keyed(func(c *idp.Client) { c.Resources = []string{"https://api.gov.cn/#x"} }),
		"empty resource":                        keyed(func(c *idp.Client) { c.Audience = []string{""} }),
		"profile that is not known":             keyed(func(c *idp.Client) { c.Profile = "fapi1" }),
		"FAPI as public client":                 fapi(func(c *idp.Client) { c.TokenEndpointAuthMethod, c.JWKS = idp.AuthNone, nil }),
		"FAPI with RS256 assertions":            fapi(func(c *idp.Client) { c.TokenEndpointAuthAlg = "RS256" }),
		"FAPI with RS256 ID tokens":             fapi(func(c *idp.Client) { c.IDTokenAlg = "RS256" }),
		"FAPI with SM2 ID tokens":               fapi(func(c *idp.Client) { c.IDTokenAlg = "SGD_SM3_SM2" }),
		"FAPI with SM2 access tokens":           fapi(func(c *idp.Client) { c.AccessTokenAlg = "SGD_SM3_SM2" }),
		"FAPI without PKCE":                     fapi(func(c *idp.Client) { c.RequirePKCE = &off }),
		"FAPI with the token endpoint as `aud`": fapi(func(c *idp.Client) { c.TokenEndpointAudience = true }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("answer is %v", err)
			}
		})
	}
	good := fapi(func(*idp.Client) {})
	if err := good.Normalize(); err != nil || !good.DPoPBound || good.TokenEndpointAuthAlg != "ES256" || good.AccessTokenFormat != idp.FormatJWT {
		t.Errorf("%v %+v", err, good.TokenSettings)
	}
	bound := fapi(func(c *idp.Client) { c.CertificateBound = true })
	if err := bound.Normalize(); err != nil || bound.DPoPBound {
		t.Errorf("a FAPI client that binds to certificates: %v %+v", err, bound.TokenSettings)
	}
}

// TestAssertionsFollowTheRegisteredKeys: where a registration names no algorithm, its keys do.
func TestAssertionsFollowTheRegisteredKeys(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		profile string
		keys    []jose.Algorithm
		want    string
	}{
		{"", []jose.Algorithm{jose.RS256}, "RS256"}, {"", []jose.Algorithm{jose.PS256, jose.RS256}, "PS256"},
		{idp.ProfileFAPI2, []jose.Algorithm{jose.RS256, jose.PS256}, "PS256"}, {idp.ProfileFAPI2, []jose.Algorithm{jose.RS256}, "ES256"},
	} {
		var keys []jose.Key
		for i, algorithm := range test.keys {
			keys = append(keys, jose.Key{ID: fmt.Sprint(i), Algorithm: algorithm, Public: key.Public()})
		}
		set, err := jose.NewKeySet(keys...)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		c := idp.Client{ClientID: "app", Profile: test.profile, RedirectURIs: []string{"https://ok.gov.cn/cb"}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT, TokenSettings: idp.TokenSettings{JWKS: raw}}
		if err := c.Normalize(); err != nil || c.TokenEndpointAuthAlg != test.want {
			t.Errorf("%s %v: %q, %v", test.profile, test.keys, c.TokenEndpointAuthAlg, err)
		}
	}
}

func TestKeysInManifestsAsMappingOrText(t *testing.T) {
	for _, text := range []string{"client_id: a\njwks: " + jwks, "client_id: a\njwks: '" + jwks + "'"} {
		var c idp.Client
		if err := yaml.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again idp.Client
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(again.JWKS, &a) != nil || json.Unmarshal([]byte(jwks), &b) != nil || len(again.JWKS) < 100 {
			t.Errorf("keys came back as %s", again.JWKS)
		}
	}
}
