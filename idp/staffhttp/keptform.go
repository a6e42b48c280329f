package staffhttp

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// A form of a console that was sent when the session was over by its age (security row A-29) is kept as that of a citizen is: half an hour,
// sealed with the browser, for its own page, and shown to the same member with the same rights only. Desks are shared, and who lost a right
// since shall not find what it was used for. Nothing is sent by itself.

const (
	stepKept  authn.StepKind = "staff-kept-form"
	keptLife                 = 30 * time.Minute
	keptParam                = "kept"
)

// keptFields are the inputs of consoles worth keeping. Everything else stays out, above all passwords, codes, tokens and secrets, what a
// page writes for itself but for the version that was read, and everything of a visit at a counter, which ends with the person in front
// of the desk.
var keptFields = []string{
	web.InputVersion, "reason", "reason-code", "decision", "words", "note", "duplicate_of",
	"account", "area", "client", "client_id", "client_name", "definition", "department", "document", "expires_on", "holder", "id", "kind", "live", "login", "max_ial", "name",
	"nationality", "number", "overlap_hours", "post_logout_redirect_uris", "profile", "purpose", "redirect_uris", "role", "scope", "source", "statutory_basis", "subject", "text",
	"until-year", "until-month", "until-day", "live-year", "live-month", "live-day", "expires_on-year", "expires_on-month", "expires_on-day",
	"terminal-name", "terminal-department", "terminal-reader", "token-name",
	"seal-number", "seal-owner", "seal-owner-code", "seal-line", "seal-diameter", "seal-years", "replaces",
	"seal-kind", "seal-person", "seal-person-login", "seal-office", "seal-basis", "seal-layout", "seal-filling", "seal-height",
	"seal-file-number", "seal-file-authority", "seal-file-day-year", "seal-file-day-month", "seal-file-day-day", "seal-lose-since-year", "seal-lose-since-month", "seal-lose-since-day",
	"seal-revoke-lost-since-year", "seal-revoke-lost-since-month", "seal-revoke-lost-since-day",
	"succession-owner", "succession-owner-code", "succession-kind", "succession-heirs", "succession-order", "succession-since-year", "succession-since-month", "succession-since-day",
	"succession-seals-end-year", "succession-seals-end-month", "succession-seals-end-day",
	"list-encoding", "batch-type", "batch-authority", "batch-format", "batch-encoding", "batch-which",
	"order-number", "order-organ", "order-basis", "order-client", "order-case", "order-licenses", "order-days",
	"rule-when", "rule-purposes", "rule-approver", "rule-approvals", "rule-hours", "rule-uses", "rule-platform", "rule-remote",
	"draft-version", "draft-day-year", "draft-day-month", "draft-day-day",
	"face-page", "face-data", "face-item", "face-add-kind", "face-add-bind", "face-id", "face-layer", "face-bind", "face-text", "face-text-en", "face-label-of", "face-form", "face-join", "face-font", "face-align", "face-overflow", "face-color", "face-fill", "face-fit", "face-middle",
	"face-title", "face-title-en", "face-note", "face-note-en", "face-x", "face-y", "face-width", "face-height", "face-margin", "face-size", "face-min-size", "face-leading", "face-spacing", "face-stroke",
	"stamp-kind", "stamp-page", "stamp-edge", "stamp-per-set", "stamp-duplex", "stamp-text", "stamp-nth", "stamp-dx", "stamp-dy", "stamp-x", "stamp-y", "stamp-item", "stamp-purpose",
}

// keeps are the inputs of a path that are kept; nil for none. Of a form whose inputs data declares, those are kept and no others.
func (s *Server) keeps(at string) func(input string) bool {
	if under(at, "/counter") && !under(at, "/counter/terminals") && !under(at, "/counter/queue") || under(at, loginPath) || under(at, enrolPath) || under(at, securityPath) {
		return nil
	}
	if s.Inputs != nil {
		if declared := s.Inputs(at); declared != nil {
			return func(input string) bool { return slices.Contains(declared, input) }
		}
	}
	return func(input string) bool {
		return slices.Contains(keptFields, input) || under(at, "/admin/clients") && keptRow.MatchString(input) || under(at, "/license/batches") && keptColumn.MatchString(input)
	}
}

// keptRow are the inputs of the rows of recipients of a registration, and how many rows there were.
var keptRow = regexp.MustCompile(`^recipients-(rows|[0-9]{1,2}-(department|claims|purpose|basis|law|days))$`)

// keptColumn are the inputs of the columns of a batch of licences, by our names of the values.
var keptColumn = regexp.MustCompile(`^map-[a-z0-9_]{1,60}$`)

func under(at, root string) bool { return at == root || strings.HasPrefix(at, root+"/") }

// keptForm is a form as it is sealed.
type keptForm struct {
	Account string   `json:"account"`
	Rights  []string `json:"rights"`
	Path    string   `json:"path"`
	web.TypedForm
}

// rightsOf writes rights down in one order, without their ends.
func rightsOf(actor reqctx.Actor) []string {
	all := make([]string, 0, len(actor.Rights))
	for _, right := range actor.Rights {
		all = append(all, right.Role+" "+right.Area)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// actorOf is a member as actor, with the rights in force.
func (s *Server) actorOf(ctx context.Context, m staff.Member, signedIn time.Time) (reqctx.Actor, error) {
	return s.Rights.Actor(ctx, reqctx.Actor{ID: m.Actor(), SignedInAt: signedIn, Roles: m.Roles, Rights: reqctx.Everywhere(m.Roles...)})
}

// Keep keeps what was typed into a form of a console and gives the address of its page with it; nothing where there is nothing to keep.
func (s *Server) Keep(w http.ResponseWriter, r *http.Request, page string) (string, error) {
	ctx, keep := r.Context(), s.keeps(r.URL.Path)
	if keep == nil {
		return "", nil
	}
	account, err := s.Sessions.Former(ctx, s.cookie(r, cookieStaff))
	if err != nil || account == "" {
		return "", err
	}
	m, err := s.Members.Member(ctx, account)
	if err != nil || m.State != staff.MemberActive {
		return "", err
	}
	actor, err := s.actorOf(ctx, m, time.Time{})
	if err != nil {
		return "", err
	}
	form, ok := web.ReadTyped(w, r, web.TypedByOffices, keep)
	if !ok {
		return "", nil
	}
	form.Action = r.URL.Path
	browser, err := s.browser(w, r)
	if err != nil {
		return "", err
	}
	handle, err := s.Steps.Begin(ctx, stepKept, browser, keptForm{account, rightsOf(actor), page, form}, keptLife)
	if err != nil {
		return "", err
	}
	query := url.Values{keptParam: {handle}}
	if kind := form.Get("type"); page == "/license/new" && kind != "" {
		query.Set("type", kind) // which form it is
	}
	return page + "?" + query.Encode(), nil
}

// WithKept gives a page of a console what was typed into its form before, if it is the member's own, the page the same, and the rights are
// those of then.
func (s *Server) WithKept(r *http.Request) *http.Request {
	handle, value, known := r.URL.Query().Get(keptParam), s.cookie(r, cookieHandle), current(r)
	if handle == "" || value == "" || known == nil || r.Method != http.MethodGet {
		return r
	}
	ctx := r.Context()
	hash, err := s.browserHash(ctx, value)
	if err != nil {
		return r
	}
	var form keptForm
	if err := s.Steps.Look(ctx, stepKept, hash, handle, &form); err != nil {
		return r
	}
	if form.Account != known.member.ID || form.Path != r.URL.Path || !slices.Equal(form.Rights, rightsOf(reqctx.From(ctx).Actor)) {
		return r
	}
	return r.WithContext(web.WithTyped(ctx, form.TypedForm))
}

// keepOwn sends a form of the realm's own pages to the login as those of consoles; false where there is nothing to keep.
func (s *Server) keepOwn(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost || r.URL.Path != tokensPath {
		return false
	}
	back, err := s.Keep(w, r, tokensPath)
	return err == nil && back != "" && see(w, r, LoginURL(back)) == nil
}

// browserHash is the keyed hash of a handle of this realm.
func (s *Server) browserHash(ctx context.Context, value string) ([]byte, error) {
	mac, err := s.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("staff-browser"), []byte(value))
}
