package translog

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// KeyType says how a key signs notes (C2SP signed-note).
type KeyType string

// Types of keys. C2SP assigns no octet to SM2, so ours stand behind 0xff, as it asks.
const (
	SM2Key         KeyType = "\xffyinxin/sm2-sm3/v1"             // SM2-with-SM3 (GB/T 32918.2) over the text, r‖s
	SM2Cosigner    KeyType = "\xffyinxin/sm2-sm3-cosignature/v1" // the same over the text that tlog-cosignature signs, after the time
	P256Key        KeyType = "\x02"                              // ECDSA over SHA-256 of the text, ASN.1
	Ed25519Key     KeyType = "\x01"                              // Ed25519 (RFC 8032) over the text
	Ed25519Witness KeyType = "\x04"                              // tlog-cosignature
)

// Key verifies the signatures of one key in notes. It implements note.Verifier.
type Key struct {
	name    string
	keyType KeyType
	id      uint32
	public  any // *ecdsa.PublicKey or ed25519.PublicKey
	encoded []byte
}

// NewKey names a public key. Errors wrap ErrKey.
func NewKey(name string, keyType KeyType, public any) (Key, error) {
	k := Key{name: name, keyType: keyType, public: public}
	if name == "" || len(name) > 255 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' }) {
		return Key{}, fmt.Errorf("%w: name %.60q", ErrKey, name)
	}
	var err error
	switch own, isECDSA := public.(*ecdsa.PublicKey); {
	case (keyType == SM2Key || keyType == SM2Cosigner) && isECDSA:
		k.encoded, err = pki.EncodeSM2Key(own)
	case keyType == P256Key && isECDSA:
		k.encoded, err = encodeP256(own)
		if err == nil {
			sum := sha256.Sum256(k.encoded)
			k.id = binary.BigEndian.Uint32(sum[:])
			return k, nil
		}
	case keyType == Ed25519Key || keyType == Ed25519Witness:
		point, ok := public.(ed25519.PublicKey)
		if !ok || len(point) != ed25519.PublicKeySize {
			return Key{}, fmt.Errorf("%w: not an Ed25519 key", ErrKey)
		}
		k.encoded = point
	default:
		return Key{}, fmt.Errorf("%w: %T does not sign as %.40q", ErrKey, public, string(keyType))
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	sum := sha256.Sum256(append([]byte(name+"\n"+string(keyType)), k.encoded...))
	k.id = binary.BigEndian.Uint32(sum[:])
	return k, nil
}

// p256Head is what stands before the 65 octets of a point of P-256 in SubjectPublicKeyInfo (RFC 5480 2); crypto/x509 would read it too, and make the
// verifier for browsers larger by a tenth.
const p256Head = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"

func encodeP256(public *ecdsa.PublicKey) ([]byte, error) {
	if public == nil || public.Curve != elliptic.P256() {
		return nil, errors.New("not a key of P-256")
	}
	point, err := public.Bytes()
	return append([]byte(p256Head), point...), err
}

func parseP256(encoded string) (*ecdsa.PublicKey, error) {
	point, ok := strings.CutPrefix(encoded, p256Head)
	if !ok {
		return nil, errors.New("not a key of P-256")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), []byte(point))
}

// ParseKey reads a verifier key: name, key id in hexadecimal and base64 of type and key, between pluses (C2SP signed-note). Errors wrap ErrKey.
func ParseKey(text string) (Key, error) {
	name, rest, _ := strings.Cut(text, "+")
	id, material, ok := strings.Cut(rest, "+")
	octets, err := base64.StdEncoding.Strict().DecodeString(material)
	if !ok || err != nil || len(text) > 1024 {
		return Key{}, fmt.Errorf("%w: %.60q", ErrKey, text)
	}
	for _, keyType := range []KeyType{SM2Key, SM2Cosigner, P256Key, Ed25519Key, Ed25519Witness} {
		encoded, is := strings.CutPrefix(string(octets), string(keyType))
		if !is {
			continue
		}
		var public any
		switch keyType {
		case P256Key:
			public, err = parseP256(encoded)
		case Ed25519Key, Ed25519Witness:
			public = ed25519.PublicKey(encoded)
		default:
			public, err = pki.ParseSM2Key([]byte(encoded))
		}
		if err != nil {
			return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
		k, err := NewKey(name, keyType, public)
		if err == nil && k.String() != text {
			err = fmt.Errorf("%w: key id %.8q is not that of the key", ErrKey, id)
		}
		return k, err
	}
	return Key{}, fmt.Errorf("%w: of a type that is not known", ErrKey)
}

// ParseKeys reads a file of verifier keys, one a line; empty lines and those that begin with # say nothing. Errors wrap ErrKey; a file without a key is one.
func ParseKeys(file string) ([]Key, error) {
	var list []Key
	for line := range strings.SplitSeq(file, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		k, err := ParseKey(line)
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no key", ErrKey)
	}
	return list, nil
}

// String is the key as ParseKey reads it.
func (k Key) String() string {
	return k.name + "+" + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, k.id)) + "+" + base64.StdEncoding.EncodeToString(append([]byte(k.keyType), k.encoded...))
}

// Name implements note.Verifier.
func (k Key) Name() string { return k.name }

// KeyHash implements note.Verifier: the first octets of SHA-256 over name, type and key (P256Key: over the key alone).
func (k Key) KeyHash() uint32 { return k.id }

// Cosigns tells whether its signatures carry a time.
func (k Key) Cosigns() bool { return k.keyType == SM2Cosigner || k.keyType == Ed25519Witness }

// Verify implements note.Verifier.
func (k Key) Verify(text, signature []byte) bool {
	if k.Cosigns() {
		if len(signature) != 8+64 || binary.BigEndian.Uint64(signature) > math.MaxInt64 {
			return false
		}
		text, signature = cosigned(binary.BigEndian.Uint64(signature), text), signature[8:]
	}
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, text, signature)
	case *ecdsa.PublicKey:
		if k.keyType == P256Key {
			sum := sha256.Sum256(text)
			return ecdsa.VerifyASN1(public, sum[:], signature)
		}
		strict, err := pki.SM2SignatureFromRaw(signature)
		if err != nil {
			return false
		}
		_, err = pki.VerifySM2(public, nil, text, strict, pki.FormDER)
		return err == nil
	}
	return false
}

// cosigned is what a cosignature of a moment signs (C2SP tlog-cosignature, Ed25519 signed message).
func cosigned(seconds uint64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(seconds, 10)+"\n"), text...)
}

// SignFunc signs a message and returns ASN.1 DER {r,s}, or the 64 octets of Ed25519: the SignMessage of a key handle.
type SignFunc func(message []byte) ([]byte, error)

// Signer signs notes with a key. It implements note.Signer. At is the moment of a cosignature and must be set for keys that cosign.
type Signer struct {
	Key
	At     time.Time
	Signer SignFunc
}

// Sign implements note.Signer. What it gives verifies.
func (s Signer) Sign(text []byte) ([]byte, error) {
	var stamp []byte
	message := text
	if s.Cosigns() {
		if s.At.Unix() <= 0 {
			return nil, fmt.Errorf("%w: a cosignature without a time", ErrMake)
		}
		stamp = binary.BigEndian.AppendUint64(nil, uint64(s.At.Unix()))
		message = cosigned(uint64(s.At.Unix()), text)
	}
	signature, err := s.Signer(message)
	if err != nil {
		return nil, err
	}
	if s.keyType == SM2Key || s.keyType == SM2Cosigner {
		if signature, err = pki.SM2SignatureToRaw(signature); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMake, err)
		}
	}
	signature = append(stamp, signature...)
	if !s.Verify(text, signature) {
		return nil, fmt.Errorf("%w: the signature does not verify", ErrMake)
	}
	return signature, nil
}

// Checkpoint is the head of a log's tree (C2SP tlog-checkpoint). Logs of this package write no extension lines.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   []byte
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root) + "\n"
}

// ParseCheckpoint reads the text of a checkpoint; only what Text writes is read, so extension lines are refused. Errors wrap ErrFormat.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || len(lines[0]) > 255 {
		return Checkpoint{}, fmt.Errorf("%w: a checkpoint has three lines", ErrFormat)
	}
	c := Checkpoint{Origin: lines[0]}
	var err1, err2 error
	c.Size, err1 = strconv.ParseUint(lines[1], 10, 63)
	c.Root, err2 = base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || len(c.Root) != HashSize || c.Text() != text {
		return Checkpoint{}, fmt.Errorf("%w: size or root of a checkpoint", ErrFormat)
	}
	return c, nil
}

// SignCheckpoint makes the signed note of a checkpoint. Errors of signers come as they are, others wrap ErrMake.
func SignCheckpoint(c Checkpoint, signers ...Signer) ([]byte, error) {
	if _, err := ParseCheckpoint(c.Text()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	var all []note.Signer
	for _, signer := range signers {
		all = append(all, signer)
	}
	return note.Sign(&note.Note{Text: c.Text()}, all...)
}

// Policy is whom a reader of checkpoints believes: keys of the log, whose names are its origin, and how many of which witnesses must have
// countersigned.
type Policy struct {
	Log       []Key
	Witnesses []Key
	Quorum    int
}

// Cosignature is one that verified.
type Cosignature struct {
	Witness string
	At      time.Time
}

// Opened is a checkpoint with who vouches for it.
type Opened struct {
	Checkpoint
	Cosignatures []Cosignature
}

// Open reads a signed checkpoint: at least one key of the log whose name is the origin must have signed, and as many witnesses as the policy asks for.
// Signatures of keys that are not known are ignored; one of a known key that does not verify spoils the note. Where no key of the log is known the checkpoint comes with
// ErrStranger. Errors wrap ErrFormat, ErrSignature, ErrQuorum, or ErrKey where a key of a witness stands for the log or the other way round.
func (p Policy) Open(signedNote []byte) (Opened, error) {
	if len(signedNote) > MaxNote {
		return Opened{}, fmt.Errorf("%w: a note of %d octets", ErrFormat, len(signedNote))
	}
	var verifiers []note.Verifier
	known := map[string]Key{}
	for i, k := range slices.Concat(p.Log, p.Witnesses) {
		if k.Cosigns() == (i < len(p.Log)) {
			return Opened{}, fmt.Errorf("%w: the key of %q stands in the wrong place of a policy", ErrKey, k.name)
		}
		if at := lineKey(k.name, k.id); known[at].name == "" { // a key that is given twice
			known[at] = k
			verifiers = append(verifiers, k)
		}
	}
	n, err := note.Open(signedNote, note.VerifierList(verifiers...))
	var nobody *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &nobody):
		c, err := ParseCheckpoint(nobody.Note.Text)
		if err == nil {
			err = fmt.Errorf("%w: %w", ErrStranger, nobody)
		}
		return Opened{Checkpoint: c}, err
	case errors.As(err, &invalid):
		return Opened{}, fmt.Errorf("%w: %w", ErrSignature, err)
	case err != nil:
		return Opened{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var o Opened
	if o.Checkpoint, err = ParseCheckpoint(n.Text); err != nil {
		return Opened{}, err
	}
	own, witnesses := false, map[string]bool{}
	for _, signature := range n.Sigs {
		k := known[lineKey(signature.Name, signature.Hash)]
		if !k.Cosigns() {
			own = own || k.name == o.Origin
			continue
		}
		octets, err := base64.StdEncoding.DecodeString(signature.Base64)
		if err != nil || len(octets) < 12 {
			return Opened{}, fmt.Errorf("%w: a cosignature", ErrFormat)
		}
		if !witnesses[string(k.encoded)] { // one key counts once, whatever its names
			witnesses[string(k.encoded)] = true
			o.Cosignatures = append(o.Cosignatures, Cosignature{k.name, time.Unix(int64(binary.BigEndian.Uint64(octets[4:12])), 0).UTC()})
		}
	}
	if !own {
		return o, fmt.Errorf("%w for %q", ErrStranger, o.Origin)
	}
	if len(o.Cosignatures) < p.Quorum {
		return o, fmt.Errorf("%w: %d of %d", ErrQuorum, len(o.Cosignatures), p.Quorum)
	}
	return o, nil
}

func lineKey(name string, id uint32) string { return name + "+" + strconv.FormatUint(uint64(id), 16) }

// AddSignatures adds the signature lines of keys that are known to a note: those of the lines that verify, in the place of older ones of the same
// keys. It gives how many were added. Errors wrap ErrFormat or ErrSignature.
func AddSignatures(signedNote, lines []byte, known ...Key) (combined []byte, added int, err error) {
	if len(signedNote)+len(lines) > MaxNote {
		return nil, 0, fmt.Errorf("%w: too many signatures", ErrFormat)
	}
	_, err = note.Open(signedNote, nil)
	var nobody *note.UnverifiedNoteError
	if !errors.As(err, &nobody) {
		return nil, 0, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	before := nobody.Note
	var verifiers []note.Verifier
	for _, k := range known {
		verifiers = append(verifiers, k)
	}
	fresh, err := note.Open(append([]byte(before.Text+"\n"), lines...), note.VerifierList(verifiers...))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var kept []note.Signature
	for _, old := range before.UnverifiedSigs {
		replaced := false
		for _, s := range fresh.Sigs {
			replaced = replaced || s.Name == old.Name && s.Hash == old.Hash
		}
		if !replaced {
			kept = append(kept, old)
		}
	}
	combined, err = note.Sign(&note.Note{Text: before.Text, UnverifiedSigs: append(kept, fresh.Sigs...)})
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return combined, len(fresh.Sigs), nil
}

// SignatureLines are the lines of a note after its text.
func SignatureLines(signedNote []byte) []byte {
	at := strings.LastIndex(string(signedNote), "\n\n")
	if at < 0 {
		return nil
	}
	return signedNote[at+2:]
}
