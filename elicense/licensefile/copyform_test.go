package licensefile_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensecopy"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// modules is a square of alternating modules.
func modules(n int) (rows []string) {
	for i := range n {
		rows = append(rows, strings.Repeat("1100", n)[i%4:][:n])
	}
	return rows
}

func TestBoundsOfTheDataOfACopy(t *testing.T) {
	long := strings.Repeat("a", 400)
	good := licensefile.Copy{
		ID: "a", LicenseID: "b", OriginalSM3: "c", Grant: "d", Creator: "e", CreatorCode: "f", Receiver: "g", ReceiverCode: "h", PurposeCode: "i", Cause: "j",
		Created: "20261124093000", Expires: "20261124093001", RecordURL: "k", QR: modules(21),
	}
	type change = func(*licensefile.Copy)
	text := func(value string) (all []change) {
		for _, member := range []func(*licensefile.Copy) *string{
			func(c *licensefile.Copy) *string { return &c.ID }, func(c *licensefile.Copy) *string { return &c.LicenseID }, func(c *licensefile.Copy) *string { return &c.OriginalSM3 },
			func(c *licensefile.Copy) *string { return &c.Grant }, func(c *licensefile.Copy) *string { return &c.Creator }, func(c *licensefile.Copy) *string { return &c.CreatorCode },
			func(c *licensefile.Copy) *string { return &c.Receiver }, func(c *licensefile.Copy) *string { return &c.ReceiverCode }, func(c *licensefile.Copy) *string { return &c.PurposeCode },
			func(c *licensefile.Copy) *string { return &c.RecordURL },
		} {
			all = append(all, func(c *licensefile.Copy) { *member(c) = value })
		}
		return all
	}
	row := func(value string) []change {
		return []change{func(c *licensefile.Copy) { c.QR = append(slices.Clone(c.QR[:20]), value) }}
	}
	one := func(f change) []change { return []change{f} }
	for name, c := range map[string]struct {
		changes []change
		fine    bool
	}{
		"as it is":            {one(func(*licensefile.Copy) {}), true},
		"nothing":             {text(""), false},
		"long":                {text(long), true},
		"longer":              {text(long + "a"), false},
		"a line break":        {text("a\nb"), false},
		"a return":            {text("a\rb"), false},
		"a tabulator":         {text("a\tb"), false},
		"no cause":            {one(func(c *licensefile.Copy) { c.Cause = "" }), false},
		"a long cause":        {one(func(c *licensefile.Copy) { c.Cause = strings.Repeat("用", 60) }), true},
		"a longer cause":      {one(func(c *licensefile.Copy) { c.Cause = strings.Repeat("a", 61) }), false},
		"no beginning":        {one(func(c *licensefile.Copy) { c.Created = "20261399000000" }), false},
		"no end":              {one(func(c *licensefile.Copy) { c.Expires = "20271399000000" }), false},
		"ends as it begins":   {one(func(c *licensefile.Copy) { c.Expires = c.Created }), false},
		"the smallest code":   {one(func(c *licensefile.Copy) { c.QR = modules(21) }), true},
		"a smaller code":      {one(func(c *licensefile.Copy) { c.QR = modules(20) }), false},
		"the largest code":    {one(func(c *licensefile.Copy) { c.QR = modules(97) }), true},
		"a larger code":       {one(func(c *licensefile.Copy) { c.QR = modules(98) }), false},
		"a short row":         {row(strings.Repeat("1", 20)), false},
		"a long row":          {row(strings.Repeat("1", 22)), false},
		"a row of other text": {row(strings.Repeat("1", 20) + "2"), false},
	} {
		for i, change := range c.changes {
			data := good
			change(&data)
			if content, err := data.Encode(); (err == nil) != c.fine || err != nil && (!errors.Is(err, licensefile.ErrCopy) || content != nil) {
				t.Errorf("%s, member %d: %v", name, i, err)
			}
		}
	}
}

// blanks are white space that does not compress far.
func blanks(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = " \n\r\t"[random.IntN(4)]
	}
	return out
}

// TestMachineFilesOfCopies: without a seal, as nothing but the data is asked here.
func TestMachineFilesOfCopies(t *testing.T) {
	w := newWorld(t)
	_, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	const machine = "attach_1.json"
	want, err := made.Data.Encode()
	if err != nil {
		t.Fatal(err)
	}
	blank := func(total int) []byte { return append(slices.Clone(want), blanks(total-len(want))...) }
	for name, c := range map[string]struct {
		content []byte
		damaged bool
	}{
		"as it is":          {want, false},
		"a large one":       {blank(1 << 20), false},
		"a larger one":      {blank(1<<20 + 1), true},
		"content behind it": {append(slices.Clone(want), "{}"...), true},
		"another member":    {bytes.Replace(want, []byte(`"format"`), []byte(`"more": 1, "format"`), 1), true},
		"another format":    {bytes.Replace(want, []byte(licensefile.CopyForm), []byte("yinxin-license-copy/2"), 1), true},
		"no receiver":       {bytes.Replace(want, []byte(made.Data.Receiver), nil, 1), true},
	} {
		file := edited(t, made.Document, func(path string, content []byte) []byte {
			if strings.HasSuffix(path, machine) {
				return c.content
			}
			return content
		})
		r := licensefile.Verify("copy.ofd", file, w.Options(t))
		if damaged := slices.Contains(reasonsOf(r), "copy_damaged"); damaged != c.damaged {
			t.Errorf("%s: %s", name, reasons(r))
		}
		if (len(r.Signatures) == 0) != c.damaged {
			t.Errorf("%s: %d signatures", name, len(r.Signatures))
		}
	}
}

// TestCheckCopy: what leaves is what was made, with one seal.
func TestCheckCopy(t *testing.T) {
	w := newWorld(t)
	_, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	file := stamped(t, w, made.Document, made.Slot)
	empty := made.Data
	empty.Grant = ""
	later := made.Data
	later.Expires = catalog.Stamp(w.Now().Add(49 * time.Hour))
	for name, c := range map[string]struct {
		file, original []byte
		data           licensefile.Copy
		want           error
	}{
		"as made":            {file, original, made.Data, nil},
		"no copy":            {original, original, made.Data, licensefile.ErrNoCopy},
		"a damaged copy":     {edited(t, file, in(t, "attach_1.json", `"format"`, `"more": 1, "format"`)), original, made.Data, licensefile.ErrCopy},
		"data of none":       {file, original, empty, licensefile.ErrCopy},
		"other data":         {file, original, later, licensefile.ErrCopy},
		"no original":        {file, []byte("x"), made.Data, licensefile.ErrCopy},
		"another original":   {file, edited(t, original, func(_ string, content []byte) []byte { return content }), made.Data, licensefile.ErrCopy},
		"without a seal":     {made.Document, original, made.Data, licensefile.ErrCopy},
		"with two":           {stamped(t, w, file, made.Slot), original, made.Data, licensefile.ErrCopy},
		"without its font":   {edited(t, file, func(path string, content []byte) []byte { return drop(path, "Overlay/font_0.ttf", content) }), original, made.Data, licensefile.ErrCopy},
		"a file more":        {edited(t, file, func(_ string, content []byte) []byte { return content }, ofd.File{Path: "/x.xml", Content: []byte("<a/>")}), original, made.Data, licensefile.ErrCopy},
		"other words on it":  {edited(t, file, in(t, "Overlay/Annot_0.xml", "公积金提取", "贷款")), original, made.Data, licensefile.ErrCopy},
		"another list of it": {edited(t, file, in(t, "OFD.xml", "</ofd:DocRoot>", "</ofd:DocRoot> ")), original, made.Data, licensefile.ErrCopy},
	} {
		if err := licensefile.CheckCopy(open(t, c.file), c.original, c.data); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// oneGlyph is a typeface with a map of its letters, in which 1 and 3 are drawn alike, or whose map nobody can read to its end.
type oneGlyph struct {
	licenseface.Typeface
	endless bool
}

func (f oneGlyph) Subset(text string) ([]byte, error) {
	letters := map[rune]uint16{'1': 1, '3': 1}
	if f.endless {
		groups := append([]byte{0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0x10, 0xFF, 0xFF, 0, 0, 0, 0}, 9)...)
		return ofdtest.Program(map[string][]byte{"cmap": append([]byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12}, groups...)}), nil
	}
	return ofdtest.FontProgram(4, letters), nil
}

// TestWhatTheLayerOfACopyIsJudgedBy names the file that is another one than its maker makes.
func TestWhatTheLayerOfACopyIsJudgedBy(t *testing.T) {
	w := newWorld(t)
	_, original, values := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	with := func(face licenseface.Typeface) []byte { // sealed, since letters of other files are not compared
		c, err := licensecopy.Make(face, original, sampleCopy(w))
		if err != nil {
			t.Fatal(err)
		}
		return stamped(t, w, c.Document, c.Slot)
	}
	swapped := func(other []byte) []byte {
		return edited(t, made.Document, func(path string, content []byte) []byte {
			if strings.HasSuffix(path, "attach_0.ofd") {
				return other
			}
			return content
		})
	}
	without := func(suffixes ...string) []byte {
		return edited(t, made.Document, func(path string, content []byte) []byte {
			for _, suffix := range suffixes {
				content = drop(path, suffix, content)
			}
			return content
		})
	}
	other := foreign(t, []ofd.CustomData{{Name: "ZZBS", Value: values.First(catalog.KeyLicenseID)}, {Name: "ZZLXDM", Value: licensetest.BusinessLicense}})
	// What no maker of this platform draws over: its root has a mark twice.
	odd := edited(t, original, in(t, "Document.xml", "</ofd:Pages>", "</ofd:Pages><!--</ofd:Pages>-->"))
	ofOdd := edited(t, made.Document, func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "attach_0.ofd") {
			return odd
		}
		return bytes.Replace(content, []byte(digest.Hex(original)), []byte(digest.Hex(odd)), 1)
	})
	for name, c := range map[string]struct {
		document []byte
		want     string
	}{
		"as made":                        {made.Document, ""},
		"the original of other octets":   {swapped(edited(t, original, func(_ string, content []byte) []byte { return content })), "copy_layer_mismatch original.ofd"},
		"an original of another maker":   {swapped(other), "copy_damaged"},
		"an original that nobody made":   {ofOdd, "copy_layer_mismatch /OFD.xml"},
		"a font of one glyph":            {with(oneGlyph{typeface.Sans(), false}), "copy_layer_mismatch /Doc_0/Overlay/font_0.ttf"},
		"a font that cannot be compared": {with(oneGlyph{typeface.Sans(), true}), "copy_layer_mismatch /Doc_0/Overlay/font_0.ttf"},
		"no font":                        {without("Overlay/font_0.ttf"), "copy_layer_mismatch /Doc_0/Overlay/font_0.ttf"},
		"several files less":             {without("Page_0/Content.xml", "Overlay/Page_0.xml", "Overlay/Annot_0.xml"), "copy_layer_mismatch /Doc_0/Overlay/Annot_0.xml"},
		"a file more":                    {edited(t, made.Document, func(_ string, content []byte) []byte { return content }, ofd.File{Path: "/Doc_0/Overlay/x.xml", Content: []byte("<a/>")}), "copy_layer_mismatch /Doc_0/Overlay/x.xml"},
		"another page":                   {edited(t, made.Document, in(t, "Overlay/Page_0.xml", "公积金提取", "贷款")), "copy_layer_mismatch /Doc_0/Overlay/Page_0.xml"},
	} {
		r := licensefile.Verify("copy.ofd", c.document, w.Options(t))
		got := ""
		for _, reason := range r.Reasons {
			if reason.Code == "copy_layer_mismatch" || reason.Code == "copy_damaged" {
				got += strings.TrimSpace(reason.Code + " " + behind(reason.Message))
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%s)", name, got, c.want, reasons(r))
		}
	}
}

// TestWhenACopyHolds at the seconds at which it begins and ends.
func TestWhenACopyHolds(t *testing.T) {
	w := newWorld(t)
	_, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	for after, want := range map[time.Duration]string{
		-91 * time.Second: "copy_not_yet_valid", -90 * time.Second: "", 48 * time.Hour: "", 48*time.Hour + time.Second: "copy_expired",
	} {
		options := w.Options(t)
		options.At = options.At.Add(after)
		r := licensefile.Verify("copy.ofd", made.Document, options)
		got := ""
		for _, code := range reasonsOf(r) {
			if code == "copy_not_yet_valid" || code == "copy_expired" {
				got += code
			}
		}
		if got != want {
			t.Errorf("after %v: %q", after, got)
		}
		if all := r.Reasons; len(slices.CompactFunc(slices.SortedFunc(slices.Values(all), func(a, b verify.Reason) int { return strings.Compare(a.Code+a.Message, b.Code+b.Message) }), func(a, b verify.Reason) bool { return a == b })) != len(all) {
			t.Errorf("after %v: a reason stands twice: %s", after, reasons(r))
		}
	}
}

// TestCopiesAreDrawnAsEver: a copy is judged by making it anew, so that another form would make all that were sealed before invalid.
func TestCopiesAreDrawnAsEver(t *testing.T) {
	w := newWorld(t)
	builtIn, _ := catalog.Find(licensetest.BusinessLicense)
	plain := drawn(t, builtIn, licensefile.StatusEntry{List: licensetest.BaseURL + "/status/1", Index: 7, Signer: "signer"})
	data := licensefile.Copy{
		ID: "lcopy_1", LicenseID: builtIn.Sample.First(catalog.KeyLicenseID), OriginalSM3: strings.Repeat("a", 64), Grant: "lgrant_1", Creator: licensetest.AuthorityName,
		CreatorCode: licensetest.AuthorityCode, Receiver: "示例市住房公积金管理中心", ReceiverCode: "11990000MB7QX0023P", PurposeCode: "housing", Cause: strings.Repeat("公积金提取 a", 8),
		Created: "20261124093000", Expires: "20261126093000", RecordURL: licensetest.BaseURL + "/verify/copies/lcopy_1", QR: modules(33),
	}
	describe := func(old, new string) func([]byte) []byte {
		return func(description []byte) []byte {
			if !bytes.Contains(description, []byte(old)) {
				t.Errorf("no %s in %s", old, description)
			}
			return bytes.Replace(description, []byte(old), []byte(new), 1)
		}
	}
	picture := func(format string) func(*ses.SealInfo) {
		return func(i *ses.SealInfo) { i.Picture.Type = format }
	}
	for name, c := range map[string]struct {
		seal     func(*ses.SealInfo)
		describe func([]byte) []byte
		message  bool
		want     string
	}{
		"a seal":                   {want: "c32a391192c5b0bfae888aa68457ca36155adc1a4c70c9c81af334a2586617dd"},
		"a seal in small letters":  {seal: picture("jpg"), want: "bf69fdc7d96bcafd4e7ec583f3e1243a91d4c4f3483ba84ef9281e4e347a9e14"},
		"a seal of no picture":     {seal: picture("OFD"), want: "2c25f783afd654cfb40d5852c4512edde6b4a1b154edafd9c6cf413d784ddf59"},
		"a message":                {message: true, want: "2c25f783afd654cfb40d5852c4512edde6b4a1b154edafd9c6cf413d784ddf59"},
		"a part of a seal":         {describe: describe(` Boundary="`, ` Clip="0 0 10 10" Boundary="`), want: "6a8a65423bc09afa29372ef358db022071f74951d3a3557d63a5820f30154746"},
		"a seal of a page of none": {describe: describe(`PageRef="`, `PageRef="9`), want: "6a8a65423bc09afa29372ef358db022071f74951d3a3557d63a5820f30154746"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Sealer.Seal, w.Sealer.Describe, w.Sealer.Message = c.seal, c.describe, c.message
			file := stamped(t, w, plain, catalog.SealSlot{Page: 1, XMM: 120, YMM: 200, WidthMM: 42, HeightMM: 42})
			files, err := data.Files(open(t, file), nil, nil, []byte("font"))
			if err != nil {
				t.Fatal(err)
			}
			var all []byte
			for _, f := range files {
				if strings.HasPrefix(f.Path, "/Doc_0/Overlay") || strings.HasSuffix(f.Path, "/OFD.xml") || strings.HasSuffix(f.Path, "Document.xml") {
					all = append(append(append(all, f.Path...), 0), f.Content...)
				}
			}
			if got := digest.Hex(all); got != c.want {
				t.Errorf("%s", got)
			}
		})
	}
}
