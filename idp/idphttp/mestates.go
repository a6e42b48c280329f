package idphttp

import (
	"net/http"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/web"
)

// mePlaces are the cards of /me that lead to pages of their own, each with how it stands, in the order of experience.md 3.4.
func (s *Server) mePlaces(r *http.Request, accountID string) ([]web.MePlace, error) {
	text := func(key string) string { return s.Pages.Text(r, key) }
	records, err := s.recordsState(r, accountID)
	if err != nil {
		return nil, err
	}
	data, err := s.dataState(r, accountID)
	if err != nil {
		return nil, err
	}
	return []web.MePlace{{ID: "records", Title: text("me.records"), Text: text("me.records.text"), URL: "/me/records", State: records},
		{ID: "data", Title: text("me.data"), Text: text("me.data.text"), URL: dataPath, State: data}}, nil
}

// mandateStates tell what waits for this person's answer, which nobody looks for who does not know of it, and how many mandates hold.
func (s *Server) mandateStates(r *http.Request, accountID string) (all []web.MeState, err error) {
	if s.Mandates == nil {
		return nil, nil
	}
	open, err := s.Mandates.Open(r.Context(), accountID)
	if err != nil {
		return nil, err
	}
	waiting, holding := 0, 0
	for _, m := range open {
		switch {
		case m.StateAt(s.Now()) == mandate.Proposed && m.WaitsFor(accountID):
			waiting++
		case m.InForce(s.Now()):
			holding++
		}
	}
	if waiting > 0 {
		all = append(all, web.MeState{Tone: "warning", Text: s.Pages.Text(r, "me.mandates.waiting", "n", strconv.Itoa(waiting))})
	}
	if holding > 0 {
		all = append(all, web.MeState{Tone: "success", Text: s.Pages.Text(r, "me.mandates.holding", "n", strconv.Itoa(holding))})
	}
	return all, nil
}

// recordsState names the last receiver and its day; nil where nothing was given to anybody.
func (s *Server) recordsState(r *http.Request, accountID string) (*web.MeState, error) {
	if s.Ledger == nil {
		return nil, nil
	}
	page, _, err := s.Ledger.Page(r.Context(), idp.ReleaseQuery{AccountID: accountID, Limit: 1}, "")
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return &web.MeState{Tone: "neutral", Text: s.Pages.Text(r, "me.records.last", "app", s.receiverName(r, page[0].ClientID, page[0].Name), "at", s.Pages.Date(r, page[0].Last))}, nil
}

// dataState tells of a deletion that is under way before of anything else: whoever did not ask for it learns it here.
func (s *Server) dataState(r *http.Request, accountID string) (*web.MeState, error) {
	if s.Deletions == nil || s.Exports == nil {
		return nil, nil
	}
	deletion, err := s.Deletions.Of(r.Context(), accountID)
	if err != nil {
		return nil, err
	}
	if deletion.State == idp.DeletionWaiting {
		return &web.MeState{Tone: "warning", Text: s.Pages.Text(r, "me.data.deletion", "at", s.Pages.Date(r, deletion.DueAt))}, nil
	}
	e, err := s.Exports.Of(r.Context(), accountID)
	switch {
	case err != nil:
		return nil, err
	case e.State == idp.ExportReady:
		return &web.MeState{Tone: "success", Text: s.Pages.Text(r, "me.data.ready", "at", s.Pages.Date(r, e.Until))}, nil
	case e.State == idp.ExportWaiting:
		return &web.MeState{Tone: "neutral", Text: s.Pages.Text(r, "data.waiting")}, nil
	}
	return nil, nil
}
