package inspect

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

var update = flag.Bool("update", false, "write the golden files")

// vector returns a field of an embedded vector.
func vector(t testing.TB, name, field string) []byte {
	t.Helper()
	list, err := vectors.Load("seal")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.Name == "seal/"+name {
			return one.Fields[field]
		}
	}
	t.Fatalf("no vector %s", name)
	return nil
}

func packageVector(t testing.TB) []byte {
	t.Helper()
	list, err := vectors.Load("ofd")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.Name == "ofd/seal_file-same" {
			return one.Fields["package"]
		}
	}
	t.Fatal("no package")
	return nil
}

func makerCertificate(t testing.TB) *pki.Certificate {
	t.Helper()
	seal, err := ses.ParseSeal(vector(t, "shape-v4-seal", "seal"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(seal.MakerCert)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestGoldens(t *testing.T) {
	tests := map[string][]byte{
		"seal_v4":           vector(t, "shape-v4-seal", "seal"),
		"seal_v5_stamped":   vector(t, "version-v5-time-stamp", "seal"),
		"seal_deviates":     vector(t, "tolerated-critical-false", "seal"),
		"signature_v4":      vector(t, "shape-v4-signature", "signature"),
		"signature_v1_text": vector(t, "v1_time-text", "signature"),
		"signature_digests": vector(t, "signer_digest-good", "signature"),
		"signature_raw":     vector(t, "raw_value-raw", "signature"),
		"certificate":       makerCertificate(t).EncodePEM(),
		"package":           packageVector(t),
		"unknown":           []byte("plain text"),
		"pdf":               []byte("%PDF-1.7"),
	}
	for name, input := range tests {
		t.Run(name, func(t *testing.T) {
			file := Inspect(name, input)
			for extension, write := range map[string]func(*bytes.Buffer) error{
				".json": func(b *bytes.Buffer) error { return WriteJSON(b, []File{file}) },
				".txt":  func(b *bytes.Buffer) error { return WriteText(b, []File{file}) },
			} {
				var have bytes.Buffer
				if err := write(&have); err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", name+extension)
				if *update {
					if err := os.WriteFile(golden, have.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(have.Bytes(), want) {
					t.Errorf("%s differs; have\n%s", golden, have.String())
				}
			}
		})
	}
}

// TestPublicFiles: the format of every public file is found from its content.
func TestPublicFiles(t *testing.T) {
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for name, raw := range expected {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var entry struct {
			Format    string `json:"format"`
			Structure string `json:"structure"`
		}
		if err := json.Unmarshal(raw, &entry); err != nil {
			t.Fatal(err)
		}
		ran++
		file := Inspect(name, testkit.SharedFile(t, "vectors/ofd/"+name))
		if file.Format != entry.Format {
			t.Errorf("%s is %q %v, want %q", name, file.Format, file.Notes, entry.Format)
			continue
		}
		if file.Seal != nil && file.Seal.Structure != entry.Structure || file.SealSignature != nil && file.SealSignature.Structure != entry.Structure {
			t.Errorf("%s: structure, want %s", name, entry.Structure)
		}
		var out bytes.Buffer
		if err := errors.Join(WriteText(&out, []File{file}), WriteJSON(&out, []File{file})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ran != len(expected)-1 || ran < 40 {
		t.Errorf("ran %d files", ran)
	}
}

// TestPublicPackages compares what is shown of a package with the measured list.
func TestPublicPackages(t *testing.T) {
	type measured struct {
		Format     string            `json:"format"`
		Entries    int               `json:"entries"`
		Namespace  string            `json:"namespace"`
		Roles      map[string]string `json:"roles"`
		Dangling   []string          `json:"dangling"`
		Signatures []struct {
			Structure  string `json:"structure"`
			Type       string `json:"type"`
			References *int   `json:"references_total"`
			Error      string `json:"error"`
		} `json:"signatures"`
	}
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{"cms": FormatMessage, "raw": FormatRawSignature}
	for name, raw := range expected {
		var want measured
		if strings.HasPrefix(name, "_") || !strings.HasSuffix(name, ".ofd") {
			continue
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			file := Inspect(name, testkit.SharedFile(t, "vectors/ofd/"+name))
			if file.Package == nil {
				t.Fatalf("not opened: %v", file.Notes)
			}
			if file.Package.Namespace != want.Namespace || strings.Join(file.Package.Dangling, " ") != strings.Join(want.Dangling, " ") {
				t.Errorf("namespace %q, dangling %v", file.Package.Namespace, file.Package.Dangling)
			}
			roles := map[string]string{}
			for _, entry := range file.Package.Entries {
				roles[entry.Path] = entry.Role
			}
			for path, role := range want.Roles {
				if roles[path] != role {
					t.Errorf("role of %s is %q, want %q", path, roles[path], role)
				}
			}
			for i, signature := range want.Signatures {
				if signature.Error != "" {
					if len(file.Package.Faults) == 0 {
						t.Errorf("no fault for %q", signature.Error)
					}
					continue
				}
				have := file.Package.Signatures[i]
				format, ok := formats[signature.Structure]
				if !ok {
					format = FormatSealSignature
				}
				if have.Type != signature.Type || len(have.References) != *signature.References || have.Value == nil || have.Value.Format != format {
					t.Errorf("signature %d: type %q, %d references, value %+v", i, have.Type, len(have.References), have.Value)
				}
			}
		})
	}
}

// TestHostilePackages: what cannot be opened is noted, and shown in bounded time.
func TestHostilePackages(t *testing.T) {
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/zip-hostile/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	for name, raw := range expected {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var want struct {
			MustRefuse bool `json:"must_refuse"`
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		file := Inspect(name, testkit.SharedFile(t, "vectors/zip-hostile/"+name))
		if refused := file.Package == nil; refused != want.MustRefuse && !(file.Package != nil && len(file.Package.Faults) > 0) {
			t.Errorf("%s: refused %t, notes %v", name, refused, file.Notes)
		}
	}
}

func TestBrokenPackageIsNoted(t *testing.T) {
	file := Inspect("x", []byte("PK\x03\x04 but nothing more"))
	if file.Format != FormatPackage || file.Package != nil || len(file.Notes) != 1 {
		t.Errorf("%+v", file)
	}
}

func TestRun(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	seal, text := write("a.esl", vector(t, "shape-v4-seal", "seal")), write("a.txt", []byte("text"))
	tests := []struct {
		name      string
		arguments []string
		status    int
		out, talk string
	}{
		{"one seal", []string{seal}, 0, "format: seal", ""},
		{"JSON", []string{"--json", seal}, 0, `"format": "seal"`, ""},
		{"JSON after the file", []string{seal, "--json"}, 0, `"format": "seal"`, ""},
		{"unknown", []string{seal, text}, 2, "format: unknown", ""},
		{"no such file", []string{seal, filepath.Join(folder, "none")}, 3, "format: seal", "yinxin inspect: open"},
		{"no such file counts most", []string{filepath.Join(folder, "none"), text}, 3, "format: unknown", "yinxin inspect: open"},
		{"nothing", nil, 3, "", "yinxin inspect: an argument is missing"},
		{"bad flag", []string{"--judge"}, 3, "", "yinxin inspect: flag provided but not defined"},
		{"file named like a flag", []string{"--", "--json"}, 3, "", "open --json"},
		{"help", []string{"-h"}, 0, "", "usage: yinxin inspect"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, talk bytes.Buffer
			if status := Run(test.arguments, &out, &talk); status != test.status {
				t.Errorf("status %d, want %d; %s", status, test.status, talk.String())
			}
			if !strings.Contains(out.String(), test.out) || !strings.Contains(talk.String(), test.talk) || test.talk == "" && talk.Len() > 0 {
				t.Errorf("out %q, talk %q", out.String(), talk.String())
			}
		})
	}
	t.Run("broken writer", func(t *testing.T) {
		var talk bytes.Buffer
		if status := Run([]string{seal}, brokenWriter{}, &talk); status != exitMisuse || talk.Len() == 0 {
			t.Errorf("status %d, talk %q", status, talk.String())
		}
		if status := Run([]string{"--json", seal}, brokenWriter{}, &talk); status != exitMisuse {
			t.Errorf("status %d", status)
		}
	})
}

func TestFilesAreBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(name, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(name, 4); err == nil {
		t.Error("5 octets where 4 are allowed")
	}
	if input, err := readFile(name, 5); err != nil || string(input) != "12345" {
		t.Errorf("%q, %v", input, err)
	}
}

// TestForms: PEM, text beside bits, and the parts of straddle seals are shown.
func TestForms(t *testing.T) {
	seal := vector(t, "shape-v4-seal", "seal")
	if file := Inspect("x", pem.EncodeToMemory(&pem.Block{Type: "SEAL", Bytes: seal})); file.Format != FormatSeal {
		t.Errorf("seal in PEM is %q", file.Format)
	}
	if have := printable([]byte("a\x00\x7f\xe9b")); have != "a...b" {
		t.Errorf("printable gives %q", have)
	}
	var out bytes.Buffer
	if err := WriteText(&out, []File{{File: "a"}, {File: "b"}}); err != nil || !strings.Contains(out.String(), "\n\nfile: b\n") {
		t.Errorf("two files: %v\n%s", err, out.String())
	}
	file := Inspect("x", testkit.SharedFile(t, "vectors/ofd/docs/ofdrw-V4RideRight.ofd"))
	stamps := file.Package.Signatures[0].Stamps
	if len(stamps) != 5 || stamps[1].Clip == nil || *stamps[1].Clip != (Area{8, 0, 8, 40}) || stamps[1].Boundary != (Area{194, 40, 40, 40}) {
		t.Errorf("stamps %+v", stamps)
	}
}

type brokenWriter struct{}

// Write always fails.
func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

// TestTextIsSafeForTerminals: nothing of a file may steer the terminal.
func TestTextIsSafeForTerminals(t *testing.T) {
	var out bytes.Buffer
	if err := WriteText(&out, []File{{File: "a\x1b[31m\u202eb\nformat: seal"}}); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); first != `file: a\u001b[31m\u202eb\u000aformat: seal` {
		t.Errorf("first line %q", first)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(vector(f, "shape-v4-signature", "signature"))
	f.Add(vector(f, "shape-v1-seal", "seal"))
	f.Add(makerCertificate(f).Raw)
	f.Fuzz(func(t *testing.T, input []byte) {
		file := Inspect("x", input)
		var out bytes.Buffer
		if err := errors.Join(WriteText(&out, []File{file}), WriteJSON(&out, []File{file})); err != nil {
			t.Fatal(err)
		}
	})
}
