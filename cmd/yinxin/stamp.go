package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

// Where secrets come from when no file is named: never from the command line, which every process of the machine can read.
const (
	secretVariable = "YINXIN_CLIENT_SECRET"
	tokenVariable  = "YINXIN_TOKEN"
)

// stampFlags are the flags of the verb that need more than a look.
type stampFlags struct {
	server, client, secretFile, tokenFile, caFile string
	places                                        string
	page                                          int
	x, y                                          float64
	trust                                         stringList
}

func stampFolder(ctx context.Context, c command) int {
	set := c.flags("stamp", "DIR|FILE...")
	var f stampFlags
	var folder sealing.Folder
	set.StringVar(&f.server, "server", "", "`address` of the platform")
	set.StringVar(&folder.Order.SealID, "seal", "", "`identifier` of the seal")
	set.StringVar(&f.client, "client", "", "`identifier` of the service client; its secret comes from --secret-file or $"+secretVariable+". Without it an access token comes from --token-file or $"+tokenVariable)
	set.StringVar(&f.secretFile, "secret-file", "", "`file` with the secret of the client")
	set.StringVar(&f.tokenFile, "token-file", "", "`file` with an access token")
	set.StringVar(&f.caFile, "ca-file", "", "`file` (PEM) with the root of the platform's TLS certificate, where the system does not know it")
	set.StringVar(&folder.Order.Purpose, "purpose", "", "`text`: why the seal is used")
	set.StringVar(&folder.Order.Item, "item", "", "service item (`text`)")
	set.IntVar(&f.page, "page", 1, "`page` that carries the seal; 0 for an invisible one")
	set.Float64Var(&f.x, "x", 140, "left edge of the seal in `millimetres`")
	set.Float64Var(&f.y, "y", 220, "top edge of the seal in `millimetres`")
	set.StringVar(&f.places, "places", "", "`file` with places as the API takes them (JSON), instead of --page, --x and --y")
	set.BoolVar(&folder.Trial, "dry-run", false, "look whether and where each file would be sealed; nothing is signed")
	set.StringVar(&folder.Out, "out", "", "`folder` for sealed documents and results.jsonl; run again with the same folder to go on")
	set.StringVar(&folder.Results, "results", "", "`file` of results instead of results.jsonl in the folder")
	set.BoolVar(&folder.Here, "remote", false, "documents stay on this machine: their digests alone are sent, which the rule of the seal has to allow")
	set.Var(&f.trust, "trust", "`file or folder` of certificates, CRLs and lists by which sealed documents are judged before they are kept; needed with --remote; may be repeated")
	asJSON := set.Bool("json", false, "print results as JSON lines")
	paths, status, done := c.parse(set, 1, -1)
	if done {
		return status
	}
	folder.Paths = paths
	if err := f.prepare(&folder); err != nil {
		return c.fail(exitMisuse, "stamp", err)
	}
	worst := exitDone
	folder.Each = func(r sealing.FileResult) {
		worst = worse(worst, map[string]int{sealing.Refused: exitFailed, sealing.Waiting: exitIndeterminate}[r.State])
		c.printFile(r, *asJSON)
	}
	err := folder.Run(ctx)
	switch {
	case err == nil:
		return worst
	case errors.Is(err, sealing.ErrStopped) && (sealing.Later(err) || ctx.Err() != nil):
		c.fail(exitIndeterminate, "stamp", err)
		fmt.Fprintln(c.stderr, "hint: run the same command again; what is sealed stays as it is")
		return worse(worst, exitIndeterminate)
	case sealing.Later(err):
		return c.fail(exitIndeterminate, "stamp", err)
	}
	if refusal, ok := errors.AsType[*sealing.Refusal](err); ok && refusal.Status != http.StatusUnauthorized {
		return worse(worst, c.fail(exitFailed, "stamp", err))
	}
	return c.fail(exitMisuse, "stamp", err)
}

// printFile tells what became of a file.
func (c command) printFile(r sealing.FileResult, asJSON bool) {
	if asJSON {
		line, err := json.Marshal(r)
		if err == nil {
			fmt.Fprintf(c.stdout, "%s\n", line)
		}
		return
	}
	text := r.State + "  " + printable(r.File)
	if r.Kept {
		text += "  (before)"
	}
	for _, part := range []string{r.Code, printable(r.Message)} {
		if part != "" {
			text += "  " + part
		}
	}
	fmt.Fprintln(c.stdout, text)
}

// prepare checks the flags and makes the client.
func (f stampFlags) prepare(folder *sealing.Folder) error {
	switch {
	case f.server == "" || folder.Order.SealID == "":
		return errors.New("name the platform with --server and the seal with --seal")
	case strings.TrimSpace(folder.Order.Purpose) == "" && !folder.Trial:
		return errors.New("say with --purpose why the seal is used")
	case folder.Out == "" && !folder.Trial:
		return errors.New("name a folder for sealed documents with --out, or try with --dry-run")
	case folder.Here && len(f.trust) == 0:
		return errors.New("--remote needs --trust: nothing is kept that was not judged here")
	}
	var err error
	if folder.Order.Places, err = f.where(); err != nil {
		return err
	}
	if len(f.trust) > 0 {
		folder.Verifier = yinxin.NewVerifier()
		for _, path := range f.trust {
			if err := folder.Verifier.AddTrust(path); err != nil {
				return fmt.Errorf("--trust: %w", err)
			}
		}
	}
	cfg := sealing.Config{Server: f.server, ClientID: f.client}
	if f.client != "" {
		cfg.Secret, err = secret(f.secretFile, secretVariable)
	} else {
		cfg.Token, err = secret(f.tokenFile, tokenVariable)
	}
	if err == nil {
		cfg.HTTP, err = f.http()
	}
	if err == nil {
		folder.Client, err = sealing.New(cfg)
	}
	return err
}

// where reads the places.
func (f stampFlags) where() ([]sealing.Place, error) {
	switch {
	case f.places == "" && f.page == 0:
		return nil, nil
	case f.places == "":
		return []sealing.Place{sealing.At(f.page, f.x, f.y)}, nil
	}
	const limit = 64 << 10
	content, err := yinxin.ReadFile(f.places, limit)
	if err != nil {
		return nil, fmt.Errorf("--places: %w", err)
	}
	var all []sealing.Place
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("--places: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("--places: no place; --page 0 makes an invisible seal")
	}
	return all, nil
}

// secret reads a secret from a file or the environment.
func secret(file, variable string) (string, error) {
	text := os.Getenv(variable)
	if file != "" {
		const limit = 64 << 10
		content, err := yinxin.ReadFile(file, limit)
		if err != nil {
			return "", err
		}
		text = string(content)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("no secret: name a file, or set $%s", variable)
	}
	return text, nil
}

// http is the client with the platform's root.
func (f stampFlags) http() (*http.Client, error) {
	const wait = 2 * time.Minute // a document on a weak network
	if f.caFile == "" {
		return &http.Client{Timeout: wait}, nil
	}
	content, err := os.ReadFile(f.caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("--ca-file: %s holds no certificate", f.caFile)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Timeout: wait, Transport: transport}, nil
}
