package idphttp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
)

// registrationPath is the endpoint of dynamic registration; /register is the page on which people register.
const registrationPath = "/connect/register"

// maxMetadata bounds a document of client metadata.
const maxMetadata = 64 << 10

func (s *Server) registrationRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+registrationPath, s.registered(http.StatusCreated, func(r *http.Request, token string) (openplatform.Registered, error) {
		document, err := metadata(r)
		if err != nil {
			return openplatform.Registered{}, err
		}
		return s.Registration.Register(r.Context(), token, document)
	}))
	mux.HandleFunc("GET "+registrationPath+"/{client_id}", s.registered(http.StatusOK, func(r *http.Request, token string) (openplatform.Registered, error) {
		return s.Registration.Read(r.Context(), r.PathValue("client_id"), token)
	}))
	mux.HandleFunc("PUT "+registrationPath+"/{client_id}", s.registered(http.StatusOK, func(r *http.Request, token string) (openplatform.Registered, error) {
		document, err := metadata(r)
		if err != nil {
			return openplatform.Registered{}, err
		}
		return s.Registration.Change(r.Context(), r.PathValue("client_id"), token, document)
	}))
	mux.HandleFunc("DELETE "+registrationPath+"/{client_id}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Registration.Delete(r.Context(), r.PathValue("client_id"), bearerOf(r)); err != nil {
			s.registrationError(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	})
}

// bearerOf is the token of the Authorization header; one in the address is not read (O-60).
func bearerOf(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

func metadata(r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, oauth.NewError(http.StatusBadRequest, "invalid_client_metadata", "the body must be application/json")
	}
	document, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxMetadata))
	if err != nil {
		return nil, oauth.NewError(http.StatusBadRequest, "invalid_client_metadata", "the document is larger than 64 KiB")
	}
	return document, nil
}

// registered answers with a registration (RFC 7591 3.2.1). A change that waits for approval is accepted, not done: 202.
func (s *Server) registered(status int, act func(r *http.Request, token string) (openplatform.Registered, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, err := act(r, bearerOf(r))
		var answer map[string]any
		if err == nil {
			answer, err = s.registrationAnswer(done)
		}
		if err != nil {
			s.registrationError(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if done.Pending && r.Method == http.MethodPut {
			writeJSON(w, http.StatusAccepted, answer)
			return
		}
		writeJSON(w, status, answer)
	}
}

// Members of a registration that are the platform's own business.
var notShown = []string{"disabled", "portal_url", "statutory_basis", "sector"}

func (s *Server) registrationAnswer(done openplatform.Registered) (map[string]any, error) {
	raw, err := json.Marshal(done.Client)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	for _, name := range notShown {
		delete(answer, name)
	}
	for name, value := range answer {
		if value == nil || value == "" || value == 0.0 {
			delete(answer, name)
		}
	}
	answer["client_id_issued_at"] = done.IssuedAt.Unix()
	answer["registration_client_uri"] = s.Issuer + registrationPath + "/" + done.Client.ClientID
	answer["registration_access_token"] = done.Token
	if done.Secret != "" {
		answer["client_secret"] = done.Secret
	}
	if done.Client.HasSecret() {
		answer["client_secret_expires_at"] = 0
	}
	if done.Pending {
		answer["change_pending"] = true
	}
	return answer, nil
}

func (s *Server) registrationError(w http.ResponseWriter, r *http.Request, err error) {
	if refusal, ok := errors.AsType[*oauth.Error](err); ok && refusal.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="`+refusal.Code+`"`)
		r = r.Clone(r.Context())
		r.Header.Del("Authorization") // the challenge of client authentication does not fit here
	}
	s.oauthError(w, r, err)
}
