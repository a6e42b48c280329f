package idp

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Proven is a legal identity that a trusted source told, in canonical form.
type Proven struct {
	IAL      subject.IAL
	Method   string
	Source   string
	At       time.Time
	Until    time.Time // zero: no end
	Evidence string    // digest of what the source said
	Name     string
	Type     string // document type word
	Number   string
}

// NewAccount makes the account of a person whom an upstream source named, with the proof when there is one. It is not
// stored: that happens together with the link.
func (s *Accounts) NewAccount(ctx context.Context, proven *Proven) (Account, error) {
	a, err := s.newAccount(ctx, "acc")
	if err != nil || proven == nil {
		return a, err
	}
	p := Proof{IAL: proven.IAL, Method: proven.Method, Source: proven.Source, At: proven.At, Until: proven.Until, Evidence: proven.Evidence}
	p, err = s.PrepareProof(ctx, a, p, Identity{Name: proven.Name, Type: proven.Type, Number: proven.Number})
	a.Proofs = []Proof{p}
	return a, err
}

// ProveBy stores what a trusted source told of an account that exists; fault.IdentityBound when the identity is another
// account's or the account's is another one.
func (s *Accounts) ProveBy(ctx context.Context, accountID string, p Proven) error {
	return s.Prove(ctx, accountID, Proof{IAL: p.IAL, Method: p.Method, Source: p.Source, At: p.At, Until: p.Until, Evidence: p.Evidence}, p.Name, p.Type, p.Number)
}
