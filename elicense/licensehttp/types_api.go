package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// LicenseTypeFault is one thing that is wrong in a package.
type LicenseTypeFault struct {
	File  string `json:"file"`
	Line  int    `json:"line,omitempty"`
	Place string `json:"place,omitempty" doc:"Member of the file, such as fields[3]"`
	Code  string `json:"code" doc:"What kind of fault it is; see the page on making a licence type"`
	Text  string `json:"text" doc:"In English, for whoever makes the package"`
}

// LicenseTypeChange is what a version changes of the one before.
type LicenseTypeChange struct {
	What   string `json:"what" enum:"added,removed,changed"`
	Object string `json:"object" doc:"Such as field domicile, or view m"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Laxer  bool   `json:"laxer" doc:"It shows more or asks less than before"`
}

// LicenseTypeProposal is a version of a type that was proposed.
type LicenseTypeProposal struct {
	ID            string     `json:"id,omitempty" doc:"Not of a dry run"`
	State         string     `json:"state" enum:"proposed,published,refused,checked" doc:"checked is a dry run"`
	TypeCode      string     `json:"license_type_code"`
	Version       int        `json:"version"`
	Template      string     `json:"template" doc:"SM3 of the package, in hex: what a decision is about"`
	EffectiveDate string     `json:"effective_date" doc:"YYYYMMDD"`
	ProposedBy    string     `json:"proposed_by,omitempty"`
	ProposedAt    *time.Time `json:"proposed_at,omitempty"`
	DecidedBy     string     `json:"decided_by,omitempty"`
	DecidedAt     *time.Time `json:"decided_at,omitempty"`
	Reason        string     `json:"reason,omitempty" doc:"Of whoever refused it"`
}

// LicenseTypeProposalDetail is a version with what it changes.
type LicenseTypeProposalDetail struct {
	LicenseTypeProposal
	Against int                 `json:"against,omitempty" doc:"Version that it comes after; left out for the first"`
	Changes []LicenseTypeChange `json:"changes"`
	Sample  string              `json:"sample_verdict,omitempty" doc:"Verdict code of the sample, sealed with a test seal; of a package that was checked or proposed just now"`
	Faults  []LicenseTypeFault  `json:"faults" doc:"Of a dry run: what is wrong; empty where the package can be proposed"`
}

// LicenseTypeProposalList is a page of versions that wait for a decision.
type LicenseTypeProposalList struct {
	Items []LicenseTypeProposal `json:"items"`
	Next  string                `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

// LicenseTypeDecision decides on a version.
type LicenseTypeDecision struct {
	Decision string `json:"decision" enum:"confirm,refuse"`
	Template string `json:"template" minLength:"1" maxLength:"64" doc:"SM3 of the package that was read"`
	Reason   string `json:"reason,omitempty" maxLength:"500" doc:"Of a refusal"`
}

type (
	// PathTypeProposal names a proposal.
	PathTypeProposal struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the proposal"`
	}
	typePackageInput struct {
		DryRun  bool   `query:"dry_run" doc:"Check the package and store nothing; what is wrong is told as faults"`
		RawBody []byte `contentType:"application/zip"`
	}
	typeProposalOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         LicenseTypeProposalDetail
	}
)

func typeProposal(v elicense.TypeVersion) LicenseTypeProposal {
	return LicenseTypeProposal{v.ID, string(v.State), v.Code, v.Version, v.Template, v.EffectiveDate, v.ProposedBy, pointer(v.ProposedAt), v.DecidedBy, pointer(v.DecidedAt), v.Reason}
}

func typeProposalDetail(v elicense.TypeVersion, c elicense.CheckedType) *typeProposalOutput {
	out := &typeProposalOutput{"private, no-store", LicenseTypeProposalDetail{LicenseTypeProposal: typeProposal(v), Changes: []LicenseTypeChange{}, Faults: []LicenseTypeFault{}}}
	if c.Against != nil {
		out.Body.Against = c.Against.Row.Version
	}
	for _, one := range c.Changes {
		out.Body.Changes = append(out.Body.Changes, LicenseTypeChange{one.What, one.Object, one.From, one.To, one.Looser})
	}
	if c.Trial != nil {
		out.Body.Sample = c.Trial.Result.Code
	}
	return out
}

func registerTypes(to huma.API, a *api) {
	huma.Register(to, operation("list-license-types", http.MethodGet, "/api/v1/license-types", "List the licence types"), a.types)
	huma.Register(to, operation("list-license-type-proposals", http.MethodGet, "/api/v1/license-type-proposals", "List versions of licence types that wait for a decision"), a.typeProposals)
	huma.Register(to, operation("get-license-type-proposal", http.MethodGet, "/api/v1/license-type-proposals/{id}", "Read a version of a licence type with what it changes"), a.typeProposal)
	propose := operation("propose-license-type", http.MethodPost, "/api/v1/license-type-proposals", "Check a package of a licence type and propose it; another administrator confirms it")
	propose.Description = "The body is a ZIP archive of the files of a type, at most 1 MiB. The package is read beside all earlier versions, its sample is drawn, sealed with a test seal and verified. The same package again gives the proposal that waits. " +
		"Where one person is enough (staff.types_by_two: false) it is in use at once. With dry_run nothing is stored, and what is wrong is told in full."
	propose.MaxBodyBytes = typepackage.MaxArchive
	huma.Register(to, propose, a.proposeType)
	huma.Register(to, operation("decide-license-type", http.MethodPost, "/api/v1/license-type-proposals/{id}/decision", "Confirm a version of a licence type that somebody else proposed, or refuse it"), a.decideType)
	huma.Register(to, operation("retire-license-type", http.MethodPost, "/api/v1/license-types/{code}/retirement", "End the making of licences of a type; those that were made are judged as before"), a.retireType)
}

func (a *api) typeProposals(ctx context.Context, in *struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller and path"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*forgeryOutput[LicenseTypeProposalList], error) {
	page, err := a.service.ProposedTypes(ctx, in.After, in.Limit)
	list := LicenseTypeProposalList{Items: []LicenseTypeProposal{}}
	for _, v := range page {
		list.Items = append(list.Items, typeProposal(v))
	}
	if len(page) == in.Limit {
		list.Next = page[len(page)-1].ID
	}
	return private(list, err)
}

func (a *api) typeProposal(ctx context.Context, in *PathTypeProposal) (*typeProposalOutput, error) {
	v, c, err := a.service.ProposedType(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return typeProposalDetail(v, c), nil
}

func (a *api) proposeType(ctx context.Context, in *typePackageInput) (*typeProposalOutput, error) {
	files, err := typepackage.ReadZIP(in.RawBody)
	if err != nil {
		return nil, fault.Wrap(err, fault.TypePackage)
	}
	if !in.DryRun {
		v, c, err := a.service.PublishType(ctx, files)
		if err != nil {
			return nil, err
		}
		return typeProposalDetail(v, c), nil
	}
	c, err := a.service.CheckType(ctx, files)
	faults := catalog.Faults(err)
	if err != nil && len(faults) == 0 {
		return nil, err
	}
	checked := elicense.TypeVersion{State: "checked"}
	if c.Type != nil {
		checked.Code, checked.Version, checked.Template, checked.EffectiveDate = c.Type.Code, c.Type.Row.Version, c.Type.TemplateID(), c.Type.Row.EffectiveDate
	}
	out := typeProposalDetail(checked, c)
	for _, f := range faults {
		out.Body.Faults = append(out.Body.Faults, LicenseTypeFault{f.File, f.Line, f.Place, string(f.Code), f.Text})
	}
	return out, nil
}

func (a *api) decideType(ctx context.Context, in *struct {
	PathTypeProposal
	Body LicenseTypeDecision
}) (*forgeryOutput[LicenseTypeProposal], error) {
	if in.Body.Decision == "refuse" {
		v, err := a.service.RefuseType(ctx, in.ID, in.Body.Template, in.Body.Reason)
		return private(typeProposal(v), err)
	}
	v, err := a.service.ConfirmType(ctx, in.ID, in.Body.Template)
	return private(typeProposal(v), err)
}

func (a *api) retireType(ctx context.Context, in *struct {
	Code string `path:"code" maxLength:"21" doc:"Licence type code (GB/T 36904)"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}) (*struct{}, error) {
	return nil, a.service.RetireType(ctx, in.Code, in.Body.Reason)
}
