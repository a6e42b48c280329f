package sealhttp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
)

// cborType is the media type of signed lists (RFC 8949 9.5).
const cborType = "application/cbor"

// listsOnPage is how many lists an index names at once.
const listsOnPage = 200

// Public serves what anybody may fetch without a login and caches may keep: GET /status/seals, the index of the status lists of seals, and
// GET /status/seals/{division}, the list of a division.
func Public(mux *http.ServeMux, service *esign.Service) {
	mux.HandleFunc("GET /status/seals", func(w http.ResponseWriter, r *http.Request) { index(w, r, service) })
	mux.HandleFunc("GET /status/seals/{division}", func(w http.ResponseWriter, r *http.Request) {
		list, err := service.PublishedList(r.Context(), r.PathValue("division"))
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		h := w.Header()
		h.Set("ETag", `"seals-`+list.Division+"-"+strconv.FormatUint(list.Number, 10)+`"`)
		h.Set("Last-Modified", list.IssuedAt.UTC().Format(http.TimeFormat))
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			public(w, cborType)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answerPublic(w, r, cborType, list.Content)
	})
}

// listed is a list in the index.
type listed struct {
	Division   string    `json:"division"`
	URL        string    `json:"url"`
	Number     uint64    `json:"number"`
	IssuedAt   time.Time `json:"issued_at"`
	NextUpdate time.Time `json:"next_update"`
}

func index(w http.ResponseWriter, r *http.Request, service *esign.Service) {
	after := r.URL.Query().Get("after")
	if _, ok := sealstatus.DivisionOf(after + "00000000"); after != "" && !ok {
		problem.Write(w, r, fault.New(fault.Malformed))
		return
	}
	page, err := service.StatusLists(r.Context(), after, listsOnPage)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	out := struct {
		Lists []listed `json:"lists"`
		Next  string   `json:"next,omitempty"`
	}{Lists: []listed{}}
	for _, l := range page {
		out.Lists = append(out.Lists, listed{l.Division, service.ListAddress(l.Division), l.Number, l.IssuedAt, l.NextUpdate})
	}
	if len(page) == listsOnPage {
		out.Next = page[len(page)-1].Division
	}
	content, err := json.Marshal(out)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	answerPublic(w, r, "application/json", content)
}

func public(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	// Five seconds: a seal that was stopped must be seen that soon; the ETag makes asking again cheap.
	h.Set("Cache-Control", "public, max-age=5")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
}

func answerPublic(w http.ResponseWriter, r *http.Request, kind string, content []byte) {
	public(w, kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a caller that went away is no fault of ours
	}
}
