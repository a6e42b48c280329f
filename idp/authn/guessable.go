package authn

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the list of common passwords
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// commonPasswordsFile are passwords of eight characters or more that breaches showed most often, in small letters, one a line: those of the list
// that Django (BSD licence) ships, and what is common in Chinese besides.
//
//go:embed common_passwords.txt.gz
var commonPasswordsFile []byte

var commonPasswords = sync.OnceValue(func() map[string]bool {
	reader, err := gzip.NewReader(bytes.NewReader(commonPasswordsFile))
	if err != nil {
		panic(err) // the file is embedded
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	all := make(map[string]bool, 9000)
	for word := range strings.Lines(string(text)) {
		all[strings.TrimSuffix(word, "\n")] = true
	}
	return all
})

// guessable reports whether a password is among those that are tried first: common ones, rows and repetitions, days, and what is left of it
// without the names that its account is known by is too short.
func guessable(password string, own []string) bool {
	small := strings.ToLower(password)
	if commonPasswords()[small] || row(small) || repeated(small) || day(small) {
		return true
	}
	for _, name := range own {
		name = strings.ToLower(name)
		if utf8.RuneCountInString(name) < minOwnName || !strings.Contains(small, name) {
			continue
		}
		if utf8.RuneCountInString(strings.ReplaceAll(small, name, "")) < minPassword {
			return true
		}
	}
	return false
}

// minOwnName is how long a name must be to count in a password, in characters.
const minOwnName = 4

// row reports whether each character follows the one before, or comes before it: 12345678, hgfedcba.
func row(password string) bool {
	runes := []rune(password)
	step := runes[1] - runes[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 1; i < len(runes); i++ {
		// In the row of digits, 0 follows 9: 7890123 is one too.
		if got := runes[i] - runes[i-1]; got != step && got != step-10*step {
			return false
		}
	}
	return true
}

// repeated reports whether a password is a piece of up to four characters again and again, whole at its end or not.
func repeated(password string) bool {
	runes := []rune(password)
	for size := 1; size <= 4; size++ {
		same := true
		for i := size; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-size]
		}
		if same {
			return true
		}
	}
	return false
}

// day reports whether a password is eight digits of a day, as of a birth.
func day(password string) bool {
	for _, layout := range []string{"20060102", "02012006", "01022006"} {
		if t, err := time.Parse(layout, password); err == nil && t.Year() >= 1900 && t.Year() < 2100 {
			return true
		}
	}
	return false
}
