package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// settled runs the change that a proposal allows, with the last approval and the records of both. Without a settlement it is
// a change that needs none.
func (s *Store) settled(ctx context.Context, v *foureyes.Settlement, record audit.Record, change func(tx sqldb.Tx) error) error {
	return s.audited(ctx, settledRecord(v, record), func(tx sqldb.Tx) error {
		if err := settle(ctx, tx, v); err != nil {
			return err
		}
		return change(tx)
	})
}

// settledRecord is the record of a change with that of the approval that allows it.
func settledRecord(v *foureyes.Settlement, record audit.Record) audit.Record {
	if v != nil {
		record.Events, record.Messages = append(record.Events[:len(record.Events):len(record.Events)], v.Record.Events...), append(record.Messages[:len(record.Messages):len(record.Messages)], v.Record.Messages...)
	}
	return record
}

// settle takes the last approval of a proposal. The row count decides, never an earlier read: of many at once one goes on.
func settle(ctx context.Context, tx sqldb.Tx, v *foureyes.Settlement) error {
	if v == nil {
		return nil
	}
	taken, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_proposal SET state = 'executed', approvals = approvals + 1, decided_at = $2, decided_by = $3, sealed = $4
		WHERE id = $1 AND state = 'open' AND digest = $5 AND approvals = $6 AND needed = $6 + 1 AND expires_at > $2 AND subject <> $7`,
		v.ID, sqldb.Micros(v.At), v.Person.Actor, []byte{}, v.Digest, int64(v.Approvals), v.Person.Human)
	if err != nil {
		return err
	}
	if !taken {
		return foureyes.ErrConflict
	}
	return addPerson(ctx, tx, v.ID, v.Person)
}

// addPerson gives a human a part in a proposal, once.
func addPerson(ctx context.Context, tx sqldb.Tx, id string, p foureyes.Person) error {
	fresh, err := sqldb.ExecOne(ctx, tx, `INSERT INTO idp_proposal_person (proposal_id, human, actor, part, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (proposal_id, human) DO NOTHING`, id, p.Human, p.Actor, p.Part, sqldb.Micros(p.At))
	if err == nil && !fresh {
		return foureyes.ErrSelf
	}
	return err
}

// Vote adds an approval that is not the last one.
func (s *Store) Vote(ctx context.Context, v foureyes.Settlement) error {
	return s.audited(ctx, v.Record, func(tx sqldb.Tx) error {
		taken, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_proposal SET approvals = approvals + 1
			WHERE id = $1 AND state = 'open' AND digest = $2 AND approvals = $3 AND needed > $3 + 1 AND expires_at > $4 AND subject <> $5`,
			v.ID, v.Digest, int64(v.Approvals), sqldb.Micros(v.At), v.Person.Human)
		if err != nil {
			return err
		}
		if !taken {
			return foureyes.ErrConflict
		}
		return addPerson(ctx, tx, v.ID, v.Person)
	})
}

// PutProposal stores a proposal; foureyes.ErrConflict when it is there.
func (s *Store) PutProposal(ctx context.Context, p foureyes.Proposal, record audit.Record) error {
	err := s.audited(ctx, record, func(tx sqldb.Tx) error { return putProposal(ctx, tx, p) })
	if sqldb.IsUnique(err) {
		return foureyes.ErrConflict
	}
	return err
}

// SettleProposal stores the last approval of a proposal that changes nothing else.
func (s *Store) SettleProposal(ctx context.Context, v foureyes.Settlement) error {
	return s.audited(ctx, v.Record, func(tx sqldb.Tx) error { return settle(ctx, tx, &v) })
}

func putProposal(ctx context.Context, tx sqldb.Tx, p foureyes.Proposal) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idp_proposal (id, kind, state, object_type, object_id, object_version, role, area, origin, reason, subject, needed, approvals, digest, key_id, sealed,
		created_at, expires_at, decided_at, decided_by, claimed_by, claimed_until)
		VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15, $16, 0, '', '', 0)`,
		p.ID, p.Kind, p.ObjectType, p.ObjectID, p.Version, p.Role, p.Area, p.Origin, p.Reason, p.Subject, int64(p.Needed), p.Digest, p.KeyID, p.Sealed, sqldb.Micros(p.CreatedAt), sqldb.Micros(p.ExpiresAt))
	if err != nil {
		return err
	}
	for _, person := range p.People {
		if err := addPerson(ctx, tx, p.ID, person); err != nil {
			return err
		}
	}
	return nil
}

const proposalColumns = `id, kind, state, object_type, object_id, object_version, role, area, origin, reason, subject, needed, digest, key_id, sealed,
	created_at, expires_at, decided_at, decided_by, claimed_by, claimed_until`

func readProposal(scan func(...any) error) (p foureyes.Proposal, err error) {
	var created, expires, decided, claimed int64
	err = scan(&p.ID, &p.Kind, &p.State, &p.ObjectType, &p.ObjectID, &p.Version, &p.Role, &p.Area, &p.Origin, &p.Reason, &p.Subject, &p.Needed, &p.Digest, &p.KeyID, &p.Sealed,
		&created, &expires, &decided, &p.DecidedBy, &p.ClaimedBy, &claimed)
	p.CreatedAt, p.ExpiresAt, p.DecidedAt, p.ClaimedUntil = sqldb.Time(created), sqldb.Time(expires), sqldb.Time(decided), sqldb.Time(claimed)
	return p, err
}

// Proposal reads a proposal with the people behind it.
func (s *Store) Proposal(ctx context.Context, id string) (foureyes.Proposal, error) {
	p, err := readProposal(s.db.Read().QueryRowContext(ctx, "SELECT "+proposalColumns+" FROM idp_proposal WHERE id = $1", id).Scan)
	if errors.Is(err, sqldb.ErrNoRows) {
		return p, foureyes.ErrNotFound
	}
	if err != nil {
		return p, err
	}
	all := []foureyes.Proposal{p}
	err = s.addPeople(ctx, all)
	return all[0], err
}

// addPeople reads the people behind proposals, in the order in which they came.
func (s *Store) addPeople(ctx context.Context, all []foureyes.Proposal) error {
	if len(all) == 0 {
		return nil
	}
	places := map[string]int{}
	c := &conditions{}
	var marks []string
	for i, p := range all {
		places[p.ID] = i
		marks = append(marks, c.mark(p.ID))
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT proposal_id, human, actor, part, at FROM idp_proposal_person WHERE proposal_id IN ("+strings.Join(marks, ", ")+") ORDER BY at, part DESC, actor", c.args...)
	if err != nil {
		return fmt.Errorf("read people of proposals: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var at int64
		var person foureyes.Person
		if err := rows.Scan(&id, &person.Human, &person.Actor, &person.Part, &at); err != nil {
			return fmt.Errorf("read people of proposals: %w", err)
		}
		person.At = sqldb.Time(at)
		all[places[id]].People = append(all[places[id]].People, person)
	}
	return rows.Err()
}

// conditions collects what a list is filtered by; values are parameters, never text.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) mark(value any) string {
	c.args = append(c.args, value)
	return fmt.Sprintf("$%d", len(c.args))
}

func (c *conditions) add(part string) { c.parts = append(c.parts, part) }

func (c *conditions) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	var marks []string
	for _, value := range values {
		marks = append(marks, c.mark(value))
	}
	c.add(column + " IN (" + strings.Join(marks, ", ") + ")")
}

// below selects an area path and everything under it. A pattern, because an order of texts depends on the database's language;
// paths are digits and strokes.
func (c *conditions) below(column, area string) string { return column + " LIKE " + c.mark(area+"%") }

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

func proposalConditions(q foureyes.Query) *conditions {
	c := &conditions{}
	c.in("state", q.States)
	if len(q.States) == 1 && q.States[0] == foureyes.Open && !q.At.IsZero() {
		c.add("expires_at > " + c.mark(sqldb.Micros(q.At)))
	}
	c.in("kind", q.Kinds)
	if len(q.Reach) > 0 {
		var any []string
		for _, r := range q.Reach {
			any = append(any, "role = "+c.mark(r.Role)+" AND "+c.below("area", r.Area))
		}
		c.add("((" + strings.Join(any, ") OR (") + "))")
	}
	if q.Free != "" {
		c.add("(claimed_by = '' OR claimed_by = " + c.mark(q.Free) + " OR claimed_until <= " + c.mark(sqldb.Micros(q.At)) + ")")
	}
	return c
}

// Proposals lists proposals, the newest first.
func (s *Store) Proposals(ctx context.Context, q foureyes.Query) ([]foureyes.Proposal, error) {
	c := proposalConditions(q)
	if q.After != "" {
		after := c.mark(q.After)
		at := "(SELECT created_at FROM idp_proposal WHERE id = " + after + ")"
		c.add("(created_at < " + at + " OR created_at = " + at + " AND id < " + after + ")")
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+proposalColumns+" FROM idp_proposal"+c.where()+" ORDER BY created_at DESC, id DESC LIMIT "+c.mark(q.Limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	defer rows.Close()
	var all []foureyes.Proposal
	for rows.Next() {
		p, err := readProposal(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list proposals: %w", err)
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	return all, s.addPeople(ctx, all)
}

// maxCounted bounds what a count looks at, so that the number on a page costs the same whatever waits.
const maxCounted = 1000

// CountProposals counts proposals, up to a thousand.
func (s *Store) CountProposals(ctx context.Context, q foureyes.Query) (n int, err error) {
	c := proposalConditions(q)
	err = s.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT id FROM idp_proposal"+c.where()+" LIMIT "+c.mark(maxCounted)+") AS found", c.args...).Scan(&n)
	return n, err
}

// Close ends an open proposal without a change.
func (s *Store) Close(ctx context.Context, id, state, by string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(foureyes.ErrConflict, "UPDATE idp_proposal SET state = $2, decided_by = $3, decided_at = $4, sealed = $5 WHERE id = $1 AND state = 'open'", id, state, by, sqldb.Micros(at), []byte{}))
}

// Claim gives an open proposal to an actor, or back.
func (s *Store) Claim(ctx context.Context, id, by, actor string, at, until time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(foureyes.ErrConflict, `UPDATE idp_proposal SET claimed_by = $2, claimed_until = $3
		WHERE id = $1 AND state = 'open' AND (claimed_by = '' OR claimed_by = $4 OR claimed_until <= $5)`, id, actor, sqldb.Micros(until), by, sqldb.Micros(at)))
}
