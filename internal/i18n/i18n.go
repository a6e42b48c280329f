// Package i18n holds the platform's messages in zh-CN (first), en and zh-Hant and chooses a language for a request
// (experience.md 4, check X-20). Catalogues are flat JSON objects, key to text with {name} placeholders; they are tested
// like code: a missing or unused key, a placeholder that differs or half-width punctuation in Chinese fails the tests.
//
// Texts of error codes live in package fault. Text that people or departments enter is never translated here.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Languages of the platform as BCP 47 tags; the first is the default.
const (
	Chinese            = "zh-CN"
	English            = "en"
	TraditionalChinese = "zh-Hant"
)

// CookieName is the cookie that keeps the chosen language.
const CookieName = "yx_lang"

// Locales lists the languages in the order in which they are offered.
func Locales() []string { return []string{Chinese, English, TraditionalChinese} }

//go:embed locales/messages.*.json
var embedded embed.FS

// Config of a catalogue. The zero value takes the embedded messages.
type Config struct {
	Messages fs.FS // holds messages.<locale>.json
}

// Catalogue holds all messages. It is read-only and safe for concurrent use.
type Catalogue struct {
	messages map[string]map[string]string // locale → key → text
}

// New gives the catalogue of every language. The embedded one is read once in a process.
func New(cfg Config) (*Catalogue, error) {
	if cfg.Messages == nil {
		return own()
	}
	return load(cfg.Messages)
}

var own = sync.OnceValues(func() (*Catalogue, error) {
	source, err := fs.Sub(embedded, "locales")
	if err != nil {
		return nil, fmt.Errorf("i18n: open catalogues: %w", err)
	}
	return load(source)
})

func load(source fs.FS) (*Catalogue, error) {
	catalogue := &Catalogue{messages: map[string]map[string]string{}}
	for _, locale := range Locales() {
		content, err := fs.ReadFile(source, "messages."+locale+".json")
		if err != nil {
			return nil, fmt.Errorf("i18n: read catalogue: %w", err)
		}
		messages := map[string]string{}
		if err := json.Unmarshal(content, &messages); err != nil {
			return nil, fmt.Errorf("i18n: catalogue %s: %w", locale, err)
		}
		catalogue.messages[locale] = messages
	}
	return catalogue, nil
}

// Text is the message of the key in the locale, its placeholders filled from name, value pairs. A key that the locale
// lacks is answered in zh-CN, and one that is nowhere by the key itself, so that a page never fails for a word.
func (c *Catalogue) Text(locale, key string, params ...string) string {
	text, ok := c.messages[locale][key]
	if !ok {
		if text, ok = c.messages[Chinese][key]; !ok {
			return key
		}
	}
	return Fill(text, params...)
}

// Has reports whether every language has the key.
func (c *Catalogue) Has(key string) bool {
	for _, locale := range Locales() {
		if _, ok := c.messages[locale][key]; !ok {
			return false
		}
	}
	return true
}

// Keys lists the keys of the default language in order.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.messages[Chinese]))
	for key := range c.messages[Chinese] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Fill replaces {name} in the text by the value of each name, value pair, in one pass: a value is never read again as
// a pattern.
func Fill(text string, params ...string) string {
	if len(params) < 2 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, len(params))
	for i := 0; i+1 < len(params); i += 2 {
		pairs = append(pairs, "{"+params[i]+"}", params[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// maxHeader bounds what is read of Accept-Language (security rule R11).
const maxHeader = 256

var matcher = language.NewMatcher([]language.Tag{language.MustParse(Chinese), language.MustParse(English), language.MustParse(TraditionalChinese)})

// Choose picks the language of a request: URL parameter lang or ui_locales, then the cookie, then Accept-Language, then
// zh-CN. Values that name no language of ours are passed over.
func Choose(r *http.Request) string {
	if locale, ok := Asked(r); ok {
		return locale
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		if locale, ok := Match(cookie.Value); ok {
			return locale
		}
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > maxHeader {
		header = header[:maxHeader]
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return Chinese
	}
	return nearest(tags)
}

// Asked is the language that the URL asks for, by lang or by the OpenID Connect parameter ui_locales (a list separated
// by spaces, best first).
func Asked(r *http.Request) (string, bool) {
	query := r.URL.Query()
	for _, name := range []string{"lang", "ui_locales"} {
		for value := range strings.FieldsSeq(query.Get(name)) {
			if locale, ok := Match(value); ok {
				return locale, true
			}
		}
	}
	return "", false
}

// Match finds our language for one BCP 47 tag.
func Match(tag string) (string, bool) {
	if tag == "" || len(tag) > maxHeader {
		return "", false
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return "", false
	}
	_, index, confidence := matcher.Match(parsed)
	if confidence == language.No {
		return "", false
	}
	return Locales()[index], true
}

func nearest(tags []language.Tag) string {
	_, index, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return Chinese
	}
	return Locales()[index]
}
