package catalog

import (
	"strings"
	"time"
)

// Holder code types whose check characters are judged (GB/T 36903-2018 annex A).
const (
	holderUSCC    = "001"
	holderCitizen = "111"
)

const (
	alphabet36   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphabetUSCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
)

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// validUSCC checks length, alphabet and check character (GB 32100-2015: weights 3^i mod 31).
func validUSCC(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		value := strings.IndexByte(alphabetUSCC, code[i])
		if value < 0 {
			return false
		}
		sum += value * weight
		weight = weight * 3 % 31
	}
	return alphabetUSCC[(31-sum%31)%31] == code[17]
}

// validCitizenID checks length, date of birth and check character (GB 11643-1999, MOD 11-2).
func validCitizenID(number string) bool {
	if len(number) != 18 || !allDigits(number[:17]) {
		return false
	}
	if _, err := time.Parse("20060102", number[6:14]); err != nil {
		return false
	}
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, weight := range weights {
		sum += int(number[i]-'0') * weight
	}
	return "10X98765432"[sum%11] == number[17]
}
