// Package simulated is what the simulated sources of the sandbox have in common: who may ask, the bound on a question, and the magic
// names that keep any of them silent. What a source answers otherwise is its own matter. docs/integration/sandbox.md is the guide.
package simulated

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Magic names steer the answer of every simulated source, whatever the number is: each is another kind of silence.
const (
	NameSlow    = "超时" // no answer in time
	NameBroken  = "故障" // an error
	NameGarbage = "乱码" // an answer that cannot be read
)

// maxQuestion bounds what is read of a question.
const maxQuestion = 64 << 10

// Source is a simulated source.
type Source struct {
	What  string // "authority", for people who ask it in a wrong way
	Token string
	// Slow is how long it keeps silent for NameSlow: longer than any client waits.
	Slow time.Duration
}

// Handler answers POST requests that carry the token. answer makes the members of an answer; nil fails, which is silence to whoever
// asked. The members request_id and simulated are added.
func Handler[Q any](s Source, answer func(q Q, r *http.Request) map[string]any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+s.Token {
			http.Error(w, "simulated "+s.What+": POST with the token", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
		var q Q
		var about struct {
			RequestID string `json:"request_id"`
			Name      string `json:"name"`
		}
		if err != nil || json.Unmarshal(body, &q) != nil || json.Unmarshal(body, &about) != nil {
			http.Error(w, "simulated "+s.What+": not JSON", http.StatusBadRequest)
			return
		}
		switch about.Name {
		case NameSlow:
			select {
			case <-time.After(s.Slow):
			case <-r.Context().Done():
			}
			return
		case NameBroken:
			broken(w)
			return
		case NameGarbage:
			w.Write([]byte(`{"request_id": "` + about.RequestID + `", "result": tru`))
			return
		}
		a := answer(q, r)
		if a == nil {
			broken(w)
			return
		}
		a["request_id"], a["simulated"] = about.RequestID, true
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a)
	})
}

func broken(w http.ResponseWriter) {
	http.Error(w, "simulated failure", http.StatusInternalServerError)
}
