package authflow

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	zero, minute := 0, 60
	signedIn := State{SignedIn: true, AuthTime: now.Add(-30 * time.Second), AAL: 1, IAL: 2, Subject: "me", Items: []string{"openid"}, Consented: []string{"openid"}}
	with := func(change func(s *State)) State {
		s := signedIn
		change(&s)
		return s
	}
	fresh := with(func(s *State) { s.AuthTime = now })
	for _, test := range []struct {
		name  string
		flow  Flow
		state State
		want  Step
		code  string
	}{
		{"nobody", Flow{}, State{}, Login, ""},
		{"nobody, silently", Flow{Prompt: []string{"none"}}, State{}, "", "login_required"},
		{"all is there", Flow{}, signedIn, Finish, ""},
		{"O-47 login asked for", Flow{Prompt: []string{"login"}}, signedIn, Login, ""},
		{"O-47 login given", Flow{Prompt: []string{"login"}}, fresh, Finish, ""},
		{"O-47 max_age 0", Flow{MaxAge: &zero}, signedIn, Login, ""},
		{"O-47 max_age 0, login given", Flow{MaxAge: &zero}, fresh, Finish, ""},
		{"O-47 max_age not reached", Flow{MaxAge: &minute}, signedIn, Finish, ""},
		{"O-47 max_age reached", Flow{MaxAge: &minute}, with(func(s *State) { s.AuthTime = now.Add(-time.Minute) }), Login, ""},
		{"hint of another", Flow{HintSubject: "you"}, signedIn, Login, ""},
		{"O-46 hint of another, silently", Flow{HintSubject: "you", Prompt: []string{"none"}}, signedIn, "", "login_required"},
		{"hint of another after the login", Flow{HintSubject: "you"}, fresh, "", "login_required"},
		{"own hint", Flow{HintSubject: "me"}, signedIn, Finish, ""},
		{"stronger login", Flow{AAL: 2}, signedIn, Login, ""},
		{"O-48 stronger login not reached", Flow{AAL: 2, Essential: true}, fresh, "", "unmet_authentication_requirements"},
		{"stronger login wished for", Flow{AAL: 2}, fresh, Finish, ""},
		{"stronger login wished for, out of the account's reach", Flow{AAL: 2}, with(func(s *State) { s.Highest = true }), Finish, ""},
		{"O-48 stronger login demanded, out of the account's reach", Flow{AAL: 2, Essential: true}, with(func(s *State) { s.Highest = true }), Login, ""},
		{"higher proofing", Flow{IAL: 3}, signedIn, Proofing, ""},
		{"higher proofing, silently", Flow{IAL: 3, Prompt: []string{"none"}}, signedIn, "", "interaction_required"},
		{"consent missing", Flow{}, with(func(s *State) { s.Consented = nil }), Consent, ""},
		{"O-46 consent missing, silently", Flow{Prompt: []string{"none"}}, with(func(s *State) { s.Consented = nil }), "", "consent_required"},
		{"consent asked again", Flow{Prompt: []string{"consent"}}, signedIn, Consent, ""},
		{"consent given now", Flow{Prompt: []string{"consent"}}, with(func(s *State) { s.Asked = true }), Finish, ""},
		{"O-54 users of a public client are always asked", Flow{}, with(func(s *State) { s.Public = true }), Consent, ""},
		{"O-54 and once is enough", Flow{}, with(func(s *State) { s.Public, s.Asked = true, true }), Finish, ""},
		{"a transaction is always asked", Flow{Details: []byte(`[{}]`)}, signedIn, Consent, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.flow.CreatedAt = now
			step, refusal := Decide(test.flow, test.state)
			if step != test.want || (refusal == nil) != (test.code == "") || refusal != nil && refusal.Code != test.code {
				t.Errorf("next is %q, %v", step, refusal)
			}
		})
	}
}

func TestLevelsOfClaims(t *testing.T) {
	for text, want := range map[string]struct {
		aal         subject.AAL
		ial         subject.IAL
		unreachable bool
	}{
		`{"id_token":{"acr":{"values":["urn:yinxin:aal:1"]}}}`:                                                                                     {1, 0, false},
		`{"id_token":{"acr":{"essential":true,"values":["x","urn:yinxin:aal:1"]}}}`:                                                                {1, 0, false},
		`{"id_token":{"acr":{"essential":true,"value":"x"}}}`:                                                                                      {0, 0, true},
		`{"id_token":{"ial":{"essential":true,"value":2.5},"acr":{"value":"urn:yinxin:aal:1"}}}`:                                                   {1, 0, true},
		`{"id_token":{"ial":{"essential":true,"value":4}},"userinfo":{"acr":{"essential":true,"value":"urn:yinxin:aal:1"}}}`:                       {1, 4, true},
		`{"id_token":{"acr":{"essential":true,"value":"urn:yinxin:aal:3"}},"userinfo":{"acr":{"value":"urn:yinxin:aal:1"}}}`:                       {1, 0, true},
		`{"id_token":{"acr":{"essential":true}}}`:                                                                                                  {0, 0, false},
		`{"userinfo":{"ial":{"value":2}}}`:                                                                                                         {0, 2, false},
		`{"userinfo":{"ial":{"values":[2,1]}}}`:                                                                                                    {0, 1, false},
		`{"userinfo":{"ial":{"value":2.5,"essential":true}}}`:                                                                                      {0, 0, true},
		`{"id_token":{"verified_claims":{"verification":{"trust_framework":{"value":"cn_yinxin"},"assurance_level":{"value":1}}}}}`:                {0, 1, false},
		`{"id_token":{"verified_claims":[{"verification":{"trust_framework":{"value":"eidas"},"assurance_level":{"value":4,"essential":true}}}]}}`: {0, 0, false},
	} {
		f := Flow{reach: 2}
		if err := f.readClaims(text); err != nil || f.AAL != want.aal || f.IAL != want.ial || f.Unreachable != want.unreachable {
			t.Errorf("%s gives aal %d, ial %d, unreachable %t, %v", text, f.AAL, f.IAL, f.Unreachable, err)
		}
	}
	var f Flow
	if err := f.readClaims(`{"id_token":{"verified_claims":{"verification":{"trust_framework":{"value":"eidas"}}}}}`); err != nil || slices.Contains(f.Claims, "verified_claims") {
		t.Errorf("evidence under another framework would be given: %v %v", f.Claims, err)
	}
}

func TestDetailsThatStandTwiceAreOneThing(t *testing.T) {
	kind := idp.DetailType{Type: "a", Fields: map[string]idp.DetailField{"x": {Kind: "text"}}}
	client := idp.Client{RequestSettings: idp.RequestSettings{AuthorizationDetails: []string{"a"}}}
	raw, err := DetailTypes{"a": kind}.Read(client, `[{"type":"b","x":"evil","x":"shown","type":"a"}]`)
	if err != nil || string(raw) != `[{"type":"a","x":"shown"}]` {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestMaxIALBoundsWhatIsAsked: nobody is proofed for a level that the client will not be told.
func TestMaxIALBoundsWhatIsAsked(t *testing.T) {
	client := idp.Client{ClientID: "c", Scope: "openid", GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}, RequirePKCE: new(bool), MaxIAL: 1}
	for claims, want := range map[string]struct {
		ial     subject.IAL
		refused bool
	}{
		`{"id_token":{"ial":{"value":1,"essential":true}}}`: {1, false},
		`{"id_token":{"ial":{"value":2}}}`:                  {1, false},
		`{"id_token":{"ial":{"value":2,"essential":true}}}`: {0, true},
	} {
		f, refusal := Parse(client, url.Values{"response_type": {"code"}, "scope": {"openid"}, "claims": {claims}}, nil, idp.BuiltinVocabulary(), 2)
		if (refusal != nil) != want.refused || refusal != nil && refusal.Code != "unmet_authentication_requirements" || refusal == nil && f.IAL != want.ial {
			t.Errorf("%s: ial %d, %v", claims, f.IAL, refusal)
		}
	}
}

// TestSingleClaimsStayWithinTheRegistration: a claim that the client may not have is neither asked of the person nor given.
func TestSingleClaimsStayWithinTheRegistration(t *testing.T) {
	client := idp.Client{Scope: "openid profile email", AllowedClaims: []idp.AllowedClaim{{Claim: "email", Purpose: "x"}}}
	f := Flow{Scopes: []string{"openid"}, Claims: []string{"name"}, UserinfoClaims: []string{"email"}}
	if items := f.Items(idp.BuiltinVocabulary(), client); len(items) != 2 || items[1] != "claim:email" {
		t.Errorf("items %v", items)
	}
	if given := Gives(idp.BuiltinVocabulary(), client, []string{"name", "email", "ial"}); len(given) != 1 || given[0] != "email" {
		t.Errorf("gives %v", given)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("openid", "st", "login", "60", `{"id_token":{"acr":{"essential":true}}}`, `[{"type":"a"}]`, "https://a", "jwt")
	f.Add("", "", "none", "-1", "{", "[", "", "query")
	client := idp.Client{ClientID: "c", Scope: "openid profile", GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}, RedirectURIs: []string{"https://c/cb"}, Audience: []string{"https://a"}}
	f.Fuzz(func(t *testing.T, scope, state, prompt, age, claims, details, resource, mode string) {
		q := url.Values{"response_type": {"code"}, "redirect_uri": {"https://c/cb"}, "scope": {scope}, "state": {state}, "prompt": {prompt}, "max_age": {age}, "claims": {claims},
			"authorization_details": {details}, "resource": {resource}, "response_mode": {mode}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
		flow, refusal := Parse(client, q, nil, idp.BuiltinVocabulary(), 2)
		if flow.RedirectURI != "https://c/cb" || flow.Mode != ModeQuery && flow.Mode != ModeFormPost {
			t.Fatalf("the answer would go to %s in mode %s", flow.RedirectURI, flow.Mode)
		}
		if refusal == nil && (flow.IAL > 2 || flow.AAL > maxAAL || len(flow.Details) > 0 || slices.ContainsFunc(flow.Scopes, func(s string) bool { return !slices.Contains(client.Scopes(), s) })) {
			t.Fatalf("accepted beyond what the client may: %+v", flow)
		}
	})
}

// codes are service items whose codes are their names.
type codes struct{}

func (codes) Name(_, code string) string { return code }

func FuzzReadDetails(f *testing.F) {
	f.Add(`[{"type":"a","x":1,"l":["v"],"t":"text","i":"pension"}]`)
	kind := idp.DetailType{Type: "a", Fields: map[string]idp.DetailField{"x": {Kind: "number"}, "l": {Kind: "list"}, "t": {Kind: "text"}, "i": {Kind: idp.FieldItem}}}
	client := idp.Client{RequestSettings: idp.RequestSettings{AuthorizationDetails: []string{"a"}}}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := DetailTypes{"a": kind}.Read(client, text)
		if err != nil {
			return
		}
		list, err := idp.ReadDetails(raw)
		if err != nil || len(list) == 0 {
			t.Fatalf("what was taken cannot be read again: %v", err)
		}
		for _, d := range list {
			if _, lines := kind.Describe(d, "en", codes{}); len(lines) != len(d.Fields) {
				t.Fatalf("the person would not see all of %s", text)
			}
		}
	})
}
