package elicense

import (
	"context"
	_ "embed" // which licences are renewed here
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// RenewalTerms say when holders of licences of a type apply for its renewal (延续) here, and what they are asked (Administrative Licensing Law of
// China, article 50).
type RenewalTerms struct {
	// FromDays and UntilDays before the last day of validity begin and end the time in which an application is taken, both days included. UntilDays is
	// below zero where it is taken after the end.
	FromDays  int `json:"from_days"`
	UntilDays int `json:"until_days"`
	Years     int `json:"years"` // validity of the new version, from the day of the decision
	// Ask are the fields that the holder states anew; all others are taken over from the licence in force.
	Ask []string `json:"ask"`
}

// period is the validity of a new version that is decided about at the moment: first and last day, YYYYMMDD.
func (t RenewalTerms) period(decided time.Time) (first, last string) {
	day := decided.In(chinaTime)
	return day.Format("20060102"), day.AddDate(t.Years, 0, -1).Format("20060102")
}

//go:embed renewals.json
var renewalsFile []byte

var renewals = func() (of map[string]RenewalTerms) {
	if err := json.Unmarshal(renewalsFile, &of); err != nil {
		panic(err) // the file is embedded and tested
	}
	return of
}()

// RenewalTermsOf are the terms of a type; false where its licences are not renewed here.
func RenewalTermsOf(typeCode string) (RenewalTerms, bool) {
	terms, ok := renewals[typeCode]
	return terms, ok
}

// Bounds of renewals.
const (
	// RenewalsADay is how many applications a person enters within 24 hours.
	RenewalsADay = 10
	// renewalTries is how many applications there are for the renewal of one version: those that were refused or taken back, and one more.
	renewalTries = 20
)

// RenewalWindow is the time in which the renewal of a licence can be applied for: its first and its last day, in the time of Beijing.
type RenewalWindow struct {
	From, Until time.Time
	Open, Over  bool // now is within it, or behind it
}

// RenewalWindow tells when a licence can be renewed; false where it cannot: its type has no terms, it has no end, or is not valid.
func (s *Service) RenewalWindow(l License, values catalog.Values) (w RenewalWindow, ok bool) {
	terms, ok := RenewalTermsOf(l.TypeCode)
	end, ends := expiry(values)
	if !ok || !ends || l.State != StateActive || !mayBecome(l.Status, statusSuperseded) {
		return w, false
	}
	w.From, w.Until = end.AddDate(0, 0, -terms.FromDays), end.AddDate(0, 0, -terms.UntilDays)
	now := s.now()
	w.Over = !now.Before(w.Until.AddDate(0, 0, 1))
	w.Open = !now.Before(w.From) && !w.Over
	return w, true
}

// Renewal is what a holder needs to know to apply for a renewal.
type Renewal struct {
	Detail // the licence in force
	RenewalWindow
	Terms RenewalTerms
	// Pending is the application that is on its way, and PendingValues what it states; its ID is empty where there is none.
	Pending       License
	PendingValues catalog.Values
	tried         int // applications of holders for it
}

// FindRenewal gives the licence of who is signed in, with what its renewal asks for. A licence that is not renewed here is RenewalNone.
func (s *Service) FindRenewal(ctx context.Context, id string) (r Renewal, err error) {
	if r.License, err = s.ownLicense(ctx, id, true); err != nil {
		return Renewal{}, err
	}
	if r.Values, err = s.values(ctx, r.License); err != nil {
		return Renewal{}, storeFault(err, "read values")
	}
	ok := false
	if r.RenewalWindow, ok = s.RenewalWindow(r.License, r.Values); !ok {
		return Renewal{}, fault.New(fault.RenewalNone)
	}
	r.Terms, _ = RenewalTermsOf(r.TypeCode)
	list, err := s.cfg.Store.Renewals(ctx, r.ID, 2*renewalTries)
	if err != nil {
		return Renewal{}, storeFault(err, "list renewals")
	}
	for _, l := range list {
		if l.ByHolder() {
			r.tried++
		}
		if l.State != StateRejected && l.State != StateTakenBack {
			r.Pending = l
		}
	}
	if r.Pending.ID != "" {
		if r.PendingValues, err = s.values(ctx, r.Pending); err != nil {
			return Renewal{}, storeFault(err, "read values")
		}
	}
	return r, nil
}

// renewalNumber is the business number of the n-th application of holders for the renewal of a licence, from 1. As business numbers are unique for an
// authority, of applications that are entered at once one is stored.
func renewalNumber(license string, n int) string { return fmt.Sprintf("renewal.%s.%d", license, n) }

// Renew applies for the renewal of a licence of who is signed in, with the fields that its terms ask for; all others are those of the licence in force.
// One application can be on its way for a licence. One that was returned is handed in again. Rules of the type decide about it as about any other.
// Errors: RenewalNone, RenewalClosed, RenewalPending, RenewalLimit, LicenseValues.
func (s *Service) Renew(ctx context.Context, id string, fields map[string]string) (License, error) {
	r, err := s.FindRenewal(ctx, id)
	if err != nil {
		return License{}, err
	}
	switch {
	case !r.Open:
		return License{}, fault.New(fault.RenewalClosed)
	case r.Pending.ID != "" && (r.Pending.State != StateReturned || !r.Pending.ByHolder()):
		return License{}, fault.New(fault.RenewalPending)
	}
	t, authority, err := s.scope(ctx, r.TypeCode, r.AuthorityCode)
	if err != nil {
		return License{}, err
	}
	a, err := r.application(t, fields, renewalNumber(r.ID, r.tried+1), s.now())
	if err != nil {
		return License{}, err
	}
	if r.Pending.ID != "" {
		return s.renewAgain(ctx, r.Pending, a, t, authority)
	}
	if err := s.renewalBound(ctx, r.tried); err != nil {
		return License{}, err
	}
	area, err := s.areaOf(ctx, authority.Code)
	if err != nil {
		return License{}, err
	}
	l, err := s.prepare(ctx, a, t, authority, area, a.HolderRef)
	if err != nil {
		return License{}, err
	}
	l, created, err := s.cfg.Store.Create(ctx, l, audit.With(s.event(ctx, "license.renewal_applied", l.ID, l.CreatedAt, "type", l.TypeCode, "replaces", l.Replaces)))
	switch {
	case err != nil:
		return License{}, storeFault(err, "store renewal")
	case !created:
		return License{}, fault.New(fault.RenewalPending)
	}
	return s.rule(ctx, l)
}

// application is what the holder asks for: the values in force with those that were stated anew.
func (r Renewal) application(t *catalog.Type, fields map[string]string, number string, now time.Time) (Application, error) {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(r.Terms.Ask, key) {
			return Application{}, fault.New(fault.LicenseValues).WithField(key, fault.LicenseFieldUnknown)
		}
	}
	first, last := r.Terms.period(now) // as if it were decided today; what is made has the day of the decision
	a := Application{
		BusinessNumber: number, TypeCode: r.TypeCode, AuthorityCode: r.AuthorityCode, HolderRef: r.HolderRef, Replaces: r.ID, LicenseNumber: r.Values.First(catalog.KeyLicenseNumber),
		EffectiveDate: first, ExpiringDate: last, Fields: map[string]string{},
	}
	names, codes := r.Values[catalog.KeyHolderName], r.Values[catalog.KeyHolderCode]
	for i, kind := range r.Values[catalog.KeyHolderType] {
		a.Holders = append(a.Holders, Holder{names[i], kind, codes[i]})
	}
	for _, f := range t.Fields {
		if !f.Own || f.Kind == catalog.KindPhoto { // the picture is taken over by itself
			continue
		}
		a.Fields[f.Key] = r.Values.First(f.Key)
		if slices.Contains(r.Terms.Ask, f.Key) {
			a.Fields[f.Key] = strings.TrimSpace(fields[f.Key])
		}
	}
	return a, nil
}

// renewalBound refuses who applied too often, for a licence or within a day.
func (s *Service) renewalBound(ctx context.Context, tried int) error {
	if tried >= renewalTries {
		return fault.New(fault.RenewalLimit)
	}
	page, _, err := s.MyApplications(ctx, "", 200)
	if err != nil {
		return err
	}
	since, today := s.now().AddDate(0, 0, -1), 0
	for _, l := range page {
		if l.ByHolder() && l.CreatedAt.After(since) {
			today++
		}
	}
	if today >= RenewalsADay {
		return fault.New(fault.RenewalLimit)
	}
	return nil
}

// renewAgain hands in a renewal that was returned to its holder.
func (s *Service) renewAgain(ctx context.Context, pending License, a Application, t *catalog.Type, authority Authority) (License, error) {
	a.BusinessNumber = pending.BusinessNumber
	values := a.values(t, authority)
	photo, err := s.takePhoto(ctx, t, values, nil, &pending)
	if err != nil {
		return License{}, err
	}
	if err := s.checkApplication(t, values); err != nil {
		return License{}, err
	}
	filled := License{ID: pending.ID}
	if err := s.fill(ctx, &filled, a, values, photo); err != nil {
		return License{}, storeFault(err, "prepare renewal")
	}
	now := s.now()
	return s.update(ctx, pending.ID, func(l *License) (Change, error) {
		if l.State != StateReturned || l.HolderRef != a.HolderRef || !l.ByHolder() {
			return Change{}, fault.New(fault.RenewalPending)
		}
		l.State, l.Data, l.DataKey, l.HolderKeys, l.RequestDigest = StateInReview, filled.Data, filled.DataKey, filled.HolderKeys, filled.RequestDigest
		l.Photo, l.PhotoKey, l.Ends, l.UpdatedAt, l.Template = filled.Photo, filled.PhotoKey, filled.Ends, now, t.TemplateID()
		return Change{Record: audit.With(s.event(ctx, "license.corrected", l.ID, now))}, nil
	})
}

// MyApplications gives who is signed in a page of the applications that name their account, those that led to a licence included.
func (s *Service) MyApplications(ctx context.Context, after string, limit int) ([]License, string, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return nil, "", err
	}
	return s.list(ctx, Filter{HolderRef: account, After: after, Limit: limit})
}

// MyApplication gives who is signed in an application that names their account. Its values are for who entered it: an office may have named the account
// of somebody else.
func (s *Service) MyApplication(ctx context.Context, id string) (d Detail, err error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return Detail{}, err
	}
	d.License, err = s.cfg.Store.Find(ctx, id)
	if err == nil && d.HolderRef != account {
		err = ErrNotFound
	}
	if err != nil {
		return Detail{}, storeFault(err, "find application")
	}
	if d.ByHolder() {
		d.Values, err = s.values(ctx, d.License)
	}
	return d, storeFault(err, "read values")
}

// TakeBack ends an application that its holder entered and about which nobody decided. Doing it again changes nothing.
func (s *Service) TakeBack(ctx context.Context, id string) (License, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return License{}, err
	}
	now := s.now()
	return s.update(ctx, id, func(l *License) (Change, error) {
		switch {
		case l.HolderRef != account || !l.ByHolder():
			return Change{}, fault.New(fault.NotFound)
		case l.State == StateTakenBack:
			return Change{}, errNothingToDo
		case l.State != StateInReview && l.State != StateReturned:
			return Change{}, fault.New(fault.LicenseState)
		}
		l.State, l.UpdatedAt = StateTakenBack, now
		return Change{Record: audit.With(s.event(ctx, "license.application_taken_back", l.ID, now))}, nil
	})
}

// ByHolder reports whether the holder entered the application, and not an office.
func (l License) ByHolder() bool { return strings.HasPrefix(l.Entrant, "account:") }

// Changed are the fields in which an application that replaces a version states something else than the version does, in the order of its type: for
// staff who may read both.
type Changed struct{ Key, Before, After string }

// Changes compares an application with the version that it replaces.
func (s *Service) Changes(ctx context.Context, d Detail) (list []Changed, err error) {
	t := s.TypeOf(d.License)
	if d.Replaces == "" || t == nil {
		return nil, nil
	}
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, err
	}
	old, err := s.cfg.Store.Find(ctx, d.Replaces)
	if err != nil {
		return nil, storeFault(err, "find replaced licence")
	}
	if !actor.Reaches(old.Area, roles...) {
		return nil, nil
	}
	before, err := s.values(ctx, old)
	if err != nil {
		return nil, storeFault(err, "read values")
	}
	for _, f := range t.Fields {
		if f.Kind == catalog.KindPhoto { // pictures are shown beside each other
			continue
		}
		was, is := strings.Join(before[f.Key], "、"), strings.Join(d.Values[f.Key], "、")
		if is != "" && was != is {
			list = append(list, Changed{f.Key, was, is})
		}
	}
	return list, nil
}
