package web

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
