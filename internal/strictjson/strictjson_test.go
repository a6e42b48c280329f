package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// members is an object of n members.
func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%q:1", fmt.Sprint("k", i)))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestI04WhatTwoReadersReadDifferently(t *testing.T) {
	for body, good := range map[string]bool{
		`{}`: true, `[]`: true, `"x"`: true, ` 1 `: true, `null`: true, `-1.5e+3`: true,
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}`: true, `{"a":"a","b":"a"}`: true, `{"":1}`: true, `{"a":{},"b":[]}`: true, `["a","a"]`: true, `[{"a":["a","b"]},"a"]`: true,
		`{"a":"\"a\":1,\"a\":2"}`: true, `{"a":"\\","b":"\\\""}`: true, `"\ud83d\ude00"`: true, `"\uD83D\uDE00"`: true, `{"a\\":1,"a":2}`: true,
		`{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `{"x":[{"a":1,"a":1}]}`: false, `{"a":{"b":1},"b":2,"a":3}`: false, `{"":1,"":2}`: false,
		`"\ud83d"`: false, `"\ude00"`: false, `"\ud83d\ud83d"`: false, `"\ud83dx"`: false, `"\ud83d\n00000"`: false, `"\ud83d\u0041"`: false, `{"\ud800":1}`: false,
		`"\u0000"`: false, "\"\x00\"": false, "\"\xff\"": false, "\ufeff{}": false, `{} {}`: false, `{}x`: false, `{"a":1,}`: false, `{'a':1}`: false, `NaN`: false, `01`: false, ``: false, `"`: false,
		strings.Repeat("[", strictjson.MaxDepth) + strings.Repeat("]", strictjson.MaxDepth):     true,
		strings.Repeat("[", strictjson.MaxDepth+1) + strings.Repeat("]", strictjson.MaxDepth+1): false,
		members(strictjson.MaxMembers):                                true,
		members(strictjson.MaxMembers + 1):                            false,
		"[" + members(strictjson.MaxMembers) + "," + members(1) + "]": true,
		strings.Repeat("[", 100_000):                                  false,
		strings.Repeat("9", strictjson.MaxNumber):                     true,
		strings.Repeat("9", strictjson.MaxNumber+1):                   false,
		`[` + strings.Repeat("9", 70) + `,1]`:                         false,
		`{"a":1e` + strings.Repeat("0", 70) + `}`:                     false,
	} {
		if err := strictjson.Check([]byte(body)); (err == nil) != good {
			t.Errorf("%.80s: %v", body, err)
		}
	}
}

// TestI05BoundsAreJudgedWithoutTheRest: at the first place that passes one, whatever follows; the rest is for others to judge.
func TestI05BoundsAreJudgedWithoutTheRest(t *testing.T) {
	deep, long := strings.Repeat("[", strictjson.MaxDepth), strings.Repeat("9", strictjson.MaxNumber)
	many := strings.TrimSuffix(members(strictjson.MaxMembers), "}")
	for text, good := range map[string]bool{
		deep: true, deep + "[": false, deep + `{"`: false, deep + "][": true, deep + "]]]}{[": true,
		long: true, long + "9": false, "-" + long: false, long + "e" + "x": false, `"` + long + `9"`: true, `"\\"` + long + "9": false, `"\"` + long + "9": true,
		many: true, many + `,"x":`: false, many + "}" + many: true, `[` + many + `,{"x":`: true, "{" + many + `},"x":` + many: true,
		`"[` + deep: true, `"` + strings.Repeat(`x\"`, 5) + deep + "[": true, "": true, "}": true, `"`: true, `"\`: true, ":": true, "\xff": true, "x": true,
	} {
		if err := strictjson.Bounds([]byte(text)); (err == nil) != good || err != nil && !errors.Is(err, strictjson.ErrSyntax) {
			t.Errorf("%.40s … %d bytes: %v", text, len(text), err)
		}
	}
}

func TestNamesOfLowerCase(t *testing.T) {
	for body, good := range map[string]bool{`{"a_1":{"b":"C"}}`: true, `{"A":1}`: false, `{"a":{"B":1}}`: false, `{"\u0041":1}`: false, `{"ſ":1}`: false, `{"a":1,"a":2}`: false, `["A"]`: true} {
		if err := strictjson.CheckLower([]byte(body)); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// walk is the same rule over the tokens of encoding/json, slower and obviously right.
func walk(d *json.Decoder, depth int) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	switch token := token.(type) {
	case string:
		return !strings.Contains(token, "\x00")
	case json.Number:
		return len(token) <= strictjson.MaxNumber
	case json.Delim:
		if depth == strictjson.MaxDepth {
			return false
		}
		seen := map[string]bool{}
		for d.More() {
			if token == '{' {
				name, err := d.Token()
				text, ok := name.(string)
				if err != nil || !ok || seen[text] || strings.Contains(text, "\x00") {
					return false
				}
				if seen[text] = true; len(seen) > strictjson.MaxMembers {
					return false
				}
			}
			if !walk(d, depth+1) {
				return false
			}
		}
		_, err := d.Token()
		return err == nil
	}
	return true
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a":"\ud83d\ude00"}`, `{"a\u0062":[1,{"c":null}],"ab":true}`, `"\ud800"`, `[[[]]]`, `{"a":"\\\""}`, `-0.0e-1`,
		strings.Repeat("[", strictjson.MaxDepth+1) + strings.Repeat("]", strictjson.MaxDepth+1), members(strictjson.MaxMembers + 1), strings.Repeat("9", strictjson.MaxNumber+1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := strictjson.Check(raw)
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		want := utf8.Valid(raw) && json.Valid(raw) && walk(d, 0)
		if want {
			_, last := d.Token()
			want = last == io.EOF
		}
		// The decoder writes U+FFFD for half a pair, so that only what it holds for the same as we do can be compared.
		if bytes.Contains(bytes.ToLower(raw), []byte(`\ud`)) {
			if err == nil && !want {
				t.Errorf("%q is let pass", raw)
			}
			return
		}
		if (err == nil) != want {
			t.Errorf("%q: %v, the tokens say %v", raw, err, want)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	body := []byte(`{"document":"` + strings.Repeat("QUJD", 1<<18) + `","page":1,"reason":"x"}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := strictjson.Check(body); err != nil {
			b.Fatal(err)
		}
	}
}
