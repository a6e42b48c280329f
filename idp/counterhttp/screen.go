package counterhttp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// screenCode shows the code with which a second screen is joined to this terminal.
func (s *Server) screenCode(w http.ResponseWriter, r *http.Request) error {
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	code, err := s.Counter.OfferScreen(r.Context(), by, t.ID)
	if err != nil {
		return err
	}
	return s.showHome(w, r, by, t, web.CounterPage{Code: code}, nil)
}

// screen is what the person in front of the counter sees. Nobody is signed in there: the cookie names the terminal.
func (s *Server) screen(w http.ResponseWriter, r *http.Request) error {
	t, err := s.Counter.ScreenOf(r.Context(), s.cookie(r, cookieScreen))
	if fault.CodeOf(err) == fault.CounterTerminal {
		return s.showPairing(w, r, nil)
	}
	if err != nil {
		return err
	}
	return s.showScreen(w, r, t, nil)
}

func (s *Server) showScreen(w http.ResponseWriter, r *http.Request, t counter.Terminal, refused error) error {
	shown, asks, err := s.Counter.Asked(r.Context(), t)
	if err != nil {
		return err
	}
	body := web.CounterScreenPage{Serves: shown.ID != "", Asks: asks, Name: shown.Name}
	if asks {
		body.Acts, body.Hidden = s.actsOf(r, shown), hidden("visit", shown.ID, "asked", asked(shown.Visit))
		if shown.AskedBy == counter.ByPasskey {
			body.Passkey = &web.PasskeyForm{Agree: true, Action: "/counter/screen/passkey", Options: "/counter/screen/passkey/" + shown.ID + "/" + asked(shown.Visit), Hidden: body.Hidden}
		}
	}
	// A question stays until it is answered or the visit is over; everything else is looked at again soon.
	page := web.Page{Self: "/counter/screen", Body: body, Errors: s.failures(r, refused, "screen-passkey"), OnwardURL: "/counter/screen", OnwardSeconds: waitSeconds}
	if asks {
		page.OnwardSeconds = askSeconds
	}
	if body.Passkey != nil {
		page.OnwardSeconds = passkeySeconds
	}
	return s.show(w, r, statusOf(refused), "counter-screen", page)
}

// askSeconds is how often a question looks whether its visit goes on.
const askSeconds = 10

// passkeySeconds leaves time to take out a key, or a phone.
const passkeySeconds = 90

func (s *Server) showPairing(w http.ResponseWriter, r *http.Request, refused error) error {
	return s.show(w, r, statusOf(refused), "counter-screen", web.Page{Self: "/counter/screen", Errors: s.failures(r, refused, "screen-code"), Body: web.CounterScreenPage{Pair: true}})
}

func (s *Server) screenPair(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	_, secret, err := s.Counter.PairScreen(r.Context(), digitsOf(typed.Get("screen-code")), source(r))
	if mendable(err) {
		return s.showPairing(w, r, err)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, cookieScreen, secret)
	return see(w, r, "/counter/screen")
}

func (s *Server) screenAnswer(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	t, err := s.Counter.ScreenOf(r.Context(), s.cookie(r, cookieScreen))
	if err != nil {
		return err
	}
	at, err := micros(typed.Get("asked"))
	answer := typed.Get("screen-answer")
	if err != nil || answer != "agree" && answer != "refuse" {
		return fault.Wrap(err, fault.Malformed)
	}
	err = s.Counter.Answer(r.Context(), t, typed.Get("visit"), at, answer == "agree")
	if err != nil && fault.CodeOf(err) != fault.CounterVisit { // one that is over shows what there is now
		return err
	}
	return see(w, r, "/counter/screen")
}

// micros reads the moment of a question.
func micros(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fault.Wrap(err, fault.Malformed)
	}
	return time.UnixMicro(n).UTC(), nil
}

// screenPasskeyOptions answers the script of the second screen.
func (s *Server) screenPasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	t, err := s.Counter.ScreenOf(r.Context(), s.cookie(r, cookieScreen))
	if err != nil {
		return err
	}
	at, err := micros(r.PathValue("asked"))
	if err != nil {
		return err
	}
	options, step, err := s.Counter.AskPasskey(r.Context(), t, r.PathValue("visit"), at)
	if err != nil {
		return err
	}
	content, err := json.Marshal(map[string]any{"options": options, "step": step})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(content)
	return err
}

// screenPasskey takes the answer of the person's authenticator. A refusal leaves the question as it is: the person tries again,
// or the clerk asks in another way.
func (s *Server) screenPasskey(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	t, err := s.Counter.ScreenOf(r.Context(), s.cookie(r, cookieScreen))
	if err != nil {
		return err
	}
	at, err := micros(typed.Get("asked"))
	if err != nil {
		return err
	}
	err = s.Counter.TakePasskey(r.Context(), t, typed.Get("visit"), at, typed.Get("step"), []byte(typed.Get("passkey-response")))
	if code := fault.CodeOf(err); code != fault.CounterVisit && mendable(err) {
		return s.showScreen(w, r, t, err)
	} else if code != fault.CounterVisit && err != nil {
		return err
	}
	return see(w, r, "/counter/screen")
}
