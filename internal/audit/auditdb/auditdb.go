// Package auditdb stores audit records inside the transaction of the change they belong to and checks the chains.
//
// Each lane is a chain: link n = SM3(lane, n, link n-1, event n). The tail of a lane is a row that the transaction
// updates, so a lane is written by one change at a time and an event that is removed, altered, inserted or moved breaks
// the chain at its number. What this cannot show is a tail that was cut together with its row, or a chain that was
// computed anew as a whole; signed checkpoints kept elsewhere show that (security rows U-01, U-03).
package auditdb

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the audit log.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "audit", Files: sub}
}

// Append stores the record's events and messages inside a change. A record without an event is refused: no audit, no action.
func Append(ctx context.Context, tx sqldb.Tx, record audit.Record) error {
	t, err := newTrail(record)
	if err != nil {
		return err
	}
	if err := sqldb.WriteTrails(ctx, tx, t); err != nil {
		return fmt.Errorf("auditdb: append %s: %w", record.Events[0].Type, err)
	}
	return nil
}

// Apply stores a change that is a list of statements together with its record; errors are those of [sqldb.DB.Apply].
func Apply(ctx context.Context, db *sqldb.DB, record audit.Record, steps ...sqldb.Step) error {
	t, err := newTrail(record)
	if err != nil {
		return err
	}
	return db.Apply(ctx, t, steps...)
}

// Break is the first place where a chain does not hold.
type Break struct {
	Lane   int
	Number int64
	Why    string
}

// Verify walks every lane and returns the number of events and the first break of each broken lane. It may run while
// events are being added.
func Verify(ctx context.Context, q sqldb.Queryer) (events int64, breaks []Break, err error) {
	for lane := range audit.Lanes {
		n, broken, err := verifyLane(ctx, q, lane)
		if err != nil {
			return 0, nil, fmt.Errorf("auditdb: verify lane %d: %w", lane, err)
		}
		events += n
		if broken != nil {
			breaks = append(breaks, *broken)
		}
	}
	stray, err := strayLanes(ctx, q)
	if err != nil {
		return 0, nil, fmt.Errorf("auditdb: verify: %w", err)
	}
	return events, append(breaks, stray...), nil
}

// tailOf reads where a lane ends; number 0 when it has none.
func tailOf(ctx context.Context, q sqldb.Queryer, lane int) (number int64, link []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT number, link FROM audit_lane WHERE lane = $1", lane).Scan(&number, &link)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil, nil
	}
	return number, link, err
}

// verifyLane reads the tail before and after the events: what was added meanwhile lies between the two.
func verifyLane(ctx context.Context, q sqldb.Queryer, lane int) (int64, *Break, error) {
	tail, tailLink, err := tailOf(ctx, q, lane)
	if err != nil {
		return 0, nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT number, at, type, object_type, object_id, body, link FROM audit_event WHERE lane = $1 ORDER BY number", lane)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	var count int64
	previous := []byte{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.number, &r.at, &r.kind, &r.objectType, &r.objectID, &r.body, &r.link); err != nil {
			return 0, nil, err
		}
		count++
		if why := r.wrong(lane, count, previous); why != "" {
			return count, &Break{lane, count, why}, nil
		}
		if previous = r.link; count == tail && !bytes.Equal(tailLink, previous) {
			return count, &Break{lane, count, "the tail of the lane is of another event"}, nil
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, err
	}
	rows.Close()
	last, _, err := tailOf(ctx, q, lane)
	switch {
	case err != nil:
		return 0, nil, err
	case last == 0 && count > 0:
		return count, &Break{lane, count, "the tail of the lane is missing"}, nil
	case count < tail:
		return count, &Break{lane, count + 1, "events at the end are missing"}, nil
	case count > last:
		return count, &Break{lane, last + 1, "an event was put behind the tail"}, nil
	}
	return count, nil, nil
}

// row is a stored event.
type row struct {
	number, at                       int64
	kind, objectType, objectID, body string
	link                             []byte
}

// wrong says what does not hold of the event at a place of the chain. The columns that serve searches are no part of the
// link, so they are compared with the body: a column that was changed would hide an event from whoever looks for it.
func (r row) wrong(lane int, number int64, previous []byte) string {
	if r.number != number {
		return "an event is missing"
	}
	if !bytes.Equal(r.link, audit.Link(lane, number, previous, []byte(r.body))) {
		return "the event or one before it was changed"
	}
	event, err := audit.Decode([]byte(r.body))
	if err != nil || event.Type != r.kind || event.ObjectType != r.objectType || event.ObjectID != r.objectID || sqldb.Micros(event.At) != r.at {
		return "the columns of the event were changed"
	}
	if audit.LaneOf(event) != lane {
		return "the event belongs to another lane"
	}
	return ""
}

// strayLanes names events in lanes that do not exist.
func strayLanes(ctx context.Context, q sqldb.Queryer) ([]Break, error) {
	rows, err := q.QueryContext(ctx, "SELECT lane, MIN(number) FROM audit_event WHERE lane < 0 OR lane >= $1 GROUP BY lane ORDER BY lane LIMIT 100", audit.Lanes)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var breaks []Break
	for rows.Next() {
		b := Break{Why: "there is no such lane"}
		if err := rows.Scan(&b.Lane, &b.Number); err != nil {
			return nil, err
		}
		breaks = append(breaks, b)
	}
	return breaks, rows.Err()
}

// Entry is a stored event with its place in the chain.
type Entry struct {
	Lane   int
	Number int64
	Event  audit.Event
}

// OfObject lists the events of one object in their order, at most limit of them after the given number.
func OfObject(ctx context.Context, q sqldb.Queryer, objectType, objectID string, after int64, limit int) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, `SELECT lane, number, body FROM audit_event
		WHERE object_type = $1 AND object_id = $2 AND number > $3 ORDER BY number LIMIT $4`, objectType, objectID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("auditdb: list events: %w", err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var body string
		if err := rows.Scan(&e.Lane, &e.Number, &body); err != nil {
			return nil, fmt.Errorf("auditdb: list events: %w", err)
		}
		if e.Event, err = audit.Decode([]byte(body)); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Stored is an event as it stands in its chain.
type Stored struct {
	Lane   int
	Number int64
	Link   []byte
	Body   []byte
}

// Each visits every event, lane by lane in the order of the chains, without holding them in memory.
func Each(ctx context.Context, q sqldb.Queryer, visit func(Stored) error) error {
	for lane := range audit.Lanes {
		if err := eachOf(ctx, q, lane, visit); err != nil {
			return fmt.Errorf("auditdb: read lane %d: %w", lane, err)
		}
	}
	return nil
}

func eachOf(ctx context.Context, q sqldb.Queryer, lane int, visit func(Stored) error) error {
	rows, err := q.QueryContext(ctx, "SELECT number, body, link FROM audit_event WHERE lane = $1 ORDER BY number", lane)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		s := Stored{Lane: lane}
		var body string
		if err := rows.Scan(&s.Number, &body, &s.Link); err != nil {
			return err
		}
		s.Body = []byte(body)
		if err := visit(s); err != nil {
			return err
		}
	}
	return rows.Err()
}
