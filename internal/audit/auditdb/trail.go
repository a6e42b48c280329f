package auditdb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// trail is the record of one change on its way into the lanes. The records of a group are chained in one go: one statement
// moves the tails of the lanes and locks them in the order of their numbers, so that no two groups wait for each other.
type trail struct {
	record audit.Record
	bodies [][]byte // chained form of each event
}

func newTrail(record audit.Record) (*trail, error) {
	if len(record.Events) == 0 {
		return nil, errors.New("auditdb: a change without an audit event")
	}
	t := &trail{record: record}
	for _, event := range record.Events {
		body, err := audit.Encode(event)
		if err != nil {
			return nil, fmt.Errorf("auditdb: append %s: %w", event.Type, err)
		}
		t.bodies = append(t.bodies, body)
	}
	return t, nil
}

// Open moves the tails of the lanes of all trails and answers where they end now.
func (t *trail) Open(all []sqldb.Trail) (sqldb.Step, error) {
	var counts [audit.Lanes]int
	for _, other := range all {
		one, ok := other.(*trail)
		if !ok {
			return sqldb.Step{}, fmt.Errorf("auditdb: trail of another kind: %T", other)
		}
		for _, event := range one.record.Events {
			counts[audit.LaneOf(event)]++
		}
	}
	var args []any
	for lane, n := range counts {
		if n > 0 {
			args = append(args, lane, n, []byte{})
		}
	}
	return sqldb.Step{Query: moveTails[len(args)/3], Args: args}, nil
}

// tail is the end of a lane while a group is chained.
type tail struct {
	number int64 // of the last event that is chained
	link   []byte
}

// Close chains the events of all trails, in the order of the trails.
func (t *trail) Close(all []sqldb.Trail, rows sqldb.Rows) ([]sqldb.Step, error) {
	tails := map[int]*tail{}
	for rows.Next() {
		var lane int
		var end tail
		if err := rows.Scan(&lane, &end.number, &end.link); err != nil {
			return nil, err
		}
		tails[lane] = &end
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, other := range all { // from where the tails end now back to where they ended
		for _, event := range other.(*trail).record.Events {
			end := tails[audit.LaneOf(event)]
			if end == nil {
				return nil, errors.New("auditdb: the tail of a lane was not answered")
			}
			end.number--
		}
	}
	var events []any
	var messages []sqldb.Step
	for _, other := range all {
		one := other.(*trail)
		for i, event := range one.record.Events {
			lane := audit.LaneOf(event)
			end := tails[lane]
			end.number++
			end.link = audit.Link(lane, end.number, end.link, one.bodies[i])
			events = append(events, lane, end.number, sqldb.Micros(event.At), event.Type, event.ObjectType, event.ObjectID, string(one.bodies[i]), end.link)
		}
		messages = append(messages, outboxdb.Steps(one.record.Events[0].At, one.record.Messages)...)
	}
	return append(append(insertEvents(events), setLinks(tails)), messages...), nil
}

// eventColumns of a row of audit_event.
const eventColumns = 8

// insertEvents stores events, several with a statement; sizes are powers of two, so that statements are few and kept.
func insertEvents(values []any) []sqldb.Step {
	var steps []sqldb.Step
	for len(values) > 0 {
		size := 1
		for size < maxEvents && 2*size*eventColumns <= len(values) {
			size *= 2
		}
		steps = append(steps, sqldb.Step{Query: addEvents[size], Args: values[:size*eventColumns]})
		values = values[size*eventColumns:]
	}
	return steps
}

func setLinks(tails map[int]*tail) sqldb.Step {
	var args []any
	for lane := range audit.Lanes {
		if end := tails[lane]; end != nil {
			args = append(args, lane, end.number, end.link)
		}
	}
	return sqldb.Step{Query: setTails[len(args)/3], Args: args}
}

// maxEvents is the largest number of events that one statement stores.
const maxEvents = 16

// The statements, by the number of their rows.
var moveTails, setTails, addEvents = statements()

func statements() (move, set [audit.Lanes + 1]string, add [maxEvents + 1]string) {
	for n := 1; n <= audit.Lanes; n++ {
		insert := "INSERT INTO audit_lane (lane, number, link) VALUES " + places(n, 3)
		move[n] = insert + " ON CONFLICT (lane) DO UPDATE SET number = audit_lane.number + excluded.number RETURNING lane, number, link"
		set[n] = insert + " ON CONFLICT (lane) DO UPDATE SET link = excluded.link"
	}
	for n := 1; n <= maxEvents; n *= 2 {
		add[n] = "INSERT INTO audit_event (lane, number, at, type, object_type, object_id, body, link) VALUES " + places(n, eventColumns)
	}
	return move, set, add
}

// places are the placeholders of a number of rows: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	all := make([]string, 0, rows)
	next := 0
	for range rows {
		one := make([]string, 0, columns)
		for range columns {
			next++
			one = append(one, fmt.Sprintf("$%d", next))
		}
		all = append(all, "("+strings.Join(one, ", ")+")")
	}
	return strings.Join(all, ", ")
}
