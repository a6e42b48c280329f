package licensehttp

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Bounds of the form of a report: texts, and the frame around a file of the largest size.
const (
	maxForgeryText = 64 << 10 // octets of all texts
	maxForgeryForm = forgery.MaxFile + maxForgeryText + 16<<10
)

// readReport takes a report out of a multipart form; page and API name its parts alike. Nothing is written to disk. fault.TooLarge with the texts
// that were read where the file is larger than it may be.
func readReport(contentType string, body io.Reader) (r forgery.Report, err error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || parameters["boundary"] == "" {
		return r, fault.Wrap(err, fault.UnsupportedMedia)
	}
	texts, left := url.Values{}, int64(maxForgeryText)
	reader := multipart.NewReader(body, parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return report(texts, r.File), forgeryBody(err)
		}
		if part.FormName() == "file" {
			content, err := io.ReadAll(io.LimitReader(part, forgery.MaxFile+1))
			if err != nil {
				return report(texts, nil), forgeryBody(err)
			}
			if len(content) > forgery.MaxFile {
				return report(texts, nil), fault.New(fault.TooLarge, "limit", forgeryLimit).WithField("file", fault.TooLarge, "limit", forgeryLimit)
			}
			if len(content) > 0 { // a browser sends an empty part for an input without a file
				r.File = content
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return report(texts, r.File), forgeryBody(err)
		}
		if left -= int64(len(text)); left < 0 {
			return report(texts, r.File), fault.New(fault.TooLarge, "limit", "64 KiB")
		}
		texts.Add(part.FormName(), string(text))
	}
	return report(texts, r.File), nil
}

const forgeryLimit = "20 MB"

func forgeryBody(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.Wrap(err, fault.TooLarge, "limit", forgeryLimit)
	}
	return fault.Wrap(err, fault.Malformed)
}

func report(texts url.Values, file []byte) forgery.Report {
	return forgery.Report{Code: texts.Get("code"), Identifier: texts.Get("identifier"), SM3: texts.Get("sm3"), Where: texts.Get("where"), Address: texts.Get("address"), Contact: texts.Get("contact"),
		File: file, Send: texts.Get("send_file") == "1"}
}

// readReportBody is readReport of a body that is in memory.
func readReportBody(contentType string, body []byte) (forgery.Report, error) {
	return readReport(contentType, bytes.NewReader(body))
}
