package idp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// aKey is the public key of RFC 7517 A.1.
const aKey = `{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1"}]}`

func fapi(profile string, change func(c *idp.Client)) idp.Client {
	c := idp.Client{ClientID: "bank", Profile: profile, RedirectURIs: []string{"https://ok.gov.cn/cb"}, TokenSettings: idp.TokenSettings{JWKS: idp.KeyDocument(aKey)}}
	if change != nil {
		change(&c)
	}
	return c
}

func TestFAPIProfilesMakeWeakerSettingsImpossible(t *testing.T) {
	for _, profile := range []string{idp.ProfileFAPI2, idp.ProfileFAPI2MS} {
		c := fapi(profile, nil)
		if err := c.Normalize(); err != nil {
			t.Fatal(err)
		}
		if !c.MustPush() || !c.NeedsPKCE() || c.TokenEndpointAuthMethod != "private_key_jwt" || !c.DPoPBound || c.IDTokenAlg != "ES256" {
			t.Errorf("%s: %+v", profile, c)
		}
		if signs := profile == idp.ProfileFAPI2MS; c.MustSignRequest() != signs || (c.AuthorizationAlg != "") != signs || (c.IntrospectionAlg != "") != signs {
			t.Errorf("%s: signing is %+v", profile, c.RequestSettings)
		}
		off := false
		for name, change := range map[string]func(c *idp.Client){
			"a secret": func(c *idp.Client) {
				c.ClientSecret = "a-secret-of-tests"
				c.TokenEndpointAuthMethod = "client_secret_basic"
			},
			"a secret in the body":           func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" },
			"no authentication":              func(c *idp.Client) { c.TokenEndpointAuthMethod = "none" },
			"no PKCE":                        func(c *idp.Client) { c.RequirePKCE = &off },
			"RS256 for ID tokens":            func(c *idp.Client) { c.IDTokenAlg = "RS256" },
			"RS256 for assertions":           func(c *idp.Client) { c.TokenEndpointAuthAlg = "RS256" },
			"RS256 for responses":            func(c *idp.Client) { c.AuthorizationAlg = "RS256" },
			"RS256 for userinfo":             func(c *idp.Client) { c.UserinfoAlg = "RS256" },
			"SM2 for requests":               func(c *idp.Client) { c.RequestObjectAlg = "SGD_SM3_SM2" },
			"a native application":           func(c *idp.Client) { c.ApplicationType = "native" },
			"loopback":                       func(c *idp.Client) { c.RedirectURIs = []string{"http://127.0.0.1/cb"} },
			"plain http":                     func(c *idp.Client) { c.RedirectURIs = []string{"http://ok.gov.cn/cb"} },
			"the token endpoint as audience": func(c *idp.Client) { c.TokenEndpointAudience = true },
			"no keys":                        func(c *idp.Client) { c.JWKS = nil },
		} {
			c := fapi(profile, change)
			if err := c.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("%s takes %s: %v", profile, name, err)
			}
		}
	}
	c := fapi(idp.ProfileFAPI2, func(c *idp.Client) { c.CertificateBound = true })
	if err := c.Normalize(); err != nil || c.DPoPBound {
		t.Errorf("bound to a certificate: %v, DPoP %t", err, c.DPoPBound)
	}
}

func TestRequestSettingsAreChecked(t *testing.T) {
	negative := -1
	for name, change := range map[string]func(c *idp.Client){
		"O-22 unsigned requests":            func(c *idp.Client) { c.RequestObjectAlg = "none" },
		"O-22 symmetric requests":           func(c *idp.Client) { c.RequestObjectAlg = "HS256" },
		"requests without keys":             func(c *idp.Client) { c.RequestObjectAlg = "ES256"; c.JWKS = nil },
		"signed requests without algorithm": func(c *idp.Client) { c.RequireSignedRequest = true },
		"unsigned responses":                func(c *idp.Client) { c.AuthorizationAlg = "none" },
		"unsigned userinfo":                 func(c *idp.Client) { c.UserinfoAlg = "none" },
		"public subjects":                   func(c *idp.Client) { c.SubjectType = "public" },
		"negative age":                      func(c *idp.Client) { c.DefaultMaxAge = &negative },
		"kind of application":               func(c *idp.Client) { c.ApplicationType = "service" },
		"O-05 logo":                         func(c *idp.Client) { c.LogoURI = "JaVaScRiPt:alert(1)" },
		"O-05 policy":                       func(c *idp.Client) { c.PolicyURI = "data:text/html,x" },
		"O-05 terms":                        func(c *idp.Client) { c.TosURI = "vbscript:x" },
		"O-05 site":                         func(c *idp.Client) { c.ClientURI = "file:///etc/passwd" },
		"O-05 login":                        func(c *idp.Client) { c.InitiateLoginURI = "javascript:1" },
		"front-channel over plain http":     func(c *idp.Client) { c.FrontchannelLogoutURI = "http://ok.gov.cn/out" },
		"J-12 private key":                  func(c *idp.Client) { c.JWKS = idp.KeyDocument(strings.Replace(aKey, `"kid"`, `"d":"AA","kid"`, 1)) },
		"J-12 point off the curve": func(c *idp.Client) {
			c.JWKS = idp.KeyDocument(strings.Replace(aKey, "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyA", 1))
		},
		"J-12 symmetric key":          func(c *idp.Client) { c.JWKS = idp.KeyDocument(`{"keys":[{"kty":"oct","k":"AAAA"}]}`) },
		"J-12 key for encryption":     func(c *idp.Client) { c.JWKS = idp.KeyDocument(strings.Replace(aKey, `"kid"`, `"use":"enc","kid"`, 1)) },
		"keys in two places":          func(c *idp.Client) { c.JWKSURI = "https://ok.gov.cn/jwks" },
		"O-54 name turned round":      func(c *idp.Client) { c.ClientName = "税务\u202eexe" },
		"O-54 invisible letter":       func(c *idp.Client) { c.ClientName = "税\u200b务" },
		"O-54 look-alike letter":      func(c *idp.Client) { c.ClientName = "Bаnk" }, // the second letter is Cyrillic
		"O-54 combining character":    func(c *idp.Client) { c.ClientName = "a\u0336b" },
		"O-54 line break":             func(c *idp.Client) { c.ClientName = "a\nb" },
		"O-54 markup":                 func(c *idp.Client) { c.ClientName = "<b>税务</b>" },
		"O-54 long":                   func(c *idp.Client) { c.ClientName = strings.Repeat("税", 61) },
		"O-54 picture for a letter":   func(c *idp.Client) { c.ClientName = "税务✅" },
		"O-54 full width of a letter": func(c *idp.Client) { c.ClientName = "ﬁnance\u3000" },
	} {
		t.Run(name, func(t *testing.T) {
			c := idp.Client{ClientID: "app", RedirectURIs: []string{"https://ok.gov.cn/cb"}, TokenSettings: idp.TokenSettings{JWKS: idp.KeyDocument(aKey)}}
			change(&c)
			if err := c.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("answer is %v", err)
			}
		})
	}
	for _, name := range []string{"市场监管", "不动产登记 (App)", "e-Tax 电子税务局", "Façade", "Налоги", "省·市 一体化"} {
		c := idp.Client{ClientID: "app", ClientName: name, RedirectURIs: []string{"https://ok.gov.cn/cb"}}
		if err := c.Normalize(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestO54NamesThatAreOurs(t *testing.T) {
	for _, name := range []string{"印信", "统一身份认证平台", "YinXin", "Y1nxin", "y i n x i n", "Уіnхіn", "示例一网通办", "yi-nx-in support"} {
		if err := idp.CheckOwnName(name, "一网通办"); err == nil {
			t.Errorf("%s passes for ours", name)
		}
	}
	for _, name := range []string{"市场监管", "身份证办理", "Tax office"} {
		if err := idp.CheckOwnName(name, "一网通办"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientIsTheSameInYAMLAndJSON(t *testing.T) {
	var fromYAML, fromJSON idp.Client
	const text = "client_id: app\nrequest_object_signing_alg: ES256\nrequire_pushed_authorization_requests: true\njwks: " + aKey + "\nauthorization_details_types: [a]\n"
	if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &fromJSON); err != nil {
		t.Fatal(err)
	}
	if !fromJSON.RequirePushedRequest || fromJSON.RequestObjectAlg != "ES256" || len(fromJSON.JWKS) == 0 || fromJSON.AuthorizationDetails[0] != "a" {
		t.Errorf("%+v", fromJSON)
	}
}

// Whatever document comes, what passes leads to nobody's script, keeps a FAPI client strict, and is stored as it was
// judged.
func FuzzNormalize(f *testing.F) {
	f.Add([]byte(`{"client_id":"a","redirect_uris":["https://ok.gov.cn/cb"],"profile":"fapi2_ms","jwks":` + aKey + `}`))
	f.Add([]byte(`{"client_id":"a","redirect_uris":["http://127.0.0.1/cb"],"application_type":"native","token_endpoint_auth_method":"none"}`))
	f.Add([]byte(`{"client_id":"a","client_name":"\u202e","logo_uri":"javascript:1"}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var c idp.Client
		if json.Unmarshal(document, &c) != nil || c.Normalize() != nil {
			return
		}
		for _, address := range append(append(c.RedirectURIs, c.PostLogoutRedirectURIs...), c.LogoURI, c.PolicyURI, c.TosURI, c.ClientURI, c.FrontchannelLogoutURI, c.BackchannelLogoutURI, c.InitiateLoginURI) {
			if address != "" && !strings.HasPrefix(strings.ToLower(address), "https://") && !(c.ApplicationType == "native" && strings.HasPrefix(strings.ToLower(address), "http://")) {
				t.Fatalf("%q passes", address)
			}
		}
		if c.FAPI() && (!c.MustPush() || !c.NeedsPKCE() || c.Public() || !c.DPoPBound && !c.CertificateBound) {
			t.Fatalf("a FAPI client is weak: %+v", c)
		}
		stored, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again idp.Client
		if err := json.Unmarshal(stored, &again); err != nil {
			t.Fatal(err)
		}
		if err := again.Normalize(); err != nil {
			t.Fatalf("what was stored is refused: %v: %s", err, stored)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(stored) {
			t.Fatalf("not the same again: %s and %s", stored, twice)
		}
	})
}
