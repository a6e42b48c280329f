package yinxin_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// A portal: citizens sign in at the platform, handlers behind RequireLogin see who they are.
func Example() {
	platform, portal := standIns() // in real life: the platform, and your server
	defer portal.close()

	client, err := yinxin.New(context.Background(), platform.server.URL, portal.server.URL,
		yinxin.WithSecret("portal", clientSecret), // from the developer console, or admin apply
		yinxin.WithIAL(2),                         // every citizen is proofed to level 2
		yinxin.WithHTTPClient(platform.server.Client()),
		yinxin.WithClock(platform.clock),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	client.Routes(mux) // callback, logout, back-channel logout
	mux.Handle("GET /me", client.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		citizen := yinxin.CitizenFrom(r.Context())
		fmt.Fprintf(w, "%s, level %d, known here as %s", citizen.MaskedName(), citizen.IAL, citizen.Subject)
	})))

	fmt.Println(portal.visit(mux, "/me"))
	// Output: 张**, level 2, known here as pairwise
}

// A department's program that receives a licence judges it with a trust folder, without any network.
func ExampleVerifier() {
	file, trust, at := sealedLicense() // a licence, and the folder that its issuer publishes
	defer os.RemoveAll(filepath.Dir(file))

	verifier := yinxin.NewVerifier()
	verifier.SetTime(at) // leave this out to judge now
	if err := verifier.AddTrust(trust); err != nil {
		fmt.Println(err)
		return
	}
	content, err := yinxin.ReadFile(file, yinxin.MaxDocument)
	if err != nil {
		fmt.Println(err)
		return
	}
	result := verifier.Verify(file, content)
	fmt.Println(result.Verdict, result.Code, result.Message["en"])
	fmt.Println(result.License.Status, len(result.Signatures), "seal")

	content[len(content)/2] ^= 0xff // of the page; one bit of a compressed stream may mean the same text
	fmt.Println(verifier.Verify(file, content).Verdict)
	// Output:
	// valid V00 Genuine and valid
	// valid 1 seal
	// invalid
}

// noTest lets examples use the helpers of tests.
type noTest struct {
	testing.TB
	ends *[]func()
}

func (n noTest) Helper()            {}
func (n noTest) Cleanup(end func()) { *n.ends = append(*n.ends, end) }
func (n noTest) Error(args ...any)  { fmt.Println(args...) }
func (n noTest) Fatal(args ...any)  { panic(fmt.Sprint(args...)) }
func (n noTest) Context() context.Context {
	return context.Background()
}

// exampleSite is a server whose handler comes later, with a browser before it.
type exampleSite struct {
	*site
	ends *[]func()
	mux  *http.ServeMux
}

func standIns() (*platform, exampleSite) {
	t := noTest{ends: new([]func())}
	p := newPlatform(t)
	mux := http.NewServeMux()
	return p, exampleSite{newSiteOn(t, p, mux), t.ends, mux}
}

func (s exampleSite) visit(handler http.Handler, path string) string {
	s.mux.Handle("/", handler)
	response, err := s.browser.Get(s.server.URL + path)
	if err != nil {
		return err.Error()
	}
	return read(noTest{}, response).text
}

func (s exampleSite) close() {
	for _, end := range *s.ends {
		end()
	}
}

func sealedLicense() (file, trust string, at time.Time) {
	t := noTest{ends: new([]func())}
	e := newEvidence(t)
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		t.Fatal(err)
	}
	file, trust = filepath.Join(folder, "licence.ofd"), filepath.Join(folder, "trust")
	write := func(path string, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(trust, 0o700); err != nil {
		t.Fatal(err)
	}
	write(file, e.license)
	for name, content := range e.trust {
		write(filepath.Join(trust, name), content)
	}
	return file, trust, e.at
}
