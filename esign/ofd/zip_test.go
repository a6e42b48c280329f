package ofd_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

const (
	minimalRoot = `<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo>` +
		`<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`
	minimalDocument = `<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>` +
		`<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>`
	minimalPage = `<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer ID="3"/></ofd:Content></ofd:Page>`
)

// good is a minimal package; it opens.
func good() ofdtest.ZipFile {
	return ofdtest.ZipFile{Entries: []ofdtest.ZipEntry{
		{Name: "OFD.xml", Content: []byte(minimalRoot), Deflate: true},
		{Name: "Doc_0/Document.xml", Content: []byte(minimalDocument), Deflate: true},
		{Name: "Doc_0/Pages/Page_0/Content.xml", Content: []byte(minimalPage)},
	}}
}

func with(entries ...ofdtest.ZipEntry) ofdtest.ZipFile {
	z := good()
	z.Entries = append(z.Entries, entries...)
	return z
}

func named(name string) ofdtest.ZipFile {
	return with(ofdtest.ZipEntry{Name: name, Content: []byte("x")})
}

// changed is the good package with a change to its first entry.
func changed(change func(e *ofdtest.ZipEntry)) ofdtest.ZipFile {
	z := good()
	change(&z.Entries[0])
	return z
}

type zipCase struct {
	name string
	file ofdtest.ZipFile
	code string // empty: opens
}

func openCases(t *testing.T, cases []zipCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, slices.Clip(c.file.Bytes()), c.code) }) // nothing lies behind the file
	}
}

func wantCode(t *testing.T, data []byte, code string) {
	t.Helper()
	_, err := ofd.Open(data, ofd.DefaultLimits())
	if code == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if refusal, ok := errors.AsType[*ofd.Error](err); !ok || refusal.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestD01NamesThatLeaveThePackage(t *testing.T) {
	cases := []zipCase{
		{"good", good(), ""}, {"folder", with(ofdtest.ZipEntry{Name: "Doc_0/Res/"}), ""}, {"Chinese name", named("文档/页.xml"), ""}, {"dots inside a name", named("a..b/...c"), ""},
	}
	for name, hostile := range map[string]string{
		"dot-dot": "../evil", "dot-dot twice": "../../evil", "absolute": "/tmp/evil", "backslash": `..\evil`, "inner backslash": `Doc_0\evil`, "drive": "C:/evil", "drive relative": "C:evil",
		"alternate stream": "Doc_0/a:b", "inner dot-dot": "Doc_0/../../evil", "inner dot-dot that stays": "Doc_0/../evil.xml", "ends in dot-dot": "Doc_0/..", "NUL": "Doc_0/a\x00.png",
		"line feed": "Doc_0/a\nb", "escape": "Doc_0/\x1b[1m", "delete": "Doc_0/\x7f", "no UTF-8": "Doc_0/\xff", "empty": "", "empty segment": "Doc_0//other", "dot segment": "Doc_0/./other", "host": "//host/share",
	} {
		cases = append(cases, zipCase{name, named(hostile), ofd.CodeName})
	}
	for name, mode := range map[string]uint32{"symbolic link": 0o120777, "pipe": 0o010644, "socket": 0o140644, "device": 0o060644} {
		cases = append(cases, zipCase{name, with(ofdtest.ZipEntry{Name: "Doc_0/link", Content: []byte("/etc/passwd"), Central: ofdtest.Put32(ofdtest.CentralAttrs, mode<<16)}), ofd.CodeName})
	}
	cases = append(cases, zipCase{"plain file by its mode", with(ofdtest.ZipEntry{Name: "Doc_0/file", Central: ofdtest.Put32(ofdtest.CentralAttrs, 0o100644<<16)}), ""},
		zipCase{"folder by its mode", with(ofdtest.ZipEntry{Name: "Doc_0/Res/", Central: ofdtest.Put32(ofdtest.CentralAttrs, 0o040755<<16)}), ""})
	openCases(t, cases)
}

// TestD02Bombs: the code, at most 64 MiB allocated in all (which bounds the heap from above), and about a second.
func TestD02Bombs(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	many := func(count, size int) ofdtest.ZipFile {
		z := good()
		content := zeros(size)
		stored := ofdtest.Deflated(content)
		for i := range count {
			z.Entries = append(z.Entries, ofdtest.ZipEntry{Name: fmt.Sprintf("Res/%d", i), Content: content, Deflate: true, Stored: stored})
		}
		return z
	}
	first := uint32(0)
	cases := []zipCase{
		{"ratio just over the floor", with(ofdtest.ZipEntry{Name: "a", Content: zeros(1<<20 + 200), Deflate: true}), ofd.CodeLimit},
		{"high ratio below the floor", with(ofdtest.ZipEntry{Name: "a", Content: zeros(900 << 10), Deflate: true}), ""},
		{"one entry above 64 MiB", with(ofdtest.ZipEntry{Name: "a", Stored: []byte{3, 0}, Deflate: true, Central: ofdtest.Put32(ofdtest.CentralSize, 64<<20+1)}), ofd.CodeLimit},
		{"4 GiB said", with(ofdtest.ZipEntry{Name: "a", Stored: []byte{3, 0}, Deflate: true, Central: ofdtest.Put32(ofdtest.CentralSize, 0xfffffffe)}), ofd.CodeLimit},
		{"16 EiB said in ZIP64", with(ofdtest.ZipEntry{Name: "a", Stored: []byte{3, 0}, Deflate: true, Central: ofdtest.Put32(ofdtest.CentralSize, 0xffffffff), More: zip64(1 << 62)}), ofd.CodeLimit},
		{"5,001 entries", many(5001-3, 1), ofd.CodeLimit},
		{"5,000 entries", many(5000-3, 1), ""},
		{"many small bombs", many(1000, 250<<10), ofd.CodeLimit},
		{"one body for two entries", ofdtest.ZipFile{Entries: append(good().Entries, ofdtest.ZipEntry{Name: "OFE.xml", Content: []byte(minimalRoot), Deflate: true, NoLocal: true, At: &first})}, ofd.CodeLimit},
		{"an entry inside another", inside(), ofd.CodeLimit},
		{"bomb in a bomb", with(ofdtest.ZipEntry{Name: "inner.zip", Content: ofdtest.Deflated(zeros(1100 << 20 >> 4)), Deflate: true}), ""},
		{"bomb in a bomb above the floor", with(ofdtest.ZipEntry{Name: "inner.zip", Content: bytes.Repeat(ofdtest.Deflated(zeros(10<<20)), 120), Deflate: true}), ofd.CodeLimit},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := c.file.Bytes()
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := time.Now()
			wantCode(t, data, c.code)
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("allocated %d MiB", used>>20)
			}
			if took > 10*time.Second { // the bound of the row is 1 s on an idle core, asserted ten times as long
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestD02TotalSize: the sum of honest sizes has its own bound.
func TestD02TotalSize(t *testing.T) {
	limits := ofd.DefaultLimits()
	limits.TotalBytes = 3000
	data := with(ofdtest.ZipEntry{Name: "a", Content: make([]byte, 1500)}, ofdtest.ZipEntry{Name: "b", Content: make([]byte, 1500)}).Bytes()
	if _, err := ofd.Open(data, limits); !hasCode(err, ofd.CodeLimit) {
		t.Errorf("got %v", err)
	}
}

func hasCode(err error, code string) bool {
	refusal, ok := errors.AsType[*ofd.Error](err)
	return ok && refusal.Code == code
}

func zip64(values ...uint64) []byte {
	field := binary.LittleEndian.AppendUint16(nil, 1)
	field = binary.LittleEndian.AppendUint16(field, uint16(8*len(values)))
	for _, v := range values {
		field = binary.LittleEndian.AppendUint64(field, v)
	}
	return field
}

// inside is a package whose last entry lies in the stored octets of the one before.
func inside() ofdtest.ZipFile {
	hidden := ofdtest.ZipFile{Entries: []ofdtest.ZipEntry{{Name: "b", Content: []byte("hidden")}}}.Bytes()
	local := hidden[:30+1+6]
	outer := ofdtest.ZipEntry{Name: "a", Content: local}
	at := uint32(len(good().Bytes()))
	z := with(outer, ofdtest.ZipEntry{Name: "b", Content: []byte("hidden"), NoLocal: true, At: &at})
	at = uint32(bytes.Index(z.Bytes(), local))
	return z
}

func TestD03TwoEntriesOfOneName(t *testing.T) {
	cases := []zipCase{{"near names", with(ofdtest.ZipEntry{Name: "a.xml"}, ofdtest.ZipEntry{Name: "b.xml"}), ""}}
	for name, pair := range map[string][2]string{
		"same": {"a.xml", "a.xml"}, "case": {"a.xml", "A.XML"}, "case beyond ASCII": {"é.xml", "É.xml"}, "long s": {"s.xml", "ſ.xml"}, "Kelvin sign": {"k.xml", "\u212a.xml"}, "Greek final sigma": {"σ", "ς"},
		"dot segment": {"Res/a", "Res/./a"}, "leading dot": {"a", "./a"}, "two slashes": {"Res/a", "Res//a"}, "leading slash": {"Res/a", "/Res/a"}, "Unicode form": {"\u00e9.xml", "e\u0301.xml"}, "Unicode form and case": {"\u00c9.xml", "e\u0301.xml"},
		"Hangul form": {"\uac00", "\u1100\u1161"}, "folder and file": {"Res", "Res/"}, "folder and other case": {"Res/", "RES/"},
	} {
		file := with(ofdtest.ZipEntry{Name: pair[0]}, ofdtest.ZipEntry{Name: pair[1]})
		cases = append(cases, zipCase{name, file, ofd.CodeDuplicate})
	}
	cases = append(cases, zipCase{"page twice with other content", with(ofdtest.ZipEntry{Name: "Doc_0/Pages/Page_0/Content.xml", Content: []byte(minimalPage + " ")}), ofd.CodeDuplicate})
	openCases(t, cases)
}

func TestD04OneReadingOfTheContainer(t *testing.T) {
	central := func(hook func([]byte)) ofdtest.ZipFile {
		return changed(func(e *ofdtest.ZipEntry) { e.Central = hook })
	}
	local := func(hook func([]byte)) ofdtest.ZipFile {
		return changed(func(e *ofdtest.ZipEntry) { e.Local = hook })
	}
	both := func(e *ofdtest.ZipEntry, hook func(at int) func([]byte), localAt, centralAt int) {
		e.Local, e.Central = hook(localAt), hook(centralAt)
	}
	content := []byte(minimalRoot)
	size := uint32(len(content))
	stored := ofdtest.Deflated(content)
	descriptor := ofdtest.Descriptor(content, stored)
	withDescriptor := func(follows []byte) ofdtest.ZipFile {
		return changed(func(e *ofdtest.ZipEntry) {
			e.Follows = follows
			e.Central = ofdtest.Put16(ofdtest.CentralFlags, 8)
			e.Local = func(head []byte) {
				ofdtest.Put16(ofdtest.LocalFlags, 8)(head)
				ofdtest.Put32(ofdtest.LocalCRC, 0)(head)
				ofdtest.Put32(ofdtest.LocalSize, 0)(head)
				ofdtest.Put32(ofdtest.LocalStored, 0)(head)
			}
		})
	}
	unicodePath := func(name string) []byte {
		field := binary.LittleEndian.AppendUint16(nil, 0x7075)
		field = binary.LittleEndian.AppendUint16(field, uint16(5+len(name)))
		return append(append(field, 1, 0, 0, 0, 0), name...)
	}
	structural := map[string]ofdtest.ZipFile{
		"local name":                changed(func(e *ofdtest.ZipEntry) { e.LocalName = "OFE.xml" }),
		"local name in other case":  changed(func(e *ofdtest.ZipEntry) { e.LocalName = "ofd.xml" }),
		"Unicode path":              changed(func(e *ofdtest.ZipEntry) { e.More = unicodePath("Evil.xml") }),
		"Unicode path of the local": changed(func(e *ofdtest.ZipEntry) { e.LocalMore = unicodePath("Evil.xml") }),
		"cut Unicode path":          changed(func(e *ofdtest.ZipEntry) { e.More = []byte{0x75, 0x70, 2, 0, 1, 0} }),
		"local method":              local(ofdtest.Put16(ofdtest.LocalMethod, 0)),
		"central method":            central(ofdtest.Put16(ofdtest.CentralMethod, 0)),
		"unknown method": changed(func(e *ofdtest.ZipEntry) {
			both(e, func(at int) func([]byte) { return ofdtest.Put16(at, 12) }, ofdtest.LocalMethod, ofdtest.CentralMethod)
		}),
		"local CRC":   local(ofdtest.Put32(ofdtest.LocalCRC, 0xdeadbeef)),
		"central CRC": central(ofdtest.Put32(ofdtest.CentralCRC, 0xdeadbeef)),
		"both CRC": changed(func(e *ofdtest.ZipEntry) {
			both(e, func(at int) func([]byte) { return ofdtest.Put32(at, 0xdeadbeef) }, ofdtest.LocalCRC, ofdtest.CentralCRC)
		}),
		"local size":        local(ofdtest.Put32(ofdtest.LocalSize, size-1)),
		"local stored size": local(ofdtest.Put32(ofdtest.LocalStored, uint32(len(stored)-1))),
		"central size":      central(ofdtest.Put32(ofdtest.CentralSize, 5)),
		"both sizes too small": changed(func(e *ofdtest.ZipEntry) {
			both(e, func(at int) func([]byte) { return ofdtest.Put32(at, size-1) }, ofdtest.LocalSize, ofdtest.CentralSize)
		}),
		"both sizes too large": changed(func(e *ofdtest.ZipEntry) {
			both(e, func(at int) func([]byte) { return ofdtest.Put32(at, size+1) }, ofdtest.LocalSize, ofdtest.CentralSize)
		}),
		"ZIP64 size differs": changed(func(e *ofdtest.ZipEntry) {
			e.Local, e.LocalMore = ofdtest.Put32(ofdtest.LocalSize, 0xffffffff), zip64(uint64(size)+1)
		}),
		"ZIP64 field is missing":      changed(func(e *ofdtest.ZipEntry) { e.Local = ofdtest.Put32(ofdtest.LocalSize, 0xffffffff) }),
		"central ZIP64 field missing": central(ofdtest.Put32(ofdtest.CentralSize, 0xffffffff)),
		"negative ZIP64 size": changed(func(e *ofdtest.ZipEntry) {
			e.Central, e.More = ofdtest.Put32(ofdtest.CentralSize, 0xffffffff), zip64(1<<63)
		}),
		"encrypted in both": changed(func(e *ofdtest.ZipEntry) {
			both(e, func(at int) func([]byte) { return ofdtest.Put16(at, 1) }, ofdtest.LocalFlags, ofdtest.CentralFlags)
		}),
		"encrypted in the central":     central(ofdtest.Put16(ofdtest.CentralFlags, 1)),
		"encrypted in the local":       local(ofdtest.Put16(ofdtest.LocalFlags, 1)),
		"hidden before":                {Entries: good().Entries, Prefix: []byte("MZ hidden")},
		"hidden between":               changed(func(e *ofdtest.ZipEntry) { e.Follows = []byte("hidden") }),
		"hidden local entry":           {Entries: append(good().Entries, ofdtest.ZipEntry{Name: "hidden", NoCentral: true})},
		"hidden before the directory":  {Entries: good().Entries, BeforeCentral: []byte("hidden")},
		"hidden before the end":        {Entries: good().Entries, BeforeEnd: []byte("hidden")},
		"hidden after":                 {Entries: good().Entries, After: []byte("hidden")},
		"second end in the comment":    {Entries: good().Entries, Comment: append([]byte("PK\x05\x06"), make([]byte, 18)...)},
		"hidden after the deflate":     changed(func(e *ofdtest.ZipEntry) { e.Stored = append(bytes.Clone(stored), "hidden"...) }),
		"cut deflate":                  changed(func(e *ofdtest.ZipEntry) { e.Stored = stored[:len(stored)-3] }),
		"broken deflate":               changed(func(e *ofdtest.ZipEntry) { e.Stored = bytes.Repeat([]byte{0xff}, len(stored)) }),
		"folder with octets":           with(ofdtest.ZipEntry{Name: "Res/", Content: []byte("x")}),
		"entry beyond the file":        central(ofdtest.Put32(ofdtest.CentralStored, 1<<20)),
		"directory elsewhere":          {Entries: good().Entries, End: ofdtest.Put32(ofdtest.EndStart, 4)},
		"directory too short":          {Entries: good().Entries, End: ofdtest.Put32(ofdtest.EndLength, 46)},
		"more entries than said":       {Entries: good().Entries, End: func(h []byte) { ofdtest.Put16(ofdtest.EndHere, 2)(h); ofdtest.Put16(ofdtest.EndTotal, 2)(h) }},
		"fewer entries than said":      {Entries: good().Entries, End: func(h []byte) { ofdtest.Put16(ofdtest.EndHere, 4)(h); ofdtest.Put16(ofdtest.EndTotal, 4)(h) }},
		"counts differ":                {Entries: good().Entries, End: ofdtest.Put16(ofdtest.EndTotal, 4)},
		"counts of this volume differ": {Entries: good().Entries, End: ofdtest.Put16(ofdtest.EndHere, 2)},
		"end in a longer comment":      {Entries: good().Entries, Comment: append([]byte("PK\x05\x06"), make([]byte, 40)...)},
		"hidden inside the directory":  longer([]byte("hidden"), 3),
		"cut header in the directory":  longer(append([]byte("PK\x01\x02"), make([]byte, 16)...), 4),
		"name longer than the file":    longer(append([]byte("PK\x01\x02"), bytes.Repeat([]byte{0xff}, 42)...), 4),
		"second volume":                {Entries: good().Entries, End: ofdtest.Put16(ofdtest.EndDisk, 1)},
		"directory on another volume":  {Entries: good().Entries, End: ofdtest.Put16(6, 1)},
		"descriptor is missing":        withDescriptor(nil),
		"descriptor differs":           withDescriptor(append(bytes.Clone(descriptor[:8]), append([]byte{1, 2, 3, 4}, descriptor[12:]...)...)),
		"hidden after a descriptor":    withDescriptor(append(bytes.Clone(descriptor), "hidden"...)),
		"no OFD.xml":                   {Entries: good().Entries[1:]},
		"no local header":              changed(func(e *ofdtest.ZipEntry) { e.Local = func(h []byte) { h[0] = 'X' } }),
		"no central header":            central(func(h []byte) { h[0] = 'X' }),
		"stored size lies":             {Entries: storedLie()},
	}
	var cases []zipCase
	for name, file := range structural {
		cases = append(cases, zipCase{name, file, ofd.CodeStructure})
	}
	cases = append(cases,
		zipCase{"comment", ofdtest.ZipFile{Entries: good().Entries, Comment: []byte("made by a vendor")}, ""},
		zipCase{"descriptor", withDescriptor(descriptor), ""},
		zipCase{"descriptor without its mark", withDescriptor(descriptor[4:]), ""},
		zipCase{"flag of UTF-8 in one header only", central(ofdtest.Put16(ofdtest.CentralFlags, 0x800)), ""},
		zipCase{"ZIP64 form in the local header only", changed(func(e *ofdtest.ZipEntry) {
			e.Local = func(h []byte) {
				ofdtest.Put32(ofdtest.LocalSize, 0xffffffff)(h)
				ofdtest.Put32(ofdtest.LocalStored, 0xffffffff)(h)
			}
			e.LocalMore = zip64(uint64(size), uint64(len(stored)))
		}), ""},
		zipCase{"Unicode path that agrees", changed(func(e *ofdtest.ZipEntry) { e.More, e.LocalMore = unicodePath("OFD.xml"), unicodePath("OFD.xml") }), ""},
		zipCase{"other extra field before ZIP64", changed(func(e *ofdtest.ZipEntry) {
			e.Central, e.More = ofdtest.Put32(ofdtest.CentralSize, 0xffffffff), append([]byte{0x55, 0x54, 1, 0, 9}, zip64(uint64(size))...)
		}), ""},
	)
	openCases(t, cases)
	for name, data := range map[string][]byte{"empty": nil, "short": []byte("PK\x05\x06"), "text": []byte(strings.Repeat("no ZIP at all ", 9)), "cut": good().Bytes()[:400]} {
		t.Run(name, func(t *testing.T) { wantCode(t, data, ofd.CodeStructure) })
	}
}

// longer is the good package whose directory goes on with further octets, all of them counted.
func longer(more []byte, count uint16) ofdtest.ZipFile {
	return ofdtest.ZipFile{Entries: good().Entries, BeforeEnd: more, End: func(head []byte) {
		ofdtest.Put32(ofdtest.EndLength, binary.LittleEndian.Uint32(head[ofdtest.EndLength:])+uint32(len(more)))(head)
		ofdtest.Put16(ofdtest.EndHere, count)(head)
		ofdtest.Put16(ofdtest.EndTotal, count)(head)
	}}
}

// storedLie is a stored entry whose uncompressed size is not that of its octets.
func storedLie() []ofdtest.ZipEntry {
	entries := good().Entries
	entries[2].Local, entries[2].Central = ofdtest.Put32(ofdtest.LocalSize, 9), ofdtest.Put32(ofdtest.CentralSize, 9)
	return entries
}

// wide is the good package with a ZIP64 end record and locator in front of the short one.
func wide(change func(record, locator, end []byte)) []byte {
	plain := good().Bytes()
	end := bytes.Clone(plain[len(plain)-22:])
	body := plain[:len(plain)-22]
	length, start := binary.LittleEndian.Uint32(end[12:]), binary.LittleEndian.Uint32(end[16:])
	record := make([]byte, 56)
	binary.LittleEndian.PutUint32(record, 0x06064b50)
	binary.LittleEndian.PutUint64(record[4:], 44)
	binary.LittleEndian.PutUint64(record[24:], 3)
	binary.LittleEndian.PutUint64(record[32:], 3)
	binary.LittleEndian.PutUint64(record[40:], uint64(length))
	binary.LittleEndian.PutUint64(record[48:], uint64(start))
	locator := make([]byte, 20)
	binary.LittleEndian.PutUint32(locator, 0x07064b50)
	binary.LittleEndian.PutUint64(locator[8:], uint64(len(body)))
	change(record, locator, end)
	return bytes.Join([][]byte{body, record, locator, end}, nil)
}

func TestD04ZIP64EndRecord(t *testing.T) {
	put64 := binary.LittleEndian.PutUint64
	put32 := binary.LittleEndian.PutUint32
	put16 := binary.LittleEndian.PutUint16
	for name, c := range map[string]struct {
		change func(record, locator, end []byte)
		code   string
	}{
		"the same values": {func(_, _, _ []byte) {}, ""},
		"values that do not fit": {func(_, _, end []byte) {
			put32(end[12:], 0xffffffff)
			put32(end[16:], 0xffffffff)
			put16(end[8:], 0xffff)
			put16(end[10:], 0xffff)
		}, ""},
		"short one counts less":   {func(_, _, end []byte) { put16(end[8:], 2); put16(end[10:], 2) }, ofd.CodeStructure},
		"short one starts later":  {func(_, _, end []byte) { put32(end[16:], 4) }, ofd.CodeStructure},
		"short one is shorter":    {func(_, _, end []byte) { put32(end[12:], 46) }, ofd.CodeStructure},
		"no record":               {func(record, _, _ []byte) { record[0] = 'X' }, ofd.CodeStructure},
		"locator points away":     {func(_, locator, _ []byte) { put64(locator[8:], 4) }, ofd.CodeStructure},
		"locator points far away": {func(_, locator, _ []byte) { put64(locator[8:], 1<<63) }, ofd.CodeStructure},
		"counts differ":           {func(record, _, _ []byte) { put64(record[24:], 2) }, ofd.CodeLimit},
		"huge count":              {func(record, _, end []byte) { put64(record[24:], 1<<40); put64(record[32:], 1<<40) }, ofd.CodeLimit},
		"start beyond the file":   {func(record, _, end []byte) { put64(record[48:], 1<<40); put32(end[16:], 0xffffffff) }, ofd.CodeStructure},
		"negative start":          {func(record, _, end []byte) { put64(record[48:], 1<<63); put32(end[16:], 0xffffffff) }, ofd.CodeStructure},
		"negative length":         {func(record, _, end []byte) { put64(record[40:], 1<<63); put32(end[12:], 0xffffffff) }, ofd.CodeStructure},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, wide(c.change), c.code) })
	}
}
