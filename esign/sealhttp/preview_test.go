package sealhttp_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// TestPreviewShowsThePlaceAndStampsNothing: the page with the seal at the place of the form, by form alone.
func TestPreviewShowsThePlaceAndStampsNothing(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	ask := func(as caller, document []byte, page, x string) (int, string) {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range map[string]string{"stamp-page": page, "stamp-x": x, "stamp-y": "220.5", "stamp-item": "2026-1", "stamp-key": "use_kept", "stamp-preview": "1"} {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		file, err := form.CreateFormFile("stamp-file", "办事指南.ofd")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(document); err != nil {
			t.Fatal(err)
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		rec := s.send(as, http.MethodPost, "/seal/"+seal.ID+"/stamps", map[string]string{"Content-Type": form.FormDataContentType()}, &body)
		return rec.Code, rec.Body.String()
	}
	document := sealtest.Document(t, 2)
	status, body := ask(keeper, document, "2", "140")
	for _, want := range []string{`id="stamp-shown"`, `<rect x="140" y="220.5" width="42" height="42">`, `<image class="ofd-seal" href="data:image/png;base64,`, "办事指南.ofd", `value="use_kept"`, `value="2026-1"`, `value="220.5"`, "第 2 页，共 2 页", "尚未盖章"} {
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%d: %s is missing", status, want)
		}
	}
	if stamps := s.twin.AllStamps(); len(stamps) != 0 {
		t.Errorf("a preview stamped: %+v", stamps)
	}
	for name, one := range map[string]struct {
		document []byte
		page, x  string
		status   int
	}{"no page 3": {document, "3", "140", 422}, "no place": {document, "1", "left", 422}, "no document": {nil, "1", "140", 422}, "no OFD": {[]byte("hello"), "1", "140", 422}} {
		if status, body := ask(keeper, one.document, one.page, one.x); status != one.status || strings.Contains(body, `id="stamp-shown"`) || !strings.Contains(body, "error-summary") {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, body := ask(reviewer, document, "1", "140"); status == http.StatusOK || strings.Contains(body, `id="stamp-shown"`) {
		t.Errorf("somebody who is no keeper sees a preview: %d", status)
	}
}
