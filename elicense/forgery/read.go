package forgery

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// maxSimilar is how many cases like one are shown beside it.
const maxSimilar = 20

// Detail is a case with what its decider needs.
type Detail struct {
	Case
	Note    string
	Similar []Case // others of the same file or identifier, that the actor sees
}

// Shown is a telling with the contact masked.
type Shown struct {
	Telling
	Said    Said
	Contact string // masked; empty where there is none
}

// List gives staff a page of cases, the newest first.
func (s *Service) List(ctx context.Context, state State, after string, limit int) (page []Case, next string, err error) {
	f := Filter{State: state, After: after, Limit: limit + 1}
	if state != "" && !slices.Contains(States, state) || limit < 1 {
		return nil, "", fault.New(fault.Malformed)
	}
	if f.Scopes, err = scopes(ctx); err != nil {
		return nil, "", err
	}
	if page, err = s.cfg.Store.List(ctx, f); err != nil {
		return nil, "", placed(err, "list cases")
	}
	if len(page) > limit {
		page = page[:limit]
		next = Cursor(page[limit-1].CreatedAt, page[limit-1].ID)
	}
	return page, next, nil
}

// placed is storeFault of a list: a place that is none was not given by us.
func placed(err error, doing string) error {
	if errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.Malformed)
	}
	return storeFault(err, doing)
}

// Find gives staff a case of their area, unless they have a part in what it is about.
func (s *Service) Find(ctx context.Context, id string) (Detail, error) {
	ctx, c, err := s.mine(ctx, id, "read")
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Case: c}
	if c.Note.Key != "" {
		note, err := s.open(ctx, c.Note, "note|"+c.ID)
		if err != nil {
			return d, err
		}
		d.Note = string(note)
	}
	within, err := scopes(ctx)
	if err != nil {
		return d, err
	}
	d.Similar, err = s.cfg.Store.List(ctx, Filter{Scopes: within, Like: &c, Limit: maxSimilar})
	return d, storeFault(err, "list similar cases")
}

// Tellings gives the reports of a case that Find shows.
func (s *Service) Tellings(ctx context.Context, id, after string, limit int) (page []Shown, next string, err error) {
	ctx, c, err := s.mine(ctx, id, "read")
	if err != nil {
		return nil, "", err
	}
	all, err := s.cfg.Store.Tellings(ctx, c.ID, after, limit+1)
	if err != nil {
		return nil, "", placed(err, "list reports")
	}
	if len(all) > limit {
		all = all[:limit]
		next = Cursor(all[limit-1].At, all[limit-1].ID)
	}
	for _, t := range all {
		one := Shown{Telling: t}
		if t.Said.Key != "" {
			said, err := s.open(ctx, t.Said, "said|"+t.ID)
			if err == nil {
				err = json.Unmarshal(said, &one.Said)
			}
			if err != nil {
				return nil, "", storeFault(err, "read report")
			}
		}
		if t.Contact.Key != "" {
			contact, err := s.open(ctx, t.Contact, "contact|"+t.ID)
			if err != nil {
				return nil, "", err
			}
			if identifier, err := subject.ParseIdentifier(string(contact)); err == nil {
				one.Contact = subject.MaskIdentifier(identifier)
			}
		}
		page = append(page, one)
	}
	return page, next, nil
}

// Waiting counts, up to a bound, the cases that nobody took yet; known is false where they are no matter of the actor.
func (s *Service) Waiting(ctx context.Context, bound int) (n int, known bool, err error) {
	within, err := scopes(ctx)
	if fault.CodeOf(err) == fault.Forbidden {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	page, err := s.cfg.Store.List(ctx, Filter{Scopes: within, State: Received, Limit: bound})
	return len(page), true, storeFault(err, "count cases")
}

// tellPage is how many reporters one message is made for at a time.
const tellPage = 100

// HandleDecided makes a message for each reporter of a decided case who left a contact and was not told. Once more makes none again.
func (s *Service) HandleDecided(ctx context.Context, payload []byte) error {
	var m Message
	if err := json.Unmarshal(payload, &m); err != nil {
		return err
	}
	c, err := s.cfg.Store.Find(ctx, m.Case)
	if err != nil || c.State != Decided || c.Decision == Duplicate {
		return err
	}
	for {
		page, err := s.cfg.Store.Untold(ctx, c.ID, tellPage)
		if err != nil {
			return err
		}
		for _, t := range page {
			now := s.now()
			notice, err := newMessage(TopicNotice, Message{Case: c.ID, Telling: t.ID, At: now})
			if err != nil {
				return err
			}
			e := s.event(system(ctx), "forgery.reporter_told", c.ID, now, "telling", t.ID)
			if err := s.cfg.Store.Tell(ctx, t, now, audit.With(e).And(notice)); err != nil && !errors.Is(err, ErrStale) {
				return err
			}
		}
		if len(page) < tellPage {
			s.cfg.Wake()
			return nil
		}
	}
}

// system is a context of what the platform does by itself.
func system(ctx context.Context) context.Context {
	return reqctx.WithActor(ctx, reqctx.Actor{ID: "system:forgery"})
}

// Addressee is where a notice goes: nobody, once the contact was erased.
func (s *Service) Addressee(ctx context.Context, payload []byte) (to subject.Identifier, locale string, ok bool, err error) {
	var m Message
	if err := json.Unmarshal(payload, &m); err != nil {
		return to, "", false, err
	}
	t, err := s.cfg.Store.Telling(ctx, m.Case, m.Telling)
	if errors.Is(err, ErrNotFound) || err == nil && t.Contact.Key == "" {
		return to, "", false, nil
	}
	if err != nil {
		return to, "", false, err
	}
	contact, err := s.open(ctx, t.Contact, "contact|"+t.ID)
	if err != nil {
		return to, "", false, err
	}
	to, err = subject.ParseIdentifier(string(contact))
	return to, t.Locale, err == nil, err
}
