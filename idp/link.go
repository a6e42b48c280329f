package idp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/ident"
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
	now := s.now().UTC()
	a := Account{ID: ident.New(s.rand, "acc"), State: AccountActive, CreatedAt: now, UpdatedAt: now}
	if proven == nil {
		return a, nil
	}
	p := Proof{ID: ident.New(s.rand, "ev"), IAL: proven.IAL, Method: proven.Method, Source: proven.Source, At: proven.At, Until: proven.Until, Evidence: proven.Evidence}
	var err error
	who := Identity{Name: proven.Name, Type: proven.Type, Number: proven.Number}
	if p.Lookup, err = s.IdentityLookup(ctx, who); err != nil {
		return a, err
	}
	plaintext, err := json.Marshal(who)
	if err != nil {
		return a, err
	}
	p.KeyID, p.Sealed, err = s.seal(ctx, plaintext, "identity/"+a.ID)
	a.Proofs = []Proof{p}
	return a, err
}

// ProveBy stores what a trusted source told of an account that exists; fault.IdentityBound when the identity is another
// account's or the account's is another one.
func (s *Accounts) ProveBy(ctx context.Context, accountID string, p Proven) error {
	return s.Prove(ctx, accountID, Proof{IAL: p.IAL, Method: p.Method, Source: p.Source, At: p.At, Until: p.Until, Evidence: p.Evidence}, p.Name, p.Type, p.Number)
}
