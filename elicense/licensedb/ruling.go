package licensedb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Held implements elicense.Rulings.
func (s *Store) Held(ctx context.Context, holderKey string, typeCodes []string, limit int) ([]elicense.License, error) {
	if len(typeCodes) == 0 {
		return nil, nil
	}
	within, arguments := oneOf(typeCodes, holderKey, limit)
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE id IN (SELECT license FROM lic_holder WHERE holder_key = $1) AND state = 'active' AND bits = 0 AND type_code "+within+
		" ORDER BY created_at DESC, id DESC LIMIT $2", arguments...)
}

const rulingColumns = "license, id, authority_code, type_code, type_version, type_template, outcome, reasons, conditions, set_by, decided_at"

func scanRuling(row scanner) (r elicense.Ruling, err error) {
	var reasons, conditions, setBy []byte
	var decided int64
	err = row.Scan(&r.License, &r.ID, &r.AuthorityCode, &r.TypeCode, &r.TypeVersion, &r.Template, &r.Outcome, &reasons, &conditions, &setBy, &decided)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, elicense.ErrNotFound
	}
	if err != nil {
		return r, err
	}
	r.DecidedAt = sqldb.Time(decided)
	return r, errors.Join(json.Unmarshal(reasons, &r.Reasons), json.Unmarshal(conditions, &r.Conditions), json.Unmarshal(setBy, &r.SetBy))
}

func findRuling(ctx context.Context, q sqldb.Queryer, license string) (elicense.Ruling, error) {
	return scanRuling(q.QueryRowContext(ctx, "SELECT "+rulingColumns+" FROM lic_ruling WHERE license = $1", license))
}

// FindRuling implements elicense.Rulings.
func (s *Store) FindRuling(ctx context.Context, license string) (elicense.Ruling, error) {
	return findRuling(ctx, s.db.Read(), license)
}

// Rule implements elicense.Rulings. The row of the type is changed before anything is read, so that what is read is what the rulings before stored.
func (s *Store) Rule(ctx context.Context, license string, ask elicense.RulingAsk, judge func(*elicense.License, elicense.RulingSeen) (elicense.Ruling, elicense.Change, error)) (l elicense.License, r elicense.Ruling, made bool, err error) {
	for range 5 {
		l, r, made, err = s.ruleOnce(ctx, license, ask, judge)
		if !errors.Is(err, elicense.ErrStale) {
			break
		}
	}
	return l, r, made, err
}

func (s *Store) ruleOnce(ctx context.Context, license string, ask elicense.RulingAsk, judge func(*elicense.License, elicense.RulingSeen) (elicense.Ruling, elicense.Change, error)) (l elicense.License, r elicense.Ruling, made bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		l, r, made = elicense.License{}, elicense.Ruling{}, false
		typeCode := ""
		if err := tx.QueryRowContext(ctx, "SELECT type_code FROM lic_license WHERE id = $1", license).Scan(&typeCode); errors.Is(err, sqldb.ErrNoRows) {
			return elicense.ErrNotFound
		} else if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO lic_ruling_day (type_code, turns, day, approved) VALUES ($1, 1, $2, 0)
			ON CONFLICT (type_code) DO UPDATE SET turns = lic_ruling_day.turns + 1`, typeCode, ask.Day); err != nil {
			return err
		}
		var err error
		if l, err = find(ctx, tx, license); err != nil {
			return err
		}
		if r, err = findRuling(ctx, tx, license); !errors.Is(err, elicense.ErrNotFound) {
			return err
		}
		seen, err := rulingSeen(ctx, tx, l, ask)
		if err != nil {
			return err
		}
		var change elicense.Change
		if r, change, err = judge(&l, seen); err != nil {
			return err
		}
		if err := store(ctx, tx, l); err != nil {
			return err
		}
		l.Revision++
		if err := insertRuling(ctx, tx, r); err != nil {
			return err
		}
		if l.State == elicense.StateApproved {
			if _, err := tx.ExecContext(ctx, "UPDATE lic_ruling_day SET day = $2, approved = $3 WHERE type_code = $1", typeCode, ask.Day, seen.Approved+1); err != nil {
				return err
			}
		}
		made = true
		return auditdb.Append(ctx, tx, change.Record)
	})
	if err != nil {
		return elicense.License{}, elicense.Ruling{}, false, err
	}
	return l, r, made, nil
}

func rulingSeen(ctx context.Context, tx sqldb.Tx, l elicense.License, ask elicense.RulingAsk) (seen elicense.RulingSeen, err error) {
	if seen.Switch, err = findRuleSwitch(ctx, tx, l.AuthorityCode, l.TypeCode); err != nil {
		return seen, err
	}
	// A clock that went back does not open the ceiling of a day anew.
	if err := tx.QueryRowContext(ctx, "SELECT CASE WHEN day >= $2 THEN approved ELSE 0 END FROM lic_ruling_day WHERE type_code = $1", l.TypeCode, ask.Day).Scan(&seen.Approved); err != nil {
		return seen, err
	}
	if len(l.HolderKeys) == 0 {
		seen.Asked = make([]int, len(ask.Since))
		return seen, nil
	}
	within, arguments := oneOf(l.HolderKeys, l.TypeCode)
	ofHolders := "SELECT COUNT(*) FROM lic_license WHERE type_code = $1 AND id IN (SELECT license FROM lic_holder WHERE holder_key " + within + ")"
	next := "$" + strconv.Itoa(len(arguments)+1)
	if err := tx.QueryRowContext(ctx, ofHolders+" AND id <> "+next+" AND (state = 'active' AND bits IN (0, 2) OR state NOT IN ('active', 'rejected', 'taken_back'))", append(arguments, l.ID)...).Scan(&seen.Others); err != nil {
		return seen, err
	}
	for _, since := range ask.Since {
		n := 0
		if err := tx.QueryRowContext(ctx, ofHolders+" AND created_at >= "+next, append(arguments, sqldb.Micros(since))...).Scan(&n); err != nil {
			return seen, err
		}
		seen.Asked = append(seen.Asked, n)
	}
	return seen, nil
}

func insertRuling(ctx context.Context, tx sqldb.Tx, r elicense.Ruling) error {
	texts := make([]string, 3)
	for i, part := range []any{r.Reasons, r.Conditions, r.SetBy} {
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO lic_ruling ("+rulingColumns+") VALUES ("+placeholders(11)+")",
		r.License, r.ID, r.AuthorityCode, r.TypeCode, r.TypeVersion, r.Template, r.Outcome, texts[0], texts[1], texts[2], sqldb.Micros(r.DecidedAt))
	return err
}

// Rulings implements elicense.Rulings.
func (s *Store) Rulings(ctx context.Context, f elicense.RulingFilter) (page []elicense.Ruling, next string, err error) {
	var c conditions
	for _, equal := range []struct{ column, value string }{{"outcome", f.Outcome}, {"type_code", f.TypeCode}, {"authority_code", f.AuthorityCode}} {
		if equal.value != "" {
			c.add(equal.column+" = ?", equal.value)
		}
	}
	c.ofLicenses(f.Areas)
	if err := c.behind("decided_at", "license", "<", f.After); err != nil {
		return nil, "", err
	}
	query, arguments := c.query("SELECT "+rulingColumns+" FROM lic_ruling", "decided_at DESC, license DESC", f.Limit+1)
	if page, err = rows(ctx, s, scanRuling, query, arguments...); err != nil {
		return nil, "", fmt.Errorf("licensedb: list rulings: %w", err)
	}
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.RulingCursor(page[f.Limit-1])
	}
	return page, next, nil
}

const switchColumns = "authority_code, type_code, revision, is_on, proposed_by, proposed_at, on_by, changed_by, changed_at, reason"

func scanRuleSwitch(row scanner) (w elicense.RuleSwitch, err error) {
	var on, proposed, changed int64
	var onBy []byte
	if err := row.Scan(&w.AuthorityCode, &w.TypeCode, &w.Revision, &on, &w.ProposedBy, &proposed, &onBy, &w.ChangedBy, &changed, &w.Reason); err != nil {
		return w, err
	}
	w.On, w.ProposedAt, w.ChangedAt = on == 1, sqldb.Time(proposed), sqldb.Time(changed)
	return w, json.Unmarshal(onBy, &w.OnBy)
}

func findRuleSwitch(ctx context.Context, q sqldb.Queryer, authorityCode, typeCode string) (elicense.RuleSwitch, error) {
	w, err := scanRuleSwitch(q.QueryRowContext(ctx, "SELECT "+switchColumns+" FROM lic_rule_switch WHERE authority_code = $1 AND type_code = $2", authorityCode, typeCode))
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.RuleSwitch{AuthorityCode: authorityCode, TypeCode: typeCode}, nil
	}
	return w, err
}

// FindRuleSwitch implements elicense.Rulings.
func (s *Store) FindRuleSwitch(ctx context.Context, authorityCode, typeCode string) (elicense.RuleSwitch, error) {
	return findRuleSwitch(ctx, s.db.Read(), authorityCode, typeCode)
}

// RuleSwitches implements elicense.Rulings.
func (s *Store) RuleSwitches(ctx context.Context, after string, limit int) (page []elicense.RuleSwitch, next string, err error) {
	var c conditions
	if after != "" {
		authority, code, ok := strings.Cut(after, ".")
		if !ok {
			return nil, "", elicense.ErrNotFound
		}
		c.add("(authority_code > ? OR authority_code = ? AND type_code > ?)", authority, authority, code)
	}
	query, arguments := c.query("SELECT "+switchColumns+" FROM lic_rule_switch", "authority_code, type_code", limit+1)
	if page, err = rows(ctx, s, scanRuleSwitch, query, arguments...); err != nil {
		return nil, "", fmt.Errorf("licensedb: list switches: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].AuthorityCode + "." + page[limit-1].TypeCode
	}
	return page, next, nil
}

// PutRuleSwitch implements elicense.Rulings.
func (s *Store) PutRuleSwitch(ctx context.Context, w elicense.RuleSwitch, record audit.Record) error {
	onBy, err := json.Marshal(w.OnBy)
	if err != nil {
		return err
	}
	on := 0
	if w.On {
		on = 1
	}
	done, err := s.changeOne(ctx, record, nil, "INSERT INTO lic_rule_switch ("+switchColumns+") VALUES ($1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10)"+
		` ON CONFLICT (authority_code, type_code) DO UPDATE SET revision = lic_rule_switch.revision + 1, is_on = $4, proposed_by = $5, proposed_at = $6, on_by = $7, changed_by = $8, changed_at = $9, reason = $10
		WHERE lic_rule_switch.revision = $3`,
		w.AuthorityCode, w.TypeCode, w.Revision, on, w.ProposedBy, sqldb.Micros(w.ProposedAt), string(onBy), w.ChangedBy, sqldb.Micros(w.ChangedAt), w.Reason)
	if err == nil && !done {
		err = elicense.ErrStale
	}
	return err
}

const appealColumns = "license, id, revision, type_code, state, digest, data_key, data, filed_by, filed_at, claimed_by, claimed_to, decided_by, decided_at, reason"

func scanAppeal(row scanner) (a elicense.Appeal, err error) {
	var filed, claimed, decided int64
	err = row.Scan(&a.License, &a.ID, &a.Revision, &a.TypeCode, &a.State, &a.Digest, &a.DataKey, &a.Data, &a.FiledBy, &filed, &a.ClaimedBy, &claimed, &a.DecidedBy, &decided, &a.Reason)
	if errors.Is(err, sqldb.ErrNoRows) {
		return a, elicense.ErrNotFound
	}
	a.FiledAt, a.ClaimedTo, a.DecidedAt = sqldb.Time(filed), sqldb.Time(claimed), sqldb.Time(decided)
	return a, err
}

func findAppeal(ctx context.Context, q sqldb.Queryer, license string) (elicense.Appeal, error) {
	return scanAppeal(q.QueryRowContext(ctx, "SELECT "+appealColumns+" FROM lic_appeal WHERE license = $1", license))
}

// AddAppeal implements elicense.Appeals.
func (s *Store) AddAppeal(ctx context.Context, a elicense.Appeal, record audit.Record) error {
	done, err := s.changeOne(ctx, record, nil, "INSERT INTO lic_appeal ("+appealColumns+") VALUES ("+placeholders(15)+") ON CONFLICT (license) DO NOTHING",
		a.License, a.ID, a.Revision, a.TypeCode, a.State, a.Digest, a.DataKey, a.Data, a.FiledBy, sqldb.Micros(a.FiledAt), a.ClaimedBy, sqldb.Micros(a.ClaimedTo), a.DecidedBy, sqldb.Micros(a.DecidedAt), a.Reason)
	if err == nil && !done {
		err = elicense.ErrStale
	}
	return err
}

// FindAppeal implements elicense.Appeals.
func (s *Store) FindAppeal(ctx context.Context, license string) (elicense.Appeal, error) {
	return findAppeal(ctx, s.db.Read(), license)
}

// Appeals implements elicense.Appeals.
func (s *Store) Appeals(ctx context.Context, f elicense.AppealFilter) (page []elicense.Appeal, next string, err error) {
	var c conditions
	if f.State != "" {
		c.add("state = ?", f.State)
	}
	c.ofLicenses(f.Areas)
	if err := c.behind("filed_at", "license", ">", f.After); err != nil {
		return nil, "", err
	}
	query, arguments := c.query("SELECT "+appealColumns+" FROM lic_appeal", "filed_at, license", f.Limit+1)
	if page, err = rows(ctx, s, scanAppeal, query, arguments...); err != nil {
		return nil, "", fmt.Errorf("licensedb: list appeals: %w", err)
	}
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.AppealCursor(page[f.Limit-1])
	}
	return page, next, nil
}

// ChangeAppeal implements elicense.Appeals.
func (s *Store) ChangeAppeal(ctx context.Context, license string, change func(*elicense.Appeal, *elicense.License) (audit.Record, error)) (a elicense.Appeal, l elicense.License, err error) {
	for range 5 {
		a, l, err = s.changeAppealOnce(ctx, license, change)
		if !errors.Is(err, elicense.ErrStale) {
			break
		}
	}
	return a, l, err
}

func (s *Store) changeAppealOnce(ctx context.Context, license string, change func(*elicense.Appeal, *elicense.License) (audit.Record, error)) (a elicense.Appeal, l elicense.License, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		if a, err = findAppeal(ctx, tx, license); err != nil {
			return err
		}
		if l, err = find(ctx, tx, license); err != nil {
			return err
		}
		state := l.State
		record, err := change(&a, &l)
		if err != nil {
			return err
		}
		changed, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_appeal SET revision = revision + 1, state = $3, claimed_by = $4, claimed_to = $5, decided_by = $6, decided_at = $7, reason = $8 WHERE license = $1 AND revision = $2",
			license, a.Revision, a.State, a.ClaimedBy, sqldb.Micros(a.ClaimedTo), a.DecidedBy, sqldb.Micros(a.DecidedAt), a.Reason)
		if err != nil {
			return err
		}
		if !changed {
			return elicense.ErrStale
		}
		a.Revision++
		if l.State != state {
			if err := store(ctx, tx, l); err != nil {
				return err
			}
			l.Revision++
		}
		return auditdb.Append(ctx, tx, record)
	})
	if err != nil {
		return elicense.Appeal{}, elicense.License{}, err
	}
	return a, l, nil
}
