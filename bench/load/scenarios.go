package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/walk"
)

// target is a provider with the clients and people of bench/protocol.yaml.
type target struct{ issuer, secret, password string }

// operation is done over and over by one worker.
type operation func(ctx context.Context) error

type scenario struct {
	name    string
	prepare func(ctx context.Context, t target, worker int) (operation, error)
}

var scenarios = []scenario{
	{"discovery", get("/.well-known/openid-configuration")},
	{"jwks", get("/jwks")},
	{"cc_jwt", credentials("bench-jwt")},
	{"cc_sm2", credentials("bench-sm2")},
	{"cc_opaque", credentials("bench-opaque")},
	{"introspect", introspection("bench-opaque")},
	{"introspect_jwt", introspection("bench-jwt")},
	{"userinfo", userinfo},
	{"refresh", refresh},
	{"authcode_sso", signedIn},
	{"authcode_pw", withPassword},
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const maxAnswer = 1 << 20

// call does a request and gives its body when the status is the one wanted.
func call(request *http.Request, status int) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s answered %d: %s", request.URL.Path, response.StatusCode, body[:min(len(body), 200)])
	}
	return body, err
}

func (t target) form(ctx context.Context, path, clientID string, form url.Values) (map[string]any, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(clientID, url.QueryEscape(t.secret))
	body, err := call(request, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	return answer, json.Unmarshal(body, &answer)
}

func get(path string) func(context.Context, target, int) (operation, error) {
	return func(_ context.Context, t target, _ int) (operation, error) {
		return func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.issuer+path, nil)
			if err == nil {
				_, err = call(request, http.StatusOK)
			}
			return err
		}, nil
	}
}

func credentials(clientID string) func(context.Context, target, int) (operation, error) {
	return func(_ context.Context, t target, _ int) (operation, error) {
		return func(ctx context.Context) error {
			_, err := t.form(ctx, "/token", clientID, url.Values{"grant_type": {"client_credentials"}})
			return err
		}, nil
	}
}

// introspection looks at eight tokens in turn for each worker.
func introspection(clientID string) func(context.Context, target, int) (operation, error) {
	return func(ctx context.Context, t target, _ int) (operation, error) {
		var tokens []string
		for range 8 {
			answer, err := t.form(ctx, "/token", clientID, url.Values{"grant_type": {"client_credentials"}})
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, answer["access_token"].(string))
		}
		n := 0
		return func(ctx context.Context) error {
			n++
			answer, err := t.form(ctx, "/introspect", clientID, url.Values{"token": {tokens[n%len(tokens)]}})
			if err == nil && answer["active"] != true {
				err = errors.New("the token is not active")
			}
			return err
		}, nil
	}
}

const redirect = "http://127.0.0.1:9999/cb"

// portal is a person's browser and the portal that it signs in at.
type portal struct {
	target
	browser *walk.Browser
	person  string
}

func newPortal(t target, worker int) *portal {
	return &portal{t, walk.New(nil), fmt.Sprintf("bench-%04d@example.cn", worker%200+1)}
}

// code goes to the provider and comes back with a code, signing in and agreeing where it is asked.
func (p *portal) code(ctx context.Context) (code, verifier string, err error) {
	random := make([]byte, 48)
	rand.Read(random)
	verifier = base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(verifier))
	state := verifier[:22]
	query := url.Values{"client_id": {"bench-web"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {state},
		"nonce": {state}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	back, err := p.browser.OpenUntil(ctx, p.issuer+"/authorize?"+query.Encode(), redirect)
	if err == nil && back == nil && p.browser.Page.Has("login-password") {
		back, err = p.browser.SubmitUntil(ctx, map[string]string{"login-identifier": p.person, "login-password": p.password}, redirect)
	}
	if err == nil && back == nil && p.browser.Page.Has("consent-allow") {
		back, err = p.browser.SubmitUntil(ctx, map[string]string{"consent": "allow"}, redirect)
	}
	switch {
	case err != nil:
		return "", "", err
	case back == nil:
		return "", "", fmt.Errorf("stopped at %s: %.200s", p.browser.Page.URL, p.browser.Page.Text)
	case back.Query().Get("state") != state || back.Query().Get("code") == "":
		return "", "", fmt.Errorf("came back with %s", back.RawQuery)
	}
	return back.Query().Get("code"), verifier, nil
}

// login is a whole code flow.
func (p *portal) login(ctx context.Context) (map[string]any, error) {
	code, verifier, err := p.code(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := p.form(ctx, "/token", "bench-web", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
	if err == nil && (answer["id_token"] == nil || answer["refresh_token"] == nil) {
		err = errors.New("no ID token or no refresh token")
	}
	return answer, err
}

func signedIn(ctx context.Context, t target, worker int) (operation, error) {
	p := newPortal(t, worker)
	if _, err := p.login(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := p.login(ctx)
		return err
	}, nil
}

func withPassword(_ context.Context, t target, worker int) (operation, error) {
	return func(ctx context.Context) error {
		_, err := newPortal(t, worker).login(ctx)
		return err
	}, nil
}

func userinfo(ctx context.Context, t target, worker int) (operation, error) {
	answer, err := newPortal(t, worker).login(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.issuer+"/userinfo", nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+answer["access_token"].(string))
		_, err = call(request, http.StatusOK)
		return err
	}, nil
}

func refresh(ctx context.Context, t target, worker int) (operation, error) {
	answer, err := newPortal(t, worker).login(ctx)
	if err != nil {
		return nil, err
	}
	token := answer["refresh_token"].(string)
	return func(ctx context.Context) error {
		answer, err := t.form(ctx, "/token", "bench-web", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		if err != nil {
			return err
		}
		token = answer["refresh_token"].(string)
		return nil
	}, nil
}
