package ofd_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// The tests of this file hold checks that stand behind another one for most packages, so that only a package made for them tells them apart
// (docs/reference/mutations.md).

// noise cannot be compressed, so that it hides the ratio of what lies beside it.
func noise(n int) []byte {
	out := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range out {
		out[i] = byte(r.UintN(256))
	}
	return out
}

func TestD02BoundsOfOneEntry(t *testing.T) {
	small := func(change func(*ofd.Limits)) ofd.Limits {
		limits := ofd.DefaultLimits()
		change(&limits)
		return limits
	}
	ballast := ofdtest.ZipEntry{Name: "noise", Content: noise(300 << 10)}
	bomb := ofdtest.ZipEntry{Name: "bomb", Content: make([]byte, 1<<20+1), Deflate: true}
	base := int64(len(minimalRoot) + len(minimalDocument) + len(minimalPage))
	for name, c := range map[string]struct {
		file   ofdtest.ZipFile
		limits ofd.Limits
		code   string
	}{
		"as many entries as may be":             {good(), small(func(l *ofd.Limits) { l.Entries = 3 }), ""},
		"one entry more":                        {good(), small(func(l *ofd.Limits) { l.Entries = 2 }), ofd.CodeLimit},
		"one body for two entries":              {with(ofdtest.ZipEntry{Name: "OFE.xml", Content: []byte(minimalRoot), Deflate: true, NoLocal: true, At: new(uint32)}), ofd.DefaultLimits(), ofd.CodeLimit},
		"a bomb beside much that is none":       {with(ballast, bomb), ofd.DefaultLimits(), ofd.CodeLimit},
		"the same below the floor":              {with(ballast, ofdtest.ZipEntry{Name: "bomb", Content: make([]byte, 1<<20), Deflate: true}), ofd.DefaultLimits(), ""},
		"an entry as large as it may be":        {with(ofdtest.ZipEntry{Name: "a", Content: noise(2000)}), small(func(l *ofd.Limits) { l.EntryBytes = 2000 }), ""},
		"an entry of one octet more":            {with(ofdtest.ZipEntry{Name: "a", Content: noise(2001)}), small(func(l *ofd.Limits) { l.EntryBytes = 2000 }), ofd.CodeLimit},
		"a package as large as it may be":       {with(ofdtest.ZipEntry{Name: "a", Content: noise(2000)}), small(func(l *ofd.Limits) { l.TotalBytes = base + 2000 }), ""},
		"a package of one octet more":           {with(ofdtest.ZipEntry{Name: "a", Content: noise(2001)}), small(func(l *ofd.Limits) { l.TotalBytes = base + 2000 }), ofd.CodeLimit},
		"zeros that grow out of a small file":   {with(ofdtest.ZipEntry{Name: "a", Content: make([]byte, 100<<10), Deflate: true}), small(func(l *ofd.Limits) { l.RatioFloor = 10 << 10 }), ofd.CodeLimit},
		"many entries that grow out of it":      {many(40, 3000), small(func(l *ofd.Limits) { l.RatioFloor, l.Ratio = 10<<10, 10 }), ofd.CodeLimit},
		"the same, more than a hundred allowed": {many(40, 3000), small(func(l *ofd.Limits) { l.RatioFloor, l.Ratio = 10<<10, 100 }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ofd.Open(c.file.Bytes(), c.limits)
			if c.code == "" && err != nil || c.code != "" && !hasCode(err, c.code) {
				t.Errorf("%v, want %q", err, c.code)
			}
		})
	}
}

// many is a package with entries of zeros.
func many(count, size int) ofdtest.ZipFile {
	z := good()
	for i := range count {
		z.Entries = append(z.Entries, ofdtest.ZipEntry{Name: fmt.Sprintf("Res/%d", i), Content: make([]byte, size), Deflate: true})
	}
	return z
}

// TestD04FilesThatNothingReaches: sizes and check values hold for every entry, not for those alone that somebody reads.
func TestD04FilesThatNothingReaches(t *testing.T) {
	wrong := func(e ofdtest.ZipEntry) ofdtest.ZipFile {
		e.Name = "unreached.bin"
		e.Local, e.Central = ofdtest.Put32(ofdtest.LocalCRC, 0xdeadbeef), ofdtest.Put32(ofdtest.CentralCRC, 0xdeadbeef)
		return with(e)
	}
	cases := []zipCase{
		{"stored", wrong(ofdtest.ZipEntry{Content: []byte("text")}), ofd.CodeStructure},
		{"compressed", wrong(ofdtest.ZipEntry{Content: []byte("text"), Deflate: true}), ofd.CodeStructure},
		{"compressed and large", wrong(ofdtest.ZipEntry{Content: noise(300 << 10), Deflate: true}), ofd.CodeStructure},
		{"broken", with(ofdtest.ZipEntry{Name: "a", Content: noise(300 << 10), Deflate: true, Stored: []byte{0xff, 0xff}}), ofd.CodeStructure},
		{"longer than said", with(ofdtest.ZipEntry{Name: "a", Content: noise(300 << 10), Deflate: true, Stored: ofdtest.Deflated(noise(400 << 10))}), ofd.CodeStructure},
	}
	openCases(t, cases)
}

func TestD04HeadersOneByOne(t *testing.T) {
	content := []byte(minimalRoot)
	stored := ofdtest.Deflated(content)
	size, packed, sum := uint32(len(content)), uint32(len(stored)), crc32.ChecksumIEEE(content)
	end := uint32(len(good().Bytes()))
	descriptor := ofdtest.Descriptor(content, stored)
	// following is the good package with an entry whose sizes stand behind it; in the local header stand those given.
	following := func(crc, packed, size uint32, follows []byte) ofdtest.ZipFile {
		return changed(func(e *ofdtest.ZipEntry) {
			e.Follows, e.Central = follows, ofdtest.Put16(ofdtest.CentralFlags, 8)
			e.Local = func(head []byte) {
				ofdtest.Put16(ofdtest.LocalFlags, 8)(head)
				ofdtest.Put32(ofdtest.LocalCRC, crc)(head)
				ofdtest.Put32(ofdtest.LocalStored, packed)(head)
				ofdtest.Put32(ofdtest.LocalSize, size)(head)
			}
		})
	}
	put := func(at int, value uint32) []byte {
		out := bytes.Clone(descriptor)
		binary.LittleEndian.PutUint32(out[at:], value)
		return out
	}
	wide := func(crc uint32, packed, size uint64) []byte {
		out := binary.LittleEndian.AppendUint32(bytes.Clone(descriptor[:4]), crc)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(out, packed), size)
	}
	wideLocal := func(follows []byte) ofdtest.ZipFile {
		z := following(0, 0xffffffff, 0xffffffff, follows)
		z.Entries[0].LocalMore = zip64(0, 0)
		return z
	}
	blank := func(head []byte) {
		ofdtest.Put32(ofdtest.LocalCRC, 0)(head)
		ofdtest.Put32(ofdtest.LocalStored, 0)(head)
		ofdtest.Put32(ofdtest.LocalSize, 0)(head)
	}
	last := with(ofdtest.ZipEntry{Name: "last", Content: []byte("x"), Central: ofdtest.Put16(ofdtest.CentralFlags, 8), Local: ofdtest.Put16(ofdtest.LocalFlags, 8), Follows: []byte{1, 2, 3}})
	openCases(t, []zipCase{
		{"sizes behind the entry", following(0, 0, 0, descriptor), ""},
		{"sizes behind it and before it", following(sum, packed, size, descriptor), ""},
		{"sizes without the check value", following(0, packed, size, descriptor), ""},
		{"check value before it differs", following(1, 0, 0, descriptor), ofd.CodeStructure},
		{"size before it differs", following(0, 0, size+1, descriptor), ofd.CodeStructure},
		{"stored size before it differs", following(0, packed+1, 0, descriptor), ofd.CodeStructure},
		{"nothing before it and no mark", changed(func(e *ofdtest.ZipEntry) { e.Local = blank }), ofd.CodeStructure},
		{"check value behind it differs", following(0, 0, 0, put(4, 1)), ofd.CodeStructure},
		{"stored size behind it differs", following(0, 0, 0, put(8, 1)), ofd.CodeStructure},
		{"size behind it differs", following(0, 0, 0, put(12, 1)), ofd.CodeStructure},
		{"cut behind the last entry", last, ofd.CodeStructure},
		{"wide", wideLocal(wide(sum, uint64(packed), uint64(size))), ""},
		{"wide, no mark", wideLocal(wide(sum, uint64(packed), uint64(size))[4:]), ""},
		{"wide, check value differs", wideLocal(wide(1, uint64(packed), uint64(size))), ofd.CodeStructure},
		{"wide, stored size differs", wideLocal(wide(sum, 1, uint64(size))), ofd.CodeStructure},
		{"wide, size differs", wideLocal(wide(sum, uint64(packed), 1)), ofd.CodeStructure},
		{"wide behind an entry that is not", following(0, 0, 0, wide(sum, uint64(packed), uint64(size))), ""},
		{"local header at the directory", with(ofdtest.ZipEntry{Name: "a", NoLocal: true, At: &end}), ofd.CodeStructure},
		{"local name longer than the file", changed(func(e *ofdtest.ZipEntry) { e.Local = ofdtest.Put16(ofdtest.LocalNameLength, 0xffff) }), ofd.CodeStructure},
		{"Unicode path of no octets", changed(func(e *ofdtest.ZipEntry) { e.More = []byte{0x75, 0x70, 0, 0} }), ofd.CodeStructure},
		{"extra field that is cut", changed(func(e *ofdtest.ZipEntry) { e.More = []byte{0x75, 0x70, 0xff, 0xff, 1} }), ""},
		{"offset below zero", changed(func(e *ofdtest.ZipEntry) { e.Central, e.More = ofdtest.Put32(42, 0xffffffff), zip64(1<<63) }), ofd.CodeStructure},
		{"space in a name", named("a b"), ""},
	})
	long := ofdtest.ZipFile{Entries: good().Entries, Comment: bytes.Repeat([]byte("x"), 0xffff)}
	wantCode(t, long.Bytes(), "")
	wantCode(t, append([]byte("x"), long.Bytes()...), ofd.CodeStructure)
}

func TestD19EdgesOfBoxes(t *testing.T) {
	for text, taken := range map[string]bool{"0 0 100000 1": true, "0 0 100000.1 1": false, "-100000 0 1 1": true, "0 0 1 0": false, "0 0 0.001 0.001": true} {
		if _, failure := ofd.ParseBox("x", text); (failure == nil) != taken {
			t.Errorf("%q: %v", text, failure)
		}
	}
}

// TestUnpackTakesPlainFilesOnly: packages of evidence are read by it.
func TestUnpackTakesPlainFilesOnly(t *testing.T) {
	files, err := ofd.Unpack(good().Bytes(), ofd.DefaultLimits())
	if err != nil || len(files) != 3 || files[0].Path != "/OFD.xml" || string(files[2].Content) != minimalPage {
		t.Errorf("%v %d", err, len(files))
	}
	if _, err := ofd.Unpack(with(ofdtest.ZipEntry{Name: "Res/"}).Bytes(), ofd.DefaultLimits()); !refusedFor(err, ofd.CodeStructure, "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := ofd.Unpack([]byte("text"), ofd.DefaultLimits()); !hasCode(err, ofd.CodeStructure) {
		t.Errorf("no package: %v", err)
	}
}

// TestD22BoundsOfXML: the last value that is read, and the first that is not.
func TestD22BoundsOfXML(t *testing.T) {
	limits := ofd.Limits{XMLBytes: 200, XMLElements: 4, XMLDepth: 3, XMLAttributes: 2}
	for text, good := range map[string]bool{
		"<a>" + string(bytes.Repeat([]byte("x"), 193)) + "</a>": true, "<a>" + string(bytes.Repeat([]byte("x"), 194)) + "</a>": false,
		"<a><b/><b/><b/></a>": true, "<a><b/><b/><b/><b/></a>": false, "<a><!-- <b><b><b> --><b/></a>": true, "<a><![CDATA[<b><b><b><b>]]></a>": true, "<?xml version='1.0'?><a><b/><b/><b/></a>": true,
		"<a><!----><b/><b/><b/><b/></a>": false, "<a><![CDATA[]]><b/><b/><b/><b/></a>": false, "<?xml version='1.0'?><a><b/><b/><b/><b/></a>": false, "<?x version='1.0'?><a/>": false, "</a>": false, "<a/></a>": false,
		"<a><!-- \xff --></a>": false, "<a><!-- \x00 --></a>": false, "<a x='1' xmlns:x='u'/>": true, "<a><b><c/></b></a>": true, "<a><b><c><d/></c></b></a>": false, "<a x='1' y='2'/>": true, "<a x='1' y='2' z='3'/>": false, `<a x="'" y="'"/>`: true, "<a x='>' y='>'/>": true, "<a x='<' y='1'/>": false,
		"<a>\x00</a>": false, "\x00<a/>": false, "<a>\xff</a>": false, "\xef\xbb\xbf<a/>": true, "<?xml version='1.0' encoding='UTF-8'?><a/>": true, "<?xml version='1.0' encoding='utf-8'?><a/>": true,
		"<?xml version='1.0' encoding='GBK'?><a/>": false, "<a/><!-- x -->": true, "<a/>x": false, "x<a/>": false, " <a/> ": true, "<a><?x?></a>": false, " <?xml version='1.0'?><a/>": false, "<a/><b/>": false, "<a": false, "<a></b>": false,
		"<a x='1' x='2'/>": false, "<a xmlns:p='u' p:x='1' x='2'/>": false, "<a xmlns:x='u' x='1'/>": true, "<p:a xmlns:p='u'></p:a>": true, "<p:a xmlns:p='u'></a>": false, "": false, "<!-- -->": false,
	} {
		if _, failure := ofd.ParseXML("x.xml", []byte(text), limits); (failure == nil) != good {
			t.Errorf("%.60q: %v", text, failure)
		}
	}
}

// TestD19LastGoodCount: the last number of references and of locations that is followed, and the first that is not.
func TestD19LastGoodCount(t *testing.T) {
	for _, more := range []int{0, 1} {
		description := "<Signature><SignedInfo><References>" + strings.Repeat(`<Reference FileRef="/x"/>`, ofd.MaxReferences+more) + "</References></SignedInfo><SignedValue>/OFD.xml</SignedValue></Signature>"
		s := open(t, signedBy(t, description)).Signatures[0]
		if more == 0 && (s.Fault != nil || len(s.References) != ofd.MaxReferences) || more == 1 && (s.Fault == nil || s.Fault.Code != ofd.CodeLimit) {
			t.Errorf("%d references: %v", ofd.MaxReferences+more, s.Fault)
		}
		// DocRoot, the page of the minimal package, 999 pages of 299 templates each, and pages that are not there.
		full, none := strings.Repeat(`<ofd:Page BaseLoc="p.xml"/>`, 999), strings.Repeat(`<ofd:Page BaseLoc="none.xml"/>`, 300_000-2-999*300+more)
		for _, pages := range []string{full + none, none + full} { // the last location is a page that is not there, or a template
			document := strings.NewReplacer("<ofd:Pages>", "<ofd:Pages>"+`<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>`+pages, `<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>`, "").Replace(minimalDocument)
			wantCode(t, files(map[string]string{"Doc_0/Document.xml": document, "Doc_0/p.xml": "<Page>" + strings.Repeat(`<Template TemplateID="9"/>`, 299) + "</Page>"}), map[int]string{0: "", 1: ofd.CodeBounds}[more])
		}
	}
}
