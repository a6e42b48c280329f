package verdict_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/web/verdict"
)

// TestTheSentenceNamesWhatTheReportKnows: days, pages and names stand in the sentence where the reason that decided has them, and nothing is made up
// where it has not.
func TestTheSentenceNamesWhatTheReportKnows(t *testing.T) {
	seal := `"seal":{"name":"S","valid_from":"2020-01-01T00:00:00Z","valid_to":"2024-12-31T16:00:00Z"},"signing_time":"%s","checks":[{"name":"seal_period","status":"%s"}]`
	for name, c := range map[string]struct{ report, want string }{
		"no fact":                    {`"code":"V00","verdict":"valid"`, "verify.next.V00"},
		"licence ran out":            {`"code":"V12","verdict":"invalid","reasons":[{"code":"license_expired","detail":"2025-01-31"}]`, "verify.next.V12.until date=2025-01-31"},
		"licence not yet in force":   {`"code":"V12","verdict":"invalid","reasons":[{"code":"license_not_yet_valid","detail":"2027-02-01"}]`, "verify.next.V12.from date=2027-02-01"},
		"odd day":                    {`"code":"V12","verdict":"invalid","reasons":[{"code":"license_expired","detail":"长期"}]`, "verify.next.V12"},
		"day of a report of before":  {`"code":"V12","verdict":"invalid","reasons":[{"code":"license_expired"}]`, "verify.next.V12"},
		"copy ran out":               {`"code":"V12","verdict":"invalid","reasons":[{"code":"copy_expired","detail":"x"}]`, "verify.next.V12.copy"},
		"code ran out":               {`"code":"V12","verdict":"invalid","reasons":[{"code":"code_expired"}]`, "verify.next.V12.code"},
		"code of the future":         {`"code":"V12","verdict":"invalid","reasons":[{"code":"code_not_yet_valid"}]`, "verify.next.V12.code"},
		"ended, day known":           {`"code":"V10","verdict":"invalid","reasons":[{"code":"license_ended","detail":"2026-03-04"}]`, "verify.next.V10.since date=2026-03-04"},
		"ended, by a list":           {`"code":"V10","verdict":"invalid","reasons":[{"code":"license_ended"}]`, "verify.next.V10"},
		"replaced":                   {`"code":"V13","verdict":"invalid","reasons":[{"code":"license_replaced","detail":"3"}]`, "verify.next.V13.version version=3"},
		"replaced, by a list":        {`"code":"V13","verdict":"invalid","reasons":[{"code":"license_replaced"}]`, "verify.next.V13"},
		"list too old":               {`"code":"V01","verdict":"indeterminate","reasons":[{"code":"license_status_stale"}],"license":{"status_time":"2026-05-06T01:02:03Z"}`, "verify.next.V01.stale date=2026-05-06"},
		"no list":                    {`"code":"V01","verdict":"indeterminate","reasons":[{"code":"license_status_unknown"}],"license":{}`, "verify.next.V01"},
		"pages of all signatures":    {`"code":"V20","verdict":"invalid","signatures":[{"references":{"pages":[3,1]}},{"references":{"pages":[3]}},{}]`, "verify.next.V20.pages pages=1, 3"},
		"more pages than one counts": {`"code":"V20","verdict":"invalid","signatures":[{"references":{"pages":[1,2,3,4,5,6,7,8,9,10,11]}}]`, "verify.next.V20.pages pages=1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"},
		"changed beside the pages":   {`"code":"V20","verdict":"invalid","signatures":[{"references":{"mismatched":["/x"]}}]`, "verify.next.V20"},
		"seal past its time":         {`"code":"V23","verdict":"invalid","signatures":[{` + fmt.Sprintf(seal, "2025-06-01T00:00:00Z", "failed") + `}]`, "verify.next.V23.period at=2025-06-01 until=2024-12-31"},
		"seal before its time":       {`"code":"V23","verdict":"invalid","signatures":[{` + fmt.Sprintf(seal, "2019-06-01T00:00:00Z", "failed") + `}]`, "verify.next.V23"},
		"seal suspended":             {`"code":"V23","verdict":"invalid","signatures":[{` + fmt.Sprintf(seal, "2025-06-01T00:00:00Z", "passed") + `}]`, "verify.next.V23"},
		"unknown authority":          {`"code":"V24","verdict":"indeterminate","signatures":[{},{"signer":{"issuer":"CN=Some CA\\,x,O=Org"}}]`, "verify.next.V24.name name=Some CA,x"},
		"unknown, by organisation":   {`"code":"V24","verdict":"indeterminate","signatures":[{"signer":{"issuer":"O=Org"}}]`, "verify.next.V24.name name=Org"},
		"nobody signed by name":      {`"code":"V24","verdict":"indeterminate"`, "verify.next.V24"},
		"a link":                     {`"code":"V41","verdict":"invalid","reasons":[{"code":"code_foreign","detail":"evil.example"}]`, "verify.next.V41.link host=evil.example"},
		"an unknown key":             {`"code":"V41","verdict":"invalid","reasons":[{"code":"code_unknown_key","detail":"x"}]`, "verify.next.V41"},
	} {
		results, err := verdict.Read([]byte(`{"results":[{`+c.report+`}]}`), "en")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		next := results[0].Next
		got := []string{next.Key}
		for _, key := range slices.Sorted(maps.Keys(next.Text)) {
			got = append(got, key+"="+next.Text[key])
		}
		for _, key := range slices.Sorted(maps.Keys(next.Days)) {
			got = append(got, key+"="+next.Days[key].Format("2006-01-02"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), c.want)
		}
	}
}
