package elicense

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ListedPage is how many rows of a list are judged in one step, and counted and noted in one write each.
const ListedPage = 500

// Guessing bounds of lists (L-10). A list is asked for by an application that is known, so that a number is answered to it as often as it likes
// while it knows the holder; only what it did not know counts.
const (
	listedWindow   = 24 * time.Hour
	wrongPerNumber = 5
	wrongPerClient = 5000
)

// Listed is a row of a list of licences.
type Listed struct {
	Line      int
	LicenseID string
	Check     string // last four characters of a holder's code
	Ref       string // the caller's own word for the row
	Broken    bool   // it cannot be read
}

// Columns of a list: ours, and the name in Chinese. Ref may be left out.
var listedColumns = [3][2]string{{"license_id", "证照标识"}, {"check", "后四位"}, {"ref", "备注"}}

// ReadList reads a list of licences; a file without the columns is refused.
func ReadList(content []byte, format batchfile.Format, encoding batchfile.Encoding) ([]Listed, error) {
	table, err := batchfile.ReadUpTo(batchfile.MaxListed, content, format, encoding)
	if err != nil {
		return nil, tableFault(err, format, batchfile.MaxListed)
	}
	var places [len(listedColumns)]int
	for k, names := range listedColumns {
		places[k] = slices.IndexFunc(table.Columns, func(column string) bool { return slices.Contains(names[:], column) })
	}
	if places[0] < 0 || places[1] < 0 {
		return nil, fault.New(fault.Invalid).WithField("file", fault.LicenseFieldMissing)
	}
	rows := make([]Listed, len(table.Rows))
	for i, row := range table.Rows {
		rows[i] = Listed{Line: row.Line, Broken: row.Broken}
		for k, into := range []*string{&rows[i].LicenseID, &rows[i].Check, &rows[i].Ref} {
			if places[k] >= 0 && !row.Broken {
				*into = row.Cells[places[k]]
			}
		}
	}
	return rows, nil
}

// ListedAnswer is the answer about a row: a result, or a fault for a row that is not judged.
type ListedAnswer struct {
	Result verify.Result
	Err    error
}

// List is a list of licences that an application or a member of staff asks for, page by page. It is used by one caller at a time.
type List struct {
	service *Service
	client  string // client_id or account of staff
	wrong   string // counter of the caller
	seen    map[string]bool
}

// BeginList begins a list of licences to check; for applications of departments (RoleUser), one list of each at a time on a node. End ends it.
func (s *Service) BeginList(ctx context.Context) (*List, error) {
	actor, err := exchangeUser(ctx)
	if err != nil {
		return nil, err
	}
	return s.beginList(ctx, actor.Client)
}

// MayListByHand refuses whoever BeginListByHand refuses for want of a right.
func (s *Service) MayListByHand(ctx context.Context) error {
	actor, err := require(ctx, RoleReviewer, RoleIssuer)
	if err == nil && actor.Machine() {
		err = fault.New(fault.Forbidden)
	}
	return err
}

// BeginListByHand is BeginList for members of staff who review or issue licences (批量核验), with the same bounds for each of them.
func (s *Service) BeginListByHand(ctx context.Context) (*List, error) {
	if err := s.MayListByHand(ctx); err != nil {
		return nil, err
	}
	return s.beginList(ctx, reqctx.From(ctx).Actor.ID)
}

func (s *Service) beginList(ctx context.Context, caller string) (*List, error) {
	wrong, err := s.hash(ctx, "lookup", "listed", caller)
	if err != nil {
		return nil, storeFault(err, "hash client")
	}
	if _, underWay := s.listing.LoadOrStore(caller, true); underWay {
		return nil, fault.New(fault.TooManyRequests).After(10)
	}
	return &List{service: s, client: caller, wrong: wrong, seen: map[string]bool{}}, nil
}

// End lets the application begin another list.
func (l *List) End() { l.service.listing.Delete(l.client) }

// Check answers rows, ListedPage of them at most, in their order. As in Lookup an unknown number and a wrong check are answered alike, every row
// counts before it is judged and a right one is taken back. What holders are to see of it is on their ledgers before anything is answered. On an
// error nothing of the page is answered.
func (l *List) Check(ctx context.Context, rows []Listed) ([]ListedAnswer, error) {
	s, now := l.service, l.service.now()
	answers := make([]ListedAnswer, len(rows))
	failures, err := s.cfg.Store.Failures(ctx, l.wrong, now)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable) // no counter, no answer (R6)
	}
	asked := l.take(rows, answers, failures >= wrongPerClient)
	tries, err := l.count(ctx, rows, asked, now)
	if err != nil {
		return nil, err
	}
	asking, ids := make([]Listed, len(asked)), make([]string, len(asked))
	for n, i := range asked {
		asking[n], ids[n] = rows[i], rows[i].LicenseID
	}
	list, err := s.cfg.Store.FindByLicenseIDs(ctx, ids)
	if err != nil {
		return nil, storeFault(err, "find licences")
	}
	known := make(map[string]License, len(list))
	for _, found := range list {
		known[found.LicenseID] = found
	}
	elsewhere, err := s.lookupImports(ctx, asking)
	if err != nil {
		return nil, err
	}
	var uses []Use
	var right []string
	wrong := 0
	for n, i := range asked {
		if tries[n].limited {
			answers[i].Err = fault.New(fault.LookupLimited).After(int(tries[n].window / time.Second))
			continue
		}
		var answer *licensefile.NumberAnswer
		if found, there := known[rows[i].LicenseID]; there {
			if answer, err = s.numberAnswer(ctx, found, rows[i].Check, now); err != nil {
				return nil, err
			}
		}
		answers[i].Result = licensefile.NumberResult(answer, reqctx.From(ctx).Locale)
		switch {
		case answer != nil:
			right = append(right, tries[n].subjects[:]...)
			uses = append(uses, s.use(ctx, known[rows[i].LicenseID], UseNumber, []string{FieldStatus}, ""))
		case elsewhere[n] != nil:
			right = append(right, tries[n].subjects[:]...)
			if answers[i].Result, err = s.importAnswer(ctx, *elsewhere[n], now); err != nil {
				return nil, err
			}
		default:
			wrong++
		}
	}
	if wrong > 0 {
		if _, err := s.cfg.Store.Fail(ctx, []string{l.wrong}, wrong, now, listedWindow); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
	}
	if err := s.cfg.Store.Pardon(ctx, right, now); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	event := s.event(ctx, "license.list.checked", l.client, now, "rows", strconv.Itoa(len(rows)), "known", strconv.Itoa(len(uses)), "wrong", strconv.Itoa(wrong))
	if err := s.cfg.Store.NoteUse(ctx, uses, audit.With(event)); err != nil {
		return nil, storeFault(err, "note uses")
	}
	for _, i := range asked {
		if answers[i].Err == nil {
			s.count(ChannelList, answers[i].Result)
		}
	}
	return answers, nil
}

// take gives the places of the rows that are judged and answers the others.
func (l *List) take(rows []Listed, answers []ListedAnswer, limited bool) []int {
	asked := make([]int, 0, len(rows))
	for i, row := range rows {
		switch {
		case row.Broken || row.LicenseID == "" || len(row.LicenseID) > 200 || len(row.Check) != 4:
			answers[i].Err = fault.New(fault.LicenseRowBroken)
		case l.seen[row.LicenseID]:
			answers[i].Err = fault.New(fault.LicenseRowTwice)
		case limited:
			answers[i].Err = fault.New(fault.LookupLimited).After(int(listedWindow / time.Second))
		default:
			l.seen[row.LicenseID] = true
			asked = append(asked, i)
		}
	}
	return asked
}

// listedTry is what counting a row gave.
type listedTry struct {
	subjects [2]string // of the number for everybody, and for this application
	limited  bool
	window   time.Duration // after which it is answered again
}

// count counts the rows: each on the number, whoever asks, and on the number as this application asks for it.
func (l *List) count(ctx context.Context, rows []Listed, asked []int, now time.Time) ([]listedTry, error) {
	tries := make([]listedTry, len(asked))
	for k, bound := range []struct {
		parts  []string
		most   int
		window time.Duration
	}{{[]string{"lookup", "number"}, failuresPerNumber, lookupWindow}, {[]string{"lookup", "listed", l.client}, wrongPerNumber, listedWindow}} {
		subjects := make([]string, len(asked))
		for n, i := range asked {
			subject, err := l.service.hash(ctx, append(bound.parts, rows[i].LicenseID)...)
			if err != nil {
				return nil, storeFault(err, "hash number")
			}
			subjects[n], tries[n].subjects[k] = subject, subject
		}
		counts, err := l.service.cfg.Store.Fail(ctx, subjects, 1, now, bound.window)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		for n, count := range counts {
			if count > bound.most {
				tries[n].limited, tries[n].window = true, bound.window
			}
		}
	}
	return tries, nil
}
