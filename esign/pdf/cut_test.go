package pdf

import (
	"bytes"
	"testing"
	"time"
)

// TestCutDER: a value is parted from what is behind it where its length can be read.
func TestCutDER(t *testing.T) {
	long := append([]byte{0x30, 0x81, 0x80}, make([]byte, 0x80)...)
	for _, c := range []struct {
		octets []byte
		value  int
	}{
		{nil, 0}, {[]byte{0x30}, 1}, {[]byte{0x30, 0}, 2}, {[]byte{0x30, 0, 7}, 2}, {[]byte{0x30, 1, 7}, 3}, {[]byte{0x30, 2, 7}, 3}, {append([]byte{0x30, 0x80}, make([]byte, 200)...), 202}, {append([]byte{0x30, 0x7f}, make([]byte, 0x80)...), 0x81},
		{long, len(long)}, {append(bytes.Clone(long), 1, 2), len(long)}, {[]byte{0x30, 0x80, 0, 0}, 4}, {[]byte{0x30, 0x84, 0, 0, 0, 1, 7, 8}, 7}, {[]byte{0x30, 0x85, 0, 0, 0, 0, 1, 7, 8}, 9},
		{[]byte{0x30, 0x82, 1}, 3}, {[]byte{0x30, 0x82, 0, 1}, 4}, {[]byte{0x30, 0x82, 0, 0}, 4}, {[]byte{0x30, 0x82, 0, 0, 9}, 4},
	} {
		value, rest := cutDER(c.octets)
		if len(value) != c.value || !bytes.Equal(append(bytes.Clone(value), rest...), c.octets) {
			t.Errorf("% x: %d octets, want %d", c.octets, len(value), c.value)
		}
	}
}

func TestDatesAtTheirEdges(t *testing.T) {
	at := time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"D:20260520080000Z": at, "20260520080000Z": at, "D:20260520070000-01": at, "D:20260520070000-0100": at, "D:20260521073000+2330": at, "D:20260521075900+2359": at,
		"D:20260520080000+24": {}, "D:20260520080000+0060": {}, "D:20260520080000+00x0": {}, "D:20260520080000+x0": {}, "D:20260520080000*01": {}, "D:20260520080000+1": {}, "D:20260520080000+010": {}, "D:202605200800001": {},
		"D:2026052008000:Z": {}, "D:2026052008000/Z": {}, "D:20260520080060Z": {}, "D:2026052008000": {},
	} {
		if got := parseDate(text); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for octets, want := range map[string]string{"\xfe\xff\x53\x70": "印", "\xfe\xff\x53\x70\x00": "印", "\xfe\xff": "", "\xef\xbb\xbf印": "印", "\xef\xbb\xbf\xff": "\ufffd", "a\xe9": "aé"} {
		if got := textOf(String{Octets: []byte(octets)}); got != want {
			t.Errorf("%q: %q", octets, got)
		}
	}
}
