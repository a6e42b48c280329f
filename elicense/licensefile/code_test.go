package licensefile_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// service is somebody who signs evidence.
type service struct {
	name   string
	public *ecdsa.PublicKey
	chain  [][]byte
	sign   statuslist.SignFunc
}

func serviceOf(t testing.TB, w *licensetest.World, usage keys.Usage) service {
	t.Helper()
	ctx := context.Background()
	info, err := w.Keys.Ensure(ctx, keys.Spec{Usage: usage, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := w.Keys.Provider().Signer(ctx, info.ID, usage)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := w.Chain(ctx, info)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	return service{certificate.Subject.CommonName(), signer.Public().(*ecdsa.PublicKey), chain, func(m []byte) ([]byte, error) { return signer.SignMessage(ctx, m) }}
}

const statusBase = licensetest.BaseURL + "/codes/"

func (s service) list(t testing.TB, uri string, number uint64, issued time.Time, status statuslist.Status) *statuslist.List {
	t.Helper()
	l := statuslist.New(uri, number, issued, issued.Add(12*time.Hour))
	l.Set(7, status)
	raw, err := l.Sign(s.chain, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = statuslist.Open(raw); err != nil {
		t.Fatal(err)
	}
	return l
}

func (s service) delta(t testing.TB, uri string, number uint64, since, issued time.Time, pids ...[16]byte) *statuslist.Delta {
	t.Helper()
	var ids [][8]byte
	for _, pid := range pids {
		ids = append(ids, statuslist.ShortID(pid[:]))
	}
	raw, err := statuslist.NewDelta(uri, number, since, issued, issued.Add(time.Hour), ids).Sign(s.chain, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	d, err := statuslist.OpenDelta(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s service) bundle(t testing.TB, number uint64, issued time.Time, entries ...presentation.Key) *presentation.Bundle {
	t.Helper()
	raw, err := presentation.Bundle{Number: number, Issued: issued, NextUpdate: issued.Add(24 * time.Hour), Keys: entries}.Sign(s.chain, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	b, err := presentation.OpenBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// paper is a printed code.
func (s service) paper(t testing.TB, v presentation.View) string {
	t.Helper()
	v.Fields = map[int]string{1: "甲"}
	token, err := presentation.Mint(v, s.public, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	text, err := presentation.Paper(token)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func reasons(r verify.Result) string {
	var codes []string
	for _, reason := range r.Reasons {
		codes = append(codes, reason.Code)
	}
	return strings.Join(codes, " ")
}

// TestStatusOfACode: which list or delta answers for a code, and when none does.
func TestStatusOfACode(t *testing.T) {
	w, elsewhere := newWorld(t), newWorld(t)
	now := w.Now()
	issuer, lister, other, stranger := serviceOf(t, w, keys.UsagePresent), serviceOf(t, w, keys.UsageStatusList), serviceOf(t, w, keys.UsageTrustList), serviceOf(t, elsewhere, keys.UsageStatusList)
	key := presentation.Key{
		Public: issuer.public, Issuer: licensetest.AuthorityName, TypeCodes: []string{licensetest.BusinessLicense, licensetest.OutsideType}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		StatusBase: statusBase, StatusSigner: lister.name,
	}
	pid := [16]byte{1, 2, 3}
	view := presentation.View{TypeCode: licensetest.BusinessLicense, PID: pid, IssuedAt: now, Life: 24 * time.Hour}
	short := issuer.paper(t, view)
	view.Life, view.Status = 48*time.Hour, &presentation.StatusEntry{List: 3, Index: 7}
	long := issuer.paper(t, view)
	view.TypeCode = licensetest.OutsideType
	outside := issuer.paper(t, view)

	ofHasty := other.typePackage(t, read(t, licensetest.Outside(t, `"status_fresh_hours": 24`, `"status_fresh_hours": 4`)), now)
	hit, clean := lister.delta(t, statusBase+"delta", 2, now.Add(-time.Hour), now, pid), lister.delta(t, statusBase+"delta", 1, now.Add(-time.Hour), now)
	const uri = statusBase + "3"
	good := lister.list(t, uri, 5, now, statuslist.InForce)
	bundle := other.bundle(t, 1, now, key)
	deltas := func(list ...*statuslist.Delta) licensefile.Options { return licensefile.Options{Deltas: list} }
	lists := func(list ...*statuslist.List) licensefile.Options { return licensefile.Options{StatusLists: list} }
	typed := lists(good)
	typed.Types = []*typepackage.Package{ofHasty}
	found := lists()
	found.FindList = func(asked string) *statuslist.List {
		if asked != uri {
			return nil
		}
		return lister.list(t, uri, 6, now, statuslist.Replaced)
	}
	for name, c := range map[string]struct {
		text    string
		options licensefile.Options
		after   time.Duration
		want    string // verdict, status, its source, reasons
	}{
		"no delta":                             {short, deltas(), 0, "indeterminate unknown none license_status_unknown"},
		"a delta":                              {short, deltas(clean), 0, "valid valid list"},
		"a delta that names the code":          {short, deltas(hit), 0, "indeterminate unknown list code_status_change"},
		"the newest of two":                    {short, deltas(clean, hit), 0, "indeterminate unknown list code_status_change"},
		"the newest of two, first":             {short, deltas(hit, clean), 0, "indeterminate unknown list code_status_change"},
		"the first of one number":              {short, deltas(clean, lister.delta(t, statusBase+"delta", 1, now.Add(-time.Hour), now, pid)), 0, "valid valid list"},
		"a delta of another address":           {short, deltas(lister.delta(t, statusBase+"delta2", 1, now.Add(-time.Hour), now)), 0, "indeterminate unknown none license_status_unknown"},
		"a delta of another service":           {short, deltas(clean, other.delta(t, statusBase+"delta", 9, now.Add(-time.Hour), now, pid)), 0, "valid valid list"},
		"a delta of another root":              {short, deltas(clean, stranger.delta(t, statusBase+"delta", 9, now.Add(-time.Hour), now, pid)), 0, "valid valid list"},
		"a delta that nobody signed":           {short, deltas(statuslist.NewDelta(statusBase+"delta", 1, now.Add(-time.Hour), now, now.Add(time.Hour), nil)), 0, "indeterminate unknown none license_status_unknown"},
		"a delta that begins after the code":   {short, deltas(lister.delta(t, statusBase+"delta", 1, now.Add(time.Second), now.Add(time.Second))), 0, "indeterminate unknown list license_status_unknown"},
		"a delta of a day":                     {short, deltas(clean), 24 * time.Hour, "valid valid list"},
		"a delta of more than a day":           {short, deltas(clean), 24*time.Hour + time.Second, "indeterminate unknown list license_status_unknown"},
		"a list does not answer for it":        {short, lists(good), 0, "indeterminate unknown none license_status_unknown"},
		"no list":                              {long, deltas(clean), 0, "indeterminate unknown none license_status_unknown"},
		"a list":                               {long, lists(good), 0, "valid valid list"},
		"a list of a day":                      {long, lists(good), 24 * time.Hour, "valid valid list"},
		"a list of more than a day":            {long, lists(good), 24*time.Hour + time.Second, "indeterminate unknown list license_status_unknown"},
		"suspended":                            {long, lists(lister.list(t, uri, 6, now, statuslist.NotUsable)), 0, "invalid suspended list license_suspended"},
		"suspended, by an old list":            {long, lists(lister.list(t, uri, 6, now, statuslist.NotUsable)), 30 * time.Hour, "invalid suspended list license_suspended"},
		"ended":                                {long, lists(lister.list(t, uri, 6, now, statuslist.Ended)), 0, "invalid revoked list license_ended"},
		"the newest list":                      {long, lists(good, lister.list(t, uri, 6, now, statuslist.Ended)), 0, "invalid revoked list license_ended"},
		"the newest list, first":               {long, lists(lister.list(t, uri, 6, now, statuslist.Ended), good), 0, "invalid revoked list license_ended"},
		"the first list of one number":         {long, lists(good, lister.list(t, uri, 5, now, statuslist.Ended)), 0, "valid valid list"},
		"a list of another address":            {long, lists(good, lister.list(t, statusBase+"4", 6, now, statuslist.Ended)), 0, "valid valid list"},
		"a list of another service":            {long, lists(good, other.list(t, uri, 6, now, statuslist.Ended)), 0, "valid valid list"},
		"a list of another root":               {long, lists(good, stranger.list(t, uri, 6, now, statuslist.Ended)), 0, "valid valid list"},
		"a list as far ahead as a clock":       {long, lists(good, lister.list(t, uri, 6, now.Add(90*time.Second), statuslist.Ended)), 0, "invalid revoked list license_ended"},
		"a list from the future":               {long, lists(good, lister.list(t, uri, 6, now.Add(91*time.Second), statuslist.Ended)), 0, "valid valid list"},
		"a list that was asked for":            {long, found, 0, "invalid superseded list license_replaced"},
		"a type of nobody":                     {outside, lists(good), 24 * time.Hour, "valid valid list"},
		"a type that asks for younger lists":   {outside, typed, 4 * time.Hour, "valid valid list"},
		"a list that is older than its type's": {outside, typed, 4*time.Hour + time.Second, "indeterminate unknown list license_status_unknown"},
	} {
		options := c.options
		at := now.Add(c.after)
		own := w.Options(t)
		own.At, own.CRLs = at, freshCRLs(t, w, at)
		options.Options, options.Bundles = own.Options, []*presentation.Bundle{other.bundle(t, 2, at, key)}
		r := licensefile.VerifyCode("code.txt", c.text, options)
		if r.License == nil {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if got := strings.TrimSpace(string(r.Verdict) + " " + r.License.Status + " " + r.License.StatusSource + " " + reasons(r)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if (r.License.StatusTime != nil) != (r.License.StatusSource == "list") || r.License.TypeCode == "" {
			t.Errorf("%s: %+v", name, r.License)
		}
	}

	elsewhereKey := key
	elsewhereKey.StatusSigner = "nobody"
	for name, c := range map[string]struct {
		bundles []*presentation.Bundle
		want    string
	}{
		"no bundle":                     {nil, "code_no_bundle"},
		"a bundle that nobody signed":   {[]*presentation.Bundle{{Number: 1, Issued: now, Keys: []presentation.Key{key}}}, "code_no_bundle"},
		"a bundle of another root":      {[]*presentation.Bundle{bundle, stranger.bundle(t, 9, now, elsewhereKey)}, ""},
		"the newest of two":             {[]*presentation.Bundle{other.bundle(t, 2, now, elsewhereKey), bundle}, "license_status_unknown"},
		"the newest of two, last":       {[]*presentation.Bundle{bundle, other.bundle(t, 2, now, elsewhereKey)}, "license_status_unknown"},
		"the first of one number":       {[]*presentation.Bundle{bundle, other.bundle(t, 1, now, elsewhereKey)}, ""},
		"a bundle of a week":            {[]*presentation.Bundle{other.bundle(t, 1, now.Add(-presentation.MaxBundleAge), key)}, ""},
		"a bundle of more than a week":  {[]*presentation.Bundle{other.bundle(t, 1, now.Add(-presentation.MaxBundleAge-time.Second), key)}, "code_bundle_stale"},
		"a bundle that lacks the key":   {[]*presentation.Bundle{other.bundle(t, 1, now, presentation.Key{Public: other.public, TypeCodes: key.TypeCodes, NotBefore: key.NotBefore, NotAfter: key.NotAfter, StatusBase: statusBase, StatusSigner: lister.name})}, "code_unknown_key"},
		"a bundle of keys that may not": {[]*presentation.Bundle{other.bundle(t, 1, now, presentation.Key{Public: issuer.public, TypeCodes: []string{"x"}, NotBefore: key.NotBefore, NotAfter: key.NotAfter, StatusBase: statusBase, StatusSigner: lister.name})}, "code_issuer_scope"},
	} {
		options := w.Options(t, good)
		options.Bundles = c.bundles
		if r := licensefile.VerifyCode("code.txt", long, options); reasons(r) != c.want {
			t.Errorf("%s: %s, want %s", name, reasons(r), c.want)
		}
	}
}

// TestReportOnACode: what the answer of package presentation comes to be in a report.
func TestReportOnACode(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	code, key := &presentation.Code{View: presentation.View{TypeCode: "type"}}, &presentation.Key{}
	answer := func(s presentation.StatusAnswer) presentation.Result {
		return presentation.Result{Code: code, Key: key, Status: s}
	}
	for name, c := range map[string]struct {
		judged presentation.Result
		want   string // status, source, whether it has a time
	}{
		"no code":              {presentation.Result{Key: key}, "none"},
		"no key":               {presentation.Result{Code: code, Status: presentation.StatusAnswer{Known: true, Source: "list"}}, "none"},
		"nobody was asked":     {answer(presentation.StatusAnswer{}), "unknown none false"},
		"nobody answered":      {answer(presentation.StatusAnswer{Known: true, Source: "none"}), "unknown none false"},
		"in force":             {answer(presentation.StatusAnswer{Known: true, Source: "online", Time: at}), "valid online true"},
		"in force, of old":     {answer(presentation.StatusAnswer{Source: "list", Time: at}), "unknown list true"},
		"suspended, of old":    {answer(presentation.StatusAnswer{Status: statuslist.NotUsable, Source: "list", Time: at}), "suspended list true"},
		"something changed":    {answer(presentation.StatusAnswer{Known: true, Hit: true, Source: "list", Time: at}), "unknown list true"},
		"without a time of it": {answer(presentation.StatusAnswer{Known: true, Source: "list"}), "valid list false"},
	} {
		r := licensefile.CodeResult("", "LZ1:X", c.judged, catalog.Default(), "zh-CN")
		got := "none"
		if l := r.License; l != nil {
			got = l.Status + " " + l.StatusSource + map[bool]string{true: " true", false: " false"}[l.StatusTime != nil]
			if l.TypeCode != "type" || l.StatusTime != nil && (!l.StatusTime.Equal(at) || l.StatusTime.Location() != time.UTC) {
				t.Errorf("%s: %+v", name, l)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for name, want := range map[string]string{"": "", "a.txt": "a.txt", "/x/a.txt": "a.txt", `C:\x\a.txt`: "a.txt"} {
		if r := licensefile.CodeResult(name, "LZ1:X", presentation.Result{}, catalog.Default(), "zh-CN"); r.File != want || r.SM3 != digest.Hex([]byte("LZ1:X")) {
			t.Errorf("%q: %+v", name, r)
		}
	}
	for text, want := range map[string]string{"LZ1:X": "code_format", "https://x.example": "code_foreign"} {
		if r := licensefile.CodeResult("", text, presentation.Result{Reasons: []presentation.Reason{presentation.ReasonFormat}}, catalog.Default(), "zh-CN"); reasons(r) != want {
			t.Errorf("%s: %s", text, reasons(r))
		}
		if r := licensefile.CodeResult("", text, presentation.Result{Reasons: []presentation.Reason{presentation.ReasonExpired}}, catalog.Default(), "zh-CN"); reasons(r) != "code_expired" {
			t.Errorf("%s: %s", text, reasons(r))
		}
	}
}

// TestL12WhereALinkLeads: the host is told that a browser would open, whatever the link says before it.
func TestL12WhereALinkLeads(t *testing.T) {
	for text, want := range map[string]string{
		"https://evil.example/v/1":                      "evil.example",
		"HTTP://EVIL.EXAMPLE":                           "evil.example",
		"https://bank.example@evil.example/":            "evil.example",
		"https://bank.example:pw@a@evil.example:8443/x": "evil.example:8443",
		`https:\\evil.example\@bank.example`:            "evil.example",
		"https:evil.example/x":                          "evil.example",
		"https:///evil.example":                         "evil.example",
		"https://evil.example?@bank.example":            "evil.example",
		"https://evil.example#@bank.example":            "evil.example",
		"https://[2001:db8::1]/":                        "[2001:db8::1]",
		"https://" + strings.Repeat("a", 400):           strings.Repeat("a", 253) + "…",
	} {
		r := licensefile.Verify("code.txt", []byte(text), licensefile.Options{})
		if r.Code != "V41" || len(r.Reasons) != 1 || r.Reasons[0].Detail != want || !strings.HasSuffix(r.Reasons[0].Message, ": "+want) {
			t.Errorf("%s: %s %+v", text, r.Code, r.Reasons)
		}
	}
	for _, text := range []string{"https", "https://", "ftp://evil.example", "https://evil.example\nx", "https://evil\t.example", " https://evil.example"} {
		if r := licensefile.Verify("code.txt", []byte(text), licensefile.Options{}); r.Code == "V41" {
			t.Errorf("%q is no link alone", text)
		}
	}
}

// TestReportOnANumber: what the register answers to who asks by a number.
func TestReportOnANumber(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	for name, c := range map[string]struct {
		answer *licensefile.NumberAnswer
		want   string
	}{
		"no such number":   {nil, "indeterminate V40 license_not_found"},
		"in force":         {&licensefile.NumberAnswer{}, "valid V00 valid"},
		"ended":            {&licensefile.NumberAnswer{Status: statuslist.Ended}, "invalid V10 revoked license_ended"},
		"not yet in force": {&licensefile.NumberAnswer{Before: true}, "invalid V12 valid license_not_yet_valid"},
		"has run out":      {&licensefile.NumberAnswer{After: true}, "invalid V12 valid license_expired"},
		"days told":        {&licensefile.NumberAnswer{After: true, Until: "20261031", From: "20211101"}, "invalid V12 valid license_expired(2026-10-31)"},
		"day of its begin": {&licensefile.NumberAnswer{Before: true, Until: "20311031", From: "20261201"}, "invalid V12 valid license_not_yet_valid(2026-12-01)"},
		"odd day":          {&licensefile.NumberAnswer{After: true, Until: "2026"}, "invalid V12 valid license_expired(2026)"},
		"day of its end":   {&licensefile.NumberAnswer{Status: statuslist.Ended, Since: at.Add(15 * time.Hour)}, "invalid V10 revoked license_ended(2026-11-25)"},
		"replaced":         {&licensefile.NumberAnswer{Status: statuslist.Replaced, Since: at}, "invalid V13 superseded license_replaced"},
		"by which version": {&licensefile.NumberAnswer{Status: statuslist.Replaced, Current: 3}, "invalid V13 superseded license_replaced(3)"},
		"in force since":   {&licensefile.NumberAnswer{Since: at, Until: "20311031", From: "20211101"}, "valid V00 valid"},
	} {
		if c.answer != nil {
			c.answer.LicenseID, c.answer.TypeCode, c.answer.Time = "id", "type", at
		}
		r := licensefile.NumberResult(c.answer, "")
		got := []string{string(r.Verdict), r.Code}
		if l := r.License; l != nil {
			got = append(got, l.Status)
			if l.LicenseID != "id" || l.TypeCode != "type" || l.StatusSource != "online" || !l.StatusTime.Equal(at) || l.StatusTime.Location() != time.UTC {
				t.Errorf("%s: %+v", name, l)
			}
		}
		for _, reason := range r.Reasons {
			if reason.Detail != "" {
				reason.Code += "(" + reason.Detail + ")"
			}
			got = append(got, reason.Code)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for locale, alike := range map[string]bool{"zh-CN": true, "en": false} {
			a, _ := json.Marshal(r)
			b, _ := json.Marshal(licensefile.NumberResult(c.answer, locale))
			if alike != slices.Equal(a, b) && len(r.Reasons) > 0 {
				t.Errorf("%s: words of %s", name, locale)
			}
		}
	}
}
