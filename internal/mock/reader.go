package mock

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/readersim"
	"github.com/yinxin-gov/yinxin/keys/readerkey"
)

// clerkPersona works at the mock's counter; a supervisor looks at what the clerk did. They sign in at /staff/login and
// add an authenticator first: the counter needs two factors.
var (
	clerkPersona = app.Persona{Identifier: "13900139001", Name: "赵一", IAL: 2, Roles: []string{counter.RoleClerk}}
	chiefPersona = app.Persona{Identifier: "13900139003", Name: "周四", IAL: 2, Roles: []string{counter.RoleSupervisor}}
)

// Counter is the terminal of the mock: its code puts a browser into service as that terminal, once, within 15 minutes.
type Counter struct {
	TerminalID string `json:"terminal_id"`
	Code       string `json:"code"`
}

// newReader registers a terminal with a simulated reader, and serves the reader: what is posted to /card lies on it, POST /removed
// takes it away.
func newReader(ctx context.Context, platform *app.App, address string) (http.Handler, Counter, error) {
	key, err := readerkey.New(rand.Reader)
	if err != nil {
		return nil, Counter{}, err
	}
	public, err := key.Public()
	if err != nil {
		return nil, Counter{}, err
	}
	id, code, err := platform.AddCounterTerminal(ctx, "模拟窗口", public)
	if err != nil {
		return nil, Counter{}, err
	}
	reader := &readersim.Reader{Platform: address, Terminal: id, Key: key, Client: &http.Client{Timeout: 10 * time.Second}, Now: time.Now, Rand: rand.Reader}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /card", func(w http.ResponseWriter, r *http.Request) {
		card := counter.Card{Kind: subject.CitizenID, Name: "王小明", Number: "110101199003072316", Birth: "1990-03-07", From: "2020-03-01", To: "2040-03-01"}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, counter.MaxMessage)).Decode(&card)
		if err != nil && !errors.Is(err, io.EOF) {
			http.Error(w, "simulated reader: "+err.Error(), http.StatusBadRequest)
			return
		}
		passOn(w, reader.Put(r.Context(), card))
	})
	mux.HandleFunc("POST /removed", func(w http.ResponseWriter, r *http.Request) { passOn(w, reader.Remove(r.Context())) })
	return mux, Counter{id, code}, nil
}

// passOn answers as the platform did.
func passOn(w http.ResponseWriter, err error) {
	if refused, ok := errors.AsType[*readersim.RefusedError](err); ok {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(refused.Status)
		io.WriteString(w, refused.Body)
		return
	}
	if err != nil {
		http.Error(w, "simulated reader: "+err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
