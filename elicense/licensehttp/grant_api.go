package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

func registerGrants(to huma.API, a *api) {
	huma.Register(to, operation("list-license-purposes", http.MethodGet, "/api/v1/license-purposes", "List the purposes for which licences are used"), a.purposes)
	huma.Register(to, operation("grant-license-use", http.MethodPost, "/api/v1/licenses/{id}/grants", "Let an application use a licence; for its holder"), a.grant)
	huma.Register(to, operation("list-my-license-grants", http.MethodGet, "/api/v1/me/license-grants", "List the grants on the licences of the signed-in holder, newest first"), a.grantsOf)
	huma.Register(to, operation("grant-license-use-by-function", http.MethodPost, "/api/v1/license-grants", "Use licences by the function of a department, for a case; each is judged alone"), a.grantByFunction)
	huma.Register(to, operation("list-license-grants", http.MethodGet, "/api/v1/license-grants", "List the grants of the calling application, newest first"), a.grantsTo)
	huma.Register(to, operation("revoke-license-grant", http.MethodPost, "/api/v1/license-grants/{id}/revocation", "End a grant at once; for the holder who gave it, and for its application"), a.revokeGrant)
	huma.Register(to, operation("redeem-license-grant", http.MethodPost, "/api/v1/license-grants/{id}/redemptions", "Read the fields that a grant names; takes one use"), a.redeem)
	huma.Register(to, operation("make-license-copy", http.MethodPost, "/api/v1/license-grants/{id}/copies", "Make an annotated copy by a grant; takes one use"), a.makeCopy)
	huma.Register(to, operation("get-license-copy-file", http.MethodGet, "/api/v1/license-copies/{id}/file", "Download an annotated copy, until it ends"), a.copyFile)
}

// LicensePurpose is an entry of the list of purposes.
type LicensePurpose struct {
	Code string `json:"code"`
	Name Texts  `json:"name"`
}

// LicensePurposeList is the list of purposes.
type LicensePurposeList struct {
	Items []LicensePurpose `json:"items"`
	Next  string           `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type purposesOutput struct{ Body LicensePurposeList }

func (a *api) purposes(_ context.Context, in *typesInput) (*purposesOutput, error) {
	out := &purposesOutput{Body: LicensePurposeList{Items: []LicensePurpose{}}}
	for _, p := range elicense.Purposes() { // in the order of their codes
		if p.Code <= in.After {
			continue
		}
		if n := len(out.Body.Items); n == in.Limit {
			out.Body.Next = out.Body.Items[n-1].Code
			break
		}
		out.Body.Items = append(out.Body.Items, LicensePurpose{p.Code, Texts(p.Name)})
	}
	return out, nil
}

// LicenseGrantTerms are what a grant opens and for how long.
type LicenseGrantTerms struct {
	Kind       string   `json:"kind,omitempty" enum:"fields,copy" doc:"fields: the named fields; copy: an annotated copy. fields when it is not given"`
	Purpose    string   `json:"purpose_code" maxLength:"8" doc:"Code of the list of purposes"`
	Item       string   `json:"item_code,omitempty" maxLength:"64" doc:"Service item; needed by function"`
	CaseNumber string   `json:"case_number,omitempty" maxLength:"64" doc:"Number of the case; needed by function"`
	Fields     []string `json:"fields,omitempty" maxItems:"100" doc:"Keys of fields of the full view and of predicates; none with a copy"`
	Uses       int      `json:"uses,omitempty" minimum:"0" maximum:"20" doc:"1 when it is not given"`
	Hours      int      `json:"hours,omitempty" minimum:"0" maximum:"720" doc:"24 when it is not given"`
}

func (t LicenseGrantTerms) request(grantee string) elicense.GrantRequest {
	return elicense.GrantRequest{Kind: elicense.GrantKind(t.Kind), Grantee: grantee, Item: t.Item, Purpose: t.Purpose, CaseNumber: t.CaseNumber, Fields: t.Fields, Uses: t.Uses, Hours: t.Hours}
}

// LicenseGrantOrder is a grant by the holder.
type LicenseGrantOrder struct {
	Grantee string `json:"grantee" maxLength:"100" doc:"client_id of the application"`
	LicenseGrantTerms
}

// LicenseGrant is a grant.
type LicenseGrant struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"open,awaiting_consent,used,expired,revoked" doc:"awaiting_consent: co-owners have not all agreed yet; nothing can be used"`
	LicenseID  string     `json:"license_id"`
	TypeCode   string     `json:"license_type_code"`
	Mode       string     `json:"mode" enum:"holder,delegate,function,order"`
	Kind       string     `json:"kind" enum:"fields,copy"`
	Grantee    string     `json:"grantee"`
	Item       string     `json:"item_code,omitempty"`
	Purpose    string     `json:"purpose_code"`
	CaseNumber string     `json:"case_number,omitempty"`
	Order      string     `json:"order,omitempty" doc:"Sealed order under which it was given"`
	Fields     []string   `json:"fields"`
	Uses       int        `json:"uses"`
	Left       int        `json:"uses_left"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	UsedAt     *time.Time `json:"used_at,omitempty" doc:"Last use"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	Awaits     int        `json:"consents_awaited,omitempty" doc:"Co-owners who have not agreed yet"`
	DecideBy   *time.Time `json:"decide_by,omitempty" doc:"Until when they can; expires_at moves to that many hours after the last consent"`
}

func (a *api) grantOf(g elicense.Grant) LicenseGrant {
	fields := g.Fields
	if fields == nil {
		fields = []string{}
	}
	return LicenseGrant{
		ID: g.ID, State: a.service.GrantState(g), LicenseID: g.LicenseID, TypeCode: g.TypeCode, Mode: string(g.Mode), Kind: string(g.Kind), Grantee: g.Grantee, Item: g.Item, Purpose: g.Purpose, CaseNumber: g.CaseNumber, Order: g.Order,
		Fields: fields, Uses: g.Uses, Left: g.Left, CreatedAt: g.CreatedAt, ExpiresAt: g.Expires, UsedAt: pointer(g.UsedAt), RevokedAt: pointer(g.RevokedAt), Awaits: g.Awaits, DecideBy: pointer(g.DecideBy),
	}
}

type grantOutput struct{ Body LicenseGrant }

type grantInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseGrantOrder
}

func (a *api) grant(ctx context.Context, in *grantInput) (*grantOutput, error) {
	g, err := a.service.Grant(ctx, in.ID, in.Body.request(in.Body.Grantee))
	if err != nil {
		return nil, err
	}
	return &grantOutput{a.grantOf(g)}, nil
}

// LicenseFunctionOrder asks for licences by the function of a department.
type LicenseFunctionOrder struct {
	LicenseIDs []string `json:"license_ids" minItems:"1" maxItems:"100" doc:"Identifiers of licences (GB/T 36904), of any holders"`
	Order      string   `json:"order,omitempty" maxLength:"64" doc:"Identifier of a sealed order in force for this application and case: the holders are told when it ends"`
	LicenseGrantTerms
}

// LicenseFunctionResult is the answer about one licence.
type LicenseFunctionResult struct {
	LicenseID string        `json:"license_id"`
	Grant     *LicenseGrant `json:"grant,omitempty"`
	Code      string        `json:"code,omitempty" doc:"Why there is none"`
	Title     string        `json:"title,omitempty"`
}

// LicenseFunctionResults are the answers, in the order of the question.
type LicenseFunctionResults struct {
	Items []LicenseFunctionResult `json:"items"`
}

type functionInput struct{ Body LicenseFunctionOrder }

type functionOutput struct{ Body LicenseFunctionResults }

func (a *api) grantByFunction(ctx context.Context, in *functionInput) (*functionOutput, error) {
	request := in.Body.request("")
	request.Order = in.Body.Order
	results, err := a.service.GrantByFunction(ctx, in.Body.LicenseIDs, request)
	if err != nil {
		return nil, err
	}
	out := &functionOutput{LicenseFunctionResults{Items: make([]LicenseFunctionResult, len(results))}}
	locale := reqctx.From(ctx).Locale
	for i, r := range results {
		out.Body.Items[i].LicenseID = r.LicenseID
		if r.Err != nil {
			meta := fault.MetaOf(fault.CodeOf(r.Err))
			out.Body.Items[i].Code, out.Body.Items[i].Title = string(fault.CodeOf(r.Err)), meta.Title[locale]
			continue
		}
		g := a.grantOf(r.Grant)
		out.Body.Items[i].Grant = &g
	}
	return out, nil
}

// LicenseGrantList is a page of grants.
type LicenseGrantList struct {
	Items []LicenseGrant `json:"items"`
	Next  string         `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type grantsOutput struct{ Body LicenseGrantList }

func (a *api) pageOfGrants(page []elicense.Grant, next string, err error) (*grantsOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &grantsOutput{Body: LicenseGrantList{Items: []LicenseGrant{}, Next: next}}
	for _, g := range page {
		out.Body.Items = append(out.Body.Items, a.grantOf(g))
	}
	return out, nil
}

func (a *api) grantsOf(ctx context.Context, in *typesInput) (*grantsOutput, error) {
	return a.pageOfGrants(a.service.GrantsOf(ctx, in.After, in.Limit))
}

func (a *api) grantsTo(ctx context.Context, in *typesInput) (*grantsOutput, error) {
	return a.pageOfGrants(a.service.GrantsTo(ctx, in.After, in.Limit))
}

func (a *api) revokeGrant(ctx context.Context, in *idInput) (*grantOutput, error) {
	g, err := a.service.RevokeGrant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &grantOutput{a.grantOf(g)}, nil
}

// LicenseGrantUse says what a grant is used for.
type LicenseGrantUse struct {
	Purpose string `json:"purpose_code" maxLength:"8" doc:"As in the grant; another one is refused"`
}

type redeemInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseGrantUse
}

// LicenseGrantFields are the fields that a grant names.
type LicenseGrantFields struct {
	Grant  LicenseGrant        `json:"grant"`
	Status string              `json:"status" doc:"Of the licence, at this moment"`
	Values map[string][]string `json:"values" doc:"By key; predicates are holds, fails or unknown"`
}

type redeemOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         LicenseGrantFields
}

func (a *api) redeem(ctx context.Context, in *redeemInput) (*redeemOutput, error) {
	r, err := a.service.RedeemFields(ctx, in.ID, in.Body.Purpose)
	if err != nil {
		return nil, err
	}
	return &redeemOutput{CacheControl: "no-store", Body: LicenseGrantFields{Grant: a.grantOf(r.Grant), Status: r.Status, Values: r.Values}}, nil
}

// LicenseCopyRecord is an annotated copy.
type LicenseCopyRecord struct {
	ID        string    `json:"id"`
	Grant     string    `json:"grant"`
	LicenseID string    `json:"license_id"`
	FileURL   string    `json:"file_url" doc:"Path of its file"`
	RecordURL string    `json:"record_url" doc:"Where the code on the copy leads to"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type copyOutput struct{ Body LicenseCopyRecord }

func (a *api) makeCopy(ctx context.Context, in *redeemInput) (*copyOutput, error) {
	c, err := a.service.RedeemCopy(ctx, in.ID, in.Body.Purpose)
	if err != nil {
		return nil, err
	}
	return &copyOutput{LicenseCopyRecord{ID: c.ID, Grant: c.Grant, LicenseID: c.Data.LicenseID, FileURL: "/api/v1/license-copies/" + c.ID + "/file", RecordURL: c.Data.RecordURL, CreatedAt: c.CreatedAt, ExpiresAt: c.Expires}}, nil
}

func (a *api) copyFile(ctx context.Context, in *idInput) (*fileOutput, error) {
	c, content, err := a.service.CopyFile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &fileOutput{ContentType: ofdType, Disposition: attachment(c.ID + ".OFD"), CacheControl: "private, no-store", Body: content}, nil
}
