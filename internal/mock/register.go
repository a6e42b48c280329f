package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// registerClient is the service client of the simulated register.
const registerClient = "mock-register"

// newRegister is a simulated register of people: what is posted to it goes on to the platform as its events, with a token of
// its own, and the platform's answer comes back.
func newRegister(platform, secret string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, registerSamples)
	})
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
		if err != nil {
			http.Error(w, "simulated register: too large", http.StatusRequestEntityTooLarge)
			return
		}
		status, answer, err := emit(r, platform, secret, content)
		if err != nil {
			http.Error(w, "simulated register: "+err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write(answer)
	})
	return mux
}

// registerSamples are one event of each type, about personas of the sandbox.
const registerSamples = `{"events":[
{"id":"1","type":"deceased","occurred_on":"2026-11-20","name":"李四","document":{"id_type":"citizen_id","id_number":"99990019800101001X"}},
{"id":"2","type":"death_reverted","name":"李四","document":{"id_type":"citizen_id","id_number":"99990019800101001X"}},
{"id":"3","type":"number_changed","name":"张三","document":{"id_type":"citizen_id","id_number":"11010519491231002X"},"new_number":"999900196002020069"},
{"id":"4","type":"name_changed","name":"张三","document":{"id_type":"citizen_id","id_number":"999900196002020069"},"new_name":"张三丰"},
{"id":"5","type":"document_revoked","document":{"id_type":"passport","id_number":"L898902C3","nationality":"GBR"}},
{"id":"6","type":"document_lost","document":{"id_type":"hk_macao_permit","id_number":"H1234567801"}},
{"id":"7","type":"organization_deregistered","unified_social_credit_code":"91350100M000100Y43"},
{"id":"8","type":"mobile_reassigned","occurred_on":"2026-11-20","mobile":"13800138001"}
]}
`

func emit(r *http.Request, platform, secret string, content []byte) (status int, answer []byte, err error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"register_feed"}}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, platform+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(registerClient, url.QueryEscape(secret))
	_, body, err := send(request)
	if err != nil {
		return 0, nil, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &token); err != nil || token.AccessToken == "" {
		return 0, nil, fmt.Errorf("no token")
	}
	request, err = http.NewRequestWithContext(r.Context(), http.MethodPost, platform+"/api/v1/register-events", bytes.NewReader(content))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return send(request)
}

func send(request *http.Request) (int, []byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, body, err
}
