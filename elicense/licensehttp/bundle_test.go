package licensehttp_test

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
)

// TestTheBundleOfCountersIsPublic: one signed file, the same for five minutes and then one with a higher number; HEAD gives its length alone.
func TestTheBundleOfCountersIsPublic(t *testing.T) {
	s := newSite(t)
	s.issued("B1")
	get := func(method string) ([]byte, http.Header) {
		t.Helper()
		rec := s.send(nobody, method, "/trust/bundle", "", nil)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/cbor" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%d %v %.300s", rec.Code, rec.Header(), rec.Body)
		}
		return rec.Body.Bytes(), rec.Header()
	}
	first, _ := get(http.MethodGet)
	empty, head := get(http.MethodHead)
	if len(empty) != 0 || head.Get("Content-Length") != strconv.Itoa(len(first)) {
		t.Errorf("HEAD gives %d octets and %v", len(empty), head)
	}
	b, err := counterbundle.Open(first)
	if err != nil || !b.Current(s.world.Now()) || b.URI != "https://id.example/trust/bundle" {
		t.Fatalf("%+v %v", b, err)
	}
	s.world.Advance(4*time.Minute + 59*time.Second)
	if again, _ := get(http.MethodGet); !bytes.Equal(again, first) {
		t.Error("another bundle before five minutes")
	}
	s.world.Advance(time.Second)
	second, _ := get(http.MethodGet)
	if newer, err := counterbundle.Open(second); err != nil || newer.Number <= b.Number {
		t.Errorf("after five minutes: %+v %v", newer, err)
	}
}
