package conformance

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/party"
)

// serverFlags are the flags about a server that is to be met.
type serverFlags struct {
	issuer, with, caFile, listen string
	patience                     time.Duration
}

func (f serverFlags) options() (Options, error) {
	if f.issuer == "" {
		if f.with != "" || f.caFile != "" || f.listen != "" {
			return Options{}, errors.New("--with, --ca-file and --listen belong to --issuer")
		}
		return Options{}, nil
	}
	server := party.Options{Issuer: f.issuer, Listen: f.listen, Patience: f.patience}
	if f.with != "" {
		content, err := os.ReadFile(f.with)
		if err != nil {
			return Options{}, fmt.Errorf("read people and clients: %w", err)
		}
		if server.With, err = party.ReadFile(content); err != nil {
			return Options{}, err
		}
	}
	if f.caFile == "" {
		f.caFile = server.With.CAFile
	}
	if f.caFile != "" {
		content, err := os.ReadFile(f.caFile)
		if err != nil {
			return Options{}, fmt.Errorf("read roots: %w", err)
		}
		server.Roots = x509.NewCertPool()
		if !server.Roots.AppendCertsFromPEM(content) {
			return Options{}, fmt.Errorf("read roots: no certificate is in %s", f.caFile)
		}
	}
	return Options{Server: &server}, nil
}

// defaultListen is where a new registration has logout tokens sent when --listen names nothing.
const defaultListen = "127.0.0.1:18480"

// Files of a new registration.
const (
	manifestFile = "clients.yaml"
	withFile     = "with.json"
	clientCAFile = "client-ca.pem"
)

// writeClients makes a registration in a folder that must not exist, so that no keys are lost.
func writeClients(folder, listen string, stdout, stderr io.Writer) error {
	if listen == "" {
		listen = defaultListen
	}
	made, err := party.NewRegistration(nil, time.Time{}, listen)
	if err != nil {
		return fmt.Errorf("make a registration: %w", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return fmt.Errorf("make a registration: %w", err)
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{{manifestFile, made.Manifest}, {withFile, made.With}, {clientCAFile, made.ClientCA}} {
		path := filepath.Join(folder, file.name)
		if err := os.WriteFile(path, file.content, 0o600); err != nil {
			return fmt.Errorf("make a registration: %w", err)
		}
		fmt.Fprintln(stdout, path)
	}
	fmt.Fprintf(stderr, `yinxin conformance: next
  yinxin admin apply -f %s     registers them (with --config FILE or --data FOLDER)
  listen.tls.client_ca_file: %s     for clients with certificates
  outbound.allowed: [%q]     for logout tokens
  yinxin conformance --issuer URL --with %s oidc fapi2
`, filepath.Join(folder, manifestFile), filepath.Join(folder, clientCAFile), listen, filepath.Join(folder, withFile))
	return nil
}
