// Package register asks the registers of legal persons and of households over HTTP. The protocol is our own and described in
// docs/integration/authority.md; a gateway in front of a register translates it.
package register

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Config of a register.
type Config struct {
	Name   string // word in evidence records
	URL    string
	Token  string
	Client *outbound.Client
	Now    func() time.Time
}

// Client implements mandate.Register with a breaker: after three silent calls none is made for 20 s.
type Client struct {
	cfg    Config
	mutex  sync.Mutex
	silent int
	until  time.Time
}

const (
	breakAfter = 3
	breakFor   = 20 * time.Second
)

// New returns a client.
func New(cfg Config) *Client { return &Client{cfg: cfg} }

// Name of the register.
func (c *Client) Name() string { return c.cfg.Name }

type question struct {
	RequestID  string `json:"request_id"`
	Kind       string `json:"kind"` // organisation, guardian
	USCC       string `json:"unified_social_credit_code,omitempty"`
	Name       string `json:"name"`
	IDNumber   string `json:"id_number,omitempty"`
	HolderName string `json:"holder_name"` // legal representative, or guardian
	HolderID   string `json:"holder_id_number"`
}

type answer struct {
	RequestID string                `json:"request_id"`
	Result    string                `json:"result"` // match, mismatch, holder_mismatch
	State     mandate.RegisterState `json:"state"`  // of an organisation
}

// Results of a register.
const (
	match          = "match"
	mismatch       = "mismatch"
	holderMismatch = "holder_mismatch"
)

// Organisation implements mandate.Register.
func (c *Client) Organisation(ctx context.Context, q mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	a, sum, err := c.ask(ctx, question{RequestID: q.RequestID, Kind: "organisation", USCC: string(q.USCC), Name: q.Name, HolderName: q.RepresentativeName, HolderID: q.RepresentativeNumber}, func(a answer) bool {
		return a.Result == mismatch || (a.Result == match || a.Result == holderMismatch) && (a.State == mandate.Registered || a.State == mandate.Deregistered || a.State == mandate.Withdrawn)
	})
	return mandate.OrganisationAnswer{Known: err == nil && a.Result != mismatch, Representative: a.Result == match, State: a.State, Digest: sum}, err
}

// Guardian implements mandate.Register.
func (c *Client) Guardian(ctx context.Context, q mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	a, sum, err := c.ask(ctx, question{RequestID: q.RequestID, Kind: "guardian", Name: q.ChildName, IDNumber: q.ChildNumber, HolderName: q.GuardianName, HolderID: q.GuardianNumber}, func(a answer) bool {
		return a.Result == match || a.Result == mismatch || a.Result == holderMismatch
	})
	return mandate.GuardianAnswer{Match: a.Result == match, Digest: sum}, err
}

// ask sends one question. Everything but a well-formed answer to this very question is silence.
func (c *Client) ask(ctx context.Context, q question, usable func(answer) bool) (answer, string, error) {
	c.mutex.Lock()
	paused := c.cfg.Now().Before(c.until)
	c.mutex.Unlock()
	if paused {
		return answer{}, "", fmt.Errorf("%w: calls are paused", mandate.ErrSilent)
	}
	a, sum, err := c.once(ctx, q)
	if err == nil && !usable(a) {
		err = fmt.Errorf("result %q, state %q", a.Result, a.State)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err == nil {
		c.silent = 0
		return a, sum, nil
	}
	if c.silent++; c.silent >= breakAfter {
		c.silent, c.until = 0, c.cfg.Now().Add(breakFor)
	}
	return answer{}, "", fmt.Errorf("%w: %w", mandate.ErrSilent, err)
}

func (c *Client) once(ctx context.Context, q question) (answer, string, error) {
	var a answer
	body, err := json.Marshal(q)
	if err != nil {
		return a, "", err
	}
	response, err := c.cfg.Client.Do(ctx, http.MethodPost, c.cfg.URL, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + c.cfg.Token}}, body)
	if err != nil {
		return a, "", err
	}
	if response.Status != http.StatusOK {
		return a, "", fmt.Errorf("status %d", response.Status)
	}
	if err := json.Unmarshal(response.Body, &a); err != nil || a.RequestID != q.RequestID {
		return answer{}, "", fmt.Errorf("answer cannot be used")
	}
	return a, hex.EncodeToString(digest.SumParts(body, response.Body)), nil
}

// None is the register of a platform that has none configured: silent to every question.
type None struct{}

// Name implements mandate.Register.
func (None) Name() string { return "none" }

// Organisation implements mandate.Register.
func (None) Organisation(context.Context, mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	return mandate.OrganisationAnswer{}, fmt.Errorf("%w: none is configured", mandate.ErrSilent)
}

// Guardian implements mandate.Register.
func (None) Guardian(context.Context, mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	return mandate.GuardianAnswer{}, fmt.Errorf("%w: none is configured", mandate.ErrSilent)
}
