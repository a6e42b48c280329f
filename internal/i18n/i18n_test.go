package i18n_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yinxin-gov/yinxin/internal/i18n"
)

func catalogue(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTextFillsPlaceholdersOnceAndFallsBack(t *testing.T) {
	files := fstest.MapFS{
		"messages.zh-CN.json":   {Data: []byte(`{"a.b":"剩 {n} 次,{who}","only":"只有中文"}`)},
		"messages.en.json":      {Data: []byte(`{"a.b":"{n} left, {who}"}`)},
		"messages.zh-Hant.json": {Data: []byte(`{"a.b":"剩 {n} 次,{who}"}`)},
	}
	c, err := i18n.New(i18n.Config{Messages: files})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, locale, key, want string }{
		{"in the language", "en", "a.b", "{who} left, Li {n}"},
		{"missing in the language", "en", "only", "只有中文"},
		{"missing everywhere", "en", "nowhere", "nowhere"},
		{"unknown language", "fr", "only", "只有中文"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.Text(test.locale, test.key, "n", "{who}", "who", "Li {n}"); got != test.want {
				t.Fatalf("%q, want %q", got, test.want)
			}
		})
	}
	if c.Has("only") || !c.Has("a.b") {
		t.Fatal("Has does not ask every language")
	}
	delete(files, "messages.en.json")
	if _, err := i18n.New(i18n.Config{Messages: files}); err == nil {
		t.Fatal("a missing catalogue was accepted")
	}
	files["messages.en.json"] = &fstest.MapFile{Data: []byte(`{"a.b":1}`)}
	if _, err := i18n.New(i18n.Config{Messages: files}); err == nil {
		t.Fatal("a catalogue with a number was accepted")
	}
}

func TestChooseLanguage(t *testing.T) {
	for _, test := range []struct{ name, url, cookie, header, want string }{
		{"default", "/", "", "", "zh-CN"},
		{"header", "/", "", "en-GB,zh;q=0.5", "en"},
		{"header of Taiwan", "/", "", "zh-TW", "zh-Hant"},
		{"header of Hong Kong", "/", "", "zh-HK,en;q=0.8", "zh-Hant"},
		{"header without a language of ours", "/", "", "fr", "zh-CN"},
		{"header by weight", "/", "", "fr, en;q=0.1, zh-CN;q=0.9", "zh-CN"},
		{"broken header", "/", "", "\x00;;q=", "zh-CN"},
		{"endless header", "/", "", strings.Repeat("fr,", 100_000) + "en", "zh-CN"},
		{"cookie before header", "/", "zh-Hant", "en", "zh-Hant"},
		{"bad cookie is passed over", "/", "<script>", "en", "en"},
		{"URL before cookie", "/?lang=en", "zh-Hant", "", "en"},
		{"ui_locales, first that we have", "/?ui_locales=fr+en-US+zh-CN", "", "", "en"},
		{"lang before ui_locales", "/?ui_locales=en&lang=zh-Hant", "", "", "zh-Hant"},
		{"bad lang is passed over", "/?lang=%22%3E", "en", "", "en"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.url, nil)
			if test.cookie != "" {
				r.AddCookie(&http.Cookie{Name: i18n.CookieName, Value: test.cookie})
			}
			r.Header.Set("Accept-Language", test.header)
			if got := i18n.Choose(r); got != test.want {
				t.Fatalf("%s, want %s", got, test.want)
			}
		})
	}
}

// rows reads a catalogue file with the order of its keys.
func rows(t *testing.T, locale string) (keys []string, texts map[string]string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("locales", "messages."+locale+".json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		value, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		name, text := key.(string), ""
		if text, _ = value.(string); text == "" {
			t.Errorf("%s: %s has no text", locale, name)
		}
		if _, twice := texts[name]; twice {
			t.Errorf("%s: %s stands twice", locale, name)
		}
		keys, texts[name] = append(keys, name), text
	}
	return keys, texts
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// every language has every key, in the same order, with the same placeholders.
func TestX20CataloguesAgree(t *testing.T) {
	keys, chinese := rows(t, i18n.Chinese)
	if !slices.IsSorted(keys) {
		for i := 1; i < len(keys); i++ {
			if keys[i] < keys[i-1] {
				t.Errorf("zh-CN: %s must stand before %s", keys[i], keys[i-1])
			}
		}
	}
	shape := regexp.MustCompile(`^[a-z0-9_-]+(\.[a-zA-Z0-9_-]+)+$`)
	for _, locale := range i18n.Locales()[1:] {
		otherKeys, other := rows(t, locale)
		for _, key := range keys {
			if !shape.MatchString(key) {
				t.Errorf("%s is no key of the form area.name", key)
			}
			text, ok := other[key]
			if !ok {
				t.Errorf("%s: %s is missing", locale, key)
				continue
			}
			if want, got := placeholders(chinese[key]), placeholders(text); !slices.Equal(want, got) {
				t.Errorf("%s: %s has placeholders %v, zh-CN has %v", locale, key, got, want)
			}
		}
		for _, key := range otherKeys {
			if _, ok := chinese[key]; !ok {
				t.Errorf("%s: %s is not in zh-CN", locale, key)
			}
		}
		if !slices.IsSorted(otherKeys) {
			t.Errorf("%s: keys are not in order", locale)
		}
	}
}

var (
	han       = regexp.MustCompile(`\p{Han}`)
	halfWidth = regexp.MustCompile(`\p{Han}[,;:!?()]|[,;:!?()]\p{Han}|\p{Han}\.(\s|$)|\p{Han}"|"\p{Han}`)
	// fullWidthInEnglish are marks that belong to Chinese only.
	fullWidthInEnglish = regexp.MustCompile("[\uFF0C\u3002\uFF1A\uFF1B\uFF01\uFF1F\uFF08\uFF09\u3001\u300C\u300D]")
)

// Chinese text uses full-width punctuation, English text none of it and no Chinese characters except in names.
func TestPunctuationFitsTheLanguage(t *testing.T) {
	for _, locale := range []string{i18n.Chinese, i18n.TraditionalChinese} {
		_, texts := rows(t, locale)
		for key, text := range texts {
			if bad := halfWidth.FindString(placeholder.ReplaceAllString(text, "字")); bad != "" {
				t.Errorf("%s: %s has half-width punctuation at %q", locale, key, bad)
			}
			if locale == i18n.TraditionalChinese && strings.ContainsAny(text, "“”") {
				t.Errorf("%s: %s has “ ”; write 「 」", locale, key)
			}
			if locale == i18n.Chinese && strings.ContainsAny(text, "「」") {
				t.Errorf("%s: %s has 「 」; write “ ”", locale, key)
			}
		}
	}
	_, texts := rows(t, i18n.English)
	for key, text := range texts {
		if bad := fullWidthInEnglish.FindString(text); bad != "" {
			t.Errorf("en: %s has full-width punctuation %q", key, bad)
		}
		if han.MatchString(text) && !strings.HasPrefix(key, "name.") {
			t.Errorf("en: %s is not translated: %q", key, text)
		}
	}
}

// simplified are characters of zh-CN messages that are written otherwise in Traditional Chinese.
const simplified = "证请码号验签没务这发现应实过账电话录户显问题为时间页码续开关链设语选择员经办项额处传讯网络识别领还务门资绍标监个条产业试历变执写动态体将从见们单围内区须协审级让权统总规计认护据检测较对联系随类责县镇国华东书亲长无运该适线红蓝绿旧边终维张赵钱孙吗与"

func TestTraditionalChineseIsWrittenInTraditionalCharacters(t *testing.T) {
	_, texts := rows(t, i18n.TraditionalChinese)
	ours := "別碼系適於合面區內過"
	for key, text := range texts {
		if strings.HasPrefix(key, "name.") {
			continue
		}
		for _, r := range text {
			if strings.ContainsRune(simplified, r) && !strings.ContainsRune(ours, r) {
				t.Errorf("zh-Hant: %s holds the simplified character %q", key, r)
			}
		}
	}
}

// oneWord are the words of zh-Hant for what zh-CN words alike would name another way (experience specification 4: written, not converted).
var oneWord = map[string]string{"短信": "簡訊", "獲取": "取得", "網絡": "網路", "身份": "身分", "數碼": "數位", "證書": "憑證", "賬": "帳", "信息": "資訊", "用戶": "使用者", "郵箱": "電子郵件", "密鑰": "金鑰", "設備": "裝置",
	"二維碼": "QR 碼", "令牌": "權杖", "登錄": "登入", "打印": "列印", "默認": "預設", "軟件": "軟體", "鏈接": "連結", "激活": "啟用"}

// legalNames stay as the law or the service has them.
var legalNames = strings.NewReplacer("國家網絡身份認證", "", "個人信息保護", "")

func TestTraditionalChineseHasOneWordForOneThing(t *testing.T) {
	_, texts := rows(t, i18n.TraditionalChinese)
	for key, text := range texts {
		for word, ours := range oneWord {
			if strings.Contains(legalNames.Replace(text), word) {
				t.Errorf("zh-Hant: %s says %s; we say %s: %q", key, word, ours, text)
			}
		}
	}
}

// Every key is used by code or a template, and every key that they name exists. A literal that ends with "." is the
// beginning of a family of keys ("license.status." followed by a value).
func TestKeysAreUsedAndExist(t *testing.T) {
	literals := usedLiterals(t, filepath.Join("..", ".."))
	c := catalogue(t)
	var families []string
	for literal := range literals {
		if strings.HasSuffix(literal, ".") && len(literal) > 3 {
			families = append(families, literal)
		}
	}
	for _, key := range c.Keys() {
		used := literals[key] || slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(key, f) })
		if !used {
			t.Errorf("%s is used nowhere", key)
		}
	}
	for key, file := range namedKeys(t, filepath.Join("..", "..", "web", "templates"), inTemplates) {
		if !c.Has(key) {
			t.Errorf("%s names %s, which is not in every catalogue", file, key)
		}
	}
	for _, folder := range []string{"web", "idp", "esign", "elicense", "internal/app"} {
		for key, file := range namedKeys(t, filepath.Join("..", "..", filepath.FromSlash(folder)), inCode) {
			if !c.Has(key) {
				t.Errorf("%s names %s, which is not in every catalogue", file, key)
			}
		}
	}
}

var quoted = regexp.MustCompile(`"[a-z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?"`)

func usedLiterals(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range []string{"web", "idp", "esign", "elicense", "internal"} {
		walkFiles(t, filepath.Join(root, folder), func(path, content string) {
			if strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".html") {
				return
			}
			for _, literal := range quoted.FindAllString(content, -1) {
				found[strings.Trim(literal, `"`)] = true
			}
		})
	}
	return found
}

var (
	inTemplates = regexp.MustCompile(`\bt "([^"]+)"`)
	inCode      = regexp.MustCompile(`\.Text\((?:r|request), "([^"]+)"[,)]`)
)

// namedKeys are the keys that files translate by name, with the file.
func namedKeys(t *testing.T, root string, pattern *regexp.Regexp) map[string]string {
	t.Helper()
	found := map[string]string{}
	walkFiles(t, root, func(path, content string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, match := range pattern.FindAllStringSubmatch(content, -1) {
			found[match[1]] = path
		}
	})
	if len(found) == 0 && pattern == inTemplates {
		t.Fatal("no template names a key: the search is broken")
	}
	return found
}

func walkFiles(t *testing.T, root string, visit func(path, content string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".html" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, string(content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryVerdictHasItsWords: each code of the table of verdicts (experience specification 3.12) has a banner, and a sentence that ends and names the next
// step; where that is to report the file, it says so.
func TestEveryVerdictHasItsWords(t *testing.T) {
	for locale, words := range map[string]struct{ end, report string }{i18n.Chinese: {"。", "举报"}, i18n.English: {".", "eport it"}, i18n.TraditionalChinese: {"。", "檢舉"}} {
		_, texts := rows(t, locale)
		codes := 0
		for code := range strings.FieldsSeq("V00 V01 V10 V11 V12 V13 V14 V20 V21 V22 V23 V24 V25 V26 V30 V31 V40 V41") {
			codes++
			banner, next := texts["verify.banner."+code], texts["verify.next."+code]
			if banner == "" || strings.HasSuffix(banner, words.end) || !strings.HasSuffix(next, words.end) || strings.ContainsAny(banner+next, "{}") {
				t.Errorf("%s %s: %q, %q", locale, code, banner, next)
			}
			if slices.Contains([]string{"V20", "V21", "V22", "V23", "V41"}, code) && !strings.Contains(next, words.report) {
				t.Errorf("%s %s: the next step is to report it: %q", locale, code, next)
			}
		}
		for key, text := range texts {
			kind, isNext := strings.CutPrefix(key, "verify.next.")
			switch base, variant, isVariant := strings.Cut(kind, "."); {
			case isNext && isVariant: // says the same with what the report knows
				if !strings.HasSuffix(text, words.end) || variant != "copy" && variant != "code" && !strings.Contains(text, "{") || texts["verify.next."+base] == "" {
					t.Errorf("%s %s: %q", locale, key, text)
				}
				if strings.Contains(texts["verify.next."+base], words.report) && !strings.Contains(text, words.report) {
					t.Errorf("%s %s: the next step is to report it: %q", locale, key, text)
				}
			case isNext, strings.HasPrefix(key, "verify.banner."):
				codes--
			}
		}
		if codes != -18 {
			t.Errorf("%s: words of a code that is not in the table: %d", locale, codes)
		}
	}
}
