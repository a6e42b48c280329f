package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// exchanging is a platform with a licence and an application of a department that asks for it in the shape of GB/T 36906.
type exchanging struct {
	*apptest.Platform
	t       *testing.T
	client  idp.Client
	wallet  idp.Client // of the holder
	token   string
	private *jose.SoftDecrypter // of the key that the application registered; nil without one
	id      string              // row key of the licence
	file    []byte
	license string // its identifier
	base    map[string]any
}

const exchangedType = "11100000MB03271699001"

func startExchanging(t *testing.T, p *apptest.Platform, encrypted bool) *exchanging {
	t.Helper()
	p.Persona(mobile, "", 0)
	b := p.SignIn(mobile)
	submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	x := &exchanging{Platform: p, t: t}
	x.id, x.file = issued(t, p)
	c := idp.Client{ClientID: "fund", ClientName: "公积金业务系统", Department: "示例市住房公积金管理中心", GrantTypes: []string{"client_credentials"}, Scope: "license_user"}
	if encrypted {
		c.JWKS, x.private = encryptionKey(t, newClientKey(t, jose.SM2SM3))
		c.IDTokenKeyWrap = "SGD_SM2_3"
	}
	x.client = p.Client(c)
	x.token = clientToken(p, x.client).String("access_token")
	x.wallet = p.Client(idp.Client{ClientID: "wallet", ClientName: "随身办", Scope: "openid licenses"})
	wallet := p.Redeem(x.wallet, p.Code(b, x.wallet, nil).Get("code"), nil).String("access_token")
	eventually(t, "the licence is not delivered", func() bool {
		answer := p.Get("/api/v1/licenses/"+x.id, wallet)
		x.license = answer.String("license_id")
		return answer.Status == http.StatusOK
	})
	x.base = map[string]any{"certIdentifier": x.license, "useCause": "住房公积金业务", "itemCode": "330100-gjj-01", "caseNumber": "2026-1"}
	return x
}

// with are the members of a use of the licence, changed; nil takes one out.
func (x *exchanging) with(changes map[string]any) map[string]any {
	data := map[string]any{}
	for _, from := range []map[string]any{x.base, changes} {
		for name, value := range from {
			if data[name] = value; value == nil {
				delete(data, name)
			}
		}
	}
	return data
}

// ask calls an operation and gives the code of the head and data, decrypted.
func (x *exchanging) ask(operation string, data any) (status, message string, out any) {
	x.t.Helper()
	return x.askAs(operation, x.client.ClientID, x.token, data)
}

func (x *exchanging) askAs(operation, id, token string, data any) (status, message string, out any) {
	x.t.Helper()
	answer := call(x.t, x.Platform, http.MethodPost, "/gbt36906/v1/"+operation, "", map[string]any{"head": map[string]string{"accessId": id, "accessToken": token}, "data": data})
	var got struct {
		Head struct{ Status, Message string }
		Data json.RawMessage
	}
	if err := json.Unmarshal([]byte(answer.Text), &got); err != nil || answer.Status != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" {
		x.t.Fatalf("%s: %d %s", operation, answer.Status, answer.Text)
	}
	plain := []byte(got.Data)
	if x.private != nil && got.Head.Status == "0" {
		var envelope string
		if err := json.Unmarshal(plain, &envelope); err != nil {
			x.t.Fatalf("%s is not encrypted: %.200s", operation, plain)
		}
		opened, err := jose.Decrypt(context.Background(), envelope, []jose.Decrypter{x.private}, jose.DecryptPolicy{Type: "gbt36906+jwe", Longest: 64 << 20})
		if err != nil {
			x.t.Fatal(err)
		}
		plain = opened.Plaintext
	}
	if err := json.Unmarshal(plain, &out); err != nil {
		x.t.Fatal(err)
	}
	if got.Head.Status != "0" && out != nil {
		x.t.Errorf("%s: data beside the code %s: %v", operation, got.Head.Status, out)
	}
	return got.Head.Status, got.Head.Message, out
}

// take asks for something that is to be had.
func (x *exchanging) take(operation string, data any) map[string]any {
	x.t.Helper()
	status, message, out := x.ask(operation, data)
	members, _ := out.(map[string]any)
	if status != "0" {
		x.t.Fatalf("%s: %s %s", operation, status, message)
	}
	return members
}

// result is the answer of a verification.
func (x *exchanging) result(operation string, data any) any {
	x.t.Helper()
	return x.take(operation, data)["result"]
}

// TestGBT36906EndToEnd: what a department of another platform does, with the key that it registered and on both engines.
func TestGBT36906EndToEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		x := startExchanging(t, p, true)
		info := x.take("queryCertInfo", x.with(map[string]any{"fields": []string{"certNo", "certificateHolderName"}}))
		face := info["certData"].(map[string]any)
		if len(face) != 2 || info["certIdentifier"] != x.license || face["certificateNumber"] == nil || !strings.Contains(jsonText(t, face["certificateHolderName"]), holderOfLicence.Name) {
			t.Errorf("%v", info)
		}
		if inboxText(t, p, mobile, "依职能使用您的证照") == "" {
			t.Error("the holder is not told")
		}
		byHolder := map[string]any{"certIdentifier": nil, "holderCode": holderOfLicence.Number, "holderTypeCode": "111", "certTypeCode": exchangedType}
		if all := x.take("queryCertInfoByHolderCode", x.with(byHolder)); all["certIdentifier"] != x.license || len(all["certData"].(map[string]any)) < 3 {
			t.Errorf("%v", all)
		}

		claimed := map[string]any{"holderCode": holderOfLicence.Number, "holder": holderOfLicence.Name, "certNo": firstText(face["certificateNumber"])}
		verification := map[string]any{"certTypeCode": exchangedType, "useCause": "04", "certData": claimed}
		if got := x.result("verifyCertInfo", verification); got != "0" {
			t.Errorf("what is right: %v", got)
		}
		claimed["holder"] = "李四"
		if got := x.result("verifyCertInfo", verification); got != "7" {
			t.Errorf("another name: %v", got)
		}
		claimed["holderCode"] = "44010619900101001X"
		if got := x.result("verifyCertInfo", verification); got != "5" {
			t.Errorf("another holder: %v", got)
		}
		if got := x.result("verifyCertInfo", map[string]any{"certTypeCode": exchangedType, "useCause": "04", "certData": map[string]any{"holderCode": holderOfLicence.Number}}); got != "4" {
			t.Errorf("a code alone: %v", got)
		}
		x.take("getCertRemarkInfo", map[string]any{"certTypeCode": exchangedType})

		verify := func(content []byte) any {
			return x.result("verifyFile", map[string]any{"certTypeCode": exchangedType, "contentType": "base64", "content": base64.StdEncoding.EncodeToString(content), "useCause": "04"})
		}
		downloaded := x.take("downloadFile", x.with(map[string]any{"fileType": "ofd"}))
		copied, err := base64.StdEncoding.DecodeString(downloaded["content"].(string))
		if err != nil || bytes.Equal(copied, x.file) || verify(copied) != "0" {
			t.Errorf("the copy: %v", err)
		}
		if verify(x.file) != "0" || verify([]byte("none")) != "5" {
			t.Error("verifyFile errs")
		}
		picture, err := base64.StdEncoding.DecodeString(x.take("downloadFile", x.with(map[string]any{"fileType": "png"}))["content"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
			t.Errorf("the picture: %v", err)
		}

		link := x.take("downloadUrl", x.with(nil))
		address := link["content"].(string)
		if !strings.HasPrefix(address, p.URL+"/gbt36906/v1/files/") || link["contentType"] != "http" {
			t.Fatalf("%v", link)
		}
		path := strings.TrimPrefix(address, p.URL)
		head, err := http.Head(address)
		if err != nil || head.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("a question for the head is answered: %v %v", head, err)
		}
		head.Body.Close()
		var had atomic.Int32
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				switch answer := p.Get(path, ""); {
				case answer.Status == http.StatusOK:
					had.Add(1)
				case answer.Status != http.StatusGone:
					t.Errorf("%d %s", answer.Status, answer.Text)
				}
			})
		}
		group.Wait()
		if had.Load() != 1 {
			t.Errorf("%d of fifty had the download", had.Load())
		}
		status, message, list := x.ask("downloadUrlsByHolderCode", x.with(byHolder))
		links, _ := list.([]any)
		if status != "0" || len(links) != 1 {
			t.Fatalf("%s %s %v", status, message, list)
		}
		second := links[0].(map[string]any)["content"].(string)
		p.Advance(10*time.Minute + time.Second)
		if answer := p.Get(strings.TrimPrefix(second, p.URL), ""); answer.Status != http.StatusGone || answer.String("code") != "YX-LIC-466" {
			t.Errorf("after ten minutes: %d %s", answer.Status, answer.Text)
		}
	})
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func firstText(value any) any {
	if list, ok := value.([]any); ok && len(list) > 0 {
		return list[0]
	}
	return value
}

// TestGBT36906Codes: what each operation answers to what it does not take. Without a registered key data are in the clear.
func TestGBT36906Codes(t *testing.T) {
	p := apptest.Start(t, database(t))
	x := startExchanging(t, p, false)
	if info := x.take("queryCertInfo", x.with(nil)); info["certIdentifier"] != x.license {
		t.Errorf("%v", info)
	}
	face := map[string]any{"certTypeCode": exchangedType}
	for name, c := range map[string]struct {
		operation string
		data      any
		want      string
	}{
		"no such operation":           {"queryAll", x.with(nil), "2"},
		"no identifier":               {"queryCertInfo", x.with(map[string]any{"certIdentifier": nil}), "12"},
		"no cause":                    {"queryCertInfo", x.with(map[string]any{"useCause": nil}), "12"},
		"no item":                     {"downloadUrl", x.with(map[string]any{"itemCode": " "}), "12"},
		"no case":                     {"downloadFile", x.with(map[string]any{"fileType": "ofd", "caseNumber": nil}), "12"},
		"free text as cause":          {"queryCertInfo", x.with(map[string]any{"useCause": "业务需要"}), "102"},
		"a field that is none":        {"queryCertInfo", x.with(map[string]any{"fields": []string{"secret"}}), "102"},
		"a member that is none":       {"queryCertInfo", x.with(map[string]any{"all": "yes"}), "102"},
		"a member twice by two names": {"downloadFile", x.with(map[string]any{"fileType": "ofd", "certificateIdentifier": x.license}), "102"},
		"a number for a text":         {"queryCertInfo", x.with(map[string]any{"certIdentifier": 1}), "102"},
		"data that are encrypted":     {"queryCertInfo", "eyJ", "102"},
		"unknown":                     {"queryCertInfo", x.with(map[string]any{"certIdentifier": "1.2.156.3005.2.x"}), "10"},
		"another form of file":        {"downloadFile", x.with(map[string]any{"fileType": "pdf"}), "102"},
		"an end that is none":         {"downloadUrl", x.with(map[string]any{"expiryTime": "20261399"}), "102"},
		"an end that is past":         {"downloadUrl", x.with(map[string]any{"expiryTime": "20200101000000"}), "102"},
		"a type of no form":           {"getCertRemarkInfo", map[string]any{"certTypeCode": "1"}, "113"},
		"no such type":                {"getCertRemarkInfo", map[string]any{"certTypeCode": "11100000MB03271699999"}, "13"},
		"a holder type that is none":  {"queryCertInfoByHolderCode", x.with(map[string]any{"certIdentifier": nil, "holderCode": "1", "holderTypeCode": "998", "certTypeCode": exchangedType}), "103"},
		"a holder who has none":       {"downloadUrlsByHolderCode", x.with(map[string]any{"certIdentifier": nil, "holderCode": "44010619900101001X", "holderTypeCode": "111", "certTypeCode": exchangedType}), "10"},
		"no code of a holder":         {"queryCertInfoByQRcode", map[string]any{"qrcode": "https://example.gov.cn", "useCause": "04"}, "102"},
		"a file that is not base64":   {"verifyFile", map[string]any{"certTypeCode": exchangedType, "contentType": "base64", "content": "%", "useCause": "04"}, "102"},
		"a face field that is none":   {"verifyCertInfo", map[string]any{"certTypeCode": exchangedType, "useCause": "04", "certData": map[string]any{"holderCode": "1", "secret": "1"}}, "102"},
		"nothing to compare":          {"verifyCertInfo", map[string]any{"certTypeCode": exchangedType, "useCause": "04", "certData": map[string]any{}}, "12"},
	} {
		if status, message, _ := x.ask(c.operation, c.data); status != c.want || message == "" {
			t.Errorf("%s: %s %s, want %s", name, status, message, c.want)
		}
	}
	stranger := p.Client(idp.Client{ClientID: "other", ClientName: "别处", GrantTypes: []string{"client_credentials"}, Scope: "archive"})
	weak := clientToken(p, stranger).String("access_token")
	for name, c := range map[string]struct{ id, token, want string }{
		"no token":                 {"fund", "", "11"},
		"no id":                    {"", x.token, "11"},
		"a token that is none":     {"fund", "x", "11"},
		"the token of another":     {"other", x.token, "11"},
		"the secret of the client": {"fund", apptest.Secret("fund"), "11"},
		"without the role":         {"other", weak, "100"},
	} {
		if status, message, _ := x.askAs("getCertRemarkInfo", c.id, c.token, face); status != c.want {
			t.Errorf("%s: %s %s, want %s", name, status, message, c.want)
		}
	}
	if answer := call(t, p, http.MethodPost, "/gbt36906/v1/queryCertInfo", "", map[string]any{"head": map[string]string{"accessId": "fund", "accessToken": x.token}, "data": map[string]string{"certIdentifier": strings.Repeat("x", 65<<10)}}); !strings.Contains(answer.Text, `"status":"102"`) {
		t.Errorf("a long body: %s", answer.Text)
	}

	if answer := call(t, p, http.MethodPost, "/gbt36906/v1/getCertRemarkInfo", "", map[string]any{"head": map[string]string{"accessId": "fund", "accessToken": x.token}, "data": face}, "Content-Type", "text/plain"); !strings.Contains(answer.Text, `"status":"102"`) {
		t.Errorf("a body that says it is no JSON: %s", answer.Text)
	}
	person := p.Redeem(x.wallet, p.Code(p.SignIn(mobile), x.wallet, nil).Get("code"), nil).String("access_token")
	if status, _, _ := x.askAs("getCertRemarkInfo", "wallet", person, face); status != "11" {
		t.Errorf("a token of a person: %s", status)
	}
	shown := call(t, p, http.MethodPost, "/api/v1/licenses/"+x.id+"/presentations", person, map[string]any{}).String("code")
	if info := x.take("queryCertInfoByQRcode", map[string]any{"qrcode": shown, "useCause": "04"}); info["certIdentifier"] != x.license || strings.Contains(jsonText(t, info), holderOfLicence.Name) {
		t.Errorf("the code shows more than its masked view: %v", info)
	}
	if status, _, _ := x.ask("queryCertInfoByQRcode", map[string]any{"qrcode": shown, "useCause": "04"}); status != "10" {
		t.Errorf("the code again: %s", status)
	}
	link := x.take("downloadUrl", x.with(nil))["content"].(string)
	if a := call(t, p, http.MethodPost, "/api/v1/me/license-freezes", person, map[string]any{"license": x.id}); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	for _, operation := range []string{"queryCertInfo", "downloadUrl"} {
		if status, message, _ := x.ask(operation, x.with(nil)); status != "23" {
			t.Errorf("%s of a licence whose holder froze it: %s %s", operation, status, message)
		}
	}
	if a := p.Get(strings.TrimPrefix(link, p.URL), ""); a.Status != http.StatusConflict {
		t.Errorf("its download: %d", a.Status)
	}
	call(t, p, http.MethodPost, "/api/v1/me/license-freezes/end", person, map[string]any{"license": x.id})

	issuer := clientToken(p, idp.Client{ClientID: "desk-license-issuer", TokenEndpointAuthMethod: "", ClientSecret: apptest.Secret("desk-license-issuer")}).String("access_token")
	if a := call(t, p, http.MethodPost, "/api/v1/licenses/"+x.id+"/suspension", issuer, map[string]any{"status": "suspended", "legal_basis": "示例依据", "decision_number": "1"}); a.Status >= 300 {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if status, message, _ := x.ask("queryCertInfo", x.with(nil)); status != "23" {
		t.Errorf("a suspended licence: %s %s", status, message)
	}
	stopped := x.client
	stopped.Disabled = true
	if err := p.App.Apply(context.Background(), app.Manifest{Clients: []idp.Client{stopped}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a disabled application is taken", func() bool {
		status, _, _ := x.ask("getCertRemarkInfo", face)
		return status == "11"
	})
}

// TestGBT36906TakesABoundTokenWithItsProofAlone: O-64 for a token that comes in the body.
func TestGBT36906TakesABoundTokenWithItsProofAlone(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "fund", GrantTypes: []string{"client_credentials"}, Scope: "license_user"})
	key := newClientKey(t, jose.ES256)
	const path = "/gbt36906/v1/getCertRemarkInfo"
	token := with(t, p, http.MethodPost, "/token", c, url.Values{"grant_type": {"client_credentials"}}, "DPoP", key.proof(t, p, "POST", "/token", "", nil)).String("access_token")
	body := map[string]any{"head": map[string]string{"accessId": "fund", "accessToken": token}, "data": map[string]string{"certTypeCode": exchangedType}}
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"no proof":              {nil, "11"},
		"its proof":             {[]string{"DPoP", key.proof(t, p, "POST", path, token, nil)}, "0"},
		"a proof of another":    {[]string{"DPoP", newClientKey(t, jose.ES256).proof(t, p, "POST", path, token, nil)}, "11"},
		"a proof for elsewhere": {[]string{"DPoP", key.proof(t, p, "POST", "/gbt36906/v1/queryCertInfo", token, nil)}, "11"},
	} {
		if a := call(t, p, http.MethodPost, path, "", body, c.headers...); !strings.Contains(a.Text, `{"status":"`+c.want+`"`) {
			t.Errorf("%s: %s", name, a.Text)
		}
	}
}
