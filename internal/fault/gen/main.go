// Command gen makes codes_gen.go and docs/reference/errors.md from codes.yaml. Run it by go generate.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

type entry struct {
	Code      string            `yaml:"code"`
	Name      string            `yaml:"name"`
	Status    int               `yaml:"status"`
	Retryable bool              `yaml:"retryable"`
	Title     map[string]string `yaml:"title"`
	Hint      map[string]string `yaml:"hint"`
}

var (
	codePattern = regexp.MustCompile(`^YX-[A-Z]+-\d{3}$`)
	languages   = []string{"zh-CN", "zh-Hant", "en"}
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fault/gen: ")
	source, err := os.ReadFile("codes.yaml")
	if err != nil {
		log.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	var entries []entry
	if err := decoder.Decode(&entries); err != nil {
		log.Fatal(err)
	}
	if err := check(entries); err != nil {
		log.Fatal(err)
	}
	code, err := format.Source(goSource(entries))
	if err != nil {
		log.Fatal(err)
	}
	write("codes_gen.go", code)
	write("../../docs/reference/errors.md", page(entries))
}

func check(entries []entry) error {
	codes, names := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		switch {
		case !codePattern.MatchString(e.Code):
			return fmt.Errorf("%q is not a code", e.Code)
		case codes[e.Code] || names[e.Name]:
			return fmt.Errorf("%s %s is declared twice", e.Code, e.Name)
		case e.Status < 400 || e.Status > 599:
			return fmt.Errorf("%s: status %d is not an error", e.Code, e.Status)
		}
		codes[e.Code], names[e.Name] = true, true
		for _, language := range languages {
			if e.Title[language] == "" || e.Hint[language] == "" {
				return fmt.Errorf("%s has no title or hint in %s", e.Code, language)
			}
		}
	}
	return nil
}

func goSource(entries []entry) []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated from codes.yaml by gen. DO NOT EDIT.\n\npackage fault\n\n// Declared codes.\nconst (\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "%s Code = %q // %s\n", e.Name, e.Code, e.Title["en"])
	}
	b.WriteString(")\n\nvar order = []Code{")
	for _, e := range entries {
		b.WriteString(e.Name + ",")
	}
	b.WriteString("}\n\nvar catalogue = map[Code]Meta{\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "%s: {Code: %s, Status: %d, Retryable: %t, Title: %s, Hint: %s},\n",
			e.Name, e.Name, e.Status, e.Retryable, text(e.Title), text(e.Hint))
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func text(t map[string]string) string {
	parts := make([]string, 0, len(languages))
	for _, language := range languages {
		parts = append(parts, fmt.Sprintf("%q: %q", language, t[language]))
	}
	return "Text{" + strings.Join(parts, ", ") + "}"
}

func page(entries []entry) []byte {
	var b bytes.Buffer
	b.WriteString("# Error codes\n\nGenerated from `internal/fault/codes.yaml`. A code is never reused.\n\n")
	b.WriteString("| code | HTTP | retry | 说明 | meaning | 怎么办 | what to do |\n|---|---|---|---|---|---|---|\n")
	for _, e := range entries {
		retry := "no"
		if e.Retryable {
			retry = "yes"
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n",
			e.Code, e.Status, retry, e.Title["zh-CN"], e.Title["en"], e.Hint["zh-CN"], e.Hint["en"])
	}
	return b.Bytes()
}

// write leaves an unchanged file alone, so that build caches stay warm.
func write(path string, content []byte) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		log.Fatal(err)
	}
}
