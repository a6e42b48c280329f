package spoken_test

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/authn/spoken"
)

func recording(t *testing.T, language, digits string, pauses []byte) []byte {
	t.Helper()
	out, err := spoken.Digits(language, digits, pauses)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRecordingIsAWAVOfItsLength: the header says what follows, in the form that browsers play (RIFF, PCM, one channel).
func TestRecordingIsAWAVOfItsLength(t *testing.T) {
	for _, language := range []string{"zh-CN", "zh-Hant", "en", "en-GB", ""} {
		for digits := 1; digits <= 4; digits++ {
			out := recording(t, language, "7094"[:digits], []byte{255, 1})
			little := binary.LittleEndian
			if string(out[:4]) != "RIFF" || string(out[8:16]) != "WAVEfmt " || string(out[36:40]) != "data" || int(little.Uint32(out[4:])) != len(out)-8 ||
				int(little.Uint32(out[40:])) > len(out)-44 || int(little.Uint32(out[40:])) < len(out)-45 || len(out)%2 != 0 {
				t.Fatalf("%s: header %q of %d octets", language, out[:44], len(out))
			}
			if little.Uint16(out[20:]) != 1 || little.Uint16(out[22:]) != 1 || little.Uint32(out[24:]) != 8000 || little.Uint32(out[28:]) != 8000 || little.Uint16(out[34:]) != 8 {
				t.Errorf("%s: format %x", language, out[20:36])
			}
		}
	}
}

// TestEveryDigitIsHeard: each clip has the length of a spoken word and is loud enough, no two are the same, and both languages are there.
func TestEveryDigitIsHeard(t *testing.T) {
	seen := map[string]string{}
	for _, language := range []string{"zh-CN", "en"} {
		for _, digit := range "0123456789" {
			name := language + string(digit)
			out := recording(t, language, string(digit), nil)[44:]
			first := bytes.TrimLeft(out, "\x80")
			end := bytes.Index(first, bytes.Repeat([]byte{0x80}, 3000)) // the pause
			if end < 0 {
				t.Fatalf("%s: no pause", name)
			}
			word, energy := first[:end], 0
			for _, sample := range word {
				energy += (int(sample) - 128) * (int(sample) - 128)
			}
			if len(word) < 2000 || len(word) > 8000 || energy/len(word) < 100 {
				t.Errorf("%s: %d samples, energy %d", name, len(word), energy/len(word))
			}
			if other, twice := seen[string(word)]; twice {
				t.Errorf("%s sounds like %s", name, other)
			}
			seen[string(word)] = name
		}
	}
}

// TestPausesChangeTheRecording: the length alone tells no digits.
func TestPausesChangeTheRecording(t *testing.T) {
	if len(recording(t, "en", "1234", []byte{0, 0, 0, 0})) == len(recording(t, "en", "1234", []byte{9, 0, 0, 0})) {
		t.Error("a pause changes nothing")
	}
	if _, err := spoken.Digits("en", "1x", nil); err == nil {
		t.Error("x is a digit")
	}
}

func TestClipsStaySmall(t *testing.T) {
	total := int64(0)
	err := fs.WalkDir(os.DirFS("clips"), ".", func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		total += info.Size()
		return err
	})
	if err != nil || total == 0 || total > 150<<10 {
		t.Errorf("%d octets, %v", total, err)
	}
}
