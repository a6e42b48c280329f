package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// JavaPeer runs the outside judge in conformance/peers/java: "validate" lets ofdrw open and validate a document,
// "recompute" lets Bouncy Castle recompute digests and SM2 signatures, "differ" lets both judge every package of a folder in one process, "jose" lets it judge and make tokens of the GM
// profile, "timestamp" and "ocsp" let it verify time-stamp tokens and OCSP responses, "remote" lets ofdrw have a document sealed by a platform
// whose digest alone it sends, "report" lets the schema of ETSI TS 119 102-2
// judge a validation report. It fails the test when the judge refuses, and when the judge cannot be built: a test that leans on it never
// passes without it.
func JavaPeer(t testing.TB, command, file string) string {
	t.Helper()
	out, err := runPeer(t, buildPeer, "peer.Peer", command, file)
	if err != nil {
		t.Fatalf("outside judge refuses %s: %v\n%s", filepath.Base(file), err, out)
	}
	return out
}

// JavaPeerRefuses fails the test when the outside judge accepts the file; it returns what the judge says against it.
func JavaPeerRefuses(t testing.TB, command, file string) string {
	t.Helper()
	out, err := runPeer(t, buildPeer, "peer.Peer", command, file)
	if err == nil {
		t.Fatalf("outside judge accepts %s\n%s", filepath.Base(file), out)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || !exit.Exited() || !strings.Contains(out, "Exception") {
		t.Fatalf("outside judge did not judge %s: %v\n%s", filepath.Base(file), err, out)
	}
	return out
}

// CASPeer runs the client of the CAS project in conformance/peers/cas: "validate FORM SERVER SERVICE TICKET" prints user
// and attributes or a line "refused: …", "logout MESSAGE" the session index, "proxy SERVER
// PGT TARGET" a proxy ticket, "proxy-validate SERVER SERVICE TICKET PROXY" what "validate" does. It fails the test when the client breaks.
func CASPeer(t testing.TB, arguments ...string) string {
	t.Helper()
	out, err := runPeer(t, buildCASPeer, "peer.CasPeer", arguments...)
	if err != nil {
		t.Fatalf("the CAS client fails: %v\n%s", err, out)
	}
	return out
}

func runPeer(t testing.TB, build func() (string, error), class string, arguments ...string) (string, error) {
	t.Helper()
	classpath, err := build()
	if err != nil {
		t.Fatalf("outside judge cannot be built (needs javac and mvn; make test installs them): %v", err)
	}
	// A judge lives for a second: compiling its code well and collecting its garbage beside it would cost more than they bring.
	options := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dslf4j.internal.verbosity=ERROR", "-cp", classpath, class}
	out, err := exec.Command("java", append(options, arguments...)...).CombinedOutput()
	return string(out), err
}

var (
	buildPeer    = sync.OnceValues(func() (string, error) { return buildJava("java") })
	buildCASPeer = sync.OnceValues(func() (string, error) { return buildJava("cas") })
)

// buildJava builds a judge unless it is newer than its sources. Test binaries of several packages run at once, so one of
// them builds while the others wait for it.
func buildJava(name string) (string, error) {
	folder := filepath.Join(Root(), "conformance", "peers", name)
	classpath := filepath.Join(folder, "target", "peer-1.jar") + ":" + filepath.Join(folder, "target", "lib", "*")
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("yinxin-peer-%s-%d.lock", name, os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("wait for the build: %w", err)
	}
	if peerIsFresh(folder) {
		return classpath, nil
	}
	build := exec.Command("mvn", "-q", "-B", "-DskipTests", "package")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return classpath, nil
}

func peerIsFresh(folder string) bool {
	built, err := os.Stat(filepath.Join(folder, "target", "peer-1.jar"))
	if err != nil {
		return false
	}
	sources, err := filepath.Glob(filepath.Join(folder, "src", "main", "java", "peer", "*.java"))
	if err != nil {
		return false
	}
	for _, file := range append(sources, filepath.Join(folder, "pom.xml")) {
		if info, err := os.Stat(file); err != nil || info.ModTime().After(built.ModTime()) {
			return false
		}
	}
	libraries, err := filepath.Glob(filepath.Join(folder, "target", "lib", "*.jar"))
	return err == nil && len(libraries) > 0
}
