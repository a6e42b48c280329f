package proofing

import (
	"errors"
	"strings"
)

var errCard = errors.New("proofing: not the number of a bank card")

// ParseCard reads the number of a bank card as people type it: 12 to 19 digits, with blanks or hyphens between them, and the check
// digit of ISO/IEC 7812-1 annex B. Errors hold nothing of it.
func ParseCard(typed string) (string, error) {
	if len(typed) > 64 {
		return "", errCard
	}
	number, err := typedDigits(typed)
	if err != nil {
		return "", err
	}
	if len(number) < 12 || len(number) > 19 {
		return "", errCard
	}
	sum := 0
	for i := range number {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	if sum%10 != 0 || strings.Trim(number, "0") == "" {
		return "", errCard
	}
	return number, nil
}

// typedDigits are the digits of a number, also as a Chinese keyboard types them, without the blanks and hyphens between them.
func typedDigits(typed string) (string, error) {
	var digits strings.Builder
	for _, r := range typed {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r >= '０' && r <= '９':
			digits.WriteRune(r - '０' + '0')
		case r != ' ' && r != '-' && r != '\u3000':
			return "", errCard
		}
	}
	return digits.String(), nil
}
