package esign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// StampRequest asks for one seal at one place of a document.
type StampRequest struct {
	SealID      string
	Document    []byte
	Page        int     // from 1; 0 makes an invisible seal
	XMM, YMM    float64 // top left corner of the seal
	Item        string
	Purpose     string
	ExpectedSM3 string // approval bound to the document, optional
	Key         string // idempotency key; required
	Provider    string
}

// stampLease is how long a planned stamp belongs to the process that planned it. It is longer than a slow key provider
// takes and short enough that nobody waits long after a crash; two holders at once cannot both store a result.
const stampLease = 15 * time.Second

// Stamp seals a document. Nothing is signed before the intent is on record, and nothing leaves before it was verified
// and stored; the same key gives the same result again.
func (s *Service) Stamp(ctx context.Context, r StampRequest) (Stamp, []byte, error) {
	actor, err := require(ctx, RoleKeeper)
	if err != nil {
		return Stamp{}, nil, err
	}
	return s.StampFor(ctx, actor.ID, r)
}

// StampFor is Stamp for another room of the platform, which has checked the right itself.
func (s *Service) StampFor(ctx context.Context, requester string, r StampRequest) (Stamp, []byte, error) {
	if r.Key == "" {
		return Stamp{}, nil, fault.New(fault.Invalid).WithField("Idempotency-Key", fault.Malformed)
	}
	source := digest.Hex(r.Document)
	if r.ExpectedSM3 != "" && r.ExpectedSM3 != source {
		return Stamp{}, nil, fault.New(fault.DocumentRefused, "why", "SM3")
	}
	planned, result, err := s.earlier(ctx, requester, r.Key, source)
	if err != nil || result != nil {
		return planned, result, err
	}
	seal, err := s.find(ctx, r.SealID)
	if err != nil {
		return Stamp{}, nil, err
	}
	if seal.State != Active {
		return Stamp{}, nil, fault.New(fault.SealSuspended)
	}
	p, err := s.openDocument(r)
	if err != nil {
		return Stamp{}, nil, err
	}
	stamp := Stamp{ID: ident.New(s.cfg.Rand, "stamp"), SealID: seal.ID, State: Planned, Key: r.Key, Requester: requester, Item: r.Item, Purpose: r.Purpose,
		SourceSM3: source, Page: r.Page, XMM: r.XMM, YMM: r.YMM, CreatedAt: s.cfg.Now().UTC()}
	stamp.LeaseTo = stamp.CreatedAt.Add(stampLease)
	if planned.ID != "" { // begun by a process that died
		stamp.ID, stamp.CreatedAt = planned.ID, planned.CreatedAt
		err = s.cfg.Store.TakeOver(ctx, stamp.ID, s.cfg.Now(), stamp.LeaseTo)
	} else {
		err = s.cfg.Store.PlanStamp(ctx, stamp, audit.With(s.event(ctx, "seal.stamp.planned", "stamp", stamp.ID, map[string]string{"seal": seal.ID, "source": source, "item": r.Item})))
	}
	switch {
	case errors.Is(err, ErrExists), errors.Is(err, ErrChanged) && planned.ID != "":
		return Stamp{}, nil, fault.Wrap(err, fault.Conflict) // the same request runs elsewhere at this moment
	case errors.Is(err, ErrChanged):
		return Stamp{}, nil, fault.Wrap(err, fault.SealSuspended)
	case err != nil:
		return Stamp{}, nil, fault.Wrap(err, fault.Unavailable)
	}
	return s.finish(ctx, stamp, seal, p, r)
}

// earlier finds what a key led to before.
func (s *Service) earlier(ctx context.Context, requester, key, source string) (Stamp, []byte, error) {
	stamp, err := s.cfg.Store.StampByKey(ctx, requester, key)
	if errors.Is(err, ErrNotFound) {
		return Stamp{}, nil, nil
	}
	if err != nil {
		return Stamp{}, nil, fault.Wrap(err, fault.Unavailable)
	}
	if stamp.SourceSM3 != source {
		return Stamp{}, nil, fault.New(fault.StampKeyReused)
	}
	switch stamp.State {
	case Stored:
		content, err := s.cfg.Blobs.Get(ctx, stamp.ResultSM3)
		return stamp, content, err
	case Abandoned:
		return Stamp{}, nil, fault.New(fault.Conflict)
	}
	return stamp, nil, nil
}

// openDocument refuses what is malformed, hostile or locked before any key is used (D-31).
func (s *Service) openDocument(r StampRequest) (*ofd.Package, error) {
	p, err := ofd.Open(r.Document, ofd.DefaultLimits())
	if err != nil {
		why := "OFD"
		if refusal, ok := errors.AsType[*ofd.Error](err); ok {
			why = refusal.Code
		}
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", why)
	}
	if len(p.Faults) > 0 {
		return nil, fault.Wrap(p.Faults[0], fault.DocumentRefused, "why", p.Faults[0].Code)
	}
	if pages := len(p.Current().Pages); r.Page < 0 || r.Page > pages {
		return nil, fault.New(fault.DocumentRefused, "why", "page")
	}
	return p, nil
}

// finish signs, verifies and stores.
func (s *Service) finish(ctx context.Context, stamp Stamp, seal Seal, p *ofd.Package, r StampRequest) (Stamp, []byte, error) {
	result, err := s.sign(ctx, stamp, seal, p, r)
	if err != nil {
		s.abandon(ctx, stamp, err)
		return Stamp{}, nil, err
	}
	if stamp.ResultSM3, err = s.cfg.Blobs.Put(ctx, result); err != nil {
		return Stamp{}, nil, fault.Wrap(err, fault.Unavailable) // stays planned; the same key goes on
	}
	stamp.State = Stored
	err = s.cfg.Store.SettleStamp(ctx, stamp, audit.With(s.event(ctx, "seal.stamp.stored", "stamp", stamp.ID, map[string]string{"seal": seal.ID, "result": stamp.ResultSM3})))
	if err != nil {
		return Stamp{}, nil, fault.Wrap(err, fault.Unavailable)
	}
	return stamp, result, nil
}

// abandon closes a plan that cannot be carried out; a provider that is down leaves it open for the next try.
func (s *Service) abandon(ctx context.Context, stamp Stamp, why error) {
	if errors.Is(why, keys.ErrUnavailable) {
		return
	}
	stamp.State = Abandoned
	e := s.event(ctx, "seal.stamp.abandoned", "stamp", stamp.ID, nil)
	e.Result = audit.Failed
	// A failure here leaves the plan to the sweep.
	_ = s.cfg.Store.SettleStamp(context.WithoutCancel(ctx), stamp, audit.With(e))
}

func (s *Service) sign(ctx context.Context, stamp Stamp, seal Seal, p *ofd.Package, r StampRequest) ([]byte, error) {
	parsed, err := ses.ParseSeal(seal.SES)
	if err != nil {
		return nil, fmt.Errorf("read seal: %w", err)
	}
	now := s.cfg.Now().UTC().Truncate(time.Second)
	request := ofd.SignatureRequest{Provider: "印信 Yinxin", ProviderVersion: "1", Company: s.cfg.MakerName, SigningTime: now, Seal: seal.SES}
	if r.Page > 0 {
		request.Stamps = []ofd.StampRequest{{Page: r.Page, Boundary: ofd.Box{X: r.XMM, Y: r.YMM, Width: float64(parsed.Picture.WidthMM), Height: float64(parsed.Picture.HeightMM)}}}
	}
	pending, err := p.AddSignature(request)
	if err != nil {
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", err.Error())
	}
	signer, err := s.cfg.Keys.Provider().Signer(ctx, seal.KeyID, keys.UsageSealSigner)
	if err != nil {
		return nil, unavailable(err)
	}
	value, err := ses.NewSignature(ses.SignatureInfo{Seal: seal.SES, Time: now, DataHash: digest.Sum(pending.Description), PropertyInfo: pending.Path}, seal.SignerCert,
		func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
	if err != nil {
		return nil, unavailable(fmt.Errorf("sign: %w", err))
	}
	result, err := pending.Complete(value)
	if err != nil {
		return nil, err
	}
	return result, s.check(ctx, result)
}

// check verifies a result before it leaves: the newest signature must hold in every step.
func (s *Service) check(ctx context.Context, result []byte) error {
	options, err := s.cfg.Trust(ctx)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	options.At = s.cfg.Now()
	report := verify.Verify("stamped.ofd", result, options)
	if n := len(report.Signatures); n == 0 || report.Signatures[n-1].Verdict != verify.Valid {
		return fmt.Errorf("esign: the stamped document does not verify: %s %+v", report.Code, report.Reasons)
	}
	return nil
}

// Recover settles stamps whose process died: no signature of theirs was released, so they are abandoned unless their
// requester comes again with the same key.
func (s *Service) Recover(ctx context.Context) (int, error) {
	stale, err := s.cfg.Store.PlannedBefore(ctx, s.cfg.Now().Add(-24*time.Hour), 100)
	if err != nil {
		return 0, err
	}
	for _, stamp := range stale {
		stamp.State = Abandoned
		if err := s.cfg.Store.SettleStamp(ctx, stamp, audit.With(s.event(ctx, "seal.stamp.abandoned", "stamp", stamp.ID, nil))); err != nil && !errors.Is(err, ErrChanged) {
			return 0, err
		}
	}
	return len(stale), nil
}

// Stamps lists the uses of a seal.
func (s *Service) Stamps(ctx context.Context, sealID, after string, limit int) ([]Stamp, error) {
	return s.cfg.Store.Stamps(ctx, sealID, after, limit)
}
