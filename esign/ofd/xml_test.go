package ofd_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// files is the minimal package with other text in some files.
func files(changes map[string]string) []byte {
	z := good()
	for i := range z.Entries {
		if text, ok := changes[z.Entries[i].Name]; ok {
			z.Entries[i].Content = []byte(text)
			delete(changes, z.Entries[i].Name)
		}
	}
	for name, text := range changes {
		z.Entries = append(z.Entries, ofdtest.ZipEntry{Name: name, Content: []byte(text), Deflate: true})
	}
	return z.Bytes()
}

func swap(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not there", old)
	}
	return strings.Replace(text, old, replacement, 1)
}

// peak is the most heap that f holds, above what was in use before. Each sample follows a collection: what is garbage by then
// says more of the machine than of f.
func peak(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before := int64(stats.HeapAlloc)
	var most atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most.Store(max(most.Load(), int64(now.HeapAlloc)-before))
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most.Load()
}

func TestD12OneTree(t *testing.T) {
	const root, document = "OFD.xml", "Doc_0/Document.xml"
	attribute := func(text string) string { return swap(t, minimalDocument, `BaseLoc="Pages/Page_0/Content.xml"`, text) }
	for name, changes := range map[string]map[string]string{
		"attribute twice":                 {document: attribute(`BaseLoc="Pages/Page_0/Content.xml" BaseLoc="x"`)},
		"attribute under two prefixes":    {document: attribute(`BaseLoc="Pages/Page_0/Content.xml" ofd:BaseLoc="x"`)},
		"namespace declared twice":        {document: swap(t, minimalDocument, `xmlns:ofd=`, `xmlns:ofd="urn:x" xmlns:ofd=`)},
		"comment in DocRoot":              {root: swap(t, minimalRoot, "Doc_0/Document", "Doc_0/<!-- -->Document")},
		"CDATA in DocRoot":                {root: swap(t, minimalRoot, "Doc_0/Document.xml", "<![CDATA[Doc_0/Document.xml]]>")},
		"comment around DocRoot's text":   {root: swap(t, minimalRoot, "Doc_0/Document.xml", "Doc_0/Document.xml<!---->")},
		"comment in a resource's path":    {document: swap(t, minimalDocument, "<ofd:PageArea>", "<ofd:PublicRes>Res<!---->.xml</ofd:PublicRes><ofd:PageArea>")},
		"two DocRoot":                     {root: swap(t, minimalRoot, "<ofd:DocRoot>", "<ofd:DocRoot>x.xml</ofd:DocRoot><ofd:DocRoot>")},
		"two lists of versions":           {root: swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Versions/><ofd:Versions/>")},
		"two lists of signatures":         {root: swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>OFD.xml</ofd:Signatures><ofd:Signatures>x</ofd:Signatures>")},
		"two DocInfo":                     {root: swap(t, minimalRoot, "<ofd:DocRoot>", "<ofd:DocInfo/><ofd:DocRoot>")},
		"DocRoot of another namespace":    {root: swap(t, minimalRoot, "<ofd:DocRoot>", `<DocRoot xmlns="urn:other">x.xml</DocRoot><ofd:DocRoot>`)},
		"only DocRoot of another prefix":  {root: strings.NewReplacer("<ofd:DocRoot>", `<x:DocRoot xmlns:x="urn:other">`, "</ofd:DocRoot>", "</x:DocRoot>").Replace(minimalRoot)},
		"DocBody of another namespace":    {root: swap(t, minimalRoot, "<ofd:DocBody>", `<x:DocBody xmlns:x="urn:other"/><ofd:DocBody>`)},
		"two Pages":                       {document: swap(t, minimalDocument, "<ofd:Pages>", "<ofd:Pages/><ofd:Pages>")},
		"two CommonData":                  {document: swap(t, minimalDocument, "<ofd:CommonData>", "<ofd:CommonData/><ofd:CommonData>")},
		"two Annotations":                 {document: swap(t, minimalDocument, "</ofd:Document>", "<ofd:Annotations/><ofd:Annotations/></ofd:Document>")},
		"two Attachments":                 {document: swap(t, minimalDocument, "</ofd:Document>", "<ofd:Attachments/><ofd:Attachments/></ofd:Document>")},
		"two CustomTags":                  {document: swap(t, minimalDocument, "</ofd:Document>", "<ofd:CustomTags/><ofd:CustomTags/></ofd:Document>")},
		"two Extensions":                  {document: swap(t, minimalDocument, "</ofd:Document>", "<ofd:Extensions/><ofd:Extensions/></ofd:Document>")},
		"two Content":                     {"Doc_0/Pages/Page_0/Content.xml": swap(t, minimalPage, "<ofd:Content>", "<ofd:Content/><ofd:Content>")},
		"two Area":                        {"Doc_0/Pages/Page_0/Content.xml": swap(t, minimalPage, "<ofd:Content>", "<ofd:Area/><ofd:Area/><ofd:Content>")},
		"root element of another name":    {root: strings.NewReplacer("ofd:OFD", "ofd:OFE").Replace(minimalRoot)},
		"no DocBody":                      {root: `<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>`},
		"two DocRoot in a version's file": {root: swap(t, minimalRoot, "</ofd:DocRoot>", `</ofd:DocRoot><ofd:Versions><ofd:Version BaseLoc="v.xml"/></ofd:Versions>`), "v.xml": "<DocVersion><DocRoot>Doc_0/Document.xml</DocRoot><DocRoot>x</DocRoot></DocVersion>"},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, files(changes), ofd.CodeXML) })
	}
	for name, changes := range map[string]map[string]string{
		"no prefix at all":      {root: strings.NewReplacer("ofd:", "", "xmlns:ofd", "xmlns").Replace(minimalRoot)},
		"other prefix":          {root: strings.NewReplacer("ofd:", "o:").Replace(minimalRoot)},
		"comment beside values": {root: swap(t, minimalRoot, "<ofd:DocRoot>", "<!-- note --><ofd:DocRoot>")},
		"CDATA in a title":      {root: swap(t, minimalRoot, "<ofd:DocID>", "<ofd:Title><![CDATA[a<b]]></ofd:Title><ofd:DocID>")},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, files(changes), "") })
	}
}

func TestD21NoDoctype(t *testing.T) {
	for name, prolog := range map[string]string{
		"plain":             `<!DOCTYPE a>`,
		"external":          `<!DOCTYPE a SYSTEM "file:///etc/passwd">`,
		"public":            `<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:9/x.dtd">`,
		"external entity":   `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`,
		"parameter entity":  `<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>`,
		"entity bomb":       `<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;"><!ENTITY n "&m;&m;&m;">]>`,
		"default attribute": `<!DOCTYPE a [<!ATTLIST OFD x CDATA "1">]>`,
		"after a comment":   `<!-- c --><!DOCTYPE a>`,
		"after the mark":    "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!DOCTYPE a>",
		"bare entity":       `<!ENTITY x "1">`,
		"many quotes":       `<!DOCTYPE a ` + strings.Repeat(`"x" `, 300) + `>`, // no attributes of an element
	} {
		for _, file := range []string{"OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml"} {
			text := map[string]string{"OFD.xml": minimalRoot, "Doc_0/Document.xml": minimalDocument, "Doc_0/Pages/Page_0/Content.xml": minimalPage}[file]
			t.Run(name+" in "+file, func(t *testing.T) { wantCode(t, files(map[string]string{file: prolog + text}), ofd.CodeDoctype) })
		}
	}
	t.Run("inside an element", func(t *testing.T) {
		wantCode(t, files(map[string]string{"OFD.xml": swap(t, minimalRoot, "<ofd:DocBody>", "<!DOCTYPE a><ofd:DocBody>")}), ofd.CodeDoctype)
	})
	t.Run("lower case", func(t *testing.T) {
		wantCode(t, files(map[string]string{"OFD.xml": "<!doctype a>" + minimalRoot}), ofd.CodeDoctype)
	})
}

// TestD22BoundedXML: refused, and never more than 64 MiB of heap whatever the file asks for.
func TestD22BoundedXML(t *testing.T) {
	attributes := func(n int) string {
		var text strings.Builder
		text.WriteString("<a")
		for i := range n {
			fmt.Fprintf(&text, ` a%d="v"`, i)
		}
		return text.String() + "/>"
	}
	limits := ofd.DefaultLimits()
	for name, c := range map[string]struct{ text, code string }{
		"depth 64":               {strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64), ""},
		"depth 65":               {strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65), ofd.CodeXML},
		"depth 200,000":          {strings.Repeat("<a>", 200_000), ofd.CodeXML},
		"256 attributes":         {attributes(256), ""},
		"257 attributes":         {attributes(257), ofd.CodeXML},
		"10^6 attributes":        {attributes(1_000_000), ofd.CodeXML},
		"attributes after a >":   {`<a x=">" ` + attributes(256)[2:], ofd.CodeXML},
		"apostrophes":            {strings.ReplaceAll(attributes(257), `"`, `'`), ofd.CodeXML},
		"attributes in a note":   {"<a><!-- " + attributes(300) + " --><![CDATA[" + attributes(300) + "]]></a>", ""},
		"10^6 elements":          {"<a>" + strings.Repeat("<b/>", 1_000_000) + "</a>", ofd.CodeXML},
		"199,999 elements":       {"<a>" + strings.Repeat("<b/>", 199_998) + "</a>", ""},
		"100 MiB of text":        {"<a>" + strings.Repeat("x", 100<<20) + "</a>", ofd.CodeXML},
		"16 MiB less a little":   {"<a>" + strings.Repeat("x", 16<<20-7) + "</a>", ""},
		"unclosed comment":       {"<a><!-- " + strings.Repeat("<", 1<<20), ofd.CodeXML},
		"unclosed CDATA":         {"<a><![CDATA[" + strings.Repeat("<", 1<<20), ofd.CodeXML},
		"unclosed instruction":   {"<?xml " + strings.Repeat("<", 1<<20), ofd.CodeXML},
		"unclosed tag":           {"<a " + strings.Repeat("x", 1<<20), ofd.CodeXML},
		"only opening brackets":  {strings.Repeat("<", 1<<20), ofd.CodeXML},
		"UTF-16 with mark":       {"\xff\xfe<\x00a\x00/\x00>\x00", ofd.CodeXML},
		"UTF-16 without mark":    {"<\x00a\x00/\x00>\x00", ofd.CodeXML},
		"UTF-32":                 {"\x00\x00\xfe\xff\x00\x00\x00<", ofd.CodeXML},
		"GBK octets":             {"<a>\xd6\xa4\xd5\xd5</a>", ofd.CodeXML},
		"labelled UTF-16":        {`<?xml version="1.0" encoding="UTF-16"?><a/>`, ofd.CodeXML},
		"labelled GBK":           {`<?xml version="1.0" encoding="GBK"?><a/>`, ofd.CodeXML},
		"labelled GB18030":       {`<?xml version="1.0" encoding="gb18030"?><a/>`, ofd.CodeXML},
		"labelled UTF-7":         {`<?xml version="1.0" encoding="UTF-7"?><a/>`, ofd.CodeXML},
		"labelled utf-8":         {`<?xml version='1.0' encoding='utf-8'?><a/>`, ""},
		"XML 1.1":                {`<?xml version="1.1"?><a/>`, ofd.CodeXML},
		"NUL":                    {"<a>\x00</a>", ofd.CodeXML},
		"NUL written as entity":  {"<a>&#0;</a>", ofd.CodeXML},
		"control as entity":      {"<a>&#8;</a>", ofd.CodeXML},
		"unknown entity":         {"<a>&x;</a>", ofd.CodeXML},
		"instruction":            {"<a><?php x?></a>", ofd.CodeXML},
		"style instruction":      {`<?xml-stylesheet href="x"?><a/>`, ofd.CodeXML},
		"standalone":             {"<?xml version=\"1.0\"\tencoding = 'UTF-8' standalone=\"no\" ?><a/>", ""},
		"foreign declaration":    {`<?xml version="1.0" x="1" encoding="UTF-8"?><a/>`, ofd.CodeXML},
		"declaration unordered":  {`<?xml version="1.0" standalone="yes" encoding="UTF-8"?><a/>`, ofd.CodeXML},
		"declaration unquoted":   {`<?xml version=1.0?><a/>`, ofd.CodeXML},
		"empty encoding":         {`<?xml version="1.0" encoding=""?><a/>`, ofd.CodeXML},
		"standalone of else":     {`<?xml version="1.0" standalone="maybe"?><a/>`, ofd.CodeXML},
		"declaration, no blank":  {`<?xml version="1.0"encoding="UTF-8"?><a/>`, ofd.CodeXML},
		"second declaration":     {`<?xml version="1.0"?><?xml version="1.0"?><a/>`, ofd.CodeXML},
		"declaration after text": {` <?xml version="1.0"?><a/>`, ofd.CodeXML},
		"text before the root":   {"x<a/>", ofd.CodeXML},
		"blank by reference":     {"&#32;<a/>", ofd.CodeXML},
		"blank in CDATA":         {"<a/><![CDATA[ ]]>", ofd.CodeXML},
		"other white space":      {"<a/>\u00a0", ofd.CodeXML},
		"blanks of every kind":   {"<?xml version='1.0'?> \t\r\n<a/> \t\r\n", ""},
		"comment and space":      {" <!-- c -->\n<a/>\n<!-- c -->\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			content := []byte(c.text)
			var node *ofd.Node
			var failure *ofd.Error
			started := time.Now()
			used := peak(func() { node, failure = ofd.ParseXML("x.xml", content, limits) })
			if took := time.Since(started); took > endless {
				t.Errorf("took %v", took)
			}
			if used > 64<<20 {
				t.Errorf("%d MiB of heap", used>>20)
			}
			switch {
			case c.code == "" && failure != nil:
				t.Errorf("refused: %v", failure)
			case c.code != "" && (failure == nil || failure.Code != c.code):
				t.Errorf("%v, want %s", failure, c.code)
			}
			runtime.KeepAlive(node)
		})
	}
}

// endless is no measure of speed: what is not bounded takes hours, and a busy machine with the race detector twenty seconds.
const endless = 2 * time.Minute

// TestD19BoundedWork: a small file cannot make its reader follow or parse without end.
func TestD19BoundedWork(t *testing.T) {
	const document = "Doc_0/Document.xml"
	many := func(element string, n int) string { return strings.Repeat(element, n) }
	versions := swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Versions>"+many(`<ofd:Version BaseLoc="v.xml"/>`, 2000)+"</ofd:Versions>")
	for name, changes := range map[string]map[string]string{
		"pages × templates": {
			document:      swap(t, swap(t, minimalDocument, "<ofd:Pages>", "<ofd:Pages>"+many(`<ofd:Page BaseLoc="p.xml"/>`, 1000)), "</ofd:PageArea>", `</ofd:PageArea><ofd:TemplatePage ID="9" BaseLoc="t.xml"/>`),
			"Doc_0/p.xml": "<Page>" + many(`<Template TemplateID="9"/>`, 1000) + "</Page>", "Doc_0/t.xml": "<Page/>"},
		"versions × pages": {"OFD.xml": versions, "v.xml": "<DocVersion><DocRoot>Doc_0/Document.xml</DocRoot></DocVersion>",
			document: swap(t, minimalDocument, "<ofd:Pages>", "<ofd:Pages>"+many(`<ofd:Page BaseLoc="p.xml"/>`, 1000))},
		"dangling pages": {"OFD.xml": versions, "v.xml": "<DocVersion><DocRoot>Doc_0/Document.xml</DocRoot></DocVersion>",
			document: swap(t, minimalDocument, "<ofd:Pages>", "<ofd:Pages>"+many(`<ofd:Page BaseLoc="none.xml"/>`, 1000))},
	} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			used := peak(func() { wantCode(t, files(changes), ofd.CodeBounds) })
			if took := time.Since(started); took > endless || used > 256<<20 {
				t.Errorf("took %v and %d MiB", took, used>>20)
			}
		})
	}
	t.Run("all XML together", func(t *testing.T) {
		limits := ofd.DefaultLimits()
		limits.XMLTotal = int64(len(minimalRoot) + len(minimalDocument) + len(minimalPage))
		if _, err := ofd.Open(good().Bytes(), limits); err != nil {
			t.Fatal(err)
		}
		limits.XMLTotal--
		if _, err := ofd.Open(good().Bytes(), limits); !hasCode(err, ofd.CodeBounds) {
			t.Errorf("got %v", err)
		}
	})
}

// TestD10PathsOfTheWalk: every element that names a file is resolved inside the package or refused.
func TestD10PathsOfTheWalk(t *testing.T) {
	const document = "Doc_0/Document.xml"
	common := func(element string) map[string]string {
		return map[string]string{document: swap(t, minimalDocument, "<ofd:PageArea>", element+"<ofd:PageArea>")}
	}
	side := func(element, list string) map[string]string {
		return map[string]string{document: swap(t, minimalDocument, "</ofd:Document>", element+"</ofd:Document>"), "Doc_0/list.xml": list}
	}
	resource := func(content string) map[string]string {
		changes := common("<ofd:DocumentRes>list.xml</ofd:DocumentRes>")
		changes["Doc_0/list.xml"] = content
		return changes
	}
	version := func(baseLoc, content string) map[string]string {
		return map[string]string{"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", `</ofd:DocRoot><ofd:Versions><ofd:Version BaseLoc="`+baseLoc+`"/></ofd:Versions>`), "v.xml": content}
	}
	for _, bad := range []string{"../../x", "http://127.0.0.1:9/x", "file:///etc/passwd", `C:\x`, "//host/x", `\\host\x`} {
		for name, changes := range map[string]map[string]string{
			"DocRoot":     {"OFD.xml": swap(t, minimalRoot, "Doc_0/Document.xml", bad)},
			"Signatures":  {"OFD.xml": swap(t, minimalRoot, "</ofd:DocRoot>", "</ofd:DocRoot><ofd:Signatures>"+bad+"</ofd:Signatures>")},
			"Page":        {document: swap(t, minimalDocument, "Pages/Page_0/Content.xml", bad)},
			"Template":    common(`<ofd:TemplatePage ID="9" BaseLoc="` + bad + `"/>`),
			"PublicRes":   common("<ofd:PublicRes>" + bad + "</ofd:PublicRes>"),
			"DocumentRes": common("<ofd:DocumentRes>" + bad + "</ofd:DocumentRes>"),
			"PageRes":     {"Doc_0/Pages/Page_0/Content.xml": swap(t, minimalPage, "<ofd:Content>", "<ofd:PageRes>../"+bad+"</ofd:PageRes><ofd:Content>")},
			"BaseLoc":     resource(`<Res BaseLoc="` + bad + `"/>`),
			"FontFile":    resource("<Res><Fonts><Font><FontFile>" + bad + "</FontFile></Font></Fonts></Res>"),
			"MediaFile":   resource("<Res><MultiMedias><MultiMedia><MediaFile>" + bad + "</MediaFile></MultiMedia></MultiMedias></Res>"),
			"Profile":     resource(`<Res><ColorSpaces><ColorSpace Profile="` + bad + `"/></ColorSpaces></Res>`),
			"Annotations": side("<ofd:Annotations>"+bad+"</ofd:Annotations>", ""),
			"annotation":  side("<ofd:Annotations>list.xml</ofd:Annotations>", "<Annotations><Page><FileLoc>"+bad+"</FileLoc></Page></Annotations>"),
			"attachment":  side("<ofd:Attachments>list.xml</ofd:Attachments>", "<Attachments><Attachment><FileLoc>"+bad+"</FileLoc></Attachment></Attachments>"),
			"custom tag":  side("<ofd:CustomTags>list.xml</ofd:CustomTags>", "<CustomTags><CustomTag><FileLoc>"+bad+"</FileLoc></CustomTag></CustomTags>"),
			"tag schema":  side("<ofd:CustomTags>list.xml</ofd:CustomTags>", "<CustomTags><CustomTag><SchemaLoc>"+bad+"</SchemaLoc></CustomTag></CustomTags>"),
			"extension":   side("<ofd:Extensions>list.xml</ofd:Extensions>", "<Extensions><Extension><ExtendData>"+bad+"</ExtendData></Extension></Extensions>"),
			"Version":     version(bad, "<DocVersion/>"),
			"FileList":    version("v.xml", "<DocVersion><FileList><File>"+bad+"</File></FileList><DocRoot>Doc_0/Document.xml</DocRoot></DocVersion>"),
			"version's":   version("v.xml", "<DocVersion><DocRoot>"+bad+"</DocRoot></DocVersion>"),
		} {
			if bad[0] == '.' && name == "PageRes" {
				continue // three steps up from a page are still inside
			}
			if name == "PageRes" {
				changes["Doc_0/Pages/Page_0/Content.xml"] = swap(t, changes["Doc_0/Pages/Page_0/Content.xml"], "../"+bad, bad)
			}
			t.Run(name+" "+bad, func(t *testing.T) { wantCode(t, files(changes), ofd.CodePath) })
		}
	}
	t.Run("missing DocRoot", func(t *testing.T) {
		wantCode(t, files(map[string]string{"OFD.xml": swap(t, minimalRoot, "Doc_0/Document.xml", "Doc_0/None.xml")}), ofd.CodePath)
	})
	t.Run("no DocRoot", func(t *testing.T) {
		wantCode(t, files(map[string]string{"OFD.xml": swap(t, minimalRoot, "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>", "")}), ofd.CodePath)
	})
}

// everywhere is a package in which the walk reads every kind of XML file.
func everywhere(t *testing.T) map[string]string {
	t.Helper()
	document := swap(t, minimalDocument, "</ofd:CommonData>", `<ofd:PublicRes>Public.xml</ofd:PublicRes><ofd:TemplatePage ID="9" BaseLoc="Template.xml"/></ofd:CommonData>`)
	document = swap(t, document, "</ofd:Document>", "<ofd:Annotations>Annotations.xml</ofd:Annotations><ofd:Attachments>Attachments.xml</ofd:Attachments><ofd:CustomTags>Tags.xml</ofd:CustomTags><ofd:Extensions>Extensions.xml</ofd:Extensions></ofd:Document>")
	return map[string]string{
		"OFD.xml":            swap(t, minimalRoot, "</ofd:DocRoot>", `</ofd:DocRoot><ofd:Versions><ofd:Version BaseLoc="Version.xml"/></ofd:Versions><ofd:Signatures>Signatures.xml</ofd:Signatures>`),
		"Doc_0/Document.xml": document, "Doc_0/Pages/Page_0/Content.xml": swap(t, minimalPage, "<ofd:Content>", "<ofd:PageRes>PageRes.xml</ofd:PageRes><ofd:Content>"),
		"Doc_0/Pages/Page_0/PageRes.xml": "<Res/>", "Doc_0/Public.xml": "<Res/>", "Doc_0/Template.xml": "<Page/>", "Doc_0/Annotations.xml": "<Annotations><Page><FileLoc>Annotation.xml</FileLoc></Page></Annotations>",
		"Doc_0/Annotation.xml": "<PageAnnot/>", "Doc_0/Attachments.xml": "<Attachments/>", "Doc_0/Tags.xml": "<CustomTags/>", "Doc_0/Extensions.xml": "<Extensions/>",
		"Version.xml": "<DocVersion><DocRoot>Doc_0/Document.xml</DocRoot></DocVersion>", "Signatures.xml": "<Signatures/>",
	}
}

// TestD21EveryFileOfTheWalk: no kind of XML file is read less strictly than another, and none is passed over.
func TestD21EveryFileOfTheWalk(t *testing.T) {
	wantCode(t, files(everywhere(t)), "")
	for name := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			changes := everywhere(t)
			changes[name] = "<!DOCTYPE x>" + changes[name]
			wantCode(t, files(changes), ofd.CodeDoctype)
			changes = everywhere(t)
			changes[name] = "<a><b></a>"
			wantCode(t, files(changes), ofd.CodeXML)
		})
	}
	for name, box := range map[string]string{"Doc_0/Template.xml": "<Page><Area><PhysicalBox>0 0 NaN 1</PhysicalBox></Area></Page>", "Doc_0/Pages/Page_0/Content.xml": "<Page><Area><ContentBox>0 0 1e308 1</ContentBox></Area></Page>"} {
		t.Run("box of "+name, func(t *testing.T) {
			changes := everywhere(t)
			changes[name] = box
			wantCode(t, files(changes), ofd.CodeBounds)
		})
	}
	t.Run("integrity list", func(t *testing.T) {
		p, err := ofd.Open(files(map[string]string{"OFDEntries.xml": "<!DOCTYPE x><DocEntries/>"}), ofd.DefaultLimits())
		if err != nil || len(p.Faults) != 1 || p.Faults[0].Code != ofd.CodeDoctype {
			t.Errorf("%v, faults %v", err, p)
		}
	})
}

// TestWhatTheWalkNames: files that dangle, odd paths and namespaces are named and no refusal; a current version is what a
// reader shows; what can be seen is visible whatever else it is.
func TestWhatTheWalkNames(t *testing.T) {
	open := func(t *testing.T, changes map[string]string) *ofd.Package {
		t.Helper()
		p, err := ofd.Open(files(changes), ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	deviates := func(p *ofd.Package, name string) bool {
		for _, d := range p.Deviations {
			if d.Name == name {
				return true
			}
		}
		return false
	}
	t.Run("nothing odd", func(t *testing.T) {
		if p := open(t, everywhere(t)); len(p.Deviations)+len(p.Dangling)+len(p.CaseMismatch)+len(p.Faults) > 0 {
			t.Errorf("%v %v %v %v", p.Deviations, p.Dangling, p.CaseMismatch, p.Faults)
		}
	})
	t.Run("namespace", func(t *testing.T) {
		if p := open(t, map[string]string{"OFD.xml": strings.Replace(minimalRoot, "/2016", "", 1)}); !deviates(p, "namespace") || p.Namespace != ofd.NamespaceOld {
			t.Errorf("%v", p.Deviations)
		}
	})
	t.Run("backslash", func(t *testing.T) {
		if p := open(t, map[string]string{"Doc_0/Document.xml": strings.Replace(minimalDocument, "Pages/Page_0/Content.xml", `Pages\Page_0\Content.xml`, 1)}); !deviates(p, "path_backslash") || len(p.Dangling) > 0 {
			t.Errorf("%v %v", p.Deviations, p.Dangling)
		}
	})
	t.Run("dangling", func(t *testing.T) {
		changes := everywhere(t)
		for _, gone := range []string{"Doc_0/Template.xml", "Doc_0/Annotation.xml", "Doc_0/Attachments.xml", "Doc_0/Public.xml", "Version.xml"} {
			delete(changes, gone)
		}
		if p := open(t, changes); strings.Join(p.Dangling, " ") != "/Doc_0/Annotation.xml /Doc_0/Attachments.xml /Doc_0/Public.xml /Doc_0/Template.xml /Version.xml" {
			t.Errorf("%v", p.Dangling)
		}
	})
	t.Run("current version", func(t *testing.T) {
		changes := everywhere(t)
		changes["OFD.xml"] = strings.Replace(changes["OFD.xml"], `<ofd:Version BaseLoc`, `<ofd:Version Current=" 1 " BaseLoc`, 1)
		changes["Version.xml"] = "<DocVersion><FileList><File>Listed.bin</File></FileList><DocRoot>Doc_1/Document.xml</DocRoot></DocVersion>"
		changes["Doc_1/Document.xml"], changes["Listed.bin"] = "<Document><Pages/></Document>", "x"
		p := open(t, changes)
		if p.Current().Root != "/Doc_1/Document.xml" || p.Documents[0].Current || len(p.Documents) != 2 || p.RoleOf("/Listed.bin") != ofd.Visible {
			t.Errorf("current %s of %d", p.Current().Root, len(p.Documents))
		}
	})
	t.Run("visible wins", func(t *testing.T) {
		changes := everywhere(t)
		changes["Doc_0/Attachments.xml"] = "<Attachments><Attachment><FileLoc>/Signatures.xml</FileLoc></Attachment><Attachment><FileLoc>/OFD.xml</FileLoc></Attachment></Attachments>"
		if p := open(t, changes); p.RoleOf("/Signatures.xml") != ofd.Visible || p.RoleOf("/OFD.xml") != ofd.Visible || p.RoleOf("/nothing") != ofd.Extra {
			t.Errorf("roles %s and %s", p.RoleOf("/Signatures.xml"), p.RoleOf("/OFD.xml"))
		}
	})
	t.Run("files that are not there", func(t *testing.T) {
		p := open(t, everywhere(t))
		if _, err := p.Read("/none"); !hasCode(err, ofd.CodePath) {
			t.Errorf("%v", err)
		}
		if _, err := p.Tree("/none.xml"); !hasCode(err, ofd.CodePath) {
			t.Errorf("%v", err)
		}
		if path, ok := p.Find("/ofd.XML"); !ok || path != "/OFD.xml" {
			t.Errorf("%s %t", path, ok)
		}
		if tree, err := p.Tree("/OFD.xml"); err != nil || tree.Name != "OFD" {
			t.Errorf("%v", err)
		}
	})
}

// TestPageText: what is said where, and what of it nobody sees.
func TestPageText(t *testing.T) {
	page := `<Page><Template TemplateID="9"/><Content><Layer>` +
		`<TextObject ID="1" Boundary="10 20 30 40" Size="3" Font="5"><TextCode X="1" Y="2">a</TextCode><TextCode Y="4">b</TextCode></TextObject>` +
		`<PageBlock><TextObject ID="2" Boundary="0 0 9 9" CTM="2 0 0 3 5 7" Size="3"><TextCode X="1" Y="1">c</TextCode></TextObject></PageBlock>` +
		`<TextObject ID="3" Visible="0" Boundary="0 0 9 9" Size="3"><TextCode X="0" Y="0">hidden</TextCode></TextObject>` +
		`<TextObject ID="4" Boundary="0 0 9" Size="3"><TextCode X="NaN" Y="Inf">bad</TextCode></TextObject>` +
		`<TextObject ID="5" Boundary="0 0 9 9" Size="x"><TextCode X="1 2" Y="0">sizeless</TextCode></TextObject>` +
		`<TextObject ID="6" Boundary="0 0 9 9" Alpha="0" Size="3"><TextCode X="0" Y="0">clear</TextCode></TextObject>` +
		`<TextObject ID="8" Boundary="5 5 x 9" Size="3"><TextCode X="0" Y="0">boxless</TextCode></TextObject>` +
		`</Layer></Content></Page>`
	document := swap(t, minimalDocument, "</ofd:CommonData>", `<ofd:TemplatePage ID="9" BaseLoc="Template.xml"/><ofd:TemplatePage ID="8" BaseLoc="None.xml"/></ofd:CommonData>`)
	document = swap(t, document, "</ofd:Document>", "<ofd:Attachments>Attachments.xml</ofd:Attachments></ofd:Document>")
	template := `<Page><Content><Layer><TextObject ID="7" Boundary="1 1 9 9" Size="2"><TextCode X="0" Y="0">under</TextCode></TextObject></Layer></Content></Page>`
	list := `<Attachments><Attachment Name="x"><FileLoc>none</FileLoc></Attachment><Attachment Name="data"><FileLoc>data.bin</FileLoc></Attachment></Attachments>`
	p, err := ofd.Open(files(map[string]string{"Doc_0/Document.xml": document, "Doc_0/Pages/Page_0/Content.xml": page, "Doc_0/Template.xml": template, "Doc_0/Attachments.xml": list, "Doc_0/data.bin": "octets"}), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	runs, err := p.PageText(p.Documents[0].Pages[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []ofd.TextRun{
		{ObjectID: "7", Value: "under", X: 1, Y: 1, Size: 2},
		{ObjectID: "1", Value: "a", X: 11, Y: 22, Size: 3, Font: "5"}, {ObjectID: "1", Value: "b", X: 11, Y: 24, Size: 3, Font: "5"},
		{ObjectID: "2", Value: "c", X: 7, Y: 10, Size: 3},
		{ObjectID: "3", Value: "hidden", Size: 3, Hidden: true}, {ObjectID: "4", Value: "bad", Size: 3, Hidden: true}, {ObjectID: "5", Value: "sizeless", Hidden: true}, {ObjectID: "6", Value: "clear", Size: 3, Hidden: true}, {ObjectID: "8", Value: "boxless", Size: 3, Hidden: true},
	}
	if fmt.Sprint(runs) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", runs, want)
	}
	if content, ok := p.Attachment("data"); !ok || string(content) != "octets" {
		t.Errorf("%q %t", content, ok)
	}
	for _, broken := range []ofd.Page{{Path: "/Doc_0/data.bin"}, {Templates: []string{"/Doc_0/data.bin"}}} {
		if _, err := p.PageText(broken); !hasCode(err, ofd.CodeXML) {
			t.Errorf("a page that is no XML: %v", err)
		}
	}
	for name, changed := range map[string]string{"a list": "none.xml", "an attachment": "Attachments.xml"} {
		p := open(t, files(map[string]string{"Doc_0/Document.xml": swap(t, document, "Attachments.xml", changed), "Doc_0/Attachments.xml": strings.ReplaceAll(list, "data.bin", "none")}))
		if content, ok := p.Attachment("data"); ok || content != nil {
			t.Errorf("%s that is not there: %q", name, content)
		}
	}
	for _, name := range []string{"x", "none", ""} {
		if content, ok := p.Attachment(name); ok {
			t.Errorf("%s: %q", name, content)
		}
	}
	plain, err := ofd.Open(good().Bytes(), ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.Attachment("data"); ok {
		t.Error("an attachment out of nothing")
	}
	if runs, err := plain.PageText(ofd.Page{Path: "/none.xml", Templates: []string{"/none.xml"}}); err != nil || len(runs) > 0 {
		t.Errorf("%v %v", runs, err)
	}
}

// TestD21DeclarationsOfXML: a declaration says XML 1.0 in UTF-8 as all readers read it, or the file is refused.
func TestD21DeclarationsOfXML(t *testing.T) {
	for declaration, good := range map[string]bool{
		`version="1.0"`: true, `version='1.0'`: true, `version = "1.0" `: true, "version\t=\r\n'1.0'\n": true,
		`version="1.0" encoding="UTF-8"`: true, `version='1.0' encoding = 'utf-8'`: true, `version="1.0" standalone="yes"`: true,
		`version="1.0" encoding="UTF-8" standalone='no' `: true,
		``: false, `version`: false, `version=`: false, `version "1.0"`: false, `version=1.0`: false, `version=x1.0x`: false, `version="1.0`: false, `version="1.0'`: false,
		`version=""`: false, `version="1.1"`: false, `version = "1.1"`: false, `version="1.0 "`: false, `Version="1.0"`: false, `"1.0"`: false,
		`encoding="UTF-8"`: false, `encoding="UTF-8" version="1.0"`: false, `version="1.0"encoding="UTF-8"`: false, `version="1.0" encoding="GB18030"`: false,
		`version="1.0" encoding = "GB18030"`: false, `version="1.0" encoding=""`: false, `version="1.0" encoding = ""`: false, `version="1.0" encoding UTF-8`: false,
		`version="1.0" standalone="YES"`: false, `version="1.0" standalone=""`: false, `version="1.0" standalone="yes" encoding="UTF-8"`: false,
		`version="1.0" version="1.0"`: false, `version="1.0" other="1"`: false, `version="1.0" encoding="UTF-8" standalone="no" x`: false, `version="1.0"x`: false,
	} {
		_, failure := ofd.ParseXML("a.xml", []byte("<?xml "+declaration+"?><a/>"), ofd.DefaultLimits())
		if good && failure != nil || !good && (failure == nil || failure.Code != ofd.CodeXML) {
			t.Errorf("%q: %v", declaration, failure)
		}
	}
}

// TestPagesOfFiles: a page counts for its own content and for each template that it uses, once.
func TestPagesOfFiles(t *testing.T) {
	d := ofd.Document{Pages: []ofd.Page{{Path: "/a.xml", Templates: []string{"/t.xml"}}, {Path: "/b.xml"}, {Path: "/c.xml", Templates: []string{"/u.xml", "/t.xml"}}}}
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, "[]"}, {[]string{"/font.ttf"}, "[]"}, {[]string{"/b.xml", "/font.ttf"}, "[2]"}, {[]string{"/t.xml"}, "[1 3]"}, {[]string{"/t.xml", "/a.xml", "/u.xml"}, "[1 3]"},
	} {
		if got := fmt.Sprint(d.PagesOf(c.paths)); got != c.want {
			t.Errorf("%v: %s, want %s", c.paths, got, c.want)
		}
	}
}
