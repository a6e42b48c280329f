// Package sealing seals documents with the seals of a platform, from a system of a department. A document is handed over (Stamp), or it
// stays where it is: Prepare makes what is signed, Sign asks the platform for the value of the signature over the digest alone, and Complete
// puts it in and judges the whole before it is given out.
//
// The client has the role of the seal's keeper, and the rule of the seal has to allow that documents stay. Calls that change something carry
// an idempotency key, so that they are tried again on a weak network without a second use of the seal.
package sealing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"

	"github.com/yinxin-gov/yinxin/esign/prepare"
)

// Place says where a seal is drawn; the platform reads it as we do.
type Place = prepare.Place

// At is the place of one seal on one page, from 1; millimetres from its top left corner.
func At(page int, xMM, yMM float64) Place { return prepare.At(page, xMM, yMM) }

// MaxDocument is the greatest document that is sealed, in octets.
const MaxDocument = prepare.MaxDocument

const (
	maxAnswer  = 72 << 20 // a document in Base64, with its record
	maxWait    = time.Minute
	tokenSpare = 30 * time.Second
)

// Config of a client.
type Config struct {
	Server   string // address of the platform: https, or http on the own machine
	ClientID string // of a service client, with its Secret
	Secret   string
	Token    string       // instead of them: an access token
	HTTP     *http.Client // nil: two minutes for a call. Redirects are not followed whatever it says
	Tries    int          // how often a call is made that may succeed later; 5 when zero
	Now      func() time.Time
	// Sleep waits between tries; nil waits for real.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Client calls a platform. It is safe for many goroutines.
type Client struct {
	cfg   Config
	mutex sync.Mutex
	token string
	until time.Time
}

// New checks the configuration.
func New(cfg Config) (*Client, error) {
	cfg.Server = strings.TrimRight(cfg.Server, "/")
	switch {
	case !yinxin.SecureAddress(cfg.Server):
		return nil, &yinxin.Error{Code: "config", Hint: "the server must be an https address, or on the own machine"}
	case cfg.Token == "" && (cfg.ClientID == "" || cfg.Secret == ""):
		return nil, &yinxin.Error{Code: "config", Hint: "name a client and its secret, or give a token"}
	}
	own := http.Client{Timeout: 2 * time.Minute}
	if cfg.HTTP != nil {
		own = *cfg.HTTP
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.HTTP = &own
	if cfg.Tries == 0 {
		cfg.Tries = 5
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	return &Client{cfg: cfg, token: cfg.Token}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Refusal is an answer of the platform that is none (RFC 9457).
type Refusal struct {
	Status    int    `json:"status"`
	Code      string `json:"code"` // YX-…
	Title     string `json:"title"`
	Hint      string `json:"hint"`
	RequestID string `json:"request_id"`
	Retryable bool   `json:"retryable"` // the same call may succeed later

	retryAfter time.Duration
}

// Error implements error.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("%d %s %s", r.Status, r.Code, r.Title)
	if r.RequestID != "" {
		text += " (request " + r.RequestID + ")"
	}
	return text
}

// Later tells whether the same call may succeed later: the platform, or the way to it, is away, or the same request is under way there.
func Later(err error) bool {
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		_, away := errors.AsType[*url.Error](err)
		return away
	}
	switch refusal.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return refusal.Retryable || refusal.retryAfter > 0
}

// call makes a call and reads its answer. It is tried again while that may help; body is JSON, nil for none.
func (c *Client) call(ctx context.Context, method, path, key string, body, into any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	renewed := false
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, key, content, into)
		refusal, answered := errors.AsType[*Refusal](err)
		if answered && refusal.Status == http.StatusUnauthorized && c.cfg.Token == "" && !renewed {
			renewed = true // a token may end before its time, for instance when its key was withdrawn
			c.forget()
			continue
		}
		if err == nil || !Later(err) || try >= c.cfg.Tries || ctx.Err() != nil {
			return err
		}
		wait := min(time.Second<<min(try-1, 5), maxWait)
		if answered && refusal.retryAfter > 0 {
			wait = min(refusal.retryAfter, maxWait)
		}
		if err := c.cfg.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path, key string, content []byte, into any) error {
	token, err := c.bearer(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.cfg.Server+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	return c.exchange(request, into)
}

// exchange sends a request and reads the answer.
func (c *Client) exchange(request *http.Request, into any) error {
	response, err := c.cfg.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil: // the connection broke in the middle
		return &url.Error{Op: request.Method, URL: request.URL.String(), Err: err}
	case response.StatusCode < 200 || response.StatusCode > 299:
		refusal := &Refusal{}
		_ = json.Unmarshal(answer, refusal) // an answer of something between us and the platform may be anything
		refusal.Status = response.StatusCode
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			refusal.retryAfter = time.Duration(seconds) * time.Second
		}
		return refusal
	case len(answer) > maxAnswer:
		return fmt.Errorf("sealing: an answer of more than %d octets", maxAnswer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("sealing: the answer is not what it should be: %w", err)
	}
	return nil
}

func (c *Client) forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.token = ""
}

// bearer gives the access token, a new one when the last is about to end (RFC 6749 4.4).
func (c *Client) bearer(ctx context.Context) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token != "" && (c.cfg.Token != "" || c.cfg.Now().Before(c.until)) {
		return c.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.Server+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(c.cfg.ClientID), url.QueryEscape(c.cfg.Secret))
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := c.exchange(request, &answer); err != nil {
		return "", err
	}
	if answer.AccessToken == "" {
		return "", &yinxin.Error{Code: "token", Hint: "the platform gave no token"}
	}
	c.token, c.until = answer.AccessToken, c.cfg.Now().Add(time.Duration(answer.ExpiresIn)*time.Second-tokenSpare)
	return c.token, nil
}
