package licensefile

import (
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// elsewhere judges a licence once more that no authority here vouches for, by what the platform of its region published. In whose name it
// speaks decides: a region that signed what is not its own to issue is named, and the licence is invalid (L-09).
func elsewhere(name string, data []byte, o Options, own verify.Result, parties []string) verify.Result {
	if len(parties) == 0 || !has(own, "untrusted_root") {
		return own
	}
	for _, r := range o.Regions {
		if !signedIn(own, r) {
			continue
		}
		note := r.Publisher + " " + r.Issued.Format(time.RFC3339)
		if !r.Current(o.At) || r.Judge(r.Confirmed, o.At) != nil {
			judge.AddReason(&own, reasonRegionStale, o.Locale, note)
			continue
		}
		inside := o.inside(r)
		result, _ := judgeFile(name, data, inside)
		if has(result, "untrusted_root") {
			continue
		}
		j := &licenseJudge{result: &result, options: inside}
		j.reason(reasonRegion, note)
		for _, party := range parties {
			if !r.Covers(party) {
				j.reason(reasonRegionScope, party)
			}
		}
		validCode := result.Code
		if result.Verdict != verify.Valid {
			validCode = "V00" // which no verdict will be
		}
		j.conclude(true, validCode)
		return result
	}
	return own
}

func has(result verify.Result, code string) bool {
	return slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == code })
}

// signedIn tells whether a signer's certificate names an authority of the region as its issuer, which spares the second judgement of files that
// cannot be the region's.
func signedIn(result verify.Result, r *region.Vouched) bool {
	return slices.ContainsFunc(result.Signatures, func(s verify.Signature) bool { return s.Signer != nil && r.IssuedBy(s.Signer.Issuer) })
}

// inside are the options of a judgement with the authorities and lists of a region, and with nothing that is known here.
func (o Options) inside(r *region.Vouched) Options {
	return Options{Options: verify.Options{
		Roots: pki.NewPool(r.RootCertificate), Intermediates: pki.NewPool(r.Intermediates...), CRLs: r.Revoked, More: o.More, At: o.At, Strict: o.Strict, Locale: o.Locale,
		Limits: o.Limits, Memo: o.Memo, Seen: o.Seen, SealLists: r.SealStatus,
	}.Resolved(), StatusLists: r.StatusLists}
}
