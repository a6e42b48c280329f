package conformance

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func TestThisBuildConforms(t *testing.T) {
	result, err := Run(context.Background(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range result.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			if rule.Verdict != Pass {
				t.Errorf("verdict %s", rule.Verdict)
			}
			for _, one := range rule.Cases {
				if one.Verdict != Pass {
					t.Errorf("%s (%s): want %s, got %s %s", one.Vector, one.Note, one.Expect, one.Got, one.Detail)
				}
			}
		})
	}
	if result.Failed != 0 || result.Passed != len(result.Rules) {
		t.Errorf("%d passed, %d failed of %d", result.Passed, result.Failed, len(result.Rules))
	}
}

// TestRulesAreWellFormed holds the form of a rule: one file of its name, citation, date, and vectors of both kinds.
func TestRulesAreWellFormed(t *testing.T) {
	accepts, refuses, count := map[string]int{}, map[string]int{}, map[string]int{}
	for _, one := range areas {
		var list []vectors.Vector
		var err error
		if !one.server() {
			list, err = vectors.Load(one.name)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, vector := range list {
			if vector.Expect == vectors.ExpectAccept {
				accepts[vector.Rule]++
			} else {
				refuses[vector.Rule]++
			}
			if vector.Expect == vectors.ExpectRefuse && vector.Code == "" {
				t.Errorf("%s refuses for no named reason", vector.Name)
			}
		}
		for _, rule := range one.rules() {
			count[one.name]++
			area, name, _ := strings.Cut(rule.ID, "/")
			if area != one.name {
				t.Errorf("rule %s stands in area %s", rule.ID, one.name)
			}
			if _, err := os.Stat(filepath.Join("check", strings.ReplaceAll(area, "-", ""), name+".go")); err != nil {
				t.Errorf("rule %s has no file of its own", rule.ID)
			}
			if rule.Title == "" || rule.Citation.Standard == "" || rule.Citation.Clause == "" || rule.Scope == "" || len(rule.Effective) != len("2020-10-01") || (rule.Judge == nil) == !one.server() || (rule.Probe == nil) == one.server() {
				t.Errorf("rule %s is not complete: %+v", rule.ID, rule)
			}
			if !one.server() && (accepts[rule.ID] == 0 || refuses[rule.ID] == 0 && rule.ID != "seal/tolerated" && rule.ID != "sm/sm4_million") {
				t.Errorf("rule %s has %d vectors to accept and %d to refuse", rule.ID, accepts[rule.ID], refuses[rule.ID])
			}
		}
	}
	for _, one := range areas {
		if count[one.name] < 10 {
			t.Errorf("area %s has %d rules", one.name, count[one.name])
		}
	}
}

// oneVector is a source of a single vector for the rule named.
func oneVector(vector vectors.Vector) Options {
	return Options{Load: func(string) ([]vectors.Vector, error) { return []vectors.Vector{vector}, nil }}
}

func findRule(t *testing.T, result Result, id string) RuleResult {
	t.Helper()
	for _, rule := range result.Rules {
		if rule.ID == id {
			return rule
		}
	}
	t.Fatalf("no rule %s", id)
	return RuleResult{}
}

func TestVerdicts(t *testing.T) {
	list, err := vectors.Load("sm")
	if err != nil {
		t.Fatal(err)
	}
	var good, bad vectors.Vector
	for _, vector := range list {
		switch vector.Name {
		case "sm/sm2_range-good":
			good = vector
		case "sm/sm2_range-r-zero":
			bad = vector
		}
	}
	change := func(vector vectors.Vector, f func(*vectors.Vector)) vectors.Vector {
		f(&vector)
		return vector
	}
	tests := []struct {
		name   string
		vector vectors.Vector
		want   Verdict
	}{
		{"accepted as asked", good, Pass},
		{"refused as asked", bad, Pass},
		{"refused, any reason allowed", change(bad, func(v *vectors.Vector) { v.Code = "" }), Pass},
		{"accepted, refusal asked", change(good, func(v *vectors.Vector) { v.Expect = "refuse" }), Fail},
		{"refused, acceptance asked", change(bad, func(v *vectors.Vector) { v.Expect, v.Code = "accept", "" }), Fail},
		{"refused for another reason", change(bad, func(v *vectors.Vector) { v.Code = "der" }), Fail},
		{"accepted without the deviation asked", change(good, func(v *vectors.Vector) { v.Code = "signature_raw" }), Fail},
		{"made before the rule", change(good, func(v *vectors.Vector) { v.Made = "2001-01-01" }), NotApplicable},
		{"made after the rule", change(good, func(v *vectors.Vector) { v.Made = "2026-01-01" }), Pass},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := Run(context.Background(), []string{"sm"}, oneVector(test.vector))
			if err != nil {
				t.Fatal(err)
			}
			rule := findRule(t, result, "sm/sm2_range")
			if rule.Verdict != test.want || len(rule.Cases) != 1 || rule.Cases[0].Verdict != test.want {
				t.Errorf("%+v", rule)
			}
			if got := rule.Cases[0].Got; got != strings.TrimSpace(got) || rule.Cases[0].Expect != strings.TrimSpace(rule.Cases[0].Expect) {
				t.Errorf("answer %q has a rest", got)
			}
			if other := findRule(t, result, "sm/sm2_key"); other.Verdict != NotApplicable {
				t.Errorf("rule without vectors: %s", other.Verdict)
			}
			if result.Passed+result.Failed+result.NotApplicable != len(result.Rules) || result.Cases != 1 {
				t.Errorf("counts %+v", result)
			}
		})
	}
	t.Run("a crash fails", func(t *testing.T) {
		crash := check.Rule{Judge: func(vectors.Vector) check.Outcome { panic("crash") }}
		if got := runCase(crash, vectors.Vector{Expect: "refuse", Code: "der"}); got.Verdict != Fail || got.Got != "refuse crash" {
			t.Errorf("%+v", got)
		}
	})
}

func TestRunRefuses(t *testing.T) {
	if _, err := Run(context.Background(), []string{"nothing"}, Options{}); !errors.Is(err, ErrArea) {
		t.Errorf("unknown area: %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(cancelled, nil, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Run(context.Background(), []string{"sm"}, oneVector(vectors.Vector{Rule: "sm/none"})); !errors.Is(err, vectors.ErrFormat) {
		t.Errorf("vector without a rule: %v", err)
	}
	away := errors.New("away")
	if _, err := Run(context.Background(), nil, Options{Load: func(string) ([]vectors.Vector, error) { return nil, away }}); !errors.Is(err, away) {
		t.Errorf("no vectors: %v", err)
	}
}

func TestWriters(t *testing.T) {
	list, err := vectors.Load("sm")
	if err != nil {
		t.Fatal(err)
	}
	vector := list[0]
	vector.Expect, vector.Code, vector.Note = "refuse", "nothing", "a <note> & more"
	result, err := Run(context.Background(), []string{"sm"}, oneVector(vector))
	if err != nil {
		t.Fatal(err)
	}
	var asJSON, asText, asJUnit bytes.Buffer
	if err := errors.Join(result.WriteJSON(&asJSON), result.WriteText(&asText), result.WriteJUnit(&asJUnit)); err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(asJSON.Bytes(), &back); err != nil || back.Failed != 1 || len(back.Rules) != len(result.Rules) {
		t.Errorf("JSON: %v, %d failed", err, back.Failed)
	}
	if !strings.Contains(asText.String(), "FAIL  "+vector.Rule) || !strings.Contains(asText.String(), "0 passed, 1 failed") || !strings.Contains(asText.String(), vector.Name) {
		t.Errorf("text:\n%s", asText.String())
	}
	var suites junitSuites
	if err := xml.Unmarshal(asJUnit.Bytes(), &suites); err != nil || suites.Failures != 1 || suites.Tests != 1 || len(suites.Suites) != len(result.Rules) {
		t.Errorf("JUnit: %v, %+v", err, suites)
	}
	if !strings.Contains(asJUnit.String(), "&lt;note&gt;") {
		t.Errorf("JUnit does not escape:\n%s", asJUnit.String())
	}
	good, err := Run(context.Background(), []string{"seal"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	asText.Reset()
	if err := good.WriteText(&asText); err != nil || strings.Count(asText.String(), "\n") != len(good.Rules)+1 {
		t.Errorf("text of a good run has other lines than one a rule: %v\n%s", err, asText.String())
	}
	for name, write := range map[string]func(brokenWriter) error{
		"JSON": func(w brokenWriter) error { return result.WriteJSON(w) }, "text": func(w brokenWriter) error { return result.WriteText(w) },
		"JUnit": func(w brokenWriter) error { return result.WriteJUnit(w) },
	} {
		if write(brokenWriter{}) == nil {
			t.Errorf("%s: a broken writer is no error", name)
		}
	}
}

type brokenWriter struct{}

// Write always fails.
func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

// TestHMACSM3Wycheproof runs the public set over the same code as rule sm/sm3_hmac.
func TestHMACSM3Wycheproof(t *testing.T) {
	var file struct {
		NumberOfTests int `json:"numberOfTests"`
		Groups        []struct {
			TagSize int `json:"tagSize"`
			Tests   []struct {
				ID                int `json:"tcId"`
				Key, Message, Tag string
				Msg               string `json:"msg"`
				Result            string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/wycheproof/hmac_sm3_test.json"), &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, group := range file.Groups {
		for _, test := range group.Tests {
			ran++
			key, keyErr := hex.DecodeString(test.Key)
			message, messageErr := hex.DecodeString(test.Msg)
			tag, tagErr := hex.DecodeString(test.Tag)
			if err := errors.Join(keyErr, messageErr, tagErr); err != nil {
				t.Fatal(err)
			}
			mac := hmac.New(digest.New, key)
			mac.Write(message)
			if equal := hmac.Equal(mac.Sum(nil)[:group.TagSize/8], tag); equal != (test.Result == "valid") {
				t.Errorf("case %d: equal %t, the set says %s", test.ID, equal, test.Result)
			}
		}
	}
	if ran != file.NumberOfTests || ran != 174 {
		t.Errorf("ran %d of %d", ran, file.NumberOfTests)
	}
}

func Example() {
	result, err := Run(context.Background(), []string{"seal"}, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("failed rules:", result.Failed)
	// Output: failed rules: 0
}
