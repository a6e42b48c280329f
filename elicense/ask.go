package elicense

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Ask is the request of somebody who wants to be shown a licence (license.md 11.5, M2): a person, an office, or whoever opens the page for it. It is
// a text with an authentication code of this platform, and no row: it ends by itself.
type Ask struct {
	Who     string // as the holder is told: the masked name of a person, the name and code of an office; empty where the asker did not say
	Purpose string // code of the list of purposes, or empty
	Profile string // view that is asked for: p, m or f
	Nonce   [8]byte
	At      time.Time
}

// askLife is how long a request can be answered.
const askLife = 5 * time.Minute

// Ends is when a request can be answered no more.
func (a Ask) Ends() time.Time { return a.At.Add(askLife) }

// nonce is that of a request, or nothing where nobody asked.
func (a *Ask) nonce() []byte {
	if a == nil {
		return nil
	}
	return a.Nonce[:]
}

// Bounds of a request.
const (
	maxAsk    = 400 // characters of its text
	maxAskWho = 120 // octets of the name
	askMAC    = 16  // octets of the authentication code
)

// askForm is a request in deterministic CBOR.
type askForm struct {
	_       struct{} `cbor:",toarray"`
	Version int
	Who     string
	Purpose string
	Profile string
	Nonce   []byte
	At      int64
}

// askProfiles are the views that can be asked for. The one for authorities is not among them: it is not for people.
var askProfiles = []string{"m", "p", "f"}

// AskProfiles are they, the masked one first.
func AskProfiles() []string { return append([]string(nil), askProfiles...) }

// NewAsk makes a request and its text. who is what the platform knows of the asker; empty for nobody.
func (s *Service) NewAsk(ctx context.Context, purpose, profile, who string) (Ask, string, error) {
	if profile == "" {
		profile = defaultProfile
	}
	a := Ask{Who: clipName(who), Purpose: purpose, Profile: profile, At: s.now().Truncate(time.Second)}
	if _, known := purposeOf(purpose); purpose != "" && !known {
		return Ask{}, "", fault.New(fault.Invalid).WithField("purpose_code", fault.LicenseFieldForm)
	}
	if !isAskProfile(profile) {
		return Ask{}, "", fault.New(fault.Invalid).WithField("profile", fault.LicenseFieldForm)
	}
	if _, err := io.ReadFull(s.cfg.Rand, a.Nonce[:]); err != nil {
		return Ask{}, "", fmt.Errorf("random nonce: %w", err)
	}
	body, err := statuslist.Encode(askForm{Version: 1, Who: a.Who, Purpose: a.Purpose, Profile: a.Profile, Nonce: a.Nonce[:], At: a.At.Unix()})
	if err != nil {
		return Ask{}, "", fmt.Errorf("write request: %w", err)
	}
	mac, err := s.askMAC(ctx, body)
	if err != nil {
		return Ask{}, "", storeFault(err, "sign request")
	}
	return a, base64.RawURLEncoding.EncodeToString(append(mac, body...)), nil
}

func isAskProfile(profile string) bool {
	return len(profile) == 1 && strings.Contains(strings.Join(askProfiles, ""), profile)
}

// clipName bounds a name at a letter.
func clipName(name string) string {
	if len(name) <= maxAskWho {
		return name
	}
	name = name[:maxAskWho]
	for !utf8.ValidString(name) {
		name = name[:len(name)-1]
	}
	return name + "…"
}

func (s *Service) askMAC(ctx context.Context, body []byte) ([]byte, error) {
	sum, err := s.hash(ctx, "ask", string(body))
	if err != nil {
		return nil, err
	}
	mac, err := hex.DecodeString(sum)
	if err != nil || len(mac) < askMAC {
		return nil, fmt.Errorf("authentication code of %d octets", len(mac))
	}
	return mac[:askMAC], nil
}

// ReadAsk reads a request of this platform that can still be answered. One that was changed, is of another platform or is none at all is AskMalformed,
// one that is over AskOver. A whole link is taken too: people pass on what they have.
func (s *Service) ReadAsk(ctx context.Context, text string) (Ask, error) {
	a, err := s.readAsk(ctx, text)
	if err != nil {
		return Ask{}, err
	}
	if now := s.now(); now.After(a.Ends()) || a.At.After(now.Add(time.Minute)) {
		return Ask{}, fault.New(fault.AskOver)
	}
	return a, nil
}

// readAsk is ReadAsk whatever the time.
func (s *Service) readAsk(ctx context.Context, text string) (Ask, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), s.AskURL(""))
	malformed := fault.New(fault.AskMalformed)
	if len(text) > maxAsk {
		return Ask{}, malformed
	}
	octets, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(octets) <= askMAC {
		return Ask{}, malformed
	}
	body := octets[askMAC:]
	mac, err := s.askMAC(ctx, body)
	if err != nil {
		return Ask{}, storeFault(err, "check request")
	}
	if subtle.ConstantTimeCompare(mac, octets[:askMAC]) != 1 {
		return Ask{}, malformed
	}
	var form askForm
	if err := statuslist.Decode(body, &form); err != nil || form.Version != 1 || len(form.Nonce) != 8 || !isAskProfile(form.Profile) {
		return Ask{}, malformed // our own authentication code over something else
	}
	return Ask{Who: form.Who, Purpose: form.Purpose, Profile: form.Profile, Nonce: [8]byte(form.Nonce), At: time.Unix(form.At, 0).UTC()}, nil
}

// AskURL is the address at which the holder of a licence answers a request: what the QR code of the asker holds, so that the camera of any telephone opens it.
func (s *Service) AskURL(text string) string {
	return s.cfg.BaseURL + "/me/license-requests?ask=" + text
}

// Answer is what a holder would show to a request, before anything is shown.
type Answer struct {
	Ask    Ask
	Fields []ShownField
}

// PreviewAnswer tells the holder of a licence in force what answering a request shows, and to whom.
func (s *Service) PreviewAnswer(ctx context.Context, id, text, locale string) (Answer, error) {
	a, err := s.ReadAsk(ctx, text)
	if err != nil {
		return Answer{}, err
	}
	l, err := s.ownLicense(ctx, id, false)
	if err != nil {
		return Answer{}, err
	}
	if l.Status != catalog.StatusValid {
		return Answer{}, fault.New(fault.LicenseState)
	}
	if err := s.usable(ctx, l, "preview answer"); err != nil {
		return Answer{}, err
	}
	t, ok := s.typeOf(l)
	if !ok {
		return Answer{}, fault.New(fault.LicenseTypeUnknown)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return Answer{}, storeFault(err, "read values")
	}
	fields, err := fieldsOf(t, a.Profile, values, s.now())
	if err != nil {
		return Answer{}, fault.Wrap(err, fault.AskView)
	}
	return Answer{Ask: a, Fields: licensefile.NumberedFields(fields, t.Code, s.Types(), locale)}, nil
}

// ShowAnswer is Present to a request: the view that it asks for, and its nonce under the holder's signature, so that no picture and no forwarded code passes at
// the asker's. A showing that began goes on behind the end of the request, until its token ends.
func (s *Service) ShowAnswer(ctx context.Context, id, text, presentation string) (Shown, Ask, error) {
	read := s.ReadAsk
	if presentation != "" {
		read = s.readAsk
	}
	a, err := read(ctx, text)
	if err != nil {
		return Shown{}, Ask{}, err
	}
	shown, err := s.Present(ctx, id, PresentRequest{Asked: &a, Presentation: presentation})
	return shown, a, err
}

// askedBy is the asker as the audit trail has it.
func askedBy(a Ask) string {
	if a.Who == "" {
		return "unsaid"
	}
	return a.Who
}
