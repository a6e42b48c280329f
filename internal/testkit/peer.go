package testkit

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// JavaPeer runs the outside judge in conformance/peers/java: "validate" lets ofdrw open and validate a document,
// "recompute" lets Bouncy Castle recompute digests and SM2 signatures. It fails the test when the judge refuses.
func JavaPeer(t testing.TB, command, file string) string {
	t.Helper()
	out, err := runPeer(t, buildPeer, "peer.Peer", command, file)
	if err != nil {
		t.Fatalf("outside judge refuses %s: %v\n%s", filepath.Base(file), err, out)
	}
	return out
}

// CASPeer runs the client of the CAS project in conformance/peers/cas: "validate FORM SERVER SERVICE TICKET" prints user
// and attributes or a line "refused: …", "logout MESSAGE" the session index. It fails the test when the client breaks.
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
	out, err := exec.Command("java", append([]string{"-Dslf4j.internal.verbosity=ERROR", "-cp", classpath, class}, arguments...)...).CombinedOutput()
	return string(out), err
}

var (
	buildPeer    = sync.OnceValues(func() (string, error) { return buildJava("java") })
	buildCASPeer = sync.OnceValues(func() (string, error) { return buildJava("cas") })
)

func buildJava(name string) (string, error) {
	folder := filepath.Join(Root(), "conformance", "peers", name)
	build := exec.Command("mvn", "-q", "-B", "-DskipTests", "package")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return filepath.Join(folder, "target", "peer-1.jar") + ":" + filepath.Join(folder, "target", "lib", "*"), nil
}
