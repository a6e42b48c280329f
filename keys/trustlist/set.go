package trustlist

import (
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Set is the lists that a verifier knows, the newest of each address. The zero Set is empty; it may be read by many at once after the
// last Add.
type Set struct {
	lists []*List
	own   []Authority
}

// Add takes a list. One that is older than the known one of its address is refused with ErrOlder and changes nothing, so that nobody
// brings a withdrawn authority back with an old list; the same number again is the same list for us, and the first stays.
func (s *Set) Add(l *List) error {
	for i, have := range s.lists {
		switch {
		case have.URI != l.URI:
		case l.Number < have.Number:
			return ErrOlder
		case l.Number == have.Number:
			return nil
		default:
			s.lists[i] = l
			return nil
		}
	}
	s.lists = append(s.lists, l)
	return nil
}

// AddOwn takes authorities that the reader itself vouches for: a platform for those of its own register, without a signature.
func (s *Set) AddOwn(authorities ...Authority) { s.own = append(s.own, authorities...) }

// Len counts lists and own authorities.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.lists) + len(s.own)
}

// Lists are the lists of the set.
func (s *Set) Lists() []*List {
	if s == nil {
		return nil
	}
	return slices.Clone(s.lists)
}

// Standing is what the lists say of an authority for a use at a moment.
type Standing struct {
	Granted bool
	// Known: a list names the authority at all.
	Known bool
	// Other: it was trusted at the moment, for other uses.
	Other bool
	// WithdrawnAt is when the use ended, at the moment or later; zero when it did not.
	WithdrawnAt time.Time
	Reason      Reason
}

// standing reads a history.
func standing(history []Event, use Use, at time.Time) Standing {
	s := Standing{Known: true}
	for _, e := range history {
		has := slices.Contains(e.Uses, use)
		if !e.From.After(at) {
			s.Granted, s.Other = has, len(e.Uses) > 0 && !has
			s.WithdrawnAt, s.Reason = time.Time{}, ""
			if len(e.Uses) == 0 {
				s.WithdrawnAt, s.Reason = e.From, e.Reason
			}
			continue
		}
		// What came later matters where the moment is only a claim; a compromise matters most.
		if s.Granted && len(e.Uses) == 0 && (s.WithdrawnAt.IsZero() || e.Reason == Compromised) {
			s.WithdrawnAt, s.Reason = e.From, e.Reason
		}
	}
	return s
}

// Anchors is what is trusted now, by the certificates that stand for themselves and the lists that count.
type Anchors struct {
	plain   *pki.Pool
	entries []Authority
	// Passed are the lists that do not count, with the reason: "stale" or "untrusted".
	Passed []Passed
}

// Passed is a list that does not count.
type Passed struct {
	List   *List
	Reason string
}

// Reasons for which a list does not count.
const (
	Stale     = "stale"
	Untrusted = "untrusted"
)

// Resolve judges the lists against roots that stand for themselves. A list counts when it is current and its signer is a service whose
// chain leads to one of those roots, or to an authority of the reader's own register that is trusted for services; a list cannot vouch
// for its own signer. A root that a list names, and that the list's own chain ends in, is trusted as the list says from then on: its
// platform limits itself. What several lists say adds up, and no list takes away what another one, or a root that stands for itself, gives.
func (s *Set) Resolve(roots, intermediates *pki.Pool, crls []*pki.CRL, at time.Time) *Anchors {
	a := &Anchors{plain: roots}
	if a.plain == nil {
		a.plain = pki.NewPool()
	}
	if s.Len() == 0 {
		return a
	}
	a.entries = slices.Clone(s.own)
	judges := pki.NewPool(a.plain.Certificates()...)
	for _, own := range s.own {
		if standing(own.History, Service, at).Granted {
			judges.Add(own.Certificate)
		}
	}
	limited := map[string]bool{}
	for _, l := range s.lists {
		if !l.Current(at) {
			a.Passed = append(a.Passed, Passed{l, Stale})
			continue
		}
		signer := signed.Signer{}
		err := error(signed.ErrUntrusted)
		if l.object != nil {
			signer, err = l.object.Judge(signed.Trust{Roots: judges, Intermediates: intermediates, CRLs: crls, At: at})
		}
		if err != nil {
			a.Passed = append(a.Passed, Passed{l, Untrusted})
			continue
		}
		root := signer.Chain[len(signer.Chain)-1]
		for _, entry := range l.Authorities {
			if entry.Certificate.Equal(root) {
				limited[string(root.Raw)] = true
			}
		}
		a.entries = append(a.entries, l.Authorities...)
	}
	if len(limited) > 0 {
		kept := pki.NewPool()
		for _, root := range a.plain.Certificates() {
			if !limited[string(root.Raw)] {
				kept.Add(root)
			}
		}
		a.plain = kept
	}
	return a
}

// Pool is what may end a chain for a use at a moment: roots that stand for themselves, and authorities that are granted then. A
// time-stamping authority under a compromised one proves nothing about any moment: who has the key writes every time.
func (a *Anchors) Pool(use Use, at time.Time) *pki.Pool {
	if len(a.entries) == 0 {
		return a.plain
	}
	pool := pki.NewPool(a.plain.Certificates()...)
	for _, entry := range a.entries {
		if s := standing(entry.History, use, at); s.Granted && !(use == TimeStamp && s.Reason == Compromised) {
			pool.Add(entry.Certificate)
		}
	}
	return pool
}

// Listed are all authorities that lists name, whatever was withdrawn: what helps to say why a chain is not trusted.
func (a *Anchors) Listed() *pki.Pool {
	pool := pki.NewPool()
	for _, entry := range a.entries {
		pool.Add(entry.Certificate)
	}
	return pool
}

// Standing says how an anchor stands for a use at a moment. Several lists add up: one that grants it without an end beats the others.
func (a *Anchors) Standing(anchor *pki.Certificate, use Use, at time.Time) Standing {
	if a.plain.Contains(anchor) {
		return Standing{Granted: true}
	}
	best := Standing{}
	for _, entry := range a.entries {
		if !entry.Certificate.Equal(anchor) {
			continue
		}
		s := standing(entry.History, use, at)
		switch {
		case !best.Known, s.Granted && !best.Granted, s.Granted && s.WithdrawnAt.IsZero():
			best = s
		case s.Other && !best.Granted:
			best.Other = true
		}
	}
	return best
}
