// Package authority asks a real-name source over HTTP. The protocol is our own and described in
// docs/integration/authority.md; a gateway in front of a register translates it.
package authority

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// Config of a source.
type Config struct {
	Name   string // word in evidence records
	URL    string
	Token  string
	Client *outbound.Client
	Now    func() time.Time
	// Cost and Note are those of source.Config.
	Cost int64
	Note func(source, outcome string, cost int64)
	// Documents are the kinds that it knows; empty is the resident identity card alone.
	Documents []string
	// Code is what stands for a kind at this source; nil and an empty one send none.
	Code func(kind string) string
}

// Source implements proofing.Source.
type Source struct {
	cfg    Config
	client *source.Client
}

// New returns a source.
func New(cfg Config) *Source {
	return &Source{cfg, source.New(source.Config{Name: cfg.Name, URL: cfg.URL, Token: cfg.Token, Client: cfg.Client, Now: cfg.Now, Cost: cfg.Cost, Note: cfg.Note})}
}

// Name of the source.
func (s *Source) Name() string { return s.cfg.Name }

// Knows implements proofing.Source.
func (s *Source) Knows(kind string) bool {
	if len(s.cfg.Documents) == 0 {
		return kind == subject.CitizenID
	}
	return slices.Contains(s.cfg.Documents, kind)
}

type request struct {
	RequestID   string `json:"request_id"`
	Name        string `json:"name"`
	IDType      string `json:"id_type"`
	IDTypeCode  string `json:"id_type_code,omitempty"`
	IDNumber    string `json:"id_number"`
	Nationality string `json:"nationality,omitempty"`
	Birth       string `json:"birth_date,omitempty"`
	Expires     string `json:"expires_on,omitempty"`
	Mobile      string `json:"mobile,omitempty"`
}

// answer is the whole of an answer that is read.
type answer struct {
	Result proofing.Verdict `json:"result"`
}

// Usable implements source.Answer.
func (a answer) Usable() error {
	switch a.Result {
	case proofing.Match, proofing.Mismatch, proofing.MobileMismatch, proofing.Refused:
		return nil
	}
	return fmt.Errorf("result is none of the protocol")
}

// Ask sends one question. Everything but a well-formed answer to this very question is silence.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	code := ""
	if s.cfg.Code != nil {
		code = s.cfg.Code(q.IDType)
	}
	a, sum, err := source.Ask[answer](ctx, s.client, "", q.RequestID, request{q.RequestID, q.Name, q.IDType, code, q.IDNumber, q.Nationality, q.Birth, q.Expires, q.Mobile})
	if err != nil {
		return proofing.Answer{}, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
	}
	return proofing.Answer{Verdict: a.Result, Digest: sum}, nil
}
