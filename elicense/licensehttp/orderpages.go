package licensehttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// OrdersPath is the list of sealed orders (暂不告知决定).
const OrdersPath = "/license/orders"

// orderInputs are the inputs of the form by the fields of an order.
var orderInputs = map[string]string{"order_number": "order-number", "organ": "order-organ", "legal_basis": "order-basis", "client_id": "order-client", "case_number": "order-case", "license_ids": "order-licenses", "days": "order-days"}

// orderDays are the terms that the form offers.
var orderDays = []int{7, 15, 30, 60, 90}

func orderURL(id string) string { return OrdersPath + "/records/" + url.PathEscape(id) }

func (p *Pages) orderPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + OrdersPath:                             p.orderList,
		"GET " + OrdersPath + "/new":                    p.orderForm,
		"POST " + OrdersPath:                            p.orderPropose,
		"GET " + OrdersPath + "/records/{id}":           p.orderDetail,
		"POST " + OrdersPath + "/records/{id}/{action}": p.orderAction,
	}
}

func (p *Pages) orderList(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := elicense.OrderState(r.URL.Query().Get("state"))
	if !slices.Contains(elicense.OrderStates, state) {
		state = ""
	}
	page, next, err := p.Service.Orders(r.Context(), state, after, pageSize)
	if err != nil {
		return err
	}
	filter := web.FormField{Name: "state", Label: text("page.status"), Kind: web.InputSelect, Value: string(state), Options: []web.Option{{Label: text("page.all")}}}
	for _, one := range elicense.OrderStates {
		filter.Options = append(filter.Options, web.Option{Value: string(one), Label: p.Renderer.Word(r, "status.", "order_"+string(one))})
	}
	body := web.AdminListPage{Intro: text("order.list.lead"), None: text("order.list.none"), NoneText: text("order.list.none.text"), FilterURL: OrdersPath, Filter: []web.FormField{filter}, NewURL: OrdersPath + "/new", NewLabel: text("order.new"),
		Table: web.Table{Caption: text("order.list"), Columns: []web.Column{{Label: text("order.number")}, {Label: text("order.organ")}, {Label: text("license.grant.case")}, {Label: text("order.until")}, {Label: text("order.uses"), Number: true}}}}
	for _, o := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: orderURL(o.ID), Status: "order_" + string(o.State), Cells: []string{o.Number, o.Organ, o.CaseNumber, dateTime(o.Until), strconv.FormatInt(o.Uses, 10)}})
	}
	body.Table.NextURL = pagemark.Onward(r, OrdersPath+"?"+url.Values{"state": {string(state)}}.Encode(), next)
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("order.list"), Body: body})
}

func (p *Pages) orderForm(w http.ResponseWriter, r *http.Request) error {
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleOrders)) == 0 {
		return forbidden(r)
	}
	return p.showOrderForm(w, r, url.Values{}, nil)
}

// showOrderForm shows the form with what was typed, where it was refused.
func (p *Pages) showOrderForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	field := func(of, label string, max int) web.FormField {
		name := orderInputs[of]
		return web.FormField{Name: name, Label: text(label), Value: bounded(typed.Get(name)), Max: max}
	}
	licenses := field("license_ids", "order.licenses", 0)
	licenses.Kind, licenses.Hint = web.InputLongText, text("order.licenses.hint")
	client := field("client_id", "license.grant.grantee", 100)
	client.Hint = text("order.client.hint")
	days := field("days", "license.grant.hours", 0)
	days.Kind = web.InputSelect
	for _, n := range orderDays {
		days.Options = append(days.Options, web.Option{Value: strconv.Itoa(n), Label: p.Renderer.Text(r, "order.days", "n", strconv.Itoa(n))})
	}
	page, status := web.Page{Title: text("order.new"), Self: OrdersPath + "/new"}, http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, orderInputs)
	}
	page.Body = web.AdminFormPage{Back: web.Link{Label: text("order.list"), URL: OrdersPath}, Name: text("order.new"), Advisory: text("order.new.lead"), Action: OrdersPath, Submit: text("order.propose"), Fields: []web.FormField{
		field("order_number", "order.number", 64), field("organ", "order.organ", 300), field("legal_basis", "order.basis", 300), client, field("case_number", "license.grant.case", 64), licenses, days,
	}}
	return p.Page(w, r, status, "admin-form", page)
}

func (p *Pages) orderPropose(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	given := func(field string) string { return strings.TrimSpace(typed.Get(orderInputs[field])) }
	o := elicense.OrderRequest{Number: given("order_number"), Organ: given("organ"), LegalBasis: given("legal_basis"), Client: given("client_id"), CaseNumber: given("case_number"), LicenseIDs: strings.Fields(given("license_ids"))}
	if n, err := strconv.Atoi(given("days")); err == nil {
		o.Days = n
	}
	stored, err := p.Service.ProposeOrder(r.Context(), o)
	if fault.CodeOf(err) == fault.Invalid {
		return p.showOrderForm(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, orderURL(stored.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) orderDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showOrder(w, r, "", nil)
}

// showOrder shows an order with what can be done; tried is the action that was refused.
func (p *Pages) showOrder(w http.ResponseWriter, r *http.Request, tried string, refusal error) error {
	o, err := p.Service.Order(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("order.list"), URL: OrdersPath}, Name: o.Number, Under: o.ID, Status: "order_" + string(o.State)}
	add := func(key, value string) {
		if value != "" {
			body.Facts = append(body.Facts, web.ShownField{Label: text(key), Value: value})
		}
	}
	add("order.organ", o.Organ)
	add("order.basis", o.LegalBasis)
	add("license.grant.grantee", o.Client)
	add("license.grant.receiver", p.Service.GranteeName(r.Context(), o.Client))
	add("license.grant.case", o.CaseNumber)
	add("order.licenses", strings.Join(o.LicenseIDs, " · "))
	add("order.until", dateTime(o.Until))
	add("order.uses", strconv.FormatInt(o.Uses, 10))
	add("order.proposed_by", o.ProposedBy+" · "+dateTime(o.ProposedAt))
	if o.DecidedBy != "" {
		add("order.decided_by", o.DecidedBy+" · "+dateTime(o.DecidedAt))
	}
	if o.EndedBy != "" {
		add("order.ended_by", o.EndedBy+" · "+dateTime(o.EndedAt))
	}
	add("order.note", o.Note)
	if !o.ToldAt.IsZero() {
		add("order.told_at", dateTime(o.ToldAt))
	}
	page, status := web.Page{Title: text("order.list"), Self: orderURL(o.ID)}, http.StatusOK
	actions := p.orderActionsFor(r, o)
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"note": "order-" + tried + "-reason"})
		reopened(actions, "order-"+tried, r.PostForm.Get("reason"), page.Errors[0].Message)
	}
	if len(actions) > 0 {
		body.Sections = []web.AdminSection{{ID: "order-next", Title: text("batch.next"), Actions: actions}}
	}
	page.Body = body
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, status, "admin-detail", page)
}

// orderStep is what the page of an order offers to do.
type orderStep struct {
	name   string
	from   elicense.OrderState
	danger bool
	reason bool
	others bool // not for who entered it
	do     func(s *elicense.Service, r *http.Request, id, reason string) error
}

func decideOrderAs(confirm bool) func(*elicense.Service, *http.Request, string, string) error {
	return func(s *elicense.Service, r *http.Request, id, reason string) error {
		_, err := s.DecideOrder(r.Context(), id, confirm, reason)
		return err
	}
}

var orderSteps = []orderStep{
	{"confirm", elicense.OrderProposed, false, false, true, decideOrderAs(true)},
	{"refuse", elicense.OrderProposed, true, true, false, decideOrderAs(false)},
	{"end", elicense.OrderInForce, false, true, false, func(s *elicense.Service, r *http.Request, id, reason string) error {
		_, err := s.EndOrder(r.Context(), id, reason)
		return err
	}},
}

// orderActionsFor are what the actor may do with an order as it stands. Nobody confirms what they entered.
func (p *Pages) orderActionsFor(r *http.Request, o elicense.Order) (list []web.StateAction) {
	for _, s := range orderSteps {
		if s.from != o.State || s.others && o.ProposedBy == reqctx.From(r.Context()).Actor.ID {
			continue
		}
		list = append(list, web.StateAction{ID: "order-" + s.name, Label: p.Renderer.Text(r, "order.action."+s.name), URL: orderURL(o.ID) + "/" + s.name, Effect: p.Renderer.Text(r, "order.effect."+s.name), Danger: s.danger, NoReason: !s.reason})
	}
	return list
}

func (p *Pages) orderAction(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	for _, s := range orderSteps {
		if s.name != r.PathValue("action") {
			continue
		}
		err := s.do(p.Service, r, id, strings.TrimSpace(typed.Get("reason")))
		if fault.CodeOf(err) == fault.Invalid {
			return p.showOrder(w, r, s.name, err)
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, orderURL(id), http.StatusSeeOther)
		return nil
	}
	return fault.New(fault.NotFound)
}
