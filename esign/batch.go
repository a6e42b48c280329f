package esign

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Bounds of a batch (security rule R11). What does not fit is sealed in several.
const (
	MaxBatch      = MaxDocument // octets of the archive
	MaxBatchFiles = 500
	maxBatchBytes = 400 << 20 // of all documents
	maxFileName   = 200       // characters

	// batchTime is how long a batch begins further documents, well within the time that an answer may take. The same key goes on
	// with those that are left.
	batchTime = time.Minute
)

// BatchRequest asks for the same seal at the same places of every document in a ZIP archive.
type BatchRequest struct {
	SealID  string
	Archive []byte
	Places  []Place
	Item    string
	Purpose string
	Value   ValueKind
	Key     string // idempotency key of the batch, from which each document's own is made with its name; none for a trial
}

// BatchFile is a document of a batch and what became of it.
type BatchFile struct {
	Name        string // as in the archive
	SourceSM3   string
	Stamp       Stamp        // of a document that was sealed
	Sealed      []byte       // the sealed document
	Appearances []Appearance // in a trial: where the seal would be drawn
	Err         error        // why this one was not sealed; the others go on
}

// Batch is an archive whose names are in order, asked for by somebody who may use the seal.
type Batch struct {
	service *Service
	request BatchRequest
	files   []*zip.File
}

// OpenBatch checks what is the same for all documents. An archive that is no archive, or whose names could mean another place or each other,
// is refused whole, before anything is done.
func (s *Service) OpenBatch(ctx context.Context, r BatchRequest) (*Batch, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return nil, err
	}
	seal, err := s.find(ctx, r.SealID)
	if err == nil {
		_, err = s.keeper(ctx, seal)
	}
	if err == nil && seal.State != Active {
		err = fault.New(fault.SealSuspended)
	}
	if err == nil && r.Key != "" {
		_, err = s.wanted(actor.ID, StampRequest{Purpose: r.Purpose, Item: r.Item, Value: r.Value, Key: r.Key})
	}
	if err != nil {
		return nil, err
	}
	files, err := entries(r.Archive)
	return &Batch{service: s, request: r, files: files}, err
}

// Stamp seals the documents one after the other, each with a record of its own, and hands over what became of each in the order of the
// archive. A refused document stops no other. When the platform cannot seal at all for now, or a minute is over, the rest is handed over as
// unavailable, and the same key seals them later: what is sealed already is given again, not sealed twice. It ends early only when each fails.
func (b *Batch) Stamp(ctx context.Context, each func(BatchFile) error) error {
	s, r := b.service, b.request
	until, away := s.cfg.Now().Add(batchTime), error(nil)
	return b.run(func(f *BatchFile, document []byte) error {
		if away == nil && (!s.cfg.Now().Before(until) || ctx.Err() != nil) {
			away = fault.New(fault.Unavailable)
		}
		switch {
		case f.Err != nil:
		case away != nil:
			f.Err = away
		default:
			f.Stamp, f.Sealed, f.Err = s.Stamp(ctx, StampRequest{SealID: r.SealID, Document: document, Places: r.Places, Item: r.Item, Purpose: r.Purpose, Value: r.Value, Key: batchKey(r.Key, f.Name)})
			if fault.CodeOf(f.Err) == fault.Unavailable {
				away = f.Err // asking again for every document would keep the caller waiting for nothing
			}
		}
		return each(*f)
	})
}

// Preview is the trial: every check that needs no key, for each document. Nothing is signed or kept.
func (b *Batch) Preview(ctx context.Context, each func(BatchFile) error) error {
	return b.run(func(f *BatchFile, document []byte) error {
		if f.Err == nil {
			f.Appearances, f.Err = b.service.TryStamp(ctx, StampRequest{SealID: b.request.SealID, Document: document, Places: b.request.Places, Value: b.request.Value})
		}
		switch fault.CodeOf(f.Err) {
		case fault.Unavailable, fault.Forbidden, fault.SealSuspended, fault.SealNotValid, fault.SealCertificate, fault.SealNotKeeper, fault.SealNoKeeper, fault.RecoveryRest:
			return f.Err // the same for every document
		}
		return each(*f)
	})
}

// run reads the documents, one in memory at a time; one that cannot be read is handed over with its fault.
func (b *Batch) run(each func(f *BatchFile, document []byte) error) error {
	left := int64(maxBatchBytes)
	for _, file := range b.files {
		document, err := content(file, min(left, MaxDocument))
		left -= int64(len(document))
		f := BatchFile{Name: file.Name, Err: err}
		if err == nil {
			f.SourceSM3 = digest.Hex(document)
		}
		if err := each(&f, document); err != nil {
			return err
		}
	}
	return nil
}

// batchKey is the key of one document of a batch.
func batchKey(key, name string) string {
	return "batch:" + digest.Hex([]byte(key + "\x00" + name))[:40]
}

// entries are the files of an archive.
func entries(archive []byte) ([]*zip.File, error) {
	if len(archive) > MaxBatch {
		return nil, fault.New(fault.TooLarge, "limit", "50 MB")
	}
	refuse := func(why error) error {
		return fault.Wrap(why, fault.BatchArchive).WithField("file", fault.BatchArchive)
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, refuse(err)
	}
	var files []*zip.File
	names := map[string]bool{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if f.NonUTF8 && !utf8.ValidString(f.Name) { // archives made on Chinese desktops
			if f.Name, err = simplifiedchinese.GB18030.NewDecoder().String(f.Name); err != nil {
				return nil, refuse(err)
			}
		}
		folded := strings.ToLower(f.Name)
		if names[folded] || !safeName(f.Name) {
			return nil, refuse(errors.New("a name twice, or no name"))
		}
		names[folded] = true
		files = append(files, f)
	}
	switch {
	case len(files) == 0:
		return nil, refuse(errors.New("no file"))
	case len(files) > MaxBatchFiles:
		return nil, fault.New(fault.TooLarge, "limit", fmt.Sprint(MaxBatchFiles, " OFD/PDF"))
	}
	return files, nil
}

func content(f *zip.File, limit int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", "ZIP")
	}
	defer r.Close()
	document, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(err, fault.DocumentRefused, "why", "ZIP")
	case int64(len(document)) > limit:
		return nil, fault.New(fault.TooLarge, "limit", "50 MB")
	}
	return document, nil
}

// safeName: a relative path of plain names, which the answer can carry as it is.
func safeName(name string) bool {
	if name == "" || !plain(name, maxFileName) || strings.ContainsAny(name, `\:`) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}
