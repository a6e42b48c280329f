package forgery

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Bounds of a decision.
const (
	MaxWords = 500 // characters
	MaxNote  = 1000
)

// Order is a decision as it is made.
type Order struct {
	Decision    Decision
	Words       string // what reporters read; not of a duplicate
	Note        string // what staff read
	DuplicateOf string
	Seen        string // Mark of the case that was read; empty judges the case as it is now
}

func (o Order) clean() (Order, error) {
	o.Words, o.Note, o.DuplicateOf = strings.TrimSpace(o.Words), strings.TrimSpace(o.Note), strings.TrimSpace(o.DuplicateOf)
	wrong := fault.New(fault.Invalid)
	switch o.Decision {
	case Genuine, Forged, NotOurs:
		if o.Words == "" || !plain(o.Words, MaxWords) {
			wrong = wrong.WithField("words", fault.ForgeryWords)
		}
		o.DuplicateOf = ""
	case Duplicate:
		if o.DuplicateOf == "" {
			wrong = wrong.WithField("duplicate_of", fault.ForgeryDuplicate)
		}
		o.Words = ""
	default:
		wrong = wrong.WithField("decision", fault.ForgeryDecision)
	}
	if !plain(o.Note, MaxNote) {
		wrong = wrong.WithField("note", fault.ForgeryWords)
	}
	if len(wrong.Fields) > 0 {
		return o, wrong
	}
	return o, nil
}

// mine reads a case for somebody who may work on it: of the own area, and without a part in what it is about. That somebody with a part tried is
// on record.
func (s *Service) mine(ctx context.Context, id, doing string) (context.Context, Case, error) {
	if _, err := scopes(ctx); err != nil { // whoever decides nothing anywhere is not told what is there
		return ctx, Case{}, err
	}
	c, err := s.cfg.Store.Find(ctx, id)
	if err != nil {
		return ctx, c, storeFault(err, "find case")
	}
	if ctx, err = c.in(ctx); err != nil {
		return ctx, Case{}, err
	}
	if c.Kind == Unknown {
		return ctx, c, nil
	}
	barred, err := s.cfg.Barred(ctx, c.Kind, c.Object, reqctx.From(ctx).Actor)
	if err != nil || !barred {
		return ctx, c, storeFault(err, "look for a part in what is reported")
	}
	e := s.event(ctx, "forgery.refused", c.ID, s.now(), "doing", doing)
	e.Result, e.Reason = audit.Refused, "part_in_object"
	if err := s.cfg.Store.Note(ctx, audit.With(e)); err != nil {
		return ctx, c, storeFault(err, "record refusal")
	}
	return ctx, Case{}, fault.New(fault.ForgeryConflict)
}

// tries is how often a change begins anew because reports of the same thing came in at that moment.
const tries = 8

func again(change func() (Case, error)) (c Case, err error) {
	for range tries {
		if c, err = change(); !errors.Is(err, ErrStale) {
			return c, err
		}
	}
	return c, err
}

// Take makes the actor the one who decides; of somebody else it is taken over.
func (s *Service) Take(ctx context.Context, id string) (Case, error) {
	return again(func() (Case, error) { return s.take(ctx, id) })
}

func (s *Service) take(ctx context.Context, id string) (Case, error) {
	ctx, c, err := s.mine(ctx, id, "take")
	if err != nil {
		return c, err
	}
	actor := reqctx.From(ctx).Actor.ID
	if c.State == Decided || c.State == Taken && c.TakenBy == actor {
		return c, fault.New(fault.ForgeryState)
	}
	from := c.TakenBy
	c.State, c.TakenBy = Taken, actor
	e := s.event(ctx, "forgery.taken", c.ID, s.now(), "from", from)
	if err := s.cfg.Store.Change(ctx, c, audit.With(e)); err != nil {
		return c, storeFault(err, "take case")
	}
	c.Version++
	return c, nil
}

// Decide ends a case that the actor took.
func (s *Service) Decide(ctx context.Context, id string, o Order) (Case, error) {
	if _, err := scopes(ctx); err != nil {
		return Case{}, err
	}
	o, err := o.clean()
	if err != nil {
		return Case{}, err
	}
	return again(func() (Case, error) { return s.decide(ctx, id, o) })
}

func (s *Service) decide(ctx context.Context, id string, o Order) (Case, error) {
	ctx, c, err := s.mine(ctx, id, "decide")
	if err != nil {
		return c, err
	}
	now := s.now()
	if c.State != Taken || c.TakenBy != reqctx.From(ctx).Actor.ID || o.Seen != "" && o.Seen != c.Mark() {
		return c, fault.New(fault.ForgeryState)
	}
	c.State, c.Decision, c.DecidedBy, c.DecidedAt, c.EraseAt, c.Words = Decided, o.Decision, c.TakenBy, now, now.Add(s.cfg.Keep), o.Words
	if o.Note != "" {
		if c.Note, err = s.seal(ctx, []byte(o.Note), "note|"+c.ID); err != nil {
			return c, err
		}
	}
	e := s.event(ctx, "forgery.decided", c.ID, now, "decision", string(o.Decision), "of", o.DuplicateOf)
	if o.Decision == Duplicate {
		return s.join(ctx, c, o.DuplicateOf, e)
	}
	told, err := s.message(TopicDecided, c.ID, now)
	if err != nil {
		return c, err
	}
	if err := s.cfg.Store.Change(ctx, c, audit.With(e).And(told)); err != nil {
		return c, storeFault(err, "decide case")
	}
	c.Version++
	s.cfg.Wake()
	return c, nil
}

// join ends a case as a duplicate of another one that its decider sees. What the other was decided to be counts for its reporters too.
func (s *Service) join(ctx context.Context, c Case, of string, e audit.Event) (Case, error) {
	refusal := fault.New(fault.Invalid).WithField("duplicate_of", fault.ForgeryDuplicate)
	head, err := s.cfg.Store.Find(ctx, of)
	if err == nil {
		_, err = head.in(ctx)
	}
	if err = storeFault(err, "find case"); fault.CodeOf(err) == fault.NotFound {
		return c, refusal
	}
	if err != nil {
		return c, err
	}
	if head.ID == c.ID || head.Decision == Duplicate {
		return c, refusal
	}
	record := audit.With(e)
	if head.State == Decided { // its reporters are told at once, and what they wrote stays as long as that of the others did
		head.EraseAt = c.EraseAt
		told, err := s.message(TopicDecided, head.ID, e.At)
		if err != nil {
			return c, err
		}
		record = record.And(told)
	}
	c.DuplicateOf = head.ID
	head.Count += c.Count
	if c.LastAt.After(head.LastAt) {
		head.LastAt = c.LastAt
	}
	if err := s.cfg.Store.Join(ctx, c, head, record); err != nil {
		return c, storeFault(err, "join cases")
	}
	c.Version++
	s.cfg.Wake()
	return c, nil
}

// Contact opens how to reach a reporter, which is on record with the reason before it is shown.
func (s *Service) Contact(ctx context.Context, id, telling, reason string) (string, error) {
	if _, err := scopes(ctx); err != nil {
		return "", err
	}
	if reason = strings.TrimSpace(reason); reason == "" || !plain(reason, MaxReason) {
		return "", fault.New(fault.ForgeryReason).WithField("reason", fault.ForgeryReason)
	}
	ctx, c, err := s.mine(ctx, id, "contact")
	if err != nil {
		return "", err
	}
	t, err := s.cfg.Store.Telling(ctx, c.ID, telling)
	if err == nil && t.Contact.Key == "" {
		err = ErrNotFound
	}
	if err != nil {
		return "", storeFault(err, "find report")
	}
	e := s.event(ctx, "forgery.contact_opened", c.ID, s.now(), "telling", t.ID)
	e.Reason = reason
	if err := s.cfg.Store.Note(ctx, audit.With(e)); err != nil {
		return "", storeFault(err, "record opening")
	}
	contact, err := s.open(ctx, t.Contact, "contact|"+t.ID)
	return string(contact), err
}

// MaxReason bounds a reason, in characters.
const MaxReason = 200

// File gives the document that goes with a case, which is on record before.
func (s *Service) File(ctx context.Context, id string) ([]byte, error) {
	ctx, c, err := s.mine(ctx, id, "file")
	if err != nil {
		return nil, err
	}
	if c.File == "" {
		return nil, fault.New(fault.NotFound)
	}
	f, err := s.cfg.Store.File(ctx, c.File)
	if err == nil && f.Case != c.ID {
		err = ErrNotFound
	}
	if err != nil {
		return nil, storeFault(err, "find file")
	}
	sealed, err := s.cfg.Blobs.Get(ctx, f.Address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	if err := s.cfg.Store.Note(ctx, audit.With(s.event(ctx, "forgery.file_opened", c.ID, s.now()))); err != nil {
		return nil, storeFault(err, "record opening")
	}
	return s.open(ctx, Sealed{f.Key, sealed}, "file|"+f.ID)
}

// MoveDepartment gives the cases of a department the area in which it is now. Only assembly calls it.
func (s *Service) MoveDepartment(ctx context.Context, department, area string) error {
	e := s.event(ctx, "forgery.department_moved", department, s.now(), "area", area)
	e.ObjectType = "department"
	return storeFault(s.cfg.Store.MoveDepartment(ctx, department, area, audit.With(e)), "move cases")
}

// sweepPage is how many rows are read at once, fileGrace how long a file may lie that no case has taken yet.
const (
	sweepPage = 100
	fileGrace = time.Hour
)

// Sweep erases what reporters wrote of cases whose time has come, and removes documents of no case. It answers how many it took; once more
// changes nothing, and it is safe on several nodes.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	now := s.now()
	for {
		page, err := s.cfg.Store.Due(ctx, now, sweepPage)
		if err != nil {
			return n, err
		}
		taken := 0
		for _, c := range page {
			c.EraseAt, c.File = time.Time{}, ""
			if c.Kind == Unknown {
				c.Identifier = "" // what no register knows is what somebody typed
			}
			e := s.event(ctx, "forgery.erased", c.ID, now)
			switch err := s.cfg.Store.Erase(ctx, c, audit.With(e)); {
			case err == nil:
				taken++
			case storeFault(err, "") != nil && fault.CodeOf(storeFault(err, "")) != fault.ForgeryState:
				return n + taken, err
			}
		}
		if n += taken; len(page) < sweepPage || taken == 0 {
			break
		}
	}
	return n, s.dropFiles(ctx, now)
}

func (s *Service) dropFiles(ctx context.Context, now time.Time) error {
	for {
		page, err := s.cfg.Store.Loose(ctx, now.Add(-fileGrace), sweepPage)
		if err != nil {
			return err
		}
		for _, f := range page {
			// Nobody else has these octets, since each file is sealed anew: it may go whenever it was stored.
			if gone, err := s.cfg.Blobs.Remove(ctx, f.Address, now.Add(fileGrace)); err != nil || !gone {
				return err
			}
			if err := s.cfg.Store.DropFile(ctx, f.ID); err != nil {
				return err
			}
		}
		if len(page) < sweepPage {
			return nil
		}
	}
}
