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
	now := s.now().UTC()
	a := Account{ID: ident.New(s.rand, "acc"), State: AccountActive, PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	if hash != "" {
		a.CredentialsAt = now
	}
	for _, identifier := range identifiers {
		lookup, err := s.Lookup(ctx, string(identifier.Kind), identifier.Value)
		if err != nil {
			return a, err
		}
		contact := Contact{Kind: identifier.Kind, Lookup: lookup}
		if contact.KeyID, contact.Sealed, err = s.seal(ctx, []byte(identifier.Value), "contact/"+a.ID); err != nil {
			return a, err
		}
		a.Contacts = append(a.Contacts, contact)
	}
	return a, nil
}

// PrepareProof seals an identity for an account that is not stored yet.
func (s *Accounts) PrepareProof(ctx context.Context, accountID string, p Proof, who Identity) (Proof, error) {
	var err error
	if p.Lookup, err = s.IdentityLookup(ctx, who); err != nil {
		return p, err
	}
	plaintext, err := json.Marshal(who)
	if err != nil {
		return p, err
	}
	p.ID = ident.New(s.rand, "ev")
	p.KeyID, p.Sealed, err = s.seal(ctx, plaintext, "identity/"+accountID)
	return p, err
}

// GrantRecord is what a level leaves behind that a caller stores itself: the audit event, and the notice of the end of the
// document.
func (s *Accounts) GrantRecord(ctx context.Context, accountID string, p Proof) (audit.Record, error) {
	record := audit.With(event(ctx, p.At, "proofing.granted", "account", accountID, map[string]string{"ial": fmt.Sprint(int(p.IAL)), "method": p.Method, "source": p.Source, "evidence": p.Evidence}))
	if p.DocumentEnds.IsZero() {
		return record, nil
	}
	notice, err := expiryNotice(accountID, p)
	return record.And(notice), err
}
