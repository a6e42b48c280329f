package elicense

import (
	"context"
	_ "embed" // the list of purposes
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// RoleUser may use licences by its function (依职能用证): an application of a department, for a case of an item.
const RoleUser = "license_user"

// GrantMode is on whose word a licence may be used (license.md 10, use_grant).
type GrantMode string

// Modes.
const (
	GrantHolder   GrantMode = "holder"   // the holder gave it, after a login that was fresh
	GrantDelegate GrantMode = "delegate" // somebody gave it under a mandate of the holder, after a login that was fresh; the holder is told
	GrantFunction GrantMode = "function" // a department needs it for a case; the holder is told
	GrantOrder    GrantMode = "order"    // as function, under a sealed order; the holder is told when it ends
)

// GrantKind is what a grant opens.
type GrantKind string

// Kinds.
const (
	GrantFields GrantKind = "fields" // the fields and predicates that it names
	GrantCopy   GrantKind = "copy"   // an annotated copy (加注件)
)

// Grant lets one application use one licence, for one purpose (用证授权). The identifier is unguessable and of no use to anybody else.
type Grant struct {
	ID         string // "lgrant_", 128 random bits
	HolderRef  string // empty for a licence whose holder has no account
	License    string // row key
	LicenseID  string
	TypeCode   string
	Mode       GrantMode
	Kind       GrantKind
	Grantee    string // client_id
	Item       string // code of the service item; may be empty where the holder gave it
	Purpose    string // code of the list of purposes
	CaseNumber string // of the grantee; needed by function
	Fields     []string
	Uses, Left int
	Expires    time.Time
	Proof      string // what it rests on
	Order      string // sealed order under which it was given; empty without one
	Withheld   bool   // the holder does not know of it yet
	Actor      string // who gave it
	Mandate    string // under which it was given; empty without one
	CreatedAt  time.Time
	RevokedAt  time.Time
	UsedAt     time.Time // last
	Awaits     int       // consents of co-owners that are missing
	DecideBy   time.Time // until when they can be given; zero for a grant that needs none
	Asks       []string  // whose consent AddGrant asks for; not read back
}

// StateAwaiting is the state of a grant that waits for co-owners.
const StateAwaiting = "awaiting_consent"

// State is the word for what has become of a grant.
func (g Grant) State(now time.Time) string {
	switch {
	case !g.RevokedAt.IsZero():
		return "revoked"
	case g.Awaits > 0 && now.Before(g.DecideBy):
		return StateAwaiting
	case g.Awaits > 0:
		return "expired"
	case g.Left == 0:
		return "used"
	case !now.Before(g.Expires):
		return "expired"
	}
	return "open"
}

// LicenseCopy is an annotated copy: planned with the use that it is made for, sealed after that.
type LicenseCopy struct {
	ID        string // "lcopy_", 128 random bits
	Grant     string
	HolderRef string
	License   string
	Grantee   string
	Order     string // sealed order of its grant
	Original  string // address of the sealed original
	SealID    string
	Data      licensefile.Copy
	File      string // address of the sealed copy; empty until then
	CreatedAt time.Time
	Expires   time.Time
}

// GrantQuery selects grants of a holder, who does not see withheld ones, or of an application, the newest first. After is the cursor of the page before.
type GrantQuery struct {
	HolderRef, Grantee string // one of them
	Actor              string // who gave them; empty: whoever did
	After              string
	Limit              int
}

// Grants keeps grants and what was made of them.
type Grants interface {
	AddGrant(ctx context.Context, g Grant, record audit.Record) error
	FindGrant(ctx context.Context, id string) (Grant, error)
	// ListGrants gives a page and the cursor of the next, empty at the end.
	ListGrants(ctx context.Context, q GrantQuery) (page []Grant, next string, err error)
	// RevokeGrant ends a grant that nobody ended before and reports whether this call did.
	RevokeGrant(ctx context.Context, id string, now time.Time, record audit.Record) (bool, error)
	// Redeem takes one of the uses that are left by one conditional change, before the end of the grant and unless it was revoked, and reports
	// whether this call did. The line of the holder's ledger, withheld as the grant is, the planned copy, if any, and the record are one write with it.
	Redeem(ctx context.Context, id string, now time.Time, use Use, c *LicenseCopy, record audit.Record) (bool, error)
	FindCopy(ctx context.Context, id string) (LicenseCopy, error)
	// PlannedCopy is the oldest copy of a grant that was planned by the moment and is not sealed; ErrNotFound.
	PlannedCopy(ctx context.Context, grant string, by time.Time) (LicenseCopy, error)
	// FinishCopy stores the address of the sealed copy where there is none yet, and gives what is stored.
	FinishCopy(ctx context.Context, id, file string, now time.Time, record audit.Record) (LicenseCopy, error)
	// AddCopyLink stores an address of a copy and forgets those of the same application that ended a day before the moment.
	AddCopyLink(ctx context.Context, link CopyLink, now time.Time, record audit.Record) error
	FindCopyLink(ctx context.Context, hash string) (CopyLink, error)
	// TakeCopyLink uses an address up by one conditional change, before its end, and reports whether this call did.
	TakeCopyLink(ctx context.Context, hash string, now time.Time, record audit.Record) (bool, error)
}

// Grantee is an application to which licences are shown, and its department.
type Grantee struct {
	Client string
	Name   string // of the department, or of the application where it has none
	Code   string // unified social credit code of the department, or client_id
}

// Grantees knows the applications of departments; internal/app adapts the register of clients. ErrNotFound.
type Grantees interface {
	Grantee(ctx context.Context, client string) (Grantee, error)
}

// Purpose is an entry of the list of purposes.
type Purpose struct {
	Code string       `json:"code"`
	Name catalog.Text `json:"name"`
}

//go:embed purposes.json
var purposesFile []byte

var purposes = func() (list []Purpose) {
	if err := json.Unmarshal(purposesFile, &list); err != nil {
		panic(err) // the file is embedded and tested
	}
	return list
}()

// Purposes is the list of purposes, in the order of their codes.
func Purposes() []Purpose { return slices.Clone(purposes) }

// LendablePurposes are those for which the actor may let an office use a licence: all, or under a mandate those within it.
func (s *Service) LendablePurposes(ctx context.Context, l License) []Purpose {
	return slices.DeleteFunc(Purposes(), func(p Purpose) bool { return mayLend(ctx, l.TypeCode, p.Code) != nil })
}

func purposeOf(code string) (Purpose, bool) {
	i := slices.IndexFunc(purposes, func(p Purpose) bool { return p.Code == code })
	if i < 0 {
		return Purpose{}, false
	}
	return purposes[i], true
}

// Bounds of grants.
const (
	maxGrantUses  = 20
	maxGrantHours = 30 * 24
	maxGrantBulk  = 100
	copyLife      = 30 * 24 * time.Hour
	grantLogin    = 5 * time.Minute // how old the login behind a grant may be
)

// FreshForGrant reports whether the login of a person is new enough for a grant.
func (s *Service) FreshForGrant(actor reqctx.Actor) bool {
	return s.now().Sub(actor.SignedInAt) <= grantLogin
}

// GrantRequest asks for a grant.
type GrantRequest struct {
	Kind       GrantKind // fields when empty
	Grantee    string    // client_id; function takes it from who asks
	Item       string
	Purpose    string
	CaseNumber string
	Fields     []string // keys of the full view and of predicates; none with a copy, which shows the whole face
	Uses       int      // 1 when 0
	Hours      int      // 24 when 0
	Order      string   // sealed order, by function only
}

// terms checks a request against the licence that it is about and writes the grant.
func (s *Service) terms(l License, r GrantRequest, mode GrantMode) (Grant, error) {
	now := s.now()
	if l.State != StateActive || l.Status != catalog.StatusValid {
		return Grant{}, fault.New(fault.LicenseState)
	}
	t, ok := s.typeOf(l)
	if !ok {
		return Grant{}, fault.New(fault.LicenseTypeUnknown)
	}
	if r.Kind == "" {
		r.Kind = GrantFields
	}
	if r.Uses == 0 {
		r.Uses = 1
	}
	if r.Hours == 0 {
		r.Hours = 24
	}
	refused := func(field string) error { return fault.New(fault.Invalid).WithField(field, fault.LicenseFieldForm) }
	_, known := purposeOf(r.Purpose)
	full := append(slices.Clone(t.Profiles["f"]), t.Profiles["p"]...)
	switch {
	case r.Kind != GrantFields && r.Kind != GrantCopy:
		return Grant{}, refused("kind")
	case !known:
		return Grant{}, refused("purpose_code")
	case r.Uses < 1 || r.Uses > maxGrantUses:
		return Grant{}, refused("uses")
	case r.Hours < 1 || r.Hours > maxGrantHours:
		return Grant{}, refused("hours")
	case len(r.Item) > 64 || mode == GrantFunction && r.Item == "":
		return Grant{}, refused("item_code")
	case len(r.CaseNumber) > 64 || mode == GrantFunction && r.CaseNumber == "":
		return Grant{}, refused("case_number")
	case mode != GrantFunction && r.Order != "":
		return Grant{}, refused("order")
	case (len(r.Fields) == 0) != (r.Kind == GrantCopy):
		return Grant{}, refused("fields")
	}
	for _, key := range r.Fields {
		if !slices.Contains(full, key) {
			return Grant{}, fault.New(fault.Invalid).WithField("fields", fault.LicenseFieldUnknown)
		}
	}
	fields := slices.Clone(r.Fields)
	if r.Kind == GrantCopy {
		fields = slices.Clone(t.Profiles["f"])
	}
	slices.Sort(fields)
	return Grant{
		ID: ident.New(s.cfg.Rand, "lgrant"), HolderRef: l.HolderRef, License: l.ID, LicenseID: l.LicenseID, TypeCode: l.TypeCode, Mode: mode, Kind: r.Kind, Grantee: r.Grantee,
		Item: r.Item, Purpose: r.Purpose, CaseNumber: r.CaseNumber, Fields: slices.Compact(fields), Uses: r.Uses, Left: r.Uses, Expires: now.Add(time.Duration(r.Hours) * time.Hour), CreatedAt: now,
	}, nil
}

// GrantState is the word for what has become of a grant by now.
func (s *Service) GrantState(g Grant) string { return g.State(s.now()) }

// Grant lets an application use a licence of who is signed in, or under a mandate, and within it, one of whom that one acts for, who is told. It asks for
// a login of the last minutes.
func (s *Service) Grant(ctx context.Context, id string, r GrantRequest) (Grant, error) {
	actor := reqctx.From(ctx).Actor
	l, err := s.ownLicense(ctx, id, false)
	if err == nil {
		err = mayLend(ctx, l.TypeCode, r.Purpose)
	}
	if err != nil {
		return Grant{}, err
	}
	if !s.FreshForGrant(actor) {
		return Grant{}, fault.New(fault.LoginNotFresh)
	}
	_, err = s.cfg.Grantees.Grantee(ctx, r.Grantee)
	if errors.Is(err, ErrNotFound) {
		return Grant{}, fault.New(fault.Invalid).WithField("grantee", fault.LicenseFieldUnknown)
	}
	if err != nil {
		return Grant{}, storeFault(err, "find grantee")
	}
	mode, b := GrantHolder, Behalf{}
	if under, acts := BehalfOf(ctx); acts {
		mode, b = GrantDelegate, under
	}
	g, err := s.terms(l, r, mode)
	if err != nil {
		return Grant{}, err
	}
	g.Actor, g.Mandate, g.Proof = actor.ID, b.Mandate, "login:"+actor.SignedInAt.UTC().Format(time.RFC3339)
	if err := s.askCoOwners(ctx, l, &g); err != nil {
		return Grant{}, err
	}
	record := audit.With(s.grantEvent(ctx, "license.grant.given", g, "awaits", strconv.Itoa(g.Awaits)))
	for _, account := range g.Asks {
		record = record.And(consentNotice(TopicConsentAsked, g, account, ConsentAsked))
	}
	if g.Mandate != "" {
		record = record.And(grantNotice(TopicLent, g))
	}
	return g, s.usedFault(ctx, l, s.cfg.Store.AddGrant(ctx, g, record), "store grant")
}

// Grantable is a page of the licences in force of who is signed in, of one type where a code is given, and the cursor of the next.
func (s *Service) Grantable(ctx context.Context, typeCode, after string, limit int) ([]License, string, error) {
	account, err := ownAccount(ctx)
	if err != nil {
		return nil, "", err
	}
	return s.heldList(ctx, Filter{State: string(StateActive), Status: catalog.StatusValid, TypeCode: typeCode, HolderRef: account, After: after, Limit: limit})
}

// Grantee finds the application that a grant would be for; ErrNotFound where there is none.
func (s *Service) Grantee(ctx context.Context, client string) (Grantee, error) {
	return s.cfg.Grantees.Grantee(ctx, client)
}

// GranteeName is the name of whom a grant was given to; client_id for one that is gone.
func (s *Service) GranteeName(ctx context.Context, client string) string {
	grantee, err := s.cfg.Grantees.Grantee(ctx, client)
	if err != nil {
		return client
	}
	return grantee.Name
}

// ownLicense finds a licence of whom wallet gives.
func (s *Service) ownLicense(ctx context.Context, id string, manages bool) (License, error) {
	if _, err := wallet(ctx, manages); err != nil {
		return License{}, err
	}
	l, err := s.cfg.Store.Find(ctx, id)
	l = l.heldBy(reqctx.From(ctx).Actor)
	if err == nil && !isHolder(reqctx.From(ctx).Actor, l) {
		err = ErrNotFound
	}
	return l, storeFault(err, "find licence")
}

// ownAccount is the account of the person who is signed in and acts for nobody else.
func ownAccount(ctx context.Context) (string, error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return "", fault.New(fault.Unauthenticated)
	case actor.ActingFor != "" || !strings.HasPrefix(actor.ID, "account:"):
		return "", fault.New(fault.Forbidden)
	}
	return actor.ID, nil
}

func (s *Service) grantEvent(ctx context.Context, kind string, g Grant, more ...string) audit.Event {
	return s.event(ctx, kind, g.License, s.now(), append([]string{"grant", g.ID, "mode", string(g.Mode), "kind", string(g.Kind), "grantee", g.Grantee, "purpose", g.Purpose, "item", g.Item,
		"case", g.CaseNumber, "order", g.Order, "fields", strings.Join(g.Fields, " "), "mandate", g.Mandate}, more...)...)
}

// FunctionResult is the answer about one licence of many.
type FunctionResult struct {
	LicenseID string
	Grant     Grant
	Err       error // a fault
}

// GrantByFunction lets an application use licences that its department needs for a case, each judged alone. Holders with an account are told in
// the write that stores the grant.
func (s *Service) GrantByFunction(ctx context.Context, licenseIDs []string, r GrantRequest) ([]FunctionResult, error) {
	actor, err := require(ctx, RoleUser)
	if err != nil {
		return nil, err
	}
	if !actor.Machine() {
		return nil, fault.New(fault.Forbidden)
	}
	if len(licenseIDs) == 0 || len(licenseIDs) > maxGrantBulk {
		return nil, fault.New(fault.Invalid).WithField("license_ids", fault.LicenseFieldForm)
	}
	r.Grantee = actor.Client
	results := make([]FunctionResult, len(licenseIDs))
	for i, licenseID := range licenseIDs {
		g, err := s.functionGrant(ctx, actor, licenseID, r)
		if fault.CodeOf(err) == fault.Unavailable || fault.CodeOf(err) == fault.Internal {
			return nil, err
		}
		results[i] = FunctionResult{licenseID, g, err}
	}
	return results, nil
}

func (s *Service) functionGrant(ctx context.Context, actor reqctx.Actor, licenseID string, r GrantRequest) (Grant, error) {
	l, err := s.cfg.Store.FindByLicenseID(ctx, licenseID)
	if err == nil && !actor.Reaches(l.Area, RoleUser) {
		err = ErrNotFound
	}
	if err != nil {
		return Grant{}, storeFault(err, "find licence")
	}
	if t, ok := s.typeOf(l); ok && t.Row.Sharing == sharingNone {
		return Grant{}, fault.New(fault.GrantNotShared)
	}
	g, err := s.terms(l, r, GrantFunction)
	if err != nil {
		return Grant{}, err
	}
	g.Actor, g.Proof = actor.ID, "case:"+r.CaseNumber
	if r.Order != "" {
		if g, err = s.withheld(ctx, g, r.Order); err != nil {
			return Grant{}, err
		}
	}
	ctx = reqctx.UsingIn(ctx, l.Area, RoleUser)
	record := audit.With(s.grantEvent(ctx, "license.grant.function", g))
	if !g.Withheld {
		for _, account := range l.holders() {
			told := g
			told.HolderRef = account
			record = record.And(grantNotice(TopicGranted, told))
		}
	}
	return g, s.usedFault(ctx, l, s.cfg.Store.AddGrant(ctx, g, record), "store grant")
}

// sharingNone is the code of types that are not shared (lists/sharing.json).
const sharingNone = "3"

// TopicGranted tells the holder of a licence that a department uses it by its function: GrantNotice.
const TopicGranted = "license.granted_by_function"

// TopicLent tells the holder of a licence that somebody who acts for it let an application use it: GrantNotice.
const TopicLent = "license.granted_by_delegate"

// GrantNotice is the payload of these messages.
type GrantNotice struct {
	Grant     string `json:"grant"`
	HolderRef string `json:"holder_ref"`
	TypeCode  string `json:"license_type_code"`
	Grantee   string `json:"grantee"`
	Purpose   string `json:"purpose_code"`
}

func grantNotice(topic string, g Grant) audit.Message {
	payload, err := json.Marshal(GrantNotice{Grant: g.ID, HolderRef: g.HolderRef, TypeCode: g.TypeCode, Grantee: g.Grantee, Purpose: g.Purpose})
	if err != nil {
		panic(err) // strings only
	}
	return audit.Message{Topic: topic, Key: g.ID, Payload: payload}
}

// GrantsOf lists the grants on the licences of who is signed in, or of whom that one acts for: all under a mandate that manages them, else those that it
// gave itself. GrantsTo lists those of the application that asks.
func (s *Service) GrantsOf(ctx context.Context, after string, limit int) ([]Grant, string, error) {
	account, err := wallet(ctx, false)
	if err != nil {
		return nil, "", err
	}
	q := GrantQuery{HolderRef: account, After: after, Limit: limit}
	if b, acts := BehalfOf(ctx); acts && !b.Manages {
		q.Actor = accountRef(b.Agent)
	}
	page, next, err := s.cfg.Store.ListGrants(ctx, q)
	return page, next, storeFault(err, "list grants")
}

// GrantsTo lists the grants of the application that asks.
func (s *Service) GrantsTo(ctx context.Context, after string, limit int) ([]Grant, string, error) {
	client, err := application(ctx)
	if err != nil {
		return nil, "", err
	}
	page, next, err := s.cfg.Store.ListGrants(ctx, GrantQuery{Grantee: client, After: after, Limit: limit})
	return page, next, storeFault(err, "list grants")
}

// application is the application that asks for itself.
func application(ctx context.Context) (string, error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return "", fault.New(fault.Unauthenticated)
	case !actor.Machine():
		return "", fault.New(fault.Forbidden)
	}
	return actor.Client, nil
}

// RevokeGrant ends a grant at once: a holder any on an own licence, an application its own. Ending it again changes nothing.
func (s *Service) RevokeGrant(ctx context.Context, id string) (Grant, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return Grant{}, fault.New(fault.Unauthenticated)
	}
	g, err := s.cfg.Store.FindGrant(ctx, id)
	mine := mayEnd(ctx, g) || actor.ActingFor == "" && actor.Machine() && g.Grantee == actor.Client
	if err == nil && !mine {
		err = ErrNotFound
	}
	if err != nil {
		return Grant{}, storeFault(err, "find grant")
	}
	if _, err := s.cfg.Store.RevokeGrant(ctx, id, s.now(), audit.With(s.grantEvent(ctx, "license.grant.revoked", g))); err != nil {
		return Grant{}, s.usedFault(ctx, License{ID: g.License}, err, "revoke grant")
	}
	g, err = s.cfg.Store.FindGrant(ctx, id)
	return g, storeFault(err, "find grant")
}
