package counter

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// AddTerminal registers a workplace. The code puts it into service at the machine itself, once, within minutes. The caller
// has checked that an administrator of the department's area asks, whose path area is.
func (s *Service) AddTerminal(ctx context.Context, by, name, readerKey, department, area string) (t Terminal, code string, err error) {
	name, ok := oneLine(name, 40)
	if !ok {
		return t, "", fault.New(fault.Invalid).WithField("terminal-name", fault.CounterName)
	}
	t = Terminal{ID: ident.New(s.cfg.Rand, "ctm"), Name: name, Department: department, Area: area, CreatedBy: by, CreatedAt: s.now(), ReaderKey: []byte{}}
	if readerKey != "" {
		point, err := base64.RawURLEncoding.Strict().DecodeString(readerKey)
		if err == nil {
			_, err = pki.ParseSM2Key(point)
		}
		if err != nil {
			return t, "", fault.Wrap(err, fault.Invalid).WithField("terminal-reader", fault.CounterReaderKey)
		}
		t.ReaderKey = point
	}
	code = ident.Digits(s.cfg.Rand, PassDigits)
	hash, err := s.hash(ctx, "enrol", code)
	if err != nil {
		return t, "", err
	}
	record := audit.With(s.event(ctx, "counter.terminal_added", "terminal", t.ID))
	return t, code, storeFault(s.cfg.Store.PutTerminal(ctx, t, hash, t.CreatedAt.Add(EnrolLife), record))
}

// triesOfCodes is how often a source may guess codes of terminals and screens in a span.
const (
	triesOfCodes = 10
	spanOfCodes  = 15 * time.Minute
)

// guess counts a try before anything is compared.
func (s *Service) guess(ctx context.Context, what, source string) error {
	tries, err := s.cfg.Throttle.Count(ctx, "counter-"+what, []byte(source), spanOfCodes, s.now())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if tries > triesOfCodes {
		return fault.New(fault.TooManyRequests).After(int(spanOfCodes / time.Second))
	}
	return nil
}

// Enrol puts a terminal into service. secret goes into the browser's cookie and nowhere else.
func (s *Service) Enrol(ctx context.Context, code, source string) (t Terminal, secret string, err error) {
	if err := s.guess(ctx, "enrol", source); err != nil {
		return t, "", err
	}
	hash, err := s.hash(ctx, "enrol", code)
	if err != nil {
		return t, "", err
	}
	secret = ident.Secret(s.cfg.Rand, 32)
	secretHash, err := s.hash(ctx, "terminal", secret)
	if err != nil {
		return t, "", err
	}
	t, err = s.cfg.Store.Enrol(ctx, hash, secretHash, s.now(), func(terminal string) audit.Record {
		return audit.With(s.event(ctx, "counter.terminal_enrolled", "terminal", terminal))
	})
	if errors.Is(err, idp.ErrNotFound) {
		return t, "", fault.Wrap(err, fault.CounterCode).WithField("terminal-code", fault.CounterCode)
	}
	return t, secret, storeFault(err)
}

// TerminalOf is the terminal of a cookie; fault.CounterTerminal for one that is not in service.
func (s *Service) TerminalOf(ctx context.Context, secret string) (Terminal, error) {
	return s.bySecret(ctx, "terminal", secret, s.cfg.Store.TerminalBySecret)
}

// ScreenOf is the terminal to which the second screen of a cookie belongs.
func (s *Service) ScreenOf(ctx context.Context, secret string) (Terminal, error) {
	return s.bySecret(ctx, "screen", secret, s.cfg.Store.TerminalByScreen)
}

func (s *Service) bySecret(ctx context.Context, kind, secret string, find func(context.Context, []byte) (Terminal, error)) (Terminal, error) {
	if len(secret) < 22 || len(secret) > 64 {
		return Terminal{}, fault.New(fault.CounterTerminal)
	}
	hash, err := s.hash(ctx, kind, secret)
	if err != nil {
		return Terminal{}, err
	}
	t, err := find(ctx, hash)
	if errors.Is(err, idp.ErrNotFound) || err == nil && !t.RevokedAt.IsZero() {
		return Terminal{}, fault.New(fault.CounterTerminal)
	}
	return t, storeFault(err)
}

// RevokeTerminal takes a terminal out of service; its visit ends. The caller has checked that an administrator asks.
func (s *Service) RevokeTerminal(ctx context.Context, id, by string) error {
	return storeFault(s.cfg.Store.RevokeTerminal(ctx, id, by, s.now(), audit.With(s.event(ctx, "counter.terminal_revoked", "terminal", id))))
}

// MoveDepartment gives the terminals of a department the area in which it is now. Only assembly calls it.
func (s *Service) MoveDepartment(ctx context.Context, department, area string) error {
	return storeFault(s.cfg.Store.MoveTerminals(ctx, department, area, audit.With(s.event(ctx, "counter.terminals_moved", "department", department, "area", area))))
}

// Terminals lists terminals of areas, the newest first; next is empty on the last page.
func (s *Service) Terminals(ctx context.Context, areas []string, after string, limit int) (page []Terminal, next string, err error) {
	if page, err = s.cfg.Store.Terminals(ctx, areas, after, limit+1); err != nil {
		return nil, "", storeFault(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Terminal reads one.
func (s *Service) Terminal(ctx context.Context, id string) (Terminal, error) {
	t, err := s.cfg.Store.Terminal(ctx, id)
	return t, storeFault(err)
}

// OfferScreen gives the code with which the second screen of a terminal is joined; the one before is not joined any more
// once it is used.
func (s *Service) OfferScreen(ctx context.Context, by Clerk, terminal string) (code string, err error) {
	if err := s.clerk(by, RoleClerk); err != nil {
		return "", err
	}
	code = ident.Digits(s.cfg.Rand, 8)
	hash, err := s.hash(ctx, "pair", code)
	if err != nil {
		return "", err
	}
	return code, storeFault(s.cfg.Store.OfferScreen(ctx, terminal, hash, s.now().Add(PairLife)))
}

// PairScreen joins a second screen. secret goes into its cookie.
func (s *Service) PairScreen(ctx context.Context, code, source string) (t Terminal, secret string, err error) {
	if err := s.guess(ctx, "pair", source); err != nil {
		return t, "", err
	}
	hash, err := s.hash(ctx, "pair", code)
	if err != nil {
		return t, "", err
	}
	secret = ident.Secret(s.cfg.Rand, 32)
	secretHash, err := s.hash(ctx, "screen", secret)
	if err != nil {
		return t, "", err
	}
	t, err = s.cfg.Store.PairScreen(ctx, hash, secretHash, s.now(), func(terminal string) audit.Record {
		return audit.With(s.event(ctx, "counter.screen_paired", "terminal", terminal))
	})
	if errors.Is(err, idp.ErrNotFound) {
		return t, "", fault.Wrap(err, fault.CounterCode).WithField("screen-code", fault.CounterCode)
	}
	return t, secret, storeFault(err)
}
