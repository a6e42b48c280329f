// Package web holds what people see: the templates of every page, the stylesheet, the data type of each page and the
// renderer (experience.md 6 and 7 decision C, design decision 15). Pages are plain HTML that works without scripts; an island adds what only a script can do,
// under a strict Content-Security-Policy, and loads nothing from anywhere else (check X-05).
//
// It is not for handlers: rooms decide what happens, fill a page type and call Renderer.Page. It imports no room.
// Element ids and names are a contract (design.md 3.3). WCAG 2.2 AA and GB/T 37668-2019 level 2 are the aim.
package web

import (
	"embed"
	"fmt"
	"net/http"

	"github.com/yinxin-gov/yinxin/internal/i18n"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Islands are bundled by esbuild; the outputs are committed.
//
//go:generate go tool -modfile=../tools/go.mod esbuild islands/passkey.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/passkey.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/work.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/work.js
//go:generate go run ./pack
//go:generate go tool -modfile=../tools/go.mod esbuild islands/verify.ts --bundle --minify --format=esm --target=es2020 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/verify.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/verify-worker.ts --bundle --minify --format=iife --target=es2020 --charset=utf8 --legal-comments=none --log-level=warning "--banner:js=// Holds wasm_exec.js: Copyright 2018 The Go Authors, BSD licence." --outfile=static/verify-worker.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/verify-offline.ts --bundle --minify --format=iife --target=es2020 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/verify-offline.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/session.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/session.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/reveal.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/reveal.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/scan.ts --bundle --minify --format=esm --target=es2020 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/scan.js
//go:generate go tool -modfile=../tools/go.mod esbuild islands/place.ts --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outfile=static/place.js

//go:embed static
var staticFiles embed.FS

// Brand is what the deployer says of the site; texts are in the deployer's own words and not translated.
type Brand struct {
	Name     string // of the site: 一网通办; empty is the product's own name
	Operator string // 示例市人民政府办公室
	Hotline  string // 12345
	Host     string // id.example.gov.cn, shown in "how to recognise this site"
	Sandbox  bool   // says on every page that this is a demonstration
}

// Config of a renderer.
type Config struct {
	Catalogue *i18n.Catalogue // required
	Brand     Brand
	// Identity says who is acting in a request, for pages whose handler did not say it (error pages among them); nil says
	// that nobody is signed in.
	Identity func(r *http.Request) Identity
	// Item names a service item in a language; nil shows codes.
	Item   func(locale, code string) string
	Secure bool // cookies of choices (language, view) carry Secure; false only for plain HTTP on loopback
}

// Renderer writes pages. It is safe for concurrent use.
type Renderer struct {
	catalogue *i18n.Catalogue
	brand     Brand
	secure    bool
	identity  func(r *http.Request) Identity
	item      func(locale, code string) string
	static    *staticSet
	pages     map[string]*pageSet // by locale
}

// New parses the templates that all pages share, in every language.
func New(cfg Config) (*Renderer, error) {
	if cfg.Catalogue == nil {
		return nil, fmt.Errorf("web: a catalogue is needed")
	}
	static, err := embedded()
	if err != nil {
		return nil, err
	}
	renderer := &Renderer{catalogue: cfg.Catalogue, brand: cfg.Brand, secure: cfg.Secure, identity: cfg.Identity, item: cfg.Item, static: static, pages: map[string]*pageSet{}}
	for _, locale := range i18n.Locales() {
		if renderer.pages[locale], err = renderer.newPageSet(locale); err != nil {
			return nil, err
		}
	}
	return renderer, nil
}
