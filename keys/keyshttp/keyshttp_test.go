package keyshttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keyshttp"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/tsa"
)

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func authority(t *testing.T, health *error) (*tsa.Service, *pki.Certificate) {
	t.Helper()
	ctx := context.Background()
	twin := keystest.NewTwin(func() time.Time { return now })
	key, err := twin.Create(ctx, keys.Spec{Usage: keys.UsageTimeStamp, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	rootKey, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "root"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)}, nil, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "tsa"}, PublicKey: key.Public, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)}, root, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	service, err := tsa.New(ctx, tsa.Config{Provider: twin, KeyID: key.ID, Certificate: certificate, Policy: "1.2.156.1.1", Accuracy: time.Second,
		Clock: tsa.ClockFunc(func(context.Context) error { return *health }), Now: func() time.Time { return now }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return service, root
}

func TestTimeStampsOverHTTP(t *testing.T) {
	var health error
	service, root := authority(t, &health)
	mux := http.NewServeMux()
	keyshttp.TimeStamps(mux, service)
	imprint, err := tst.ImprintOf(pki.OIDSM3, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	q := &tst.Request{Imprint: imprint, Nonce: big.NewInt(7), CertReq: true}
	request, err := q.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const query = "application/timestamp-query"
	post := func(kind string, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/tsa", body)
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	for name, c := range map[string]struct {
		kind   string
		body   []byte
		health error
		status int
		fail   tst.Failure
		code   string
	}{
		"granted":                 {query, request, nil, 200, 0, ""},
		"parameter of the type":   {query + "; charset=binary", request, nil, 200, 0, ""},
		"case of the type":        {"Application/Timestamp-Query", request, nil, 200, 0, ""},
		"not a request":           {query, []byte("x"), nil, 200, tst.BadDataFormat, ""},
		"nothing":                 {query, nil, nil, 200, tst.BadDataFormat, ""},
		"clock not known":         {query, request, errors.New("unknown"), 200, tst.TimeNotAvailable, ""},
		"exactly the bound":       {query, make([]byte, tst.MaxRequest), nil, 200, tst.BadDataFormat, ""},
		"one octet more":          {query, make([]byte, tst.MaxRequest+1), nil, 413, 0, "YX-CORE-413"},
		"another type":            {"application/octet-stream", request, nil, 415, 0, "YX-CORE-415"},
		"no type":                 {"", request, nil, 415, 0, "YX-CORE-415"},
		"type that is none":       {"timestamp;;", request, nil, 415, 0, "YX-CORE-415"},
		"reply in place of query": {"application/timestamp-reply", request, nil, 415, 0, "YX-CORE-415"},
	} {
		t.Run(name, func(t *testing.T) {
			health = c.health
			w := post(c.kind, bytes.NewReader(c.body))
			if w.Code != c.status {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if c.code != "" {
				if !strings.Contains(w.Body.String(), c.code) || w.Header().Get("Content-Type") != "application/problem+json" {
					t.Errorf("%s", w.Body)
				}
				return
			}
			if w.Header().Get("Content-Type") != "application/timestamp-reply" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", w.Header())
			}
			r, err := tst.ParseResponse(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if r.Failure != c.fail {
				t.Errorf("%s, want %s", r.Failure, c.fail)
			}
			if c.fail == 0 && (r.Answers(q) != nil || !r.Token.Judge(tst.Options{Roots: pki.NewPool(root), At: now}).Proven()) {
				t.Errorf("%+v", r)
			}
		})
	}
	if w := post(query, io.MultiReader(bytes.NewReader(request[:3]), errorReader{})); w.Code != 400 {
		t.Errorf("cut body: %d", w.Code)
	}
	get := httptest.NewRecorder()
	mux.ServeHTTP(get, httptest.NewRequest(http.MethodGet, "/tsa", nil))
	if get.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", get.Code)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// echo answers with what it was asked.
type echo struct{ err error }

func (e echo) Respond(_ context.Context, request []byte) ([]byte, error) {
	if e.err != nil {
		return pki.EncodeOCSPStatus(pki.OCSPInternal), e.err
	}
	return append([]byte("asked "), request...), nil
}

func TestOCSPOverHTTP(t *testing.T) {
	const kind = "application/ocsp-request"
	request := []byte{0x30, 0xff, 0xfe, 0xfb} // holds a slash and a plus in Base64
	for name, c := range map[string]struct {
		method, path, kind string
		body               []byte
		status             int
		want               string
	}{
		"POST":           {"POST", "/ocsp", kind, request, 200, "asked " + string(request)},
		"as it may be":   {"POST", "/ocsp", kind, make([]byte, pki.MaxOCSPRequest), 200, ""},
		"too large":      {"POST", "/ocsp", kind, make([]byte, pki.MaxOCSPRequest+1), 413, ""},
		"another type":   {"POST", "/ocsp", "text/plain", request, 415, ""},
		"GET":            {"GET", "/ocsp/MP/++w==", "", nil, 200, "asked " + string([]byte{0x30, 0xff, 0xfe, 0xfb})},
		"GET, escaped":   {"GET", "/ocsp/MP%2F%2B%2Bw%3D%3D", "", nil, 200, "asked " + string(request)},
		"GET, no Base64": {"GET", "/ocsp/!", "", nil, 400, ""},
		"GET, too long":  {"GET", "/ocsp/" + strings.Repeat("A", 256), "", nil, 413, ""},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			keyshttp.OCSP(mux, echo{})
			r := httptest.NewRequest(c.method, c.path, bytes.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != c.status || c.want != "" && w.Body.String() != c.want {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			if c.status == 200 && w.Header().Get("Content-Type") != "application/ocsp-response" {
				t.Errorf("%v", w.Header())
			}
		})
	}
	mux := http.NewServeMux()
	keyshttp.OCSP(mux, echo{errors.New("away")})
	r := httptest.NewRequest("POST", "/ocsp", bytes.NewReader(request))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if read, err := pki.ParseOCSPResponse(w.Body.Bytes()); err != nil || read.Status != pki.OCSPInternal || strings.Contains(w.Body.String(), "away") {
		t.Errorf("%v %v", read, err)
	}
}
