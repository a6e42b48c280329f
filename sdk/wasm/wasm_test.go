package main_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// input is one call of the browser's verifier.
type input struct {
	Name    string         `json:"name"`
	Content []byte         `json:"content"`
	Options map[string]any `json:"options,omitempty"`
}

// outcome is what the call gave or threw.
type outcome struct {
	Value string `json:"value"`
	Error string `json:"error"`
}

type outcomes struct {
	Trust, Reports []outcome
	Wrong          map[string]outcome
	After, Dead    outcome
}

// build makes the program as make wasm does.
func build(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "verify.wasm")
	flags, err := os.ReadFile("goflags")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "build", "-o", file, ".")
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS="+strings.TrimSpace(string(flags)))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("the program does not build for the browser: %v\n%s", err, out)
	}
	return file
}

// inNode runs the program in Node, an engine that browsers share.
func inNode(t *testing.T, program string, trust, files []input) outcomes {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install the package nodejs (make test does it as root)")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	job, err := json.Marshal(map[string]any{"trust": trust, "files": files})
	if err != nil {
		t.Fatal(err)
	}
	jobFile := filepath.Join(t.TempDir(), "job.json")
	if err := os.WriteFile(jobFile, job, 0o600); err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Abs("verifier.mjs")
	if err != nil {
		t.Fatal(err)
	}
	answerFile := filepath.Join(t.TempDir(), "answers.json")
	command := exec.Command(node, "testdata/run.mjs", filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"), program, module, jobFile, answerFile)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	answered, err := os.ReadFile(answerFile)
	if err != nil {
		t.Fatal(err)
	}
	var answers outcomes
	if err := json.Unmarshal(answered, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestX17BrowserGivesTheReportOfTheCommandLine: for a sealed licence, changed copies of it, documents of other makers,
// hostile packages and every vector, the browser's report is the SDK's, octet by octet.
func TestX17BrowserGivesTheReportOfTheCommandLine(t *testing.T) {
	program := build(t)
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	_, license, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.List(t, 1)
	list, err := w.Service.Published(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	published := map[string][]byte{}
	for _, name := range []string{elicense.NameKeys, elicense.NameDelta} {
		object, err := w.Service.Published(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		published[name] = object.Content
	}
	ask, request, err := w.Service.NewAsk(t.Context(), "", "m", "")
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := w.Service.ShowAnswer(licensetest.Person, l.ID, request, "")
	if err != nil {
		t.Fatal(err)
	}
	paper, err := w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{})
	if err != nil {
		t.Fatal(err)
	}
	challenge, page := base64.RawURLEncoding.EncodeToString(ask.Nonce[:]), strings.Join(paper.Lines, "\n")
	options := w.Options(t)
	trust := []input{
		{Name: "root.pem", Content: options.Roots.Certificates()[0].EncodePEM()}, {Name: "issuing.cer", Content: options.Intermediates.Certificates()[0].Raw},
		{Name: "issuing.crl", Content: options.CRLs[0].Raw}, {Name: "1.list", Content: list.Content}, {Name: "keys", Content: published[elicense.NameKeys]}, {Name: "delta", Content: published[elicense.NameDelta]},
	}
	at := w.Now().Format(time.RFC3339)
	given := func(more map[string]any) map[string]any {
		all := map[string]any{"at": at}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	packed, _, err := w.Service.PackEvidence(t.Context(), "licence.ofd", license)
	if err != nil {
		t.Fatal(err)
	}
	files := []input{
		{"evidence.zip", packed, given(nil)}, {"evidence, later.zip", packed, map[string]any{"at": w.Now().AddDate(1, 0, 0).Format(time.RFC3339)}}, {"evidence, cut.zip", packed[:len(packed)/2], given(nil)},
		{"licence.ofd", license, given(nil)}, {"in English.ofd", license, given(map[string]any{"locale": "en"})}, {"strict.ofd", license, given(map[string]any{"strict": true})},
		{`C:\入\<证照>&.ofd`, license, given(nil)}, {"later.ofd", license, map[string]any{"at": w.Now().AddDate(1, 0, 0).Format(time.RFC3339)}},
		{"cut.ofd", license[:len(license)/2], given(nil)}, {"empty", []byte{}, given(nil)}, {"text.txt", []byte("hello"), given(nil)}, {"code.txt", []byte("LZ1:NOTACODE"), given(nil)},
		{"link.txt", []byte("https://evil.example/x"), given(nil)}, {"a.pdf", []byte("%PDF-1.7\n%%EOF\n"), given(nil)}, {"root.cer", trust[1].Content, given(nil)},
	}
	codes := map[string]string{ // what somebody says beside a code counts here too
		"answer, of this request": "V00", "answer, of another one": "V41", "answer, nobody asked": "V01", "paper, its text": "V00", "paper, another text": "V20", "paper, no text": "V00", "answer, beside a text": "V20",
	}
	files = append(files,
		input{"answer, of this request", []byte(answer.Code), given(map[string]any{"challenge": challenge})}, input{"answer, of another one", []byte(answer.Code), given(map[string]any{"challenge": "AAAAAAAAAAA"})},
		input{"answer, nobody asked", []byte(answer.Code), given(map[string]any{"challenge": ""})}, input{"paper, its text", []byte(paper.Code), given(map[string]any{"page_text": page})},
		input{"paper, another text", []byte(paper.Code), given(map[string]any{"page_text": page + "x"})}, input{"paper, no text", []byte(paper.Code), given(nil)},
		input{"answer, beside a text", []byte(answer.Code), given(map[string]any{"challenge": challenge, "page_text": page})})
	for _, place := range []int{len(license) / 3, len(license) / 2, len(license) - 30} {
		changed := bytes.Clone(license)
		changed[place] ^= 1
		files = append(files, input{fmt.Sprintf("tampered-%d.ofd", place), changed, given(nil)})
	}
	for _, area := range []string{"seal", "ofd"} {
		all, err := vectors.Load(area)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			for field, content := range v.Fields {
				files = append(files, input{filepath.Base(v.Name) + "." + field, content, given(map[string]any{"locale": "en"})})
			}
		}
	}
	for _, pattern := range []string{"vectors/ofd/docs/*.ofd", "vectors/zip-hostile/*.ofd", "vectors/ofd/seals/*", "vectors/ofd/signatures/*"} {
		names, err := filepath.Glob(filepath.Join(testkit.Shared(t, "vectors"), "..", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("no shared files %s: %v", pattern, err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, input{filepath.Base(name), content, given(nil)})
		}
	}
	answers := inNode(t, program, append(trust, input{Name: "notes.txt", Content: []byte("remember")}), files)
	for i, one := range answers.Trust {
		if (one.Error != "") != (i == len(trust)) {
			t.Errorf("trust %d: %q", i, one.Error)
		}
	}
	if last := answers.Trust[len(trust)].Error; !strings.Contains(last, "notes.txt") {
		t.Errorf("an unknown file of trust is not named: %s", last)
	}
	if len(answers.Reports) != len(files) {
		t.Fatalf("%d reports for %d files", len(answers.Reports), len(files))
	}
	verdicts := map[verify.Verdict]int{}
	for i, file := range files {
		want, verdict := bySDK(t, trust, file)
		verdicts[verdict]++
		if got := answers.Reports[i]; got.Error != "" || got.Value != want {
			t.Errorf("%s: the browser says\n%s%s\nthe SDK\n%s", file.Name, got.Value, got.Error, want)
		}
		if code, ok := codes[file.Name]; ok && !strings.Contains(want, `"code": "`+code+`"`) {
			t.Errorf("%s: %s\nwant %s", file.Name, want, code)
		}
	}
	t.Logf("%d files: %v", len(files), verdicts)
	if verdicts[verify.Valid] < 2 || verdicts[verify.Invalid] < 10 || verdicts[verify.Indeterminate] < 10 {
		t.Errorf("the files do not cover the verdicts: %v", verdicts)
	}

	for name, one := range answers.Wrong {
		if one.Error == "" || one.Value != "" {
			t.Errorf("%s was accepted: %s", name, one.Value)
		}
	}
	if answers.After.Error != "" || !strings.Contains(answers.After.Value, `"after.ofd"`) {
		t.Errorf("after wrong arguments the verifier is gone: %+v", answers.After)
	}
	var dead verify.Report
	if err := json.Unmarshal([]byte(answers.Dead.Value), &dead); err != nil || len(dead.Results) != 1 {
		t.Fatalf("a program that has ended gives %+v", answers.Dead)
	}
	if r := dead.Results[0]; r.Verdict != verify.Indeterminate || r.Code != "V31" || r.File != "a.ofd" || r.Message["zh-CN"] != verify.Banner("V31")["zh-CN"] || r.Message["en"] != verify.Banner("V31")["en"] {
		t.Errorf("a program that has ended gives %+v", r)
	}
}

// bySDK is the report of the SDK for the same call.
func bySDK(t *testing.T, trust []input, file input) (string, verify.Verdict) {
	t.Helper()
	v := yinxin.NewVerifier()
	for _, one := range trust {
		if err := v.AddTrustBytes(one.Content); err != nil {
			t.Fatal(err)
		}
	}
	at, err := time.Parse(time.RFC3339, file.Options["at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	v.SetTime(at)
	strict, _ := file.Options["strict"].(bool)
	v.SetStrict(strict)
	text, _ := file.Options["page_text"].(string)
	v.SetPageText(text)
	if challenge, ok := file.Options["challenge"].(string); ok && challenge != "" {
		nonce, err := base64.RawURLEncoding.DecodeString(challenge)
		if err != nil {
			t.Fatal(err)
		}
		v.SetChallenge(nonce)
	}
	v.SetLocale("zh-CN")
	if locale, ok := file.Options["locale"].(string); ok {
		v.SetLocale(locale)
	}
	result := v.Verify(file.Name, file.Content)
	report, err := yinxin.EncodeReport(result)
	if err != nil {
		t.Fatal(err)
	}
	return string(report), result.Verdict
}

// maxCompressed is what citizens may have to load, in octets after gzip; see docs/design/sdk.md for the measured size.
const maxCompressed = 3000 << 10

// TestX22CommittedProgramIsBuiltFromTheseSources: what /verify serves is this program and no other. Only the release of Go that built it gives
// the same octets; with another one the digest of the sources, which go generate ./web compares, must do.
func TestX22CommittedProgramIsBuiltFromTheseSources(t *testing.T) {
	text, err := os.ReadFile("../../web/pack/pack.json")
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ Go, Program, Packed string }
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile("../../web/static/verify.wasm.gz")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }
	if sum(packed) != record.Packed || sum(program) != record.Program {
		t.Error("verify.wasm.gz is not the file that pack.json tells of: run go generate ./web")
	}
	if runtime.Version() != record.Go {
		t.Logf("built by %s, this is %s: the octets are not compared", record.Go, runtime.Version())
		return
	}
	built, err := os.ReadFile(build(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(built, program) {
		t.Error("the committed verifier is built from other sources: run go generate ./web and commit the result")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	if loader, err := os.ReadFile("../../web/islands/wasm_exec.js"); err != nil || !bytes.Equal(loader, script) {
		t.Errorf("the loader is of another release: %v", err)
	}
}

func TestSizeForBrowsers(t *testing.T) {
	content, err := os.ReadFile(build(t))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d octets, %d after gzip", len(content), packed.Len())
	if packed.Len() > maxCompressed {
		t.Errorf("%d octets after gzip are more than %d", packed.Len(), maxCompressed)
	}
}
