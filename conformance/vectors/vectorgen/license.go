package vectorgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

const (
	specLicense = "GB/T 36905-2018"
	specData    = "GB/T 36903-2018"
	specLicID   = "GB/T 36904-2018"
)

// What the licences of the vectors name. The authority is the one of the test world, whose certificates and seal carry its name and code.
const (
	licenseTypeCode = "11980000MB7QX1050L001"
	authorityName   = "一致性测试局"
	authorityCode   = "11370306MB2867521U"
	statusBase      = "https://conformance.example/status/licenses/"
	statusSigner    = "证照状态"
	statusIndex     = 7
)

// Moments of licences: they are judged at judged unless a vector says otherwise.
var (
	licensesJudged = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	statusIssued   = licensesJudged.Add(-12 * time.Hour)
	statusNext     = licensesJudged.Add(12 * time.Hour)
)

// licenseWriter writes the license area.
type licenseWriter struct {
	*writer
	world      *world
	service    *pki.Certificate // signs status lists, deltas and key bundles
	serviceKey signer
	kind       *catalog.Type
	plain      []byte // the licence without a change
}

func writeLicense(w *writer) {
	l := &licenseWriter{writer: w, world: newWorld(), serviceKey: signer{newKey("license status")}}
	l.service = l.world.issue(pki.ProfileService, statusSigner, l.world.root, l.serviceKey, certificatesBegin, certificatesEnd)
	l.kind, _ = catalog.Find(licenseTypeCode)
	l.files()
	l.photos()
	l.statuses()
	l.seals()
	l.lists()
	l.identifiers()
	l.copies()
	l.proofs()
	l.packages()
	l.codes()
}

// golden is what every channel must say: verdict by expect, the V-code and all reasons in their order.
func golden(code string, reasons ...string) []field {
	return []field{{"verdict", []byte(code)}, {"reasons", []byte(strings.Join(reasons, " "))}}
}

// ofFile are the reasons about a sealed file of the vectors. What every one of them carries is said after what package and seal give and before
// what the licence gives: the list of signatures is not locked, and the page has no font embedded.
func ofFile(reasons ...string) []string {
	at := slices.IndexFunc(reasons, func(reason string) bool {
		return reason == "issuer_scope" || strings.HasPrefix(reason, "license_") || strings.HasPrefix(reason, "copy_")
	})
	if at < 0 {
		at = len(reasons)
	}
	return slices.Insert(slices.Clone(reasons), at, "list_uncovered", "font_unbound")
}

// judgedAt is the moment of judgement where it is not the usual one.
func judgedAt(at time.Time) field { return field{"at", []byte(at.UTC().Format(time.RFC3339))} }

// one writes a vector about a file or a code; the first of its reasons that the rule is about stands in its header.
func (l *licenseWriter) one(rule, name, spec, clause, expect, code, note string, wanted []field, object field, more ...field) {
	fields := append(append([]field{object}, wanted...), more...)
	l.add(entry{rule: rule, name: name, spec: spec, clause: clause, expect: expect, code: code, made: made, note: note, fields: fields,
		texts: []string{"verdict", "reasons", "at", "code", "page_text", "identifier", "license_id", "log_keys", "proof"}})
}

// values are the data of the licence of the vectors.
func (l *licenseWriter) values() catalog.Values {
	values := l.kind.Sample.Clone()
	values.Set(catalog.KeyAuthority, authorityName)
	values.Set(catalog.KeyAuthorityCode, authorityCode)
	values.Set(catalog.KeyLicenseID, identifier(l.kind.Code, authorityCode, "CONF202600001", "001"))
	values.Set(catalog.KeyEffectiveDate, "20260601")
	values.Set(catalog.KeyExpiringDate, "20310531")
	values.Set("issued_date", "20260601")
	values.Set(catalog.KeyCreatedAt, "20260601080000")
	return values
}

// identifier joins the parts with a check character of its own arithmetic (ISO 7064 MOD 37,36).
func identifier(typeCode, issuer, serial, version string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	p := 36
	for _, c := range typeCode + issuer + serial + version {
		q := (p + strings.IndexRune(alphabet, c)) % 36
		if q == 0 {
			q = 36
		}
		p = 2 * q % 37
	}
	return strings.Join([]string{"1.2.156.3005.2", typeCode, issuer, serial, version, string(alphabet[(37-p)%36])}, ".")
}

// licenseParts is a licence in the making: the three places in which its data stand, before they are written.
type licenseParts struct {
	page, metadata, machine catalog.Values
	photo                   []byte // in the package, where the page names one
	status                  licensefile.StatusEntry
	bare                    bool // without the machine file, as other makers write
	draft                   func(*draft)
	after                   func(*draft) // after the seal
	unsealed                bool
}

// license is the OFD of a licence after a change of its parts.
func (l *licenseWriter) license(change func(*licenseParts)) []byte {
	if change == nil && l.plain != nil {
		return l.plain
	}
	values := l.values()
	parts := licenseParts{page: values, metadata: values.Clone(), machine: values.Clone(), status: licensefile.StatusEntry{List: statusBase + "1", Index: statusIndex, Signer: statusSigner}}
	if change != nil {
		change(&parts)
	}
	d := l.lay(parts)
	if parts.draft != nil {
		parts.draft(d)
	}
	if parts.unsealed {
		d.edit("OFD.xml", `<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>`, "")
		return d.pack()
	}
	d.seal(l.world, 0, false)
	if parts.after != nil {
		parts.after(d)
	}
	if change == nil {
		l.plain = d.pack()
		return l.plain
	}
	return d.pack()
}

// lay writes the unsealed package: page text, CustomDatas, machine file and data index.
func (l *licenseWriter) lay(parts licenseParts) *draft {
	d := newDraft()
	d.stamp = `ID="900" PageRef="1" Boundary="140 230 42 42"`
	var text, index strings.Builder
	next := 10
	for _, item := range l.kind.Face.Pages[0].Items {
		value := item.Text
		if item.Bind != "" {
			value = l.kind.Display(item, parts.page)
		}
		if item.Kind == catalog.ItemPhoto {
			if photo, ok := l.kind.PhotoOf(parts.page); ok {
				text.WriteString(drawPhoto(next, item.PlacePhoto(photo)))
				fmt.Fprintf(&index, `<Element Item="%s"><ofd:ObjectRef PageRef="1">%d</ofd:ObjectRef></Element>`, item.ID, next)
				next++
				d.edit("Doc_0/Document.xml", "</ofd:PageArea>", "</ofd:PageArea><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>")
				d.put(licenseRes, ofdOpen+`<ofd:Res `+ofdName+` BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="700" Type="Image" Format="JPEG"><ofd:MediaFile>photo.jpg</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>`)
				d.put(licensePhoto, string(parts.photo))
				continue
			}
			value = item.Text // stands where the picture is missing
		}
		if item.Kind != catalog.ItemText && item.Kind != catalog.ItemPhoto || value == "" {
			continue
		}
		fmt.Fprintf(&text, `<ofd:TextObject ID="%d" Boundary="%s %s %s %s" Font="5" Size="3"><ofd:TextCode X="0" Y="3">%s</ofd:TextCode></ofd:TextObject>`, next, millimetres(item.XMM), millimetres(item.YMM), millimetres(max(item.WidthMM, 5)), millimetres(max(item.HeightMM, 5)), value)
		if item.Bind != "" && item.Kind == catalog.ItemText {
			fmt.Fprintf(&index, `<Element Item="%s"><ofd:ObjectRef PageRef="1">%d</ofd:ObjectRef></Element>`, item.ID, next)
		}
		next++
	}
	var named strings.Builder
	for _, data := range licensefile.CustomDatas(l.kind, parts.metadata) {
		fmt.Fprintf(&named, `<ofd:CustomData Name="%s">%s</ofd:CustomData>`, data.Name, data.Value)
	}
	d.edit("OFD.xml", "</ofd:DocID>", `</ofd:DocID><ofd:Title>`+l.kind.Name["zh-CN"]+`</ofd:Title><ofd:CreationDate>2026-06-01</ofd:CreationDate><ofd:CustomDatas>`+named.String()+`</ofd:CustomDatas>`)
	d.edit("Doc_0/Document.xml", "<ofd:MaxUnitID>9</ofd:MaxUnitID>", "<ofd:MaxUnitID>999</ofd:MaxUnitID>")
	d.edit("Doc_0/Pages/Page_0/Content.xml", `<ofd:Layer ID="3"/>`, `<ofd:Layer ID="3">`+text.String()+`</ofd:Layer>`)
	if parts.bare {
		return d
	}
	d.edit("Doc_0/Document.xml", "</ofd:Pages>", `</ofd:Pages><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags><ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>`)
	d.put("Doc_0/Tags/CustomTags.xml", ofdOpen+`<ofd:CustomTags `+ofdName+`><ofd:CustomTag TypeID="yinxin-data-index"><ofd:FileLoc>index.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>`)
	d.put("Doc_0/Tags/index.xml", ofdOpen+`<DataIndex `+ofdName+`>`+index.String()+`</DataIndex>`)
	d.put("Doc_0/Attachs/Attachments.xml", ofdOpen+`<ofd:Attachments `+ofdName+`><ofd:Attachment ID="901" Name="license.json" Format="json" Visible="false"><ofd:FileLoc>license.json</ofd:FileLoc></ofd:Attachment></ofd:Attachments>`)
	d.put("Doc_0/Attachs/license.json", string(must(licensefile.EncodeMachine(l.kind, parts.machine, parts.status))))
	return d
}

func millimetres(mm float64) string { return strconv.FormatFloat(mm, 'f', -1, 64) }

// statusEntries is a shard as octets: every licence in force but that of the vectors.
func statusEntries(status statuslist.Status) []byte {
	entries := make([]byte, statuslist.Size/4)
	entries[statusIndex/4] = byte(status) << (statusIndex % 4 * 2)
	return entries
}

// listParts is a status list in the making.
type listParts struct {
	uri          string
	number       uint64
	issued, next time.Time
	bits         uint8
	size         uint32
	entries      []byte
	more         []byte // octets behind the deflated entries
	by           *pki.Certificate
	key          signer
}

// statusList is the list of the vectors after a change.
func (l *licenseWriter) statusList(status statuslist.Status, change func(*listParts)) []byte {
	p := listParts{statusBase + "1", 5, statusIssued, statusNext, 2, statuslist.Size, statusEntries(status), nil, l.service, l.serviceKey}
	if change != nil {
		change(&p)
	}
	return l.signed(signed.KindList, map[int]any{1: p.uri, 2: p.number, 3: p.issued.Unix(), 4: p.next.Unix(), 5: p.bits, 6: p.size, 7: append(deflateRuns(p.entries), p.more...)}, p.by, p.key)
}

// signed is a signed object of a service, with a chain of one.
func (l *licenseWriter) signed(kind signed.Kind, body any, by *pki.Certificate, key signer) []byte {
	return must(signed.SignObject(kind, body, [][]byte{by.Raw}, signed.SignFunc(signFunc(key))))
}

func (l *licenseWriter) root() field { return field{"root", l.world.root.Raw} }

func (l *licenseWriter) list(status statuslist.Status, change func(*listParts)) field {
	return field{"status_list", l.statusList(status, change)}
}

// deflateRuns writes octets with the fixed code of RFC 1951 3.2.6 as literals and copies of the octet before, so that lists come out the same
// by every release of a compressor.
func deflateRuns(data []byte) []byte {
	w := &bitsLowFirst{}
	w.code(1, 1, false)
	w.code(1, 2, false) // last block, fixed code
	for at := 0; at < len(data); {
		w.literal(data[at])
		run := 0
		for at+1+run < len(data) && data[at+1+run] == data[at] {
			run++
		}
		at += 1 + run/258*258
		for range run / 258 {
			w.code(0xc5, 8, true) // length 258
			w.code(0, 5, true)    // distance 1
		}
	}
	w.code(0, 7, true) // end of block
	return w.out
}

// bitsLowFirst packs bits as RFC 1951 3.1.1 asks.
type bitsLowFirst struct {
	out  []byte
	used int
}

func (w *bitsLowFirst) code(value, length int, highFirst bool) {
	for i := range length {
		if highFirst {
			i = length - 1 - i
		}
		if w.used%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.used/8] |= byte(value>>i&1) << (w.used % 8)
		w.used++
	}
}

func (w *bitsLowFirst) literal(octet byte) {
	if octet < 144 {
		w.code(0x30+int(octet), 8, true)
		return
	}
	w.code(0x190+int(octet)-144, 9, true)
}
