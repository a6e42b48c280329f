// Package sealstatus is the signed status list of seals: the state of every seal of a division at each moment since it was put into use
// (GB/T 38540-2020 6.3, 国办发〔2025〕33号; decision record 0015).
//
// There is one list for each division code (GB/T 2260, the first six digits of a seal's code). An entry names a seal by its code and by SM3 of
// its data, so that a seal that was made again under the same code is another one. Where the organisation was renamed, merged or split, the
// entry says who took its place. The list holds no reasons: only what a verifier needs.
//
// The package is a leaf: octets, certificates and a moment go in, answers come out.
package sealstatus

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// State of a seal from a moment on.
type State uint8

// States. Lost and Replaced end a seal like Revoked. After Lost, the claimed time of a signature counts for nothing.
const (
	InUse     State = 1
	Suspended State = 2
	Revoked   State = 3
	Lost      State = 4 // the seal or its key may be in other hands
	Replaced  State = 5 // another seal took its place
)

// Final tells whether nothing can follow but another end.
func (s State) Final() bool { return s >= Revoked }

// Event is a state and when it began.
type Event struct {
	From  time.Time
	State State
}

// History is the events of a seal, oldest first, at strictly rising times. The first is InUse.
type History []Event

// At is the state at a moment; zero before the first event.
func (h History) At(moment time.Time) State {
	state := State(0)
	for _, e := range h {
		if e.From.After(moment) {
			break
		}
		state = e.State
	}
	return state
}

// Last is the last event; the zero one of an empty history.
func (h History) Last() Event {
	if len(h) == 0 {
		return Event{}
	}
	return h[len(h)-1]
}

// With is the history after one more event, which may have begun before others that are known: a loss is noticed late. What it overtakes
// is dropped.
func (h History) With(e Event) History {
	e.From = e.From.UTC().Truncate(time.Second)
	kept := History{}
	for _, have := range h {
		if have.From.Before(e.From) {
			kept = append(kept, have)
		}
	}
	if kept.Last().State == e.State {
		return kept
	}
	return append(kept, e)
}

// Recorded is With for a register that may be younger than the seal, which came into use at since; and for a seal that was lost before it
// came into use, which had been so for a second then.
func (h History) Recorded(e Event, since time.Time) History {
	if len(h) == 0 && e.State != InUse {
		h = h.With(Event{From: since, State: InUse})
	}
	grown := h.With(e)
	if len(grown) == 1 && grown[0].State != InUse {
		return History{{From: grown[0].From.Add(-time.Second), State: InUse}, grown[0]}
	}
	return grown
}

// Kind is how an organisation was succeeded.
type Kind uint8

// Kinds.
const (
	Renamed Kind = 1
	Merged  Kind = 2 // into another one, or with it into a new one
	Split   Kind = 3
)

// Became is who stands in the place of an organisation from a moment on.
type Became struct {
	From  time.Time
	Kind  Kind
	Names []string
}

// BecameAt is who stands in the place of the seal's organisation at a moment; false while it goes on under its name.
func (s Seal) BecameAt(moment time.Time) (Became, bool) {
	for _, b := range slices.Backward(s.Became) {
		if !b.From.After(moment) {
			return b, true
		}
	}
	return Became{}, false
}

func (s Seal) checkBecame() error {
	if (s.Owner == "") != (len(s.Became) == 0) || len(s.Became) > maxBecame || len(s.Owner) > maxName {
		return errors.New("an organisation that was succeeded has its name and those who succeeded, and not too many")
	}
	for i, b := range s.Became {
		switch {
		case b.From.Unix() <= 0 || b.From.Unix() > maxTime || b.Kind < Renamed || b.Kind > Split:
			return errors.New("time or kind of a succession")
		case len(b.Names) == 0 || len(b.Names) > maxHeirs:
			return errors.New("a succession names one, and not too many")
		case i > 0 && b.From.Before(s.Became[i-1].From):
			return errors.New("successions do not follow each other")
		}
		for _, name := range b.Names {
			if name == "" || len(name) > maxName {
				return errors.New("name of a successor")
			}
		}
	}
	return nil
}

func (h History) check() error {
	if len(h) == 0 || len(h) > maxHistory || h[0].State != InUse {
		return errors.New("a history begins in use, and is not too long")
	}
	for i, e := range h {
		switch {
		case e.State < InUse || e.State > Replaced || e.From.Unix() <= 0 || e.From.Unix() > maxTime:
			return errors.New("state or time of an event")
		case i > 0 && (!e.From.After(h[i-1].From) || e.State == h[i-1].State):
			return errors.New("events do not follow each other")
		case i > 0 && h[i-1].State.Final() && !e.State.Final():
			return errors.New("a seal came back after its end")
		}
	}
	return nil
}

// Seal is an entry.
type Seal struct {
	Code    string   // esID
	SM3     [32]byte // of the seal's data as it stands in signatures
	History History
	// Owner is the organisation of the seal as it was called, and Became what others took its place since, oldest first. Both are empty
	// for one that goes on under its name (decision record 0016).
	Owner  string
	Became []Became
}

// List is a status list of a division.
type List struct {
	URI        string
	Number     uint64
	Issued     time.Time
	NextUpdate time.Time
	Division   string // six digits
	Raw        []byte // of an opened list

	seals  []Seal // by code, then SM3
	object *signed.Object
}

// Bounds.
const (
	MaxSeals   = signed.MaxElements
	maxHistory = 256
	maxBecame  = 32
	maxHeirs   = 20
	maxName    = 256 // octets
	maxTime    = 253402300799
)

// digits tells a code of n digits: 6 of a division (GB/T 2260), 14 of a seal.
func digits(code string, n int) bool {
	return len(code) == n && !strings.ContainsFunc(code, func(char rune) bool { return char < '0' || char > '9' })
}

// DivisionOf is the division of a seal's code; false for codes of another form, of which no list speaks.
func DivisionOf(code string) (string, bool) {
	if !digits(code, 14) {
		return "", false
	}
	return code[:6], true
}

func compare(a, b Seal) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), bytes.Compare(a.SM3[:], b.SM3[:]))
}

// New makes a list of seals, in any order.
func New(uri string, number uint64, division string, issued, nextUpdate time.Time, seals []Seal) *List {
	second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	sorted := slices.Clone(seals)
	slices.SortFunc(sorted, compare)
	return &List{URI: uri, Number: number, Issued: second(issued), NextUpdate: second(nextUpdate), Division: division, seals: sorted}
}

// Seals are the entries by code.
func (l *List) Seals() []Seal { return slices.Clone(l.seals) }

// Lookup finds the entry of a seal.
func (l *List) Lookup(code string, sum [32]byte) (Seal, bool) {
	at, found := slices.BinarySearchFunc(l.seals, Seal{Code: code, SM3: sum}, compare)
	if !found {
		return Seal{}, false
	}
	return l.seals[at], true
}

// clockDifference is how far the clocks of publisher and reader may differ.
const clockDifference = 90 * time.Second

// Current tells whether the list is the newest that its reader must have at a moment.
func (l *List) Current(at time.Time) bool {
	return l.Begun(at) && !at.After(l.NextUpdate.Add(clockDifference))
}

// Begun tells whether the list had been issued.
func (l *List) Begun(at time.Time) bool { return !at.Before(l.Issued.Add(-clockDifference)) }

type eventBody struct {
	_     struct{} `cbor:",toarray"`
	From  int64
	State uint8
}

type becameBody struct {
	_     struct{} `cbor:",toarray"`
	From  int64
	Kind  uint8
	Names []string
}

type sealBody struct {
	Code    string       `cbor:"1,keyasint"`
	SM3     []byte       `cbor:"2,keyasint"`
	History []eventBody  `cbor:"3,keyasint"`
	Owner   string       `cbor:"4,keyasint,omitempty"`
	Became  []becameBody `cbor:"5,keyasint,omitempty"`
}

type listBody struct {
	URI        string     `cbor:"1,keyasint"`
	Number     uint64     `cbor:"2,keyasint"`
	Issued     int64      `cbor:"3,keyasint"`
	NextUpdate int64      `cbor:"4,keyasint"`
	Division   string     `cbor:"5,keyasint"`
	Seals      []sealBody `cbor:"6,keyasint"`
}

func (l *List) check() error {
	from, to := l.Issued.Unix(), l.NextUpdate.Unix() // numbers, since moments far off wrap round when they are compared
	if l.URI == "" || len(l.URI) > 256 || l.Number == 0 || l.Number > 1<<62 || from <= 0 || to <= from || to > maxTime || !digits(l.Division, 6) {
		return errors.New("address, number, times or division")
	}
	if len(l.seals) > MaxSeals {
		return errors.New("too many seals")
	}
	for i, s := range l.seals {
		if of, _ := DivisionOf(s.Code); of != l.Division || i > 0 && compare(l.seals[i-1], s) >= 0 {
			return fmt.Errorf("seal %d: code or order", i+1)
		}
		if err := s.History.check(); err != nil {
			return fmt.Errorf("seal %s: %w", s.Code, err)
		}
		if err := s.checkBecame(); err != nil {
			return fmt.Errorf("seal %s: %w", s.Code, err)
		}
	}
	return nil
}

// Sign encodes and signs the list. Errors wrap signed.ErrMake.
func (l *List) Sign(chain [][]byte, sign signed.SignFunc) ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%w: status list of seals: %w", signed.ErrMake, err)
	}
	body := listBody{URI: l.URI, Number: l.Number, Issued: l.Issued.Unix(), NextUpdate: l.NextUpdate.Unix(), Division: l.Division, Seals: []sealBody{}}
	for _, s := range l.seals {
		entry := sealBody{Code: s.Code, SM3: s.SM3[:], History: []eventBody{}, Owner: s.Owner}
		for _, e := range s.History {
			entry.History = append(entry.History, eventBody{From: e.From.Unix(), State: uint8(e.State)})
		}
		for _, b := range s.Became {
			entry.Became = append(entry.Became, becameBody{From: b.From.Unix(), Kind: uint8(b.Kind), Names: b.Names})
		}
		body.Seals = append(body.Seals, entry)
	}
	return signed.SignObject(signed.KindSeals, body, chain, sign)
}

// Is tells whether octets claim to be a status list of seals.
func Is(data []byte) bool { return signed.Is(signed.KindSeals, data) }

// Open reads a list and verifies its signature with the certificate inside; Judge says whether the signer may speak of a seal. Errors
// wrap signed.ErrFormat or signed.ErrSignature.
func Open(data []byte) (*List, error) {
	var body listBody
	object, err := signed.OpenObject(signed.KindSeals, data, &body)
	if err != nil {
		return nil, err
	}
	utc := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	l := &List{URI: body.URI, Number: body.Number, Issued: utc(body.Issued), NextUpdate: utc(body.NextUpdate), Division: body.Division, Raw: data, object: object}
	for _, entry := range body.Seals {
		if len(entry.SM3) != 32 {
			return nil, fmt.Errorf("%w: status list of seals: digest of seal %.20q", signed.ErrFormat, entry.Code)
		}
		s := Seal{Code: entry.Code, SM3: [32]byte(entry.SM3), Owner: entry.Owner}
		for _, e := range entry.History {
			s.History = append(s.History, Event{utc(e.From), State(e.State)})
		}
		for _, b := range entry.Became {
			s.Became = append(s.Became, Became{utc(b.From), Kind(b.Kind), b.Names})
		}
		l.seals = append(l.seals, s)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%w: status list of seals: %w", signed.ErrFormat, err)
	}
	return l, nil
}

// SignerName is the name in the signer's certificate of an opened list.
func (l *List) SignerName() string {
	if l.object == nil {
		return ""
	}
	return l.object.SignerName()
}

// Judge asks whether the list may speak of seals of a maker: its signer is a trusted service (signed.Object.Judge) whose certificate the
// authority issued that issued the maker's, to the same organisation. So nobody but the maker's own house ends or revives a seal. Errors
// wrap signed.ErrUntrusted.
func (l *List) Judge(maker *pki.Certificate, trust signed.Trust) error {
	if l.object == nil {
		return fmt.Errorf("%w: the list is not signed", signed.ErrUntrusted)
	}
	signer, err := l.object.Judge(trust)
	if err != nil {
		return err
	}
	own := signer.Certificate
	if own.Subject.Organization() == "" || own.Subject.Organization() != maker.Subject.Organization() {
		return fmt.Errorf("%w: the list is of another organisation than the seal's maker", signed.ErrUntrusted)
	}
	if len(signer.Chain) < 2 || maker.CheckSignatureFrom(signer.Chain[1]) != nil {
		return fmt.Errorf("%w: another authority issued the certificate of the seal's maker", signed.ErrUntrusted)
	}
	return nil
}
