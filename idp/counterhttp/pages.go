package counterhttp

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const queueURL = "/counter/queue"

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	by, t, err := s.at(r)
	if fault.CodeOf(err) != fault.CounterTerminal && err != nil {
		return err
	}
	if err == nil && by.Has(counter.RoleClerk) {
		if _, err := s.Counter.Current(r.Context(), by, t); err == nil {
			return see(w, r, "/counter/visit")
		} else if fault.CodeOf(err) != fault.CounterVisit {
			return err
		}
	}
	return s.showHome(w, r, by, t, web.CounterPage{}, nil)
}

func (s *Server) showHome(w http.ResponseWriter, r *http.Request, by counter.Clerk, t counter.Terminal, body web.CounterPage, refused error) error {
	if !by.Anywhere(counter.RoleClerk) && !by.Anywhere(counter.RoleSupervisor) {
		return fault.New(fault.Forbidden)
	}
	if by.Anywhere(counter.RoleSupervisor) {
		body.QueueURL = queueURL
	}
	body.CanServe = by.Has(counter.RoleClerk) || t.ID == "" && by.Anywhere(counter.RoleClerk)
	body.Enrol = t.ID == "" && body.CanServe
	body.Terminal, body.Reader, body.Screen = t.Name, len(t.ReaderKey) > 0, t.Screen
	field := "counter-called"
	if body.Enrol {
		field = "terminal-code"
	}
	body.TypedURL = "/counter/typed"
	if body.Typed {
		body.TypedURL = "/counter"
		body.Fields = s.typedFields(r)
	}
	return s.show(w, r, statusOf(refused), "counter", web.Page{Errors: s.failures(r, refused, field), Self: "/counter", Body: body})
}

// enrol puts this machine into service. A clerk is signed in, so that a code found on a slip of paper is not enough.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	by, err := s.Who(r.Context())
	if err != nil {
		return err
	}
	if !by.Anywhere(counter.RoleClerk) && !by.Anywhere(counter.RoleSupervisor) {
		return fault.New(fault.Forbidden)
	}
	_, secret, err := s.Counter.Enrol(r.Context(), digitsOf(typed.Get("terminal-code")), source(r))
	if mendable(err) {
		return s.showHome(w, r, by, counter.Terminal{}, web.CounterPage{}, err)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, cookieTerminal, secret)
	return see(w, r, "/counter")
}

func (s *Server) call(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	_, err = s.Counter.Call(r.Context(), by, t, typed.Get("counter-called"))
	if mendable(err) {
		return s.showHome(w, r, by, t, web.CounterPage{Called: typed.Get("counter-called")}, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, "/counter/visit")
}

func (s *Server) visit(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.looking(w, r)
	if !ok {
		return err
	}
	return s.showVisit(w, r, d.t, d.v, "", nil, nil)
}

// asked carries the moment of the question through a form, so that an answer is one to what was on the screen.
func asked(v counter.Visit) string { return strconv.FormatInt(v.AskedAt.UnixMicro(), 10) }

func (s *Server) showVisit(w http.ResponseWriter, r *http.Request, t counter.Terminal, v counter.Visit, challenge string, ticked []string, refused error) error {
	shown, err := s.Counter.Show(r.Context(), v)
	if err != nil {
		return err
	}
	text := func(key string, params ...string) string { return s.Renderer.Text(r, key, params...) }
	body := web.CounterVisitPage{State: web.CounterPlan, Called: v.Called, Name: shown.Name, Until: v.ExpiresAt, Typed: v.Entry == counter.EntryTyped, Register: v.Account == "", Way: v.AskedBy, To: shown.Phone,
		Hidden: hidden("visit", v.ID, "asked", asked(v)), Challenge: challenge}
	if challenge != "" {
		body.Hidden = append(body.Hidden, hidden("challenge", challenge)...)
	}
	account := text("counter.account.none")
	if v.Account != "" {
		account = text("tier." + strconv.Itoa(int(shown.Level)))
	}
	expires := shown.Expires
	if expires == "" {
		expires = text("licence.long_term")
	}
	body.Facts = []web.ShownField{{Label: text("proofing.number"), Value: shown.Number}, {Label: text("licence.valid_to"), Value: expires}, {Label: text("counter.account"), Value: account}}
	if !shown.Ends.IsZero() {
		body.Facts = append(body.Facts, web.ShownField{Label: text("deletion.waiting"), Value: when(shown.Ends)})
	}
	if blocked, is := errors.AsType[counter.BlockedError](refused); is {
		body.Blocked = s.blocked(r, blocked.Blockers)
	}
	page := web.Page{Title: text("counter.serving", "name", shown.Name), Self: "/counter", Errors: s.failures(r, refused, "counter-acts")}
	page.OnwardURL, page.OnwardSeconds = "/counter/visit", int(v.ExpiresAt.Sub(s.Now())/time.Second)+1
	switch {
	case v.AskedBy == "":
		wanted := shown.Wanted
		if ticked != nil {
			wanted = ticked
		}
		for i, kind := range shown.Offered {
			act := web.CounterAct{Kind: kind, Key: i + 1, Ticked: contains(wanted, kind)}
			if i >= 9 {
				act.Key = 0 // there are nine digits to press
			}
			body.Acts = append(body.Acts, act)
		}
		body.Ways = shown.Ways
		if !t.Screen {
			body.Ways = without(without(body.Ways, counter.ByScreen), counter.ByPasskey)
		}
		body.AskChild, body.AskWard = contains(shown.Offered, counter.ActFamily), contains(shown.Offered, counter.ActChildDelete)
		body.ChildName, body.ChildNumber = r.PostFormValue("counter-child-name"), r.PostFormValue("counter-child-number")
		body.AskHelper, body.HelperName, body.HelperTo = contains(shown.Offered, counter.ActHelper), r.PostFormValue("counter-helper-name"), r.PostFormValue("counter-helper-to")
		body.AskPhone, body.Phone = v.Account == "", r.PostFormValue("counter-phone")
		body.Way = body.Ways[0]
		if way := r.PostFormValue("counter-way"); contains(body.Ways, way) {
			body.Way = way
		}
	default:
		body.Acts = s.actsOf(r, shown)
		body.State = web.CounterAgreed
		if v.AgreedAt.IsZero() {
			body.State, body.Voice, body.ByCall = web.CounterWait, shown.Calls, refused == nil && r.PostFormValue("otp-voice") != ""
			if v.AskedBy == counter.ByScreen || v.AskedBy == counter.ByPasskey {
				page.OnwardSeconds = waitSeconds
			}
		}
	}
	page.Body = body
	return s.show(w, r, statusOf(refused), "counter-visit", page)
}

// actsOf are the acts that a person is asked for, with whom they are about.
func (s *Server) actsOf(r *http.Request, shown counter.Shown) (all []web.CounterAct) {
	text := func(key string, params ...string) string { return s.Renderer.Text(r, key, params...) }
	for _, kind := range shown.Acts {
		act := web.CounterAct{Kind: kind}
		for _, d := range shown.Details[kind] {
			key, until := "counter.detail.helps", ""
			if d.Acts {
				key = "counter.detail.acts"
			}
			var rights []string
			for _, right := range d.Rights {
				rights = append(rights, text("mandate.right."+string(right)))
			}
			if !d.Until.IsZero() {
				until = text("mandate.until", "at", d.Until.In(chinaTime).Format(time.DateOnly))
			}
			line := []string{text(key, "name", d.Name), text("mandate.kind." + string(d.Kind))}
			for _, part := range []string{strings.Join(rights, " "), until} {
				if part != "" {
					line = append(line, part)
				}
			}
			act.Details = append(act.Details, strings.Join(line, " · "))
		}
		act.Details = append(act.Details, s.effectsOf(r, kind)...)
		all = append(all, act)
	}
	return all
}

// waitSeconds is how often a page that waits for the other screen looks again.
const waitSeconds = 2

func contains(all []string, word string) bool {
	for _, one := range all {
		if one == word {
			return true
		}
	}
	return false
}

func without(all []string, word string) (left []string) {
	for _, one := range all {
		if one != word {
			left = append(left, one)
		}
	}
	return left
}

// desk is who serves whom, and where.
type desk struct {
	by counter.Clerk
	t  counter.Terminal
	v  counter.Visit
}

// looking is the visit that a page is asked for; ok is false when the answer was written, or there is none but the error.
func (s *Server) looking(w http.ResponseWriter, r *http.Request) (d desk, ok bool, err error) {
	if d.by, d.t, err = s.at(r); err != nil {
		return d, false, err
	}
	d.v, err = s.Counter.Current(r.Context(), d.by, d.t)
	if fault.CodeOf(err) == fault.CounterVisit {
		return d, false, cleared(w, r)
	}
	return d, err == nil, err
}

// serving is the visit that a form was made for; ok as for looking.
func (s *Server) serving(w http.ResponseWriter, r *http.Request) (d desk, ok bool, err error) {
	if d.by, d.t, err = s.at(r); err != nil {
		return d, false, err
	}
	d.v, err = s.Counter.Current(r.Context(), d.by, d.t)
	if fault.CodeOf(err) == fault.CounterVisit || err == nil && d.v.ID != r.PostFormValue("visit") {
		return d, false, s.showHome(w, r, d.by, d.t, web.CounterPage{}, fault.New(fault.CounterVisit)) // it ended, or another number was called
	}
	return d, err == nil, err
}

// posted reads a form and finds the visit that it was made for; ok as for looking.
func (s *Server) posted(w http.ResponseWriter, r *http.Request) (typed url.Values, d desk, ok bool, err error) {
	if typed, err = form(w, r); err != nil {
		return nil, d, false, err
	}
	d, ok, err = s.serving(w, r)
	return typed, d, ok, err
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) error {
	typed, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	acts, way := typed["counter-act"], typed.Get("counter-way")
	if (way == counter.ByScreen || way == counter.ByPasskey) && !d.t.Screen {
		return s.showVisit(w, r, d.t, d.v, "", acts, fault.New(fault.Invalid).WithField("counter-way", fault.CounterWay))
	}
	planned, err := s.Counter.Plan(r.Context(), d.by, d.v, counter.Order{Acts: acts, Way: way, Phone: typed.Get("counter-phone"),
		Child:      counter.Child{Name: typed.Get("counter-child-name"), Number: typed.Get("counter-child-number")},
		HelperName: typed.Get("counter-helper-name"), HelperTo: typed.Get("counter-helper-to")})
	if mendable(err) {
		if acts == nil {
			acts = []string{}
		}
		return s.showVisit(w, r, d.t, d.v, "", acts, err)
	}
	if err != nil {
		return err
	}
	if way == counter.BySMS {
		return s.sendCode(w, r, d.by, d.t, planned, s.Counter.SendCode)
	}
	return see(w, r, "/counter/visit")
}

// sendCode sends a code and shows where it is typed. A refusal leaves the code before in force.
func (s *Server) sendCode(w http.ResponseWriter, r *http.Request, by counter.Clerk, t counter.Terminal, v counter.Visit,
	send func(ctx context.Context, by counter.Clerk, v counter.Visit, locale string, encode authn.Encoder) (string, error)) error {
	challenge, err := send(r.Context(), by, v, reqctx.From(r.Context()).Locale, s.Encode)
	switch {
	case err == nil:
		return s.showVisit(w, r, t, v, challenge, nil, nil)
	case !mendable(err):
		return err
	}
	return s.showVisit(w, r, t, v, r.PostFormValue("challenge"), nil, fault.From(err).WithField("counter-code", fault.CodeOf(err)))
}

// codeAgain sends another code for the same question, by message, or by a call where the person cannot read one.
func (s *Server) codeAgain(w http.ResponseWriter, r *http.Request) error {
	typed, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	send := s.Counter.SendCode
	if typed.Get("otp-voice") != "" {
		send = s.Counter.CallCode
	}
	return s.sendCode(w, r, d.by, d.t, d.v, send)
}

// replan goes back to the choice.
func (s *Server) replan(w http.ResponseWriter, r *http.Request) error {
	_, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	if err := s.Counter.Replan(r.Context(), d.by, d.v); err != nil {
		return err
	}
	return see(w, r, "/counter/visit")
}

func (s *Server) code(w http.ResponseWriter, r *http.Request) error {
	typed, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	challenge := typed.Get("challenge")
	err = s.Counter.TakeCode(r.Context(), d.by, d.v, challenge, digitsOf(typed.Get("counter-code")))
	if fault.CodeOf(err) == fault.CodeWrong {
		err = fault.Wrap(err, fault.CodeWrong).WithField("counter-code", fault.CodeWrong)
	}
	if mendable(err) {
		return s.showVisit(w, r, d.t, d.v, challenge, nil, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, "/counter/visit")
}

func (s *Server) paper(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, counter.MaxScan+maxForm)
	if err := r.ParseMultipartForm(maxForm); err != nil {
		return fault.Wrap(err, fault.TooLarge, "limit", "10 MiB")
	}
	defer r.MultipartForm.RemoveAll()
	d, ok, err := s.serving(w, r)
	if !ok {
		return err
	}
	var scan []byte
	if file, _, opening := r.FormFile("counter-scan"); opening == nil {
		defer file.Close()
		if scan, err = io.ReadAll(io.LimitReader(file, counter.MaxScan+1)); err != nil {
			return fault.Wrap(err, fault.Malformed)
		}
	}
	err = s.Counter.TakePaper(r.Context(), d.by, d.v, scan)
	if mendable(err) {
		return s.showVisit(w, r, d.t, d.v, "", nil, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, "/counter/visit")
}

// perform does what was agreed and shows the receipt with what is printed. The answer is not led on elsewhere: what it shows
// is shown this once.
func (s *Server) perform(w http.ResponseWriter, r *http.Request) error {
	typed, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	if typed.Get("asked") != asked(d.v) {
		return s.showVisit(w, r, d.t, d.v, "", nil, fault.New(fault.CounterAgreement))
	}
	done, err := s.Counter.Perform(r.Context(), d.by, d.v)
	if mendable(err) {
		return s.showVisit(w, r, d.t, d.v, "", nil, err)
	}
	if err != nil {
		return err
	}
	body := web.CounterDonePage{Called: d.v.Called, Terminal: d.t.Name, Pass: done.Pass, PassEnds: done.Until, LoginURL: s.Issuer + "/login/pass", FinishURL: "/counter/end"}
	if done.Err != nil {
		if !mendable(done.Err) && !silent(done.Err) {
			return done.Err
		}
		body.Failed = s.Renderer.FieldErrors(r, done.Err, nil)[0].Message
		body.Again = hidden("visit", d.v.ID, "asked", asked(d.v))
	}
	for _, c := range done.Copies {
		body.Copies = append(body.Copies, web.Link{Label: c.Title, URL: "/counter/copy/" + url.PathEscape(c.ID)})
	}
	page := web.Page{Self: "/counter", OnwardURL: "/counter/visit", OnwardSeconds: int(d.v.ExpiresAt.Sub(s.Now())/time.Second) + 1}
	return s.showDone(w, r, page, body, done)
}

// silent reports whether another service gave no answer: a matter for another attempt, not an error of the page.
func silent(err error) bool {
	return err != nil && fault.MetaOf(fault.CodeOf(err)).Status == http.StatusServiceUnavailable
}

// showDone shows the receipt with what is printed.
func (s *Server) showDone(w http.ResponseWriter, r *http.Request, page web.Page, body web.CounterDonePage, done counter.Result) error {
	body.Name, body.At, body.Ends = done.Name, s.Now(), done.Ends
	if done.Data && !body.FromQueue {
		body.DataURL = dataURL
	}
	for _, a := range done.Acts {
		body.Acts = append(body.Acts, web.CounterReceipt{Kind: a.Kind, Outcome: a.Outcome, ID: a.ID})
	}
	if c := done.Card; c != nil {
		code, err := web.NewQR(c.Code)
		if err != nil {
			return err
		}
		body.Card = &web.CounterCard{QR: code, Name: done.Name, Level: int(done.Level), IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt, VerifyURL: s.Issuer + "/verify", Code: c.Code}
	}
	page.Body = body
	return s.show(w, r, http.StatusOK, "counter-done", page)
}

// copy gives the document of a licence that the citizen agreed to have printed.
func (s *Server) copy(w http.ResponseWriter, r *http.Request) error {
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	v, err := s.Counter.Current(r.Context(), by, t)
	if err != nil {
		return err
	}
	name, content, err := s.Counter.Copy(r.Context(), by, v, r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/ofd")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(content)
	return err
}

// check verifies the code on a paper, as /verify does, and shows what stands on it.
func (s *Server) check(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	found, err := s.Check(r.Context(), strings.TrimSpace(typed.Get("counter-paper-code")))
	if err == nil {
		err = s.Counter.NoteCheck(r.Context(), by, t, found.Code)
	}
	if mendable(err) {
		return s.showHome(w, r, by, t, web.CounterPage{}, fault.Wrap(err, fault.CodeOf(err)).WithField("counter-paper-code", fault.CodeOf(err)))
	}
	if err != nil {
		return err
	}
	return s.showHome(w, r, by, t, web.CounterPage{Checked: &found}, nil)
}

func (s *Server) end(w http.ResponseWriter, r *http.Request) error {
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	if err := s.Counter.End(r.Context(), by, t); err != nil {
		return err
	}
	return cleared(w, r)
}

// digitsOf keeps the digits of a typed code: blanks and full-width digits are common.
func digitsOf(text string) string {
	var out []rune
	for _, r := range text {
		if r >= '０' && r <= '９' {
			r = r - '０' + '0'
		}
		if r >= '0' && r <= '9' {
			out = append(out, r)
		}
	}
	return string(out)
}
