package statuslist

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Delta is the hourly list of presentation codes whose licence changed status since Since: a Golomb-coded set of
// SM3(pid)[:8]. A code that is in the set must be asked about online; one in 2²⁰ that is not in it is said to be.
type Delta struct {
	URI        string
	Number     uint64
	Issued     time.Time
	NextUpdate time.Time
	Since      time.Time // start of the window that is covered

	values []uint64 // sorted, mapped to [0, len·2²⁰)
	object *Object
}

// riceBits is the parameter of the code: false hits are 2^-riceBits.
const riceBits = 20

// maxDelta bounds the members (license.md 11.2 counts on 200 000).
const maxDelta = 1 << 22

// ShortID is the first 8 octets of SM3(pid), as the delta list holds it.
func ShortID(pid []byte) [8]byte { return [8]byte(digest.Sum(pid)[:8]) }

// NewDelta makes a delta of the short ids, in any order; doubles count once.
func NewDelta(uri string, number uint64, since, issued, nextUpdate time.Time, ids [][8]byte) *Delta {
	seconds := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	d := &Delta{URI: uri, Number: number, Since: seconds(since), Issued: seconds(issued), NextUpdate: seconds(nextUpdate)}
	unique := slices.Clone(ids)
	slices.SortFunc(unique, func(a, b [8]byte) int { return slices.Compare(a[:], b[:]) })
	unique = slices.Compact(unique)
	for _, id := range unique {
		d.values = append(d.values, place(id, len(unique)))
	}
	slices.Sort(d.values)
	return d
}

// place maps an id evenly to [0, n·2²⁰).
func place(id [8]byte, n int) uint64 {
	high, _ := bits.Mul64(binary.BigEndian.Uint64(id[:]), uint64(n)<<riceBits)
	return high
}

// Has tells whether the code is, perhaps, one of those that changed.
func (d *Delta) Has(pid []byte) bool {
	_, found := slices.BinarySearch(d.values, place(ShortID(pid), len(d.values)))
	return found && len(d.values) > 0
}

// Covers tells whether the delta speaks about a code issued then: its window began before, and it is no older than maxAge.
func (d *Delta) Covers(codeIssued, at time.Time, maxAge time.Duration) bool {
	age := at.Sub(d.Issued)
	return !d.Since.After(codeIssued) && age >= -clockDifference && age <= maxAge
}

type deltaBody struct {
	URI        string `cbor:"1,keyasint"`
	Number     uint64 `cbor:"2,keyasint"`
	Issued     int64  `cbor:"3,keyasint"`
	NextUpdate int64  `cbor:"4,keyasint"`
	Since      int64  `cbor:"5,keyasint"`
	Count      uint32 `cbor:"6,keyasint"`
	Coded      []byte `cbor:"7,keyasint"`
}

// Sign encodes and signs the delta. Errors wrap ErrMake.
func (d *Delta) Sign(chain [][]byte, sign SignFunc) ([]byte, error) {
	if d.URI == "" || d.Number == 0 || !d.NextUpdate.After(d.Issued) || d.Since.After(d.Issued) || len(d.values) > maxDelta {
		return nil, fmt.Errorf("%w: address, number or times are missing", ErrMake)
	}
	body := deltaBody{URI: d.URI, Number: d.Number, Issued: d.Issued.Unix(), NextUpdate: d.NextUpdate.Unix(), Since: d.Since.Unix(), Count: uint32(len(d.values)), Coded: code(d.values)}
	return SignObject(KindDelta, body, chain, sign)
}

// OpenDelta reads a delta and verifies its signature. Errors wrap ErrFormat or ErrSignature.
func OpenDelta(data []byte) (*Delta, error) {
	var body deltaBody
	object, err := OpenObject(KindDelta, data, &body)
	if err != nil {
		return nil, err
	}
	if body.URI == "" || body.Number == 0 || !validTimes(body.Issued, body.NextUpdate) || body.Since <= 0 || body.Since > body.Issued || body.Count > maxDelta {
		return nil, fmt.Errorf("%w: values of the delta", ErrFormat)
	}
	values, err := decode(body.Coded, int(body.Count))
	if err != nil {
		return nil, err
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	return &Delta{URI: body.URI, Number: body.Number, Issued: utc(body.Issued), NextUpdate: utc(body.NextUpdate), Since: utc(body.Since), values: values, object: object}, nil
}

// Judge asks whether the signer is trusted; see Object.Judge.
func (d *Delta) Judge(trust Trust) (Signer, error) {
	if d.object == nil {
		return Signer{}, fmt.Errorf("%w: the delta is not signed", ErrUntrusted)
	}
	return d.object.Judge(trust)
}

// code writes the differences of sorted values with Golomb-Rice: quotient in ones and a zero, remainder in 20 bits, most
// significant bit first, padded with zeros.
func code(values []uint64) []byte {
	var w bitWriter
	previous := uint64(0)
	for _, value := range values {
		difference := value - previous
		previous = value
		for range difference >> riceBits {
			w.bit(1)
		}
		w.bit(0)
		for i := riceBits - 1; i >= 0; i-- {
			w.bit(byte(difference >> i & 1))
		}
	}
	return w.out
}

func decode(coded []byte, count int) ([]uint64, error) {
	// Every member takes at least 21 bits; more count than that is a lie and must not make us allocate.
	if int64(count)*(riceBits+1) > int64(len(coded))*8 {
		return nil, fmt.Errorf("%w: the coded set is cut short", ErrFormat)
	}
	r := bitReader{in: coded}
	limit := uint64(count) << riceBits
	values := make([]uint64, 0, count)
	previous := uint64(0)
	for range count {
		quotient := uint64(0)
		for {
			bit, ok := r.bit()
			if !ok {
				return nil, fmt.Errorf("%w: the coded set is cut short", ErrFormat)
			}
			if bit == 0 {
				break
			}
			quotient++
		}
		remainder := uint64(0)
		for range riceBits {
			bit, ok := r.bit()
			if !ok {
				return nil, fmt.Errorf("%w: the coded set is cut short", ErrFormat)
			}
			remainder = remainder<<1 | uint64(bit)
		}
		previous += quotient<<riceBits | remainder
		if previous >= limit {
			return nil, fmt.Errorf("%w: a member lies outside the set", ErrFormat)
		}
		values = append(values, previous)
	}
	if rest := len(coded)*8 - r.at; rest >= 8 {
		return nil, fmt.Errorf("%w: octets after the coded set", ErrFormat)
	}
	for bit, ok := r.bit(); ok; bit, ok = r.bit() {
		if bit != 0 {
			return nil, fmt.Errorf("%w: padding is not zero", ErrFormat)
		}
	}
	return values, nil
}

type bitWriter struct {
	out  []byte
	used int
}

func (w *bitWriter) bit(bit byte) {
	if w.used%8 == 0 {
		w.out = append(w.out, 0)
	}
	w.out[len(w.out)-1] |= bit << (7 - w.used%8)
	w.used++
}

type bitReader struct {
	in []byte
	at int
}

func (r *bitReader) bit() (byte, bool) {
	if r.at >= len(r.in)*8 {
		return 0, false
	}
	bit := r.in[r.at/8] >> (7 - r.at%8) & 1
	r.at++
	return bit, true
}
