package ses

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// world is a small PKI with a maker and a signer.
type world struct {
	root          *pki.Certificate
	maker, signer *pki.Certificate
	makerKey      *sm2.PrivateKey
	signerKey     *sm2.PrivateKey
}

var (
	begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end   = begin.AddDate(5, 0, 0)
)

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newWorld(t testing.TB) *world {
	t.Helper()
	rootKey := newKey(t)
	w := &world{makerKey: newKey(t), signerKey: newKey(t)}
	issue := func(profile pki.Profile, name string, issuer *pki.Certificate, public any) *pki.Certificate {
		certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{
			Profile: profile, Subject: pki.Subject{CommonName: name}, PublicKey: public, NotBefore: begin, NotAfter: end}, issuer, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
	w.root = issue(pki.ProfileRoot, "测试根", nil, nil)
	w.maker = issue(pki.ProfileSealMaker, "测试制章系统", w.root, &w.makerKey.PublicKey)
	w.signer = issue(pki.ProfileSealSigner, "37030000001721", w.root, &w.signerKey.PublicKey)
	return w
}

func signWith(key *sm2.PrivateKey) SignFunc {
	return func(message []byte) ([]byte, error) { return key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts) }
}

func (w *world) info() SealInfo {
	return SealInfo{
		Vid: "YINXIN", ESID: "37030000001721", Type: 1, Name: "测试市市场监督管理局", SignerCerts: [][]byte{w.signer.Raw},
		CreateDate: begin.AddDate(0, 1, 0), ValidStart: begin.AddDate(0, 1, 0), ValidEnd: begin.AddDate(3, 0, 0),
		Picture: Picture{Type: "PNG", Data: []byte("\x89PNG…"), WidthMM: 42, HeightMM: 42},
	}
}

func (w *world) seal(t testing.TB, change func(*SealInfo)) []byte {
	t.Helper()
	info := w.info()
	if change != nil {
		change(&info)
	}
	seal, err := NewSeal(info, w.maker.Raw, signWith(w.makerKey))
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func (w *world) signatureInfo(seal []byte) SignatureInfo {
	hash := sm3.Sum([]byte("document"))
	return SignatureInfo{Seal: seal, ToSign: ToSign{Time: begin.AddDate(0, 6, 0), DataHash: hash[:], PropertyInfo: "/Doc_0/Signs/Sign_0/Signature.xml"}}
}

func TestWrittenSealsAndSignaturesReadBack(t *testing.T) {
	w := newWorld(t)
	digest := sm3.Sum(w.signer.Raw)
	extension := Extension{ID: "1.2.156.10197.6.7.2.2.1", Value: []byte("2.1")}
	critical := Extension{ID: "1.3.6.1.4.1.54706.1", Critical: true, Value: []byte("x")}
	token := func(value []byte) ([]byte, error) { return append([]byte("token of "), value[:4]...), nil }
	tests := []struct {
		name      string
		structure Structure
		change    func(*SealInfo)
		sign      func(*SignatureInfo)
	}{
		{"V4", V4, nil, nil},
		{"V4 with digests", V4, func(i *SealInfo) { i.SignerCerts, i.SignerDigests = nil, []CertDigest{{Type: "SM3", Value: digest[:]}} }, nil},
		{"V4 with extensions", V4, func(i *SealInfo) { i.Extensions = []Extension{extension, critical} }, func(i *SignatureInfo) { i.Extensions = []Extension{critical} }},
		{"V4 with a time stamp", V4, nil, func(i *SignatureInfo) { i.Timestamp = token }},
		{"V5", V5, func(i *SealInfo) { i.Structure = V5 }, nil},
		{"V5 with time stamps", V5, func(i *SealInfo) { i.Structure, i.Timestamp = V5, token }, func(i *SignatureInfo) { i.Timestamp = token }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sealBytes := w.seal(t, test.change)
			seal, err := ParseSealStrict(sealBytes)
			if err != nil {
				t.Fatal(err)
			}
			want := w.info()
			if test.change != nil {
				test.change(&want)
			}
			if seal.Structure != test.structure || seal.ESID != want.ESID || seal.Property.Name != want.Name || !seal.Property.ValidEnd.Equal(want.ValidEnd) ||
				fmt.Sprint(seal.Extensions) != fmt.Sprint(want.Extensions) || fmt.Sprint(seal.Picture) != fmt.Sprint(want.Picture) || seal.Header.Vid != want.Vid ||
				!seal.Property.CreateDate.Equal(want.CreateDate) || !seal.Property.ValidStart.Equal(want.ValidStart) || seal.Property.Type != want.Type {
				t.Errorf("seal reads as %+v", seal)
			}
			if (want.Timestamp != nil) != (len(seal.Timestamp) > 0) {
				t.Errorf("time stamp %q", seal.Timestamp)
			}
			info := w.signatureInfo(sealBytes)
			if test.sign != nil {
				test.sign(&info)
			}
			written, err := NewSignature(info, w.signer.Raw, signWith(w.signerKey))
			if err != nil {
				t.Fatal(err)
			}
			signature, err := ParseSignatureStrict(written)
			if err != nil {
				t.Fatal(err)
			}
			if signature.Structure != test.structure || !bytes.Equal(signature.Seal.Raw, sealBytes) || !signature.Time.Moment.Equal(info.Time) ||
				signature.PropertyInfo != info.PropertyInfo || !signature.BindsData([]byte("document")) || signature.BindsData([]byte("other")) ||
				fmt.Sprint(signature.Extensions) != fmt.Sprint(info.Extensions) {
				t.Errorf("signature reads as %+v", signature)
			}
			if info.Timestamp != nil && !bytes.Equal(signature.Timestamp, append([]byte("token of "), signature.SignatureValue[:4]...)) {
				t.Errorf("time stamp %q", signature.Timestamp)
			}
			if _, err := signature.CheckSignature(w.signer, nil); err != nil {
				t.Error(err)
			}
			if back := rewriteSignature(t, signature); !bytes.Equal(back, written) {
				t.Error("encoding again gives other octets")
			}
		})
	}
}

// rewriteSignature encodes what was read, with the signatures that were read.
func rewriteSignature(t *testing.T, signature *Signature) []byte {
	t.Helper()
	seal := signature.Seal
	fixed := func(value []byte) SignFunc { return func([]byte) ([]byte, error) { return value, nil } }
	stamp := func(token []byte) TimestampFunc {
		if token == nil {
			return nil
		}
		return func([]byte) ([]byte, error) { return token, nil }
	}
	sealBytes, err := NewSeal(SealInfo{Structure: seal.Structure, Vid: seal.Header.Vid, ESID: seal.ESID, Type: seal.Property.Type, Name: seal.Property.Name,
		SignerCerts: seal.Property.Certs, SignerDigests: seal.Property.CertDigests, CreateDate: seal.Property.CreateDate, ValidStart: seal.Property.ValidStart,
		ValidEnd: seal.Property.ValidEnd, Picture: seal.Picture, Extensions: seal.Extensions, Timestamp: stamp(seal.Timestamp)},
		seal.MakerCert, fixed(seal.SignatureValue))
	if err != nil {
		t.Fatal(err)
	}
	back, err := NewSignature(SignatureInfo{Seal: sealBytes, ToSign: ToSign{Time: signature.Time.Moment, DataHash: signature.DataHash, PropertyInfo: signature.PropertyInfo,
		Extensions: signature.Extensions, Timestamp: stamp(signature.Timestamp)}}, signature.SignerCert, fixed(signature.SignatureValue))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestRealSealsRewrite encodes the public seals that follow the standard again: what we write is what others write.
func TestRealSealsRewrite(t *testing.T) {
	w := newWorld(t)
	seal, err := ParseSeal(w.seal(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if seal.Header.Version != 4 || len(seal.Deviations) != 0 {
		t.Errorf("%+v", seal.Header)
	}
	for _, name := range []string{"seals/UserV4.esl", "seals/UserV5_ts.esl", "parts/tongz-keyword/Sign_1/Seal.esl"} {
		t.Run(name, func(t *testing.T) {
			input := shared(t, name)
			seal, err := ParseSeal(input)
			if err != nil {
				t.Fatal(err)
			}
			info := SealInfo{Structure: seal.Structure, Vid: seal.Header.Vid, ESID: seal.ESID, Type: seal.Property.Type, Name: seal.Property.Name,
				SignerCerts: seal.Property.Certs, CreateDate: seal.Property.CreateDate, ValidStart: seal.Property.ValidStart,
				ValidEnd: seal.Property.ValidEnd, Picture: seal.Picture, Extensions: seal.Extensions}
			if seal.Timestamp != nil {
				info.Timestamp = func([]byte) ([]byte, error) { return seal.Timestamp, nil }
			}
			back, err := NewSeal(info, seal.MakerCert, func([]byte) ([]byte, error) { return seal.SignatureValue, nil })
			if err != nil || !bytes.Equal(back, input) {
				t.Errorf("%v; same octets: %t", err, bytes.Equal(back, input))
			}
		})
	}
}

func TestNewSealRefuses(t *testing.T) {
	w := newWorld(t)
	digest := make([]byte, 32)
	tests := map[string]func(*SealInfo){
		"structure V1":             func(i *SealInfo) { i.Structure = V1 },
		"time stamp in V4":         func(i *SealInfo) { i.Timestamp = func([]byte) ([]byte, error) { return []byte{1}, nil } },
		"no vendor":                func(i *SealInfo) { i.Vid = "" },
		"Chinese vendor":           func(i *SealInfo) { i.Vid = "印信" },
		"no seal code":             func(i *SealInfo) { i.ESID = "" },
		"control character":        func(i *SealInfo) { i.Name = "a\x00b" },
		"broken UTF-8":             func(i *SealInfo) { i.Name = "\xff" },
		"no name":                  func(i *SealInfo) { i.Name = "" },
		"long name":                func(i *SealInfo) { i.Name = string(bytes.Repeat([]byte("a"), 1025)) },
		"negative type":            func(i *SealInfo) { i.Type = -1 },
		"no signers":               func(i *SealInfo) { i.SignerCerts = nil },
		"certificates and digests": func(i *SealInfo) { i.SignerDigests = []CertDigest{{Type: "SM3", Value: digest}} },
		"short digest": func(i *SealInfo) {
			i.SignerCerts, i.SignerDigests = nil, []CertDigest{{Type: "SM3", Value: digest[:31]}}
		},
		"no certificate":   func(i *SealInfo) { i.SignerCerts = [][]byte{{0x30, 0}} },
		"period is empty":  func(i *SealInfo) { i.ValidEnd = i.ValidStart },
		"no creation time": func(i *SealInfo) { i.CreateDate = time.Time{} },
		"no picture":       func(i *SealInfo) { i.Picture.Data = nil },
		"no picture type":  func(i *SealInfo) { i.Picture.Type = "" },
		"flat picture":     func(i *SealInfo) { i.Picture.HeightMM = 0 },
		"huge picture":     func(i *SealInfo) { i.Picture.WidthMM = 1001 },
		"bad extension":    func(i *SealInfo) { i.Extensions = []Extension{{ID: "x"}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			info := w.info()
			change(&info)
			signed := false
			_, err := NewSeal(info, w.maker.Raw, func(message []byte) ([]byte, error) {
				signed = true
				return signWith(w.makerKey)(message)
			})
			if !errors.Is(err, ErrInput) || signed {
				t.Errorf("error = %v, signed %t", err, signed)
			}
		})
	}
	t.Run("maker is no certificate", func(t *testing.T) {
		if _, err := NewSeal(w.info(), []byte{1}, signWith(w.makerKey)); !errors.Is(err, ErrInput) {
			t.Error(err)
		}
	})
	t.Run("signed by another key", func(t *testing.T) {
		if _, err := NewSeal(w.info(), w.maker.Raw, signWith(w.signerKey)); !errors.Is(err, ErrSelfCheck) {
			t.Error(err)
		}
	})
	t.Run("signature is raw", func(t *testing.T) {
		_, err := NewSeal(w.info(), w.maker.Raw, func(message []byte) ([]byte, error) {
			signature, err := signWith(w.makerKey)(message)
			if err != nil {
				return nil, err
			}
			return pki.SM2SignatureToRaw(signature)
		})
		if !errors.Is(err, ErrSelfCheck) {
			t.Error(err)
		}
	})
	t.Run("key is away", func(t *testing.T) {
		away := errors.New("away")
		if _, err := NewSeal(w.info(), w.maker.Raw, func([]byte) ([]byte, error) { return nil, away }); !errors.Is(err, away) {
			t.Error(err)
		}
		if _, err := NewSeal(SealInfo{}, nil, nil); err == nil {
			t.Error("empty seal is made")
		}
	})
}

func TestNewSignatureRefuses(t *testing.T) {
	w := newWorld(t)
	seal := w.seal(t, nil)
	v1, _ := w.v1(t, v1Options{})
	broken := bytes.Clone(seal)
	broken[bytes.Index(broken, []byte("37030000001721"))] ^= 1
	tests := map[string]func(*SignatureInfo){
		"no seal":           func(i *SignatureInfo) { i.Seal = nil },
		"seal with a rest":  func(i *SignatureInfo) { i.Seal = append(bytes.Clone(seal), 0) },
		"V1 seal":           func(i *SignatureInfo) { i.Seal = v1 },
		"S-19 seal changed": func(i *SignatureInfo) { i.Seal = broken },
		"short hash":        func(i *SignatureInfo) { i.DataHash = i.DataHash[:31] },
		"before the seal":   func(i *SignatureInfo) { i.Time = begin },
		"after the seal":    func(i *SignatureInfo) { i.Time = begin.AddDate(3, 0, 0).Add(time.Second) },
		"no property":       func(i *SignatureInfo) { i.PropertyInfo = "" },
		"Chinese property":  func(i *SignatureInfo) { i.PropertyInfo = "文档" },
		"unreadable time":   func(i *SignatureInfo) { i.Time = time.Time{} },
		"S-18 another signer": func(i *SignatureInfo) {
			i.Seal = w.seal(t, func(s *SealInfo) { s.SignerCerts = [][]byte{w.maker.Raw} })
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			info := w.signatureInfo(seal)
			change(&info)
			signed := false
			_, err := NewSignature(info, w.signer.Raw, func(message []byte) ([]byte, error) {
				signed = true
				return signWith(w.signerKey)(message)
			})
			if !errors.Is(err, ErrInput) || signed {
				t.Errorf("error = %v, signed %t", err, signed)
			}
		})
	}
	t.Run("signed by another key", func(t *testing.T) {
		if _, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, signWith(w.makerKey)); !errors.Is(err, ErrSelfCheck) {
			t.Error(err)
		}
	})
	t.Run("signature is raw", func(t *testing.T) {
		_, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, func(message []byte) ([]byte, error) {
			signature, err := signWith(w.signerKey)(message)
			if err != nil {
				return nil, err
			}
			return pki.SM2SignatureToRaw(signature)
		})
		if !errors.Is(err, ErrSelfCheck) {
			t.Error(err)
		}
	})
	t.Run("time stamp fails", func(t *testing.T) {
		away := errors.New("away")
		info := w.signatureInfo(seal)
		info.Timestamp = func([]byte) ([]byte, error) { return nil, away }
		if _, err := NewSignature(info, w.signer.Raw, signWith(w.signerKey)); !errors.Is(err, away) {
			t.Error(err)
		}
	})
	t.Run("key is away", func(t *testing.T) {
		away := errors.New("away")
		if _, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, func([]byte) ([]byte, error) { return nil, away }); !errors.Is(err, away) {
			t.Error(err)
		}
	})
	t.Run("S-18 same subject, other key", func(t *testing.T) {
		other := newWorld(t)
		if _, err := NewSignature(w.signatureInfo(seal), other.signer.Raw, signWith(other.signerKey)); !errors.Is(err, ErrInput) {
			t.Error(err)
		}
	})
}

// v1Options changes a V1 seal and signature made by hand; the product never writes them.
type v1Options struct {
	signInfoBits bool
	generalized  bool
	timeInfo     []byte // encoded member; text when nil
	version      int
	extensions   []byte // eighth member of TBS_Sign
	innerSeal    []byte
}

// v1 makes a GM/T 0031-2014 seal and signature.
func (w *world) v1(t testing.TB, options v1Options) (sealBytes, signatureBytes []byte) {
	t.Helper()
	if options.version == 0 {
		options.version = 1
	}
	encoder := &encoder{}
	date := func(moment time.Time) []byte {
		if options.generalized {
			return encoder.time("", moment)
		}
		return append(der.Header(der.Universal, der.TagUTCTime, false, 13), moment.UTC().Format("060102150405Z")...)
	}
	info := w.info()
	sealInfo := der.EncodeSequence(
		der.EncodeSequence(encoder.text("", der.TagIA5String, "ES"), der.EncodeInt(options.version), encoder.text("", der.TagIA5String, "V")),
		encoder.text("", der.TagIA5String, info.ESID),
		der.EncodeSequence(der.EncodeInt(1), encoder.text("", der.TagUTF8String, info.Name), der.EncodeSequence(der.EncodeOctetString(w.signer.Raw)),
			date(info.CreateDate), date(info.ValidStart), date(info.ValidEnd)),
		encoder.picture(info.Picture))
	certificate := der.EncodeOctetString(w.maker.Raw)
	sign := func(key *sm2.PrivateKey, message []byte) []byte {
		value, err := signWith(key)(message)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeBitString(value)
	}
	signInfo := der.EncodeSequence(certificate, oidSM2WithSM3, sign(w.makerKey, der.EncodeSequence(sealInfo, certificate, oidSM2WithSM3)))
	if options.signInfoBits {
		signInfo = der.EncodeBitString(signInfo)
	}
	sealBytes = der.EncodeSequence(sealInfo, signInfo)
	if options.innerSeal != nil {
		sealBytes = options.innerSeal
	}
	if options.timeInfo == nil {
		options.timeInfo = der.EncodeBitString([]byte("2026-06-01 08:00:00"))
	}
	hash := sm3.Sum([]byte("document"))
	members := [][]byte{der.EncodeInt(options.version), sealBytes, options.timeInfo, der.EncodeBitString(hash[:]),
		encoder.text("", der.TagIA5String, "/Doc_0/Signs/Sign_0/Signature.xml"), der.EncodeOctetString(w.signer.Raw), oidSM2WithSM3}
	if options.extensions != nil {
		members = append(members, options.extensions)
	}
	tbs := der.EncodeSequence(members...)
	if encoder.err != nil {
		t.Fatal(encoder.err)
	}
	return sealBytes, der.EncodeSequence(tbs, sign(w.signerKey, tbs))
}

func TestRangeOfWrittenSignature(t *testing.T) {
	w := newWorld(t)
	zero := der.EncodeSequence(der.EncodeInteger(new(big.Int)), der.EncodeInteger(new(big.Int)))
	if _, err := NewSeal(w.info(), w.maker.Raw, func([]byte) ([]byte, error) { return zero, nil }); pki.Code(err) != pki.CodeRange {
		t.Errorf("zero signature leaves: %v", err)
	}
}

// benchPicture is as large as a seal's picture of 600 dpi in the palette form usually is.
var benchPicture = bytes.Repeat([]byte("\x89PNG of a seal of some size…\n"), 12<<10/32)

// BenchmarkSESSign makes seal signatures over a digest that is given: "anew" reads and checks seal and certificate first and its own
// signature after; "digest given" is the signature alone by a stamper that has them; "seal kept" keeps the state of SM3 after the seal too.
// Beside the last two stands what SM3 and SM2 alone take of them in the same run: nothing of a format is read or written there.
func BenchmarkSESSign(b *testing.B) {
	w := newWorld(b)
	seal, private := w.seal(b, func(i *SealInfo) { i.Picture.Data = benchPicture }), w.signerKey
	public := &private.PublicKey
	b.Run("anew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := NewSignature(w.signatureInfo(seal), w.signer.Raw, signWith(private)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("digest given", func(b *testing.B) {
		stamper, err := NewStamper(seal, w.signer.Raw, nil)
		if err != nil {
			b.Fatal(err)
		}
		what := w.signatureInfo(seal).ToSign
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stamper.Sign(what, signWith(private)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("digest given, SM3 and SM2 alone", func(b *testing.B) {
		message := make([]byte, len(seal))
		for b.Loop() {
			if _, err := signWith(private)(message); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal kept", func(b *testing.B) {
		stamper, err := NewStamper(seal, w.signer.Raw, nil)
		if err != nil {
			b.Fatal(err)
		}
		what, begun := w.signatureInfo(seal).ToSign, &pki.Begun{}
		b.ReportAllocs()
		for b.Loop() {
			_, err := stamper.Sign(what, func(message []byte) ([]byte, error) {
				digest, err := begun.Digest(public, message)
				if err != nil {
					return nil, err
				}
				return private.Sign(rand.Reader, digest, nil)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal kept, SM2 alone", func(b *testing.B) {
		digest := make([]byte, 32)
		for b.Loop() {
			if _, err := private.Sign(rand.Reader, digest, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSESVerify reads a seal signature with its certificates and verifies both values; "seal kept" judges other signatures of a
// seal that was met before. What SM3 and SM2 alone take of it stands beside it.
func BenchmarkSESVerify(b *testing.B) {
	w := newWorld(b)
	seal := w.seal(b, func(i *SealInfo) { i.Picture.Data = benchPicture })
	inputs := make([][]byte, 500)
	for i := range inputs {
		var err error
		if inputs[i], err = NewSignature(w.signatureInfo(seal), w.signer.Raw, signWith(w.signerKey)); err != nil {
			b.Fatal(err)
		}
	}
	verify := func(b *testing.B, input []byte, memo *pki.Memo) {
		signature, err := ParseSignature(input)
		if err != nil {
			b.Fatal(err)
		}
		signer, err := memo.Certificate(signature.SignerCert)
		if err != nil {
			b.Fatal(err)
		}
		maker, err := memo.Certificate(signature.Seal.MakerCert)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := signature.CheckSignature(signer, memo); err != nil {
			b.Fatal(err)
		}
		if _, err := signature.Seal.CheckSignature(maker, memo); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("anew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verify(b, inputs[0], nil)
		}
	})
	public, message := &w.signerKey.PublicKey, make([]byte, len(seal))
	value, err := signWith(w.signerKey)(message)
	if err != nil {
		b.Fatal(err)
	}
	digest := make([]byte, 32)
	raw, err := w.signerKey.Sign(rand.Reader, digest, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("anew, SM3 and SM2 alone", func(b *testing.B) { // the seal is signed by its maker and part of what is signed with it
		for b.Loop() {
			for range 2 {
				if !sm2.VerifyASN1WithSM2(public, nil, message, value) {
					b.Fatal("a good value")
				}
			}
		}
	})
	b.Run("seal kept", func(b *testing.B) {
		b.ReportAllocs()
		var memo *pki.Memo
		for n := 0; b.Loop(); n++ {
			if n %= len(inputs) - 2; n == 0 { // a memo that knows the seal and none of the signatures to come
				b.StopTimer()
				memo = &pki.Memo{}
				verify(b, inputs[len(inputs)-1], memo)
				verify(b, inputs[len(inputs)-2], memo)
				b.StartTimer()
			}
			verify(b, inputs[n], memo)
		}
	})
	b.Run("seal kept, SM2 alone", func(b *testing.B) {
		for b.Loop() {
			if !sm2.VerifyASN1(public, digest, raw) {
				b.Fatal("a good value")
			}
		}
	})
}

// A stamper is of one seal and one signer, and judges no value: that is for whoever uses it.
func TestStamper(t *testing.T) {
	w := newWorld(t)
	seal := w.seal(t, nil)
	stamper, err := NewStamper(seal, w.signer.Raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	what := w.signatureInfo(seal).ToSign
	for n := range 2 {
		what.PropertyInfo = fmt.Sprintf("/Doc_0/Signs/Sign_%d/Signature.xml", n)
		signature, err := stamper.Sign(what, signWith(w.signerKey))
		if err != nil {
			t.Fatal(err)
		}
		if err := selfCheckSignature(signature); err != nil {
			t.Error(err)
		}
		if back, err := ParseSignatureStrict(signature); err != nil || back.PropertyInfo != what.PropertyInfo || !bytes.Equal(back.Seal.Raw, seal) {
			t.Errorf("%+v %v", back, err)
		}
	}
	if signature, err := stamper.Sign(what, func([]byte) ([]byte, error) { return []byte("no value"), nil }); err != nil || selfCheckSignature(signature) == nil {
		t.Errorf("a value is judged: %v", err)
	}
	other := w.seal(t, func(i *SealInfo) { i.Name = "测试市财政局" })
	if !stamper.Of(seal, w.signer.Raw) || stamper.Of(other, w.signer.Raw) || stamper.Of(seal, w.maker.Raw) {
		t.Error("of whom the stamper is")
	}
	if !bytes.Equal(stamper.Signer().Raw, w.signer.Raw) {
		t.Error("signer")
	}
	none := sm3.Sum([]byte("no certificate"))
	listed := w.seal(t, func(i *SealInfo) { i.SignerCerts, i.SignerDigests = nil, []CertDigest{{Type: "SM3", Value: none[:]}} })
	if _, err := NewStamper(listed, []byte("no certificate"), nil); !errors.Is(err, ErrInput) {
		t.Errorf("what is no certificate: %v", err)
	}
	clear(seal) // what the stamper keeps is its own
	if signature, err := stamper.Sign(what, signWith(w.signerKey)); err != nil || selfCheckSignature(signature) != nil {
		t.Error("the stamper keeps what its maker may change")
	}
}
