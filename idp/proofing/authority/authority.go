// Package authority asks a real-name source over HTTP. The protocol is our own and described in
// docs/integration/authority.md; a gateway in front of a register translates it.
package authority

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Config of a source.
type Config struct {
	Name   string // word in evidence records
	URL    string
	Token  string
	Client *outbound.Client
	Now    func() time.Time
	// Documents are the kinds that it knows; empty is the resident identity card alone.
	Documents []string
	// Code is what stands for a kind at this source; nil and an empty one send none.
	Code func(kind string) string
}

// Source implements proofing.Source with a breaker: after three silent calls none is made for 20 s, so that people are
// told at once instead of after a time-out.
type Source struct {
	cfg    Config
	mutex  sync.Mutex
	silent int
	until  time.Time
}

const (
	breakAfter = 3
	breakFor   = 20 * time.Second
)

// New returns a source.
func New(cfg Config) *Source { return &Source{cfg: cfg} }

// Name of the source.
func (s *Source) Name() string { return s.cfg.Name }

// Knows implements proofing.Source.
func (s *Source) Knows(kind string) bool {
	if len(s.cfg.Documents) == 0 {
		return kind == subject.CitizenID
	}
	return slices.Contains(s.cfg.Documents, kind)
}

type request struct {
	RequestID   string `json:"request_id"`
	Name        string `json:"name"`
	IDType      string `json:"id_type"`
	IDTypeCode  string `json:"id_type_code,omitempty"`
	IDNumber    string `json:"id_number"`
	Nationality string `json:"nationality,omitempty"`
	Birth       string `json:"birth_date,omitempty"`
	Expires     string `json:"expires_on,omitempty"`
	Mobile      string `json:"mobile,omitempty"`
}

type answer struct {
	RequestID string           `json:"request_id"`
	Result    proofing.Verdict `json:"result"`
}

// Ask sends one question. Everything but a well-formed answer to this very question is silence.
func (s *Source) Ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	s.mutex.Lock()
	paused := s.cfg.Now().Before(s.until)
	s.mutex.Unlock()
	if paused {
		return proofing.Answer{}, fmt.Errorf("%w: calls are paused", proofing.ErrSilent)
	}
	got, err := s.ask(ctx, q)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err == nil {
		s.silent = 0
		return got, nil
	}
	if s.silent++; s.silent >= breakAfter {
		s.silent, s.until = 0, s.cfg.Now().Add(breakFor)
	}
	return got, fmt.Errorf("%w: %w", proofing.ErrSilent, err)
}

func (s *Source) ask(ctx context.Context, q proofing.Query) (proofing.Answer, error) {
	code := ""
	if s.cfg.Code != nil {
		code = s.cfg.Code(q.IDType)
	}
	body, err := json.Marshal(request{q.RequestID, q.Name, q.IDType, code, q.IDNumber, q.Nationality, q.Birth, q.Expires, q.Mobile})
	if err != nil {
		return proofing.Answer{}, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + s.cfg.Token}}
	response, err := s.cfg.Client.Do(ctx, http.MethodPost, s.cfg.URL, header, body)
	if err != nil {
		return proofing.Answer{}, err
	}
	if response.Status != http.StatusOK {
		return proofing.Answer{}, fmt.Errorf("status %d", response.Status)
	}
	var a answer
	if err := json.Unmarshal(response.Body, &a); err != nil || a.RequestID != q.RequestID {
		return proofing.Answer{}, fmt.Errorf("answer cannot be used")
	}
	switch a.Result {
	case proofing.Match, proofing.Mismatch, proofing.MobileMismatch, proofing.Refused:
		return proofing.Answer{Verdict: a.Result, Digest: hex.EncodeToString(digest.SumParts(body, response.Body))}, nil
	}
	return proofing.Answer{}, fmt.Errorf("result %q", a.Result)
}
