package gallery

import (
	_ "embed" // the words of samples
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
)

// What samples say stands in them in Chinese. In another language a sample shows what the page would: messages of the catalogue and of faults are
// found by their Chinese text, and words.json has the rest, which is what departments and handlers enter. Names of people stay.

//go:embed words.json
var wordsFile []byte

// words are what samples say, by language and Chinese text.
var words = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{"en": {}, "zh-Hant": {}}
	for _, meta := range fault.Codes() {
		for locale := range all {
			all[locale][meta.Title["zh-CN"]], all[locale][meta.Hint["zh-CN"]] = meta.Title[locale], meta.Hint[locale]
		}
	}
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		panic(err) // the messages are embedded
	}
	for _, key := range catalogue.Keys() {
		for locale := range all {
			all[locale][catalogue.Text("zh-CN", key)] = catalogue.Text(locale, key)
		}
	}
	var own map[string][2]string // English, traditional Chinese
	if err := json.Unmarshal(wordsFile, &own); err != nil {
		panic(err) // the file is embedded
	}
	for text, in := range own {
		all["en"][text], all["zh-Hant"][text] = in[0], in[1]
	}
	return all
})

// In lists all states in a language.
func In(locale string) []Sample {
	samples := list(locale)
	table := words()[locale]
	if table == nil {
		return samples
	}
	for i := range samples {
		page := reflect.ValueOf(&samples[i].Page).Elem()
		page.Set(translated(page, table))
	}
	return samples
}

// say gives the text in a language, or as it is. Parts that a dot joins are looked up by themselves.
func say(table map[string]string, text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
		return text
	}
	if other := table[text]; other != "" {
		return other
	}
	parts := strings.Split(text, " · ")
	if len(parts) == 1 {
		return text
	}
	for i := range parts {
		parts[i] = say(table, parts[i])
	}
	return strings.Join(parts, " · ")
}

// translated copies a value with its texts in a language. What a page draws or a package keeps to itself stays.
func translated(value reflect.Value, table map[string]string) reflect.Value {
	switch value.Kind() {
	case reflect.String:
		if value.Type().PkgPath() == "html/template" {
			return value
		}
		return reflect.ValueOf(say(table, value.String())).Convert(value.Type())
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return value
		}
		inner := translated(value.Elem(), table)
		if value.Kind() == reflect.Interface {
			return inner.Convert(value.Type())
		}
		pointer := reflect.New(value.Type().Elem())
		pointer.Elem().Set(inner)
		return pointer
	case reflect.Struct:
		copied := reflect.New(value.Type()).Elem()
		copied.Set(value)
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				copied.Field(i).Set(translated(value.Field(i), table))
			}
		}
		return copied
	case reflect.Slice:
		if value.IsNil() {
			return value
		}
		copied := reflect.MakeSlice(value.Type(), value.Len(), value.Len())
		for i := range value.Len() {
			copied.Index(i).Set(translated(value.Index(i), table))
		}
		return copied
	case reflect.Map:
		if value.IsNil() {
			return value
		}
		copied := reflect.MakeMapWithSize(value.Type(), value.Len())
		for _, key := range value.MapKeys() {
			copied.SetMapIndex(key, translated(value.MapIndex(key), table))
		}
		return copied
	}
	return value
}
