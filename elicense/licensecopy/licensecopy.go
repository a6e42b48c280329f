// Package licensecopy makes annotated copies of licences (加注件, GB/T 36903-2018): documents of their own that hold the sealed original octet for
// octet, show its pages as they are, and say over each of them for whom, what for and until when it was copied. Sealing is not done here.
//
// What a copy looks like stands in licensefile, which makes the same files anew when it judges one; fonts and QR codes are here, so that a
// verifier in a browser carries neither. Equal input gives equal octets. It is a leaf: no I/O, no clock.
package licensecopy

import (
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Errors of Make.
var (
	ErrOriginal    = errors.New("licensecopy: only sealed originals of this platform are copied")
	ErrUndrawable  = errors.New("licensecopy: the typeface lacks characters of the copy")
	ErrOutOfBounds = errors.New("licensecopy: the data of the copy are missing or out of bounds")
)

// Copy is an unsealed annotated copy.
type Copy struct {
	Data     licensefile.Copy // with the digest of the original and the QR code
	Document []byte
	Slot     catalog.SealSlot // where the maker's seal belongs
}

// Make makes the copy of an original. OriginalSM3 and QR of the data are computed here.
func Make(face licenseface.Typeface, original []byte, data licensefile.Copy) (Copy, error) {
	p, err := ofd.Open(original, ofd.DefaultLimits())
	if err != nil {
		return Copy{}, fmt.Errorf("%w: %w", ErrOriginal, err)
	}
	l, err := licensefile.Read(p)
	if err != nil || !l.Ours || len(p.Signatures) == 0 || len(p.Faults) > 0 {
		return Copy{}, ErrOriginal
	}
	data.Format, data.LicenseID, data.OriginalSM3 = licensefile.CopyForm, l.ID, digest.Hex(original)
	if data.QR, err = licenseface.Modules(data.RecordURL); err != nil {
		return Copy{}, fmt.Errorf("%w: %w", ErrOutOfBounds, err)
	}
	machine, err := data.Encode()
	if err != nil {
		return Copy{}, fmt.Errorf("%w: %w", ErrOutOfBounds, err)
	}
	letters := data.Letters()
	for _, r := range letters {
		if _, ok := face.Advance(r); !ok {
			return Copy{}, fmt.Errorf("%w: %U", ErrUndrawable, r)
		}
	}
	font, err := face.Subset(letters)
	if err != nil {
		return Copy{}, fmt.Errorf("%w: %w", ErrUndrawable, err)
	}
	files, err := data.Files(p, original, machine, font)
	if err != nil {
		return Copy{}, fmt.Errorf("%w: %w", ErrOriginal, err)
	}
	document, err := ofd.Pack(files)
	return Copy{data, document, licensefile.CopySlot(p)}, err
}
