package elicense

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Issue makes, seals and stores an approved licence and brings it into force. Calling it again for one that is in force
// gives that one; while another call is at it, LicenseBusy.
func (s *Service) Issue(ctx context.Context, id string) (License, error) {
	actor, err := require(ctx, RoleIssuer)
	if err != nil {
		return License{}, err
	}
	l, err := s.cfg.Store.Find(ctx, id)
	if err != nil {
		return License{}, storeFault(err, "find licence")
	}
	if ctx, err = l.in(ctx, RoleIssuer); err != nil {
		return License{}, err
	}
	return s.issue(ctx, l, actor.ID)
}

// issue takes a licence in force from where it stands; LicenseState for one that nobody approved.
func (s *Service) issue(ctx context.Context, l License, issuer string) (License, error) {
	var err error
	switch l.State {
	case StateActive:
		return l, nil
	case StateApproved:
		l, err = s.plan(ctx, l, issuer)
	case StateMade, StateSealed:
		l, err = s.takeOver(ctx, l.ID)
	default:
		return License{}, fault.New(fault.LicenseState)
	}
	if err != nil {
		return License{}, err
	}
	return s.finish(ctx, l)
}

// Recover finishes licences that a crash left between planning and storing, or between the approval by rule and planning, and gives how many it finished. It goes on
// after a licence that fails and joins the errors. Call it at start and every minute.
func (s *Service) Recover(ctx context.Context) (int, error) {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "system:elicense-sweep"})
	open, err := s.cfg.Store.Unfinished(ctx, s.now(), 100)
	if err != nil {
		return 0, storeFault(err, "list unfinished licences")
	}
	finished := 0
	var failures []error
	for _, l := range open {
		taken, err := s.takeOver(ctx, l.ID)
		if fault.CodeOf(err) == fault.LicenseBusy {
			continue // another node was faster
		}
		switch {
		case err == nil && taken.State == StateApproved:
			_, err = s.issueApproved(ctx, taken)
		case err == nil:
			_, err = s.finish(ctx, taken)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("finish %s: %w", l.ID, err))
			continue
		}
		finished++
	}
	return finished, errors.Join(failures...)
}

// takeOver claims a licence that was made, or approved by rule, and whose lease is over.
func (s *Service) takeOver(ctx context.Context, id string) (License, error) {
	now := s.now()
	return s.update(ctx, id, func(l *License) (Change, error) {
		if l.State != StateMade && l.State != StateSealed && (l.State != StateApproved || l.LeaseUntil.IsZero()) {
			return Change{}, errNothingToDo
		}
		if l.LeaseUntil.After(now) {
			return Change{}, fault.New(fault.LicenseBusy).After(int(l.LeaseUntil.Sub(now)/time.Second) + 1)
		}
		l.LeaseUntil, l.UpdatedAt = now.Add(s.cfg.IssueLease), now
		return Change{Record: audit.With(s.event(ctx, "license.issue.resumed", l.ID, now, "state", string(l.State)))}, nil
	})
}

// plan chooses identifier and status entry, makes the unsealed document and puts all of it on record.
func (s *Service) plan(ctx context.Context, l License, issuer string) (License, error) {
	values, err := s.values(ctx, l)
	if err != nil {
		return License{}, storeFault(err, "read values")
	}
	_, authority, err := s.scope(ctx, l.TypeCode, l.AuthorityCode)
	if err != nil {
		return License{}, err
	}
	licenseType, ok := s.typeOf(l) // the one by which it was entered and reviewed
	if !ok {
		return License{}, fault.New(fault.LicenseTypeUnknown)
	}
	signer, err := s.statusSigner(ctx)
	if err != nil {
		return License{}, storeFault(err, "find status signer")
	}
	photo, err := s.photo(ctx, l)
	if err != nil {
		return License{}, err
	}
	for attempt := range 40 {
		planned, planErr := s.planOnce(ctx, l, licenseType, authority, values.Clone(), photo, signer, issuer, attempt)
		if !errors.Is(planErr, ErrEntryTaken) {
			return planned, planErr
		}
		err = planErr
	}
	return License{}, fault.Wrap(err, fault.Unavailable)
}

func (s *Service) planOnce(ctx context.Context, l License, t *catalog.Type, authority Authority, values catalog.Values, photo []byte, signer, issuer string, attempt int) (License, error) {
	now := s.now()
	serial := strings.ToUpper(ident.New(s.cfg.Rand, ""))
	if l.Replaces != "" {
		old, err := s.cfg.Store.Find(ctx, l.Replaces)
		if err != nil {
			return License{}, storeFault(err, "find replaced licence")
		}
		if old.State != StateActive || !mayBecome(old.Status, statusSuperseded) || attempt > 20 {
			return License{}, fault.New(fault.LicenseState) // ended or replaced meanwhile
		}
		id, err := catalog.ParseID(old.LicenseID)
		if err != nil {
			return License{}, fmt.Errorf("identifier of replaced licence: %w", err)
		}
		serial = id.Serial
		values.Set(catalog.KeyReplaces, old.LicenseID)
	}
	id, err := catalog.MakeID(t.Code, authority.Code, serial, l.Version)
	if err != nil {
		return License{}, fmt.Errorf("mint identifier: %w", err)
	}
	values.Set(catalog.KeyLicenseID, id.String())
	values.Set(catalog.KeyVersion, id.Version)
	values.Set(catalog.KeyIssuedDate, catalog.Day(now))
	if terms, ok := RenewalTermsOf(l.TypeCode); ok && l.ByHolder() { // l is as it was approved
		first, last := terms.period(l.UpdatedAt)
		values.Set(catalog.KeyEffectiveDate, first)
		values.Set(catalog.KeyExpiringDate, last)
	}
	values.Set(catalog.KeyCreatedAt, catalog.Stamp(now))
	if values.First(catalog.KeyLicenseNumber) == "" {
		values.Set(catalog.KeyLicenseNumber, serial)
	}
	list, index, err := s.chooseEntry(attempt)
	if err != nil {
		return License{}, err
	}
	document, err := s.make(t, values, photo, licensefile.StatusEntry{List: s.statusBase() + strconv.FormatUint(list, 10), Index: index, Signer: signer})
	if err != nil {
		return License{}, err
	}
	unsealed, err := s.cfg.Blobs.Put(ctx, document)
	if err != nil {
		return License{}, fmt.Errorf("store unsealed document: %w", err)
	}
	data, dataKey, err := s.seal(ctx, l.ID, values)
	if err != nil {
		return License{}, storeFault(err, "encrypt values")
	}
	rows, err := s.cfg.Store.Update(ctx, func(rows []*License) (Change, error) {
		row := rows[0]
		if row.State != StateApproved || row.Revision != l.Revision {
			return Change{}, fault.New(fault.LicenseBusy).After(1)
		}
		row.State, row.LicenseID, row.List, row.Index, row.Unsealed, row.Issuer = StateMade, id.String(), list, index, unsealed, issuer
		row.Data, row.DataKey, row.Ends, row.SealID = data, dataKey, lastDay(values), authority.SealID
		row.LeaseUntil, row.UpdatedAt, row.IssuedAt = now.Add(s.cfg.IssueLease), now, now
		return Change{Record: audit.With(s.event(ctx, "license.issue.planned", row.ID, now, "license_id", row.LicenseID, "unsealed", unsealed, "seal", row.SealID))}, nil
	}, l.ID)
	if errors.Is(err, ErrEntryTaken) {
		return License{}, err
	}
	if err != nil {
		return License{}, storeFault(err, "store plan")
	}
	return rows[0], nil
}

// entriesPerList is how many attempts are made in one list before the next is opened: with four random places out of 2²⁰,
// a list is left when it is some nine tenths full, without a counter that everybody would wait for.
const entriesPerList = 4

// chooseEntry takes a random entry, so that neighbours in a list do not tell who was issued when.
func (s *Service) chooseEntry(attempt int) (list uint64, index uint32, err error) {
	var random [4]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return 0, 0, fmt.Errorf("random entry: %w", err)
	}
	return uint64(attempt/entriesPerList) + 1, binary.BigEndian.Uint32(random[:]) % statuslist.Size, nil
}

// make builds the unsealed document and refuses it unless page text, metadata and register agree.
func (s *Service) make(t *catalog.Type, values catalog.Values, photo []byte, status licensefile.StatusEntry) ([]byte, error) {
	document, err := s.cfg.Maker.Build(t, values, photo, status)
	if undrawable, ok := errors.AsType[*licenseface.UndrawableError](err); ok {
		return nil, fault.Wrap(err, fault.LicenseUndrawable).WithField(undrawable.Item, fault.LicenseFieldCharacters)
	}
	if errors.Is(err, licenseface.ErrValues) {
		return nil, valuesFault(err)
	}
	if err != nil {
		return nil, fmt.Errorf("make document: %w", err)
	}
	return document, s.checkDocument(document, values)
}

func (s *Service) checkDocument(document []byte, values catalog.Values) error {
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		return fmt.Errorf("read document: %w", err)
	}
	if err := licensefile.CheckConsistencyWith(s.Types(), p, values); err != nil {
		return fault.Wrap(err, fault.LicenseInconsistent)
	}
	return nil
}

// finish seals a made licence and brings it into force.
func (s *Service) finish(ctx context.Context, l License) (License, error) {
	var err error
	if l.State == StateMade {
		if l, err = s.sealMade(ctx, l); err != nil {
			return License{}, err
		}
	}
	if l.State == StateSealed {
		return s.activate(ctx, l)
	}
	return l, nil
}

// sealMade asks for the seal with the licence as key, so that a second call after a crash gets the same signature, and
// stores the sealed document.
func (s *Service) sealMade(ctx context.Context, l License) (License, error) {
	document, err := s.cfg.Blobs.Get(ctx, l.Unsealed)
	if err != nil {
		return License{}, fmt.Errorf("read unsealed document: %w", err)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return License{}, storeFault(err, "read values")
	}
	// What is sealed is checked again right before: the register may have been changed since it was made.
	if err := s.checkDocument(document, values); err != nil {
		return License{}, err
	}
	licenseType, ok := s.typeOf(l)
	if !ok {
		return License{}, fault.New(fault.LicenseTypeUnknown)
	}
	sealed, err := s.cfg.Sealer.Stamp(ctx, StampRequest{
		Key: "license:" + l.ID, SealID: l.SealID, Document: document, Slot: licenseType.Face.Seals[0], Purpose: "license:" + l.LicenseID,
	})
	if err != nil {
		return License{}, storeFault(err, "seal licence")
	}
	keysUsed, err := s.checkSealed(sealed, values)
	if err != nil {
		return License{}, err
	}
	address, err := s.cfg.Blobs.Put(ctx, sealed)
	if err != nil {
		return License{}, fmt.Errorf("store sealed document: %w", err)
	}
	now := s.now()
	return s.update(ctx, l.ID, func(row *License) (Change, error) {
		if row.State != StateMade {
			return Change{}, errNothingToDo // another node finished it
		}
		row.State, row.File, row.UpdatedAt = StateSealed, address, now
		return Change{Record: audit.With(s.event(ctx, "license.issue.signed", row.ID, now, "file", address, "seal", row.SealID)), Log: keysUsed}, nil
	})
}

// checkSealed makes sure that what comes back is the licence that was given, with a seal, and gives the entries of the log for the keys that
// sealed it.
func (s *Service) checkSealed(sealed []byte, values catalog.Values) ([]LogEntry, error) {
	p, err := ofd.Open(sealed, ofd.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("read sealed document: %w", err)
	}
	if len(p.Signatures) == 0 {
		return nil, errors.New("sealed document has no signature")
	}
	if err := licensefile.CheckConsistencyWith(s.Types(), p, values); err != nil {
		return nil, fault.Wrap(err, fault.LicenseInconsistent)
	}
	var entries []LogEntry
	for _, description := range p.Signatures {
		signature, err := ses.ParseSignature(description.Value)
		if err != nil {
			return nil, fmt.Errorf("read seal of document: %w", err)
		}
		entry, err := openEntry(translog.KindKey, string(keys.UsageSealSigner), 0, digest.Sum(signature.SignerCert), s.now())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// activate brings a sealed licence into force; the version it replaces ends in the same write.
func (s *Service) activate(ctx context.Context, l License) (License, error) {
	now := s.now()
	_, err := s.cfg.Store.FindPublished(ctx, strconv.FormatUint(l.List, 10))
	firstOfList := errors.Is(err, ErrNotFound)
	if err != nil && !firstOfList {
		return License{}, storeFault(err, "find status list")
	}
	ids := []string{l.ID}
	if l.Replaces != "" {
		ids = append(ids, l.Replaces)
	}
	rows, err := s.cfg.Store.Update(ctx, func(rows []*License) (Change, error) {
		row := rows[0]
		if row.State == StateActive {
			return Change{}, errNothingToDo
		}
		if row.State != StateSealed {
			return Change{}, fault.New(fault.LicenseState)
		}
		row.State, row.Status, row.Bits, row.StatusAt, row.UpdatedAt, row.LeaseUntil = StateActive, catalog.StatusValid, statuslist.InForce, now, now, time.Time{}
		change := Change{
			Record: audit.With(s.event(ctx, "license.issued", row.ID, now, "license_id", row.LicenseID, "file", row.File)).And(notice(TopicIssued, "issued", *row, now)),
			Events: []StatusEvent{{ID: ident.New(s.cfg.Rand, "sev"), License: row.ID, To: row.Status, Actor: row.Issuer, EffectiveAt: now, RecordedAt: now, LegalBasis: "issue"}},
		}
		if err := s.logLicense(&change, row, now); err != nil {
			return Change{}, err
		}
		publish := map[uint64]bool{row.List: firstOfList}
		if len(rows) == 2 {
			old := rows[1]
			if !mayBecome(old.Status, statusSuperseded) {
				return Change{}, fault.New(fault.LicenseState)
			}
			old.ReplacedBy = row.ID
			if err := s.setStatus(ctx, &change, old, StatusChange{To: statusSuperseded, LegalBasis: "amendment", DecisionNumber: row.BusinessNumber, EffectiveAt: now}, row.Issuer, now); err != nil {
				return Change{}, err
			}
			publish[old.List] = true
		}
		for _, list := range sortedLists(publish) {
			change.Record = change.Record.And(publishMessage(list))
		}
		return change, nil
	}, ids...)
	if errors.Is(err, errNothingToDo) {
		active, err := s.cfg.Store.Find(ctx, l.ID)
		return active, storeFault(err, "find licence")
	}
	if err != nil {
		return License{}, storeFault(err, "bring licence into force")
	}
	return rows[0], nil
}

// statusSigner is the name in the certificate of the current status list key.
func (s *Service) statusSigner(ctx context.Context) (string, error) {
	info, err := s.cfg.Keys.Ensure(ctx, keys.Spec{Usage: keys.UsageStatusList, Algorithm: keys.SM2})
	if err != nil {
		return "", err
	}
	return s.signerName(ctx, info)
}
