package counter

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const sample = `{"terminal":"ctm_1","nonce":"AAAAAAAAAAAAAAAAAAAAAA","at":"2026-11-26T07:00:00Z","event":"card","card":{"kind":"citizen_id","name":"王小明","number":"110101199003072316","birth":"1990-03-07","valid_from":"2020-03-01","valid_to":"2040-03-01"}}`

func TestReaderMessagesAreReadStrictly(t *testing.T) {
	if m, err := ParseMessage([]byte(sample)); err != nil || m.Card.Name != "王小明" {
		t.Fatal(m, err)
	}
	if _, err := ParseMessage([]byte(`{"terminal":"ctm_1","nonce":"AAAAAAAAAAAAAAAAAAAAAA","at":"2026-11-26T07:00:00Z","event":"removed"}`)); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"nothing":                  "",
		"an array":                 "[" + sample + "]",
		"octets behind":            sample + " x",
		"a second object":          sample + sample,
		"an unknown member":        strings.Replace(sample, `"event"`, `"extra":1,"event"`, 1),
		"a member twice":           strings.Replace(sample, `"event"`, `"terminal":"ctm_2","event"`, 1),
		"a member twice in card":   strings.Replace(sample, `"birth"`, `"name":"李四","birth"`, 1),
		"a short nonce":            strings.Replace(sample, "AAAAAAAAAAAAAAAAAAAAAA", "AAAA", 1),
		"a long nonce":             strings.Replace(sample, "AAAAAAAAAAAAAAAAAAAAAA", strings.Repeat("AAAA", 30), 1),
		"a nonce of another form":  strings.Replace(sample, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", 1),
		"no terminal":              strings.Replace(sample, "ctm_1", "", 1),
		"another event":            strings.Replace(sample, `"card","card"`, `"moved","card"`, 1),
		"a card with a removal":    strings.Replace(sample, `"card","card"`, `"removed","card"`, 1),
		"no card":                  `{"terminal":"ctm_1","nonce":"AAAAAAAAAAAAAAAAAAAAAA","at":"2026-11-26T07:00:00Z","event":"card"}`,
		"no time":                  strings.Replace(sample, `"2026-11-26T07:00:00Z"`, `"0001-01-01T00:00:00Z"`, 1),
		"broken UTF-8":             strings.Replace(sample, "王", "\xff", 1),
		"too long":                 strings.Replace(sample, "王小明", strings.Repeat("王", 2000), 1),
		"names of other case":      strings.Replace(sample, `"terminal"`, `"Terminal":"x","terminal"`, 1),
		"a card with unknown part": strings.Replace(sample, `"birth"`, `"photo":"","birth"`, 1),
	} {
		if _, err := ParseMessage([]byte(body)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCardsAreChecked(t *testing.T) {
	now := time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC)
	good := Card{Kind: subject.CitizenID, Name: "王小明", Number: "110101199003072316", Birth: "1990-03-07", From: "2020-03-01", To: "2040-03-01"}
	who, err := good.check(subject.DefaultDocuments(), now)
	if err != nil || who.Number != good.Number || who.Expires != "2040-03-01" || who.Birth != "" {
		t.Fatalf("%+v %v", who, err)
	}
	for name, test := range map[string]struct {
		change func(*Card)
		field  string
		code   fault.Code
	}{
		"check digit":              {func(c *Card) { c.Number = "110101199003072317" }, "counter-number", fault.CounterCard},
		"unknown kind":             {func(c *Card) { c.Kind = "library" }, "counter-number", fault.CounterCard},
		"name":                     {func(c *Card) { c.Name = "王<小明" }, "counter-name", fault.CounterCard},
		"no name":                  {func(c *Card) { c.Name = "" }, "counter-name", fault.CounterCard},
		"birth of another":         {func(c *Card) { c.Birth = "1990-03-08" }, "counter-birth", fault.CounterCard},
		"begins tomorrow":          {func(c *Card) { c.From = "2026-11-27" }, "counter-from", fault.CounterCard},
		"no beginning":             {func(c *Card) { c.From = "" }, "counter-from", fault.CounterCard},
		"ended yesterday":          {func(c *Card) { c.To = "2026-11-25" }, "counter-to", fault.ProofingExpired},
		"ends before it begins":    {func(c *Card) { c.From, c.To = "2026-01-02", "2026-01-01" }, "counter-to", fault.CounterCard},
		"ends on no day":           {func(c *Card) { c.To = "soon" }, "counter-to", fault.CounterCard},
		"passport without a State": {func(c *Card) { c.Kind, c.Number = "passport", "L898902C3" }, "counter-number", fault.CounterCard},
	} {
		c := good
		test.change(&c)
		_, err := c.check(subject.DefaultDocuments(), now)
		f := fault.From(err)
		if f == nil || f.Code != test.code || len(f.Fields) != 1 || f.Fields[0].Name != test.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := good
	long.To = LongTerm
	if who, err := long.check(subject.DefaultDocuments(), now); err != nil || who.Expires != "" {
		t.Errorf("long term: %+v %v", who, err)
	}
	last := good
	last.To = "2026-11-26" // its last day, in Beijing
	if _, err := last.check(subject.DefaultDocuments(), now); err != nil {
		t.Errorf("on its last day: %v", err)
	}
}

// FuzzParseMessage: what parses is written again as the same message, and the check of the card does not fall over.
func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"terminal":"ctm_1","nonce":"AAAAAAAAAAAAAAAAAAAAAA","at":"2026-11-26T07:00:00.123456+08:00","event":"removed"}`))
	f.Add([]byte(`{"a":{"b":[1,{"a":1,"a":2}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := ParseMessage(body)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Fatal(err)
			}
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		n, err := ParseMessage(again)
		if err != nil && len(again) <= MaxMessage {
			t.Fatalf("%s: %v", again, err)
		}
		if err == nil && (n.Terminal != m.Terminal || n.Nonce != m.Nonce || !n.At.Equal(m.At) || (n.Card == nil) != (m.Card == nil) || n.Card != nil && *n.Card != *m.Card) {
			t.Fatalf("%+v is not %+v", n, m)
		}
		if m.Card != nil {
			m.Card.check(subject.DefaultDocuments(), time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC))
		}
	})
}
