package web

import "time"

// SecondPage is "second" at /login/second: the second step of a login, by the code of an authenticator (otp-code) or by a
// recovery code (recovery-code).
type SecondPage struct {
	Hidden      []Hidden
	TOTP        bool   // the account has an authenticator
	Recovery    bool   // asks for a recovery code instead
	RecoveryURL string // asks for a recovery code; empty hides it
	OtherURL    string // back from the recovery code
	LoginURL    string // starts again
}

// CredentialItem is a way to sign in that the person added.
type CredentialItem struct {
	ID      string
	Kind    string // message security.kind.<kind>
	Name    string
	AddedAt time.Time
	UsedAt  *time.Time // nil: never
	Flagged bool       // refused for good
}

// SecurityPage is "security" at /me/security.
type SecurityPage struct {
	Strong      bool   // the login allows changes
	LoginURL    string // signs in again for changes
	Methods     []SignInMethod
	Credentials []CredentialItem
	Second      bool // one of them is asked for as second step
	CodesLeft   int
}

// TOTPPage is "totp-new": the authenticator app takes the code from the screen, or its key from the keyboard.
type TOTPPage struct {
	Hidden    []Hidden
	QR        QR
	Key       string // in groups of four
	CancelURL string
}

// RecoveryCodesPage is "recovery-codes": shown once.
type RecoveryCodesPage struct {
	Codes   []string
	DoneURL string
}
