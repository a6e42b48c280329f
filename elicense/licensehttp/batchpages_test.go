package licensehttp_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

const batchPages = "/license/batches"

// uploadBatch sends the form of an upload as a browser does.
func (s *site) uploadBatch(as caller, fields map[string]string, name, content string) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for input, value := range fields {
		_ = form.WriteField(input, value)
	}
	part, err := form.CreateFormFile("batch-file", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return s.send(as, http.MethodPost, batchPages, form.FormDataContentType(), &body)
}

func uploadFields(key string) map[string]string {
	return map[string]string{"batch-key": key, "batch-type": licensetest.BusinessLicense, "batch-authority": licensetest.AuthorityCode, "batch-format": "", "batch-encoding": "auto"}
}

func (s *site) postForm(as caller, path string, form url.Values) *httptest.ResponseRecorder {
	return s.send(as, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// opened opens a page that is there.
func (s *site) opened(as caller, path string) string {
	s.t.Helper()
	rec := s.send(as, http.MethodGet, path, "", nil)
	if rec.Code != http.StatusOK {
		s.t.Fatalf("%s for %s: %d %s", path, as.id, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// step presses a button and wants the page of the batch again.
func (s *site) step(as caller, at, step string, form url.Values) {
	s.t.Helper()
	if rec := s.postForm(as, at+"/"+step, form); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != at {
		s.t.Fatalf("%s by %s: %d %s", step, as.id, rec.Code, rec.Body)
	}
}

// batchAt is the address of the batch of an upload.
func (s *site) batchAt(rec *httptest.ResponseRecorder) string {
	s.t.Helper()
	at := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(at, batchPages+"/items/lbt_") {
		s.t.Fatalf("%d %s %s", rec.Code, at, rec.Body)
	}
	return at
}

var buttonOfBatch = regexp.MustCompile(`<button[^>]* id="batch-([a-z]+)"`)

// buttons are the steps that a page offers.
func buttons(page string) (names []string) {
	for _, found := range buttonOfBatch.FindAllStringSubmatch(page, -1) {
		names = append(names, found[1])
	}
	return names
}

// TestBatchOnPages: a file is uploaded, its columns are completed, another person approves it, it is started, paused, goes on, and gives receipts.
func TestBatchOnPages(t *testing.T) {
	s := newSite(t)
	if page := s.opened(clerk, batchPages); !strings.Contains(page, "没有批次") || !strings.Contains(page, `href="/license/batches/new"`) {
		t.Error("the empty list of a clerk")
	}
	if page := s.opened(reviewer, batchPages); strings.Contains(page, "/license/batches/new") {
		t.Error("a reviewer is offered an upload")
	}
	form := s.opened(clerk, batchPages+"/new")
	key := regexp.MustCompile(`name="batch-key" value="([^"]{8,})"`).FindStringSubmatch(form)
	if key == nil || !strings.Contains(form, `enctype="multipart/form-data"`) || !strings.Contains(form, `type="file"`) {
		t.Fatal("the form of an upload")
	}
	file := strings.Replace(licensetest.SampleFile("B1", "B2", "B2", "B4"), "住所", "地方", 1)
	rec := s.uploadBatch(clerk, uploadFields(key[1]), "批次.csv", file)
	at := s.batchAt(rec)
	if again := s.batchAt(s.uploadBatch(clerk, uploadFields(key[1]), "批次.csv", file)); again != at {
		t.Errorf("the form sent twice: %s and %s", at, again)
	}
	page := s.opened(clerk, at)
	if !strings.Contains(page, "未对应（必填）") || !strings.Contains(page, "YX-LIC-430") || !strings.Contains(page, "不能签发（4）") || !slices.Equal(buttons(page), []string{"submit"}) {
		t.Errorf("the page of a batch without a column: %s", page)
	}
	if rec := s.postForm(clerk, at+"/submit", url.Values{"batch-which": {"good"}}); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "没有可签发的行") {
		t.Errorf("a batch without a good row: %d", rec.Code)
	}

	mapping := s.opened(clerk, at+"/mapping")
	column := regexp.MustCompile(`<option value="(\d+)">地方</option>`).FindStringSubmatch(mapping)
	if column == nil {
		t.Fatal("the column is not on offer")
	}
	chosen := url.Values{}
	for _, field := range regexp.MustCompile(`(?s)<select id="map-([^"]+)".*?</select>`).FindAllStringSubmatch(mapping, -1) {
		value := regexp.MustCompile(`<option value="(\d*)" selected`).FindStringSubmatch(field[0])
		if value != nil {
			chosen.Set("map-"+field[1], value[1])
		}
	}
	if rec := s.postForm(clerk, at+"/mapping", chosen); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `id="map-domicile-error"`) {
		t.Errorf("columns without a required one: %d", rec.Code)
	}
	chosen.Set("map-domicile", column[1])
	if rec := s.postForm(clerk, at+"/mapping", chosen); rec.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if page := s.opened(clerk, at+"?result=refused"); !strings.Contains(page, "YX-LIC-436") || strings.Contains(page, "B4") {
		t.Error("the rows that are refused")
	}
	if line := s.opened(reviewer, at+"/rows/3"); !strings.Contains(line, "业务编号") || !strings.Contains(line, "B2") || !strings.Contains(line, "YX-LIC-436") || strings.Contains(line, "B4") {
		t.Error("what stands in a line")
	}
	if rec := s.postForm(clerk, at+"/submit", url.Values{"batch-which": {"whole"}}); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `<option value="whole" selected`) {
		t.Errorf("all rows, of which two are refused: %d", rec.Code)
	}
	s.step(clerk, at, "submit", url.Values{"batch-which": {"good"}})

	both := caller{clerk.id, elicense.RoleClerk + " " + elicense.RoleReviewer}
	if page := s.opened(both, at); len(buttons(page)) != 0 || strings.Contains(page, at+"/mapping") {
		t.Error("the uploader is offered a review")
	}
	if rec := s.postForm(both, at+"/approve", nil); rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "复核人不能是录入人") {
		t.Errorf("the uploader approves: %d", rec.Code)
	}
	if got := buttons(s.opened(reviewer, at)); !slices.Equal(got, []string{"approve", "return", "reject"}) {
		t.Errorf("a reviewer is offered %v", got)
	}
	read := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(s.opened(reviewer, at))
	if read == nil {
		t.Fatal("the forms do not say what was read")
	}
	if rec := s.postForm(reviewer, at+"/return", url.Values{"reason": {" "}}); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `id="batch-return-reason-error"`) {
		t.Errorf("returned without a reason: %d", rec.Code)
	}
	if rec := s.postForm(reviewer, at+"/return", url.Values{"reason": {strings.Repeat("请", 501)}}); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("returned with a reason of 501 characters: %d", rec.Code)
	}
	s.step(reviewer, at, "return", url.Values{"reason": {strings.Repeat("请补", 100)}}) // as long as its input takes
	if page := s.opened(clerk, at); !strings.Contains(page, "请补请补") || !slices.Equal(buttons(page), []string{"submit"}) {
		t.Error("a returned batch")
	}
	s.step(clerk, at, "submit", url.Values{"batch-which": {"good"}})
	if rec := s.postForm(reviewer, at+"/approve", url.Values{"version": read[1:]}); rec.Code != http.StatusConflict {
		t.Errorf("approved by a page that is older than what was handed in: %d", rec.Code)
	}
	s.step(reviewer, at, "approve", nil)
	if rec := s.postForm(reviewer, at+"/reject", url.Values{"reason": {"晚了"}}); rec.Code != http.StatusConflict {
		t.Errorf("rejected after it was approved: %d", rec.Code)
	}
	if got := buttons(s.opened(issuer, at)); !slices.Equal(got, []string{"start", "cancel"}) {
		t.Errorf("an issuer is offered %v", got)
	}
	s.step(issuer, at, "start", nil)
	s.step(issuer, at, "pause", nil)
	if got := buttons(s.opened(issuer, at)); !slices.Equal(got, []string{"resume", "cancel"}) {
		t.Errorf("of a paused batch an issuer is offered %v", got)
	}
	s.step(issuer, at, "resume", nil)
	if n, err := s.world.Service.RunBatches(context.Background()); n != 2 || err != nil {
		t.Fatal(n, err)
	}

	page = s.opened(clerk, at+"?result=issued")
	receipts := regexp.MustCompile(`<a href="(/license/lic_[^"]+)">`).FindAllStringSubmatch(page, -1)
	if len(receipts) != 2 || len(buttons(page)) != 0 || !strings.Contains(page, "已完成") {
		t.Fatalf("receipts: %v", receipts)
	}
	s.opened(clerk, receipts[0][1])
	if rec := s.send(clerk, http.MethodGet, at+"/rows/2", "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("a line of a batch that ended: %d", rec.Code)
	}
	if page := s.opened(clerk, batchPages+"?state=done"); !strings.Contains(page, at) {
		t.Error("the list of batches that are done")
	}
	if page := s.opened(clerk, batchPages+"?state=running"); strings.Contains(page, at) {
		t.Error("the filter")
	}
	for filter, want := range map[string]string{"": "issued,refused,refused,issued", "?result=refused": "refused,refused", "?result=issued": "issued,issued"} {
		in := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.opened(clerk, at+"/results"+filter), "\ufeff")))
		in.FieldsPerRecord = -1
		lines, err := in.ReadAll()
		if err != nil || len(lines) < 2 {
			t.Fatal(lines, err)
		}
		var got []string
		for _, line := range lines[1 : len(lines)-1] {
			got = append(got, line[2])
		}
		if strings.Join(got, ",") != want || lines[len(lines)-1][1] != fmt.Sprint(len(got)) {
			t.Errorf("%s: %v", filter, lines)
		}
	}
}

// TestRowsOfABatchArePaged: every row stands on one page, also where rows of a state are asked for.
func TestRowsOfABatchArePaged(t *testing.T) {
	s := newSite(t)
	var numbers []string
	for i := range 101 {
		numbers = append(numbers, fmt.Sprintf("P%03d", i))
	}
	at := s.batchAt(s.uploadBatch(clerk, uploadFields("key-00001"), "p.csv", licensetest.SampleFile(numbers...)))
	for _, filter := range []string{"", "?result=ready"} {
		var seen []string
		pages, next := 0, at+filter
		for next != "" {
			page := s.opened(clerk, next)
			pages++
			seen = append(seen, regexp.MustCompile(`P\d{3}`).FindAllString(page, -1)...)
			next = ""
			if found := regexp.MustCompile(`<a class="button secondary" href="([^"]*after=[^"]*)"`).FindStringSubmatch(page); found != nil {
				next, _, _ = strings.Cut(strings.ReplaceAll(found[1], "&amp;", "&"), "#") // which no browser sends
			}
		}
		if pages != 3 || !slices.Equal(seen, numbers) {
			t.Errorf("%q: %d pages, %v", filter, pages, seen)
		}
	}
}

func TestUploadsOfBatchesThatAreRefused(t *testing.T) {
	s := newSite(t)
	with := func(input, value string) map[string]string {
		fields := uploadFields("key-00001")
		fields[input] = value
		return fields
	}
	good := licensetest.SampleFile("B1")
	for name, test := range map[string]struct {
		as            caller
		fields        map[string]string
		file, content string
		status        int
		wrong         string // input
	}{
		"nobody":             {nobody, uploadFields("key-00001"), "b.csv", good, http.StatusUnauthorized, ""},
		"reviewer":           {reviewer, uploadFields("key-00001"), "b.csv", good, http.StatusForbidden, ""},
		"no file":            {clerk, uploadFields("key-00001"), "", "", 422, "batch-file"},
		"no rows":            {clerk, uploadFields("key-00001"), "b.csv", "业务编号\n", 422, "batch-file"},
		"another encoding":   {clerk, with("batch-encoding", "utf-8"), "b.csv", "\xd2\xb5\xce\xf1\n1\n", 422, "batch-file"},
		"no JSON":            {clerk, uploadFields("key-00001"), "b.jsonl", good, 422, "batch-file"},
		"no such format":     {clerk, with("batch-format", "xlsx"), "b.csv", good, 422, "batch-file"},
		"no type":            {clerk, with("batch-type", ""), "b.csv", good, 422, "batch-type"},
		"no authority":       {clerk, with("batch-authority", "11990000MB7QX0000X"), "b.csv", good, 422, "batch-authority"},
		"no key":             {clerk, with("batch-key", ""), "b.csv", good, 422, ""},
		"too large":          {clerk, uploadFields("key-00001"), "b.csv", strings.Repeat("x", batchfile.MaxOctets+1), 413, "batch-file"},
		"larger than a form": {clerk, uploadFields("key-00001"), "b.csv", strings.Repeat("x", batchfile.MaxOctets+2<<20), 413, "batch-file"},
	} {
		rec := s.uploadBatch(test.as, test.fields, test.file, test.content)
		if rec.Code != test.status || strings.HasPrefix(rec.Header().Get("Location"), batchPages+"/items") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Header().Get("Location"))
		}
		if test.wrong != "" && !strings.Contains(rec.Body.String(), `id="`+test.wrong+`-error"`) {
			t.Errorf("%s: %s is not marked", name, test.wrong)
		}
	}
	at := s.batchAt(s.uploadBatch(clerk, uploadFields("key-00002"), "b.csv", good))
	other := s.uploadBatch(clerk, uploadFields("key-00002"), "b.csv", licensetest.SampleFile("B2"))
	if other.Code != http.StatusConflict || strings.Contains(other.Body.String(), `value="key-00002"`) {
		t.Errorf("another file under the same key: %d, or no new key", other.Code)
	}
	colleague := caller{"staff:other", elicense.RoleClerk}
	for name, test := range map[string]struct {
		as     caller
		method string
		path   string
		form   url.Values
		status int
	}{
		"the columns of a colleague":   {colleague, http.MethodGet, "/mapping", nil, http.StatusForbidden},
		"columns set by a colleague":   {colleague, http.MethodPost, "/mapping", url.Values{"map-business_number": {"0"}}, http.StatusForbidden},
		"a column that is none":        {clerk, http.MethodPost, "/mapping", url.Values{"map-business_number": {"99"}}, http.StatusBadRequest},
		"a column by a word":           {clerk, http.MethodPost, "/mapping", url.Values{"map-business_number": {"x"}}, http.StatusBadRequest},
		"handed in by a colleague":     {colleague, http.MethodPost, "/submit", nil, http.StatusForbidden},
		"approved by a clerk":          {colleague, http.MethodPost, "/approve", nil, http.StatusForbidden},
		"started before it is allowed": {issuer, http.MethodPost, "/start", nil, http.StatusConflict},
		"a step that is none":          {issuer, http.MethodPost, "/explode", nil, http.StatusNotFound},
		"a line that is none":          {clerk, http.MethodGet, "/rows/99", nil, http.StatusNotFound},
		"a line by a word":             {clerk, http.MethodGet, "/rows/x", nil, http.StatusNotFound},
		"a mark of no page":            {clerk, http.MethodGet, "?after=x", nil, http.StatusBadRequest},
		"the results for nobody":       {nobody, http.MethodGet, "/results", nil, http.StatusSeeOther},
		"the results for a person":     {person, http.MethodGet, "/results", nil, http.StatusForbidden},
	} {
		var rec *httptest.ResponseRecorder
		if test.method == http.MethodPost {
			rec = s.postForm(test.as, at+test.path, test.form)
		} else {
			rec = s.send(test.as, http.MethodGet, at+test.path, "", nil)
		}
		if rec.Code != test.status {
			t.Errorf("%s: %d, want %d", name, rec.Code, test.status)
		}
	}
}
