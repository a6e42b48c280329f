// Package bankcard asks a bank, or a clearing house, whether name, document number, card and the mobile number that the bank knows
// belong to one person (四要素). The protocol is our own and described in docs/integration/proofing-sources.md.
//
// The number of the card is sent once and kept nowhere. A case whose bank was silent is asked about again by its id alone
// (recall): a bank that got the question answers it from its own record, and one that did not stays silent.
package bankcard

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
	return proofing.Method{Word: proofing.BankCard, Source: s, Card: true, Mobile: true}
}

type question struct {
	RequestID string `json:"request_id"`
	Recall    bool   `json:"recall,omitempty"`
	Name      string `json:"name,omitempty"`
	IDType    string `json:"id_type,omitempty"`
	IDNumber  string `json:"id_number,omitempty"`
	Card      string `json:"card,omitempty"`
	Mobile    string `json:"mobile,omitempty"`
	// Nationality where the number is one of its country alone.
	Nationality string `json:"nationality,omitempty"`
}

// Ask implements proofing.Source.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	asked := question{RequestID: q.RequestID, Name: q.Name, IDType: q.IDType, IDNumber: q.IDNumber, Card: q.Card, Mobile: q.Mobile, Nationality: q.Nationality}
	if q.Card == "" {
		asked = question{RequestID: q.RequestID, Recall: true}
	}
	return elements.Compare[elements.CardAnswer](ctx, s.Source, q.RequestID, asked)
}
