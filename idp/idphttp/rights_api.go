package idphttp

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ReleaseRecord is a line of a person's own ledger on the wire.
type ReleaseRecord struct {
	ID         string    `json:"record_id" doc:"Identifier"`
	ClientID   string    `json:"client_id" doc:"Who received it"`
	ClientName string    `json:"client_name" doc:"Its name then"`
	Department string    `json:"department,omitempty" doc:"Organisation that answers for it"`
	Channel    string    `json:"channel" enum:"token,userinfo,introspection,exchange,bridge,license,acting" doc:"How it left; acting: seen at pages of the platform by somebody who acts under the mandate"`
	Claims     []string  `json:"claims" doc:"Names of what was given, never values"`
	Items      []string  `json:"service_items,omitempty" doc:"Codes of the service items that it was asked for"`
	Purpose    string    `json:"purpose,omitempty" doc:"What it was for"`
	Consent    int64     `json:"consent_version,omitempty" doc:"Version of the consent that it stands on"`
	Laws       []string  `json:"laws,omitempty" doc:"Laws under which it was given"`
	Mandate    string    `json:"mandate_id,omitempty" doc:"Mandate of whoever acted"`
	License    string    `json:"license_id,omitempty" doc:"Licence that was used; claims are keys of its fields then, and a client_id that begins with urn:yinxin:receiver: is no application"`
	Use        string    `json:"license_use,omitempty" enum:"shown,shown_again,number,read,fetched" doc:"How it was used: its code was scanned, scanned again and refused, asked for by number, read or fetched by an application for the holder"`
	Count      int64     `json:"count" doc:"How often on that day (Beijing time)"`
	FirstAt    time.Time `json:"first_at" doc:"First time on that day"`
	LastAt     time.Time `json:"last_at" doc:"Last time on that day"`
}

// ExportRecord is the copy of a person's data on the wire.
type ExportRecord struct {
	ID          string     `json:"export_id" doc:"Identifier"`
	State       string     `json:"state" enum:"waiting,ready,too_big" doc:"ready: it can be fetched; too_big: the operator hands it over in another way"`
	RequestedAt time.Time  `json:"requested_at" doc:"When it was asked for"`
	ReadyAt     *time.Time `json:"ready_at,omitempty" doc:"When it was made"`
	Until       time.Time  `json:"until" doc:"When it is destroyed"`
	Size        int64      `json:"size" doc:"Octets"`
	SM3         string     `json:"sm3,omitempty" doc:"Digest of the file, hex"`
	Document    *int64     `json:"document_size,omitempty" doc:"Octets of the sealed OFD, where there is one"`
	DocumentSM3 string     `json:"document_sm3,omitempty" doc:"Digest of the sealed OFD, hex"`
	Sections    []string   `json:"sections,omitempty" doc:"Sections that were asked for; absent: all"`
	Done        int        `json:"sections_done" doc:"How many of them are read while it waits"`
}

type releaseList struct {
	Body struct {
		Items []ReleaseRecord `json:"items" doc:"Entries of this page"`
		Next  string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

type exportAnswer struct {
	Body ExportRecord
}

// ownCaller is the person who calls about the own data. Nobody who acts for another reads or takes away that one's.
func ownCaller(ctx context.Context) (account string, signedIn time.Time, err error) {
	actor := reqctx.From(ctx).Actor
	account, person := strings.CutPrefix(actor.ID, "account:")
	switch {
	case actor.ID == "":
		return "", signedIn, fault.New(fault.Unauthenticated)
	case !person, actor.ActingFor != "", !slices.Contains(actor.Scopes, idp.ScopeMyData):
		return "", signedIn, fault.New(fault.Forbidden)
	}
	return account, actor.SignedInAt, nil
}

// freshCaller is ownCaller with a login of a moment ago and an account that does not rest, as the pages ask for it.
func (s *Server) freshCaller(ctx context.Context) (account string, err error) {
	account, signedIn, err := ownCaller(ctx)
	if err == nil && s.Now().Sub(signedIn) > recentLogin {
		err = fault.New(fault.LoginNotFresh)
	}
	if err == nil {
		err = s.rested(ctx, account)
	}
	return account, err
}

func rightsOperation(id, method, path, summary string, status int) huma.Operation {
	o := mandateOperation(id, method, path, summary)
	o.Tags, o.DefaultStatus = []string{"my data"}, status
	return o
}

// fileOperation answers with a file of the media type.
func fileOperation(kind, id, method, path, summary string) huma.Operation {
	o := rightsOperation(id, method, path, summary, http.StatusOK)
	o.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	return o
}

func exportRecord(e idp.Export) *exportAnswer {
	r := ExportRecord{ID: e.ID, State: string(e.State), RequestedAt: e.RequestedAt, Until: e.Until, Size: e.Size, SM3: e.Digest, Sections: e.Sections, Done: e.Done}
	if !e.ReadyAt.IsZero() {
		r.ReadyAt = &e.ReadyAt
	}
	if e.Document.Digest != "" {
		r.Document, r.DocumentSM3 = &e.Document.Size, e.Document.Digest
	}
	return &exportAnswer{r}
}

// RegisterRights adds the operations on a person's own ledger and on the copy of the own data to the API.
func (s *Server) RegisterRights(api huma.API) {
	huma.Register(api, rightsOperation("list-my-records", http.MethodGet, "me/records", "使用记录 Who received what about the caller, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		After    string    `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit    int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
		ClientID string    `query:"client_id" maxLength:"200" doc:"Only what this client received"`
		Since    time.Time `query:"since" doc:"Only days that began with a release at or after this moment"`
		Till     time.Time `query:"till" doc:"Only those before this moment"`
	}) (*releaseList, error) {
		account, _, err := ownCaller(ctx)
		if err != nil {
			return nil, err
		}
		page, next, err := s.Ledger.Page(ctx, idp.ReleaseQuery{AccountID: account, ClientID: in.ClientID, Since: in.Since, Till: in.Till, Limit: in.Limit}, in.After)
		if err != nil {
			return nil, err
		}
		out := &releaseList{}
		out.Body.Items, out.Body.Next = []ReleaseRecord{}, next
		for _, r := range page {
			out.Body.Items = append(out.Body.Items, ReleaseRecord{r.ID, r.ClientID, r.Name, r.Department, string(r.Channel), r.Claims, r.Items, r.Purpose, r.Basis.Consent, r.Basis.Statutes, r.Basis.Mandate, r.License.ID, r.License.Kind, r.Count, r.First, r.Last})
		}
		return out, nil
	})
	huma.Register(api, rightsOperation("get-my-export", http.MethodGet, "me/export", "数据副本状态 The copy of the caller's data, as far as it has come", http.StatusOK), func(ctx context.Context, _ *struct{}) (*exportAnswer, error) {
		account, _, err := ownCaller(ctx)
		if err != nil {
			return nil, err
		}
		e, err := s.Exports.Of(ctx, account)
		if err == nil && e.ID == "" {
			err = fault.New(fault.NotFound)
		}
		if err != nil {
			return nil, err
		}
		return exportRecord(e), nil
	})
	huma.Register(api, rightsOperation("ask-for-my-export", http.MethodPost, "me/export", "申请数据副本 Ask for a copy of the caller's data, which is made in the background; the login is at most 5 minutes old", http.StatusAccepted), func(ctx context.Context, in *struct {
		Body *struct {
			Sections []string `json:"sections,omitempty" maxItems:"20" doc:"What the copy shall hold: account, documents, sign_in, consents, records, questions, mandates, licenses; absent or empty: all"`
		}
	}) (*exportAnswer, error) {
		account, err := s.freshCaller(ctx)
		if err != nil {
			return nil, err
		}
		var sections []string
		if in.Body != nil {
			sections = in.Body.Sections
		}
		e, err := s.Exports.Request(ctx, account, sections...)
		if err != nil {
			return nil, err
		}
		return exportRecord(e), nil
	})
	huma.Register(api, rightsOperation("get-my-export-file", http.MethodGet, "me/export/file", "下载数据副本 The copy itself, JSON, with its detached signature in Yinxin-Signature (a JWS over its digests); the login is at most 5 minutes old", http.StatusOK), func(ctx context.Context, _ *struct{}) (*exportContent, error) {
		account, err := s.freshCaller(ctx)
		if err != nil {
			return nil, err
		}
		e, content, err := s.Exports.Fetch(ctx, account, idp.ExportJSON)
		if err != nil {
			return nil, err
		}
		signature, err := s.Tokens.SignExport(ctx, e, content)
		if err != nil {
			return nil, err
		}
		return &exportContent{ContentType: "application/json", Signature: signature, Body: content}, nil
	})
	huma.Register(api, fileOperation(documentType, "get-my-export-document", http.MethodGet, "me/export/document", "下载数据副本的版式文件 The copy for people to read: an OFD under the seal of the operator; the login is at most 5 minutes old"), func(ctx context.Context, _ *struct{}) (*exportFileAnswer, error) {
		account, err := s.freshCaller(ctx)
		if err != nil {
			return nil, err
		}
		_, content, err := s.Exports.Fetch(ctx, account, idp.ExportOFD)
		if err != nil {
			return nil, err
		}
		return &exportFileAnswer{ContentType: documentType, Body: content}, nil
	})
	huma.Register(api, fileOperation(archiveType, "get-my-export-archive", http.MethodPost, "me/export/archive", "下载加密的数据副本 All forms of the copy in a ZIP (AES-256, AE-2) that the passphrase opens, which is kept nowhere; the login is at most 5 minutes old"), func(ctx context.Context, in *struct {
		Body struct {
			Passphrase string `json:"passphrase" maxLength:"64" doc:"12 to 64 characters of ASCII, at least 5 of them different"`
		}
	}) (*exportFileAnswer, error) {
		account, err := s.freshCaller(ctx)
		if err != nil {
			return nil, err
		}
		_, content, err := s.Archive(ctx, account, in.Body.Passphrase)
		if err != nil {
			return nil, err
		}
		return &exportFileAnswer{ContentType: archiveType, Body: content}, nil
	})
}

type exportFileAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type exportContent struct {
	ContentType string `header:"Content-Type"`
	Signature   string `header:"Yinxin-Signature" doc:"JWS whose payload holds iss, jti, schema, size and the digests sha-256 and sm3 of the body"`
	Body        []byte
}
