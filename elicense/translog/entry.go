package translog

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Kind of an entry.
type Kind uint64

// Kinds. Numbers never change their meaning.
const (
	KindLicense  Kind = 1 // a licence came into force
	KindStatus   Kind = 2 // its status changed
	KindTemplate Kind = 3 // a licence type, as a version of its files
	KindKey      Kind = 4 // a key that signs for the platform or for an authority
	KindBundle   Kind = 5 // a signed bundle of keys
	KindList     Kind = 6 // a signed status list
)

// kinds: the word of each in outputs, and whether its entries have a tag.
var kinds = map[Kind]struct {
	word   string
	tagged bool
}{KindLicense: {"license", false}, KindStatus: {"status", true}, KindTemplate: {"template", false}, KindKey: {"key", false}, KindBundle: {"bundle", false}, KindList: {"list", false}}

// String is the word of a kind.
func (k Kind) String() string { return kinds[k].word }

// version of the form of entries.
const version = 1

const maxSubject = 96

// Entry is what a leaf of the log says. It holds no personal data: Subject names an authority, a type, a usage of keys or a
// list; Digest of licences and of changes of status is salted.
type Entry struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Kind    Kind
	Subject string // licence, status: code of the authority; template: code of the type; key: its usage; bundle, list: name
	Number  uint64 // bundle, list: which one of that name; else 0
	Tag     []byte // status: by which who holds the secret of the licence knows it; else empty
	Digest  []byte
}

// NewEntry makes an entry of this version.
func NewEntry(kind Kind, subject string, number uint64, tag, digest []byte) Entry {
	return Entry{Version: version, Kind: kind, Subject: subject, Number: number, Tag: tag, Digest: digest}
}

func (e Entry) check() error {
	known, ok := kinds[e.Kind]
	tag := 0
	if known.tagged {
		tag = HashSize
	}
	switch numbered := e.Kind == KindBundle || e.Kind == KindList; {
	case e.Version != version || !ok:
		return fmt.Errorf("%w: version %d, kind %d", ErrFormat, e.Version, e.Kind)
	case e.Subject == "" || len(e.Subject) > maxSubject || !utf8.ValidString(e.Subject):
		return fmt.Errorf("%w: subject of %d octets", ErrFormat, len(e.Subject))
	case len(e.Digest) != HashSize || len(e.Tag) != tag:
		return fmt.Errorf("%w: digest of %d and tag of %d octets", ErrFormat, len(e.Digest), len(e.Tag))
	case numbered != (e.Number > 0):
		return fmt.Errorf("%w: %s with number %d", ErrFormat, e.Kind, e.Number)
	}
	return nil
}

// Encode gives the octets of a leaf: deterministic CBOR (RFC 8949 4.2.1). Errors wrap ErrMake.
func (e Entry) Encode() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	if e.Tag == nil {
		e.Tag = []byte{}
	}
	return signed.Encode(e)
}

// ParseEntry reads a leaf; only what Encode writes is read. Errors wrap ErrFormat.
func ParseEntry(leaf []byte) (Entry, error) {
	var e Entry
	if len(leaf) > MaxEntry {
		return Entry{}, fmt.Errorf("%w: an entry of %d octets", ErrFormat, len(leaf))
	}
	if err := signed.Decode(leaf, &e); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := e.check(); err != nil {
		return Entry{}, err
	}
	if e.Tag == nil { // null, where Encode writes an empty string
		return Entry{}, fmt.Errorf("%w: no tag", ErrFormat)
	}
	return e, nil
}

// SecretSize is the length of a licence's secret in octets.
const SecretSize = 32

// Secret is what the entries of one licence are hidden and found by. Without it they say nothing and are not known to belong together.
// The salts that are made from it open one entry each and tell nothing of the others.
type Secret []byte

func (s Secret) make(purpose string, number uint64) []byte {
	return digest.HMAC(s, binary.BigEndian.AppendUint64([]byte("yinxin/translog/"+purpose+"\x00"), number))
}

// LicenseSalt hides the licence.
func (s Secret) LicenseSalt() []byte { return s.make("license", 0) }

// StatusSalt hides the n-th entry of the licence; its first, the licence itself, has number 0.
func (s Secret) StatusSalt(n uint64) []byte { return s.make("status", n) }

// StatusTag is the tag of the n-th entry.
func (s Secret) StatusTag(n uint64) []byte { return s.make("tag", n) }

// CommitLicense is SM3(salt ‖ identifier ‖ SM3 of the sealed original) (license.md 11.6). The first and the last part have 32 octets each, so the
// parts cannot be cut in another way.
func CommitLicense(salt []byte, licenseID string, original []byte) ([]byte, error) {
	if len(salt) != HashSize || len(original) != digest.Size || licenseID == "" {
		return nil, fmt.Errorf("%w: commitment of a licence", ErrMake)
	}
	return SM3.sum(salt, []byte(licenseID), original), nil
}

// StatusEvent is a change of status as it is committed to. Times are microseconds since 1970-01-01 UTC.
type StatusEvent struct {
	_              struct{} `cbor:",toarray"`
	LicenseID      string   // GB/T 36904 identifier
	Number         uint64   // which entry of the licence it is, from 1
	From, To       string
	LegalBasis     string
	DecisionNumber string
	EffectiveAt    int64 // may lie before RecordedAt: a decision of a court
	Until          int64 // end of a suspension; 0 without one
	RecordedAt     int64
}

// Micros is a time as it stands in a StatusEvent.
func Micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

// Commit is SM3(salt ‖ event in deterministic CBOR).
func (e StatusEvent) Commit(salt []byte) ([]byte, error) {
	if len(salt) != HashSize || e.LicenseID == "" || e.Number == 0 {
		return nil, fmt.Errorf("%w: commitment of an event", ErrMake)
	}
	octets, err := signed.Encode(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return SM3.sum(salt, octets), nil
}
