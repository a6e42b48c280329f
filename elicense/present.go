package elicense

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// tokenLife is how long a view token lives that the platform mints for a page: one showing at a counter.
const tokenLife = 10 * time.Minute

// presentationKeep is how long a minted token stays on record after its end: the delta list speaks about it that long.
const presentationKeep = 30 * 24 * time.Hour

// defaultProfile is the masked view (license.md 11.2).
const defaultProfile = "m"

// PresentRequest asks for a code.
type PresentRequest struct {
	Profile      string // p, m, f or a; the masked view when empty
	Challenge    []byte // 8 octets from the verifier's request, or none
	Asked        *Ask   // the request that this answers; its view and nonce take the places of the two above
	Presentation string // show this one again with the current step, as the page does every 15 seconds
}

// Shown is a code to be drawn as QR.
type Shown struct {
	ID        string // of the presentation
	Code      string // "LZ1:…"
	Profile   string
	Fields    []ShownField // what the verifier will see
	StepEnds  time.Time    // draw the next code then
	ExpiresAt time.Time    // of the token
}

// ShownField is one field of a view.
type ShownField = licensefile.ShownField

// Present mints a view token for the holder of a licence in force, or shows an earlier one again, and returns the code of
// the current step. The holder's key lies in the key provider (sandbox, and wallets on the server).
func (s *Service) Present(ctx context.Context, id string, r PresentRequest) (Shown, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return Shown{}, fault.New(fault.Unauthenticated)
	}
	l, err := s.cfg.Store.Find(ctx, id)
	l = l.heldBy(actor)
	if err == nil && (l.HolderRef == "" || l.HolderRef != holder(actor)) {
		err = ErrNotFound // the same answer as for a licence that is not there
	}
	if err != nil {
		return Shown{}, storeFault(err, "find licence")
	}
	if l.State != StateActive || l.Status != catalog.StatusValid {
		return Shown{}, fault.New(fault.LicenseState)
	}
	if len(r.Challenge) != 0 && len(r.Challenge) != 8 {
		return Shown{}, fault.New(fault.Invalid).WithField("challenge", fault.LicenseFieldForm)
	}
	if err := s.usable(ctx, l, "show code"); err != nil {
		return Shown{}, err
	}
	if r.Asked != nil {
		r.Profile, r.Challenge = r.Asked.Profile, r.Asked.Nonce[:]
	}
	var p Presentation
	if r.Presentation != "" {
		p, err = s.again(ctx, l, r)
	} else {
		p, err = s.mint(ctx, l, r)
	}
	if err != nil {
		return Shown{}, err
	}
	return s.show(ctx, p, r.Challenge)
}

// holder is the person for whom an actor acts.
func holder(actor reqctx.Actor) string {
	if actor.ActingFor != "" {
		return actor.ActingFor
	}
	return actor.ID
}

// again finds a showing that goes on. It is its own holder's, with a key of theirs, and what answers a request answers that one to its end: else a request
// that is over could be answered by a showing that was made for something else.
func (s *Service) again(ctx context.Context, l License, r PresentRequest) (Presentation, error) {
	p, err := s.cfg.Store.FindPresentation(ctx, r.Presentation)
	if err == nil && (p.License != l.ID || p.HolderRef != l.HolderRef || !bytes.Equal(p.Asked, r.Asked.nonce())) {
		err = ErrNotFound
	}
	if err != nil {
		return Presentation{}, storeFault(err, "find presentation")
	}
	if !p.UsedAt.IsZero() {
		return Presentation{}, fault.New(fault.CodeConsumed)
	}
	if s.now().After(p.ExpiresAt) {
		return Presentation{}, fault.New(fault.CodeExpired)
	}
	return p, nil
}

func (s *Service) mint(ctx context.Context, l License, r PresentRequest) (Presentation, error) {
	profile := r.Profile
	if profile == "" {
		profile = defaultProfile
	}
	licenseType, ok := s.typeOf(l)
	if !ok {
		return Presentation{}, fault.New(fault.LicenseTypeUnknown)
	}
	values, err := s.values(ctx, l)
	if err != nil {
		return Presentation{}, storeFault(err, "read values")
	}
	now := s.now()
	fields, err := fieldsOf(licenseType, profile, values, now)
	if err != nil {
		return Presentation{}, fault.Wrap(err, fault.Invalid).WithField("profile", fault.LicenseFieldForm)
	}
	holderKey, err := s.holderKey(ctx, l.HolderRef)
	if err != nil {
		return Presentation{}, storeFault(err, "find holder's key")
	}
	holderPublic, ok := holderKey.Public.(*ecdsa.PublicKey)
	if !ok {
		return Presentation{}, errors.New("holder's key is not SM2")
	}
	token := presentation.View{TypeCode: l.TypeCode, IssuedAt: now.Truncate(time.Second), Life: tokenLife, Fields: fields, HolderKey: holderPublic}
	if _, err := io.ReadFull(s.cfg.Rand, token.PID[:]); err != nil {
		return Presentation{}, fmt.Errorf("random pid: %w", err)
	}
	signed, err := s.signView(ctx, token)
	if err != nil {
		return Presentation{}, storeFault(err, "sign view")
	}
	pidKey, err := s.hash(ctx, "pid", hex.EncodeToString(token.PID[:]))
	if err != nil {
		return Presentation{}, storeFault(err, "hash pid")
	}
	p := Presentation{
		ID: ident.New(s.cfg.Rand, "prs"), PIDKey: pidKey, ShortID: statuslist.ShortID(token.PID[:]), License: l.ID, HolderRef: l.HolderRef, Profile: profile,
		View: signed.View, Signature: signed.Signature, HolderKey: holderKey.ID, IssuedAt: token.IssuedAt, ExpiresAt: token.Expires(), Agent: agentOf(reqctx.From(ctx).Actor),
		Asked: r.Asked.nonce(),
	}
	details := []string{"presentation", p.ID, "profile", profile}
	if r.Asked != nil {
		details = append(details, "asked_by", askedBy(*r.Asked))
	}
	record := audit.With(s.event(ctx, "license.presentation.minted", l.ID, now, details...))
	return p, s.usedFault(ctx, l, s.cfg.Store.AddPresentation(ctx, p, record), "store presentation")
}

// fieldsOf are the fields of a view by their numbers in the type. The error says that the type has no such view.
func fieldsOf(t *catalog.Type, profile string, values catalog.Values, at time.Time) (map[int]string, error) {
	view, err := t.View(profile, values, at)
	if err != nil {
		return nil, err
	}
	fields := map[int]string{}
	for _, key := range t.Profiles[profile] {
		if text := strings.Join(view[key], "、"); text != "" {
			fields[t.Number(key)] = text
		}
	}
	return fields, nil
}

func (s *Service) signView(ctx context.Context, view presentation.View) (presentation.Token, error) {
	signer, err := s.cfg.Keys.Signer(ctx, keys.Spec{Usage: keys.UsagePresent, Algorithm: keys.SM2})
	if err != nil {
		return presentation.Token{}, err
	}
	public, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return presentation.Token{}, errors.New("presentation key is not SM2")
	}
	return presentation.Mint(view, public, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
}

// holderKey finds the holder's key, making it on first use.
func (s *Service) holderKey(ctx context.Context, holderRef string) (keys.Info, error) {
	provider := s.cfg.Keys.Provider()
	spec := keys.Spec{Usage: keys.UsageHolder, Algorithm: keys.SM2, Label: holderRef}
	for range 2 {
		list, err := provider.List(ctx, spec.Usage, spec.Label)
		if err != nil {
			return keys.Info{}, err
		}
		for _, info := range list {
			if info.State == keys.Current && info.Spec == spec {
				return info, nil
			}
		}
		if _, err := provider.Create(ctx, spec); err != nil {
			return keys.Info{}, err
		}
	}
	return keys.Info{}, keys.ErrNotFound
}

func (s *Service) show(ctx context.Context, p Presentation, challenge []byte) (Shown, error) {
	signer, err := s.cfg.Keys.Provider().Signer(ctx, p.HolderKey, keys.UsageHolder)
	if err != nil {
		return Shown{}, storeFault(err, "find holder's key")
	}
	now := s.now()
	step := presentation.StepAt(now)
	code, err := presentation.Show(presentation.Token{View: p.View, Signature: p.Signature}, presentation.Device{Step: step, Challenge: challenge},
		func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
	if err != nil {
		return Shown{}, storeFault(err, "sign code")
	}
	decoded, err := presentation.Decode(code)
	if err != nil {
		return Shown{}, fmt.Errorf("read own code: %w", err)
	}
	locale := reqctx.From(ctx).Locale
	return Shown{
		ID: p.ID, Code: code, Profile: p.Profile, Fields: s.ViewFields(decoded.View, locale), ExpiresAt: p.ExpiresAt,
		StepEnds: time.Unix(int64(step+1)*int64(presentation.StepLength/time.Second), 0).UTC(),
	}, nil
}

// ViewFields names the fields of a view for people, in the order of their numbers in the type.
func (s *Service) ViewFields(view presentation.View, locale string) []ShownField {
	if view.IsCard() {
		return cardFields(view, locale)
	}
	return licensefile.ViewFields(view, s.Types(), locale)
}

// presentedTypes are the types about which our codes speak.
func (s *Service) presentedTypes() []string {
	return append([]string{presentation.CardTypeCode}, s.Types().Codes()...)
}

// presentationKeys are the keys whose codes are ours: current, previous and next, with the types they may speak about.
func (s *Service) presentationKeys(ctx context.Context) ([]presentation.Key, error) {
	if _, err := s.cfg.Keys.Ensure(ctx, keys.Spec{Usage: keys.UsagePresent, Algorithm: keys.SM2}); err != nil {
		return nil, err
	}
	infos, err := s.cfg.Keys.Published(ctx, keys.UsagePresent)
	if err != nil {
		return nil, err
	}
	statusSigner, err := s.statusSigner(ctx)
	if err != nil {
		return nil, err
	}
	types := s.presentedTypes()
	var list []presentation.Key
	for _, info := range infos {
		public, ok := info.Public.(*ecdsa.PublicKey)
		if !ok || info.Spec.Algorithm != keys.SM2 {
			continue
		}
		begin := info.CreatedAt.UTC().Truncate(time.Second).Add(-presentation.ClockSkew)
		list = append(list, presentation.Key{
			Public: public, Issuer: s.cfg.BaseURL, TypeCodes: types, NotBefore: begin, NotAfter: begin.AddDate(3, 0, 0), StatusBase: s.statusBase(), StatusSigner: statusSigner,
		})
	}
	return list, nil
}
