package openplatform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
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
		case slices.ContainsFunc(strings.Fields(t.Scope), func(scope string) bool { return !s.cfg.Words.Load().MayRegister(scope) }):
			return refuse("initial_access_tokens.scope", "a role, or a scope that is not for applications that register themselves")
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
		w, err := s.Get(ctx, d.ClientID)
		if fault.CodeOf(err) == fault.NotFound {
			err = refuse("registrations.client_id", "no client that registered itself")
		}
		if err == nil {
			err = s.Settle(ctx, w, d.State)
		}
		if err != nil {
			return fmt.Errorf("decide on %s: %w", d.ClientID, err)
		}
	}
	return s.cfg.Clients.Refresh(ctx)
}

// Waiting is a client that registered itself, with the change that waits for a decision, if one does.
type Waiting struct {
	Registration
	Client idp.Client
	Wanted *idp.Client // after the change
	body   []byte      // the client as it was read
}

// Waits lists what waits for a decision, by identifier: new applications and changes of live ones. next is empty on the last
// page.
func (s *Service) Waits(ctx context.Context, after string, limit int) (page []Waiting, next string, err error) {
	rows, err := s.cfg.Store.WaitingRegistrations(ctx, after, limit+1)
	if err != nil {
		return nil, "", unavailable(err)
	}
	for i, row := range rows {
		if i == limit {
			next = rows[i-1].ClientID
			break
		}
		w, err := readWaiting(row.Registration, row.Body)
		if err != nil {
			return nil, "", err
		}
		page = append(page, w)
	}
	return page, next, nil
}

// Get reads one that has not ended, whether or not it waits; fault.NotFound.
func (s *Service) Get(ctx context.Context, clientID string) (Waiting, error) {
	registration, err := s.cfg.Store.Registration(ctx, clientID)
	if errors.Is(err, ErrNotFound) {
		return Waiting{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return Waiting{}, unavailable(err)
	}
	_, body, err := s.cfg.Clients.Stored(ctx, clientID)
	if err != nil {
		return Waiting{}, unavailable(err)
	}
	return readWaiting(registration, body)
}

func readWaiting(registration Registration, body []byte) (Waiting, error) {
	w := Waiting{Registration: registration, body: body}
	err := json.Unmarshal(body, &w.Client)
	if err == nil && len(w.Pending) > 0 {
		w.Wanted = &idp.Client{}
		err = json.Unmarshal(w.Pending, w.Wanted)
		keepDecided(w.Wanted, w.Client) // it may have changed since the change began to wait
	}
	return w, err
}

// Settle decides on what was read; fault.AdminChanged when it is no longer that. Live takes the change that waits; refused
// drops it and leaves a live client as it is, or says no to a new one.
func (s *Service) Settle(ctx context.Context, w Waiting, state string) error {
	return s.settle(ctx, w, state, nil)
}

// usable are the decisions that let an application be used; the others take it out of use, for which one person is enough.
var usable = []string{idp.StateSandbox, idp.StateLive}

// decision is what a decision on what was read would leave; changed is false where it leaves everything.
func (w Waiting) decision(state string) (next idp.Client, pending []byte, details map[string]string, changed bool, err error) {
	if !slices.Contains([]string{idp.StateApplied, idp.StateSandbox, idp.StateLive, idp.StateSuspended, idp.StateRefused}, state) {
		return next, nil, nil, false, refuse("registrations.state", "applied, sandbox, live, suspended or refused")
	}
	next, pending, details = w.Client, w.Pending, map[string]string{"state": state}
	switch {
	case state == idp.StateLive && w.Wanted != nil:
		next, pending = *w.Wanted, nil
		next.ApprovalState = state
	case state == idp.StateRefused && w.Wanted != nil:
		pending, details["what"] = nil, "change"
	default:
		next.ApprovalState = state
	}
	return next, pending, details, next.ApprovalState != w.Client.ApprovalState || len(pending) != len(w.Pending), nil
}

func (s *Service) settle(ctx context.Context, w Waiting, state string, settlement *foureyes.Settlement) error {
	next, pending, details, changes, err := w.decision(state)
	if err != nil || !changes {
		return err
	}
	changed, err := json.Marshal(next)
	if err != nil {
		return err
	}
	record := audit.With(idp.Event(ctx, s.cfg.Now(), "client.decided", "client", w.ClientID, details))
	err = s.cfg.Store.ChangeClient(ctx, Change{ClientID: w.ClientID, Was: w.body, Body: changed, WasPending: w.Pending, Pending: pending, Settlement: settlement}, record)
	if errors.Is(err, idp.ErrConflict) {
		return fault.Wrap(err, fault.AdminChanged)
	}
	if err != nil {
		return unavailable(err)
	}
	return s.cfg.Clients.Refresh(ctx)
}
