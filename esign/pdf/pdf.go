// Package pdf reads and writes what signing needs of PDF files (ISO 32000-1, GB/T 32010.1; ISO 32000-2 where named):
// cross-reference tables and streams, object streams, incremental updates, signature fields, and a writer that adds a
// signature as an update of its own and leaves all octets before it alone. It tells exactly what a signature covers and
// what was changed behind it. It does not draw, does not decrypt and does not judge signature values. It is a leaf: no
// I/O, no clock.
//
// Readers of PDF repair what is broken, each in its own way; attacks live on that. This one repairs nothing: a file whose
// structure does not hold together is refused under a code, within the bounds of [Limits].
package pdf

import "fmt"

// Reason codes of refusals (security specification 3.5, rows D-26 to D-30).
const (
	CodeStructure = "pdf_structure" // the file does not hold together
	CodeLimit     = "pdf_limit"     // a bound is met
	CodeEncrypted = "pdf_encrypted" // the file is encrypted
	CodeContents  = "pdf_contents"  // a signature without a usable value or range (D-26)
	CodeRange     = "byte_range"    // a range that is not everything but the value (D-28)
	CodeChanged   = "changed_after" // changed behind a signature (D-27, D-29)
	CodeDocMDP    = "docmdp"        // changed behind a certification that forbids it (D-30)
)

// Error is a refusal: the reason code, the object it concerns (0 for none) and plain words.
type Error struct {
	Code   string
	Object int
	Detail string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Object == 0 {
		return fmt.Sprintf("pdf: %s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("pdf: %s: object %d: %s", e.Code, e.Object, e.Detail)
}

func refuse(code string, object int, format string, args ...any) *Error {
	return &Error{Code: code, Object: object, Detail: fmt.Sprintf(format, args...)}
}

// limited tells that reading ended at a bound, which says nothing of what was not read.
func limited(err error) bool {
	failure, ok := err.(*Error)
	return ok && failure.Code == CodeLimit
}

// Limits bound what is read (security rule R11).
type Limits struct {
	Bytes      int // size of the file
	Sections   int // cross-reference sections, which is to say updates
	Entries    int // cross-reference entries of all sections
	Decoded    int // octets that come out of compressed object and cross-reference streams
	Tokens     int // tokens read in all, which bounds the time
	Signatures int
}

// DefaultLimits hold a hostile file to 64 MiB and a second.
func DefaultLimits() Limits {
	return Limits{Bytes: 50 << 20, Sections: 256, Entries: 250_000, Decoded: 24 << 20, Tokens: 5_000_000, Signatures: 64}
}
