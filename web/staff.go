package web

import "time"

// StaffLoginPage is "staff-login" at /staff/login: the realm of staff, apart from that of citizens.
type StaffLoginPage struct {
	Hidden         []Hidden
	Login          string
	Passkey        *PasskeyForm // nil hides it
	CertificateURL string       // signs in with a certificate; empty hides it
	Upstreams      []Link       // directories of staff
	Silent         []string     // names of those that do not answer now
	EnrolURL       string
}

// StaffEnrolPage is "staff-enrol": login name and one-time code.
type StaffEnrolPage struct {
	Login    string
	LoginURL string
}

// StaffHomePage is "staff" at /staff: where a member works, and as what.
type StaffHomePage struct {
	Places      []Link
	Inbox       bool // there is work for the roles that are held
	Waiting     []WaitingWork
	Roles       []string
	SecurityURL string
	TokensURL   string // empty where no role is held
}

// WaitingWork is work of one kind with how much of it waits: "3", "99+".
type WaitingWork struct{ Label, URL, Count string }

// StaffSecurityPage is "staff-security": second factors of a member.
type StaffSecurityPage struct {
	Strong         bool // the login allows changes
	LoginURL       string
	HomeURL        string
	Passkey        *PasskeyForm
	CertificateURL string         // adds a certificate; empty hides it
	Upstreams      []UpstreamItem // directories of staff with the links of the member
	Credentials    []CredentialItem
}

// StaffLogoutPage is "staff-logout".
type StaffLogoutPage struct{ BackURL string }

// StaffTokensPage is "staff-tokens": the tokens by which a member calls the API.
type StaffTokensPage struct {
	Strong   bool // the login allows to make one
	LoginURL string
	HomeURL  string
	Secret   string // the new one, shown once
	Full     bool   // there are as many as may be
	Max      int
	Tokens   []StaffTokenItem
	Name     string
	Roles    []StaffTokenRole // that may go into a token
}

// StaffTokenItem is a token that works.
type StaffTokenItem struct {
	ID, Name string
	Roles    []string
	MadeAt   time.Time
	Until    time.Time
}

// StaffTokenRole is a role with its name.
type StaffTokenRole struct {
	Role, Label string
	Ticked      bool
}
