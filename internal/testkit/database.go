package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Database is one engine to run a contract suite on.
type Database struct {
	Name string // "sqlite" or "postgresql"
	// Open gives a fresh, migrated database that is closed when the test ends.
	Open func(t testing.TB) *sqldb.DB
	// OpenURL is Open for tests that open the database more than once (two nodes, restarts): it gives the URL of a
	// fresh database that is not migrated.
	OpenURL func(t testing.TB) string
}

// Databases lists the engines that every store contract runs on: SQLite and a throw-away PostgreSQL.
func Databases(_ testing.TB, sets ...sqldb.MigrationSet) []Database {
	engines := []Database{
		{Name: "sqlite", OpenURL: func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "yinxin.db") }},
		{Name: "postgresql", OpenURL: freshPostgreSQL},
	}
	for i := range engines {
		newURL := engines[i].OpenURL
		engines[i].Open = func(t testing.TB) *sqldb.DB {
			t.Helper()
			return OpenDatabase(t, newURL(t), sets...)
		}
	}
	return engines
}

// OpenDatabase opens and migrates the database at the URL; it is closed when the test ends.
func OpenDatabase(t testing.TB, address string, sets ...sqldb.MigrationSet) *sqldb.DB {
	t.Helper()
	rooms := make([]string, 0, len(sets))
	for _, set := range sets {
		rooms = append(rooms, set.Room)
	}
	Prepare(t, address, "rooms "+strings.Join(rooms, " "), func(address string) error {
		db, err := openMigrated(address, sets)
		if err != nil {
			return err
		}
		return db.Close()
	})
	db, err := openMigrated(address, sets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openMigrated(address string, sets []sqldb.MigrationSet) (*sqldb.DB, error) {
	db, err := sqldb.Open(context.Background(), sqldb.Config{URL: address})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(context.Background(), time.Now(), sets...); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var databaseNumber atomic.Int64

func freshPostgreSQL(t testing.TB) string {
	t.Helper()
	server, err := postgreSQL()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d", databaseNumber.Add(1))
	if err := server.createDatabase(name); err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := server.execute("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("PostgreSQL for tests: %v", err)
		}
	})
	return server.url(name)
}

func (s *pgServer) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.socketFolder}, "user": {"postgres"}}.Encode()
}
