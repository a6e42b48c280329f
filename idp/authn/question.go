package authn

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/yinxin-gov/yinxin/idp/authn/spoken"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// The question is four digits, written as words in a sentence and read aloud, to be typed in order. It is plain on purpose: the page
// is for everybody, the words may be copied, and what holds off programs are the counters and the work. It belongs to one browser, is
// answered once and lives for minutes; the page and the recording come from what is kept here, and the handle tells nothing.
const (
	questionDigits = 4
	questionLife   = 5 * time.Minute
	maxAnswer      = 128 // octets
	scopeQuestion  = "login-question"

	// StepQuestion is a question that was asked.
	StepQuestion StepKind = "question"
)

// Question is digits to be typed in order.
type Question struct {
	Step     string `json:"-"`
	Digits   string `json:"digits"`
	Pauses   []byte `json:"pauses"` // of the recording
	Language string `json:"language"`
}

// ask makes a question for a browser.
func ask(ctx context.Context, steps *Steps, browser []byte, language string) (*Question, error) {
	q := Question{Digits: ident.Digits(steps.rand, questionDigits), Pauses: make([]byte, questionDigits), Language: language}
	if _, err := io.ReadFull(steps.rand, q.Pauses); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	var err error
	q.Step, err = steps.Begin(ctx, StepQuestion, browser, q, questionLife)
	return &q, err
}

// ReadAloud is the recording of a question that was asked of the browser and not answered yet; fault.StepLost for every other.
func (p *PasswordLogin) ReadAloud(ctx context.Context, steps *Steps, browser []byte, step string) ([]byte, error) {
	var q Question
	if err := steps.Look(ctx, StepQuestion, browser, step, &q); err != nil {
		return nil, err
	}
	return spoken.Digits(q.Language, q.Digits, q.Pauses)
}

// answered uses the question up, whatever the answer is. A wrong one counts on the source like a wrong password.
func (p *PasswordLogin) answered(ctx context.Context, steps *Steps, browser []byte, source string, effort Effort) error {
	var q Question
	err := steps.Take(ctx, StepQuestion, browser, effort.QuestionStep, &q)
	switch {
	case fault.CodeOf(err) == fault.StepLost:
		return fault.New(fault.QuestionNeeded)
	case err != nil:
		return err
	case q.Right(effort.Answer):
		return nil
	}
	if _, err := p.throttle.Count(ctx, scopeSource, []byte(source), LoginSpan, p.now()); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.QuestionNeeded)
}

// Right reports whether an answer gives the digits in order: as digits of any width, as Chinese numerals or as English words, with or
// without blanks and punctuation between them.
func (q Question) Right(answer string) bool {
	given, ok := readDigits(answer)
	return ok && len(q.Digits) == questionDigits && given == q.Digits
}

// digitWords are the words of the page and others for the same digits, with the digit as their place.
var digitWords = [10][]string{{"零", "〇", "zero", "oh"}, {"一", "壹", "幺", "one"}, {"二", "贰", "貳", "两", "兩", "two"}, {"三", "叁", "參", "three"}, {"四", "肆", "four"},
	{"五", "伍", "five"}, {"六", "陆", "陸", "six"}, {"七", "柒", "seven"}, {"八", "捌", "eight"}, {"九", "玖", "nine"}}

func readDigits(answer string) (digits string, ok bool) {
	if len(answer) > maxAnswer {
		return "", false
	}
	word := ""
	end := func() bool {
		if word == "" {
			return true
		}
		i := slices.IndexFunc(digitWords[:], func(words []string) bool { return slices.Contains(words, word) })
		word = ""
		if i >= 0 {
			digits += strconv.Itoa(i)
		}
		return i >= 0
	}
	for _, r := range strings.ToLower(answer) {
		switch {
		case r >= 'a' && r <= 'z':
			word += string(r)
			continue
		case !end():
			return "", false
		case r >= '0' && r <= '9':
			digits += string(r)
		case r >= '０' && r <= '９':
			digits += string(r - '０' + '0')
		case unicode.IsSpace(r) || unicode.IsPunct(r):
		default:
			if word = string(r); !end() {
				return "", false
			}
		}
	}
	return digits, end()
}
