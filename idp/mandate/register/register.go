// Package register asks the registers of legal persons and of households over HTTP. The protocol is our own and described in
// docs/integration/authority.md; a gateway in front of a register translates it.
package register

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// Config of a register.
type Config struct {
	Name   string // word in evidence records
	URL    string
	Token  string
	Client *outbound.Client
	Now    func() time.Time
	// Cost and Note are those of source.Config.
	Cost int64
	Note func(source, outcome string, cost int64)
}

// Client implements mandate.Register.
type Client struct{ client *source.Client }

// New returns a client.
func New(cfg Config) *Client {
	return &Client{source.New(source.Config{Name: cfg.Name, URL: cfg.URL, Token: cfg.Token, Client: cfg.Client, Now: cfg.Now, Cost: cfg.Cost, Note: cfg.Note})}
}

// Name of the register.
func (c *Client) Name() string { return c.client.Name() }

type question struct {
	RequestID  string `json:"request_id"`
	Kind       string `json:"kind"` // organisation, guardian
	USCC       string `json:"unified_social_credit_code,omitempty"`
	Name       string `json:"name"`
	IDNumber   string `json:"id_number,omitempty"`
	HolderName string `json:"holder_name"` // legal representative, or guardian
	HolderID   string `json:"holder_id_number"`
	Relation   string `json:"relation,omitempty"` // of a guardian, as it says
}

// Results of a register.
const (
	match          = "match"
	mismatch       = "mismatch"
	holderMismatch = "holder_mismatch"
)

type answer struct {
	Result string                `json:"result"`
	State  mandate.RegisterState `json:"state"` // of an organisation
}

// Usable implements source.Answer.
func (a answer) Usable() error {
	switch a.Result {
	case match, mismatch, holderMismatch:
		return nil
	}
	return fmt.Errorf("result is none of the protocol")
}

// standing is an answer about an organisation: one that the register knows has a state.
type standing struct{ answer }

// Usable implements source.Answer.
func (a standing) Usable() error {
	if err := a.answer.Usable(); err != nil || a.Result == mismatch {
		return err
	}
	switch a.State {
	case mandate.Registered, mandate.Deregistered, mandate.Withdrawn:
		return nil
	}
	return fmt.Errorf("state is none of the protocol")
}

// Organisation implements mandate.Register.
func (c *Client) Organisation(ctx context.Context, q mandate.OrganisationQuestion) (mandate.OrganisationAnswer, error) {
	a, sum, err := source.Ask[standing](ctx, c.client, "", q.RequestID, question{RequestID: q.RequestID, Kind: "organisation", USCC: string(q.USCC), Name: q.Name, HolderName: q.RepresentativeName, HolderID: q.RepresentativeNumber})
	if err != nil {
		return mandate.OrganisationAnswer{}, fmt.Errorf("%w: %w", mandate.ErrSilent, err)
	}
	return mandate.OrganisationAnswer{Known: a.Result != mismatch, Representative: a.Result == match, State: a.State, Digest: sum}, nil
}

// Guardian implements mandate.Register.
func (c *Client) Guardian(ctx context.Context, q mandate.GuardianQuestion) (mandate.GuardianAnswer, error) {
	a, sum, err := source.Ask[answer](ctx, c.client, "", q.RequestID, question{RequestID: q.RequestID, Kind: "guardian", Name: q.ChildName, IDNumber: q.ChildNumber, HolderName: q.GuardianName, HolderID: q.GuardianNumber, Relation: q.Relation})
	if err != nil {
		return mandate.GuardianAnswer{}, fmt.Errorf("%w: %w", mandate.ErrSilent, err)
	}
	return mandate.GuardianAnswer{Match: a.Result == match, Digest: sum}, nil
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
