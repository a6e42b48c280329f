// Package trustlist is the signed trust list: which authorities a platform vouches for, for what, and since and until when (design
// contract 3.3, security rows S-12, S-20, S-24, S-30; decision record 0015).
//
// An entry keeps its whole history, so that a judgement about a moment uses what held at that moment: an authority that was withdrawn
// last week stays trusted for what it certified last year, unless it was withdrawn for a compromise, after which only a proven time helps.
// A list has an address and a number that only rises; whoever keeps state refuses a lower one ([Set.Add]).
//
// The package is a leaf: octets, certificates and a moment go in. It fetches nothing and knows no clock.
package trustlist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Use is what an authority is trusted to certify.
type Use string

// Uses.
const (
	SealMaker  Use = "seal_maker"  // certificates of seal makers (制章人)
	SealSigner Use = "seal_signer" // certificates of seal signers (签章人)
	TimeStamp  Use = "time_stamp"  // time-stamping authorities
	Service    Use = "service"     // services that sign status lists and key bundles of licences and seals
)

// Uses in the order in which they are written.
var Uses = []Use{SealMaker, SealSigner, TimeStamp, Service}

// Reason of a withdrawal.
type Reason string

// Reasons. After Compromised the claimed time of a signature counts for nothing.
const (
	Ceased      Reason = "ceased"      // the authority ended its service
	Superseded  Reason = "superseded"  // another certificate took its place
	Supervision Reason = "supervision" // the supervisory body took the grant back
	Compromised Reason = "compromised" // its key may be in other hands
)

var reasons = []Reason{Ceased, Superseded, Supervision, Compromised}

// IsReason tells whether a word is a reason.
func IsReason(word string) bool { return slices.Contains(reasons, Reason(word)) }

// Event is what an authority was trusted for from a moment on. No uses: nothing any more, for the reason.
type Event struct {
	From   time.Time
	Uses   []Use
	Reason Reason // of a withdrawal; empty otherwise
}

// Authority is an entry of a list.
type Authority struct {
	Certificate *pki.Certificate
	Name        string // for people
	History     []Event
}

// Digest is the name by which people compare authorities: SM3 of the certificate in hex.
func (a Authority) Digest() string { return digest.Hex(a.Certificate.Raw) }

// List is a trust list.
type List struct {
	URI         string
	Number      uint64
	Issued      time.Time
	NextUpdate  time.Time
	Publisher   string // for people
	Authorities []Authority
	// Carried are further signed objects for offline verifiers, the key bundle of presentation codes for instance. They are judged by
	// their own signatures.
	Carried [][]byte
	Raw     []byte // of an opened list

	object *signed.Object
}

// Bounds of a list.
const (
	maxAuthorities = 4096
	maxHistory     = 64
	maxCarried     = 8
	maxText        = 256
	maxTime        = 253402300799 // the year 9999, so that every accepted time prints in RFC 3339
)

// ErrOlder: a list with a higher number is known already.
var ErrOlder = errors.New("trustlist: a newer list of this address is known")

type eventBody struct {
	From   int64    `cbor:"1,keyasint"`
	Uses   []string `cbor:"2,keyasint"`
	Reason string   `cbor:"3,keyasint"`
}

type authorityBody struct {
	Certificate []byte      `cbor:"1,keyasint"`
	Name        string      `cbor:"2,keyasint"`
	History     []eventBody `cbor:"3,keyasint"`
}

type listBody struct {
	URI         string          `cbor:"1,keyasint"`
	Number      uint64          `cbor:"2,keyasint"`
	Issued      int64           `cbor:"3,keyasint"`
	NextUpdate  int64           `cbor:"4,keyasint"`
	Publisher   string          `cbor:"5,keyasint"`
	Authorities []authorityBody `cbor:"6,keyasint"`
	Carried     [][]byte        `cbor:"7,keyasint"`
}

func text(s string) bool { return s != "" && len(s) <= maxText && utf8.ValidString(s) }

// read checks the values of a body and gives the authorities.
func (b listBody) read() ([]Authority, error) {
	if !text(b.URI) || !text(b.Publisher) || b.Number == 0 || b.Number > 1<<62 || b.Issued <= 0 || b.NextUpdate <= b.Issued || b.NextUpdate > maxTime {
		return nil, errors.New("address, publisher, number or times")
	}
	if len(b.Authorities) > maxAuthorities || len(b.Carried) > maxCarried {
		return nil, errors.New("too many members")
	}
	var all []Authority
	known := map[string]bool{}
	for i, entry := range b.Authorities {
		certificate, err := pki.ParseCertificate(entry.Certificate)
		if err != nil {
			return nil, fmt.Errorf("authority %d: %w", i+1, err)
		}
		if known[string(certificate.Raw)] {
			return nil, fmt.Errorf("authority %d stands in the list already", i+1)
		}
		known[string(certificate.Raw)] = true
		if !text(entry.Name) {
			return nil, fmt.Errorf("authority %d: name", i+1)
		}
		history, err := readHistory(entry.History)
		if err != nil {
			return nil, fmt.Errorf("history of authority %d: %w", i+1, err)
		}
		all = append(all, Authority{certificate, entry.Name, history})
	}
	return all, nil
}

// readHistory reads events that follow each other in time. The first grants something, and no event says again what held before it; an
// authority that ceased may turn out to be compromised.
func readHistory(events []eventBody) ([]Event, error) {
	if len(events) == 0 || len(events) > maxHistory || len(events[0].Uses) == 0 {
		return nil, errors.New("it begins with no grant, or is too long")
	}
	var history []Event
	for i, e := range events {
		if e.From <= 0 || e.From > maxTime || i > 0 && e.From <= events[i-1].From {
			return nil, errors.New("times do not rise")
		}
		event := Event{From: time.Unix(e.From, 0).UTC(), Reason: Reason(e.Reason)}
		for _, use := range e.Uses {
			if at := slices.Index(Uses, Use(use)); at < 0 || len(event.Uses) > 0 && at <= slices.Index(Uses, event.Uses[len(event.Uses)-1]) {
				return nil, fmt.Errorf("use %.20q is unknown or out of order", use)
			}
			event.Uses = append(event.Uses, Use(use))
		}
		if len(event.Uses) > 0 != (event.Reason == "") || event.Reason != "" && !slices.Contains(reasons, event.Reason) {
			return nil, errors.New("a withdrawal has a reason, and nothing else has")
		}
		if i > 0 && slices.Equal(event.Uses, history[i-1].Uses) && event.Reason == history[i-1].Reason {
			return nil, errors.New("an event changes nothing")
		}
		history = append(history, event)
	}
	return history, nil
}

// Sign encodes and signs the list. Authorities stand in the order of their digests, so equal lists give equal bodies. Errors wrap
// signed.ErrMake.
func (l *List) Sign(chain [][]byte, sign signed.SignFunc) ([]byte, error) {
	body := l.body()
	if _, err := body.read(); err != nil {
		return nil, fmt.Errorf("%w: trust list: %w", signed.ErrMake, err)
	}
	return signed.SignObject(signed.KindAuthorities, body, chain, sign)
}

func (l *List) body() listBody {
	body := listBody{URI: l.URI, Number: l.Number, Issued: l.Issued.Unix(), NextUpdate: l.NextUpdate.Unix(), Publisher: l.Publisher, Authorities: []authorityBody{}, Carried: [][]byte{}}
	body.Carried = append(body.Carried, l.Carried...)
	sorted := slices.SortedFunc(slices.Values(l.Authorities), func(a, b Authority) int { return strings.Compare(a.Digest(), b.Digest()) })
	for _, a := range sorted {
		entry := authorityBody{Certificate: a.Certificate.Raw, Name: a.Name, History: []eventBody{}}
		for _, e := range a.History {
			uses := []string{}
			for _, use := range e.Uses {
				uses = append(uses, string(use))
			}
			entry.History = append(entry.History, eventBody{e.From.Unix(), uses, string(e.Reason)})
		}
		body.Authorities = append(body.Authorities, entry)
	}
	return body
}

// Is tells whether octets claim to be a trust list.
func Is(data []byte) bool { return signed.Is(signed.KindAuthorities, data) }

// Open reads a list and verifies its signature with the certificate inside; [Set] says whether the signer is trusted. Errors wrap
// signed.ErrFormat or signed.ErrSignature.
func Open(data []byte) (*List, error) {
	var body listBody
	object, err := signed.OpenObject(signed.KindAuthorities, data, &body)
	if err != nil {
		return nil, err
	}
	authorities, err := body.read()
	if err != nil {
		return nil, fmt.Errorf("%w: trust list: %w", signed.ErrFormat, err)
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	return &List{URI: body.URI, Number: body.Number, Issued: utc(body.Issued), NextUpdate: utc(body.NextUpdate), Publisher: body.Publisher,
		Authorities: authorities, Carried: body.Carried, Raw: data, object: object}, nil
}

// SignerName is the name in the signer's certificate of an opened list.
func (l *List) SignerName() string {
	if l.object == nil {
		return ""
	}
	return l.object.SignerName()
}

// clockDifference is how far the clocks of publisher and reader may differ.
const clockDifference = 90 * time.Second

// Current tells whether the list counts at a moment: it was issued by then, and the newer one that it promises is not due yet.
func (l *List) Current(at time.Time) bool {
	return !at.Before(l.Issued.Add(-clockDifference)) && !at.After(l.NextUpdate.Add(clockDifference))
}
