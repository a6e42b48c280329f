package channel

import (
	"errors"
	"fmt"
	"strings"
)

// Countries is a policy over telephone numbers: prefixes in E.164 ("+852") to which messages go, and with "!" in front
// ("!+1876") those to which none go. The longest prefix that fits decides; a number that fits none gets nothing. Expensive
// foreign ranges are how pumping earns its money.
type Countries []string

// DefaultCountries are the mainland, Hong Kong, Macao and Taiwan.
var DefaultCountries = Countries{"+86", "+852", "+853", "+886"}

// Everywhere are all countries, for a sandbox.
var Everywhere = Countries{"+1", "+2", "+3", "+4", "+5", "+6", "+7", "+8", "+9"}

// Allows reports whether messages go to a number.
func (c Countries) Allows(number string) bool {
	allowed, longest := false, 0
	for _, prefix := range c {
		plain, refused := strings.CutPrefix(prefix, "!")
		if !strings.HasPrefix(number, plain) {
			continue
		}
		if n := len(plain); n > longest || n == longest && refused { // written both ways: the refusal holds
			allowed, longest = !refused, n
		}
	}
	return allowed
}

// Check reports a prefix that is none.
func (c Countries) Check() error {
	var faults []error
	for _, prefix := range c {
		digits, ok := strings.CutPrefix(strings.TrimPrefix(prefix, "!"), "+")
		if !ok || digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
			faults = append(faults, fmt.Errorf("%q is no prefix such as +852 or !+1876", prefix))
		}
	}
	return errors.Join(faults...)
}
