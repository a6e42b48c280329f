// Package lockedzip writes ZIP archives that open with a passphrase: WinZip AES, version AE-2 with 256-bit keys, which 7-Zip,
// WinRAR, Bandizip, Keka and libarchive read. decisions/0012 says why this and what it does not hide: names and sizes of the files
// stand in clear.
//
// The key derivation of the format is PBKDF2 with HMAC-SHA1 and 1,000 rounds, which is cheap to try; what protects is the length of
// the passphrase, so short ones are refused (Check).
package lockedzip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" // the format names it: HMAC-SHA1 with 80 bits, where collisions do not matter
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of passphrases, in characters. Writers of archives disagree about the encoding of other characters than those of ASCII.
const (
	MinPassphrase = 12
	MaxPassphrase = 64
	minDifferent  = 5 // characters
)

// ErrPassphrase: too short, too long, of too few characters, or with characters that keyboards and programs write differently.
var ErrPassphrase = errors.New("lockedzip: unfit passphrase")

// Check refuses an unfit passphrase.
func Check(passphrase string) error {
	different := map[rune]bool{}
	for _, r := range passphrase {
		if r > unicode.MaxASCII || unicode.IsControl(r) {
			return ErrPassphrase
		}
		different[r] = true
	}
	if n := utf8.RuneCountInString(passphrase); n < MinPassphrase || n > MaxPassphrase || len(different) < minDifferent {
		return ErrPassphrase
	}
	return nil
}

// File is one file of an archive.
type File struct {
	Name    string
	Content []byte
}

// Parts of the format (AE-2 specification 1.04, "AES Encryption Information").
const (
	methodAES     = 99
	extraID       = 0x9901
	versionAE2    = 2
	strength256   = 3
	keySize       = 32
	saltSize      = 16
	verifierSize  = 2
	authSize      = 10
	rounds        = 1000
	flagEncrypted = 1
	readerVersion = 51
)

// Write makes an archive of the files. Random gives a salt to each, so that no key is used twice; modified stands on all.
func Write(w io.Writer, passphrase string, modified time.Time, random io.Reader, files ...File) error {
	if err := Check(passphrase); err != nil {
		return err
	}
	archive := zip.NewWriter(w)
	for _, f := range files {
		if err := add(archive, passphrase, modified, random, f); err != nil {
			return fmt.Errorf("lockedzip: %s: %w", f.Name, err)
		}
	}
	return archive.Close()
}

func add(archive *zip.Writer, passphrase string, modified time.Time, random io.Reader, f File) error {
	var packed bytes.Buffer
	compressor, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return err
	}
	if _, err := compressor.Write(f.Content); err != nil {
		return err
	}
	if err := compressor.Close(); err != nil {
		return err
	}
	sealed, err := seal(packed.Bytes(), passphrase, random)
	if err != nil {
		return err
	}
	extra := make([]byte, 11)
	binary.LittleEndian.PutUint16(extra[0:], extraID)
	binary.LittleEndian.PutUint16(extra[2:], 7)
	binary.LittleEndian.PutUint16(extra[4:], versionAE2)
	copy(extra[6:], "AE")
	extra[8] = strength256
	binary.LittleEndian.PutUint16(extra[9:], zip.Deflate)
	// AE-2 leaves the CRC at zero: it would tell about the content.
	h := &zip.FileHeader{Name: f.Name, Method: methodAES, Flags: flagEncrypted, Extra: extra, CompressedSize64: uint64(len(sealed)), UncompressedSize64: uint64(len(f.Content)),
		CreatorVersion: readerVersion, ReaderVersion: readerVersion}
	//lint:ignore SA1019 CreateRaw writes these fields and does not look at Modified
	h.ModifiedDate, h.ModifiedTime = dosTime(modified)
	out, err := archive.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = out.Write(sealed)
	return err
}

// seal encrypts: salt, verifier of the passphrase, AES-CTR, HMAC over the ciphertext.
func seal(plain []byte, passphrase string, random io.Reader) ([]byte, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("random salt: %w", err)
	}
	derived, err := pbkdf2.Key(sha1.New, passphrase, salt, rounds, 2*keySize+verifierSize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived[:keySize])
	if err != nil {
		return nil, err
	}
	out := append(salt, derived[2*keySize:]...)
	text := bytes.Clone(plain)
	crypt(block, text)
	mac := hmac.New(sha1.New, derived[keySize:2*keySize])
	mac.Write(text)
	return append(append(out, text...), mac.Sum(nil)[:authSize]...), nil
}

// crypt is AES-CTR with the counter of the format: little-endian, from one.
func crypt(block cipher.Block, text []byte) {
	var counter, stream [aes.BlockSize]byte
	for n := uint64(1); len(text) > 0; n++ {
		binary.LittleEndian.PutUint64(counter[:], n)
		block.Encrypt(stream[:], counter[:])
		for i := range min(len(text), aes.BlockSize) {
			text[i] ^= stream[i]
		}
		text = text[min(len(text), aes.BlockSize):]
	}
}

// dosTime is a moment as the format keeps it, in two seconds.
func dosTime(t time.Time) (date, clock uint16) {
	if t.Year() < 1980 {
		t = time.Date(1980, 1, 1, 0, 0, 0, 0, t.Location())
	}
	return uint16(t.Day() + int(t.Month())<<5 + (t.Year()-1980)<<9), uint16(t.Second()/2 + t.Minute()<<5 + t.Hour()<<11)
}
