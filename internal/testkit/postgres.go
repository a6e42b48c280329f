package testkit

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // creates the databases of tests
)

// pgServer is a throw-away PostgreSQL of this test process: Unix socket only, no durability, gone with the process.
type pgServer struct {
	socketFolder string
}

// postgreSQL starts the server once for each test process.
var postgreSQL = sync.OnceValues(startPostgreSQL)

func startPostgreSQL() (*pgServer, error) {
	binaries, err := postgreSQLBinaries()
	if err != nil {
		return nil, err
	}
	removeStaleFolders()
	folder := filepath.Join(serverRoot(), fmt.Sprintf("yinxin-pg-%d", os.Getpid()))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	credential, err := serverCredential(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	initialise := exec.Command(filepath.Join(binaries, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8")
	initialise.Dir = folder
	initialise.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := initialise.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := &pgServer{socketFolder: folder}
	return server, server.start(binaries, data, credential)
}

// serverRoot is where servers keep their data: in memory where the system has room for it there. A database is a thousand files, and each
// test has its own; on a disk, making them is most of the work of a test.
func serverRoot() string {
	const memory, room = "/dev/shm", 2 << 30
	var free syscall.Statfs_t
	if err := syscall.Statfs(memory, &free); err == nil && free.Bavail*uint64(free.Bsize) >= room {
		return memory
	}
	return os.TempDir()
}

func (s *pgServer) start(binaries, data string, credential *syscall.Credential) error {
	var output bytes.Buffer
	failed := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when the thread that started the child ends.
		runtime.LockOSThread()
		server := exec.Command(filepath.Join(binaries, "postgres"), "-D", data, "-k", s.socketFolder, "-c", "listen_addresses=",
			"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
			"-c", "autovacuum=off", "-c", "shared_buffers=32MB", "-c", "timezone=UTC")
		server.Dir = s.socketFolder
		server.Stdout, server.Stderr = &output, &output
		server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGINT}
		if err := server.Start(); err != nil {
			failed <- err
			return
		}
		failed <- fmt.Errorf("postgres ended: %w: %s", server.Wait(), output.String())
	}()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-failed:
			return err
		case <-time.After(30 * time.Millisecond):
		}
		if s.execute("SELECT 1") == nil {
			return nil
		}
	}
	return errors.New("postgres does not answer")
}

func (s *pgServer) createDatabase(name string) error {
	return s.execute("CREATE DATABASE " + name)
}

func (s *pgServer) execute(statement string) error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// postgreSQLBinaries finds the folder of initdb and postgres: Debian keeps them outside PATH.
func postgreSQLBinaries() (string, error) {
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for i := len(candidates) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(candidates[i], "postgres")); err == nil {
			return candidates[i], nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("initdb was not found: install the package postgresql (make test does it as root)")
}

// serverCredential: PostgreSQL refuses to run as root, so root lends the folder to the system's postgres user.
func serverCredential(folder string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root needs the user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	if err := os.Chown(folder, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// removeStaleFolders clears what earlier test processes left behind.
func removeStaleFolders() {
	folders, _ := filepath.Glob(filepath.Join(serverRoot(), "yinxin-pg-*"))
	for _, folder := range folders {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(folder), "yinxin-pg-"))
		if err != nil || syscall.Kill(pid, 0) == nil {
			continue
		}
		if content, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid")); err == nil {
			server, _ := strconv.Atoi(strings.SplitN(string(content), "\n", 2)[0])
			if server > 0 && syscall.Kill(server, 0) == nil {
				continue
			}
		}
		os.RemoveAll(folder)
	}
}
