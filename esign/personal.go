package esign

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Bearer is the person of a personal seal (个人名章: of a legal representative, an official, a member of staff). The zero one is that of a seal
// of an organisation. Nothing of it changes: another name is another seal, which replaces this one.
type Bearer struct {
	Account     string // of staff, as an actor: who alone uses the seal
	Name        string // as it stands on the seal
	Office      string // 职务; may be empty
	Basis       string // the document that puts the person there, or orders the seal
	Layout      sealimage.Layout
	Filling     sealimage.Filling
	ConfirmedBy string // the person, who agreed to have it; empty until then
	ConfirmedAt time.Time
}

// PersonalApplication is what an application for a personal seal says besides.
type PersonalApplication struct {
	Login   string // account of staff; empty for the applicant
	Name    string // must be the one that the account has
	Office  string
	Basis   string
	Layout  sealimage.Layout
	Filling sealimage.Filling
}

// People says who staff are, for personal seals; internal/app adapts the room that knows. Whatever fails is an answer that nobody gave: it
// refuses for now, and lets nobody pass.
type People interface {
	// PersonByLogin finds somebody by the name that they sign in with; ErrNotFound.
	PersonByLogin(ctx context.Context, login string) (Person, error)
	// Person is who is behind an account of staff, as of now; ErrNotFound.
	Person(ctx context.Context, account string) (Person, error)
	// Human is that of Keepers: the same for all accounts of one person, and empty for whoever is no known person.
	Human(ctx context.Context, actor string) (string, error)
}

// Person is somebody of staff.
type Person struct {
	Account      string // as an actor
	Name         string // empty where none is known
	Organisation string // unified social credit code of the organisation that they work for
	Works        bool   // the account is open, neither suspended nor closed
}

// Bounds of what an application says of a person, in characters.
const (
	maxPersonName = 16
	maxOffice     = 30
	maxBasis      = 100
)

// Wire names of what an application for a personal seal says.
const (
	fieldPerson  = "person"
	fieldLogin   = "person_login"
	fieldOffice  = "office"
	fieldBasis   = "basis"
	fieldLayout  = "layout"
	fieldFilling = "filling"
	fieldHeight  = "height_mm"
)

// PersonalSeals is no state: it lists personal seals in any.
const PersonalSeals State = "personal"

// Unconfirmed is no state: it lists applications for personal seals that wait for their person.
const Unconfirmed State = "unconfirmed"

// systemPersonal stops personal seals of people who left.
const systemPersonal = "system:esign-personal"

// Personal tells whether it is a personal seal.
func (seal Seal) Personal() bool { return seal.Bearer.Account != "" }

// Awaits tells whether an application waits for the person whose name the seal bears.
func (seal Seal) Awaits() bool {
	return seal.Personal() && seal.Bearer.ConfirmedBy == "" && seal.State == Applied
}

// borneBy tells whether an account is that of the person, or the one with which they confirmed.
func (b Bearer) borneBy(actor string) bool {
	return actor != "" && (actor == b.Account || actor == b.ConfirmedBy)
}

// name of a personal seal. It does not begin with the organisation, because licences are held to be sealed by the authority whose name a
// seal begins with.
func (b Bearer) sealName(owner string) string { return b.Name + "（" + owner + "）" }

// bearer finds the person of an application and takes what it says. own tells that the applicant applies for themself.
func (s *Service) bearer(ctx context.Context, a Application, actor string) (b Bearer, own bool, err error) {
	p := *a.Personal
	var person Person
	switch {
	case s.cfg.People == nil:
		err = ErrNotFound
	case p.Login == "":
		person, err = s.cfg.People.Person(ctx, actor)
	default:
		person, err = s.cfg.People.PersonByLogin(ctx, p.Login)
	}
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return b, false, unavailable(err)
	// One answer for all of these: a form must not tell who works where.
	case err != nil, !person.Works, person.Organisation != a.OwnerCode, person.Name == "", person.Name != p.Name:
		return b, false, fault.New(fault.SealPerson).WithField(fieldPerson, fault.SealPerson)
	}
	b = Bearer{Account: person.Account, Name: p.Name, Office: p.Office, Basis: p.Basis, Layout: p.Layout, Filling: p.Filling}
	if own, err = s.sameHuman(ctx, actor, person.Account); own {
		b.ConfirmedBy, b.ConfirmedAt = actor, s.now()
	}
	return b, own, err
}

// sameHuman tells whether two accounts are of one known person.
func (s *Service) sameHuman(ctx context.Context, one, other string) (bool, error) {
	if one == other {
		return one != "", nil
	}
	a, err := s.cfg.People.Human(ctx, one)
	if err != nil {
		return false, unavailable(err)
	}
	b, err := s.cfg.People.Human(ctx, other)
	return a != "" && a == b, unavailable(err)
}

// owns refuses everybody but the person of a personal seal, and the person too once they left the organisation or have another name.
func (s *Service) owns(ctx context.Context, actor string, seal Seal) error {
	if s.cfg.People == nil {
		return fault.New(fault.Unavailable)
	}
	same, err := s.sameHuman(ctx, actor, seal.Bearer.Account)
	if err != nil {
		return err
	}
	if !same {
		return fault.New(fault.SealNotOwn, "name", seal.Bearer.Name)
	}
	return s.stands(ctx, seal)
}

// stands refuses a personal seal whose person works for its organisation no more, or has another name. It says nothing of other seals.
func (s *Service) stands(ctx context.Context, seal Seal) error {
	if !seal.Personal() {
		return nil
	}
	if s.cfg.People == nil {
		return fault.New(fault.Unavailable)
	}
	person, err := s.cfg.People.Person(ctx, seal.Bearer.Account)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return unavailable(err)
	case err != nil, !person.Works, person.Organisation != seal.OwnerCode, person.Name != seal.Bearer.Name:
		return fault.New(fault.SealPersonLeft, "name", seal.Bearer.Name)
	}
	return nil
}

// Confirm is the word of the person that they want the seal that somebody else applied for. Reviewers see the application from then on.
func (s *Service) Confirm(ctx context.Context, id string) (Seal, error) {
	var seen Seal
	ctx, seal, err := s.movable(ctx, id, RoleKeeper, []State{Applied}, Applied, func(seal *Seal, actor reqctx.Actor) error {
		if seen = *seal; !seal.Awaits() {
			return fault.New(fault.SealState)
		}
		seal.Bearer.ConfirmedBy, seal.Bearer.ConfirmedAt = actor.ID, s.now()
		return nil
	})
	if err != nil {
		return Seal{}, err
	}
	seal.UpdatedAt = seal.Bearer.ConfirmedAt
	return s.moved(seal, s.cfg.Store.AmendSeal(ctx, seal, seen, audit.With(s.event(ctx, "seal.confirmed", "seal", seal.ID, nil))))
}

// Decline is the word of the person that they do not want the seal that somebody else applied for; it ends the application.
func (s *Service) Decline(ctx context.Context, id, reason string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Applied}, Revoked, reason, func(seal *Seal, _ reqctx.Actor) error {
		if !seal.Awaits() {
			return fault.New(fault.SealState)
		}
		return needReason(reason)
	})
}

// PersonChanged stops the personal seals in use of somebody who left, was suspended or got another name. It may be told again, also when
// nothing of that is so.
func (s *Service) PersonChanged(ctx context.Context, account string) error {
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: systemPersonal})
	for after := ""; ; {
		page, err := s.cfg.Store.SealsOfPerson(ctx, account, after, maxPage)
		if err != nil {
			return unavailable(err)
		}
		for _, seal := range page {
			if after = seal.Code; seal.State != Active {
				continue
			}
			err := s.stands(ctx, seal)
			if err == nil {
				continue
			}
			if fault.CodeOf(err) != fault.SealPersonLeft {
				return err
			}
			seal.StoppedBy = systemPersonal
			if _, err := s.put(ctx, seal, Suspended, Ending{Reason: leftReason}); err != nil {
				return err // told again
			}
		}
		if len(page) < maxPage {
			return nil
		}
	}
}

// leftReason is what the record of a seal says that was stopped because of its person.
const leftReason = "本人已离任、账号停用，或姓名、所属单位变更"

// trimmed is what an application says, without blanks around it.
func (p PersonalApplication) trimmed() *PersonalApplication {
	for _, text := range []*string{&p.Login, &p.Name, &p.Office, &p.Basis} {
		*text = strings.TrimSpace(*text)
	}
	if p.Filling == "" {
		p.Filling = sealimage.FillNone
	}
	return &p
}

// check notes all that has not the right form.
func (p PersonalApplication) check(a Application, unfit *fault.Fault) {
	least, greatest := sealimage.PersonalBounds(p.Layout)
	for _, one := range []struct {
		field string
		right bool
	}{
		{fieldOwnerCode, a.OwnerCode != ""}, // whoever works there is known by it
		{fieldLine, a.Line == ""},
		{fieldLogin, plain(p.Login, maxKey)},
		{fieldPerson, p.Name != "" && plain(p.Name, maxPersonName)},
		{fieldOffice, plain(p.Office, maxOffice)},
		{fieldBasis, p.Basis != "" && plain(p.Basis, maxBasis)},
		{fieldLayout, greatest != 0},
		{fieldFilling, slices.Contains(sealimage.Fillings, p.Filling)},
		{fieldHeight, a.DiameterMM == 0 || greatest == 0 || a.DiameterMM >= float64(least) && a.DiameterMM <= float64(greatest) && a.DiameterMM == float64(int(a.DiameterMM))},
	} {
		if !one.right {
			unfit.WithField(one.field, fault.SealField)
		}
	}
}
