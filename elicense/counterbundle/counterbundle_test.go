package counterbundle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

func good(w *ofdtest.World) counterbundle.Content {
	return counterbundle.Content{URI: "https://a.example/trust/bundle", Number: 1, Issued: ofdtest.Now, GoodUntil: ofdtest.Now.Add(counterbundle.Life), Publisher: "示例",
		Files: []counterbundle.File{{Name: "root.pem", Content: w.Root.Cert.EncodePEM()}, {Name: "issuing.cer", Content: w.Issuing.Cert.Raw}, {Name: "other", Content: []byte("anything")}}}
}

// TestBoundsOfABundle: what Sign makes Open reads, and neither makes nor reads anything beyond.
func TestBoundsOfABundle(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "服务", nil)
	file := func(name string, size int) counterbundle.File {
		return counterbundle.File{Name: name, Content: make([]byte, size)}
	}
	rest := good(w)
	room := counterbundle.MaxFiles
	for _, f := range rest.Files {
		room -= len(f.Content)
	}
	type change = func(*counterbundle.Content)
	for name, c := range map[string]struct {
		change change
		fine   bool
	}{
		"as it is":          {func(*counterbundle.Content) {}, true},
		"another path":      {func(c *counterbundle.Content) { c.URI = "https://a.example/trust/region" }, false},
		"no publisher":      {func(c *counterbundle.Content) { c.Publisher = "" }, false},
		"a long publisher":  {func(c *counterbundle.Content) { c.Publisher = strings.Repeat("a", 257) }, false},
		"no number":         {func(c *counterbundle.Content) { c.Number = 0 }, false},
		"good for no time":  {func(c *counterbundle.Content) { c.GoodUntil = c.Issued }, false},
		"good for longer":   {func(c *counterbundle.Content) { c.GoodUntil = c.GoodUntil.Add(time.Second) }, false},
		"no root":           {func(c *counterbundle.Content) { c.Files = c.Files[1:] }, false},
		"a name twice":      {func(c *counterbundle.Content) { c.Files = append(c.Files, c.Files[2]) }, false},
		"no name":           {func(c *counterbundle.Content) { c.Files = append(c.Files, file("", 1)) }, false},
		"an empty file":     {func(c *counterbundle.Content) { c.Files = append(c.Files, file("more", 0)) }, false},
		"as large as it is": {func(c *counterbundle.Content) { c.Files = append(c.Files, file("more", room)) }, true},
		"one octet more":    {func(c *counterbundle.Content) { c.Files = append(c.Files, file("more", room+1)) }, false},
	} {
		content := good(w)
		c.change(&content)
		made, err := content.Sign([][]byte{service.Cert.Raw}, service.Sign)
		if c.fine != (err == nil) || err != nil && !errors.Is(err, signed.ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		b, err := counterbundle.Open(made)
		if err != nil || !counterbundle.Is(made) || len(b.Files) != len(content.Files) || !b.Issued.Equal(content.Issued) || b.Judge(digest.Hex(w.Root.Cert.Raw), ofdtest.Now) != nil {
			t.Errorf("%s: %+v %v", name, b, err)
		}
	}
}

// TestOnlyAServiceUnderTheConfirmedRootSigns: another root in the bundle does not help, and neither does a certificate that was revoked.
func TestOnlyAServiceUnderTheConfirmedRootSigns(t *testing.T) {
	w, other := ofdtest.New(t), ofdtest.New(t)
	service, stranger := w.Issue(t, pki.ProfileService, "服务", nil), other.Issue(t, pki.ProfileService, "服务", nil)
	root := digest.Hex(w.Root.Cert.Raw)
	content := good(w)
	content.Files = append(content.Files, counterbundle.File{Name: "root-2.pem", Content: other.Root.Cert.EncodePEM()}, counterbundle.File{Name: "issuing-2.pem", Content: other.Issuing.Cert.EncodePEM()})
	for name, c := range map[string]struct {
		by   ofdtest.Party
		root string
		want error
	}{
		"the service":              {service, root, nil},
		"of the other root":        {stranger, root, counterbundle.ErrUntrusted},
		"a root that is not there": {service, strings.Repeat("0", 64), counterbundle.ErrRoot},
	} {
		made, err := content.Sign([][]byte{c.by.Cert.Raw}, c.by.Sign)
		if err != nil {
			t.Fatal(err)
		}
		b, err := counterbundle.Open(made)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Judge(c.root, ofdtest.Now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpen: whatever is read is what Sign would write.
func FuzzOpen(f *testing.F) {
	w := ofdtest.New(f)
	service := w.Issue(f, pki.ProfileService, "服务", nil)
	made, err := good(w).Sign([][]byte{service.Cert.Raw}, service.Sign)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(made)
	f.Add([]byte("\x84\x65YXCB1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := counterbundle.Open(data)
		if err != nil {
			return
		}
		if b.GoodUntil.Sub(b.Issued) > counterbundle.Life || len(b.Fingerprints()) == 0 || b.Current(b.Issued) == b.Current(b.GoodUntil.Add(time.Second)) {
			t.Errorf("%+v", b)
		}
	})
}
