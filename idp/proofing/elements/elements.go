// Package elements is what sources have in common that compare elements of a person, name and number and what goes with them, and
// answer at once with a word (二要素, 三要素, 四要素): registers, carriers, banks. Each adapter sends its own question.
package elements

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/source"
)

// Source is the part of a proofing.Source that all have.
type Source struct {
	proofing.Kinds
	client *source.Client
}

// New returns the part for a client and the kinds of documents that the source knows.
func New(client *source.Client, documents []string) Source { return Source{documents, client} }

// Name implements proofing.Source.
func (s Source) Name() string { return s.client.Name() }

// Word is an answer that is one verdict.
type Word interface {
	source.Answer
	Word() proofing.Verdict
}

// Answer is what is read of an answer about name, number and mobile number.
type Answer struct {
	Result proofing.Verdict `json:"result"`
}

// Word is the verdict.
func (a Answer) Word() proofing.Verdict { return a.Result }

// Usable implements source.Answer.
func (a Answer) Usable() error {
	switch a.Result {
	case proofing.Match, proofing.Mismatch, proofing.MobileMismatch, proofing.Refused:
		return nil
	}
	return errors.New("result is none of the protocol")
}

// CardAnswer is what is read of an answer about a card as well.
type CardAnswer struct{ Answer }

// Usable implements source.Answer.
func (a CardAnswer) Usable() error {
	if a.Result == proofing.CardMismatch {
		return nil
	}
	return a.Answer.Usable()
}

// Compare sends a question. Everything but a usable answer to it is proofing.ErrSilent.
func Compare[A Word](ctx context.Context, s Source, requestID string, question any) (proofing.Answer, error) {
	a, sum, err := source.Ask[A](ctx, s.client, "", requestID, question)
	if err != nil {
		return proofing.Answer{}, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	return proofing.Answer{Verdict: a.Word(), Digest: sum}, nil
}
