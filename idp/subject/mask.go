package subject

import (
	"log/slog"
	"strings"
)

// Masking rules of identity.md section 11.

// compoundSurnames have two characters; both are shown.
var compoundSurnames = []string{"欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒", "夏侯", "端木"}

// MaskName shows the surname: 张*三 becomes 张**, 欧阳** keeps both characters.
func MaskName(name string) string {
	characters := []rune(name)
	if len(characters) == 0 {
		return ""
	}
	shown := 1
	for _, surname := range compoundSurnames {
		if strings.HasPrefix(name, surname) && len(characters) > 2 {
			shown = 2
		}
	}
	if len(characters) == 1 {
		return "*"
	}
	return string(characters[:shown]) + strings.Repeat("*", len(characters)-shown)
}

// MaskID shows the first and the last character.
func MaskID(number string) string { return keepEnds(number, 1, 1) }

// MaskIDForReviewer shows the first six and the last four characters.
func MaskIDForReviewer(number string) string { return keepEnds(number, 6, 4) }

// MaskIdentifier shows a mobile number as 3+4 digits and an address by its first character and domain.
func MaskIdentifier(identifier Identifier) string {
	if identifier.Kind == Email {
		local, domain, _ := strings.Cut(identifier.Value, "@")
		return keepEnds(local, 1, 0) + "@" + domain
	}
	return keepEnds(strings.TrimPrefix(identifier.Value, "+86"), 3, 4)
}

func keepEnds(text string, first, last int) string {
	characters := []rune(text)
	if len(characters) <= first+last {
		return strings.Repeat("*", len(characters))
	}
	return string(characters[:first]) + strings.Repeat("*", len(characters)-first-last) + string(characters[len(characters)-last:])
}

// LogValue keeps the number out of logs (row A-28).
func (n CitizenIDNumber) LogValue() slog.Value { return slog.StringValue(MaskID(string(n))) }

// LogValue keeps the identifier out of logs.
func (i Identifier) LogValue() slog.Value { return slog.StringValue(MaskIdentifier(i)) }
