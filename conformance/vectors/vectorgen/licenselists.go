package vectorgen

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// lists: the form of a status list, whoever signed it.
func (l *licenseWriter) lists() {
	one := func(name, expect, code, note string, list []byte) {
		l.add(entry{rule: "list_form", name: name, spec: "RFC 8949", clause: "4.2.1", expect: expect, code: code, made: made, note: note, fields: []field{{"status_list", list}, {"status", []byte{byte(statuslist.NotUsable)}}}})
	}
	with := func(change func(*listParts)) []byte { return l.statusList(statuslist.NotUsable, change) }
	good := with(nil)
	one("good", "accept", "", "a shard whose entry 7 is not usable", good)
	one("size", "refuse", "format", "half as many entries as a shard has", with(func(p *listParts) { p.size /= 2 }))
	one("bits", "refuse", "format", "one bit an entry", with(func(p *listParts) { p.bits = 1 }))
	one("short", "refuse", "format", "fewer entries than the size says", with(func(p *listParts) { p.entries = p.entries[1:] }))
	one("long", "refuse", "format", "more entries than the size says", with(func(p *listParts) { p.entries = append(p.entries, 0) }))
	one("number", "refuse", "format", "number 0", with(func(p *listParts) { p.number = 0 }))
	one("times", "refuse", "format", "due before it was issued", with(func(p *listParts) { p.next = p.issued.Add(-1e9) }))
	one("trailing", "refuse", "format", "an octet after the list", append(bytes.Clone(good), 0))
	one("cut", "refuse", "format", "the last octet is missing", good[:len(good)-1])
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	one("value", "refuse", "signature", "bit of the signature value changed", changed)
	one("kind", "refuse", "format", "a delta in the place of a list", l.delta(5, nil))
	one("length", "refuse", "format", "an array whose length takes one octet more than it must", append([]byte{0x98, 4}, good[1:]...))
	one("unknown-key", "refuse", "format", "a member that is not defined", l.signed(signed.KindList, map[int]any{1: statusBase + "1", 2: 5, 3: statusIssued.Unix(), 4: statusNext.Unix(), 5: 2, 6: statuslist.Size, 7: deflateRuns(statusEntries(2)), 8: 1}, l.service, l.serviceKey))
}

// identifiers: what is minted, and what is read with a deviation named.
func (l *licenseWriter) identifiers() {
	one := func(name, expect, code, note, text string, more ...field) {
		l.one("identifier", name, specLicID, "5", expect, code, note, nil, field{"identifier", []byte(text)}, more...)
	}
	good := identifier(licenseTypeCode, authorityCode, "CONF202600001", "001")
	changed := func(at int, to byte) string {
		text := []byte(good)
		text[at] = to
		return string(text)
	}
	strict := field{"strict", []byte{1}}
	one("good", "accept", "", "check character fits", good, strict)
	// The worked example of a public planning permit, whose check character is 0.
	one("published", "accept", "", "identifier of a published licence", "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0", strict)
	one("check", "refuse", "check", "another check character", good[:len(good)-1]+string("0123456789"[(strings.IndexByte("0123456789", good[len(good)-1])+1)%10]), strict)
	one("mistyped", "refuse", "check", "one character of the serial mistyped", changed(len(good)-8, '7'), strict)
	swapped := []byte(good)
	at := strings.Index(good, "CONF")
	swapped[at], swapped[at+1] = swapped[at+1], swapped[at]
	one("swapped", "refuse", "check", "two characters swapped", string(swapped), strict)
	one("root", "refuse", "root", "another root", "1.2.156.3005.3"+good[14:], strict)
	one("parts", "refuse", "root", "a part is missing", strings.Replace(good, ".001.", ".", 1), strict)
	one("version-zero", "refuse", "version", "version 000", identifier(licenseTypeCode, authorityCode, "CONF202600001", "000"), strict)
	one("type", "refuse", "type_code", "a local type code is not minted", identifier("062301", authorityCode, "1", "001"), strict)
	one("issuer", "refuse", "issuer_code", "an issuer with a wrong check character is not minted", identifier(licenseTypeCode, authorityCode[:17]+"V", "1", "001"), strict)
	// Old data carry a code of the division where the unified code is defined (sample of a vendor, whose check character fits).
	one("division", "accept", "issuer_division_code", "code of the division in the place of the issuer's", "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9")
	one("local-type", "accept", "type_code_local", "type code of a place", "1.2.156.3005.2.062301.1101101102.06240_01.001.U")
	one("separators", "accept", "serial_separators", "hyphens in the serial", strings.Replace(good, "CONF2026", "CONF-2026-", 1))
	one("wrong-check", "accept", "check_wrong", "sample of a vendor with a wrong check character, read and named", "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M")
	one("letters", "refuse", "serial", "a serial with other letters", strings.Replace(good, "CONF", "证照", 1))
}

// copyParts is an annotated copy in the making.
type copyParts struct {
	data     licensefile.Copy
	original []byte
	draft    func(*draft) // before the seal
	after    func(*draft)
	unsealed bool
}

// annotated makes an annotated copy and seals it with the seal of the test world.
func (l *licenseWriter) annotated(change func(*copyParts)) []byte {
	original := l.license(nil)
	p := copyParts{original: original, data: licensefile.Copy{
		Format: licensefile.CopyForm, ID: "lcopy_conformance", LicenseID: identifier(licenseTypeCode, authorityCode, "CONF202600001", "001"), Grant: "ugrant_conformance",
		Creator: authorityName, CreatorCode: authorityCode, Receiver: "一致性测试中心", ReceiverCode: "11990000MB7QX0023P", PurposeCode: "loan", Cause: "贷款", Created: "20261130080000", Expires: "20261203080000",
		RecordURL: "https://conformance.example/me/uses/1", QR: checkered(21),
	}}
	if change != nil {
		change(&p)
	}
	p.data.OriginalSM3 = hex.EncodeToString(digest.Sum(p.original))
	machine := must(p.data.Encode())
	font := must(typeface.Sans().Subset(p.data.Letters()))
	opened := must(ofd.Open(p.original, ofd.DefaultLimits()))
	d := &draft{content: map[string]string{}, checkMethod: "1.2.156.10197.1.401", method: "1.2.156.10197.1.501", left: map[string]bool{}, override: map[string]string{}, stamp: `ID="1900" PageRef="1" Boundary="140 225 40 40"`}
	for _, f := range must(p.data.Files(opened, p.original, machine, font)) {
		d.put(f.Path[1:], string(f.Content))
	}
	if p.draft != nil {
		p.draft(d)
	}
	if !p.unsealed {
		d.edit("OFD.xml", "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>")
		d.seal(l.world, 0, false)
	}
	if p.after != nil {
		p.after(d)
	}
	return d.pack()
}

// checkered is a square of modules that no reader takes for a code.
func checkered(n int) (rows []string) {
	for i := range n {
		rows = append(rows, strings.Repeat("10", n)[i%2:][:n])
	}
	return rows
}

// copies: annotated copies (加注件) and the originals in them.
func (l *licenseWriter) copies() {
	one := func(name, expect, code, vcode, note string, status statuslist.Status, content []byte, reasons ...string) {
		l.one("copy", name, specData, "5.3", expect, code, note, golden(vcode, ofFile(reasons...)...), field{"license", content}, l.root(), l.list(status, nil))
	}
	const note, mismatch, damaged = "copy_of_license", "copy_layer_mismatch", "copy_damaged"
	const words, machine = "Doc_0/Overlay/Annot_0.xml", "Doc_0/Attachs/attach_1.json"
	refused := func(name, code, text string, content []byte, reasons ...string) {
		one(name, "refuse", code, "V20", text, statuslist.InForce, content, append(reasons, note)...)
	}
	layer := func(name, text, file, from, to string) {
		refused(name, mismatch, text, l.annotated(func(p *copyParts) { p.draft = func(d *draft) { d.edit(file, from, to) } }), mismatch)
	}
	one("good", "accept", note, "V00", "copied for a loan, within its time", statuslist.InForce, l.annotated(nil), note)
	one("expired", "refuse", "copy_expired", "V12", "its time is over", statuslist.InForce, l.annotated(func(p *copyParts) { p.data.Expires = "20261130200000" }), "copy_expired", note)
	one("future", "refuse", "copy_not_yet_valid", "V12", "made a day after the moment of judgement", statuslist.InForce, l.annotated(func(p *copyParts) { p.data.Created = "20261202080000" }), "copy_not_yet_valid", note)
	one("original-ended", "refuse", "license_ended", "V10", "the licence has ended since", statuslist.Ended, l.annotated(nil), "license_ended", note)
	layer("other-purpose", "the words over the page name another purpose", words, "贷款", "存款")
	layer("hidden-words", "the words over the page cannot be seen", words, `Alpha="90"`, `Alpha="0"`)
	layer("longer", "the machine file names a later end than the pages", machine, `"copy_expires_at": "20261203`, `"copy_expires_at": "20271203`)
	refused("page-changed", mismatch, "a page of the original changed in the copy", l.annotated(func(p *copyParts) {
		p.draft = func(d *draft) { d.edit(licensePage, "餐饮", "餐飮") }
	}), mismatch)
	refused("more", mismatch, "a further file in the overlay", l.annotated(func(p *copyParts) { p.draft = func(d *draft) { d.put("Doc_0/Overlay/more.xml", "<a/>") } }), mismatch)
	one("no-original", "refuse", damaged, "V20", "the original was left out", statuslist.InForce, l.annotated(func(p *copyParts) { p.draft = func(d *draft) { d.remove("Doc_0/Attachs/attach_0.ofd") } }), damaged)
	one("machine-form", "refuse", damaged, "V20", "machine file of another format", statuslist.InForce, l.annotated(func(p *copyParts) {
		p.draft = func(d *draft) { d.edit(machine, licensefile.CopyForm, "yinxin-license-copy/2") }
	}), damaged)
	one("after-seal", "refuse", "DIGEST_MISMATCH", "V20", "the words changed after the seal", statuslist.InForce, l.annotated(func(p *copyParts) { p.after = func(d *draft) { d.edit(words, "贷款", "存款") } }), "DIGEST_MISMATCH", mismatch, note)
}

// proofs: of the transparency log, over a tree of four leaves that is computed here.
func (l *licenseWriter) proofs() {
	log := newLog(l)
	one := func(name, expect, code, note string, proof []byte, keys string) {
		l.one("log_proof", name, "RFC 6962", "2.1.1", expect, code, note, nil, field{"proof", proof}, field{"license_id", []byte(log.licenseID)}, field{"original", log.original}, field{"log_keys", []byte(keys)})
	}
	good := log.proof(nil)
	one("good", "accept", "", "the licence is the third of four leaves", good, log.keys)
	one("no-key", "undecided", "stranger", "the key of the log is not known", good, log.stranger)
	one("other-log", "undecided", "stranger", "a key of another log with the same name", good, log.impostor)
	one("index", "refuse", "proof", "index of another leaf", log.proof(func(p *proofParts) { p.index = 1 }), log.keys)
	one("hash", "refuse", "proof", "another hash on the way to the root", log.proof(func(p *proofParts) { p.hashes[1] = digest.Sum([]byte("x")) }), log.keys)
	one("order", "refuse", "proof", "the hashes in another order", log.proof(func(p *proofParts) { p.hashes[0], p.hashes[1] = p.hashes[1], p.hashes[0] }), log.keys)
	one("salt", "refuse", "proof", "another salt: the leaf is of something else", log.proof(func(p *proofParts) { p.salt = digest.Sum([]byte("other salt")) }), log.keys)
	one("authority", "refuse", "proof", "the leaf names an authority that the licence does not", log.proof(func(p *proofParts) { p.authority = "11990000MB7QX0023P" }), log.keys)
	one("root", "refuse", "proof", "a signed checkpoint of another tree", log.proof(func(p *proofParts) { p.root = digest.Sum([]byte("x")) }), log.keys)
	one("size", "refuse", "proof", "a signed checkpoint of a smaller tree", log.proof(func(p *proofParts) { p.size = 2 }), log.keys)
	one("value", "refuse", "signature", "bit of the checkpoint's signature changed", log.proof(func(p *proofParts) { p.spoil = true }), log.keys)
	one("checkpoint-root", "refuse", "signature", "the root in the checkpoint changed after it was signed", bytes.Replace(good, []byte(base64.StdEncoding.EncodeToString(log.root)), []byte(base64.StdEncoding.EncodeToString(digest.Sum([]byte("x")))), 1), log.keys)
	one("header", "refuse", "format", "another format", bytes.Replace(good, []byte("tlog-proof@v1"), []byte("tlog-proof@v2"), 1), log.keys)
	one("index-form", "refuse", "format", "an index with a zero in front", bytes.Replace(good, []byte("index 2"), []byte("index 02"), 1), log.keys)
}

// conformanceLog is a log of four leaves.
type conformanceLog struct {
	licenseID                string
	original                 []byte // SM3 of the sealed original
	leaves                   [4][]byte
	root                     []byte
	keys, stranger, impostor string
	salt                     []byte
	key                      signer
}

const logOrigin = "conformance.example/log"

func newLog(l *licenseWriter) *conformanceLog {
	log := &conformanceLog{licenseID: identifier(licenseTypeCode, authorityCode, "CONF202600001", "001"), original: digest.Sum(l.license(nil)), salt: digest.Sum([]byte("salt")), key: signer{newKey("log")}}
	log.keys, log.stranger, log.impostor = noteKey(logOrigin, log.key), noteKey("conformance.example/other", log.key), noteKey(logOrigin, signer{newKey("log of another")})
	leaf := leafOf(authorityCode, log.salt, log.licenseID, log.original)
	for i := range log.leaves {
		log.leaves[i] = digest.Sum(append([]byte{0}, fmt.Sprintf("leaf %d", i)...))
	}
	log.leaves[2] = digest.Sum(append([]byte{0}, leaf...))
	log.root = branch(branch(log.leaves[0], log.leaves[1]), branch(log.leaves[2], log.leaves[3]))
	return log
}

func branch(left, right []byte) []byte {
	return digest.Sum(append(append([]byte{1}, left...), right...))
}

// leafOf is an entry of the log: [1, licence, authority, 0, no tag, SM3(salt ‖ identifier ‖ original)].
func leafOf(authority string, salt []byte, licenseID string, original []byte) []byte {
	return must(signed.Encode([]any{1, 1, authority, 0, []byte{}, digest.Sum(bytes.Join([][]byte{salt, []byte(licenseID), original}, nil))}))
}

// noteKey is a verifier key of signed notes with the type of SM2 (0xff and a name; see package translog).
func noteKey(name string, key signer) string { return must(logKey(name, key)).String() }

// proofParts is a proof in the making.
type proofParts struct {
	index     uint64
	hashes    [][]byte
	salt      []byte
	authority string
	size      uint64
	root      []byte
	spoil     bool
}

func (log *conformanceLog) proof(change func(*proofParts)) []byte {
	p := proofParts{2, [][]byte{log.leaves[3], branch(log.leaves[0], log.leaves[1])}, log.salt, authorityCode, 4, log.root, false}
	if change != nil {
		change(&p)
	}
	var out bytes.Buffer
	extra := must(signed.Encode([]any{1, p.authority, p.salt, nil, []byte{}}))
	fmt.Fprintf(&out, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(extra), p.index)
	for _, hash := range p.hashes {
		out.WriteString(base64.StdEncoding.EncodeToString(hash) + "\n")
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", logOrigin, p.size, base64.StdEncoding.EncodeToString(p.root))
	value := must(pki.SM2SignatureToRaw(must(log.key.Sign(nil, []byte(text), nil))))
	if p.spoil {
		value[63] ^= 1
	}
	id := binary.BigEndian.AppendUint32(nil, must(logKey(logOrigin, log.key)).KeyHash())
	fmt.Fprintf(&out, "\n%s\n— %s %s\n", text, logOrigin, base64.StdEncoding.EncodeToString(append(id, value...)))
	return out.Bytes()
}
