package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// MigrationSet is one room's embedded migrations: files NNNN_name.sql at the root of Files, run in order of NNNN.
// Statements end with ";" at the end of a line. A file that ran is never edited; the next file changes what it made.
type MigrationSet struct {
	Room  string
	Files fs.FS
}

// Migration is one file and whether it ran.
type Migration struct {
	Room      string
	Number    int
	Name      string
	Applied   bool
	AppliedAt time.Time
	sql       string
	checksum  string
}

// ErrNewer means that the database was changed by a newer release, whose migrations this binary does not know.
var ErrNewer = errors.New("sqldb: the database was migrated by a newer release; start that release, or restore a backup")

// ErrEdited means that a migration that ran before was edited since.
var ErrEdited = errors.New("sqldb: a migration that ran before was edited")

var fileName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.sql$`)

// Migrate brings every room's schema up to date. Each file is one atomic change; a killed run resumes.
func (db *DB) Migrate(ctx context.Context, now time.Time, sets ...MigrationSet) error {
	plan, err := db.MigrationStatus(ctx, sets...)
	if err != nil {
		return err
	}
	for _, m := range plan {
		if m.Applied {
			continue
		}
		err := db.Write(ctx, func(tx Tx) error { return m.apply(ctx, tx, now) })
		if IsUnique(err) { // another node ran it at the same moment
			continue
		}
		if err != nil {
			return fmt.Errorf("sqldb: migrate %s %04d_%s: %w", m.Room, m.Number, m.Name, err)
		}
	}
	return nil
}

// MigrationStatus lists every known migration, applied or not, room by room.
func (db *DB) MigrationStatus(ctx context.Context, sets ...MigrationSet) ([]Migration, error) {
	if err := db.ensureMigrationTable(ctx); err != nil {
		return nil, err
	}
	applied, err := db.applied(ctx)
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, set := range sets {
		files, err := set.read()
		if err != nil {
			return nil, err
		}
		for i := range files {
			m := &files[i]
			ran, ok := applied[key(m.Room, m.Number)]
			if !ok {
				continue
			}
			if ran.checksum != m.checksum {
				return nil, fmt.Errorf("%w: %s %04d_%s", ErrEdited, m.Room, m.Number, m.Name)
			}
			m.Applied, m.AppliedAt = true, ran.AppliedAt
			delete(applied, key(m.Room, m.Number))
		}
		all = append(all, files...)
		for _, left := range applied {
			if left.Room == set.Room {
				return nil, fmt.Errorf("%w: %s %04d_%s", ErrNewer, left.Room, left.Number, left.Name)
			}
		}
	}
	return all, nil
}

// Pending counts the migrations that did not run yet.
func Pending(all []Migration) int {
	n := 0
	for _, m := range all {
		if !m.Applied {
			n++
		}
	}
	return n
}

// SQL is the text of the migration, for `migrate plan`.
func (m Migration) SQL() string { return m.sql }

func key(room string, number int) string { return room + "/" + strconv.Itoa(number) }

func (s MigrationSet) read() ([]Migration, error) {
	entries, err := fs.ReadDir(s.Files, ".")
	if err != nil {
		return nil, fmt.Errorf("sqldb: read migrations of %s: %w", s.Room, err)
	}
	var files []Migration
	for _, entry := range entries {
		parts := fileName.FindStringSubmatch(entry.Name())
		if parts == nil {
			return nil, fmt.Errorf("sqldb: %s is not a migration of %s", entry.Name(), s.Room)
		}
		content, err := fs.ReadFile(s.Files, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("sqldb: read migrations of %s: %w", s.Room, err)
		}
		number, _ := strconv.Atoi(parts[1])
		sum := sha256.Sum256(content)
		files = append(files, Migration{Room: s.Room, Number: number, Name: parts[2], sql: string(content), checksum: hex.EncodeToString(sum[:])})
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Number < files[j].Number })
	return files, nil
}

func (m Migration) apply(ctx context.Context, tx Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO schema_migration (room, number, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)",
		m.Room, m.Number, m.Name, m.checksum, Micros(now))
	if err != nil {
		return err
	}
	for _, statement := range statements(m.sql) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// statements cuts a file at lines that end with a semicolon and drops comment lines.
func statements(text string) []string {
	var all []string
	var current strings.Builder
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		current.WriteString(line)
		if strings.HasSuffix(trimmed, ";") {
			all = append(all, current.String())
			current.Reset()
		}
	}
	if strings.TrimSpace(current.String()) != "" {
		all = append(all, current.String())
	}
	return all
}

func (db *DB) ensureMigrationTable(ctx context.Context) error {
	err := db.Write(ctx, func(tx Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
			room TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
			PRIMARY KEY (room, number))`)
		return err
	})
	if madeMeanwhile(err) {
		return nil
	}
	return err
}

func (db *DB) applied(ctx context.Context) (map[string]Migration, error) {
	rows, err := db.Read().QueryContext(ctx, "SELECT room, number, name, checksum, applied_at FROM schema_migration")
	if err != nil {
		return nil, fmt.Errorf("sqldb: read applied migrations: %w", err)
	}
	defer rows.Close()
	all := map[string]Migration{}
	for rows.Next() {
		var m Migration
		var at int64
		if err := rows.Scan(&m.Room, &m.Number, &m.Name, &m.checksum, &at); err != nil {
			return nil, fmt.Errorf("sqldb: read applied migrations: %w", err)
		}
		m.AppliedAt = Time(at)
		all[key(m.Room, m.Number)] = m
	}
	return all, rows.Err()
}
