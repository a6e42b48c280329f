// Package typetrial tries a licence type as a whole: its sample is drawn, sealed with a seal made for the occasion, and judged by the one
// verifier with nothing but the signed package of the type, as anybody would years later. Root, seal and keys are thrown away with the
// result, and the picture of the seal says that it is a test.
//
// It has neither I/O nor a clock: randomness comes in, and the time of the trial is that of the sample. It is no leaf, since verifiers
// make no certificates.
package typetrial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ErrTrial wraps what a trial fails by.
var ErrTrial = errors.New("typetrial: the sample is not a valid licence")

// Mark is what the seal of a trial calls itself, after the name of the authority.
const Mark = "测试用章(不具效力)"

// Outcome of a trial.
type Outcome struct {
	Sealed  []byte // the sample, sealed with the test seal
	Preview []byte // its first page as PNG
	Pages   int
	Result  verify.Result
}

const statusAddress = "https://trial.invalid/status/1"

// trial is a root with what it vouches for.
type trial struct {
	random  io.Reader
	at      time.Time
	root    *pki.Certificate
	rootKey *sm2.PrivateKey
	crl     *pki.CRL
}

type party struct {
	certificate *pki.Certificate
	key         *sm2.PrivateKey
	random      io.Reader
}

func (p party) sign(message []byte) ([]byte, error) {
	return p.key.Sign(p.random, message, sm2.DefaultSM2SignerOpts)
}

// Maker draws licences; licenseface.Maker is one.
type Maker interface {
	Build(t *catalog.Type, values catalog.Values, photo []byte, status licensefile.StatusEntry) ([]byte, error)
	Check(t *catalog.Type) error
}

// Run tries a type. Errors wrap ErrTrial, or are those of licenseface.
func Run(random io.Reader, maker Maker, t *catalog.Type) (*Outcome, error) {
	if err := maker.Check(t); err != nil {
		return nil, err
	}
	x, err := newTrial(random, t.Sample)
	if err != nil {
		return nil, failed("make a root", err)
	}
	service, err := x.party(pki.ProfileService, "状态服务(测试)")
	if err != nil {
		return nil, failed("make a key", err)
	}
	sample, photo, err := licensephoto.Sample(t)
	if err != nil {
		return nil, failed("draw the photo of the sample", err)
	}
	document, err := maker.Build(t, sample, photo, licensefile.StatusEntry{List: statusAddress, Index: 7, Signer: service.certificate.Subject.CommonName()})
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{}
	if outcome.Sealed, err = x.seal(t, document); err != nil {
		return nil, failed("seal the sample", err)
	}
	if outcome.Result, err = x.judge(t, service, outcome.Sealed); err != nil {
		return nil, err
	}
	return outcome, outcome.draw()
}

func failed(doing string, err error) error { return fmt.Errorf("%w: %s: %w", ErrTrial, doing, err) }

// newTrial makes a root at noon of a day on which the sample is in force.
func newTrial(random io.Reader, sample catalog.Values) (*trial, error) {
	day := max(sample.First(catalog.KeyIssuedDate), sample.First(catalog.KeyEffectiveDate))
	at, err := time.Parse("20060102", day)
	if err != nil {
		return nil, err
	}
	x := &trial{random: random, at: at.Add(4 * time.Hour)}
	if x.rootKey, err = sm2.GenerateKey(random); err != nil {
		return nil, err
	}
	x.root, err = pki.MakeCertificate(random, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{Country: "CN", CommonName: "测试根(不具效力)"}, NotBefore: x.at.AddDate(0, 0, -1), NotAfter: x.at.AddDate(1, 0, 0)}, nil, x.rootKey)
	if err != nil {
		return nil, err
	}
	x.crl, err = pki.MakeCRL(random, pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: x.at.Add(-time.Hour), NextUpdate: x.at.AddDate(0, 0, 1)}, x.root, x.rootKey)
	return x, err
}

func (x *trial) party(profile pki.Profile, name string) (party, error) {
	key, err := sm2.GenerateKey(x.random)
	if err != nil {
		return party{}, err
	}
	certificate, err := pki.MakeCertificate(x.random, pki.CertificateTemplate{Profile: profile, Subject: pki.Subject{Country: "CN", CommonName: name}, PublicKey: &key.PublicKey, NotBefore: x.at.Add(-time.Hour), NotAfter: x.at.AddDate(0, 1, 0)}, x.root, x.rootKey)
	return party{certificate, key, x.random}, err
}

func (x *trial) seal(t *catalog.Type, document []byte) ([]byte, error) {
	maker, err := x.party(pki.ProfileSealMaker, "制章(测试)")
	if err != nil {
		return nil, err
	}
	signer, err := x.party(pki.ProfileSealSigner, "99000000000000")
	if err != nil {
		return nil, err
	}
	drawn, err := sealimage.Draw(sealimage.Spec{Name: "测试用章不具效力"})
	if err != nil {
		return nil, err
	}
	picture, err := drawn.PNG()
	if err != nil {
		return nil, err
	}
	slot := t.Face.Seals[0]
	seal, err := ses.NewSeal(ses.SealInfo{
		Vid: "YINXIN", ESID: "99000000000000", Type: 1, Name: t.Sample.First(catalog.KeyAuthority) + Mark, SignerCerts: [][]byte{signer.certificate.Raw},
		CreateDate: x.at.Add(-time.Hour), ValidStart: x.at.Add(-time.Hour), ValidEnd: x.at.AddDate(0, 0, 1),
		Picture: ses.Picture{Type: "PNG", Data: picture, WidthMM: int(slot.WidthMM), HeightMM: int(slot.HeightMM)},
	}, maker.certificate.Raw, maker.sign)
	if err != nil {
		return nil, err
	}
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		return nil, err
	}
	pending, err := p.AddSignature(ofd.SignatureRequest{Provider: "Yinxin", ProviderVersion: "1", Company: "Yinxin", SigningTime: x.at, Seal: seal,
		Stamps: []ofd.StampRequest{{Page: slot.Page, Boundary: ofd.Box{X: slot.XMM, Y: slot.YMM, Width: slot.WidthMM, Height: slot.HeightMM}}}})
	if err != nil {
		return nil, err
	}
	value, err := ses.NewSignature(ses.SignatureInfo{Seal: seal, ToSign: ses.ToSign{Time: x.at, DataHash: digest.Sum(pending.Description), PropertyInfo: pending.Path}}, signer.certificate.Raw, signer.sign)
	if err != nil {
		return nil, err
	}
	return pending.Complete(value)
}

// judge asks the one verifier, which knows of the type what its signed package says.
func (x *trial) judge(t *catalog.Type, service party, sealed []byte) (verify.Result, error) {
	chain := [][]byte{service.certificate.Raw}
	raw, err := typepackage.Sign(t, 1, x.at, chain, service.sign)
	if err != nil {
		return verify.Result{}, failed("sign the package", err)
	}
	opened, err := typepackage.Open(raw)
	if err != nil {
		return verify.Result{}, failed("open the package", err)
	}
	signedList, err := statuslist.New(statusAddress, 1, x.at, x.at.Add(time.Hour)).Sign(chain, service.sign)
	if err != nil {
		return verify.Result{}, failed("sign the status list", err)
	}
	list, err := statuslist.Open(signedList)
	if err != nil {
		return verify.Result{}, failed("open the status list", err)
	}
	options := licensefile.Options{StatusLists: []*statuslist.List{list}, Types: []*typepackage.Package{opened}}
	options.Roots, options.CRLs, options.At = pki.NewPool(x.root), []*pki.CRL{x.crl}, x.at
	result := licensefile.Verify("sample.ofd", sealed, options)
	if result.Verdict != verify.Valid || result.Code != "V00" || result.License == nil || result.License.LicenseID != t.Sample.First(catalog.KeyLicenseID) {
		var reasons []string
		for _, reason := range result.Reasons {
			reasons = append(reasons, reason.Code)
		}
		return result, fmt.Errorf("%w: %s %v", ErrTrial, result.Code, slices.Compact(reasons))
	}
	return result, nil
}

// previewDPI is enough to read the smallest text.
const previewDPI = 150

func (o *Outcome) draw() error {
	p, err := ofd.Open(o.Sealed, ofd.DefaultLimits())
	if err != nil {
		return failed("read the sample", err)
	}
	d, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		return failed("draw the sample", err)
	}
	o.Pages = d.Pages()
	for number := 1; number <= o.Pages; number++ {
		page, err := d.Page(number)
		if err != nil {
			return failed("draw the sample", err)
		}
		for _, finding := range page.Findings() {
			if finding.Code != render.PictureReduced { // the picture of the seal is finer than the page
				return fmt.Errorf("%w: page %d: %v", ErrTrial, number, finding)
			}
		}
		if number > 1 {
			continue
		}
		if o.Preview, err = page.PNG(previewDPI); err != nil || !bytes.HasPrefix(o.Preview, []byte("\x89PNG")) {
			return failed("draw the sample", err)
		}
	}
	return nil
}
