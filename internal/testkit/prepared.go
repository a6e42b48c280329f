package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// originals are what fresh databases are copied from, one for each engine and name: the content of a file, or the name of a
// database of the server.
var originals sync.Map // string -> func() (string, error)

// Prepare fills a fresh database as prepare fills one, from a copy of what it made the first time in this process: hundreds of
// tests need the same schema, and each would spend a second on it. A database that holds something already stays as it is.
// The name stands for what prepare does.
func Prepare(t testing.TB, address, name string, prepare func(address string) error) {
	t.Helper()
	var err error
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		err = prepareFile(path, name, t.TempDir(), prepare)
	} else {
		err = prepareServer(address, name, prepare)
	}
	if err != nil {
		t.Fatalf("prepare a database: %v", err)
	}
}

func prepareFile(path, name, folder string, prepare func(address string) error) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	content, err := original("sqlite "+name, func() (string, error) {
		file := filepath.Join(folder, "original.db")
		if err := prepare("sqlite:" + file); err != nil {
			return "", err
		}
		content, err := os.ReadFile(file)
		return string(content), err
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

func prepareServer(address, name string, prepare func(address string) error) error {
	server, err := postgreSQL()
	if err != nil {
		return err
	}
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	if empty, err := isEmpty(address); err != nil || !empty {
		return err
	}
	source, err := original("postgresql "+name, func() (string, error) {
		database := fmt.Sprintf("test_%d", databaseNumber.Add(1))
		if err := server.createDatabase(database); err != nil {
			return "", err
		}
		return database, prepare(server.url(database))
	})
	if err != nil {
		return err
	}
	database := strings.TrimPrefix(target.Path, "/")
	if err := server.execute("DROP DATABASE " + database); err != nil {
		return err
	}
	return server.execute("CREATE DATABASE " + database + " TEMPLATE " + source)
}

// original makes what is copied, once.
func original(key string, create func() (string, error)) (string, error) {
	made, _ := originals.LoadOrStore(key, sync.OnceValues(create))
	return made.(func() (string, error))()
}

func isEmpty(address string) (bool, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return false, err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'").Scan(&tables)
	return tables == 0, err
}
