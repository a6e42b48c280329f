package proofing

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Words of methods, in evidence, policy and addresses.
const (
	IDCard       = "id_card"
	Document     = "document"
	Carrier      = idp.Carrier
	BankCard     = "bank_card"
	Face         = "face"
	NetworkID    = idp.NetworkID
	ManualReview = "manual_review"
	Certificate  = "certificate"
)

// plain methods are name and number, with or without a mobile number: the first page asks for them.
func plain(word string) bool { return word == IDCard || word == Document || word == Carrier }

// Method is a way to prove who one is beside name and number alone; each has a folder of its own, and internal/app lists those that
// are configured. Either a Source answers at once, or a Remote leads to a page of another service, or reviewers look at it, or a
// certificate shows it.
type Method struct {
	Word   string
	Source Source
	Remote Remote
	Review bool
	// Card asks for the number of a bank card, Mobile for the number that its bank knows.
	Card, Mobile bool
	// Notice is the version of the text of a separate consent (单独同意), without which nothing is asked; empty needs none.
	Notice string
	// Reader reads the certificate whose holder signs a challenge; Kinds are the documents that certificates tell of here, and Ceiling
	// is what the best of them gives (0: what the policy says).
	Reader  CertificateReader
	Kinds   Kinds
	Ceiling subject.IAL
	// Nameless proves who holds an account that told no name; with a name behind it the service compares.
	Nameless bool
}

// Started is a visit to the page of another service.
type Started struct {
	URL    string // where the person goes
	Handle string // by which the service knows the visit; no personal data
}

// Remote is a service with a page of its own. Ask brings the result of the visit whose handle stands in the query.
type Remote interface {
	Source
	// Begin opens a visit that returns to an address of ours.
	Begin(ctx context.Context, q Query, returnURL string) (Started, error)
	// Origin is where its pages are.
	Origin() string
}

// Kinds are the kinds of documents that a source knows; none is the resident identity card alone.
type Kinds []string

// Knows implements Source.
func (k Kinds) Knows(kind string) bool {
	return len(k) == 0 && kind == subject.CitizenID || slices.Contains(k, kind)
}

// forAnother reports a way that raises no level of the person who takes it.
func (m Method) forAnother() bool { return m.Word == OrganisationTransfer || m.Word == GuardianConsent }

func (s *Service) method(word string) (Method, bool) {
	i := slices.IndexFunc(s.cfg.Methods, func(m Method) bool { return m.Word == word })
	if i < 0 {
		return Method{}, false
	}
	return s.cfg.Methods[i], true
}

// sourceFor is who answers for a method and a kind of document; nil when nobody does.
func (s *Service) sourceFor(method, kind string) Source {
	m, ok := s.method(method)
	switch {
	case ok && m.Remote != nil:
		return m.Remote
	case ok && m.Source != nil:
		if m.Source.Knows(kind) {
			return m.Source
		}
		if method != Carrier {
			return nil
		}
	}
	if plain(method) {
		return s.sourceOf(kind)
	}
	return nil
}

// Offer is a method as it stands for somebody.
type Offer struct {
	Method Method
	Level  Level
	// Held: the identity that the account proved is used, and the form asks for neither name nor number.
	Held bool
	// Why it is not there for this person; empty when it is.
	Why fault.Code
}

// Offers are the methods beside the plain ones, as they stand for a person with a kind of document.
func (s *Service) Offers(person idp.Person, kind subject.DocumentKind) (all []Offer) {
	for _, level := range s.policy() {
		m, ok := s.method(level.Method)
		if !ok || level.Off || plain(level.Method) || m.forAnother() {
			continue
		}
		offer := Offer{Method: m, Level: level, Held: person.IDNumber != ""}
		named := identityOf(person)
		switch {
		case person.IAL > 0 && person.IDNumber == "" && !m.Nameless: // known by a network identity alone
			offer.Why = fault.ProofingNameless
		case !offer.Held && level.Holds > 0:
			offer.Why = fault.ProofingFirst
		case m.Nameless && !offer.Held:
		case !level.allows(kind) || !s.answers(m, kind.Kind):
			offer.Why = fault.ProofingKind
		case offer.Held:
			offer.Why = fault.CodeOf(s.oldEnough(level, bornOn(named)))
		}
		all = append(all, offer)
	}
	return all
}

// answers reports whether a method has something to say about a kind of document.
func (s *Service) answers(m Method, kind string) bool {
	return m.Review || m.Reader != nil && m.Kinds.Knows(kind) || s.sourceFor(m.Word, kind) != nil
}

// Offer finds one; fault.NotFound when the method is not configured, and its reason when it is not there for this person.
func (s *Service) Offer(person idp.Person, kind subject.DocumentKind, word string) (Offer, error) {
	for _, offer := range s.Offers(person, kind) {
		if offer.Method.Word != word {
			continue
		}
		if offer.Why != "" {
			return offer, fault.New(offer.Why)
		}
		return offer, nil
	}
	return Offer{}, fault.New(fault.NotFound)
}

func identityOf(p idp.Person) idp.Identity {
	return idp.Identity{Name: p.Name, Type: p.IDType, Number: p.IDNumber, Nationality: p.Nationality, Birth: p.Birth, Expires: p.IDExpires}
}

// kindOf is the kind of document that somebody's identity stands on, else the one that the form names.
func (s *Service) kindOf(person idp.Person, named string) (subject.DocumentKind, error) {
	word := person.IDType
	if person.IDNumber == "" {
		word = named
	}
	if word == "" {
		word = subject.CitizenID
	}
	kind, ok := s.cfg.Accounts.Documents().Find(word)
	if !ok {
		return kind, fault.New(fault.ProofingKind)
	}
	return kind, nil
}
