// Package visit is what services with a page of their own have in common: a visit is opened by the server, the person goes to the
// page and comes back, and the server asks for the result. What the browser brings back counts nothing. The protocol is our own
// and described in docs/integration/proofing-sources.md.
package visit

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/source"
)

// Paths below the address of a service.
const (
	beginPath  = "/visits"
	resultPath = "/results"
)

const maxHandle = 256

// Client opens visits and asks for their results.
type Client struct {
	client *source.Client
	origin string
}

// New returns a client of a service whose pages are at an origin, such as https://face.example.
func New(client *source.Client, origin string) (*Client, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || origin != u.Scheme+"://"+u.Host {
		return nil, errors.New("visit: the address of the pages is no origin")
	}
	return &Client{client, origin}, nil
}

// Name of the service.
func (c *Client) Name() string { return c.client.Name() }

// Origin implements proofing.Remote.
func (c *Client) Origin() string { return c.origin }

type opening struct {
	RequestID string `json:"request_id"`
	ReturnURL string `json:"return_url"`
	Name      string `json:"name,omitempty"`
	IDType    string `json:"id_type,omitempty"`
	IDNumber  string `json:"id_number,omitempty"`
	// Nationality where the number is one of its country alone.
	Nationality string `json:"nationality,omitempty"`
}

// Opened is the answer to the opening of a visit.
type Opened struct {
	URL    string `json:"url"`
	Handle string `json:"handle"`
}

// Usable implements source.Answer.
func (o Opened) Usable() error {
	if !word(o.Handle) {
		return errors.New("no handle")
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.User != nil {
		return errors.New("no address")
	}
	return nil
}

// word: printable ASCII without blanks, of a bounded length.
func word(s string) bool {
	if s == "" || len(s) > maxHandle {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

// Begin opens a visit. A page that is not at the service's origin is refused: nobody is led elsewhere by an answer.
func (c *Client) Begin(ctx context.Context, q proofing.Query, returnURL string) (proofing.Started, error) {
	asked := opening{RequestID: q.RequestID, ReturnURL: returnURL}
	if q.IDNumber != "" {
		asked.Name, asked.IDType, asked.IDNumber, asked.Nationality = q.Name, q.IDType, q.IDNumber, q.Nationality
	}
	o, _, err := source.Ask[Opened](ctx, c.client, beginPath, q.RequestID, asked)
	if err != nil {
		return proofing.Started{}, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	if u, err := url.Parse(o.URL); err != nil || u.Scheme+"://"+u.Host != c.origin {
		return proofing.Started{}, fmt.Errorf("%w: the page is not at the service's origin", proofing.ErrSilent)
	}
	return proofing.Started{URL: o.URL, Handle: o.Handle}, nil
}

type asking struct {
	RequestID string `json:"request_id"`
	Handle    string `json:"handle"`
}

// Result is what is read of a result. Further members, a picture for instance, are not read.
type Result struct {
	Result proofing.Verdict `json:"result"`
	Key    string           `json:"key"`
}

// Usable implements source.Answer.
func (r Result) Usable() error {
	switch r.Result {
	case proofing.Match, proofing.Mismatch, proofing.Refused, proofing.Pending:
	default:
		return errors.New("result is none of the protocol")
	}
	if r.Key != "" && !word(r.Key) {
		return errors.New("key is none of the protocol")
	}
	return nil
}

// Ask brings the result of a visit.
func (c *Client) Ask(ctx context.Context, q proofing.Query) (Result, string, error) {
	r, sum, err := source.Ask[Result](ctx, c.client, resultPath, q.RequestID, asking{q.RequestID, q.Handle})
	if err != nil {
		return Result{}, "", fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	return r, sum, nil
}
