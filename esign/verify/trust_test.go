package verify_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// cellOf is a world whose root has a name of its own: a trusted root of the same name that did not sign speaks against a certificate.
func cellOf(t *testing.T, name string) *ofdtest.World {
	t.Helper()
	w := &ofdtest.World{Root: ofdtest.Party{Key: ofdtest.NewKey(t)}}
	var err error
	if w.Root.Cert, err = pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: name}, NotBefore: ofdtest.Begin, NotAfter: ofdtest.End}, nil, w.Root.Key); err != nil {
		t.Fatal(err)
	}
	w.Issuing = w.Under(t, w.Root, pki.ProfileIssuingCA, name+"签发", nil)
	w.Maker = w.Issue(t, pki.ProfileSealMaker, "示例制章", nil)
	w.Signer = w.Issue(t, pki.ProfileSealSigner, "37030000001721", nil)
	return w
}

// granted is an authority with a history: uses from a moment on, or a withdrawal.
func granted(c *pki.Certificate, history ...trustlist.Event) trustlist.Authority {
	return trustlist.Authority{Certificate: c, Name: "示例", History: history}
}

func from(at time.Time, uses ...trustlist.Use) trustlist.Event {
	return trustlist.Event{From: at, Uses: uses}
}

func withdrawn(at time.Time, reason trustlist.Reason) trustlist.Event {
	return trustlist.Event{From: at, Reason: reason}
}

// published is a trust list of a world's service.
func published(t *testing.T, w *ofdtest.World, number uint64, next time.Time, authorities ...trustlist.Authority) *trustlist.List {
	t.Helper()
	service := w.Issue(t, pki.ProfileService, "信任列表", nil)
	l := &trustlist.List{URI: "https://a.example/trust/list", Number: number, Issued: ofdtest.Now.Add(-time.Hour), NextUpdate: next, Publisher: "示例", Authorities: authorities}
	data, err := l.Sign([][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}, service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := trustlist.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// listed judges the sealed documents of a world whose root nobody trusts but by lists of another platform.
func listed(platform *ofdtest.World, of *ofdtest.World, lists ...*trustlist.List) verify.Options {
	set := &trustlist.Set{}
	for _, l := range lists {
		if err := set.Add(l); err != nil {
			panic(err)
		}
	}
	return verify.Options{Roots: pki.NewPool(platform.Root.Cert), Intermediates: pki.NewPool(of.Issuing.Cert), At: ofdtest.Now, Locale: "en", TrustLists: set}
}

// TestS30OnlyTheTrustListOpensAnotherCell, with S-12 and S-20: what a list says of an authority at the time of the signature decides.
func TestS30OnlyTheTrustListOpensAnotherCell(t *testing.T) {
	cell, other := cellOf(t, "甲市根"), cellOf(t, "乙市根") // the cell judges what the other one sealed
	data := other.Sealed(t, ofdtest.Sealing{})
	both := []trustlist.Use{trustlist.SealMaker, trustlist.SealSigner}
	next, before, after := ofdtest.Now.Add(time.Hour), ofdtest.Time.Add(-time.Second), ofdtest.Time.Add(time.Second)
	root := other.Root.Cert
	for name, c := range map[string]struct {
		list *trustlist.List
		want want
	}{
		"no list":                         {nil, indeterminate("V24", "untrusted_root")},
		"S-30 granted":                    {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...))), valid},
		"the issuing authority alone":     {published(t, cell, 1, next, granted(other.Issuing.Cert, from(ofdtest.Begin, both...))), valid},
		"another one":                     {published(t, cell, 1, next, granted(cellOf(t, "丙市根").Root.Cert, from(ofdtest.Begin, both...))), indeterminate("V24", "untrusted_root")},
		"S-30 list of the cell itself":    {published(t, other, 1, next, granted(root, from(ofdtest.Begin, trustlist.Uses...))), indeterminate("V24", "trust_list_untrusted")},
		"list out of date":                {published(t, cell, 1, ofdtest.Now.Add(-10*time.Minute), granted(root, from(ofdtest.Begin, both...))), indeterminate("V24", "trust_list_stale")},
		"S-20 not for makers":             {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, trustlist.SealSigner))), invalid("V25", "SEAL_MAKER_CERT_USAGE")},
		"not for signers":                 {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, trustlist.SealMaker))), indeterminate("V24", "authority_use")},
		"S-12 granted too late":           {published(t, cell, 1, next, granted(root, from(after, both...))), indeterminate("V24", "authority_not_granted")},
		"withdrawn before":                {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(before, trustlist.Ceased))), indeterminate("V24", "authority_not_granted")},
		"withdrawn at that second":        {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(ofdtest.Time, trustlist.Ceased))), indeterminate("V24", "authority_not_granted")},
		"withdrawn after":                 {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(after, trustlist.Ceased))), valid},
		"taken back by the supervisor":    {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(after, trustlist.Supervision))), valid},
		"compromised after, time claimed": {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(after, trustlist.Compromised))), indeterminate("V26", "time_untrusted")},
		"below a granted root, withdrawn": {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...)), granted(other.Issuing.Cert, from(ofdtest.Begin, both...), withdrawn(before, trustlist.Supervision))),
			indeterminate("V24", "authority_not_granted")},
		"granted again": {published(t, cell, 1, next, granted(root, from(ofdtest.Begin, both...), withdrawn(ofdtest.Begin.Add(time.Hour), trustlist.Supervision), from(ofdtest.Begin.Add(2*time.Hour), both...))), valid},
	} {
		t.Run(name, func(t *testing.T) {
			var lists []*trustlist.List
			if c.list != nil {
				lists = append(lists, c.list)
			}
			judge(t, data, listed(cell, other, lists...), c.want)
		})
	}
	t.Run("a list limits the root that it comes from", func(t *testing.T) {
		w := world()
		l := published(t, w, 1, next, granted(w.Root.Cert, from(ofdtest.Begin, trustlist.SealSigner, trustlist.Service)))
		judge(t, w.Sealed(t, ofdtest.Sealing{}), listed(w, w, l), invalid("V25", "SEAL_MAKER_CERT_USAGE"))
	})
}

// TestS24TimeStampsByTheTrustList: a token counts when its authority is trusted for time stamps at its time; a proven time clears a
// compromise that came later.
func TestS24TimeStampsByTheTrustList(t *testing.T) {
	cell, other, authority := cellOf(t, "甲市根"), cellOf(t, "乙市根"), cellOf(t, "时间戳根")
	tsa := authority.Issue(t, pki.ProfileTimeStamping, "TSA", nil)
	data := other.Sealed(t, ofdtest.Sealing{Value: stampedBy(t, func(value []byte) []byte { return tsttest.Token(t, stamping(tsa), value, stampTime, tsttest.Parts{}) })})
	next := ofdtest.Now.Add(time.Hour)
	signs := granted(other.Root.Cert, from(ofdtest.Begin, trustlist.SealMaker, trustlist.SealSigner))
	lost := granted(other.Root.Cert, from(ofdtest.Begin, trustlist.SealMaker, trustlist.SealSigner), withdrawn(stampTime.Add(time.Hour), trustlist.Compromised))
	stamps := granted(authority.Root.Cert, from(ofdtest.Begin, trustlist.TimeStamp))
	for name, c := range map[string]struct {
		list *trustlist.List
		want want
	}{
		"trusted for time stamps":               {published(t, cell, 1, next, signs, stamps), valid},
		"trusted for something else":            {published(t, cell, 1, next, signs, granted(authority.Root.Cert, from(ofdtest.Begin, trustlist.SealSigner))), indeterminate("V24", "untrusted_root")},
		"withdrawn before":                      {published(t, cell, 1, next, signs, granted(authority.Root.Cert, from(ofdtest.Begin, trustlist.TimeStamp), withdrawn(stampTime, trustlist.Ceased))), indeterminate("V24", "untrusted_root")},
		"compromised since":                     {published(t, cell, 1, next, signs, granted(authority.Root.Cert, from(ofdtest.Begin, trustlist.TimeStamp), withdrawn(stampTime.Add(time.Hour), trustlist.Compromised))), indeterminate("V24", "untrusted_root")},
		"it clears a later compromise":          {published(t, cell, 1, next, lost, stamps), valid},
		"without it the compromise is in doubt": {published(t, cell, 1, next, lost), indeterminate("V24", "time_untrusted")},
	} {
		t.Run(name, func(t *testing.T) {
			options := listed(cell, other, c.list)
			options.Intermediates.Add(authority.Issuing.Cert)
			judge(t, data, options, c.want)
		})
	}
}

// statusList is a list of a service about the seal of the sample documents.
func statusList(t *testing.T, service ofdtest.Party, number uint64, issued, next time.Time, seal []byte, history ...sealstatus.Event) *sealstatus.List {
	t.Helper()
	l := sealstatus.New("https://a.example/status/seals/370300", number, "370300", issued, next, []sealstatus.Seal{{Code: "37030000001721", SM3: [32]byte(digest.Sum(seal)), History: history}})
	data, err := l.Sign([][]byte{service.Cert.Raw, world().Issuing.Cert.Raw}, service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := sealstatus.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// TestS22SealStatusByTheList: the state of the seal at the signing time decides; what ended later leaves it alone, but for a loss.
func TestS22SealStatusByTheList(t *testing.T) {
	w := world()
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	stranger := w.Issue(t, pki.ProfileService, "别的机构", func(tp *pki.CertificateTemplate) { tp.Subject.Organization = "别的机构" })
	elsewhere := w.Under(t, w.Under(t, w.Root, pki.ProfileIssuingCA, "别的签发", nil), pki.ProfileService, "印章状态", nil)
	signer := w.Issue(t, pki.ProfileSealSigner, "37030000001722", nil)
	seal := w.Seal(t, nil)
	remade := w.Seal(t, func(i *ses.SealInfo) { i.Name += "二" })
	data := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
	issued, next := ofdtest.Now.Add(-time.Hour), ofdtest.Now.Add(time.Hour)
	used := sealstatus.Event{From: ofdtest.Made, State: sealstatus.InUse}
	at := func(moment time.Time, state sealstatus.State) sealstatus.Event {
		return sealstatus.Event{From: moment, State: state}
	}
	list := func(by ofdtest.Party, next time.Time, of []byte, history ...sealstatus.Event) []*sealstatus.List {
		return []*sealstatus.List{statusList(t, by, 5, issued, next, of, history...)}
	}
	before, then, after := ofdtest.Time.Add(-time.Hour), ofdtest.Time, ofdtest.Time.Add(time.Second)
	old := ofdtest.Now.Add(-10 * time.Minute)
	for name, c := range map[string]struct {
		lists []*sealstatus.List
		step  verify.Status
		want  want
	}{
		"no list":                       {nil, verify.Skipped, valid},
		"in use":                        {list(service, next, seal, used), verify.Passed, valid},
		"suspended before":              {list(service, next, seal, used, at(before, sealstatus.Suspended)), verify.Failed, invalid("V23", "SEAL_STATUS_SUSPENDED")},
		"suspended at that second":      {list(service, next, seal, used, at(then, sealstatus.Suspended)), verify.Failed, invalid("V23", "SEAL_STATUS_SUSPENDED")},
		"suspended after":               {list(service, next, seal, used, at(after, sealstatus.Suspended)), verify.Passed, valid},
		"resumed before":                {list(service, next, seal, used, at(before, sealstatus.Suspended), at(then, sealstatus.InUse)), verify.Passed, valid},
		"revoked before":                {list(service, next, seal, used, at(before, sealstatus.Revoked)), verify.Failed, invalid("V23", "SEAL_STATUS_REVOKED")},
		"revoked after":                 {list(service, next, seal, used, at(after, sealstatus.Revoked)), verify.Passed, valid},
		"replaced before":               {list(service, next, seal, used, at(before, sealstatus.Replaced)), verify.Failed, invalid("V23", "SEAL_STATUS_REPLACED")},
		"lost before":                   {list(service, next, seal, used, at(before, sealstatus.Lost)), verify.Failed, invalid("V23", "SEAL_STATUS_LOST")},
		"lost after, time claimed":      {list(service, next, seal, used, at(after, sealstatus.Lost)), verify.Unknown, indeterminate("V26", "seal_lost_later")},
		"revoked after, lost then":      {list(service, next, seal, used, at(after, sealstatus.Revoked), at(after.Add(1e9), sealstatus.Lost)), verify.Unknown, indeterminate("V26", "seal_lost_later")},
		"not in use yet":                {list(service, next, seal, at(then.Add(6*time.Minute), sealstatus.InUse)), verify.Failed, invalid("V23", "SEAL_STATUS_NOT_YET")},
		"clocks differ":                 {list(service, next, seal, at(then.Add(4*time.Minute), sealstatus.InUse)), verify.Passed, valid},
		"remade under the same code":    {list(service, next, remade, used), verify.Unknown, indeterminate("V01", "seal_status_unknown")},
		"used since, and not there":     {[]*sealstatus.List{statusList(t, service, 5, ofdtest.Time.Add(-time.Second), next, remade, used)}, verify.Unknown, indeterminate("V01", "seal_status_stale")},
		"out of date, in use":           {list(service, old, seal, used), verify.Unknown, indeterminate("V01", "seal_status_stale")},
		"out of date, ended by then":    {list(service, old, seal, used, at(before, sealstatus.Revoked)), verify.Failed, invalid("V23", "SEAL_STATUS_REVOKED")},
		"out of date, ended after":      {list(service, old, seal, used, at(after, sealstatus.Revoked)), verify.Passed, valid},
		"another organisation's list":   {list(stranger, next, seal, used, at(before, sealstatus.Revoked)), verify.Skipped, want{verify.Valid, "V00", "seal_list_untrusted"}},
		"another authority's service":   {list(elsewhere, next, seal, used, at(before, sealstatus.Revoked)), verify.Skipped, want{verify.Valid, "V00", "seal_list_untrusted"}},
		"signed with a seal's key":      {list(signer, next, seal, used, at(before, sealstatus.Revoked)), verify.Skipped, want{verify.Valid, "V00", "seal_list_untrusted"}},
		"the newer of two":              {append(list(service, next, seal, used), statusList(t, service, 6, issued, next, seal, used, at(before, sealstatus.Revoked))), verify.Failed, invalid("V23", "SEAL_STATUS_REVOKED")},
		"the newer one stands first":    {append([]*sealstatus.List{statusList(t, service, 6, issued, next, seal, used, at(before, sealstatus.Revoked))}, list(service, next, seal, used)...), verify.Failed, invalid("V23", "SEAL_STATUS_REVOKED")},
		"one that is not issued yet":    {append(list(service, next, seal, used), statusList(t, service, 6, next, next.Add(1e9), seal, used, at(before, sealstatus.Revoked))), verify.Passed, valid},
		"a list that nobody has signed": {[]*sealstatus.List{sealstatus.New("u", 9, "370300", issued, next, nil)}, verify.Skipped, want{verify.Valid, "V00", "seal_list_untrusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, data, trusting(func(o *verify.Options) { o.SealLists = c.lists }), c.want)
			if got := statusOf(r.Signatures[0], "seal_status"); got != c.step {
				t.Errorf("step %s, want %s", got, c.step)
			}
		})
	}
	t.Run("proven before the loss", func(t *testing.T) {
		tsa := w.Issue(t, pki.ProfileTimeStamping, "TSA", nil)
		stamped := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}, Value: stampedBy(t, func(value []byte) []byte { return tsttest.Token(t, stamping(tsa), value, stampTime, tsttest.Parts{}) })})
		judge(t, stamped, trusting(func(o *verify.Options) {
			o.SealLists = list(service, next, seal, used, at(stampTime.Add(time.Hour), sealstatus.Lost))
		}), valid)
	})
	t.Run("bare seal, now", func(t *testing.T) {
		options := trusting(func(o *verify.Options) { o.SealLists = list(service, next, seal, used, at(after, sealstatus.Revoked)) })
		if r := verify.Verify("a.esl", seal, options); r.Verdict != verify.Invalid || !slices.Contains(codes(r), "SEAL_STATUS_REVOKED") {
			t.Errorf("%s %v", r.Verdict, codes(r))
		}
	})
	t.Run("organisation succeeded", func(t *testing.T) {
		for name, c := range map[string]struct {
			since   time.Time
			history []sealstatus.Event
			locale  string
			want    want
			told    string
		}{
			"in Chinese":           {ofdtest.Now, []sealstatus.Event{used}, "", want{verify.Valid, "V14", "seal_owner_succeeded"}, "原“甲局”，现“乙局、丙局”"},
			"in English":           {ofdtest.Now, []sealstatus.Event{used}, "en", want{verify.Valid, "V14", "seal_owner_succeeded"}, "formerly “甲局”, now “乙局、丙局”"},
			"before it was used":   {before, []sealstatus.Event{used}, "", want{verify.Valid, "V14", "seal_owner_succeeded"}, "原“甲局”，现“乙局、丙局”"},
			"not yet":              {ofdtest.Now.Add(time.Second), []sealstatus.Event{used}, "", valid, ""},
			"and the seal ended":   {before, []sealstatus.Event{used, at(before, sealstatus.Revoked)}, "", invalid("V23", "SEAL_STATUS_REVOKED"), "原“甲局”，现“乙局、丙局”"},
			"and the seal is lost": {before, []sealstatus.Event{used, at(after, sealstatus.Lost)}, "", indeterminate("V26", "seal_lost_later"), "原“甲局”，现“乙局、丙局”"},
		} {
			t.Run(name, func(t *testing.T) {
				entry := sealstatus.Seal{Code: "37030000001721", SM3: [32]byte(digest.Sum(seal)), History: c.history, Owner: "甲局", Became: []sealstatus.Became{{From: c.since, Kind: sealstatus.Split, Names: []string{"乙局", "丙局"}}}}
				data2, err := sealstatus.New("u", 5, "370300", issued, next, []sealstatus.Seal{entry}).Sign([][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}, service.Sign)
				if err != nil {
					t.Fatal(err)
				}
				list, err := sealstatus.Open(data2)
				if err != nil {
					t.Fatal(err)
				}
				r := judge(t, data, trusting(func(o *verify.Options) { o.SealLists, o.Locale = []*sealstatus.List{list}, c.locale }), c.want)
				successor := r.Signatures[0].Seal.Successor
				if (successor != nil) != (c.told != "") || successor != nil && (successor.Kind != "split" || successor.Owner != "甲局" || !slices.Equal(successor.Names, []string{"乙局", "丙局"}) || !successor.Since.Equal(c.since)) {
					t.Errorf("successor %+v", successor)
				}
				told := slices.IndexFunc(r.Reasons, func(reason verify.Reason) bool { return reason.Code == "seal_owner_succeeded" })
				if (told >= 0) != (c.told != "") || told >= 0 && !strings.HasSuffix(r.Reasons[told].Message, c.told) {
					t.Errorf("reasons %+v", r.Reasons)
				}
			})
		}
	})
	t.Run("register before lists", func(t *testing.T) {
		register := func(history sealstatus.History, known bool, err error) func(*verify.Options) {
			return func(o *verify.Options) {
				o.SealRegister = func(code string, sum [32]byte) (sealstatus.Seal, bool, error) {
					if code != "37030000001721" || sum != [32]byte(digest.Sum(seal)) {
						t.Errorf("asked for %s %x", code, sum)
					}
					return sealstatus.Seal{History: history}, known, err
				}
				o.SealLists = list(service, next, seal, used)
			}
		}
		judge(t, data, trusting(register(sealstatus.History{used, at(before, sealstatus.Suspended)}, true, nil)), invalid("V23", "SEAL_STATUS_SUSPENDED"))
		judge(t, data, trusting(register(nil, false, nil)), valid)
		judge(t, data, trusting(register(nil, false, errors.New("away"))), indeterminate("V01", "seal_status_unreachable"))
	})
}
