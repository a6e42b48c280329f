package esign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// What a document is and where a seal is drawn on it are matters of the leaf that prepares documents.
type (
	Format     = prepare.Format
	ValueKind  = prepare.ValueKind
	Place      = prepare.Place
	PlaceKind  = prepare.PlaceKind
	Edge       = prepare.Edge
	Appearance = prepare.Appearance
)

// Words of the leaf.
const (
	OFD = prepare.OFD
	PDF = prepare.PDF

	SealValue = prepare.SealValue
	CMSValue  = prepare.CMSValue
	GMValue   = prepare.GMValue

	OnPages  = prepare.OnPages
	Straddle = prepare.Straddle
	Keyword  = prepare.Keyword

	EdgeRight  = prepare.EdgeRight
	EdgeLeft   = prepare.EdgeLeft
	EdgeTop    = prepare.EdgeTop
	EdgeBottom = prepare.EdgeBottom

	MaxPlaces      = prepare.MaxPlaces
	MaxAppearances = prepare.MaxAppearances
)

// FormatOf tells the format of a document by its first octets.
func FormatOf(document []byte) Format { return prepare.FormatOf(document) }

// At is the place of one seal on one page, from 1; millimetres from its top left corner.
func At(page int, xMM, yMM float64) Place { return prepare.At(page, xMM, yMM) }

// preparing is the fault of a document that cannot be prepared; what is none of the leaf's refusals stays as it is.
func preparing(err error) error {
	refusal, ok := errors.AsType[*prepare.Error](err)
	if !ok {
		return err
	}
	codes := map[prepare.Reason]fault.Code{prepare.Refused: fault.DocumentRefused, prepare.Altered: fault.DocumentAltered, prepare.Locked: fault.DocumentLocked, prepare.TooLarge: fault.TooLarge,
		prepare.SealFaulty: fault.SealNotValid, prepare.ValueKindNo: fault.StampValueKind, prepare.PlaceWrong: fault.StampPlace, prepare.TextWrong: fault.StampKeyword, prepare.TextInPDF: fault.StampKeywordPDF,
		prepare.PagesTooFew: fault.StampStraddle}
	var params []string
	switch refusal.Reason {
	case prepare.Refused:
		params = []string{"why", refusal.Why}
	case prepare.TooLarge:
		params = []string{"limit", "50 MB"}
	}
	wrapped := fault.Wrap(err, codes[refusal.Reason], params...)
	if refusal.Field != "" {
		wrapped = wrapped.WithField(refusal.Field, wrapped.Code)
	}
	return wrapped
}

// unsigned is what waits for the value of its signature.
type unsigned interface {
	Digest() []byte   // SM3 that the value binds
	Content() []byte  // the octets that it is of; nil where nobody here saw them
	Property() string // propertyInfo: which they are
	// Complete gives the result that is released.
	Complete(value []byte) ([]byte, error)
	// check judges a result before it leaves.
	check(s *Service, j *job, result []byte, trust verify.Options) error
}

// source is where the digest comes from that is signed: a document that was handed over, or the word of whoever keeps it.
type source interface {
	// begin makes what is signed of a job whose seal and time stand, and notes where the seal is drawn.
	begin(s *Service, j *job, trust verify.Options) (unsigned, error)
}

// handedOver is a document that is here.
type handedOver []byte

func (content handedOver) begin(s *Service, j *job, trust verify.Options) (unsigned, error) {
	opened, err := prepare.Open(content, func(document []byte) verify.Result { return verify.Verify("document", document, trust) })
	if err != nil {
		return nil, preparing(err)
	}
	if j.shown, err = opened.Lay(j.stamp.Places, j.seal.SES); err != nil {
		return nil, preparing(err)
	}
	pending, err := opened.Begin(prepare.Request{Material: s.material(j.seal, j.at), Shown: j.shown, Value: j.stamp.Value})
	if err != nil {
		return nil, preparing(err)
	}
	return document{pending}, nil
}

// material is what a document needs of a seal.
func (s *Service) material(seal Seal, at time.Time) prepare.Material {
	sum := s.memo.SM3(seal.SES)
	return prepare.Material{Seal: seal.SES, SealSM3: sum[:], SignerCert: seal.SignerCert, Name: seal.Name, Company: s.cfg.MakerName, At: at, TimeStamped: s.cfg.TimeStamper != nil}
}

// value signs what the job's document binds.
func (s *Service) value(ctx context.Context, j *job, sign ses.SignFunc) ([]byte, error) {
	if j.stamp.Value != SealValue {
		certificate, err := pki.ParseCertificate(j.seal.SignerCert)
		if err != nil {
			return nil, err
		}
		return pki.MakeSignedData(pki.SignedDataTemplate{GM: j.stamp.Value == GMValue, SigningTime: j.at, Timestamp: s.timestamp(ctx)}, j.pending.Content(), certificate, s.verified(certificate, sign))
	}
	stamper, err := s.stamper(j.seal)
	if err != nil {
		return nil, err
	}
	return stamper.Sign(ses.ToSign{Time: j.at, DataHash: j.pending.Digest(), PropertyInfo: j.pending.Property(), Timestamp: s.timestamp(ctx)}, s.verified(stamper.Signer(), sign))
}

// verified refuses a value that is not what the signer's certificate verifies (security row K-07). The judgement of the document that comes
// of it remembers what was verified here.
func (s *Service) verified(signer *pki.Certificate, sign ses.SignFunc) ses.SignFunc {
	return func(message []byte) ([]byte, error) {
		value, err := sign(message)
		if err != nil {
			return nil, err
		}
		public, ok := signer.SM2Key()
		if !ok {
			return nil, fmt.Errorf("%w: the certificate holds a %s key", pki.ErrAlgorithm, pki.KeyName(signer.PublicKey))
		}
		_, err = s.memo.VerifySM2(public, message, value, pki.FormDER)
		return value, err
	}
}

// maxStampers bounds the seals that are kept ready, some 40 KiB each.
const maxStampers = 64

// stamper is what signs with a seal; that of a seal that was used before is kept.
func (s *Service) stamper(seal Seal) (*ses.Stamper, error) {
	s.stampers.Lock()
	kept := s.stampers.of[seal.ID]
	s.stampers.Unlock()
	if kept != nil && kept.Of(seal.SES, seal.SignerCert) {
		return kept, nil
	}
	made, err := ses.NewStamper(seal.SES, seal.SignerCert, &s.memo)
	if err != nil {
		return nil, err
	}
	s.stampers.Lock()
	defer s.stampers.Unlock()
	if s.stampers.of == nil || len(s.stampers.of) >= maxStampers {
		s.stampers.of = map[string]*ses.Stamper{}
	}
	s.stampers.of[seal.ID] = made
	return made, nil
}

// document is a prepared document.
type document struct{ prepare.Pending }

func (document) check(s *Service, _ *job, result []byte, trust verify.Options) error {
	return s.checkResult(result, trust)
}
