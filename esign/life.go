package esign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// move changes the state of a seal.
func (s *Service) move(ctx context.Context, id, role string, from []State, to State, reason string, check func(seal *Seal, actor reqctx.Actor) error) (Seal, error) {
	return s.moveTo(ctx, id, role, from, to, Ending{Reason: reason}, check)
}

func (s *Service) moveTo(ctx context.Context, id, role string, from []State, to State, end Ending, check func(seal *Seal, actor reqctx.Actor) error) (Seal, error) {
	ctx, seal, err := s.movable(ctx, id, role, from, to, check)
	if err != nil {
		return Seal{}, err
	}
	return s.put(ctx, seal, to, end)
}

// put stores a seal in its next state.
func (s *Service) put(ctx context.Context, seal Seal, to State, end Ending) (Seal, error) {
	old := seal.State
	event := s.turn(ctx, &seal, to, end)
	return s.moved(seal, s.cfg.Store.UpdateSeal(ctx, seal, old, s.orders(seal, audit.With(event))))
}

// movable finds a seal that the actor may bring into another state; the context says in which area the role is used.
func (s *Service) movable(ctx context.Context, id, role string, from []State, to State, check func(seal *Seal, actor reqctx.Actor) error) (context.Context, Seal, error) {
	actor, err := require(ctx, role)
	if to != Suspended && to != Revoked {
		actor, err = rested(actor, err)
	}
	if err != nil {
		return ctx, Seal{}, err
	}
	seal, err := s.find(ctx, id)
	if err != nil {
		return ctx, Seal{}, err
	}
	if ctx, err = seal.in(ctx, role); err != nil {
		return ctx, Seal{}, err
	}
	if !slices.Contains(from, seal.State) {
		return ctx, Seal{}, fault.New(fault.SealState)
	}
	if role == RoleKeeper && to != Suspended { // stopping waits for nobody
		if err := s.keeps(ctx, actor.ID, seal); err != nil {
			return ctx, Seal{}, err
		}
	}
	if check != nil {
		err = check(&seal, actor)
	}
	return ctx, seal, err
}

// turn gives a seal its next state with what that adds to its history, and returns the event that tells of it.
func (s *Service) turn(ctx context.Context, seal *Seal, to State, end Ending) audit.Event {
	seal.State, seal.UpdatedAt, seal.StatusReason, seal.Cause, seal.LostAt = to, s.now(), end.Reason, end.Cause, end.LostAt
	seal.Change = seal.change(end, seal.UpdatedAt)
	event := s.event(ctx, "seal."+string(to), "seal", seal.ID, end.told())
	event.Reason = end.Reason
	return event
}

// moved is the answer of a change that the store took, or did not take.
func (s *Service) moved(seal Seal, err error) (Seal, error) {
	seal.Change = nil
	switch {
	case errors.Is(err, ErrChanged):
		return Seal{}, fault.Wrap(err, fault.Conflict)
	case err != nil:
		return Seal{}, unavailable(err)
	}
	return seal, nil
}

// Approve reviews an application; the applicant may not.
func (s *Service) Approve(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Applied}, Approved, "", func(seal *Seal, actor reqctx.Actor) error {
		switch {
		case seal.Awaits():
			return fault.New(fault.SealUnconfirmed)
		case seal.applied(actor.ID):
			return fault.New(fault.SealSamePerson)
		}
		seal.Reviewer = actor.ID
		return s.stands(ctx, *seal)
	})
}

// Make draws the picture, makes the signer's key and certificate, and has the maker sign the seal (GB/T 38540-2020 6.2).
func (s *Service) Make(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleMaker, []State{Approved}, Made, "", func(seal *Seal, actor reqctx.Actor) error {
		if seal.decided(actor.ID) {
			return fault.New(fault.SealSamePerson)
		}
		seal.Maker = actor.ID
		if err := s.stands(ctx, *seal); err != nil {
			return err
		}
		return s.build(ctx, seal)
	})
}

func (s *Service) build(ctx context.Context, seal *Seal) error {
	picture, err := draw(*seal)
	if err != nil {
		return err
	}
	if seal.Picture, err = picture.PNG(); err != nil {
		return err
	}
	key, err := s.cfg.Keys.Ensure(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: seal.ID})
	if err != nil {
		return keyFault(err)
	}
	cert, err := s.cfg.Authority.Issue(ctx, key, pki.ProfileSealSigner, seal.subject(), "seal:"+seal.ID)
	if err != nil {
		return keyFault(err)
	}
	maker, makerCert, err := s.maker(ctx)
	if err != nil {
		return keyFault(err)
	}
	width, height := sizeOf(picture)
	// The years asked for begin now, and the seal ends with its signer's certificate at the latest.
	years := seal.ValidTo.Year() - seal.ValidFrom.Year()
	seal.ValidFrom = s.now()
	seal.ValidTo = seal.ValidFrom.AddDate(years, 0, 0)
	if cert.NotAfter.Before(seal.ValidTo) {
		seal.ValidTo = cert.NotAfter.UTC()
	}
	seal.KeyID, seal.SignerCert = key.ID, cert.Raw
	seal.SES, err = ses.NewSeal(ses.SealInfo{
		Vid: "YINXIN", ESID: seal.Code, Type: seal.kindCode(), Name: seal.Name, SignerCerts: [][]byte{cert.Raw},
		CreateDate: seal.ValidFrom, ValidStart: seal.ValidFrom, ValidEnd: seal.ValidTo,
		Picture: ses.Picture{Type: "PNG", Data: seal.Picture, WidthMM: width, HeightMM: height},
	}, makerCert.Raw, func(message []byte) ([]byte, error) { return maker.SignMessage(ctx, message) })
	if err != nil {
		return keyFault(fmt.Errorf("make seal: %w", err))
	}
	// GB/T 38540-2020 6.2: nothing is put on record that would not verify.
	trust, err := s.trust(ctx)
	if err != nil {
		return err
	}
	if err := fit(*seal, trust); err != nil {
		return fault.Wrap(fmt.Errorf("verify the seal made: %w", err), fault.Internal)
	}
	return nil
}

// Preview is the picture of a seal: the one in its data, and before it is made the one that it will have.
func (s *Service) Preview(seal Seal) ([]byte, error) {
	if len(seal.Picture) > 0 {
		return seal.Picture, nil
	}
	picture, err := draw(seal)
	if err != nil {
		return nil, err
	}
	return picture.PNG()
}

// subject is whom the signer's certificate names: the code of the seal and the organisation, or the person of a personal seal with their office,
// and where they work. That is written in another way than for a seal of the organisation, because whose certificate names an authority as its
// own seals do passes for it in judgements about licences.
func (seal Seal) subject() pki.Subject {
	subject := pki.Subject{CommonName: seal.Code, Organization: seal.OwnerCode + seal.Owner}
	if seal.Personal() {
		subject = pki.Subject{CommonName: seal.Bearer.Name, OrganizationalUnit: seal.Bearer.Office, Organization: seal.OwnerCode + " " + seal.Owner}
	}
	return subject
}

// kindCode is the type in the seal's data (GM/T 0031-2014 6.1.1.1; GB/T 38540-2020 leaves the list to the business).
func (seal Seal) kindCode() int {
	if seal.Personal() {
		return ses.TypePerson
	}
	return ses.TypeOrganisation
}

// sizeOf is that of a picture in whole millimetres, as a seal's data has it.
func sizeOf(p *sealimage.Picture) (width, height int) {
	return int(p.WidthMM + 0.5), int(p.HeightMM + 0.5)
}

// SizeOf is the size of a seal's picture in millimetres, also of one that is not made yet; zero where it cannot be drawn.
func (s *Service) SizeOf(seal Seal) (width, height int) {
	if parsed, err := ses.ParseSeal(seal.SES); err == nil {
		return parsed.Picture.WidthMM, parsed.Picture.HeightMM
	}
	if picture, err := draw(seal); err == nil {
		return sizeOf(picture)
	}
	return 0, 0
}

func draw(seal Seal) (*sealimage.Picture, error) {
	if seal.Personal() {
		picture, err := sealimage.DrawPersonal(sealimage.PersonalSpec{Name: seal.Bearer.Name, Layout: seal.Bearer.Layout, Filling: seal.Bearer.Filling, HeightMM: int(seal.DiameterMM)})
		if err != nil {
			return nil, fault.Wrap(err, fault.SealUnfit).WithField(fieldPerson, fault.SealDrawing)
		}
		return picture, nil
	}
	picture, err := sealimage.Draw(sealimage.Spec{Name: seal.Owner, Line: seal.Line, Code: seal.Code, DiameterMM: seal.DiameterMM})
	if err != nil {
		return nil, fault.Wrap(err, fault.SealUnfit).WithField(fieldOwner, fault.SealDrawing)
	}
	return picture, nil
}

// keyFault tells what cannot succeed later, a key that does not serve this purpose or input that must not be signed, from
// everything else that key provider and authority answer: that they are away, that their register is, or a signature
// that does not verify (security row K-07).
func keyFault(err error) error {
	for _, final := range []error{keys.ErrUsage, keys.ErrNotFound, keys.ErrDestroyed, keys.ErrState, keys.ErrUnwrap, ses.ErrInput, pki.ErrTemplate} {
		if errors.Is(err, final) {
			return err
		}
	}
	return unavailable(err)
}

// maker is the platform's seal maker: signer and certificate.
func (s *Service) maker(ctx context.Context) (keys.Signer, *pki.Certificate, error) {
	spec := keys.Spec{Usage: keys.UsageSealMaker, Algorithm: keys.SM2}
	info, err := s.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	signer, err := s.cfg.Keys.Signer(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	cert, err := s.cfg.Authority.Issue(ctx, info, pki.ProfileSealMaker, pki.Subject{CommonName: s.cfg.MakerName + " 制章", Organization: s.cfg.MakerName}, "seal_maker:"+info.ID)
	return signer, cert, err
}

// Suspend stops a seal at once; what was sealed lawfully before stays valid. One person is enough.
func (s *Service) Suspend(ctx context.Context, id, reason string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Active}, Suspended, reason, func(seal *Seal, actor reqctx.Actor) error {
		seal.StoppedBy = actor.ID
		return needReason(reason)
	})
}

// Resume puts a suspended seal back into use, also one that was reported lost and is found; the reviewer decides, who must not be the one who stopped it.
func (s *Service) Resume(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Suspended}, Active, "", func(seal *Seal, actor reqctx.Actor) error {
		if actor.ID == seal.StoppedBy {
			return fault.New(fault.SealSamePerson)
		}
		seal.StoppedBy = ""
		return s.stands(ctx, *seal)
	})
}

// Revoke ends a seal, or its application, for good.
func (s *Service) Revoke(ctx context.Context, id, reason string) (Seal, error) {
	return s.End(ctx, id, Ending{Reason: reason})
}

// End is Revoke with its cause. A seal that is lost may have been so for a while: since its keeper reported, where nothing else is said.
func (s *Service) End(ctx context.Context, id string, end Ending) (Seal, error) {
	ctx, seal, err := s.movable(ctx, id, RoleReviewer, []State{Applied, Approved, Made, Active, Suspended}, Revoked, nil)
	if err != nil {
		return Seal{}, err
	}
	if err := end.check(seal, s.now()); err != nil {
		return Seal{}, err
	}
	if end.Cause == CauseLost && end.LostAt.IsZero() {
		end.LostAt = seal.LostAt
	}
	return s.put(ctx, seal, Revoked, end)
}

func needReason(reason string) error {
	if strings.TrimSpace(reason) == "" || !plain(reason, maxReason) {
		return fault.New(fault.SealReason).WithField("reason", fault.SealReason)
	}
	return nil
}
