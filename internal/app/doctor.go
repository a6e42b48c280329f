package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/yinxin-gov/yinxin/internal/blob"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Finding is one line of the doctor: what was looked at, how it is, and what to do.
type Finding struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok | warn | fail
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Diagnosis is the doctor's answer.
type Diagnosis struct {
	Findings []Finding `json:"findings"`
}

// Healthy reports whether nothing failed.
func (d Diagnosis) Healthy() bool {
	for _, f := range d.Findings {
		if f.State == "fail" {
			return false
		}
	}
	return true
}

// Print writes the diagnosis as text or JSON.
func (d Diagnosis) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	for _, f := range d.Findings {
		fmt.Fprintf(w, "%-5s %-12s %s\n", f.State, f.Name, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(w, "      %-12s fix: %s\n", "", f.Fix)
		}
	}
	return nil
}

// Doctor looks at configuration and environment without changing either.
func Doctor(ctx context.Context, cfg Config, now time.Time) Diagnosis {
	var d Diagnosis
	add := func(name, state, detail, fix string) {
		d.Findings = append(d.Findings, Finding{Name: name, State: state, Detail: detail, Fix: fix})
	}
	check := func(name string, err error, good, fix string) bool {
		if err != nil {
			add(name, "fail", err.Error(), fix)
			return false
		}
		add(name, "ok", good, "")
		return true
	}
	check("algorithms", selfTest(), "SM3 gives the published answer", "this binary is damaged; install it again")
	if now.Year() < 2026 {
		add("clock", "fail", "the clock says "+now.Format(time.RFC3339), "set the clock; every verdict depends on it")
	} else {
		add("clock", "ok", now.UTC().Format(time.RFC3339), "")
	}
	add("issuer", "ok", cfg.Issuer, "")
	if cfg.Sandbox {
		add("sandbox", "warn", "people, authority and messages are simulated", "set sandbox: false for real use")
	}
	for _, listener := range [][2]string{{"public", cfg.Listen.Public}, {"management", cfg.Listen.Management}, {"mtls", cfg.Listen.MTLS.Address}} {
		name, address := listener[0], listener[1]
		if address == "" {
			continue
		}
		detail, state := address+" is free", "ok"
		if listener, err := net.Listen("tcp", address); err != nil {
			detail, state = address+" is taken: "+err.Error(), "warn" // by the running server, most likely
		} else {
			listener.Close()
		}
		add(name, state, detail, "")
	}
	if cfg.Listen.TLS.CertFile != "" {
		d.Findings = append(d.Findings, certificateFinding(cfg.Listen.TLS, now))
	}
	if cfg.Keys.Provider == "file" {
		_, err := ReadSecret(cfg.Keys.PassphraseFile)
		check("passphrase", err, cfg.Keys.PassphraseFile, "write a passphrase into the file and run chmod 600 on it")
	}
	store, err := blob.OpenFiles(cfg.Blob.Dir, func() time.Time { return now })
	if err == nil {
		err = store.Health()
	}
	check("documents", err, cfg.Blob.Dir, "make the folder writable for this user")
	if free, err := freeSpace(cfg.Blob.Dir); err == nil {
		state, fix := "ok", ""
		if free < 1<<30 {
			state, fix = "warn", "free some space; below 1 GiB stamping may stop soon"
		}
		add("disk", state, fmt.Sprintf("%d MiB free", free>>20), fix)
	}
	d.Findings = append(d.Findings, channelFindings(cfg)...)
	d.Findings = append(d.Findings, databaseFinding(ctx, cfg))
	return d
}

// selfTest is the published example of GB/T 32905 annex A.1.
func selfTest() error {
	want, _ := hex.DecodeString("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
	if !bytes.Equal(digest.Sum([]byte("abc")), want) {
		return fmt.Errorf("SM3 gives a wrong answer")
	}
	return nil
}

func certificateFinding(files TLS, now time.Time) Finding {
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return Finding{"certificate", "fail", err.Error(), "give a certificate and its key as PEM"}
	}
	left := pair.Leaf.NotAfter.Sub(now)
	switch {
	case left < 0:
		return Finding{"certificate", "fail", "ended " + pair.Leaf.NotAfter.Format(time.RFC3339), "install a new certificate"}
	case left < 30*24*time.Hour:
		return Finding{"certificate", "warn", "ends " + pair.Leaf.NotAfter.Format(time.RFC3339), "install a new certificate soon"}
	}
	return Finding{"certificate", "ok", "until " + pair.Leaf.NotAfter.Format(time.RFC3339), ""}
}

func databaseFinding(ctx context.Context, cfg Config) Finding {
	if path, isFile := strings.CutPrefix(cfg.Database.URL, "sqlite:"); isFile {
		if _, err := os.Stat(path); err != nil {
			return Finding{"database", "warn", path + " is not there yet", "run yinxin migrate up"}
		}
	}
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return Finding{"database", "fail", err.Error(), "is the server running and the address right?"}
	}
	defer db.Close()
	status, err := db.MigrationStatus(ctx, migrations()...)
	if err != nil {
		return Finding{"database", "fail", err.Error(), "use the release that migrated this database"}
	}
	if pending := sqldb.Pending(status); pending > 0 {
		return Finding{"database", "warn", fmt.Sprintf("%d migrations wait", pending), "run yinxin migrate up"}
	}
	return Finding{"database", "ok", string(db.Dialect()) + ", schema is up to date", ""}
}

func freeSpace(folder string) (uint64, error) {
	for {
		var fs syscall.Statfs_t
		err := syscall.Statfs(folder, &fs)
		if err == nil {
			return fs.Bavail * uint64(fs.Bsize), nil
		}
		if parent := filepath.Dir(folder); parent != folder {
			folder = parent
			continue
		}
		return 0, err
	}
}
