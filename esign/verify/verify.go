package verify

import (
	"bytes"
	"encoding/hex"
	"path"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Options say what is trusted, what evidence there is, and when the judgement is made.
type Options struct {
	Roots         *pki.Pool // nil trusts nobody
	Intermediates *pki.Pool
	CRLs          []*pki.CRL
	OCSP          []*pki.OCSPResponse
	// More is asked for revocation evidence about certificates of trusted chains that none of the above knows; nil asks nobody
	// (pki.Evidence).
	More   func(certificate, issuer *pki.Certificate) (pki.Evidence, []string)
	At     time.Time // now
	Strict bool      // deviations and uncovered visible content are refused
	Locale string    // of reason and check messages: "en", else Chinese
	Limits ofd.Limits
	Memo   *pki.Memo // of what judgements before found; nil remembers within this one
	// TrustLists say which authorities are trusted for what, and when. Those count whose signer Roots vouch for.
	TrustLists *trustlist.Set
	// SealLists are status lists of seals.
	SealLists []*sealstatus.List
	// SealListOf gives one more list for a division, when a seal of it is judged that SealRegister does not know; nil for none. An error is a
	// list that was not reached.
	SealListOf func(division string) (*sealstatus.List, error)
	// SealRegister answers for the seals of a platform that judges its own; nil has none, false is a seal that it does not know. An error
	// is a register that was not reached.
	SealRegister func(code string, sm3 [32]byte) (sealstatus.Seal, bool, error)

	// Seen takes what a judgement met on its way, for reports and packages of evidence; nil for none.
	Seen *Seen

	anchors *trustlist.Anchors
}

// Seen is what a document brings along: certificates of signers, makers and time-stamping authorities, and tokens.
type Seen struct {
	Certificates []*pki.Certificate
	Tokens       [][]byte
	Seals        []string // codes
}

func (s *Seen) certificate(c *pki.Certificate) {
	if s != nil {
		s.Certificates = append(s.Certificates, c)
	}
}

// Resolved judges the trust lists, once for all that is asked of the options.
func (o Options) Resolved() Options {
	if o.anchors == nil {
		o.anchors = o.TrustLists.Resolve(o.Roots, o.Intermediates, o.CRLs, o.At)
	}
	return o
}

// Services are the authorities whose services may declare states and keys.
func (o Options) Services() *pki.Pool { return o.Resolved().anchors.Pool(trustlist.Service, o.At) }

// AnchorsFor are the authorities that may end a chain for a use at a moment.
func (o Options) AnchorsFor(use trustlist.Use, at time.Time) *pki.Pool {
	return o.Resolved().anchors.Pool(use, at)
}

func (o Options) withDefaults() Options {
	if o.Roots == nil {
		o.Roots = pki.NewPool()
	}
	if o.Intermediates == nil {
		o.Intermediates = pki.NewPool()
	}
	if o.Limits.Entries == 0 {
		o.Limits = ofd.DefaultLimits()
	}
	if o.Memo == nil {
		o.Memo = &pki.Memo{}
	}
	return o.Resolved()
}

// Document is the result together with what it was judged from, for leaves that judge further (licences).
type Document struct {
	Result  Result
	Package *ofd.Package // nil when the file is no OFD or could not be opened
}

// Verify judges one file. The name helps only to tell what a broken file claims to be. It never fails: what cannot be
// judged is part of the result.
func Verify(name string, data []byte, options Options) Result {
	return VerifyDocument(name, data, options).Result
}

// Value judges a bare seal signature over content of which only the SM3 is known: where Verify cannot say whether it binds anything, this
// compares dataHash with it (GB/T 38540-2020 7.3 e). What is no seal signature is judged as Verify does.
func Value(name string, value, sum []byte, options Options) Result {
	return judge(name, value, sum, options.withDefaults()).Result
}

// VerifyDocument is Verify for callers that judge further.
func VerifyDocument(name string, data []byte, options Options) Document {
	return judge(name, data, nil, options.withDefaults())
}

func judge(name string, data, content []byte, options Options) Document {
	sum := options.Memo.SM3
	if !bytes.HasPrefix(data, []byte{0x30}) { // only a bare seal comes again and again
		sum = sm3.Sum
	}
	whole := sum(data)
	j := &judgement{options: options, content: content}
	j.result = Result{File: path.Base(strings.ReplaceAll(name, `\`, "/")), Format: "unknown", SM3: hex.EncodeToString(whole[:]), Reasons: []Reason{}, Signatures: []Signature{}}
	j.dispatch(strings.ToLower(path.Ext(j.result.File)), data)
	j.judge.Conclude(&j.result, options.Strict, "V00")
	return Document{Result: j.result, Package: j.pkg}
}

// judgement is one file being judged.
type judgement struct {
	options Options
	judge   Judge
	result  Result
	pkg     *ofd.Package
	content []byte // SM3 of what a bare seal signature is over, where it is known
}

// Evidence is what says whether certificates are revoked.
func (o Options) Evidence() pki.Evidence {
	return pki.Evidence{CRLs: o.CRLs, OCSP: o.OCSP, More: o.More}
}

func (j *judgement) reason(code, detail string) {
	j.judge.AddReason(&j.result, code, j.options.Locale, detail)
}

// dispatch finds out what the file is, by content first and by name for broken ones.
func (j *judgement) dispatch(extension string, data []byte) {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06")) || extension == ".ofd":
		j.result.Format = "ofd"
		j.ofd(data)
	case bytes.HasPrefix(data, []byte("%PDF-")) || extension == ".pdf":
		j.result.Format = "pdf"
		j.pdf(data)
	case len(data) > 0 && data[0] == 0x30:
		j.der(extension, data)
	case extension == ".esl":
		j.result.Format = "seal"
		j.reason("SEAL_FORMAT", "")
	case extension == ".dat":
		j.result.Format = "seal_signature"
		j.reason("SIG_FORMAT", "")
	default:
		j.reason("format_unknown", "")
	}
}

// der tells seals, seal signatures and signed messages apart by their shape. A file that is none of them is what its
// name claims, broken.
func (j *judgement) der(extension string, data []byte) {
	if signature, err := ses.ParseSignature(data); err == nil {
		j.result.Format = "seal_signature"
		j.bareSignature(signature)
		return
	}
	if seal, err := ses.ParseSeal(data); err == nil {
		j.result.Format = "seal"
		j.bareSeal(seal)
		return
	}
	if message, err := pki.ParseSignedData(data); err == nil {
		j.result.Format = "seal_signature"
		j.bareMessage(message)
		return
	}
	switch extension {
	case ".esl":
		j.result.Format = "seal"
		j.reason("SEAL_FORMAT", "")
	case ".dat":
		j.result.Format = "seal_signature"
		j.reason("SIG_FORMAT", "")
	default:
		j.reason("format_unknown", "")
	}
}

func (j *judgement) bareSeal(seal *ses.Seal) {
	s := j.newSignature("", "seal", string(seal.Structure))
	s.deviations(seal.Deviations)
	s.seal(seal, j.options.At, true)
	s.finish()
}

func (j *judgement) bareSignature(signature *ses.Signature) {
	s := j.newSignature("", "seal", string(signature.Structure))
	s.sealSignature(signature, nil)
	switch {
	case j.content == nil:
		s.unknown("data_hash", "content_missing", "")
	case bytes.Equal(signature.DataHash, j.content):
		s.passed("data_hash")
	default:
		s.failed("data_hash", "DATA_HASH", "")
	}
	s.finish()
}

func (j *judgement) bareMessage(message *pki.SignedData) {
	s := j.newSignature("", "sign", "cms")
	s.message(message, nil)
	if !message.HasContent {
		s.unknown("data_hash", "content_missing", "")
	}
	s.finish()
}
