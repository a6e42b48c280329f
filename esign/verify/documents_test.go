package verify_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// world is made once: its certificates are read only.
var world = sync.OnceValue(func() *ofdtest.World { return ofdtest.New(testing.TB(new(benchTB))) })

// benchTB lets the shared world be made outside a test; a failure panics.
type benchTB struct{ testing.TB }

func (*benchTB) Helper()           {}
func (*benchTB) Fatal(args ...any) { panic(args) }

// trusting trusts the root of the world and knows its issuing CA.
func trusting(change ...func(*verify.Options)) verify.Options {
	w := world()
	options := verify.Options{Roots: pki.NewPool(w.Root.Cert), Intermediates: pki.NewPool(w.Issuing.Cert), At: ofdtest.Now, Locale: "en"}
	for _, c := range change {
		c(&options)
	}
	return options
}

func strictly(o *verify.Options) { o.Strict = true }

// want is the answer to a document: verdict, V-code and a reason that must be among those given, none when empty.
type want struct {
	verdict verify.Verdict
	vcode   string
	reason  string
}

var valid = want{verify.Valid, "V00", ""}

func invalid(vcode, reason string) want       { return want{verify.Invalid, vcode, reason} }
func indeterminate(vcode, reason string) want { return want{verify.Indeterminate, vcode, reason} }

func judge(t *testing.T, data []byte, options verify.Options, w want) verify.Result {
	t.Helper()
	r := verify.Verify("a.ofd", data, options)
	if r.Verdict != w.verdict || r.Code != w.vcode && w.vcode != "*" || w.reason != "" && !slices.Contains(codes(r), w.reason) {
		t.Errorf("got %s %s %v, want %s %s %s", r.Verdict, r.Code, codes(r), w.verdict, w.vcode, w.reason)
	}
	return r
}

// checkValue is the CheckValue of a file.
func checkValue(content []byte) string {
	sum := sm3.Sum(content)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// replaced is a change of Signature.xml before it is signed; it must change something.
func replaced(old, replacement string) func(string) string {
	return func(description string) string { return strings.Replace(description, old, replacement, 1) }
}

// without is a change of Signature.xml that leaves a file out of its references.
func without(path string) func(string) string {
	return func(description string) string {
		start := strings.Index(description, `<ofd:Reference FileRef="`+path+`"`)
		if start < 0 {
			return description
		}
		end := start + strings.Index(description[start:], "</ofd:Reference>") + len("</ofd:Reference>")
		return description[:start] + description[end:]
	}
}

func chained(changes ...func(string) string) func(string) string {
	return func(text string) string {
		for _, change := range changes {
			next := change(text)
			if next == text {
				return "" // Sealed then opens nothing, and the test fails
			}
			text = next
		}
		return text
	}
}

func TestSealedDocumentIsValid(t *testing.T) {
	data := world().Sealed(t, ofdtest.Sealing{})
	r := judge(t, data, trusting(), valid)
	judge(t, data, trusting(strictly), valid)
	if len(r.Signatures) != 1 || r.Signatures[0].TimeSource != "claimed" || r.Coverage == nil || !r.Coverage.Complete {
		t.Errorf("%+v", r)
	}
	got := map[string]verify.Status{}
	for _, c := range r.Signatures[0].Checks {
		if _, twice := got[c.Name]; twice {
			t.Errorf("check %s stands twice", c.Name)
		}
		got[c.Name] = c.Status
	}
	for name, status := range map[string]verify.Status{"sig_format": verify.Passed, "sig_value": verify.Passed, "signer_cert": verify.Passed, "signing_time": verify.Passed, "timestamp": verify.Skipped,
		"data_hash": verify.Passed, "references": verify.Passed, "seal_format": verify.Passed, "seal_signature": verify.Passed, "seal_maker_cert": verify.Passed, "seal_period": verify.Passed,
		"seal_status": verify.Skipped, "signer_in_seal": verify.Passed} {
		if got[name] != status {
			t.Errorf("%s is %q, want %s", name, got[name], status)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("further checks %v", got)
	}
}

// TestNeverValidWithoutATrustedRoot: the same document, nobody trusted.
func TestNeverValidWithoutATrustedRoot(t *testing.T) {
	w := world()
	data := w.Sealed(t, ofdtest.Sealing{})
	for name, change := range map[string]func(*verify.Options){
		"no roots":             func(o *verify.Options) { o.Roots = nil },
		"issuing CA not known": func(o *verify.Options) { o.Intermediates = nil },
		"root only as help":    func(o *verify.Options) { o.Roots, o.Intermediates = nil, pki.NewPool(w.Root.Cert, w.Issuing.Cert) },
		"root of another name": func(o *verify.Options) {
			o.Roots = pki.NewPool(w.Under(t, w.Root, pki.ProfileSealMaker, "another", nil).Cert)
		},
		"signer's issuer no way": func(o *verify.Options) { o.Roots, o.Intermediates = pki.NewPool(w.Maker.Cert), nil },
	} {
		t.Run(name, func(t *testing.T) { judge(t, data, trusting(change), indeterminate("V24", "untrusted_root")) })
	}
}

// TestD05UncoveredEntries: each by its role (design decision 11), listed, and invalid for visible ones under --strict.
func TestD05UncoveredEntries(t *testing.T) {
	w := world()
	added := ofd.File{Path: "/Doc_0/hidden.bin", Content: []byte("x")}
	for _, c := range []struct {
		name         string
		sealing      ofdtest.Sealing
		add          []ofd.File
		want, strict want
		path         string
		role         ofd.Role
	}{
		{"OFD.xml, one DocBody", ofdtest.Sealing{Describe: without(ofdtest.RootXML)}, nil, want{verify.Valid, "V00", "ofd_xml_uncovered"}, want{verify.Valid, "V00", "ofd_xml_uncovered"}, ofdtest.RootXML, ofd.Container},
		{"list of signatures", ofdtest.Sealing{}, nil, want{verify.Valid, "V00", "list_uncovered"}, want{verify.Valid, "V00", "list_uncovered"}, ofdtest.ListXML, ofd.Container},
		{"unreachable file", ofdtest.Sealing{}, []ofd.File{added}, want{verify.Valid, "V00", "extra"}, want{verify.Valid, "V00", "extra"}, added.Path, ofd.Extra},
		{"page", ofdtest.Sealing{Describe: without(ofdtest.PageXML)}, nil, indeterminate("V21", "uncovered_visible"), want{verify.Invalid, "V21", "uncovered_visible"}, ofdtest.PageXML, ofd.Visible},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := w.Sealed(t, c.sealing)
			if len(c.add) > 0 {
				data = ofdtest.Edit(t, data, ofdtest.Keep, c.add...)
			}
			r := judge(t, data, trusting(), c.want)
			judge(t, data, trusting(strictly), c.strict)
			if !slices.Contains(r.Coverage.Uncovered, verify.Uncovered{Path: c.path, Role: string(c.role)}) || r.Coverage.Complete != (c.role != ofd.Visible) {
				t.Errorf("coverage %+v", r.Coverage)
			}
		})
	}
	t.Run("locked list", func(t *testing.T) {
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Request: func(r *ofd.SignatureRequest) { r.Lock = true }}), trusting(), valid)
		if slices.Contains(codes(r), "list_uncovered") {
			t.Errorf("reasons %v", codes(r))
		}
	})
	t.Run("OFD.xml and a second DocBody sealed with it", func(t *testing.T) {
		// Both documents are covered, OFD.xml is not: it could show either.
		sealed := w.Sealed(t, ofdtest.Sealing{Describe: without(ofdtest.RootXML)})
		both := ofdtest.Edit(t, sealed, ofdtest.Replace(ofdtest.RootXML, "</ofd:DocBody>", "</ofd:DocBody><ofd:DocBody><ofd:DocInfo><ofd:DocID>2</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>"))
		judge(t, both, trusting(), indeterminate("V21", "uncovered_visible"))
	})
	t.Run("integrity list and its value are no extras", func(t *testing.T) {
		list := ofd.File{Path: "/OFDEntries.xml", Content: []byte("<DocEntries><SignedValueLoc>signedvalue.dat</SignedValueLoc></DocEntries>")}
		r := judge(t, ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{}), ofdtest.Keep, list, ofd.File{Path: "/signedvalue.dat", Content: []byte{1}}), trusting(), want{verify.Valid, "V00", "integrity_list"})
		if slices.Contains(codes(r), "extra") {
			t.Errorf("reasons %v", codes(r))
		}
	})
}

// full is a document with every kind of visible file.
func full(t *testing.T) []byte {
	t.Helper()
	base := ofdtest.Files(t)
	at := func(path string) *ofd.File {
		for i := range base {
			if base[i].Path == path {
				return &base[i]
			}
		}
		t.Fatalf("no %s", path)
		return nil
	}
	document := at(ofdtest.DocumentXML)
	text := strings.Replace(string(document.Content), "<ofd:Pages>", `<ofd:Pages><ofd:Page ID="901" BaseLoc="Pages/Page_1/Content.xml"/>`, 1)
	text = strings.Replace(text, "</ofd:CommonData>", `<ofd:TemplatePage ID="900" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>`, 1)
	text = strings.Replace(text, "</ofd:Document>", "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags><ofd:Extensions>Ext/Extensions.xml</ofd:Extensions></ofd:Document>", 1)
	document.Content = []byte(text)
	page := `<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:PageRes>Res.xml</ofd:PageRes><ofd:Template TemplateID="900"/></ofd:Page>`
	x := func(path, text string) { base = append(base, ofd.File{Path: "/Doc_0/" + path, Content: []byte(text)}) }
	x("Pages/Page_1/Content.xml", page)
	x("Pages/Page_1/Res.xml", `<Res BaseLoc="Own"><MultiMedias><MultiMedia ID="1"><MediaFile>m.png</MediaFile></MultiMedia></MultiMedias><ColorSpaces><ColorSpace Profile="c.icc"/></ColorSpaces></Res>`)
	x("Pages/Page_1/Own/m.png", "media")
	x("Pages/Page_1/Own/c.icc", "profile")
	x("Tpls/Tpl_0/Content.xml", `<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"/>`)
	x("Annots/Annotations.xml", `<Annotations><Page PageID="901"><FileLoc>Page_1.xml</FileLoc></Page></Annotations>`)
	x("Annots/Page_1.xml", `<PageAnnot/>`)
	x("Tags/CustomTags.xml", `<CustomTags><CustomTag><SchemaLoc>schema.xsd</SchemaLoc><FileLoc>tag.xml</FileLoc></CustomTag></CustomTags>`)
	x("Tags/schema.xsd", "schema")
	x("Tags/tag.xml", "<Tag/>")
	x("Ext/Extensions.xml", `<Extensions><Extension><ExtendData>data.bin</ExtendData></Extension></Extensions>`)
	x("Ext/data.bin", "data")
	return ofdtest.Pack(t, base)
}

// TestD06EveryVisibleKind: whatever is left out of the references is seen, kind by kind.
func TestD06EveryVisibleKind(t *testing.T) {
	w, document := world(), full(t)
	whole := w.Sealed(t, ofdtest.Sealing{Document: document})
	r := judge(t, whole, trusting(), valid)
	if len(r.Coverage.Uncovered) != 1 || slices.Contains(codes(r), "extra") {
		t.Errorf("uncovered %v, reasons %v", r.Coverage.Uncovered, codes(r))
	}
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range p.Names() {
		if path == ofdtest.RootXML || path == ofdtest.DocumentXML {
			continue
		}
		tried++
		t.Run(path, func(t *testing.T) {
			data := w.Sealed(t, ofdtest.Sealing{Document: document, Describe: without(path)})
			r := judge(t, data, trusting(), indeterminate("V21", "uncovered_visible"))
			if !slices.Contains(r.Coverage.Uncovered, verify.Uncovered{Path: path, Role: "visible"}) || r.Coverage.Complete {
				t.Errorf("coverage %+v", r.Coverage)
			}
			judge(t, data, trusting(strictly), invalid("V21", "uncovered_visible"))
		})
	}
	if tried < 16 {
		t.Errorf("only %d kinds", tried)
	}
	t.Run("Document.xml", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Document: document, Describe: without(ofdtest.DocumentXML)})
		judge(t, data, trusting(), indeterminate("V21", "uncovered_visible"))
	})
}

// TestD07ChangedAfterSealing: with evidence of change invalid, never V21; without it by role.
func TestD07ChangedAfterSealing(t *testing.T) {
	w := world()
	whole := w.Sealed(t, ofdtest.Sealing{Document: full(t)})
	for name, path := range map[string]string{"page": ofdtest.PageXML, "annotation": "/Doc_0/Annots/Page_1.xml", "list of annotations": "/Doc_0/Annots/Annotations.xml", "custom tag": "/Doc_0/Tags/tag.xml", "extension": "/Doc_0/Ext/Extensions.xml",
		"template": "/Doc_0/Tpls/Tpl_0/Content.xml", "resource list": "/Doc_0/Pages/Page_1/Res.xml", "image": "/Doc_0/Pages/Page_1/Own/m.png", "font": ofdtest.FontFile, "Document.xml": ofdtest.DocumentXML, "OFD.xml": ofdtest.RootXML} {
		t.Run(name, func(t *testing.T) {
			data := ofdtest.Edit(t, whole, func(p string, content []byte) []byte {
				if p == path {
					return append(content, '\n')
				}
				return content
			})
			r := judge(t, data, trusting(), invalid("V20", "DIGEST_MISMATCH"))
			if refs := r.Signatures[0].References; !slices.Equal(refs.Mismatched, []string{path}) || refs.Matched != refs.Total-1 {
				t.Errorf("references %+v", refs)
			}
			pages := map[string][]int{"page": {2}, "template": {1}}[name]
			if got := r.Signatures[0].References.Pages; !slices.Equal(got, pages) {
				t.Errorf("pages %v, want %v", got, pages)
			}
		})
	}
	// An annotation list that was named and missing at sealing, and put in later: no covered file changed.
	dangling := w.Sealed(t, ofdtest.Sealing{Document: ofdtest.Edit(t, ofdtest.Document(t), ofdtest.Replace(ofdtest.DocumentXML, "</ofd:Document>", "<ofd:Annotations>Annots/A.xml</ofd:Annotations></ofd:Document>"))})
	t.Run("missing annotations put in", func(t *testing.T) {
		judge(t, dangling, trusting(), valid)
		data := ofdtest.Edit(t, dangling, ofdtest.Keep, ofd.File{Path: "/Doc_0/Annots/A.xml", Content: []byte("<Annotations/>")})
		judge(t, data, trusting(), indeterminate("V21", "uncovered_visible"))
		judge(t, data, trusting(strictly), invalid("V21", "uncovered_visible"))
	})
	t.Run("bookmark or action in Document.xml", func(t *testing.T) {
		judge(t, ofdtest.Edit(t, whole, ofdtest.Replace(ofdtest.DocumentXML, "</ofd:Document>", "<ofd:Bookmarks/><ofd:Actions/></ofd:Document>")), trusting(), invalid("V20", "DIGEST_MISMATCH"))
	})
}

// otherDocument is a whole second document under /Doc_1.
func otherDocument(t *testing.T) []ofd.File {
	t.Helper()
	var files []ofd.File
	for _, f := range ofdtest.Files(t) {
		if strings.HasPrefix(f.Path, "/Doc_0/") {
			files = append(files, ofd.File{Path: strings.Replace(f.Path, "/Doc_0/", "/Doc_1/", 1), Content: []byte(strings.ReplaceAll(string(f.Content), "名称 甲", "名称 乙"))})
		}
	}
	return files
}

// TestD08AnotherDocument: OFD.xml is uncovered, so no digest speaks; the seal does not know the document.
func TestD08AnotherDocument(t *testing.T) {
	w := world()
	open := w.Sealed(t, ofdtest.Sealing{Describe: without(ofdtest.RootXML)})
	covered := w.Sealed(t, ofdtest.Sealing{})
	body := "</ofd:DocBody><ofd:DocBody><ofd:DocInfo><ofd:DocID>2</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody>"
	version := func(current, root string) (change func(string, []byte) []byte, added []ofd.File) {
		return ofdtest.Replace(ofdtest.RootXML, "<ofd:Signatures>", `<ofd:Versions><ofd:Version ID="1" Index="1" `+current+` BaseLoc="Doc_0/Versions/V1.xml"/></ofd:Versions><ofd:Signatures>`),
			append(otherDocument(t), ofd.File{Path: "/Doc_0/Versions/V1.xml", Content: []byte(`<ofd:DocVersion xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocRoot>` + root + `</ofd:DocRoot></ofd:DocVersion>`)})
	}
	type variant struct {
		change func(string, []byte) []byte
		added  []ofd.File
	}
	variants := map[string]variant{
		"second DocBody":              {ofdtest.Replace(ofdtest.RootXML, "</ofd:DocBody>", body), otherDocument(t)},
		"second DocBody in front":     {ofdtest.Replace(ofdtest.RootXML, "<ofd:DocBody>", strings.TrimPrefix(body, "</ofd:DocBody>")+"<ofd:DocBody>"), otherDocument(t)},
		"DocRoot to another document": {ofdtest.Replace(ofdtest.RootXML, "Doc_0/Document.xml", "Doc_1/Document.xml"), otherDocument(t)},
	}
	for name, current := range map[string]string{"current version": `Current="true"`, "current version as number": `Current="1"`, "version that is not current": `Current="false"`, "version that does not say": ""} {
		change, added := version(current, "/Doc_1/Document.xml")
		variants[name] = variant{change, added}
	}
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			judge(t, ofdtest.Edit(t, open, v.change, v.added...), trusting(), invalid("V20", "changed_after"))
			judge(t, ofdtest.Edit(t, covered, v.change, v.added...), trusting(), invalid("V20", "DIGEST_MISMATCH"))
		})
	}
	t.Run("a version over the sealed document", func(t *testing.T) {
		change, added := version(`Current="true"`, "/Doc_0/Document.xml")
		judge(t, ofdtest.Edit(t, open, change, added[len(added)-1]), trusting(), indeterminate("V21", "uncovered_visible"))
	})
	t.Run("a version whose file is missing", func(t *testing.T) {
		change, _ := version(`Current="true"`, "")
		judge(t, ofdtest.Edit(t, open, change), trusting(), want{verify.Valid, "V00", "ofd_xml_uncovered"})
	})
	t.Run("the seal knows no document at all", func(t *testing.T) {
		data := w.Sealed(t, ofdtest.Sealing{Describe: chained(without(ofdtest.RootXML), without(ofdtest.DocumentXML))})
		judge(t, ofdtest.Edit(t, data, ofdtest.Replace(ofdtest.RootXML, "Doc_0/Document.xml", "Doc_1/Document.xml"), otherDocument(t)...), trusting(), invalid("V22", "references"))
	})
	t.Run("the second body has a bad seal of its own", func(t *testing.T) {
		// All documents are verified, not only the first.
		second := strings.Replace(body, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>/Doc_1/Signs/Signatures.xml</ofd:Signatures>", 1)
		list := ofd.File{Path: "/Doc_1/Signs/Signatures.xml", Content: []byte(`<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Signature ID="1" Type="Seal" BaseLoc="` + ofdtest.SignatureXML + `"/></ofd:Signatures>`)}
		r := judge(t, ofdtest.Edit(t, open, ofdtest.Replace(ofdtest.RootXML, "</ofd:DocBody>", second), append(otherDocument(t), list)...), trusting(), invalid("V20", "changed_after"))
		if len(r.Signatures) != 2 {
			t.Errorf("%d signatures", len(r.Signatures))
		}
	})
}

func TestD09WeakReferences(t *testing.T) {
	w := world()
	empty := func(text string) string {
		start, end := strings.Index(text, `">`+"<ofd:Reference ")+2, strings.Index(text, "</ofd:References>")
		if start < 2 || end < start {
			return text
		}
		return text[:start] + text[end:]
	}
	const sm3 = ` CheckMethod="1.2.156.10197.1.401"`
	for name, c := range map[string]struct {
		describe func(string) string
		want     want
	}{
		"no reference": {empty, invalid("V22", "references")},
		"no References": {func(text string) string {
			s, e := strings.Index(text, "<ofd:References"), strings.Index(text, "</ofd:References>")
			return text[:s] + text[e+len("</ofd:References>"):]
		}, invalid("V22", "weak_digest")},
		"MD5":                {replaced(sm3, ` CheckMethod="MD5"`), invalid("V22", "weak_digest")},
		"MD5 by OID":         {replaced(sm3, ` CheckMethod="1.2.840.113549.2.5"`), invalid("V22", "weak_digest")},
		"SHA1":               {replaced(sm3, ` CheckMethod="SHA1"`), invalid("V22", "weak_digest")},
		"SHA-1":              {replaced(sm3, ` CheckMethod="SHA-1"`), invalid("V22", "weak_digest")},
		"SHA-1 by OID":       {replaced(sm3, ` CheckMethod="1.3.14.3.2.26"`), invalid("V22", "weak_digest")},
		"SHA-256":            {replaced(sm3, ` CheckMethod="SHA256"`), invalid("V22", "weak_digest")},
		"missing":            {replaced(sm3, ""), invalid("V22", "weak_digest")},
		"empty":              {replaced(sm3, ` CheckMethod=""`), invalid("V22", "weak_digest")},
		"unknown":            {replaced(sm3, ` CheckMethod="1.2.3.4"`), invalid("V22", "weak_digest")},
		"SM3 by name":        {replaced(sm3, ` CheckMethod="sm3"`), valid},
		"SM3 without key":    {replaced(sm3, ` CheckMethod="1.2.156.10197.1.401.1"`), valid},
		"SM3 with Z but not": {replaced(sm3, ` CheckMethod="1.2.156.10197.1.401.2"`), invalid("V20", "DIGEST_MISMATCH")},
		"only OFD.xml": {func(text string) string {
			text = empty(text)
			return strings.Replace(text, "</ofd:References>", `<ofd:Reference FileRef="/OFD.xml"><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference></ofd:References>`, 1)
		}, invalid("V22", "references")},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, w.Sealed(t, ofdtest.Sealing{Describe: c.describe}), trusting(), c.want)
		})
	}
}

func TestD10ReferencePaths(t *testing.T) {
	w := world()
	const page = `FileRef="` + ofdtest.PageXML + `"`
	more := func(reference string) func(string) string {
		return replaced("</ofd:References>", reference+"</ofd:References>")
	}
	one := func(path string) func(string) string {
		return more(`<ofd:Reference FileRef="` + path + `"><ofd:CheckValue>` + checkValue([]byte("x")) + `</ofd:CheckValue></ofd:Reference>`)
	}
	for name, c := range map[string]struct {
		describe func(string) string
		want     want
	}{
		"leaves by ..":         {one("../../../../etc/passwd"), invalid("V31", "ref_path")},
		"leaves from the root": {one("/../x"), invalid("V31", "ref_path")},
		"other case":           {replaced(page, strings.Replace(page, "Content.xml", "content.xml", 1)), invalid("V31", "ref_path")},
		"drive":                {one("C:/x"), invalid("V31", "ref_path")},
		"drive, backslash":     {one(`C:\x`), invalid("V31", "ref_path")},
		"host":                 {one("//host/x"), invalid("V31", "ref_path")},
		"host, backslash":      {one(`\\host\x`), invalid("V31", "ref_path")},
		"URL":                  {one("http://127.0.0.1:9/x"), invalid("V31", "ref_path")},
		"file URL":             {one("file:///etc/passwd"), invalid("V31", "ref_path")},
		"empty":                {one(""), invalid("V31", "ref_path")},
		"missing file":         {one("/Doc_0/none.xml"), invalid("V31", "ref_path")},
		"folder":               {one("/Doc_0/"), invalid("V31", "ref_path")},
		"twice, two digests":   {one(ofdtest.PageXML), invalid("V31", "ref_path")},
		"twice, written apart": {one("/Doc_0/./Pages/../Pages/Page_0/Content.xml"), invalid("V31", "ref_path")},
		"no check value":       {more(`<ofd:Reference FileRef="` + ofdtest.SealFile + `x"/>`), invalid("V31", "ref_path")},
		"two check values":     {replaced("</ofd:CheckValue>", "</ofd:CheckValue><ofd:CheckValue>AAAA</ofd:CheckValue>"), invalid("V31", "xml")},
		"broken Base64":        {replaced("<ofd:CheckValue>", "<ofd:CheckValue>!"), invalid("V31", "xml")},
		"shorter digest":       {replaced(checkValue([]byte("font")), "AAAA"), invalid("V20", "DIGEST_MISMATCH")},
		".. that stays inside": {replaced(page, `FileRef="../../../Doc_0/Pages/Page_0/Content.xml"`), valid},
		"without a slash":      {replaced(page, `FileRef="../../Pages/Page_0/Content.xml"`), valid},
		"leading slash":        {replaced(page, page+" "), valid},
	} {
		t.Run(name, func(t *testing.T) {
			r := judge(t, w.Sealed(t, ofdtest.Sealing{Describe: c.describe}), trusting(), c.want)
			if slices.Contains(r.Signatures[0].References.Mismatched, "") {
				t.Errorf("mismatched %q", r.Signatures[0].References.Mismatched)
			}
		})
	}
}

// TestD11ValueOfAnotherDocument: parts of one sealed document put into another.
func TestD11ValueOfAnotherDocument(t *testing.T) {
	w := world()
	seal := w.Seal(t, nil)
	first := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}})
	otherText := func(path string, content []byte) []byte {
		return []byte(strings.ReplaceAll(string(content), "名称 甲", "名称 乙"))
	}
	second := w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}, Document: ofdtest.Edit(t, ofdtest.Document(t), otherText)})
	judge(t, second, trusting(), valid)
	p, err := ofd.Open(second, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	put := func(paths ...string) []byte {
		return ofdtest.Edit(t, first, func(path string, content []byte) []byte {
			if !slices.Contains(paths, path) {
				return content
			}
			other, err := p.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			return other
		})
	}
	for name, c := range map[string]struct {
		data []byte
		want want
	}{
		"value":                 {put(ofdtest.SignedValue), invalid("V22", "DATA_HASH")},
		"description":           {put(ofdtest.SignatureXML), invalid("V22", "DATA_HASH")},
		"description and value": {put(ofdtest.SignatureXML, ofdtest.SignedValue), invalid("V20", "DIGEST_MISMATCH")},
		"page":                  {put(ofdtest.PageXML), invalid("V20", "DIGEST_MISMATCH")},
		"of a document with other files": {ofdtest.Edit(t, w.Sealed(t, ofdtest.Sealing{Document: full(t), Parts: ofdtest.Parts{Seal: seal}}), func(path string, content []byte) []byte {
			if path != ofdtest.SignatureXML && path != ofdtest.SignedValue {
				return content
			}
			other, _ := p.Read(path)
			return other
		}), invalid("V20", "DIGEST_MISMATCH")},
		"of a larger document": {ofdtest.Edit(t, first, func(path string, content []byte) []byte {
			if path != ofdtest.SignatureXML && path != ofdtest.SignedValue {
				return content
			}
			larger, err := ofd.Open(w.Sealed(t, ofdtest.Sealing{Document: full(t), Parts: ofdtest.Parts{Seal: seal}}), ofd.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			other, _ := larger.Read(path)
			return other
		}), invalid("V31", "ref_path")},
	} {
		t.Run(name, func(t *testing.T) { judge(t, c.data, trusting(), c.want) })
	}
}
