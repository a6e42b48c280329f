package mock_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/mock"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// the mock has mandates, and a client that knows of acting gets tokens of the principal that tell who acts and under what.
func TestX11MandatesOfTheMockComeInTokens(t *testing.T) {
	ctx := context.Background()
	report := start(t, mock.Options{})
	if len(report.Mandates) != 2 {
		t.Fatalf("%+v", report.Mandates)
	}
	var client mock.Client
	for _, c := range report.Clients {
		if c.ClientID == report.Mandates[0].ClientID {
			client = c
		}
	}
	const verifier = "a-verifier-of-tests-that-is-long-enough-for-the-rule"
	sum := sha256.Sum256([]byte(verifier))
	redirect := client.RedirectURIs[0]
	claims := func(b *walk.Browser, acting string) map[string]any {
		t.Helper()
		query := url.Values{"client_id": {client.ClientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile phone"}, "state": {"s"}, "nonce": {"n"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "acting_for": {acting}}
		target, err := b.OpenUntil(ctx, report.Issuer+"/authorize?"+query.Encode(), redirect)
		if err == nil && target == nil && b.Page.Has("login-identifier") {
			target, err = b.SubmitUntil(ctx, map[string]string{"login-identifier": report.Mandates[0].Agent, "login-password": mock.Password}, redirect)
		}
		if err == nil && target == nil && b.Page.Has("consent-allow") {
			target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, redirect)
		}
		if err != nil || target == nil {
			t.Fatalf("%v, on %s: %s", err, b.Page.URL, b.Page.Text)
		}
		form := url.Values{"grant_type": {"authorization_code"}, "code": {target.Query().Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
		request, err := http.NewRequest(http.MethodPost, report.Issuer+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(client.ClientID, client.ClientSecret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct {
			IDToken string `json:"id_token"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.IDToken == "" {
			t.Fatalf("%d %v", response.StatusCode, err)
		}
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(answer.IDToken, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var told map[string]any
		if err := json.Unmarshal(payload, &told); err != nil {
			t.Fatal(err)
		}
		return told
	}
	b := walk.New(nil)
	own := claims(b, "self")
	if own["act"] != nil || own["mandate_id"] != nil {
		t.Fatalf("for oneself: %v", own)
	}
	acting := claims(b, report.Mandates[0].MandateID)
	actor, _ := acting["act"].(map[string]any)
	if acting["mandate_id"] != report.Mandates[0].MandateID || actor["sub"] != own["sub"] || acting["sub"] == own["sub"] || acting["name"] != "张三" {
		t.Errorf("for another: %v", acting)
	}
	narrow := claims(b, report.Mandates[1].MandateID)
	if narrow["mandate_id"] != report.Mandates[1].MandateID || narrow["sub"] != acting["sub"] || narrow["name"] != nil {
		t.Errorf("under the narrow one: %v", narrow)
	}
}
