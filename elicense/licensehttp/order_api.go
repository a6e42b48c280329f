package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
)

func registerOrders(to huma.API, a *api) {
	huma.Register(to, operation("list-license-orders", http.MethodGet, "/api/v1/license-orders", "List sealed orders, newest first"), a.orders)
	huma.Register(to, operation("propose-license-order", http.MethodPost, "/api/v1/license-orders", "Enter a sealed order; somebody else confirms it"), a.proposeOrder)
	huma.Register(to, operation("get-license-order", http.MethodGet, "/api/v1/license-orders/{id}", "Read a sealed order"), a.order)
	huma.Register(to, operation("decide-license-order", http.MethodPost, "/api/v1/license-orders/{id}/decision", "Put a sealed order in force that somebody else entered, or refuse it"), a.decideOrder)
	huma.Register(to, operation("end-license-order", http.MethodPost, "/api/v1/license-orders/{id}/end", "End a sealed order before its time; what was used under it is told to the holders"), a.endOrder)
}

// LicenseOrderTerms are what a sealed order says.
type LicenseOrderTerms struct {
	Number     string   `json:"order_number" maxLength:"64" doc:"Number of the order on paper"`
	Organ      string   `json:"organ" maxLength:"300" doc:"Who ordered it"`
	LegalBasis string   `json:"legal_basis" maxLength:"300"`
	Client     string   `json:"client_id" maxLength:"100" doc:"Application that may use the licences"`
	CaseNumber string   `json:"case_number" maxLength:"64" doc:"Of that application; grants name the same"`
	LicenseIDs []string `json:"license_ids" minItems:"1" maxItems:"100" doc:"Identifiers of licences (GB/T 36904)"`
}

// LicenseOrder is a sealed order.
type LicenseOrder struct {
	ID    string `json:"id"`
	State string `json:"state" enum:"proposed,refused,in_force,ended"`
	LicenseOrderTerms
	Until      time.Time  `json:"until" doc:"Moment of its end, if nobody ends it before"`
	ProposedBy string     `json:"proposed_by"`
	ProposedAt time.Time  `json:"proposed_at"`
	DecidedBy  string     `json:"decided_by,omitempty"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
	EndedBy    string     `json:"ended_by,omitempty"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
	Note       string     `json:"note,omitempty" doc:"Of who decided, then of who ended it"`
	Uses       int64      `json:"uses" doc:"Grants under it, and uses of them"`
	ToldAt     *time.Time `json:"told_at,omitempty" doc:"When all holders were told"`
}

// LicenseOrderList is a page of sealed orders.
type LicenseOrderList struct {
	Items []LicenseOrder `json:"items"`
	Next  string         `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

func orderBody(o elicense.Order) LicenseOrder {
	return LicenseOrder{
		ID: o.ID, State: string(o.State), LicenseOrderTerms: LicenseOrderTerms{Number: o.Number, Organ: o.Organ, LegalBasis: o.LegalBasis, Client: o.Client, CaseNumber: o.CaseNumber, LicenseIDs: o.LicenseIDs}, Until: o.Until,
		ProposedBy: o.ProposedBy, ProposedAt: o.ProposedAt, DecidedBy: o.DecidedBy, DecidedAt: pointer(o.DecidedAt), EndedBy: o.EndedBy, EndedAt: pointer(o.EndedAt), Note: o.Note, Uses: o.Uses, ToldAt: pointer(o.ToldAt),
	}
}

func (a *api) orders(ctx context.Context, in *struct {
	State string `query:"state" enum:"proposed,refused,in_force,ended"`
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*forgeryOutput[LicenseOrderList], error) {
	page, next, err := a.service.Orders(ctx, elicense.OrderState(in.State), in.After, in.Limit)
	list := LicenseOrderList{Items: []LicenseOrder{}, Next: next}
	for _, o := range page {
		list.Items = append(list.Items, orderBody(o))
	}
	return private(list, err)
}

func (a *api) proposeOrder(ctx context.Context, in *struct {
	Body struct {
		LicenseOrderTerms
		Days int `json:"days" minimum:"1" maximum:"90" doc:"How long it is in force, from now"`
	}
}) (*forgeryOutput[LicenseOrder], error) {
	b := in.Body
	o, err := a.service.ProposeOrder(ctx, elicense.OrderRequest{Number: b.Number, Organ: b.Organ, LegalBasis: b.LegalBasis, Client: b.Client, CaseNumber: b.CaseNumber, LicenseIDs: b.LicenseIDs, Days: b.Days})
	return private(orderBody(o), err)
}

func (a *api) order(ctx context.Context, in *idInput) (*forgeryOutput[LicenseOrder], error) {
	o, err := a.service.Order(ctx, in.ID)
	return private(orderBody(o), err)
}

// LicenseOrderDecision decides on a sealed order.
type LicenseOrderDecision struct {
	Decision string `json:"decision" enum:"confirm,refuse"`
	Note     string `json:"note,omitempty" maxLength:"300" doc:"Needed to refuse"`
}

func (a *api) decideOrder(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicenseOrderDecision
}) (*forgeryOutput[LicenseOrder], error) {
	o, err := a.service.DecideOrder(ctx, in.ID, in.Body.Decision == "confirm", in.Body.Note)
	return private(orderBody(o), err)
}

func (a *api) endOrder(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"300"`
	}
}) (*forgeryOutput[LicenseOrder], error) {
	o, err := a.service.EndOrder(ctx, in.ID, in.Body.Note)
	return private(orderBody(o), err)
}
