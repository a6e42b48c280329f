package vectorgen

import (
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Times of lists; vectors with them are judged on 2026-12-01.
var (
	listIssued = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	listNext   = time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC)
)

// lists writes the vectors of trust lists and of status lists of seals.
func (s *sealWriter) lists() {
	s.trustLists()
	s.statusLists()
}

// trustLists are of a platform with a root of its own, which alone is trusted.
func (s *sealWriter) trustLists() {
	platform := &world{rootKey: signer{newKey("platform")}}
	platform.root = platform.issue(pki.ProfileRoot, "一致性测试平台根", nil, platform.rootKey, certificatesBegin, certificatesEnd)
	key := signer{newKey("trust_list")}
	service := platform.issue(pki.ProfileService, "信任列表", platform.root, key, certificatesBegin, certificatesEnd)
	strange := signer{newKey("platform_signer")}
	sealing := platform.issue(pki.ProfileSealSigner, "37030000001722", platform.root, strange, certificatesBegin, certificatesEnd)
	both := []trustlist.Use{trustlist.SealMaker, trustlist.SealSigner}
	grant := func(at time.Time, uses ...trustlist.Use) trustlist.Event {
		return trustlist.Event{From: at, Uses: uses}
	}
	withdraw := func(at time.Time, reason trustlist.Reason) trustlist.Event {
		return trustlist.Event{From: at, Reason: reason}
	}
	list := func(number uint64, next time.Time, by *pki.Certificate, key signer, history ...trustlist.Event) []byte {
		l := &trustlist.List{URI: "https://conformance.example/trust/list", Number: number, Issued: listIssued, NextUpdate: next, Publisher: "一致性测试平台",
			Authorities: []trustlist.Authority{{Certificate: s.world.root, Name: "一致性测试根", History: history}}}
		return must(l.Sign([][]byte{by.Raw}, signed.SignFunc(signFunc(key))))
	}
	seal := s.world.seal(nil)
	one := func(name, expect, code, note string, more ...field) {
		s.one("trust_list", name, specV4, "6.3", expect, code, note, "seal", seal, append([]field{{"root", platform.root.Raw}}, more...)...)
	}
	good := list(2, listNext, service, key, grant(certificatesBegin, both...))
	ended := func(at time.Time, reason trustlist.Reason) field {
		return field{"trust_list", list(2, listNext, service, key, grant(certificatesBegin, both...), withdraw(at, reason))}
	}
	one("good", "accept", "", "authority is granted for makers", field{"trust_list", good})
	one("none", "undecided", "untrusted_root", "no trust list")
	one("other-use", "refuse", "SEAL_MAKER_CERT_USAGE", "authority is granted for signers only", field{"trust_list", list(2, listNext, service, key, grant(certificatesBegin, trustlist.SealSigner))})
	one("too-late", "undecided", "authority_not_granted", "granted a second after the seal was made", field{"trust_list", list(2, listNext, service, key, grant(sealMade.Add(time.Second), both...))})
	one("withdrawn", "undecided", "authority_not_granted", "withdrawn when the seal was made", ended(sealMade, trustlist.Ceased))
	one("withdrawn-later", "accept", "", "withdrawn a second after the seal was made", ended(sealMade.Add(time.Second), trustlist.Ceased))
	one("compromised-later", "undecided", "time_untrusted", "compromised later, and nothing proves when the seal was made", ended(sealMade.Add(time.Second), trustlist.Compromised))
	one("out-of-date", "undecided", "trust_list_stale", "a newer list is due", field{"trust_list", list(2, listIssued.Add(time.Hour), service, key, grant(certificatesBegin, both...))})
	one("seal-signer", "undecided", "trust_list_untrusted", "signed with the key of a seal", field{"trust_list", list(2, listNext, sealing, strange, grant(certificatesBegin, both...))})
	one("older", "undecided", "authority_not_granted", "an older list that still grants does not count", ended(sealMade, trustlist.Ceased), field{"older_list", list(1, listNext, service, key, grant(certificatesBegin, both...))})
	changed := append([]byte(nil), good...)
	changed[len(changed)-1] ^= 1
	one("signature", "refuse", "list", "bit of the list's signature changed", field{"trust_list", changed})
}

// statusLists are of the maker's own house.
func (s *sealWriter) statusLists() {
	key := signer{newKey("seal_status")}
	service := s.world.issue(pki.ProfileService, "印章状态", s.world.root, key, certificatesBegin, certificatesEnd)
	seal, remade := s.world.seal(nil), s.world.signature(s.world.seal(nil), nil)
	at := func(moment time.Time, state sealstatus.State) sealstatus.Event {
		return sealstatus.Event{From: moment, State: state}
	}
	used := at(sealMade, sealstatus.InUse)
	listed := func(by *pki.Certificate, key signer, next time.Time, entry sealstatus.Seal) field {
		l := sealstatus.New("https://conformance.example/status/seals/370300", 1, "370300", listIssued, next, []sealstatus.Seal{entry})
		return field{"status_list", must(l.Sign([][]byte{by.Raw}, signed.SignFunc(signFunc(key))))}
	}
	entry := func(of []byte, history ...sealstatus.Event) sealstatus.Seal {
		return sealstatus.Seal{Code: "37030000001721", SM3: [32]byte(digest.Sum(of)), History: history}
	}
	list := func(by *pki.Certificate, key signer, next time.Time, of []byte, history ...sealstatus.Event) field {
		return listed(by, key, next, entry(of, history...))
	}
	succeeded := func(history ...sealstatus.Event) field {
		e := entry(seal, history...)
		e.Owner, e.Became = "一致性测试局", []sealstatus.Became{{From: sealMade, Kind: sealstatus.Renamed, Names: []string{"一致性检验局"}}, {From: stampedAt, Kind: sealstatus.Split, Names: []string{"一致性第一局", "一致性第二局"}}}
		return listed(service, key, listNext, e)
	}
	good := func(history ...sealstatus.Event) field { return list(service, key, listNext, seal, history...) }
	one := func(name, expect, code, note string, more ...field) {
		s.one("seal_status", name, specV4, "6.3", expect, code, note, "seal", seal, append([]field{{"root", s.world.root.Raw}}, more...)...)
	}
	one("in-use", "accept", "", "in use", good(used))
	one("resumed", "accept", "", "suspended and resumed", good(used, at(stampedAt, sealstatus.Suspended), at(stampedAt.Add(time.Hour), sealstatus.InUse)))
	one("suspended", "refuse", "SEAL_STATUS_SUSPENDED", "suspended", good(used, at(stampedAt, sealstatus.Suspended)))
	one("revoked", "refuse", "SEAL_STATUS_REVOKED", "revoked", good(used, at(stampedAt, sealstatus.Revoked)))
	one("lost", "refuse", "SEAL_STATUS_LOST", "lost", good(used, at(stampedAt, sealstatus.Lost)))
	one("replaced", "refuse", "SEAL_STATUS_REPLACED", "another seal took its place", good(used, at(stampedAt, sealstatus.Replaced)))
	one("succeeded", "accept", "", "the organisation was renamed, and split later", succeeded(used))
	one("succeeded-revoked", "refuse", "SEAL_STATUS_REVOKED", "the organisation was succeeded, and the seal revoked", succeeded(used, at(stampedAt, sealstatus.Revoked)))
	one("not-yet", "refuse", "SEAL_STATUS_NOT_YET", "in use from the week after", good(at(listNext, sealstatus.InUse)))
	one("out-of-date", "undecided", "seal_status_stale", "in use, by a list that is out of date", list(service, key, listIssued.Add(time.Hour), seal, used))
	one("out-of-date-revoked", "refuse", "SEAL_STATUS_REVOKED", "revoked, by a list that is out of date", list(service, key, listIssued.Add(time.Hour), seal, used, at(stampedAt, sealstatus.Revoked)))
	one("remade", "undecided", "seal_status_stale", "the list knows other data under the code", list(service, key, listNext, remade, used))
	one("by-a-signer", "accept", "", "a list signed with the key of a seal does not count", list(s.world.signer, s.world.signerKey, listNext, seal, used, at(stampedAt, sealstatus.Revoked)))
}
