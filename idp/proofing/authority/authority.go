// Package authority asks a real-name source over HTTP. The protocol is our own and described in
// docs/integration/authority.md; a gateway in front of a register translates it.
package authority

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/elements"
	"github.com/yinxin-gov/yinxin/idp/source"
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
	elements.Source
	code func(kind string) string
}

// New returns a source.
func New(cfg Config) *Source {
	client := source.New(source.Config{Name: cfg.Name, URL: cfg.URL, Token: cfg.Token, Client: cfg.Client, Now: cfg.Now, Cost: cfg.Cost, Note: cfg.Note})
	return &Source{elements.New(client, cfg.Documents), cfg.Code}
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

// Ask sends one question. Everything but a well-formed answer to this very question is silence.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	code := ""
	if s.code != nil {
		code = s.code(q.IDType)
	}
	return elements.Compare[elements.Answer](ctx, s.Source, q.RequestID, request{q.RequestID, q.Name, q.IDType, code, q.IDNumber, q.Nationality, q.Birth, q.Expires, q.Mobile})
}
