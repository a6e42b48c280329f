package proofing

import (
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// FurtherOffers are the methods that prove a further document of somebody who is known surely enough: those whose evidence may
// stand beside what is held without two people deciding (idp.BesideLevel, and not weaker than what is in force). None for a kind of
// which nobody holds one beside the document in force.
func (s *Service) FurtherOffers(person idp.Person, kind subject.DocumentKind) (all []Offer) {
	held, ok := s.cfg.Accounts.Documents().Find(person.IDType)
	if !ok || person.State != idp.AccountActive || person.IAL < idp.BesideLevel || person.IDNumber == "" || !slices.Contains(held.Beside, kind.Kind) {
		return nil
	}
	for _, level := range s.policy() {
		m, ok := s.method(level.Method)
		if !ok || m.forAnother() || m.Nameless || m.Reader != nil || plain(level.Method) || !level.allows(kind) || level.IAL < max(idp.BesideLevel, person.IAL) || !s.answers(m, kind.Kind) {
			continue
		}
		all = append(all, Offer{Method: m, Level: level})
	}
	return all
}

// FurtherOffer finds one; fault.ProofingKind when the document is not proved that way.
func (s *Service) FurtherOffer(person idp.Person, kind subject.DocumentKind, word string) (Offer, error) {
	for _, offer := range s.FurtherOffers(person, kind) {
		if offer.Method.Word == word {
			return offer, nil
		}
	}
	return Offer{}, fault.New(fault.ProofingKind)
}

// together refuses a document that tells another person than the one in force does. Who holds it is not looked at: that is told
// after it was proved.
func (s *Service) together(person idp.Person, q Query) error {
	facts := func(who idp.Identity) subject.Facts {
		return subject.Facts{Kind: who.Type, Number: who.Number, Nationality: who.Nationality, Name: who.Name, Birth: who.Birth}
	}
	if s.cfg.Accounts.Documents().OnePerson(facts(identityOf(person)), facts(q.identity())) {
		return nil
	}
	return fault.New(fault.DocumentDiffers)
}
