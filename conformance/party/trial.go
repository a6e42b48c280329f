package party

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict of a case.
type Verdict int

// Verdicts.
const (
	Passed Verdict = iota
	Failed
	Inapplicable
)

// Case is one thing that a rule tried.
type Case struct {
	Name, Expect, Got, Detail string
	Verdict                   Verdict
}

// Trial keeps what one rule saw. A step without which the rule cannot go on ends it, as it ends a test.
type Trial struct {
	*Party
	label   string
	cases   []Case
	browser *Browser
	proofs  map[string]Key    // proof keys by client
	nonces  map[string]string // DPoP nonces by origin
}

type halt struct{}

// Try runs a rule and returns its cases, at least one.
func (p *Party) Try(ctx context.Context, probe func(context.Context, *Trial)) []Case {
	t := &Trial{Party: p, proofs: map[string]Key{}, nonces: map[string]string{}}
	t.run(func(t *Trial) { probe(ctx, t) })
	if len(t.cases) == 0 {
		t.Holds("the rule judges something", false, "it tried nothing")
	}
	return t.cases
}

func (t *Trial) run(act func(*Trial)) {
	defer func() {
		switch crash := recover().(type) {
		case nil, halt:
		default:
			t.add(Case{Name: "the rule itself", Expect: "a verdict", Got: "crash", Detail: fmt.Sprint(crash), Verdict: Failed})
		}
	}()
	act(t)
}

// For runs a part of a rule under a label; what ends the part does not end the rule.
func (t *Trial) For(label string, act func(*Trial)) {
	before := t.label
	t.label = strings.TrimPrefix(before+": "+label, ": ")
	t.run(act)
	t.label = before
}

func (t *Trial) add(c Case) {
	c.Name = strings.TrimPrefix(t.label+": "+c.Name, ": ")
	t.cases = append(t.cases, c)
}

// Holds records whether something is as it must be; the detail says what was seen instead.
func (t *Trial) Holds(name string, ok bool, format string, args ...any) bool {
	c := Case{Name: name, Expect: "holds", Got: "holds"}
	if !ok {
		c.Got, c.Detail, c.Verdict = "does not hold", fmt.Sprintf(format, args...), Failed
	}
	t.add(c)
	return ok
}

// Right records whether there was an error.
func (t *Trial) Right(name string, err error) bool { return t.Holds(name, err == nil, "%v", err) }

// Require is Holds for what the rest of the rule stands on.
func (t *Trial) Require(name string, ok bool, format string, args ...any) {
	if !t.Holds(name, ok, format, args...) {
		panic(halt{})
	}
}

// Need ends the rule as failed when something on its way did not work; success is not recorded.
func (t *Trial) Need(name string, ok bool, format string, args ...any) {
	if !ok {
		t.Require(name, false, format, args...)
	}
}

// Skip ends the rule: it does not apply here, and why.
func (t *Trial) Skip(format string, args ...any) {
	t.add(Case{Name: "applies", Detail: fmt.Sprintf(format, args...), Verdict: Inapplicable})
	panic(halt{})
}

// Taken records that an answer must be one of success, and ends the rule when it is not.
func (t *Trial) Taken(name string, a Answer) {
	c := Case{Name: name, Expect: "accept", Got: "accept"}
	if !a.OK() {
		c.Got, c.Verdict = "refuse "+a.Said(), Failed
	}
	t.add(c)
	if c.Verdict == Failed {
		panic(halt{})
	}
}

// Refused records that an answer must be a refusal with one of the codes; any refusal when there is none.
func (t *Trial) Refused(name string, a Answer, codes ...string) {
	code := a.String("error")
	if code == "" {
		code = errorOf(a.Header.Get("WWW-Authenticate"))
	}
	c := Case{Name: name, Expect: strings.TrimSpace("refuse " + strings.Join(codes, "|")), Got: "refuse " + a.Said()}
	switch {
	case a.OK() || a.Status < 400:
		c.Got, c.Verdict = fmt.Sprintf("accept %d", a.Status), Failed
	case a.Status >= 500 || len(codes) > 0 && !slices.Contains(codes, code):
		c.Verdict = Failed
	}
	t.add(c)
}

// NotAuthorized records that a request must not lead to a code: it is refused where it was pushed, by an answer to the
// client with one of the codes, or by a page of the server.
func (t *Trial) NotAuthorized(name string, l Landing, codes ...string) {
	if l.Pushed != nil && !l.Pushed.OK() {
		t.Refused(name, *l.Pushed, codes...)
		return
	}
	c := Case{Name: name, Expect: strings.TrimSpace("refuse " + strings.Join(codes, "|"))}
	switch code := l.Values.Get("error"); {
	case l.Values.Has("code"):
		c.Got, c.Verdict = "accept with a code", Failed
	case code != "":
		c.Got, c.Detail = "refuse "+code, l.Values.Get("error_description")
		if len(codes) > 0 && !slices.Contains(codes, code) {
			c.Verdict = Failed
		}
	case l.Page != nil && l.Page.Status >= 400 && l.Page.Status < 500:
		c.Got = fmt.Sprintf("refuse by a page with status %d", l.Page.Status)
	default:
		c.Got, c.Verdict = "neither: "+l.Said(), Failed
	}
	t.add(c)
}

// ShownOnPage records that a request must end on a page of the server with an error: nothing goes to the address that
// the request named.
func (t *Trial) ShownOnPage(name string, l Landing) {
	c := Case{Name: name, Expect: "refuse by a page", Got: l.Said()}
	if l.Target != nil || l.Page == nil || l.Page.Status < 400 || l.Page.Status >= 500 {
		c.Verdict = Failed
	}
	t.add(c)
}

// Denied records that a request must be answered at the client's address with one of the codes, and with the state and
// issuer as any answer.
func (t *Trial) Denied(name string, r Request, l Landing, codes ...string) {
	c := Case{Name: name, Expect: "refuse " + strings.Join(codes, "|"), Got: "refuse " + l.Values.Get("error"), Detail: l.Values.Get("error_description")}
	switch err := t.CheckAnswer(r, l); {
	case l.Values.Has("code") || l.Values.Get("error") == "":
		c.Got, c.Detail, c.Verdict = l.Said(), "", Failed
	case !slices.Contains(codes, l.Values.Get("error")):
		c.Verdict = Failed
	case err != nil:
		c.Detail, c.Verdict = err.Error(), Failed
	}
	t.add(c)
}

// Should is Holds for what a standard recommends: what is otherwise is told, and fails nothing.
func (t *Trial) Should(name string, ok bool, format string, args ...any) {
	c := Case{Name: name, Expect: "holds", Got: "holds"}
	if !ok {
		c.Got, c.Detail, c.Verdict = "does not hold", "recommended, not required: "+fmt.Sprintf(format, args...), Inapplicable
	}
	t.add(c)
}

// Wait lets time pass; the rule does not apply when that is longer than the run is patient.
func (t *Trial) Wait(ctx context.Context, d time.Duration) {
	if d > t.Patience {
		t.Skip("needs a wait of %s; --patience is %s", d, t.Patience)
	}
	if err := t.Options.Wait(ctx, d); err != nil {
		t.Need("time passes", false, "%v", err)
	}
}
