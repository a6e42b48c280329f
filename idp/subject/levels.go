// Package subject is the leaf of identity words: assurance levels, identifiers of people and organisations, masking.
// It has no dependencies, no I/O and no state.
package subject

import (
	"fmt"
	"strconv"
	"strings"
)

// IAL is how surely we know the person (实名等级): 0 未实名, 1 初级, 2 中级, 3 高级, 4 现场.
type IAL int

// AAL is how strong a login was (认证强度): 1 to 3 in the sense of NIST SP 800-63B-4.
type AAL int

const (
	ialPrefix = "urn:yinxin:ial:"
	aalPrefix = "urn:yinxin:aal:"
)

// URN is the level as a request value.
func (l IAL) URN() string { return ialPrefix + strconv.Itoa(int(l)) }

// URN is the level as it stands in acr.
func (l AAL) URN() string { return aalPrefix + strconv.Itoa(int(l)) }

// ParseIAL reads "urn:yinxin:ial:N".
func ParseIAL(urn string) (IAL, error) {
	n, err := level(urn, ialPrefix, 0, 4)
	return IAL(n), err
}

// ParseAAL reads "urn:yinxin:aal:N".
func ParseAAL(urn string) (AAL, error) {
	n, err := level(urn, aalPrefix, 1, 3)
	return AAL(n), err
}

func level(urn, prefix string, low, high int) (int, error) {
	digits, ok := strings.CutPrefix(urn, prefix)
	if !ok || len(digits) != 1 || digits[0] < byte('0'+low) || digits[0] > byte('0'+high) {
		return 0, fmt.Errorf("subject: %q is not a level %sN", urn, prefix)
	}
	return int(digits[0] - '0'), nil
}
