package idphttp

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/web"
)

// The simulated inbox, in the sandbox only.

const inboxLength = 50

// answerKeys are what the page offers as answers to a call and to an SMS.
var answerKeys = map[string][]string{channel.Voice: {"1", "2"}, channel.Mobile: {"Y", "N", "T"}}

// inboxReply answers a message as its person would, for programs: a JSON object of message and answer.
func (s *Server) inboxReply(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Message string `json:"message"`
		Answer  string `json:"answer"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&in)
	if err != nil {
		err = fault.Wrap(err, fault.Malformed)
	} else {
		err = s.Reply(r.Context(), in.Message, in.Answer)
	}
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// inboxAnswer is inboxReply for the page.
func (s *Server) inboxAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := s.Reply(r.Context(), r.PostFormValue("message"), r.PostFormValue("inbox-answer")); err != nil {
		return err
	}
	return see(w, r, "/inbox?"+url.Values{"to": {r.PostFormValue("to")}}.Encode())
}

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
		body.Messages = append(body.Messages, web.InboxMessage{ID: m.ID, To: m.To, Text: m.Text, Code: m.Code, At: m.At, Keys: answerKeys[m.Answers]})
	}
	return s.Pages.Page(w, r, http.StatusOK, "inbox", web.Page{Identity: s.Identity(r), Body: body})
}
