package elicense

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// PackEvidence judges a document and packs it with what the judgement leaned on, signed with the key of evidence and stamped where the
// platform has a time-stamping authority. The judgement is the one that anybody makes who holds the published lists: what only the
// platform knows would not be in the package.
func (s *Service) PackEvidence(ctx context.Context, name string, data []byte) ([]byte, verify.Result, error) {
	o, failure, err := s.judging(ctx)
	if err != nil {
		return nil, verify.Result{}, err
	}
	if s.cfg.Published != nil {
		seen := &verify.Seen{}
		o.Seen = seen
		licensefile.Verify(name, data, o) // tells whose lists are needed
		o.Seen = nil
		if err := s.cfg.Published(ctx, &o.Options, slices.Compact(slices.Sorted(slices.Values(seen.Seals)))); err != nil {
			return nil, verify.Result{}, storeFault(err, "gather published lists")
		}
	}
	packer, err := s.packer(ctx)
	if err != nil {
		return nil, verify.Result{}, storeFault(err, "key of evidence")
	}
	packer.Prove = func(licenseID string, original []byte) ([][]byte, error) {
		return s.issueProofs(ctx, licenseID, original)
	}
	octets, result, err := evidence.Make(name, data, o, packer)
	switch {
	case *failure != nil:
		return nil, result, storeFault(*failure, "find status list")
	case errors.Is(err, evidence.ErrNoDocument):
		return nil, result, fault.Wrap(err, fault.UnsupportedMedia)
	case errors.Is(err, evidence.ErrTooLarge):
		return nil, result, fault.Wrap(err, fault.TooLarge, "limit", "64 MiB")
	case err != nil:
		return nil, result, fault.Wrap(err, fault.Unavailable)
	}
	return octets, result, nil
}

// issueProofs are the proofs of the log that this original was issued, for whoever holds it: one, or none where the platform did not issue it, its entry
// is not under a checkpoint yet, or its secret was dropped. What became of its status is told to the holder alone (LogProofs).
func (s *Service) issueProofs(ctx context.Context, licenseID string, original []byte) ([][]byte, error) {
	l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case l.LogCount == 0, len(l.LogSecret) == 0, !bytes.Equal(originalOf(l), original):
		return nil, nil
	}
	proof, _, err := s.prove(ctx, licenseRef(l.ID, 0), licenseOpening(l), l)
	switch fault.CodeOf(err) {
	case fault.LogPending, fault.NotFound:
		return nil, nil
	}
	return [][]byte{proof}, err
}

func (s *Service) packer(ctx context.Context) (evidence.Packer, error) {
	p := evidence.Packer{Now: s.now}
	spec := keys.Spec{Usage: keys.UsageEvidence, Algorithm: keys.SM2}
	info, err := s.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return p, err
	}
	signer, err := s.cfg.Keys.Signer(ctx, spec)
	if err != nil {
		return p, err
	}
	if p.Chain, err = s.cfg.Certificates.Chain(ctx, info); err != nil {
		return p, fmt.Errorf("certificates of %s: %w", spec.Usage, err)
	}
	p.Sign = func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }
	if s.cfg.TimeStamp != nil {
		p.Stamp = func(octets []byte) ([]byte, error) { return s.cfg.TimeStamp(ctx, octets) }
	}
	return p, nil
}

// judging is what files are judged by at this moment. failure is set while a judgement runs, when a list of ours could not be read.
func (s *Service) judging(ctx context.Context) (o licensefile.Options, failure *error, err error) {
	trust, err := s.cfg.Trust.Trust(ctx)
	if err != nil {
		return o, nil, storeFault(err, "gather trust")
	}
	o.Options = verify.Options{Roots: trust.Roots, Intermediates: trust.Intermediates, CRLs: trust.CRLs, At: s.now(), Locale: reqctx.From(ctx).Locale, Memo: &s.memo}
	if s.cfg.Evidence != nil {
		if err := s.cfg.Evidence(ctx, &o.Options); err != nil {
			return o, nil, storeFault(err, "gather evidence")
		}
	}
	if o.Log.Log, err = s.LogKeys(ctx, LogMain); err != nil {
		return o, nil, err
	}
	o.Types = s.typePackages()
	if o.Regions, err = s.vouched(ctx); err != nil {
		return o, nil, err
	}
	failure = new(error)
	o.FindList = func(uri string) *statuslist.List { return s.ownList(ctx, uri, failure) }
	return o, failure, nil
}
