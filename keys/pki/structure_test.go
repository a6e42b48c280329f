package pki

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// rebuild walks an encoding and asks for a replacement of each part by its path; nil keeps it, empty drops it.
func rebuild(t testing.TB, input []byte, change func(path string, value der.Value) []byte) []byte {
	t.Helper()
	reader := &der.Reader{}
	root, err := reader.Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	var build func(path string, value der.Value) []byte
	build = func(path string, value der.Value) []byte {
		if changed := change(path, value); changed != nil {
			return changed
		}
		if !value.Constructed {
			return value.Raw
		}
		children, err := reader.Children(value)
		if err != nil {
			t.Fatal(err)
		}
		var content []byte
		for i, child := range children {
			content = append(content, build(fmt.Sprintf("%s.%d", path, i), child)...)
		}
		return append(der.Header(value.Class, value.Tag, true, len(content)), content...)
	}
	return build("", root)
}

// replaceAt changes one member.
func replaceAt(t testing.TB, input []byte, path string, replacement []byte) []byte {
	return rebuild(t, input, func(here string, _ der.Value) []byte {
		if here == path {
			return replacement
		}
		return nil
	})
}

// paths lists every part of an encoding.
func paths(t testing.TB, input []byte) []string {
	var list []string
	rebuild(t, input, func(path string, _ der.Value) []byte {
		list = append(list, path)
		return nil
	})
	return list
}

// samples are a good certificate, CRL and message.
func samples(t testing.TB) (root authority, leaf *Certificate, list *CRL, message []byte) {
	root = newRoot(t, "root", newKey(t))
	key := newKey(t)
	leaf = root.issue(t, ProfileSealSigner, "leaf", &key.PublicKey)
	list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: middle,
		Entries: []CRLEntry{{Serial: leaf.Serial, RevokedAt: begin, Reason: RevokedSuperseded}}}, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	message = messageForm{outer: OIDGMSignedData, inner: OIDGMData, digest: OIDSM3, sign: OIDSM2Sign, certificate: leaf, key: key, version: 1, content: []byte("content"),
		attributes: [][]byte{attribute(t, OIDAttrContentType, oidOf(t, OIDGMData)), attribute(t, OIDAttrDigest, der.EncodeOctetString(make([]byte, 32)))}}.encode(t)
	return root, leaf, list, message
}

// TestEveryMemberMayBeMissingOrOdd drops, doubles and exchanges every part: readers answer with their own error or read
// on, and never crash; what they take carries no trust.
func TestEveryMemberMayBeMissingOrOdd(t *testing.T) {
	root, leaf, list, message := samples(t)
	readers := map[string]struct {
		input []byte
		read  func([]byte) error
		want  error
	}{
		"certificate": {leaf.Raw, func(input []byte) error {
			certificate, err := ParseCertificate(input)
			if err == nil && certificate.CheckSignatureFrom(root.certificate) == nil {
				return errors.New("a changed certificate verifies")
			}
			return err
		}, ErrCertificate},
		"CRL": {list.Raw, func(input []byte) error {
			list, err := ParseCRL(input)
			if err == nil && list.CheckSignatureFrom(root.certificate) == nil {
				return errors.New("a changed list verifies")
			}
			return err
		}, ErrCRL},
		"message": {message, func(input []byte) error {
			message, err := ParseSignedData(input)
			if err != nil {
				return err
			}
			for _, signer := range message.Signers {
				message.VerifySigner(signer, []byte("x"), nil)
			}
			return nil
		}, ErrMessage},
	}
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			for _, path := range paths(t, reader.input) {
				for how, change := range map[string]func(value der.Value) []byte{
					"dropped":           func(der.Value) []byte { return []byte{} },
					"doubled":           func(value der.Value) []byte { return append(append([]byte{}, value.Raw...), value.Raw...) },
					"NULL":              func(der.Value) []byte { return []byte{5, 0} },
					"empty SEQUENCE":    func(der.Value) []byte { return []byte{0x30, 0} },
					"empty SET":         func(der.Value) []byte { return []byte{0x31, 0} },
					"empty [0]":         func(der.Value) []byte { return []byte{0xa0, 0} },
					"negative INTEGER":  func(der.Value) []byte { return []byte{2, 1, 0xff} },
					"OCTET STRING of 1": func(der.Value) []byte { return []byte{4, 1, 0} },
				} {
					input := rebuild(t, reader.input, func(here string, value der.Value) []byte {
						if here == path {
							return change(value)
						}
						return nil
					})
					if len(input) == 0 || string(input) == string(reader.input) {
						continue
					}
					if err := reader.read(input); err != nil && !errors.Is(err, reader.want) {
						t.Errorf("%s %s: %v", path, how, err)
					}
				}
			}
		})
	}
}

// TestEveryMemberHasItsType: NULL in the place of any part is refused, but for those that are listed here: texts of names
// (compared as octets), the key (which is then KeyError), and in a message its content and what is compared with or looked
// for among certificates.
func TestEveryMemberHasItsType(t *testing.T) {
	_, leaf, list, message := samples(t)
	for name, c := range map[string]struct {
		input []byte
		read  func([]byte) error
		open  []string // parts that may be anything, with all inside
	}{
		"certificate": {leaf.Raw, func(input []byte) error { _, err := ParseCertificate(input); return err },
			[]string{".0.3.0.0.1", ".0.3.1.0.1", ".0.5.0.0.1", ".0.5.1.0.1", ".0.5.2.0.1", ".0.6"}},
		"CRL": {list.Raw, func(input []byte) error { _, err := ParseCRL(input); return err }, []string{".0.2.0.0.1", ".0.2.1.0.1"}},
		"message": {message, func(input []byte) error { _, err := ParseSignedData(input); return err },
			[]string{".1.0.2.1.0", ".1.0.3.0.0.3.0.0.1", ".1.0.3.0.0.3.1.0.1", ".1.0.3.0.0.5.0.0.1", ".1.0.3.0.0.5.1.0.1", ".1.0.3.0.0.5.2.0.1", ".1.0.3.0.0.6", ".1.0.4.0.1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range paths(t, c.input) {
				open := path == ".1.0.3.0" && name == "message" // an attribute certificate may stand there
				for _, one := range c.open {
					open = open || path == one || strings.HasPrefix(path, one+".")
				}
				if err := c.read(replaceAt(t, c.input, path, []byte{5, 0})); (err == nil) != open {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
}

func TestMembersAreRefused(t *testing.T) {
	_, leaf, list, message := samples(t)
	null := []byte{5, 0}
	many := func(count int, one []byte) []byte {
		var all []byte
		for range count {
			all = append(all, one...)
		}
		return all
	}
	certificates := many(maxMessageCerts+1, leaf.Raw)
	extensions := rebuildFind(t, leaf.Raw, ".0.7")
	identifier := func(tag int) []byte { return der.EncodeImplicit(tag, false, []byte{0, 1}) }
	both := append(append(identifier(1), identifier(2)...), extensions...)
	if certificate, err := ParseCertificate(replaceAt(t, leaf.Raw, ".0.7", both)); err != nil || len(certificate.Extensions) != len(leaf.Extensions) {
		t.Errorf("unique identifiers: %v", err)
	}
	signer := rebuildFind(t, message, ".1.0.4.0")
	var attributes []byte
	for i := range maxAttrs + 1 {
		attributes = append(attributes, attribute(t, fmt.Sprintf("1.2.%d", i+1))...)
	}
	for name, input := range map[string][]byte{
		"version 4 of a certificate":      replaceAt(t, leaf.Raw, ".0.0", der.EncodeExplicit(0, der.EncodeInt(3))),
		"unknown member":                  replaceAt(t, leaf.Raw, ".0.7", der.EncodeExplicit(4, null)),
		"extensions in two places":        replaceAt(t, leaf.Raw, ".0.7", append(append([]byte{}, extensions...), der.EncodeExplicit(3, der.EncodeSequence())...)),
		"extensions before an identifier": replaceAt(t, leaf.Raw, ".0.7", append(append([]byte{}, extensions...), identifier(2)...)),
	} {
		if _, err := ParseCertificate(input); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, input := range map[string][]byte{
		"version 3 of a CRL":    replaceAt(t, list.Raw, ".0.0", der.EncodeInt(2)),
		"unknown member of CRL": replaceAt(t, list.Raw, ".0.6", der.EncodeExplicit(1, null)),
		"entry of four":         replaceAt(t, list.Raw, ".0.5.0", der.EncodeSequence(null, null, null, null)),
		"good entry and more":   replaceAt(t, list.Raw, ".0.5.0", der.EncodeSequence(rebuildFind(t, list.Raw, ".0.5.0.0"), rebuildFind(t, list.Raw, ".0.5.0.1"), der.EncodeSequence(), der.EncodeSequence())),
		"entry without serial":  replaceAt(t, list.Raw, ".0.5.0.0", null),
	} {
		if _, err := ParseCRL(input); !errors.Is(err, ErrCRL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, input := range map[string][]byte{
		"content under [1]":    rebuild(t, message, func(path string, value der.Value) []byte { return retag(path, ".1", value, 0xa1) }),
		"inner content in [1]": rebuild(t, message, func(path string, value der.Value) []byte { return retag(path, ".1.0.2.1", value, 0xa1) }),
		"digests in SEQUENCE":  rebuild(t, message, func(path string, value der.Value) []byte { return retag(path, ".1.0.1", value, 0x30) }),
		"257 certificates":     replaceAt(t, message, ".1.0.3", append(der.Header(der.Context, 0, true, len(certificates)), certificates...)),
		"65 signers":           replaceAt(t, message, ".1.0.4", der.EncodeSet(many(maxSigners+1, signer))),
		"65 attributes":        replaceAt(t, message, ".1.0.4.0.3", append(der.Header(der.Context, 0, true, len(attributes)), attributes...)),
		"inner of three":       replaceAt(t, message, ".1.0.2", der.EncodeSequence(oidOf(t, OIDGMData), null, null)),
		"identifier of three":  replaceAt(t, message, ".1.0.4.0.1", der.EncodeSequence(null, null, null)),
		"unsigned under [2]":   replaceAt(t, message, ".1.0.4.0.5", append(append([]byte{}, rebuildFind(t, message, ".1.0.4.0.5")...), 0xa2, 0)),
	} {
		if _, err := ParseSignedData(input); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func retag(here, path string, value der.Value, identifier byte) []byte {
	if here != path {
		return nil
	}
	return append([]byte{identifier}, value.Raw[1:]...)
}

// rebuildFind returns the octets at a path.
func rebuildFind(t testing.TB, input []byte, path string) []byte {
	var found []byte
	rebuild(t, input, func(here string, value der.Value) []byte {
		if here == path {
			found = value.Raw
		}
		return nil
	})
	if found == nil {
		t.Fatalf("nothing at %s", path)
	}
	return found
}

func TestS17NarrowedLists(t *testing.T) {
	root, _, list, _ := samples(t)
	extensions := rebuildFind(t, list.Raw, ".0.6.0")
	more := func(oid string, critical bool) []byte {
		fields := [][]byte{oidOf(t, oid)}
		if critical {
			fields = append(fields, der.EncodeBoolean(true))
		}
		one := der.EncodeSequence(append(fields, der.EncodeOctetString([]byte{0x30, 0}))...)
		inner := append(append([]byte{}, extensions[2:]...), one...)
		return replaceAt(t, list.Raw, ".0.6.0", append(der.Header(0, der.TagSequence, true, len(inner)), inner...))
	}
	for name, test := range map[string]struct {
		input    []byte
		narrowed bool
	}{
		"unknown, not critical":  {more("1.2.3", false), false},
		"unknown, critical":      {more("1.2.3", true), true},
		"delta list":             {more(oidDeltaCRL, false), true},
		"part of a distribution": {more(oidIssuingPoint, false), true},
	} {
		parsed, err := ParseCRL(test.input)
		if err != nil || (len(parsed.Unhandled) > 0) != test.narrowed {
			t.Errorf("%s: %v, %v", name, err, parsed)
		}
	}
	t.Run("critical extension of an entry", func(t *testing.T) {
		entry := rebuildFind(t, list.Raw, ".0.5.0")
		indirect := der.EncodeSequence(der.EncodeSequence(oidOf(t, "2.5.29.29"), der.EncodeBoolean(true), der.EncodeOctetString([]byte{0x30, 0})))
		serial, date := rebuildFind(t, entry, ".0"), rebuildFind(t, entry, ".1")
		parsed, err := ParseCRL(replaceAt(t, list.Raw, ".0.5.0", der.EncodeSequence(serial, date, indirect)))
		if err != nil || len(parsed.Unhandled) != 1 {
			t.Errorf("%v, %v", err, parsed)
		}
	})
	t.Run("another issuer", func(t *testing.T) {
		other := newRoot(t, "other", root.key)
		if err := list.CheckSignatureFrom(other.certificate); !errors.Is(err, ErrCRL) {
			t.Errorf("same key, other name: %v", err)
		}
		stranger := &Certificate{Issuer: other.certificate.Subject, Serial: list.Entries[0].Serial}
		if got := CheckRevocation(stranger, root.certificate, []*CRL{list}, begin.Add(time.Hour)); got.State != RevocationUnknown || len(got.Ignored) != 0 {
			t.Errorf("certificate of another CA: %+v", got)
		}
	})
	t.Run("issuer without a usable key", func(t *testing.T) {
		broken := *root.certificate
		broken.PublicKey, broken.KeyError = nil, ErrKeyInvalid
		if err := list.CheckSignatureFrom(&broken); Code(err) != CodeKey {
			t.Errorf("error = %v", err)
		}
		if err := root.certificate.CheckSignatureFrom(&broken); Code(err) != CodeKey {
			t.Errorf("error = %v", err)
		}
	})
}

func TestMessageKeys(t *testing.T) {
	root, leaf, _, input := samples(t)
	message, err := ParseSignedData(input)
	if err != nil {
		t.Fatal(err)
	}
	signer := message.Signers[0]
	broken, other := *leaf, *leaf
	broken.PublicKey, broken.KeyError = nil, ErrKeyInvalid
	other.PublicKey = "a key of another kind"
	for want, certificate := range map[string]*Certificate{CodeKey: &broken, CodeAlgorithm: &other} {
		signer.Certificate = certificate
		if result := message.VerifySigner(signer, nil, root.certificate); Code(result.ValueErr) != want {
			t.Errorf("want %s, have %v", want, result.ValueErr)
		}
	}
	t.Run("signature parameters", func(t *testing.T) {
		signer.Certificate = leaf
		signer.SignatureAlgorithm.Parameters = []byte{2, 1, 1}
		if result := message.VerifySigner(signer, nil, nil); Code(result.ValueErr) != CodeAlgorithm {
			t.Errorf("have %v", result.ValueErr)
		}
	})
	t.Run("content in segments", func(t *testing.T) {
		segments := []byte{0x24, 0x80, 4, 1, 'a', 4, 1, 'b', 0, 0}
		changed, err := ParseSignedData(replaceAt(t, input, ".1.0.2.1.0", segments))
		if err != nil || string(changed.Content) != "ab" || !hasDeviation(changed.Deviations, der.StringConstructed) || !hasDeviation(changed.Deviations, der.LengthIndefinite) {
			t.Errorf("%v, %+v", err, changed)
		}
	})
	t.Run("content that is no OCTET STRING", func(t *testing.T) {
		changed, err := ParseSignedData(replaceAt(t, input, ".1.0.2.1.0", der.EncodeSequence([]byte{5, 0})))
		if err != nil || string(changed.Content) != "\x05\x00" {
			t.Errorf("%v, %x", err, changed.Content)
		}
	})
}

func TestShownForms(t *testing.T) {
	if have := fmt.Sprint((UsageDigitalSignature | UsageCRLSign).Names()); have != "[digitalSignature cRLSign]" {
		t.Error(have)
	}
	if have := (&Certificate{Serial: big.NewInt(-26)}).SerialHex(); have != "-1a" {
		t.Error(have)
	}
	key := newKey(t)
	if KeyName(&key.PublicKey) != "SM2" || KeyName(nil) != "unknown" {
		t.Error("key names")
	}
	root := newRoot(t, "root", key)
	negative := root.raw(t, "x", &key.PublicKey, func(c *smx509.Certificate) { c.SerialNumber = big.NewInt(1) })
	changed, err := ParseCertificate(replaceAt(t, negative.Raw, ".0.1", der.EncodeInt(-1)))
	if err != nil || !hasDeviation(changed.Deviations, SerialNotPositive) {
		t.Errorf("%v, %v", err, changed)
	}
	old, err := ParseCertificate(replaceAt(t, negative.Raw, ".0.0", der.EncodeExplicit(0, der.EncodeInt(1))))
	if err != nil || !hasDeviation(old.Deviations, VersionWithExtensions) {
		t.Errorf("%v, %v", err, old)
	}
}

func TestCertificateDetails(t *testing.T) {
	root, leaf, _, _ := samples(t)
	t.Run("S-07 inner algorithm differs", func(t *testing.T) {
		changed := *leaf
		changed.InnerAlgorithm.OID = OIDECDSAWithSHA256
		if err := changed.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
			t.Errorf("identifier: %v", err)
		}
		changed = *leaf
		changed.InnerAlgorithm.Parameters = []byte{5, 0}
		if err := changed.CheckSignatureFrom(root.certificate); Code(err) != CodeAlgorithm {
			t.Errorf("parameters: %v", err)
		}
	})
	extension := func(oid string, critical, content []byte) []byte {
		return der.EncodeSequence(append(append(oidOf(t, oid), critical...), der.EncodeOctetString(content)...))
	}
	withExtensions := func(list ...[]byte) ([]byte, *Certificate, error) {
		input := replaceAt(t, leaf.Raw, ".0.7.0", der.EncodeSequence(list...))
		certificate, err := ParseCertificate(input)
		return input, certificate, err
	}
	t.Run("critical FALSE is written out", func(t *testing.T) {
		_, certificate, err := withExtensions(extension("1.2.3", der.EncodeBoolean(false), nil))
		if err != nil || !hasDeviation(certificate.Deviations, der.DefaultEncoded) || len(certificate.Unhandled) != 0 {
			t.Errorf("%v, %v", err, certificate)
		}
	})
	t.Run("critical and unreadable", func(t *testing.T) {
		_, certificate, err := withExtensions(extension(oidKeyUsage, der.EncodeBoolean(true), []byte{4, 0}))
		if err != nil || len(certificate.Unhandled) != 1 || certificate.KeyUsage != 0 || !certificate.HasKeyUsage {
			t.Errorf("%v, %v", err, certificate)
		}
	})
	t.Run("129 extensions", func(t *testing.T) {
		var list [][]byte
		for i := range maxExtensions + 1 {
			list = append(list, extension(fmt.Sprintf("1.2.%d", i+1), nil, nil))
		}
		if _, _, err := withExtensions(list...); !errors.Is(err, ErrCertificate) || !errors.Is(err, der.ErrLimit) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("PEM of another kind is passed over", func(t *testing.T) {
		file := append(encodePEM("SM2 PARAMETERS", []byte{6, 1, 42}), leaf.EncodePEM()...)
		if list, err := ParseCertificates(file); err != nil || len(list) != 1 || !list[0].Equal(leaf) {
			t.Errorf("%d, %v", len(list), err)
		}
		if _, err := ParseCertificates(encodePEM("CERTIFICATE", []byte{5, 0})); !errors.Is(err, ErrCertificate) {
			t.Errorf("broken block: %v", err)
		}
	})
	t.Run("list by another key than the issuer's", func(t *testing.T) {
		if leaf.Equal(nil) || leaf.Equal(root.certificate) {
			t.Error("Equal")
		}
		if _, ok := root.certificate.SM2Key(); !ok {
			t.Error("SM2 key is not found")
		}
		if _, ok := (&Certificate{PublicKey: "x"}).SM2Key(); ok {
			t.Error("another key is taken for SM2")
		}
	})
}
