package staff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Bounds of tokens of staff.
const (
	// TokenPrefix begins every token of staff, so that scanners of leaks know one: yxst_ and 43 characters of base64url.
	TokenPrefix = "yxst_"
	// TokenLife is counted from the login behind a token, not from its making: whatever a token may do, the login behind it is young
	// enough for a change in a console.
	TokenLife = reqctx.FreshLogin
	// MaxTokens of one member that work at a time.
	MaxTokens    = 5
	maxTokenName = 40 // characters
)

// ErrTokens is what a store answers to one token too many.
var ErrTokens = errors.New("staff: too many tokens")

// Token lets a member of staff call the API for a few minutes with some of the own roles. What it may do is judged at each request by
// what the member holds then; the token only makes that less.
type Token struct {
	ID, Holder string // the holder is the identifier of an account of staff
	SID        string // session in which it was made, and with which it ends
	Name       string // what it is for, as the holder calls it
	Roles      []string
	SignedInAt time.Time // the login behind it
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time // zero while it was not revoked
}

// TokenStore keeps tokens by their keyed hashes; idpdb implements it. Each change is one transaction with its record.
type TokenStore interface {
	// PutStaffToken stores a token if its session has not ended, its holder is active (ErrConflict) and has fewer than MaxTokens that work
	// (ErrTokens); parallel calls count as well.
	PutStaffToken(ctx context.Context, hash []byte, t Token, record audit.Record) error
	// StaffToken finds one that was not revoked; ErrNotFound.
	StaffToken(ctx context.Context, hash []byte) (Token, error)
	// StaffTokens lists those of a holder that work at a time in sessions that have not ended, the newest first.
	StaffTokens(ctx context.Context, holder string, at time.Time) ([]Token, error)
	// RevokeStaffToken ends one of a holder; ErrNotFound when it does not work any more.
	RevokeStaffToken(ctx context.Context, holder, id string, at time.Time, record audit.Record) error
}

// Tokens makes and judges tokens of staff.
type Tokens struct{ cfg TokensConfig }

// TokensConfig holds what Tokens needs.
type TokensConfig struct {
	Store TokenStore
	Ring  *keys.Ring
	Now   func() time.Time
	Rand  io.Reader
}

// NewTokens returns the service.
func NewTokens(cfg TokensConfig) *Tokens { return &Tokens{cfg} }

func (s *Tokens) hash(ctx context.Context, secret string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("staff-token"), []byte(secret))
}

// RolesOf are the roles that an actor may put into a token: those that it holds, be it in a part only, but for that of registers, which
// no human has.
func RolesOf(actor reqctx.Actor) (roles []string) {
	for _, right := range actor.Rights {
		if idp.IsRole(right.Role) && right.Role != idp.RoleRegisterFeed && !slices.Contains(roles, right.Role) {
			roles = append(roles, right.Role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Make makes a token for the member of staff who acts, in the session sid, with some of the roles that are held. The secret is shown once.
func (s *Tokens) Make(ctx context.Context, m Member, sid, name string, roles []string) (t Token, secret string, err error) {
	actor, now := reqctx.From(ctx).Actor, s.cfg.Now().UTC()
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n < 2 || n > maxTokenName || !utf8.ValidString(name) {
		return t, "", fault.New(fault.StaffTokenName).WithField("token-name", fault.StaffTokenName)
	}
	held, chosen := RolesOf(actor), slices.Clone(roles)
	slices.Sort(chosen)
	if chosen = slices.Compact(chosen); len(chosen) == 0 || slices.ContainsFunc(chosen, func(role string) bool { return !slices.Contains(held, role) }) {
		return t, "", fault.New(fault.StaffTokenRoles).WithField("token-roles", fault.StaffTokenRoles)
	}
	t = Token{ID: ident.New(s.cfg.Rand, "stt"), Holder: m.ID, SID: sid, Name: name, Roles: chosen, SignedInAt: actor.SignedInAt, CreatedAt: now, ExpiresAt: actor.SignedInAt.Add(TokenLife)}
	if actor.ID != m.Actor() || !now.Before(t.ExpiresAt) {
		return t, "", fault.New(fault.StrongLoginNeeded)
	}
	secret = TokenPrefix + ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return t, "", err
	}
	e := idp.Event(ctx, now, "staff.token_made", "staff", m.ID, map[string]string{"token": t.ID, "roles": strings.Join(chosen, " "), "until": t.ExpiresAt.Format(time.RFC3339), "sid": sid})
	e.Reason = name
	switch err := s.cfg.Store.PutStaffToken(ctx, hash, t, audit.With(e)); {
	case errors.Is(err, ErrTokens):
		return t, "", fault.Wrap(err, fault.StaffTokenMany, "n", fmt.Sprint(MaxTokens))
	case errors.Is(err, ErrConflict):
		return t, "", fault.Wrap(err, fault.Unauthenticated)
	case err != nil:
		return t, "", fmt.Errorf("store token of staff: %w", err)
	}
	return t, secret, nil
}

// Find is the token of a secret while its time lasts; fault.Unauthenticated for every other text. Its session and its holder are for the
// caller to judge.
func (s *Tokens) Find(ctx context.Context, secret string) (Token, error) {
	if !strings.HasPrefix(secret, TokenPrefix) || len(secret) > 100 {
		return Token{}, fault.New(fault.Unauthenticated)
	}
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return Token{}, err
	}
	t, err := s.cfg.Store.StaffToken(ctx, hash)
	if errors.Is(err, ErrNotFound) || err == nil && !s.cfg.Now().Before(t.ExpiresAt) {
		return Token{}, fault.New(fault.Unauthenticated)
	}
	if err != nil {
		return Token{}, fault.Wrap(err, fault.Unavailable)
	}
	return t, nil
}

// List is what works of a member; there are no more than MaxTokens.
func (s *Tokens) List(ctx context.Context, holder string) ([]Token, error) {
	all, err := s.cfg.Store.StaffTokens(ctx, holder, s.cfg.Now())
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

// Revoke ends a token of the member who acts; fault.NotFound for one that does not work any more, or is another's.
func (s *Tokens) Revoke(ctx context.Context, holder, id string) error {
	now := s.cfg.Now().UTC()
	e := idp.Event(ctx, now, "staff.token_revoked", "staff", holder, map[string]string{"token": id})
	err := s.cfg.Store.RevokeStaffToken(ctx, holder, id, now, audit.With(e))
	if errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.NotFound)
	}
	if err != nil {
		return fmt.Errorf("revoke token of staff: %w", err)
	}
	return nil
}

// Limit is an actor with no more than the roles of the token.
func (t Token) Limit(actor reqctx.Actor) reqctx.Actor {
	actor.SignedInAt = t.SignedInAt
	actor.Roles = slices.DeleteFunc(slices.Clone(actor.Roles), func(role string) bool { return !slices.Contains(t.Roles, role) })
	actor.Rights = slices.DeleteFunc(slices.Clone(actor.Rights), func(right reqctx.Right) bool { return !slices.Contains(t.Roles, right.Role) })
	return actor
}
