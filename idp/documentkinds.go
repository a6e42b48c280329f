package idp

import (
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// DocumentKindsKind of applied overrides in the registry.
const DocumentKindsKind = "document_kind"

// DocumentOverride is what an operator sets about a kind of identity document, above the built-in table: the official codes of
// kinds are not public, and methods differ from place to place.
type DocumentOverride struct {
	subject.DocumentOverride `yaml:",inline"`
}

// Key implements registry.Partner.
func (d *DocumentOverride) Key() string { return d.Kind }

// Enabled implements registry.Partner.
func (d *DocumentOverride) Enabled() bool { return true }

// GivenSecret implements registry.Partner.
func (d *DocumentOverride) GivenSecret() string { return "" }

// Normalize implements registry.Partner.
func (d *DocumentOverride) Normalize() error {
	if _, err := subject.DefaultDocuments().With(d.DocumentOverride); err != nil {
		return fault.Wrap(err, fault.ClientMetadata, "field", "document_kinds."+d.Kind, "why", "no such kind, or no such check")
	}
	return nil
}
