package licensedb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// enqueue adds entries of the log that are not there yet.
func enqueue(ctx context.Context, tx sqldb.Tx, tree elicense.LogTree, entries []elicense.LogEntry) error {
	for _, e := range entries {
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_log_entry (tree, ref, leaf, queued, number) VALUES ($1, $2, $3, $4, -1) ON CONFLICT (tree, ref) DO NOTHING",
			string(tree), e.Ref, e.Leaf, e.Order); err != nil {
			return fmt.Errorf("licensedb: queue entry of the log: %w", err)
		}
	}
	return nil
}

// Enqueue implements elicense.Log.
func (s *Store) Enqueue(ctx context.Context, entries []elicense.LogEntry, record audit.Record) error {
	fresh := false
	for _, e := range entries { // what is there for long does not disturb the writer
		var there bool
		if err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM lic_log_entry WHERE tree = $1 AND ref = $2)", string(elicense.LogMain), e.Ref).Scan(&there); err != nil {
			return fmt.Errorf("licensedb: find entry of the log: %w", err)
		}
		fresh = fresh || !there
	}
	if !fresh {
		return nil
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		before, err := countEntries(ctx, tx, entries)
		if err != nil || before == len(entries) {
			return err
		}
		if err := enqueue(ctx, tx, elicense.LogMain, entries); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

func countEntries(ctx context.Context, tx sqldb.Tx, entries []elicense.LogEntry) (n int, err error) {
	args, marks := []any{string(elicense.LogMain)}, []string{}
	for _, e := range entries {
		args = append(args, e.Ref)
		marks = append(marks, "$"+strconv.Itoa(len(args)))
	}
	err = tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_log_entry WHERE tree = $1 AND ref IN ("+strings.Join(marks, ", ")+")", args...).Scan(&n)
	return n, err
}

// GrowLog implements elicense.Log. The first statement takes the row of the tree, so that of two nodes the second waits and then sees what the
// first left; nobody else touches that row.
func (s *Store) GrowLog(ctx context.Context, tree elicense.LogTree, limit int, grow func(translog.Head, [][]byte, func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error)) (n int, err error) {
	var open bool
	if err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM lic_log_entry WHERE tree = $1 AND number < 0)", string(tree)).Scan(&open); err != nil || !open {
		return 0, err // an idle sequencer does not disturb the writer
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		n = 0
		head, err := scanHead(tx.QueryRowContext(ctx, "UPDATE lic_log_tree SET turn = turn + 1 WHERE name = $1 RETURNING size, edge", string(tree)))
		if err != nil {
			return err
		}
		refs, leaves, err := openEntries(ctx, tx, tree, limit)
		if err != nil || len(refs) == 0 {
			return err
		}
		growth, err := grow(head, leaves, func(id translog.TileID) ([]byte, error) {
			content, err := findTile(ctx, tx, tree, id)
			if errors.Is(err, elicense.ErrNotFound) {
				return nil, nil
			}
			return content, err
		})
		if err != nil {
			return err
		}
		for i, ref := range refs {
			given, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_log_entry SET number = $3, leaf = $4 WHERE tree = $1 AND ref = $2 AND number < 0", string(tree), ref, int64(head.Size)+int64(i), []byte{})
			if err != nil {
				return err
			}
			if !given {
				return fmt.Errorf("licensedb: entry %s of the log has a place already", ref)
			}
		}
		for _, tile := range growth.Tiles {
			if _, err := tx.ExecContext(ctx, `INSERT INTO lic_log_tile (tree, level, number, content) VALUES ($1, $2, $3, $4)
				ON CONFLICT (tree, level, number) DO UPDATE SET content = excluded.content`, string(tree), int64(tile.Level), int64(tile.Number), tile.Content); err != nil {
				return err
			}
		}
		moved, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_log_tree SET size = $2, edge = $3 WHERE name = $1 AND size = $4", string(tree), int64(growth.Head.Size), joined(growth.Head.Edge), int64(head.Size))
		if err != nil {
			return err
		}
		if !moved || growth.Head.Size != head.Size+uint64(len(refs)) {
			return fmt.Errorf("licensedb: the tree %s grew from %d to %d by %d entries", tree, head.Size, growth.Head.Size, len(refs))
		}
		n = len(refs)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("licensedb: grow log: %w", err)
	}
	return n, nil
}

func openEntries(ctx context.Context, tx sqldb.Tx, tree elicense.LogTree, limit int) (refs []string, leaves [][]byte, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT ref, leaf FROM lic_log_entry WHERE tree = $1 AND number < 0 ORDER BY queued, ref LIMIT $2", string(tree), limit)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var ref string
		var leaf []byte
		if err := rows.Scan(&ref, &leaf); err != nil {
			return nil, nil, err
		}
		refs, leaves = append(refs, ref), append(leaves, leaf)
	}
	return refs, leaves, rows.Err()
}

func scanHead(row scanner) (translog.Head, error) {
	var size int64
	var edge []byte
	if err := row.Scan(&size, &edge); err != nil {
		return translog.Head{}, err
	}
	head := translog.Head{Size: uint64(size)}
	for ; len(edge) >= translog.HashSize; edge = edge[translog.HashSize:] {
		head.Edge = append(head.Edge, edge[:translog.HashSize:translog.HashSize])
	}
	return head, head.Check()
}

func joined(edge [][]byte) []byte {
	all := []byte{}
	for _, one := range edge {
		all = append(all, one...)
	}
	return all
}

func findTile(ctx context.Context, q sqldb.Queryer, tree elicense.LogTree, id translog.TileID) (content []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT content FROM lic_log_tile WHERE tree = $1 AND level = $2 AND number = $3", string(tree), int64(id.Level), int64(id.Number)).Scan(&content)
	return content, notFound(err)
}

// LogHead implements elicense.Log.
func (s *Store) LogHead(ctx context.Context, tree elicense.LogTree) (translog.Head, error) {
	head, err := scanHead(s.db.Read().QueryRowContext(ctx, "SELECT size, edge FROM lic_log_tree WHERE name = $1", string(tree)))
	if err != nil {
		return translog.Head{}, fmt.Errorf("licensedb: read head of the log: %w", err)
	}
	return head, nil
}

// LogTile implements elicense.Log.
func (s *Store) LogTile(ctx context.Context, tree elicense.LogTree, id translog.TileID) ([]byte, error) {
	return findTile(ctx, s.db.Read(), tree, id)
}

// AddCheckpoint implements elicense.Log.
func (s *Store) AddCheckpoint(ctx context.Context, c elicense.LogCheckpoint, roots []elicense.LogEntry, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		newer, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_log_tree SET signed = $2 WHERE name = $1 AND signed < $2 AND size >= $2", string(c.Tree), int64(c.Size))
		if err != nil {
			return err
		}
		if !newer {
			return elicense.ErrStale
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_log_checkpoint (tree, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5)",
			string(c.Tree), int64(c.Size), c.Root, c.Note, sqldb.Micros(c.SignedAt)); err != nil {
			return err
		}
		if err := enqueue(ctx, tx, elicense.LogRoots, roots); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// CosignCheckpoint implements elicense.Log.
func (s *Store) CosignCheckpoint(ctx context.Context, c elicense.LogCheckpoint, note []byte, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_log_checkpoint SET note = $4 WHERE tree = $1 AND size = $2 AND note = $3", string(c.Tree), int64(c.Size), c.Note, note)
		if err != nil {
			return err
		}
		if !done {
			return elicense.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// LastCheckpoint implements elicense.Log.
func (s *Store) LastCheckpoint(ctx context.Context, tree elicense.LogTree) (elicense.LogCheckpoint, error) {
	c := elicense.LogCheckpoint{Tree: tree}
	var size, signed int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT size, root, note, signed_at FROM lic_log_checkpoint WHERE tree = $1 ORDER BY size DESC LIMIT 1", string(tree)).Scan(&size, &c.Root, &c.Note, &signed)
	if err != nil {
		return elicense.LogCheckpoint{}, notFound(err)
	}
	c.Size, c.SignedAt = uint64(size), sqldb.Time(signed)
	return c, nil
}

// LogNumber implements elicense.Log.
func (s *Store) LogNumber(ctx context.Context, tree elicense.LogTree, ref string) (uint64, bool, error) {
	var number int64
	if err := s.db.Read().QueryRowContext(ctx, "SELECT number FROM lic_log_entry WHERE tree = $1 AND ref = $2", string(tree), ref).Scan(&number); err != nil {
		return 0, false, notFound(err)
	}
	if number < 0 {
		return 0, false, nil
	}
	return uint64(number), true, nil
}

// Unlogged implements elicense.Log.
func (s *Store) Unlogged(ctx context.Context, limit int) ([]elicense.License, error) {
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE log_count = 0 AND state = 'active' ORDER BY created_at, id LIMIT $1", limit)
}
