package verdict

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Next is the sentence below the headline: what it means and what to do now. It names days, pages and names where the report has them.
type Next struct {
	Key  string               // message, verify.next.V12.until
	Text map[string]string    // placeholders as they are
	Days map[string]time.Time // placeholders that the language of the page writes as days
}

// days are how a report writes a day (licences) and a moment.
const dayForm = "2006-01-02"

// nextOf chooses the sentence by the reason that decided, so that nobody is told that a licence ran out where a code did. What a report does not
// have, or writes otherwise than expected, leaves the sentence of the code alone.
func nextOf(r reportResult) Next {
	plain := Next{Key: "verify.next." + r.Code}
	with := func(kind string) Next { return Next{Key: plain.Key + "." + kind} }
	detail := func(code string) string {
		for _, reason := range r.Reasons {
			if reason.Code == code {
				return reason.Detail
			}
		}
		return ""
	}
	has := func(code string) bool {
		return slices.ContainsFunc(r.Reasons, func(reason ReportReason) bool { return reason.Code == code })
	}
	day := func(kind, reason string) (Next, bool) {
		at, err := time.ParseInLocation(dayForm, detail(reason), china)
		n := with(kind)
		n.Days = map[string]time.Time{"date": at}
		return n, err == nil
	}
	text := func(kind, name, value string) (Next, bool) {
		n := with(kind)
		n.Text = map[string]string{name: value}
		return n, value != ""
	}
	var n Next
	var found bool
	switch r.Code {
	case "V01":
		if l := r.License; has("license_status_stale") && l != nil && l.StatusTime != nil {
			n, found = with("stale"), true
			n.Days = map[string]time.Time{"date": *l.StatusTime}
		}
	case "V10":
		n, found = day("since", "license_ended")
	case "V12":
		switch {
		case has("license_expired"):
			n, found = day("until", "license_expired")
		case has("license_not_yet_valid"):
			n, found = day("from", "license_not_yet_valid")
		case has("copy_expired"), has("copy_not_yet_valid"):
			n, found = with("copy"), true
		case has("code_expired"), has("code_not_yet_valid"):
			n, found = with("code"), true
		}
	case "V13":
		n, found = text("version", "version", detail("license_replaced"))
	case "V20":
		n, found = text("pages", "pages", changedPages(r.Signatures))
	case "V23":
		n, found = sealPeriod(r, with("period"))
	case "V24":
		n, found = text("name", "name", unknownIssuer(r))
	case "V41":
		n, found = text("link", "host", detail("code_foreign"))
	}
	if !found {
		return plain
	}
	return n
}

// china is the time of Beijing, in which licences count days.
var china = time.FixedZone("UTC+8", 8*3600)

// maxPagesNamed bounds how many numbers of pages a sentence holds.
const maxPagesNamed = 10

// changedPages are the numbers of the pages that changed, of all signatures.
func changedPages(signatures []ReportSignature) string {
	var numbers []int
	for _, s := range signatures {
		if s.References != nil {
			numbers = append(numbers, s.References.Pages...)
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var words []string
	for i, n := range numbers {
		if i == maxPagesNamed {
			words = append(words, "…")
			break
		}
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ", ")
}

// sealPeriod tells until when a seal was good and when it was used, where that is what speaks against it.
func sealPeriod(r reportResult, n Next) (Next, bool) {
	for _, s := range r.Signatures {
		outside := slices.ContainsFunc(s.Checks, func(c ReportCheck) bool { return c.Name == "seal_period" && c.Status == "failed" })
		if outside && s.Seal != nil && s.SigningTime != nil && s.SigningTime.After(s.Seal.ValidTo) {
			n.Days = map[string]time.Time{"until": s.Seal.ValidTo, "at": *s.SigningTime}
			return n, true
		}
	}
	return Next{}, false
}

// unknownIssuer names who issued the certificate of the first signer, if nobody vouches for that name: a claim that is told as such.
func unknownIssuer(r reportResult) string {
	for _, s := range r.Signatures {
		if s.Signer == nil {
			continue
		}
		if name := partOf(s.Signer.Issuer, "CN"); name != "" {
			return name
		}
		return partOf(s.Signer.Issuer, "O")
	}
	return ""
}
