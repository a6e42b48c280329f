package pki

import (
	"errors"
	"fmt"
	"time"
)

// Reason is why a chain is not accepted.
type Reason string

// Reasons, the worst first. All but ReasonUntrustedRoot speak against the certificate; that one only says that nothing
// is known (design decision 12: indeterminate, never valid).
const (
	ReasonUsage         Reason = "usage"          // the certificate may not be used for this
	ReasonExpired       Reason = "expired"        // a certificate of the chain had ended at the moment
	ReasonNotYetValid   Reason = "not_yet_valid"  // a certificate of the chain had not begun at the moment
	ReasonNotCA         Reason = "not_ca"         // an issuer is no CA or may not sign certificates
	ReasonPathLen       Reason = "path_len"       // an issuer's pathLenConstraint is exceeded
	ReasonExtension     Reason = "extension"      // a critical extension is not understood
	ReasonChain         Reason = "chain"          // the issuer's signature does not verify
	ReasonBudget        Reason = "budget"         // the search was stopped at its bound
	ReasonUntrustedRoot Reason = "untrusted_root" // no path to a trusted root
)

// ChainError says why no chain was accepted. Certificate is where the path failed.
type ChainError struct {
	Reason      Reason
	Certificate *Certificate
	Detail      string
	Cause       error // of a signature that does not verify; has a Code
}

// Error is for logs and reports in English.
func (e *ChainError) Error() string {
	return fmt.Sprintf("pki: %s: %s: %s", e.Reason, e.Certificate.Subject, e.Detail)
}

// Unwrap returns the cause.
func (e *ChainError) Unwrap() error { return e.Cause }

// ReasonOf is the reason of a chain error, empty for nil and other errors.
func ReasonOf(err error) Reason {
	if chain, ok := errors.AsType[*ChainError](err); ok {
		return chain.Reason
	}
	return ""
}

// ChainOptions say what is trusted, when, and for what.
type ChainOptions struct {
	Roots         *Pool     // trusted anchors
	Intermediates *Pool     // untrusted help to find a path
	At            time.Time // moment of judgement
	// Usage lists the key usages of which the certificate must have at least one; 0 asks for none. A certificate without
	// the extension is refused when something is asked for, and so is a CA certificate.
	Usage KeyUsage
	// ExtUsage is an extended key usage that the certificate must carry, empty for none.
	ExtUsage string
	// IgnorePeriods judges names, signatures and constraints only; the caller judges the periods itself.
	IgnorePeriods bool
	// Memo is shared by judgements; nil remembers within this search only.
	Memo *Memo
}

// Bounds of a search (security row S-13).
const (
	maxChainLength     = 12  // certificates, root included
	maxSignatureChecks = 512 // one SM2 verification takes about 0.1 ms
)

// BuildChain finds a path from the certificate to a trusted root and returns it, root last. The root's own signature is
// not asked for, since it is trusted as such. A certificate that is itself a trusted root is a chain of one. Errors are
// *ChainError.
func BuildChain(certificate *Certificate, options ChainOptions) ([]*Certificate, error) {
	if err := CheckUsage(certificate, options.Usage, options.ExtUsage); err != nil {
		return nil, err
	}
	search := &chainSearch{options: options, memo: options.Memo}
	if search.memo == nil {
		search.memo = &Memo{}
	}
	if failure := search.judge(certificate, nil); failure != nil {
		search.note(failure)
	} else if options.Roots.Contains(certificate) {
		return []*Certificate{certificate}, nil
	} else if chain := search.extend([]*Certificate{certificate}); chain != nil {
		return chain, nil
	}
	if search.best == nil {
		return nil, &ChainError{Reason: ReasonUntrustedRoot, Certificate: certificate, Detail: "no path to a trusted root"}
	}
	return nil, search.best
}

// CheckUsage judges key usage and extended key usage of an end certificate (security row S-09): at least one of the
// usages, the extended one when asked for, and not a CA. Errors are *ChainError with ReasonUsage.
func CheckUsage(certificate *Certificate, usage KeyUsage, extUsage string) error {
	refuse := func(detail string) error {
		return &ChainError{Reason: ReasonUsage, Certificate: certificate, Detail: detail}
	}
	if usage != 0 {
		switch {
		case !certificate.HasKeyUsage:
			return refuse("keyUsage is absent")
		case certificate.KeyUsage&usage == 0:
			return refuse(fmt.Sprintf("keyUsage is %v", certificate.KeyUsage.Names()))
		case certificate.IsCA:
			return refuse("certificate of a CA")
		case extUsage == "" && forOthersOnly(certificate):
			return refuse(fmt.Sprintf("extKeyUsage is %v", certificate.ExtKeyUsage))
		}
	}
	if extUsage != "" {
		for _, have := range certificate.ExtKeyUsage {
			if have == extUsage {
				return nil
			}
		}
		return refuse("extKeyUsage lacks " + extUsage)
	}
	return nil
}

// forOthersOnly tells a certificate whose extended key usages leave nothing to sign but time stamps, OCSP answers or, when
// they cannot be read, nothing at all (RFC 5280 4.2.1.12). Other purposes stand in certificates of real seal makers.
func forOthersOnly(certificate *Certificate) bool {
	for _, usage := range certificate.ExtKeyUsage {
		if usage != OIDTimeStamping && usage != OIDOCSPSigning && usage != unreadableUsage {
			return false
		}
	}
	return len(certificate.ExtKeyUsage) > 0
}

// chainSearch is one bounded depth-first search.
type chainSearch struct {
	options ChainOptions
	memo    *Memo
	checks  int
	best    *ChainError
	visits  int
}

// reasonRank orders failures by how much they say; a lower one replaces a higher one.
var reasonRank = map[Reason]int{
	ReasonUsage: 0, ReasonExpired: 1, ReasonNotYetValid: 1, ReasonNotCA: 2, ReasonPathLen: 2, ReasonExtension: 2,
	ReasonChain: 3, ReasonBudget: 4, ReasonUntrustedRoot: 5,
}

func (s *chainSearch) note(failure *ChainError) {
	if s.best == nil || reasonRank[failure.Reason] < reasonRank[s.best.Reason] {
		s.best = failure
	}
}

// judge checks one certificate of a path by itself; below are those nearer to the end, nil for the end certificate.
func (s *chainSearch) judge(certificate *Certificate, below []*Certificate) *ChainError {
	fail := func(reason Reason, detail string) *ChainError {
		return &ChainError{Reason: reason, Certificate: certificate, Detail: detail}
	}
	if len(certificate.Unhandled) > 0 {
		return fail(ReasonExtension, fmt.Sprintf("critical extensions %v", certificate.Unhandled))
	}
	if below != nil {
		if certificate.Version == 3 && !certificate.IsCA || certificate.Version != 3 && !s.options.Roots.Contains(certificate) {
			return fail(ReasonNotCA, "issuer is not a CA")
		}
		if certificate.HasKeyUsage && certificate.KeyUsage&UsageCertSign == 0 {
			return fail(ReasonNotCA, "issuer may not sign certificates")
		}
		if certificate.PathLen >= 0 && intermediates(below) > certificate.PathLen {
			return fail(ReasonPathLen, fmt.Sprintf("pathLenConstraint %d", certificate.PathLen))
		}
	}
	if !s.options.IgnorePeriods {
		if s.options.At.Before(certificate.NotBefore) {
			return fail(ReasonNotYetValid, "begins "+certificate.NotBefore.Format(time.RFC3339))
		}
		if s.options.At.After(certificate.NotAfter) {
			return fail(ReasonExpired, "ended "+certificate.NotAfter.Format(time.RFC3339))
		}
	}
	return nil
}

// intermediates counts the CA certificates below an issuer that are not self-issued (RFC 5280 4.2.1.9).
func intermediates(below []*Certificate) int {
	count := 0
	for _, certificate := range below[1:] {
		if string(certificate.Subject.Raw) != string(certificate.Issuer.Raw) {
			count++
		}
	}
	return count
}

// extend tries every possible issuer of the path's last certificate, trusted ones first.
func (s *chainSearch) extend(path []*Certificate) []*Certificate {
	last := path[len(path)-1]
	if len(path) == maxChainLength {
		s.note(&ChainError{Reason: ReasonBudget, Certificate: last, Detail: fmt.Sprintf("path longer than %d", maxChainLength)})
		return nil
	}
	for _, pool := range []*Pool{s.options.Roots, s.options.Intermediates} {
		trusted := pool == s.options.Roots
		for _, issuer := range pool.issuersOf(last) {
			if !trusted && (s.options.Roots.Contains(issuer) || onPath(path, issuer)) {
				continue
			}
			if s.visits++; s.visits > 4*maxSignatureChecks || s.checks >= maxSignatureChecks {
				s.note(&ChainError{Reason: ReasonBudget, Certificate: last, Detail: "too many possible issuers"})
				return nil
			}
			if err := s.check(last, issuer); err != nil {
				// A key of the same name that did not sign says something only when it is the one that should have:
				// a trusted root, or the issuer that the key identifier names.
				if trusted || sameKeyID(last, issuer) {
					s.note(&ChainError{Reason: ReasonChain, Certificate: last, Detail: "signature of the issuer does not verify", Cause: err})
				}
				continue
			}
			longer := append(path[:len(path):len(path)], issuer)
			if failure := s.judge(issuer, path); failure != nil {
				s.note(failure)
				continue
			}
			if trusted {
				return longer
			}
			if chain := s.extend(longer); chain != nil {
				return chain
			}
		}
	}
	return nil
}

// check verifies one signature, once.
func (s *chainSearch) check(child, issuer *Certificate) error {
	fresh, err := s.memo.check(child, issuer, func() error { return child.checkSignatureFrom(issuer, s.memo) })
	if fresh {
		s.checks++
	}
	return err
}

// onPath tells a certificate whose name and key are on the path already: a loop, also through cross-certificates.
func onPath(path []*Certificate, certificate *Certificate) bool {
	for _, have := range path {
		if string(have.Subject.Raw) == string(certificate.Subject.Raw) && string(have.RawKeyInfo) == string(certificate.RawKeyInfo) {
			return true
		}
	}
	return false
}

func sameKeyID(child, issuer *Certificate) bool {
	return len(child.AuthorityKeyID) > 0 && string(child.AuthorityKeyID) == string(issuer.SubjectKeyID)
}
