// Package formfile reads what a form gives either typed or as a file, such as a certificate and a signature, for the pages of both
// realms in one way. The caller bounds the body.
package formfile

import (
	"errors"
	"io"
	"net/http"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Parse reads a form that may carry files; limit is the bound that the caller put on the body, in octets.
func Parse(r *http.Request, limit int64) error {
	err := r.ParseMultipartForm(limit)
	if errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.Wrap(err, fault.TooLarge, "limit", "1 MiB")
	}
	if err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	return nil
}

// Read is what was typed into the field, or else what the file NAME-file holds; nothing when there is neither.
func Read(r *http.Request, name string, limit int64) ([]byte, error) {
	if text := r.FormValue(name); text != "" {
		return []byte(text), nil
	}
	file, _, err := r.FormFile(name + "-file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}
