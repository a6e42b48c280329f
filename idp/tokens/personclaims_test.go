package tokens

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

// TestClaimsStayWithinTheRegistration: what the client is not allowed is left out, and a level above max_ial is told
// nowhere, not even by the evidence of it.
func TestClaimsStayWithinTheRegistration(t *testing.T) {
	person := idp.Person{Name: "张三", Mobile: "13800138000", Email: "z@example.cn", IDType: "111", IDNumber: "11010519491231002X", IAL: 3, IALMethod: "face", IALSource: "register", IALAt: time.Unix(1700000000, 0)}
	scope := "openid profile phone email identity"
	allow := func(names ...string) []idp.AllowedClaim {
		var all []idp.AllowedClaim
		for _, name := range names {
			all = append(all, idp.AllowedClaim{Claim: name, Purpose: "x"})
		}
		return all
	}
	everything := idp.BuiltinVocabulary().Claims()
	for name, test := range map[string]struct {
		client idp.Client
		want   []string
		ial    any
		told   bool // the evidence of the level
	}{
		"no list":          {idp.Client{Scope: scope}, everything, 3, true},
		"a list":           {idp.Client{Scope: scope, AllowedClaims: allow("name", "phone_number")}, []string{"name", "phone_number", "phone_number_verified"}, nil, false},
		"levels":           {idp.Client{Scope: scope, AllowedClaims: allow("ial", "verified_claims")}, []string{"ial", "verified_claims"}, 3, true},
		"a bound":          {idp.Client{Scope: scope, MaxIAL: 2}, everything, 2, false},
		"a bound above":    {idp.Client{Scope: scope, MaxIAL: 4}, everything, 3, true},
		"not of its scope": {idp.Client{Scope: "openid", AllowedClaims: allow("email")}, nil, nil, false},
	} {
		scopes := strings.Fields(test.client.Scope)
		claims := (&Service{}).PersonClaims(person, test.client, scopes, append([]string{"verified_claims"}, everything...))
		got := slices.Sorted(maps.Keys(claims))
		if want := slices.Sorted(slices.Values(test.want)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if claims["ial"] != test.ial {
			t.Errorf("%s: ial %v", name, claims["ial"])
		}
		text, err := json.Marshal(claims["verified_claims"])
		if err != nil || strings.Contains(string(text), "face") != test.told || strings.Contains(string(text), `"time"`) != test.told || !test.told && strings.Contains(string(text), "ial:3") {
			t.Errorf("%s: %s %v", name, text, err)
		}
		if inner := strings.Contains(string(text), "张三"); inner && claims["name"] == nil {
			t.Errorf("%s: verified_claims tell a name that the client may not have", name)
		}
	}
}
