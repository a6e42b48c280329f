package counter

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// question names what was asked in a visit, so that a code for one question answers no other.
func question(v Visit) string { return v.ID + "/" + strconv.FormatInt(v.AskedAt.UnixMicro(), 10) }

// phone is where codes of a visit go: the number of the account, or the one that a new account is to have.
func (s *Service) phone(ctx context.Context, v Visit) (subject.Identifier, error) {
	value := ""
	if v.Account != "" {
		person, err := s.cfg.Accounts.Person(ctx, v.Account)
		if err != nil {
			return subject.Identifier{}, err
		}
		value = person.Mobile
	} else {
		d, err := s.document(ctx, v)
		if err != nil {
			return subject.Identifier{}, err
		}
		value = d.Phone
	}
	if value == "" {
		return subject.Identifier{}, fault.New(fault.Invalid).WithField("counter-way", fault.CounterWay)
	}
	return subject.Identifier{Kind: subject.Mobile, Value: value}, nil
}

// SendCode sends the code by which the citizen agrees. The message says what it is for: the person shows it to the clerk.
func (s *Service) SendCode(ctx context.Context, by Clerk, v Visit, locale string, encode authn.Encoder) (challenge string, err error) {
	return s.sendCode(ctx, by, v, locale, encode, s.cfg.Codes.Send)
}

// CallCode is SendCode by a call that reads the code aloud, in the place of the code before.
func (s *Service) CallCode(ctx context.Context, by Clerk, v Visit, locale string, encode authn.Encoder) (challenge string, err error) {
	return s.sendCode(ctx, by, v, locale, encode, s.cfg.Codes.Call)
}

func (s *Service) sendCode(ctx context.Context, by Clerk, v Visit, locale string, encode authn.Encoder,
	send func(ctx context.Context, to subject.Identifier, purpose authn.Purpose, browser, locale string, encode authn.Encoder) (string, error)) (challenge string, err error) {
	if err := s.asks(by, v, BySMS); err != nil {
		return "", err
	}
	to, err := s.phone(ctx, v)
	if err != nil {
		return "", err
	}
	challenge, err = send(ctx, to, authn.PurposeCounter, question(v), locale, encode)
	s.cfg.Wake()
	return challenge, err
}

// TakeCode takes the code that the citizen showed.
func (s *Service) TakeCode(ctx context.Context, by Clerk, v Visit, challenge, code string) error {
	if err := s.asks(by, v, BySMS); err != nil {
		return err
	}
	to, err := s.phone(ctx, v)
	if err != nil {
		return err
	}
	if err := s.cfg.Codes.Check(ctx, challenge, to, authn.PurposeCounter, question(v), code); err != nil {
		return err
	}
	return s.agree(ctx, v, BySMS, true)
}

// Bounds of a scan.
const (
	minScan = 1 << 10
	MaxScan = 10 << 20
)

// TakePaper takes the scan of the form that the citizen signed. Only its digest is kept: the paper goes into the office's
// files, where the digest finds it.
func (s *Service) TakePaper(ctx context.Context, by Clerk, v Visit, scan []byte) error {
	if err := s.asks(by, v, ByPaper); err != nil {
		return err
	}
	if len(scan) < minScan || len(scan) > MaxScan {
		return fault.New(fault.Invalid).WithField("counter-scan", fault.CounterScan)
	}
	return s.agree(ctx, v, ByPaper+":"+digest.Hex(scan), true)
}

// asks refuses an answer in another way than the one that was asked for.
func (s *Service) asks(by Clerk, v Visit, way string) error {
	if err := s.clerk(by, RoleClerk); err != nil {
		return err
	}
	if v.Clerk != by.ID || v.AskedBy != way || !v.AgreedAt.IsZero() {
		return fault.New(fault.CounterVisit)
	}
	return nil
}

func (s *Service) hasPasskey(ctx context.Context, account string) (bool, error) {
	if s.cfg.Passkeys == nil || account == "" {
		return false, nil
	}
	return s.cfg.Passkeys.HasPasskey(ctx, account)
}

// statement is what the person agrees to with a passkey: the question of a moment, its acts, and whom they are about.
func (s *Service) statement(ctx context.Context, v Visit) ([]byte, error) {
	d, err := s.document(ctx, v)
	if err != nil {
		return nil, err
	}
	details, err := json.Marshal(detailsOf(v, d)) // maps are written in the order of their keys
	if err != nil {
		return nil, err
	}
	return []byte("yinxin-counter-agreement/1\n" + question(v) + "\n" + v.Account + "\n" + strings.Join(v.Acts, " ") + "\n" + string(details)), nil
}

// toPasskey is the open question that is answered with a passkey, and the screen to which the answer is bound.
func (s *Service) toPasskey(ctx context.Context, t Terminal, visit string, asked time.Time) (v Visit, screen, statement []byte, err error) {
	if v, err = s.askedAt(ctx, t, visit, asked); err != nil {
		return v, nil, nil, err
	}
	if s.cfg.Passkeys == nil || v.AskedBy != ByPasskey || v.Account == "" || !v.AgreedAt.IsZero() {
		return v, nil, nil, fault.New(fault.CounterVisit)
	}
	if screen, err = s.hash(ctx, "agreement", t.ID); err != nil {
		return v, nil, nil, err
	}
	statement, err = s.statement(ctx, v)
	return v, screen, statement, err
}

// AskPasskey gives what the authenticator of the person is asked at the second screen.
func (s *Service) AskPasskey(ctx context.Context, t Terminal, visit string, asked time.Time) (options any, step string, err error) {
	v, screen, statement, err := s.toPasskey(ctx, t, visit, asked)
	if err != nil {
		return nil, "", err
	}
	return s.cfg.Passkeys.BeginAgreement(ctx, v.Account, screen, statement)
}

// TakePasskey takes the answer. Its digest stands on the acts.
func (s *Service) TakePasskey(ctx context.Context, t Terminal, visit string, asked time.Time, step string, response []byte) error {
	v, screen, statement, err := s.toPasskey(ctx, t, visit, asked)
	if err != nil {
		return err
	}
	if err := s.cfg.Passkeys.FinishAgreement(ctx, v.Account, screen, step, statement, response); err != nil {
		return err
	}
	return s.agree(ctx, v, ByPasskey+":"+digest.Hex(response), true)
}
