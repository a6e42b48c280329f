package counter

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// pass gives twelve digits with which the person signs in once: on paper, for a day, instead of a phone.
func (s *Service) pass(ctx context.Context, v *Visit, out *Result) error {
	digits := ident.Digits(s.cfg.Rand, PassDigits)
	hash, err := s.hash(ctx, "pass", v.Account, digits)
	if err != nil {
		return err
	}
	now := s.now()
	p := Pass{ID: ident.New(s.cfg.Rand, "cps"), Account: v.Account, Hash: hash, IssuedAt: now, ExpiresAt: now.Add(PassLife)}
	if err := s.store(ctx, *v, Change{Act: s.act(*v, ActPass, "", s.evidence(*v), OutcomeDone), Pass: &p}, audit.Record{}); err != nil {
		return err
	}
	out.Pass, out.Until = digits, p.ExpiresAt
	return nil
}

// Limits of sign-ins by a pass, beside the tries that one pass takes.
const (
	scopeDocument = "counter-pass"
	documentTries = 20
	documentSpan  = time.Hour
)

// Enter signs a person in with document number and pass. An unknown number, an account without a pass, a wrong, used or
// late pass are answered alike after the same work; tries are counted on the number, on the source and on the pass before
// anything is compared. The login is one factor: a code that somebody had on paper.
func (s *Service) Enter(ctx context.Context, who idp.Identity, digits, source string) (idp.Login, error) {
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, who)
	if err != nil {
		return idp.Login{}, err
	}
	now := s.now()
	for _, counted := range []struct {
		scope string
		key   []byte
	}{{scopeDocument, lookup}, {scopeDocument + "-source", []byte(source)}} {
		tries, err := s.cfg.Throttle.Count(ctx, counted.scope, counted.key, documentSpan, now)
		if err != nil {
			return idp.Login{}, fault.Wrap(err, fault.Unavailable) // no counter, no login (R6)
		}
		if tries > documentTries {
			return idp.Login{}, fault.New(fault.TooManyRequests).After(int(documentSpan / time.Second))
		}
	}
	account, err := s.cfg.Accounts.ByDocument(ctx, who)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	hash, err := s.hash(ctx, "pass", account, digits)
	if err != nil {
		return idp.Login{}, err
	}
	ok, err := s.cfg.Store.TryPass(ctx, account, hash, PassTries, now, audit.With(s.event(ctx, "counter.pass_used", "account", account)))
	if err != nil {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	if !ok {
		e := s.event(ctx, "login.failed", "account", orUnknown(account), "method", "counter_pass")
		e.Result = audit.Refused
		if err := s.cfg.Throttle.Note(ctx, audit.With(e)); err != nil {
			return idp.Login{}, fault.Wrap(err, fault.Unavailable)
		}
		return idp.Login{}, fault.New(fault.CounterPass)
	}
	return idp.Login{AccountID: account, AAL: ByPass.AAL(), Methods: ByPass.AMR(), At: now}, nil
}

// ByPass is the login by a one-time pass.
var ByPass = authn.By{Word: "counter_pass", Level: 1, Words: []string{"otp"}}

func orUnknown(id string) string {
	if id == "" {
		return "unknown"
	}
	return id
}
