package idp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Prepare makes an account of another system ready to be stored: identifiers are hashed and sealed, nothing is written.
func (s *Accounts) Prepare(ctx context.Context, identifiers []subject.Identifier, hash string) (Account, error) {
	a, err := s.newAccount(ctx, "acc")
	if err != nil {
		return a, err
	}
	if hash != "" {
		a.PasswordHash, a.CredentialsAt = hash, a.CreatedAt
	}
	for _, identifier := range identifiers {
		lookup, err := s.Lookup(ctx, string(identifier.Kind), identifier.Value)
		if err != nil {
			return a, err
		}
		contact := Contact{Kind: identifier.Kind, Lookup: lookup}
		if contact.KeyID, contact.Sealed, err = s.sealFor(ctx, a, []byte(identifier.Value), contactPlace(a.ID)); err != nil {
			return a, err
		}
		a.Contacts = append(a.Contacts, contact)
	}
	return a, nil
}

// PrepareProof seals an identity for an account, which need not be stored yet.
func (s *Accounts) PrepareProof(ctx context.Context, a Account, p Proof, who Identity) (Proof, error) {
	var err error
	if p.Lookup, err = s.IdentityLookup(ctx, who); err != nil {
		return p, err
	}
	p.Beside, p.Version = s.beside(ctx, a, p, who), a.Version
	return s.sealProof(ctx, a, p, who)
}

// sealProof seals an identity whose lookup is known.
func (s *Accounts) sealProof(ctx context.Context, a Account, p Proof, who Identity) (Proof, error) {
	plaintext, err := json.Marshal(who)
	if err != nil {
		return p, err
	}
	p.ID = ident.New(s.rand, "ev")
	p.KeyID, p.Sealed, err = s.sealFor(ctx, a, plaintext, identityPlace(a.ID))
	return p, err
}

// ProofRecord is what a level leaves behind that a caller stores with it: the audit event, and the notice before its end.
func (s *Accounts) ProofRecord(ctx context.Context, accountID string, p Proof) (audit.Record, error) {
	details := map[string]string{"ial": fmt.Sprint(int(p.IAL)), "method": p.Method, "source": p.Source, "evidence": p.Evidence}
	if p.Case != "" {
		details["case"] = p.Case
	}
	record := audit.With(event(ctx, p.At, "proofing.granted", "account", accountID, details))
	if p.Until.IsZero() {
		return record, nil
	}
	notice, err := expiryNotice(accountID, p)
	return record.And(notice), err
}
