package yinxin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/etsi"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

// Result is the judgement of one file or code, as the command line, the server and the browser print it.
type Result = verify.Result

// Report holds the results of several files.
type Report = verify.Report

// ErrTrust is wrapped by errors about files of trust that are of no known kind.
var ErrTrust = offline.ErrTrust

// ErrOlder is a trust list whose address is known with a higher number: an old list would bring a withdrawn authority back.
var ErrOlder = offline.ErrOlder

// Verifier judges sealed files, licences and presentation codes without any network. Set it up first; then many
// goroutines may verify with it.
type Verifier struct {
	*offline.Verifier
	now     func() time.Time
	counter *counterbundle.Bundle // by which it judges; nil for others
}

// NewVerifier trusts nobody yet: add trust with AddTrust.
func NewVerifier() *Verifier { return &Verifier{Verifier: offline.New(), now: time.Now} }

// AddTrust reads a file, or every file of a folder but not of folders in it: certificates (PEM or DER; self-signed ones
// are trusted as roots, the others help to build chains), CRLs, signed trust lists, signed status lists, deltas and key bundles of
// presentation codes. A file of another kind is an error that names it and wraps ErrTrust: trust that was meant to be
// there and is not would turn into wrong verdicts.
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
		// Of the trust lists of one address in a folder the newest counts, in whatever order they are read.
		if err := v.addTrustFile(filepath.Join(path, entry.Name())); err != nil && !errors.Is(err, ErrOlder) {
			return err
		}
	}
	return nil
}

func (v *Verifier) addTrustFile(path string) error {
	content, err := ReadFile(path, offline.MaxTrustFile)
	if err != nil {
		return err
	}
	if err := v.AddTrustBytes(content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// MaxDocument bounds a file that is judged, in octets.
const MaxDocument = offline.MaxDocument

// ReadFile reads a whole file of at most limit octets.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s is larger than %d octets", path, limit)
	}
	return content, nil
}

// Verify judges one file, a package of evidence, or a text that holds one presentation code. It never fails: what cannot be judged is
// part of the result.
func (v *Verifier) Verify(name string, data []byte) Result {
	return v.VerifyAt(v.now(), name, data)
}

// VerifyAt is Verify at another moment than now, unless SetTime fixed one.
func (v *Verifier) VerifyAt(now time.Time, name string, data []byte) Result {
	return v.JudgeAt(now, name, data, evidence.Judge)
}

// JudgeAt is VerifyAt with another judge, for what only some channels read.
func (v *Verifier) JudgeAt(now time.Time, name string, data []byte, judge func(name string, data []byte, options licensefile.Options) Result) Result {
	return v.Verifier.JudgeAt(now, name, data, func(name string, data []byte, options licensefile.Options) Result {
		return v.told(judge(name, data, options), options)
	})
}

// VerifyETSI judges as Verify does and also writes the report in the shape of ETSI TS 119 102-2 (XML). The error is about writing only.
func (v *Verifier) VerifyETSI(name string, data []byte) (Result, []byte, error) {
	now := v.now()
	o := etsi.Options{At: now}
	result := v.JudgeAt(now, name, data, func(name string, data []byte, options licensefile.Options) Result {
		o.At = options.At
		if evidence.Is(data) {
			return evidence.Verify(name, data, options)
		}
		result, material := evidence.Collect(name, data, options)
		o.Objects = material.Objects()
		return result
	})
	report, err := etsi.Make(result, o)
	return result, report, err
}

// EncodeReport writes results as `yinxin verify --json` prints them.
func EncodeReport(results ...Result) ([]byte, error) {
	if results == nil {
		results = []Result{}
	}
	return offline.Encode(Report{Results: results})
}
