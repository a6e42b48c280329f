package elicense

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// photoFaults are the codes of pictures that are not taken.
var photoFaults = map[error]fault.Code{
	licensephoto.ErrFormat: fault.PhotoFormat, licensephoto.ErrColors: fault.PhotoColors, licensephoto.ErrSize: fault.PhotoSize, licensephoto.ErrShape: fault.PhotoShape,
}

// takePhoto makes the picture that a licence of the type will have from what an application brought and names it in the values. Where the application
// brings none it is that of the licence before: the version that is replaced, or the application that is handed in anew.
func (s *Service) takePhoto(ctx context.Context, t *catalog.Type, values catalog.Values, handed []byte, before *License) ([]byte, error) {
	f, ok := t.PhotoField()
	if !ok {
		if len(handed) > 0 {
			return nil, fault.New(fault.LicenseValues).WithField("photo", fault.LicenseFieldUnknown)
		}
		return nil, nil
	}
	if values.First(f.Key) != "" { // names a picture that did not come with it
		return nil, fault.New(fault.LicenseValues).WithField(f.Key, fault.LicenseFieldForm)
	}
	if len(handed) == 0 {
		if before == nil || before.Photo == "" {
			return nil, nil
		}
		var err error
		if handed, err = s.photo(ctx, *before); err != nil {
			return nil, err
		}
		was, err := s.values(ctx, *before)
		if err != nil {
			return nil, storeFault(err, "read values")
		}
		if of, known := s.typeOf(*before); known {
			if photo, named := of.PhotoOf(was); named && photo.WidthPX == f.Photo.WidthPX && photo.HeightPX == f.Photo.HeightPX && photo.Octets <= f.Photo.MaxOctets {
				values.Set(f.Key, photo.String()) // as it is: made anew it would be worse each time
				return handed, nil
			}
		}
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable)
	}
	content, photo, err := licensephoto.Make(handed, *f.Photo)
	for sentinel, code := range photoFaults {
		if errors.Is(err, sentinel) {
			return nil, fault.Wrap(err, fault.LicenseValues).WithField(f.Key, code)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make photo: %w", err)
	}
	values.Set(f.Key, photo.String())
	return content, nil
}

func photoPlace(id string) []byte { return []byte("lic_license|photo|" + id) }

// keepPhoto encrypts the picture, bound to the licence, and stores it.
func (s *Service) keepPhoto(ctx context.Context, l *License, photo []byte) error {
	l.Photo, l.PhotoKey = "", ""
	if photo == nil {
		return nil
	}
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return err
	}
	closed, err := cipher.Seal(ctx, photo, photoPlace(l.ID))
	if err != nil {
		return err
	}
	l.PhotoKey = cipher.KeyID()
	l.Photo, err = s.cfg.Blobs.Put(ctx, closed)
	return err
}

// photo reads the picture of a licence; nil where it has none.
func (s *Service) photo(ctx context.Context, l License) ([]byte, error) {
	if l.Photo == "" {
		return nil, nil
	}
	closed, err := s.cfg.Blobs.Get(ctx, l.Photo)
	if err != nil {
		return nil, fmt.Errorf("read photo: %w", err)
	}
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, l.PhotoKey)
	if err != nil {
		return nil, storeFault(err, "find key of photo")
	}
	photo, err := cipher.Open(ctx, closed, photoPlace(l.ID))
	return photo, storeFault(err, "decrypt photo")
}

// Photo gives the picture of the holder as a JPEG to whom Find gives the values of the licence, and with the same record of it: staff, and the holder of one
// that is in force. PhotoNone for a licence without one.
func (s *Service) Photo(ctx context.Context, id string) ([]byte, error) {
	d, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	t := s.TypeOf(d.License)
	if t == nil || d.Photo == "" {
		return nil, fault.New(fault.PhotoNone)
	}
	if byApplication(ctx, d.License) {
		f, _ := t.PhotoField()
		if err := s.noteUse(ctx, s.use(ctx, d.License, UseRead, []string{f.Key}, ""), "license.read_for_holder"); err != nil {
			return nil, err
		}
	}
	return s.photo(ctx, d.License)
}
