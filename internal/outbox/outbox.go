// Package outbox delivers the messages that changes left behind: at least once, with growing pauses, and with a receipt.
//
// A message is stored in the transaction of its change (package audit), so it exists if and only if the change does. A
// worker leases a due message, hands it to the handler of its topic, and settles it. A worker that dies loses its lease
// and the message is delivered again, so handlers must bear a repetition. Messages of one topic and key are delivered in
// the order in which they were stored; a message that cannot be delivered for about a day is set aside as dead.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Delivery is a leased message.
type Delivery struct {
	ID       string
	Topic    string
	Key      string
	Payload  []byte
	Attempt  int // from 1
	StoredAt time.Time
}

// States of a message.
const (
	Waiting = "waiting"
	Done    = "done"
	Dead    = "dead" // given up
)

// Receipt is how far a message came.
type Receipt struct {
	State     string
	Attempts  int
	StoredAt  time.Time
	SettledAt time.Time // zero while it waits
	DueAt     time.Time // of the next attempt
}

// Handler delivers one message. An error means: try again later, unless it is ErrGiveUp.
type Handler func(ctx context.Context, d Delivery) error

// Queue is the stored side; outboxdb implements it.
type Queue interface {
	// Lease claims the next due message for the time given; nil when none is due.
	Lease(ctx context.Context, now time.Time, lease time.Duration) (*Delivery, error)
	// Done settles a delivered message.
	Done(ctx context.Context, id string, now time.Time) error
	// Later puts a failed message back; dead sets it aside for good.
	Later(ctx context.Context, id string, now, next time.Time, why string, dead bool) error
}

// Config of a worker.
type Config struct {
	Queue    Queue
	Handlers map[string]Handler // by topic
	Now      func() time.Time
	Log      *slog.Logger
	Interval time.Duration // pause when nothing is due; 500 ms when zero
	Workers  int           // 4 when zero
}

// Worker delivers until its context ends.
type Worker struct {
	cfg  Config
	wake chan struct{}
}

// New returns a worker; Run starts it.
func New(cfg Config) *Worker {
	if cfg.Interval == 0 {
		cfg.Interval = 500 * time.Millisecond
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	return &Worker{cfg: cfg, wake: make(chan struct{}, 1)}
}

// Wake makes an idle worker look at once; call it after storing a message that is due now.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

const (
	leaseTime   = 30 * time.Second
	maxAttempts = 24
)

// Pause is the time before attempt n+1: it doubles from 1 s up to 2 h, about 24 h over all attempts.
func Pause(attempt int) time.Duration {
	pause := time.Second << min(max(attempt-1, 0), 13)
	return min(pause, 2*time.Hour)
}

// Run delivers until ctx ends and returns when deliveries in progress have ended.
func (w *Worker) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range w.cfg.Workers {
		group.Go(func() { w.loop(ctx) })
	}
	group.Wait()
}

func (w *Worker) loop(ctx context.Context) {
	idle := time.NewTimer(0)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
		case <-w.wake:
		}
		for ctx.Err() == nil && w.Step(ctx) {
		}
		idle.Reset(w.cfg.Interval)
	}
}

// Step delivers at most one message and reports whether there was one.
func (w *Worker) Step(ctx context.Context) bool {
	delivery, err := w.cfg.Queue.Lease(ctx, w.cfg.Now(), leaseTime)
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Log.WarnContext(ctx, "outbox lease failed", "error", err)
		}
		return false
	}
	if delivery == nil {
		return false
	}
	handler, known := w.cfg.Handlers[delivery.Topic]
	if !known {
		w.settle(ctx, delivery, errUnknownTopic)
		return true
	}
	bounded, cancel := context.WithTimeout(ctx, leaseTime-5*time.Second)
	defer cancel()
	w.settle(ctx, delivery, handle(bounded, handler, *delivery))
	return true
}

// handle turns a panic of the handler into a failed delivery: one message must not end the process.
func handle(ctx context.Context, handler Handler, d Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v", p)
		}
	}()
	return handler(ctx, d)
}

// ErrGiveUp, wrapped in a handler's error, sets the message aside at once: another attempt cannot help.
const ErrGiveUp = topicError("given up")

type topicError string

func (e topicError) Error() string { return string(e) }

const errUnknownTopic = topicError("no handler for this topic")

func (w *Worker) settle(ctx context.Context, d *Delivery, failure error) {
	settle := context.WithoutCancel(ctx)
	now := w.cfg.Now()
	var err error
	if failure == nil {
		err = w.cfg.Queue.Done(settle, d.ID, now)
	} else {
		dead := d.Attempt >= maxAttempts || errors.Is(failure, ErrGiveUp)
		w.cfg.Log.WarnContext(ctx, "outbox delivery failed", "topic", d.Topic, "attempt", d.Attempt, "dead", dead, "error", failure)
		err = w.cfg.Queue.Later(settle, d.ID, now, now.Add(Pause(d.Attempt)), failure.Error(), dead)
	}
	if err != nil {
		w.cfg.Log.WarnContext(ctx, "outbox settle failed", "topic", d.Topic, "error", err)
	}
}
