package idphttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func withdrawURL(clientID string) string {
	return "/me/consents/withdrawal?" + url.Values{"client": {clientID}}.Encode()
}

// withdrawConsent ends what the signed-in person allowed an application: its refresh tokens and access tokens end with it
// (O-37). Withdrawing twice, or what was never given, changes nothing and is no error.
func (s *Server) withdrawConsent(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return toLogin(w, r, "/me")
	}
	client := r.URL.Query().Get("client")
	if client == "" || len(client) > 128 {
		return fault.New(fault.Malformed)
	}
	if err := s.Engine.WithdrawConsent(r.Context(), current.AccountID, client); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return see(w, r, "/me")
}
