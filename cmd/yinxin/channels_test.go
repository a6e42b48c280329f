package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	rules "github.com/yinxin-gov/yinxin/conformance/check/license"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// judged is one file that every channel is asked about. Names are unlike, so that a report cannot stand for another's.
type judged struct {
	name    string
	content []byte
	not     []string // channels that do not read files of its sort
}

// channel gives the report of each file, by name, in the form of sameForm.
type channel func(t *testing.T, files []judged) map[string]string

// TestX17EveryVectorHasOneReportOnFiveChannels: command line, API, upload page, the browser's own verifier and the SDK are asked about every
// vector of seals, OFD, PDF and licences and about every shared file, with the authorities of the vectors trusted, and their reports are the same
// octets. So are those of the command line with the bundle of a counter, but for the note that says so. A file that a channel leaves out fails. With the trust and at the moment of each vector of licences, command line and SDK give the golden report.
func TestX17EveryVectorHasOneReportOnFiveChannels(t *testing.T) {
	files, roots := vectorFiles(t)
	p := startTrusting(t, roots)
	files = append(files, p.own...)
	reports := map[string]map[string]string{}
	for name, ask := range map[string]channel{"command line": p.commandLine, "API": p.api, "upload page": p.uploadPage, "browser": p.browser, "SDK": p.sdk, "counter": p.counter} {
		began := time.Now()
		reports[name] = ask(t, slices.DeleteFunc(slices.Clone(files), func(file judged) bool { return slices.Contains(file.not, name) }))
		t.Logf("%s: %d files in %v", name, len(reports[name]), time.Since(began).Round(time.Millisecond))
	}
	verdicts, differ := map[string]int{}, 0
	for _, file := range files {
		want := reports["SDK"][file.name]
		for name, all := range reports {
			switch got, ok := all[file.name]; {
			case !ok && slices.Contains(file.not, name):
			case !ok:
				t.Errorf("%s: %s gives no report", file.name, name)
			case got != want:
				differ++
				if differ <= 20 {
					t.Errorf("%s: %s says\n%s\nthe SDK\n%s", file.name, name, got, want)
				}
			}
		}
		var result struct{ Verdict string }
		if err := json.Unmarshal([]byte(want), &result); err != nil {
			t.Fatalf("%s: %v", file.name, err)
		}
		verdicts[result.Verdict]++
	}
	t.Logf("%d files: %v; %d reports differ", len(files), verdicts, differ)
	licenses := slices.DeleteFunc(slices.Clone(files), func(file judged) bool { return !strings.HasPrefix(file.name, "license-") || len(file.not) > 0 })
	if len(licenses) < 60 {
		t.Errorf("all channels are asked about %d vectors of licences", len(licenses))
	}
	if verdicts["valid"] < 40 || verdicts["invalid"] < 200 || verdicts["indeterminate"] < 40 {
		t.Errorf("the files do not cover the verdicts: %v", verdicts)
	}
}

// vectorFiles are what a channel may be asked about: the octets of every vector under a name that tells its format, every shared file, and the
// distinct authorities of the vectors.
func vectorFiles(t *testing.T) (files []judged, roots [][]byte) {
	t.Helper()
	extensions := map[string]string{"package": ".ofd", "file": ".pdf", "seal": ".esl", "signature": ".dat"}
	for _, area := range []string{"seal", "ofd", "pdf"} {
		all, err := vectors.Load(area)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			asked := 0
			for field, content := range v.Fields {
				extension, ok := extensions[field]
				if ok {
					files = append(files, judged{name: area + "-" + filepath.Base(v.Name) + extension, content: content})
					asked++
				}
				if field == "root" && !slices.ContainsFunc(roots, func(known []byte) bool { return bytes.Equal(known, content) }) {
					roots = append(roots, content)
				}
			}
			if asked == 0 {
				t.Errorf("%s has nothing that could be judged: name its field here", v.Name)
			}
		}
	}
	files = append(files, licenseFiles(t)...)
	for _, folder := range []string{"zip-hostile", "ofd/docs", "ofd/seals", "ofd/signatures", "ofd/cms", "ofd/structure", "ofd/certs"} {
		base := filepath.Join(testkit.Shared(t, "vectors"), folder)
		entries, err := os.ReadDir(base)
		if err != nil || len(entries) == 0 {
			t.Fatalf("no shared files in %s: %v", folder, err)
		}
		for _, entry := range entries {
			if entry.IsDir() || filepath.Ext(entry.Name()) == ".json" {
				continue
			}
			content, err := os.ReadFile(filepath.Join(base, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, judged{name: strings.ReplaceAll(folder, "/", "-") + "-" + entry.Name(), content: content})
		}
	}
	names := map[string]bool{}
	for _, file := range files {
		if names[file.name] {
			t.Fatalf("two files are named %s", file.name)
		}
		names[file.name] = true
	}
	return files, roots
}

// licenseFiles are the distinct objects of the vectors of licences; what differs in the lists beside them alone is one file here. Texts of codes
// are for those who judge them offline: a platform takes them for showings, which it consumes.
func licenseFiles(t *testing.T) (files []judged) {
	t.Helper()
	all, err := vectors.Load("license")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, v := range all {
		name, content := rules.Object(v)
		if name == "" || known[string(content)] {
			continue
		}
		known[string(content)] = true
		file := judged{name: name, content: content}
		if filepath.Ext(name) == ".txt" {
			file.not = []string{"API", "upload page"}
		}
		files = append(files, file)
	}
	return files
}

// TestX17GoldenVectorsOfLicences: with the trust, the evidence and the moment of a vector, command line and SDK say its golden report and print the
// same octets, by the request and the text of a page where it has them. Neither has a memory of codes shown: what that adds to a verdict is left out of what is wanted.
func TestX17GoldenVectorsOfLicences(t *testing.T) {
	all, err := vectors.Load("license")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, v := range all {
		name, content := rules.Object(v)
		if name == "" {
			continue
		}
		asked++
		options, err := rules.Options(v)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		want := rules.Golden(v)
		if options.Consumed != nil { // the SDK has no memory of codes
			options.Consumed = nil
			want = rules.Told(evidence.Judge(name, content, options))
		}
		trust, verifier := t.TempDir(), yinxin.NewVerifier()
		for _, field := range []string{"root", "crl", "seal_list", "status_list", "older_list", "delta", "keys", "log_keys"} {
			if len(v.Fields[field]) == 0 || field == "root" && len(v.Fields["untrusted"]) > 0 {
				continue
			}
			if err := os.WriteFile(filepath.Join(trust, field), v.Fields[field], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		verifier.SetChallenge(options.Challenge)
		verifier.SetPageText(options.PageText)
		if err := verifier.AddTrust(trust); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		verifier.SetTime(options.At)
		result := verifier.Verify(name, content)
		if got := rules.Told(result); got != want {
			t.Errorf("%s: the SDK says %s, want %s", v.Name, got, want)
		}
		report, err := yinxin.EncodeReport(result)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments := []string{"verify", "--json", "--trust", trust, "--at", options.At.Format(time.RFC3339)}
		if options.Challenge != nil {
			arguments = append(arguments, "--challenge", base64.RawURLEncoding.EncodeToString(options.Challenge))
		}
		if options.PageText != "" {
			page := filepath.Join(t.TempDir(), "page.txt")
			if err := os.WriteFile(page, []byte(options.PageText), 0o600); err != nil {
				t.Fatal(err)
			}
			arguments = append(arguments, "--page-text", page)
		}
		status, out, talk := run(t, append(arguments, file)...)
		if out != string(report) || talk != "" || status != map[string]int{vectors.ExpectAccept: exitDone, vectors.ExpectRefuse: exitFailed, vectors.ExpectUndecided: exitIndeterminate}[expected(v, result)] {
			t.Errorf("%s: the command line ends with %d and %s\n%s\nthe SDK says\n%s", v.Name, status, talk, out, report)
		}
	}
	if asked < 60 {
		t.Errorf("%d golden vectors", asked)
	}
}

// expected is the word of a vector, or that of the report where the vector's own needs more than the command line has.
func expected(v vectors.Vector, result yinxin.Result) string {
	if rules.Told(result) == rules.Golden(v) {
		return v.Expect
	}
	return map[string]string{"valid": vectors.ExpectAccept, "invalid": vectors.ExpectRefuse, "indeterminate": vectors.ExpectUndecided}[string(result.Verdict)]
}

// ofNow is the moment of judgement in the report on a package of evidence that is judged as of now.
var ofNow = regexp.MustCompile(`"judged_at":"[^"]*","time_source":"now"`)

// sameForm is one result of a report in the form in which channels are compared. What may differ is here and nowhere else: indentation, that
// encoding/json writes <, > and & as escapes unless it is told not to, and the second at which a package without a time stamp was judged. Order and
// octets of everything else are compared as they came.
func sameForm(t *testing.T, result json.RawMessage) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, result); err != nil {
		t.Fatalf("%v: %s", err, result)
	}
	return ofNow.ReplaceAllString(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out.String()), `"time_source":"now"`)
}

// byName takes the results of a report apart.
func byName(t *testing.T, report []byte, into map[string]string) {
	t.Helper()
	var all struct{ Results []json.RawMessage }
	if err := json.Unmarshal(report, &all); err != nil {
		t.Fatalf("%v: %.500s", err, report)
	}
	for _, result := range all.Results {
		var named struct{ File string }
		if err := json.Unmarshal(result, &named); err != nil {
			t.Fatal(err)
		}
		if _, twice := into[named.File]; twice {
			t.Errorf("two reports about %s", named.File)
		}
		into[named.File] = sameForm(t, result)
	}
}

// trusting is a platform that trusts the authorities of the vectors, with the files of trust that it hands to browsers.
type trusting struct {
	issuer, trust string
	own           []judged // what the platform sealed itself, and a changed copy
}

type trustFile struct {
	Name    string
	Content []byte
}

func startTrusting(t *testing.T, roots [][]byte) trusting {
	t.Helper()
	data := t.TempDir()
	r := report(t, must(t, exitDone, "quickstart", "--data", data, "--listen", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "--exit", "--json"))
	config, err := os.ReadFile(r.Config)
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?m)^trust:`).Match(config) {
		t.Fatal("the configuration of quickstart names authorities by now: add those of the vectors to them")
	}
	more := "\ntrust:\n  authorities:\n"
	for i, root := range roots {
		file := filepath.Join(data, fmt.Sprintf("vectors-%d.cer", i))
		if err := os.WriteFile(file, root, 0o600); err != nil {
			t.Fatal(err)
		}
		more += fmt.Sprintf("    - {file: %q, name: %q, uses: [seal_maker, seal_signer, time_stamp, service]}\n", file, fmt.Sprintf("vectors %d", i))
	}
	if err := os.WriteFile(r.Config, append(config, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	begin(t, "serve", "--config", r.Config)
	p := trusting{issuer: r.Issuer, trust: filepath.Join(data, "trust-of-browsers")}
	for _, file := range []string{filepath.Join(data, "license-2.ofd"), r.License.File, r.Tampered.File} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p.own = append(p.own, judged{name: filepath.Base(file), content: content})
	}
	var trust struct{ Files []trustFile }
	until(t, "the trust of browsers", func() bool {
		response, err := http.Get(p.issuer + "/verify/trust")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		if trust.Files = nil; json.NewDecoder(response.Body).Decode(&trust) != nil {
			return false
		}
		// The list of authorities is published anew within seconds after a start.
		return slices.ContainsFunc(trust.Files, func(f trustFile) bool { return bytes.Contains(f.Content, roots[len(roots)-1]) })
	})
	if err := os.Mkdir(p.trust, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range trust.Files {
		if err := os.WriteFile(filepath.Join(p.trust, filepath.Base(file.Name)), file.Content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p trusting) commandLine(t *testing.T, files []judged) map[string]string {
	return p.commandLineWith(t, files, "--trust", p.trust)
}

func (p trusting) commandLineWith(t *testing.T, files []judged, option, value string) map[string]string {
	folder := t.TempDir()
	arguments := []string{"verify", "--json", option, value}
	for _, file := range files {
		name := filepath.Join(folder, file.name)
		if err := os.WriteFile(name, file.content, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, name)
	}
	_, out, talk := run(t, arguments...)
	if talk != "" {
		t.Errorf("the command line complains: %s", talk)
	}
	reports := map[string]string{}
	byName(t, []byte(out), reports)
	return reports
}

// ofCounter is the note that every report by the bundle of a counter ends its reasons with.
var ofCounter = regexp.MustCompile(`,?\{"code":"counter_bundle","message":"[^"]*","clause":""(?:,"detail":"[^"]*")?\}`)

// counter takes the bundle of the platform as somebody brings it on a stick, and judges with it alone.
func (p trusting) counter(t *testing.T, files []judged) map[string]string {
	response, err := http.Get(p.issuer + "/trust/bundle")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v %s %.500s", err, response.Status, content)
	}
	bundle, folder := filepath.Join(t.TempDir(), "counter.bundle"), filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(bundle, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var shown yinxin.Counter
	if err := json.Unmarshal([]byte(must(t, exitDone, "counter", "show", "--json", bundle)), &shown); err != nil || shown.Address != p.issuer+"/trust/bundle" || shown.GoodUntil.Sub(shown.IssuedAt) != 7*24*time.Hour {
		t.Fatalf("%+v %v", shown, err)
	}
	for _, arguments := range [][]string{{"take", "--dir", folder, bundle}, {"take", "--dir", folder, "--fingerprint", strings.Repeat("0", 64), bundle}} {
		must(t, exitFailed, append([]string{"counter"}, arguments...)...)
	}
	for _, arguments := range [][]string{{"take", bundle}, {"show", "--dir", folder, bundle}, {"hold", bundle}, {}, {"show", filepath.Join(folder, "none")}} {
		must(t, exitMisuse, append([]string{"counter"}, arguments...)...)
	}
	must(t, exitDone, "counter", "take", "--dir", folder, "--fingerprint", shown.Fingerprints[0], bundle)
	must(t, exitFailed, "counter", "take", "--dir", folder, bundle)
	if text := must(t, exitDone, "counter", "show", folder); !strings.Contains(text, shown.Fingerprints[0]) {
		t.Errorf("what is shown of a folder: %s", text)
	}
	valid := filepath.Join(t.TempDir(), p.own[0].name)
	if err := os.WriteFile(valid, p.own[0].content, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, exitDone, "verify", "--counter", folder, valid)
	if text := must(t, exitIndeterminate, "verify", "--counter", folder, "--at", shown.GoodUntil.Add(time.Hour).Format(time.RFC3339), valid); !strings.Contains(text, "counter_bundle_old") {
		t.Errorf("after seven days: %s", text)
	}
	must(t, exitMisuse, "verify", "--counter", filepath.Join(folder, "none"), valid)
	reports := p.commandLineWith(t, files, "--counter", folder)
	for name, report := range reports {
		stripped := ofCounter.ReplaceAllString(report, "")
		if stripped == report {
			t.Errorf("%s: the report does not name the bundle: %s", name, report)
		}
		reports[name] = stripped
	}
	return reports
}

func (p trusting) sdk(t *testing.T, files []judged) map[string]string {
	verifier := yinxin.NewVerifier()
	if err := verifier.AddTrust(p.trust); err != nil {
		t.Fatal(err)
	}
	reports := map[string]string{}
	for _, file := range files {
		report, err := yinxin.EncodeReport(verifier.Verify(file.name, file.content))
		if err != nil {
			t.Fatal(err)
		}
		byName(t, report, reports)
	}
	return reports
}

// atOnce is how many files an upload may hold.
const atOnce = 20

// upload posts the files in as few requests as may be and gives the bodies of the answers.
func (p trusting) upload(t *testing.T, path, field string, files []judged) (answers [][]byte) {
	t.Helper()
	for batch := range slices.Chunk(files, atOnce) {
		var form bytes.Buffer
		writer := multipart.NewWriter(&form)
		for _, file := range batch {
			part, _ := writer.CreateFormFile(field, file.name) // a buffer never fails
			_, _ = part.Write(file.content)
		}
		_ = writer.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+path, &form)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", writer.FormDataContentType())
		request.Header.Set("Origin", p.issuer) // as a browser says of its own page
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v %s %.500s", path, err, response.Status, answer)
		}
		answers = append(answers, answer)
	}
	return answers
}

func (p trusting) api(t *testing.T, files []judged) map[string]string {
	reports := map[string]string{}
	for _, answer := range p.upload(t, "/api/v1/verifications", "file", files) {
		byName(t, answer, reports)
	}
	return reports
}

var downloaded = regexp.MustCompile(`href="data:application/json;base64,([^"]+)"`)

func (p trusting) uploadPage(t *testing.T, files []judged) map[string]string {
	reports := map[string]string{}
	for _, page := range p.upload(t, "/verify", "verify-file", files) {
		found := downloaded.FindSubmatch(page)
		if found == nil {
			t.Fatalf("the page offers no report: %.500s", page)
		}
		text := strings.NewReplacer("&#43;", "+", "&#61;", "=").Replace(string(found[1]))
		report, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		byName(t, report, reports)
	}
	return reports
}

// inWorker asks the worker of the page about files, as web/islands/verify.ts does, and keeps the worker for the next batch.
const inWorker = `(async (files) => {
	const data = document.getElementById("verify-drop").dataset;
	const ask = (message) => new Promise((resolve) => {
		window.judge.onerror = (why) => resolve({kind: "failed", why: why.message});
		window.judge.onmessage = (event) => { if (event.data.kind !== "progress") resolve(event.data); };
		window.judge.postMessage(message);
	});
	if (!window.judge) {
		window.judge = new Worker(data.worker);
		const address = (name) => new URL(data[name], location.href).href;
		const begun = await ask({kind: "start", program: address("program"), size: Number(data.size), trust: address("trust")});
		if (begun.kind !== "ready") return [begun.why];
	}
	const answers = [];
	for (const {name, content} of files) {
		const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0)).buffer;
		const answer = await ask({kind: "view", bytes, name, locale: data.locale === "en" ? "en" : "zh-CN"});
		answers.push(answer.kind === "view" ? answer.view.report : name + ": " + answer.why);
	}
	return answers;
})(%s)`

func (p trusting) browser(t *testing.T, files []judged) map[string]string {
	tab := browser.New(t)
	tab.Open(t, p.issuer+"/verify?lang=zh-CN")
	reports := map[string]string{}
	for batch := range slices.Chunk(files, 2*atOnce) {
		given := make([]map[string]any, 0, len(batch))
		for _, file := range batch {
			given = append(given, map[string]any{"name": file.name, "content": file.content})
		}
		text, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := chromedp.Run(tab.Context, chromedp.Evaluate[[]string](fmt.Sprintf(inWorker, text), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%v %v", err, tab.Problems())
		}
		for _, answer := range answers {
			byName(t, []byte(answer), reports)
		}
	}
	if problems, elsewhere := tab.Problems(), tab.Elsewhere(t, p.issuer); len(problems)+len(elsewhere) > 0 {
		t.Errorf("the browser: %v %v", problems, elsewhere)
	}
	return reports
}
