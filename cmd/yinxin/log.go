package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/translog"
	sm3 "github.com/yinxin-gov/yinxin/keys/digest"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/witness"
)

// logVerb runs what is done with a transparency log from outside. It needs no platform of its own.
func logVerb(ctx context.Context, c command) int {
	words := map[string]func(context.Context, command) int{"witness": logWitness, "monitor": logMonitor, "prove": logProve}
	if len(c.args) > 0 && words[c.args[0]] != nil {
		word := c.args[0]
		c.args = c.args[1:]
		return words[word](ctx, c)
	}
	set := c.flags("log", "witness|monitor|prove")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	return c.fail(exitMisuse, "log", fmt.Errorf("unknown word %q; use witness, monitor or prove", arguments[0]))
}

// readLines are the lines of a file without comments and empty ones.
func readLines(path string) ([]string, error) {
	content, err := yinxin.ReadFile(path, 16<<20)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.SplitSeq(string(content), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// readKeys reads files of verifier keys, those that cosign or those that do not.
func readKeys(files []string, cosigns bool) ([]translog.Key, error) {
	var list []translog.Key
	for _, file := range files {
		content, err := yinxin.ReadFile(file, 16<<20)
		if err != nil {
			return nil, err
		}
		known, err := translog.ParseKeys(string(content))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, k := range known {
			if k.Cosigns() != cosigns {
				return nil, fmt.Errorf("%s: the key of %q is not of this kind", file, k.Name())
			}
			list = append(list, k)
		}
	}
	return list, nil
}

// openLog is the log at an address. Plain HTTP is for this machine alone.
func openLog(address, caFile string, keys []translog.Key, hasher translog.Hasher) (witness.Log, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return witness.Log{}, fmt.Errorf("--url: %q is no address such as https://id.example.gov.cn/log", address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return witness.Log{}, errors.New("--url: use https; plain HTTP is for this machine alone")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	if caFile != "" {
		content, err := yinxin.ReadFile(caFile, 1<<20)
		if err != nil {
			return witness.Log{}, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(content) {
			return witness.Log{}, fmt.Errorf("--ca: %s holds no certificate", caFile)
		}
	}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return witness.Log{URL: address, Keys: keys, Hasher: hasher, Client: client}, nil
}

// logResult is what the words of log print with --json.
type logResult struct {
	Result     string          `json:"result"` // consistent, unexpected, proved, fork, older, unreachable, refused, witnesses_missing, state
	Detail     string          `json:"detail,omitempty"`
	Origin     string          `json:"origin,omitempty"`
	Size       uint64          `json:"size,omitempty"`
	Root       string          `json:"root,omitempty"`
	Note       string          `json:"note,omitempty"`
	Index      *uint64         `json:"index,omitempty"`
	Witnesses  []string        `json:"witnesses,omitempty"`
	Unexpected []witness.Found `json:"unexpected,omitempty"`
}

// about fills in the checkpoint.
func (r *logResult) about(c translog.Checkpoint, note []byte) {
	r.Origin, r.Size, r.Note = c.Origin, c.Size, string(note)
	if len(c.Root) > 0 {
		r.Root = hex.EncodeToString(c.Root)
	}
}

// logFailures: what an error is called, and its status. A log that contradicts itself or is not signed is a failure; one that cannot be read is not judged.
var logFailures = []struct {
	err    error
	word   string
	status int
}{
	{witness.ErrState, "state", exitMisuse}, {witness.ErrFork, "fork", exitFailed}, {witness.ErrOlder, "older", exitIndeterminate}, {witness.ErrUnreachable, "unreachable", exitIndeterminate},
	{translog.ErrQuorum, "witnesses_missing", exitIndeterminate}, {translog.ErrSignature, "refused", exitFailed}, {translog.ErrFormat, "refused", exitFailed}, {translog.ErrProof, "refused", exitFailed},
}

// finish prints a result or an error and gives the status.
func (c command) finishLog(name string, asJSON bool, r logResult, err error, plain func()) int {
	status := exitDone
	if err != nil {
		r.Result, r.Detail, status = "refused", err.Error(), exitFailed
		for _, f := range logFailures {
			if errors.Is(err, f.err) {
				r.Result, status = f.word, f.status
				break
			}
		}
	} else if len(r.Unexpected) > 0 {
		status = exitFailed
	}
	if asJSON {
		line, encodeErr := json.Marshal(r)
		if encodeErr != nil {
			return c.fail(exitMisuse, name, encodeErr)
		}
		fmt.Fprintf(c.stdout, "%s\n", line)
	} else if err == nil {
		plain()
	}
	if err != nil {
		c.fail(status, name, err)
		if errors.Is(err, witness.ErrFork) && len(r.Note) > 0 && !asJSON {
			fmt.Fprintf(c.stderr, "hint: keep this, it proves what the log signed:\n%s", r.Note)
		}
	}
	return status
}

func logWitness(ctx context.Context, c command) int {
	set := c.flags("log witness", "")
	address := set.String("url", "", "`address` of the log, https://…/log")
	var keys stringList
	set.Var(&keys, "keys", "`file` of the log's keys, as it serves them at /log/keys; get it over a way that you trust; may be repeated")
	state := set.String("state", "", "`file` in which the witness keeps what it saw; it must not be lost or put back")
	sign := set.String("sign", "", "`file` of the witness's private key")
	name := set.String("new-key", "", "make the file of --sign for a witness of this `name`, print the key that others know, and end")
	roots := set.Bool("roots", false, "the log is the SHA-256 tree of roots, https://…/log/roots")
	ca := set.String("ca", "", "`file` of certificates that the log's server is trusted by, instead of the system's")
	listen := set.String("listen", "", "countersign for the log whenever it asks (C2SP tlog-witness), at this `address`, instead of --url; plain HTTP, for a proxy on the same host")
	asJSON := set.Bool("json", false, "print one JSON object")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *sign == "" {
		return c.fail(exitMisuse, "log witness", errors.New("name the file of the witness's key with --sign"))
	}
	if *name != "" {
		return c.newWitnessKey(*name, *sign)
	}
	if (*address == "") == (*listen == "") || len(keys) == 0 || *state == "" {
		return c.fail(exitMisuse, "log witness", errors.New("--keys, --state and one of --url and --listen are needed"))
	}
	known, err := readKeys(keys, false)
	if err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	secret, err := yinxin.ReadFile(*sign, 4096)
	if err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	signer, err := translog.ParseWitnessKey(rand.Reader, strings.TrimSpace(string(secret)))
	if err != nil {
		return c.fail(exitMisuse, "log witness", fmt.Errorf("%s: %w", *sign, err))
	}
	hasher := translog.SM3
	if *roots {
		hasher = translog.SHA256
	}
	if *listen != "" {
		return c.serveWitness(ctx, *listen, witness.Witness{Log: witness.Log{Keys: known, Hasher: hasher}, File: *state, Key: signer})
	}
	log, err := openLog(*address, *ca, known, hasher)
	if err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	seen, err := witness.Witness{Log: log, File: *state, Key: signer}.Cosign(ctx, time.Now())
	r := logResult{Result: "consistent"}
	r.about(seen.Checkpoint, seen.Note)
	return c.finishLog("log witness", *asJSON, r, err, func() { fmt.Fprintf(c.stdout, "%s", seen.Note) })
}

// serveWitness answers the log until ctx ends.
func (c command) serveWitness(ctx context.Context, address string, w witness.Witness) int {
	if host, _, err := net.SplitHostPort(address); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return c.fail(exitMisuse, "log witness", errors.New("--listen: name a loopback address with a port, such as 127.0.0.1:7300, behind a proxy that has TLS"))
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	server := &http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, Handler: &witness.Server{
		Witness: w, Now: time.Now,
		Failed: func(err error) { fmt.Fprintf(c.stderr, "log witness: %v\n", err) },
		Forked: func(seen, shown []byte) {
			fmt.Fprintf(c.stderr, "log witness: the log tells another history than before; keep this, it proves what it signed:\n%s\n%s", seen, shown)
		},
	}}
	fmt.Fprintf(c.stdout, "%s is asked at http://%s%s\n", w.Key.String(), listener.Addr(), witness.AskPath)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(closing) // whoever waited longer asks again
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return c.fail(exitMisuse, "log witness", err)
	}
	<-closed
	return exitDone
}

func (c command) newWitnessKey(name, path string) int {
	private, public, err := translog.NewWitnessKey(rand.Reader, name)
	if err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	if err := writeNew(path, []byte(private+"\n"), 0o600); err != nil {
		return c.fail(exitMisuse, "log witness", err)
	}
	fmt.Fprintln(c.stdout, public)
	return exitDone
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, content []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

func logMonitor(ctx context.Context, c command) int {
	set := c.flags("log monitor", "")
	address := set.String("url", "", "`address` of the log, https://…/log")
	var keys, issuers, expected, proofs stringList
	set.Var(&keys, "keys", "`file` of the log's keys, as it serves them at /log/keys; get it over a way that you trust; may be repeated")
	state := set.String("state", "", "`file` in which the monitor keeps its place")
	set.Var(&issuers, "issuer", "`code` of an authority: tell of licences and changes in its name; may be repeated")
	set.Var(&proofs, "proofs", "`file` with the proofs of a licence as its holder gets them: tell of changes of this licence; may be repeated")
	set.Var(&expected, "expect", "`file` of digests, one a line, of entries that are expected; may be repeated")
	ca := set.String("ca", "", "`file` of certificates that the log's server is trusted by, instead of the system's")
	asJSON := set.Bool("json", false, "print one JSON object")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *address == "" || len(keys) == 0 || *state == "" {
		return c.fail(exitMisuse, "log monitor", errors.New("--url, --keys and --state are needed"))
	}
	known, err := readKeys(keys, false)
	if err != nil {
		return c.fail(exitMisuse, "log monitor", err)
	}
	log, err := openLog(*address, *ca, known, translog.SM3)
	if err != nil {
		return c.fail(exitMisuse, "log monitor", err)
	}
	m := witness.Monitor{Log: log, File: *state, Issuers: issuers, Expected: map[string]bool{}}
	for _, file := range expected {
		lines, err := readLines(file)
		if err != nil {
			return c.fail(exitMisuse, "log monitor", err)
		}
		for _, line := range lines {
			if sum, err := hex.DecodeString(line); err != nil || len(sum) != sm3.Size {
				return c.fail(exitMisuse, "log monitor", fmt.Errorf("%s: %.80q is no digest", file, line))
			}
			m.Expected[strings.ToLower(line)] = true
		}
	}
	for _, file := range proofs {
		content, err := yinxin.ReadFile(file, 16<<20)
		if err != nil {
			return c.fail(exitMisuse, "log monitor", err)
		}
		watched, digests, err := witness.ReadProofs(content)
		if err != nil {
			return c.fail(exitMisuse, "log monitor", fmt.Errorf("%s: %w", file, err))
		}
		m.Licenses = append(m.Licenses, watched)
		for _, one := range digests {
			m.Expected[one] = true
		}
	}
	r := logResult{Result: "consistent"}
	seen, err := m.Look(ctx, func(found witness.Found) error {
		r.Result, r.Unexpected = "unexpected", append(r.Unexpected, found)
		if *asJSON {
			return nil
		}
		_, err := fmt.Fprintf(c.stdout, "entry %d  %s  %s  %s  %s\n", found.Index, found.Kind, printable(found.Subject), found.Digest, printable(found.License))
		return err
	})
	r.about(seen.Checkpoint, seen.Note)
	return c.finishLog("log monitor", *asJSON, r, err, func() { fmt.Fprintf(c.stdout, "read to %d, %d unexpected\n", seen.Size, len(r.Unexpected)) })
}

func logProve(ctx context.Context, c command) int {
	set := c.flags("log prove", "PROOF")
	var keys, witnesses stringList
	set.Var(&keys, "keys", "`file` of the log's keys; may be repeated")
	set.Var(&witnesses, "witnesses", "`file` of keys of witnesses; may be repeated")
	quorum := set.Int("quorum", 0, "how `many` witnesses must have countersigned")
	license := set.String("license", "", "`file` of the sealed licence that the proof is for")
	checkpoint := set.String("checkpoint", "", "`file` of another checkpoint of the log, countersigned by witnesses: make the proof anew under it, with --url and -o")
	address := set.String("url", "", "`address` of the log, for --checkpoint")
	to := set.String("o", "", "`file` to write the new proof to; must not exist")
	ca := set.String("ca", "", "`file` of certificates that the log's server is trusted by, instead of the system's")
	asJSON := set.Bool("json", false, "print one JSON object")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	misuse := func(err error) int { return c.fail(exitMisuse, "log prove", err) }
	switch {
	case len(keys) == 0 || *license == "":
		return misuse(errors.New("--keys and --license are needed"))
	case *quorum < 0:
		return misuse(errors.New("--quorum: must not be negative"))
	case (*checkpoint == "") != (*address == "") || (*checkpoint == "") != (*to == ""):
		return misuse(errors.New("--checkpoint, --url and -o go together"))
	}
	policy := translog.Policy{Quorum: *quorum}
	var err error
	if policy.Log, err = readKeys(keys, false); err != nil {
		return misuse(err)
	}
	if policy.Witnesses, err = readKeys(witnesses, true); err != nil {
		return misuse(err)
	}
	document, err := yinxin.ReadFile(*license, yinxin.MaxDocument)
	if err != nil {
		return misuse(err)
	}
	file, err := yinxin.ReadFile(arguments[0], translog.MaxProof)
	if err != nil {
		return misuse(err)
	}
	result := yinxin.NewVerifier().Verify(*license, document)
	if result.License == nil || result.License.LicenseID == "" {
		return c.fail(exitIndeterminate, "log prove", fmt.Errorf("%s: not a licence", *license))
	}
	r := logResult{Result: "proved"}
	proof, err := translog.ParseProof(file)
	if err != nil {
		return c.finishLog("log prove", *asJSON, r, err, nil)
	}
	r.Index = &proof.Index
	if *checkpoint != "" {
		note, err := yinxin.ReadFile(*checkpoint, translog.MaxNote)
		if err != nil {
			return misuse(err)
		}
		log, err := openLog(*address, *ca, policy.Log, translog.SM3)
		if err != nil {
			return misuse(err)
		}
		if proof, err = log.Reanchor(ctx, proof, note); err != nil {
			return c.finishLog("log prove", *asJSON, r, err, nil)
		}
	}
	opened, err := proof.JudgeLicense(result.License.LicenseID, sm3.Sum(document), policy)
	r.about(opened.Checkpoint, nil)
	for _, cosignature := range opened.Cosignatures {
		r.Witnesses = append(r.Witnesses, cosignature.Witness)
	}
	if err == nil && *to != "" {
		octets, encodeErr := proof.Encode()
		if err := errors.Join(encodeErr, writeNew(*to, octets, 0o644)); err != nil {
			return misuse(err)
		}
	}
	return c.finishLog("log prove", *asJSON, r, err, func() {
		fmt.Fprintf(c.stdout, "entry %d of %s, tree of %d, %d witnesses\n", proof.Index, printable(opened.Origin), opened.Size, len(opened.Cosignatures))
	})
}
