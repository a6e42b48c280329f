package verify

import (
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// clockTolerance is how far the clocks of signer, time-stamping authority and judge may differ (security row S-23).
const clockTolerance = 5 * time.Minute

// proof is the moment that a token proves: what was stamped existed at latest, which is genTime with its accuracy. The zero
// proof proves nothing.
type proof struct{ at, latest time.Time }

func (p proof) proven() bool { return !p.at.IsZero() }

// clears tells whether a revocation came after the proven moment.
func (p proof) clears(revokedAt time.Time) bool { return p.proven() && revokedAt.After(p.latest) }

// earlier is the proof that proves more.
func (p proof) earlier(other proof) proof {
	if !p.proven() || other.proven() && other.latest.Before(p.latest) {
		return other
	}
	return p
}

// timestamp is step h of GB/T 38540-2020 7.3: a token over a signature value, that of a seal signature or of a V5 seal. A token
// that does not hold speaks against the file, one whose authority is not trusted leaves it open (S-24); only one that holds in
// every step proves a time. claimed is the time that what was stamped says of itself.
func (s *signatureJudge) timestamp(input, value []byte, claimed time.Time, clause string) proof {
	token, err := tst.Parse(input)
	if err != nil {
		s.failed("timestamp", tst.Code(err), err.Error())
		return proof{}
	}
	if s.options.Seen != nil {
		s.options.Seen.Tokens = append(s.options.Seen.Tokens, token.Raw)
		for _, c := range token.Certificates {
			s.options.Seen.certificate(c)
		}
	}
	holds := true
	find := func(err error) {
		holds = false
		if tst.NotKnown(err) {
			s.unknown("timestamp", tst.Code(err), err.Error())
			return
		}
		s.failed("timestamp", tst.Code(err), err.Error())
	}
	deviate := func(name string) {
		if s.options.Strict {
			holds = false
			s.failed("timestamp", "TS_FORMAT", name)
			return
		}
		s.reason("deviation", name)
	}
	if variant, err := stamps(token.Info.Imprint, value); err != nil {
		find(err)
	} else if variant != "" {
		deviate(variant)
	}
	judged := token.Judge(tst.Options{Roots: s.options.anchors.Pool(trustlist.TimeStamp, token.Info.GenTime), Intermediates: s.options.Intermediates, Evidence: s.options.Evidence(), At: s.options.At, Tolerance: clockTolerance, Memo: s.options.Memo})
	for _, finding := range judged.Findings {
		find(finding)
	}
	for _, d := range judged.Deviations {
		deviate(string(d))
	}
	if claimed.After(token.Latest().Add(clockTolerance)) { // stamped before it was made
		find(tst.ErrTime)
	}
	if !holds {
		return proof{}
	}
	s.passed("timestamp")
	s.out.Checks[len(s.out.Checks)-1].Clause = clause
	return proof{token.Info.GenTime, token.Latest()}
}

// stamps compares an imprint with a signature value. The standard's reading is SM3 of the content of the BIT STRING (seal.md
// section 3). Other readings that bind the same value, and other strong digests, are named as variants.
func stamps(imprint tst.Imprint, value []byte) (variant string, err error) {
	if oid := imprint.Algorithm.OID; oid != pki.OIDSM3 {
		variant = "messageImprint by " + oid
	}
	err = imprint.Check(value)
	if !errors.Is(err, tst.ErrImprint) {
		return variant, err
	}
	other := map[string][]byte{"messageImprint of the encoded BIT STRING": der.EncodeBitString(value)}
	if raw, failure := pki.SM2SignatureToRaw(value); failure == nil {
		other["messageImprint of r‖s"] = raw
	} else if encoded, failure := pki.SM2SignatureFromRaw(value); failure == nil {
		other["messageImprint of DER {r,s}"] = encoded
	}
	for name, octets := range other {
		if imprint.Check(octets) == nil {
			return name, nil
		}
	}
	return "", err
}

// sealTimestamp judges the token of a V5 seal, over the maker's signature value (GM/T 0031-2025).
func (s *signatureJudge) sealTimestamp(value, token []byte, made time.Time) proof {
	if token == nil {
		return proof{}
	}
	return s.timestamp(token, value, made, "GM/T 0031-2025")
}
