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
	classpath, err := buildPeer()
	if err != nil {
		t.Fatalf("outside judge cannot be built (needs javac and mvn; make test installs them): %v", err)
	}
	out, err := exec.Command("java", "-cp", classpath, "peer.Peer", command, file).CombinedOutput()
	if err != nil {
		t.Fatalf("outside judge refuses %s: %v\n%s", filepath.Base(file), err, out)
	}
	return string(out)
}

var buildPeer = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(Root(), "conformance", "peers", "java")
	build := exec.Command("mvn", "-q", "-B", "-DskipTests", "package")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return filepath.Join(folder, "target", "peer-1.jar") + ":" + filepath.Join(folder, "target", "lib", "*"), nil
})
