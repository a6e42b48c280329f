package testkit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// PartyOrder is what a relying party of conformance/peers is told.
type PartyOrder struct {
	Issuer                string `json:"issuer"`
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret"`
	RedirectURI           string `json:"redirect_uri"`
	PostLogoutRedirectURI string `json:"post_logout_redirect_uri"`
	Scope                 string `json:"scope"`
	Alg                   string `json:"alg"`  // that the ID token must be signed with
	Name                  string `json:"name"` // that userinfo must tell
}

// partyPatience bounds a whole login with an outside program on a busy machine.
const partyPatience = 2 * time.Minute

// RunParty runs a relying party that prints the addresses a browser is to visit. visit walks there until the browser comes to
// an address that begins with until, and returns that address. The party judges what it gets; the test fails when it refuses.
func RunParty(t testing.TB, program string, order PartyOrder, visit func(address, until string) string) {
	t.Helper()
	var command *exec.Cmd
	switch filepath.Ext(program) {
	case ".mjs":
		preparePeer(t, "node")
		command = exec.Command("node", program)
		command.Dir = filepath.Join(peers(), "node")
	case ".py":
		preparePeer(t, "python")
		command = exec.Command(filepath.Join(peers(), "python", ".venv", "bin", "python"), program)
		command.Dir = filepath.Join(peers(), "python")
		command.Env = append(os.Environ(), "AUTHLIB_INSECURE_TRANSPORT=1") // the issuer of tests is plain HTTP on loopback
	default:
		t.Fatalf("no way to run %s", program)
	}
	content, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	command.Env = append(command.Env, "PEER_ORDER="+string(content))
	var complaints strings.Builder
	command.Stderr = &complaints
	in, err1 := command.StdinPipe()
	out, err2 := command.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("outside party cannot be started: %v", err)
	}
	limit := time.AfterFunc(partyPatience, func() { command.Process.Kill() })
	defer limit.Stop()
	done := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var said struct {
			Visit string `json:"visit"`
			Until string `json:"until"`
			Done  *struct {
				Sub string `json:"sub"`
			} `json:"done"`
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			continue // talk of its libraries
		}
		if said.Done != nil {
			done = said.Done.Sub != ""
		} else if said.Visit != "" {
			fmt.Fprintln(in, visit(said.Visit, said.Until))
		}
	}
	if err := command.Wait(); err != nil || !done {
		t.Fatalf("outside party %s refuses: %v\n%s", program, err, complaints.String())
	}
}

// PythonPeer runs an outside judge of conformance/peers/python and returns what it says. It fails the test when the judge
// breaks or cannot be built.
func PythonPeer(t testing.TB, program string, arguments ...string) string {
	t.Helper()
	preparePeer(t, "python")
	command := exec.Command(filepath.Join(peers(), "python", ".venv", "bin", "python"), append([]string{program}, arguments...)...)
	command.Dir = filepath.Join(peers(), "python")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("outside judge %s breaks: %v\n%s", program, err, out)
	}
	return string(out)
}

// StartPythonPeer runs an outside server of conformance/peers/python until the test ends and returns the lines that it prints.
func StartPythonPeer(t testing.TB, program string, arguments ...string) *bufio.Scanner {
	t.Helper()
	preparePeer(t, "python")
	command := exec.Command(filepath.Join(peers(), "python", ".venv", "bin", "python"), append([]string{program}, arguments...)...)
	command.Dir = filepath.Join(peers(), "python")
	var complaints strings.Builder
	command.Stderr = &complaints
	in, err1 := command.StdinPipe()
	out, err2 := command.StdoutPipe()
	if err := errors.Join(err1, err2, command.Start()); err != nil {
		t.Fatalf("outside server %s cannot be started: %v", program, err)
	}
	limit := time.AfterFunc(partyPatience, func() { command.Process.Kill() })
	t.Cleanup(func() {
		in.Close() // the server ends with its input
		err := command.Wait()
		limit.Stop()
		if err != nil || t.Failed() {
			t.Logf("outside server %s: %v\n%s", program, err, complaints.String())
		}
	})
	return bufio.NewScanner(out)
}

// StartPortal runs the Spring Security portal of conformance/peers until the test ends. listener keeps the port until the
// portal takes it over.
func StartPortal(t testing.TB, listener net.Listener, order PartyOrder) {
	t.Helper()
	preparePeer(t, "spring")
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(peers(), "spring", "target")
	command := exec.Command("java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", filepath.Join(folder, "portal-1.jar")+":"+filepath.Join(folder, "lib", "*"), "peer.Portal")
	command.Env = append(os.Environ(), "PEER_ISSUER="+order.Issuer, "PEER_CLIENT="+order.ClientID, "PEER_SECRET="+order.ClientSecret, "PEER_ALG="+order.Alg, "PEER_PORT="+port)
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		t.Fatalf("the portal cannot be started: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		command.Wait()
		writer.Close()
		close(ended)
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-ended
	})
	var mutex sync.Mutex
	var log strings.Builder
	ready := make(chan struct{})
	go func() {
		lines, open := bufio.NewScanner(reader), true
		for lines.Scan() {
			mutex.Lock()
			fmt.Fprintln(&log, lines.Text())
			mutex.Unlock()
			if open && lines.Text() == "ready" {
				open = false
				close(ready)
			}
		}
		io.Copy(io.Discard, reader) // a line too long for the scanner must not hold the portal up
	}()
	t.Cleanup(func() {
		if t.Failed() {
			mutex.Lock()
			defer mutex.Unlock()
			t.Logf("the portal said:\n%s", log.String())
		}
	})
	select {
	case <-ready:
	case <-ended:
		t.Fatal("the portal ended before it was ready")
	case <-time.After(partyPatience):
		t.Fatal("the portal did not become ready")
	}
}

func peers() string { return filepath.Join(Root(), "conformance", "peers") }

// preparePeer fetches and builds a peer where that has not been done.
func preparePeer(t testing.TB, name string) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(Root(), "tools", "peers.sh"), name).CombinedOutput(); err != nil {
		t.Fatalf("outside party %q cannot be built: %v\n%s", name, err, out)
	}
}
