package web

import "time"

// Page is what every page gets. Body is the page's own type (LoginPage for "login" and so on); the zero value of every
// other field is safe.
type Page struct {
	Title          string       // heading and <title>; empty takes the message page.<name>
	Identity       Identity     // who is acting (check X-03); zero asks Config.Identity
	Nav            []NavLink    // places of this surface, for staff pages and /me
	Errors         []FieldError // what must be corrected; moves to the top of the page
	Notice         *Notice
	Self           string   // address of this page by GET, for the language switch; empty is worked out
	Callbacks      []string // origins to which a form of the current flow may lead on, for the Content-Security-Policy
	Frames         []string // addresses that the page shows in frames: front-channel logout and nothing else
	OnwardURL      string   // goes on there by itself after OnwardSeconds; an address that the handler has checked
	OnwardSeconds  int
	RefreshSeconds int // loads the page again by itself; 0 never
	Body           any
}

// Kinds of identity.
const (
	IdentityAnonymous    = ""             // nobody is signed in
	IdentitySelf         = "self"         // a person for itself
	IdentityPerson       = "person"       // a person for another person
	IdentityOrganization = "organization" // a person for an organisation
	IdentityStaff        = "staff"        // a member of staff, by a session of that realm
	IdentityUnknown      = "unknown"      // it could not be read: the page says neither that nor the contrary
)

// Identity is who is acting, for whom. Names are masked already ("张*").
type Identity struct {
	Kind  string
	Name  string // the principal: the person itself, the person or the organisation acted for
	Actor string // who acts, when it is not the principal
	Role  string // in which role for an organisation: 经办人, 印章保管人; empty is 经办人
	Tier  int    // real-name tier of the person, 0–4; shown for IdentitySelf
	// SwitchURL leads to the choice for whom to act; empty for who has none.
	SwitchURL string
	// SelfURL leads from pages under a mandate back to the person's own; empty elsewhere.
	SelfURL string
	// LoginURL is where nobody signs in, for IdentityAnonymous; empty is that of citizens.
	LoginURL string
	// IdleAt is when the session ends unless it is used, IdleLeft the same in seconds from now; CanExtend: use makes it later.
	IdleAt    time.Time
	IdleLeft  int
	CanExtend bool
}

// SignedIn reports whether somebody is signed in.
func (i Identity) SignedIn() bool { return i.Kind != IdentityAnonymous }

// NavLink is a place in the navigation; Label is shown as it is.
type NavLink struct {
	Label   string
	URL     string
	Current bool
}

// Link leads somewhere.
type Link struct {
	Label string
	URL   string
}

// FieldError is one thing to correct. Field is the id of the input, empty when it concerns the whole form.
type FieldError struct {
	Field   string
	Message string // in the language of the page
}

// Notice is a message in the page; Tone is "info", "success", "warning" or "danger".
type Notice struct {
	Tone  string
	Title string // optional
	Text  string
}

// Hidden is a hidden field that goes back with the form.
type Hidden struct {
	Name  string
	Value string
}
