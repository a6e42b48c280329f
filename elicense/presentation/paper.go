package presentation

import (
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// A paper copy (纸质副本, license.md 11.5 M4) is a print of one view of a licence with a static code: the view, a status entry
// whatever its life, and the facts below, signed as view tokens are. It proves what stands on it, never that whoever shows it
// is the holder. Body and envelope have the version 2, so that neither a view token passes as a paper nor a paper as one.
const (
	// PaperBudget is how many octets of CBOR a paper has at most: in Base45 they fit into a code of version 25-M (license.md 11.3).
	PaperBudget = 960
	// MaxPaperLife bounds the life of a paper, whatever the policy of the platform.
	MaxPaperLife = 366 * 24 * time.Hour

	viewVersion, paperVersion = 1, 2
)

// PaperFacts are what a paper copy has beside its view.
type PaperFacts struct {
	Identifier [32]byte // IdentifierHash of the licence
	Text       [32]byte // PageText of what is printed
}

// IdentifierHash is SM3 of a licence identifier (GB/T 36904).
func IdentifierHash(identifier string) [32]byte { return [32]byte(digest.Sum([]byte(identifier))) }

// PageText is SM3 of the text of a page: of its lines without blanks at their ends and without empty lines, each with a line feed behind it.
func PageText(text string) [32]byte {
	var lines strings.Builder
	for _, line := range strings.Split(text, "\n") {
		if line = strings.Trim(line, " \t\r\u3000"); line != "" {
			lines.WriteString(line + "\n")
		}
	}
	return [32]byte(digest.Sum([]byte(lines.String())))
}

// IsPaper tells whether a view is that of a paper copy.
func (v View) IsPaper() bool { return v.Paper != nil }

func (v View) version() uint {
	if v.IsPaper() {
		return paperVersion
	}
	return viewVersion
}
