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
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
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

// Append stores the record's events and messages. A record without an event is refused: no audit, no action.
func Append(ctx context.Context, tx sqldb.Tx, record audit.Record) error {
	if len(record.Events) == 0 {
		return errors.New("auditdb: a change without an audit event")
	}
	for _, event := range record.Events {
		if err := appendEvent(ctx, tx, event); err != nil {
			return fmt.Errorf("auditdb: append %s: %w", event.Type, err)
		}
	}
	return outboxdb.Enqueue(ctx, tx, record.Events[0].At, record.Messages)
}

func appendEvent(ctx context.Context, tx sqldb.Tx, event audit.Event) error {
	body, err := audit.Encode(event)
	if err != nil {
		return err
	}
	lane := audit.LaneOf(event)
	var number int64
	var previous []byte
	err = tx.QueryRowContext(ctx, `INSERT INTO audit_lane (lane, number, link) VALUES ($1, 1, $2)
		ON CONFLICT (lane) DO UPDATE SET number = audit_lane.number + 1 RETURNING number, link`, lane, []byte{}).Scan(&number, &previous)
	if err != nil {
		return err
	}
	link := audit.Link(lane, number, previous, body)
	if _, err := tx.ExecContext(ctx, "UPDATE audit_lane SET link = $1 WHERE lane = $2", link, lane); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit_event (lane, number, at, type, object_type, object_id, body, link)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		lane, number, sqldb.Micros(event.At), event.Type, event.ObjectType, event.ObjectID, string(body), link)
	return err
}

// Break is the first place where a chain does not hold.
type Break struct {
	Lane   int
	Number int64
	Why    string
}

// Verify walks every lane and returns the number of events and the first break of each broken lane.
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
	return events, breaks, nil
}

func verifyLane(ctx context.Context, q sqldb.Queryer, lane int) (int64, *Break, error) {
	rows, err := q.QueryContext(ctx, "SELECT number, body, link FROM audit_event WHERE lane = $1 ORDER BY number", lane)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	var count int64
	previous := []byte{}
	for rows.Next() {
		var number int64
		var body string
		var link []byte
		if err := rows.Scan(&number, &body, &link); err != nil {
			return 0, nil, err
		}
		count++
		if number != count {
			return count, &Break{lane, count, "an event is missing"}, nil
		}
		if !bytes.Equal(link, audit.Link(lane, number, previous, []byte(body))) {
			return count, &Break{lane, number, "the event or one before it was changed"}, nil
		}
		previous = link
	}
	if err := rows.Err(); err != nil {
		return 0, nil, err
	}
	var tail int64
	var link []byte
	err = q.QueryRowContext(ctx, "SELECT number, link FROM audit_lane WHERE lane = $1", lane).Scan(&tail, &link)
	switch {
	case errors.Is(err, sqldb.ErrNoRows) && count == 0:
		return 0, nil, nil
	case errors.Is(err, sqldb.ErrNoRows):
		return count, &Break{lane, count, "the tail of the lane is missing"}, nil
	case err != nil:
		return 0, nil, err
	case tail != count || !bytes.Equal(link, previous):
		return count, &Break{lane, count + 1, "events at the end are missing"}, nil
	}
	return count, nil, nil
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
