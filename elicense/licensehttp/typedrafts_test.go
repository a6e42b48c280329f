package licensehttp_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
)

var (
	designer = caller{"staff:admin", elicense.RoleTypes}
	another  = caller{"staff:second", elicense.RoleTypes}
)

func typeSite(t *testing.T) *site {
	t.Helper()
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	w.RealLetters, w.TypesByTwo = true, true
	w.Restart(t)
	return siteOf(t, w)
}

// sendFiles uploads files, each under its name.
func (s *site) sendFiles(as caller, names []string, contents ...[]byte) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i, name := range names {
		part, err := form.CreateFormFile("type-files", name)
		if err == nil {
			_, err = part.Write(contents[i])
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.send(as, http.MethodPost, licensehttp.TypeDraftsPath+"/new", form.FormDataContentType(), &body)
}

func (s *site) sendForm(as caller, path string, values url.Values) *httptest.ResponseRecorder {
	return s.send(as, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

// read opens a page that is there.
func (s *site) read(as caller, path string) string {
	s.t.Helper()
	rec := s.send(as, http.MethodGet, path, "", nil)
	if rec.Code != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// led is where an answer leads.
func (s *site) led(rec *httptest.ResponseRecorder) string {
	s.t.Helper()
	if rec.Code != http.StatusSeeOther {
		s.t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return rec.Header().Get("Location")
}

func TestPackageIsUploadedCheckedAndProposed(t *testing.T) {
	s := typeSite(t)
	archive, err := facedesign.Archive(licensetest.Outside(t))
	if err != nil {
		t.Fatal(err)
	}
	if page := s.read(designer, licensehttp.TypeDraftsPath+"/new"); !strings.Contains(page, `type="file"`) {
		t.Error("no input for files")
	}
	at := s.led(s.sendFiles(designer, []string{"type.zip"}, archive))
	page := s.read(designer, at)
	for _, want := range []string{"可以提交", "V00", "draft-propose", licensetest.OutsideType, at + "/face", at + "/package"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a draft holds no %q", want)
		}
	}
	if list := s.read(designer, licensehttp.TypeDraftsPath); !strings.Contains(list, at) {
		t.Error("the draft is not listed")
	}
	if list := s.read(another, licensehttp.TypeDraftsPath); strings.Contains(list, at) {
		t.Error("the draft is listed for somebody else")
	}
	rec := s.send(designer, http.MethodGet, at+"/package", "", nil)
	files, err := typepackage.ReadZIP(rec.Body.Bytes())
	if err != nil || rec.Header().Get("Content-Type") != "application/zip" || !bytes.Equal(files[catalog.FileFace], licensetest.Outside(t)[catalog.FileFace]) {
		t.Errorf("the package of the draft: %v", err)
	}
	for _, refused := range []struct{ version, year, field string }{{"0", "2027", "draft-version"}, {"x", "2027", "draft-version"}, {"10000", "2027", "draft-version"}, {"1", "", "draft-day"}} {
		rec := s.sendForm(designer, at+"/number", url.Values{"version": {"1"}, "draft-version": {refused.version}, "draft-day-year": {refused.year}, "draft-day-month": {"3"}, "draft-day-day": {"1"}})
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `href="#`+refused.field) {
			t.Errorf("%v: %d", refused, rec.Code)
		}
	}
	s.led(s.sendForm(designer, at+"/number", url.Values{"version": {"1"}, "draft-version": {"1"}, "draft-day-year": {"2027"}, "draft-day-month": {"3"}, "draft-day-day": {"1"}}))
	if page := s.read(designer, at); !strings.Contains(page, "2027-03-01") {
		t.Error("another day")
	}
	if rec := s.sendForm(designer, at+"/propose", url.Values{"version": {"1"}}); rec.Code != http.StatusConflict {
		t.Errorf("proposed as it was before: %d", rec.Code)
	}
	proposal := s.led(s.sendForm(designer, at+"/propose", url.Values{"version": {"2"}}))
	if !strings.HasPrefix(proposal, licensehttp.TypesPath+"/proposals/") || !strings.Contains(s.read(another, proposal), "type-confirm") {
		t.Errorf("the proposal at %s", proposal)
	}
	if rec := s.send(designer, http.MethodGet, at, "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("the draft after it was proposed: %d", rec.Code)
	}
}

func TestFivesFilesAndWhatIsWrongWithThem(t *testing.T) {
	s := typeSite(t)
	send := func(files map[string][]byte) *httptest.ResponseRecorder {
		var names []string
		var contents [][]byte
		for name, content := range files {
			names, contents = append(names, name), append(contents, content)
		}
		return s.sendFiles(designer, names, contents...)
	}
	at := s.led(send(licensetest.Outside(t)))
	s.led(s.sendForm(designer, at+"/drop", url.Values{"version": {"1"}}))
	if rec := s.send(designer, http.MethodGet, at, "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("a dropped draft: %d", rec.Code)
	}

	at = s.led(send(licensetest.Outside(t, `"bind": "household_size"`, `"bind": "household"`, `"overflow": "shrink"`, `"overflow": "shrunk"`)))
	page := s.read(designer, at)
	if strings.Contains(page, "draft-propose") || !strings.Contains(page, "需修改") || !strings.Contains(page, "pages[0].items[") || strings.Count(page, "face.json") < 2 {
		t.Errorf("the faults of a draft: %s", page)
	}

	missing := licensetest.Outside(t)
	delete(missing, catalog.FileTests)
	missing["more.txt"] = []byte("x")
	rec := send(missing)
	if body := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(body, catalog.FileTests) || !strings.Contains(body, "more.txt") || !strings.Contains(body, `id="type-files-error"`) {
		t.Errorf("files of no package: %d %s", rec.Code, body)
	}
	for name, test := range map[string]struct {
		rec  *httptest.ResponseRecorder
		want int
	}{
		"nothing":       {s.sendFiles(designer, []string{""}, nil), http.StatusUnprocessableEntity},
		"a broken ZIP":  {s.sendFiles(designer, []string{"a.zip"}, []byte("PK\x03\x04")), http.StatusUnprocessableEntity},
		"a name twice":  {s.sendFiles(designer, []string{"face.json", `C:\x\face.json`}, []byte("{}"), []byte("{}")), http.StatusUnprocessableEntity},
		"too much":      {s.sendFiles(designer, []string{"a.zip"}, bytes.Repeat([]byte("x"), 2<<20)), http.StatusRequestEntityTooLarge},
		"no such role":  {s.sendFiles(clerk, []string{"a.zip"}, []byte("x")), http.StatusForbidden},
		"not signed in": {s.send(nobody, http.MethodGet, licensehttp.TypeDraftsPath, "", nil), http.StatusSeeOther},
	} {
		if test.rec.Code != test.want {
			t.Errorf("%s: %d, want %d", name, test.rec.Code, test.want)
		}
	}
}

// TestFaceIsDesigned: an item is chosen, changed, copied, moved, deleted and added at the page, which draws what would be issued.
func TestFaceIsDesigned(t *testing.T) {
	s := typeSite(t)
	code := licensehttp.TypesPath + "/codes/" + licensetest.BusinessLicense
	if page := s.read(clerk, code); strings.Contains(page, "type-draft") || !strings.Contains(page, code+"/package") {
		t.Error("the page of a type for a clerk")
	}
	rec := s.send(clerk, http.MethodGet, code+"/package", "", nil)
	if files, err := typepackage.ReadZIP(rec.Body.Bytes()); err != nil || len(files) != len(catalog.FileNames) {
		t.Errorf("the package of a type: %v", err)
	}
	at := s.led(s.sendForm(designer, code+"/draft", nil))
	face := at + "/face"
	face0 := func() catalog.Face {
		t.Helper()
		files, err := typepackage.ReadZIP(s.send(designer, http.MethodGet, at+"/package", "", nil).Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		read, err := facedesign.Read(files[catalog.FileFace])
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	before := face0()
	index := func(f catalog.Face, id string) string {
		for i, item := range f.Pages[0].Items {
			if item.ID == id {
				return string([]byte{byte('0' + i/10), byte('0' + i%10)})
			}
		}
		t.Fatalf("no item %s", id)
		return ""
	}
	chosen := strings.TrimPrefix(index(before, "domicile"), "0")
	page := s.read(designer, face+"?face-item="+chosen)
	for _, want := range []string{"data:image/png", `data-move-x="face-x"`, `name="face-bind"`, `value="domicile" selected`, "face-copy", "face-delete", `name="face-x" value="190"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a face holds no %q", want)
		}
	}
	form := inputs(page)
	form.Set("face-do", "save")
	form.Set("face-x", "188.5")
	form.Set("face-width", "87,5")
	rec = s.sendForm(designer, face, form)
	if body := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `href="#face-width"`) || !strings.Contains(body, `value="188.5"`) || !strings.Contains(body, `value="87,5"`) {
		t.Fatalf("a width that is none: %d %s", rec.Code, body)
	}
	form.Set("face-width", "87.5")
	to := s.led(s.sendForm(designer, face, form))
	after := face0()
	i := 0
	for i = range after.Pages[0].Items {
		if after.Pages[0].Items[i].ID == "domicile" {
			break
		}
	}
	want := before.Pages[0].Items[i]
	want.XMM, want.WidthMM = 188.5, 87.5
	if after.Pages[0].Items[i] != want {
		t.Errorf("%+v, want %+v", after.Pages[0].Items[i], want)
	}
	form.Set("face-x", "171.5")
	if rec := s.sendForm(designer, face, form); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), `name="face-x" value="171.5"`) || face0().Pages[0].Items[i] != want {
		t.Errorf("saved from what was not read last: %d %s", rec.Code, rec.Body)
	}
	steps := func(do string) catalog.Face {
		t.Helper()
		form := inputs(s.read(designer, to))
		form.Set("face-do", do)
		to = s.led(s.sendForm(designer, face, form))
		return face0()
	}
	total := len(before.Pages[0].Items)
	if f := steps("copy"); len(f.Pages[0].Items) != total+1 || f.Pages[0].Items[i+1].ID != "domicile_2" {
		t.Error("copied")
	}
	if f := steps("up"); f.Pages[0].Items[i].ID != "domicile_2" {
		t.Error("moved before")
	}
	if f := steps("down"); f.Pages[0].Items[i+1].ID != "domicile_2" {
		t.Error("moved behind")
	}
	if f := steps("delete"); len(f.Pages[0].Items) != total || strings.Contains(to, "face-item") {
		t.Error("deleted")
	}
	label := slices.IndexFunc(before.Pages[0].Items, func(item catalog.FaceItem) bool { return item.LabelOf == "domicile" })
	form = inputs(s.read(designer, face+"?face-item="+strconv.Itoa(label)))
	if form.Get("face-label-of") != "domicile" || form.Get("face-text-en") != before.Words["en"][before.Pages[0].Items[label].Text] {
		t.Errorf("the form of a label: %v", form)
	}
	form.Set("face-do", "save")
	form.Set("face-text", "住址")
	form.Set("face-text-en", "Home")
	s.led(s.sendForm(designer, face, form))
	if f := face0(); f.Words["en"]["住址"] != "Home" || f.Words["en"]["住所"] != "" || f.Pages[0].Items[label].LabelOf != "domicile" {
		t.Errorf("words after the label was changed: %v", f.Words)
	}
	form = inputs(s.read(designer, face+"?face-item="+strconv.Itoa(label)))
	form.Set("face-do", "save")
	form.Set("face-text-en", "")
	s.led(s.sendForm(designer, face, form))
	if page := s.read(designer, face+"?face-item="+strconv.Itoa(label)); !strings.Contains(page, "has no words in en") {
		t.Error("a missing word is not told at its item")
	}
	form.Set("face-text-en", "Home")
	form.Set("version", inputs(s.read(designer, face+"?face-item="+strconv.Itoa(label))).Get("version"))
	s.led(s.sendForm(designer, face, form))
	to = face
	form = inputs(s.read(designer, to))
	form.Set("face-do", "add")
	form.Set("face-add-kind", "qr")
	to = s.led(s.sendForm(designer, face, form))
	if f := face0(); f.Pages[0].Items[total].ID != "verify_code_2" {
		t.Error("added")
	}
	for item, name := range map[string]string{"page": "face-width", "annex": "face-margin", "seal-0": "face-y"} {
		form := inputs(s.read(designer, face+"?face-item="+item))
		if form.Get(name) == "" {
			t.Errorf("%s has no %s", item, name)
			continue
		}
		form.Set("face-do", "save")
		if item == "seal-0" {
			form.Set("face-y", "500")
		}
		s.led(s.sendForm(designer, face, form))
	}
	page = s.read(designer, face+"?face-item=seal-0")
	if strings.Contains(page, "data:image/png") || !strings.Contains(page, "seal does not lie on its page") || !strings.Contains(page, "有误") || !strings.Contains(page, "1 处问题") {
		t.Errorf("a seal beside its page: %s", page)
	}
	form = inputs(page)
	form.Set("face-do", "save")
	form.Set("face-y", "136")
	s.led(s.sendForm(designer, face, form))
	if page := s.read(designer, face+"?face-data=rare"); !strings.Contains(page, facedesign.Rare) || strings.Contains(page, "data:image/png") {
		t.Error("rare characters are not named")
	}
	if page := s.read(designer, face+"?face-data=longest&face-page=2"); !strings.Contains(page, "data:image/png") || !strings.Contains(page, "附页") || strings.Contains(page, "face-add-kind") {
		t.Error("the annex page")
	}
	for path, want := range map[string]int{face + "?face-item=999": http.StatusOK, face + "?face-page=99": http.StatusOK, licensehttp.TypeDraftsPath + "/tdr_none/face": http.StatusNotFound} {
		if rec := s.send(designer, http.MethodGet, path, "", nil); rec.Code != want {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	for name, values := range map[string]url.Values{"nothing chosen": {"face-do": {"save"}}, "no such item": {"face-do": {"delete"}, "face-item": {"999"}}, "another kind": {"face-do": {"add"}, "face-add-kind": {"film"}}} {
		if rec := s.sendForm(designer, face, values); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	if rec := s.send(another, http.MethodGet, face, "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("the face of somebody else's draft: %d", rec.Code)
	}
}

var (
	inputTag  = regexp.MustCompile(`<input [^>]*name="([^"]+)"[^>]*?value="([^"]*)"`)
	selectTag = regexp.MustCompile(`(?s)<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>`)
	picked    = regexp.MustCompile(`<option value="([^"]*)" selected`)
)

// inputs are the values that a browser would send of a page, as far as the tests need them.
func inputs(page string) url.Values {
	values := url.Values{}
	for _, m := range inputTag.FindAllStringSubmatch(page, -1) {
		values.Set(m[1], strings.NewReplacer("&#34;", `"`, "&amp;", "&", "&#39;", "'").Replace(m[2]))
	}
	for _, m := range selectTag.FindAllStringSubmatch(page, -1) {
		if p := picked.FindStringSubmatch(m[2]); p != nil {
			values.Set(m[1], p[1])
		}
	}
	return values
}
