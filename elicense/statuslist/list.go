// Package statuslist encodes, signs, reads and asks status lists of licences and delta lists of presentation codes
// (license.md 6 and 11.2; decision record 0010).
//
// A status list is a shard of 2²⁰ entries of two bits: 0 in force, 1 ended, 2 not usable for now, 3 replaced. Which entry
// belongs to a licence stands inside the licence, under its seal, together with the address of the list and the name of
// the authority that signs it. The list is fetched whole, so that nobody learns who asks about which licence, and may be
// cached, carried on a stick and verified offline: it is signed with SM2 and holds its certificate chain.
//
// The package is a leaf: octets, certificates and a moment go in, answers come out. It holds no reasons for a status, since
// those are personal data.
package statuslist

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"time"
)

// Size is the number of entries of a shard.
const Size = 1 << 20

// Status is the public state of one entry.
type Status uint8

// States.
const (
	InForce   Status = 0
	Ended     Status = 1 // withdrawn, cancelled, revoked, lapsed, transferred
	NotUsable Status = 2 // suspended, restricted
	Replaced  Status = 3 // a newer version exists
)

const bitsPerEntry = 2

// List is one shard at one time. Build it with New, or read it with Open.
type List struct {
	URI        string    // where it is published; what licences name
	Number     uint64    // grows with every list of the URI
	Issued     time.Time // whole seconds
	NextUpdate time.Time // a newer one is published by then
	Raw        []byte    // of an opened list

	entries []byte
	object  *Object // of an opened list
}

// New returns a list in which every licence is in force.
func New(uri string, number uint64, issued, nextUpdate time.Time) *List {
	return &List{URI: uri, Number: number, Issued: issued.UTC().Truncate(time.Second), NextUpdate: nextUpdate.UTC().Truncate(time.Second), entries: make([]byte, Size*bitsPerEntry/8)}
}

// Set gives an entry its status. It panics for an index outside the shard, which only a fault of the caller can give.
func (l *List) Set(index uint32, status Status) {
	shift := index % 4 * bitsPerEntry
	l.entries[index/4] = l.entries[index/4]&^(3<<shift) | byte(status&3)<<shift
}

// Lookup returns the status of an entry; false when the index lies outside the shard.
func (l *List) Lookup(index uint32) (Status, bool) {
	if index >= Size {
		return 0, false
	}
	return Status(l.entries[index/4] >> (index % 4 * bitsPerEntry) & 3), true
}

// Fresh tells whether the list was issued at most maxAge before the moment, and not in its future beyond 90 s of clock
// difference.
func (l *List) Fresh(at time.Time, maxAge time.Duration) bool {
	age := at.Sub(l.Issued)
	return age >= -clockDifference && age <= maxAge
}

const clockDifference = 90 * time.Second

// listBody is what is signed. Times are Unix seconds.
type listBody struct {
	URI        string `cbor:"1,keyasint"`
	Number     uint64 `cbor:"2,keyasint"`
	Issued     int64  `cbor:"3,keyasint"`
	NextUpdate int64  `cbor:"4,keyasint"`
	Bits       uint8  `cbor:"5,keyasint"`
	Size       uint32 `cbor:"6,keyasint"`
	Deflated   []byte `cbor:"7,keyasint"`
}

// Sign encodes and signs the list. Equal lists give equal bodies; only the signature differs. Errors wrap ErrMake.
func (l *List) Sign(chain [][]byte, sign SignFunc) ([]byte, error) {
	if l.URI == "" || l.Number == 0 || !l.NextUpdate.After(l.Issued) {
		return nil, fmt.Errorf("%w: address, number or times are missing", ErrMake)
	}
	var deflated bytes.Buffer
	writer, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	if _, err = writer.Write(l.entries); err == nil {
		err = writer.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	body := listBody{URI: l.URI, Number: l.Number, Issued: l.Issued.Unix(), NextUpdate: l.NextUpdate.Unix(), Bits: bitsPerEntry, Size: Size, Deflated: deflated.Bytes()}
	return SignObject(KindList, body, chain, sign)
}

// Open reads a list and verifies its signature with the certificate inside; Judge says whether the signer is trusted.
// Errors wrap ErrFormat or ErrSignature.
func Open(data []byte) (*List, error) {
	var body listBody
	object, err := OpenObject(KindList, data, &body)
	if err != nil {
		return nil, err
	}
	if body.URI == "" || body.Number == 0 || body.Bits != bitsPerEntry || body.Size != Size || !validTimes(body.Issued, body.NextUpdate) {
		return nil, fmt.Errorf("%w: values of the list", ErrFormat)
	}
	l := New(body.URI, body.Number, time.Unix(body.Issued, 0), time.Unix(body.NextUpdate, 0))
	l.object, l.Raw = object, data
	reader := flate.NewReader(bytes.NewReader(body.Deflated))
	if _, err := io.ReadFull(reader, l.entries); err != nil {
		return nil, fmt.Errorf("%w: entries: %w", ErrFormat, err)
	}
	if n, err := reader.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more entries than the size says", ErrFormat)
	}
	return l, nil
}

// maxTime is the year 9999, so that every accepted time prints in RFC 3339.
const maxTime = 253402300799

func validTimes(from, to int64) bool { return from > 0 && to > from && to <= maxTime }

// Judge asks whether the signer of an opened list is trusted; see Object.Judge. A list that was not opened has none.
func (l *List) Judge(trust Trust) (Signer, error) {
	if l.object == nil {
		return Signer{}, fmt.Errorf("%w: the list is not signed", ErrUntrusted)
	}
	return l.object.Judge(trust)
}

// SignerName is the name inside the signer's certificate of an opened list.
func (l *List) SignerName() string {
	if l.object == nil {
		return ""
	}
	return l.object.SignerName()
}
