package elicense

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// RoleOrders keeps sealed orders (暂不告知决定): it enters what an authority of investigation ordered, and confirms what somebody else entered.
const RoleOrders = "license_order"

// OrderState is what has become of a sealed order.
type OrderState string

// States. An order in force ends by its time or by hand, and is told after that.
const (
	OrderProposed OrderState = "proposed"
	OrderRefused  OrderState = "refused"
	OrderInForce  OrderState = "in_force"
	OrderEnded    OrderState = "ended"
)

// OrderStates in the order of a life.
var OrderStates = []OrderState{OrderProposed, OrderInForce, OrderEnded, OrderRefused}

// Order lets one application use named licences for one case without telling their holders while it is in force (license.md 10, sealed order). What was
// used under it is told when it ends.
type Order struct {
	ID         string // "lorder_", 128 random bits
	Number     string // of the order on paper
	Organ      string // who ordered it
	LegalBasis string
	Client     string // client_id of the application
	CaseNumber string // of that application; grants name the same
	LicenseIDs []string
	Area       string // the smallest that holds all the licences
	State      OrderState
	Until      time.Time
	ProposedBy string
	ProposedAt time.Time
	DecidedBy  string
	DecidedAt  time.Time
	EndedBy    string // "system:elicense" by time
	EndedAt    time.Time
	Note       string // of who decided, then of who ended it
	Uses       int64  // grants and uses under it
	ToldAt     time.Time
}

// Covers reports whether the order is in force at a moment.
func (o Order) Covers(now time.Time) bool { return o.State == OrderInForce && now.Before(o.Until) }

// Permits reports whether the order lets an application use a licence for a case at a moment.
func (o Order) Permits(client, caseNumber, licenseID string, now time.Time) bool {
	return o.Covers(now) && o.Client == client && o.CaseNumber == caseNumber && slices.Contains(o.LicenseIDs, licenseID)
}

// Cursor is the place of an order in lists.
func (o Order) Cursor() string { return strconv.FormatInt(o.ProposedAt.UnixMicro(), 10) + "." + o.ID }

// OrderFilter selects orders, the newest first. After is the cursor of the page before.
type OrderFilter struct {
	State OrderState // empty: all
	Areas []string   // paths of areas, each with all below it; nil is not bounded
	After string
	Limit int
}

// ErrNoOrder is answered by stores for a grant or a use under an order that is not in force for it; nothing of the write is stored.
var ErrNoOrder = errors.New("elicense: no sealed order in force lets this be")

// Orders keeps sealed orders. AddGrant, Redeem and FinishCopy of something that names an order answer ErrNoOrder when it is not in force in that write, and
// are not stopped by a freeze; of a use and the end of its order at once, the use is either before the end and told, or refused.
type Orders interface {
	AddOrder(ctx context.Context, o Order, record audit.Record) error
	FindOrder(ctx context.Context, id string) (Order, error)
	// ListOrders gives a page and the cursor of the next, empty at the end. ErrNotFound for a cursor that is none.
	ListOrders(ctx context.Context, f OrderFilter) (page []Order, next string, err error)
	// MoveOrder stores state, who, when and note of an order that is in the state from, and reports whether this call did.
	MoveOrder(ctx context.Context, o Order, from OrderState, record audit.Record) (bool, error)
	// OrdersToTell gives orders whose time is over and that nobody ended, and those that ended and are not told.
	OrdersToTell(ctx context.Context, now time.Time, limit int) ([]Order, error)
	// WithheldGrants gives grants under an order of which their holders do not know.
	WithheldGrants(ctx context.Context, order string, limit int) ([]Grant, error)
	// TellGrant shows a grant and its uses to the holder and reports whether this call did; the record is one write with it.
	TellGrant(ctx context.Context, id string, record audit.Record) (bool, error)
	// OrderTold stores when all was told, where nothing is withheld any more, and reports whether this call did.
	OrderTold(ctx context.Context, id string, at time.Time, record audit.Record) (bool, error)
}

// Bounds of sealed orders.
const (
	maxOrderLicenses = 100
	maxOrderDays     = 90
	maxOrderNumber   = 64
	maxOrderText     = 300 // characters
)

// OrderRequest is what is entered.
type OrderRequest struct {
	Number, Organ, LegalBasis, Client, CaseNumber string
	LicenseIDs                                    []string
	Days                                          int // how long it is in force, from when it is entered; 90 at most
}

// orderKeeper is a person of staff who keeps orders: no application stands for one.
func orderKeeper(ctx context.Context) (reqctx.Actor, error) {
	actor, err := require(ctx, RoleOrders)
	if err == nil && (actor.Machine() || actor.ActingFor != "") {
		err = fault.New(fault.Forbidden)
	}
	return actor, err
}

// ProposeOrder enters a sealed order, which counts once somebody else confirms it.
func (s *Service) ProposeOrder(ctx context.Context, r OrderRequest) (Order, error) {
	actor, err := orderKeeper(ctx)
	if err != nil {
		return Order{}, err
	}
	now := s.now()
	f := fault.New(fault.Invalid)
	for field, text := range map[string]string{"order_number": r.Number, "case_number": r.CaseNumber} {
		if text == "" || len(text) > maxOrderNumber {
			f = f.WithField(field, fault.LicenseFieldForm)
		}
	}
	for field, text := range map[string]string{"organ": r.Organ, "legal_basis": r.LegalBasis} {
		if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > maxOrderText {
			f = f.WithField(field, fault.LicenseFieldForm)
		}
	}
	if r.Days < 1 || r.Days > maxOrderDays {
		f = f.WithField("days", fault.LicenseFieldForm)
	}
	if len(r.LicenseIDs) == 0 || len(r.LicenseIDs) > maxOrderLicenses {
		f = f.WithField("license_ids", fault.LicenseFieldForm)
	}
	if len(f.Fields) > 0 {
		return Order{}, f
	}
	if _, err := s.cfg.Grantees.Grantee(ctx, r.Client); errors.Is(err, ErrNotFound) {
		return Order{}, f.WithField("client_id", fault.LicenseFieldUnknown)
	} else if err != nil {
		return Order{}, storeFault(err, "find grantee")
	}
	o := Order{ID: ident.New(s.cfg.Rand, "lorder"), Number: r.Number, Organ: r.Organ, LegalBasis: r.LegalBasis, Client: r.Client, CaseNumber: r.CaseNumber, State: OrderProposed, Until: now.Add(time.Duration(r.Days) * 24 * time.Hour), ProposedBy: actor.ID, ProposedAt: now}
	for i, licenseID := range slices.Compact(slices.Sorted(slices.Values(r.LicenseIDs))) {
		l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
		if err == nil && !actor.Reaches(l.Area, RoleOrders) {
			err = ErrNotFound
		}
		if errors.Is(err, ErrNotFound) {
			return Order{}, f.WithField("license_ids", fault.LicenseFieldUnknown)
		}
		if err != nil {
			return Order{}, storeFault(err, "find licence")
		}
		if o.LicenseIDs = append(o.LicenseIDs, licenseID); i == 0 {
			o.Area = l.Area
		}
		o.Area = commonArea(o.Area, l.Area)
	}
	if !actor.Reaches(o.Area, RoleOrders) { // licences of two parts that no one right holds together
		return Order{}, f.WithField("license_ids", fault.LicenseFieldForm)
	}
	return o, storeFault(s.cfg.Store.AddOrder(ctx, o, audit.With(s.orderEvent(ctx, "license.order.proposed", o, now))), "store order")
}

// commonArea is the smallest area that holds both: paths are codes, each with a / behind it.
func commonArea(a, b string) string {
	n := 0
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n = i + 1
		}
	}
	return a[:n]
}

// DecideOrder puts an order in force that somebody else entered, or refuses it. Whoever entered one may refuse it.
func (s *Service) DecideOrder(ctx context.Context, id string, confirm bool, note string) (Order, error) {
	o, actor, err := s.reachedOrder(ctx, id)
	if err != nil {
		return Order{}, err
	}
	now := s.now()
	kind := "license.order.confirmed"
	switch {
	case utf8.RuneCountInString(note) > maxOrderText || !confirm && strings.TrimSpace(note) == "":
		return Order{}, fault.New(fault.Invalid).WithField("note", fault.LicenseFieldForm)
	case confirm && actor.ID == o.ProposedBy:
		return Order{}, fault.New(fault.LicenseFourEyes)
	case confirm && !now.Before(o.Until):
		return Order{}, fault.New(fault.OrderState)
	case confirm:
		o.State = OrderInForce
	default:
		o.State, kind = OrderRefused, "license.order.refused"
	}
	o.DecidedBy, o.DecidedAt, o.Note = actor.ID, now, note
	return s.moveOrder(ctx, o, OrderProposed, kind, now)
}

// EndOrder ends an order before its time. Its holders are told then.
func (s *Service) EndOrder(ctx context.Context, id, note string) (Order, error) {
	o, actor, err := s.reachedOrder(ctx, id)
	if err != nil {
		return Order{}, err
	}
	if strings.TrimSpace(note) == "" || utf8.RuneCountInString(note) > maxOrderText {
		return Order{}, fault.New(fault.Invalid).WithField("note", fault.LicenseFieldForm)
	}
	now := s.now()
	o.State, o.EndedBy, o.EndedAt, o.Note = OrderEnded, actor.ID, now, note
	return s.moveOrder(ctx, o, OrderInForce, "license.order.ended", now)
}

func (s *Service) moveOrder(ctx context.Context, o Order, from OrderState, kind string, now time.Time) (Order, error) {
	ctx = reqctx.UsingIn(ctx, o.Area, RoleOrders)
	done, err := s.cfg.Store.MoveOrder(ctx, o, from, audit.With(s.orderEvent(ctx, kind, o, now)))
	switch {
	case err != nil:
		return Order{}, storeFault(err, "store order")
	case !done:
		return Order{}, fault.New(fault.OrderState)
	}
	return s.Order(ctx, o.ID)
}

func (s *Service) reachedOrder(ctx context.Context, id string) (Order, reqctx.Actor, error) {
	actor, err := orderKeeper(ctx)
	if err != nil {
		return Order{}, actor, err
	}
	o, err := s.cfg.Store.FindOrder(ctx, id)
	if err == nil && !actor.Reaches(o.Area, RoleOrders) {
		err = ErrNotFound
	}
	return o, actor, storeFault(err, "find order")
}

// Order reads a sealed order, for who keeps orders where it counts.
func (s *Service) Order(ctx context.Context, id string) (Order, error) {
	o, _, err := s.reachedOrder(ctx, id)
	return o, err
}

// Orders lists sealed orders, the newest first, for who keeps orders where they count.
func (s *Service) Orders(ctx context.Context, state OrderState, after string, limit int) ([]Order, string, error) {
	actor, err := orderKeeper(ctx)
	if err != nil {
		return nil, "", err
	}
	if state != "" && !slices.Contains(OrderStates, state) {
		return nil, "", fault.New(fault.Invalid).WithField("state", fault.LicenseFieldForm)
	}
	f := OrderFilter{State: state, After: after, Limit: limit}
	if areas := actor.Reach(RoleOrders); !slices.Equal(areas, []string{""}) {
		f.Areas = areas
	}
	page, next, err := s.cfg.Store.ListOrders(ctx, f)
	if errors.Is(err, ErrNotFound) {
		return nil, "", fault.New(fault.Invalid).WithField("after", fault.LicenseFieldForm)
	}
	return page, next, storeFault(err, "list orders")
}

// orderEvent names the order and nobody whom it is about; the licences stand in the order.
func (s *Service) orderEvent(ctx context.Context, kind string, o Order, at time.Time) audit.Event {
	e := s.event(ctx, kind, o.ID, at, "number", o.Number, "organ", o.Organ, "client", o.Client, "case", o.CaseNumber, "licenses", strconv.Itoa(len(o.LicenseIDs)), "until", catalog.Stamp(o.Until), "note", o.Note)
	e.ObjectType = "license_order"
	return e
}

// withheld turns a grant by function into one under a sealed order: the same answer whatever is wrong with the order, since whether there is one is nobody
// else's business.
func (s *Service) withheld(ctx context.Context, g Grant, order string) (Grant, error) {
	o, err := s.cfg.Store.FindOrder(ctx, order)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Grant{}, storeFault(err, "find order")
	}
	if err != nil || !o.Permits(g.Grantee, g.CaseNumber, g.LicenseID, g.CreatedAt) {
		return Grant{}, fault.New(fault.OrderMissing)
	}
	g.Mode, g.Order, g.Withheld, g.Proof = GrantOrder, o.ID, true, "order:"+o.Number
	if g.Expires.After(o.Until) {
		g.Expires = o.Until
	}
	return g, nil
}

// ordered reports whether something that was made under an order is still covered by it, so that a freeze does not stop it.
func (s *Service) ordered(ctx context.Context, order string) (bool, error) {
	if order == "" {
		return false, nil
	}
	o, err := s.cfg.Store.FindOrder(ctx, order)
	return err == nil && o.Covers(s.now()), storeFault(err, "find order")
}

// TellOrders ends the orders whose time is over and tells holders what was used under those that ended: the grants appear in their lists, the uses in their
// ledgers, and each grant is told as one by function is. It is a regular duty; a machine that dies goes on where it was.
func (s *Service) TellOrders(ctx context.Context) error {
	list, err := s.cfg.Store.OrdersToTell(ctx, s.now(), 50)
	if err != nil {
		return storeFault(err, "list orders to tell")
	}
	for _, o := range list {
		if err := s.tellOrder(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellOrder(ctx context.Context, o Order) error {
	now := s.now()
	if o.State == OrderInForce {
		o.State, o.EndedBy, o.EndedAt = OrderEnded, "system:elicense", now
		if _, err := s.cfg.Store.MoveOrder(ctx, o, OrderInForce, audit.With(s.orderEvent(ctx, "license.order.ended", o, now))); err != nil {
			return storeFault(err, "end order")
		}
	}
	for {
		grants, err := s.cfg.Store.WithheldGrants(ctx, o.ID, 100)
		if err != nil {
			return storeFault(err, "list withheld grants")
		}
		for _, g := range grants {
			record := audit.With(s.grantEvent(ctx, "license.grant.told", g, "order", o.ID))
			if g.HolderRef != "" {
				record = record.And(grantNotice(TopicGranted, g))
			}
			if _, err := s.cfg.Store.TellGrant(ctx, g.ID, record); err != nil {
				return storeFault(err, "tell grant")
			}
		}
		if len(grants) < 100 {
			break
		}
	}
	_, err := s.cfg.Store.OrderTold(ctx, o.ID, now, audit.With(s.orderEvent(ctx, "license.order.told", o, now)))
	return storeFault(err, "store order")
}
