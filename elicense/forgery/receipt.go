package forgery

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// receiptLength is the number of characters of a receipt, five bits each.
const receiptLength = 24

// newReceipt is a receipt as people read it: "K7QD-…", groups of four.
func newReceipt(rand io.Reader) string {
	text := strings.ToUpper(ident.New(rand, "")[:receiptLength])
	var groups []string
	for ; text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, "-")
}

// readReceipt brings what somebody typed into the one form: strokes and blanks go, and letters that the alphabet leaves out are the digits
// that they look like (Crockford's base 32).
func readReceipt(text string) string {
	return strings.NewReplacer("-", "", " ", "", "\t", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(text)))
}

// Status is what a receipt tells.
type Status struct {
	State     State
	Decision  Decision // of a decided one: genuine, forged or not ours
	Words     string   // of the decision
	Joined    bool     // the report went into a case of the same thing
	At        time.Time
	DecidedAt time.Time
}

// Status tells what became of a report, to whoever holds its receipt.
func (s *Service) Status(ctx context.Context, receipt string) (Status, error) {
	if err := s.cfg.AdmitQuestion(ctx); err != nil {
		return Status{}, err
	}
	c, t, err := s.byReceipt(ctx, receipt)
	if err != nil {
		return Status{}, err
	}
	return Status{State: c.State, Decision: c.Decision, Words: c.Words, Joined: t.Joined != "" || t.At.After(c.CreatedAt), At: t.At, DecidedAt: c.DecidedAt}, nil
}

func (s *Service) byReceipt(ctx context.Context, receipt string) (Case, Telling, error) {
	text := readReceipt(receipt)
	if len(text) != receiptLength {
		return Case{}, Telling{}, fault.New(fault.ForgeryReceipt).WithField("receipt", fault.ForgeryReceipt)
	}
	sum, err := s.hash(ctx, "receipt", text)
	if err != nil {
		return Case{}, Telling{}, err
	}
	c, t, err := s.cfg.Store.ByReceipt(ctx, sum)
	if err = storeFault(err, "find receipt"); fault.CodeOf(err) == fault.NotFound {
		err = fault.Wrap(err, fault.ForgeryReceipt).WithField("receipt", fault.ForgeryReceipt)
	}
	return c, t, err
}

// ByReceipt finds the case of a receipt for staff whose area it is.
func (s *Service) ByReceipt(ctx context.Context, receipt string) (Case, error) {
	c, _, err := s.byReceipt(ctx, receipt)
	if fault.CodeOf(err) == fault.ForgeryReceipt {
		return Case{}, fault.New(fault.NotFound)
	}
	if err == nil {
		_, err = c.in(ctx)
	}
	if err != nil {
		return Case{}, err
	}
	return c, nil
}
