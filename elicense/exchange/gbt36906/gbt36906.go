// Package gbt36906 is a sharing interface of licences in the shape of GB/T 36906-2018: operations by POST with head and data, for platforms that speak it.
// It decides nothing of its own: who calls is told by an access token of the platform, what may be seen by a grant by function (elicense), and each use stands on
// the holder's ledger as any other.
//
//	POST /gbt36906/v1/{operation}   {head: {accessId, accessToken}, data: {…}} → {head: {status, message}, data}
//	GET  /gbt36906/v1/files/{file}  the file of an annotated copy, once
//
// The text of the standard was not at hand. Names and codes follow what is seen in use and stand in names.json.
package gbt36906

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// Bounds of a request in octets. A file that is to be verified comes as base64 in it.
const (
	maxBody     = 64 << 10
	maxFileBody = 14 << 20
	maxDrawing  = 2 // copies drawn at a time on this machine
)

// Paths of the interface.
const (
	Prefix    = "/gbt36906/v1/"
	filesPath = Prefix + "files/"
)

// Config is what the interface stands on.
type Config struct {
	Service *elicense.Service
	// Authenticate finds who calls by an access token of the platform, bound by DPoP or mutual TLS where the token is, and gives the request's context with
	// the actor. A token that does not hold is fault.Unauthenticated.
	Authenticate func(w http.ResponseWriter, r *http.Request, token string) (context.Context, error)
	// Encrypt encrypts for the registered key of an application; empty where it has none.
	Encrypt func(client string, data []byte) (string, error)
	BaseURL string // of the platform, without a slash at its end
	Faces   render.Faces
}

// server answers calls.
type server struct {
	Config
	drawing chan struct{}
}

// Routes adds the interface.
func Routes(mux *http.ServeMux, cfg Config) {
	s := &server{cfg, make(chan struct{}, maxDrawing)}
	mux.HandleFunc("POST "+Prefix+"{operation}", s.call)
	mux.HandleFunc("GET "+filesPath+"{file}", s.file)
}

// request is what a caller sends.
type request struct {
	Head struct {
		AccessID    string `json:"accessId"`
		AccessToken string `json:"accessToken"`
	} `json:"head"`
	Data json.RawMessage `json:"data"`
}

// head of an answer.
type head struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// answer is what a caller gets; Data is a text, the envelope, where it is encrypted.
type answer struct {
	Head head `json:"head"`
	Data any  `json:"data"`
}

// call answers one operation. The answer is 200 whatever it says, as callers of the interface expect; the code stands in the head.
func (s *server) call(w http.ResponseWriter, r *http.Request) {
	data, err := s.operate(w, r)
	code, message := codeOf(err)
	if err != nil {
		data = nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(answer{head{code, message}, data}) // a caller that went away is no fault of ours
}

func (s *server) operate(w http.ResponseWriter, r *http.Request) (any, error) {
	name := r.PathValue("operation")
	kind, known := words.Operations[name]
	run := operations[kind]
	if !known || run.run == nil {
		return nil, &refusal{code: codeLacking}
	}
	in, err := read(w, r, run.most)
	if err != nil {
		return nil, err
	}
	if in.Head.AccessID == "" || in.Head.AccessToken == "" {
		return nil, fault.New(fault.Unauthenticated)
	}
	ctx, err := s.Authenticate(w, r, in.Head.AccessToken)
	if err != nil {
		return nil, err
	}
	actor := reqctx.From(ctx).Actor
	if !actor.Machine() || actor.Client != in.Head.AccessID {
		return nil, fault.New(fault.Unauthenticated)
	}
	values, err := readData(in.Data, run)
	if err != nil {
		return nil, err
	}
	told, err := run.run(s, ctx, values)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(told)
	if err != nil {
		return nil, err
	}
	envelope, err := s.Encrypt(actor.Client, plain)
	switch {
	case err != nil:
		return nil, err
	case envelope != "":
		return envelope, nil
	}
	return json.RawMessage(plain), nil
}

// read reads the body of a call: one JSON document without doubt, with head and data and nothing else.
func read(w http.ResponseWriter, r *http.Request, most int64) (in request, err error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return in, fault.New(fault.UnsupportedMedia)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return in, fault.Wrap(err, fault.TooLarge)
		}
		return in, fault.Wrap(err, fault.Malformed)
	}
	if err := strictjson.Check(body); err != nil {
		return in, fault.Wrap(err, fault.Malformed)
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return in, fault.Wrap(err, fault.Malformed)
	}
	return in, nil
}

// values are the members of data by our names: texts, but for face_fields and fields.
type values struct {
	text   map[string]string
	face   map[string]string
	fields []string
}

// readData reads the members that an operation takes and asks for the ones that it needs.
func readData(data json.RawMessage, run operation) (v values, err error) {
	v.text = map[string]string{}
	var members map[string]json.RawMessage
	if len(data) == 0 || json.Unmarshal(data, &members) != nil {
		return v, &refusal{codeValue, "data"}
	}
	for member, raw := range members {
		name, known := words.Request[member]
		if _, twice := v.text[name]; !known || twice || !run.takes(name) {
			return v, &refusal{codeValue, member}
		}
		var into any
		switch name {
		case "face_fields":
			into = &v.face
		case "fields":
			into = &v.fields
		default:
			var text string
			if json.Unmarshal(raw, &text) != nil || name != "content" && len(text) > 4096 {
				return v, &refusal{codeValue, member}
			}
			v.text[name] = strings.TrimSpace(text)
			continue
		}
		if json.Unmarshal(raw, into) != nil || len(v.face) > 100 || len(v.fields) > 100 {
			return v, &refusal{codeValue, member}
		}
	}
	for _, name := range run.needs {
		if v.text[name] == "" && (name != "face_fields" || len(v.face) == 0) {
			return v, &refusal{codeMissing, run.member(name)}
		}
	}
	if code, named := v.text["license_type_code"]; named && len(code) != 21 {
		return v, &refusal{codeType, code}
	}
	return v, nil
}

// file gives the file of a copy to whoever has its address, once. A question for the head alone would use it up for nothing and gets none.
func (s *server) file(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		problem.Write(w, r, fault.New(fault.MethodNotAllowed))
		return
	}
	c, content, err := s.Service.FetchLinked(r.Context(), r.PathValue("file"))
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/ofd")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.Data.LicenseID + ".OFD"}))
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content)
}
