package verify_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/der/dertest"
)

// Documents that are changed. "sealed" ones are kept files, since keys are drawn anew in each run. "signed" is changed in Signature.xml
// and "written" in a file of the document before a seal of this run is set, so that digests and values hold. "vendor" ones are public files that
// ofdrw accepts; nobody trusts their roots here.
var (
	ownBases    = []string{"sealed/one.ofd", "sealed/two.ofd", "sealed/five.ofd", "signed", "written"}
	vendorBases = []string{"vendor/gomain-v4signed.ofd", "vendor/kinggrid-999.ofd", "vendor/ofdrw-allprotected.ofd"}
)

const (
	differFolder = "testdata/differ/"
	keptCases    = differFolder + "cases.txt"
	differSeed   = 20261128 // the second half of each seed, the number of the case is the first
)

// explained are the differences that were looked into. docs/divergences.md tells readers the same.
var explained = []struct {
	kind    string
	refused bool // valid here and refused by the peer; otherwise accepted there, with a wrong digest or value here
	reason  string
	holds   func(p *ofd.Package) bool
}{
	{"name case", true, "a location that differs in case only from a name finds the file, as on the file systems where vendors write; ofdrw asks the file system, and refuses on one that tells the cases apart. References must agree exactly",
		func(p *ofd.Package) bool { return len(p.CaseMismatch) > 0 }},
	{"namespace", true, "elements without a namespace, or under that of older files, are read by their local names, since real files have them; ofdrw looks for the namespace of 2016 in some places and for none in others",
		func(p *ofd.Package) bool {
			return slices.ContainsFunc(p.Names(), func(path string) bool { return otherNamespace(p, path) })
		}},
	{"backslash", true, "a backslash in a location stands for a slash and is named as a deviation, since real files have it; ofdrw looks for a file of that name",
		func(p *ofd.Package) bool {
			return slices.ContainsFunc(p.Deviations, func(d ofd.Deviation) bool { return d.Name == "path_backslash" })
		}},
	{"re-encoded", false, "a signature covers the octets as received; Bouncy Castle encodes them anew in DER before it verifies, so a length or order that was changed after signing leaves no trace there",
		func(p *ofd.Package) bool {
			return slices.ContainsFunc(p.Signatures, func(s *ofd.Signature) bool { return !encodedOnce(s.Value) })
		}},
}

func otherNamespace(p *ofd.Package, path string) bool {
	if !strings.HasSuffix(strings.ToLower(path), ".xml") {
		return false
	}
	tree, err := p.Tree(path)
	return err == nil && anyNode(tree, func(n *ofd.Node) bool { return n.Namespace != "http://www.ofdspec.org/2016" })
}

func anyNode(n *ofd.Node, is func(*ofd.Node) bool) bool {
	return is(n) || slices.ContainsFunc(n.Children, func(child *ofd.Node) bool { return anyNode(child, is) })
}

// encodedOnce tells a value in DER.
func encodedOnce(value []byte) bool {
	signature, err := ses.ParseSignature(value)
	return err == nil && len(signature.Deviations) == 0
}

// differCase is one changed document.
type differCase struct {
	base   string
	number uint64
	class  string
	data   []byte
}

func (c differCase) String() string { return fmt.Sprintf("%s\t%d\t%s", c.base, c.number, c.class) }

// TestMutatedSealsAgree: ofdrw and Bouncy Castle judge every kept case as we do, or differ in a way that is explained: what they refuse
// is not valid here, and what they accept has no wrong digest or value here. YINXIN_MUTATED_SEALS asks for so many further cases,
// numbered from YINXIN_MUTATED_FROM on.
func TestMutatedSealsAgree(t *testing.T) { compareMutated(t, ownBases) }

// TestMutatedVendorSealsAgree: the same with documents of vendors.
func TestMutatedVendorSealsAgree(t *testing.T) {
	testkit.Shared(t, "vectors/ofd")
	compareMutated(t, vendorBases)
}

func compareMutated(t *testing.T, bases []string) {
	m := &mutator{roots: differRoots(t), bases: map[string][]ofd.File{}}
	kept := string(readFile(t, keptCases))
	var cases []differCase
	var known []string
	for line := range strings.Lines(kept) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || !slices.Contains(bases, fields[0]) {
			continue
		}
		number, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := m.draw(t, fields[0], number)
		if !ok || c.class != fields[2] {
			t.Fatalf("%s %d is drawn as %q, %t, and was %q: the kept numbers mean other changes", fields[0], number, c.class, ok, fields[2])
		}
		cases, known = append(cases, c), append(known, strings.Join(fields[3:], "\t"))
	}
	if len(cases) < 20 && os.Getenv("UPDATE_GOLDEN") == "" {
		t.Fatalf("%d kept cases", len(cases))
	}
	for i, outcome := range m.compare(t, cases) {
		if outcome == known[i] {
			continue
		}
		if os.Getenv("UPDATE_GOLDEN") == "" {
			t.Errorf("%v: now %q, kept %q (UPDATE_GOLDEN=1 writes what is so)", cases[i], outcome, known[i])
		}
		kept = strings.Replace(kept, cases[i].String()+"\t"+known[i], cases[i].String()+"\t"+outcome, 1)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(keptCases, []byte(kept), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.campaign(t, bases)
}

// campaign compares as many cases as the environment asks for.
func (m *mutator) campaign(t *testing.T, bases []string) {
	count, from := testkit.Number(t, "YINXIN_MUTATED_SEALS"), testkit.Number(t, "YINXIN_MUTATED_FROM")
	const batch = 500 // one process of the peer
	tally := map[string]int{}
	for first := from; first < from+count; first += batch {
		var cases []differCase
		for number := first; number < min(first+batch, from+count); number++ {
			if c, ok := m.draw(t, bases[number%uint64(len(bases))], number); ok {
				cases = append(cases, c)
			}
		}
		for i, outcome := range m.compare(t, cases) {
			fields := strings.Split(outcome, "\t")
			verdict, _, _ := strings.Cut(fields[0], " ")
			peer, _, _ := strings.Cut(fields[1], " ")
			tally[verdict+" here, "+peer+" there"]++
			if fields[2] != "-" {
				tally["explained: "+fields[2]]++
			}
			t.Logf("case\t%v\t%s", cases[i], outcome)
		}
	}
	if count > 0 {
		t.Logf("%d numbers from %d: %v", count, from, tally)
	}
}

// compare has both sides judge the cases, reports differences that nobody explained, and returns the outcomes: our verdict with its
// first code, what the peer says, and the kind of difference or "-".
func (m *mutator) compare(t *testing.T, cases []differCase) []string {
	t.Helper()
	folder := t.TempDir()
	for i, c := range cases {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d.ofd", i)), c.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := map[string]string{}
	for line := range strings.Lines(testkit.JavaPeer(t, "differ", folder)) {
		if name, what, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			said[name] = what
		}
	}
	outcomes := make([]string, len(cases))
	for i, c := range cases {
		peer := said[fmt.Sprintf("%06d.ofd", i)]
		if peer == "" {
			t.Fatalf("%v: the peer says nothing", c)
		}
		r := verify.Verify("a.ofd", c.data, verify.Options{Roots: m.roots, Intermediates: m.roots, At: ofdtest.Now, Locale: "en"})
		ours := string(r.Verdict)
		if len(r.Reasons) > 0 && r.Verdict != verify.Valid {
			ours += " " + r.Reasons[0].Code
		}
		kind := "-"
		if problem := disagreement(r, peer); problem != "" {
			if kind = explanation(c, peer != "accept"); kind == "" {
				kind = "unexplained"
				t.Errorf("%v: %s: here %s %v, there %s", c, problem, ours, codes(r), peer)
			}
		}
		outcomes[i] = ours + "\t" + shortened(peer) + "\t" + kind
	}
	if err := os.RemoveAll(folder); err != nil { // a campaign fills many
		t.Fatal(err)
	}
	return outcomes
}

// shortened leaves judge and exception of what the peer says, since messages name files of this run.
func shortened(peer string) string {
	fields := strings.Split(peer, "\t")
	if len(fields) < 3 {
		return peer
	}
	exception, _, _ := strings.Cut(fields[2], ":")
	return fields[0] + " " + fields[1] + " " + exception[strings.LastIndexByte(exception, '.')+1:]
}

// disagreement tells what may not be: valid here and refused there, or a digest or value that holds there and not here.
func disagreement(r verify.Result, peer string) string {
	if peer != "accept" {
		if r.Verdict == verify.Valid {
			return "valid and refused"
		}
		return ""
	}
	for _, code := range codes(r) {
		if slices.Contains([]string{"DIGEST_MISMATCH", "DATA_HASH", "SIG_VALUE", "SEAL_SIGNATURE"}, code) {
			return code + " and accepted"
		}
	}
	return ""
}

func explanation(c differCase, refused bool) string {
	p, err := ofd.Open(c.data, ofd.DefaultLimits())
	if err != nil {
		return ""
	}
	for _, e := range explained {
		if e.refused == refused && e.holds(p) {
			return e.kind
		}
	}
	return ""
}

// mutator makes cases of kept and of fresh documents.
type mutator struct {
	roots *pki.Pool
	bases map[string][]ofd.File
	fresh []byte // a seal of this run
}

func (m *mutator) seal(t *testing.T) []byte {
	t.Helper()
	if m.fresh == nil {
		m.fresh = world().Seal(t, nil)
	}
	return m.fresh
}

// differRoots are the root and the issuing CA of the kept documents and of this run's world. UPDATE_GOLDEN=1 makes kept documents that are
// not there; all numbers of cases then stand for other changes.
func differRoots(t *testing.T) *pki.Pool {
	t.Helper()
	w := world()
	if _, err := os.Stat(differFolder + "roots.pem"); err != nil && os.Getenv("UPDATE_GOLDEN") != "" {
		one := w.Sealed(t, ofdtest.Sealing{})
		five := w.Seal(t, func(i *ses.SealInfo) { i.Structure = ses.V5 })
		for name, content := range map[string][]byte{
			"one.ofd":   one,
			"two.ofd":   w.Sealed(t, ofdtest.Sealing{Document: one, NoFile: true}),
			"five.ofd":  w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: five, Version: der.EncodeInt(5)}}),
			"roots.pem": append(w.Root.Cert.EncodePEM(), w.Issuing.Cert.EncodePEM()...),
		} {
			if err := os.WriteFile(differFolder+name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept, err := pki.ParseCertificates(readFile(t, differFolder+"roots.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return pki.NewPool(append(kept, w.Root.Cert, w.Issuing.Cert)...)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (m *mutator) files(t *testing.T, base string) []ofd.File {
	t.Helper()
	if m.bases[base] == nil {
		folder, name, _ := strings.Cut(base, "/")
		var data []byte
		switch folder {
		case "vendor":
			data = testkit.SharedFile(t, "vectors/ofd/docs/"+name)
		case "sealed":
			data = readFile(t, differFolder+name)
		default:
			data = world().Sealed(t, ofdtest.Sealing{NoFile: true})
		}
		p, err := ofd.Open(data, ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		var files []ofd.File
		for _, path := range p.Names() {
			content, err := p.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, ofd.File{Path: path, Content: content})
		}
		m.bases[base] = files
	}
	files := slices.Clone(m.bases[base])
	for i := range files {
		files[i].Content = bytes.Clone(files[i].Content)
	}
	return files
}

// draw makes the case of a number; false where the change is none.
func (m *mutator) draw(t *testing.T, base string, number uint64) (differCase, bool) {
	t.Helper()
	random := rand.New(rand.NewPCG(number, differSeed))
	files := m.files(t, base)
	c := differCase{base: base, number: number}
	if base == "signed" || base == "written" {
		description := fileOf(files, ofdtest.SignatureXML)
		chosen := description
		for base == "written" && (!strings.HasSuffix(chosen.Path, ".xml") || chosen == description || chosen.Path == ofdtest.ListXML) {
			chosen = &files[random.IntN(len(files))]
		}
		before := bytes.Clone(chosen.Content)
		chosen.Content, c.class = changedText(random, chosen.Content)
		if base == "written" {
			description.Content = bytes.Replace(description.Content, []byte(checkValue(before)), []byte(checkValue(chosen.Content)), 1)
		}
		value := world().Value(t, ofdtest.Parts{Seal: m.seal(t)}, description.Content, ofdtest.SignatureXML)
		fileOf(files, ofdtest.SignedValue).Content = value
		c.data = packed(zipEntries(files))
		return c, !bytes.Equal(before, chosen.Content)
	}
	before := packed(zipEntries(files))
	c.class, c.data = changedPackage(random, files)
	return c, !bytes.Equal(before, c.data)
}

func fileOf(files []ofd.File, path string) *ofd.File {
	return &files[slices.IndexFunc(files, func(f ofd.File) bool { return f.Path == path })]
}

func zipEntries(files []ofd.File) []ofdtest.ZipEntry {
	var entries []ofdtest.ZipEntry
	for _, f := range files {
		entries = append(entries, ofdtest.ZipEntry{Name: strings.TrimPrefix(f.Path, "/"), Content: f.Content, Deflate: true})
	}
	return entries
}

func packed(entries []ofdtest.ZipEntry) []byte { return ofdtest.ZipFile{Entries: entries}.Bytes() }

// changedPackage changes one file or the container. Half of the changes go where no digest stands in the way: lists, values, OFD.xml.
func changedPackage(random *rand.Rand, files []ofd.File) (class string, data []byte) {
	chosen := &files[random.IntN(len(files))]
	if random.IntN(2) == 0 {
		chosen = choose(random, files, ofdtest.ListXML, "SignedValue.dat", ofdtest.RootXML, "Signature.xml")
	}
	other := &files[random.IntN(len(files))]
	switch random.IntN(10) {
	case 0, 1:
		chosen.Content, class = changedText(random, chosen.Content)
	case 2, 3:
		value := choose(random, files, "SignedValue.dat", "Seal.esl")
		value.Content, class = dertest.Mutate(random, value.Content)
		class = "der " + class
	case 4:
		list := choose(random, files, ofdtest.ListXML)
		list.Content, class = changedText(random, list.Content)
		class = "list " + class
	case 5:
		class = "bit"
		if len(chosen.Content) > 0 {
			chosen.Content[random.IntN(len(chosen.Content))] ^= 1 << random.IntN(8)
		}
	case 6:
		return changedEntries(random, files, chosen, other)
	case 7:
		class, data = changedContainer(random, zipEntries(files))
		return class, data
	case 8:
		class, data = "octet", packed(zipEntries(files))
		data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		return class, data
	default:
		value := choose(random, files, "SignedValue.dat")
		class = "value bit"
		value.Content[random.IntN(len(value.Content))] ^= 1 << random.IntN(8)
	}
	return class, packed(zipEntries(files))
}

// choose draws a file whose path ends in one of the names, any when there is none.
func choose(random *rand.Rand, files []ofd.File, names ...string) *ofd.File {
	var fit []int
	for i, f := range files {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(f.Path, name) }) {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		return &files[random.IntN(len(files))]
	}
	return &files[fit[random.IntN(len(fit))]]
}

// changedEntries changes which files there are under which names.
func changedEntries(random *rand.Rand, files []ofd.File, chosen, other *ofd.File) (class string, data []byte) {
	switch random.IntN(6) {
	case 0:
		class = "swap"
		chosen.Content, other.Content = other.Content, chosen.Content
	case 1:
		class = "drop"
		files = slices.DeleteFunc(files, func(f ofd.File) bool { return f.Path == chosen.Path })
	case 2:
		class = "add"
		files = append(files, ofd.File{Path: chosen.Path + ".bak", Content: other.Content})
	case 3:
		class = "twice"
		files = append(files, ofd.File{Path: chosen.Path, Content: other.Content})
	case 4:
		class = "letter case"
		chosen.Path = flipCase(random, chosen.Path)
	default:
		class = "rename"
		chosen.Path = strings.Replace(chosen.Path, "/Doc_0/", []string{"/Doc_1/", "/Doc_0/./", "/Doc_0/x/../", "//Doc_0/", "/Doc_0\\"}[random.IntN(5)], 1)
	}
	return class, packed(zipEntries(files))
}

// changedContainer writes the same files in another way.
func changedContainer(random *rand.Rand, entries []ofdtest.ZipEntry) (class string, data []byte) {
	chosen := &entries[random.IntN(len(entries))]
	z := ofdtest.ZipFile{Entries: entries}
	switch random.IntN(9) {
	case 0:
		class = "order"
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	case 1:
		class = "method"
		for i := range entries {
			entries[i].Deflate = random.IntN(2) == 0
		}
	case 2:
		class = "extra"
		chosen.More = []byte{0xfe, 0xca, 2, 0, byte(random.IntN(256)), 0}
	case 3:
		class = "local extra"
		chosen.LocalMore = []byte{0xfe, 0xca, 2, 0, byte(random.IntN(256)), 0}
	case 4:
		class = "comment"
		z.Comment = bytes.Repeat([]byte{'c'}, 1+random.IntN(30))
	case 5:
		class = "prefix"
		z.Prefix = []byte("MZ")
	case 6:
		class = "after"
		z.After = []byte{0}
	case 7:
		class = "local name"
		chosen.LocalName = flipCase(random, chosen.Name)
	default:
		class = "folder"
		z.Entries = append(entries, ofdtest.ZipEntry{Name: "Doc_0/"})
	}
	return class, z.Bytes()
}

func flipCase(random *rand.Rand, text string) string {
	octets := []byte(text)
	for range 50 {
		at := random.IntN(len(octets))
		if letter := octets[at] | 0x20; letter >= 'a' && letter <= 'z' {
			octets[at] ^= 0x20
			break
		}
	}
	return string(octets)
}

// changedText changes a text file: as octets, in its words and digits, or as XML that says the same or nearly so.
func changedText(random *rand.Rand, content []byte) (out []byte, class string) {
	if len(content) < 2 {
		return content, "short"
	}
	from := random.IntN(len(content))
	to := min(len(content), from+1+random.IntN(20))
	switch random.IntN(9) {
	case 0:
		return slices.Delete(bytes.Clone(content), from, to), "cut"
	case 1:
		return slices.Insert(bytes.Clone(content), to, content[from:to]...), "double"
	case 2:
		list := spans(content, func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' })
		if len(list) == 0 {
			return content, "words"
		}
		return exchanged(content, list[random.IntN(len(list))], list[random.IntN(len(list))]), "words"
	case 3:
		if list := spans(content, func(c byte) bool { return c >= '0' && c <= '9' }); len(list) > 0 {
			chosen := list[random.IntN(len(list))]
			number := []string{"0", "00", "-1", "1e3", "2147483648", "99999999999999999999", " ", ""}[random.IntN(8)]
			return slices.Concat(content[:chosen.from], []byte(number), content[chosen.to:]), "digits"
		}
		return content, "digits"
	case 4, 5:
		list := spans(content, func(c byte) bool { return c == '>' })
		if len(list) == 0 {
			return content, "between"
		}
		what := []string{" ", "\n", "\t", "<!-- x -->", "<?x y?>", "<![CDATA[ ]]>", "&#32;", "\r\n", "x", "<x/>", "\x00", "\ufeff", "&x;", "<ofd:X/>"}[random.IntN(14)]
		at := list[random.IntN(len(list))].to
		return slices.Concat(content[:at], []byte(what), content[at:]), "between"
	case 6:
		what := [][2]string{{"UTF-8", "utf-8"}, {"UTF-8", "GBK"}, {"UTF-8", "UTF-16"}, {"1.0\"", "1.1\""}, {"<?xml", "\ufeff<?xml"}, {"<?xml", " <?xml"}, {"2016", "2017"}, {"http://www.ofdspec.org/2016", "http://www.ofdspec.org"},
			{"ofd:", "o:"}, {"ofd:", ""}, {"encoding", "standalone=\"yes\" encoding"}, {"?>", "?><!DOCTYPE x>"}}[random.IntN(12)]
		return bytes.Replace(content, []byte(what[0]), []byte(what[1]), -1), "form"
	case 7:
		list := spans(content, func(c byte) bool {
			return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '.' || c == '/' || c >= '0' && c <= '9'
		})
		paths := slices.DeleteFunc(list, func(s span) bool { return !bytes.Contains(content[s.from:s.to], []byte(".")) || s.to-s.from < 6 })
		if len(paths) == 0 {
			return content, "location"
		}
		chosen := paths[random.IntN(len(paths))]
		before := []string{"/", "./", "../", " ", "Doc_0/", "/Doc_0/", "\\", "//", "x/../"}[random.IntN(9)]
		return slices.Concat(content[:chosen.from], []byte(before), content[chosen.from:]), "location"
	default:
		list := spans(content, func(c byte) bool { return c == '"' })
		if len(list) == 0 {
			return content, "attribute"
		}
		at := list[random.IntN(len(list))]
		what := []string{" x=\"1\"", "'", " ID=\"1\"", " ofd:ID=\"1\"", " xmlns:x=\"y\"", "  "}[random.IntN(6)]
		return slices.Concat(content[:at.to], []byte(what), content[at.to:]), "attribute"
	}
}

type span struct{ from, to int }

// spans are the longest runs of octets that are meant.
func spans(content []byte, meant func(byte) bool) []span {
	var list []span
	for i := 0; i < len(content); i++ {
		from := i
		for i < len(content) && meant(content[i]) {
			i++
		}
		if i > from {
			list = append(list, span{from, i})
		}
	}
	return list
}

func exchanged(content []byte, a, b span) []byte {
	if a.from > b.from {
		a, b = b, a
	}
	if a == b {
		return content
	}
	return slices.Concat(content[:a.from], content[b.from:b.to], content[a.to:b.from], content[a.from:a.to], content[b.to:])
}
