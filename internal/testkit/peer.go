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
// "recompute" lets Bouncy Castle recompute digests and SM2 signatures. It fails the test when the judge refuses, and when
// the judge cannot be built: a test that leans on it never passes without it.
func JavaPeer(t testing.TB, command, file string) string {
	t.Helper()
	out, err := runPeer(t, command, file)
	if err != nil {
		t.Fatalf("outside judge refuses %s: %v\n%s", filepath.Base(file), err, out)
	}
	return out
}

// JavaPeerRefuses fails the test when the outside judge accepts the file; it returns what the judge says against it.
func JavaPeerRefuses(t testing.TB, command, file string) string {
	t.Helper()
	out, err := runPeer(t, command, file)
	if err == nil {
		t.Fatalf("outside judge accepts %s\n%s", filepath.Base(file), out)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || !exit.Exited() || !strings.Contains(out, "Exception") {
		t.Fatalf("outside judge did not judge %s: %v\n%s", filepath.Base(file), err, out)
	}
	return out
}

func runPeer(t testing.TB, command, file string) (string, error) {
	t.Helper()
	classpath, err := buildPeer()
	if err != nil {
		t.Fatalf("outside judge cannot be built (needs javac and mvn; make test installs them): %v", err)
	}
	out, err := exec.Command("java", "-cp", classpath, "peer.Peer", command, file).CombinedOutput()
	return string(out), err
}

// buildPeer builds the judge unless it is newer than its sources. Test binaries of several packages run at once, so one
// of them builds while the others wait for it.
var buildPeer = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(Root(), "conformance", "peers", "java")
	classpath := filepath.Join(folder, "target", "peer-1.jar") + ":" + filepath.Join(folder, "target", "lib", "*")
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("yinxin-peer-%d.lock", os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
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
})

func peerIsFresh(folder string) bool {
	built, err := os.Stat(filepath.Join(folder, "target", "peer-1.jar"))
	if err != nil {
		return false
	}
	for _, source := range []string{"pom.xml", "src/main/java/peer/Peer.java"} {
		if info, err := os.Stat(filepath.Join(folder, source)); err != nil || info.ModTime().After(built.ModTime()) {
			return false
		}
	}
	libraries, err := filepath.Glob(filepath.Join(folder, "target", "lib", "*.jar"))
	return err == nil && len(libraries) > 0
}
