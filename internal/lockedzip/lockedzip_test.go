package lockedzip_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/yinxin-gov/yinxin/internal/lockedzip"
)

const passphrase = "correct horse battery"

// opened reads a file of an archive as the specification of AE-2 says, with a CTR of its own.
func opened(t *testing.T, f *zip.File, passphrase string) ([]byte, error) {
	t.Helper()
	if f.Method != 99 || f.Flags&1 == 0 || f.CRC32 != 0 || !bytes.Equal(f.Extra[:11], []byte{0x01, 0x99, 7, 0, 2, 0, 'A', 'E', 3, 8, 0}) {
		t.Fatalf("header %+v", f.FileHeader)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := io.ReadAll(raw)
	if err != nil || len(sealed) < 28 {
		t.Fatal(len(sealed), err)
	}
	salt, verifier, text, tag := sealed[:16], sealed[16:18], sealed[18:len(sealed)-10], sealed[len(sealed)-10:]
	derived, err := pbkdf2.Key(sha1.New, passphrase, salt, 1000, 66)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(derived[64:], verifier) {
		return nil, errors.New("wrong passphrase")
	}
	mac := hmac.New(sha1.New, derived[32:64])
	mac.Write(text)
	if !bytes.Equal(mac.Sum(nil)[:10], tag) {
		return nil, errors.New("altered")
	}
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		t.Fatal(err)
	}
	// A counter that is little-endian: one block at a time.
	for i, n := 0, 1; i < len(text); i, n = i+16, n+1 {
		iv := make([]byte, 16)
		iv[0], iv[1], iv[2] = byte(n), byte(n>>8), byte(n>>16)
		part := text[i:min(i+16, len(text))]
		cipher.NewCTR(block, iv).XORKeyStream(part, part)
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(text)))
}

func TestArchivesOpenWithThePassphraseAlone(t *testing.T) {
	long := bytes.Repeat([]byte("张三 110105 "), 50_000)
	noise := make([]byte, 70_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	files := []lockedzip.File{{"copy.json", long}, {"copy.ofd", noise}, {"empty.txt", nil}}
	var out bytes.Buffer
	if err := lockedzip.Write(&out, passphrase, time.Date(2026, 11, 26, 14, 30, 20, 0, time.UTC), rand.Reader, files...); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || len(archive.File) != len(files) {
		t.Fatal(err)
	}
	salts := map[string]bool{}
	for i, f := range archive.File {
		content, err := opened(t, f, passphrase)
		if err != nil || !bytes.Equal(content, files[i].Content) || f.Name != files[i].Name || f.UncompressedSize64 != uint64(len(content)) {
			t.Errorf("%s: %v, %d octets", f.Name, err, len(content))
		}
		if _, err := opened(t, f, passphrase+"!"); err == nil && len(content) > 0 {
			t.Errorf("%s opens with another passphrase", f.Name)
		}
		if at := f.Modified.UTC(); at.Format(time.DateTime) != "2026-11-26 14:30:20" {
			t.Errorf("%s is of %s", f.Name, at)
		}
		raw, _ := f.OpenRaw()
		salt := make([]byte, 16)
		if _, err := io.ReadFull(raw, salt); err != nil || salts[string(salt)] {
			t.Errorf("%s has the salt of another: %v", f.Name, err)
		}
		salts[string(salt)] = true
	}
	if strings.Contains(out.String(), "110105") || strings.Contains(out.String(), passphrase) {
		t.Error("the content or the passphrase stands in the archive")
	}
}

func TestPassphrasesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		passphrase string
		fit        bool
	}{
		"a sentence": {passphrase, true}, "twelve": {"a1b2c3d4e5f6", true}, "sixty-four": {strings.Repeat("abcdefgh", 8), true},
		"empty": {"", false}, "eleven": {"a1b2c3d4e5f", false}, "sixty-five": {strings.Repeat("abcdefgh", 8) + "x", false},
		"one character": {strings.Repeat("a", 20), false}, "four characters": {"abcdabcdabcd", false}, "Chinese": {"这是一个很长的口令用来加密文件", false}, "a control": {"a1b2c3d4e5f6\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := lockedzip.Check(c.passphrase); (err == nil) != c.fit {
				t.Error(err)
			}
			var out bytes.Buffer
			err := lockedzip.Write(&out, c.passphrase, time.Unix(0, 0), rand.Reader, lockedzip.File{Name: "a", Content: []byte("b")})
			if c.fit != (err == nil) || !c.fit && out.Len() > 0 {
				t.Errorf("%v, %d octets", err, out.Len())
			}
		})
	}
}

// Without randomness nothing is written that two archives would share a key with.
func TestNoSaltNoArchive(t *testing.T) {
	if err := lockedzip.Write(io.Discard, passphrase, time.Unix(0, 0), iotest.ErrReader(io.ErrUnexpectedEOF), lockedzip.File{Name: "a"}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
