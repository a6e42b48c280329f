package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

// crashRows is how many licences a batch of the crash tests asks for: more than a node issues before it is killed.
const crashRows = 40

// startBatch takes a batch to where the node issues its rows.
func (n *node) startBatch(name string) (id string) {
	n.t.Helper()
	t, _ := catalog.Find(crashType)
	var file, body bytes.Buffer
	fields, _ := elicense.BatchFields(t)
	for i := range crashRows {
		row := map[string][]string{}
		for _, key := range fields {
			if values := t.Sample[key]; len(values) > 0 && key != catalog.KeyEffectiveDate && key != catalog.KeyExpiringDate {
				row[key] = values
			}
		}
		row[elicense.KeyBusiness] = []string{fmt.Sprintf("%s-%d", name, i)}
		if err := json.NewEncoder(&file).Encode(row); err != nil {
			n.t.Fatal(err)
		}
	}
	form := multipart.NewWriter(&body)
	_ = form.WriteField("order", fmt.Sprintf(`{"license_type_code":%q,"issuing_authority_code":%q,"format":"jsonl"}`, t.Code, t.Sample.First(catalog.KeyAuthorityCode)))
	part, err := form.CreateFormFile("file", name+".jsonl")
	if err != nil {
		n.t.Fatal(err)
	}
	_, _ = part.Write(file.Bytes())
	_ = form.Close()
	request, err := http.NewRequest(http.MethodPost, n.issuer+"/api/v1/license-batches", &body)
	if err != nil {
		n.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Idempotency-Key", "crash-"+name)
	request.Header.Set("Authorization", "Bearer "+n.tokens["clerk"])
	response, err := n.client.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	var b struct {
		ID     string         `json:"id"`
		Counts map[string]int `json:"counts"`
	}
	content, _ := io.ReadAll(response.Body)
	if err := json.Unmarshal(content, &b); err != nil || b.Counts["ready"] != crashRows {
		n.t.Fatalf("batch: %s %v", content, err)
	}
	at := "/api/v1/license-batches/" + b.ID
	n.must("clerk", http.MethodPost, at+"/submission", map[string]bool{"whole": true}, nil)
	n.must("reviewer", http.MethodPost, at+"/review", map[string]string{"decision": "approve"}, nil)
	n.must("issuer", http.MethodPost, at+"/start", nil, nil)
	return b.ID
}

// finishBatch waits until a batch is done and adds the licences of its receipts to their owners: one for each row.
func (n *node) finishBatch(id string, owners map[string]string) {
	n.t.Helper()
	at := "/api/v1/license-batches/" + id
	var b struct {
		State  string         `json:"state"`
		Counts map[string]int `json:"counts"`
	}
	for range 4800 { // twenty minutes: the lease of the dead node, and the rows of every batch before it
		if n.must("issuer", http.MethodGet, at, nil, &b); b.State != "running" {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	if b.State != "done" || b.Counts["issued"] != crashRows {
		n.t.Fatalf("batch %s after the kills: %+v\n%s", id, b, n.talk)
	}
	var page struct {
		Items []struct {
			BusinessNumber string `json:"business_number"`
			LicenseID      string `json:"license_id"`
		} `json:"items"`
	}
	n.must("issuer", http.MethodGet, at+"/rows?limit=1000", nil, &page)
	for _, row := range page.Items {
		if other, taken := owners[row.LicenseID]; taken || row.LicenseID == "" {
			n.t.Errorf("%s and %q have the same identifier %q", row.BusinessNumber, other, row.LicenseID)
		}
		owners[row.LicenseID] = row.BusinessNumber
	}
	if len(page.Items) != crashRows {
		n.t.Errorf("%d receipts", len(page.Items))
	}
}
