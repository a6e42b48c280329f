// Package bridge is what portals behind a bridge have in common: how they are registered and how they show themselves
// to the pages as a client, so that login, levels, consent, pairwise subjects and the person's own page are the same code
// for OpenID Connect, CAS and tickets. The protocols are in the rooms below.
package bridge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Registration is what every portal behind a bridge tells of itself.
type Registration struct {
	ID              string   `json:"id" yaml:"id"`
	Name            string   `json:"name" yaml:"name"`
	Department      string   `json:"department" yaml:"department"`
	Purpose         string   `json:"purpose" yaml:"purpose"`
	Sector          string   `json:"sector" yaml:"sector"` // pairwise user ids are the same within a sector
	URLs            []string `json:"urls" yaml:"urls"`     // where a browser may be sent back; compared character by character
	LogoutURL       string   `json:"logout_url" yaml:"logout_url"`
	ApplicationType string   `json:"application_type" yaml:"application_type"`
	Scope           string   `json:"scope" yaml:"scope"`     // profile, phone, email, identity
	UserID          string   `json:"user_id" yaml:"user_id"` // pairwise, or a claim of the scope
	StatutoryBasis  string   `json:"statutory_basis" yaml:"statutory_basis"`
	MaxIAL          int      `json:"max_ial" yaml:"max_ial"`
	// PartnerLevels is ial in the portal's words, told as partner_level beside ial.
	PartnerLevels idp.PartnerLevels `json:"partner_level_map,omitempty" yaml:"partner_level_map"`
	IAL           int               `json:"ial" yaml:"ial"` // least levels of a login
	AAL           int               `json:"aal" yaml:"aal"`
	Disabled      bool              `json:"disabled" yaml:"disabled"`
}

// Pairwise is the user id that another department cannot join with its own.
const Pairwise = "pairwise"

// scopeOf: the scope that a claim needs before it may be the user id.
var scopeOf = map[string]string{"phone_number": "phone", "email": "email", "id_document_number": "identity"}

var (
	knownScopes = []string{"profile", "phone", "email", "identity"}
	idForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
)

// Refuse is the fault of a registration.
func Refuse(id, field, why string) error {
	return fault.New(fault.ClientMetadata, "field", id+"."+field, "why", why)
}

// Key implements registry.Partner.
func (r *Registration) Key() string { return r.ID }

// Enabled implements registry.Partner.
func (r *Registration) Enabled() bool { return !r.Disabled }

// NormalizeCommon fills in defaults and checks what all bridges share.
func (r *Registration) NormalizeCommon() error {
	if r.Scope == "" {
		r.Scope = "profile"
	}
	if r.UserID == "" {
		r.UserID = Pairwise
	}
	if r.Name == "" {
		r.Name = r.ID
	}
	if r.ApplicationType == "" {
		r.ApplicationType = "web"
	}
	scopes := strings.Fields(r.Scope)
	switch {
	case !idForm.MatchString(r.ID):
		return Refuse(r.ID, "id", "1 to 64 lower-case letters, digits, _ and -")
	case len(r.URLs) == 0:
		return Refuse(r.ID, "urls", "at least one")
	case slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(knownScopes, s) }):
		return Refuse(r.ID, "scope", "known are "+strings.Join(knownScopes, ", "))
	case r.UserID != Pairwise && scopeOf[r.UserID] == "":
		return Refuse(r.ID, "user_id", "pairwise, phone_number, email or id_document_number")
	case r.UserID != Pairwise && !slices.Contains(scopes, scopeOf[r.UserID]):
		return Refuse(r.ID, "user_id", "needs the scope "+scopeOf[r.UserID])
	case r.UserID == "id_document_number" && r.StatutoryBasis == "":
		return Refuse(r.ID, "user_id", "an ID number as user id needs a statutory_basis")
	case r.PartnerLevels.Check() != "":
		return Refuse(r.ID, "partner_level_map", r.PartnerLevels.Check())
	case r.IAL < 0 || r.IAL > 4 || r.MaxIAL < 0 || r.MaxIAL > 4 || r.MaxIAL > 0 && r.MaxIAL < r.IAL:
		return Refuse(r.ID, "ial", "0 to 4, and not above max_ial")
	case r.AAL < 0 || r.AAL > 3:
		return Refuse(r.ID, "aal", "1 to 3")
	}
	addresses := slices.Clone(r.URLs)
	if r.LogoutURL != "" {
		addresses = append(addresses, r.LogoutURL)
	}
	for _, address := range addresses {
		if err := idp.CheckAddress(address, r.ApplicationType); err != nil {
			return Refuse(r.ID, "urls", err.Error())
		}
	}
	return nil
}

// Allows reports whether a browser may be sent to the address.
func (r Registration) Allows(address string) bool { return slices.Contains(r.URLs, address) }

// Scopes of the registration.
func (r Registration) Scopes() []string { return strings.Fields(r.Scope) }

// Client is the registration as the pages know a client. Its id holds a blank, which no OAuth client's id can, so that
// neither passes for the other in consents and sessions.
func (r Registration) Client(kind string) idp.Client {
	return idp.Client{ClientID: PartyID(kind, r.ID), ClientName: r.Name, Department: r.Department, Purpose: r.Purpose, Sector: r.Sector, Scope: r.Scope,
		ApplicationType: r.ApplicationType, StatutoryBasis: r.StatutoryBasis, MaxIAL: r.MaxIAL, PartnerLevels: r.PartnerLevels, Disabled: r.Disabled}
}

// PartyID names a portal of a bridge in consents and sessions.
func PartyID(kind, id string) string { return kind + " " + id }

// ParseParty takes a PartyID apart; ok is false for the id of an OAuth client.
func ParseParty(party string) (kind, id string, ok bool) { return strings.Cut(party, " ") }

// User picks the user id out of the claims that the scopes allow; a claim that the person does not have is an error,
// never an empty id.
func (r Registration) User(claims map[string]any, pairwise string) (string, error) {
	if r.UserID == Pairwise {
		return pairwise, nil
	}
	if value, ok := claims[r.UserID].(string); ok && value != "" {
		return value, nil
	}
	return "", fmt.Errorf("bridge: the person has no %s", r.UserID)
}
