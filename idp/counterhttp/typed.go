package counterhttp

import (
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// typedFields are the inputs of a document that cannot be read, and of the colleague who looked at it too.
func (s *Server) typedFields(r *http.Request) []web.FormField {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	typed := func(name string) string { return r.PostFormValue(name) }
	kinds := []web.Option{}
	for _, k := range s.Counter.Documents() {
		kinds = append(kinds, web.Option{Value: k.Kind, Label: k.Name(s.Renderer.Locale(r))})
	}
	return []web.FormField{
		{Name: "counter-kind", Label: text("counter.kind"), Kind: "select", Value: typed("counter-kind"), Options: kinds},
		{Name: "counter-name", Label: text("proofing.name"), Value: typed("counter-name"), Max: 100},
		{Name: "counter-number", Label: text("counter.number"), Value: typed("counter-number"), Max: 40},
		{Name: "counter-nationality", Label: text("counter.nationality"), Hint: text("counter.nationality.hint"), Value: typed("counter-nationality"), Max: 3, Optional: true},
		{Name: "counter-birth", Label: text("counter.birth"), Hint: text("counter.day.hint"), Value: typed("counter-birth"), Max: 10, Optional: true},
		{Name: "counter-from", Label: text("counter.from"), Hint: text("counter.day.hint"), Value: typed("counter-from"), Max: 10},
		{Name: "counter-to", Label: text("counter.to"), Hint: text("counter.to.hint"), Value: typed("counter-to"), Max: 10},
		{Name: "second-identifier", Label: text("counter.second.identifier"), Value: typed("second-identifier"), Max: 100},
		{Name: "second-password", Label: text("counter.second.password"), Kind: "password", Max: 256},
		{Name: "second-code", Label: text("counter.second.code"), Max: 12},
	}
}

func (s *Server) typedPage(w http.ResponseWriter, r *http.Request) error {
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	return s.showHome(w, r, by, t, web.CounterPage{Typed: true}, nil)
}

// typed begins a visit with what was typed. The colleague shows both factors here, in this form, and gets no session.
func (s *Server) typed(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	by, t, err := s.at(r)
	if err != nil {
		return err
	}
	if !by.Has(counter.RoleClerk) {
		return fault.New(fault.Forbidden)
	}
	second, err := s.Second(r.Context(), typed.Get("second-identifier"), typed.Get("second-password"), digitsOf(typed.Get("second-code")), source(r))
	if err == nil {
		card := counter.Card{Kind: typed.Get("counter-kind"), Name: typed.Get("counter-name"), Number: typed.Get("counter-number"), Nationality: strings.ToUpper(strings.TrimSpace(typed.Get("counter-nationality"))),
			Birth: strings.TrimSpace(typed.Get("counter-birth")), From: strings.TrimSpace(typed.Get("counter-from")), To: strings.TrimSpace(typed.Get("counter-to"))}
		if card.To == "长期" || card.To == "長期" {
			card.To = counter.LongTerm
		}
		_, err = s.Counter.Typed(r.Context(), by, second.In(t.Area), t, typed.Get("counter-called"), card)
	} else if len(fault.From(err).Fields) == 0 && mendable(err) {
		err = fault.Wrap(err, fault.CodeOf(err)).WithField("second-password", fault.CodeOf(err))
	}
	if mendable(err) {
		return s.showHome(w, r, by, t, web.CounterPage{Typed: true, Called: typed.Get("counter-called")}, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, "/counter/visit")
}
