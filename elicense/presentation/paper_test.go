package presentation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
)

const printed = "营业执照\n名称 示例市启明科技有限公司\n"

// paper is a view for print.
func (p parties) paper() View {
	view := p.view()
	view.HolderKey, view.Life, view.Status = nil, 365*24*time.Hour, &StatusEntry{List: 4, Index: 77}
	view.Paper = &PaperFacts{Identifier: IdentifierHash("1.2.156.3005.2.x"), Text: PageText(printed)}
	return view
}

func (p parties) printed(t testing.TB, view View) string {
	t.Helper()
	code, err := Paper(p.mint(t, view))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestPaperCopy(t *testing.T) {
	p := newParties(t)
	view := p.paper()
	code := p.printed(t, view)
	decoded, err := Decode(code)
	if err != nil || decoded.View.Paper == nil || *decoded.View.Paper != *view.Paper || *decoded.View.Status != *view.Status || decoded.Device != nil {
		t.Fatalf("%+v %v", decoded, err)
	}
	end := now.Add(365 * 24 * time.Hour)
	for name, c := range map[string]struct {
		change func(*Options)
		status StatusAnswer
		level  Level
		reason Reason
	}{
		"in force":             {nil, StatusAnswer{Known: true, Source: "list"}, Valid, ""},
		"no status, no green":  {nil, StatusAnswer{Source: "none"}, Indeterminate, ReasonNoStatus},
		"ended":                {nil, StatusAnswer{Known: true, Status: statuslist.Ended, Source: "list"}, Invalid, ReasonEnded},
		"ended and in delta":   {nil, StatusAnswer{Known: true, Status: statuslist.Ended, Hit: true, Source: "list"}, Invalid, ReasonEnded},
		"suspended":            {nil, StatusAnswer{Known: true, Status: statuslist.NotUsable, Source: "list"}, Invalid, ReasonSuspended},
		"in the delta":         {nil, StatusAnswer{Known: true, Hit: true, Source: "list"}, Indeterminate, ReasonMaybeChange},
		"withdrawn":            {nil, StatusAnswer{Known: true, Withdrawn: true, Source: "online"}, Invalid, ReasonWithdrawn},
		"last second":          {func(o *Options) { o.At = end.Add(ClockSkew) }, StatusAnswer{Known: true, Source: "list"}, Valid, ""},
		"expired":              {func(o *Options) { o.At = end.Add(ClockSkew + time.Second) }, StatusAnswer{Known: true, Source: "list"}, Invalid, ReasonExpired},
		"answers no challenge": {func(o *Options) { o.Challenge = []byte("12345678") }, StatusAnswer{Known: true, Source: "list"}, Invalid, ReasonChallenge},
		"text of the page":     {func(o *Options) { o.PageText = "营业执照 \r\n\r\n　名称 示例市启明科技有限公司" }, StatusAnswer{Known: true, Source: "list"}, Valid, ""},
		"other text":           {func(o *Options) { o.PageText = strings.Replace(printed, "启明", "启朋", 1) }, StatusAnswer{Known: true, Source: "list"}, Invalid, ReasonPageText},
		"lines joined":         {func(o *Options) { o.PageText = strings.Replace(printed, "\n", "", 1) }, StatusAnswer{Known: true, Source: "list"}, Invalid, ReasonPageText},
	} {
		options := p.options()
		options.StatusOf = func(*Code, Key) StatusAnswer { return c.status }
		if c.change != nil {
			c.change(&options)
		}
		result := Verify(code, options)
		if result.Level != c.level || c.reason != "" && (len(result.Reasons) != 1 || result.Reasons[0] != c.reason) {
			t.Errorf("%s: %s %v", name, result.Level, result.Reasons)
		}
	}
	options := p.options()
	options.PageText = printed
	if result := Verify(p.show(t, p.mint(t, p.view()), Device{Step: StepAt(now)}), options); result.Level != Invalid || result.Reasons[0] != ReasonPageText {
		t.Errorf("a phone's code for a page: %v", result.Reasons)
	}
}

// TestPaperAndViewTokenStayApart: neither passes as the other, and a paper never lacks what makes its status known.
func TestPaperAndViewTokenStayApart(t *testing.T) {
	p := newParties(t)
	for name, change := range map[string]func(*View){
		"no status entry":      func(v *View) { v.Status = nil },
		"no entry for a day":   func(v *View) { v.Status, v.Life = nil, time.Hour },
		"a holder key":         func(v *View) { v.HolderKey = &p.holder.PublicKey },
		"longer than a year":   func(v *View) { v.Life = MaxPaperLife + time.Second },
		"a card with facts":    func(v *View) { v.TypeCode = CardTypeCode },
		"no fields":            func(v *View) { v.Fields = nil },
		"entry out of a shard": func(v *View) { v.Status.Index = statuslist.Size },
	} {
		view := p.paper()
		change(&view)
		if _, err := Mint(view, &p.issuer.PublicKey, signer(p.issuer)); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	paper, view := p.mint(t, p.paper()), p.paper()
	view.Paper = nil
	static := p.mint(t, view)
	phone := p.mint(t, p.view())
	for name, parts := range map[string][]any{
		"a paper in the envelope of views":      {1, paper.View, paper.Signature},
		"a static view as a paper":              {2, static.View, static.Signature},
		"a phone's view as a paper":             {2, phone.View, phone.Signature},
		"a paper with a device part":            {2, paper.View, paper.Signature, []byte{0x82, 0, 0x40}, paper.Signature},
		"a paper with one more part":            {2, paper.View, paper.Signature, []byte{}},
		"a version nobody knows":                {3, paper.View, paper.Signature},
		"the version as one more octet of CBOR": {"2", paper.View, paper.Signature},
	} {
		code, err := pack(parts...)
		if err != nil {
			t.Fatal(err)
		}
		if result := Verify(code, p.options()); result.Level != Invalid || result.Reasons[0] != ReasonFormat {
			t.Errorf("%s: %v", name, result.Reasons)
		}
	}
	bodies := map[string]any{
		"a view with empty facts":      map[int]any{1: 1, 2: typeCode, 3: make([]byte, 16), 4: 1, 5: 60, 6: make([]byte, 4), 8: map[int]string{1: "x"}, 10: []byte{}, 11: []byte{}},
		"a view with facts":            map[int]any{1: 1, 2: typeCode, 3: make([]byte, 16), 4: 1, 5: 60, 6: make([]byte, 4), 8: map[int]string{1: "x"}, 10: make([]byte, 32), 11: make([]byte, 32)},
		"a paper without a text":       map[int]any{1: 2, 2: typeCode, 3: make([]byte, 16), 4: 1, 5: 60, 6: make([]byte, 4), 7: []any{1, 1}, 8: map[int]string{1: "x"}, 10: make([]byte, 32)},
		"a paper with a short hash":    map[int]any{1: 2, 2: typeCode, 3: make([]byte, 16), 4: 1, 5: 60, 6: make([]byte, 4), 7: []any{1, 1}, 8: map[int]string{1: "x"}, 10: make([]byte, 31), 11: make([]byte, 32)},
		"a paper with a member beyond": map[int]any{1: 2, 2: typeCode, 3: make([]byte, 16), 4: 1, 5: 60, 6: make([]byte, 4), 7: []any{1, 1}, 8: map[int]string{1: "x"}, 10: make([]byte, 32), 11: make([]byte, 32), 12: 1},
	}
	for name, body := range bodies {
		encoded, err := statuslist.Encode(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeView(encoded); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPaperFitsItsCode: the longest values, rare characters among them, are shortened until a code of version 25-M holds them, 1451 characters.
func TestPaperFitsItsCode(t *testing.T) {
	p := newParties(t)
	view := p.paper()
	view.Fields = map[int]string{}
	for number := 1; number <= 20; number++ {
		view.Fields[number] = strings.Repeat("䶮𠮷", 50)
	}
	code := p.printed(t, view)
	decoded, err := Decode(code)
	if err != nil || len(code) > 1451 || len(code) < 1400 {
		t.Fatalf("%d characters: %v", len(code), err)
	}
	if value := decoded.View.Fields[7]; !strings.HasPrefix(value, "䶮𠮷") || !strings.HasSuffix(value, "…") {
		t.Errorf("%q", value)
	}
	options := p.options()
	options.StatusOf = func(*Code, Key) StatusAnswer { return StatusAnswer{Known: true, Source: "list"} }
	if result := Verify(code, options); result.Level != Valid {
		t.Errorf("%v", result.Reasons)
	}
}

// FuzzPaper: a paper that is read comes back as it was written, and none but the one that was signed verifies.
func FuzzPaper(f *testing.F) {
	p := newParties(f)
	token := p.mint(f, p.paper())
	good := p.printed(f, p.paper())
	octets, err := decodeBase45(strings.TrimPrefix(good, Prefix))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Fuzz(func(t *testing.T, octets []byte) {
		text := Prefix + encodeBase45(octets)
		code, err := Decode(text)
		if err != nil || code.View.Paper == nil {
			return
		}
		if again, err := Paper(code.Token); err != nil || again != text {
			t.Errorf("%q comes back as %q: %v", text, again, err)
		}
		if code.View.HolderKey != nil || code.View.Status == nil || code.Device != nil {
			t.Errorf("a paper that is none: %+v", code.View)
		}
		if result := Verify(text, p.options()); result.Key != nil && string(code.Token.View) != string(token.View) {
			t.Errorf("another paper verifies: %q", text)
		}
	})
}
