// Package orderform reads a form of two parts (RFC 7578): order, JSON that is read strictly, and file. Nothing is written to disk, and the
// octets are bounded by whoever took the body.
package orderform

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// MaxOrder bounds the order, in octets.
const MaxOrder = 64 << 10

// File is the other part.
type File struct {
	Name    string // as the sender says
	Content []byte
}

// Read decodes the order and gives the file. Both stand in the form once and nothing else does. fault.UnsupportedMedia for what is no form,
// fault.Malformed for a form that is another.
func Read(contentType string, body []byte, order any) (File, error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || parameters["boundary"] == "" {
		return File{}, fault.Wrap(err, fault.UnsupportedMedia)
	}
	reader := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	var file File
	ordered := false
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, fault.Wrap(err, fault.Malformed)
		}
		switch name := part.FormName(); {
		case name == "order" && !ordered:
			ordered, err = true, readOrder(part, order)
		case name == "file" && file.Content == nil:
			file.Name = part.FileName()
			file.Content, err = io.ReadAll(part) // as much as the body at most
		default:
			err = errors.New("another part, or one of them twice")
		}
		if err != nil {
			return File{}, fault.Wrap(err, fault.Malformed)
		}
	}
	if !ordered || file.Content == nil {
		return File{}, fault.New(fault.Malformed)
	}
	return file, nil
}

func readOrder(r io.Reader, order any) error {
	raw, err := io.ReadAll(io.LimitReader(r, MaxOrder+1))
	if err == nil && len(raw) > MaxOrder {
		err = errors.New("the order is too long")
	}
	if err == nil {
		err = strictjson.CheckLower(raw)
	}
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode(order)
}
