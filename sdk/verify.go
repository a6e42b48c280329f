package yinxin

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Result is the judgement of one file or code, as the command line, the server and the browser print it.
type Result = verify.Result

// Report holds the results of several files.
type Report = verify.Report

// Verifier judges sealed files, licences and presentation codes without any network.
type Verifier struct {
	options licensefile.Options
	now     func() time.Time
}

// NewVerifier trusts nobody yet: add trust with AddTrust.
func NewVerifier() *Verifier {
	v := &Verifier{now: time.Now}
	v.options.Roots, v.options.Intermediates = pki.NewPool(), pki.NewPool()
	return v
}

// SetTime fixes the moment of judgement; the zero time is now.
func (v *Verifier) SetTime(at time.Time) { v.options.At = at }

// SetStrict refuses deviations and uncovered visible content.
func (v *Verifier) SetStrict(strict bool) { v.options.Strict = strict }

// SetLocale chooses the language of reasons and checks: "zh-CN" or "en".
func (v *Verifier) SetLocale(locale string) { v.options.Locale = locale }

// maxTrustFile bounds one file of trust.
const maxTrustFile = 32 << 20

// AddTrust reads a file, or every file of a folder: certificates (PEM or DER; self-signed ones are trusted as roots, the
// others help to build chains), CRLs, signed status lists, deltas and key bundles of presentation codes.
func (v *Verifier) AddTrust(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return v.addTrustFile(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		if err := v.addTrustFile(filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verifier) addTrustFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxTrustFile {
		return fmt.Errorf("%s is larger than %d octets", path, maxTrustFile)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := v.AddTrustBytes(content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// AddTrustBytes is AddTrust for content in memory.
func (v *Verifier) AddTrustBytes(content []byte) error {
	if certs, err := pki.ParseCertificates(content); err == nil {
		for _, cert := range certs {
			if cert.IsSelfSigned() {
				v.options.Roots.Add(cert)
			} else {
				v.options.Intermediates.Add(cert)
			}
		}
		return nil
	}
	if crl, err := pki.ParseCRL(content); err == nil {
		v.options.CRLs = append(v.options.CRLs, crl)
		return nil
	}
	if list, err := statuslist.Open(content); err == nil {
		v.options.StatusLists = append(v.options.StatusLists, list)
		return nil
	}
	if delta, err := statuslist.OpenDelta(content); err == nil {
		v.options.Deltas = append(v.options.Deltas, delta)
		return nil
	}
	if bundle, err := presentation.OpenBundle(content); err == nil {
		v.options.Bundles = append(v.options.Bundles, bundle)
		return nil
	}
	return fmt.Errorf("neither certificate, CRL, status list nor key bundle")
}

// Verify judges one file, or a text that holds one presentation code. It never fails: what cannot be judged is part of
// the result.
func (v *Verifier) Verify(name string, data []byte) Result {
	options := v.options
	if options.At.IsZero() {
		options.At = v.now()
	}
	return licensefile.Verify(name, data, options)
}
