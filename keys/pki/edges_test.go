package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestIssuersOneByOne: what makes an issuer of a certificate, each alone.
func TestIssuersOneByOne(t *testing.T) {
	old := &Certificate{Version: 1, PathLen: -1, NotBefore: begin, NotAfter: finish, Raw: []byte{1}}
	below := []*Certificate{{}}
	for name, c := range map[string]struct {
		certificate *Certificate
		want        Reason
	}{
		"CA":                          {&Certificate{Version: 3, HasBasic: true, IsCA: true, PathLen: -1}, ""},
		"no CA":                       {&Certificate{Version: 3, HasBasic: true, PathLen: -1}, ReasonNotCA},
		"CA for lists only":           {&Certificate{Version: 3, HasBasic: true, IsCA: true, PathLen: -1, HasKeyUsage: true, KeyUsage: UsageCRLSign}, ReasonNotCA},
		"CA for certificates":         {&Certificate{Version: 3, HasBasic: true, IsCA: true, PathLen: -1, HasKeyUsage: true, KeyUsage: UsageCertSign}, ""},
		"version 1 that is trusted":   {old, ""},
		"version 1 that nobody knows": {&Certificate{Version: 1, PathLen: -1, Raw: []byte{2}}, ReasonNotCA},
	} {
		c.certificate.NotBefore, c.certificate.NotAfter = begin, finish
		search := &chainSearch{options: ChainOptions{Roots: NewPool(old), At: middle}}
		failure := search.judge(c.certificate, below)
		if (failure == nil) != (c.want == "") || failure != nil && failure.Reason != c.want {
			t.Errorf("%s: %v", name, failure)
		}
	}
	for moment, want := range map[time.Time]bool{begin.Add(-time.Second): false, begin: true, finish: true, finish.Add(time.Second): false} {
		if old.InPeriod(moment) != want {
			t.Errorf("%v: not %v", moment, want)
		}
	}
	for usages, want := range map[string]bool{"": false, OIDTimeStamping: true, OIDOCSPSigning: true, unreadableUsage: true, OIDTimeStamping + " " + OIDOCSPSigning: true, "1.2.3": false, OIDTimeStamping + " 1.2.3": false} {
		if got := forOthersOnly(&Certificate{ExtKeyUsage: strings.Fields(usages)}); got != want {
			t.Errorf("%q: %v", usages, got)
		}
	}
	search := &chainSearch{}
	first, second := &ChainError{Reason: ReasonExpired}, &ChainError{Reason: ReasonNotYetValid}
	for _, failure := range []*ChainError{{Reason: ReasonUntrustedRoot}, first, second, {Reason: ReasonChain}} {
		search.note(failure)
	}
	if search.best != first {
		t.Errorf("%+v", search.best)
	}
	if sameKeyID(&Certificate{}, &Certificate{}) || !sameKeyID(&Certificate{AuthorityKeyID: []byte{1}}, &Certificate{SubjectKeyID: []byte{1}}) {
		t.Error("key identifiers that are absent name nobody")
	}
	err := CheckUsage(&Certificate{}, UsageDigitalSignature, "")
	if failure, ok := err.(*ChainError); !ok || failure.Detail != "keyUsage is absent" {
		t.Errorf("%v", err)
	}
}

// TestKeysThatAreNone: what is wrong with an issuer's key is what is said, and a key of another curve is no SM2 key.
func TestKeysThatAreNone(t *testing.T) {
	root, _, list, _ := samples(t)
	why := fmt.Errorf("%w: of another world", ErrKeyInvalid)
	broken := *root.certificate
	broken.PublicKey, broken.KeyError = nil, why
	if err := root.certificate.CheckSignatureFrom(&broken); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if err := list.CheckSignatureFrom(&broken); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	other := &p256(t).PublicKey
	if _, ok := (&Certificate{PublicKey: other}).SM2Key(); ok {
		t.Error("P-256 is taken for SM2")
	}
	for name, point := range map[string][]byte{"nothing": nil, "infinity": {0}, "compressed": append([]byte{2}, make([]byte, 32)...), "hybrid": append([]byte{6}, make([]byte, 64)...), "an octet more": append([]byte{4}, make([]byte, 65)...)} {
		if _, err := ParseSM2Key(point); !errors.Is(err, ErrKeyInvalid) || !strings.Contains(err.Error(), "not an uncompressed point") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := EncodeSM2Key(other); !errors.Is(err, ErrKeyInvalid) || !strings.Contains(err.Error(), "not a key of sm2p256v1") {
		t.Errorf("%v", err)
	}
	if sum, err := SM2Digest(other, nil, nil); !errors.Is(err, ErrKeyInvalid) || sum != nil {
		t.Errorf("%x %v", sum, err)
	}
	good := der.EncodeSequence(der.EncodeInt(1), der.EncodeInt(2))
	if _, err := VerifySM2Digest(other, make([]byte, 32), good, FormDER); !errors.Is(err, ErrKeyInvalid) {
		t.Errorf("%v", err)
	}
	if _, err := VerifySM2Digest(&newKey(t).PublicKey, make([]byte, 32), good[1:], FormDER); !errors.Is(err, ErrSignatureDER) {
		t.Errorf("%v", err)
	}
	koblitz := der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDECPublicKey), oidOf(t, "1.3.132.0.10")), der.EncodeBitString(make([]byte, 65)))
	if _, err := ParsePublicKeyInfo(koblitz); !errors.Is(err, ErrKeyInvalid) || !strings.Contains(err.Error(), "1.3.132.0.10") {
		t.Errorf("%v", err)
	}
}

// TestFormsOfSignatureValues: strict DER of two INTEGERs, also when it has as many octets as r‖s.
func TestFormsOfSignatureValues(t *testing.T) {
	part := der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 8*28)) // 29 octets
	short := der.EncodeSequence(part, part)
	if len(short) != 64 {
		t.Fatalf("%d octets", len(short))
	}
	if encoding, strict, err := normalizeSM2(short, FormDEROrRaw); err != nil || encoding != EncodingDER || !bytes.Equal(strict, short) {
		t.Errorf("%v %v", encoding, err)
	}
	for name, c := range map[string]struct {
		value []byte
		want  error
	}{
		"not DER":         {[]byte{0x30}, der.ErrSyntax},
		"no SEQUENCE":     {der.EncodeInt(1), der.ErrType},
		"three":           {der.EncodeSequence(part, part, part), der.ErrSyntax},
		"first is a list": {der.EncodeSequence([]byte{10, 1, 1}, part), ErrSignatureDER},
		"second is one":   {der.EncodeSequence(part, []byte{10, 1, 1}), ErrSignatureDER},
		"padded first":    {der.EncodeSequence([]byte{2, 2, 0, 1}, part), der.ErrNotDER},
		"padded second":   {der.EncodeSequence(part, []byte{2, 2, 0, 1}), der.ErrNotDER},
		"zero":            {der.EncodeSequence(der.EncodeInt(0), part), ErrSignatureRange},
	} {
		raw, err := SM2SignatureToRaw(c.value)
		if !errors.Is(err, c.want) || raw != nil || !errors.Is(c.want, ErrSignatureRange) && !errors.Is(err, ErrSignatureDER) {
			t.Errorf("%s: %x %v", name, raw, err)
		}
	}
}

// TestExtensionsOneByOne: names that are none, a default that is written out, and lists that say when they end.
func TestExtensionsOneByOne(t *testing.T) {
	_, leaf, _, _ := samples(t)
	for name, c := range map[string]struct {
		value []byte
		good  bool
	}{
		"name of the universal class": {der.EncodeSequence([]byte{2, 1, 'a'}), false},
		"octet 0x7f":                  {der.EncodeSequence(der.EncodeImplicit(2, false, []byte{0x7f})), true},
		"octet 0x80":                  {der.EncodeSequence(der.EncodeImplicit(2, false, []byte{0x80})), false},
		"no list":                     {der.EncodeNull(), false},
	} {
		extension := der.EncodeSequence(der.EncodeSequence(oidOf(t, oidSubjectAltName), der.EncodeOctetString(c.value)))
		certificate, err := ParseCertificate(replaceAt(t, leaf.Raw, ".0.7.0", extension))
		if err != nil || (len(certificate.Oddities) == 0) != c.good {
			t.Errorf("%s: %v %v", name, err, certificate)
		}
	}
	item, err := (&der.Reader{}).Parse(der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeBoolean(false), der.EncodeOctetString(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := ReadExtensions(&der.Reader{Strict: true}, []der.Value{item}); !errors.Is(err, der.ErrNotDER) || list != nil {
		t.Errorf("%v %v", list, err)
	}
	usages := der.EncodeSequence(oidOf(t, OIDTimeStamping), der.EncodeNull())
	certificate, err := ParseCertificate(replaceAt(t, leaf.Raw, ".0.7.0", der.EncodeSequence(der.EncodeSequence(oidOf(t, oidExtKeyUsage), der.EncodeOctetString(usages)))))
	if err != nil || !slices.Equal(certificate.ExtKeyUsage, []string{unreadableUsage}) || len(certificate.Oddities) != 1 {
		t.Errorf("%v %v", certificate.ExtKeyUsage, err)
	}
	if why := (&CRL{ThisUpdate: begin}).unusable(&Memo{}, nil, middle); why != "has no nextUpdate" {
		t.Error(why)
	}
}

// TestNamesOfResponders: certificates whose key cannot be read are named by nobody, and nobody is asked where there is nobody.
func TestNamesOfResponders(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	nothing := sha1.Sum(nil)
	for name, info := range map[string][]byte{"no key": nil, "NULL": der.EncodeNull(), "one member": der.EncodeSequence(der.EncodeNull())} {
		broken := &Certificate{RawKeyInfo: info}
		if (&OCSPResponse{ResponderKey: nothing[:]}).namesResponder(broken) {
			t.Errorf("%s is named", name)
		}
		if _, err := NewCertID(OIDSM3, big.NewInt(1), broken); err == nil {
			t.Errorf("%s has a name", name)
		}
	}
	if _, err := (CertID{Algorithm: AlgorithmIdentifier{OID: "x"}, Serial: big.NewInt(1)}).encode(); err == nil {
		t.Error("an algorithm that is none is written")
	}
	template := root.template(ProfileSealSigner, "leaf", &newKey(t).PublicKey)
	template.CRLURLs = []string{"http://a.example/l.crl"}
	leaf, err := MakeCertificate(rand.Reader, template, root.certificate, root.key)
	if err != nil {
		t.Fatal(err)
	}
	if got := (&Memo{}).CheckEvidence(leaf, root.certificate, Evidence{}, middle); got.State != RevocationUnknown {
		t.Errorf("%+v", got)
	}
	good := answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), nil)
	for name, c := range map[string]struct {
		input []byte
		want  error
	}{
		"status below 0":   {der.EncodeSequence([]byte{10, 1, 0xff}), der.ErrSyntax},
		"status 4":         {der.EncodeSequence([]byte{10, 1, 4}), der.ErrSyntax},
		"another response": {replaceAt(t, good.Raw, ".1.0.0", oidOf(t, "1.2.3")), der.ErrType},
	} {
		if _, err := ParseOCSPResponse(c.input); !errors.Is(err, ErrOCSP) || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMessagesOneByOne: PEM, signers that are cut short, a content type that differs, and no message at all.
func TestMessagesOneByOne(t *testing.T) {
	_, leaf, _, message := samples(t)
	if armoured, err := ParseSignedData(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: message})); err != nil || !bytes.Equal(armoured.Raw, message) {
		t.Errorf("PEM: %v", err)
	}
	signer := rebuildFind(t, message, ".1.0.4.0")
	cut := der.EncodeSequence(rebuildFind(t, signer, ".0"), rebuildFind(t, signer, ".1"), rebuildFind(t, signer, ".2"), rebuildFind(t, signer, ".3"), rebuildFind(t, signer, ".4"))
	if _, err := ParseSignedData(replaceAt(t, message, ".1.0.4.0", cut)); !errors.Is(err, ErrMessage) || !errors.Is(err, der.ErrSyntax) {
		t.Errorf("a signer without a value: %v", err)
	}
	parsed, err := ParseSignedData(message)
	if err != nil {
		t.Fatal(err)
	}
	for inner, differs := range map[string]bool{OIDGMData: false, "1.2.3": true} {
		parsed.InnerType = inner
		if got := parsed.VerifySigner(parsed.Signers[0], nil, leaf); slices.Contains(got.Deviations, InnerTypeDiffers) != differs {
			t.Errorf("%s: %v", inner, got.Deviations)
		}
	}
	detached := &SignedData{}
	if err := detached.checkBinding(&SignerInfo{}, nil, &SignerResult{}); !errors.Is(err, ErrSignatureValue) {
		t.Errorf("nothing is bound to nothing: %v", err)
	}
	flat := map[string][]byte{".1.0.3": {0x80, 0}}
	for path, value := range flat {
		if _, err := ParseSignedData(replaceAt(t, message, path, value)); !errors.Is(err, der.ErrType) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := ParseSignedData(replaceAt(t, message, ".1.0.3", []byte{0x81, 0})); !errors.Is(err, der.ErrType) {
		t.Errorf("flat lists: %v", err)
	}
}
