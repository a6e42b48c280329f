package ofd_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// TestD23UnknownElements: the first unknown element that stands before a known one is named, and no other.
func TestD23UnknownElements(t *testing.T) {
	const page = "Doc_0/Pages/Page_0/Content.xml"
	for name, c := range map[string]struct{ file, old, replacement, want string }{
		"none":                          {page, "<ofd:Layer ", "<ofd:Layer ", ""},
		"before":                        {"OFD.xml", "<ofd:DocBody>", "<ofd:X/><ofd:DocBody>", "X"},
		"two before":                    {"OFD.xml", "<ofd:DocBody>", "<ofd:X/><ofd:Y/><ofd:DocBody>", "X"},
		"behind":                        {"OFD.xml", "</ofd:OFD>", "<ofd:X/></ofd:OFD>", ""},
		"between":                       {page, "<ofd:Content>", "<ofd:Area/><ofd:X/><ofd:Content>", "X"},
		"known elsewhere":               {page, "<ofd:Content>", "<ofd:Layer/><ofd:Content>", "Layer"},
		"of another namespace":          {page, "<ofd:Layer ", `<x:Layer xmlns:x="u"/><ofd:Layer `, "Layer"},
		"deep":                          {page, `<ofd:Layer ID="3"/>`, `<ofd:Layer><ofd:PageBlock><ofd:X/><ofd:TextObject/></ofd:PageBlock></ofd:Layer>`, "X"},
		"inside an unknown one":         {page, `<ofd:Layer ID="3"/>`, `<ofd:Layer><ofd:X><ofd:PageBlock><ofd:Y/><ofd:TextObject/></ofd:PageBlock></ofd:X></ofd:Layer>`, ""},
		"where the schema says nothing": {page, `<ofd:Layer ID="3"/>`, `<ofd:Layer><ofd:TextObject><ofd:FillColor><ofd:X/><ofd:Y/></ofd:FillColor></ofd:TextObject></ofd:Layer>`, ""},
		"below such a place":            {page, `<ofd:Layer ID="3"/>`, `<ofd:Layer><ofd:CompositeObject><ofd:PageBlock><ofd:X/><ofd:TextObject/></ofd:PageBlock></ofd:CompositeObject></ofd:Layer>`, "X"},
	} {
		text := map[string]string{"OFD.xml": minimalRoot, page: minimalPage}[c.file]
		p := open(t, files(map[string]string{c.file: swap(t, text, c.old, c.replacement)}))
		var want []ofd.Deviation
		if c.want != "" {
			want = []ofd.Deviation{{Name: "element_unknown", Path: "/" + c.file, Detail: c.want}}
		}
		if !slices.Equal(p.Unknown, want) {
			t.Errorf("%s: %v, want %v", name, p.Unknown, want)
		}
	}
	p := open(t, files(map[string]string{"extra.xml": "<OFD><X/><DocBody/></OFD>"}))
	if tree, err := p.Tree("/extra.xml"); err != nil || tree.Name != "OFD" || p.Unknown != nil { // what the walk did not read is not named
		t.Errorf("%v %v", err, p.Unknown)
	}
}

// TestResourcesAreReadWhateverElseNamesThem: a file that was named as something else before names pictures all the same, and what is used
// twice is followed once.
func TestResourcesAreReadWhateverElseNamesThem(t *testing.T) {
	const resource = `<Res><MultiMedias><MultiMedia><MediaFile>sub\a.png</MediaFile></MultiMedia></MultiMedias></Res>`
	two := `<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>`
	used := swap(t, minimalPage, "<ofd:Content>", "<ofd:PageRes>/r.xml</ofd:PageRes><ofd:Content>")
	for name, changes := range map[string]map[string]string{
		"used by two pages":    {"Doc_0/Document.xml": swap(t, minimalDocument, two, two+`<ofd:Page ID="2" BaseLoc="p.xml"/>`), "Doc_0/Pages/Page_0/Content.xml": used, "Doc_0/p.xml": used},
		"on a page used twice": {"Doc_0/Document.xml": swap(t, minimalDocument, two, two+two), "Doc_0/Pages/Page_0/Content.xml": used},
		"a page before":        {"Doc_0/Document.xml": swap(t, minimalDocument, two, `<ofd:Page ID="2" BaseLoc="/r.xml"/>`+two), "Doc_0/Pages/Page_0/Content.xml": used},
		"in the list of a version": {"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", `</ofd:DocRoot><ofd:Versions><ofd:Version Current="true" BaseLoc="v.xml"/></ofd:Versions>`),
			"v.xml": "<DocVersion><FileList><File>r.xml</File></FileList><DocRoot>d.xml</DocRoot></DocVersion>", "d.xml": "<Document><CommonData><PublicRes>r.xml</PublicRes></CommonData></Document>"},
	} {
		changes["r.xml"], changes["sub/a.png"] = resource, "picture"
		p := open(t, files(changes))
		if p.RoleOf("/sub/a.png") != ofd.Visible || p.RoleOf("/r.xml") != ofd.Visible || len(p.Deviations) != 1 {
			t.Errorf("%s: the picture is %s, %v", name, p.RoleOf("/sub/a.png"), p.Deviations)
		}
	}
	backslash := open(t, files(map[string]string{"Doc_0/Document.xml": swap(t, minimalDocument, two, two+two), "Doc_0/Pages/Page_0/Content.xml": swap(t, minimalPage, "<ofd:Content>", `<ofd:PageRes>\r.xml</ofd:PageRes><ofd:Content>`), "r.xml": "<Res/>"}))
	if len(backslash.Deviations) != 1 {
		t.Errorf("a page is followed twice: %v", backslash.Deviations)
	}
}

// TestWhereTheWalkEnds: what is said of a place that leads nowhere, and what is no place.
func TestWhereTheWalkEnds(t *testing.T) {
	for name, c := range map[string]struct{ location, words string }{"outside": {"../x", "leaves the package"}, "not there": {"none.xml", "DocRoot /none.xml is not in the package"}} {
		if _, err := ofd.Open(files(map[string]string{"OFD.xml": swap(t, minimalRoot, "Doc_0/Document.xml", c.location)}), ofd.DefaultLimits()); !refusedFor(err, ofd.CodePath, c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ofd.Open(files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", `</ofd:DocRoot><ofd:Versions><ofd:Version BaseLoc="../v.xml"/></ofd:Versions>`)}), ofd.DefaultLimits()); !refusedFor(err, ofd.CodePath, "leaves the package") {
		t.Errorf("version outside: %v", err)
	}
	p := open(t, files(map[string]string{"Doc_0/Document.xml": swap(t, minimalDocument, "</ofd:Document>", "<ofd:Annotations/><ofd:Attachments> </ofd:Attachments></ofd:Document>"),
		"OFDEntries.xml": "<DocEntries><SignedValueLoc>none.dat</SignedValueLoc></DocEntries>"}))
	if area := p.Documents[0].Pages[0].Area; area.Width != 210 || len(p.Deviations) != 0 || p.RoleOf("/none.dat") != ofd.Extra {
		t.Errorf("%v %v %s", area, p.Deviations, p.RoleOf("/none.dat"))
	}
	if p := open(t, files(map[string]string{"OFDEntries.xml": "<DocEntries><SignedValueLoc>v.dat</SignedValueLoc></DocEntries>", "v.dat": "x"})); p.RoleOf("/v.dat") != ofd.Material {
		t.Errorf("the value of the list is %s", p.RoleOf("/v.dat"))
	}
	long := "http:" + strings.Repeat("x", 115)
	for location, shown := range map[string]string{long: fmt.Sprintf("%q", long), long + "y": fmt.Sprintf("%q", long+"…")} {
		if _, failure := ofd.Resolve("/OFD.xml", location); !said(failure, ofd.CodePath, shown+" names nothing") {
			t.Errorf("%v", failure)
		}
	}
	if text := (&ofd.Error{Code: "c", Detail: "d"}).Error(); text != "ofd: c: d" {
		t.Error(text)
	}
	if text := (&ofd.Error{Code: "c", Path: "p", Detail: "d"}).Error(); text != "ofd: c: p: d" {
		t.Error(text)
	}
	if got := (*ofd.Node)(nil).AttrOr("x", "absent"); got != "absent" {
		t.Error(got)
	}
}

// TestXMLThatIsKept: trees are kept up to a bound; what is not kept is read and counted again.
func TestXMLThatIsKept(t *testing.T) {
	const kept = 4 << 20
	document := swap(t, minimalDocument, "</ofd:Document>", "<ofd:Attachments>a.xml</ofd:Attachments></ofd:Document>")
	const list = `<Attachments><Attachment Name="a"><FileLoc>/OFD.xml</FileLoc></Attachment></Attachments>`
	for more := range 2 {
		page := strings.Replace(minimalPage, "<ofd:Content>", "<!--"+strings.Repeat(" ", kept+more-len(minimalRoot)-len(document)-len(minimalPage)-7)+"--><ofd:Content>", 1)
		limits := ofd.DefaultLimits()
		limits.Ratio, limits.XMLTotal = 1<<40, int64(len(minimalRoot)+len(document)+len(page)+len(list))
		p, err := ofd.Open(files(map[string]string{"Doc_0/Document.xml": document, "Doc_0/a.xml": list, "Doc_0/Pages/Page_0/Content.xml": page}), limits)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Tree("/OFD.xml"); err != nil {
			t.Errorf("kept: %v", err)
		}
		if _, err := p.Tree("/Doc_0/Pages/Page_0/Content.xml"); more == 0 && err != nil || more == 1 && !hasCode(err, ofd.CodeBounds) {
			t.Errorf("%d octets more: %v", more, err)
		}
		if content, ok := p.Attachment("a"); ok != (more == 1) || !ok && content != nil { // beside the largest page there is no room for the list
			t.Errorf("%d octets more: a list that cannot be read again gives %d octets", more, len(content))
		}
	}
}

// ending is the end record of a ZIP after a change.
func ending(change func(end []byte)) []byte {
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	change(end)
	return end
}

// TestD04EdgesOfContainers: what a reader that searches, or that adds without looking, would take for something else.
func TestD04EdgesOfContainers(t *testing.T) {
	put32, put64 := binary.LittleEndian.PutUint32, binary.LittleEndian.PutUint64
	nothing := func([]byte) {}
	locator := func(at int64) []byte {
		out := make([]byte, 20)
		copy(out, "PK\x06\x07")
		put64(out[8:], uint64(at))
		return out
	}
	record := make([]byte, 56)
	copy(record, "PK\x06\x06")
	for name, c := range map[string]struct {
		data  []byte
		words string // empty: a package of no files
	}{
		"nothing but the end record":   {ending(nothing), ""},
		"the same with a comment":      {append(ending(func(end []byte) { end[20] = 2 }), "ab"...), ""},
		"nothing but both end records": {slices.Concat(record, locator(0), ending(nothing)), ""},
		"a record below the file":      {slices.Concat(make([]byte, 46), locator(-10), ending(nothing)), "the ZIP64 end record cannot be read"},
		"a locator alone":              {slices.Concat(locator(0), ending(func(end []byte) { put32(end[12:], 20) })), "the ZIP64 end record cannot be read"},
		"an octet less than a record":  {ending(nothing)[:21], "not a ZIP package"},
		"a comment that is not there":  {ending(func(end []byte) { end[20] = 5 }), "does not end with an end record"},
		"hidden before the locator":    {slices.Insert(wide(func(_, _, _ []byte) {}), len(wide(func(_, _, _ []byte) {}))-42, []byte("hidden")...), "the ZIP64 end record cannot be read"},
		"2^20 entries": {wide(func(record, _, end []byte) {
			put64(record[24:], 1<<20)
			put64(record[32:], 1<<20)
			put32(end[8:], 0xffffffff)
		}), "1048576 entries, the limit is"},
		"2^20 entries and one": {wide(func(record, _, end []byte) {
			put64(record[24:], 1<<20+1)
			put64(record[32:], 1<<20+1)
			put32(end[8:], 0xffffffff)
		}), "too many entries"},
		"a directory that begins below 0": {wide(func(record, locator, end []byte) {
			put64(record[48:], ^uint64(0)) // -1, and a length that makes up for it
			put64(record[40:], binary.LittleEndian.Uint64(locator[8:])+1)
			put32(end[12:], 0xffffffff)
			put32(end[16:], 0xffffffff)
		}), "does not lie where the end record says"},
		"local name differs":         {changed(func(e *ofdtest.ZipEntry) { e.LocalName = "OFE.xml" }).Bytes(), "local and central header name different files"},
		"a local header that is cut": {cutLocal(), "no local header where the central directory says"},
	} {
		got, err := ofd.Unpack(slices.Clip(c.data), ofd.DefaultLimits())
		if c.words == "" && (err != nil || len(got) != 0) || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %d files, %v", name, len(got), err)
		}
	}
	empty := func(wide bool, follows ...byte) ofdtest.ZipFile { // an entry of no octets with its sizes behind it
		e := ofdtest.ZipEntry{Name: "empty", Deflate: true, Stored: []byte{3, 0}, Central: ofdtest.Put16(ofdtest.CentralFlags, 8), Follows: append([]byte("PK\x07\x08\x00\x00\x00\x00"), follows...), Local: func(head []byte) {
			ofdtest.Put16(ofdtest.LocalFlags, 8)(head)
			if wide {
				ofdtest.Put32(ofdtest.LocalStored, 0xffffffff)(head)
				ofdtest.Put32(ofdtest.LocalSize, 0xffffffff)(head)
			}
		}}
		if wide {
			e.LocalMore = zip64(0, 2)
		}
		return with(e)
	}
	tail := func(content []byte, write func(w *flate.Writer)) []byte {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		write(w)
		return out.Bytes()
	}
	unended := tail([]byte("content"), func(w *flate.Writer) { _ = w.Flush() })
	folder := func(head []byte) { put32(head[14:], 1) }
	openCases(t, []zipCase{
		{"a comment that ends in zeros", ofdtest.ZipFile{Entries: good().Entries, Comment: []byte("made by\x00\x00")}, ""},
		{"wide sizes of nothing", empty(true, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), ""},
		{"narrow sizes of nothing", empty(false, 2, 0, 0, 0, 0, 0, 0, 0), ""},
		{"wide sizes where narrow ones are due", empty(false, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), ofd.CodeStructure},
		{"content without an end", with(ofdtest.ZipEntry{Name: "a", Deflate: true, Content: []byte("content"), Stored: unended}), ofd.CodeStructure},
		{"an octet more than said", with(ofdtest.ZipEntry{Name: "a", Deflate: true, Content: []byte("content"), Stored: ofdtest.Deflated([]byte("contents"))}), ofd.CodeStructure},
		{"no name, and a path of no octets", with(ofdtest.ZipEntry{More: []byte{0x75, 0x70, 5, 0, 1, 0, 0, 0, 0}}), ofd.CodeName},
		{"folder with a check value", with(ofdtest.ZipEntry{Name: "Res/", Local: folder, Central: ofdtest.Put32(ofdtest.CentralCRC, 1)}), ""},
	})
}

// cutLocal is a package whose last entry has a local header that the directory cuts off.
func cutLocal() []byte {
	at := uint32(0)
	z := with(ofdtest.ZipEntry{Name: "cut", NoLocal: true, At: &at})
	z.BeforeCentral = append([]byte("PK\x03\x04"), make([]byte, 16)...)
	at = binary.LittleEndian.Uint32(good().Bytes()[len(good().Bytes())-6:])
	return z.Bytes()
}

// TestD02LastGoodRatio: the last size that may grow out of a file, and the first that may not.
func TestD02LastGoodRatio(t *testing.T) {
	flat := func(entries ...ofdtest.ZipEntry) ofdtest.ZipFile {
		z := with(entries...)
		for i := range 3 {
			z.Entries[i].Deflate = false
		}
		return z
	}
	sum := func(z ofdtest.ZipFile) (octets int64) {
		for _, e := range z.Entries {
			octets += int64(len(e.Content))
		}
		return octets
	}
	zeros := ofdtest.ZipEntry{Name: "zeros", Content: make([]byte, 3000), Deflate: true}
	// Ballast makes the whole grow to twice the file, and to less.
	base := flat(zeros, zeros)
	base.Entries[4].Name = "more"
	ballast := func(n int64) ofdtest.ZipFile {
		z := flat(zeros, zeros, ofdtest.ZipEntry{Name: "ballast", Content: noise(int(n))})
		z.Entries[4].Name = "more"
		return z
	}
	even := sum(base) - 2*int64(len(ballast(0).Bytes()))
	if z := ballast(even); sum(z)/2 != int64(len(z.Bytes())) {
		t.Fatalf("%d octets of %d", sum(z), len(z.Bytes()))
	}
	for name, c := range map[string]struct {
		file         ofdtest.ZipFile
		floor, ratio int64
		code         string
	}{
		"an entry as it is":       {flat(ofdtest.ZipEntry{Name: "a", Content: noise(2000)}), 100, 1, ""},
		"twice the file":          {ballast(even), 3000, 2, ""},
		"a little more":           {ballast(even - 2), 3000, 2, ofd.CodeLimit},
		"no more than the floor":  {base, sum(base), 1, ""},
		"one octet above":         {base, sum(base) - 1, 1, ofd.CodeLimit},
		"an entry within ratio":   {flat(zeros), 2999, 3000, ""},
		"an entry beyond its own": {flat(zeros, ofdtest.ZipEntry{Name: "noise", Content: noise(9000)}), 2999, 2, ofd.CodeLimit},
	} {
		limits := ofd.DefaultLimits()
		limits.RatioFloor, limits.Ratio = c.floor, c.ratio
		if _, err := ofd.Open(c.file.Bytes(), limits); c.code == "" && err != nil || c.code != "" && !hasCode(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
