//go:build js

package main

import (
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"

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
	at, strict, locale, err := readOptions(options)
	if err != nil {
		return result, nil, err
	}
	verifier.SetTime(at)
	verifier.SetStrict(strict)
	verifier.SetLocale(locale)
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

func readOptions(options js.Value) (at time.Time, strict bool, locale string, err error) {
	locale = offline.Locales[0]
	if options.IsUndefined() || options.IsNull() {
		return at, strict, locale, nil
	}
	if options.Type() != js.TypeObject {
		return at, strict, locale, errors.New("options are an object")
	}
	if value := options.Get("at"); !value.IsUndefined() {
		if value.Type() != js.TypeString {
			return at, strict, locale, errors.New("at is a time as text (RFC 3339)")
		}
		if at, err = time.Parse(time.RFC3339, value.String()); err != nil {
			return at, strict, locale, fmt.Errorf("at: %w", err)
		}
	}
	if value := options.Get("strict"); !value.IsUndefined() {
		if value.Type() != js.TypeBoolean {
			return at, strict, locale, errors.New("strict is true or false")
		}
		strict = value.Bool()
	}
	if value := options.Get("locale"); !value.IsUndefined() {
		if value.Type() != js.TypeString || !slices.Contains(offline.Locales, value.String()) {
			return at, strict, locale, fmt.Errorf("locale is one of %v", offline.Locales)
		}
		locale = value.String()
	}
	return at, strict, locale, nil
}
