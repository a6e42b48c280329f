package elicense

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// VerifyFile judges a file with the platform's trust and the status lists it has published, so that the report is the one
// that anybody gets who holds the same lists. A file that is the text of a presentation code is judged as such.
func (s *Service) VerifyFile(ctx context.Context, name string, data []byte) (verify.Result, error) {
	if text := strings.TrimPrefix(string(data[:min(len(data), maxCode)]), "\ufeff"); len(data) < maxCode && presentation.IsCode(text) {
		return s.VerifyCode(ctx, strings.TrimRight(text, "\r\n"))
	}
	o, failure, err := s.judging(ctx)
	if err != nil {
		return verify.Result{}, err
	}
	result := evidence.Judge(name, data, o)
	if *failure != nil {
		return verify.Result{}, storeFault(*failure, "find status list")
	}
	return result, nil
}

// VerifyBy is VerifyFile for somebody who asks by a channel, and counts it.
func (s *Service) VerifyBy(ctx context.Context, channel Channel, name string, data []byte) (verify.Result, error) {
	result, err := s.VerifyFile(ctx, name, data)
	if err == nil && result.Format != "presentation" { // a code is counted as one
		s.count(channel, result)
	}
	return result, err
}

// ownList opens the published list of an address of ours; nil for other addresses and lists that are not published.
func (s *Service) ownList(ctx context.Context, uri string, failure *error) *statuslist.List {
	name, ours := strings.CutPrefix(uri, s.statusBase())
	if !ours {
		return nil
	}
	p, err := s.cfg.Store.FindPublished(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	var list *statuslist.List
	if err == nil {
		list, err = statuslist.Open(p.Content)
	}
	if errors.Is(err, statuslist.ErrFormat) {
		return nil // another signed object of ours, named by a file that is not ours
	}
	if err != nil {
		*failure = err
		return nil
	}
	return list
}

// maxCode bounds the text of a code: what is longer is refused unread (L-04).
const maxCode = 4096

// VerifyCode judges a presentation code online: the pid is consumed by one conditional change, and the state of the
// licence at this moment counts (L-02, L-05). A code that is no code, old or used before is a fault; what was forged is a
// report.
func (s *Service) VerifyCode(ctx context.Context, text string) (verify.Result, error) {
	return s.VerifyPaper(ctx, text, "")
}

// IsPresentationCode tells whether a text claims to be a presentation code.
func IsPresentationCode(text string) bool { return presentation.IsCode(text) }

// maxPageText bounds the text of a page that is compared with a code.
const maxPageText = 16 << 10

// VerifyPaper is VerifyCode for a code that stands on a page, whose text is compared too; an empty one is not.
func (s *Service) VerifyPaper(ctx context.Context, text, page string) (verify.Result, error) {
	if len(page) > maxPageText {
		return verify.Result{}, fault.New(fault.Invalid).WithField("page_text", fault.LicenseFieldForm)
	}
	return s.verifyCode(ctx, text, page, nil)
}

// VerifyAnswer is VerifyCode for who asked for the code: one that answers no request, or another one, is invalid, and its use is not taken.
func (s *Service) VerifyAnswer(ctx context.Context, text string, challenge []byte) (verify.Result, error) {
	if len(challenge) != 8 {
		return verify.Result{}, fault.New(fault.Invalid).WithField("challenge", fault.LicenseFieldForm)
	}
	return s.verifyCode(ctx, text, "", challenge)
}

func (s *Service) verifyCode(ctx context.Context, text, page string, challenge []byte) (verify.Result, error) {
	judged, _, err := s.scanCode(ctx, text, page, challenge)
	if err != nil {
		return verify.Result{}, err
	}
	result := licensefile.CodeResult("", text, judged, s.Types(), reqctx.From(ctx).Locale)
	s.count(ChannelCode, result)
	return result, nil
}

func (s *Service) scanCode(ctx context.Context, text, page string, challenge []byte) (presentation.Result, *scan, error) {
	if len(text) > maxCode || !presentation.IsCode(text) {
		return presentation.Result{}, nil, fault.New(fault.CodeMalformed)
	}
	known, err := s.presentationKeys(ctx)
	if err != nil {
		return presentation.Result{}, nil, storeFault(err, "list presentation keys")
	}
	scan := &scan{service: s, ctx: ctx, now: s.now()}
	judged := presentation.Verify(text, presentation.Options{Keys: known, At: scan.now, PageText: page, Challenge: challenge, Consumed: scan.consumed, StatusOf: scan.status})
	if scan.failure != nil {
		return presentation.Result{}, nil, storeFault(scan.failure, "judge code") // no replay store, no answer (R6)
	}
	switch {
	case judged.Has(presentation.ReasonFormat):
		return presentation.Result{}, nil, fault.New(fault.CodeMalformed)
	case judged.Has(presentation.ReasonExpired), judged.Has(presentation.ReasonNotYet):
		return presentation.Result{}, nil, fault.New(fault.CodeExpired)
	case judged.Has(presentation.ReasonConsumed):
		return presentation.Result{}, nil, fault.New(fault.CodeConsumed)
	}
	return judged, scan, nil
}

// scan is one online judgement of a code.
type scan struct {
	service *Service
	ctx     context.Context // of the one call that this value lives in
	now     time.Time
	license License
	found   bool
	failure error
}

// consumed marks the token as used; true when it was used before, or when that cannot be told.
func (c *scan) consumed(pid [16]byte) bool {
	s := c.service
	pidKey, err := s.hash(c.ctx, "pid", hex.EncodeToString(pid[:]))
	if err != nil {
		c.failure = err
		return true
	}
	p, err := s.cfg.Store.FindScanned(c.ctx, pidKey)
	if errors.Is(err, ErrNotFound) {
		// Our signature holds, yet the token is not on record any more: it was dropped after its time.
		return true
	}
	if err == nil {
		if c.license, err = s.cfg.Store.Find(c.ctx, p.License); p.HolderRef != "" {
			c.license.HolderRef = p.HolderRef // of several holders the one who shows it
		}
	}
	if err != nil {
		c.failure = err
		return true
	}
	c.found = true
	record := audit.With(s.event(c.ctx, "license.presentation.scanned", p.License, c.now, "presentation", p.ID)).And(notice(TopicPresented, "scanned", c.license, c.now))
	fields := s.shownFields(c.license, p.Profile)
	use := s.use(c.ctx, c.license, UseShown, fields, p.ID)
	use.Agent = p.Agent
	first, err := s.cfg.Store.Consume(c.ctx, pidKey, c.now, use, record)
	if err != nil {
		c.failure = s.usedFault(c.ctx, c.license, err, "scan code")
		return true
	}
	if first {
		return false
	}
	again := s.event(c.ctx, "license.presentation.scanned_again", p.License, c.now, "presentation", p.ID)
	again.Result = audit.Refused
	if err := s.cfg.Store.NoteUse(c.ctx, []Use{s.use(c.ctx, c.license, UseShownAgain, nil, p.ID)}, audit.With(again).And(notice(TopicPresented, "scanned_again", c.license, c.now))); err != nil {
		c.failure = err
	}
	return true
}

// shownFields are the keys of what a profile of a licence shows.
func (s *Service) shownFields(l License, profile string) []string {
	licenseType, ok := s.typeOf(l)
	if !ok {
		return nil
	}
	return licenseType.Profiles[profile]
}

func (c *scan) status(code *presentation.Code, _ presentation.Key) presentation.StatusAnswer {
	if code.View.IsCard() {
		return c.cardStatus(code.View.PID)
	}
	if code.View.IsPaper() {
		return c.paperStatus(code.View.PID)
	}
	if !c.found {
		return presentation.StatusAnswer{Source: "none"}
	}
	status := c.license.Bits
	if c.license.State != StateActive {
		status = statuslist.NotUsable
	}
	return presentation.StatusAnswer{Known: true, Status: status, Source: "online", Time: c.now}
}

// cardStatus is the state of a card at this moment. A card that our key signed and that is not on record is never in force.
func (c *scan) cardStatus(pid [16]byte) presentation.StatusAnswer {
	pidKey, err := c.service.hash(c.ctx, "pid", hex.EncodeToString(pid[:]))
	var card Card
	if err == nil {
		card, err = c.service.cfg.Cards.FindCard(c.ctx, pidKey)
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return presentation.StatusAnswer{Known: true, Status: statuslist.Ended, Source: "online", Time: c.now}
	case err != nil:
		c.failure = err
		return presentation.StatusAnswer{Source: "none"}
	}
	return presentation.StatusAnswer{Known: true, Status: card.Bits, Source: "online", Time: c.now}
}

// Guessing bounds of look-ups (L-10).
const (
	lookupWindow      = 10 * time.Minute
	failuresPerCaller = 5
	failuresPerNumber = 50
)

// Lookup answers about a licence number when the caller also knows the last four characters of a holder's code. An
// unknown number and a wrong check get the same answer, and guessing is bounded by caller and by number.
func (s *Service) Lookup(ctx context.Context, licenseID, check string) (verify.Result, error) {
	result, err := s.lookup(ctx, licenseID, check)
	if err == nil {
		s.count(ChannelNumber, result)
	}
	return result, err
}

func (s *Service) lookup(ctx context.Context, licenseID, check string) (verify.Result, error) {
	now := s.now()
	licenseID = strings.TrimSpace(licenseID)
	if len(licenseID) > 200 || len(check) > 16 {
		return verify.Result{}, fault.New(fault.Invalid)
	}
	caller, err := s.hash(ctx, "lookup", "caller", reqctx.From(ctx).Source())
	if err != nil {
		return verify.Result{}, storeFault(err, "hash caller")
	}
	number, err := s.hash(ctx, "lookup", "number", licenseID)
	if err != nil {
		return verify.Result{}, storeFault(err, "hash number")
	}
	limited := fault.New(fault.LookupLimited).After(int(lookupWindow / time.Second))
	guessed := func() error {
		failures, err := s.cfg.Store.Failures(ctx, caller, now)
		switch {
		case err != nil:
			return fault.Wrap(err, fault.Unavailable) // no counter, no answer (R6)
		case failures >= failuresPerCaller:
			return limited
		}
		return nil
	}
	if err := guessed(); err != nil {
		return verify.Result{}, err
	}
	// Every try counts on the number before it is judged, so that guesses at once count as well; a right one is taken back.
	tries, err := s.cfg.Store.Fail(ctx, []string{number}, 1, now, lookupWindow)
	switch {
	case err != nil:
		return verify.Result{}, fault.Wrap(err, fault.Unavailable)
	case tries[0] > failuresPerNumber:
		return verify.Result{}, limited
	}
	l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return verify.Result{}, storeFault(err, "find licence")
	}
	var answer *licensefile.NumberAnswer
	var elsewhere *Import
	if err == nil {
		if answer, err = s.numberAnswer(ctx, l, check, now); err == nil && answer != nil {
			answer.Current, err = s.currentVersion(ctx, l)
		}
	} else {
		elsewhere, err = s.lookupImport(ctx, licenseID, check)
	}
	if err != nil {
		return verify.Result{}, err
	}
	if answer == nil && elsewhere == nil {
		if _, err := s.cfg.Store.Fail(ctx, []string{caller}, 1, now, lookupWindow); err != nil {
			return verify.Result{}, fault.Wrap(err, fault.Unavailable)
		}
		return licensefile.NumberResult(nil, reqctx.From(ctx).Locale), nil
	}
	if err := guessed(); err != nil { // what the same caller guessed meanwhile counts before a right guess among it
		return verify.Result{}, err
	}
	if err := s.cfg.Store.Pardon(ctx, []string{number}, now); err != nil {
		return verify.Result{}, fault.Wrap(err, fault.Unavailable)
	}
	if elsewhere != nil {
		return s.importAnswer(ctx, *elsewhere, now)
	}
	if err := s.noteUseOfAll(ctx, l, UseNumber, []string{FieldStatus}, "license.looked_up"); err != nil {
		return verify.Result{}, err
	}
	return licensefile.NumberResult(answer, reqctx.From(ctx).Locale), nil
}

// lookupImport finds a licence that was issued elsewhere, for who knows the last four characters of a holder's code; nil otherwise.
func (s *Service) lookupImport(ctx context.Context, licenseID, check string) (*Import, error) {
	found, err := s.lookupImports(ctx, []Listed{{LicenseID: licenseID, Check: check}})
	return found[0], err
}

// lookupImports is lookupImport for at most 500 rows, in their order.
func (s *Service) lookupImports(ctx context.Context, rows []Listed) ([]*Import, error) {
	found := make([]*Import, len(rows))
	identifiers, places := []string{}, map[string][]int{}
	for n, row := range rows {
		if id, _, err := catalog.ReadID(row.LicenseID); err == nil {
			if len(places[id.String()]) == 0 {
				identifiers = append(identifiers, id.String())
			}
			places[id.String()] = append(places[id.String()], n)
		}
	}
	_, imports, err := s.cfg.Store.FindIdentifiers(ctx, identifiers)
	if err != nil {
		return found, storeFault(err, "find imports")
	}
	for _, i := range imports {
		values, err := s.openAt(ctx, i.DataKey, importPlace(i.ID), i.Data)
		if err != nil {
			return found, storeFault(err, "read values")
		}
		for _, n := range places[i.LicenseID] {
			if codeFits(values, rows[n].Check) {
				found[n] = &i
			}
		}
	}
	return found, nil
}

// importAnswer tells that a licence is on record, who answers for that, and that its status is not known here.
func (s *Service) importAnswer(ctx context.Context, i Import, now time.Time) (verify.Result, error) {
	authority, err := s.cfg.Store.FindAuthority(ctx, i.AuthorityCode)
	if err != nil {
		return verify.Result{}, storeFault(err, "find authority")
	}
	if err := s.cfg.Store.Note(ctx, audit.With(s.importEvent(ctx, "license.import.looked_up", i, now))); err != nil {
		return verify.Result{}, storeFault(err, "record look-up")
	}
	return licensefile.ImportedResult(i.LicenseID, i.TypeCode, authority.Name, reqctx.From(ctx).Locale), nil
}

// numberAnswer is what the register says of a licence to who knows the last four characters of a holder's code; nil for who does not, and of a licence that was not issued.
func (s *Service) numberAnswer(ctx context.Context, l License, check string, now time.Time) (*licensefile.NumberAnswer, error) {
	if l.State != StateActive {
		return nil, nil
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return nil, storeFault(err, "read values")
	}
	if !codeFits(values, check) {
		return nil, nil
	}
	return &licensefile.NumberAnswer{
		LicenseID: l.LicenseID, TypeCode: l.TypeCode, Status: l.Bits, Since: l.StatusAt, Before: catalog.BeforePeriod(values, now), After: catalog.AfterPeriod(values, now),
		From: values.First(catalog.KeyEffectiveDate), Until: values.First(catalog.KeyExpiringDate), Time: now,
	}, nil
}

// maxVersions bounds how far a chain of versions is followed for one look-up.
const maxVersions = 50

// currentVersion is the number of the version that took the place of a licence in the end; 0 where the last one is not in force, or the chain is too long to say.
func (s *Service) currentVersion(ctx context.Context, l License) (int, error) {
	for n := 0; l.ReplacedBy != "" && n < maxVersions; n++ {
		next, err := s.cfg.Store.Find(ctx, l.ReplacedBy)
		if err != nil {
			return 0, storeFault(err, "find next version")
		}
		if next.ReplacedBy == "" && next.State == StateActive && next.Status == catalog.StatusValid {
			return next.Version, nil
		}
		l = next
	}
	return 0, nil
}

// codeFits compares the last four characters of each holder's code in constant time.
func codeFits(values catalog.Values, check string) bool {
	check = strings.ToUpper(strings.TrimSpace(check))
	fits := 0
	for _, code := range values[catalog.KeyHolderCode] {
		if len(code) >= 4 {
			fits |= subtle.ConstantTimeCompare([]byte(strings.ToUpper(code[len(code)-4:])), []byte(check))
		}
	}
	return fits == 1
}
