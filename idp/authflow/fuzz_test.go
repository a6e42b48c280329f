package authflow

import (
	"net/url"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
)

func FuzzReadClaims(f *testing.F) {
	f.Add(`{"id_token":{"acr":{"essential":true,"values":["urn:yinxin:aal:1"]},"sub":{"value":"p"}},"userinfo":{"ial":{"value":2},"name":null}}`)
	f.Add(`{"id_token":{"verified_claims":[{"verification":{"trust_framework":{"value":"cn_yinxin"},"assurance_level":{"value":"urn:yinxin:ial:2","essential":true}},"claims":{"name":null}}]}}`)
	f.Add(`{"id_token":{"acr":{"values":[1,{},"x"]}}}`)
	f.Add(`{"id_token":{"ial":{"essential":true,"value":2.5},"acr":{"value":"urn:yinxin:aal:1"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var once, twice Flow
		errOnce, errTwice := once.readClaims(text), twice.readClaims(text)
		if errOnce != nil && errTwice != nil {
			return
		}
		if (errOnce == nil) != (errTwice == nil) || once.AAL != twice.AAL || once.IAL != twice.IAL || once.Unreachable != twice.Unreachable || !slices.Equal(once.Claims, twice.Claims) {
			t.Fatalf("one text is two requests: %+v and %+v", once, twice)
		}
		if len(once.Claims) > maxClaimNames || len(once.UserinfoClaims) > maxClaimNames || once.IAL < 0 || once.IAL > 4 || once.AAL < 0 || once.AAL > maxAAL {
			t.Fatalf("%+v", once)
		}
		if narrow := (idp.Client{Scope: "openid"}); len(once.Items(idp.BuiltinVocabulary(), narrow)) != 0 {
			t.Fatalf("a client without scopes gets %v", once.Items(idp.BuiltinVocabulary(), narrow))
		}
	})
}

// FuzzRedirectAllowed: what is allowed is a registered address, or differs from one by the port of loopback alone.
func FuzzRedirectAllowed(f *testing.F) {
	web := idp.Client{ApplicationType: "web", RedirectURIs: []string{"https://ok.gov.cn/cb/Path?a=1"}}
	native := idp.Client{ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]:80/cb?x", "http://localhost/cb"}}
	for _, text := range []string{"https://ok.gov.cn/cb/Path?a=1", "https://ok.gov.cn@evil.example/cb/Path?a=1", "http://127.0.0.1:8080/cb", "http://127.0.0.1:80:80/cb", "http://127.0.0.1:1@evil.example/cb", "http://[::1]:81/cb?x", "http://127.0.0.1:/cb", "http://127.0.0.1/cb#", "http://127.0.0.1\\@evil/cb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if RedirectAllowed(web, text) && text != web.RedirectURIs[0] {
			t.Fatalf("a site is sent to %q", text)
		}
		if !RedirectAllowed(native, text) || slices.Contains(native.RedirectURIs, text) {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" || u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" || u.Path != "/cb" {
			t.Fatalf("an application is sent to %q", text)
		}
		for _, r := range u.Port() {
			if r < '0' || r > '9' {
				t.Fatalf("port of %q", text)
			}
		}
	})
}
