package sealhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// kindPersonal is what a personal seal is called on the wire, and kindOrganisation any other.
const (
	kindPersonal     = "personal"
	kindOrganisation = "organisation"
)

// PersonRecord is the person of a personal seal on the wire.
type PersonRecord struct {
	Account     string    `json:"account" doc:"Account of staff, who alone uses the seal"`
	Name        string    `json:"name" doc:"Name on the seal"`
	Office      string    `json:"office,omitempty" doc:"Office"`
	Basis       string    `json:"basis" doc:"Document on which it rests"`
	Layout      string    `json:"layout" enum:"square,strip" doc:"How the letters stand"`
	Filling     string    `json:"filling" enum:"none,seal,seal_of" doc:"What follows the name: nothing, 印, 之印"`
	ConfirmedBy string    `json:"confirmed_by,omitempty" doc:"Account with which the person confirmed the application; absent while it waits"`
	ConfirmedAt time.Time `json:"confirmed_at,omitzero" doc:"When"`
}

func kindOf(s esign.Seal) string {
	if s.Personal() {
		return kindPersonal
	}
	return kindOrganisation
}

func personRecord(s esign.Seal) *PersonRecord {
	if !s.Personal() {
		return nil
	}
	b := s.Bearer
	return &PersonRecord{b.Account, b.Name, b.Office, b.Basis, string(b.Layout), string(b.Filling), b.ConfirmedBy, b.ConfirmedAt}
}

// PersonalFields are those of an application for a personal seal.
type PersonalFields struct {
	Kind     string `json:"kind,omitempty" enum:"organisation,personal" doc:"personal: the seal of a person who works for the owner; a seal of the organisation when absent"`
	Person   string `json:"person,omitempty" maxLength:"16" doc:"With kind personal: name on the seal, which must be that of the account"`
	Login    string `json:"person_login,omitempty" maxLength:"128" doc:"With kind personal: login name of the person's account of staff; the caller when absent. Somebody else has to confirm the application (confirm-seal)"`
	Office   string `json:"office,omitempty" maxLength:"30" doc:"With kind personal: office"`
	Basis    string `json:"basis,omitempty" maxLength:"100" doc:"With kind personal, required: the document on which it rests" example:"示例市任字〔2026〕12号"`
	Layout   string `json:"layout,omitempty" enum:"square,strip" doc:"With kind personal, required: square, read from above and from the right, up to 6 characters; strip, one line, up to 16"`
	Filling  string `json:"filling,omitempty" enum:"none,seal,seal_of" doc:"With kind personal: what follows the name: nothing when absent, seal 印, seal_of 之印"`
	HeightMM int    `json:"height_mm,omitempty" minimum:"0" maximum:"30" doc:"With kind personal: side of a square, 12 to 30, 18 when absent; height of a strip, 6 to 15, 8 when absent"`
}

// fill adds them to an application. What means nothing for a seal of the organisation is refused, since whoever set it expects something else,
// and so is a diameter of a personal one.
func (f PersonalFields) fill(a *esign.Application) error {
	unfit := fault.New(fault.SealUnfit)
	if f.Kind == kindPersonal {
		if a.DiameterMM != 0 {
			return unfit.WithField("diameter_mm", fault.SealField)
		}
		a.DiameterMM = float64(f.HeightMM)
		a.Personal = &esign.PersonalApplication{Login: f.Login, Name: f.Person, Office: f.Office, Basis: f.Basis, Layout: sealimage.Layout(f.Layout), Filling: sealimage.Filling(f.Filling)}
		return nil
	}
	for _, one := range []struct {
		name string
		set  bool
	}{{"person", f.Person != ""}, {"person_login", f.Login != ""}, {"office", f.Office != ""}, {"basis", f.Basis != ""}, {"layout", f.Layout != ""}, {"filling", f.Filling != ""}, {"height_mm", f.HeightMM != 0}} {
		if one.set {
			unfit.WithField(one.name, fault.SealField)
		}
	}
	if len(unfit.Fields) > 0 {
		return unfit
	}
	return nil
}

// application is what a body asks for.
func (b SealApplication) application() (esign.Application, error) {
	a := esign.Application{Code: b.SealID, Owner: b.Owner, OwnerCode: b.OwnerCode, Line: b.Line, DiameterMM: b.DiameterMM, Years: b.Years, Replaces: b.Replaces}
	return a, b.PersonalFields.fill(&a)
}

// pngBody is a picture.
type pngBody struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func registerPersonal(api huma.API, service *esign.Service, operation func(id, method, path, summary string, status int) huma.Operation) {
	preview := operation("preview-seal", http.MethodPost, "/image", "印模预览 Picture that a seal would have", http.StatusOK)
	preview.Description = "PNG at 600 dpi of the seal that an application asks for. Nothing is kept, and nobody is looked up."
	huma.Register(api, preview, func(ctx context.Context, in *struct{ Body SealApplication }) (*pngBody, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		a, err := in.Body.application()
		if err != nil {
			return nil, err
		}
		picture, _, _, err := service.PreviewApplication(ctx, a)
		if err != nil {
			return nil, err
		}
		return &pngBody{"image/png", picture}, nil
	})
	huma.Register(api, operation("confirm-seal", http.MethodPost, "/{id}/confirmation", "本人确认个人名章 Confirm the application for one's own seal", http.StatusOK), func(ctx context.Context, in *PathID) (*one, error) {
		return answer(service.Confirm(ctx, in.ID))
	})
	huma.Register(api, operation("decline-seal", http.MethodPost, "/{id}/refusal", "本人拒绝个人名章 Decline the application for one's own seal", http.StatusOK), func(ctx context.Context, in *reasonInput) (*one, error) {
		return answer(service.Decline(ctx, in.ID, in.Body.Reason))
	})
}
