package sealhttp

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// SealRule says on the wire what a use of a seal takes.
type SealRule struct {
	When      string   `json:"when" enum:"never,always,purposes,except" doc:"Which uses need an approval: purposes, where the purpose holds one of the texts; except, all but where the purpose is one of them"`
	Purposes  []string `json:"purposes,omitempty" maxItems:"50" doc:"Texts, with purposes and except"`
	Approver  string   `json:"approver" enum:"seal_approver,seal_keeper" doc:"Role that approves, in the area of the seal; never the requester"`
	Approvals int      `json:"approvals" minimum:"1" maximum:"2" doc:"How many people it takes beside the requester"`
	Hours     int      `json:"hours" minimum:"1" maximum:"720" doc:"How long an approval lasts"`
	Uses      int      `json:"uses" minimum:"1" maximum:"100" doc:"How often it is used"`
	Platform  bool     `json:"platform,omitempty" doc:"Documents that the platform seals in a procedure of its own (licences, exports) pass without"`
	Remote    bool     `json:"remote,omitempty" doc:"Documents that stay with their holders are sealed (sign-digest): nobody here sees more of them than a digest"`
}

func ruleRecord(r esign.Rule) SealRule {
	return SealRule{string(r.When), r.Purposes, r.Approver, r.Approvals, r.Hours, r.Uses, r.Platform, r.Remote}
}

func (r SealRule) rule() esign.Rule {
	return esign.Rule{When: esign.When(r.When), Purposes: r.Purposes, Approver: r.Approver, Approvals: r.Approvals, Hours: r.Hours, Uses: r.Uses, Platform: r.Platform, Remote: r.Remote}
}

// SealRuleRecord is the rule of a seal and the change of it that waits.
type SealRuleRecord struct {
	Version   int64     `json:"version" doc:"Of what stands here; a change names it"`
	Number    int64     `json:"number" doc:"Of the rule in force; 0 where none was set"`
	Rule      SealRule  `json:"rule" doc:"The rule in force"`
	Proposer  string    `json:"proposer,omitempty" doc:"Who proposed the rule in force"`
	DecidedBy string    `json:"decided_by,omitempty" doc:"Who put it into force"`
	DecidedAt time.Time `json:"decided_at,omitzero" doc:"When"`
	Waiting   *struct {
		Rule SealRule  `json:"rule" doc:"The rule"`
		By   string    `json:"by" doc:"Who proposed it"`
		At   time.Time `json:"at" doc:"When"`
	} `json:"waiting,omitempty" doc:"A rule that waits for a reviewer"`
}

func sealRuleRecord(r esign.SealRule) SealRuleRecord {
	out := SealRuleRecord{Version: r.Version, Number: r.Number, Rule: ruleRecord(r.Rule), Proposer: r.Proposer, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt}
	if w := r.Waiting; w != nil {
		out.Waiting = &struct {
			Rule SealRule  `json:"rule" doc:"The rule"`
			By   string    `json:"by" doc:"Who proposed it"`
			At   time.Time `json:"at" doc:"When"`
		}{ruleRecord(w.Rule), w.By, w.At}
	}
	return out
}

// UseOrder asks for the use of a seal on a document.
type UseOrder struct {
	Document string `json:"document,omitempty" contentEncoding:"base64" doc:"The document, Base64: approvers see it while the request is open, and it is removed 30 days after the end. Without it they see its SM3 alone"`
	SM3      string `json:"sm3,omitempty" pattern:"^[0-9a-fA-F]{64}$" doc:"SM3 of the document, hex; required without the document"`
	Remote   bool   `json:"remote,omitempty" doc:"The document stays with the requester (sign-digest), and sm3 is the digest that is signed of it"`
	File     string `json:"file,omitempty" maxLength:"100" doc:"Name of the document, for the approvers"`
	Where
	Item    string `json:"item,omitempty" maxLength:"100" doc:"Service item"`
	Purpose string `json:"purpose" minLength:"1" maxLength:"200" doc:"Why the seal is used"`
}

// UseApprovalRecord is one person's approval.
type UseApprovalRecord struct {
	By string    `json:"by" doc:"Who approved"`
	At time.Time `json:"at" doc:"When"`
}

// UseRecord is a request for the use of a seal.
type UseRecord struct {
	ID        string              `json:"id" doc:"Identifier of the request; a stamp names it as approval"`
	Seal      string              `json:"seal" doc:"Our identifier of the seal"`
	SealName  string              `json:"seal_name" doc:"Name of the seal"`
	State     string              `json:"state" enum:"requested,approved,refused,withdrawn,expired,used" doc:"How it stands"`
	Requester string              `json:"requester" doc:"Who asked"`
	SourceSM3 string              `json:"source_sm3" doc:"SM3 of the document"`
	File      string              `json:"file,omitempty" doc:"Name of the document"`
	Seen      bool                `json:"document_given" doc:"Whether approvers can see the document; otherwise only its SM3 is known"`
	Remote    bool                `json:"remote,omitempty" doc:"The document stays with the requester, and source_sm3 is the digest that is signed of it"`
	Item      string              `json:"item,omitempty" doc:"Service item"`
	Purpose   string              `json:"purpose" doc:"Why"`
	Places    []StampPlace        `json:"places,omitempty" doc:"Where the seal is drawn; absent for an invisible seal"`
	Approver  string              `json:"approver" doc:"Role that decides"`
	Needed    int                 `json:"approvals_needed" doc:"People it takes beside the requester"`
	Approvals []UseApprovalRecord `json:"approvals" doc:"Who approved"`
	Hours     int                 `json:"hours" doc:"How long it lasts from the last approval"`
	Uses      int                 `json:"uses" doc:"How often it is used"`
	Left      int                 `json:"uses_left" doc:"How often yet"`
	Digest    string              `json:"digest" doc:"SM3 of all that is decided about; a decision names it"`
	DecidedBy string              `json:"decided_by,omitempty" doc:"Who decided last"`
	Reason    string              `json:"reason,omitempty" doc:"Why it was refused or withdrawn"`
	CreatedAt time.Time           `json:"created_at" doc:"When it was asked for"`
	ExpiresAt time.Time           `json:"expires_at" doc:"Until then it waits, or is used"`
	RemovedAt time.Time           `json:"document_removed_at,omitzero" doc:"When the document that was given left the store, 30 days after the request ended; absent before"`
}

func approvalRecords(all []esign.UseApproval) []UseApprovalRecord {
	shown := []UseApprovalRecord{}
	for _, a := range all {
		shown = append(shown, UseApprovalRecord{a.By, a.At})
	}
	return shown
}

func useRecord(u esign.UseRequest) UseRecord {
	return UseRecord{ID: u.ID, Seal: u.SealID, SealName: u.SealName, State: string(u.State), Requester: u.Requester, SourceSM3: u.SourceSM3, File: u.File, Seen: u.Kept, Remote: u.Remote, Item: u.Item, Purpose: u.Purpose,
		Places: placesRecord(u.Places), Approver: u.Approver, Needed: u.Needed, Approvals: approvalRecords(u.Approvals), Hours: u.Hours, Uses: u.Uses, Left: u.Left, Digest: u.Digest, DecidedBy: u.DecidedBy,
		Reason: u.Reason, CreatedAt: u.CreatedAt, ExpiresAt: u.ExpiresAt, RemovedAt: u.RemovedAt}
}

type (
	ruleAnswer struct{ Body SealRuleRecord }
	useAnswer  struct{ Body UseRecord }
	usePage    struct {
		Body struct {
			Requests []UseRecord `json:"requests" doc:"Requests, newest first"`
			Next     string      `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
		}
	}
	// UsePathID is exported, because the framework passes over embedded types that are not.
	UsePathID struct {
		ID string `path:"id" doc:"Identifier of the request"`
	}
)

func answerRule(r esign.SealRule, err error) (*ruleAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &ruleAnswer{sealRuleRecord(r)}, nil
}

func answerUse(u esign.UseRequest, err error) (*useAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &useAnswer{useRecord(u)}, nil
}

// registerUses adds rules of seals and requests for their use.
func registerUses(api huma.API, service *esign.Service, operation func(id, method, path, summary string, status int) huma.Operation) {
	huma.Register(api, operation("get-seal-rule", http.MethodGet, "/{id}/rule", "用印规则 What a use of a seal takes", http.StatusOK), func(ctx context.Context, in *PathID) (*ruleAnswer, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		return answerRule(service.RuleOf(ctx, in.ID))
	})
	propose := operation("propose-seal-rule", http.MethodPost, "/{id}/rule", "提出用印规则 Propose a rule", http.StatusAccepted)
	propose.Description = "It waits for a reviewer who is somebody else, and takes the place of a rule that waits."
	huma.Register(api, propose, func(ctx context.Context, in *struct {
		PathID
		Body struct {
			Version int64    `json:"version" minimum:"0" doc:"Of what was read"`
			Rule    SealRule `json:"rule" doc:"The rule"`
		}
	}) (*ruleAnswer, error) {
		return answerRule(service.ProposeRule(ctx, in.ID, in.Body.Version, in.Body.Rule.rule()))
	})
	decideRule := operation("decide-seal-rule", http.MethodPost, "/{id}/rule/decision", "审核用印规则 Decide on a rule", http.StatusOK)
	decideRule.Description = "A rule that comes into force ends the requests and approvals that were decided under the one before."
	huma.Register(api, decideRule, func(ctx context.Context, in *struct {
		PathID
		Body struct {
			Version int64  `json:"version" minimum:"0" doc:"Of what was read"`
			Approve bool   `json:"approve" doc:"Puts it into force; otherwise it is refused"`
			Reason  string `json:"reason,omitempty" maxLength:"200" doc:"Why it is refused"`
		}
	}) (*ruleAnswer, error) {
		return answerRule(service.DecideRule(ctx, in.ID, in.Body.Version, in.Body.Approve, in.Body.Reason))
	})
	ask := operation("request-seal-use", http.MethodPost, "/{id}/use-requests", "申请用印审批 Ask for the use of a seal", http.StatusCreated)
	ask.Description = "The request is about this document, these places, this purpose and item, and this requester. What speaks against the stamp is told at once when the document is given."
	ask.MaxBodyBytes, ask.BodyReadTimeout = MaxDocument, uploadTime
	huma.Register(api, ask, func(ctx context.Context, in *struct {
		PathID
		Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key leads to the same request again"`
		Body UseOrder
	}) (*useAnswer, error) {
		if err := esign.MayStamp(ctx); err != nil { // before anything is told of the document
			return nil, err
		}
		document, where, err := in.Body.Where.read(in.Body.Document)
		if err != nil {
			return nil, err
		}
		return answerUse(service.RequestUse(ctx, esign.UseOrder{SealID: in.ID, Document: document, SM3: in.Body.SM3, Remote: in.Body.Remote, File: in.Body.File, Places: where, Item: in.Body.Item, Purpose: in.Body.Purpose, Key: in.Key}))
	})
	requests := func(id, method, path, summary string) huma.Operation {
		o := operation(id, method, "", summary, http.StatusOK)
		o.Path = "/api/v1/seal-use-requests" + path
		return o
	}
	huma.Register(api, requests("list-seal-use-requests", http.MethodGet, "", "用印审批列表 Requests for the use of seals"), func(ctx context.Context, in *struct {
		State string `query:"state" enum:"requested,approved,refused,withdrawn,expired,used" doc:"Only those in this state"`
		Seal  string `query:"seal" maxLength:"64" doc:"Only those for the seal with our identifier"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Requests on a page"`
	}) (*usePage, error) {
		if err := esign.Staff(ctx); err != nil {
			return nil, err
		}
		all, next, err := service.Uses(ctx, esign.UseState(in.State), in.Seal, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &usePage{}
		out.Body.Requests, out.Body.Next = []UseRecord{}, next
		for _, u := range all {
			out.Body.Requests = append(out.Body.Requests, useRecord(u))
		}
		return out, nil
	})
	huma.Register(api, requests("get-seal-use-request", http.MethodGet, "/{id}", "用印审批详情 One request"), func(ctx context.Context, in *UsePathID) (*useAnswer, error) {
		return answerUse(service.FindUse(ctx, in.ID))
	})
	document := requests("get-seal-use-document", http.MethodGet, "/{id}/document", "审批的文件 Document of a request")
	document.Description = "While the request waits or is approved, for its requester and those who decide; 404 when it was not given."
	huma.Register(api, document, func(ctx context.Context, in *UsePathID) (*struct {
		Body struct {
			Document    string             `json:"document" contentEncoding:"base64" doc:"The document, Base64"`
			Appearances []AppearanceRecord `json:"appearances" doc:"Where the seal would be drawn; empty for an invisible seal, and while the seal cannot be used"`
		}
	}, error) {
		u, content, err := service.UseDocument(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		all, err := service.UsePlaces(ctx, u, content)
		if fault.CodeOf(err) == fault.Unavailable {
			return nil, err
		}
		out := &struct {
			Body struct {
				Document    string             `json:"document" contentEncoding:"base64" doc:"The document, Base64"`
				Appearances []AppearanceRecord `json:"appearances" doc:"Where the seal would be drawn; empty for an invisible seal, and while the seal cannot be used"`
			}
		}{}
		out.Body.Document, out.Body.Appearances = base64.StdEncoding.EncodeToString(content), appearanceRecords(all)
		return out, nil
	})
	decide := requests("decide-seal-use", http.MethodPost, "/{id}/decision", "审批用印 Approve or refuse the use of a seal")
	decide.Description = "By a person with the role that the request names, for the area of the seal; never its requester, and nobody twice."
	huma.Register(api, decide, func(ctx context.Context, in *struct {
		UsePathID
		Body struct {
			Approve bool   `json:"approve" doc:"Approves it; otherwise it is refused"`
			Digest  string `json:"digest" maxLength:"64" doc:"Of what was read"`
			Reason  string `json:"reason,omitempty" maxLength:"200" doc:"Why it is refused"`
		}
	}) (*useAnswer, error) {
		return answerUse(service.DecideUse(ctx, in.ID, esign.UseDecision{Agree: in.Body.Approve, Digest: in.Body.Digest, Reason: in.Body.Reason}))
	})
	withdraw := requests("withdraw-seal-use", http.MethodPost, "/{id}/withdrawal", "撤回用印审批 Withdraw a request or its approval")
	withdraw.Description = "By its requester, or, once it is approved, by somebody who may approve it."
	huma.Register(api, withdraw, func(ctx context.Context, in *struct {
		UsePathID
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why"`
		}
	}) (*useAnswer, error) {
		return answerUse(service.WithdrawUse(ctx, in.ID, in.Body.Reason))
	})
}
