package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// ByQR is the method: a session of the same person on another device says yes, after two digits were compared. It shows
// that the person has that device and makes level 1; an account with a second factor is asked for it on the computer.
//
// "qr" is a word of ours: RFC 8176 has none that says this and no more.
var ByQR = By{"qr", 1, []string{"qr"}}

// Bounds of a login by QR code.
const (
	QRLife       = 60 * time.Second
	qrTakeLife   = 60 * time.Second // from the answer until the computer takes it
	qrCodeDigits = 8                // of the code that is typed in place of the picture
	qrTries      = 10
	scopeQR      = "qr-code"
	// StepQR is what a computer shows while it waits.
	StepQR StepKind = "qr"
)

// QRState of a login by QR code.
type QRState string

// States. A picture is looked at once, answered once and taken once.
const (
	QRShown    QRState = "shown"
	QRSeen     QRState = "seen" // a phone looked at it
	QRApproved QRState = "approved"
	QRDenied   QRState = "denied"
	QRTaken    QRState = "taken"
)

// QRLogin is a login that waits for a phone.
type QRLogin struct {
	ID        string
	Hash      []byte // of the secret in the picture
	CodeHash  []byte // of the code that is typed instead
	Browser   []byte // keyed hash of the computer's browser
	Portal    string // where the login leads; empty is this site
	Device    string // of the computer
	Address   string
	Number    string // two digits that the computer shows
	State     QRState
	AccountID string // who looked at it
	SID       string
	ExpiresAt time.Time
}

// QRStore keeps them; idpdb implements it. Each change is one conditional update.
type QRStore interface {
	PutQR(ctx context.Context, q QRLogin) error
	// QR reads a live one by its identifier and browser; idp.ErrNotFound.
	QR(ctx context.Context, id string, browser []byte, now time.Time) (QRLogin, error)
	// SeeQR lets an account's session look at one by the hash of secret or code: the first session alone; idp.ErrNotFound.
	SeeQR(ctx context.Context, hash []byte, accountID, sid string, now time.Time) (QRLogin, error)
	// SeenQR reads one that the session looked at and did not answer yet; idp.ErrNotFound.
	SeenQR(ctx context.Context, id, sid string, now time.Time) (QRLogin, error)
	// AnswerQR ends the question for the session that looked; idp.ErrNotFound when it was answered or is late.
	AnswerQR(ctx context.Context, id, sid string, state QRState, until, now time.Time, record audit.Record) error
	// TakeQR gives an approved one to its browser, once; idp.ErrNotFound.
	TakeQR(ctx context.Context, id string, browser []byte, now time.Time) (QRLogin, error)
}

// QR signs people in on a computer by their phone.
type QR struct{ cfg QRConfig }

// QRConfig holds what QR needs.
type QRConfig struct {
	Store    QRStore
	Throttle ThrottleStore
	Accounts *idp.Accounts
	Ring     *keys.Ring
	Now      func() time.Time
	Rand     io.Reader
}

// NewQR returns the service.
func NewQR(cfg QRConfig) *QR { return &QR{cfg} }

func (s *QR) hash(ctx context.Context, kind, secret string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte("qr"), []byte(kind), []byte(secret))
}

// QRShownLogin is what the computer shows.
type QRShownLogin struct {
	ID     string
	Secret string // in the picture
	Code   string // typed instead
	Number string
}

// Begin makes a login for a computer.
func (s *QR) Begin(ctx context.Context, browser []byte, portal, device, address string) (QRShownLogin, error) {
	number, err := io.ReadAll(io.LimitReader(s.cfg.Rand, 8))
	if err != nil {
		return QRShownLogin{}, err
	}
	shown := QRShownLogin{ID: ident.New(s.cfg.Rand, "qr"), Secret: ident.Secret(s.cfg.Rand, 24), Code: ident.Digits(s.cfg.Rand, qrCodeDigits),
		Number: fmt.Sprint(10 + new(big.Int).Mod(new(big.Int).SetBytes(number), big.NewInt(90)).Int64())}
	q := QRLogin{ID: shown.ID, Browser: browser, Portal: portal, Device: device, Address: address, Number: shown.Number, State: QRShown, ExpiresAt: s.cfg.Now().UTC().Add(QRLife)}
	if q.Hash, err = s.hash(ctx, "secret", shown.Secret); err != nil {
		return shown, err
	}
	if q.CodeHash, err = s.hash(ctx, "code", shown.Code); err != nil {
		return shown, err
	}
	if err := s.cfg.Store.PutQR(ctx, q); err != nil {
		return shown, fault.Wrap(err, fault.Unavailable)
	}
	return shown, nil
}

// See is what a phone learns of the login that it scanned or typed. Typed codes are counted on the account.
func (s *QR) See(ctx context.Context, accountID, sid, secret, code string) (QRLogin, error) {
	kind, value := "secret", secret
	if secret == "" {
		kind, value = "code", code
		tries, err := s.cfg.Throttle.Count(ctx, scopeQR, []byte(accountID), SecondSpan, s.cfg.Now())
		if err != nil {
			return QRLogin{}, fault.Wrap(err, fault.Unavailable)
		}
		if tries > qrTries {
			return QRLogin{}, fault.New(fault.SecondLocked, "m", fmt.Sprint(int(SecondSpan/time.Minute))).After(int(SecondSpan / time.Second))
		}
	}
	hash, err := s.hash(ctx, kind, value)
	if err != nil {
		return QRLogin{}, err
	}
	q, err := s.cfg.Store.SeeQR(ctx, hash, accountID, sid, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) {
		return q, fault.New(fault.QRGone)
	}
	if err != nil {
		return q, fault.Wrap(err, fault.Unavailable)
	}
	return q, nil
}

// Answer ends the question of the session that looked. number is what the person read on the computer: a wrong one denies, because somebody may show a
// picture that was made elsewhere.
func (s *QR) Answer(ctx context.Context, id, sid string, approve bool, number string) error {
	now := s.cfg.Now().UTC()
	q, err := s.cfg.Store.SeenQR(ctx, id, sid, now)
	if errors.Is(err, idp.ErrNotFound) {
		return fault.New(fault.QRGone)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	state := QRDenied
	if approve && number == q.Number {
		state = QRApproved
	}
	e := idp.Event(ctx, now, "qr."+string(state), "account", q.AccountID, map[string]string{"sid": sid, "device": q.Device})
	if state == QRDenied {
		e.Result = audit.Refused
	}
	err = s.cfg.Store.AnswerQR(ctx, q.ID, sid, state, now.Add(qrTakeLife), now, audit.With(e))
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return fault.New(fault.QRGone)
	case err != nil:
		return fault.Wrap(err, fault.Unavailable)
	case approve && state == QRDenied:
		return fault.New(fault.QRNumber)
	}
	return nil
}

// State is how a login stands, for the computer that shows it; fault.NotFound for every other browser.
func (s *QR) State(ctx context.Context, id string, browser []byte) (QRLogin, error) {
	q, err := s.cfg.Store.QR(ctx, id, browser, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) {
		return q, fault.New(fault.NotFound)
	}
	if err != nil {
		return q, fault.Wrap(err, fault.Unavailable)
	}
	return q, nil
}

// Take gives the login to the computer that showed it, once.
func (s *QR) Take(ctx context.Context, id string, browser []byte) (idp.Login, error) {
	q, err := s.cfg.Store.TakeQR(ctx, id, browser, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Login{}, fault.New(fault.QRGone)
	}
	if err != nil {
		return idp.Login{}, fault.Wrap(err, fault.Unavailable)
	}
	account, err := s.cfg.Accounts.Account(ctx, q.AccountID)
	if err != nil {
		return idp.Login{}, err
	}
	if account.State != idp.AccountActive {
		return idp.Login{}, fault.New(fault.QRGone)
	}
	return idp.Login{AccountID: q.AccountID, AAL: ByQR.AAL(), Methods: ByQR.AMR(), At: s.cfg.Now().UTC()}, nil
}

// SameNetwork reports whether two addresses stand in one network: /16 of IPv4, /32 of IPv6. Where that cannot be told, they
// do not.
func SameNetwork(a, b string) bool {
	one, err := netip.ParseAddr(a)
	if err != nil {
		return false
	}
	two, err := netip.ParseAddr(b)
	if err != nil || one.Unmap().Is4() != two.Unmap().Is4() {
		return false
	}
	bits := 32
	if one.Unmap().Is4() {
		bits = 16
	}
	left, _ := one.Unmap().Prefix(bits)
	right, _ := two.Unmap().Prefix(bits)
	return left == right
}
