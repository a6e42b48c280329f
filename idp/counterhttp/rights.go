package counterhttp

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/lockedzip"
	"github.com/yinxin-gov/yinxin/web"
)

const dataURL = "/counter/data"

// effectsOf are what a person is told of an act beside its name, before the word is given: on the screen, on the form and by the clerk who
// reads it out.
func (s *Server) effectsOf(r *http.Request, kind string) (all []string) {
	text := func(key string, params ...string) string { return s.Renderer.Text(r, key, params...) }
	switch kind {
	case counter.ActData, counter.ActDataPaper, counter.ActUndelete, counter.ActChildUndelete:
		return []string{text("counter.effect." + kind)}
	case counter.ActDelete, counter.ActChildDelete:
		all = append(all, text("counter.effect."+kind))
		for _, effect := range []string{"signin", "apps", "data", "back"} {
			all = append(all, text("deletion.effect."+effect))
		}
		for _, k := range idp.KeptRecords {
			all = append(all, text("deletion.kept")+" · "+text("deletion.kept."+k.ID)+" · "+text("deletion.kept.why", "citation", k.Citation, "years", strconv.Itoa(k.Years)))
		}
	}
	return all
}

// blocked are what stands in the way of a deletion, with what can be done about it at this desk.
func (s *Server) blocked(r *http.Request, blockers []idp.Blocker) (all []string) {
	for _, b := range blockers {
		if text := s.Renderer.Text(r, "counter.blocker."+b.Kind); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// data shows how the copy stands and hands it over.
func (s *Server) data(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.looking(w, r)
	if !ok {
		return err
	}
	return s.showData(w, r, d.by, d.v, nil)
}

func (s *Server) showData(w http.ResponseWriter, r *http.Request, by counter.Clerk, v counter.Visit, refused error) error {
	h, err := s.Counter.Handing(r.Context(), by, v)
	if err != nil {
		return err
	}
	if !h.Asked {
		return see(w, r, "/counter/visit")
	}
	shown, err := s.Counter.Show(r.Context(), v)
	if err != nil {
		return err
	}
	body := web.CounterDataPage{Name: shown.Name, State: string(h.Export.State), Action: dataURL, Back: "/counter/visit", Hidden: hidden("visit", v.ID, "asked", asked(v)),
		Archive: contains(h.Open, counter.FormArchive), Paper: contains(h.Open, counter.FormPaper), NoPaper: h.Export.State == idp.ExportReady && h.Export.Document.Digest == "" && v.Agreed(counter.ActDataPaper),
		MinPassphrase: lockedzip.MinPassphrase, MaxPassphrase: lockedzip.MaxPassphrase}
	page := web.Page{Self: "/counter", Errors: s.failures(r, refused, "counter-passphrase"), Body: body, OnwardURL: "/counter/visit", OnwardSeconds: int(v.ExpiresAt.Sub(s.Now())/1e9) + 1}
	if h.Export.State == idp.ExportWaiting {
		page.OnwardURL, page.OnwardSeconds = dataURL, waitSeconds
	}
	return s.show(w, r, statusOf(refused), "counter-data", page)
}

// dataHand answers with the copy itself, which is kept nowhere on the way. The person types the passphrase, twice, and the clerk does not
// see it.
func (s *Server) dataHand(w http.ResponseWriter, r *http.Request) error {
	typed, d, ok, err := s.posted(w, r)
	if !ok {
		return err
	}
	way := typed.Get("counter-form")
	switch {
	case typed.Get("asked") != asked(d.v):
		err = fault.New(fault.CounterAgreement)
	case way != counter.FormArchive && way != counter.FormPaper:
		err = fault.New(fault.Malformed)
	case way == counter.FormArchive && subtle.ConstantTimeCompare([]byte(typed.Get("counter-passphrase")), []byte(typed.Get("counter-passphrase-again"))) != 1:
		err = fault.New(fault.PassphraseDiffers).WithField("counter-passphrase-again", fault.PassphraseDiffers)
	}
	var e idp.Export
	var content []byte
	if err == nil {
		e, content, err = s.Counter.HandOver(r.Context(), d.by, d.v, way, typed.Get("counter-passphrase"))
	}
	if fault.CodeOf(err) == fault.PassphraseUnfit {
		err = fault.Wrap(err, fault.PassphraseUnfit).WithField("counter-passphrase", fault.PassphraseUnfit)
	}
	if mendable(err) {
		return s.showData(w, r, d.by, d.v, err)
	}
	if err != nil {
		return err
	}
	kind := "application/zip"
	if way == counter.FormPaper {
		kind = "application/ofd"
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+e.ID+"."+way+`"`)
	_, err = w.Write(content)
	return err
}
