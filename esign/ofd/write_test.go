package ofd_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func sample(t testing.TB) []byte {
	t.Helper()
	var textID int
	b := ofd.Builder{
		Info:        ofd.Info{DocID: "0123456789abcdef0123456789abcdef", Title: `样例 <"&">`, CustomDatas: []ofd.CustomData{{Name: "ZZMC", Value: "营业执照 & 副本"}}},
		Fonts:       []ofd.BuildFont{{Name: "Sample", Family: "Sample", File: []byte("font")}},
		Images:      []ofd.BuildImage{{Format: "PNG", File: []byte("image")}},
		Attachments: []ofd.BuildAttachment{{Name: "license.json", Format: "json", Content: []byte(`{"a":1}`), Hidden: true}},
		Tags:        []ofd.BuildTag{{TypeID: "t", Content: []byte(`<Tags/>`)}},
		Pages: []ofd.BuildPage{
			{Width: 210, Height: 297, Objects: []ofd.Object{
				ofd.Text{Font: 0, Size: 5, X: 20, Y: 30, Width: 60, Value: "名称 <甲> & 乙", Advances: []float64{5, 5}, ID: &textID},
				ofd.Path{Boundary: ofd.Box{X: 1, Y: 1, Width: 10, Height: 10}, Data: "M 0 0 L 10 10", Stroke: true, LineWidth: 0.35, Color: "192 0 0"},
				ofd.Image{Boundary: ofd.Box{X: 100, Y: 100, Width: 30.5, Height: 40}, Image: 0},
			}},
			{Width: 100, Height: 100},
		},
	}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	data, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, data []byte) *ofd.Package {
	t.Helper()
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltDocumentReadsBack(t *testing.T) {
	data := sample(t)
	if !bytes.Equal(data, sample(t)) {
		t.Fatal("the same document gives different octets")
	}
	p := open(t, data)
	if len(p.Dangling)+len(p.Faults)+len(p.Deviations) != 0 {
		t.Fatalf("dangling %v, faults %v, deviations %v", p.Dangling, p.Faults, p.Deviations)
	}
	for _, path := range p.Names() {
		if p.RoleOf(path) == ofd.Extra {
			t.Errorf("nothing reaches %s", path)
		}
	}
	document := p.Current()
	if document.Info.Title != `样例 <"&">` || document.Info.CustomDatas[0].Value != "营业执照 & 副本" || len(document.Pages) != 2 || document.Pages[1].Area.Width != 100 {
		t.Fatalf("%+v", document)
	}
	runs, err := p.PageText(document.Pages[0])
	if err != nil || len(runs) != 1 || runs[0].Value != "名称 <甲> & 乙" || runs[0].X != 20 || runs[0].Y != 30 || runs[0].Hidden {
		t.Fatalf("%+v, %v", runs, err)
	}
	if content, ok := p.Attachment("license.json"); !ok || string(content) != `{"a":1}` {
		t.Fatalf("%q", content)
	}
}

// TestBuilderWritesWhatThereIs: what a document does not have is not named, and what it has is written once.
func TestBuilderWritesWhatThereIs(t *testing.T) {
	if _, err := (&ofd.Builder{}).Files(); err == nil {
		t.Error("a document without a page")
	}
	id := 0
	text := ofd.Text{Size: 2, Value: "x", ID: &id}
	font, image := ofd.BuildFont{Name: "F", File: []byte("f")}, ofd.BuildImage{Format: "PNG", File: []byte("i")}
	page := func(objects ...ofd.Object) []ofd.BuildPage {
		return []ofd.BuildPage{{Width: 9, Height: 9, Objects: objects}}
	}
	words := []string{"PublicRes", "Fonts", "MultiMedias", "CustomTags", "Attachments", "CustomDatas", "Title", "Author", "CreationDate", "ModDate", "Creator", "DeltaX", "FillColor", "StrokeColor", "LineWidth"}
	for name, c := range map[string]struct {
		builder ofd.Builder
		want    []string // of words, those that are written
	}{
		"nothing":          {ofd.Builder{Pages: page(ofd.Path{Data: "M 0 0", Color: "1 2 3"})}, nil},
		"a font alone":     {ofd.Builder{Pages: page(text), Fonts: []ofd.BuildFont{font}}, []string{"PublicRes", "Fonts"}},
		"an image alone":   {ofd.Builder{Pages: page(ofd.Image{}), Images: []ofd.BuildImage{image}}, []string{"PublicRes", "MultiMedias"}},
		"an attachment":    {ofd.Builder{Pages: page(), Attachments: []ofd.BuildAttachment{{Name: "a", Format: "txt"}}}, []string{"Attachments"}},
		"tags":             {ofd.Builder{Pages: page(), Tags: []ofd.BuildTag{{TypeID: "t", Content: []byte("<T/>")}}}, []string{"CustomTags"}},
		"filled":           {ofd.Builder{Pages: page(ofd.Path{Fill: true, Color: "1 2 3", LineWidth: 0.5})}, []string{"FillColor", "LineWidth"}},
		"stroked":          {ofd.Builder{Pages: page(ofd.Path{Stroke: true, Color: "1 2 3"})}, []string{"StrokeColor"}},
		"black":            {ofd.Builder{Pages: page(ofd.Path{Fill: true, Stroke: true})}, nil},
		"text with ways":   {ofd.Builder{Pages: page(ofd.Text{Value: "xy", Advances: []float64{1}}), Fonts: []ofd.BuildFont{font}}, []string{"PublicRes", "Fonts", "DeltaX"}},
		"what it is about": {ofd.Builder{Pages: page(), Info: ofd.Info{Author: "a", CustomDatas: []ofd.CustomData{{Name: "n"}}}}, []string{"CustomDatas", "Author"}},
	} {
		files, err := c.builder.Files()
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, file := range files {
			all += string(file.Content)
		}
		if name == "a font alone" && !strings.Contains(all, fmt.Sprintf(`<ofd:TextObject ID="%d"`, id)) {
			t.Errorf("the text is not %d in %s", id, all)
		}
		for _, word := range words {
			if strings.Contains(all, word) != slices.Contains(c.want, word) {
				t.Errorf("%s: %s in %s", name, word, all)
			}
		}
	}
}

// TestPack: what is written how, and what is not written.
func TestPack(t *testing.T) {
	zeros, long := make([]byte, 1000), "/"+strings.Repeat("x", 1<<16)
	var even []byte // as long compressed as it is
	for n := 1; n < 300 && even == nil; n++ {
		content, out := append(noise(200), make([]byte, n)...), &bytes.Buffer{}
		w, err := flate.NewWriter(out, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if out.Len() == len(content) {
			even = content
		}
	}
	if even == nil {
		t.Fatal("nothing is as long compressed as it is")
	}
	data, err := ofd.Pack([]ofd.File{{Path: "/zeros", Content: zeros}, {Path: "/stored", Content: zeros, Store: true}, {Path: "/empty"}, {Path: "/noise", Content: noise(1000)}, {Path: "/even", Content: even}})
	if err != nil {
		t.Fatal(err)
	}
	read, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var methods []uint16
	for _, file := range read.File {
		methods = append(methods, file.Method)
	}
	if !slices.Equal(methods, []uint16{zip.Deflate, zip.Store, zip.Store, zip.Store, zip.Store}) {
		t.Errorf("methods %v", methods)
	}
	p := open(t, with(ofdtest.ZipEntry{Name: "Res/"}).Bytes())
	for name, c := range map[string]struct {
		files []ofd.File
		code  string // empty: an error of the writer below
	}{
		"a name outside":   {[]ofd.File{{Path: "/../x"}}, ofd.CodeName},
		"the same again":   {[]ofd.File{{Path: "/OFD.xml"}}, ofd.CodeDuplicate},
		"in another case":  {[]ofd.File{{Path: "/ofd.XML"}}, ofd.CodeDuplicate},
		"a name too large": {[]ofd.File{{Path: long}}, ""},
	} {
		for how, write := range map[string]func() ([]byte, error){
			"packed":    func() ([]byte, error) { return ofd.Pack(append([]ofd.File{{Path: "/OFD.xml"}}, c.files...)) },
			"rewritten": func() ([]byte, error) { return p.Rewrite(nil, c.files) },
		} {
			if out, err := write(); err == nil || out != nil || c.code != "" && !hasCode(err, c.code) {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
	again, err := p.Rewrite(map[string][]byte{"/OFD.xml": []byte("x")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := ofd.Unpack(again, ofd.DefaultLimits()); err != nil || len(files) != 3 || string(files[0].Content) != "x" { // the folder is gone
		t.Errorf("%d files: %v", len(files), err)
	}
}

func request() ofd.SignatureRequest {
	return ofd.SignatureRequest{Provider: "印信", SigningTime: time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC), Seal: []byte("seal"),
		Stamps: []ofd.StampRequest{{Page: 1, Boundary: ofd.Box{X: 100, Y: 200, Width: 42, Height: 42}}}}
}

func sign(t *testing.T, data []byte, r ofd.SignatureRequest) []byte {
	t.Helper()
	pending, err := open(t, data).AddSignature(r)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := pending.Complete([]byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestSignaturesCoverEverythingAndKeepOtherEntries(t *testing.T) {
	original := sample(t)
	once := sign(t, original, request())
	twice := sign(t, once, request())
	before, after := open(t, original), open(t, twice)
	for _, path := range before.Names() {
		a, _ := before.Read(path)
		b, err := after.Read(path)
		if err != nil || path != "/OFD.xml" && !bytes.Equal(a, b) {
			t.Errorf("%s was changed: %v", path, err)
		}
	}
	if len(after.Signatures) != 2 {
		t.Fatalf("%d signatures", len(after.Signatures))
	}
	for i, s := range after.Signatures {
		if s.Fault != nil || len(s.Stamps) != 1 || s.Stamps[0].Page != 1 || s.SealPath == "" || string(s.Value) != "value" {
			t.Fatalf("signature %d: %+v", i, s)
		}
		var covered []string
		for _, r := range s.References {
			content, err := after.Read(r.Path)
			sum := sm3.Sum(content)
			if err != nil || r.Fault != nil || !bytes.Equal(sum[:], r.CheckValue) {
				t.Errorf("signature %d: %s does not match: %v %v", i, r.Path, err, r.Fault)
			}
			covered = append(covered, r.Path)
		}
		for _, path := range after.Names() {
			own := strings.HasPrefix(path, strings.TrimSuffix(s.Path, "Signature.xml"))
			later := i == 0 && strings.Contains(path, "/Sign_1/")
			if !own && !later && !strings.HasSuffix(path, "/Signatures.xml") && !slices.Contains(covered, path) {
				t.Errorf("signature %d leaves out %s", i, path)
			}
		}
	}
}

func TestLockedListRefusesFurtherSignatures(t *testing.T) {
	r := request()
	r.Lock = true
	locked := sign(t, sample(t), r)
	if _, err := open(t, locked).AddSignature(request()); !errors.Is(err, ofd.ErrLocked) {
		t.Fatalf("got %v", err)
	}
	r = request()
	r.Lock = true
	lockedLater := sign(t, sign(t, sign(t, sample(t), request()), request()), r)
	if _, err := open(t, lockedLater).AddSignature(request()); !errors.Is(err, ofd.ErrLocked) {
		t.Fatalf("a list that stood there was locked: %v", err)
	}
	r = request()
	r.Stamps[0].Page = 3
	if _, err := open(t, sample(t)).AddSignature(r); !errors.Is(err, ofd.ErrUnknown) {
		t.Fatalf("page beyond the end: %v", err)
	}
}

func TestSignsVendorDocumentsWithoutChangingThem(t *testing.T) {
	for _, name := range []string{"docs/kinggrid-999.ofd", "docs/gomain-v4signed.ofd", "structure/ofdrw-helloworld-unsigned.ofd", "structure/ofdrw-AddAttachment-unsigned.ofd"} {
		data := testkit.SharedFile(t, "vectors/ofd/"+name)
		before := open(t, data)
		after := open(t, sign(t, data, request()))
		if len(after.Signatures) != len(before.Signatures)+1 || after.Signatures[len(before.Signatures)].Fault != nil {
			t.Errorf("%s: %d signatures", name, len(after.Signatures))
		}
		for _, path := range before.Names() {
			a, _ := before.Read(path)
			b, err := after.Read(path)
			if err != nil || !bytes.Equal(a, b) && path != "/OFD.xml" && before.RoleOf(path) != ofd.Container {
				t.Errorf("%s: %s was changed", name, path)
			}
		}
	}
}

// TestSignatureBesideOthers: identifiers that others have are not given again, and what is not asked for is not there.
func TestSignatureBesideOthers(t *testing.T) {
	p := open(t, files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>"),
		"s.xml": `<Signatures><Signature ID="s001" BaseLoc="d.xml"/></Signatures>`, "d.xml": goodDescription}))
	pending, err := p.AddSignature(ofd.SignatureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := pending.Complete([]byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	after := open(t, signed)
	if s := after.Signatures[1]; s.Fault != nil || s.ID != "s002" || s.Path != "/Sign_1/Signature.xml" || s.SealPath != "" || after.Has("/Sign_1/Seal.esl") {
		t.Errorf("%+v", s)
	}
	references := open(t, sign(t, sample(t), request())).Signatures[0].References
	if !slices.ContainsFunc(references, func(r ofd.Reference) bool { return strings.HasSuffix(r.Path, "/Seal.esl") }) {
		t.Error("the seal's file is left out")
	}
	bare := open(t, files(map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>"), "s.xml": "<Signatures/>"}))
	if _, err := bare.AddSignature(request()); !errors.Is(err, ofd.ErrFaulty) {
		t.Errorf("a list without an end tag: %v", err)
	}
	// OFD.xml is too large to be kept, and asking for it again is more XML than may be read.
	root := swap(t, minimalRoot, "<ofd:DocBody>", "<!--"+strings.Repeat(" ", 4<<20)+"--><ofd:DocBody>")
	limits := ofd.DefaultLimits()
	limits.Ratio, limits.XMLTotal = 1<<40, int64(len(root)+len(minimalDocument)+len(minimalPage))
	large, err := ofd.Open(files(map[string]string{"OFD.xml": root}), limits)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := large.AddSignature(request()); !hasCode(err, ofd.CodeBounds) {
		t.Errorf("OFD.xml that cannot be read again: %v", err)
	}
}

// TestFaultyPackagesAreNotSigned: what cannot be judged whole must not get a further seal.
func TestFaultyPackagesAreNotSigned(t *testing.T) {
	body := `<ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>`
	for name, root := range map[string]string{
		"list of signatures is missing": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>none.xml</ofd:Signatures>"),
		"two documents":                 swap(t, minimalRoot, "</ofd:OFD>", body+"</ofd:OFD>"),
	} {
		p, err := ofd.Open(files(map[string]string{"OFD.xml": root}), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.AddSignature(ofd.SignatureRequest{}); !errors.Is(err, ofd.ErrFaulty) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStampsThatCannotBePlaced: a stamp needs a page; its box and clip are written as they are asked for.
func TestStampsThatCannotBePlaced(t *testing.T) {
	p, err := ofd.Open(good().Bytes(), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []int{-1, 0, 2} {
		if _, err := p.AddSignature(ofd.SignatureRequest{Stamps: []ofd.StampRequest{{Page: page, Boundary: ofd.Box{Width: 1, Height: 1}}}}); !errors.Is(err, ofd.ErrUnknown) {
			t.Errorf("page %d: %v", page, err)
		}
	}
	pending, err := p.AddSignature(ofd.SignatureRequest{Stamps: []ofd.StampRequest{{Page: 1, Boundary: ofd.Box{X: -0.0000001, Y: 2, Width: 30, Height: 40.5}, Clip: &ofd.Box{Width: 5, Height: 6}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`PageRef="1"`, `Boundary="0 2 30 40.5"`, `Clip="0 0 5 6"`} {
		if !strings.Contains(string(pending.Description), want) {
			t.Errorf("no %s in %s", want, pending.Description)
		}
	}
}

func TestResolve(t *testing.T) {
	cases := []struct{ holder, location, want string }{
		{"/Doc_0/Document.xml", "Pages/P.xml", "/Doc_0/Pages/P.xml"},
		{"/Doc_0/Document.xml", "/Doc_0/P.xml", "/Doc_0/P.xml"},
		{"/Doc_0/a/b.xml", "../c.xml", "/Doc_0/c.xml"},
		{"/OFD.xml", "./Doc_0//x.xml", "/Doc_0/x.xml"},
		{"/Doc_0/Document.xml", `Pages\P.xml`, "/Doc_0/Pages/P.xml"},
		{"/Doc_0/Document.xml", "../../x", ""}, {"/OFD.xml", "..", ""}, {"/OFD.xml", "/../x", ""}, {"/OFD.xml", "/a/../../x", ""},
		{"/OFD.xml", ":x", "/:x"}, {"/OFD.xml", "1a:x", "/1a:x"}, {"/OFD.xml", "a b:x", "/a b:x"}, {"/OFD.xml", "a/:x", "/a/:x"}, {"/OFD.xml", "a;b:x", "/a;b:x"},
		{"/OFD.xml", "a0:x", ""}, {"/OFD.xml", "z9:x", ""}, {"/OFD.xml", "A+b:x", ""}, {"/OFD.xml", "Z.b-c:x", ""}, {"/OFD.xml", "a:x", ""}, {"/OFD.xml", "z:x", ""},
		{"/OFD.xml", "http://h/x", ""}, {"/OFD.xml", "file:x", ""}, {"/OFD.xml", "C:\\x", ""}, {"/OFD.xml", "//host/x", ""}, {"/OFD.xml", `\\host\x`, ""}, {"/OFD.xml", " ", ""}, {"/OFD.xml", "a\x00b", ""},
	}
	for _, c := range cases {
		got, failure := ofd.Resolve(c.holder, c.location)
		if c.want == "" {
			if failure == nil || failure.Code != ofd.CodePath {
				t.Errorf("D-10 %s from %s gave %q, %v", c.location, c.holder, got, failure)
			}
		} else if got != c.want || failure != nil {
			t.Errorf("%s from %s gave %q, %v", c.location, c.holder, got, failure)
		}
	}
}

func TestXMLRefusals(t *testing.T) {
	limits := ofd.DefaultLimits()
	deep := strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65)
	wide := "<a"
	for i := range 257 {
		wide += " a" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + `=""`
	}
	cases := map[string]struct{ text, code string }{
		"D-21 doctype":              {`<!DOCTYPE a><a/>`, ofd.CodeDoctype},
		"D-21 entity":               {`<a>&x;</a>`, ofd.CodeXML},
		"D-22 depth":                {deep, ofd.CodeXML},
		"D-22 attributes":           {wide + "/>", ofd.CodeXML},
		"D-22 UTF-16 label":         {`<?xml version="1.0" encoding="UTF-16"?><a/>`, ofd.CodeXML},
		"D-22 GBK label":            {`<?xml version="1.0" encoding="GBK"?><a/>`, ofd.CodeXML},
		"D-22 UTF-16 octets":        {"\xff\xfe<\x00a\x00/\x00>\x00", ofd.CodeXML},
		"D-22 NUL":                  {"<a>\x00</a>", ofd.CodeXML},
		"D-22 instruction":          {`<a><?php x?></a>`, ofd.CodeXML},
		"D-22 late declaration":     {`<a/><?xml version="1.0"?>`, ofd.CodeXML},
		"D-12 duplicate attribute":  {`<a x="1" x="2"/>`, ofd.CodeXML},
		"two roots":                 {`<a/><b/>`, ofd.CodeXML},
		"text after the root":       {`<a/>x`, ofd.CodeXML},
		"cut":                       {`<a><b></b>`, ofd.CodeXML},
		"crossed":                   {`<a><b></a></b>`, ofd.CodeXML},
		"other prefix at the close": {`<x:a xmlns:x="1" xmlns:y="2"></y:a>`, ofd.CodeXML},
		"empty":                     {``, ofd.CodeXML},
	}
	for name, c := range cases {
		if _, failure := ofd.ParseXML("x.xml", []byte(c.text), limits); failure == nil || failure.Code != c.code {
			t.Errorf("%s: %v, want %s", name, failure, c.code)
		}
	}
	good := "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c --><o:a xmlns:o=\"u\" o:x=\"1\">t<b/>u</o:a>"
	node, failure := ofd.ParseXML("x.xml", []byte(good), limits)
	if failure != nil || node.Name != "a" || node.Namespace != "u" || node.AttrOr("x", "") != "1" || node.Text != "tu" {
		t.Fatalf("%+v, %v", node, failure)
	}
	many := "<a>" + strings.Repeat("x<!---->", 200_000) + "</a>"
	if node, failure := ofd.ParseXML("x.xml", []byte(many), limits); failure != nil || len(node.Text) != 200_000 || !node.Tainted {
		t.Fatal("text in many pieces")
	}
}

func TestBoxes(t *testing.T) {
	for _, text := range []string{"0 0 1e308 -1", "0 0 NaN Infinity", "0 0 0 1", "0 0 1 -1", "1 2 3", "a b c d", "0 0 1e6 1", "", "0 0 210 297 1", "x 0 210 297", "NaN 0 210 297", "0 Inf 210 297", "0 0 210 29x", "1e6 0 1 1", "0 -1e6 1 1"} {
		if _, failure := ofd.ParseBox("x", text); failure == nil || failure.Code != ofd.CodeBounds {
			t.Errorf("D-19 %q was accepted", text)
		}
	}
	if box, failure := ofd.ParseBox("x", " 1.5  -2 210 297.25 "); failure != nil || box.String() != "1.5 -2 210 297.25" {
		t.Errorf("%v, %v", box, failure)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ofd.Open(data, ofd.DefaultLimits())
		if err != nil {
			return
		}
		for _, path := range p.Names() {
			if _, err := p.Read(path); err != nil {
				t.Fatalf("an opened package cannot be read: %v", err)
			}
		}
		for _, document := range p.Documents {
			for _, page := range document.Pages {
				p.PageText(page)
			}
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<a x="1"><b>t</b></a>`))
	f.Fuzz(func(t *testing.T, data []byte) { ofd.ParseXML("x", data, ofd.DefaultLimits()) })
}

func FuzzResolve(f *testing.F) {
	f.Add("/Doc_0/Document.xml", "../x")
	f.Fuzz(func(t *testing.T, holder, location string) {
		got, failure := ofd.Resolve(holder, location)
		if failure == nil && (!strings.HasPrefix(got, "/") || slices.Contains(strings.Split(got, "/"), "..")) {
			t.Fatalf("%q from %q left the package: %q", location, holder, got)
		}
	})
}

func FuzzBox(f *testing.F) {
	f.Add("0 0 210 297")
	f.Fuzz(func(t *testing.T, text string) {
		box, failure := ofd.ParseBox("x", text)
		if failure == nil && !(box.Width > 0 && box.Height > 0 && box.X >= -1e5 && box.X <= 1e5 && box.Width <= 1e5) {
			t.Fatalf("%q gave %+v", text, box)
		}
	})
}

// FuzzPage puts any page into a package and takes its text.
func FuzzPage(f *testing.F) {
	f.Add([]byte(minimalPage))
	f.Add([]byte(`<Page><Content><Layer><TextObject ID="1" Boundary="1 2 3 4" CTM="1 0 0 1 0 0" Size="3"><TextCode X="1" Y="2" DeltaX="g 3 5">x</TextCode></TextObject><PageBlock/></Layer></Content></Page>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		z := good()
		z.Entries[2].Content = page
		p, err := ofd.Open(z.Bytes(), ofd.DefaultLimits())
		if err != nil {
			return
		}
		runs, err := p.PageText(p.Documents[0].Pages[0])
		if err != nil {
			t.Fatalf("an opened page has no text: %v", err)
		}
		for _, run := range runs {
			if math.IsNaN(run.X) || math.IsNaN(run.Size) || math.IsInf(run.Size, 0) {
				t.Fatalf("%+v", run)
			}
		}
	})
}

// FuzzSignatureXML puts any description behind a list.
func FuzzSignatureXML(f *testing.F) {
	f.Add([]byte(`<Signature><SignedInfo><References CheckMethod="SM3"><Reference FileRef="/OFD.xml"><CheckValue>AAAA</CheckValue></Reference></References><StampAnnot PageRef="1" Boundary="1 2 3 4" Clip="0 0 1 1"/><Seal><BaseLoc>/OFD.xml</BaseLoc></Seal></SignedInfo><SignedValue>/OFD.xml</SignedValue></Signature>`))
	root := strings.Replace(minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>s.xml</ofd:Signatures>", 1)
	list := `<Signatures><Signature ID="1" BaseLoc="d.xml"/></Signatures>`
	f.Fuzz(func(t *testing.T, description []byte) {
		z := with(ofdtest.ZipEntry{Name: "s.xml", Content: []byte(list)}, ofdtest.ZipEntry{Name: "d.xml", Content: description})
		z.Entries[0].Content = []byte(root)
		p, err := ofd.Open(z.Bytes(), ofd.DefaultLimits())
		if err != nil || len(p.Signatures) != 1 {
			return
		}
		s := p.Signatures[0]
		if s.Fault == nil && (len(s.Value) == 0 && s.ValuePath == "" || !strings.HasPrefix(s.ValuePath, "/")) {
			t.Fatalf("%+v", s)
		}
		for _, r := range s.References {
			if r.Fault == nil && !p.Has(r.Path) {
				t.Fatalf("reference to a file that is not there: %+v", r)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	data := sample(b)
	for b.Loop() {
		if _, err := ofd.Open(data, ofd.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}
