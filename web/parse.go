package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"

	"github.com/yinxin-gov/yinxin/internal/i18n"
)

// pageSet is the pages of one language. A page is parsed when it is first asked for: all pages in all languages took a
// third of the start of a server and several megabytes, and a process shows few of them.
type pageSet struct {
	shared *template.Template // base and partials, whose names begin with "_"
	pages  map[string]*lazyPage
}

type lazyPage struct {
	once     sync.Once
	template *template.Template
	err      error
}

// newPageSet parses the shared templates of a language and lists the pages.
func (rd *Renderer) newPageSet(locale string) (*pageSet, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: list templates: %w", err)
	}
	set := &pageSet{pages: map[string]*lazyPage{}}
	set.shared, err = template.New("base").Funcs(rd.functions(locale)).Option("missingkey=error").ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("web: parse shared templates: %w", err)
	}
	for _, path := range names {
		if name := strings.TrimSuffix(strings.TrimPrefix(path, "templates/"), ".html"); !strings.HasPrefix(name, "_") {
			set.pages[name] = &lazyPage{}
		}
	}
	return set, nil
}

// page gives a page's template, a copy of the shared ones with its own.
func (s *pageSet) page(name string) (*template.Template, error) {
	page := s.pages[name]
	if page == nil {
		return nil, fmt.Errorf("web: there is no page %q", name)
	}
	page.once.Do(func() {
		if page.template, page.err = s.shared.Clone(); page.err == nil {
			page.template, page.err = page.template.ParseFS(templateFiles, "templates/"+name+".html")
		}
	})
	if page.err != nil {
		return nil, fmt.Errorf("web: parse page %s: %w", name, page.err)
	}
	return page.template, nil
}

// Names lists the pages, in no order.
func (rd *Renderer) Names() []string {
	names := make([]string, 0, len(rd.pages[i18n.Chinese].pages))
	for name := range rd.pages[i18n.Chinese].pages {
		names = append(names, name)
	}
	return names
}
