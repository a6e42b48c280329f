package elements_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/bankcard"
	"github.com/yinxin-gov/yinxin/idp/proofing/carrier"
	"github.com/yinxin-gov/yinxin/idp/proofing/face"
	"github.com/yinxin-gov/yinxin/idp/proofing/visit"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/reconcile/gateway"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// TestNumbersOfOneCountryAreAskedWithIt: two countries give out the same passport number, so each source is asked about both; a
// resident's number goes without.
func TestNumbersOfOneCountryAreAskedWithIt(t *testing.T) {
	var asked map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		result := "match"
		if strings.HasPrefix(r.URL.Path, "/register") {
			result = "confirmed"
		}
		json.NewEncoder(w).Encode(map[string]any{"request_id": asked["request_id"], "result": result, "handle": "h", "url": "http://" + r.Host + "/visit"})
	}))
	defer server.Close()
	calls := outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})
	client := source.New(source.Config{Name: "s", URL: server.URL, Token: "t", Now: time.Now, Client: calls})
	pages, err := visit.New(client, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{subject.Passport, subject.CitizenID}
	ctx := context.Background()
	for name, ask := range map[string]func(q proofing.Query) error{
		"carrier": func(q proofing.Query) error { _, err := carrier.New(client, kinds).Ask(ctx, q); return err },
		"bank":    func(q proofing.Query) error { _, err := bankcard.New(client, kinds).Ask(ctx, q); return err },
		"face": func(q proofing.Query) error {
			_, err := face.New(pages, kinds).Begin(ctx, q, "https://here.example/")
			return err
		},
		"register": func(q proofing.Query) error {
			_, err := gateway.New(gateway.Config{URL: server.URL + "/register", Token: "t", Client: calls}).
				Ask(ctx, reconcile.Question{RequestID: q.RequestID, Name: q.Name, IDType: q.IDType, IDNumber: q.IDNumber, Nationality: q.Nationality})
			return err
		},
	} {
		for _, q := range []proofing.Query{
			{RequestID: "r", Name: "SMITH JOHN", IDType: subject.Passport, IDNumber: "L898902C3", Nationality: "GBR", Card: "1", Mobile: "+8613800138000"},
			{RequestID: "r", Name: "张三", IDType: subject.CitizenID, IDNumber: "11010519491231002X", Card: "1", Mobile: "+8613800138000"},
		} {
			if err := ask(q); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if told, there := asked["nationality"]; there != (q.Nationality != "") || there && told != q.Nationality {
				t.Errorf("%s: asked with nationality %v about %q", name, told, q.Nationality)
			}
		}
	}
}
