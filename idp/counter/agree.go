package counter

import (
	"context"
	"strconv"

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
	if err := s.asks(by, v, BySMS); err != nil {
		return "", err
	}
	to, err := s.phone(ctx, v)
	if err != nil {
		return "", err
	}
	challenge, err = s.cfg.Codes.Send(ctx, to, authn.PurposeCounter, question(v), locale, encode)
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
