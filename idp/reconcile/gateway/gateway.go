// Package gateway asks a population or organisation register over HTTP. The protocol is our own and described in
// docs/integration/registers.md; a gateway in front of a register translates it.
package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// Config of a register.
type Config struct {
	URL    string
	Token  string
	Client *outbound.Client
}

// Register implements reconcile.Register.
type Register struct{ cfg Config }

// New returns a register.
func New(cfg Config) *Register { return &Register{cfg} }

type question struct {
	RequestID string `json:"request_id"`
	Name      string `json:"name"`
	IDType    string `json:"id_type"`
	IDNumber  string `json:"id_number"`
}

type answer struct {
	RequestID string           `json:"request_id"`
	Result    reconcile.Result `json:"result"`
}

// Ask sends one question. Everything but a well-formed answer to this very question is silence.
func (r *Register) Ask(ctx context.Context, q reconcile.Question) (reconcile.Result, error) {
	body, err := json.Marshal(question{q.RequestID, q.Name, q.IDType, q.IDNumber})
	if err != nil {
		return reconcile.NoAnswer, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + r.cfg.Token}}
	response, err := r.cfg.Client.Do(ctx, http.MethodPost, r.cfg.URL, header, body)
	if err != nil {
		return reconcile.NoAnswer, err
	}
	if response.Status != http.StatusOK {
		return reconcile.NoAnswer, fmt.Errorf("status %d", response.Status)
	}
	var a answer
	if err := json.Unmarshal(response.Body, &a); err != nil || a.RequestID != q.RequestID {
		return reconcile.NoAnswer, fmt.Errorf("answer cannot be used")
	}
	switch a.Result {
	case reconcile.Confirmed, reconcile.Changed, reconcile.Deceased, reconcile.Unknown:
		return a.Result, nil
	}
	return reconcile.NoAnswer, fmt.Errorf("answer cannot be used")
}
