package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Holder is a holder in an application.
type Holder struct {
	Name     string
	CodeType string // GB/T 36903-2018 annex A
	Code     string
}

// Application asks for a licence.
type Application struct {
	BusinessNumber string
	TypeCode       string
	AuthorityCode  string
	LicenseNumber  string // printed number; taken from the type's number field when that has one
	Holders        []Holder
	HolderRef      string // account of the holder, when known
	EffectiveDate  string // YYYYMMDD
	ExpiringDate   string // YYYYMMDD; empty for long term where the type allows it
	Fields         map[string]string
	Photo          []byte // JPEG or PNG, of a type with a photo; without one a new version has that of the version it replaces
	Replaces       string // row key of the version it replaces
}

// Apply enters an application. Where rules of its type are on at the authority, they decide about it at once and what they approve is issued (Ruling). The same business number with the same content gives the licence that is there
// (created false); with other content LicenseBusinessNumber.
func (s *Service) Apply(ctx context.Context, a Application) (l License, created bool, err error) {
	actor, err := require(ctx, RoleClerk)
	if err != nil {
		return License{}, false, err
	}
	if err := checkBusinessNumber(a.BusinessNumber); err != nil {
		return License{}, false, err
	}
	licenseType, authority, err := s.scope(ctx, a.TypeCode, a.AuthorityCode)
	if err != nil {
		return License{}, false, err
	}
	area, err := s.areaOf(ctx, authority.Code)
	if err != nil {
		return License{}, false, err
	}
	if !actor.Reaches(area, RoleClerk) {
		return License{}, false, fault.New(fault.LicenseAuthority) // as one that is not there
	}
	ctx = reqctx.UsingIn(ctx, area, RoleClerk)
	if l, err = s.prepare(ctx, a, licenseType, authority, area, actor.ID); err != nil {
		return License{}, false, err
	}
	now := l.CreatedAt
	stored, created, err := s.cfg.Store.Create(ctx, l, audit.With(s.event(ctx, "license.applied", l.ID, now, "type", l.TypeCode, "business_number", l.BusinessNumber)))
	if err != nil {
		return License{}, false, storeFault(err, "store application")
	}
	if !created && stored.RequestDigest != l.RequestDigest {
		return License{}, false, fault.New(fault.LicenseBusinessNumber)
	}
	if stored, err = s.rule(ctx, stored); err != nil {
		return License{}, false, err
	}
	return stored, created, nil
}

// prepare checks an application and makes the row of the licence from it.
func (s *Service) prepare(ctx context.Context, a Application, t *catalog.Type, authority Authority, area, entrant string) (l License, err error) {
	now := s.now()
	l = License{
		ID: ident.New(s.cfg.Rand, "lic"), BusinessNumber: a.BusinessNumber, AuthorityCode: a.AuthorityCode, TypeCode: a.TypeCode, Version: 1,
		State: StateInReview, SealID: authority.SealID, Area: area, HolderRef: a.HolderRef, Entrant: entrant, Replaces: a.Replaces, Template: t.TemplateID(), CreatedAt: now, UpdatedAt: now,
	}
	old, err := s.replaced(ctx, a)
	if err != nil {
		return License{}, err
	}
	if old != nil {
		l.Version = old.Version + 1
	}
	values := a.values(t, authority)
	photo, err := s.takePhoto(ctx, t, values, a.Photo, old)
	if err != nil {
		return License{}, err
	}
	if err := s.checkApplication(t, values); err != nil {
		return License{}, err
	}
	if err := s.fill(ctx, &l, a, values, photo); err != nil {
		return License{}, storeFault(err, "prepare application")
	}
	return l, nil
}

// checkBusinessNumber judges the form of a business number.
func checkBusinessNumber(number string) error {
	if number == "" || len(number) > 64 || strings.TrimSpace(number) != number {
		return fault.New(fault.Invalid).WithField("business_number", fault.LicenseFieldForm)
	}
	return nil
}

// scope finds type and authority and checks that the one may issue the other (L-09).
func (s *Service) scope(ctx context.Context, typeCode, authorityCode string) (*catalog.Type, Authority, error) {
	types := s.Types()
	licenseType, ok := types.Find(typeCode)
	switch {
	case !ok:
		return nil, Authority{}, fault.New(fault.LicenseTypeUnknown)
	case types.Retired(typeCode):
		return nil, Authority{}, fault.New(fault.TypeRetired)
	}
	authority, err := s.cfg.Store.FindAuthority(ctx, authorityCode)
	if errors.Is(err, ErrNotFound) || err == nil && !slices.Contains(authority.TypeCodes, typeCode) {
		return nil, Authority{}, fault.Wrap(err, fault.LicenseAuthority)
	}
	return licenseType, authority, storeFault(err, "find authority")
}

// replaced is the version that is replaced; nil where there is none.
func (s *Service) replaced(ctx context.Context, a Application) (*License, error) {
	if a.Replaces == "" {
		return nil, nil
	}
	old, err := s.cfg.Store.Find(ctx, a.Replaces)
	if err != nil {
		return nil, storeFault(err, "find replaced licence")
	}
	if old.State != StateActive || old.TypeCode != a.TypeCode || old.AuthorityCode != a.AuthorityCode || !mayBecome(old.Status, statusSuperseded) {
		return nil, fault.New(fault.LicenseState)
	}
	return &old, nil
}

// values are the data as applied for; identifier, dates of issue and creation are set when it is made.
func (a Application) values(t *catalog.Type, authority Authority) catalog.Values {
	v := catalog.Values{}
	for key, value := range a.Fields {
		v.Set(key, value)
	}
	for _, h := range a.Holders {
		v[catalog.KeyHolderName] = append(v[catalog.KeyHolderName], h.Name)
		v[catalog.KeyHolderCode] = append(v[catalog.KeyHolderCode], h.Code)
		v[catalog.KeyHolderType] = append(v[catalog.KeyHolderType], h.CodeType)
		v[catalog.KeyHolderTypeZh] = append(v[catalog.KeyHolderTypeZh], catalog.Default().HolderTypeName(h.CodeType))
	}
	v.Set(catalog.KeyName, t.Name["zh-CN"])
	v.Set(catalog.KeyTypeCode, t.Code)
	v.Set(catalog.KeyAuthority, authority.Name)
	v.Set(catalog.KeyAuthorityCode, authority.Code)
	v.Set(catalog.KeyEffectiveDate, a.EffectiveDate)
	v.Set(catalog.KeyExpiringDate, a.ExpiringDate)
	v.Set(catalog.KeyLicenseNumber, a.LicenseNumber)
	if t.NumberKey != "" && a.LicenseNumber == "" {
		v.Set(catalog.KeyLicenseNumber, v.First(t.NumberKey))
	}
	return v
}

// given are the elements that the service sets itself; an application must not.
var given = []string{catalog.KeyLicenseID, catalog.KeyVersion, catalog.KeyIssuedDate, catalog.KeyCreatedAt, catalog.KeyReplaces}

// checkApplication judges the values as they will be when the licence is made.
func (s *Service) checkApplication(t *catalog.Type, values catalog.Values) error {
	probe := values.Clone()
	for _, key := range given {
		if _, set := values[key]; set {
			return fault.New(fault.LicenseValues).WithField(key, fault.LicenseFieldUnknown)
		}
		probe.Set(key, t.Sample.First(key))
	}
	return valuesFault(t.CheckValues(probe))
}

// valuesFault lists refused values by field.
func valuesFault(err error) error {
	if err == nil {
		return nil
	}
	f := fault.Wrap(err, fault.LicenseValues)
	codes := map[catalog.ValueReason]fault.Code{
		catalog.ValueMissing: fault.LicenseFieldMissing, catalog.ValueTooLong: fault.LicenseFieldLong, catalog.ValueCharacters: fault.LicenseFieldCharacters,
		catalog.ValueUnknown: fault.LicenseFieldUnknown, catalog.ValueCopyOnly: fault.LicenseFieldUnknown, catalog.ValuePeriod: fault.LicenseFieldPeriod,
	}
	for _, single := range catalog.ValueErrors(err) {
		code, ok := codes[single.Reason]
		if !ok {
			code = fault.LicenseFieldForm
		}
		f = f.WithField(single.Key, code)
	}
	return f
}

// fill encrypts the values and the photo and computes lookup keys and the digest of the application.
func (s *Service) fill(ctx context.Context, l *License, a Application, values catalog.Values, photo []byte) error {
	err := s.keepPhoto(ctx, l, photo)
	if err != nil {
		return err
	}
	if l.Data, l.DataKey, err = s.seal(ctx, l.ID, values); err != nil {
		return err
	}
	l.HolderKeys, l.Ends = nil, lastDay(values)
	for _, h := range a.Holders {
		key, err := s.LookupKey(ctx, h.CodeType, h.Code)
		if err != nil {
			return err
		}
		if !slices.Contains(l.HolderKeys, key) {
			l.HolderKeys = append(l.HolderKeys, key)
		}
	}
	l.RequestDigest, err = s.requestDigest(ctx, a, values)
	return err
}

// requestDigest tells a repeated application from another one. It is a keyed hash, because a plain digest of few fields could be guessed at.
func (s *Service) requestDigest(ctx context.Context, a Application, values catalog.Values) (string, error) {
	whole, err := json.Marshal(struct {
		Values             catalog.Values
		HolderRef, Replace string
	}{values, a.HolderRef, a.Replaces})
	if err != nil {
		return "", err
	}
	return s.hash(ctx, "application", digest.Hex(whole))
}

// Decision of a reviewer.
type Decision string

// Decisions.
const (
	Approve Decision = "approve"
	Return  Decision = "return" // 退回补正
	Reject  Decision = "reject"
)

// enteredBy tells who may not review it: who entered it, and whose it is.
func (l License) enteredBy(actor string) bool {
	return l.Entrant == actor || l.HolderRef != "" && l.HolderRef == actor
}

// Review decides about an application. The reviewer must not be the entrant; seen is the revision that was read, so that nobody decides about what was
// handed in anew meanwhile, and 0 of callers that read none: fault.Conflict. Deciding the same again changes nothing.
func (s *Service) Review(ctx context.Context, id string, decision Decision, note string, seen int64) (License, error) {
	actor, err := require(ctx, RoleReviewer)
	if err != nil {
		return License{}, err
	}
	target := map[Decision]State{Approve: StateApproved, Return: StateReturned, Reject: StateRejected}[decision]
	if err := reviewNote(target != "", decision, note); err != nil {
		return License{}, err
	}
	now := s.now()
	return s.update(ctx, id, func(l *License) (Change, error) {
		ctx, err := l.in(ctx, RoleReviewer)
		if err != nil {
			return Change{}, err
		}
		if l.enteredBy(actor.ID) {
			return Change{}, fault.New(fault.LicenseFourEyes)
		}
		if l.State == target && l.Reviewer == actor.ID {
			return Change{}, errNothingToDo
		}
		if l.State != StateInReview {
			return Change{}, fault.New(fault.LicenseState)
		}
		if seen != 0 && l.Revision != seen {
			return Change{}, fault.New(fault.Conflict)
		}
		l.State, l.Reviewer, l.Note, l.UpdatedAt = target, actor.ID, note, now
		record := audit.With(s.event(ctx, "license.reviewed", l.ID, now, "decision", string(decision)))
		if decision != Approve && l.ByHolder() && l.HolderRef != "" {
			event := map[Decision]string{Return: NoticeReturned, Reject: NoticeRejected}[decision]
			record = record.And(rulingNotice(RulingNotice{License: l.ID, TypeCode: l.TypeCode, HolderRef: l.HolderRef, Event: event, At: now}))
		}
		return Change{Record: record}, nil
	})
}

// reviewNote is for what a reviewer writes: needed unless it is approved, at most 500 characters.
func reviewNote(known bool, decision Decision, note string) error {
	switch {
	case !known, decision != Approve && note == "":
		return fault.New(fault.Invalid).WithField("note", fault.LicenseFieldMissing)
	case utf8.RuneCountInString(note) > 500:
		return fault.New(fault.Invalid).WithField("note", fault.LicenseFieldForm)
	}
	return nil
}

// Correct hands a returned application in again with new content. That of a holder is the holder's to hand in (Renew).
func (s *Service) Correct(ctx context.Context, id string, a Application) (License, error) {
	actor, err := require(ctx, RoleClerk)
	if err != nil {
		return License{}, err
	}
	before, err := s.cfg.Store.Find(ctx, id)
	if err != nil {
		return License{}, storeFault(err, "find licence")
	}
	if ctx, err = before.in(ctx, RoleClerk); err != nil {
		return License{}, err
	}
	if before.ByHolder() || a.BusinessNumber != before.BusinessNumber || a.AuthorityCode != before.AuthorityCode || a.TypeCode != before.TypeCode || a.Replaces != before.Replaces {
		return License{}, fault.New(fault.LicenseState)
	}
	licenseType, authority, err := s.scope(ctx, a.TypeCode, a.AuthorityCode)
	if err != nil {
		return License{}, err
	}
	values := a.values(licenseType, authority)
	photo, err := s.takePhoto(ctx, licenseType, values, a.Photo, &before)
	if err != nil {
		return License{}, err
	}
	if err := s.checkApplication(licenseType, values); err != nil {
		return License{}, err
	}
	filled := License{ID: id}
	if err := s.fill(ctx, &filled, a, values, photo); err != nil {
		return License{}, storeFault(err, "prepare application")
	}
	now := s.now()
	return s.update(ctx, id, func(l *License) (Change, error) {
		if _, err := l.in(ctx, RoleClerk); err != nil { // it may have moved meanwhile
			return Change{}, err
		}
		if l.State != StateReturned {
			return Change{}, fault.New(fault.LicenseState)
		}
		l.State, l.Data, l.DataKey, l.HolderKeys, l.RequestDigest = StateInReview, filled.Data, filled.DataKey, filled.HolderKeys, filled.RequestDigest
		l.Photo, l.PhotoKey = filled.Photo, filled.PhotoKey
		l.Ends, l.Entrant, l.HolderRef, l.UpdatedAt, l.Template = filled.Ends, actor.ID, a.HolderRef, now, licenseType.TemplateID()
		return Change{Record: audit.With(s.event(ctx, "license.corrected", l.ID, now))}, nil
	})
}

// errNothingToDo ends an update without a change and without an error.
var errNothingToDo = errors.New("elicense: nothing to do")

// update changes one licence; errNothingToDo gives it as it stands.
func (s *Service) update(ctx context.Context, id string, change func(l *License) (Change, error)) (License, error) {
	rows, err := s.cfg.Store.Update(ctx, func(rows []*License) (Change, error) { return change(rows[0]) }, id)
	if errors.Is(err, errNothingToDo) {
		l, err := s.cfg.Store.Find(ctx, id)
		return l, storeFault(err, "find licence")
	}
	if err != nil {
		return License{}, storeFault(err, "change licence")
	}
	return rows[0], nil
}

// PutAuthority registers an issuing authority or changes it. Only assembly and administrators call it; it asks for no
// role of the licence room.
func (s *Service) PutAuthority(ctx context.Context, a Authority) error {
	if _, err := catalog.MakeID(catalog.Types()[0].Code, a.Code, "1", 1); err != nil || a.Name == "" || a.SealID == "" || len(a.TypeCodes) == 0 {
		return fault.Wrap(err, fault.LicenseAuthority)
	}
	for _, code := range a.TypeCodes {
		if _, ok := s.Types().Find(code); !ok {
			return fault.New(fault.LicenseTypeUnknown)
		}
	}
	now := s.now()
	e := s.event(ctx, "license.authority.put", a.Code, now, "seal", a.SealID, "types", strings.Join(a.TypeCodes, " "))
	e.ObjectType = "authority"
	return storeFault(s.cfg.Store.PutAuthority(ctx, a, audit.With(e)), "store authority")
}
