package readingcopy_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/elicense/readingcopy"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

var facts = readingcopy.Facts{Status: catalog.StatusValid, At: time.Date(2026, 11, 28, 20, 30, 0, 0, time.UTC), VerifyURL: "https://id.example/verify"}

// pageText are the lines of text on the pages of the file that is made of the same values.
func pageText(t testing.TB, licenseType *catalog.Type, values catalog.Values) (lines []string) {
	t.Helper()
	maker, err := licenseface.New(licenseface.Config{VerifyAddress: facts.VerifyURL})
	if err != nil {
		t.Fatal(err)
	}
	values, photo, err := licensephoto.WithSilhouette(licenseType, values)
	if err != nil {
		t.Fatal(err)
	}
	data, err := maker.Build(licenseType, values, photo, licensefile.StatusEntry{List: "https://id.example/status/1", Index: 1, Signer: "状态服务"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range p.Current().Pages {
		runs, err := p.PageText(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range runs {
			lines = append(lines, run.Value)
		}
	}
	return lines
}

// read is the copy of values whose photo, where they have one, is the silhouette of samples.
func read(t testing.TB, licenseType *catalog.Type, values catalog.Values, language string, facts readingcopy.Facts) (*readingcopy.Copy, error) {
	t.Helper()
	values, photo, err := licensephoto.WithSilhouette(licenseType, values)
	if err != nil {
		t.Fatal(err)
	}
	facts.Photo = photo
	return readingcopy.Read(licenseType, values, language, facts)
}

// htmlText are the texts of the elements of a name, from a page that is also read as XML to see that every element is closed.
func htmlText(t testing.TB, page []byte, names ...string) (texts []string) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(page))
	decoder.Strict, decoder.Entity, decoder.AutoClose = false, xml.HTMLEntity, xml.HTMLAutoClose
	depth, text := 0, ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth > 0 || slices.Contains(names, token.Name.Local) {
				depth++
			}
		case xml.CharData:
			if depth > 0 {
				text += string(token)
			}
		case xml.EndElement:
			if depth > 0 {
				if depth--; depth == 0 {
					texts, text = append(texts, text), ""
				}
			}
		}
	}
}

// TestACopySaysWhatThePageSays: of each built-in type, with a sample, several holders and the longest values, each line of the page stands in the web page
// and in the text, and each value of those stands on the page.
func TestACopySaysWhatThePageSays(t *testing.T) {
	for _, licenseType := range catalog.Types() {
		for _, data := range []facedesign.Data{facedesign.DataSample, facedesign.DataHolders, facedesign.DataLongest} {
			values := facedesign.Values(licenseType, data)
			lines := pageText(t, licenseType, values)
			c, err := read(t, licenseType, values, catalog.Original, facts)
			if err != nil {
				t.Fatalf("%s %s: %v", licenseType.Code, data, err)
			}
			page, err := c.HTML()
			if err != nil {
				t.Fatal(err)
			}
			html, text := strings.Join(htmlText(t, page, "h1", "p", "dt", "dd", "td", "th"), "\n"), string(c.Text())
			annex := licenseType.Face.Annex
			for _, line := range lines {
				for piece := range strings.SplitSeq(line, "、") {
					if strings.TrimSpace(piece) == "" || piece == annex.Title || piece == annex.Note || isCaption(licenseType, line) || isAnnexLabel(licenseType, line) {
						continue
					}
					if !strings.Contains(html, piece) || !strings.Contains(text, piece) {
						t.Errorf("%s %s: %q stands on the page alone", licenseType.Code, data, piece)
					}
				}
			}
			whole := strings.Join(lines, "")
			whole = strings.ReplaceAll(whole, annex.Note, "")
			for _, value := range htmlText(t, withoutPhoto(main(page)), "dd", "td") {
				if data != facedesign.DataLongest && !strings.Contains(whole, value) || value == "" {
					t.Errorf("%s %s: %q stands in the copy alone", licenseType.Code, data, value)
				}
			}
		}
	}
}

// withoutPhoto takes the value that is a picture out of a page.
func withoutPhoto(page []byte) []byte {
	return regexp.MustCompile(`<dd><img class="photo" alt="[^"]+" src="data:image/jpeg;base64,[A-Za-z0-9&#;/=]+"></dd>`).ReplaceAll(page, nil)
}

// isAnnexLabel tells whether a line is the name of a field on an annex page, where the face has no words of its own.
func isAnnexLabel(t *catalog.Type, line string) bool {
	return slices.ContainsFunc(t.Bound(), func(item catalog.FaceItem) bool {
		return item.Overflow == catalog.OverflowAnnex && t.Label(item.Bind, catalog.Original) == line
	})
}

// isCaption tells whether a line stands beside the QR code, which a copy has no use for.
func isCaption(t *catalog.Type, line string) bool {
	for _, page := range t.Face.Pages {
		for _, item := range page.Items {
			if named, ok := t.Item(item.LabelOf); ok && named.Kind == catalog.ItemQR && item.Text == line {
				return true
			}
		}
	}
	return false
}

func main(page []byte) []byte {
	from, to := bytes.Index(page, []byte("<main")), bytes.Index(page, []byte("</main>"))
	return page[from : to+len("</main>")]
}

// TestEveryCopyIsHonest: whatever the language, both forms say that the copy proves nothing, the status with its moment, and where the original is verified.
func TestEveryCopyIsHonest(t *testing.T) {
	moment := map[string]string{"zh-CN": "2026-11-29 04:30 北京时间", "en": "2026-11-29 04:30 Beijing time"}
	for _, licenseType := range catalog.Types() {
		for _, language := range licenseType.Languages() {
			f := facts
			f.Status = "revoked"
			c, err := read(t, licenseType, licenseType.Sample, language, f)
			if err != nil {
				t.Fatalf("%s %s: %v", licenseType.Code, language, err)
			}
			page, err := c.HTML()
			if err != nil {
				t.Fatal(err)
			}
			status, _ := catalog.Default().Status("revoked")
			for _, sentence := range append(c.Notice(), status.Name.In(language), moment[language], "https://id.example/verify?license_id="+licenseType.Sample.First(catalog.KeyLicenseID)) {
				for _, word := range regexp.MustCompile(`：|: |[（）()]`).Split(sentence, -1) {
					if word = strings.TrimSpace(word); !bytes.Contains(page, []byte(strings.ReplaceAll(word, "&", "&amp;"))) || !bytes.Contains(c.Text(), []byte(word)) {
						t.Errorf("%s %s: %q is missing", licenseType.Code, language, word)
					}
				}
			}
			if !bytes.Contains(page, []byte(`<html lang="`+language+`">`)) || regexp.MustCompile(`(?i)<(script|img|link|iframe|object|form)|@import|url\(|\son\w+=`).Match(withoutPhoto(page)) {
				t.Errorf("%s %s: the page has no language, or fetches something", licenseType.Code, language)
			}
			if again, _ := c.HTML(); !bytes.Equal(page, again) {
				t.Errorf("%s: equal input gives another page", licenseType.Code)
			}
			if folder := os.Getenv("READINGCOPY_OUT"); folder != "" { // to be looked at
				for name, content := range map[string][]byte{".html": page, ".txt": c.Text()} {
					if err := os.WriteFile(filepath.Join(folder, licenseType.Code+"-"+language+name), content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

// TestAnEnglishCopyIsEnglish: nothing but values, which say so, is Chinese.
func TestAnEnglishCopyIsEnglish(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, licenseType := range catalog.Types() {
		c, err := read(t, licenseType, licenseType.Sample, "en", facts)
		if err != nil {
			t.Fatal(err)
		}
		page, err := c.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range htmlText(t, page, "title", "h1", "h2", "p", "dt", "th") {
			if han.MatchString(text) {
				t.Errorf("%s: %q", licenseType.Code, text)
			}
		}
		for _, value := range regexp.MustCompile(`<(?:dd|td)([^>]*)>([^<]*)`).FindAllStringSubmatch(string(page), -1) {
			if han.MatchString(value[2]) && value[1] != ` lang="zh-CN"` {
				t.Errorf("%s: %q does not say that it is Chinese", licenseType.Code, value[2])
			}
		}
	}
}

func TestHoldersAreATable(t *testing.T) {
	realEstate, _ := catalog.Find("11100000MB03271699001")
	values := realEstate.Sample.Clone()
	values.Set(catalog.KeyHolderName, "张三", "欧阳小明")
	values.Set(catalog.KeyHolderCode, "110101199003077774", "110101199003077774")
	for _, key := range []string{catalog.KeyHolderType, catalog.KeyHolderTypeZh} {
		values.Set(key, values.First(key), values.First(key))
	}
	c, err := readingcopy.Read(realEstate, values, catalog.Original, facts)
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if got := htmlText(t, page, "td"); !slices.Equal(got, []string{"张三", "110101199003077774", "欧阳小明", "110101199003077774"}) {
		t.Errorf("cells %q", got)
	}
	want := "序号  权利人    证件号码\n1     张三      110101199003077774\n2     欧阳小明  110101199003077774\n"
	if text := string(c.Text()); !strings.Contains(text, want) {
		t.Errorf("%s", text)
	}
	if folder := os.Getenv("READINGCOPY_OUT"); folder != "" {
		_ = os.WriteFile(filepath.Join(folder, "holders.html"), page, 0o600)
	}
}

func TestWhatIsNoCopy(t *testing.T) {
	business, _ := catalog.Find("11100000MB0143028R001")
	for name, c := range map[string]struct {
		language string
		change   func(catalog.Values)
		want     error
	}{
		"another language": {"fr", func(catalog.Values) {}, readingcopy.ErrLanguage},
		"wrong values":     {"en", func(v catalog.Values) { v.Set(catalog.KeyHolderName) }, readingcopy.ErrValues},
	} {
		values := business.Sample.Clone()
		c.change(values)
		if _, err := readingcopy.Read(business, values, c.language, facts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	hostile := business.Sample.Clone()
	hostile.Set("domicile", `<script>alert(1)</script>"&'`)
	c, err := readingcopy.Read(business, hostile, "en", facts)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := c.HTML(); err != nil || bytes.Contains(page, []byte("<script")) || !slices.Contains(htmlText(t, page, "dd"), hostile.First("domicile")) {
		t.Errorf("markup of a value is markup of the page: %v", err)
	}
}

func BenchmarkCopy(b *testing.B) {
	business, _ := catalog.Find("11100000MB0143028R001")
	for _, form := range []string{"html", "text"} {
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				c, err := readingcopy.Read(business, business.Sample, catalog.Original, facts)
				if err != nil {
					b.Fatal(err)
				}
				if form == "text" {
					c.Text()
				} else if _, err := c.HTML(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
