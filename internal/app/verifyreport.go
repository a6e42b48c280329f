package app

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sheet"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Bounds of reports that are sealed for anybody.
const (
	reportLife      = 30 * time.Minute
	reportPlace     = "verify/report"
	maxReport       = 2 << 20   // octets of JSON
	maxHeldReport   = 256 << 10 // octets of what a page carries
	reportSpan      = 15 * time.Minute
	reportsPerSpan  = 20 // of one source
	scopeReport     = "verify-report"
	systemReporting = "system:report"
)

// verifyReports implements licensehttp.Reports.
type verifyReports struct{ a *App }

// Operator implements licensehttp.Reports.
func (v verifyReports) Operator() (name, platform string) {
	return v.a.cfg.Operator.Name, v.a.cfg.Issuer
}

// Hold implements licensehttp.Reports.
func (v verifyReports) Hold(ctx context.Context, report []byte) (string, error) {
	if _, ready, err := v.a.operatorSeal(ctx); err != nil || !ready || len(report) > maxReport {
		return "", err
	}
	var packed bytes.Buffer
	packed.Write(binary.BigEndian.AppendUint64(nil, uint64(v.a.opts.Now().Unix())))
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(report); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	cipher, err := v.a.ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	sealed, err := cipher.Seal(ctx, packed.Bytes(), []byte(reportPlace))
	held := cipher.KeyID() + "." + base64.RawURLEncoding.EncodeToString(sealed)
	if err != nil || len(held) > maxHeldReport {
		return "", err
	}
	return held, nil
}

// Admit implements licensehttp.Reports.
func (v verifyReports) Admit(ctx context.Context) (time.Time, error) {
	now := v.a.opts.Now().UTC()
	tries, err := v.a.store.Count(ctx, scopeReport, []byte(reqctx.From(ctx).Source()), reportSpan, now)
	if err != nil {
		return now, fault.Wrap(err, fault.Unavailable) // no counter, no answer (R6)
	}
	if tries > reportsPerSpan {
		return now, fault.New(fault.TooManyRequests).After(int(reportSpan / time.Second))
	}
	return now, nil
}

// Held implements licensehttp.Reports.
func (v verifyReports) Held(ctx context.Context, held string) ([]byte, time.Time, error) {
	keyID, text, _ := strings.Cut(held, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(held) > maxHeldReport || len(keyID) > 64 {
		return nil, time.Time{}, fault.New(fault.ReportOver)
	}
	now, err := v.Admit(ctx)
	if err != nil {
		return nil, now, err
	}
	cipher, err := v.a.ring.Cipher(ctx, keys.UsageFieldCipher, keyID)
	switch {
	case errors.Is(err, keys.ErrNotFound), errors.Is(err, keys.ErrUsage), errors.Is(err, keys.ErrDestroyed):
		return nil, now, fault.New(fault.ReportOver)
	case err != nil:
		return nil, now, fault.Wrap(err, fault.Unavailable)
	}
	packed, err := cipher.Open(ctx, sealed, []byte(reportPlace))
	if err != nil || len(packed) < 8 {
		return nil, now, fault.New(fault.ReportOver)
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(packed)), 0).UTC()
	if now.After(at.Add(reportLife)) {
		return nil, at, fault.New(fault.ReportOver)
	}
	report, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed[8:]))) // of our own making, so of bounded size
	if err != nil {
		return nil, at, fault.Wrap(err, fault.ReportOver)
	}
	return report, at, nil
}

// Seal implements licensehttp.Reports. The seal room verifies the document before it gives it out and does not keep it.
func (v verifyReports) Seal(ctx context.Context, id string, document []byte) ([]byte, error) {
	seal, ready, err := v.a.operatorSeal(ctx)
	if err != nil {
		return nil, err
	}
	if !ready {
		return nil, fault.New(fault.Unavailable)
	}
	sealed, fit, err := v.a.stampFor(ctx, systemReporting, seal, document, "report:"+id, id)
	if err == nil && !fit {
		err = fault.New(fault.Unavailable)
	}
	return sealed, err
}

// operatorSeal is the seal of the operator; ready is false while there is none in use.
func (a *App) operatorSeal(ctx context.Context) (seal esign.Seal, ready bool, err error) {
	if a.cfg.Operator.Seal == "" {
		return seal, false, nil
	}
	seal, err = a.sealing.seals.FindByCode(ctx, a.cfg.Operator.Seal)
	if fault.CodeOf(err) == fault.NotFound {
		return seal, false, nil
	}
	return seal, err == nil && seal.State == esign.Active, err
}

// stampFor seals a sheet of the platform with the seal of the operator and keeps only the record of the stamp; each try is a stamp of its
// own. fit is false where the seal may not be used now.
func (a *App) stampFor(ctx context.Context, requester string, seal esign.Seal, document []byte, purpose, id string) (sealed []byte, fit bool, err error) {
	_, sealed, err = a.sealing.seals.StampFor(ctx, requester, esign.StampRequest{SealID: seal.ID, Document: document, Places: []esign.Place{esign.At(1, sheet.SealX, sheet.SealY)},
		Purpose: purpose, Key: id + ":" + ident.New(a.opts.Rand, "try"), Unkept: true})
	switch code := fault.CodeOf(err); code {
	case fault.SealSuspended, fault.SealCertificate, fault.SealNotValid, fault.SealUseUnapproved, fault.SealNotOwn:
		a.opts.Log.WarnContext(ctx, "the seal of the operator may not be used", "seal", a.cfg.Operator.Seal, "for", requester, "code", string(code))
		return nil, false, nil
	}
	return sealed, err == nil, err
}
