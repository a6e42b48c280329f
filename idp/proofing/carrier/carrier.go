// Package carrier asks mobile carriers whether name, document number and mobile number belong to one person (三要素). The protocol is
// our own and described in docs/integration/proofing-sources.md.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Source implements proofing.Source.
type Source struct {
	client    *source.Client
	documents []string
}

// New returns a source that knows kinds of documents; none is the resident identity card alone.
func New(client *source.Client, documents []string) *Source { return &Source{client, documents} }

// Method is the method with this source.
func Method(s *Source) proofing.Method {
	return proofing.Method{Word: proofing.Carrier, Source: s, Mobile: true}
}

// Name implements proofing.Source.
func (s *Source) Name() string { return s.client.Name() }

// Knows implements proofing.Source.
func (s *Source) Knows(kind string) bool {
	return len(s.documents) == 0 && kind == subject.CitizenID || slices.Contains(s.documents, kind)
}

type question struct {
	RequestID string `json:"request_id"`
	Name      string `json:"name"`
	IDType    string `json:"id_type"`
	IDNumber  string `json:"id_number"`
	Mobile    string `json:"mobile"`
}

// Answer is what is read of an answer.
type Answer struct {
	Result proofing.Verdict `json:"result"`
}

// Usable implements source.Answer.
func (a Answer) Usable() error {
	switch a.Result {
	case proofing.Match, proofing.Mismatch, proofing.MobileMismatch, proofing.Refused:
		return nil
	}
	return errors.New("result is none of the protocol")
}

// Ask implements proofing.Source.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	a, sum, err := source.Ask[Answer](ctx, s.client, "", q.RequestID, question{q.RequestID, q.Name, q.IDType, q.IDNumber, q.Mobile})
	if err != nil {
		return proofing.Answer{}, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	return proofing.Answer{Verdict: a.Result, Digest: sum}, nil
}
