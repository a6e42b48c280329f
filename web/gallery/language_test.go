package gallery_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/web"
	"github.com/yinxin-gov/yinxin/web/gallery"
)

// person is a name of somebody as samples have it, masked or not: names stay in Chinese everywhere.
var person = regexp.MustCompile(`张伟|王芳|李四|李小宝|王小小|王\*明|[张李王赵孙]\*{1,2}|\p{Han}?\*{3,}\p{Han}?`)

var han = regexp.MustCompile(`\p{Han}+`)

// TestEnglishSamplesAreEnglish: whoever reviews the English pages, or looks at pictures of them, sees what an English reader would, but for the
// names of people, the choice of languages, and what is drawn of a document.
func TestEnglishSamplesAreEnglish(t *testing.T) {
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Catalogue: catalogue, Brand: web.Brand{Sandbox: true}})
	if err != nil {
		t.Fatal(err)
	}
	site := gallery.New(pages)
	addresses := []string{""}
	for _, sample := range gallery.Samples() {
		addresses = append(addresses, sample.Name)
	}
	for _, name := range addresses {
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/design/"+name+"?lang=en", nil))
		root, err := html.Parse(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range said(root) {
			if left := han.FindString(person.ReplaceAllString(text, "")); left != "" {
				t.Errorf("%s: %q in %q", name, left, strings.TrimSpace(text))
			}
		}
	}
}

// said are the texts of a page and the attributes that are read or shown, but for the choice of languages and drawings.
func said(n *html.Node) (all []string) {
	if n.Type == html.ElementNode {
		for _, a := range n.Attr {
			switch {
			case a.Key == "lang" && n.Data != "html", n.Data == "svg":
				return nil
			case a.Key == "value" || a.Key == "alt" || a.Key == "title" || a.Key == "aria-label" || a.Key == "placeholder":
				all = append(all, a.Val)
			}
		}
	}
	if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
		all = append(all, n.Data)
	}
	for child := range n.ChildNodes() {
		all = append(all, said(child)...)
	}
	return all
}
