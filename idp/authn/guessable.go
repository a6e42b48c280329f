package authn

import (
	_ "embed" // the words that passwords are made of
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// passwordWordsFile are words in small letters of which people make passwords, Chinese ones in pinyin.
//
//go:embed password_words.txt
var passwordWordsFile string

var passwordWords = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(passwordWordsFile) {
		all[word] = true
	}
	return all
})

// guessable reports whether a password is among those that are tried first: rows and repetitions, days, a few words with simple numbers, and
// what is left of it without the names that its account is known by is too short.
func guessable(password string, own []string) bool {
	small := strings.ToLower(password)
	if row(small) || repeated(small) || day(small) || common(small) || strings.ContainsFunc(small, unicode.IsLetter) && common(plainLetters.Replace(small)) {
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

// plainLetters undoes the figures and signs that stand for letters in such passwords.
var plainLetters = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// longestCommon is how many characters a password of simple pieces has at most; whoever types more is not among those tried first.
const longestCommon = 24

// commonPieces is of how many pieces a common password is made at most: longer ones of short pieces are as good as any.
const commonPieces = 4

// common reports whether a password is made of a few pieces that are tried first: words, up to three letters, ways along the keyboard,
// simple numbers; with any signs between and around them.
func common(password string) bool {
	if len(password) > longestCommon {
		return false
	}
	pieces := 0
	for rest := password; rest != ""; {
		first, size := utf8.DecodeRuneInString(rest)
		kind := kindOf(first)
		end := size
		for end < len(rest) {
			next, size := utf8.DecodeRuneInString(rest[end:])
			if kindOf(next) != kind {
				break
			}
			end += size
		}
		piece := rest[:end]
		rest = rest[end:]
		switch kind {
		case letters:
			if !simpleLetters(piece) {
				return false
			}
			pieces++
		case figures:
			if !simpleNumber(piece) {
				return false
			}
			pieces++
		case others:
			return false
		}
	}
	return pieces <= commonPieces
}

type kind int

const (
	signs kind = iota
	letters
	figures
	others // letters outside ASCII: no word of ours is written in them
)

func kindOf(r rune) kind {
	switch {
	case r >= 'a' && r <= 'z':
		return letters
	case r >= '0' && r <= '9':
		return figures
	case r > unicode.MaxASCII:
		return others
	}
	return signs
}

// simpleLetters reports whether letters are one word or two, at most three letters, a row, a repetition, or a way along the keyboard.
func simpleLetters(piece string) bool {
	words := passwordWords()
	if len(piece) <= 3 || words[piece] || row(piece) || repeated(piece) || alongKeyboard(piece) {
		return true
	}
	for i := 2; i < len(piece)-1; i++ {
		if words[piece[:i]] && words[piece[i:]] {
			return true
		}
	}
	return false
}

// keyboard are its rows and columns, and back.
var keyboard = func() (all []string) {
	for _, line := range []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp"} {
		back := []rune(line)
		for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
			back[i], back[j] = back[j], back[i]
		}
		all = append(all, line, string(back))
	}
	return all
}()

// alongKeyboard reports whether letters are pieces of at least three that stand beside each other on a keyboard.
func alongKeyboard(piece string) bool {
	if piece == "" {
		return true
	}
	for _, line := range keyboard {
		for n := min(len(piece), len(line)); n >= 3; n-- {
			if strings.Contains(line, piece[:n]) && alongKeyboard(piece[n:]) {
				return true
			}
		}
	}
	return false
}

// simpleNumber reports whether figures are at most four, a row, a repetition, a day, or made of what people like: 520, 1314, 168.
func simpleNumber(piece string) bool {
	return len(piece) <= 4 || row(piece) || repeated(piece) || day(piece) || strings.Trim(liked.Replace(piece), " ") == ""
}

var liked = strings.NewReplacer("5201314", " ", "1314520", " ", "1314", " ", "520", " ", "521", " ", "168", " ", "888", " ", "666", " ", "123", " ", "321", " ", "000", " ")

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
	for size := 1; size <= min(4, len(runes)/2); size++ {
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
