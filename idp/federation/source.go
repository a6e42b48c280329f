package federation

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Kind names upstream sources in the registry.
const Kind = "upstream"

// Source is a registered upstream platform.
type Source struct {
	ID         string   `json:"id" yaml:"id"`
	Protocol   string   `json:"protocol" yaml:"protocol"` // oidc or ticket
	Name       string   `json:"name" yaml:"name"`         // on the button
	Issuer     string   `json:"issuer" yaml:"issuer"`
	ClientID   string   `json:"client_id" yaml:"client_id"` // ours, at the source
	Secret     string   `json:"-" yaml:"client_secret"`
	Scope      string   `json:"scope" yaml:"scope"`           // default openid
	Algorithms []string `json:"algorithms" yaml:"algorithms"` // of its tokens; default ES256
	UserInfo   bool     `json:"userinfo" yaml:"userinfo"`     // claims stand in userinfo too
	// Levels is the partner level map: the source's value of LevelClaim → our ial. What is not in it gives 0.
	LevelClaim string         `json:"level_claim" yaml:"level_claim"` // default ial
	Levels     map[string]int `json:"levels" yaml:"levels"`
	LevelDays  int            `json:"level_days" yaml:"level_days"` // how long a level holds; default 365
	ACRs       map[string]int `json:"acrs" yaml:"acrs"`             // the source's acr → our aal; what is not in it gives 1
	AMRs       map[string]int `json:"amrs,omitempty" yaml:"amrs"`   // the source's word of amr → our aal; the highest of acr and words counts
	// Staff: the source is a directory of staff, who sign in at /staff/login by it, and nothing for citizens. It stays what it is.
	Staff bool `json:"staff,omitempty" yaml:"staff"`
	// TrustedIdentity: the source may prove who somebody is, by name and number.
	TrustedIdentity bool   `json:"trusted_identity" yaml:"trusted_identity"`
	NameClaim       string `json:"name_claim" yaml:"name_claim"`             // default name
	NumberClaim     string `json:"number_claim" yaml:"number_claim"`         // default id_document_number
	EndSession      bool   `json:"end_session,omitempty" yaml:"end_session"` // a logout here ends the source's session too; our return address must be registered there
	NoAccounts      bool   `json:"no_accounts" yaml:"no_accounts"`           // makes no accounts: only linked people come in
	Disabled        bool   `json:"disabled" yaml:"disabled"`
	// Ticket is a home-made protocol; LevelClaim, NameClaim and NumberClaim are then paths in its answer.
	Ticket *TicketProtocol `json:"ticket,omitempty" yaml:"ticket"`
}

var (
	idForm          = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	knownAlgorithms = []string{"ES256", "RS256", "PS256", "SGD_SM3_SM2"}
)

// Key implements registry.Partner.
func (s *Source) Key() string { return s.ID }

// Enabled implements registry.Partner.
func (s *Source) Enabled() bool { return !s.Disabled }

// GivenSecret implements registry.Partner.
func (s *Source) GivenSecret() string { return s.Secret }

// Normalize implements registry.Partner.
func (s *Source) Normalize() error {
	refuse := func(field, why string) error {
		return fault.New(fault.ClientMetadata, "field", s.ID+"."+field, "why", why)
	}
	for value, fallback := range map[*string]string{&s.Protocol: "oidc", &s.Name: s.ID, &s.Scope: "openid", &s.LevelClaim: "ial", &s.NameClaim: "name", &s.NumberClaim: "id_document_number"} {
		if *value == "" {
			*value = fallback
		}
	}
	if len(s.Algorithms) == 0 {
		s.Algorithms = []string{"ES256"}
	}
	if s.LevelDays == 0 {
		s.LevelDays = 365
	}
	if (s.Protocol == ProtocolTicket) != (s.Ticket != nil) {
		return refuse("ticket", "goes with protocol: ticket")
	}
	if s.Ticket != nil {
		if field, why := s.Ticket.normalize(); field != "" {
			return refuse("ticket."+field, why)
		}
		if s.Issuer == "" { // the pages name the source's origin by it
			s.Issuer = originOf(s.Ticket.LoginURL)
		}
	}
	issuer, err := url.Parse(s.Issuer)
	switch {
	case !idForm.MatchString(s.ID):
		return refuse("id", "1 to 64 lower-case letters, digits, _ and -")
	case s.Protocol != ProtocolOIDC && s.Protocol != ProtocolTicket:
		return refuse("protocol", "oidc or ticket")
	case err != nil || issuer.RawQuery != "" || !isSourceAddress(s.Issuer):
		return refuse("issuer", "an https address without query; plain http on loopback only")
	case s.ClientID == "" && (s.Ticket == nil || s.Ticket.AppParameter != ""):
		return refuse("client_id", "is missing")
	case s.Ticket == nil && !slices.Contains(strings.Fields(s.Scope), "openid"):
		return refuse("scope", "must hold openid")
	case slices.ContainsFunc(s.Algorithms, func(a string) bool { return !slices.Contains(knownAlgorithms, a) }):
		return refuse("algorithms", "known are "+strings.Join(knownAlgorithms, ", "))
	case s.LevelDays < 1 || s.LevelDays > 3650:
		return refuse("level_days", "1 to 3650")
	}
	for _, level := range s.Levels {
		if level < 0 || level > 4 {
			return refuse("levels", "our levels are 0 to 4")
		}
		if level > 0 && !s.TrustedIdentity {
			return refuse("levels", "a level needs trusted_identity: it is worth nothing without the identity behind it")
		}
	}
	for field, levels := range map[string]map[string]int{"acrs": s.ACRs, "amrs": s.AMRs} {
		for _, level := range levels {
			if level < 1 || level > 3 {
				return refuse(field, "our levels are 1 to 3")
			}
		}
	}
	switch {
	case !s.Staff:
	case s.Protocol != ProtocolOIDC:
		return refuse("protocol", "a source for staff speaks oidc")
	case s.TrustedIdentity || len(s.Levels) > 0:
		return refuse("staff", "a source for staff proves nobody's legal identity: no trusted_identity and no levels")
	case s.EndSession || s.NoAccounts:
		return refuse("staff", "end_session and no_accounts are for citizens: a source for staff never makes accounts")
	}
	return nil
}

// Follows implements registry.Successor: the links of a realm stay with it, so that a source never passes to the other one.
func (s *Source) Follows(before Source) error {
	if s.Staff != before.Staff {
		return fault.New(fault.ClientMetadata, "field", s.ID+".staff", "why", "a source is for staff or for citizens for good; register another one")
	}
	return nil
}

// IAL is the level that the map gives for the source's word, never more.
func (s Source) IAL(word string) subject.IAL { return subject.IAL(s.Levels[word]) }

// AAL is the strength of login that the maps give for the source's acr and amr, the highest of them; 1 for what is in neither.
func (s Source) AAL(acr string, amr ...string) subject.AAL {
	level := max(s.ACRs[acr], 1)
	for _, word := range amr {
		level = max(level, s.AMRs[word])
	}
	return subject.AAL(level)
}

// stateParameter is where the state comes back.
func (s Source) stateParameter() string {
	if s.Ticket != nil && s.Ticket.StateParameter != "" {
		return s.Ticket.StateParameter
	}
	return "state"
}

// originOf is scheme and host of an address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
