package openplatform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

func refuse(field, why string) error {
	return fault.New(fault.ClientMetadata, "field", field, "why", why)
}

// ApplyInitialAccess stores tokens that open registration; the same list again changes nothing. Uses that were made stay
// made.
func (s *Service) ApplyInitialAccess(ctx context.Context, tokens []InitialAccess) error {
	for _, t := range tokens {
		if t.State == "" {
			t.State = idp.StateApplied
		}
		if t.Uses == 0 {
			t.Uses = 1
		}
		switch {
		case t.Name == "" || len(t.Name) > 100:
			return refuse("initial_access_tokens.name", "1 to 100 characters")
		case len(t.Token) < 32 || len(t.Token) > 256:
			return refuse("initial_access_tokens.token", "32 to 256 characters that nobody can guess")
		case !slices.Contains([]string{idp.StateApplied, idp.StateSandbox, idp.StateLive}, t.State):
			return refuse("initial_access_tokens.state", "applied, sandbox or live")
		case t.Uses < 0 || t.Uses > 10_000:
			return refuse("initial_access_tokens.uses", "1 to 10000")
		case t.ExpiresAt.IsZero():
			return refuse("initial_access_tokens.expires_at", "a token ends some day")
		}
		hash, err := s.hash(ctx, "initial-access", t.Token)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if err := s.cfg.Store.ApplyInitialAccess(ctx, t, hash, audit.With(idp.Event(ctx, s.cfg.Now(), "registration.opened", "initial_access", t.Name, nil))); err != nil {
			return fmt.Errorf("store initial access token: %w", err)
		}
	}
	return nil
}

// ApplyStatementIssuers stores signers of software statements.
func (s *Service) ApplyStatementIssuers(ctx context.Context, issuers []StatementIssuer) error {
	for _, issuer := range issuers {
		if set, err := jose.ParseKeySet(issuer.JWKS, false); issuer.Issuer == "" || err != nil || len(set.Keys()) == 0 {
			return refuse("statement_issuers", "an issuer with its public keys")
		}
		body, err := json.Marshal(issuer)
		if err != nil {
			return err
		}
		if err := s.cfg.Store.ApplyStatementIssuer(ctx, issuer.Issuer, body, audit.With(idp.Event(ctx, s.cfg.Now(), "statement_issuer.applied", "statement_issuer", issuer.Issuer, nil))); err != nil {
			return fmt.Errorf("store statement issuer: %w", err)
		}
	}
	return nil
}

// Decide moves registered clients to another state. A change that waits is taken with it when the client goes live.
func (s *Service) Decide(ctx context.Context, decisions []Decision) error {
	for _, d := range decisions {
		if !slices.Contains([]string{idp.StateApplied, idp.StateSandbox, idp.StateLive, idp.StateSuspended}, d.State) {
			return refuse("registrations.state", "applied, sandbox, live or suspended")
		}
		if err := s.decide(ctx, d); err != nil {
			return fmt.Errorf("decide on %s: %w", d.ClientID, err)
		}
	}
	return s.cfg.Clients.Refresh(ctx)
}

func (s *Service) decide(ctx context.Context, d Decision) error {
	registration, err := s.cfg.Store.Registration(ctx, d.ClientID)
	if errors.Is(err, ErrNotFound) {
		return refuse("registrations.client_id", "no client that registered itself")
	}
	if err != nil {
		return err
	}
	client, body, err := s.cfg.Clients.Stored(ctx, d.ClientID)
	if err != nil {
		return err
	}
	next, pending := client, registration.Pending
	if d.State == idp.StateLive && len(pending) > 0 {
		next = idp.Client{}
		if err := json.Unmarshal(pending, &next); err != nil {
			return err
		}
		keepDecided(&next, client) // it may have changed since the change began to wait
		pending = nil
	}
	if next.ApprovalState == d.State && len(pending) == len(registration.Pending) {
		return nil
	}
	next.ApprovalState = d.State
	changed, err := json.Marshal(next)
	if err != nil {
		return err
	}
	record := audit.With(idp.Event(ctx, s.cfg.Now(), "client.decided", "client", d.ClientID, map[string]string{"state": d.State}))
	return s.cfg.Store.ChangeClient(ctx, d.ClientID, body, changed, pending, time.Time{}, record)
}
