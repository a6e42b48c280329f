// Package offline is the verifier without files, clock and network: what the SDK, the command line and the browser share,
// so that all of them print the same octets for the same input. Programs use it through the SDK's root package.
package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Bounds of what is read (security rule R11), in octets.
const (
	MaxDocument  = 200 << 20
	MaxTrustFile = 32 << 20
)

// ErrTrust is a file of trust that is of no known kind, or too large.
var ErrTrust = errors.New("neither certificate, CRL, OCSP response, trust list, status list, key bundle, licence type nor keys of a transparency log")

// ErrOlder is a trust list whose address is known with a higher number.
var ErrOlder = trustlist.ErrOlder

// Locales of a report.
var Locales = []string{"zh-CN", "en"}

// Verifier judges sealed files, licences and presentation codes without any network. Set it up first; then many
// goroutines may verify with it.
type Verifier struct {
	options licensefile.Options
	asking  Asking
}

// Asking begins a judgement at a moment, and gives what asks others for revocation evidence in it (pki.Evidence.More).
type Asking func(at time.Time) func(certificate, issuer *pki.Certificate) (pki.Evidence, []string)

// SetAsking lets judgements ask where revocation evidence is missing; without it nobody is asked. How is the caller's: this package has no
// network.
func (v *Verifier) SetAsking(asking Asking) { v.asking = asking }

// New trusts nobody yet.
func New() *Verifier {
	v := &Verifier{}
	v.options.Roots, v.options.Intermediates, v.options.Memo = pki.NewPool(), pki.NewPool(), &pki.Memo{}
	v.options.TrustLists = &trustlist.Set{}
	return v
}

// SetTime fixes the moment of judgement; the zero time is the one that the caller of Verify gives.
func (v *Verifier) SetTime(at time.Time) { v.options.At = at }

// SetStrict refuses deviations and uncovered visible content.
func (v *Verifier) SetStrict(strict bool) { v.options.Strict = strict }

// SetLocale chooses the language of reasons and checks: "zh-CN" or "en".
func (v *Verifier) SetLocale(locale string) { v.options.Locale = locale }

// SetPageText compares the codes that are judged with the text of the page on which they stand, as somebody typed or read it: blanks at ends of lines and empty lines do
// not count. A code that is that of no paper copy with this text is V20; an empty text compares nothing.
func (v *Verifier) SetPageText(text string) { v.options.PageText = text }

// SetChallenge is the nonce of the request that the codes answer, 8 octets: a code that answers another one, or none, is V41, and one that answers it needs no network to be
// told from a forwarded picture. nil where nobody asked.
func (v *Verifier) SetChallenge(nonce []byte) { v.options.Challenge = nonce }

// AddTrustBytes adds the content of one file: certificates (PEM or DER; self-signed ones are trusted as roots, the others
// help to build chains), a CRL, an OCSP response, a signed trust list, a signed status list (of licences or of seals) or delta, the key
// bundle of presentation codes, a signed package of a licence type, a region with what a platform decided about it, or keys of transparency logs and their witnesses (one a line). The signatures of lists and bundles are judged at each use. A trust list that is older than a known one
// is ErrOlder and changes nothing; other errors wrap ErrTrust.
func (v *Verifier) AddTrustBytes(content []byte) error {
	if len(content) > MaxTrustFile {
		return fmt.Errorf("%w: larger than %d octets", ErrTrust, MaxTrustFile)
	}
	if trustlist.Is(content) {
		return v.addTrustList(content)
	}
	if region.IsVouched(content) {
		vouched, err := region.OpenVouched(content)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrTrust, err)
		}
		v.options.Regions = append(v.options.Regions, vouched)
		return nil
	}
	return v.addEvidence(content)
}

// addTrustList takes a list and what it carries, which is evidence and never another list.
func (v *Verifier) addTrustList(content []byte) error {
	list, err := trustlist.Open(content)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTrust, err)
	}
	if err := v.options.TrustLists.Add(list); err != nil {
		return err
	}
	for _, carried := range list.Carried {
		if bundle, err := presentation.OpenBundle(carried); err == nil {
			v.options.Bundles = append(v.options.Bundles, bundle)
		}
	}
	return nil
}

func (v *Verifier) addEvidence(content []byte) error {
	if certs, err := pki.ParseCertificates(content); err == nil {
		for _, cert := range certs {
			if cert.IsSelfSigned() {
				v.options.Roots.Add(cert)
			} else {
				v.options.Intermediates.Add(cert)
			}
		}
		return nil
	}
	if crl, err := pki.ParseCRL(content); err == nil {
		v.options.CRLs = append(v.options.CRLs, crl)
		return nil
	}
	if response, err := pki.ParseOCSPResponse(content); err == nil && response.Status == pki.OCSPSuccessful {
		v.options.OCSP = append(v.options.OCSP, response)
		return nil
	}
	if list, err := statuslist.Open(content); err == nil {
		v.options.StatusLists = append(v.options.StatusLists, list)
		return nil
	}
	if delta, err := statuslist.OpenDelta(content); err == nil {
		v.options.Deltas = append(v.options.Deltas, delta)
		return nil
	}
	if bundle, err := presentation.OpenBundle(content); err == nil {
		v.options.Bundles = append(v.options.Bundles, bundle)
		return nil
	}
	if licenseType, err := typepackage.Open(content); err == nil {
		v.options.Types = append(v.options.Types, licenseType)
		return nil
	}
	if seals, err := sealstatus.Open(content); err == nil {
		v.options.SealLists = append(v.options.SealLists, seals)
		return nil
	}
	if known, err := translog.ParseKeys(string(content)); err == nil {
		for _, k := range known {
			if k.Cosigns() {
				v.options.Log.Witnesses = append(v.options.Log.Witnesses, k)
			} else {
				v.options.Log.Log = append(v.options.Log.Log, k)
			}
		}
		return nil
	}
	return ErrTrust
}

// VerifyAt judges one file, a package of evidence, or a text that holds one presentation code, at the moment of SetTime, else at now. It never
// fails and never panics: what cannot be judged is part of the result.
func (v *Verifier) VerifyAt(now time.Time, name string, data []byte) verify.Result {
	return v.JudgeAt(now, name, data, evidence.Judge)
}

// JudgeAt is VerifyAt with another judge, for what only some channels read.
func (v *Verifier) JudgeAt(now time.Time, name string, data []byte, judge func(name string, data []byte, options licensefile.Options) verify.Result) verify.Result {
	return guard(name, data, func() verify.Result {
		options := v.options
		if options.At.IsZero() {
			options.At = now
		}
		if v.asking != nil {
			options.More = v.asking(options.At)
		}
		return judge(name, data, options)
	})
}

// guard turns a panic into a result that proves nothing: a hostile file that finds a fault of ours must neither stop a
// portal nor be taken for genuine.
func guard(name string, data []byte, judge func() verify.Result) (result verify.Result) {
	defer func() {
		if recover() != nil {
			result = Failed(name, data)
		}
	}()
	return judge()
}

// Failed is the result when the verifier itself failed on a file.
func Failed(name string, data []byte) verify.Result {
	return verify.Result{
		File: path.Base(strings.ReplaceAll(name, `\`, "/")), Format: "unknown", SM3: digest.Hex(data), Verdict: verify.Indeterminate, Code: "V31", Message: verify.Banner("V31"),
		Reasons: []verify.Reason{{Code: "internal", Message: "the verifier failed on this file; please report it"}}, Signatures: []verify.Signature{},
	}
}

// Encode writes a report as the command line and the browser give it: indented JSON with a line break at the end.
func Encode(report verify.Report) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return out.Bytes(), nil
}
