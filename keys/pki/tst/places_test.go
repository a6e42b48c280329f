package tst_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// TestEachPlaceIsNamed: what a reader says of one change at each place of a token, of what is signed in it, of requests and of answers. A
// reader that passes over one error and stumbles over the next says something else.
func TestEachPlaceIsNamed(t *testing.T) {
	a := newAuthority(t)
	imprint, err := tst.ImprintOf(pki.OIDSM3, stamped)
	if err != nil {
		t.Fatal(err)
	}
	extension := func(tag int) []byte {
		return der.EncodeImplicit(tag, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString([]byte{5, 0})))
	}
	info := der.EncodeSequence(der.EncodeInt(1), tsttest.OID(t, tsttest.Policy), tsttest.Imprint(t, pki.OIDSM3, imprint.Digest), der.EncodeInt(7), tsttest.Time(t, genTime),
		der.EncodeSequence(der.EncodeInt(1), []byte{0x80, 1, 5}, []byte{0x81, 1, 6}), der.EncodeBoolean(true), der.EncodeInt(42),
		der.EncodeExplicit(0, der.EncodeImplicit(2, false, []byte("a.example"))), extension(1))
	certID := der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(tsttest.Algorithm(t, pki.OIDSM3), der.EncodeOctetString(make([]byte, 32)),
		der.EncodeSequence(der.EncodeSequence(der.EncodeImplicit(2, false, []byte("a"))), der.EncodeInt(9)))), der.EncodeSequence())
	attributes := [][]byte{tsttest.Attribute(t, pki.OIDAttrContentType, tsttest.OID(t, tst.OIDTSTInfo)), tsttest.Attribute(t, pki.OIDAttrSigningTime, append([]byte{der.TagUTCTime, 13}, "260520080000Z"...))}
	asked, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	asked = der.EncodeSequence(asked[2:], extension(0))
	rejected, err := tst.EncodeRejection(tst.BadAlgorithm, "text")
	if err != nil {
		t.Fatal(err)
	}
	// The signature is replaced by octets that are always the same, and nothing looks at it here.
	fixed := tsttest.Parts{Value: func([]byte) []byte { return make([]byte, 70) }, CRLs: der.EncodeImplicit(1, true, der.EncodeSequence())}
	token := func(change func(*tsttest.Parts)) []byte {
		parts := fixed
		if change != nil {
			change(&parts)
		}
		return tsttest.Token(t, a.tsa, stamped, genTime, parts)
	}
	read := func(input []byte) error { _, err := tst.Parse(input); return err }
	answer := func(input []byte) error { _, err := tst.ParseResponse(input); return err }
	isCertificate := func(v der.Value) bool {
		return bytes.Equal(v.Raw, a.tsa.Cert.Raw) || bytes.Equal(v.Raw, a.tsa.Cert.Issuer.Raw)
	}
	var out strings.Builder
	for _, c := range []struct {
		name  string
		input []byte
		leave func(der.Value) bool
		read  func(changed []byte) error
	}{
		{"token", token(nil), isCertificate, read},
		{"info", info, into, func(changed []byte) error { return read(token(func(p *tsttest.Parts) { p.Info = changed })) }},
		{"signing certificate", certID, into, func(changed []byte) error { return read(token(func(p *tsttest.Parts) { p.CertID = changed })) }},
		{"attributes", der.EncodeSet(attributes...), into, func(changed []byte) error {
			value, err := (&der.Reader{}).Parse(changed)
			if err != nil || !value.Is(der.TagSet) {
				return err
			}
			return read(token(func(p *tsttest.Parts) {
				p.Attributes = func(l [][]byte) [][]byte { return append([][]byte{value.Content}, l[1:]...) }
			}))
		}},
		{"request", asked, into, func(changed []byte) error { _, err := tst.ParseRequest(changed); return err }},
		{"rejection", rejected, into, answer},
		{"answer", tst.EncodeGranted([]byte{0x30, 0}), into, answer},
	} {
		changes(t, c.input, c.leave, func(what string, path []int, changed []byte) {
			said := "taken"
			if err := c.read(changed); err != nil {
				said = err.Error()
			}
			fmt.Fprintf(&out, "%s %v %s: %s\n", c.name, path, what, said)
		})
	}
	testkit.Golden(t, "testdata/places.txt", out.String())
}
