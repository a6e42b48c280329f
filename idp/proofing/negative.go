package proofing

import (
	"context"
	"strings"
	"time"
)

// LongestNegative bounds how long a mismatch may be kept: whoever had it put right at the source waits no longer than that.
const LongestNegative = time.Hour

// negatives are the verdicts that a source need not be asked for twice within a short time. They are counters like any other: one that
// counted within the span is the answer. No match is kept, and silence is no answer.
var negatives = []Verdict{Mismatch, MobileMismatch, CardMismatch}

func scopeNegative(v Verdict) string { return "proofing-no-" + string(v) }

// askOnce asks a source that answers at once, unless it answered no to the same question shortly before; cached tells that. Nothing of the
// question is kept but its keyed hash. Where the hash or the counters fail, the source is asked.
func (s *Service) askOnce(ctx context.Context, source Source, c Case, q Query) (answer Answer, cached bool, err error) {
	key, ok := s.negativeKey(ctx, source, c, q)
	if !ok {
		answer, err = source.Ask(ctx, q)
		return answer, false, err
	}
	for _, verdict := range negatives {
		n, err := s.cfg.Store.Counted(ctx, scopeNegative(verdict), key, s.cfg.NegativeFor, s.cfg.Now().UTC())
		if err == nil && n > 0 {
			return Answer{Verdict: verdict}, true, nil
		}
	}
	answer, err = source.Ask(ctx, q)
	if err != nil {
		return answer, false, err
	}
	for _, verdict := range negatives {
		if answer.Verdict == verdict { // lost when the store fails: the next question costs what this one did
			_, _ = s.cfg.Store.Count(context.WithoutCancel(ctx), scopeNegative(verdict), key, s.cfg.NegativeFor, s.cfg.Now().UTC())
		}
	}
	return answer, false, nil
}

// negativeKey is the keyed hash of a question: source, method and everything that is compared. Questions about visits, transfers and
// children have none, nor has one whose bank card is not at hand any more.
func (s *Service) negativeKey(ctx context.Context, source Source, c Case, q Query) (key []byte, ok bool) {
	m, known := s.method(c.Method)
	switch {
	case s.cfg.NegativeFor <= 0, !plain(c.Method) && (!known || m.Source == nil), m.forAnother(), m.Card && q.Card == "", q.Handle != "", q.Child != nil, q.Ward != nil, q.Transfer != nil:
		return nil, false
	}
	parts := []string{source.Name(), c.Method, q.Name, q.IDType, q.IDNumber, q.Nationality, q.Birth, q.Expires, q.Mobile, q.Card}
	key, err := s.cfg.Accounts.Lookup(ctx, "proofing-negative", strings.Join(parts, "\x00"))
	return key, err == nil
}
