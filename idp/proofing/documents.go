package proofing

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// legalTime is that of China: a document holds until the end of its last day there.
var legalTime = time.FixedZone("Asia/Shanghai", 8*3600)

const dayForm = "2006-01-02"

// identity is what is proved when the answer is a match.
func (q Query) identity() idp.Identity {
	return idp.Identity{Name: q.Name, Type: q.IDType, Number: q.IDNumber, Nationality: q.Nationality, Birth: q.Birth, Expires: q.Expires}
}

// documentEnds is the moment from which the document holds no more; zero where it is not known.
func (q Query) documentEnds() time.Time {
	day, err := time.ParseInLocation(dayForm, q.Expires, legalTime)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1).UTC()
}

// sourceOf is the source that is asked about a kind of document; nil when there is none.
func (s *Service) sourceOf(kind string) Source {
	if i := slices.IndexFunc(s.cfg.Sources, func(source Source) bool { return source.Knows(kind) }); i >= 0 {
		return s.cfg.Sources[i]
	}
	return nil
}

// Answered reports whether documents of the kind can be checked online here; else the counter remains.
func (s *Service) Answered(kind string) bool { return s.sourceOf(kind) != nil }

// The names of the inputs stand in the faults, so that a page marks them.
const (
	fieldName        = "proofing-name"
	fieldNumber      = "proofing-number"
	fieldNationality = "proofing-nationality"
	fieldBirth       = "proofing-birth"
	fieldExpires     = "proofing-expires"
	fieldMRZ         = "proofing-mrz"
	fieldMobile      = "proofing-mobile"
	fieldCard        = "proofing-card"
	fieldConsent     = "proofing-consent"
)

// check validates the form and finds the level's policy.
func (s *Service) check(ctx context.Context, accountID string, in Submission) (Level, Query, error) {
	if in.Method != "" {
		return s.checkMethod(ctx, accountID, in)
	}
	if in.Kind == "" {
		in.Kind = subject.CitizenID
	}
	kind, ok := s.cfg.Accounts.Documents().Find(in.Kind)
	if !ok || s.sourceOf(kind.Kind) == nil {
		return Level{}, Query{}, fault.New(fault.ProofingKind)
	}
	q := Query{IDType: kind.Kind}
	refused := fault.New(fault.Invalid)
	s.readIdentity(ctx, kind, in, &q, refused)
	s.readMobile(in.Mobile, &q, refused)
	if len(refused.Fields) > 0 {
		return Level{}, q, refused
	}
	level, ok := s.levelOf(kind, in.Wanted)
	if !ok {
		return level, q, fault.New(fault.Invalid)
	}
	if err := s.oldEnough(level, bornOn(q.identity())); err != nil {
		return level, q, err
	}
	if level.Method != Carrier {
		q.Mobile = ""
		return level, q, nil
	}
	err := s.ownMobile(ctx, accountID, &q)
	return level, q, err
}

// checkMethod is check for a method that was named. What the account proved already is not asked again.
func (s *Service) checkMethod(ctx context.Context, accountID string, in Submission) (Level, Query, error) {
	person, err := s.cfg.Accounts.Person(ctx, accountID)
	if err != nil {
		return Level{}, Query{}, err
	}
	kind, offer, err := s.offered(person, in)
	if err != nil {
		return Level{}, Query{}, err
	}
	refused := fault.New(fault.Invalid)
	if offer.Method.Notice != "" && in.Consent != offer.Method.Notice {
		return offer.Level, Query{}, fault.New(fault.ProofingConsent).WithField(fieldConsent, fault.ProofingConsent)
	}
	q := Query{IDType: kind.Kind}
	switch {
	case offer.Held:
		q = Query{Name: person.Name, IDType: person.IDType, IDNumber: person.IDNumber, Nationality: person.Nationality, Birth: person.Birth, Expires: person.IDExpires}
	case offer.Method.Nameless:
		q.IDType = NetworkID
	default:
		s.readIdentity(ctx, kind, in, &q, refused)
	}
	if offer.Method.Card {
		card, err := ParseCard(in.Card)
		if err != nil {
			refused.WithField(fieldCard, fault.ProofingCardNumber)
		}
		q.Card = card
	}
	if offer.Method.Mobile {
		s.readMobile(in.Mobile, &q, refused)
	}
	if len(refused.Fields) > 0 {
		return offer.Level, q, refused
	}
	if in.Further {
		if err := s.together(person, q); err != nil {
			return offer.Level, q, err
		}
	}
	if err := s.oldEnough(offer.Level, bornOn(q.identity())); err != nil {
		return offer.Level, q, err
	}
	if offer.Method.Mobile {
		err = s.ownMobile(ctx, accountID, &q)
	}
	return offer.Level, q, err
}

// offered finds the document and the way that a form names.
func (s *Service) offered(person idp.Person, in Submission) (kind subject.DocumentKind, offer Offer, err error) {
	if in.Further {
		kind, ok := s.cfg.Accounts.Documents().Find(in.Kind)
		if !ok {
			return kind, offer, fault.New(fault.ProofingKind)
		}
		offer, err = s.FurtherOffer(person, kind, in.Method)
		return kind, offer, err
	}
	if kind, err = s.kindOf(person, in.Kind); err != nil {
		return kind, offer, err
	}
	offer, err = s.Offer(person, kind, in.Method)
	return kind, offer, err
}

func (s *Service) readIdentity(ctx context.Context, kind subject.DocumentKind, in Submission, q *Query, refused *fault.Fault) {
	if kind.MRZ && in.MRZ != "" {
		s.readZone(&in, refused)
	}
	s.readName(ctx, kind, in.Name, q, refused)
	s.readDocument(ctx, kind, in, q, refused)
}

func (s *Service) readMobile(typed string, q *Query, refused *fault.Fault) {
	if typed == "" {
		return
	}
	mobile, err := subject.ParseIdentifier(typed)
	if err != nil || mobile.Kind != subject.Mobile {
		refused.WithField(fieldMobile, fault.IdentifierInvalid)
	}
	q.Mobile = mobile.Value
}

// ownMobile takes the account's own number where none was typed.
func (s *Service) ownMobile(ctx context.Context, accountID string, q *Query) error {
	if q.Mobile != "" {
		return nil
	}
	person, err := s.cfg.Accounts.Person(ctx, accountID)
	if err != nil {
		return err
	}
	if q.Mobile = person.Mobile; q.Mobile == "" {
		return fault.New(fault.ProofingMobile).WithField(fieldMobile, fault.ProofingMobile)
	}
	return nil
}

// readZone fills what the machine readable zone tells into the form; what was typed as well must say the same.
func (s *Service) readZone(in *Submission, refused *fault.Fault) {
	zone, err := subject.ParseMRZ(in.MRZ, s.cfg.Now())
	if bad, ok := errors.AsType[*subject.MRZError](err); ok {
		if bad.Line == 0 {
			refused.WithField(fieldMRZ, fault.ProofingZoneLines)
			return
		}
		refused.WithField(fieldMRZ, fault.ProofingZone, "line", strconv.Itoa(bad.Line), "at", strconv.Itoa(bad.At))
		return
	}
	differs := false
	take := func(typed *string, told string, same func(a, b string) bool) {
		if *typed == "" {
			*typed = told
		} else if !same(*typed, told) {
			differs = true
		}
	}
	number := func(a, b string) bool {
		typed, err := s.cfg.Accounts.Documents().Parse(subject.Passport, a, zone.Nationality)
		return err == nil && typed.Number == b
	}
	nation := func(a, b string) bool {
		typed, err := subject.ParseNationality(a)
		return err == nil && typed == b
	}
	day := func(a, b string) bool {
		typed, err := subject.ParseDay(a)
		return err == nil && typed.Format(dayForm) == b
	}
	take(&in.Number, zone.Number, number)
	take(&in.Nationality, zone.Nationality, nation)
	take(&in.Birth, zone.Birth.Format(dayForm), day)
	take(&in.Expires, zone.Expires.Format(dayForm), day)
	if in.Name == "" {
		in.Name = zone.Name() // the zone has capital letters without marks, so a name that was typed is the better one
	}
	if differs {
		refused.WithField(fieldMRZ, fault.ProofingZoneDiffers)
	}
}

// nameFaults are the words of what is wrong with a name.
var nameFaults = map[subject.NameProblem]fault.Code{
	subject.NameLong: fault.ProofingNameLong, subject.NameInvisible: fault.ProofingNameInvisible, subject.NameLookalike: fault.ProofingNameLookalike,
	subject.NameRadical: fault.ProofingNameLookalike, subject.NamePrivate: fault.ProofingNamePrivate, subject.NameNotInGB: fault.ProofingNameOutside,
	subject.NameMixed: fault.ProofingNameMixed, subject.NameScript: fault.ProofingNameScript,
}

func (s *Service) readName(ctx context.Context, kind subject.DocumentKind, typed string, q *Query, refused *fault.Fault) {
	name, err := subject.ParseName(typed)
	if err == nil && !slices.Contains(kind.Scripts, name.Script) {
		err = &subject.NameError{Problem: subject.NameScript}
	}
	q.Name = name.Text
	bad, ok := errors.AsType[*subject.NameError](err)
	if !ok {
		return
	}
	code := fault.ProofingName
	if known, ok := nameFaults[bad.Problem]; ok {
		code = known
	}
	if code == fault.ProofingNameLookalike && bad.Suggest == 0 || bad.Problem == subject.NameCharacter && bad.Position > 0 {
		code = fault.ProofingNameCharacter
	}
	if code == fault.ProofingNamePrivate && bad.Suggest != 0 {
		code = fault.ProofingNameLookalike // the code that the standard gives this character by now
	}
	suggest := ""
	if bad.Suggest != 0 {
		suggest = string(bad.Suggest)
	}
	refused.WithField(fieldName, code, "n", strconv.Itoa(bad.Position), "suggest", suggest, "document", kind.Name(reqctx.From(ctx).Locale))
}

// numberFaults are the words of what is wrong with a number.
var numberFaults = map[subject.NumberProblem]fault.Code{
	subject.NumberLength: fault.ProofingNumberLength, subject.NumberCharacter: fault.ProofingNumberCharacter, subject.NumberArea: fault.ProofingNumberArea,
	subject.NumberDate: fault.ProofingNumberDate, subject.NumberCheck: fault.ProofingNumberCheck, subject.NumberLegacy: fault.ProofingNumberLegacy,
	subject.NumberCountry: fault.ProofingNumberCountry, subject.NumberKind: fault.ProofingNumberKind,
}

func (s *Service) readDocument(ctx context.Context, kind subject.DocumentKind, in Submission, q *Query, refused *fault.Fault) {
	document, err := kind.Parse(in.Number, in.Nationality)
	switch bad, ok := errors.AsType[*subject.NumberError](err); {
	case errors.Is(err, subject.ErrNationality):
		refused.WithField(fieldNationality, fault.ProofingNationality)
	case ok && in.Number == "":
		refused.WithField(fieldNumber, fault.ProofingNumber)
	case ok:
		other := ""
		if suggested, ok := s.cfg.Accounts.Documents().Find(bad.Suggest); ok {
			other = suggested.Name(reqctx.From(ctx).Locale)
		}
		refused.WithField(fieldNumber, numberFaults[bad.Problem], "n", strconv.Itoa(bad.Position), "length", strconv.Itoa(bad.Length), "want", bad.Want, "document", other)
	case err != nil:
		refused.WithField(fieldNumber, fault.ProofingNumber)
	}
	q.IDNumber, q.Nationality = document.Number, document.Nationality
	if kind.Nationality != subject.NationalityAsked {
		q.Nationality = "" // the kind tells it
	}
	today := s.cfg.Now().In(legalTime)
	if !document.Birth.IsZero() && kind.Kind != subject.CitizenID {
		q.Birth = document.Birth.Format(dayForm)
	}
	if kind.AsksBirth && document.Birth.IsZero() {
		if day, err := subject.ParseDay(in.Birth); err != nil || day.Year() < 1850 || day.Format(dayForm) > today.Format(dayForm) {
			refused.WithField(fieldBirth, fault.ProofingBirth)
		} else {
			q.Birth = day.Format(dayForm)
		}
	}
	if !kind.Expires {
		return
	}
	switch day, err := subject.ParseDay(in.Expires); {
	case err != nil || day.Year() > today.Year()+100:
		refused.WithField(fieldExpires, fault.ProofingExpiry)
	case day.Format(dayForm) < today.Format(dayForm):
		refused.WithField(fieldExpires, fault.ProofingExpired)
	default:
		q.Expires = day.Format(dayForm)
	}
}

// Confirm implements idp.Confirmer: the source is asked once, without a case.
func (s *Service) Confirm(ctx context.Context, who idp.Identity, mobile string) (idp.Confirmation, error) {
	source := s.sourceOf(who.Type)
	if source == nil {
		return idp.Confirmation{}, fault.New(fault.ProofingKind)
	}
	answer, err := source.Ask(ctx, Query{RequestID: ident.New(s.cfg.Rand, "case"), Name: who.Name, IDType: who.Type, IDNumber: who.Number, Nationality: who.Nationality, Birth: who.Birth, Expires: who.Expires, Mobile: mobile})
	if err != nil {
		return idp.Confirmation{}, fault.Wrap(err, fault.ProofingSilent)
	}
	return idp.Confirmation{Match: answer.Verdict == Match, Source: source.Name(), Evidence: answer.Digest}, nil
}
