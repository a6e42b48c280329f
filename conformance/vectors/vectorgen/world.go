package vectorgen

import (
	"bytes"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Times of the test world.
var (
	certificatesBegin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	certificatesEnd   = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	sealMade          = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	sealEnds          = time.Date(2029, 2, 1, 0, 0, 0, 0, time.UTC)
	stampedAt         = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

const made = "2026-06-01"

// world is the small PKI of the vectors.
type world struct {
	root, maker, signer          *pki.Certificate
	rootKey, makerKey, signerKey signer
}

func newWorld() *world {
	w := &world{rootKey: signer{newKey("root")}, makerKey: signer{newKey("maker")}, signerKey: signer{newKey("signer")}}
	w.root = w.issue(pki.ProfileRoot, "一致性测试根", nil, w.rootKey, certificatesBegin, certificatesEnd)
	w.maker = w.issue(pki.ProfileSealMaker, "一致性测试制章系统", w.root, w.makerKey, certificatesBegin, certificatesEnd)
	w.signer = w.issue(pki.ProfileSealSigner, "37030000001721", w.root, w.signerKey, certificatesBegin, certificatesEnd)
	return w
}

// issue makes a certificate; all that libraries take at random comes from a fixed stream.
func (w *world) issue(profile pki.Profile, name string, issuer *pki.Certificate, holder signer, from, to time.Time) *pki.Certificate {
	return must(pki.MakeCertificate(&stream{label: string(profile) + name + from.String() + to.String()}, pki.CertificateTemplate{Profile: profile,
		Subject: pki.Subject{CommonName: name, Organization: "11370306MB2867521U一致性测试局"}, PublicKey: holder.publicKey(), NotBefore: from, NotAfter: to}, issuer, w.rootKey))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("vector: %v", err))
	}
	return value
}

// signFunc signs with a test key.
func signFunc(key signer) ses.SignFunc {
	return func(message []byte) ([]byte, error) { return key.Sign(nil, message, nil) }
}

// picture is the smallest PNG: one white dot.
var picture = unhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082")

// seal makes a seal of the test world after a change of what it says.
func (w *world) seal(change func(*ses.SealInfo)) []byte {
	info := ses.SealInfo{Vid: "YINXIN", ESID: "37030000001721", Type: 1, Name: "一致性测试局", SignerCerts: [][]byte{w.signer.Raw},
		CreateDate: sealMade, ValidStart: sealMade, ValidEnd: sealEnds, Picture: ses.Picture{Type: "PNG", Data: picture, WidthMM: 42, HeightMM: 42}}
	if change != nil {
		change(&info)
	}
	return must(ses.NewSeal(info, w.maker.Raw, signFunc(w.makerKey)))
}

// document is what the vectors' signatures are about.
var document = []byte(`<?xml version="1.0" encoding="UTF-8"?><ofd:Signature xmlns:ofd="http://www.ofdspec.org/2016"/>`)

const propertyInfo = "/Doc_0/Signs/Sign_0/Signature.xml"

// signature stamps the document with a seal.
func (w *world) signature(seal []byte, change func(*ses.SignatureInfo)) []byte {
	info := ses.SignatureInfo{Seal: seal, ToSign: ses.ToSign{Time: stampedAt, DataHash: digest.Sum(document), PropertyInfo: propertyInfo}}
	if change != nil {
		change(&info)
	}
	return must(ses.NewSignature(info, w.signer.Raw, signFunc(w.signerKey)))
}

// tbs builds TBS_Sign as the standard has it, also for what the product refuses to sign.
func tbs(version int, seal []byte, moment time.Time, dataHash []byte, more ...[]byte) []byte {
	members := [][]byte{der.EncodeInt(version), seal, must(der.EncodeGeneralizedTime(moment)), der.EncodeBitString(dataHash), must(der.EncodeText(der.TagIA5String, propertyInfo))}
	return der.EncodeSequence(append(members, more...)...)
}

var signatureAlgorithm = must(der.EncodeOID(pki.OIDSM2WithSM3))

// assemble signs a TBS_Sign and puts SES_Signature together.
func assemble(toSign, certificate []byte, key signer) []byte {
	return der.EncodeSequence(toSign, der.EncodeOctetString(certificate), signatureAlgorithm, der.EncodeBitString(must(key.Sign(nil, toSign, nil))))
}

// replace changes the member at a path such as ".0.2.3" and mends the lengths around it.
func replace(input []byte, path string, replacement []byte) []byte {
	return rebuild(input, func(here string, _ der.Value) []byte {
		if here == path {
			return replacement
		}
		return nil
	})
}

// appendTo adds a member to the value at a path.
func appendTo(input []byte, path string, member []byte) []byte {
	return rebuild(input, func(here string, value der.Value) []byte {
		if here != path {
			return nil
		}
		return bytes.Join([][]byte{der.Header(value.Class, value.Tag, true, len(value.Content)+len(member)), value.Content, member}, nil)
	})
}

// drop takes the member at a path away.
func drop(input []byte, path string) []byte {
	return rebuild(input, func(here string, _ der.Value) []byte {
		if here == path {
			return []byte{}
		}
		return nil
	})
}

// rebuild walks a value and asks for a replacement of each part; nil keeps it.
func rebuild(input []byte, change func(path string, value der.Value) []byte) []byte {
	reader := &der.Reader{}
	var build func(path string, value der.Value) []byte
	build = func(path string, value der.Value) []byte {
		if changed := change(path, value); changed != nil {
			return changed
		}
		if !value.Constructed {
			return value.Raw
		}
		var content []byte
		for i, child := range must(reader.Children(value)) {
			content = append(content, build(fmt.Sprintf("%s.%d", path, i), child)...)
		}
		return append(der.Header(value.Class, value.Tag, true, len(content)), content...)
	}
	return build("", must(reader.Parse(input)))
}

// resign gives a changed seal a fresh signature of its maker.
func (w *world) resign(seal []byte) []byte {
	info := must((&der.Reader{}).Children(must((&der.Reader{}).Parse(seal))))[0]
	return replace(seal, ".3", der.EncodeBitString(must(w.makerKey.Sign(nil, info.Raw, nil))))
}

// resignSignature gives a changed signature a fresh value of its signer.
func (w *world) resignSignature(signature []byte) []byte {
	toSign := must((&der.Reader{}).Children(must((&der.Reader{}).Parse(signature))))[0]
	return replace(signature, ".3", der.EncodeBitString(must(w.signerKey.Sign(nil, toSign.Raw, nil))))
}
