package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// The simulated inbox, in the sandbox only.

const inboxLength = 50

func (s *Server) inboxMessages(w http.ResponseWriter, r *http.Request) {
	messages, err := s.readInbox(r)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, map[string]any{"messages": messages})
}

func (s *Server) readInbox(r *http.Request) ([]authn.InboxMessage, error) {
	to := r.URL.Query().Get("to")
	if identifier, err := subject.ParseIdentifier(to); err == nil {
		to = identifier.Value
	}
	return s.Inbox.Inbox(r.Context(), to, inboxLength)
}

func (s *Server) inboxPage(w http.ResponseWriter, r *http.Request) error {
	messages, err := s.readInbox(r)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	body := web.InboxPage{To: r.URL.Query().Get("to")}
	for _, m := range messages {
		body.Messages = append(body.Messages, web.InboxMessage{To: m.To, Text: m.Text, Code: m.Code, At: m.At})
	}
	return s.Pages.Page(w, r, http.StatusOK, "inbox", web.Page{Identity: s.Identity(r), Body: body})
}
