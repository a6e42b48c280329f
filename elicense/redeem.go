package elicense

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensecopy"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Kinds of uses by a grant.
const (
	UseGranted UseKind = "granted" // fields were told by a grant
	UseCopied  UseKind = "copied"  // an annotated copy was made by a grant
)

// Redemption is what a use of a grant tells.
type Redemption struct {
	Grant  Grant
	Status string              // of the licence
	Values map[string][]string // of the fields that the grant names, and of its predicates: holds, fails or unknown
}

// granted finds a grant of the application that asks, for the purpose that it says.
func (s *Service) granted(ctx context.Context, id, purpose string, kind GrantKind) (Grant, error) {
	client, err := application(ctx)
	if err != nil {
		return Grant{}, err
	}
	g, err := s.cfg.Store.FindGrant(ctx, id)
	if err == nil && g.Grantee != client { // the same answer as for one that is not there
		err = ErrNotFound
	}
	if err != nil {
		return Grant{}, storeFault(err, "find grant")
	}
	switch {
	case g.Kind != kind:
		return Grant{}, fault.New(fault.GrantKind)
	case g.Purpose != purpose:
		return Grant{}, fault.New(fault.GrantPurpose)
	}
	return g, nil
}

// open gives the licence of a grant, where the grant has a use left and the licence is in force.
func (s *Service) open(ctx context.Context, g Grant) (License, error) {
	if err := refusal(g.State(s.now())); err != nil {
		return License{}, err
	}
	l, err := s.cfg.Store.Find(ctx, g.License)
	if err != nil {
		return License{}, storeFault(err, "find licence")
	}
	if l.State != StateActive || l.Status != catalog.StatusValid {
		return License{}, fault.New(fault.LicenseState)
	}
	return l, nil
}

// refusal is the fault of a grant that is not open; nil for an open one.
func refusal(state string) error {
	switch state {
	case "used":
		return fault.New(fault.GrantUsed)
	case "revoked", "expired":
		return fault.New(fault.GrantEnded)
	case StateAwaiting:
		return fault.New(fault.ConsentMissing)
	}
	return nil
}

// take takes one use, with the line of the holder's ledger, the planned copy and the audit record in one write.
func (s *Service) take(ctx context.Context, g Grant, l License, kind UseKind, c *LicenseCopy) error {
	now := s.now()
	use := s.use(ctx, l, kind, g.Fields, g.ID)
	if g.Mandate != "" {
		use.Agent = g.Actor
	}
	record := audit.With(s.grantEvent(ctx, "license.grant.used", g, "use", use.ID))
	first, err := s.cfg.Store.Redeem(ctx, g.ID, now, use, c, record)
	if err != nil {
		return s.usedFault(ctx, l, err, "redeem grant")
	}
	if first {
		return nil
	}
	if g, err = s.cfg.Store.FindGrant(ctx, g.ID); err != nil {
		return storeFault(err, "find grant")
	}
	if err := refusal(g.State(now)); err != nil {
		return err
	}
	return fault.New(fault.GrantUsed)
}

// RedeemFields tells the fields that a grant names and nothing else. The use is on record before anything is told.
func (s *Service) RedeemFields(ctx context.Context, id, purpose string) (Redemption, error) {
	g, err := s.granted(ctx, id, purpose, GrantFields)
	if err != nil {
		return Redemption{}, err
	}
	l, err := s.open(ctx, g)
	if err != nil {
		return Redemption{}, err
	}
	t, ok := s.typeOf(l)
	if !ok {
		return Redemption{}, fault.New(fault.LicenseTypeUnknown)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return Redemption{}, storeFault(err, "read values")
	}
	told := map[string][]string{}
	for _, profile := range []string{"f", "p"} {
		view, err := t.View(profile, values, s.now())
		if err != nil {
			return Redemption{}, fmt.Errorf("view of %s: %w", t.Code, err)
		}
		for key, list := range view {
			if slices.Contains(g.Fields, key) {
				told[key] = list
			}
		}
	}
	if err := s.take(ctx, g, l, UseGranted, nil); err != nil {
		return Redemption{}, err
	}
	g.Left--
	return Redemption{Grant: g, Status: l.Status, Values: told}, nil
}

// RedeemCopy makes an annotated copy by a grant. The copy is planned in the write that takes the use; one that was not finished, because the
// machine died or the seal was not to be had, is finished by the next call that comes when nobody is at it any more, with the same document and the same
// signature, and costs no further use.
func (s *Service) RedeemCopy(ctx context.Context, id, purpose string) (LicenseCopy, error) {
	return s.redeemCopy(ctx, id, purpose, time.Time{})
}

// redeemCopy is RedeemCopy of a copy that is valid until the moment, or as long as copies are where that is zero.
func (s *Service) redeemCopy(ctx context.Context, id, purpose string, until time.Time) (LicenseCopy, error) {
	g, err := s.granted(ctx, id, purpose, GrantCopy)
	if err != nil {
		return LicenseCopy{}, err
	}
	planned, err := s.cfg.Store.PlannedCopy(ctx, g.ID, s.now().Add(-s.cfg.IssueLease))
	if err == nil {
		if err := s.usableCopy(ctx, planned, "finish copy"); err != nil {
			return LicenseCopy{}, err
		}
		return s.finishCopy(ctx, planned)
	}
	if !errors.Is(err, ErrNotFound) {
		return LicenseCopy{}, storeFault(err, "find planned copy")
	}
	l, err := s.open(ctx, g)
	if err != nil {
		return LicenseCopy{}, err
	}
	receiver, err := s.cfg.Grantees.Grantee(ctx, g.Grantee)
	if err != nil {
		return LicenseCopy{}, storeFault(err, "find grantee")
	}
	authority, err := s.cfg.Store.FindAuthority(ctx, l.AuthorityCode)
	if err != nil {
		return LicenseCopy{}, storeFault(err, "find authority")
	}
	purposeEntry, _ := purposeOf(g.Purpose)
	now := s.now()
	if until.IsZero() {
		until = now.Add(copyLife)
	}
	c := LicenseCopy{ID: ident.New(s.cfg.Rand, "lcopy"), Grant: g.ID, HolderRef: l.HolderRef, License: l.ID, Grantee: g.Grantee, Order: g.Order, Original: l.File, SealID: authority.SealID, CreatedAt: now, Expires: until}
	c.Data = licensefile.Copy{
		ID: c.ID, Grant: g.ID, Creator: authority.Name, CreatorCode: authority.Code, Receiver: receiver.Name, ReceiverCode: receiver.Code, PurposeCode: g.Purpose, Cause: purposeEntry.Name["zh-CN"],
		Created: catalog.Stamp(now), Expires: catalog.Stamp(c.Expires), LicenseID: l.LicenseID, RecordURL: s.cfg.BaseURL + "/verify/copies/" + c.ID,
	}
	if _, _, err := s.makeCopy(ctx, c); err != nil { // before the use is taken for one that cannot be made
		return LicenseCopy{}, err
	}
	if err := s.take(ctx, g, l, UseCopied, &c); err != nil {
		return LicenseCopy{}, err
	}
	return s.finishCopy(ctx, c)
}

// usableCopy refuses a copy of a licence whose holder froze it, unless it was made under a sealed order that is in force.
func (s *Service) usableCopy(ctx context.Context, c LicenseCopy, doing string) error {
	if covered, err := s.ordered(ctx, c.Order); err != nil || covered {
		return err
	}
	return s.usable(ctx, c.license(), doing)
}

// license is what a copy knows of its licence.
func (c LicenseCopy) license() License { return License{ID: c.License, HolderRef: c.HolderRef} }

func (s *Service) makeCopy(ctx context.Context, c LicenseCopy) (made licensecopy.Copy, original []byte, err error) {
	if original, err = s.cfg.Blobs.Get(ctx, c.Original); err != nil {
		return made, nil, fmt.Errorf("read original: %w", err)
	}
	made, err = licensecopy.Make(typeface.Sans(), original, c.Data)
	switch {
	case errors.Is(err, licensecopy.ErrUndrawable):
		return made, nil, fault.Wrap(err, fault.LicenseUndrawable)
	case err != nil:
		return made, nil, fmt.Errorf("make copy: %w", err)
	}
	return made, original, nil
}

// finishCopy seals a planned copy, reads it back and compares it, and stores it.
func (s *Service) finishCopy(ctx context.Context, c LicenseCopy) (LicenseCopy, error) {
	made, original, err := s.makeCopy(ctx, c)
	if err != nil {
		return LicenseCopy{}, err
	}
	sealed, err := s.cfg.Sealer.Stamp(ctx, StampRequest{Key: "license-copy:" + c.ID, SealID: c.SealID, Document: made.Document, Slot: made.Slot, Purpose: "license-copy:" + c.ID})
	if err != nil {
		return LicenseCopy{}, storeFault(err, "seal copy")
	}
	p, err := ofd.Open(sealed, ofd.DefaultLimits())
	if err != nil {
		return LicenseCopy{}, fmt.Errorf("read sealed copy: %w", err)
	}
	if err := licensefile.CheckCopy(p, original, made.Data); err != nil {
		return LicenseCopy{}, fault.Wrap(err, fault.LicenseInconsistent)
	}
	address, err := s.cfg.Blobs.Put(ctx, sealed)
	if err != nil {
		return LicenseCopy{}, fmt.Errorf("store sealed copy: %w", err)
	}
	now := s.now()
	e := s.event(ctx, "license.copy.sealed", c.License, now, "copy", c.ID, "grant", c.Grant, "file", address)
	stored, err := s.cfg.Store.FinishCopy(ctx, c.ID, address, now, audit.With(e))
	return stored, s.usedFault(ctx, c.license(), err, "store copy")
}

// CopyFile gives an annotated copy to the application for which it was made, until the copy ends; it finishes one that was only planned.
func (s *Service) CopyFile(ctx context.Context, id string) (LicenseCopy, []byte, error) {
	client, err := application(ctx)
	if err != nil {
		return LicenseCopy{}, nil, err
	}
	c, err := s.cfg.Store.FindCopy(ctx, id)
	if err == nil && c.Grantee != client {
		err = ErrNotFound
	}
	if err != nil {
		return LicenseCopy{}, nil, storeFault(err, "find copy")
	}
	if !s.now().Before(c.Expires) {
		return LicenseCopy{}, nil, fault.New(fault.CopyEnded)
	}
	if err := s.usableCopy(ctx, c, "fetch copy"); err != nil {
		return LicenseCopy{}, nil, err
	}
	if c.File == "" {
		if c, err = s.finishCopy(ctx, c); err != nil {
			return LicenseCopy{}, nil, err
		}
	}
	content, err := s.cfg.Blobs.Get(ctx, c.File)
	if err != nil {
		return LicenseCopy{}, nil, fmt.Errorf("read copy: %w", err)
	}
	return c, content, nil
}

// CopyRecord is what the code on a copy leads to: what it was made for and whether it still counts, and nothing of what stands on it.
type CopyRecord struct {
	ID, TypeCode, Receiver, Maker, Purpose, Grant string
	State                                         string // valid, expired or ended: the licence is not in force any more
	CreatedAt, Expires                            time.Time
}

// CopyRecord finds the record of a copy, for whoever has its identifier.
func (s *Service) CopyRecord(ctx context.Context, id string) (CopyRecord, error) {
	c, err := s.cfg.Store.FindCopy(ctx, id)
	if err == nil && !strings.HasPrefix(id, "lcopy_") {
		err = ErrNotFound
	}
	if err != nil {
		return CopyRecord{}, storeFault(err, "find copy")
	}
	l, err := s.cfg.Store.Find(ctx, c.License)
	if err != nil {
		return CopyRecord{}, storeFault(err, "find licence")
	}
	r := CopyRecord{ID: c.ID, TypeCode: l.TypeCode, Receiver: c.Data.Receiver, Maker: c.Data.Creator, Purpose: c.Data.PurposeCode, Grant: c.Grant, State: catalog.StatusValid, CreatedAt: c.CreatedAt, Expires: c.Expires}
	switch {
	case l.Status != catalog.StatusValid:
		r.State = "ended"
	case !s.now().Before(c.Expires):
		r.State = "expired"
	}
	return r, nil
}
