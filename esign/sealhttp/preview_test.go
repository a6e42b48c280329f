package sealhttp_test

import (
	"bytes"
	"cmp"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
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
	for _, want := range []string{`id="stamp-shown"`, `<rect x="140" y="220.5" width="42" height="42">`, `<svg class="ofd-seal" x="140" y="220.5" width="42" height="42" viewBox="0 0 42 42"><image href="data:image/png;base64,`, "办事指南.ofd", `value="use_kept"`, `value="2026-1"`, `value="220.5"`, "第 2 页，共 2 页", "尚未盖章"} {
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

// TestX14PlacesOfTheForm: every kind of place is typed into the form, without a pointer and without scripts, shown before anything is stamped, and
// stamped as it was shown.
func TestX14PlacesOfTheForm(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	// As the form stands: inputs of other kinds have their usual values and mean nothing.
	base := map[string]string{"stamp-kind": "pages", "stamp-page": "1", "stamp-x": "140", "stamp-y": "220", "stamp-edge": "right", "stamp-per-set": "", "stamp-text": "", "stamp-nth": "", "stamp-dx": "0", "stamp-dy": "0",
		"stamp-item": "", "stamp-purpose": "公布办事指南"}
	send := func(changes map[string]string) *httptest.ResponseRecorder {
		t.Helper()
		all := maps.Clone(base)
		maps.Copy(all, changes)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range all {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		file, err := form.CreateFormFile("stamp-file", "办事指南.ofd")
		if err == nil {
			_, err = file.Write(sealtest.Document(t, 3))
		}
		if err == nil {
			err = form.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return s.send(keeper, http.MethodPost, "/seal/"+seal.ID+"/stamps", map[string]string{"Content-Type": form.FormDataContentType()}, &body)
	}
	for name, c := range map[string]struct {
		typed map[string]string
		shown []string
		drawn int
	}{
		"many pages": {map[string]string{"stamp-page": "2-3"}, []string{"第 2 页 · 印章位置：距左 140 毫米，距上 220 毫米", "第 3 页 · 印章位置"}, 2},
		"straddle":   {map[string]string{"stamp-kind": "straddle", "stamp-page": "all"}, []string{`viewBox="0 0 14 42"`, `<rect x="196" y="127.5" width="14" height="42">`, "第 3 页 · 印章位置：距左 196 毫米，距上 127.5 毫米"}, 3},
		"both sides": {map[string]string{"stamp-kind": "straddle", "stamp-page": "", "stamp-edge": "left", "stamp-duplex": "1", "stamp-per-set": "20"}, []string{"第 2 页 · 印章位置：距左 189 毫米"}, 3},
		"keyword":    {map[string]string{"stamp-kind": "keyword", "stamp-page": "2-3", "stamp-text": "页", "stamp-dx": "50", "stamp-nth": "2"}, []string{"第 3 页，共 3 页"}, 1},
		"invisible":  {map[string]string{"stamp-kind": "invisible", "stamp-page": "", "stamp-x": ""}, []string{"不显示印章图像"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			preview := maps.Clone(c.typed)
			preview["stamp-preview"], preview["stamp-purpose"] = "1", ""
			rec := send(preview)
			for _, want := range append(c.shown, `id="stamp-shown"`, `value="`+cmp.Or(c.typed["stamp-kind"], "pages")+`" selected`) {
				if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
					t.Errorf("%d: %s is missing", rec.Code, want)
				}
			}
			if moves := strings.Contains(rec.Body.String(), `data-move-x="stamp-x"`); moves != (c.typed["stamp-kind"] == "") {
				t.Errorf("a pointer moves the seal: %v", moves)
			}
			stamped := maps.Clone(c.typed)
			stamped["stamp-key"] = "use_" + name
			if rec := send(stamped); rec.Code != http.StatusSeeOther {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			_, content, err := s.world.Service.Result(sealtest.Keeper, seal.ID, "use_"+name)
			if err != nil {
				t.Fatal(err)
			}
			if report := s.world.Verify(t, content); report.Verdict != verify.Valid || len(report.Signatures[0].Placements) != c.drawn {
				t.Errorf("%s, %d places", report.Code, len(report.Signatures[0].Placements))
			}
		})
	}
	for name, c := range map[string]struct {
		typed map[string]string
		input string
	}{
		"no pages":                   {map[string]string{"stamp-page": ""}, "stamp-page"},
		"no place":                   {map[string]string{"stamp-x": "left"}, "stamp-x"},
		"one page to straddle":       {map[string]string{"stamp-kind": "straddle", "stamp-page": "1"}, "stamp-page"},
		"no such edge":               {map[string]string{"stamp-kind": "straddle", "stamp-page": "", "stamp-edge": "middle"}, "stamp-edge"},
		"sets that are no number":    {map[string]string{"stamp-kind": "straddle", "stamp-page": "", "stamp-per-set": "x"}, "stamp-per-set"},
		"no text":                    {map[string]string{"stamp-kind": "keyword", "stamp-page": ""}, "stamp-text"},
		"a text that is not there":   {map[string]string{"stamp-kind": "keyword", "stamp-page": "", "stamp-text": "盖章"}, "stamp-text"},
		"moved by words":             {map[string]string{"stamp-kind": "keyword", "stamp-page": "", "stamp-text": "页", "stamp-dx": "far"}, "stamp-dx"},
		"moved too far":              {map[string]string{"stamp-kind": "keyword", "stamp-page": "", "stamp-text": "页", "stamp-dy": "301"}, "stamp-dy"},
		"an occurrence of no number": {map[string]string{"stamp-kind": "keyword", "stamp-page": "", "stamp-text": "页", "stamp-nth": "last"}, "stamp-nth"},
		"another kind":               {map[string]string{"stamp-kind": "anywhere"}, "stamp-kind"},
	} {
		c.typed["stamp-key"] = "use_refused"
		if rec := send(c.typed); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `href="#`+c.input+`"`) {
			t.Errorf("%s: %d, no error at %s", name, rec.Code, c.input)
		}
	}
}
