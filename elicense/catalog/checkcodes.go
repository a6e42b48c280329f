package catalog

import "github.com/yinxin-gov/yinxin/idp/subject"

// Holder code types whose check characters are judged (GB/T 36903-2018 annex A).
const (
	holderUSCC    = "001"
	holderCitizen = "111"
)

const alphabet36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// validUSCC takes the canonical form alone: what is printed and signed is not mended.
func validUSCC(code string) bool {
	canonical, err := subject.ParseUSCC(code)
	return err == nil && string(canonical) == code
}

// validCitizenID takes the canonical form alone.
func validCitizenID(number string) bool {
	canonical, err := subject.ParseCitizenID(number)
	return err == nil && string(canonical) == number
}
