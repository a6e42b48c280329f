package elicense

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// AppealState is the state of an appeal against a refusal by rule.
type AppealState string

// States.
const (
	AppealOpen    AppealState = "open"
	AppealGranted AppealState = "granted" // the application is approved and waits for an issuer
	AppealUpheld  AppealState = "upheld"  // the refusal stands
)

// Appeal objects to a refusal by rule (申诉). There is one of a licence at most.
type Appeal struct {
	ID        string // "apl_…"
	Revision  int64
	License   string // row key
	TypeCode  string
	State     AppealState
	Digest    string // of the text
	DataKey   string
	Data      []byte // the text, encrypted
	FiledBy   string
	FiledAt   time.Time
	ClaimedBy string
	ClaimedTo time.Time // nobody else takes it before then
	DecidedBy string
	DecidedAt time.Time
	Reason    string // of the decision
}

// AppealFilter bounds a list of appeals, oldest first. After is the cursor of the page before.
type AppealFilter struct {
	State string
	Areas []string // of the licences, as in Filter
	After string
	Limit int
}

// Appeals keeps appeals. Each change is one transaction with its record.
type Appeals interface {
	// AddAppeal stores an appeal; ErrStale where the licence has one.
	AddAppeal(ctx context.Context, a Appeal, record audit.Record) error
	FindAppeal(ctx context.Context, license string) (Appeal, error)
	Appeals(ctx context.Context, filter AppealFilter) (page []Appeal, next string, err error)
	// ChangeAppeal changes an appeal and its licence in one write. The function gets copies and may run more than once; a licence whose state it leaves alone
	// is not written. An error of the function is returned and nothing is stored.
	ChangeAppeal(ctx context.Context, license string, change func(a *Appeal, l *License) (audit.Record, error)) (Appeal, License, error)
}

// AppealCursor is the place of an appeal in lists.
func AppealCursor(a Appeal) string { return fmt.Sprintf("%020d.%s", a.FiledAt.UnixMicro(), a.License) }

// Bounds of appeals.
const (
	// MaxAppealRunes is how long an appeal may be, in characters.
	MaxAppealRunes = 1000
	// appealLease is how long an appeal is for who claimed it.
	appealLease = time.Hour
)

// appealEnd is until when an appeal is taken: as many days after the ruling as its rules give.
func appealEnd(r Ruling, t *catalog.Type) time.Time {
	if t == nil {
		return time.Time{}
	}
	return r.DecidedAt.AddDate(0, 0, t.Rules.AppealDays)
}

func appealPlace(id string) []byte { return []byte("lic_appeal|data|" + id) }

// textKey is under which the text of an appeal is sealed.
const textKey = "text"

// Appeal objects to the refusal of an application by rule: the person whose application it is, or the office that entered it. The same words again give
// the appeal that is there.
func (s *Service) Appeal(ctx context.Context, license, text string) (Appeal, error) {
	l, err := s.cfg.Store.Find(ctx, license)
	if err != nil {
		return Appeal{}, storeFault(err, "find licence")
	}
	staff, err := ruledActor(ctx, l, true)
	if err != nil {
		return Appeal{}, err
	}
	if staff {
		if ctx, err = l.in(ctx, RoleClerk); err != nil {
			return Appeal{}, err
		}
	}
	r, err := s.cfg.Store.FindRuling(ctx, license)
	if errors.Is(err, ErrNotFound) || err == nil && r.Outcome != catalog.OutcomeRefuse {
		return Appeal{}, fault.Wrap(err, fault.AppealNone)
	}
	if err != nil {
		return Appeal{}, storeFault(err, "find ruling")
	}
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 {
		return Appeal{}, fault.New(fault.Invalid).WithField("text", fault.LicenseFieldMissing)
	} else if n > MaxAppealRunes {
		return Appeal{}, fault.New(fault.Invalid).WithField("text", fault.LicenseFieldLong)
	}
	actor, now := reqctx.From(ctx).Actor.ID, s.now()
	if a, err := s.cfg.Store.FindAppeal(ctx, license); !errors.Is(err, ErrNotFound) {
		return s.repeated(a, err, actor, text)
	}
	if !now.Before(appealEnd(r, s.ruledBy(r))) {
		return Appeal{}, fault.New(fault.AppealLate)
	}
	a := Appeal{ID: ident.New(s.cfg.Rand, "apl"), Revision: 1, License: license, TypeCode: l.TypeCode, State: AppealOpen, Digest: appealDigest(text), FiledBy: actor, FiledAt: now}
	if a.Data, a.DataKey, err = s.sealAt(ctx, appealPlace(a.ID), catalog.Values{textKey: {text}}); err != nil {
		return Appeal{}, storeFault(err, "encrypt appeal")
	}
	err = s.cfg.Store.AddAppeal(ctx, a, audit.With(s.event(ctx, "license.appealed", license, now, "appeal", a.ID, "ruling", r.ID)))
	if errors.Is(err, ErrStale) {
		there, err := s.cfg.Store.FindAppeal(ctx, license)
		return s.repeated(there, err, actor, text)
	}
	return a, storeFault(err, "store appeal")
}

func (s *Service) repeated(a Appeal, err error, actor, text string) (Appeal, error) {
	if err != nil {
		return Appeal{}, storeFault(err, "find appeal")
	}
	if a.FiledBy != actor || a.Digest != appealDigest(text) {
		return Appeal{}, fault.New(fault.AppealMade)
	}
	return a, nil
}

// AppealDetail is an appeal with its words and what it is about.
type AppealDetail struct {
	Appeal
	Text    string
	License License
	Ruling  Ruling
	// Barred says that the reader set the rules or entered the application, and does not decide.
	Barred bool
}

// FindAppeal gives an appeal to staff; that its words were read is on record.
func (s *Service) FindAppeal(ctx context.Context, license string) (AppealDetail, error) {
	l, err := s.cfg.Store.Find(ctx, license)
	if err != nil {
		return AppealDetail{}, storeFault(err, "find licence")
	}
	if _, err := ruledActor(ctx, l, false); err != nil {
		return AppealDetail{}, err
	}
	d := AppealDetail{License: l}
	if d.Appeal, err = s.cfg.Store.FindAppeal(ctx, license); err != nil {
		return AppealDetail{}, storeFault(err, "find appeal")
	}
	if d.Ruling, err = s.cfg.Store.FindRuling(ctx, license); err != nil {
		return AppealDetail{}, storeFault(err, "find ruling")
	}
	words, err := s.openAt(ctx, d.DataKey, appealPlace(d.ID), d.Data)
	if err != nil {
		return AppealDetail{}, storeFault(err, "read appeal")
	}
	d.Text = words.First(textKey)
	d.Barred = barred(d.Ruling, l, reqctx.From(ctx).Actor.ID)
	return d, storeFault(s.cfg.Store.Note(ctx, audit.With(s.event(ctx, "license.appeal_read", license, s.now(), "appeal", d.ID))), "put reading on record")
}

// barred tells who does not decide about an appeal: who set the rules that refused it, who entered the application, and who appealed.
func barred(r Ruling, l License, actor string) bool {
	return slices.Contains(r.SetBy, actor) || l.enteredBy(actor)
}

// Appeals gives staff a page of appeals in their areas, oldest first.
func (s *Service) Appeals(ctx context.Context, filter AppealFilter) ([]Appeal, string, error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	if filter.Limit, err = pageLimit(filter.Limit); err != nil {
		return nil, "", err
	}
	filter.Areas = actor.Reach(roles...)
	page, next, err := s.cfg.Store.Appeals(ctx, filter)
	return page, next, storeFault(err, "list appeals")
}

// WaitingAppeals counts, among as many as the limit, the open appeals of others in the areas of a reviewer.
func (s *Service) WaitingAppeals(ctx context.Context, limit int) (n int, err error) {
	actor, err := require(ctx, RoleReviewer)
	if err != nil {
		return 0, err
	}
	page, _, err := s.cfg.Store.Appeals(ctx, AppealFilter{State: string(AppealOpen), Areas: actor.Reach(RoleReviewer), Limit: limit})
	for _, a := range page {
		if a.FiledBy != actor.ID { // nobody decides about their own
			n++
		}
	}
	return n, storeFault(err, "list appeals")
}

// ClaimAppeal takes an open appeal for an hour, so that two people do not work at one. Who has it may take it again.
func (s *Service) ClaimAppeal(ctx context.Context, license string) (Appeal, error) {
	return s.changeAppeal(ctx, license, func(ctx context.Context, a *Appeal, _ *License, actor string, now time.Time) (audit.Record, error) {
		if a.ClaimedBy != "" && a.ClaimedBy != actor && a.ClaimedTo.After(now) {
			return audit.Record{}, fault.New(fault.AppealState)
		}
		a.ClaimedBy, a.ClaimedTo = actor, now.Add(appealLease)
		return audit.With(s.event(ctx, "license.appeal_claimed", license, now, "appeal", a.ID)), nil
	})
}

// DecideAppeal grants an appeal, so that the application is approved and waits for an issuer, or upholds the refusal with a reason. Who decides has claimed
// it.
func (s *Service) DecideAppeal(ctx context.Context, license string, grant bool, reason string) (Appeal, error) {
	if n := utf8.RuneCountInString(reason); n == 0 || n > 500 {
		return Appeal{}, fault.New(fault.Invalid).WithField("reason", fault.LicenseFieldMissing)
	}
	return s.changeAppeal(ctx, license, func(ctx context.Context, a *Appeal, l *License, actor string, now time.Time) (audit.Record, error) {
		if a.ClaimedBy != actor || !a.ClaimedTo.After(now) {
			return audit.Record{}, fault.New(fault.AppealState)
		}
		a.State, a.DecidedBy, a.DecidedAt, a.Reason, a.ClaimedTo = AppealUpheld, actor, now, reason, time.Time{}
		notice := RulingNotice{License: l.ID, TypeCode: l.TypeCode, HolderRef: l.HolderRef, Event: NoticeAppealUpheld, At: now}
		if grant {
			a.State, notice.Event = AppealGranted, NoticeAppealGranted
			l.State, l.Reviewer, l.UpdatedAt = StateApproved, actor, now
		}
		record := audit.With(s.event(ctx, "license.appeal_decided", license, now, "appeal", a.ID, "outcome", string(a.State)))
		if l.HolderRef != "" {
			record = record.And(rulingNotice(notice))
		}
		return record, nil
	})
}

func (s *Service) changeAppeal(ctx context.Context, license string, change func(ctx context.Context, a *Appeal, l *License, actor string, now time.Time) (audit.Record, error)) (Appeal, error) {
	actor, err := require(ctx, RoleReviewer)
	if err != nil {
		return Appeal{}, err
	}
	r, err := s.cfg.Store.FindRuling(ctx, license)
	if err != nil {
		return Appeal{}, storeFault(err, "find ruling")
	}
	now := s.now()
	a, _, err := s.cfg.Store.ChangeAppeal(ctx, license, func(a *Appeal, l *License) (audit.Record, error) {
		ctx, err := l.in(ctx, RoleReviewer)
		switch {
		case err != nil:
			return audit.Record{}, err
		case barred(r, *l, actor.ID) || a.FiledBy == actor.ID:
			return audit.Record{}, fault.New(fault.AppealOwnRule)
		case a.State != AppealOpen || l.State != StateRejected:
			return audit.Record{}, fault.New(fault.AppealState)
		}
		return change(ctx, a, l, actor.ID, now)
	})
	return a, storeFault(err, "change appeal")
}
