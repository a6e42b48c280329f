package presentation

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
)

// plainView is a view of each version that passes every check.
func plainView(version uint) viewBody {
	b := viewBody{Version: version, TypeCode: strings.Repeat("1", 21), PID: make([]byte, 16), IssuedAt: 1_800_000_000, Seconds: 600, KeyID: make([]byte, 4), Fields: map[int]string{1: "x"}}
	if version == paperVersion {
		b.Status, b.Identifier, b.Text, b.Seconds = &StatusEntry{List: 1, Index: 1}, make([]byte, 32), make([]byte, 32), 30*24*3600
	}
	return b
}

// TestViewsThatAreNone: each bound of a view by itself, on both sides of it.
func TestViewsThatAreNone(t *testing.T) {
	day := int64(24 * 3600)
	for name, c := range map[string]struct {
		version uint
		change  func(b *viewBody)
		good    bool
	}{
		"plain":                         {viewVersion, func(*viewBody) {}, true},
		"paper":                         {paperVersion, func(*viewBody) {}, true},
		"version 0":                     {viewVersion, func(b *viewBody) { b.Version = 0 }, false},
		"version 3":                     {viewVersion, func(b *viewBody) { b.Version = 3 }, false},
		"type of 20":                    {viewVersion, func(b *viewBody) { b.TypeCode = b.TypeCode[1:] }, false},
		"pid of 15":                     {viewVersion, func(b *viewBody) { b.PID = b.PID[1:] }, false},
		"pid of 17":                     {viewVersion, func(b *viewBody) { b.PID = append(b.PID, 0) }, false},
		"key of 3":                      {viewVersion, func(b *viewBody) { b.KeyID = b.KeyID[1:] }, false},
		"key of 5":                      {viewVersion, func(b *viewBody) { b.KeyID = append(b.KeyID, 0) }, false},
		"issued at 0":                   {viewVersion, func(b *viewBody) { b.IssuedAt = 0 }, false},
		"issued before":                 {viewVersion, func(b *viewBody) { b.IssuedAt = -1 }, false},
		"issued in the last second":     {viewVersion, func(b *viewBody) { b.IssuedAt = 1 << 40 }, true},
		"issued behind it":              {viewVersion, func(b *viewBody) { b.IssuedAt = 1<<40 + 1 }, false},
		"no life":                       {viewVersion, func(b *viewBody) { b.Seconds = 0 }, false},
		"life below none":               {viewVersion, func(b *viewBody) { b.Seconds = -600 }, false},
		"a day without a status":        {viewVersion, func(b *viewBody) { b.Seconds = day }, true},
		"more than a day without one":   {viewVersion, func(b *viewBody) { b.Seconds = day + 1 }, false},
		"more than a day with one":      {viewVersion, func(b *viewBody) { b.Seconds, b.Status = day+1, &StatusEntry{} }, true},
		"a day with one":                {viewVersion, func(b *viewBody) { b.Status = &StatusEntry{} }, false},
		"the longest life":              {viewVersion, func(b *viewBody) { b.Seconds, b.Status = int64(MaxLife/time.Second), &StatusEntry{} }, true},
		"a longer one":                  {viewVersion, func(b *viewBody) { b.Seconds, b.Status = int64(MaxLife/time.Second)+1, &StatusEntry{} }, false},
		"the facts of a paper":          {viewVersion, func(b *viewBody) { b.Identifier = make([]byte, 32) }, false},
		"the text of a paper":           {viewVersion, func(b *viewBody) { b.Text = make([]byte, 32) }, false},
		"the last entry":                {paperVersion, func(b *viewBody) { b.Status.Index = statuslist.Size - 1 }, true},
		"an entry behind it":            {paperVersion, func(b *viewBody) { b.Status.Index = statuslist.Size }, false},
		"no field":                      {viewVersion, func(b *viewBody) { b.Fields = nil }, false},
		"forty fields":                  {viewVersion, func(b *viewBody) { b.Fields = fields(40) }, true},
		"forty-one":                     {viewVersion, func(b *viewBody) { b.Fields = fields(41) }, false},
		"field 0":                       {viewVersion, func(b *viewBody) { b.Fields = map[int]string{0: "x"} }, false},
		"field 255":                     {viewVersion, func(b *viewBody) { b.Fields = map[int]string{255: "x"} }, true},
		"field 256":                     {viewVersion, func(b *viewBody) { b.Fields = map[int]string{256: "x"} }, false},
		"an empty field":                {viewVersion, func(b *viewBody) { b.Fields[1] = "" }, false},
		"no UTF-8":                      {viewVersion, func(b *viewBody) { b.Fields[1] = "\xff" }, false},
		"holder key of 32":              {viewVersion, func(b *viewBody) { b.HolderKey = make([]byte, 32) }, false},
		"holder key of 65":              {viewVersion, func(b *viewBody) { b.HolderKey = make([]byte, 65) }, false},
		"paper without a status":        {paperVersion, func(b *viewBody) { b.Status = nil }, false},
		"paper with a holder key":       {paperVersion, func(b *viewBody) { b.HolderKey = make([]byte, 33) }, false},
		"paper with half an identifier": {paperVersion, func(b *viewBody) { b.Identifier = b.Identifier[16:] }, false},
		"paper with half a text":        {paperVersion, func(b *viewBody) { b.Text = b.Text[16:] }, false},
		"paper for its longest":         {paperVersion, func(b *viewBody) { b.Seconds = int64(MaxPaperLife / time.Second) }, true},
		"paper for longer":              {paperVersion, func(b *viewBody) { b.Seconds = int64(MaxPaperLife/time.Second) + 1 }, false},
		"paper of a card":               {paperVersion, func(b *viewBody) { b.TypeCode = CardTypeCode }, false},
	} {
		b := plainView(c.version)
		c.change(&b)
		if err := b.check(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func fields(n int) map[int]string {
	list := map[int]string{}
	for i := range n {
		list[i+1] = "x"
	}
	return list
}

// TestCodesThatAreNone: what stands around a view in its envelope.
func TestCodesThatAreNone(t *testing.T) {
	encode := func(value any) []byte {
		t.Helper()
		encoded, err := statuslist.Encode(value)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	code := func(parts ...any) string { return Prefix + encodeBase45(encode(parts)) }
	view, signature := encode(plainView(viewVersion)), make([]byte, 64)
	paper := encode(plainView(paperVersion))
	device := encode(Device{Step: 1, Challenge: []byte{}})
	if _, err := Decode(code(1, view, signature)); err != nil {
		t.Fatalf("a view without a holder key: %v", err)
	}
	if _, err := Decode(code(2, paper, signature)); err != nil {
		t.Fatalf("a paper: %v", err)
	}
	offCurve := plainView(viewVersion)
	offCurve.HolderKey = append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...) // no x of a point
	for name, text := range map[string]string{
		"no prefix":                       "LZ2:" + encodeBase45(view),
		"nothing":                         Prefix,
		"one character":                   Prefix + "A",
		"three parts and one":             code(1, view, signature, device),
		"two parts":                       code(1, view),
		"six parts":                       code(1, view, signature, device, signature, signature),
		"no array":                        Prefix + encodeBase45(view),
		"a view that is a text":           code(1, "x", signature),
		"a signature that is none":        code(1, view, nil),
		"a short signature":               code(1, view, signature[1:]),
		"a long signature":                code(1, view, append(signature, 0)),
		"a paper as a view":               code(1, paper, signature),
		"a view as a paper":               code(2, view, signature),
		"another version":                 code(3, view, signature),
		"a version that is a text":        code("1", view, signature),
		"a device without a key":          code(1, view, signature, device, signature),
		"a view that is no view":          code(1, []byte{0xa0}, signature),
		"a key that is no point":          code(1, encode(offCurve), signature, device, signature),
		"more octets than are read":       Prefix + strings.Repeat("0", MaxOctets*3/2+1),
		"octets behind":                   Prefix + encodeBase45(append(encode([]any{1, view, signature}), 0)),
		"a lone character":                code(1, view, signature) + "A",
		"a character that is none":        Prefix + "a00",
		"a group beyond two octets":       Prefix + ":::",
		"two characters beyond one octet": Prefix + "::",
	} {
		if _, err := Decode(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// TestBundlesThatAreNone: each bound of a bundle and of its keys.
func TestBundlesThatAreNone(t *testing.T) {
	plain := func() bundleBody {
		return bundleBody{Number: 1, Issued: 1, NextUpdate: 2, Keys: []keyBody{{Point: []byte{4}, TypeCodes: []string{"t"}, NotBefore: 1, NotAfter: 2, StatusBase: "b/", StatusSigner: "s"}}}
	}
	for name, c := range map[string]struct {
		change func(b *bundleBody)
		good   bool
	}{
		"plain":                   {func(*bundleBody) {}, true},
		"no keys":                 {func(b *bundleBody) { b.Keys = nil }, true},
		"number 0":                {func(b *bundleBody) { b.Number = 0 }, false},
		"issued at 0":             {func(b *bundleBody) { b.Issued = 0 }, false},
		"over at once":            {func(b *bundleBody) { b.NextUpdate = 1 }, false},
		"over in the last second": {func(b *bundleBody) { b.NextUpdate = 1 << 40 }, true},
		"over behind it":          {func(b *bundleBody) { b.NextUpdate = 1<<40 + 1 }, false},
		"too many keys":           {func(b *bundleBody) { b.Keys = make([]keyBody, 10001) }, false},
		"a key of no type":        {func(b *bundleBody) { b.Keys[0].TypeCodes = nil }, false},
		"a key from 0":            {func(b *bundleBody) { b.Keys[0].NotBefore = 0 }, false},
		"a key for no time":       {func(b *bundleBody) { b.Keys[0].NotAfter = 1 }, false},
		"a key to the last":       {func(b *bundleBody) { b.Keys[0].NotAfter = 1 << 40 }, true},
		"a key behind it":         {func(b *bundleBody) { b.Keys[0].NotAfter = 1<<40 + 1 }, false},
		"a key without lists":     {func(b *bundleBody) { b.Keys[0].StatusBase = "" }, false},
		"a key without a signer":  {func(b *bundleBody) { b.Keys[0].StatusSigner = "" }, false},
	} {
		b := plain()
		c.change(&b)
		if err := b.check(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAStatusWithoutASourceSaysNothing: whatever else stands in such an answer.
func TestAStatusWithoutASourceSaysNothing(t *testing.T) {
	for _, status := range []statuslist.Status{statuslist.Ended, statuslist.NotUsable, statuslist.Replaced} {
		r := Result{Level: Valid, Code: &Code{}, Key: &Key{}}
		got := r.judgeStatus(Options{StatusOf: func(*Code, Key) StatusAnswer { return StatusAnswer{Status: status, Source: "none"} }})
		if got.Level != Indeterminate || !got.Has(ReasonNoStatus) {
			t.Errorf("%v: %+v", status, got)
		}
	}
}
