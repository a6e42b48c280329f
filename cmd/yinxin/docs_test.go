package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestEveryFieldOfTheConfigurationIsDocumented: the table of docs/operations/install.md has the fields of the
// configuration, all of them and in their order.
func TestEveryFieldOfTheConfigurationIsDocumented(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "operations", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|").FindAllStringSubmatch(string(content), -1) {
		documented = append(documented, row[1])
	}
	fields := fieldsOf(reflect.TypeFor[app.Config](), "")
	for _, field := range fields {
		if !slices.Contains(documented, field) {
			t.Errorf("install.md lacks the field %s", field)
		}
	}
	for _, field := range documented {
		if !slices.Contains(fields, field) {
			t.Errorf("install.md has the field %s, which does not exist", field)
		}
	}
	if !t.Failed() && !slices.Equal(fields, documented) {
		t.Errorf("the order of install.md is %v, of the configuration %v", documented, fields)
	}
}

// TestConfigurationOfTheManualIsAccepted: the example starts, but for files that are not here.
func TestConfigurationOfTheManualIsAccepted(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "operations", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?ms)^ *```yaml\n( *issuer:.*?)^ *```").FindSubmatch(content)
	if example == nil {
		t.Fatal("install.md has no example")
	}
	if _, err := app.ParseConfig(example[1], nil); err != nil {
		t.Error(err)
	}
}

// TestManifestOfTheManualIsAccepted: what docs/integration/portal.md tells a portal to register is read.
func TestManifestOfTheManualIsAccepted(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "portal.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?ms)^ *```yaml\n( *clients:.*?)^ *```").FindSubmatch(content)
	if example == nil {
		t.Fatal("portal.md has no example")
	}
	manifest, err := app.ReadManifest(example[1])
	if err != nil || len(manifest.Clients) != 1 {
		t.Fatalf("%+v, %v", manifest, err)
	}
	if err := manifest.Clients[0].Normalize(); err != nil {
		t.Error(err)
	}
}

func fieldsOf(t reflect.Type, prefix string) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		name := prefix + field.Tag.Get("yaml")
		if field.Type.Kind() == reflect.Struct {
			names = append(names, fieldsOf(field.Type, name+".")...)
			continue
		}
		names = append(names, name)
	}
	return names
}

// TestPortalOfTheManual does what docs/integration/portal.md tells a department to do, with other ports.
func TestPortalOfTheManual(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "portal.md"))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	out, _ := begin(t, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	portal := fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	page := strings.ReplaceAll(strings.ReplaceAll(string(content), "http://localhost:8080", r.Issuer), "localhost:8300", portal)
	block := func(kind, begins string) string {
		found := regexp.MustCompile("(?ms)^   ```" + kind + "\n(   " + begins + ".*?)^   ```").FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("portal.md has no %s sample", kind)
		}
		return regexp.MustCompile("(?m)^   ").ReplaceAllString(found[1], "")
	}
	write := func(name, text string) string {
		file := filepath.Join(data, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	must(t, exitDone, "admin", "apply", "-f", write("portal.yaml", block("yaml", "clients:")), "--data", data)
	program := filepath.Join(data, "portal")
	if out, err := exec.Command("go", "build", "-o", program, write("main.go", block("go", "package main"))).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	running := exec.Command(program)
	running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { running.Process.Kill(); running.Wait() })

	b := walk.New(nil)
	until(t, "the portal's login", func() bool {
		return b.Open(t.Context(), "http://"+portal+"/") == nil && b.Page.Has("login-password")
	})
	if err := b.Submit(t.Context(), map[string]string{"login-identifier": r.Personas[0].Identifier, "login-password": r.Personas[0].Password}); err != nil {
		t.Fatal(err)
	}
	if b.Page.Has("consent-allow") {
		if err := b.Submit(t.Context(), map[string]string{"consent": "allow"}); err != nil {
			t.Fatal(err)
		}
	}
	if want := "张*, ial 2, "; !strings.HasPrefix(b.Page.Source, want) {
		t.Errorf("the portal says %q", b.Page.Source)
	}
}
