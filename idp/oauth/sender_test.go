package oauth

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
)

// TestKeyOfACodeAndOfARefreshToken: a code that was asked for with dpop_jkt is redeemed by that key alone (RFC 9449 10);
// the refresh token of a public client belongs to its key (RFC 9449 5, RFC 8705 4).
func TestKeyOfACodeAndOfARefreshToken(t *testing.T) {
	public, confidential := idp.Client{TokenEndpointAuthMethod: idp.AuthNone}, idp.Client{TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT}
	a, b, certificate := Binding{JKT: "a"}, Binding{JKT: "b"}, Binding{X5T: "a"}
	for name, test := range map[string]struct {
		client  idp.Client
		session Session
		binding Binding
		holds   bool
	}{
		"code of the key":                          {confidential, Session{DPoPJKT: "a"}, a, true},
		"code of another key":                      {confidential, Session{DPoPJKT: "a"}, b, false},
		"code of a key without proof":              {confidential, Session{DPoPJKT: "a"}, Binding{}, false},
		"code of a key with a certificate":         {confidential, Session{DPoPJKT: "a"}, certificate, false},
		"code of nobody":                           {confidential, Session{}, a, true},
		"public client, its key":                   {public, Session{Binding: a}, a, true},
		"public client, another key":               {public, Session{Binding: a}, b, false},
		"public client, no key":                    {public, Session{Binding: a}, Binding{}, false},
		"public client, a certificate of the name": {public, Session{Binding: a}, certificate, false},
		"public client, never bound":               {public, Session{}, a, true},
		"confidential client, another key":         {confidential, Session{Binding: a}, b, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkKey(test.client, test.session, test.binding)
			if refusal, ok := errors.AsType[*Error](err); (err == nil) != test.holds || err != nil && (!ok || refusal.Code != "invalid_grant") {
				t.Errorf("answer is %v", err)
			}
		})
	}
}

func TestAddressesOfProofs(t *testing.T) {
	const called = "https://id.gov.cn/token"
	for given, same := range map[string]bool{
		called: true, "HTTPS://ID.gov.cn/token": true, "https://id.gov.cn:443/token": true, called + "?a=b": true, called + "#x": true,
		"https://id.gov.cn/token/": false, "https://id.gov.cn/Token": false, "https://id.gov.cn:8443/token": false, "http://id.gov.cn/token": false, "https://evil@id.gov.cn/token": false,
		"https://id.gov.cn/%74oken": false, "/token": false, "": false, "https://id.gov.cn.evil/token": false, "https://id.gov.cn/x/../token": false,
	} {
		if sameAddress(given, called) != same {
			t.Errorf("%s: want %v", given, same)
		}
	}
	if !sameAddress("https://id.gov.cn", "https://id.gov.cn/") {
		t.Error("an empty path is another than /")
	}
}

func TestDistinguishedNamesOfCertificates(t *testing.T) {
	raw, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "CN"}},
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Demo, Ltd"}},
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "portal"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]bool{
		`CN=portal+SERIALNUMBER=1,O=Demo\, Ltd,C=CN`: true, `cn=portal + serialNumber=1, o=Demo\, Ltd , c=CN`: true, `2.5.4.3=portal+2.5.4.5=1,2.5.4.10=Demo\, Ltd,2.5.4.6=CN`: true,
		`CN=portal,SERIALNUMBER=1,O=Demo\, Ltd,C=CN`: false, `C=CN,O=Demo\, Ltd,CN=portal+SERIALNUMBER=1`: false, `CN=Portal+SERIALNUMBER=1,O=Demo\, Ltd,C=CN`: false,
		`CN=portal`: false, `CN=portal+SERIALNUMBER=1,O=Demo, Ltd,C=CN`: false, "": false, `CN=portal+SERIALNUMBER=1,O=Demo\, Ltd,C=CN,`: false,
	} {
		if sameDN(name, raw) != same {
			t.Errorf("%q: want %v", name, same)
		}
	}
	for _, broken := range [][]byte{nil, {0x30, 0}, append(bytes.Clone(raw), 0), []byte("x")} {
		if sameDN("", broken) {
			t.Errorf("%x is taken for an empty name", broken)
		}
	}
}

func TestUserCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		code, err := userCode(rand.Reader)
		if err != nil || len(code) != userCodeLength || strings.Trim(code, userLetters) != "" || seen[code] {
			t.Fatalf("%q, %v", code, err)
		}
		seen[code] = true
		shown := ShownUserCode(code)
		for _, typed := range []string{code, shown, strings.ToLower(shown), " " + shown[:4] + " " + shown[5:] + " "} {
			if NormalUserCode(typed) != code {
				t.Errorf("%q is read as %q", typed, NormalUserCode(typed))
			}
		}
	}
	for _, wrong := range []string{"", "BCDF", "BCDFGHJKL", "ABCDEFGH", "BCDF_GHJK", strings.Repeat("B", 1<<20), "ＢＣＤＦＧＨＪＫ", "BCDFGHJ\x00"} {
		if got := NormalUserCode(wrong); got != "" {
			t.Errorf("%.20q is read as %q", wrong, got)
		}
	}
	if _, err := userCode(bytes.NewReader(nil)); err == nil {
		t.Error("a source of randomness that fails gives a code")
	}
}

func FuzzUserCode(f *testing.F) {
	f.Add("BCDF-GHJK")
	f.Fuzz(func(t *testing.T, text string) {
		if code := NormalUserCode(text); code != "" && NormalUserCode(ShownUserCode(code)) != code {
			t.Fatalf("%q", code)
		}
	})
}

func FuzzDistinguishedName(f *testing.F) {
	f.Add(`CN=a\,b+OU=c,O=d`, []byte{0x30, 0})
	f.Fuzz(func(_ *testing.T, name string, raw []byte) { sameDN(name, raw) })
}

// FuzzWayOfAClient: whatever comes, at most one way is read, and never one without its credential.
func FuzzWayOfAClient(f *testing.F) {
	f.Add("Basic YTpi", "client_id=a")
	f.Add("", "client_assertion_type="+url.QueryEscape(AssertionType)+"&client_assertion=e30.eyJpc3MiOiJhIiwic3ViIjoiYSJ9.")
	f.Add("Bearer x", "client_secret=x&client_id=a")
	f.Fuzz(func(t *testing.T, header, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		found, err := readWay(Credentials{Authorization: header, Form: form})
		switch {
		case err != nil:
			return
		case found.method == idp.AuthPrivateKeyJWT && found.assertion == "", found.method == idp.AuthNone && (found.secret != "" || header != ""),
			found.method == idp.AuthSecretPost && header != "", found.method != idp.AuthSecretPost && form.Has("client_secret"):
			t.Fatalf("%+v", found)
		}
	})
}
