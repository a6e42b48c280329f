package licensehttp_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/reqctx"

	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
)

// TestImportOverTheAPI: a document of another platform is judged, put on record and given as it came, to staff and to its holder.
func TestImportOverTheAPI(t *testing.T) {
	elsewhere := newSite(t)
	id := elsewhere.issued("B1")
	name, document, err := elsewhere.world.Service.Document(licensetest.Issuer, id)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for file, content := range map[string][]byte{name: document, "readme.txt": []byte("x")} {
		w, err := z.Create(file)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	rec := s.sendBatch(clerk, "key-00001", batchOrder+`,"kind":"import","format":"zip"}`, archive.String())
	if rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var b map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if counts := b["counts"].(map[string]any); b["kind"] != "import" || counts["ready"] != 1.0 || counts["refused"] != 1.0 {
		t.Errorf("%v", b)
	}
	at := batchesPath + "/" + b["id"].(string)
	s.json(clerk, http.MethodPost, at+"/submission", map[string]any{"whole": false}, 200)
	s.json(reviewer, http.MethodPost, at+"/review", map[string]any{"decision": "approve"}, 200)
	s.json(issuer, http.MethodPost, at+"/start", nil, 200)
	if n, err := s.world.Service.RunBatches(context.Background()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	rows := s.json(clerk, http.MethodGet, at+"/rows?result=taken", nil, 200)["items"].([]any)
	receipt := rows[0].(map[string]any)
	if flags := receipt["flags"].([]any); len(rows) != 1 || flags[0] != "untrusted_issuer" || receipt["license_id"].(string)+".OFD" != name {
		t.Errorf("%v", rows)
	}
	record := "/api/v1/imported-licenses/" + receipt["id"].(string)
	got := s.json(reviewer, http.MethodGet, record, nil, 200)
	if got["license_id"] != receipt["license_id"] || got["recorded_by"] != licensetest.AuthorityCode || got["file_sm3"] != receipt["file_sm3"] || got["data"].(map[string]any)["holder_name"] == nil {
		t.Errorf("%v", got)
	}
	s.json(stranger, http.MethodGet, record, nil, 404)
	file := "/me/imported-licenses/" + receipt["id"].(string) + "/file"
	s.page(person, file, http.StatusNotFound) // nobody told yet whose it is
	message, _ := json.Marshal(elicense.Notice{License: receipt["id"].(string)})
	if err := s.world.Service.ClaimImported(context.Background(), message, func(context.Context, string, string) (string, error) { return licensetest.Holder, nil }); err != nil {
		t.Fatal(err)
	}
	for path, as := range map[string]caller{record + "/file": clerk, file: person, licensehttp.BatchesPath + "/imports/" + receipt["id"].(string) + "/file": clerk} {
		if rec := s.send(as, http.MethodGet, path, "", nil); rec.Code != 200 || !bytes.Equal(rec.Body.Bytes(), document) || rec.Header().Get("Content-Type") != "application/ofd" {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	s.page(stranger, file, http.StatusNotFound)
	page := s.page(clerk, licensehttp.BatchesPath+"/imports/"+receipt["id"].(string), 200)
	if !strings.Contains(page, receipt["license_id"].(string)) || !strings.Contains(page, "/file") {
		t.Error("the page of the record")
	}
	cards, err := licensehttp.Cards(reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder}), s.world.Service)
	if err != nil || len(cards) != 1 || cards[0].Status != "imported" || cards[0].PresentURL+cards[0].GrantURL != "" || cards[0].DownloadURL != file {
		t.Errorf("%+v %v", cards, err)
	}
}
