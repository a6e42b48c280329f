// Package tsa is the time-stamping authority: it answers requests of RFC 3161 (GB/T 20520) with tokens over the platform's
// clock. Its key serves this purpose alone (keys.UsageTimeStamp, RFC 3161 2.3), and every token is read back and verified
// before it is released (security row K-07).
//
// It fails closed: a clock whose health is not known, or that ran backwards, makes no token. It keeps no record of tokens: a
// token proves itself, and its serial number of 127 random bits is unique across nodes and restarts without one.
//
// Not for judging tokens (leaf keys/pki/tst), and not for the legal weight of the time: that comes from an authority that is
// licensed for it, whose address a deployment may use instead.
package tsa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// Errors. A request that is refused for its own sake is a [Refusal] and none of these.
var (
	ErrConfig = errors.New("tsa: configuration is refused")
	ErrClock  = errors.New("tsa: the time is not known")
)

// Clock tells whether the time can be relied on, nil when it can: for instance that the system clock is synchronised and how
// far it may be off. It is asked before every token.
type Clock interface {
	Health(ctx context.Context) error
}

// ClockFunc is a Clock made of a function.
type ClockFunc func(ctx context.Context) error

// Health calls the function.
func (f ClockFunc) Health(ctx context.Context) error { return f(ctx) }

// Config of the authority. All but Chain and Policies is required.
type Config struct {
	Provider    keys.Provider
	KeyID       string             // of a key made for keys.UsageTimeStamp: SM2, P-256 or RSA-2048
	Certificate *pki.Certificate   // extKeyUsage timeStamping, critical and alone
	Chain       []*pki.Certificate // stands beside the certificate in tokens for whoever asks for certificates
	Policy      string             // dotted; of tokens whose request names none
	Policies    []string           // further policies that a request may name
	Accuracy    time.Duration      // 1 µs to 1 h: how far the clock may be off when its health is good
	Clock       Clock
	Now         func() time.Time
	Rand        io.Reader
}

// Service makes tokens.
type Service struct {
	cfg      Config
	accuracy tst.Accuracy
	mutex    sync.Mutex
	last     time.Time // genTime of the newest token of this process
}

// precision of genTime: finer digits than the accuracy would say nothing.
const precision = time.Millisecond

// New checks the configuration, and that the key is there, serves this purpose and belongs to the certificate.
func New(ctx context.Context, cfg Config) (*Service, error) {
	switch {
	case cfg.Provider == nil || cfg.Certificate == nil || cfg.Clock == nil || cfg.Now == nil || cfg.Rand == nil:
		return nil, fmt.Errorf("%w: a dependency is missing", ErrConfig)
	case cfg.Accuracy < time.Microsecond || cfg.Accuracy > time.Hour:
		return nil, fmt.Errorf("%w: accuracy of %v", ErrConfig, cfg.Accuracy)
	}
	if err := tst.CheckUsage(cfg.Certificate); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s := &Service{cfg: cfg, accuracy: tst.Accuracy{
		Seconds: int(cfg.Accuracy / time.Second), Millis: int(cfg.Accuracy % time.Second / time.Millisecond), Micros: int(cfg.Accuracy % time.Millisecond / time.Microsecond)}}
	// A token that nobody sees proves that the key serves this purpose and is the certificate's, the policies and the random source,
	// before the first request comes.
	if err := s.trial(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return s, nil
}

// trial makes a token under every policy at the middle of the certificate's life, and drops it.
func (s *Service) trial(ctx context.Context) error {
	imprint, err := tst.ImprintOf(pki.OIDSM3, nil)
	if err != nil {
		return err
	}
	life := s.cfg.Certificate.NotAfter.Sub(s.cfg.Certificate.NotBefore)
	for _, policy := range append([]string{s.cfg.Policy}, s.cfg.Policies...) {
		if _, err := s.make(ctx, &tst.Request{Imprint: imprint, Policy: policy, CertReq: true}, s.cfg.Certificate.NotBefore.Add(life/2)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) signer(ctx context.Context) (keys.Signer, error) {
	signer, err := s.cfg.Provider.Signer(ctx, s.cfg.KeyID, keys.UsageTimeStamp)
	if err != nil {
		return nil, fmt.Errorf("find time-stamp key: %w", err)
	}
	return signer, nil
}

// Refusal is why a request got no token.
type Refusal struct {
	Failure tst.Failure
	Cause   error // private; nil when the request alone is at fault
	text    string
}

// Error is for logs.
func (r *Refusal) Error() string {
	return fmt.Sprintf("tsa: %s: %s: %v", r.Failure, r.text, r.Cause)
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Respond answers an encoded request with an encoded TimeStampResp, which it always returns. err is a *Refusal when the
// answer is a refusal; one with a cause is worth a line in the log.
func (s *Service) Respond(ctx context.Context, request []byte) (response []byte, err error) {
	token, refusal := s.answer(ctx, request)
	if refusal == nil {
		return tst.EncodeGranted(token), nil
	}
	response, err = tst.EncodeRejection(refusal.Failure, refusal.text)
	if err != nil { // texts of this package are UTF-8
		return nil, err
	}
	return response, refusal
}

func (s *Service) answer(ctx context.Context, input []byte) ([]byte, *Refusal) {
	request, err := tst.ParseRequest(input)
	if err != nil {
		return nil, &Refusal{Failure: tst.BadDataFormat, text: "the request cannot be read"}
	}
	if refusal := s.check(request); refusal != nil {
		return nil, refusal
	}
	return s.issue(ctx, request)
}

// check refuses what must not be stamped (RFC 3161 2.4.1, 2.4.2).
func (s *Service) check(request *tst.Request) *Refusal {
	size := tst.DigestSize(request.Imprint.Algorithm.OID)
	switch {
	case size == 0 || request.Imprint.Algorithm.OID == pki.OIDSM3Plain || !request.Imprint.Algorithm.Plain():
		return &Refusal{Failure: tst.BadAlgorithm, text: "digests are SM3, SHA-256, SHA-384 or SHA-512"}
	case len(request.Imprint.Digest) != size:
		return &Refusal{Failure: tst.BadDataFormat, text: "the digest has not the length of its algorithm"}
	case request.Policy != "" && request.Policy != s.cfg.Policy && !slices.Contains(s.cfg.Policies, request.Policy):
		return &Refusal{Failure: tst.UnacceptedPolicy, text: "the policy is not offered"}
	case len(request.Extensions) > 0:
		return &Refusal{Failure: tst.UnacceptedExtension, text: "extensions are not offered"}
	}
	return nil
}

// issue takes the time and makes the token.
func (s *Service) issue(ctx context.Context, request *tst.Request) ([]byte, *Refusal) {
	genTime, err := s.time(ctx)
	if err != nil {
		return nil, &Refusal{Failure: tst.TimeNotAvailable, Cause: err, text: "the time is not available"}
	}
	token, err := s.make(ctx, request, genTime)
	if err != nil {
		return nil, &Refusal{Failure: tst.SystemFailure, Cause: err, text: "no token can be made now"}
	}
	return token, nil
}

// time asks the clock and guards that it never runs backwards within this process. A clock that was set back makes no token
// until it has caught up: two tokens whose times contradict their order would serve nobody.
func (s *Service) time(ctx context.Context) (time.Time, error) {
	if err := s.cfg.Clock.Health(ctx); err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrClock, err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.cfg.Now().UTC().Truncate(precision)
	if now.Before(s.last) {
		return time.Time{}, fmt.Errorf("%w: %s is before the last token's %s", ErrClock, now.Format(time.RFC3339Nano), s.last.Format(time.RFC3339Nano))
	}
	s.last = now
	return now, nil
}

func (s *Service) make(ctx context.Context, request *tst.Request, genTime time.Time) ([]byte, error) {
	serial, err := s.serial()
	if err != nil {
		return nil, err
	}
	signer, err := s.signer(ctx)
	if err != nil {
		return nil, err
	}
	info := tst.Info{Policy: request.Policy, Imprint: request.Imprint, Serial: serial, GenTime: genTime, Accuracy: s.accuracy, Nonce: request.Nonce}
	if info.Policy == "" {
		info.Policy = s.cfg.Policy
	}
	var include []*pki.Certificate
	if request.CertReq {
		include = append([]*pki.Certificate{s.cfg.Certificate}, s.cfg.Chain...)
	}
	return tst.Make(info, s.cfg.Certificate, include, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
}

// serial is a positive number of 127 random bits with the highest set, so that all have the same length.
func (s *Service) serial() (*big.Int, error) {
	octets := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, octets); err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	octets[0] = octets[0]&0x7f | 0x40
	return new(big.Int).SetBytes(octets), nil
}

// TimeStamp makes a token over octets for another room of the platform: SM3 and all certificates inside.
func (s *Service) TimeStamp(ctx context.Context, octets []byte) ([]byte, error) {
	imprint, err := tst.ImprintOf(pki.OIDSM3, octets)
	if err != nil {
		return nil, err
	}
	token, refusal := s.issue(ctx, &tst.Request{Imprint: imprint, CertReq: true})
	if refusal != nil {
		return nil, refusal
	}
	return token, nil
}

// Health reports why no token can be made now, nil when one can.
func (s *Service) Health(ctx context.Context) error {
	if !s.cfg.Certificate.InPeriod(s.cfg.Now()) {
		return fmt.Errorf("tsa: %w", tst.ErrExpired)
	}
	if err := s.cfg.Clock.Health(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrClock, err)
	}
	return s.cfg.Provider.Health(ctx)
}
