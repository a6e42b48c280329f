package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

const manifest = `
authorization_details_types:
  - type: estate_record
    title: {zh-CN: 查询不动产登记, en: Look up a property record, zh-Hant: 查詢不動產登記}
    fields:
      unit: {kind: text, required: true, max: 28, title: {zh-CN: 单元号, en: Unit, zh-Hant: 單元號}}
statement_issuers:
  - issuer: https://software.example.gov.cn
    jwks: {keys: [{kty: EC, crv: P-256, x: MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4, y: 4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM}]}
initial_access_tokens:
  - name: tax-2026
    token: a-token-of-tests-that-nobody-guesses-0001
    department: 示例市税务局
    sector: tax
    scope: openid profile
    state: applied
    uses: 3
    expires_at: 2030-01-01T00:00:00+08:00
    software_statement_required: true
clients:
  - client_id: bank
    profile: fapi2_ms
    redirect_uris: [https://bank.example.gov.cn/cb]
    jwks: {keys: [{kty: EC, crv: P-256, x: MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4, y: 4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM}]}
    authorization_signed_response_alg: PS256
    authorization_details_types: [estate_record]
    frontchannel_logout_uri: https://bank.example.gov.cn/out
    frontchannel_logout_session_required: true
    userinfo_signed_response_alg: ES256
    default_max_age: 600
`

func TestManifestKnowsTheWholeRegistration(t *testing.T) {
	p := apptest.Start(t, database(t))
	for range 2 { // again, and nothing changes
		m, err := app.ReadManifest([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.App.Apply(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	c, ok := p.App.Clients.Find("bank")
	if !ok || c.AuthorizationAlg != "PS256" || !c.MustPush() || !c.MustSignRequest() || len(c.Keys.Keys()) != 1 || *c.DefaultMaxAge != 600 || !c.FrontchannelSession || c.AuthorizationDetails[0] != "estate_record" {
		t.Errorf("%t %+v", ok, c)
	}
	if kind := p.App.Details.Types()["estate_record"]; !kind.Fields["unit"].Required {
		t.Errorf("%+v", kind)
	}
	for name, change := range map[string][2]string{
		"unknown key":          {"uses: 3", "use: 3"},
		"short token":          {"a-token-of-tests-that-nobody-guesses-0001", "short"},
		"unknown state":        {"state: applied", "state: approved"},
		"a token without end":  {"    expires_at: 2030-01-01T00:00:00+08:00\n", ""},
		"issuer without keys":  {"keys: [{kty: EC, crv: P-256", "keys: [{kty: oct, crv: P-256"},
		"title in one tongue":  {", en: Look up a property record", ""},
		"kind of a member":     {"kind: text", "kind: blob"},
		"approval by a client": {"client_id: bank", "client_id: bank\n    approval_state: live"},
		"weak profile":         {"profile: fapi2_ms", "profile: fapi2_ms\n    require_pkce: false"},
	} {
		m, err := app.ReadManifest([]byte(strings.Replace(manifest, change[0], change[1], 1)))
		if err == nil {
			err = p.App.Apply(context.Background(), m)
		}
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	m, err := app.ReadManifest([]byte("registrations: [{client_id: nobody, state: live}]"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.Apply(context.Background(), m); err == nil {
		t.Error("a decision on nobody was taken")
	}
}
