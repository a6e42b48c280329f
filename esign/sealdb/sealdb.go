// Package sealdb stores seals and stamps in SQL, in the portable subset that runs on SQLite and PostgreSQL. It decides
// nothing: which change is allowed is said by package esign, and every change is conditional on what that has seen.
package sealdb

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the seal room.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "esign", Files: sub}
}

// Store implements esign.Store.
type Store struct{ db *sqldb.DB }

// New returns the store of a database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

// sealBody is the part of a seal that no query looks at.
type sealBody struct {
	Name, Owner, OwnerCode, Line string
	DiameterMM                   float64
	Applicant, Reviewer, Maker   string
	ValidFrom, ValidTo           time.Time
	StatusReason, StoppedBy      string
	Cause                        esign.Cause  `json:",omitempty"`
	LostAt                       time.Time    `json:",omitzero"`
	Filing                       esign.Filing `json:",omitzero"`
}

func encodeSeal(s esign.Seal) (string, error) {
	body, err := json.Marshal(sealBody{s.Name, s.Owner, s.OwnerCode, s.Line, s.DiameterMM, s.Applicant, s.Reviewer, s.Maker, s.ValidFrom, s.ValidTo, s.StatusReason, s.StoppedBy, s.Cause, s.LostAt, s.Filing})
	return string(body), err
}

// encodeBearer is the column of a bearer: empty for a seal of an organisation. It stands beside the body, so that a node of the release
// before, which writes the body anew, takes no personal seal for one of an organisation.
func encodeBearer(s esign.Seal) (string, error) {
	if !s.Personal() {
		return "", nil
	}
	text, err := json.Marshal(s.Bearer)
	return string(text), err
}

// AddSeal stores an application.
func (st *Store) AddSeal(ctx context.Context, s esign.Seal, record audit.Record) error {
	body, err := encodeSeal(s)
	if err != nil {
		return err
	}
	bearer, err := encodeBearer(s)
	if err != nil {
		return err
	}
	err = st.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO seal_seal ("+sealColumns+", valid_to, owner, owner_code, person, awaits) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
			s.ID, s.Code, s.State, s.KeyID, body, s.SignerCert, s.SES, s.Picture, sqldb.Micros(s.CreatedAt), sqldb.Micros(s.UpdatedAt), s.Area, s.Replaces, bearer, sqldb.Micros(s.ValidTo), s.Owner, s.OwnerCode, s.Bearer.Account, awaits(s))
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return esign.ErrExists
	}
	return err
}

// awaits is 1 for a seal that waits for its person.
func awaits(s esign.Seal) int {
	if s.Awaits() {
		return 1
	}
	return 0
}

const sealColumns = "id, code, state, key_id, body, signer_cert, ses, picture, created_at, updated_at, area, replaces, bearer"

func scanSeal(row interface{ Scan(...any) error }) (esign.Seal, error) {
	var s esign.Seal
	var text, bearer string
	var created, updated int64
	if err := row.Scan(&s.ID, &s.Code, &s.State, &s.KeyID, &text, &s.SignerCert, &s.SES, &s.Picture, &created, &updated, &s.Area, &s.Replaces, &bearer); err != nil {
		return s, err
	}
	var b sealBody
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return s, err
	}
	if bearer != "" {
		if err := json.Unmarshal([]byte(bearer), &s.Bearer); err != nil {
			return s, err
		}
	}
	s.Name, s.Owner, s.OwnerCode, s.Line, s.DiameterMM, s.Applicant, s.Reviewer, s.Maker = b.Name, b.Owner, b.OwnerCode, b.Line, b.DiameterMM, b.Applicant, b.Reviewer, b.Maker
	s.ValidFrom, s.ValidTo, s.StatusReason, s.StoppedBy, s.Cause, s.LostAt, s.Filing, s.CreatedAt, s.UpdatedAt = b.ValidFrom, b.ValidTo, b.StatusReason, b.StoppedBy, b.Cause, b.LostAt, b.Filing, sqldb.Time(created), sqldb.Time(updated)
	return s, nil
}

func (st *Store) one(ctx context.Context, condition, value string) (esign.Seal, error) {
	s, err := scanSeal(st.db.Read().QueryRowContext(ctx, "SELECT "+sealColumns+" FROM seal_seal WHERE "+condition, value))
	if errors.Is(err, sqldb.ErrNoRows) {
		return s, esign.ErrNotFound
	}
	return s, err
}

// Seal reads a seal.
func (st *Store) Seal(ctx context.Context, id string) (esign.Seal, error) {
	return st.one(ctx, "id = $1", id)
}

// SealByCode reads a seal by its code.
func (st *Store) SealByCode(ctx context.Context, code string) (esign.Seal, error) {
	return st.one(ctx, "code = $1", code)
}

// Replacement finds the seal that takes the place of another, or is to take it.
func (st *Store) Replacement(ctx context.Context, id string) (esign.Seal, error) {
	if id == "" {
		return esign.Seal{}, esign.ErrNotFound // a new seal replaces none
	}
	return st.one(ctx, "replaces = $1 AND state <> 'revoked'", id)
}

// Seals lists seals of areas by code, beginning after the code given.
func (st *Store) Seals(ctx context.Context, areas []string, state esign.State, after string, limit int) ([]esign.Seal, error) {
	within, args := sqldb.Below("area", areas, after, limit, string(state))
	return st.seals(ctx, "($3 = '' OR state = $3) AND "+within, args)
}

// unreplaced holds for seals that have no replacement under way.
const unreplaced = "NOT EXISTS (SELECT 1 FROM seal_seal r WHERE r.replaces = seal_seal.id AND r.replaces <> '' AND r.state <> 'revoked')"

// SealsEnding lists by code the seals of areas in use that end before a time and have no replacement under way.
func (st *Store) SealsEnding(ctx context.Context, areas []string, before time.Time, after string, limit int) ([]esign.Seal, error) {
	within, args := sqldb.Below("area", areas, after, limit, sqldb.Micros(before))
	return st.seals(ctx, "state = 'active' AND valid_to < $3 AND "+unreplaced+" AND "+within, args)
}

// PersonalSeals lists by code the personal seals of areas, or those applications for one that wait for their person.
func (st *Store) PersonalSeals(ctx context.Context, areas []string, unconfirmed bool, after string, limit int) ([]esign.Seal, error) {
	condition := "person <> '' AND "
	if unconfirmed {
		condition = "awaits = 1 AND "
	}
	within, args := sqldb.Below("area", areas, after, limit)
	return st.seals(ctx, condition+within, args)
}

// SealsOfPerson lists by code the personal seals of an account, after a code.
func (st *Store) SealsOfPerson(ctx context.Context, account, after string, limit int) ([]esign.Seal, error) {
	if account == "" {
		return nil, nil
	}
	return st.seals(ctx, "person = $3", []any{after, limit, account})
}

// seals lists seals on a condition, by code; the first arguments are the code to begin after and the limit.
func (st *Store) seals(ctx context.Context, condition string, args []any) ([]esign.Seal, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT "+sealColumns+" FROM seal_seal WHERE code > $1 AND "+condition+" ORDER BY code LIMIT $2", args...)
	if err != nil {
		return nil, fmt.Errorf("list seals: %w", err)
	}
	defer rows.Close()
	var all []esign.Seal
	for rows.Next() {
		s, err := scanSeal(rows)
		if err != nil {
			return nil, fmt.Errorf("list seals: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// FillColumns writes the ends and organisations of seals that a release before kept in their body alone. It changes nothing that anybody did.
func (st *Store) FillColumns(ctx context.Context) error {
	for {
		rows, err := st.seals(ctx, "(valid_to = 0 OR owner = '')", []any{"", 500})
		if err != nil || len(rows) == 0 {
			return err
		}
		err = st.db.Write(ctx, func(tx sqldb.Tx) error {
			for _, s := range rows {
				if _, err := tx.ExecContext(ctx, "UPDATE seal_seal SET valid_to = $2, owner = $3, owner_code = $4 WHERE id = $1 AND (valid_to = 0 OR owner = '')", s.ID, max(sqldb.Micros(s.ValidTo), 1), cmp.Or(s.Owner, "-"), s.OwnerCode); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// MoveOwner gives the seals of an owner, and its successions, another area.
func (st *Store) MoveOwner(ctx context.Context, ownerCode, area string, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE seal_succession SET area = $1 WHERE area <> $1 AND owner_code = $2", area, ownerCode); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, "UPDATE seal_seal SET area = $1 WHERE area <> $1 AND owner_code = $2", area, ownerCode)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// UpdateSeal stores a seal if its state is still the one given.
func (st *Store) UpdateSeal(ctx context.Context, s esign.Seal, from esign.State, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := update(ctx, tx, s, "state = $2", from); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// ReplaceSeal stores two seals if the one is still in the state given, and the other as it was seen in all that the body holds: a loss that
// was reported meanwhile leaves the state of a suspended seal as it was.
func (st *Store) ReplaceSeal(ctx context.Context, s esign.Seal, from esign.State, old, seen esign.Seal, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := updateSeen(ctx, tx, old, seen); err != nil {
			return err
		}
		if err := update(ctx, tx, s, "state = $2", from); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// AmendSeal stores a seal whose state stays as it is.
func (st *Store) AmendSeal(ctx context.Context, s, seen esign.Seal, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := updateSeen(ctx, tx, s, seen); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// updateSeen is update on the condition that all is as it was seen.
func updateSeen(ctx context.Context, tx sqldb.Tx, s, seen esign.Seal) error {
	before, err := encodeSeal(seen)
	if err != nil {
		return err
	}
	bearer, err := encodeBearer(seen)
	if err != nil {
		return err
	}
	return update(ctx, tx, s, "state = $2 AND body = $13 AND bearer = $14", seen.State, before, bearer)
}

// update stores a seal and what its change adds to its history, on a condition over its row whose first argument is its state.
func update(ctx context.Context, tx sqldb.Tx, s esign.Seal, condition string, from esign.State, more ...any) error {
	body, err := encodeSeal(s)
	if err != nil {
		return err
	}
	bearer, err := encodeBearer(s)
	if err != nil {
		return err
	}
	args := append([]any{s.ID, from, s.State, s.KeyID, body, s.SignerCert, s.SES, s.Picture, sqldb.Micros(s.UpdatedAt), sqldb.Micros(s.ValidTo), bearer, awaits(s)}, more...)
	done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_seal SET state = $3, key_id = $4, body = $5, signer_cert = $6, ses = $7, picture = $8, updated_at = $9, valid_to = $10, bearer = $11, awaits = $12 WHERE id = $1 AND "+condition, args...)
	if err == nil && !done {
		err = esign.ErrChanged
	}
	if err != nil {
		return err
	}
	return addStatus(ctx, tx, s)
}

// stampBody is the part of a stamp that no query looks at. A single place on one page stands in Page, XMM and YMM, where it stood before
// there were others.
type stampBody struct {
	Item, Purpose, SourceSM3 string
	Page                     int
	XMM, YMM                 float64
	Unkept                   bool
	Places                   []esign.Place   `json:",omitempty"`
	Value                    esign.ValueKind `json:",omitempty"`
	Remote                   string          `json:",omitempty"`
}

func encodeStamp(s esign.Stamp) (string, error) {
	b := stampBody{Item: s.Item, Purpose: s.Purpose, SourceSM3: s.SourceSM3, Unkept: s.Unkept, Places: s.Places, Value: s.Value, Remote: s.Remote}
	if len(s.Places) == 1 {
		p := s.Places[0]
		if page, err := strconv.Atoi(p.Pages); err == nil && p == esign.At(page, p.XMM, p.YMM) {
			b.Page, b.XMM, b.YMM, b.Places = page, p.XMM, p.YMM, nil
		}
	}
	text, err := json.Marshal(b)
	return string(text), err
}

// PlanStamp stores a planned stamp if the seal is active at that moment.
func (st *Store) PlanStamp(ctx context.Context, s esign.Stamp, watch *esign.Watch, record audit.Record) error {
	body, err := encodeStamp(s)
	if err != nil {
		return err
	}
	err = st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := inUse(ctx, tx, s.SealID); err != nil {
			return err
		}
		if err := underRule(ctx, tx, s); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO seal_stamp (id, seal_id, state, requester, key, body, result_sm3, created_at, lease_to, approval) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9)",
			s.ID, s.SealID, s.State, s.Requester, s.Key, body, sqldb.Micros(s.CreatedAt), sqldb.Micros(s.LeaseTo), s.Approval)
		if err != nil {
			return err
		}
		if err := takeUse(ctx, tx, s, s.CreatedAt); err != nil {
			return err
		}
		if err := auditdb.Append(ctx, tx, record); err != nil {
			return err
		}
		return watched(ctx, tx, s, watch)
	})
	if sqldb.IsUnique(err) {
		return esign.ErrExists
	}
	return err
}

// inUse sees the seal in use and keeps it so until the transaction ends: the conditional change of its row, which changes
// nothing, holds off a suspension that runs at the same time.
func inUse(ctx context.Context, tx sqldb.Tx, sealID string) error {
	active, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_seal SET updated_at = updated_at WHERE id = $1 AND state = $2", sealID, esign.Active)
	if err == nil && !active {
		return esign.ErrInactive
	}
	return err
}

const stampColumns = "id, seal_id, state, requester, key, body, result_sm3, created_at, lease_to, approval, used_by, flags, volume, flag_day"

func scanStamp(row interface{ Scan(...any) error }) (esign.Stamp, error) {
	var s esign.Stamp
	var text, volume string
	var created, lease, bits int64
	if err := row.Scan(&s.ID, &s.SealID, &s.State, &s.Requester, &s.Key, &text, &s.ResultSM3, &created, &lease, &s.Approval, &s.By, &bits, &volume, &s.FlagDay); err != nil {
		return s, err
	}
	var b stampBody
	err := json.Unmarshal([]byte(text), &b)
	if volume != "" {
		err = errors.Join(err, json.Unmarshal([]byte(volume), &s.Volume))
	}
	s.Flags = flagsOf(bits)
	s.Item, s.Purpose, s.SourceSM3, s.Places, s.Unkept, s.Value, s.Remote = b.Item, b.Purpose, b.SourceSM3, b.Places, b.Unkept, b.Value, b.Remote
	if b.Page > 0 {
		s.Places = []esign.Place{esign.At(b.Page, b.XMM, b.YMM)}
	}
	s.CreatedAt, s.LeaseTo = sqldb.Time(created), sqldb.Time(lease)
	return s, err
}

// StampByKey finds what a requester's key led to.
func (st *Store) StampByKey(ctx context.Context, requester, key string) (esign.Stamp, error) {
	s, err := scanStamp(st.db.Read().QueryRowContext(ctx, "SELECT "+stampColumns+" FROM seal_stamp WHERE requester = $1 AND key = $2", requester, key))
	if errors.Is(err, sqldb.ErrNoRows) {
		return s, esign.ErrNotFound
	}
	return s, err
}

// SettleStamp moves a planned stamp to its end.
func (st *Store) SettleStamp(ctx context.Context, s esign.Stamp, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if s.State == esign.Stored {
			if err := inUse(ctx, tx, s.SealID); err != nil {
				return err
			}
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_stamp SET state = $2, result_sm3 = $3 WHERE id = $1 AND state = $4 AND lease_to = $5",
			s.ID, s.State, s.ResultSM3, esign.Planned, sqldb.Micros(s.LeaseTo))
		if err != nil {
			return err
		}
		if !done {
			return esign.ErrChanged
		}
		if s.State == esign.Abandoned {
			if err := giveBackUse(ctx, tx, s.ID); err != nil {
				return err
			}
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// TakeOver plans a stamp again that nobody works on. One that is planned under its request goes on under it; any other takes a use anew.
func (st *Store) TakeOver(ctx context.Context, s esign.Stamp, now time.Time, watch *esign.Watch, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := inUse(ctx, tx, s.SealID); err != nil {
			return err
		}
		if err := underRule(ctx, tx, s); err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_stamp SET lease_to = $3 WHERE id = $1 AND state = $2 AND approval = $4 AND lease_to <= $5",
			s.ID, esign.Planned, sqldb.Micros(s.LeaseTo), s.Approval, sqldb.Micros(now))
		if err == nil && !done {
			done, err = sqldb.ExecOne(ctx, tx, "UPDATE seal_stamp SET state = $2, lease_to = $3, approval = $4 WHERE id = $1 AND (state = $5 OR state = $2 AND approval = '' AND lease_to <= $6)",
				s.ID, esign.Planned, sqldb.Micros(s.LeaseTo), s.Approval, esign.Abandoned, sqldb.Micros(now))
			if err == nil && done {
				err = takeUse(ctx, tx, s, now)
			}
		}
		if err != nil {
			return err
		}
		if !done {
			return esign.ErrChanged
		}
		if err := auditdb.Append(ctx, tx, record); err != nil {
			return err
		}
		return watched(ctx, tx, s, watch)
	})
}

// Release ends the lease of a planned stamp early. A lease is no state, so nothing is audited.
func (st *Store) Release(ctx context.Context, s esign.Stamp, at time.Time) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_stamp SET lease_to = $3 WHERE id = $1 AND state = $2 AND lease_to = $4", s.ID, esign.Planned, sqldb.Micros(at), sqldb.Micros(s.LeaseTo))
		if err == nil && !done {
			return esign.ErrChanged
		}
		return err
	})
}

func (st *Store) stamps(ctx context.Context, tail string, args ...any) ([]esign.Stamp, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT "+stampColumns+" FROM seal_stamp "+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("list stamps: %w", err)
	}
	defer rows.Close()
	var all []esign.Stamp
	for rows.Next() {
		s, err := scanStamp(rows)
		if err != nil {
			return nil, fmt.Errorf("list stamps: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// PlannedBefore lists planned stamps whose lease was over by then.
func (st *Store) PlannedBefore(ctx context.Context, now time.Time, limit int) ([]esign.Stamp, error) {
	return st.stamps(ctx, "WHERE state = $1 AND lease_to <= $2 ORDER BY lease_to, id LIMIT $3", esign.Planned, sqldb.Micros(now), limit)
}

// Stamps lists the uses of a seal, newest first.
func (st *Store) Stamps(ctx context.Context, q esign.StampQuery) ([]esign.Stamp, error) {
	condition, args := "seal_id = $1", []any{q.SealID, q.Limit}
	if q.Flag != "" {
		condition += " AND flags <> 0"
	}
	if bit := flagBit[q.Flag]; bit != 0 {
		args = append(args, bit)
		condition += fmt.Sprintf(" AND flags & $%d <> 0", len(args))
	}
	if q.On != 0 {
		args = append(args, int64(q.On))
		condition += fmt.Sprintf(" AND flag_day = $%d", len(args))
	}
	if q.After != (esign.Position{}) {
		args = append(args, sqldb.Micros(q.After.At), q.After.ID)
		condition += fmt.Sprintf(" AND (created_at < $%[1]d OR created_at = $%[1]d AND id < $%[2]d)", len(args)-1, len(args))
	}
	return st.stamps(ctx, "WHERE "+condition+" ORDER BY created_at DESC, id DESC LIMIT $2", args...)
}
