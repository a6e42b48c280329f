package channel

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Simulator plays the providers of a sandbox: what it takes lies in the simulated inbox. Magic addresses show
// how real providers fail; docs/integration/sandbox.md lists them.
type Simulator struct {
	// Keep stores a message in the inbox.
	Keep func(ctx context.Context, l Letter) error
	// Report tells what became of it, as a real provider's call does; nil tells nobody.
	Report func(ctx context.Context, reference, state string)
	// Answer tells what a magic number answers to a template that is answered; nil answers nothing.
	Answer func(ctx context.Context, l Letter, reference, word string)

	mutex sync.Mutex
	tried map[string]bool
}

// Magic mobile numbers; of a mail address its local part is the word.
var magic = map[string]string{"+8613800138404": "refused", "+8613800138408": "slow", "+8613800138410": "lost", "+8613800138500": "flaky"}

// slowAnswer is how long the slow one takes: longer than anybody looks at a page, shorter than a code lives.
const slowAnswer = 8 * time.Second

// Send implements Provider.
func (s *Simulator) Send(ctx context.Context, l Letter) (string, error) {
	word, _, isMail := strings.Cut(l.To, "@")
	if !isMail {
		word = magic[l.To]
	}
	switch word {
	case "refused":
		return "", ErrRefused
	case "slow":
		wait := time.NewTimer(slowAnswer)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	case "lost": // taken, and never seen again
		return s.report(ctx, l, Failed), nil
	case "flaky": // fails once for each message
		if s.first(l.ID) {
			return "", ErrUnsent
		}
	}
	if err := s.Keep(ctx, l); err != nil {
		return "", err
	}
	reference := s.report(ctx, l, Delivered)
	if reply := replies[l.To]; reply != "" && l.Template == TemplateElderAsk && s.Answer != nil {
		s.Answer(ctx, l, reference, reply)
	}
	return reference, nil
}

// replies are mobile numbers that answer by themselves whether somebody may help.
var replies = map[string]string{"+8613800138201": ReplyYes, "+8613800138202": ReplyNo}

func (s *Simulator) report(ctx context.Context, l Letter, state string) (reference string) {
	reference = SimulatedReference(l.ID)
	if s.Report != nil {
		s.Report(ctx, reference, state)
	}
	return reference
}

// SimulatedReference is the simulated provider's number of a message.
func SimulatedReference(id string) string { return "simulated-" + id }

const maxTried = 10_000

func (s *Simulator) first(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.tried == nil || len(s.tried) > maxTried {
		s.tried = map[string]bool{}
	}
	seen := s.tried[id]
	s.tried[id] = true
	return !seen
}
