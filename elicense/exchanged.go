package elicense

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// What sharing interfaces of other shapes (elicense/exchange) need beside grants: one call that gives and uses a grant by function, licences of a
// holder's code, links by which a copy is fetched once, and the comparison of what somebody holds with the register.

// StatusError says in which state a licence is that may not be used; it stands behind the fault LicenseState, for callers who may use licences
// by their function.
type StatusError struct{ Status string }

// Error is for logs.
func (e *StatusError) Error() string { return "elicense: the licence is " + e.Status }

// What the dates on a licence in force say of it.
const (
	StatusNotYet = "not_yet_valid" // its validity has not begun
	StatusPast   = "lapsed"        // it has ended; the word of the catalogue for one that has
)

// exchangeUser is the application of a department that asks.
func exchangeUser(ctx context.Context) (reqctx.Actor, error) {
	actor, err := require(ctx, RoleUser)
	if err == nil && !actor.Machine() {
		err = fault.New(fault.Forbidden)
	}
	return actor, err
}

// exchanged finds a licence that the application may use by its function now. One of another area, or that was not issued, is not there.
func (s *Service) exchanged(ctx context.Context, licenseID string) (License, *catalog.Type, error) {
	actor, err := exchangeUser(ctx)
	if err != nil {
		return License{}, nil, err
	}
	l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
	if err == nil && (l.State != StateActive || !actor.Reaches(l.Area, RoleUser)) {
		err = ErrNotFound
	}
	if err != nil {
		return License{}, nil, storeFault(err, "find licence")
	}
	t, ok := s.typeOf(l)
	if !ok {
		return License{}, nil, fault.New(fault.LicenseTypeUnknown)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return License{}, nil, storeFault(err, "read values")
	}
	if status := standing(l, values, s.now()); status != catalog.StatusValid {
		return License{}, nil, fault.Wrap(&StatusError{status}, fault.LicenseState)
	}
	return l, t, nil
}

// standing is the status of an issued licence, its period counted.
func standing(l License, values catalog.Values, now time.Time) string {
	switch {
	case l.Status != catalog.StatusValid:
		return l.Status
	case catalog.BeforePeriod(values, now):
		return StatusNotYet
	case catalog.AfterPeriod(values, now):
		return StatusPast
	}
	return catalog.StatusValid
}

// functionGrantOf gives a grant by function for one licence.
func (s *Service) functionGrantOf(ctx context.Context, l License, r GrantRequest) (Grant, error) {
	results, err := s.GrantByFunction(ctx, []string{l.LicenseID}, r)
	if err != nil {
		return Grant{}, err
	}
	return results[0].Grant, results[0].Err
}

// FieldsByFunction gives a grant by function and uses it at once: the fields that the request names, by any name that the type knows, or all that the full view of the type shows where
// it names none. The holder is told of it as of each such grant.
func (s *Service) FieldsByFunction(ctx context.Context, licenseID string, r GrantRequest) (Redemption, error) {
	l, t, err := s.exchanged(ctx, licenseID)
	if err != nil {
		return Redemption{}, err
	}
	r.Kind, r.Uses = GrantFields, 1
	if len(r.Fields) == 0 {
		r.Fields = t.Profiles["f"]
	}
	fields := slices.Clone(r.Fields)
	for i, name := range fields {
		if key, ok := t.Lookup(name); ok { // predicates have one name only
			fields[i] = key
		}
	}
	r.Fields = fields
	g, err := s.functionGrantOf(ctx, l, r)
	if err != nil {
		return Redemption{}, err
	}
	return s.RedeemFields(ctx, g.ID, g.Purpose)
}

// CopyByFunction gives a grant by function and makes an annotated copy by it, which is valid until the moment, or as long as copies are where that is zero.
func (s *Service) CopyByFunction(ctx context.Context, licenseID string, r GrantRequest, until time.Time) (LicenseCopy, error) {
	now := s.now()
	if !until.IsZero() && (!until.After(now) || until.After(now.Add(copyLife))) {
		return LicenseCopy{}, fault.New(fault.Invalid).WithField("expires_at", fault.LicenseFieldForm)
	}
	l, _, err := s.exchanged(ctx, licenseID)
	if err != nil {
		return LicenseCopy{}, err
	}
	r.Kind, r.Uses, r.Fields = GrantCopy, 1, nil
	g, err := s.functionGrantOf(ctx, l, r)
	if err != nil {
		return LicenseCopy{}, err
	}
	return s.redeemCopy(ctx, g.ID, g.Purpose, until)
}

// maxHeld is how many licences of one type a holder's code is answered with.
const maxHeld = 20

// HolderQuery asks for licences by the code of a holder.
type HolderQuery struct {
	CodeType string // GB/T 36903 annex A; empty: each that the type allows
	Code     string
	TypeCode string
	Number   string // printed; empty: any
}

// held is a licence with what stands on it.
type held struct {
	license License
	values  catalog.Values
}

// heldBy finds issued licences of a holder's code, the newest first, which the actor's role reaches.
func (s *Service) heldBy(ctx context.Context, actor reqctx.Actor, t *catalog.Type, q HolderQuery) ([]held, error) {
	codeTypes := []string{q.CodeType}
	if q.CodeType == "" {
		codeTypes = t.HolderCodeTypes
	}
	holderKeys := make([]string, len(codeTypes))
	for i, codeType := range codeTypes {
		key, err := s.LookupKey(ctx, codeType, q.Code)
		if err != nil {
			return nil, storeFault(err, "hash holder's code")
		}
		holderKeys[i] = key
	}
	list, err := s.cfg.Store.FindHeld(ctx, holderKeys, q.TypeCode, maxHeld)
	if err != nil {
		return nil, storeFault(err, "find licences")
	}
	var found []held
	for _, l := range list {
		if !actor.Reaches(l.Area, RoleUser) {
			continue
		}
		values, err := s.values(ctx, l)
		if err != nil {
			return nil, storeFault(err, "read values")
		}
		if q.Number == "" || slices.Contains(values[catalog.KeyLicenseNumber], q.Number) {
			found = append(found, held{l, values})
		}
	}
	return found, nil
}

// exchangeType finds the type that an application names and judges what it says of a holder.
func (s *Service) exchangeType(q *HolderQuery) (*catalog.Type, error) {
	t, ok := s.Types().Find(q.TypeCode)
	if !ok {
		return nil, fault.New(fault.LicenseTypeUnknown)
	}
	q.Code, q.Number = strings.ToUpper(strings.TrimSpace(q.Code)), strings.TrimSpace(q.Number)
	if q.Code == "" || len(q.Code) > 64 || len(q.Number) > 200 {
		return nil, fault.New(fault.Invalid).WithField("holder_code", fault.LicenseFieldForm)
	}
	if q.CodeType != "" && !slices.Contains(t.HolderCodeTypes, q.CodeType) {
		return nil, fault.New(fault.Invalid).WithField("holder_code_type", fault.LicenseFieldForm)
	}
	return t, nil
}

// guarded bounds questions about a word that is not ours to tell, as lists are (L-10): a question counts before it is judged, on the word for
// everybody and on the word as this application asks for it; a right one is taken back, a wrong one counts on the application too.
func (s *Service) guarded(ctx context.Context, client string, word []string, judge func() (right bool, err error)) error {
	now := s.now()
	var subjects [3]string // the word, the word of the application, the application
	for i, parts := range [3][]string{append([]string{"lookup", "held"}, word...), append([]string{"lookup", "held", client}, word...), {"lookup", "listed", client}} {
		subject, err := s.hash(ctx, parts...)
		if err != nil {
			return storeFault(err, "hash question")
		}
		subjects[i] = subject
	}
	failures, err := s.cfg.Store.Failures(ctx, subjects[2], now)
	switch {
	case err != nil:
		return fault.Wrap(err, fault.Unavailable) // no counter, no answer (R6)
	case failures >= wrongPerClient:
		return fault.New(fault.LookupLimited).After(int(listedWindow / time.Second))
	}
	for i, bound := range [2]struct {
		most   int
		window time.Duration
	}{{failuresPerNumber, lookupWindow}, {wrongPerNumber, listedWindow}} {
		counts, err := s.cfg.Store.Fail(ctx, subjects[i:i+1], 1, now, bound.window)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if counts[0] > bound.most {
			return fault.New(fault.LookupLimited).After(int(bound.window / time.Second))
		}
	}
	right, err := judge()
	if err != nil {
		return err
	}
	if right {
		err = s.cfg.Store.Pardon(ctx, subjects[:2], now)
	} else {
		_, err = s.cfg.Store.Fail(ctx, subjects[2:], 1, now, listedWindow)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// HeldLicenses gives identifiers of the licences in force of a holder's code, the newest first, for applications of departments that go on to use
// them by a grant. Where none is in force it is the newest of the others, so that the use tells why it cannot be. Nothing but the identifiers is told.
func (s *Service) HeldLicenses(ctx context.Context, q HolderQuery) ([]string, error) {
	actor, err := exchangeUser(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.exchangeType(&q)
	if err != nil {
		return nil, err
	}
	var ids []string
	err = s.guarded(ctx, actor.Client, []string{q.TypeCode, q.Code}, func() (bool, error) {
		found, err := s.heldBy(ctx, actor, t, q)
		if err != nil || len(found) == 0 {
			return false, err
		}
		for _, h := range found {
			if standing(h.license, h.values, s.now()) == catalog.StatusValid {
				ids = append(ids, h.license.LicenseID)
			}
		}
		if ids == nil {
			ids = []string{found[0].license.LicenseID}
		}
		return true, s.cfg.Store.Note(ctx, audit.With(s.event(ctx, "license.holder.looked_up", found[0].license.ID, s.now(), "found", fmt.Sprint(len(found)))))
	})
	if err == nil && ids == nil {
		err = fault.New(fault.NotFound)
	}
	return ids, err
}

// Comparison is what the register says of values that somebody holds of a licence.
type Comparison struct {
	Found  bool   // the holder has a licence of the type, with the number where one is given
	Same   bool   // one has all the values
	Status string // of that one: valid, not_yet_valid, or a status of the catalogue
}

// Compare compares values by key with the licences of a holder. It tells neither which value differs nor what stands there. A licence of which all is right
// gets a line on its holder's ledger before that is told; a wrong one counts as a guess.
func (s *Service) Compare(ctx context.Context, q HolderQuery, values map[string]string) (Comparison, error) {
	actor, err := exchangeUser(ctx)
	if err != nil {
		return Comparison{}, err
	}
	t, err := s.exchangeType(&q)
	if err != nil {
		return Comparison{}, err
	}
	fields := []string{FieldStatus}
	for key := range values {
		if _, ok := t.Field(key); !ok {
			return Comparison{}, fault.New(fault.Invalid).WithField("fields", fault.LicenseFieldUnknown)
		}
		fields = append(fields, key)
	}
	slices.Sort(fields)
	var c Comparison
	err = s.guarded(ctx, actor.Client, []string{q.TypeCode, q.Code}, func() (bool, error) {
		found, err := s.heldBy(ctx, actor, t, q)
		if err != nil {
			return false, err
		}
		c.Found = len(found) > 0
		for _, h := range found {
			if !sameValues(h.values, values) {
				continue
			}
			status := standing(h.license, h.values, s.now())
			if c.Same && status != catalog.StatusValid { // the newest, or one in force
				continue
			}
			c.Same, c.Status = true, status
			if err := s.noteUseOfAll(ctx, h.license, UseNumber, fields, "license.compared"); err != nil {
				return false, err
			}
			if status == catalog.StatusValid {
				break
			}
		}
		return c.Same, nil
	})
	if err != nil {
		return Comparison{}, err
	}
	return c, nil
}

func sameValues(on catalog.Values, claimed map[string]string) bool {
	for key, value := range claimed {
		if !slices.ContainsFunc(on[key], func(there string) bool { return strings.EqualFold(there, strings.TrimSpace(value)) }) {
			return false
		}
	}
	return true
}

// ShownCode is what the holder showed by a presentation code.
type ShownCode struct {
	License License
	Values  map[string]string // of the view that the holder chose, by key
}

// ScanCode consumes a presentation code for an application of a department. What the holder chose to show is told and nothing else; the
// holder is told of the scan as of any other.
func (s *Service) ScanCode(ctx context.Context, text string) (ShownCode, error) {
	if _, err := exchangeUser(ctx); err != nil {
		return ShownCode{}, err
	}
	judged, scanned, err := s.scanCode(ctx, text, "", nil)
	switch {
	case err != nil:
		return ShownCode{}, err
	case judged.Code == nil || judged.Code.View.IsCard() || !scanned.found:
		return ShownCode{}, fault.New(fault.CodeMalformed)
	case judged.Level != presentation.Valid:
		if status := scanned.license.Status; status != catalog.StatusValid {
			return ShownCode{}, fault.Wrap(&StatusError{status}, fault.LicenseState)
		}
		return ShownCode{}, fault.New(fault.CodeMalformed)
	}
	t, ok := s.typeOf(scanned.license)
	if !ok {
		return ShownCode{}, fault.New(fault.LicenseTypeUnknown)
	}
	shown := ShownCode{License: scanned.license, Values: map[string]string{}}
	for number, value := range judged.Code.View.Fields {
		if key, ok := t.ByNumber(number); ok {
			shown.Values[key] = value
		}
	}
	return shown, nil
}

// VerifyShared is VerifyFile for an application of a department, of a file that is said to be a licence of a type; an unknown type is a fault.
func (s *Service) VerifyShared(ctx context.Context, typeCode string, data []byte) (verify.Result, error) {
	if _, err := exchangeUser(ctx); err != nil {
		return verify.Result{}, err
	}
	if _, ok := s.Types().Find(typeCode); !ok {
		return verify.Result{}, fault.New(fault.LicenseTypeUnknown)
	}
	return s.VerifyBy(ctx, ChannelExchange, "license.ofd", data)
}

// FaceOf is a published type, for an application of a department that asks what stands on its licences.
func (s *Service) FaceOf(ctx context.Context, typeCode string) (*catalog.Type, error) {
	if _, err := exchangeUser(ctx); err != nil {
		return nil, err
	}
	t, ok := s.Types().Find(typeCode)
	if !ok {
		return nil, fault.New(fault.LicenseTypeUnknown)
	}
	return t, nil
}

// CopyLink is an address by which the file of a copy is fetched once, by whoever has it (GB/T 36906 sharing service: the address of a download).
type CopyLink struct {
	Hash    string // keyed hash of the secret in the address
	Copy    string
	Grantee string
	Expires time.Time
}

// copyLinkLife is how long an address is good.
const copyLinkLife = 10 * time.Minute

// LinkCopy makes an address for a copy of the application that asks; the secret is told once and kept as keyed hash.
func (s *Service) LinkCopy(ctx context.Context, c LicenseCopy) (secret string, ends time.Time, err error) {
	client, err := application(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	if c.Grantee != client {
		return "", time.Time{}, fault.New(fault.NotFound)
	}
	secret = ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, "copy_link", secret)
	if err != nil {
		return "", time.Time{}, storeFault(err, "hash link")
	}
	now := s.now()
	link := CopyLink{Hash: hash, Copy: c.ID, Grantee: c.Grantee, Expires: now.Add(copyLinkLife)}
	e := s.event(ctx, "license.copy.linked", c.License, now, "copy", c.ID, "grant", c.Grant)
	return secret, link.Expires, storeFault(s.cfg.Store.AddCopyLink(ctx, link, now, audit.With(e)), "store link")
}

// FetchLinked gives the file of a copy for a secret, once and to nobody after the address ended; of several at once one has it. What is lost on the way to the
// caller is lost: a new copy is asked for.
func (s *Service) FetchLinked(ctx context.Context, secret string) (LicenseCopy, []byte, error) {
	if len(secret) > 64 {
		return LicenseCopy{}, nil, fault.New(fault.NotFound)
	}
	hash, err := s.hash(ctx, "copy_link", secret)
	if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "hash link")
	}
	link, err := s.cfg.Store.FindCopyLink(ctx, hash)
	if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "find link")
	}
	now := s.now()
	if !now.Before(link.Expires) {
		return LicenseCopy{}, nil, fault.New(fault.CopyLinkEnded)
	}
	if _, err := s.cfg.Grantees.Grantee(ctx, link.Grantee); errors.Is(err, ErrNotFound) { // its application was stopped since
		return LicenseCopy{}, nil, fault.New(fault.CopyLinkEnded)
	} else if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "find grantee")
	}
	c, err := s.cfg.Store.FindCopy(ctx, link.Copy)
	if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "find copy")
	}
	if !now.Before(c.Expires) {
		return LicenseCopy{}, nil, fault.New(fault.CopyEnded)
	}
	if err := s.usable(ctx, c.license(), "fetch copy"); err != nil {
		return LicenseCopy{}, nil, err
	}
	content, err := s.cfg.Blobs.Get(ctx, c.File) // before the link is used up
	if err != nil {
		return LicenseCopy{}, nil, fmt.Errorf("read copy: %w", err)
	}
	e := s.event(ctx, "license.copy.fetched", c.License, now, "copy", c.ID, "grant", c.Grant, "grantee", link.Grantee)
	first, err := s.cfg.Store.TakeCopyLink(ctx, hash, now, audit.With(e))
	if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "use link")
	}
	if !first {
		return LicenseCopy{}, nil, fault.New(fault.CopyLinkEnded)
	}
	return c, content, nil
}
