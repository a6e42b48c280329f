package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestWhatIsSaidOfAnswers: the last value that is asked, answered and read, and what is said of the next.
func TestWhatIsSaidOfAnswers(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	id, err := NewCertID(OIDSM3, big.NewInt(5), root.certificate)
	if err != nil {
		t.Fatal(err)
	}
	nobody := CertID{Algorithm: AlgorithmIdentifier{OID: "x"}, Serial: big.NewInt(1)}
	for name, c := range map[string]struct {
		asked []CertID
		nonce int
		good  bool
	}{
		"nothing asked":     {nil, 0, false},
		"all that may be":   {slices.Repeat([]CertID{id}, MaxOCSPAsked), maxOCSPNonce, true},
		"one more":          {slices.Repeat([]CertID{id}, MaxOCSPAsked+1), 0, false},
		"a longer nonce":    {[]CertID{id}, maxOCSPNonce + 1, false},
		"an unknown digest": {[]CertID{nobody}, 0, false},
	} {
		out, err := (&OCSPRequest{Asked: c.asked, Nonce: make([]byte, c.nonce)}).Encode()
		if (err == nil) != c.good || (out != nil) != c.good || name != "an unknown digest" && !c.good && !errors.Is(err, ErrTemplate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain, err := (&OCSPRequest{Asked: []CertID{id}}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	tbs := rebuildFind(t, plain, ".0")
	signed := func(size int) []byte { // a signature of the requester that makes it as long as is said
		for long := size - len(tbs) - 32; ; long++ {
			if out := der.EncodeSequence(tbs, der.EncodeExplicit(0, der.EncodeOctetString(make([]byte, long)))); len(out) >= size {
				return out
			}
		}
	}
	for size, good := range map[int]bool{MaxOCSPRequest: true, MaxOCSPRequest + 1: false} {
		input := signed(size)
		if _, err := ParseOCSPRequest(input); len(input) != size || (err == nil) != good || !good && !errors.Is(err, der.ErrLimit) {
			t.Errorf("request of %d octets: %v", len(input), err)
		}
	}
	inside := rebuildFind(t, plain, ".0.0.0.0")
	padded := append([]byte{0x30, 0x82, 0, inside[1]}, inside[2:]...) // its length in more octets than it needs
	if _, err := ParseOCSPRequest(replaceAt(t, plain, ".0.0.0.0", padded)); !errors.Is(err, der.ErrNotDER) {
		t.Errorf("a name that would go into the answer as it came: %v", err)
	}
	single := OCSPSingle{ID: id, State: RevocationRevoked, RevokedAt: begin, Reason: RevokedSuperseded, ThisUpdate: begin, NextUpdate: middle}
	far := begin.AddDate(10_000, 0, 0)
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newRoot(t, "stranger", other).certificate
	sign := signMessage(root.key)
	with := func(change func(*OCSPSingle)) []OCSPSingle {
		changed := single
		change(&changed)
		return []OCSPSingle{changed}
	}
	one := with(func(*OCSPSingle) {})
	for name, c := range map[string]struct {
		template  OCSPTemplate
		responder *Certificate
		sign      func([]byte) ([]byte, error)
		want      error // nil: made
		words     string
	}{
		"as many as may be":        {OCSPTemplate{ProducedAt: begin, Singles: slices.Repeat(one, maxOCSPSingles), Nonce: make([]byte, maxOCSPNonce)}, root.certificate, sign, nil, ""},
		"one more":                 {OCSPTemplate{ProducedAt: begin, Singles: slices.Repeat(one, maxOCSPSingles+1)}, root.certificate, sign, ErrTemplate, "257 answers"},
		"no answer":                {OCSPTemplate{ProducedAt: begin}, root.certificate, sign, ErrTemplate, "0 answers"},
		"a longer nonce":           {OCSPTemplate{ProducedAt: begin, Singles: one, Nonce: make([]byte, maxOCSPNonce+1)}, root.certificate, sign, ErrTemplate, "nonce of 129"},
		"a key of another kind":    {OCSPTemplate{ProducedAt: begin, Singles: one}, stranger, sign, ErrTemplate, "a key of P-384 answers nothing"},
		"a key that does not sign": {OCSPTemplate{ProducedAt: begin, Singles: one}, root.certificate, func([]byte) ([]byte, error) { return nil, errBroken }, errBroken, "sign OCSP response"},
		"more than anybody reads":  {OCSPTemplate{ProducedAt: begin, Singles: one}, root.certificate, func([]byte) ([]byte, error) { return make([]byte, MaxOCSP), nil }, der.ErrLimit, ""},
		"made too late":            {OCSPTemplate{ProducedAt: far, Singles: one}, root.certificate, sign, ErrTemplate, ""},
		"revoked too late":         {OCSPTemplate{ProducedAt: begin, Singles: with(func(s *OCSPSingle) { s.RevokedAt = far })}, root.certificate, sign, ErrTemplate, ""},
		"begins too late":          {OCSPTemplate{ProducedAt: begin, Singles: with(func(s *OCSPSingle) { s.ThisUpdate, s.NextUpdate = far, time.Time{} })}, root.certificate, sign, ErrTemplate, ""},
		"ends too late":            {OCSPTemplate{ProducedAt: begin, Singles: with(func(s *OCSPSingle) { s.NextUpdate = far })}, root.certificate, sign, ErrTemplate, ""},
		"an unknown digest":        {OCSPTemplate{ProducedAt: begin, Singles: with(func(s *OCSPSingle) { s.ID = nobody })}, root.certificate, sign, der.ErrSyntax, ""},
		"a name that is no DER":    {OCSPTemplate{ProducedAt: begin, Singles: with(func(s *OCSPSingle) { s.ID.rawContent = padded })}, root.certificate, sign, ErrTemplate, "deviates"},
	} {
		out, err := MakeOCSPResponse(c.template, c.responder, c.sign)
		if !errors.Is(err, c.want) || (out == nil) != (c.want != nil) || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMessagesOfEveryKey: messages of each kind of key that signs them, and what of a made one is judged before it leaves.
func TestMessagesOfEveryKey(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message, token := []byte("message"), der.EncodeSequence(der.EncodeInt(1))
	late := time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	template := SignedDataTemplate{SigningTime: late.Add(-time.Second), Include: []*Certificate{root.certificate}, Timestamp: func([]byte) ([]byte, error) { return token, nil }}
	for _, key := range []crypto.Signer{newKey(t), p256(t), rsaKey} {
		leaf := root.issue(t, ProfileSealSigner, "leaf", key.Public())
		encoded, err := MakeSignedData(template, message, leaf, signMessage(key))
		if err != nil {
			t.Fatal(KeyName(key.Public()), err)
		}
		made, err := ParseSignedData(encoded)
		if err != nil {
			t.Fatal(err)
		}
		signer := made.Signers[0]
		if outcome := made.VerifySignerAny(signer, message); !outcome.Intact() || len(outcome.Deviations) > 0 || len(made.Certificates) != 2 || len(signer.Timestamps) != 1 || !bytes.Equal(signer.Timestamps[0], token) {
			t.Errorf("%s: %+v", KeyName(key.Public()), outcome)
		}
		algorithm := rebuildFind(t, encoded, ".1.0.4.0.4")
		if KeyName(key.Public()) == "RSA 2048" != bytes.HasSuffix(algorithm, der.EncodeNull()) {
			t.Errorf("%s: algorithm %x", KeyName(key.Public()), algorithm)
		}
		if !bytes.Contains(encoded, append([]byte{der.TagUTCTime, 13}, "491231235959Z"...)) {
			t.Errorf("%s: signed in 2049, in another form", KeyName(key.Public()))
		}
		for _, one := range paths(t, rebuildFind(t, encoded, ".1.0.4.0.3")) {
			found := rebuildFind(t, encoded, ".1.0.4.0.3"+one)
			if bytes.Equal(found, oidOf(t, oidSigningCertificateV2)) { // the digest's DEFAULT, SHA-256, stays unwritten
				first := rebuildFind(t, encoded, ".1.0.4.0.3"+strings.TrimSuffix(one, ".0")+".1.0.0.0.0")
				if (first[0] == der.TagOctetString) == IsSM2(key.Public()) {
					t.Errorf("%s: a certificate named by %x", KeyName(key.Public()), first)
				}
			}
		}
		if IsSM2(key.Public()) {
			plain := *signer
			plain.DigestAlgorithm.OID = OIDSM3Plain
			if outcome := made.VerifySignerAny(&plain, message); !outcome.Intact() {
				t.Errorf("SM3 without a key: %+v", outcome)
			}
			continue
		}
		for name, c := range map[string]struct {
			change        func(m *SignedData, s *SignerInfo)
			value, digest error
			odd           bool
		}{
			"content of its own":       {func(m *SignedData, _ *SignerInfo) { m.HasContent = true }, nil, ErrSignatureValue, false},
			"another digest":           {func(_ *SignedData, s *SignerInfo) { s.MessageDigest = make([]byte, 32) }, nil, ErrSignatureValue, false},
			"a digest of unknown kind": {func(_ *SignedData, s *SignerInfo) { s.DigestAlgorithm.OID = "1.2.3" }, ErrAlgorithm, ErrAlgorithm, false},
			"parameters of the digest": {func(_ *SignedData, s *SignerInfo) { s.DigestAlgorithm.Parameters = []byte{2, 1, 1} }, ErrAlgorithm, ErrAlgorithm, false},
			"another type inside":      {func(m *SignedData, _ *SignerInfo) { m.InnerType = "1.2.3" }, nil, nil, true},
			"a type inside, not attributes": {func(m *SignedData, s *SignerInfo) {
				m.InnerType, s.HasAttributes, s.MessageDigest = "1.2.3", false, nil
			}, ErrSignatureValue, nil, false},
			"a signature with its digest": {func(_ *SignedData, s *SignerInfo) {
				if s.SignatureAlgorithm.OID == OIDRSAEncryption {
					s.SignatureAlgorithm.OID = OIDSHA256WithRSA
				}
			}, nil, nil, false},
			"a signature of unknown kind": {func(_ *SignedData, s *SignerInfo) { s.SignatureAlgorithm.OID = OIDSHA384WithRSA }, ErrAlgorithm, nil, false},
			"a key that is none": {func(_ *SignedData, s *SignerInfo) {
				c := *s.Certificate
				c.KeyError = ErrKeyInvalid
				s.Certificate = &c
			}, ErrKeyInvalid, nil, false},
			"no certificate": {func(_ *SignedData, s *SignerInfo) { s.Certificate = nil }, ErrKeyInvalid, nil, false},
		} {
			m, s := *made, *signer
			c.change(&m, &s)
			outcome := m.VerifySignerAny(&s, message)
			if !errors.Is(outcome.ValueErr, c.value) || name != "no certificate" && (!errors.Is(outcome.DigestErr, c.digest) || hasDeviation(outcome.Deviations, InnerTypeDiffers) != c.odd) {
				t.Errorf("%s, %s: %+v", KeyName(key.Public()), name, outcome)
			}
		}
	}
	leaf := root.issue(t, ProfileSealSigner, "leaf", root.key.Public())
	template.SigningTime, template.Timestamp = late, nil
	if encoded, err := MakeSignedData(template, message, leaf, signMessage(root.key)); err != nil || !bytes.Contains(encoded, []byte("20500101000000Z")) {
		t.Errorf("signed in 2050: %v", err)
	}
	template.Timestamp = func([]byte) ([]byte, error) { return nil, errBroken }
	if _, err := MakeSignedData(template, message, leaf, signMessage(root.key)); !errors.Is(err, errBroken) {
		t.Errorf("no time stamp: %v", err)
	}
	if _, err := MakeSignedData(SignedDataTemplate{}, message, newRoot(t, "x", other).certificate, signMessage(root.key)); !errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), "a key of P-384 signs no messages") {
		t.Errorf("a key of another kind: %v", err)
	}
	for oid, long := range map[string]int{OIDSHA256: 32, OIDSHA384: 48, OIDSHA512: 64, OIDSM3: 0} {
		if sum, _ := sha2Of(oid, message); len(sum) != long {
			t.Errorf("%s: %d octets", oid, len(sum))
		}
	}
	good, err := MakeSignedData(SignedDataTemplate{}, message, leaf, signMessage(root.key))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		encoded, message []byte
		want             error
	}{
		"good":              {good, message, nil},
		"no message":        {good[1:], message, ErrMessage},
		"another message":   {good, []byte("other"), ErrSignatureValue},
		"one that deviates": {replaceAt(t, good, ".1.0.4.0.0", der.EncodeInt(3)), message, ErrMessage},
		"one that is odd":   {replaceAt(t, good, ".1.0.4.0.4", der.EncodeSequence(oidOf(t, OIDSM2WithSM3))), message, ErrMessage},
	} {
		if err := checkMade(c.encoded, c.message); !errors.Is(err, c.want) || c.want != nil && !strings.HasPrefix(err.Error(), "made message: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
