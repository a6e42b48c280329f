// Package verify judges sealed documents, bare seals and bare seal signatures from bytes, trust anchors, revocation
// evidence and a time, and says exactly what is proven and what is not (GB/T 38540-2020 7.3, GM/T 0031-2014 6.2.3,
// design contract 3.2). It has no I/O, no clock and no logger, so that server, command line, SDK and browser answer
// with the same report.
//
// A verdict is valid, invalid or indeterminate; a check is passed, failed, unknown or skipped. No path turns an error
// into valid.
package verify

import (
	"time"

	"github.com/yinxin-gov/yinxin/esign/ses"
)

// Verdict of a document, seal or signature (ETSI EN 319 102-1 sense).
type Verdict string

// Verdicts.
const (
	Valid         Verdict = "valid"
	Invalid       Verdict = "invalid"
	Indeterminate Verdict = "indeterminate"
)

// Status of one check.
type Status string

// Statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Unknown Status = "unknown"
	Skipped Status = "skipped"
)

// Report is what `yinxin verify --json`, the API, the SDKs and the browser print.
type Report struct {
	Results []Result `json:"results"`
}

// Result is the judgement of one file or code.
type Result struct {
	File       string            `json:"file"`
	Format     string            `json:"format"` // ofd | pdf | seal | seal_signature | presentation | evidence | unknown
	SM3        string            `json:"sm3"`    // lower-case hex of the file
	Verdict    Verdict           `json:"verdict"`
	Code       string            `json:"code"` // V-code of experience.md 3.12
	Message    map[string]string `json:"message"`
	Reasons    []Reason          `json:"reasons"`
	Signatures []Signature       `json:"signatures"`
	Coverage   *Coverage         `json:"coverage,omitempty"`
	License    *License          `json:"license,omitempty"`
	Evidence   *Evidence         `json:"evidence,omitempty"` // of a package of evidence; all else is about the document in it
}

// Reason says why, with the clause that asks for it. Detail is what the message ends with beside its fixed words: a day, names of files.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Clause  string `json:"clause"`
	Detail  string `json:"detail,omitempty"`
}

// Signature is the judgement of one signature of a document.
type Signature struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`      // seal | sign
	Structure   string      `json:"structure"` // v1 | c0119 | v4 | v5 | cms | raw
	Verdict     Verdict     `json:"verdict"`
	Seal        *Seal       `json:"seal,omitempty"`
	Signer      *Signer     `json:"signer,omitempty"`
	SigningTime *time.Time  `json:"signing_time,omitempty"`
	TimeSource  string      `json:"time_source,omitempty"` // claimed | timestamp
	References  *References `json:"references,omitempty"`
	Placements  []Placement `json:"placements,omitempty"`
	Checks      []Check     `json:"checks"`
}

// Personal tells whether it is the seal of a person (个人名章, GM/T 0031-2014 6.1.1.1 c), which is none of an organisation whatever its name says.
// GB/T 38540-2020 leaves the list of types to the business; the one national list counts for all, so that no seal of a person passes for another.
func (s *Seal) Personal() bool { return s != nil && s.Type == ses.TypePerson }

// Seal describes the seal inside a signature.
type Seal struct {
	SealID    string    `json:"seal_id"`
	Name      string    `json:"name"`
	Maker     string    `json:"maker"`
	Type      int       `json:"type"`
	ValidFrom time.Time `json:"valid_from"`
	ValidTo   time.Time `json:"valid_to"`
	Picture   Picture   `json:"picture"`
	// Successor is who stands in the place of the seal's organisation by now; nil while it goes on under its name.
	Successor *Successor `json:"successor,omitempty"`
}

// Successor is what became of the organisation of a seal, by the register of seals.
type Successor struct {
	Kind  string    `json:"kind"` // renamed, merged, split
	Since time.Time `json:"since"`
	Owner string    `json:"owner"` // its name before
	Names []string  `json:"names"` // who took its place
}

// Picture describes the seal's image; sizes are millimetres.
type Picture struct {
	Type     string `json:"type"`
	WidthMM  int    `json:"width_mm"`
	HeightMM int    `json:"height_mm"`
}

// Signer describes the signer's certificate.
type Signer struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"` // lower-case hex
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// References counts the protected files of a signature. Pages are the numbers, from 1, of the pages among those that do not match: what the page
// itself, or a template of it, draws.
type References struct {
	Total      int      `json:"total"`
	Matched    int      `json:"matched"`
	Mismatched []string `json:"mismatched"`
	Pages      []int    `json:"pages,omitempty"`
}

// Placement is where a seal is drawn, in millimetres from the page's top left corner; Page counts from 1.
type Placement struct {
	Page     int     `json:"page"`
	XMM      float64 `json:"x_mm"`
	YMM      float64 `json:"y_mm"`
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
}

// Check is one step of GB/T 38540-2020 7.3 or one of ours (names in design contract 3.2).
type Check struct {
	Name    string `json:"name"`
	Status  Status `json:"status"`
	Code    string `json:"code"`
	Clause  string `json:"clause"`
	Message string `json:"message"`
}

// Coverage says what the signatures leave uncovered; see design decision 11.
type Coverage struct {
	Complete  bool        `json:"complete"`
	Uncovered []Uncovered `json:"uncovered"`
}

// Uncovered is an entry that no signature covers. Role is visible, container or extra.
type Uncovered struct {
	Path string `json:"path"`
	Role string `json:"role"`
}

// License is what the document says of itself as a licence and what the status evidence says of it.
type License struct {
	LicenseID    string     `json:"license_id"`
	TypeCode     string     `json:"type_code"`
	Status       string     `json:"status"`        // valid | suspended | revoked | … ; unknown without evidence
	StatusSource string     `json:"status_source"` // list | online | none
	StatusTime   *time.Time `json:"status_time,omitempty"`
	Shown        []Shown    `json:"shown,omitempty"` // what the holder shows by a presentation code, and nothing else
}

// Shown is a field of a view that a holder shows (license.md 11.4, step 8).
type Shown struct {
	Key   string `json:"key"`
	Label string `json:"label"` // in the language asked for
	Value string `json:"value"`
}

// Evidence says what a package of evidence holds and what the verdict rests on.
type Evidence struct {
	File       string     `json:"file"` // the document inside, as it was named when it was packed
	Format     string     `json:"format"`
	SM3        string     `json:"sm3"`
	JudgedAt   time.Time  `json:"judged_at"`            // the moment as of which the document is judged
	TimeSource string     `json:"time_source"`          // timestamp: a token over the whole package proves it; now: nothing proves an earlier one
	StampedBy  string     `json:"stamped_by,omitempty"` // subject of the time-stamping authority
	PackedBy   string     `json:"packed_by,omitempty"`  // subject of the signer of the manifest
	PackedAt   *time.Time `json:"packed_at,omitempty"`  // its word
	PackedCode string     `json:"packed_code,omitempty"`
	RestsOn    []string   `json:"rests_on"` // in the language asked for
	Log        []Logged   `json:"log,omitempty"`
}

// Logged is a proof in a package that holds: the licence, or a change of its status, stands in a transparency log.
type Logged struct {
	Origin    string   `json:"origin"` // name of the log
	Index     uint64   `json:"index"`  // of the entry, from 0
	TreeSize  uint64   `json:"tree_size"`
	Signed    bool     `json:"signed"`              // by a key of the log that the judge trusts; else the tree is anybody's
	Witnesses []string `json:"witnesses,omitempty"` // whom the judge trusts and who countersigned
}
