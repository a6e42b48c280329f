package yinxin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

// Errors of counter folders. Callers compare with errors.Is.
var (
	// ErrCounter: a folder of a counter, or a bundle for it, that cannot be used.
	ErrCounter = errors.New("counter")
	// ErrCounterOlder: a bundle that is not newer than the one that is there. An old one would bring back what ended since.
	ErrCounterOlder = errors.New("counter: the bundle is not newer than the one that is there")
)

// Names in the folder of a counter.
const (
	counterBundle = "counter.bundle" // the newest bundle that was taken
	counterPin    = "counter.json"   // what was confirmed once
)

// maxPin bounds the file of what was confirmed, in octets.
const maxPin = 4 << 10

// pin is what somebody confirmed when the first bundle was taken.
type pin struct {
	Address string `json:"address"`
	Root    string `json:"root"` // SM3 in hex
}

// Counter is the bundle of a platform that a counter carries, to judge without a network (docs/integration/verification.md).
type Counter struct {
	Address      string    `json:"address"`
	Publisher    string    `json:"publisher"`
	Number       uint64    `json:"number"`
	IssuedAt     time.Time `json:"issued_at"`
	GoodUntil    time.Time `json:"good_until"`
	Files        int       `json:"files"`
	Fingerprints []string  `json:"fingerprints"` // SM3 of its roots in hex, which are compared by another way
}

func counterOf(b *counterbundle.Bundle) Counter {
	return Counter{Address: b.URI, Publisher: b.Publisher, Number: b.Number, IssuedAt: b.Issued, GoodUntil: b.GoodUntil, Files: len(b.Files), Fingerprints: b.Fingerprints()}
}

// ReadCounter tells what a bundle says of itself, after its signature was verified with the certificate inside; nothing is trusted by that. Errors
// wrap ErrCounter.
func ReadCounter(content []byte) (Counter, error) {
	b, err := counterbundle.Open(content)
	if err != nil {
		return Counter{}, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	return counterOf(b), nil
}

// TakeCounter puts a bundle into the folder of a counter. The first one needs the fingerprint of the platform's root, which somebody compared by
// another way than the one on which the bundle came; later ones are of the same platform and root, and have a higher number. What was there stays
// where the bundle is refused: ErrCounterOlder, or errors that wrap ErrCounter. A folder is changed by one at a time.
func TakeCounter(folder string, content []byte, fingerprint string, at time.Time) (Counter, error) {
	b, err := counterbundle.Open(content)
	if err != nil {
		return Counter{}, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	fingerprint = strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))
	known, have, err := readCounterFolder(folder)
	first := errors.Is(err, os.ErrNotExist)
	switch {
	case err != nil && !first:
		return Counter{}, err
	case first && fingerprint == "":
		return Counter{}, fmt.Errorf("%w: the first bundle needs the fingerprint of the platform's root, compared by another way", ErrCounter)
	case first:
		known = pin{b.URI, fingerprint}
	case fingerprint != "" && fingerprint != known.Root:
		return Counter{}, fmt.Errorf("%w: this folder is for the root %s", ErrCounter, known.Root)
	case b.URI != known.Address:
		return Counter{}, fmt.Errorf("%w: the bundle is of %s, this folder of %s", ErrCounter, b.URI, known.Address)
	case b.Number <= have.Number:
		return Counter{}, ErrCounterOlder
	}
	if err := b.Judge(known.Root, at); err != nil {
		return Counter{}, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	if !b.Current(at) {
		return Counter{}, fmt.Errorf("%w: the bundle is of %s and good until %s", ErrCounter, b.Issued.Format(time.RFC3339), b.GoodUntil.Format(time.RFC3339))
	}
	if err := addBundle(offline.New(), b); err != nil { // what could not be used later does not take the place of what can
		return Counter{}, err
	}
	if first {
		confirmed, err := json.Marshal(known)
		if err == nil {
			err = os.MkdirAll(folder, 0o755)
		}
		if err == nil {
			err = replaceFile(filepath.Join(folder, counterPin), confirmed)
		}
		if err != nil {
			return Counter{}, fmt.Errorf("%w: %w", ErrCounter, err)
		}
	}
	if err := replaceFile(filepath.Join(folder, counterBundle), content); err != nil {
		return Counter{}, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	return counterOf(b), nil
}

// readCounterFolder reads what was confirmed, and the bundle; os.ErrNotExist where no bundle was taken yet. A folder without its bundle was left
// between two steps of taking the first one.
func readCounterFolder(folder string) (pin, *counterbundle.Bundle, error) {
	var p pin
	content, err := ReadFile(filepath.Join(folder, counterBundle), offline.MaxTrustFile)
	if err != nil {
		return p, nil, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	confirmed, err := ReadFile(filepath.Join(folder, counterPin), maxPin)
	if err == nil {
		err = json.Unmarshal(confirmed, &p)
	}
	if err == nil && (p.Address == "" || p.Root == "") {
		err = errors.New("nothing is confirmed in it")
	}
	if err != nil {
		return p, nil, fmt.Errorf("%w: %s cannot be read: %w", ErrCounter, counterPin, err)
	}
	b, err := counterbundle.Open(content)
	if err != nil {
		return p, nil, fmt.Errorf("%w: %w", ErrCounter, err)
	}
	return p, b, nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".counter-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// UseCounter trusts what the newest bundle in the folder of a counter holds. Every report names the bundle and its age; one that is past its seven
// days, or from the future, makes nothing valid. How old the status of a licence may be is what its type says, as always. Errors wrap ErrCounter or
// ErrTrust.
func (v *Verifier) UseCounter(folder string) error {
	known, b, err := readCounterFolder(folder)
	if err != nil {
		return err
	}
	if err := b.Judge(known.Root, b.Issued); err != nil {
		return fmt.Errorf("%w: %w", ErrCounter, err)
	}
	if err := addBundle(v.Verifier, b); err != nil {
		return err
	}
	v.counter = b
	return nil
}

// addBundle trusts every file of a bundle. Of trust lists of one address the newest counts.
func addBundle(v *offline.Verifier, b *counterbundle.Bundle) error {
	for _, f := range b.Files {
		if err := v.AddTrustBytes(f.Content); err != nil && !errors.Is(err, ErrOlder) {
			return fmt.Errorf("%w: %s: %w", ErrCounter, f.Name, err)
		}
	}
	return nil
}

// Reasons that only counters have.
const (
	reasonCounter    = "counter_bundle"
	reasonCounterOld = "counter_bundle_old"
)

var counterJudge = licensefile.Judge(
	verify.Rule{Code: reasonCounter, Verdict: verify.Valid, Chinese: "按窗口离线包核验，离线包的时间和已过去的小时数", English: "Judged by the bundle of a counter, made at, and hours since"},
	verify.Rule{Code: reasonCounterOld, Verdict: verify.Indeterminate, VCode: "V01", Chinese: "窗口离线包已超过有效期或本机时间不对，不能据此认定有效，请更换离线包", English: "The bundle of the counter is past its time, or the clock is wrong; nothing is called valid by it: bring a newer one"},
)

// told adds to a report by which bundle it came about, and takes back what an old one would call valid.
func (v *Verifier) told(result Result, o licensefile.Options) Result {
	if v.counter == nil {
		return result
	}
	if o.Locale == "" {
		o.Locale = offline.Locales[0]
	}
	hours := int(o.At.Sub(v.counter.Issued) / time.Hour)
	counterJudge.AddReason(&result, reasonCounter, o.Locale, fmt.Sprintf("%s, %d h", v.counter.Issued.Format(time.RFC3339), hours))
	if v.counter.Current(o.At) {
		return result
	}
	counterJudge.AddReason(&result, reasonCounterOld, o.Locale, v.counter.GoodUntil.Format(time.RFC3339))
	if result.Verdict == verify.Valid {
		result.Verdict, result.Code, result.Message = verify.Indeterminate, "V01", verify.Banner("V01")
	}
	return result
}
