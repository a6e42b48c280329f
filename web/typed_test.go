package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func typedOf(body url.Values) (TypedForm, bool) {
	r := httptest.NewRequest("POST", "/x", strings.NewReader(body.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ReadTyped(httptest.NewRecorder(), r, TypedByPeople, func(input string) bool { return input == "name" || input == InputVersion })
}

func TestTypedFormIsBoundedAndHoldsWhatIsKeptAlone(t *testing.T) {
	form, ok := typedOf(url.Values{"name": {"张三"}, "password": {"x"}, InputVersion: {"3"}})
	if !ok || form.Get("name") != "张三" || form.Get("password") != "" || form.Get(InputVersion) != "3" {
		t.Errorf("kept %v, %t", form.Fields, ok)
	}
	if _, ok := typedOf(url.Values{"name": {strings.Repeat("a", TypedByPeople+1)}}); ok {
		t.Error("more than the bound is kept")
	}
	if _, ok := typedOf(url.Values{InputVersion: {"3"}}); ok {
		t.Error("a form in which nothing was typed is kept")
	}
}

func TestTypedFormBoundsTheNamesOfItsInputs(t *testing.T) {
	all, long := url.Values{}, "item-"+strings.Repeat("a", maxTypedName)
	read := func() (TypedForm, bool) {
		r := httptest.NewRequest(http.MethodPost, "/a", strings.NewReader(all.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return ReadTyped(httptest.NewRecorder(), r, TypedByPeople, func(input string) bool { return strings.HasPrefix(input, "item-") })
	}
	for i := range maxTypedNames {
		all.Set("item-"+strconv.Itoa(i), "1")
	}
	all.Set(long, "1")
	if form, ok := read(); !ok || len(form.Fields) != maxTypedNames || form.Fields.Has(long) {
		t.Errorf("as many as are kept: %v, %d", ok, len(form.Fields))
	}
	all.Set("item-more", "1")
	if _, ok := read(); ok {
		t.Error("one more is kept")
	}
}

func TestTypedFormFillsNoSecretAndKeepsTheVersion(t *testing.T) {
	f := &TypedForm{Action: "/a/revoke", Fields: url.Values{"secret": {"s"}, "day-year": {"2026"}, "day-month": {"1"}, "day-day": {"9"}, "kind": {"gone"}, InputVersion: {"3"}, "reason": {"旧"}}}
	if got := f.fill(FormField{Name: "secret", Kind: InputSecret}); got.Value != "" {
		t.Error("a secret is filled in")
	}
	if got := f.fill(FormField{Name: "day", Kind: InputDate}); got.Value != "2026-01-09" {
		t.Errorf("day %q", got.Value)
	}
	if got := f.fill(FormField{Name: "kind", Kind: InputSelect, Value: "a", Options: []Option{{Value: "a"}}}); got.Value != "a" {
		t.Errorf("a choice that is not offered: %q", got.Value)
	}
	if got := f.hidden([]Hidden{{Name: InputVersion, Value: "4"}}); got[0].Value != "3" {
		t.Error("the version that the form was made from is lost")
	}
	got := f.reasons([]StateAction{{URL: "/a/revoke"}, {URL: "/a/suspend"}})
	if got[0].Reason != "旧" || !got[0].Open || got[1].Reason != "" {
		t.Errorf("actions %+v", got)
	}
}

// zeros are a file of a size that nobody holds in memory; read counts what was taken of it.
type zeros struct{ left, read int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left, z.read = z.left-n, z.read+n
	return int(n), nil
}

const boundary = "part-of-the-form"

func typedPart(input, value string) io.Reader {
	return strings.NewReader(fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, input, value))
}

func filePart(input, name string, content io.Reader) io.Reader {
	head := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: application/octet-stream\r\n\r\n", boundary, input, name)
	return io.MultiReader(strings.NewReader(head), content, strings.NewReader("\r\n"))
}

// streamed reads a form that nothing has parsed before.
func streamed(parts ...io.Reader) (TypedForm, bool) {
	body := io.MultiReader(append(parts, strings.NewReader("--"+boundary+"--\r\n"))...)
	r := httptest.NewRequest(http.MethodPost, "/x", body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	return ReadTyped(httptest.NewRecorder(), r, TypedByPeople, func(input string) bool { return strings.HasPrefix(input, "name") || input == InputVersion })
}

func TestTypedFormPassesOverAFileThatStreams(t *testing.T) {
	const size = 48 << 20
	file := &zeros{left: size}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	form, ok := streamed(typedPart("name-1", "张三"), typedPart("password", "secret"), filePart("scan", `C:\文件\户口簿.ofd`, file), typedPart("name-2", "李四"), typedPart("pin", "123456"))
	runtime.ReadMemStats(&after)
	if !ok || form.Get("name-1") != "张三" || form.Get("name-2") != "李四" {
		t.Errorf("kept %v, %t", form.Fields, ok)
	}
	if len(form.Fields) != 2 {
		t.Errorf("more than may be is kept: %v", form.Fields)
	}
	if !slices.Equal(form.files(), []string{"户口簿.ofd"}) {
		t.Errorf("files %q", form.files())
	}
	if file.read != size {
		t.Errorf("%d octets of the file were read", file.read)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 4<<20 {
		t.Errorf("a file of %d octets took %d of memory", size, taken)
	}
}

func TestTypedFormThatStreamsIsBounded(t *testing.T) {
	file := &zeros{left: maxTypedFiles * 4}
	if _, ok := streamed(typedPart("name", "张三"), filePart("scan", "a.ofd", file)); ok {
		t.Error("a form with more than the bound is kept")
	}
	if file.read > maxTypedFiles+1<<20 {
		t.Errorf("%d octets were read, the bound is %d", file.read, maxTypedFiles)
	}
	// A value that is too long is not read on, with the version of a form too, which does not count as typed.
	for _, input := range []string{"name", InputVersion} {
		value := &zeros{left: 1 << 20}
		head := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n", boundary, input)
		if _, ok := streamed(typedPart("name-1", "张三"), io.MultiReader(strings.NewReader(head), value, strings.NewReader("\r\n"))); ok || value.read > 64<<10 {
			t.Errorf("%s: kept %t, %d octets were read", input, ok, value.read)
		}
	}
	for name, row := range map[string]struct {
		parts []io.Reader
		want  bool
	}{
		"as much as is kept":           {[]io.Reader{typedPart("name", strings.Repeat("a", TypedByPeople))}, true},
		"one octet more":               {[]io.Reader{typedPart("name", strings.Repeat("a", TypedByPeople+1))}, false},
		"one octet more in two":        {[]io.Reader{typedPart("name-1", strings.Repeat("a", TypedByPeople)), typedPart("name-2", "b")}, false},
		"a file alone":                 {[]io.Reader{filePart("scan", "a.ofd", strings.NewReader("x"))}, false},
		"a secret alone":               {[]io.Reader{typedPart("password", "x")}, false},
		"a version alone":              {[]io.Reader{typedPart(InputVersion, "3")}, false},
		"an input that is there twice": {[]io.Reader{typedPart("name", "a"), typedPart("name", "b")}, false},
		"as many parts as are read":    {many(maxTypedParts), true},
		"one part more":                {many(maxTypedParts + 1), false},
		"a form that breaks off":       {[]io.Reader{typedPart("name", "a"), filePart("scan", "a.ofd", iotest.ErrReader(io.ErrUnexpectedEOF))}, false},
	} {
		if _, ok := streamed(row.parts...); ok != row.want {
			t.Errorf("%s: kept %t, want %t", name, ok, row.want)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader("--"))
	r.Header.Set("Content-Type", "multipart/form-data")
	if _, ok := ReadTyped(httptest.NewRecorder(), r, TypedByPeople, func(string) bool { return true }); ok {
		t.Error("a form without a boundary is kept")
	}
}

// many are parts of which the first alone is kept.
func many(n int) (parts []io.Reader) {
	for i := range n {
		input := "name"
		if i > 0 {
			input = fmt.Sprint("other-", i)
		}
		parts = append(parts, typedPart(input, "a"))
	}
	return parts
}

func TestNamesOfFilesAreBounded(t *testing.T) {
	parts := []io.Reader{typedPart("name", "a")}
	for i := range maxFileNames + 3 {
		parts = append(parts, filePart("scan", fmt.Sprintf("%02d.ofd", i), strings.NewReader("x")))
		parts = append(parts, filePart(fmt.Sprintf("other-%02d", i), "b.ofd", strings.NewReader("x")))
	}
	form, ok := streamed(parts...)
	if !ok || len(form.Files) != maxFileNames || len(form.Files["scan"]) != maxFileNames {
		t.Errorf("kept %v, %t", form.Files, ok)
	}
	for _, name := range []string{"", "/", ".", "..", `..\..`, strings.Repeat("长", maxFileName+1), "\xff.ofd"} {
		form, ok := streamed(typedPart("name", "a"), filePart("scan", name, strings.NewReader("x")))
		if !ok || len(form.files()) != 0 {
			t.Errorf("%q: files %q, %t", name, form.files(), ok)
		}
	}
	form, _ = streamed(typedPart("name", "a"), filePart("scan", strings.Repeat("长", maxFileName), strings.NewReader("x")))
	if len(form.files()) != 1 {
		t.Errorf("files %q", form.files())
	}
}

func TestAnActionWhoseFieldsWereTypedComesBackOpened(t *testing.T) {
	decide := StateAction{URL: "/x/decision", NoReason: true, Fields: []FormField{{Name: "words"}}}
	for name, row := range map[string]struct {
		form TypedForm
		open bool
	}{
		"its fields":            {TypedForm{Action: "/x/decision", Fields: url.Values{"words": {"a"}}}, true},
		"fields of another one": {TypedForm{Action: "/x/take", Fields: url.Values{"words": {"a"}}}, false},
		"nothing":               {TypedForm{Action: "/x/decision", Fields: url.Values{}}, false},
	} {
		if got := row.form.reasons([]StateAction{decide}); got[0].Open != row.open {
			t.Errorf("%s: open is %v", name, got[0].Open)
		}
	}
}
