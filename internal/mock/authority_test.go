package mock_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/mock"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/simca"
)

// TestAuthorityOfTheMock: a documented person binds a test certificate, signs in with it and does so no more once it is revoked; nobody
// else gets one.
func TestAuthorityOfTheMock(t *testing.T) {
	report := start(t, mock.Options{})
	post := func(path string, body map[string]any) (int, map[string]string) {
		t.Helper()
		content, _ := json.Marshal(body)
		response, err := http.Post(report.Peers.Authority+path, "application/json", bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer := map[string]string{}
		text, _ := io.ReadAll(response.Body)
		json.Unmarshal(text, &answer)
		return response.StatusCode, answer
	}
	for name, body := range map[string]map[string]any{"nobody": {"name": "路人甲", "number": "99990019800101001X"}, "an empty question": {}, "an unknown field": {"name": "李四", "number": "99990019800101001X", "admin": true},
		"a life of years": {"name": "李四", "number": "99990019800101001X", "lives_for": 1 << 60}, "a life before its birth": {"name": "李四", "number": "99990019800101001X", "lives_for": -1}} {
		if status, answer := post("/certificates", body); status < 400 || answer["certificate"] != "" {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, given := post("/certificates", map[string]any{"name": "示例市青禾商贸有限公司", "number": "91999900MA0000015N"}); status != http.StatusOK || !strings.Contains(given["notice"], "不具法律效力") {
		t.Errorf("an organisation: %d", status)
	}
	_, given := post("/certificates", map[string]any{"name": "李四", "number": "99990019800101001X"})
	parsed, err := pki.ParseCertificates([]byte(given["certificate"]))
	if err != nil || !strings.Contains(parsed[0].Subject.String(), simca.Mark) {
		t.Fatalf("%v %v", given, err)
	}
	show := func(b *walk.Browser, address string) {
		t.Helper()
		open(t, b, address)
		_, signed := post("/signatures", map[string]any{"serial": given["serial"], "text": b.Page.TextOf("certificate-challenge")})
		submit(t, b, map[string]string{"certificate": given["certificate"], "signature": signed["signature"]})
	}
	b := walk.New(nil)
	open(t, b, report.Issuer+"/login")
	submit(t, b, map[string]string{"login-identifier": "13800138001", "login-password": mock.Password})
	show(b, report.Issuer+"/proofing/certificate")
	if !b.Page.Has("proofing-outcome") {
		t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
	}
	show(b, report.Issuer+"/me/security/certificate")
	other := walk.New(nil)
	if show(other, report.Issuer+"/login/certificate"); !other.Page.Has("identity") {
		t.Fatalf("%d %s", other.Page.Status, other.Page.Text)
	}
	if status, _ := post("/revocations", map[string]any{"serial": given["serial"], "reason": "no such reason"}); status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown reason: %d", status)
	}
	if status, _ := post("/revocations", map[string]any{"serial": given["serial"], "reason": "superseded"}); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	late := walk.New(nil)
	if show(late, report.Issuer+"/login/certificate"); late.Page.Status != http.StatusUnauthorized {
		t.Errorf("a revoked certificate signs in: %d", late.Page.Status)
	}
	for n := 0; ; n++ {
		if open(t, b, report.Issuer+"/me"); !strings.Contains(b.Page.TextOf("identity"), "现场") {
			break
		}
		if n == 300 {
			t.Fatal("the level stays")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if status, _ := post("/lists", map[string]any{"late": true}); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	response, err := http.Get(report.Peers.Authority + "/list")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, _ := io.ReadAll(response.Body)
	if list, err := pki.ParseCRL(content); err != nil || list.NextUpdate.After(time.Now()) || len(list.Entries) != 1 {
		t.Errorf("the late list: %v", err)
	}
}
