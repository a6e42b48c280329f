package idp

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestPageMarksComeBack(t *testing.T) {
	at := time.Date(2026, 11, 26, 3, 4, 5, 678901000, time.UTC)
	if back, id, err := ReadPagePlace(PagePlace(at, "grant_1 x")); err != nil || !back.Equal(at) || id != "grant_1 x" {
		t.Errorf("%v %q %v", back, id, err)
	}
	for _, text := range []string{"", "*", base64.RawURLEncoding.EncodeToString([]byte("x id")), base64.RawURLEncoding.EncodeToString([]byte(" id")), base64.RawURLEncoding.EncodeToString([]byte("99999999999999999999 id"))} {
		if at, id, err := ReadPagePlace(text); err == nil {
			t.Errorf("%q is %v %q", text, at, id)
		}
	}
}
