package adminhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// CorrectionRecord is a correction of a legal identity on the wire. Of persons name and number are masked as
// for reviewers.
type CorrectionRecord struct {
	ID        string     `json:"id" doc:"Identifier of the correction"`
	Kind      string     `json:"kind" enum:"number_changed,name_changed,death_reverted,number_released" doc:"What is corrected"`
	AccountID string     `json:"account_id" doc:"Whose identity"`
	State     string     `json:"state" enum:"proposed,applied,refused,withdrawn,expired" doc:"proposed: it waits for a second person"`
	Origin    string     `json:"origin" doc:"Who proposed it"`
	Reason    string     `json:"reason" doc:"Why"`
	People    []string   `json:"people" doc:"Who stands behind it so far"`
	Name      string     `json:"name,omitempty" doc:"Name as it would be, of a person masked; while it waits"`
	Number    string     `json:"id_number,omitempty" doc:"Number as it would be, of a person masked; while it waits"`
	CreatedAt time.Time  `json:"created_at" doc:"When it was proposed"`
	Digest    string     `json:"digest" doc:"SM3 of what is decided about; the decision may name it as If-Match"`
	ExpiresAt time.Time  `json:"expires_at" doc:"How long it waits"`
	DecidedAt *time.Time `json:"decided_at,omitempty" doc:"When it was applied or refused"`
}

const tagCorrections = "identity-corrections"

// PathCorrection names a correction.
type PathCorrection struct {
	ID string `path:"id" maxLength:"64" doc:"Identifier of the correction"`
}

// ProposedCorrection is what a person proposes.
type ProposedCorrection struct {
	Kind        string `json:"kind" enum:"number_changed,name_changed,death_reverted,number_released" doc:"What is corrected; number_released lets another person prove a number that was this account's"`
	AccountID   string `json:"account_id" minLength:"1" maxLength:"64" doc:"Whose identity, a person's or an organisation's; the id of a merged account leads to the one that goes on"`
	Name        string `json:"name,omitempty" maxLength:"480" doc:"New name"`
	Number      string `json:"id_number,omitempty" maxLength:"64" doc:"New number, of an organisation its unified social credit code; of number_released the old one"`
	Nationality string `json:"nationality,omitempty" maxLength:"3" doc:"ISO 3166-1 alpha-3, where the kind needs one"`
	Expires     string `json:"expires_on,omitempty" maxLength:"10" doc:"Last day of the new document, YYYY-MM-DD"`
}

func (s *Server) correctionsAPI(api huma.API) {
	huma.Register(api, operation(tagCorrections, "list-identity-corrections", get, "identity-corrections", "身份更正 Corrections of legal identities, the newest first", http.StatusOK), func(ctx context.Context, in *struct {
		Paging
		State string `query:"state" enum:"proposed,applied,refused,withdrawn,expired" default:"proposed" doc:"Of which state"`
	}) (*listing[CorrectionRecord], error) {
		return s.listCorrections(ctx, in.State, in.After, in.Limit)
	})
	huma.Register(api, operation(tagCorrections, "propose-identity-correction", post, "identity-corrections", "提出身份更正 Propose a correction; another person approves it", http.StatusCreated), func(ctx context.Context, in *struct {
		Body struct {
			Reason
			ProposedCorrection
		}
	}) (*tagged[CorrectionRecord], error) {
		return answer(s.proposeCorrection(ctx, in.Body.ProposedCorrection, in.Body.Reason.Reason))
	})
	huma.Register(api, operation(tagCorrections, "get-identity-correction", get, "identity-corrections/{id}", "身份更正详情 One correction", http.StatusOK), func(ctx context.Context, in *PathCorrection) (*tagged[CorrectionRecord], error) {
		return answer(s.correction(ctx, in.ID))
	})
	huma.Register(api, operation(tagCorrections, "decide-identity-correction", post, "identity-corrections/{id}/decision", "复核身份更正 Approve or refuse what another person proposed", http.StatusOK), func(ctx context.Context, in *struct {
		PathCorrection
		IfMatch string `header:"If-Match" maxLength:"80" doc:"Digest of what was read, in quotes: another one decides nothing. Without it the decision is about what waits now"`
		Body    struct {
			Reason
			Approve bool `json:"approve" doc:"true applies it as soon as two people stand behind it"`
		}
	}) (*tagged[CorrectionRecord], error) {
		return answer(s.decideCorrection(ctx, in.ID, strings.Trim(in.IfMatch, `"`), in.Body.Approve, in.Body.Reason.Reason))
	})
}

// correctionStates are the words of corrections for the states of proposals.
var correctionStates = map[string]string{foureyes.Open: correctionProposed, foureyes.Executed: "applied", foureyes.Refused: "refused", foureyes.Withdrawn: "withdrawn", foureyes.Expired: "expired"}

const correctionProposed = "proposed"

func (s *Server) correctionRecord(ctx context.Context, c idp.Correction) (CorrectionRecord, error) {
	r := CorrectionRecord{ID: c.ID, Kind: c.What(), AccountID: c.ObjectID, State: correctionStates[c.State], Origin: c.Origin, Reason: c.Reason, People: c.Actors(), Digest: c.Digest, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt}
	if r.People == nil {
		r.People = []string{}
	}
	if !c.DecidedAt.IsZero() {
		r.DecidedAt = &c.DecidedAt
	}
	if c.State != foureyes.Open {
		return r, nil
	}
	who, err := s.Corrections.Wanted(ctx, c)
	if r.Name, r.Number = subject.MaskName(who.Name), subject.MaskIDForReviewer(who.Number); who.Type == idp.IDTypeUSCC {
		r.Name, r.Number = who.Name, who.Number // of an organisation, both are public
	}
	return r, err
}

func (s *Server) listCorrections(ctx context.Context, state, after string, limit int) (*listing[CorrectionRecord], error) {
	if err := holds(ctx, watchers...); err != nil {
		return nil, err
	}
	var states []string
	for stored, shown := range correctionStates {
		if shown == state {
			states = []string{stored}
		}
	}
	page, next, err := s.Corrections.Page(ctx, states, after, limit)
	return recorded(page, next, err, func(c idp.Correction) (CorrectionRecord, error) { return s.correctionRecord(ctx, c) })
}

func (s *Server) correction(ctx context.Context, id string) (CorrectionRecord, error) {
	if err := holds(ctx, watchers...); err != nil {
		return CorrectionRecord{}, err
	}
	c, err := s.Corrections.Find(ctx, id)
	if err != nil {
		return CorrectionRecord{}, err
	}
	return s.correctionRecord(ctx, c)
}

func (s *Server) proposeCorrection(ctx context.Context, in ProposedCorrection, reason string) (CorrectionRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return CorrectionRecord{}, err
	}
	account, err := s.Mergers.Resolve(ctx, in.AccountID)
	if err != nil {
		return CorrectionRecord{}, err
	}
	c, err := s.Corrections.Propose(ctx, in.Kind, account, idp.Change{Name: in.Name, Number: in.Number, Nationality: in.Nationality, Expires: in.Expires})
	if err != nil {
		return CorrectionRecord{}, err
	}
	return s.correctionRecord(ctx, c)
}

// decideCorrection decides on what was read; an empty digest takes what waits now.
func (s *Server) decideCorrection(ctx context.Context, id, digest string, approve bool, reason string) (CorrectionRecord, error) {
	ctx, err := s.change(ctx, reason, idp.RoleSecurityAdmin)
	if err != nil {
		return CorrectionRecord{}, err
	}
	if digest == "" {
		c, err := s.Corrections.Find(ctx, id)
		if err != nil {
			return CorrectionRecord{}, err
		}
		digest = c.Digest
	}
	decide := s.Corrections.Refuse
	if approve {
		decide = s.Corrections.Approve
	}
	if _, err := decide(ctx, id, digest); err != nil {
		return CorrectionRecord{}, err
	}
	return s.correction(ctx, id)
}
