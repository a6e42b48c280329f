package licensehttp

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg" // pictures of telephones
	_ "image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// Bounds of a picture of a code.
const (
	maxPicture       = 12 << 20          // octets
	maxPictureMemory = 64 << 20          // octets that its pixels take: 22 million of a JPEG, 16 million of a PNG with eight bits
	scanSide         = 1600              // pixels of the longer side that is searched; a code of version 25 is then still 8 pixels a module at a third of it
	maxScanForm      = maxPicture + 4096 // the form around it
	inputPicture     = "verify-picture"
	inputChallenge   = "verify-challenge"
	maxChallenge     = 16
)

// verifyPicture takes a picture of a code, for telephones whose browser cannot scan and for who has scripts off. The picture is read in memory and forgotten.
func (p *Pages) verifyPicture(w http.ResponseWriter, r *http.Request) error {
	select { // before anything is read: so many pictures at a time are in memory
	case p.drawing <- struct{}{}:
		defer func() { <-p.drawing }()
	case <-r.Context().Done():
		return fault.Wrap(r.Context().Err(), fault.Unavailable)
	}
	picture, challenge, err := readPicture(r)
	typed := web.VerifyPage{Challenge: challenge}
	var result verify.Result
	if err == nil {
		var text string
		if text, err = readQR(picture); err != nil {
			err = fault.Wrap(err, fault.Invalid).WithField(inputPicture, fault.ScanNone)
		} else {
			typed.Code = bounded(text)
			result, err = p.judgeScanned(r, text, challenge)
		}
	}
	if err != nil {
		return p.verifyFailed(w, r, err, typed)
	}
	return p.showVerified(w, r, []verify.Result{result}, nil)
}

// judgeScanned judges what a code holds: a presentation code, or whatever else it is as a file of that text is judged, which tells where a link leads.
func (p *Pages) judgeScanned(r *http.Request, text, challenge string) (verify.Result, error) {
	if elicense.IsPresentationCode(text) {
		return judgeOrder(r.Context(), p.Service, VerificationOrder{Code: text, Challenge: challenge})
	}
	return p.Service.VerifyBy(r.Context(), elicense.ChannelPage, "", []byte(text))
}

// readPicture takes the picture, and the challenge of a request that it answers, out of a form.
func readPicture(r *http.Request) (picture []byte, challenge string, err error) {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || parameters["boundary"] == "" {
		return nil, "", fault.New(fault.Malformed)
	}
	form := multipart.NewReader(http.MaxBytesReader(nil, r.Body, maxScanForm), parameters["boundary"])
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && len(picture) == 0:
			return nil, challenge, fault.New(fault.Invalid).WithField(inputPicture, fault.ScanNone)
		case errors.Is(err, io.EOF):
			return picture, challenge, nil
		case err != nil:
			return nil, challenge, pictureFault(err)
		}
		bound := map[string]int64{inputPicture: maxPicture, inputChallenge: maxChallenge}[part.FormName()]
		content, err := io.ReadAll(io.LimitReader(part, bound+1))
		switch {
		case err != nil:
			return nil, challenge, pictureFault(err)
		case bound > 0 && int64(len(content)) > bound:
			return nil, challenge, fault.New(fault.TooLarge, "limit", "12 MB")
		case part.FormName() == inputPicture:
			picture = content
		case part.FormName() == inputChallenge:
			challenge = string(content)
		}
	}
}

func pictureFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Wrap(err, fault.TooLarge, "limit", "12 MB")
	}
	return fault.Wrap(err, fault.Malformed)
}

// readQR is the text of the QR code in a JPEG or PNG. Size is read from the header before anything is allocated for it.
func readQR(picture []byte) (text string, err error) {
	head, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	if head.Width < 1 || head.Height < 1 || head.Width > maxPictureMemory/octetsOf(head.ColorModel)/head.Height {
		return "", errors.New("picture is too large")
	}
	seen, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	defer func() { // the library reads what it takes for a code; no picture may stop more than its own request
		if recover() != nil {
			text, err = "", errors.New("picture cannot be searched")
		}
	}()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(smaller(seen))
	if err != nil {
		return "", err
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return "", err
	}
	return found.GetText(), nil
}

// octetsOf is how many octets a pixel takes once it is decoded, at most.
func octetsOf(model color.Model) int {
	switch model {
	case color.YCbCrModel:
		return 3
	case color.GrayModel:
		return 1
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		return 8
	}
	return 4
}

// smaller scales a picture down to what is searched.
func smaller(seen image.Image) image.Image {
	size := seen.Bounds().Size()
	longer := max(size.X, size.Y)
	if longer <= scanSide {
		return seen
	}
	out := image.NewGray(image.Rect(0, 0, max(1, size.X*scanSide/longer), max(1, size.Y*scanSide/longer)))
	draw.ApproxBiLinear.Scale(out, out.Rect, seen, seen.Bounds(), draw.Src, nil)
	return out
}
