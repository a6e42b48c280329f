// Package licensehttp is the HTTP side of the licence room: operations under /api/v1, the signed objects that anybody may
// fetch (/status/…, /trust/keys), and the pages for issuers, verifiers and holders. It decides nothing.
package licensehttp

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// api serves the operations.
type api struct{ service *elicense.Service }

// Register adds the operations to the API.
func Register(to huma.API, service *elicense.Service) {
	a := &api{service}
	apply := operation("apply-for-license", http.MethodPost, "/api/v1/licenses", "Enter an application; idempotent by business number")
	apply.MaxBodyBytes = maxPhotoJSON
	huma.Register(to, apply, a.apply)
	huma.Register(to, operation("list-licenses", http.MethodGet, "/api/v1/licenses", "List licences, newest first"), a.list)
	huma.Register(to, operation("get-license", http.MethodGet, "/api/v1/licenses/{id}", "Read one licence"), a.get)
	correct := operation("correct-license", http.MethodPost, "/api/v1/licenses/{id}/correction", "Hand a returned application in again")
	correct.MaxBodyBytes = maxPhotoJSON
	huma.Register(to, correct, a.correct)
	huma.Register(to, operation("review-license", http.MethodPost, "/api/v1/licenses/{id}/review", "Approve, return or reject an application"), a.review)
	huma.Register(to, operation("issue-license", http.MethodPost, "/api/v1/licenses/{id}/issuance", "Make, seal and issue an approved licence; idempotent"), a.issue)
	huma.Register(to, operation("get-license-file", http.MethodGet, "/api/v1/licenses/{id}/file", "Download the sealed OFD, or a copy for reading as PDF, web page, text or picture"), a.file)
	huma.Register(to, operation("get-license-photo", http.MethodGet, "/api/v1/licenses/{id}/photo", "Read the photo of the holder, a JPEG"), a.photo)
	huma.Register(to, operation("list-license-events", http.MethodGet, "/api/v1/licenses/{id}/events", "List the changes of status"), a.events)
	for _, change := range []struct {
		operation elicense.Operation
		id, words string
	}{
		{elicense.Revocation, "revoke-license", "Cancel, withdraw or revoke a licence; final"},
		{elicense.Suspension, "suspend-license", "Suspend or restrict a licence"},
		{elicense.Resumption, "resume-license", "End a suspension"},
	} {
		huma.Register(to, operation(change.id, http.MethodPost, "/api/v1/licenses/{id}/"+string(change.operation), change.words), a.changeStatus(change.operation))
	}
	huma.Register(to, operation("present-license", http.MethodPost, "/api/v1/licenses/{id}/presentations", "Make a presentation code; for the holder"), a.present)
	huma.Register(to, operation("list-my-licenses", http.MethodGet, "/api/v1/me/licenses", "List the licences of the signed-in holder"), a.mine)
	registerTypes(to, a)
	registerGrants(to, a)
	registerOrders(to, a)
	registerLists(to, a)
	registerStatistics(to, a)
	registerAsks(to, a)
	registerConsents(to, a)
	registerFreezes(to, a)
	registerPapers(to, a)
	registerLicenseBatches(to, a)
	registerRulings(to, a)
	registerLog(to, a)
	registerVerifications(to, service)
}

func operation(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"licences"}}
}

// Texts are words in the languages of the platform.
type Texts map[string]string

// LicenseTypeField is a field of a licence type.
type LicenseTypeField struct {
	Key      string            `json:"key" doc:"Name in fields of an application"`
	Name     Texts             `json:"name"`
	Kind     string            `json:"kind" enum:"text,code,date,time,photo" doc:"Form of the value; dates are YYYYMMDD. A photo stands in photo of an application and not in fields"`
	Required bool              `json:"required"`
	MaxRunes int               `json:"max_length"`
	Photo    *LicenseTypePhoto `json:"photo,omitempty"`
}

// LicenseTypePhoto says what the photo of a type is like.
type LicenseTypePhoto struct {
	WidthPX   int `json:"width_px" doc:"Pixels of the picture that is kept; what is handed in has at least as many, in the same ratio"`
	HeightPX  int `json:"height_px"`
	MaxOctets int `json:"max_octets" doc:"Of the picture that is kept"`
}

// LicenseTypeItem is a licence type.
type LicenseTypeItem struct {
	Code            string             `json:"code" doc:"Licence type code (GB/T 36904)"`
	Name            Texts              `json:"name"`
	HolderCodeTypes []string           `json:"holder_code_types" doc:"Kinds of holder codes allowed (GB/T 36903 annex A)"`
	LongTerm        bool               `json:"long_term" doc:"May have no end of validity"`
	Fields          []LicenseTypeField `json:"fields" doc:"Fields that an application gives"`
	ViewProfiles    []string           `json:"view_profiles"`
	Languages       []string           `json:"languages" doc:"In which its licences can be had for reading as PDF, web page and text; that of the original first"`
	Catalogue       LicenseTypeRow     `json:"catalogue" doc:"Row of the catalogue (GB/T 36902)"`
}

// LicenseTypeRow is what the catalogue says of the version in force.
type LicenseTypeRow struct {
	Version          int                `json:"version" doc:"Version of the type in force"`
	EffectiveDate    string             `json:"effective_date" doc:"YYYYMMDD"`
	State            string             `json:"state" enum:"published,retired" doc:"No licences are made of a retired type"`
	Template         string             `json:"template" doc:"SM3 of the package, as in the transparency log and in files of licences"`
	BuiltIn          bool               `json:"built_in" doc:"It came with the program; others have a signed package at package_url"`
	PackageURL       string             `json:"package_url,omitempty"`
	DefinedBy        string             `json:"defining_authority"`
	DefinedByCode    string             `json:"defining_authority_code"`
	DefinedByLevel   string             `json:"defining_authority_level" doc:"1 national, 2 provincial or ministerial, 3 prefectural, 4 county, 5 other"`
	HolderCategories []string           `json:"holder_categories" doc:"natural_person, organization"`
	Class            string             `json:"class" doc:"1 certificate or licence, 2 official decision, 3 proof, 4 material, 5 personal document"`
	Kind             string             `json:"kind" doc:"Kind of administrative act: 01 licence, 02 penalty, 03 coercion, 04 levy, 05 payment, 06 inspection, 07 confirmation, 08 reward, 09 adjudication, 10 other"`
	RelatedItems     []LicenseTypeItems `json:"related_items" doc:"Service items that yield the licence"`
	ValidityRanges   []string           `json:"validity_ranges"`
	IssuingLevels    []string           `json:"issuing_levels"`
	ParentType       string             `json:"parent_type,omitempty"`
	LegalBasis       []string           `json:"legal_basis"`
	Sharing          string             `json:"sharing" doc:"1 without condition, 2 on conditions, 3 not shared"`
	Example          bool               `json:"example" doc:"Authority, number or items are made up; it stands for no document of a real authority"`
}

// LicenseTypeItems is a service item.
type LicenseTypeItems struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

func typeRow(types *catalog.Catalog, t *catalog.Type) LicenseTypeRow {
	r := t.Row
	row := LicenseTypeRow{
		Version: r.Version, EffectiveDate: r.EffectiveDate, State: "published", Template: t.TemplateID(), BuiltIn: t.BuiltIn, DefinedBy: t.Authority.Name, DefinedByCode: t.Authority.Code,
		DefinedByLevel: t.Authority.Level, HolderCategories: []string{}, Class: r.Class, Kind: r.Kind, RelatedItems: []LicenseTypeItems{}, ValidityRanges: r.Validity, IssuingLevels: r.IssuingLevels,
		ParentType: r.ParentType, LegalBasis: r.LegalBasis, Sharing: r.Sharing, Example: r.Example,
	}
	if types.Retired(t.Code) {
		row.State = "retired"
	}
	if !t.BuiltIn {
		row.PackageURL = "/trust/types/" + t.Code + "/" + strconv.Itoa(r.Version)
	}
	for _, category := range t.HolderCategories {
		row.HolderCategories = append(row.HolderCategories, string(category))
	}
	for _, item := range r.RelatedItems {
		row.RelatedItems = append(row.RelatedItems, LicenseTypeItems(item))
	}
	return row
}

// LicenseTypeList is the catalogue.
type LicenseTypeList struct {
	Items []LicenseTypeItem `json:"items"`
	Next  string            `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type typesInput struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type typesOutput struct{ Body LicenseTypeList }

func (a *api) types(_ context.Context, in *typesInput) (*typesOutput, error) {
	out := &typesOutput{Body: LicenseTypeList{Items: []LicenseTypeItem{}}}
	types := a.service.Types()
	for _, t := range types.Types() { // in the order of their codes
		if t.Code <= in.After {
			continue
		}
		if n := len(out.Body.Items); n == in.Limit {
			out.Body.Next = out.Body.Items[n-1].Code
			break
		}
		item := LicenseTypeItem{Code: t.Code, Name: Texts(t.Name), HolderCodeTypes: t.HolderCodeTypes, LongTerm: t.Validity.LongTerm, Fields: []LicenseTypeField{}, ViewProfiles: []string{"p", "m", "f", "a"}, Languages: t.Languages(), Catalogue: typeRow(types, t)}
		for _, f := range t.Fields {
			if f.Own {
				field := LicenseTypeField{Key: f.Key, Name: Texts(f.Label), Kind: string(f.Kind), Required: f.Required, MaxRunes: f.MaxRunes}
				if f.Photo != nil {
					field.Photo = (*LicenseTypePhoto)(f.Photo)
				}
				item.Fields = append(item.Fields, field)
			}
		}
		out.Body.Items = append(out.Body.Items, item)
	}
	return out, nil
}

// LicenseHolder is a holder in an application.
type LicenseHolder struct {
	Name     string `json:"name" maxLength:"200"`
	CodeType string `json:"code_type" maxLength:"3" example:"001" doc:"Kind of holder code (GB/T 36903 annex A)"`
	Code     string `json:"code" maxLength:"64"`
}

// LicenseApplication asks for a licence.
type LicenseApplication struct {
	BusinessNumber string            `json:"business_number" maxLength:"64" doc:"Number of the case in the applying system; a repetition gives the same licence"`
	TypeCode       string            `json:"license_type_code" maxLength:"21"`
	AuthorityCode  string            `json:"issuing_authority_code" maxLength:"18"`
	LicenseNumber  string            `json:"license_number,omitempty" maxLength:"200" doc:"Printed number; may be left out where the type takes it from another field"`
	Holders        []LicenseHolder   `json:"holders" maxItems:"50"`
	HolderRef      string            `json:"holder_ref,omitempty" maxLength:"100" doc:"Account of the holder, when known"`
	EffectiveDate  string            `json:"effective_date,omitempty" maxLength:"8" doc:"YYYYMMDD"`
	ExpiringDate   string            `json:"expiring_date,omitempty" maxLength:"8" doc:"YYYYMMDD; empty is long term"`
	Fields         map[string]string `json:"fields" doc:"Values of the type's own fields by key"`
	Photo          []byte            `json:"photo,omitempty" doc:"Picture of the holder in base64, of a type with a photo: JPEG or PNG, at most 1 MiB and 6 million pixels. It is made anew; a new version without one has that of the version it replaces"`
	Replaces       string            `json:"replaces,omitempty" maxLength:"64" doc:"id of the version that this one replaces"`
}

func (b LicenseApplication) application() elicense.Application {
	out := elicense.Application{
		BusinessNumber: b.BusinessNumber, TypeCode: b.TypeCode, AuthorityCode: b.AuthorityCode, LicenseNumber: b.LicenseNumber, HolderRef: b.HolderRef,
		EffectiveDate: b.EffectiveDate, ExpiringDate: b.ExpiringDate, Fields: b.Fields, Photo: b.Photo, Replaces: b.Replaces,
	}
	for _, h := range b.Holders {
		out.Holders = append(out.Holders, elicense.Holder(h))
	}
	return out
}

// LicenseRecord is a licence in the register.
type LicenseRecord struct {
	ID             string              `json:"id"`
	LicenseID      string              `json:"license_id,omitempty" doc:"Identifier (GB/T 36904), once it is made"`
	BusinessNumber string              `json:"business_number,omitempty"`
	TypeCode       string              `json:"license_type_code"`
	AuthorityCode  string              `json:"issuing_authority_code"`
	Version        int                 `json:"version"`
	Revision       int64               `json:"revision" doc:"Grows with every change"`
	State          string              `json:"state" doc:"in_review, returned, rejected, approved, made, sealed, active, taken_back"`
	Status         string              `json:"status,omitempty" doc:"Of an active licence: valid, suspended, restricted, cancelled, withdrawn, revoked, lapsed, superseded"`
	StatusList     string              `json:"status_list,omitempty" doc:"Path of the status list that holds it"`
	Note           string              `json:"note,omitempty" doc:"Why it was returned or rejected"`
	Replaces       string              `json:"replaces,omitempty"`
	ReplacedBy     string              `json:"replaced_by,omitempty"`
	CreatedAt      time.Time           `json:"created_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
	IssuedAt       *time.Time          `json:"issued_at,omitempty"`
	StatusAt       *time.Time          `json:"status_at,omitempty" doc:"When the status took effect"`
	StatusUntil    *time.Time          `json:"status_until,omitempty" doc:"End of a suspension"`
	Values         map[string][]string `json:"values,omitempty" doc:"Data of the licence by element; only when one licence is read"`
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// record shows a licence; holders see nothing of the office's side.
func record(ctx context.Context, l elicense.License) LicenseRecord {
	r := LicenseRecord{
		ID: l.ID, LicenseID: l.LicenseID, TypeCode: l.TypeCode, AuthorityCode: l.AuthorityCode, Version: l.Version, Revision: l.Revision, State: string(l.State), Status: l.Status,
		Replaces: l.Replaces, ReplacedBy: l.ReplacedBy, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt, IssuedAt: pointer(l.IssuedAt), StatusAt: pointer(l.StatusAt), StatusUntil: pointer(l.StatusUntil),
	}
	if l.List > 0 {
		r.StatusList = statusPath(l.List)
	}
	actor := reqctx.From(ctx).Actor
	if actor.Reaches(l.Area, elicense.RoleClerk, elicense.RoleReviewer, elicense.RoleIssuer) {
		r.BusinessNumber, r.Note = l.BusinessNumber, l.Note
	}
	return r
}

type applyInput struct{ Body LicenseApplication }

type applyOutput struct {
	Status int
	Body   LicenseRecord
}

type licenseOutput struct{ Body LicenseRecord }

func (a *api) apply(ctx context.Context, in *applyInput) (*applyOutput, error) {
	l, created, err := a.service.Apply(ctx, in.Body.application())
	if err != nil {
		return nil, err
	}
	out := &applyOutput{Status: http.StatusOK, Body: record(ctx, l)}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

type correctInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseApplication
}

func (a *api) correct(ctx context.Context, in *correctInput) (*licenseOutput, error) {
	l, err := a.service.Correct(ctx, in.ID, in.Body.application())
	if err != nil {
		return nil, err
	}
	return &licenseOutput{record(ctx, l)}, nil
}

// LicenseList is a page of licences.
type LicenseList struct {
	Items []LicenseRecord `json:"items"`
	Next  string          `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type listInput struct {
	State      string `query:"state" maxLength:"20"`
	Status     string `query:"status" maxLength:"20"`
	TypeCode   string `query:"license_type_code" maxLength:"21"`
	Authority  string `query:"issuing_authority_code" maxLength:"18"`
	Division   string `query:"division" pattern:"^([0-9]{2}){1,3}$" doc:"First digits of the division of the authority (GB/T 2260): two, four or six"`
	IssuedFrom string `query:"issued_from" format:"date" doc:"Issued on that day of Beijing or later. This one and those below give issued licences alone"`
	IssuedTill string `query:"issued_till" format:"date" doc:"Issued on that day or earlier"`
	EndsFrom   string `query:"ends_from" format:"date" doc:"Last day of validity on that day or later; not those without an end"`
	EndsTill   string `query:"ends_till" format:"date" doc:"Last day of validity on that day or earlier"`
	ValidOn    string `query:"valid_on" format:"date" doc:"Last day of validity on that day or later, or none"`
	After      string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// filter is that of the page to which figures lead, and beside it what the caller says of state and status.
func (in *listInput) filter() elicense.Filter {
	days := url.Values{}
	for name, value := range map[string]string{"issued_from": in.IssuedFrom, "issued_till": in.IssuedTill, "ends_from": in.EndsFrom, "ends_till": in.EndsTill, "valid_on": in.ValidOn} {
		if value != "" {
			days.Set(name, value)
		}
	}
	f := drillFilter(days)
	if in.State != "" {
		f.State = in.State
	}
	f.Status, f.TypeCode, f.AuthorityCode, f.Division, f.After, f.Limit = in.Status, in.TypeCode, in.Authority, in.Division, in.After, in.Limit
	return f
}

type listOutput struct{ Body LicenseList }

func (a *api) list(ctx context.Context, in *listInput) (*listOutput, error) {
	page, next, err := a.service.List(ctx, in.filter())
	return listOf(ctx, page, next, err)
}

type mineInput struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *api) mine(ctx context.Context, in *mineInput) (*listOutput, error) {
	page, next, err := a.service.Mine(ctx, in.After, in.Limit)
	return listOf(ctx, page, next, err)
}

func listOf(ctx context.Context, page []elicense.License, next string, err error) (*listOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &listOutput{Body: LicenseList{Items: []LicenseRecord{}, Next: next}}
	for _, l := range page {
		out.Body.Items = append(out.Body.Items, record(ctx, l))
	}
	return out, nil
}

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) get(ctx context.Context, in *idInput) (*licenseOutput, error) {
	d, err := a.service.Find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &licenseOutput{record(ctx, d.License)}
	out.Body.Values = d.Values
	return out, nil
}

// LicenseReview is a reviewer's decision.
type LicenseReview struct {
	Decision string `json:"decision" enum:"approve,return,reject"`
	Note     string `json:"note,omitempty" maxLength:"500" doc:"Needed unless approved"`
	Seen     int64  `json:"seen,omitempty" minimum:"1" doc:"The revision that was read; where it is another by now, nothing is decided (409)"`
}

type reviewInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseReview
}

func (a *api) review(ctx context.Context, in *reviewInput) (*licenseOutput, error) {
	l, err := a.service.Review(ctx, in.ID, elicense.Decision(in.Body.Decision), in.Body.Note, in.Body.Seen)
	if err != nil {
		return nil, err
	}
	return &licenseOutput{record(ctx, l)}, nil
}

func (a *api) issue(ctx context.Context, in *idInput) (*licenseOutput, error) {
	l, err := a.service.Issue(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &licenseOutput{record(ctx, l)}, nil
}

type fileOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// ofdType is the media type of OFD documents.
const ofdType = "application/ofd"

type licenseFileInput struct {
	ID       string `path:"id" maxLength:"64"`
	Format   string `query:"format" enum:"ofd,pdf,html,text,png" default:"ofd" doc:"ofd is the sealed original; the others are for reading and carry no seal that counts. png is one page of the original"`
	Language string `query:"lang" maxLength:"20" doc:"zh-CN, or for pdf, html and text a language in which the type has the words of its face, such as en. Values are not translated"`
	Page     int    `query:"page" minimum:"1" maximum:"1000" default:"1" doc:"Page of a png"`
}

type licenseFileOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	Policy       string `header:"Content-Security-Policy" doc:"Of a web page: it may load nothing and run nothing"`
	Body         []byte
}

func (a *api) file(ctx context.Context, in *licenseFileInput) (*licenseFileOutput, error) {
	e, err := a.service.Edition(ctx, in.ID, elicense.Form(in.Format), in.Language, in.Page)
	if err != nil {
		return nil, err
	}
	kind := editionKinds[e.Form]
	return &licenseFileOutput{ContentType: kind.media, Disposition: disposition(kind.shown, e.Name), CacheControl: "private, no-store", Policy: kind.policy, Body: e.Content}, nil
}

// maxPhotoJSON bounds an application with a photo in base64.
const maxPhotoJSON = maxJSON + licensephoto.MaxOctets*4/3

func (a *api) photo(ctx context.Context, in *idInput) (*fileOutput, error) {
	content, err := a.service.Photo(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &fileOutput{ContentType: "image/jpeg", Disposition: attachment("photo.jpg"), CacheControl: "private, no-store", Body: content}, nil
}

// LicenseEvent is a change of status.
type LicenseEvent struct {
	From           string     `json:"from,omitempty"`
	To             string     `json:"to"`
	LegalBasis     string     `json:"legal_basis"`
	DecisionNumber string     `json:"decision_number"`
	Actor          string     `json:"actor"`
	EffectiveAt    time.Time  `json:"effective_at"`
	Until          *time.Time `json:"until,omitempty"`
	RecordedAt     time.Time  `json:"recorded_at"`
}

// LicenseEventList is the history of a licence.
type LicenseEventList struct {
	Items []LicenseEvent `json:"items"`
	Next  string         `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type eventsInput struct {
	ID    string `path:"id" maxLength:"64"`
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type eventsOutput struct{ Body LicenseEventList }

func (a *api) events(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	events, next, err := a.service.Events(ctx, in.ID, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{Body: LicenseEventList{Items: []LicenseEvent{}, Next: next}}
	for _, e := range events {
		out.Body.Items = append(out.Body.Items, LicenseEvent{
			From: e.From, To: e.To, LegalBasis: e.LegalBasis, DecisionNumber: e.DecisionNumber, Actor: e.Actor, EffectiveAt: e.EffectiveAt, Until: pointer(e.Until), RecordedAt: e.RecordedAt,
		})
	}
	return out, nil
}

// LicenseStatusOrder changes the status of a licence.
type LicenseStatusOrder struct {
	Status         string     `json:"status,omitempty" maxLength:"20" doc:"cancelled (usual), withdrawn, revoked; suspended (usual), restricted"`
	LegalBasis     string     `json:"legal_basis" maxLength:"300"`
	DecisionNumber string     `json:"decision_number" maxLength:"300"`
	EffectiveAt    *time.Time `json:"effective_at,omitempty" doc:"Now when left out; may lie in the past"`
	Until          *time.Time `json:"until,omitempty" doc:"End of a suspension"`
}

type statusInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseStatusOrder
}

func (a *api) changeStatus(operation elicense.Operation) func(context.Context, *statusInput) (*licenseOutput, error) {
	return func(ctx context.Context, in *statusInput) (*licenseOutput, error) {
		c := elicense.StatusChange{Operation: operation, To: in.Body.Status, LegalBasis: in.Body.LegalBasis, DecisionNumber: in.Body.DecisionNumber}
		if in.Body.EffectiveAt != nil {
			c.EffectiveAt = *in.Body.EffectiveAt
		}
		if in.Body.Until != nil {
			c.Until = *in.Body.Until
		}
		l, err := a.service.ChangeStatus(ctx, in.ID, c)
		if err != nil {
			return nil, err
		}
		return &licenseOutput{record(ctx, l)}, nil
	}
}

// PresentationOrder asks for a presentation code.
type PresentationOrder struct {
	Profile      string `json:"profile,omitempty" maxLength:"1" doc:"p predicates, m masked (usual), f face, a authority"`
	Challenge    string `json:"challenge,omitempty" maxLength:"16" doc:"8 octets of the verifier's request in base64url"`
	Request      string `json:"request,omitempty" maxLength:"400" doc:"A request to be answered (ask-for-license); it says view and challenge, which are not given then"`
	Presentation string `json:"presentation_id,omitempty" maxLength:"64" doc:"Show this one again with the current step"`
}

// PresentationField is what the verifier will see.
type PresentationField struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// PresentationCode is a code to be drawn as QR.
type PresentationCode struct {
	ID        string              `json:"presentation_id"`
	Code      string              `json:"code" doc:"Text of the QR code"`
	Profile   string              `json:"profile"`
	Fields    []PresentationField `json:"fields"`
	StepEnds  time.Time           `json:"step_ends_at" doc:"Ask for the next step then"`
	ExpiresAt time.Time           `json:"expires_at"`
}

type presentInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body PresentationOrder
}

type presentOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         PresentationCode
}

func (a *api) present(ctx context.Context, in *presentInput) (*presentOutput, error) {
	challenge, err := base64.RawURLEncoding.DecodeString(in.Body.Challenge)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid).WithField("challenge", fault.LicenseFieldForm)
	}
	var shown elicense.Shown
	switch {
	case in.Body.Request == "":
		shown, err = a.service.Present(ctx, in.ID, elicense.PresentRequest{Profile: in.Body.Profile, Challenge: challenge, Presentation: in.Body.Presentation})
	case in.Body.Profile != "" || in.Body.Challenge != "":
		err = fault.New(fault.Invalid).WithField("request", fault.LicenseFieldForm)
	default:
		shown, _, err = a.service.ShowAnswer(ctx, in.ID, in.Body.Request, in.Body.Presentation)
	}
	if err != nil {
		return nil, err
	}
	out := &presentOutput{CacheControl: "no-store", Body: PresentationCode{ID: shown.ID, Code: shown.Code, Profile: shown.Profile, Fields: []PresentationField{}, StepEnds: shown.StepEnds, ExpiresAt: shown.ExpiresAt}}
	for _, f := range shown.Fields {
		out.Body.Fields = append(out.Body.Fields, PresentationField(f))
	}
	return out, nil
}
