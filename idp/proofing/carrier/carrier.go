// Package carrier asks mobile carriers whether name, document number and mobile number belong to one person (三要素). The protocol is
// our own and described in docs/integration/proofing-sources.md.
package carrier

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/elements"
	"github.com/yinxin-gov/yinxin/idp/source"
)

// Source implements proofing.Source.
type Source struct{ elements.Source }

// New returns a source that knows kinds of documents; none is the resident identity card alone.
func New(client *source.Client, documents []string) *Source {
	return &Source{elements.New(client, documents)}
}

// Method is the method with this source.
func Method(s *Source) proofing.Method {
	return proofing.Method{Word: proofing.Carrier, Source: s, Mobile: true}
}

type question struct {
	RequestID string `json:"request_id"`
	Name      string `json:"name"`
	IDType    string `json:"id_type"`
	IDNumber  string `json:"id_number"`
	Mobile    string `json:"mobile"`
	// Nationality where the number is one of its country alone.
	Nationality string `json:"nationality,omitempty"`
}

// Ask implements proofing.Source.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	return elements.Compare[elements.Answer](ctx, s.Source, q.RequestID, question{q.RequestID, q.Name, q.IDType, q.IDNumber, q.Mobile, q.Nationality})
}
