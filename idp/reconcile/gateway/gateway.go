// Package gateway asks a population or organisation register over HTTP. The protocol is our own and described in
// docs/integration/registers.md; a gateway in front of a register translates it.
package gateway

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// Config of a register.
type Config struct {
	URL    string
	Token  string
	Client *outbound.Client
	// Note is that of source.Config.
	Note func(source, outcome string, cost int64)
}

// Register implements reconcile.Register.
type Register struct{ client *source.Client }

// New returns a register. It has no breaker: a run paces itself, and an account without an answer is asked about in the next.
func New(cfg Config) *Register {
	return &Register{source.New(source.Config{Name: "reconcile", URL: cfg.URL, Token: cfg.Token, Client: cfg.Client, Note: cfg.Note, Steady: true})}
}

type question struct {
	RequestID   string `json:"request_id"`
	Name        string `json:"name"`
	IDType      string `json:"id_type"`
	IDNumber    string `json:"id_number"`
	Nationality string `json:"nationality,omitempty"`
}

type answer struct {
	Result reconcile.Result `json:"result"`
}

// Usable implements source.Answer.
func (a answer) Usable() error {
	switch a.Result {
	case reconcile.Confirmed, reconcile.Changed, reconcile.Deceased, reconcile.Unknown:
		return nil
	}
	return fmt.Errorf("result is none of the protocol")
}

// Ask sends one question. Everything but a well-formed answer to this very question is silence.
func (r *Register) Ask(ctx context.Context, q reconcile.Question) (reconcile.Result, error) {
	a, _, err := source.Ask[answer](ctx, r.client, "", q.RequestID, question{q.RequestID, q.Name, q.IDType, q.IDNumber, q.Nationality})
	if err != nil {
		return reconcile.NoAnswer, err
	}
	return a.Result, nil
}
