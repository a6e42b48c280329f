package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

var ctx = context.Background()

// office is a queue with a clock and what was delivered.
type office struct {
	db    *sqldb.DB
	queue *outboxdb.Queue
	log   bytes.Buffer

	mutex sync.Mutex
	at    time.Time
	seen  []outbox.Delivery
}

func each(t *testing.T, run func(t *testing.T, o *office)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			run(t, &office{db: db, queue: outboxdb.New(db), at: start})
		})
	}
}

func (o *office) now() time.Time {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.at
}

func (o *office) advance(d time.Duration) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.at = o.at.Add(d)
}

func (o *office) deliveries() []outbox.Delivery {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return append([]outbox.Delivery(nil), o.seen...)
}

func (o *office) store(t testing.TB, messages ...audit.Message) {
	t.Helper()
	e := audit.Event{Type: "made", At: o.now(), Actor: "system:test", ObjectType: "thing", ObjectID: "x"}
	if err := o.db.Write(ctx, func(tx sqldb.Tx) error { return auditdb.Append(ctx, tx, audit.With(e).And(messages...)) }); err != nil {
		t.Fatal(err)
	}
}

// worker delivers to a handler that answers as the test wants.
func (o *office) worker(answer func(d outbox.Delivery) error) *outbox.Worker {
	return outbox.New(outbox.Config{Queue: o.queue, Now: o.now, Log: slog.New(slog.NewTextHandler(&o.log, nil)), Interval: 20 * time.Millisecond, Handlers: map[string]outbox.Handler{
		"topic": func(_ context.Context, d outbox.Delivery) error {
			o.mutex.Lock()
			o.seen = append(o.seen, d)
			o.mutex.Unlock()
			return answer(d)
		}}})
}

func fine(outbox.Delivery) error { return nil }

func (o *office) counts(t testing.TB) (waiting, dead int64) {
	t.Helper()
	waiting, dead, err := o.queue.Waiting(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return waiting, dead
}

func TestDeliveredMessageIsSettled(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte(`{"a":1}`)})
		w := o.worker(fine)
		if !w.Step(ctx) || w.Step(ctx) {
			t.Error("one message, another number of deliveries")
		}
		if seen := o.deliveries(); len(seen) != 1 || seen[0].Topic != "topic" || seen[0].Key != "k" || string(seen[0].Payload) != `{"a":1}` || seen[0].Attempt != 1 || !seen[0].StoredAt.Equal(start) || seen[0].ID == "" {
			t.Errorf("%+v", seen)
		}
		o.advance(365 * 24 * time.Hour)
		if w.Step(ctx) {
			t.Error("a settled message came again")
		}
		if waiting, dead := o.counts(t); waiting != 0 || dead != 0 {
			t.Errorf("%d waiting, %d dead", waiting, dead)
		}
	})
}

func TestFailedMessageComesAgainWithGrowingPausesAndIsSetAside(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte("1")}, audit.Message{Topic: "topic", Key: "k", Payload: []byte("2")})
		w := o.worker(func(d outbox.Delivery) error {
			if string(d.Payload) == "1" {
				return errors.New("the other side is away")
			}
			return nil
		})
		attempts := 0
		for w.Step(ctx) {
			attempts++
			if attempts > 30 {
				break
			}
			pause := outbox.Pause(attempts)
			if _, dead := o.counts(t); dead == 1 {
				break
			}
			o.advance(pause - time.Millisecond)
			if w.Step(ctx) {
				t.Fatalf("attempt %d came before its pause of %s was over, or the second message overtook the first", attempts+1, pause)
			}
			o.advance(time.Millisecond)
		}
		if attempts != 24 || o.now().Sub(start) < 20*time.Hour || o.now().Sub(start) > 30*time.Hour {
			t.Errorf("set aside after %d attempts and %s", attempts, o.now().Sub(start))
		}
		if !w.Step(ctx) { // the next of the key goes on
			t.Error("a dead message holds up the next one")
		}
		if waiting, dead := o.counts(t); waiting != 0 || dead != 1 {
			t.Errorf("%d waiting, %d dead", waiting, dead)
		}
		var state, why string
		if err := o.db.Read().QueryRowContext(ctx, "SELECT state, last_error FROM outbox_message WHERE payload = '1'").Scan(&state, &why); err != nil || state != "dead" || why != "the other side is away" {
			t.Errorf("%s %s %v", state, why, err)
		}
	})
}

func TestGivenUpMessageIsSetAsideAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte("1")}, audit.Message{Topic: "topic", Key: "k", Payload: []byte("2")})
		w := o.worker(func(d outbox.Delivery) error {
			if string(d.Payload) == "1" {
				return fmt.Errorf("%w: the code expired", outbox.ErrGiveUp)
			}
			return nil
		})
		for step, want := range []bool{true, true, false} {
			if w.Step(ctx) != want {
				t.Errorf("step %d: the next message of the key does not go on", step)
			}
		}
		if waiting, dead := o.counts(t); waiting != 0 || dead != 1 {
			t.Errorf("%d waiting, %d dead", waiting, dead)
		}
	})
}

func TestPausesGrowFromASecondToTwoHours(t *testing.T) {
	if outbox.Pause(0) != time.Second || outbox.Pause(1) != time.Second || outbox.Pause(2) != 2*time.Second || outbox.Pause(5) != 16*time.Second || outbox.Pause(14) != 2*time.Hour || outbox.Pause(1000) != 2*time.Hour {
		t.Error("pauses")
	}
	for n := 1; n < 40; n++ {
		if outbox.Pause(n+1) < outbox.Pause(n) {
			t.Errorf("pause %d is shorter than the one before", n+1)
		}
	}
}

func TestF12DeadWorkersMessageIsDeliveredAgain(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte("1")})
		if d, err := o.queue.Lease(ctx, o.now(), 30*time.Second); err != nil || d == nil {
			t.Fatal(err) // a worker that dies now
		}
		w := o.worker(fine)
		if w.Step(ctx) {
			t.Error("two workers hold one message")
		}
		o.advance(31 * time.Second)
		if !w.Step(ctx) || o.deliveries()[0].Attempt != 2 {
			t.Errorf("%+v", o.deliveries())
		}
	})
}

func TestPanicOfAHandlerIsAFailedDelivery(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte("1")}, audit.Message{Topic: "unknown", Key: "k", Payload: []byte("2")})
		w := o.worker(func(outbox.Delivery) error { panic("broken handler") })
		for range 2 {
			if !w.Step(ctx) {
				t.Fatal("no delivery")
			}
		}
		if waiting, dead := o.counts(t); waiting != 2 || dead != 0 {
			t.Errorf("%d waiting, %d dead", waiting, dead)
		}
		if log := o.log.String(); !strings.Contains(log, "broken handler") || !strings.Contains(log, "no handler for this topic") {
			t.Errorf("log: %s", log)
		}
		o.advance(2 * time.Second)
		if healthy := o.worker(fine); !healthy.Step(ctx) {
			t.Error("it did not come again")
		}
	})
}

func TestHandlerHasLessTimeThanItsLease(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.store(t, audit.Message{Topic: "topic", Key: "k", Payload: []byte("1")})
		var left time.Duration
		w := outbox.New(outbox.Config{Queue: o.queue, Now: o.now, Log: slog.New(slog.DiscardHandler), Handlers: map[string]outbox.Handler{"topic": func(ctx context.Context, _ outbox.Delivery) error {
			deadline, ok := ctx.Deadline()
			if ok {
				left = time.Until(deadline)
			}
			return nil
		}}})
		w.Step(ctx)
		if left <= 0 || left >= 30*time.Second {
			t.Errorf("a handler has %s", left)
		}
	})
}

func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		const n = 20
		for i := range n {
			o.store(t, audit.Message{Topic: "topic", Key: fmt.Sprint(i), Payload: []byte(fmt.Sprint(i))})
		}
		running, stop := context.WithCancel(ctx)
		inside, release := make(chan struct{}, n), make(chan struct{})
		w := o.worker(func(outbox.Delivery) error {
			inside <- struct{}{}
			<-release
			return nil
		})
		done := make(chan struct{})
		go func() { w.Run(running); close(done) }()
		for range 4 {
			<-inside
		}
		stop()
		close(release)
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatal("it does not stop")
		}
		seen := int64(len(o.deliveries()))
		if waiting, _ := o.counts(t); waiting != n-seen {
			t.Errorf("%d were delivered, yet %d of %d wait: a receipt is missing", seen, waiting, n)
		}
	})
}

func TestManyWorkersDeliverEachOnceAndInOrder(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		const keys, each = 5, 8
		for n := range each {
			for k := range keys {
				o.store(t, audit.Message{Topic: "topic", Key: fmt.Sprint(k), Payload: []byte(fmt.Sprint(n))})
			}
			o.advance(time.Millisecond)
		}
		running, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		for range 3 { // three nodes of four workers
			w := o.worker(fine)
			group.Go(func() { w.Run(running) })
			w.Wake()
		}
		for range 1000 {
			if waiting, _ := o.counts(t); waiting == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		group.Wait()
		next := map[string]int{}
		for _, d := range o.deliveries() {
			if string(d.Payload) != fmt.Sprint(next[d.Key]) {
				t.Errorf("key %s: %s came when %d was next", d.Key, d.Payload, next[d.Key])
			}
			next[d.Key]++
		}
		for k := range keys {
			if next[fmt.Sprint(k)] != each {
				t.Errorf("key %d: %d of %d", k, next[fmt.Sprint(k)], each)
			}
		}
	})
}

// silent is a queue that fails.
type silent struct{ outbox.Queue }

func (silent) Lease(context.Context, time.Time, time.Duration) (*outbox.Delivery, error) {
	return nil, errors.New("no database")
}

func TestQueueThatFailsIsLoggedAndTriedLater(t *testing.T) {
	var log bytes.Buffer
	w := outbox.New(outbox.Config{Queue: silent{}, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if w.Step(ctx) || !strings.Contains(log.String(), "no database") {
		t.Errorf("log: %s", log.String())
	}
}
