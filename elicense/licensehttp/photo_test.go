package licensehttp_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// honour is the built-in type whose second version has a photo.
const honour = "11980000MB7QX1034Y001"

func photoSite(t *testing.T) *site {
	t.Helper()
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{honour}}); err != nil {
		t.Fatal(err)
	}
	return siteOf(t, w)
}

func grey(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestAPhotoByTheAPI: it travels in base64, is told to be refused at its member, and is read as a JPEG by who may read the licence.
func TestAPhotoByTheAPI(t *testing.T) {
	s := photoSite(t)
	sample, _ := catalog.Find(honour)
	v := sample.Sample
	order := map[string]any{"business_number": "P1", "license_type_code": honour, "issuing_authority_code": licensetest.AuthorityCode, "license_number": "1", "photo": grey(t, 716, 882), "fields": map[string]string{
		"honor_title": v.First("honor_title"), "deed": v.First("deed"), "deed_date": v.First("deed_date"), "decision_number": v.First("decision_number")},
		"holders": []map[string]string{{"name": v.First(catalog.KeyHolderName), "code_type": "111", "code": v.First(catalog.KeyHolderCode)}}}
	id, _ := s.json(clerk, http.MethodPost, "/api/v1/licenses", order, http.StatusCreated)["id"].(string)
	rec := s.send(clerk, http.MethodGet, "/api/v1/licenses/"+id+"/photo", "", nil)
	if config, err := jpeg.DecodeConfig(rec.Body); rec.Code != http.StatusOK || err != nil || config.Width != 358 || rec.Header().Get("Content-Type") != "image/jpeg" || rec.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %v %v", rec.Code, rec.Header(), err)
	}
	s.json(stranger, http.MethodGet, "/api/v1/licenses/"+id+"/photo", nil, http.StatusNotFound)
	order["business_number"], order["photo"] = "P2", grey(t, 882, 716)
	answer := s.json(clerk, http.MethodPost, "/api/v1/licenses", order, http.StatusUnprocessableEntity)
	if told := fmt.Sprint(answer["errors"]); answer["code"] != "YX-LIC-422" || !strings.Contains(told, "YX-LIC-495") || !strings.Contains(told, "photo") {
		t.Errorf("%v", answer)
	}
	delete(order, "photo")
	bare, _ := s.json(clerk, http.MethodPost, "/api/v1/licenses", order, http.StatusCreated)["id"].(string)
	if answer := s.json(clerk, http.MethodGet, "/api/v1/licenses/"+bare+"/photo", nil, http.StatusNotFound); answer["code"] != "YX-LIC-496" {
		t.Errorf("%v", answer)
	}
	if list := s.send(clerk, http.MethodGet, "/api/v1/license-types", "", nil).Body.String(); !strings.Contains(list, `"photo":{"width_px":358,"height_px":441,"max_octets":102400}`) {
		t.Error("the catalogue does not say what the photo is like")
	}
}

// TestAPhotoOnThePages: the form takes a file without scripts, says at its input why one is refused, and the page of review shows it.
func TestAPhotoOnThePages(t *testing.T) {
	s := photoSite(t)
	page := s.page(clerk, "/license/new?type="+honour, http.StatusOK)
	for _, want := range []string{`enctype="multipart/form-data"`, `name="photo-file"`, `type="file"`, "358"} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	sample, _ := catalog.Find(honour)
	send := func(photo []byte) (int, string, string) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		write := func(name, value string) {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		write("type", honour)
		write("business_number", "P1")
		write("issuing_authority_code", licensetest.AuthorityCode)
		write(catalog.KeyLicenseNumber, "1")
		for _, key := range []string{"honor_title", "deed", "decision_number", catalog.KeyHolderName, catalog.KeyHolderType, catalog.KeyHolderCode} {
			write(key, sample.Sample.First(key))
		}
		write("deed_date-year", "2026")
		write("deed_date-month", "7")
		write("deed_date-day", "18")
		part, err := form.CreateFormFile("photo-file", "a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(photo); err != nil {
			t.Fatal(err)
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		rec := s.send(clerk, http.MethodPost, "/license/new", form.FormDataContentType(), &body)
		return rec.Code, rec.Header().Get("Location"), rec.Body.String()
	}
	if code, _, page := send([]byte("no picture")); code != http.StatusUnprocessableEntity || !strings.Contains(page, "JPEG 或 PNG 图片") || !strings.Contains(page, `href="#photo-file"`) || !strings.Contains(page, sample.Sample.First("honor_title")) {
		t.Errorf("%d %s", code, page)
	}
	code, location, page := send(grey(t, 358, 441))
	if code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	detail := s.page(reviewer, location, http.StatusOK)
	if !strings.Contains(detail, `<img src="data:image/jpeg;base64,`) || !strings.Contains(detail, `alt="照片"`) || strings.Contains(detail, "sm3=") {
		t.Error("the page of review does not show the photo, or shows how it is named")
	}
}
