// Package readersim is a card reader with its bridge, simulated: it sends the signed messages of
// docs/integration/counter-reader.md to a platform. Integrators meet it in `yinxin mock`, and so do end-to-end tests.
package readersim

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/readerkey"
)

// Reader is a simulated reader. Terminal is set when the platform has registered it.
type Reader struct {
	Platform string // base URL
	Terminal string
	Key      *readerkey.Key
	Client   *http.Client
	Now      func() time.Time
	Rand     io.Reader
}

// RefusedError is what the platform answered instead of taking a message.
type RefusedError struct {
	Status int
	Body   string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("readersim: the platform answered %d: %s", e.Status, e.Body)
}

// Put lays a card on the reader.
func (r *Reader) Put(ctx context.Context, card counter.Card) error {
	return r.tell(ctx, counter.EventCard, &card)
}

// Remove takes the card away.
func (r *Reader) Remove(ctx context.Context) error { return r.tell(ctx, counter.EventRemoved, nil) }

func (r *Reader) tell(ctx context.Context, event string, card *counter.Card) error {
	body, err := json.Marshal(counter.Message{Terminal: r.Terminal, Nonce: ident.Secret(r.Rand, 16), At: r.Now().UTC(), Event: event, Card: card})
	if err != nil {
		return err
	}
	signature, err := r.Key.Sign(append([]byte(counter.ReaderPurpose), body...))
	if err != nil {
		return err
	}
	return r.Send(ctx, body, base64.RawURLEncoding.EncodeToString(signature))
}

// Send posts the octets of a message as they are.
func (r *Reader) Send(ctx context.Context, body []byte, signature string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Platform+"/api/v1/counter-readings", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Yinxin-Reader-Signature", signature)
	answer, err := r.Client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusNoContent {
		return &RefusedError{answer.StatusCode, string(text)}
	}
	return nil
}
