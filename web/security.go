package web

import "time"

// PasskeyForm is a form that islands/passkey.ts shows and sends; without scripts the page says what else there is.
type PasskeyForm struct {
	Create  bool   // adds a passkey instead of signing in
	Agree   bool   // confirms what the page names
	Action  string // takes the answer of the authenticator
	Options string // gives what the authenticator is asked
	Hidden  []Hidden
}

// WorkField is a hidden field that islands/work.ts fills: the number n such that SHA-256 of Text ":" n begins with Bits zero
// bits. Without scripts the page asks a question or leads to another way to sign in.
type WorkField struct {
	Text string
	Bits int
}

// QuestionField asks for digits in order (login-question), which the page writes as words and reads aloud. It is shown where no script
// runs, and everywhere where it is asked after the work.
type QuestionField struct {
	Digits   []string // "0" to "9"; four
	AudioURL string
	Both     bool // asked of browsers with scripts as well
}

// SecondPage is "second" at /login/second: the second step of a login, by the code of an authenticator (otp-code) or by a
// recovery code (recovery-code).
type SecondPage struct {
	Action         string       // default /login/second
	Passkey        *PasskeyForm // nil hides it
	Hidden         []Hidden
	TOTP           bool   // the account has an authenticator
	CertificateURL string // signs in with the certificate; empty hides it
	Recovery       bool   // asks for a recovery code instead
	RecoveryURL    string // asks for a recovery code; empty hides it
	OtherURL       string // back from the recovery code
	LoginURL       string // starts again
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
	Passkey        *PasskeyForm // adds a passkey; nil hides it
	CertificateURL string       // adds a certificate; empty hides it
	Strong         bool         // the login allows changes
	LoginURL       string       // signs in again for changes
	Methods        []SignInMethod
	Credentials    []CredentialItem
	Second         bool // one of them is asked for as second step
	CodesLeft      int
	Contact        string // what was typed as new number or address
	ContactChanged bool
	Devices        []SessionItem // browsers that are known; EndURL removes one
}

// TOTPPage is "totp-new": the authenticator app takes the code from the screen, or its key from the keyboard.
type TOTPPage struct {
	Action         string // default /me/security/totp/code
	Hidden         []Hidden
	QR             QR
	Key            string       // in groups of four
	Passkey        *PasskeyForm // another way that does as well; nil hides it
	CertificateURL string       // a third one; empty hides it
	CancelURL      string
	Step, Steps    int
}

// RecoveryCodesPage is "recovery-codes": shown once.
type RecoveryCodesPage struct {
	Codes   []string
	DoneURL string
}

// CertificatePage is "certificate": the person signs the challenge and hands in certificate and signature, as text or as
// files.
type CertificatePage struct {
	Enrol     bool // binds the certificate to the account instead of signing in
	Action    string
	Hidden    []Hidden
	Challenge string
	BackURL   string
	// Shows is what the certificate is shown for: messages certificate.show.<word>, .lead and .use; empty for a login.
	Shows string
	Held  string // whom it has to name, masked; empty shows none
}

// NotMePage is "not-me": the code of a new-device notice ends the session that it told of.
type NotMePage struct {
	Ended bool
}

// RecoverPage is "recover" at /recover: ways back into an account by what the person has at hand.
type RecoverPage struct {
	Identifier     string
	Passkey        bool   // passkeys are on
	CertificateURL string // empty hides it
	ProofURL       string // sign in by a code, without a new password
	Ways           []ProofingMethod
}

// RecoverProofPage is "recover-proof": the form of a way to prove again who one is, or what came of a visit to another service. Its
// messages are those of "proofing-way" but for recover.proof.*.
type RecoverProofPage struct {
	ProofingWayPage
	Outcome  string // ProofingPending or ProofingWaiting: there is no form
	AgainURL string // asks for the result once more
}

// QRLoginPage is "qr-login" on the computer: the picture for the phone, the digits to type instead, and the number to
// compare.
type QRLoginPage struct {
	QR       QR
	Code     string
	Number   string
	Host     string
	State    string // shown, seen, denied
	AgainURL string
	BackURL  string
}

// QRPage is "qr" on the phone: it asks for the digits (qr-code), then whether to sign in (qr-number, answer).
type QRPage struct {
	Hidden       []Hidden
	Asks         bool
	Answer       string // approve, deny: it was given
	Portal       string // where the login leads; empty is this site
	Device       string
	Address      string
	Place        string // region of the address; empty is unknown
	OtherPlace   string // where the phone is, when that is another region
	OtherNetwork bool   // the regions differ, or the networks where a region is not known
}
