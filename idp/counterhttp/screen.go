package counterhttp

import (
	"net/http"
	"strconv"
	"time"

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
	shown, asks, err := s.Counter.Asked(r.Context(), t)
	if err != nil {
		return err
	}
	body := web.CounterScreenPage{Serves: shown.ID != "", Asks: asks, Name: shown.Name}
	if asks {
		body.Acts, body.Hidden = s.actsOf(r, shown), hidden("visit", shown.ID, "asked", asked(shown.Visit))
	}
	// A question stays until it is answered or the visit is over; everything else is looked at again soon.
	page := web.Page{Self: "/counter/screen", Body: body, OnwardURL: "/counter/screen", OnwardSeconds: waitSeconds}
	if asks {
		page.OnwardSeconds = askSeconds
	}
	return s.show(w, r, http.StatusOK, "counter-screen", page)
}

// askSeconds is how often a question looks whether its visit goes on.
const askSeconds = 10

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
	micros, err := strconv.ParseInt(typed.Get("asked"), 10, 64)
	answer := typed.Get("screen-answer")
	if err != nil || answer != "agree" && answer != "refuse" {
		return fault.Wrap(err, fault.Malformed)
	}
	err = s.Counter.Answer(r.Context(), t, typed.Get("visit"), time.UnixMicro(micros).UTC(), answer == "agree")
	if err != nil && fault.CodeOf(err) != fault.CounterVisit { // one that is over shows what there is now
		return err
	}
	return see(w, r, "/counter/screen")
}
