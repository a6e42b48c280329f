package licensehttp

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
)

func schemaTypeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func statusPath(list uint64) string { return "/status/" + strconv.FormatUint(list, 10) }

// cborType is the media type of status lists, deltas and the trust bundle (RFC 8949 9.5).
const cborType = "application/cbor"

// Public serves what anybody may fetch without a login and caches may keep: GET /status/{list} (a number, or "delta") and
// GET /trust/keys (the keys of presentation codes, which the trust list carries too), GET /trust/region (what other platforms need to judge the licences of this one), GET /trust/bundle (what a counter carries), GET /trust/types/{code}/{version} (the signed package of
// a licence type that is not built in), and the transparency log below /log/.
func Public(mux *http.ServeMux, service *elicense.Service) {
	serve := func(w http.ResponseWriter, r *http.Request, name string) {
		p, err := service.Published(r.Context(), name)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", cborType)
		h.Set("ETag", `"`+p.Name+"-"+strconv.FormatUint(p.Number, 10)+`"`)
		h.Set("Last-Modified", p.IssuedAt.UTC().Format(http.TimeFormat))
		// Five seconds: a change must be seen that soon; the ETag makes asking again cheap.
		h.Set("Cache-Control", "public, max-age=5")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(p.Content)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(p.Content) // a caller that went away is no fault of ours
		}
	}
	mux.HandleFunc("GET /status/{list}", func(w http.ResponseWriter, r *http.Request) { serve(w, r, r.PathValue("list")) })
	publicLog(mux, service)
	mux.HandleFunc("GET /trust/types/{code}/{version}", func(w http.ResponseWriter, r *http.Request) {
		version, err := strconv.Atoi(r.PathValue("version"))
		if err != nil || strconv.Itoa(version) != r.PathValue("version") {
			problem.Write(w, r, fault.New(fault.NotFound))
			return
		}
		serve(w, r, elicense.TypeObject(r.PathValue("code"), version))
	})
	mux.HandleFunc("GET /trust/region", func(w http.ResponseWriter, r *http.Request) { serve(w, r, elicense.NameRegion) })
	mux.HandleFunc("GET /trust/bundle", func(w http.ResponseWriter, r *http.Request) {
		content, err := service.CounterBundle(r.Context())
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", cborType)
		h.Set("Content-Disposition", `attachment; filename="counter.bundle"`)
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Length", strconv.Itoa(len(content)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(content) // a caller that went away is no fault of ours
		}
	})
	mux.HandleFunc("GET /trust/keys", func(w http.ResponseWriter, r *http.Request) { serve(w, r, elicense.NameKeys) })
}
