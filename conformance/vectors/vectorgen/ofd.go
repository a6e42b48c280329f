package vectorgen

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

const (
	specOFD = "GB/T 33190-2016"
	specZIP = "APPNOTE 6.3.4"
	ofdOpen = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	ofdName = `xmlns:ofd="http://www.ofdspec.org/2016"`
)

// draft is a package in the making.
type draft struct {
	names       []string
	content     map[string]string
	checkMethod string
	method      string                          // SignatureMethod
	left        map[string]bool                 // paths that the seal leaves out
	extra       []string                        // further Reference elements, written as they are
	override    map[string]string               // FileRef written instead of the path
	sealFile    []byte                          // Seal.esl to add
	stamp       string                          // attributes of StampAnnot
	sign        func(description []byte) []byte // makes a value without a seal, type Sign
	stamped     func(description []byte) []byte // makes the value of another seal than that of the world, in Sign_0
}

func newDraft() *draft {
	d := &draft{content: map[string]string{}, checkMethod: "1.2.156.10197.1.401", method: "1.2.156.10197.1.501", left: map[string]bool{}, override: map[string]string{},
		stamp: `ID="2" PageRef="1" Boundary="120 200 42 42"`}
	d.put("OFD.xml", ofdOpen+`<ofd:OFD `+ofdName+` Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>00000000000000000000000000000001</ofd:DocID></ofd:DocInfo>`+
		`<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>`)
	d.put("Doc_0/Document.xml", ofdOpen+`<ofd:Document `+ofdName+`><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>`+
		`</ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>`)
	d.put("Doc_0/Pages/Page_0/Content.xml", ofdOpen+`<ofd:Page `+ofdName+`><ofd:Content><ofd:Layer ID="3"/></ofd:Content></ofd:Page>`)
	return d
}

func (d *draft) put(name, content string) {
	if _, have := d.content[name]; !have {
		d.names = append(d.names, name)
	}
	d.content[name] = content
}

func (d *draft) remove(name string) {
	delete(d.content, name)
	for i, have := range d.names {
		if have == name {
			d.names = append(d.names[:i:i], d.names[i+1:]...)
			return
		}
	}
}

// edit replaces the first occurrence of a text in a file; it must be there.
func (d *draft) edit(name, from, to string) {
	if !strings.Contains(d.content[name], from) {
		panic(fmt.Sprintf("%s does not hold %q", name, from))
	}
	d.content[name] = strings.Replace(d.content[name], from, to, 1)
}

// seal adds a seal over everything in the package but its own files, Signatures.xml (unless locked) and what was left out.
func (d *draft) seal(w *world, number int, lock bool) {
	const list = "Doc_0/Signs/Signatures.xml"
	folder := fmt.Sprintf("Doc_0/Signs/Sign_%d/", number)
	if number == 0 {
		d.put(list, ofdOpen+`<ofd:Signatures `+ofdName+`><ofd:MaxSignId>9</ofd:MaxSignId></ofd:Signatures>`)
	}
	kind := "Seal"
	if d.sign != nil {
		kind = "Sign"
	}
	d.edit(list, `</ofd:Signatures>`, fmt.Sprintf(`<ofd:Signature ID="%d" Type="%s" BaseLoc="/%sSignature.xml"/></ofd:Signatures>`, number+1, kind, folder))
	if d.sealFile != nil {
		d.put(folder+"Seal.esl", string(d.sealFile))
	}
	var references strings.Builder
	for _, name := range d.names {
		if d.left["/"+name] || name == list && !lock {
			continue
		}
		written := "/" + name
		if other, ok := d.override[written]; ok {
			written = other
		}
		references.WriteString(reference(written, d.content[name]))
	}
	for _, one := range d.extra {
		references.WriteString(one)
	}
	method := ""
	if d.checkMethod != "" {
		method = fmt.Sprintf(` CheckMethod="%s"`, d.checkMethod)
	}
	sealElement := ""
	if d.sealFile != nil {
		sealElement = "<ofd:Seal><ofd:BaseLoc>/" + folder + "Seal.esl</ofd:BaseLoc></ofd:Seal>"
	}
	description := ofdOpen + `<ofd:Signature ` + ofdName + `><ofd:SignedInfo><ofd:Provider ProviderName="yinxin-conformance"/><ofd:SignatureMethod>` + d.method + `</ofd:SignatureMethod>` +
		`<ofd:SignatureDateTime>20260601000000Z</ofd:SignatureDateTime><ofd:References` + method + `>` + references.String() + `</ofd:References><ofd:StampAnnot ` + d.stamp + `/>` + sealElement +
		`</ofd:SignedInfo><ofd:SignedValue>/` + folder + `SignedValue.dat</ofd:SignedValue></ofd:Signature>`
	d.put(folder+"Signature.xml", description)
	switch {
	case d.sign != nil:
		d.put(folder+"SignedValue.dat", string(d.sign([]byte(description))))
		return
	case d.stamped != nil:
		d.put(folder+"SignedValue.dat", string(d.stamped([]byte(description))))
		return
	}
	d.put(folder+"SignedValue.dat", string(w.signature(w.seal(nil), func(i *ses.SignatureInfo) {
		i.DataHash, i.PropertyInfo = digest.Sum([]byte(description)), "/"+folder+"Signature.xml"
	})))
}

func reference(path, content string) string {
	return `<ofd:Reference FileRef="` + path + `"><ofd:CheckValue>` + base64.StdEncoding.EncodeToString(digest.Sum([]byte(content))) + `</ofd:CheckValue></ofd:Reference>`
}

func (d *draft) entries() []zipEntry {
	var entries []zipEntry
	for _, name := range d.names {
		entries = append(entries, zipEntry{name: name, content: []byte(d.content[name])})
	}
	return entries
}

func (d *draft) pack() []byte { return writeZip(d.entries(), nil, nil) }

// ofdWriter writes the ofd area.
type ofdWriter struct {
	*writer
	world *world
}

func writeOFD(w *writer) {
	o := &ofdWriter{w, newWorld()}
	o.containers()
	o.trees()
	o.references()
	o.coverage()
	o.signatures()
	o.schemaOrder()
	o.messages()
	o.personal()
	o.appearance()
}

// one writes a vector with a package in it, judged with the test root trusted unless trust is false.
func (o *ofdWriter) one(rule, name, spec, clause, expect, code, note string, content []byte, more ...field) {
	fields := append([]field{{"package", content}, {"root", o.world.root.Raw}}, more...)
	o.add(entry{rule: rule, name: name, spec: spec, clause: clause, expect: expect, code: code, made: made, note: note, fields: fields})
}

// sealed is the good package after a change before sealing and one after it.
func (o *ofdWriter) sealed(before, after func(*draft)) []byte {
	d := newDraft()
	if before != nil {
		before(d)
	}
	d.seal(o.world, 0, false)
	if after != nil {
		after(d)
	}
	return d.pack()
}

var strictly = field{"strict", []byte{1}}

// containers: names, duplicates, headers and sizes of the ZIP.
func (o *ofdWriter) containers() {
	good := newDraft()
	good.seal(o.world, 0, false)
	with := func(more ...zipEntry) []byte { return writeZip(append(good.entries(), more...), nil, nil) }
	harmless := []byte("x")
	o.one("package_names", "good", specZIP, "4.4.17", "accept", "", "good package", good.pack())
	for name, entry := range map[string]zipEntry{
		"dot-dot": {name: "../x"}, "inner-dot-dot": {name: "Doc_0/../../x"}, "absolute": {name: "/x"}, "backslash": {name: `Doc_0\x`}, "drive": {name: "C:x"},
		"nul": {name: "Doc_0/x\x00.xml"}, "empty-segment": {name: "Doc_0//x"}, "link": {name: "Doc_0/link", attributes: 0o120777 << 16},
	} {
		entry.content = harmless
		o.one("package_names", name, specZIP, "4.4.17", "refuse", "zip_name", "entry named "+fmt.Sprintf("%q", entry.name), with(entry))
	}
	o.one("package_duplicates", "good", specZIP, "4.3.2", "accept", "", "each name once", good.pack())
	o.one("package_duplicates", "same", specZIP, "4.3.2", "refuse", "zip_duplicate", "OFD.xml twice", with(zipEntry{name: "OFD.xml", content: harmless}))
	o.one("package_duplicates", "case", specZIP, "4.3.2", "refuse", "zip_duplicate", "OFD.XML beside OFD.xml", with(zipEntry{name: "OFD.XML", content: harmless}))
	o.one("package_duplicates", "unicode-form", specZIP, "4.3.2", "refuse", "zip_duplicate", "one name in two Unicode forms",
		with(zipEntry{name: "\u00e9", content: harmless}, zipEntry{name: "e\u0301", content: harmless}))
	o.one("package_structure", "good", specZIP, "4.3.6", "accept", "", "good package", good.pack())
	change := func(f func(*zipEntry)) []byte {
		entries := good.entries()
		f(&entries[0])
		return writeZip(entries, nil, nil)
	}
	for _, one := range []struct {
		name, note string
		content    []byte
	}{
		{"before", "hidden octets before the first entry", writeZip(good.entries(), []byte("hidden"), nil)},
		{"after", "hidden octets after the end record", writeZip(good.entries(), nil, []byte("hidden"))},
		{"local-name", "local and central header name different files", change(func(e *zipEntry) { e.localName = "OFE.xml" })},
		{"encrypted", "encryption flag", change(func(e *zipEntry) { e.flags = 1 })},
		{"check-value", "wrong CRC in the central directory", change(func(e *zipEntry) { e.crc = 0xdeadbeef })},
		{"size", "wrong size in the central directory", change(func(e *zipEntry) { e.plainSize = 7 })},
		{"cut", "last octet is missing", good.pack()[:len(good.pack())-1]},
		{"not-zip", "no ZIP at all", []byte("PK\x03\x04 but nothing more")},
	} {
		o.one("package_structure", one.name, specZIP, "4.3.6", "refuse", "zip_structure", one.note, one.content)
	}
	compressed, plain := deflateZeros(2 << 20)
	o.one("package_limits", "ratio", specZIP, "4.4.5", "refuse", "zip_limit", "2 MiB of zeros out of 13 KiB", with(zipEntry{name: "Doc_0/zeros", method: 8, content: compressed, plain: plain}))
	few, fewPlain := deflateZeros(64 << 10)
	o.one("package_limits", "small", specZIP, "4.4.5", "accept", "", "64 KiB of zeros, an extra file", with(zipEntry{name: "Doc_0/zeros", method: 8, content: few, plain: fewPlain}))
}

// trees: XML, boxes and locations.
func (o *ofdWriter) trees() {
	edited := func(name, from, to string) []byte { return o.sealed(func(d *draft) { d.edit(name, from, to) }, nil) }
	const document, root = "Doc_0/Document.xml", "OFD.xml"
	o.one("xml_doctype", "good", "XML 1.0", "2.8", "accept", "", "no DOCTYPE", o.sealed(nil, nil))
	for name, doctype := range map[string]string{
		"plain": `<!DOCTYPE OFD>`, "external": `<!DOCTYPE OFD [<!ENTITY x SYSTEM "file:///etc/passwd">]>`,
		"bomb": `<!DOCTYPE OFD [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`, "parameter": `<!DOCTYPE OFD [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]>`,
	} {
		o.one("xml_doctype", name, "XML 1.0", "2.8", "refuse", "xml_doctype", "DOCTYPE: "+name, edited(root, "<ofd:OFD ", doctype+"<ofd:OFD "))
	}
	o.one("xml_form", "old-namespace", "XML 1.0", "2.1", "accept", "", "namespace of older files in Document.xml", edited(document, "http://www.ofdspec.org/2016", "http://www.ofdspec.org"))
	for _, one := range []struct{ name, note, file, from, to string }{
		{"unclosed", "element is not closed", root, "</ofd:OFD>", ""},
		{"two-roots", "two root elements", root, "</ofd:OFD>", "</ofd:OFD><x/>"},
		{"nul", "NUL character", root, "</ofd:OFD>", "\x00</ofd:OFD>"},
		{"deep", "100 elements inside each other", root, "</ofd:OFD>", strings.Repeat("<x>", 100) + strings.Repeat("</x>", 100) + "</ofd:OFD>"},
		{"entity", "undeclared entity", root, "<ofd:DocID>", "<ofd:DocID>&x;"},
	} {
		o.one("xml_form", one.name, "XML 1.0", "2.1", "refuse", "xml", one.note, edited(one.file, one.from, one.to))
	}
	o.one("boxes", "good", specOFD, "7.3", "accept", "", "0 0 210 297", o.sealed(nil, nil))
	for name, box := range map[string]string{"nan": "0 0 NaN 297", "infinite": "0 0 Infinity 297", "huge": "0 0 1e308 297", "negative": "0 0 -210 297", "three": "0 0 210"} {
		o.one("boxes", name, specOFD, "7.3", "refuse", "limit", "PhysicalBox "+box, edited(document, "0 0 210 297", box))
	}
	o.one("locations", "inside", specOFD, "7.3", "accept", "", "../ that stays inside the package", edited(document, "Pages/Page_0/Content.xml", "../Doc_0/Pages/Page_0/Content.xml"))
	o.one("locations", "absolute", specOFD, "7.3", "accept", "", "path from the package's root", edited(document, "Pages/Page_0/Content.xml", "/Doc_0/Pages/Page_0/Content.xml"))
	for name, location := range map[string]string{"outside": "../../../etc/passwd", "url": "http://127.0.0.1:9/x.xml", "drive": "C:/x.xml"} {
		o.one("locations", name, specOFD, "7.3", "refuse", "ref_path", "page at "+location, edited(document, "Pages/Page_0/Content.xml", location))
	}
}

// references: the list of protected files.
func (o *ofdWriter) references() {
	const page = "Doc_0/Pages/Page_0/Content.xml"
	o.one("references", "good", specOFD, "18.2", "accept", "", "every digest holds", o.sealed(nil, nil))
	for _, name := range []string{"OFD.xml", "Doc_0/Document.xml", page} {
		short := strings.ToLower(strings.TrimSuffix(name[strings.LastIndex(name, "/")+1:], ".xml"))
		o.one("references", "changed-"+short, specOFD, "18.2", "refuse", "DIGEST_MISMATCH", "one octet of "+name+" changed", o.sealed(nil, func(d *draft) { d.put(name, d.content[name]+"\n") }))
	}
	o.one("reference_paths", "good", specOFD, "18.2", "accept", "", "absolute paths", o.sealed(nil, nil))
	for name, one := range map[string][2]string{
		"missing": {"/Doc_0/Res/none.png", "a file that is not there"}, "outside": {"../../etc/passwd", "a path that leaves the package"}, "url": {"http://127.0.0.1:9/x", "a URL"},
	} {
		o.one("reference_paths", name, specOFD, "18.2", "refuse", "ref_path", "reference to "+one[1], o.sealed(func(d *draft) { d.extra = []string{reference(one[0], "x")} }, nil))
	}
	o.one("reference_paths", "twice", specOFD, "18.2", "refuse", "ref_path", "one file with two digests", o.sealed(func(d *draft) { d.extra = []string{reference("/"+page, "x")} }, nil))
	o.one("check_method", "oid", specOFD, "18.2", "accept", "", "SM3 by its object identifier", o.sealed(nil, nil))
	o.one("check_method", "name", specOFD, "18.2", "accept", "", "SM3 by its name", o.sealed(func(d *draft) { d.checkMethod = "SM3" }, nil))
	for name, method := range map[string]string{"md5": "MD5", "sha1": "1.3.14.3.2.26", "absent": "", "unknown": "1.2.3"} {
		o.one("check_method", name, specOFD, "18.2", "refuse", "weak_digest", fmt.Sprintf("CheckMethod %q", method), o.sealed(func(d *draft) { d.checkMethod = method }, nil))
	}
	o.one("signature_method", "oid", specOFD, "18.2", "accept", "", "SM2 with SM3 by its object identifier", o.sealed(nil, nil))
	for name, method := range map[string]string{"name": "SM3withSM2", "empty": ""} {
		o.one("signature_method", name, specOFD, "18.2", "accept", "", fmt.Sprintf("SignatureMethod %q", method), o.sealed(func(d *draft) { d.method = method }, nil))
	}
	for name, method := range map[string]string{"md5-rsa": "1.2.840.113549.1.1.4", "sha1-rsa": "sha1WithRSAEncryption", "sha256-rsa": "1.2.840.113549.1.1.11", "unknown": "1.2.3"} {
		o.one("signature_method", name, specOFD, "18.2", "refuse", "SIG_ALG", fmt.Sprintf("SignatureMethod %q of a seal whose value is SM2 with SM3", method), o.sealed(func(d *draft) { d.method = method }, nil))
	}
	o.one("check_method", "empty", specOFD, "18.2", "refuse", "references", "no reference at all", o.sealed(func(d *draft) {
		for _, name := range d.names {
			d.left["/"+name] = true
		}
	}, nil))
}

// coverage: what the seal does not cover it does not prove.
func (o *ofdWriter) coverage() {
	const page = "/Doc_0/Pages/Page_0/Content.xml"
	leave := func(path string) func(*draft) { return func(d *draft) { d.left[path] = true } }
	o.one("coverage", "good", specOFD, "18.2", "accept", "", "everything is covered", o.sealed(nil, nil), strictly)
	o.one("coverage", "page", specOFD, "18.2", "undecided", "uncovered_visible", "page left out", o.sealed(leave(page), nil))
	o.one("coverage", "page-strict", specOFD, "18.2", "refuse", "uncovered_visible", "page left out, strict", o.sealed(leave(page), nil), strictly)
	o.one("coverage", "extra", specOFD, "18.2", "accept", "", "a file that nothing reaches, added after sealing", o.sealed(nil, func(d *draft) { d.put("Doc_0/note.txt", "x") }))
	o.one("coverage", "container", specOFD, "18.2", "accept", "", "OFD.xml left out, one covered document", o.sealed(leave("/OFD.xml"), nil))
	o.one("coverage", "container-and-document", specOFD, "18.2", "undecided", "uncovered_visible", "OFD.xml and the document it leads to left out", o.sealed(func(d *draft) {
		leave("/OFD.xml")(d)
		leave("/Doc_0/Document.xml")(d)
	}, nil))
	o.one("coverage", "attachment", specOFD, "18.2", "undecided", "uncovered_visible", "attachment left out", o.sealed(func(d *draft) {
		d.edit("Doc_0/Document.xml", "</ofd:Document>", "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>")
		d.put("Doc_0/Attachs/Attachments.xml", ofdOpen+`<ofd:Attachments `+ofdName+`><ofd:Attachment ID="8" Name="a"><ofd:FileLoc>a.txt</ofd:FileLoc></ofd:Attachment></ofd:Attachments>`)
		d.put("Doc_0/Attachs/a.txt", "text")
		d.left["/Doc_0/Attachs/a.txt"] = true
	}, nil))
	second := strings.Replace(newDraft().content["Doc_0/Document.xml"], "Pages/Page_0", "/Doc_0/Pages/Page_0", 1)
	o.one("changed_after", "good", specOFD, "18.2", "accept", "", "nothing changed", o.sealed(leave("/OFD.xml"), nil))
	o.one("changed_after", "doc-root", specOFD, "18.2", "refuse", "changed_after", "DocRoot of the uncovered OFD.xml moved to another document", o.sealed(leave("/OFD.xml"), func(d *draft) {
		d.put("Doc_1/Document.xml", second)
		d.edit("OFD.xml", "Doc_0/Document.xml", "Doc_1/Document.xml")
	}))
	o.one("changed_after", "second-body", specOFD, "18.2", "refuse", "changed_after", "second document added to the uncovered OFD.xml", o.sealed(leave("/OFD.xml"), func(d *draft) {
		d.put("Doc_1/Document.xml", second)
		d.edit("OFD.xml", "</ofd:OFD>", `<ofd:DocBody><ofd:DocInfo><ofd:DocID>00000000000000000000000000000002</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`)
	}))
}

// signatures: list, description, value and seal file.
func (o *ofdWriter) signatures() {
	const description, list = "Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Signs/Signatures.xml"
	o.one("data_hash", "good", specOFD, "18.2", "accept", "", "dataHash of Signature.xml holds", o.sealed(nil, nil))
	o.one("data_hash", "changed", specOFD, "18.2", "refuse", "DATA_HASH", "line added to Signature.xml", o.sealed(nil, func(d *draft) { d.put(description, d.content[description]+"\n") }))
	o.one("data_hash", "stamp-moved", specOFD, "18.2", "refuse", "DATA_HASH", "seal moved on the page", o.sealed(nil, func(d *draft) { d.edit(description, "120 200", "20 20") }))
	seal := o.world.seal(nil)
	o.one("seal_file", "same", specOFD, "18.2", "accept", "", "Seal.esl equals the seal inside the signature", o.sealed(func(d *draft) { d.sealFile = seal }, nil))
	o.one("seal_file", "other", specOFD, "18.2", "refuse", "seal_mismatch", "Seal.esl is another seal of the same maker",
		o.sealed(func(d *draft) { d.sealFile = o.world.seal(func(i *ses.SealInfo) { i.Type = 2 }) }, nil))
	o.one("signature_list", "good", specOFD, "18.1", "accept", "", "one seal", o.sealed(nil, nil))
	o.one("signature_list", "list-missing", specOFD, "18.1", "refuse", "ref_path", "Signatures.xml is not in the package", o.sealed(nil, func(d *draft) { d.remove(list) }))
	o.one("signature_list", "value-missing", specOFD, "18.1", "refuse", "ref_path", "SignedValue.dat is not in the package", o.sealed(nil, func(d *draft) { d.remove("Doc_0/Signs/Sign_0/SignedValue.dat") }))
	o.one("signature_list", "value-broken", specOFD, "18.1", "refuse", "SIG_FORMAT", "SignedValue.dat is no signature", o.sealed(nil, func(d *draft) { d.put("Doc_0/Signs/Sign_0/SignedValue.dat", "x") }))
	two := newDraft()
	two.seal(o.world, 0, false)
	two.seal(o.world, 1, false)
	o.one("two_seals", "open", specOFD, "18.1", "accept", "", "second seal after one that left Signatures.xml open", two.pack())
	locked := newDraft()
	locked.seal(o.world, 0, true)
	o.one("two_seals", "locked", specOFD, "18.1", "accept", "", "one seal that covers Signatures.xml", locked.pack())
	locked.seal(o.world, 1, false)
	o.one("two_seals", "after-lock", specOFD, "18.1", "refuse", "DIGEST_MISMATCH", "second seal after one that covered Signatures.xml", locked.pack())
	plain := newDraft()
	plain.edit("OFD.xml", "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>", "")
	o.one("trust", "unsigned", specOFD, "18.1", "undecided", "", "no signature at all", plain.pack())
	o.one("trust", "trusted", specOFD, "18.1", "accept", "", "root is trusted", o.sealed(nil, nil))
	o.one("trust", "untrusted", specOFD, "18.1", "undecided", "untrusted_root", "root is not trusted", o.sealed(nil, nil), field{"untrusted", []byte{1}})
}

// schemaOrder: what a viewer that reads by position and one that reads by name would take differently (security row D-23).
func (o *ofdWriter) schemaOrder() {
	const root, document, page, description = "OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Signs/Sign_0/Signature.xml"
	o.one("schema_order", "good", specOFD, "7", "accept", "", "known elements only, strict", o.sealed(nil, nil), strictly)
	for _, one := range []struct{ name, note, file, from, to string }{
		{"before-doc-root", "element before DocRoot", root, "<ofd:DocRoot>", "<ofd:DocRoute/><ofd:DocRoot>"},
		{"before-pages", "element before Pages", document, "<ofd:Pages>", "<ofd:PageList/><ofd:Pages>"},
		{"before-page", "element before a page", document, "<ofd:Page ", "<ofd:Sheet/><ofd:Page "},
		{"before-box", "element before PhysicalBox", document, "<ofd:PhysicalBox>", "<ofd:Box>0 0 1 1</ofd:Box><ofd:PhysicalBox>"},
		{"before-content", "element before Content", page, "<ofd:Content>", "<ofd:Contents/><ofd:Content>"},
		{"before-layer", "element before a layer", page, "<ofd:Layer ", "<ofd:Plane/><ofd:Layer "},
		{"namespace", "element of another namespace with a known name", document, "<ofd:MaxUnitID>", `<x:DefaultCS xmlns:x="urn:x"/><ofd:MaxUnitID>`},
	} {
		content := o.sealed(func(d *draft) { d.edit(one.file, one.from, one.to) }, nil)
		o.one("schema_order", one.name, specOFD, "7", "accept", "", one.note+", read by name", content)
		o.one("schema_order", one.name+"-strict", specOFD, "7", "refuse", "xml", one.note+", strict", content, strictly)
	}
	o.one("schema_order", "behind", specOFD, "7", "accept", "", "element behind all known ones, strict",
		o.sealed(func(d *draft) { d.edit(document, "</ofd:Document>", "<ofd:PageList/></ofd:Document>") }, nil), strictly)
	o.one("schema_order", "description", specOFD, "7", "refuse", "DATA_HASH", "element put into the description after sealing",
		o.sealed(nil, func(d *draft) { d.edit(description, "<ofd:SignedValue>", "<ofd:Value/><ofd:SignedValue>") }), strictly)
}

// messages: signatures without a seal, with and without signed attributes, and values that name nobody.
func (o *ofdWriter) messages() {
	w := o.world
	with := func(sign func(description []byte) []byte) []byte {
		return o.sealed(func(d *draft) { d.sign = sign }, nil)
	}
	message := func(template pki.SignedDataTemplate, key signer) func([]byte) []byte {
		return func(description []byte) []byte {
			return must(pki.MakeSignedData(template, description, w.signer, signFunc(key)))
		}
	}
	const spec, clause = "GB/T 35275-2017", "8.1"
	gm := pki.SignedDataTemplate{GM: true, SigningTime: stampedAt}
	o.one("messages", "gm", spec, clause, "accept", "", "content types of GB/T 35275, with attributes", with(message(gm, w.signerKey)))
	o.one("messages", "cms", spec, clause, "accept", "", "content types of CMS, with attributes", with(message(pki.SignedDataTemplate{SigningTime: stampedAt}, w.signerKey)))
	o.one("messages", "value", spec, clause, "refuse", "SIG_VALUE", "last octet of the value changed", with(func(description []byte) []byte {
		value := message(gm, w.signerKey)(description)
		value[len(value)-1] ^= 1 // the value stands last
		return value
	}))
	o.one("messages", "other-description", spec, clause, "refuse", "DATA_HASH", "message about another description",
		with(func([]byte) []byte { return message(gm, w.signerKey)([]byte("x")) }))
	o.one("messages", "description-changed", spec, clause, "refuse", "DATA_HASH", "line added to the description",
		o.sealed(func(d *draft) { d.sign = message(gm, w.signerKey) }, func(d *draft) {
			d.put("Doc_0/Signs/Sign_0/Signature.xml", d.content["Doc_0/Signs/Sign_0/Signature.xml"]+"\n")
		}))
	o.one("messages", "page-changed", spec, clause, "refuse", "DIGEST_MISMATCH", "line added to the page",
		o.sealed(func(d *draft) { d.sign = message(gm, w.signerKey) }, func(d *draft) {
			d.put("Doc_0/Pages/Page_0/Content.xml", d.content["Doc_0/Pages/Page_0/Content.xml"]+"\n")
		}))
	o.one("messages", "before-certificate", spec, clause, "refuse", "SIGN_TIME_OUTSIDE_CERT", "signed before the certificate began",
		with(message(pki.SignedDataTemplate{GM: true, SigningTime: certificatesBegin.Add(-1e9)}, w.signerKey)))
	o.one("messages", "der", spec, clause, "undecided", "signer_unknown", "DER of r and s, no certificate", with(func(description []byte) []byte {
		return must(w.signerKey.Sign(nil, description, nil))
	}))
	o.one("messages", "empty", spec, clause, "refuse", "SIG_FORMAT", "no octets", with(func([]byte) []byte { return nil }))
	o.one("messages", "certificate", spec, clause, "refuse", "SIG_FORMAT", "a certificate in the place of a message", with(func([]byte) []byte { return w.signer.Raw }))
	o.one("messages", "no-signer", spec, clause, "undecided", "signer_unknown", "nobody signs", with(func(description []byte) []byte { return signersOf(message(gm, w.signerKey)(description), 0) }))
	o.one("messages", "two-signers", spec, clause, "undecided", "signer_unknown", "the signer stands twice", with(func(description []byte) []byte { return signersOf(message(gm, w.signerKey)(description), 2) }))
	// Without signed attributes the value is over the digest itself (GB/T 35275 as one maker writes it).
	bare := func(key signer, content func(description []byte) []byte) func([]byte) []byte {
		return func(description []byte) []byte { return bareMessage(w, key, content(description)) }
	}
	hash := func(description []byte) []byte { return digest.Sum(description) }
	o.one("messages", "bare", spec, clause, "accept", "", "without attributes, content is the digest", with(bare(w.signerKey, hash)))
	o.one("messages", "bare-other-key", spec, clause, "refuse", "SIG_VALUE", "without attributes, value of another key", with(bare(w.makerKey, hash)))
	o.one("messages", "bare-other-digest", spec, clause, "refuse", "DATA_HASH", "without attributes, digest of something else", with(bare(w.signerKey, func([]byte) []byte { return digest.Sum([]byte("x")) })))
}

// signersOf is a message with its SignerInfo so many times.
func signersOf(message []byte, times int) []byte {
	outer := parts(message)
	data := parts(parts(outer[1])[0])
	info := parts(data[len(data)-1])[0]
	set := bytes.Repeat(info, times)
	data[len(data)-1] = append(der.Header(der.Universal, 17, true, len(set)), set...)
	return der.EncodeSequence(outer[0], der.EncodeExplicit(0, der.EncodeSequence(data...)))
}

// bareMessage is a GB/T 35275 message without signed attributes.
func bareMessage(w *world, key signer, content []byte) []byte {
	oid := func(dotted string) []byte { return must(der.EncodeOID(dotted)) }
	const base = "1.2.156.10197.6.1.4.2."
	sm3 := der.EncodeSequence(oid("1.2.156.10197.1.401"), null)
	certificate := parts(parts(w.signer.Raw)[0])
	info := der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(certificate[3], certificate[1]), sm3,
		der.EncodeSequence(oid("1.2.156.10197.1.501"), null), der.EncodeOctetString(must(key.Sign(nil, content, nil))))
	set := func(member []byte) []byte { return append(der.Header(der.Universal, 17, true, len(member)), member...) }
	signed := der.EncodeSequence(der.EncodeInt(1), set(sm3),
		der.EncodeSequence(oid(base+"1"), der.EncodeExplicit(0, der.EncodeOctetString(content))),
		der.EncodeExplicit(0, w.signer.Raw), set(info))
	return der.EncodeSequence(oid(base+"2"), der.EncodeExplicit(0, signed))
}
