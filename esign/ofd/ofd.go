// Package ofd reads and writes OFD packages (GB/T 33190-2016) for judging and sealing: a strict ZIP reader, one XML tree
// for digest and meaning, the document tree with the role of each entry, signatures (clause 18), and writers that leave
// the octets of existing entries alone. It does not draw and does not verify signatures. It is a leaf: no I/O, no clock.
//
// What a hostile file may do is bounded by [Limits]; what real vendors write beyond the standard is read and named as a
// [Deviation]. Octets are digested exactly as stored, never encoded again.
package ofd

import "fmt"

// Reason codes of refusals (security specification 3.5).
const (
	CodeName      = "zip_name"
	CodeLimit     = "zip_limit"
	CodeDuplicate = "zip_duplicate"
	CodeStructure = "zip_structure"
	CodeDoctype   = "xml_doctype"
	CodeXML       = "xml"
	CodeBounds    = "limit"
	CodePath      = "ref_path"
)

// Error is a refusal: the reason code, the entry it concerns and plain words.
type Error struct {
	Code   string
	Path   string
	Detail string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("ofd: %s: %s", e.Code, e.Detail)
	}
	return fmt.Sprintf("ofd: %s: %s: %s", e.Code, e.Path, e.Detail)
}

func refuse(code, path, format string, args ...any) *Error {
	return &Error{Code: code, Path: path, Detail: fmt.Sprintf(format, args...)}
}

// Limits bound what is read (security rule R11).
type Limits struct {
	Entries       int   // number of entries
	EntryBytes    int64 // uncompressed size of one entry
	TotalBytes    int64 // uncompressed size of all entries
	Ratio         int64 // uncompressed to compressed, for entries above RatioFloor
	RatioFloor    int64
	XMLBytes      int64 // one XML file
	XMLTotal      int64 // all XML files that are read, one read again counted again
	XMLElements   int   // elements of one XML file
	XMLDepth      int
	XMLAttributes int // attributes of one element
}

// DefaultLimits are those of security rule R11.
func DefaultLimits() Limits {
	return Limits{Entries: 5000, EntryBytes: 64 << 20, TotalBytes: 256 << 20, Ratio: 100, RatioFloor: 1 << 20,
		XMLBytes: 16 << 20, XMLTotal: 128 << 20, XMLElements: 200_000, XMLDepth: 64, XMLAttributes: 256}
}

// Role of an entry for coverage (design decision 11).
type Role string

// Roles. Visible is whatever rendering from DocRoot of any version, or opening an attachment, can reach.
const (
	Visible   Role = "visible"
	Container Role = "container" // OFD.xml, Signatures.xml
	Extra     Role = "extra"     // nothing reaches it
	Material  Role = "signature" // Signature.xml, value file, seal file named by it
)

// Deviation is something outside the standard that real files do and that is tolerated.
type Deviation struct {
	Name   string // machine word
	Path   string
	Detail string
}

// Box is a rectangle in millimetres, origin top left, y down.
type Box struct{ X, Y, Width, Height float64 }
