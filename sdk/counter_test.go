package yinxin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// counterWorld makes bundles of one platform.
type counterWorld struct {
	*ofdtest.World
	service ofdtest.Party
	root    string
}

func newCounterWorld(t *testing.T) *counterWorld {
	w := ofdtest.New(t)
	return &counterWorld{w, w.Issue(t, pki.ProfileService, "信任列表", nil), digest.Hex(w.Root.Cert.Raw)}
}

func (w *counterWorld) bundle(t *testing.T, number uint64, change func(*counterbundle.Content)) []byte {
	t.Helper()
	c := counterbundle.Content{URI: "https://a.example/trust/bundle", Number: number, Issued: ofdtest.Now, GoodUntil: ofdtest.Now.Add(counterbundle.Life), Publisher: "示例",
		Files: []counterbundle.File{{Name: "root-1.pem", Content: w.Root.Cert.EncodePEM()}, {Name: "issuing-1.pem", Content: w.Issuing.Cert.EncodePEM()}}}
	if change != nil {
		change(&c)
	}
	made, err := c.Sign([][]byte{w.service.Cert.Raw}, w.service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCounterJudgesForSevenDays: a document is valid by the bundle, with its age told, until its last second; not after it, nor before it was made.
// What is wrong with a document stays wrong.
func TestCounterJudgesForSevenDays(t *testing.T) {
	w := newCounterWorld(t)
	document := w.Sealed(t, ofdtest.Sealing{})
	folder := filepath.Join(t.TempDir(), "counter")
	if _, err := yinxin.TakeCounter(folder, w.bundle(t, 7, nil), w.root, ofdtest.Now); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(document)
	changed[len(changed)-1] ^= 1
	for name, c := range map[string]struct {
		document      []byte
		after         time.Duration
		verdict, code string
		reason        string
	}{
		"fresh":            {document, 0, "valid", "V00", "counter_bundle"},
		"the last second":  {document, counterbundle.Life, "valid", "V00", "counter_bundle"},
		"a second later":   {document, counterbundle.Life + time.Second, "indeterminate", "V01", "counter_bundle_old"},
		"clock behind":     {document, -2 * time.Minute, "indeterminate", "V01", "counter_bundle_old"},
		"changed":          {changed, 0, "invalid", "V31", "counter_bundle"},
		"changed, too old": {changed, counterbundle.Life + time.Second, "invalid", "V31", "counter_bundle_old"},
	} {
		v := yinxin.NewVerifier()
		if err := v.UseCounter(folder); err != nil {
			t.Fatal(err)
		}
		v.SetTime(ofdtest.Now.Add(c.after))
		r := v.Verify("a.ofd", c.document)
		etsi, _, err := v.VerifyETSI("a.ofd", c.document)
		for _, result := range []yinxin.Result{r, etsi} {
			at := slices.IndexFunc(result.Reasons, func(reason verify.Reason) bool { return reason.Code == c.reason })
			if string(result.Verdict) != c.verdict || result.Code != c.code || at < 0 || result.Reasons[at].Message == "" || err != nil {
				t.Errorf("%s: %s %s %+v %v", name, result.Verdict, result.Code, result.Reasons, err)
			}
		}
	}
}

// TestCounterTakesOnlyWhatIsNewerAndOfThePlatform: the first bundle needs the root that somebody confirmed; later ones go forward. What is refused
// changes nothing.
func TestCounterTakesOnlyWhatIsNewerAndOfThePlatform(t *testing.T) {
	w, elsewhere := newCounterWorld(t), newCounterWorld(t)
	folder := t.TempDir()
	take := func(content []byte, fingerprint string, at time.Time) error {
		_, err := yinxin.TakeCounter(folder, content, fingerprint, at)
		return err
	}
	for name, err := range map[string]error{
		"no fingerprint":  take(w.bundle(t, 7, nil), "", ofdtest.Now),
		"another root":    take(w.bundle(t, 7, nil), elsewhere.root, ofdtest.Now),
		"past its time":   take(w.bundle(t, 7, nil), w.root, ofdtest.Now.Add(counterbundle.Life+time.Second)),
		"from the future": take(w.bundle(t, 7, nil), w.root, ofdtest.Now.Add(-2*time.Minute)),
		"no bundle":       take([]byte("bundle"), w.root, ofdtest.Now),
		"a file of no kind": take(w.bundle(t, 7, func(c *counterbundle.Content) {
			c.Files = append(c.Files, counterbundle.File{Name: "more", Content: []byte("more")})
		}), w.root, ofdtest.Now),
		"cut":                   take(w.bundle(t, 7, nil)[:100], w.root, ofdtest.Now),
		"a folder without any":  yinxin.NewVerifier().UseCounter(folder),
		"a folder is not there": yinxin.NewVerifier().UseCounter(filepath.Join(folder, "none")),
	} {
		if !errors.Is(err, yinxin.ErrCounter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	spoiled := w.bundle(t, 7, nil)
	spoiled[len(spoiled)-1] ^= 1
	if err := take(spoiled, w.root, ofdtest.Now); !errors.Is(err, yinxin.ErrCounter) {
		t.Errorf("spoiled: %v", err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 0 {
		t.Fatalf("what was refused left %v", entries)
	}
	if err := take(w.bundle(t, 7, nil), w.root, ofdtest.Now); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		root    string
		want    error
	}{
		"older":          {w.bundle(t, 6, nil), "", yinxin.ErrCounterOlder},
		"the same":       {w.bundle(t, 7, nil), "", yinxin.ErrCounterOlder},
		"of another":     {elsewhere.bundle(t, 8, nil), "", yinxin.ErrCounter},
		"other address":  {w.bundle(t, 8, func(c *counterbundle.Content) { c.URI = "https://b.example/trust/bundle" }), "", yinxin.ErrCounter},
		"other root now": {w.bundle(t, 8, nil), elsewhere.root, yinxin.ErrCounter},
	} {
		if err := take(c.content, c.root, ofdtest.Now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(folder, "counter.bundle"))
	if b, err2 := yinxin.ReadCounter(kept); err != nil || err2 != nil || b.Number != 7 {
		t.Errorf("%d is kept: %v %v", b.Number, err, err2)
	}
	if err := take(w.bundle(t, 8, nil), "", ofdtest.Now); err != nil {
		t.Error(err)
	}
	if err := yinxin.NewVerifier().UseCounter(folder); err != nil {
		t.Error(err)
	}
	for name, confirmed := range map[string]string{"nothing is confirmed": "{}", "another root is": `{"address": "https://a.example/trust/bundle", "root": "` + elsewhere.root + `"}`, "no JSON": "root"} {
		if err := os.WriteFile(filepath.Join(folder, "counter.json"), []byte(confirmed), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := yinxin.NewVerifier().UseCounter(folder); !errors.Is(err, yinxin.ErrCounter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCounterBundleOfASealHolderIsRefused: the signer is a service, not a certificate for seals.
func TestCounterBundleOfASealHolderIsRefused(t *testing.T) {
	w := newCounterWorld(t)
	w.service = w.Issue(t, pki.ProfileSealSigner, "37030000001721", nil)
	if _, err := yinxin.TakeCounter(t.TempDir(), w.bundle(t, 7, nil), w.root, ofdtest.Now); !errors.Is(err, counterbundle.ErrUntrusted) {
		t.Errorf("%v", err)
	}
}
