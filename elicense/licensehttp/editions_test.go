package licensehttp_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// TestFormsOfALicence: the operation and both pages give the same octets, under the name of the identifier, to nobody else and kept by nobody.
func TestFormsOfALicence(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	w.RealLetters = true
	w.Restart(t)
	s := siteOf(t, w)
	id := s.issued("B1")
	for query, want := range map[string]struct{ media, disposition, begins string }{
		"":                        {"application/ofd", "attachment", "PK"},
		"?format=ofd":             {"application/ofd", "attachment", "PK"},
		"?format=pdf":             {"application/pdf", "attachment", "%PDF-1.7"},
		"?format=pdf&lang=en":     {"application/pdf", "attachment", "%PDF-1.7"},
		"?format=html":            {"text/html; charset=utf-8", "inline", `<!DOCTYPE html>` + "\n" + `<html lang="zh-CN">`},
		"?format=html&lang=en":    {"text/html; charset=utf-8", "inline", `<!DOCTYPE html>` + "\n" + `<html lang="en">`},
		"?format=text&lang=en":    {"text/plain; charset=utf-8", "inline", "Business Licence\n"},
		"?format=png&page=1":      {"image/png", "attachment", "\x89PNG"},
		"?format=text&page=1":     {"text/plain; charset=utf-8", "inline", "营业执照\n"},
		"?format=text&lang=zh-CN": {"text/plain; charset=utf-8", "inline", "营业执照\n"},
	} {
		var first []byte
		for _, from := range []struct {
			as   caller
			path string
		}{{person, "/api/v1/licenses/" + id + "/file"}, {person, "/me/licenses/" + id + "/file"}, {clerk, "/license/" + id + "/file"}} {
			rec := s.send(from.as, http.MethodGet, from.path+query, "", nil)
			h := rec.Header()
			if rec.Code != http.StatusOK || h.Get("Content-Type") != want.media || !strings.HasPrefix(h.Get("Content-Disposition"), want.disposition+"; filename=") || !strings.Contains(h.Get("Content-Disposition"), "1.2.156.3005.2.") ||
				!strings.Contains(h.Get("Cache-Control"), "no-store") || !strings.HasPrefix(rec.Body.String(), want.begins) {
				t.Errorf("%s%s: %d %v %.80s", from.path, query, rec.Code, h, rec.Body)
			}
			if first == nil {
				first = bytes.Clone(rec.Body.Bytes())
			} else if !bytes.Equal(first, rec.Body.Bytes()) {
				t.Errorf("%s%s: other octets than by the API", from.path, query)
			}
			if policy := h.Get("Content-Security-Policy"); want.media[:9] == "text/html" && (!strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe")) {
				t.Errorf("%s%s: policy %q", from.path, query, policy)
			}
			if rec := s.send(stranger, http.MethodGet, from.path+query, "", nil); rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
				t.Errorf("%s%s: a stranger is answered %d", from.path, query, rec.Code)
			}
		}
	}
	for query, code := range map[string]string{"?format=docx": "", "?format=html&lang=fr": "YX-LIC-471", "?format=png&page=9": "YX-LIC-472", "?format=ofd&lang=en": "YX-LIC-471"} {
		status := map[bool]int{true: http.StatusNotFound, false: http.StatusUnprocessableEntity}[code == "YX-LIC-472"]
		if answer := s.json(person, http.MethodGet, "/api/v1/licenses/"+id+"/file"+query, nil, status); code != "" && answer["code"] != code {
			t.Errorf("%s: %v", query, answer)
		}
		if page := s.page(person, "/me/licenses/"+id+"/file"+query, status); !strings.Contains(page, "<html") {
			t.Errorf("%s: no page", query)
		}
	}
	s.page(person, "/me/licenses/"+id+"/file?format=png&page=first", http.StatusNotFound)
}

// TestCopiesForReadingAreOffered: on the card of the holder and on the page of staff, each link answers.
func TestCopiesForReadingAreOffered(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	w.RealLetters = true
	w.Restart(t)
	s := siteOf(t, w)
	id := s.issued("B1")
	cards, err := licensehttp.Cards(licensetest.Person, w.Service)
	if err != nil || len(cards) != 1 || len(cards[0].Reading) != 2 || cards[0].Reading[0].Language != "zh-CN" {
		t.Fatalf("%+v %v", cards, err)
	}
	var links []string
	for _, one := range cards[0].Reading {
		links = append(links, one.Page, one.PDF, one.Text)
	}
	page := s.page(clerk, "/license/"+id, http.StatusOK)
	for _, link := range regexp.MustCompile(`href="(/license/[^"]*format=[^"]*)"`).FindAllStringSubmatch(page, -1) {
		s.page(clerk, strings.ReplaceAll(link[1], "&amp;", "&"), http.StatusOK)
		links = append(links, link[1])
	}
	if len(links) != 12 {
		t.Errorf("links %v", links)
	}
	for _, link := range links[:6] {
		s.page(person, link, http.StatusOK)
	}
}
