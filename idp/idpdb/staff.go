package idpdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutArea stores an area, or another name of one whose path is the same.
func (s *Store) PutArea(ctx context.Context, a staff.Area, record audit.Record) error {
	return s.apply(ctx, record, one(staff.ErrConflict, `INSERT INTO idp_area (code, parent, name, level, path) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (code) DO UPDATE SET name = $3 WHERE idp_area.path = $5`, a.Code, a.Parent, a.Name, int64(a.Level), a.Path))
}

const areaColumns = "code, parent, name, level, path"

// Area finds an area.
func (s *Store) Area(ctx context.Context, code string) (staff.Area, error) {
	a := staff.Area{}
	err := s.db.Read().QueryRowContext(ctx, "SELECT "+areaColumns+" FROM idp_area WHERE code = $1", code).Scan(&a.Code, &a.Parent, &a.Name, &a.Level, &a.Path)
	if errors.Is(err, sqldb.ErrNoRows) {
		return a, staff.ErrNotFound
	}
	return a, err
}

// Areas lists what hangs right under an area.
func (s *Store) Areas(ctx context.Context, parent, after string, limit int) ([]staff.Area, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+areaColumns+" FROM idp_area WHERE parent = $1 AND code > $2 ORDER BY code LIMIT $3", parent, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", err)
	}
	defer rows.Close()
	var all []staff.Area
	for rows.Next() {
		var a staff.Area
		if err := rows.Scan(&a.Code, &a.Parent, &a.Name, &a.Level, &a.Path); err != nil {
			return nil, fmt.Errorf("list areas: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// PutDepartment stores a department.
func (s *Store) PutDepartment(ctx context.Context, d staff.Department, record audit.Record) error {
	ended := int64(0)
	if d.Ended {
		ended = 1
	}
	return s.apply(ctx, record, step(`INSERT INTO idp_department (id, name, area, path, ended) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET name = $2, area = $3, path = $4, ended = $5`, d.ID, d.Name, d.Area, d.Path, ended))
}

func readDepartment(scan func(...any) error) (d staff.Department, err error) {
	var ended int64
	err = scan(&d.ID, &d.Name, &d.Area, &d.Path, &ended)
	d.Ended = ended != 0
	return d, err
}

// Department finds a department.
func (s *Store) Department(ctx context.Context, id string) (staff.Department, error) {
	d, err := readDepartment(s.db.Read().QueryRowContext(ctx, "SELECT id, name, area, path, ended FROM idp_department WHERE id = $1", id).Scan)
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, staff.ErrNotFound
	}
	return d, err
}

// Departments lists departments of an area and below.
func (s *Store) Departments(ctx context.Context, path, after string, limit int) ([]staff.Department, error) {
	c := &conditions{}
	c.add("id > " + c.mark(after))
	c.add(c.below("path", path))
	rows, err := s.db.Read().QueryContext(ctx, "SELECT id, name, area, path, ended FROM idp_department"+c.where()+" ORDER BY id LIMIT "+c.mark(limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	defer rows.Close()
	var all []staff.Department
	for rows.Next() {
		d, err := readDepartment(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list departments: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// rightsTurn takes the turn of a holder: whoever changes the rights of the same one waits. version -1 is any.
func rightsTurn(ctx context.Context, tx sqldb.Tx, holder string, version int64) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO idp_staff_holder (holder, version) VALUES ($1, 0) ON CONFLICT (holder) DO NOTHING", holder); err != nil {
		return err
	}
	taken, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_staff_holder SET version = version + 1 WHERE holder = $1 AND (version = $2 OR $2 = -1)", holder, version)
	if err == nil && !taken {
		return staff.ErrConflict
	}
	return err
}

// GrantRight gives a right together with the settlement of its proposal.
func (s *Store) GrantRight(ctx context.Context, r staff.Right, version int64, settlement *foureyes.Settlement, record audit.Record) error {
	return s.settled(ctx, settlement, record, func(tx sqldb.Tx) error {
		if err := rightsTurn(ctx, tx, r.Holder, version); err != nil {
			return err
		}
		if err := rightsFit(ctx, tx, r); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_staff_right (id, holder, role, area, path, from_at, until_at, granted_by, proposal_id, reason, ended_at, ended_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '')`, r.ID, r.Holder, r.Role, r.Area, r.Path, sqldb.Micros(r.From), sqldb.Micros(r.Until), r.GrantedBy, r.Proposal, r.Reason)
		return err
	})
}

// rightsFit refuses a right that the holder may not have beside those in force.
func rightsFit(ctx context.Context, tx sqldb.Tx, r staff.Right) error {
	rows, err := tx.QueryContext(ctx, "SELECT role FROM idp_staff_right WHERE holder = $1 AND ended_at = 0 AND (until_at = 0 OR until_at > $2)", r.Holder, sqldb.Micros(r.From))
	if err != nil {
		return err
	}
	defer rows.Close()
	held := 0
	for rows.Next() {
		var role string
		if err := rows.Scan(&role); err != nil {
			return err
		}
		if slices.Contains(idp.AdminRoles, role) && slices.Contains(idp.AdminRoles, r.Role) && role != r.Role {
			return staff.ErrMixed
		}
		held++
	}
	if held >= staff.MaxRights {
		return staff.ErrMany
	}
	return rows.Err()
}

// EndRight ends a right.
func (s *Store) EndRight(ctx context.Context, r staff.Right, by string, at time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := rightsTurn(ctx, tx, r.Holder, -1); err != nil {
			return err
		}
		ended, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_staff_right SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at = 0", r.ID, sqldb.Micros(at), by)
		if err == nil && !ended {
			return staff.ErrConflict
		}
		return err
	})
}

const rightColumns = "id, holder, role, area, path, from_at, until_at, granted_by, proposal_id, reason, ended_at, ended_by"

func readRight(scan func(...any) error) (r staff.Right, err error) {
	var from, until, ended int64
	err = scan(&r.ID, &r.Holder, &r.Role, &r.Area, &r.Path, &from, &until, &r.GrantedBy, &r.Proposal, &r.Reason, &ended, &r.EndedBy)
	r.From, r.Until, r.EndedAt = sqldb.Time(from), sqldb.Time(until), sqldb.Time(ended)
	return r, err
}

// Right finds a right.
func (s *Store) Right(ctx context.Context, id string) (staff.Right, error) {
	r, err := readRight(s.db.Read().QueryRowContext(ctx, "SELECT "+rightColumns+" FROM idp_staff_right WHERE id = $1", id).Scan)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, staff.ErrNotFound
	}
	return r, err
}

// Rights lists rights, the newest first.
func (s *Store) Rights(ctx context.Context, q staff.Query) ([]staff.Right, error) {
	c := &conditions{}
	if q.Holder != "" {
		c.add("holder = " + c.mark(q.Holder))
	}
	if q.Path != "" {
		c.add(c.below("path", q.Path))
	}
	if q.Live {
		at := c.mark(sqldb.Micros(q.At))
		c.add("ended_at = 0 AND from_at <= " + at + " AND (until_at = 0 OR until_at > " + at + ")")
	}
	if q.After != "" {
		after := c.mark(q.After)
		at := "(SELECT from_at FROM idp_staff_right WHERE id = " + after + ")"
		c.add("(from_at < " + at + " OR from_at = " + at + " AND id < " + after + ")")
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+rightColumns+" FROM idp_staff_right"+c.where()+" ORDER BY from_at DESC, id DESC LIMIT "+c.mark(q.Limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("list rights: %w", err)
	}
	defer rows.Close()
	var all []staff.Right
	for rows.Next() {
		r, err := readRight(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list rights: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// HolderVersion counts the changes of the rights of a holder.
func (s *Store) HolderVersion(ctx context.Context, holder string) (version int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT version FROM idp_staff_holder WHERE holder = $1", holder).Scan(&version)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	return version, err
}
