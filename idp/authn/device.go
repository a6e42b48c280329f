package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Device is a browser that a person signed in with, known by a long-lived cookie of which only a keyed hash is kept. The
// hash is another one for each account, so that two accounts in one browser are not linked.
type Device struct {
	ID        string
	AccountID string
	Hash      []byte
	Name      string
	Address   string
	SID       string // the session that it signed in to last
	CreatedAt time.Time
	SeenAt    time.Time
}

// Bounds of devices.
const (
	MaxDevices  = 50                   // of an account; the one that was not seen for longest goes
	DeviceLife  = 400 * 24 * time.Hour // browsers keep no cookie for longer
	notMeDigits = 12
	notMeLife   = 7 * 24 * time.Hour
	notMeTries  = 10
	scopeNotMe  = "not-me"
	// StepNotMe is the code of a new-device notice.
	StepNotMe StepKind = "not-me"
	// NoticeDevice tells of a login from a device that was not known.
	NoticeDevice = "new-device"
	// StepContact is a new contact on its way into an account.
	StepContact StepKind = "contact"
	// StepRecover is the proof of a contact that may set a new password.
	StepRecover StepKind = "recover"
	// StepRecoverVisit is a visit to another service that shall recover an account.
	StepRecoverVisit StepKind = "recover-visit"
	// NoticeRecovered tells that a password was set anew.
	NoticeRecovered = "recovered"
	// NoticeNotMe tells that such a login was ended.
	NoticeNotMe = "not-me"
)

// anyBrowser stands for the browser of a code that came by message: whoever got the message may use it anywhere.
var anyBrowser = []byte("any")

// DeviceStore keeps devices; idpdb implements it.
type DeviceStore interface {
	// SeeDevice notes a login from a device. A hash that is not known is stored with its event; the code and
	// the messages of the record come with it if the account has other devices already: the first one is nobody's news.
	SeeDevice(ctx context.Context, d Device, code StepRow, record audit.Record) (known bool, err error)
	// Devices lists those of an account, the last seen first.
	Devices(ctx context.Context, accountID string) ([]Device, error)
	// RemoveDevice forgets one and gives its last session; idp.ErrNotFound.
	RemoveDevice(ctx context.Context, accountID, id string, record audit.Record) (sid string, err error)
}

// Devices knows the browsers of people.
type Devices struct{ cfg DevicesConfig }

// DevicesConfig holds what Devices needs.
type DevicesConfig struct {
	Store    DeviceStore
	Throttle ThrottleStore
	Steps    *Steps
	Ring     *keys.Ring
	// Place names where an address is, in Chinese and in English, for notices; nil or empty is unknown.
	Place func(address string) (chinese, english string)
	Now   func() time.Time
	Rand  io.Reader
}

// NewDevices returns the service.
func NewDevices(cfg DevicesConfig) *Devices { return &Devices{cfg} }

// notMe is what a code of a notice ends.
type notMe struct {
	AccountID string `json:"account_id"`
	SID       string `json:"sid"`
	Device    string `json:"device"`
}

// Seen notes a login. From a device that is not known it leaves a notice for all channels, with a code that ends the
// session; a message never carries a link (experience.md 4.1), so the code is typed on a page of ours.
func (s *Devices) Seen(ctx context.Context, accountID, cookie, sid, name, address string) error {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now().UTC()
	d := Device{ID: ident.New(s.cfg.Rand, "dev"), AccountID: accountID, Name: name, Address: address, SID: sid, CreatedAt: now, SeenAt: now}
	if d.Hash, err = mac.Sum(ctx, []byte("device"), []byte(accountID), []byte(cookie)); err != nil {
		return err
	}
	code := ident.Digits(s.cfg.Rand, notMeDigits)
	sealed, err := s.cfg.Steps.row(ctx, StepNotMe, anyBrowser, code, notMe{accountID, sid, d.ID}, notMeLife)
	if err != nil {
		return err
	}
	secret, err := s.cfg.Steps.seal(ctx, code)
	if err != nil {
		return err
	}
	notice := Notice{AccountID: accountID, What: NoticeDevice, Name: name, Code: secret}
	if s.cfg.Place != nil {
		notice.Place, notice.PlaceEnglish = s.cfg.Place(address)
	}
	messages, err := Notices(NoticeDevice+"/"+d.ID, notice)
	if err != nil {
		return err
	}
	e := idp.Event(ctx, now, "device.new", "account", accountID, map[string]string{"device": d.ID, "sid": sid})
	if _, err := s.cfg.Store.SeeDevice(ctx, d, sealed, audit.With(e).And(messages...)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// List gives the devices of an account.
func (s *Devices) List(ctx context.Context, accountID string) ([]Device, error) {
	all, err := s.cfg.Store.Devices(ctx, accountID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

// Remove forgets a device and gives the session to end.
func (s *Devices) Remove(ctx context.Context, accountID, id string) (sid string, err error) {
	e := idp.Event(ctx, s.cfg.Now().UTC(), "device.removed", "account", accountID, map[string]string{"device": id})
	sid, err = s.cfg.Store.RemoveDevice(ctx, accountID, id, audit.With(e))
	return sid, missing(err)
}

// NotMe takes the code of a notice: the device is forgotten, and the caller ends the session. Tries are counted on the
// source, since the code names no account.
func (s *Devices) NotMe(ctx context.Context, code, source string) (accountID, sid string, err error) {
	tries, err := s.cfg.Throttle.Count(ctx, scopeNotMe, []byte(source), SecondSpan, s.cfg.Now())
	if err != nil {
		return "", "", fault.Wrap(err, fault.Unavailable)
	}
	if tries > notMeTries {
		return "", "", fault.New(fault.SecondLocked, "m", fmt.Sprint(int(SecondSpan/time.Minute))).After(int(SecondSpan / time.Second))
	}
	var body notMe
	if err := s.cfg.Steps.Take(ctx, StepNotMe, anyBrowser, code, &body); fault.CodeOf(err) == fault.StepLost {
		return "", "", fault.New(fault.CodeWrong)
	} else if err != nil {
		return "", "", err
	}
	e := idp.Event(ctx, s.cfg.Now().UTC(), "device.disowned", "account", body.AccountID, map[string]string{"device": body.Device, "sid": body.SID})
	messages, err := Notices(NoticeNotMe+"/"+body.Device, Notice{AccountID: body.AccountID, What: NoticeNotMe})
	if err != nil {
		return "", "", err
	}
	if _, err := s.cfg.Store.RemoveDevice(ctx, body.AccountID, body.Device, audit.With(e).And(messages...)); err != nil && !errors.Is(err, idp.ErrNotFound) {
		return "", "", fault.Wrap(err, fault.Unavailable)
	}
	return body.AccountID, body.SID, nil
}
