// Package source is the one way to ask an outside source over HTTP: registers of people and organisations, carriers, banks,
// services that compare a face. Every adapter sends its own question and reads its own answer; this package owns what none may
// forget: the token, the time-out, the breaker, the count of what was asked and paid, and the digest for the evidence.
//
// It does not know what an answer means.
package source

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ErrSilent: the source did not answer in time, or not in a way that can be understood. It is never taken for a no.
var ErrSilent = errors.New("source: does not answer")

// Outcomes of a question, as they are counted.
const (
	Answered = "answered"
	Silent   = "silent"
	Paused   = "paused" // not sent: the breaker is open
)

// Config of a client.
type Config struct {
	Name   string // word in evidence records and metrics
	URL    string
	Token  string
	Client *outbound.Client
	Now    func() time.Time
	// Cost of one question that was answered, in the operator's unit.
	Cost int64
	// Note counts a question; nil does not. It gets words of the configuration only.
	Note func(source, outcome string, cost int64)
	// Steady has no breaker: for a caller that paces itself and stops by its own rule.
	Steady bool
}

// After three silent calls none is made for 20 s, so that people are told at once instead of after a time-out.
const (
	breakAfter = 3
	breakFor   = 20 * time.Second
)

// Client asks one source.
type Client struct {
	cfg    Config
	mutex  sync.Mutex
	silent int
	until  time.Time
}

// New returns a client.
func New(cfg Config) *Client { return &Client{cfg: cfg} }

// Name of the source.
func (c *Client) Name() string { return c.cfg.Name }

// Answer is what an adapter reads an answer into.
type Answer interface {
	// Usable tells what is wrong with an answer that is well formed but has no meaning in the protocol; it holds no personal data.
	Usable() error
}

// Ask posts a question as JSON to path below the address and reads the answer; digest is SM3 over question and answer. Everything
// but a well-formed and usable answer to this very question is ErrSilent.
func Ask[A Answer](ctx context.Context, c *Client, path, requestID string, question any) (a A, sum string, err error) {
	if c.paused() {
		c.note(Paused, 0)
		return a, "", fmt.Errorf("%w: calls are paused", ErrSilent)
	}
	a, sum, err = once[A](ctx, c, path, requestID, question)
	c.settle(err)
	if err != nil {
		var none A
		return none, "", fmt.Errorf("%w: %w", ErrSilent, err)
	}
	return a, sum, nil
}

// Parse reads the body of an answer to a question. Errors hold nothing of the body.
func Parse[A Answer](body []byte, requestID string) (A, error) {
	var a, none A
	var about struct {
		RequestID string `json:"request_id"`
	}
	if json.Unmarshal(body, &about) != nil || about.RequestID == "" || about.RequestID != requestID || json.Unmarshal(body, &a) != nil {
		return none, errors.New("answer cannot be used")
	}
	if err := a.Usable(); err != nil {
		return none, err
	}
	return a, nil
}

func once[A Answer](ctx context.Context, c *Client, path, requestID string, question any) (a A, sum string, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return a, "", err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + c.cfg.Token}}
	response, err := c.cfg.Client.Do(ctx, http.MethodPost, c.cfg.URL+path, header, body)
	if err != nil {
		return a, "", err
	}
	if response.Status != http.StatusOK {
		return a, "", fmt.Errorf("status %d", response.Status)
	}
	if a, err = Parse[A](response.Body, requestID); err != nil {
		return a, "", err
	}
	return a, hex.EncodeToString(digest.SumParts(body, response.Body)), nil
}

func (c *Client) paused() bool {
	if c.cfg.Steady {
		return false
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.cfg.Now().Before(c.until)
}

// settle counts a question that was sent, and opens the breaker after a row of silences.
func (c *Client) settle(err error) {
	if err == nil {
		c.note(Answered, c.cfg.Cost)
	} else {
		c.note(Silent, 0)
	}
	if c.cfg.Steady {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err == nil {
		c.silent = 0
		return
	}
	if c.silent++; c.silent >= breakAfter {
		c.silent, c.until = 0, c.cfg.Now().Add(breakFor)
	}
}

func (c *Client) note(outcome string, cost int64) {
	if c.cfg.Note != nil {
		c.cfg.Note(c.cfg.Name, outcome, cost)
	}
}
