package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/translog"
)

// Server answers a log that asks for cosignatures (C2SP tlog-witness): POST /add-checkpoint. It fetches nothing, so that Witness.Log needs neither
// address nor client. One process alone uses the file of a witness.
type Server struct {
	Witness Witness
	Now     func() time.Time
	// Forked is told of a signed checkpoint of the same size as the one that was seen, with another root: two histories that the log signed. It may be nil.
	Forked func(seen, shown []byte)
	// Failed is told why a request was answered with 500. It may be nil.
	Failed func(error)

	mutex sync.Mutex // what was seen is read, compared and replaced by one request at a time
}

// AskPath is where a witness is asked, below its address.
const AskPath = "/add-checkpoint"

// ServeHTTP implements http.Handler. It answers 200 with the line of the cosignature; 400 for what is no request, 404 for another log, 403 for one that is not signed by
// it, 409 with the size that was seen when the request goes on from another one, 422 for a proof that does not hold, and 500 when it cannot remember.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != AskPath:
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "use POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, translog.MaxAsk))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	answer := s.answer(body)
	if answer.status == http.StatusInternalServerError && s.Failed != nil {
		s.Failed(answer.err)
	}
	if answer.err != nil {
		http.Error(w, answer.err.Error(), answer.status)
		return
	}
	media := "text/plain; charset=utf-8"
	if answer.status == http.StatusConflict {
		media = "text/x.tlog.size"
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // whoever went away asks again
}

type reply struct {
	status int
	body   []byte
	err    error
}

func (s *Server) answer(body []byte) reply {
	ask, err := translog.ParseAsk(body)
	if err != nil {
		return reply{status: http.StatusBadRequest, err: err}
	}
	opened, err := translog.Policy{Log: s.Witness.Log.Keys}.Open(ask.Note)
	switch {
	case errors.Is(err, translog.ErrStranger) && !slices.ContainsFunc(s.Witness.Log.Keys, func(k translog.Key) bool { return k.Name() == opened.Origin }):
		return reply{status: http.StatusNotFound, err: fmt.Errorf("witness: the log %q is not witnessed here", opened.Origin)}
	case errors.Is(err, translog.ErrSignature):
		return reply{status: http.StatusForbidden, err: err}
	case err != nil:
		return reply{status: http.StatusBadRequest, err: err}
	case ask.Old > opened.Size, opened.Size == 0:
		return reply{status: http.StatusBadRequest, err: fmt.Errorf("witness: from %d to %d", ask.Old, opened.Size)}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	seen, before, err := Load(s.Witness.File)
	if err == nil && before && seen.Origin != opened.Origin {
		err = fmt.Errorf("%w: it is that of %q", ErrState, seen.Origin)
	}
	if err != nil {
		return reply{status: http.StatusInternalServerError, err: err}
	}
	other := reply{status: http.StatusConflict, body: fmt.Appendf(nil, "%d\n", seen.Size)}
	hasher := s.Witness.Log.Hasher
	switch {
	case ask.Old != seen.Size:
		return other
	case ask.Old == opened.Size && !bytes.Equal(seen.Root, opened.Root):
		if s.Forked != nil {
			s.Forked(seen.Note, ask.Note)
		}
		return other
	case !before:
		seen.Root = hasher.EmptyRoot()
	}
	if err := hasher.VerifyConsistency(ask.Old, opened.Size, ask.Proof, seen.Root, opened.Root); err != nil {
		return reply{status: http.StatusUnprocessableEntity, err: err}
	}
	_, line, err := s.Witness.sign(opened.Checkpoint, ask.Note, s.Now())
	if err != nil {
		return reply{status: http.StatusInternalServerError, err: err}
	}
	return reply{status: http.StatusOK, body: line}
}
