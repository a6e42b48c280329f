package sqldb

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// TestF02AfterAFailedFlushNothingIsAcknowledged: what the file holds is unknown then, so the process must start anew.
func TestF02AfterAFailedFlushNothingIsAcknowledged(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "yinxin.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Write(ctx, func(Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	db.broken.set(errors.New("the flush failed"))
	db.broken.set(errors.New("a later one"))
	ran := false
	if err := db.Write(ctx, func(Tx) error { ran = true; return nil }); err == nil || ran || err.Error() != "the flush failed" {
		t.Errorf("a change went on: %v", err)
	}
	if db.Ping(ctx) == nil {
		t.Error("the database says that it is well")
	}
}

func TestStatementsAreCutAtLineEnds(t *testing.T) {
	got := statements("-- a comment; with a semicolon;\nCREATE TABLE a (\n  x TEXT\n);\n\nINSERT INTO a (x) VALUES ('one; two');\nSELECT 1")
	if len(got) != 3 || got[1] != "INSERT INTO a (x) VALUES ('one; two');\n" || got[2] != "SELECT 1" {
		t.Errorf("%q", got)
	}
}
