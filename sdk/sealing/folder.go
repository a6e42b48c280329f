package sealing

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// States of a file in a run.
const (
	Sealed  = "sealed"  // the sealed document lies in the folder for results
	Refused = "refused" // it is not sealed, and would not be if it were sent again
	Waiting = "later"   // the platform could not be reached or is busy; the same run goes on with it
	Checked = "checked" // a trial: it would be sealed
	begun   = "begun"   // it is about to be sealed
)

// FileResult is what became of a file: a line of the file of results.
type FileResult struct {
	File      string    `json:"file"` // below the folder for results
	State     string    `json:"state"`
	SM3       string    `json:"sm3,omitempty"` // of the document before
	Key       string    `json:"key,omitempty"` // idempotency key
	Stamp     string    `json:"stamp,omitempty"`
	ResultSM3 string    `json:"result_sm3,omitempty"` // of the sealed document
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Material  string    `json:"material,omitempty"` // with a document that stays: SM3 of the seal and its certificate
	Prepared  time.Time `json:"prepared_at,omitzero"`
	Digest    string    `json:"digest,omitempty"` // what is signed of it; an approval is asked for with this
	At        time.Time `json:"at"`
	Kept      bool      `json:"-"` // it was sealed by an earlier run
}

// Folder seals many files one after the other, one document in memory at a time. Keys come from the content and the words of the order, so a run
// that stopped, for whatever reason, is started again as it was: what is sealed stays as it is, the rest is sealed, and no seal is used twice.
type Folder struct {
	Client   *Client
	Order    Order // without Key
	Paths    []string
	Out      string           // folder for sealed documents; may be empty in a trial
	Results  string           // file of results, JSON lines; results.jsonl in Out when empty
	Trial    bool             // nothing is signed or kept
	Here     bool             // documents stay: their digests alone are sent
	Verifier *yinxin.Verifier // needed with Here; judges what comes back, and may be nil where the platform seals
	Each     func(FileResult) // told of each file; may be nil
}

// ErrStopped says that the run ended before its last file; what is left was not tried.
var ErrStopped = errors.New("sealing: stopped")

// input is a file to seal.
type input struct{ path, name string }

// Run seals the files. The error is about the run as a whole; what became of each file is told to Each and stands in the file of results.
func (f *Folder) Run(ctx context.Context) (err error) {
	inputs, err := f.inputs()
	if err != nil {
		return err
	}
	r := &run{Folder: f}
	if !f.Trial {
		if r.log, err = openResults(f.results()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.log.close()) }()
	}
	if f.Here {
		if r.material, err = f.Client.Material(ctx, f.Order.SealID); err != nil {
			return err
		}
		r.materialSM3 = hex.EncodeToString(digest.SumParts(r.material.Seal, r.material.SignerCert))
	}
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return errors.Join(ErrStopped, err)
		}
		if err := r.one(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) results() string {
	if f.Results != "" {
		return f.Results
	}
	return filepath.Join(f.Out, "results.jsonl")
}

// inputs are the OFD and PDF files of the paths in a fixed order. Links are not followed, and two files are never written to one name.
func (f *Folder) inputs() ([]input, error) {
	out := ""
	if f.Out != "" {
		var err error
		if out, err = resolved(f.Out); err != nil {
			return nil, err
		}
	}
	var all []input
	taken := map[string]string{}
	add := func(path, name string) error {
		if f.Out != "" && filepath.Join(f.Out, name) == filepath.Clean(f.results()) {
			return fmt.Errorf("%s has the name of the file of results", path)
		}
		folded := strings.ToLower(filepath.ToSlash(name)) // some disks do not tell letters of two sizes apart
		if other, twice := taken[folded]; twice {
			return fmt.Errorf("%s and %s would have the same name in the folder for results", other, path)
		}
		taken[folded] = path
		all = append(all, input{path, filepath.ToSlash(name)})
		return nil
	}
	for _, root := range f.Paths {
		info, err := os.Stat(root)
		if err != nil {
			return nil, err
		}
		full, err := resolved(root)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if out != "" && filepath.Dir(full) == out {
				return nil, fmt.Errorf("%s lies in the folder for results", root)
			}
			if err := add(root, filepath.Base(root)); err != nil {
				return nil, err
			}
			continue
		}
		if full == out {
			return nil, fmt.Errorf("%s is the folder for results, too", root)
		}
		err = filepath.WalkDir(full, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && path == out:
				return filepath.SkipDir
			case entry.IsDir(), !entry.Type().IsRegular(), !slices.Contains([]string{".ofd", ".pdf"}, strings.ToLower(filepath.Ext(path))):
				return nil
			}
			name, err := filepath.Rel(full, path)
			if err != nil {
				return err
			}
			return add(path, name)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no OFD or PDF file")
	}
	return all, nil
}

// resolved is the absolute path without links of what is there, as far as it is there.
func resolved(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		return real, nil
	}
	return full, nil
}

// run is a Folder at work.
type run struct {
	*Folder
	log         *resultLog
	material    Material
	materialSM3 string
}

// one deals with one file. It ends the run only where no further file could fare better.
func (r *run) one(ctx context.Context, in input) error {
	result := FileResult{File: in.name}
	document, err := yinxin.ReadFile(in.path, MaxDocument)
	if err != nil {
		result.State, result.Message = Refused, err.Error()
		return r.tell(result)
	}
	result.SM3 = digest.Hex(document)
	if r.Trial {
		err = r.try(ctx, document)
		result.State = Checked
		return r.ended(ctx, result, err)
	}
	earlier, known := r.log.last[in.name]
	if known && earlier.State == Sealed && earlier.Key == r.key(document, earlier) && r.intact(earlier) {
		earlier.Kept = true
		if r.Each != nil {
			r.Each(earlier)
		}
		return nil
	}
	target := filepath.Join(r.Out, filepath.FromSlash(in.name))
	if _, err := os.Lstat(target); err == nil && !known {
		return fmt.Errorf("%s is there already, and no run wrote it", target)
	}
	sealed, err := r.seal(ctx, document, &result, earlier)
	if err == nil {
		result.State, result.ResultSM3 = Sealed, digest.Hex(sealed)
		if err := writeFile(target, sealed); err != nil {
			return err
		}
	}
	return r.ended(ctx, result, err)
}

// intact tells whether the sealed document of an earlier run lies where it was put.
func (r *run) intact(earlier FileResult) bool {
	content, err := yinxin.ReadFile(filepath.Join(r.Out, filepath.FromSlash(earlier.File)), 2*MaxDocument)
	return err == nil && digest.Hex(content) == earlier.ResultSM3
}

func (r *run) try(ctx context.Context, document []byte) error {
	if r.Here {
		_, err := Prepare(r.material, document, r.Order.Places, r.Verifier)
		return err
	}
	_, err := r.Client.Try(ctx, r.Order, document)
	return err
}

// key is the idempotency key of a document: of its digest, or of what is signed of one that stays, and of the words of the order.
func (r *run) key(document []byte, of FileResult) string {
	words, err := json.Marshal(r.Order.words())
	if err != nil {
		return "" // a number that is none
	}
	parts := [][]byte{[]byte("yinxin stamp 1"), []byte(r.Order.SealID), words, []byte(digest.Hex(document))}
	if r.Here {
		parts = append(parts, []byte("here"), []byte(of.Material), []byte(of.Prepared.UTC().Format(time.RFC3339)))
	}
	return "folder:" + hex.EncodeToString(digest.SumParts(parts...))[:40]
}

// seal gets a document sealed.
func (r *run) seal(ctx context.Context, document []byte, result *FileResult, earlier FileResult) ([]byte, error) {
	order := r.Order
	if !r.Here {
		result.Key = r.key(document, *result)
		order.Key = result.Key
		if err := r.begin(*result); err != nil {
			return nil, err
		}
		sealed, use, err := r.Client.Stamp(ctx, order, document)
		result.Stamp = use.ID
		if err == nil && r.Verifier != nil {
			err = prepare.CheckSealed(r.Verifier.Verify("sealed", sealed), false)
		}
		return sealed, err
	}
	// What was begun goes on with the time that was written into the document then, so that it is the same request.
	material := r.material
	if earlier.SM3 == result.SM3 && earlier.Material == r.materialSM3 && !earlier.Prepared.IsZero() {
		material.At = earlier.Prepared
	}
	result.Material, result.Prepared = r.materialSM3, material.At
	result.Key = r.key(document, *result)
	order.Key = result.Key
	prepared, err := Prepare(material, document, order.Places, r.Verifier)
	if err != nil {
		return nil, err
	}
	result.Digest = hex.EncodeToString(prepared.Digest())
	if err := r.begin(*result); err != nil {
		return nil, err
	}
	value, use, err := r.Client.Sign(ctx, order, prepared)
	result.Stamp = use.ID
	if err != nil {
		return nil, err
	}
	return prepared.Complete(value, r.Verifier)
}

// ended notes how a file fared.
func (r *run) ended(ctx context.Context, result FileResult, err error) error {
	if err == nil {
		return r.tell(result)
	}
	result.State, result.Message = Refused, err.Error()
	refusal, answered := errors.AsType[*Refusal](err)
	if answered {
		result.Code, result.RequestID, result.Message = refusal.Code, refusal.RequestID, refusal.Title
	}
	stop := error(nil)
	switch {
	case Later(err) || ctx.Err() != nil:
		result.State = Waiting
		if !answered || refusal.Status != 409 { // the platform is away, not busy with this one
			stop = errors.Join(ErrStopped, err)
		}
	case answered && refusal.forAll():
		stop = errors.Join(ErrStopped, err)
	}
	return errors.Join(r.tell(result), stop)
}

// forAll tells whether a refusal would meet every other document as well.
func (r *Refusal) forAll() bool {
	ofDocument := []string{"YX-SEAL-317", "YX-SEAL-442", "YX-SEAL-444"}
	return r.Status == 401 || r.Status == 403 && !slices.Contains(ofDocument, r.Code) || r.Status == 404 || slices.Contains([]string{"YX-SEAL-310", "YX-SEAL-313", "YX-SEAL-314"}, r.Code)
}

func (r *run) tell(result FileResult) error {
	result.At = r.Client.cfg.Now().UTC().Truncate(time.Second)
	if !r.Trial {
		if err := r.note(result); err != nil {
			return err
		}
	}
	if r.Each != nil {
		r.Each(result)
	}
	return nil
}

// begin notes that a file is about to be sealed, so that the next run knows what this one wrote.
func (r *run) begin(result FileResult) error {
	result.State = begun
	return r.note(result)
}

func (r *run) note(result FileResult) error {
	result.At = r.Client.cfg.Now().UTC().Truncate(time.Second)
	return r.log.write(result)
}
