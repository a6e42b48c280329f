package esign

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// trust is what seals and documents are judged against at this moment.
func (s *Service) trust(ctx context.Context) (verify.Options, error) {
	options, err := s.cfg.Trust(ctx)
	if err != nil {
		return options, unavailable(fmt.Errorf("read trust: %w", err))
	}
	options.At, options.Memo = s.cfg.Now(), &s.memo
	return options, nil
}

// Judge verifies a document against what this instance trusts, at this moment.
func (s *Service) Judge(ctx context.Context, name string, document []byte) (verify.Result, error) {
	trust, err := s.trust(ctx)
	if err != nil {
		return verify.Result{}, err
	}
	return verify.Verify(name, document, trust), nil
}

// JudgeStamp verifies what a stamp led to, as Judge does; of a document that stayed with its holder the value over the digest that was signed.
func (s *Service) JudgeStamp(ctx context.Context, name string, stamp Stamp, result []byte) (verify.Result, error) {
	sum, err := hex.DecodeString(stamp.SourceSM3)
	if err != nil || stamp.Remote == "" {
		return s.Judge(ctx, name, result)
	}
	trust, err := s.trust(ctx)
	if err != nil {
		return verify.Result{}, err
	}
	return verify.Value(name, result, sum, trust), nil
}

// fit is what GB/T 38540-2020 7.2 asks before a seal is used: the seal verifies now, within its period and from a
// trusted maker (6.3); its signer's certificate holds now and is not revoked; the seal names this signer. Whatever cannot
// be judged counts as unfit (security row S-16).
func fit(seal Seal, trust verify.Options) error {
	if report := verify.Verify("seal.esl", seal.SES, trust); report.Verdict != verify.Valid {
		return fault.Wrap(fmt.Errorf("seal %s: %s %v", seal.ID, report.Code, report.Reasons), fault.SealNotValid)
	}
	parsed, err := ses.ParseSeal(seal.SES)
	if err != nil {
		return fault.Wrap(err, fault.SealNotValid)
	}
	if !parsed.ListsSigner(seal.SignerCert) {
		return fault.Wrap(errors.New("the seal does not name its signer"), fault.SealCertificate)
	}
	certificate, err := pki.ParseCertificate(seal.SignerCert)
	if err != nil {
		return fault.Wrap(err, fault.SealCertificate)
	}
	chain, err := pki.BuildChain(certificate, pki.ChainOptions{Roots: trust.Roots, Intermediates: trust.Intermediates, At: trust.At, Usage: pki.UsageDigitalSignature | pki.UsageNonRepudiation, Memo: trust.Memo})
	if err != nil {
		return fault.Wrap(err, fault.SealCertificate)
	}
	issuer := chain[min(1, len(chain)-1)]
	switch revocation := trust.Memo.CheckEvidence(certificate, issuer, trust.Evidence(), trust.At); {
	case revocation.State == pki.RevocationRevoked:
		return fault.Wrap(errors.New("the signer's certificate is revoked"), fault.SealCertificate)
	case revocation.State == pki.RevocationUnknown && certificate.NamesEvidence():
		return fault.Wrap(fmt.Errorf("no revocation evidence for the signer's certificate: %v", revocation.Ignored), fault.SealCertificate)
	}
	return nil
}

// checkResult verifies a document before it leaves; with a time-stamping authority its time is proven.
func (s *Service) checkResult(result []byte, trust verify.Options) error {
	return prepare.CheckSealed(verify.Verify("stamped", result, trust), s.cfg.TimeStamper != nil)
}
