package authn

import (
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Method is a way to log in. It declares what a login by it alone yields.
type Method interface {
	// Name is the word of the method in messages and audit records.
	Name() string
	// AAL is the strength of a login by this method alone.
	AAL() subject.AAL
	// AMR are the words of RFC 8176 that such a login puts into amr.
	AMR() []string
}

// HighestAAL is the strongest login that the methods reach, alone or two of them together.
func HighestAAL(methods []Method) subject.AAL {
	highest, kinds := subject.AAL(1), map[factor]bool{}
	for _, m := range methods {
		highest = max(highest, m.AAL())
		for kind := range factors(m.AMR()) {
			kinds[kind] = true
		}
	}
	if len(kinds) > 1 {
		highest = max(highest, 2)
	}
	return highest
}

// factor is what a person shows, as NIST SP 800-63B-4 divides it.
type factor int

const (
	know factor = iota
	have
)

// factorOf are the words that show one factor. "fed" is not among them: what another platform asked for is told by the
// level that it is registered with.
var factorOf = map[string]factor{"pwd": know, "otp": have, "sms": have, "hwk": have, "swk": have}

func factors(words []string) map[factor]bool {
	kinds := map[factor]bool{}
	for _, word := range words {
		if kind, ok := factorOf[word]; ok {
			kinds[kind] = true
		}
	}
	return kinds
}

// Words of RFC 8176 that tell that more than one thing was shown.
const (
	wordFactors  = "mfa" // two factors of different kinds
	wordChannels = "mca" // two of the same kind, over different channels
)

// Combine is a login after a second method was shown. Two factors of different kinds make level 2; a code by SMS together
// with a code of an authenticator is twice something that the person has, and lifts nothing (identity.md 7 rule 11).
func Combine(first idp.Login, second Method) idp.Login {
	both := slices.Clone(first.Methods)
	for _, word := range second.AMR() {
		if !slices.Contains(both, word) {
			both = append(both, word)
		}
	}
	first.Second, first.AAL = true, max(first.AAL, second.AAL())
	if len(factors(both)) > 1 {
		first.AAL, first.Methods = max(first.AAL, 2), append(both, wordFactors)
	} else {
		first.Methods = append(both, wordChannels)
	}
	return first
}

// CombineSource is Combine after a login at a source whose own factors are not told. In the realm of staff such a login counts as what
// the person knows, whatever was shown there, so that something that the person has makes level 2 with it.
func CombineSource(first idp.Login, second Method) idp.Login {
	login := Combine(first, second)
	if login.AAL < 2 && factors(second.AMR())[have] {
		login.AAL, login.Methods[len(login.Methods)-1] = 2, wordFactors
	}
	return login
}

// Strong reports whether the words of a login tell that more than one thing was shown: what changes the ways into an
// account that has a second factor asks for such a login.
func Strong(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return word == wordFactors || word == wordChannels || word == "user" })
}

// By is a method by name, for those that need no more.
type By struct {
	Word  string
	Level subject.AAL
	Words []string
}

// Name implements Method.
func (b By) Name() string { return b.Word }

// AAL implements Method.
func (b By) AAL() subject.AAL { return b.Level }

// AMR implements Method.
func (b By) AMR() []string { return b.Words }

// WordProved stands in amr where somebody came back into an account by proving who they are.
const WordProved = "idv"

// ByProving is such a login: it shows neither something known nor something held, so that with any second factor it stays at level 1.
var ByProving = By{"proving", 1, []string{WordProved}}

// Methods that are not credentials of the table.
var (
	ByPassword = By{"password", 1, []string{"pwd"}}
	ByCode     = By{"code", 1, []string{"otp"}}
)
