package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutCase stores a proofing case.
func (s *Store) PutCase(ctx context.Context, c proofing.Case, shared *proofing.Sharing, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := putCase(ctx, tx, c); err != nil {
			return err
		}
		told, err := shared.Count(countIn(ctx, tx))
		if err != nil {
			return err
		}
		both := record
		if len(record.Events) > 0 { // the event of what is shared is none of the case, which needs its own
			both = record.And(told.Messages...)
			both.Events = append(record.Events[:len(record.Events):len(record.Events)], told.Events...)
		}
		return auditdb.Append(ctx, tx, both)
	})
}

// CountSharing counts what is shared, with what staff are told of it.
func (s *Store) CountSharing(ctx context.Context, shared *proofing.Sharing) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		told, err := shared.Count(countIn(ctx, tx))
		if err != nil || len(told.Events) == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, told)
	})
}

func putCase(ctx context.Context, tx sqldb.Tx, c proofing.Case) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idp_case (id, account_id, state, method, wanted, key_id, sealed, created_at, updated_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, c.ID, c.AccountID, c.State, c.Method, int64(c.Wanted), c.KeyID, c.Sealed, sqldb.Micros(c.CreatedAt), sqldb.Micros(c.DueAt))
	if err != nil || c.Guardian == "" {
		return err
	}
	// What the guardian agreed to lies with the child and outlives the case.
	at := sqldb.Micros(c.CreatedAt)
	_, err = tx.ExecContext(ctx, `INSERT INTO idp_guardian_consent (account_id, case_id, guardian, relation, version, source, evidence, agreed_at, at, method)
		VALUES ($1, $2, $3, '', $4, '', '', $5, $5, $6)`, c.AccountID, c.ID, c.Guardian, c.Version, at, c.Method)
	return err
}

// Case reads a proofing case.
func (s *Store) Case(ctx context.Context, id string) (proofing.Case, error) {
	c, err := scanCase(s.db.Read().QueryRowContext(ctx, "SELECT "+caseColumns+" FROM idp_case WHERE id = $1", id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	return c, err
}

// OpenCase is the newest case of an account and a method that can still be granted.
func (s *Store) OpenCase(ctx context.Context, accountID, method string) (proofing.Case, error) {
	places, values := make([]string, len(proofing.Open)), []any{accountID, method}
	for i, state := range proofing.Open {
		places[i] = fmt.Sprintf("$%d", i+3)
		values = append(values, state)
	}
	c, err := scanCase(s.db.Read().QueryRowContext(ctx, "SELECT "+caseColumns+" FROM idp_case WHERE account_id = $1 AND method = $2 AND state IN ("+strings.Join(places, ", ")+") ORDER BY created_at DESC LIMIT 1", values...))
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	return c, err
}

// CasesOpen are the cases of an account that can still be granted.
func (s *Store) CasesOpen(ctx context.Context, accountID string, limit int) (all []proofing.Case, err error) {
	err = s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		c, err := scanCase(rows)
		all = append(all, c)
		return err
	}, "SELECT "+caseColumns+" FROM idp_case WHERE account_id = $1 AND state IN "+openCases+" ORDER BY created_at DESC, id LIMIT $2", accountID, limit))
	if err != nil {
		return nil, fmt.Errorf("list open cases: %w", err)
	}
	return all, nil
}

// caseColumns end with the guardian who agreed for a child, where one did.
const caseColumns = "id, account_id, state, method, wanted, key_id, sealed, created_at, due_at, " +
	"COALESCE((SELECT c.guardian FROM idp_guardian_consent c WHERE c.account_id = idp_case.account_id AND c.case_id = idp_case.id AND c.method <> ''), '')"

func scanCase(row interface{ Scan(...any) error }) (c proofing.Case, err error) {
	var at, due int64
	err = row.Scan(&c.ID, &c.AccountID, &c.State, &c.Method, &c.Wanted, &c.KeyID, &c.Sealed, &at, &due, &c.Guardian)
	c.CreatedAt, c.DueAt = sqldb.Time(at), sqldb.Time(due)
	return c, err
}

// SetCaseState moves a case; a closed case forgets what was submitted.
func (s *Store) SetCaseState(ctx context.Context, id string, from, to proofing.State, record audit.Record) error {
	at := sqldb.Micros(record.Events[0].At)
	if to != proofing.Granted && to != proofing.Rejected && to != proofing.Withdrawn {
		return s.changeOne(ctx, record, "UPDATE idp_case SET state = $3, updated_at = $4 WHERE id = $1 AND state = $2", id, from, to, at)
	}
	return s.apply(ctx, record, one(idp.ErrNotFound, "UPDATE idp_case SET state = $3, updated_at = $4, sealed = $5 WHERE id = $1 AND state = $2", id, from, to, at, []byte{}),
		step("DELETE FROM idp_case_photo WHERE case_id = $1", id))
}

// PutInbox stores a message of the simulated inbox; the same id is stored once.
func (s *Store) PutInbox(ctx context.Context, id string, m authn.InboxMessage) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_inbox (id, recipient, text, code, at, answers) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
			id, m.To, m.Text, m.Code, sqldb.Micros(m.At), m.Answers)
		return err
	})
}

// Inbox lists the newest messages to a recipient, or to all when it is empty.
func (s *Store) Inbox(ctx context.Context, to string, limit int) ([]authn.InboxMessage, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT id, recipient, text, code, at, answers FROM idp_inbox WHERE $1 = '' OR recipient = $1 ORDER BY at DESC, id LIMIT $2", to, limit)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer rows.Close()
	all := []authn.InboxMessage{}
	for rows.Next() {
		var m authn.InboxMessage
		var at int64
		if err := rows.Scan(&m.ID, &m.To, &m.Text, &m.Code, &at, &m.Answers); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		m.At = sqldb.Time(at)
		all = append(all, m)
	}
	return all, rows.Err()
}

// InboxMessage reads a message of the simulated inbox; idp.ErrNotFound.
func (s *Store) InboxMessage(ctx context.Context, id string) (authn.InboxMessage, error) {
	m := authn.InboxMessage{ID: id}
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT recipient, text, code, at, answers FROM idp_inbox WHERE id = $1", id).Scan(&m.To, &m.Text, &m.Code, &at, &m.Answers)
	if errors.Is(err, sqldb.ErrNoRows) {
		return m, idp.ErrNotFound
	}
	m.At = sqldb.Time(at)
	return m, err
}
