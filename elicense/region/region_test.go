package region_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

const base = "https://b.example"

type world struct {
	*ofdtest.World
	service *pki.Certificate
	chain   [][]byte
	sign    signed.SignFunc
}

func newWorld(t testing.TB, profile pki.Profile) world {
	w := ofdtest.New(t)
	service := w.Issue(t, profile, "服务", nil)
	return world{w, service.Cert, [][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}, service.Sign}
}

func (w world) list(t testing.TB, uri string) []byte {
	t.Helper()
	made, err := statuslist.New(uri, 1, ofdtest.Now, ofdtest.Now.Add(time.Hour)).Sign(w.chain, statuslist.SignFunc(w.sign))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w world) content(t testing.TB) region.Content {
	return region.Content{URI: base + region.Path, Number: 3, Issued: ofdtest.Now, NextUpdate: ofdtest.Now.Add(time.Hour), Publisher: "乙", Root: w.Root.Cert.Raw, Others: [][]byte{w.Issuing.Cert.Raw},
		CRLs: [][]byte{ofdtest.CRL(t, w.Issuing).Raw}, Lists: [][]byte{w.list(t, base+"/status/1")}}
}

// TestPackages: what is signed is read again; what a package may not hold is neither signed nor read.
func TestPackages(t *testing.T) {
	w := newWorld(t, pki.ProfileService)
	good := w.content(t)
	made, err := good.Sign(w.chain, w.sign)
	if err != nil {
		t.Fatal(err)
	}
	p, err := region.Open(made)
	if err != nil || !good.Same(p) || !region.Is(made) || len(p.StatusLists) != 1 || len(p.Revoked) != 1 || !p.IssuedBy(w.Issuing.Cert.Subject.String()) || p.IssuedBy("CN=x") {
		t.Fatalf("%+v %v", p, err)
	}
	if err := p.Judge(p.Fingerprint(), ofdtest.Now); err != nil {
		t.Error(err)
	}
	if err := p.Judge(newRoot(t), ofdtest.Now); !errors.Is(err, region.ErrRoot) {
		t.Errorf("another root: %v", err)
	}
	for at, want := range map[time.Duration]bool{-2 * time.Minute: false, -time.Minute: true, 0: true, time.Hour + time.Minute: true, time.Hour + 2*time.Minute: false} {
		if p.Current(ofdtest.Now.Add(at)) != want {
			t.Errorf("after %s: %t", at, !want)
		}
	}
	for name, change := range map[string]func(c *region.Content){
		"address":                 func(c *region.Content) { c.URI = base + "/trust/list" },
		"address without a host":  func(c *region.Content) { c.URI = "https://" + region.Path },
		"address of a port":       func(c *region.Content) { c.URI = "https://:443" + region.Path },
		"address with a question": func(c *region.Content) { c.URI = "https://b.example/?a" + region.Path },
		"address with a user":     func(c *region.Content) { c.URI = "https://a@b.example" + region.Path },
		"address with a blank":    func(c *region.Content) { c.URI = "https://b.example/ x" + region.Path },
		"address of another sort": func(c *region.Content) { c.URI = "file://x" + region.Path },
		"no number":               func(c *region.Content) { c.Number = 0 },
		"no publisher":            func(c *region.Content) { c.Publisher = "" },
		"no life":                 func(c *region.Content) { c.NextUpdate = c.Issued },
		"no root":                 func(c *region.Content) { c.Root = w.Issuing.Cert.Raw },
		"authority":               func(c *region.Content) { c.Others = [][]byte{{1}} },
		"revocation list":         func(c *region.Content) { c.CRLs = [][]byte{{1}} },
		"status list":             func(c *region.Content) { c.Lists = [][]byte{{1}} },
		"list of somebody else":   func(c *region.Content) { c.Lists = [][]byte{w.list(t, "https://a.example/status/1")} },
		"list of a longer host":   func(c *region.Content) { c.Lists = [][]byte{w.list(t, base+".evil/status/1")} },
		"seals":                   func(c *region.Content) { c.SealLists = [][]byte{c.Lists[0]} },
		"too many":                func(c *region.Content) { c.Others = slices.Repeat([][]byte{w.Issuing.Cert.Raw}, 17) },
	} {
		c := w.content(t)
		change(&c)
		if _, err := c.Sign(w.chain, w.sign); !errors.Is(err, region.ErrFormat) || !errors.Is(err, signed.ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
		if c.Same(p) && c.Number != 0 && c.NextUpdate != c.Issued {
			t.Errorf("%s: called the same", name)
		}
	}
	flipped := slices.Clone(made)
	flipped[len(flipped)-1] ^= 1
	if _, err := region.Open(flipped); !errors.Is(err, signed.ErrSignature) {
		t.Errorf("changed: %v", err)
	}
}

func newRoot(t *testing.T) string {
	w := newWorld(t, pki.ProfileService)
	made, err := w.content(t).Sign(w.chain, w.sign)
	if err != nil {
		t.Fatal(err)
	}
	p, err := region.Open(made)
	if err != nil {
		t.Fatal(err)
	}
	return p.Fingerprint()
}

// TestWhoMaySignAPackage: a seal's certificate may not, so that a keeper of a seal declares nothing valid, and none that the package's own list
// revokes.
func TestWhoMaySignAPackage(t *testing.T) {
	seal, service := newWorld(t, pki.ProfileSealSigner), newWorld(t, pki.ProfileService)
	bySeal, revoked := seal.content(t), service.content(t)
	bySeal.Lists = nil
	revoked.CRLs = [][]byte{ofdtest.CRL(t, service.Issuing, pki.CRLEntry{Serial: service.service.Serial, RevokedAt: ofdtest.Now.Add(-time.Hour)}).Raw}
	for name, c := range map[string]struct {
		by      world
		content region.Content
	}{"by a seal": {seal, bySeal}, "revoked": {service, revoked}} {
		made, err := c.content.Sign(c.by.chain, c.by.sign)
		if err != nil {
			t.Fatal(err)
		}
		p, err := region.Open(made)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Judge(p.Fingerprint(), ofdtest.Now); !errors.Is(err, region.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDivisions(t *testing.T) {
	for code, want := range map[string]string{"37": "37", "370000": "37", "370200": "3702", "3702": "3702", "370203": "370203", "": "", "3": "", "370": "", "3702031": "", "00": "", "000000": "", "37０2": "", "3x": ""} {
		got, err := region.Division(code)
		if got != want || (want == "") != errors.Is(err, region.ErrDivision) {
			t.Errorf("%q: %q %v", code, got, err)
		}
	}
	v := &region.Vouched{Divisions: []string{"3702", "41"}, Except: []string{"11410000MB7QX0015W"}}
	for code, want := range map[string]bool{"11370200MB7QX1237H": true, "11370300MB7QX1237H": false, "11410101MB7QX1237H": true, "11410000MB7QX0015W": false, "": false, "3702": false, "11370200": false} {
		if v.Covers(code) != want {
			t.Errorf("%s: %t", code, !want)
		}
	}
}

// FuzzOpenVouched: what is read is written again as the same octets.
func FuzzOpenVouched(f *testing.F) {
	w := newWorld(f, pki.ProfileService)
	made, err := w.content(f).Sign(w.chain, w.sign)
	if err != nil {
		f.Fatal(err)
	}
	p, err := region.Open(made)
	if err != nil {
		f.Fatal(err)
	}
	file, err := (&region.Vouched{Package: p, Confirmed: p.Fingerprint(), Divisions: []string{"3702"}, Except: []string{"x"}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	wide, err := (&region.Vouched{Package: p, Confirmed: p.Fingerprint(), Divisions: []string{"370000"}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := region.OpenVouched(wide); !errors.Is(err, region.ErrDivision) {
		f.Errorf("a division that is not short: %v", err)
	}
	if v, err := region.OpenVouched(file); err != nil || v.Number != 3 {
		f.Errorf("%v", err)
	}
	f.Add(file)
	f.Add(wide)
	f.Add(file[:len(file)-1])
	f.Add(made)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := region.OpenVouched(data)
		if err != nil {
			return
		}
		if again, err := v.Encode(); err != nil || !slices.Equal(again, data) {
			t.Errorf("%v", err)
		}
	})
}
