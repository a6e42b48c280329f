package testkit

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
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
	db, err := sqldb.Open(context.Background(), sqldb.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background(), time.Now(), sets...); err != nil {
		t.Fatal(err)
	}
	return db
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
	return server.url(name)
}

func (s *pgServer) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.socketFolder}, "user": {"postgres"}}.Encode()
}
