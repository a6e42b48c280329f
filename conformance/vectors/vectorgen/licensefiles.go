package vectorgen

import (
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

const (
	licensePage    = "Doc_0/Pages/Page_0/Content.xml"
	licenseMachine = "Doc_0/Attachs/license.json"
	licenseIndex   = "Doc_0/Tags/index.xml"
)

// files: the three places of the data, what the seal covers, and files that are no licence.
func (l *licenseWriter) files() {
	inForce := l.list(statuslist.InForce, nil)
	file := func(rule, name, clause, expect, code, vcode, note string, reasons []string, content []byte, more ...field) {
		l.one(rule, name, specLicense, clause, expect, code, note, golden(vcode, reasons...), field{"license", content}, append([]field{l.root(), inForce}, more...)...)
	}
	data := func(name, vcode, code, note string, change func(*licenseParts), reasons ...string) {
		file("data", name, "6", "refuse", code, vcode, note, ofFile(reasons...), l.license(change))
	}
	const mismatch, damaged = "license_data_mismatch", "license_damaged"
	file("data", "good", "6", "accept", "", "V00", "page, metadata and machine file agree", ofFile(), l.license(nil))
	data("page", "V20", mismatch, "another holder on the page", func(p *licenseParts) { p.page.Set(catalog.KeyHolderName, "他人") }, mismatch)
	data("page-date", "V20", mismatch, "another end on the page", func(p *licenseParts) { p.page.Set(catalog.KeyExpiringDate, "20360531") }, mismatch)
	data("metadata", "V20", mismatch, "another holder in the metadata", func(p *licenseParts) { p.metadata.Set(catalog.KeyHolderName, "他人") }, mismatch)
	data("metadata-missing", "V20", mismatch, "no holder in the metadata", func(p *licenseParts) { delete(p.metadata, catalog.KeyHolderName) }, mismatch)
	data("machine", "V20", mismatch, "another holder in the machine file", func(p *licenseParts) { p.machine.Set(catalog.KeyHolderName, "他人") }, mismatch)
	data("page-number", "V20", mismatch, "another number on the page", func(p *licenseParts) { p.page.Set(catalog.KeyLicenseNumber, "JY29901000000018") }, mismatch)
	data("page-authority", "V20", mismatch, "another authority on the page", func(p *licenseParts) { p.page.Set(catalog.KeyAuthority, "别的局") }, mismatch)
	data("page-begin", "V20", mismatch, "another beginning on the page", func(p *licenseParts) { p.page.Set(catalog.KeyEffectiveDate, "20260501") }, mismatch)
	data("metadata-number", "V20", mismatch, "another number in the metadata", func(p *licenseParts) { p.metadata.Set(catalog.KeyLicenseNumber, "JY29901000000018") }, mismatch)
	data("metadata-end", "V20", mismatch, "another end in the metadata", func(p *licenseParts) { p.metadata.Set(catalog.KeyExpiringDate, "20360531") }, mismatch)
	data("machine-number", "V20", mismatch, "another number in the machine file", func(p *licenseParts) { p.machine.Set(catalog.KeyLicenseNumber, "JY29901000000018") }, mismatch)
	data("machine-end", "V20", mismatch, "another end in the machine file", func(p *licenseParts) { p.machine.Set(catalog.KeyExpiringDate, "20360531") }, mismatch)
	everywhere := func(key, value string) func(*licenseParts) {
		return func(p *licenseParts) {
			for _, values := range []catalog.Values{p.page, p.metadata, p.machine} {
				values.Set(key, value)
			}
		}
	}
	id := identifier(licenseTypeCode, authorityCode, "CONF202600001", "001")
	data("identifier-check", "V20", mismatch, "an identifier with another check character, in all places", everywhere(catalog.KeyLicenseID, id[:len(id)-1]+string("AB"[strings.Count(id[len(id)-1:], "A")])), "license_id_odd", mismatch)
	data("identifier-version", "V20", mismatch, "an identifier of another version than the licence", everywhere(catalog.KeyVersion, "002"), mismatch)
	data("identifier-issuer", "V20", mismatch, "an identifier of another authority than the licence names", everywhere(catalog.KeyLicenseID, identifier(licenseTypeCode, "11990000MB7QX0015W", "CONF202600001", "001")), mismatch)
	data("index-missing", "V20", mismatch, "the index leaves out an item that is on the page", func(p *licenseParts) {
		p.draft = func(d *draft) {
			index := d.content[licenseIndex]
			d.put(licenseIndex, index[:strings.Index(index, "<Element ")]+index[strings.Index(index, "</Element>")+len("</Element>"):])
		}
	}, mismatch)
	data("status-missing", "V20", damaged, "no address of a status list in the machine file", func(p *licenseParts) { p.status.List = "" }, damaged)
	const unknownType = "11980000MB7QX1050L999"
	l.one("data", "unknown-type", specLicense, "6", "undecided", "license_data_unknown", "of a type that is not known", golden("V01", ofFile("license_data_unknown")...), field{"license", l.license(func(p *licenseParts) {
		everywhere(catalog.KeyTypeCode, unknownType)(p)
		everywhere(catalog.KeyLicenseID, identifier(unknownType, authorityCode, "CONF202600001", "001"))(p)
		p.draft = func(d *draft) {
			d.edit(licenseMachine, `"license_type_code": "`+licenseTypeCode, `"license_type_code": "`+unknownType)
		}
	})}, l.root(), inForce)
	file("data", "template", "6", "accept", "", "V00", "made by a version of the type that is not known, and judged by the built-in one", ofFile(), l.license(func(p *licenseParts) {
		p.draft = func(d *draft) { d.edit(licenseMachine, l.kind.TemplateID(), strings.Repeat("0", 64)) }
	}))
	data("other-text", "V20", mismatch, "a text on the page that the template does not have", func(p *licenseParts) {
		p.draft = func(d *draft) {
			d.edit(licensePage, "</ofd:Layer>", `<ofd:TextObject ID="800" Boundary="10 10 50 5" Font="5" Size="3"><ofd:TextCode X="0" Y="3">可在全国使用</ofd:TextCode></ofd:TextObject></ofd:Layer>`)
		}
	}, mismatch)
	data("hidden-text", "V20", mismatch, "the holder on the page cannot be seen", func(p *licenseParts) {
		p.draft = func(d *draft) { d.edit(licensePage, `Size="3"`, `Size="3" Alpha="0"`) }
	}, mismatch)
	data("index-twice", "V20", mismatch, "the index gives one object to two items", func(p *licenseParts) {
		p.draft = func(d *draft) {
			first := d.content[licenseIndex][strings.Index(d.content[licenseIndex], "<ofd:ObjectRef"):]
			d.edit(licenseIndex, "</DataIndex>", `<Element Item="more">`+first[:strings.Index(first, "</Element>")]+`</Element></DataIndex>`)
		}
	}, mismatch)
	data("no-index", "V20", damaged, "no data index", func(p *licenseParts) {
		p.draft = func(d *draft) { d.edit("Doc_0/Tags/CustomTags.xml", "yinxin-data-index", "other") }
	}, damaged)
	data("machine-format", "V20", damaged, "machine file of another format", func(p *licenseParts) {
		p.draft = func(d *draft) { d.edit(licenseMachine, licensefile.MachineForm, "yinxin-license/2") }
	}, damaged)
	data("machine-more", "V20", damaged, "a member in the machine file that is not defined", func(p *licenseParts) {
		p.draft = func(d *draft) { d.edit(licenseMachine, `"format"`, `"more": 1, "format"`) }
	}, damaged)
	data("machine-trailing", "V20", damaged, "octets after the machine file", func(p *licenseParts) {
		p.draft = func(d *draft) { d.put(licenseMachine, d.content[licenseMachine]+"1") }
	}, damaged)
	data("copy-element", "V20", "copy_fields_on_original", "an element of copies in the metadata of an original", func(p *licenseParts) {
		p.draft = func(d *draft) {
			d.edit("OFD.xml", "</ofd:CustomDatas>", `<ofd:CustomData Name="JZJZZSY">贷款</ofd:CustomData></ofd:CustomDatas>`)
		}
	}, mismatch, "copy_fields_on_original")
	l.one("data", "other-maker", specLicense, "6", "undecided", "license_status_unknown", "a licence of another maker: metadata alone, no status entry", golden("V01", ofFile("license_status_unknown")...),
		field{"license", l.license(func(p *licenseParts) { p.bare = true })}, l.root())

	seal := func(name, expect, code, vcode, note string, content []byte, reasons ...string) {
		file("integrity", name, "7", expect, code, vcode, note, ofFile(reasons...), content)
	}
	after := func(change func(*draft)) []byte {
		return l.license(func(p *licenseParts) { p.after = change })
	}
	seal("good", "accept", "", "V00", "sealed and unchanged", l.license(nil))
	seal("page-changed", "refuse", "DIGEST_MISMATCH", "V20", "a letter of the page changed after the seal", after(func(d *draft) { d.edit(licensePage, "餐饮", "餐飮") }), "DIGEST_MISMATCH", mismatch)
	seal("machine-changed", "refuse", "DIGEST_MISMATCH", "V20", "a field of the machine file changed after the seal", after(func(d *draft) { d.edit(licenseMachine, "20310531", "20360531") }), "DIGEST_MISMATCH", mismatch)
	seal("status-changed", "refuse", "DIGEST_MISMATCH", "V20", "another status entry after the seal", after(func(d *draft) { d.edit(licenseMachine, `"index": 7`, `"index": 8`) }), "DIGEST_MISMATCH")
	seal("space-added", "refuse", "DIGEST_MISMATCH", "V20", "a line break added to the index after the seal", after(func(d *draft) { d.put(licenseIndex, d.content[licenseIndex]+"\n") }), "DIGEST_MISMATCH")
	seal("metadata-changed", "refuse", "DIGEST_MISMATCH", "V20", "the number in the metadata changed after the seal", after(func(d *draft) { d.edit("OFD.xml", "JY29901000000017", "JY29901000000018") }), "DIGEST_MISMATCH", mismatch)
	seal("title-changed", "refuse", "DIGEST_MISMATCH", "V20", "the title changed after the seal", after(func(d *draft) { d.edit("OFD.xml", "<ofd:Title>食品", "<ofd:Title>药品") }), "DIGEST_MISMATCH")
	seal("attachment-list", "refuse", "DIGEST_MISMATCH", "V20", "the attachment has another name after the seal", after(func(d *draft) { d.edit("Doc_0/Attachs/Attachments.xml", `"license.json"`, `"other.json"`) }), "DIGEST_MISMATCH", "license_status_unknown")
	seal("tags-changed", "refuse", "DIGEST_MISMATCH", "V20", "a line break added to the list of tags after the seal", after(func(d *draft) { d.put("Doc_0/Tags/CustomTags.xml", d.content["Doc_0/Tags/CustomTags.xml"]+"\n") }), "DIGEST_MISMATCH")
	seal("page-left-out", "refuse", "uncovered_visible", "V21", "the seal leaves the page out", l.license(func(p *licenseParts) {
		p.draft = func(d *draft) { d.left["/"+licensePage] = true }
	}), "uncovered_visible")
	seal("value", "refuse", "SIG_VALUE", "V22", "bit of the signature value changed", after(func(d *draft) {
		value := []byte(d.content["Doc_0/Signs/Sign_0/SignedValue.dat"])
		value[len(value)-1] ^= 1
		d.put("Doc_0/Signs/Sign_0/SignedValue.dat", string(value))
	}), "SIG_VALUE")
	bare := func(name, expect, code, vcode, note string, content []byte) {
		file("integrity", name, "7", expect, code, vcode, note, []string{code}, content)
	}
	bare("unsealed", "undecided", "unsigned", "V30", "nobody sealed it", l.license(func(p *licenseParts) { p.unsealed = true }))
	bare("cut", "refuse", "zip_structure", "V31", "the last octet is missing", l.license(nil)[:len(l.license(nil))-1])
	bare("no-package", "refuse", "zip_structure", "V31", "octets that are no package, under the name of one", []byte{0, 1, 2, 3})
	l.one("address", "code-expected", "GB/T 18284-2000", "7", "refuse", "code_foreign", "the address of a page where a code is expected", golden("V41", "code_foreign"), field{"code", []byte("https://example.org/v/1")}, l.root())
	l.one("address", "legacy-link", "GB/T 18284-2000", "7", "refuse", "code_foreign", "a link without the prefix of a code, in capitals", golden("V41", "code_foreign"), field{"code", []byte("HTTP://EXAMPLE.ORG/V/1")}, l.root())
}

// statuses: what the lists say of the licence, how old they may be, and its period.
func (l *licenseWriter) statuses() {
	file := l.license(nil)
	one := func(rule, name, expect, code, vcode, note string, reasons []string, more ...field) {
		l.one(rule, name, specData, "5.2", expect, code, note, golden(vcode, ofFile(reasons...)...), field{"license", file}, append([]field{l.root()}, more...)...)
	}
	aged := func(issued, next time.Time, status statuslist.Status) field {
		return l.list(status, func(p *listParts) { p.issued, p.next = issued, next })
	}
	ago := func(hours int) time.Time { return licensesJudged.Add(-time.Duration(hours) * time.Hour) }
	const unknown, stale = "license_status_unknown", "license_status_stale"
	one("status", "in-force", "accept", "", "V00", "in force by the current list", nil, l.list(statuslist.InForce, nil))
	one("status", "ended", "refuse", "license_ended", "V10", "ended", []string{"license_ended"}, l.list(statuslist.Ended, nil))
	one("status", "suspended", "refuse", "license_suspended", "V11", "suspended", []string{"license_suspended"}, l.list(statuslist.NotUsable, nil))
	one("status", "replaced", "refuse", "license_replaced", "V13", "a newer version exists", []string{"license_replaced"}, l.list(statuslist.Replaced, nil))
	one("status", "none", "undecided", unknown, "V01", "no list", []string{unknown})
	one("status_age", "due", "accept", "", "V01", "a newer list is due, and this one is as fresh as the type asks", nil, aged(ago(23), ago(11), statuslist.InForce))
	one("status_age", "limit", "accept", "", "V01", "as old as the type allows", nil, aged(ago(24), ago(12), statuslist.InForce))
	one("status_age", "stale", "undecided", stale, "V01", "a second older than the type allows", []string{stale}, aged(ago(24).Add(-time.Second), ago(12), statuslist.InForce))
	one("status_age", "stale-ended", "refuse", "license_ended", "V10", "an old list knows what had ended", []string{"license_ended"}, aged(ago(240), ago(228), statuslist.Ended))
	one("status_age", "stale-replaced", "refuse", "license_replaced", "V13", "an old list knows what had been replaced", []string{"license_replaced"}, aged(ago(240), ago(228), statuslist.Replaced))
	one("status_age", "stale-suspended", "undecided", stale, "V01", "an old list does not know whether a suspension lasts", []string{stale}, aged(ago(240), ago(228), statuslist.NotUsable))
	one("status_age", "future", "undecided", unknown, "V01", "issued two minutes after the moment of judgement", []string{unknown}, aged(licensesJudged.Add(2*time.Minute), licensesJudged.Add(time.Hour), statuslist.Ended))

	older := field{"older_list", l.statusList(statuslist.InForce, func(p *listParts) { p.number = 4 })}
	other := signer{newKey("license status of another")}
	elsewhere := l.world.issue(pki.ProfileService, "别的服务", l.world.root, other, certificatesBegin, certificatesEnd)
	foreign := &world{rootKey: signer{newKey("foreign root")}}
	foreign.root = foreign.issue(pki.ProfileRoot, "别处的根", nil, foreign.rootKey, certificatesBegin, certificatesEnd)
	stranger := foreign.issue(pki.ProfileService, statusSigner, foreign.root, other, certificatesBegin, certificatesEnd)
	sealing := l.world.issue(pki.ProfileSealSigner, statusSigner, l.world.root, other, certificatesBegin, certificatesEnd)
	by := func(certificate *pki.Certificate, key signer, status statuslist.Status) field {
		return l.list(status, func(p *listParts) { p.by, p.key = certificate, key })
	}
	one("status_source", "good", "accept", "", "V00", "by the service that the licence names", nil, l.list(statuslist.InForce, nil))
	one("status_source", "newest", "refuse", "license_ended", "V10", "the newest of two lists counts", []string{"license_ended"}, l.list(statuslist.Ended, nil), older)
	one("status_source", "address", "undecided", unknown, "V01", "a list of another address", []string{unknown}, l.list(statuslist.InForce, func(p *listParts) { p.uri = statusBase + "2" }))
	one("status_source", "signer", "undecided", unknown, "V01", "signed by another service of the same root", []string{unknown}, by(elsewhere, other, statuslist.InForce))
	one("status_source", "root", "undecided", unknown, "V01", "signed under another root", []string{unknown}, by(stranger, other, statuslist.InForce))
	one("status_source", "sealing-key", "undecided", unknown, "V01", "signed with a certificate for seals", []string{unknown}, by(sealing, other, statuslist.InForce))

	when := func(name, expect, code, vcode, note string, at time.Time, reasons []string, more ...field) {
		more = append(more, judgedAt(at))
		one("period", name, expect, code, vcode, note, reasons, more...)
	}
	fresh := func(at time.Time) field { return aged(at.Add(-time.Hour), at.Add(time.Hour), statuslist.InForce) }
	beijing := time.FixedZone("", 8*3600)
	last, after := time.Date(2028, 12, 31, 23, 59, 59, 0, beijing), time.Date(2029, 1, 1, 0, 0, 0, 0, beijing)
	file = l.license(func(p *licenseParts) {
		for _, values := range []catalog.Values{p.page, p.metadata, p.machine} {
			values.Set(catalog.KeyExpiringDate, "20281231")
		}
	})
	when("last-second", "accept", "", "V00", "the last second of its period, in the time of Beijing", last, nil, fresh(last))
	when("expired", "refuse", "license_expired", "V12", "the first second after its period", after, []string{"license_expired"}, fresh(after))
	file = l.license(func(p *licenseParts) {
		for _, values := range []catalog.Values{p.page, p.metadata, p.machine} {
			values.Set(catalog.KeyEffectiveDate, "20270101")
		}
	})
	when("not-yet", "refuse", "license_not_yet_valid", "V12", "its period has not begun", licensesJudged, []string{"license_not_yet_valid"}, fresh(licensesJudged))

	file = l.license(nil)
	then := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	past := func(name, expect, code, vcode, note string, at time.Time, reasons []string, more ...field) {
		one("history", name, expect, code, vcode, note, reasons, append(more, judgedAt(at))...)
	}
	ended := field{"older_list", l.statusList(statuslist.Ended, nil)} // of a moment after then, with a higher number
	past("before", "accept", "", "V00", "judged as of a day before it ended: the later list does not speak of it", then, nil, l.list(statuslist.InForce, func(p *listParts) {
		p.number, p.issued, p.next = 2, then.Add(-time.Hour), then.Add(time.Hour)
	}), ended)
	past("after", "refuse", "license_ended", "V10", "judged as of a day after it ended", licensesJudged, []string{"license_ended"}, l.list(statuslist.InForce, func(p *listParts) {
		p.number, p.issued, p.next = 2, then.Add(-time.Hour), then.Add(time.Hour)
	}), ended)
	past("no-list-then", "undecided", unknown, "V01", "judged as of a day of which no list is at hand", then, []string{unknown}, ended)
	past("before-seal", "refuse", "time", "V22", "judged as of an hour before it was sealed", stampedAt.Add(-time.Hour), []string{"time", unknown}, ended)
}

// seals: whose seal it is, and whether seal and certificate were good when it was stamped.
func (l *licenseWriter) seals() {
	inForce := l.list(statuslist.InForce, nil)
	one := func(rule, name, clause, expect, code, vcode, note string, content []byte, reasons []string, more ...field) {
		l.one(rule, name, specLicense, clause, expect, code, note, golden(vcode, ofFile(reasons...)...), field{"license", content}, append([]field{inForce}, more...)...)
	}
	w := l.world
	by := func(seal []byte, certificate *pki.Certificate, key signer) []byte {
		return l.license(func(p *licenseParts) {
			p.draft = func(d *draft) { d.stamped = stamped(seal, certificate, key) }
		})
	}
	of := func(organization, sealName string) []byte {
		key := signer{newKey("seal of " + sealName)}
		certificate := must(pki.MakeCertificate(&stream{label: "seal of " + sealName}, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, PublicKey: key.publicKey(), NotBefore: certificatesBegin, NotAfter: certificatesEnd,
			Subject: pki.Subject{CommonName: "37030000001799", Organization: organization}}, w.root, w.rootKey))
		return by(w.seal(func(i *ses.SealInfo) {
			i.Name, i.ESID, i.SignerCerts = sealName, "37030000001799", [][]byte{certificate.Raw}
		}), certificate, key)
	}
	const scope = "issuer_scope"
	authority := func(name, expect, code, vcode, note string, content []byte, reasons ...string) {
		one("authority", name, "7", expect, code, vcode, note, content, reasons, l.root())
	}
	authority("good", "accept", "", "V00", "the seal of the authority", l.license(nil))
	authority("purpose", "accept", "", "V00", "a seal of the authority for one purpose", of("别的单位", authorityName+"行政审批专用章"))
	authority("other", "refuse", scope, "V25", "the genuine seal of another authority", of("别的单位", "别的局"), scope)
	authority("sibling", "refuse", scope, "V25", "the genuine seal of a body below the authority", of("别的单位", authorityName+"开发区分局行政审批专用章"), scope)
	authority("longer-name", "refuse", scope, "V25", "an authority whose name begins with this one's", of(authorityName+"服务中心", authorityName+"服务中心"), scope)
	certificate, key := w.person()
	authority("person", "refuse", scope, "V25", "the seal of a person who works there", by(w.personalSeal(nil), certificate, key), "seal_personal", scope)
	authority("message", "refuse", scope, "V25", "a signature of the authority without a seal", l.license(func(p *licenseParts) {
		p.draft = func(d *draft) {
			d.sign = func(description []byte) []byte {
				return must(pki.MakeSignedData(pki.SignedDataTemplate{GM: true, SigningTime: stampedAt}, description, w.signer, signFunc(w.signerKey)))
			}
		}
	}), scope)

	trust := func(name, expect, code, vcode, note string, content []byte, reasons []string, more ...field) {
		one("trust", name, "7", expect, code, vcode, note, content, reasons, more...)
	}
	trust("good", "accept", "", "V00", "root trusted", l.license(nil), nil, l.root())
	trust("untrusted-root", "undecided", "untrusted_root", "V24", "nobody is trusted", l.license(nil), []string{"untrusted_root", "license_status_unknown"}, field{"untrusted", []byte{1}})
	ended := func(from, to time.Time) []byte {
		return by(w.seal(func(i *ses.SealInfo) { i.ValidStart, i.ValidEnd = from, to }), w.signer, w.signerKey)
	}
	trust("seal-ended", "refuse", "SIGN_TIME_OUTSIDE_SEAL", "V23", "stamped after the seal had ended", ended(sealMade, stampedAt.Add(-time.Hour)), []string{"SIGN_TIME_OUTSIDE_SEAL"}, l.root())
	short := w.issue(pki.ProfileSealSigner, "37030000001721", w.root, w.signerKey, certificatesBegin, stampedAt.Add(-time.Hour))
	trust("certificate-ended", "refuse", "SIGN_TIME_OUTSIDE_CERT", "V25", "stamped after the signer's certificate had ended",
		by(w.seal(func(i *ses.SealInfo) { i.SignerCerts = [][]byte{short.Raw} }), short, w.signerKey), []string{"SIGN_TIME_OUTSIDE_CERT"}, l.root())
	crl := func(at time.Time) field {
		list := must(pki.MakeCRL(&stream{label: "license crl" + at.String()}, pki.CRLTemplate{Number: w.root.Serial, ThisUpdate: licensesJudged.Add(-time.Hour), NextUpdate: licensesJudged.Add(24 * time.Hour),
			Entries: []pki.CRLEntry{{Serial: w.signer.Serial, RevokedAt: at}}}, w.root, w.rootKey))
		return field{"crl", list.Raw}
	}
	trust("revoked-before", "refuse", "SIGNER_REVOKED_BEFORE", "V25", "the signer's certificate had been revoked when it was stamped", l.license(nil), []string{"SIGNER_REVOKED_BEFORE"}, l.root(), crl(stampedAt.Add(-time.Hour)))
	trust("revoked-later", "undecided", "time_untrusted", "V26", "the signer's certificate was revoked later, and nothing proves when it was stamped", l.license(nil), []string{"time_untrusted"}, l.root(), crl(stampedAt.Add(time.Hour)))
	states := func(entry sealstatus.Seal) field {
		key := signer{newKey("seal_status")}
		service := w.issue(pki.ProfileService, "印章状态", w.root, key, certificatesBegin, certificatesEnd)
		list := sealstatus.New("https://conformance.example/status/seals/370300", 1, "370300", statusIssued, statusNext, []sealstatus.Seal{entry})
		return field{"seal_list", must(list.Sign([][]byte{service.Raw}, signed.SignFunc(signFunc(key))))}
	}
	entry := sealstatus.Seal{Code: "37030000001721", SM3: [32]byte(digest.Sum(w.seal(nil))), History: sealstatus.History{{From: sealMade, State: sealstatus.InUse}}}
	trust("seal-in-use", "accept", "", "V00", "the seal is in use by its list", l.license(nil), nil, l.root(), states(entry))
	renamed := entry
	renamed.Owner, renamed.Became = authorityName, []sealstatus.Became{{From: stampedAt.Add(time.Hour), Kind: sealstatus.Renamed, Names: []string{"一致性检验局"}}}
	trust("renamed", "accept", "", "V14", "the authority has another name since", l.license(nil), []string{"seal_owner_succeeded"}, l.root(), states(renamed))
	lost := entry
	lost.History = append(lost.History, sealstatus.Event{From: stampedAt.Add(-time.Hour), State: sealstatus.Lost})
	trust("seal-lost", "refuse", "SEAL_STATUS_LOST", "V23", "the seal had been lost when it was used", l.license(nil), []string{"SEAL_STATUS_LOST"}, l.root(), states(lost))
}
