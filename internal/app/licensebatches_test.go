package app_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestBatchesOfLicencesOnPages: a clerk uploads a file, finds the columns again that were chosen when the session ended, and hands it in; the home pages
// of others say that it waits, and a node issues it once it is started.
func TestBatchesOfLicencesOnPages(t *testing.T) {
	const clerkLogin, issuerLogin, code = "13800139451", "13800139452", "11100000MB03271699001"
	p := apptest.Start(t, database(t))
	issued(t, p) // the authority is registered
	p.Persona(clerkLogin, "张三", 3, elicense.RoleClerk)
	p.Persona(issuerLogin, "李四", 3, elicense.RoleReviewer, elicense.RoleIssuer)
	kind, _ := catalog.Find(code)
	fields, _ := elicense.BatchFields(kind)
	columns, row := []string{elicense.KeyBusiness}, []string{"W1"}
	for _, key := range fields[1:] {
		columns, row = append(columns, key), append(row, `"`+kind.Sample.First(key)+`"`)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for input, value := range map[string]string{"batch-key": "key-00001", "batch-type": code, "batch-authority": kind.Sample.First(catalog.KeyAuthorityCode), "batch-encoding": "auto"} {
		_ = form.WriteField(input, value)
	}
	part, err := form.CreateFormFile("batch-file", "十一月.csv")
	if err == nil {
		_, err = part.Write([]byte(strings.Join(columns, ",") + "\n" + strings.Join(row, ",") + "\n"))
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	clerk := p.SignInStaff(clerkLogin)
	openPage(t, p, clerk, "/license")
	if !strings.Contains(clerk.Page.Source, `href="/license/batches"`) {
		t.Error("no way to the batches")
	}
	sendForm(t, p, clerk, "/license/batches", form.FormDataContentType(), body.Bytes())
	at := clerk.Page.URL.Path
	if !strings.HasPrefix(at, "/license/batches/items/") || !strings.Contains(clerk.Page.Text, "可签发（1）") {
		t.Fatalf("%s: %s", clerk.Page.URL, clerk.Page.Text)
	}
	clerk = keptFormOf(t, p, clerkLogin, at+"/mapping", urlencodedType, urlencodedForm("map-business_number", "2"))
	staffAgain(t, clerk, clerkLogin)
	if clerk.Page.URL.Path != at+"/mapping" || !strings.Contains(clerk.Page.Text, formTyped) || strings.Count(clerk.Page.Source, `<option value="2" selected>`+columns[2]+`</option>`) != 2 { // its own input has it too
		t.Errorf("the columns that were chosen: %s", clerk.Page.URL)
	}
	if page := submit(t, clerk, p.URL+at, map[string]string{"batch-submit": "1", "batch-which": "good"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "待复核") {
		t.Fatalf("handed in: %d %s", page.Status, page.Text)
	}

	issuer := p.SignInStaff(issuerLogin)
	openPage(t, p, issuer, "/staff")
	if !strings.Contains(issuer.Page.Text, "待复核的批次") || strings.Contains(issuer.Page.Text, "待签发的批次") || !strings.Contains(issuer.Page.Source, "/license/batches?state=in_review") {
		t.Errorf("the home page of a reviewer: %s", issuer.Page.Text)
	}
	openPage(t, p, clerk, "/staff")
	if strings.Contains(clerk.Page.Text, "待复核的批次") {
		t.Error("a batch waits for who uploaded it")
	}
	submit(t, issuer, p.URL+at, map[string]string{"batch-approve": "1"})
	openPage(t, p, issuer, "/staff")
	if !strings.Contains(issuer.Page.Text, "待签发的批次") {
		t.Errorf("the home page of an issuer: %s", issuer.Page.Text)
	}
	submit(t, issuer, p.URL+at, map[string]string{"batch-start": "1"})
	eventually(t, "the batch is not done", func() bool {
		openPage(t, p, issuer, at+"?result=issued")
		return strings.Contains(issuer.Page.Text, "已完成") && strings.Contains(issuer.Page.Text, "签发回执")
	})
	openPage(t, p, issuer, at+"/results")
	if !strings.Contains(issuer.Page.Source, "2,W1,issued,") {
		t.Errorf("the results: %s", issuer.Page.Source)
	}
	if events := audited(t, p, "list.exported"); len(events) != 1 || events[0].Details["rows"] != "1" {
		t.Errorf("that they were taken along is not on record: %v", events)
	}
}

// TestImportOfLicencesOnPages: a register of older times is put on record by three people, and each record has its page.
func TestImportOfLicencesOnPages(t *testing.T) {
	const clerkLogin, issuerLogin, code = "13800139451", "13800139452", "11100000MB03271699001"
	p := apptest.Start(t, database(t))
	issued(t, p) // the authority is registered
	p.Persona(clerkLogin, "张三", 3, elicense.RoleClerk)
	p.Persona(issuerLogin, "李四", 3, elicense.RoleReviewer, elicense.RoleIssuer)
	kind, _ := catalog.Find(code)
	id, err := catalog.MakeID(code, kind.Sample.First(catalog.KeyAuthorityCode), "2019A0001", 1)
	if err != nil {
		t.Fatal(err)
	}
	const line = "license_id,holder_name,holder_code_type,holder_code\n"
	row := strings.Join([]string{id.String(), "王小明", "111", "11010519491231002X"}, ",")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for input, value := range map[string]string{"batch-kind": "import", "batch-key": "key-00001", "batch-type": code, "batch-authority": kind.Sample.First(catalog.KeyAuthorityCode), "batch-encoding": "auto"} {
		_ = form.WriteField(input, value)
	}
	part, err := form.CreateFormFile("batch-file", "存量.csv")
	if err == nil {
		_, err = part.Write([]byte(line + row + "\n" + "x,y,111,z\n"))
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	clerk, issuer := p.SignInStaff(clerkLogin), p.SignInStaff(issuerLogin)
	sendForm(t, p, clerk, "/license/batches", form.FormDataContentType(), body.Bytes())
	at := clerk.Page.URL.Path
	for _, words := range []string{"归集存量证照", "可归集（1）", "不能归集（1）", "没有证照文件", "YX-LIC-445"} {
		if !strings.Contains(clerk.Page.Text, words) {
			t.Errorf("no %s: %s", words, clerk.Page.Text)
		}
	}
	submit(t, clerk, p.URL+at, map[string]string{"batch-submit": "1", "batch-which": "good"})
	submit(t, issuer, p.URL+at, map[string]string{"batch-approve": "1"})
	submit(t, issuer, p.URL+at, map[string]string{"batch-start": "1"})
	eventually(t, "the import is not done", func() bool {
		openPage(t, p, issuer, at+"?result=taken")
		return strings.Contains(issuer.Page.Text, "已完成") && strings.Contains(issuer.Page.Text, "下载归集回执")
	})
	_, rest, _ := strings.Cut(issuer.Page.Source, `href="/license/batches/imports/`)
	record, _, _ := strings.Cut(rest, `"`)
	openPage(t, p, issuer, "/license/batches/imports/"+record)
	for _, words := range []string{"他处签发，已归集", id.String(), "王小明", "证照状态未知"} {
		if !strings.Contains(issuer.Page.Text, words) {
			t.Errorf("the record has no %s: %s", words, issuer.Page.Text)
		}
	}
	if strings.Contains(issuer.Page.Source, record+"/file") {
		t.Error("a document that is not there is offered")
	}
	openPage(t, p, issuer, at+"/results?result=taken")
	if !strings.Contains(issuer.Page.Source, ",taken,") || !strings.Contains(issuer.Page.Source, "no_file") {
		t.Errorf("the receipts: %s", issuer.Page.Source)
	}
	if len(audited(t, p, "license.imported")) != 1 || len(audited(t, p, "license.import.read")) != 1 {
		t.Error("it is not on record")
	}
}
