package keyshttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/keys/trusted"
)

// TrustList serves GET /trust/list, the signed trust list of the platform, to anybody; caches may keep it.
func TrustList(mux *http.ServeMux, current func(ctx context.Context) (trusted.Published, error)) {
	mux.HandleFunc("GET /trust/list", func(w http.ResponseWriter, r *http.Request) {
		p, err := current(r.Context())
		if errors.Is(err, trusted.ErrNone) {
			err = fault.Wrap(err, fault.NotFound)
		} else if err != nil {
			err = fault.Wrap(err, fault.Unavailable)
		}
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		h := w.Header()
		h.Set("ETag", `"trust-`+strconv.FormatUint(p.Number, 10)+`"`)
		h.Set("Last-Modified", p.IssuedAt.UTC().Format(http.TimeFormat))
		// Five seconds: an authority that was withdrawn must be seen that soon; the ETag makes asking again cheap.
		h.Set("Cache-Control", "public, max-age=5")
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer(w, "application/cbor", p.Content)
	})
}
