package tst_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

// changes is every structure that a value becomes by one change at one place: another tag, a member more, a member less, no
// content. leave tells values that are not looked into.
func changes(t *testing.T, input []byte, leave func(der.Value) bool, try func(what string, path []int, changed []byte)) {
	t.Helper()
	var walk func(value der.Value, path []int, rebuild func([]byte) []byte)
	walk = func(value der.Value, path []int, rebuild func([]byte) []byte) {
		if leave(value) {
			return
		}
		retagged := bytes.Clone(value.Raw)
		retagged[0] ^= 0x40
		try("another tag", path, rebuild(retagged))
		if len(value.Content) > 0 {
			try("no content", path, rebuild([]byte{value.Raw[0], 0}))
		}
		if !value.Constructed {
			return
		}
		reader := &der.Reader{}
		children, err := reader.Children(value)
		if err != nil {
			t.Fatal(err)
		}
		join := func(list [][]byte) []byte {
			content := bytes.Join(list, nil)
			return append(der.Header(value.Class, value.Tag, true, len(content)), content...)
		}
		raws := make([][]byte, len(children))
		for i, child := range children {
			raws[i] = child.Raw
		}
		try("one more", path, rebuild(join(append(slices.Clone(raws), der.EncodeSequence(tsttest.OID(t, "1.2.3"))))))
		for i, child := range children {
			try("one less", append(slices.Clone(path), i), rebuild(join(slices.Delete(slices.Clone(raws), i, i+1))))
			walk(child, append(slices.Clone(path), i), func(changed []byte) []byte {
				list := slices.Clone(raws)
				list[i] = changed
				return rebuild(join(list))
			})
		}
	}
	value, err := (&der.Reader{}).Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	walk(value, nil, func(changed []byte) []byte { return changed })
}

func into(der.Value) bool { return false }

// isOneOf tells a place of a list.
func isOneOf(path []int, places ...[]int) bool {
	return slices.ContainsFunc(places, func(place []int) bool { return slices.Equal(place, path) })
}

// TestNothingIsAddedOrLeftOut: a change at any place of the token outside of certificates is refused or found, also where the
// signature does not cover it.
func TestNothingIsAddedOrLeftOut(t *testing.T) {
	a := newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeSequence(der.EncodeInt(1)), der.EncodeInt(42)}})
	tried := 0
	changes(t, token, func(v der.Value) bool { return bytes.Equal(v.Raw, a.tsa.Cert.Raw) }, func(what string, path []int, changed []byte) {
		tried++
		if codes, _ := judged(changed, stamped, a.trusting()); len(codes) > 0 {
			return
		}
		read, err := tst.Parse(changed)
		if err != nil {
			t.Fatal(err)
		}
		// One more digest algorithm, its parameters and one more certificate are not used.
		unused := what == "one more" && isOneOf(path, []int{1, 0, 1}, []int{1, 0, 1, 0}, []int{1, 0, 3})
		if len(read.Deviations) == 0 && !unused {
			t.Errorf("%s at %v is not seen", what, path)
		}
	})
	if tried < 80 {
		t.Errorf("only %d places", tried)
	}
}

// TestNothingIsAddedInside: the same inside of what is signed, under a signature that holds.
func TestNothingIsAddedInside(t *testing.T) {
	a := newAuthority(t)
	imprint, err := tst.ImprintOf(pki.OIDSM3, stamped)
	if err != nil {
		t.Fatal(err)
	}
	extension := der.EncodeImplicit(1, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString([]byte{5, 0})))
	info := der.EncodeSequence(der.EncodeInt(1), tsttest.OID(t, tsttest.Policy), tsttest.Imprint(t, pki.OIDSM3, imprint.Digest), der.EncodeInt(7), tsttest.Time(t, genTime),
		der.EncodeSequence(der.EncodeInt(1), []byte{0x80, 1, 5}, []byte{0x81, 1, 6}), der.EncodeBoolean(true), der.EncodeInt(42),
		der.EncodeExplicit(0, der.EncodeExplicit(4, a.tsa.Cert.Subject.Raw)), extension)
	expect(t, tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Info: info}), a.trusting(), "")
	o := a.trusting()
	o.Policies = []string{tsttest.Policy}
	seen := func(token []byte) bool {
		codes, deviations := judged(token, stamped, o)
		return len(codes) > 0 || len(deviations) > 0
	}
	changes(t, info, func(v der.Value) bool { return bytes.Equal(v.Raw, a.tsa.Cert.Subject.Raw) }, func(what string, path []int, changed []byte) {
		optional := len(path) > 0 && path[0] >= 5
		switch {
		case seen(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Info: changed})):
		case optional && what != "another tag" && what != "one more": // the rest may be absent or empty
		case what == "one more" && isOneOf(path, []int{9}): // a further extension
		default:
			t.Errorf("%s at %v is not seen", what, path)
		}
	})
	sum := bytes.Clone(tsttest.CertIDV2(t, a.tsa.Cert))
	changes(t, sum, into, func(what string, path []int, changed []byte) {
		// A further identifier is one of the chain.
		if what == "one more" && isOneOf(path, []int{}, []int{0}) {
			return
		}
		if !seen(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{CertID: changed})) {
			t.Errorf("signing certificate: %s at %v is not seen", what, path)
		}
	})
	for place := range 3 {
		good := [][]byte{tsttest.Attribute(t, pki.OIDAttrContentType, tsttest.OID(t, tst.OIDTSTInfo)), nil, tsttest.Attribute(t, tst.OIDSigningCertificateV2, tsttest.CertIDV2(t, a.tsa.Cert))}
		if place == 1 {
			continue // messageDigest depends on the token; its shape is that of the others
		}
		changes(t, good[place], into, func(what string, path []int, changed []byte) {
			if what == "one more" && len(path) > 1 || len(path) > 2 {
				return // inside of a value: tried above
			}
			if !seen(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Attributes: replacedAt(place, changed)})) {
				t.Errorf("attribute %d: %s at %v is not seen", place, what, path)
			}
		})
	}
}

// TestBrokenRequestsAndResponses: a change at any place is refused, or reads as something else than what was sent.
func TestBrokenRequestsAndResponses(t *testing.T) {
	a := newAuthority(t)
	sent, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	want, err := tst.ParseRequest(sent)
	if err != nil {
		t.Fatal(err)
	}
	changes(t, sent, into, func(what string, path []int, changed []byte) {
		q, err := tst.ParseRequest(changed)
		if err == nil && q.Imprint.Equal(want.Imprint) && q.Policy == want.Policy && q.CertReq == want.CertReq && q.Nonce != nil && q.Nonce.Cmp(want.Nonce) == 0 {
			t.Errorf("request: %s at %v is not seen", what, path)
		}
	})
	granted := tst.EncodeGranted(tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeInt(42)}}))
	rejected, err := tst.EncodeRejection(tst.BadAlgorithm, "text")
	if err != nil {
		t.Fatal(err)
	}
	for _, response := range [][]byte{granted, rejected} {
		changes(t, response, func(v der.Value) bool { return v.Constructed && len(v.Content) > 400 && len(v.Raw) < len(response) }, func(what string, path []int, changed []byte) {
			r, err := tst.ParseResponse(changed)
			if err == nil && (r.Token != nil && r.Answers(want) == nil || r.Token == nil && r.Failure == tst.BadAlgorithm && slices.Equal(r.Text, []string{"text"})) {
				t.Errorf("response: %s at %v is not seen", what, path)
			}
		})
	}
}
