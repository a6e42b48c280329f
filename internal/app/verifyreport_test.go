package app_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

var heldReport = regexp.MustCompile(`name="report" value="([^"]+)"`)

// uploaded sends a file in a form.
func uploaded(t *testing.T, p *apptest.Platform, path, field, name string, document []byte) apptest.Answer {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for field := range strings.FieldsSeq(field) { // a name that stands twice is two files
		part, err := w.CreateFormFile(field, name)
		if err == nil {
			_, err = part.Write(document)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+path, &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	return p.Do(request)
}

func sealedReportOf(t *testing.T, p *apptest.Platform, name string, document []byte) apptest.Answer {
	t.Helper()
	return uploaded(t, p, "/api/v1/verification-reports", "file", name, document)
}

// checkedOnThePage uploads a file at /verify and gives what the page holds of its report.
func checkedOnThePage(t *testing.T, p *apptest.Platform, name string, document []byte) (held string, page apptest.Answer) {
	t.Helper()
	page = uploaded(t, p, "/verify", "verify-file", name, document)
	if page.Status != http.StatusOK {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if found := heldReport.FindStringSubmatch(page.Text); found != nil {
		held = found[1]
	}
	return held, page
}

func downloadReport(t *testing.T, p *apptest.Platform, held string) apptest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+"/verify/report", strings.NewReader(url.Values{"report": {held}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.Do(request)
}

// TestReportOfAVerificationIsSealed: who uploads a file takes the report along under the seal of the operator, which anybody verifies. The file
// is not kept, and nothing that it says of itself stands in the report.
func TestReportOfAVerificationIsSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		const lie = "此文件真实有效"
		stranger := sealtest.NewWorld(t, sealtest.NewTwin())
		seal := stranger.Active(t, sealtest.SampleApplication(1))
		_, foreign, err := stranger.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if held, page := checkedOnThePage(t, p, "a.ofd", foreign); held != "" || strings.Contains(page.Text, "verify-report-sealed") {
			t.Error("a report is offered without a seal in use")
		}
		operatorSeal(t, p)
		held, page := checkedOnThePage(t, p, lie+".ofd", foreign)
		if held == "" || !strings.Contains(page.Text, "verify-report-sealed") {
			t.Fatal("no report is offered")
		}
		a := downloadReport(t, p, held)
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/ofd" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; filename=yinxin-report-") {
			t.Fatalf("%d %v %s", a.Status, a.Header, a.Text)
		}
		report := []byte(a.Text)
		judged := verified(t, p, report)
		if judged.Verdict != verify.Valid || judged.Code != "V00" || len(judged.Signatures) != 1 || judged.Signatures[0].Seal.SealID != apptest.OperatorSeal || !judged.Coverage.Complete {
			t.Errorf("the report is %s %s: %+v", judged.Verdict, judged.Code, judged.Reasons)
		}
		shown, sum := textOf(t, report), digest.Hex(foreign)
		for _, want := range []string{"核验报告", "无法确定", "V24", "发章机构不在信任列表", sum[:32], sum[32:], "untrusted_root", "一网通办"} {
			if !strings.Contains(shown, want) {
				t.Errorf("%q is not in the report", want)
			}
		}
		for _, never := range []string{lie, seal.Name, seal.Owner, "Issuing CA"} {
			if strings.Contains(shown, never) {
				t.Errorf("%q was proved by nobody and stands in the report", never)
			}
		}

		// A report about a report: what was proved is named.
		held, _ = checkedOnThePage(t, p, "report.ofd", report)
		if a = downloadReport(t, p, held); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		if shown = textOf(t, []byte(a.Text)); !strings.Contains(shown, "V00") || !strings.Contains(shown, apptest.OperatorSeal) {
			t.Error("the seal that was proved is not named")
		}

		// Programs get the same document at once.
		sealed := sealedReportOf(t, p, lie+".ofd", foreign)
		if sealed.Status != http.StatusOK || sealed.Header.Get("Content-Type") != "application/ofd" || !strings.HasPrefix(sealed.Header.Get("Content-Disposition"), "attachment; filename=yinxin-report-") || !strings.Contains(sealed.Header.Get("Cache-Control"), "no-store") {
			t.Fatalf("%d %v", sealed.Status, sealed.Header)
		}
		if judged := verified(t, p, []byte(sealed.Text)); judged.Code != "V00" || judged.Signatures[0].Seal.SealID != apptest.OperatorSeal {
			t.Errorf("the report is %s", judged.Code)
		}
		if shown := textOf(t, []byte(sealed.Text)); !strings.Contains(shown, "V24") || !strings.Contains(shown, sum[:32]) || strings.Contains(shown, lie) {
			t.Error("the report for programs says something else")
		}

		at := strings.IndexByte(held, '.') + 1
		for name, bad := range map[string]string{"nothing": "", "another key": "key_none" + held[at-1:], "no key": held[at-1:], "changed": held[:at] + "A" + held[at+1:], "cut": held[:len(held)-8], "not of its alphabet": held + "!"} {
			if name == "changed" && bad == held {
				bad = held[:at] + "B" + held[at+1:]
			}
			a := downloadReport(t, p, bad)
			if name == "no key" { // the current key is asked, which closed it
				continue
			}
			if a.Status != http.StatusBadRequest || !strings.Contains(a.Text, string(fault.ReportOver)) {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		p.Advance(31 * time.Minute)
		if a := downloadReport(t, p, held); a.Status != http.StatusBadRequest || !strings.Contains(a.Text, string(fault.ReportOver)) {
			t.Errorf("after half an hour: %d", a.Status)
		}
		status := 0
		for range 21 {
			status = downloadReport(t, p, held).Status
		}
		if status != http.StatusTooManyRequests {
			t.Errorf("one source asks without an end: %d", status)
		}
		if status := sealedReportOf(t, p, "a.ofd", foreign).Status; status != http.StatusTooManyRequests {
			t.Errorf("programs ask without an end: %d", status)
		}
	})
}

// TestEvidenceIsPackedForPrograms: a document comes back with all that its verdict leans on, and the package is judged as the document is; what is
// no document is refused, and one source does not ask without an end.
func TestEvidenceIsPackedForPrograms(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		operatorSeal(t, p)
		_, document := issued(t, p)
		packed := uploaded(t, p, "/api/v1/evidence-packages", "file", "证照.ofd", document)
		if packed.Status != http.StatusOK || packed.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(packed.Header.Get("Content-Disposition"), "attachment; filename=yinxin-evidence-") || !strings.Contains(packed.Header.Get("Cache-Control"), "no-store") {
			t.Fatalf("%d %v %s", packed.Status, packed.Header, packed.Text)
		}
		whole, alone := verified(t, p, []byte(packed.Text)), verified(t, p, document)
		if alone.Code != "V00" || whole.Verdict != alone.Verdict || whole.Format != "evidence" || !strings.Contains(packed.Text, "evidence.cbor") {
			t.Errorf("the document is %s, the package %s %s: %+v", alone.Code, whole.Format, whole.Code, whole.Reasons)
		}
		cut := []byte(packed.Text)
		cut[len(cut)/2] ^= 1
		if changed := verified(t, p, cut); changed.Verdict == verify.Valid {
			t.Error("a changed package is valid")
		}
		if a := uploaded(t, p, "/api/v1/evidence-packages", "file", "a.txt", []byte("这是一段文字")); a.Status != http.StatusUnsupportedMediaType {
			t.Errorf("a text: %d %s", a.Status, a.Text)
		}
		if a := uploaded(t, p, "/api/v1/evidence-packages", "other", "a.ofd", document); a.Status != http.StatusBadRequest {
			t.Errorf("no file: %d %s", a.Status, a.Text)
		}
		if a := uploaded(t, p, "/api/v1/evidence-packages", "file file", "a.ofd", document); a.Status != http.StatusBadRequest {
			t.Errorf("two files: %d %s", a.Status, a.Text)
		}
		status := 0
		for range 21 {
			status = uploaded(t, p, "/api/v1/evidence-packages", "other", "a.ofd", nil).Status
		}
		if status != http.StatusTooManyRequests {
			t.Errorf("one source asks without an end: %d", status)
		}
	})
}
