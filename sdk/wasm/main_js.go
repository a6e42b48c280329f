//go:build js

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

func main() {
	verifier := offline.New()
	viewer := &viewer{verifier: verifier}
	js.Global().Set("yinxinVerifier", js.ValueOf(map[string]any{
		"addTrust": js.FuncOf(func(_ js.Value, arguments []js.Value) any { return addTrust(verifier, arguments) }),
		"verify":   js.FuncOf(func(_ js.Value, arguments []js.Value) any { return verifyOne(verifier, arguments) }),
		"view":     js.FuncOf(func(_ js.Value, arguments []js.Value) any { return viewer.view(arguments) }),
		"letters":  js.FuncOf(func(_ js.Value, arguments []js.Value) any { return viewer.letters(arguments) }),
		"page":     js.FuncOf(func(_ js.Value, arguments []js.Value) any { return viewer.page(arguments) }),
	}))
	select {} // the functions above are called from outside
}

func addTrust(verifier *offline.Verifier, arguments []js.Value) (answer map[string]any) {
	defer func() {
		if recover() != nil {
			answer = failure(errors.New("the trust file could not be read"))
		}
	}()
	content, name, err := document(arguments, offline.MaxTrustFile)
	if err != nil {
		return failure(err)
	}
	if err := verifier.AddTrustBytes(content); err != nil {
		return failure(fmt.Errorf("%s: %w", name, err))
	}
	return map[string]any{}
}

func verifyOne(verifier *offline.Verifier, arguments []js.Value) (answer map[string]any) {
	result, _, err := judge(verifier, arguments)
	if err != nil {
		return failure(err)
	}
	return report(result)
}

// judge reads the arguments of a call and judges the file in them.
func judge(verifier *offline.Verifier, arguments []js.Value) (result verify.Result, content []byte, err error) {
	defer func() {
		if recover() != nil { // outside the verifier, which guards itself
			result, err = offline.Failed("", nil), nil
		}
	}()
	content, name, err := document(arguments, offline.MaxDocument)
	if err != nil {
		return result, nil, err
	}
	var options js.Value
	if len(arguments) > 2 {
		options = arguments[2]
	}
	asked, err := readOptions(options)
	if err != nil {
		return result, nil, err
	}
	verifier.SetTime(asked.at)
	verifier.SetStrict(asked.strict)
	verifier.SetLocale(asked.locale)
	verifier.SetPageText(asked.pageText)
	verifier.SetChallenge(asked.challenge)
	return verifier.VerifyAt(time.Now(), name, content), content, nil
}

func report(result verify.Result) map[string]any {
	encoded, err := offline.Encode(verify.Report{Results: []verify.Result{result}})
	if err != nil {
		return failure(err)
	}
	return map[string]any{"report": string(encoded)}
}

func failure(err error) map[string]any { return map[string]any{"error": err.Error()} }

// document reads the first two arguments of both functions.
func document(arguments []js.Value, limit int) ([]byte, string, error) {
	if len(arguments) < 2 || !arguments[0].InstanceOf(js.Global().Get("Uint8Array")) || arguments[1].Type() != js.TypeString {
		return nil, "", errors.New("the arguments are a Uint8Array and a name")
	}
	name, size := arguments[1].String(), arguments[0].Get("byteLength").Int()
	if size > limit {
		return nil, name, fmt.Errorf("%s is larger than %d octets", name, limit)
	}
	content := make([]byte, size)
	js.CopyBytesToGo(content, arguments[0])
	return content, name, nil
}

// maxPageText bounds the text of a page, in characters, as the page and the service do.
const maxPageText = 16 << 10

// settings are the options of a call, those that were left out with their usual values.
type settings struct {
	at        time.Time
	strict    bool
	locale    string
	pageText  string
	challenge []byte
}

func readOptions(options js.Value) (settings, error) {
	read := settings{locale: offline.Locales[0]}
	if options.IsUndefined() || options.IsNull() {
		return read, nil
	}
	if options.Type() != js.TypeObject {
		return read, errors.New("options are an object")
	}
	text := func(name string) (value string, given bool, err error) {
		v := options.Get(name)
		if v.IsUndefined() {
			return "", false, nil
		}
		if v.Type() != js.TypeString {
			return "", false, fmt.Errorf("%s is a text", name)
		}
		return v.String(), true, nil
	}
	if value, given, err := text("at"); err != nil {
		return read, err
	} else if given {
		if read.at, err = time.Parse(time.RFC3339, value); err != nil {
			return read, fmt.Errorf("at is a time (RFC 3339): %w", err)
		}
	}
	if value := options.Get("strict"); !value.IsUndefined() {
		if value.Type() != js.TypeBoolean {
			return read, errors.New("strict is true or false")
		}
		read.strict = value.Bool()
	}
	if value, given, err := text("locale"); err != nil {
		return read, err
	} else if given {
		if !slices.Contains(offline.Locales, value) {
			return read, fmt.Errorf("locale is one of %v", offline.Locales)
		}
		read.locale = value
	}
	value, _, err := text("page_text")
	if err != nil {
		return read, err
	}
	if utf8.RuneCountInString(value) > maxPageText {
		return read, fmt.Errorf("page_text is longer than %d characters", maxPageText)
	}
	read.pageText = value
	if value, _, err = text("challenge"); err != nil || value == "" {
		return read, err
	}
	if read.challenge, err = base64.RawURLEncoding.Strict().DecodeString(value); err != nil || len(read.challenge) != 8 {
		return read, errors.New("challenge is 8 octets in base64url")
	}
	return read, nil
}
