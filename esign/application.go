package esign

import (
	"context"
	"errors"
	"strings"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Application asks for a seal.
type Application struct {
	Code       string
	Owner      string
	OwnerCode  string
	Line       string
	DiameterMM float64 // 0: by the kind of seal
	Years      int     // validity; 5 when zero
	// Personal makes it an application for a personal seal, whose height is DiameterMM; nil for a seal of the organisation.
	Personal *PersonalApplication
	// Replaces is the seal of the same organisation whose place this one takes (换发、变更); empty for a new one.
	Replaces string
}

// Apply stores an application after drawing it once, so that a name that cannot be drawn is told at once.
func (s *Service) Apply(ctx context.Context, a Application) (Seal, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return Seal{}, err
	}
	a = a.trimmed()
	if err := a.validate(); err != nil {
		return Seal{}, err
	}
	area, err := s.areaOf(ctx, a.OwnerCode)
	if err != nil {
		return Seal{}, err
	}
	if !actor.Reaches(area, RoleKeeper) {
		return Seal{}, fault.New(fault.OutsideArea).WithField(fieldOwnerCode, fault.OutsideArea)
	}
	ctx = reqctx.UsingIn(ctx, area, RoleKeeper)
	bearer, own := Bearer{}, false
	if a.Personal != nil {
		if bearer, own, err = s.bearer(ctx, a, actor.ID); err != nil {
			return Seal{}, err
		}
	}
	if err := s.replaceable(ctx, a, bearer); err != nil {
		return Seal{}, err
	}
	if !own { // one's own seal is no seal of the organisation
		if err := s.keeps(ctx, actor.ID, Seal{Code: a.Code, Owner: a.Owner, OwnerCode: a.OwnerCode, Replaces: a.Replaces}); err != nil {
			return Seal{}, err
		}
	}
	now := s.now()
	seal := Seal{ID: ident.New(s.cfg.Rand, "seal"), Code: a.Code, Name: a.Owner + a.Line, Owner: a.Owner, OwnerCode: a.OwnerCode, Line: a.Line, DiameterMM: a.DiameterMM, Bearer: bearer,
		State: Applied, Applicant: actor.ID, Area: area, Replaces: a.Replaces, ValidFrom: now, ValidTo: now.AddDate(a.Years, 0, 0), CreatedAt: now, UpdatedAt: now}
	details := map[string]string{"code": a.Code}
	if seal.Personal() {
		seal.Name = bearer.sealName(a.Owner)
		details["person"] = bearer.Account
	}
	if a.Replaces != "" {
		details["replaces"] = a.Replaces
	}
	err = s.cfg.Store.AddSeal(ctx, seal, audit.With(s.event(ctx, "seal.applied", "seal", seal.ID, details)))
	switch {
	case errors.Is(err, ErrExists):
		if err := s.replaceable(ctx, a, bearer); err != nil { // somebody else was quicker
			return Seal{}, err
		}
		return Seal{}, fault.Wrap(err, fault.SealCodeTaken).WithField(fieldCode, fault.SealCodeTaken)
	case err != nil:
		return Seal{}, unavailable(err)
	}
	return seal, nil
}

// Wire names of what an application says.
const (
	fieldCode      = "seal_id"
	fieldOwner     = "owner"
	fieldOwnerCode = "owner_code"
	fieldLine      = "line"
	fieldDiameter  = "diameter_mm"
	fieldYears     = "years"
	fieldReplaces  = "replaces"
)

// validate tells all that is wrong with an application at once. What has the right form is drawn, since only that shows
// whether it fits.
func (a Application) validate() error {
	unfit := fault.New(fault.SealUnfit)
	for _, check := range []struct {
		field string
		right bool
	}{
		{fieldCode, sealCode.MatchString(a.Code)},
		{fieldOwner, a.Owner != "" && plain(a.Owner, maxOwner)},
		{fieldOwnerCode, a.OwnerCode == "" || isUSCC(a.OwnerCode)},
		{fieldLine, plain(a.Line, maxLine)},
		{fieldDiameter, a.Personal != nil || a.DiameterMM == 0 || a.DiameterMM >= sealimage.MinDiameterMM && a.DiameterMM <= sealimage.MaxDiameterMM},
		{fieldYears, a.Years >= 1 && a.Years <= 10},
	} {
		if !check.right {
			unfit.WithField(check.field, fault.SealField)
		}
	}
	if a.Personal != nil {
		a.Personal.check(a, unfit)
	}
	if len(unfit.Fields) > 0 {
		return unfit
	}
	_, err := draw(a.drawn())
	return err
}

// drawn is what of an application is seen on its picture.
func (a Application) drawn() Seal {
	seal := Seal{Code: a.Code, Owner: a.Owner, Line: a.Line, DiameterMM: a.DiameterMM}
	if p := a.Personal; p != nil {
		seal.Bearer = Bearer{Account: "-", Name: p.Name, Layout: p.Layout, Filling: p.Filling}
	}
	return seal
}

// PreviewApplication is the picture that a seal would have, PNG with its measures in millimetres, and tells what is wrong with an application as
// Apply does; nothing is asked of others or kept.
func (s *Service) PreviewApplication(ctx context.Context, a Application) (picture []byte, width, height int, err error) {
	if _, err := require(ctx, RoleKeeper); err != nil {
		return nil, 0, 0, err
	}
	a = a.trimmed()
	if err := a.validate(); err != nil {
		return nil, 0, 0, err
	}
	drawn, err := draw(a.drawn())
	if err != nil {
		return nil, 0, 0, err
	}
	picture, err = drawn.PNG()
	width, height = sizeOf(drawn)
	return picture, width, height, err
}

// trimmed is an application without blanks around its texts, with what is taken for granted.
func (a Application) trimmed() Application {
	a.Owner, a.Line, a.OwnerCode = strings.TrimSpace(a.Owner), strings.TrimSpace(a.Line), strings.TrimSpace(a.OwnerCode)
	if a.Personal != nil {
		a.Personal = a.Personal.trimmed()
	}
	if a.Years == 0 {
		a.Years = 5
	}
	return a
}

func isUSCC(text string) bool {
	code, err := subject.ParseUSCC(text)
	return err == nil && string(code) == text
}
