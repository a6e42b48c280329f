// Package transfer orders the transfer of a small amount to the bank account of an organisation (对公打款). The bank, or the gateway in
// front of it, moves the money only to an account in the name that the order tells. The protocol is our own and described in
// docs/integration/proofing-sources.md.
package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/source"
)

// Source implements proofing.Source.
type Source struct{ client *source.Client }

// New returns a source.
func New(client *source.Client) *Source { return &Source{client} }

// Method is the method with this source.
func (s *Source) Method() proofing.Method {
	return proofing.Method{Word: proofing.OrganisationTransfer, Source: s}
}

// Name implements proofing.Source.
func (s *Source) Name() string { return s.client.Name() }

// Knows implements proofing.Source: organisations alone.
func (s *Source) Knows(kind string) bool { return kind == idp.IDTypeUSCC }

type order struct {
	RequestID string `json:"request_id"`
	USCC      string `json:"unified_social_credit_code"`
	Name      string `json:"name"`
	Account   string `json:"account"`
	Fen       int    `json:"amount_fen"`
}

// Answer is what is read of an answer.
type Answer struct {
	Result proofing.Verdict `json:"result"`
}

// Usable implements source.Answer.
func (a Answer) Usable() error {
	switch a.Result {
	case proofing.Ordered, proofing.AccountMismatch, proofing.Refused:
		return nil
	}
	return errors.New("result is none of the protocol")
}

// Ask implements proofing.Source. The same order has the same request_id, so that it moves money once.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	if q.Transfer == nil {
		return proofing.Answer{}, fmt.Errorf("%w: no order", proofing.ErrSilent)
	}
	a, sum, err := source.Ask[Answer](ctx, s.client, "", q.RequestID, order{q.RequestID, q.IDNumber, q.Name, q.Transfer.Account, q.Transfer.Fen})
	if err != nil {
		return proofing.Answer{}, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	return proofing.Answer{Verdict: a.Result, Digest: sum}, nil
}
