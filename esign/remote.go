package esign

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// RemoteDocument is a document that stays with whoever asks for the seal. Nobody here sees it, so what is known of it is what its holder
// says: what we sign is built here all the same, and binds no other octets than a seal signature does.
type RemoteDocument struct {
	Digest   []byte // SM3 of what is signed of it: the description of the signature in OFD, the octets of ByteRange in PDF
	Property string // propertyInfo of the signature, which tells the format too
}

// check refuses what is no digest of a document.
func (d RemoteDocument) check() error {
	wrong := fault.New(fault.SealRemoteDigest)
	if len(d.Digest) != digest.Size || bytes.Equal(d.Digest, digest.Sum(nil)) || bytes.Equal(d.Digest, make([]byte, digest.Size)) {
		wrong.WithField("digest", fault.SealRemoteDigest)
	}
	if _, err := prepare.FormatOfProperty(d.Property); err != nil {
		wrong.WithField("property", fault.SealRemoteDigest)
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// begin implements source.
func (d RemoteDocument) begin(*Service, *job, verify.Options) (unsigned, error) {
	return remote{d}, nil
}

// remote waits for the value alone, which is the result.
type remote struct{ RemoteDocument }

func (r remote) Digest() []byte   { return r.RemoteDocument.Digest }
func (remote) Content() []byte    { return nil }
func (r remote) Property() string { return r.RemoteDocument.Property }

func (remote) Complete(value []byte) ([]byte, error) { return value, nil }

// check judges the value as the steps of GB/T 38540-2020 7.3 do with the document, and that it says what was asked for.
func (r remote) check(s *Service, j *job, value []byte, trust verify.Options) error {
	if err := prepare.CheckValue(value, r.Digest(), r.Property(), s.material(j.seal, j.at)); err != nil {
		return err
	}
	return prepare.CheckSigned(verify.Value("value.dat", value, r.Digest(), trust), s.cfg.TimeStamper != nil)
}

// wantedRemote notes in a stamp what is said of a document that stays with its holder.
func wantedRemote(stamp *Stamp, r StampRequest) error {
	switch {
	case len(r.Document) > 0:
		return fault.New(fault.Invalid).WithField("document", fault.SealRemoteDigest)
	case r.Value != SealValue: // a message is over the octets, which are not here
		return fault.New(fault.Invalid).WithField("value", fault.StampValueKind)
	}
	if err := r.Remote.check(); err != nil {
		return err
	}
	if err := prepare.CheckForm(r.Places); err != nil {
		return preparing(err)
	}
	stamp.SourceSM3, stamp.Remote = hex.EncodeToString(r.Remote.Digest), r.Remote.Property
	return nil
}

// Material gives what its keeper needs to prepare a document for a seal where it lies. It is refused as the signature would be, before any
// work is done on the document.
func (s *Service) Material(ctx context.Context, sealID string) (prepare.Material, error) {
	if _, err := rested(require(ctx, RoleKeeper)); err != nil {
		return prepare.Material{}, err
	}
	seal, err := s.find(ctx, sealID)
	if err == nil {
		ctx, err = s.keeper(ctx, seal)
	}
	if err == nil && seal.State != Active {
		err = fault.New(fault.SealSuspended)
	}
	if err != nil {
		return prepare.Material{}, err
	}
	rule, err := s.ruleOf(ctx, seal.ID)
	if err == nil {
		err = rule.Rule.mayRemote(true)
	}
	if err != nil {
		return prepare.Material{}, err
	}
	trust, err := s.trust(ctx)
	if err == nil {
		err = fit(seal, trust)
	}
	return s.material(seal, s.now()), err
}

// mayRemote refuses what needs the permission of the rule, where it does not give it.
func (r Rule) mayRemote(remote bool) error {
	if remote && !r.Remote {
		return fault.New(fault.SealRemoteOff)
	}
	return nil
}
