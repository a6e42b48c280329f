package adminhttp

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/web"
)

// ScopeDefinition is a scope, as in files of `admin apply`.
type ScopeDefinition struct {
	Title        map[string]string `json:"title" doc:"What the person allows, in zh-CN, en and zh-Hant"`
	Description  map[string]string `json:"description,omitempty" doc:"More of it, in the same languages"`
	Claims       []string          `json:"claims,omitempty" doc:"Claims that it opens; none for one of resource servers"`
	Consent      *bool             `json:"consent,omitempty" doc:"Whether the person is asked; true when absent. false only where every claim is statutory"`
	IAL          int               `json:"ial,omitempty" doc:"Least ial of the person"`
	Registration bool              `json:"registration,omitempty" doc:"Applications that register themselves may have it"`
	Approval     string            `json:"approval_note,omitempty" doc:"Who allowed it, and where that is written"`
	Disabled     bool              `json:"disabled,omitempty" doc:"Not in use"`
}

// ClaimRule is a claim, as in files of `admin apply`.
type ClaimRule struct {
	Title     map[string]string `json:"title" doc:"Name for people, in zh-CN, en and zh-Hant"`
	Source    string            `json:"source" doc:"Fact that it tells: name, phone_number, phone_number_verified, email, email_verified, id_document_type, id_document_number, birthdate, age_over_18, updated_at, ial"`
	Mask      string            `json:"mask,omitempty" doc:"partial tells only a part"`
	Basis     string            `json:"basis,omitempty" doc:"consent or statutory; consent when absent"`
	Citation  string            `json:"citation,omitempty" doc:"Law of a statutory claim"`
	IAL       int               `json:"ial,omitempty" doc:"Least ial at which it is told"`
	MaxIAL    int               `json:"max_ial,omitempty" doc:"Of a claim that tells a level: the highest that is told; 0 is no bound"`
	Sensitive bool              `json:"sensitive,omitempty" doc:"Sensitive personal information"`
	Disabled  bool              `json:"disabled,omitempty" doc:"Not in use"`
}

func (s *Server) scopes() peers[idp.Scope, ScopeDefinition, *idp.Scope] {
	return peers[idp.Scope, ScopeDefinition, *idp.Scope]{server: s, registry: s.Words.Scopes(), kind: "scope", words: true, path: "scopes", one: "scope", chinese: "权限范围", many: "scopes", english: "a scope"}
}

func (s *Server) claims() peers[idp.Claim, ClaimRule, *idp.Claim] {
	return peers[idp.Claim, ClaimRule, *idp.Claim]{server: s, registry: s.Words.Claims(), kind: "claim", words: true, path: "claims", one: "claim", chinese: "信息项", many: "claims", english: "a claim"}
}

// wordsPart is the vocabulary: what may be asked for, and what it tells.
func (s *Server) wordsPart() part {
	return part{
		api: func(api huma.API) {
			s.scopes().api(api)
			s.claims().api(api)
		},
		pages: s.entryPages(wordsBase),
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-words", Label: s.Renderer.Text(r, "admin.words"), Text: s.Renderer.Text(r, "admin.words.text"), URL: wordsBase}, nil
		},
	}
}
