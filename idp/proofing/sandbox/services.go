package sandbox

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp/source/simulated"
)

// Cards are the bank cards of personas by document number; the bank knows the persona's mobile number. The numbers have a prefix that no
// bank has.
var Cards = map[string]string{
	"11010519491231002X": "6222999900000000016",
	"99990019800101001X": "6222999900000000024",
	"999900199105050029": "6222999900000000032",
	"999900198807070046": "6222999900000000040",
	"999900197606060058": "6222999900000000057",
	"999900196002020069": "6222999900000000065",
	"999900197903030074": "6222999900000000073",
	"999900199212120088": "6222999900000000081",
}

// Magic cards steer the answer of the bank, whoever holds them.
const (
	CardSlow    = "6222999900009000017" // silent once; the same case asked about again is a match
	CardBroken  = "6222999900009000025"
	CardGarbage = "6222999900009000033"
)

type asked struct {
	RequestID string `json:"request_id"`
	Recall    bool   `json:"recall"`
	Name      string `json:"name"`
	IDType    string `json:"id_type"`
	IDNumber  string `json:"id_number"`
	Card      string `json:"card"`
	Mobile    string `json:"mobile"`
	ReturnURL string `json:"return_url"`
	Handle    string `json:"handle"`
}

func (q asked) persona() (Persona, bool) {
	for _, p := range Personas {
		if p.Document() == q.IDType && p.Number == q.IDNumber && p.Name == q.Name {
			return p, true
		}
	}
	return Persona{}, false
}

// answering is a simulated service.
func answering(token string, slow time.Duration, answer func(q asked, r *http.Request) map[string]any) http.Handler {
	return simulated.Handler(simulated.Source{What: "service", Token: token, Slow: slow}, answer)
}

// Carrier is the simulated carrier: the mobile numbers of the personas.
func Carrier(token string, slow time.Duration) http.Handler {
	return answering(token, slow, func(q asked, _ *http.Request) map[string]any {
		p, ok := q.persona()
		switch {
		case !ok:
			return map[string]any{"result": "mismatch"}
		case strings.Contains(p.Note, "refused"):
			return map[string]any{"result": "refused"}
		case p.Mobile != q.Mobile:
			return map[string]any{"result": "mobile_mismatch"}
		}
		return map[string]any{"result": "match"}
	})
}

// Bank is the simulated bank.
func Bank(token string, slow time.Duration) http.Handler {
	var mutex sync.Mutex
	known := map[string]string{} // what it answers when it is asked again
	return answering(token, slow, func(q asked, _ *http.Request) map[string]any {
		mutex.Lock()
		defer mutex.Unlock()
		if q.Recall {
			if known[q.RequestID] == "" {
				return nil
			}
			return map[string]any{"result": known[q.RequestID]}
		}
		if len(known) > maxVisits {
			clear(known)
		}
		switch q.Card {
		case CardSlow:
			known[q.RequestID] = "match"
			return nil
		case CardBroken:
			return nil
		case CardGarbage:
			return map[string]any{"result": true}
		}
		p, ok := q.persona()
		result := "match"
		switch {
		case !ok:
			result = "mismatch"
		case strings.Contains(p.Note, "refused"):
			result = "refused"
		case Cards[p.Number] != q.Card:
			result = "card_mismatch"
		case p.Mobile != q.Mobile:
			result = "mobile_mismatch"
		}
		known[q.RequestID] = result
		return map[string]any{"result": result}
	})
}

const maxVisits = 10_000

type visitor struct {
	asked
	result, key string
}

// Visits is a simulated service with a page of its own, on which the visitor chooses the result: a comparison of faces, or the
// national network identity service. origin is where its page is reached.
func Visits(token, title string, slow time.Duration, origin func() string) http.Handler {
	var mutex sync.Mutex
	visits := map[string]*visitor{}
	mux := http.NewServeMux()
	mux.Handle("POST /visits", answering(token, slow, func(q asked, _ *http.Request) map[string]any {
		mutex.Lock()
		defer mutex.Unlock()
		if len(visits) > maxVisits {
			clear(visits)
		}
		handle := "visit-" + q.RequestID
		visits[handle] = &visitor{asked: q, result: "pending"}
		return map[string]any{"handle": handle, "url": origin() + "/visit/" + url.PathEscape(handle)}
	}))
	mux.Handle("POST /results", answering(token, slow, func(q asked, _ *http.Request) map[string]any {
		mutex.Lock()
		defer mutex.Unlock()
		v, ok := visits[q.Handle]
		if !ok || v.RequestID != q.RequestID || v.result == "broken" {
			return nil
		}
		a := map[string]any{"result": v.result}
		if v.result == "match" {
			if _, known := v.persona(); v.IDNumber != "" && !known { // with a name it compares
				a["result"] = "mismatch"
			} else if v.IDNumber == "" {
				a["key"] = v.key
			}
		}
		return a
	}))
	mux.HandleFunc("GET /visit/{handle}", func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		v, ok := visits[r.PathValue("handle")]
		mutex.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		visitPage.Execute(w, map[string]any{"Title": title, "Handle": v.handle(), "Nameless": v.IDNumber == ""})
	})
	mux.HandleFunc("POST /visit/{handle}", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		mutex.Lock()
		defer mutex.Unlock()
		v, ok := visits[r.PathValue("handle")]
		if !ok || v.result != "pending" {
			http.NotFound(w, r)
			return
		}
		switch result := r.PostFormValue("result"); result {
		case "match", "mismatch", "refused", "pending", "broken":
			v.result, v.key = result, r.PostFormValue("key")
		default:
			http.Error(w, "simulated service: no such result", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, v.ReturnURL, http.StatusSeeOther)
	})
	return mux
}

func (v *visitor) handle() string { return "visit-" + v.RequestID }

var visitPage = template.Must(template.New("visit").Parse(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title><h1>{{.Title}}</h1><p>This service is simulated: choose what it answers.</p>
<form method="post" action="/visit/{{.Handle}}">{{if .Nameless}}<p><label>key <input name="key" value="net-1"></label></p>{{end}}
<p><button id="visit-match" name="result" value="match">通过 match</button>
<button id="visit-mismatch" name="result" value="mismatch">不是本人 mismatch</button>
<button id="visit-refused" name="result" value="refused">拒绝 refused</button>
<button id="visit-pending" name="result" value="pending">稍后 pending</button>
<button id="visit-broken" name="result" value="broken">不答复 broken</button></p></form></html>
`))
