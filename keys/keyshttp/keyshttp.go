// Package keyshttp serves what the keys room offers over HTTP to anybody: time stamps (RFC 3161 3.4) and the state of
// certificates (RFC 6960 appendix A). Both are protocols of their own: answers are DER, and a refusal is an answer.
package keyshttp

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/tsa"
)

// Media types of RFC 3161 3.4.
const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
)

// Media types of RFC 6960 appendix C.
const (
	ocspRequestType  = "application/ocsp-request"
	ocspResponseType = "application/ocsp-response"
)

// maxOCSPGet bounds the request in the path of a GET (RFC 6960 appendix A.1: less than 255 octets after encoding).
const maxOCSPGet = 255

// TimeStamps serves POST /tsa. A request that cannot be granted gets a TimeStampResp with PKIFailureInfo and status 200, as
// RFC 3161 has it; one that is too large or of another media type never reaches the authority.
func TimeStamps(mux *http.ServeMux, service *tsa.Service) {
	mux.HandleFunc("POST /tsa", func(w http.ResponseWriter, r *http.Request) {
		request, err := body(w, r, queryType, tst.MaxRequest)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		response, err := service.Respond(r.Context(), request)
		if response == nil {
			problem.Write(w, r, err)
			return
		}
		if refusal, ok := errors.AsType[*tsa.Refusal](err); ok && refusal.Cause != nil {
			problem.Log(r.Context(), refusal, http.StatusServiceUnavailable)
		}
		answer(w, replyType, response)
	})
}

// Responder answers OCSP requests; package keys/ca does.
type Responder interface {
	Respond(ctx context.Context, request []byte) (response []byte, err error)
}

// OCSP serves POST /ocsp and GET /ocsp/{request in Base64}. Refusals are answers with status 200, as RFC 6960 has it.
func OCSP(mux *http.ServeMux, responder Responder) {
	respond := func(w http.ResponseWriter, r *http.Request, request []byte) {
		response, err := responder.Respond(r.Context(), request)
		if err != nil {
			problem.Log(r.Context(), err, http.StatusServiceUnavailable)
		}
		answer(w, ocspResponseType, response)
	}
	mux.HandleFunc("POST /ocsp", func(w http.ResponseWriter, r *http.Request) {
		request, err := body(w, r, ocspRequestType, pki.MaxOCSPRequest)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		respond(w, r, request)
	})
	mux.HandleFunc("GET /ocsp/{request...}", func(w http.ResponseWriter, r *http.Request) {
		text := r.PathValue("request")
		if len(text) > maxOCSPGet {
			problem.Write(w, r, fault.New(fault.TooLarge, "limit", strconv.Itoa(maxOCSPGet)+" B"))
			return
		}
		request, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			problem.Write(w, r, fault.Wrap(err, fault.Malformed))
			return
		}
		respond(w, r, request)
	})
}

// body reads a request of a media type, whole and bounded.
func body(w http.ResponseWriter, r *http.Request, want string, limit int64) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != want {
		return nil, fault.New(fault.UnsupportedMedia)
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, fault.Wrap(err, fault.TooLarge, "limit", strconv.FormatInt(limit>>10, 10)+" KB")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	return content, nil
}

func answer(w http.ResponseWriter, kind string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	_, _ = w.Write(content) // a caller that went away is no fault of ours
}
