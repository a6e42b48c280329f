package pki

import (
	"bytes"
	"errors"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestStrictReadersRefuseOddities: what is tolerated under a name is refused where the reader is strict, as that of requests is.
func TestStrictReadersRefuseOddities(t *testing.T) {
	_, leaf, _, message := samples(t)
	read := func(input []byte, parse func(*der.Reader, der.Value) error) func(*der.Reader) error {
		return func(reader *der.Reader) error {
			value, err := reader.Parse(input)
			if err != nil {
				t.Fatal(err)
			}
			return parse(reader, value)
		}
	}
	signer := func(path string, replacement []byte) func(*der.Reader) error {
		return read(replaceAt(t, rebuildFind(t, message, ".1.0.4.0"), path, replacement), func(reader *der.Reader, value der.Value) error {
			_, err := parseSigner(reader, value)
			return err
		})
	}
	twice := signer(".3", der.EncodeImplicit(0, true, attribute(t, "1.2.3"), attribute(t, "1.2.3")))
	if err := twice(&der.Reader{Strict: true}); !errors.Is(err, der.ErrSyntax) || errors.Is(err, der.ErrNotDER) { // they are in order
		t.Errorf("an attribute twice: %v", err)
	}
	nonce := func(octets ...byte) func(*der.Reader) error {
		return func(reader *der.Reader) error {
			got, err := parseNonce(reader, octets)
			if err == nil && !bytes.Equal(got, octets) {
				t.Errorf("nonce %x of %x", got, octets)
			}
			return err
		}
	}
	certificate := func(path string, replacement []byte) func(*der.Reader) error {
		return read(rebuildFind(t, replaceAt(t, leaf.Raw, path, replacement), ".0"), (&Certificate{}).parseTBS)
	}
	root := newRoot(t, "root", newKey(t))
	answer := answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), nil)
	data, err := (&der.Reader{}).Parse(answer.RawTBS)
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(*der.Reader) error{
		"version of a signer":                 signer(".0", der.EncodeInt(3)),
		"attributes out of order":             signer(".3", der.EncodeImplicit(0, true, attribute(t, "1.2.4"), attribute(t, "1.2.3"))),
		"version of an answer":                read(der.EncodeSequence(der.EncodeExplicit(0, der.EncodeInt(0)), data.Content), (&OCSPResponse{}).parseData),
		"good, constructed, of no parts":      read([]byte{0xa0, 0}, (&OCSPSingle{}).parseStatus),
		"unknown, flat, of an octet":          read([]byte{0x82, 1, 7}, (&OCSPSingle{}).parseStatus),
		"nonce without its OCTET STRING":      nonce(7),
		"nonce in a constructed OCTET STRING": nonce(0x24, 3, 4, 1, 7),
		"serial number 0":                     certificate(".0.1", der.EncodeInt(0)),
		"extensions in version 2":             certificate(".0.0", der.EncodeExplicit(0, der.EncodeInt(1))),
		"extension that cannot be read":       certificate(".0.7.0", der.EncodeSequence(der.EncodeSequence(oidOf(t, oidKeyUsage), der.EncodeOctetString(der.EncodeNull())))),
		"the curve for the kind of the key": read(replaceAt(t, leaf.RawKeyInfo, ".0.0", oidOf(t, OIDSM2)), func(reader *der.Reader, value der.Value) error {
			_, err := parseKeyInfo(reader, value)
			return err
		}),
	} {
		for _, strict := range []bool{false, true} {
			if err := read(&der.Reader{Strict: strict}); errors.Is(err, der.ErrNotDER) != strict {
				t.Errorf("%s, strict %t: %v", name, strict, err)
			}
		}
	}
}
