package elicense

import (
	"context"
	_ "embed" // papers.json
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

//go:embed papers.json
var papersFile []byte

// paperPolicy says which views are printed, for how many days at most (the usual choice first), how many papers of one licence may be about at once,
// and with which words.
var paperPolicy = func() (of struct {
	Profiles []string                     `json:"profiles"`
	Days     []int                        `json:"days"`
	Most     int                          `json:"most"`
	Words    map[string]map[string]string `json:"words"`
}) {
	if err := json.Unmarshal(papersFile, &of); err != nil {
		panic(err) // the file is embedded and tested
	}
	return of
}()

// PaperDays are for how many days a paper copy can be printed, the usual choice first.
func PaperDays() []int { return slices.Clone(paperPolicy.Days) }

// PaperProfiles are the views of a type that its holder can print, the usual choice first.
func PaperProfiles(t *catalog.Type) []string {
	return slices.DeleteFunc(slices.Clone(paperPolicy.Profiles), func(profile string) bool { return len(t.Profiles[profile]) == 0 })
}

// Kinds of uses of a paper copy (纸质副本).
const (
	UsePrinted      UseKind = "printed"       // the holder printed one
	UsePaperChecked UseKind = "paper_checked" // one was checked at the platform
)

// Paper is a paper copy on record. What stands on it and its code are not kept.
type Paper struct {
	ID          string // "lpap_…", printed on it
	PIDKey      string // keyed hash of the pid in the code
	ShortID     [8]byte
	License     string // row key
	LicenseID   string
	TypeCode    string
	HolderRef   string
	Profile     string
	IssuedAt    time.Time
	ExpiresAt   time.Time
	WithdrawnAt time.Time // zero while it holds
}

// States of a paper.
const (
	PaperOut       = "out" // it holds, as long as its licence does
	PaperWithdrawn = "withdrawn"
	PaperEnded     = "ended"
)

// PaperState is the state of a paper at this moment.
func (s *Service) PaperState(p Paper) string {
	switch {
	case !p.WithdrawnAt.IsZero():
		return PaperWithdrawn
	case !s.now().Before(p.ExpiresAt):
		return PaperEnded
	}
	return PaperOut
}

// Cursor is the place of a paper in lists.
func (p Paper) Cursor() string { return fmt.Sprintf("%d.%s", p.IssuedAt.UnixMicro(), p.ID) }

// ErrPapersMany is answered by stores when so many papers of a licence are about already.
var ErrPapersMany = errors.New("elicense: so many papers of the licence are about")

// Papers keeps paper copies. Holders that merge bring theirs; of a holder who is gone all are withdrawn and belong to nobody.
type Papers interface {
	// AddPaper stores a paper, counts the use and keeps the record in one write: ErrFrozen where a freeze stands, ErrPapersMany where most of the licence
	// have not ended when it is issued, withdrawn ones among them.
	AddPaper(ctx context.Context, p Paper, most int, use Use, record audit.Record) error
	// FindPaper finds one by the keyed hash of its pid.
	FindPaper(ctx context.Context, pidKey string) (Paper, error)
	// FindPaperOf finds one of a holder.
	FindPaperOf(ctx context.Context, holderRef, id string) (Paper, error)
	// WithdrawPaper withdraws one that holds and reports whether this call did.
	WithdrawPaper(ctx context.Context, id string, at time.Time, record audit.Record) (bool, error)
	// ListPapers gives a page of a holder's papers, the newest first, and the cursor of the next, empty at the end.
	ListPapers(ctx context.Context, holderRef, after string, limit int) (page []Paper, next string, err error)
	// WithdrawnShortIDs gives the short ids of papers that were withdrawn and have not ended at the moment.
	WithdrawnShortIDs(ctx context.Context, at time.Time) ([][8]byte, error)
}

// TopicPaper tells a holder that a paper copy of a licence was printed or withdrawn: Notice, whose event is "printed" or "withdrawn".
const TopicPaper = "license.paper"

// PaperRequest chooses what is printed.
type PaperRequest struct {
	Profile string // masked or full; the first of the type's when empty
	Days    int    // for how long; the first of PaperDays when 0. It ends with the licence at the latest.
}

// PrintedPaper is a paper copy to be printed.
type PrintedPaper struct {
	Paper
	Code   string       // "LZ1:…", for a QR code of version 25-M at most
	Fields []ShownField // as printed; in the code long values are shortened
	Lines  []string     // of the page, the title first; the code vouches for them (presentation.PageText)
}

// PrintPaper makes a paper copy of a licence in force for its holder, who is signed in and acts for nobody else. The words are in the language of the
// request.
func (s *Service) PrintPaper(ctx context.Context, id string, r PaperRequest) (PrintedPaper, error) {
	l, err := s.ownLicense(ctx, id, true)
	if err != nil {
		return PrintedPaper{}, err
	}
	now := s.now().Truncate(time.Second)
	p := Paper{ID: ident.New(s.cfg.Rand, "lpap"), License: l.ID, LicenseID: l.LicenseID, TypeCode: l.TypeCode, HolderRef: l.HolderRef, Profile: r.Profile, IssuedAt: now}
	if l.State != StateActive || l.Status != catalog.StatusValid {
		return PrintedPaper{}, fault.New(fault.LicenseState)
	}
	if err := s.usable(ctx, l, "print paper"); err != nil {
		return PrintedPaper{}, err
	}
	licenseType, ok := s.typeOf(l)
	if !ok {
		return PrintedPaper{}, fault.New(fault.LicenseTypeUnknown)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return PrintedPaper{}, storeFault(err, "read values")
	}
	profiles := PaperProfiles(licenseType)
	if p.Profile == "" && len(profiles) > 0 {
		p.Profile = profiles[0]
	}
	if r.Days == 0 {
		r.Days = paperPolicy.Days[0]
	}
	if !slices.Contains(profiles, p.Profile) {
		return PrintedPaper{}, fault.New(fault.Invalid).WithField("view", fault.LicenseFieldForm)
	}
	if !slices.Contains(paperPolicy.Days, r.Days) {
		return PrintedPaper{}, fault.New(fault.Invalid).WithField("days", fault.LicenseFieldForm)
	}
	if p.ExpiresAt, err = paperEnd(values, now, r.Days); err != nil {
		return PrintedPaper{}, err
	}
	out, view, err := s.paperView(ctx, licenseType, values, p)
	if err != nil {
		return PrintedPaper{}, err
	}
	view.Status = &presentation.StatusEntry{List: l.List, Index: l.Index}
	signed, err := s.signView(ctx, view)
	if err != nil {
		return PrintedPaper{}, storeFault(err, "sign paper")
	}
	if out.Code, err = presentation.Paper(signed); err != nil {
		return PrintedPaper{}, fmt.Errorf("write paper: %w", err)
	}
	if out.PIDKey, err = s.hash(ctx, "pid", hex.EncodeToString(view.PID[:])); err != nil {
		return PrintedPaper{}, storeFault(err, "hash pid")
	}
	out.ShortID = statuslist.ShortID(view.PID[:])
	record := audit.With(s.paperEvent(ctx, "license.paper.printed", out.Paper, now)).And(notice(TopicPaper, "printed", l, now))
	err = s.cfg.Store.AddPaper(ctx, out.Paper, paperPolicy.Most, s.use(ctx, l, UsePrinted, licenseType.Profiles[out.Profile], out.ID), record)
	if errors.Is(err, ErrPapersMany) {
		return PrintedPaper{}, fault.Wrap(err, fault.PapersMany)
	}
	return out, s.usedFault(ctx, l, err, "store paper")
}

// paperEnd is so many days from now, and never past the last day of the licence.
func paperEnd(values catalog.Values, now time.Time, days int) (time.Time, error) {
	end := now.AddDate(0, 0, days)
	if last := values.First(catalog.KeyExpiringDate); catalog.AfterPeriod(values, end) {
		day, err := time.ParseInLocation("20060102", last, chinaTime)
		if err != nil {
			return end, fmt.Errorf("last day of licence: %w", err)
		}
		end = day.AddDate(0, 0, 1).Add(-time.Second).UTC()
	}
	if !end.After(now) {
		return end, fault.New(fault.LicenseState)
	}
	return end, nil
}

// paperView makes the words of a page and the view that is signed for them.
func (s *Service) paperView(ctx context.Context, t *catalog.Type, values catalog.Values, p Paper) (PrintedPaper, presentation.View, error) {
	out := PrintedPaper{Paper: p}
	view := presentation.View{TypeCode: p.TypeCode, IssuedAt: p.IssuedAt, Life: p.ExpiresAt.Sub(p.IssuedAt)}
	if _, err := io.ReadFull(s.cfg.Rand, view.PID[:]); err != nil {
		return out, view, fmt.Errorf("random pid: %w", err)
	}
	var err error
	if view.Fields, err = fieldsOf(t, p.Profile, values, p.IssuedAt); err != nil {
		return out, view, fault.Wrap(err, fault.Invalid).WithField("view", fault.LicenseFieldForm)
	}
	locale := reqctx.From(ctx).Locale
	words, ok := paperPolicy.Words[locale]
	if !ok {
		words = paperPolicy.Words["zh-CN"]
	}
	out.Fields = s.ViewFields(view, locale)
	out.Lines = []string{strings.Replace(words["title"], "{license}", t.Name.In(locale), 1)}
	for _, f := range out.Fields {
		out.Lines = append(out.Lines, f.Label+" "+f.Value)
	}
	day := func(at time.Time) string { return at.In(chinaTime).Format(time.DateOnly) }
	out.Lines = append(out.Lines, words["printed"]+" "+day(p.IssuedAt), words["until"]+" "+day(p.ExpiresAt), words["id"]+" "+p.ID, strings.Replace(words["verify"], "{url}", s.cfg.BaseURL+"/verify", 1), words["proves"])
	view.Paper = &presentation.PaperFacts{Identifier: presentation.IdentifierHash(p.LicenseID), Text: presentation.PageText(strings.Join(out.Lines, "\n"))}
	return out, view, nil
}

func (s *Service) paperEvent(ctx context.Context, kind string, p Paper, at time.Time) audit.Event {
	return s.event(ctx, kind, p.License, at, "paper", p.ID, "profile", p.Profile, "until", p.ExpiresAt.UTC().Format(time.RFC3339))
}

// WithdrawPaper withdraws a paper copy of who is signed in. Doing it again, or when it has ended, changes nothing.
func (s *Service) WithdrawPaper(ctx context.Context, id string) error {
	account, err := ownAccount(ctx)
	if err != nil {
		return err
	}
	p, err := s.cfg.Store.FindPaperOf(ctx, account, id)
	if err != nil {
		return storeFault(err, "find paper")
	}
	l, err := s.cfg.Store.Find(ctx, p.License)
	if err != nil {
		return storeFault(err, "find licence")
	}
	l.HolderRef = account // of several holders the one whose paper it is
	now := s.now()
	// The delta names it from now on; it is published with the list of the licence.
	record := audit.With(s.paperEvent(ctx, "license.paper.withdrawn", p, now)).And(notice(TopicPaper, PaperWithdrawn, l, now)).And(publishMessage(l.List))
	_, err = s.cfg.Store.WithdrawPaper(ctx, p.ID, now, record)
	return storeFault(err, "withdraw paper")
}

// PapersOf lists the paper copies of who is signed in, the newest first.
func (s *Service) PapersOf(ctx context.Context, after string, limit int) ([]Paper, string, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return nil, "", err
	}
	page, next, err := s.cfg.Store.ListPapers(ctx, account, after, limit)
	return page, next, storeFault(err, "list papers")
}

// paperStatus is the state of a paper copy and of its licence at this moment, on the holder's ledger before it is told. A paper that our key signed and
// that is not on record never holds. A freeze stops no check: the paper is out.
func (c *scan) paperStatus(pid [16]byte) presentation.StatusAnswer {
	s := c.service
	pidKey, err := s.hash(c.ctx, "pid", hex.EncodeToString(pid[:]))
	var p Paper
	if err == nil {
		p, err = s.cfg.Store.FindPaper(c.ctx, pidKey)
	}
	if errors.Is(err, ErrNotFound) {
		return presentation.StatusAnswer{Known: true, Status: statuslist.Ended, Source: "online", Time: c.now}
	}
	var l License
	if err == nil {
		if l, err = s.cfg.Store.Find(c.ctx, p.License); p.HolderRef != "" {
			l.HolderRef = p.HolderRef
		}
	}
	if err == nil {
		err = s.noteUse(c.ctx, s.use(c.ctx, l, UsePaperChecked, []string{FieldStatus}, ""), "license.paper.checked")
	}
	if err != nil {
		c.failure = err
		return presentation.StatusAnswer{Source: "none"}
	}
	return presentation.StatusAnswer{Known: true, Status: l.Bits, Withdrawn: !p.WithdrawnAt.IsZero(), Source: "online", Time: c.now}
}
