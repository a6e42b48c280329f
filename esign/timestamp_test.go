package esign_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// stamperFunc is a time-stamping authority made of a function.
type stamperFunc func(ctx context.Context, octets []byte) ([]byte, error)

func (f stamperFunc) TimeStamp(ctx context.Context, octets []byte) ([]byte, error) {
	return f(ctx, octets)
}

func stampedWith(t *testing.T, w *sealtest.World, stamper esign.TimeStamper) {
	t.Helper()
	cfg := w.Config()
	cfg.TimeStamper = stamper
	var err error
	if w.Service, err = esign.New(cfg); err != nil {
		t.Fatal(err)
	}
}

// TestStampAtLevelT: with an authority the time of a seal is proven, without it is a claim (level B).
func TestStampAtLevelT(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	request := sealtest.Request(seal, sealtest.Document(t, 1))
	_, plain := stamp(t, w, request)
	if s := w.Verify(t, plain).Signatures[0]; s.TimeSource != "claimed" {
		t.Errorf("level B: %s", s.TimeSource)
	}
	stampedWith(t, w, w.TimeStamps(t))
	request.Key = "key-0002"
	_, proven := stamp(t, w, request)
	if r := w.Verify(t, proven); r.Verdict != verify.Valid || r.Signatures[0].TimeSource != "timestamp" || !r.Signatures[0].SigningTime.Equal(w.Now()) {
		t.Errorf("level T: %s %+v", r.Code, r.Reasons)
	}
	// What it is for: the signer's certificate is revoked later, and only the proven time outlives that (S-11).
	w.Advance(time.Hour)
	certificate, err := pki.ParseCertificate(seal.SignerCert)
	if err != nil {
		t.Fatal(err)
	}
	w.Revoke(certificate.Serial)
	if r := w.Verify(t, proven); r.Verdict != verify.Valid {
		t.Errorf("level T, revoked since: %s %+v", r.Code, r.Reasons)
	}
	if r := w.Verify(t, plain); r.Verdict != verify.Indeterminate || r.Code != "V26" {
		t.Errorf("level B, revoked since: %s %+v", r.Code, r.Reasons)
	}
}

// TestNoSealWithoutItsTimeStamp: an authority that is away stops sealing for now, one that errs stops it for good, and no
// document leaves without the time that was promised.
func TestNoSealWithoutItsTimeStamp(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	request := sealtest.Request(seal, sealtest.Document(t, 1))
	good := w.TimeStamps(t)
	stranger, _ := newWorld(t)
	for name, stamper := range map[string]stamperFunc{
		"another's value":  func(ctx context.Context, _ []byte) ([]byte, error) { return good.TimeStamp(ctx, []byte("another")) },
		"not a token":      func(context.Context, []byte) ([]byte, error) { return []byte{0x30, 0}, nil },
		"nothing":          func(context.Context, []byte) ([]byte, error) { return nil, nil },
		"not in the trust": stranger.TimeStamps(t).TimeStamp,
	} {
		t.Run(name, func(t *testing.T) {
			stampedWith(t, w, stamper)
			request.Key = "key-" + name
			if _, result, err := w.Service.Stamp(sealtest.Keeper, request); err == nil || result != nil {
				t.Errorf("%d octets left: %v", len(result), err)
			}
		})
	}
	away := errors.New("away")
	stampedWith(t, w, stamperFunc(func(context.Context, []byte) ([]byte, error) { return nil, away }))
	request.Key = "key-away"
	if _, _, err := w.Service.Stamp(sealtest.Keeper, request); fault.CodeOf(err) != fault.Unavailable || !errors.Is(err, away) {
		t.Fatalf("%v", err)
	}
	stampedWith(t, w, stamperFunc(func(ctx context.Context, _ []byte) ([]byte, error) { // F-09: one that hangs does not hang us
		deadline, bounded := ctx.Deadline()
		if !bounded || time.Until(deadline) > 5*time.Second {
			t.Errorf("the wait ends at %v", deadline)
		}
		return nil, context.DeadlineExceeded
	}))
	if _, _, err := w.Service.Stamp(sealtest.Keeper, request); fault.CodeOf(err) != fault.Unavailable {
		t.Fatalf("%v", err)
	}
	stampedWith(t, w, good)
	if _, result, err := w.Service.Stamp(sealtest.Keeper, request); err != nil || w.Verify(t, result).Signatures[0].TimeSource != "timestamp" {
		t.Errorf("the same key again: %v", err)
	}
}
