package pki

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// eachPlace makes one change at each place of an encoding: the value is left out, is NULL, or has no content. OCTET STRINGs behind an object
// identifier (extensions, responses) are gone into.
func eachPlace(t *testing.T, input []byte, leave func(der.Value) bool, try func(place string, changed []byte)) {
	t.Helper()
	reader := &der.Reader{}
	wrap := func(value der.Value, content []byte) []byte {
		return append(der.Header(value.Class, value.Tag, value.Constructed, len(content)), content...)
	}
	var walk func(path string, value der.Value, named bool, build func([]byte) []byte)
	walk = func(path string, value der.Value, named bool, build func([]byte) []byte) {
		if leave(value) {
			return
		}
		try(path+" left out", build(nil))
		try(path+" NULL", build([]byte{5, 0}))
		if len(value.Content) > 0 {
			try(path+" empty", build(wrap(value, nil)))
		}
		if named && value.Is(der.TagOctetString) {
			if inner, err := reader.Parse(value.Content); err == nil {
				walk(path+":", inner, false, func(changed []byte) []byte { return build(wrap(value, changed)) })
			}
		}
		if !value.Constructed {
			return
		}
		children, err := reader.Children(value)
		if err != nil {
			t.Fatal(err)
		}
		raws := make([][]byte, len(children))
		for i, child := range children {
			raws[i] = child.Raw
		}
		try(path+" one more", build(wrap(value, append(slices.Clone(value.Content), 5, 0))))
		for i, child := range children {
			walk(fmt.Sprintf("%s.%d", path, i), child, children[0].Is(der.TagOID), func(changed []byte) []byte {
				list := slices.Clone(raws)
				list[i] = changed
				return build(wrap(value, bytes.Join(list, nil)))
			})
		}
	}
	root, err := reader.Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	walk("", root, false, func(changed []byte) []byte { return changed })
}

// TestEachPlaceIsNamed: what a reader says of one change at each place, or what it takes for what then. A reader that passes over one error
// and stumbles over the next says something else.
func TestEachPlaceIsNamed(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key := newKey(t)
	template := root.template(ProfileSealSigner, "leaf", &key.PublicKey)
	template.CRLURLs, template.OCSPURLs = []string{"http://a.example/l.crl"}, []string{"http://a.example/ocsp"}
	leaf, err := MakeCertificate(rand.Reader, template, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle,
		Entries: []CRLEntry{{Serial: big.NewInt(5), RevokedAt: begin, Reason: RevokedSuperseded}}}, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	message := messageForm{outer: OIDGMSignedData, inner: OIDGMData, digest: OIDSM3, sign: OIDSM2Sign, certificate: leaf, key: key, version: 1, content: []byte("content"),
		attributes: [][]byte{attribute(t, OIDAttrContentType, oidOf(t, OIDGMData)), attribute(t, OIDAttrSigningTime, append([]byte{der.TagUTCTime, 13}, "260520080000Z"...)),
			attribute(t, OIDAttrDigest, der.EncodeOctetString(make([]byte, 32)))}}.encode(t)
	stamps := der.EncodeImplicit(1, true, attribute(t, OIDAttrTimeStamp, der.EncodeSequence(der.EncodeInt(1))))
	message = rebuild(t, message, func(path string, value der.Value) []byte {
		if path != ".1.0.4.0" {
			return nil
		}
		return der.EncodeSequence(value.Content, stamps)
	})
	id, err := NewCertID(OIDSM3, big.NewInt(5), root.certificate)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := (&OCSPRequest{Asked: []CertID{id}, Nonce: make([]byte, 32)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := MakeOCSPResponse(OCSPTemplate{ProducedAt: begin, Nonce: make([]byte, 32), Singles: []OCSPSingle{{ID: id, State: RevocationRevoked, RevokedAt: begin,
		Reason: RevokedSuperseded, ThisUpdate: begin, NextUpdate: middle}}}, root.certificate, signMessage(root.key))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ParseOCSPResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	further := der.EncodeExplicit(1, der.EncodeSequence(der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeBoolean(true), der.EncodeOctetString(der.EncodeNull()))))
	full := mended(t, plain, root.key, func(list [][]byte) [][]byte { // what the first answer leaves out: version, key of the responder, extensions of one answer
		list[0] = der.EncodeExplicit(2, der.EncodeOctetString(make([]byte, 20)))
		list[2] = rebuild(t, list[2], func(path string, value der.Value) []byte {
			if path != ".0" {
				return nil
			}
			return der.EncodeSequence(value.Content, further)
		})
		return append([][]byte{der.EncodeExplicit(0, der.EncodeInt(0))}, list[:3]...)
	}, func(list [][]byte) [][]byte { return append(list, der.EncodeExplicit(0, der.EncodeSequence(leaf.Raw))) })
	numbers := der.EncodeSequence(der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 2047)), der.EncodeInt(3))
	rsa := der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDRSAEncryption), der.EncodeNull()), der.EncodeBitString(numbers))
	rawID, err := id.encode()
	if err != nil {
		t.Fatal(err)
	}
	fullRequest := der.EncodeSequence(der.EncodeSequence(der.EncodeExplicit(0, der.EncodeInt(0)), der.EncodeExplicit(1, der.EncodeExplicit(4, leaf.Issuer.Raw)),
		der.EncodeSequence(der.EncodeSequence(rawID, der.EncodeImplicit(0, true, further[2:])))), der.EncodeExplicit(0, der.EncodeNull()))
	whole := func(der.Value) bool { return false }
	request := func(input []byte) (string, error) {
		q, err := ParseOCSPRequest(input)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(len(q.Asked), len(q.Nonce), q.Unhandled), nil
	}
	response := func(input []byte) (string, error) {
		r, err := ParseOCSPResponse(input)
		if err != nil {
			return "", err
		}
		said := fmt.Sprint(r.Status, len(r.Nonce), r.Unhandled, r.Deviations)
		for _, s := range r.Singles {
			said += fmt.Sprint(" single ", s.State, s.RevokedAt.Unix(), s.Reason, s.ThisUpdate.Unix(), s.NextUpdate.Unix(), s.Unhandled)
		}
		return said, nil
	}
	var out strings.Builder
	for _, c := range []struct {
		name  string
		input []byte
		leave func(der.Value) bool
		read  func([]byte) (string, error)
	}{
		{"certificate", leaf.Raw, func(v der.Value) bool { return bytes.Equal(v.Raw, leaf.Issuer.Raw) }, func(input []byte) (string, error) {
			c, err := ParseCertificate(input)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(c.Version, c.KeyError, c.KeyUsage.Names(), c.ExtKeyUsage, c.HasBasic, c.IsCA, c.PathLen, len(c.SubjectKeyID), len(c.AuthorityKeyID), c.Unhandled, c.Deviations, c.Oddities, c.CRLPoints(), c.OCSPResponders()), nil
		}},
		{"list", list.Raw, func(v der.Value) bool { return bytes.Equal(v.Raw, list.Issuer.Raw) }, func(input []byte) (string, error) {
			c, err := ParseCRL(input)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(c.NextUpdate.Format(time.RFC3339), c.Entries, c.Number, len(c.AuthorityKeyID), c.Unhandled, c.Deviations), nil
		}},
		{"message", message, func(v der.Value) bool { return bytes.Equal(v.Raw, leaf.Raw) || bytes.Equal(v.Raw, leaf.Issuer.Raw) }, func(input []byte) (string, error) {
			m, err := ParseSignedData(input)
			if err != nil {
				return "", err
			}
			said := fmt.Sprint(m.DigestOIDs, m.InnerType, m.HasContent, len(m.Content), len(m.Certificates), len(m.CRLs), m.Deviations)
			for _, s := range m.Signers {
				said += fmt.Sprint(" signer ", s.Certificate != nil, s.AttributeTypes, len(s.MessageDigest), s.SigningTime.Unix(), len(s.Timestamps))
			}
			return said, nil
		}},
		{"OCSP request", asked, whole, request},
		{"full OCSP request", fullRequest, func(v der.Value) bool { return bytes.Equal(v.Raw, rawID) || bytes.Equal(v.Raw, leaf.Issuer.Raw) }, request},
		{"OCSP response", answer, func(v der.Value) bool { return bytes.Equal(v.Raw, root.certificate.Subject.Raw) }, response},
		{"full OCSP response", full, func(v der.Value) bool {
			return bytes.Equal(v.Raw, leaf.Raw) || v.Is(der.TagGeneralizedTime) || bytes.Equal(v.Raw, rawID)
		}, response},
		{"RSA key", rsa, whole, func(input []byte) (string, error) {
			key, err := ParsePublicKeyInfo(input)
			return KeyName(key), err
		}},
		{"RSA numbers", numbers, whole, func(input []byte) (string, error) {
			key, err := ParsePublicKeyInfo(der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDRSAEncryption), der.EncodeNull()), der.EncodeBitString(input)))
			return KeyName(key), err
		}},
	} {
		eachPlace(t, c.input, c.leave, func(place string, changed []byte) {
			said, err := c.read(changed)
			if err != nil {
				said = err.Error()
			}
			fmt.Fprintf(&out, "%s%s: %s\n", c.name, place, said)
		})
	}
	testkit.Golden(t, "testdata/places.txt", out.String())
}
